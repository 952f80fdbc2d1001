//! `allOf` flattened: one schema that says what all of them say.

use std::collections::{BTreeSet, HashMap};

use crate::document::{Map, Node, Value};
use crate::grammar;

use crate::grammar::component_name;

/// The union keywords, whose branches describe alternatives.
const UNIONS: [&str; 2] = ["oneOf", "anyOf"];

/// One schema for a schema with `allOf`. References to circular parents are left out: they add nothing.
pub(crate) fn flatten(schema: &Node, components: &Map) -> Node {
    let mut merged = Node::at(Map::new(), &schema.span);
    let mut parents = Parents { components, child: schema, open: BTreeSet::new(), flat: HashMap::new() };
    gather(&mut merged, schema, &mut parents);
    merged
}

struct Parents<'a> {
    components: &'a Map,
    /// The schema that all of them are parents of.
    child: &'a Node,
    /// The parents being flattened, so that circles end.
    open: BTreeSet<String>,
    /// The parents flattened already: one that is reached by many ways is flattened once.
    flat: HashMap<String, Node>,
}

impl Parents<'_> {
    /// Whether a union leads, by branches alone, to the child or to a parent on the way. It is then a parent's list of its
    /// children, which says nothing of this one but that it is one of them.
    fn is_listed(&self, union: &Node) -> bool {
        let mut queue: Vec<&Node> = union.as_array().unwrap_or_default().iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(branch) = queue.pop() {
            if let Some(name) = grammar::reference(branch).and_then(component_name) {
                let Some(target) = self.components.get(&name) else { continue };
                let same_place = target.span.identity() == self.child.span.identity();
                if self.open.contains(&name) || (same_place && target == self.child) {
                    return true;
                }
                if seen.insert(name) {
                    queue.push(target);
                }
            }
            queue.extend(UNIONS.iter().filter_map(|key| branch.get(key).and_then(Node::as_array)).flatten());
        }
        false
    }
}

/// The longest line of parents that is followed; no real one is a tenth of it.
const MOST_PARENTS: usize = 200;

fn gather(merged: &mut Node, schema: &Node, parents: &mut Parents<'_>) {
    if let Some(name) = grammar::reference(schema).and_then(component_name) {
        if let Some(flat) = parents.flat.get(&name) {
            return absorb(merged, &flat.clone());
        }
        let Some(target) = parents.components.get(&name) else { return };
        if parents.open.len() < MOST_PARENTS && parents.open.insert(name.clone()) {
            let mut parent = Node::at(Map::new(), &target.span);
            gather(&mut parent, target, parents);
            parents.open.remove(&name);
            // Names and prose of a parent are not the child's, nor is the list of its children.
            if let Some(map) = parent.as_object_mut() {
                map.retain(|key, value| {
                    !grammar::is_annotation(key)
                        && key != "nullable"
                        && key != "discriminator"
                        && !(UNIONS.contains(&key.as_str()) && parents.is_listed(value))
                });
            }
            absorb(merged, &parent);
            parents.flat.insert(name, parent);
        }
        return;
    }
    for part in schema.get("allOf").and_then(Node::as_array).into_iter().flatten() {
        gather(merged, part, parents);
    }
    let mut own = schema.clone();
    own.take("allOf");
    absorb(merged, &own);
}

fn absorb(merged: &mut Node, part: &Node) {
    let Some(part) = part.as_object() else { return };
    let alternatives: Vec<(String, Node)> =
        part.iter().filter(|(key, _)| UNIONS.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
    let Some(map) = merged.as_object_mut() else { return };
    for (key, value) in part {
        if UNIONS.contains(&key.as_str()) {
            continue;
        }
        let Some(existing) = map.get_mut(key) else {
            map.insert(key.clone(), value.clone());
            continue;
        };
        match (key.as_str(), &mut existing.value, &value.value) {
            ("properties", Value::Object(have), Value::Object(more)) => {
                for (name, property) in more {
                    match have.get_mut(name) {
                        Some(mine) => *mine = both(mine, property),
                        None => drop(have.insert(name.clone(), property.clone())),
                    }
                }
            }
            ("required", Value::Array(have), Value::Array(more)) => {
                let new = more.iter().filter(|name| !have.contains(name)).cloned().collect::<Vec<_>>();
                have.extend(new);
            }
            ("enum", Value::Array(have), Value::Array(more)) => {
                let kept: Vec<Node> = have.iter().filter(|value| more.contains(value)).cloned().collect();
                // An empty intersection is a contradiction of the document; the later one is what it means in practice.
                *have = if kept.is_empty() { more.clone() } else { kept };
            }
            // Closed by one part, opened by another: the parts speak about each other's properties, so it is open.
            ("additionalProperties", Value::Bool(_), Value::Object(_)) => *existing = value.clone(),
            ("additionalProperties", Value::Object(_), Value::Bool(_)) => {}
            ("additionalProperties", Value::Bool(have), Value::Bool(more)) => *have = *have || *more,
            ("nullable", Value::Bool(have), Value::Bool(more)) => *have = *have && *more,
            ("type", Value::String(have), Value::String(more)) if have == "number" && more == "integer" => {
                *existing = value.clone()
            }
            ("type", ..) => {}
            _ => *existing = value.clone(),
        }
    }
    for (key, branches) in alternatives {
        let objects = map.contains_key("properties") || map.get("type").and_then(Node::as_str) == Some("object");
        let typed = map.contains_key("type");
        match map.get_mut(&key) {
            // Two unions at once say more than one Rust type can: an empty one reads as any value, which keeps all.
            Some(existing) => existing.value = Value::Array(Vec::new()),
            None if objects || !typed => drop(map.insert(key, branches)),
            None => {}
        }
    }
}

/// A property that two parts describe: what both say, by the more exact one.
fn both(mine: &Node, theirs: &Node) -> Node {
    if mine == theirs {
        return mine.clone();
    }
    if is_vague(mine) {
        return theirs.clone();
    }
    if is_vague(theirs) || (is_partial(theirs) && has_any(mine, &["$ref", "oneOf", "anyOf", "allOf"])) {
        return mine.clone();
    }
    // Values are more exact than a type; otherwise the later part is the one that refines.
    if mine.get("enum").is_some() && theirs.get("enum").is_none() && mine.get("type") == theirs.get("type") {
        return mine.clone();
    }
    let mut refined = theirs.clone();
    if refined.get("description").is_none()
        && let Some(description) = mine.get("description").cloned()
        && let Some(map) = refined.as_object_mut()
        && !map.contains_key("$ref")
    {
        map.insert("description".to_owned(), description);
    }
    refined
}

/// Whether a schema says nothing of what its values are, but at most which of them are allowed.
fn is_vague(schema: &Node) -> bool {
    is_partial(schema) && !has_any(schema, &["items", "additionalProperties"])
}

/// Whether a schema says of arrays and maps what is in them, but not that its values are such.
fn is_partial(schema: &Node) -> bool {
    schema.as_object().is_some()
        && !has_any(schema, &["$ref", "type", "enum", "oneOf", "anyOf", "allOf", "properties", "format", "not"])
}

fn has_any(schema: &Node, keys: &[&str]) -> bool {
    keys.iter().any(|key| schema.get(key).is_some())
}
