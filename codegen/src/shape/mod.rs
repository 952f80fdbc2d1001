//! Stage `shape`: a 3.0.3 document to what makes good Rust: names, hoisted inline schemas, read and write views, open
//! enums, kept extras, one error type, and only operations that progenitor can express.

mod all_of;
pub(crate) mod model;
mod names;
mod operations;
mod types;

use crate::document::{Node, Pointer};
use crate::grammar::Object;
use crate::note::Notes;
use model::Api;

pub(crate) use operations::Errors;

/// Shapes a lowered document.
pub(crate) fn shape(document: &Node, errors: Errors, notes: &mut Notes) -> Api {
    let mut types = types::Types::new(document, notes);
    let operations = operations::shape(document, errors, &mut types);
    let info = |key: &str| document.get("info").and_then(|info| info.str(key)).unwrap_or_default().to_owned();
    Api { title: info("title"), version: info("version"), operations, types: types.finish() }
}

/// The component schemas that the objects below a node refer to.
fn schema_references(kind: Object, node: &Node) -> Vec<String> {
    let mut found = Vec::new();
    kind.walk(node, &Pointer::root(), &mut |_, node, _| {
        found.extend(crate::grammar::reference(node).and_then(component_name));
    });
    found
}

/// The name of the component schema a reference points at.
fn component_name(reference: &str) -> Option<String> {
    Pointer::split(reference.strip_prefix("#/components/schemas")?)?.into_iter().next()
}

/// Follows a reference to a parameter, response, request body or header; the node itself if it is not one.
fn resolve<'a>(document: &'a Node, node: &'a Node) -> &'a Node {
    let mut node = node;
    // A chain longer than this is a circle.
    for _ in 0..16 {
        let Some(target) = crate::grammar::reference(node) else { break };
        let Some(found) =
            target.strip_prefix('#').and_then(|pointer| document.pointer(&crate::select::percent_decode(pointer)))
        else {
            break;
        };
        node = found;
    }
    node
}
