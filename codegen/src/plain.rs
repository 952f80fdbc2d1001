//! Makes the text of a document safe to print on a terminal.

use std::borrow::Cow;

/// Replaces control characters, and characters that change the direction of the text, by their escapes in Rust. They
/// would act on a terminal or end the line.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    replaced(text, |c| c.escape_default().to_string())
}

/// Like [`plain`], for a line of a source file. Replaces each such character by one mark, so that columns do not move.
pub(crate) fn plain_line(text: &str) -> Cow<'_, str> {
    replaced(text, |_| char::REPLACEMENT_CHARACTER.to_string())
}

fn replaced(text: &str, with: impl Fn(char) -> String) -> Cow<'_, str> {
    let acts = |c: char| {
        c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if acts(c) { with(c) } else { c.to_string() }).collect())
}
