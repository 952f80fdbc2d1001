//! One token for all calls of a client: fetched once however many wait, renewed ahead of expiry.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use crate::Error;
use crate::error::Kind;
use crate::transport::Clock;

use super::{Provider, Token};

/// A token that is current, and which one it is.
#[derive(Clone, Debug)]
struct Current {
    token: Token,
    generation: u64,
    /// From here on a new one is fetched.
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Current>,
    /// How many tokens were fetched.
    generation: u64,
    /// The last failure, and how many fetches had ended by then: what those who waited for it are told.
    failed: Option<Error>,
    fetches: u64,
}

/// The state at one moment.
struct Seen {
    current: Option<Current>,
    fetches: u64,
    failed: Option<Error>,
}

/// How long a renewal may keep a call waiting that has a token still good.
const PATIENCE: Duration = Duration::from_secs(10);

/// A provider with the token it gave last.
#[derive(Debug)]
pub(crate) struct Cache {
    provider: Provider,
    clock: Arc<dyn Clock>,
    /// How long before expiry a token is renewed, at most.
    margin: Duration,
    state: Mutex<State>,
    /// Held by the one task that fetches. Never held while the state is.
    fetching: tokio::sync::Mutex<()>,
}

impl Cache {
    pub(crate) fn new(provider: Provider, clock: Arc<dyn Clock>, margin: Duration) -> Self {
        Self { provider, clock, margin, state: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// The token to use now, and its generation.
    pub(crate) async fn get(&self) -> Result<(Token, u64), Error> {
        let before = self.look();
        if let Some(fresh) = self.fresh(&before) {
            return Ok(fresh);
        }
        let _fetching = match self.fetching.try_lock() {
            Ok(guard) => guard,
            Err(_) => {
                // Somebody is renewing it already; while it is still good there is no need to wait for them.
                if let Some(valid) = self.valid(&before) {
                    return Ok(valid);
                }
                self.fetching.lock().await
            }
        };
        let now = self.look();
        if let Some(fresh) = self.fresh(&now) {
            return Ok(fresh);
        }
        if now.fetches > before.fetches {
            // What this call waited for has come, or failed: a queue of callers must not become a queue of fetches.
            match (&now.current, &now.failed) {
                (Some(current), None) => return Ok((current.token.clone(), current.generation)),
                (_, Some(error)) => return self.valid(&now).ok_or_else(|| error.clone()),
                (None, None) => {}
            }
        }
        let fetch = Box::pin(self.provider.fetch());
        let fetched = if self.valid(&now).is_some() {
            // A renewal that hangs must not use up the time of a call that has a good token.
            match select(fetch, self.clock.timeout(PATIENCE)).await {
                Either::Left((fetched, _)) => fetched,
                Either::Right(_) => Err(Error::new(Kind::Timeout, "the token endpoint does not answer")),
            }
        } else {
            fetch.await
        };
        match fetched {
            Ok(token) => Ok(self.store(token)),
            Err(error) => {
                self.locked(|state| {
                    state.fetches += 1;
                    state.failed = Some(error.clone());
                });
                // A token that is still good outlives a renewal that failed, unless the server refused it meanwhile.
                self.valid(&self.look()).ok_or(error)
            }
        }
    }

    /// The token, if there is no need for another yet.
    fn fresh(&self, seen: &Seen) -> Option<(Token, u64)> {
        let now = self.clock.now();
        let current = seen.current.as_ref().filter(|current| current.renew_at.is_none_or(|at| now < at))?;
        Some((current.token.clone(), current.generation))
    }

    /// The token, if it has not expired.
    fn valid(&self, seen: &Seen) -> Option<(Token, u64)> {
        let now = self.clock.now();
        let current = seen.current.as_ref().filter(|current| current.expires_at.is_none_or(|at| now < at))?;
        Some((current.token.clone(), current.generation))
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

    fn store(&self, token: Token) -> (Token, u64) {
        let now = self.clock.now();
        let lifetime = token.lifetime();
        // An end beyond all time is none.
        let renew_at = lifetime.and_then(|it| now.checked_add(it.saturating_sub(self.margin.min(it / 10))));
        self.locked(|state| {
            state.generation += 1;
            state.fetches += 1;
            state.failed = None;
            let expires_at = lifetime.and_then(|it| now.checked_add(it));
            state.current = Some(Current { token: token.clone(), generation: state.generation, renew_at, expires_at });
            (token, state.generation)
        })
    }

    fn look(&self) -> Seen {
        self.locked(|state| Seen {
            current: state.current.clone(),
            fetches: state.fetches,
            failed: state.failed.clone(),
        })
    }

    fn locked<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // Nothing that runs under the lock can leave the state half-changed.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
