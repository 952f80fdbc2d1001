//! The client.

use std::fmt;
use std::sync::Arc;

use url::Url;

use crate::auth;
use crate::{Builder, Connect, Connection, Error};
use connectors_runtime::{Core, Exchange, Kind, Reply, UntypedCall};

use super::api;
use super::credentials::Credentials;

/// The maximum number of items on a page.
pub(super) const PAGE_SIZE: i32 = 100;

/// A client of one C1 tenant. Cheap to clone; clones share connections, token and retry budget.
///
/// Calls need a tokio runtime with timers and IO, as `#[tokio::main]` builds it. See the [crate](crate#the-runtime).
#[derive(Clone)]
pub struct Client {
    pub(super) core: Core,
    pub(super) api: api::Client,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("c1::Client").field("server", &self.core.base_url()).finish_non_exhaustive()
    }
}

impl Connect for Client {
    type Setup = Credentials;

    fn connect(credentials: Credentials, connection: Connection) -> Result<Self, Error> {
        let (url, credential) = credentials.resolve()?;
        Self::over(connection.exchange(&url)?, url, credential)
    }
}

impl Client {
    /// Builds a client with the credentials of the environment; [`Credentials::from_env`] lists the variables.
    ///
    /// # Errors
    /// [`Error::is_config`] if variables are missing, malformed or not UTF-8; the message names them.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder(Credentials::from_env()?).build()
    }

    /// Starts a builder with these credentials. [`Builder`] has all settings, such as limits and the retry policy.
    pub fn builder(credentials: Credentials) -> Builder<Self> {
        Builder::new(credentials)
    }

    pub(super) fn over(exchange: Arc<Exchange>, url: Url, credential: auth::Credential) -> Result<Self, Error> {
        let authenticator = auth::Credentials::for_all(credential).connect(&exchange, &url)?;
        let core = Core::over(exchange, url, authenticator, api::OPERATIONS, failure);
        Ok(Self { api: api::Client::over(core.clone()), core })
    }

    /// The URL of the server, without a slash at its end.
    #[must_use]
    pub fn server(&self) -> &str {
        self.core.base_url()
    }

    /// Begins a call of any operation with JSON in and out, by its `operationId`, or by its group and method as in
    /// [`Client::api`]. For programs that learn at run time what to call. Sends nothing.
    ///
    /// ```no_run
    /// # async fn example(c1: connectors::c1::Client) -> Result<(), connectors::Error> {
    /// let call = c1.operation("connectors.get")?.parameter("app_id", "my-app").parameter("id", "my-connector");
    /// println!("{}", call.send().await?.value());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if the document has no such operation.
    pub fn operation(&self, name: &str) -> Result<UntypedCall, Error> {
        self.core.untyped(name)
    }

    /// Every operation of the document, over this client's connections and token.
    #[must_use]
    pub fn api(&self) -> &api::Client {
        &self.api
    }
}

/// The body of a failed response: `google.rpc.Status`, if it has that form.
fn failure(reply: &Reply) -> Error {
    let body = reply.json();
    // Read leniently: a message is useful even if other fields have unexpected types.
    let message = body.get("message").and_then(serde_json::Value::as_str).filter(|message| !message.is_empty());
    let message = message.unwrap_or_else(|| {
        if reply.content_type().is_some_and(|kind| kind.contains("html")) {
            "the server returned a web page; is the host a C1 tenant?"
        } else {
            "the server gave no reason"
        }
    });
    let code = match body.get("code") {
        Some(serde_json::Value::String(code)) => Some(code.clone()),
        Some(serde_json::Value::Number(code)) => Some(code.to_string()),
        _ => None,
    };
    let details = body.get("details").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    Error::new(Kind::Status, message).with_code(code).with_details(details)
}
