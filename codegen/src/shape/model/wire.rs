//! The places of values in requests and responses, and their serialization.

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
    /// Its name in the document.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query | Self::QueryString => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
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
    /// The default of `explode`: whether each item or member is written separately.
    pub(crate) fn explodes(self) -> bool {
        matches!(self, Self::Form | Self::Cookie)
    }
}

/// How a parameter or a form's property is serialized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Writing {
    pub(crate) style: Style,
    pub(crate) explode: bool,
    /// Whether reserved characters are not percent-encoded.
    pub(crate) reserved: bool,
    /// Whether the value is JSON text.
    pub(crate) json: bool,
}

/// The source of a linked value. The runtime has the same sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    Constant(String),
    Body(String),
    Header(String),
    /// A parameter of the request, and whether its text is a number or a boolean.
    Request(String, bool),
    Status,
}
