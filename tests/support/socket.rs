//! A server that sends scripted responses, byte by byte, and records the requests.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A received request.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    pub path: String,
    /// Decoded, in order.
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Sent {
    /// The only header with this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} was sent twice");
        value
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Shared = Arc<Mutex<(VecDeque<Vec<u8>>, Vec<Sent>)>>;

pub struct Socket {
    address: String,
    state: Shared,
}

impl Socket {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Shared::default();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // One after the other: no test sends two requests at once.
                serve(stream, &shared).await;
            }
        });
        Self { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the response to the next request, as JSON.
    pub fn answer(&self, status: u16, body: impl AsRef<str>) {
        self.answer_with(status, "content-type: application/json\r\n", body);
    }

    /// Sets the response to the next request, with headers, each with its end of line.
    pub fn answer_with(&self, status: u16, headers: &str, body: impl AsRef<str>) {
        let body = body.as_ref();
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n");
        self.state.lock().unwrap().0.push_back(format!("{head}{body}").into_bytes());
    }

    /// The next request is read, and its connection closed without a response.
    pub fn hang_up(&self) {
        self.state.lock().unwrap().0.push_back(Vec::new());
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.state.lock().unwrap().1.clone()
    }

    pub fn last(&self) -> Sent {
        self.sent().pop().unwrap()
    }
}

async fn serve(mut stream: TcpStream, state: &Shared) {
    let mut read = Vec::new();
    let sent = loop {
        if let Some(sent) = parse(&read) {
            break sent;
        }
        // A connection without a complete request is ignored.
        if !matches!(stream.read_buf(&mut read).await, Ok(1..)) {
            return;
        }
    };
    let answer = {
        let mut state = state.lock().unwrap();
        state.1.push(sent);
        state.0.pop_front()
    };
    let none = || b"HTTP/1.1 501 Unexpected\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec();
    let answer = answer.unwrap_or_else(none);
    drop(stream.write_all(&answer).await);
    drop(stream.shutdown().await);
}

/// The request, if it is complete.
fn parse(read: &[u8]) -> Option<Sent> {
    let end = read.windows(4).position(|it| it == b"\r\n\r\n")?;
    let head = String::from_utf8(read[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?, first.next()?);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("transfer-encoding"), None, "bodies announce their length");
    let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
    let body = read[end + 4..].to_vec();
    if body.len() < length {
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Some(Sent { method: method.to_owned(), path: path.to_owned(), query, headers, body })
}
