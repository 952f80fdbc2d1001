//! Machine-readable details of a failure: the messages of `google/rpc/error_details.proto`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::Secrets;

/// The number of details that are kept.
const MOST: usize = 100;
/// The approximate memory for details, in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// The approximate memory of a value apart from its text, in bytes.
const NODE: usize = 64;

/// One detail of a failure; see [`Error::details`](crate::Error::details).
///
/// The kinds are those of [`google/rpc/error_details.proto`]. Services that use gRPC internally send them as JSON with
/// an `@type`. `Debug` prints what the server sent: do not log it without a check.
///
/// [`google/rpc/error_details.proto`]:
/// https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Detail {
    /// `google.rpc.BadRequest`: the invalid fields of the request.
    BadRequest(Vec<FieldViolation>),
    /// `google.rpc.RetryInfo`: when the request may be retried.
    #[non_exhaustive]
    RetryInfo {
        /// The shortest delay before a retry.
        retry_delay: Duration,
    },
    /// `google.rpc.ErrorInfo`: the cause as a stable code.
    #[non_exhaustive]
    ErrorInfo {
        /// The cause, in capitals and unique in its domain, such as `API_DISABLED`.
        reason: String,
        /// The domain of the reason, normally the service's name.
        domain: String,
        /// Further facts by name.
        metadata: BTreeMap<String, String>,
    },
    /// Any other detail, or one that does not match its `@type`, unchanged.
    Unknown(Value),
}

/// The problem with one field of a request; see [`Detail::BadRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct FieldViolation {
    #[serde(deserialize_with = "or_default")]
    field: String,
    #[serde(deserialize_with = "or_default")]
    description: String,
    #[serde(deserialize_with = "or_default")]
    reason: String,
}

impl FieldViolation {
    /// The path of the field in the request, such as `connector.display_name`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The reason, in a sentence for developers.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The reason, as a stable code in capitals; empty if the server does not send one.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Protobuf writes an unset field as null, or not at all.
fn or_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BadRequest {
    #[serde(default, deserialize_with = "or_default")]
    field_violations: Vec<FieldViolation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetryInfo {
    retry_delay: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorInfo {
    #[serde(deserialize_with = "or_default")]
    reason: String,
    #[serde(deserialize_with = "or_default")]
    domain: String,
    #[serde(deserialize_with = "or_default")]
    metadata: BTreeMap<String, String>,
}

/// The details of a failure that are kept: those before the first that exceeds the memory limit.
pub(super) fn bounded(details: Vec<Value>) -> Vec<Detail> {
    let mut left = MOST_BYTES;
    let fits = |detail: &Value| take(&mut left, detail).is_some();
    details.into_iter().take(MOST).take_while(fits).map(Detail::from).collect()
}

/// Subtracts the memory of a value from the rest; `None` if the rest is too small.
fn take(left: &mut usize, value: &Value) -> Option<()> {
    let mut pay = |bytes: usize| {
        *left = left.checked_sub(bytes)?;
        Some(())
    };
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => pay(NODE),
        Value::String(text) => pay(NODE + text.len()),
        Value::Array(items) => {
            pay(NODE)?;
            items.iter().try_for_each(|item| take(left, item))
        }
        Value::Object(members) => {
            pay(NODE)?;
            members.iter().try_for_each(|(key, value)| {
                *left = left.checked_sub(NODE + key.len())?;
                take(left, value)
            })
        }
    }
}

impl Detail {
    /// Replaces credentials in all texts.
    pub(super) fn redact(&mut self, secrets: &Secrets) {
        match self {
            Self::BadRequest(violations) => {
                for FieldViolation { field, description, reason } in violations {
                    [field, description, reason].into_iter().for_each(|text| secrets.redact(text));
                }
            }
            Self::RetryInfo { .. } => {}
            Self::ErrorInfo { reason, domain, metadata } => {
                [reason, domain].into_iter().chain(metadata.values_mut()).for_each(|text| secrets.redact(text));
            }
            Self::Unknown(value) => redact(value, secrets),
        }
    }
}

fn redact(value: &mut Value, secrets: &Secrets) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => secrets.redact(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, secrets)),
        Value::Object(members) => {
            if members.keys().any(|key| secrets.redacted(key).is_some()) {
                let all = std::mem::take(members).into_iter();
                *members = all.map(|(key, value)| (secrets.redacted(&key).unwrap_or(key), value)).collect();
            }
            members.values_mut().for_each(|member| redact(member, secrets));
        }
    }
}

impl From<Value> for Detail {
    fn from(value: Value) -> Self {
        known(&value).unwrap_or(Self::Unknown(value))
    }
}

/// The typed detail, if its type is known and it is well-formed.
fn known(value: &Value) -> Option<Detail> {
    let (_, name) = value.get("@type")?.as_str()?.rsplit_once('/')?;
    match name {
        "google.rpc.BadRequest" => {
            BadRequest::deserialize(value).ok().map(|read| Detail::BadRequest(read.field_violations))
        }
        "google.rpc.RetryInfo" => {
            let retry_delay = duration(&RetryInfo::deserialize(value).ok()?.retry_delay)?;
            Some(Detail::RetryInfo { retry_delay })
        }
        "google.rpc.ErrorInfo" => {
            let ErrorInfo { reason, domain, metadata } = ErrorInfo::deserialize(value).ok()?;
            Some(Detail::ErrorInfo { reason, domain, metadata })
        }
        _ => None,
    }
}

/// A `google.protobuf.Duration` in JSON: seconds, with up to nine digits after the point, and an `s`. A negative
/// duration is not a delay.
fn duration(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    Some(Duration::new(seconds.parse().ok()?, format!("{fraction:0<9}").parse().ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(name: &str, rest: Value) -> Detail {
        let mut value = rest;
        value["@type"] = format!("type.googleapis.com/google.rpc.{name}").into();
        value.into()
    }

    #[test]
    fn known_details_are_typed() {
        let violations = json!({"fieldViolations": [{"field": "a.b", "description": null, "reason": "R", "new": 1}]});
        let Detail::BadRequest(violations) = read("BadRequest", violations) else { panic!() };
        let [only] = violations.as_slice() else { panic!() };
        assert_eq!((only.field(), only.description(), only.reason()), ("a.b", "", "R"));
        assert_eq!(read("BadRequest", json!({"fieldViolations": null})), Detail::BadRequest(Vec::new()));

        let retry_delay = Duration::from_millis(1500);
        assert_eq!(read("RetryInfo", json!({"retryDelay": "1.5s"})), Detail::RetryInfo { retry_delay });

        let info = json!({"reason": "API_DISABLED", "domain": "example.com", "metadata": {"service": "x"}});
        let metadata = BTreeMap::from([("service".to_owned(), "x".to_owned())]);
        let (reason, domain) = ("API_DISABLED".to_owned(), "example.com".to_owned());
        assert_eq!(read("ErrorInfo", info), Detail::ErrorInfo { reason, domain, metadata });
    }

    #[test]
    fn unknown_and_malformed_details_are_kept() {
        for value in [
            json!({"@type": "type.googleapis.com/google.rpc.Help", "links": []}),
            json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "soon"}),
            json!({"@type": "type.googleapis.com/google.rpc.RetryInfo"}),
            json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": "all"}),
            json!({"@type": 7}),
            json!(null),
        ] {
            assert_eq!(Detail::from(value.clone()), Detail::Unknown(value));
        }
    }

    #[test]
    fn details_are_few_and_small() {
        assert_eq!(bounded(vec![json!(1); 1000]).len(), MOST);
        let large = json!({"text": "x".repeat(30_000)});
        assert_eq!(bounded(vec![large; 10]).len(), 2);
        // Two bytes each in JSON.
        assert_eq!(bounded(vec![json!(vec![0; 100_000])]), []);
        assert_eq!(bounded(vec![json!({"a": vec![json!({}); 100]})]).len(), 1);
    }

    #[test]
    fn durations_are_read_to_the_nanosecond() {
        for (text, nanos) in [("0s", 0), ("3s", 3_000_000_000), ("1.5s", 1_500_000_000), ("0.000000001s", 1)] {
            assert_eq!(duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        for text in ["", "s", "1", "-1s", "1.s", ".5s", "1.0000000001s", "+1s", "1e3s", "99999999999999999999s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
