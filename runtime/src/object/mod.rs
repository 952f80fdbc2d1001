//! Reading and writing the types of generated clients: all of it that can be compiled once.
//!
//! A value is read in one pass: the text becomes a [`Tree`], which keeps the digits of every number, and the tree becomes
//! the type. Unions decide from what their [`Layout`] says, in time that is linear in the value; see [`Reader`].

mod fields;
mod json;
mod layout;
mod mismatch;
mod number;
mod tree;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

pub use fields::{Fields, Positions};
pub use json::{Json, Written, write_object, write_tagged, write_tagged_members};
pub use layout::{Branch, Constant, Layout, Member, Members, Of, Reader, Rest, Union};
pub use mismatch::Mismatch;
pub use number::{NotANumber, Number};
pub use tree::Tree;

/// Reads a value from JSON text.
///
/// # Errors
/// Text that is no JSON, or a value of another type.
pub fn from_str<T: Json>(text: &str) -> Result<T, Mismatch> {
    T::read(&Tree::parse(text)?, &mut Reader::default())
}

/// Reads a value from JSON as it comes over the wire, once. `limit` bounds the memory that lists, maps, objects and text
/// take, as parsed text and as the value together.
///
/// # Errors
/// As [`from_str`], bytes that are no UTF-8, and a value that would take more memory: [`Mismatch::is_too_large`].
pub fn from_slice<T: Json>(bytes: &[u8], limit: usize) -> Result<T, Mismatch> {
    let text = std::str::from_utf8(bytes).map_err(|_| Mismatch::new("the bytes are no UTF-8"))?;
    let (tree, room) = Tree::parse_within(text, limit)?;
    T::read(&tree, &mut Reader::within(room))
}

/// Writes a value as JSON text.
///
/// # Errors
/// [`Error::is_invalid_argument`](crate::Error::is_invalid_argument) if it cannot be written.
pub fn to_vec(value: &(impl serde::Serialize + ?Sized)) -> Result<bytes::Bytes, crate::error::Error> {
    let argument = |error| {
        crate::error::Error::new(crate::error::Kind::Argument, "the body cannot be written as JSON").caused_by(error)
    };
    serde_json::to_vec(value).map(bytes::Bytes::from).map_err(argument)
}

/// What `serde_json` calls the text of a value that it has not read. A version that calls it otherwise gives the value
/// itself, in which it has rounded numbers that are wider than its own.
const RAW: &str = "$serde_json::private::RawValue";

/// Reads a value from any format. Of `serde_json` it asks for the text, to see the digits of numbers.
///
/// # Errors
/// A value of another type, and what the deserializer fails with.
pub fn deserialize<'de, T: Json, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_newtype_struct(RAW, Whole(PhantomData))
}

struct Whole<T>(PhantomData<T>);

impl<T: Json> Whole<T> {
    fn read<E: Error>(tree: &Tree<'_>) -> Result<T, E> {
        T::read(tree, &mut Reader::default()).map_err(E::custom)
    }
}

/// Text, borrowed if it can be.
struct Text;

impl<'de> serde::de::DeserializeSeed<'de> for Text {
    type Value = std::borrow::Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = std::borrow::Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.to_owned().into())
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(text.into())
    }
}

macro_rules! by_tree {
    ($($visit:ident $value:ty,)*) => {
        $(fn $visit<E: Error>(self, value: $value) -> Result<T, E> {
            Self::read(&tree::TreeVisitor.$visit(value)?)
        })*
    };
}

impl<'de, T: Json> Visitor<'de> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    by_tree! {
        visit_bool bool,
        visit_i64 i64,
        visit_i128 i128,
        visit_u64 u64,
        visit_u128 u128,
        visit_f64 f64,
        visit_str &str,
        visit_string String,
    }

    fn visit_none<E: Error>(self) -> Result<T, E> {
        Self::read(&Tree::Null)
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Self::read(&Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        Self::read(&deserializer.deserialize_any(tree::TreeVisitor)?)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        Self::read(&deserializer.deserialize_any(tree::TreeVisitor)?)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<T, A::Error> {
        Self::read(&tree::TreeVisitor.visit_seq(sequence)?)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let Some(first) = map.next_key::<String>()? else { return Self::read(&Tree::Object(Vec::new())) };
        if first == RAW {
            let text = map.next_value_seed(Text)?;
            return Self::read(&Tree::parse(&text).map_err(A::Error::custom)?);
        }
        Self::read(&tree::rest_of_map(first, map)?)
    }
}

/// Any JSON, for what only has to be looked at.
impl<'de> Deserialize<'de> for Tree<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(tree::TreeVisitor)
    }
}
