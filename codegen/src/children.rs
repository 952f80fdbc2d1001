//! The components that extend another component by `allOf`, if a discriminator of that one distinguishes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Map, Node, Pointer, percent_decode};
use crate::grammar::{self, Object};

/// The most children of all parents together, each counted for each of its parents. Real documents have a few thousand.
const MOST: usize = 20_000;

/// The components with a discriminator, each with those that extend it, directly or not. There are none if the document
/// has too many of them.
pub(crate) type Parents<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The components that have a discriminator, are no union themselves, and are extended by others.
pub(crate) fn parents(schemas: &Map) -> Parents<'_> {
    let mut parents = Parents::new();
    // In the order of their names, so that another order of the components changes nothing.
    let candidates: BTreeMap<&str, &Node> =
        schemas.iter().filter(|(_, schema)| is_parent(schema)).map(|(name, schema)| (name.as_str(), schema)).collect();
    if candidates.is_empty() {
        return parents;
    }
    let mut extended: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, schema) in schemas {
        extends(schema, &mut |parent| extended.entry(parent).or_default().push(name));
    }
    let mut left = MOST;
    for (name, schema) in candidates {
        let mut seen = BTreeSet::new();
        let mut queue: Vec<&str> = extended.get(name).cloned().unwrap_or_default();
        while let Some(child) = queue.pop() {
            if seen.len() > left {
                break;
            }
            if child != name && seen.insert(child) {
                queue.extend(extended.get(child).into_iter().flatten());
            }
        }
        let fits = left.checked_sub(seen.len());
        left = fits.unwrap_or(left / 2);
        let mapping = schema.get("discriminator").and_then(|it| it.get("mapping")).and_then(Node::as_object);
        let mapped: BTreeSet<String> = mapping.into_iter().flat_map(Map::values).filter_map(named).collect();
        // A component that only describes the parent again is the parent under another name.
        let is_child = |child: &&str| mapped.contains(*child) || schemas.get(*child).is_some_and(adds);
        let children: BTreeSet<&str> = seen.into_iter().filter(is_child).collect();
        if !children.is_empty() {
            parents.insert(name, fits.map(|_| children).unwrap_or_default());
        }
    }
    parents
}

/// Whether a schema describes objects, has a discriminator, and is no union.
fn is_parent(schema: &Node) -> bool {
    let is_object = |ty: &Node| match ty.as_array() {
        Some(types) => types.iter().all(|ty| matches!(ty.as_str(), Some("object" | "null"))),
        None => ty.as_str() == Some("object"),
    };
    property(schema).is_some()
        && schema.get("type").is_none_or(is_object)
        && schema.get("$ref").is_none()
        && !has_union(schema)
}

/// The property that a discriminator names. Written as in Swagger 2, it is only the name.
fn property(schema: &Node) -> Option<&str> {
    let discriminator = schema.get("discriminator")?;
    discriminator.as_str().or_else(|| discriminator.str("propertyName"))
}

fn has_union(schema: &Node) -> bool {
    let parts = schema.get("allOf").and_then(Node::as_array).into_iter().flatten();
    ["oneOf", "anyOf", "enum", "const"].iter().any(|key| schema.get(key).is_some()) || parts.into_iter().any(has_union)
}

/// The component that a target of a mapping names, by its name or by a reference.
fn named(target: &Node) -> Option<String> {
    let text = percent_decode(target.as_str()?);
    Some(grammar::component_name(&text).unwrap_or(text))
}

fn referred(schema: &Node) -> Option<String> {
    grammar::reference(schema).and_then(|reference| grammar::component_name(&percent_decode(reference)))
}

/// Calls `found` for each component that a schema extends: by `allOf`, or by `$ref`.
fn extends(schema: &Node, found: &mut impl FnMut(String)) {
    if let Some(name) = referred(schema) {
        found(name);
    }
    for part in schema.get("allOf").and_then(Node::as_array).into_iter().flatten() {
        extends(part, found);
    }
}

/// Whether a schema adds something to the one that it refers to.
pub(crate) fn adds(schema: &Node) -> bool {
    let says = |node: &Node, but: &[&str]| {
        node.as_object()
            .is_some_and(|map| map.keys().any(|key| !grammar::is_annotation(key) && !but.contains(&key.as_str())))
    };
    let parts = schema.get("allOf").and_then(Node::as_array).into_iter().flatten();
    says(schema, &["$ref", "allOf", "nullable", "readOnly", "writeOnly", "default", "xml"])
        || parts.filter(|part| says(part, &[])).count() > 1
}

/// Whether a place is that of a component, or of a part of its own `allOf`.
pub(crate) fn is_part_of_component(at: &Pointer) -> bool {
    let tokens = Pointer::split(at.as_str()).unwrap_or_default();
    match tokens.as_slice() {
        [components, schemas, _, parts @ ..] if components == "components" && schemas == "schemas" => {
            parts.iter().step_by(2).all(|token| token == "allOf") && parts.len() % 2 == 0
        }
        _ => false,
    }
}

/// The parents to which something else refers than the components that extend them. Another name for a parent refers to
/// it.
pub(crate) fn used(document: &Node) -> Parents<'_> {
    let schemas = document.pointer("/components/schemas").and_then(Node::as_object);
    let mut parents = schemas.map(parents).unwrap_or_default();
    if parents.is_empty() {
        return parents;
    }
    let mut used = BTreeSet::new();
    // The component around the place, and whether it adds something.
    let (mut around, mut adding) = (String::new(), false);
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
        let own = kind == Object::Schema && is_part_of_component(at);
        // A component is visited before its parts.
        if own && at.as_str().matches('/').count() == 3 {
            (around, adding) = (at.last(), adds(node));
        }
        let uses = |children: &BTreeSet<&str>| !(own && (adding || children.contains(around.as_str())));
        used.extend(referred(node).filter(|name| parents.get(name.as_str()).is_some_and(uses)));
    });
    // A child that is a parent by another property is a union in the union of its parent.
    let tag = |name: &str| schemas.and_then(|schemas| schemas.get(name)).and_then(property);
    let mut queue: Vec<String> = used.iter().cloned().collect();
    while let Some(name) = queue.pop() {
        let children = parents.get(name.as_str()).into_iter().flatten();
        for child in children.filter(|child| parents.contains_key(*child) && tag(child) != tag(&name)) {
            if used.insert((*child).to_owned()) {
                queue.push((*child).to_owned());
            }
        }
    }
    parents.retain(|name, _| used.contains(*name));
    parents
}
