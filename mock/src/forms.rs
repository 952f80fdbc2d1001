//! The parts of a form, in either of its media types.

use std::convert::Infallible;

use futures_util::{FutureExt, stream};
use hyper::body::Bytes;
use multer::Multipart;

/// One field of a form.
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its declared media type.
    pub media: Option<String>,
    /// Whether it has a file name.
    pub is_file: bool,
    /// Its content.
    pub content: Bytes,
}

/// Whether a media type is multipart.
pub fn is_multipart(content_type: &str) -> bool {
    content_type.trim_start().to_ascii_lowercase().starts_with("multipart/")
}

/// The parts of a form, by the media type of the body.
///
/// # Errors
/// The reason why it cannot be read.
pub fn parts(content_type: &str, body: Bytes) -> Result<Vec<Part>, String> {
    if !is_multipart(content_type) {
        let pairs = form_urlencoded::parse(&body).into_owned();
        let part = |(name, value): (String, String)| Part { name, media: None, is_file: false, content: value.into() };
        return Ok(pairs.map(part).collect());
    }
    // The whole body is in memory, so reading it never waits.
    multipart(content_type, body).now_or_never().unwrap_or_else(|| Err("it does not end".to_owned()))
}

async fn multipart(content_type: &str, body: Bytes) -> Result<Vec<Part>, String> {
    let boundary = multer::parse_boundary(content_type).map_err(|error| error.to_string())?;
    let mut form = Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| error.to_string())? {
        let name = field.name().unwrap_or_default().to_owned();
        let media = field.content_type().map(ToString::to_string);
        let is_file = field.file_name().is_some();
        let content = field.bytes().await.map_err(|error| error.to_string())?;
        parts.push(Part { name, media, is_file, content });
    }
    Ok(parts)
}
