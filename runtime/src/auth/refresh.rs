//! Refresh tokens (RFC 6749, section 6), and the tokens of people who have logged in.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Kind};
use crate::http::Clock;

use super::client::OAuthClient;
use super::grant::Granted;
use super::oauth::{Ask, Endpoint, Value};
use super::work::Work;
use super::{Token, TokenProvider};

/// Keeps each new refresh token.
#[derive(Clone)]
pub(super) struct Keeper(Arc<dyn Fn(SecretString) -> Keeping + Send + Sync>);

type Keeping = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

impl Keeper {
    pub(super) fn new<F, E>(keep: impl Fn(SecretString) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        Self(Arc::new(move |token| {
            let kept = keep(token);
            Box::pin(async move {
                kept.await.map_err(|error| {
                    Error::new(Kind::Auth, "the new refresh token could not be saved").caused_by(error)
                })
            })
        }))
    }
}

/// An access token with the time at which it expires.
#[derive(Debug)]
struct Held {
    token: Token,
    expires_at: Option<Instant>,
}

impl Held {
    /// A token that was issued just now.
    fn new(token: Token, clock: &dyn Clock) -> Self {
        let expires_at = token.lifetime().and_then(|lifetime| clock.now().checked_add(lifetime));
        Self { token, expires_at }
    }

    /// The token with what is left of its lifetime; none once it has expired.
    fn left(&self, clock: &dyn Clock) -> Option<Token> {
        let Some(expires_at) = self.expires_at else { return Some(self.token.clone()) };
        let left = expires_at.saturating_duration_since(clock.now());
        (!left.is_zero()).then(|| self.token.clone().expires_in(left))
    }
}

/// Tokens by a refresh token, which each use may replace by another.
///
/// A refresh whose response is lost is not retried by itself: the server may have replaced the token, and take a second use
/// of the old one for theft. The next call that needs a token tries it all the same, since nothing else is left to try.
#[derive(Clone)]
pub(super) struct Refreshing(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    client: OAuthClient,
    scopes: Vec<String>,
    parameters: Vec<(String, String)>,
    keeper: Option<Keeper>,
    state: Mutex<State>,
}

struct State {
    refresh: SecretString,
    /// Whether the refresh token still has to be saved.
    unsaved: bool,
    /// An access token that no caller has received yet.
    access: Option<Held>,
    /// The refresh under way.
    refreshing: Option<(u64, Work<Token>)>,
    /// How many refreshes were begun, and which of them has set the refresh token.
    begun: u64,
    accepted: u64,
}

impl Refreshing {
    pub(super) fn new(endpoint: Endpoint, client: OAuthClient, refresh: SecretString) -> Self {
        let state = State { refresh, unsaved: false, access: None, refreshing: None, begun: 0, accepted: 0 };
        let (scopes, parameters) = (Vec::new(), Vec::new());
        Self(Arc::new(Inner { endpoint, client, scopes, parameters, keeper: None, state: Mutex::new(state) }))
    }

    /// With what each refresh asks for and who keeps new refresh tokens.
    pub(super) fn with(self, scopes: Vec<String>, parameters: Vec<(String, String)>, keeper: Option<Keeper>) -> Self {
        let mut inner = self.0;
        // No other caller has it yet.
        if let Some(inner) = Arc::get_mut(&mut inner) {
            (inner.scopes, inner.parameters, inner.keeper) = (scopes, parameters, keeper);
        }
        Self(inner)
    }

    /// With an access token that was issued together with the refresh token just now. Both are new: the refresh token is
    /// saved before the access token is used.
    pub(super) fn starting_with(self, access: Token) -> Self {
        let held = Held::new(access, &*self.0.endpoint.exchange.clock);
        self.0.locked(|state| {
            state.access = Some(held);
            state.unsaved = self.0.keeper.is_some();
        });
        self
    }

    /// Saves the refresh token, if it still has to be.
    pub(super) async fn save(&self) -> Result<(), Error> {
        self.0.save().await
    }
}

impl Inner {
    fn locked<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // Nothing that runs under the lock can leave the state half-changed.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn save(&self) -> Result<(), Error> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        loop {
            let Some(refresh) = self.locked(|state| state.unsaved.then(|| state.refresh.clone())) else {
                return Ok(());
            };
            (keeper.0)(refresh.clone()).await?;
            self.locked(|state| {
                // Unless it was replaced in the meantime.
                if state.refresh.expose_secret() == refresh.expose_secret() {
                    state.unsaved = false;
                }
            });
        }
    }

    /// The work of one refresh.
    async fn refresh(&self, number: u64) -> Result<Token, Error> {
        // What could not be saved is saved first: until then nothing that came with it is used.
        self.save().await?;
        let clock = &*self.endpoint.exchange.clock;
        let (refresh, access) =
            self.locked(|state| (state.refresh.clone(), state.access.as_ref().and_then(|held| held.left(clock))));
        if let Some(access) = access {
            return Ok(access);
        }
        let ask = Ask::new(self.client.clone())
            .with("grant_type", "refresh_token")
            .with("refresh_token", Value::Secret(refresh.clone()))
            .with_scopes(&self.scopes)
            .with_parameters(&self.parameters);
        let Granted { token, refresh_token, .. } = self.endpoint.grant(&ask, false).await?;
        self.locked(|state| {
            if state.accepted > number {
                // A later refresh has overtaken this one: its tokens are the ones to keep.
                return;
            }
            state.accepted = number;
            if let Some(next) = refresh_token.filter(|next| next.expose_secret() != refresh.expose_secret()) {
                state.refresh = next;
                state.unsaved = self.keeper.is_some();
            }
            state.access = token.as_ref().ok().map(|token| Held::new(token.clone(), clock));
        });
        self.save().await?;
        token
    }
}

impl TokenProvider for Refreshing {
    async fn token(&self) -> Result<Token, Error> {
        let exchange = &self.0.endpoint.exchange;
        loop {
            let (number, work) = self.0.locked(|state| {
                if let Some((number, work)) = state.refreshing.as_ref().filter(|(_, work)| !work.is_orphaned()) {
                    return (*number, work.clone());
                }
                state.begun += 1;
                let (inner, number) = (Arc::clone(&self.0), state.begun);
                let work = Work::new(async move {
                    let done = inner.refresh(number).await;
                    // From here on the next caller fetches again, and finds the token if no caller has waited for it.
                    drop(inner.locked(|state| state.refreshing.take_if(|(known, _)| *known == number)));
                    done
                });
                // Once begun it is finished, even if all callers leave: only its response contains the new refresh
                // token.
                work.detach();
                state.refreshing = Some((number, work.clone()));
                (number, work)
            });
            let done = work.wait(&exchange.clock, exchange.limits.call).await;
            let over = self.0.locked(|state| {
                if matches!(done, Some(Ok(_))) {
                    // It is given out now, and the next one asks for another.
                    state.access = None;
                }
                state.refreshing.take_if(|(known, _)| *known == number)
            });
            // Without the lock: dropping it can run a program's code.
            drop(over);
            if let Some(done) = done {
                return done;
            }
        }
    }
}

impl fmt::Debug for Refreshing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refreshing").field("client", &self.0.client).finish_non_exhaustive()
    }
}

/// The login of a person: a [`TokenProvider`] of tokens that act for them.
///
/// With a refresh token, access tokens are refreshed as long as the server allows. Without one there is a single token, and
/// once it has expired, calls fail with [`Error::is_auth`]: the person has to log in again. Servers give a refresh token
/// only if they are asked for it, mostly by the scope `offline_access`.
///
/// ```
/// use connectors_runtime::auth::{Credential, Credentials, Login};
///
/// fn credentials(login: Login) -> Credentials {
///     Credentials::new().with("oauth", Credential::bearer(login))
/// }
/// ```
pub struct Login {
    tokens: Tokens,
    scope: Option<String>,
    refresh_token: Option<SecretString>,
}

enum Tokens {
    Refreshing(Refreshing),
    /// There is no other without the person.
    One(Held, Arc<dyn Clock>),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refreshes = self.renews();
        f.debug_struct("Login").field("scope", &self.scope).field("refreshes", &refreshes).finish_non_exhaustive()
    }
}

impl Login {
    /// The login that was granted, with its refresh token saved if there is a keeper.
    pub(super) async fn new(
        granted: Granted,
        endpoint: Endpoint,
        client: OAuthClient,
        keeper: Option<Keeper>,
    ) -> Result<Self, Error> {
        let Granted { token, refresh_token, scope } = granted;
        let tokens = match &refresh_token {
            Some(refresh) => {
                let tokens = Refreshing::new(endpoint, client, refresh.clone()).with(Vec::new(), Vec::new(), keeper);
                // An access token that cannot be used is not worth a login: there is the other to get a new one with.
                let tokens = match token {
                    Ok(token) => tokens.starting_with(token),
                    Err(_) => tokens.unsaved(),
                };
                // What cannot be saved now is saved before the first token is used.
                let _ = tokens.save().await;
                Tokens::Refreshing(tokens)
            }
            None => {
                let clock = Arc::clone(&endpoint.exchange.clock);
                Tokens::One(Held::new(token?, &*clock), clock)
            }
        };
        Ok(Self { tokens, scope, refresh_token })
    }

    /// The scopes that were granted, separated by spaces, if the server says them: it need not if they are those that were
    /// asked for (RFC 6749, section 5.1).
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The refresh token that came with the login, for programs that keep it. Most servers replace it at each use: then it is
    /// the one given to `on_rotate` last that works.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&SecretString> {
        self.refresh_token.as_ref()
    }
}

impl Refreshing {
    /// With a refresh token that is new.
    fn unsaved(self) -> Self {
        self.0.locked(|state| state.unsaved = self.0.keeper.is_some());
        self
    }
}

impl TokenProvider for Login {
    async fn token(&self) -> Result<Token, Error> {
        match &self.tokens {
            Tokens::Refreshing(tokens) => tokens.token().await,
            Tokens::One(held, clock) => {
                held.left(&**clock).ok_or_else(|| Error::new(Kind::Auth, "the login has expired; log in again"))
            }
        }
    }

    fn renews(&self) -> bool {
        matches!(self.tokens, Tokens::Refreshing(_))
    }
}
