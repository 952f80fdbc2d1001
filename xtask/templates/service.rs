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
//! [`api`] has every operation as the document has it.
//
// TODO what is written by hand adds meaning, not plumbing: a handle for what the service has, waits, words for the usual
// jobs, credentials from the environment. See src/c1 for what that can be.

use connectors_runtime::Server;

use crate::{Builder, Connect, Connection, Error};

/// The client as the document has it: every operation and every schema.
#[allow(clippy::all, clippy::pedantic)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/__SERVICE__.rs"));
}

/// The vendored OpenAPI document with our overlay applied, as JSON.
///
/// For tests and tools that want to know what this version of the crate was made from.
pub const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/__SERVICE__.json"));

pub use api::{Credentials, servers, types};

/// A client of the service. Cheap to clone; clones share connections, tokens and the retry budget.
#[derive(Clone, Debug)]
pub struct Client {
    api: api::Client,
}

impl Connect for Client {
    type Setup = (Server, Credentials);

    // TODO failures are read as most services write them. For one that writes them in a way of its own, and for credentials
    // that need more than a scheme of the document, see `Client::over` and `failure` in src/c1/client.rs.
    fn connect(setup: Self::Setup, connection: Connection) -> Result<Self, Error> {
        Ok(Self { api: api::Client::connect(setup, connection)? })
    }
}

impl Client {
    /// Sets up a client for a server, a URL or one of [`servers`]: https, or http to loopback. [`Builder`] has what else can
    /// be set, such as limits and the retry policy.
    pub fn builder(server: impl Into<Server>, credentials: Credentials) -> Builder<Self> {
        Builder::new((server.into(), credentials))
    }

    /// Every operation as the document has it, over this client's connections and tokens.
    #[must_use]
    pub fn api(&self) -> &api::Client {
        &self.api
    }
}
