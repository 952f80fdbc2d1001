//! Statuses of responses.

/// The status of a documented response, or its range of statuses. The most specific status sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Status {
    Code(u16),
    /// `4XX` is 4.
    Range(u16),
    Default,
}

impl Status {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            b"default" => Some(Self::Default),
            [hundreds @ b'1'..=b'5', b'x' | b'X', b'x' | b'X'] => Some(Self::Range(u16::from(hundreds - b'0'))),
            [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] => text.parse().ok().map(Self::Code),
            _ => None,
        }
    }

    /// The status as a normalized document has it.
    #[cfg(feature = "diff")]
    pub(crate) fn text(self) -> String {
        match self {
            Self::Code(code) => code.to_string(),
            Self::Range(hundreds) => format!("{hundreds}XX"),
            Self::Default => "default".to_owned(),
        }
    }

    /// The first digit of its codes.
    #[cfg(feature = "diff")]
    pub(crate) fn hundreds(self) -> Option<u16> {
        match self {
            Self::Code(code) => Some(code / 100),
            Self::Range(hundreds) => Some(hundreds),
            Self::Default => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_three_digits_or_a_range() {
        for text in ["\u{e9}1", "1\u{e9}", "+200", "0201", "xxx", "6XX", "+xx", "600", "099", ""] {
            assert_eq!(Status::parse(text), None, "{text}");
        }
        let read = ["204", "503", "4xX", "default"].map(Status::parse);
        assert_eq!(read, [Status::Code(204), Status::Code(503), Status::Range(4), Status::Default].map(Some));
    }
}
