//! The parameters of one call.

use std::fmt;

use http::header::{HeaderName, HeaderValue};
use serde::Serialize;

use super::pairs;
use super::parameter::{Parameter, Place, Style};
use super::percent::{Keep, encode};
use super::value::{Fault, Node, write_scalar};
use crate::error::{Error, Kind};

/// The serialized parameters of a call: values in the path, the query, headers and cookies.
///
/// Null is not sent: neither as a value, nor as an item of a list or a member of an object. An empty list and an empty
/// object are not sent either. In a path these are errors. A space is sent as `%20`. A value for which the style has no
/// rule, such as an object in a list, is sent as JSON. Headers are not percent-encoded, and are sent as UTF-8.
#[derive(Clone, Default)]
pub struct Parameters {
    /// The values of the path, one after the other.
    path: String,
    query: String,
    /// The places of the parameters in the path, the query and the cookies, so that setting one again replaces it.
    written: Vec<Written>,
    /// What few calls have.
    others: Option<Box<Others>>,
}

#[derive(Clone, Default)]
struct Others {
    headers: Vec<(HeaderName, HeaderValue)>,
    cookies: String,
}

#[derive(Clone)]
struct Written {
    place: Place,
    name: &'static str,
    start: usize,
    end: usize,
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only the names: a value may be a secret. A pair in the text may have no name, such as JSON in a query.
        let names = |place: Place| {
            let written = self.written.iter().filter(move |it| it.place == place && it.start < it.end);
            written.map(|it| it.name).collect::<Vec<_>>()
        };
        f.debug_struct("Parameters")
            .field("path", &names(Place::Path))
            .field("query", &names(Place::Query))
            .field("headers", &self.headers().map(|(name, _)| name).collect::<Vec<_>>())
            .field("cookies", &names(Place::Cookie))
            .finish()
    }
}

impl Parameters {
    /// Adds a value. Do not call it for an optional parameter that is not set.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if the value cannot be sent there. The message names the parameter.
    pub fn push(&mut self, parameter: &Parameter, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let name = parameter.name();
        self.forget(parameter.place, name);
        let Some(text) = self.text_mut(parameter.place) else {
            return self.push_header(parameter, value).map_err(|fault| refuse(name, &fault.to_string()));
        };
        let start = text.len();
        let pushed = match parameter.place {
            Place::Path => write_path(text, parameter, value),
            Place::Cookie => check_cookie_name(name).and_then(|()| pairs::write(text, parameter, name, value)),
            Place::Query | Place::Header => match parameter.whole {
                Some(encoding) => pairs::write_whole(text, parameter, encoding, value),
                None => pairs::write(text, parameter, name, value),
            },
        };
        if let Err(fault) = pushed {
            text.truncate(start);
            return Err(refuse(name, &fault.to_string()));
        }
        let end = text.len();
        self.written.push(Written { place: parameter.place, name, start, end });
        Ok(())
    }

    /// Adds a pair to the query that is not a parameter of the document.
    pub(crate) fn append_query(&mut self, name: &str, value: &str) {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        encode(&mut self.query, name, Keep::Name);
        self.query.push('=');
        encode(&mut self.query, value, Keep::Unreserved);
    }

    /// The text of all values of a place. Each header has its own.
    fn text_mut(&mut self, place: Place) -> Option<&mut String> {
        match place {
            Place::Path => Some(&mut self.path),
            Place::Query => Some(&mut self.query),
            Place::Cookie => Some(&mut self.others.get_or_insert_default().cookies),
            Place::Header => None,
        }
    }

    /// Removes the earlier text of a parameter.
    fn forget(&mut self, place: Place, name: &'static str) {
        if place == Place::Header
            && let Some(others) = &mut self.others
        {
            others.headers.retain(|(known, _)| !known.as_str().eq_ignore_ascii_case(name));
        }
        let Some(index) = self.written.iter().position(|it| it.place == place && it.name == name) else { return };
        let Written { start, end, .. } = self.written.remove(index);
        let Some(text) = self.text_mut(place) else { return };
        text.replace_range(start..end, "");
        // The first pair has no separator before it. Values of a path have none.
        let is_first = start == 0 && place != Place::Path;
        let lead = if is_first { text.len() - text.trim_start_matches(['&', ';', ' ']).len() } else { 0 };
        text.replace_range(..lead, "");
        for later in self.written.iter_mut().filter(|it| it.place == place && it.start > start) {
            later.start -= end - start;
            later.end -= end - start;
            if is_first {
                later.start = later.start.saturating_sub(lead);
                later.end -= lead;
            }
        }
    }

    fn push_header(&mut self, parameter: &Parameter, value: &(impl Serialize + ?Sized)) -> Result<(), Fault> {
        let Some(text) = delimited(parameter, value)? else { return Ok(()) };
        let name = HeaderName::from_bytes(parameter.name().as_bytes())
            .map_err(|_| Fault::bad("its name is not a valid header name"))?;
        let mut value =
            HeaderValue::from_str(&text).map_err(|_| Fault::bad("it has a character that a header cannot have"))?;
        value.set_sensitive(parameter.sensitive);
        self.others.get_or_insert_default().headers.push((name, value));
        Ok(())
    }

    /// The value of a path parameter: a segment or a part of one, not percent-encoded, with U+FDD0 for each backslash.
    #[must_use]
    pub fn path_value(&self, name: &str) -> Option<&str> {
        self.path_values().find(|(known, _)| *known == name).map(|(_, text)| text)
    }

    /// A query template of a path with the values of its parameters, percent-encoded.
    pub(crate) fn fill_query(&self, template: &str) -> String {
        let (mut query, mut rest) = (String::new(), template);
        // In one pass, so that a value is never read as a template.
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            query.push_str(before);
            encode(&mut query, &self.path_value(name).unwrap_or_default().replace(BACKSLASH, "\\"), Keep::Unreserved);
            rest = after;
        }
        query.push_str(rest);
        query
    }

    /// All values of the path, by name, as [`Parameters::path_value`] returns them.
    pub fn path_values(&self) -> impl Iterator<Item = (&'static str, &str)> + Clone {
        let written = self.written.iter().filter(|it| it.place == Place::Path);
        written.filter_map(|it| Some((it.name, self.path.get(it.start..it.end)?)))
    }

    /// The path of a URL with the backslashes of its values, percent-encoded; `None` if there are none.
    pub(crate) fn with_backslashes(&self, path: &str) -> Option<String> {
        self.path.contains(BACKSLASH).then(|| path.replace("%EF%B7%90", "%5C"))
    }

    /// The value of a parameter of the path, the query or a header, such as `path.id`, as it is sent; without
    /// percent-encoding.
    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        match name.split_once('.')? {
            ("path", name) => self.path_value(name).map(|value| value.replace(BACKSLASH, "\\")),
            ("query", name) => {
                let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
                pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
            }
            ("header", name) => {
                let (_, value) = self.headers().find(|(known, _)| known.as_str().eq_ignore_ascii_case(name))?;
                Some(value.to_str().ok()?.to_owned())
            }
            _ => None,
        }
    }

    /// The query, percent-encoded and without a `?`; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The headers, without `Cookie`, in the order in which they were set.
    pub fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.others.iter().flat_map(|others| &others.headers).map(|(name, value)| (name, value))
    }

    pub(crate) fn has_header(&self, name: &HeaderName) -> bool {
        self.headers().any(|(known, _)| known == name)
    }

    /// The value of the header `Cookie`; empty if there is none.
    #[must_use]
    pub fn cookies(&self) -> &str {
        self.others.as_ref().map_or("", |others| others.cookies.as_str())
    }
}

fn refuse(name: &str, words: &str) -> Error {
    Error::new(Kind::Argument, format!("`{name}` cannot be sent: {words}"))
}

/// Checks that a value can be sent as one segment of a path.
///
/// # Errors
/// [`Error::is_invalid_argument`] if it is empty, `.` or `..`, or has a `/`, a `\` or a control character. Such a value
/// could reach another resource, because clients and servers normalize URLs. The message has the name, but not the
/// value.
///
/// ```
/// use connectors_runtime::encode::check_segment;
///
/// assert!(check_segment("id", "2Bq.x~1").is_ok());
/// assert!(check_segment("id", "..").unwrap_err().is_invalid_argument());
/// ```
pub fn check_segment(name: &str, value: &str) -> Result<(), Error> {
    check_text(value, false).map_err(|fault| refuse(name, &fault.to_string()))
}

/// Whether a byte is one of the characters that most ids consist of. A table, because each id of each call is checked.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let it = byte as u8;
        plain[byte] = it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
        byte += 1;
    }
    plain
};

/// Represents a backslash of a path value until the URL is built. progenitor does not encode a backslash, and a URL parser
/// reads it as a slash. Unicode reserves this character for such internal use.
const BACKSLASH: char = '\u{fdd0}';

fn check_text(text: &str, slashes: bool) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(Fault::bad("it is empty"));
    }
    // Most ids have only these characters, and need no further check.
    if text.bytes().all(|byte| PLAIN[usize::from(byte)]) {
        return Ok(());
    }
    if !slashes && text.contains('/') {
        return Err(Fault::bad("it has a `/`, which separates the segments of a path"));
    }
    if text.contains(BACKSLASH) {
        return Err(Fault::bad("it has the character U+FDD0, which no text may have"));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::bad("it has a control character"));
    }
    // Some servers read a backslash as a slash.
    if text.split(['/', '\\']).any(|segment| matches!(segment, "." | "..")) {
        return Err(Fault::bad("`.` and `..` lead to another resource"));
    }
    Ok(())
}

/// Appends a value of a path.
fn write_path(path: &mut String, parameter: &Parameter, value: &(impl Serialize + ?Sized)) -> Result<(), Fault> {
    let mut is_empty = true;
    let mut push = |text: &str| {
        is_empty = false;
        check_text(text, parameter.reserved)?;
        if text.contains('\\') {
            path.extend(text.chars().map(|it| if it == '\\' { BACKSLASH } else { it }));
        } else {
            path.push_str(text);
        }
        Ok(())
    };
    let is_plain = parameter.style == Style::Simple && !parameter.has_media_type();
    // Most values are ids, which need no text of their own.
    let written = if is_plain { write_scalar(value, &mut push) } else { Err(Fault::NotScalar) };
    match written {
        Err(Fault::NotScalar) => {
            if let Some(text) = delimited(parameter, value)? {
                push(&text)?;
            }
        }
        written => written?,
    }
    if is_empty { Err(Fault::bad("it is empty")) } else { Ok(()) }
}

fn check_cookie_name(name: &str) -> Result<(), Fault> {
    HeaderName::from_bytes(name.as_bytes()).map(drop).map_err(|_| Fault::bad("its name is not a valid cookie name"))
}

/// A value as text for a path or a header; `None` for null and for an empty value.
fn delimited(parameter: &Parameter, value: &(impl Serialize + ?Sized)) -> Result<Option<String>, Fault> {
    if parameter.has_media_type() {
        return pairs::content(parameter, value);
    }
    let mut scalar = None;
    let written = write_scalar(value, &mut |text| {
        scalar = Some(text.to_owned());
        Ok(())
    });
    let node = match written {
        Ok(()) => scalar.map_or(Node::Null, Node::Text),
        Err(Fault::NotScalar) => Node::of(value)?,
        Err(fault) => return Err(fault),
    };
    write_delimited(parameter, node)
}

fn write_delimited(parameter: &Parameter, node: Node) -> Result<Option<String>, Fault> {
    let (name, explode) = (parameter.name(), parameter.explodes());
    let (prefix, separator) = match (parameter.style, explode) {
        (Style::Label, true) => (".".to_owned(), '.'),
        (Style::Label, false) => (".".to_owned(), ','),
        (Style::Matrix, true) => (";".to_owned(), ';'),
        (Style::Matrix, false) => (format!(";{name}="), ','),
        _ => (String::new(), ','),
    };
    let clash = |text: &str, other: Option<char>| {
        let found = [Some(separator), other].into_iter().flatten().find(|character| text.contains(*character));
        found.map_or(Ok(()), |it| Err(Fault::Bad(format!("a part of it has `{it}`, which separates the parts"))))
    };
    let mut parts = Vec::new();
    match node {
        Node::Null => return Ok(None),
        Node::List(items) => {
            for text in items.into_iter().filter(|item| !item.is_null()).map(Node::into_text) {
                clash(&text, None)?;
                let each = explode && parameter.style == Style::Matrix;
                parts.push(if each { format!("{name}={text}") } else { text });
            }
        }
        Node::Object(members) => {
            for (key, member) in members.into_iter().filter(|(_, member)| !member.is_null()) {
                let text = member.into_text();
                clash(&key, explode.then_some('='))?;
                clash(&text, None)?;
                parts.extend(if explode { vec![format!("{key}={text}")] } else { vec![key, text] });
            }
        }
        scalar => {
            let text = scalar.into_text();
            return Ok(Some(match parameter.style {
                Style::Label => format!(".{text}"),
                Style::Matrix if text.is_empty() => format!(";{name}"),
                Style::Matrix => format!(";{name}={text}"),
                _ => text,
            }));
        }
    }
    Ok((!parts.is_empty()).then(|| prefix + &parts.join(separator.encode_utf8(&mut [0; 4]))))
}
