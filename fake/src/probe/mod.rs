//! Compares a live service with its document and with a fake, without showing its data.
//!
//! A [`Probe`] watches a client: [`Probe::watch`] creates a sender that sends only reads, and compares each response
//! with the document: status, media type, headers, and the body with its schema. Differences are kept as shapes: types,
//! lengths and counts, never a value. [`Probe::report`] compares them with the responses of a fake that another probe
//! has seen, and writes an Overlay after which the document allows the responses of the service.
//!
//! ```
//! use std::sync::Arc;
//!
//! use connectors::{SendError, Sender as _, reqwest};
//! use connectors_fake::probe::Probe;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let document = r#"{"openapi": "3.1.0", "paths": {"/pets": {"get": {"operationId": "listPets", "responses": {"200": {
//!     "content": {"application/json": {"schema": {"properties": {"name": {"type": "string"}}}}}}}}}}}"#;
//! // The network; here, a stand-in for it.
//! let live = |_: reqwest::Request| async {
//!     let response = http::Response::builder().header("content-type", "application/json").body(r#"{"name": null}"#);
//!     Ok::<_, SendError>(response.unwrap().into())
//! };
//! let probe = Arc::new(Probe::new(document)?);
//! let sender = probe.watch(&["listPets"], live);
//! let request = |method| reqwest::Request::new(method, "https://pets.example/pets".parse().unwrap());
//! sender.send(request(reqwest::Method::GET)).await?;
//! assert!(sender.send(request(reqwest::Method::DELETE)).await.is_err());
//!
//! // No fake was probed.
//! let report = probe.report(&Probe::new(document)?);
//! assert_eq!(report.differences().len(), 1);
//! assert!(report.overlay("pets").contains("content['application/json'].schema.properties.name"));
//! # Ok(())
//! # }
//! ```

mod action;
mod report;
mod shape;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use connectors::reqwest::{Method, Request, Response};
use connectors::{SendError, Sender};
use serde_json::Value;

use self::action::Target;
pub use self::report::{Difference, Report};
use self::report::{Found, Kind, Place};
use self::shape::Shape;
use crate::lock;
use crate::received::Received;
use connectors_mock::contract::{Contract, Operation, open_where_allowed, prefixes, resolve};
use connectors_mock::media::{content, is_json, media};
use connectors_mock::schema::{self, Rule};

/// The maximum number of differences, and of places, that are kept.
const DIFFERENCES: usize = 1000;
const PLACES: usize = 50_000;

/// The responses of a service so far, and their differences from its document.
pub struct Probe {
    contract: Contract,
    is_3_0: bool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    responses: usize,
    /// The statuses that do not depend on the document: no permission, too many calls, failures of a server.
    passed_over: BTreeMap<(String, u16), usize>,
    /// Each difference with its subject: a status, a media type, a header, a place in the document.
    found: BTreeMap<(Kind, String), Found>,
    shapes: BTreeMap<Place, Shape>,
    medias: BTreeMap<(String, u16), BTreeSet<String>>,
}

impl Probe {
    /// Creates a probe for a document, as JSON, with its overlays applied.
    ///
    /// # Errors
    ///
    /// If the document is not JSON.
    pub fn new(document: &str) -> io::Result<Probe> {
        let mut root: Value = serde_json::from_str(document).map_err(io::Error::other)?;
        open_where_allowed(&mut root);
        let prefixes = prefixes(&root);
        let is_3_0 = root["openapi"].as_str().is_some_and(|version| version.starts_with("3.0"));
        Ok(Probe { contract: Contract::new(root, prefixes), is_3_0, seen: Mutex::default() })
    }

    /// Creates a sender that uses another sender, and compares the responses. It sends these operations, and token
    /// requests: a POST of a form to a path that the document does not have and that ends with `/token`. It rejects all
    /// other requests: a probe never changes anything.
    pub fn watch<S: Sender>(self: &Arc<Self>, operations: &[&str], sender: S) -> Watch<S> {
        let operations = operations.iter().map(|id| (*id).to_owned()).collect();
        Watch { probe: Arc::clone(self), operations, sender }
    }

    /// The differences from the document, and from the fake that another probe has seen.
    #[must_use]
    pub fn report(&self, fake: &Probe) -> Report {
        // One lock at a time: both may be the same.
        let fake = {
            let seen = lock(&fake.seen);
            (seen.shapes.clone(), seen.medias.clone())
        };
        let seen = lock(&self.seen);
        let target = Target { root: self.contract.document().root(), is_3_0: self.is_3_0 };
        let differences = seen.found.values().map(|found| found.difference(target, &seen.shapes)).collect();
        let known = seen.found.values().flat_map(Found::places).collect();
        let corrections = report::corrections((&seen.shapes, &seen.medias), (&fake.0, &fake.1), &known);
        Report { responses: seen.responses, passed_over: seen.passed_over.clone(), differences, corrections }
    }

    /// Compares a response with the document.
    fn compare(&self, operation: &Operation, status: u16, headers: &http::HeaderMap, body: &[u8]) {
        let media = media(headers);
        let json = if is_json(&media) { serde_json::from_slice::<Value>(body).ok() } else { None };
        let seen = &mut *lock(&self.seen);
        let place = |pattern: &str| Place { operation: operation.id.clone(), status, pattern: pattern.to_owned() };
        // They depend on the caller, the rate of calls, and gateways before the service.
        if matches!(status, 401 | 403 | 429 | 500..) {
            *seen.passed_over.entry((operation.id.clone(), status)).or_default() += 1;
            return;
        }
        seen.responses += 1;
        let mut whole = Shape::default();
        json.iter().for_each(|json| whole.add(json));
        // If a success is documented, `default` describes failures.
        let has_success = operation.responses.iter().any(|(key, _)| key.starts_with('2'));
        let documented =
            operation.response(status).filter(|(key, _)| status >= 400 || !has_success || key != "default");
        let Some((key, contents)) = documented else {
            let found = seen.found(Kind::Status, &operation.place, &format!("{status} {media}"));
            found.add(place(""), &whole);
            found.media.clone_from(&media);
            return;
        };
        let root = self.contract.document().root();
        let response = resolve(root, format!("{}/responses/{}", operation.place, schema::escape(key)));
        let Some((response, _)) = response else { return };
        for header in operation.headers(root, status) {
            let name = header.name.as_str();
            match headers.get(name).and_then(|value| value.to_str().ok()) {
                None if header.required => seen.found(Kind::Header, &header.place, name).add(place(""), &whole),
                None => {}
                Some(value) => self.header(seen, &header.schema(), name, value, &place("")),
            }
        }
        if contents.is_empty() || matches!(status, 204 | 304) {
            return;
        }
        let Some((_, schema)) = content(contents, &media) else {
            let found = seen.found(Kind::Media, &response, &media);
            found.add(place(""), &whole);
            found.media = media;
            return;
        };
        seen.medias.entry((operation.id.clone(), status)).or_default().insert(media.clone());
        if !is_json(&media) {
            return;
        }
        match json {
            Some(json) => self.body(seen, schema, &json, &place),
            None => seen.found(Kind::NotJson, &response, &media).add(place(""), &whole),
        }
    }

    /// A header is valid if its value is valid as a text or as JSON.
    fn header(&self, seen: &mut Seen, schema: &str, name: &str, text: &str, place: &Place) {
        let value = Value::from(text);
        let values = [Some(value.clone()), serde_json::from_str(text).ok()];
        let rules = values.iter().flatten().map(|value| self.contract.breaches(schema, value).unwrap_or_default());
        let Some(broken) = rules.min_by_key(Vec::len).filter(|broken| !broken.is_empty()) else { return };
        let mut shape = Shape::default();
        shape.add(&value);
        for breach in broken {
            let keyword = match breach.rule {
                Rule::Keyword(keyword) => keyword,
                Rule::Enum => "enum".to_owned(),
                _ => "type".to_owned(),
            };
            let found = seen.found(Kind::Rule, schema, &keyword);
            found.schemas = vec![schema.to_owned()];
            found.header = Some(name.to_owned());
            found.add(place.clone(), &shape);
        }
    }

    fn body(&self, seen: &mut Seen, schema: &str, json: &Value, place: &dyn Fn(&str) -> Place) {
        let (visits, extras) = walk::walk(self.contract.document().root(), schema, json);
        for visit in &visits {
            let place = place(&visit.pattern);
            if seen.shapes.len() < PLACES || seen.shapes.contains_key(&place) {
                seen.shapes.entry(place).or_default().add(visit.value);
            }
        }
        for extra in &extras {
            let mut shape = Shape::default();
            shape.add(extra.value);
            let named = Some(extra.name).filter(|name| is_identifier(name));
            let shown = named.map_or_else(|| format!("a name of length {}", extra.name.chars().count()), str::to_owned);
            let found = seen.found(Kind::Member, &extra.owner, &shown);
            found.member = named.map(str::to_owned);
            found.add(place(&extra.pattern), &shape);
        }
        let breaches = match self.contract.breaches(schema, json) {
            Ok(breaches) => breaches,
            Err(_) => {
                let found = seen.found(Kind::Unchecked, schema, "");
                found.add(place(""), &Shape::default());
                return;
            }
        };
        let at: BTreeMap<&str, &walk::Visit<'_>> = visits.iter().map(|visit| (visit.at.as_str(), visit)).collect();
        let of_type: BTreeSet<&str> =
            breaches.iter().filter(|breach| breach.rule == Rule::Type).map(|breach| breach.at.as_str()).collect();
        for breach in &breaches {
            // There is no place to name beyond the visited ones.
            let Some(visit) = at.get(breach.at.as_str()) else { continue };
            let (kind, name) = match &breach.rule {
                Rule::Type if visit.value.is_null() => (Kind::Null, ""),
                Rule::Type => (Kind::Type, ""),
                // It has the wrong type, so no other rule can hold.
                _ if of_type.contains(breach.at.as_str()) => continue,
                Rule::Enum => (Kind::Value, ""),
                Rule::Required(name) => (Kind::Missing, name.as_str()),
                // The members themselves are reported.
                Rule::Keyword(keyword) if keyword.ends_with("Properties") && keyword.len() > 14 => continue,
                Rule::Keyword(keyword) => (Kind::Rule, keyword.as_str()),
            };
            let mut shape = Shape::default();
            shape.add(visit.value);
            let found = seen.found(kind, &visit.sites.join(" "), name);
            found.sites.clone_from(&visit.sites);
            found.schemas = visit.schemas.to_vec();
            found.add(place(&visit.pattern), &shape);
        }
    }
}

impl Seen {
    /// The difference of a kind, at a place in the document, for a name there.
    fn found(&mut self, kind: Kind, about: &str, name: &str) -> &mut Found {
        let mut key = (kind, format!("{about} {name}"));
        if self.found.len() >= DIFFERENCES && !self.found.contains_key(&key) {
            // All further differences are counted as one.
            key = (Kind::More, String::new());
        }
        let kind = key.0;
        self.found.entry(key).or_insert_with(|| Found::new(kind, about, name))
    }
}

/// Whether a name looks like an identifier in a program, so that it is not data.
fn is_identifier(name: &str) -> bool {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@' | '$'));
    plain && digits <= 2 && name.len() <= 40 && name.starts_with(|c: char| !c.is_ascii_digit())
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("responses", &lock(&self.seen).responses).finish_non_exhaustive()
    }
}

/// The sender that [`Probe::watch`] makes.
pub struct Watch<S> {
    probe: Arc<Probe>,
    operations: Vec<String>,
    sender: S,
}

impl<S> fmt::Debug for Watch<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("operations", &self.operations).finish_non_exhaustive()
    }
}

impl<S: Sender> Sender for Watch<S> {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let url = request.url().clone();
        let contract = &self.probe.contract;
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let operation = contract.find(request.method().as_str(), &target);
        let is_allowed = match operation {
            Some(operation) => self.operations.contains(&operation.id),
            None => !contract.has_path(url.path()) && is_for_token(&request),
        };
        if !is_allowed {
            return Err(SendError::unsendable(format!("a probe does not send {}", request.method())));
        }
        let response = self.sender.send(request).await?;
        let Some(operation) = operation else { return Ok(response) };
        let received = Received::read(response).await?;
        self.probe.compare(operation, received.status.as_u16(), &received.headers, &received.body);
        received.into_response(url)
    }
}

/// Whether a request is a token request (RFC 6749, section 3.2): a POST of a form with `grant_type`.
fn is_for_token(request: &Request) -> bool {
    let form = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
    request.method() == Method::POST
        && request.url().path().ends_with("/token")
        && media(request.headers()) == "application/x-www-form-urlencoded"
        && form_urlencoded::parse(form).any(|(name, _)| name == "grant_type")
}
