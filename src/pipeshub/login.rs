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
#[must_use = "a login starts with `begin`"]
pub struct BrowserLogin {
    client_id: String,
    redirect_uri: String,
    instance: Option<String>,
    client_secret: Option<SecretString>,
    scopes: Vec<Scope>,
    keeper: Option<Keeper>,
    connection: Connection,
}

/// Adds to a flow who keeps its new refresh tokens.
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
    /// A login with an OAuth app. The browser ends at `redirect_uri`, which must be registered for the app.
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

    /// Sets the secret of an OAuth app that has one.
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(SecretString::from(secret.into()));
        self
    }

    /// Sets the OAuth scopes to request; [`Scope::ALL`] and [`Scope::OFFLINE_ACCESS`] by default. The server refuses the
    /// whole login if the app lacks one of them. With none, the server chooses, and gives no refresh token.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<Scope>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Calls `keep` with each new refresh token, the first one included; see [`Credentials::on_rotate`].
    pub fn on_rotate<F, E>(mut self, keep: impl Fn(SecretString) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.keeper = Some(Box::new(move |flow| flow.on_rotate(keep)));
        self
    }

    /// Sets how the login, and the client after it, connect: limits, retries, proxy and so on.
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// Begins the login. Sends nothing yet: the person opens [`Authorization::url`].
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

/// The login of a person that has begun; see [`BrowserLogin`].
///
/// It holds what proves that the one who ends the login is the one who began it, so it has to be kept in between. It is for
/// one login.
#[must_use = "a login is not over until it is finished"]
pub struct Authorization {
    login: CodeLogin,
    exchange: Arc<Exchange>,
    url: Url,
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address: the state in it is this login's own.
        f.debug_struct("Authorization").field("login", &self.login).finish_non_exhaustive()
    }
}

impl Authorization {
    /// The address that the person's browser has to open.
    #[must_use]
    pub fn url(&self) -> &str {
        self.login.url()
    }

    /// Whether an address that the browser came back to is the response to this login, a code or a refusal: the whole URL,
    /// or what follows the host. Any other request is to be ignored. Sends nothing.
    #[must_use]
    pub fn is_response(&self, redirected_to: &str) -> bool {
        self.login.is_response(redirected_to)
    }

    /// Ends the login with the address that the browser came back to: the whole URL, or what follows the host. A code works
    /// once, so the request is never retried once it may have arrived.
    ///
    /// An address that is not [the response to this login](Authorization::is_response) changes nothing. Check that first: the
    /// error does not tell it from a server that refuses the code without a reason.
    ///
    /// # Errors
    /// [`Error::is_auth`] if the address is not from this login, or if the person or the server refused; then
    /// [`Error::code`] is the server's word for it if it has one, such as `access_denied` or `invalid_grant`.
    /// [`Error::is_conflict`] if a code of this login was sent before; [`Error::may_have_happened`] if no response came:
    /// begin another login then.
    pub async fn finish(&self, redirected_to: &str) -> Result<Client, Error> {
        let login = self.login.finish(redirected_to).await?;
        Client::over(Arc::clone(&self.exchange), self.url.clone(), Credential::bearer(login))
    }
}
