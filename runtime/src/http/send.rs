//! The interface to the network: takes a request and returns a response, over a socket, in process, or from a
//! recording.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;

/// Takes one request and returns one response: the only way by which a client reaches a server.
///
/// A client sends over the network unless [`Connection::sender`](super::Connection::sender) gives it another sender. A unit
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
/// The request is complete: credentials, headers of the connection and of the call, body. A sender sends it exactly once
/// and follows no redirect. Retries, timeouts, limits and errors are the client's part and work the same over any sender.
pub trait Sender: Send + Sync + 'static {
    /// Sends the request and returns the head of the response; its body may still be on its way.
    ///
    /// # Errors
    /// A [`SendError`] says whether the server may have processed the request. It decides whether the call is retried.
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

/// Why there is no response, and whether the server may still have processed the request.
///
/// | made by | may have been processed | retried |
/// |---|---|---|
/// | [`SendError::not_connected`] | no | any call |
/// | [`SendError::not_processed`] | no | any call |
/// | [`SendError::unsendable`] | no | never |
/// | [`SendError::broken`] | yes | idempotent calls |
/// | [`SendError::timed_out`] | yes | idempotent calls |
///
/// One that is made from a [`reqwest::Error`] finds out which of them it is.
#[derive(Debug)]
pub struct SendError {
    pub(super) reason: Reason,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What is known of a request that got no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// There is no connection: nothing was sent.
    NotConnected,
    /// The server provably did not process it.
    NotProcessed,
    /// The request cannot be written: nothing was sent, and nothing would be another time.
    Unsendable,
    /// It may have been processed; the connection broke.
    Broken,
    /// It may have been processed; there was no response in time.
    TimedOut,
}

impl SendError {
    fn new(reason: Reason, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { reason, source: Some(source.into()) }
    }

    /// No connection was made, so that nothing was sent. Any call is retried after it.
    pub fn not_connected(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Reason::NotConnected, source)
    }

    /// The request was sent, and the server provably did not process it. Any call is retried after it.
    pub fn not_processed(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Reason::NotProcessed, source)
    }

    /// The request cannot be sent, now or later. The call is not retried.
    pub fn unsendable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Reason::Unsendable, source)
    }

    /// The connection broke before the response was complete: the server may have processed the request. Only idempotent
    /// calls are retried after it.
    pub fn broken(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Reason::Broken, source)
    }

    /// There was no response in time: the server may have processed the request. Only idempotent calls are retried after
    /// it.
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

/// Whether the server says that it did not process the request (RFC 9113, section 8.7): it refused the stream, or ended the
/// connection at a stream before it. Streams that come before that end do not fail with the server's GOAWAY.
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

/// [`Sender`] as an object: the trait that people implement keeps its plain `async fn`.
pub(super) trait DynSender: Send + Sync {
    fn send_dyn(&self, request: reqwest::Request) -> Sending<'_>;
}

impl<S: Sender> DynSender for S {
    fn send_dyn(&self, request: reqwest::Request) -> Sending<'_> {
        Box::pin(self.send(request))
    }
}
