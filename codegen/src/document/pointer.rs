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
        // With room for a usual token: a walk makes a pointer for each node that it keeps.
        let mut joined = Self(String::with_capacity(self.0.len() + 24));
        joined.0.push_str(&self.0);
        joined.push(token);
        joined
    }

    /// Changes this pointer to the one of `token` while `inner` runs, so that a walk needs one pointer for all nodes.
    pub(crate) fn at<T>(&mut self, token: impl fmt::Display, inner: impl FnOnce(&mut Self) -> T) -> T {
        let end = self.0.len();
        self.push(token);
        let result = inner(self);
        self.0.truncate(end);
        result
    }

    fn push(&mut self, token: impl fmt::Display) {
        self.0.push('/');
        // A `String` accepts every text.
        let _ = fmt::Write::write_fmt(&mut Escaped(&mut self.0), format_args!("{token}"));
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

/// A reference token, escaped while it is written.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(['~', '/']) {
            let tilde = rest.as_bytes().get(before.len()) == Some(&b'~');
            self.0.push_str(before);
            self.0.push_str(if tilde { "~0" } else { "~1" });
            rest = after;
        }
        self.0.push_str(rest);
        Ok(())
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
