//! Stage `overlay`: applies OpenAPI Overlays (1.0, 1.1 and 1.2) with JSONPath (RFC 9535). An action without an effect
//! is an error.
//!
//! It is stricter than the specification in two ways, because a client whose overlay silently stopped working is
//! silently wrong. An action that changes nothing is an error, and so is a description of a property or response that
//! the document no longer has. [`Strictness::Lenient`] allows both, for overlays by others, and writes notes instead.

mod actions;
#[cfg(feature = "commands")]
mod compare;
#[cfg(feature = "commands")]
mod lint;
mod path;

use std::collections::HashSet;
use std::fmt;

use crate::diagnostic::{Diagnostic, Error};
use crate::document::{Node, Pointer, Span, Value};
use crate::grammar::{self, Object};
use crate::note::{Kind, Notes, Stage};
use crate::plain::plain;

#[cfg(feature = "commands")]
pub(crate) use compare::{actions as comparison, update};
#[cfg(feature = "commands")]
pub(crate) use lint::lint;
#[cfg(feature = "commands")]
pub(crate) use path::step;

use actions::{ADDS, actions};
use path::{is_path, locate};

/// The treatment of an action without an effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// An error.
    #[default]
    Strict,
    /// A note.
    Lenient,
}

/// The reason why an action was not applied.
enum Fault {
    /// It changes nothing, which the specification allows.
    WithoutEffect(Diagnostic),
    /// It is invalid, or does not fit its target.
    Wrong(Diagnostic),
}

impl From<Diagnostic> for Fault {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Wrong(diagnostic)
    }
}

/// Applies an overlay to a document.
///
/// # Errors
/// If the document is not an overlay; or if actions are malformed, do not fit their targets, or have no effect although
/// an effect is required. All of these actions are listed, each with its number, file and line.
pub(crate) fn apply(
    document: &mut Node,
    overlay: &Node,
    strictness: Strictness,
    notes: &mut Notes,
) -> Result<(), Error> {
    let mut diagnostics = Vec::new();
    let mut without_effect = |diagnostic: Diagnostic, node: &Node, at: &Pointer| match strictness {
        Strictness::Strict => Some(diagnostic),
        Strictness::Lenient => {
            notes.push(Stage::Overlay, Kind::Skip, at, node, diagnostic.message());
            None
        }
    };
    for (index, action) in actions(overlay)?.into_iter().enumerate() {
        let action = match action {
            Ok(action) => action,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                continue;
            }
        };
        match perform(document, &action, index + 1) {
            Ok(()) => {}
            Err(Fault::Wrong(diagnostic)) => diagnostics.push(diagnostic),
            Err(Fault::WithoutEffect(diagnostic)) => {
                let at = Pointer::root().join("actions").join(index);
                diagnostics.extend(without_effect(diagnostic, &action, &at));
            }
        }
    }
    for (diagnostic, node) in stale_prose(document, overlay)? {
        diagnostics.extend(without_effect(diagnostic, &node, &Pointer::root()));
    }
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics.into()) }
}

/// One action of an overlay, and its effect on a document.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Action {
    /// The number in the overlay, counted from 1.
    pub number: usize,
    /// The JSONPath; empty if the action has none.
    pub target: String,
    /// The place in the overlay's file.
    pub span: Span,
    /// The effect.
    pub effect: Effect,
}

/// The effect of an overlay's action on a document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The document changed.
    Applied,
    /// The document already has everything that the action would add. Upstream has fixed the mistake.
    AlreadySo,
    /// The target is not in the document. Upstream may have removed it already.
    Unmatched,
    /// The action is malformed, or does not fit its target, for this reason.
    Refused(String),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, target, span, effect } = self;
        let target = plain(target);
        write!(f, "overlay action {number} ({span}): ")?;
        match effect {
            Effect::Applied => write!(f, "`{target}` is changed"),
            Effect::AlreadySo => {
                write!(f, "the document already has what this adds to `{target}`: delete the action")
            }
            Effect::Unmatched => write!(f, "`{target}` matches nothing: correct the target or delete the action"),
            Effect::Refused(reason) => f.write_str(&plain(reason)),
        }
    }
}

/// Applies the actions that fit, leaves out descriptions of missing things, and returns the effect of each action.
///
/// # Errors
/// If the document is not an overlay.
pub(crate) fn inspect(document: &mut Node, overlay: &Node) -> Result<Vec<Action>, Error> {
    let mut inspected = Vec::new();
    for (index, action) in actions(overlay)?.into_iter().enumerate() {
        let number = index + 1;
        let action = match action {
            Ok(action) => action,
            Err(diagnostic) => {
                let span = diagnostic.span().cloned().unwrap_or_else(Span::none);
                let effect = Effect::Refused(diagnostic.message().to_owned());
                inspected.push(Action { number, target: String::new(), span, effect });
                continue;
            }
        };
        let target = action.str("target").unwrap_or_default().to_owned();
        let found = locate(document, &target).unwrap_or_default();
        let already = |update: &Node| {
            found.iter().all(|place| document.pointer(place.as_str()).is_some_and(|node| says(node, update)))
        };
        // `perform` refuses a target that is not a JSONPath.
        let effect = if found.is_empty() && is_path(&target) {
            Effect::Unmatched
        } else if !action.is_true("remove")
            && !found.is_empty()
            && action.get("copy").is_none()
            && action.get("update").is_some_and(already)
        {
            Effect::AlreadySo
        } else {
            match perform(document, &action, number) {
                Ok(()) => Effect::Applied,
                Err(Fault::Wrong(diagnostic) | Fault::WithoutEffect(diagnostic)) => {
                    Effect::Refused(diagnostic.message().to_owned())
                }
            }
        };
        inspected.push(Action { number, target, span: action.span.clone(), effect });
    }
    if let Some(file) = overlay.span.file() {
        prune(document, file, &added(overlay)?);
    }
    Ok(inspected)
}

/// Whether a node already has everything that an update would add.
fn says(node: &Node, update: &Node) -> bool {
    match (&node.value, &update.value) {
        (Value::Object(map), Value::Object(more)) => {
            more.iter().all(|(key, value)| map.get(key).is_some_and(|own| says(own, value)))
        }
        (Value::Array(items), Value::Array(more)) => more.iter().all(|item| items.contains(item)),
        (Value::Array(items), _) => items.contains(update),
        (own, value) => own == value,
    }
}

/// Removes the nodes that an overlay created with descriptions only. Returns whether this node is one of them.
fn prune(node: &mut Node, file: &str, added: &Places) -> bool {
    let made = node.span.file() == Some(file) && !is_among(node, added);
    if made && is_whole(node) {
        return false;
    }
    match &mut node.value {
        Value::Object(map) => {
            let before = map.len();
            map.retain(|_, child| !prune(child, file, added));
            let words = |(key, value): (&String, &Node)| {
                (grammar::is_annotation(key) || key == "summary") && value.as_object().is_none()
            };
            made && before > 0 && map.iter().all(words)
        }
        Value::Array(items) => {
            for item in items {
                prune(item, file, added);
            }
            false
        }
        _ => false,
    }
}

fn perform(document: &mut Node, action: &Node, number: usize) -> Result<(), Fault> {
    let wrong =
        |message: String, node: &Node| Diagnostic::new(format!("overlay action {number}: {message}")).at(&node.span);
    let Some(target) = action.get("target") else {
        return Err(wrong("it has no `target`".to_owned(), action).into());
    };
    let Some(path) = target.as_str() else {
        return Err(wrong("its `target` is not a string".to_owned(), target).into());
    };
    let found = locate(document, path).map_err(|error| {
        wrong(format!("`{path}` is not a JSONPath: {error}"), target)
            .help("RFC 9535 is the syntax: quote names with dots, as in $.paths['/a.b']")
    })?;
    if found.is_empty() {
        return Err(Fault::WithoutEffect(
            wrong(format!("`{path}` matches nothing"), target)
                .help("the document has changed, or the path is misspelt: correct the target or delete the action"),
        ));
    }
    if action.is_true("remove") {
        if found.iter().any(|place| place.as_str().is_empty()) {
            return Err(wrong("it removes the whole document".to_owned(), target).into());
        }
        // From the last to the first, so that a removal does not move the remaining places.
        let mut places: Vec<Vec<String>> = found.iter().filter_map(|place| Pointer::split(place.as_str())).collect();
        let natural = |token: &String| (token.parse::<usize>().unwrap_or(usize::MAX), token.clone());
        places.sort_by_key(|tokens| tokens.iter().map(natural).collect::<Vec<_>>());
        places
            .iter()
            .rev()
            .for_each(|tokens| remove(document, &tokens.iter().fold(Pointer::root(), Pointer::join_token)));
        return Ok(());
    }
    let value = match (action.get("copy"), action.get("update")) {
        // By the specification each has no effect beside the other, so the action would do nothing.
        (Some(copy), Some(_)) => {
            let message = "it has both `update` and `copy`, so neither has an effect".to_owned();
            let help = "write two actions, in the intended order";
            return Err(Fault::WithoutEffect(wrong(message, copy).help(help)));
        }
        (Some(copy), None) => {
            let from = copy.as_str().ok_or_else(|| wrong("its `copy` is not a string".to_owned(), copy))?;
            let sources =
                locate(document, from).map_err(|error| wrong(format!("`{from}` is not a JSONPath: {error}"), copy))?;
            match sources.as_slice() {
                [one] => document.pointer(one.as_str()).cloned().unwrap_or_else(|| Node::made(Value::Null)),
                other => {
                    let message = format!("`copy` must select one node, `{from}` selects {}", other.len());
                    return Err(wrong(message, copy).into());
                }
            }
        }
        (None, Some(update)) => update.clone(),
        (None, None) => {
            let message = "it has neither `update`, `copy` nor `remove: true`".to_owned();
            return Err(Fault::WithoutEffect(wrong(message, action)));
        }
    };
    // All targets are checked before one is changed: an action is applied completely or not at all.
    let kinds: Vec<&str> = found.iter().filter_map(|place| document.pointer(place.as_str())).map(kind).collect();
    if kinds.iter().any(|kind| *kind != kinds[0]) {
        let message = format!("`{path}` selects {}; one action changes nodes of one kind", kinds.join(", "));
        return Err(wrong(message, target).into());
    }
    for place in &found {
        let Some(node) = document.pointer_mut(place.as_str()) else { continue };
        match (&mut node.value, &value.value) {
            (Value::Object(_), Value::Object(_)) => {
                merge(node, &value).map_err(|(at, ours, theirs)| {
                    let message = format!("`{}` is {ours} in the document and {theirs} in the update", at.last());
                    wrong(message, &value).help("remove the old value first, in a separate action")
                })?;
            }
            (Value::Object(_), _) => {
                let message = format!("`{path}` selects an object, so the update must be an object");
                return Err(wrong(message, action).into());
            }
            (Value::Array(items), Value::Array(more)) => items.extend(more.iter().cloned()),
            (Value::Array(items), _) => items.push(value.clone()),
            (_, Value::Object(_) | Value::Array(_)) => {
                let message = format!("`{path}` selects a primitive value, which only a primitive can replace");
                return Err(wrong(message, action).into());
            }
            _ => *node = value.clone(),
        }
    }
    Ok(())
}

/// The kind of a node, by the specification's terms.
fn kind(node: &Node) -> &'static str {
    match node.value {
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        _ => "a primitive value",
    }
}

/// The merge rule of the specification: objects by member, arrays end to end, primitives replaced, nothing else.
fn merge(target: &mut Node, update: &Node) -> Result<(), (Pointer, &'static str, &'static str)> {
    fn at(target: &mut Node, update: &Node, here: &Pointer) -> Result<(), (Pointer, &'static str, &'static str)> {
        let kinds = (kind(target), kind(update));
        match (&mut target.value, &update.value) {
            (Value::Object(map), Value::Object(more)) => {
                for (key, value) in more {
                    match map.get_mut(key) {
                        Some(existing) => at(existing, value, &here.join(key))?,
                        None => drop(map.insert(key.clone(), value.clone())),
                    }
                }
            }
            (Value::Array(items), Value::Array(more)) => items.extend(more.iter().cloned()),
            _ if kinds.0 == kinds.1 => *target = update.clone(),
            _ => return Err((here.clone(), kinds.0, kinds.1)),
        }
        Ok(())
    }
    // Merged into a copy, so that an error leaves nothing half-merged.
    let mut merged = target.clone();
    at(&mut merged, update, &Pointer::root())?;
    *target = merged;
    Ok(())
}

fn remove(document: &mut Node, place: &Pointer) {
    let Some((parent, _)) = place.as_str().rsplit_once('/') else { return };
    let key = place.last();
    match document.pointer_mut(parent).map(|node| &mut node.value) {
        Some(Value::Object(map)) => drop(map.shift_remove(&key)),
        Some(Value::Array(items)) => {
            if let Some(index) = key.parse::<usize>().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

/// Whether an object that an overlay created is not only a description of something: it has a member of its own that
/// is neither a description nor an object, such as the `operationId` of an operation. It is new as a whole.
fn is_whole(node: &Node) -> bool {
    let says = |(key, value): (&String, &Node)| {
        !grammar::is_annotation(key) && key != "summary" && value.as_object().is_none()
    };
    node.as_object().is_some_and(|map| map.iter().any(says))
}

/// By the merge rule, an update that describes something missing creates it: a schema or response with a description
/// only. Such a description is outdated, and not intended.
fn stale_prose(document: &Node, overlay: &Node) -> Result<Vec<(Diagnostic, Node)>, Error> {
    let added = added(overlay)?;
    let mut found = Vec::new();
    let mut whole: Option<Pointer> = None;
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, pointer| {
        if whole.as_ref().is_some_and(|whole| pointer.is_within(whole)) {
            return;
        }
        let Some(map) = node.as_object() else { return };
        let made_here =
            node.span.file().is_some() && node.span.file() == overlay.span.file() && !is_among(node, &added);
        let checked = matches!(kind, Object::Schema | Object::Response | Object::Operation | Object::Parameter);
        if made_here && is_whole(node) {
            whole = Some(pointer.clone());
            return;
        }
        if made_here
            && checked
            && !map.is_empty()
            && map.keys().all(|key| grammar::is_annotation(key) || key == "summary")
        {
            let message =
                format!("the overlay describes `{}`, which the document does not have ({pointer})", pointer.last());
            let help =
                "delete the description, or correct its name; if it is intended, add `x-adds: true` to the action";
            found.push((Diagnostic::new(message).at(&node.span).help(help), node.clone()));
        }
    });
    Ok(found)
}

/// Places in files, each as [`Span::identity`] has it.
type Places = HashSet<(usize, u32, u32)>;

fn is_among(node: &Node, places: &Places) -> bool {
    node.span.identity().is_some_and(|place| places.contains(&place))
}

/// The additions of the actions with `x-adds: true`, with everything below them.
fn added(overlay: &Node) -> Result<Places, Error> {
    fn collect(node: &Node, places: &mut Places) {
        places.extend(node.span.identity());
        node.as_object().into_iter().flatten().for_each(|(_, child)| collect(child, places));
        node.as_array().into_iter().flatten().for_each(|item| collect(item, places));
    }
    let mut places = Places::new();
    for action in actions(overlay)?.into_iter().flatten().filter(|action| action.is_true(ADDS)) {
        action.get("update").into_iter().for_each(|update| collect(update, &mut places));
    }
    Ok(places)
}

#[cfg(test)]
mod tests;
