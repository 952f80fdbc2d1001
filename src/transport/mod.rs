//! How a call reaches the server: deadline, retry, authentication, send, from the outside in.
//!
//! | limit | default |
//! |---|---|
//! | connecting | 10 s |
//! | one attempt | 30 s |
//! | the whole call, waits included | 120 s |
//! | body of an answer | 64 MiB |
//!
//! A call is sent up to four times, and only where that is safe:
//!
//! | an attempt ends with | sent again |
//! |---|---|
//! | no connection, within 10 s or at all | any call |
//! | 429 | any call |
//! | 408, 500, 502, 503, 504 | an idempotent call ([`Operation::is_idempotent`]) |
//! | a connection that broke before the whole answer was there | an idempotent call |
//! | no whole answer within the 30 s of an attempt | an idempotent call |
//! | 401 | any call, once, with a new token, if there is another to be had |
//! | anything else | none |
//!
//! Where an idempotent call is sent again, another may have been carried out:
//! [`Error::may_have_happened`](crate::Error::may_have_happened) says so.
//!
//! Between attempts it waits a random part of 0.5 s, 1 s, 2 s, ... up to 20 s, or as long as `Retry-After` says (or, without
//! one, the `google.rpc.RetryInfo` of the error's body) if that is at most a minute; past that the error carries the wait. A
//! wait that would outlast the call is not begun. A budget shared by all calls of a client keeps retries from becoming a
//! storm: it pays for a hundred, or for fifty after timeouts, and five calls that succeed pay for one more.
//!
//! A token that is about to expire is renewed before it does. While it is still good, that keeps no call waiting for longer
//! than ten seconds or a quarter of what it may take, whichever is less; a renewal that fails is tried again later.
//!
//! A program can watch attempts ([`Attempted`]) and add headers to them, by the builder's `on_attempt` and `headers_with`.
//! To `tracing`, each call is a span by the OpenTelemetry conventions for HTTP clients, and so is each request for a token.

mod clock;
mod exchange;
mod hooks;
mod operation;
mod retry;
mod settings;
mod span;

use std::cell::Cell;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use progenitor_client::ResponseValue;
use reqwest::ResponseBuilderExt;
use serde::de::DeserializeOwned;
use url::Url;

pub use clock::{Clock, Sleep, SystemClock};
use exchange::About;
pub(crate) use exchange::{Attempt, Exchange, Reply};
pub use hooks::Attempted;
pub use operation::Operation;
pub(crate) use operation::check;
pub(crate) use progenitor_client::ByteStream;
pub(crate) use settings::{Settings, connection_methods, contradiction};
pub(crate) use span::CallSpan;

pub(crate) use crate::Error;
use crate::auth::{Cache, Token};
use crate::error::Kind;

/// How long things may take and how large they may be; see the [module](self).
///
/// ```
/// use std::time::Duration;
/// use connectors::transport::Limits;
///
/// # fn main() -> Result<(), connectors::Error> {
/// let mut limits = Limits::default();
/// limits.call = Duration::from_secs(30);
/// # #[cfg(all(feature = "c1", feature = "rustls"))]
/// let c1 = connectors::c1::Client::builder().tenant("example").bearer_token("...").limits(limits).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// To make a connection.
    pub connect: Duration,
    /// For one attempt, from the first byte sent to the last byte read. Of an answer that is handed on as it comes, for its
    /// head, and then for each piece of its body.
    pub attempt: Duration,
    /// For a call with all its attempts and waits.
    pub call: Duration,
    /// Bytes of an answer's body, unless it is handed on as it comes.
    pub response: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(30),
            call: Duration::from_secs(120),
            response: 64 * 1024 * 1024,
        }
    }
}

/// What turns a service's failed answers into errors.
pub(crate) type ReadFailure = fn(&Reply) -> Error;

/// The way to one server, shared by everything a client does.
#[derive(Clone)]
pub(crate) struct Transport(Arc<Inner>);

struct Inner {
    exchange: Arc<Exchange>,
    url: Url,
    /// The same without a slash at its end.
    base_url: String,
    tokens: Cache,
    read_failure: ReadFailure,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("base_url", &self.0.base_url).finish_non_exhaustive()
    }
}

impl Transport {
    /// The way to `base_url`, which [`check_base_url`] has found safe.
    pub(crate) fn new(exchange: Arc<Exchange>, base_url: &Url, tokens: Cache, read_failure: ReadFailure) -> Self {
        let url = base_url.clone();
        let base_url = url.as_str().trim_end_matches('/').to_owned();
        Self(Arc::new(Inner { exchange, url, base_url, tokens, read_failure }))
    }

    /// The server's URL, without a trailing slash.
    pub(crate) fn base_url(&self) -> &str {
        &self.0.base_url
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.exchange.http
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.exchange.clock
    }

    /// What generated code calls. Whatever goes wrong is carried to [`finish`] inside an answer, because the signature
    /// that progenitor gives this has no room for an error of ours.
    pub(crate) async fn exec(
        &self,
        request: reqwest::Request,
        operation: Option<&'static Operation>,
    ) -> reqwest::Result<reqwest::Response> {
        let Some(operation) = operation else {
            return Ok(carry(Error::new(
                Kind::Config,
                "the generated client and its table of operations do not agree",
            )));
        };
        let sent = self.send(request, operation).await;
        Ok(sent.unwrap_or_else(|error| carry(error.operation_named(operation.name()))))
    }

    async fn send(&self, request: reqwest::Request, operation: &'static Operation) -> Result<reqwest::Response, Error> {
        let span = CallSpan::of_operation(operation, request.url());
        let safe = operation.is_idempotent();
        let repeatable = request.body().is_none_or(|body| body.as_bytes().is_some());
        let mut attempt = ApiAttempt {
            template: request,
            operation,
            repeatable,
            tokens: &self.0.tokens,
            generation: 0,
            renewed: false,
            span,
        };
        if operation.is_streamed() {
            return self.0.exchange.open(&mut attempt, safe, self.0.read_failure).await;
        }
        let reply = self.0.exchange.call(&mut attempt, safe, self.0.read_failure).await?;
        let about = reply.about();
        let response = self.use_reply(operation, reply).inspect_err(|error| attempt.span.failed(error, None))?;
        // Generated code is always called within `finish`.
        let _ = ANSWERED.try_with(|answered| answered.set(Some((about, attempt.span))));
        Ok(response)
    }

    /// An answer as generated code reads it, if it can be.
    fn use_reply(&self, operation: &Operation, mut reply: Reply) -> Result<reqwest::Response, Error> {
        // The server says that it did it; an answer that cannot be used does not undo that.
        let doubt = |error: Error| if operation.is_idempotent() { error } else { error.perhaps_done() };
        let other = reply.content_type().is_some_and(|kind| !kind.to_ascii_lowercase().contains("json"));
        if other && !reply.body.is_empty() {
            let kind = reply.content_type().unwrap_or_default().to_owned();
            let message =
                format!("the server answered with `{kind}` where JSON belongs; is {} the right host?", self.0.base_url);
            return Err(doubt(reply.describe(Error::new(Kind::Decode, message))));
        }
        if reply.body.is_empty() && operation.is_paged() {
            return Err(reply.describe(Error::new(Kind::Decode, "a page of a list came without a body")));
        }
        if reply.body.is_empty() {
            reply.body = Bytes::from_static(operation.absent());
        }
        // Without a URL, reqwest would make one up by parsing.
        let mut response = http::Response::builder()
            .url(self.0.url.clone())
            .body(reply.body)
            .map_err(|error| Error::new(Kind::Decode, "the answer cannot be handed on").caused_by(error))?;
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        Ok(response.into())
    }
}

/// One call of the API: the same request each time, with the token of the moment.
struct ApiAttempt<'a> {
    template: reqwest::Request,
    operation: &'static Operation,
    /// Whether the body is at hand, rather than streamed once.
    repeatable: bool,
    tokens: &'a Cache,
    generation: u64,
    renewed: bool,
    span: CallSpan,
}

impl ApiAttempt<'_> {
    fn with_token(&mut self, (token, generation): (Token, u64)) -> Result<reqwest::Request, Error> {
        self.generation = generation;
        let mut request = match self.template.try_clone() {
            Some(request) => request,
            // A body that streams can be sent once; it is the one there is.
            None => {
                let spent = reqwest::Request::new(http::Method::GET, self.template.url().clone());
                std::mem::replace(&mut self.template, spent)
            }
        };
        request.headers_mut().insert(AUTHORIZATION, token.header()?);
        Ok(request)
    }
}

impl Attempt for ApiAttempt<'_> {
    fn request_at_once(&mut self) -> Option<Result<reqwest::Request, Error>> {
        self.tokens.at_hand().map(|token| self.with_token(token))
    }

    async fn request(&mut self) -> Result<reqwest::Request, Error> {
        let token = self.tokens.get().await.map_err(Error::before_sending)?;
        self.with_token(token)
    }

    fn span(&self) -> &CallSpan {
        &self.span
    }

    fn operation(&self) -> Option<&'static Operation> {
        Some(self.operation)
    }

    fn can_repeat(&self) -> bool {
        self.repeatable
    }

    fn unauthorized(&mut self) -> bool {
        let again = !self.renewed && self.tokens.invalidate(self.generation);
        self.renewed = true;
        again
    }
}

/// An error on its way through generated code.
struct Carried(Error);

fn carry(error: Error) -> reqwest::Response {
    let mut response = http::Response::new(Bytes::new());
    // A status no document declares, so that generated code hands it on unread.
    *response.status_mut() = http::StatusCode::from_u16(599).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.extensions_mut().insert(Arc::new(Carried(error)));
    response.into()
}

tokio::task_local! {
    /// What generated code forgets of an answer that it cannot read: each call has its own.
    static ANSWERED: Cell<Option<(About, CallSpan)>>;
}

/// What generated code makes of an answer, as this crate tells it.
pub(crate) async fn finish<T: DeserializeOwned>(
    operation: &'static Operation,
    call: impl Future<Output = Result<ResponseValue<T>, progenitor_client::Error<()>>>,
) -> Result<T, Error> {
    let mut call = pin!(ANSWERED.scope(Cell::new(None), call));
    let result = call.as_mut().await;
    let answered = call.take_value().and_then(Cell::into_inner);
    result.map(ResponseValue::into_inner).map_err(|error| match error {
        progenitor_client::Error::InvalidResponsePayload(body, _) => {
            let mut deserializer = serde_json::Deserializer::from_slice(&body);
            let message = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
                Err(error) => {
                    format!("the answer does not fit the document at `{}`: {}", error.path(), plain(error.inner()))
                }
                Ok(_) => "the answer has something after its end".to_owned(),
            };
            // Not the body: it is that of a success, and may hold what only the caller should see.
            let mut error = Error::new(Kind::Decode, message).operation_named(operation.name());
            if let Some((about, span)) = answered {
                error = about.describe(error);
                span.failed(&error, None);
            }
            if operation.is_idempotent() { error } else { error.perhaps_done() }
        }
        other => refused(operation, other),
    })
}

/// As [`finish`], for an answer that is read as it comes.
#[allow(dead_code, reason = "only services that download or stream use it")]
pub(crate) async fn finish_stream(
    operation: &'static Operation,
    call: impl Future<Output = Result<ResponseValue<ByteStream>, progenitor_client::Error<()>>>,
) -> Result<ByteStream, Error> {
    call.await.map(ResponseValue::into_inner).map_err(|error| refused(operation, error))
}

fn refused(operation: &'static Operation, error: progenitor_client::Error<()>) -> Error {
    let error = match error {
        progenitor_client::Error::UnexpectedResponse(response) => match response.extensions().get::<Arc<Carried>>() {
            Some(carried) => carried.0.clone(),
            None => Error::new(Kind::Status, "the server gave an answer that the document does not have")
                .with_status(response.status()),
        },
        progenitor_client::Error::InvalidRequest(message) => Error::new(Kind::Argument, message),
        progenitor_client::Error::CommunicationError(error) => {
            Error::new(Kind::Argument, "the request cannot be built from its arguments").caused_by(error.without_url())
        }
        _ => Error::new(Kind::Decode, "the answer could not be read"),
    };
    error.operation_named(operation.name())
}

/// What serde says, without the value it quotes: that may be a secret.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!("line {} column {}", error.line(), error.column());
    match (error.classify(), text.rsplit_once(", expected ")) {
        (serde_json::error::Category::Data, Some((_, expected))) => {
            let expected = expected.split(" at line ").next().unwrap_or(expected);
            format!("expected {expected} ({place})")
        }
        (serde_json::error::Category::Data, None) if text.starts_with("missing field") => text,
        (serde_json::error::Category::Data, None) => format!("a value of the wrong kind ({place})"),
        (serde_json::error::Category::Eof, _) => format!("it ends too early ({place})"),
        _ => format!("it is not JSON ({place})"),
    }
}

/// Checks that a base URL is one a token may be sent to: https, or http to this machine.
pub(crate) fn check_base_url(url: &Url) -> Result<(), Error> {
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.host().is_none()
        || !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(Error::new(
            Kind::Config,
            "the server's URL must be a scheme, a host and perhaps a port and path, nothing else",
        ));
    }
    if url.scheme() == "https" || (url.scheme() == "http" && local) {
        return Ok(());
    }
    Err(Error::new(Kind::Config, format!("`{}://` does not protect a token: use https", url.scheme())))
}
