//! The schemas that requests and responses reach, and those that need separate types for both.

use std::collections::{BTreeMap, BTreeSet};

use crate::calls::Calls;
use crate::schema::{Mark, Model, Schema, SchemaId};

/// The components that requests reach, and the components that responses reach.
pub(super) fn reach(calls: &Calls, model: &Model) -> (BTreeSet<SchemaId>, BTreeSet<SchemaId>) {
    let mut requests = BTreeSet::new();
    let mut responses = BTreeSet::new();
    for (item, operation) in calls.operations() {
        let parameters = item.parameters.iter().chain(&operation.parameters);
        requests.extend(parameters.flat_map(|parameter| model.within(&parameter.at)));
        requests.extend(operation.body.iter().flat_map(|body| model.within(&body.at)));
        responses.extend(operation.responses.values().flat_map(|response| model.within(&response.at)));
    }
    // For webhooks and callbacks, the program reads the request that the service sends, and writes the response.
    for operation in calls.incoming() {
        responses.extend(operation.body.iter().flat_map(|body| model.within(&body.at)));
        requests.extend(operation.responses.values().flat_map(|response| model.within(&response.at)));
    }
    (model.reached(requests), model.reached(responses))
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
