//! OAuth 2.0 flows for programs, without a person.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use url::Url;

use crate::error::Error;
use crate::http::Exchange;

use super::client::{AnyAssertion, Assertion, OAuthClient};
use super::oauth::{Ask, Endpoint, Value};
use super::refresh::{Keeper, Refreshing};
use super::token::{Provider, Token, TokenProvider};

/// An OAuth 2.0 flow with which a client fetches its own tokens from a token endpoint (RFC 6749).
///
/// Pass it to [`Credential::oauth2`](super::Credential::oauth2). URLs of token endpoints are https, or http to this
/// machine, and may be relative to the client's server. Only `Bearer` tokens are supported.
///
/// ```
/// use connectors_runtime::auth::{Credential, OAuth2};
///
/// let flow = OAuth2::client_credentials("https://id.example.com/oauth/token", "my-app", "s3cret")
///     .scopes(["pets:read", "pets:write"])
///     .parameter("audience", "https://api.example.com");
/// let credential = Credential::oauth2(flow);
/// assert!(!format!("{credential:?}").contains("s3cret"));
/// ```
///
/// For flows with a person see [`AuthorizationCode`](super::AuthorizationCode) and [`DeviceLogin`](super::DeviceLogin).
#[derive(Clone)]
#[must_use]
pub struct OAuth2 {
    token_url: String,
    client: OAuthClient,
    grant: Grant,
    scopes: Vec<String>,
    parameters: Vec<(String, String)>,
    keeper: Option<Keeper>,
}

#[derive(Clone)]
enum Grant {
    ClientCredentials,
    Refresh(SecretString),
    Assertion(AnyAssertion),
    Exchange(TokenExchange),
}

impl fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grant = match self.grant {
            Grant::ClientCredentials => "client_credentials",
            Grant::Refresh(_) => "refresh_token",
            Grant::Assertion(_) => "jwt-bearer",
            Grant::Exchange(_) => "token-exchange",
        };
        // Without the URL and the parameters, which can contain secrets.
        f.debug_struct("OAuth2")
            .field("grant", &grant)
            .field("client", &self.client)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl OAuth2 {
    fn new(token_url: impl Into<String>, client: impl Into<OAuthClient>, grant: Grant) -> Self {
        let (token_url, client) = (token_url.into(), client.into());
        Self { token_url, client, grant, scopes: Vec::new(), parameters: Vec::new(), keeper: None }
    }

    /// Tokens for the program itself, by its id and secret (RFC 6749, section 4.4). The secret is sent in the
    /// `Authorization` header, or [in the form](OAuth2::secret_in_body).
    pub fn client_credentials(token_url: impl Into<String>, id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self::of_client(token_url, OAuthClient::new(id, secret))
    }

    /// Tokens for the program itself, with any client authentication, such as an assertion that it signs
    /// ([`OAuthClient::signing`]).
    pub fn of_client(token_url: impl Into<String>, client: OAuthClient) -> Self {
        Self::new(token_url, client, Grant::ClientCredentials)
    }

    /// Tokens from the refresh token of an earlier login (RFC 6749, section 6). A text is the id of a public client.
    ///
    /// The refresh token is sent once per refresh and never retried, because the server may replace it at each use; see
    /// [`OAuth2::on_rotate`].
    pub fn refresh_token(
        token_url: impl Into<String>,
        client: impl Into<OAuthClient>,
        refresh_token: impl Into<String>,
    ) -> Self {
        Self::new(token_url, client, Grant::Refresh(SecretString::from(refresh_token.into())))
    }

    /// Tokens by signed assertions (RFC 7523, section 2.1): of a service account, for instance. A text is the id of a public
    /// client; see also [`OAuthClient::anonymous`].
    ///
    /// ```
    /// use connectors_runtime::auth::{Assertion, OAuth2, OAuthClient};
    ///
    /// fn service_account(key: impl Assertion) -> OAuth2 {
    ///     OAuth2::jwt_bearer("https://id.example.com/token", OAuthClient::anonymous(), key)
    /// }
    /// ```
    pub fn jwt_bearer(token_url: impl Into<String>, client: impl Into<OAuthClient>, assertion: impl Assertion) -> Self {
        Self::new(token_url, client, Grant::Assertion(AnyAssertion::new(assertion)))
    }

    /// Tokens in exchange for those of another issuer (RFC 8693): of a CI job or a Kubernetes workload, for instance. A text
    /// is the id of a public client.
    pub fn token_exchange(
        token_url: impl Into<String>,
        client: impl Into<OAuthClient>,
        exchange: TokenExchange,
    ) -> Self {
        Self::new(token_url, client, Grant::Exchange(exchange))
    }

    /// Sets the scopes to request (RFC 6749, section 3.3). Without any, the server chooses.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sends the client's secret in the form (`client_secret_post`) instead of the header.
    pub fn secret_in_body(mut self) -> Self {
        self.client = self.client.secret_in_body();
        self
    }

    /// Adds a parameter to the token request, such as `audience` or `resource` (RFC 8707). If it is added twice, it is
    /// sent twice. It is not treated as a secret.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Calls `keep` with each new refresh token, so that a program can store it: the previous one may no longer work.
    /// The new access token is used only after `keep` has succeeded.
    ///
    /// If `keep` fails, calls that need a token fail with [`Error::is_auth`] and its error as source. The new refresh token
    /// is not lost: the next of these calls calls `keep` with it again.
    ///
    /// ```
    /// use connectors_runtime::auth::{ExposeSecret, OAuth2};
    ///
    /// let flow = OAuth2::refresh_token("https://id.example.com/token", "my-app", "from the last run").on_rotate(
    ///     |token| async move { std::fs::write("refresh-token", token.expose_secret()) },
    /// );
    /// # drop(flow);
    /// ```
    pub fn on_rotate<F, E>(mut self, keep: impl Fn(SecretString) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.keeper = Some(Keeper::new(keep));
        self
    }

    /// A provider of this flow's tokens, without a cache. A [`Credential`](super::Credential) adds the cache by itself.
    /// Relative URLs of token endpoints are resolved against `base_url`.
    ///
    /// # Errors
    /// [`Error::is_config`] if the token endpoint's URL cannot be used or is not safe.
    pub fn connect(self, exchange: &Arc<Exchange>, base_url: &Url) -> Result<Provider, Error> {
        let endpoint = Endpoint::new(exchange, Some(base_url), &self.token_url)?;
        let ask = Ask::new(self.client.clone());
        let ask = match self.grant {
            Grant::Refresh(token) => {
                let tokens = Refreshing::new(endpoint, self.client, token);
                return Ok(Provider::new(tokens.with(self.scopes, self.parameters, self.keeper)));
            }
            Grant::ClientCredentials => ask.with("grant_type", "client_credentials"),
            Grant::Assertion(assertion) => ask
                .with("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
                .with("assertion", Value::Assertion(assertion)),
            Grant::Exchange(exchange) => exchange.put(ask),
        };
        let ask = ask.with_scopes(&self.scopes).with_parameters(&self.parameters);
        Ok(Provider::new(Granting { endpoint, ask }))
    }
}

/// A workload's own token, to be exchanged for one of the service (RFC 8693); see [`OAuth2::token_exchange`].
///
/// ```
/// use connectors_runtime::Error;
/// use connectors_runtime::auth::{OAuth2, Token, TokenExchange, TokenProvider};
///
/// #[derive(Debug)]
/// struct ProjectedToken;
///
/// impl TokenProvider for ProjectedToken {
///     async fn token(&self) -> Result<Token, Error> {
///         let token = std::fs::read_to_string("/var/run/secrets/tokens/api");
///         token.map(|token| Token::new(token.trim())).map_err(|_| Error::auth("no projected token"))
///     }
/// }
///
/// let exchange = TokenExchange::new(ProjectedToken);
/// let flow = OAuth2::token_exchange("https://id.example.com/token", "my-workload", exchange);
/// # drop(flow);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenExchange {
    subject: Provider,
    subject_type: String,
    actor: Option<(Provider, String)>,
    requested_type: Option<String>,
}

impl TokenExchange {
    /// Type of a JSON Web Token (RFC 8693, section 3).
    pub const JWT: &'static str = "urn:ietf:params:oauth:token-type:jwt";
    /// Type of an access token (RFC 8693, section 3).
    pub const ACCESS_TOKEN: &'static str = "urn:ietf:params:oauth:token-type:access_token";
    /// Type of an OpenID Connect ID token (RFC 8693, section 3).
    pub const ID_TOKEN: &'static str = "urn:ietf:params:oauth:token-type:id_token";

    /// Exchanges the tokens of `subject`. They are JSON Web Tokens unless [another type](TokenExchange::subject_type)
    /// is set. Each request uses a fresh one.
    pub fn new(subject: impl TokenProvider) -> Self {
        Self { subject: Provider::new(subject), subject_type: Self::JWT.to_owned(), actor: None, requested_type: None }
    }

    /// Sets the type of the tokens that are exchanged.
    pub fn subject_type(mut self, kind: impl Into<String>) -> Self {
        self.subject_type = kind.into();
        self
    }

    /// Sets who acts for the subject (RFC 8693, section 1.1), with the type of its tokens.
    pub fn actor(mut self, actor: impl TokenProvider, kind: impl Into<String>) -> Self {
        self.actor = Some((Provider::new(actor), kind.into()));
        self
    }

    /// Sets the type of token to request; without it the server chooses.
    pub fn requested_type(mut self, kind: impl Into<String>) -> Self {
        self.requested_type = Some(kind.into());
        self
    }

    fn put(self, ask: Ask) -> Ask {
        let mut ask = ask
            .with("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
            .with("subject_token_type", self.subject_type)
            .with("subject_token", Value::Token(self.subject));
        if let Some((actor, kind)) = self.actor {
            ask = ask.with("actor_token_type", kind).with("actor_token", Value::Token(actor));
        }
        match self.requested_type {
            Some(kind) => ask.with("requested_token_type", kind),
            None => ask,
        }
    }
}

/// Tokens from a grant that is the same each time.
struct Granting {
    endpoint: Endpoint,
    ask: Ask,
}

impl fmt::Debug for Granting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granting").finish_non_exhaustive()
    }
}

impl TokenProvider for Granting {
    async fn token(&self) -> Result<Token, Error> {
        // If it is requested twice, there are two tokens, and one of them expires without harm.
        self.endpoint.grant(&self.ask, true).await?.token
    }
}
