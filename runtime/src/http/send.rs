//! The interface to the network: sends a request and returns a response, over a socket, in process, or from a
//! recording.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;

/// Sends one request and returns one response. A client reaches a server only through its sender.
///
/// A client sends over the network unless [`Connection::sender`](super::Connection::sender) sets another sender. A unit
/// test needs no socket and no server: any function from a request to a response is a sender.
///
/// ```
/// use connectors_runtime::{Connection, SendError, reqwest};
///
/// # async fn example() {
/// let connection = Connection::new().sender(|request: reqwest::Request| async move {
///     assert_eq!(request.url().path(), "/pets/7");
///     Ok::<_, SendError>(http::Response::new(r#"{"name": "Rex"}"#).into())
/// });
/// # drop(connection);
/// # }
/// ```
///
/// The request is complete: credentials, headers of the connection and of the call, body. A sender sends it exactly
/// once and follows no redirect. The client adds retries, timeouts, limits and errors, which work the same over any
/// sender.
pub trait Sender: Send + Sync + 'static {
    /// Sends the request and returns the head of the response. Its body may still arrive.
    ///
    /// # Errors
    /// A [`SendError`] reports whether the server may have processed the request. This decides whether the call is
    /// retried.
    fn send(&self, request: reqwest::Request) -> impl Future<Output = Result<reqwest::Response, SendError>> + Send;
}

impl<F, Fut> Sender for F
where
    F: Fn(reqwest::Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<reqwest::Response, SendError>> + Send,
{
    fn send(&self, request: reqwest::Request) -> impl Future<Output = Result<reqwest::Response, SendError>> + Send {
        self(request)
    }
}

/// The reason why there is no response, and whether the server may have processed the request.
///
/// | created by | may have been processed | retried |
/// |---|---|---|
/// | [`SendError::not_connected`] | no | any call |
/// | [`SendError::not_processed`] | no | any call |
/// | [`SendError::unsendable`] | no | never |
/// | [`SendError::broken`] | yes | idempotent calls |
/// | [`SendError::timed_out`] | yes | idempotent calls |
///
/// The conversion from a [`reqwest::Error`] selects the right one.
#[derive(Debug)]
pub struct SendError {
    pub(super) reason: Reason,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The facts of a request without a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// There was no connection: nothing was sent.
    NotConnected,
    /// The server provably did not process it.
    NotProcessed,
    /// The request cannot be written: nothing was sent, and a retry would fail too.
    Unsendable,
    /// The same, because its URL has this many bytes.
    TooLong(usize),
    /// It may have been processed; the connection broke.
    Broken,
    /// It may have been processed; there was no response in time.
    TimedOut,
}

impl SendError {
    pub(super) fn too_long(length: usize) -> Self {
        Self { reason: Reason::TooLong(length), source: None }
    }

    fn new(reason: Reason, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { reason, source: Some(source.into()) }
    }

    /// No connection was made, so nothing was sent. Any call is retried.
    pub fn not_connected(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Reason::NotConnected, source)
    }

    /// The request was sent, and the server provably did not process it. Any call is retried.
    pub fn not_processed(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Reason::NotProcessed, source)
    }

    /// The request cannot be sent, now or later. The call is not retried.
    pub fn unsendable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Reason::Unsendable, source)
    }

    /// The connection broke before the response was complete: the server may have processed the request. Only
    /// idempotent calls are retried.
    pub fn broken(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Reason::Broken, source)
    }

    /// There was no response in time: the server may have processed the request. Only idempotent calls are retried.
    pub fn timed_out(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Reason::TimedOut, source)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::NotConnected => "no connection",
            Reason::NotProcessed => "the server did not process the request",
            Reason::Unsendable => "the request cannot be sent",
            Reason::TooLong(_) => "the URL of the request is too long",
            Reason::Broken => "the connection broke",
            Reason::TimedOut => "no response in time",
        })
    }
}

impl StdError for SendError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

impl From<reqwest::Error> for SendError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let reason = if error.is_connect() {
            Reason::NotConnected
        } else if is_unprocessed(&error) {
            Reason::NotProcessed
        } else if error.is_timeout() {
            Reason::TimedOut
        } else if error.is_builder() {
            Reason::Unsendable
        } else {
            Reason::Broken
        };
        Self { reason, source: Some(Box::new(error)) }
    }
}

/// Whether the server reports that it did not process the request (RFC 9113, section 8.7): it refused the stream, or
/// closed the connection at an earlier stream. Earlier streams do not fail with the server's GOAWAY.
fn is_unprocessed(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(h2) = error.downcast_ref::<h2::Error>() {
            let refused = h2.is_reset() && h2.reason() == Some(h2::Reason::REFUSED_STREAM);
            return h2.is_remote() && (refused || h2.is_go_away());
        }
        next = error.source();
    }
    false
}

pub(super) type Sending<'a> = Pin<Box<dyn Future<Output = Result<reqwest::Response, SendError>> + Send + 'a>>;

/// [`Sender`] as an object: the public trait keeps its plain `async fn`.
pub(super) trait DynSender: Send + Sync {
    fn send_dyn(&self, request: reqwest::Request) -> Sending<'_>;
}

impl<S: Sender> DynSender for S {
    fn send_dyn(&self, request: reqwest::Request) -> Sending<'_> {
        Box::pin(self.send(request))
    }
}
