//! `connectors SERVICE api`: any operation of a service, with JSON in and out.

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use connectors::{Error, File, Multipart, Operation, UntypedCall};
use serde_json::{Value, json};

use crate::ctx::{Ctx, confirmed};
use crate::fail::{Failure, Result};
use crate::near::nearest;
use crate::redact::{is_secret, redact, redacted};
use crate::reference::{json_without_secret, pair};

#[derive(clap::Args)]
pub struct Args {
    /// The operationId, or GROUP.METHOD as in connectors.get; without it, all operations are listed
    operation: Option<String>,
    /// A parameter of the path or the query; may be repeated
    #[arg(long, short, value_parser = pair, value_name = "NAME=VALUE")]
    parameter: Vec<(String, String)>,
    /// The JSON body, @FILE for a file, or - for standard input. A body with secrets cannot be on the command line
    #[arg(long, short)]
    body: Option<String>,
    /// A part of a multipart body: text, or @FILE for a file
    #[arg(long, value_parser = pair, value_name = "NAME=VALUE", conflicts_with = "body")]
    part: Vec<(String, String)>,
    /// Print the secrets in the response
    #[arg(long)]
    reveal: bool,
    /// Send a deletion, a removal or a revocation
    #[arg(long)]
    yes: bool,
}

/// Calls an operation, or lists those of a document.
pub async fn run(
    ctx: &Ctx,
    server: &str,
    document: &str,
    begin: impl Fn(&str) -> std::result::Result<UntypedCall, Error>,
    args: Args,
) -> Result {
    let Some(name) = &args.operation else { return list(ctx, document) };
    let mut call = begin(name)?;
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let operation = call.operation();
    check(&document, operation, &args.parameter)?;
    let is_read = matches!(operation.method(), "GET" | "HEAD");
    if is_final(operation) {
        confirmed(args.yes, ctx.globals.dry_run, &format!("the operation {}", operation.id()))?;
    }
    let mut change = json!({});
    for (name, value) in &args.parameter {
        call = call.parameter(name, value);
    }
    if let Some(body) = &args.body {
        let (text, is_on_line) = match body.strip_prefix('@') {
            Some(path) => (std::fs::read_to_string(path).map_err(Failure::of_file(Path::new(path)))?, false),
            None if body == "-" => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text)?;
                (text, false)
            }
            None => (body.clone(), true),
        };
        // Without the parser's message, which may quote a secret.
        let wrong = |error: serde_json::Error| {
            Failure::usage(format!("the body is not JSON (line {}, column {})", error.line(), error.column()))
        };
        // It is not parsed into a value, because that would round wide numbers.
        serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(wrong)?;
        let value = serde_json::from_str::<Value>(&text).unwrap_or_default();
        if is_on_line {
            json_without_secret("--body", value.clone())?;
        }
        change["body"] = redacted(value);
        call = call.body_text(text);
    }
    if !args.part.is_empty() {
        change["parts"] = args.part.iter().map(|(name, _)| name.as_str()).collect();
        let mut parts = Multipart::new();
        for (name, value) in &args.part {
            parts = match value.strip_prefix('@') {
                Some(path) => {
                    let path = Path::new(path);
                    let bytes = std::fs::read(path).map_err(Failure::of_file(path))?;
                    let file = path.file_name().unwrap_or_default().to_string_lossy();
                    parts.file(name, File::bytes(bytes).name(file))
                }
                None => parts.text(name, value),
            };
        }
        call = call.multipart(parts);
    }
    let (path, query) = address(operation, &args.parameter);
    if !query.is_empty() {
        change["query"] = query
            .iter()
            .map(|(name, value)| json!([name, if is_secret(name) { "[redacted]" } else { value.as_str() }]))
            .collect();
    }
    let _under = if is_read {
        None
    } else {
        match ctx.change(server, format!("{} {path}", operation.method()), change)? {
            None => return Ok(()),
            under => under,
        }
    };
    let mut value = call.send().await?.into_value();
    if !is_read {
        ctx.changed();
    }
    if !args.reveal {
        redact(&mut value);
    }
    // A response may lack an optional field, which is then null. Only a similar name suggests a mistake.
    let absent = |field: &&String| value.get(field.split('.').next().unwrap_or(field)).is_none();
    for field in ctx.globals.fields.iter().filter(absent) {
        let near = nearest(field, value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()));
        if !near.is_empty() {
            ctx.out.note(&format!("the response has no field `{field}`{near}"));
        }
    }
    if ctx.globals.json || !ctx.globals.fields.is_empty() || !io::stdout().is_terminal() {
        ctx.out.one(&value)
    } else {
        ctx.out.text(&format!("{value:#}\n"))
    }
}

/// Whether an operation cannot be undone, by its method or its name.
fn is_final(operation: &Operation) -> bool {
    let name = operation.id().rsplit('.').next().unwrap_or_default().to_lowercase();
    let is_named = ["delete", "revoke", "remove"].iter().any(|it| name.contains(it));
    operation.method() == "DELETE" || (is_named && !matches!(operation.method(), "GET" | "HEAD"))
}

/// The parameters of an operation in a document.
fn parameters<'d>(document: &'d Value, path: &str, method: &str) -> Vec<&'d str> {
    let item = &document["paths"][path];
    let own = [&item["parameters"], &item[method.to_ascii_lowercase()]["parameters"]];
    let all = own.into_iter().filter_map(Value::as_array).flatten();
    let target =
        |it: &'d Value| it["$ref"].as_str().and_then(|at| document.pointer(at.strip_prefix('#')?)).unwrap_or(it);
    all.filter_map(|it| target(it)["name"].as_str()).collect()
}

/// Refuses parameters that an operation does not have: a service ignores them.
fn check(document: &Value, operation: &Operation, given: &[(String, String)]) -> Result {
    let known = parameters(document, operation.path(), operation.method());
    let unknown = given.iter().map(|(name, _)| name).filter(|name| !known.contains(&name.as_str()));
    let near = |name: &String| format!("there is no parameter `{name}`{}", nearest(name, known.iter().copied()));
    let problems: Vec<String> = unknown.map(near).collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("; "))) }
}

/// The path with its values, and the parameters of the query.
fn address<'a>(operation: &Operation, given: &'a [(String, String)]) -> (String, Vec<&'a (String, String)>) {
    let is_of_path = |name: &str| operation.path().contains(&format!("{{{name}}}"));
    let (of_path, query): (Vec<_>, Vec<_>) = given.iter().partition(|(name, _)| is_of_path(name));
    let set = |path: String, (name, value): &(String, String)| path.replace(&format!("{{{name}}}"), value);
    (of_path.into_iter().fold(operation.path().to_owned(), set), query)
}

/// The fields of an operation in the list.
const FIELDS: [&str; 5] = ["operation", "method", "path", "parameters", "body"];

/// The operations of a document with their parameters.
fn list(ctx: &Ctx, document: &str) -> Result {
    if let Some(field) = ctx.globals.fields.iter().find(|field| !FIELDS.contains(&field.as_str())) {
        let near = nearest(field, FIELDS);
        return Err(Failure::usage(format!("the list of operations has no field `{field}`{near}")));
    }
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let mut rows = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let names = parameters(&document, path, method);
            rows.push(json!({
                "operation": id,
                "method": method.to_uppercase(),
                "path": path,
                "parameters": names,
                "body": operation.get("requestBody").is_some(),
            }));
        }
    }
    ctx.out.rows(&["operation", "method", "path", "parameters"], &rows)
}
