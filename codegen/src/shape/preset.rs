//! What a new struct has from the start: the fields with one allowed value, and the tag by which a union reads it.

use std::collections::BTreeMap;

use super::model::{Constant, Type, TypeDef, TypeKind, Union};

/// A field: the name of its struct, and its index.
type Place = (String, usize);

/// Sets the values that new structs start with.
pub(super) fn preset(defs: &mut BTreeMap<String, TypeDef>) {
    let constants = constants(defs);
    start(defs, constants);
    tags(defs);
}

fn start(defs: &mut BTreeMap<String, TypeDef>, values: impl IntoIterator<Item = (Place, Constant)>) {
    for ((name, index), value) in values {
        if let Some(TypeKind::Struct(it)) = defs.get_mut(&name).map(|def| &mut def.kind)
            && let Some(field) = it.fields.get_mut(index)
        {
            field.preset = Some(value);
        }
    }
}

/// The name and the definition at the end of a chain of aliases.
fn target<'a>(defs: &'a BTreeMap<String, TypeDef>, ty: &'a Type) -> Option<(&'a String, &'a TypeKind)> {
    let mut ty = ty;
    for _ in 0..16 {
        let Type::Named(name) = ty else { return None };
        match &defs.get(name)?.kind {
            TypeKind::Alias(target) => ty = target,
            kind => return Some((name, kind)),
        }
    }
    None
}

/// Whether a type can hold a constant. A text needs an enum, because any other text is as good.
fn holds(defs: &BTreeMap<String, TypeDef>, ty: &Type, value: &Constant) -> bool {
    let is_enum = |integers| matches!(target(defs, ty), Some((_, TypeKind::Enum(it))) if it.integer == integers);
    match value {
        Constant::Text(_) => is_enum(false),
        Constant::Integer(_) => is_enum(true),
        Constant::Bool(_) => *ty == Type::Bool,
    }
}

/// The required fields that have one allowed value, if it is of the field's own type.
fn constants(defs: &BTreeMap<String, TypeDef>) -> Vec<(Place, Constant)> {
    let mut found = Vec::new();
    for (name, def) in defs {
        let TypeKind::Struct(it) = &def.kind else { continue };
        for (index, field) in it.fields.iter().enumerate().filter(|(_, field)| !field.is_option() && !field.boxed) {
            if let Some(only) = field.only.as_ref().filter(|only| holds(defs, &field.ty, only)) {
                found.push(((name.clone(), index), only.clone()));
            }
        }
    }
    found
}

/// Starts the optional field of a union's tag with the value that selects the struct. A value that was read without a
/// tag then stays without one. If unions give a struct several values, each union writes its own.
fn tags(defs: &mut BTreeMap<String, TypeDef>) {
    let mut values: BTreeMap<Place, Vec<Constant>> = BTreeMap::new();
    let mut writers: Vec<(Place, String, usize)> = Vec::new();
    for (union, def) in &*defs {
        let TypeKind::Union(it) = &def.kind else { continue };
        let Some(tag) = &it.tag else { continue };
        for (index, variant) in it.variants.iter().enumerate() {
            let (Some(value), Some((name, TypeKind::Struct(of)))) =
                (&variant.writes, target(defs, variant.ty.unlinked()))
            else {
                continue;
            };
            let Some(at) = of.fields.iter().position(|field| field.wire == *tag) else { continue };
            let field = &of.fields[at];
            let only = match (&field.only, field.ty.inner()) {
                (Some(only), ty) if holds(defs, ty, only) => only.clone(),
                (None, Type::String) => Constant::Text(value.clone()),
                _ => continue,
            };
            if field.is_option() && !field.boxed {
                let place = (name.clone(), at);
                let known = values.entry(place.clone()).or_default();
                if !known.contains(&only) {
                    known.push(only);
                }
                writers.push((place, union.clone(), index));
            }
        }
    }
    // In another union, the value may select another variant.
    for def in defs.values() {
        let TypeKind::Union(Union { variants, tag: Some(tag), .. }) = &def.kind else { continue };
        for variant in variants {
            let Some((name, TypeKind::Struct(of))) = target(defs, variant.ty.unlinked()) else { continue };
            let at = of.fields.iter().position(|field| field.wire == *tag);
            if let Some(known) = at.and_then(|at| values.get_mut(&(name.clone(), at))) {
                known.retain(|value| variant.tags.contains(value));
            }
        }
    }
    values.retain(|_, values| values.len() == 1);
    for (_, union, index) in writers.iter().filter(|(place, ..)| values.contains_key(place)) {
        if let Some(TypeKind::Union(it)) = defs.get_mut(union).map(|def| &mut def.kind)
            && let Some(variant) = it.variants.get_mut(*index)
        {
            variant.writes = None;
        }
    }
    start(defs, values.into_iter().filter_map(|(place, values)| Some((place, values.into_iter().next()?))));
}
