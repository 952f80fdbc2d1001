//! The state that `types`, `claims` and `unions` share while they create types.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use crate::document::Pointer;
use crate::note::Notes;
use crate::schema::{Mark, Model, SchemaId};

use super::model::{Constant, TypeDef};

/// The direction in which a type is used. It decides whether the type has the `readOnly` or the `writeOnly` properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum View {
    /// The content of a response.
    Read,
    /// The content of a request.
    Write,
}

impl View {
    /// The keyword that hides a property in this view.
    pub(super) fn hidden(self) -> Mark {
        match self {
            Self::Read => Mark::WriteOnly,
            Self::Write => Mark::ReadOnly,
        }
    }
}

/// Results that are found once.
type Known<K, V> = RefCell<HashMap<K, V>>;

/// The types created so far, and the facts about their schemas.
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
    /// The aliases whose values are secret.
    pub(super) secret_aliases: BTreeSet<String>,
    pub(super) defs: BTreeMap<String, TypeDef>,
    pub(super) queue: VecDeque<(SchemaId, View)>,
    pub(super) queued: BTreeSet<(SchemaId, View)>,
    /// The components with a read view and a write view.
    pub(super) twins: BTreeSet<SchemaId>,
    /// The components that only requests reach.
    pub(super) write_only: BTreeSet<SchemaId>,
    /// The inline schemas that share a name set by `x-rust-name`.
    pub(super) shared: BTreeMap<(String, View), (SchemaId, String)>,
    /// The inline schemas by their place in the document. Components that inherit an inline schema share one type for
    /// it.
    pub(super) inline: HashMap<(Identity, View), (SchemaId, String)>,
    /// The names of the types of schemas that have no place in the document.
    pub(super) made: HashMap<(SchemaId, View), String>,
    /// The origins of inline schemas. They come from the component that contains the schema, not from the first use.
    pub(super) origins: HashMap<Identity, Origin>,
    /// The flattened schemas whose types are being created, with their names.
    pub(super) open: Vec<(SchemaId, View, String)>,
    /// Unions with properties, each with the struct of all its branches.
    pub(super) wide: HashMap<SchemaId, SchemaId>,
    /// The merged schemas of properties beside a union: by the schema's own, those of the branches, and whether each
    /// branch has one.
    pub(super) within: HashMap<(SchemaId, Vec<SchemaId>, bool), SchemaId>,
    /// The number of such unions around the one whose type is being created.
    pub(super) widening: usize,
    /// The components that requests reach.
    pub(super) sent: BTreeSet<SchemaId>,
    /// Whether requests reach the component whose type is being created.
    pub(super) sending: Option<bool>,
    /// Whether null means the same as absent everywhere in this service.
    pub(super) null_is_absent: bool,
    /// Whether each branch is an object or a union with an object.
    pub(super) hold_objects: RefCell<HashMap<SchemaId, bool>>,
    /// The values that a branch allows for each property, by the number of nested unions that may follow.
    pub(super) constants: RefCell<HashMap<(SchemaId, usize), HashMap<String, Constants>>>,
    /// The components that a branch refers to, by the first of them, or by the branch if it does not refer to one itself.
    pub(super) component_names: Known<Result<SchemaId, SchemaId>, Rc<[String]>>,
    /// The values that the mappings within a branch have for a tag.
    pub(super) mapped: Known<(SchemaId, String), Rc<[String]>>,
    /// Whether values of a schema are secrets, by whether it is in a branch and whether branches are checked: see
    /// `is_secret`.
    pub(super) secrets: RefCell<HashMap<(SchemaId, bool, bool), bool>>,
    /// The hashes of the structures of schemas.
    pub(super) fingerprints: RefCell<HashMap<SchemaId, u64>>,
    /// Whether the document is OpenAPI 3.0.
    pub(super) is_3_0: bool,
}

/// The place of a schema, the name for its type, and the view of the type.
pub(super) struct Place<'a> {
    pub(super) at: &'a Pointer,
    pub(super) name: &'a str,
    /// Whether the name is the schema's own. Otherwise it is a suggestion.
    pub(super) exact: bool,
    pub(super) view: View,
}

/// The values that a branch allows for a property.
#[derive(Clone, Debug, Default)]
pub(super) struct Constants {
    /// Each value once.
    pub(super) each: Vec<Constant>,
    /// Whether several of the branch's own branches have the same value.
    pub(super) repeated: bool,
}

/// Where a component contains an inline schema.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The name stem for the type of the schema.
    pub(super) name: String,
    pub(super) at: Pointer,
}

/// The name of a schema's type.
pub(super) enum Claimed {
    New(String),
    Shared(String),
}

/// The place of a node: see [`crate::document::Span::identity`].
pub(super) type Identity = (usize, u32, u32);
