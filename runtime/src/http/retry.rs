//! When a call is retried, and when not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{AGE, DATE, HeaderMap, RETRY_AFTER};

/// The size of a full budget: 100 retries, or 50 after timeouts.
const BUDGET: u32 = 500;

/// How often a call is retried, and after which delays.
///
/// ```
/// use connectors_runtime::RetryPolicy;
///
/// let mut never = RetryPolicy::default();
/// never.attempts = 1;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The maximum number of attempts of a call; 4. With 1 it is never retried; 0 counts as 1.
    pub attempts: u32,
    /// The longest delay before the second attempt; 0.5 s. It doubles with each further attempt. The actual delay is
    /// random, between 0 and this.
    pub first_delay: Duration,
    /// The longest delay before any attempt; 20 s.
    pub longest_delay: Duration,
    /// The longest delay that a server may request with `Retry-After`; 60 s. If it requests more, the call fails, and
    /// [`Error::retry_after`](crate::Error::retry_after) has the delay.
    pub longest_wait: Duration,
    /// Whether all calls of a client share a retry budget; true. The budget allows 100 retries (50 after timeouts);
    /// five successful calls restore one. Without budget, calls fail with the error of their first attempt: a server
    /// that is down gets one request a call, not four.
    pub budget: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(20),
            longest_wait: Duration::from_secs(60),
            budget: true,
        }
    }
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing was sent, or the server did not process it.
    NotConnected,
    /// It may have been sent, and no whole response arrived.
    Broken,
    /// It may have been sent, and no response arrived in time.
    TimedOut,
    /// The request cannot be written; nothing was sent.
    Unsendable,
    /// The response is too large. A retry would return the same.
    TooLarge,
    /// The server returned this failure status.
    Status(StatusCode),
}

impl Failure {
    /// Whether a retry is safe and may succeed.
    pub(super) fn may_retry(self, idempotent: bool) -> bool {
        match self {
            Self::NotConnected => true,
            Self::Status(status) if status == StatusCode::TOO_MANY_REQUESTS => true,
            Self::Status(status) => idempotent && matches!(status.as_u16(), 408 | 500 | 502 | 503 | 504),
            Self::Broken | Self::TimedOut => idempotent,
            Self::TooLarge | Self::Unsendable => false,
        }
    }

    /// Whether the server may have processed the call.
    pub(super) fn leaves_doubt(self) -> bool {
        match self {
            Self::NotConnected | Self::Unsendable => false,
            Self::Broken | Self::TimedOut | Self::TooLarge => true,
            // A proxy or a gateway that returns these may not know. 499 is a cancelled call.
            Self::Status(status) => status.is_server_error() || matches!(status.as_u16(), 408 | 499),
        }
    }
}

impl RetryPolicy {
    /// The delay before attempt `next`, counted from 1. If `random` is not a number, it is the longest delay.
    pub(super) fn delay(&self, next: u32, random: f64) -> Duration {
        let exponent = i32::try_from(next.saturating_sub(2)).unwrap_or(i32::MAX);
        let longest = self.longest_delay.as_secs_f64();
        let most = (self.first_delay.as_secs_f64() * 2_f64.powi(exponent)).min(longest);
        let part = if random.is_nan() { 1.0 } else { random.clamp(0.0, 1.0) };
        Duration::try_from_secs_f64(most * part).unwrap_or(self.longest_delay)
    }
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date. A date is compared with the server's own `Date`, and with
/// this machine's time only if the response has none: clocks of two machines differ.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let sent = text(DATE).and_then(|date| httpdate::parse_http_date(date).ok());
    // A response from a cache is older than it seems (RFC 9111, section 5.1).
    let age = Duration::from_secs(text(AGE).and_then(|age| age.parse().ok()).unwrap_or_default());
    let sent = sent.map(|sent| sent.checked_add(age).unwrap_or(now));
    Some(date.duration_since(sent.unwrap_or(now)).unwrap_or_default())
}

/// The retry budget: each retry reduces it, and successful calls refill it.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Budget {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(BUDGET))
    }

    /// Takes the cost of a retry after this failure; false if the budget is too small.
    pub(super) fn spend(&self, failure: Failure) -> bool {
        let cost = if failure == Failure::TimedOut { 10 } else { 5 };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost)).is_ok()
    }

    pub(super) fn refill(&self) {
        let more = |left: u32| (left < BUDGET).then_some(left + 1);
        // If the budget is full, nothing has to be added.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_twenty_seconds() {
        let longest: Vec<f64> = (2..10).map(|next| RetryPolicy::default().delay(next, 1.0).as_secs_f64()).collect();
        assert_eq!(longest, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]);
        assert_eq!(RetryPolicy::default().delay(5, 0.0), Duration::ZERO);
    }

    #[test]
    fn a_clock_may_return_any_number_as_random() {
        for (random, seconds) in
            [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (7.0, 1.0), (-7.0, 0.0), (f64::NEG_INFINITY, 0.0)]
        {
            assert_eq!(RetryPolicy::default().delay(3, random).as_secs_f64(), seconds, "{random}");
        }
        assert_eq!(RetryPolicy::default().delay(u32::MAX, 1.0).as_secs_f64(), 20.0);
    }

    #[test]
    fn only_safe_calls_are_retried() {
        for (failure, always, idempotent) in [
            (Failure::NotConnected, true, true),
            (Failure::Status(StatusCode::TOO_MANY_REQUESTS), true, true),
            (Failure::Broken, false, true),
            (Failure::TimedOut, false, true),
            (Failure::Status(StatusCode::SERVICE_UNAVAILABLE), false, true),
            (Failure::Status(StatusCode::NOT_IMPLEMENTED), false, false),
            (Failure::Status(StatusCode::NOT_FOUND), false, false),
        ] {
            assert_eq!(failure.may_retry(false), always, "{failure:?}");
            assert_eq!(failure.may_retry(true), idempotent, "{failure:?}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let with = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(with("7"), Some(Duration::from_secs(7)));
        assert_eq!(with("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(with("Sun, 06 Nov 1994 08:49:27 GMT"), Some(Duration::ZERO));
        assert_eq!(with("soon"), None);
        // By the server's own clock, which differs from this machine's.
        for (date, wait) in [("Sun, 06 Nov 1994 08:39:47 GMT", 600), ("Sun, 06 Nov 1994 08:49:57 GMT", 0), ("now", 10)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:47 GMT".parse().unwrap());
            headers.insert(DATE, date.parse().unwrap());
            assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(wait)), "{date}");
        }
        let mut cached = HeaderMap::new();
        cached.insert(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:47 GMT".parse().unwrap());
        cached.insert(DATE, "Sun, 06 Nov 1994 08:39:47 GMT".parse().unwrap());
        cached.insert(AGE, "590".parse().unwrap());
        assert_eq!(retry_after(&cached, now), Some(Duration::from_secs(10)));
        assert_eq!(with("99999999999999999999999"), Some(Duration::MAX));
    }

    #[test]
    fn the_budget_runs_out_and_is_refilled_by_success() {
        let budget = Budget::new();
        assert!((0..100).all(|_| budget.spend(Failure::Broken)));
        assert!(!budget.spend(Failure::Broken));
        (0..5).for_each(|_| budget.refill());
        assert!(!budget.spend(Failure::TimedOut));
        assert!(budget.spend(Failure::Broken));
    }
}
