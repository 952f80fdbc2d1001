//! What schemas are called other than by their place: `$id`, and `$anchor` within the resource that an `$id` opens.

use std::collections::{HashMap, HashSet};

use crate::document::percent_decode;
use crate::document::{Node, Pointer};
use crate::grammar::Object;
use crate::uri::resolve;

/// The schema resources of a document (JSON Schema 2020-12, 8.2), by pointers. The document itself is one, at the root.
pub(super) struct Resources {
    /// Each place with an `$id`, and the base URI that this makes.
    bases: HashMap<String, String>,
    /// The place that a URI names, by the last segment as well: that is how siblings refer to each other.
    places: HashMap<String, String>,
    /// The place that a name has in the resource at a place.
    anchors: HashMap<(String, String), String>,
    /// Every place where a schema stands.
    schemas: HashSet<String>,
}

impl Resources {
    pub(super) fn of(document: &Node) -> Self {
        let mut found =
            Self { bases: HashMap::new(), places: HashMap::new(), anchors: HashMap::new(), schemas: HashSet::new() };
        Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
            if kind == Object::Schema {
                found.add(node, at);
            }
        });
        found
    }

    fn add(&mut self, node: &Node, at: &Pointer) {
        let here = at.as_str().to_owned();
        self.schemas.insert(here.clone());
        let id = node.str("$id").map(|id| id.split_once('#').unwrap_or((id, "")));
        if let Some((id, _)) = id.filter(|(id, _)| !id.is_empty()) {
            // The walk comes to what is around a schema first.
            let base = resolve(self.base(parent(at.as_str())), id);
            self.places.entry(base.clone()).or_insert_with(|| here.clone());
            for known in [id, base.rsplit('/').next().unwrap_or_default()] {
                self.places.entry(percent_decode(known)).or_insert_with(|| here.clone());
            }
            self.bases.insert(here.clone(), base);
        }
        // Before 2019-09 an `$id` of nothing but a fragment was the anchor.
        let old = id.filter(|(id, name)| id.is_empty() && !name.is_empty()).map(|(_, name)| name);
        for name in [node.str("$anchor"), node.str("$dynamicAnchor"), old].into_iter().flatten() {
            let resource = self.resource(at.as_str()).to_owned();
            // Schemas that were written alone and pasted in whole have names of their own.
            for holder in [resource.as_str(), component(at.as_str())] {
                if holder.starts_with(&resource) {
                    self.anchors.entry((holder.to_owned(), name.to_owned())).or_insert_with(|| here.clone());
                }
            }
        }
    }

    /// The nearest place around a place, or the place itself, that has an `$id`; the root of the document if there is none.
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

    /// Whether a schema stands at a place, as far as the grammar knows.
    pub(super) fn is_schema(&self, place: &str) -> bool {
        self.schemas.contains(place)
    }

    /// The resource that a reference without its fragment names, for a schema at a place.
    pub(super) fn named(&self, reference: &str, origin: &str) -> Option<&str> {
        let absolute = resolve(self.base(origin), reference);
        let place = self.places.get(&absolute).or_else(|| self.places.get(&percent_decode(reference)))?;
        Some(place)
    }

    /// What a name stands for in the resource at a place; `origin` is the schema that says it.
    pub(super) fn anchor(&self, resource: &str, name: &str, origin: &str) -> Option<&str> {
        let own = component(origin);
        let near = own.starts_with(resource).then(|| self.anchors.get(&(own.to_owned(), name.to_owned()))).flatten();
        near.or_else(|| self.anchors.get(&(resource.to_owned(), name.to_owned()))).map(String::as_str)
    }
}

fn parent(place: &str) -> &str {
    place.rsplit_once('/').map_or("", |(before, _)| before)
}

/// The place of the component that a place is in, or the place itself.
fn component(place: &str) -> &str {
    let third = place.match_indices('/').nth(3).map_or(place.len(), |(at, _)| at);
    if place.starts_with("/components/") { &place[..third] } else { place }
}
