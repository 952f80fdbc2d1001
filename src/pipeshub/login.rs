//! The login of a person in a browser.

use std::fmt;
use std::sync::Arc;

use connectors_runtime::auth::{AuthorizationCode, CodeLogin, Credential, SecretString};
use connectors_runtime::{Connection, Error, Exchange};
use http::HeaderName;
use url::Url;

use super::client::{Client, REQUEST_ID};
use super::credentials::{Credentials, app, below};
use super::scope::Scope;

/// The login of a person in a browser, with an OAuth app of the instance: authorization code with PKCE (RFC 7636).
///
/// ```no_run
/// use connectors::pipeshub::{BrowserLogin, Client};
///
/// # async fn next_request_to_port_8000() -> String { String::new() }
/// # async fn example() -> Result<Client, connectors::Error> {
/// let login = BrowserLogin::new("app-id", "http://127.0.0.1:8000/done").begin()?;
/// println!("open {}", login.url());
/// loop {
///     // Browsers ask for icons as well, and any program on this machine can send a request to the port.
///     let address = next_request_to_port_8000().await;
///     if login.is_response(&address) {
///         break login.finish(&address).await;
///     }
/// }
/// # }
/// ```
#[must_use = "call `begin` to start the login"]
pub struct BrowserLogin {
    client_id: String,
    redirect_uri: String,
    instance: Option<String>,
    client_secret: Option<SecretString>,
    scopes: Vec<Scope>,
    keeper: Option<Keeper>,
    connection: Connection,
}

/// Adds the callback that stores new refresh tokens.
type Keeper = Box<dyn FnOnce(AuthorizationCode) -> AuthorizationCode + Send + Sync>;

impl fmt::Debug for BrowserLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserLogin")
            .field("client_id", &self.client_id)
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl BrowserLogin {
    /// A login with an OAuth app. The server redirects the browser to `redirect_uri`, which must be registered for the
    /// app.
    pub fn new(client_id: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        let mut scopes = Scope::ALL.to_vec();
        scopes.push(Scope::OFFLINE_ACCESS);
        Self {
            client_id: client_id.into(),
            redirect_uri: redirect_uri.into(),
            instance: None,
            client_secret: None,
            scopes,
            keeper: None,
            connection: Connection::new(),
        }
    }

    /// Sets the URL of the instance; see [`Credentials::instance`].
    pub fn instance(mut self, url: impl Into<String>) -> Self {
        self.instance = Some(url.into());
        self
    }

    /// Sets the secret of the OAuth app, if it has one.
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(SecretString::from(secret.into()));
        self
    }

    /// Sets the OAuth scopes to request; [`Scope::ALL`] and [`Scope::OFFLINE_ACCESS`] by default. The server rejects
    /// the whole login if the app lacks one of them. With an empty list the server chooses, and issues no refresh
    /// token.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<Scope>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Calls `keep` with each new refresh token, also with the first; see [`Credentials::on_rotate`].
    pub fn on_rotate<F, E>(mut self, keep: impl Fn(SecretString) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.keeper = Some(Box::new(move |flow| flow.on_rotate(keep)));
        self
    }

    /// Sets the connection of the login, and of the client after it: limits, retries, proxy and so on.
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// Starts the login. Sends nothing: the person has to open [`Authorization::url`].
    ///
    /// # Errors
    /// [`Error::is_config`] if a URL cannot be used or is not safe, or a setting of the connection cannot work.
    pub fn begin(self) -> Result<Authorization, Error> {
        let credentials = Credentials::token("");
        let credentials = match self.instance {
            Some(instance) => credentials.instance(instance),
            None => credentials,
        };
        let url = credentials.server()?;
        let connection = self.connection.request_id_header(HeaderName::from_static(REQUEST_ID));
        let exchange = connection.exchange(&url)?;
        let app = app(self.client_id, self.client_secret.as_ref());
        let (authorize, token) = (below(&url, "oauth2/authorize"), below(&url, "oauth2/token"));
        let flow = AuthorizationCode::new(authorize, token, app, self.redirect_uri);
        let flow = flow.scopes(self.scopes.iter().map(Scope::as_str));
        let flow = match self.keeper {
            Some(keeper) => keeper(flow),
            None => flow,
        };
        Ok(Authorization { login: flow.begin_over(&exchange)?, exchange, url })
    }
}

/// A login that waits for a person; see [`BrowserLogin`].
///
/// It holds the state and the PKCE verifier of this login, so keep it until the redirect. It is for one login.
#[must_use = "call `finish` to finish the login"]
pub struct Authorization {
    login: CodeLogin,
    exchange: Arc<Exchange>,
    url: Url,
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL is not printed: it contains the state.
        f.debug_struct("Authorization").field("login", &self.login).finish_non_exhaustive()
    }
}

impl Authorization {
    /// The URL that the person has to open in a browser.
    #[must_use]
    pub fn url(&self) -> &str {
        self.login.url()
    }

    /// Whether a URL is the redirect of this login, with a code or an error. Takes the whole URL, or the part after the
    /// host. Ignore all other requests. Sends nothing.
    #[must_use]
    pub fn is_response(&self, redirected_to: &str) -> bool {
        self.login.is_response(redirected_to)
    }

    /// Finishes the login with the URL of the redirect: the whole URL, or the part after the host. A code works only
    /// once, so the request is never retried once it may have arrived.
    ///
    /// A URL that is not [the redirect of this login](Authorization::is_response) changes nothing. Check that first:
    /// the error is the same if the server rejects the code without a reason.
    ///
    /// # Errors
    /// [`Error::is_auth`] if the URL is not the redirect of this login, or if the person or the server rejected it;
    /// then [`Error::code`] has the server's reason if there is one, such as `access_denied` or `invalid_grant`.
    /// [`Error::is_conflict`] if a code of this login was sent before. [`Error::may_have_happened`] if no response
    /// arrived: start another login.
    pub async fn finish(&self, redirected_to: &str) -> Result<Client, Error> {
        let login = self.login.finish(redirected_to).await?;
        Client::over(Arc::clone(&self.exchange), self.url.clone(), Credential::bearer(login))
    }
}
