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
        self.push(secret);
        self.push(&url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>());
        let json = serde_json::Value::from(secret).to_string();
        let json = Zeroizing::new(json);
        let inner = json.get(1..json.len() - 1).unwrap_or_default();
        self.push(inner);
        self.push(&inner.replace('/', "\\/"));
        // The longest first: a credential may be part of another.
        self.0.sort_by_key(|known| std::cmp::Reverse(known.len()));
    }

    fn push(&mut self, secret: &str) {
        if self.0.iter().all(|known| known.as_str() != secret) {
            self.0.push(Zeroizing::new(secret.to_owned()));
        }
    }

    /// The text without credentials, if it contains any. A credential that the end of the text cuts off counts too.
    pub(crate) fn redacted(&self, text: &str) -> Option<String> {
        let mut changed: Option<String> = None;
        for secret in &self.0 {
            let now = changed.as_deref().unwrap_or(text);
            if now.contains(secret.as_str()) {
                changed = Some(now.replace(secret.as_str(), REDACTED));
            }
        }
        let now = changed.as_deref().unwrap_or(text);
        let cut_off = |secret: &Zeroizing<String>| {
            let ends = (SHORTEST..secret.len()).rev().filter_map(|length| secret.get(..length));
            ends.filter(|part| now.ends_with(part)).map(str::len).next()
        };
        if let Some(length) = self.0.iter().filter_map(cut_off).max() {
            let kept = now.get(..now.len() - length).unwrap_or_default();
            changed = Some(format!("{kept}{REDACTED}"));
        }
        changed
    }

    /// Replaces credentials in a text.
    pub(crate) fn redact(&self, text: &mut String) {
        if let Some(redacted) = self.redacted(text) {
            *text = redacted;
        }
    }

    /// The bytes without credentials, if they contain any.
    pub(crate) fn redacted_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut changed: Option<Vec<u8>> = None;
        for secret in &self.0 {
            let now = changed.as_deref().unwrap_or(bytes);
            if let Some(replaced) = replaced(now, secret.as_bytes()) {
                changed = Some(replaced);
            }
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
    }

    #[test]
    fn short_values_are_not_replaced() {
        let mut secrets = Secrets::default();
        secrets.add("a");
        assert!(secrets.is_empty());
    }
}
