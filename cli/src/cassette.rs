//! `connectors cassette test`: writes a Rust test that replays a recording through the client, without a socket.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use connectors::{Operation, c1, pipeshub};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::fail::{Failure, Result};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Write a Rust test that replays a recording through the client, without a socket
    Test {
        /// The recording, as `connectors probe --record` or the Recorder of connectors-fake writes it. The test reads it by
        /// this path, from the folder of its package
        file: PathBuf,
        /// The file for the test, which must not exist
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

pub fn run(ctx: &Ctx, command: &Command) -> Result {
    let Command::Test { file, to } = command;
    let at = |error: std::io::Error| Failure::from(error).at(&file.display().to_string());
    let text = std::fs::read_to_string(file).map_err(at)?;
    let exchanges =
        serde_json::Deserializer::from_str(&text).into_iter::<Value>().collect::<std::result::Result<_, _>>();
    let exchanges: Vec<Value> = exchanges.map_err(|_| Failure::usage(format!("{}: no recording", file.display())))?;
    let test = test(file, &exchanges)?;
    let calls = test.calls;
    let mut options = std::fs::File::options();
    let written = options.write(true).create_new(true).open(to);
    let written = written.and_then(|mut to| std::io::Write::write_all(&mut to, test.text.as_bytes()));
    written.map_err(|error| Failure::from(error).at(&to.display().to_string()))?;
    ctx.done(&json!({"file": to.display().to_string(), "calls": calls, "leftOut": exchanges.len() - calls}))
}

/// One of the services, as a recording names it.
struct Recorded {
    name: &'static str,
    operations: &'static [Operation],
    document: &'static str,
    /// Before the paths of the document.
    prefix: &'static str,
    credentials: &'static str,
}

static SERVICES: [Recorded; 2] = [
    Recorded {
        name: "c1",
        operations: c1::api::OPERATIONS,
        document: c1::DOCUMENT,
        prefix: "",
        credentials: "Credentials::token(\"recorded\").tenant(\"recorded.example\")",
    },
    Recorded {
        name: "pipeshub",
        operations: pipeshub::api::OPERATIONS,
        document: pipeshub::DOCUMENT,
        prefix: "/api/v1",
        credentials: "Credentials::token(\"recorded\").instance(\"https://recorded.example\")",
    },
];

struct Test {
    text: String,
    calls: usize,
}

/// The test for a recording.
fn test(file: &Path, exchanges: &[Value]) -> Result<Test> {
    let known = |service: &&Recorded| exchanges.iter().filter(|it| service.operation(&it["request"]).is_some()).count();
    let service = SERVICES.iter().max_by_key(known).filter(|service| known(service) > 0);
    let service = service.ok_or_else(|| Failure::usage(format!("{}: no call of C1 or PipesHub", file.display())))?;
    let document: Value = serde_json::from_str(service.document).unwrap_or_default();
    let mut body = String::new();
    let mut calls = 0;
    let mut uses = Uses::default();
    for (index, exchange) in exchanges.iter().enumerate() {
        let Some((operation, path)) = service.operation(&exchange["request"]) else { continue };
        let Some(call) = call(&document, operation, &path, &exchange["request"], &mut uses) else { continue };
        let readable = exchange["response"]["body"].is_null() || exchange["response"]["body"].get("json").is_some();
        if !readable {
            continue;
        }
        calls += 1;
        // Writing to a string does not fail.
        let _ = write!(
            body,
            "\n    // {}\n    let received = {call};\n    replayed.check({index}, received);\n",
            operation.id()
        );
    }
    // As a literal, whatever the system's separator is.
    let path = file.to_string_lossy().replace('\\', "/");
    let path = if file.is_absolute() {
        format!("{path:?}")
    } else {
        format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?})", format!("/{path}"))
    };
    let Recorded { name, credentials, .. } = service;
    let read = if uses.read {
        "\n/// A value of the type that a call takes.\nfn read<T: serde::de::DeserializeOwned>(value: Value) -> T {\n    \
         serde_json::from_value(value).unwrap()\n}\n"
    } else {
        ""
    };
    let id = if uses.id { "Id, " } else { "" };
    let json = if uses.read { "{Value, json}" } else { "Value" };
    let text = format!(
        "//! A recording, replayed through the client without a socket. `connectors cassette test` has written this.

use connectors::{name}::{{Client, Credentials}};
use connectors::{{Error, {id}RetryPolicy}};
use connectors_fake::recording::Player;
use connectors_fake::schema::difference;
use serde::Serialize;
use serde_json::{json};

const RECORDING: &str = {path};

/// What was recorded.
struct Replayed(Vec<Value>);

impl Replayed {{
    /// Panics if the client does not read a response as it was recorded.
    fn check<T: Serialize>(&self, index: usize, received: Result<T, Error>) {{
        let response = &self.0[index][\"response\"];
        match received {{
            Ok(value) => {{
                assert!(response[\"status\"].as_u64() < Some(400), \"exchange {{index}}\");
                let value = serde_json::to_value(value).unwrap();
                assert_eq!(difference(&response[\"body\"][\"json\"], &value), None, \"exchange {{index}}\");
            }}
            Err(error) => {{
                let status = error.status().map(u64::from);
                assert_eq!(status, response[\"status\"].as_u64(), \"exchange {{index}}: {{error}}\");
            }}
        }}
    }}
}}
{read}
#[tokio::test]
async fn the_recording_is_read_as_it_was_received() {{
    let text = std::fs::read_to_string(RECORDING).unwrap();
    let recorded = serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>();
    let replayed = Replayed(recorded.unwrap());
    let mut once = RetryPolicy::default();
    once.attempts = 1;
    let credentials = {credentials};
    let player = Player::open(RECORDING).unwrap();
    let client = Client::builder(credentials).sender(player).retry(once).build().unwrap();
{body}}}
"
    );
    Ok(Test { text, calls })
}

impl Recorded {
    /// The operation of a request, and the values of its path.
    fn operation(&self, request: &Value) -> Option<(&'static Operation, Vec<String>)> {
        let path = request["path"].as_str()?.strip_prefix(self.prefix)?;
        let sent: Vec<&str> = path.split('/').collect();
        let values = |operation: &Operation| -> Option<Vec<String>> {
            let known: Vec<&str> = operation.path().split('/').collect();
            let is_same = operation.method() == request["method"] && known.len() == sent.len();
            let pairs = || known.iter().zip(&sent);
            let fits = is_same && pairs().all(|(known, sent)| known.starts_with('{') || known == sent);
            fits.then(|| pairs().filter(|(known, _)| known.starts_with('{')).map(|(_, sent)| decoded(sent)).collect())
        };
        let fitting = self.operations.iter().filter_map(|operation| Some((operation, values(operation)?)));
        // Of several, the one with the fewest parameters.
        fitting.min_by_key(|(_, values)| values.len())
    }
}

/// A segment of a path without its percent-encoding.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Which helpers the calls need.
#[derive(Default)]
struct Uses {
    id: bool,
    read: bool,
}

/// A call as Rust: typed, if all of its arguments are simple, or else with JSON in and out. None for a body that a recording
/// does not have.
fn call(document: &Value, operation: &Operation, path: &[String], request: &Value, uses: &mut Uses) -> Option<String> {
    let body = match &request["body"] {
        Value::Null => None,
        body => Some(body.get("json")?),
    };
    let query: Vec<(&str, &str)> =
        request["query"].as_array()?.iter().filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str()?))).collect();
    let item = &document["paths"][operation.path()];
    let method = &item[operation.method().to_ascii_lowercase()];
    let parameters = [&item["parameters"], &method["parameters"]];
    let parameters = || parameters.iter().filter_map(|list| list.as_array()).flatten();
    let setters: Option<Vec<(String, Argument)>> = query
        .iter()
        .map(|(name, value)| {
            let parameter = parameters().find(|it| it["name"] == **name && it["in"] == "query")?;
            let is_once = query.iter().filter(|(known, _)| known == name).count() == 1;
            let own = parameter["x-rust-name"].as_str().map_or_else(|| snake(name), str::to_owned);
            let simple = is_once && parameter["required"] != true;
            simple.then(|| argument(document, &parameter["schema"], value)).flatten().map(|it| (own, it))
        })
        .collect();
    let needed = parameters().any(|it| it["in"] == "query" && it["required"] == true);
    let mut text = String::new();
    match setters.filter(|_| !needed) {
        Some(setters) => {
            // One id is taken as a text; several are typed, so that none stands for another.
            let is_typed = path.len() > 1;
            uses.id |= is_typed;
            let id = |value: &String| if is_typed { format!("Id::new({value:?})") } else { format!("{value:?}") };
            let mut arguments: Vec<String> = path.iter().map(id).collect();
            if let Some(body) = body {
                uses.read = true;
                arguments.push(format!("&read(json!({body}))"));
            }
            let _ = write!(text, "client.api().{}().{}({})", operation.group(), operation.name(), arguments.join(", "));
            for (name, value) in setters {
                let value = match value {
                    Argument::Plain(value) => value,
                    Argument::Read(value) => {
                        uses.read = true;
                        format!("read(json!({value}))")
                    }
                };
                let _ = write!(text, "\n        .{name}({value})");
            }
            text.push_str(".await");
        }
        None => {
            let _ = write!(text, "client.operation({:?}).unwrap()", operation.id());
            let names = operation.path().split('{').skip(1).filter_map(|piece| Some(piece.split_once('}')?.0));
            let in_path = names.zip(path).map(|(name, value)| (name, value.as_str()));
            for (name, value) in in_path.chain(query.iter().copied()) {
                let _ = write!(text, "\n        .parameter({name:?}, {value:?})");
            }
            if let Some(body) = body {
                let _ = write!(text, "\n        .body_text({:?})", body.to_string());
            }
            text.push_str("\n        .send().await.map(|it| it.into_value())");
        }
    }
    Some(text)
}

/// An argument of a setter.
enum Argument {
    Plain(String),
    /// One of a generated type.
    Read(String),
}

fn argument(document: &Value, schema: &Value, value: &str) -> Option<Argument> {
    let reference = schema["$ref"].as_str().and_then(|it| document.pointer(it.strip_prefix('#')?));
    let schema = reference.unwrap_or(schema);
    let kind = schema["type"].as_str()?;
    match kind {
        "string" if schema.get("enum").is_some() => Some(Argument::Read(format!("{value:?}"))),
        "string" if schema.get("format").is_none() => Some(Argument::Plain(format!("{value:?}"))),
        "integer" => value.parse::<i64>().ok().map(|number| Argument::Plain(number.to_string())),
        "boolean" => value.parse::<bool>().ok().map(|flag| Argument::Plain(flag.to_string())),
        _ => None,
    }
}

/// A name of the wire as a method.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    snake
}
