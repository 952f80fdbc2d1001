//! Names of the types of inline schemas. Equal inline schemas may share one type.

use crate::schema::{Additional, SchemaId, same_structure};

use super::context::{Claimed, Origin, Place, Types, View};
use super::facts::doc;
use super::model::{TypeDef, TypeKind};
use super::names;
use super::views::has_views;

impl Types<'_> {
    /// Claims a name for a schema's type: the component's name, the name in a hint, or else a free one.
    pub(super) fn claim(&mut self, id: SchemaId, place: &Place<'_>) -> Claimed {
        if place.exact {
            return Claimed::New(place.name.to_owned());
        }
        let schema = self.model.get(id);
        let same = |other: SchemaId| same_structure(self.model, other, id);
        let both = [View::Read, View::Write];
        let views = if self.differs(id) { [place.view; 2] } else { both };
        let Some(given) = &schema.annotations.rust_name else {
            let identity = schema.span.identity();
            for view in views {
                if let Some(name) = self.made.get(&(id, view)).filter(|_| identity.is_none()) {
                    return Claimed::Shared(name.clone());
                }
                if let Some((other, name)) = identity.and_then(|identity| self.inline.get(&(identity, view)))
                    && same(*other)
                {
                    return Claimed::Shared(name.clone());
                }
            }
            let name = self.suggested(id, place);
            self.taken.insert(name.clone());
            match identity {
                Some(identity) => drop(self.inline.insert((identity, place.view), (id, name.clone()))),
                None => drop(self.made.insert((id, place.view), name.clone())),
            }
            return Claimed::New(name);
        };
        let key = (given.clone(), place.view);
        for view in views {
            if let Some((other, name)) = self.shared.get(&(given.clone(), view))
                && same(*other)
            {
                return Claimed::Shared(name.clone());
            }
        }
        let name = self.free(&names::pascal(given));
        self.taken.insert(name.clone());
        self.shared.insert(key, (id, name.clone()));
        Claimed::New(name)
    }

    /// A free name for the type of an inline schema.
    pub(super) fn suggested(&self, id: SchemaId, place: &Place<'_>) -> String {
        self.free(self.origin(id).map_or(place.name, |origin| &origin.name))
    }

    /// Where a component contains a schema, if it is inline.
    pub(super) fn origin(&self, id: SchemaId) -> Option<&Origin> {
        self.origins.get(&self.model.get(id).span.identity()?)
    }

    /// Whether responses and requests need different types for a schema. They do if a schema in it has `readOnly` or
    /// `writeOnly` properties. They also do if one forbids other keys, because only the type for requests enforces
    /// that.
    pub(super) fn differs(&self, id: SchemaId) -> bool {
        let mut differs = false;
        self.model.walk(id, &mut |schema| {
            differs |= has_views(self.model, schema)
                || schema.additional == Additional::Closed
                || schema.reference.is_some_and(|component| self.twins.contains(&component));
        });
        differs
    }

    /// Releases a claimed name for which no type was created.
    pub(super) fn release(&mut self, id: SchemaId, place: &Place<'_>, name: &str) {
        if place.exact {
            return;
        }
        self.taken.remove(name);
        self.made.remove(&(id, place.view));
        if let Some(identity) = self.model.get(id).span.identity() {
            self.inline.remove(&(identity, place.view));
        }
    }

    /// Returns the name, or the name with a suffix if it is in use.
    pub(super) fn free(&self, name: &str) -> String {
        let name = names::pascal(name);
        if !self.taken.contains(&name) {
            return name;
        }
        let suffixes = ["Type", "Kind", "Details", "Content"];
        let other = suffixes.iter().map(|suffix| format!("{name}{suffix}")).find(|name| !self.taken.contains(name));
        other.unwrap_or_else(|| {
            let mut longer = format!("{name}Inline");
            while self.taken.contains(&longer) {
                longer.push_str("Type");
            }
            longer
        })
    }

    pub(super) fn insert(&mut self, name: &str, id: SchemaId, place: &Place<'_>, kind: TypeKind) {
        let schema = self.model.get(id);
        let doc = doc(&schema);
        if matches!(kind, TypeKind::Alias(_)) && self.is_secret(id, true) {
            self.secret_aliases.insert(name.to_owned());
        }
        let def = TypeDef {
            name: name.to_owned(),
            doc,
            pointer: place.at.clone(),
            written: place.view == View::Write,
            given: schema.annotations.rust_name.is_some(),
            kind,
        };
        self.defs.insert(name.to_owned(), def);
    }
}
