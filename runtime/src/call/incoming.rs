//! Requests that a service sends to a program: webhooks and callbacks.

use std::fmt;

use crate::error::{Error, Kind};
use crate::object::{Json, room};

use super::response::decode;

/// An unchanged body. `Debug` shows only its length.
#[derive(Clone, PartialEq, Eq)]
pub struct RawBody(Vec<u8>);

impl RawBody {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for RawBody {
    fn from(body: &[u8]) -> Self {
        Self(body.to_vec())
    }
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawBody({} bytes)", self.0.len())
    }
}

/// Reads the body of a webhook or callback, in bounded memory. Generated `parse` functions call this.
///
/// # Errors
/// [`Error::is_decode`] if it does not match the document. The message has the place and no value.
pub fn received<T: Json>(name: &str, body: &[u8]) -> Result<T, Error> {
    decode(body, room(body)).map_err(|error| {
        let kind = if error.is_too_large() { Kind::TooLarge } else { Kind::Decode };
        Error::new(kind, format!("the body of `{name}` cannot be read: {error}"))
    })
}
