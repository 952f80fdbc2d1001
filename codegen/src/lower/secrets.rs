//! Marks schemas whose values are secret by a keyword that the model does not have as a schema, such as
//! `patternProperties`, so that `Debug` of the generated types does not print them.

use std::collections::{HashMap, HashSet};

use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, Object};
use crate::schema::matches_any_key;

/// Sets `x-sensitive` on each schema with a secret under such a keyword, or on the property that the secret is about.
/// References must name components.
pub(super) fn mark(document: &mut Node) {
    let secrets = Secrets::of(document);
    let mut changed = Vec::new();
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
        if kind == Object::Schema {
            let found = secrets.hidden(node);
            changed.extend((!found.is_empty()).then(|| (at.clone(), found)));
        }
    });
    for (at, found) in changed {
        let Some(node) = document.pointer_mut(at.as_str()) else { continue };
        for place in found {
            match place {
                Hidden::Whole => set(node),
                Hidden::Property(name) => {
                    let properties = node.get_mut("properties").and_then(Node::as_object_mut);
                    if let Some(property) = properties.and_then(|all| all.get_mut(&name)) {
                        set(property);
                    }
                }
            }
        }
    }
}

fn set(node: &mut Node) {
    if node.as_bool() == Some(true) {
        node.value = Map::new().into();
    }
    node.set("x-sensitive", true);
}

/// What is secret by a keyword: the schema's values, or one of its declared properties.
#[derive(PartialEq, Eq)]
enum Hidden {
    Whole,
    Property(String),
}

/// The components that have a secret somewhere, or refer to one that has.
pub(super) struct Secrets(HashSet<String>);

impl Secrets {
    pub(super) fn of(document: &Node) -> Self {
        let mut users: HashMap<String, Vec<String>> = HashMap::new();
        let mut queue = Vec::new();
        let components = document.pointer("/components/schemas").and_then(Node::as_object);
        for (name, component) in components.into_iter().flatten() {
            let mut own = false;
            Object::Schema.walk(component, &Pointer::root(), &mut |kind, node, _| {
                if kind == Object::Schema {
                    own |= is_secret(node);
                    if let Some(target) = grammar::reference(node).and_then(grammar::component_name) {
                        users.entry(target).or_default().push(name.clone());
                    }
                }
            });
            queue.extend(own.then(|| name.clone()));
        }
        let mut found = HashSet::new();
        while let Some(name) = queue.pop() {
            if found.insert(name.clone()) {
                queue.extend(users.remove(&name).unwrap_or_default());
            }
        }
        Self(found)
    }

    /// Whether a schema has a secret somewhere.
    pub(super) fn within(&self, schema: &Node) -> bool {
        let mut found = false;
        Object::Schema.walk(schema, &Pointer::root(), &mut |kind, node, _| {
            found |= kind == Object::Schema
                && (is_secret(node)
                    || grammar::reference(node)
                        .and_then(grammar::component_name)
                        .is_some_and(|target| self.0.contains(&target)));
        });
        found
    }

    /// What is secret by the keywords of a schema for which there is no type.
    fn hidden(&self, node: &Node) -> Vec<Hidden> {
        let mut found = Vec::new();
        let declared = node.get("properties").and_then(Node::as_object);
        let patterns = node.get("patternProperties").and_then(Node::as_object);
        for (pattern, _) in patterns.into_iter().flatten().filter(|(_, schema)| self.within(schema)) {
            let regex = regress::Regex::new(pattern).ok().filter(|_| is_fast(pattern));
            let names = declared.into_iter().flat_map(Map::keys);
            let matching = names.filter(|name| regex.as_ref().is_none_or(|regex| regex.find(name).is_some()));
            found.extend(matching.map(|name| Hidden::Property(name.clone())));
        }
        if patterns.is_some_and(|patterns| !is_typed(patterns, node) && patterns.values().any(|it| self.within(it))) {
            found.push(Hidden::Whole);
        }
        let text = !node.str("contentMediaType").is_some_and(|media| media.contains("json"));
        let rest = ["unevaluatedProperties", "unevaluatedItems", "contains"].into_iter();
        for key in rest.chain(text.then_some("contentSchema")) {
            found.extend(node.get(key).filter(|it| self.within(it)).map(|_| Hidden::Whole));
        }
        let mut beside: Vec<&Node> = ["if", "then", "else"].into_iter().filter_map(|key| node.get(key)).collect();
        for key in ["dependentSchemas", "dependencies"] {
            beside.extend(node.get(key).and_then(Node::as_object).into_iter().flat_map(Map::values));
        }
        beside.into_iter().for_each(|schema| self.beside(schema, declared, &mut found));
        found
    }

    /// What is secret by a schema that applies beside another one with these properties.
    fn beside(&self, schema: &Node, declared: Option<&Map>, found: &mut Vec<Hidden>) {
        for (key, member) in schema.as_object().into_iter().flatten() {
            let own = match (key.as_str(), &member.value) {
                ("properties", Value::Object(properties)) => {
                    for (name, _) in properties.iter().filter(|(_, property)| self.within(property)) {
                        let is_declared = declared.is_some_and(|declared| declared.contains_key(name));
                        found.push(if is_declared { Hidden::Property(name.clone()) } else { Hidden::Whole });
                    }
                    false
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                    parts.iter().for_each(|part| self.beside(part, declared, found));
                    false
                }
                ("not", _) => false,
                _ => {
                    let alone = Node::made(Map::from([(key.clone(), member.clone())]));
                    self.within(&alone)
                }
            };
            if own {
                found.push(Hidden::Whole);
            }
        }
    }
}

/// Whether a pattern has so few repetitions that it takes little time for any text. For another one, every declared
/// property is treated as a match.
fn is_fast(pattern: &str) -> bool {
    pattern.len() <= 100 && pattern.matches(['*', '+', '{']).count() <= 2 && !pattern.contains('(')
}

/// Whether a schema says that its own values are secret.
fn is_secret(node: &Node) -> bool {
    node.get("x-sensitive").and_then(Node::as_bool) == Some(true) || node.str("format") == Some("password")
}

/// Whether the values of the keys that match a pattern get a type: no other key is allowed, or all others have a schema.
fn is_typed(patterns: &Map, around: &Node) -> bool {
    let anything = |schema: &Node| schema.as_bool() == Some(true) || schema.as_object().is_some_and(Map::is_empty);
    let others = around.get("additionalProperties");
    let every = patterns.len() == 1
        && around.get("properties").is_none()
        && patterns.keys().all(|pattern| matches_any_key(pattern));
    every
        || (others.is_some_and(|others| others.as_bool() == Some(false) || others.as_object().is_some())
            && !patterns.values().chain(others).any(anything))
}
