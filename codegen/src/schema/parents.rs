//! Schemas with a discriminator that other schemas extend by `allOf`. Where something else refers to such a parent, its
//! values are those of its children, so it becomes a union of them. The parent's own keywords move to a schema beside
//! it, which the children extend, and which is the branch for all other values.

use super::model::{Discriminator, Family, Model, Schema, SchemaId};
use crate::children;
use crate::document::{Node, percent_decode};
use crate::grammar::component_name;
use crate::span::Span;

/// The end of the name of the schema for a parent's own keywords.
const OWN: &str = "Base";

impl Model {
    /// Registers the parents of a document, and a component for the own keywords of each. Only components are
    /// registered so far.
    pub(super) fn add_parents(&mut self, document: &Node) {
        for (name, parent) in children::used(document) {
            let Some(id) = self.component(name) else { continue };
            let children: Vec<SchemaId> = parent.children.iter().filter_map(|child| self.component(child)).collect();
            let own = (!children.is_empty()).then(|| {
                let mut own = format!("{name}{OWN}");
                while self.by_name.contains_key(&own) {
                    own.push_str(OWN);
                }
                let id = self.add(Schema::any(&Span::none()));
                self.by_name.insert(own.clone(), id);
                self.names.push(own);
                id
            });
            self.families.insert(id, Family { own, children });
        }
    }

    /// Makes each parent a union of its children. Call this once, before any stage has used the model.
    pub(crate) fn unite_children(&mut self) {
        for (parent, family) in self.families.clone() {
            let Some(own) = family.own else { continue };
            let mut schema = (*self.get(parent)).clone();
            let Some(discriminator) = schema.discriminator.take() else { continue };
            let annotations = schema.annotations.clone();
            let name = self.name(parent).unwrap_or_default();
            // If the document describes the parent, that describes both.
            schema
                .annotations
                .description
                .get_or_insert_with(|| format!("`{name}` itself: a value of none of the schemas that extend it."));
            for name in [&mut schema.annotations.rust_name, &mut schema.annotations.other_name].into_iter().flatten() {
                name.push_str(OWN);
            }
            let reference = |id: SchemaId| self.add(Schema { reference: Some(id), ..Schema::any(&schema.span) });
            // A child that is a parent itself is the one with its own keywords: its children are here too.
            let branches =
                family.children.iter().map(|child| self.own_of(*child)).chain([own]).map(reference).collect();
            let union = Schema {
                any_of: Some(branches),
                discriminator: Some(self.of_children(discriminator, parent, &family.children)),
                nullable: schema.nullable.take(),
                read_only: schema.read_only.take(),
                write_only: schema.write_only.take(),
                default: schema.default.take(),
                annotations,
                ..Schema::any(&schema.span)
            };
            self.set(own, schema);
            self.set(parent, union);
        }
    }

    /// The schema for the own keywords of a parent that is a union; any other schema itself.
    pub(super) fn own_of(&self, id: SchemaId) -> SchemaId {
        self.families.get(&id).and_then(|family| family.own).unwrap_or(id)
    }

    /// Whether a schema is a parent that has too many children for a union.
    pub(crate) fn is_too_large(&self, id: SchemaId) -> bool {
        self.families.get(&id).is_some_and(|family| family.own.is_none())
    }

    /// The discriminator of a parent, for the union of its children.
    fn of_children(&self, discriminator: Discriminator, parent: SchemaId, children: &[SchemaId]) -> Discriminator {
        let target = |id: SchemaId, like: &Node| {
            let name = self.name(id).unwrap_or_default();
            Node::at(format!("#/components/schemas/{}", name.replace('~', "~0").replace('/', "~1")), &like.span)
        };
        // The target is a name or a reference.
        let own = |node: &Node| {
            let text = percent_decode(node.as_str().unwrap_or_default());
            let id = self.component(&component_name(&text).unwrap_or(text))?;
            let owned = self.own_of(id);
            (owned != id).then(|| target(owned, node))
        };
        let mut discriminator = discriminator;
        for node in discriminator.mapping.values_mut().chain(&mut discriminator.default) {
            if let Some(owned) = own(node) {
                *node = owned;
            }
        }
        let like = Node::at(String::new(), &self.get(parent).span);
        // Without a mapping, the value is the name of the component, which the own keywords are not under.
        for id in children.iter().copied().chain([parent]) {
            let owned = self.own_of(id);
            if let Some(name) = self.name(id).filter(|_| owned != id)
                && !discriminator.mapping.contains_key(name)
                && !discriminator.mapping.values().any(|node| *node == target(owned, node))
            {
                discriminator.mapping.insert(name.to_owned(), target(owned, &like));
            }
        }
        discriminator.default.get_or_insert_with(|| target(self.own_of(parent), &like));
        discriminator
    }
}
