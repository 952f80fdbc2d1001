//! Reports which parts of a document its client reaches: operations, parameters, media types, statuses, headers,
//! servers, webhooks.

use std::collections::BTreeMap;
use std::fmt;

use crate::Client;
use crate::document::{Map, Node, Pointer};
use crate::grammar::{self, resolve_at};
use crate::note::{Kind, Note};
use crate::shape::model::{Incoming, Operation, Place, Received};

/// A kind of part in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Declared {
    /// An operation.
    Operation,
    /// A parameter of an operation. Parameters that OpenAPI ignores are not counted.
    Parameter,
    /// A media type of a body.
    RequestMedia,
    /// A response by status.
    Status,
    /// A media type of a response.
    ResponseMedia,
    /// A header of a response. `Content-Type`, which OpenAPI ignores, is not counted.
    Header,
    /// A link of a response.
    Link,
    /// A server of the document, a path or an operation.
    Server,
    /// A webhook.
    Webhook,
    /// A parameter of a webhook.
    WebhookParameter,
    /// A media type of a webhook's body.
    WebhookMedia,
    /// A header of a part in a multipart body.
    PartHeader,
    /// A callback of an operation.
    Callback,
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operation => "operations",
            Self::Parameter => "parameters",
            Self::RequestMedia => "media types of bodies",
            Self::Status => "statuses",
            Self::ResponseMedia => "media types of responses",
            Self::Header => "headers of responses",
            Self::Link => "links of responses",
            Self::Server => "servers",
            Self::Webhook => "webhooks",
            Self::WebhookParameter => "parameters of webhooks",
            Self::WebhookMedia => "media types of webhooks",
            Self::PartHeader => "headers of parts",
            Self::Callback => "callbacks",
        })
    }
}

/// The number of parts of one kind in a document, and the number that the client reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// The number that the document declares.
    pub declared: usize,
    /// The number that a caller can reach.
    pub reached: usize,
    /// The number that cannot be reached and have a note.
    pub noted: usize,
    /// The places of the parts that cannot be reached and have no note.
    pub silent: Vec<Pointer>,
}

/// Compares what a document declares with what its client reaches. Pass the document that the client was generated
/// from, with its overlays ([`Generator::overlaid`](crate::Generator::overlaid)).
///
/// ```
/// use connectors_codegen::{Declared, Generator, Node, reach};
///
/// # fn main() -> Result<(), connectors_codegen::Error> {
/// let generator = Generator::new(Node::parse("pets.yaml", "
/// openapi: 3.1.0
/// info: {title: Pets, version: '1'}
/// paths: {/pets: {get: {operationId: listPets, responses: {'204': {description: none}}}}}
/// ")?);
/// let table = reach(&generator.overlaid()?, &generator.generate()?);
/// assert_eq!((table[&Declared::Operation].reached, table[&Declared::Status].reached), (1, 1));
/// assert!(table.values().all(|of_kind| of_kind.silent.is_empty()));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn reach(document: &Node, client: &Client) -> BTreeMap<Declared, Reached> {
    let mut table = Table { client, found: BTreeMap::new() };
    for server in list(document, "servers").enumerate() {
        let (index, server) = server;
        let url = server.str("url").unwrap_or_default();
        // If the document has a partial URL, the caller sets the whole URL.
        let reached = !url.contains("://") || client.api.servers.iter().any(|known| known.url == url);
        table.add(Declared::Server, &Pointer::root().join("servers").join(index), reached);
    }
    for (name, method, node) in grammar::webhooks(document) {
        let at = grammar::method_at(&Pointer::root().join("webhooks").join(name), method);
        table.add(Declared::Webhook, &at, client.api.webhooks.as_ref().is_some_and(|it| has(it, name)));
        table.webhook(document, name, method, node, &at);
        table.not_sent(node, &at);
    }
    for (path, method, node, item) in grammar::operations(document) {
        let item_at = Pointer::root().join("paths").join(path);
        let at = grammar::method_at(&item_at, method);
        // A path that does not begin with `/` is read as if it did.
        let read_at = if path.starts_with('/') {
            at.clone()
        } else {
            grammar::method_at(&Pointer::root().join("paths").join(format!("/{path}")), method)
        };
        let known = client.api.operations.iter().find(|known| known.pointer == read_at);
        table.add(Declared::Operation, &at, known.is_some());
        let Some(known) = known else { continue };
        table.parameters(document, known, &[(node, &at), (item, &item_at)]);
        table.bodies(document, known, node, &at);
        for (owner, place) in [(node, &at), (item, &item_at)] {
            for (index, server) in list(owner, "servers").enumerate() {
                // `Server::instead_of` sends the operation to any other server.
                let reached = known.server.is_some() && server.get("url").is_some();
                table.add(Declared::Server, &place.join("servers").join(index), reached);
            }
        }
        for (name, callback) in node.get("callbacks").and_then(Node::as_object).into_iter().flatten() {
            let reached = known.callbacks.as_ref().is_some_and(|it| has(it, name));
            let written = at.join("callbacks").join(name);
            table.add(Declared::Callback, &written, reached);
            let (callback, at) = resolve_at(document, callback, written);
            for (expression, item) in callback.as_object().into_iter().flatten() {
                for (method, node) in grammar::methods(item) {
                    table.not_sent(node, &grammar::method_at(&at.join(expression), method));
                }
            }
        }
    }
    table.found
}

fn list<'a>(owner: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> {
    owner.get(key).and_then(Node::as_array).into_iter().flatten()
}

/// Whether the client reads a message with this name. If there are several expressions or methods, its full name is
/// longer.
fn has(it: &Incoming, name: &str) -> bool {
    it.messages.iter().any(|message| is_for(&message.wire, name))
}

/// Whether the name of a message is another name, alone or with a method before it or an expression behind it.
fn is_for(message: &str, name: &str) -> bool {
    format!(" {message} ").contains(&format!(" {name} "))
}

struct Table<'a> {
    client: &'a Client,
    found: BTreeMap<Declared, Reached>,
}

impl Table<'_> {
    fn add(&mut self, what: Declared, at: &Pointer, reached: bool) {
        let of_kind = self.found.entry(what).or_default();
        of_kind.declared += 1;
        let speaks = |kind: Kind| matches!(kind, Kind::Loss | Kind::Skip | Kind::Correction);
        let mut notes = self.client.notes.iter();
        let noted = |note: &Note| match note.kind {
            // A rename explains only the part that it names.
            Kind::Rename => note.pointer == *at,
            kind => speaks(kind) && (at.is_within(&note.pointer) || note.pointer.is_within(at)),
        };
        if reached {
            of_kind.reached += 1;
        } else if notes.any(noted) {
            of_kind.noted += 1;
        } else {
            of_kind.silent.push(at.clone());
        }
    }

    fn parameters(&mut self, document: &Node, known: &Operation, owners: &[(&Node, &Pointer)]) {
        let mut seen = Vec::new();
        for (owner, base) in owners {
            for (index, parameter) in list(owner, "parameters").enumerate() {
                let (node, at) = resolve_at(document, parameter, base.join("parameters").join(index));
                let (name, place) = (node.str("name").unwrap_or_default(), node.str("in").unwrap_or_default());
                if is_ignored(name, place) || seen.contains(&(name, place)) {
                    continue;
                }
                seen.push((name, place));
                let is_it = |place: Place| match place {
                    Place::Path => "path",
                    Place::Query => "query",
                    Place::QueryString => "querystring",
                    Place::Header => "header",
                    Place::Cookie => "cookie",
                };
                let reached = known.params.iter().any(|it| it.wire == name && is_it(it.place) == place);
                self.add(Declared::Parameter, &at, reached);
            }
        }
    }

    /// Adds the parameters and the media types of a webhook. The client reads one of the media types.
    fn webhook(&mut self, document: &Node, name: &str, method: &str, node: &Node, at: &Pointer) {
        let item_at = Pointer::root().join("webhooks").join(name);
        let item = document.get("webhooks").and_then(|all| all.get(name)).map(|item| (item, &item_at));
        let mut seen = Vec::new();
        for (owner, at) in [(node, at)].into_iter().chain(item) {
            for (index, parameter) in list(owner, "parameters").enumerate() {
                let at = at.join("parameters").join(index);
                let (parameter, _) = resolve_at(document, parameter, at.clone());
                let (name, place) =
                    (parameter.str("name").unwrap_or_default(), parameter.str("in").unwrap_or_default());
                if is_ignored(name, place) || seen.contains(&(name, place)) {
                    continue;
                }
                seen.push((name, place));
                // The program that receives the request reads the query, the path and the cookies.
                let mut constants = self.client.api.headers.iter();
                let reached = place == "header" && constants.any(|it| name.eq_ignore_ascii_case(&it.wire));
                self.add(Declared::WebhookParameter, &at, reached);
            }
        }
        let Some(body) = node.get("requestBody") else { return };
        let (body, at) = resolve_at(document, body, at.join("requestBody"));
        let content: Vec<&String> =
            body.get("content").and_then(Node::as_object).into_iter().flat_map(Map::keys).collect();
        let messages = || self.client.api.webhooks.iter().flat_map(|it| &it.messages);
        // If a webhook has several methods, all but the first are in the name.
        let full = format!("{} {name}", grammar::sent_method(method));
        let full = messages().any(|it| it.wire == full).then_some(full);
        let mut known = messages().filter(|it| it.wire == full.as_deref().unwrap_or(name));
        // Bytes are returned for any media type.
        let bytes = known.clone().all(|it| matches!(it.body, Received::Bytes));
        let json = known.any(|it| matches!(it.body, Received::Json(_)));
        let is = |media: &str, test: fn(&str) -> bool| test(media.split(';').next().unwrap_or_default().trim());
        let exact = content.iter().find(|media| is(media, |it| it.eq_ignore_ascii_case("application/json")));
        let first =
            exact.or_else(|| content.iter().find(|media| is(media, |it| it.ends_with("+json") || it == "text/json")));
        for media in &content {
            let reached = bytes || (json && first == Some(media));
            self.add(Declared::WebhookMedia, &at.join("content").join(media), reached);
        }
    }

    /// Adds the callbacks of an operation that the service sends. The program that receives it would send them.
    fn not_sent(&mut self, operation: &Node, at: &Pointer) {
        for name in operation.get("callbacks").and_then(Node::as_object).into_iter().flat_map(Map::keys) {
            self.add(Declared::Callback, &at.join("callbacks").join(name), false);
        }
    }

    /// Adds the headers of the parts of a multipart body. The caller sets them on a part that the form has.
    fn part_headers(&mut self, document: &Node, known: &Operation, (media, content): (&str, &Node), at: &Pointer) {
        let forms: Vec<_> = known.forms_of(media).collect();
        // An encoding for a property that does not exist has no effect.
        let is_part = |name: &String| forms.iter().any(|form| form.parts.iter().any(|part| part.wire == *name));
        let named = content.get("encoding").and_then(Node::as_object).into_iter().flatten();
        let named = named.filter(|(name, _)| is_part(name)).map(|(name, it)| (it, at.join("encoding").join(name)));
        let placed = list(content, "prefixEncoding").enumerate();
        let placed = placed.map(|(index, it)| (it, at.join("prefixEncoding").join(index)));
        let each = content.get("itemEncoding").map(|it| (it, at.join("itemEncoding")));
        for (encoding, at) in named.chain(placed).chain(each) {
            let (encoding, at) = resolve_at(document, encoding, at);
            for header in encoding.get("headers").and_then(Node::as_object).into_iter().flat_map(Map::keys) {
                if header.eq_ignore_ascii_case("content-type") {
                    continue;
                }
                // If the body has no struct, the caller writes each part.
                let has = forms.iter().any(|form| form.parts.iter().any(|part| part.headers.contains(header)));
                let reached = has || forms.is_empty();
                self.add(Declared::PartHeader, &at.join("headers").join(header), reached);
            }
        }
    }

    fn bodies(&mut self, document: &Node, known: &Operation, node: &Node, at: &Pointer) {
        if let Some(body) = node.get("requestBody") {
            let (body, at) = resolve_at(document, body, at.join("requestBody"));
            for media in body.get("content").and_then(Node::as_object).into_iter().flat_map(Map::keys) {
                self.add(Declared::RequestMedia, &at.join("content").join(media), known.sends(media));
            }
            let content = body.get("content").and_then(Node::as_object).into_iter().flatten();
            for (media, content) in content.filter(|(media, _)| media.starts_with("multipart/")) {
                self.part_headers(document, known, (media, content), &at.join("content").join(media));
            }
        }
        for (status, response) in node.get("responses").and_then(Node::as_object).into_iter().flatten() {
            if status.starts_with("x-") {
                continue;
            }
            let (response, at) = resolve_at(document, response, at.join("responses").join(status));
            // The status and the headers of every response are returned.
            let is_status = crate::calls::Status::parse(status);
            self.add(Declared::Status, &at, is_status.is_some());
            for header in response.get("headers").and_then(Node::as_object).into_iter().flat_map(Map::keys) {
                if header.eq_ignore_ascii_case("content-type") {
                    continue;
                }
                let constants = self.client.api.headers.iter().filter(|it| it.wire.eq_ignore_ascii_case(header));
                let reached = constants.into_iter().any(|it| known.headers.contains(&it.name));
                self.add(Declared::Header, &at.join("headers").join(header), is_status.is_some() && reached);
            }
            for link in response.get("links").and_then(Node::as_object).into_iter().flat_map(Map::keys) {
                let link = at.join("links").join(link);
                self.add(Declared::Link, &link, known.links.iter().any(|it| it.pointers.contains(&link)));
            }
            // A response to HEAD has no body.
            let content = response.get("content").and_then(Node::as_object).filter(|_| known.method != "HEAD");
            for media in content.into_iter().flat_map(Map::keys) {
                let reached = is_status.is_some_and(|status| known.reads(status, media));
                self.add(Declared::ResponseMedia, &at.join("content").join(media), reached);
            }
        }
    }
}

/// Whether OpenAPI ignores a parameter, because other parts of the document describe this header.
fn is_ignored(name: &str, place: &str) -> bool {
    place == "header" && ["accept", "content-type", "authorization"].iter().any(|it| name.eq_ignore_ascii_case(it))
}
