//! Waiting for a sync.

use std::fmt;
use std::sync::Arc;

use crate::Error;
use crate::error::Kind;
use crate::waiting::{self, Pace, pace_methods};

use super::connector::Connector;
use super::types::{ConnectorStatus, SyncStatus};

/// A sync to wait for; see [`Connector::force_sync`].
///
/// A sync is over when `completed_at` has moved and the status is one of an end. Syncs take minutes to hours.
#[must_use = "a sync goes on by itself; this is how to wait for it"]
#[derive(Clone, Debug)]
pub struct Sync {
    connector: Connector,
    before: Option<String>,
    pace: Pace,
}

/// How a sync ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// It read everything.
    Done(ConnectorStatus),
    /// It failed; `last_error` says why.
    Failed(ConnectorStatus),
    /// Syncs of this connector were switched off before it ended. The connector's `sync_disabled_reason` says why.
    Disabled(ConnectorStatus),
    /// It found so much less than the one before that the service waits for a person to say whether that is right; see
    /// [`Connector::confirm_sync`].
    ///
    /// The document speaks of this state (`ERRORED_NO_DATA`) and does not have it among the values of a status: a service that
    /// keeps to its values tells it as [`SyncOutcome::Failed`], by `last_error`.
    HeldBack(ConnectorStatus),
}

impl SyncOutcome {
    /// The connector's status at the end.
    #[must_use]
    pub fn status(&self) -> &ConnectorStatus {
        match self {
            Self::Done(status) | Self::Failed(status) | Self::Disabled(status) | Self::HeldBack(status) => status,
        }
    }

    /// Whether it read everything.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl fmt::Display for SyncOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(_) => f.write_str("done"),
            Self::Disabled(_) => f.write_str("disabled"),
            Self::HeldBack(_) => f.write_str("held back: it found far less than the sync before"),
            Self::Failed(status) => write!(f, "failed: {}", status.last_error.as_deref().unwrap_or("no reason given")),
        }
    }
}

/// What a sync has come to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// It is queued: the connector still shows the sync before.
    Queued,
    /// It runs, or is in a state that this version does not know.
    Running(ConnectorStatus),
    /// It is over.
    Ended(SyncOutcome),
}

impl Sync {
    pub(super) fn new(connector: Connector, before: Option<String>) -> Self {
        Self { connector, before, pace: Pace::default() }
    }

    pace_methods!();

    /// Waits until the sync is over.
    ///
    /// # Errors
    /// [`Error::is_timeout`] past the deadline; otherwise what reading the connector fails with.
    pub async fn wait(self) -> Result<SyncOutcome, Error> {
        match self.watch().last().await? {
            Progress::Ended(outcome) => Ok(outcome),
            _ => Err(Error::new(Kind::Decode, "the sync has no end")),
        }
    }

    /// What the sync comes to, each time that is something else. Ends with [`Progress::Ended`] or an error. Dropping it
    /// stops the watching, not the sync.
    #[must_use]
    pub fn watch(self) -> Watch {
        let clock = Arc::clone(self.connector.client.transport.clock());
        let late = "the sync was not over in the time given; it goes on by itself";
        Watch::new(
            clock,
            self.pace,
            late,
            |progress| matches!(progress, Progress::Ended(_)),
            move |_| {
                let sync = self.clone();
                async move {
                    let connector = sync.connector.get().await?;
                    if connector.deleted_at.as_deref().is_some_and(|at| !at.is_empty()) {
                        return Err(Error::new(Kind::Status, "the connector was deleted; its sync will not end"));
                    }
                    Ok(sync.read(connector.status))
                }
            },
        )
    }

    /// What a status says about this sync.
    fn read(&self, status: Option<ConnectorStatus>) -> Progress {
        let Some(status) = status else { return Progress::Queued };
        let completed = status.completed_at.as_deref().filter(|at| !at.is_empty());
        let moved = completed.is_some() && completed != self.before.as_deref();
        match &status.status {
            Some(SyncStatus::Done) if moved => Progress::Ended(SyncOutcome::Done(status)),
            Some(SyncStatus::Error) if moved => Progress::Ended(SyncOutcome::Failed(status)),
            Some(SyncStatus::Unknown(name)) if moved && name.ends_with("ERRORED_NO_DATA") => {
                Progress::Ended(SyncOutcome::HeldBack(status))
            }
            Some(SyncStatus::Disabled) => Progress::Ended(SyncOutcome::Disabled(status)),
            Some(SyncStatus::Done | SyncStatus::Error | SyncStatus::Unspecified) | None => Progress::Queued,
            Some(_) => Progress::Running(status),
        }
    }
}

/// The progress of a sync; see [`Sync::watch`].
pub type Watch = waiting::Watch<Progress>;
