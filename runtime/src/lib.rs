//! The runtime of every client that `connectors-codegen` generates: authentication, retries, deadlines, typed errors,
//! paging and streams.
//!
//! A program uses the generated client. It uses this crate directly for the settings of the client's [`Builder`] (a
//! [`Connection`] has the same ones), the options of one call ([`RequestOptions`]), the whole [`Response`], the
//! [`Error`], lists ([`Pages`]), waits ([`Watch`]), and in tests for the network ([`Sender`]) and the clock
//! ([`TestClock`]).
//!
//! # Limits
//! Set by [`Limits`] for a client, and by [`RequestOptions`] for one call.
//!
//! | limit | default | beyond it |
//! |---|---|---|
//! | connecting | 10 s | the attempt fails: [`Error::is_connect`] |
//! | one attempt | 30 s | the attempt fails: [`Error::is_timeout`] |
//! | the whole call, with token, attempts and delays | 120 s | the call fails: [`Error::is_timeout`] |
//! | body of a success | 16 MiB | the call fails: [`Error::is_decode`] |
//! | body of a failure | 256 KiB | the rest is not read; the error is the same |
//! | response of a token endpoint | 64 KiB | the token request fails |
//! | memory for decoding a success | 128 MiB | the call fails: [`Error::is_decode`] |
//! | URL of a request | 65,534 bytes | nothing is sent: [`Error::is_invalid_argument`] |
//!
//! A streamed response has no size limit. The timeout of an attempt then applies to its head, and again to each chunk.
//!
//! # Retries
//! A call is sent up to four times, and retried only if that is safe. Set by [`RetryPolicy`] for a client, and by
//! [`RequestOptions`] for one call.
//!
//! | an attempt ends with | retried |
//! |---|---|
//! | no connection: nothing was sent | any call |
//! | the server did not process the request (HTTP/2: a refused stream, or one beyond the last of a GOAWAY) | any call |
//! | status 429 | any call |
//! | status 408, 500, 502, 503 or 504 | idempotent calls |
//! | a connection that broke after the request was sent | idempotent calls |
//! | no whole response within the timeout of an attempt | idempotent calls |
//! | status 401 | any call, once, with a new token, if the credentials can fetch one |
//! | a request that cannot be sent, a response that is too large, any other status | no |
//!
//! A call is idempotent if the document declares it ([`Operation::is_idempotent`]) or the caller does
//! ([`RequestOptions::idempotent`]). A call that is not idempotent, and that the server may have processed, fails with
//! [`Error::may_have_happened`].
//!
//! The delay before retry *n* is random, between 0 and 0.5 s x 2^(*n*-1), at most 20 s. A server that sends
//! `Retry-After` (or, without it, a [`Detail::RetryInfo`]) sets the delay itself, up to 60 s. If it requests more, or
//! the call's deadline comes first, the call fails at once and [`Error::retry_after`] has the delay. All calls of a
//! client share a budget of 100 retries (50 after timeouts); five successful calls restore one.
//!
//! # Tests without a server
//! Any function from a request to a response replaces the network ([`Connection::sender`]). Credentials, retries,
//! limits and errors work as over a socket. With a [`TestClock`] no test waits; a paused tokio clock works, too.
//!
//! ```
//! use connectors_runtime::{Connection, SendError, TestClock, reqwest};
//!
//! let clock = TestClock::new();
//! let connection = Connection::new().clock(clock.clone()).sender(|request: reqwest::Request| async move {
//!     match request.url().path() {
//!         "/pets/7" => Ok(http::Response::new(r#"{"name": "Rex"}"#).into()),
//!         path => Err(SendError::not_connected(format!("there is no {path}"))),
//!     }
//! });
//! // A client that is built with this connection sends to the function.
//! # drop(connection);
//! ```
//!
//! # Metrics, logs and traces
//! [`Connection::on_attempt`] is called after each attempt, and [`Connection::headers_with`] adds headers to each. Each
//! call, and each request for a token, is a span of `tracing` by the OpenTelemetry conventions for HTTP clients, with
//! the template of the path, never with the path itself.

pub mod auth;
mod call;
pub mod encode;
mod error;
mod http;
pub mod object;

pub use self::http::*;
pub use call::*;
pub use encode::{File, Multipart, Parameter, Style};
pub use error::{Detail, Error, FieldViolation, Kind};
/// The HTTP client, whose `ClientBuilder`, `Request` and `Response` are in this crate's API.
#[doc(no_inline)]
pub use reqwest;

/// The crates that generated code uses, so that a client has only one dependency.
#[doc(hidden)]
pub mod crates {
    pub use {::http, progenitor_client, reqwest, serde_json};
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
