//! Where something was read: file, line and column.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Where a node was read: a file, and a line and column in it, both counted from 1 (0 for a node no file holds).
#[derive(Clone)]
pub struct Span {
    source: Option<Arc<Source>>,
    line: u32,
    column: u32,
}

/// One file as it was read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
    /// Values whose key stood in the same object before, by line and column; set once, when the file has been read.
    pub(crate) repeats: OnceLock<HashMap<(u32, u32), Repeat>>,
}

impl Source {
    pub(crate) fn new(name: String, text: String) -> Arc<Self> {
        Arc::new(Self { name, text, repeats: OnceLock::new() })
    }
}

/// A key that stands twice in one object of a JSON file: the last value counts.
#[derive(Debug)]
pub(crate) struct Repeat {
    pub(crate) key: String,
    /// Line and column of the value that does not count.
    pub(crate) first: (u32, u32),
}

impl Span {
    /// The place of a node that this program made, rather than read.
    #[must_use]
    pub fn none() -> Self {
        Self { source: None, line: 0, column: 0 }
    }

    pub(crate) fn new(source: &Arc<Source>, line: usize, column: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { source: Some(Arc::clone(source)), line: clamp(line), column: clamp(column) }
    }

    /// The file's name as it was given to the reader.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.source.as_deref().map(|source| source.name.as_str())
    }

    /// Line in the file, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Column in the line, in characters from 1.
    #[must_use]
    pub fn column(&self) -> u32 {
        self.column
    }

    /// What tells this place from every other; `None` for a node no file holds.
    pub(crate) fn identity(&self) -> Option<(usize, u32, u32)> {
        let source = self.source.as_ref()?;
        Some((Arc::as_ptr(source).addr(), self.line, self.column))
    }

    /// The key whose last value stands here, and where the one before it stands, if the key is repeated.
    pub(crate) fn repeat(&self) -> Option<(&str, Self)> {
        let repeat = self.source.as_ref()?.repeats.get()?.get(&(self.line, self.column))?;
        let (line, column) = repeat.first;
        Some((&repeat.key, Self { source: self.source.clone(), line, column }))
    }

    /// The text of the line, if a file holds this node.
    pub(crate) fn text(&self) -> Option<&str> {
        let index = usize::try_from(self.line).ok()?.checked_sub(1)?;
        self.source.as_ref()?.text.lines().nth(index)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file() {
            Some(file) => write!(f, "{file}:{}:{}", self.line, self.column),
            None => f.write_str("(generated)"),
        }
    }
}
