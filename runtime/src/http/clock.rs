//! Time and chance, injected so that tests need neither.

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

/// A future that only passes time.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where a client takes the time and its randomness from.
///
/// Programs use [`SystemClock`]; a test can bring a clock of its own and never wait.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// A time that only goes forward.
    fn now(&self) -> Instant;

    /// The time of day, which dates in headers and assertions are compared with.
    fn time_of_day(&self) -> SystemTime;

    /// Waits between attempts and polls.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// Ends when something has taken too long. Apart from [`Clock::sleep`], because a test that skips waits does not
    /// want what it waits for cut off.
    fn timeout(&self, duration: Duration) -> Sleep;

    /// A number from 0 up to 1 that nobody can foresee. One outside is taken for the nearer end, and what is no number for 1.
    fn random(&self) -> f64;
}

/// The machine's clock, tokio's timers, and randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
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
