//! Access tokens, and where they come from.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::{Error, Kind};

use super::secret::secret_header;

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

/// The data that all clones of a token share.
struct Secret {
    text: SecretString,
    /// The header's value, computed when it is first sent.
    header: OnceLock<HeaderValue>,
}

impl Token {
    /// A token without a known expiry.
    pub fn new(secret: impl Into<String>) -> Self {
        let secret = Secret { text: SecretString::from(secret.into()), header: OnceLock::new() };
        Self { secret: Arc::new(secret), lifetime: None }
    }

    /// Sets the token's lifetime, counted from now.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// The token's lifetime when it was issued; `None` if it is unknown.
    #[must_use]
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    /// The token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.secret.text.expose_secret()
    }

    /// The value of the `Authorization` header, marked as sensitive.
    ///
    /// # Errors
    /// [`Error::is_auth`] if the token is empty or has characters that a header cannot have.
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
        let value = secret_header(line)
            .ok_or_else(|| Error::new(Kind::Auth, "the token has characters that a header cannot have"))?;
        Ok(self.secret.header.get_or_init(|| value).clone())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// A source of tokens.
///
/// A client requests a token when it has none, or when its token is about to expire. It caches and shares the token, so
/// an implementation does not cache. A token that is empty or cannot be sent in a header is an error and is not cached.
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
    /// Returns a fresh token.
    ///
    /// # Errors
    /// The reason why there is none: [`Error::auth`], or [`Error::unavailable`] if it may work later. The calls that
    /// wait for the token fail with this error.
    fn token(&self) -> impl Future<Output = Result<Token, Error>> + Send;

    /// Whether another request can return another token. A fixed token never changes.
    fn renews(&self) -> bool {
        true
    }
}

type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Token, Error>> + Send + 'a>>;

/// [`TokenProvider`] as an object: the public trait keeps its plain `async fn`.
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

/// Any provider, cheap to clone: the result of [`OAuth2::connect`](super::OAuth2::connect).
#[derive(Clone, Debug)]
pub struct Provider(Arc<dyn DynProvider>);

impl Provider {
    /// The provider as an object.
    pub fn new(provider: impl TokenProvider) -> Self {
        Self(Arc::new(provider))
    }

    /// A fresh token.
    pub(crate) async fn fetch(&self) -> Result<Token, Error> {
        self.0.fetch().await
    }
}

impl TokenProvider for Provider {
    async fn token(&self) -> Result<Token, Error> {
        self.fetch().await
    }

    fn renews(&self) -> bool {
        self.0.can_renew()
    }
}
