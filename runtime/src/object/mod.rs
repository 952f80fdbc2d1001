//! Reading and writing the types of generated clients: all of it that can be compiled once.
//!
//! A value is read from the text in one pass, field by field, in place. Where all of a value must be seen before its type is
//! known, as in a union, it becomes a [`Tree`] first. Unions decide from what their [`Layout`] says, in time that is linear
//! in the value. A value is written through a [`View`] of it. Generated code only lists its fields and their names.

mod choice;
mod digits;
mod formats;
mod input;
mod json;
mod layout;
mod macros;
mod mismatch;
mod number;
mod scan;
mod standard;
mod tree;
mod write;

pub use formats::deserialize;
pub use input::Input;
pub use json::{
    Field, Items, Json, Lend, Pairs, Show, View, blank, clone, debug, each_item, is_equal, layout_with, read,
    read_items, read_text,
};
pub use layout::{Branch, Constant, Layout, Members, Of, Union};
pub use mismatch::Mismatch;
pub use number::{NotANumber, Number};
pub use tree::Tree;
pub use write::{Written, serialize};

/// Reads a value from JSON text.
///
/// # Errors
/// Text that is no JSON, or a value of another type.
pub fn from_str<T: Json>(text: &str) -> Result<T, Mismatch> {
    json::from_text(text, usize::MAX)
}

/// Reads a value from JSON as it comes over the wire, once. `limit` bounds the memory that lists, maps, objects and text
/// take, of the value and of what is parsed on the way to it together.
///
/// # Errors
/// As [`from_str`], bytes that are no UTF-8, and a value that would take more memory: [`Mismatch::is_too_large`].
pub fn from_slice<T: Json>(bytes: &[u8], limit: usize) -> Result<T, Mismatch> {
    let text = std::str::from_utf8(bytes).map_err(|_| Mismatch::new("the bytes are no UTF-8"))?;
    json::from_text(text, limit)
}

/// The alternative of a union that a text is, by its place in the order of the document; none is `Unknown`.
///
/// # Errors
/// Text that is no JSON.
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

/// Writes a value as JSON text.
///
/// # Errors
/// [`Error::is_invalid_argument`](crate::Error::is_invalid_argument) if it cannot be written.
pub fn to_vec(value: &impl Json) -> Result<bytes::Bytes, crate::error::Error> {
    let argument = |error| {
        crate::error::Error::new(crate::error::Kind::Argument, "the body cannot be written as JSON").caused_by(error)
    };
    write::to_json(value).map(bytes::Bytes::from).map_err(argument)
}
