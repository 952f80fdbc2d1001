//! Dynamic references (JSON Schema 2020-12, 8.2.3.2): a schema is copied for each dynamic scope that changes its meaning.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// The targets of dynamic references in a dynamic scope, by the names of their anchors.
pub(super) type Scope = BTreeMap<String, String>;

/// The maximum number of copies. Schemas that refer to each other can be in as many scopes as their anchors have
/// combinations.
const MOST: usize = 200;
/// The maximum number of schemas and references that are visited to find what depends on a dynamic scope.
const MOST_VISITED: usize = 5_000_000;

/// What a schema has itself, without what its references lead to.
#[derive(Default)]
pub(super) struct Near {
    /// The names of its dynamic references.
    pub(super) named: BTreeSet<String>,
    /// The dynamic anchors of its resources, each with its place.
    pub(super) anchors: BTreeSet<(String, String)>,
    /// The targets of its references.
    pub(super) targets: BTreeSet<String>,
}

/// The copies so far.
#[derive(Default)]
pub(super) struct Copies {
    /// The name of the copy of each schema in each scope.
    names: BTreeMap<(String, Scope), String>,
    /// The scope of each copy, by its name.
    scopes: HashMap<String, Scope>,
    /// The names of dynamic references that are reached from each schema, with the places of their anchors.
    pub(super) reached: HashMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// What each schema has itself.
    pub(super) near: HashMap<String, Rc<Near>>,
    /// The number of schemas and references that were visited for it.
    pub(super) visited: usize,
    /// Whether a limit is reached. After that, no scope is read.
    pub(super) is_over: bool,
}

impl Copies {
    /// The dynamic scope of a component; an empty one if it is not a copy.
    pub(super) fn scope(&self, component: &str) -> Scope {
        self.scopes.get(component).cloned().unwrap_or_default()
    }

    /// Whether more schemas may be visited.
    pub(super) fn has_time(&self) -> bool {
        self.visited < MOST_VISITED
    }

    /// The copy of a schema for a scope: its name, and whether it is new, with the name that was suggested. `None` if
    /// there are too many.
    pub(super) fn of(&mut self, pointer: &str, scope: Scope, suggested: String) -> Option<(String, bool)> {
        let key = (pointer.to_owned(), scope);
        if let Some(name) = self.names.get(&key) {
            return Some((name.clone(), false));
        }
        if self.names.len() == MOST {
            return None;
        }
        self.scopes.insert(suggested.clone(), key.1.clone());
        self.names.insert(key, suggested.clone());
        Some((suggested, true))
    }
}
