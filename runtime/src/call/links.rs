//! The requests that a response leads to: their arguments, by the runtime expressions of the document.

use std::fmt;

use bytes::Bytes;
use http::header::HeaderMap;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::encode::Parameter;
use crate::error::{Error, Kept, Kind};
use crate::http::Operation;
use crate::object::{Json, Number, Tree, to_vec};

use super::header::text;
use super::request::Call;
use super::response::Response;

/// Where the value of a linked argument is: a runtime expression (OpenAPI 3.2, "Runtime Expressions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expression {
    /// A fixed value, as JSON.
    Constant(&'static str),
    /// A place in the JSON body of the response, by a JSON Pointer (RFC 6901). The empty pointer is the whole body.
    Body(&'static str),
    /// A header of the response.
    Header(&'static str),
    /// A parameter of the request, such as `path.id`: one of [`Operation::with_kept`].
    Request(&'static str),
    /// The status code of the response.
    Status,
}

/// An argument of a linked request: the parameter, whether the request needs it, and where its value is.
pub type LinkedArgument = (Parameter, bool, Expression);

/// A response that leads to further requests. Generated methods of links make one.
pub struct Origin<'a> {
    status: Option<u16>,
    headers: Option<&'a HeaderMap>,
    kept: &'a Kept,
    body: Option<Result<Bytes, Error>>,
    /// The operation that the link belongs to, unless the response is one of it.
    other: Option<&'static str>,
}

/// Without values, which may be secrets.
impl fmt::Debug for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").field("status", &self.status).finish_non_exhaustive()
    }
}

impl<'a> Origin<'a> {
    /// A successful response of an operation.
    #[must_use]
    pub fn response<T>(operation: &'static Operation, response: &'a Response<T>) -> Self {
        let known = response.about.as_ref().and_then(|about| about.operation());
        Self {
            status: Some(response.status()),
            headers: Some(response.headers()),
            kept: &response.kept,
            body: None,
            other: known.is_some_and(|known| known != operation).then_some(operation.name()),
        }
    }

    /// A failed call of an operation.
    #[must_use]
    pub fn failure(operation: &'static Operation, error: &'a Error) -> Self {
        Self {
            status: error.status(),
            headers: error.headers(),
            kept: error.kept(),
            body: error.body_bytes().map(|body| Ok(Bytes::copy_from_slice(body))),
            other: (error.operation() != Some(operation.name())).then_some(operation.name()),
        }
    }

    /// Adds the JSON body of the response.
    #[must_use]
    pub fn body(mut self, value: &impl Json) -> Self {
        self.body = Some(to_vec(value));
        self
    }

    /// The value of an expression as JSON text; `None` if the response does not have it.
    fn value(&self, expression: Expression) -> Result<Option<String>, Error> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        Ok(match expression {
            Expression::Constant(json) => Some(json.to_owned()),
            Expression::Status => self.status.map(|status| status.to_string()),
            Expression::Request(name) => self.kept.get(name).map(quoted),
            Expression::Header(name) => {
                self.headers.and_then(|headers| text(headers, name).flatten()).map(|text| quoted(&text))
            }
            Expression::Body(pointer) => {
                let Some(body) = &self.body else { return Ok(None) };
                let body = body.as_ref().map_err(Error::clone)?;
                let tree = std::str::from_utf8(body).ok().and_then(|text| Tree::parse(text).ok());
                let found = tree.as_ref().and_then(|tree| tree.pointer(pointer));
                let found = found.filter(|found| !matches!(found, Tree::Null));
                match found.map(|found| serde_json::to_string(&Sent(found))) {
                    Some(Ok(json)) => Some(json),
                    Some(Err(error)) => return Err(cannot("the linked value cannot be sent").caused_by(error)),
                    None => None,
                }
            }
        })
    }

    fn needed(&self, expression: Expression, name: &str) -> Result<String, Error> {
        if let Some(operation) = self.other {
            return Err(cannot(&format!("the link belongs to responses of `{operation}`, and this is not one")));
        }
        self.value(expression)?.ok_or_else(|| cannot(&format!("the response has no value for `{name}`")))
    }
}

fn cannot(message: &str) -> Error {
    Error::new(Kind::Argument, message)
}

impl Call {
    /// Sets the parameters that a link takes from a response. An optional parameter without a value there stays unset.
    pub fn link(&mut self, origin: &Origin<'_>, arguments: &[LinkedArgument]) {
        for (parameter, required, expression) in arguments {
            match origin.needed(*expression, parameter.name()) {
                Ok(json) => match Tree::parse(&json) {
                    Ok(tree) => self.set(parameter, &Sent(&tree)),
                    Err(_) => self.refuse(cannot("the linked value is not JSON")),
                },
                Err(error) if *required || origin.other.is_some() => self.refuse(error),
                Err(_) => {}
            }
        }
    }

    /// Sets the JSON body that a link takes from a response.
    pub fn link_body(&mut self, origin: &Origin<'_>, media_type: &str, expression: Expression) {
        match origin.needed(expression, "body") {
            Ok(json) => self.body_text(media_type, json),
            Err(error) => self.refuse(error),
        }
    }
}

/// A value as a parameter is serialized, with all digits of a number.
struct Sent<'a>(&'a Tree<'a>);

impl Serialize for Sent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Tree::Null => serializer.serialize_unit(),
            Tree::Bool(value) => serializer.serialize_bool(*value),
            Tree::Number(digits) => match digits.parse::<Number>() {
                Ok(number) => number.serialize(serializer),
                Err(error) => Err(serde::ser::Error::custom(error)),
            },
            Tree::Text(text) => serializer.serialize_str(text),
            Tree::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Sent(item))?;
                }
                list.end()
            }
            Tree::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                for (name, member) in members {
                    object.serialize_entry(name, &Sent(member))?;
                }
                object.end()
            }
        }
    }
}
