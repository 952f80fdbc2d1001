//! Finds records that cannot be found: not indexed, failed, switched off, stuck; and fixes them.

use connectors::Entry;
use connectors::pipeshub::types::{ConnectorInstance, IndexingStatus, RecordCounts};
use connectors::pipeshub::{Client, Connector};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::fail::{Failure, Kind, Result};
use crate::out::number;

#[derive(clap::Args)]
pub struct Args {
    /// Only these connectors
    connectors: Vec<String>,
    /// Apply the fixes. A sync that is off is switched on only if you name its connector
    #[arg(long)]
    fix: bool,
}

/// The states of records that reindexing can fix, with their meanings.
const STATES: [(&str, &str); 6] = [
    ("FAILED", "failed"),
    ("NOT_STARTED", "never-indexed"),
    ("QUEUED", "waiting"),
    ("PAUSED", "stranded"),
    ("AUTO_INDEX_OFF", "stranded"),
    ("EMPTY", "empty"),
];

/// A reason why a connector's records cannot be found.
pub struct Finding {
    pub finding: &'static str,
    pub records: i128,
    pub detail: String,
    fix: Fix,
}

enum Fix {
    Reindex(&'static str),
    SwitchOn,
    /// A person has to run this command.
    Person(String),
}

impl Finding {
    pub fn todo(&self, id: &str) -> String {
        match &self.fix {
            Fix::Reindex(state) => format!("connectors pipeshub reindex {id} --status {state}"),
            Fix::SwitchOn => format!("connectors pipeshub sync on {id}"),
            Fix::Person(todo) => todo.clone(),
        }
    }
}

/// The reasons why a connector's records cannot be found.
pub fn findings(id: &str, data: &ConnectorInstance, counts: &RecordCounts) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add =
        |finding, records, detail: &str, fix| found.push(Finding { finding, records, detail: detail.to_owned(), fix });
    let total = counts.total.unwrap_or_default();
    if data.is_configured == Some(false) {
        let todo = format!("connectors pipeshub set {id} --set KEY=VALUE --secret KEY=WHERE");
        add("not-configured", 0, "it has no credentials for its source", Fix::Person(todo));
    } else if data.is_authenticated == Some(false)
        && data.auth_type.as_ref().is_some_and(|it| it.to_string().starts_with("OAUTH"))
    {
        let todo = format!("connectors pipeshub auth {id}");
        add("not-authorized", 0, "it is not authorized at its source", Fix::Person(todo));
    } else if data.is_active == Some(false) {
        add("switched-off", total, "its sync is off: its records get out of date", Fix::SwitchOn);
    }
    if data.is_locked == Some(true) {
        let todo = format!("connectors pipeshub sync wait {id}");
        add("locked", 0, "a full sync is being prepared, or its preparation never ended", Fix::Person(todo));
    }
    let states = counts.indexing_status.iter().flatten();
    let mut known = 0;
    for (state, records) in states.filter(|(_, records)| **records > 0) {
        known += records;
        if let Some((state, finding)) = STATES.iter().find(|(name, _)| name == state) {
            add(finding, *records, &format!("records in the state {state}"), Fix::Reindex(state));
        }
    }
    if total > known {
        let todo = format!("connectors pipeshub resync {id} --full");
        add("stranded", total - known, "records without a state: reindexing does not include them", Fix::Person(todo));
    }
    found
}

pub async fn run(ctx: &Ctx, ph: &Client, args: Args) -> Result {
    let entries: Vec<Entry<Connector, ConnectorInstance>> = ph.all_connectors().list().try_collect().await?;
    let id = |entry: &Entry<Connector, ConnectorInstance>| entry.handle().id().to_string();
    if let Some(missing) = args.connectors.iter().find(|named| !entries.iter().any(|it| id(it) == **named)) {
        return Err(Failure::new(Kind::NotFound, format!("there is no connector {missing}")));
    }
    let chosen = entries.iter().filter(|it| args.connectors.is_empty() || args.connectors.contains(&id(it)));
    let read = stream::iter(chosen.map(|entry| async move {
        let counts = entry.handle().stats().await?.stats.unwrap_or_default();
        Ok::<_, Failure>((entry, counts))
    }));
    let read: Vec<_> = read.buffered(8).try_collect().await?;
    let mut rows: Vec<Value> = Vec::new();
    let mut open = 0;
    for (entry, counts) in &read {
        let id = id(entry);
        for finding in findings(&id, entry, counts) {
            let fixed = args.fix && fix(ctx, ph, entry, &finding, args.connectors.contains(&id)).await?;
            open += usize::from(!fixed);
            rows.push(json!({
                "id": id, "name": entry.instance_name, "finding": finding.finding, "records": number(finding.records),
                "detail": finding.detail, "todo": finding.todo(&id), "fixed": fixed,
            }));
        }
    }
    ctx.out.rows(&["id", "finding", "records", "todo", "fixed"], &rows)?;
    if open == 0 { Ok(()) } else { Err(Failure::new(Kind::Findings, "")) }
}

/// Applies a fix. Returns whether it was applied.
async fn fix(
    ctx: &Ctx,
    ph: &Client,
    entry: &Entry<Connector, ConnectorInstance>,
    finding: &Finding,
    named: bool,
) -> Result<bool> {
    let connector = entry.handle();
    let id = connector.id();
    let what = match &finding.fix {
        Fix::Reindex(state) if entry.is_active == Some(true) => format!("index the records of {id} in {state} again"),
        Fix::SwitchOn if named => format!("switch the sync of {id} on"),
        _ => return Ok(false),
    };
    if ctx.globals.dry_run {
        // The rows are the findings.
        ctx.out.note(&format!("would: {what}"));
        return Ok(false);
    }
    let Some(_under) = ctx.write(ph.server(), what)? else { return Ok(false) };
    match &finding.fix {
        // An open enum reads any text.
        Fix::Reindex(state) => drop(connector.reindex().statuses(state.parse::<IndexingStatus>().ok()).await?),
        _ => drop(connector.set_sync(true).await?),
    }
    ctx.changed();
    Ok(true)
}
