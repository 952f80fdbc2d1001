//! Reads failed responses of services without their own reader.

use serde_json::Value;

use crate::error::{Error, Kind};
use crate::http::Reply;

/// Reads a failure of any service: a problem (RFC 9457), a `google.rpc.Status`, an OAuth error, or any JSON with a
/// message under a common key. The error keeps the body. Of a body that is cut off, the beginning is read.
pub fn failure(reply: &Reply) -> Error {
    let body = reply.json();
    let text = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let nested = &body["error"];
    let message = [
        &nested["message"],
        &body["message"],
        &body["detail"],
        &body["error_description"],
        &body["title"],
        nested,
        &body["errors"][0]["message"],
    ]
    .into_iter()
    .find_map(text);
    let message = message.unwrap_or_else(|| {
        let page = reply.content_type().is_some_and(|kind| kind.contains("html"));
        if page { "the server returned a web page; is the URL right?" } else { "the server gave no reason" }.to_owned()
    });
    let code =
        [&nested["code"], &body["code"], &nested["type"], &body["type"], nested].into_iter().find_map(
            |code| match code {
                Value::String(code) if !code.is_empty() => Some(code.clone()),
                Value::Number(code) => Some(code.to_string()),
                _ => None,
            },
        );
    let details = body["details"].as_array().or_else(|| nested["details"].as_array()).cloned().unwrap_or_default();
    Error::new(Kind::Status, message).with_code(code).with_details(details)
}
