//! Brings a document into one canonical form, so that two spellings of one meaning are equal.

use std::collections::BTreeMap;

use crate::diagnostic::Error;
use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, Object};
use crate::lower::{self, lower};
use crate::note::Notes;
use crate::select::{self, Selection};

/// Marks an object that represents a tuple. Its properties are the positions.
pub(super) const TUPLE: &str = "x-diff-tuple";
/// Marks an enum that accepts other values of its type too.
pub(super) const OPEN: &str = "x-diff-open";
/// The sets of properties of which one is required.
pub(super) const EITHER: &str = "x-diff-either";

/// The canonical form of a document: lowered, references to path items inlined, and each schema in its simplest form.
pub(super) fn document(document: &Node) -> Result<Node, Error> {
    lower::version(document)?;
    let mut document = select::cut(document, &Selection::default());
    Object::OpenApi.walk_mut(&mut document, &Pointer::root(), &mut |kind, node, _| {
        if kind == Object::Schema {
            tuple(node);
        }
    });
    let mut lowered = lower(&document, &mut Notes::default())?;
    let enums = enums(&lowered);
    Object::OpenApi.walk_mut(&mut lowered, &Pointer::root(), &mut |kind, node, _| {
        if kind == Object::Schema {
            constraints(node);
            constants(node, &enums);
            whole_bounds(node);
            any_keys(node);
        }
    });
    Ok(lowered)
}

/// Turns a tuple into an object whose properties are the positions that lowering kept.
fn tuple(node: &mut Node) {
    if node.get("items").is_some_and(|items| items.as_array().is_some())
        && let Some(items) = node.take("items")
    {
        node.set("prefixItems", items.value);
        if let Some(rest) = node.take("additionalItems") {
            node.set("items", rest.value);
        }
    }
    let Some(places) = node.get("prefixItems").and_then(Node::as_array).map(<[Node]>::to_vec) else { return };
    node.take("prefixItems");
    let array = match node.get("type").map(|it| &it.value) {
        None => true,
        Some(Value::String(name)) => name == "array",
        Some(Value::Array(names)) => names.iter().any(|name| name.as_str() == Some("array")),
        _ => false,
    };
    if places.is_empty() || !array {
        return;
    }
    let rest = node.take("items");
    // All positions have one type, and the length is open: a list.
    if rest.as_ref().is_some_and(|rest| places.iter().all(|place| place == rest)) {
        if let Some(rest) = rest {
            node.set("items", rest.value);
        }
        return;
    }
    let length = places.len();
    let closed = rest.as_ref().is_some_and(|rest| rest.as_bool() == Some(false));
    let bound = |node: &Node, key: &str| match node.get(key).map(|it| &it.value) {
        Some(Value::Number(number)) => number.as_u64(),
        _ => None,
    };
    // A tuple with a maximal length is closed.
    let by_length = bound(node, "maxItems").is_some_and(|most| most <= length as u64);
    let names: Vec<String> = (0..length).map(|place| place.to_string()).collect();
    let type_text = match node.get("type").map(|it| it.value.clone()) {
        Some(Value::Array(mut names)) => {
            names
                .iter_mut()
                .filter(|name| name.as_str() == Some("array"))
                .for_each(|name| name.value = "object".into());
            Value::Array(names)
        }
        _ => "object".into(),
    };
    node.set("type", type_text);
    node.set(TUPLE, true);
    node.set("required", names.iter().map(|name| Node::made(name.clone())).collect::<Vec<_>>());
    node.set("properties", names.into_iter().zip(places).collect::<Map>());
    match rest {
        _ if closed || by_length => {
            if node.get("maxItems").is_none() {
                node.set("maxItems", serde_json::Number::from(length));
            }
            node.set("additionalProperties", false);
        }
        Some(rest) => node.set("additionalProperties", rest.value),
        None => node.set("additionalProperties", true),
    }
}

/// The components that are enums of strings or integers.
fn enums(document: &Node) -> BTreeMap<String, Node> {
    let schemas = document.pointer("/components/schemas").and_then(Node::as_object).into_iter().flatten();
    schemas
        .filter(|(_, schema)| kind_of(schema).is_some())
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect()
}

/// The type of an enum's values.
fn kind_of(schema: &Node) -> Option<&'static str> {
    let values = schema.get("enum").and_then(Node::as_array)?;
    let mut present = values.iter().filter(|value| !value.is_null()).peekable();
    present.peek()?;
    let kind = match present.all(|value| value.as_str().is_some()) {
        true => "string",
        false => {
            let integer = |value: &Node| matches!(&value.value, Value::Number(number) if number.is_i64());
            values.iter().filter(|value| !value.is_null()).all(integer).then_some("integer")?
        }
    };
    let fits = match schema.str("type") {
        None => true,
        Some("number") => kind == "integer",
        Some(name) => name == kind,
    };
    fits.then_some(kind)
}

/// The keyword and the branches of a union.
fn branches(node: &Node) -> Option<(&'static str, &[Node])> {
    let list = |key: &'static str| node.get(key).and_then(Node::as_array).map(|list| (key, list));
    ["oneOf", "anyOf"].into_iter().find_map(list).filter(|(_, list)| !list.is_empty())
}

/// Turns a union of constants or enums into an enum. With a branch for any value of its type, it is an open enum.
fn constants(node: &mut Node, enums: &BTreeMap<String, Node>) {
    let Some((key, list)) = branches(node) else { return };
    if node.get("properties").is_some() || node.get("discriminator").is_some() {
        return;
    }
    let target = |branch: &Node| grammar::reference(branch).and_then(grammar::component_name);
    let resolved: Vec<&Node> =
        list.iter().map(|branch| target(branch).and_then(|name| enums.get(&name)).unwrap_or(branch)).collect();
    let any_of = |branch: &Node, kind: &str| {
        branch.as_object().is_some_and(|map| {
            map.iter().all(|(key, _)| key == "type" || key == "nullable" || grammar::is_annotation(key))
        }) && branch.str("type") == Some(kind)
    };
    let Some(kind) = resolved.iter().find_map(|branch| kind_of(branch)) else { return };
    let all = resolved.iter().all(|branch| kind_of(branch) == Some(kind) || any_of(branch, kind));
    if !all || node.str("type").is_some_and(|own| own != kind) {
        return;
    }
    let open = resolved.iter().any(|branch| any_of(branch, kind));
    let nullable = list.iter().chain(resolved.iter().copied()).any(|branch| branch.is_true("nullable"));
    let named: Vec<Node> = list
        .iter()
        .zip(&resolved)
        .filter(|(_, resolved)| kind_of(resolved).is_some())
        .map(|(branch, _)| branch.clone())
        .collect();
    let mut values: Vec<Node> = Vec::new();
    for value in resolved.iter().filter_map(|branch| branch.get("enum").and_then(Node::as_array)).flatten() {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    node.take(key);
    match named.as_slice() {
        // The component's type.
        [only] if target(only).is_some() => node.set("allOf", vec![only.clone()]),
        _ => {
            node.set("type", kind);
            node.set("enum", values);
        }
    }
    if nullable {
        node.set("nullable", true);
    }
    if open {
        node.set(OPEN, true);
    }
}

/// Branches that only require properties constrain the schema around them. They are not types.
fn constraints(node: &mut Node) {
    let Some((key, list)) = branches(node) else { return };
    let only = |branch: &Node| {
        branch
            .as_object()
            .is_some_and(|map| map.keys().all(|key| key == "required" || key == "not" || grammar::is_annotation(key)))
    };
    if !list.iter().all(only) {
        return;
    }
    let told: Vec<String> = list
        .iter()
        .map(|branch| {
            let names = branch.get("required").and_then(Node::as_array).into_iter().flatten().filter_map(Node::as_str);
            names.collect::<Vec<_>>().join(" and ")
        })
        .collect();
    node.take(key);
    node.set(EITHER, format!("{key}: {}", told.join(", or ")));
}

/// For integers, an exclusive bound is equal to the next inclusive one.
fn whole_bounds(node: &mut Node) {
    if node.str("type") != Some("integer") {
        return;
    }
    for (bound, flag, step) in [("minimum", "exclusiveMinimum", 1.0), ("maximum", "exclusiveMaximum", -1.0)] {
        let Some(Value::Number(number)) = node.get(bound).map(|it| it.value.clone()) else { continue };
        let excluded = node.is_true(flag);
        let whole = match (number.as_i64(), number.as_f64()) {
            (Some(value), _) if excluded => value.checked_add(step as i64),
            (Some(value), _) => Some(value),
            (None, Some(value)) if value.fract() != 0.0 && value.abs() < 1e15 => {
                Some(if step > 0.0 { value.ceil() } else { value.floor() } as i64)
            }
            _ => None,
        };
        if let Some(whole) = whole {
            node.set(bound, serde_json::Number::from(whole));
            node.take(flag);
        }
    }
}

/// An empty schema for additional keys is the same as no schema.
fn any_keys(node: &mut Node) {
    let any = |schema: &Node| schema.as_object().is_some_and(grammar::only_annotations);
    if node.get("additionalProperties").is_some_and(any) {
        node.set("additionalProperties", true);
    }
}
