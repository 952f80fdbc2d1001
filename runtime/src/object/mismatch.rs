//! Why a value could not be read, and where in it.

use std::fmt;

/// A value that is not of the type it was read as. It names the place and the kinds of both, and nothing of the value
/// itself, which may be a secret.
pub struct Mismatch(Box<Reason>);

struct Reason {
    /// The way to the value, from the inside out.
    steps: Vec<Step>,
    text: String,
    is_too_large: bool,
}

enum Step {
    Key(String),
    Index(usize),
}

impl Mismatch {
    /// A mismatch at the place that is being read.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Box::new(Reason { steps: Vec::new(), text: text.into(), is_too_large: false }))
    }

    /// Reading on would take more memory than is allowed.
    pub(super) fn too_large() -> Self {
        let mut mismatch = Self::new("reading the value would take more memory than `Limits::decoded` allows");
        mismatch.0.is_too_large = true;
        mismatch
    }

    /// Whether reading the value would have taken more memory than is allowed.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.0.is_too_large
    }

    pub(super) fn expected(what: &str, found: &str) -> Self {
        Self::new(format!("expected {what}, found {found}"))
    }

    pub(super) fn under(mut self, key: &str) -> Self {
        self.0.steps.push(Step::Key(key.to_owned()));
        self
    }

    pub(super) fn at(mut self, index: usize) -> Self {
        self.0.steps.push(Step::Index(index));
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
