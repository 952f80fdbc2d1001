//! Notes about results that a reader of the document would not expect: stage, place, reason, and remedy.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::document::{Node, Pointer, Span};
use crate::plain::plain;
use crate::span::Placed;

/// The stage that wrote a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Stage {
    /// Selects operations and the components that they reach.
    Select,
    /// Applies an OpenAPI Overlay.
    Overlay,
    /// Normalizes OpenAPI 3.0, 3.1 and 3.2.
    Lower,
    /// Turns the normalized document into a model for Rust.
    Shape,
    /// Writes Rust.
    Emit,
}

/// The kind of a note: how a part of the document was treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// A caller cannot use some data or an operation's part that the document describes.
    Loss,
    /// A whole operation was left out, or an action of an overlay had no effect.
    #[serde(rename = "omission")]
    Skip,
    /// The document has an error. It was read with the meaning that its author must have intended.
    #[serde(rename = "correction")]
    Correction,
    /// A name in Rust, or the way in which a caller passes or reads something, is not the one that the document suggests.
    Rename,
    /// The Rust type accepts values that the document forbids, because a constraint is not checked. Nothing is lost.
    Unchecked,
}

impl Kind {
    /// The name of the kind.
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

    /// Whether a caller has less than the document describes.
    fn takes_away(self) -> bool {
        matches!(self, Self::Loss | Self::Skip)
    }
}

/// One thing in the pipeline that a reader of the document would not expect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Note {
    /// The stage that wrote the note.
    pub stage: Stage,
    /// The kind of note.
    pub kind: Kind,
    /// The node of the document that the note concerns.
    pub pointer: Pointer,
    /// The node's place in the source.
    pub span: Span,
    /// The reason, in one sentence.
    pub reason: String,
    /// The remedy for the reader, if there is one.
    pub action: Option<String>,
    /// The fix by an overlay, if it is certain.
    pub fix: Option<Fix>,
}

/// A fix by an overlay: it changes the node of a note, so that the document has the meaning with which it was read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fix {
    /// It removes the node, which was left out.
    Remove,
    /// It removes the node, and adds it to the object around it under this key.
    Rename(String),
    /// It adds this to the node.
    Update(Node),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {} ({})", self.kind.word(), self.span, plain(&self.reason), plain(self.pointer.as_str()))?;
        match &self.action {
            Some(action) => write!(f, "; {}", plain(action)),
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

/// The notes of one run, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    all: Vec<Note>,
    /// The indexes of the notes about each place.
    places: HashMap<Pointer, Vec<usize>>,
}

impl Notes {
    /// Iterates over the notes in order.
    pub fn iter(&self) -> impl Iterator<Item = &Note> {
        self.all.iter()
    }

    /// The number of notes of one kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.all.iter().filter(|note| note.kind == kind).count()
    }

    /// The notes grouped by kind and reason: the first note of each group, and the number of notes in it.
    #[must_use]
    pub fn grouped(&self) -> Vec<Grouped<'_>> {
        let mut places: HashMap<(Kind, &str), usize> = HashMap::new();
        let mut grouped: Vec<Grouped<'_>> = Vec::new();
        for note in &self.all {
            let place = *places.entry((note.kind, note.reason.as_str())).or_insert(grouped.len());
            match grouped.get_mut(place) {
                Some(group) => group.count += 1,
                None => grouped.push(Grouped { note, count: 1 }),
            }
        }
        grouped
    }

    /// The losses and omissions as text, to keep beside the overlay and to accept: one line for each. It has no line
    /// numbers of the source, because those change.
    #[must_use]
    pub fn losses(&self) -> String {
        let mut lines: Vec<String> = self.all.iter().filter(|note| note.kind.takes_away()).map(Note::line).collect();
        lines.sort();
        lines.dedup();
        lines.iter().fold(String::new(), |text, line| format!("{text}{line}\n"))
    }

    /// The losses and omissions that are not in a text of accepted ones from [`Notes::losses`]. A build should warn
    /// about them. Lines that begin with `#` are comments.
    #[must_use]
    pub fn not_accepted(&self, accepted: &str) -> Self {
        let accepted: HashSet<&str> = accepted.lines().collect();
        let new = self.all.iter().filter(|note| note.kind.takes_away() && !accepted.contains(note.line().as_str()));
        Self::of(new.cloned().collect())
    }

    /// Removes the notes of a kind at some places.
    pub(crate) fn forget(&mut self, kind: Kind, places: &HashSet<Pointer>) {
        let mut all = std::mem::take(&mut self.all);
        all.retain(|note| note.kind != kind || !places.contains(&note.pointer));
        *self = Self::of(all);
    }

    fn of(all: Vec<Note>) -> Self {
        let mut places: HashMap<Pointer, Vec<usize>> = HashMap::new();
        for (index, note) in all.iter().enumerate() {
            places.entry(note.pointer.clone()).or_default().push(index);
        }
        Self { all, places }
    }

    /// The notes about one place.
    pub(crate) fn at(&self, place: &Pointer) -> impl Iterator<Item = &Note> {
        self.places.get(place).into_iter().flatten().filter_map(|index| self.all.get(*index))
    }

    pub(crate) fn push(
        &mut self,
        stage: Stage,
        kind: Kind,
        pointer: &Pointer,
        node: &impl Placed,
        reason: impl Into<String>,
    ) -> &mut Note {
        self.places.entry(pointer.clone()).or_default().push(self.all.len());
        self.all.push(Note {
            stage,
            kind,
            pointer: pointer.clone(),
            span: node.span().clone(),
            reason: reason.into(),
            action: None,
            fix: None,
        });
        // The vector is not empty: an item was pushed on the line above.
        let last = self.all.len() - 1;
        &mut self.all[last]
    }
}

/// A note, and the number of notes with the same kind and reason.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Grouped<'a> {
    /// The first note.
    pub note: &'a Note,
    /// The number of notes.
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
    /// The note without its line in the source.
    fn line(&self) -> String {
        format!("{}: {} ({})", self.kind.word(), plain(&self.reason), plain(self.pointer.as_str()))
    }

    pub(crate) fn fixed_by(&mut self, fix: Fix) {
        self.fix = Some(fix);
    }

    pub(crate) fn advise(&mut self, action: impl Into<String>) {
        self.action = Some(action.into());
    }
}
