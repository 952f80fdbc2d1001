//! Every loss, mend, rename and skip the pipeline makes: stage, place, reason, and what to do.

use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::document::{Node, Pointer, Span};

/// The stage that wrote a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Stage {
    /// Choosing operations and what they reach.
    Select,
    /// Applying an OpenAPI Overlay.
    Overlay,
    /// From OpenAPI 3.1 to 3.0.3.
    Lower,
    /// From 3.0.3 to what makes good Rust.
    Shape,
    /// Writing Rust.
    Emit,
}

/// What happened to a part of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// Something the document says is not in the result.
    Loss,
    /// An operation is not in the result.
    Skip,
    /// The document was wrong, and was read as it was surely meant.
    Mend,
    /// A name in Rust is not the one the document would give.
    Rename,
}

/// One thing the pipeline did that a reader of the document would not expect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Note {
    /// The stage that did it.
    pub stage: Stage,
    /// What it did.
    pub kind: Kind,
    /// The node of the document it was done to.
    pub pointer: Pointer,
    /// Where that node was read.
    pub span: Span,
    /// Why, in one sentence.
    pub reason: String,
    /// What a person can do about it, if anything.
    pub action: Option<String>,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Loss => "loss",
            Kind::Skip => "skip",
            Kind::Mend => "mend",
            Kind::Rename => "rename",
        };
        write!(f, "{kind}: {}: {} ({})", self.span, self.reason, self.pointer)?;
        match &self.action {
            Some(action) => write!(f, "; {action}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut note = serializer.serialize_struct("Note", 8)?;
        note.serialize_field("stage", &self.stage)?;
        note.serialize_field("kind", &self.kind)?;
        note.serialize_field("pointer", self.pointer.as_str())?;
        note.serialize_field("file", &self.span.file())?;
        note.serialize_field("line", &self.span.line())?;
        note.serialize_field("column", &self.span.column())?;
        note.serialize_field("reason", &self.reason)?;
        note.serialize_field("action", &self.action)?;
        note.end()
    }
}

/// The notes of one run, in the order they were written.
#[derive(Clone, Debug, Default)]
pub struct Notes(Vec<Note>);

impl Notes {
    /// The notes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Note> {
        self.0.iter()
    }

    /// How many notes there are of one kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.0.iter().filter(|note| note.kind == kind).count()
    }

    pub(crate) fn push(
        &mut self,
        stage: Stage,
        kind: Kind,
        pointer: &Pointer,
        node: &Node,
        reason: impl Into<String>,
    ) -> &mut Note {
        self.0.push(Note {
            stage,
            kind,
            pointer: pointer.clone(),
            span: node.span.clone(),
            reason: reason.into(),
            action: None,
        });
        // The vector is not empty: an item was pushed on the line above.
        let last = self.0.len() - 1;
        &mut self.0[last]
    }
}

impl Note {
    pub(crate) fn advise(&mut self, action: impl Into<String>) {
        self.action = Some(action.into());
    }
}
