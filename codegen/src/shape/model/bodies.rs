//! Request bodies, and the parts of multipart ones.

use super::used::Type;
use super::wire::Writing;

#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) required: bool,
    pub(crate) content: BodyContent,
    /// The same body in other media types: the suffix of the method's name, and the content.
    pub(crate) others: Vec<(String, BodyContent)>,
    pub(crate) doc: String,
}

#[derive(Debug)]
pub(crate) enum BodyContent {
    /// JSON, with its media type.
    Json(Type, String),
    /// A URL-encoded form, with the properties that have a serialization other than the default.
    Form(Type, Vec<(String, Writing)>),
    /// Multipart, with its media type, and the struct of its parts if the document describes them.
    Multipart(String, Option<Form>),
    /// Bytes. The caller sets the media type if the document does not.
    Raw(Option<String>),
}

/// The parts of a multipart body, by name or in their order.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) name: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) doc: String,
}

#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// Empty for a part without a name: its position identifies it.
    pub(crate) wire: String,
    pub(crate) required: bool,
    pub(crate) holds: PartHolds,
    /// The headers that the document describes for the part. The caller adds them to the body.
    pub(crate) headers: Vec<String>,
    pub(crate) doc: String,
}

#[derive(Debug)]
pub(crate) enum PartHolds {
    /// A file, or a list of files. A file that sets no media type has the media type `media`.
    File { media: String, several: bool },
    /// A value, serialized by OpenAPI's defaults.
    Value(Type),
    /// A value with its media type.
    Typed(Type, String),
    /// A value, serialized like a parameter.
    Styled(Type, Writing),
    /// Values with their media type. Each value is one part.
    Each(Type, String),
}
