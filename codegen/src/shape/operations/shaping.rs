//! An operation that is being shaped.

use std::collections::{BTreeMap, BTreeSet};

use crate::calls::Operation;
use crate::document::Pointer;
use crate::shape::context::Types;
use crate::shape::model::ResponseHeader;
use crate::shape::names;

/// The headers found so far, by name.
#[derive(Default)]
pub(in crate::shape) struct Headers {
    by_wire: BTreeMap<String, ResponseHeader>,
    /// The names of the constants in use.
    names: BTreeSet<String>,
}

impl Headers {
    pub(super) fn get_mut(&mut self, wire: &str) -> Option<&mut ResponseHeader> {
        self.by_wire.get_mut(wire)
    }

    /// Adds a header. Two names may differ only in characters that no Rust name has, so the name may get a suffix.
    pub(super) fn add(&mut self, mut header: ResponseHeader) -> String {
        while !self.names.insert(header.name.clone()) {
            header.name.push_str("_HEADER");
        }
        let name = header.name.clone();
        self.by_wire.insert(header.wire.clone(), header);
        name
    }

    pub(in crate::shape) fn into_values(self) -> impl Iterator<Item = ResponseHeader> {
        self.by_wire.into_values()
    }
}

/// An operation that is being shaped.
pub(super) struct Shaping<'a, 'b> {
    pub(super) types: &'a mut Types<'b>,
    /// The name stem of the types that are created for this operation.
    pub(super) hint: String,
    pub(super) path: &'a str,
    pub(super) call: &'a Operation,
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
