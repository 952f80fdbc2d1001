//! Flows of OAuth 2.0 by which a client gets its own tokens.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use url::Url;

use crate::error::{Error, Kind};
use crate::http::Exchange;

use super::{ClientSecretPost, Provider, TokenEndpoint, check_endpoint};

/// A flow of OAuth 2.0 (RFC 6749) by which a client gets its own tokens.
#[derive(Clone)]
pub struct OAuth2 {
    token_url: String,
    id: String,
    secret: SecretString,
    scopes: Vec<String>,
}

impl fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

impl OAuth2 {
    /// Client credentials (RFC 6749, section 4.4).
    pub fn client_credentials(token_url: impl Into<String>, id: impl Into<String>, secret: impl Into<String>) -> Self {
        let (token_url, id, secret) = (token_url.into(), id.into(), SecretString::from(secret.into()));
        Self { token_url, id, secret, scopes: Vec::new() }
    }

    /// The scopes to ask for (RFC 6749, section 3.3).
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    pub(super) fn connect(self, exchange: &Arc<Exchange>, base_url: &Url) -> Result<Provider, Error> {
        let url =
            base_url.join(&self.token_url).map_err(|_| Error::new(Kind::Config, "the token endpoint is not a URL"))?;
        check_endpoint(&url)?;
        let endpoint = TokenEndpoint { exchange: Arc::clone(exchange), url };
        let scope = (!self.scopes.is_empty()).then(|| self.scopes.join(" "));
        Ok(Provider::new(ClientSecretPost { endpoint, id: self.id, secret: self.secret, scope }))
    }
}
