//! Facts about a schema that do not depend on its Rust type.

use std::collections::HashMap;

use serde_json::Number;

use crate::document::{Node, Pointer, Value};
use crate::schema::{Bound, Model, Schema, SchemaId};

use super::context::{Identity, Origin};
use super::model::{Constant, Type};
use super::names;

pub(super) fn integer(schema: &Schema) -> Type {
    let value = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.value.clone());
    let (least, most) = (value(&schema.limits.minimum), value(&schema.limits.maximum));
    let at_most = |limit: f64| most.as_ref().and_then(Number::as_f64).is_none_or(|most| most <= limit);
    match schema.format.as_deref() {
        // A bound outside the range of the format is more reliable than the format.
        Some("int32" | "int16" | "int8") if at_most(2_147_483_647.0) => Type::I32,
        Some("uint32" | "uint16" | "uint8") if at_most(4_294_967_295.0) => Type::U32,
        Some("uint64") => Type::U64,
        Some("int64") if most.as_ref().is_none_or(|most| most.as_i64().is_some()) => Type::I64,
        // `lower` replaces bounds that do not fit into 64 bits by these.
        _ if most.as_ref().and_then(Number::as_u64) == Some(u64::MAX)
            || least.as_ref().and_then(Number::as_i64) == Some(i64::MIN) =>
        {
            Type::Number
        }
        // Without a declared width, the type must read every integer.
        _ => Type::I128,
    }
}

pub(super) fn number(schema: &Schema) -> Type {
    match schema.format.as_deref() {
        Some("int32" | "int64" | "uint32" | "uint64") => integer(schema),
        Some("float" | "double") => Type::F64,
        _ => Type::Number,
    }
}

/// The description of a schema, with the facts that its Rust type does not show.
pub(super) fn doc(schema: &Schema) -> String {
    let text = schema.annotations.description.as_deref().or(schema.annotations.title.as_deref());
    let text = text.unwrap_or_default().trim();
    let short = |text: &String| (text.len() < 60 && !text.contains(['`', '\n'])).then(|| text.clone());
    let bound = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.value.to_string());
    let default = schema.default.as_ref().and_then(|node| match &node.value {
        Value::String(text) => short(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    });
    let width = matches!(schema.format.as_deref(), Some("int32" | "int64" | "uint32" | "uint64" | "float" | "double"));
    let facts = [
        ("Format", schema.format.as_ref().filter(|_| !width).and_then(short)),
        ("Default", default),
        ("At least", bound(&schema.limits.minimum)),
        ("At most", bound(&schema.limits.maximum)),
        ("Pattern", schema.limits.pattern.last().and_then(short)),
    ];
    let facts = facts.into_iter().filter_map(|(label, value)| Some((label, value.filter(|value| !value.is_empty())?)));
    let facts: Vec<String> = facts.map(|(label, value)| format!("{label}: `{value}`.")).collect();
    match (text.is_empty(), facts.is_empty()) {
        (_, true) => text.to_owned(),
        (true, false) => facts.join(" "),
        (false, false) => format!("{text}\n\n{}", facts.join(" ")),
    }
}

/// The values of an enum that can select a branch of a union. Empty if one of the values is not a string, a 64-bit
/// integer or a boolean.
pub(super) fn values(schema: &Schema) -> Vec<Constant> {
    let values: Option<Vec<Constant>> = schema.present_values().map(of).collect();
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
pub(super) fn only_value(schema: &Schema) -> Option<Constant> {
    match values(schema).as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// Collects the origins of a component's inline schemas. The name stem of each is the component's name and the path to
/// it.
pub(super) fn origins(model: &Model, id: SchemaId, own: &Origin, found: &mut HashMap<Identity, Origin>) {
    let mut visit = |id: SchemaId, name: String, at: Pointer| {
        let origin = Origin { name, at };
        if let Some(identity) = model.get(id).span.identity() {
            found.entry(identity).or_insert_with(|| origin.clone());
        }
        origins(model, id, &origin, found);
    };
    let schema = model.get(id);
    let Origin { name, at } = own;
    for (wire, property) in schema.properties.iter().flatten() {
        visit(*property, format!("{name}{}", names::pascal(wire)), at.join("properties").join(wire));
    }
    if let Some(values) = schema.additional.schema() {
        visit(values, format!("{name}Value"), at.join("additionalProperties"));
    }
    match schema.items {
        Some(items) if schema.prefix.is_none() => visit(items, format!("{name}Item"), at.join("items")),
        // The items of a tuple are named by their position.
        Some(items) => origins(model, items, &Origin { name: format!("{name}Item"), at: at.join("items") }, found),
        None => {}
    }
    for (index, part) in schema.all_of.iter().flatten().enumerate() {
        origins(model, *part, &Origin { name: name.clone(), at: at.join("allOf").join(index) }, found);
    }
}
