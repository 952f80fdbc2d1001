//! The progress messages and the error type of all tasks.

use std::sync::atomic::{AtomicBool, Ordering};

use connectors_codegen::{Kind, Notes};

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

/// Notes as people read them: what is said of several places is said once. What is not checked is counted, and listed only
/// where that is asked for.
pub(crate) fn notes(notes: &Notes, unchecked: bool) -> Vec<String> {
    let grouped = notes.grouped();
    let shown = grouped.iter().filter(|group| unchecked || group.note.kind != Kind::Unchecked);
    let mut lines: Vec<String> = shown.map(ToString::to_string).collect();
    let count = notes.count(Kind::Unchecked);
    if !unchecked && count > 0 {
        let (are, constraints) = if count == 1 { ("is", "constraint") } else { ("are", "constraints") };
        lines.push(format!(
            "unchecked: {count} {constraints} of the document {are} not checked; `--unchecked` lists them"
        ));
    }
    lines
}
