//! Serializes a value to text. A scalar is written directly. Lists and objects become a small tree first.

use std::fmt::{self, Write};

use serde::{Serialize, de, ser};

/// The reason why a value cannot be serialized.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is a list or an object, and a scalar is required.
    NotScalar,
    /// A description of the problem, without the value.
    Bad(String),
}

impl Fault {
    pub(super) fn bad(words: impl Into<String>) -> Self {
        Self::Bad(words.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotScalar => f.write_str("it is a list or an object"),
            Self::Bad(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for Fault {}

impl ser::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Bad(message.to_string())
    }
}

/// A serialized value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    /// A text, without quotes.
    Text(String),
    /// A number or a boolean, as JSON writes it.
    Plain(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, Fault> {
        value.serialize(ToNode)
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a scalar, or the JSON of another value.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Plain(text) => text,
            other => other.into_json(),
        }
    }

    pub(super) fn into_json(self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Plain(text) => out.push_str(text),
            Self::Text(text) => write_json_text(out, text),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, member)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_json_text(out, key);
                    out.push(':');
                    member.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// A value that is JSON already.
    fn of_json(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let bad = |_| Fault::bad("it has raw JSON that is not well-formed");
        match text.bytes().next() {
            // Unchanged, with all digits.
            Some(b'-' | b'0'..=b'9') => Ok(Self::Plain(text.to_owned())),
            _ => serde_json::from_str(text).map_err(bad),
        }
    }
}

fn write_json_text(out: &mut String, text: &str) {
    // A text can always be serialized as JSON.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

impl<'de> de::Deserialize<'de> for Node {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> de::Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        double(value).map(Node::Plain).map_err(E::custom)
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Node::Object(object))
    }
}

/// A double: 3 as `3`, any other value with as many digits as are needed to read it back.
fn double(value: f64) -> Result<String, Fault> {
    /// Doubles represent every integer up to here.
    const INTEGERS: f64 = 9_007_199_254_740_992.0;
    if !value.is_finite() {
        return Err(Fault::bad("it is not a finite number"));
    }
    if value.fract() == 0.0 && value.abs() < INTEGERS {
        return Ok(format!("{value:.0}"));
    }
    Ok(shortest(&value))
}

/// The JSON text without the plus of an exponent, which some servers read as a space.
fn shortest(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().replace('+', "")
}

/// The same for a float. Converted to a double first, it would get further digits.
fn single(value: f32) -> Result<String, Fault> {
    if value.is_finite() && value.fract() != 0.0 {
        return Ok(shortest(&value));
    }
    double(f64::from(value))
}

/// Receives the text of a scalar.
type WriteText<'a> = &'a mut dyn FnMut(&str) -> Result<(), Fault>;

/// Writes a scalar without quotes. For null it writes nothing. Any other value fails with [`Fault::NotScalar`] before
/// anything is written.
pub(super) fn write_scalar(value: &(impl Serialize + ?Sized), write: WriteText<'_>) -> Result<(), Fault> {
    value.serialize(Scalar(write))
}

struct Scalar<'a>(WriteText<'a>);

impl Scalar<'_> {
    fn display(self, value: impl fmt::Display) -> Result<(), Fault> {
        let mut text = Short { bytes: [0; 40], length: 0 };
        // No integer is longer.
        write!(text, "{value}").map_err(|_| Fault::bad("the number is too long"))?;
        (self.0)(text.as_str())
    }
}

/// A short text that needs no allocation.
struct Short {
    bytes: [u8; 40],
    length: usize,
}

impl Short {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

type Impossible = ser::Impossible<(), Fault>;

macro_rules! integers {
    ($($method:ident: $integer:ty,)*) => {$(
        fn $method(self, value: $integer) -> Result<Self::Ok, Fault> {
            self.display(value)
        }
    )*};
}

impl ser::Serializer for Scalar<'_> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Impossible;
    type SerializeTuple = Impossible;
    type SerializeTupleStruct = Impossible;
    type SerializeTupleVariant = Impossible;
    type SerializeMap = Impossible;
    type SerializeStruct = Impossible;
    type SerializeStructVariant = Impossible;

    integers! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_char: char,
    }

    fn serialize_f32(self, value: f32) -> Result<(), Fault> {
        (self.0)(&single(value)?)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Fault> {
        (self.0)(&double(value)?)
    }

    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        (self.0)(value)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Fault> {
        Err(Fault::NotScalar)
    }

    fn serialize_none(self) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Fault> {
        (self.0)(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Fault> {
        Err(Fault::NotScalar)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Impossible, Fault> {
        Err(Fault::NotScalar)
    }

    fn serialize_tuple(self, _: usize) -> Result<Impossible, Fault> {
        Err(Fault::NotScalar)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Impossible, Fault> {
        Err(Fault::NotScalar)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Impossible, Fault> {
        Err(Fault::NotScalar)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Impossible, Fault> {
        Err(Fault::NotScalar)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Impossible, Fault> {
        Err(Fault::NotScalar)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Impossible, Fault> {
        Err(Fault::NotScalar)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Fault> {
        (self.0)(&value.to_string())
    }
}

struct ToNode;

impl ToNode {
    fn display(self, value: impl fmt::Display) -> Result<Node, Fault> {
        Ok(Node::Plain(value.to_string()))
    }
}

/// A list that is being serialized, perhaps in a variant of an enum.
struct Items {
    variant: Option<&'static str>,
    items: Vec<Node>,
}

/// An object that is being serialized, perhaps in a variant of an enum.
struct Members {
    variant: Option<&'static str>,
    members: Vec<(String, Node)>,
    key: Option<String>,
    /// Whether its only field is the JSON.
    raw: bool,
}

fn tagged(variant: Option<&'static str>, node: Node) -> Node {
    match variant {
        Some(variant) => Node::Object(vec![(variant.to_owned(), node)]),
        None => node,
    }
}

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.items.push(value.serialize(ToNode)?);
        Ok(())
    }

    fn finish(self) -> Node {
        tagged(self.variant, Node::List(self.items))
    }
}

impl Members {
    fn new(variant: Option<&'static str>, capacity: usize) -> Self {
        Self { variant, members: Vec::with_capacity(capacity.min(64)), key: None, raw: false }
    }

    fn push<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), Fault> {
        self.members.push((key, value.serialize(ToNode)?));
        Ok(())
    }

    fn finish(mut self) -> Result<Node, Fault> {
        if self.raw
            && let Some((_, Node::Text(json))) = self.members.pop()
        {
            return Node::of_json(&json);
        }
        Ok(tagged(self.variant, Node::Object(self.members)))
    }
}

impl ser::Serializer for ToNode {
    type Ok = Node;
    type Error = Fault;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Members;

    integers! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
    }

    fn serialize_f32(self, value: f32) -> Result<Node, Fault> {
        Ok(Node::Plain(single(value)?))
    }

    fn serialize_f64(self, value: f64) -> Result<Node, Fault> {
        Ok(Node::Plain(double(value)?))
    }

    fn serialize_char(self, value: char) -> Result<Node, Fault> {
        Ok(Node::Text(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Result<Node, Fault> {
        Ok(Node::Text(value.to_owned()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Node, Fault> {
        Ok(Node::List(value.iter().map(|byte| Node::Plain(byte.to_string())).collect()))
    }

    fn serialize_none(self) -> Result<Node, Fault> {
        Ok(Node::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Node, Fault> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Node, Fault> {
        Ok(Node::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Node, Fault> {
        Ok(Node::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Node, Fault> {
        Ok(Node::Text(variant.to_owned()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Node, Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Node, Fault> {
        Ok(tagged(Some(variant), value.serialize(self)?))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items, Fault> {
        Ok(Items { variant: None, items: Vec::with_capacity(length.unwrap_or(0).min(1024)) })
    }

    fn serialize_tuple(self, length: usize) -> Result<Items, Fault> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Items, Fault> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Items, Fault> {
        Ok(Items { variant: Some(variant), items: Vec::with_capacity(length) })
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Members, Fault> {
        Ok(Members::new(None, length.unwrap_or(0)))
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Members, Fault> {
        // serde_json's `RawValue` and arbitrary numbers use these names to mark themselves as JSON.
        let raw = matches!(name, "$serde_json::private::RawValue" | "$serde_json::private::Number");
        Ok(Members { raw, ..Members::new(None, length) })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Members, Fault> {
        Ok(Members::new(Some(variant), length))
    }
}

macro_rules! lists {
    ($($part:ident: $method:ident,)*) => {$(
        impl ser::$part for Items {
            type Ok = Node;
            type Error = Fault;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
                self.push(value)
            }

            fn end(self) -> Result<Node, Fault> {
                Ok(self.finish())
            }
        }
    )*};
}

lists! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

macro_rules! structs {
    ($($part:ident,)*) => {$(
        impl ser::$part for Members {
            type Ok = Node;
            type Error = Fault;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Fault> {
                self.push(key.to_owned(), value)
            }

            fn end(self) -> Result<Node, Fault> {
                self.finish()
            }
        }
    )*};
}

structs! {
    SerializeStruct,
    SerializeStructVariant,
}

impl ser::SerializeMap for Members {
    type Ok = Node;
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        let mut text = None;
        let written = write_scalar(key, &mut |key| {
            text = Some(key.to_owned());
            Ok(())
        });
        match (written, text) {
            (Ok(()), Some(text)) => {
                self.key = Some(text);
                Ok(())
            }
            (Err(Fault::Bad(words)), _) => Err(Fault::Bad(words)),
            _ => Err(Fault::bad("one of its keys is not text")),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let key = self.key.take().ok_or_else(|| Fault::bad("one of its values has no key"))?;
        self.push(key, value)
    }

    fn end(self) -> Result<Node, Fault> {
        self.finish()
    }
}

#[cfg(test)]
mod tests;
