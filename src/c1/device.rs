//! Login of a person, in whatever browser they have.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::Error;
use crate::auth::{DeviceGrant, LoggedIn, Provider, TokenEndpoint};
use crate::transport::Exchange;

use super::client::{Client, endpoint};

/// A login that waits for a person; see [`ClientBuilder::device_login`](super::ClientBuilder::device_login).
#[must_use = "the login is finished by waiting for it"]
pub struct DeviceLogin {
    tokens: TokenEndpoint,
    base_url: Url,
    client_id: String,
    grant: DeviceGrant,
}

impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin").field("grant", &self.grant).finish_non_exhaustive()
    }
}

impl DeviceLogin {
    pub(super) async fn start(exchange: Arc<Exchange>, base_url: Url, client_id: String) -> Result<Self, Error> {
        let authorization = endpoint(&exchange, &base_url, "/auth/v1/device_authorization")?;
        let tokens = endpoint(&exchange, &base_url, "/auth/v1/token")?;
        let grant = DeviceGrant::start(&authorization, &client_id).await?;
        Ok(Self { tokens, base_url, client_id, grant })
    }

    /// The code that the person has to enter, or to compare with the one shown.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.grant.user_code
    }

    /// The page to enter it at.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        &self.grant.verification_uri
    }

    /// The page with the code already in it, for a link or a QR code, if the server has one.
    #[must_use]
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.grant.verification_uri_complete.as_deref()
    }

    /// How long the code was good for when the login began.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.grant.expires_in
    }

    /// Waits until the person has confirmed, and gives a client that acts for them. It asks as often as the server allows,
    /// 5 s apart if the server does not say, and a failed question is asked again.
    ///
    /// The client has the one token of this login, which is not renewed: once it has expired, calls fail with
    /// [`Error::is_auth`] and the person has to log in again.
    ///
    /// # Errors
    /// [`Error::is_auth`] if the person refused, or did not confirm in time; [`Error::code`] is then that of RFC 8628, section
    /// 3.5, such as `access_denied`.
    pub async fn wait(self) -> Result<Client, Error> {
        let token = self.grant.wait(&self.tokens, &self.client_id).await?;
        let exchange = self.tokens.exchange;
        let provider = Provider::new(LoggedIn::new(token, Arc::clone(&exchange.clock)));
        Ok(Client::over(exchange, &self.base_url, provider))
    }
}
