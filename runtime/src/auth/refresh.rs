//! Refresh tokens (RFC 6749, section 6), and the tokens of logged-in people.

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
use super::token::{Token, TokenProvider};
use super::work::Work;

/// Stores each new refresh token.
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

/// An access token, and the time at which it expires.
#[derive(Debug)]
struct Held {
    token: Token,
    expires_at: Option<Instant>,
}

impl Held {
    /// A token that was just issued.
    fn new(token: Token, clock: &dyn Clock) -> Self {
        let expires_at = token.lifetime().and_then(|lifetime| clock.now().checked_add(lifetime));
        Self { token, expires_at }
    }

    /// The token with its remaining lifetime; `None` after its expiry.
    fn left(&self, clock: &dyn Clock) -> Option<Token> {
        let Some(expires_at) = self.expires_at else { return Some(self.token.clone()) };
        let left = expires_at.saturating_duration_since(clock.now());
        (!left.is_zero()).then(|| self.token.clone().expires_in(left))
    }
}

/// Tokens from a refresh token. The server may replace the refresh token at each use.
///
/// A refresh whose response is lost is not retried automatically: the server may have replaced the token, and may treat
/// a second use of the old one as theft. The next call that needs a token tries it once more, because there is no other
/// way.
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
    /// The refresh in flight.
    refreshing: Option<(u64, Work<Token>)>,
    /// The number of started refreshes, and the refresh that set the current refresh token.
    begun: u64,
    accepted: u64,
}

impl Refreshing {
    pub(super) fn new(endpoint: Endpoint, client: OAuthClient, refresh: SecretString) -> Self {
        let state = State { refresh, unsaved: false, access: None, refreshing: None, begun: 0, accepted: 0 };
        let (scopes, parameters) = (Vec::new(), Vec::new());
        Self(Arc::new(Inner { endpoint, client, scopes, parameters, keeper: None, state: Mutex::new(state) }))
    }

    /// Sets the parameters of each refresh, and the function that stores new refresh tokens.
    pub(super) fn with(self, scopes: Vec<String>, parameters: Vec<(String, String)>, keeper: Option<Keeper>) -> Self {
        let mut inner = self.0;
        // No other caller has it yet.
        if let Some(inner) = Arc::get_mut(&mut inner) {
            (inner.scopes, inner.parameters, inner.keeper) = (scopes, parameters, keeper);
        }
        Self(inner)
    }

    /// Sets an access token that was just issued together with the refresh token. The refresh token is stored before
    /// the access token is used.
    pub(super) fn starting_with(self, access: Token) -> Self {
        let held = Held::new(access, &*self.0.endpoint.exchange.clock);
        self.0.locked(|state| {
            state.access = Some(held);
            state.unsaved = self.0.keeper.is_some();
        });
        self
    }

    /// Stores the refresh token, unless it is stored already.
    pub(super) async fn save(&self) -> Result<(), Error> {
        self.0.save().await
    }
}

impl Inner {
    fn locked<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // No code under the lock can leave the state half-changed.
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
                // Unless it was replaced meanwhile.
                if state.refresh.expose_secret() == refresh.expose_secret() {
                    state.unsaved = false;
                }
            });
        }
    }

    /// Performs one refresh.
    async fn refresh(&self, number: u64) -> Result<Token, Error> {
        // An unsaved refresh token is stored first. Until then the access token that came with it is not used.
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
                // A later refresh was faster, and its tokens are kept.
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
                    // From here on the next caller starts another fetch, and finds the token if no caller has waited
                    // for it.
                    drop(inner.locked(|state| state.refreshing.take_if(|(known, _)| *known == number)));
                    done
                });
                // A started refresh always completes, even if all callers leave: only its response contains the new
                // refresh token.
                work.detach();
                state.refreshing = Some((number, work.clone()));
                (number, work)
            });
            let done = work.wait(&exchange.clock, exchange.limits.call).await;
            let over = self.0.locked(|state| {
                if matches!(done, Some(Ok(_))) {
                    // This caller receives it. The next caller refreshes.
                    state.access = None;
                }
                state.refreshing.take_if(|(known, _)| *known == number)
            });
            // Outside the lock, because dropping it can run a program's code.
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

/// The login of a person: a [`TokenProvider`] whose tokens act for that person.
///
/// With a refresh token, access tokens are refreshed as long as the server allows it. Without one there is a single
/// access token. After its expiry, calls fail with [`Error::is_auth`], and the person has to log in again. Servers
/// issue a refresh token only on request, mostly for the scope `offline_access`.
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
    /// A single token, which only the person can replace.
    One(Held, Arc<dyn Clock>),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refreshes = self.renews();
        f.debug_struct("Login").field("scope", &self.scope).field("refreshes", &refreshes).finish_non_exhaustive()
    }
}

impl Login {
    /// The granted login. Its refresh token is stored if there is a keeper.
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
                // An unusable access token does not fail the login: the refresh token can get another one.
                let tokens = match token {
                    Ok(token) => tokens.starting_with(token),
                    Err(_) => tokens.unsaved(),
                };
                // If storing fails now, it is repeated before the first token is used.
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

    /// The granted scopes, separated by spaces, if the server returns them. It need not if they are the requested ones
    /// (RFC 6749, section 5.1).
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The refresh token of the login, for programs that store it. Most servers replace it at each use. Then only the
    /// last one that `on_rotate` got is valid.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&SecretString> {
        self.refresh_token.as_ref()
    }
}

impl Refreshing {
    /// Marks the refresh token as not stored yet.
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
