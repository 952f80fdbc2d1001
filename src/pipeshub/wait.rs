//! Waiting for what the service does by itself: a sync, indexing, a deletion.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use connectors_runtime::{Error, Kind, Pace, Paced, Polled, WaitState, Watch};
use futures_core::Stream;
use serde::{Deserialize, Serialize};

use super::client::Client;
use super::connector::Connector;
use super::ids::ConnectorId;
use super::types::{self, ConnectorInstance, ConnectorInstanceStatus, RecordCounts};

/// How long a sync may take to begin, and how long nothing may move at its end, unless the caller says otherwise.
const PATIENCE: Duration = Duration::from_secs(15);

impl Connector {
    /// Waits until no sync runs any more. What is synced is not yet indexed: see [`Connector::wait_for_indexing`].
    ///
    /// The connector's `status` is not enough for that. A resync cancels a sync that runs, and the `status` is `IDLE` during
    /// the whole second sync. So when the `status` becomes `IDLE`, the wait goes on until the number of records has not
    /// changed for [`SyncWait::settles_within`]. If it changes meanwhile, the outcome is [`SyncOutcome::Resynced`]. A sync
    /// that fails ends with `IDLE`, too; the service does not say which syncs failed.
    ///
    /// A sync that was requested and has not begun looks like one that is over. So a connector that is idle from the
    /// start has [`SyncWait::begins_within`] to begin; [`SyncOutcome`] says whether a sync was seen to run.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// use std::time::Duration;
    ///
    /// use connectors::Paced;
    ///
    /// connector.set_sync(true).await?;
    /// let outcome = connector.wait_for_sync().deadline(Duration::from_secs(3600)).wait().await?;
    /// if !outcome.is_synced() {
    ///     eprintln!("{outcome}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_for_sync(&self) -> SyncWait {
        SyncWait {
            connector: self.clone(),
            pace: Pace::default(),
            begins_within: PATIENCE,
            settles_within: PATIENCE,
            wait: None,
        }
    }

    /// Waits until every record of the connector is indexed, by what [`Connector::stats`] counts. Records that failed, are of a
    /// type that is not supported, or are not to be indexed, count as indexed. Records that are paused do not, nor those in a
    /// state that this version does not know, or in none.
    ///
    /// This says nothing about the sync, which brings further records while it runs: wait for that first, with
    /// [`Connector::wait_for_sync`].
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let counts = connector.wait_for_indexing().wait().await?;
    /// println!("{:?} records", counts.total);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_for_indexing(&self) -> IndexingWait {
        IndexingWait { connector: self.clone(), pace: Pace::default() }
    }
}

/// Whether a sync runs that the status shows.
pub(super) fn is_syncing(instance: &ConnectorInstance) -> bool {
    use ConnectorInstanceStatus::{FullSyncing, Syncing};
    matches!(instance.status, Some(Syncing | FullSyncing))
}

/// A sync to wait for; see [`Connector::wait_for_sync`].
///
/// # Go on after a restart
/// [`SyncWait::state`] is a value with serde: a program that is killed goes on with it.
///
/// ```no_run
/// use connectors::pipeshub::{Client, Connector};
///
/// async fn sync(ph: Client, connector: Connector) -> Result<(), Box<dyn std::error::Error>> {
///     let sync = match std::fs::read("sync.json") {
///         Ok(stored) => ph.resume_wait(serde_json::from_slice(&stored)?),
///         Err(_) => {
///             connector.resync().await?;
///             connector.wait_for_sync()
///         }
///     };
///     std::fs::write("sync.json", serde_json::to_vec(&sync.state())?)?;
///     println!("{}", sync.wait().await?);
///     std::fs::remove_file("sync.json")?;
///     Ok(())
/// }
/// ```
#[must_use = "a sync goes on by itself; this is how to wait for it"]
#[derive(Clone, Debug)]
pub struct SyncWait {
    connector: Connector,
    pace: Pace,
    begins_within: Duration,
    settles_within: Duration,
    wait: Option<WaitState<SyncProgress>>,
}

/// What a wait for a sync has come to: a value that a program can store; see [`SyncWait::state`] and
/// [`Client::resume_wait`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyncState {
    connector_id: ConnectorId,
    wait: Option<WaitState<SyncProgress>>,
}

/// The state of a sync that is waited for, with the connector as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SyncProgress {
    /// None runs, and it has time to begin.
    Idle(ConnectorInstance),
    /// It runs, or is in a state that this version does not know.
    Running(ConnectorInstance),
    /// The connector's `status` is that of one where no sync runs. Until the number of records has stayed the same for a
    /// while, a resync may run.
    Settling(ConnectorInstance),
    /// The number of records changes although the `status` says that no sync runs: a resync has cancelled a sync, and
    /// runs instead.
    Resyncing(ConnectorInstance),
    /// It is over, or none was seen to run.
    Ended(SyncOutcome),
}

/// How waiting for a sync ended, with the connector as it was read last.
#[must_use = "it may be that no sync was seen to run"]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// A sync was seen to run, and none runs any more. The service does not say whether it failed.
    Synced(ConnectorInstance),
    /// A resync cancelled the sync that was waited for, or one before it, and ran instead. It is over, too.
    Resynced(ConnectorInstance),
    /// No sync was seen to run in the time that it had to begin. Either none has begun, or it was over before the
    /// first poll or between two: the service does not say which.
    NotSeen(ConnectorInstance),
}

impl SyncOutcome {
    /// The connector as it was read last.
    #[must_use]
    pub fn instance(&self) -> &ConnectorInstance {
        match self {
            Self::Synced(instance) | Self::Resynced(instance) | Self::NotSeen(instance) => instance,
        }
    }

    /// Whether a sync was seen to run to its end: that of this wait, or the resync that cancelled it.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        !matches!(self, Self::NotSeen(_))
    }
}

impl fmt::Display for SyncOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Synced(_) => "synced",
            Self::Resynced(_) => "a resync cancelled the sync, and ran instead",
            Self::NotSeen(_) => "no sync was seen to run",
        })
    }
}

impl Paced for SyncWait {
    fn pace_mut(&mut self) -> &mut Pace {
        &mut self.pace
    }
}

impl SyncWait {
    pub(super) fn resume(client: &Client, state: SyncState) -> Self {
        Self { wait: state.wait, ..client.connector(state.connector_id).wait_for_sync() }
    }

    /// Sets how long a sync may take to begin; 15 s by default. With zero, the first poll of an idle connector is the last.
    pub fn begins_within(mut self, time: Duration) -> Self {
        self.begins_within = time;
        self
    }

    /// Sets how long the number of records has to stay the same once the `status` says that no sync runs; 15 s by default. With
    /// zero, the `status` alone counts.
    pub fn settles_within(mut self, time: Duration) -> Self {
        self.settles_within = time;
        self
    }

    /// The connector whose sync it is.
    #[must_use]
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// What the wait has come to, for [`Client::resume_wait`]. Poll interval, deadline and other times are not part of it.
    #[must_use]
    pub fn state(&self) -> SyncState {
        SyncState { connector_id: self.connector.id.clone(), wait: self.wait.clone() }
    }

    /// Waits until no sync runs any more.
    ///
    /// # Errors
    /// [`Error::is_timeout`] at the deadline, [`Error::is_conflict`] if the connector is being deleted; otherwise what
    /// reading it fails with, unless that is [in passing](Watch).
    pub async fn wait(self) -> Result<SyncOutcome, Error> {
        self.watch().last().await
    }

    /// The states of the sync, each once. Ends with [`SyncProgress::Ended`] or an error. Dropping it stops the polling, not the
    /// sync.
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
    pub fn watch(self) -> SyncWatch {
        let Self { connector, pace, begins_within, settles_within, wait } = self;
        let clock = Arc::clone(connector.client.core.clock());
        let (polled, now) = (connector.clone(), Arc::clone(&clock));
        let quiet = Arc::new(Mutex::new(None));
        let watch = Watch::new(
            clock,
            pace,
            "the sync was not over at the deadline; it goes on by itself",
            |progress| matches!(progress, SyncProgress::Ended(_)),
            move |poll: Polled<SyncProgress>| {
                let (connector, now, quiet) = (polled.clone(), Arc::clone(&now), Arc::clone(&quiet));
                async move {
                    let instance = connector.get().await?;
                    let records = match &instance.status {
                        Some(ConnectorInstanceStatus::Deleting) => {
                            let message = "the connector is being deleted; its sync will not end";
                            return Err(Error::new(Kind::Conflict, message));
                        }
                        None | Some(ConnectorInstanceStatus::Idle) => {
                            connector.stats().await?.stats.and_then(|counts| counts.total)
                        }
                        Some(_) => {
                            *lock(&quiet) = None;
                            return Ok(SyncProgress::Running(instance));
                        }
                    };
                    let (rest, moved) = Quiet::note(&mut lock(&quiet), records, now.now());
                    Ok(match poll.last {
                        Some(SyncProgress::Resyncing(_)) => over(instance, rest, settles_within, true),
                        _ if moved => SyncProgress::Resyncing(instance),
                        Some(SyncProgress::Running(_) | SyncProgress::Settling(_)) => {
                            over(instance, rest, settles_within, false)
                        }
                        _ if poll.elapsed >= begins_within => SyncProgress::Ended(SyncOutcome::NotSeen(instance)),
                        _ => SyncProgress::Idle(instance),
                    })
                }
            },
        );
        let watch = match wait {
            Some(state) => watch.resume(state),
            None => watch,
        };
        SyncWatch { connector, watch }
    }
}

/// Since when the number of records has been the same.
struct Quiet {
    records: Option<i128>,
    since: Instant,
}

impl Quiet {
    /// Notes a number of records. Returns how long it has been the same, and whether it has changed just now.
    fn note(known: &mut Option<Self>, records: Option<i128>, now: Instant) -> (Duration, bool) {
        match known {
            Some(known) if known.records == records => (now.saturating_duration_since(known.since), false),
            _ => {
                let moved = known.replace(Self { records, since: now }).is_some();
                (Duration::ZERO, moved)
            }
        }
    }
}

fn lock(quiet: &Mutex<Option<Quiet>>) -> std::sync::MutexGuard<'_, Option<Quiet>> {
    // Nothing that runs under the lock can leave it half-changed.
    quiet.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a sync comes to that is over by the connector's status, after a rest. A status that is absent does not end it.
fn over(instance: ConnectorInstance, rest: Duration, settles_within: Duration, is_resync: bool) -> SyncProgress {
    let settled = rest >= settles_within && instance.status.is_some();
    match (settled, is_resync) {
        (true, true) => SyncProgress::Ended(SyncOutcome::Resynced(instance)),
        (true, false) => SyncProgress::Ended(SyncOutcome::Synced(instance)),
        (false, true) => SyncProgress::Resyncing(instance),
        (false, false) => SyncProgress::Settling(instance),
    }
}

/// The progress of a sync; see [`SyncWait::watch`].
#[must_use = "a sync goes on by itself; this is how to watch it"]
pub struct SyncWatch {
    connector: Connector,
    watch: Watch<SyncProgress>,
}

impl fmt::Debug for SyncWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncWatch").field("watch", &self.watch).finish_non_exhaustive()
    }
}

impl Stream for SyncWatch {
    type Item = Result<SyncProgress, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.watch).poll_next(cx)
    }
}

impl SyncWatch {
    /// What the wait has come to, for [`Client::resume_wait`]: a state that was reported is not reported a second time.
    #[must_use]
    pub fn state(&self) -> SyncState {
        SyncState { connector_id: self.connector.id.clone(), wait: Some(self.watch.state()) }
    }

    /// Waits until no sync runs any more; see [`SyncWait::wait`].
    ///
    /// # Errors
    /// As [`SyncWait::wait`].
    pub async fn last(self) -> Result<SyncOutcome, Error> {
        match self.watch.last().await? {
            SyncProgress::Ended(outcome) => Ok(outcome),
            _ => Err(Error::new(Kind::Decode, "the sync has no end")),
        }
    }
}

/// Indexing to wait for; see [`Connector::wait_for_indexing`].
#[must_use = "indexing goes on by itself; this is how to wait for it"]
#[derive(Clone, Debug)]
pub struct IndexingWait {
    connector: Connector,
    pace: Pace,
}

/// The state of indexing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum IndexingProgress {
    /// Records wait for it or are being indexed, or the response does not say.
    Running(RecordCounts),
    /// Every record is indexed.
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

    /// How many records are not indexed yet; none if the response does not say.
    #[must_use]
    pub fn pending(&self) -> Option<i128> {
        pending(self.counts())
    }
}

/// The states at the end of indexing. Whatever else there is, such as a state that a later server has, is not the end.
const FINISHED: [&str; 6] =
    ["COMPLETED", "FAILED", "FILE_TYPE_NOT_SUPPORTED", "AUTO_INDEX_OFF", "EMPTY", "ENABLE_MULTIMODAL_MODELS"];

/// How many records are not indexed yet; none if the response does not say. Records without a state are only in the total.
fn pending(counts: &RecordCounts) -> Option<i128> {
    let by_status = counts.indexing_status.as_ref()?;
    // Whatever a server counts, neither less than zero nor beyond all numbers.
    let sum = |finished: bool| {
        let counts = by_status.iter().filter(|(status, _)| FINISHED.contains(&status.as_str()) == finished);
        counts.fold(0_i128, |sum, (_, count)| sum.saturating_add((*count).max(0)))
    };
    let without_state = counts.total.map_or(0, |total| total.saturating_sub(sum(true)));
    Some(sum(false).max(without_state))
}

impl Paced for IndexingWait {
    fn pace_mut(&mut self) -> &mut Pace {
        &mut self.pace
    }
}

impl IndexingWait {
    /// Waits until every record is indexed, and returns how many are in which state.
    ///
    /// # Errors
    /// [`Error::is_timeout`] at the deadline, [`Error::is_not_found`] if the connector is gone; otherwise what reading the
    /// statistics fails with, unless that is [in passing](Watch).
    pub async fn wait(self) -> Result<RecordCounts, Error> {
        match self.watch().last().await? {
            IndexingProgress::Running(counts) | IndexingProgress::Ended(counts) => Ok(counts),
        }
    }

    /// The states of the indexing, each once. Ends with [`IndexingProgress::Ended`] or an error.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// use futures::TryStreamExt;
    ///
    /// let mut watch = connector.wait_for_indexing().watch();
    /// while let Some(progress) = watch.try_next().await? {
    ///     println!("{:?} records to go", progress.pending());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn watch(self) -> Watch<IndexingProgress> {
        let clock = Arc::clone(self.connector.client.core.clock());
        let connector = self.connector;
        Watch::new(
            clock,
            self.pace,
            "indexing was not over at the deadline; it goes on by itself",
            |progress| matches!(progress, IndexingProgress::Ended(_)),
            move |_: Polled<IndexingProgress>| {
                let connector = connector.clone();
                async move {
                    let counts = connector.stats().await?.stats.unwrap_or_default();
                    let over = pending(&counts) == Some(0);
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
/// use connectors::Paced;
///
/// let deletion = connector.delete().await?;
/// println!("{:?}", deletion.data().message);
/// deletion.deadline(Duration::from_secs(600)).wait().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a deletion goes on by itself; this is how to wait for it"]
#[derive(Clone, Debug)]
pub struct Deletion {
    connector: Connector,
    data: types::DeletedConnector,
    pace: Pace,
}

/// The state of a deletion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DeletionProgress {
    /// The connector can still be read.
    Running(Box<ConnectorInstance>),
    /// It is gone.
    Gone,
}

impl Paced for Deletion {
    fn pace_mut(&mut self) -> &mut Pace {
        &mut self.pace
    }
}

impl Deletion {
    pub(super) fn new(connector: Connector, data: types::DeletedConnector) -> Self {
        Self { connector, data, pace: Pace::default() }
    }

    /// What the server returned when the deletion began.
    #[must_use]
    pub fn data(&self) -> &types::DeletedConnector {
        &self.data
    }

    /// Waits until the connector is gone.
    ///
    /// # Errors
    /// [`Error::is_timeout`] at the deadline, [`Error::is_conflict`] if the deletion failed and the server has restored the
    /// connector (its `status` is then absent; an upload meanwhile only sets another); otherwise what reading
    /// the connector fails with, unless that is [in passing](Watch).
    pub async fn wait(self) -> Result<(), Error> {
        self.watch().last().await.map(drop)
    }

    /// The states of the deletion, each once. Ends with [`DeletionProgress::Gone`] or an error.
    #[must_use]
    pub fn watch(self) -> Watch<DeletionProgress> {
        let clock = Arc::clone(self.connector.client.core.clock());
        let connector = self.connector;
        Watch::new(
            clock,
            self.pace,
            "the connector was not gone at the deadline; the deletion goes on by itself",
            |progress| *progress == DeletionProgress::Gone,
            move |poll: Polled<DeletionProgress>| {
                let connector = connector.clone();
                async move {
                    let before = match &poll.last {
                        Some(DeletionProgress::Running(before)) => before.status.is_some(),
                        _ => false,
                    };
                    match connector.get().await {
                        Err(error) if error.is_not_found() => Ok(DeletionProgress::Gone),
                        Err(error) => Err(error),
                        // An upload meanwhile sets the status to idle, and the deletion goes on.
                        Ok(now) if before && now.status.is_none() => {
                            let message = "the deletion failed, and the server has restored the connector";
                            Err(Error::new(Kind::Conflict, message))
                        }
                        Ok(now) => Ok(DeletionProgress::Running(Box::new(now))),
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
    fn what_is_not_finished_is_pending() {
        let counts = |value| serde_json::from_value::<RecordCounts>(value).map(|counts| pending(&counts)).unwrap();
        let finished = json!({"total": 6, "indexingStatus": {"COMPLETED": 4, "FAILED": 1, "AUTO_INDEX_OFF": 1}});
        assert_eq!(counts(finished), Some(0));
        assert_eq!(
            counts(json!({"indexingStatus": {"NOT_STARTED": 1, "QUEUED": 2, "IN_PROGRESS": 3, "EMPTY": 4}})),
            Some(6)
        );
        // What nobody knows is not finished, nor what is paused, nor what has no state.
        assert_eq!(counts(json!({"total": 7, "indexingStatus": {"COMPLETED": 4, "PAUSED": 1, "NEW": 2}})), Some(3));
        assert_eq!(counts(json!({"total": 7, "indexingStatus": {"COMPLETED": 4}})), Some(3));
        assert_eq!(counts(json!({"total": 0, "indexingStatus": {}})), Some(0));
        assert_eq!(counts(json!({"total": 0})), None);
        assert_eq!(counts(json!({})), None);
    }
}
