//! Secrets in JSON, by the names of their members.

use serde_json::{Value, json};

/// A value, with those whose names suggest secrets redacted.
pub fn redacted(value: impl Into<Value>) -> Value {
    let mut value = value.into();
    redact(&mut value);
    value
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
