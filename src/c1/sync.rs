//! Waiting for a sync.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use serde::{Deserialize, Serialize};

use crate::{Error, Pace, Paced, WaitState, Watch};
use connectors_runtime::Kind;
use connectors_runtime::Polled;

use super::client::Client;
use super::connector::Connector;
use super::ids::{AppId, ConnectorId};
use super::types::{self, ConnectorStatus, SyncStatus};

impl Client {
    /// Resumes a wait for a sync, from the state that [`SyncWait::state`] returned in this run of the program or in an
    /// earlier one. Sends nothing, and forces no sync.
    pub fn resume_wait(&self, state: SyncState) -> SyncWait {
        SyncWait::resume(self, state)
    }
}

impl Connector {
    /// Forces a sync now, and returns a [`SyncWait`] for it. If a sync is already running, the wait is for the next one: the
    /// running sync may have read the source before the change that this call is for.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// use connectors::Paced;
    /// use std::time::Duration;
    ///
    /// println!("{}", connector.force_sync().await?.deadline(Duration::from_secs(3600)).wait().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if the response was lost. To be able to wait for the sync also in that case, call
    /// [`Connector::next_sync`] before `force_sync`. A program that can be killed in between stores the
    /// [state](SyncWait::state) of that wait first: the next run then finds it, and does not force a second sync.
    pub async fn force_sync(&self) -> Result<SyncWait, Error> {
        let wait = self.next_sync().await?;
        let (app, id) = self.ids();
        self.client().api.connectors().force_sync(app, id, &types::ForceSyncRequest::default()).await?;
        Ok(wait)
    }

    /// Returns a wait for the next sync, no matter what starts it. Reads the last sync, and forces none.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// let next = connector.next_sync().await?;
    /// // C1 starts a sync by itself.
    /// connector.resume().await?;
    /// println!("{}", next.wait().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The errors of [`Connector::get`].
    pub async fn next_sync(&self) -> Result<SyncWait, Error> {
        // The old outcome stays visible until the new sync starts: only a change shows that the old sync has ended.
        Ok(SyncWait::after(self.clone(), self.get().await?.status))
    }

    /// Returns a wait for the first sync of a new connector, which the service starts once the configuration works. On a
    /// connector that has synced before, it is the latest sync. Sends nothing.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// println!("{}", connector.first_sync().wait().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn first_sync(&self) -> SyncWait {
        SyncWait::first(self.clone())
    }
}

/// How long after the end of a sync the next one may begin, if the first one may have begun before the call; see
/// [`SyncWait::wait`].
const NEXT_BEGINS: Duration = Duration::from_secs(30);

/// A sync to wait for; see [`Connector::force_sync`].
///
/// A sync has ended when `completed_at` has changed and the status is a final one. Syncs take minutes to hours.
///
/// ```no_run
/// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
/// use std::time::Duration;
///
/// use connectors::Paced;
/// use connectors::c1::SyncOutcome;
///
/// let sync = connector.force_sync().await?.poll_every(Duration::from_secs(30)).deadline(Duration::from_secs(3600));
/// match sync.wait().await? {
///     SyncOutcome::Done(status) => println!("done at {:?}", status.completed_at),
///     outcome => eprintln!("{outcome}"),
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Resume after a restart
/// [`SyncWait::state`] is a value with serde. A program that was killed resumes the wait with it, and forces no second
/// sync.
///
/// ```no_run
/// use connectors::Paced;
/// use connectors::c1::{Client, Connector, SyncState};
///
/// async fn sync(c1: Client, connector: Connector) -> Result<(), Box<dyn std::error::Error>> {
///     let sync = match std::fs::read("sync.json") {
///         Ok(stored) => c1.resume_wait(serde_json::from_slice(&stored)?),
///         Err(_) => connector.force_sync().await?,
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
    which: Which,
    wait: Option<WaitState<Progress>>,
    pace: Pace,
}

/// The state of a wait for a sync: the sync that it is for, and the last reported progress. A program can store it; see
/// [`SyncWait::state`] and [`Client::resume_wait`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyncState {
    app_id: AppId,
    connector_id: ConnectorId,
    which: Which,
    wait: Option<WaitState<Progress>>,
}

/// The sync to wait for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Which {
    /// The latest sync, whichever it is.
    First,
    /// The first sync that begins after the call.
    After {
        /// The status before the call.
        before: Option<Box<ConnectorStatus>>,
        /// Whether the connector was polled since then.
        is_polled: bool,
        /// A sync that began before or after the call: the first poll has already seen it.
        doubted: Option<Doubted>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Doubted {
    /// Its latest status.
    status: Box<ConnectorStatus>,
    /// The elapsed time of the wait when it was first seen to have ended.
    over_at: Option<Duration>,
}

/// How a sync ended.
#[must_use = "a sync that has ended may have failed"]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// It read everything that it had to read.
    Done(ConnectorStatus),
    /// It failed; `last_error` has the reason.
    Failed(ConnectorStatus),
    /// Syncs of this connector were disabled before it ended, or before it was forced. The connector's
    /// `sync_disabled_reason` has the reason; [`Connector::resume`] enables them.
    Disabled(ConnectorStatus),
    /// The service paused it because it found much less than the sync before. A person has to approve it; see
    /// [`Connector::confirm_sync`].
    ///
    /// The document mentions this state (`ERRORED_NO_DATA`), but does not list it among the values of a status. A
    /// service that uses only the listed values reports it as [`SyncOutcome::Failed`], with a `last_error`.
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

    /// Whether it read everything that it had to read.
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
            Self::HeldBack(_) => f.write_str("held back: it found much less than the sync before"),
            Self::Failed(status) => write!(f, "failed: {}", status.last_error.as_deref().unwrap_or("no reason given")),
        }
    }
}

/// The progress of a sync.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Progress {
    /// It has not begun: the connector still shows the sync before, which may be running.
    Queued,
    /// It is running, or in a state that this version does not know.
    Running(ConnectorStatus),
    /// It has ended.
    Ended(SyncOutcome),
}

impl Paced for SyncWait {
    fn pace_mut(&mut self) -> &mut Pace {
        &mut self.pace
    }
}

impl SyncWait {
    /// Waits for the sync that begins after `before` was read.
    pub(super) fn after(connector: Connector, before: Option<ConnectorStatus>) -> Self {
        let which = Which::After { before: before.map(Box::new), is_polled: false, doubted: None };
        Self { connector, which, wait: None, pace: Pace::default() }
    }

    /// Waits for the latest sync.
    pub(super) fn first(connector: Connector) -> Self {
        Self { connector, which: Which::First, wait: None, pace: Pace::default() }
    }

    pub(super) fn resume(client: &Client, state: SyncState) -> Self {
        let SyncState { app_id, connector_id, which, wait } = state;
        Self { connector: client.app(app_id).connector(connector_id), which, wait, pace: Pace::default() }
    }

    /// The connector that syncs.
    #[must_use]
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// The state to store for [`Client::resume_wait`]: the sync that this waits for. Poll interval and deadline are not
    /// part of it.
    #[must_use]
    pub fn state(&self) -> SyncState {
        let (app_id, connector_id) = self.connector.ids();
        SyncState { app_id, connector_id, which: self.which.clone(), wait: self.wait.clone() }
    }

    /// Polls until the sync has ended.
    ///
    /// If another sync was running when this one was forced, it ends first. The service may merge your request into the
    /// running sync; then no new sync begins, so set a deadline.
    ///
    /// If the first poll sees a new sync, that sync may have begun just before it was forced. It counts only if no
    /// other sync begins within 30 s after its end.
    ///
    /// # Errors
    /// [`Error::is_timeout`] at the deadline. [`Error::is_conflict`] if the connector was deleted. Other errors of
    /// [`Connector::get`], unless they are [transient](Watch).
    pub async fn wait(self) -> Result<SyncOutcome, Error> {
        self.watch().last().await
    }

    /// A stream of the sync's progress; each state is reported once. It ends with [`Progress::Ended`] or an error.
    /// Dropping it stops the polling, not the sync.
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
    ///         Progress::Running(status) => println!("running since {:?}", status.started_at),
    ///         Progress::Ended(outcome) => println!("{outcome}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(self) -> SyncWatch {
        let Self { connector, which, wait, pace } = self;
        let clock = Arc::clone(connector.client().core.clock());
        let which = Arc::new(Mutex::new(which));
        let (polled, reads) = (connector.clone(), Arc::clone(&which));
        let watch = Watch::new(
            clock,
            pace,
            "the sync has not ended at the deadline; it continues",
            |progress| matches!(progress, Progress::Ended(_)),
            move |poll| {
                let (connector, which) = (polled.clone(), Arc::clone(&reads));
                async move {
                    let connector = connector.get().await?;
                    if is_set(connector.deleted_at.as_deref()) {
                        return Err(Error::new(Kind::Conflict, "the connector was deleted; its sync will not end"));
                    }
                    Ok(lock(&which).read(connector, poll))
                }
            },
        );
        let watch = match wait {
            Some(state) => watch.resume(state),
            None => watch,
        };
        SyncWatch { connector, which, watch }
    }
}

fn lock(which: &Mutex<Which>) -> MutexGuard<'_, Which> {
    // Code under the lock does not panic halfway through a change.
    which.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Which {
    /// Returns the progress of this sync, from the connector as it was polled.
    fn read(&mut self, connector: types::Connector, poll: Polled<Progress>) -> Progress {
        let Some(status) = connector.status else { return Progress::Queued };
        let is_off = is_set(connector.sync_disabled_at.as_deref());
        let Self::After { before, is_polled, doubted } = self else { return progress(status, None, is_off) };
        if !std::mem::replace(is_polled, true) && moved(&status, before.as_deref(), started) {
            *doubted = Some(Doubted { status: Box::new(status.clone()), over_at: None });
        }
        if let Some(doubt) = doubted {
            if started(&status) == started(&doubt.status) {
                *doubt.status = status.clone();
                let progress = progress(status, before.as_deref(), is_off);
                if !matches!(progress, Progress::Ended(SyncOutcome::Done(_) | SyncOutcome::Failed(_))) {
                    return progress;
                }
                let over_at = *doubt.over_at.get_or_insert(poll.elapsed);
                return if poll.elapsed.saturating_sub(over_at) < NEXT_BEGINS {
                    poll.last.unwrap_or(Progress::Queued)
                } else {
                    progress
                };
            }
            // Another sync has begun, which is certainly the one to wait for.
            *before = doubted.take().map(|doubt| doubt.status);
        }
        progress(status, before.as_deref(), is_off)
    }
}

/// The progress of the sync that begins after `before`, from a status.
fn progress(status: ConnectorStatus, before: Option<&ConnectorStatus>, is_off: bool) -> Progress {
    let completed = moved(&status, before, |status| status.completed_at.as_deref());
    // A sync that ran before, or may have, ends first: the forced one starts after it.
    let ran = |status: &ConnectorStatus| matches!(status.status, Some(SyncStatus::Running | SyncStatus::Unknown(_)));
    let later = moved(&status, before, started) || !before.is_some_and(ran);
    let over = completed && later;
    match &status.status {
        Some(SyncStatus::Done) if over => Progress::Ended(SyncOutcome::Done(status)),
        Some(SyncStatus::Error) if over => Progress::Ended(SyncOutcome::Failed(status)),
        Some(SyncStatus::Unknown(name)) if over && name.ends_with("ERRORED_NO_DATA") => {
            Progress::Ended(SyncOutcome::HeldBack(status))
        }
        // After a resume the status may stay the same until the next sync starts. Then only `sync_disabled_at` says
        // that syncs are disabled.
        Some(SyncStatus::Disabled) if before != Some(&status) || is_off => {
            Progress::Ended(SyncOutcome::Disabled(status))
        }
        Some(SyncStatus::Running | SyncStatus::Unknown(_)) if later => Progress::Running(status),
        _ => Progress::Queued,
    }
}

fn started(status: &ConnectorStatus) -> Option<&str> {
    status.started_at.as_deref()
}

/// Whether a time is set and differs from the one before.
fn moved(status: &ConnectorStatus, before: Option<&ConnectorStatus>, of: fn(&ConnectorStatus) -> Option<&str>) -> bool {
    is_set(of(status)) && of(status) != before.and_then(of)
}

/// The service writes an unset text as null, or as an empty text.
fn is_set(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

/// A stream of a sync's progress; see [`SyncWait::watch`].
#[must_use = "the sync runs without it; poll this stream to watch it"]
pub struct SyncWatch {
    connector: Connector,
    which: Arc<Mutex<Which>>,
    watch: Watch<Progress>,
}

impl fmt::Debug for SyncWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncWatch").field("watch", &self.watch).finish_non_exhaustive()
    }
}

impl Stream for SyncWatch {
    type Item = Result<Progress, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.watch).poll_next(cx)
    }
}

impl SyncWatch {
    /// The state to store for [`Client::resume_wait`]. After a resume, progress that was reported is not reported a
    /// second time.
    #[must_use]
    pub fn state(&self) -> SyncState {
        let (app_id, connector_id) = self.connector.ids();
        SyncState { app_id, connector_id, which: lock(&self.which).clone(), wait: Some(self.watch.state()) }
    }

    /// Polls until the sync has ended; see [`SyncWait::wait`].
    ///
    /// # Errors
    /// The errors of [`SyncWait::wait`].
    pub async fn last(self) -> Result<SyncOutcome, Error> {
        match self.watch.last().await? {
            Progress::Ended(outcome) => Ok(outcome),
            _ => Err(Error::new(Kind::Decode, "the sync has no end")),
        }
    }
}
