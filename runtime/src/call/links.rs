//! The requests that a response links to. The document's runtime expressions select their arguments.

use std::borrow::Cow;
use std::fmt;

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
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expression {
    /// A fixed value, as JSON.
    Constant(&'static str),
    /// A place in the JSON body of the response, by a JSON Pointer (RFC 6901). The empty pointer is the whole body.
    Body(&'static str),
    /// A header of the response.
    Header(&'static str),
    /// A parameter of the request, such as `path.id`: one of [`Operation::with_kept`]. Its value is the text that was
    /// sent. If the second value is true, that text is a number or a boolean, also in JSON.
    Request(&'static str, bool),
    /// The status code of the response.
    Status,
}

/// An argument of a linked request: the parameter, whether the request needs it, and where its value is.
#[doc(hidden)]
pub type LinkedArgument = (Parameter, bool, Expression);

/// A response that links to further requests. Generated methods of links create it.
#[doc(hidden)]
pub struct Origin<'a> {
    status: Option<u16>,
    headers: Option<&'a HeaderMap>,
    kept: &'a Kept,
    body: Option<Result<Cow<'a, [u8]>, Error>>,
    /// Why the link cannot be followed from there.
    refused: Option<String>,
}

/// Omits values, which may be secrets.
impl fmt::Debug for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").field("status", &self.status).finish_non_exhaustive()
    }
}

impl<'a> Origin<'a> {
    /// A successful response of an operation. `has` returns whether responses with a status have the link.
    #[must_use]
    pub fn response<T>(operation: &'static Operation, response: &'a Response<T>, has: fn(u16) -> bool) -> Self {
        Self {
            status: Some(response.status()),
            headers: Some(response.headers()),
            kept: &response.kept,
            body: None,
            refused: refused(operation, &response.kept, true, Some(response.status()), has),
        }
    }

    /// A failed call of an operation. Only a failure that the server returned links to requests. The response to a
    /// token request does not, and neither does a success that cannot be read. `has` returns whether responses with a status
    /// have the link.
    #[must_use]
    pub fn failure(operation: &'static Operation, error: &'a Error, has: fn(u16) -> bool) -> Self {
        Self {
            status: error.status(),
            headers: error.headers(),
            kept: error.kept(),
            body: error.body_bytes().map(|body| Ok(body.into())),
            refused: refused(operation, error.kept(), error.is_from_response(), error.status(), has),
        }
    }

    /// Adds the JSON body of the response.
    #[must_use]
    pub fn body(mut self, value: &impl Json) -> Self {
        self.body = Some(to_vec(value).map(|body| body.to_vec().into()));
        self
    }

    /// The values that expressions select.
    fn values(&self) -> Result<Values<'_>, Error> {
        match &self.refused {
            Some(refused) => Err(cannot(refused)),
            None => Ok(Values { origin: self, body: self.tree() }),
        }
    }

    /// The body, if it is JSON.
    fn tree(&self) -> Result<Option<Tree<'_>>, Error> {
        let Some(body) = &self.body else { return Ok(None) };
        let body = body.as_ref().map_err(Error::clone)?;
        Ok(std::str::from_utf8(body).ok().and_then(|text| Tree::parse(text).ok()))
    }
}

/// The values of an [`Origin`], whose body is parsed once.
struct Values<'o> {
    origin: &'o Origin<'o>,
    body: Result<Option<Tree<'o>>, Error>,
}

impl Values<'_> {
    /// Calls `set` with the value of an expression.
    fn get<T>(&self, expression: Expression, name: &str, set: impl FnOnce(&Sent<'_>) -> T) -> Result<T, Error> {
        let origin = self.origin;
        let quoted = |text: String| Tree::Text(text.into());
        let single = match expression {
            Expression::Constant(json) => Some(Tree::parse(json).map_err(|_| cannot("the linked value is not JSON"))?),
            Expression::Status => origin.status.map(|status| Tree::Number(status.to_string().into())),
            Expression::Request(name, is_json) => origin.kept.get(name).map(|text| sent(text, is_json)),
            Expression::Header(name) => origin.headers.and_then(|headers| text(headers, name).flatten()).map(quoted),
            Expression::Body(_) => None,
        };
        let found = match (&single, expression) {
            (None, Expression::Body(pointer)) => {
                let tree = self.body.as_ref().map_err(Error::clone)?.as_ref();
                tree.and_then(|tree| tree.pointer(pointer)).filter(|found| !matches!(found, Tree::Null))
            }
            (single, _) => single.as_ref(),
        };
        let found = found.ok_or_else(|| cannot(&format!("the response has no value for `{name}`")))?;
        Ok(set(&Sent(found)))
    }
}

/// Why a link of `operation` cannot be followed from a response, if it cannot.
fn refused(
    operation: &'static Operation,
    kept: &Kept,
    is_response: bool,
    status: Option<u16>,
    has: fn(u16) -> bool,
) -> Option<String> {
    let name = operation.name();
    // A response that a program made itself has no operation.
    if kept.operation::<Operation>() != Some(operation) {
        return Some(format!("the link belongs to responses of `{name}`, and this is not one"));
    }
    match status.filter(|_| is_response) {
        None => Some(format!("the link belongs to failures that `{name}` returned, and this is not one")),
        Some(status) if has(status) => None,
        Some(status) => Some(format!("the link belongs to responses of `{name}` with another status than {status}")),
    }
}

/// The value of a parameter as it was sent.
fn sent(text: &str, is_json: bool) -> Tree<'_> {
    match Tree::parse(text) {
        Ok(value @ (Tree::Number(_) | Tree::Bool(_))) if is_json => value,
        _ => Tree::Text(text.into()),
    }
}

fn cannot(message: &str) -> Error {
    Error::new(Kind::Argument, message)
}

impl Call {
    /// Sets the parameters of a link from a response. An optional parameter without a value there stays unset.
    #[doc(hidden)]
    pub fn link(&mut self, origin: &Origin<'_>, arguments: &[LinkedArgument]) {
        let values = match origin.values() {
            Ok(values) => values,
            Err(error) => return self.refuse(error),
        };
        for (parameter, required, expression) in arguments {
            let set = values.get(*expression, parameter.name(), |value| self.set(parameter, value));
            if let (Err(error), true) = (set, *required) {
                self.refuse(error);
            }
        }
    }

    /// Sets the JSON body of a link from a response.
    #[doc(hidden)]
    pub fn link_body(&mut self, origin: &Origin<'_>, media_type: &str, expression: Expression) {
        let json =
            origin.values().and_then(|values| values.get(expression, "body", |value| serde_json::to_string(value)));
        match json {
            Ok(Ok(json)) => self.body_text(media_type, json),
            Ok(Err(error)) => self.refuse(cannot("the linked value cannot be sent").caused_by(error)),
            Err(error) => self.refuse(error),
        }
    }
}

/// A value, serialized like a parameter, with all digits of a number.
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

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    static ADD: Operation = Operation::new("add", "pets", "add", "POST", "/a");
    static OTHER: Operation = Operation::new("addShop", "shops", "add", "POST", "/b");

    fn failed(kind: Kind, status: Option<u16>) -> Error {
        let error = Error::new(kind, "no").operation_named("add").with_body(br#"{"existing": 7}"#);
        let error = error.keeping(Kept::new(&ADD, Vec::new()));
        match status {
            Some(status) => error.with_status(StatusCode::from_u16(status).unwrap()),
            None => error,
        }
    }

    /// The linked value, by a link of a 4XX other than 422.
    fn read(operation: &'static Operation, error: &Error) -> Result<String, Error> {
        let has = |status: u16| match status {
            422 => false,
            400..=499 => true,
            _ => false,
        };
        let origin = Origin::failure(operation, error, has);
        let json = |value: &Sent<'_>| serde_json::to_string(value).unwrap();
        origin.values().and_then(|values| values.get(Expression::Body("/existing"), "id", json))
    }

    #[test]
    fn only_a_failure_that_the_server_returned_leads_to_requests() {
        assert_eq!(read(&ADD, &failed(Kind::Status, Some(409))).unwrap(), "7");
        for error in [
            failed(Kind::Status, Some(401)).before_sending(),
            failed(Kind::Decode, Some(200)),
            failed(Kind::TooLarge, Some(200)),
            failed(Kind::Broken, Some(200)),
            failed(Kind::Timeout, None),
        ] {
            let refused = read(&ADD, &error).unwrap_err();
            assert!(refused.is_invalid_argument() && refused.to_string().contains("`add` returned"), "{refused}");
        }
    }

    #[test]
    fn a_link_belongs_to_a_status_of_an_operation() {
        for status in [422, 500] {
            let refused = read(&ADD, &failed(Kind::Status, Some(status))).unwrap_err();
            assert!(refused.is_invalid_argument() && refused.to_string().contains("another status"), "{refused}");
        }
        // The method of another group has the same name.
        let error = read(&OTHER, &failed(Kind::Status, Some(409))).unwrap_err();
        assert!(error.is_invalid_argument() && error.to_string().contains("responses of `add`"), "{error}");
    }

    #[test]
    fn a_number_and_a_boolean_of_a_request_stay_what_they_were() {
        let json = |text, is_json| serde_json::to_string(&Sent(&sent(text, is_json))).unwrap();
        for (text, is_json, expected) in [
            ("7", true, "7"),
            ("-1.5", true, "-1.5"),
            ("12345678901234567890123", true, "12345678901234567890123"),
            ("true", true, "true"),
            ("7", false, "\"7\""),
            ("true", false, "\"true\""),
            // No value of the document's type, but what was sent.
            ("null", true, "\"null\""),
            ("[1]", true, "\"[1]\""),
            ("a", true, "\"a\""),
        ] {
            assert_eq!(json(text, is_json), expected, "{text}");
        }
    }
}
