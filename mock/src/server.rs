//! Sockets: accepting connections, recording requests, sending responses, and all transport faults.

use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;

use http::uri::PathAndQuery;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::checked::Checked;
use crate::control::{self, Afterwards, Controlled};
use crate::fault::{Effect, Faults};
use crate::message::{Answer, Request};
use crate::service::Service;
use crate::serving::{Bound, Exchange, Serving};
use crate::{lock, redact};

/// A running server. Dropping it stops it and its connections.
///
/// If it has sent a response that its document does not allow, dropping it panics: the test must fail.
pub struct Running {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// The number of requests that are kept. A server that runs for a long time must not fill the memory.
const MOST_REQUESTS: usize = 10_000;

/// The largest body that is read: larger than any body in a test, and than the limits of the services.
const LARGEST_BODY: usize = 256 * 1024 * 1024;

/// A request in the log; its status is added later.
type Entry = Arc<Mutex<Request>>;

struct Shared {
    service: Checked,
    faults: Faults,
    log: Mutex<VecDeque<Entry>>,
    serving: Serving,
}

impl Running {
    /// Starts to accept connections. Must be called in a tokio runtime.
    pub fn start(bound: Bound, serving: Serving, service: Arc<dyn Service>) -> Running {
        let (faults, log) = (Faults::default(), Mutex::default());
        let shared = Arc::new(Shared { service: Checked::new(service), faults, log, serving });
        let accepting = tokio::spawn(accept(bound.listener, Arc::clone(&shared)));
        Running { shared, accepting }
    }

    /// The pending faults.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The last 10,000 requests, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests()
    }

    /// Drops the recorded requests.
    pub fn clear_requests(&self) {
        lock(&self.shared.log).clear();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
        let mistakes = self.shared.service.mistakes();
        if !mistakes.is_empty() && !std::thread::panicking() {
            // A test must not pass with a wrong fake.
            panic!("the fake has a bug:\n{}", mistakes.join("\n"));
        }
    }
}

impl Shared {
    /// Records a request, and drops the oldest if there are too many.
    fn record(&self, entry: Entry) {
        let mut log = lock(&self.log);
        if log.len() >= MOST_REQUESTS {
            log.pop_front();
        }
        log.push_back(entry);
    }

    fn requests(&self) -> Vec<Request> {
        let log = lock(&self.log);
        log.iter().map(|entry| lock(entry).clone()).collect()
    }

    fn control(&self, request: &Request) -> Answer {
        let controlled = Controlled {
            service: &self.service,
            faults: &self.faults,
            requests: self.requests(),
            mistakes: self.service.mistakes(),
        };
        let (answer, afterwards) = control::answer(&controlled, request);
        if afterwards == Afterwards::ForgetRequests {
            lock(&self.log).clear();
        }
        answer
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // The connections end with this set, and so with this task.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // Probably out of file descriptors: let other connections finish first.
            tokio::task::yield_now().await;
            continue;
        };
        if shared.faults.for_connection().is_some() {
            // If it cannot be reset, it is closed.
            let _ = stream.set_zero_linger();
            continue;
        }
        // A failure is ignored: this is only an optimisation.
        let _ = stream.set_nodelay(true);
        connections.spawn(secured(stream, Arc::clone(&shared)));
    }
}

/// A connection, over TLS if the fake serves HTTPS.
async fn secured(stream: TcpStream, shared: Arc<Shared>) {
    let wire = Arc::new(Wire::default());
    let socket = Socket { stream, wire: Arc::clone(&wire) };
    #[cfg(feature = "tls")]
    if let Some(identity) = shared.serving.identity() {
        // A client that does not trust the certificate closes the connection, and reports that itself.
        if let Ok(stream) = identity.acceptor().accept(socket).await {
            connection(stream, wire, shared).await;
        }
        return;
    }
    connection(socket, wire, shared).await;
}

/// A message from a request's handler to its connection.
#[derive(Debug, Default)]
struct Wire {
    used: AtomicBool,
    reset: AtomicBool,
    close: Notify,
}

async fn connection(socket: impl AsyncRead + AsyncWrite + Unpin, wire: Arc<Wire>, shared: Arc<Shared>) {
    let shared_wire = Arc::clone(&wire);
    let handler = service_fn(move |request| handle(shared.clone(), shared_wire.clone(), request));
    let mut http = pin!(http1::Builder::new().serve_connection(TokioIo::new(socket), handler));
    // The connection comes first, so that a response is written before the connection is closed.
    let closing = tokio::select! {
        biased;
        _ = http.as_mut() => false,
        () = wire.close.notified() => true,
    };
    if closing {
        http.as_mut().graceful_shutdown();
        let _ = http.as_mut().await;
    }
}

/// An error closes the connection without another byte.
async fn handle(
    shared: Arc<Shared>,
    wire: Arc<Wire>,
    request: hyper::Request<Incoming>,
) -> io::Result<hyper::Response<Payload>> {
    let reused = wire.used.swap(true, Ordering::Relaxed);
    let service = &shared.service;
    let request = read(request, service).await?;
    let cors = shared.serving.has_cors().then(|| request.header("origin").map(str::to_owned)).flatten();
    if let Some(origin) = cors.as_deref().filter(|_| request.header("access-control-request-method").is_some()) {
        let mut answer = Answer { status: 204, headers: Vec::new(), body: Vec::new() };
        allow(&mut answer, origin, request.header("access-control-request-headers"));
        return respond(answer, false);
    }
    if shared.serving.has_control() && control::is_for(&request.path) {
        let mut answer = shared.control(&request);
        cors.iter().for_each(|origin| allow(&mut answer, origin, None));
        return respond(answer, false);
    }
    let started = Instant::now();
    let known = service.mistakes().len();
    let entry = Arc::new(Mutex::new(request.clone()));
    shared.record(Arc::clone(&entry));
    let fault = shared.faults.for_request(&request, reused);
    let (mut answer, effect) = match &fault {
        None => (service.answer(&request), Effect::Answer),
        Some(fault) => {
            let answer = fault.answer(&request, service);
            fault.wait().await;
            (answer, fault.effect())
        }
    };
    cors.iter().for_each(|origin| allow(&mut answer, origin, None));
    let broken_off = matches!(effect, Effect::CloseAfterRequest | Effect::ResetAfterRequest);
    shared.serving.tell(|| Exchange {
        method: request.method.clone(),
        target: redact::target(&request),
        operation: request.operation.clone(),
        status: (!broken_off).then_some(answer.status),
        faulted: fault.is_some(),
        bytes: answer.body.len(),
        elapsed: started.elapsed(),
        mistake: service.mistakes().into_iter().nth(known),
    });
    let reset = matches!(effect, Effect::ResetAfterRequest | Effect::ResetMidBody);
    wire.reset.store(reset, Ordering::Relaxed);
    if broken_off {
        return Err(broken());
    }
    if effect == Effect::CloseAfterAnswer {
        wire.close.notify_one();
    }
    lock(&entry).status = Some(answer.status);
    respond(answer, effect == Effect::ResetMidBody)
}

/// Allows a page of this origin to read a response, or to send a request with these headers.
fn allow(answer: &mut Answer, origin: &str, headers: Option<&str>) {
    answer.set_header("access-control-allow-origin", origin);
    answer.set_header("access-control-expose-headers", "*, retry-after");
    answer.set_header("vary", "origin");
    if let Some(headers) = headers {
        answer.set_header("access-control-allow-headers", headers);
    }
    if answer.status == 204 && answer.body.is_empty() {
        answer.set_header("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE");
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "broken off, as scripted")
}

async fn read(request: hyper::Request<Incoming>, service: &dyn Service) -> io::Result<Request> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY).collect().await.map_err(io::Error::other)?.to_bytes();
    let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    Ok(Request {
        operation: service.operation(head.method.as_str(), head.uri.path_and_query().map_or("/", PathAndQuery::as_str)),
        query: query.into_owned().collect(),
        headers: headers.collect(),
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        body: body.to_vec(),
        status: None,
    })
}

fn respond(mut answer: Answer, broken: bool) -> io::Result<hyper::Response<Payload>> {
    if broken {
        let announced = answer.body.len().max(2);
        answer.body.truncate(announced / 2);
        answer.set_header("content-length", &announced.to_string());
    }
    let mut response = hyper::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name.as_str(), value.as_str());
    }
    let has_body = !answer.body.is_empty() && !matches!(answer.status, 204 | 304);
    let data = has_body.then(|| Bytes::from(answer.body));
    response.body(Payload { data, broken, flushed: false }).map_err(io::Error::other)
}

/// A body that can end with an error.
struct Payload {
    data: Option<Bytes>,
    broken: bool,
    flushed: bool,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if let Some(data) = this.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if !this.broken {
            return Poll::Ready(None);
        }
        if !this.flushed {
            // hyper flushes when a body is pending, and drops unsent bytes when it fails.
            this.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(broken())))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && !self.broken
    }

    fn size_hint(&self) -> SizeHint {
        if self.broken {
            return SizeHint::default();
        }
        let length = self.data.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}

/// A socket that is reset instead of closed if its wire is set to reset. hyper owns it, so only its drop can do that.
struct Socket {
    stream: TcpStream,
    wire: Arc<Wire>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.wire.reset.load(Ordering::Relaxed) {
            // If it cannot be reset, it is closed.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
