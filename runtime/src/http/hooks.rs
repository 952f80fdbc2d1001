//! Hooks: callbacks for each attempt, and additional headers.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use http::header::HeaderMap;

use crate::error::Error;

use super::Operation;

/// One attempt of a call that has just ended: the argument of a client's `on_attempt`.
///
/// For metrics and logs: it contains no header, no body and no credential. A call has up to four attempts, and one more
/// with a new token if the server rejected the old one.
///
/// ```
/// use connectors_runtime::Connection;
///
/// let connection = Connection::new().on_attempt(|attempt| {
///     let operation = attempt.operation().map_or("token", |operation| operation.name());
///     println!("{operation} {} {:?} {:?}", attempt.number(), attempt.status(), attempt.elapsed());
/// });
/// # drop(connection);
/// ```
#[derive(Debug)]
pub struct Attempted<'a> {
    pub(super) operation: Option<&'static Operation>,
    pub(super) number: u32,
    pub(super) status: Option<StatusCode>,
    pub(super) error: Option<&'a Error>,
    pub(super) elapsed: Duration,
    pub(super) wait: Option<Duration>,
}

impl<'a> Attempted<'a> {
    /// The operation that was called; `None` for an OAuth endpoint.
    #[must_use]
    pub fn operation(&self) -> Option<&'static Operation> {
        self.operation
    }

    /// The number of the attempt, from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The status of the response, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status.map(|status| status.as_u16())
    }

    /// The error, if it failed.
    #[must_use]
    pub fn error(&self) -> Option<&'a Error> {
        self.error
    }

    /// The time from sending to the last byte of the response, by the client's [`Clock`](super::Clock); for a streamed
    /// response, to its head. It does not include the wait for a token.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The delay before the next attempt; `None` if this was the last one.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.wait
    }
}

/// Called after each attempt.
pub(super) type Watcher = Box<dyn Fn(&Attempted<'_>) + Send + Sync>;
/// Computes a program's own headers for each attempt.
pub(super) type HeaderMaker = Box<dyn Fn(&Operation) -> HeaderMap + Send + Sync>;

/// The hooks of a program: for observing attempts, and for adding headers.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) watchers: Vec<Watcher>,
    pub(super) headers: Vec<HeaderMaker>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (watchers, headers) = (self.watchers.len(), self.headers.len());
        f.debug_struct("Hooks").field("watchers", &watchers).field("headers", &headers).finish()
    }
}

impl Hooks {
    pub(super) fn is_watched(&self) -> bool {
        !self.watchers.is_empty()
    }

    pub(super) fn tell(&self, attempted: &Attempted<'_>) {
        self.watchers.iter().for_each(|watcher| watcher(attempted));
    }

    /// Adds the program's headers, and replaces those of the same name.
    pub(super) fn add_headers(&self, operation: &Operation, headers: &mut HeaderMap) {
        for make in &self.headers {
            add_headers(&make(operation), headers);
        }
    }
}

/// Adds a caller's headers, and replaces those of the same name.
pub(super) fn add_headers(more: &HeaderMap, headers: &mut HeaderMap) {
    for name in more.keys().filter(|name| !is_ours(name.as_str())) {
        headers.remove(name);
        for value in more.get_all(name) {
            let mut value = value.clone();
            value.set_sensitive(true);
            headers.append(name, value);
        }
    }
}

/// A program cannot set the headers that decide the sender, the target and the length of a request.
pub(super) fn is_ours(name: &str) -> bool {
    matches!(name, "authorization" | "host" | "content-length" | "transfer-encoding")
}

#[cfg(test)]
mod tests {
    use http::header::HeaderValue;

    use super::*;

    #[test]
    fn headers_replace_others_of_the_same_name_except_ours() {
        const GET: Operation = Operation::new("Get", "", "get", "GET", "/");
        let mut hooks = Hooks::default();
        hooks.headers.push(Box::new(|operation| {
            let mut headers = HeaderMap::new();
            for (name, value) in [("authorization", "PLANTED"), ("host", "x"), ("content-length", "7"), ("a", "1")] {
                headers.insert(name, HeaderValue::from_static(value));
            }
            headers.append("a", HeaderValue::from_static("2"));
            headers.append("authorization", HeaderValue::from_static("PLANTED"));
            headers.insert("operation", HeaderValue::from_static(operation.name()));
            headers
        }));
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("ours"));
        headers.insert("a", HeaderValue::from_static("old"));
        hooks.add_headers(&GET, &mut headers);
        let all = |name: &str| headers.get_all(name).iter().map(|it| it.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!((all("a"), all("operation")), (vec!["1", "2"], vec!["get"]));
        assert_eq!((all("authorization"), all("host").len()), (vec!["ours"], 0));
        assert!(all("content-length").is_empty() && headers["a"].is_sensitive());
    }
}
