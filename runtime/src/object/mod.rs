//! Reads and writes the types of generated clients. All code that does not depend on the types is here, and is compiled
//! once.
//!
//! A value is read from text in one pass, field by field, in place. If the type depends on the whole value, as in a
//! union, the value becomes a [`Tree`] first. The [`Layout`] of a union selects the alternative, in time that is linear
//! in the value. A value is written through its [`View`]. Generated code only lists its fields and their names.

mod choice;
mod digits;
mod formats;
mod input;
mod json;
mod layout;
mod link;
mod macros;
mod mismatch;
mod number;
mod room;
mod scan;
mod standard;
mod texts;
mod tree;
mod write;

pub use formats::deserialize;
pub use input::Input;
pub use json::{
    Field, Fields, How, Items, Json, Pairs, View, add, blank, debug, each_item, is_equal, layout_with, read,
    read_items, read_text,
};
pub use layout::{Branch, Constant, Layout, Members, Of, Union};
pub use link::{Kind, Link, Linked};
pub use mismatch::Mismatch;
pub use number::{NotANumber, Number};
pub(crate) use room::{DECODED, room};
pub use texts::{Base64, Base64Url, JsonText};
pub use tree::Tree;
pub use write::{Written, serialize};

/// Reads a value from JSON text.
///
/// # Errors
/// The text is not JSON, or the value has another type.
pub fn from_str<T: Json>(text: &str) -> Result<T, Mismatch> {
    json::from_text(text, usize::MAX)
}

/// Reads a value from the bytes of a JSON text. `limit` is the maximum memory, in bytes, for the lists, maps, objects
/// and strings of the value and of its parsed parts together.
///
/// # Errors
/// Those of [`from_str`], invalid UTF-8, or a value that needs more memory: [`Mismatch::is_too_large`].
pub fn from_slice<T: Json>(bytes: &[u8], limit: usize) -> Result<T, Mismatch> {
    let text = std::str::from_utf8(bytes).map_err(|_| Mismatch::new("the bytes are not UTF-8"))?;
    json::from_text(text, limit)
}

/// The index of a text's alternative in a union, in the order of the document; `None` is `Unknown`.
///
/// # Errors
/// The text is not JSON.
pub fn choice<T: Json>(text: &str) -> Result<Option<usize>, Mismatch> {
    let mut choice = None;
    let mut input = Input::text(text);
    input.choose(T::layout(), |index, _| {
        choice = index;
        Ok(())
    })?;
    input.end()?;
    Ok(choice)
}

/// Serializes a value as JSON text.
///
/// # Errors
/// [`Error::is_invalid_argument`](crate::Error::is_invalid_argument) if it cannot be serialized.
pub fn to_vec(value: &impl Json) -> Result<bytes::Bytes, crate::error::Error> {
    let argument = |error| {
        crate::error::Error::new(crate::error::Kind::Argument, "the body cannot be written as JSON").caused_by(error)
    };
    write::to_json(value).map(bytes::Bytes::from).map_err(argument)
}
