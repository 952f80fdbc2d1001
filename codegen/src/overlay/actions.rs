//! The actions of an overlay, with reusable actions inserted.

use std::borrow::Cow;
use std::fmt;

use crate::diagnostic::{Diagnostic, Error};
use crate::document::{Map, Node, Pointer};

/// The member of an action that describes something which the document does not have, on purpose.
pub(super) const ADDS: &str = "x-adds";

/// The actions of an overlay in order. An invalid action is a diagnostic.
///
/// # Errors
/// If the document is not an overlay.
pub(super) fn actions(overlay: &Node) -> Result<Vec<Result<Cow<'_, Node>, Diagnostic>>, Error> {
    let Some(version) = Version::of(overlay) else {
        return Err(Diagnostic::new("not an OpenAPI Overlay 1.0, 1.1 or 1.2")
            .at(&overlay.get("overlay").unwrap_or(overlay).span)
            .help("an overlay begins with `overlay: 1.2.0`")
            .into());
    };
    if let Some(components) = overlay.get("components").filter(|_| version < Version::V1_2) {
        return Err(later("the overlay", "components", version, Version::V1_2).at(&components.span).into());
    }
    // Both keys name documents, without a fragment (Overlay 1.2, "Resolving URI Fragments").
    for key in ["$self", "extends"] {
        if let Some(node) = overlay.get(key)
            && node.as_str().is_none_or(|text| text.contains('#'))
        {
            return Err(Diagnostic::new(format!("`{key}` of the overlay is not the URI of a document"))
                .at(&node.span)
                .help("a document has a URI without a `#`")
                .into());
        }
    }
    let Some(actions) = overlay.get("actions").and_then(Node::as_array) else {
        return Err(Diagnostic::new("the overlay has no list of `actions`").at(&overlay.span).into());
    };
    if actions.is_empty() {
        return Err(Diagnostic::new("the overlay's list of `actions` is empty").at(&overlay.span).into());
    }
    Ok(actions.iter().enumerate().map(|(index, action)| whole(overlay, version, action, index + 1)).collect())
}

/// A version of the specification. Each has what those before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V1_0,
    V1_1,
    V1_2,
}

impl Version {
    /// The version of an overlay; `None` if there is none of that number.
    pub(super) fn of(overlay: &Node) -> Option<Self> {
        let (version, patch) = overlay.str("overlay")?.rsplit_once('.')?;
        let is_number = !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit());
        let known = [Self::V1_0, Self::V1_1, Self::V1_2];
        known.into_iter().find(|known| is_number && known.to_string() == version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        })
    }
}

/// The error for a member that only a later version has.
fn later(what: &str, key: &str, version: Version, since: Version) -> Diagnostic {
    let help = format!("write `overlay: {since}.0`, which has it");
    Diagnostic::new(format!("{what} has no `{key}` in Overlay {version}")).help(help)
}

/// An action with the fields of the reusable action that it refers to. Its own fields take precedence.
fn whole<'a>(
    overlay: &'a Node,
    version: Version,
    action: &'a Node,
    number: usize,
) -> Result<Cow<'a, Node>, Diagnostic> {
    for (key, since) in [("copy", Version::V1_1), ("$ref", Version::V1_2)] {
        if let Some(node) = action.get(key).filter(|_| version < since) {
            return Err(later(&format!("overlay action {number}"), key, version, since).at(&node.span));
        }
    }
    let Some(reference) = action.get("$ref") else { return Ok(Cow::Borrowed(action)) };
    let wrong = |message: &str, node: &Node, help: &str| {
        Diagnostic::new(format!("overlay action {number}: {message}")).at(&node.span).help(help)
    };
    let text = reference.as_str().unwrap_or_default();
    let escaped = |name: &&str| name.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let name = text.strip_prefix("#/components/actions/").filter(escaped);
    let tokens = name.and_then(|_| Pointer::split(text.get(1..)?));
    let Some([_, _, name]) = tokens.as_deref() else {
        let help = "`#/components/actions/NAME`, with `~1` for a `/` in the name and `~0` for a `~`";
        return Err(wrong(&format!("`{text}` does not refer to a reusable action"), reference, help));
    };
    let found = overlay.get("components").and_then(|it| it.get("actions")).and_then(|it| it.get(name));
    let Some(reusable) = found else {
        let help = "add it to the overlay's `components.actions`, or correct the name";
        return Err(wrong(&format!("the overlay has no reusable action `{name}`"), reference, help));
    };
    let beside = action.as_object().into_iter().flatten();
    let other = beside
        .clone()
        .find(|(key, _)| !matches!(key.as_str(), "$ref" | "target" | "description") && !key.starts_with("x-"));
    if let Some((key, node)) = other {
        let help = "a reference has only its own `target` and `description`";
        return Err(wrong(&format!("it has `{key}` beside `$ref`"), node, help));
    }
    let fields = reusable.get("fields").and_then(Node::as_object);
    if let Some(target) = fields.and_then(|fields| fields.get("target")) {
        let help = "write it beside each `$ref`";
        return Err(wrong(&format!("the reusable action `{name}` has a `target`"), target, help));
    }
    let mut map: Map = fields.cloned().unwrap_or_default();
    map.extend(beside.filter(|(key, _)| *key != "$ref").map(|(key, node)| (key.clone(), node.clone())));
    Ok(Cow::Owned(Node::at(map, &action.span)))
}
