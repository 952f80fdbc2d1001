//! One call: attempts, waits, deadlines; the same for the API and for token endpoints.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use futures_util::stream;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::ResponseBuilderExt as _;

use crate::error::Error;
use crate::error::Kind;

use super::hooks::{Attempted, Hooks, add_headers};
use super::retry::{self, Budget, Failure, RetryPolicy};
use super::send::{AnySender, Reason, SendError};
use super::span::CallSpan;
use super::{Clock, Limits, Operation};

/// Turns a failed response of a service into an error.
pub type ReadFailure = fn(&Reply) -> Error;

/// What makes the request of each attempt.
pub trait Attempt: Send {
    /// The request to send now, if nothing has to be waited for: then no limit of time is needed either.
    fn request_at_once(&mut self) -> Option<Result<reqwest::Request, Error>> {
        None
    }

    /// The request to send now.
    fn request(&mut self) -> impl Future<Output = Result<reqwest::Request, Error>> + Send;

    /// What all of the call's attempts are told to.
    fn span(&self) -> &CallSpan;

    /// The operation it calls; none for an endpoint of OAuth.
    fn operation(&self) -> Option<&'static Operation> {
        None
    }

    /// Whether a second request can be made.
    fn can_repeat(&self) -> bool {
        true
    }

    /// The options of this one call.
    fn options(&self) -> Option<&CallOptions> {
        None
    }

    /// Called when the server returned 401; true if the next request will carry another token.
    fn unauthorized(&mut self) -> bool {
        false
    }
}

/// Options of one call; they win over those of the client.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// For the call with all its attempts and waits; instead of [`Limits::call`].
    pub(crate) deadline: Option<Duration>,
    /// How often it is sent at most.
    pub(crate) attempts: Option<u32>,
    /// Whether a second attempt is safe, whatever the operation says.
    pub(crate) idempotent: Option<bool>,
    /// Headers for each attempt.
    pub(crate) headers: HeaderMap,
    /// The caller's own id of the call, in the header that the client has for it.
    pub(crate) request_id: Option<HeaderValue>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    attempts: u32,
    /// What the server calls the request, or else what we called it.
    request_id: Option<String>,
}

/// What is known of an answer beside what is in it.
#[derive(Debug)]
pub(super) struct About {
    status: StatusCode,
    attempts: u32,
    request_id: Option<String>,
}

impl About {
    /// Puts it into an error about the answer.
    pub(super) fn describe(self, error: Error) -> Error {
        error.with_status(self.status).with_request_id(self.request_id).with_attempts(self.attempts)
    }
}

impl Reply {
    /// How many times the call was sent.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The server's id of the request, or else ours.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// Puts what is known of this answer into an error about it.
    pub fn describe(&self, error: Error) -> Error {
        self.about().describe(error).with_body(&self.body)
    }

    pub(super) fn about(&self) -> About {
        About { status: self.status, attempts: self.attempts, request_id: self.request_id.clone() }
    }
}

/// Sends calls of one client.
#[derive(Debug)]
pub struct Exchange {
    /// Builds requests, for progenitor.
    pub http: reqwest::Client,
    pub(super) sender: AnySender,
    pub limits: Limits,
    pub(super) retry: RetryPolicy,
    pub clock: Arc<dyn Clock>,
    pub(super) hooks: Hooks,
    /// The header that carries our own name for a call, if the service takes one.
    pub(super) request_id: Option<HeaderName>,
    pub(super) budget: Budget,
}

/// Why an attempt did not succeed.
struct Failed {
    failure: Failure,
    error: Error,
    retry_after: Option<Duration>,
}

/// Whether the body of a success is read here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Whole,
    ByCaller,
}

enum Answer {
    Whole(Reply),
    Open(reqwest::Response),
}

impl Answer {
    fn status(&self) -> StatusCode {
        match self {
            Self::Whole(reply) => reply.status,
            Self::Open(response) => response.status(),
        }
    }
}

/// What goes with each attempt of one call.
#[derive(Clone, Copy)]
struct Sending<'a> {
    deadline: Option<Instant>,
    read: ReadFailure,
    reading: Reading,
    number: u32,
    request_id: Option<&'a str>,
}

impl Exchange {
    /// Sends a call and reads its answer.
    pub async fn call(&self, attempt: &mut impl Attempt, idempotent: bool, read: ReadFailure) -> Result<Reply, Error> {
        match self.run(attempt, idempotent, read, Reading::Whole).await? {
            Answer::Whole(reply) => Ok(reply),
            Answer::Open(_) => Err(Error::new(Kind::Decode, "the answer was not read")),
        }
    }

    /// Sends a call and leaves the body of a success to the caller.
    pub async fn open(
        &self,
        attempt: &mut impl Attempt,
        idempotent: bool,
        read: ReadFailure,
    ) -> Result<reqwest::Response, Error> {
        match self.run(attempt, idempotent, read, Reading::ByCaller).await? {
            Answer::Open(response) => Ok(self.paced(response)),
            Answer::Whole(_) => Err(Error::new(Kind::Decode, "the answer was read too early")),
        }
    }

    async fn run(
        &self,
        attempt: &mut impl Attempt,
        idempotent: bool,
        read: ReadFailure,
        reading: Reading,
    ) -> Result<Answer, Error> {
        let span = attempt.span().clone();
        span.around(self.attempts(attempt, idempotent, read, reading, &span)).await
    }

    async fn attempts(
        &self,
        attempt: &mut impl Attempt,
        idempotent: bool,
        read: ReadFailure,
        reading: Reading,
        span: &CallSpan,
    ) -> Result<Answer, Error> {
        // A limit beyond all time is none.
        let options = attempt.options().cloned().unwrap_or_default();
        let idempotent = options.idempotent.unwrap_or(idempotent);
        let deadline = self.clock.now().checked_add(options.deadline.unwrap_or(self.limits.call));
        let most = options.attempts.unwrap_or(self.retry.attempts).max(1);
        let operation = attempt.operation();
        let given = options.request_id;
        let own_id = self.request_id.as_ref().and_then(|name| Some((name, given.or_else(random_id)?)));
        let mut sent = 0;
        let mut tries = 0;
        // Whether an attempt before this one may have been carried out.
        let mut doubted = false;
        loop {
            let request = match attempt.request_at_once() {
                Some(request) => request,
                None => self.before(deadline, attempt.request()).await.flatten(),
            };
            let mut request = match request {
                Ok(request) => request,
                Err(error) => {
                    span.failed(&error, None);
                    let error = error.with_attempts(sent);
                    return Err(if doubted { error.after_doubt() } else { error });
                }
            };
            if let Some((name, id)) = &own_id {
                request.headers_mut().insert(*name, id.clone());
            }
            if let Some(operation) = operation {
                self.hooks.add_headers(operation, request.headers_mut());
            }
            add_headers(&options.headers, request.headers_mut());
            // A program may have put its own in its place.
            let id =
                own_id.as_ref().and_then(|(name, _)| request.headers().get(*name)?.to_str().ok()).map(str::to_owned);
            if sent > 0 {
                span.resent(sent);
            }
            sent += 1;
            tries += 1;
            let started = self.clock.now();
            let sending = Sending { deadline, read, reading, number: sent, request_id: id.as_deref() };
            let result = self.send(request, sending).await;
            let elapsed = self.clock.now().saturating_duration_since(started);
            let tell = |status, error, wait| {
                self.hooks.tell(&Attempted { operation, number: sent, status, error, elapsed, wait });
            };
            let Failed { failure, error, retry_after } = match result {
                Ok(answer) => {
                    self.budget.refill();
                    span.answered(answer.status().as_u16());
                    tell(Some(answer.status()), None, None);
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            let status = match failure {
                Failure::Answered(status) => Some(status),
                _ => None,
            };
            let mut error = error.with_attempts(sent).with_retry_after(retry_after).or_request_id(id);
            if failure.leaves_doubt() && !idempotent {
                error = error.perhaps_done();
            }
            if doubted {
                error = error.after_doubt();
            }
            doubted |= failure.leaves_doubt();
            // Asked even where nothing can be resent: the next call must not carry a token that was refused.
            let renewed = status == Some(StatusCode::UNAUTHORIZED) && attempt.unauthorized();
            if renewed && attempt.can_repeat() {
                // Refused before anything was done: the one case in which a resend is not a retry.
                tell(status, Some(&error), Some(Duration::ZERO));
                tries -= 1;
                continue;
            }
            // The server's word wins, but nobody is asked again without a pause.
            let own = self.retry.delay(tries + 1, self.clock.random());
            let wait = retry_after.map_or(own, |asked| asked.max(own.min(Duration::from_secs(1))));
            let in_time = self.left(deadline) > wait;
            let allowed = failure.may_retry(idempotent) && attempt.can_repeat() && tries < most;
            if !allowed || wait > self.retry.longest_wait || !in_time || !self.budget.spend(failure) {
                span.failed(&error, error.status());
                tell(status, Some(&error), None);
                return Err(error);
            }
            tell(status, Some(&error), Some(wait));
            tracing::debug!(wait = ?wait, failure = ?failure, "sending again");
            self.clock.sleep(wait).await;
        }
    }

    /// The time left until a deadline.
    fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(self.clock.now()))
    }

    async fn send(&self, request: reqwest::Request, sending: Sending<'_>) -> Result<Answer, Failed> {
        let limit = self.left(sending.deadline).min(self.limits.attempt);
        let mut over = self.clock.timeout(limit);
        let late = || {
            let error = Error::new(Kind::Timeout, format!("no answer within {limit:?}"));
            Failed { failure: Failure::TimedOut, error, retry_after: None }
        };
        let mut response = match select(pin!(self.sender.send(request)), &mut over).await {
            Either::Left((response, _)) => response.map_err(failed)?,
            Either::Right(_) => return Err(late()),
        };
        let status = response.status();
        if status.is_success() && sending.reading == Reading::ByCaller {
            return Ok(Answer::Open(response));
        }
        let headers = std::mem::take(response.headers_mut());
        let read = match select(pin!(self.read(&mut response, status)), &mut over).await {
            Either::Left((read, _)) => read,
            Either::Right(_) => Err(late()),
        };
        let body = match read {
            Ok(body) => body,
            Err(failed) if status.is_success() => return Err(failed),
            // That it failed is known, if not why.
            Err(_) => Bytes::new(),
        };
        let theirs = headers.get("x-request-id").and_then(|id| id.to_str().ok());
        let request_id = theirs.or(sending.request_id).map(str::to_owned);
        let reply = Reply { status, headers, body, attempts: sending.number, request_id };
        if status.is_success() {
            return Ok(Answer::Whole(reply));
        }
        let error = reply.describe((sending.read)(&reply));
        let header = retry::retry_after(&reply.headers, self.clock.time_of_day());
        let retry_after = header.or_else(|| error.retry_after()).or_else(|| error.retry_delay());
        Err(Failed { failure: Failure::Answered(status), error, retry_after })
    }

    /// The body, as far as the limit allows.
    async fn read(&self, response: &mut reqwest::Response, status: StatusCode) -> Result<Bytes, Failed> {
        let limit = self.limits.response;
        let announced = response.content_length().unwrap_or_default();
        let mut too_large = announced > u64::try_from(limit).unwrap_or(u64::MAX);
        // Most answers come in one piece, which is kept as it is.
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while !too_large {
            match response.chunk().await.map_err(|error| failed(error.into()))? {
                Some(chunk) if first.len() + rest.len() + chunk.len() > limit => too_large = true,
                Some(chunk) if first.is_empty() && rest.is_empty() => first = chunk,
                Some(chunk) => {
                    rest.extend_from_slice(&std::mem::take(&mut first));
                    rest.extend_from_slice(&chunk);
                }
                None if rest.is_empty() => return Ok(first),
                None => return Ok(rest.freeze()),
            }
        }
        let error = Error::new(Kind::TooLarge, format!("the answer is larger than {limit} bytes")).with_status(status);
        Err(Failed { failure: Failure::TooLarge, error, retry_after: None })
    }

    /// An answer that is read as it comes, given up when nothing more of it comes for as long as an attempt may take.
    fn paced(&self, response: reqwest::Response) -> reqwest::Response {
        let (clock, limit) = (Arc::clone(&self.clock), self.limits.attempt);
        let head = http::Response::builder().url(response.url().clone()).body(());
        let mut head = head.unwrap_or_else(|_| http::Response::new(()));
        *head.status_mut() = response.status();
        *head.version_mut() = response.version();
        head.headers_mut().clone_from(response.headers());
        let body = stream::try_unfold(response, move |mut response| {
            let over = clock.timeout(limit);
            async move {
                let chunk = match select(pin!(response.chunk()), over).await {
                    Either::Left((chunk, _)) => chunk.map_err(|error| io::Error::other(error.without_url())),
                    Either::Right(_) => {
                        let late = format!("nothing more of the answer came within {limit:?}");
                        Err(io::Error::new(io::ErrorKind::TimedOut, late))
                    }
                };
                chunk.map(|chunk| chunk.map(|chunk| (chunk, response)))
            }
        });
        head.map(|()| reqwest::Body::wrap_stream(body)).into()
    }

    /// Whatever comes before sending (waiting for a token) counts towards the deadline as well.
    async fn before<T>(&self, deadline: Option<Instant>, work: impl Future<Output = T>) -> Result<T, Error> {
        match select(pin!(work), self.clock.timeout(self.left(deadline))).await {
            Either::Left((value, _)) => Ok(value),
            Either::Right(_) => Err(Error::new(Kind::Timeout, "no token within the time of the call")),
        }
    }
}

/// A name for a call that no other call has; none if the operating system gives no randomness.
fn random_id() -> Option<HeaderValue> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    HeaderValue::try_from(format!("{:032x}", u128::from_be_bytes(bytes))).ok()
}

fn failed(error: SendError) -> Failed {
    let (failure, kind, message) = match error.reason {
        Reason::NotConnected => (Failure::NotConnected, Kind::Connect, "no connection to the server"),
        Reason::NotProcessed => (Failure::NotConnected, Kind::Connect, "the server did not process the request"),
        Reason::Unsendable => (Failure::Unsendable, Kind::Argument, "the request cannot be sent"),
        Reason::TimedOut => (Failure::TimedOut, Kind::Timeout, "no response in time"),
        Reason::Broken => (Failure::Broken, Kind::Broken, "the connection broke"),
    };
    Failed { failure, error: Error::new(kind, message).caused_by(error), retry_after: None }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use futures::{StreamExt, pin_mut, poll};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::watch;
    use url::Url;

    use crate::http::{Connection, Sleep};

    use super::*;

    /// Cuts off what is under way when a test says so.
    #[derive(Clone, Debug, Default)]
    struct Strikes(watch::Sender<()>);

    impl Clock for Strikes {
        fn now(&self) -> Instant {
            Instant::now()
        }

        fn time_of_day(&self) -> SystemTime {
            SystemTime::now()
        }

        fn sleep(&self, duration: Duration) -> Sleep {
            self.timeout(duration)
        }

        fn timeout(&self, _: Duration) -> Sleep {
            let (strikes, mut struck) = (self.clone(), self.0.subscribe());
            Box::pin(async move {
                // An error would mean that the sender is gone, and we hold it.
                let _ = struck.changed().await;
                drop(strikes);
            })
        }

        fn random(&self) -> f64 {
            1.0
        }
    }

    struct Get {
        url: Url,
        span: CallSpan,
    }

    impl Attempt for Get {
        async fn request(&mut self) -> Result<reqwest::Request, Error> {
            Ok(reqwest::Request::new(http::Method::GET, self.url.clone()))
        }

        fn span(&self) -> &CallSpan {
            &self.span
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_read_as_it_comes_is_given_up_when_no_more_of_it_comes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let strikes = Strikes::default();
        let exchange = Connection::new().clock(strikes.clone()).exchange(&url).unwrap();
        let mut get = Get { span: CallSpan::of_endpoint(&url), url };
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
            stream
        };
        let call = exchange.open(&mut get, true, |_| Error::new(Kind::Status, "refused"));
        let (response, _open) = futures::join!(call, answer);
        let response = response.unwrap();
        assert_eq!((response.status(), &response.headers()["x-a"]), (StatusCode::OK, &HeaderValue::from_static("b")));
        let body = response.bytes_stream();
        pin_mut!(body);
        assert_eq!(body.next().await.unwrap().unwrap(), "half");
        {
            let rest = body.next();
            pin_mut!(rest);
            assert!(poll!(&mut rest).is_pending());
            strikes.0.send_modify(|_| {});
            assert!(rest.await.unwrap().unwrap_err().is_timeout());
        }
        assert!(body.next().await.is_none());
    }
}
