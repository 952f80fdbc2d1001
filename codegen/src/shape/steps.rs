//! Types that lead to each other through many steps: some of their parts are behind a `Link` of the runtime.
//!
//! To see whether a value may be passed to another task, the compiler follows all types in it, and gives up after 128
//! steps in a row (E0275). It does not follow a `Link`. How many steps it takes within a circle depends on where it
//! begins, so the steps through all types of the circle are counted.
//!
//! More types never make fewer links: a part that is a link stays one as the document grows.

use std::collections::{BTreeMap, BTreeSet};

use super::circles::{circles, for_each_type};
use super::model::{Field, Type, TypeDef, TypeKind};

/// The most steps through the types of a circle, each once.
const MOST_IN_CIRCLE: usize = 64;

/// The most steps from a type to its end. The rest of the compiler's 128 is for the types of the program around it.
const MOST_TO_END: usize = 96;

/// A part of a type that leads to another type.
struct Edge {
    from: String,
    /// The index in `TypeDef::parts`.
    part: usize,
    to: String,
    /// The steps from the one type to the other.
    steps: usize,
    /// Whether the part is the other type itself, not a list or a map of it.
    is_direct: bool,
    may_be_link: bool,
}

/// Decides which parts are links. Takes about linear time in the number of parts.
pub(super) fn link_far(defs: &mut BTreeMap<String, TypeDef>) {
    let mut edges: Vec<Edge> = defs.values().flat_map(edges_of).collect();
    let aliases = defs.values().filter(|def| matches!(def.kind, TypeKind::Alias(_)));
    let aliases: BTreeSet<String> = aliases.map(|def| def.name.clone()).collect();
    // An alias is not followed: the link is within it.
    edges.iter_mut().for_each(|edge| edge.may_be_link = !aliases.contains(&edge.to));
    let mut links: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut add = |edge: &Edge| {
        links.entry(edge.from.clone()).or_default().insert(edge.part);
    };
    // If links instead of the boxes are enough, lists and maps stay as they are.
    for direct_only in [true, false] {
        let circle = circle_of(&edges);
        let steps = steps_in(&edges, &circle);
        edges.retain(|edge| {
            let is_link = edge.may_be_link
                && (edge.is_direct || !direct_only)
                && within(edge, &circle).is_some_and(|id| steps.get(&id).is_some_and(|steps| *steps > MOST_IN_CIRCLE));
            if is_link {
                add(edge);
            }
            !is_link
        });
    }
    for edge in far_from_end(&edges) {
        add(edge);
    }
    for (name, parts) in links {
        if let Some(def) = defs.get_mut(&name) {
            put_links(&mut def.kind, &parts);
        }
    }
}

fn put_links(kind: &mut TypeKind, parts: &BTreeSet<usize>) {
    let boxes: Vec<&mut bool> = match kind {
        TypeKind::Struct(it) => it.fields.iter_mut().map(|it| &mut it.boxed).collect(),
        TypeKind::Union(it) => it.variants.iter_mut().map(|it| &mut it.boxed).collect(),
        TypeKind::Tuple(it) => it.items.iter_mut().map(|it| &mut it.boxed).collect(),
        TypeKind::Alias(_) | TypeKind::Wrapper(_) | TypeKind::Enum(_) => Vec::new(),
    };
    boxes.into_iter().enumerate().filter(|(part, _)| parts.contains(part)).for_each(|(_, boxed)| *boxed = false);
    let mut part = 0;
    for_each_type(kind, &mut |ty| {
        if parts.contains(&part) {
            put_link(ty);
        }
        part += 1;
    });
}

fn put_link(ty: &mut Type) {
    match ty {
        Type::Named(_) => {
            let target = std::mem::replace(ty, Type::Any);
            *ty = Type::Link(Box::new(target));
        }
        Type::Array(inner) | Type::Map(inner) | Type::Nullable(inner) => put_link(inner),
        _ => {}
    }
}

fn edges_of(def: &TypeDef) -> Vec<Edge> {
    // The steps from the type to each of its parts, in the order of `TypeDef::parts`.
    let steps: Vec<usize> = match &def.kind {
        TypeKind::Struct(it) => it.fields.iter().map(steps_to).chain(it.extra.iter().map(|_| 1 + MAP)).collect(),
        TypeKind::Union(it) => it.variants.iter().map(|it| 1 + boxed(it.boxed)).collect(),
        TypeKind::Tuple(it) => {
            let items = it.items.iter().map(|item| 2 + boxed(item.boxed));
            items.chain(it.rest.iter().map(|_| 1 + LIST)).collect()
        }
        TypeKind::Wrapper(_) => vec![1],
        TypeKind::Alias(_) => vec![0],
        TypeKind::Enum(_) => Vec::new(),
    };
    let edge = |(part, (ty, steps)): (usize, (&Type, usize))| {
        let (inner, to) = steps_within(ty)?;
        let (from, to, is_direct) = (def.name.clone(), to.to_owned(), ty.by_value().is_some());
        Some(Edge { from, part, to, steps: steps + inner, is_direct, may_be_link: true })
    };
    def.parts().into_iter().zip(steps).enumerate().filter_map(edge).collect()
}

// The compiler's steps through the types of the standard library.
const BOX: usize = 2;
const LIST: usize = 3;
const MAP: usize = 3;

fn boxed(is_boxed: bool) -> usize {
    if is_boxed { BOX } else { 0 }
}

fn steps_to(field: &Field) -> usize {
    let options = match (field.is_option(), field.three_states) {
        (false, _) => 0,
        // That of `Type::Nullable` is counted with the type.
        (true, false) => usize::from(!matches!(field.ty, Type::Nullable(_))),
        (true, true) => 2,
    };
    1 + options + boxed(field.boxed)
}

/// The named type in a type, and the steps to it. The content of JSON text is not a part of the value.
fn steps_within(ty: &Type) -> Option<(usize, &str)> {
    let (mut steps, mut ty) = (0, ty);
    loop {
        (steps, ty) = match ty {
            Type::Named(name) => return Some((steps, name)),
            Type::Array(inner) => (steps + LIST, inner),
            Type::Map(inner) => (steps + MAP, inner),
            Type::Nullable(inner) => (steps + 1, inner),
            _ => return None,
        };
    }
}

/// The number of the circle of each type that is in one.
fn circle_of(edges: &[Edge]) -> BTreeMap<String, usize> {
    let mut targets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for edge in edges {
        targets.entry(edge.from.clone()).or_default().push(edge.to.clone());
        targets.entry(edge.to.clone()).or_default();
    }
    circles(&targets)
}

/// The circle that has both ends of a part.
fn within(edge: &Edge, circle: &BTreeMap<String, usize>) -> Option<usize> {
    circle.get(&edge.from).filter(|id| circle.get(&edge.to) == Some(id)).copied()
}

/// The most steps through each circle: those to the farthest part of each of its types.
fn steps_in(edges: &[Edge], circle: &BTreeMap<String, usize>) -> BTreeMap<usize, usize> {
    let mut farthest: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for edge in edges {
        if let Some(id) = within(edge, circle) {
            let (_, most) = farthest.entry(&edge.from).or_insert((id, 0));
            *most = edge.steps.max(*most);
        }
    }
    let mut sums = BTreeMap::new();
    for (id, steps) in farthest.into_values() {
        *sums.entry(id).or_default() += steps;
    }
    sums
}

/// The parts from which the compiler would take too many steps to an end.
fn far_from_end(edges: &[Edge]) -> impl Iterator<Item = &Edge> {
    let circle = circle_of(edges);
    let sums = steps_in(edges, &circle);
    // The types of a circle are as far from an end as the farthest of them, so the circle is one place.
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for name in edges.iter().flat_map(|edge| [edge.from.as_str(), edge.to.as_str()]) {
        // Circles have the lowest numbers. There are at most as many as names.
        let next = 2 * edges.len() + places.len();
        places.entry(name).or_insert(circle.get(name).copied().unwrap_or(next));
    }
    let place = |name: &str| places.get(name).copied().unwrap_or_default();
    let around = |place: usize| sums.get(&place).copied().unwrap_or_default();
    let mut arrivals: BTreeMap<usize, Vec<&Edge>> = BTreeMap::new();
    let mut waits: BTreeMap<usize, usize> = places.values().map(|place| (*place, 0)).collect();
    for edge in edges.iter().filter(|edge| within(edge, &circle).is_none()) {
        arrivals.entry(place(&edge.to)).or_default().push(edge);
        *waits.entry(place(&edge.from)).or_default() += 1;
    }
    let mut known: Vec<usize> = waits.iter().filter(|(_, many)| **many == 0).map(|(place, _)| *place).collect();
    // The steps from each place to its farthest end. Links are counted too. Otherwise one more type at an end would
    // move every link above it.
    let mut to_end: BTreeMap<usize, usize> = BTreeMap::new();
    let mut far: BTreeSet<(&str, usize)> = BTreeSet::new();
    while let Some(target) = known.pop() {
        let beyond = to_end.get(&target).copied().unwrap_or_default() + around(target);
        for edge in arrivals.get(&target).into_iter().flatten() {
            let from = place(&edge.from);
            let steps = edge.steps + beyond;
            let most = to_end.entry(from).or_default();
            *most = steps.max(*most);
            if edge.may_be_link && around(from) + steps > MOST_TO_END {
                far.insert((edge.from.as_str(), edge.part));
            }
            if let Some(many) = waits.get_mut(&from) {
                *many -= 1;
                if *many == 0 {
                    known.push(from);
                }
            }
        }
    }
    edges.iter().filter(move |edge| far.contains(&(edge.from.as_str(), edge.part)))
}
