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

#[cfg(test)]
mod tests;

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
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.find('/').map_or("", |at| &rest[at..]).trim_end_matches('/').to_owned()
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
