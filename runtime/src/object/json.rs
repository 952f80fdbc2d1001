//! The trait of generated types, and what the standard types that they are made of do for it.

use std::collections::BTreeMap;

use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use super::layout::{Layout, Reader};
use super::mismatch::Mismatch;
use super::number::{double, plain, whole, write_double, write_whole};
use super::tree::Tree;

/// A type of a generated client: what its values look like, how they are read and written.
///
/// Generated types implement it, and `Serialize` and `Deserialize` by it.
pub trait Json: Sized {
    /// What values look like.
    fn layout() -> &'static Layout;

    /// Reads a value.
    ///
    /// # Errors
    /// A value of another type.
    fn read(tree: &Tree<'_>, reader: &mut Reader) -> Result<Self, Mismatch>;

    /// Writes the value.
    ///
    /// # Errors
    /// As the serializer.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Whether the value is an object that has a key.
    fn has(&self, key: &str) -> bool {
        let _ = key;
        false
    }

    /// Writes the members of the value, which is an object, among others.
    ///
    /// # Errors
    /// As the serializer, and a value that is no object.
    fn write_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let _ = map;
        Err(M::Error::custom("a value without members has no tag"))
    }
}

/// A value as serde writes it.
#[derive(Debug)]
pub struct Written<'a, T>(pub &'a T);

impl<T: Json> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

impl Json for bool {
    fn layout() -> &'static Layout {
        &Layout::Bool
    }

    fn read(tree: &Tree<'_>, _: &mut Reader) -> Result<Self, Mismatch> {
        match tree {
            Tree::Bool(value) => Ok(*value),
            other => Err(Mismatch::expected("a boolean", other.kind())),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self)
    }
}

impl Json for String {
    fn layout() -> &'static Layout {
        &Layout::Text
    }

    fn read(tree: &Tree<'_>, reader: &mut Reader) -> Result<Self, Mismatch> {
        match tree {
            Tree::Text(text) => {
                reader.take(text.len())?;
                Ok(text.clone().into_owned())
            }
            other => Err(Mismatch::expected("a string", other.kind())),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

macro_rules! integers {
    ($($integer:ident $what:literal)*) => {
        $(impl Json for $integer {
            fn layout() -> &'static Layout {
                // Every type here is within 128 bits.
                #[allow(clippy::cast_lossless)]
                const { &Layout::Whole($integer::MIN as i128, $integer::MAX as i128) }
            }

            fn read(tree: &Tree<'_>, _: &mut Reader) -> Result<Self, Mismatch> {
                match tree {
                    Tree::Number(digits) => whole(digits)
                        .and_then(|value| value.try_into().ok())
                        .ok_or_else(|| Mismatch::expected($what, "another number")),
                    other => Err(Mismatch::expected($what, other.kind())),
                }
            }

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[allow(clippy::useless_conversion)]
                write_whole(i128::from(*self), serializer)
            }
        })*
    };
}

integers! {
    i32 "an integer of 32 bits"
    i64 "an integer of 64 bits"
    i128 "an integer of 128 bits"
    u32 "an integer from 0 of 32 bits"
    u64 "an integer from 0 of 64 bits"
}

impl Json for f64 {
    fn layout() -> &'static Layout {
        &Layout::Double
    }

    fn read(tree: &Tree<'_>, _: &mut Reader) -> Result<Self, Mismatch> {
        match tree {
            Tree::Number(digits) => {
                double(digits).ok_or_else(|| Mismatch::expected("a number", "one that a double would round"))
            }
            other => Err(Mismatch::expected("a number", other.kind())),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_double(*self, serializer)
    }
}

impl Json for Value {
    fn layout() -> &'static Layout {
        &Layout::Any
    }

    fn read(tree: &Tree<'_>, reader: &mut Reader) -> Result<Self, Mismatch> {
        reader.step(1);
        Ok(match tree {
            Tree::Null => Self::Null,
            Tree::Bool(value) => Self::Bool(*value),
            Tree::Number(digits) => Self::Number(
                plain(digits).ok_or_else(|| Mismatch::expected("any value", "a number that would be rounded"))?,
            ),
            Tree::Text(text) => Self::String(text.clone().into_owned()),
            Tree::List(_) => Self::Array(Json::read(tree, reader)?),
            Tree::Object(_) => Self::Object(Json::read(tree, reader)?),
        })
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn write_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::Object(object) => object.write_members(map),
            _ => Err(M::Error::custom("a value without members has no tag")),
        }
    }
}

impl Json for serde_json::Map<String, Value> {
    fn layout() -> &'static Layout {
        const { &Layout::Map(Value::layout) }
    }

    fn read(tree: &Tree<'_>, reader: &mut Reader) -> Result<Self, Mismatch> {
        let Tree::Object(entries) = tree else { return Err(Mismatch::expected("an object", tree.kind())) };
        reader.step(entries.len());
        reader.take_map::<Value>(entries.len())?;
        let read = |(key, value): &(std::borrow::Cow<'_, str>, Tree<'_>)| {
            let value = Value::read(value, reader).map_err(|error| error.under(key))?;
            Ok((key.clone().into_owned(), value))
        };
        entries.iter().map(read).collect()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn has(&self, key: &str) -> bool {
        self.contains_key(key)
    }

    fn write_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))
    }
}

impl<T: Json> Json for BTreeMap<String, T> {
    fn layout() -> &'static Layout {
        const { &Layout::Map(T::layout) }
    }

    fn read(tree: &Tree<'_>, reader: &mut Reader) -> Result<Self, Mismatch> {
        let Tree::Object(entries) = tree else { return Err(Mismatch::expected("an object", tree.kind())) };
        reader.step(entries.len());
        reader.take_map::<T>(entries.len())?;
        let read = |(key, value): &(std::borrow::Cow<'_, str>, Tree<'_>)| {
            let value = T::read(value, reader).map_err(|error| error.under(key))?;
            Ok((key.clone().into_owned(), value))
        };
        entries.iter().map(read).collect()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        self.write_members(&mut map)?;
        map.end()
    }

    fn has(&self, key: &str) -> bool {
        self.contains_key(key)
    }

    fn write_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.iter().try_for_each(|(key, value)| map.serialize_entry(key, &Written(value)))
    }
}

impl<T: Json> Json for Vec<T> {
    fn layout() -> &'static Layout {
        const { &Layout::List(T::layout) }
    }

    fn read(tree: &Tree<'_>, reader: &mut Reader) -> Result<Self, Mismatch> {
        let Tree::List(items) = tree else { return Err(Mismatch::expected("an array", tree.kind())) };
        reader.step(items.len());
        reader.take(items.len().saturating_mul(size_of::<T>()))?;
        // Not collected: that would grow it, and take up to twice as much.
        let mut read = Self::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            read.push(T::read(item, reader).map_err(|error| error.at(index))?);
        }
        Ok(read)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|item| sequence.serialize_element(&Written(item)))?;
        sequence.end()
    }
}

impl<T: Json> Json for Option<T> {
    fn layout() -> &'static Layout {
        const { &Layout::Nullable(T::layout) }
    }

    fn read(tree: &Tree<'_>, reader: &mut Reader) -> Result<Self, Mismatch> {
        match tree {
            Tree::Null => Ok(None),
            other => T::read(other, reader).map(Some),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_unit(),
        }
    }

    fn has(&self, key: &str) -> bool {
        self.as_ref().is_some_and(|value| value.has(key))
    }

    fn write_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Some(value) => value.write_members(map),
            None => Err(M::Error::custom("null has no tag")),
        }
    }
}

impl<T: Json> Json for Box<T> {
    fn layout() -> &'static Layout {
        T::layout()
    }

    fn read(tree: &Tree<'_>, reader: &mut Reader) -> Result<Self, Mismatch> {
        T::read(tree, reader).map(Self::new)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).write(serializer)
    }

    fn has(&self, key: &str) -> bool {
        (**self).has(key)
    }

    fn write_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        (**self).write_members(map)
    }
}

/// Writes an object by its members.
///
/// # Errors
/// As the serializer.
pub fn write_object<T: Json, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    value.write_members(&mut map)?;
    map.end()
}

/// Writes an alternative of a union that a tag names. The tag is written where the value itself has none.
///
/// # Errors
/// As the serializer.
pub fn write_tagged<T: Json, S: Serializer>(
    value: &T,
    tag: &'static str,
    name: &'static str,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if value.has(tag) {
        return value.write(serializer);
    }
    let mut map = serializer.serialize_map(None)?;
    write_tagged_members(value, tag, name, &mut map)?;
    map.end()
}

/// The members of an alternative that a tag names, among others.
///
/// # Errors
/// As the serializer.
pub fn write_tagged_members<T: Json, M: SerializeMap>(
    value: &T,
    tag: &'static str,
    name: &'static str,
    map: &mut M,
) -> Result<(), M::Error> {
    if !value.has(tag) {
        map.serialize_entry(tag, name)?;
    }
    value.write_members(map)
}
