//! Time and chance, injected so that tests need neither.

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

/// A future that only passes time.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where a client takes the time and its randomness from. Every wait, timeout and deadline of a client goes by it.
///
/// Programs use [`SystemClock`]. Tests use [`TestClock`](crate::TestClock), or keep [`SystemClock`] and pause tokio's time.
///
/// One limit goes by tokio's timer instead: that of [`Limits::connect`](crate::Limits::connect), which the HTTP client
/// applies.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// A time that only goes forward.
    fn now(&self) -> Instant;

    /// The time of day. Dates in headers and assertions are compared with it.
    fn time_of_day(&self) -> SystemTime;

    /// Waits between attempts and between polls.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// Ends when something has taken too long. It is apart from [`Clock::sleep`], because a test that skips waits does not
    /// want its requests to time out.
    fn timeout(&self, duration: Duration) -> Sleep;

    /// An unpredictable number from 0 up to 1. A number outside counts as the nearer end, and one that is not a number as 1.
    fn random(&self) -> f64;
}

/// The machine's clock, tokio's timers, and randomness of the operating system.
///
/// In a tokio runtime with paused time (`#[tokio::test(start_paused = true)]`) it stands still as tokio's timers do, and
/// all waits are over at once.
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
        // Without randomness every client waits the longest, which is safe if not clever.
        let bits = getrandom::u32().unwrap_or(u32::MAX);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}
