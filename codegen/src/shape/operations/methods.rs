//! Names of methods, and their groups.

use std::collections::{BTreeMap, BTreeSet};

use crate::calls::Calls;

use super::names;

/// Names of functions that every client has.
const TAKEN: [&str; 4] = ["builder", "over", "clone", "fmt"];

/// Names of modules that the requests without a group import into the module of the groups.
const IMPORTED: [&str; 2] = ["raw", "types"];

/// The name of a method, and its group.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) group: Option<String>,
    pub(super) name: String,
    /// The name stem of the types that are created for the operation. It is unique in the document.
    pub(super) hint: String,
}

/// The descriptions of the document's tags, by the group that they name.
pub(in crate::shape) fn groups(calls: &Calls) -> BTreeMap<String, String> {
    let said = calls.tags.iter().filter_map(|tag| {
        let parts: Vec<&str> =
            [&tag.summary, &tag.description].into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        (!parts.is_empty()).then(|| (names::snake(&tag.name), parts.join("\n\n")))
    });
    said.collect()
}

/// Names of the operations, by path and HTTP method.
///
/// The group is `x-rust-group`, `x-speakeasy-group`, the first tag, or the part of the operationId before its last `.`
/// or `/`. The name is `x-rust-name`, `x-speakeasy-name-override`, or the last part of the operationId. If two names in
/// a group are equal, each becomes a longer part of the operationId, or is built from the method and the path.
pub(super) fn methods(calls: &Calls) -> BTreeMap<(String, String), Named> {
    let mut operations = Vec::new();
    for (item, call) in calls.operations() {
        let (path, method, hints) = (&item.name, &call.method, &call.hints);
        let id = call.id.as_deref();
        let parts: Vec<&str> = id.into_iter().flat_map(|id| id.split(['.', '/'])).collect();
        let (last, prefix) = match parts.split_last() {
            Some((last, before)) => (Some(*last), before.last().copied()),
            None => (None, None),
        };
        let given = hints.group.as_deref().or(hints.other_group.as_deref());
        let group = given
            .or(call.tags.first().map(String::as_str))
            .or(prefix)
            .map(str::trim)
            .filter(|group| !group.is_empty())
            .map(names::snake);
        let place = names::snake(&format!("{method} {}", path.replace(['{', '}'], " ")));
        let short = hints.other_name.as_deref().or(last);
        let mut options: Vec<String> = hints.name.as_deref().map(names::snake).into_iter().collect();
        if let Some(short) = short {
            options.push(names::snake(short));
            options.extend(prefix.map(|prefix| names::snake(&format!("{prefix} {short}"))));
        }
        options.extend(id.map(names::snake));
        options.push(place.clone());
        options.push(names::snake(&format!("{place} operation")));
        options.retain(|name| group.is_some() || !TAKEN.contains(&name.as_str()));
        operations.push(((path.clone(), method.clone()), group, options));
    }
    // The accessor of a group must not have the name of a method without a group, and its module must not have the name
    // of a request, which is the same for a word without cases.
    let alone = operations.iter().filter(|(_, group, _)| group.is_none()).filter_map(|(.., it)| it.first());
    let alone: BTreeSet<String> = alone.flat_map(|name| [name.clone(), names::pascal(name)]).collect();
    for (_, group, _) in &mut operations {
        let is_taken = |name: &str| {
            TAKEN.contains(&name) || alone.contains(name) || (!alone.is_empty() && IMPORTED.contains(&name))
        };
        while let Some(name) = group.as_mut().filter(|name| is_taken(name)) {
            *name = format!("{}_group", name.trim_end_matches('_'));
        }
    }
    let keys: Vec<(Option<String>, Vec<String>)> =
        operations.iter().map(|(_, group, options)| (group.clone(), options.clone())).collect();
    let chosen = distinct(&keys, names::request);
    // The types of all groups are in one module.
    let hints: Vec<(Option<String>, Vec<String>)> = operations
        .iter()
        .zip(&chosen)
        .map(|((key, group, _), name)| {
            let place = names::snake(&format!("{} {}", key.1, key.0.replace(['{', '}'], " ")));
            let grouped = group.as_ref().map(|group| names::snake(&format!("{group} {name}")));
            (None, [Some(name.clone()), grouped, Some(place)].into_iter().flatten().collect())
        })
        .collect();
    let hints = distinct(&hints, names::pascal);
    operations
        .into_iter()
        .zip(chosen.into_iter().zip(hints))
        .map(|((key, group, _), (name, hint))| (key, Named { group, name, hint }))
        .collect()
}

/// For each entry, the first option whose type no other entry of its group has. All entries that share one change to
/// their next option together, so the order does not matter.
fn distinct(entries: &[(Option<String>, Vec<String>)], ty: fn(&str) -> String) -> Vec<String> {
    let mut level = vec![0_usize; entries.len()];
    let option = |index: usize, level: usize| entries[index].1.get(level).map_or("operation", String::as_str);
    loop {
        let mut by_name: BTreeMap<(&Option<String>, String), Vec<usize>> = BTreeMap::new();
        for (index, (group, _)) in entries.iter().enumerate() {
            by_name.entry((group, ty(option(index, level[index])))).or_default().push(index);
        }
        let mut moved = false;
        for index in by_name.into_values().filter(|indexes| indexes.len() > 1).flatten() {
            if level[index] + 1 < entries[index].1.len() {
                level[index] += 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    let mut taken = BTreeSet::new();
    entries
        .iter()
        .enumerate()
        .map(|(index, (group, _))| {
            let mut name = option(index, level[index]).to_owned();
            while !taken.insert((group, ty(&name))) {
                name = format!("{}_again", name.trim_end_matches('_'));
            }
            name
        })
        .collect()
}
