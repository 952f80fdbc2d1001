//! One token for all calls of a client: fetched once for all waiting calls, and refreshed before it expires.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use http::header::HeaderValue;

use crate::error::Error;
use crate::http::{Clock, Exchange};

use super::token::{Provider, Token, TokenProvider};
use super::work::Work;

/// The longest time by which refreshing a token that is still valid delays a call.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest time between a failed refresh and the next one, while the token is still valid.
const BACK_OFF: Duration = Duration::from_secs(10);
/// The longest time before its expiry at which a token is refreshed.
const RENEW_AHEAD: Duration = Duration::from_secs(60);
/// The shortest time between two fetches because the server rejected a token.
const KEPT_REJECTED: Duration = Duration::from_secs(10);
/// The time for which a fetch without waiting callers is kept.
const KEPT: Duration = Duration::from_secs(60);

/// The current token, and its generation.
#[derive(Clone, Debug)]
struct Current {
    header: HeaderValue,
    generation: u64,
    /// The time of the next refresh.
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
    fetched_at: Instant,
    /// Whether the server had rejected the token before it.
    follows_rejected: bool,
}

impl Current {
    fn is_fresh(&self, now: Instant) -> bool {
        self.renew_at.is_none_or(|at| now < at)
    }

    fn is_valid(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }

    fn give(&self) -> (HeaderValue, u64) {
        (self.header.clone(), self.generation)
    }

    /// Postpones a refresh that is due. The current token stays in use.
    fn put_off(&mut self, now: Instant) {
        if self.is_fresh(now) {
            return;
        }
        let left = self.expires_at.map_or(Duration::MAX, |at| at.saturating_duration_since(now));
        self.renew_at = now.checked_add(BACK_OFF.min(left / 4));
    }
}

/// A token that can be sent.
#[derive(Clone, Debug)]
struct Fetched {
    header: HeaderValue,
    lifetime: Option<Duration>,
}

impl Fetched {
    /// Rejects a token that cannot be sent, before it is cached.
    fn new(token: &Token) -> Result<Self, Error> {
        Ok(Self { header: token.header()?, lifetime: token.lifetime() })
    }
}

/// The fetch in flight.
#[derive(Debug)]
struct Flight {
    fetch: Work<Fetched>,
    /// The generation of the token that it fetches.
    generation: u64,
    waiting: usize,
    /// The time since which no caller waits for it. The response may have arrived at any time after it.
    alone_since: Option<Instant>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Current>,
    flight: Option<Flight>,
    /// The number of started fetches.
    generation: u64,
    /// Whether the server has rejected the last token, which is no longer here.
    rejected: bool,
}

impl State {
    fn put_off(&mut self, now: Instant) {
        if let Some(current) = &mut self.current {
            current.put_off(now);
        }
    }
}

/// A provider, and the last token that it returned.
#[derive(Debug)]
pub(super) struct Cache {
    provider: Provider,
    clock: Arc<dyn Clock>,
    /// The longest time before expiry at which a token is refreshed.
    margin: Duration,
    /// The time limit of a call.
    call: Duration,
    /// The longest time for which a call with a valid token waits for a new one.
    patience: Duration,
    state: Mutex<State>,
}

/// The result of a request for a token.
enum Ask<'a> {
    Token((HeaderValue, u64)),
    Wait(Waiting<'a>),
}

/// A caller that waits for a fetch.
struct Waiting<'a> {
    cache: &'a Cache,
    fetch: Work<Fetched>,
    generation: u64,
    /// Whether there is a valid token to use if the fetch fails.
    has_valid: bool,
    /// Whether no caller was waiting for the fetch.
    resumed: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = self.cache.clock.now();
        self.cache.locked(|state| {
            if let Some(flight) = state.flight.as_mut().filter(|flight| flight.generation == self.generation) {
                flight.waiting -= 1;
                if flight.waiting == 0 {
                    flight.alone_since.get_or_insert(now);
                }
            }
        });
    }
}

impl Cache {
    /// For the calls of a client.
    pub(super) fn of_client(provider: Provider, exchange: &Exchange) -> Self {
        Self::new(provider, Arc::clone(&exchange.clock), exchange.limits.call, RENEW_AHEAD)
    }

    /// For calls with the time limit `call`. The refresh of a valid token uses at most a quarter of it.
    pub fn new(provider: Provider, clock: Arc<dyn Clock>, call: Duration, margin: Duration) -> Self {
        Self { provider, clock, margin, call, patience: PATIENCE.min(call / 4), state: Mutex::default() }
    }

    /// The cached token with its generation, unless it is due for a refresh.
    pub fn at_hand(&self) -> Option<(HeaderValue, u64)> {
        let now = self.clock.now();
        self.locked(|state| state.current.as_ref().filter(|current| current.is_fresh(now)).map(Current::give))
    }

    /// The token to use now, and its generation.
    pub async fn get(&self) -> Result<(HeaderValue, u64), Error> {
        loop {
            let waiting = match self.ask() {
                Ask::Token(token) => return Ok(token),
                Ask::Wait(waiting) => waiting,
            };
            let fetch = waiting.fetch.wait(&self.clock, self.call);
            let fetched = if waiting.has_valid {
                // A refresh that hangs must not use up the time of a call that has a valid token.
                match select(pin!(fetch), self.clock.timeout(self.patience)).await {
                    Either::Left((fetched, _)) => fetched,
                    Either::Right(_) => {
                        // The fetch is kept for the next caller that needs it: when the token is due again, rejected or
                        // expired.
                        let now = self.clock.now();
                        self.locked(|state| state.put_off(now));
                        match self.valid() {
                            Some(valid) => return Ok(valid),
                            // The token has expired meanwhile. This call now waits like one without a token.
                            None => continue,
                        }
                    }
                }
            } else {
                fetch.await
            };
            let Some(fetched) = fetched else {
                // Its runtime no longer runs the fetch, so it is started again on this runtime.
                let lost = self.locked(|state| state.flight.take_if(|it| it.generation == waiting.generation));
                drop(lost);
                continue;
            };
            self.settle(waiting.generation, &fetched);
            match fetched {
                Ok(fetched) => return Ok((fetched.header, waiting.generation)),
                // A valid token stays in use after a failed refresh, unless the server has rejected it meanwhile.
                Err(error) => match self.valid() {
                    Some(valid) => return Ok(valid),
                    // A failure that happened without waiting callers may be out of date.
                    None if waiting.resumed && !error.may_have_happened() => {}
                    None => return Err(error),
                },
            }
        }
    }

    /// The cached token, or a share in the next fetch.
    fn ask(&self) -> Ask<'_> {
        let now = self.clock.now();
        let mut stale = None;
        let ask = self.locked(|state| {
            let State { current, flight, generation, .. } = state;
            if let Some(fresh) = current.as_ref().filter(|current| current.is_fresh(now)) {
                return Ask::Token(fresh.give());
            }
            let valid = current.as_ref().filter(|current| current.is_valid(now));
            if let (Some(valid), true) = (valid, flight.as_ref().is_some_and(|flight| flight.waiting > 0)) {
                // Another call is refreshing it. While the token is valid, this call does not wait.
                return Ask::Token(valid.give());
            }
            stale = flight.take_if(|flight| {
                let alone = flight.alone_since.filter(|_| flight.waiting == 0);
                alone.is_some_and(|since| now.saturating_duration_since(since) > KEPT || !flight.fetch.is_here())
                    || flight.fetch.is_orphaned()
            });
            let resumed = flight.is_some();
            let flight = flight.get_or_insert_with(|| {
                *generation += 1;
                Flight { fetch: self.fetch(), generation: *generation, waiting: 0, alone_since: None }
            });
            let resumed = resumed && flight.waiting == 0;
            flight.waiting += 1;
            let (fetch, generation) = (flight.fetch.clone(), flight.generation);
            Ask::Wait(Waiting { cache: self, fetch, generation, has_valid: valid.is_some(), resumed })
        });
        // Outside the lock, because dropping it runs a provider's code.
        drop(stale);
        ask
    }

    /// A fetch that has not started.
    fn fetch(&self) -> Work<Fetched> {
        let provider = self.provider.clone();
        Work::new(async move { Fetched::new(&provider.fetch().await?) })
    }

    /// Records the result of a fetch. Every waiting caller calls this, and only the first call has an effect.
    fn settle(&self, generation: u64, fetched: &Result<Fetched, Error>) {
        let now = self.clock.now();
        let done = self.locked(|state| {
            let done = state.flight.take_if(|flight| flight.generation == generation)?;
            match fetched {
                Ok(Fetched { header, lifetime }) => {
                    let since = done.alone_since.unwrap_or(now);
                    // An expiry beyond the range of `Instant` is no expiry.
                    let ahead = lifetime.map(|it| it.saturating_sub(self.margin.min(it / 10)));
                    let renew_at = ahead.and_then(|it| since.checked_add(it));
                    let expires_at = lifetime.and_then(|it| since.checked_add(it));
                    let follows_rejected = std::mem::take(&mut state.rejected);
                    let header = header.clone();
                    state.current =
                        Some(Current { header, generation, renew_at, expires_at, fetched_at: now, follows_rejected });
                }
                Err(_) => state.put_off(now),
            }
            Some(done)
        });
        drop(done);
    }

    /// The token, if it has not expired.
    fn valid(&self) -> Option<(HeaderValue, u64)> {
        let now = self.clock.now();
        self.locked(|state| state.current.as_ref().filter(|current| current.is_valid(now)).map(Current::give))
    }

    /// Removes a token that the server rejected, unless it was replaced already. Returns true if the next token is
    /// another one.
    ///
    /// A new token does not help if the server rejects each of them, as for an operation that this client may not call. So
    /// the token stays if it is new and the one before it was rejected, too: other calls do not wait for a further fetch.
    pub fn invalidate(&self, generation: u64) -> bool {
        if !self.provider.renews() {
            return false;
        }
        let now = self.clock.now();
        self.locked(|state| {
            let Some(current) = state.current.as_ref().filter(|current| current.generation == generation) else {
                return true;
            };
            if current.follows_rejected && now.saturating_duration_since(current.fetched_at) < KEPT_REJECTED {
                return false;
            }
            state.current = None;
            state.rejected = true;
            true
        })
    }

    fn locked<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // No code under the lock can leave the state half-changed.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::time::SystemTime;

    use futures::{FutureExt, pin_mut, poll};
    use tokio::sync::{oneshot, watch};

    use crate::http::Sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const INSTANT: Duration = Duration::from_millis(1);

    /// A clock that stands still. Timeouts that are due expire when the test advances it.
    #[derive(Clone, Debug)]
    struct TestClock {
        start: Instant,
        passed: watch::Sender<Duration>,
    }

    impl TestClock {
        fn advance(&self, by: Duration) {
            self.passed.send_modify(|passed| *passed += by);
        }
    }

    impl Clock for TestClock {
        fn now(&self) -> Instant {
            self.start + *self.passed.borrow()
        }

        fn time_of_day(&self) -> SystemTime {
            SystemTime::now()
        }

        fn sleep(&self, duration: Duration) -> Sleep {
            self.timeout(duration)
        }

        fn timeout(&self, duration: Duration) -> Sleep {
            let clock = self.clone();
            let end = *clock.passed.borrow() + duration;
            Box::pin(async move { drop(clock.passed.subscribe().wait_for(|passed| *passed >= end).await) })
        }

        fn random(&self) -> f64 {
            1.0
        }
    }

    type Answer = Result<Token, Error>;

    /// Returns the results that a test has prepared, when the test releases them.
    #[derive(Clone, Debug, Default)]
    struct Endpoint(Arc<Mutex<Prepared>>);

    #[derive(Debug, Default)]
    struct Prepared {
        answers: VecDeque<oneshot::Receiver<Answer>>,
        asked: usize,
    }

    impl Endpoint {
        /// The result of one more request.
        fn answer(&self) -> oneshot::Sender<Answer> {
            let (give, answer) = oneshot::channel();
            self.0.lock().unwrap().answers.push_back(answer);
            give
        }

        /// Responds to one more request at once.
        fn will(&self, answer: Answer) {
            self.answer().send(answer).unwrap();
        }

        fn asked(&self) -> usize {
            self.0.lock().unwrap().asked
        }
    }

    impl TokenProvider for Endpoint {
        async fn token(&self) -> Answer {
            let answer = {
                let mut prepared = self.0.lock().unwrap();
                prepared.asked += 1;
                prepared.answers.pop_front()
            };
            answer.expect("no further request was expected").await.unwrap()
        }
    }

    /// A token that lives for 1000 s.
    fn token(secret: &str) -> Token {
        Token::new(secret).expires_in(1000 * SECOND)
    }

    fn header(value: &HeaderValue) -> String {
        value.to_str().unwrap().to_owned()
    }

    /// A cache whose token has `left` to live, for calls with the time limit `call`.
    async fn with_token(left: Duration, call: Duration) -> (Cache, Endpoint, TestClock) {
        let clock = TestClock { start: Instant::now(), passed: watch::Sender::default() };
        let endpoint = Endpoint::default();
        let cache = Cache::new(Provider::new(endpoint.clone()), Arc::new(clock.clone()), call, 60 * SECOND);
        endpoint.will(Ok(token("old")));
        cache.get().await.unwrap();
        clock.advance(1000 * SECOND - left);
        (cache, endpoint, clock)
    }

    /// The token that a caller gets without waiting.
    fn at_once(cache: &Cache) -> String {
        header(&cache.get().now_or_never().expect("a token is cached").unwrap().0)
    }

    #[tokio::test]
    async fn a_refresh_that_hangs_delays_one_call_and_continues_later() {
        for (call, patience) in [(120 * SECOND, 10 * SECOND), (4 * SECOND, SECOND)] {
            let (cache, endpoint, clock) = with_token(55 * SECOND, call).await;
            let late = endpoint.answer();
            {
                let first = cache.get();
                pin_mut!(first);
                assert!(poll!(&mut first).is_pending());
                assert_eq!(at_once(&cache), "Bearer old", "a caller is already waiting");
                clock.advance(patience - INSTANT);
                assert!(poll!(&mut first).is_pending(), "it timed out too early");
                clock.advance(INSTANT);
                assert_eq!(header(&first.await.unwrap().0), "Bearer old");
            }
            clock.advance(10 * SECOND - INSTANT);
            assert_eq!(at_once(&cache), "Bearer old");
            assert_eq!(endpoint.asked(), 2);

            clock.advance(INSTANT);
            let next = cache.get();
            pin_mut!(next);
            assert!(poll!(&mut next).is_pending());
            late.send(Ok(token("new"))).unwrap();
            assert_eq!(header(&next.await.unwrap().0), "Bearer new");
            assert_eq!((at_once(&cache).as_str(), endpoint.asked()), ("Bearer new", 2));
        }
    }

    #[tokio::test]
    async fn a_call_whose_token_expires_during_a_refresh_waits_for_the_next_token() {
        let (cache, endpoint, clock) = with_token(5 * SECOND, 120 * SECOND).await;
        let late = endpoint.answer();
        let call = cache.get();
        pin_mut!(call);
        assert!(poll!(&mut call).is_pending());
        clock.advance(10 * SECOND);
        assert!(poll!(&mut call).is_pending(), "there is no token, and its time is not up");
        late.send(Ok(token("new"))).unwrap();
        assert_eq!(header(&call.await.unwrap().0), "Bearer new");
        assert_eq!(endpoint.asked(), 2, "the refresh in flight is used");
    }

    #[tokio::test]
    async fn a_failed_refresh_is_postponed_by_a_part_of_the_remaining_lifetime() {
        for (left, wait) in [(60 * SECOND, 10 * SECOND), (20 * SECOND, 5 * SECOND)] {
            let (cache, endpoint, clock) = with_token(left, 120 * SECOND).await;
            for asked in [2, 3] {
                endpoint.will(Err(Error::auth("not now")));
                assert_eq!(at_once(&cache), "Bearer old");
                assert_eq!(endpoint.asked(), asked);
                if asked == 2 {
                    clock.advance(wait - INSTANT);
                    assert_eq!((at_once(&cache).as_str(), endpoint.asked()), ("Bearer old", 2));
                    clock.advance(INSTANT);
                }
            }
            // After the expiry no token is left, and every caller gets the error.
            clock.advance(left);
            endpoint.will(Err(Error::auth("not now")));
            assert!(cache.get().await.unwrap_err().is_auth());
            assert_eq!(endpoint.asked(), 4);
        }
    }

    #[tokio::test]
    async fn a_panic_of_the_provider_fails_all_waiting_calls_and_the_next_call_fetches_again() {
        let (cache, endpoint, clock) = with_token(SECOND, 120 * SECOND).await;
        clock.advance(SECOND);
        let gone = endpoint.answer();
        let (first, second) = (cache.get(), cache.get());
        pin_mut!(first, second);
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        // The endpoint accepts the request. A response will arrive.
        drop(gone);
        for waiting in [first, second] {
            assert!(waiting.await.unwrap_err().to_string().contains("panicked"));
        }
        endpoint.will(Ok(token("new")));
        assert_eq!((at_once(&cache).as_str(), endpoint.asked()), ("Bearer new", 3));
    }

    #[tokio::test]
    async fn a_call_without_a_token_joins_the_refresh_that_hung() {
        let (cache, endpoint, clock) = with_token(55 * SECOND, 4 * SECOND).await;
        let late = endpoint.answer();
        let (_, generation) = {
            let first = cache.get();
            pin_mut!(first);
            assert!(poll!(&mut first).is_pending());
            clock.advance(SECOND);
            first.await.unwrap()
        };
        assert!(cache.invalidate(generation));
        let next = cache.get();
        pin_mut!(next);
        assert!(poll!(&mut next).is_pending());
        late.send(Ok(token("new"))).unwrap();
        assert_eq!(header(&next.await.unwrap().0), "Bearer new");
        // A late rejection of the previous token does not concern this one.
        assert!(cache.invalidate(generation));
        assert_eq!((at_once(&cache).as_str(), endpoint.asked()), ("Bearer new", 2));
    }

    #[tokio::test]
    async fn a_server_that_rejects_every_token_causes_one_fetch_in_ten_seconds() {
        let (cache, endpoint, clock) = with_token(500 * SECOND, 120 * SECOND).await;
        let (_, first) = cache.get().await.unwrap();
        assert!(cache.invalidate(first));
        endpoint.will(Ok(token("second")));
        let (_, second) = cache.get().await.unwrap();
        clock.advance(10 * SECOND - INSTANT);
        for _ in 0..3 {
            assert!(!cache.invalidate(second), "the next token would be rejected, too");
            assert_eq!((at_once(&cache).as_str(), endpoint.asked()), ("Bearer second", 2));
        }
        clock.advance(INSTANT);
        assert!(cache.invalidate(second));
        endpoint.will(Ok(token("third")));
        cache.get().await.unwrap();
        assert_eq!((at_once(&cache).as_str(), endpoint.asked()), ("Bearer third", 3));
        // A token after one that was not rejected is replaced at once, however new it is.
        clock.advance(1000 * SECOND);
        endpoint.will(Ok(token("fourth")));
        let (_, fourth) = cache.get().await.unwrap();
        assert!(cache.invalidate(fourth));
    }
}
