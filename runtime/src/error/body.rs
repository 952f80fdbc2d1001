//! The body of a failed response in an error.

use bytes::Bytes;

use super::Secrets;

/// The number of bytes that are kept.
const KEPT: usize = 256 * 1024;
/// The number of bytes that are available as text.
const TEXT: usize = 16 * 1024;

/// A body, and its beginning as text.
#[derive(Clone)]
pub(super) struct Body {
    bytes: Bytes,
    text: Text,
}

#[derive(Clone)]
enum Text {
    /// The first bytes, which are text.
    First(usize),
    /// Text in which invalid UTF-8 was replaced.
    Replaced(Box<str>),
}

impl Body {
    pub(super) fn new(body: &[u8]) -> Self {
        // A copy: a slice would keep the whole buffer.
        Self::from_kept(Bytes::copy_from_slice(first(body, KEPT)))
    }

    fn from_kept(bytes: Bytes) -> Self {
        let start = first(&bytes, TEXT);
        let text = match std::str::from_utf8(start) {
            Ok(text) => Text::First(text.len()),
            // The end cuts a character.
            Err(error) if error.error_len().is_none() => Text::First(error.valid_up_to()),
            Err(_) => Text::Replaced(String::from_utf8_lossy(start).into()),
        };
        Self { bytes, text }
    }

    pub(super) fn redact(&mut self, secrets: &Secrets) {
        if let Some(redacted) = secrets.redacted_bytes(&self.bytes) {
            *self = Self::from_kept(redacted.into());
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn text(&self) -> &str {
        match &self.text {
            Text::First(length) => std::str::from_utf8(first(&self.bytes, *length)).unwrap_or_default(),
            Text::Replaced(text) => text,
        }
    }
}

fn first(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_as_bytes_and_its_start_as_text() {
        let body = Body::new("ä".repeat(KEPT).as_bytes());
        assert_eq!((body.bytes().len(), body.text().len()), (KEPT, TEXT));
        let body = Body::new(format!("a{}", "ä".repeat(KEPT)).as_bytes());
        assert_eq!((body.bytes().len(), body.text().len()), (KEPT, TEXT - 1));
        let body = Body::new(b"a\xffb");
        assert_eq!((body.bytes(), body.text()), (b"a\xffb".as_slice(), "a\u{fffd}b"));
    }
}
