//! The typed operations of one document.

#[cfg(feature = "diff")]
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use indexmap::IndexMap;

use super::hints::Hints;
use super::place::{Place, Style};
use super::security::{Scheme, Security, Servers};
use super::status::Status;
use crate::document::{Node, Pointer};
use crate::schema::SchemaId;
use crate::span::Span;

/// Everything but the schemas of one document.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) span: Span,
    pub(crate) title: String,
    pub(crate) version: String,
    /// Whether the document is OpenAPI 3.0.
    pub(crate) is_3_0: bool,
    /// `x-null-is-absent` of `info`: whether null means the same as absent everywhere in this service.
    pub(crate) null_is_absent: bool,
    pub(crate) servers: Option<Servers>,
    /// The security requirements of the operations that have none of their own.
    pub(crate) security: Option<Security>,
    /// The security schemes, by the names of their components.
    pub(crate) schemes: IndexMap<String, Scheme>,
    pub(crate) tags: Vec<Tag>,
    /// The path items, in the order of the document.
    pub(crate) paths: Vec<Item>,
    /// The webhooks, in the order of the document.
    pub(crate) webhooks: Vec<Item>,
    /// The shared callbacks, with those that no operation uses.
    pub(super) callbacks: Vec<Used<Callback>>,
    /// The place of each reference to a shared object, with the place of that object.
    #[cfg(feature = "diff")]
    pub(super) references: BTreeMap<Pointer, Pointer>,
}

impl Calls {
    /// The operations in the order of the document, each with its path item.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&Item, &Operation)> {
        self.paths.iter().flat_map(|item| item.operations.iter().map(move |operation| (item, operation)))
    }

    /// The operations of webhooks and callbacks: the service sends their requests. With those of callbacks that no
    /// operation uses.
    pub(crate) fn incoming(&self) -> Vec<&Operation> {
        fn add<'a>(operations: impl Iterator<Item = &'a Operation>, found: &mut Vec<&'a Operation>) {
            for operation in operations {
                found.push(operation);
                add(inline(operation), found);
            }
        }
        // A shared callback is visited as a component.
        fn inline(operation: &Operation) -> impl Iterator<Item = &Operation> {
            let callbacks = operation.callbacks.values().filter(|callback| callback.here == callback.at);
            callbacks.flat_map(|callback| &callback.items).flat_map(|item| &item.operations)
        }
        let mut found = Vec::new();
        add(self.operations().flat_map(|(_, operation)| inline(operation)), &mut found);
        add(self.webhooks.iter().flat_map(|item| &item.operations), &mut found);
        let shared = self.callbacks.iter().flat_map(|callback| &callback.items);
        add(shared.flat_map(|item| &item.operations), &mut found);
        found
    }

    /// The places of the shared objects that the objects at a place and below it refer to.
    #[cfg(feature = "diff")]
    pub(crate) fn referred<'a>(&'a self, place: &'a Pointer) -> impl Iterator<Item = &'a Pointer> {
        // The map sorts places as text. So the places below `place` are in one range, and all begin with its text.
        let below = self.references.range(place..).take_while(|(at, _)| at.as_str().starts_with(place.as_str()));
        below.filter(|(at, _)| at.is_within(place)).map(|(_, target)| target)
    }
}

/// A tag of the document, which groups operations.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) description: String,
}

/// An object at the place where it is used. A shared object has another place of its own.
#[derive(Debug)]
pub(crate) struct Used<T> {
    /// The place of the object, or of the reference to it.
    pub(crate) here: Pointer,
    /// What the document has there.
    pub(crate) written: Span,
    pub(super) target: Rc<T>,
}

#[cfg(feature = "diff")]
impl Used<Response> {
    /// Whether it is a reference to a shared response.
    pub(crate) fn is_shared(&self) -> bool {
        self.here != self.at
    }
}

impl<T> Deref for Used<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.target
    }
}

/// The operations of a path, a webhook, or an expression of a callback.
#[derive(Debug)]
pub(crate) struct Item {
    /// The path template, the name, or the expression.
    pub(crate) name: String,
    pub(crate) at: Pointer,
    /// The parameters of all its operations.
    pub(crate) parameters: Vec<Used<Parameter>>,
    /// The servers of those of its operations that have none.
    pub(crate) servers: Option<Servers>,
    pub(crate) operations: Vec<Operation>,
}

#[derive(Debug)]
pub(crate) struct Operation {
    /// The name of the member in the path item, or the exact name of another method.
    pub(crate) method: String,
    pub(crate) at: Pointer,
    pub(crate) span: Span,
    /// `operationId`
    pub(crate) id: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) deprecated: bool,
    /// Its own parameters, without those of the path item.
    pub(crate) parameters: Vec<Used<Parameter>>,
    pub(crate) body: Option<Used<Body>>,
    /// The responses in the order of the document.
    pub(crate) responses: IndexMap<Status, Used<Response>>,
    /// The callbacks by name. Those of an operation of a callback are only the ones that are described right there.
    pub(crate) callbacks: IndexMap<String, Used<Callback>>,
    /// Its own security requirements.
    pub(crate) security: Option<Security>,
    /// Its own servers.
    pub(crate) servers: Option<Servers>,
    pub(crate) hints: Hints,
}

/// Requests that the service sends, by the expression for their URL.
#[derive(Debug)]
pub(crate) struct Callback {
    pub(crate) at: Pointer,
    pub(crate) items: Vec<Item>,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) at: Pointer,
    pub(crate) span: Span,
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) description: String,
    /// A path parameter is always required.
    pub(crate) required: bool,
    #[cfg_attr(not(feature = "diff"), expect(dead_code, reason = "only `diff` compares it"))]
    pub(crate) deprecated: bool,
    /// Whether the document allows it without a value (`allowEmptyValue`).
    pub(crate) may_be_empty: bool,
    pub(crate) style: Option<Style>,
    pub(crate) explode: Option<bool>,
    /// `allowReserved`
    pub(crate) reserved: bool,
    /// `x-sensitive`
    pub(crate) sensitive: bool,
    /// The schema of a parameter that a style serializes.
    pub(crate) schema: Option<SchemaId>,
    /// The only entry of `content`, which serializes the parameter instead of a style.
    pub(crate) content: Option<Media>,
}

impl Parameter {
    /// Whether it is a header that OpenAPI ignores, because other parts of the document describe it.
    pub(crate) fn is_ignored(&self) -> bool {
        let mut ignored = ["accept", "content-type", "authorization"].into_iter();
        self.place == Place::Header && ignored.any(|known| self.name.eq_ignore_ascii_case(known))
    }

    /// The header of a parameter in a header.
    pub(crate) fn as_header(&self) -> Header {
        Header {
            at: self.at.clone(),
            description: self.description.clone(),
            required: self.required,
            #[cfg(feature = "diff")]
            deprecated: self.deprecated,
            explode: self.explode == Some(true),
            schema: self.schema,
            content: self.content.as_ref().map(|media| (media.at.clone(), media.name.clone(), media.schema)),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) at: Pointer,
    pub(crate) description: String,
    pub(crate) required: bool,
    pub(crate) content: Vec<Media>,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) at: Pointer,
    #[cfg_attr(not(feature = "diff"), expect(dead_code, reason = "only `diff` compares it"))]
    pub(crate) description: String,
    pub(crate) headers: IndexMap<String, Used<Header>>,
    pub(crate) content: Vec<Media>,
    pub(crate) links: IndexMap<String, Used<Link>>,
}

/// A follow-up request that a response describes.
#[derive(Debug)]
pub(crate) struct Link {
    /// Whether the link has a server of its own.
    pub(crate) server: bool,
    pub(crate) target: Option<LinkTarget>,
    /// A value or an expression for each parameter.
    pub(crate) parameters: IndexMap<String, Node>,
    /// A value or an expression for the body.
    pub(crate) body: Option<Node>,
    pub(crate) description: String,
}

/// The operation that a link leads to.
#[derive(Debug)]
pub(crate) enum LinkTarget {
    /// `operationId`
    Id(String),
    /// `operationRef`
    Reference(String),
}

/// The content of a body, a response or a parameter for one media type.
#[derive(Debug)]
pub(crate) struct Media {
    /// The media type as the document spells it.
    pub(crate) name: String,
    pub(crate) at: Pointer,
    pub(crate) span: Span,
    pub(crate) schema: Option<SchemaId>,
    /// The schema of each item of a sequence (`itemSchema`).
    pub(crate) items: Option<SchemaId>,
    /// How the properties of a form are serialized.
    pub(crate) encoding: IndexMap<String, Encoding>,
    /// How the parts without names are serialized, by position (`prefixEncoding`).
    pub(crate) first: Vec<Encoding>,
    /// How the other parts without names are serialized (`itemEncoding`).
    pub(crate) each: Option<Encoding>,
}

/// How a property of a form, or a part of a multipart body, is serialized.
#[derive(Debug)]
pub(crate) struct Encoding {
    pub(crate) at: Pointer,
    pub(crate) span: Span,
    pub(crate) media: Option<String>,
    pub(crate) style: Option<Style>,
    pub(crate) explode: Option<bool>,
    /// `allowReserved`
    pub(crate) reserved: Option<bool>,
    pub(crate) headers: IndexMap<String, Used<Header>>,
    /// The encodings of the parts within this one, each with its place.
    #[cfg(feature = "diff")]
    pub(crate) within: Vec<(String, Encoding)>,
}

impl Encoding {
    /// Whether the value is serialized like a parameter, and not by its media type.
    pub(crate) fn is_styled(&self) -> bool {
        self.style.is_some() || self.explode.is_some() || self.reserved.is_some()
    }
}

/// A header of a response or of a part.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) at: Pointer,
    pub(crate) description: String,
    pub(crate) required: bool,
    #[cfg(feature = "diff")]
    pub(crate) deprecated: bool,
    pub(crate) explode: bool,
    /// The schema of a header that a style serializes.
    pub(crate) schema: Option<SchemaId>,
    /// The place of the only entry of `content`, its media type and its schema.
    pub(crate) content: Option<(Pointer, String, Option<SchemaId>)>,
}
