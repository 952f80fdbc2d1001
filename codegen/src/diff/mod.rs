//! Stage `diff`: two documents, what changed, and what it means for a caller of the generated client.
//!
//! Both are lowered first, so that one meaning spelled in two dialects (`nullable`, `type: [T, 'null']`, `oneOf` with a
//! null, a `readOnly` inside an `allOf` of one) is no change. What is said, and how bad it is, is the table [`RULES`].
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
//! assert_eq!((changes[0].impact, changes[0].rule), (Impact::Breaking, "response-property-removed"));
//! assert!(changes[0].what.contains("`name`"));
//! # Ok(())
//! # }
//! ```

mod clients;
mod rules;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use heck::ToSnakeCase;
use serde::Serialize;

use crate::Client;
use crate::diagnostic::Error;
use crate::document::{Map, Node, Pointer};
use crate::grammar;
use crate::lower::lower;
use crate::note::Notes;

pub use rules::{RULES, Rule};

use clients::Trace;
use schemas::Spot;

/// What a change means for a program that uses the generated client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Impact {
    /// The program may stop compiling, or stop working.
    Breaking,
    /// It compiles, and what it calls does something else.
    Behaviour,
    /// There is more than before.
    Additive,
    /// Only what people read is different.
    Documentation,
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Breaking => "breaking",
            Self::Behaviour => "behaviour",
            Self::Additive => "additive",
            Self::Documentation => "documentation",
        })
    }
}

/// One difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What it means for a caller.
    pub impact: Impact,
    /// The rule that says so: an [`id`](Rule::id) of [`RULES`].
    pub rule: &'static str,
    /// The operations it shows in, by operationId; none if it is one of the document itself.
    pub operations: Vec<String>,
    /// What changed, in one sentence.
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.impact)?;
        match self.operations.as_slice() {
            [] => f.write_str("the document")?,
            [one] => f.write_str(one)?,
            [first, rest @ ..] => write!(f, "{first} and {} more", rest.len())?,
        }
        write!(f, ": {}", self.what)
    }
}

/// Compares two documents, whatever dialect each is written in: changes in order of impact, then of operation.
///
/// What the generator makes of a whole document (names that other names lengthen, the one type of several answers) is not
/// looked at; [`diff_clients`] does.
///
/// # Errors
/// A document that is not OpenAPI 3.0 or 3.1.
pub fn diff(old: &Node, new: &Node) -> Result<Vec<Change>, Error> {
    let (old, new) = (lower(old, &mut Notes::default())?, lower(new, &mut Notes::default())?);
    Ok(sorted(compare(&old, &new).0))
}

/// As [`diff`], and what breaks in the Rust API of the two generated clients beside that: each break which no breaking
/// change of the documents accounts for is a change by the rule `client-changed`.
///
/// Each client is the one of the document beside it, with overlays or without, and has a [`Facade`](crate::Facade).
///
/// ```
/// use connectors_codegen::{Error, Facade, Generator, Node, diff, diff_clients};
///
/// # fn main() -> Result<(), Error> {
/// let document = |responses: &str| Node::parse("pets.yaml", &format!("
/// openapi: 3.1.0
/// info: {{title: Pets, version: '1'}}
/// paths: {{/pets: {{get: {{operationId: countPets, responses: {{'200': {{description: ok, content: {{application/json: {{schema: {{
///   type: integer}}}}}}}}{responses}}}}}}}}}
/// "));
/// let client = |document: &Node| Generator::new(document.clone()).facade(Facade::new("crate::transport")).generate();
/// let (old, new) = (document("")?, document(", '204': {description: none}")?);
/// // An answer that may be empty is an `Option` in Rust.
/// assert_eq!(diff(&old, &new)?[0].rule, "status-added");
/// let changes = diff_clients((&old, &client(&old)?), (&new, &client(&new)?))?;
/// assert_eq!(changes[0].rule, "client-changed");
/// assert_eq!(changes[0].what, "`count_pets() -> i64` is `count_pets() -> Option<i64>` in Rust");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A document that is not OpenAPI 3.0 or 3.1, and a client that has no facade.
pub fn diff_clients(old: (&Node, &Client), new: (&Node, &Client)) -> Result<Vec<Change>, Error> {
    let (before, after) = (lower(old.0, &mut Notes::default())?, lower(new.0, &mut Notes::default())?);
    let (mut changes, trace) = compare(&before, &after);
    let rule = "client-changed";
    for (operations, what) in clients::unaccounted(&trace, &before, old.1, new.1)? {
        changes.push(Change { impact: rules::impact(rule), rule, operations, what });
    }
    Ok(sorted(changes))
}

/// Compares two lowered documents.
fn compare(old: &Node, new: &Node) -> (Vec<Change>, Trace) {
    let empty = Map::new();
    let schemas = |document: &'_ Node| document.pointer("/components/schemas").and_then(Node::as_object).cloned();
    let (old_schemas, new_schemas) = (schemas(old), schemas(new));
    let mut comparison = Comparison {
        old: Side { document: old, schemas: old_schemas.as_ref().unwrap_or(&empty) },
        new: Side { document: new, schemas: new_schemas.as_ref().unwrap_or(&empty) },
        operation: None,
        said: BTreeMap::new(),
        seen: BTreeSet::new(),
        arrived: BTreeSet::new(),
        trace: Trace::default(),
    };
    comparison.documents();
    let Comparison { said, trace, .. } = comparison;
    let changes = said
        .into_iter()
        .map(|((rule, what), operations)| Change { impact: rules::impact(rule), rule, operations, what })
        .collect();
    (changes, trace)
}

fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by(|a, b| {
        (a.impact, a.operations.first(), &a.what, a.rule).cmp(&(b.impact, b.operations.first(), &b.what, b.rule))
    });
    changes
}

/// Which way a schema travels: what is harmless in an answer may not be in a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Request,
    Response,
}

impl Way {
    /// The rule of two that is about this way.
    fn of(self, request: &'static str, response: &'static str) -> &'static str {
        match self {
            Self::Request => request,
            Self::Response => response,
        }
    }
}

/// One of the two documents.
#[derive(Clone, Copy)]
struct Side<'a> {
    document: &'a Node,
    schemas: &'a Map,
}

struct Comparison<'a> {
    old: Side<'a>,
    new: Side<'a>,
    /// The operation that is looked at.
    operation: Option<String>,
    /// What was said: rule and sentence, and the operations it was said of.
    said: BTreeMap<(&'static str, String), Vec<String>>,
    /// Pairs of components already compared for this operation, each way.
    seen: BTreeSet<(String, String, Way)>,
    /// Properties of this operation's body that were parameters before.
    arrived: BTreeSet<String>,
    /// Where what was looked at is, and what of it breaks.
    trace: Trace,
}

/// One operation where it stands.
#[derive(Clone, Copy)]
struct Operation<'a> {
    id: Option<&'a str>,
    path: &'a str,
    method: &'a str,
    node: &'a Node,
    item: &'a Node,
}

impl<'a> Operation<'a> {
    fn all(document: &'a Node) -> Vec<Self> {
        grammar::operations(document)
            .map(|(path, method, node, item)| Operation { id: node.str("operationId"), path, method, node, item })
            .collect()
    }

    /// What it is called in a list of changes.
    fn label(&self) -> String {
        self.id.map_or_else(|| self.place(), str::to_owned)
    }

    fn place(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// Where it is in the document.
    fn at(&self) -> Pointer {
        Pointer::root().join("paths").join(self.path).join(self.method)
    }

    /// What the method is called, as far as the operation itself decides.
    fn name(&self) -> String {
        let given = self.node.str("x-rust-name").or_else(|| self.node.str("x-speakeasy-name-override"));
        let last = || self.id.and_then(|id| id.rsplit(['.', '/']).next());
        given.or_else(last).map_or_else(|| self.place(), str::to_snake_case)
    }

    /// The path as a server sees it: the names in it are nothing to it.
    fn anonymous(&self) -> (String, &'a str) {
        let parts = self.path.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
        (parts.collect::<Vec<_>>().join("{}"), self.method)
    }

    /// The names in the path, in order. One that stands there twice is one argument.
    fn placeholders(&self) -> Vec<&'a str> {
        let names = self.path.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name));
        names.fold(Vec::new(), |mut names, name| {
            if !names.contains(&name) {
                names.push(name);
            }
            names
        })
    }
}

impl<'a> Comparison<'a> {
    fn say(&mut self, rule: &'static str, what: impl Into<String>) {
        let operations = self.said.entry((rule, what.into())).or_default();
        if let Some(operation) = &self.operation
            && !operations.contains(operation)
        {
            operations.push(operation.clone());
        }
    }

    /// As [`Comparison::say`], of a place in the old document: a break there accounts for what it does to the client.
    fn say_at(&mut self, at: &Pointer, rule: &'static str, what: impl Into<String>) {
        if rules::impact(rule) == Impact::Breaking {
            self.trace.broken.insert(at.clone());
        }
        self.say(rule, what);
    }

    fn documents(&mut self) {
        let servers = |side: Side<'_>| -> Vec<String> {
            let list = side.document.get("servers").and_then(Node::as_array).unwrap_or_default();
            list.iter().filter_map(|server| server.str("url").map(str::to_owned)).collect()
        };
        let (before, after) = (servers(self.old), servers(self.new));
        if before != after {
            let told = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
            self.say("server-changed", format!("its servers were {} and are {}", told(&before), told(&after)));
        }
        let (before, mut after) = (Operation::all(self.old.document), Operation::all(self.new.document));
        let mut left = Vec::new();
        for old in before {
            // The same id is the same operation, wherever it is.
            match after.iter().position(|new| old.id.is_some() && new.id == old.id) {
                Some(index) => {
                    let new = after.remove(index);
                    self.operations(old, new);
                }
                None => left.push(old),
            }
        }
        for old in left {
            match after.iter().position(|new| new.anonymous() == old.anonymous()) {
                Some(index) => {
                    let new = after.remove(index);
                    self.operations(old, new);
                }
                None => {
                    self.operation = Some(old.label());
                    self.say_at(&old.at(), "operation-removed", format!("the operation is gone: {}", old.place()));
                }
            }
        }
        for new in after {
            self.operation = Some(new.label());
            self.say("operation-added", format!("a new operation: {}", new.place()));
        }
    }

    fn operations(&mut self, old: Operation<'a>, new: Operation<'a>) {
        self.operation = Some(old.label());
        self.seen.clear();
        self.arrived.clear();
        self.trace.operations.insert(old.at(), new.at());
        if old.name() != new.name() {
            let what = format!("it is called `{}` now", new.label());
            self.say_at(&old.at().join("operationId"), "operation-renamed", what);
        } else if old.id != new.id {
            self.say("operation-id-changed", format!("its operationId is `{}` now", new.label()));
        }
        let moved = old.anonymous() != new.anonymous();
        if moved {
            self.say("operation-moved", format!("it moved from {} to {}", old.place(), new.place()));
        }
        match (old.node.is_true("deprecated"), new.node.is_true("deprecated")) {
            (false, true) => self.say("operation-deprecated", "it is deprecated now"),
            (true, false) => self.say("operation-reactivated", "it is no longer deprecated"),
            _ => {}
        }
        self.words(old.node, new.node, "the operation");
        self.security(old.node, new.node);
        // What arrives in the body is no new property there, so parameters come first.
        self.parameters(old, new, moved);
        self.bodies(old, new);
        self.responses(old, new);
    }

    /// The words about something, if any are different.
    fn words(&mut self, old: &Node, new: &Node, place: &str) {
        for key in ["summary", "description"] {
            let text = |node: &Node| node.str(key).map(str::trim).unwrap_or_default().to_owned();
            let (before, after) = (text(old), text(new));
            if before != after {
                let what = match (before.is_empty(), after.is_empty()) {
                    (true, _) => "is new",
                    (_, true) => "is gone",
                    _ => "changed",
                };
                self.say("documentation-changed", format!("the {key} of {place} {what}"));
            }
        }
    }

    fn security(&mut self, old: &Node, new: &Node) {
        let (before, after) = (Security::of(old, self.old.document), Security::of(new, self.new.document));
        match (before.open, after.open) {
            (true, false) => return self.say("security-demanded", format!("it asks for {} now", after.told())),
            (false, true) => return self.say("security-dropped", "it can be called without credentials now"),
            _ => {}
        }
        let mut found = BTreeSet::<&String>::new();
        for (schemes, way) in &before.ways {
            // What a scheme is called is nothing to who sends it.
            let renamed = after.ways.iter().find(|(other, now)| {
                !before.ways.contains_key(*other)
                    && !found.contains(*other)
                    && way.asks.is_some()
                    && way.asks == now.asks
            });
            let Some((name, now)) = after.ways.get_key_value(schemes).or(renamed) else {
                self.say("security-removed", format!("`{schemes}` does not authenticate it any more"));
                continue;
            };
            found.insert(name);
            for scope in now.scopes.difference(&way.scopes) {
                self.say("security-scope-added", format!("`{schemes}` needs the scope `{scope}` now"));
            }
            for scope in way.scopes.difference(&now.scopes) {
                self.say("security-scope-removed", format!("`{schemes}` does not need the scope `{scope}` any more"));
            }
        }
        for schemes in after.ways.keys().filter(|schemes| !found.contains(*schemes)) {
            self.say("security-added", format!("`{schemes}` authenticates it as well now"));
        }
    }

    fn parameters(&mut self, old: Operation<'a>, new: Operation<'a>, moved: bool) {
        let (mut before, mut after) = (parameters(self.old.document, old), parameters(self.new.document, new));
        if !moved {
            // At the same place of the same path, a name is only a name.
            for (was, is) in old.placeholders().into_iter().zip(new.placeholders()) {
                let path = |name: &str| (name.to_owned(), "path".to_owned());
                if was != is
                    && !after.contains_key(&path(was))
                    && !before.contains_key(&path(is))
                    && let Some(parameter) = before.remove(&path(was))
                {
                    self.say("parameter-renamed", format!("the path parameter `{was}` is called `{is}` now"));
                    before.insert(path(is), parameter);
                }
            }
        }
        let at = old.at().join("parameters");
        let (was, is) = (old.placeholders(), new.placeholders());
        let kept = |names: &[&str], others: &[&str]| -> Vec<String> {
            names.iter().filter(|name| others.contains(name)).map(|name| format!("`{name}`")).collect()
        };
        let (was, is) = (kept(&was, &is), kept(&is, &was));
        if was != is {
            // The arguments change places with them, and where they are of one type no compiler sees it.
            let what = format!("its path has {} in the order {} now", was.join(", "), is.join(", "));
            self.say_at(&at, "parameter-reordered", what);
        }
        let came: Vec<(String, String)> = after.keys().filter(|key| !before.contains_key(*key)).cloned().collect();
        let mut properties = self.new_properties(old.node, new.node);
        for ((name, place), parameter) in &before {
            let Some(now) = after.get(&(name.clone(), place.clone())) else {
                let same = |other: &str| fold(other) == fold(name);
                let elsewhere = came.iter().find(|(other, other_place)| same(other) && other_place != place).cloned();
                let inside = properties.iter().position(|property| same(property));
                if let Some(key) = elsewhere {
                    let what = format!("the {place} parameter `{name}` is a {} parameter now", key.1);
                    self.say_at(&at, "parameter-moved", what);
                    after.remove(&key);
                } else if let Some(index) = inside {
                    let property = properties.remove(index);
                    let what = format!("the {place} parameter `{name}` moved into the body, as `{property}`");
                    self.say_at(&at, "parameter-moved", what);
                    self.arrived.insert(property);
                } else {
                    self.say_at(&at, "parameter-removed", format!("the {place} parameter `{name}` is gone"));
                }
                continue;
            };
            let required = |node: &Node| place == "path" || node.is_true("required");
            let told = format!("the {place} parameter `{name}`");
            match (required(&parameter.node), required(&now.node)) {
                (false, true) => self.say_at(&at, "parameter-required", format!("{told} is required now")),
                (true, false) => self.say_at(&at, "parameter-optional", format!("{told} may be left out now")),
                _ => {}
            }
            if parameter.node.is_true("deprecated") != now.node.is_true("deprecated") {
                let not = if now.node.is_true("deprecated") { "" } else { "no longer " };
                self.say("property-deprecated", format!("{told} is {not}deprecated now"));
            }
            self.words(&parameter.node, &now.node, &told);
            let spot = Spot {
                way: Way::Request,
                place: format!("`{name}`"),
                depth: 1,
                // Null has no spelling in a path, a query or a header.
                optional: true,
                at: parameter.at.join("schema"),
                there: now.at.join("schema"),
            };
            self.members(&parameter.node, &now.node, &spot);
        }
        for key in came.iter().filter(|key| after.contains_key(*key)) {
            let (name, place) = key;
            let required = place == "path" || after.get(key).is_some_and(|it| it.node.is_true("required"));
            if required {
                let what = format!("a new {place} parameter `{name}`, which is required");
                self.say_at(&at, "parameter-added-required", what);
            } else {
                self.say_at(&at, "parameter-added", format!("a new {place} parameter `{name}`"));
            }
        }
    }

    /// The properties that the new body has at its top and the old one has not.
    fn new_properties(&self, old: &Node, new: &Node) -> Vec<String> {
        let names = |side: Side<'_>, node: &Node| -> Vec<String> {
            let Some(body) = node.get("requestBody").map(|body| grammar::resolve(side.document, body)) else {
                return Vec::new();
            };
            let schemas = media(body).into_values().filter_map(|(_, content)| content.get("schema"));
            let mut found = Vec::new();
            for schema in schemas {
                let looked = schemas::look(side, schema);
                found.extend(
                    looked
                        .node
                        .get("properties")
                        .and_then(Node::as_object)
                        .into_iter()
                        .flatten()
                        .map(|(k, _)| k.clone()),
                );
            }
            found
        };
        let before = names(self.old, old);
        names(self.new, new).into_iter().filter(|name| !before.contains(name)).collect()
    }

    fn bodies(&mut self, old: Operation<'_>, new: Operation<'_>) {
        let (at, there) = (old.at().join("requestBody"), new.at().join("requestBody"));
        let body = |side: Side<'a>, node: &Node| {
            node.get("requestBody").map(|body| grammar::resolve(side.document, body).clone())
        };
        match (body(self.old, old.node), body(self.new, new.node)) {
            (Some(_), None) => self.say_at(&at, "body-removed", "it takes no body any more"),
            (None, Some(body)) if body.is_true("required") => {
                self.say_at(&at, "body-added-required", "it takes a body now, which is required");
            }
            (None, Some(_)) => self.say_at(&at, "body-added", "it takes a body now"),
            (Some(old), Some(new)) => {
                match (old.is_true("required"), new.is_true("required")) {
                    (false, true) => self.say_at(&at, "body-required", "its body is required now"),
                    (true, false) => self.say_at(&at, "body-optional", "its body may be left out now"),
                    _ => {}
                }
                self.words(&old, &new, "the body");
                self.contents(Way::Request, "the body", (&old, &at), (&new, &there));
            }
            (None, None) => {}
        }
    }

    fn responses(&mut self, old: Operation<'_>, new: Operation<'_>) {
        let (at, there) = (old.at().join("responses"), new.at().join("responses"));
        let empty = Map::new();
        let list = |node: &Node| node.get("responses").and_then(Node::as_object).unwrap_or(&empty).clone();
        let (before, after) = (list(old.node), list(new.node));
        for (status, response) in &before {
            let at = at.join(status);
            let Some(now) = after.get(status) else {
                let rule = if status.starts_with('2') { "status-removed" } else { "error-status-removed" };
                self.say_at(&at, rule, format!("it does not answer {status} any more"));
                continue;
            };
            let old = grammar::resolve(self.old.document, response).clone();
            let new = grammar::resolve(self.new.document, now).clone();
            let place = format!("the answer {status}");
            self.words(&old, &new, &place);
            self.contents(Way::Response, &place, (&old, &at), (&new, &there.join(status)));
        }
        for status in after.keys().filter(|status| !before.contains_key(*status)) {
            let rule = if status.starts_with('2') { "status-added" } else { "error-status-added" };
            self.say(rule, format!("it may answer {status} now"));
        }
    }

    /// The media types of two bodies or answers, each given with its place.
    fn contents(&mut self, way: Way, place: &str, old: (&Node, &Pointer), new: (&Node, &Pointer)) {
        let (before, after) = (media(old.0), media(new.0));
        for (name, (key, content)) in &before {
            let at = old.1.join("content").join(key);
            match after.get(name) {
                None => {
                    let rule = way.of("request-media-type-removed", "response-media-type-removed");
                    self.say_at(&at, rule, format!("{place} is not `{name}` any more"));
                }
                Some((other, now)) => {
                    let (at, there) = (at.join("schema"), new.1.join("content").join(other).join("schema"));
                    let spot = Spot { way, place: place.to_owned(), depth: 0, optional: false, at, there };
                    self.members(content, now, &spot);
                }
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let rule = way.of("request-media-type-added", "response-media-type-added");
            self.say(rule, format!("{place} may be `{name}` now"));
        }
    }

    /// Compares the schemas of two media types or parameters.
    fn members(&mut self, old: &Node, new: &Node, spot: &Spot) {
        let rule = spot.way.of("request-type-changed", "response-type-changed");
        match (old.get("schema"), new.get("schema")) {
            (Some(old), Some(new)) => self.schemas(old, new, spot),
            (Some(_), None) => self.say_at(&spot.at, rule, format!("{} has no type any more", spot.place)),
            (None, Some(_)) => self.say_at(&spot.at, rule, format!("{} has a type now", spot.place)),
            (None, None) => {}
        }
    }
}

/// The media types of a body or answer, without their parameters, and each as it is written.
fn media(node: &Node) -> BTreeMap<String, (&String, &Node)> {
    let content = node.get("content").and_then(Node::as_object);
    let essence = |name: &str| name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    content.into_iter().flatten().map(|(name, content)| (essence(name), (name, content))).collect()
}

/// A name without what languages spell differently.
fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What an operation asks of who calls it.
struct Security {
    /// Whether nothing will do.
    open: bool,
    /// What is needed together, by the names of its schemes; one of these is enough.
    ways: BTreeMap<String, Credentials>,
}

/// Schemes that are needed together.
#[derive(Default)]
struct Credentials {
    scopes: BTreeSet<String>,
    /// The schemes without their names and words, if the document has all of them.
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
            let content = |name: &&str| {
                let mut scheme = grammar::resolve(document, defined?.get(name)?).clone();
                scheme.take("description");
                Some(scheme)
            };
            way.asks = schemes.iter().map(content).collect();
        }
        security
    }

    fn told(&self) -> String {
        let ways: Vec<String> = self.ways.keys().map(|schemes| format!("`{schemes}`")).collect();
        ways.join(" or ")
    }
}

/// A parameter and where it is written.
struct Parameter {
    node: Node,
    at: Pointer,
}

/// The parameters of an operation, its path item's included, by name and place.
fn parameters(document: &Node, operation: Operation<'_>) -> BTreeMap<(String, String), Parameter> {
    let mut found = BTreeMap::new();
    let item = Pointer::root().join("paths").join(operation.path);
    for (owner, base) in [(operation.item, item), (operation.node, operation.at())] {
        for (index, parameter) in owner.get("parameters").and_then(Node::as_array).into_iter().flatten().enumerate() {
            let node = grammar::resolve(document, parameter).clone();
            if let (Some(name), Some(place)) = (node.str("name"), node.str("in")) {
                let key = (name.to_owned(), place.to_owned());
                found.insert(key, Parameter { node, at: base.join("parameters").join(index) });
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
    fn another_dialect_is_no_change() {
        let old = "{type: object, properties: {x: {type: string, nullable: true}, b: {allOf: [{$ref: '#/components/schemas/A'}], nullable: true}, t: {allOf: [{type: string, format: date-time, readOnly: true}], nullable: true}}}";
        let new = "{type: object, properties: {x: {type: [string, 'null']}, b: {oneOf: [{$ref: '#/components/schemas/A'}, {type: 'null'}]}, t: {type: [string, 'null'], format: date-time, readOnly: true}}}";
        assert!(told(old, new).is_empty(), "{:?}", told(old, new));
        let post = "/a: {post: {operationId: postA, requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}, responses: {'204': {description: ''}}}}";
        let changes = diff(&document(old, post), &document(new, post)).unwrap();
        assert!(changes.is_empty(), "{changes:?}");
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

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(names.len(), RULES.len());
    }
}
