//! The place of a node in its source: file, line and column.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::plain::plain;

/// The place of a node: a file, and a line and column in it, both counted from 1. They are 0 for a node without a
/// source.
#[derive(Clone)]
pub struct Span {
    source: Option<Arc<Source>>,
    line: u32,
    column: u32,
}

/// One source file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
    /// The values whose key occurs before in the same object, by line and column. Set once, after the file was read.
    pub(crate) repeats: OnceLock<HashMap<(u32, u32), Repeat>>,
    /// The byte offset at which each line starts.
    lines: OnceLock<Vec<usize>>,
}

impl Source {
    pub(crate) fn new(name: String, text: String) -> Arc<Self> {
        Arc::new(Self { name, text, repeats: OnceLock::new(), lines: OnceLock::new() })
    }
}

/// A key that a JSON object has twice. The last value is used.
#[derive(Debug)]
pub(crate) struct Repeat {
    pub(crate) key: String,
    /// Line and column of the earlier value.
    pub(crate) first: (u32, u32),
}

impl Span {
    /// The place of a node that this program created.
    #[must_use]
    pub fn none() -> Self {
        Self { source: None, line: 0, column: 0 }
    }

    pub(crate) fn new(source: &Arc<Source>, line: usize, column: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { source: Some(Arc::clone(source)), line: clamp(line), column: clamp(column) }
    }

    /// The file's name, as it was passed to the reader.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.source.as_deref().map(|source| source.name.as_str())
    }

    /// The line in the file, counted from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column in the line, in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> u32 {
        self.column
    }

    /// A value that is unique to this place; `None` for a node without a source.
    pub(crate) fn identity(&self) -> Option<(usize, u32, u32)> {
        let source = self.source.as_ref()?;
        Some((Arc::as_ptr(source).addr(), self.line, self.column))
    }

    /// If a repeated key's last value is at this place: the key, and the place of the earlier value.
    pub(crate) fn repeat(&self) -> Option<(&str, Self)> {
        let repeat = self.source.as_ref()?.repeats.get()?.get(&(self.line, self.column))?;
        let (line, column) = repeat.first;
        Some((&repeat.key, Self { source: self.source.clone(), line, column }))
    }

    /// The number, boolean or null that is written at this place, as its author wrote it.
    pub(crate) fn written(&self) -> Option<&str> {
        let source = self.source.as_ref()?;
        let lines = source.lines.get_or_init(|| {
            let starts = source.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(starts).collect()
        });
        let index = |number: u32| usize::try_from(number).ok()?.checked_sub(1);
        let line = source.text.get(*lines.get(index(self.line)?)?..)?;
        let (start, _) = line.char_indices().nth(index(self.column)?)?;
        let text = line.get(start..)?;
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "+-._~".contains(c))).unwrap_or(text.len());
        text.get(..end).filter(|text| !text.is_empty())
    }

    /// The text of the line, if the node has a source.
    pub(crate) fn text(&self) -> Option<&str> {
        let index = usize::try_from(self.line).ok()?.checked_sub(1)?;
        self.source.as_ref()?.text.lines().nth(index)
    }
}

/// A value that has a place in a source.
pub(crate) trait Placed {
    fn span(&self) -> &Span;
}

impl Placed for Span {
    fn span(&self) -> &Span {
        self
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
            Some(file) => write!(f, "{}:{}:{}", plain(file), self.line, self.column),
            None => f.write_str("(generated)"),
        }
    }
}
