//! The features of xtask that a task needs.

use std::ffi::OsString;

/// The features for these arguments; `None` for all: for the help of all tasks, completions, and misspelled tasks.
pub(crate) fn of(arguments: &[OsString]) -> Option<&'static str> {
    let words: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let is_live = words.contains(&"--live");
    let is_of_pipeshub = words.iter().any(|word| word.trim_start_matches("--service=") == "pipeshub");
    // The only option before the task whose value is a word of its own.
    let is_value = |index: usize| index > 0 && words[index - 1] == "--root";
    let mut tasks = words.iter().enumerate().filter(|(index, word)| !word.starts_with('-') && !is_value(*index));
    let features = match *tasks.next()?.1 {
        "demo" => match (is_of_pipeshub, is_live) {
            (false, false) => "c1",
            (false, true) => "c1,live",
            (true, false) => "pipeshub",
            (true, true) => "pipeshub,live",
        },
        "serve" => "serve",
        "vendor" => "fetch",
        "api" | "bench" | "check" | "diff" | "duel" | "expand" | "lower" | "new" | "semver" => "documents",
        _ => return None,
    };
    Some(features)
}
