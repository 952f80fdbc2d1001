//! Records real traffic in a file without secrets and personal data, and plays it back without a network.
//!
//! A [`Recorder`] sits between a client and the network, and writes each exchange to a readable file. It keeps times,
//! and texts that occur in the service's document: names of properties, values of enums, parts of paths. Every other
//! text and every large number is replaced before anything is written. Equal values get equal replacements, so an id in
//! a response and in the next request still match. Credentials in headers are not written at all.
//!
//! A [`Player`] responds with the recorded exchanges. A client accepts either as its sender:
//! `Client::builder(..).sender(recorder)`.
//!
//! ```
//! use connectors::{SendError, Sender as _, reqwest};
//! use connectors_fake::recording::{Player, Recorder};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = std::env::temp_dir().join(format!("connectors-recording-{}.json", std::process::id()));
//! // The network; here, a stand-in for it.
//! let network = |_: reqwest::Request| async {
//!     let body = r#"{"list": [{"connector": {"id": "3kFq9", "displayName": "Ada's laptop"}}]}"#;
//!     Ok::<_, SendError>(http::Response::builder().header("content-type", "application/json").body(body).unwrap().into())
//! };
//! let recorder = Recorder::create(&file, connectors::c1::DOCUMENT, network)?;
//! let address = "https://acme.example/api/v1/apps/a1B2/connectors".parse()?;
//! recorder.send(reqwest::Request::new(reqwest::Method::GET, address)).await?;
//! let written = std::fs::read_to_string(&file)?;
//! assert!(written.contains("displayName") && !written.contains("Ada") && !written.contains("a1B2"));
//!
//! // The app is `text-1` in the recording, wherever it is named.
//! let player = Player::open(&file)?;
//! let address = "https://acme.example/api/v1/apps/text-1/connectors".parse()?;
//! let played = player.send(reqwest::Request::new(reqwest::Method::GET, address)).await?;
//! assert_eq!(played.status(), 200);
//! # std::fs::remove_file(&file)?;
//! # Ok(())
//! # }
//! ```

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use connectors::reqwest::{Request, Response, ResponseBuilderExt as _};
use connectors::{SendError, Sender};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::contract::is_json;
use crate::lock;

/// The headers of requests and responses that are kept.
const HEADERS: [&str; 3] = ["content-type", "retry-after", "link"];

/// The names and values of token endpoints that are kept, in addition to those of the document.
const OAUTH: [&str; 28] = [
    "access_token",
    "token_type",
    "expires_in",
    "scope",
    "refresh_token",
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "client_credentials",
    "authorization_code",
    "code",
    "code_verifier",
    "redirect_uri",
    "error",
    "error_description",
    "Bearer",
    "auth",
    "api",
    "oauth2",
    "v1",
    "v2",
    "token",
    "true",
    "false",
    "device_code",
    "message",
];

/// Larger numbers are replaced, unless they are times.
const LARGE: i64 = 1_000_000;

/// Sends with another sender, and records the requests and responses.
pub struct Recorder<S> {
    sender: S,
    tape: Mutex<Tape>,
}

struct Tape {
    file: File,
    replacements: Replacements,
}

impl<S: Sender> Recorder<S> {
    /// Records to a new file. The texts of `document`, the service's document as JSON, are kept as not secret.
    ///
    /// # Errors
    ///
    /// If the file exists already or cannot be written, or the document is not JSON.
    pub fn create(file: impl AsRef<Path>, document: &str, sender: S) -> io::Result<Recorder<S>> {
        let document = serde_json::from_str(document).map_err(io::Error::other)?;
        let replacements = Replacements::new(&document);
        let file = File::options().write(true).create_new(true).open(file)?;
        Ok(Recorder { sender, tape: Mutex::new(Tape { file, replacements }) })
    }
}

impl<S> fmt::Debug for Recorder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl<S: Sender> Sender for Recorder<S> {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let sent = Message::sent(&request);
        let url = request.url().clone();
        let response = self.sender.send(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await?;
        let received = Message { headers: kept(&headers), body: body.to_vec() };
        let written = {
            let tape = &mut *lock(&self.tape);
            let exchange = tape.replacements.exchange(&sent, status.as_u16(), &received);
            writeln!(tape.file, "{exchange:#}")
        };
        // The server has processed the request. A failed recording is not a reason to retry it.
        written.map_err(SendError::unsendable)?;
        let mut rebuilt = http::Response::builder().status(status).url(url);
        if let Some(all) = rebuilt.headers_mut() {
            all.extend(headers);
        }
        Ok(rebuilt.body(body).map_err(SendError::broken)?.into())
    }
}

/// A sent request.
struct Sent {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    message: Message,
}

struct Message {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Message {
    fn sent(request: &Request) -> Sent {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        Sent {
            method: request.method().as_str().to_owned(),
            path: request.url().path().to_owned(),
            query: request.url().query_pairs().into_owned().collect(),
            message: Message { headers: kept(request.headers()), body: body.to_vec() },
        }
    }

    fn media(&self) -> &str {
        self.headers.get("content-type").map_or("", String::as_str)
    }
}

/// The headers that are written.
fn kept(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let text = |name: &str| Some((name.to_owned(), headers.get(name)?.to_str().ok()?.to_owned()));
    HEADERS.into_iter().filter_map(text).collect()
}

/// The replacements so far.
struct Replacements {
    words: BTreeSet<String>,
    texts: BTreeMap<String, String>,
    numbers: BTreeMap<i64, i64>,
}

impl Replacements {
    fn new(document: &Value) -> Replacements {
        let mut words = BTreeSet::from(OAUTH.map(str::to_owned));
        let paths = document["paths"].as_object().into_iter().flatten().map(|(path, _)| path);
        words.extend(paths.flat_map(|path| path.split('/')).filter(|part| !part.contains('{')).map(str::to_owned));
        let mut open = vec![document];
        while let Some(node) = open.pop() {
            match node {
                Value::Object(members) => {
                    let properties = members.get("properties").and_then(Value::as_object);
                    words.extend(properties.into_iter().flatten().map(|(name, _)| name.clone()));
                    let values = members.get("enum").and_then(Value::as_array).into_iter().flatten();
                    words.extend(values.chain(members.get("const")).filter_map(Value::as_str).map(str::to_owned));
                    let aliases = members.get("x-aliases").and_then(Value::as_array).into_iter().flatten();
                    words.extend(aliases.filter_map(Value::as_str).map(str::to_owned));
                    if members.get("in").is_some_and(|place| place == "query") {
                        words.extend(members.get("name").and_then(Value::as_str).map(str::to_owned));
                    }
                    open.extend(members.values());
                }
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
        Replacements { words, texts: BTreeMap::new(), numbers: BTreeMap::new() }
    }

    fn exchange(&mut self, sent: &Sent, status: u16, received: &Message) -> Value {
        let query: Vec<Value> = sent.query.iter().map(|(name, value)| self.pair(name, value)).collect();
        json!({
            "request": {
                "method": sent.method,
                "path": self.path(&sent.path),
                "query": query,
                "body": self.body(&sent.message),
            },
            "response": {
                "status": status,
                "headers": self.headers(&received.headers),
                "body": self.body(received),
            },
        })
    }

    fn path(&mut self, path: &str) -> String {
        let segments = path.split('/').map(|segment| {
            let decoded = percent_decode_str(segment).decode_utf8_lossy().into_owned();
            utf8_percent_encode(&self.text(&decoded), NON_ALPHANUMERIC)
                .to_string()
                .replace("%2D", "-")
                .replace("%5F", "_")
        });
        segments.collect::<Vec<_>>().join("/")
    }

    fn pair(&mut self, name: &str, value: &str) -> Value {
        json!([self.text(name), self.text(value)])
    }

    /// From headers, the media type, the retry delay, and a link's list of URLs.
    fn headers(&mut self, headers: &BTreeMap<String, String>) -> Value {
        let shown = headers.iter().map(|(name, value)| {
            let value = match name.as_str() {
                "content-type" => value.split(';').next().unwrap_or_default().trim().to_owned(),
                _ => self.text(value),
            };
            (name.clone(), value.into())
        });
        Value::Object(shown.collect::<Map<String, Value>>())
    }

    /// A body: JSON, the pairs of a form, or the length of anything else.
    fn body(&mut self, message: &Message) -> Value {
        if message.body.is_empty() {
            return Value::Null;
        }
        let media = message.media();
        let value = if is_json(media) { serde_json::from_slice::<Value>(&message.body).ok() } else { None };
        if let Some(value) = value {
            return json!({"json": self.value(&value)});
        }
        if media.starts_with("application/x-www-form-urlencoded") {
            let pairs: Vec<_> = form_urlencoded::parse(&message.body).into_owned().collect();
            let pairs: Vec<Value> = pairs.iter().map(|(name, value)| self.pair(name, value)).collect();
            return json!({"form": pairs});
        }
        json!({"bytes": message.body.len()})
    }

    fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                let shown = members.iter().map(|(name, value)| (self.text(name), self.value(value)));
                Value::Object(shown.collect::<Map<String, Value>>())
            }
            Value::Number(number) => match number.as_i64() {
                Some(number) => self.number(number).into(),
                // A number with a fraction is a measurement, not an id.
                None => value.clone(),
            },
            other => other.clone(),
        }
    }

    fn number(&mut self, number: i64) -> i64 {
        let seconds = 1_000_000_000..4_000_000_000;
        let is_time = seconds.contains(&number) || seconds.contains(&(number / 1000));
        if number.abs() < LARGE || is_time {
            return number;
        }
        let next = LARGE + i64::try_from(self.numbers.len()).unwrap_or(0);
        *self.numbers.entry(number).or_insert(next)
    }

    fn text(&mut self, text: &str) -> String {
        let is_time = text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::Date>().is_ok();
        if text.is_empty() || is_time || self.words.contains(text) {
            return text.to_owned();
        }
        if let Some(message) = text.strip_prefix("type.googleapis.com/") {
            // The name of a Protobuf message, which consists of the service's names.
            let plain =
                message.split('.').all(|part| part.len() <= 40 && part.chars().all(|c| c.is_ascii_alphanumeric()));
            if plain && message.starts_with("c1.") {
                return text.to_owned();
            }
        }
        if let Ok(number) = text.parse::<i64>() {
            // Numbers in texts stay numbers.
            return self.number(number).to_string();
        }
        let next = self.texts.len() + 1;
        let replacement = || {
            if text.starts_with("https://") || text.starts_with("http://") {
                format!("https://example.com/text-{next}")
            } else if text.contains('@') {
                format!("text-{next}@example.com")
            } else {
                format!("text-{next}")
            }
        };
        self.texts.entry(text.to_owned()).or_insert_with(replacement).clone()
    }
}

/// Responds with the exchanges that a [`Recorder`] wrote. Each request gets the equal recorded exchanges in order, and
/// the last of them again after that. The bodies of forms are not compared, because token requests differ each time.
#[derive(Debug)]
pub struct Player(Mutex<Vec<(Value, bool)>>);

impl Player {
    /// Reads a recording.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a recording.
    pub fn open(file: impl AsRef<Path>) -> io::Result<Player> {
        let text = std::fs::read_to_string(file)?;
        let exchanges = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        let exchanges = exchanges.map(|exchange| exchange.map(|exchange| (exchange, false)).map_err(io::Error::other));
        Ok(Player(Mutex::new(exchanges.collect::<io::Result<_>>()?)))
    }
}

impl Sender for Player {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let url = request.url().clone();
        let sent = Message::sent(&request);
        let response = {
            let exchanges = &mut *lock(&self.0);
            let mut same: Vec<&mut (Value, bool)> =
                exchanges.iter_mut().filter(|(exchange, _)| is_same(&exchange["request"], &sent)).collect();
            let at = same.iter().position(|(_, played)| !played).unwrap_or(same.len().saturating_sub(1));
            same.get_mut(at).map(|exchange| {
                exchange.1 = true;
                exchange.0["response"].clone()
            })
        };
        let missing = || SendError::unsendable(format!("nothing is recorded for {} {}", sent.method, sent.path));
        let response = response.ok_or_else(missing)?;
        let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
        let mut rebuilt = http::Response::builder().status(status).url(url);
        for (name, value) in response["headers"].as_object().into_iter().flatten() {
            rebuilt = rebuilt.header(name, value.as_str().unwrap_or_default());
        }
        let body = match &response["body"] {
            Value::Null => Vec::new(),
            body if body.get("json").is_some() => body["json"].to_string().into_bytes(),
            body => vec![
                b' ';
                body["bytes"].as_u64().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0).min(1 << 20)
            ],
        };
        Ok(rebuilt.body(body).map_err(SendError::unsendable)?.into())
    }
}

/// Whether a request is equal to a recorded one.
fn is_same(recorded: &Value, sent: &Sent) -> bool {
    let query: Vec<Value> = sent.query.iter().map(|(name, value)| json!([name, value])).collect();
    let body = &recorded["body"];
    let same_body = body
        .get("json")
        .is_none_or(|json| serde_json::from_slice::<Value>(&sent.message.body).is_ok_and(|it| it == *json));
    recorded["method"] == sent.method
        && recorded["path"] == sent.path
        && recorded["query"] == Value::from(query)
        && same_body
}
