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
use crate::schema::{Breach, Check, Checker, Document, Mistake, View, local_pointer};

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

/// One operation of a document. Schemas are identified by their place.
pub struct Operation {
    /// The operationId, or method and path if there is none.
    pub id: String,
    /// Its place in the document, as a JSON Pointer.
    pub place: String,
    /// The method, in capitals.
    pub method: String,
    /// The segments of the path; `None` for those with parameters.
    pub segments: Vec<Option<String>>,
    /// Its parameters, with those of its path.
    pub parameters: Vec<Parameter>,
    /// The body of its requests.
    pub body: Option<Body>,
    /// Alternatives, each with its credentials. Without alternatives no credential is required.
    security: Vec<Vec<Credential>>,
    /// The keys of `responses` (`200`, `2XX`, `default`), each with its allowed content.
    pub responses: Vec<(String, Contents)>,
}

/// Media types and the places of their schemas.
pub type Contents = Vec<(String, String)>;

/// A parameter of an operation.
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query`, `header` or `cookie`.
    pub location: String,
    /// Whether a request must have it.
    pub required: bool,
    /// The place of its schema, as a JSON Pointer.
    pub schema: String,
    /// Its segment in the path.
    pub segment: Option<usize>,
    /// Whether its text is its value: it is not an object, and has no style.
    plain: bool,
}

/// The body of a request.
pub struct Body {
    /// The media types that it may have.
    pub contents: Contents,
    required: bool,
}

/// A header of a response.
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its place in the document, as a JSON Pointer.
    pub place: String,
    /// Whether a response must have it.
    pub required: bool,
}

impl Header {
    /// The place of its schema.
    pub fn schema(&self) -> String {
        format!("{}/schema", self.place)
    }
}

/// The place of a credential in a request.
enum Credential {
    /// A header, by its name in lower case.
    Header(String),
    Query(String),
    Cookie(String),
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

    /// The operation of a request: if several match, the one whose first segments are literal.
    pub fn find(&self, method: &str, path: &str) -> Option<&Operation> {
        let own = self.prefixes.iter().filter_map(|prefix| path.strip_prefix(prefix.as_str()));
        own.chain([path]).find_map(|path| {
            let segments = segments(path);
            let fitting = self.operations.iter().filter(|it| it.method == method && it.fits(&segments));
            fitting.max_by_key(|operation| operation.segments.iter().map(Option::is_some).collect::<Vec<_>>())
        })
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
            if !values.is_empty() && parameter.plain {
                self.check_texts(&parameter.schema, &values).map_err(|mistake| refuse(at(), mistake.to_string()))?;
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
                .check_form(schema, media, request)
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

    /// Checks the fields of a form against an object's schema. The error has the place and the reason. Files, and
    /// fields with their own style, are not read.
    fn check_form(&self, schema: &str, media: &str, request: &Request) -> Result<(), (String, String)> {
        let root = self.document.root();
        let Some((place, node)) = resolve(root, schema.to_owned()) else { return Ok(()) };
        let parts = forms::parts(media, Bytes::copy_from_slice(&request.body));
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
            let styled =
                ["style", "explode"].iter().any(|key| encoding.is_some_and(|all| all[name].get(*key).is_some()));
            if own.is_empty() || styled || own.iter().any(|part| part.is_file) {
                continue;
            }
            let schema = format!("{place}/properties{at}");
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

impl Operation {
    fn fits(&self, sent: &[&str]) -> bool {
        self.segments.len() == sent.len()
            && self.segments.iter().zip(sent).all(|(known, sent)| match known {
                Some(literal) => percent_decode_str(sent).decode_utf8_lossy() == literal.as_str(),
                None => !sent.is_empty(),
            })
    }

    /// The content that a response of this status may have: an empty list for no content, and `None` if the status is
    /// not documented.
    fn contents(&self, status: u16) -> Option<&Contents> {
        self.response(status).map(|(_, contents)| contents)
    }

    /// The same, with its key in `responses`.
    pub fn response(&self, status: u16) -> Option<&(String, Contents)> {
        let (exact, family) = (status.to_string(), format!("{}XX", status / 100));
        [exact.as_str(), family.as_str(), "default"]
            .into_iter()
            .find_map(|key| self.responses.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)))
    }

    /// The headers of a response.
    pub fn headers(&self, root: &Value, status: u16) -> Vec<Header> {
        let response = self.response(status).map(|(key, _)| format!("{}/responses/{}", self.place, escape(key)));
        let Some((place, node)) = response.and_then(|response| resolve(root, response)) else { return Vec::new() };
        let names = node["headers"].as_object().into_iter().flatten().map(|(name, _)| name);
        let header = |name: &String| {
            let (place, node) = resolve(root, format!("{place}/headers/{}", escape(name)))?;
            Some(Header { name: name.clone(), required: node["required"] == true, place })
        };
        names.filter_map(header).collect()
    }

    /// Whether a request satisfies one of the alternatives.
    pub(crate) fn is_authorized(&self, request: &Request) -> bool {
        let fits = |credentials: &Vec<Credential>| credentials.iter().all(|credential| credential.is_on(request));
        self.security.is_empty() || self.security.iter().any(fits)
    }

    /// Adds the credentials of the first alternative to a request.
    #[cfg(test)]
    pub(crate) fn authorize(&self, request: &mut Request) {
        for credential in self.security.first().into_iter().flatten() {
            match credential {
                Credential::Header(name) => request.headers.push((name.clone(), "Bearer x".to_owned())),
                Credential::Query(name) => request.query.push((name.clone(), "x".to_owned())),
                Credential::Cookie(name) => request.headers.push(("cookie".to_owned(), format!("{name}=x"))),
            }
        }
    }

    /// The first documented success, else the default: its status and its content.
    pub fn success(&self) -> (u16, &[(String, String)]) {
        let begins = |with: char| self.responses.iter().find(|(status, _)| status.starts_with(with));
        // Some operations only redirect a browser.
        let success = begins('2').or_else(|| begins('3'));
        let found = success.or_else(|| self.responses.iter().find(|(status, _)| status == "default"));
        found.map_or((200, &[][..]), |(status, contents)| (status.parse().unwrap_or(200), contents))
    }

    /// The media type of a failure and the place of its schema, if the document has one in JSON.
    pub(crate) fn failure(&self, status: u16) -> Option<&(String, String)> {
        let contents = self.contents(status).filter(|_| status >= 400)?;
        contents.iter().find(|(media, _)| is_json(media) && !media.contains('*'))
    }

    /// The parameters of a path, decoded, in order.
    fn values(&self, sent: &[&str]) -> Vec<(&str, String)> {
        let own = self.parameters.iter().filter_map(|parameter| {
            let text = sent.get(parameter.segment?)?;
            Some((parameter, percent_decode_str(text).decode_utf8_lossy().into_owned()))
        });
        let mut own: Vec<(&Parameter, String)> = own.collect();
        own.sort_by_key(|(parameter, _)| parameter.segment);
        own.into_iter().map(|(parameter, value)| (parameter.name.as_str(), value)).collect()
    }
}

impl Parameter {
    /// Its texts in a request.
    fn values(&self, request: &Request, path: &[&str]) -> Vec<String> {
        match self.location.as_str() {
            "path" => {
                let sent = self.segment.and_then(|at| path.get(at));
                sent.map(|text| percent_decode_str(text).decode_utf8_lossy().into_owned()).into_iter().collect()
            }
            "query" => {
                let named = request.query.iter().filter(|(name, _)| *name == self.name);
                named.map(|(_, value)| value.clone()).collect()
            }
            "header" => {
                let name = self.name.to_ascii_lowercase();
                request.headers.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.clone()).collect()
            }
            _ => {
                let pairs = request.header("cookie").unwrap_or_default().split("; ");
                let pairs = pairs.filter_map(|pair| pair.split_once('='));
                pairs.filter(|(name, _)| *name == self.name).map(|(_, value)| value.to_owned()).collect()
            }
        }
    }
}

impl Credential {
    fn of(scheme: &Value) -> Credential {
        let name = || scheme["name"].as_str().unwrap_or_default().to_owned();
        match (scheme["type"].as_str(), scheme["in"].as_str()) {
            (Some("apiKey"), Some("query")) => Credential::Query(name()),
            (Some("apiKey"), Some("cookie")) => Credential::Cookie(name()),
            (Some("apiKey"), _) => Credential::Header(name().to_ascii_lowercase()),
            _ => Credential::Header("authorization".to_owned()),
        }
    }

    fn is_on(&self, request: &Request) -> bool {
        match self {
            Credential::Header(name) => request.header(name).is_some(),
            Credential::Query(name) => request.query.iter().any(|(known, _)| known == name),
            Credential::Cookie(name) => {
                let pairs = request.header("cookie").unwrap_or_default().split("; ");
                pairs.filter_map(|pair| pair.split_once('=')).any(|(known, _)| known == name)
            }
        }
    }
}

/// The segments of a path, not decoded.
fn segments(path: &str) -> Vec<&str> {
    path.trim_start_matches('/').split('/').collect()
}

fn operations(root: &Value) -> Vec<Operation> {
    const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];
    let mut found = Vec::new();
    for path in root["paths"].as_object().into_iter().flatten().map(|(path, _)| path) {
        let Some((item, node)) = resolve(root, format!("/paths/{}", escape(path))) else { continue };
        for method in METHODS {
            let Some(operation) = node.get(method) else { continue };
            let place = format!("{item}/{method}");
            let names: Vec<&str> = path.trim_start_matches('/').split('/').collect();
            let parameters = [format!("{place}/parameters"), format!("{item}/parameters")];
            let mut own: Vec<Parameter> = Vec::new();
            for parameter in parameters.iter().flat_map(|list| places(root, list)) {
                let parameter = self::parameter(root, parameter, &names);
                // OpenAPI: a header parameter of these names is ignored. Other members of the document describe them.
                let is_ignored = |name: &&str| parameter.name.eq_ignore_ascii_case(name);
                if parameter.location == "header" && ["accept", "content-type", "authorization"].iter().any(is_ignored)
                {
                    continue;
                }
                let known = |it: &Parameter| it.name == parameter.name && it.location == parameter.location;
                if !own.iter().any(known) {
                    own.push(parameter);
                }
            }
            let body = resolve(root, format!("{place}/requestBody"))
                .map(|(place, node)| Body { contents: contents(root, &place), required: node["required"] == true });
            let statuses = operation["responses"].as_object().into_iter().flatten().map(|(status, _)| status);
            let responses = statuses.map(|status| {
                let place = resolve(root, format!("{place}/responses/{}", escape(status)));
                (status.clone(), place.map(|(place, _)| contents(root, &place)).unwrap_or_default())
            });
            found.push(Operation {
                id: operation["operationId"].as_str().map_or_else(|| format!("{method} {path}"), str::to_owned),
                place: place.clone(),
                method: method.to_uppercase(),
                segments: names.iter().map(|name| (!name.contains('{')).then(|| (*name).to_owned())).collect(),
                parameters: own,
                body,
                security: security(root, operation),
                responses: responses.collect(),
            });
        }
    }
    found
}

/// The places of a list's items.
fn places(root: &Value, list: &str) -> Vec<String> {
    let length = root.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
    (0..length).filter_map(|index| Some(resolve(root, format!("{list}/{index}"))?.0)).collect()
}

fn parameter(root: &Value, place: String, path: &[&str]) -> Parameter {
    let node = root.pointer(&place).unwrap_or(&Value::Null);
    let text = |key: &str| node[key].as_str().unwrap_or_default().to_owned();
    let (name, location) = (text("name"), text("in"));
    let whole = format!("{{{name}}}");
    let schema = format!("{place}/schema");
    let (_, shape) = resolve(root, schema.clone()).unwrap_or((String::new(), &Value::Null));
    let plain_style = matches!(text("style").as_str(), "" | "simple" | "form");
    Parameter {
        segment: path.iter().position(|segment| location == "path" && *segment == whole),
        required: node["required"] == true && location != "path",
        plain: node.get("schema").is_some() && plain_style && shape["type"] != "object",
        name,
        location,
        schema,
    }
}

/// The credentials of an operation: its own alternatives, else the document's.
fn security(root: &Value, operation: &Value) -> Vec<Vec<Credential>> {
    let alternatives = operation.get("security").or_else(|| root.get("security")).and_then(Value::as_array);
    let schemes = |alternative: &Value| -> Vec<Credential> {
        let names = alternative.as_object().into_iter().flatten().map(|(name, _)| name);
        let scheme = |name: &String| resolve(root, format!("/components/securitySchemes/{}", escape(name)));
        let schemes = names.map(|name| scheme(name).map_or(&Value::Null, |(_, scheme)| scheme));
        // A certificate is not in the request.
        schemes.filter(|scheme| scheme["type"] != "mutualTLS").map(Credential::of).collect()
    };
    alternatives.into_iter().flatten().map(schemes).collect()
}

fn contents(root: &Value, place: &str) -> Contents {
    let all = root.pointer(place).and_then(|node| node["content"].as_object());
    let names = all.into_iter().flatten().map(|(media, _)| media);
    names.map(|media| (media.clone(), format!("{place}/content/{}/schema", escape(media)))).collect()
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

/// The target of a reference, with its place; the place itself, if there is no reference.
pub fn resolve(root: &Value, place: String) -> Option<(String, &Value)> {
    let mut place = place;
    // A chain longer than this is a circle.
    for _ in 0..16 {
        let node = root.pointer(&place)?;
        match node["$ref"].as_str().and_then(local_pointer) {
            Some(target) => place = target,
            None => return Some((place, node)),
        }
    }
    None
}

/// A key as a part of a JSON Pointer.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
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
