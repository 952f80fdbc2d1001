//! A clock for tests, which controls its time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::{Clock, Sleep};

/// A clock for tests: no test waits for it.
///
/// - A wait (between attempts, between polls) ends at once. It is recorded, and the time advances:
///   [`TestClock::waits`].
/// - A timeout expires only when [`TestClock::advance`] reaches its time, or at [`TestClock::expire`].
/// - [`Clock::random`] is 1, so each delay is the longest possible.
///
/// Clones share one clock.
///
/// ```
/// use std::time::Duration;
/// use connectors_runtime::{Clock, Connection, TestClock};
///
/// let clock = TestClock::new();
/// let connection = Connection::new().clock(clock.clone());
/// clock.advance(Duration::from_secs(3600));
/// # drop(connection);
/// assert!(clock.waits().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Times>);

#[derive(Debug)]
struct Times {
    start: Instant,
    state: Mutex<State>,
    over: watch::Sender<Over>,
}

#[derive(Debug)]
struct State {
    /// The time since the clock was created.
    passed: Duration,
    /// The time of day at which the clock was created.
    day: SystemTime,
    waits: Vec<Duration>,
    timeouts: Vec<Duration>,
}

/// The expired timeouts.
#[derive(Clone, Copy, Debug, Default)]
struct Over {
    /// The timeouts that end by this time.
    until: Duration,
    /// The timeouts that started before this many calls of `expire`.
    expired: usize,
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl TestClock {
    /// A clock that starts at the present time and does not advance by itself.
    #[must_use]
    pub fn new() -> Self {
        let state = State { passed: Duration::ZERO, day: SystemTime::now(), waits: Vec::new(), timeouts: Vec::new() };
        Self(Arc::new(Times { start: Instant::now(), state: Mutex::new(state), over: watch::Sender::default() }))
    }

    /// Advances the time. Timeouts that are due expire.
    pub fn advance(&self, by: Duration) {
        let until = {
            let mut state = self.state();
            state.passed += by;
            state.passed
        };
        self.0.over.send_modify(|over| over.until = until);
    }

    /// Expires all current timeouts. The time does not advance.
    pub fn expire(&self) {
        self.0.over.send_modify(|over| over.expired += 1);
    }

    /// Sets only the time of day, like on a machine whose clock is wrong.
    pub fn set_time_of_day(&self, now: SystemTime) {
        let mut state = self.state();
        state.day = now.checked_sub(state.passed).unwrap_or(SystemTime::UNIX_EPOCH);
    }

    /// All waits so far, in the order in which they started.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        self.state().waits.clone()
    }

    /// All timeouts so far, in the order in which they started, whether they expired or not.
    #[must_use]
    pub fn timeouts(&self) -> Vec<Duration> {
        self.state().timeouts.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code under the lock can leave the state half-changed.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.0.start + self.state().passed
    }

    fn time_of_day(&self) -> SystemTime {
        let state = self.state();
        state.day + state.passed
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let mut state = self.state();
        state.waits.push(duration);
        state.passed = state.passed.saturating_add(duration);
        Box::pin(std::future::ready(()))
    }

    fn timeout(&self, duration: Duration) -> Sleep {
        let end = {
            let mut state = self.state();
            state.timeouts.push(duration);
            // An end beyond the range of a `Duration` never comes.
            state.passed.checked_add(duration)
        };
        let times = Arc::clone(&self.0);
        let mut over = times.over.subscribe();
        let begun = over.borrow().expired;
        Box::pin(async move {
            let is_over = |it: &Over| it.expired > begun || end.is_some_and(|end| end <= it.until);
            drop(over.wait_for(is_over).await);
            // Dropped last, because a timeout would end at once without its clock.
            drop(times);
        })
    }

    fn random(&self) -> f64 {
        1.0
    }
}
