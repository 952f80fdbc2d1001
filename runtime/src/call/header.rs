//! Typed headers that a document describes: of responses, and of the requests that a service sends.

use std::fmt;
use std::marker::PhantomData;

use http::header::HeaderMap;

use crate::error::{Error, Kind};
use crate::object::{Json, from_slice};

use super::response::Response;

/// A header of responses, or of webhooks, with its type. Generated code has one for each header of the document, in its
/// module `headers`.
///
/// ```
/// use connectors_runtime::{Error, Header, HeaderForm, Response};
///
/// // Generated code does this part.
/// const REMAINING: Header<i64> = Header::new("x-rate-limit-remaining", HeaderForm::Plain);
///
/// fn remaining<T>(response: &Response<T>) -> Result<Option<i64>, Error> {
///     response.header_as(REMAINING)
/// }
/// ```
pub struct Header<T> {
    name: &'static str,
    form: HeaderForm,
    ty: PhantomData<fn() -> T>,
}

/// How the value of a header is serialized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderForm {
    /// A text.
    Text,
    /// A number or a boolean.
    Plain,
    /// A text, a number or a boolean.
    Any,
    /// Texts, separated by commas.
    Texts,
    /// Numbers or booleans, separated by commas.
    Plains,
    /// An object: alternating names and values, `a,1,b,2`.
    Object,
    /// An object: `a=1,b=2`.
    ExplodedObject,
    /// JSON.
    Json,
}

impl<T> Clone for Header<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Header<T> {}

impl<T> fmt::Debug for Header<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Header").field(&self.name).finish()
    }
}

impl<T> Header<T> {
    /// A header with this name, in lower case.
    #[must_use]
    pub const fn new(name: &'static str, form: HeaderForm) -> Self {
        Self { name, form, ty: PhantomData }
    }

    /// The name, in lower case.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T: Json> Header<T> {
    /// Reads the header; `None` if it is absent.
    ///
    /// # Errors
    /// [`Error::is_decode`] if its value does not match the document.
    pub fn read(&self, headers: &HeaderMap) -> Result<Option<T>, Error> {
        let Some(text) = text(headers, self.name) else { return Ok(None) };
        let read = |json: String| from_slice(json.as_bytes(), json.len().saturating_mul(64).saturating_add(4096));
        let read = match text {
            None => return Err(malformed(self.name, "it is not text")),
            Some(text) => match self.form {
                HeaderForm::Text => read(quoted(&text)),
                HeaderForm::Plain | HeaderForm::Json => read(text),
                HeaderForm::Any => read(plain_or_quoted(&text)).or_else(|_| read(quoted(&text))),
                HeaderForm::Texts => read(list(&text, quoted)),
                HeaderForm::Plains => read(list(&text, str::to_owned)),
                HeaderForm::Object | HeaderForm::ExplodedObject => {
                    let exploded = self.form == HeaderForm::ExplodedObject;
                    read(object(&text, exploded, plain_or_quoted)).or_else(|_| read(object(&text, exploded, quoted)))
                }
            },
        };
        read.map(Some).map_err(|mismatch| malformed(self.name, &mismatch.to_string()))
    }
}

impl<T> Response<T> {
    /// A header that the document describes; `None` if it is absent. See the module `headers` of a generated client.
    ///
    /// # Errors
    /// [`Error::is_decode`] if its value does not match the document. The response stays usable, and
    /// [`Response::headers`] has the unchanged value.
    pub fn header_as<V: Json>(&self, header: Header<V>) -> Result<Option<V>, Error> {
        header.read(self.headers()).map_err(|error| self.describe(error))
    }
}

impl Error {
    /// A documented header of the failed response; `None` if it is absent, or if there was no response.
    ///
    /// # Errors
    /// [`Error::is_decode`] if its value does not match the document.
    pub fn header_as<V: Json>(&self, header: Header<V>) -> Result<Option<V>, Error> {
        self.headers().map_or(Ok(None), |headers| header.read(headers))
    }
}

fn malformed(name: &str, what: &str) -> Error {
    Error::new(Kind::Decode, format!("the header `{name}` does not match the document: {what}"))
}

/// All lines of a header as one value (RFC 9110, section 5.3); `Some(None)` if they are not text.
#[allow(clippy::option_option, reason = "absent and unreadable differ")]
pub(super) fn text(headers: &HeaderMap, name: &str) -> Option<Option<String>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    let lines = std::iter::once(first).chain(values).map(|value| std::str::from_utf8(value.as_bytes()));
    Some(lines.collect::<Result<Vec<_>, _>>().ok().map(|lines| lines.join(", ").trim().to_owned()))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A number or a boolean as JSON, or else a JSON string.
fn plain_or_quoted(text: &str) -> String {
    let plain = matches!(text, "true" | "false") || text.parse::<serde_json::Number>().is_ok();
    if plain { text.to_owned() } else { quoted(text) }
}

/// The parts between commas that are not in quotes.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let (mut within, mut escaped) = (false, false);
    let separates = move |c: char| {
        let was_escaped = std::mem::take(&mut escaped);
        match c {
            '\\' if within && !was_escaped => escaped = true,
            '"' if !was_escaped => within = !within,
            _ => {}
        }
        c == ',' && !within
    };
    text.split(separates).map(str::trim).filter(|item| !item.is_empty())
}

fn list(text: &str, item: fn(&str) -> String) -> String {
    format!("[{}]", items(text).map(item).collect::<Vec<_>>().join(","))
}

fn object(text: &str, exploded: bool, value: fn(&str) -> String) -> String {
    let mut members = Vec::new();
    let mut items = items(text);
    while let Some(item) = items.next() {
        let (name, member) = match exploded {
            true => item.split_once('=').unwrap_or((item, "")),
            false => (item, items.next().unwrap_or_default()),
        };
        members.push(format!("{}:{}", quoted(name), value(member)));
    }
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;

    fn read<T: Json>(form: HeaderForm, lines: &[&'static [u8]]) -> Result<Option<T>, Error> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-a", HeaderValue::from_bytes(line).unwrap());
        }
        Header::new("x-a", form).read(&headers)
    }

    #[test]
    fn a_header_is_absent_or_typed_or_malformed() {
        assert_eq!(read::<i64>(HeaderForm::Plain, &[]).unwrap(), None);
        assert_eq!(read::<i64>(HeaderForm::Plain, &[b" 7 "]).unwrap(), Some(7));
        assert_eq!(read::<bool>(HeaderForm::Plain, &[b"true"]).unwrap(), Some(true));
        assert_eq!(read::<String>(HeaderForm::Text, &[b"\"v1\""]).unwrap().unwrap(), "\"v1\"");
        assert_eq!(read::<String>(HeaderForm::Text, &["gr\u{fc}n".as_bytes()]).unwrap().unwrap(), "gr\u{fc}n");
        assert_eq!(read::<String>(HeaderForm::Text, &[b"a", b"b"]).unwrap().unwrap(), "a, b");
        for bad in [&b"many"[..], b"7x", b"", b"\"7\"", b"\xff"] {
            let error = read::<i64>(HeaderForm::Plain, &[bad]).unwrap_err();
            assert!(error.is_decode() && error.to_string().contains("`x-a`"), "{error}");
        }
    }

    #[test]
    fn lists_and_objects_are_read_by_their_style() {
        let texts = read::<Vec<String>>(HeaderForm::Texts, &[b"a, \"b, c\",,", b"d"]).unwrap().unwrap();
        assert_eq!(texts, ["a", "\"b, c\"", "d"]);
        assert_eq!(read::<Vec<i64>>(HeaderForm::Plains, &[b"1,2"]).unwrap().unwrap(), [1, 2]);
        let object = |form, text| read::<Value>(form, &[text]).unwrap().unwrap();
        assert_eq!(object(HeaderForm::Object, b"a,1,b,x"), json!({"a": 1, "b": "x"}));
        assert_eq!(object(HeaderForm::ExplodedObject, b"a=1,b=x=y"), json!({"a": 1, "b": "x=y"}));
        assert_eq!(object(HeaderForm::Json, b"{\"a\":[1]}"), json!({"a": [1]}));
        assert_eq!(object(HeaderForm::Any, b"1.5"), json!(1.5));
        assert_eq!(object(HeaderForm::Any, b"1.5.0"), json!("1.5.0"));
        // Digits stay text if the type is text.
        assert_eq!(read::<String>(HeaderForm::Any, &[b"15"]).unwrap().unwrap(), "15");
    }
}
