//! Syncs and indexing: they proceed when they are polled, never by themselves, so that a test knows what each poll
//! returns.

use serde_json::{Value, json};

use connectors_mock::service::{count, only};

/// The script of a sync.
///
/// Each `getConnectorInstance` is a poll of the sync; lists are not. Each `getConnectorStats` is a poll of the indexing
/// after it. By default, the first two polls after the toggle return `SYNCING` and the third returns `IDLE`; then the
/// first two polls of the statistics return records that are being indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncScript {
    /// The number of polls that return the old status: the service has accepted the sync but not started it.
    pub polls_before_start: u32,
    /// The number of polls that return `SYNCING` or `FULL_SYNCING`.
    pub polls_while_syncing: u32,
    /// The number of polls of the statistics that return records that are not indexed yet.
    pub polls_while_indexing: u32,
    /// The number of records after the sync.
    pub records: u32,
    /// The number of records that cannot be indexed.
    pub failures: u32,
    /// The number of additional records without a status. Only the total includes them.
    pub without_status: u32,
    /// The outcome of the sync.
    pub outcome: SyncOutcome,
}

/// The outcome of a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// `IDLE`, with its records to be indexed.
    Idle,
    /// It fails. The status is `IDLE` here too, but there are no new records.
    Failed,
    /// It never ends: its status stays at this one, which may be unknown to the client.
    Status(String),
}

impl Default for SyncScript {
    fn default() -> SyncScript {
        SyncScript {
            polls_before_start: 0,
            polls_while_syncing: 2,
            polls_while_indexing: 2,
            records: 12,
            failures: 0,
            without_status: 0,
            outcome: SyncOutcome::Idle,
        }
    }
}

impl SyncScript {
    /// The default script, but the sync fails. The status afterwards is still `IDLE`.
    #[must_use]
    pub fn failing() -> SyncScript {
        SyncScript { outcome: SyncOutcome::Failed, ..SyncScript::default() }
    }

    /// The default script, but it ends in this status.
    #[must_use]
    pub fn status(status: impl Into<String>) -> SyncScript {
        SyncScript { outcome: SyncOutcome::Status(status.into()), ..SyncScript::default() }
    }

    /// Sets the number of polls before it starts, and while it runs.
    #[must_use]
    pub fn polls(mut self, before_start: u32, while_syncing: u32) -> SyncScript {
        self.polls_before_start = before_start;
        self.polls_while_syncing = while_syncing;
        self
    }

    /// Sets the number of polls of the statistics during indexing.
    #[must_use]
    pub fn indexing(mut self, polls: u32) -> SyncScript {
        self.polls_while_indexing = polls;
        self
    }

    /// Sets the number of records, and how many of them cannot be indexed.
    #[must_use]
    pub fn records(mut self, records: u32, failures: u32) -> SyncScript {
        self.records = records;
        self.failures = failures;
        self
    }

    /// Adds this many records without a status.
    #[must_use]
    pub fn without_status(mut self, records: u32) -> SyncScript {
        self.without_status = records;
        self
    }
}

/// Parses a script from JSON: its counts by name, and `failing` or `status` for its outcome.
pub(super) fn script(body: &Value) -> Result<SyncScript, String> {
    let counts =
        ["polls_before_start", "polls_while_syncing", "polls_while_indexing", "records", "failures", "without_status"];
    only(body, &[&counts[..], &["failing", "status"]].concat())?;
    let script = match (&body["failing"], &body["status"]) {
        (Value::Bool(true), Value::Null) => SyncScript::failing(),
        (Value::Null | Value::Bool(false), Value::String(status)) => SyncScript::status(status),
        (Value::Null | Value::Bool(false), Value::Null) => SyncScript::default(),
        _ => return Err("failing is true or false, and status a text; a script has one of them".to_owned()),
    };
    let number = |name: &str, otherwise: u32| count(body, name, otherwise);
    Ok(SyncScript {
        polls_before_start: number("polls_before_start", script.polls_before_start)?,
        polls_while_syncing: number("polls_while_syncing", script.polls_while_syncing)?,
        polls_while_indexing: number("polls_while_indexing", script.polls_while_indexing)?,
        records: number("records", script.records)?,
        failures: number("failures", script.failures)?,
        without_status: number("without_status", script.without_status)?,
        outcome: script.outcome,
    })
}

/// The sync of one connector, and the indexing after it.
#[derive(Debug, Default)]
pub(super) struct Syncs {
    stage: Stage,
    indexing: Indexing,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    Waiting(SyncScript, &'static str),
    Running(SyncScript),
    /// It runs, but the status does not show it.
    Hidden(SyncScript),
}

impl Syncs {
    /// Accepts a sync. Its status changes at once, unless its script says otherwise.
    pub(super) fn start(&mut self, connector: &mut Value, script: SyncScript, full: bool) {
        let status = if full { "FULL_SYNCING" } else { "SYNCING" };
        if script.polls_before_start > 0 {
            self.stage = Stage::Waiting(script, status);
        } else {
            connector["status"] = json!(status);
            self.stage = Stage::Running(script);
        }
    }

    /// Cancels the running sync, and starts another one that the status does not show.
    pub(super) fn replace(&mut self, connector: &mut Value, script: SyncScript) {
        self.stage = Stage::Hidden(script);
        connector["status"] = json!("IDLE");
    }

    /// Cancels a sync.
    pub(super) fn stop(&mut self, connector: &mut Value) {
        self.stage = Stage::Idle;
        connector["status"] = json!("IDLE");
    }

    /// Handles a poll of the connector: advances its sync, and writes the status that the poll returns.
    pub(super) fn poll(&mut self, connector: &mut Value) {
        match std::mem::take(&mut self.stage) {
            Stage::Idle => {}
            Stage::Waiting(mut script, status) if script.polls_before_start > 0 => {
                script.polls_before_start -= 1;
                self.stage = Stage::Waiting(script, status);
            }
            Stage::Waiting(script, status) => {
                connector["status"] = json!(status);
                self.run(script, connector);
            }
            Stage::Running(script) => self.run(script, connector),
            Stage::Hidden(mut script) if script.polls_while_syncing > 0 => {
                script.polls_while_syncing -= 1;
                // Records arrive one by one.
                self.indexing.arrived += 1;
                self.stage = Stage::Hidden(script);
            }
            Stage::Hidden(script) => self.run(script, connector),
        }
    }

    fn run(&mut self, mut script: SyncScript, connector: &mut Value) {
        if script.polls_while_syncing > 0 {
            script.polls_while_syncing -= 1;
            self.stage = Stage::Running(script);
            return;
        }
        match script.outcome {
            SyncOutcome::Idle => {
                connector["status"] = json!("IDLE");
                let polls = script.polls_while_indexing;
                let failures = script.failures.min(script.records);
                self.indexing = Indexing {
                    pending: script.records,
                    failures,
                    polls,
                    of: polls,
                    without_status: script.without_status,
                    ..Indexing::default()
                };
            }
            SyncOutcome::Failed => connector["status"] = json!("IDLE"),
            SyncOutcome::Status(status) => connector["status"] = json!(status),
        }
    }

    /// Indexes records again: the failed ones, or all.
    pub(super) fn reindex(&mut self, everything: bool, polls: u32) {
        let indexing = &mut self.indexing;
        indexing.finish();
        indexing.pending = std::mem::take(&mut indexing.failed);
        if everything {
            indexing.pending += std::mem::take(&mut indexing.completed);
        }
        indexing.polls = polls;
        indexing.of = polls;
    }

    /// Handles a poll of the statistics: advances the indexing. Returns the number of records, in all and by state.
    pub(super) fn stats(&mut self) -> (u32, Value) {
        self.indexing.poll()
    }
}

#[derive(Debug, Default)]
struct Indexing {
    pending: u32,
    completed: u32,
    failed: u32,
    /// The number of records that a running sync has added.
    arrived: u32,
    /// The number of pending records that will fail.
    failures: u32,
    without_status: u32,
    /// How many polls return pending records: so far, and in all.
    polls: u32,
    of: u32,
}

impl Indexing {
    fn finish(&mut self) {
        let failures = std::mem::take(&mut self.failures).min(self.pending);
        self.failed += failures;
        self.completed += std::mem::take(&mut self.pending) - failures;
    }

    fn poll(&mut self) -> (u32, Value) {
        if self.polls == 0 {
            self.finish();
        }
        let seen = self.of - self.polls;
        // Fewer than the pending ones, because `seen` is less than `of`.
        let done = if self.pending == 0 { 0 } else { self.pending * seen / self.of };
        self.polls = self.polls.saturating_sub(1);
        let total = self.pending + self.completed + self.failed + self.arrived + self.without_status;
        let states = json!({
            "NOT_STARTED": self.arrived,
            "QUEUED": 0,
            "IN_PROGRESS": self.pending - done,
            "COMPLETED": self.completed + done,
            "FAILED": self.failed,
            "FILE_TYPE_NOT_SUPPORTED": 0,
            "AUTO_INDEX_OFF": 0,
            "EMPTY": 0,
            "PAUSED": 0,
            "ENABLE_MULTIMODAL_MODELS": 0,
        });
        (total, states)
    }
}
