//! One token for all calls of a client: fetched once however many wait, renewed ahead of expiry.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{Either, Shared, select};

use crate::Error;
use crate::error::Kind;
use crate::transport::Clock;

use super::{Provider, Token};

/// How long a renewal may keep a call waiting that has a token still good.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a fetch that nobody waits for is kept.
const KEPT: Duration = Duration::from_secs(60);

/// A token that is current, and which one it is.
#[derive(Clone, Debug)]
struct Current {
    token: Token,
    generation: u64,
    /// From here on a new one is fetched.
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
}

impl Current {
    fn is_fresh(&self, now: Instant) -> bool {
        self.renew_at.is_none_or(|at| now < at)
    }

    fn is_valid(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }

    fn give(&self) -> (Token, u64) {
        (self.token.clone(), self.generation)
    }
}

/// Goes on while anybody waits, and lies still while nobody does: a caller who gives up does not lose it for the next.
type Fetch = Shared<Pin<Box<dyn Future<Output = Result<Token, Error>> + Send>>>;

/// The fetch under way.
#[derive(Debug)]
struct Flight {
    fetch: Fetch,
    /// Which token it will be.
    generation: u64,
    waiting: usize,
    /// When it was first left alone: an answer may have lain there from then on.
    alone_since: Option<Instant>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Current>,
    flight: Option<Flight>,
    /// How many fetches were begun.
    generation: u64,
}

/// A provider with the token it gave last.
#[derive(Debug)]
pub(crate) struct Cache {
    provider: Provider,
    clock: Arc<dyn Clock>,
    /// How long before expiry a token is renewed, at most.
    margin: Duration,
    state: Mutex<State>,
}

/// What a caller gets when it asks.
enum Ask<'a> {
    Token((Token, u64)),
    Wait(Waiting<'a>),
}

/// A caller's share in a fetch.
struct Waiting<'a> {
    cache: &'a Cache,
    fetch: Fetch,
    generation: u64,
    /// Whether there is a token to fall back on.
    has_valid: bool,
    /// Whether the fetch lay still before.
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
    pub(crate) fn new(provider: Provider, clock: Arc<dyn Clock>, margin: Duration) -> Self {
        Self { provider, clock, margin, state: Mutex::default() }
    }

    /// The token to use now, and its generation.
    pub(crate) async fn get(&self) -> Result<(Token, u64), Error> {
        loop {
            let waiting = match self.ask() {
                Ask::Token(token) => return Ok(token),
                Ask::Wait(waiting) => waiting,
            };
            let fetch = waiting.fetch.clone();
            let fetched = if waiting.has_valid {
                // A renewal that hangs must not use up the time of a call that has a good token.
                match select(fetch, self.clock.timeout(PATIENCE)).await {
                    Either::Left((fetched, _)) => {
                        self.settle(waiting.generation, &fetched);
                        fetched
                    }
                    Either::Right(_) => Err(Error::new(Kind::Timeout, "the token endpoint does not answer")),
                }
            } else {
                let fetched = fetch.await;
                self.settle(waiting.generation, &fetched);
                fetched
            };
            match fetched {
                Ok(token) => return Ok((token, waiting.generation)),
                // A token that is still good outlives a renewal that failed, unless the server refused it meanwhile.
                Err(error) => match self.valid() {
                    Some(valid) => return Ok(valid),
                    // What failed while nobody waited says nothing about now.
                    None if waiting.resumed && !error.may_have_happened() => {}
                    None => return Err(error),
                },
            }
        }
    }

    /// The token that is there, or a share in the fetch of the next.
    fn ask(&self) -> Ask<'_> {
        let now = self.clock.now();
        let mut stale = None;
        let ask = self.locked(|state| {
            let State { current, flight, generation } = state;
            if let Some(fresh) = current.as_ref().filter(|current| current.is_fresh(now)) {
                return Ask::Token(fresh.give());
            }
            let valid = current.as_ref().filter(|current| current.is_valid(now));
            if let (Some(valid), true) = (valid, flight.as_ref().is_some_and(|flight| flight.waiting > 0)) {
                // Somebody is renewing it already; while it is still good there is no need to wait for them.
                return Ask::Token(valid.give());
            }
            stale = flight.take_if(|flight| {
                let alone = flight.alone_since.filter(|_| flight.waiting == 0);
                alone.is_some_and(|since| now.saturating_duration_since(since) > KEPT)
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
        // Only here, without the lock: what it holds is not ours.
        drop(stale);
        ask
    }

    /// A fetch that does nothing yet.
    fn fetch(&self) -> Fetch {
        let provider = self.provider.clone();
        // A panic must not leave those waiting who did not cause it.
        let fetch = AssertUnwindSafe(async move { provider.fetch().await }).catch_unwind();
        let fetch =
            fetch.map(|done| done.unwrap_or_else(|_| Err(Error::new(Kind::Auth, "the token provider panicked"))));
        let fetch: Pin<Box<dyn Future<Output = Result<Token, Error>> + Send>> = Box::pin(fetch);
        fetch.shared()
    }

    /// Notes how a fetch ended. All who waited for it come here; the first one is enough.
    fn settle(&self, generation: u64, fetched: &Result<Token, Error>) {
        let now = self.clock.now();
        let done = self.locked(|state| {
            let done = state.flight.take_if(|flight| flight.generation == generation)?;
            if let Ok(token) = fetched {
                let since = done.alone_since.unwrap_or(now);
                let lifetime = token.lifetime();
                // An end beyond all time is none.
                let ahead = lifetime.map(|it| it.saturating_sub(self.margin.min(it / 10)));
                let renew_at = ahead.and_then(|it| since.checked_add(it));
                let expires_at = lifetime.and_then(|it| since.checked_add(it));
                state.current = Some(Current { token: token.clone(), generation, renew_at, expires_at });
            }
            Some(done)
        });
        drop(done);
    }

    /// The token, if it has not expired.
    fn valid(&self) -> Option<(Token, u64)> {
        let now = self.clock.now();
        self.locked(|state| state.current.as_ref().filter(|current| current.is_valid(now)).map(Current::give))
    }

    /// Forgets a token that the server refused, unless another has taken its place; true if the next will be another.
    pub(crate) fn invalidate(&self, generation: u64) -> bool {
        if !self.provider.0.can_renew() {
            return false;
        }
        self.locked(|state| {
            if state.current.as_ref().is_some_and(|current| current.generation == generation) {
                state.current = None;
            }
        });
        true
    }

    fn locked<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // Nothing that runs under the lock can leave the state half-changed.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
