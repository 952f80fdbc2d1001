//! The settings of a run, and what every measurement needs.

use std::path::{Path, PathBuf};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The settings of a run.
pub(crate) struct Plan {
    pub(crate) quick: bool,
    /// The document to generate from, if it is not the vendored one.
    pub(crate) from: Option<PathBuf>,
    /// The revision to compare builds with.
    pub(crate) against: Option<String>,
}

impl Plan {
    /// The document to generate from.
    pub(crate) fn document(&self) -> PathBuf {
        let vendored = || root().join("spec").join("c1").join("openapi.yaml");
        self.from.clone().unwrap_or_else(vendored)
    }

    /// The number of measurements; the fastest one counts.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 2 } else { 5 }
    }
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Prints a progress message.
pub(crate) fn progress(what: &str) {
    eprintln!("{what} ...");
}
