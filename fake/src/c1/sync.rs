//! Syncs: they proceed when they are polled, never by themselves, so that a test knows what each poll returns.

use serde_json::{Value, json};

use crate::clock::Clock;
use connectors_mock::service::{count, only};

/// The script of a sync.
///
/// Each `Get` of the connector is a poll; `List` is not. By default, the first poll after `ForceSync` still returns the
/// old status, the second and third return `SYNC_STATUS_RUNNING`, the fourth `SYNC_STATUS_DONE`. A sync that is forced
/// while another one runs starts after it. Its polls count from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncScript {
    /// The number of polls that return the old status, while the sync is queued.
    pub polls_before_start: u32,
    /// The number of polls that return the running status.
    pub polls_while_running: u32,
    /// The outcome of the sync.
    pub outcome: SyncOutcome,
}

/// The outcome of a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// `SYNC_STATUS_DONE`.
    Done,
    /// `SYNC_STATUS_ERROR` with this `lastError`.
    Error(String),
    /// It would remove too much. The service holds it back with this `lastError`, and pauses syncs until
    /// `ConfirmSyncValid` releases it. Then its status becomes `SYNC_STATUS_DONE`.
    Anomalous(String),
    /// It never ends: its status stays at this one, which may be unknown to the client.
    Status(String),
}

impl Default for SyncScript {
    fn default() -> SyncScript {
        SyncScript { polls_before_start: 1, polls_while_running: 2, outcome: SyncOutcome::Done }
    }
}

impl SyncScript {
    /// The default script, but it fails with this `lastError`.
    #[must_use]
    pub fn error(message: impl Into<String>) -> SyncScript {
        SyncScript { outcome: SyncOutcome::Error(message.into()), ..SyncScript::default() }
    }

    /// The default script, but the sync is held back with this `lastError` until it is confirmed.
    #[must_use]
    pub fn anomalous(message: impl Into<String>) -> SyncScript {
        SyncScript { outcome: SyncOutcome::Anomalous(message.into()), ..SyncScript::default() }
    }

    /// The default script, but it ends in this status.
    #[must_use]
    pub fn status(status: impl Into<String>) -> SyncScript {
        SyncScript { outcome: SyncOutcome::Status(status.into()), ..SyncScript::default() }
    }

    /// Sets the number of polls before it starts, and while it runs.
    #[must_use]
    pub fn polls(mut self, before_start: u32, while_running: u32) -> SyncScript {
        self.polls_before_start = before_start;
        self.polls_while_running = while_running;
        self
    }
}

/// The syncs of one connector.
#[derive(Debug, Default)]
pub(super) struct Syncs {
    stage: Stage,
    /// The sync after the running one.
    next: Option<SyncScript>,
    /// Whether the last ended sync is held back.
    held: bool,
    /// The ids of the syncs that have ended, oldest first.
    pub(super) ended: Vec<String>,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    Queued(SyncScript),
    Running(SyncScript),
}

impl Syncs {
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle)
    }

    /// Whether no sync is queued: a running one does not prevent another from being queued.
    pub(super) fn takes_another(&self) -> bool {
        !matches!(self.stage, Stage::Queued(_)) && self.next.is_none()
    }

    /// Queues a sync, behind the running one.
    pub(super) fn queue(&mut self, script: SyncScript) {
        self.held = false;
        match self.stage {
            Stage::Running(_) => self.next = Some(script),
            Stage::Idle | Stage::Queued(_) => self.stage = Stage::Queued(script),
        }
    }

    pub(super) fn abandon(&mut self) {
        self.stage = Stage::Idle;
        self.next = None;
    }

    /// Releases a sync that was held back. Returns whether there was one.
    pub(super) fn release(&mut self, connector: &mut Value, clock: &Clock) -> bool {
        let held = std::mem::take(&mut self.held);
        if held {
            enable(connector);
            let now = clock.stamp();
            let status = &mut connector["status"];
            status["status"] = json!("SYNC_STATUS_DONE");
            status["lastError"] = json!("");
            status["completedAt"] = json!(now);
            status["updatedAt"] = json!(now);
        }
        held
    }

    /// Handles a poll of the connector: advances its sync, and writes the status that the poll returns.
    pub(super) fn poll(&mut self, connector: &mut Value, clock: &Clock) {
        if !connector["syncDisabledAt"].is_null() {
            return;
        }
        let script = match std::mem::take(&mut self.stage) {
            Stage::Idle => return,
            Stage::Queued(mut script) if script.polls_before_start > 0 => {
                script.polls_before_start -= 1;
                self.stage = Stage::Queued(script);
                return;
            }
            Stage::Queued(script) => {
                let now = clock.stamp();
                let status = &mut connector["status"];
                status["status"] = json!("SYNC_STATUS_RUNNING");
                status["startedAt"] = json!(now);
                status["updatedAt"] = json!(now);
                script
            }
            Stage::Running(script) => script,
        };
        if script.polls_while_running > 0 {
            let polls_while_running = script.polls_while_running - 1;
            self.stage = Stage::Running(SyncScript { polls_while_running, ..script });
            return;
        }
        self.end(script.outcome, connector, clock);
        self.stage = self.next.take().map_or(Stage::Idle, Stage::Queued);
    }

    fn end(&mut self, outcome: SyncOutcome, connector: &mut Value, clock: &Clock) {
        let now = clock.stamp();
        let id = format!("{}-sync-{}", connector["id"].as_str().unwrap_or_default(), self.ended.len() + 1);
        let status = &mut connector["status"];
        status["updatedAt"] = json!(now);
        self.held = matches!(outcome, SyncOutcome::Anomalous(_));
        let (name, error) = match outcome {
            SyncOutcome::Done => ("SYNC_STATUS_DONE".to_owned(), String::new()),
            SyncOutcome::Error(error) | SyncOutcome::Anomalous(error) => ("SYNC_STATUS_ERROR".to_owned(), error),
            SyncOutcome::Status(name) => {
                status["status"] = json!(name);
                return;
            }
        };
        status["status"] = json!(name);
        status["lastError"] = json!(error);
        status["completedAt"] = json!(now);
        self.ended.push(id);
        if self.held {
            disable(connector, &now, "anomaly", "the sync would remove too much");
        }
    }
}

/// Pauses the syncs of a connector.
pub(super) fn disable(connector: &mut Value, now: &str, category: &str, reason: &str) {
    connector["syncDisabledAt"] = json!(now);
    connector["syncDisabledReason"] = json!(reason);
    connector["syncDisabledCategory"] = json!(category);
    connector["canResumeSync"] = json!(true);
}

/// Ends the pause.
pub(super) fn enable(connector: &mut Value) {
    if let Some(fields) = connector.as_object_mut() {
        let of_a_pause = ["syncDisabledAt", "syncDisabledReason", "syncDisabledCategory", "canResumeSync"];
        fields.retain(|name, _| !of_a_pause.contains(&name.as_str()));
    }
}

/// Parses a script from JSON: `polls_before_start`, `polls_while_running`, and `error`, `anomalous` or `status` for its
/// outcome.
pub(super) fn script(body: &Value) -> Result<SyncScript, String> {
    only(body, &["polls_before_start", "polls_while_running", "error", "anomalous", "status"])?;
    let end = ["error", "anomalous", "status"].into_iter().find(|name| !body[*name].is_null());
    let script = match (end, end.and_then(|name| body[name].as_str())) {
        (None, _) => SyncScript::default(),
        (Some("error"), Some(text)) => SyncScript::error(text),
        (Some("anomalous"), Some(text)) => SyncScript::anomalous(text),
        (Some(_), Some(text)) => SyncScript::status(text),
        (Some(name), None) => return Err(format!("{name} must be a text")),
    };
    let before = count(body, "polls_before_start", script.polls_before_start)?;
    let running = count(body, "polls_while_running", script.polls_while_running)?;
    Ok(script.polls(before, running))
}
