//! The progress messages and the error type of all commands.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::note::{Kind, Notes};

/// The result of a command. Its error is a message for the person who runs it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The exit code if a command found what its options ask for.
pub const FOUND: u8 = 3;

static QUIET: AtomicBool = AtomicBool::new(false);

/// Sets whether progress messages are suppressed.
pub fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Prints a progress message to standard error, unless they are suppressed.
pub fn progress(what: &str) {
    if !QUIET.load(Ordering::Relaxed) {
        eprintln!("{what}");
    }
}

/// Ends the program without a panic if the reader of its output stops (`| head`). All output goes through `println!`,
/// which panics in this case.
pub fn end_with_the_reader() {
    let accident = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        match text.strip_prefix("failed printing to stdout: ") {
            Some(reason) if reason.starts_with("Broken pipe") => std::process::exit(1),
            Some(reason) => {
                eprintln!("error: cannot write to standard output: {reason}");
                std::process::exit(1);
            }
            None => accident(panic),
        }
    }));
}

/// The maximum number of problems of one kind that are all listed.
const MOST: usize = 10;
/// The number of listed problems if there are more.
const SAMPLES: usize = 5;

/// The lines for problems of one kind: up to ten are all listed. If there are more, five samples, the count, and the
/// option that lists all.
#[must_use]
pub fn sampled(lines: Vec<String>, all: bool) -> Vec<String> {
    let count = lines.len();
    if all || count <= MOST {
        return lines;
    }
    let rest = format!("... and {} more of {count}; --all lists them", count - SAMPLES);
    lines.into_iter().take(SAMPLES).chain([rest]).collect()
}

/// Which notes are listed one by one.
#[derive(Clone, Copy, Default)]
pub struct Listed {
    /// The notes about constraints that are not checked.
    pub unchecked: bool,
    /// All notes, not only a sample of each kind.
    pub all: bool,
}

/// The notes as text: the same note about several places is printed once. Unchecked constraints are counted, and listed
/// only on request.
#[must_use]
pub fn notes(notes: &Notes, listed: Listed) -> Vec<String> {
    let mut kinds: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for group in notes.grouped() {
        if listed.unchecked || group.note.kind != Kind::Unchecked {
            kinds.entry(group.note.kind).or_default().push(group.to_string());
        }
    }
    let mut lines: Vec<String> = kinds.into_values().flat_map(|lines| sampled(lines, listed.all)).collect();
    let count = notes.count(Kind::Unchecked);
    if !listed.unchecked && count > 0 {
        let (are, constraints) = if count == 1 { ("is", "constraint") } else { ("are", "constraints") };
        lines.push(format!(
            "unchecked: {count} {constraints} of the document {are} not checked; `--unchecked` lists them"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::sampled;

    #[test]
    fn more_than_ten_problems_of_a_kind_are_a_count_and_five_samples() {
        let lines = |count: usize| (0..count).map(|number| format!("problem {number}")).collect::<Vec<_>>();
        assert_eq!(sampled(lines(10), false), lines(10));
        assert_eq!(sampled(lines(11), true), lines(11));
        let mut expected = lines(5);
        expected.push("... and 6 more of 11; --all lists them".to_owned());
        assert_eq!(sampled(lines(11), false), expected);
    }
}
