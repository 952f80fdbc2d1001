//! `connectors status`: what needs care, in both services.

use std::num::NonZeroUsize;
use std::time::Duration;

use connectors::c1::{self, types};
use connectors::pipeshub;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::fail::{Cause, Failure, Kind, Result};
use crate::profile::{self, Service};
use crate::{c1 as c1_commands, pipeshub as pipeshub_commands, span};

#[derive(clap::Args)]
pub struct Args {
    /// Only this service; otherwise each service with credentials
    #[arg(value_enum)]
    service: Option<Service>,
    /// The maximum age of the last sync
    #[arg(long, value_parser = span::parse, default_value = "7d", value_name = "TIME")]
    max_age: Duration,
    /// A credential of C1 to check: no call lists them
    #[arg(long, value_name = "APP/CONNECTOR/CREDENTIAL")]
    credential: Vec<String>,
}

pub async fn run(ctx: &Ctx, args: Args) -> Result {
    let profile = ctx.globals.profile.as_deref();
    let mut rows = Vec::new();
    let age = SignedDuration::try_from(args.max_age).unwrap_or(SignedDuration::MAX);
    let oldest = Timestamp::now().checked_sub(age).unwrap_or(Timestamp::MIN);
    for service in profile::services(profile, args.service)? {
        match of_service(ctx, service, &args, oldest).await {
            Ok(found) => rows.extend(found),
            // The other service is read in spite of it.
            Err(failure) if failure.cause == Cause::Keyring => rows.push(json!({
                "service": service.name(), "id": profile.unwrap_or(profile::DEFAULT), "name": null,
                "finding": "keyring", "since": null,
                "detail": failure.message, "todo": "unlock the keyring, or log in again with `--store file`",
            })),
            Err(failure) => return Err(failure),
        }
    }
    rows.sort_by_key(|row| (row["service"].to_string(), row["id"].to_string(), row["finding"].to_string()));
    ctx.out.rows(&["service", "id", "finding", "since", "detail"], &rows)?;
    if rows.is_empty() { Ok(()) } else { Err(Failure::new(Kind::Findings, "")) }
}

async fn of_service(ctx: &Ctx, service: Service, args: &Args, oldest: Timestamp) -> Result<Vec<Value>> {
    match service {
        Service::C1 => of_c1(&ctx.c1().await?, args, oldest).await,
        Service::Pipeshub => of_pipeshub(&ctx.pipeshub().await?, oldest).await,
    }
}

fn finding(id: &str, name: Option<&str>, finding: &str, since: Option<&str>, detail: &str, todo: String) -> Value {
    json!({"service": "c1", "id": id, "name": name, "finding": finding, "since": since, "detail": detail, "todo": todo})
}

async fn of_c1(client: &c1::Client, args: &Args, oldest: Timestamp) -> Result<Vec<Value>> {
    let all: Vec<c1::Listed> = client.inventory(NonZeroUsize::MIN.saturating_add(7)).try_collect().await?;
    let read = stream::iter(all.iter().map(|listed| async move {
        let connector = listed.connector.handle();
        let owned = listed.connector.user_ids.as_ref().is_some_and(|users| !users.is_empty())
            || connector.owners().users().try_next().await?.is_some()
            || connector.owners().entitlements().try_next().await?.is_some();
        Ok::<_, Failure>((listed, owned))
    }));
    let read: Vec<(&c1::Listed, bool)> = read.buffered(8).try_collect().await?;
    let mut rows = Vec::new();
    for (listed, owned) in read {
        let id = format!("{}/{}", listed.app.handle().id(), listed.connector.handle().id());
        rows.extend(of_connector(&id, &listed.connector, owned, oldest));
    }
    for named in &args.credential {
        rows.extend(of_credential(client, named).await?);
    }
    Ok(rows)
}

fn of_connector(id: &str, data: &types::Connector, owned: bool, oldest: Timestamp) -> Vec<Value> {
    let name = data.display_name.as_deref();
    let status = data.status.as_ref();
    let text = |it: Option<&str>| it.filter(|it| !it.is_empty()).map(str::to_owned);
    let completed = text(status.and_then(|it| it.completed_at.as_deref()));
    let error = text(status.and_then(|it| it.last_error.as_deref())).unwrap_or_else(|| "no reason given".to_owned());
    let mut rows = Vec::new();
    match c1_commands::state(data).as_str() {
        "failed" => rows.push(finding(
            id,
            name,
            "failing",
            completed.as_deref(),
            &error,
            format!("connectors c1 sync {id} --watch"),
        )),
        "held-back" => rows.push(finding(
            id,
            name,
            "held-back",
            completed.as_deref(),
            "it found far less than the sync before",
            format!("connectors c1 sync {id} --watch"),
        )),
        "paused" => {
            let why = text(data.sync_disabled_reason.as_deref()).unwrap_or_else(|| "no reason given".to_owned());
            rows.push(finding(
                id,
                name,
                "paused",
                data.sync_disabled_at.as_deref(),
                &why,
                format!("connectors c1 resume {id}"),
            ));
        }
        _ => {}
    }
    let at = completed.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    match (&completed, at) {
        (None, _) => rows.push(finding(
            id,
            name,
            "never-synced",
            data.created_at.as_deref(),
            "no sync has ended",
            format!("connectors c1 sync {id} --watch"),
        )),
        (Some(since), Some(at)) if at < oldest => {
            rows.push(finding(
                id,
                name,
                "stale",
                Some(since),
                "the last sync is too old",
                format!("connectors c1 sync {id} --watch"),
            ));
        }
        _ => {}
    }
    if !owned {
        rows.push(finding(
            id,
            name,
            "ownerless",
            None,
            "it has no owner",
            format!("connectors c1 owners {id} --add USER"),
        ));
    }
    rows
}

async fn of_credential(client: &c1::Client, named: &str) -> Result<Vec<Value>> {
    let parts: Vec<&str> = named.split('/').collect();
    let [app, connector, credential] = parts.as_slice() else {
        return Err(Failure::usage(format!("{named}: write it as APP/CONNECTOR/CREDENTIAL")));
    };
    let rotate = format!("connectors c1 rotate {app}/{connector} --secret-file FILE");
    let data = match client.app(*app).connector(*connector).credential(*credential).await {
        Ok(data) => data,
        Err(error) if error.is_not_found() => {
            return Ok(vec![finding(named, None, "credential-revoked", None, "it is gone", rotate)]);
        }
        Err(error) => return Err(error.into()),
    };
    let text = |it: &Option<String>| it.clone().filter(|it| !it.is_empty());
    let mut rows = Vec::new();
    if text(&data.last_used_at).is_none() {
        let todo = format!("connectors c1 revoke {app}/{connector} {credential} --yes");
        rows.push(finding(
            named,
            None,
            "credential-unused",
            data.created_at.as_deref(),
            "no connector has used it",
            todo,
        ));
    }
    let soon = Timestamp::now() + SignedDuration::from_hours(14 * 24);
    if let Some(end) = text(&data.expires_time)
        && end.parse::<Timestamp>().is_ok_and(|end| end < soon)
    {
        rows.push(finding(named, None, "credential-expiring", Some(&end), "it ends within 14 days", rotate));
    }
    Ok(rows)
}

async fn of_pipeshub(ph: &pipeshub::Client, oldest: Timestamp) -> Result<Vec<Value>> {
    let all: Vec<_> = ph.all_connectors().list().try_collect().await?;
    let read = stream::iter(all.iter().map(|entry| async move {
        Ok::<_, Failure>((entry, entry.handle().stats().await?.stats.unwrap_or_default()))
    }));
    let read: Vec<_> = read.buffered(8).try_collect().await?;
    let mut rows = Vec::new();
    for (entry, counts) in read {
        let id = entry.handle().id().as_str();
        let row = |finding: &str, detail: String, todo: String| {
            json!({"service": "pipeshub", "id": id, "name": entry.instance_name, "finding": finding, "since": null,
                "detail": detail, "todo": todo})
        };
        for found in pipeshub_commands::findings(id, entry, &counts) {
            let detail =
                if found.records > 0 { format!("{} {}", found.records, found.detail) } else { found.detail.clone() };
            rows.push(row(found.finding, detail, found.todo(id)));
        }
        let synced = entry.last_sync_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
        if synced.is_some_and(|at| at < oldest) {
            let todo = format!("connectors pipeshub sync run {id}");
            rows.push(row("stale", "the last sync is too old".to_owned(), todo));
        }
        if entry.is_active == Some(true) && counts.total.unwrap_or_default() == 0 {
            rows.push(row(
                "never-synced",
                "it is on and has no records".to_owned(),
                format!("connectors pipeshub sync run {id}"),
            ));
        }
    }
    Ok(rows)
}
