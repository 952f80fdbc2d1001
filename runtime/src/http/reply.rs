//! Reads responses, whole or up to a limit, and adds their facts to errors.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use futures_util::stream;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::ResponseBuilderExt as _;

use crate::error::Error;
use crate::object::Tree;

use super::credentials::Credentials;
use super::{Clock, Operation};

/// A response with its body.
///
/// The body of a success is whole. The body of a failure ends at [`Limits::failure`](crate::Limits::failure).
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    pub(super) sent: Sent,
}

/// A request that was sent: what is known of it apart from its response.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(super) operation: Option<&'static Operation>,
    pub(super) host: Arc<str>,
    /// The number of the attempt.
    pub(super) attempts: u32,
    /// The id that the client sent.
    pub(super) own_id: Option<Box<HeaderValue>>,
    pub(super) credentials: Credentials,
    /// The sensitive headers of every request, if there are any.
    pub(super) always: Option<Arc<[HeaderValue]>>,
}

impl Sent {
    /// Adds the facts to an error of the call.
    pub(super) fn describe(&self, error: Error) -> Error {
        let error = error.at_host(&self.host).with_attempts(self.attempts).or_request_id(text(self.own_id.as_deref()));
        match self.operation {
            Some(operation) => error.operation_named(operation.name()),
            None => error,
        }
    }

    /// Removes the credentials from an error.
    fn keep_out_of(&self, error: Error) -> Error {
        error.without(&self.credentials.secrets(self.always.as_deref().unwrap_or_default()))
    }
}

/// The facts of a response apart from its body.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) status: StatusCode,
    pub(crate) attempts: u32,
    pub(crate) request_id: Option<String>,
    sent: Sent,
}

impl About {
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, sent: Sent) -> Self {
        let request_id = text(headers.get("x-request-id").or(sent.own_id.as_deref()));
        Self { status, attempts: sent.attempts, request_id, sent }
    }

    /// Adds the facts to an error about the response. Credentials of the request in the error are replaced.
    pub(crate) fn describe(&self, error: Error) -> Error {
        let error = error.with_status(self.status).with_request_id(self.request_id.clone());
        self.sent.keep_out_of(self.sent.describe(error))
    }
}

impl Reply {
    /// The `Content-Type` header, if it is text.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The body as JSON; null if it is not JSON. A body that the limit cuts off, or that has an error in its syntax, is read up
    /// to there: its lists and objects have what comes before.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        Tree::beginning(&self.body).into()
    }

    /// The operation; `None` for an OAuth endpoint.
    #[must_use]
    pub fn operation(&self) -> Option<&'static Operation> {
        self.sent.operation
    }

    /// Adds the facts of this response to an error: status, headers, the beginning of the body, request id, attempts,
    /// operation and host. Credentials of the request in the error or the response are replaced.
    #[must_use]
    pub fn describe(&self, error: Error) -> Error {
        let error = error.with_body(&self.body).with_headers(self.headers.clone());
        self.about().describe(error)
    }

    /// The headers, and the facts of this response apart from its body, which is consumed already.
    pub(crate) fn into_parts(self) -> (HeaderMap, About) {
        let about = About::new(self.status, &self.headers, self.sent);
        (self.headers, about)
    }

    pub(super) fn about(&self) -> About {
        About::new(self.status, &self.headers, self.sent.clone())
    }
}

fn text(value: Option<&HeaderValue>) -> Option<String> {
    Some(value?.to_str().ok()?.to_owned())
}

/// The part of a body that has arrived.
pub(super) enum Received {
    /// At most one chunk. Most responses arrive in one, which is not copied.
    Chunk(Bytes),
    Chunks(BytesMut),
}

impl Default for Received {
    fn default() -> Self {
        Self::Chunk(Bytes::new())
    }
}

impl Received {
    /// Whether a response announces more than this many bytes.
    pub(super) fn is_too_large(response: &reqwest::Response, limit: usize) -> bool {
        response.content_length().is_some_and(|announced| announced > u64::try_from(limit).unwrap_or(u64::MAX))
    }

    /// Adds the next chunk. Returns false if the body is then longer than the limit; the part within the limit is kept.
    pub(super) fn add(&mut self, mut chunk: Bytes, limit: usize) -> bool {
        let length = match self {
            Self::Chunk(first) => first.len(),
            Self::Chunks(all) => all.len(),
        };
        let room = limit.saturating_sub(length);
        let fits = chunk.len() <= room;
        chunk.truncate(room);
        match self {
            Self::Chunk(first) if first.is_empty() => *first = chunk,
            Self::Chunk(first) => {
                let mut all = BytesMut::from(&**first);
                all.extend_from_slice(&chunk);
                *self = Self::Chunks(all);
            }
            Self::Chunks(all) => all.extend_from_slice(&chunk),
        }
        fits
    }

    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Chunk(first) => first,
            Self::Chunks(all) => all.freeze(),
        }
    }
}

/// A response that is read as it arrives. It fails if no chunk arrives within `limit`.
pub(super) fn paced(mut response: reqwest::Response, clock: Arc<dyn Clock>, limit: Duration) -> reqwest::Response {
    let mut head = http::Response::builder()
        .url(response.url().clone())
        .status(response.status())
        .version(response.version())
        .body(())
        .unwrap_or_else(|_| http::Response::new(()));
    std::mem::swap(head.headers_mut(), response.headers_mut());
    let body = stream::try_unfold(response, move |mut response| {
        let over = clock.timeout(limit);
        async move {
            let chunk = match select(pin!(response.chunk()), over).await {
                Either::Left((chunk, _)) => chunk.map_err(|error| io::Error::other(error.without_url())),
                Either::Right(_) => {
                    let late = format!("no further part of the response arrived within {limit:?}");
                    Err(io::Error::new(io::ErrorKind::TimedOut, late))
                }
            };
            chunk.map(|chunk| chunk.map(|chunk| (chunk, response)))
        }
    });
    head.map(|()| reqwest::Body::wrap_stream(body)).into()
}
