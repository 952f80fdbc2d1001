//! Compares the credentials and the server of a call.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::Node;
use crate::grammar;

use super::compare::{Comparison, Operation};

/// The security requirements of an operation.
struct Security {
    /// Whether a call without credentials is allowed.
    open: bool,
    /// The alternative requirements, by the names of their schemes.
    ways: BTreeMap<String, Credentials>,
}

/// The schemes of one alternative.
#[derive(Default)]
struct Credentials {
    scopes: BTreeSet<String>,
    /// The schemes without names and descriptions, if the document declares all of them.
    asks: Option<Vec<Node>>,
}

impl Security {
    fn of(operation: &Node, document: &Node) -> Self {
        let list = operation.get("security").or_else(|| document.get("security")).and_then(Node::as_array);
        let mut security = Self { open: list.is_none_or(<[Node]>::is_empty), ways: BTreeMap::new() };
        for requirement in list.into_iter().flatten().filter_map(Node::as_object) {
            security.open |= requirement.is_empty();
            let mut schemes: Vec<&str> = requirement.keys().map(String::as_str).collect();
            schemes.sort_unstable();
            let scopes = requirement.values().filter_map(Node::as_array).flatten().filter_map(Node::as_str);
            let way = security.ways.entry(schemes.join("` and `")).or_default();
            way.scopes.extend(scopes.map(str::to_owned));
            let defined = document.pointer("/components/securitySchemes");
            let content = |name: &&str| Some(content(grammar::resolve(document, defined?.get(name)?)));
            way.asks = schemes.iter().map(content).collect();
        }
        security
    }

    fn told(&self) -> String {
        let ways: Vec<String> = self.ways.keys().map(|schemes| format!("`{schemes}`")).collect();
        ways.join(" or ")
    }
}

/// A scheme without descriptions. Names of headers and of HTTP schemes are in lower case, because they have no case.
fn content(scheme: &Node) -> Node {
    let mut scheme = scheme.clone();
    for key in ["description", "bearerFormat"] {
        scheme.take(key);
    }
    if let Some(map) = scheme.as_object_mut() {
        map.retain(|key, _| !key.starts_with("x-"));
    }
    let lower = |scheme: &mut Node, key: &str| {
        if let Some(text) = scheme.str(key).map(str::to_ascii_lowercase) {
            scheme.set(key, text);
        }
    };
    lower(&mut scheme, "scheme");
    if scheme.str("in") == Some("header") {
        lower(&mut scheme, "name");
    }
    // The scopes of a flow do not matter. An operation lists the scopes that it needs.
    for flow in scheme.get_mut("flows").and_then(Node::as_object_mut).into_iter().flat_map(|flows| flows.values_mut()) {
        flow.take("scopes");
    }
    scheme
}

/// The servers of an operation, an item or a document: each URL with its variables, without descriptions.
fn servers(owner: &Node) -> Option<Vec<String>> {
    let list = owner.get("servers").and_then(Node::as_array)?;
    let one = |server: &Node| {
        let mut told = server.str("url")?.to_owned();
        for (name, variable) in server.get("variables").and_then(Node::as_object).into_iter().flatten() {
            let default = variable.str("default").unwrap_or_default();
            let values =
                variable.get("enum").and_then(Node::as_array).unwrap_or_default().iter().filter_map(Node::as_str);
            let values: Vec<&str> = values.collect();
            let of = if values.is_empty() { String::new() } else { format!(" of {}", values.join(", ")) };
            told.push_str(&format!(" ({name}: {default}{of})"));
        }
        Some(told)
    };
    Some(list.iter().filter_map(one).collect())
}

impl<'a> Comparison<'a> {
    /// Compares the servers of two operations that have their own, or those of the documents.
    pub(super) fn servers(&mut self, operations: Option<(Operation<'a>, Operation<'a>)>) {
        let own = |it: Operation<'_>| servers(it.node).or_else(|| servers(it.item));
        let (before, after) = match operations {
            None => (servers(self.old.document), servers(self.new.document)),
            Some((old, new)) => (own(old), own(new)),
        };
        if before != after {
            let place = if operations.is_some() { "its own servers" } else { "its servers" };
            let told = |list: Option<Vec<String>>| match list {
                Some(list) if !list.is_empty() => list.join(", "),
                _ => "none".to_owned(),
            };
            self.say("server-changed", format!("{place} were {} and are {}", told(before), told(after)));
        }
    }

    pub(super) fn security(&mut self, old: &Node, new: &Node) {
        let (before, after) = (Security::of(old, self.old.document), Security::of(new, self.new.document));
        match (before.open, after.open) {
            (true, false) => return self.say("security-demanded", format!("it requires {} now", after.told())),
            (false, true) => return self.say("security-dropped", "it can be called without credentials now"),
            _ => {}
        }
        let mut found = BTreeSet::<&String>::new();
        for (schemes, way) in &before.ways {
            // The name of a scheme does not matter to a caller.
            let renamed = after.ways.iter().find(|(other, now)| {
                !before.ways.contains_key(*other)
                    && !found.contains(*other)
                    && way.asks.is_some()
                    && way.asks == now.asks
            });
            let Some((name, now)) = after.ways.get_key_value(schemes).or(renamed) else {
                self.say("security-removed", format!("`{schemes}` no longer authenticates it"));
                continue;
            };
            found.insert(name);
            if way.asks != now.asks {
                let told = |asks: &Option<Vec<Node>>| match asks {
                    Some(list) => list.iter().map(|it| it.to_json().to_string()).collect::<Vec<_>>().join(" and "),
                    None => "not described".to_owned(),
                };
                let what =
                    format!("the security scheme `{schemes}` was {} and is {}", told(&way.asks), told(&now.asks));
                self.say("security-scheme-changed", what);
            }
            for scope in now.scopes.difference(&way.scopes) {
                self.say("security-scope-added", format!("`{schemes}` needs the scope `{scope}` now"));
            }
            for scope in way.scopes.difference(&now.scopes) {
                self.say("security-scope-removed", format!("`{schemes}` no longer needs the scope `{scope}`"));
            }
        }
        for schemes in after.ways.keys().filter(|schemes| !found.contains(*schemes)) {
            self.say("security-added", format!("`{schemes}` also authenticates it now"));
        }
    }
}
