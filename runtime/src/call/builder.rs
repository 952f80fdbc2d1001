//! One builder for the clients of all services.

use std::fmt;
use std::marker::PhantomData;

use http::header::{HeaderMap, HeaderName};

use crate::error::Error;
use crate::http::{Attempted, Clock, Connection, Limits, Operation, RetryPolicy, Sender};

/// A client that a [`Builder`] builds, from the service's own settings and a [`Connection`].
pub trait Connect: Sized {
    /// The service's settings apart from the connection: server and credentials.
    type Setup;

    /// Builds the client. Sends nothing.
    ///
    /// # Errors
    /// [`Error::is_config`] if a setting is missing, malformed, or not safe to send a token to.
    fn connect(setup: Self::Setup, connection: Connection) -> Result<Self, Error>;
}

/// Sets up a client: the settings of its [`Connection`], then [`Builder::build`].
#[must_use = "`build` creates the client"]
pub struct Builder<C: Connect> {
    setup: C::Setup,
    connection: Connection,
    client: PhantomData<fn() -> C>,
}

impl<C: Connect> fmt::Debug for Builder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl<C: Connect> Builder<C> {
    /// A builder with the default connection.
    pub fn new(setup: C::Setup) -> Self {
        Self { setup, connection: Connection::new(), client: PhantomData }
    }

    /// Replaces all settings of the connection at once.
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    fn change(mut self, change: impl FnOnce(Connection) -> Connection) -> Self {
        self.connection = change(self.connection);
        self
    }

    /// See [`Connection::limits`].
    pub fn limits(self, limits: Limits) -> Self {
        self.change(|connection| connection.limits(limits))
    }

    /// See [`Connection::retry`].
    pub fn retry(self, retry: RetryPolicy) -> Self {
        self.change(|connection| connection.retry(retry))
    }

    /// See [`Connection::clock`].
    pub fn clock(self, clock: impl Clock) -> Self {
        self.change(|connection| connection.clock(clock))
    }

    /// See [`Connection::http`].
    pub fn http(self, http: reqwest::ClientBuilder) -> Self {
        self.change(|connection| connection.http(http))
    }

    /// See [`Connection::proxy`].
    pub fn proxy(self, proxy: reqwest::Proxy) -> Self {
        self.change(|connection| connection.proxy(proxy))
    }

    /// See [`Connection::sender`].
    pub fn sender(self, sender: impl Sender) -> Self {
        self.change(|connection| connection.sender(sender))
    }

    /// See [`Connection::header`].
    pub fn header(self, name: &str, value: &str) -> Self {
        self.change(|connection| connection.header(name, value))
    }

    /// See [`Connection::user_agent`].
    pub fn user_agent(self, name: impl Into<String>) -> Self {
        self.change(|connection| connection.user_agent(name))
    }

    /// See [`Connection::request_id_header`].
    pub fn request_id_header(self, name: HeaderName) -> Self {
        self.change(|connection| connection.request_id_header(name))
    }

    /// See [`Connection::on_attempt`].
    pub fn on_attempt(self, watcher: impl Fn(&Attempted<'_>) + Send + Sync + 'static) -> Self {
        self.change(|connection| connection.on_attempt(watcher))
    }

    /// See [`Connection::headers_with`].
    pub fn headers_with(self, headers: impl Fn(&Operation) -> HeaderMap + Send + Sync + 'static) -> Self {
        self.change(|connection| connection.headers_with(headers))
    }

    /// Builds the client. Sends nothing: a wrong secret is an error of the first call.
    ///
    /// # Errors
    /// [`Error::is_config`] if a setting is missing, malformed, or not safe to send a token to.
    pub fn build(self) -> Result<C, Error> {
        C::connect(self.setup, self.connection)
    }
}
