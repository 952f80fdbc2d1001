//! One call: attempts, delays, deadlines. Operations and token endpoints share this code.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use http::StatusCode;
use http::header::{Entry, HeaderName, HeaderValue, SET_COOKIE};
use url::Url;
use zeroize::Zeroizing;

use crate::error::{Error, Kind};

use super::credentials::Credentials;
use super::hooks::{Attempted, Hooks, add_headers};
use super::line::{Line, Progress};
use super::options::CallOptions;
use super::reply::{About, Received, Reply, Sent, paced};
use super::retry::{self, Budget, Failure, RetryPolicy};
use super::send::{Reason, SendError};
use super::span::CallSpan;
use super::{Clock, Limits, Operation, Sleep};

/// The longest URL that can be sent, in bytes.
const LONGEST_URL: usize = 65_534;

/// Creates an error from a failed response of a service: its message, code and details. The exchange adds status,
/// headers, body, request id, attempts, operation and host.
pub type ReadFailure = fn(&Reply) -> Error;

/// Creates the request of each attempt.
pub(crate) trait Attempt: Send {
    /// The next request, if it is available without waiting. No timeout is needed then.
    fn request_at_once(&mut self) -> Option<Result<reqwest::Request, Error>> {
        None
    }

    /// The next request.
    fn request(&mut self) -> impl Future<Output = Result<reqwest::Request, Error>> + Send;

    /// The span of the call, with all its attempts.
    fn span(&self) -> &CallSpan;

    /// The URL of the server, for the host in an error of a call that was not sent.
    fn server(&self) -> Option<Url>;

    /// The operation; `None` for an OAuth endpoint, whose responses have the limit [`Limits::token`].
    fn operation(&self) -> Option<&'static Operation> {
        None
    }

    /// Whether a second request can be created.
    fn can_repeat(&self) -> bool {
        true
    }

    /// The options of this one call.
    fn options(&self) -> Option<&CallOptions> {
        None
    }

    /// Credentials of the request that are neither in a header nor in a token request's form, such as an API key in the
    /// query. They are removed from errors.
    fn secrets(&self) -> Vec<Zeroizing<String>> {
        Vec::new()
    }

    /// Called when the server returned 401. Returns true if the next request will have another token.
    fn unauthorized(&mut self) -> bool {
        false
    }
}

/// Sends the calls of one client.
#[non_exhaustive]
pub struct Exchange {
    /// Builds requests.
    pub http: reqwest::Client,
    /// The timeouts of calls and the size limits of responses.
    pub limits: Limits,
    /// The clock for every wait.
    pub clock: Arc<dyn Clock>,
    pub(super) line: Line,
    pub(super) retry: RetryPolicy,
    pub(super) hooks: Hooks,
    /// The header for the client's own id of a call.
    pub(super) request_id: Option<HeaderName>,
    pub(super) budget: Budget,
    pub(super) host: Host,
    /// The values of the headers that every request has.
    pub(super) always: Option<Arc<[HeaderValue]>>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the HTTP client: it has a proxy's password and the program's headers.
        f.debug_struct("Exchange")
            .field("host", &self.host.shown)
            .field("limits", &self.limits)
            .field("retry", &self.retry)
            .field("clock", &self.clock)
            .field("line", &self.line)
            .field("hooks", &self.hooks)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// The host that a client calls.
#[derive(Debug)]
pub(super) struct Host {
    name: String,
    port: Option<u16>,
    shown: Arc<str>,
}

impl Host {
    pub(super) fn of(url: &Url) -> Self {
        let name = url.host_str().unwrap_or_default().to_owned();
        let port = url.port();
        let shown = port.map_or_else(|| name.as_str().into(), |port| format!("{name}:{port}").into());
        Self { name, port, shown }
    }

    /// The host of a request, for messages. Most requests go to the known host.
    fn shown(&self, url: &Url) -> Arc<str> {
        let same = url.host_str().unwrap_or_default() == self.name && url.port() == self.port;
        if same { Arc::clone(&self.shown) } else { Self::of(url).shown }
    }
}

/// The reason why an attempt failed.
struct Failed {
    failure: Failure,
    error: Error,
    retry_after: Option<Duration>,
}

impl Failed {
    fn new(failure: Failure, error: Error) -> Self {
        Self { failure, error, retry_after: None }
    }

    /// A failed attempt without a whole response.
    fn without_response(error: SendError, host: &str) -> Self {
        let (failure, kind, message) = match error.reason {
            Reason::NotConnected => (Failure::NotConnected, Kind::Connect, format!("no connection to {host}")),
            Reason::NotProcessed => {
                (Failure::NotConnected, Kind::Connect, format!("{host} did not process the request"))
            }
            Reason::Unsendable => (Failure::Unsendable, Kind::Argument, "the request cannot be sent".to_owned()),
            Reason::TooLong(length) => {
                let message = format!("the URL of the request has {length} bytes; at most {LONGEST_URL} can be sent");
                (Failure::Unsendable, Kind::Argument, message)
            }
            Reason::TimedOut => (Failure::TimedOut, Kind::Timeout, format!("no response from {host} in time")),
            Reason::Broken => (Failure::Broken, Kind::Broken, format!("the connection to {host} broke")),
        };
        Self::new(failure, Error::new(kind, message).caused_by(error))
    }
}

/// Whether the exchange reads the body of a success.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Whole,
    ByCaller,
}

enum Outcome {
    Whole(Reply),
    Open(reqwest::Response),
}

impl Outcome {
    fn status(&self) -> StatusCode {
        match self {
            Self::Whole(reply) => reply.status,
            Self::Open(response) => response.status(),
        }
    }
}

/// The settings for all attempts of one call.
struct Plan {
    idempotent: bool,
    deadline: Option<Instant>,
    /// The timeout of an attempt.
    attempt: Duration,
    /// The highest number of attempts.
    most: u32,
    /// The caller's or the client's own id of the call, and its header.
    own_id: Option<Box<(HeaderName, HeaderValue)>>,
}

/// One attempt, apart from its request.
struct Sending {
    /// The timeout.
    limit: Duration,
    /// Ready when it is over.
    over: Sleep,
    /// The longest time between two parts of a body that the caller reads.
    pace: Duration,
    read: ReadFailure,
    reading: Reading,
    sent: Sent,
}

impl Exchange {
    /// Sends a call and reads its response.
    pub(crate) async fn call(
        &self,
        attempt: &mut impl Attempt,
        idempotent: bool,
        read: ReadFailure,
    ) -> Result<Reply, Error> {
        match self.run(attempt, idempotent, read, Reading::Whole).await? {
            Outcome::Whole(reply) => Ok(reply),
            Outcome::Open(_) => Err(Error::new(Kind::Decode, "the response was not read")),
        }
    }

    /// Sends a call and leaves the body of a success to the caller. The response has its [`About`] as an extension.
    pub(crate) async fn open(
        &self,
        attempt: &mut impl Attempt,
        idempotent: bool,
        read: ReadFailure,
    ) -> Result<reqwest::Response, Error> {
        match self.run(attempt, idempotent, read, Reading::ByCaller).await? {
            Outcome::Open(response) => Ok(response),
            Outcome::Whole(_) => Err(Error::new(Kind::Decode, "the response was read too early")),
        }
    }

    /// The highest number of attempts for a call with these options.
    pub(crate) fn most_attempts(&self, options: Option<&CallOptions>) -> u32 {
        options.and_then(|options| options.attempts).unwrap_or(self.retry.attempts).max(1)
    }

    /// Waits before a broken stream is reopened, after the `broken`th break in a row: for the delay that the server
    /// requested, or else for the delay of a retry. A stream that always ends at once is not reopened without a delay.
    pub(crate) async fn wait_to_reopen(&self, broken: u32, asked: Option<Duration>) {
        const SHORTEST: Duration = Duration::from_millis(500);
        let own = || self.retry.delay(broken.saturating_add(1), self.clock.random());
        self.clock.sleep(asked.unwrap_or_else(own).max(SHORTEST).min(self.retry.longest_wait)).await;
    }

    async fn run(
        &self,
        attempt: &mut impl Attempt,
        idempotent: bool,
        read: ReadFailure,
        reading: Reading,
    ) -> Result<Outcome, Error> {
        let operation = attempt.operation();
        let done = if attempt.span().is_disabled() {
            self.attempts(attempt, idempotent, read, reading).await
        } else {
            let span = attempt.span().clone();
            // In a box, because most programs record no spans.
            Box::pin(span.around(self.attempts(attempt, idempotent, read, reading))).await
        };
        done.map_err(|error| {
            let error = match attempt.server() {
                Some(url) => error.at_host(&self.host.shown(&url)),
                None => error,
            };
            match operation {
                Some(operation) => error.operation_named(operation.name()),
                None => error,
            }
        })
    }

    /// Combines the options of a call with the settings of the client.
    fn plan(&self, options: Option<&CallOptions>, idempotent: bool) -> Result<Plan, Error> {
        if let Some(wrong) = options.and_then(|options| options.wrong.as_ref()) {
            return Err(wrong.clone());
        }
        let limit = options.and_then(|options| options.deadline).unwrap_or(self.limits.call);
        let own_id = match (&self.request_id, options.and_then(|options| options.request_id.as_ref())) {
            (None, None) => None,
            (None, Some(given)) => Some((HeaderName::from_static("x-request-id"), given.clone())),
            (Some(name), Some(given)) => Some((name.clone(), given.clone())),
            (Some(name), None) => random_id().map(|id| (name.clone(), id)),
        };
        Ok(Plan {
            idempotent: options.and_then(|options| options.idempotent).unwrap_or(idempotent),
            // A deadline beyond the range of `Instant` is no deadline.
            deadline: self.clock.now().checked_add(limit),
            attempt: options.and_then(|options| options.attempt_timeout).unwrap_or(self.limits.attempt),
            most: self.most_attempts(options),
            own_id: own_id.map(Box::new),
        })
    }

    async fn attempts(
        &self,
        attempt: &mut impl Attempt,
        idempotent: bool,
        read: ReadFailure,
        reading: Reading,
    ) -> Result<Outcome, Error> {
        let Plan { idempotent, deadline, attempt: pace, most, own_id } =
            self.plan(attempt.options(), idempotent).inspect_err(|error| attempt.span().failed(error, None))?;
        let operation = attempt.operation();
        let mut sent = 0;
        let mut tries = 0;
        // Whether the server may have processed an earlier attempt, and the error of the last one.
        let mut doubted = false;
        let mut last: Option<Error> = None;
        loop {
            let started;
            let progress = Progress::default();
            let sending;
            let line = {
                let request = if let Some(request) = attempt.request_at_once() {
                    request
                } else {
                    // In a box, because most calls do not wait here.
                    self.before(deadline, Box::pin(attempt.request())).await.flatten()
                };
                // An attempt without remaining time would only time out.
                started = self.clock.now();
                let limit = left(deadline, started).min(pace);
                let in_time = |request| if limit.is_zero() { Err(out_of_time(last.take())) } else { Ok(request) };
                let mut request = match request.and_then(in_time) {
                    Ok(request) => request,
                    Err(error) => {
                        attempt.span().failed(&error, None);
                        let error = error.with_attempts(sent);
                        return Err(if doubted { error.after_doubt() } else { error });
                    }
                };
                if let Some((name, id)) = own_id.as_deref() {
                    request.headers_mut().insert(name, id.clone());
                }
                if let Some(operation) = operation {
                    self.hooks.add_headers(operation, request.headers_mut());
                }
                if let Some(options) = attempt.options() {
                    add_headers(&options.headers, request.headers_mut());
                }
                if sent > 0 {
                    attempt.span().resent(sent);
                }
                sent += 1;
                tries += 1;
                let sent = Sent {
                    operation,
                    host: self.host.shown(request.url()),
                    attempts: sent,
                    // A program's header may have replaced it.
                    own_id: own_id
                        .as_deref()
                        .and_then(|(name, _)| request.headers().get(name))
                        .map(|id| Box::new(id.clone())),
                    credentials: Credentials::of(&request, operation.is_none(), attempt.secrets()),
                    always: self.always.clone(),
                };
                // A sender may work before it returns its future, so the time begins here.
                let over = self.clock.timeout(limit);
                sending = Sending { limit, over, pace, read, reading, sent };
                // After this the request is no longer here, so the future of each call in flight is smaller.
                match request.url().as_str().len() {
                    length if length > LONGEST_URL => Either::Left(async move { Err(SendError::too_long(length)) }),
                    _ => Either::Right(self.line.send(request, &progress)),
                }
            };
            let report = |status, error, wait| {
                if self.hooks.is_watched() {
                    let elapsed = self.clock.now().saturating_duration_since(started);
                    self.hooks.tell(&Attempted { operation, number: sent, status, error, elapsed, wait });
                }
            };
            let Failed { failure, mut error, retry_after } = match self.send(pin!(line), &progress, sending).await {
                Ok(done) => {
                    self.budget.refill();
                    attempt.span().returned(done.status().as_u16());
                    report(Some(done.status()), None, None);
                    return Ok(done);
                }
                Err(failed) => failed,
            };
            let status = match failure {
                Failure::Status(status) => Some(status),
                _ => None,
            };
            error = error.with_retry_after(retry_after);
            if failure.leaves_doubt() && !idempotent {
                error = error.perhaps_done();
            }
            if doubted {
                error = error.after_doubt();
            }
            doubted |= failure.leaves_doubt();
            // Called even if the request cannot be repeated: the next call must not send a rejected token.
            let renewed = status == Some(StatusCode::UNAUTHORIZED) && attempt.unauthorized();
            if renewed && attempt.can_repeat() {
                // The server rejected the request before it did anything. Only here a new attempt is not a retry.
                report(status, Some(&error), Some(Duration::ZERO));
                tries -= 1;
                continue;
            }
            // The server's delay takes precedence, but a retry never follows at once.
            let own = self.retry.delay(tries + 1, self.clock.random());
            let wait = retry_after.map_or(own, |asked| asked.max(own.min(Duration::from_secs(1))));
            let in_time = left(deadline, self.clock.now()) > wait;
            let allowed = failure.may_retry(idempotent) && attempt.can_repeat() && tries < most;
            let may_wait = wait <= self.retry.longest_wait && in_time;
            if !allowed || !may_wait || (self.retry.budget && !self.budget.spend(failure)) {
                attempt.span().failed(&error, error.status());
                report(status, Some(&error), None);
                return Err(error);
            }
            report(status, Some(&error), Some(wait));
            tracing::debug!(wait = ?wait, failure = ?failure, "retrying");
            self.clock.sleep(wait).await;
            last = Some(error);
        }
    }

    /// Waits for the response, and reads it.
    #[expect(clippy::manual_async_fn, reason = "a parameter of an async function is in its future twice")]
    fn send<'a>(
        &'a self,
        line: Pin<&'a mut (impl Future<Output = Result<reqwest::Response, SendError>> + Send)>,
        progress: &'a Progress,
        mut sending: Sending,
    ) -> impl Future<Output = Result<Outcome, Failed>> + Send + 'a {
        async move {
            let sent = match select(line, &mut sending.over).await {
                Either::Left((sent, _)) => sent.map_err(|error| Failed::without_response(error, &sending.sent.host)),
                Either::Right(_) if progress.give_up() => {
                    let message = format!("no connection to {} within {:?}", sending.sent.host, sending.limit);
                    Err(Failed::new(Failure::NotConnected, Error::new(Kind::Connect, message)))
                }
                Either::Right(_) => Err(late(&sending)),
            };
            let mut response = sent.map_err(|failed| {
                let unsent = u32::from(failed.failure == Failure::Unsendable);
                let error = sending.sent.describe(failed.error).with_attempts(sending.sent.attempts - unsent);
                Failed { error, ..failed }
            })?;
            // A session is a credential, even one that the server has just created.
            if response.headers().contains_key(SET_COOKIE)
                && let Entry::Occupied(mut cookies) = response.headers_mut().entry(SET_COOKIE)
            {
                cookies.iter_mut().for_each(|cookie| cookie.set_sensitive(true));
            }
            if response.status().is_success() && sending.reading == Reading::ByCaller {
                let about = About::new(response.status(), response.headers(), sending.sent);
                let mut response = paced(response, Arc::clone(&self.clock), sending.pace);
                response.extensions_mut().insert(about);
                return Ok(Outcome::Open(response));
            }
            let most = match sending.sent.operation {
                None => self.limits.token,
                Some(_) if response.status().is_success() => self.limits.response,
                Some(_) => self.limits.failure,
            };
            let mut received = Received::default();
            let ended = if response.status().is_success() && Received::is_too_large(&response, most) {
                Err(too_large(most))
            } else {
                loop {
                    let chunk = match select(pin!(response.chunk()), &mut sending.over).await {
                        Either::Left((chunk, _)) => chunk,
                        Either::Right(_) => break Err(late(&sending)),
                    };
                    match chunk.map_err(SendError::from) {
                        Ok(Some(chunk)) => {
                            if !received.add(chunk, most) {
                                break Err(too_large(most));
                            }
                        }
                        Ok(None) => break Ok(()),
                        Err(mut error) => {
                            // There is a response, so the request was processed.
                            if error.reason != Reason::TimedOut {
                                error.reason = Reason::Broken;
                            }
                            break Err(Failed::without_response(error, &sending.sent.host));
                        }
                    }
                }
            };
            let reply = Reply {
                status: response.status(),
                headers: std::mem::take(response.headers_mut()),
                body: received.into_bytes(),
                sent: sending.sent,
            };
            drop(response);
            if reply.status.is_success() {
                return match ended {
                    Ok(()) => Ok(Outcome::Whole(reply)),
                    Err(failed) => {
                        let error = failed.error.with_headers(reply.headers.clone());
                        let error = reply.about().describe(error);
                        Err(Failed { error, ..failed })
                    }
                };
            }
            // The failure is returned even if only a part of its body has arrived.
            let error = reply.describe((sending.read)(&reply));
            let header = retry::retry_after(&reply.headers, self.clock.time_of_day());
            let retry_after = header.or_else(|| error.retry_after()).or_else(|| error.retry_delay());
            Err(Failed { failure: Failure::Status(reply.status), error, retry_after })
        }
    }

    /// Work before sending, such as waiting for a token, counts towards the deadline.
    async fn before<T>(&self, deadline: Option<Instant>, work: Pin<Box<impl Future<Output = T>>>) -> Result<T, Error> {
        match select(work, self.clock.timeout(left(deadline, self.clock.now()))).await {
            Either::Left((value, _)) => Ok(value),
            Either::Right(_) => Err(Error::new(Kind::Timeout, "no token within the call's deadline")),
        }
    }
}

/// The time left until a deadline.
fn left(deadline: Option<Instant>, now: Instant) -> Duration {
    deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(now))
}

fn too_large(limit: usize) -> Failed {
    let error = Error::new(Kind::TooLarge, format!("the response is larger than {limit} bytes"));
    Failed::new(Failure::TooLarge, error)
}

fn late(sending: &Sending) -> Failed {
    let message = format!("no response from {} within {:?}", sending.sent.host, sending.limit);
    let error = Error::new(Kind::Timeout, message);
    Failed::new(Failure::TimedOut, error)
}

/// The error for a call whose deadline passed before a request could be sent: the last attempt's error if there is one.
fn out_of_time(last: Option<Error>) -> Error {
    let error = Error::new(Kind::Timeout, "the call's deadline passed before the request could be sent");
    match last {
        Some(last) => error.caused_by(last),
        None => error,
    }
}

/// A unique id for a call; `None` if the operating system has no randomness.
fn random_id() -> Option<HeaderValue> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    HeaderValue::try_from(format!("{:032x}", u128::from_be_bytes(bytes))).ok()
}
