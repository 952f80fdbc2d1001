//! How a client is connected: what the builders of all services have in common.

use std::fmt;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::Error;
use crate::error::Kind;

use super::hooks::{Hooks, is_ours};
use super::retry::Budget;
use super::{Clock, Exchange, Limits, SystemClock};

/// What a builder knows of the connection.
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) http: Option<reqwest::ClientBuilder>,
    pub(crate) headers: HeaderMap<HeaderValue>,
    pub(crate) user_agent: Option<String>,
    pub(crate) hooks: Hooks,
    /// The header in which the service takes a client's own name for a call.
    pub(crate) request_id_header: Option<HeaderName>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the HTTP client: it prints its proxies with their passwords.
        f.debug_struct("Settings")
            .field("limits", &self.limits)
            .field("own_http_client", &self.http.is_some())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
            http: None,
            headers: HeaderMap::new(),
            user_agent: None,
            hooks: Hooks::default(),
            request_id_header: None,
        }
    }
}

impl Settings {
    /// A header for every request that is not ours to set.
    pub(crate) fn add_header(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            let message = "a header's name or value has characters that HTTP does not allow";
            return Err(Error::new(Kind::Config, message));
        };
        if is_ours(name.as_str()) {
            let message =
                format!("`header` cannot set `{name}`: the client decides who a request is from and where it ends");
            return Err(Error::new(Kind::Config, message));
        }
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }

    pub(crate) fn exchange(self, base_url: &Url) -> Result<Arc<Exchange>, Error> {
        if let Some(name) = self.request_id_header.as_ref().filter(|name| self.headers.contains_key(*name)) {
            let message =
                format!("`header` cannot set `{name}`: each call has one of its own, which `headers_with` may replace");
            return Err(Error::new(Kind::Config, message));
        }
        let own = concat!("connectors/", env!("CARGO_PKG_VERSION"));
        let agent = self.user_agent.map_or_else(|| own.to_owned(), |theirs| format!("{theirs} {own}"));
        // A redirect would take a token, or a call that must not be repeated, somewhere nobody chose.
        let http = match self.http {
            Some(theirs) => theirs,
            None => own_http(base_url)?,
        };
        let mut builder = http
            // Whether a call may be sent again is decided here, where it is known what it does.
            .retry(reqwest::retry::never())
            .connect_timeout(self.limits.connect)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(agent)
            .default_headers(self.headers);
        if base_url.scheme() == "http" {
            // Plain http is for this machine only; a proxy would be another one.
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .map_err(|error| Error::new(Kind::Config, "the HTTP client cannot be set up").caused_by(error))?;
        Ok(Arc::new(Exchange {
            http,
            limits: self.limits,
            clock: self.clock,
            hooks: self.hooks,
            request_id: self.request_id_header,
            budget: Budget::new(),
        }))
    }
}

/// An HTTP client over the TLS that this crate's features name, whatever others have turned on in the crate beneath.
fn own_http(base_url: &Url) -> Result<reqwest::ClientBuilder, Error> {
    if base_url.scheme() == "https" && !cfg!(any(feature = "rustls", feature = "native-tls")) {
        let message = "no TLS for an https server: turn on the feature `rustls` or `native-tls` of `connectors`, or give the builder an HTTP client of your own by `http`";
        return Err(Error::new(Kind::Config, message));
    }
    let http = reqwest::Client::builder();
    // Left to itself it would take the other as soon as anybody has turned that on.
    #[cfg(feature = "rustls")]
    let http = http.tls_backend_rustls();
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    let http = http.tls_backend_native();
    Ok(http)
}

/// What is wrong with a builder that was told two things of which one can be.
pub(crate) fn contradiction(first: &str, second: &str, only: &str) -> Error {
    Error::new(Kind::Config, format!("`{first}` and `{second}` contradict each other: {only}"))
}

/// The methods that every service's builder has. It stands in the builder's `impl`, and the builder has the fields
/// `settings: Settings` and `wrong: Option<Error>`.
macro_rules! connection_methods {
    () => {
        /// How long things may take and how large they may be.
        #[must_use]
        pub fn limits(mut self, limits: $crate::transport::Limits) -> Self {
            self.settings.limits = limits;
            self
        }

        /// A clock of the test's own.
        #[must_use]
        pub fn clock(mut self, clock: impl $crate::transport::Clock) -> Self {
            self.settings.clock = ::std::sync::Arc::new(clock);
            self
        }

        /// An HTTP client of your own making: a proxy, a certificate authority, a pool. Redirects, the connect timeout,
        /// the user agent and the headers set here are put into it.
        ///
        /// Its TLS is its own. Without one of your own, TLS is by the feature `rustls` of this crate if it is on, else by
        /// `native-tls`; with neither, a client for an https server cannot be built.
        #[must_use]
        pub fn http(mut self, http: ::reqwest::ClientBuilder) -> Self {
            self.settings.http = Some(http);
            self
        }

        /// A header for every request, those for tokens included. Its value is never printed. `Authorization`, `Host`,
        /// `Content-Length` and `Transfer-Encoding` are the client's own: setting one is an error when it is built.
        #[must_use]
        pub fn header(mut self, name: &str, value: &str) -> Self {
            if let Err(error) = self.settings.add_header(name, value) {
                self.wrong.get_or_insert(error);
            }
            self
        }

        /// Words for the `User-Agent`, before this crate's own.
        #[must_use]
        pub fn user_agent(mut self, name: impl Into<String>) -> Self {
            self.settings.user_agent = Some(name.into());
            self
        }

        /// Tells of each attempt when it is over, those for tokens included: for metrics and logs. Called where the call
        /// runs, so it should be quick. Each function given is called, in order.
        #[must_use]
        pub fn on_attempt(
            mut self,
            watcher: impl Fn(&$crate::transport::Attempted<'_>) + Send + Sync + 'static,
        ) -> Self {
            self.settings.hooks.watchers.push(Box::new(watcher));
            self
        }

        /// Headers for each attempt of an operation, made when it is sent: a trace's context, a signature. They take the
        /// place of others of the same name and are never printed. `Authorization`, `Host`, `Content-Length` and
        /// `Transfer-Encoding` among them are left out. Requests for tokens do not get them.
        #[must_use]
        pub fn headers_with(
            mut self,
            headers: impl Fn(&$crate::transport::Operation) -> ::http::HeaderMap + Send + Sync + 'static,
        ) -> Self {
            self.settings.hooks.headers.push(Box::new(headers));
            self
        }
    };
}

pub(crate) use connection_methods;
