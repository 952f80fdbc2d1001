//! An overlay that turns one document into another: removals, then additions and changes, object by object.

use std::collections::BTreeSet;

use crate::document::{Map, Node, Value};
use crate::grammar;

use super::actions::ADDS;
use super::path::step;

/// The actions that turn `old` into `new`, in order; none if the two are equal. `None` if one of them is not an object.
pub(crate) fn actions(old: &Node, new: &Node) -> Option<Vec<Node>> {
    let (Value::Object(was), Value::Object(is)) = (&old.value, &new.value) else { return None };
    let mut actions = Vec::new();
    objects(was, is, "$", &mut actions);
    Some(actions)
}

/// An action that removes the target of a path.
fn removal(path: &str) -> Node {
    Node::made(Map::from([("target".to_owned(), Node::made(path)), ("remove".to_owned(), Node::made(true))]))
}

/// An action that adds to the target of a path, or replaces it.
pub(crate) fn update(path: &str, value: Node) -> Node {
    let adds = describes(&value);
    let mut action = Map::from([("target".to_owned(), Node::made(path)), ("update".to_owned(), value)]);
    if adds {
        action.insert(ADDS.to_owned(), Node::made(true));
    }
    Node::made(action)
}

/// Whether some object in a value has only descriptions.
fn describes(node: &Node) -> bool {
    match &node.value {
        Value::Object(map) => {
            let words = |key: &String| grammar::is_annotation(key) || key == "summary";
            !map.is_empty() && map.keys().all(words) || map.values().any(describes)
        }
        Value::Array(items) => items.iter().any(describes),
        _ => false,
    }
}

/// Compares objects by member: members that are missing or have another kind are removed; new or changed members are
/// added in one action.
fn objects(old: &Map, new: &Map, path: &str, actions: &mut Vec<Node>) {
    let mut added = Map::new();
    let mut inner = Vec::new();
    for (key, was) in old {
        let place = step(path, key);
        let Some(is) = new.get(key) else {
            actions.push(removal(&place));
            continue;
        };
        if was == is {
            continue;
        }
        match (&was.value, &is.value) {
            (Value::Object(was), Value::Object(is)) => objects(was, is, &place, &mut inner),
            (Value::Array(was), Value::Array(is)) => match arrays(was, is, &place) {
                Some(of_it) => inner.extend(of_it),
                None => {
                    actions.push(removal(&place));
                    added.insert(key.clone(), is_made(is));
                }
            },
            (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => {
                actions.push(removal(&place));
                added.insert(key.clone(), is.clone());
            }
            _ => drop(added.insert(key.clone(), is.clone())),
        }
    }
    added.extend(new.iter().filter(|(key, _)| !old.contains_key(*key)).map(|(key, is)| (key.clone(), is.clone())));
    if !added.is_empty() {
        actions.push(update(path, Node::made(added)));
    }
    actions.extend(inner);
}

fn is_made(items: &[Node]) -> Node {
    Node::made(items.to_vec())
}

/// Compares arrays by element, if the remaining elements keep their order and new ones are at the end; `None` if the
/// whole array has to be replaced.
fn arrays(old: &[Node], new: &[Node], path: &str) -> Option<Vec<Node>> {
    let keys: Vec<String> = old.iter().map(identity).collect();
    let mut kept = Vec::new();
    let mut next = 0;
    for is in new {
        let key = identity(is);
        let Some(at) = (next..old.len()).find(|at| keys[*at] == key) else { break };
        kept.push(at);
        next = at + 1;
    }
    let (stay, come) = new.split_at(kept.len());
    let of_old: BTreeSet<&String> = keys.iter().collect();
    // A moved element would be a removal and an addition; replacing the whole array is easier to read.
    if come.iter().any(|is| of_old.contains(&identity(is))) {
        return None;
    }
    let gone = (0..old.len()).rev().filter(|at| kept.binary_search(at).is_err());
    let mut actions: Vec<Node> = gone.map(|at| removal(&format!("{path}[{at}]"))).collect();
    for (index, (at, is)) in kept.iter().zip(stay).enumerate() {
        let (was, place) = (&old[*at], format!("{path}[{index}]"));
        match (&was.value, &is.value) {
            _ if was == is => {}
            (Value::Object(was), Value::Object(is)) => objects(was, is, &place, &mut actions),
            (Value::Array(was), Value::Array(is)) => actions.extend(arrays(was, is, &place)?),
            _ => return None,
        }
    }
    if !come.is_empty() {
        actions.push(update(path, is_made(come)));
    }
    Some(actions)
}

/// The key that identifies an element of an array.
fn identity(node: &Node) -> String {
    let Some(map) = node.as_object() else { return node.canonical() };
    let text = |key: &str| map.get(key).and_then(Node::as_str);
    match (text("$ref"), text("name"), text("url")) {
        (Some(reference), ..) => format!("$ref {reference}"),
        (_, Some(name), _) => format!("name {name} {}", text("in").unwrap_or_default()),
        (.., Some(url)) => format!("url {url}"),
        _ => node.canonical(),
    }
}
