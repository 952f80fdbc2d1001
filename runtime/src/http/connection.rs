//! The settings of a connection: limits, retries, clock, hooks, headers, proxy, TLS.

use std::fmt;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use url::Url;

use crate::error::{Error, Kind};

use super::exchange::{Exchange, Host};
use super::hooks::{Attempted, Hooks, is_ours};
use super::line::Line;
use super::operation::Operation;
use super::retry::{Budget, RetryPolicy};
use super::send::{DynSender, Sender};
use super::tls::{self, provide_tls};
use super::{Clock, Limits, SystemClock};

/// The settings of a connection: limits, retries, clock, headers, proxy, TLS. They are the same for every service.
///
/// ```
/// use std::time::Duration;
/// use connectors_runtime::{Connection, Limits};
///
/// let mut limits = Limits::default();
/// limits.call = Duration::from_secs(30);
/// let connection = Connection::new().limits(limits).user_agent("my-program/1.0");
/// # drop(connection);
/// ```
///
/// A [`Builder`](crate::Builder) has the same methods. A `Connection` belongs to one client. If several clients have the
/// same settings, write a function that returns a `Connection`, and call it for each of them:
///
/// ```
/// use connectors_runtime::Connection;
///
/// fn settings() -> Connection {
///     Connection::new().user_agent("my-program/1.0").header("x-team", "reports")
/// }
/// # drop(settings());
/// ```
#[must_use]
pub struct Connection {
    limits: Limits,
    retry: RetryPolicy,
    clock: Arc<dyn Clock>,
    http: Option<reqwest::ClientBuilder>,
    proxy: Option<reqwest::Proxy>,
    sender: Option<Arc<dyn DynSender>>,
    headers: HeaderMap<HeaderValue>,
    user_agent: Option<String>,
    hooks: Hooks,
    request_id_header: Option<HeaderName>,
    /// The first invalid setting; [`Connection::exchange`] returns it.
    wrong: Option<Error>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the HTTP client and the proxy: they print passwords.
        f.debug_struct("Connection")
            .field("limits", &self.limits)
            .field("retry", &self.retry)
            .field("own_http_client", &self.http.is_some())
            .field("own_sender", &self.sender.is_some())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            retry: RetryPolicy::default(),
            clock: Arc::new(SystemClock),
            http: None,
            proxy: None,
            sender: None,
            headers: HeaderMap::new(),
            user_agent: None,
            hooks: Hooks::default(),
            request_id_header: None,
            wrong: None,
        }
    }
}

impl Connection {
    /// The defaults: the network, the machine's clock, the limits of [`Limits::default`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the timeouts of calls and the size limits of responses.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how often calls are retried, and after which delays.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Replaces the clock, which drives every wait and timeout. For tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Replaces the HTTP client: for your own certificate authority, pool or TLS settings. The client sets redirects,
    /// the connect timeout, the user agent and the headers in it.
    ///
    /// Without it, TLS uses the feature `rustls` if it is on, else `native-tls`. With neither, a client for an https
    /// server cannot be built. With it and the feature `rustls`, building the client calls
    /// [`provide_tls`](crate::provide_tls): the cryptography is `ring`, unless the program has installed another provider.
    pub fn http(mut self, http: reqwest::ClientBuilder) -> Self {
        self.http = Some(http);
        self
    }

    /// Sends every request through this proxy, except to loopback over plain http.
    pub fn proxy(mut self, proxy: reqwest::Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Replaces the network: see [`Sender`]. For tests without a socket, recordings, and your own transports. Proxy,
    /// TLS and connect timeout then have no effect.
    pub fn sender(mut self, sender: impl Sender) -> Self {
        self.sender = Some(Arc::new(sender));
        self
    }

    /// Adds a header to every request, token requests included. Its value is never printed. `Authorization`, `Host`,
    /// `Content-Length` and `Transfer-Encoding` belong to the client: setting one is an error when the client is built.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Err(error) = self.add_header(name, value) {
            self.wrong.get_or_insert(error);
        }
        self
    }

    /// Sets a product name that is sent before this crate's own in `User-Agent`.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Calls `watcher` after each attempt, token requests included: for metrics and logs. It runs on the task of the
    /// call, so it must not block. Several functions are called in order.
    pub fn on_attempt(mut self, watcher: impl Fn(&Attempted<'_>) + Send + Sync + 'static) -> Self {
        self.hooks.watchers.push(Box::new(watcher));
        self
    }

    /// Adds headers to each attempt of an operation, computed when it is sent: a trace context, a signature. They
    /// replace headers of the same name and are never printed. `Authorization`, `Host`, `Content-Length` and
    /// `Transfer-Encoding` are ignored. Token requests do not get them.
    pub fn headers_with(mut self, headers: impl Fn(&Operation) -> HeaderMap + Send + Sync + 'static) -> Self {
        self.hooks.headers.push(Box::new(headers));
        self
    }

    /// Sets the header for the client's own id of a call, such as `x-request-id`. Each call then has a random id, the
    /// same for all its attempts.
    pub fn request_id_header(mut self, name: HeaderName) -> Self {
        self.request_id_header = Some(name);
        self
    }

    fn add_header(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            let message = "a header's name or value has characters that HTTP does not allow";
            return Err(Error::new(Kind::Config, message));
        };
        if is_ours(name.as_str()) {
            let message = format!("`header` cannot set `{name}`: the client sets it itself");
            return Err(Error::new(Kind::Config, message));
        }
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }

    /// Builds the exchange with the server at `base_url`.
    ///
    /// # Errors
    /// [`Error::is_config`] if a setting is invalid.
    pub fn exchange(self, base_url: &Url) -> Result<Arc<Exchange>, Error> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        if let Some(name) = self.request_id_header.as_ref().filter(|name| self.headers.contains_key(*name)) {
            let message =
                format!("`header` cannot set `{name}`: each call has its own, which `headers_with` may replace");
            return Err(Error::new(Kind::Config, message));
        }
        let own = concat!("connectors/", env!("CARGO_PKG_VERSION"));
        let agent = self.user_agent.map_or_else(|| own.to_owned(), |theirs| format!("{theirs} {own}"));
        let http = match self.http {
            Some(theirs) => {
                // Its TLS may be rustls without a provider.
                provide_tls();
                theirs
            }
            None => tls::http(base_url, self.sender.is_some())?,
        };
        let mut builder = http
            // This crate decides which calls are retried. reqwest does not know which ones are idempotent.
            .retry(reqwest::retry::never())
            .connect_timeout(self.limits.connect)
            // A redirect would send a token, or a call that must not be repeated, to a server that the program did not
            // choose.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(&agent)
            .default_headers(self.headers.clone());
        if base_url.scheme() == "http" {
            // Plain http is for this machine only. A proxy would be another machine.
            builder = builder.no_proxy();
        } else if let Some(proxy) = self.proxy {
            builder = builder.proxy(proxy);
        }
        let http = builder.build().map_err(|error| {
            Error::new(Kind::Config, "the HTTP client cannot be set up").caused_by(error.without_url())
        })?;
        let always = (!self.headers.is_empty()).then(|| self.headers.values().cloned().collect());
        let line = match self.sender {
            None => Line::Network(http.clone()),
            Some(sender) => {
                let mut headers = self.headers;
                if let Ok(agent) = HeaderValue::try_from(agent) {
                    headers.entry(USER_AGENT).or_insert(agent);
                }
                Line::Own { sender, headers }
            }
        };
        Ok(Arc::new(Exchange {
            http,
            line,
            limits: self.limits,
            retry: self.retry,
            clock: self.clock,
            hooks: self.hooks,
            request_id: self.request_id_header,
            budget: Budget::new(),
            host: Host::of(base_url),
            always,
        }))
    }
}
