//! The declared properties that are secret by a keyword for which there is no type, anywhere among the schemas that apply
//! to the same value: in a part of an `allOf`, behind a reference, or under a condition.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::found::{Secrets, conditional, is_secret};
use super::patterns::Patterns;
use crate::document::{Map, Node, Pointer};
use crate::grammar::{self, Object};

/// The maximum number of schemas that are visited.
const MOST_VISITED: usize = 500_000;

/// The places of schemas, with the names of such properties; `None` if too many schemas apply to the same values. References
/// must name components.
pub(super) fn secret(document: &Node, secrets: &Secrets) -> Option<Vec<(Pointer, BTreeSet<String>)>> {
    let none = Map::new();
    let components = document.pointer("/components/schemas").and_then(Node::as_object).unwrap_or(&none);
    let mut search = Search {
        components,
        secrets,
        bearing: bearing(components, secrets),
        patterns: Patterns::default(),
        visited: 0,
    };
    let mut found: Vec<(Pointer, BTreeSet<String>, BTreeSet<&str>)> = Vec::new();
    let mut queue = vec![(Object::OpenApi, document, Pointer::root())];
    while let Some((kind, node, at)) = queue.pop() {
        queue.extend(kind.children(node, &at));
        if kind == Object::Schema && has_rule(node, secrets, &search.bearing) {
            let mut beside = Beside::default();
            search.visit(node, &mut beside);
            let names = search.matches(&beside);
            if !names.is_empty() {
                found.push((at, names, beside.targets));
            }
        }
    }
    if search.visited > MOST_VISITED {
        return None;
    }
    // What a component has by itself is set there, and not at each of its uses.
    let at = |name: &str| Pointer::root().join("components").join("schemas").join(name);
    let of_components: HashMap<&Pointer, (&BTreeSet<String>, &BTreeSet<&str>)> =
        found.iter().map(|(at, names, targets)| (at, (names, targets))).collect();
    let places: HashMap<Pointer, &str> = components.keys().map(|name| (at(name), name.as_str())).collect();
    let own = |(here, names, targets): &(Pointer, BTreeSet<String>, BTreeSet<&str>)| {
        let mut left = names.clone();
        for target in targets {
            let Some((theirs, beyond)) = of_components.get(&at(target)) else { continue };
            let is_mutual = places.get(here).is_some_and(|own| own == target || beyond.contains(own));
            left.retain(|name| is_mutual || !theirs.contains(name));
        }
        (!left.is_empty()).then(|| (here.clone(), left))
    };
    Some(found.iter().filter_map(own).collect())
}

/// All declared properties.
pub(super) fn every(document: &Node) -> Vec<(Pointer, BTreeSet<String>)> {
    let mut found = Vec::new();
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
        let properties = node.get("properties").and_then(Node::as_object).filter(|_| kind == Object::Schema);
        found.extend(properties.map(|properties| (at.clone(), properties.keys().cloned().collect())));
    });
    found
}

/// The components with a keyword that can make a property secret, and those that refer to one in place.
fn bearing(components: &Map, secrets: &Secrets) -> HashSet<String> {
    let mut users: HashMap<String, Vec<&String>> = HashMap::new();
    let mut queue = Vec::new();
    for (name, component) in components {
        let mut nodes = vec![component];
        while let Some(node) = nodes.pop() {
            if let Some(target) = grammar::reference(node).and_then(grammar::component_name) {
                users.entry(target).or_default().push(name);
            }
            nodes.extend(parts(node));
        }
        queue.extend(has_rule(component, secrets, &HashSet::new()).then_some(name));
    }
    let mut found = HashSet::new();
    while let Some(name) = queue.pop() {
        if found.insert(name.clone()) {
            queue.extend(users.remove(name).unwrap_or_default());
        }
    }
    found
}

/// Whether a schema has such a keyword, or refers to one of these components in place.
fn has_rule(node: &Node, secrets: &Secrets, bearing: &HashSet<String>) -> bool {
    let target = grammar::reference(node).and_then(grammar::component_name);
    target.is_some_and(|target| bearing.contains(&target))
        || patterns(node).any(|(_, schema)| secrets.within(schema))
        || rest(node).any(|schema| secrets.within(schema))
        || conditional(node).any(|schema| secrets.within(schema))
        || parts(node).any(|part| has_rule(part, secrets, bearing))
}

/// The schemas that apply to the same value.
fn parts(node: &Node) -> impl Iterator<Item = &Node> {
    let lists = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| node.get(key));
    // Instead of a list, some documents have its only schema.
    lists.flat_map(|list| list.as_array().unwrap_or(std::slice::from_ref(list)))
}

fn properties(node: &Node) -> impl Iterator<Item = (&String, &Node)> {
    node.get("properties").and_then(Node::as_object).into_iter().flatten()
}

fn patterns(node: &Node) -> impl Iterator<Item = (&String, &Node)> {
    node.get("patternProperties").and_then(Node::as_object).into_iter().flatten()
}

fn rest(node: &Node) -> impl Iterator<Item = &Node> {
    ["additionalProperties", "unevaluatedProperties"].into_iter().filter_map(|key| node.get(key))
}

/// The schemas that apply to one value.
#[derive(Default)]
struct Beside<'a> {
    /// The declared properties, and whether each is marked as secret wherever it is declared.
    declared: BTreeMap<&'a String, bool>,
    /// The names of secret properties.
    names: HashSet<&'a String>,
    /// The patterns for names of secret properties.
    patterns: BTreeSet<&'a String>,
    /// All properties but these are secret.
    others: Vec<HashSet<&'a String>>,
    /// The referenced components, apart from those under a condition.
    targets: BTreeSet<&'a str>,
    /// The components that were visited under a condition.
    conditions: BTreeSet<&'a str>,
}

struct Search<'a> {
    components: &'a Map,
    secrets: &'a Secrets,
    bearing: HashSet<String>,
    patterns: Patterns,
    visited: usize,
}

impl<'a> Search<'a> {
    /// Adds a schema that applies to the value, and all that apply with it, maybe under a condition. A list, because a chain
    /// of references may be longer than the stack.
    fn visit(&mut self, node: &'a Node, beside: &mut Beside<'a>) {
        let secrets = self.secrets;
        let mut left = vec![(node, false)];
        while let Some((node, conditionally)) = left.pop() {
            self.visited += 1;
            if self.visited > MOST_VISITED {
                return;
            }
            for (name, property) in properties(node) {
                if !conditionally {
                    *beside.declared.entry(name).or_insert(true) &= is_secret(property);
                } else if secrets.within(property) {
                    beside.names.insert(name);
                }
            }
            if conditionally && is_secret(node) {
                beside.others.push(HashSet::new());
            }
            let hidden = patterns(node).filter(|(_, schema)| secrets.within(schema));
            beside.patterns.extend(hidden.map(|(pattern, _)| pattern));
            if node.get("additionalProperties").is_some_and(|schema| secrets.within(schema)) {
                beside.others.push(properties(node).map(|(name, _)| name).collect());
            }
            if node.get("unevaluatedProperties").is_some_and(|schema| secrets.within(schema)) {
                let evaluated = self.declared(node);
                beside.others.push(evaluated);
            }
            if let Some((name, target)) = self.target(node) {
                let seen = if conditionally { &mut beside.conditions } else { &mut beside.targets };
                if seen.insert(name) {
                    left.push((target, conditionally));
                }
            }
            left.extend(parts(node).map(|part| (part, conditionally)));
            left.extend(conditional(node).map(|schema| (schema, true)));
        }
    }

    /// The properties that a schema declares, by itself or by another schema that applies with it.
    fn declared(&mut self, node: &'a Node) -> HashSet<&'a String> {
        let (mut found, mut targets) = (HashSet::new(), HashSet::new());
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            self.visited += 1;
            if self.visited > MOST_VISITED {
                break;
            }
            found.extend(properties(node).map(|(name, _)| name));
            if let Some((name, target)) = self.target(node)
                && targets.insert(name)
            {
                left.push(target);
            }
            left.extend(parts(node));
        }
        found
    }

    fn target(&self, node: &Node) -> Option<(&'a str, &'a Node)> {
        let name = grammar::component_name(grammar::reference(node)?)?;
        let (_, name, target) = self.components.get_full(&name)?;
        Some((name, target))
    }

    /// The declared properties that are secret, apart from those that are marked.
    fn matches(&mut self, beside: &Beside<'a>) -> BTreeSet<String> {
        let open = || beside.declared.iter().filter(|(_, marked)| !**marked).map(|(name, _)| *name);
        let is_other = |name: &&String| beside.others.iter().any(|except| !except.contains(*name));
        let mut found: BTreeSet<&String> =
            open().filter(|name| beside.names.contains(*name) || is_other(name)).collect();
        for pattern in &beside.patterns {
            found.extend(self.patterns.matches(pattern, open()));
        }
        found.into_iter().cloned().collect()
    }
}
