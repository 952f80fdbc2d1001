//! Texts as the gateway reads and writes them.

/// The texts that the gateway's input filter treats as markup: a `<`, or `on...=` like an event handler.
pub(super) fn looks_like_markup(text: &str) -> bool {
    text.contains('<') || has_handler(text)
}

pub(super) fn has_handler(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.match_indices("on").any(|(at, _)| {
        let rest = text[at + 2..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        rest.trim_start().starts_with('=')
    })
}

/// A URL with more pairs in its query.
pub(super) fn with_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}{query}")
}
