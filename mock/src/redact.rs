//! Removes secrets from requests.

use serde_json::{Map, Value, json};

use crate::message::Request;

const HIDDEN: &str = "[redacted]";

/// Whether a header, a parameter or a field with this name is secret.
fn is_secret(name: &str) -> bool {
    let name: String = name.to_ascii_lowercase().replace(['_', '-'], "");
    let is_token = name.contains("token") && !name.contains("page") && !name.ends_with("type");
    let parts = ["secret", "password", "assertion", "authorization", "cookie", "accesskey", "apikey", "privatekey"];
    let is_code = matches!(name.as_str(), "code" | "devicecode" | "tempcode" | "codeverifier");
    is_token || is_code || (parts.iter().any(|part| name.contains(part)) && !name.ends_with("type"))
}

/// A path with its query.
pub(crate) fn target(request: &Request) -> String {
    if request.query.is_empty() {
        return request.path.clone();
    }
    let shown = request.query.iter().map(|(name, value)| (name.as_str(), if is_secret(name) { HIDDEN } else { value }));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(shown).finish();
    format!("{}?{query}", request.path)
}

/// A whole request as JSON.
pub(crate) fn request(request: &Request) -> Value {
    let pairs = |pairs: &[(String, String)]| -> Value {
        pairs.iter().map(|(name, value)| json!([name, pair(name, value)])).collect()
    };
    let body = match request.json() {
        Some(body) => fields(&body),
        None if is_form(request) => pairs(&request.form()),
        None => match std::str::from_utf8(&request.body) {
            Ok(text) => text.chars().take(2000).collect::<String>().into(),
            Err(_) => Value::Null,
        },
    };
    json!({
        "method": request.method,
        "path": request.path,
        "query": pairs(&request.query),
        "headers": pairs(&request.headers),
        "body": body,
        "bytes": request.body.len(),
        "operation": request.operation,
        "status": request.status,
    })
}

fn is_form(request: &Request) -> bool {
    request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

/// The value of a header or a parameter. The scheme of a credential is kept.
fn pair(name: &str, value: &str) -> String {
    match (is_secret(name), value.split_once(' ')) {
        (false, _) => value.to_owned(),
        (true, Some((scheme, _))) if name.eq_ignore_ascii_case("authorization") => format!("{scheme} {HIDDEN}"),
        (true, _) => HIDDEN.to_owned(),
    }
}

/// A value without its secrets, at any depth.
pub fn fields(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let shown = members.iter().map(|(name, value)| {
                let shown = if is_secret(name) && !value.is_null() { HIDDEN.into() } else { fields(value) };
                (name.clone(), shown)
            });
            Value::Object(shown.collect::<Map<String, Value>>())
        }
        Value::Array(items) => items.iter().map(fields).collect(),
        other => other.clone(),
    }
}
