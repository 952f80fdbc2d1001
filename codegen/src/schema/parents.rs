//! Schemas with a discriminator that other schemas extend by `allOf`. Where something else refers to such a parent, its
//! values are those of its children, so it becomes a union of them. The parent's own keywords move to a schema beside
//! it, which the children extend, and which is the branch for all other values.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Discriminator, Family, JsonType, Model, Schema, SchemaId};
use crate::children;
use crate::document::{Node, percent_decode};
use crate::grammar::component_name;
use crate::span::Span;

/// The end of the name of the schema for a parent's own keywords.
const OWN: &str = "Base";

/// The most values of mappings that are read for parents other than their own.
const MOST_MAPPED: usize = 100_000;

impl Model {
    /// Registers the parents of a document, and a component for the own keywords of each. Only components are
    /// registered so far.
    pub(super) fn add_parents(&mut self, document: &Node) {
        for (name, children) in children::used(document) {
            let Some(id) = self.component(name) else { continue };
            let children: Vec<SchemaId> = children.iter().filter_map(|child| self.component(child)).collect();
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
            self.owners.extend(own.map(|own| (own, id)));
            self.families.insert(id, Family { own, children });
        }
    }

    /// Makes each parent a union of its children. Call this once, before any stage has used the model.
    pub(crate) fn unite_children(&mut self) {
        let discriminators: BTreeMap<SchemaId, Discriminator> = self
            .families
            .keys()
            .filter_map(|parent| Some((*parent, self.get(*parent).discriminator.clone()?)))
            .collect();
        let mut parents_of: BTreeMap<SchemaId, Vec<SchemaId>> = BTreeMap::new();
        for (parent, family) in &self.families {
            family.children.iter().for_each(|child| parents_of.entry(*child).or_default().push(*parent));
        }
        parents_of.values_mut().for_each(|parents| parents.sort_by_key(|parent| self.name(*parent)));
        let mut left = MOST_MAPPED;
        for (parent, family) in self.families.clone() {
            let Some(own) = family.own else { continue };
            let mut schema = (*self.get(parent)).clone();
            let Some(discriminator) = schema.discriminator.take() else {
                self.set(own, schema);
                continue;
            };
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
            if let Some(given) = discriminator.others.get("x-rust-name").and_then(Node::as_str) {
                schema.annotations.rust_name = Some(given.to_owned());
            }
            // A child that is a parent by the same property is its own keywords here, and its children are here too. By
            // another property, it is the union of its children.
            let same =
                |child: &SchemaId| discriminators.get(child).is_some_and(|it| it.property == discriminator.property);
            let nested: BTreeSet<SchemaId> = family
                .children
                .iter()
                .filter(|child| !same(child))
                .filter_map(|child| {
                    self.families.get(child).filter(|it| it.own.is_some() && discriminators.contains_key(child))
                })
                .flat_map(|family| family.children.iter().copied())
                .collect();
            let children: Vec<SchemaId> =
                family.children.iter().copied().filter(|child| !nested.contains(child)).collect();
            let branch = |child: &SchemaId| if same(child) { self.own_of(*child) } else { *child };
            let reference = |id: SchemaId| self.add(Schema { reference: Some(id), ..Schema::any(&schema.span) });
            let branches = children.iter().map(branch).chain([own]).map(reference).collect();
            let related = children.iter().filter(|child| same(child)).filter_map(|child| discriminators.get(child));
            let above = parents_of.get(&parent).into_iter().flatten().filter_map(|id| discriminators.get(id));
            let above = above.filter(|it| it.property == discriminator.property);
            let others: Vec<&Discriminator> = related.chain(above).collect();
            let targets: BTreeMap<SchemaId, SchemaId> =
                children.iter().map(|child| (*child, branch(child))).chain([(parent, own)]).collect();
            let union = Schema {
                any_of: Some(branches),
                discriminator: Some(self.of_children(discriminator, &others, parent, &targets, &mut left)),
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

    /// The parent of which a schema has the own keywords.
    pub(crate) fn parent_of(&self, own: SchemaId) -> Option<SchemaId> {
        self.owners.get(&own).copied()
    }

    /// The parent that a schema refers to, if nothing beside the reference adds to it: its type is that of the parent.
    pub(super) fn only_parent(&self, id: SchemaId, schema: &Schema) -> Option<SchemaId> {
        let mut parts = schema.all_of.iter().flatten().map(|part| (*part, self.get(*part)));
        let (part, target) = parts.clone().find_map(|(part, schema)| Some((part, schema.reference?)))?;
        let family = self.families.get(&target)?;
        let adds_nothing = |schema: &Schema| {
            matches!(schema.ty, None | Some(JsonType::Object))
                && Schema { ty: None, nullable: None, ..schema.clone() }.is_only_all_of()
        };
        let is_it = !family.children.contains(&self.parent_of(id).unwrap_or(id))
            && adds_nothing(schema)
            && parts.all(|(_, part)| match part.reference {
                Some(other) => other == target,
                None => part.all_of.is_none() && adds_nothing(&part),
            });
        is_it.then_some(part)
    }

    /// Whether a schema is a child of the parent that a part refers to.
    pub(super) fn is_child(&self, id: SchemaId, part: SchemaId) -> bool {
        let family = self.get(part).reference.and_then(|target| self.families.get(&target));
        let child = self.parent_of(id).unwrap_or(id);
        family.is_some_and(|family| family.own.is_some() && family.children.contains(&child))
    }

    /// Whether a schema is a parent that has too many children for a union.
    pub(crate) fn is_too_large(&self, id: SchemaId) -> bool {
        self.families.get(&id).is_some_and(|family| family.own.is_none())
    }

    /// The discriminator of a parent for the union of its children, with the values that the discriminators of its own
    /// parents and of its children have for them. `targets` has the branch of each child.
    fn of_children(
        &self,
        own: Discriminator,
        others: &[&Discriminator],
        parent: SchemaId,
        targets: &BTreeMap<SchemaId, SchemaId>,
        left: &mut usize,
    ) -> Discriminator {
        let component = |node: &Node| {
            let text = percent_decode(node.as_str().unwrap_or_default());
            self.component(&component_name(&text).unwrap_or(text))
        };
        let branch = |id: SchemaId, like: &Span| {
            let name = self.name(id).unwrap_or_default();
            Node::at(format!("#/components/schemas/{}", name.replace('~', "~0").replace('/', "~1")), like)
        };
        let mut discriminator = own;
        for node in discriminator.mapping.values_mut().chain(&mut discriminator.default) {
            if let Some((child, target)) = component(node).and_then(|id| Some((id, *targets.get(&id)?)))
                && child != target
            {
                *node = branch(target, &node.span);
            }
        }
        for (value, node) in others.iter().flat_map(|other| &other.mapping).take(*left) {
            *left -= 1;
            if let Some(target) = component(node).and_then(|id| targets.get(&id).copied())
                && !discriminator.mapping.contains_key(value)
            {
                discriminator.mapping.insert(value.clone(), branch(target, &node.span));
            }
        }
        let span = &self.get(parent).span;
        // The name of the component is a value too, and it is not the name of the own keywords.
        for (child, target) in targets.iter().filter(|(child, target)| child != target) {
            let name = self.name(*child).unwrap_or_default();
            if !discriminator.mapping.contains_key(name) {
                discriminator.mapping.insert(name.to_owned(), branch(*target, span));
            }
        }
        // Only a component can be the default.
        if discriminator.default.as_ref().and_then(component).is_none()
            && let Some(own) = targets.get(&parent)
        {
            discriminator.default = Some(branch(*own, span));
        }
        discriminator
    }
}
