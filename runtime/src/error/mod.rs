//! The one error type: opaque, with predicates.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::HeaderMap;

mod body;
mod details;
mod kept;
mod secrets;
mod show;

use body::Body;

pub use details::{Detail, FieldViolation};
pub(crate) use kept::Kept;
pub(crate) use secrets::Secrets;

/// The number of characters of a message that are kept. Most messages come from a server.
const MESSAGE_LIMIT: usize = 2000;
/// The number of characters of a server's code or id that are kept.
const WORD_LIMIT: usize = 200;

/// The reason why a call failed.
///
/// The type is opaque and has predicates: later versions add causes, and a program can react to them in only a few
/// ways.
///
/// ```
/// # fn handle(error: connectors_runtime::Error) {
/// if error.may_have_happened() {
///     println!("check before you retry: {error}");
/// } else if error.is_not_found() {
///     println!("it does not exist");
/// } else if let Some(wait) = error.retry_after() {
///     println!("retry in {wait:?}");
/// }
/// # }
/// ```
///
/// `Display` is one line, and `Debug` is the same line, so that `fn main() -> Result<(), Error>` prints it. Neither
/// prints headers, bodies or credentials. Control characters and characters that are invisible or change the direction
/// of the text are printed as spaces. [`Error::message`] has the unchanged text.
///
/// If the server repeats a credential of the call, it is replaced by `[redacted]`: in the message, the code, the
/// details, the headers and the body.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: String,
    operation: Option<&'static str>,
    host: Option<Arc<str>>,
    status: Option<StatusCode>,
    code: Option<String>,
    details: Vec<Detail>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    headers: Option<Box<HeaderMap>>,
    body: Option<Body>,
    may_have_happened: bool,
    /// Whether the server may have processed an earlier attempt of the same call.
    follows_doubt: bool,
    /// Whether its status, headers and body belong to a request before the call, such as a token request.
    is_of_earlier_request: bool,
    /// The id of an object that the method created before it failed.
    created: Option<String>,
    is_partial: bool,
    kept: Kept,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// The cause, as far as a program can act on it. For code that creates errors; programs use the predicates of
/// [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A setting of the client cannot work.
    Config,
    /// An argument cannot be sent.
    Argument,
    /// The object is in a state that does not allow the call, or its state is unknown.
    Conflict,
    /// There is no token, or the server rejected it.
    Auth,
    /// No connection was made, or the server did not process the request.
    Connect,
    /// A timeout or deadline.
    Timeout,
    /// The connection broke.
    Broken,
    /// The server returned a failure status.
    Status,
    /// The server reports a failure in a response with a success status.
    Refused,
    /// The response does not match the document.
    Decode,
    /// The response is larger than allowed.
    TooLarge,
}

impl Kind {
    /// The name of this kind. Spans have it as `error.type`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Argument => "argument",
            Self::Conflict => "conflict",
            Self::Auth => "auth",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::Status => "status",
            Self::Refused => "refused",
            Self::Decode => "decode",
            Self::TooLarge => "too_large",
        }
    }
}

/// Creating errors: for a service's own code over the generated client.
impl Error {
    /// An error of this kind. The first 2000 characters of the message are kept. The message is printed, so it must not
    /// contain a secret.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: cut(message.into(), MESSAGE_LIMIT),
            operation: None,
            host: None,
            status: None,
            code: None,
            details: Vec::new(),
            request_id: None,
            retry_after: None,
            attempts: 0,
            headers: None,
            body: None,
            may_have_happened: false,
            follows_doubt: false,
            is_of_earlier_request: false,
            created: None,
            is_partial: false,
            kept: Kept::default(),
            source: None,
        }))
    }

    /// For a [`TokenProvider`](crate::auth::TokenProvider) that cannot return a token. The message is printed, so it
    /// must not contain a secret.
    ///
    /// ```
    /// assert!(connectors_runtime::Error::auth("the vault is sealed").is_auth());
    /// ```
    #[must_use]
    pub fn auth(message: impl Into<String>) -> Self {
        Self::new(Kind::Auth, message)
    }

    /// For a [`TokenProvider`](crate::auth::TokenProvider) that cannot reach its source of tokens. A wait continues
    /// polling after it; after [`Error::auth`] it ends. The message is printed, so it must not contain a secret.
    ///
    /// ```
    /// assert!(connectors_runtime::Error::unavailable("the vault cannot be reached").is_connect());
    /// ```
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Connect, message)
    }

    /// Prefixes the message with `words` and a colon.
    #[must_use]
    pub fn in_context(self, words: &str) -> Self {
        self.with(|inner| inner.message = cut(format!("{words}: {}", inner.message), MESSAGE_LIMIT))
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Sets [`Error::operation`], unless it is set.
    #[must_use]
    pub fn operation_named(self, name: &'static str) -> Self {
        if self.0.operation.is_some() { self } else { self.with(|inner| inner.operation = Some(name)) }
    }

    /// Adds the parameters of the request that links need.
    pub(crate) fn keeping(self, kept: Kept) -> Self {
        self.with(|inner| inner.kept = kept)
    }

    /// The parameters of the request that links need.
    pub(crate) fn kept(&self) -> &Kept {
        &self.0.kept
    }

    /// Sets [`Error::host`], unless it is set.
    pub(crate) fn at_host(self, host: &Arc<str>) -> Self {
        if self.0.host.is_some() { self } else { self.with(|inner| inner.host = Some(Arc::clone(host))) }
    }

    /// Sets [`Error::status`].
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        self.with(|inner| inner.status = Some(status))
    }

    /// Sets [`Error::code`], of which the first 200 characters are kept.
    #[must_use]
    pub fn with_code(self, code: Option<String>) -> Self {
        self.with(|inner| inner.code = code.map(|code| cut(code, WORD_LIMIT)))
    }

    /// Sets [`Error::details`], of which the first ones are kept.
    #[must_use]
    pub fn with_details(self, details: Vec<serde_json::Value>) -> Self {
        self.with(|inner| inner.details = details::bounded(details))
    }

    /// The delay that the details request.
    pub(crate) fn retry_delay(&self) -> Option<Duration> {
        self.0.details.iter().find_map(|detail| match detail {
            Detail::RetryInfo { retry_delay } => Some(*retry_delay),
            _ => None,
        })
    }

    /// Sets [`Error::request_id`], of which the first 200 characters are kept.
    #[must_use]
    pub fn with_request_id(self, id: Option<String>) -> Self {
        self.with(|inner| inner.request_id = id.map(|id| cut(id, WORD_LIMIT)))
    }

    /// Sets the id that the client sent, unless the server returned one.
    pub(crate) fn or_request_id(self, id: Option<String>) -> Self {
        if self.0.request_id.is_some() || id.is_none() { self } else { self.with_request_id(id) }
    }

    /// Sets [`Error::retry_after`].
    #[must_use]
    pub fn with_retry_after(self, wait: Option<Duration>) -> Self {
        self.with(|inner| inner.retry_after = wait)
    }

    /// Sets [`Error::attempts`].
    #[must_use]
    pub fn with_attempts(self, attempts: u32) -> Self {
        self.with(|inner| inner.attempts = attempts)
    }

    /// Sets [`Error::headers`].
    pub(crate) fn with_headers(self, headers: HeaderMap) -> Self {
        self.with(|inner| inner.headers = Some(Box::new(headers)))
    }

    /// Sets [`Error::body`] and [`Error::body_bytes`], of which the first bytes are kept.
    #[must_use]
    pub fn with_body(self, body: &[u8]) -> Self {
        self.with(|inner| inner.body = Some(Body::new(body)))
    }

    /// Replaces the call's credential wherever the server repeats it.
    pub(crate) fn without(self, secrets: &Secrets) -> Self {
        if secrets.is_empty() {
            return self;
        }
        self.with(|inner| {
            secrets.redact(&mut inner.message);
            inner.code.iter_mut().chain(inner.request_id.iter_mut()).for_each(|text| secrets.redact(text));
            inner.details.iter_mut().for_each(|detail| detail.redact(secrets));
            inner.body.iter_mut().for_each(|body| body.redact(secrets));
            for value in inner.headers.iter_mut().flat_map(|headers| headers.values_mut()) {
                if let Some(redacted) = secrets.redacted_bytes(value.as_bytes()) {
                    let redacted = http::HeaderValue::from_bytes(&redacted);
                    *value = redacted.unwrap_or_else(|_| http::HeaderValue::from_static("[redacted]"));
                }
            }
        })
    }

    /// Marks the failure of an attempt after one that the server may have processed: the state of the object may be the
    /// effect of the earlier attempt.
    #[must_use]
    pub fn after_doubt(self) -> Self {
        self.with(|inner| inner.follows_doubt = true)
    }

    /// Whether the server may have processed an earlier attempt of the same call. Then a 404 for a delete or a 409 for
    /// a create may mean that the call succeeded.
    #[must_use]
    pub fn follows_doubt(&self) -> bool {
        self.0.follows_doubt
    }

    /// Sets [`Error::created`].
    #[must_use]
    pub fn with_created(self, id: impl Into<String>) -> Self {
        self.with(|inner| inner.created = Some(id.into()))
    }

    /// Sets [`Error::is_partial`].
    #[must_use]
    pub fn partly_done(self) -> Self {
        self.with(|inner| inner.is_partial = true)
    }

    /// Sets [`Error::may_have_happened`].
    #[must_use]
    pub fn perhaps_done(self) -> Self {
        self.with(|inner| inner.may_have_happened = true)
    }

    /// Converts the failure of a token request into the failure of a call that was not sent: the token request may have
    /// happened, the call did not.
    pub(crate) fn before_sending(self) -> Self {
        self.with(|inner| {
            inner.may_have_happened = false;
            inner.follows_doubt = false;
            inner.attempts = 0;
            inner.is_of_earlier_request = true;
        })
    }

    /// Whether status, headers and body are those of a failure that the server returned to the call. A success that
    /// cannot be read has them too, and so has the failure of a token request.
    pub(crate) fn is_from_response(&self) -> bool {
        let is_unread = matches!(self.0.kind, Kind::Decode | Kind::TooLarge | Kind::Broken | Kind::Timeout);
        self.0.status.is_some() && !is_unread && !self.0.is_of_earlier_request
    }

    /// Sets the error's source.
    #[must_use]
    pub fn caused_by(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.with(|inner| inner.source = Some(Arc::new(source)))
    }

    /// The kind, for code that creates errors from errors.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }
}

/// Reading errors.
impl Error {
    /// A setting of the client cannot work: a malformed secret, a missing variable, a plain-http host. Nothing was
    /// sent.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.0.kind == Kind::Config
    }

    /// An argument cannot be sent, such as an id that is empty or contains a `/`. Nothing was sent, unless
    /// [`Error::follows_doubt`] is true: a file, for example, may have become unreadable before a later attempt.
    #[must_use]
    pub fn is_invalid_argument(&self) -> bool {
        self.0.kind == Kind::Argument
    }

    /// There is no token, or the server rejected it (401).
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.0.kind == Kind::Auth || self.0.status == Some(StatusCode::UNAUTHORIZED)
    }

    /// Whether the service itself returned this status: the status of a token endpoint says nothing about the call's
    /// object.
    fn returned(&self, status: StatusCode) -> bool {
        self.0.kind != Kind::Auth && self.0.status == Some(status)
    }

    /// The caller is authenticated, but not allowed to do this (403).
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        self.returned(StatusCode::FORBIDDEN)
    }

    /// The object does not exist (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.returned(StatusCode::NOT_FOUND)
    }

    /// The object is in a state that does not allow the call: the server returned 409, or the client found it before it
    /// sent anything; then there is no [`Error::status`]. A wait fails with it when the awaited state can no longer be
    /// reached.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.0.kind == Kind::Conflict || self.returned(StatusCode::CONFLICT)
    }

    /// The server reports a failure in a response with a success status. The message has the server's reason, if it
    /// sent one.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.0.kind == Kind::Refused
    }

    /// The server rejected the request as malformed or invalid (400, 422).
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        self.returned(StatusCode::BAD_REQUEST) || self.returned(StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// Too many calls (429); [`Error::retry_after`] has the delay, if the server sent one.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.status == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// The server failed (5xx). Retry later.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.0.status.is_some_and(|status| status.is_server_error())
    }

    /// An attempt or the whole call exceeded its timeout. If the request was never sent because connecting took too
    /// long, it is [`Error::is_connect`] instead.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == Kind::Timeout
    }

    /// There was no connection, or the server provably did not process the request (HTTP/2). Nothing was processed, unless
    /// [`Error::follows_doubt`] is true: the server may have processed an earlier attempt.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.0.kind == Kind::Connect
    }

    /// The response does not match the document, or is too large. The message has the place of the mismatch.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode | Kind::TooLarge)
    }

    /// The call changes something, it was sent, and no response reports whether the server processed it. It was not
    /// retried: check the state of the object before you retry.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        self.0.may_have_happened
    }

    /// The status of the response, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    /// The service's own code for the failure: a number, a text such as `VALIDATION_ERROR`, or an OAuth 2.0 `error`
    /// from a token endpoint (RFC 6749, section 5.2) or in the redirect that ends a login (section 4.1.2.1).
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The message: the server's if it sent one. Up to 2000 characters.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Machine-readable details from the service, such as invalid fields and when to retry. At most 100 details and
    /// about 64 KiB of them are kept.
    ///
    /// ```
    /// use connectors_runtime::Detail;
    ///
    /// # fn handle(error: connectors_runtime::Error) {
    /// for detail in error.details() {
    ///     if let Detail::BadRequest(violations) = detail {
    ///         violations.iter().for_each(|it| println!("{}: {}", it.field(), it.description()));
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }

    /// The server's id for the request, or else the client's own id. The service's support needs it.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The delay that the server requested with `Retry-After`, or else with a [`Detail::RetryInfo`].
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many times the call was sent. 0 if it failed before that, for example without a token.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The id of an object that the method created before a later step failed, such as a connector that could not be
    /// named. The object exists: do not create it again.
    #[must_use]
    pub fn created(&self) -> Option<&str> {
        self.0.created.as_deref()
    }

    /// The method sends several calls, and an earlier one succeeded before this one failed: a part of the change was
    /// applied. If [`Error::may_have_happened`] is true, the failed call may have been processed as well.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.0.is_partial
    }

    /// The method that was called, such as `create`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The host of the call, or of the token request before it, even if nothing was sent; with the port unless it is the
    /// scheme's default: `api.example.com` or `127.0.0.1:8080`.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// The headers of the failed response.
    ///
    /// ```
    /// # fn handle(error: connectors_runtime::Error) {
    /// let remaining = error.headers().and_then(|headers| headers.get("x-ratelimit-remaining"));
    /// println!("{remaining:?}");
    /// # }
    /// ```
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.headers.as_deref()
    }

    /// The first 16 KiB of a failed response's body, as text. Its content comes from the server: do not log it without
    /// a check.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_ref().map(Body::text)
    }

    /// The unchanged body of a failed response, up to [`Limits::failure`](crate::Limits::failure) and 256 KiB.
    #[must_use]
    pub fn body_bytes(&self) -> Option<&[u8]> {
        self.0.body.as_ref().map(Body::bytes)
    }
}

/// The beginning of a text. The error's body has all of a server's text.
fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
    text
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}
