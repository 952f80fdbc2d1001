//! Which schemas requests and responses reach, and which of them need a type for each.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Map, Node, Pointer};
use crate::grammar::{self, Object, component_name, resolve, schema_references};

/// The components that requests and the components that responses reach.
pub(super) fn reach(document: &Node, schemas: &Map) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut requests = BTreeSet::new();
    let mut responses = BTreeSet::new();
    for (_, _, operation, item) in grammar::operations(document) {
        let parameters =
            [operation, item].into_iter().filter_map(|node| node.get("parameters").and_then(Node::as_array)).flatten();
        for parameter in parameters {
            requests.extend(schema_references(Object::Parameter, resolve(document, parameter)));
        }
        if let Some(body) = operation.get("requestBody") {
            requests.extend(schema_references(Object::RequestBody, resolve(document, body)));
        }
        for response in operation.get("responses").and_then(Node::as_object).into_iter().flat_map(Map::values) {
            responses.extend(schema_references(Object::Response, resolve(document, response)));
        }
    }
    // The program reads what the service sends, and writes its response.
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
        let incoming = at.as_str().starts_with("/webhooks/") || at.as_str().contains("/callbacks/");
        if kind == Object::Operation && incoming {
            if let Some(body) = node.get("requestBody") {
                responses.extend(schema_references(Object::RequestBody, resolve(document, body)));
            }
            for response in node.get("responses").and_then(Node::as_object).into_iter().flat_map(Map::values) {
                requests.extend(schema_references(Object::Response, resolve(document, response)));
            }
        }
    });
    (closure(requests, schemas), closure(responses, schemas))
}

/// Whether the schema that a property refers to has the mark: a component, or the only part of an `allOf`.
pub(super) fn marked_by_reference(property: &Node, mark: &str, schemas: &Map) -> bool {
    let part = match property.get("allOf").and_then(Node::as_array) {
        Some([only]) => only,
        _ => property,
    };
    let target = grammar::reference(part).and_then(component_name).and_then(|name| schemas.get(&name));
    target.unwrap_or(part).is_true(mark)
}

fn closure(start: BTreeSet<String>, schemas: &Map) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut queue: Vec<String> = start.into_iter().collect();
    while let Some(name) = queue.pop() {
        if let Some(schema) = schemas.get(&name)
            && reached.insert(name)
        {
            queue.extend(schema_references(Object::Schema, schema).into_iter().filter(|name| !reached.contains(name)));
        }
    }
    reached
}

/// The components whose read and write views differ: they, or schemas in them, have `readOnly` or `writeOnly`
/// properties.
pub(super) fn differing(schemas: &Map) -> BTreeSet<String> {
    let mut users: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    let mut differing = BTreeSet::new();
    let mut queue: Vec<&String> = Vec::new();
    for (name, schema) in schemas {
        for target in schema_references(Object::Schema, schema) {
            users.entry(target).or_default().push(name);
        }
        let mut own = false;
        Object::Schema.walk(schema, &Pointer::root(), &mut |_, node, _| {
            let properties = node.get("properties").and_then(Node::as_object);
            own |= properties.into_iter().flat_map(Map::values).any(|it| {
                ["readOnly", "writeOnly"].iter().any(|mark| it.is_true(mark) || marked_by_reference(it, mark, schemas))
            });
        });
        if own {
            queue.push(name);
        }
    }
    while let Some(name) = queue.pop() {
        if differing.insert(name.clone()) {
            queue.extend(users.get(name).into_iter().flatten());
        }
    }
    differing
}
