//! A service that is made of nothing but an OpenAPI document. Each operation is found where the document says, requests are
//! held to what it asks for, and a response is an instance of the schema that it announces. What is written is there when it
//! is read, as far as the paths say what belongs together. For what a service *does*, there are fakes of their own.
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
//! let add = |body: &str| {
//!     let request = http::Request::post("https://pets.example/pets").header("content-type", "application/json");
//!     document.respond(&request.body(body.as_bytes().to_vec()).unwrap())
//! };
//! assert_eq!(add(r#"{"name": "Rex"}"#).status(), 204);
//! // The body of the response says where: `body/name`.
//! assert_eq!(add(r#"{"name": 7}"#).status(), 400);
//! # Ok(())
//! # }
//! ```

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::contract::{Contract, Operation, Values, is_json};
use crate::fault::Fault;
use crate::lock;
use crate::message::{Answer, Request};
use crate::resources::{Resources, fold, named, overlay};
use crate::schema::{Instances, Random, View};
use crate::server;
use crate::service::{Ask, Service};
use crate::serving::Serving;

/// How many instances of a schema are tried where the plainest one is not valid.
const ATTEMPTS: u64 = 64;

/// A document that responds in process: what takes the place of the network in a test. Cheap to clone; clones share what is
/// written.
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
        let contract = Contract::new(root.clone(), prefixes(&root));
        Ok(Document(Arc::new(Api { contract, made: Mutex::default(), resources: Mutex::default() })))
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
        let Some(operation) = self.0.contract.operations().iter().find(|known| known.id == operation) else {
            return Value::Null;
        };
        let parameter = operation.parameters.iter().find(|known| fold(&known.name) == fold(name));
        let parameter = parameter.map(|parameter| parameter.schema.as_str());
        let body = operation.body.as_ref().and_then(|body| first(&body.contents)).map(|(_, schema)| schema.as_str());
        let schema = if name == "body" { body.or(parameter) } else { parameter };
        schema.and_then(|schema| self.0.instance(schema, Values::Sent)).unwrap_or(Value::Null)
    }

    /// The first documented success of the operation that a request is for, with an instance of its schema or with what was
    /// written before. The status is 404 where there is no such operation, 401 where the request lacks a credential that the
    /// operation asks for, and 400 or 415 where the request is not what the document asks for; the body then says where.
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
        f.debug_struct("Document").field("operations", &self.0.contract.operations().len()).finish_non_exhaustive()
    }
}

/// A server of a document. Dropped, it stops.
pub struct Server {
    server: server::Server,
    document: Document,
    url: String,
}

impl Server {
    /// Starts a server for a document, given as JSON, on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If the document is not JSON, or no port can be had.
    pub async fn start(document: &str) -> io::Result<Server> {
        Server::serve(Document::parse(document)?, Serving::default()).await
    }

    /// Starts a server for a document, where and how it is to be served.
    ///
    /// # Errors
    ///
    /// If the address or the port cannot be had.
    pub async fn serve(document: Document, serving: Serving) -> io::Result<Server> {
        let bound = serving.bind().await?;
        let url = bound.url.clone();
        let server = server::Server::start(bound, serving, Arc::clone(&document.0) as Arc<dyn Service>);
        Ok(Server { server, document, url })
    }

    /// `http://127.0.0.1:PORT`, or where it is served.
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

struct Api {
    contract: Contract,
    /// The instances that have been made, by the places of their schemas; `None` where there is none.
    made: Mutex<HashMap<(String, Values), Option<Value>>>,
    resources: Mutex<Resources>,
}

/// The paths of a document's servers, before which its own paths stand.
fn prefixes(root: &Value) -> Vec<String> {
    let servers = root["servers"].as_array().into_iter().flatten().filter_map(|server| server["url"].as_str());
    let paths = servers.map(|url| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
        rest.trim_end_matches('/').to_owned()
    });
    paths.filter(|path| path.starts_with('/') && !path.contains('{')).collect()
}

/// JSON before everything else.
fn first(contents: &[(String, String)]) -> Option<&(String, String)> {
    contents.iter().find(|(media, _)| is_json(media)).or_else(|| contents.first())
}

impl Api {
    /// A valid instance of the schema at a place: the plainest that there is.
    fn instance(&self, schema: &str, values: Values) -> Option<Value> {
        let key = (schema.to_owned(), values);
        if let Some(known) = lock(&self.made).get(&key) {
            return known.clone();
        }
        let document = self.contract.document();
        let view = if values == Values::Sent { View::Write } else { View::Read };
        let valid = |value: &Value| !matches!(self.contract.mistake(schema, values, value), Ok(Some(_)));
        let plain = Instances::plain(document).make(schema, view);
        let mut attempts =
            (0..ATTEMPTS).filter_map(|seed| Instances::new(document, Random::new(seed)).make(schema, view));
        let made = plain.filter(&valid).or_else(|| attempts.find(&valid));
        lock(&self.made).insert(key, made.clone());
        made
    }

    /// The schema of what a GET of this path responds with, if it is JSON.
    fn shown_at(&self, path: &str) -> Option<(&Operation, &str)> {
        let operation = self.contract.find("GET", path)?;
        let (media, schema) = first(operation.success().1)?;
        is_json(media).then_some((operation, schema.as_str()))
    }

    /// Notes what a request writes.
    fn write(&self, request: &Request, answer: &Value) {
        let path = request.path.trim_end_matches('/').to_owned();
        let body = request.json().filter(Value::is_object);
        let mut resources = lock(&self.resources);
        match (request.method.as_str(), body) {
            ("DELETE", _) => resources.remove(&path),
            ("PUT" | "PATCH", Some(body)) => {
                let Some((_, schema)) = self.shown_at(&path) else { return };
                let known = resources.get(&path).cloned().or_else(|| self.instance(schema, Values::Received));
                self.keep(&mut resources, &path, schema, known.map(|known| overlay(known, &body)));
            }
            ("POST", Some(body)) => {
                // What a collection makes is below it, under an id.
                let Some((operation, schema)) = self.shown_at(&format!("{path}/x")) else { return };
                let Some((name, _)) = self.contract.path_values(operation, &format!("{path}/x")).pop() else { return };
                let Some(made) = self.instance(schema, Values::Received) else { return };
                let made = overlay(overlay(made, answer), &body);
                let Some((made, id)) = resources.identified(made, name, &body) else { return };
                self.keep(&mut resources, &format!("{path}/{id}"), schema, Some(made));
            }
            _ => {}
        }
    }

    fn keep(&self, resources: &mut Resources, path: &str, schema: &str, value: Option<Value>) {
        let valid = |value: &Value| matches!(self.contract.mistake(schema, Values::Received, value), Ok(None));
        if let Some(value) = value.filter(valid) {
            resources.insert(path, value);
        }
    }

    /// What a request reads or has just written, in the shape of its response.
    fn read(&self, request: &Request, operation: &Operation, schema: &str, instance: Value) -> Value {
        let valid = |value: &Value| matches!(self.contract.mistake(schema, Values::Received, value), Ok(None));
        let path = request.path.trim_end_matches('/');
        let resources = lock(&self.resources);
        let known = match request.method.as_str() {
            "GET" | "HEAD" => resources.get(path).cloned().or_else(|| resources.listed(path, &instance)),
            "POST" => resources.newest(path).map(|made| overlay(instance.clone(), made)),
            _ => resources.get(path).map(|made| overlay(instance.clone(), made)),
        };
        if let Some(known) = known.filter(valid) {
            return known;
        }
        // An instance says of which resource it is.
        let named =
            self.contract.path_values(operation, &request.path).pop().map(|(name, id)| named(&instance, name, &id));
        named.flatten().filter(valid).unwrap_or(instance)
    }
}

impl Service for Api {
    fn operation(&self, method: &str, path: &str) -> Option<String> {
        Some(self.contract.find(method, path)?.id.clone())
    }

    fn answer(&self, request: &Request) -> Answer {
        let Some(operation) = self.contract.find(&request.method, &request.path) else {
            let status = if self.contract.has_path(&request.path) { 405 } else { 404 };
            return self.scripted(request, status, &[]);
        };
        if !operation.is_authorized(request) {
            return self.scripted(request, 401, &[]);
        }
        if let Err(refused) = self.contract.check_request(operation, request) {
            return Answer::json(refused.status, &json!({"message": refused.message, "at": refused.at}));
        }
        if lock(&self.resources).is_gone(request.path.trim_end_matches('/')) && request.method != "PUT" {
            return self.scripted(request, 404, &[]);
        }
        let (status, contents) = operation.success();
        let Some((media, schema)) = first(contents) else {
            self.write(request, &Value::Null);
            return Answer { status, headers: Vec::new(), body: Vec::new() };
        };
        if !is_json(media) {
            self.write(request, &Value::Null);
            let media = if media.contains('*') { "application/octet-stream" } else { media.as_str() };
            return Answer::new(status, media, b"x".as_slice());
        }
        let Some(instance) = self.instance(schema, Values::Received) else {
            let message = format!("no instance of the schema at {schema} could be made");
            return Answer::json(501, &json!({"message": message}));
        };
        self.write(request, &instance);
        let mut answer = Answer::json(status, &self.read(request, operation, schema, instance));
        answer.set_header("content-type", media);
        answer
    }

    fn scripted(&self, request: &Request, status: u16, _headers: &[(String, String)]) -> Answer {
        // A failure in the shape that the document gives it, if it gives it one.
        let documented = self.contract.find(&request.method, &request.path).and_then(|it| it.failure(status));
        let made = documented.and_then(|schema| self.instance(schema, Values::Received));
        let message = || json!({"message": format!("{status} for {} {}", request.method, request.path)});
        Answer::json(status, &made.unwrap_or_else(message))
    }

    fn contract(&self) -> Option<&Contract> {
        Some(&self.contract)
    }

    fn control(&self, ask: &Ask<'_>) -> Option<Result<Value, String>> {
        match (ask.method, ask.path.as_slice()) {
            ("GET", ["state"]) => Some(Ok(json!({"service": "document", "resources": lock(&self.resources).paths()}))),
            ("POST", ["reset"]) => {
                *lock(&self.resources) = Resources::default();
                Some(Ok(json!({})))
            }
            _ => None,
        }
    }
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
            "name": "xxx", "kind": "cat", "children": [], "food": {"is": "Food", "grams": 1.5}, "secret": "x",
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
        let named = r#"{"name": "Rex"}"#;
        let response = respond("/pets/1?pet-id=5", &[("x-key", "k"), ("content-type", "application/json")], named);
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
            (200, "application/json")
        );
        let pet: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!((&pet["age"], pet.get("secret")), (&json!(4), None));
        let broken = respond("/pets/1", &[("x-key", "k"), ("content-type", "application/json")], "{");
        assert_eq!(broken.status(), 400);
        // What is wrong is said with its place.
        for (path, body, at) in [
            ("/pets/1", "{}", "body"),
            ("/pets/1", r#"{"name": "ab"}"#, "body/name"),
            ("/pets/1?pet-id=4", named, "query.pet-id"),
            ("/pets/1?pet-id=four", named, "query.pet-id"),
        ] {
            let refused = respond(path, &[("x-key", "k"), ("content-type", "application/json")], body);
            let why: Value = serde_json::from_slice(refused.body()).unwrap();
            assert_eq!((refused.status().as_u16(), &why["at"]), (400, &json!(at)), "{path} {body}: {why}");
        }
        assert_eq!(respond("/pets/1", &[("x-key", "k"), ("content-type", "text/plain")], named).status(), 415);
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

    const SHELF: &str = r##"{
        "openapi": "3.0.3",
        "servers": [{"url": "https://shelf.example/v1"}],
        "paths": {
            "/books": {
                "get": {"responses": {"200": {"content": {"application/json": {"schema": {
                    "type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}}}
                }}}}}},
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}},
                    "responses": {"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}}
                }
            },
            "/books/{bookId}": {
                "parameters": [{"name": "bookId", "in": "path", "required": true, "schema": {"type": "string"}}],
                "get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}}},
                "patch": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}},
                    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}}
                },
                "delete": {"responses": {"204": {}}}
            }
        },
        "components": {"schemas": {"Book": {"type": "object", "properties": {
            "id": {"type": "string", "readOnly": true}, "title": {"type": "string"}, "pages": {"type": "integer"}
        }}}}
    }"##;

    #[test]
    fn what_is_written_is_there_when_it_is_read() {
        let document = Document::parse(SHELF).unwrap();
        let send = |method: &str, path: &str, body: &str| {
            let request = http::Request::builder().method(method).uri(format!("https://shelf.example{path}"));
            let request = request.header("content-type", "application/json").body(body.as_bytes().to_vec()).unwrap();
            let response = document.respond(&request);
            (response.status().as_u16(), serde_json::from_slice::<Value>(response.body()).unwrap_or_default())
        };
        let (status, made) = send("POST", "/v1/books", r#"{"title": "Emma", "pages": 474}"#);
        assert_eq!((status, &made["title"], &made["pages"]), (201, &json!("Emma"), &json!(474)));
        let id = made["id"].as_str().unwrap().to_owned();
        let (_, second) = send("POST", "/v1/books", r#"{"title": "Persuasion"}"#);
        assert_ne!(second["id"], json!(id));
        let at = format!("/v1/books/{id}");
        assert_eq!(send("GET", &at, "").1, made);
        assert_eq!(send("PATCH", &at, r#"{"pages": 500}"#).1["pages"], 500);
        let (_, read) = send("GET", &at, "");
        assert_eq!((&read["title"], &read["pages"]), (&json!("Emma"), &json!(500)));
        let titles = |all: &Value| -> Vec<String> {
            all["items"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(titles(&send("GET", "/v1/books", "").1), ["Emma", "Persuasion"]);
        assert_eq!(send("DELETE", &at, "").0, 204);
        assert_eq!((send("GET", &at, "").0, send("DELETE", &at, "").0), (404, 404));
        assert_eq!(titles(&send("GET", "/v1/books", "").1), ["Persuasion"]);
        // What nobody has written is there all the same, under the name that it is asked for.
        assert_eq!(send("GET", "/v1/books/another", "").1["id"], "another");
    }
}
