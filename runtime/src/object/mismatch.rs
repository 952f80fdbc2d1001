//! The reason why a value could not be read, and its place.

use std::fmt;

/// An error for a value that does not have the expected type. It has the place and both kinds, but no part of the
/// value, which may be a secret.
pub struct Mismatch(Box<Reason>);

struct Reason {
    /// The path to the value, from the inside out.
    steps: Vec<Step>,
    text: String,
    kind: Kind,
}

#[derive(PartialEq)]
enum Kind {
    Other,
    NoJson,
    TooLarge,
}

enum Step {
    Key(String),
    Index(usize),
}

impl Mismatch {
    /// A mismatch at the current place.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self::of(text.into(), Kind::Other)
    }

    #[cold]
    fn of(text: String, kind: Kind) -> Self {
        Self(Box::new(Reason { steps: Vec::new(), text, kind }))
    }

    /// Text that is not JSON.
    pub(super) fn no_json(text: String) -> Self {
        Self::of(text, Kind::NoJson)
    }

    /// Reading would need more memory than is allowed.
    #[cold]
    pub(super) fn too_large() -> Self {
        Self::of("reading the value would take more memory than `Limits::decoded` allows".to_owned(), Kind::TooLarge)
    }

    /// Whether reading the value would need more memory than is allowed.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.0.kind == Kind::TooLarge
    }

    /// The mismatch, if reading can continue after the value.
    pub(super) fn unless_final(self) -> Result<Self, Self> {
        if self.0.kind == Kind::Other { Ok(self) } else { Err(self) }
    }

    #[cold]
    pub(super) fn expected(what: &str, found: &str) -> Self {
        Self::new(format!("expected {what}, found {found}"))
    }

    #[cold]
    pub(super) fn under(mut self, key: &str) -> Self {
        if self.0.kind != Kind::NoJson {
            self.0.steps.push(Step::Key(key.to_owned()));
        }
        self
    }

    #[cold]
    pub(super) fn at(mut self, index: usize) -> Self {
        if self.0.kind != Kind::NoJson {
            self.0.steps.push(Step::Index(index));
        }
        self
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.steps.iter().rev().enumerate() {
            match step {
                Step::Key(key) if place == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        if !self.0.steps.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Mismatch {}
