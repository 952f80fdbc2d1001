//! Time and randomness, injected for tests.

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

/// A future that completes after some time.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A client's source of time and randomness, for all its waits, timeouts and deadlines.
///
/// Programs use [`SystemClock`]. Tests use [`TestClock`](crate::TestClock), or keep [`SystemClock`] and pause tokio's
/// time.
///
/// One limit uses tokio's timer instead: [`Limits::connect`](crate::Limits::connect), which the HTTP client applies.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The monotonic time.
    fn now(&self) -> Instant;

    /// The time of day, for dates in headers and assertions.
    fn time_of_day(&self) -> SystemTime;

    /// Completes after a wait between attempts or polls.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// Completes after a timeout. It is separate from [`Clock::sleep`], because a test that skips waits does not want
    /// its requests to time out.
    fn timeout(&self, duration: Duration) -> Sleep;

    /// An unpredictable number in `0.0..1.0`. A number outside of this range counts as the nearest bound, and NaN as 1.
    fn random(&self) -> f64;
}

/// The system's clock, tokio's timers, and the operating system's randomness.
///
/// In a tokio runtime with paused time (`#[tokio::test(start_paused = true)]`) it uses that time, and all waits end at
/// once.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        // The same as `Instant::now`, unless tokio's time is paused.
        tokio::time::Instant::now().into_std()
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }

    fn timeout(&self, duration: Duration) -> Sleep {
        self.sleep(duration)
    }

    fn random(&self) -> f64 {
        // Without randomness every client uses the longest delay, which is safe.
        let bits = getrandom::u32().unwrap_or(u32::MAX);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}
