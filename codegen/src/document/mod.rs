//! Stage `document`: reads YAML or JSON text into an ordered tree. Each node knows its file, line and column.
//!
//! The tree is a [`Node`], and every later stage works on it. A node keeps its [`Span`] when it is moved, so a note
//! from any stage has the line that the author has to change.

mod equal;
mod json;
mod layout;
mod pointer;
mod read;
mod yaml;

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Number;

pub(crate) use equal::order;
pub use pointer::Pointer;
pub(crate) use pointer::percent_decode;
pub(crate) use read::contents;

#[cfg(feature = "yaml")]
use crate::diagnostic::{Diagnostic, Error};
pub use crate::span::Span;
use crate::span::{Placed, Repeat, Source};

/// The maximum nesting of a document. A deeper document is an error, so that no stage can exhaust the stack.
pub(crate) const MAX_DEPTH: usize = 128;
/// The maximum number of nodes of a document, with its aliases expanded. Documents that are small only on disk exceed
/// it.
pub(crate) const MAX_NODES: usize = 2_000_000;

/// The maximum number of bytes that copies of its own parts may add to a document, through aliases or inlined
/// references.
pub(crate) const MAX_COPIED: usize = 64 << 20;
/// The maximum number of bytes of a document together with all files that it refers to: more than ten times the largest
/// real one.
pub(crate) const MAX_BYTES: usize = 64 << 20;

/// Members of an object, in the order of the document.
pub type Map = IndexMap<String, Node>;

/// The place of a key in a map. Most objects have few members, and comparing those is faster than to hash the key.
fn place(map: &Map, key: &str) -> Option<usize> {
    if map.len() <= 8 { map.keys().position(|it| it == key) } else { map.get_index_of(key) }
}

/// A value and its place in the source. Two nodes are equal if their values are, whatever their places.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// The place in the source.
    pub span: Span,
}

/// The value of a [`Node`]: the JSON data model, with objects in document order.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer with 64 bits, or a double.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// An object.
    Object(Map),
}

impl Placed for Node {
    fn span(&self) -> &Span {
        &self.span
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Node {
    /// A text file that is not a document: one string.
    pub(crate) fn prose(name: &str, text: String) -> Self {
        let source = Source::new(name.to_owned(), text);
        Self { span: Span::new(&source, 1, 1), value: Value::String(source.text.clone()) }
    }

    /// A new node without a place in a source.
    pub(crate) fn made(value: impl Into<Value>) -> Self {
        Self { value: value.into(), span: Span::none() }
    }

    /// A new node that replaces one with this place.
    pub(crate) fn at(value: impl Into<Value>, span: &Span) -> Self {
        Self { value: value.into(), span: span.clone() }
    }

    /// Calls `visit` for each value whose key occurs before in the same object: with the node, its key, the place of
    /// the earlier value, and the node's pointer.
    pub(crate) fn repeats(&self, visit: &mut impl FnMut(&Node, &str, &Span, &Pointer)) {
        fn walk<'a>(
            node: &'a Node,
            tokens: &mut Vec<Cow<'a, str>>,
            visit: &mut impl FnMut(&Node, &str, &Span, &Pointer),
        ) {
            if let Some((key, first)) = node.span.repeat() {
                let at = tokens.iter().fold(Pointer::root(), |pointer, token| pointer.join(token));
                visit(node, key, &first, &at);
            }
            let mut below = |token: Cow<'a, str>, child: &'a Node| {
                tokens.push(token);
                walk(child, tokens, visit);
                tokens.pop();
            };
            match &node.value {
                Value::Object(map) => map.iter().for_each(|(key, child)| below(Cow::Borrowed(key.as_str()), child)),
                Value::Array(items) => {
                    items.iter().enumerate().for_each(|(index, child)| below(Cow::Owned(index.to_string()), child));
                }
                _ => {}
            }
        }
        walk(self, &mut Vec::new(), visit);
    }

    /// The canonical text of the tree: equal for equal nodes only.
    pub(crate) fn canonical(&self) -> String {
        fn write(node: &Node, text: &mut String) {
            match &node.value {
                Value::Object(map) => {
                    let mut members: Vec<_> = map.iter().collect();
                    members.sort_by_key(|(key, _)| *key);
                    text.push('{');
                    for (key, child) in members {
                        text.push_str(&format!("{key:?}:"));
                        write(child, text);
                        text.push(',');
                    }
                    text.push('}');
                }
                Value::Array(items) => {
                    text.push('[');
                    for item in items {
                        write(item, text);
                        text.push(',');
                    }
                    text.push(']');
                }
                Value::String(string) => text.push_str(&format!("{string:?}")),
                Value::Number(number) => text.push_str(&number.to_string()),
                Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
                Value::Null => text.push_str("null"),
            }
        }
        let mut text = String::new();
        write(self, &mut text);
        text
    }

    /// The approximate size of the tree in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>()
            + match &self.value {
                Value::Object(map) => map
                    .iter()
                    .map(|(key, node)| size_of::<(usize, String)>() + key.len() + node.weight())
                    .sum::<usize>(),
                Value::Array(items) => items.iter().map(Node::weight).sum(),
                Value::String(text) => text.len(),
                _ => 0,
            }
    }

    /// The number of nodes in the tree.
    pub(crate) fn count(&self) -> usize {
        1 + match &self.value {
            Value::Object(map) => map.values().map(Node::count).sum::<usize>(),
            Value::Array(items) => items.iter().map(Node::count).sum(),
            _ => 0,
        }
    }

    /// The members, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Map> {
        match &self.value {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_object_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    /// The items, if this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_array_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The member `key`, if this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        let map = self.as_object()?;
        map.get_index(place(map, key)?).map(|(_, node)| node)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let map = self.as_object_mut()?;
        map.get_index_mut(place(map, key)?).map(|(_, node)| node)
    }

    /// The member `key` as text.
    pub(crate) fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// Whether the member `key` is `true`.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.get(key).and_then(Node::as_bool) == Some(true)
    }

    /// Sets a member. Does nothing if the node is not an object.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<Value>) {
        let span = self.span.clone();
        if let Some(map) = self.as_object_mut() {
            map.insert(key.to_owned(), Node { value: value.into(), span });
        }
    }

    /// Removes a member. The others keep their order.
    pub(crate) fn take(&mut self, key: &str) -> Option<Node> {
        let map = self.as_object_mut()?;
        map.shift_remove_index(place(map, key)?).map(|(_, node)| node)
    }

    /// Follows a JSON Pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        Pointer::split(pointer)?.iter().try_fold(self, |node, token| match &node.value {
            Value::Object(map) => map.get(token.as_str()),
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            _ => None,
        })
    }

    pub(crate) fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Node> {
        Pointer::split(pointer)?.iter().try_fold(self, |node, token| match &mut node.value {
            Value::Object(map) => map.get_mut(token.as_str()),
            Value::Array(items) => items.get_mut(token.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The tree as a `serde_json` value, without places. The order of keys is the one that `serde_json` uses.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => number.clone().into(),
            Value::String(text) => text.clone().into(),
            Value::Array(items) => items.iter().map(Node::to_json).collect(),
            Value::Object(map) => {
                serde_json::Value::Object(map.iter().map(|(key, node)| (key.clone(), node.to_json())).collect())
            }
        }
    }

    /// The tree as YAML text, with keys in document order. Needs the feature `yaml`, which is on by default.
    ///
    /// # Errors
    /// If the YAML writer fails. This does not happen for a tree that was read.
    #[cfg(feature = "yaml")]
    pub fn to_yaml(&self) -> Result<String, Error> {
        serde_yaml::to_string(self).map_err(|error| Diagnostic::new(format!("cannot write YAML: {error}")).into())
    }
}

/// JSON with keys in document order; `{:#}` indents it.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if f.alternate() { serde_json::to_string_pretty(self) } else { serde_json::to_string(self) };
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => number.serialize(serializer),
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| seq.serialize_element(item))?;
                seq.end()
            }
            Value::Object(map) => {
                let mut object = serializer.serialize_map(Some(map.len()))?;
                map.iter().try_for_each(|(key, node)| object.serialize_entry(key, node))?;
                object.end()
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Object(map)
    }
}

impl From<Vec<Node>> for Value {
    fn from(items: Vec<Node>) -> Self {
        Self::Array(items)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_give_the_same_tree() {
        let yaml = Node::parse("a.yaml", "a: [1, 2.5, 'x']\nb: {c: null, d: ~, e: true}\n200: \"yes\"\n").unwrap();
        let json =
            Node::parse("a.json", r#"{"a": [1, 2.5, "x"], "b": {"c": null, "d": null, "e": true}, "200": "yes"}"#);
        assert_eq!(yaml, json.unwrap());
    }

    #[test]
    fn nodes_know_their_line_and_column() {
        let yaml = Node::parse("a.yaml", "a:\n  - b: 1\n    c: 2\n").unwrap();
        assert_eq!(yaml.pointer("/a/0/c").unwrap().span.to_string(), "a.yaml:3:8");
        let json = Node::parse("a.json", "{\n  \"a\": [\n    {\"é\": 1, \"c\": 2}\n  ]\n}").unwrap();
        assert_eq!(json.pointer("/a/0/c").unwrap().span.to_string(), "a.json:3:19");
    }

    #[test]
    fn the_bytes_that_aliases_add_are_limited() {
        let long = "x".repeat(1 << 20);
        let text = |anchor: &str, aliases: usize| format!("a: &a {anchor}\nb: [{}]\n", "*a, ".repeat(aliases));
        for anchor in [format!("'{long}'"), format!("{{'{long}': 1}}"), format!("[[{long}]]")] {
            assert!(Node::parse("a.yaml", &text(&anchor, 40)).is_ok());
            let error = Node::parse("a.yaml", &text(&anchor, 100)).unwrap_err().to_string();
            assert!(error.contains("aliases add more than 64 MB") && error.contains("a.yaml:2:"), "{error:.300}");
        }
        // Anchors are copied even if no alias refers to them.
        let nested: String = (0..100).map(|level| format!("&a{level} [")).collect();
        let text = format!("a: {nested}{}{}\n", "1, ".repeat(20_000), "]".repeat(100));
        assert!(Node::parse("a.yaml", &text).unwrap_err().to_string().contains("the copies of anchors"));
    }

    #[test]
    fn malformed_text_is_refused_with_its_place() {
        for (name, text, place) in [
            ("a.yaml", "a: [1, 2\nb: 3\n", "a.yaml:"),
            ("a.yaml", "a: 1\na: 2\n", "a.yaml:2:1"),
            ("a.yaml", "{a: 1,\n a: 2}", "a.yaml:2:2"),
            ("a.json", "{\"a\": }", "a.json:1:7"),
            ("a.yaml", "a: 1\n---\nb: 2\n", "a.yaml:"),
            ("a.yaml", "a: *nobody\n", "a.yaml:1"),
        ] {
            let error = Node::parse(name, text).unwrap_err().to_string();
            assert!(error.contains(place), "{text:?}: {error}");
        }
    }

    #[test]
    fn the_last_value_of_a_repeated_json_key_counts() {
        let node = Node::parse("a.json", "{\"o\": {\"a\": [1],\n \"b\": 1, \"a\": [2]}}").unwrap();
        assert_eq!(node.to_json(), serde_json::json!({"o": {"a": [2], "b": 1}}));
        let mut found = Vec::new();
        node.repeats(&mut |node, key, first, at| found.push(format!("{at} {key} {first} {}", node.span)));
        assert_eq!(found, ["/o/a a a.json:1:13 a.json:2:15"]);
    }

    #[test]
    fn depth_and_alias_bombs_are_errors() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Node::parse("a.yaml", &deep).is_err());
        assert!(Node::parse("a.json", &deep).is_err());
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..12 {
            let previous = format!("*a{}", i - 1);
            bomb.push_str(&format!("a{i}: &a{i} [{}]\n", vec![previous; 10].join(", ")));
        }
        assert!(Node::parse("a.yaml", &bomb).unwrap_err().to_string().contains("too large"));
    }

    #[test]
    fn merge_keys_and_anchors_are_resolved() {
        let node = Node::parse("a.yaml", "base: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3\n").unwrap();
        assert_eq!(node.get("c").unwrap().to_json(), serde_json::json!({"y": 3, "x": 1}));
    }

    #[test]
    fn text_written_is_text_read() {
        let json = serde_json::json!({"a": "true", "b": "1.0", "c": "null", "d": "~", "e": "on", "f": "0x1", "g": " x", "h": "a: b", "i": "#"});
        let node = Node::parse("a.json", &json.to_string()).unwrap();
        let again = Node::parse("a.yaml", &node.to_yaml().unwrap()).unwrap();
        assert_eq!(node, again);
    }

    #[test]
    fn brackets_and_quotes_may_continue_further_left_than_their_block() {
        let text = "a:\n    b:\n      c: {\n  x: [1,\n2],  # } not the end\n  y: \"it's }\n an end\",\n  'z''': don't\n}\n      d: 'one\n two\n\n# three'\n    e: 4\nf: |\n  {\n  }\n";
        let node = Node::parse("a.yaml", text).unwrap();
        let expected = serde_json::json!({
            "a": {"b": {"c": {"x": [1, 2], "y": "it's } an end", "z'": "don't"}, "d": "one two\n# three"}, "e": 4},
            "f": "{\n}\n",
        });
        assert_eq!(node.to_json(), expected);
        let place = |pointer: &str| node.pointer(pointer).unwrap().span.to_string();
        let places = ["/a/b/c/x/1", "/a/b/c/z'", "/a/e"].map(place);
        assert_eq!(places, ["a.yaml:5:1", "a.yaml:8:10", "a.yaml:14:8"]);
        // Errors of other kinds are reported at their own place.
        let error = Node::parse("a.yaml", "a: {\n  b: [\n}\nc: 1\n").unwrap_err().to_string();
        assert!(error.contains("a.yaml:3:1"), "{error}");
    }

    #[test]
    fn an_unclosed_bracket_or_quote_is_reported_where_it_opens() {
        for (text, place) in [
            // A line that looks like a key is not part of a quoted text.
            ("a:\n  b: \"text\nc: 1\nd: \"\n", "a.yaml:2:6"),
            // A separator of documents is not part of a quoted text.
            ("a:\n  b: \"t\nfoo\n---\nc\"\n", "a.yaml:"),
            ("a:\n  b: [1,\n2,\n---\n]\n", "a.yaml:3:1"),
            ("a:\n  b: {x: 1,\nc: 3\nd: 4\n", "a.yaml:3:1"),
            // A lone carriage return ends a line for one of the two readers only.
            ("a:\n  b: [\r1,\n2]\n", "a.yaml:"),
        ] {
            let error = Node::parse("a.yaml", text).unwrap_err().to_string();
            assert!(error.contains(place), "{text:?}: {error}");
        }
        // The work for many lines is bounded: by the bytes that are read, and by the bytes that are added.
        let many = |line: &str| format!("a:\n  b: [\n{}]\n", line.repeat(3_000));
        assert!(Node::parse("a.yaml", &many("1,\n")).is_ok());
        let wide = format!("a:\n  {}: [\n{}]\n", "k".repeat(100_000), "1,\n".repeat(3_000));
        assert!(Node::parse("a.yaml", &wide).is_err());
    }

    #[test]
    fn characters_in_plain_text_are_not_quotes_or_brackets() {
        let text = "a:\n    b: {\n x: http:'x,\n y: &z '[',\n w: !!str \"}\"\n}\n    c: &n\n     [\n1]\n    d: it's }\ne: |\n  it ]\n";
        let node = Node::parse("a.yaml", text).unwrap();
        let expected = serde_json::json!({
            "a": {"b": {"x": "http:'x", "y": "[", "w": "}"}, "c": [1], "d": "it's }"}, "e": "it ]\n",
        });
        assert_eq!(node.to_json(), expected);
    }
}
