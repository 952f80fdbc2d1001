//! One token for all calls of a client: fetched once however many wait, renewed ahead of expiry.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Error;
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
        let now = self.clock.now();
        let (current, fetches) = self.look();
        if let Some(current) = &current {
            if current.renew_at.is_none_or(|at| now < at) {
                return Ok((current.token.clone(), current.generation));
            }
            // Somebody is renewing it already, and it is still good: no need to wait for them.
            if current.expires_at.is_none_or(|at| now < at) && self.fetching.try_lock().is_err() {
                return Ok((current.token.clone(), current.generation));
            }
        }
        let _fetching = self.fetching.lock().await;
        let now = self.clock.now();
        let (current, fetches_now) = self.look();
        if let Some(current) = &current
            && current.renew_at.is_none_or(|at| now < at)
        {
            return Ok((current.token.clone(), current.generation));
        }
        if fetches_now > fetches
            && let Some(error) = self.locked(|state| state.failed.clone())
        {
            // The fetch this call waited for has failed; a queue of callers must not become a queue of fetches.
            return self.or_still_valid(current, error);
        }
        match self.provider.0.fetch().await {
            Ok(token) => Ok(self.store(token)),
            Err(error) => {
                self.locked(|state| {
                    state.fetches += 1;
                    state.failed = Some(error.clone());
                });
                self.or_still_valid(current, error)
            }
        }
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

    /// A token that is still good outlives a renewal that failed.
    fn or_still_valid(&self, current: Option<Current>, error: Error) -> Result<(Token, u64), Error> {
        let now = self.clock.now();
        match current {
            Some(current) if current.expires_at.is_none_or(|at| now < at) => Ok((current.token, current.generation)),
            _ => Err(error),
        }
    }

    fn store(&self, token: Token) -> (Token, u64) {
        let now = self.clock.now();
        let lifetime = token.lifetime();
        let renew_at = lifetime.map(|lifetime| now + lifetime.saturating_sub(self.margin.min(lifetime / 10)));
        self.locked(|state| {
            state.generation += 1;
            state.fetches += 1;
            state.failed = None;
            let expires_at = lifetime.map(|lifetime| now + lifetime);
            state.current = Some(Current { token: token.clone(), generation: state.generation, renew_at, expires_at });
            (token, state.generation)
        })
    }

    fn look(&self) -> (Option<Current>, u64) {
        self.locked(|state| (state.current.clone(), state.fetches))
    }

    fn locked<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // Nothing that runs under the lock can leave the state half-changed.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
