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

/// A property that two parts describe: what the more exact one says, and what the other says beside it.
fn both(mine: &Node, theirs: &Node) -> Node {
    if mine == theirs {
        return mine.clone();
    }
    // Values are more exact than a type; otherwise the later part is the one that refines.
    let mine_lists =
        mine.get("enum").is_some() && theirs.get("enum").is_none() && mine.get("type") == theirs.get("type");
    if is_partial(theirs) || (mine_lists && !is_partial(mine)) { with(mine, theirs) } else { with(theirs, mine) }
}

/// A schema with what another one adds to it: hints, prose and views, and limits if it has nothing but limits.
fn with(kept: &Node, other: &Node) -> Node {
    let has_type = |name: &str| kept.str("type") == Some(name);
    let composed = has_any(kept, &["$ref", "oneOf", "anyOf", "allOf"]);
    let mut added = Map::new();
    for (key, value) in other.as_object().into_iter().flatten() {
        let existing = kept.get(key);
        let of_contents = (key == "items" && has_type("array"))
            || (key == "additionalProperties" && (has_type("object") || kept.get("properties").is_some()));
        // Not its name: what one part calls its own type is not what the other one is.
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
            // A secret stays one.
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

/// Whether a schema says at most which values are allowed, and what is in arrays and maps, but not what its values are.
fn is_partial(schema: &Node) -> bool {
    schema.as_object().is_some() && !has_any(schema, &["$ref", "type", "enum", "oneOf", "anyOf", "allOf", "properties"])
}

fn has_any(schema: &Node, keys: &[&str]) -> bool {
    keys.iter().any(|key| schema.get(key).is_some())
}
