//! Types that contain each other: cycles of aliases and unions are cut, and fields are boxed so that each type has a
//! size.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::Pointer;

use super::model::{Type, TypeDef, TypeKind};

pub(super) fn for_each_type(kind: &mut TypeKind, visit: &mut impl FnMut(&mut Type)) {
    match kind {
        TypeKind::Struct(it) => {
            it.fields.iter_mut().for_each(|field| visit(&mut field.ty));
            it.extra.iter_mut().for_each(|(_, ty)| visit(ty));
        }
        TypeKind::Union(it) => it.variants.iter_mut().for_each(|variant| visit(&mut variant.ty)),
        TypeKind::Tuple(it) => {
            it.items.iter_mut().for_each(|item| visit(&mut item.ty));
            it.rest.iter_mut().for_each(visit);
        }
        TypeKind::Alias(ty) | TypeKind::Wrapper(ty) => visit(ty),
        TypeKind::Enum(_) => {}
    }
}

/// Replaces a name without a definition by any value. Such a name comes from a cycle that closed on a schema without a
/// type.
pub(super) fn forget_unknown(ty: &mut Type, known: &BTreeSet<String>) {
    match ty {
        Type::Named(name) if !known.contains(name) => *ty = Type::Any,
        Type::Array(inner) | Type::Map(inner) | Type::Nullable(inner) | Type::JsonText(inner) => {
            forget_unknown(inner, known);
        }
        _ => {}
    }
}

/// Removes each branch of a union that leads back to the same union through aliases and branches only, because reading
/// it would never end. Returns the place of the union and the name of the branch for each removed branch.
pub(super) fn cut_branches(defs: &mut BTreeMap<String, TypeDef>) -> Vec<(Pointer, String)> {
    let mut cut = Vec::new();
    let edges = defs.iter().map(|(name, def)| {
        let targets = match &def.kind {
            TypeKind::Alias(ty) => ty.by_value().map(str::to_owned).into_iter().collect(),
            TypeKind::Union(it) => {
                it.variants.iter().filter_map(|variant| variant.ty.by_value()).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        (name.clone(), targets)
    });
    // Only a name in a cycle of aliases and branches can lead back to itself. Each cut may break that cycle.
    for name in circles(&edges.collect()).into_keys() {
        let Some(TypeKind::Union(union)) = defs.get(&name).map(|def| &def.kind) else { continue };
        let circular: BTreeSet<String> = union
            .variants
            .iter()
            .filter(|variant| is_by_branches(&variant.ty, &name, defs))
            .map(|variant| variant.name.clone())
            .collect();
        if let Some(def) = defs.get_mut(&name)
            && let TypeKind::Union(union) = &mut def.kind
        {
            union.variants.retain(|variant| !circular.contains(&variant.name));
            if union.variants.is_empty() {
                def.kind = TypeKind::Alias(Type::Any);
            }
            cut.extend(circular.into_iter().map(|branch| (def.pointer.clone(), branch)));
        }
    }
    cut
}

/// Whether a type leads to the named type through aliases and branches only, before any part of a value is read.
fn is_by_branches(ty: &Type, name: &str, defs: &BTreeMap<String, TypeDef>) -> bool {
    let mut queue: Vec<&str> = ty.by_value().into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(next) = queue.pop() {
        if next == name {
            return true;
        }
        if !seen.insert(next) {
            continue;
        }
        match defs.get(next).map(|def| &def.kind) {
            Some(TypeKind::Alias(ty)) => queue.extend(ty.by_value()),
            Some(TypeKind::Union(it)) => queue.extend(it.variants.iter().filter_map(|variant| variant.ty.by_value())),
            _ => {}
        }
    }
    false
}

/// Cuts each cycle of aliases at one alias. If the cycle goes through a list, a map or JSON in a text, that alias becomes
/// a type of its own. Otherwise it becomes any value. Each alias is followed once.
fn cut_aliases(defs: &mut BTreeMap<String, TypeDef>) {
    let next = |name: &str| match defs.get(name).map(|def| &def.kind) {
        Some(TypeKind::Alias(ty)) => {
            let mut ty = ty;
            while let Type::Array(inner) | Type::Map(inner) | Type::Nullable(inner) | Type::JsonText(inner) = ty {
                ty = inner;
            }
            if let Type::Named(next) = ty { Some(next.as_str()) } else { None }
        }
        _ => None,
    };
    let holds_more = |name: &str| match defs.get(name).map(|def| &def.kind) {
        Some(TypeKind::Alias(ty)) => matches!(ty.inner(), Type::Array(_) | Type::Map(_) | Type::JsonText(_)),
        _ => false,
    };
    let (mut seen, mut cut) = (BTreeMap::new(), BTreeMap::new());
    for (turn, start) in defs.keys().enumerate() {
        let mut at = Some(start.as_str());
        while let Some(name) = at.filter(|name| !seen.contains_key(name)) {
            seen.insert(name, turn);
            at = next(name);
        }
        // `at` closes a cycle if this round has seen it before. The cycle is cut at the first of its names in
        // alphabetical order.
        if let Some(name) = at.filter(|name| seen.get(name) == Some(&turn)) {
            let around: Vec<&str> = std::iter::successors(next(name), |at| next(at).filter(|_| *at != name)).collect();
            let more = around.iter().any(|name| holds_more(name));
            cut.extend(around.iter().min().map(|name| ((*name).to_owned(), more)));
        }
    }
    for (name, more) in cut {
        if let Some(def) = defs.get_mut(&name)
            && let TypeKind::Alias(ty) = &mut def.kind
        {
            let ty = std::mem::replace(ty, Type::Any);
            def.kind = if more { TypeKind::Wrapper(ty) } else { TypeKind::Alias(Type::Any) };
        }
    }
}

/// Boxes a field wherever a type would otherwise contain itself, and cuts cycles of aliases.
pub(super) fn break_circles(defs: &mut BTreeMap<String, TypeDef>) {
    cut_aliases(defs);
    let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, def) in defs.iter() {
        let targets = match &def.kind {
            TypeKind::Struct(it) => {
                it.fields.iter().filter_map(|field| field.ty.by_value()).map(str::to_owned).collect()
            }
            TypeKind::Union(it) => {
                it.variants.iter().filter_map(|variant| variant.ty.by_value()).map(str::to_owned).collect()
            }
            TypeKind::Tuple(it) => it.items.iter().filter_map(|it| it.ty.by_value()).map(str::to_owned).collect(),
            TypeKind::Alias(ty) | TypeKind::Wrapper(ty) => ty.by_value().map(str::to_owned).into_iter().collect(),
            TypeKind::Enum(_) => Vec::new(),
        };
        edges.insert(name.clone(), targets);
    }
    let circle = circles(&edges);
    let same = |a: &str, b: &str| circle.get(a).is_some_and(|id| circle.get(b) == Some(id));
    for (name, def) in defs.iter_mut() {
        match &mut def.kind {
            TypeKind::Struct(it) => {
                for field in &mut it.fields {
                    field.boxed = field.ty.by_value().is_some_and(|target| same(name, target));
                }
            }
            TypeKind::Union(it) => {
                for variant in &mut it.variants {
                    variant.boxed = variant.ty.by_value().is_some_and(|target| same(name, target));
                }
            }
            TypeKind::Tuple(it) => {
                for item in &mut it.items {
                    item.boxed = item.ty.by_value().is_some_and(|target| same(name, target));
                }
            }
            _ => {}
        }
    }
    open_endless(defs);
}

/// Makes a field optional if every value of a type would contain another value of that type. Otherwise neither a
/// service nor a program could write a finite value.
fn open_endless(defs: &mut BTreeMap<String, TypeDef>) {
    // For each type, the number of its parts that are not yet known to be finite, and the types that depend on it.
    let mut waits: BTreeMap<&str, usize> = BTreeMap::new();
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, def) in defs.iter() {
        let parts: Vec<&Type> = match &def.kind {
            TypeKind::Struct(it) => it.fields.iter().filter(|it| it.is_argument()).map(|it| &it.ty).collect(),
            TypeKind::Tuple(it) => it.items.iter().take(it.required).map(|it| &it.ty).collect(),
            TypeKind::Alias(ty) | TypeKind::Wrapper(ty) => vec![ty],
            TypeKind::Union(_) | TypeKind::Enum(_) => Vec::new(),
        };
        let named =
            parts.into_iter().filter_map(|ty| if let Type::Named(name) = ty { Some(name.as_str()) } else { None });
        let named: Vec<&str> = named.collect();
        waits.insert(name, named.len());
        named.into_iter().for_each(|part| users.entry(part).or_default().push(name));
    }
    let mut finite: Vec<&str> = waits.iter().filter(|(_, many)| **many == 0).map(|(name, _)| *name).collect();
    while let Some(name) = finite.pop() {
        waits.remove(name);
        for user in users.get(name).into_iter().flatten() {
            if let Some(many) = waits.get_mut(user) {
                *many -= 1;
                if *many == 0 {
                    finite.push(user);
                }
            }
        }
    }
    let endless: BTreeSet<String> = waits.into_keys().map(str::to_owned).collect();
    let is_endless = |ty: &Type| matches!(ty, Type::Named(name) if endless.contains(name));
    for name in &endless {
        match defs.get_mut(name).map(|def| &mut def.kind) {
            Some(TypeKind::Struct(it)) => {
                for field in it.fields.iter_mut().filter(|it| it.boxed && is_endless(&it.ty)) {
                    field.required = false;
                }
            }
            Some(TypeKind::Tuple(it)) => {
                let first = it.items.iter().position(|item| item.boxed && is_endless(&item.ty));
                it.required = first.map_or(it.required, |place| place.min(it.required));
            }
            _ => {}
        }
    }
}

/// The strongly connected components that are cycles: the names in them, each with the number of its component.
pub(super) fn circles(edges: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, usize> {
    // Kosaraju's algorithm with explicit stacks, because a document may nest deeper than a thread's stack allows.
    let mut order = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for start in edges.keys() {
        let mut stack = vec![(start.as_str(), 0)];
        if !seen.insert(start) {
            continue;
        }
        while let Some((node, next)) = stack.pop() {
            match edges.get(node).and_then(|targets| targets.get(next)) {
                Some(target) => {
                    stack.push((node, next + 1));
                    if seen.insert(target) {
                        stack.push((target, 0));
                    }
                }
                None => order.push(node),
            }
        }
    }
    let mut reverse: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, targets) in edges {
        for to in targets {
            reverse.entry(to).or_default().push(from);
        }
    }
    let mut found = BTreeMap::new();
    let mut assigned: BTreeSet<&str> = BTreeSet::new();
    for (id, start) in order.into_iter().rev().enumerate() {
        let mut members = Vec::new();
        let mut stack = vec![start];
        while let Some(node) = stack.pop() {
            if assigned.insert(node) {
                members.push(node);
                stack.extend(reverse.get(node).into_iter().flatten());
            }
        }
        let own_loop = |node: &str| edges.get(node).is_some_and(|targets| targets.iter().any(|target| target == node));
        if members.len() > 1 || members.first().is_some_and(|node| own_loop(node)) {
            found.extend(members.into_iter().map(|node| (node.to_owned(), id)));
        }
    }
    found
}
