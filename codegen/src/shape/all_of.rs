//! `allOf` flattened: one schema that says what all of them say.

use std::collections::{BTreeSet, HashMap};

use crate::document::{Map, Node, Value};
use crate::grammar;

use crate::grammar::component_name;

/// The union keywords, whose branches describe alternatives.
const UNIONS: [&str; 2] = ["oneOf", "anyOf"];

/// One schema for a schema with `allOf`. References to circular parents are left out, because they add nothing.
pub(crate) fn flatten(schema: &Node, components: &Map) -> Node {
    let mut merged = Node::at(Map::new(), &schema.span);
    let mut parents = Parents { components, child: schema, open: BTreeSet::new(), flat: HashMap::new() };
    gather(&mut merged, schema, &mut parents);
    merged
}

struct Parents<'a> {
    components: &'a Map,
    /// The schema whose parents these are.
    child: &'a Node,
    /// The parents that are being flattened. A circle ends at a parent that is already here.
    open: BTreeSet<String>,
    /// The flattened parents. A parent that is reached in several ways is flattened once.
    flat: HashMap<String, Node>,
}

impl Parents<'_> {
    /// Whether the branches of a union lead, without anything between, to the child or to a parent that is being
    /// flattened. Such a union is a parent's list of its children. It adds nothing to the child.
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

/// The longest chain of parents that is followed. The longest in real documents is less than a tenth of it.
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
            // The child does not inherit a parent's name, its descriptions, or its list of children.
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
                // An empty intersection is an error in the document. In practice the later part is meant.
                *have = if kept.is_empty() { more.clone() } else { kept };
            }
            // One part is closed, the other is open. Each part describes properties of the other, so the result is
            // open.
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
            // Two unions at once cannot be one Rust type. An empty union is read as any value, so nothing is lost.
            Some(existing) => existing.value = Value::Array(Vec::new()),
            None if objects || !typed => drop(map.insert(key, branches)),
            None => {}
        }
    }
}

/// A property that two parts describe: the more exact schema, with what the other adds to it.
fn both(mine: &Node, theirs: &Node) -> Node {
    if mine == theirs {
        return mine.clone();
    }
    // Values are more exact than a type. Otherwise the later part refines the earlier one.
    let mine_lists =
        mine.get("enum").is_some() && theirs.get("enum").is_none() && mine.get("type") == theirs.get("type");
    if is_partial(theirs) || (mine_lists && !is_partial(mine)) { with(mine, theirs) } else { with(theirs, mine) }
}

/// A schema with what another one adds: hints, descriptions and views, and its limits if it has nothing but limits.
fn with(kept: &Node, other: &Node) -> Node {
    let has_type = |name: &str| kept.str("type") == Some(name);
    let composed = has_any(kept, &["$ref", "oneOf", "anyOf", "allOf"]);
    let mut added = Map::new();
    for (key, value) in other.as_object().into_iter().flatten() {
        let existing = kept.get(key);
        let of_contents = (key == "items" && has_type("array"))
            || (key == "additionalProperties" && (has_type("object") || kept.get("properties").is_some()));
        // The name is not copied: each part may name a type of its own.
        let is_hint = matches!(key.as_str(), "x-sensitive" | "x-aliases" | "readOnly" | "writeOnly");
        let is_limit = is_partial(other)
            && !composed
            && !matches!(key.as_str(), "nullable" | "items" | "additionalProperties" | "title");
        let is_prose = matches!(key.as_str(), "description" | "deprecated") && kept.get("$ref").is_none();
        let of_one_type = kept.get("type").is_some() && kept.get("type") == other.get("type");
        let is_format = key == "format" && of_one_type && kept.get("enum").is_none();
        let value = match existing {
            Some(existing) if of_contents && is_partial(other) => both(existing, value),
            None if of_contents && is_partial(other) => value.clone(),
            // A secret stays a secret.
            Some(_) if key == "x-sensitive" && other.is_true(key) => value.clone(),
            None if is_hint || is_limit || is_prose || is_format => value.clone(),
            _ => continue,
        };
        added.insert(key.clone(), value);
    }
    let mut merged = kept.clone();
    if added.is_empty() {
        return merged;
    }
    if kept.get("$ref").is_some() {
        merged = Node::at(Map::new(), &kept.span);
        merged.set("allOf", Value::Array(vec![kept.clone()]));
    }
    if let Some(map) = merged.as_object_mut() {
        map.extend(added);
    }
    merged
}

/// Whether a schema constrains only the allowed values, or the contents of arrays and maps, without a type of its own.
fn is_partial(schema: &Node) -> bool {
    schema.as_object().is_some() && !has_any(schema, &["$ref", "type", "enum", "oneOf", "anyOf", "allOf", "properties"])
}

fn has_any(schema: &Node, keys: &[&str]) -> bool {
    keys.iter().any(|key| schema.get(key).is_some())
}
