//! What a demo prints.

use std::io::Write as _;

pub(super) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Prints a line for a step of the demo.
pub(super) fn step(name: &str, what: &str) {
    say(&format!("{name:>16}  {what}"));
}

/// Prints a line. Ends the program if the reader of its output stops (`| head`).
pub(super) fn say(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(1);
    }
}
