//! Brings a document into canonical form, so that two spellings of one meaning become equal.

use std::collections::BTreeMap;

use crate::calls::{self, Calls};
use crate::diagnostic::Error;
use crate::document::Node;
use crate::grammar;
use crate::lower::{self, lower};
use crate::note::Notes;
use crate::schema::{Additional, Bound, JsonType, Model, Schema, SchemaId, same};
use crate::select::{self, Selection};

/// A document in canonical form.
pub(super) struct Canonical {
    pub(super) calls: Calls,
    pub(super) schemas: Model,
    /// The security schemes as the document has them, without descriptions.
    pub(super) schemes: BTreeMap<String, Node>,
}

/// The canonical form of a document. It is normalized, references to path items are inlined, and each schema is in its
/// simplest form.
pub(super) fn document(document: &Node) -> Result<Canonical, Error> {
    lower::version(document)?;
    let document = select::cut(document, &Selection::default());
    let schemes = schemes(&document);
    let (document, mut schemas) = lower(document, &mut Notes::default())?;
    schemas.unite_children();
    for id in schemas.outermost_first() {
        let mut schema = (*schemas.get(id)).clone();
        tuple(&schemas, &mut schema);
        constraints(&schemas, &mut schema);
        constants(&schemas, &mut schema);
        whole_bounds(&mut schema);
        second_union(&schemas, &mut schema);
        nullable_branches(&schemas, &mut schema);
        // An empty schema for additional keys is the same as no schema.
        if schema.additional.schema().is_some_and(|rest| schemas.get(rest).says_nothing()) {
            schema.additional = Additional::Any;
        }
        schemas.set(id, schema);
    }
    let calls = calls::read(&document, &schemas, &mut Notes::default());
    Ok(Canonical { calls, schemas, schemes })
}

/// The security schemes of a document. `lower` leaves out those that no client can send.
fn schemes(document: &Node) -> BTreeMap<String, Node> {
    let all = document.pointer("/components/securitySchemes").and_then(Node::as_object).into_iter().flatten();
    let scheme = |(name, node): (&String, &Node)| {
        let mut scheme = grammar::resolve(document, node).clone();
        if let Some(members) = scheme.as_object_mut() {
            members.retain(|key, _| !grammar::is_annotation(key) || key == "deprecated");
        }
        (name.clone(), scheme)
    };
    all.map(scheme).collect()
}

/// Normalizes the positions of a tuple. Drops `items`, which lists the types of all items.
fn tuple(model: &Model, schema: &mut Schema) {
    let (Some(places), rest) = (schema.prefix.take(), schema.rest.take()) else { return };
    if !schema.ty.is_none_or(|ty| ty == JsonType::Array) {
        return;
    }
    // All positions have one type, and the length is open, so it is an array.
    if rest.is_some_and(|rest| places.iter().all(|place| same((model, *place), (model, rest)))) {
        schema.items = rest;
        return;
    }
    schema.items = None;
    let length = u64::try_from(places.len()).unwrap_or(u64::MAX);
    // A tuple with a maximum length is closed.
    if rest.is_none() || schema.limits.max_items.is_some_and(|most| most <= length) {
        schema.limits.max_items.get_or_insert(length);
    } else {
        schema.rest = rest;
    }
    schema.prefix = Some(places);
}

/// The type of an enum's values: string or integer.
fn kind_of(schema: &Schema) -> Option<JsonType> {
    [JsonType::String, JsonType::Integer].into_iter().find(|kind| schema.is_enum_of(*kind))
}

/// Turns a union of constants or enums into an enum. With a branch for any value of its type, it is an open enum.
fn constants(model: &Model, schema: &mut Schema) {
    let Some((_, branches)) = schema.union().filter(|(_, branches)| !branches.is_empty()) else { return };
    if schema.properties.is_some() || schema.discriminator.is_some() {
        return;
    }
    let branches: Vec<_> = branches.iter().map(|branch| model.get(*branch)).collect();
    let enum_of = |branch: &Schema| branch.reference.map(|id| model.get(id)).filter(|it| kind_of(it).is_some());
    let resolved: Vec<_> = branches.iter().map(|branch| enum_of(branch).unwrap_or_else(|| branch.clone())).collect();
    let Some(kind) = resolved.iter().find_map(|branch| kind_of(branch)) else { return };
    let any_of = |branch: &Schema| branch.ty == Some(kind) && branch.is_only_a_type();
    let all = resolved.iter().all(|branch| kind_of(branch) == Some(kind) || any_of(branch));
    if !all || schema.ty.is_some_and(|own| own != kind) {
        return;
    }
    let nullable = branches.iter().chain(&resolved).any(|branch| branch.is_nullable());
    let ids: Vec<SchemaId> = schema.branches().collect();
    let named = ids.into_iter().zip(&resolved).filter(|(_, resolved)| kind_of(resolved).is_some());
    let named: Vec<SchemaId> = named.map(|(branch, _)| branch).collect();
    let mut values: Vec<Node> = Vec::new();
    for value in resolved.iter().filter_map(|branch| branch.values.as_ref()).flatten() {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    schema.take_union();
    match named.as_slice() {
        // The enum is the component itself, so it keeps the component's type.
        [only] if enum_of(&model.get(*only)).is_some() => schema.all_of = Some(vec![*only]),
        _ => (schema.ty, schema.values) = (Some(kind), Some(values)),
    }
    if nullable {
        schema.nullable = Some(true);
    }
    if resolved.iter().any(|branch| any_of(branch)) {
        schema.annotations.open = Some(true);
    }
}

/// Branches that only require properties constrain the schema around them. They are not types.
fn constraints(model: &Model, schema: &mut Schema) {
    let Some((key, branches)) = schema.union().filter(|(_, branches)| !branches.is_empty()) else { return };
    let branches: Vec<_> = branches.iter().map(|branch| model.get(*branch)).collect();
    if branches.iter().all(|branch| branch.only_requires()) {
        let told = branches.iter().map(|branch| {
            let absent = branch.not.map(|not| format!(" without {}", model.get(not).required.join(" and ")));
            branch.required.join(" and ") + &absent.unwrap_or_default()
        });
        let told: Vec<String> = told.collect();
        schema.annotations.either = Some(format!("{key}: {}", told.join(", or ")));
        schema.take_union();
    }
}

/// A schema with `oneOf` and `anyOf` has the alternatives of the first one. The other one is a constraint.
fn second_union(model: &Model, schema: &mut Schema) {
    if schema.one_of.is_some()
        && let Some(branches) = schema.any_of.take()
    {
        schema.also.insert(model.add(Schema { any_of: Some(branches), ..Schema::any(&schema.span) }));
    }
}

/// A union with an alternative that may be null may be null itself.
fn nullable_branches(model: &Model, schema: &mut Schema) {
    let is_nullable = |id: SchemaId| model.get(id).is_nullable() || model.get(model.target(id)).is_nullable();
    if schema.branches().any(is_nullable) {
        schema.nullable = Some(true);
    }
}

/// For integers, an exclusive bound is equal to the next inclusive one.
pub(super) fn whole_bounds(schema: &mut Schema) {
    if schema.ty != Some(JsonType::Integer) {
        return;
    }
    for (bound, step) in [(&mut schema.limits.minimum, 1), (&mut schema.limits.maximum, -1)] {
        let Some(Bound { value, excluded }) = bound else { continue };
        let whole = match (value.as_i64(), value.as_f64()) {
            (Some(value), _) if *excluded => value.checked_add(step),
            (Some(value), _) => Some(value),
            (None, Some(value)) if value.fract() != 0.0 && value.abs() < 1e15 => {
                Some(if step > 0 { value.ceil() } else { value.floor() } as i64)
            }
            _ => None,
        };
        if let Some(whole) = whole {
            *bound = Some(Bound { value: whole.into(), excluded: false });
        }
    }
}
