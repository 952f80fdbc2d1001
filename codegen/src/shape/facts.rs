//! Facts of a schema that do not depend on the type that is made from it.

use std::collections::HashMap;

use serde_json::Number;

use crate::document::{Node, Pointer, Value};
use crate::grammar::{self, Object};

use super::context::Identity;
use super::model::{Constant, Type};
use super::names;

pub(super) fn integer(schema: &Node) -> Type {
    let bound = |key: &str| match schema.get(key).map(|it| &it.value) {
        Some(Value::Number(number)) => Some(number),
        _ => None,
    };
    match schema.str("format") {
        // A bound outside the range of the format is more reliable than the format.
        Some("int32" | "int16" | "int8")
            if bound("maximum").and_then(Number::as_f64).is_none_or(|most| most <= 2_147_483_647.0) =>
        {
            Type::I32
        }
        Some("uint32" | "uint16" | "uint8")
            if bound("maximum").and_then(Number::as_f64).is_none_or(|most| most <= 4_294_967_295.0) =>
        {
            Type::U32
        }
        Some("uint64") => Type::U64,
        Some("int64") if bound("maximum").is_none_or(|most| most.as_i64().is_some()) => Type::I64,
        // `lower` cut bounds that do not fit into 64 bits to these.
        _ if bound("maximum").and_then(Number::as_u64) == Some(u64::MAX)
            || bound("minimum").and_then(Number::as_i64) == Some(i64::MIN) =>
        {
            Type::Number
        }
        // Without a width, every integer has to be read.
        _ => Type::I128,
    }
}

pub(super) fn number(schema: &Node) -> Type {
    match schema.str("format") {
        Some("int32" | "int64" | "uint32" | "uint64") => integer(schema),
        Some("float" | "double") => Type::F64,
        _ => Type::Number,
    }
}

pub(super) fn strings(node: Option<&Node>) -> Vec<String> {
    node.and_then(Node::as_array).into_iter().flatten().filter_map(Node::as_str).map(str::to_owned).collect()
}

/// The description of a schema, with the facts that its Rust type does not show.
pub(super) fn doc(schema: &Node) -> String {
    let text = schema.str("description").or_else(|| schema.str("title")).unwrap_or_default().trim();
    let mut facts = Vec::new();
    let shown = |node: &Node| match &node.value {
        Value::String(text) if text.len() < 60 && !text.contains(['`', '\n']) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    for (key, label) in [
        ("format", "Format"),
        ("default", "Default"),
        ("minimum", "At least"),
        ("maximum", "At most"),
        ("pattern", "Pattern"),
    ] {
        let obvious = key == "format"
            && matches!(schema.str("format"), Some("int32" | "int64" | "uint32" | "uint64" | "float" | "double"));
        if let Some(value) = schema.get(key).filter(|_| !obvious).and_then(shown).filter(|value| !value.is_empty()) {
            facts.push(format!("{label}: `{value}`."));
        }
    }
    match (text.is_empty(), facts.is_empty()) {
        (_, true) => text.to_owned(),
        (true, false) => facts.join(" "),
        (false, false) => format!("{text}\n\n{}", facts.join(" ")),
    }
}

/// The values of an enum by which a union can select a branch. Empty if one of them is of another kind.
pub(super) fn values(schema: &Node) -> Vec<Constant> {
    let present = schema.get("enum").and_then(Node::as_array).unwrap_or_default().iter();
    let values: Option<Vec<Constant>> = present.filter(|value| !value.is_null()).map(of).collect();
    values.unwrap_or_default()
}

fn of(value: &Node) -> Option<Constant> {
    match &value.value {
        Value::String(text) => Some(Constant::Text(text.clone())),
        Value::Number(number) => number.as_i64().map(Constant::Integer),
        Value::Bool(value) => Some(Constant::Bool(*value)),
        _ => None,
    }
}

/// The only value of a schema, apart from null.
pub(super) fn only_value(schema: &Node) -> Option<Constant> {
    match values(schema).as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// Removes the descriptions from a schema, so that two schemas can be compared.
pub(super) fn bare_structure(schema: &mut Node) {
    Object::Schema.walk_mut(schema, &Pointer::root(), &mut |_, node, _| {
        if let Some(map) = node.as_object_mut() {
            map.retain(|key, _| {
                !grammar::is_annotation(key) && !matches!(key.as_str(), "nullable" | "readOnly" | "writeOnly")
            });
        }
    });
}

/// Collects the name stems of a component's inline schemas: the component's name and the path to each.
pub(super) fn origins(schema: &Node, name: &str, found: &mut HashMap<Identity, String>) {
    let mut visit = |node: &Node, name: String| {
        if let Some(identity) = node.span.identity() {
            found.entry(identity).or_insert_with(|| name.clone());
        }
        origins(node, &name, found);
    };
    for (wire, property) in schema.get("properties").and_then(Node::as_object).into_iter().flatten() {
        visit(property, format!("{name}{}", names::pascal(wire)));
    }
    for (key, suffix) in [("items", "Item"), ("additionalProperties", "Value")] {
        if let Some(node) = schema.get(key).filter(|node| node.as_object().is_some()) {
            visit(node, format!("{name}{suffix}"));
        }
    }
    for part in schema.get("allOf").and_then(Node::as_array).into_iter().flatten() {
        origins(part, name, found);
    }
}
