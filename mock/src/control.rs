//! The control endpoint. A test in any language can do with a fake what a test in Rust does with its methods.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::fault::{Fault, Faults};
use crate::message::{Answer, Request};
use crate::redact;
use crate::service::{Ask, Service, count, only};

/// Its path prefix. No service has such a path.
const PATH: &str = "/_control";

/// Whether a path is one of the control endpoint.
pub(crate) fn is_for(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The objects that the endpoint changes.
pub(crate) struct Controlled<'s> {
    pub(crate) service: &'s dyn Service,
    pub(crate) faults: &'s Faults,
    pub(crate) requests: Vec<Request>,
    pub(crate) mistakes: Vec<String>,
}

/// The remaining work of the log's owner.
#[derive(Default, PartialEq, Eq)]
pub(crate) enum Afterwards {
    #[default]
    Nothing,
    ForgetRequests,
}

/// Processes a request to the endpoint.
pub(crate) fn answer(controlled: &Controlled<'_>, request: &Request) -> (Answer, Afterwards) {
    let failed = |status: u16, message: String| (Answer::json(status, &json!({"error": message})), Afterwards::Nothing);
    let body = if request.body.is_empty() { Some(json!({})) } else { request.json() };
    let Some(body) = body.filter(Value::is_object) else {
        return failed(400, "the body is not a JSON object".to_owned());
    };
    let path = request.path.strip_prefix(PATH).unwrap_or_default();
    let decoded: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    let path: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let mut afterwards = Afterwards::Nothing;
    let done = match (request.method.as_str(), path.as_slice()) {
        ("GET", ["requests"]) => Ok(controlled.requests.iter().map(redact::request).collect()),
        ("DELETE", ["requests"]) => {
            afterwards = Afterwards::ForgetRequests;
            Ok(json!({}))
        }
        ("GET", ["faults"]) => Ok(json!({"pending": controlled.faults.pending()})),
        ("POST", ["faults"]) => fault(&body).map(|fault| {
            controlled.faults.push(fault);
            json!({"pending": controlled.faults.pending()})
        }),
        ("DELETE", ["faults"]) => {
            controlled.faults.clear();
            Ok(json!({}))
        }
        ("GET", ["mistakes"]) => Ok(json!(controlled.mistakes)),
        ("GET", ["document"]) => {
            let document = controlled.service.contract().map(|contract| contract.document().root().clone());
            document.ok_or_else(|| "it has no document".to_owned())
        }
        (method, own) => {
            let ask = Ask { method, path: own.to_vec(), body: &body };
            let done = controlled.service.control(&ask);
            if (method, own) == ("POST", &["reset"][..]) && matches!(done, Some(Ok(_))) {
                controlled.faults.clear();
                afterwards = Afterwards::ForgetRequests;
            }
            match done {
                Some(done) => done,
                None => return failed(404, format!("there is no {method} {}; see docs/serve.md", request.path)),
            }
        }
    };
    match done {
        Ok(value) => (Answer::json(200, &value), afterwards),
        Err(why) => failed(400, why),
    }
}

/// Parses a fault from JSON.
fn fault(body: &Value) -> Result<Fault, String> {
    let known = [
        "status",
        "effect",
        "token_error",
        "on",
        "times",
        "always",
        "after",
        "applied",
        "reused_connection_only",
        "headers",
        "json",
        "body",
        "body_base64",
        "delay_seconds",
        "oversized_bytes",
        "content_type",
    ];
    only(body, &known)?;
    let text = |name: &str| -> Result<Option<&str>, String> {
        match &body[name] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(format!("{name} must be a text")),
        }
    };
    let flag = |name: &str| match &body[name] {
        Value::Null => Ok(false),
        Value::Bool(flag) => Ok(*flag),
        _ => Err(format!("{name} must be true or false")),
    };
    let seconds = body["delay_seconds"].as_f64().unwrap_or(0.0);
    let delay =
        Duration::try_from_secs_f64(seconds).map_err(|_| "delay_seconds must be a number of seconds".to_owned());
    let mut fault = if let Some(status) = body["status"].as_u64() {
        let status = u16::try_from(status).ok().filter(|status| (200..600).contains(status));
        Fault::status(status.ok_or("status must be from 200 to 599")?)
    } else if let Some(error) = text("token_error")? {
        Fault::token_error(error)
    } else {
        match text("effect")?.unwrap_or("delay") {
            "delay" => Fault::delay(delay.clone()?),
            "html" => Fault::html(),
            "no_content" => Fault::no_content(),
            "content_type" => Fault::content_type(text("content_type")?.unwrap_or("text/plain")),
            "reset_on_accept" => Fault::reset_on_accept(),
            "reset_after_request" => Fault::reset_after_request(),
            "close_after_request" => Fault::close_after_request(),
            "reset_mid_body" => Fault::reset_mid_body(),
            "truncated_json" => Fault::truncated_json(),
            "oversized" => Fault::oversized(usize::try_from(count(body, "oversized_bytes", 1 << 20)?).unwrap_or(0)),
            "repeated_page_token" => Fault::repeated_page_token(),
            "stale_keep_alive" => Fault::stale_keep_alive(),
            other => return Err(format!("there is no effect {other:?}; see docs/serve.md")),
        }
    };
    fault = fault.later(delay?);
    if let Some(operation) = text("on")? {
        fault = fault.on(operation);
    }
    for (name, value) in body["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if http::HeaderName::try_from(name).is_err() || http::HeaderValue::try_from(&value).is_err() {
            return Err(format!("{name:?} is not a header that can be sent"));
        }
        fault = fault.header(name, &value);
    }
    if !body["json"].is_null() {
        fault = fault.json(&body["json"]);
    }
    if let Some(text) = text("body")? {
        fault = fault.body(text);
    }
    if let Some(text) = text("body_base64")? {
        fault = fault.body(BASE64_STANDARD.decode(text).map_err(|error| format!("body_base64: {error}"))?);
    }
    fault = fault.after(usize::try_from(count(body, "after", 0)?).unwrap_or(usize::MAX));
    fault = fault.times(usize::try_from(count(body, "times", 1)?).unwrap_or(usize::MAX));
    if flag("always")? {
        fault = fault.always();
    }
    if flag("applied")? {
        fault = fault.applied();
    }
    if flag("reused_connection_only")? {
        fault = fault.on_reused_connection();
    }
    Ok(fault)
}
