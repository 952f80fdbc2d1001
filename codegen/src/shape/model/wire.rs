//! The serialization of values in requests, and the values that links use.

use crate::calls::Style;

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
