//! A scripted server in process, and a clock that stands still.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use connectors_runtime::{Clock, Connection, Exchange, SendError, Sleep, reqwest};
use tokio::sync::{oneshot, watch};
use url::Url;

pub const SECOND: Duration = Duration::from_secs(1);

/// A clock that stands still until a test advances it. Waits end at once and advance it. Timeouts expire only by
/// [`TestClock::advance`].
#[derive(Clone, Debug)]
pub struct TestClock {
    start: Instant,
    passed: watch::Sender<Duration>,
}

impl TestClock {
    pub fn new() -> Self {
        Self { start: Instant::now(), passed: watch::Sender::default() }
    }

    pub fn advance(&self, by: Duration) {
        self.passed.send_modify(|passed| *passed += by);
    }

    pub fn passed(&self) -> Duration {
        *self.passed.borrow()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.start + self.passed()
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000) + self.passed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        Box::pin(async move { clock.advance(duration) })
    }

    fn timeout(&self, duration: Duration) -> Sleep {
        let (clock, end) = (self.clone(), self.passed() + duration);
        Box::pin(async move { drop(clock.passed.subscribe().wait_for(|passed| *passed >= end).await) })
    }

    fn random(&self) -> f64 {
        1.0
    }
}

/// The requests that reached the server.
#[derive(Clone, Debug)]
pub struct Received {
    pub url: Url,
    pub headers: http::HeaderMap,
    pub form: Vec<(String, String)>,
}

impl Received {
    /// A field of the form; empty if it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

enum Script {
    Now(u16, String),
    Broken,
    Later(oneshot::Receiver<(u16, String)>),
}

/// Returns the responses that a test has prepared, in order.
#[derive(Clone, Default)]
pub struct Server(Arc<Mutex<(VecDeque<Script>, Vec<Received>)>>);

impl Server {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn will(&self, status: u16, body: impl Into<String>) -> &Self {
        self.0.lock().unwrap().0.push_back(Script::Now(status, body.into()));
        self
    }

    /// Makes the next request fail without a response.
    pub fn breaks(&self) -> &Self {
        self.0.lock().unwrap().0.push_back(Script::Broken);
        self
    }

    /// The next request gets the response that the test sends later.
    pub fn later(&self) -> oneshot::Sender<(u16, String)> {
        let (send, receive) = oneshot::channel();
        self.0.lock().unwrap().0.push_back(Script::Later(receive));
        send
    }

    pub fn received(&self) -> Vec<Received> {
        self.0.lock().unwrap().1.clone()
    }

    pub fn connection(&self, clock: &TestClock) -> Connection {
        let server = self.clone();
        Connection::new().clock(clock.clone()).sender(move |request: reqwest::Request| {
            let server = server.clone();
            async move { server.respond(request).await }
        })
    }

    pub fn exchange(&self, clock: &TestClock) -> Arc<Exchange> {
        self.connection(clock).exchange(&base()).unwrap()
    }

    async fn respond(&self, request: reqwest::Request) -> Result<reqwest::Response, SendError> {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let form = url::form_urlencoded::parse(body).into_owned().collect();
        let received = Received { url: request.url().clone(), headers: request.headers().clone(), form };
        let script = {
            let mut state = self.0.lock().unwrap();
            state.1.push(received);
            state.0.pop_front()
        };
        let (status, body) = match script.expect("an unexpected request") {
            Script::Now(status, body) => (status, body),
            Script::Broken => return Err(SendError::broken("gone")),
            Script::Later(receive) => receive.await.map_err(|_| SendError::broken("gone"))?,
        };
        let mut response = http::Response::new(body);
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response.into())
    }
}

/// The client's own server.
pub fn base() -> Url {
    Url::parse("https://api.example.com/v1").unwrap()
}

/// A request of the client.
pub fn request(url: &str) -> reqwest::Request {
    reqwest::Request::new(http::Method::GET, Url::parse(url).unwrap())
}

/// A response of a token endpoint.
pub fn token(secret: &str, lifetime: u64) -> String {
    format!(r#"{{"access_token": "{secret}", "token_type": "Bearer", "expires_in": {lifetime}}}"#)
}
