//! Media types and header names.

use crate::shape::model::StreamFormat;
use crate::shape::names;

pub(super) fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A media type with its significant parameters, as a header value. The charset is removed, because JSON has only one.
pub(super) fn header_text(media: &str) -> String {
    let telling = |parameter: &&str| {
        !parameter.is_empty()
            && !parameter.to_ascii_lowercase().starts_with("charset=")
            && parameter.bytes().all(|byte| (0x20..0x7f).contains(&byte))
    };
    media.split(';').skip(1).map(str::trim).filter(telling).fold(essence(media), |text, it| format!("{text}; {it}"))
}

/// The media type of a multipart body with its parameters. The boundary is removed, because each body has its own.
pub(super) fn without_boundary(media: &str) -> String {
    let header = header_text(media);
    let kept = header.split("; ").filter(|it| !it.to_ascii_lowercase().starts_with("boundary="));
    kept.collect::<Vec<_>>().join("; ")
}

/// The media type for sending and accepting JSON. For a wildcard, it is `application/json`.
pub(super) fn json_header(media: &str) -> String {
    if essence(media).contains('*') { "application/json".to_owned() } else { header_text(media) }
}

pub(super) fn is_json(essence: &str) -> bool {
    essence == "application/json" || (essence.ends_with("+json") && media_type(essence)) || essence == "text/json"
}

/// Whether text is a media type for a header (RFC 9110, section 8.3.1).
pub(super) fn media_type(text: &str) -> bool {
    text.split_once('/').is_some_and(|(kind, subtype)| http_token(kind) && http_token(subtype))
}

/// Whether text is a token (RFC 9110, section 5.6.2).
pub(super) fn http_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The stream format of a media type for a sequence of items.
pub(super) fn stream_format(essence: &str) -> Option<StreamFormat> {
    match essence {
        "text/event-stream" => Some(StreamFormat::EventData),
        "application/jsonl"
        | "application/x-jsonl"
        | "application/jsonlines"
        | "application/x-jsonlines"
        | "application/json-lines"
        | "application/ndjson"
        | "application/x-ndjson" => Some(StreamFormat::Lines),
        "application/json-seq" => Some(StreamFormat::Sequence),
        other => other.ends_with("+json-seq").then_some(StreamFormat::Sequence),
    }
}

/// The suffix of a method's name for a media type.
pub(super) fn suffix(essence: &str) -> String {
    match essence {
        "application/x-www-form-urlencoded" => "form".to_owned(),
        "multipart/form-data" => "multipart".to_owned(),
        wild if wild.contains('*') => "bytes".to_owned(),
        other => names::snake(other.split_once('/').map_or(other, |(_, subtype)| subtype)).trim_matches('_').to_owned(),
    }
}
