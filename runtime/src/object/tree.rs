//! JSON as it was written: every number with all its digits, texts borrowed from the input where they have no escapes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};

use super::Mismatch;

/// Deeper values are refused: reading them takes stack at each level.
pub(super) const DEEPEST: usize = 256;

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
    /// An object; no key is there twice.
    Object(Vec<(Cow<'t, str>, Tree<'t>)>),
}

impl<'t> Tree<'t> {
    /// Reads JSON text.
    ///
    /// # Errors
    /// Text that is no JSON, or nests deeper than 256 levels.
    pub fn parse(text: &'t str) -> Result<Self, Mismatch> {
        Ok(Self::parse_within(text, usize::MAX)?.0)
    }

    /// Reads JSON text into a tree that takes no more than so many bytes, and returns what is left of them.
    ///
    /// # Errors
    /// As [`Tree::parse`], and text whose tree would take more.
    pub fn parse_within(text: &'t str, bytes: usize) -> Result<(Self, usize), Mismatch> {
        let mut parser = Parser { text, at: 0, room: bytes };
        let tree = parser.value(0)?;
        parser.space();
        if parser.at < text.len() { Err(parser.wrong("the end")) } else { Ok((tree, parser.room)) }
    }

    /// The member of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Tree<'t>> {
        match self {
            Self::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// What the value is, for messages.
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

/// What kind of value it is; not what it holds, which may be a secret.
impl fmt::Debug for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({})", self.kind())
    }
}

/// Where a key is there twice, the last one counts.
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

struct Parser<'t> {
    text: &'t str,
    at: usize,
    /// How many bytes the tree may still take.
    room: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes room for one more value of a list or an object, which grow to four and then by doubling.
    fn take<T>(&mut self, list: &Vec<T>) -> Result<(), Mismatch> {
        if list.len() == list.capacity() {
            let more = list.capacity().max(4);
            self.room = self.room.checked_sub(more.saturating_mul(size_of::<T>())).ok_or_else(Mismatch::too_large)?;
        }
        Ok(())
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn wrong(&self, expected: &str) -> Mismatch {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Mismatch::new(format!("no JSON: expected {expected} at line {line}, column {column}"))
    }

    fn word(&mut self, word: &str, tree: Tree<'t>) -> Result<Tree<'t>, Mismatch> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(tree)
        } else {
            Err(self.wrong("a value"))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Tree<'t>, Mismatch> {
        self.space();
        match self.peek() {
            Some(b'n') => self.word("null", Tree::Null),
            Some(b't') => self.word("true", Tree::Bool(true)),
            Some(b'f') => self.word("false", Tree::Bool(false)),
            Some(b'"') => self.string().map(Tree::Text),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong("a value")),
        }
    }

    fn deeper(depth: usize) -> Result<usize, Mismatch> {
        if depth < DEEPEST {
            Ok(depth + 1)
        } else {
            Err(Mismatch::new(format!("the value nests deeper than {DEEPEST} levels")))
        }
    }

    fn list(&mut self, depth: usize) -> Result<Tree<'t>, Mismatch> {
        let depth = Self::deeper(depth)?;
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Tree::List(items));
        }
        loop {
            self.take(&items)?;
            items.push(self.value(depth)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Tree::List(items));
                }
                _ => return Err(self.wrong("`,` or `]`")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Tree<'t>, Mismatch> {
        let depth = Self::deeper(depth)?;
        let mut entries = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Tree::Object(entries));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key"));
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.wrong("`:`"));
            }
            self.at += 1;
            self.take(&entries)?;
            entries.push((key, self.value(depth)?));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Tree::Object(distinct(entries)));
                }
                _ => return Err(self.wrong("`,` or `}`")),
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'t, str>, Mismatch> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                Some(0..=0x1f) | None => return Err(self.wrong("the end of a string")),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        if escaped {
            let text = self.text.get(start..self.at).and_then(|text| serde_json::from_str(text).ok());
            return text.map(Cow::Owned).ok_or_else(|| self.wrong("a string whose escapes are those of JSON"));
        }
        Ok(Cow::Borrowed(self.text.get(start + 1..self.at - 1).unwrap_or_default()))
    }

    fn digits(&mut self) -> Result<(), Mismatch> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("a digit")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Tree<'t>, Mismatch> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Tree::Number(Cow::Borrowed(self.text.get(start..self.at).unwrap_or_default())))
    }
}

/// Makes a tree of whatever a deserializer has.
pub(super) struct TreeVisitor;

/// The same at some depth.
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
        // What reads wide integers as doubles has rounded them by now.
        if value.fract() == 0.0 && value.abs() > 9_007_199_254_740_992.0 {
            return Err(E::custom("the number is too wide for the format it was read from"));
        }
        number.map(|it| Tree::Number(it.to_string().into())).ok_or_else(|| E::custom("not a number of JSON"))
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

/// What has the rest of a map whose first key was read already.
pub(super) fn rest_of_map<'de, A: MapAccess<'de>>(first: String, mut map: A) -> Result<Tree<'static>, A::Error> {
    let mut entries = vec![(Cow::Owned(first), map.next_value_seed(Nested)?)];
    while let Some(key) = map.next_key::<String>()? {
        entries.push((Cow::Owned(key), map.next_value_seed(Nested)?));
    }
    Ok(Tree::Object(distinct(entries)))
}
