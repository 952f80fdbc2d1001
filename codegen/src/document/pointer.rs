//! JSON Pointers (RFC 6901), built while a tree is walked.

use std::fmt;

/// A JSON Pointer (RFC 6901) to a node of a document, such as `/components/schemas/Pet`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer(String);

impl Pointer {
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// The pointer to the member or item `token` of this pointer's node.
    pub(crate) fn join(&self, token: impl fmt::Display) -> Self {
        let token = token.to_string().replace('~', "~0").replace('/', "~1");
        Self(format!("{}/{token}", self.0))
    }

    /// [`Pointer::join`] for a fold over tokens.
    pub(crate) fn join_token(pointer: Self, token: &String) -> Self {
        pointer.join(token)
    }

    /// The pointer as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this pointer is equal to `other` or below it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(other.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The last reference token, unescaped.
    pub(crate) fn last(&self) -> String {
        self.0.rsplit('/').next().map(unescape).unwrap_or_default()
    }

    /// The reference tokens of a pointer, unescaped; `None` if it is not one.
    pub(crate) fn split(pointer: &str) -> Option<Vec<String>> {
        match pointer.strip_prefix('/') {
            Some(rest) => Some(rest.split('/').map(unescape).collect()),
            None => pointer.is_empty().then(Vec::new),
        }
    }
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

impl From<String> for Pointer {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Pointer {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Decodes the valid percent-encoding in a URI fragment.
pub(crate) fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
