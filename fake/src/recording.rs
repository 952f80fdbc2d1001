//! Records real traffic in a file without secrets and personal data, and replays it without a network.
//!
//! A [`Recorder`] sits between a client and the network, and writes each exchange to a readable file. It keeps texts
//! that occur in the service's document: names of properties, values of enums, parts of paths. It keeps times if the
//! document's `format` or the name of the property declares one (`createdAt`, `timestamp`), except times of birth.
//! Every other text and every large number is replaced before anything is written. Equal values get equal replacements,
//! so an id in a response and in the next request still match. Credentials in headers are not written at all.
//!
//! A [`Player`] responds with the recorded exchanges. A client accepts either as its sender:
//! `Client::builder(..).sender(recorder)`. A [`Replay`] compares the values that a client reads with the recording.
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
//! // The app is `text-1` in every place of the recording.
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
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use connectors::reqwest::{Request, Response, ResponseBuilderExt as _};
use connectors::{SendError, Sender};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Map, Number, Value, json};

use crate::lock;
use crate::received::Received;
use connectors_mock::media::{is_json, media};
use connectors_mock::schema::{difference, local_pointer};

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

/// Names with one of these words are times.
const TIMES: [&str; 10] =
    ["at", "time", "timestamp", "date", "datetime", "expires", "expiry", "expiration", "since", "until"];

/// Names with a word that begins like this are a person's times.
const BIRTH: [&str; 3] = ["birth", "born", "dob"];

/// Sends with another sender, and records the requests and responses.
pub struct Recorder<S> {
    sender: S,
    tape: Mutex<Tape>,
}

struct Tape {
    path: PathBuf,
    /// Created for the first exchange.
    file: Option<File>,
    replacements: Replacements,
}

impl Tape {
    fn write(&mut self, exchange: &Value) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::options().write(true).create_new(true).open(&self.path)?),
        };
        writeln!(file, "{exchange:#}")
    }
}

impl<S: Sender> Recorder<S> {
    /// Records to a new file, which the first response creates. The texts of `document`, the service's document as JSON,
    /// are kept as not secret.
    ///
    /// Responses of more than 32 MiB fail.
    ///
    /// # Errors
    ///
    /// If the file exists already or its folder does not, or the document is not JSON.
    pub fn create(file: impl AsRef<Path>, document: &str, sender: S) -> io::Result<Recorder<S>> {
        let document = serde_json::from_str(document).map_err(io::Error::other)?;
        let replacements = Replacements::new(&document);
        let path = file.as_ref().to_owned();
        if path.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            folder.metadata()?;
        }
        Ok(Recorder { sender, tape: Mutex::new(Tape { path, file: None, replacements }) })
    }
}

impl<S> fmt::Debug for Recorder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl<S: Sender> Sender for Recorder<S> {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let sent = Sent::of(&request);
        let url = request.url().clone();
        let received = Received::read(self.sender.send(request).await?).await?;
        let written = {
            let tape = &mut *lock(&self.tape);
            let exchange = tape.replacements.exchange(&sent, &received);
            tape.write(&exchange)
        };
        // The server has processed the request. A failed recording is not a reason to retry it.
        written.map_err(SendError::unsendable)?;
        received.into_response(url)
    }
}

/// A sent request.
struct Sent {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    media: String,
    body: Vec<u8>,
}

impl Sent {
    fn of(request: &Request) -> Sent {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        Sent {
            method: request.method().as_str().to_owned(),
            path: request.url().path().to_owned(),
            query: request.url().query_pairs().into_owned().collect(),
            media: media(request.headers()),
            body: body.to_vec(),
        }
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
    /// The properties and parameters with the format of a time in the document.
    times: BTreeSet<String>,
    texts: BTreeMap<String, String>,
    numbers: BTreeMap<String, i64>,
}

impl Replacements {
    fn new(document: &Value) -> Replacements {
        let mut words = BTreeSet::from(OAUTH.map(str::to_owned));
        let paths = document["paths"].as_object().into_iter().flatten().map(|(path, _)| path);
        words.extend(paths.flat_map(|path| path.split('/')).filter(|part| !part.contains('{')).map(str::to_owned));
        let mut times = BTreeSet::new();
        let mut open = vec![document];
        while let Some(node) = open.pop() {
            match node {
                Value::Object(members) => {
                    let properties = members.get("properties").and_then(Value::as_object);
                    words.extend(properties.into_iter().flatten().map(|(name, _)| name.clone()));
                    for (name, schema) in properties.into_iter().flatten().filter(|(_, it)| is_time(document, it, 0)) {
                        times.insert(name.clone());
                        let aliases = schema["x-aliases"].as_array().into_iter().flatten();
                        times.extend(aliases.filter_map(Value::as_str).map(str::to_owned));
                    }
                    let values = members.get("enum").and_then(Value::as_array).into_iter().flatten();
                    words.extend(values.chain(members.get("const")).filter_map(Value::as_str).map(str::to_owned));
                    let aliases = members.get("x-aliases").and_then(Value::as_array).into_iter().flatten();
                    words.extend(aliases.filter_map(Value::as_str).map(str::to_owned));
                    if members.get("in").is_some_and(|place| place == "query") {
                        let name = members.get("name").and_then(Value::as_str).map(str::to_owned);
                        let schema = members.get("schema").filter(|schema| is_time(document, schema, 0));
                        times.extend(name.clone().filter(|_| schema.is_some()));
                        words.extend(name);
                    }
                    open.extend(members.values());
                }
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
        Replacements { words, times, texts: BTreeMap::new(), numbers: BTreeMap::new() }
    }

    fn exchange(&mut self, sent: &Sent, received: &Received) -> Value {
        let query: Vec<Value> = sent.query.iter().map(|(name, value)| self.pair(name, value)).collect();
        json!({
            "request": {
                "method": sent.method,
                "path": self.path(&sent.path),
                "query": query,
                "body": self.body(&sent.media, &sent.body),
            },
            "response": {
                "status": received.status.as_u16(),
                "headers": self.headers(&kept(&received.headers)),
                "body": self.body(&media(&received.headers), &received.body),
            },
        })
    }

    fn path(&mut self, path: &str) -> String {
        let segments = path.split('/').map(|segment| {
            let decoded = percent_decode_str(segment).decode_utf8_lossy().into_owned();
            utf8_percent_encode(&self.text(&decoded, false), NON_ALPHANUMERIC)
                .to_string()
                .replace("%2D", "-")
                .replace("%5F", "_")
        });
        segments.collect::<Vec<_>>().join("/")
    }

    fn pair(&mut self, name: &str, value: &str) -> Value {
        let is_time = self.names_a_time(name);
        json!([self.text(name, false), self.text(value, is_time)])
    }

    /// From headers, the media type, the retry delay, and a link's list of URLs.
    fn headers(&mut self, headers: &BTreeMap<String, String>) -> Value {
        let shown = headers.iter().map(|(name, value)| {
            let value = match name.as_str() {
                "content-type" => value.split(';').next().unwrap_or_default().trim().to_owned(),
                _ => self.text(value, false),
            };
            (name.clone(), value.into())
        });
        Value::Object(shown.collect::<Map<String, Value>>())
    }

    /// A body: JSON, the pairs of a form, or the length of anything else.
    fn body(&mut self, media: &str, body: &[u8]) -> Value {
        if body.is_empty() {
            return Value::Null;
        }
        let value = if is_json(media) { serde_json::from_slice::<Value>(body).ok() } else { None };
        if let Some(value) = value {
            return json!({"json": self.value(&value, false)});
        }
        if media == "application/x-www-form-urlencoded" {
            let pairs: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
            let pairs: Vec<Value> = pairs.iter().map(|(name, value)| self.pair(name, value)).collect();
            return json!({"form": pairs});
        }
        json!({"bytes": body.len()})
    }

    /// Whether a name belongs to a time, by the document or by the name itself.
    fn names_a_time(&self, name: &str) -> bool {
        let words = words(name);
        let of_person = words.iter().any(|word| BIRTH.iter().any(|birth| word.starts_with(birth)));
        !of_person && (self.times.contains(name) || words.iter().any(|word| TIMES.contains(&word.as_str())))
    }

    /// A value; `is_time` if it belongs to a name of times.
    fn value(&mut self, value: &Value, is_time: bool) -> Value {
        match value {
            Value::String(text) => self.text(text, is_time).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item, is_time)).collect(),
            Value::Object(members) => {
                let shown = members.iter().map(|(name, value)| {
                    // A name that the document does not have is the key of a map.
                    let is_time = self.names_a_time(name) || is_time && !self.words.contains(name);
                    (self.text(name, false), self.value(value, is_time))
                });
                Value::Object(shown.collect::<Map<String, Value>>())
            }
            Value::Number(number) => self.number(number, is_time),
            other => other.clone(),
        }
    }

    fn number(&mut self, number: &Number, is_time: bool) -> Value {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        // A number with a fraction is a measurement, not an id. A double that is too large for an integer has no
        // fraction.
        let is_large = number.as_f64().is_some_and(|float| float.fract() == 0.0 && float.abs() >= 1e6);
        let replaced = match whole {
            Some(whole) => self.whole(whole, is_time),
            None => is_large.then(|| self.replaced(number.to_string())),
        };
        replaced.map_or_else(|| number.clone().into(), Value::from)
    }

    /// The replacement of an integer; `None` if it is kept.
    fn whole(&mut self, number: i128, is_time: bool) -> Option<i64> {
        let seconds = 1_000_000_000..4_000_000_000;
        let is_time = is_time && (seconds.contains(&number) || seconds.contains(&(number / 1000)));
        let is_small = number.unsigned_abs() < u128::from(LARGE.unsigned_abs());
        (!is_small && !is_time).then(|| self.replaced(number.to_string()))
    }

    fn replaced(&mut self, number: String) -> i64 {
        let next = LARGE + i64::try_from(self.numbers.len()).unwrap_or(0);
        *self.numbers.entry(number).or_insert(next)
    }

    /// A text; `belongs_to_time` if it belongs to a name of times.
    fn text(&mut self, text: &str, belongs_to_time: bool) -> String {
        let is_time =
            belongs_to_time && (text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::Date>().is_ok());
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
        if let Ok(number) = text.parse::<i128>() {
            // Numbers in texts stay numbers.
            return self.whole(number, belongs_to_time).map_or_else(|| text.to_owned(), |number| number.to_string());
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

/// Whether a schema describes times, or lists or maps of times.
fn is_time(document: &Value, schema: &Value, depth: usize) -> bool {
    // References can form a circle.
    if depth > 16 {
        return false;
    }
    let inner = |schema| is_time(document, schema, depth + 1);
    let target = schema["$ref"].as_str().and_then(local_pointer).and_then(|place| document.pointer(&place));
    matches!(schema["format"].as_str(), Some("date-time" | "date" | "time"))
        || target.is_some_and(inner)
        || ["items", "additionalProperties"].iter().any(|key| schema.get(*key).is_some_and(inner))
        || ["oneOf", "anyOf", "allOf"].iter().any(|key| schema[*key].as_array().into_iter().flatten().any(inner))
}

/// The words of a name such as `createdAt` or `created_at`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words
}

/// Reads the exchanges of a recording: objects with a `request` and a `response`.
///
/// # Errors
///
/// If the file cannot be read, or is not a recording.
pub fn exchanges(file: impl AsRef<Path>) -> io::Result<Vec<Value>> {
    let text = std::fs::read_to_string(file)?;
    let exchanges = serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>();
    // Without the parser's message: it does not help if the file is something else.
    exchanges.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no recording"))
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
        Ok(Player::new(exchanges(file)?))
    }

    fn new(exchanges: Vec<Value>) -> Player {
        Player(Mutex::new(exchanges.into_iter().map(|exchange| (exchange, false)).collect()))
    }
}

impl Sender for Player {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let url = request.url().clone();
        let sent = Sent::of(&request);
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
    let same_body =
        body.get("json").is_none_or(|json| serde_json::from_slice::<Value>(&sent.body).is_ok_and(|it| it == *json));
    recorded["method"] == sent.method
        && recorded["path"] == sent.path
        && recorded["query"] == Value::from(query)
        && same_body
}

/// Compares the values that a client reads with the recording. `connectors cassette test` writes tests that use it.
///
/// ```
/// use connectors::Error;
/// use connectors_fake::recording::Replay;
/// use serde_json::json;
///
/// # fn main() -> std::io::Result<()> {
/// # let file = std::env::temp_dir().join(format!("connectors-replay-{}.json", std::process::id()));
/// # let exchange = json!({"request": {}, "response": {"status": 200, "body": {"json": {"displayName": "text-1"}}}});
/// # std::fs::write(&file, exchange.to_string())?;
/// let replay = Replay::open(&file, connectors::c1::DOCUMENT)?;
/// // With `Client::builder(..).sender(replay.player())`, this is what a call returned.
/// let received = Ok::<_, Error>(json!({"displayName": "text-1"}));
/// replay.check(0, received);
/// # std::fs::remove_file(&file)
/// # }
/// ```
#[derive(Debug)]
pub struct Replay {
    exchanges: Vec<Value>,
    aliases: BTreeMap<String, String>,
}

impl Replay {
    /// Reads a recording. `document` is the service's document as JSON. If a property has several names (`x-aliases`),
    /// the client reads each of them and writes its own, so they are compared as one.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a recording, or the document is not JSON.
    pub fn open(file: impl AsRef<Path>, document: &str) -> io::Result<Replay> {
        let document = serde_json::from_str(document).map_err(io::Error::other)?;
        Ok(Replay { exchanges: exchanges(file)?, aliases: aliases(&document) })
    }

    /// A sender that responds with the recording.
    #[must_use]
    pub fn player(&self) -> Player {
        Player::new(self.exchanges.clone())
    }

    /// Compares the result of a call with the response of an exchange, counted from 0: the whole value, or the status of
    /// a failure.
    ///
    /// # Panics
    ///
    /// If the client's value differs from the recorded response, or there is no such exchange.
    #[track_caller]
    pub fn check<T: Serialize>(&self, index: usize, received: Result<T, connectors::Error>) {
        let response = self.exchanges.get(index).map(|exchange| &exchange["response"]);
        let Some(response) = response else { panic!("there is no exchange {index}") };
        let status = response["status"].as_u64();
        match received {
            Ok(value) => {
                assert!(status < Some(400), "exchange {index}");
                match serde_json::to_value(value) {
                    Ok(value) => {
                        let recorded = self.renamed(&response["body"]["json"]);
                        assert_eq!(difference(&recorded, &self.renamed(&value)), None, "exchange {index}");
                    }
                    Err(error) => panic!("exchange {index}: {error}"),
                }
            }
            Err(error) => {
                // A success that the client cannot read is an error, too.
                assert!(status >= Some(300), "exchange {index}: {error}");
                assert_eq!(error.status().map(u64::from), status, "exchange {index}: {error}");
            }
        }
    }

    /// A value in which all aliases have one name.
    fn renamed(&self, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let own = |name: &String| self.aliases.get(name).unwrap_or(name).clone();
                members.iter().map(|(name, member)| (own(name), self.renamed(member))).collect()
            }
            Value::Array(items) => items.iter().map(|item| self.renamed(item)).collect(),
            other => other.clone(),
        }
    }
}

/// The names with aliases (`x-aliases`) in a document, and the aliases, each with one name for its group.
fn aliases(document: &Value) -> BTreeMap<String, String> {
    let mut groups: Vec<BTreeSet<String>> = Vec::new();
    let mut open = vec![document];
    while let Some(node) = open.pop() {
        match node {
            Value::Object(members) => {
                for (name, property) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
                    let others = property["x-aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
                    let mut group: BTreeSet<String> = others.map(str::to_owned).collect();
                    if group.is_empty() {
                        continue;
                    }
                    group.insert(name.clone());
                    // Groups that share a name are one.
                    let (shared, rest): (Vec<_>, Vec<_>) =
                        groups.into_iter().partition(|known| !known.is_disjoint(&group));
                    group.extend(shared.into_iter().flatten());
                    groups = rest;
                    groups.push(group);
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    let pairs = groups.iter().flat_map(|group| {
        let first = group.first();
        group.iter().skip(1).filter_map(move |other| Some((other.clone(), first?.clone())))
    });
    pairs.collect()
}
