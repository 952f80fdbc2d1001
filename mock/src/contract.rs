//! A document's rules: finds the operation of a request, and checks whether a request or a response is valid. It knows
//! no service.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use hyper::body::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::forms::{self, Part};
use crate::lock;
use crate::media::{content, essence, is_json};
use crate::message::{Answer, Request};
use crate::operation::{operations, segments};
use crate::schema::{Breach, Check, Checker, Document, Mistake, View, escape, is_list, is_scalar, is_word};

pub use crate::operation::{Body, Contents, Header, Operation, Parameter, resolve};

/// The keyword of an enum that may have values which are not listed; its value is `allow`.
pub const UNKNOWN_VALUES: &str = "x-speakeasy-unknown-values";

/// A shared check, or the reason why there is none.
type Compiled = Arc<Result<Check, String>>;

/// A document with its validators.
pub struct Contract {
    document: Document,
    strict: Checker,
    /// The same with all enums open; few tests need it.
    open: OnceLock<Checker>,
    operations: Vec<Operation>,
    /// The path prefixes before the document's own paths.
    prefixes: Vec<String>,
    checks: Mutex<HashMap<(String, Values), Compiled>>,
}

/// The side of the wire for which a value is checked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Values {
    /// The content of a request.
    Sent,
    /// The content of a response.
    Received,
    /// The content of a response, also with values that no enum lists.
    Open,
}

/// A request that the document does not allow: the status of the response, the place, and the reason.
pub(crate) struct Refused {
    pub(crate) status: u16,
    /// `query.limit`, or `body` with a JSON Pointer.
    pub(crate) at: String,
    pub(crate) message: String,
}

/// A response that the document does not allow.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    operation: String,
    status: u16,
    what: Wrong,
}

#[derive(Debug, Clone)]
enum Wrong {
    Undocumented,
    MediaType(String),
    /// A header that is required.
    Header(String),
    NotJson,
    Value(Mistake),
    /// The document has a schema that cannot be checked.
    Schema(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the document does not allow this response to {}, status {}: ", self.operation, self.status)?;
        match &self.what {
            Wrong::Undocumented => f.write_str("the status is not documented"),
            Wrong::MediaType(media) => write!(f, "the media type {media:?} is not documented"),
            Wrong::Header(name) => write!(f, "the header {name} is required"),
            Wrong::NotJson => f.write_str("the body is not JSON"),
            Wrong::Value(mistake) => mistake.fmt(f),
            Wrong::Schema(why) => write!(f, "its schema cannot be checked: {why}"),
        }
    }
}

impl Contract {
    /// The rules of another author's document. Such a document often uses `oneOf` for schemas of which several can fit;
    /// no client could satisfy this. So at least one schema has to fit.
    pub(crate) fn lenient(mut root: Value, prefixes: Vec<String>) -> Contract {
        relax(&mut root);
        Contract::new(root, prefixes)
    }

    /// The rules of a document. The path of a request may have one of the prefixes before the document's own path.
    pub fn new(root: Value, prefixes: Vec<String>) -> Contract {
        let operations = operations(&root);
        let document = Document::new(root);
        let strict = Checker::new(&document).with_formats();
        Contract { document, strict, open: OnceLock::new(), operations, prefixes, checks: Mutex::default() }
    }

    /// The document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Every operation, in the order of the document.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of a request, by its path with the query. If several match, the one whose first segments are literal, and
    /// then the one with more of the query in its template.
    pub fn find(&self, method: &str, target: &str) -> Option<&Operation> {
        self.fitting(method, target).into_iter().next()
    }

    /// The operation of a whole request. Paths that differ only in a fragment or in the names of parameters are the same on the
    /// wire: of their operations, it is the first that allows the request.
    pub(crate) fn of(&self, request: &Request) -> Option<&Operation> {
        let fitting = self.fitting(&request.method, &request.target());
        let allowed = fitting.iter().find(|it| fitting.len() == 1 || self.check_request(it, request).is_ok());
        allowed.or(fitting.first()).copied()
    }

    /// The best operations for a path with a query, in the order of the document.
    fn fitting(&self, method: &str, target: &str) -> Vec<&Operation> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let own = self.prefixes.iter().filter_map(|prefix| path.strip_prefix(prefix.as_str()));
        let fitting = own.chain([path]).map(|path| {
            let segments = segments(path);
            let fitting = self.operations.iter().filter(|it| it.method == method && it.fits(&segments));
            let fitting = fitting.filter(|it| it.fits_query(&query));
            let literal = |it: &Operation| it.segments.iter().map(Option::is_some).collect::<Vec<_>>();
            let rank = |it: &Operation| (literal(it), it.query.len());
            let fitting: Vec<&Operation> = fitting.collect();
            let best = fitting.iter().map(|it| rank(it)).max();
            fitting.into_iter().filter(|it| Some(rank(it)) == best).collect::<Vec<_>>()
        });
        fitting.into_iter().find(|fitting| !fitting.is_empty()).unwrap_or_default()
    }

    /// Whether any operation has this path.
    pub fn has_path(&self, path: &str) -> bool {
        self.operations.iter().any(|operation| operation.fits(&segments(self.below_prefix(operation, path))))
    }

    /// The parameters of a path, decoded, in order.
    pub fn path_values<'o>(&self, operation: &'o Operation, path: &str) -> Vec<(&'o str, String)> {
        operation.values(&segments(self.below_prefix(operation, path)))
    }

    /// The document's form of a path.
    fn below_prefix<'p>(&self, operation: &Operation, path: &'p str) -> &'p str {
        let own = self.prefixes.iter().filter_map(|prefix| path.strip_prefix(prefix.as_str()));
        own.filter(|path| path.starts_with('/')).find(|path| operation.fits(&segments(path))).unwrap_or(path)
    }

    /// Checks a request against the document, except for its credentials.
    pub(crate) fn check_request(&self, operation: &Operation, request: &Request) -> Result<(), Refused> {
        let refuse = |at: String, message: String| Refused { status: 400, at, message };
        let path = segments(self.below_prefix(operation, &request.path));
        for parameter in &operation.parameters {
            let at = || format!("{}.{}", parameter.location, parameter.name);
            let values = parameter.values(request, &path);
            if values.is_empty() && parameter.required && parameter.plain {
                return Err(refuse(at(), "it is required".to_owned()));
            }
            let is_empty = parameter.may_be_empty && values.iter().all(String::is_empty);
            if !values.is_empty() && parameter.plain && !is_empty {
                self.check_texts(&parameter.schema, &values).map_err(|mistake| refuse(at(), mistake.to_string()))?;
            }
            if let (Some((media, schema)), [value], false) = (&parameter.content, values.as_slice(), is_empty) {
                // A cookie is percent-encoded. Other values are decoded already, or are sent as they are.
                let is_cookie = parameter.location == "cookie";
                let value = if is_cookie { percent_decode_str(value).decode_utf8_lossy() } else { value.into() };
                self.check_content(schema, media, &value)
                    .map_err(|(below, message)| refuse(format!("{}{below}", at()), message))?;
            }
        }
        let Some(body) = &operation.body else { return Ok(()) };
        if request.body.is_empty() {
            let missing = || refuse("body".to_owned(), "a body is required".to_owned());
            return if body.required { Err(missing()) } else { Ok(()) };
        }
        let media = request.header("content-type").unwrap_or_default();
        let Some((_, schema)) = content(&body.contents, media) else {
            let message = format!("the media type {:?} is not documented", essence(media));
            return Err(Refused { status: 415, ..refuse("header.content-type".to_owned(), message) });
        };
        let is_form = ["multipart/form-data", "application/x-www-form-urlencoded"].contains(&essence(media).as_str());
        if is_form {
            return self
                .check_form(schema, media, &request.body)
                .map_err(|(at, message)| refuse(format!("body{at}"), message));
        }
        if !is_json(media) {
            return Ok(());
        }
        let value = request.json().ok_or_else(|| refuse("body".to_owned(), "it is not JSON".to_owned()))?;
        match self.mistake(schema, Values::Sent, &value) {
            Ok(None) | Err(_) => Ok(()),
            Ok(Some(mistake)) => Err(refuse(format!("body{}", mistake.at), mistake.to_string())),
        }
    }

    /// Checks a parameter whose text is a plain scalar, a form or JSON. Other media types are not read.
    fn check_content(&self, schema: &str, media: &str, text: &str) -> Result<(), (String, String)> {
        if essence(media) == "application/x-www-form-urlencoded" {
            return self.check_form(schema, media, text.as_bytes());
        }
        if essence(media) == "text/plain"
            && resolve(self.document.root(), schema.to_owned()).is_some_and(|(_, node)| is_scalar(node))
        {
            return self
                .check_texts(schema, &[text.to_owned()])
                .map_err(|mistake| (String::new(), mistake.to_string()));
        }
        if !is_json(media) {
            return Ok(());
        }
        let value = serde_json::from_str(text).map_err(|_| (String::new(), "it is not JSON".to_owned()))?;
        match self.mistake(schema, Values::Sent, &value) {
            Ok(None) | Err(_) => Ok(()),
            Ok(Some(mistake)) => Err((mistake.at.clone(), mistake.to_string())),
        }
    }

    /// Checks the fields of a form against an object's schema. The error has the place and the reason. Files are not
    /// read, nor fields with a style of their own, unless it is the usual one, of a scalar or of a list of numbers.
    fn check_form(&self, schema: &str, media: &str, form: &[u8]) -> Result<(), (String, String)> {
        let root = self.document.root();
        let Some((place, node)) = resolve(root, schema.to_owned()) else { return Ok(()) };
        let parts = forms::parts(media, Bytes::copy_from_slice(form));
        let parts = parts.map_err(|why| (String::new(), format!("it is not a form: {why}")))?;
        let encoding = schema.strip_suffix("/schema").and_then(|content| root.pointer(&format!("{content}/encoding")));
        let names = node["properties"].as_object().into_iter().flatten().map(|(name, _)| name);
        for name in names {
            let at = format!("/{}", escape(name));
            let own: Vec<&Part> = parts.iter().filter(|part| part.name == *name).collect();
            let is_read_only = node["properties"][name]["readOnly"] == true;
            let is_required = node["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name));
            // Lists and objects may have fields whose names only begin with this one.
            let longer = |part: &Part| part.name.starts_with(&format!("{name}["));
            if own.is_empty() && is_required && !is_read_only && !parts.iter().any(longer) {
                return Err((at, "it is required".to_owned()));
            }
            let schema = format!("{place}/properties{at}");
            let given = |key: &str| encoding.and_then(|all| all[name].get(key));
            let is_styled = given("style").is_some() || given("explode").is_some();
            let of = |place: String| resolve(root, place);
            let is_usual = given("style").is_none_or(|style| style == "form")
                && of(schema.clone()).is_some_and(|(place, node)| {
                    // An item that is a text or an object may have a comma, which is then not a separator.
                    is_scalar(node)
                        || is_list(node) && of(format!("{place}/items")).is_some_and(|(_, item)| is_word(item))
                });
            if own.is_empty() || is_styled && !is_usual || own.iter().any(|part| part.is_file) {
                continue;
            }
            let is_json = |part: &&Part| part.media.as_deref().is_some_and(is_json);
            if let [part] = own.as_slice()
                && is_json(part)
            {
                let value =
                    serde_json::from_slice(&part.content).map_err(|_| (at.clone(), "it is not JSON".to_owned()))?;
                if let Ok(Some(mistake)) = self.mistake(&schema, Values::Sent, &value) {
                    return Err((format!("{at}{}", mistake.at), mistake.to_string()));
                }
                continue;
            }
            let texts: Option<Vec<String>> =
                own.iter().map(|part| String::from_utf8(part.content.to_vec()).ok()).collect();
            if let Some(texts) = texts {
                self.check_texts(&schema, &texts).map_err(|mistake| (at, mistake.to_string()))?;
            }
        }
        Ok(())
    }

    /// Texts are a valid value if one reading of them is valid: as a text, as JSON, or as a list.
    pub(crate) fn check_texts(&self, schema: &str, texts: &[String]) -> Result<(), Mistake> {
        let scalar = |text: &String| serde_json::from_str::<Value>(text).ok().filter(|value| !value.is_string());
        let read = |texts: &[String]| -> [Value; 2] {
            let plain = texts.iter().map(|text| Value::from(text.as_str())).collect();
            [plain, texts.iter().map(|text| scalar(text).unwrap_or_else(|| text.as_str().into())).collect()]
        };
        let mut ways = Vec::new();
        if let [text] = texts {
            ways.push(Value::from(text.as_str()));
            ways.extend(scalar(text));
            let parts: Vec<String> = text.split(',').map(str::to_owned).collect();
            ways.extend(read(&parts));
        }
        ways.extend(read(texts));
        let mut first = None;
        for way in ways {
            match self.mistake(schema, Values::Sent, &way) {
                Ok(None) | Err(_) => return Ok(()),
                Ok(Some(mistake)) => first = first.or(Some(mistake)),
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Checks a response against the document. With `open`, enums may have values that are not listed, and bodies may
    /// have other media types.
    ///
    /// Two kinds of response are not checked, because the document does not describe them: failures that it does not
    /// list, and failures of another media type, which come from a gateway.
    pub(crate) fn check_response(&self, operation: &Operation, answer: &Answer, open: bool) -> Result<(), Broken> {
        let broken = |what| Err(Broken { operation: operation.id.clone(), status: answer.status, what });
        let failed = answer.status >= 400;
        let Some(contents) = operation.contents(answer.status) else {
            return if (200..300).contains(&answer.status) { broken(Wrong::Undocumented) } else { Ok(()) };
        };
        let mut headers = operation.headers(self.document.root(), answer.status).into_iter();
        if let Some(missing) = headers.find(|header| header.required && answer.header(&header.name).is_none()) {
            return broken(Wrong::Header(missing.name));
        }
        if contents.is_empty() || matches!(answer.status, 204 | 304) {
            return Ok(());
        }
        let media = answer.header("content-type").unwrap_or_default();
        let Some((_, schema)) = content(contents, media) else {
            return if failed || open { Ok(()) } else { broken(Wrong::MediaType(media.to_owned())) };
        };
        if !is_json(media) {
            return Ok(());
        }
        let Ok(value) = serde_json::from_slice::<Value>(&answer.body) else { return broken(Wrong::NotJson) };
        let values = if open { Values::Open } else { Values::Received };
        match self.mistake(schema, values, &value) {
            Ok(None) => Ok(()),
            Ok(Some(mistake)) => broken(Wrong::Value(mistake)),
            Err(why) => broken(Wrong::Schema(why)),
        }
    }

    /// The first mistake in a value, by the schema at a place, or the reason why the schema cannot be checked.
    pub fn mistake(&self, schema: &str, values: Values, value: &Value) -> Result<Option<Mistake>, String> {
        if self.document.root().pointer(schema).is_none() {
            // A media type without a schema.
            return Ok(None);
        }
        let check = self.check(schema, values);
        match &*check {
            Ok(check) => Ok(check.mistake(value)),
            Err(why) => Err(why.clone()),
        }
    }

    /// Every rule of the schema at a place that a received value breaks, or the reason why the schema cannot be
    /// checked.
    pub fn breaches(&self, schema: &str, value: &Value) -> Result<Vec<Breach>, String> {
        if self.document.root().pointer(schema).is_none() {
            return Ok(Vec::new());
        }
        match &*self.check(schema, Values::Received) {
            Ok(check) => Ok(check.breaches(value)),
            Err(why) => Err(why.clone()),
        }
    }

    fn opened(&self) -> Checker {
        let mut root = self.document.root().clone();
        open_enums(&mut root);
        Checker::new(&Document::new(root)).with_formats()
    }

    fn check(&self, schema: &str, values: Values) -> Arc<Result<Check, String>> {
        let key = (schema.to_owned(), values);
        if let Some(known) = lock(&self.checks).get(&key) {
            return Arc::clone(known);
        }
        let (checker, view) = match values {
            Values::Sent => (&self.strict, View::Write),
            Values::Received => (&self.strict, View::Read),
            Values::Open => (self.open.get_or_init(|| self.opened()), View::Read),
        };
        let built = Arc::new(checker.check(schema, view));
        lock(&self.checks).insert(key, Arc::clone(&built));
        built
    }
}

/// The paths of a document's servers, which precede its own paths. A variable at the start of a server is its host.
pub fn prefixes(root: &Value) -> Vec<String> {
    let servers = root["servers"].as_array().into_iter().flatten().filter_map(|server| server["url"].as_str());
    let paths = servers.filter_map(|url| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path = &rest[rest.find('/')?..];
        Some(path.trim_end_matches('/').to_owned()).filter(|path| !path.is_empty() && !path.contains('{'))
    });
    paths.collect()
}

/// Replaces `oneOf` by `anyOf`, so that several branches of a union may fit.
fn relax(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            let is_union = keywords.get("oneOf").is_some_and(Value::is_array) && !keywords.contains_key("anyOf");
            if is_union && let Some(branches) = keywords.remove("oneOf") {
                keywords.insert("anyOf".to_owned(), branches);
            }
            keywords.values_mut().for_each(relax);
        }
        Value::Array(items) => items.iter_mut().for_each(relax),
        _ => {}
    }
}

/// Opens the enums that allow other values.
pub fn open_where_allowed(schema: &mut Value) {
    if schema[UNKNOWN_VALUES] == "allow" {
        open_enums(schema);
    }
    match schema {
        Value::Object(keywords) => keywords.values_mut().for_each(open_where_allowed),
        Value::Array(items) => items.iter_mut().for_each(open_where_allowed),
        _ => {}
    }
}

/// Removes the values of every enum of texts.
pub(crate) fn open_enums(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            let texts = |values: &Value| {
                values.as_array().is_some_and(|values| values.iter().all(|it| it.is_string() || it.is_null()))
            };
            if keywords.get("enum").is_some_and(texts) {
                keywords.remove("enum");
            }
            keywords.values_mut().for_each(open_enums);
        }
        Value::Array(items) => items.iter_mut().for_each(open_enums),
        _ => {}
    }
}
