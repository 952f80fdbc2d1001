//! Tokens: where they come from, and how long one serves.

mod cache;
mod client;
mod code;
mod device;
mod flow;
mod form;
mod grant;
mod oauth;
mod refresh;
mod scheme;
mod secret;
mod server;
mod work;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::HeaderValue;
use zeroize::Zeroizing;

use cache::Cache;
pub use client::{Assertion, OAuthClient};
pub use code::{AuthorizationCode, CodeLogin, code_in_redirect, is_redirect_response};
pub use device::{DeviceGrant, DeviceLogin};
pub use flow::{OAuth2, TokenExchange};
pub use refresh::Login;
pub use scheme::{Applied, Authenticator, Chosen, Credential, Credentials};
/// The type of refresh tokens, and the trait by which one is read.
#[doc(no_inline)]
pub use secrecy::{ExposeSecret, SecretString};
pub use server::{check_endpoint, check_server, parse_host, parse_server};

use crate::error::Error;
use crate::error::Kind;

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
