//! Which schemas allow null. All components are computed at once, so a chain of references costs no more than its
//! length.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Map, Node};
use crate::grammar::{self, Object, component_name};

/// The components that allow null. A reference to itself does not make a component nullable.
pub(super) fn components(schemas: &Map) -> BTreeSet<String> {
    let mut users: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for (name, schema) in schemas {
        for target in grammar::schema_references(Object::Schema, schema) {
            users.entry(target).or_default().push(name);
        }
    }
    let mut known = BTreeSet::new();
    let mut queue: Vec<&String> = schemas.keys().collect();
    while let Some(name) = queue.pop() {
        if !known.contains(name) && schemas.get(name).is_some_and(|schema| allows_null(schema, &known)) {
            known.insert(name.clone());
            queue.extend(users.get(name).into_iter().flatten());
        }
    }
    known
}

/// Whether a schema allows null: by its own keywords, by the component that it refers to, or by one of its branches.
pub(super) fn allows_null(schema: &Node, components: &BTreeSet<String>) -> bool {
    if schema.is_true("nullable") {
        return true;
    }
    if let Some(target) = grammar::reference(schema).and_then(component_name) {
        return components.contains(&target);
    }
    let parts = schema.get("allOf").and_then(Node::as_array).unwrap_or_default();
    let mut telling =
        parts.iter().filter(|part| part.as_object().is_none_or(|map| !grammar::only_annotations(map))).peekable();
    if telling.peek().is_some() {
        // All parts have to allow it.
        return telling.all(|part| allows_null(part, components));
    }
    // One branch that allows it is enough, unless the schema itself has a type.
    let mut branches = ["oneOf", "anyOf"].iter().filter_map(|key| schema.get(key).and_then(Node::as_array)).flatten();
    schema.get("type").is_none()
        && schema.get("enum").is_none()
        && branches.any(|branch| allows_null(branch, components))
}
