//! The schemas that requests and responses reach, and those that need separate types for both.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Node, Pointer};
use crate::grammar::{self, Object, resolve_at};
use crate::schema::{Mark, Model, Schema, SchemaId};

/// The components that requests reach, and the components that responses reach.
pub(super) fn reach(document: &Node, model: &Model) -> (BTreeSet<SchemaId>, BTreeSet<SchemaId>) {
    let mut requests = BTreeSet::new();
    let mut responses = BTreeSet::new();
    // A reference to a shared object is resolved first.
    let of = |kind: Object, node: &Node, at: Pointer| {
        let (node, at) = resolve_at(document, node, at);
        schemas(kind, node, &at, model)
    };
    for (path, method, operation, item) in grammar::operations(document) {
        let path = Pointer::root().join("paths").join(path);
        let at = grammar::method_at(&path, method);
        for (owner, at) in [(operation, &at), (item, &path)] {
            let parameters = owner.get("parameters").and_then(Node::as_array).into_iter().flatten();
            for (index, parameter) in parameters.enumerate() {
                requests.extend(of(Object::Parameter, parameter, at.join("parameters").join(index)));
            }
        }
        if let Some(body) = operation.get("requestBody") {
            requests.extend(of(Object::RequestBody, body, at.join("requestBody")));
        }
        for (status, response) in operation.get("responses").and_then(Node::as_object).into_iter().flatten() {
            responses.extend(of(Object::Response, response, at.join("responses").join(status)));
        }
    }
    // For webhooks and callbacks, the program reads the request that the service sends, and writes the response.
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
        let incoming = at.as_str().starts_with("/webhooks/") || at.as_str().contains("/callbacks/");
        if kind == Object::Operation && incoming {
            if let Some(body) = node.get("requestBody") {
                responses.extend(of(Object::RequestBody, body, at.join("requestBody")));
            }
            for (status, response) in node.get("responses").and_then(Node::as_object).into_iter().flatten() {
                requests.extend(of(Object::Response, response, at.join("responses").join(status)));
            }
        }
    });
    (model.reached(requests), model.reached(responses))
}

/// The schemas of the parameters, media types and headers at an object and below it.
fn schemas(kind: Object, node: &Node, at: &Pointer, model: &Model) -> Vec<SchemaId> {
    let mut found = Vec::new();
    kind.walk(node, at, &mut |_, _, at| {
        found.extend(["schema", "itemSchema"].into_iter().filter_map(|member| model.at(&at.join(member))));
    });
    found
}

/// Whether the schema that a property refers to has the mark. The property refers to it directly, or by the only part
/// of its `allOf`.
pub(super) fn marked_by_reference(model: &Model, property: SchemaId, mark: Mark) -> bool {
    let property = match model.get(property).all_of.as_deref() {
        Some([only]) => *only,
        _ => property,
    };
    model.get(model.get(property).reference.unwrap_or(property)).is_marked(mark)
}

/// Whether a schema has properties that are `readOnly` or `writeOnly`.
pub(super) fn has_views(model: &Model, schema: &Schema) -> bool {
    let marked = |property: SchemaId, mark: Mark| {
        model.get(property).is_marked(mark) || marked_by_reference(model, property, mark)
    };
    let mut properties = schema.properties.iter().flat_map(|properties| properties.values());
    properties.any(|property| [Mark::ReadOnly, Mark::WriteOnly].into_iter().any(|mark| marked(*property, mark)))
}

/// The components whose read and write views differ: they, or schemas in them, have `readOnly` or `writeOnly`
/// properties.
pub(super) fn differing(model: &Model) -> BTreeSet<SchemaId> {
    let mut users: BTreeMap<SchemaId, Vec<SchemaId>> = BTreeMap::new();
    let mut differing = BTreeSet::new();
    let mut queue: Vec<SchemaId> = Vec::new();
    for component in model.components() {
        for target in model.references(component) {
            users.entry(target).or_default().push(component);
        }
        let mut own = false;
        model.walk(component, &mut |schema| own |= has_views(model, schema));
        if own {
            queue.push(component);
        }
    }
    while let Some(component) = queue.pop() {
        if differing.insert(component) {
            queue.extend(users.get(&component).into_iter().flatten());
        }
    }
    differing
}
