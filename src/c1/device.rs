//! Login of a person on another device (RFC 8628).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::auth::{self, Credential};
use connectors_runtime::Exchange;

use crate::{Connection, Error};

use super::client::Client;
use super::credentials::{endpoint, server};
use super::secret::ClientId;

/// The device login of a person, in a browser on any device (RFC 8628): the program shows a code and a page, and polls.
///
/// ```no_run
/// # async fn example() -> Result<(), connectors::Error> {
/// use connectors::c1::DeviceLogin;
///
/// let login = DeviceLogin::new("my-program").tenant("example").begin().await?;
/// println!("open {} and enter {}", login.verification_uri(), login.user_code());
/// let c1 = login.wait().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "call `begin` to start the login"]
pub struct DeviceLogin {
    client_id: String,
    tenant: Option<String>,
    connection: Connection,
}

impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl DeviceLogin {
    /// A login for the program with this client id in the tenant. Sends nothing.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), tenant: None, connection: Connection::new() }
    }

    /// Sets the tenant: its name, its host, or its URL; see [`Credentials::tenant`](super::Credentials::tenant). Without it,
    /// the host in the client id is used, if there is one.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the connection of the login, and of the client after it: limits, retries, proxy and so on.
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// Requests the codes of a login.
    ///
    /// # Errors
    /// [`Error::is_config`] if a setting is missing or malformed, [`Error::is_auth`] if the server does not know the
    /// client.
    pub async fn begin(self) -> Result<DeviceGrant, Error> {
        let url = match &self.tenant {
            Some(tenant) => server(tenant)?,
            None => {
                let id = self.client_id.parse::<ClientId>();
                server(id.map_err(|error| error.in_context("no tenant, and none in the client id"))?.host())?
            }
        };
        let exchange = self.connection.exchange(&url)?;
        let [codes, tokens] = ["/auth/v1/device_authorization", "/auth/v1/token"].map(|path| endpoint(&url, path));
        let grant = auth::DeviceLogin::new(codes, tokens, self.client_id).begin_over(&exchange).await?;
        Ok(DeviceGrant { grant, exchange, url })
    }
}

/// A login that waits for a person; see [`DeviceLogin`].
#[must_use = "call `wait` to finish the login"]
pub struct DeviceGrant {
    grant: auth::DeviceGrant,
    exchange: Arc<Exchange>,
    url: Url,
}

impl fmt::Debug for DeviceGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.grant.fmt(f)
    }
}

impl DeviceGrant {
    /// The code that the person has to enter, or to compare with the one shown.
    #[must_use]
    pub fn user_code(&self) -> &str {
        self.grant.user_code()
    }

    /// The page where the person enters it.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        self.grant.verification_uri()
    }

    /// The page with the code already in it, for a link or a QR code, if the server has one.
    #[must_use]
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.grant.verification_uri_complete()
    }

    /// How long the code is valid, counted from the beginning of the login.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.grant.expires_in()
    }

    /// Polls until the person has confirmed, and returns a client that acts for them. The server sets the poll
    /// interval; without one it is 5 s. A failed poll is retried at the next interval.
    ///
    /// The client refreshes its token if the server has issued a refresh token. Otherwise calls fail with
    /// [`Error::is_auth`] once the token has expired, and the person has to log in again.
    ///
    /// # Errors
    /// [`Error::is_auth`] if the person rejected the login, or did not confirm it in time; [`Error::code`] is then a
    /// code of RFC 8628, section 3.5, such as `access_denied`.
    pub async fn wait(self) -> Result<Client, Error> {
        let login = self.grant.wait().await?;
        Client::over(self.exchange, self.url, Credential::bearer(login))
    }
}
