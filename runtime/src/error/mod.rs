//! The one error type: opaque, with predicates.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

mod details;

pub use details::{Detail, FieldViolation};

/// How much of a failed answer's body is kept.
const BODY_LIMIT: usize = 16 * 1024;
/// How much of a message is kept, in characters: most are a server's.
const MESSAGE_LIMIT: usize = 2000;
/// How much of it is shown.
const LINE_LIMIT: usize = 300;
/// How much of a code or an id is kept that a server made up, in characters.
const WORD_LIMIT: usize = 200;

/// Why a call did not succeed.
///
/// Opaque, with predicates: what can go wrong grows, and what a program does about it is one of a few things.
///
/// ```
/// # fn handle(error: connectors_runtime::Error) {
/// if error.may_have_happened() {
///     println!("look before trying again: {error}");
/// } else if error.is_not_found() {
///     println!("gone");
/// } else if let Some(wait) = error.retry_after() {
///     println!("come back in {wait:?}");
/// }
/// # }
/// ```
///
/// `Display` is one line. Neither it nor `Debug` shows headers, bodies or credentials; the body of a failed answer is
/// there for those who ask, in [`Error::body`].
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: String,
    operation: Option<&'static str>,
    status: Option<StatusCode>,
    code: Option<String>,
    details: Vec<Detail>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    body: Option<String>,
    may_have_happened: bool,
    /// Whether an earlier attempt of the same call may have been carried out.
    follows_doubt: bool,
    /// The id of what the call made before it failed.
    created: Option<String>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What went wrong, as far as a program can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The client was set up with something that cannot work.
    Config,
    /// An argument cannot be sent.
    Argument,
    /// The thing is in a state that does not allow the call, or leaves it open what the call would do.
    Conflict,
    /// No token could be had, or the one sent was refused.
    Auth,
    /// No connection was made.
    Connect,
    /// It took longer than allowed.
    Timeout,
    /// The connection broke.
    Broken,
    /// The server answered that it failed.
    Status,
    /// The server answered that it did not do it, under a status of success.
    #[allow(dead_code, reason = "only services that answer so use it")]
    Refused,
    /// The answer is not what the document says.
    Decode,
    /// The answer is larger than allowed.
    TooLarge,
}

impl Kind {
    /// One word, the same for all errors of the kind.
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

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: cut(message.into(), MESSAGE_LIMIT),
            operation: None,
            status: None,
            code: None,
            details: Vec::new(),
            request_id: None,
            retry_after: None,
            attempts: 0,
            body: None,
            may_have_happened: false,
            follows_doubt: false,
            created: None,
            source: None,
        }))
    }

    /// For a [`TokenProvider`](crate::auth::TokenProvider) that has no token to give. The message is shown: it must not
    /// hold a secret.
    ///
    /// ```
    /// assert!(connectors_runtime::Error::auth("the vault is sealed").is_auth());
    /// ```
    #[must_use]
    pub fn auth(message: impl Into<String>) -> Self {
        Self::new(Kind::Auth, message)
    }

    /// For a [`TokenProvider`](crate::auth::TokenProvider) that cannot reach what it asks for tokens. A wait that looks
    /// again and again goes on after it, where [`Error::auth`] ends it. The message is shown: it must not hold a secret.
    ///
    /// ```
    /// assert!(connectors_runtime::Error::unavailable("the vault does not answer").is_connect());
    /// ```
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Connect, message)
    }

    /// The same error after words that say what it means here.
    pub fn in_context(self, words: &str) -> Self {
        self.with(|inner| inner.message = format!("{words}: {}", inner.message))
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }

    pub fn operation_named(self, name: &'static str) -> Self {
        self.with(|inner| inner.operation = inner.operation.or(Some(name)))
    }

    pub fn with_status(self, status: StatusCode) -> Self {
        self.with(|inner| inner.status = Some(status))
    }

    pub fn with_code(self, code: Option<String>) -> Self {
        self.with(|inner| inner.code = code.map(|code| cut(code, WORD_LIMIT)))
    }

    pub fn with_details(self, details: Vec<serde_json::Value>) -> Self {
        self.with(|inner| inner.details = details.into_iter().map(Detail::from).collect())
    }

    /// The wait that the details ask for.
    pub fn retry_delay(&self) -> Option<Duration> {
        self.0.details.iter().find_map(|detail| match detail {
            Detail::RetryInfo { retry_delay } => Some(*retry_delay),
            _ => None,
        })
    }

    pub fn with_request_id(self, id: Option<String>) -> Self {
        self.with(|inner| inner.request_id = id.map(|id| cut(id, WORD_LIMIT)))
    }

    /// Our own name for the request, unless the server has one.
    pub fn or_request_id(self, id: Option<String>) -> Self {
        if self.0.request_id.is_some() || id.is_none() { self } else { self.with_request_id(id) }
    }

    pub fn with_retry_after(self, wait: Option<Duration>) -> Self {
        self.with(|inner| inner.retry_after = wait)
    }

    pub fn with_attempts(self, attempts: u32) -> Self {
        self.with(|inner| inner.attempts = attempts)
    }

    pub fn with_body(self, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(body.get(..BODY_LIMIT).unwrap_or(body)).into_owned();
        self.with(|inner| inner.body = Some(body))
    }

    /// The answer of an attempt that came after one which may have been carried out: what it says of the thing's state
    /// may be that one's doing.
    pub fn after_doubt(self) -> Self {
        self.with(|inner| inner.follows_doubt = true)
    }

    /// Whether an earlier attempt of the same call may have been carried out.
    pub fn follows_doubt(&self) -> bool {
        self.0.follows_doubt
    }

    #[allow(dead_code, reason = "only services that make a thing in two steps use it")]
    pub fn with_created(self, id: impl Into<String>) -> Self {
        self.with(|inner| inner.created = Some(id.into()))
    }

    pub fn perhaps_done(self) -> Self {
        self.with(|inner| inner.may_have_happened = true)
    }

    /// The failure of a token's request, as that of a call which was not sent: what was sent and may have happened was the
    /// former.
    pub fn before_sending(self) -> Self {
        self.with(|inner| {
            inner.may_have_happened = false;
            inner.follows_doubt = false;
            inner.attempts = 0;
        })
    }

    pub fn caused_by(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.with(|inner| inner.source = Some(Arc::new(source)))
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The client was set up with something that cannot work: a malformed secret, a missing variable, a plain-http host.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.0.kind == Kind::Config
    }

    /// An argument cannot be sent, such as an id that is empty or holds a `/`. Nothing was carried out.
    #[must_use]
    pub fn is_invalid_argument(&self) -> bool {
        self.0.kind == Kind::Argument
    }

    /// No token could be had, or the server refused the one sent (401).
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.0.kind == Kind::Auth || self.0.status == Some(StatusCode::UNAUTHORIZED)
    }

    /// Whether the service answered the call itself with this status: what a token endpoint answers says nothing about
    /// the thing that was asked for.
    fn answered(&self, status: StatusCode) -> bool {
        self.0.kind != Kind::Auth && self.0.status == Some(status)
    }

    /// The caller is known, and may not do this (403).
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        self.answered(StatusCode::FORBIDDEN)
    }

    /// There is no such thing (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.answered(StatusCode::NOT_FOUND)
    }

    /// The thing is in a state that does not allow this: the server says so (409), or it was seen before anything was sent,
    /// and then there is no [`Error::status`]. So it is when a wait sees that what it waits for will not come.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.0.kind == Kind::Conflict || self.answered(StatusCode::CONFLICT)
    }

    /// The server answered that it did not do it, under a status of success: PipesHub's `success: false`. The message says
    /// why, if it did.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.0.kind == Kind::Refused
    }

    /// The server found the request wrong (400, 422).
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        self.answered(StatusCode::BAD_REQUEST) || self.answered(StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// Too many calls (429); [`Error::retry_after`] says how long to wait if the server did.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.status == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// The server failed (5xx).
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.0.status.is_some_and(|status| status.is_server_error())
    }

    /// It took longer than an attempt or the whole call may take.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == Kind::Timeout
    }

    /// No connection was made: nothing was sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.0.kind == Kind::Connect
    }

    /// The answer is not what the document says; the message names the place in it.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode | Kind::TooLarge)
    }

    /// The call changes something, it was sent, and no answer tells whether it was carried out. It was not sent again;
    /// look before you do.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        self.0.may_have_happened
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    /// The service's own code for the failure: a `google.rpc.Code` number from C1, a word such as `VALIDATION_ERROR` from
    /// PipesHub, an `error` of OAuth 2.0 from a token endpoint (RFC 6749, section 5.2) or in the redirect that ends a login (section
    /// 4.1.2.1).
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What went wrong, in words: the server's if it sent any, up to 2000 characters of them.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What more the service says of the failure, for programs: which field is wrong, when to come back.
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

    /// The server's id for the request, or else the one that it was sent with, for the service's support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the server asked to wait: by `Retry-After`, or else by a [`Detail::RetryInfo`].
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many times the call was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The id of what a method made before it failed at a later step, such as a connector that was created but could not be
    /// named. It is there: do not create it again.
    #[must_use]
    pub fn created(&self) -> Option<&str> {
        self.0.created.as_deref()
    }

    /// The method that was called, such as `create`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The first 16 KiB of a failed answer's body. It may hold what the server chose to put there; do not log it blindly.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }
}

/// As much of a text as is for people and logs; the whole of a server's is in the error's body.
fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        if let Some(status) = inner.status {
            write!(f, "{status}: ")?;
        }
        let line: String =
            inner.message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LINE_LIMIT).collect();
        f.write_str(&line)?;
        if inner.attempts > 1 {
            write!(f, " (after {} attempts)", inner.attempts)?;
        }
        if inner.may_have_happened {
            f.write_str("; it may have been carried out all the same")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &format_args!("{self}"))
            .field("code", &self.0.code)
            .field("request_id", &self.0.request_id)
            .field("retry_after", &self.0.retry_after)
            .field("body_bytes", &self.0.body.as_ref().map(String::len))
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}
