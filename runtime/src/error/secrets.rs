//! Finds credentials in the texts of an error, and replaces them.

use zeroize::Zeroizing;

/// The text that replaces a credential.
const REDACTED: &str = "[redacted]";
/// Shorter values are not replaced, because they are parts of ordinary words.
const SHORTEST: usize = 6;

/// The credentials of one attempt.
///
/// An error about the attempt's response never contains them, whatever the server sent: not in the message, the code,
/// the details, the headers or the body.
#[derive(Default)]
pub(crate) struct Secrets(Vec<Zeroizing<String>>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("number", &self.0.len()).finish()
    }
}

impl Secrets {
    /// Adds a credential, also in its encoded forms for URLs, forms and JSON. A credential with fewer than six bytes is
    /// left out.
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        // Each copy is wiped, and has its capacity from the start: growing would leave a part of it in memory.
        self.push(Zeroizing::new(secret.to_owned()));
        let mut encoded = Zeroizing::new(String::with_capacity(secret.len() * 3));
        encoded.extend(url::form_urlencoded::byte_serialize(secret.as_bytes()));
        self.push(encoded);
        let mut json = Zeroizing::new(Vec::with_capacity(secret.len() * 6 + 2));
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut *json, secret);
        let json = std::str::from_utf8(&json).unwrap_or_default();
        let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
        let mut slashes = Zeroizing::new(String::with_capacity(inner.len() * 2));
        for character in inner.chars() {
            slashes.push_str(if character == '/' { "\\" } else { "" });
            slashes.push(character);
        }
        self.push(Zeroizing::new(inner.to_owned()));
        self.push(slashes);
        // The longest first: a credential may be part of another.
        self.0.sort_by_key(|known| std::cmp::Reverse(known.len()));
    }

    fn push(&mut self, secret: Zeroizing<String>) {
        if !self.0.contains(&secret) {
            self.0.push(secret);
        }
    }

    /// The text without credentials, if it contains any. A credential that the end of the text cuts off counts too.
    pub(crate) fn redacted(&self, text: &str) -> Option<String> {
        let redacted = self.redacted_bytes(text.as_bytes())?;
        // Whole characters were replaced.
        Some(String::from_utf8(redacted).unwrap_or_else(|_| REDACTED.to_owned()))
    }

    /// Replaces credentials in a text.
    pub(crate) fn redact(&self, text: &mut String) {
        if let Some(redacted) = self.redacted(text) {
            *text = redacted;
        }
    }

    /// The bytes without credentials, if they contain any. A credential that the end of the bytes cuts off counts too.
    pub(crate) fn redacted_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut changed: Option<Vec<u8>> = None;
        for secret in &self.0 {
            let now = changed.as_deref().unwrap_or(bytes);
            if let Some(replaced) = replaced(now, secret.as_bytes()) {
                changed = Some(replaced);
            }
        }
        let now = changed.as_deref().unwrap_or(bytes);
        let cut_off = |secret: &Zeroizing<String>| {
            let ends = (SHORTEST..secret.len()).rev().filter_map(|length| secret.as_bytes().get(..length));
            ends.filter(|part| now.ends_with(part)).map(<[u8]>::len).next()
        };
        if let Some(length) = self.0.iter().filter_map(cut_off).max() {
            let kept = now.get(..now.len() - length).unwrap_or_default();
            changed = Some([kept, REDACTED.as_bytes()].concat());
        }
        changed
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The bytes with each occurrence of `secret` replaced, if there is one.
fn replaced(bytes: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let mut at = 0;
    let mut out = Vec::new();
    let mut kept_from = 0;
    let first = *secret.first()?;
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == first)) {
        at += next;
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(secret)) {
            out.extend_from_slice(bytes.get(kept_from..at).unwrap_or_default());
            out.extend_from_slice(REDACTED.as_bytes());
            at += secret.len();
            kept_from = at;
        } else {
            at += 1;
        }
    }
    if kept_from == 0 {
        return None;
    }
    out.extend_from_slice(bytes.get(kept_from..).unwrap_or_default());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_replaced_in_each_encoding() {
        let mut secrets = Secrets::default();
        secrets.add("pa/ss\"wörd +1");
        for text in ["pa/ss\"wörd +1", "pa%2Fss%22w%C3%B6rd+%2B1", r#"pa/ss\"wörd +1"#, r#"pa\/ss\"wörd +1"#] {
            assert_eq!(secrets.redacted(&format!("a {text} b {text}")).unwrap(), "a [redacted] b [redacted]");
            let bytes = secrets.redacted_bytes(format!("a {text} b").as_bytes()).unwrap();
            assert_eq!(bytes, b"a [redacted] b");
        }
        assert_eq!(secrets.redacted("the password is wrong"), None);
        assert_eq!(secrets.redacted_bytes(b"the password is wrong"), None);
    }

    #[test]
    fn a_credential_that_the_end_cuts_off_is_replaced_too() {
        let mut secrets = Secrets::default();
        secrets.add("PLANTED-and-long");
        assert_eq!(secrets.redacted("wrong: PLANTED-and").unwrap(), "wrong: [redacted]");
        assert_eq!(secrets.redacted("wrong: PLANT"), None);
        assert_eq!(secrets.redacted_bytes(b"\xff PLANTED-and").unwrap(), b"\xff [redacted]");
    }

    #[test]
    fn short_values_are_not_replaced() {
        let mut secrets = Secrets::default();
        secrets.add("a");
        assert!(secrets.is_empty());
    }
}
