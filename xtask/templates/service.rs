//! __TITLE__: the client that is generated from its OpenAPI document, over this crate's transport.
//!
//! ```no_run
//! use connectors::__SERVICE__::Client;
//!
//! # fn example() -> Result<(), connectors::Error> {
//! let client = Client::builder().base_url("__SERVER__").bearer_token("...").build()?;
//! let _every_operation = client.api();
//! # Ok(())
//! # }
//! ```
//!
//! [`api`] has every operation as the document has it.
//
// TODO what is hand-written adds meaning, not plumbing: streams over pages, waiters, words for the usual workflows. See
// src/c1 for what that can be.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::Error;
use crate::auth::{Cache, Fixed, Provider, Token, TokenProvider};
use crate::error::Kind;
use crate::transport::{Limits, Reply, Settings, Transport, check_base_url};

/// The client as the document has it: every operation and every schema.
#[allow(clippy::all, clippy::pedantic)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/__SERVICE__.rs"));
}

/// The vendored OpenAPI document with our overlay applied, as JSON.
///
/// For tests and tools that want to know what this version of the crate was made from.
pub const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/__SERVICE__.json"));

pub use api::types;

/// How long before it expires a token is renewed, at most.
const RENEW_AHEAD: Duration = Duration::from_secs(60);

/// A client of the service. Cheap to clone; clones share connections, token and retry budget.
#[derive(Clone)]
pub struct Client {
    api: Arc<api::Client>,
    transport: Transport,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("__SERVICE__::Client").field("server", &self.transport.base_url()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client set up step by step.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Every operation as the document has it, over this client's transport.
    #[must_use]
    pub fn api(&self) -> &api::Client {
        &self.api
    }
}

/// Sets up a [`Client`].
#[derive(Debug, Default)]
pub struct ClientBuilder {
    base_url: Option<String>,
    tokens: Option<Provider>,
    settings: Settings,
}

impl ClientBuilder {
    /// Where the service is: https, or http to this machine.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    // TODO the ways in which the service authenticates; see src/auth.
    /// A bearer token that somebody else looks after. It is never renewed.
    #[must_use]
    pub fn bearer_token(self, token: impl Into<String>) -> Self {
        self.token_provider(Fixed(Token::new(token)))
    }

    /// Tokens from somewhere else altogether.
    #[must_use]
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.tokens = Some(Provider::new(provider));
        self
    }

    /// How long things may take and how large they may be.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// An HTTP client of your own making: a proxy, a certificate authority, a pool.
    #[must_use]
    pub fn http(mut self, http: reqwest::ClientBuilder) -> Self {
        self.settings.http = Some(http);
        self
    }

    /// The client. Sends nothing yet.
    ///
    /// # Errors
    /// [`Error::is_config`] if something is missing, malformed, or not safe to send a token to.
    pub fn build(self) -> Result<Client, Error> {
        let tokens = self.tokens.ok_or_else(|| Error::new(Kind::Config, "no credentials: give a token"))?;
        let base_url = self.base_url.ok_or_else(|| Error::new(Kind::Config, "no server: say where the service is"))?;
        let base_url =
            Url::parse(&base_url).map_err(|_| Error::new(Kind::Config, "the server's URL cannot be read"))?;
        check_base_url(&base_url)?;
        let exchange = self.settings.exchange(&base_url)?;
        let tokens = Cache::new(tokens, Arc::clone(&exchange.clock), exchange.limits.call, RENEW_AHEAD);
        let transport = Transport::new(exchange, &base_url, tokens, failure);
        Ok(Client { api: Arc::new(api::Client::new(transport.clone())), transport })
    }
}

// TODO read the service's own shape of errors: code, message, details.
/// A failed answer: its message, wherever it is usual to have one.
fn failure(reply: &Reply) -> Error {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let said = ["/message", "/error/message", "/error", "/detail", "/title"]
        .iter()
        .find_map(|place| body.pointer(place).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty()));
    Error::new(Kind::Status, said.unwrap_or("the server gave no reason"))
}
