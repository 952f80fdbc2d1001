//! Responses that are made of nothing but an OpenAPI document: each operation is found where the document says, and its
//! response is an instance of the schema that the document gives. Nothing here has state or knows a service; for what a
//! service *does*, there are fakes of their own.
//!
//! A [`Document`] responds in process, a [`Server`] on a socket.
//!
//! ```
//! use connectors_fake::document::Document;
//!
//! # fn main() -> std::io::Result<()> {
//! let document = Document::parse(r#"{
//!     "openapi": "3.1.0",
//!     "paths": {"/pets": {"post": {
//!         "operationId": "addPet",
//!         "requestBody": {"content": {"application/json": {"schema": {"properties": {"name": {"type": "string"}}}}}},
//!         "responses": {"204": {"description": "added"}}
//!     }}}
//! }"#)?;
//! assert_eq!(document.argument("addPet", "body")["name"], "x");
//! let request = http::Request::post("https://pets.example/pets").body(b"{}".to_vec()).unwrap();
//! assert_eq!(document.respond(&request).status(), 204);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::fault::Fault;
use crate::server;
use crate::service::{Answer, Request, Service};

/// A document that responds in process: what takes the place of the network in a test. Cheap to clone.
#[derive(Clone)]
pub struct Document(Arc<Api>);

impl Document {
    /// Reads a document, given as JSON.
    ///
    /// # Errors
    ///
    /// If the document is not JSON.
    pub fn parse(document: &str) -> io::Result<Document> {
        let root: Value = serde_json::from_str(document).map_err(io::Error::other)?;
        let operations = operations(&root);
        Ok(Document(Arc::new(Api { operations, root })))
    }

    /// The operationId of the operation that a request is for, by its method and its path as sent.
    #[must_use]
    pub fn operation(&self, method: &str, path: &str) -> Option<String> {
        self.0.operation(method, path)
    }

    /// A value that the document allows for an argument of an operation: its `body`, or a parameter, whatever the spelling
    /// of its name. Null for what is neither.
    #[must_use]
    pub fn argument(&self, operation: &str, name: &str) -> Value {
        let Some(operation) = self.0.operations.iter().find(|known| known.id == operation) else {
            return Value::Null;
        };
        let same = |(known, _): &&(String, Value)| fold(known) == fold(name);
        let parameter = operation.parameters.iter().find(same).map(|(_, schema)| schema);
        let schema = if name == "body" { operation.body.as_ref().or(parameter) } else { parameter };
        schema.map_or(Value::Null, |schema| self.0.instance(schema, Way::Request))
    }

    /// The first documented success of the operation that a request is for, with an instance of its schema. The status is 404
    /// where there is no such operation, 401 where the request lacks a credential that the operation asks for, and 400 where
    /// its JSON is none.
    #[must_use]
    pub fn respond(&self, request: &http::Request<Vec<u8>>) -> http::Response<Vec<u8>> {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let query = request.uri().query().unwrap_or_default();
        let request = Request {
            method: request.method().as_str().to_owned(),
            path: request.uri().path().to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
            body: request.body().clone(),
            operation: None,
            status: None,
        };
        let answer = self.0.answer(&request);
        let mut response = http::Response::new(answer.body);
        // What a document has as a status may be none.
        *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
        for (name, value) in &answer.headers {
            let header = http::HeaderName::try_from(name.as_str()).ok().zip(http::HeaderValue::try_from(value).ok());
            if let Some((name, value)) = header {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("operations", &self.0.operations.len()).finish_non_exhaustive()
    }
}

/// A server of a document on loopback. Dropped, it stops.
pub struct Server {
    server: server::Server,
    document: Document,
    url: String,
}

impl Server {
    /// Starts a server for a document, given as JSON, on a free port.
    ///
    /// # Errors
    ///
    /// If the document is not JSON, or no port can be had.
    pub async fn start(document: &str) -> io::Result<Server> {
        let document = Document::parse(document)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = server::Server::start(listener, Arc::clone(&document.0) as Arc<dyn Service>);
        Ok(Server { server, document, url })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the server is made of.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Every request that has reached the server.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// Scripts a fault.
    pub fn fault(&self, fault: Fault) {
        self.server.faults().push(fault);
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "document::Server({})", self.url)
    }
}

/// Which properties there are: those that can only be read, or those that can only be sent, are not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Request,
    Response,
}

struct Api {
    root: Value,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    /// Of the path; `None` for those that are parameters.
    segments: Vec<Option<String>>,
    /// Names and schemas.
    parameters: Vec<(String, Value)>,
    body: Option<Value>,
    /// Alternatives, each with the credentials that it takes. None at all is as good as one that takes none.
    security: Vec<Vec<Credential>>,
    status: u16,
    /// Media type and schema of the answer, if it has a body.
    answer: Option<(String, Value)>,
}

/// Where a credential is on a request.
enum Credential {
    /// A header, by its name in lower case.
    Header(String),
    Query(String),
    Cookie(String),
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

/// Where a path leads that has parameters within its segments, `/files/{name}.json`, is decided by the other segments.
fn segment(segment: &str) -> Option<String> {
    (!segment.contains('{')).then(|| segment.to_owned())
}

fn operations(root: &Value) -> Vec<Operation> {
    const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];
    let mut found = Vec::new();
    for (path, item) in root["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(node) = item.get(method) else { continue };
            let place = format!("{method} {path}");
            let lists = [&node["parameters"], &item["parameters"]].into_iter().filter_map(Value::as_array).flatten();
            let parameters = lists.map(|parameter| resolve(root, parameter)).map(|parameter| {
                let schema = &parameter["schema"];
                (parameter["name"].as_str().unwrap_or_default().to_owned(), schema.clone())
            });
            let (status, response) = success(root, &node["responses"]);
            let body = resolve(root, &node["requestBody"]);
            found.push(Operation {
                id: node["operationId"].as_str().unwrap_or(&place).to_owned(),
                method: method.to_uppercase(),
                segments: path.trim_start_matches('/').split('/').map(segment).collect(),
                parameters: parameters.collect(),
                body: content(body).map(|(_, schema)| schema),
                security: security(root, node),
                status,
                answer: content(response),
            });
        }
    }
    found
}

/// What an operation asks for: its own alternatives, else the document's.
fn security(root: &Value, operation: &Value) -> Vec<Vec<Credential>> {
    let alternatives = operation.get("security").or_else(|| root.get("security")).and_then(Value::as_array);
    let schemes = |alternative: &Value| -> Vec<Credential> {
        let names = alternative.as_object().into_iter().flatten().map(|(name, _)| name);
        names.map(|name| Credential::of(resolve(root, &root["components"]["securitySchemes"][name]))).collect()
    };
    alternatives.into_iter().flatten().map(schemes).collect()
}

/// The first success that the document has, else its default.
fn success<'a>(root: &'a Value, responses: &'a Value) -> (u16, &'a Value) {
    static NOTHING: Value = Value::Null;
    let all = || responses.as_object().into_iter().flatten();
    let success = all().find(|(status, _)| status.starts_with('2'));
    match success.or_else(|| all().find(|(status, _)| *status == "default")) {
        Some((status, response)) => (status.parse().unwrap_or(200), resolve(root, response)),
        None => (200, &NOTHING),
    }
}

/// Media type and schema of a body or answer: JSON before everything else.
fn content(node: &Value) -> Option<(String, Value)> {
    let all = node["content"].as_object()?;
    let json = all.iter().find(|(media, _)| media.to_ascii_lowercase().contains("json"));
    let (media, content) = json.or_else(|| all.iter().next())?;
    Some((media.clone(), content["schema"].clone()))
}

/// What a reference leads to; itself, if it is none.
fn resolve<'a>(root: &'a Value, node: &'a Value) -> &'a Value {
    let mut node = node;
    // A chain longer than this is a circle.
    for _ in 0..16 {
        let Some(target) = node["$ref"].as_str().and_then(|it| it.strip_prefix('#')) else { break };
        let pointer = percent_decode_str(target).decode_utf8_lossy();
        match root.pointer(&pointer) {
            Some(found) => node = found,
            None => break,
        }
    }
    node
}

fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Api {
    fn find(&self, method: &str, path: &str) -> Option<&Operation> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let fits = |operation: &&Operation| {
            operation.method == method
                && operation.segments.len() == segments.len()
                && operation.segments.iter().zip(&segments).all(|(known, sent)| match known {
                    Some(literal) => percent_decode_str(sent).decode_utf8_lossy() == literal.as_str(),
                    None => !sent.is_empty(),
                })
        };
        // The one with the most to go by.
        let literals = |operation: &&Operation| operation.segments.iter().flatten().count();
        self.operations.iter().filter(fits).max_by_key(literals)
    }

    fn instance(&self, schema: &Value, way: Way) -> Value {
        Instances { root: &self.root, way, open: Vec::new() }.of(schema).unwrap_or(Value::Null)
    }
}

impl Service for Api {
    fn operation(&self, method: &str, path: &str) -> Option<String> {
        Some(self.find(method, path)?.id.clone())
    }

    fn answer(&self, request: &Request) -> Answer {
        let Some(operation) = self.find(&request.method, &request.path) else {
            return self.scripted(request, 404, &[]);
        };
        let fits = |credentials: &Vec<Credential>| credentials.iter().all(|credential| credential.is_on(request));
        if !operation.security.is_empty() && !operation.security.iter().any(fits) {
            return self.scripted(request, 401, &[]);
        }
        let json = request.header("content-type").is_some_and(|kind| kind.contains("json"));
        if json && request.json().is_none() {
            return self.scripted(request, 400, &[]);
        }
        match &operation.answer {
            None => Answer { status: operation.status, headers: Vec::new(), body: Vec::new() },
            Some((media, schema)) if media.contains("json") => {
                let mut answer = Answer::json(operation.status, &self.instance(schema, Way::Response));
                answer.set_header("content-type", media);
                answer
            }
            Some((media, _)) => {
                let media = if media.contains('*') { "application/octet-stream" } else { media.as_str() };
                let headers = vec![("content-type".to_owned(), media.to_owned())];
                Answer { status: operation.status, headers, body: b"x".to_vec() }
            }
        }
    }

    fn scripted(&self, request: &Request, status: u16, _headers: &[(String, String)]) -> Answer {
        Answer::json(status, &json!({"message": format!("{status} for {} {}", request.method, request.path)}))
    }
}

/// Makes one instance of a schema: all of it, as far as it has an end.
struct Instances<'a> {
    root: &'a Value,
    way: Way,
    /// The references that are being followed.
    open: Vec<&'a str>,
}

impl<'a> Instances<'a> {
    /// `None` where there is no end.
    fn of(&mut self, schema: &'a Value) -> Option<Value> {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = resolve(self.root, schema);
            if self.open.contains(&reference) || target.get("$ref").is_some() {
                return None;
            }
            self.open.push(reference);
            let made = self.of(target);
            self.open.pop();
            return made;
        }
        if let Some(value) = schema.get("const") {
            return Some(value.clone());
        }
        let listed = schema["enum"].as_array().into_iter().flatten().find(|value| !value.is_null());
        if let Some(value) = listed {
            return Some(value.clone());
        }
        let mut parts = Vec::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            parts.push(self.of(part)?);
        }
        let branches = ["oneOf", "anyOf"].iter().find_map(|key| schema[*key].as_array());
        if let Some(branches) = branches {
            let something = branches.iter().filter(|branch| branch["type"] != "null");
            let mut made = None;
            for branch in something {
                made = self.of(branch).map(|value| (branch, value));
                if made.is_some() {
                    break;
                }
            }
            let (branch, mut value) = made?;
            tag(schema, branch, &mut value);
            parts.push(value);
        }
        // What the parts say, this one says as well, unless it says nothing itself.
        let own = self.own(schema, !parts.is_empty());
        parts.extend(own?);
        Some(parts.into_iter().reduce(merge).unwrap_or_else(|| json!("x")))
    }

    /// What a schema says beside its parts: nothing is `Some(None)`.
    fn own(&mut self, schema: &'a Value, has_parts: bool) -> Option<Option<Value>> {
        let kind = match &schema["type"] {
            Value::String(kind) => kind.as_str(),
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
            }
            _ if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() => "object",
            _ if schema.get("items").is_some() => "array",
            _ => "",
        };
        Some(Some(match kind {
            "object" => Value::Object(self.object(schema)?),
            "array" => {
                let item = if schema["items"].is_object() { self.of(&schema["items"]) } else { Some(json!("x")) };
                let least = schema["minItems"].as_u64().unwrap_or(0);
                match item {
                    Some(item) => Value::Array(vec![item; usize::try_from(least.clamp(1, 100)).unwrap_or(1)]),
                    None if least == 0 => json!([]),
                    None => return None,
                }
            }
            "string" if !has_parts => text(schema).into(),
            "integer" if !has_parts => json!(integer(schema)),
            "number" if !has_parts => number(schema),
            "boolean" if !has_parts => json!(true),
            "null" => Value::Null,
            _ => return Some(None),
        }))
    }

    fn object(&mut self, schema: &'a Value) -> Option<Map<String, Value>> {
        let hidden = if self.way == Way::Request { "readOnly" } else { "writeOnly" };
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut object = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if property[hidden] == true || resolve(self.root, property)[hidden] == true {
                continue;
            }
            match self.of(property) {
                Some(value) => drop(object.insert(name.clone(), value)),
                // Without an end, and it need not be there.
                None if !required.contains(&name.as_str()) => {}
                None => return None,
            }
        }
        let additional = &schema["additionalProperties"];
        if object.is_empty()
            && additional.is_object()
            && let Some(value) = self.of(additional)
        {
            object.insert("key".to_owned(), value);
        }
        Some(object)
    }
}

/// Sets the property that tells which branch of a union a value is.
fn tag(schema: &Value, branch: &Value, value: &mut Value) {
    let (Some(property), Some(object)) =
        (schema.pointer("/discriminator/propertyName").and_then(Value::as_str), value.as_object_mut())
    else {
        return;
    };
    let reference = branch["$ref"].as_str().unwrap_or_default();
    let mapping = schema.pointer("/discriminator/mapping").and_then(Value::as_object);
    let mapped = mapping.into_iter().flatten().find(|(_, target)| *target == reference).map(|(tag, _)| tag.as_str());
    // Without a mapping, the name of the component is the value, unless the branch says it itself.
    let name = reference.rsplit('/').next().unwrap_or_default();
    match mapped {
        Some(tag) => drop(object.insert(property.to_owned(), tag.into())),
        None if !object.contains_key(property) => drop(object.insert(property.to_owned(), name.into())),
        None => {}
    }
}

/// Two parts of one value.
fn merge(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut first), Value::Object(second)) => {
            for (key, value) in second {
                let value = match first.remove(&key) {
                    Some(own) => merge(own, value),
                    None => value,
                };
                first.insert(key, value);
            }
            Value::Object(first)
        }
        (first, Value::Null) => first,
        (Value::Null, second) => second,
        (first, _) => first,
    }
}

fn text(schema: &Value) -> String {
    let text = match schema["format"].as_str().unwrap_or_default() {
        "date-time" => "2025-01-31T12:00:00Z",
        "date" => "2025-01-31",
        "time" => "12:00:00Z",
        "duration" => "PT1S",
        "uuid" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "email" => "ada@example.com",
        "uri" | "url" => "https://example.com/x",
        "hostname" => "example.com",
        "ipv4" => "127.0.0.1",
        "ipv6" => "::1",
        "byte" | "base64" => "eA==",
        "int64" | "uint64" | "int32" | "uint32" => "1",
        _ => "x",
    };
    let least = schema["minLength"].as_u64().and_then(|least| usize::try_from(least).ok()).unwrap_or(0);
    format!("{text}{}", "x".repeat(least.saturating_sub(text.len()).min(10_000)))
}

/// The least that is allowed from one upwards, or the most.
fn integer(schema: &Value) -> i64 {
    let exclusive = |key: &str, flag: &str| match &schema[flag] {
        Value::Bool(true) => schema[key].as_i64().map(|bound| (bound, true)),
        Value::Number(bound) => bound.as_i64().map(|bound| (bound, true)),
        _ => schema[key].as_i64().map(|bound| (bound, false)),
    };
    let least = exclusive("minimum", "exclusiveMinimum").map(|(bound, out)| bound.saturating_add(i64::from(out)));
    let most = exclusive("maximum", "exclusiveMaximum").map(|(bound, out)| bound.saturating_sub(i64::from(out)));
    let value = least.map_or(1, |least| least.max(1)).min(most.unwrap_or(i64::MAX));
    match schema["multipleOf"].as_i64() {
        Some(step) if step > 1 => value.saturating_add(step - 1) / step * step,
        _ => value,
    }
}

fn number(schema: &Value) -> Value {
    let bounded = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
    let whole = schema["format"].as_str().is_some_and(|format| format.contains("int"));
    if whole || bounded.iter().any(|key| schema.get(*key).is_some()) { json!(integer(schema)) } else { json!(1.5) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r##"{
        "openapi": "3.1.0",
        "paths": {
            "/pets/{id}": {
                "parameters": [{"name": "pet-id", "in": "query", "schema": {"type": "integer", "minimum": 5}}],
                "put": {
                    "operationId": "putPet",
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}}
                }
            },
            "/pets/all": {"put": {
                "operationId": "putAll", "responses": {"204": {}}, "security": [{"session": [], "token": []}, {"login": []}]
            }},
            "/pets": {"put": {"operationId": "putNone", "responses": {"204": {}}, "security": []}}
        },
        "security": [{"key": []}],
        "components": {"securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "session": {"type": "apiKey", "in": "cookie", "name": "session"},
            "token": {"type": "apiKey", "in": "query", "name": "token"},
            "login": {"type": "http", "scheme": "bearer"}
        }, "schemas": {
            "Pet": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": ["string", "null"], "minLength": 3},
                "kind": {"allOf": [{"$ref": "#/components/schemas/Kind"}]},
                "parent": {"$ref": "#/components/schemas/Pet"},
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
                "food": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Food"}], "discriminator": {"propertyName": "is"}},
                "age": {"type": "integer", "readOnly": true, "exclusiveMinimum": 3},
                "secret": {"type": "string", "writeOnly": true}
            }},
            "Kind": {"type": "string", "enum": ["cat"]},
            "Food": {"allOf": [{"properties": {"is": {"type": "string"}}}, {"properties": {"grams": {"type": "number"}}}]}
        }}
    }"##;

    #[test]
    fn operations_are_found_and_their_arguments_made() {
        let document = Document::parse(DOCUMENT).unwrap();
        assert_eq!(document.operation("PUT", "/pets/1").as_deref(), Some("putPet"));
        assert_eq!(document.operation("PUT", "/pets/all").as_deref(), Some("putAll"));
        assert_eq!(document.operation("GET", "/pets/1"), None);
        assert_eq!(document.argument("putPet", "pet_id"), json!(5));
        assert_eq!(document.argument("putPet", "nothing"), Value::Null);
        let body = json!({
            "name": "xxx", "kind": "cat", "children": [], "food": {"is": "x", "grams": 1.5}, "secret": "x",
        });
        assert_eq!(document.argument("putPet", "body"), body);
    }

    #[test]
    fn a_response_is_an_instance_for_whoever_has_a_credential() {
        let document = Document::parse(DOCUMENT).unwrap();
        let respond = |place: &str, headers: &[(&str, &str)], body: &str| {
            let request = http::Request::put(format!("https://pets.example{place}"));
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            document.respond(&request.body(body.as_bytes().to_vec()).unwrap())
        };
        let response = respond("/pets/1", &[("x-key", "k"), ("content-type", "application/json")], "{}");
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
            (200, "application/json")
        );
        let pet: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!((&pet["age"], pet.get("secret")), (&json!(4), None));
        let broken = respond("/pets/1", &[("x-key", "k"), ("content-type", "application/json")], "{");
        assert_eq!(broken.status(), 400);
        assert_eq!(respond("/pets/1", &[("authorization", "k")], "").status(), 401);
        assert_eq!(respond("/cats/1", &[("x-key", "k")], "").status(), 404);
        // This one asks for two at once, or for another.
        assert_eq!(respond("/pets/all", &[("cookie", "a=b; session=s")], "").status(), 401);
        assert_eq!(respond("/pets/all?token=t", &[("cookie", "a=b; session=s")], "").status(), 204);
        assert_eq!(respond("/pets/all", &[("authorization", "Bearer t")], "").status(), 204);
        // And this one for nothing.
        assert_eq!(respond("/pets", &[], "").status(), 204);
    }

    #[tokio::test]
    async fn a_server_has_the_same_document() {
        let server = Server::start(DOCUMENT).await.unwrap();
        assert_eq!(server.document().operation("PUT", "/pets/1").as_deref(), Some("putPet"));
        assert!(server.requests().is_empty() && server.url().starts_with("http://127.0.0.1:"));
    }
}
