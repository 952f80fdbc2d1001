//! How the branches of a union are distinguished: by a discriminator, or by a property whose values no two branches
//! share.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::document::{Node, Pointer, percent_decode};
use crate::grammar::component_name;
use crate::note::{Kind, Stage};
use crate::schema::{Annotations, JsonType, Schema, SchemaId};
use crate::span::Span;

use super::context::{Claimed, Constants, Place, Types};
use super::facts::{integer, values};
use super::model::{Constant, Type, TypeKind, Union, Variant};
use super::names;
use super::wide::one_enum_of_branches;

/// What the tag determines for one branch.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// The tag's values that select the branch.
    pub(super) tags: Vec<Constant>,
    /// The tag's value to write when a value of the branch has none.
    pub(super) writes: Option<String>,
    /// Whether the branch is read when the tag is absent or its value is unknown.
    pub(super) default: bool,
}

/// The maximum depth of nested unions that are followed.
const DEEPEST: usize = 8;

impl Types<'_> {
    pub(super) fn union(&mut self, id: SchemaId, branches: &[SchemaId], place: &Place<'_>) -> Type {
        let schema = self.model.get(id);
        let two = match (&schema.one_of, &schema.any_of) {
            (Some(one), Some(other)) => Some((one, other)),
            _ => None,
        };
        // Beside another union, one whose branches only require properties adds no type.
        if let Some((one, other)) = two
            && (self.only_requires(one) || self.only_requires(other))
        {
            let mut rest = (*schema).clone();
            rest.one_of = rest.one_of.filter(|_| !self.only_requires(one));
            rest.any_of = rest.any_of.filter(|_| !self.only_requires(other));
            let rest = self.model.add(rest);
            return self.bare(rest, place);
        }
        let is_object = |list: &[SchemaId]| list.iter().all(|branch| is_object(&self.resolved(*branch)));
        let objects = |(one, other): (&Vec<SchemaId>, &Vec<SchemaId>)| {
            schema.ty == Some(JsonType::Object) || is_object(one) || is_object(other)
        };
        let is_empty = [&schema.one_of, &schema.any_of].into_iter().flatten().any(Vec::is_empty);
        if is_empty || two.is_some_and(|two| !objects(two)) {
            self.note(Kind::Unchecked, place.at, &*schema, "two unions at once are read as any value");
            return Type::Any;
        }
        if two.is_some() {
            let reason = "two unions at once are read as one object with the properties of all branches";
            self.note(Kind::Unchecked, place.at, &*schema, reason);
        }
        if schema.properties.is_some() || two.is_some() {
            if two.is_none()
                && let Some((union, branches)) = self.apart(&schema, branches)
            {
                return self.union(union, &branches, place);
            }
            if self.widening == DEEPEST {
                let reason =
                    format!("more than {DEEPEST} unions with properties are in each other here; any value is accepted");
                self.note(Kind::Unchecked, place.at, &*schema, reason);
                return Type::Any;
            }
            let merged = match self.wide.get(&id) {
                Some(known) => *known,
                None => match two {
                    Some((one, other)) => {
                        let first = self.wide(&Schema { any_of: None, ..(*schema).clone() }, one);
                        self.wide(&self.model.get(first), other)
                    }
                    None => self.wide(&schema, branches),
                },
            };
            self.wide.insert(id, merged);
            self.widening += 1;
            let ty = self.structure(merged, place);
            self.widening -= 1;
            return ty;
        }
        // Branches that only require properties constrain a type that is declared elsewhere.
        if self.only_requires(branches) {
            let rest = self.model.add(Schema { one_of: None, any_of: None, ..(*schema).clone() });
            return self.bare(rest, place);
        }
        // An open enum already reads every string, or every integer.
        let resolved: Vec<Rc<Schema>> = branches.iter().map(|branch| self.resolved(*branch)).collect();
        let some = |kind: JsonType| resolved.iter().any(|branch| branch.is_enum_of(kind));
        let (some_texts, some_integers) = (some(JsonType::String), some(JsonType::Integer));
        let taken_anyway = |schema: &Schema| {
            schema.values.is_none()
                && match schema.ty {
                    Some(JsonType::String) => some_texts,
                    Some(JsonType::Integer) => some_integers && !matches!(integer(schema), Type::U64 | Type::Number),
                    _ => false,
                }
        };
        let dropped_null = resolved.iter().any(|branch| taken_anyway(branch) && branch.is_nullable());
        let kept: Vec<usize> = (0..branches.len()).filter(|index| !taken_anyway(&resolved[*index])).collect();
        if let [only] = kept.as_slice() {
            let ty = self.bare(branches[*only], place);
            let nullable = dropped_null || self.model.get(branches[*only]).is_nullable();
            return if nullable && !place.exact { ty.nullable() } else { ty };
        }
        // Several enums of the same type become one enum.
        let ones: Vec<&Schema> = kept.iter().map(|index| &*resolved[*index]).collect();
        if let Some(merged) = one_enum_of_branches(&schema, &ones) {
            let nullable = dropped_null || branches.iter().any(|branch| self.nullable(*branch));
            let merged = self.model.add(merged);
            let ty = self.bare(merged, place);
            return if nullable && !place.exact { ty.nullable() } else { ty };
        }
        // The name is claimed before the branches, so that no branch gets it.
        let name = match self.claim(id, place) {
            Claimed::New(name) => name,
            Claimed::Shared(name) => return Type::Named(name),
        };
        self.note_mapping(&schema, branches, place.at);
        let (tag, told) = self.told_apart(&schema, branches, &resolved);
        let key = if schema.one_of.is_some() { "oneOf" } else { "anyOf" };
        let mut variants: Vec<Variant> = Vec::new();
        // If several branches are strings, a value does not show which branch it belongs to.
        let several_texts = resolved.iter().filter(|branch| branch.ty == Some(JsonType::String)).count() > 1;
        // The branches of a union that `wide` made are declared elsewhere. The order of its branches changes no name.
        let made = schema.span.identity().is_none();
        for index in kept {
            let branch = branches[index];
            let Told { tags, writes, default } = told.get(index).cloned().unwrap_or_default();
            let label = match made {
                true => self.label_by_keys(branch, &resolved, index, &variants),
                false => self.label(branch, &resolved[index], &tags, &variants),
            };
            let origin = self.origin(branch).filter(|_| made).cloned();
            let at = match &origin {
                Some(origin) => origin.at.clone(),
                None if made => place.at.join(key).join(&label),
                None => place.at.join(key).join(index),
            };
            let ty = self.nested(branch, &at, &format!("{name}{label}"), place.view);
            let ty = if several_texts { ty.text() } else { ty };
            let ty = if made && schema.is_nullable() { ty.inner().clone() } else { ty };
            if ty == Type::Any {
                let branch = self.model.get(branch);
                let reason = "one branch of the union accepts any value, so the union does too";
                self.note(Kind::Unchecked, &at, &*branch, reason);
                self.release(id, place, &name);
                return Type::Any;
            }
            if let Some(same) = variants.iter_mut().find(|variant| variant.ty == ty) {
                same.tags.extend(tags);
                same.default |= default;
                same.keys.retain(|key| resolved[index].required.contains(key));
                continue;
            }
            let mut label = match &ty {
                Type::Named(name) if origin.is_some() || self.refers(branch) => name.clone(),
                _ => label,
            };
            while variants.iter().any(|variant| variant.name == label) {
                label.push_str("Alternative");
            }
            let sensitive = self.is_secret(branch, ty.innermost().is_none());
            let keys = if tag.is_none() { telling_keys(&resolved, index) } else { Vec::new() };
            variants.push(Variant { name: label, ty, boxed: false, tags, default, keys, writes, sensitive });
        }
        if variants.len() == 1
            && let Some(only) = variants.pop()
        {
            self.release(id, place, &name);
            return only.ty;
        }
        let unknown = names::catch_all(|name| variants.iter().any(|variant| variant.name == name));
        self.insert(&name, id, place, TypeKind::Union(Union { variants, unknown, tag }));
        Type::Named(name)
    }

    /// Whether a branch is only a reference to a component. It may have descriptions, but no name of its own.
    fn refers(&self, branch: SchemaId) -> bool {
        let branch = self.model.get(branch);
        let named = branch.annotations.title.is_some() || branch.annotations.rust_name.is_some();
        let only_part = || match branch.all_of.as_deref() {
            Some([only]) => self.model.get(*only).reference.is_some() && branch.describes_all_of(),
            _ => false,
        };
        branch.reference.is_some() || (!named && only_part())
    }

    /// Resolves properties beside a union that has branches other than objects. Returns a union of the object and those
    /// branches, because properties constrain only objects. `None` if all branches are objects, or if the schema allows
    /// only objects.
    fn apart(&self, schema: &Schema, branches: &[SchemaId]) -> Option<(SchemaId, Vec<SchemaId>)> {
        let is_object = |branch: &SchemaId| {
            let branch = self.resolved(*branch);
            branch.ty.is_none_or(|ty| ty == JsonType::Object) || branch.properties.is_some()
        };
        let (objects, others): (Vec<SchemaId>, Vec<SchemaId>) = branches.iter().copied().partition(is_object);
        if others.is_empty() || schema.ty.is_some() {
            return None;
        }
        let of = |branches: Vec<SchemaId>, like: Schema| match schema.one_of {
            Some(_) => Schema { one_of: Some(branches), ..like },
            None => Schema { any_of: Some(branches), ..like },
        };
        let mut object = Schema {
            span: Span::none(),
            one_of: None,
            any_of: None,
            nullable: None,
            annotations: Annotations::default(),
            ..schema.clone()
        };
        if objects.is_empty() {
            object.discriminator = None;
        } else {
            object = of(objects, object);
        }
        let branches: Vec<SchemaId> = [self.model.add(object)].into_iter().chain(others).collect();
        let around =
            Schema { nullable: schema.nullable, annotations: schema.annotations.clone(), ..Schema::any(&schema.span) };
        Some((self.model.add(of(branches.clone(), around)), branches))
    }

    /// The resolved branches of a union and of the unions among them. Each branch occurs once, because a union may
    /// contain itself.
    fn flat_branches(&self, branches: &[SchemaId]) -> Vec<Rc<Schema>> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut queue: Vec<SchemaId> = branches.iter().rev().copied().collect();
        while let Some(branch) = queue.pop() {
            let branch = self.model.resolved(branch);
            if seen.insert(branch) {
                let branch = self.model.get(branch);
                let inner: Vec<SchemaId> = branch.branches().collect();
                queue.extend(inner.into_iter().rev());
                found.push(branch);
            }
        }
        found
    }

    /// The name of a branch among its siblings.
    fn label(&self, branch: SchemaId, resolved: &Schema, tags: &[Constant], siblings: &[Variant]) -> String {
        let branch = self.model.get(branch);
        let given = branch.annotations.rust_name.as_ref().or(branch.annotations.title.as_ref());
        let object = resolved.properties.is_some();
        let item = || resolved.items.and_then(|items| self.resolved(items).ty).map(|ty| names::pascal(ty.name()));
        let label = match (given, tags) {
            (Some(name), _) => names::pascal(name),
            (None, [tag]) if object => names::pascal(&tag.text()),
            _ if resolved.values.is_some() => "Known".to_owned(),
            _ => match resolved.ty {
                Some(JsonType::Array) => match item() {
                    Some(item) if siblings.iter().any(|it| it.name == "Array") => format!("{item}Array"),
                    _ => "Array".to_owned(),
                },
                Some(ty) => names::pascal(ty.name()),
                None if object => "Object".to_owned(),
                None => "Value".to_owned(),
            },
        };
        let mut distinct = label.clone();
        if siblings.iter().any(|it| it.name == distinct) && object {
            let with = resolved.required.iter().map(|name| format!("{label}With{}", names::pascal(name)));
            distinct = with.into_iter().find(|name| siblings.iter().all(|it| it.name != *name)).unwrap_or(distinct);
        }
        while siblings.iter().any(|it| it.name == distinct) {
            distinct.push_str("Alternative");
        }
        distinct
    }

    /// The name of a branch among its siblings, which does not depend on their order unless they have the same keys.
    fn label_by_keys(&self, branch: SchemaId, resolved: &[Rc<Schema>], index: usize, siblings: &[Variant]) -> String {
        let own = &resolved[index];
        let given = self.model.get(branch).annotations.given_name().is_some() || own.annotations.title.is_some();
        let items = own.items.filter(|_| own.prefix.is_none());
        let others = resolved.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
        let mut label = if given {
            return self.label(branch, own, &[], siblings);
        } else if own.is_enum_of(JsonType::Integer) {
            "KnownInteger".to_owned()
        } else if own.properties.is_some() && own.values.is_none() {
            label_of_object(own, &others.cloned().collect::<Vec<_>>())
        } else if let Some(items) = items {
            let item = self.resolved(items);
            let label = match self.names.get(&self.model.target(items)) {
                Some(name) => name.clone(),
                None if item.properties.is_some() => label_of_object(
                    &item,
                    &others.filter_map(|it| it.items).map(|it| self.resolved(it)).collect::<Vec<_>>(),
                ),
                None => item.ty.map_or_else(|| "Value".to_owned(), |ty| names::pascal(ty.name())),
            };
            format!("{label}Array")
        } else {
            return self.label(branch, own, &[], siblings);
        };
        while siblings.iter().any(|it| it.name == label) {
            label.push_str("Alternative");
        }
        label
    }

    /// Whether branches constrain a type that is declared elsewhere, and add nothing to it.
    fn only_requires(&self, branches: &[SchemaId]) -> bool {
        !branches.is_empty() && branches.iter().all(|branch| self.model.get(*branch).only_requires())
    }

    /// Adds a note for each target of a discriminator's mapping that is not a branch of the union.
    fn note_mapping(&mut self, union: &Schema, branches: &[SchemaId], at: &Pointer) {
        let Some(discriminator) = &union.discriminator else { return };
        let components: Vec<Rc<[String]>> = branches.iter().map(|branch| self.component_names(*branch)).collect();
        let at = at.join("discriminator");
        let mapping = discriminator.mapping.iter().map(|(value, target)| (at.join("mapping").join(value), target));
        let default = discriminator.default.iter().map(|target| (at.join("defaultMapping"), target));
        let branch_of = |target: &Node| branch_of(&components, target.as_str().unwrap_or_default());
        let lost = mapping.chain(default).filter(|(_, target)| branch_of(target).is_none());
        for (at, target) in lost.collect::<Vec<_>>() {
            // The other view of the union has already added this note.
            if self.notes.at(&at).next().is_some() {
                continue;
            }
            let name = target.as_str().unwrap_or_default();
            let reason = format!("`{name}` is no branch of the union, so the mapping to it has no effect");
            self.note(Kind::Correction, &at, target, reason);
        }
    }

    /// Adds a note for each schema that too many others extend for a union of them.
    pub(super) fn note_parents(&mut self) {
        for id in self.model.components().filter(|id| self.model.is_too_large(*id)) {
            let schema = self.model.get(id);
            let Some(name) = self.model.name(id) else { continue };
            let at = Pointer::root().join("components").join("schemas").join(name).join("discriminator");
            let reason = "more schemas extend this one, and others before it, than unions can list; their values are \
                          read as this one, with their own properties among the other keys";
            let note = self.notes.push(Stage::Shape, Kind::Rename, &at, &*schema, reason);
            note.advise("refer to a `oneOf` of some of them in an overlay to read each as its own type");
        }
    }

    /// The tag of a union, if it has one, and what it determines for each branch.
    fn told_apart(
        &self,
        union: &Schema,
        branches: &[SchemaId],
        resolved: &[Rc<Schema>],
    ) -> (Option<String>, Vec<Told>) {
        let Some(discriminator) = &union.discriminator else {
            let implied = self.implied_tag(resolved);
            let told = resolved.iter().map(|branch| {
                let values = implied.as_deref().map(|tag| self.constants(branch, tag, DEEPEST)).unwrap_or_default();
                Told { tags: values.each, writes: None, default: false }
            });
            return (implied.clone(), told.collect());
        };
        let tag = &discriminator.property;
        // A value selects the branch from the mapping, else the branch that declares the value, else the component with
        // that name.
        let mut taken: BTreeSet<Constant> = BTreeSet::new();
        let mut told: Vec<Told> = vec![Told::default(); branches.len()];
        let components: Vec<Rc<[String]>> = branches.iter().map(|branch| self.component_names(*branch)).collect();
        let branch_of = |target: &Node| branch_of(&components, target.as_str().unwrap_or_default());
        for (value, target) in &discriminator.mapping {
            if let Some(found) = branch_of(target)
                && taken.insert(Constant::Text(value.clone()))
            {
                told[found].tags.push(Constant::Text(value.clone()));
            }
        }
        let mapped = taken.clone();
        let declared: Vec<Vec<Constant>> =
            resolved.iter().map(|branch| self.constants(branch, tag, DEEPEST).each).collect();
        let mut times: HashMap<String, usize> = HashMap::new();
        declared.iter().flatten().for_each(|value| *times.entry(value.text()).or_default() += 1);
        // A value that several branches declare selects the one that has its name, if there is one.
        let mut owners: HashMap<&str, usize> = HashMap::new();
        for (index, name) in components.iter().enumerate().filter_map(|(index, names)| Some((index, names.first()?))) {
            owners.entry(name).or_insert(index);
        }
        for (index, (values, told)) in declared.into_iter().zip(&mut told).enumerate() {
            for value in values {
                let text = Constant::Text(value.text());
                let is_own =
                    times[&value.text()] == 1 || owners.get(value.text().as_str()).is_none_or(|owner| *owner == index);
                if is_own && !mapped.contains(&text) && !told.tags.contains(&value) {
                    told.tags.push(value);
                    taken.insert(text);
                }
            }
        }
        // The mapping of a union among the branches selects that union, unless the value is the name of another branch.
        let mut named = owners;
        for (index, names) in components.iter().enumerate() {
            for name in names.iter() {
                named.entry(name).or_insert(index);
            }
        }
        for (index, (branch, told)) in branches.iter().zip(&mut told).enumerate() {
            for value in self.mapped_within(*branch, tag).iter() {
                let is_own = named.get(value.as_str()).is_none_or(|owner| *owner == index);
                if is_own && taken.insert(Constant::Text(value.clone())) {
                    told.tags.push(Constant::Text(value.clone()));
                }
            }
        }
        let known: BTreeSet<Constant> =
            told.iter().flat_map(|it| &it.tags).map(|value| Constant::Text(value.text())).collect();
        for (index, (names, told)) in components.iter().zip(&mut told).enumerate() {
            let own = names.iter().filter(|name| named.get(name.as_str()) == Some(&index));
            told.tags.extend(own.map(|name| Constant::Text(name.clone())).filter(|name| !known.contains(name)));
        }
        for (branch, told) in resolved.iter().zip(&mut told) {
            let property = branch.property(tag).and_then(|it| self.resolved(it).ty);
            let is_text = property.is_none_or(|ty| ty == JsonType::String);
            if let Some(Constant::Text(value)) = told.tags.first()
                && is_text
                && is_object(branch)
            {
                told.writes = Some(value.clone());
            }
        }
        if let Some(default) = discriminator.default.as_ref().and_then(branch_of) {
            // A value that was received without a tag is written without a tag. Its meaning is the same.
            told[default].default = true;
            told[default].writes = None;
        }
        (Some(tag.clone()), told)
    }

    /// The values that the discriminators within a branch map to one of its own branches, if they name the same property.
    fn mapped_within(&self, branch: SchemaId, tag: &str) -> Rc<[String]> {
        let key = (self.model.resolved(branch), tag.to_owned());
        // Many unions may share a branch, so what is found within it is kept.
        if let Some(known) = self.mapped.borrow().get(&key) {
            return Rc::clone(known);
        }
        let mut found = Vec::new();
        for part in self.flat_branches(&[branch]) {
            let Some(discriminator) = part.discriminator.as_ref().filter(|it| it.property == tag) else { continue };
            if discriminator.mapping.is_empty() {
                continue;
            }
            let components: Vec<Rc<[String]>> = part.branches().map(|branch| self.component_names(branch)).collect();
            let has_effect = |target: &Node| branch_of(&components, target.as_str().unwrap_or_default()).is_some();
            let mapping = discriminator.mapping.iter().filter(|(_, target)| has_effect(target));
            found.extend(mapping.map(|(value, _)| value.clone()));
        }
        let found: Rc<[String]> = found.into();
        self.mapped.borrow_mut().insert(key, Rc::clone(&found));
        found
    }

    /// The property whose values select one of the branches that are objects. Each branch declares different values.
    fn implied_tag(&self, branches: &[Rc<Schema>]) -> Option<String> {
        let objects: Vec<&Rc<Schema>> = branches.iter().filter(|branch| self.holds_objects(branch)).collect();
        if objects.len() < 2 {
            return None;
        }
        let tells = |key: &&String| {
            let mut seen = BTreeSet::new();
            objects.iter().all(|branch| {
                let values = self.constants(branch, key, DEEPEST);
                !values.each.is_empty() && !values.repeated && values.each.into_iter().all(|value| seen.insert(value))
            })
        };
        let keys = self.keys(objects[0], DEEPEST);
        let telling: Vec<&String> = keys.iter().filter(tells).collect();
        let demanded = |key: &&&String| objects.iter().all(|branch| branch.required.contains(key));
        telling.iter().find(demanded).or(telling.first()).map(|key| (*key).clone())
    }

    /// Whether a branch is an object, or is a union with a branch that is an object.
    fn holds_objects(&self, branch: &Schema) -> bool {
        let inner: Vec<SchemaId> = branch.branches().collect();
        is_object(branch) || self.flat_branches(&inner).iter().any(|part| is_object(part))
    }

    /// The branches of a branch that is itself a union, if they are objects or hold objects.
    fn parts(&self, branch: &Schema) -> impl Iterator<Item = SchemaId> {
        let parts = branch.branches().map(|part| self.model.resolved(part));
        parts.filter(|part| {
            let known = self.hold_objects.borrow().get(part).copied();
            known.unwrap_or_else(|| {
                let holds = self.holds_objects(&self.model.get(*part));
                self.hold_objects.borrow_mut().insert(*part, holds);
                holds
            })
        })
    }

    fn keys(&self, branch: &Schema, fuel: usize) -> Vec<String> {
        let Some(fuel) = fuel.checked_sub(1) else { return Vec::new() };
        let mut keys: Vec<String> = branch.properties.iter().flat_map(|it| it.keys()).cloned().collect();
        if let Some(first) = self.parts(branch).next() {
            keys.extend(self.keys(&self.model.get(first), fuel));
        }
        keys
    }

    /// The values that a branch allows for a property. Empty if not all of them are known.
    fn constants(&self, branch: &Schema, key: &str, fuel: usize) -> Constants {
        let Some(fuel) = fuel.checked_sub(1) else { return Constants::default() };
        let mut all = Constants::default();
        let mut seen = BTreeSet::new();
        let mut add = |values: Constants| {
            all.repeated |= values.repeated;
            for value in values.each {
                if seen.insert(value.clone()) {
                    all.each.push(value);
                } else {
                    all.repeated = true;
                }
            }
        };
        if let Some(property) = branch.property(key) {
            add(Constants { each: values(&self.resolved(property)), repeated: false });
            return all;
        }
        for part in self.parts(branch) {
            // Many unions may share a branch, so its values are kept.
            let known = self.constants.borrow().get(&(part, fuel)).and_then(|by_key| by_key.get(key)).cloned();
            let values = known.unwrap_or_else(|| {
                let values = self.constants(&self.model.get(part), key, fuel);
                let mut known = self.constants.borrow_mut();
                known.entry((part, fuel)).or_default().insert(key.to_owned(), values.clone());
                values
            });
            if values.each.is_empty() {
                return Constants::default();
            }
            add(values);
        }
        all
    }

    /// The names of the components that a branch refers to, directly or through other components. For a union, they
    /// include the components of its branches.
    fn component_names(&self, branch: SchemaId) -> Rc<[String]> {
        // All references to a component have the same names.
        let key = self.referred(branch).0.ok_or(branch);
        if let Some(known) = self.component_names.borrow().get(&key) {
            return Rc::clone(known);
        }
        let mut names = Vec::new();
        let mut seen = BTreeSet::new();
        let mut queue = vec![branch];
        while let Some(branch) = queue.pop() {
            let (target, mut inner) = self.referred(branch);
            if let Some(target) = target {
                if !seen.insert(target) {
                    continue;
                }
                names.extend(self.model.name(target).map(str::to_owned));
                inner = self.model.get(target);
                queue.extend(inner.reference.map(|_| target));
            }
            let parts: Vec<SchemaId> = inner.branches().collect();
            queue.extend(parts.into_iter().rev());
        }
        let names: Rc<[String]> = names.into();
        self.component_names.borrow_mut().insert(key, Rc::clone(&names));
        names
    }

    /// The component that a branch refers to, itself or as the only part of an `allOf`, and the schema that refers to it.
    fn referred(&self, branch: SchemaId) -> (Option<SchemaId>, Rc<Schema>) {
        let mut inner = self.model.get(branch);
        if let Some([only]) = inner.all_of.as_deref() {
            inner = self.model.get(*only);
        }
        (inner.reference, inner)
    }
}

/// A name for an object, after a key that it has and that others have not.
fn label_of_object(own: &Schema, others: &[Rc<Schema>]) -> String {
    let keys = || own.required.iter().chain(own.properties.iter().flat_map(|properties| properties.keys()));
    let telling = keys().find(|key| others.iter().all(|other| other.property(key).is_none()));
    match telling.or_else(|| keys().next()) {
        Some(key) => format!("ObjectWith{}", names::pascal(key)),
        None => "Object".to_owned(),
    }
}

/// The keys that a branch requires without declaring them, and that another branch for objects does not require.
fn telling_keys(branches: &[Rc<Schema>], index: usize) -> Vec<String> {
    let own = &branches[index];
    let others = || branches.iter().enumerate().filter(|(other, it)| *other != index && is_object(it));
    let tells =
        |key: &&String| own.property(key).is_none() && others().any(|(_, other)| !other.required.contains(*key));
    if is_object(own) { own.required.iter().filter(tells).cloned().collect() } else { Vec::new() }
}

/// Whether the values of a branch are objects.
fn is_object(branch: &Schema) -> bool {
    branch.properties.is_some() || branch.ty == Some(JsonType::Object)
}

/// The branch that a target of a discriminator's mapping names, by the components that each branch refers to.
fn branch_of(components: &[Rc<[String]>], target: &str) -> Option<usize> {
    let target = percent_decode(target);
    let target = component_name(&target).unwrap_or(target);
    let file = target.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
    let own = |name: &String| *name == target;
    let found = components.iter().position(|names| names.first().is_some_and(own));
    let found = found.or_else(|| components.iter().position(|names| names.iter().any(own)));
    found.or_else(|| components.iter().position(|names| names.iter().any(|name| name == file)))
}
