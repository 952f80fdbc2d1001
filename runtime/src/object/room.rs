//! The memory for decoding.

/// The default limit in bytes on the memory for decoding one body.
pub(crate) const DECODED: usize = 128 * 1024 * 1024;

/// The limit in bytes on the memory for decoding a text that is in memory already, where no limits of a client apply. An
/// empty object takes most memory for its bytes.
pub(crate) fn room(text: &[u8]) -> usize {
    text.len().saturating_mul(1024).min(DECODED)
}
