//! An operation that is being shaped.

use std::collections::BTreeMap;

use crate::document::{Node, Pointer};
use crate::shape::context::Types;
use crate::shape::model::ResponseHeader;
use crate::shape::names;

/// The headers found so far, by name.
pub(in crate::shape) type Headers = BTreeMap<String, ResponseHeader>;

/// An operation that is being shaped.
pub(super) struct Shaping<'a, 'b> {
    pub(super) document: &'a Node,
    pub(super) types: &'a mut Types<'b>,
    pub(super) at: Pointer,
    /// The name stem of the types that are created for this operation.
    pub(super) hint: String,
    pub(super) path: &'a str,
    pub(super) node: &'a Node,
    pub(super) found: &'a mut Headers,
}

/// The name stem for the types of a shared parameter, body or response. It comes from the component's name, not from
/// the first operation that uses the component. `kind` is appended, unless the name already ends with `kind` or
/// `Error`. `None` for a place in an operation.
pub(super) fn component_hint(at: &Pointer, kind: &str) -> Option<String> {
    let tokens = Pointer::split(at.as_str())?;
    let ["components", "parameters" | "requestBodies" | "responses", name, ..] =
        tokens.iter().map(String::as_str).collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let name = names::pascal(name);
    let says_it = name.ends_with(kind) || name.ends_with("Error");
    Some(if says_it { name } else { format!("{name}{kind}") })
}
