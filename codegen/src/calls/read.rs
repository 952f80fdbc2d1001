//! Reads the operations of a document into the model.

#[cfg(feature = "diff")]
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::rc::Rc;

use indexmap::IndexMap;

use super::hints::Hints;
use super::model::{
    Body, Callback, Calls, Encoding, Header, Item, Link, LinkTarget, Media, Operation, Parameter, Response, Tag, Used,
};
use super::place::{Place, Style};
use super::security::{Scheme, Security, Servers};
use super::status::Status;
use crate::document::{Map, Node, Pointer};
#[cfg(feature = "diff")]
use crate::grammar::Object;
use crate::grammar::{self, resolve_at};
use crate::note::{Kind, Notes, Stage};
use crate::schema::{Model, SchemaId};

/// Reads a normalized document, whose schemas are in `schemas`.
pub(crate) fn read(document: &Node, schemas: &Model, notes: &mut Notes) -> Calls {
    let mut reader = Reader {
        document,
        schemas,
        notes,
        parameters: HashMap::new(),
        bodies: HashMap::new(),
        responses: HashMap::new(),
        headers: HashMap::new(),
        links: HashMap::new(),
        callbacks: HashMap::new(),
        in_callback: false,
    };
    let place = Pointer::root().join("components").join("callbacks");
    let callbacks =
        components(document, "callbacks").map(|(name, it)| reader.shared_callback(it, place.join(name))).collect();
    let place = Pointer::root().join("paths");
    let paths = members(document, "paths").filter(|(path, _)| !path.starts_with("x-"));
    let paths = paths.map(|(path, it)| reader.item(path, it, place.join(path))).collect();
    let place = Pointer::root().join("webhooks");
    let webhooks = members(document, "webhooks").map(|(name, it)| reader.item(name, it, place.join(name))).collect();
    let info = |key: &str| document.get("info").and_then(|info| info.str(key)).unwrap_or_default().to_owned();
    let scheme = |(name, it): (&String, &Node)| (name.clone(), Scheme::of(grammar::resolve(document, it)));
    Calls {
        span: document.span.clone(),
        title: info("title"),
        version: info("version"),
        is_3_0: grammar::is_3_0(document),
        null_is_absent: document.get("info").is_some_and(|info| info.is_true("x-null-is-absent")),
        servers: Servers::of(document),
        security: Security::of(document),
        schemes: components(document, "securitySchemes").map(scheme).collect(),
        tags: items(document, "tags").map(|(_, tag)| self::tag(tag)).collect(),
        paths,
        webhooks,
        callbacks,
        #[cfg(feature = "diff")]
        references: references(document),
    }
}

/// The place of each reference to a shared object, with the place of that object.
#[cfg(feature = "diff")]
fn references(document: &Node) -> BTreeMap<Pointer, Pointer> {
    let mut found = BTreeMap::new();
    Object::OpenApi.walk(document, &Pointer::root(), &mut |_, node, at| {
        if grammar::reference(node).is_some() {
            found.insert(at.clone(), resolve_at(document, node, at.clone()).1);
        }
    });
    found
}

fn tag(node: &Node) -> Tag {
    Tag {
        name: node.str("name").unwrap_or_default().to_owned(),
        summary: words(node, "summary"),
        description: words(node, "description"),
    }
}

/// The shared objects that were read, by place.
type Shared<T> = HashMap<Pointer, Rc<T>>;

struct Reader<'a, 'n> {
    document: &'a Node,
    schemas: &'a Model,
    notes: &'n mut Notes,
    parameters: Shared<Parameter>,
    bodies: Shared<Body>,
    responses: Shared<Response>,
    headers: Shared<Header>,
    links: Shared<Link>,
    callbacks: Shared<Callback>,
    /// Whether the object that is being read is within a callback.
    in_callback: bool,
}

/// The members of an object that is a map; none if the object does not have it.
fn members<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = (&'a String, &'a Node)> {
    node.get(key).and_then(Node::as_object).into_iter().flatten()
}

fn components<'a>(document: &'a Node, section: &'static str) -> impl Iterator<Item = (&'a String, &'a Node)> {
    document.get("components").into_iter().flat_map(move |all| members(all, section))
}

fn items<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = (usize, &'a Node)> {
    node.get(key).and_then(Node::as_array).into_iter().flatten().enumerate()
}

/// A text without space around it; empty if the object does not have it.
fn words(node: &Node, key: &str) -> String {
    node.str(key).unwrap_or_default().trim().to_owned()
}

fn flag(node: &Node, key: &str) -> Option<bool> {
    node.get(key).and_then(Node::as_bool)
}

fn style(node: &Node) -> Option<Style> {
    node.str("style").and_then(Style::parse)
}

impl<'a> Reader<'a, '_> {
    /// Reads an object, or the target of a reference to one. A shared object is read once.
    fn used<T>(
        &mut self,
        written: &'a Node,
        here: Pointer,
        shared: fn(&mut Self) -> &mut Shared<T>,
        read: fn(&mut Self, &'a Node, Pointer) -> T,
    ) -> Used<T> {
        let (node, at) = resolve_at(self.document, written, here.clone());
        let written = written.span.clone();
        if let Some(known) = shared(self).get(&at) {
            return Used { here, written, target: Rc::clone(known) };
        }
        let target = Rc::new(read(self, node, at.clone()));
        if at != here {
            shared(self).insert(at, Rc::clone(&target));
        }
        Used { here, written, target }
    }

    fn schema(&self, at: &Pointer) -> Option<SchemaId> {
        self.schemas.at(&at.join("schema"))
    }

    fn item(&mut self, name: &str, node: &'a Node, at: Pointer) -> Item {
        let parameters = self.parameters(node, &at);
        let operations = grammar::methods(node).into_iter();
        let operations = operations.map(|(method, it)| self.operation(method, it, grammar::method_at(&at, method)));
        Item { name: name.to_owned(), operations: operations.collect(), parameters, servers: Servers::of(node), at }
    }

    fn operation(&mut self, method: &str, node: &'a Node, at: Pointer) -> Operation {
        let place = at.join("requestBody");
        let body = node.get("requestBody").map(|it| self.used(it, place, |it| &mut it.bodies, Self::body));
        let place = at.join("responses");
        let responses = members(node, "responses").filter_map(|(text, it)| {
            let response = self.used(it, place.join(text), |it| &mut it.responses, Self::response);
            Some((Status::parse(text)?, response))
        });
        Operation {
            method: method.to_owned(),
            id: node.str("operationId").map(str::to_owned),
            tags: items(node, "tags").filter_map(|(_, tag)| tag.as_str()).map(str::to_owned).collect(),
            summary: words(node, "summary"),
            description: words(node, "description"),
            deprecated: node.is_true("deprecated"),
            security: Security::of(node),
            servers: Servers::of(node),
            hints: Hints::of(node),
            responses: responses.collect(),
            callbacks: self.callbacks(node, &at),
            parameters: self.parameters(node, &at),
            body,
            span: node.span.clone(),
            at,
        }
    }

    fn callbacks(&mut self, owner: &'a Node, at: &Pointer) -> IndexMap<String, Used<Callback>> {
        let at = at.join("callbacks");
        let mut found = IndexMap::new();
        for (name, written) in members(owner, "callbacks") {
            let here = at.join(name);
            // A callback could be within itself, so a reference in one is not followed.
            let callback = if self.in_callback && grammar::reference(written).is_some() {
                let target = Rc::new(Callback { items: Vec::new(), at: here.clone() });
                Used { here, written: written.span.clone(), target }
            } else {
                self.used(written, here, |it| &mut it.callbacks, Self::callback)
            };
            found.insert(name.clone(), callback);
        }
        found
    }

    /// Reads a component.
    fn shared_callback(&mut self, node: &'a Node, at: Pointer) -> Used<Callback> {
        let callback = self.used(node, at, |it| &mut it.callbacks, Self::callback);
        self.callbacks.insert(callback.at.clone(), Rc::clone(&callback.target));
        callback
    }

    fn callback(&mut self, node: &'a Node, at: Pointer) -> Callback {
        let around = std::mem::replace(&mut self.in_callback, true);
        let expressions = node.as_object().into_iter().flatten().filter(|(key, _)| !key.starts_with("x-"));
        let items = expressions.map(|(expression, item)| self.item(expression, item, at.join(expression))).collect();
        self.in_callback = around;
        Callback { items, at }
    }

    fn parameters(&mut self, owner: &'a Node, at: &Pointer) -> Vec<Used<Parameter>> {
        let at = at.join("parameters");
        let mut found = Vec::new();
        for (index, written) in items(owner, "parameters") {
            let (node, own) = resolve_at(self.document, written, at.join(index));
            // `lower` gives each parameter a name and a place. So this is a circle of references.
            if node.str("name").is_none() || node.str("in").and_then(Place::parse).is_none() {
                if self.notes.at(&own).next().is_none() {
                    let reason = "a parameter without a name was left out";
                    self.notes.push(Stage::Shape, Kind::Correction, &own, node, reason);
                }
                continue;
            }
            found.push(self.used(written, at.join(index), |it| &mut it.parameters, Self::parameter));
        }
        found
    }

    fn parameter(&mut self, node: &'a Node, at: Pointer) -> Parameter {
        let place = node.str("in").and_then(Place::parse).unwrap_or(Place::Query);
        Parameter {
            name: node.str("name").unwrap_or_default().to_owned(),
            place,
            description: words(node, "description"),
            required: place == Place::Path || node.is_true("required"),
            deprecated: node.is_true("deprecated"),
            may_be_empty: node.is_true("allowEmptyValue"),
            style: style(node),
            explode: flag(node, "explode"),
            reserved: node.is_true("allowReserved"),
            sensitive: node.is_true("x-sensitive"),
            schema: self.schema(&at),
            content: self.content(node, &at).into_iter().next(),
            span: node.span.clone(),
            at,
        }
    }

    fn body(&mut self, node: &'a Node, at: Pointer) -> Body {
        Body {
            description: words(node, "description"),
            required: node.is_true("required"),
            content: self.content(node, &at),
            at,
        }
    }

    fn response(&mut self, node: &'a Node, at: Pointer) -> Response {
        let place = at.join("links");
        let link = |(name, it): (&String, &'a Node)| {
            (name.clone(), self.used(it, place.join(name), |it| &mut it.links, |_, node, _| link(node)))
        };
        let links = members(node, "links").map(link).collect();
        Response {
            links,
            description: words(node, "description"),
            headers: self.headers(node, &at),
            content: self.content(node, &at),
            at,
        }
    }

    fn content(&mut self, owner: &'a Node, at: &Pointer) -> Vec<Media> {
        let at = at.join("content");
        members(owner, "content").map(|(name, node)| self.media(name, node, at.join(name))).collect()
    }

    fn media(&mut self, name: &str, node: &'a Node, at: Pointer) -> Media {
        let place = at.join("encoding");
        let encoding = members(node, "encoding");
        let encoding = encoding.map(|(name, it)| (name.clone(), self.encoding(it, place.join(name)))).collect();
        let place = at.join("prefixEncoding");
        let first = items(node, "prefixEncoding").map(|(index, it)| self.encoding(it, place.join(index))).collect();
        let each = node.get("itemEncoding").map(|it| self.encoding(it, at.join("itemEncoding")));
        Media {
            name: name.to_owned(),
            schema: self.schema(&at),
            items: self.schemas.at(&at.join("itemSchema")),
            encoding,
            first,
            each,
            span: node.span.clone(),
            at,
        }
    }

    /// The encodings of the parts within another part.
    #[cfg(feature = "diff")]
    fn encodings(&mut self, node: &'a Node, at: &Pointer) -> Vec<(String, Encoding)> {
        let mut found = Vec::new();
        for (name, it) in members(node, "encoding") {
            found.push((format!("`{name}`"), self.encoding(it, at.join("encoding").join(name))));
        }
        for (index, it) in items(node, "prefixEncoding") {
            found.push((format!("place {index}"), self.encoding(it, at.join("prefixEncoding").join(index))));
        }
        if let Some(it) = node.get("itemEncoding") {
            found.push(("each further place".to_owned(), self.encoding(it, at.join("itemEncoding"))));
        }
        found
    }

    fn encoding(&mut self, node: &'a Node, at: Pointer) -> Encoding {
        Encoding {
            media: node.str("contentType").map(str::to_owned),
            style: style(node),
            explode: flag(node, "explode"),
            reserved: flag(node, "allowReserved"),
            headers: self.headers(node, &at),
            #[cfg(feature = "diff")]
            within: self.encodings(node, &at),
            span: node.span.clone(),
            at,
        }
    }

    fn headers(&mut self, owner: &'a Node, at: &Pointer) -> IndexMap<String, Used<Header>> {
        let at = at.join("headers");
        let header = |(name, it): (&String, &'a Node)| {
            (name.clone(), self.used(it, at.join(name), |it| &mut it.headers, Self::header))
        };
        members(owner, "headers").map(header).collect()
    }

    fn header(&mut self, node: &'a Node, at: Pointer) -> Header {
        // A header in an encoding of its `content` could be this one, so the content is not read in full.
        let media = node.get("content").and_then(Node::as_object).and_then(Map::first);
        let content = media.map(|(media, _)| {
            let at = at.join("content").join(media);
            (at.clone(), media.clone(), self.schema(&at))
        });
        Header {
            description: words(node, "description"),
            required: node.is_true("required"),
            #[cfg(feature = "diff")]
            deprecated: node.is_true("deprecated"),
            explode: node.is_true("explode"),
            schema: self.schema(&at),
            content,
            at,
        }
    }
}

fn link(node: &Node) -> Link {
    let text = |key: &str| node.str(key).map(str::to_owned);
    let id = text("operationId").map(LinkTarget::Id);
    Link {
        server: node.get("server").is_some(),
        target: id.or_else(|| text("operationRef").map(LinkTarget::Reference)),
        parameters: members(node, "parameters").map(|(name, value)| (name.clone(), value.clone())).collect(),
        body: node.get("requestBody").cloned(),
        description: words(node, "description"),
    }
}
