//! What a task says on the way, and what it fails with.

use std::sync::atomic::{AtomicBool, Ordering};

/// What a task may fail with: words for the person who ran it.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

static QUIET: AtomicBool = AtomicBool::new(false);

/// Sets whether nobody wants to know what is being done.
pub(crate) fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Says what is being done, on standard error and in plain text, unless nobody wants to know.
pub(crate) fn progress(what: &str) {
    if !QUIET.load(Ordering::Relaxed) {
        eprintln!("{what}");
    }
}
