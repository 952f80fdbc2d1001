//! Properties beside a union. They become one object with the properties of the schema itself and of all branches, which
//! are optional unless the schema requires them.
//!
//! The properties of the schema itself apply to each value, and so do those of one of the branches. So the type of a
//! property allows what any of the branches allows, within what the schema itself allows.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use indexmap::IndexMap;

use crate::document::{Node, Value};
use crate::schema::{Additional, Annotations, JsonType, Schema, SchemaId, same, same_structure};
use crate::span::Span;

use super::context::Types;

/// A branch of a union, or of a union among its branches.
struct Part {
    schema: Rc<Schema>,
    /// The indexes of its own branches.
    inner: Vec<usize>,
}

/// The schemas that branches have for one property, each with the index of its branch.
type Declared = Vec<(usize, SchemaId)>;

/// The maximum number of properties that are merged. Objects that refer to each other have as many as the product of
/// their sizes.
const MOST_MERGED: usize = 20_000;

impl Types<'_> {
    /// One object with the properties of a schema and of the branches of its union.
    pub(super) fn wide(&mut self, schema: &Schema, branches: &[SchemaId]) -> SchemaId {
        let (parts, roots) = self.spread(branches);
        let mut declared: IndexMap<&str, Declared> = IndexMap::new();
        for (index, part) in parts.iter().enumerate() {
            for (key, property) in part.schema.properties.iter().flatten() {
                declared.entry(key).or_default().push((index, *property));
            }
        }
        let mut properties = schema.properties.clone().unwrap_or_default();
        for (key, declared) in declared {
            let found: Vec<SchemaId> = declared.iter().map(|(_, property)| *property).collect();
            let merged = match properties.get(key) {
                Some(own) => self.within(*own, &found, is_everywhere(&parts, &roots, &declared)),
                None => self.any_of(&found, None),
            };
            properties.insert(key.to_owned(), merged);
        }
        let properties = Some(properties);
        self.model.add(Schema { one_of: None, any_of: None, discriminator: None, properties, ..schema.clone() })
    }

    /// The resolved branches of a union and of the unions among them, each before its own branches, and the indexes of
    /// the union's own. Each occurs once, because a union may contain itself, and a branch may be in several unions.
    fn spread(&self, branches: &[SchemaId]) -> (Vec<Part>, Vec<usize>) {
        let (mut found, mut roots): (Vec<Part>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut known: HashMap<SchemaId, usize> = HashMap::new();
        let mut queue: Vec<(SchemaId, Option<usize>)> = branches.iter().rev().map(|branch| (*branch, None)).collect();
        while let Some((branch, parent)) = queue.pop() {
            let branch = self.model.resolved(branch);
            let next = found.len();
            let index = *known.entry(branch).or_insert(next);
            if index == next {
                let schema = self.model.get(branch);
                let inner: Vec<SchemaId> = schema.branches().collect();
                queue.extend(inner.into_iter().rev().map(|part| (part, Some(index))));
                found.push(Part { schema, inner: Vec::new() });
            }
            match parent {
                Some(parent) => found[parent].inner.push(index),
                None => roots.push(index),
            }
        }
        (found, roots)
    }

    /// The schema of a property that a schema declares itself and that branches of its union declare too. `everywhere`
    /// is whether each branch declares it.
    fn within(&mut self, own: SchemaId, found: &[SchemaId], everywhere: bool) -> SchemaId {
        // Objects that refer to themselves lead back to the same schemas.
        let key = (own, found.to_vec(), everywhere);
        if let Some(known) = self.within.get(&key) {
            return *known;
        }
        // The schema's own declaration allows all values that the result would allow.
        let merged = if self.within.len() < MOST_MERGED { self.merged(own, found, everywhere) } else { own };
        self.within.insert(key, merged);
        merged
    }

    fn merged(&mut self, own: SchemaId, found: &[SchemaId], everywhere: bool) -> SchemaId {
        let base = self.resolved(own);
        let of_text = base.ty == Some(JsonType::String) && base.branches().next().is_none();
        let (mut more, mut leaves_own) = (Vec::new(), !everywhere);
        for property in self.distinct(found) {
            let narrow = self.resolved(property);
            if same((self.model, own), (self.model, property)) || only_narrows(&base, &narrow) {
                leaves_own = true;
            } else {
                more.push((property, narrow));
            }
        }
        let texts = of_text && more.iter().all(|(_, narrow)| narrow.is_enum_of(JsonType::String));
        let ids = || more.iter().map(|(property, _)| *property).collect::<Vec<_>>();
        let merged = if more.is_empty() {
            own
        } else if texts && base.values.is_some() {
            // A value that the schema itself does not list is a mistake in the document. It is a known value nevertheless.
            self.one_enum_of(own, &base, std::iter::once(&*base).chain(more.iter().map(|(_, narrow)| &**narrow)))
        } else if texts && leaves_own {
            own
        } else if texts {
            self.one_enum_of(own, &base, more.iter().map(|(_, narrow)| &**narrow))
        } else if is_object(&base)
            && base.branches().next().is_none()
            && base.properties.is_some()
            && more.iter().any(|(property, _)| self.model.narrowed(own, *property) != *property)
        {
            let parts = more.iter().map(|(property, _)| self.model.resolved(*property)).collect();
            let key = (self.model.resolved(own), parts, false);
            let object = self.within.get(&key).copied().unwrap_or_else(|| {
                let object = Schema { any_of: Some(ids()), span: Span::none(), nullable: None, ..(*base).clone() };
                self.model.add(object)
            });
            self.within.insert(key, object);
            self.model.add(Schema { all_of: Some(vec![object]), ..self.around(own) })
        } else {
            // Types that exclude each other are a mistake in the document. Both are read.
            let excluded = more.iter().any(|(_, narrow)| excludes(&base, narrow));
            if leaves_own && !excluded && !is_object(&base) {
                own
            } else {
                let own_too = (leaves_own || excluded).then_some(own);
                let both = more.iter().map(|(property, narrow)| match excludes(&base, narrow) {
                    true => *property,
                    false => self.model.narrowed(own, *property),
                });
                self.any_of(&own_too.into_iter().chain(both).collect::<Vec<_>>(), Some(own))
            }
        };
        // What one of them keeps secret is secret.
        let secret = |id: &SchemaId| self.is_secret(*id, true);
        match found.iter().any(secret) && !secret(&merged) {
            true => {
                let mut around = Schema { all_of: Some(vec![merged]), ..self.around(merged) };
                around.annotations.sensitive = Some(true);
                self.model.add(around)
            }
            false => merged,
        }
    }

    /// What belongs to the place of use of a schema.
    fn around(&self, own: SchemaId) -> Schema {
        let Schema { nullable, read_only, write_only, default, annotations, .. } = &*self.model.get(own);
        Schema {
            nullable: *nullable,
            read_only: *read_only,
            write_only: *write_only,
            default: default.clone(),
            annotations: annotations.clone(),
            ..Schema::any(&Span::none())
        }
    }

    /// An enum with the values of several, in the place of a schema.
    fn one_enum_of<'s>(&self, own: SchemaId, base: &Schema, enums: impl Iterator<Item = &'s Schema>) -> SchemaId {
        let enums: Vec<&Schema> = enums.collect();
        let around = self.around(own);
        let nullable = around.nullable.or(base.nullable);
        let base = Schema { nullable, limits: base.limits.clone(), xml: base.xml.clone(), ..around };
        one_enum(&base, &enums).map_or(own, |merged| self.model.add(merged))
    }

    /// The schema that allows what any of some schemas allows. It has the descriptions of `own`, if that is given.
    fn any_of(&self, ids: &[SchemaId], own: Option<SchemaId>) -> SchemaId {
        let mut ids = self.distinct(ids);
        if ids.len() > 1 {
            ids = self.distinct(&self.flat(&ids));
        }
        if let [only] = ids.as_slice() {
            return *only;
        }
        let first = self.model.get(ids[0]);
        let mut any = own.map_or_else(|| Schema::any(&Span::none()), |own| self.around(own));
        if own.is_none() {
            any.annotations.description.clone_from(&first.annotations.description);
            any.nullable = ids.iter().any(|id| self.nullable(*id)).then_some(true);
        }
        if ids.iter().any(|id| self.model.get(*id).is_empty()) {
            return self.model.add(any);
        }
        // Enums of one type become one enum, in the place of the first.
        let mut kept: Vec<SchemaId> = ids;
        for kind in [JsonType::String, JsonType::Integer] {
            let enums: Vec<SchemaId> = kept.iter().copied().filter(|id| self.resolved(*id).is_enum_of(kind)).collect();
            let resolved: Vec<Rc<Schema>> = enums.iter().map(|id| self.resolved(*id)).collect();
            let all = enums.len() == kept.len();
            let like = Schema { nullable: None, ..if all { any.clone() } else { Schema::any(&Span::none()) } };
            if enums.len() > 1
                && let Some(mut merged) = one_enum(&like, &resolved.iter().map(|it| &**it).collect::<Vec<_>>())
            {
                let nullable = any.nullable == Some(true) || enums.iter().any(|id| self.nullable(*id));
                merged.nullable = nullable.then_some(true);
                if enums.iter().any(|id| self.is_secret(*id, true)) {
                    merged.annotations.sensitive = Some(true);
                }
                let merged = self.model.add(merged);
                if all {
                    return merged;
                }
                let place = kept.iter().position(|id| enums.contains(id)).unwrap_or(0);
                let enums: BTreeSet<SchemaId> = enums.into_iter().collect();
                kept.retain(|id| !enums.contains(id));
                kept.insert(place, merged);
            }
        }
        self.model.add(Schema { any_of: Some(kept), ..any })
    }

    /// Replaces unions that say nothing else by their branches.
    fn flat(&self, ids: &[SchemaId]) -> Vec<SchemaId> {
        let mut flat = Vec::new();
        let mut seen = BTreeSet::new();
        let mut queue: Vec<SchemaId> = ids.iter().rev().copied().collect();
        while let Some(id) = queue.pop() {
            if !seen.insert(id) {
                continue;
            }
            let schema = self.model.get(id);
            let given = schema.annotations.given_name().is_some() || schema.annotations.sensitive == Some(true);
            match schema.union() {
                Some((_, branches)) if schema.is_only_a_union() && !given && !branches.is_empty() => {
                    queue.extend(branches.iter().rev());
                }
                _ => flat.push(id),
            }
        }
        flat
    }

    /// The schemas without those that are equal to another. Of equal ones, the one with the first pointer is kept, so that
    /// another order of the branches, or of the components, changes nothing.
    fn distinct(&self, ids: &[SchemaId]) -> Vec<SchemaId> {
        let mut distinct: Vec<SchemaId> = Vec::new();
        let mut by_hash: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut seen = BTreeSet::new();
        let place = |id: SchemaId| (self.origin(id).map(|origin| origin.at.as_str()), id);
        for id in ids.iter().copied().filter(|id| seen.insert(*id)) {
            let alike = by_hash.entry(self.fingerprint(id)).or_default();
            let is_same = |index: &&usize| {
                let other = distinct[**index];
                let marks = |id: SchemaId| {
                    let schema = self.model.get(id);
                    (schema.nullable, schema.read_only, schema.write_only, self.is_secret(id, true))
                };
                same_structure(self.model, other, id) && marks(other) == marks(id)
            };
            match alike.iter().find(is_same) {
                Some(index) if place(id) < place(distinct[*index]) => distinct[*index] = id,
                Some(_) => {}
                None => {
                    alike.push(distinct.len());
                    distinct.push(id);
                }
            }
        }
        distinct
    }

    /// A hash that is equal for schemas with the same structure.
    fn fingerprint(&self, id: SchemaId) -> u64 {
        if let Some(known) = self.fingerprints.borrow().get(&id) {
            return *known;
        }
        let schema = self.model.get(id);
        let mut hasher = DefaultHasher::new();
        (schema.reference, schema.ty.map(JsonType::name), &schema.format, &schema.required).hash(&mut hasher);
        schema.values.iter().flatten().for_each(|value| value.canonical().hash(&mut hasher));
        format!("{:?}", schema.limits).hash(&mut hasher);
        let properties = schema.properties.iter().flatten().map(|(key, property)| {
            let mut hasher = DefaultHasher::new();
            (key, self.fingerprint(*property)).hash(&mut hasher);
            hasher.finish()
        });
        // Their order does not matter.
        properties.fold(0, u64::wrapping_add).hash(&mut hasher);
        let others = schema.parts().into_iter().skip(schema.properties.as_ref().map_or(0, IndexMap::len));
        others.for_each(|part| self.fingerprint(part).hash(&mut hasher));
        let hash = hasher.finish();
        self.fingerprints.borrow_mut().insert(id, hash);
        hash
    }
}

/// Whether each branch of a union declares a property, itself or by all of its own branches. What is within a branch that
/// declares it does not matter, unless it is a branch elsewhere too.
fn is_everywhere(parts: &[Part], roots: &[usize], declared: &Declared) -> bool {
    let mut done = vec![false; parts.len()];
    for (index, _) in declared {
        done[*index] = true;
    }
    let mut queue = roots.to_vec();
    while let Some(index) = queue.pop() {
        if !std::mem::replace(&mut done[index], true) {
            if parts[index].inner.is_empty() {
                return false;
            }
            queue.extend(&parts[index].inner);
        }
    }
    true
}

fn is_object(schema: &Schema) -> bool {
    schema.ty.map_or(schema.properties.is_some(), |ty| ty == JsonType::Object)
}

/// Whether a schema constrains the values of another without another type for them.
fn only_narrows(base: &Schema, narrow: &Schema) -> bool {
    let Schema { ty, values, properties, additional, items, prefix, rest, content, .. } = narrow;
    let no_parts = properties.is_none()
        && matches!(additional, Additional::Unsaid | Additional::Any)
        && items.is_none()
        && prefix.is_none()
        && rest.is_none()
        && content.is_none()
        && narrow.branches().next().is_none();
    let one_type = match (base.ty, ty) {
        (_, None) => true,
        (Some(JsonType::Integer), Some(JsonType::Number)) => true,
        (base, ty) => base == *ty,
    };
    let listed = match (values, &base.values) {
        (None, _) => true,
        (Some(_), Some(own)) => narrow.present_values().all(|value| own.contains(value)),
        (Some(_), None) => {
            let is = |value: &Node| match base.ty {
                Some(JsonType::Integer | JsonType::Number) => matches!(value.value, Value::Number(_)),
                Some(JsonType::Boolean) => value.as_bool().is_some(),
                _ => false,
            };
            narrow.present_values().all(is)
        }
    };
    no_parts && one_type && listed
}

/// Whether no value has the types of both schemas.
fn excludes(one: &Schema, other: &Schema) -> bool {
    let number = |ty: JsonType| matches!(ty, JsonType::Integer | JsonType::Number);
    match (one.ty, other.ty) {
        (Some(one), Some(other)) => one != other && !(number(one) && number(other)),
        _ => false,
    }
}

/// Merges several enums into one, which replaces their union. `None` if they are not all enums of one type. The title
/// of an enum with one value names only that value.
pub(super) fn one_enum(union: &Schema, enums: &[&Schema]) -> Option<Schema> {
    let kinds = [JsonType::String, JsonType::Integer];
    let kind = kinds.into_iter().find(|kind| enums.iter().all(|it| it.is_enum_of(*kind)))?;
    let mut merged = Schema { ty: Some(kind), ..union.clone() };
    (merged.one_of, merged.any_of, merged.discriminator) = (None, None, None);
    let (mut values, mut seen) = (Vec::new(), BTreeSet::new());
    let Annotations { value_names, value_docs, .. } = &mut merged.annotations;
    for part in enums {
        let title = part.annotations.title.as_ref().filter(|_| part.present_values().count() == 1);
        for (value, text) in part.texts() {
            if let Some(name) = part.annotations.value_names.get(&text).or(title) {
                value_names.entry(text.clone()).or_insert_with(|| name.clone());
            }
            if let Some(doc) = part.annotations.value_docs.get(&text) {
                value_docs.entry(text.clone()).or_insert_with(|| doc.clone());
            }
            if seen.insert(text) {
                values.push(value.clone());
            }
        }
    }
    merged.values = Some(values);
    Some(merged)
}

/// [`one_enum`] of the branches of a union. The description of a branch with one value describes that value.
pub(super) fn one_enum_of_branches(union: &Schema, branches: &[&Schema]) -> Option<Schema> {
    let mut merged = one_enum(union, branches)?;
    for branch in branches {
        let mut texts = branch.texts().map(|(_, text)| text);
        if let (Some(only), None, Some(doc)) = (texts.next(), texts.next(), &branch.annotations.description) {
            merged.annotations.value_docs.entry(only).or_insert_with(|| doc.clone());
        }
    }
    Some(merged)
}
