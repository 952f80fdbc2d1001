//! Waiting for what the service does by itself: a sync, indexing, a deletion.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Error;
use crate::error::Kind;
use crate::waiting::{Pace, Watch, pace_methods};

use super::connector::Connector;
use super::types::{self, ConnectorInstance, ConnectorInstanceStatus, IndexingStatus, RecordCounts};

impl Connector {
    /// Waits until no sync runs any more: until the connector's `status` is back to idle, or to nothing, which is the same.
    /// What is synced is not yet indexed: see [`Connector::wait_for_indexing`].
    ///
    /// A sync that has been asked for and has not begun looks like one that is over. So a connector that is idle from the
    /// start is given [`SyncWait::begins_within`] to begin; [`SyncOutcome`] says whether it was seen to.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// use std::time::Duration;
    ///
    /// connector.set_sync(true).send().await?;
    /// let outcome = connector.wait_for_sync().deadline(Duration::from_secs(3600)).wait().await?;
    /// if !outcome.is_synced() {
    ///     eprintln!("{outcome}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_for_sync(&self) -> SyncWait {
        SyncWait { connector: self.clone(), pace: Pace::default(), begins_within: Duration::from_secs(15) }
    }

    /// Waits until no record of the connector waits for indexing or is being indexed, by what [`Connector::stats`] counts.
    /// Records that failed, are of a type that is not supported, or are not to be indexed, are waited for no more.
    ///
    /// This says nothing about the sync, which brings further records while it runs: wait for that first, with
    /// [`Connector::wait_for_sync`].
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let counts = connector.wait_for_indexing().wait().await?;
    /// println!("{} records", counts.total.unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_for_indexing(&self) -> IndexingWait {
        IndexingWait { connector: self.clone(), pace: Pace::default() }
    }
}

/// A sync to wait for; see [`Connector::wait_for_sync`].
#[must_use = "a sync goes on by itself; this is how to wait for it"]
#[derive(Clone, Debug)]
pub struct SyncWait {
    connector: Connector,
    pace: Pace,
    begins_within: Duration,
}

/// What a sync has come to, with the connector as it was read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SyncProgress {
    /// None runs, and it is given time to begin.
    Idle(ConnectorInstance),
    /// It runs, or is in a state that this version does not know.
    Running(ConnectorInstance),
    /// It is over, or none was seen to run.
    Ended(SyncOutcome),
}

/// How waiting for a sync ended, with the connector as it was read last.
#[must_use = "it may be that no sync was seen to run"]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// A sync was seen to run, and none runs any more.
    Synced(ConnectorInstance),
    /// No sync was seen to run in the time that it was given to begin. Either none has begun, or it was over before the
    /// first look or between two: the service does not tell which.
    NotSeen(ConnectorInstance),
}

impl SyncOutcome {
    /// The connector as it was read last.
    #[must_use]
    pub fn instance(&self) -> &ConnectorInstance {
        match self {
            Self::Synced(instance) | Self::NotSeen(instance) => instance,
        }
    }

    /// Whether a sync was seen to run.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        matches!(self, Self::Synced(_))
    }
}

impl fmt::Display for SyncOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Synced(_) => "synced",
            Self::NotSeen(_) => "no sync was seen to run",
        })
    }
}

impl SyncWait {
    pace_methods!();

    /// How long a sync may take to begin; 15 s by default. With none, the first look at an idle connector is the last.
    pub fn begins_within(mut self, time: Duration) -> Self {
        self.begins_within = time;
        self
    }

    /// Waits until no sync runs any more.
    ///
    /// # Errors
    /// [`Error::is_timeout`] past the deadline, [`Error::is_conflict`] if the connector is being deleted; otherwise what
    /// reading it fails with, unless that is [in passing](Watch).
    pub async fn wait(self) -> Result<SyncOutcome, Error> {
        match self.watch().last().await? {
            SyncProgress::Ended(outcome) => Ok(outcome),
            _ => Err(Error::new(Kind::Decode, "the sync has no end")),
        }
    }

    /// What the sync comes to, each time that is something else. Ends with [`SyncProgress::Ended`] or an error.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// use connectors::pipeshub::SyncProgress;
    /// use futures::TryStreamExt;
    ///
    /// let mut watch = connector.wait_for_sync().watch();
    /// while let Some(progress) = watch.try_next().await? {
    ///     match progress {
    ///         SyncProgress::Idle(_) => println!("it has not begun"),
    ///         SyncProgress::Running(_) => println!("it runs"),
    ///         SyncProgress::Ended(outcome) => println!("{outcome}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn watch(self) -> Watch<SyncProgress> {
        let clock = Arc::clone(self.connector.client.transport.clock());
        // A time beyond all time is never over.
        let begins_until = clock.now().checked_add(self.begins_within);
        let (connector, now) = (self.connector, Arc::clone(&clock));
        Watch::<SyncProgress>::new(
            clock,
            self.pace,
            "the sync was not over in the time given; it goes on by itself",
            |progress| matches!(progress, SyncProgress::Ended(_)),
            move |last: Option<SyncProgress>| {
                let connector = connector.clone();
                let began = matches!(last, Some(SyncProgress::Running(_)));
                let late = begins_until.is_some_and(|until| now.now() >= until);
                async move {
                    let instance = connector.get().await?;
                    match &instance.status {
                        Some(ConnectorInstanceStatus::Deleting) => {
                            Err(Error::new(Kind::Conflict, "the connector is being deleted; its sync will not end"))
                        }
                        None | Some(ConnectorInstanceStatus::Idle) if began => {
                            Ok(SyncProgress::Ended(SyncOutcome::Synced(instance)))
                        }
                        None | Some(ConnectorInstanceStatus::Idle) if late => {
                            Ok(SyncProgress::Ended(SyncOutcome::NotSeen(instance)))
                        }
                        None | Some(ConnectorInstanceStatus::Idle) => Ok(SyncProgress::Idle(instance)),
                        Some(_) => Ok(SyncProgress::Running(instance)),
                    }
                }
            },
        )
    }
}

/// Indexing to wait for; see [`Connector::wait_for_indexing`].
#[must_use = "indexing goes on by itself; this is how to wait for it"]
#[derive(Clone, Debug)]
pub struct IndexingWait {
    connector: Connector,
    pace: Pace,
}

/// How far indexing has come.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum IndexingProgress {
    /// Records wait for it, or are being indexed.
    Running(RecordCounts),
    /// None does.
    Ended(RecordCounts),
}

impl IndexingProgress {
    /// How many records there are, by how far their indexing has come.
    #[must_use]
    pub fn counts(&self) -> &RecordCounts {
        match self {
            Self::Running(counts) | Self::Ended(counts) => counts,
        }
    }

    /// How many records wait for indexing or are being indexed.
    #[must_use]
    pub fn pending(&self) -> i64 {
        pending(self.counts())
    }
}

/// How many records are not through. Records begin as not started, before they are queued.
fn pending(counts: &RecordCounts) -> i64 {
    let pending = [IndexingStatus::NotStarted, IndexingStatus::Queued, IndexingStatus::InProgress];
    let by_status = counts.indexing_status.as_ref();
    let counts = pending.iter().filter_map(|status| by_status?.get(status.as_str()));
    // Whatever a server counts, neither less than nothing nor past all numbers.
    counts.fold(0_i64, |sum, count| sum.saturating_add((*count).max(0)))
}

impl IndexingWait {
    pace_methods!();

    /// Waits until no record waits for indexing or is being indexed, and gives back how many came to what.
    ///
    /// # Errors
    /// [`Error::is_timeout`] past the deadline; otherwise what reading the statistics fails with, unless that is
    /// [in passing](Watch).
    pub async fn wait(self) -> Result<RecordCounts, Error> {
        match self.watch().last().await? {
            IndexingProgress::Running(counts) | IndexingProgress::Ended(counts) => Ok(counts),
        }
    }

    /// How far indexing has come, each time that is further. Ends with [`IndexingProgress::Ended`] or an error.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// use futures::TryStreamExt;
    ///
    /// let mut watch = connector.wait_for_indexing().watch();
    /// while let Some(progress) = watch.try_next().await? {
    ///     println!("{} records to go", progress.pending());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn watch(self) -> Watch<IndexingProgress> {
        let clock = Arc::clone(self.connector.client.transport.clock());
        let connector = self.connector;
        Watch::<IndexingProgress>::new(
            clock,
            self.pace,
            "indexing was not over in the time given; it goes on by itself",
            |progress| matches!(progress, IndexingProgress::Ended(_)),
            move |_| {
                let connector = connector.clone();
                async move {
                    let counts = connector.stats().await?.stats.ok_or_else(|| super::connector::missing("stats"))?;
                    let over = pending(&counts) == 0;
                    Ok(if over { IndexingProgress::Ended(counts) } else { IndexingProgress::Running(counts) })
                }
            },
        )
    }
}

/// A deletion that has begun; see [`Connector::delete`]. It is over when the connector can no longer be found.
///
/// ```no_run
/// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
/// use std::time::Duration;
///
/// let deletion = connector.delete().await?;
/// println!("{}", deletion.answer().message.as_deref().unwrap_or_default());
/// deletion.deadline(Duration::from_secs(600)).wait().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a deletion goes on by itself; this is how to wait for it"]
#[derive(Clone, Debug)]
pub struct Deletion {
    connector: Connector,
    answer: types::DeletedConnector,
    pace: Pace,
}

/// What a deletion has come to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DeletionProgress {
    /// The connector can still be read.
    Running(Box<ConnectorInstance>),
    /// It is gone.
    Gone,
}

impl Deletion {
    pub(super) fn new(connector: Connector, answer: types::DeletedConnector) -> Self {
        Self { connector, answer, pace: Pace::default() }
    }

    /// What the service answered when the deletion began.
    #[must_use]
    pub fn answer(&self) -> &types::DeletedConnector {
        &self.answer
    }

    pace_methods!();

    /// Waits until the connector is gone.
    ///
    /// # Errors
    /// [`Error::is_timeout`] past the deadline, [`Error::is_conflict`] if the service has given up; otherwise what reading
    /// the connector fails with, unless that is [in passing](Watch).
    pub async fn wait(self) -> Result<(), Error> {
        self.watch().last().await.map(drop)
    }

    /// What the deletion comes to, each time that is something else. Ends with [`DeletionProgress::Gone`] or an error.
    #[must_use]
    pub fn watch(self) -> Watch<DeletionProgress> {
        let clock = Arc::clone(self.connector.client.transport.clock());
        let connector = self.connector;
        Watch::<DeletionProgress>::new(
            clock,
            self.pace,
            "the connector was not gone in the time given; the deletion goes on by itself",
            |progress| *progress == DeletionProgress::Gone,
            move |last| {
                let connector = connector.clone();
                async move {
                    let deleting =
                        |instance: &ConnectorInstance| instance.status == Some(ConnectorInstanceStatus::Deleting);
                    match (connector.get().await, last) {
                        (Err(error), _) if error.is_not_found() => Ok(DeletionProgress::Gone),
                        (Err(error), _) => Err(error),
                        (Ok(now), Some(DeletionProgress::Running(before)))
                            if deleting(before.as_ref()) && !deleting(&now) =>
                        {
                            Err(Error::new(Kind::Conflict, "the service has given up deleting the connector"))
                        }
                        (Ok(now), _) => Ok(DeletionProgress::Running(Box::new(now))),
                    }
                }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_waits_or_runs_is_pending_and_nothing_else() {
        let counts = |value| serde_json::from_value::<RecordCounts>(value).map(|counts| pending(&counts)).unwrap();
        let through =
            json!({"total": 7, "indexingStatus": {"COMPLETED": 4, "FAILED": 1, "AUTO_INDEX_OFF": 1, "NEW": 1}});
        assert_eq!(counts(through), 0);
        assert_eq!(counts(json!({"indexingStatus": {"NOT_STARTED": 1, "QUEUED": 2, "IN_PROGRESS": 3, "EMPTY": 4}})), 6);
        assert_eq!(counts(json!({"total": 0})), 0);
    }
}
