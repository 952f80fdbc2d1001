//! The common part of all token endpoints: form requests, and OAuth's JSON responses.

use std::collections::HashMap;
use std::fmt::Display;

use serde_json::{Value, json};

use connectors_mock::{Answer, Request};

pub(crate) type Form = HashMap<String, String>;

/// An OAuth error: `error` and `error_description`.
pub(crate) type Refusal = (String, String);

pub(crate) fn refuse(error: &str, description: impl Display) -> Refusal {
    (error.to_owned(), description.to_string())
}

pub(crate) fn require(right: bool, error: &str, description: impl Display) -> Result<(), Refusal> {
    if right { Ok(()) } else { Err(refuse(error, description)) }
}

pub(crate) fn refused((error, description): &Refusal) -> Answer {
    let status = if error == "invalid_client" { 401 } else { 400 };
    let body = json!({"error": error, "error_description": description});
    Answer::json(status, &body)
}

pub(crate) fn granted(body: &Value) -> Answer {
    let mut answer = Answer::json(200, body);
    answer.set_header("cache-control", "no-store");
    answer
}

/// The error body for a status that a test wants.
pub(crate) fn scripted(status: u16) -> Answer {
    let error = match status {
        401 => "invalid_client",
        400..500 => "invalid_request",
        _ => "temporarily_unavailable",
    };
    let body = json!({"error": error, "error_description": "scripted"});
    Answer::json(status, &body)
}

pub(crate) fn form(request: &Request) -> Result<Form, Refusal> {
    let content_type = request.header("content-type").unwrap_or_default();
    let is_form = content_type.starts_with("application/x-www-form-urlencoded");
    require(request.method == "POST" && is_form, "invalid_request", "not the POST of a form")?;
    Ok(request.form().into_iter().collect())
}

/// A required field.
pub(crate) fn present<'f>(form: &'f Form, name: &str) -> Result<&'f str, Refusal> {
    let value = form.get(name).map_or("", String::as_str);
    require(!value.is_empty(), "invalid_request", format!("{name} is required"))?;
    Ok(value)
}
