//! The typed operations of one document.

use std::ops::Deref;
use std::rc::Rc;

use indexmap::IndexMap;

use super::status::Status;
use crate::document::Pointer;
use crate::schema::SchemaId;
use crate::span::Span;

/// Everything but the schemas of one document.
#[derive(Debug)]
pub(crate) struct Calls {
    /// The path items, in the order of the document.
    pub(crate) paths: Vec<Item>,
}

impl Calls {
    /// The operations in the order of the document, each with its path item.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&Item, &Operation)> {
        self.paths.iter().flat_map(|item| item.operations.iter().map(move |operation| (item, operation)))
    }
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

/// The operations of a path.
#[derive(Debug)]
pub(crate) struct Item {
    /// The path template.
    pub(crate) name: String,
    pub(crate) at: Pointer,
    /// The parameters of all its operations.
    pub(crate) parameters: Vec<Used<Parameter>>,
    pub(crate) operations: Vec<Operation>,
}

#[derive(Debug)]
pub(crate) struct Operation {
    /// The name of the member in the path item, or the exact name of another method.
    pub(crate) method: String,
    pub(crate) at: Pointer,
    pub(crate) span: Span,
    /// Its own parameters, without those of the path item.
    pub(crate) parameters: Vec<Used<Parameter>>,
    pub(crate) body: Option<Used<Body>>,
    /// The responses in the order of the document.
    pub(crate) responses: IndexMap<Status, Used<Response>>,
}

/// The place of a value in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Path,
    Query,
    /// The whole query string.
    QueryString,
    Header,
    Cookie,
}

impl Place {
    /// Its name in a document.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::QueryString => "querystring",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let all = [Self::Path, Self::Query, Self::QueryString, Self::Header, Self::Cookie];
        all.into_iter().find(|known| known.name() == name)
    }

    /// The start of its name in Rust and in expressions.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::QueryString => "query",
            other => other.name(),
        }
    }

    /// The style of a parameter that sets none.
    pub(crate) fn style(self) -> Style {
        if matches!(self, Self::Query | Self::Cookie) { Style::Form } else { Style::Simple }
    }
}

/// How a value is serialized (OpenAPI 3.2, "Style Values").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Matrix,
    Label,
    Simple,
    Form,
    SpaceDelimited,
    PipeDelimited,
    DeepObject,
    Cookie,
}

impl Style {
    /// Its name in a document.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Label => "label",
            Self::Simple => "simple",
            Self::Form => "form",
            Self::SpaceDelimited => "spaceDelimited",
            Self::PipeDelimited => "pipeDelimited",
            Self::DeepObject => "deepObject",
            Self::Cookie => "cookie",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::Matrix,
            Self::Label,
            Self::Simple,
            Self::Form,
            Self::SpaceDelimited,
            Self::PipeDelimited,
            Self::DeepObject,
            Self::Cookie,
        ];
        all.into_iter().find(|known| known.name() == name)
    }

    /// The default of `explode`: whether each item or member is written separately.
    pub(crate) fn explodes(self) -> bool {
        matches!(self, Self::Form | Self::Cookie)
    }
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
    pub(crate) deprecated: bool,
    /// Whether the document allows it without a value (`allowEmptyValue`).
    pub(crate) may_be_empty: bool,
    pub(crate) style: Option<Style>,
    pub(crate) explode: Option<bool>,
    /// `allowReserved`
    pub(crate) reserved: bool,
    /// The schema of a parameter that a style serializes.
    pub(crate) schema: Option<SchemaId>,
    /// The only entry of `content`, which serializes the parameter instead of a style.
    pub(crate) content: Option<Media>,
}

impl Parameter {
    /// Whether it is a header that OpenAPI ignores, because other parts of the document describe it.
    pub(crate) fn is_ignored(&self) -> bool {
        let named = |known: &&str| self.name.eq_ignore_ascii_case(known);
        self.place == Place::Header && ["accept", "content-type", "authorization"].iter().any(|known| named(&known))
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
    #[cfg_attr(not(feature = "diff"), allow(dead_code, reason = "only `diff` compares it"))]
    pub(crate) description: String,
    pub(crate) headers: IndexMap<String, Used<Header>>,
    pub(crate) content: Vec<Media>,
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
    pub(crate) explode: bool,
    /// The schema of a header that a style serializes.
    pub(crate) schema: Option<SchemaId>,
    /// The place of the only entry of `content`, its media type and its schema.
    pub(crate) content: Option<(Pointer, String, Option<SchemaId>)>,
}
