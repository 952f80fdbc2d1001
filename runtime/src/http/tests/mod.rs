//! The behaviour of an exchange, over a sender in process and over sockets that send scripted bytes.

mod doubt;
mod errors;
mod memory;
mod options;
mod seam;
mod traces;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;
use zeroize::Zeroizing;

use crate::error::{Error, Kind};

use super::exchange::Attempt;
use super::span::CallSpan;
use super::{CallOptions, Connection, Exchange, Operation, Reply, SendError, TestClock};

const CREATE: Operation = Operation::new("Pets.Create", "pets", "create", "POST", "/pets");
const SECOND: Duration = Duration::from_secs(1);

/// A call like those of the modules above this one.
struct Call {
    span: CallSpan,
    method: Method,
    url: Url,
    body: Option<&'static str>,
    headers: Vec<(&'static str, &'static str)>,
    operation: Option<&'static Operation>,
    options: CallOptions,
    secret: Option<&'static str>,
    /// The time that passes before each request is ready.
    waits: Option<(TestClock, Duration)>,
}

impl Call {
    /// `POST /pets` with a small body, which is not idempotent.
    fn post(url: &str) -> Self {
        let url = Url::parse(url).unwrap();
        Self {
            span: CallSpan::of_endpoint(&url),
            method: Method::POST,
            url,
            body: Some("{}"),
            headers: vec![("authorization", "Bearer PLANTED-token")],
            operation: Some(&CREATE),
            options: CallOptions::new(),
            secret: None,
            waits: None,
        }
    }

    /// A token request with this form.
    fn token(url: &str, form: &'static str) -> Self {
        let headers = vec![("content-type", "application/x-www-form-urlencoded")];
        Self { operation: None, body: Some(form), headers, ..Self::post(url) }
    }

    fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    async fn send(mut self, exchange: &Exchange) -> Result<Reply, Error> {
        exchange.call(&mut self, false, failure).await
    }
}

impl Attempt for Call {
    async fn request(&mut self) -> Result<reqwest::Request, Error> {
        if let Some((clock, time)) = &self.waits {
            clock.advance(*time);
        }
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        for (name, value) in &self.headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        *request.body_mut() = self.body.map(Into::into);
        Ok(request)
    }

    fn server(&self) -> Option<Url> {
        Some(self.url.clone())
    }

    fn span(&self) -> &CallSpan {
        &self.span
    }

    fn operation(&self) -> Option<&'static Operation> {
        self.operation
    }

    fn options(&self) -> Option<&CallOptions> {
        Some(&self.options)
    }

    fn secrets(&self) -> Vec<Zeroizing<String>> {
        self.secret.map(|secret| Zeroizing::new(secret.to_owned())).into_iter().collect()
    }
}

/// Reads `{"message", "code", "details"}`, as many services send.
fn failure(reply: &Reply) -> Error {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let details = body["details"].as_array().cloned().unwrap_or_default();
    Error::new(Kind::Status, body["message"].as_str().unwrap_or("the server gave no reason"))
        .with_code(body["code"].as_str().map(str::to_owned))
        .with_details(details)
}

/// The responses of a sender in process, in order, and the requests that it got.
#[derive(Clone, Default)]
struct Scripted {
    responses: Arc<Mutex<VecDeque<Result<reqwest::Response, SendError>>>>,
    sent: Arc<Mutex<Vec<reqwest::Request>>>,
}

impl Scripted {
    fn returns(self, status: u16, body: &'static str) -> Self {
        let mut response = http::Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        self.then(Ok(response.into()))
    }

    fn then(self, response: Result<reqwest::Response, SendError>) -> Self {
        self.responses.lock().unwrap().push_back(response);
        self
    }

    fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    fn header(&self, request: usize, name: &str) -> Option<String> {
        let sent = self.sent.lock().unwrap();
        sent[request].headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    /// An exchange over it, and its clock. A response that is not scripted never arrives.
    fn exchange(&self, change: impl FnOnce(Connection) -> Connection) -> (Arc<Exchange>, TestClock) {
        let (script, clock) = (self.clone(), TestClock::new());
        let connection = Connection::new().clock(clock.clone()).sender(move |request: reqwest::Request| {
            script.sent.lock().unwrap().push(request);
            let next = script.responses.lock().unwrap().pop_front();
            async move {
                match next {
                    Some(response) => response,
                    None => std::future::pending().await,
                }
            }
        });
        let url = Url::parse("https://pets.example.com/").unwrap();
        (change(connection).exchange(&url).unwrap(), clock)
    }
}

const URL: &str = "https://pets.example.com/pets";

/// Sends scripted bytes to one connection after another, after a whole head has arrived. Returns the address.
async fn serve(responses: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        for response in responses {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::<u8>::new();
            while !read.windows(4).any(|it| it == b"\r\n\r\n") {
                if stream.read_buf(&mut read).await.unwrap_or_default() == 0 {
                    break;
                }
            }
            // A client that has read enough closes the connection.
            drop(stream.write_all(&response).await);
            drop(stream.shutdown().await);
        }
    });
    address
}
