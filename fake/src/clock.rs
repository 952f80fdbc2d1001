//! The clock of a fake: real time plus an offset.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use crate::lock;

#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Hands>);

#[derive(Debug, Default)]
struct Hands {
    /// Microseconds ahead of real time.
    ahead: i64,
    /// The last instant that [`Clock::stamp`] gave out.
    stamped: i64,
}

impl Clock {
    /// Microseconds since 1970.
    pub(crate) fn micros(&self) -> i64 {
        let ahead = lock(&self.0).ahead;
        Timestamp::now().as_microsecond().saturating_add(ahead)
    }

    /// Milliseconds since 1970.
    pub(crate) fn millis(&self) -> i64 {
        self.micros().div_euclid(1_000)
    }

    /// Whole seconds since 1970, as JWTs count.
    pub(crate) fn seconds(&self) -> i64 {
        self.micros().div_euclid(1_000_000)
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut hands = lock(&self.0);
        hands.ahead = hands.ahead.saturating_add(micros(by));
    }

    /// Now in RFC 3339, later than every stamp before it: "it has moved" must not depend on how fast a test runs.
    pub(crate) fn stamp(&self) -> String {
        let now = self.micros();
        let mut hands = lock(&self.0);
        hands.stamped = now.max(hands.stamped.saturating_add(1));
        let instant = Timestamp::from_microsecond(hands.stamped).unwrap_or(Timestamp::MAX);
        format!("{instant:.6}")
    }
}

/// A duration in the clock's unit.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
