//! The server's input filter, which treats some texts as markup.

use connectors_runtime::Error;

/// Whether the server's input filter may treat a text as markup: it contains a `<`, or `on...=` like an event handler.
pub(super) fn looks_like_markup(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains('<')
        || text.match_indices("on").any(|(at, found)| {
            let rest = text.get(at + found.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
            rest.trim_start().starts_with('=')
        })
}

/// Explains a 400 to a search that the input filter may have rejected.
pub(super) fn explained(error: Error, words: Option<&str>) -> Error {
    if error.is_bad_request() && words.is_some_and(looks_like_markup) {
        return error.in_context(
            "the search contains a `<` or `on...=`, which the server's input filter rejects; search without it",
        );
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_the_server_treats_as_markup_are_found() {
        for text in ["<x>", "s&t<u", "on1=2", "onto=1", "x ONLOAD = y", "button-on=1"] {
            assert!(looks_like_markup(text), "{text}");
        }
        for text in ["", "s&t", "on", "Reports on sales", "a=b", "on-call = x", "con: 1"] {
            assert!(!looks_like_markup(text), "{text}");
        }
    }
}
