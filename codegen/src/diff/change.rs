//! A difference between two documents, and its impact.

use std::fmt;

use serde::Serialize;

use crate::document::Pointer;

/// The impact of a change on a program that uses the generated client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Impact {
    /// The program may not compile or work any longer.
    Breaking,
    /// The program compiles, but a call has another effect.
    Behaviour,
    /// Something was added.
    Additive,
    /// Only a description changed.
    Documentation,
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Breaking => "breaking",
            Self::Behaviour => "behaviour",
            Self::Additive => "additive",
            Self::Documentation => "documentation",
        })
    }
}

/// One difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The impact on a caller.
    pub impact: Impact,
    /// The rule that applies: an [`id`](super::Rule::id) of [`RULES`](super::RULES).
    pub rule: &'static str,
    /// The first tag of the affected operations, if they all have the same one.
    pub tag: Option<String>,
    /// The affected operations, by operationId; empty for a change of the document itself.
    pub operations: Vec<String>,
    /// What changed, in one sentence.
    pub what: String,
    /// Where it is in the old document, as far as that says more than the operations: a schema or a member of one, or a
    /// parameter by its name.
    #[serde(skip)]
    pub(crate) places: Vec<Pointer>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.impact)?;
        match self.operations.as_slice() {
            [] => f.write_str("the document")?,
            [one] => f.write_str(one)?,
            [first, rest @ ..] => write!(f, "{first} and {} more", rest.len())?,
        }
        write!(f, ": {}", self.what)
    }
}
