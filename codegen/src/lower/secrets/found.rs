//! Which schemas have a secret, and in which of them a value without a type of its own is one.

use std::collections::{HashMap, HashSet};

use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, Object};
use crate::schema::matches_any_key;

/// The components that have a secret somewhere, or refer to one that has.
pub(crate) struct Secrets(HashSet<String>);

impl Secrets {
    pub(crate) fn of(document: &Node) -> Self {
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
    pub(crate) fn within(&self, schema: &Node) -> bool {
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

    /// Whether a value without a type of its own is secret by a keyword of this schema.
    pub(super) fn is_whole(&self, node: &Node) -> bool {
        let patterns = node.get("patternProperties").and_then(Node::as_object);
        if patterns.is_some_and(|patterns| !is_typed(patterns, node) && patterns.values().any(|it| self.within(it))) {
            return true;
        }
        let text = !node.str("contentMediaType").is_some_and(|media| media.contains("json"));
        let keys = ["unevaluatedProperties", "unevaluatedItems", "contains"].into_iter();
        if keys.chain(text.then_some("contentSchema")).filter_map(|key| node.get(key)).any(|it| self.within(it)) {
            return true;
        }
        let declared = node.get("properties").and_then(Node::as_object);
        conditional(node).any(|schema| self.beside(schema, declared))
    }

    /// Whether a schema that applies beside another one, which has these properties, makes another value secret.
    fn beside(&self, schema: &Node, declared: Option<&Map>) -> bool {
        schema.as_object().into_iter().flatten().any(|(key, member)| match (key.as_str(), &member.value) {
            ("properties", Value::Object(properties)) => properties.iter().any(|(name, property)| {
                !declared.is_some_and(|declared| declared.contains_key(name)) && self.within(property)
            }),
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => parts.iter().any(|it| self.beside(it, declared)),
            ("not", _) => false,
            _ => self.within(&Node::made(Map::from([(key.clone(), member.clone())]))),
        })
    }
}

/// The schemas that apply to a value only under a condition.
pub(super) fn conditional(node: &Node) -> impl Iterator<Item = &Node> {
    let named = ["dependentSchemas", "dependencies"].into_iter().filter_map(|key| node.get(key)?.as_object());
    ["if", "then", "else"].into_iter().filter_map(|key| node.get(key)).chain(named.flat_map(Map::values))
}

/// Whether a schema says that its own values are secret.
pub(super) fn is_secret(node: &Node) -> bool {
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
