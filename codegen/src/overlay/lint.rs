//! Checks an overlay by itself: whether it is valid, and whether each action has an effect.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::Diagnostic;
use crate::document::Node;

use super::actions::{Version, actions};
use super::path::parse;

/// What a check of an overlay finds.
#[derive(Debug, Default)]
pub(crate) struct Linted {
    /// What the specification forbids.
    pub(crate) mistakes: Vec<Diagnostic>,
    /// Valid actions without an effect, by their number.
    pub(crate) hints: Vec<(usize, Diagnostic)>,
}

/// The kind of a member's value.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Flag,
    Object,
    Any,
}

/// A member that an object may have, and the version of the specification since which it may.
type Member = (&'static str, Holds, Version);

const ROOT: [Member; 7] = [
    ("overlay", Holds::Text, Version::V1_0),
    ("info", Holds::Object, Version::V1_0),
    ("extends", Holds::Text, Version::V1_0),
    // `actions` checks that it is a list.
    ("actions", Holds::Any, Version::V1_0),
    ("$self", Holds::Text, Version::V1_2),
    ("targetFormat", Holds::Text, Version::V1_2),
    ("components", Holds::Object, Version::V1_2),
];
const INFO: [Member; 3] = [
    ("title", Holds::Text, Version::V1_0),
    ("version", Holds::Text, Version::V1_0),
    ("description", Holds::Text, Version::V1_0),
];
const COMPONENTS: [Member; 1] = [("actions", Holds::Object, Version::V1_2)];
const REUSABLE: [Member; 2] = [("description", Holds::Text, Version::V1_2), ("fields", Holds::Object, Version::V1_2)];
const FIELDS: [Member; 4] = [
    ("description", Holds::Text, Version::V1_0),
    ("update", Holds::Any, Version::V1_0),
    ("remove", Holds::Flag, Version::V1_0),
    ("copy", Holds::Text, Version::V1_1),
];

/// All mistakes in an overlay that do not depend on a document, and hints to actions that do nothing.
pub(crate) fn lint(overlay: &Node) -> Linted {
    let mut found = Linted::default();
    let Some(version) = Version::of(overlay) else {
        // `actions` has the error.
        found.mistakes = actions(overlay).err().map(|error| error.diagnostics().to_vec()).unwrap_or_default();
        return found;
    };
    members("the overlay", overlay, &ROOT, version, &mut found.mistakes);
    let info = overlay.get("info");
    if let Some(info) = info {
        members("`info`", info, &INFO, version, &mut found.mistakes);
    }
    for key in ["title", "version"] {
        if info.and_then(|info| info.get(key)).is_none() {
            let node = info.unwrap_or(overlay);
            let message = format!("the overlay has no `info.{key}`, which the specification requires");
            found.mistakes.push(Diagnostic::new(message).at(&node.span));
        }
    }
    if let Some(components) = overlay.get("components") {
        reusable(components, version, &mut found.mistakes);
    }
    match actions(overlay) {
        Err(error) => found.mistakes.extend(error.diagnostics().iter().cloned()),
        Ok(list) => {
            let written = overlay.get("actions").and_then(Node::as_array).unwrap_or_default();
            let mut first_of = HashMap::new();
            for (index, (action, own)) in list.into_iter().zip(written).enumerate() {
                let first = *first_of.entry(own.canonical()).or_insert(index);
                if first < index {
                    let message = format!("overlay action {}: it is the same as action {}", index + 1, first + 1);
                    found.mistakes.push(Diagnostic::new(message).at(&own.span));
                }
                match action {
                    Ok(action) => check(&action, index + 1, version, &mut found),
                    Err(diagnostic) => found.mistakes.push(diagnostic),
                }
            }
        }
    }
    // Two checks may find the same.
    let mut seen = HashSet::new();
    found.mistakes.retain(|mistake| seen.insert(mistake.to_string()));
    found
}

/// Checks the members of an object: their names, and the kinds of their values.
fn members(what: &str, node: &Node, known: &[Member], version: Version, mistakes: &mut Vec<Diagnostic>) {
    let Some(object) = node.as_object() else {
        // The check of the member around it has reported it.
        return;
    };
    for (key, value) in object.iter().filter(|(key, _)| !key.starts_with("x-")) {
        let known = known.iter().find(|(name, ..)| name == key);
        let Some((_, holds, _)) = known.filter(|(.., since)| *since <= version) else {
            let message = format!("{what} has no `{key}` in Overlay {version}");
            let diagnostic = Diagnostic::new(message).at(&value.span);
            mistakes.push(match known {
                Some((.., since)) => diagnostic.help(format!("write `overlay: {since}.0`, which has it")),
                None => diagnostic.help("correct the name, or begin it with `x-`"),
            });
            continue;
        };
        let (fits, expected) = match holds {
            Holds::Text => (value.as_str().is_some(), "a text"),
            Holds::Flag => (value.as_bool().is_some(), "`true` or `false`"),
            Holds::Object => (value.as_object().is_some(), "an object"),
            Holds::Any => (true, ""),
        };
        if !fits {
            mistakes.push(Diagnostic::new(format!("{what}: `{key}` is not {expected}")).at(&value.span));
        }
    }
}

fn reusable(components: &Node, version: Version, mistakes: &mut Vec<Diagnostic>) {
    members("`components`", components, &COMPONENTS, version, mistakes);
    for (name, action) in components.get("actions").and_then(Node::as_object).into_iter().flatten() {
        let what = format!("the reusable action `{name}`");
        if action.as_object().is_none() {
            mistakes.push(Diagnostic::new(format!("{what} is not an object")).at(&action.span));
        }
        members(&what, action, &REUSABLE, version, mistakes);
        if let Some(fields) = action.get("fields") {
            members(&format!("`fields` of {what}"), fields, &FIELDS, version, mistakes);
            paths(&what, fields, &["copy"], mistakes);
        }
    }
}

/// Checks the JSONPaths of an action.
fn paths(what: &str, action: &Node, keys: &[&str], mistakes: &mut Vec<Diagnostic>) {
    for node in keys.iter().filter_map(|key| action.get(key)) {
        let Some(path) = node.as_str() else { continue };
        if let Err(error) = parse(path) {
            let help = "RFC 9535 is the syntax: quote names with dots, as in $.paths['/a.b']";
            let message = format!("{what}: `{path}` is not a JSONPath: {error}");
            mistakes.push(Diagnostic::new(message).at(&node.span).help(help));
        }
    }
}

/// Checks one action, with the fields of the reusable action that it refers to.
fn check(action: &Node, number: usize, version: Version, found: &mut Linted) {
    let what = format!("overlay action {number}");
    if action.as_object().is_none() {
        found.mistakes.push(Diagnostic::new(format!("{what}: it is not an object")).at(&action.span));
        return;
    }
    let known: Vec<Member> = FIELDS.into_iter().chain([("target", Holds::Text, Version::V1_0)]).collect();
    members(&what, action, &known, version, &mut found.mistakes);
    if action.get("target").is_none() {
        found.mistakes.push(Diagnostic::new(format!("{what}: it has no `target`")).at(&action.span));
    }
    paths(&what, action, &["target", "copy"], &mut found.mistakes);
    let (update, copy) = (action.get("update"), action.get("copy"));
    let without_effect = match (update, copy, action.is_true("remove")) {
        (None, None, false) => Some(("it has neither `update`, `copy` nor `remove: true`", action, None)),
        (Some(beside), _, true) | (None, Some(beside), true) => {
            Some(("it has `remove: true`, so the members beside it have no effect", beside, None))
        }
        (Some(_), Some(copy), false) => {
            let help = "write two actions, in the intended order";
            Some(("it has both `update` and `copy`, so neither has an effect", copy, Some(help)))
        }
        _ => None,
    };
    let Some((message, node, help)) = without_effect else { return };
    let diagnostic = Diagnostic::new(format!("{what}: {message}")).at(&node.span);
    let diagnostic = match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    };
    // Only 1.1 forbids such members beside each other.
    if version == Version::V1_1 && (update.is_some() || copy.is_some()) {
        found.mistakes.push(diagnostic);
    } else {
        found.hints.push((number, diagnostic));
    }
}
