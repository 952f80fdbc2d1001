//! A call by the operation's id, with a JSON request and response, for programs that choose the operation at run time.

use progenitor_client::encode_path;
use serde_json::Value;

use crate::encode::{Multipart, Parameter};
use crate::error::{Error, Kind};
use crate::http::{CallOptions, Operation, Success};

use super::core::Core;
use super::options::RequestOptions;
use super::outgoing::Outgoing;
use super::outgoing::PATH_ENDS;
use super::request::Call;
use super::response::Response;

/// A call of any operation of a document, with a JSON request and response. It has the same retries, limits and errors
/// as the generated requests. The request is not checked against the document.
#[must_use = "nothing is sent until `send`"]
#[derive(Clone, Debug)]
pub struct UntypedCall {
    call: Call,
}

impl Core {
    /// Begins a call of the operation with this `operationId`, or with this group and method, as in `connectors.get`.
    /// Sends nothing.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if the document does not have the operation, or if its response is not JSON.
    pub fn untyped(&self, name: &str) -> Result<UntypedCall, Error> {
        let method = |it: &Operation| name.split_once('.') == Some((it.group(), it.name()));
        let known = self.paths().operations().iter().find(|it| it.id() == name || method(it));
        match known {
            Some(operation) if operation.success() != Success::Stream => {
                Ok(UntypedCall { call: self.call(operation, build) })
            }
            Some(_) => Err(Error::new(Kind::Argument, format!("the response of `{name}` is not JSON"))),
            None => Err(Error::new(Kind::Argument, format!("there is no operation `{name}`"))),
        }
    }
}

impl UntypedCall {
    /// The operation.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.call.operation()
    }

    /// Sets a parameter of the path, if the operation's path has it, or else of the query. A query parameter that is
    /// set twice is sent twice.
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        match names(self.operation()).find(|known| *known == name) {
            Some(known) => self.call.set(&Parameter::path(known), value),
            None => self.call.append_query(name, value),
        }
        self
    }

    /// Sets a JSON body.
    pub fn body(mut self, body: &Value) -> Self {
        self.call.body_json("application/json", body);
        self
    }

    /// Sets a JSON body by its text, which is sent unchanged, with every digit of a number and each key in its order.
    /// It is not checked.
    pub fn body_text(mut self, json: impl Into<String>) -> Self {
        self.call.body_bytes("application/json", json.into());
        self
    }

    /// Sets a body of parts, for an operation that accepts `multipart/form-data`.
    pub fn multipart(mut self, body: Multipart) -> Self {
        self.call.body_parts("multipart/form-data", body);
        self
    }

    /// Sends it. The value of a response without a body is null.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if a parameter of the path is missing or cannot be sent. Otherwise every error of
    /// a call.
    pub async fn send(self) -> Result<Response<Value>, Error> {
        let operation = self.operation();
        if let Some(name) = names(operation).find(|name| self.call.path_value(name).is_empty()) {
            let message = format!("the parameter `{name}` of the path is missing; nothing was sent");
            return Err(Error::new(Kind::Argument, message).operation_named(operation.name()));
        }
        self.call.json().await
    }
}

/// Builds the request like progenitor's method of the operation.
fn build(outgoing: &Outgoing) -> Result<reqwest::Request, Error> {
    let operation = outgoing.operation;
    let mut path = operation.path().to_owned();
    if operation.query().is_none() {
        // They stand in the path itself.
        path = path.replace('?', "%3F").replace('#', "%23");
    }
    for name in names(operation) {
        path = path.replace(&format!("{{{name}}}"), &encode_path(outgoing.path(name)));
    }
    let method = operation.method().parse().unwrap_or(http::Method::GET);
    let request = outgoing.http().request(method, format!("{}{path}", outgoing.base_url())).body(outgoing.body());
    let mut request = request.build().map_err(|error| {
        let message = "the request cannot be built from its arguments; nothing was sent";
        Error::new(Kind::Argument, message).caused_by(error)
    })?;
    if operation.query().is_some() {
        let path = format!("{}{PATH_ENDS}", request.url().path());
        request.url_mut().set_path(&path);
    }
    Ok(request)
}

impl RequestOptions for UntypedCall {
    fn options_mut(&mut self) -> &mut CallOptions {
        self.call.options_mut()
    }

    fn into_call(self) -> Call {
        self.call
    }
}

/// The names of the parameters of an operation's path.
fn names(operation: &Operation) -> impl Iterator<Item = &'static str> + use<> {
    let pieces = operation.path().split('{').skip(1);
    pieces.filter_map(|piece| Some(piece.split_once('}')?.0))
}
