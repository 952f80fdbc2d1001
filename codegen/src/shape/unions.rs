//! What tells the branches of a union apart: a discriminator, or a property whose values no two of them share.

use std::collections::BTreeSet;

use crate::document::percent_decode;
use crate::document::{Node, Value};
use crate::grammar::{self, component_name};

use super::model::Constant;
use super::types::Types;

/// What the tag says of one branch.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Its values that mean the branch.
    pub(super) tags: Vec<Constant>,
    /// The value that is written where a value of the branch has none of its own.
    pub(super) writes: Option<String>,
}

/// Unions within unions are followed this deep.
const DEEPEST: usize = 8;

impl Types<'_> {
    /// The tag of a union, if it has one, and what it says of each branch.
    pub(super) fn told_apart(&self, union: &Node, branches: &[Node], resolved: &[Node]) -> (Option<String>, Vec<Told>) {
        let discriminator = union.get("discriminator");
        let Some(tag) = discriminator.and_then(|it| it.str("propertyName")) else {
            let implied = self.implied_tag(resolved);
            let told = resolved.iter().map(|branch| {
                let tags = implied.as_deref().map(|tag| self.constants(branch, tag, DEEPEST)).unwrap_or_default();
                Told { tags, writes: None }
            });
            return (implied.clone(), told.collect());
        };
        // A value means what the mapping says, else what a branch has it for, else the component of its name.
        let mut taken: BTreeSet<Constant> = BTreeSet::new();
        let mut told: Vec<Told> = vec![Told::default(); branches.len()];
        let components: Vec<Vec<String>> =
            branches.iter().map(|branch| self.component_names(branch, DEEPEST)).collect();
        let mapping = discriminator.and_then(|it| it.get("mapping")).and_then(Node::as_object);
        for (value, target) in mapping.into_iter().flatten() {
            let target = target.as_str().map(percent_decode).unwrap_or_default();
            let target = component_name(&target).unwrap_or(target);
            let file = target.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
            let own = |name: &String| *name == target;
            let found = components.iter().position(|names| names.first().is_some_and(own));
            let found = found.or_else(|| components.iter().position(|names| names.iter().any(own)));
            let found = found.or_else(|| components.iter().position(|names| names.iter().any(|name| name == file)));
            if let Some(found) = found
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
        (Some(tag.to_owned()), told)
    }

    /// The property whose values tell the branches that are objects apart: each has values of its own for it.
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

    /// The branches of a branch that is a union.
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

    /// The values that a branch has for a property: all there are, or none are known.
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

    /// The component that a branch is, those it is by reference, and those it is one of.
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

/// The values of an enum that can tell branches apart: none, if one of them cannot.
fn values(schema: &Node) -> Vec<Constant> {
    let present = schema.get("enum").and_then(Node::as_array).unwrap_or_default().iter();
    let values: Option<Vec<Constant>> = present.filter(|value| !value.is_null()).map(of).collect();
    values.unwrap_or_default()
}

fn of(value: &Node) -> Option<Constant> {
    match &value.value {
        Value::String(text) => Some(Constant::Text(text.clone())),
        Value::Number(number) => number.as_i64().map(Constant::Integer),
        Value::Bool(value) => Some(Constant::Bool(*value)),
        _ => None,
    }
}

/// The one value of a schema, if it has only one beside null.
pub(super) fn only_value(schema: &Node) -> Option<Constant> {
    match values(schema).as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}
