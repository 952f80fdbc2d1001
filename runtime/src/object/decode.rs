//! Reading a body.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind};

/// Why a body cannot be read.
#[derive(Debug)]
pub struct DecodeError(String);

impl DecodeError {
    /// Whether it would take more memory than allowed.
    pub fn is_too_large(&self) -> bool {
        false
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads.
pub fn from_slice<T: DeserializeOwned>(body: &[u8], _: usize) -> Result<T, DecodeError> {
    serde_json::from_slice(body).map_err(|error| DecodeError(error.to_string()))
}

/// Writes.
pub fn to_vec(value: &impl Serialize) -> Result<Bytes, Error> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| Error::new(Kind::Argument, error.to_string()))
}
