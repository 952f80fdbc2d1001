//! The client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use connectors_runtime::auth::{self, Credential};
use connectors_runtime::{Builder, Connect, Connection, Core, Error, Exchange, Kind, Operation, Reply, UntypedCall};
use http::HeaderName;
use serde_json::Value;
use url::Url;

use super::api;
use super::credentials::Credentials;

/// The header for the client's own id of a call.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// A client of one PipesHub instance. Cheap to clone; clones share connections, token and retry budget.
///
/// Calls need a tokio runtime with timers and IO, as `#[tokio::main]` builds it. See the [crate](crate#the-runtime).
#[derive(Clone)]
pub struct Client {
    pub(super) core: Core,
    pub(super) api: api::Client,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("pipeshub::Client").field("server", &self.core.base_url()).finish_non_exhaustive()
    }
}

impl Connect for Client {
    type Setup = Credentials;

    fn connect(credentials: Credentials, connection: Connection) -> Result<Self, Error> {
        let url = credentials.server()?;
        let exchange = connection.request_id_header(HeaderName::from_static(REQUEST_ID)).exchange(&url)?;
        let credential = credentials.credential(&exchange, &url)?;
        Self::over(exchange, url, credential)
    }
}

impl Client {
    /// Builds a client with the credentials of the environment; [`Credentials::from_env`] lists the variables.
    ///
    /// # Errors
    /// [`Error::is_config`] if variables are missing, malformed or not UTF-8; the message names them.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder(Credentials::from_env()?).build()
    }

    /// Starts a builder with these credentials. [`Builder`] has all settings, such as limits and the retry policy.
    pub fn builder(credentials: Credentials) -> Builder<Self> {
        Builder::new(credentials)
    }

    pub(super) fn over(exchange: Arc<Exchange>, url: Url, credential: Credential) -> Result<Self, Error> {
        let authenticator = auth::Credentials::for_all(credential).connect(&exchange, &url)?;
        let core = Core::over(exchange, url, authenticator, api::OPERATIONS, failure);
        Ok(Self { api: api::Client::over(core.clone()), core })
    }

    /// The URL of the server, without a slash at its end.
    #[must_use]
    pub fn server(&self) -> &str {
        self.core.base_url()
    }

    /// Begins a call of any operation with JSON in and out, by its `operationId`, or by its group and method as in
    /// [`Client::api`]. For programs that learn at run time what to call. Sends nothing.
    ///
    /// ```no_run
    /// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
    /// let call = ph.operation("connectors.get")?.parameter("connectorId", "my-connector");
    /// println!("{}", call.send().await?.value());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if the document has no such operation.
    pub fn operation(&self, name: &str) -> Result<UntypedCall, Error> {
        self.core.untyped(name)
    }

    /// Every operation of the document, over this client's connections and token.
    #[must_use]
    pub fn api(&self) -> &api::Client {
        &self.api
    }
}

/// The body of a failed response: `{error: {code, message, metadata, retryAfter}}` from the gateway, `{detail}` from
/// the services behind it.
fn failure(reply: &Reply) -> Error {
    let body = reply.json();
    // Read leniently: a message is useful even if other fields have unexpected types.
    let (error, detail) = (&body["error"], &body["detail"]);
    let said = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let message = said(&error["message"])
        .or_else(|| described(detail))
        .or_else(|| said(&body["message"]))
        .or_else(|| said(error))
        .unwrap_or_else(|| {
            let page = reply.content_type().is_some_and(|kind| kind.contains("html"));
            let message = if page {
                "the server returned a web page; is this the URL of a PipesHub instance?"
            } else {
                "the server gave no reason"
            };
            message.to_owned()
        });
    let mut details = Vec::new();
    details.extend(Some(error["metadata"].clone()).filter(Value::is_object));
    match detail {
        Value::Array(items) => details.extend(items.iter().cloned()),
        Value::Object(_) => details.push(detail.clone()),
        _ => {}
    }
    let wait = error["retryAfter"].as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let message = match reply.operation().filter(|_| reply.status.as_u16() == 403) {
        Some(operation) => format!("{message}{}", needs(operation)),
        None => message,
    };
    Error::new(Kind::Status, message).with_code(said(&error["code"])).with_details(details).with_retry_after(wait)
}

/// The scopes of an operation, to explain a 403.
fn needs(operation: &Operation) -> String {
    let mut scopes: Vec<&str> = Vec::new();
    for scope in operation.security().iter().flat_map(|way| way.iter()).flat_map(|scheme| scheme.scopes) {
        if !scopes.contains(scope) {
            scopes.push(scope);
        }
    }
    if scopes.is_empty() {
        return String::new();
    }
    format!("; the operation needs the scope `{}`", scopes.join("` or `"))
}

/// The texts of a `detail`: a text, an object with a message, or a list of problems, each with a location.
fn described(detail: &Value) -> Option<String> {
    match detail {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().filter_map(described).collect();
            (!items.is_empty()).then(|| items.join("; "))
        }
        Value::Object(_) => {
            let text = detail["msg"].as_str().or_else(|| detail["message"].as_str())?;
            let steps = detail["loc"].as_array().into_iter().flatten();
            let place: Vec<String> =
                steps.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
            Some(if place.is_empty() { text.to_owned() } else { format!("{}: {text}", place.join(".")) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_becomes_a_message() {
        for (detail, words) in [
            (serde_json::json!("not a Local FS connector"), Some("not a Local FS connector")),
            (
                serde_json::json!([
                    {"loc": ["body", "events", 0, "path"], "msg": "Field required", "type": "missing", "input": "PLANTED"},
                    {"msg": "and more"},
                ]),
                Some("body.events.0.path: Field required; and more"),
            ),
            (serde_json::json!({"message": "invalid manifest", "errors": []}), Some("invalid manifest")),
            (serde_json::json!([]), None),
            (serde_json::json!(""), None),
            (serde_json::json!(null), None),
            (serde_json::json!(7), None),
        ] {
            assert_eq!(described(&detail).as_deref(), words, "{detail}");
        }
    }
}
