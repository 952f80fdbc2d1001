//! Merges the constraints of two schemas of which a value has to fit both. A constraint that cannot be merged is kept as
//! a schema in `also`, so that `diff` sees a change of it.

use std::cmp::Ordering;

use super::equal::same;
use super::export::Tuples;
use super::model::{Additional, Bound, Limits, Model, Schema, SchemaId};
use crate::document::{Map, order};

/// Adds limits to others. Of two bounds the tighter one remains. Patterns and factors have no intersection that is as
/// simple, so all of them remain, the later ones last.
pub(super) fn intersect(merged: &mut Limits, part: &Limits) {
    let Limits {
        minimum,
        maximum,
        multiple_of,
        min_length,
        max_length,
        pattern,
        min_items,
        max_items,
        unique_items,
        min_properties,
        max_properties,
    } = part;
    bound(&mut merged.minimum, minimum, Ordering::Greater);
    bound(&mut merged.maximum, maximum, Ordering::Less);
    for (have, more) in [
        (&mut merged.min_length, min_length),
        (&mut merged.min_items, min_items),
        (&mut merged.min_properties, min_properties),
    ] {
        // No value is below any value.
        *have = (*have).max(*more);
    }
    for (have, more) in [
        (&mut merged.max_length, max_length),
        (&mut merged.max_items, max_items),
        (&mut merged.max_properties, max_properties),
    ] {
        *have = have.iter().chain(more).min().copied();
    }
    if merged.unique_items != Some(true) && unique_items.is_some() {
        merged.unique_items = *unique_items;
    }
    for factor in multiple_of {
        if !merged.multiple_of.iter().any(|known| order(known, factor) == Ordering::Equal) {
            merged.multiple_of.push(factor.clone());
        }
    }
    for text in pattern {
        if !merged.pattern.contains(text) {
            merged.pattern.push(text.clone());
        }
    }
}

/// Takes a bound if it is tighter. `tight` is the order of a tighter bound to another one.
fn bound(merged: &mut Option<Bound>, part: &Option<Bound>, tight: Ordering) {
    let Some(more) = part else { return };
    match merged {
        None => *merged = Some(more.clone()),
        Some(have) => match order(&more.value, &have.value) {
            Ordering::Equal => have.excluded |= more.excluded,
            found if found == tight => *have = more.clone(),
            _ => {}
        },
    }
}

/// Adds the keywords that no type depends on. A keyword that both parts have in different ways cannot be merged. The one
/// that comes first as text is kept, whatever the order of the parts.
pub(super) fn absorb_further(model: &Model, merged: &mut Schema, further: &Map) {
    for (key, node) in further {
        let lost = match merged.further.get_mut(key) {
            None => {
                merged.further.insert(key.clone(), node.clone());
                continue;
            }
            Some(have) if have.is_same_value(node) => continue,
            Some(have) if have.canonical() < node.canonical() => node.clone(),
            Some(have) => std::mem::replace(have, node.clone()),
        };
        let lost = Schema { further: Map::from_iter([(key.clone(), lost)]), ..Schema::any(&merged.span) };
        merged.also.insert(model.add(lost));
    }
}

/// A value is forbidden if either part forbids it. The order of the parts makes no difference.
pub(super) fn forbid(model: &Model, one: Option<SchemaId>, other: Option<SchemaId>) -> Option<SchemaId> {
    match (one, other) {
        (Some(mine), Some(theirs)) if !same((model, mine), (model, theirs)) => {
            let span = model.get(theirs).span.clone();
            let mut all: Vec<SchemaId> = [mine, theirs].into_iter().flat_map(|id| forbidden(model, id)).collect();
            all.sort_by_cached_key(|id| model.node(*id, Tuples::Whole).canonical());
            Some(model.add(Schema { any_of: Some(all), ..Schema::any(&span) }))
        }
        (mine, theirs) => mine.or(theirs),
    }
}

/// The schemas of which a value fits none: the alternatives of a union that says nothing else, or the schema itself.
fn forbidden(model: &Model, id: SchemaId) -> Vec<SchemaId> {
    let schema = model.get(id);
    let rest = Schema { any_of: None, ..(*schema).clone() };
    match &schema.any_of {
        Some(branches) if rest.is_empty() && rest.further.is_empty() => branches.clone(),
        _ => vec![id],
    }
}

/// Adds the constraints of another schema to one that can have them beside its own keywords.
pub(super) fn constrain(model: &Model, merged: &mut Schema, other: &Schema) {
    if merged.format != other.format && merged.format.is_some() && other.format.is_some() {
        merged.also.insert(model.add(Schema { format: other.format.clone(), ..Schema::any(&other.span) }));
    }
    merged.not = forbid(model, merged.not, other.not);
    let mut limits = other.limits.clone();
    // The patterns of the kept schema are the last ones.
    intersect(&mut limits, &merged.limits);
    merged.limits = limits;
    absorb_further(model, merged, &other.further);
    merged.also.extend(&other.also);
}

/// What a schema without a type of its own says about values, apart from what [`with`] has merged into another schema.
pub(super) fn unmerged(other: &Schema, merged: &Schema) -> Schema {
    let Schema { span, format, required, additional, items, prefix, rest, content, not, limits, further, also, .. } =
        other;
    Schema {
        format: format.clone(),
        required: required.clone(),
        additional: if merged.additional == Additional::Unsaid { *additional } else { Additional::Unsaid },
        items: items.filter(|_| merged.items.is_none()),
        prefix: prefix.clone(),
        rest: *rest,
        content: *content,
        not: *not,
        limits: limits.clone(),
        further: further.clone(),
        also: also.clone(),
        ..Schema::any(span)
    }
}

/// What a schema constrains beyond its type and its enum. Another schema that is narrower has those too.
pub(super) fn beyond(model: &Model, id: SchemaId) -> Schema {
    let schema = model.get(model.target(id));
    let Schema { span, required, limits, further, not, one_of, also, .. } = &*schema;
    Schema {
        required: required.clone(),
        limits: limits.clone(),
        further: further.clone(),
        not: *not,
        // The narrower schema fits one alternative, and no value may fit two.
        one_of: one_of.clone(),
        also: also.clone(),
        ..Schema::any(span)
    }
}

/// The `additionalProperties` of one of two schemas that the merged one does not have.
pub(super) fn lost_additional(one: Additional, other: Additional, merged: Additional) -> Additional {
    let says = |it: Additional| matches!(it, Additional::Schema(_) | Additional::Closed);
    match (one, other) {
        (Additional::Schema(_), Additional::Schema(_)) => Additional::Unsaid,
        _ if merged == Additional::Closed => Additional::Unsaid,
        (one, _) if says(one) && merged != one => one,
        (_, other) if says(other) && merged != other => other,
        _ => Additional::Unsaid,
    }
}
