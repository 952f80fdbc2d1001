//! The state that all calls of a client share: the server, the connection, the credentials.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use url::Url;

use crate::auth::{Authenticator, Credentials};
use crate::error::{Error, Kind};
use crate::http::{Clock, Connection, Exchange, Operation, ReadFailure};

use super::failure;
use super::path::Paths;

/// The state that all calls of a client share. Cheap to clone. Clones share connections, tokens and the retry budget.
#[derive(Clone)]
pub struct Core(Arc<Inner>);

struct Inner {
    exchange: Arc<Exchange>,
    url: Url,
    /// The URL without a trailing slash.
    base_url: String,
    /// The URLs for operations with their own server.
    others: BTreeMap<&'static str, Url>,
    /// Whether the server is one of the document's.
    is_documented: bool,
    authenticator: Authenticator,
    paths: Paths,
    read_failure: ReadFailure,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("server", &self.0.url.host_str().unwrap_or_default()).finish_non_exhaustive()
    }
}

impl Core {
    /// Connects to a server.
    ///
    /// # Errors
    /// [`Error::is_config`] if the URL is not safe to send credentials to (https, or http to loopback), or a setting of
    /// the connection or a credential is invalid.
    pub fn connect(
        server: Server,
        credentials: Credentials,
        connection: Connection,
        operations: &'static [Operation],
    ) -> Result<Self, Error> {
        let url = server.url?;
        crate::auth::check_server(&url)?;
        let exchange = connection.exchange(&url)?;
        let authenticator = credentials.connect(&exchange, &url)?;
        let mut core = Self::over(exchange, url, authenticator, operations, failure::failure);
        if let Some(inner) = Arc::get_mut(&mut core.0) {
            inner.others = server.others;
            inner.is_documented = server.is_documented;
        }
        Ok(core)
    }

    /// For a service with its own exchange, credentials and reader of failures.
    pub fn over(
        exchange: Arc<Exchange>,
        url: Url,
        authenticator: Authenticator,
        operations: &'static [Operation],
        read_failure: ReadFailure,
    ) -> Self {
        let base_url = url.as_str().trim_end_matches('/').to_owned();
        let (others, paths) = (BTreeMap::new(), Paths::of(operations));
        let is_documented = false;
        Self(Arc::new(Inner { exchange, url, base_url, others, is_documented, authenticator, paths, read_failure }))
    }

    /// The server's URL, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.0.base_url
    }

    /// The clock for every wait of the client.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.exchange.clock
    }

    pub(super) fn exchange(&self) -> &Exchange {
        &self.0.exchange
    }

    pub(super) fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    pub(super) fn paths(&self) -> &Paths {
        &self.0.paths
    }

    pub(super) fn read_failure(&self) -> ReadFailure {
        self.0.read_failure
    }

    /// The server for calls of an operation: the client's server, or the operation's own server in the document.
    ///
    /// # Errors
    /// [`Error::is_config`] if the document's server is not safe to send credentials to.
    pub(super) fn url_of(&self, operation: &Operation) -> Result<Cow<'_, Url>, Error> {
        let Some(server) = operation.server() else { return Ok(Cow::Borrowed(&self.0.url)) };
        if let Some(other) = self.0.others.get(server) {
            return Ok(Cow::Borrowed(other));
        }
        // A relative URL is on the client's server.
        let url = self.0.url.join(server).map_err(|error| {
            Error::new(Kind::Config, "the document's server for the operation is not a URL").caused_by(error)
        })?;
        crate::auth::check_server(&url)?;
        Ok(Cow::Owned(url))
    }

    /// Checks that the credentials of the client may be sent to the server of an operation. They belong to the server that
    /// the program chose. If that is one of the document's, the others of the document get them, too. If it is not, another
    /// server gets them only by [`Server::instead_of`].
    ///
    /// # Errors
    /// [`Error::is_config`] if they may not.
    pub(super) fn check_credentials(&self, operation: &Operation) -> Result<(), Error> {
        let Some(server) = operation.server() else { return Ok(()) };
        if self.0.is_documented
            || self.0.others.contains_key(server)
            || self.url_of(operation)?.origin() == self.0.url.origin()
        {
            return Ok(());
        }
        let message = format!(
            "the document sends this operation to `{server}`, and the client's own server was given as a URL: to send \
             credentials to another server, name it with `Server::instead_of(\"{server}\", url)`, or build the client \
             with a server of the document"
        );
        Err(Error::new(Kind::Config, message))
    }

    /// [`Core::url_of`] as text, without a trailing slash.
    pub(super) fn base_url_of(&self, operation: &Operation) -> Result<Cow<'_, str>, Error> {
        if operation.server().is_none() {
            return Ok(Cow::Borrowed(&self.0.base_url));
        }
        let url = self.url_of(operation)?;
        Ok(Cow::Owned(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// The server that a client calls: a URL, or one of the document's with its variables.
///
/// ```
/// use connectors_runtime::Server;
///
/// let server = Server::from("https://pets.example.com/v1");
/// // Some operations of the document have their own server. This replaces it too.
/// let server = server.instead_of("https://uploads.example.com", "http://127.0.0.1:8080");
/// ```
///
/// Credentials go to the server that the program chose. If that is not one of the document's, a call of an operation with its
/// own server on another host fails with [`Error::is_config`] unless [`Server::instead_of`] names that server, or the call needs
/// no credentials.
///
/// A text must be a URL in its plain form, as for [`parse_server`](crate::auth::parse_server), because a change that
/// URL parsers make silently could lead to another host. For any other text, creating the client fails.
#[derive(Clone, Debug)]
#[must_use]
pub struct Server {
    url: Result<Url, Error>,
    others: BTreeMap<&'static str, Url>,
    /// Whether it is one of the document's.
    is_documented: bool,
}

impl Server {
    /// For generated code: a server of the document. Each variable of the template has a name, a default and a value.
    #[doc(hidden)]
    pub fn documented(template: &str, variables: &[(&str, &str, &str)]) -> Self {
        let scheme = template.find("://").map_or(0, |at| at + "://".len());
        let path = template[scheme..].find('/').map_or(template.len(), |at| scheme + at);
        let (mut url, mut rest) = (String::new(), template);
        // In one pass, so that a value is never read as a template.
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            let in_host = template.len() - rest.len() + before.len() < path;
            url.push_str(before);
            match variables.iter().find(|(known, ..)| *known == name) {
                Some((_, default, value)) => {
                    if in_host && value != default && value.contains(ends_a_host) {
                        let message = format!(
                            "the server's variable `{name}` is a part of the host: its value cannot have `/`, `?`, `#`, `@`, \
                             `\\`, a space or a control character"
                        );
                        return Self::new(Err(Error::new(Kind::Config, message)));
                    }
                    url.push_str(value);
                }
                None => url.extend(["{", name, "}"]),
            }
            rest = after;
        }
        url.push_str(rest);
        Self { is_documented: true, ..Self::from(url) }
    }

    fn new(url: Result<Url, Error>) -> Self {
        Self { url, others: BTreeMap::new(), is_documented: false }
    }

    /// Sends calls to `url` instead of `documented`, if `documented` is the operation's own server in the document.
    pub fn instead_of(mut self, documented: &'static str, url: &str) -> Self {
        match crate::auth::parse_server(url.trim()) {
            Ok(url) => {
                self.others.insert(documented, url);
            }
            Err(error) if self.url.is_ok() => self.url = Err(error),
            Err(_) => {}
        }
        self
    }
}

/// Whether the host ends before this character, or the character is not allowed in a URL.
fn ends_a_host(c: char) -> bool {
    matches!(c, '/' | '?' | '#' | '@' | '\\') || c.is_whitespace() || c.is_control()
}

impl From<&str> for Server {
    fn from(url: &str) -> Self {
        Self::new(crate::auth::parse_server(url.trim()))
    }
}

impl From<String> for Server {
    fn from(url: String) -> Self {
        Self::from(url.as_str())
    }
}

impl From<Url> for Server {
    fn from(url: Url) -> Self {
        Self::from(url.as_str())
    }
}
