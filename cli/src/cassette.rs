//! `connectors cassette test`: writes a Rust test that replays a recording through the client, without a socket.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use connectors::{Operation, c1, pipeshub};
use connectors_fake::recording;
use connectors_mock::document::Document;
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::fail::{Failure, Result};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Write a Rust test that replays a recording through the client, without a socket
    Test {
        /// The recording from `connectors probe --record` or the Recorder of connectors-fake. The test reads it from
        /// this path, relative to the folder of its package
        file: PathBuf,
        /// A new file for the test
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

pub fn run(ctx: &Ctx, command: &Command) -> Result {
    let Command::Test { file, to } = command;
    let exchanges = recording::exchanges(file).map_err(Failure::of_file(file))?;
    let test = test(file, &exchanges)?;
    let calls = test.calls;
    if !ctx.local(&format!("write a test of {calls} calls to {}", to.display()))? {
        return Ok(());
    }
    let mut options = std::fs::File::options();
    let written = options.write(true).create_new(true).open(to);
    let written = written.and_then(|mut to| std::io::Write::write_all(&mut to, test.text.as_bytes()));
    written.map_err(Failure::of_file(to))?;
    ctx.done(&json!({"file": to.display().to_string(), "calls": calls, "leftOut": exchanges.len() - calls}))
}

/// A service, by its name in recordings.
struct Recorded {
    name: &'static str,
    operations: &'static [Operation],
    document: &'static str,
    credentials: &'static str,
}

static SERVICES: [Recorded; 2] = [
    Recorded {
        name: "c1",
        operations: c1::api::OPERATIONS,
        document: c1::DOCUMENT,
        credentials: "Credentials::token(\"recorded\").tenant(\"recorded.example\")",
    },
    Recorded {
        name: "pipeshub",
        operations: pipeshub::api::OPERATIONS,
        document: pipeshub::DOCUMENT,
        credentials: "Credentials::token(\"recorded\").instance(\"https://recorded.example\")",
    },
];

struct Test {
    text: String,
    calls: usize,
}

/// The test for a recording.
fn test(file: &Path, exchanges: &[Value]) -> Result<Test> {
    let none = || Failure::usage(format!("{}: no call of C1 or PipesHub that can be replayed", file.display()));
    let mut found = Vec::new();
    for service in &SERVICES {
        let document = Document::parse(service.document)?;
        let operations = exchanges.iter().map(|exchange| service.operation(&document, &exchange["request"]));
        found.push((service, operations.collect::<Vec<_>>()));
    }
    let Some((service, operations)) = found.into_iter().max_by_key(|(_, found)| found.iter().flatten().count()) else {
        return Err(none());
    };
    let document: Value = serde_json::from_str(service.document).unwrap_or_default();
    let mut body = String::new();
    let mut calls = 0;
    let mut has_ids = false;
    for (index, (exchange, operation)) in exchanges.iter().zip(operations).enumerate() {
        let Some((operation, path)) = operation else { continue };
        let readable = exchange["response"]["body"].is_null() || exchange["response"]["body"].get("json").is_some();
        if !readable {
            continue;
        }
        let Some(call) = call(&document, operation, &path, &exchange["request"], &mut has_ids) else { continue };
        calls += 1;
        // Writing to a string does not fail.
        let _ = write!(
            body,
            "\n    // {}\n    let received = {call};\n    replay.check({index}, received);\n",
            operation.id()
        );
    }
    if calls == 0 {
        return Err(none());
    }
    // As a literal, with any path separator.
    let path = file.to_string_lossy().replace('\\', "/");
    let path = if file.is_absolute() {
        format!("{path:?}")
    } else {
        format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?})", format!("/{path}"))
    };
    let Recorded { name, credentials, .. } = service;
    let with_retry = if has_ids { "{Id, RetryPolicy}" } else { "RetryPolicy" };
    let text = format!(
        "//! A recording, replayed through the client without a socket. Written by `connectors cassette test`.

use connectors::{name}::{{Client, Credentials, DOCUMENT}};
use connectors::{with_retry};
use connectors_fake::recording::Replay;

#[tokio::test]
async fn the_recording_is_read_as_it_was_received() {{
    let replay = Replay::open({path}, DOCUMENT).unwrap();
    let mut once = RetryPolicy::default();
    once.attempts = 1;
    let credentials = {credentials};
    let client = Client::builder(credentials).sender(replay.player()).retry(once).build().unwrap();
{body}}}
"
    );
    Ok(Test { text, calls })
}

impl Recorded {
    /// The operation of a request, and the values of its path.
    fn operation(&self, document: &Document, request: &Value) -> Option<(&'static Operation, Vec<String>)> {
        let (method, path) = (request["method"].as_str()?, request["path"].as_str()?);
        let id = document.operation(method, path)?;
        let operation = self.operations.iter().find(|operation| operation.id() == id)?;
        let values = document.path_values(method, path);
        Some((operation, values.into_iter().map(|(_, value)| value).collect()))
    }
}

/// A typed call as Rust. `None` if an argument is not simple, or the recording does not have the body: an untyped call
/// would return the recorded JSON unchanged, and check nothing.
fn call(
    document: &Value,
    operation: &Operation,
    path: &[String],
    request: &Value,
    has_ids: &mut bool,
) -> Option<String> {
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
    if parameters().any(|it| it["in"] == "query" && it["required"] == true) {
        return None;
    }
    let taken = referenced(document, &method["requestBody"]);
    let is_argument = taken["required"] == true;
    // A typed call cannot send a body that the document does not declare, or omit a required one.
    if body.map_or(is_argument, |_| !taken.is_object()) {
        return None;
    }
    let mut setters: Vec<(String, String)> = Vec::new();
    for values in query.chunk_by(|one, next| one.0 == next.0) {
        let (name, _) = *values.first()?;
        let parameter = parameters().find(|it| it["name"] == name && it["in"] == "query")?;
        let own = parameter["x-rust-name"].as_str().map_or_else(|| snake(name), str::to_owned);
        if setters.iter().any(|(known, _)| *known == own) {
            return None;
        }
        setters.push((own, argument(document, parameter, values)?));
    }
    // A single id is passed as text. Several ids have their own types, so that they cannot be swapped.
    let is_typed = path.len() > 1;
    *has_ids |= is_typed;
    let id = |value: &String| if is_typed { format!("Id::new({value:?})") } else { format!("{value:?}") };
    let mut arguments: Vec<String> = path.iter().map(id).collect();
    let body = body.map(|body| format!("&serde_json::from_str({:?}).unwrap()", body.to_string()));
    let (argument, setter) = if is_argument { (body, None) } else { (None, body) };
    arguments.extend(argument);
    let mut text = format!("client.api().{}().{}({})", operation.group(), operation.name(), arguments.join(", "));
    let setter = setter.map(|body| ("body".to_owned(), body));
    for (name, value) in setter.into_iter().chain(setters) {
        // Writing to a string does not fail.
        let _ = write!(text, "\n        .{name}({value})");
    }
    text.push_str(".await");
    Some(text)
}

/// The target of a reference, or the value itself.
fn referenced<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let target = value["$ref"].as_str().and_then(|it| document.pointer(it.strip_prefix('#')?));
    target.unwrap_or(value)
}

/// The argument of a setter, if its type is a simple one, or a list of texts that is sent as repeated parameters. An
/// enum is converted from its text.
fn argument(document: &Value, parameter: &Value, values: &[(&str, &str)]) -> Option<String> {
    let schema = referenced(document, &parameter["schema"]);
    match (schema["type"].as_str()?, values) {
        ("array", _) => {
            let items = &schema["items"];
            let is_text = items["type"] == "string" && items.get("format").is_none() && items.get("enum").is_none();
            let is_repeated =
                parameter["explode"] != false && matches!(parameter["style"].as_str(), None | Some("form"));
            let texts: Vec<&str> = values.iter().map(|(_, value)| *value).collect();
            (is_text && is_repeated).then(|| format!("{texts:?}"))
        }
        ("string", [(_, value)]) if schema.get("format").is_none() => Some(format!("{value:?}")),
        ("integer", [(_, value)]) => value.parse::<i64>().ok().map(|number| number.to_string()),
        ("boolean", [(_, value)]) => value.parse::<bool>().ok().map(|flag| flag.to_string()),
        _ => None,
    }
}

/// A wire name as a method's name.
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
