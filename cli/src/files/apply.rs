//! Applies a plan: in order, a few connectors at a time. It can be repeated after a kill or a lost response.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use connectors::c1::Snapshot;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::fail::{Failure, Kind, Result};
use crate::profile::Service;
use crate::reference::{Reference, Secrets};

use super::diff::{Action, diff};
use super::journal::Journal;
use super::model::Entry;
use super::plan::{Clients, Found, Planned, Scope, build};
use super::{c1, pipeshub};

/// How to apply.
pub struct Options {
    pub only: Vec<String>,
    pub scope: Scope,
    pub concurrency: usize,
    pub in_flight: Duration,
    pub journal: PathBuf,
}

pub async fn apply(ctx: &Ctx, entries: &[Entry], options: &Options) -> Result {
    let clients = Clients::of(ctx, entries).await?;
    let journal = Journal::open(&options.journal)?;
    if let Some(left) = journal.in_flight(options.in_flight) {
        ctx.out.note(&format!(
            "an earlier run was killed while it created: waiting {} s for its requests",
            left.as_secs() + 1
        ));
        tokio::time::sleep(left).await;
    }
    let planned = build(&clients, entries, &options.only, options.scope).await?;
    let count = |action| planned.iter().filter(|it| it.step.action == action).count();
    let [creates, changes, deletes] = [Action::Create, Action::Change, Action::Delete].map(count);
    ctx.out.note(&format!("{}: {creates} to create, {changes} to change, {deletes} to delete", clients.servers()));
    // A secret that cannot be read is an error before the first change.
    let secrets = Secrets::read(planned.iter().flat_map(|it| sent(it, options.scope.secrets)))?;
    let before = snapshots(&clients, &planned).await?;
    let making = clients.c1.as_ref().map(|c1| c1::Making {
        c1,
        journal: &journal,
        secrets: &secrets,
        before: &before,
        in_flight: options.in_flight,
    });
    let run = Run { ctx, clients: &clients, making, secrets: &secrets, resend: options.scope.secrets };
    let bar = ctx.out.progress("applying", Some((creates + changes + deletes) as u64));
    let mut rows = Vec::new();
    let mut worst: Option<Kind> = None;
    let todo: Vec<&Planned> = planned.iter().filter(|it| it.step.action != Action::Nothing).collect();
    // Deletions come after all creations and changes.
    let (deleted, made): (Vec<&Planned>, Vec<&Planned>) =
        todo.into_iter().partition(|it| it.step.action == Action::Delete);
    for (steps, concurrency) in [(made, options.concurrency.max(1)), (deleted, 1)] {
        if worst.is_some() && steps.first().is_some_and(|it| it.step.action == Action::Delete) {
            ctx.out.note("nothing was deleted, because an earlier step failed");
            break;
        }
        let mut done = stream::iter(steps.into_iter().map(|it| run.step(it))).buffered(concurrency);
        while let Some((row, failure)) = done.next().await {
            bar.inc(1);
            worst = worst.max(failure);
            rows.push(row);
        }
    }
    bar.finish_and_clear();
    // The exit code depends on the changes, even if their rows cannot be printed.
    let printed = ctx.out.rows(&["connector", "id", "action", "result"], &rows);
    match worst {
        None => journal.clear()?,
        Some(kind) => return Err(Failure::new(kind, "not all steps were done; run it again")),
    }
    printed
}

/// The secrets that a step sends.
fn sent(planned: &Planned, resend: bool) -> Vec<&Reference> {
    let step = &planned.step;
    let diff = Some(&step.diff).filter(|_| step.action != Action::Create);
    match (step.action, step.entry.service) {
        (Action::Nothing | Action::Delete, _) => Vec::new(),
        (_, Service::C1) => c1::sent(&step.entry.fields, diff, resend),
        (_, Service::Pipeshub) => pipeshub::sent(&step.entry.fields, diff, resend),
    }
}

/// The connectors of each app before the first creation in it.
async fn snapshots(clients: &Clients, planned: &[Planned]) -> Result<BTreeMap<String, Snapshot>> {
    let mut before = BTreeMap::new();
    let Some(c1) = &clients.c1 else { return Ok(before) };
    let new = planned.iter().filter(|it| it.step.action == Action::Create && it.step.entry.service == Service::C1);
    let apps: BTreeSet<&str> = new.filter_map(|it| it.step.entry.fields.text("app")).collect();
    for app in apps {
        before.insert(app.to_owned(), c1.app(app).snapshot().await?);
    }
    Ok(before)
}

struct Run<'a> {
    ctx: &'a Ctx,
    clients: &'a Clients,
    making: Option<c1::Making<'a>>,
    secrets: &'a Secrets,
    resend: bool,
}

impl Run<'_> {
    /// Applies one step. If it fails, the others are still applied.
    async fn step(&self, planned: &Planned) -> (Value, Option<Kind>) {
        let step = &planned.step;
        let _under = self.ctx.doing_write(format!("{} {}", step.action.name(), step.entry.label()));
        let row = |id: Option<&str>, result: &str| json!({"connector": step.entry.label(), "id": id, "action": step.action.name(), "result": result});
        match self.act(planned).await {
            Ok(id) => {
                self.ctx.changed();
                (row(Some(&id), "done"), None)
            }
            Err(failure) => {
                // The file was checked before: the service has refused it.
                let kind = if failure.kind == Kind::Usage { Kind::Conflict } else { failure.kind };
                (row(step.id.as_deref(), &failure.message), Some(kind))
            }
        }
    }

    async fn act(&self, planned: &Planned) -> Result<String> {
        let (entry, is_new) = (&planned.step.entry, planned.step.action == Action::Create);
        // A new connector has its secrets already.
        let resend = self.resend && !is_new;
        match (planned.step.action, &planned.found) {
            (Action::Delete, Some(Found::C1(found))) => {
                found.handle.delete().await?;
                Ok(found.id().to_owned())
            }
            (Action::Delete, Some(Found::Pipeshub(found))) => {
                // The deletion continues by itself.
                drop(found.handle.delete().await?);
                Ok(found.id().to_owned())
            }
            (_, found) if entry.service == Service::C1 => {
                let found = match found {
                    Some(Found::C1(found)) => found.clone(),
                    _ => {
                        let making = self.making.as_ref().ok_or_else(missing)?;
                        making.create(&entry.key, &entry.fields).await?
                    }
                };
                let mut now = c1::fields(&found);
                if entry.fields.section("owners").next().is_some() {
                    c1::owners(&found.handle, &mut now).await?;
                }
                let left = diff(&entry.fields, &now, Some("config"), resend);
                c1::change(&found, &entry.fields, &left, resend, self.secrets).await?;
                Ok(found.id().to_owned())
            }
            (_, found) => {
                let found = match found {
                    Some(Found::Pipeshub(found)) => found.clone(),
                    _ => {
                        let client = self.clients.pipeshub.as_ref().ok_or_else(missing)?;
                        pipeshub::create(client, &entry.fields, self.secrets).await?
                    }
                };
                let left = diff(&entry.fields, &pipeshub::fields(&found), None, resend);
                pipeshub::change(&found, &entry.fields, &left, resend, self.secrets).await?;
                Ok(found.id().to_owned())
            }
        }
    }
}

fn missing() -> Failure {
    Failure::new(Kind::Auth, "no client for the service")
}
