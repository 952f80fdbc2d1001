//! The program as an OAuth client, and its authentication (RFC 6749, section 2.3).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use crate::error::Error;

use super::form::Form;
use super::secret::basic;
use super::token::Token;

/// A client of OAuth 2.0: the program as it is registered with the authorization server, and its method of
/// authentication.
///
/// ```
/// use connectors_runtime::auth::OAuthClient;
///
/// let by_header = OAuthClient::new("my-app", "s3cret");
/// let by_form = OAuthClient::new("my-app", "s3cret").secret_in_body();
/// // A command-line tool or an app on a device cannot keep a secret.
/// let public = OAuthClient::public("my-app");
/// # drop((by_header, by_form, public));
/// ```
#[derive(Clone)]
pub struct OAuthClient {
    id: Option<String>,
    method: Method,
}

#[derive(Clone)]
enum Method {
    None,
    Basic(SecretString),
    Post(SecretString),
    Assertion(AnyAssertion),
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            Method::None => "none",
            Method::Basic(_) => "client_secret_basic",
            Method::Post(_) => "client_secret_post",
            Method::Assertion(_) => "private_key_jwt",
        };
        f.debug_struct("OAuthClient").field("id", &self.id).field("method", &method).finish()
    }
}

/// A public client.
impl From<&str> for OAuthClient {
    fn from(id: &str) -> Self {
        Self::public(id)
    }
}

/// A public client.
impl From<String> for OAuthClient {
    fn from(id: String) -> Self {
        Self::public(id)
    }
}

impl OAuthClient {
    /// A client with a secret, sent in the `Authorization` header: `client_secret_basic`, which every server has to support
    /// (RFC 6749, section 2.3.1).
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { id: Some(id.into()), method: Method::Basic(SecretString::from(secret.into())) }
    }

    /// A client without a secret, which only sends its id (RFC 6749, section 2.1).
    pub fn public(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), method: Method::None }
    }

    /// No client at all: for grants that do not need one, such as an assertion (RFC 7523, section 3.1).
    #[must_use]
    pub fn anonymous() -> Self {
        Self { id: None, method: Method::None }
    }

    /// A client that signs an assertion with its own key (RFC 7523, section 2.2).
    pub fn signing(id: impl Into<String>, assertion: impl Assertion) -> Self {
        Self { id: Some(id.into()), method: Method::Assertion(AnyAssertion::new(assertion)) }
    }

    /// Sends the secret in the form: `client_secret_post`, for servers that do not support the header.
    #[must_use]
    pub fn secret_in_body(mut self) -> Self {
        if let Method::Basic(secret) = self.method {
            self.method = Method::Post(secret);
        }
        self
    }

    /// The client's id, as it is registered.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Adds the client's authentication to a form; or returns the header for it.
    pub(super) async fn authenticate(&self, form: &mut Form, now: SystemTime) -> Result<Option<HeaderValue>, Error> {
        let id = self.id.as_deref().unwrap_or_default();
        if let Method::Basic(secret) = &self.method {
            return Ok(Some(basic(&encoded(id), &encoded(secret.expose_secret()))?));
        }
        self.identify(form);
        match &self.method {
            Method::None | Method::Basic(_) => {}
            Method::Post(secret) => form.push("client_secret", secret.expose_secret()),
            Method::Assertion(assertion) => {
                let signed = assertion.sign(now).await?;
                form.push("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                form.push("client_assertion", signed.expose());
            }
        }
        Ok(None)
    }

    /// Adds the client's id to a form.
    pub(super) fn identify(&self, form: &mut Form) {
        if let Some(id) = &self.id {
            form.push("client_id", id);
        }
    }
}

/// The encoding for a Basic header (RFC 6749, section 2.3.1).
fn encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * 3));
    byte_serialize(text.as_bytes()).for_each(|part| encoded.push_str(part));
    encoded
}

/// Signs assertions: short-lived JSON Web Tokens that authenticate a program, or the user it acts for (RFC 7521, RFC
/// 7523).
///
/// ```
/// use std::time::SystemTime;
/// use connectors_runtime::Error;
/// use connectors_runtime::auth::{Assertion, Token};
///
/// #[derive(Debug)]
/// struct Signer;
///
/// impl Assertion for Signer {
///     async fn assertion(&self, now: SystemTime) -> Result<Token, Error> {
///         // Issuer, subject, audience and expiry as the server requires, signed with the program's key.
///         let _issued_at = now;
///         Ok(Token::new("header.claims.signature"))
///     }
/// }
/// ```
pub trait Assertion: fmt::Debug + Send + Sync + 'static {
    /// Returns a new assertion. It is called for each request to the token endpoint, because servers accept an
    /// assertion once. `now` is the time of the client's clock.
    ///
    /// # Errors
    /// The reason why there is none, such as [`Error::auth`]. The call that needs the token fails with this error.
    fn assertion(&self, now: SystemTime) -> impl Future<Output = Result<Token, Error>> + Send;
}

type Signing<'a> = Pin<Box<dyn Future<Output = Result<Token, Error>> + Send + 'a>>;

/// [`Assertion`] as an object: the public trait keeps its plain `async fn`.
trait DynAssertion: Send + Sync {
    fn sign(&self, now: SystemTime) -> Signing<'_>;
}

impl<A: Assertion> DynAssertion for A {
    fn sign(&self, now: SystemTime) -> Signing<'_> {
        Box::pin(self.assertion(now))
    }
}

/// Any signer.
#[derive(Clone)]
pub(super) struct AnyAssertion(Arc<dyn DynAssertion>);

impl AnyAssertion {
    pub(super) fn new(assertion: impl Assertion) -> Self {
        Self(Arc::new(assertion))
    }

    pub(super) async fn sign(&self, now: SystemTime) -> Result<Token, Error> {
        self.0.sign(now).await
    }
}
