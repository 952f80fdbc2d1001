//! The settings of a run, and what every measurement needs.

use std::path::{Path, PathBuf};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The settings of a run.
pub(crate) struct Plan {
    pub(crate) quick: bool,
    /// The documents to generate from, if not the vendored one.
    pub(crate) from: Vec<PathBuf>,
    /// The revision to compare builds with.
    pub(crate) against: Option<String>,
}

impl Plan {
    /// The documents to generate from: at least one.
    pub(crate) fn documents(&self) -> Vec<PathBuf> {
        if self.from.is_empty() { vec![vendored()] } else { self.from.clone() }
    }

    /// The first of the documents.
    pub(crate) fn document(&self) -> PathBuf {
        self.from.first().cloned().unwrap_or_else(vendored)
    }

    /// The number of measurements; the fastest one counts.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 2 } else { 5 }
    }
}

/// The vendored document of C1.
pub(crate) fn vendored() -> PathBuf {
    root().join("spec").join("c1").join("openapi.yaml")
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Prints a progress message.
pub(crate) fn progress(what: &str) {
    eprintln!("{what} ...");
}
