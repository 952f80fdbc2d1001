//! Where the things are that are compared, in both documents, and which of them break.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::Pointer;

/// Where the things are that were compared, and which of them break.
#[derive(Default)]
pub(super) struct Trace {
    /// Operations: where they were, and where they are.
    pub(super) operations: BTreeMap<Pointer, Pointer>,
    /// Schemas: where they were, and where they are.
    pub(super) schemas: BTreeSet<(Pointer, Pointer)>,
    /// Places in the old document that were said to break.
    pub(super) broken: BTreeSet<Pointer>,
    /// Components of the old document whose types were said to be called otherwise.
    pub(super) renamed: BTreeSet<Pointer>,
}
