//! A fake server for any OpenAPI document. It finds the operation of each request, checks the request against the
//! document, and responds with an instance of the response's schema. Written resources can be read again if the paths
//! show which objects belong together. `connectors-fake` has the behaviour of C1 and PipesHub.
//!
//! A [`Document`] responds in process, a [`Server`] on a socket.
//!
//! ```
//! use connectors_mock::document::Document;
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
//! assert_eq!(document.operation("POST", "/pets").as_deref(), Some("addPet"));
//! assert_eq!(document.argument("addPet", "body")["name"], "x");
//! let add = |body: &str| {
//!     let request = http::Request::post("https://pets.example/pets").header("content-type", "application/json");
//!     document.respond(&request.body(body.as_bytes().to_vec()).unwrap())
//! };
//! assert_eq!(add(r#"{"name": "Rex"}"#).status(), 204);
//! // The body of the response names the place: `body/name`.
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

use crate::contract::{Contract, Header, Operation, Refused, Values, prefixes};
use crate::fault::Fault;
use crate::lock;
use crate::media::{content, essence, is_json};
use crate::message::{Answer, Request};
use crate::resources::{Resources, fold, named, overlay};
use crate::schema::{Instances, Random, View};
use crate::server::Running;
use crate::service::{Ask, Service};
use crate::serving::Serving;

/// The number of instances that are tried if the plainest one is not valid.
const ATTEMPTS: u64 = 64;

/// A document that responds in process, as a client's sender. Cheap to clone; clones share the written resources.
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
        let prefixes = prefixes(&root);
        let contract = Contract::lenient(root, prefixes);
        Ok(Document(Arc::new(Api { contract, made: Mutex::default(), resources: Mutex::default() })))
    }

    /// The operationId for a request, by its method and its raw path with the query.
    #[must_use]
    pub fn operation(&self, method: &str, target: &str) -> Option<String> {
        self.0.operation(method, target)
    }

    /// The parameters in the path of a request, by its method and its raw path: their names and decoded values, in
    /// order.
    #[must_use]
    pub fn path_values(&self, method: &str, path: &str) -> Vec<(String, String)> {
        let contract = &self.0.contract;
        let target = path;
        let path = target.split('?').next().unwrap_or_default();
        let values = contract.find(method, target).map(|operation| contract.path_values(operation, path));
        values.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// A valid value for an argument of an operation: its `body`, or a parameter by its name in any spelling. Null for
    /// an unknown name.
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

    /// Responds with the operation's first documented success, and an instance of its schema or the resource that was
    /// written before. The status is 404 if there is no such operation, 401 if a required credential is missing, and
    /// 400 or 415 if the document does not allow the request. The body then has the place of the mistake. It is 501 if no
    /// instance of the response's schema could be generated.
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
        // A status in a document may not be a valid status code.
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

/// A fake server for a document. Dropping it stops it.
pub struct Server {
    server: Running,
    document: Document,
    url: String,
}

impl Server {
    /// Starts a server for a document, given as JSON, on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If the document is not JSON, or no port is free.
    pub async fn start(document: &str) -> io::Result<Server> {
        Server::serve(Document::parse(document)?, Serving::default()).await
    }

    /// Starts a server for a document, with this address and these settings.
    ///
    /// # Errors
    ///
    /// If the address or the port is not available.
    pub async fn serve(document: Document, serving: Serving) -> io::Result<Server> {
        let bound = serving.bind().await?;
        let url = bound.url.clone();
        let server = Running::start(bound, serving, Arc::clone(&document.0) as Arc<dyn Service>);
        Ok(Server { server, document, url })
    }

    /// The URL of the server, by default `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The document of the server.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Every request that reached the server, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// Adds a fault to the script.
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
    /// The instances so far, by the places of their schemas; `None` for a schema without one.
    made: Mutex<HashMap<(String, Values), Option<Value>>>,
    resources: Mutex<Resources>,
}

/// JSON comes first.
fn first(contents: &[(String, String)]) -> Option<&(String, String)> {
    contents.iter().find(|(media, _)| is_json(media)).or_else(|| contents.first())
}

impl Api {
    /// The plainest valid instance of the schema at a place.
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

    /// The required headers of a response, with values of their schemas.
    fn headers(&self, operation: &Operation, status: u16) -> Vec<(String, String)> {
        let all = operation.headers(self.contract.document().root(), status).into_iter();
        let required = all.filter(|header| header.required && !header.name.eq_ignore_ascii_case("content-type"));
        let text = |schema: &str| match self.instance(schema, Values::Received) {
            Some(Value::String(text)) => text,
            Some(Value::Array(items)) => items
                .iter()
                .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(","),
            Some(Value::Null) | None => "x".to_owned(),
            Some(value) => value.to_string(),
        };
        let pair = |header: Header| {
            let value = text(&header.schema());
            (header.name, value)
        };
        required.map(pair).collect()
    }

    /// A stream of one item, if it is a media type of streams.
    fn stream(&self, media: &str, schema: &str) -> Option<String> {
        let media = essence(media);
        let is_lines =
            ["application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/json-lines"]
                .contains(&media.as_str());
        let is_sequence = media == "application/json-seq";
        if !is_lines && !is_sequence && media != "text/event-stream" {
            return None;
        }
        // The schema of an item has its own keyword in OpenAPI 3.2; in older versions, the schema of the whole stream
        // often describes an item.
        let of_item = schema.strip_suffix("/schema").map(|content| format!("{content}/itemSchema"));
        let of_item = of_item.filter(|place| self.contract.document().root().pointer(place).is_some());
        let item = self.instance(of_item.as_deref().unwrap_or(schema), Values::Received)?;
        let item = match item {
            Value::Array(items) => items.into_iter().next()?,
            item => item,
        };
        if is_lines {
            return Some(format!("{item}\n"));
        }
        if is_sequence {
            return Some(format!("\u{1e}{item}\n"));
        }
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // A schema of a whole event has its fields.
        let Some(data) = item.get("data").filter(|_| item.get("event").is_some()) else {
            return Some(format!("data: {}\n\n", plain(&item)));
        };
        Some(format!("event: {}\ndata: {}\n\n", plain(&item["event"]), plain(data)))
    }

    /// A refusal. Its headers have the reason and the place in the request, and so has the body, as far as the document
    /// allows: a documented failure may have other members, or no more than its own.
    fn refused(&self, operation: &Operation, refused: &Refused) -> Answer {
        let why = json!({"message": refused.message, "at": refused.at});
        let failure = operation.failure(refused.status);
        let valid = |value: &Value| {
            failure.is_none_or(|(_, schema)| {
                !matches!(self.contract.mistake(schema, Values::Received, value), Ok(Some(_)))
            })
        };
        let documented = failure.and_then(|(_, schema)| self.instance(schema, Values::Received));
        let with = |names: &[&str]| {
            let mut value = documented.clone()?;
            if let Some(members) = value.as_object_mut() {
                members.extend(names.iter().map(|name| ((*name).to_owned(), why[*name].clone())));
            }
            Some(value)
        };
        let forms = [&["message", "at"][..], &["at"], &["message"], &[]];
        let body = Some(why.clone()).filter(&valid).or_else(|| forms.into_iter().filter_map(with).find(&valid));
        let media = failure.filter(|_| body.is_some()).map_or("application/json", |(media, _)| media);
        let mut answer = Answer::new(refused.status, media, body.unwrap_or(why).to_string());
        answer.headers.extend(self.headers(operation, refused.status));
        let header = |text: &str| -> String {
            text.chars().take(500).map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect()
        };
        answer.set_header("x-refused-at", &header(&refused.at));
        answer.set_header("x-refused-because", &header(&refused.message));
        answer
    }

    /// The schema of the response to a GET of this path, if it is JSON.
    fn shown_at(&self, path: &str) -> Option<(&Operation, &str)> {
        let operation = self.contract.find("GET", path)?;
        let (media, schema) = first(operation.success().1)?;
        is_json(media).then_some((operation, schema.as_str()))
    }

    /// Records the resource that a request writes.
    fn write(&self, request: &Request, answer: &Value) {
        let path = request.path.trim_end_matches('/').to_owned();
        let body = request.json().filter(Value::is_object);
        let mut resources = lock(&self.resources);
        match (request.method.as_str(), body) {
            ("DELETE", _) => resources.remove(&path),
            ("PUT" | "PATCH", Some(body)) => {
                let Some((_, schema)) = self.shown_at(&path) else { return };
                let known = resources.get(&path).cloned().or_else(|| self.instance(schema, Values::Received));
                if let Some(value) = known.map(|known| overlay(known, &body)).filter(|it| self.is_valid(schema, it)) {
                    resources.insert(&path, value);
                }
            }
            ("POST", Some(body)) => {
                // A resource that is created in a collection is stored below it, by its id.
                let Some((operation, schema)) = self.shown_at(&format!("{path}/x")) else { return };
                let Some((name, _)) = self.contract.path_values(operation, &format!("{path}/x")).pop() else { return };
                let Some(made) = self.instance(schema, Values::Received) else { return };
                let made = overlay(overlay(made, answer), &body);
                let parameter = operation.parameters.iter().find(|it| it.location == "path" && it.name == name);
                let generate = |number| {
                    let mut instances = Instances::new(self.contract.document(), Random::new(number));
                    instances.make(&parameter?.schema, View::Write)
                };
                let allows = |at: &str| {
                    let id = [at.get(path.len() + 1..).unwrap_or_default().to_owned()];
                    parameter.is_none_or(|it| self.contract.check_texts(&it.schema, &id).is_ok())
                };
                let candidates = resources.identified(&path, &made, name, &body, generate);
                let fits = |(at, made): &(String, Value)| allows(at) && self.is_valid(schema, made);
                if let Some((at, made)) = candidates.into_iter().find(fits) {
                    resources.insert(&at, made);
                }
            }
            _ => {}
        }
    }

    fn is_valid(&self, schema: &str, value: &Value) -> bool {
        matches!(self.contract.mistake(schema, Values::Received, value), Ok(None))
    }

    /// The resource that a request reads or has just written, in the form of its response.
    fn read(&self, request: &Request, operation: &Operation, schema: &str, instance: Value) -> Value {
        let valid = |value: &Value| self.is_valid(schema, value);
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
        // The id in an instance is that of the requested resource.
        let named =
            self.contract.path_values(operation, &request.path).pop().map(|(name, id)| named(&instance, name, &id));
        named.flatten().filter(valid).unwrap_or(instance)
    }
}

/// The content that a client prefers, by the weights of its media ranges (RFC 9110, section 12.5.1). Of ranges with the same
/// weight, the more specific one counts, and then the earlier one.
fn accepted<'c>(contents: &'c [(String, String)], accept: &str) -> Option<&'c (String, String)> {
    let mut ranges: Vec<(String, f64)> = accept.split(',').map(|range| (essence(range), weight(range))).collect();
    ranges.retain(|(range, _)| !range.is_empty());
    let wildcards = |range: &str| range.matches('*').count();
    ranges.sort_by(|(a, one), (b, other)| other.total_cmp(one).then(wildcards(a).cmp(&wildcards(b))));
    let (wanted, refused): (Vec<_>, Vec<_>) = ranges.into_iter().partition(|(_, weight)| *weight > 0.0);
    let is_refused = |media: &str| refused.iter().any(|(range, _)| *range == essence(media));
    wanted.iter().find_map(|(range, _)| match range.strip_suffix('*') {
        None => content(contents, range),
        Some(family) => {
            let fits = |media: &str| family == "*/" || essence(media).starts_with(family);
            let left = || contents.iter().filter(|(media, _)| fits(media) && !is_refused(media));
            left().find(|(media, _)| is_json(media)).or_else(|| left().next())
        }
    })
}

/// The weight of a media range.
fn weight(range: &str) -> f64 {
    let parameters = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut weights = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weights.next().and_then(|(_, weight)| weight.trim().parse().ok()).unwrap_or(1.0)
}

impl Service for Api {
    fn operation(&self, method: &str, target: &str) -> Option<String> {
        Some(self.contract.find(method, target)?.id.clone())
    }

    fn answer(&self, request: &Request) -> Answer {
        let Some(operation) = self.contract.of(request) else {
            let status = if self.contract.has_path(&request.path) { 405 } else { 404 };
            return self.scripted(request, status, &[]);
        };
        if !operation.is_authorized(request) {
            return self.scripted(request, 401, &[]);
        }
        if let Err(refused) = self.contract.check_request(operation, request) {
            return self.refused(operation, &refused);
        }
        if lock(&self.resources).is_gone(request.path.trim_end_matches('/')) && request.method != "PUT" {
            return self.scripted(request, 404, &[]);
        }
        let (status, contents) = operation.success();
        let accepted = accepted(contents, request.header("accept").unwrap_or_default());
        let Some((media, schema)) = accepted.or_else(|| first(contents)) else {
            self.write(request, &Value::Null);
            let mut answer = Answer { status, headers: self.headers(operation, status), body: Vec::new() };
            if (300..400).contains(&status) {
                answer.set_header("location", "https://example.com/x");
            }
            return answer;
        };
        if !is_json(media) {
            self.write(request, &Value::Null);
            let body = self.stream(media, schema).unwrap_or_else(|| "x".to_owned());
            let media = if media.contains('*') { "application/octet-stream" } else { media.as_str() };
            let mut answer = Answer::new(status, media, body);
            answer.headers.extend(self.headers(operation, status));
            return answer;
        }
        let Some(instance) = self.instance(schema, Values::Received) else {
            let plain = Instances::plain(self.contract.document()).make(schema, View::Read);
            let why = plain.and_then(|plain| self.contract.mistake(schema, Values::Received, &plain).ok().flatten());
            let why = why.map_or_else(
                || "it has no end, or refers to a schema that does not exist".to_owned(),
                |mistake| mistake.to_string(),
            );
            let message = format!("no instance of the schema at {schema} could be generated: {why}");
            return Answer::json(501, &json!({"message": message}));
        };
        self.write(request, &instance);
        let mut answer = Answer::json(status, &self.read(request, operation, schema, instance));
        answer.set_header("content-type", media);
        answer.headers.extend(self.headers(operation, status));
        answer
    }

    fn scripted(&self, request: &Request, status: u16, _headers: &[(String, String)]) -> Answer {
        // A failure in the documented form, if there is one.
        let operation = self.contract.of(request);
        let documented = operation.and_then(|it| it.failure(status));
        let made = documented.and_then(|(media, schema)| Some((media, self.instance(schema, Values::Received)?)));
        let mut answer = match made {
            Some((media, failure)) => Answer::new(status, media, failure.to_string()),
            None => {
                let message = format!("{status} for {} {}", request.method, request.path);
                Answer::json(status, &json!({"message": message}))
            }
        };
        answer.headers.extend(operation.into_iter().flat_map(|it| self.headers(it, status)));
        answer
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
