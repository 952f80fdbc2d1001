//! How values are serialized, and statuses: what the model says in HTTP's own terms.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Path,
    Query,
    /// The whole query string.
    QueryString,
    Header,
    Cookie,
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

/// The statuses that a documented response is for, the most specific first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Status {
    Code(u16),
    /// `4XX` is 4.
    Range(u16),
    Default,
}

impl Status {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "default" => Some(Self::Default),
            range if range.len() == 3 && range[1..].eq_ignore_ascii_case("xx") => {
                range[..1].parse().ok().filter(|it| (1..=5).contains(it)).map(Self::Range)
            }
            code => code.parse().ok().filter(|it| (100..600).contains(it)).map(Self::Code),
        }
    }

    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::Code(200..=299) | Self::Range(2))
    }

    /// The name of the variant.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Code(code) => format!("Status{code}"),
            Self::Range(hundreds) => format!("Status{hundreds}xx"),
            Self::Default => "Default".to_owned(),
        }
    }
}
