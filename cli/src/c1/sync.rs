//! Syncs: force one, watch it, approve one that is held back, pause, resume, schedule.

use connectors::c1::{Client, Connector, Progress, Schedule, SyncOutcome, SyncWait, types};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use crate::ctx::{Ctx, Waiting, confirmed};
use crate::fail::{Failure, Kind, Result};

use super::arg::Ref;
use super::read::{row, state};

#[derive(clap::Args)]
pub struct Args {
    /// The connector, as `connectors c1 list` prints it
    #[arg(value_name = "APP/CONNECTOR")]
    connector: Ref,
    /// Show the sync until it ends; the exit code depends on its result
    #[arg(long)]
    watch: bool,
    /// Watch the current sync, and force none
    #[arg(long, requires = "watch")]
    attach: bool,
    #[command(flatten)]
    waiting: Waiting,
}

pub async fn run(ctx: &Ctx, c1: &Client, args: Args) -> Result {
    let connector = args.connector.handle(c1);
    let before = connector.get().await?;
    // C1 starts no sync while it holds one back or syncs are paused.
    if let Some(why) = gate(&args.connector, &before) {
        ctx.out.rows(&["id", "state", "because", "todo"], &[why])?;
        return Err(Failure::new(Kind::Findings, ""));
    }
    if args.attach {
        return watch(ctx, &args.connector, connector.first_sync(), args.waiting).await;
    }
    let Some(under) = ctx.write(c1.server(), format!("force a sync of {}", args.connector))? else { return Ok(()) };
    let sync = connector.force_sync().await?;
    ctx.changed();
    drop(under);
    if args.watch {
        return watch(ctx, &args.connector, sync, args.waiting).await;
    }
    ctx.done(&json!({"id": args.connector.to_string(), "state": "queued"}))
}

/// Follows a sync to its end.
async fn watch(ctx: &Ctx, connector: &Ref, sync: SyncWait, waiting: Waiting) -> Result {
    let _under = ctx.wait(format!("the sync of {connector}"));
    let bar = ctx.out.progress(&format!("{connector} queued"), None);
    let handle: Connector = sync.connector().clone();
    let mut states = waiting.pace(sync).watch();
    let mut phase = "";
    while let Some(progress) = states.try_next().await? {
        let (now, said) = match &progress {
            Progress::Queued => ("queued", "queued".to_owned()),
            Progress::Running(status) => {
                ("running", format!("running since {}", status.started_at.as_deref().unwrap_or("now")))
            }
            Progress::Ended(outcome) => {
                bar.finish_and_clear();
                return ended(ctx, connector, &handle, outcome).await;
            }
            _ => ("other", "in a state that this version does not know".to_owned()),
        };
        bar.set_message(format!("{connector} {said}"));
        if now != phase && bar.is_hidden() {
            ctx.out.note(&format!("{connector}: {said}"));
        }
        phase = now;
    }
    Ok(())
}

async fn ended(ctx: &Ctx, connector: &Ref, handle: &Connector, outcome: &SyncOutcome) -> Result {
    let data = handle.get().await?;
    let why = gate(connector, &data);
    let mut shown = row(&connector.app, &data);
    shown["outcome"] = json!(outcome.to_string());
    for field in ["because", "todo"] {
        shown[field] = why.as_ref().map_or(Value::Null, |why| why[field].clone());
    }
    ctx.out.one(&shown)?;
    if outcome.is_done() { Ok(()) } else { Err(Failure::new(Kind::Findings, "")) }
}

/// The reason why C1 starts no sync, with both remedies. A person has to choose one.
fn gate(connector: &Ref, data: &types::Connector) -> Option<Value> {
    let state = state(data);
    let error = data.status.as_ref().and_then(|status| status.last_error.as_deref()).filter(|it| !it.is_empty());
    let todo = match state.as_str() {
        "held-back" => format!(
            "if the source is right, approve it: `connectors c1 confirm {connector} LIFECYCLE --yes`, with the lifecycle id \
             from C1's web application; if not, correct the source and force another sync: C1's data does not change"
        ),
        "paused" => format!("`connectors c1 resume {connector}` ends the pause and starts a sync"),
        _ => return None,
    };
    let reason = data.sync_disabled_reason.as_deref().filter(|it| !it.is_empty()).or(error);
    let because = match (state.as_str(), reason) {
        ("held-back", None) => {
            "it found far less than the sync before; C1's API does not return what it would remove".to_owned()
        }
        ("held-back", Some(why)) => format!("it found far less than the sync before: {why}"),
        (_, why) => why.unwrap_or("no reason given").to_owned(),
    };
    Some(json!({"id": connector.to_string(), "state": state, "because": because, "todo": todo}))
}

pub async fn confirm(ctx: &Ctx, c1: &Client, connector: &Ref, lifecycle: &str, yes: bool) -> Result {
    confirmed(yes, ctx.globals.dry_run, "approving a sync may remove access records, and")?;
    let what = format!("approve the sync {lifecycle} of {connector}");
    let Some(_under) = ctx.write(c1.server(), what)? else { return Ok(()) };
    connector.handle(c1).confirm_sync(lifecycle).await?;
    ctx.done(&json!({"id": connector.to_string(), "state": "queued"}))
}

pub async fn pause(ctx: &Ctx, c1: &Client, connectors: &[Ref], pause: bool) -> Result {
    let verb = if pause { "pause" } else { "resume" };
    let act = async |connector: &Ref| -> Result<Value> {
        let handle = connector.handle(c1);
        if pause {
            handle.pause().await?
        } else {
            handle.resume().await?
        }
        ctx.changed();
        Ok(row(&connector.app, &handle.get().await?))
    };
    ctx.each(c1.server(), verb, connectors, act).await
}

pub async fn schedule(ctx: &Ctx, c1: &Client, connector: &Ref, cron: String, timezone: String) -> Result {
    let what = format!("sync {connector} at `{cron}` {timezone}");
    let Some(_under) = ctx.write(c1.server(), what)? else { return Ok(()) };
    connector.handle(c1).schedule(Schedule::new(cron.as_str(), timezone.as_str())).await?;
    ctx.done(&json!({"id": connector.to_string(), "schedule": cron, "timezone": timezone}))
}
