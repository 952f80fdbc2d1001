//! Finds schemas by names other than their places: `$id`, and `$anchor` within the resource of an `$id`.

use std::collections::{HashMap, HashSet};

use super::dynamic::Scope;

use crate::document::percent_decode;
use crate::document::{Node, Pointer};
use crate::grammar::Object;
use crate::uri::resolve;

/// The schema resources of a document (JSON Schema 2020-12, 8.2), by pointer. The document itself is the resource at
/// the root.
pub(super) struct Resources {
    /// The base URI at each place with an `$id`.
    bases: HashMap<String, String>,
    /// The place of each URI, and of the last segment of each URI. Sibling schemas refer to each other by that segment.
    places: HashMap<String, String>,
    /// The place of each anchor, by the place of its resource and its name.
    anchors: HashMap<(String, String), String>,
    /// The dynamic anchors of each resource or separately written schema, by its place.
    dynamic: HashMap<String, Scope>,
    /// The name of the dynamic anchor at each place that has one.
    names: HashMap<String, String>,
    /// The names in dynamic references.
    wanted: HashSet<String>,
    /// The places of all schemas.
    schemas: HashSet<String>,
}

/// The name for `$recursiveAnchor`, which has no name.
const RECURSIVE: &str = "$recursiveAnchor";

impl Resources {
    pub(super) fn of(document: &Node) -> Self {
        let mut found = Self {
            bases: HashMap::new(),
            places: HashMap::new(),
            anchors: HashMap::new(),
            dynamic: HashMap::new(),
            names: HashMap::new(),
            wanted: HashSet::new(),
            schemas: HashSet::new(),
        };
        Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
            if kind == Object::Schema {
                found.add(node, at);
            }
        });
        let wanted = &found.wanted;
        found.dynamic.values_mut().for_each(|anchors| anchors.retain(|name, _| wanted.contains(name)));
        found.dynamic.retain(|_, anchors| !anchors.is_empty());
        found
    }

    fn add(&mut self, node: &Node, at: &Pointer) {
        let here = at.as_str().to_owned();
        self.schemas.insert(here.clone());
        let id = node.str("$id").map(|id| id.split_once('#').unwrap_or((id, "")));
        if let Some((id, _)) = id.filter(|(id, _)| !id.is_empty()) {
            // The walk visits an enclosing schema before the schemas in it.
            let base = resolve(self.base(parent(at.as_str())), id);
            self.places.entry(base.clone()).or_insert_with(|| here.clone());
            for known in [id, base.rsplit('/').next().unwrap_or_default()] {
                self.places.entry(percent_decode(known)).or_insert_with(|| here.clone());
            }
            self.bases.insert(here.clone(), base);
        }
        if let Some((_, name)) = node.str("$dynamicRef").and_then(|reference| reference.split_once('#')) {
            self.wanted.insert(percent_decode(name));
        }
        if node.get("$recursiveRef").is_some() {
            self.wanted.insert(RECURSIVE.to_owned());
        }
        if let Some(name) = node.str("$dynamicAnchor") {
            self.add_dynamic(name, at.as_str());
        }
        if node.get("$recursiveAnchor").and_then(Node::as_bool) == Some(true) {
            self.add_dynamic(RECURSIVE, at.as_str());
        }
        // Before 2019-09, an `$id` that was only a fragment was an anchor.
        let old = id.filter(|(id, name)| id.is_empty() && !name.is_empty()).map(|(_, name)| name);
        for name in [node.str("$anchor"), node.str("$dynamicAnchor"), old].into_iter().flatten() {
            let resource = self.resource(at.as_str()).to_owned();
            // Schemas that were written separately and pasted in whole have their own anchors.
            for holder in [resource.as_str(), component(at.as_str())] {
                if holder.starts_with(&resource) {
                    self.anchors.entry((holder.to_owned(), name.to_owned())).or_insert_with(|| here.clone());
                }
            }
        }
    }

    fn add_dynamic(&mut self, name: &str, here: &str) {
        let holder = self.holder(here).to_owned();
        self.dynamic.entry(holder).or_default().entry(name.to_owned()).or_insert_with(|| here.to_owned());
        self.names.insert(here.to_owned(), name.to_owned());
    }

    /// The place of the resource around a place, or of the outermost schema if there is no resource.
    fn holder<'a>(&self, place: &'a str) -> &'a str {
        let resource = self.resource(place);
        if !resource.is_empty() {
            return resource;
        }
        let mut ends = place.match_indices('/').map(|(at, _)| &place[..at]).chain([place]);
        ends.find(|place| self.schemas.contains(*place)).unwrap_or(place)
    }

    /// The dynamic scope at a place within another scope: the outermost anchor with a name counts.
    pub(super) fn scope(&self, around: &Scope, place: &str) -> Scope {
        let mut scope = around.clone();
        if !self.dynamic.is_empty() {
            for (name, target) in self.dynamic.get(self.holder(place)).into_iter().flatten() {
                scope.entry(name.clone()).or_insert_with(|| target.clone());
            }
        }
        scope
    }

    /// The name by which the dynamic scope decides about a dynamic reference; `None` if the reference leads to no
    /// dynamic anchor of its name.
    pub(super) fn dynamic_name(&self, reference: &str, target: &str) -> Option<&str> {
        let name = self.names.get(target)?;
        let (_, fragment) = reference.split_once('#')?;
        let is_it = if fragment.is_empty() { name == RECURSIVE } else { percent_decode(fragment) == *name };
        is_it.then_some(name)
    }

    /// The place of the innermost schema with an `$id` at a place or around it; the root of the document if there is
    /// none.
    pub(super) fn resource<'a>(&self, place: &'a str) -> &'a str {
        let mut at = place;
        while !at.is_empty() && !self.bases.contains_key(at) {
            at = parent(at);
        }
        at
    }

    fn base(&self, place: &str) -> &str {
        self.bases.get(self.resource(place)).map_or("", String::as_str)
    }

    /// Whether the grammar has a schema at a place.
    pub(super) fn is_schema(&self, place: &str) -> bool {
        self.schemas.contains(place)
    }

    /// The resource that a reference without its fragment names, for the schema at `origin`.
    pub(super) fn named(&self, reference: &str, origin: &str) -> Option<&str> {
        let absolute = resolve(self.base(origin), reference);
        let place = self.places.get(&absolute).or_else(|| self.places.get(&percent_decode(reference)))?;
        Some(place)
    }

    /// The target of an anchor in the resource at a place. `origin` is the schema with the reference.
    pub(super) fn anchor(&self, resource: &str, name: &str, origin: &str) -> Option<&str> {
        let own = component(origin);
        let near = own.starts_with(resource).then(|| self.anchors.get(&(own.to_owned(), name.to_owned()))).flatten();
        near.or_else(|| self.anchors.get(&(resource.to_owned(), name.to_owned()))).map(String::as_str)
    }
}

fn parent(place: &str) -> &str {
    place.rsplit_once('/').map_or("", |(before, _)| before)
}

/// The place of the component that contains a place, or the place itself.
fn component(place: &str) -> &str {
    let third = place.match_indices('/').nth(3).map_or(place.len(), |(at, _)| at);
    if place.starts_with("/components/") { &place[..third] } else { place }
}
