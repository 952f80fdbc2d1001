//! Normalizes path templates to the form of 3.0.

use std::collections::HashSet;

use super::Lowering;
use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, METHODS, OTHER_METHODS};
use crate::note::{Kind, Stage};

impl Lowering<'_> {
    /// Normalizes path templates. If two templates become equal, their path items are merged.
    pub(super) fn templates(&mut self, paths: &mut Map, at: &Pointer) {
        let template = |(path, item): (&String, &Node)| {
            let (plain, changed) =
                if path.starts_with("x-") { (path.clone(), Vec::new()) } else { plain_template(path, item) };
            let plain = if plain.starts_with('/') || path.starts_with("x-") { plain } else { format!("/{plain}") };
            (plain, changed)
        };
        let templates: Vec<(String, Vec<String>)> = paths.iter().map(template).collect();
        if paths.keys().zip(&templates).all(|(path, (plain, _))| path == plain) {
            return;
        }
        let unchanged = paths.keys().zip(&templates).filter(|(path, (plain, _))| *path == plain);
        let unchanged: HashSet<String> = unchanged.map(|(path, _)| path.clone()).collect();
        let mut result = Map::with_capacity(paths.len());
        let mut joined = Vec::new();
        for ((path, item), (plain, changed)) in std::mem::take(paths).into_iter().zip(templates) {
            if plain == path {
                result.insert(path, item);
                continue;
            }
            let here = at.join(&path);
            if !path.starts_with('/') {
                let reason = "a path must begin with `/`; it was added";
                self.notes.push(Stage::Lower, Kind::Correction, &here, &item, reason);
            }
            for expression in changed {
                let reason = if expression.starts_with(['?', '&']) {
                    "what the operation itself declares of it in the query is sent"
                } else {
                    "it was read as a plain name, and a `/` in its value is sent encoded"
                };
                let reason = format!("OpenAPI has no `{{{expression}}}` in a path; {reason}");
                self.notes.push(Stage::Lower, Kind::Loss, &here, &item, reason);
            }
            if unchanged.contains(&plain) || result.contains_key(&plain) {
                joined.push((plain, item, here));
            } else {
                result.insert(plain, item);
            }
        }
        for (plain, item, here) in joined {
            if let Some(there) = result.get_mut(&plain) {
                self.join_items(item, there, &here, &plain);
            }
        }
        *paths = result;
    }

    /// Adds the operations of one path item to another one. Skips a method that the other one already has.
    fn join_items(&mut self, item: Node, there: &mut Node, at: &Pointer, path: &str) {
        let shared = item.get("parameters").and_then(Node::as_array).unwrap_or_default().to_vec();
        let Value::Object(members) = item.value else { return };
        let mut operations: Vec<(String, Node)> = Vec::new();
        for (key, member) in members {
            match member.value {
                Value::Object(others) if key == OTHER_METHODS => operations.extend(others),
                _ if METHODS.contains(&key.as_str()) => operations.push((key, member)),
                _ => {}
            }
        }
        for (method, mut operation) in operations {
            if grammar::methods(there).iter().any(|(known, _)| *known == method) {
                let reason = format!("the operation was left out: `{path}` has one of this method too");
                self.note(Kind::Skip, &grammar::method_at(at, &method), &operation, reason);
                continue;
            }
            if !shared.is_empty() {
                let own = operation.get("parameters").and_then(Node::as_array).unwrap_or_default();
                let parameters: Vec<Node> = own.iter().chain(&shared).cloned().collect();
                operation.set("parameters", parameters);
            }
            if there.as_object().is_none() {
                there.value = Map::new().into();
            }
            let is_other = !METHODS.contains(&method.as_str());
            if is_other && there.get(OTHER_METHODS).is_none() {
                there.set(OTHER_METHODS, Map::new());
            }
            let place = if is_other { there.get_mut(OTHER_METHODS) } else { Some(&mut *there) };
            if let Some(map) = place.and_then(Node::as_object_mut) {
                map.insert(method, operation);
            }
        }
    }
}

/// Replaces the expressions of RFC 6570 (`{+path}`, `{path*}`, `{?a,b}`) and of gRPC's HTTP mapping (`{path=**}`) in a
/// path by plain names. Returns the path and the replaced expressions. Does not replace an expression that is the name
/// of a declared parameter.
fn plain_template(path: &str, item: &Node) -> (String, Vec<String>) {
    let owners = grammar::methods(item).into_iter().map(|(_, operation)| operation).chain([item]);
    let parameters = owners.filter_map(|owner| owner.get("parameters").and_then(Node::as_array)).flatten();
    let declared: Vec<&str> = parameters.filter_map(|parameter| parameter.str("name")).collect();
    let (mut plain, mut changed, mut rest) = (String::new(), Vec::new(), path);
    while let Some((before, tail)) = rest.split_once('{')
        && let Some((expression, after)) = tail.split_once('}')
    {
        plain.push_str(before);
        let name = expression.trim_start_matches(['+', '#']);
        let name = name.split_once('=').map_or(name, |(name, _)| name).trim_end_matches('*');
        let in_query = expression.starts_with(['?', '&']);
        if name.is_empty() || declared.contains(&expression) || (name == expression && !in_query) {
            plain.push_str(&format!("{{{expression}}}"));
        } else {
            changed.push(expression.to_owned());
            if !in_query {
                plain.push_str(&format!("{{{name}}}"));
            }
        }
        rest = after;
    }
    plain.push_str(rest);
    (plain, changed)
}
