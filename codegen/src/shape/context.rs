//! What is known while types are made: what `types`, `claims` and `unions` share.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::document::{Map, Node, Pointer};
use crate::note::Notes;

use super::model::TypeDef;

/// Which side of the wire a type is for: it decides whether `readOnly` or `writeOnly` properties are part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum View {
    /// What a response holds.
    Read,
    /// What a request holds.
    Write,
}

/// The types that are made, and what is known of the schemas that they are made from.
pub(super) struct Types<'a> {
    pub(super) notes: &'a mut Notes,
    pub(super) schemas: Map,
    /// Component to Rust name.
    pub(super) names: BTreeMap<String, String>,
    /// Components that allow null.
    pub(super) nullables: BTreeSet<String>,
    /// Names of components' types.
    pub(super) given: BTreeSet<String>,
    /// Every name in use.
    pub(super) taken: BTreeSet<String>,
    pub(super) defs: BTreeMap<String, TypeDef>,
    pub(super) queue: VecDeque<(String, View)>,
    pub(super) queued: BTreeSet<(String, View)>,
    /// Components with two views.
    pub(super) twins: BTreeSet<String>,
    /// Components only requests reach.
    pub(super) write_only: BTreeSet<String>,
    /// Inline schemas that share a name given by `x-rust-name`.
    pub(super) shared: BTreeMap<(String, View), (Node, String)>,
    /// Inline schemas by the place they were read at: what one component takes over from another is one type.
    pub(super) inline: HashMap<(Identity, View), (Node, String)>,
    /// What an inline schema's type is named after: the component it stands in, whoever uses it first.
    pub(super) origins: HashMap<Identity, String>,
    /// Flattened schemas whose types are being made, with their names.
    pub(super) open: Vec<(Node, View, String)>,
    /// Components that requests reach.
    pub(super) sent: BTreeSet<String>,
    /// Whether the component that is being made is one of them.
    pub(super) sending: Option<bool>,
    /// Whether null means the same as absent, to all of the service.
    pub(super) null_is_absent: bool,
}

/// Where a schema stands, what to call what it makes, and for which side.
pub(super) struct Place<'a> {
    pub(super) at: &'a Pointer,
    pub(super) name: &'a str,
    /// Whether the name is the schema's own, rather than a suggestion.
    pub(super) exact: bool,
    pub(super) view: View,
}

/// The name of a schema's type.
pub(super) enum Claimed {
    New(String),
    Shared(String),
}

/// The place of a node; see [`crate::document::Span::identity`].
pub(super) type Identity = (usize, u32, u32);
