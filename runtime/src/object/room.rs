//! The memory for decoding.

/// The default limit in bytes on the memory for decoding one body.
pub(crate) const DECODED: usize = 128 * 1024 * 1024;

/// The limit in bytes on the memory for decoding a text that is already in memory, where no limits of a client apply.
/// Of all values, an empty object needs the most memory per byte of text.
pub(crate) fn room(text: &[u8]) -> usize {
    text.len().saturating_mul(1024).min(DECODED)
}
