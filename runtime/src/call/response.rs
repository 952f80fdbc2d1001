//! A whole response: the value, its status and its headers.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use progenitor_client::ByteStream;

use crate::encode::{ReceivedPart, split_parts};
use crate::error::{Error, Kept, Kind};
use crate::http::About;
use crate::object::{Json, Mismatch, from_slice, room};

/// What a call returned: the decoded value with status, headers, attempts and request id.
///
/// `request.await` returns the value alone; `request.send().await` returns this.
#[derive(Clone, Debug)]
pub struct Response<T> {
    pub(super) value: T,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) attempts: u32,
    pub(super) about: Option<About>,
    /// The parameters of the request that links need.
    pub(super) kept: Kept,
}

impl<T> Response<T> {
    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value, without the rest.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The value, and the response without a value.
    pub fn into_parts(self) -> (T, Response<()>) {
        let Self { value, status, headers, attempts, about, kept } = self;
        (value, Response { value: (), status, headers, attempts, about, kept })
    }

    /// The status code, such as 200.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header as text; `None` if it is absent or not text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `Content-Type` header, if it is text.
    pub fn content_type(&self) -> Option<&str> {
        self.header(&CONTENT_TYPE)
    }

    /// How many times the call was sent.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The server's id of the request, or else the id that the client sent.
    pub fn request_id(&self) -> Option<&str> {
        self.about.as_ref()?.request_id.as_deref()
    }

    /// An error for an incomplete value. It has the status, headers, attempts, request id, operation and host of this
    /// response. For code that uses a generated client.
    ///
    /// ```
    /// use connectors_runtime::{Error, Response};
    ///
    /// fn name(response: Response<Option<String>>) -> Result<String, Error> {
    ///     let missing = response.incomplete("the response has no name");
    ///     response.into_value().ok_or(missing)
    /// }
    /// ```
    #[must_use]
    pub fn incomplete(&self, message: impl Into<String>) -> Error {
        self.describe(Error::new(Kind::Decode, message))
    }

    /// Adds status, headers, attempts, request id, operation and host of this response to an error.
    #[must_use]
    pub fn describe(&self, error: Error) -> Error {
        let error = error.with_headers(self.headers.clone());
        match &self.about {
            Some(about) => about.describe(error),
            None => error.with_status(self.status).with_attempts(self.attempts),
        }
    }

    /// The response with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        let Self { value, status, headers, attempts, about, kept } = self;
        Response { value: change(value), status, headers, attempts, about, kept }
    }
}

impl Response<ByteStream> {
    /// Reads the rest of a multipart body, up to `limit` bytes, and splits it into its parts.
    ///
    /// # Errors
    /// Those of [`Response::collect`], and [`Error::is_decode`] if the body is not multipart.
    pub async fn parts(self, limit: usize) -> Result<Vec<ReceivedPart>, Error> {
        let content_type = self.content_type().unwrap_or_default().to_owned();
        let (body, response) = self.into_parts();
        let about = response.clone();
        let body = response.map(|()| body).collect(limit).await?;
        split_parts(&content_type, body).map_err(|error| about.describe(error))
    }

    /// Reads the rest of the body, up to `limit` bytes.
    ///
    /// # Errors
    /// [`Error::is_decode`] if the body is larger, [`Error::is_timeout`] if no chunk arrives within
    /// [`Limits::attempt`](crate::Limits::attempt), or an error of the connection.
    pub async fn collect(self, limit: usize) -> Result<Bytes, Error> {
        let (body, response) = self.into_parts();
        let mut body = body.into_inner();
        let mut read = BytesMut::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| response.describe(broken(error)))?;
            if read.len() + chunk.len() > limit {
                let error = Error::new(Kind::TooLarge, format!("the response is larger than {limit} bytes"));
                return Err(response.describe(error));
            }
            read.extend_from_slice(&chunk);
        }
        Ok(read.freeze())
    }
}

/// The reason why the rest of a response did not arrive.
pub(super) fn broken(error: reqwest::Error) -> Error {
    let error = error.without_url();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut late = error.is_timeout();
    while let Some(it) = cause {
        let io = it.downcast_ref::<std::io::Error>();
        late |= io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut);
        cause = it.source();
    }
    let (kind, message) = match late {
        true => (Kind::Timeout, "no further part of the response arrived in time"),
        false => (Kind::Broken, "the connection broke during the response"),
    };
    Error::new(kind, message).caused_by(error)
}

/// Reads a body by its status, within a limit on the memory in bytes; `None` if the document does not have the status.
pub type ByStatus<T> = fn(u16, &[u8], usize) -> Option<Result<T, Mismatch>>;

/// The body of a failure, with the type that the document has for the status. Generated `errors::...::of` functions
/// call this.
pub fn documented<T>(error: &Error, read: ByStatus<T>) -> Option<T> {
    if !error.is_from_response() {
        return None;
    }
    let body = error.body_bytes()?;
    read(error.status()?, body, room(body))?.ok()
}

/// Reads the body of one of several responses, within a limit on the memory in bytes.
///
/// # Errors
/// The body does not match the document, or needs more memory.
pub fn decode<T: Json>(body: &[u8], limit: usize) -> Result<T, Mismatch> {
    from_slice(body, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_of_a_token_request_is_not_a_documented_failure_of_the_operation() {
        let error = Error::new(Kind::Status, "no").with_status(StatusCode::UNAUTHORIZED).with_body(br#""no""#);
        let read: ByStatus<String> = |status, body, limit| (status == 401).then(|| decode(body, limit));
        assert_eq!(documented(&error, read).as_deref(), Some("no"));
        assert_eq!(documented(&error.before_sending(), read), None);
    }
}
