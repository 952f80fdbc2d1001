//! The progress messages and the error type of all tasks.

use std::sync::atomic::{AtomicBool, Ordering};

/// The result of a task. Its error is a message for the person who runs it.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

static QUIET: AtomicBool = AtomicBool::new(false);

/// Sets whether progress messages are suppressed.
pub(crate) fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Prints a progress message to standard error, unless they are suppressed.
pub(crate) fn progress(what: &str) {
    if !QUIET.load(Ordering::Relaxed) {
        eprintln!("{what}");
    }
}
