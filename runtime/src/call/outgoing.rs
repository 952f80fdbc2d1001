//! A call on its way: sent through progenitor, attempt by attempt, and its response read.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use futures_util::stream;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue};
use progenitor_client::{ByteStream, ResponseValue};
use reqwest::ResponseBuilderExt;
use url::Url;
use zeroize::Zeroizing;

use crate::auth::{Applied, Chosen};
use crate::encode::{MultipartBody, Parameters};
use crate::error::{Error, Kind};
use crate::http::{About, Attempt, CallOptions, CallSpan, Operation, Reply, Success};
use crate::object::{Json, from_slice};

use super::body::Payload;
use super::core::Core;
use super::response::{ByStatus, Response};

/// What progenitor's methods return: the response, its body still to be read.
pub type Sent = Result<ResponseValue<ByteStream>, progenitor_client::Error<()>>;

/// Calls progenitor's method of one operation.
pub type Dispatch = fn(Outgoing) -> Dispatched;

/// The future of one call of progenitor.
pub type Dispatched = Pin<Box<dyn Future<Output = Sent> + Send>>;

/// A call on its way: the inner state of progenitor's client, made for this one call.
#[derive(Clone, Debug)]
pub struct Outgoing(Arc<State>);

#[derive(Debug)]
pub(super) struct State {
    pub(super) core: Core,
    pub(super) base_url: String,
    pub(super) operation: &'static Operation,
    pub(super) parameters: Parameters,
    pub(super) body: Option<Payload>,
    pub(super) options: CallOptions,
    /// The URL of a page, instead of path and query.
    pub(super) link: Option<Url>,
    /// The media types to ask for.
    pub(super) accept: HeaderValue,
    /// Whether the body of the response is left to the caller.
    pub(super) open: bool,
    pub(super) chosen: Chosen,
    /// Why there is no response. progenitor's own errors have no room for it.
    pub(super) failed: OnceLock<Error>,
    /// What is known of the response beside what progenitor keeps of it.
    pub(super) known: Mutex<Option<Known>>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a call has one, which is nearly always the large one")]
pub(super) enum Known {
    /// A response that was read.
    Whole(Reply, CallSpan),
    /// One that is being read.
    Open(About),
}

/// A whole response, and the span of its call.
pub(super) struct Whole {
    reply: Reply,
    span: CallSpan,
}

impl Outgoing {
    pub(super) fn new(state: State) -> Self {
        Self(Arc::new(state))
    }

    pub(super) fn operation(&self) -> &'static Operation {
        self.0.operation
    }

    /// The base URL for progenitor's client.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.0.base_url
    }

    /// The HTTP client with which progenitor's client builds its requests.
    #[must_use]
    pub fn http(&self) -> reqwest::Client {
        self.0.core.exchange().http.clone()
    }

    /// The value of a path parameter, for progenitor to put into the path.
    #[must_use]
    pub fn path(&self, name: &str) -> &str {
        self.0.parameters.path_value(name).unwrap_or_default()
    }

    /// The body, for progenitor to put into the request.
    #[must_use]
    pub fn body(&self) -> reqwest::Body {
        self.0.body.as_ref().map_or_else(|| Bytes::new().into(), Payload::take)
    }

    /// Sends what progenitor built, with all that is not its part: query, headers, cookies, media types, credentials;
    /// attempts, retries and limits.
    ///
    /// # Errors
    /// An error that only stops progenitor's method: the true one is returned by the reading that follows.
    pub async fn exec(&self, request: reqwest::Request) -> reqwest::Result<reqwest::Response> {
        match self.send(request).await {
            Ok(response) => Ok(response),
            Err(error) => {
                let error = self.0.failed.get_or_init(|| error.operation_named(self.0.operation.name()));
                stopped(error.clone()).await
            }
        }
    }

    async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, Error> {
        let State { core, operation, options, chosen, body, .. } = &*self.0;
        let template = self.complete(request)?;
        let span = CallSpan::of_operation(operation, template.url());
        let repeatable = body.as_ref().is_none_or(Payload::is_repeatable);
        let parts = body.as_ref().and_then(Payload::as_parts);
        let mut attempt = ApiAttempt {
            template,
            operation,
            options,
            chosen,
            applied: None,
            refreshed: false,
            repeatable,
            parts,
            span,
        };
        let idempotent = operation.is_idempotent();
        // A part that cannot be read is the cause of what the connection fails with.
        let fault = |error: Error| match parts.and_then(MultipartBody::take_fault) {
            Some(fault) => fault.with_attempts(error.attempts()),
            None => error,
        };
        let (response, known) = if self.0.open {
            let response = core.exchange().open(&mut attempt, idempotent, core.read_failure()).await.map_err(fault)?;
            let known = response.extensions().get::<About>().cloned().map(Known::Open);
            (response, known)
        } else {
            let reply = core.exchange().call(&mut attempt, idempotent, core.read_failure()).await.map_err(fault)?;
            // progenitor wants to see a status. Without a URL, reqwest would parse one that it made up.
            let mut response = http::Response::builder()
                .url(core.url().clone())
                .body(Bytes::new())
                .map_err(|error| Error::new(Kind::Decode, "the response cannot be passed on").caused_by(error))?;
            *response.status_mut() = reply.status;
            (response.into(), Some(Known::Whole(reply, attempt.span)))
        };
        *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(response)
    }

    /// Puts on the request what progenitor does not know of.
    fn complete(&self, mut request: reqwest::Request) -> Result<reqwest::Request, Error> {
        let State { operation, parameters, body, .. } = &*self.0;
        // progenitor has no word for some methods.
        if request.method().as_str() != operation.method() {
            *request.method_mut() = Method::from_bytes(operation.method().as_bytes())
                .map_err(|_| Error::new(Kind::Argument, "the document's method is no HTTP method"))?;
            if let Some(path) = request.url().path().strip_suffix(&format!("/~{}~", operation.method())) {
                let path = path.to_owned();
                request.url_mut().set_path(&path);
            }
        }
        if operation.path().contains("//") {
            let path = request.url().path().replace(EMPTY_SEGMENT, "");
            request.url_mut().set_path(&path);
        }
        if let Some(link) = &self.0.link {
            request.url_mut().clone_from(link);
        } else if !parameters.query().is_empty() {
            request.url_mut().set_query(Some(parameters.query()));
        }
        let headers = request.headers_mut();
        // progenitor's own, which only its own servers know.
        headers.remove(&API_VERSION);
        headers.extend(parameters.headers().iter().map(|(name, value)| (name.clone(), value.clone())));
        headers.insert(ACCEPT, self.0.accept.clone());
        if !parameters.cookies().is_empty() {
            let cookies = HeaderValue::try_from(parameters.cookies())
                .map_err(|_| Error::new(Kind::Argument, "a cookie holds characters that a header cannot"))?;
            headers.insert(COOKIE, cookies);
        }
        match body {
            Some(body) => {
                headers.insert(CONTENT_TYPE, body.content_type.clone());
            }
            None => {
                headers.remove(CONTENT_TYPE);
                *request.body_mut() = None;
            }
        }
        Ok(request)
    }

    /// The whole response that progenitor's method led to.
    pub(super) fn whole(&self, sent: Sent) -> Result<Whole, Error> {
        self.sent(sent)?;
        match self.0.known.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(Known::Whole(reply, span)) => Ok(Whole { reply, span }),
            _ => Err(Error::new(Kind::Decode, "the response was not read").operation_named(self.0.operation.name())),
        }
    }

    /// Reads a JSON response.
    pub(super) fn json<T: Json>(&self, mut whole: Whole) -> Result<Response<T>, Error> {
        let body = self.json_text(&whole)?;
        match from_slice(&body, self.0.core.exchange().limits.decoded) {
            Ok(value) => Ok(whole.response(value)),
            Err(error) => {
                let kind = if error.is_too_large() { Kind::TooLarge } else { Kind::Decode };
                Err(self.unusable(Error::new(kind, error.to_string()), &whole))
            }
        }
    }

    /// The text of a JSON response, or what no text means.
    fn json_text(&self, whole: &Whole) -> Result<Bytes, Error> {
        let body = &whole.reply.body;
        if !body.is_empty() {
            let content_type = whole.reply.content_type().filter(|it| *it != "application/json");
            let other =
                content_type.map(str::to_ascii_lowercase).filter(|it| !it.contains("json") && !it.contains('*'));
            let Some(other) = other else { return Ok(body.clone()) };
            let host = self.0.core.base_url();
            let message = format!("the server returned `{other}` where JSON belongs; is {host} the right server?");
            return Err(self.unusable(Error::new(Kind::Decode, message), whole));
        }
        Ok(match self.0.operation.success() {
            Success::Page => {
                let error = Error::new(Kind::Decode, "a page of a list came without a body");
                return Err(self.unusable(error, whole));
            }
            Success::JsonOrNothing => Bytes::from_static(b"null"),
            // Nothing said is nothing set.
            Success::Json | Success::Empty | Success::Stream => Bytes::from_static(b"{}"),
        })
    }

    /// Reads a response whose type depends on its status.
    pub(super) fn by_status<T>(&self, mut whole: Whole, read: ByStatus<T>) -> Result<Response<T>, Error> {
        match read(whole.reply.status.as_u16(), &whole.reply.body) {
            Some(Ok(value)) => Ok(whole.response(value)),
            Some(Err(error)) => Err(self.unusable(Error::new(Kind::Decode, error.to_string()), &whole)),
            None => {
                let message = "the server returned a status that the document does not have";
                Err(self.unusable(Error::new(Kind::Decode, message), &whole))
            }
        }
    }

    /// Hands on a response as it comes.
    pub(super) fn stream(&self, sent: Sent) -> Result<Response<ByteStream>, Error> {
        let sent = self.sent(sent)?;
        let (status, headers) = (sent.status(), sent.headers().clone());
        let about = match self.0.known.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(Known::Open(about)) => Some(about),
            _ => None,
        };
        let attempts = about.as_ref().map_or(1, |about| about.attempts);
        Ok(Response { value: sent.into_inner(), status, headers, attempts, about })
    }

    fn sent(&self, sent: Sent) -> Result<ResponseValue<ByteStream>, Error> {
        sent.map_err(|error| match self.0.failed.get() {
            Some(error) => error.clone(),
            None => {
                let message = match error {
                    progenitor_client::Error::InvalidRequest(message) => message,
                    _ => "the request cannot be built from its arguments; nothing was sent".to_owned(),
                };
                Error::new(Kind::Argument, message).operation_named(self.0.operation.name())
            }
        })
    }

    /// An error about a success that cannot be used. It has the status, headers and body, as one about a failure has.
    fn unusable(&self, error: Error, whole: &Whole) -> Error {
        let error = whole.reply.describe(error);
        // The server reports that it did it; a response that cannot be used does not undo that.
        let idempotent = self.0.options.idempotent.unwrap_or(self.0.operation.is_idempotent());
        let error = if idempotent { error } else { error.perhaps_done() };
        whole.span.failed(&error, None);
        error
    }
}

impl Whole {
    /// The response with a value that was read from it.
    pub(super) fn response<T>(&mut self, value: T) -> Response<T> {
        let about = self.reply.about();
        let (status, headers) = (self.reply.status, std::mem::take(&mut self.reply.headers));
        Response { value, status, headers, attempts: about.attempts, about: Some(about) }
    }
}

const API_VERSION: HeaderName = HeaderName::from_static("api-version");

/// What stands in a path for a segment that is empty: progenitor would make two slashes one.
const EMPTY_SEGMENT: &str = "~empty~";

/// Stops progenitor's method with an error, whose source is ours.
async fn stopped(error: Error) -> reqwest::Result<reqwest::Response> {
    let body = stream::once(async move { Err::<Bytes, _>(io::Error::other(error)) });
    let response = http::Response::new(reqwest::Body::wrap_stream(body));
    let response = reqwest::Response::from(response);
    let status = response.status();
    response.bytes().await.map(|_| {
        let mut empty = http::Response::new(reqwest::Body::default());
        *empty.status_mut() = status;
        empty.into()
    })
}

/// Each attempt of one call: the same request, with the credentials of the moment.
struct ApiAttempt<'a> {
    template: reqwest::Request,
    operation: &'static Operation,
    options: &'a CallOptions,
    chosen: &'a Chosen,
    applied: Option<Applied>,
    refreshed: bool,
    /// Whether the body is at hand, rather than streamed once.
    repeatable: bool,
    parts: Option<&'a MultipartBody>,
    span: CallSpan,
}

impl ApiAttempt<'_> {
    fn copy(&mut self) -> Result<reqwest::Request, Error> {
        let mut request = match self.template.try_clone() {
            Some(request) => request,
            // A body that streams can be sent once; it is the one there is.
            None => {
                let spent = reqwest::Request::new(Method::GET, self.template.url().clone());
                std::mem::replace(&mut self.template, spent)
            }
        };
        if let Some(parts) = self.parts {
            *request.body_mut() = Some(parts.body()?);
        }
        Ok(request)
    }
}

impl Attempt for ApiAttempt<'_> {
    fn request_at_once(&mut self) -> Option<Result<reqwest::Request, Error>> {
        if !self.repeatable {
            // A copy would use up the body.
            return None;
        }
        let mut request = match self.copy() {
            Ok(request) => request,
            Err(error) => return Some(Err(error)),
        };
        let applied = self.chosen.apply_at_once(&mut request)?;
        Some(applied.map(|applied| {
            self.applied = Some(applied);
            request
        }))
    }

    async fn request(&mut self) -> Result<reqwest::Request, Error> {
        let mut request = self.copy()?;
        self.applied = Some(self.chosen.apply(&mut request).await.map_err(Error::before_sending)?);
        Ok(request)
    }

    fn span(&self) -> &CallSpan {
        &self.span
    }

    fn operation(&self) -> Option<&'static Operation> {
        Some(self.operation)
    }

    fn options(&self) -> Option<&CallOptions> {
        Some(self.options)
    }

    fn can_repeat(&self) -> bool {
        self.repeatable
    }

    fn secrets(&self) -> Vec<Zeroizing<String>> {
        self.chosen.query_keys()
    }

    fn unauthorized(&mut self) -> bool {
        let again = !self.refreshed && self.applied.as_ref().is_some_and(|applied| self.chosen.invalidate(applied));
        self.refreshed = true;
        again
    }
}
