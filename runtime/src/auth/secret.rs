//! Bytes that are wiped when their last owner is dropped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::HeaderValue;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Kind};

/// The bytes of a header or a body that contains a secret. The HTTP stack copies them when it writes to a connection.
/// This copy is wiped.
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
        // The unused capacity too.
        self.0.zeroize();
    }
}

/// Bytes that are wiped when their last clone is dropped.
pub(super) fn secret_bytes(mut text: Zeroizing<String>) -> Bytes {
    // Moved out without a copy. The wrapper has nothing left to wipe.
    Bytes::from_owner(Wiped(std::mem::take(&mut *text).into_bytes()))
}

/// A sensitive header value that is wiped when its last clone is dropped; `None` if it has characters that a header
/// cannot have.
pub(super) fn secret_header(text: Zeroizing<String>) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_maybe_shared(secret_bytes(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

pub(super) fn header_value(text: Zeroizing<String>) -> Result<HeaderValue, Error> {
    secret_header(text).ok_or_else(|| {
        let message = "the secret has characters that a header cannot have, such as a line break at its end";
        Error::new(Kind::Config, message)
    })
}

/// The value of `Authorization` for a user and password (RFC 7617, section 2).
pub(super) fn basic(user: &str, password: &str) -> Result<HeaderValue, Error> {
    let mut pair = Zeroizing::new(String::with_capacity(user.len() + password.len() + 1));
    pair.push_str(user);
    pair.push(':');
    pair.push_str(password);
    // With enough capacity, so that growing does not leave a part of it in memory.
    let mut line = Zeroizing::new(String::with_capacity("Basic ".len() + pair.len().div_ceil(3) * 4));
    line.push_str("Basic ");
    STANDARD.encode_string(pair.as_bytes(), &mut line);
    header_value(line)
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        /// The lengths of the wiped buffers of this thread; 0 for a buffer that was not wiped.
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
