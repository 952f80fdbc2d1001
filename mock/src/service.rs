//! The interface between a server and the service behind it.

use std::time::Duration;

use serde_json::Value;

use crate::contract::Contract;
use crate::message::{Answer, Request};

/// The service behind the sockets.
pub trait Service: Send + Sync {
    /// The name of the operation for a request, by its path with the query.
    fn operation(&self, method: &str, target: &str) -> Option<String>;
    /// Processes a request.
    fn answer(&self, request: &Request) -> Answer;
    /// An error response in the service's own format, with a status that a test wants; the request is not processed.
    /// The test adds the headers.
    fn scripted(&self, request: &Request, status: u16, headers: &[(String, String)]) -> Answer;
    /// The document that its responses are checked against.
    fn contract(&self) -> Option<&Contract>;
    /// Whether a test has scripted values that the document need not list.
    fn is_open(&self) -> bool {
        false
    }
    /// Processes a request to the control endpoint, if this service has it.
    fn control(&self, _ask: &Ask<'_>) -> Option<Result<Value, String>> {
        None
    }
}

/// A request to the control endpoint.
pub struct Ask<'r> {
    /// The method, in capitals.
    pub method: &'r str,
    /// The segments of the path below the endpoint's own, decoded.
    pub path: Vec<&'r str>,
    /// The body: a JSON object, empty if there is none.
    pub body: &'r Value,
}

impl Ask<'_> {
    /// Rejects unknown members of the body: with a misspelled one, a test would test nothing.
    pub fn only(&self, names: &[&str]) -> Result<(), String> {
        only(self.body, names)
    }

    /// A duration in seconds of the body, fractions included.
    pub fn seconds(&self, name: &str) -> Result<Duration, String> {
        let seconds = self.body[name].as_f64();
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        duration.ok_or_else(|| format!("{name} must be a number of seconds"))
    }

    /// A text of the body.
    pub fn text(&self, name: &str) -> Result<&str, String> {
        self.body[name].as_str().ok_or_else(|| format!("{name} must be a text"))
    }
}

/// Rejects unknown members of an object.
pub fn only(body: &Value, names: &[&str]) -> Result<(), String> {
    let unknown = body.as_object().into_iter().flatten().find(|(name, _)| !names.contains(&name.as_str()));
    unknown.map_or(Ok(()), |(name, _)| Err(format!("unknown member {name:?}; known: {}", names.join(", "))))
}

/// A whole number of an object, or a default.
pub fn count(body: &Value, name: &str, otherwise: u32) -> Result<u32, String> {
    match &body[name] {
        Value::Null => Ok(otherwise),
        value => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.ok_or_else(|| format!("{name} must be a whole number"))
        }
    }
}
