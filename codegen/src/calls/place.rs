//! The places of values in requests, and their serialization.

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
