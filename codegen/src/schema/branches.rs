//! Merges the unions of the parts of an `allOf`.

use std::collections::BTreeSet;

use super::equal::same;
use super::model::{Model, Schema, SchemaId};

/// Whether two unions have the same branches, in any order.
fn same_branches(model: &Model, one: &[SchemaId], other: &[SchemaId]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let is_same = |one: SchemaId, other: SchemaId| same((model, one), (model, other));
    if one.iter().zip(other).all(|(one, other)| is_same(*one, *other)) {
        return true;
    }
    let targets = |list: &[SchemaId]| list.iter().map(|id| model.target(*id)).collect::<BTreeSet<SchemaId>>();
    let (mine, theirs) = (targets(one), targets(other));
    // The schemas that only one of the unions refers to.
    let rest = |all: &BTreeSet<SchemaId>, but: &BTreeSet<SchemaId>| all.difference(but).copied().collect::<Vec<_>>();
    let (new, old) = (rest(&mine, &theirs), rest(&theirs, &mine));
    let has = |list: &BTreeSet<SchemaId>, id: SchemaId| list.iter().any(|it| is_same(*it, id));
    new.len().max(old.len()).saturating_mul(one.len()) <= MOST_COMPARED
        && new.iter().all(|id| has(&theirs, *id))
        && old.iter().all(|id| has(&mine, *id))
}

/// The maximum number of pairs of branches that are compared, for two unions with different orders. Unions with more are
/// not the same.
const MOST_COMPARED: usize = 100_000;

/// The two keywords of unions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Union {
    OneOf,
    AnyOf,
}

impl Union {
    fn other(self) -> Self {
        match self {
            Self::OneOf => Self::AnyOf,
            Self::AnyOf => Self::OneOf,
        }
    }

    fn place(self, schema: &mut Schema) -> &mut Option<Vec<SchemaId>> {
        match self {
            Self::OneOf => &mut schema.one_of,
            Self::AnyOf => &mut schema.any_of,
        }
    }
}

/// Merges a union of a part. Both unions of the result apply at once, whichever keyword they are from.
pub(super) fn absorb_union(model: &Model, merged: &mut Schema, more: &[SchemaId], keyword: Union) {
    let only_requires =
        |union: &[SchemaId]| !union.is_empty() && union.iter().all(|branch| model.get(*branch).only_requires());
    let (own, other) = match keyword {
        Union::OneOf => ((&merged.one_of, Union::OneOf), (&merged.any_of, Union::AnyOf)),
        Union::AnyOf => ((&merged.any_of, Union::AnyOf), (&merged.one_of, Union::OneOf)),
    };
    if [own.0, other.0].into_iter().flatten().any(|have| same_branches(model, have, more)) {
        return;
    }
    let is_empty = more.is_empty() || [own.0, other.0].into_iter().flatten().any(Vec::is_empty);
    let is_beside = own.0.is_some() || other.0.is_some();
    if is_beside && only_requires(more) {
        return keep_union(model, merged, more, keyword);
    }
    let is_free = |have: &Option<Vec<SchemaId>>| have.as_ref().is_none_or(|have| only_requires(have));
    let free = [own, other].into_iter().find(|(have, _)| is_free(have)).map(|(_, slot)| slot);
    let Some(slot) = free.filter(|_| !is_beside || !is_empty) else {
        // Three unions cannot become one Rust type. Empty unions accept any value, so no data is lost, and the order of
        // the parts makes no difference.
        let before = (merged.one_of.replace(Vec::new()), merged.any_of.replace(Vec::new()));
        // Two are kept already.
        if let (Some(only), None) = &before {
            keep_union(model, merged, only, Union::OneOf);
        } else if let (None, Some(only)) = &before {
            keep_union(model, merged, only, Union::AnyOf);
        }
        return keep_union(model, merged, more, keyword);
    };
    // Beside a union, one that only requires properties is no part of the type.
    let idle = slot.other().place(merged).take_if(|have| only_requires(have)).unwrap_or_default();
    let before = slot.place(merged).replace(more.to_vec()).unwrap_or_default();
    keep_union(model, merged, &before, slot);
    keep_union(model, merged, &idle, slot.other());
    // Two unions are kept by their own keywords, so that the order of the parts makes no difference.
    let first = slot.other().place(merged).clone().unwrap_or_default();
    if !first.is_empty() {
        keep_union(model, merged, more, keyword);
        keep_union(model, merged, &first, slot.other());
    }
}

/// Keeps a union that is not part of the type, for comparisons.
pub(super) fn keep_union(model: &Model, merged: &mut Schema, branches: &[SchemaId], keyword: Union) {
    if branches.is_empty() {
        return;
    }
    let any = Schema::any(&merged.span);
    let branches = Some(branches.to_vec());
    let union = match keyword {
        Union::OneOf => Schema { one_of: branches, ..any },
        Union::AnyOf => Schema { any_of: branches, ..any },
    };
    merged.also.insert(model.add(union));
}
