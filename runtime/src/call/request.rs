//! One call: its parameters, body and options; how it is sent through progenitor, and how its response is read.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue};
use progenitor_client::{ByteStream, ResponseValue};
use reqwest::ResponseBuilderExt;
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use crate::auth::{Applied, Chosen};
use crate::encode::{Multipart, Parameter, Parameters, form};
use crate::error::{Error, Kind};
use crate::http::{About, Attempt, CallOptions, CallSpan, Idempotency, Operation, Reply, Success};
use crate::object::{Json, from_slice, to_vec};

use super::core::Core;
use super::pages::{Cursor, Page};
use super::path;
use super::response::{ByStatus, Response};

/// What progenitor's methods return: the response, its body still to be read.
pub type Sent = Result<ResponseValue<ByteStream>, progenitor_client::Error<()>>;

/// One call that is not sent yet: what generated requests are made of.
#[derive(Clone, Debug)]
pub struct Call {
    core: Core,
    operation: &'static Operation,
    parameters: Parameters,
    body: Option<Payload>,
    options: CallOptions,
    /// The URL of a page, instead of path and query.
    link: Option<Url>,
    /// The first argument that cannot be sent.
    wrong: Option<Error>,
}

#[derive(Clone, Debug)]
struct Payload {
    content_type: HeaderValue,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Bytes(Bytes),
    /// A stream, which can be sent once.
    Once(Arc<Mutex<Option<reqwest::Body>>>),
}

impl Core {
    /// Begins a call of an operation. Sends nothing.
    #[must_use]
    pub fn call(&self, operation: &'static Operation) -> Call {
        Call::new(self.clone(), operation)
    }
}

impl Call {
    pub(super) fn new(core: Core, operation: &'static Operation) -> Self {
        let (parameters, options) = (Parameters::default(), CallOptions::default());
        Self { core, operation, parameters, body: None, options, link: None, wrong: None }
    }

    /// What is called.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The options of this call.
    pub fn options_mut(&mut self) -> &mut CallOptions {
        &mut self.options
    }

    /// Sets a parameter.
    pub fn set(&mut self, parameter: &Parameter, value: &(impl Serialize + ?Sized)) {
        let set = self.parameters.push(parameter, value);
        self.note(set);
    }

    /// Adds a parameter to the query that the document need not have.
    pub(super) fn append_query(&mut self, name: &str, value: &str) {
        self.parameters.append_query(name, value);
    }

    /// Sends it to the page that a link leads to.
    pub fn follow(&mut self, cursor: &Cursor) {
        match cursor.to_url(self.core.url()) {
            Ok(url) => self.link = Some(url),
            Err(error) => self.note(Err(error)),
        }
    }

    /// The page of a list whose `Link` header names the next one (RFC 8288). Credentials that the client puts into the
    /// query are taken out of the cursor.
    ///
    /// # Errors
    /// [`Error::is_decode`] if the link leads to another host, or is no URL.
    pub fn linked_page<T>(&self, items: Vec<T>, headers: &HeaderMap) -> Result<Page<T>, Error> {
        let mut page = Page::by_link(items, headers, &self.url()?)?;
        for name in self.core.authenticator().query_names() {
            page.next = page.next.map(|cursor| cursor.without_query(name));
        }
        Ok(page)
    }

    /// The URL that links in its response are relative to.
    fn url(&self) -> Result<Url, Error> {
        if let Some(link) = &self.link {
            return Ok(link.clone());
        }
        let mut path = self.operation.path().to_owned();
        for (name, value) in self.parameters.path_values() {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        Url::parse(&format!("{}{path}", self.core.base_url_of(self.operation)?))
            .map_err(|error| Error::new(Kind::Config, "the server's URL cannot be used").caused_by(error))
    }

    /// Sets a JSON body.
    pub fn json(&mut self, media_type: &'static str, body: &impl Json) {
        match to_vec(body) {
            Ok(bytes) => self.bytes(media_type, bytes),
            Err(error) => self.note(Err(error)),
        }
    }

    /// Sets a form as the body (`application/x-www-form-urlencoded`).
    pub fn form(&mut self, body: &impl Serialize, encoding: &'static [Parameter]) {
        match form(body, encoding) {
            Ok(bytes) => self.bytes("application/x-www-form-urlencoded", bytes),
            Err(error) => self.note(Err(error)),
        }
    }

    /// Sets the body as it is sent.
    pub fn bytes(&mut self, media_type: &str, body: impl Into<Bytes>) {
        match HeaderValue::try_from(media_type) {
            Ok(content_type) => {
                self.body = Some(Payload { content_type, content: Content::Bytes(body.into()) });
            }
            Err(_) => self.note(Err(Error::new(Kind::Argument, "the media type of the body is no header value"))),
        }
    }

    /// Sets a body that is sent once, such as a stream: the call is then not retried once it may have been sent.
    pub fn body(&mut self, media_type: &str, body: impl Into<reqwest::Body>) {
        let body = body.into();
        match HeaderValue::try_from(media_type) {
            Ok(content_type) => {
                let content = match body.as_bytes() {
                    Some(bytes) => Content::Bytes(Bytes::copy_from_slice(bytes)),
                    None => Content::Once(Arc::new(Mutex::new(Some(body)))),
                };
                self.body = Some(Payload { content_type, content });
            }
            Err(_) => self.note(Err(Error::new(Kind::Argument, "the media type of the body is no header value"))),
        }
    }

    /// Sets a body of parts (`multipart/form-data`). One that is small and in memory can be retried; another is sent once.
    pub fn multipart(&mut self, body: Multipart) {
        match body.into_body() {
            Ok((content_type, body, _)) => {
                let content = match body.as_bytes() {
                    Some(bytes) => Content::Bytes(Bytes::copy_from_slice(bytes)),
                    None => Content::Once(Arc::new(Mutex::new(Some(body)))),
                };
                self.body = Some(Payload { content_type, content });
            }
            Err(error) => self.note(Err(error)),
        }
    }

    fn note(&mut self, set: Result<(), Error>) {
        if let Err(error) = set {
            self.wrong.get_or_insert(error);
        }
    }

    /// Checks the arguments and chooses the credentials: what progenitor's method is then called with.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if an argument cannot be sent, [`Error::is_config`] if no credential fits. Nothing was
    /// sent.
    pub fn prepare(self) -> Result<Outgoing, Error> {
        let operation = self.operation;
        let named = |error: Error| error.operation_named(operation.name());
        if let Some(wrong) = self.wrong {
            return Err(named(wrong));
        }
        path::check(self.core.operations(), operation, self.parameters.path_values())?;
        let chosen = self.core.authenticator().select(operation.security()).map_err(named)?;
        let base_url = self.core.base_url_of(operation).map_err(named)?.into_owned();
        let mut options = self.options;
        let mut parameters = self.parameters;
        if let Idempotency::ByKey(header) = operation.idempotency() {
            set_key(header, &mut parameters, &mut options)?;
        }
        Ok(Outgoing(Arc::new(State {
            core: self.core,
            base_url,
            operation,
            parameters,
            body: self.body,
            options,
            link: self.link,
            chosen,
            failed: OnceLock::new(),
            known: OnceLock::new(),
        })))
    }
}

/// Makes the key by which the service knows attempts of one call, unless the caller gave one.
fn set_key(header: &'static str, parameters: &mut Parameters, options: &mut CallOptions) -> Result<(), Error> {
    let name = HeaderName::from_bytes(header.as_bytes())
        .map_err(|_| Error::new(Kind::Config, "the idempotency key's header is no header name"))?;
    if parameters.headers().contains_key(&name) || options.headers.contains_key(&name) {
        return Ok(());
    }
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without a key a second attempt would not be safe.
        options.idempotent = Some(false);
        return Ok(());
    }
    let key = format!("{:032x}", u128::from_be_bytes(bytes));
    if let Ok(value) = HeaderValue::try_from(key) {
        options.headers.insert(name, value);
    }
    Ok(())
}

/// A call on its way: the inner state of progenitor's client, made for this one call.
#[derive(Clone, Debug)]
pub struct Outgoing(Arc<State>);

#[derive(Debug)]
struct State {
    core: Core,
    base_url: String,
    operation: &'static Operation,
    parameters: Parameters,
    body: Option<Payload>,
    options: CallOptions,
    link: Option<Url>,
    chosen: Chosen,
    /// Why there is no response. progenitor's own errors have no room for it.
    failed: OnceLock<Error>,
    known: OnceLock<Known>,
}

/// What is known of a response beside what progenitor keeps of it.
#[derive(Debug)]
struct Known {
    about: About,
    span: CallSpan,
}

impl Outgoing {
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
        match &self.0.body {
            None => Bytes::new().into(),
            Some(Payload { content: Content::Bytes(bytes), .. }) => bytes.clone().into(),
            Some(Payload { content: Content::Once(body), .. }) => {
                body.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
            }
        }
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
        let repeatable = !matches!(body, Some(Payload { content: Content::Once(_), .. }));
        let mut attempt =
            ApiAttempt { template, operation, options, chosen, applied: None, refreshed: false, repeatable, span };
        let idempotent = operation.is_idempotent();
        if operation.success() == Success::Stream {
            let response = core.exchange().open(&mut attempt, idempotent, core.read_failure()).await?;
            if let Some(about) = response.extensions().get::<About>() {
                // Each call has its own state, so that this is the first.
                let _ = self.0.known.set(Known { about: about.clone(), span: attempt.span });
            }
            return Ok(response);
        }
        let reply = core.exchange().call(&mut attempt, idempotent, core.read_failure()).await?;
        let known = Known { about: reply.about(), span: attempt.span };
        let Reply { status, headers, body, .. } = reply;
        // Without a URL, reqwest would parse one that it made up.
        let mut response = http::Response::builder()
            .url(core.url().clone())
            .body(body)
            .map_err(|error| Error::new(Kind::Decode, "the response cannot be passed on").caused_by(error))?;
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        // Each call has its own state, so that this is the first.
        let _ = self.0.known.set(known);
        Ok(response.into())
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
        headers.remove("api-version");
        headers.extend(parameters.headers().iter().map(|(name, value)| (name.clone(), value.clone())));
        headers.insert(ACCEPT, HeaderValue::from_static(operation.accept()));
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

    /// Reads a JSON response.
    ///
    /// # Errors
    /// Everything that can go wrong with a call.
    pub async fn json<T: Json>(&self, sent: Sent) -> Result<Response<T>, Error> {
        let mut reply = self.whole(sent).await?;
        let operation = self.0.operation;
        if let Some(other) = reply.value.content_type.as_ref().filter(|it| !it.contains("json") && !it.contains('*'))
            && !reply.value.body.is_empty()
        {
            let host = self.0.core.base_url();
            let message = format!("the server returned `{other}` where JSON belongs; is {host} the right server?");
            return Err(self.unusable(Error::new(Kind::Decode, message), &reply));
        }
        if reply.value.body.is_empty() {
            reply.value.body = match operation.success() {
                Success::Page => {
                    let error = Error::new(Kind::Decode, "a page of a list came without a body");
                    return Err(self.unusable(error, &reply));
                }
                Success::JsonOrNothing => Bytes::from_static(b"null"),
                // Nothing said is nothing set.
                Success::Json | Success::Empty | Success::Stream => Bytes::from_static(b"{}"),
            };
        }
        match from_slice(&reply.value.body, self.0.core.exchange().limits.decoded) {
            Ok(value) => Ok(reply.map(|_| value)),
            Err(error) => {
                let kind = if error.is_too_large() { Kind::TooLarge } else { Kind::Decode };
                Err(self.unusable(Error::new(kind, error.to_string()), &reply))
            }
        }
    }

    /// Reads a response whose type depends on its status.
    ///
    /// # Errors
    /// Everything that can go wrong with a call.
    pub async fn by_status<T>(&self, sent: Sent, read: ByStatus<T>) -> Result<Response<T>, Error> {
        let reply = self.whole(sent).await?;
        match read(reply.status.as_u16(), &reply.value.body) {
            Some(Ok(value)) => Ok(reply.map(|_| value)),
            Some(Err(error)) => Err(self.unusable(Error::new(Kind::Decode, error.to_string()), &reply)),
            None => {
                let message = "the server returned a status that the document does not have";
                Err(self.unusable(Error::new(Kind::Decode, message), &reply))
            }
        }
    }

    /// Reads a response that holds nothing.
    ///
    /// # Errors
    /// Everything that can go wrong with a call.
    pub async fn empty(&self, sent: Sent) -> Result<Response<()>, Error> {
        let reply = self.whole(sent).await?;
        Ok(reply.map(|_| ()))
    }

    /// Hands on a response as it comes.
    ///
    /// # Errors
    /// Everything that can go wrong with a call until the head of the response is there.
    #[allow(clippy::unused_async, reason = "as the others")]
    pub async fn stream(&self, sent: Sent) -> Result<Response<ByteStream>, Error> {
        let sent = self.sent(sent)?;
        let (status, headers) = (sent.status(), sent.headers().clone());
        let about = self.0.known.get().map(|known| known.about.clone());
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

    async fn whole(&self, sent: Sent) -> Result<Response<Read>, Error> {
        let sent = self.sent(sent)?;
        let (status, headers) = (sent.status(), sent.headers().clone());
        let content_type = content_type(&headers);
        let mut stream = sent.into_inner_stream();
        let mut body = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let broken =
                |error: reqwest::Error| Error::new(Kind::Broken, "the connection broke").caused_by(error.without_url());
            let chunk = chunk.map_err(broken)?;
            if body.is_empty() {
                body = chunk;
            } else {
                rest.extend_from_slice(&chunk);
            }
        }
        if !rest.is_empty() {
            body = [body, rest.freeze()].concat().into();
        }
        let about = self.0.known.get().map(|known| known.about.clone());
        let attempts = about.as_ref().map_or(1, |about| about.attempts);
        Ok(Response { value: Read { body, content_type }, status, headers, attempts, about })
    }

    /// An error about a success that cannot be used.
    fn unusable(&self, error: Error, reply: &Response<Read>) -> Error {
        let operation = self.0.operation;
        let known = self.0.known.get();
        // Not the body: it is that of a success, and may hold what only the caller should see.
        let error = match known {
            Some(known) => known.about.describe(error),
            None => error.operation_named(operation.name()).with_status(reply.status),
        };
        // The server reports that it did it; a response that cannot be used does not undo that.
        let idempotent = self.0.options.idempotent.unwrap_or(operation.is_idempotent());
        let error = if idempotent { error } else { error.perhaps_done() };
        if let Some(known) = known {
            known.span.failed(&error, None);
        }
        error
    }
}

/// What stands in a path for a segment that is empty: progenitor would make two slashes one.
pub(crate) const EMPTY_SEGMENT: &str = "~empty~";

struct Read {
    body: Bytes,
    content_type: Option<String>,
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase())
}

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
    span: CallSpan,
}

impl ApiAttempt<'_> {
    fn copy(&mut self) -> reqwest::Request {
        match self.template.try_clone() {
            Some(request) => request,
            // A body that streams can be sent once; it is the one there is.
            None => {
                let spent = reqwest::Request::new(Method::GET, self.template.url().clone());
                std::mem::replace(&mut self.template, spent)
            }
        }
    }
}

impl Attempt for ApiAttempt<'_> {
    fn request_at_once(&mut self) -> Option<Result<reqwest::Request, Error>> {
        if !self.repeatable {
            // A copy would use up the body.
            return None;
        }
        let mut request = self.copy();
        let applied = self.chosen.apply_at_once(&mut request)?;
        Some(applied.map(|applied| {
            self.applied = Some(applied);
            request
        }))
    }

    async fn request(&mut self) -> Result<reqwest::Request, Error> {
        let mut request = self.copy();
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

/// Options of one call, beside its parameters. Every generated request has them.
///
/// ```
/// use std::time::Duration;
/// use connectors_runtime::RequestOptions;
///
/// fn impatient<R: RequestOptions>(request: R) -> R {
///     request.deadline(Duration::from_secs(2)).attempts(1)
/// }
/// ```
pub trait RequestOptions: Sized {
    /// The options to change.
    fn options_mut(&mut self) -> &mut CallOptions;

    /// Replaces all options at once.
    #[must_use]
    fn options(mut self, options: CallOptions) -> Self {
        *self.options_mut() = options;
        self
    }

    /// See [`CallOptions::deadline`].
    #[must_use]
    fn deadline(self, deadline: Duration) -> Self {
        change(self, |options| options.deadline(deadline))
    }

    /// See [`CallOptions::attempts`].
    #[must_use]
    fn attempts(self, attempts: u32) -> Self {
        change(self, |options| options.attempts(attempts))
    }

    /// See [`CallOptions::idempotent`].
    #[must_use]
    fn idempotent(self, idempotent: bool) -> Self {
        change(self, |options| options.idempotent(idempotent))
    }

    /// See [`CallOptions::header`].
    #[must_use]
    fn header(self, name: &str, value: &str) -> Self {
        change(self, |options| options.header(name, value))
    }

    /// See [`CallOptions::request_id`].
    #[must_use]
    fn request_id(self, id: &str) -> Self {
        change(self, |options| options.request_id(id))
    }
}

fn change<R: RequestOptions>(mut request: R, change: impl FnOnce(CallOptions) -> CallOptions) -> R {
    let options = request.options_mut();
    *options = change(std::mem::take(options));
    request
}
