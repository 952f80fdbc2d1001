//! Forms that contain secrets.

use bytes::Bytes;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::secret::secret_bytes;

/// Pairs as `application/x-www-form-urlencoded`. It is wiped when it is dropped, and so is every buffer that it
/// outgrew.
#[derive(Default)]
pub(super) struct Form(Zeroizing<String>);

impl Form {
    pub(super) fn push(&mut self, name: &str, value: &str) {
        // A byte takes at most three bytes.
        self.reserve(3 * (name.len() + value.len()) + 2);
        if !self.0.is_empty() {
            self.0.push('&');
        }
        byte_serialize(name.as_bytes()).for_each(|part| self.0.push_str(part));
        self.0.push('=');
        byte_serialize(value.as_bytes()).for_each(|part| self.0.push_str(part));
    }

    fn reserve(&mut self, more: usize) {
        let needed = self.0.len() + more;
        if needed > self.0.capacity() {
            // `String::reserve` is not used, because it does not wipe the old buffer.
            let mut larger = Zeroizing::new(String::with_capacity(needed.max(2 * self.0.capacity())));
            larger.push_str(&self.0);
            self.0 = larger;
        }
    }

    /// A body that is wiped after it was sent.
    pub(super) fn into_bytes(self) -> Bytes {
        secret_bytes(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_encoded_and_the_body_is_wiped() {
        let mut form = Form::default();
        form.push("a", "b c");
        form.push("d&", &"\u{e4}=".repeat(40));
        let body = form.into_bytes();
        assert_eq!(body, format!("a=b+c&d%26={}", "%C3%A4%3D".repeat(40)).as_bytes());
        let length = body.len();
        drop(body);
        assert_eq!(crate::auth::secret::tests::WIPED.take(), [length]);
    }
}
