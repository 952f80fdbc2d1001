//! The compared places in both documents, and which of them break.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::Pointer;

/// The compared places, and which of them break.
#[derive(Default)]
pub(super) struct Trace {
    /// The place of each operation in the old document and in the new one.
    pub(super) operations: BTreeMap<Pointer, Pointer>,
    /// The places of each schema in the old document and in the new one.
    pub(super) schemas: BTreeSet<(Pointer, Pointer)>,
    /// The places in the old document with a reported break.
    pub(super) broken: BTreeSet<Pointer>,
    /// The components of the old document whose types have a reported new name.
    pub(super) renamed: BTreeSet<Pointer>,
}
