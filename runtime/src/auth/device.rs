//! Login of a person on another device, by a short code (RFC 8628).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::error::{Error, Kind};
use crate::http::{Connection, Exchange, Reply};
use crate::object::Tree;

use super::client::OAuthClient;
use super::grant::seconds;
use super::oauth::{Ask, Endpoint, Value, endpoint_url, server_url};
use super::refresh::{Keeper, Login};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// The default poll interval, which is also the increment for `slow_down` (RFC 8628, section 3.5).
const INTERVAL: Duration = Duration::from_secs(5);
/// The lifetime of a code if the server does not send it, although the RFC requires it.
const EXPIRES_IN: Duration = Duration::from_secs(1800);

/// The login of a person on another device, by a short code (RFC 8628): for programs without a browser.
///
/// ```no_run
/// use connectors_runtime::auth::{Credential, DeviceLogin};
/// use connectors_runtime::{Connection, Error};
///
/// # async fn example() -> Result<Credential, Error> {
/// let grant = DeviceLogin::new("https://id.example.com/device", "https://id.example.com/token", "my-program")
///     .scopes(["pets:read"])
///     .begin(Connection::new())
///     .await?;
/// println!("open {} and enter {}", grant.verification_uri(), grant.user_code());
/// Ok(Credential::bearer(grant.wait().await?))
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a login starts with `begin`"]
pub struct DeviceLogin {
    device_url: String,
    token_url: String,
    client: OAuthClient,
    server: Option<String>,
    scopes: Vec<String>,
    parameters: Vec<(String, String)>,
    keeper: Option<Keeper>,
}

impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin")
            .field("client", &self.client)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl DeviceLogin {
    /// A login at these endpoints of the server: for device authorization, and for tokens. `client` is an
    /// [`OAuthClient`], or the id of a public client as text.
    pub fn new(device_url: impl Into<String>, token_url: impl Into<String>, client: impl Into<OAuthClient>) -> Self {
        Self {
            device_url: device_url.into(),
            token_url: token_url.into(),
            client: client.into(),
            server: None,
            scopes: Vec::new(),
            parameters: Vec::new(),
            keeper: None,
        }
    }

    /// Sets the server that relative URLs of endpoints are resolved against. Methods that are generated from a document
    /// need it if the document has relative ones. The server's URL is a folder, with or without a slash at its end.
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Some(url.into());
        self
    }

    /// Sets the scopes to request. Many servers issue a refresh token only for `offline_access`.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a parameter to the request for the codes, such as `audience`. It is not treated as a secret.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Calls `keep` with each new refresh token, also with the first; see
    /// [`OAuth2::on_rotate`](super::OAuth2::on_rotate).
    pub fn on_rotate<F, E>(mut self, keep: impl Fn(SecretString) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.keeper = Some(Keeper::new(keep));
        self
    }

    /// Requests the codes of a login.
    ///
    /// # Errors
    /// [`Error::is_config`] if a URL cannot be used or is not safe, or a setting of the connection cannot work;
    /// [`Error::is_auth`] if the server does not know the client or its response has no codes.
    pub async fn begin(self, connection: Connection) -> Result<DeviceGrant, Error> {
        let exchange =
            connection.exchange(&endpoint_url(server_url(self.server.as_deref())?.as_ref(), &self.token_url)?)?;
        self.begin_over(&exchange).await
    }

    /// Like [`DeviceLogin::begin`], over existing connections.
    ///
    /// # Errors
    /// The errors of [`DeviceLogin::begin`].
    pub async fn begin_over(self, exchange: &Arc<Exchange>) -> Result<DeviceGrant, Error> {
        let server = server_url(self.server.as_deref())?;
        let authorization = Endpoint::new(exchange, server.as_ref(), &self.device_url)?;
        let tokens = Endpoint::new(exchange, server.as_ref(), &self.token_url)?;
        let ask = Ask::new(self.client.clone()).with_scopes(&self.scopes).with_parameters(&self.parameters);
        // If it is requested twice, there are two pairs of codes, and one of them expires without harm.
        let reply = authorization.post(&ask, true).await?;
        let codes = Codes::read(&reply).ok_or_else(|| {
            let message = "the server did not start a device login; is the host right?";
            Error::new(Kind::Auth, message).with_status(reply.status)
        })?;
        let expires_at = exchange.clock.now().checked_add(codes.expires_in);
        Ok(DeviceGrant { tokens, client: self.client, keeper: self.keeper, codes, expires_at })
    }
}

/// An authorization endpoint's response (RFC 8628, section 3.2).
struct Codes {
    device_code: Zeroizing<String>,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: Duration,
    interval: Duration,
}

impl Codes {
    fn read(reply: &Reply) -> Option<Self> {
        let body = Tree::beginning(&reply.body);
        let get = |name: &str| body.text(name).map(str::to_owned);
        let time = |name: &str| body.get(name).and_then(seconds);
        let complete = get("verification_uri_complete");
        // Older servers use the name in the draft.
        let uri = get("verification_uri").or_else(|| get("verification_url")).or_else(|| complete.clone())?;
        Some(Self {
            device_code: Zeroizing::new(get("device_code")?),
            user_code: get("user_code")?,
            verification_uri: uri,
            verification_uri_complete: complete,
            expires_in: time("expires_in").unwrap_or(EXPIRES_IN),
            interval: time("interval").unwrap_or(INTERVAL).max(Duration::from_secs(1)),
        })
    }
}

/// A login that waits for a person; see [`DeviceLogin`].
#[must_use = "wait for the login to complete it"]
pub struct DeviceGrant {
    tokens: Endpoint,
    client: OAuthClient,
    keeper: Option<Keeper>,
    codes: Codes,
    expires_at: Option<Instant>,
}

impl fmt::Debug for DeviceGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the codes: everyone who has one can finish or hijack the login.
        f.debug_struct("DeviceGrant")
            .field("verification_uri", &self.codes.verification_uri)
            .field("expires_in", &self.codes.expires_in)
            .finish_non_exhaustive()
    }
}

impl DeviceGrant {
    /// The code that the person has to enter, or to compare with the one shown.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.codes.user_code
    }

    /// The page where the person enters it.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        &self.codes.verification_uri
    }

    /// The page with the code already in it, for a link or a QR code, if the server has one.
    #[must_use]
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.codes.verification_uri_complete.as_deref()
    }

    /// How long the code is valid, counted from the beginning of the login; half an hour if the server does not send
    /// it.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.codes.expires_in
    }

    /// Polls until the person has confirmed or rejected the login, or the code has expired. The server sets the poll
    /// interval; without one it is 5 s, and it is never less than 1 s. A failed poll is retried at the next interval,
    /// and a timeout doubles it (RFC 8628, section 3.5).
    ///
    /// # Errors
    /// [`Error::is_auth`] if the person rejected the login, or did not confirm it in time; [`Error::code`] is then a
    /// code of RFC 8628, section 3.5, such as `access_denied`. The server's own error if it requests a delay that
    /// exceeds the code's lifetime.
    pub async fn wait(self) -> Result<Login, Error> {
        let clock = &self.tokens.exchange.clock;
        let ask = Ask::new(self.client.clone())
            .with("grant_type", DEVICE_CODE)
            .with("device_code", Value::Secret(SecretString::from(self.codes.device_code.as_str())));
        let mut interval = self.codes.interval;
        // The delay that a busy server requested, if it exceeds the interval.
        let mut asked = Duration::ZERO;
        loop {
            let now = clock.now();
            let left = self.expires_at.map_or(Duration::MAX, |at| at.saturating_duration_since(now));
            if left.is_zero() {
                return Err(Error::new(Kind::Auth, "the login was not confirmed before its code expired; start again"));
            }
            clock.sleep(interval.max(asked).min(left)).await;
            let error = match self.tokens.poll(&ask).await {
                Ok(granted) => return Login::new(granted, self.tokens.clone(), self.client, self.keeper).await,
                Err(error) => error,
            };
            asked = error.retry_after().unwrap_or_default();
            let end = clock.now().checked_add(asked);
            if !asked.is_zero() && end.is_none_or(|end| self.expires_at.is_some_and(|at| at <= end)) {
                // By then the code will have expired.
                return Err(error);
            }
            match error.code() {
                Some("authorization_pending") => {}
                Some("slow_down") => interval = interval.saturating_add(INTERVAL),
                _ if error.is_timeout() => interval = interval.saturating_mul(2),
                _ if matches!(error.kind(), Kind::Connect | Kind::Broken | Kind::Status) => {}
                _ => return Err(error),
            }
        }
    }
}
