//! The operations of a document, as a server needs them: the requests that each accepts, and its responses.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::media::is_json;
use crate::message::Request;
use crate::schema::{escape, local_pointer};

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
    /// The pairs of the query in its path template, if it has one: the name, and the value if it has no parameter.
    pub query: Vec<(String, Option<String>)>,
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
    pub(crate) plain: bool,
    /// The media type of its text, and the place of the schema, if the document describes it by `content`.
    pub(crate) content: Option<(String, String)>,
    /// Whether it may be there without a value (`allowEmptyValue`).
    pub(crate) may_be_empty: bool,
}

/// The body of a request.
pub struct Body {
    /// The media types that it may have.
    pub contents: Contents,
    pub(crate) required: bool,
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

impl Operation {
    /// Whether a path fits, by its segments.
    pub(crate) fn fits(&self, sent: &[&str]) -> bool {
        self.segments.len() == sent.len()
            && self.segments.iter().zip(sent).all(|(known, sent)| match known {
                Some(literal) => percent_decode_str(sent).decode_utf8_lossy() == literal.as_str(),
                None => !sent.is_empty(),
            })
    }

    /// Whether a query has the pairs of the template's own.
    pub(crate) fn fits_query(&self, sent: &[(String, String)]) -> bool {
        self.query.iter().all(|(name, value)| {
            sent.iter().any(|(known, sent)| known == name && value.as_ref().is_none_or(|value| value == sent))
        })
    }

    /// The content that a response of this status may have: an empty list for no content, and `None` if the status is
    /// not documented.
    pub(crate) fn contents(&self, status: u16) -> Option<&Contents> {
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
    pub(crate) fn values(&self, sent: &[&str]) -> Vec<(&str, String)> {
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
    pub(crate) fn values(&self, request: &Request, path: &[&str]) -> Vec<String> {
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
pub(crate) fn segments(path: &str) -> Vec<&str> {
    path.trim_start_matches('/').split('/').collect()
}

pub(crate) fn operations(root: &Value) -> Vec<Operation> {
    const METHODS: [&str; 9] = ["get", "put", "post", "delete", "patch", "head", "options", "trace", "query"];
    let mut found = Vec::new();
    for path in root["paths"].as_object().into_iter().flatten().map(|(path, _)| path) {
        let Some((item, node)) = resolve(root, format!("/paths/{}", escape(path))) else { continue };
        let others = node["additionalOperations"].as_object().into_iter().flatten();
        let others = others.map(|(method, _)| (method.as_str(), format!("additionalOperations/{}", escape(method))));
        for (method, member) in METHODS.map(|method| (method, method.to_owned())).into_iter().chain(others) {
            let place = format!("{item}/{member}");
            let Some(operation) = root.pointer(&place) else { continue };
            // A fragment is not sent. What has a parameter is none.
            let is_fragment = |(_, after): &(&str, &str)| !after.contains('{');
            let sent = path.split_once('#').filter(is_fragment).map_or(path.as_str(), |(before, _)| before);
            let (path_only, query) = sent.split_once('?').unwrap_or((sent, ""));
            let names: Vec<&str> = path_only.trim_start_matches('/').split('/').collect();
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
                method: if METHODS.contains(&method) { method.to_uppercase() } else { method.to_owned() },
                query: form_urlencoded::parse(query.as_bytes())
                    .into_owned()
                    .map(|(name, value)| (name, Some(value).filter(|value| !value.contains('{'))))
                    .collect(),
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
    let content = node["content"].as_object().and_then(|content| content.keys().next());
    let content = content.map(|media| (media.clone(), format!("{place}/content/{}/schema", escape(media))));
    let plain_style = matches!(text("style").as_str(), "" | "simple" | "form");
    Parameter {
        segment: path.iter().position(|segment| location == "path" && *segment == whole),
        required: node["required"] == true && location != "path",
        plain: node.get("schema").is_some() && plain_style && shape["type"] != "object",
        content,
        may_be_empty: location == "query" && node["allowEmptyValue"] == true,
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
