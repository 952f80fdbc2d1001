//! The state that `types`, `claims` and `unions` share while types are made.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::document::Pointer;
use crate::note::Notes;
use crate::schema::{Mark, Model, SchemaId};

use super::model::TypeDef;

/// Which side of the wire a type is for. This decides whether it has the `readOnly` or the `writeOnly` properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum View {
    /// The content of a response.
    Read,
    /// The content of a request.
    Write,
}

impl View {
    /// The keyword that hides a property from this side.
    pub(super) fn hidden(self) -> Mark {
        match self {
            Self::Read => Mark::WriteOnly,
            Self::Write => Mark::ReadOnly,
        }
    }
}

/// The types made so far, and the facts about their schemas.
pub(super) struct Types<'a> {
    pub(super) notes: &'a mut Notes,
    pub(super) model: &'a Model,
    /// The Rust name of each component.
    pub(super) names: BTreeMap<SchemaId, String>,
    /// The components that allow null.
    pub(super) nullables: BTreeSet<SchemaId>,
    /// The names of the components' types.
    pub(super) given: BTreeSet<String>,
    /// All names in use.
    pub(super) taken: BTreeSet<String>,
    pub(super) defs: BTreeMap<String, TypeDef>,
    pub(super) queue: VecDeque<(SchemaId, View)>,
    pub(super) queued: BTreeSet<(SchemaId, View)>,
    /// The components with a read view and a write view.
    pub(super) twins: BTreeSet<SchemaId>,
    /// The components that only requests reach.
    pub(super) write_only: BTreeSet<SchemaId>,
    /// The inline schemas that share a name set by `x-rust-name`.
    pub(super) shared: BTreeMap<(String, View), (SchemaId, String)>,
    /// The inline schemas by their place in the document. A schema that one component inherits from another is one
    /// type.
    pub(super) inline: HashMap<(Identity, View), (SchemaId, String)>,
    /// The name stem for an inline schema's type: the component that contains it, whatever uses it first.
    pub(super) origins: HashMap<Identity, String>,
    /// The flattened schemas whose types are being made, with their names.
    pub(super) open: Vec<(SchemaId, View, String)>,
    /// The components that requests reach.
    pub(super) sent: BTreeSet<SchemaId>,
    /// Whether requests reach the component whose type is being made.
    pub(super) sending: Option<bool>,
    /// Whether null means the same as absent everywhere in this service.
    pub(super) null_is_absent: bool,
}

/// Where a schema stands, the name for its type, and the side that the type is for.
pub(super) struct Place<'a> {
    pub(super) at: &'a Pointer,
    pub(super) name: &'a str,
    /// Whether the name is the schema's own. Otherwise it is a suggestion.
    pub(super) exact: bool,
    pub(super) view: View,
}

/// The name of a schema's type.
pub(super) enum Claimed {
    New(String),
    Shared(String),
}

/// The place of a node: see [`crate::document::Span::identity`].
pub(super) type Identity = (usize, u32, u32);
