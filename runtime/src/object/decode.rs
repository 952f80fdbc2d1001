//! Reading the body of a response: once, in bounded memory, with the place of a fault.
//!
//! # What is counted
//! A short text can become a large value: `{}` may be a struct of 2 KB, and a list of them grows by doubling. What decoding
//! allocates is counted before it is kept, from above:
//!
//! | part | counts for |
//! |---|---|
//! | list | the size of an item, times the capacity that a `Vec` of so many has: up to twice their number, 4 at least |
//! | map | the size of key and value and 40 bytes: 11 times for the first entry, as in a `BTreeMap`, 3 times past the sixth |
//! | struct, enum, value of any kind | its size once more, for one that is in a `Box` |
//! | text, bytes | their length |
//!
//! What a document usually has comes to about 5 times the length of its text in structs, and 13 times as
//! [`serde_json::Value`]; what is kept of it is then 0.5 to 1 times what was counted. Only a set can take more: it is counted
//! as a list, and a `BTreeSet` of few items takes twice that. What is skipped counts nothing.

mod counted;
mod fault;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use counted::Counted;
use fault::Scope;
#[cfg_attr(not(test), allow(unused_imports, reason = "for what reads generated types"))]
pub(crate) use fault::{attempt, charge, note};

use crate::error::{Error, Kind};

/// Why a body was not decoded: where and what, without the value.
pub struct DecodeError {
    path: String,
    message: String,
    too_large: bool,
}

impl DecodeError {
    /// The JSON path of the fault, such as `list[3].status`; empty if it is the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there. It names what was expected, and never what was found.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether decoding would have taken more memory than it may.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.too_large
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for DecodeError {}

/// Reads a value from JSON. What that allocates may be at most `limit` bytes, as the [module](self) counts them.
///
/// # Errors
/// What is no JSON, has something after its end, is of another type, or would take more than the limit.
pub fn from_slice<T: DeserializeOwned>(body: &[u8], limit: usize) -> Result<T, DecodeError> {
    let scope = Scope::enter(limit);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    match T::deserialize(Counted(&mut deserializer)) {
        Ok(value) => match deserializer.end() {
            Ok(()) => Ok(value),
            Err(error) => {
                let message = format!("there is something after its end ({})", place(&error));
                Err(DecodeError { path: String::new(), message, too_large: false })
            }
        },
        Err(error) => {
            let (path, message, too_large) = scope.found();
            let message = match message {
                _ if too_large => format!("decoding it would take more than {limit} bytes"),
                Some(message) => message,
                None => plain(&error),
            };
            Err(DecodeError { path, message, too_large })
        }
    }
}

/// Writes a value as JSON.
///
/// # Errors
/// [`Error::is_invalid_argument`] if JSON has no such value, such as an object whose keys are no texts.
pub fn to_vec(value: &(impl Serialize + ?Sized)) -> Result<Bytes, Error> {
    let written = serde_json::to_vec(value)
        .map_err(|error| Error::new(Kind::Argument, format!("the body cannot be written as JSON: {error}")))?;
    Ok(written.into())
}

fn place(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

/// What serde says, without the value it quotes: that may be a secret.
fn plain(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let (text, place) = (error.to_string(), place(error));
    let of_document = ["missing field `", "duplicate field `"].iter().any(|words| text.starts_with(words));
    match (error.classify(), text.rsplit_once(", expected ")) {
        (Category::Data, None) if of_document => match text.split_once(" at line ") {
            Some((words, _)) => format!("{words} ({place})"),
            None => text,
        },
        (Category::Data, Some((_, expected))) => {
            let expected = expected.split(" at line ").next().unwrap_or(expected);
            format!("expected {expected} ({place})")
        }
        (Category::Data, None) => format!("a value of the wrong kind ({place})"),
        (Category::Eof, _) => format!("it ends too early ({place})"),
        _ if text.starts_with("recursion limit") => format!("it nests too deep ({place})"),
        _ => format!("it is not JSON ({place})"),
    }
}
