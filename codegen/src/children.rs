//! The components that extend another component by `allOf`, if a discriminator of that one distinguishes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Map, Node, Pointer, percent_decode};
use crate::grammar::{self, Object};

/// The most children of all parents together, each counted for each of its parents. Real documents have a few thousand.
const MOST: usize = 20_000;

/// A component with a discriminator that other components extend.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Parent<'a> {
    /// The components that extend it, directly or not, by name. Empty if the document has too many of them.
    pub(crate) children: BTreeSet<&'a str>,
}

/// The components that have a discriminator, are no union themselves, and are extended by others.
pub(crate) fn parents(schemas: &Map) -> BTreeMap<&str, Parent<'_>> {
    let is_parent = |schema: &Node| {
        let discriminator = schema.get("discriminator");
        discriminator.is_some_and(|it| it.as_str().or_else(|| it.str("propertyName")).is_some())
            && ["oneOf", "anyOf", "enum"].iter().all(|key| schema.get(key).is_none())
    };
    let mut parents: BTreeMap<&str, Parent<'_>> = BTreeMap::new();
    if !schemas.values().any(is_parent) {
        return parents;
    }
    let mut extended: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, schema) in schemas {
        extends(schema, &mut |parent| extended.entry(parent).or_default().push(name));
    }
    let mut left = MOST;
    for (name, _) in schemas.iter().filter(|(_, schema)| is_parent(schema)) {
        let mut seen = BTreeSet::new();
        let mut queue: Vec<&str> = extended.get(name).cloned().unwrap_or_default();
        while let Some(child) = queue.pop() {
            if child != name && seen.len() <= left && seen.insert(child) {
                queue.extend(extended.get(child).into_iter().flatten());
            }
        }
        let fits = left.checked_sub(seen.len());
        left = fits.unwrap_or(left);
        // A component that only describes the parent again is the parent under another name.
        let children: BTreeSet<&str> = seen.into_iter().filter(|child| schemas.get(*child).is_some_and(adds)).collect();
        if !children.is_empty() {
            parents.insert(name, Parent { children: fits.map(|_| children).unwrap_or_default() });
        }
    }
    parents
}

/// Calls `found` for each component that a schema extends.
fn extends(schema: &Node, found: &mut impl FnMut(String)) {
    for part in schema.get("allOf").and_then(Node::as_array).into_iter().flatten() {
        match grammar::reference(part).and_then(|reference| grammar::component_name(&percent_decode(reference))) {
            Some(name) => found(name),
            None => extends(part, found),
        }
    }
}

/// Whether a schema with `allOf` adds something to the only part.
fn adds(schema: &Node) -> bool {
    let says = |node: &Node, but: &[&str]| {
        node.as_object()
            .is_some_and(|map| map.keys().any(|key| !grammar::is_annotation(key) && !but.contains(&key.as_str())))
    };
    let parts = schema.get("allOf").and_then(Node::as_array).into_iter().flatten();
    says(schema, &["allOf", "nullable", "readOnly", "writeOnly", "default", "xml"])
        || parts.filter(|part| says(part, &[])).count() > 1
}

/// Whether a place is that of a part of a component's own `allOf`.
pub(crate) fn is_part_of_component(at: &Pointer) -> bool {
    let tokens = Pointer::split(at.as_str()).unwrap_or_default();
    match tokens.as_slice() {
        [components, schemas, _, parts @ ..] if components == "components" && schemas == "schemas" => {
            !parts.is_empty() && parts.iter().step_by(2).all(|token| token == "allOf") && parts.len() % 2 == 0
        }
        _ => false,
    }
}

/// The parents to which something else refers than the components that extend them.
pub(crate) fn used(document: &Node) -> BTreeMap<&str, Parent<'_>> {
    let schemas = document.pointer("/components/schemas").and_then(Node::as_object);
    let mut parents = schemas.map(parents).unwrap_or_default();
    if parents.is_empty() {
        return parents;
    }
    let mut used = BTreeSet::new();
    Object::OpenApi.walk(document, &Pointer::root(), &mut |_, node, at| {
        let target = grammar::reference(node).and_then(|reference| grammar::component_name(&percent_decode(reference)));
        used.extend(target.filter(|name| parents.contains_key(name.as_str()) && !is_part_of_component(at)));
    });
    parents.retain(|name, _| used.contains(*name));
    parents
}
