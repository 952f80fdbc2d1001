//! Inspects a schema of one document, with references and the `allOf` around it resolved: its Rust kind, values and
//! keys.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::document::{Node, Value};
use crate::grammar;
use crate::shape::flatten;

use super::canonical::{EITHER, OPEN, TUPLE};
use super::compare::{Side, Way};

/// A schema with its references and the `allOf` around it resolved.
pub(super) struct Looked<'n> {
    /// The name of the component, if it is one.
    pub(super) name: Option<String>,
    pub(super) node: Cow<'n, Node>,
    pub(super) nullable: bool,
    pub(super) read_only: bool,
    pub(super) write_only: bool,
    pub(super) deprecated: bool,
    /// Whether an enum accepts other values too.
    pub(super) open: bool,
    pub(super) default: Option<&'n Node>,
    /// The description at the place of use.
    pub(super) description: &'n str,
}

/// A longer chain of references is a circle.
const LONGEST_CHAIN: usize = 32;

pub(super) fn look<'n>(side: Side<'n>, schema: &'n Node) -> Looked<'n> {
    walk(side, schema, true)
}

/// The properties of a schema at its place of use, without its parts.
pub(super) fn glance<'n>(side: Side<'n>, schema: &'n Node) -> Looked<'n> {
    walk(side, schema, false)
}

fn walk<'n>(side: Side<'n>, schema: &'n Node, flat: bool) -> Looked<'n> {
    let mut looked = Looked {
        name: None,
        node: Cow::Borrowed(schema),
        nullable: false,
        read_only: false,
        write_only: false,
        deprecated: false,
        open: false,
        default: None,
        description: "",
    };
    let mut current = schema;
    for _ in 0..LONGEST_CHAIN {
        looked.mark(current);
        looked.node = Cow::Borrowed(current);
        if let Some(target) = grammar::reference(current).and_then(grammar::component_name) {
            let Some(found) = side.schemas.get(&target) else { break };
            looked.name = Some(target);
            current = found;
            continue;
        }
        let Some(parts) = current.get("allOf").and_then(Node::as_array) else { break };
        let says_something = |part: &&Node| part.as_object().is_none_or(|map| !grammar::only_annotations(map));
        let telling: Vec<&Node> = parts.iter().filter(says_something).collect();
        let beside = |key: &String| {
            grammar::is_annotation(key)
                || matches!(key.as_str(), "allOf" | "nullable" | "readOnly" | "writeOnly" | "default" | "xml")
        };
        let alone = current.as_object().is_some_and(|map| map.keys().all(beside));
        match telling.as_slice() {
            &[only] if alone => {
                parts.iter().filter(|part| !says_something(part)).for_each(|part| looked.mark(part));
                current = only;
            }
            _ => {
                if flat {
                    looked.node = Cow::Owned(flatten(current, side.schemas));
                }
                break;
            }
        }
    }
    looked
}

impl<'n> Looked<'n> {
    fn mark(&mut self, node: &'n Node) {
        self.nullable |= node.is_true("nullable");
        self.read_only |= node.is_true("readOnly");
        self.write_only |= node.is_true("writeOnly");
        self.deprecated |= self.name.is_none() && node.is_true("deprecated");
        self.open |= node.is_true(OPEN);
        self.default = self.default.or_else(|| node.get("default"));
        if self.description.is_empty() && self.name.is_none() {
            self.description = node.str("description").map(str::trim).unwrap_or_default();
        }
    }

    /// Whether it is left out in this direction.
    pub(super) fn hidden(&self, way: Way) -> bool {
        match way {
            Way::Request => self.read_only,
            Way::Response | Way::Unread => self.write_only,
        }
    }

    /// The kind of its Rust type.
    pub(super) fn kind(&self) -> &'static str {
        let node = &*self.node;
        let has = |key: &str| node.get(key).and_then(Node::as_object).is_some_and(|map| !map.is_empty());
        let additional = node.get("additionalProperties").map(|it| &it.value);
        if node.is_true(TUPLE) {
            return "tuple";
        }
        if alternatives(node).is_some() {
            return "one of several";
        }
        match node.str("type") {
            Some("integer") => match node.str("format") {
                Some("int32" | "int16" | "int8") => "integer (32 bits)",
                Some("uint32" | "uint16" | "uint8") => "integer (32 bits, unsigned)",
                Some("uint64") => "integer (64 bits, unsigned)",
                _ => "integer",
            },
            Some("number") => "number",
            Some("string") => "string",
            Some("boolean") => "boolean",
            Some("array") => "array",
            None if node.get("items").is_some() => "array",
            None if node.get("enum").is_some() => "string",
            None if !has("properties") && additional.is_none() => "anything",
            // A component without properties is a message that may get some later.
            _ if has("properties") => "object",
            _ if matches!(additional, Some(Value::Object(_) | Value::Bool(true))) => "map",
            _ if self.name.is_some() => "object",
            _ => "map",
        }
    }

    /// The kind in words, with the format where it makes a difference.
    pub(super) fn told(&self) -> String {
        match (self.node.str("format"), self.kind()) {
            (Some(format), kind) if !matches!(kind, "object" | "map" | "array" | "tuple" | "anything") => {
                format!("{} ({format})", kind.split(" (").next().unwrap_or(kind))
            }
            (_, kind) => kind.to_owned(),
        }
    }
}

/// The branches of a union, and its keyword.
pub(super) fn alternatives(node: &Node) -> Option<(&'static str, &[Node])> {
    let list = |key: &'static str| node.get(key).and_then(Node::as_array).map(|list| (key, list));
    ["oneOf", "anyOf"].into_iter().find_map(list).filter(|(_, list)| !list.is_empty())
}

/// The last segment of a component's name, or its Rust name in a hint.
pub(super) fn rust_name(side: Side<'_>, component: &str) -> String {
    let given = side.schemas.get(component).and_then(|schema| {
        schema.str("x-rust-name").or_else(|| schema.str("x-speakeasy-name-override")).map(str::to_owned)
    });
    given.unwrap_or_else(|| last(component).to_owned())
}

pub(super) fn last(component: &str) -> &str {
    component.rsplit('.').next().unwrap_or(component)
}

/// The values of an enum as JSON text.
pub(super) fn values(node: &Node) -> BTreeSet<String> {
    let list = node.get("enum").and_then(Node::as_array).unwrap_or_default();
    list.iter().filter(|value| !value.is_null()).map(|value| value.to_json().to_string()).collect()
}

pub(super) fn required(node: &Node) -> BTreeSet<String> {
    let list = node.get("required").and_then(Node::as_array).unwrap_or_default();
    list.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// The schema for keys that are not named.
#[derive(PartialEq)]
pub(super) enum Extra<'n> {
    Open,
    Closed,
    Typed(&'n Node),
}

pub(super) fn extra(node: &Node) -> Extra<'_> {
    match node.get("additionalProperties") {
        Some(schema) => match &schema.value {
            Value::Bool(false) => Extra::Closed,
            Value::Object(map) if !map.is_empty() => Extra::Typed(schema),
            _ => Extra::Open,
        },
        None => Extra::Open,
    }
}

/// The constraints of a schema that are not numbers: sets of properties of which one is required, and the values of a
/// schema that is not an enum in Rust.
pub(super) fn further_limits(looked: &Looked<'_>) -> BTreeSet<String> {
    let either = looked.node.str(EITHER).map(|text| format!("has to have {text}"));
    let values = match looked.kind() {
        _ if listed(looked) => None,
        "boolean" if values(&looked.node).len() > 1 => None,
        _ => {
            let values = values(&looked.node);
            (!values.is_empty()).then(|| format!("is one of {}", values.into_iter().collect::<Vec<_>>().join(", ")))
        }
    };
    // Properties that are required but not described.
    let described = looked.node.get("properties").and_then(Node::as_object);
    let tuple = looked.node.is_true(TUPLE);
    let strangers = required(&looked.node)
        .into_iter()
        .filter(|name| !tuple && !described.is_some_and(|properties| properties.contains_key(name)));
    let strangers = strangers.map(|name| format!("has to have {name}"));
    either.into_iter().chain(values).chain(strangers.collect::<Vec<_>>()).collect()
}

/// Whether a schema with values is an enum in Rust.
pub(super) fn listed(looked: &Looked<'_>) -> bool {
    let values = looked.node.get("enum").and_then(Node::as_array).unwrap_or_default();
    let mut present = values.iter().filter(|value| !value.is_null()).peekable();
    let some = present.peek().is_some();
    let texts = present.clone().all(|value| value.as_str().is_some());
    let integers = present.all(|value| matches!(&value.value, Value::Number(number) if number.is_i64()));
    some && match looked.kind() {
        "string" => texts,
        "number" => integers,
        kind => kind.starts_with("integer") && integers,
    }
}
