//! Waits: poll, sleep for the poll interval, poll again.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime};

use futures_core::Stream;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind};
use crate::http::Clock;

/// The number of polls in a row that may fail transiently.
const FAILURES: usize = 5;
/// The longest delay that a server may request. If it requests more, the wait fails.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// The shortest poll interval. An interval of zero would keep a processor and a server busy.
const LEAST_INTERVAL: Duration = Duration::from_millis(100);
/// The shortest timeout of a poll, however close the deadline is.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// A wait, as a stream of progress states: each state once, until it changes.
///
/// The stream ends with the final state, or with an error. Dropping it only stops the polling.
///
/// After one poll has succeeded, transient failures do not end the wait: no connection or a broken one, a timeout, a
/// response of 408, 429 or 5xx. The next poll comes after the poll interval, or after the delay that the server
/// requests ([`Error::retry_after`]) if that is longer. The error is returned when five polls in a row have failed, or
/// when the server requests more than an hour. Any other error is returned at once, and so is that of the first poll.
///
/// At the deadline it yields a timeout error ([`Error::is_timeout`]) whose source is the last poll error, if the last
/// poll failed.
///
/// # Resume after a restart
/// [`Watch::state`] implements serde if `P` does. [`Watch::resume`] continues from it: nothing is started again, no
/// state is reported a second time, and the deadline still counts from the time at which the wait first began.
///
/// ```
/// use connectors_runtime::{Error, Watch, WaitState};
/// use futures::TryStreamExt;
///
/// # async fn example(watch: Watch<String>, stored: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
/// let mut watch = match stored {
///     Some(stored) => watch.resume(serde_json::from_str::<WaitState<String>>(stored)?),
///     None => watch,
/// };
/// while let Some(progress) = watch.try_next().await? {
///     println!("{progress}");
///     std::fs::write("wait.json", serde_json::to_string(&watch.state())?)?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct Watch<P> {
    plan: Plan<P>,
    /// The time at which the wait first began.
    began_at: SystemTime,
    /// The last reported state.
    last: Option<P>,
    progress: Progress<P>,
}

type Progress<P> = Pin<Box<dyn Stream<Item = Result<P, Error>> + Send>>;
type PollFn<P> = Arc<Mutex<dyn FnMut(Polled<P>) -> Polling<P> + Send>>;
type Polling<P> = Pin<Box<dyn Future<Output = Result<P, Error>> + Send>>;

impl<P> fmt::Debug for Watch<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("pace", &self.plan.pace).finish_non_exhaustive()
    }
}

// States are moved, never pinned.
impl<P> Unpin for Watch<P> {}

impl<P: Clone> Stream for Watch<P> {
    type Item = Result<P, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.progress.as_mut().poll_next(cx));
        if let Some(Ok(progress)) = &next {
            self.last = Some(progress.clone());
        }
        Poll::Ready(next)
    }
}

/// The state of a wait, as a value that a program can store; see [`Watch::state`].
///
/// It does not contain the object of the wait. The caller or the service's own wait stores that beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WaitState<P> {
    /// The time at which the wait first began, in milliseconds since 1970 (UTC). The deadline counts from here.
    pub began_at: u64,
    /// The last reported state; `None` before the first one.
    pub last: Option<P>,
}

/// The argument of a poll.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Polled<P> {
    /// The result of the last successful poll, also from before a restart of the program.
    pub last: Option<P>,
    /// The time since the wait first began, also before a restart of the program.
    pub elapsed: Duration,
}

/// The poll interval, and the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The time between two polls; 5 s by default, and at least 100 ms.
    pub interval: Duration,
    /// The deadline, counted from the beginning of the wait. `None` (the default) polls without a deadline.
    pub deadline: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { interval: Duration::from_secs(5), deadline: None }
    }
}

/// Adds `poll_every` and `deadline` to a type that can be polled until it ends.
///
/// ```
/// use std::time::Duration;
/// use connectors_runtime::{Pace, Paced};
///
/// struct Restart {
///     pace: Pace,
/// }
///
/// impl Paced for Restart {
///     fn pace_mut(&mut self) -> &mut Pace {
///         &mut self.pace
///     }
/// }
///
/// let restart = Restart { pace: Pace::default() }.poll_every(Duration::from_secs(1)).deadline(Duration::from_secs(60));
/// assert_eq!(restart.pace.deadline, Some(Duration::from_secs(60)));
/// ```
pub trait Paced: Sized {
    /// The pace to change.
    fn pace_mut(&mut self) -> &mut Pace;

    /// Sets the poll interval; 5 s by default, and at least 100 ms.
    #[must_use]
    fn poll_every(mut self, interval: Duration) -> Self {
        self.pace_mut().interval = interval;
        self
    }

    /// Sets the deadline of the wait; none by default. At the deadline only the polling stops.
    ///
    /// The last poll is at the deadline itself. It may take a second. Then the wait fails with a timeout error.
    #[must_use]
    fn deadline(mut self, deadline: Duration) -> Self {
        self.pace_mut().deadline = Some(deadline);
        self
    }
}

/// The settings of a wait, shared by its restarts.
struct Plan<P> {
    clock: Arc<dyn Clock>,
    pace: Pace,
    timeout_message: &'static str,
    is_end: fn(&P) -> bool,
    poll: PollFn<P>,
}

// A derived implementation would require the same of `P`.
impl<P> Clone for Plan<P> {
    fn clone(&self) -> Self {
        let Self { clock, pace, timeout_message, is_end, poll } = self;
        Self { clock: Arc::clone(clock), pace: *pace, timeout_message, is_end: *is_end, poll: Arc::clone(poll) }
    }
}

impl<P: Clone + PartialEq + Send + 'static> Watch<P> {
    /// A wait that starts now and polls until a state satisfies `is_end`. `timeout_message` is the message of the error
    /// at the deadline.
    pub fn new<L, F>(
        clock: Arc<dyn Clock>,
        pace: Pace,
        timeout_message: &'static str,
        is_end: fn(&P) -> bool,
        mut poll: L,
    ) -> Self
    where
        L: FnMut(Polled<P>) -> F + Send + 'static,
        F: Future<Output = Result<P, Error>> + Send + 'static,
    {
        let began_at = clock.time_of_day();
        let poll = Arc::new(Mutex::new(move |polled| -> Polling<P> { Box::pin(poll(polled)) }));
        Self::begin(Plan { clock, pace, timeout_message, is_end, poll }, began_at, Duration::ZERO, None)
    }

    fn begin(plan: Plan<P>, began_at: SystemTime, elapsed: Duration, last: Option<P>) -> Self {
        let wait = Wait {
            // A deadline beyond the range of `Instant` is no deadline.
            until: plan
                .pace
                .deadline
                .and_then(|deadline| plan.clock.now().checked_add(deadline.saturating_sub(elapsed))),
            began: plan.clock.now(),
            elapsed,
            is_over: last.as_ref().is_some_and(plan.is_end),
            plan: plan.clone(),
            last: last.clone(),
            failures: Vec::new(),
            is_first: true,
        };
        Self { plan, began_at, last, progress: Box::pin(stream::unfold(wait, Wait::next)) }
    }

    /// The state of the wait, for [`Watch::resume`]: the time at which it began, and the last reported state.
    #[must_use]
    pub fn state(&self) -> WaitState<P> {
        let began_at = self.began_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        WaitState { began_at: u64::try_from(began_at.as_millis()).unwrap_or(u64::MAX), last: self.last.clone() }
    }

    /// Resumes a wait for the same object that this program or another one started before.
    ///
    /// It polls at once, then at the poll interval. A state is reported only if it differs from the last reported one.
    /// If that one was final, nothing is polled: the stream has ended, and [`Watch::last`] returns it. The deadline
    /// counts from the first beginning of the wait, by the time of day. After the deadline, there is one more poll.
    #[must_use]
    pub fn resume(self, state: WaitState<P>) -> Self {
        let WaitState { began_at, last } = state;
        let now = self.plan.clock.time_of_day();
        // A time out of range or in the future is replaced by the present time.
        let began_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(began_at)).unwrap_or(now).min(now);
        let elapsed = now.duration_since(began_at).unwrap_or_default();
        Self::begin(self.plan, began_at, elapsed, last)
    }

    /// Waits for the final state.
    ///
    /// # Errors
    /// Those of [`Watch`].
    pub async fn last(mut self) -> Result<P, Error> {
        while let Some(progress) = self.next().await {
            progress?;
        }
        self.last.ok_or_else(|| Error::new(Kind::Decode, "the wait ended before any state was seen"))
    }
}

/// A wait in progress.
struct Wait<P> {
    plan: Plan<P>,
    began: Instant,
    /// The duration of the wait before it was resumed.
    elapsed: Duration,
    until: Option<Instant>,
    /// The result of the last successful poll.
    last: Option<P>,
    /// The errors of the polls since then.
    failures: Vec<Error>,
    is_first: bool,
    is_over: bool,
}

impl<P: Clone + PartialEq> Wait<P> {
    /// The time left until the deadline.
    fn left(&self) -> Duration {
        self.until.map_or(Duration::MAX, |until| until.saturating_duration_since(self.plan.clock.now()))
    }

    /// The time until the next poll.
    fn interval(&self) -> Duration {
        let asked = self.failures.last().and_then(Error::retry_after).unwrap_or_default();
        self.plan.pace.interval.max(LEAST_INTERVAL).max(asked)
    }

    fn end(mut self, error: Error) -> Option<(Result<P, Error>, Self)> {
        self.is_over = true;
        Some((Err(error), self))
    }

    fn end_at_deadline(mut self) -> Option<(Result<P, Error>, Self)> {
        let timeout = Error::new(Kind::Timeout, self.plan.timeout_message);
        let timeout = match self.failures.pop() {
            Some(failure) => timeout.caused_by(failure),
            None => timeout,
        };
        self.end(timeout)
    }

    /// Polls once.
    fn poll(&self) -> Polling<P> {
        let passed = self.plan.clock.now().saturating_duration_since(self.began);
        let polled = Polled { last: self.last.clone(), elapsed: self.elapsed.saturating_add(passed) };
        // The lock is not held while the poll is in flight. If `poll` panics, the caller is responsible for its state.
        (self.plan.poll.lock().unwrap_or_else(PoisonError::into_inner))(polled)
    }

    async fn next(mut self) -> Option<(Result<P, Error>, Self)> {
        if self.is_over {
            return None;
        }
        loop {
            if !std::mem::take(&mut self.is_first) {
                let left = self.left();
                if left.is_zero() {
                    return self.end_at_deadline();
                }
                // The last poll is at the deadline itself, not an interval earlier.
                self.plan.clock.sleep(self.interval().min(left)).await;
            }
            let poll = self.poll();
            // A poll may use the remaining time, and at least a second, because no time remains at the deadline.
            let patience = self.left().max(LEAST_PATIENCE);
            let progress = match select(poll, self.plan.clock.timeout(patience)).await {
                Either::Left((Ok(progress), _)) => progress,
                Either::Left((Err(error), _)) => {
                    let goes_on = self.last.is_some() && passes(&error) && self.failures.len() + 1 < FAILURES;
                    if !goes_on {
                        return self.end(error);
                    }
                    tracing::debug!(failure = ?error.kind(), "a poll failed; the wait continues");
                    self.failures.push(error);
                    continue;
                }
                Either::Right(_) => return self.end_at_deadline(),
            };
            self.failures.clear();
            self.is_over = (self.plan.is_end)(&progress);
            if self.last.as_ref() != Some(&progress) {
                self.last = Some(progress.clone());
                return Some((Ok(progress), self));
            }
            if self.is_over {
                return None;
            }
        }
    }
}

/// Whether the next poll may succeed after this failure.
fn passes(error: &Error) -> bool {
    let broke = matches!(error.kind(), Kind::Connect | Kind::Timeout | Kind::Broken);
    let busy = error.is_server() || matches!(error.status(), Some(408 | 429));
    (broke || busy) && error.retry_after().is_none_or(|wait| wait <= LONGEST_RETRY_AFTER)
}
