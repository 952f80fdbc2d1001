//! How the branches of a union are distinguished: by a discriminator, or by a property whose values no two branches share.

use std::collections::BTreeSet;

use crate::document::{Map, Node, Value, percent_decode};
use crate::grammar::{self, component_name};
use crate::note::Kind;

use super::context::{Claimed, Place, Types};
use super::facts::{integer, strings, values};
use super::model::{Constant, Type, TypeKind, Union, Variant};
use super::names;

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

/// Whether a branch is only a reference to a component, perhaps with descriptions beside it, but without a name.
fn refers(branch: &Node) -> bool {
    let named = branch.get("title").is_some() || branch.get("x-rust-name").is_some();
    let words = |key: &String| key == "allOf" || grammar::is_annotation(key);
    let only = branch.get("allOf").and_then(Node::as_array).and_then(|parts| match parts {
        [only] => grammar::reference(only),
        _ => None,
    });
    grammar::reference(branch).is_some()
        || (!named && only.is_some() && branch.as_object().is_some_and(|map| map.keys().all(words)))
}

/// The depth to which unions within unions are followed.
const DEEPEST: usize = 8;

impl Types<'_> {
    pub(super) fn union(&mut self, schema: &Node, branches: &[Node], place: &Place<'_>) -> Type {
        if branches.is_empty() || (schema.get("oneOf").is_some() && schema.get("anyOf").is_some()) {
            self.note(Kind::Unchecked, place.at, schema, "two unions at once are read as any value");
            return Type::Any;
        }
        if schema.get("properties").is_some() {
            if let Some((union, branches)) = self.apart(schema, branches) {
                return self.union(&union, &branches, place);
            }
            let merged = self.wide(schema, branches);
            return self.structure(&merged, place);
        }
        // Branches that only require properties constrain a type that is declared elsewhere.
        let constraint = |branch: &Node| {
            branch.as_object().is_some_and(|map| {
                map.keys().all(|key| key == "required" || key == "not" || grammar::is_annotation(key))
            })
        };
        if branches.iter().all(constraint) {
            let mut rest = schema.clone();
            rest.take("oneOf");
            rest.take("anyOf");
            return self.bare(&rest, place);
        }
        // An open enum already reads every string.
        let resolved: Vec<Node> = branches.iter().map(|branch| self.resolved(branch)).collect();
        let some = |kind: &str| resolved.iter().any(|branch| is_enum_of(kind, branch));
        let (some_texts, some_integers) = (some("string"), some("integer"));
        let taken_anyway = |schema: &Node| {
            schema.get("enum").is_none()
                && match schema.str("type") {
                    Some("string") => some_texts,
                    Some("integer") => some_integers && !matches!(integer(schema), Type::U64 | Type::Number),
                    _ => false,
                }
        };
        let dropped_null = resolved.iter().any(|branch| taken_anyway(branch) && branch.is_true("nullable"));
        let kept: Vec<usize> = (0..branches.len()).filter(|index| !taken_anyway(&resolved[*index])).collect();
        if let [only] = kept.as_slice() {
            let ty = self.bare(&branches[*only], place);
            let nullable = dropped_null || branches[*only].is_true("nullable");
            return if nullable && !place.exact { ty.nullable() } else { ty };
        }
        // Several enums of one kind of value become one enum.
        if let Some(merged) = one_enum(schema, &kept.iter().map(|index| &resolved[*index]).collect::<Vec<_>>()) {
            let nullable = dropped_null || branches.iter().any(|branch| self.nullable(branch));
            let ty = self.bare(&merged, place);
            return if nullable && !place.exact { ty.nullable() } else { ty };
        }
        // Claimed before the branches, so that no branch gets the name.
        let name = match self.claim(schema, place) {
            Claimed::New(name) => name,
            Claimed::Shared(name) => return Type::Named(name),
        };
        let (tag, told) = self.told_apart(schema, branches, &resolved);
        let mut variants: Vec<Variant> = Vec::new();
        // Of several branches that are text, nothing in a value says which one it is.
        let several_texts = resolved.iter().filter(|branch| branch.str("type") == Some("string")).count() > 1;
        for index in kept {
            let branch = &branches[index];
            let key = if schema.get("oneOf").is_some() { "oneOf" } else { "anyOf" };
            let at = place.at.join(key).join(index);
            let Told { tags, writes, default } = told.get(index).cloned().unwrap_or_default();
            let label = self.label(branch, &resolved[index], &tags, &variants);
            let ty = self.nested(branch, &at, &format!("{name}{label}"), place.view);
            let ty = if several_texts { ty.text() } else { ty };
            if ty == Type::Any {
                self.note(
                    Kind::Unchecked,
                    &at,
                    branch,
                    "one branch of the union accepts any value, so the union does too",
                );
                self.release(schema, place, &name);
                return Type::Any;
            }
            if let Some(same) = variants.iter_mut().find(|variant| variant.ty == ty) {
                same.tags.extend(tags);
                same.default |= default;
                continue;
            }
            let mut label = match &ty {
                Type::Named(name) if refers(branch) => name.clone(),
                _ => label,
            };
            while variants.iter().any(|variant| variant.name == label) {
                label.push_str("Alternative");
            }
            let sensitive = self.is_secret(branch, ty.innermost().is_none());
            variants.push(Variant { name: label, ty, boxed: false, tags, default, writes, sensitive });
        }
        if variants.len() == 1
            && let Some(only) = variants.pop()
        {
            self.release(schema, place, &name);
            return only.ty;
        }
        let unknown = names::catch_all(|name| variants.iter().any(|variant| variant.name == name));
        self.insert(&name, schema, place, TypeKind::Union(Union { variants, unknown, tag }));
        Type::Named(name)
    }

    /// Properties beside a union that has branches other than objects: a union of the object and those branches,
    /// because properties do not constrain other values. `None` if all branches are objects, or the schema allows
    /// objects only.
    fn apart(&self, schema: &Node, branches: &[Node]) -> Option<(Node, Vec<Node>)> {
        let is_object = |branch: &&Node| {
            let branch = self.resolved(branch);
            branch.str("type").is_none_or(|name| name == "object") || branch.get("properties").is_some()
        };
        let (objects, others): (Vec<&Node>, Vec<&Node>) = branches.iter().partition(is_object);
        if others.is_empty() || schema.get("type").is_some() {
            return None;
        }
        let key = if schema.get("oneOf").is_some() { "oneOf" } else { "anyOf" };
        let (around, mut object): (Map, Map) = schema
            .as_object()
            .cloned()
            .unwrap_or_default()
            .into_iter()
            .partition(|(key, _)| grammar::is_annotation(key) || key == "nullable");
        object.shift_remove(key);
        if objects.is_empty() {
            object.shift_remove("discriminator");
        } else {
            let objects: Vec<Node> = objects.into_iter().cloned().collect();
            object.insert(key.to_owned(), Node::at(objects, &schema.span));
        }
        let branches: Vec<Node> = [Node::made(object)].into_iter().chain(others.into_iter().cloned()).collect();
        let mut union = Node::at(around, &schema.span);
        union.set(key, branches.clone());
        Some((union, branches))
    }

    /// Properties beside a union: one object with the properties of all branches, which are optional.
    fn wide(&mut self, schema: &Node, branches: &[Node]) -> Node {
        let mut wide = schema.clone();
        wide.take("oneOf");
        wide.take("anyOf");
        wide.take("discriminator");
        let mut parts: Vec<Node> = Vec::new();
        for branch in branches {
            let mut open = vec![(self.resolved(branch), 0)];
            while let Some((part, depth)) = open.pop() {
                let of = |key: &str| part.get(key).and_then(Node::as_array).unwrap_or_default();
                let inner: Vec<&Node> = of("oneOf").iter().chain(of("anyOf")).collect();
                // A union of unions becomes one union.
                if depth < 8 {
                    open.extend(inner.iter().rev().map(|it| (self.resolved(it), depth + 1)));
                }
                if inner.is_empty() || part.get("properties").is_some() {
                    parts.push(part);
                }
            }
        }
        for branch in parts {
            for (key, property) in branch.get("properties").and_then(Node::as_object).into_iter().flatten() {
                let Some(properties) = wide.get_mut("properties").and_then(Node::as_object_mut) else { continue };
                match properties.get_mut(key) {
                    Some(existing) if existing == property => {}
                    // Two branches declare it differently: any value is read, so nothing is lost.
                    Some(existing) if existing.get("enum").is_some() && property.get("enum").is_some() => {
                        let more = property.get("enum").and_then(Node::as_array).unwrap_or_default().to_vec();
                        if let Some(values) = existing.get_mut("enum").and_then(Node::as_array_mut) {
                            let new: Vec<Node> = more.into_iter().filter(|value| !values.contains(value)).collect();
                            values.extend(new);
                        }
                        if property.is_true("nullable") {
                            existing.set("nullable", true);
                        }
                    }
                    Some(existing) => {
                        let mut any = Map::new();
                        any.extend(existing.get("description").map(|it| ("description".to_owned(), it.clone())));
                        if existing.as_object().is_some_and(|map| !map.is_empty())
                            && property.as_object().is_some_and(|map| !map.is_empty())
                        {
                            let either = vec![existing.clone(), property.clone()];
                            any.insert("anyOf".to_owned(), Node::at(either, &existing.span));
                        }
                        existing.value = any.into();
                    }
                    None => drop(properties.insert(key.clone(), property.clone())),
                }
            }
        }
        wide
    }

    /// The name of a branch among its siblings.
    fn label(&self, branch: &Node, resolved: &Node, tags: &[Constant], siblings: &[Variant]) -> String {
        let given = branch.str("x-rust-name").or_else(|| branch.str("title"));
        let object = resolved.get("properties").is_some();
        let array = |schema: &Node| {
            schema.get("items").map(|items| self.resolved(items)).and_then(|items| items.str("type").map(names::pascal))
        };
        let label = match (given, tags) {
            (Some(name), _) => names::pascal(name),
            (None, [tag]) if object => names::pascal(&tag.text()),
            _ if resolved.get("enum").is_some() => "Known".to_owned(),
            _ => match resolved.str("type") {
                Some("array") => match array(resolved) {
                    Some(item) if siblings.iter().any(|it| it.name == "Array") => format!("{item}Array"),
                    _ => "Array".to_owned(),
                },
                Some(name) => names::pascal(name),
                None if object => "Object".to_owned(),
                None => "Value".to_owned(),
            },
        };
        let mut distinct = label.clone();
        if siblings.iter().any(|it| it.name == distinct) && object {
            let required =
                resolved.get("required").and_then(Node::as_array).into_iter().flatten().filter_map(Node::as_str);
            let with = required.map(|name| format!("{label}With{}", names::pascal(name)));
            distinct = with.into_iter().find(|name| siblings.iter().all(|it| it.name != *name)).unwrap_or(distinct);
        }
        while siblings.iter().any(|it| it.name == distinct) {
            distinct.push_str("Alternative");
        }
        distinct
    }

    /// The tag of a union, if it has one, and what it determines for each branch.
    pub(super) fn told_apart(&self, union: &Node, branches: &[Node], resolved: &[Node]) -> (Option<String>, Vec<Told>) {
        let discriminator = union.get("discriminator");
        let Some(tag) = discriminator.and_then(|it| it.str("propertyName")) else {
            let implied = self.implied_tag(resolved);
            let told = resolved.iter().map(|branch| {
                let tags = implied.as_deref().map(|tag| self.constants(branch, tag, DEEPEST)).unwrap_or_default();
                Told { tags, writes: None, default: false }
            });
            return (implied.clone(), told.collect());
        };
        // A value selects the branch of the mapping, or else the branch that declares it, or else the component with
        // its name.
        let mut taken: BTreeSet<Constant> = BTreeSet::new();
        let mut told: Vec<Told> = vec![Told::default(); branches.len()];
        let components: Vec<Vec<String>> =
            branches.iter().map(|branch| self.component_names(branch, DEEPEST)).collect();
        let mapping = discriminator.and_then(|it| it.get("mapping")).and_then(Node::as_object);
        let branch_of = |target: &Node| {
            let target = target.as_str().map(percent_decode).unwrap_or_default();
            let target = component_name(&target).unwrap_or(target);
            let file = target.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
            let own = |name: &String| *name == target;
            let found = components.iter().position(|names| names.first().is_some_and(own));
            let found = found.or_else(|| components.iter().position(|names| names.iter().any(own)));
            found.or_else(|| components.iter().position(|names| names.iter().any(|name| name == file)))
        };
        for (value, target) in mapping.into_iter().flatten() {
            if let Some(found) = branch_of(target)
                && taken.insert(Constant::Text(value.clone()))
            {
                told[found].tags.push(Constant::Text(value.clone()));
            }
        }
        for (branch, told) in resolved.iter().zip(&mut told) {
            for value in self.constants(branch, tag, DEEPEST) {
                let text = Constant::Text(value.text());
                if !taken.contains(&text) && !told.tags.contains(&value) {
                    told.tags.push(value);
                }
            }
        }
        let known: BTreeSet<Constant> =
            told.iter().flat_map(|it| &it.tags).map(|value| Constant::Text(value.text())).collect();
        for (names, told) in components.iter().zip(&mut told) {
            let names = names.iter().map(|name| Constant::Text(name.clone()));
            told.tags.extend(names.filter(|name| !known.contains(name)));
        }
        for (branch, told) in resolved.iter().zip(&mut told) {
            let property = branch.get("properties").and_then(|it| it.get(tag)).map(|it| self.resolved(it));
            let is_text = property.is_none_or(|it| it.str("type").is_none_or(|name| name == "string"));
            let is_object = branch.get("properties").is_some() || branch.str("type") == Some("object");
            if let Some(Constant::Text(value)) = told.tags.first()
                && is_text
                && is_object
            {
                told.writes = Some(value.clone());
            }
        }
        if let Some(default) = discriminator.and_then(|it| it.get("defaultMapping")).and_then(branch_of) {
            // A value that came without a tag is written without one, with the same meaning.
            told[default].default = true;
            told[default].writes = None;
        }
        (Some(tag.to_owned()), told)
    }

    /// The property whose values select one of the branches that are objects. Each branch declares its own values.
    fn implied_tag(&self, branches: &[Node]) -> Option<String> {
        let objects: Vec<&Node> = branches.iter().filter(|branch| self.is_object(branch, DEEPEST)).collect();
        if objects.len() < 2 {
            return None;
        }
        let tells = |key: &&String| {
            let mut seen = BTreeSet::new();
            objects.iter().all(|branch| {
                let values = self.constants(branch, key, DEEPEST);
                !values.is_empty() && values.into_iter().all(|value| seen.insert(value))
            })
        };
        let keys = self.keys(objects[0], DEEPEST);
        let telling: Vec<&String> = keys.iter().filter(tells).collect();
        let demanded = |key: &&&String| objects.iter().all(|branch| demands(branch, key));
        telling.iter().find(demanded).or(telling.first()).map(|key| (*key).clone())
    }

    fn is_object(&self, branch: &Node, fuel: usize) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        branch.get("properties").is_some()
            || branch.str("type") == Some("object")
            || self.parts(branch).iter().any(|part| self.is_object(part, fuel))
    }

    /// The branches of a branch that is itself a union.
    fn parts(&self, branch: &Node) -> Vec<Node> {
        let of = |key: &str| branch.get(key).and_then(Node::as_array).unwrap_or_default();
        of("oneOf").iter().chain(of("anyOf")).map(|part| self.resolved(part)).collect()
    }

    fn keys(&self, branch: &Node, fuel: usize) -> Vec<String> {
        let Some(fuel) = fuel.checked_sub(1) else { return Vec::new() };
        let own = branch.get("properties").and_then(Node::as_object).into_iter().flatten().map(|(key, _)| key.clone());
        let mut keys: Vec<String> = own.collect();
        if let Some(first) = self.parts(branch).iter().find(|part| self.is_object(part, fuel)) {
            keys.extend(self.keys(first, fuel));
        }
        keys
    }

    /// The values that a branch allows for a property. Empty if not all of them are known.
    fn constants(&self, branch: &Node, key: &str, fuel: usize) -> Vec<Constant> {
        let Some(fuel) = fuel.checked_sub(1) else { return Vec::new() };
        if let Some(property) = branch.get("properties").and_then(|it| it.get(key)) {
            return values(&self.resolved(property));
        }
        let mut all = Vec::new();
        for part in self.parts(branch).iter().filter(|part| self.is_object(part, fuel)) {
            let values = self.constants(part, key, fuel);
            if values.is_empty() {
                return Vec::new();
            }
            all.extend(values);
        }
        all
    }

    /// The component that a branch refers to, those that this one refers to, and those of its branches if it is a
    /// union.
    fn component_names(&self, branch: &Node, fuel: usize) -> Vec<String> {
        let Some(fuel) = fuel.checked_sub(1) else { return Vec::new() };
        let only_part = match branch.get("allOf").and_then(Node::as_array) {
            Some([only]) => only,
            _ => branch,
        };
        let mut names = Vec::new();
        let mut inner = only_part;
        if let Some(name) = grammar::reference(only_part).and_then(component_name) {
            names.push(name.clone());
            match self.schemas.get(&name) {
                Some(target) if grammar::reference(target).is_some() => {
                    names.extend(self.component_names(target, fuel));
                    return names;
                }
                Some(target) => inner = target,
                None => return names,
            }
        }
        for key in ["oneOf", "anyOf"] {
            for part in inner.get(key).and_then(Node::as_array).into_iter().flatten() {
                names.extend(self.component_names(part, fuel));
            }
        }
        names
    }
}

fn demands(branch: &Node, key: &str) -> bool {
    branch.get("required").and_then(Node::as_array).into_iter().flatten().any(|name| name.as_str() == Some(key))
}

/// Whether a schema is an enum of strings or of integers, apart from null.
fn is_enum_of(kind: &str, schema: &Node) -> bool {
    let values = schema.get("enum").and_then(Node::as_array).unwrap_or_default();
    let mut present = values.iter().filter(|value| !value.is_null()).peekable();
    let typed = match schema.str("type") {
        None => true,
        Some("number") => kind == "integer",
        Some(name) => name == kind,
    };
    typed
        && present.peek().is_some()
        && present.all(|value| match &value.value {
            Value::String(_) => kind == "string",
            Value::Number(number) => kind == "integer" && number.is_i64(),
            _ => false,
        })
}

/// One enum with the values of several, instead of their union. The title of an enum with one value names only that
/// value.
fn one_enum(union: &Node, enums: &[&Node]) -> Option<Node> {
    let kind = ["string", "integer"].into_iter().find(|kind| enums.iter().all(|it| is_enum_of(kind, it)))?;
    let (mut values, mut names, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for part in enums {
        let present = part.get("enum").and_then(Node::as_array).into_iter().flatten().filter(|value| !value.is_null());
        let own: Vec<&Node> = present.collect();
        let mut given = strings(part.get("x-enum-varnames").or_else(|| part.get("x-enumNames")));
        if given.len() != own.len() {
            let title = part.str("title").filter(|_| own.len() == 1).unwrap_or_default();
            given = vec![title.to_owned(); own.len()];
        }
        for (value, name) in own.into_iter().zip(given) {
            if seen.insert(value.canonical()) {
                values.push(value.clone());
                names.push(Node::made(name));
            }
        }
    }
    let mut merged = union.clone();
    for key in ["oneOf", "anyOf", "discriminator", "x-enumNames"] {
        merged.take(key);
    }
    merged.set("type", kind);
    merged.set("enum", values);
    merged.set("x-enum-varnames", names);
    Some(merged)
}
