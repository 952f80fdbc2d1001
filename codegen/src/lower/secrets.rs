//! Marks schemas whose values are secret by a keyword that the model does not have as a schema, such as
//! `patternProperties`, so that `Debug` of the generated types does not print them.

mod declared;
mod found;
mod patterns;

use crate::document::{Map, Node, Pointer};
use crate::grammar::Object;
use crate::note::{Kind, Notes, Stage};

pub(super) use found::Secrets;

/// Sets `x-sensitive` on each schema with a secret under such a keyword, and on the properties that the secret is about.
/// References must name components.
pub(super) fn mark(document: &mut Node, notes: &mut Notes) {
    let secrets = Secrets::of(document);
    let mut whole = Vec::new();
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
        if kind == Object::Schema && secrets.is_whole(node) {
            whole.push(at.clone());
        }
    });
    let named = declared::secret(document, &secrets).unwrap_or_else(|| {
        let reason = "too many schemas apply to the same values: `Debug` hides every declared property".to_owned();
        notes.push(Stage::Lower, Kind::Rename, &Pointer::root(), document, reason);
        declared::every(document)
    });
    for at in whole {
        if let Some(node) = document.pointer_mut(at.as_str()) {
            set(node);
        }
    }
    for (at, names) in named {
        let Some(node) = document.pointer_mut(at.as_str()).filter(|node| node.as_object().is_some()) else { continue };
        if node.get("properties").and_then(Node::as_object).is_none() {
            node.set("properties", Map::new());
        }
        let Some(properties) = node.get_mut("properties").and_then(Node::as_object_mut) else { continue };
        for name in names {
            set(properties.entry(name).or_insert_with(|| Node::made(Map::new())));
        }
    }
}

fn set(node: &mut Node) {
    if node.as_bool() == Some(true) {
        node.value = Map::new().into();
    }
    node.set("x-sensitive", true);
}
