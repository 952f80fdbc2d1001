//! Deserializes with serde, from any format.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::LazyLock;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::value::RawValue;

use super::input::Input;
use super::json::{Json, from_text, read};
use super::tree::{Tree, TreeVisitor, rest_of_map};

/// The name by which `serde_json` requests the raw text of a value, taken from its `RawValue`. If a later version
/// requests it without a name, the value itself is read, and `serde_json` rounds the numbers that it cannot represent.
static RAW: LazyLock<&'static str> = LazyLock::new(|| {
    let asked = <&RawValue>::deserialize(Probe).err();
    asked.map_or("", |Asked(name)| name)
});

/// A deserializer without a value, whose error is the requested name.
struct Probe;

#[derive(Debug)]
struct Asked(&'static str);

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Asked {}

impl Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self("")
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked(""))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, _: V) -> Result<V::Value, Asked> {
        Err(Asked(name))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Deserializes a value from any format. From `serde_json` it requests the raw text, to get all digits of numbers.
///
/// # Errors
/// A value of another type, or the deserializer's error.
pub fn deserialize<'de, T: Json, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_newtype_struct(*RAW, Whole(PhantomData))
}

struct Whole<T>(PhantomData<T>);

impl<T: Json> Whole<T> {
    fn read<E: Error>(tree: &Tree<'_>) -> Result<T, E> {
        read(&mut Input::tree(tree)).map_err(E::custom)
    }
}

/// Text, borrowed if possible.
struct Text;

impl<'de> serde::de::DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

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
            Self::read(&TreeVisitor.$visit(value)?)
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
        Self::read(&deserializer.deserialize_any(TreeVisitor)?)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        Self::read(&deserializer.deserialize_any(TreeVisitor)?)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<T, A::Error> {
        Self::read(&TreeVisitor.visit_seq(sequence)?)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let Some(first) = map.next_key::<String>()? else { return Self::read(&Tree::Object(Vec::new())) };
        if !RAW.is_empty() && first == *RAW {
            let text = map.next_value_seed(Text)?;
            return from_text(&text, usize::MAX).map_err(A::Error::custom);
        }
        Self::read(&rest_of_map(first, map)?)
    }
}
