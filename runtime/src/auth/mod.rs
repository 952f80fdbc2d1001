//! Tokens: where they come from, and how long one serves.

mod cache;
mod code;
mod device;
mod flow;
mod oauth;
mod scheme;
mod secret;
mod server;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use cache::Cache;
pub use code::{CodeLogin, OAuthApp, RefreshingToken};
pub use device::DeviceGrant;
pub use flow::OAuth2;
pub use oauth::{ClientSecretPost, TokenEndpoint, form};
pub use scheme::{Applied, Authenticator, Chosen, Credential, Credentials};
pub use server::{check_endpoint, check_server, parse_host, parse_server};

use crate::error::Error;
use crate::error::Kind;
use crate::http::Clock;

/// An access token, sent as `Authorization: Bearer` (RFC 6750).
///
/// ```
/// use connectors_runtime::auth::Token;
/// use std::time::Duration;
///
/// let token = Token::new("s3cret").expires_in(Duration::from_secs(3600));
/// assert!(!format!("{token:?}").contains("s3cret"));
/// ```
#[derive(Clone)]
pub struct Token {
    secret: Arc<Secret>,
    lifetime: Option<Duration>,
}

/// What all clones of a token share.
struct Secret {
    text: SecretString,
    /// The header's value, made when it is first sent.
    header: OnceLock<HeaderValue>,
}

impl Token {
    /// A token that does not expire, as far as is known.
    pub fn new(secret: impl Into<String>) -> Self {
        let secret = Secret { text: SecretString::from(secret.into()), header: OnceLock::new() };
        Self { secret: Arc::new(secret), lifetime: None }
    }

    /// The same token with the time it lives from now.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }
    /// The token itself.
    pub fn expose(&self) -> &str {
        self.secret.text.expose_secret()
    }

    /// The header value, marked so that nothing prints it.
    pub fn header(&self) -> Result<HeaderValue, Error> {
        if let Some(value) = self.secret.header.get() {
            return Ok(value.clone());
        }
        let text = self.secret.text.expose_secret();
        if text.trim().is_empty() {
            return Err(Error::new(Kind::Auth, "the token is empty"));
        }
        let mut line = Zeroizing::new(String::with_capacity("Bearer ".len() + text.len()));
        line.push_str("Bearer ");
        line.push_str(text);
        let value = secret::secret_header(line)
            .ok_or_else(|| Error::new(Kind::Auth, "the token holds characters that a header cannot"))?;
        Ok(self.secret.header.get_or_init(|| value).clone())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// Where tokens come from.
///
/// Asked for a token when there is none, or when the one at hand is about to expire; a client keeps and shares what it
/// is given, so an implementation fetches and does not cache.
///
/// ```
/// use connectors_runtime::auth::{Token, TokenProvider};
///
/// #[derive(Debug)]
/// struct FromVault;
///
/// impl TokenProvider for FromVault {
///     async fn token(&self) -> Result<Token, connectors_runtime::Error> {
///         Ok(Token::new("fetched just now"))
///     }
/// }
///
/// let credential = connectors_runtime::auth::Credential::bearer(FromVault);
/// # drop(credential);
/// ```
pub trait TokenProvider: fmt::Debug + Send + Sync + 'static {
    /// A fresh token.
    fn token(&self) -> impl Future<Output = Result<Token, Error>> + Send;

    /// Whether asking again could give another token; a fixed one cannot.
    fn renews(&self) -> bool {
        true
    }
}

type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Token, Error>> + Send + 'a>>;

/// [`TokenProvider`] as an object: the trait that people implement keeps its plain `async fn`.
trait DynProvider: fmt::Debug + Send + Sync {
    fn fetch(&self) -> Fetching<'_>;
    fn can_renew(&self) -> bool;
}

impl<P: TokenProvider> DynProvider for P {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(self.token())
    }

    fn can_renew(&self) -> bool {
        self.renews()
    }
}

/// Any provider.
#[derive(Clone, Debug)]
pub struct Provider(Arc<dyn DynProvider>);

impl Provider {
    pub fn new(provider: impl TokenProvider) -> Self {
        Self(Arc::new(provider))
    }

    /// A fresh token.
    pub async fn fetch(&self) -> Result<Token, Error> {
        self.0.fetch().await
    }
}

/// One token that somebody else looks after.
#[derive(Debug)]
pub struct Fixed(pub(crate) Token);

impl TokenProvider for Fixed {
    async fn token(&self) -> Result<Token, Error> {
        Ok(self.0.clone())
    }

    fn renews(&self) -> bool {
        false
    }
}

/// The token of a person who has logged in. There is no other without them.
#[derive(Debug)]
pub struct LoggedIn {
    token: Token,
    expires_at: Option<Instant>,
    clock: Arc<dyn Clock>,
}

impl LoggedIn {
    /// A token had just now.
    pub fn new(token: Token, clock: Arc<dyn Clock>) -> Self {
        let expires_at = token.lifetime().and_then(|lifetime| clock.now().checked_add(lifetime));
        Self { token, expires_at, clock }
    }
}

impl TokenProvider for LoggedIn {
    async fn token(&self) -> Result<Token, Error> {
        let token = self.token.clone();
        let Some(expires_at) = self.expires_at else { return Ok(token) };
        let left = expires_at.saturating_duration_since(self.clock.now());
        if left.is_zero() {
            return Err(Error::new(Kind::Auth, "the login has expired; log in again"));
        }
        Ok(token.expires_in(left))
    }

    fn renews(&self) -> bool {
        false
    }
}
