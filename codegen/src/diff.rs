//! Stage `diff`: two documents, what changed, and what it means for a caller of the generated client.
//!
//! Both are lowered first, so that one meaning spelled in two dialects (`nullable`, `type: [T, 'null']`, `oneOf` with a
//! null) is no change.
//!
//! ```
//! use connectors_codegen::{Impact, Node, diff};
//!
//! # fn main() -> Result<(), connectors_codegen::Error> {
//! let document = |property: &str| Node::parse("pets.yaml", &format!("
//! openapi: 3.1.0
//! info: {{title: Pets, version: '1'}}
//! paths: {{/pets: {{get: {{operationId: listPets, responses: {{'200': {{description: ok, content: {{application/json: {{schema: {{
//!   type: object, properties: {{{property}: {{type: string}}}}}}}}}}}}}}}}}}}}
//! "));
//! let changes = diff(&document("name")?, &document("title")?)?;
//! assert_eq!(changes[0].impact, Impact::Breaking);
//! assert!(changes[0].what.contains("`name`"));
//! # Ok(())
//! # }
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::diagnostic::Error;
use crate::document::{Map, Node, Pointer};
use crate::grammar;
use crate::lower::lower;
use crate::note::Notes;

/// What a change means for a program that uses the generated client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Impact {
    /// The program may stop compiling, or stop working.
    Breaking,
    /// It compiles, and what it calls does something else.
    Behaviour,
    /// There is more than before.
    Additive,
}

/// One difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What it means for a caller.
    pub impact: Impact,
    /// The operation it shows in.
    pub operation: String,
    /// What changed, in one sentence.
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let impact = match self.impact {
            Impact::Breaking => "breaking",
            Impact::Behaviour => "behaviour",
            Impact::Additive => "additive",
        };
        write!(f, "{impact}: {}: {}", self.operation, self.what)
    }
}

/// Compares two documents, whatever dialect each is written in: changes in order of impact, then of operation.
///
/// # Errors
/// A document that is not OpenAPI 3.0 or 3.1.
pub fn diff(old: &Node, new: &Node) -> Result<Vec<Change>, Error> {
    let old = lower(old, &mut Notes::default())?;
    let new = lower(new, &mut Notes::default())?;
    let mut comparison =
        Comparison { old: &old, new: &new, operation: String::new(), changes: Vec::new(), seen: BTreeSet::new() };
    comparison.documents();
    let mut changes = comparison.changes;
    changes.sort_by(|a, b| (a.impact, &a.operation, &a.what).cmp(&(b.impact, &b.operation, &b.what)));
    changes.dedup();
    Ok(changes)
}

/// Which way a schema travels: what is harmless in an answer may not be in a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Request,
    Response,
}

struct Comparison<'a> {
    old: &'a Node,
    new: &'a Node,
    operation: String,
    changes: Vec<Change>,
    /// Pairs of components already compared, each way.
    seen: BTreeSet<(String, String, Way)>,
}

type Operations<'a> = BTreeMap<String, (&'a str, &'a str, &'a Node, &'a Node)>;

fn by_id(document: &Node) -> Operations<'_> {
    grammar::operations(document)
        .map(|(path, method, node, item)| {
            let id = node.str("operationId").map_or_else(|| format!("{} {path}", method.to_uppercase()), str::to_owned);
            (id, (path, method, node, item))
        })
        .collect()
}

impl Comparison<'_> {
    fn say(&mut self, impact: Impact, what: impl Into<String>) {
        self.changes.push(Change { impact, operation: self.operation.clone(), what: what.into() });
    }

    fn documents(&mut self) {
        let (old, new) = (self.old, self.new);
        let (before, after) = (by_id(old), by_id(new));
        for (id, (path, method, node, item)) in &before {
            self.operation.clone_from(id);
            let Some((new_path, new_method, new_node, new_item)) = after.get(id) else {
                self.say(Impact::Breaking, "the operation is gone");
                continue;
            };
            if (path, method) != (new_path, new_method) {
                let what = format!(
                    "it moved from {} {path} to {} {new_path}",
                    method.to_uppercase(),
                    new_method.to_uppercase()
                );
                self.say(Impact::Behaviour, what);
            }
            self.seen.clear();
            self.parameters((node, item), (new_node, new_item));
            self.bodies(node, new_node);
            self.responses(node, new_node);
        }
        for (id, (path, method, ..)) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
            self.operation.clone_from(id);
            self.say(Impact::Additive, format!("a new operation: {} {path}", method.to_uppercase()));
        }
    }

    fn parameters(&mut self, old: (&Node, &Node), new: (&Node, &Node)) {
        let (before, after) = (parameters(self.old, old), parameters(self.new, new));
        for ((name, place), parameter) in &before {
            match after.get(&(name.clone(), place.clone())) {
                None => self.say(Impact::Breaking, format!("the {place} parameter `{name}` is gone")),
                Some(now) => {
                    if now.is_true("required") && !parameter.is_true("required") {
                        self.say(Impact::Breaking, format!("the {place} parameter `{name}` is required now"));
                    }
                    self.members(parameter, now, "schema", Way::Request, &format!("`{name}`"));
                }
            }
        }
        for ((name, place), parameter) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            let impact = if parameter.is_true("required") { Impact::Breaking } else { Impact::Additive };
            self.say(impact, format!("a new {place} parameter `{name}`"));
        }
    }

    fn bodies(&mut self, old: &Node, new: &Node) {
        let body =
            |document: &Node, node: &Node| node.get("requestBody").map(|body| grammar::resolve(document, body).clone());
        match (body(self.old, old), body(self.new, new)) {
            (Some(_), None) => self.say(Impact::Breaking, "it takes no body any more"),
            (None, Some(body)) => {
                let impact = if body.is_true("required") { Impact::Breaking } else { Impact::Additive };
                self.say(impact, "it takes a body now");
            }
            (Some(old), Some(new)) => {
                if new.is_true("required") && !old.is_true("required") {
                    self.say(Impact::Breaking, "its body is required now");
                }
                self.contents(&old, &new, Way::Request, "the body");
            }
            (None, None) => {}
        }
    }

    fn responses(&mut self, old: &Node, new: &Node) {
        let empty = Map::new();
        let list = |node: &Node| node.get("responses").and_then(Node::as_object).unwrap_or(&empty).clone();
        let (before, after) = (list(old), list(new));
        for (status, response) in &before {
            let success = status.starts_with('2');
            match after.get(status) {
                None if success => self.say(Impact::Breaking, format!("it does not answer {status} any more")),
                None => {}
                Some(now) => {
                    let (old, new) =
                        (grammar::resolve(self.old, response).clone(), grammar::resolve(self.new, now).clone());
                    self.contents(&old, &new, Way::Response, &format!("the answer {status}"));
                }
            }
        }
        for status in after.keys().filter(|status| status.starts_with('2') && !before.contains_key(*status)) {
            self.say(Impact::Behaviour, format!("it may answer {status} now"));
        }
    }

    fn contents(&mut self, old: &Node, new: &Node, way: Way, place: &str) {
        let media = |node: &Node| node.get("content").and_then(Node::as_object).cloned().unwrap_or_default();
        let (before, after) = (media(old), media(new));
        for (name, content) in &before {
            match after.get(name) {
                None => self.say(Impact::Breaking, format!("{place} is not `{name}` any more")),
                Some(now) => self.members(content, now, "schema", way, place),
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            self.say(Impact::Additive, format!("{place} may be `{name}` now"));
        }
    }

    /// Compares a member that holds a schema.
    fn members(&mut self, old: &Node, new: &Node, key: &str, way: Way, place: &str) {
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => {
                self.schemas(&old.clone(), &new.clone(), way, place, 0, key == "schema" && place.starts_with('`'))
            }
            (Some(_), None) => self.say(Impact::Breaking, format!("{place} has no type any more")),
            (None, Some(_)) => self.say(Impact::Breaking, format!("{place} has a type now")),
            (None, None) => {}
        }
    }

    fn schemas(&mut self, old: &Node, new: &Node, way: Way, place: &str, depth: usize, optional: bool) {
        if depth > crate::document::MAX_DEPTH {
            return;
        }
        let (old_name, old) = look(self.old, old);
        let (new_name, new) = look(self.new, new);
        if let (Some(a), Some(b)) = (&old_name, &new_name)
            && !self.seen.insert((a.clone(), b.clone(), way))
        {
            return;
        }
        let place = match &old_name {
            Some(name) => format!("`{}`", name.rsplit('.').next().unwrap_or(name)),
            None => place.to_owned(),
        };
        let kind = |node: &Node| (node.str("type").map(str::to_owned), node.str("format").map(str::to_owned));
        if kind(&old) != kind(&new) {
            let told = |(ty, format): (Option<String>, Option<String>)| match (ty, format) {
                (Some(ty), Some(format)) => format!("{ty} ({format})"),
                (Some(ty), None) => ty,
                _ => "anything".to_owned(),
            };
            // The type of Rust is the same for a string, whatever its format.
            let same = kind(&old).0 == kind(&new).0 && kind(&old).0.as_deref() == Some("string");
            let impact = if same { Impact::Behaviour } else { Impact::Breaking };
            return self.say(impact, format!("{place} was {} and is {}", told(kind(&old)), told(kind(&new))));
        }
        // What may be absent is an `Option` already: null or not makes no difference to it.
        if !optional && new.is_true("nullable") != old.is_true("nullable") {
            let (impact, what) = match (way, new.is_true("nullable")) {
                (Way::Response, true) | (Way::Request, false) => (
                    Impact::Behaviour,
                    if new.is_true("nullable") { "may be null now" } else { "may not be null any more" },
                ),
                (_, nullable) => (Impact::Additive, if nullable { "may be null now" } else { "is never null now" }),
            };
            self.say(impact, format!("{place} {what}"));
        }
        self.values(&old, &new, &place);
        self.properties(&old, &new, way, &place, depth);
        for key in ["items", "additionalProperties"] {
            if let (Some(a), Some(b)) = (old.get(key), new.get(key))
                && a.as_object().is_some()
                && b.as_object().is_some()
            {
                self.schemas(&a.clone(), &b.clone(), way, &format!("{place} {key}"), depth + 1, false);
            }
        }
        for key in ["oneOf", "anyOf"] {
            let list = |node: &Node| node.get(key).and_then(Node::as_array).unwrap_or_default().to_vec();
            let (a, b) = (list(&old), list(&new));
            if a.len() > b.len() {
                self.say(Impact::Breaking, format!("{place} has fewer alternatives"));
            } else if a.len() < b.len() {
                self.say(Impact::Additive, format!("{place} has more alternatives"));
            }
            a.iter().zip(&b).for_each(|(a, b)| self.schemas(a, b, way, &place, depth + 1, false));
        }
    }

    /// Enums are open in Rust: a value more or less breaks no program, but may change what it sees.
    fn values(&mut self, old: &Node, new: &Node, place: &str) {
        let list = |node: &Node| -> BTreeSet<String> {
            node.get("enum")
                .and_then(Node::as_array)
                .into_iter()
                .flatten()
                .map(|value| value.to_json().to_string())
                .collect()
        };
        let (before, after) = (list(old), list(new));
        for value in before.difference(&after) {
            self.say(Impact::Breaking, format!("{place} has no value {value} any more"));
        }
        for value in after.difference(&before).filter(|_| !before.is_empty()) {
            self.say(Impact::Additive, format!("{place} has a new value {value}"));
        }
    }

    fn properties(&mut self, old: &Node, new: &Node, way: Way, place: &str, depth: usize) {
        let map = |node: &Node| node.get("properties").and_then(Node::as_object).cloned().unwrap_or_default();
        let required = |node: &Node| -> BTreeSet<String> {
            node.get("required")
                .and_then(Node::as_array)
                .into_iter()
                .flatten()
                .filter_map(|it| it.as_str().map(str::to_owned))
                .collect()
        };
        let hidden = if way == Way::Request { "readOnly" } else { "writeOnly" };
        let (mut before, mut after) = (map(old), map(new));
        before.retain(|_, property| !property.is_true(hidden));
        after.retain(|_, property| !property.is_true(hidden));
        let (old_required, new_required) = (required(old), required(new));
        for (name, property) in &before {
            let Some(now) = after.get(name) else {
                self.say(Impact::Breaking, format!("{place} has no `{name}` any more"));
                continue;
            };
            if old_required.contains(name) != new_required.contains(name) {
                let what = if new_required.contains(name) { "is always there now" } else { "may be absent now" };
                self.say(Impact::Breaking, format!("{place}: `{name}` {what}"));
            }
            let optional = !old_required.contains(name) && !new_required.contains(name);
            self.schemas(property, now, way, &format!("{place}.`{name}`"), depth + 1, optional);
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let breaks = way == Way::Request && new_required.contains(name);
            self.say(if breaks { Impact::Breaking } else { Impact::Additive }, format!("{place} has a new `{name}`"));
        }
    }
}

/// A schema with its references and `allOf` looked through, and the component it was, if it was one.
fn look(document: &Node, schema: &Node) -> (Option<String>, Node) {
    let nullable = schema.is_true("nullable");
    let mut schema = schema.clone();
    let mut name = None;
    for _ in 0..16 {
        let single = match schema.get("allOf").and_then(Node::as_array) {
            Some([only]) => Some(only.clone()),
            _ => None,
        };
        let next = single.as_ref().unwrap_or(&schema);
        let Some(target) = grammar::reference(next).and_then(grammar::component_name) else {
            if let Some(single) = single {
                schema = single;
            }
            break;
        };
        let pointer = Pointer::root().join("components").join("schemas").join(&target);
        match document.pointer(pointer.as_str()) {
            Some(found) => schema = found.clone(),
            None => break,
        }
        name = Some(target);
    }
    if nullable {
        schema.set("nullable", true);
    }
    (name, schema)
}

/// The parameters of an operation, its path item's included, by name and place.
fn parameters(document: &Node, (operation, item): (&Node, &Node)) -> BTreeMap<(String, String), Node> {
    let mut found = BTreeMap::new();
    for owner in [item, operation] {
        for parameter in owner.get("parameters").and_then(Node::as_array).into_iter().flatten() {
            let parameter = grammar::resolve(document, parameter);
            if let (Some(name), Some(place)) = (parameter.str("name"), parameter.str("in")) {
                found.insert((name.to_owned(), place.to_owned()), parameter.clone());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(schemas: &str, operation: &str) -> Node {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  {operation}\ncomponents:\n  schemas:\n    A: {schemas}\n"
        );
        Node::parse("t.yaml", &text).unwrap()
    }

    const GET: &str = "/a: {get: {operationId: getA, responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}}}";

    fn told(old: &str, new: &str) -> Vec<String> {
        diff(&document(old, GET), &document(new, GET)).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn another_dialect_of_null_is_no_change() {
        let old = "{type: object, properties: {x: {type: string, nullable: true}, b: {allOf: [{$ref: '#/components/schemas/A'}], nullable: true}}}";
        let new = "{type: object, properties: {x: {type: [string, 'null']}, b: {oneOf: [{$ref: '#/components/schemas/A'}, {type: 'null'}]}}}";
        assert!(told(old, new).is_empty(), "{:?}", told(old, new));
    }

    #[test]
    fn changes_are_told_by_what_they_mean() {
        let base = "{type: object, required: [x], properties: {x: {type: string}, s: {type: string, enum: [a, b]}}}";
        for (new, expected) in [
            (
                "{type: object, required: [x], properties: {x: {type: string}}}",
                "breaking: getA: `A` has no `s` any more",
            ),
            (
                "{type: object, required: [x], properties: {x: {type: integer}, s: {type: string, enum: [a, b]}}}",
                "breaking: getA: `A`.`x` was string and is integer",
            ),
            (
                "{type: object, properties: {x: {type: string}, s: {type: string, enum: [a, b]}}}",
                "breaking: getA: `A`: `x` may be absent now",
            ),
            (
                "{type: object, required: [x], properties: {x: {type: string}, s: {type: string, enum: [a, b, c]}}}",
                "additive: getA: `A`.`s` has a new value \"c\"",
            ),
            (
                "{type: object, required: [x], properties: {x: {type: string}, s: {type: string, enum: [a, b]}, n: {}}}",
                "additive: getA: `A` has a new `n`",
            ),
        ] {
            assert_eq!(told(base, new), [expected]);
        }
    }

    #[test]
    fn operations_that_move_are_recognised_by_their_id() {
        let moved = GET.replace("/a:", "/b:");
        let changes = diff(&document("{}", GET), &document("{}", &moved)).unwrap();
        assert_eq!(changes[0].to_string(), "behaviour: getA: it moved from GET /a to GET /b");
    }
}
