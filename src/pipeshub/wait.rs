//! Waits for the service's background work: a sync, indexing, a deletion.

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
use super::said::accepted;
use super::types::{self, ConnectorInstance, ConnectorInstanceStatus, RecordCounts};

impl Connector {
    /// Starts to delete the connector and its records. Returns a [`Deletion`] to wait for, because the service deletes
    /// after its response.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// connector.delete().await?.wait().await?;
    /// assert!(connector.get().await.is_err_and(|error| error.is_not_found()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_conflict`] if it is locked or in use. [`Error::is_not_found`] if there is no connector with this id.
    /// Neither is returned if the response to an earlier attempt was lost, so that the attempt may have started the
    /// deletion, and a read of the connector confirms it.
    pub async fn delete(&self) -> Result<Deletion, Error> {
        let deleted = match self.client.api.connectors().delete(&self.id).send().await {
            Ok(response) => accepted(response)?.0,
            // A retry after a lost response finds the deletion that the first attempt began.
            Err(error) if error.follows_doubt() && (error.is_conflict() || error.is_not_found()) => {
                match self.get().await {
                    Err(gone) if gone.is_not_found() => {}
                    Ok(left) if left.status == Some(types::ConnectorInstanceStatus::Deleting) => {}
                    _ => return Err(error),
                }
                types::DeletedConnector { connector_id: Some(self.id.to_string()), ..Default::default() }
            }
            Err(error) => return Err(error),
        };
        Ok(Deletion::new(self.clone(), deleted))
    }

    /// Returns a wait for a deletion that has started already, such as in an earlier run of the program. Sends nothing. A
    /// second [`Connector::delete`] would be a conflict.
    ///
    /// ```
    /// # use connectors::pipeshub::{Client, Credentials};
    /// # use connectors_fake::pipeshub::Instance;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let instance = Instance::start().await?;
    /// # let credentials = Credentials::client(instance.client_id(), instance.client_secret()).instance(instance.url());
    /// # let client = Client::builder(credentials).clock(instance.clock()).build()?;
    /// # let connector = client.connector("s3-02");
    /// # instance.set_deletion_polls(2);
    /// # drop(connector.delete().await?);
    /// match connector.delete().await {
    ///     Err(error) if error.is_conflict() => connector.wait_for_deletion().wait().await?,
    ///     started => started?.wait().await?,
    /// }
    /// # assert!(connector.get().await.unwrap_err().is_not_found());
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_for_deletion(&self) -> Deletion {
        Deletion::new(self.clone(), types::DeletedConnector::default())
    }
}

impl Client {
    /// Resumes a wait for a sync, from the state that [`SyncWait::state`] returned in this run of the program or in an
    /// earlier one. Sends nothing.
    pub fn resume_wait(&self, state: SyncState) -> SyncWait {
        SyncWait::resume(self, state)
    }
}

/// The default time for a sync to begin, and for the number of records to stay the same at its end.
const PATIENCE: Duration = Duration::from_secs(15);

impl Connector {
    /// Returns a wait that ends when no sync is running. Synced records are not yet indexed: see
    /// [`Connector::wait_for_indexing`].
    ///
    /// The connector's `status` alone does not show that. A resync cancels a running sync, and the `status` is `IDLE`
    /// during the whole second sync. So after the `status` has become `IDLE`, the wait continues until the number of
    /// records has not changed for [`SyncWait::settles_within`]. If it changes, the outcome is
    /// [`SyncOutcome::Resynced`]. A failed sync ends with `IDLE`, too; the service does not report which syncs failed.
    ///
    /// A sync that was requested and has not begun looks like one that has ended. So if the connector is idle at first,
    /// a sync has [`SyncWait::begins_within`] to begin; [`SyncOutcome`] reports whether a running sync was seen.
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

    /// Returns a wait that ends when every record of the connector is indexed, according to [`Connector::stats`].
    /// Records count as indexed if they failed, have an unsupported type, or are excluded from indexing. Records do not
    /// count as indexed if they are paused, in a state that this version does not know, or without a state.
    ///
    /// This says nothing about the sync, which adds records while it runs: wait for that first, with
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

/// Whether the status shows a running sync.
pub(super) fn is_syncing(instance: &ConnectorInstance) -> bool {
    use ConnectorInstanceStatus::{FullSyncing, Syncing};
    matches!(instance.status, Some(Syncing | FullSyncing))
}

/// A sync to wait for; see [`Connector::wait_for_sync`].
///
/// # Resume after a restart
/// [`SyncWait::state`] is a value with serde. A program that was killed resumes the wait with it.
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
#[must_use = "the sync runs without it; call `wait` to wait for it"]
#[derive(Clone, Debug)]
pub struct SyncWait {
    connector: Connector,
    pace: Pace,
    begins_within: Duration,
    settles_within: Duration,
    wait: Option<WaitState<SyncProgress>>,
}

/// The state of a wait for a sync: a program can store it; see [`SyncWait::state`] and [`Client::resume_wait`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyncState {
    connector_id: ConnectorId,
    wait: Option<WaitState<SyncProgress>>,
}

/// The progress of a sync, with the connector as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SyncProgress {
    /// No sync is running yet; one may still begin.
    Idle(ConnectorInstance),
    /// It is running, or in a state that this version does not know.
    Running(ConnectorInstance),
    /// By the `status`, no sync is running. A resync may be running until the number of records has stayed the same for
    /// [`SyncWait::settles_within`].
    Settling(ConnectorInstance),
    /// The number of records changes although no sync is running by the `status`: a resync has cancelled a sync, and
    /// runs instead.
    Resyncing(ConnectorInstance),
    /// It has ended, or no running sync was seen.
    Ended(SyncOutcome),
}

/// How the wait for a sync ended, with the connector as it was last read.
#[must_use = "perhaps no running sync was seen"]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// A running sync was seen, and has ended. The service does not report whether it failed.
    Synced(ConnectorInstance),
    /// A resync cancelled the sync, or one before it, and ran instead. It has ended, too.
    Resynced(ConnectorInstance),
    /// No running sync was seen within [`SyncWait::begins_within`]. Either none has begun, or it ran before the first
    /// poll or between two polls: the service does not report which.
    NotSeen(ConnectorInstance),
}

impl SyncOutcome {
    /// The connector as it was last read.
    #[must_use]
    pub fn instance(&self) -> &ConnectorInstance {
        match self {
            Self::Synced(instance) | Self::Resynced(instance) | Self::NotSeen(instance) => instance,
        }
    }

    /// Whether a running sync was seen, and has ended: this one, or the resync that cancelled it.
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

    /// Sets how long a sync may take to begin; 15 s by default. With zero, the wait ends if the connector is idle at
    /// the first poll.
    pub fn begins_within(mut self, time: Duration) -> Self {
        self.begins_within = time;
        self
    }

    /// Sets how long the number of records has to stay the same after the `status` has become `IDLE`; 15 s by default.
    /// With zero, only the `status` counts.
    pub fn settles_within(mut self, time: Duration) -> Self {
        self.settles_within = time;
        self
    }

    /// The connector that syncs.
    #[must_use]
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// The state to store for [`Client::resume_wait`]. Poll interval, deadline and other times are not part of it.
    #[must_use]
    pub fn state(&self) -> SyncState {
        SyncState { connector_id: self.connector.id.clone(), wait: self.wait.clone() }
    }

    /// Polls until no sync is running.
    ///
    /// # Errors
    /// [`Error::is_timeout`] at the deadline. [`Error::is_conflict`] if the connector is being deleted. Other errors of
    /// [`Connector::get`], unless they are [transient](Watch).
    pub async fn wait(self) -> Result<SyncOutcome, Error> {
        self.watch().last().await
    }

    /// A stream of the sync's progress; each state is reported once. It ends with [`SyncProgress::Ended`] or an error.
    /// Dropping it stops the polling, not the sync.
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
            "the sync has not ended at the deadline; it continues",
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

/// When the number of records last changed.
struct Quiet {
    records: Option<i128>,
    since: Instant,
}

impl Quiet {
    /// Records a number of records. Returns how long it has been the same, and whether it has changed just now.
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
    // Code under the lock does not panic halfway through a change.
    quiet.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The progress of a sync that has ended by the connector's status, once the records have settled. A missing status
/// does not end it.
fn over(instance: ConnectorInstance, rest: Duration, settles_within: Duration, is_resync: bool) -> SyncProgress {
    let settled = rest >= settles_within && instance.status.is_some();
    match (settled, is_resync) {
        (true, true) => SyncProgress::Ended(SyncOutcome::Resynced(instance)),
        (true, false) => SyncProgress::Ended(SyncOutcome::Synced(instance)),
        (false, true) => SyncProgress::Resyncing(instance),
        (false, false) => SyncProgress::Settling(instance),
    }
}

/// A stream of a sync's progress; see [`SyncWait::watch`].
#[must_use = "the sync runs without it; poll this stream to watch it"]
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
    /// The state to store for [`Client::resume_wait`]. After a resume, progress that was reported is not reported a
    /// second time.
    #[must_use]
    pub fn state(&self) -> SyncState {
        SyncState { connector_id: self.connector.id.clone(), wait: Some(self.watch.state()) }
    }

    /// Polls until no sync is running; see [`SyncWait::wait`].
    ///
    /// # Errors
    /// The errors of [`SyncWait::wait`].
    pub async fn last(self) -> Result<SyncOutcome, Error> {
        match self.watch.last().await? {
            SyncProgress::Ended(outcome) => Ok(outcome),
            _ => Err(Error::new(Kind::Decode, "the sync has no end")),
        }
    }
}

/// A wait for indexing; see [`Connector::wait_for_indexing`].
///
/// # Resume after a restart
/// [`Watch::state`] of [`IndexingWait::watch`] is a value with serde. A program that was killed resumes the wait with it:
/// no state is reported a second time, and the deadline counts from the first beginning.
///
/// ```no_run
/// use connectors::WaitState;
/// use connectors::pipeshub::{Connector, IndexingProgress};
/// use futures::TryStreamExt;
///
/// async fn index(connector: Connector) -> Result<(), Box<dyn std::error::Error>> {
///     let mut watch = connector.wait_for_indexing().watch();
///     if let Ok(stored) = std::fs::read("indexing.json") {
///         watch = watch.resume(serde_json::from_slice::<WaitState<IndexingProgress>>(&stored)?);
///     }
///     while let Some(progress) = watch.try_next().await? {
///         println!("{:?} records to go", progress.pending());
///         std::fs::write("indexing.json", serde_json::to_vec(&watch.state())?)?;
///     }
///     std::fs::remove_file("indexing.json")?;
///     Ok(())
/// }
/// ```
#[must_use = "indexing runs without it; call `wait` to wait for it"]
#[derive(Clone, Debug)]
pub struct IndexingWait {
    connector: Connector,
    pace: Pace,
}

/// The progress of indexing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum IndexingProgress {
    /// Records are waiting or being indexed, or the response does not report it.
    Running(RecordCounts),
    /// Every record is indexed.
    Ended(RecordCounts),
}

impl IndexingProgress {
    /// The number of records by indexing state.
    #[must_use]
    pub fn counts(&self) -> &RecordCounts {
        match self {
            Self::Running(counts) | Self::Ended(counts) => counts,
        }
    }

    /// How many records are not indexed yet; `None` if the response does not report it.
    #[must_use]
    pub fn pending(&self) -> Option<i128> {
        pending(self.counts())
    }
}

/// The final states of indexing. Any other state, such as one of a later server version, is not final.
const FINISHED: [&str; 6] =
    ["COMPLETED", "FAILED", "FILE_TYPE_NOT_SUPPORTED", "AUTO_INDEX_OFF", "EMPTY", "ENABLE_MULTIMODAL_MODELS"];

/// How many records are not indexed yet; `None` if the response does not report it. Records without a state are counted
/// only in the total.
fn pending(counts: &RecordCounts) -> Option<i128> {
    let by_status = counts.indexing_status.as_ref()?;
    // A server may return any number: clamp it at zero and at the maximum.
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
    /// Polls until every record is indexed, and returns the number of records by state.
    ///
    /// # Errors
    /// [`Error::is_timeout`] at the deadline. [`Error::is_not_found`] if the connector was deleted. Other errors of
    /// [`Connector::stats`], unless they are [transient](Watch).
    pub async fn wait(self) -> Result<RecordCounts, Error> {
        match self.watch().last().await? {
            IndexingProgress::Running(counts) | IndexingProgress::Ended(counts) => Ok(counts),
        }
    }

    /// A stream of the indexing's progress; each state is reported once. It ends with [`IndexingProgress::Ended`] or an
    /// error.
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
            "indexing has not ended at the deadline; it continues",
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

/// A deletion that has begun; see [`Connector::delete`]. It has ended when a read of the connector returns 404.
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
#[must_use = "the deletion runs without it; call `wait` to wait for it"]
#[derive(Clone, Debug)]
pub struct Deletion {
    connector: Connector,
    data: types::DeletedConnector,
    pace: Pace,
}

/// The progress of a deletion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DeletionProgress {
    /// The connector can still be read.
    Running(Box<ConnectorInstance>),
    /// It was deleted.
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

    /// The server's response when the deletion began; empty for [`Connector::wait_for_deletion`].
    #[must_use]
    pub fn data(&self) -> &types::DeletedConnector {
        &self.data
    }

    /// Polls until the connector is deleted.
    ///
    /// # Errors
    /// [`Error::is_timeout`] at the deadline. [`Error::is_conflict`] if the deletion failed and the server has restored
    /// the connector: its `status` is then absent. Other errors of [`Connector::get`], unless they are
    /// [transient](Watch).
    pub async fn wait(self) -> Result<(), Error> {
        self.watch().last().await.map(drop)
    }

    /// A stream of the deletion's progress; each state is reported once. It ends with [`DeletionProgress::Gone`] or an
    /// error. [`Watch::state`] is a value with serde, for [`Watch::resume`] of [`Connector::wait_for_deletion`]'s stream.
    #[must_use]
    pub fn watch(self) -> Watch<DeletionProgress> {
        let clock = Arc::clone(self.connector.client.core.clock());
        let connector = self.connector;
        Watch::new(
            clock,
            self.pace,
            "the connector was not deleted at the deadline; the deletion continues",
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
                        // An upload in between sets the status to idle, and the deletion continues.
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
    fn records_in_non_final_states_are_pending() {
        let counts = |value| serde_json::from_value::<RecordCounts>(value).map(|counts| pending(&counts)).unwrap();
        let finished = json!({"total": 6, "indexingStatus": {"COMPLETED": 4, "FAILED": 1, "AUTO_INDEX_OFF": 1}});
        assert_eq!(counts(finished), Some(0));
        assert_eq!(
            counts(json!({"indexingStatus": {"NOT_STARTED": 1, "QUEUED": 2, "IN_PROGRESS": 3, "EMPTY": 4}})),
            Some(6)
        );
        // An unknown state is not final, and neither are `PAUSED` and a missing state.
        assert_eq!(counts(json!({"total": 7, "indexingStatus": {"COMPLETED": 4, "PAUSED": 1, "NEW": 2}})), Some(3));
        assert_eq!(counts(json!({"total": 7, "indexingStatus": {"COMPLETED": 4}})), Some(3));
        assert_eq!(counts(json!({"total": 0, "indexingStatus": {}})), Some(0));
        assert_eq!(counts(json!({"total": 0})), None);
        assert_eq!(counts(json!({})), None);
    }
}
