//! __TITLE__: the client that is generated from its OpenAPI document.
//!
//! ```no_run
//! use connectors::__SERVICE__::{Client, Credentials};
//!
//! # fn example() -> Result<(), connectors::Error> {
//! // `Credentials` has a method for each security scheme of the document.
//! let client = Client::builder("__SERVER__", Credentials::new()).build()?;
//! println!("{} operations: {:?}", connectors::__SERVICE__::api::OPERATIONS.len(), client.api());
//! # Ok(())
//! # }
//! ```
//!
//! [`api`] has every operation of the document.
//
// TODO write what a generator cannot know: handles for the service's objects, waits, methods for the usual jobs,
// credentials from the environment. See src/c1 for examples.

use connectors_runtime::Server;

use crate::{Builder, Connect, Connection, Error};

/// The client with everything in the document: every operation and every schema.
#[allow(clippy::all, clippy::pedantic)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/__SERVICE__.rs"));
}

/// The vendored OpenAPI document with our overlay applied, as JSON.
///
/// For tests and tools: the document that this version of the crate was generated from.
pub const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/__SERVICE__.json"));

pub use api::{Credentials, servers, types};

/// A client of the service. Cheap to clone; clones share connections, tokens and the retry budget.
#[derive(Clone, Debug)]
pub struct Client {
    api: api::Client,
}

impl Connect for Client {
    type Setup = (Server, Credentials);

    // TODO failures are read in the most common format. For another format, or for credentials that the document's
    // schemes do not describe, see `Client::over` and `failure` in src/c1/client.rs.
    fn connect(setup: Self::Setup, connection: Connection) -> Result<Self, Error> {
        Ok(Self { api: api::Client::connect(setup, connection)? })
    }
}

impl Client {
    /// Starts a builder for a server, a URL or one of [`servers`]: https, or http to loopback. [`Builder`] has all
    /// other settings, such as limits and the retry policy.
    pub fn builder(server: impl Into<Server>, credentials: Credentials) -> Builder<Self> {
        Builder::new((server.into(), credentials))
    }

    /// Every operation of the document, over this client's connections and token.
    #[must_use]
    pub fn api(&self) -> &api::Client {
        &self.api
    }
}
