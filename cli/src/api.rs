//! `connectors SERVICE api`: any operation of a service, with JSON in and out.

use std::io::Read;
use std::path::Path;

use connectors::{Error, File, Multipart, UntypedCall};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::fail::{Failure, Result};
use crate::reference::pair;

#[derive(clap::Args)]
pub struct Args {
    /// The operationId, or GROUP.METHOD as in connectors.get; without it, all operations are listed
    operation: Option<String>,
    /// A parameter of the path or the query; may be repeated
    #[arg(long, short, value_parser = pair, value_name = "NAME=VALUE")]
    parameter: Vec<(String, String)>,
    /// The JSON body, @FILE for a file, or - for standard input
    #[arg(long, short)]
    body: Option<String>,
    /// A part of a multipart body: text, or @FILE for a file
    #[arg(long, value_parser = pair, value_name = "NAME=VALUE", conflicts_with = "body")]
    part: Vec<(String, String)>,
    /// Print the secrets in the response
    #[arg(long)]
    reveal: bool,
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
    for (name, value) in &args.parameter {
        call = call.parameter(name, value);
    }
    if let Some(body) = &args.body {
        let text = match body.strip_prefix('@') {
            Some(path) => std::fs::read_to_string(path).map_err(Failure::of_file(Path::new(path)))?,
            None if body == "-" => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text)?;
                text
            }
            None => body.clone(),
        };
        // Without the parser's message, which may quote a secret.
        let wrong = |error: serde_json::Error| {
            Failure::usage(format!("the body is not JSON (line {}, column {})", error.line(), error.column()))
        };
        // It is not parsed into a value, because that would round wide numbers.
        serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(wrong)?;
        call = call.body_text(text);
    }
    if !args.part.is_empty() {
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
    let operation = call.operation();
    let is_read = matches!(operation.method(), "GET" | "HEAD");
    let _under = if is_read {
        None
    } else {
        match ctx.write(server, format!("{} {}", operation.method(), operation.path()))? {
            None => return Ok(()),
            under => under,
        }
    };
    let mut value = call.send().await?.into_value();
    if !args.reveal {
        redact(&mut value);
    }
    if ctx.globals.json || !ctx.globals.fields.is_empty() {
        ctx.out.one(&value)
    } else {
        ctx.out.text(&format!("{value:#}\n"))
    }
}

/// The operations of a document with their parameters.
fn list(ctx: &Ctx, document: &str) -> Result {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let mut rows = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let own = [&item["parameters"], &operation["parameters"]];
            let names: Vec<&str> =
                own.iter().filter_map(|it| it.as_array()).flatten().filter_map(|it| it["name"].as_str()).collect();
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

/// Redacts values whose names suggest secrets.
pub fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if is_secret(name) && has_value(member) {
                    *member = json!("[redacted]");
                } else {
                    redact(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

/// Whether the value of a member with the name of a secret is one. A flag or a number is not a secret.
fn has_value(member: &Value) -> bool {
    match member {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(has_value),
        Value::Object(members) => members.values().any(has_value),
    }
}

/// Whether a key's name suggests a secret.
pub fn is_secret(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let ends = [
        "secretaccesskey",
        "secret",
        "secrets",
        "password",
        "passwords",
        "passphrase",
        "token",
        "tokens",
        "apikey",
        "secretkey",
        "accountkey",
        "privatekey",
        "connectionstring",
        "credential",
        "credentialsjson",
        "downloadurl",
    ];
    ends.iter().any(|end| name.ends_with(end)) && !name.ends_with("pagetoken")
}

/// Whether a value has a member whose name suggests a secret.
pub fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, it)| (is_secret(name) && has_value(it)) || holds_secret(it))
        }
        Value::Array(items) => items.iter().any(holds_secret),
        _ => false,
    }
}
