//! Bytes that are wiped when the last that holds them lets go.

use bytes::Bytes;
use http::header::HeaderValue;
use zeroize::{Zeroize, Zeroizing};

/// The bytes of a header or body with a secret. The HTTP stack copies it when it writes it to a connection; what is in
/// our hands is wiped.
struct Wiped(Vec<u8>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        #[cfg(test)]
        let length = self.0.len();
        self.0.as_mut_slice().zeroize();
        #[cfg(test)]
        tests::WIPED.with_borrow_mut(|wiped| wiped.push(length * usize::from(self.0.iter().all(|byte| *byte == 0))));
        // And what room it has beyond.
        self.0.zeroize();
    }
}

/// Bytes that are wiped when their last clone is dropped.
pub(super) fn secret_bytes(mut text: Zeroizing<String>) -> Bytes {
    // Taken out without a copy; the wrapper is left with nothing to wipe.
    Bytes::from_owner(Wiped(std::mem::take(&mut *text).into_bytes()))
}

/// A header value that nothing prints and that is wiped when its last clone is dropped; none if it has characters that a
/// header cannot have.
pub(super) fn secret_header(text: Zeroizing<String>) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_maybe_shared(secret_bytes(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        /// The lengths of what was wiped on this thread; 0 for what was not.
        pub(in super::super) static WIPED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    }

    #[test]
    fn the_last_clone_wipes() {
        let value = secret_header(Zeroizing::new("PLANTED".to_owned())).unwrap();
        assert!(value.is_sensitive());
        let clone = value.clone();
        drop(value);
        assert_eq!(clone, "PLANTED");
        assert!(WIPED.with_borrow(Vec::is_empty));
        drop(clone);
        assert_eq!(WIPED.take(), [7]);
        assert!(secret_header(Zeroizing::new("a\n".to_owned())).is_none());
    }
}
