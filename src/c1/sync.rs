//! Waiting for a sync.

use std::fmt;
use std::sync::Arc;

use crate::Error;
use crate::error::Kind;
use crate::waiting::{self, Pace, pace_methods};

use super::connector::Connector;
use super::types::{self, ConnectorStatus, SyncStatus};

/// A sync to wait for; see [`Connector::force_sync`].
///
/// A sync is over when `completed_at` has moved and the status is one of an end. Syncs take minutes to hours.
///
/// ```no_run
/// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
/// use std::time::Duration;
///
/// use connectors::c1::SyncOutcome;
///
/// let sync = connector.force_sync().await?.poll_every(Duration::from_secs(30)).deadline(Duration::from_secs(3600));
/// match sync.wait().await? {
///     SyncOutcome::Done(status) => println!("done at {}", status.completed_at.unwrap_or_default()),
///     outcome => eprintln!("{outcome}"),
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a sync goes on by itself; this is how to wait for it"]
#[derive(Clone, Debug)]
pub struct SyncWait {
    connector: Connector,
    /// What was shown before it was asked for.
    before: Option<ConnectorStatus>,
    pace: Pace,
}

/// How a sync ended.
#[must_use = "a sync that is over may have failed"]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// It read everything.
    Done(ConnectorStatus),
    /// It failed; `last_error` says why.
    Failed(ConnectorStatus),
    /// Syncs of this connector were switched off before it ended, or before it was asked for. The connector's
    /// `sync_disabled_reason` says why; [`Connector::resume`] switches them on.
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
    /// It is queued: the connector still shows the sync before, which may be running.
    Queued,
    /// It runs, or is in a state that this version does not know.
    Running(ConnectorStatus),
    /// It is over.
    Ended(SyncOutcome),
}

impl SyncWait {
    pub(super) fn new(connector: Connector, before: Option<ConnectorStatus>) -> Self {
        Self { connector, before, pace: Pace::default() }
    }

    pace_methods!();

    /// Waits until the sync is over. If another ran when it was asked for, that one ends first, and this one counts only once
    /// `started_at` has moved too. A service that took the request for one with the sync that ran starts no other: then this
    /// stays queued for ever, so set a deadline.
    ///
    /// # Errors
    /// [`Error::is_timeout`] past the deadline, [`Error::is_conflict`] if the connector was deleted; otherwise what reading
    /// it fails with, unless that is [in passing](crate::Watch).
    pub async fn wait(self) -> Result<SyncOutcome, Error> {
        match self.watch().last().await? {
            Progress::Ended(outcome) => Ok(outcome),
            _ => Err(Error::new(Kind::Decode, "the sync has no end")),
        }
    }

    /// What the sync comes to, each time that is something else. Ends with [`Progress::Ended`] or an error. Dropping it
    /// stops the watching, not the sync.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// use connectors::c1::Progress;
    /// use futures::TryStreamExt;
    ///
    /// let mut watch = connector.force_sync().await?.watch();
    /// while let Some(progress) = watch.try_next().await? {
    ///     match progress {
    ///         Progress::Queued => println!("queued"),
    ///         Progress::Running(status) => println!("running since {}", status.started_at.unwrap_or_default()),
    ///         Progress::Ended(outcome) => println!("{outcome}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
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
                    if is_set(connector.deleted_at.as_deref()) {
                        return Err(Error::new(Kind::Conflict, "the connector was deleted; its sync will not end"));
                    }
                    Ok(sync.read(connector))
                }
            },
        )
    }

    /// What the connector says about this sync.
    fn read(&self, connector: types::Connector) -> Progress {
        let Some(status) = connector.status else { return Progress::Queued };
        let before = self.before.as_ref();
        let moved =
            |of: fn(&ConnectorStatus) -> Option<&str>| is_set(of(&status)) && of(&status) != before.and_then(of);
        let started = moved(|status| status.started_at.as_deref());
        let completed = moved(|status| status.completed_at.as_deref());
        // A sync that ran when this one was asked for, or may have, ends first: this one starts after it.
        let ran =
            |status: &ConnectorStatus| matches!(status.status, Some(SyncStatus::Running | SyncStatus::Unknown(_)));
        let later = started || !before.is_some_and(ran);
        let over = completed && later;
        match &status.status {
            Some(SyncStatus::Done) if over => Progress::Ended(SyncOutcome::Done(status)),
            Some(SyncStatus::Error) if over => Progress::Ended(SyncOutcome::Failed(status)),
            Some(SyncStatus::Unknown(name)) if over && name.ends_with("ERRORED_NO_DATA") => {
                Progress::Ended(SyncOutcome::HeldBack(status))
            }
            // After a resume the word may stay until the next sync starts. Then nothing else says that syncs are off.
            Some(SyncStatus::Disabled) if before != Some(&status) || is_set(connector.sync_disabled_at.as_deref()) => {
                Progress::Ended(SyncOutcome::Disabled(status))
            }
            Some(SyncStatus::Running | SyncStatus::Unknown(_)) if later => Progress::Running(status),
            _ => Progress::Queued,
        }
    }
}

/// The service writes what is unset as null, or as an empty text.
fn is_set(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

/// The progress of a sync; see [`SyncWait::watch`].
pub type Watch = waiting::Watch<Progress>;
