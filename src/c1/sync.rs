//! Waiting for a sync.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream;

use crate::Error;
use crate::error::Kind;
use crate::transport::Clock;

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
    interval: Duration,
    deadline: Option<Duration>,
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
        Self { connector, before, interval: Duration::from_secs(5), deadline: None }
    }

    /// How long to wait between two looks; 5 s by default.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How long to wait in all; without one, for as long as it takes. The sync itself goes on.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Waits until the sync is over.
    ///
    /// # Errors
    /// [`Error::is_timeout`] past the deadline; otherwise what reading the connector fails with.
    pub async fn wait(self) -> Result<SyncOutcome, Error> {
        let mut watch = self.watch();
        while let Some(progress) = watch.next().await {
            if let Progress::Ended(outcome) = progress? {
                return Ok(outcome);
            }
        }
        Err(Error::new(Kind::Decode, "the sync has no end"))
    }

    /// What the sync comes to, each time that is something else. Ends with [`Progress::Ended`] or an error. Dropping it
    /// stops the watching, not the sync.
    #[must_use]
    pub fn watch(self) -> Watch {
        let clock = Arc::clone(self.connector.client.transport.clock());
        // A deadline beyond all time is none.
        let until = self.deadline.and_then(|deadline| clock.now().checked_add(deadline));
        let state = State { sync: self, clock, until, last: None, looked: false, over: false };
        Watch { progress: Box::pin(stream::unfold(state, State::next)) }
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
pub struct Watch {
    progress: Pin<Box<dyn Stream<Item = Result<Progress, Error>> + Send>>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Stream for Watch {
    type Item = Result<Progress, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.progress.as_mut().poll_next(cx)
    }
}

struct State {
    sync: Sync,
    clock: Arc<dyn Clock>,
    until: Option<Instant>,
    last: Option<Progress>,
    looked: bool,
    over: bool,
}

fn late() -> Error {
    Error::new(Kind::Timeout, "the sync was not over in the time given; it goes on by itself")
}

impl State {
    /// The time left until the deadline.
    fn left(&self) -> Duration {
        self.until.map_or(Duration::MAX, |until| until.saturating_duration_since(self.clock.now()))
    }

    fn end(mut self, error: Error) -> Option<(Result<Progress, Error>, Self)> {
        self.over = true;
        Some((Err(error), self))
    }

    async fn next(mut self) -> Option<(Result<Progress, Error>, Self)> {
        if self.over {
            return None;
        }
        loop {
            let left = self.left();
            if self.looked {
                if left.is_zero() {
                    return self.end(late());
                }
                // The last look is at the deadline itself, not an interval before it.
                self.clock.sleep(self.sync.interval.min(left)).await;
            }
            self.looked = true;
            let connector = self.sync.connector.clone();
            let look = Box::pin(connector.get());
            // A first look is always had; a later one may not outlast the deadline by more than a second.
            let patience = self.left().max(Duration::from_secs(1));
            let progress = match select(look, self.clock.timeout(patience)).await {
                Either::Left((Ok(connector), _))
                    if connector.deleted_at.as_deref().is_some_and(|at| !at.is_empty()) =>
                {
                    return self.end(Error::new(Kind::Status, "the connector was deleted; its sync will not end"));
                }
                Either::Left((Ok(connector), _)) => self.sync.read(connector.status),
                Either::Left((Err(error), _)) => return self.end(error),
                Either::Right(_) => return self.end(late()),
            };
            self.over = matches!(progress, Progress::Ended(_));
            if self.last.as_ref() != Some(&progress) {
                self.last = Some(progress.clone());
                return Some((Ok(progress), self));
            }
        }
    }
}
