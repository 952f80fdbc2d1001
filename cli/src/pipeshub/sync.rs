//! Syncs and indexing: switch, run, wait, repeat.

use std::time::Duration;

use clap::Subcommand;
use connectors::pipeshub::types::{IndexingStatus, RecordCounts};
use connectors::pipeshub::{Client, IndexingProgress, SyncProgress};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::ctx::{Ctx, Waiting};
use crate::fail::{Failure, Kind, Result};
use crate::out::number;
use crate::span;

use super::read::{by_state, row};

#[derive(Subcommand)]
pub enum Command {
    /// Switch the sync on, which starts one
    On {
        /// The connector's id
        connector: String,
        /// Let the new sync read everything
        #[arg(long)]
        full: bool,
    },
    /// Switch the sync off
    Off {
        /// The connector's id
        connector: String,
    },
    /// Fetch the changes now, and wait for the sync; a running one is cancelled. Exit code 1 if none was seen to run
    Run {
        /// The connector's id
        connector: String,
        #[command(flatten)]
        wait: SyncWaiting,
    },
    /// Wait until no sync runs
    Wait {
        /// The connector's id
        connector: String,
        #[command(flatten)]
        wait: SyncWaiting,
    },
}

#[derive(Subcommand)]
pub enum IndexCommand {
    /// Wait until every record is indexed
    Wait {
        /// The connector's id
        connector: String,
        #[command(flatten)]
        waiting: Waiting,
    },
}

/// How to wait for a sync.
#[derive(clap::Args)]
pub struct SyncWaiting {
    #[command(flatten)]
    waiting: Waiting,
    /// How long a sync may take to begin
    #[arg(long, value_parser = span::parse, default_value = "15s", value_name = "TIME")]
    begin: Duration,
    /// How long the number of records must stay the same, once no sync is seen to run
    #[arg(long, value_parser = span::parse, default_value = "15s", value_name = "TIME")]
    settle: Duration,
}

pub async fn run(ctx: &Ctx, ph: &Client, command: Command) -> Result {
    match command {
        Command::On { connector, full } => switch(ctx, ph, &connector, true, full).await,
        Command::Off { connector } => switch(ctx, ph, &connector, false, false).await,
        Command::Run { connector, wait: args } => {
            if let Some(under) = ctx.write(ph.server(), format!("sync {connector}"))? {
                let resynced = ph.connector(connector.as_str()).resync().await?;
                ctx.changed();
                drop(under);
                if resynced.cancelled_a_sync() {
                    ctx.out.note(&format!("{connector}: the sync that ran was cancelled"));
                }
                let begin = args.begin;
                if !wait(ctx, ph, &connector, args).await? {
                    let message = format!(
                        "no sync of {connector} was seen to run: none began within {} s, or it ended between two polls",
                        begin.as_secs()
                    );
                    return Err(Failure::new(Kind::Findings, message));
                }
            }
            Ok(())
        }
        Command::Wait { connector, wait: args } => wait(ctx, ph, &connector, args).await.map(drop),
    }
}

async fn switch(ctx: &Ctx, ph: &Client, id: &str, on: bool, full: bool) -> Result {
    let what = format!("switch the sync of {id} {}", if on { "on" } else { "off" });
    let Some(_under) = ctx.write(ph.server(), what)? else { return Ok(()) };
    let switched = ph.connector(id).set_sync(on).full_sync(full.then_some(true)).await?;
    let mut shown = row(id, switched.instance());
    shown["switched"] = json!(switched.is_flipped());
    ctx.done(&shown)
}

/// Waits until no sync runs. Returns whether one was seen to run.
async fn wait(ctx: &Ctx, ph: &Client, id: &str, args: SyncWaiting) -> Result<bool> {
    let _under = ctx.wait(format!("the sync of {id}"));
    let bar = ctx.out.progress(&format!("{id} waiting"), None);
    let sync = ph.connector(id).wait_for_sync().begins_within(args.begin).settles_within(args.settle);
    let mut states = args.waiting.pace(sync).watch();
    let mut phase = "";
    while let Some(progress) = states.try_next().await? {
        let now = match progress {
            SyncProgress::Idle(_) => "no sync is seen to run yet",
            SyncProgress::Running(_) => "running",
            SyncProgress::Settling(_) => "settling",
            SyncProgress::Resyncing(_) => "running again",
            SyncProgress::Ended(outcome) => {
                bar.finish_and_clear();
                let mut shown = row(id, outcome.instance());
                shown["outcome"] = json!(outcome.to_string());
                ctx.out.one(&shown)?;
                return Ok(outcome.is_synced());
            }
            _ => "in a state that this version does not know",
        };
        bar.set_message(format!("{id} {now}"));
        if now != phase && bar.is_hidden() {
            ctx.out.note(&format!("{id}: {now}"));
        }
        phase = now;
    }
    Ok(false)
}

pub async fn index(ctx: &Ctx, ph: &Client, id: &str, waiting: Waiting) -> Result {
    let _under = ctx.wait(format!("the indexing of {id}"));
    let bar = ctx.out.progress(&format!("indexing {id}"), Some(0));
    let mut states = waiting.pace(ph.connector(id).wait_for_indexing()).watch();
    while let Some(progress) = states.try_next().await? {
        if bar.is_hidden() && !matches!(progress, IndexingProgress::Ended(_)) {
            let left = progress.pending().map_or_else(|| "an unknown number of".to_owned(), |it| it.to_string());
            ctx.out.note(&format!("{id}: {left} records are not indexed yet"));
        }
        match progress {
            IndexingProgress::Running(counts) => {
                let number = |it: Option<i128>| it.and_then(|it| u64::try_from(it).ok()).unwrap_or_default();
                bar.set_length(number(counts.total));
                bar.set_position(number(counts.indexing_status.as_ref().and_then(|it| it.get("COMPLETED").copied())));
            }
            IndexingProgress::Ended(counts) => {
                bar.finish_and_clear();
                return indexed(ctx, id, &counts);
            }
            _ => {}
        }
    }
    Ok(())
}

fn indexed(ctx: &Ctx, id: &str, counts: &RecordCounts) -> Result {
    let failed = counts.indexing_status.as_ref().and_then(|it| it.get("FAILED").copied()).unwrap_or_default();
    ctx.out.one(&json!({
        "id": id,
        "total": counts.total.map(number),
        "records": by_state(counts),
        "failed": number(failed),
    }))?;
    if failed == 0 { Ok(()) } else { Err(Failure::new(Kind::Findings, format!("{failed} records were not indexed"))) }
}

pub async fn resync(ctx: &Ctx, ph: &Client, id: &str, full: bool) -> Result {
    let Some(_under) = ctx.write(ph.server(), format!("fetch the records of {id} again"))? else { return Ok(()) };
    let resynced = ph.connector(id).resync().full_sync(full.then_some(true)).await?;
    ctx.done(&json!({
        "id": id, "state": "queued", "cancelledASync": resynced.cancelled_a_sync(),
        "clientManaged": resynced.is_client_managed(),
    }))
}

pub async fn reindex(ctx: &Ctx, ph: &Client, id: &str, status: Vec<IndexingStatus>) -> Result {
    let names: Vec<String> = status.iter().map(ToString::to_string).collect();
    let which = if names.is_empty() { "that failed".to_owned() } else { format!("in {}", names.join(", ")) };
    let what = format!("index the records of {id} again {which}");
    let Some(_under) = ctx.write(ph.server(), what)? else { return Ok(()) };
    let mut reindex = ph.connector(id).reindex();
    if !status.is_empty() {
        reindex = reindex.statuses(status);
    }
    reindex.await?;
    ctx.done(&json!({"id": id, "state": "queued"}))
}
