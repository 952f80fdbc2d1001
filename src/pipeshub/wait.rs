//! Waiting for what the service does by itself: a sync, indexing, a deletion.

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
    /// start is given [`SyncWait::begins_within`] to begin.
    pub fn wait_for_sync(&self) -> SyncWait {
        SyncWait { connector: self.clone(), pace: Pace::default(), begins_within: Duration::from_secs(15) }
    }

    /// Waits until no record of the connector waits for indexing or is being indexed, by what [`Connector::stats`] counts.
    /// Records that failed, are of a type that is not supported, or are not to be indexed, are waited for no more.
    ///
    /// This says nothing about the sync, which brings further records while it runs: wait for that first, with
    /// [`Connector::wait_for_sync`].
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
    /// None runs any more, or none has begun in time.
    Ended(ConnectorInstance),
}

impl SyncWait {
    pace_methods!();

    /// How long a sync may take to begin; 15 s by default. With none, a connector that is idle has synced.
    pub fn begins_within(mut self, time: Duration) -> Self {
        self.begins_within = time;
        self
    }

    /// Waits until no sync runs any more, and gives back the connector as it is then.
    ///
    /// # Errors
    /// [`Error::is_timeout`] past the deadline; otherwise what reading the connector fails with, or that it is being
    /// deleted.
    pub async fn wait(self) -> Result<ConnectorInstance, Error> {
        match self.watch().last().await? {
            SyncProgress::Idle(instance) | SyncProgress::Running(instance) | SyncProgress::Ended(instance) => {
                Ok(instance)
            }
        }
    }

    /// What the sync comes to, each time that is something else. Ends with [`SyncProgress::Ended`] or an error.
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
                            Err(Error::new(Kind::Status, "the connector is being deleted; its sync will not end"))
                        }
                        None | Some(ConnectorInstanceStatus::Idle) if began || late => {
                            Ok(SyncProgress::Ended(instance))
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
    /// [`Error::is_timeout`] past the deadline; otherwise what reading the statistics fails with.
    pub async fn wait(self) -> Result<RecordCounts, Error> {
        match self.watch().last().await? {
            IndexingProgress::Running(counts) | IndexingProgress::Ended(counts) => Ok(counts),
        }
    }

    /// How far indexing has come, each time that is further. Ends with [`IndexingProgress::Ended`] or an error.
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
    /// [`Error::is_timeout`] past the deadline; otherwise what reading the connector fails with, or that the service has
    /// given up.
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
                            Err(Error::new(Kind::Status, "the service has given up deleting the connector"))
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
