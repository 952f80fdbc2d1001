//! Which schemas allow null. All components are computed together, so that a chain of references takes linear time.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Model, SchemaId};

/// The components that allow null. A reference to itself does not make a component nullable.
pub(super) fn components(model: &Model) -> BTreeSet<SchemaId> {
    let mut users: BTreeMap<SchemaId, Vec<SchemaId>> = BTreeMap::new();
    for component in model.components() {
        for target in model.references(component) {
            users.entry(target).or_default().push(component);
        }
    }
    let mut known = BTreeSet::new();
    let mut queue: Vec<SchemaId> = model.components().collect();
    while let Some(component) = queue.pop() {
        if !known.contains(&component) && allows_null(model, component, &known) {
            known.insert(component);
            queue.extend(users.get(&component).into_iter().flatten());
        }
    }
    known
}

/// Whether a schema allows null: by its own keywords, by the component that it refers to, or by one of its branches.
pub(super) fn allows_null(model: &Model, id: SchemaId, components: &BTreeSet<SchemaId>) -> bool {
    let schema = model.get(id);
    if schema.is_nullable() {
        return true;
    }
    if let Some(target) = schema.reference {
        return components.contains(&target);
    }
    let parts = schema.all_of.iter().flatten().copied();
    let mut telling = parts.filter(|part| !model.get(*part).only_describes()).peekable();
    if telling.peek().is_some() {
        // All parts must allow it, and at least one must name it.
        let mut naming = telling.filter(|part| !says_nothing(model, *part)).peekable();
        return naming.peek().is_some() && naming.all(|part| allows_null(model, part, components));
    }
    // One branch that allows it is enough, unless the schema itself has a type.
    schema.ty.is_none()
        && schema.values.is_none()
        && schema.branches().any(|branch| allows_null(model, branch, components))
}

/// Whether a schema neither names null nor excludes it: it has no type and no values, so its other keywords are only
/// about values of other types.
fn says_nothing(model: &Model, id: SchemaId) -> bool {
    let schema = model.get(model.target(id));
    !schema.is_nullable()
        && schema.reference.is_none()
        && schema.ty.is_none()
        && schema.values.is_none()
        && schema.not.is_none()
        && schema.union().is_none()
        && schema.all_of.is_none()
}
