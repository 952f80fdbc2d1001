//! A call in flight: progenitor builds its request, each attempt sends it, and the response is read.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderValue};
use progenitor_client::{ByteStream, ResponseValue};
use url::Url;
use zeroize::Zeroizing;

use crate::auth::{Applied, Chosen};
use crate::encode::{MultipartBody, Parameters};
use crate::error::{Error, Kept, Kind};
use crate::http::{About, Attempt, CallOptions, CallSpan, Operation, Reply, Success};
use crate::object::{Json, Mismatch, from_slice};

use super::body::Payload;
use super::core::Core;
use super::response::{ByStatus, Response};

/// Builds the request of one operation, with progenitor's method.
pub type Build = fn(&Outgoing) -> Result<reqwest::Request, Error>;

/// The result of progenitor's method, which never returns a response.
type Ended = Result<ResponseValue<ByteStream>, progenitor_client::Error<()>>;

/// Keeps the request that progenitor's client builds. It is the inner state of that client, which is created for one
/// call.
#[derive(Clone, Default)]
pub struct Built(Rc<Cell<Option<reqwest::Request>>>);

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Built")
    }
}

impl Built {
    /// Keeps a request; the hook of progenitor's methods.
    pub fn keep(&self, request: &mut reqwest::Request) {
        let nowhere = reqwest::Request::new(Method::GET, request.url().clone());
        self.0.set(Some(std::mem::replace(request, nowhere)));
    }

    /// Returns the request that progenitor's method builds. The method never waits.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if it cannot be built.
    pub fn by(&self, method: Pin<&mut dyn Future<Output = Ended>>) -> Result<reqwest::Request, Error> {
        let ended = method.now_or_never();
        self.0.take().ok_or_else(|| {
            let message = match ended {
                Some(Err(progenitor_client::Error::InvalidRequest(message))) => message,
                _ => "the request cannot be built from its arguments; nothing was sent".to_owned(),
            };
            Error::new(Kind::Argument, message)
        })
    }
}

/// A call, before it is sent and while it is in flight.
///
/// It is small, because requests and futures move it, and each call in flight keeps it: what was not read while the call
/// waited for its response is no longer in the processor's cache.
#[derive(Clone)]
pub struct Outgoing {
    pub(super) core: Core,
    pub(super) operation: &'static Operation,
    pub(super) build: Build,
    pub(super) parameters: Parameters,
    /// The credentials; none until the call is prepared.
    pub(super) chosen: Chosen,
    extras: Option<Box<Extras>>,
}

/// What not every call has.
#[derive(Clone, Default)]
pub(super) struct Extras {
    pub(super) body: Option<Payload>,
    pub(super) options: CallOptions,
    /// The requested media types, if they are not those of the operation.
    pub(super) accept: Option<HeaderValue>,
    /// The URL of a page, instead of path and query.
    pub(super) link: Option<Url>,
    /// The base URL, if it is not the client's.
    pub(super) base_url: Option<String>,
    /// The first argument that cannot be sent.
    pub(super) wrong: Option<Error>,
}

/// No value that is sent: it may be a secret. A page's URL is shown by its host.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extras = self.extras();
        f.debug_struct("Call")
            .field("core", &self.core)
            .field("operation", &self.operation.name())
            .field("parameters", &self.parameters)
            .field("body", &self.payload())
            .field("options", &extras.map(|extras| &extras.options))
            .field("accept", &extras.and_then(|extras| extras.accept.as_ref()))
            .field("link", &self.link().map(|link| link.host_str().unwrap_or_default()))
            .field("wrong", &extras.and_then(|extras| extras.wrong.as_ref()))
            .finish_non_exhaustive()
    }
}

/// A whole response, and the span of its call.
pub(super) struct Whole {
    reply: Reply,
    span: CallSpan,
    kept: Kept,
}

impl Outgoing {
    pub(super) fn new(core: Core, operation: &'static Operation, build: Build) -> Self {
        Self { core, operation, build, parameters: Parameters::default(), chosen: Chosen::default(), extras: None }
    }

    pub(super) fn extras(&self) -> Option<&Extras> {
        self.extras.as_deref()
    }

    pub(super) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    pub(super) fn payload(&self) -> Option<&Payload> {
        self.extras()?.body.as_ref()
    }

    pub(super) fn payload_mut(&mut self) -> Option<&mut Payload> {
        self.extras.as_mut()?.body.as_mut()
    }

    pub(super) fn link(&self) -> Option<&Url> {
        self.extras()?.link.as_ref()
    }

    /// Whether the body is in memory, and not a stream that can be sent once.
    pub(super) fn is_repeatable(&self) -> bool {
        self.payload().is_none_or(Payload::is_repeatable)
    }

    /// Whether the call may be sent twice, by the document or by its options.
    pub(super) fn is_idempotent(&self) -> bool {
        let chosen = self.extras().and_then(|extras| extras.options.idempotent);
        chosen.unwrap_or(self.operation.is_idempotent())
    }

    /// Checks the arguments and chooses the credentials.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        let operation = self.operation;
        let named = |error: Error| error.operation_named(operation.name());
        if let Some(wrong) = self.extras.as_mut().and_then(|extras| extras.wrong.take()) {
            return Err(named(wrong));
        }
        self.core.paths().check(operation, self.parameters.path_values())?;
        self.chosen = self.core.authenticator().select(operation.security()).map_err(named)?;
        if !self.chosen.is_anonymous() {
            self.core.check_credentials(operation).map_err(named)?;
        }
        if let Cow::Owned(url) = self.core.base_url_of(operation).map_err(named)? {
            self.extras_mut().base_url = Some(url);
        }
        if let Some(extras) = &mut self.extras {
            extras.body = extras.body.take().map(Payload::claim).transpose().map_err(named)?;
        }
        Ok(())
    }

    /// The base URL for progenitor's client.
    #[must_use]
    pub fn base_url(&self) -> &str {
        let own = self.extras().and_then(|extras| extras.base_url.as_deref());
        own.unwrap_or(self.core.base_url())
    }

    /// The HTTP client with which progenitor's client builds its requests.
    #[must_use]
    pub fn http(&self) -> reqwest::Client {
        self.core.exchange().http.clone()
    }

    /// The value of a path parameter, which progenitor inserts into the path.
    #[must_use]
    pub fn path(&self, name: &str) -> &str {
        self.parameters.path_value(name).unwrap_or_default()
    }

    /// The body, which progenitor inserts into the request.
    #[must_use]
    pub fn body(&self) -> reqwest::Body {
        self.payload().map_or_else(|| Bytes::new().into(), Payload::take)
    }

    /// Sends it, and reads the whole response.
    pub(super) async fn whole(&self) -> Result<Whole, Error> {
        let mut attempt = self.attempt();
        let exchange = self.core.exchange();
        let sent = exchange.call(&mut attempt, self.operation.is_idempotent(), self.core.read_failure()).await;
        Ok(Whole { reply: sent.map_err(|error| self.fault(error))?, span: attempt.span, kept: self.kept() })
    }

    /// Sends it, and leaves the body of a success to the caller.
    pub(super) async fn open(&self) -> Result<Response<ByteStream>, Error> {
        let mut attempt = self.attempt();
        let exchange = self.core.exchange();
        let sent = exchange.open(&mut attempt, self.operation.is_idempotent(), self.core.read_failure()).await;
        let mut sent = sent.map_err(|error| self.fault(error))?;
        let about = sent.extensions_mut().remove::<About>();
        let attempts = about.as_ref().map_or(1, |about| about.attempts);
        let (status, headers) = (sent.status(), std::mem::take(sent.headers_mut()));
        let value = ByteStream::new(Box::pin(sent.bytes_stream()));
        Ok(Response { value, status, headers, attempts, about, kept: self.kept() })
    }

    /// The attempts of the call: progenitor's request, completed with query, headers, cookies, media types and
    /// credentials.
    fn attempt(&self) -> ApiAttempt<'_> {
        ApiAttempt {
            span: CallSpan::of_operation(self.operation, || self.server()),
            outgoing: self,
            applied: None,
            refreshed: false,
        }
    }

    /// The URL of the server, or of a page on it.
    fn server(&self) -> Option<Url> {
        self.link().cloned().or_else(|| Url::parse(self.base_url()).ok())
    }

    /// A request without credentials. A body that is a stream is in the first one only.
    fn request(&self) -> Result<reqwest::Request, Error> {
        (self.build)(self).and_then(|request| self.complete(request))
    }

    /// The error of a failed call. A part that cannot be read is the cause of the connection's error.
    fn fault(&self, error: Error) -> Error {
        match self.payload().and_then(Payload::as_parts).and_then(MultipartBody::take_fault) {
            Some(fault) => {
                let fault = fault.with_attempts(error.attempts()).operation_named(self.operation.name());
                if error.follows_doubt() { fault.after_doubt() } else { fault }
            }
            None => error.keeping(self.kept()),
        }
    }

    /// What links in the response need.
    fn kept(&self) -> Kept {
        let named = |name: &&'static str| Some((*name, self.parameters.sent(name)?));
        Kept::new(self.operation, self.operation.kept().iter().filter_map(named).collect())
    }

    /// Adds the parts of the request that progenitor does not support.
    fn complete(&self, mut request: reqwest::Request) -> Result<reqwest::Request, Error> {
        let Self { operation, parameters, .. } = self;
        // progenitor does not support all methods.
        if request.method().as_str() != operation.method() {
            *request.method_mut() = Method::from_bytes(operation.method().as_bytes())
                .map_err(|_| Error::new(Kind::Argument, "the document's method is not an HTTP method"))?;
            if let Some(path) = request.url().path().strip_suffix(&format!("/~{}~", operation.method())) {
                let path = path.to_owned();
                request.url_mut().set_path(&path);
            }
        }
        if operation.query().is_some()
            && let Some((path, _)) = request.url().path().rsplit_once(PATH_ENDS)
        {
            let path = path.to_owned();
            request.url_mut().set_path(&path);
        }
        if operation.path().contains("//") {
            let path = request.url().path().replace(EMPTY_SEGMENT, "");
            request.url_mut().set_path(&path);
        }
        if let Some(path) = parameters.with_backslashes(request.url().path()) {
            request.url_mut().set_path(&path);
        }
        if let Some(link) = self.link() {
            request.url_mut().clone_from(link);
        } else {
            let fixed = operation.query().map(|template| parameters.fill_query(template)).unwrap_or_default();
            let query = match (fixed.is_empty(), parameters.query().is_empty()) {
                (true, _) => Cow::Borrowed(parameters.query()),
                (false, true) => Cow::Owned(fixed),
                (false, false) => Cow::Owned(format!("{fixed}&{}", parameters.query())),
            };
            if !query.is_empty() {
                request.url_mut().set_query(Some(&query));
            }
        }
        let headers = request.headers_mut();
        headers.extend(parameters.headers().map(|(name, value)| (name.clone(), value.clone())));
        let accept = self.extras().and_then(|extras| extras.accept.clone());
        headers.insert(ACCEPT, accept.unwrap_or_else(|| HeaderValue::from_static(operation.accept())));
        if !parameters.cookies().is_empty() {
            let cookies = HeaderValue::try_from(parameters.cookies())
                .map_err(|_| Error::new(Kind::Argument, "a cookie has characters that are not allowed in a header"))?;
            headers.insert(COOKIE, cookies);
        }
        match self.payload() {
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
    pub(super) fn json<T: Json>(&self, whole: Whole) -> Result<Response<T>, Error> {
        let body = self.json_text(&whole)?;
        match from_slice(&body, self.core.exchange().limits.decoded) {
            Ok(value) => Ok(whole.response(value)),
            Err(error) => Err(self.mismatched(&error, &whole)),
        }
    }

    /// The text of a JSON response. Without a body it is null or an empty object; a page without a body is an error.
    fn json_text(&self, whole: &Whole) -> Result<Bytes, Error> {
        let body = &whole.reply.body;
        if !body.is_empty() {
            let content_type = whole.reply.content_type().filter(|it| *it != "application/json");
            let other =
                content_type.map(str::to_ascii_lowercase).filter(|it| !it.contains("json") && !it.contains('*'));
            let Some(other) = other else { return Ok(body.clone()) };
            let host = self.core.base_url();
            let message = format!("the server returned `{other}` instead of JSON; is {host} the right server?");
            return Err(self.unusable(Error::new(Kind::Decode, message), whole));
        }
        Ok(match self.operation.success() {
            Success::Page => {
                let error = Error::new(Kind::Decode, "a page of a list has no body");
                return Err(self.unusable(error, whole));
            }
            Success::JsonOrNothing => Bytes::from_static(b"null"),
            // An empty body has no properties.
            Success::Json | Success::Empty | Success::Stream => Bytes::from_static(b"{}"),
        })
    }

    /// Reads a response whose type depends on its status.
    pub(super) fn by_status<T>(&self, whole: Whole, read: ByStatus<T>) -> Result<Response<T>, Error> {
        match read(whole.reply.status.as_u16(), &whole.reply.body, self.core.exchange().limits.decoded) {
            Some(Ok(value)) => Ok(whole.response(value)),
            Some(Err(error)) => Err(self.mismatched(&error, &whole)),
            None => {
                let message = "the server returned a status that the document does not have";
                Err(self.unusable(Error::new(Kind::Decode, message), &whole))
            }
        }
    }

    fn mismatched(&self, error: &Mismatch, whole: &Whole) -> Error {
        let kind = if error.is_too_large() { Kind::TooLarge } else { Kind::Decode };
        self.unusable(Error::new(kind, error.to_string()), whole)
    }

    /// An error for a success that cannot be used. It has the status, headers and body, like the error for a failure.
    fn unusable(&self, error: Error, whole: &Whole) -> Error {
        let error = whole.reply.describe(error);
        // The server has processed the call, even if its response cannot be used.
        let error = if self.is_idempotent() { error } else { error.perhaps_done() };
        whole.span.failed(&error, None);
        error
    }
}

impl Whole {
    /// The response with a value that was read from it.
    pub(super) fn response<T>(self, value: T) -> Response<T> {
        let Self { reply, kept, .. } = self;
        let status = reply.status;
        let (headers, about) = reply.into_parts();
        Response { value, status, headers, attempts: about.attempts, about: Some(about), kept }
    }
}

/// Replaces an empty segment of a path, because progenitor would merge the two slashes around it.
const EMPTY_SEGMENT: &str = "~empty~";

/// Where progenitor's path ends, if the document's template has a query or a fragment after it. The rest distinguishes two
/// operations on one path.
pub(super) const PATH_ENDS: &str = "~~";

/// The attempts of one call: the same request, with the credentials that are current at each attempt.
struct ApiAttempt<'a> {
    outgoing: &'a Outgoing,
    applied: Option<Applied>,
    refreshed: bool,
    span: CallSpan,
}

impl ApiAttempt<'_> {
    /// The next request, without credentials.
    fn plain(&self) -> Result<reqwest::Request, Error> {
        let mut request = self.outgoing.request()?;
        if let Some(parts) = self.outgoing.payload().and_then(Payload::as_parts) {
            *request.body_mut() = Some(parts.body()?);
        }
        Ok(request)
    }
}

impl Attempt for ApiAttempt<'_> {
    fn request_at_once(&mut self) -> Option<Result<reqwest::Request, Error>> {
        if !self.outgoing.is_repeatable() {
            // If no credentials are available now, the request would be lost with its body.
            return None;
        }
        let mut request = match self.plain() {
            Ok(request) => request,
            Err(error) => return Some(Err(error)),
        };
        // A request that has a part of its credentials is dropped: `request` builds another one.
        let applied = self.outgoing.chosen.apply_at_once(&mut request)?;
        Some(applied.map(|applied| {
            self.applied = Some(applied);
            request
        }))
    }

    async fn request(&mut self) -> Result<reqwest::Request, Error> {
        let mut request = self.plain()?;
        self.applied = Some(self.outgoing.chosen.apply(&mut request).await.map_err(Error::before_sending)?);
        Ok(request)
    }

    fn span(&self) -> &CallSpan {
        &self.span
    }

    fn server(&self) -> Option<Url> {
        self.outgoing.server()
    }

    fn operation(&self) -> Option<&'static Operation> {
        Some(self.outgoing.operation)
    }

    fn options(&self) -> Option<&CallOptions> {
        self.outgoing.extras().map(|extras| &extras.options)
    }

    fn can_repeat(&self) -> bool {
        self.outgoing.is_repeatable()
    }

    fn secrets(&self) -> Vec<Zeroizing<String>> {
        self.outgoing.chosen.query_keys()
    }

    fn unauthorized(&mut self) -> bool {
        let again =
            !self.refreshed && self.applied.as_ref().is_some_and(|applied| self.outgoing.chosen.invalidate(applied));
        self.refreshed = true;
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Credentials;
    use crate::call::Server;
    use crate::call::options::RequestOptions as _;
    use crate::encode::Parameter;
    use crate::http::Connection;

    #[test]
    fn a_call_in_flight_is_small() {
        static ACT: [Operation; 1] = [Operation::new("Act", "", "act", "GET", "/act")];
        let server = Server::from("https://api.example/v1");
        let core = Core::connect(server, Credentials::new(), Connection::new(), &ACT).unwrap();
        let call = core.call(&ACT[0], |_| Err(Error::new(Kind::Argument, "not sent"))).prepared().unwrap();
        // Allocators give memory of up to about a kilobyte faster than more.
        let sizes = (size_of_val(&call), size_of_val(&call.whole()));
        assert!(sizes.0 + sizes.1 <= 1024, "{sizes:?} bytes");
    }

    #[test]
    fn the_query_of_a_path_is_sent_and_the_mark_after_the_path_is_not() {
        static OPERATIONS: [Operation; 4] = [
            Operation::new("Act", "", "act", "GET", "/s?action={a}").with_query("action={a}"),
            Operation::new("Ask", "", "ask", "OPTIONS", "/#ask").with_query(""),
            Operation::new("Two", "", "two", "GET", "/two/{id}?x=1").with_query("x=1"),
            Operation::new("Part", "", "part", "GET", "/hash#part/{id}"),
        ];
        let server = Server::from("https://api.example/v1");
        let core = Core::connect(server, Credentials::new(), Connection::new(), &OPERATIONS).unwrap();
        let mut act = core.call(&OPERATIONS[0], |_| {
            Ok(reqwest::Request::new(Method::GET, "https://api.example/v1/s~~call_act".parse().unwrap()))
        });
        act.set(&Parameter::path("a"), "x y");
        let ask = core.call(&OPERATIONS[1], |_| {
            Ok(reqwest::Request::new(Method::GET, "https://api.example/v1/~~call_ask/~OPTIONS~".parse().unwrap()))
        });
        let untyped = |name: &str, values: &[(&str, &str)]| {
            let call = core.untyped(name).unwrap();
            values.iter().fold(call, |call, (name, value)| call.parameter(name, value)).into_call()
        };
        let mut more = act.clone();
        more.set(&Parameter::query("q"), &1);
        for (call, expected) in [
            (act, "GET https://api.example/v1/s?action=x%20y"),
            (more, "GET https://api.example/v1/s?action=x%20y&q=1"),
            (ask, "OPTIONS https://api.example/v1/"),
            (untyped("Act", &[("a", "x~~y")]), "GET https://api.example/v1/s?action=x~~y"),
            (untyped("Two", &[("id", "a~~b")]), "GET https://api.example/v1/two/a~~b?x=1"),
            (untyped("Part", &[("id", "7")]), "GET https://api.example/v1/hash%23part/7"),
        ] {
            let request = call.prepared().unwrap().request().unwrap();
            assert_eq!(format!("{} {}", request.method(), request.url()), expected);
        }
    }
}
