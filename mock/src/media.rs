//! Media types of messages and documents.

/// The documented content of a media type: the same, or a range that it is in.
pub fn content<'c>(contents: &'c [(String, String)], media: &str) -> Option<&'c (String, String)> {
    let sent = essence(media);
    let same = contents.iter().find(|(known, _)| essence(known) == sent);
    same.or_else(|| {
        contents.iter().find(|(known, _)| {
            let known = essence(known);
            known.strip_suffix('*').is_some_and(|family| family == "*/" || sent.starts_with(family))
        })
    })
}

/// A media type without its parameters, in lower case.
pub(crate) fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a media type is JSON.
pub fn is_json(media: &str) -> bool {
    let media = essence(media);
    media == "application/json" || media.ends_with("+json")
}

/// The media type of a message.
pub fn media(headers: &http::HeaderMap) -> String {
    headers.get("content-type").and_then(|media| media.to_str().ok()).map(essence).unwrap_or_default()
}
