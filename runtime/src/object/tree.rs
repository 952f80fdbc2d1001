//! A JSON tree: numbers keep all their digits, and texts without escapes are borrowed from the input.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::mismatch::Mismatch;
use super::scan::Scanner;

/// A JSON value before its type is known.
pub enum Tree<'t> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number by its digits.
    Number(Cow<'t, str>),
    /// A string.
    Text(Cow<'t, str>),
    /// An array.
    List(Vec<Tree<'t>>),
    /// An object, in which no key occurs twice.
    Object(Vec<(Cow<'t, str>, Tree<'t>)>),
}

impl<'t> Tree<'t> {
    /// Parses JSON text.
    ///
    /// # Errors
    /// The text is not JSON, or nests deeper than 256 levels.
    pub fn parse(text: &'t str) -> Result<Self, Mismatch> {
        let mut scanner = Scanner::of(text);
        let tree = Self::scan(&mut scanner, 0, &mut { usize::MAX })?;
        scanner.end()?;
        Ok(tree)
    }

    /// The JSON at the beginning of a text, up to its end or the first error. A list or an object that breaks off there has
    /// what comes before. Null if there is no value.
    pub(crate) fn beginning(bytes: &'t [u8]) -> Self {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                std::str::from_utf8(valid).unwrap_or_default()
            }
        };
        Self::scan_beginning(&mut Scanner::of(text), 0).0.unwrap_or(Self::Null)
    }

    /// The next value as far as it is JSON, and whether it is whole.
    fn scan_beginning(scanner: &mut Scanner<'t>, depth: usize) -> (Option<Self>, bool) {
        let bracket = scanner.peek();
        match (bracket, Scanner::deeper(depth)) {
            (b'[', Ok(depth)) => {
                scanner.step();
                let mut items = Vec::new();
                let mut is_whole = true;
                while is_whole {
                    match scanner.item(items.is_empty()) {
                        Ok(true) => {
                            let (item, ended) = Self::scan_beginning(scanner, depth);
                            items.extend(item);
                            is_whole = ended;
                        }
                        Ok(false) => break,
                        Err(_) => is_whole = false,
                    }
                }
                (Some(Self::List(items)), is_whole)
            }
            (b'{', Ok(depth)) => {
                scanner.step();
                let mut entries = Vec::new();
                let mut is_whole = true;
                while is_whole {
                    match scanner.key(entries.is_empty()) {
                        Ok(Some(key)) => {
                            let (value, ended) = Self::scan_beginning(scanner, depth);
                            entries.extend(value.map(|value| (key, value)));
                            is_whole = ended;
                        }
                        Ok(None) => break,
                        Err(_) => is_whole = false,
                    }
                }
                (Some(Self::Object(distinct(entries))), is_whole)
            }
            _ => match Self::scan(scanner, depth, &mut { usize::MAX }) {
                // More digits may have followed.
                Ok(Self::Number(_)) if depth > 0 && scanner.peek() == 0 => (None, false),
                Ok(value) => (Some(value), true),
                Err(_) => (None, false),
            },
        }
    }

    /// Parses the next value, and subtracts its memory from `room`.
    pub(super) fn scan(scanner: &mut Scanner<'t>, depth: usize, room: &mut usize) -> Result<Self, Mismatch> {
        Ok(match scanner.peek() {
            b'n' => scanner.word("null").map(|()| Self::Null)?,
            b't' => scanner.word("true").map(|()| Self::Bool(true))?,
            b'f' => scanner.word("false").map(|()| Self::Bool(false))?,
            b'"' => Self::Text(owned_within(scanner.string()?, room)?),
            b'-' | b'0'..=b'9' => Self::Number(Cow::Borrowed(scanner.number()?)),
            b'[' => {
                let depth = Scanner::deeper(depth)?;
                scanner.step();
                let mut items = Vec::new();
                while scanner.item(items.is_empty())? {
                    grow(&items, room)?;
                    items.push(Self::scan(scanner, depth, room)?);
                }
                Self::List(items)
            }
            b'{' => {
                let depth = Scanner::deeper(depth)?;
                scanner.step();
                let mut entries = Vec::new();
                while let Some(key) = scanner.key(entries.is_empty())? {
                    grow(&entries, room)?;
                    entries.push((owned_within(key, room)?, Self::scan(scanner, depth, room)?));
                }
                Self::Object(distinct(entries))
            }
            _ => return Err(scanner.wrong("a value")),
        })
    }

    /// The text of a member of an object, unless it is empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The member of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Tree<'t>> {
        match self {
            Self::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value that a JSON Pointer (RFC 6901) leads to.
    pub(crate) fn pointer(&self, pointer: &str) -> Option<&Tree<'t>> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |tree, token| match tree {
            Self::List(items) => {
                let is_index = token == "0" || (!token.starts_with('0') && token.bytes().all(|it| it.is_ascii_digit()));
                items.get(token.parse::<usize>().ok().filter(|_| is_index)?)
            }
            other => other.get(&token.replace("~1", "/").replace("~0", "~")),
        })
    }

    /// The kind of the value, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// A number that `serde_json` cannot represent becomes null.
impl From<Tree<'_>> for Value {
    fn from(tree: Tree<'_>) -> Self {
        match tree {
            Tree::Null => Self::Null,
            Tree::Bool(value) => Self::Bool(value),
            Tree::Number(digits) => digits.parse().map_or(Self::Null, Self::Number),
            Tree::Text(text) => Self::String(text.into_owned()),
            Tree::List(items) => items.into_iter().map(Self::from).collect(),
            Tree::Object(members) => {
                members.into_iter().map(|(key, member)| (key.into_owned(), Self::from(member))).collect()
            }
        }
    }
}

/// Shows only the kind of the value, whose content may be a secret.
impl fmt::Debug for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({})", self.kind())
    }
}

/// If a key occurs twice, the last value is used.
fn distinct<'t>(entries: Vec<(Cow<'t, str>, Tree<'t>)>) -> Vec<(Cow<'t, str>, Tree<'t>)> {
    let repeated = if entries.len() <= 8 {
        entries.iter().enumerate().any(|(index, (key, _))| entries[..index].iter().any(|(other, _)| other == key))
    } else {
        let mut seen = std::collections::HashSet::with_capacity(entries.len());
        !entries.iter().all(|(key, _)| seen.insert(key.as_ref()))
    };
    if !repeated {
        return entries;
    }
    let mut places: HashMap<Cow<'t, str>, usize> = HashMap::with_capacity(entries.len());
    let mut kept: Vec<(Cow<'t, str>, Tree<'t>)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        match places.get(&key) {
            Some(place) => kept[*place].1 = value,
            None => {
                places.insert(key.clone(), kept.len());
                kept.push((key, value));
            }
        }
    }
    kept
}

/// Subtracts the memory for one more value of a list or an object. These grow to four first, and then double.
#[inline]
pub(super) fn grow<T>(list: &Vec<T>, room: &mut usize) -> Result<(), Mismatch> {
    if list.len() == list.capacity() { grow_by(list.capacity().max(4), size_of::<T>(), room) } else { Ok(()) }
}

fn grow_by(many: usize, size: usize, room: &mut usize) -> Result<(), Mismatch> {
    *room = room.checked_sub(many.saturating_mul(size)).ok_or_else(Mismatch::too_large)?;
    Ok(())
}

/// Returns the text, and subtracts its memory unless it is borrowed.
fn owned_within<'t>(text: Cow<'t, str>, room: &mut usize) -> Result<Cow<'t, str>, Mismatch> {
    if let Cow::Owned(text) = &text {
        *room = room.checked_sub(text.len()).ok_or_else(Mismatch::too_large)?;
    }
    Ok(text)
}

/// Builds a tree from any deserializer.
pub(super) struct TreeVisitor;

/// [`TreeVisitor`] as a seed, for nested values.
struct Nested;

impl<'de> serde::de::DeserializeSeed<'de> for Nested {
    type Value = Tree<'static>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Tree::Number(value.to_string().into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Self::Value, E> {
        Ok(Tree::Number(value.to_string().into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Tree::Number(value.to_string().into()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Self::Value, E> {
        Ok(Tree::Number(value.to_string().into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        let number = serde_json::Number::from_f64(value);
        // A format that reads wide integers as doubles has rounded them already.
        if value.fract() == 0.0 && value.abs() > 9_007_199_254_740_992.0 {
            return Err(E::custom("the number is too wide for the format that it was read from"));
        }
        number.map(|it| Tree::Number(it.to_string().into())).ok_or_else(|| E::custom("not a JSON number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Tree::Text(value.to_owned().into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Tree::Text(value.into()))
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Tree::Null)
    }

    fn visit_newtype_struct<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(Nested)? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            entries.push((Cow::Owned(key), map.next_value_seed(Nested)?));
        }
        Ok(Tree::Object(distinct(entries)))
    }
}

/// The rest of a map whose first key was read already.
pub(super) fn rest_of_map<'de, A: MapAccess<'de>>(first: String, mut map: A) -> Result<Tree<'static>, A::Error> {
    let mut entries = vec![(Cow::Owned(first), map.next_value_seed(Nested)?)];
    while let Some(key) = map.next_key::<String>()? {
        entries.push((Cow::Owned(key), map.next_value_seed(Nested)?));
    }
    Ok(Tree::Object(distinct(entries)))
}

/// Any JSON, for inspection.
impl<'de> Deserialize<'de> for Tree<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_comes_before_the_end_of_a_cut_text_is_read() {
        let text = r#"{"a": "x", "b": [{"c": 12, "d": null}, [true]], "e": {"f": "g"}, "h": 1}"#;
        let whole = Value::from(Tree::beginning(text.as_bytes()));
        assert_eq!(whole, serde_json::from_str::<Value>(text).unwrap());
        let read = |text: &[u8]| Value::from(Tree::beginning(text));
        for (cut, expected) in [
            (r#"{"a": "x", "b": [{"c": 1"#, json!({"a": "x", "b": [{}]})),
            (r#"{"a": "x", "b": [{"c": 12, "d": nu"#, json!({"a": "x", "b": [{"c": 12}]})),
            (r#"{"a": "x", "b": "#, json!({"a": "x"})),
            (r#"{"a": "x" "b": 1}"#, json!({"a": "x"})),
            (r#"{"a": "x", "a": "y", "b"#, json!({"a": "y"})),
            (r#"[1, 2, "thr"#, json!([1, 2])),
            (r#"{"a": 1e999, "b": 2}"#, json!({"a": null, "b": 2})),
            ("7", json!(7)),
            ("<html>", json!(null)),
            ("", json!(null)),
        ] {
            assert_eq!(read(cut.as_bytes()), expected, "{cut}");
        }
        // Wherever it is cut, also within a character.
        for end in 0..text.len() {
            assert!(end == 0 || read(&text.as_bytes()[..end]).is_object(), "{end}");
        }
        assert_eq!(read(b"{\"a\": 1, \"b\": \"\xc3"), json!({"a": 1}));
        let deep = "[".repeat(300_000);
        assert!(read(deep.as_bytes()).is_array());
    }
}
