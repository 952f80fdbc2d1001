//! What the pipeline does that a reader of the document would not expect: stage, place, reason, and what to do.

use std::collections::{HashMap, HashSet};
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// Data or reach that the document gives a caller, and the client does not.
    Loss,
    /// A whole operation is not in the result, or an action of an overlay had no effect.
    #[serde(rename = "omission")]
    Skip,
    /// The document was wrong, and was read as it was surely meant.
    #[serde(rename = "correction")]
    Correction,
    /// A name in Rust, or the way a part is given, is not the one that the document suggests.
    Rename,
    /// The Rust type takes values that the document forbids: a constraint that is not checked. Nothing is lost by it.
    Unchecked,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Skip => "omission",
            Self::Correction => "correction",
            Self::Rename => "rename",
            Self::Unchecked => "unchecked",
        }
    }

    /// Whether a caller has less than the document says.
    fn takes_away(self) -> bool {
        matches!(self, Self::Loss | Self::Skip)
    }
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
        write!(f, "{}: {}: {} ({})", self.kind.word(), self.span, self.reason, self.pointer)?;
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

    /// The notes with what is said several times said once: the first note of each kind and reason, and how many there are.
    #[must_use]
    pub fn grouped(&self) -> Vec<Grouped<'_>> {
        let mut places: HashMap<(Kind, &str), usize> = HashMap::new();
        let mut grouped: Vec<Grouped<'_>> = Vec::new();
        for note in &self.0 {
            let place = *places.entry((note.kind, note.reason.as_str())).or_insert(grouped.len());
            match grouped.get_mut(place) {
                Some(group) => group.count += 1,
                None => grouped.push(Grouped { note, count: 1 }),
            }
        }
        grouped
    }

    /// What a caller does not have, as text to keep beside the overlay and accept: a line for each loss and omission, without
    /// the lines of files, which move.
    #[must_use]
    pub fn losses(&self) -> String {
        let mut lines: Vec<String> = self.0.iter().filter(|note| note.kind.takes_away()).map(Note::line).collect();
        lines.sort();
        lines.dedup();
        lines.iter().fold(String::new(), |text, line| format!("{text}{line}\n"))
    }

    /// The losses and omissions that are not among accepted ones, as [`Notes::losses`] writes them: what a build should warn
    /// of. Lines that begin with `#` are comments.
    #[must_use]
    pub fn not_accepted(&self, accepted: &str) -> Self {
        let accepted: HashSet<&str> = accepted.lines().collect();
        let new = self.0.iter().filter(|note| note.kind.takes_away() && !accepted.contains(note.line().as_str()));
        Self(new.cloned().collect())
    }

    /// Takes out the notes of a kind at some places.
    pub(crate) fn forget(&mut self, kind: Kind, places: &HashSet<Pointer>) {
        self.0.retain(|note| note.kind != kind || !places.contains(&note.pointer));
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

/// A note, and how many say the same of other places.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Grouped<'a> {
    /// The first of them.
    pub note: &'a Note,
    /// How many there are.
    pub count: usize,
}

impl fmt::Display for Grouped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => self.note.fmt(f),
            count => write!(f, "{} [{} more]", self.note, count - 1),
        }
    }
}

impl Note {
    /// The note without the place in its file.
    fn line(&self) -> String {
        format!("{}: {} ({})", self.kind.word(), self.reason, self.pointer)
    }

    pub(crate) fn advise(&mut self, action: impl Into<String>) {
        self.action = Some(action.into());
    }
}
