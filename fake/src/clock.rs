//! The clock of a fake: real time, plus the time by which a test advances it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use connectors::{Clock as _, TestClock};
use jiff::Timestamp;

use crate::lock;

#[derive(Debug)]
pub(crate) struct Clock {
    shared: TestClock,
    /// The first reading of `shared`, which changes only when a test advances it.
    start: Instant,
    /// The last instant that [`Clock::stamp`] returned.
    stamped: Mutex<i64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(TestClock::new())
    }
}

impl Clock {
    /// Real time, plus the time by which this clock is advanced from now on.
    pub(crate) fn new(shared: TestClock) -> Self {
        Self { start: shared.now(), shared, stamped: Mutex::default() }
    }

    /// The clock that the fake reads.
    pub(crate) fn shared(&self) -> TestClock {
        self.shared.clone()
    }

    /// Microseconds since 1970.
    pub(crate) fn micros(&self) -> i64 {
        let passed = self.shared.now().saturating_duration_since(self.start);
        Timestamp::now().as_microsecond().saturating_add(micros(passed))
    }

    /// Milliseconds since 1970.
    #[cfg(feature = "pipeshub")]
    pub(crate) fn millis(&self) -> i64 {
        self.micros().div_euclid(1_000)
    }

    /// Whole seconds since 1970, as JWTs count.
    pub(crate) fn seconds(&self) -> i64 {
        self.micros().div_euclid(1_000_000)
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.shared.advance(by);
    }

    /// The present time in RFC 3339, and later than every earlier stamp: a comparison of two stamps must not depend on
    /// the speed of a test.
    pub(crate) fn stamp(&self) -> String {
        let now = self.micros();
        let mut stamped = lock(&self.stamped);
        *stamped = now.max(stamped.saturating_add(1));
        let instant = Timestamp::from_microsecond(*stamped).unwrap_or(Timestamp::MAX);
        format!("{instant:.6}")
    }
}

/// A duration in the clock's unit.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
