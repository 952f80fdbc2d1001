//! Text of a document as a terminal can print it.

use std::borrow::Cow;

/// A text without characters that would act on a terminal or end the line: control characters, and those that change the
/// direction of the text. They are shown by their escapes in Rust.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    replaced(text, |c| c.escape_default().to_string())
}

/// The same for the line of a source file, where each is one mark, so that a column stays where it is.
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
