//! Compares two documents: pairs their operations by id or by place, and collects the findings of each. Schemas in
//! `components` are compared once, in scopes of their own. At the end each finding is assigned to all operations that
//! reach its scope.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use heck::ToSnakeCase;

use crate::calls::{self, Calls, Item};
use crate::document::{Node, Pointer};
use crate::grammar;
use crate::schema::{Meanings, Model, SchemaId};
use crate::shape::model::{Api, Idempotency, Operation as Shaped};

use super::canonical::Canonical;
use super::change::{Change, Impact};
use super::rules;
use super::trace::Trace;

/// The direction of a schema. A change that is harmless in a response may break a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Way {
    Request,
    Response,
    /// The body of an error response that the client returns without decoding it.
    Unread,
}

impl Way {
    /// The rule for this direction.
    pub(super) fn of(self, request: &'static str, response: &'static str) -> &'static str {
        match self {
            Self::Request => request,
            Self::Response | Self::Unread => response,
        }
    }
}

/// The places of two compared schemas.
pub(super) struct Spot {
    pub(super) way: Way,
    /// The name of the place in messages.
    pub(super) place: String,
    pub(super) depth: usize,
    /// Whether the value may be absent. Then null makes no difference to the Rust type.
    pub(super) optional: bool,
    /// The place in the old document.
    pub(super) at: Pointer,
    /// The place in the new document.
    pub(super) there: Pointer,
}

impl Spot {
    /// The spot below this one at these keys.
    pub(super) fn below(&self, place: String, optional: bool, keys: &[&str]) -> Self {
        let walk = |from: &Pointer| keys.iter().fold(from.clone(), |at, key| at.join(key));
        self.beside(place, optional, walk(&self.at), walk(&self.there))
    }

    /// The spot of a member. It is as deep as this one.
    pub(super) fn with(&self, place: String, key: &str) -> Self {
        Self { place, at: self.at.join(key), there: self.there.join(key), ..*self }
    }

    /// A spot below this one whose places differ in the two documents.
    pub(super) fn beside(&self, place: String, optional: bool, at: Pointer, there: Pointer) -> Self {
        Self { way: self.way, place, depth: self.depth + 1, optional, at, there }
    }
}

/// One of the two documents.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) calls: &'a Calls,
    pub(super) schemas: &'a Model,
    /// The security schemes as the document has them.
    pub(super) schemes: &'a BTreeMap<String, Node>,
    shaped: &'a HashMap<&'a str, &'a Shaped>,
}

/// A finding.
struct Finding {
    rule: &'static str,
    what: String,
    /// The name of the property, if the finding is a new property at the top level of a request's schema.
    property: Option<String>,
    /// The place in the old document: a schema, one of its members, or a parameter by its name.
    at: Option<Pointer>,
}

/// The findings of an operation or of a pair of components, and the pairs that it refers to.
#[derive(Default)]
struct Scope {
    findings: Vec<Finding>,
    uses: BTreeSet<usize>,
}

/// A pair of schemas, and the direction in which they are compared.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Pair {
    pub(super) old: SchemaId,
    pub(super) new: SchemaId,
    pub(super) way: Way,
}

pub(super) struct Comparison<'a> {
    pub(super) old: Side<'a>,
    pub(super) new: Side<'a>,
    /// The current scope of findings.
    scope: usize,
    scopes: Vec<Scope>,
    /// The scope of each pair of components, by direction.
    pairs: HashMap<Pair, usize>,
    queue: Vec<(usize, Pair)>,
    /// The pairs of inline schemas that are already compared below the current component, body or parameter.
    pub(super) inline: HashSet<Pair>,
    /// The properties of an operation's body that were parameters before, by scope.
    arrived: HashMap<usize, BTreeSet<String>>,
    /// Whether the client does not read the body that is being compared.
    pub(super) unread: bool,
    /// The places of the compared schemas, and the places of breaking changes.
    pub(super) trace: Trace,
    /// The component or parameter that is being compared.
    pub(super) here: Option<Pointer>,
    /// The schemas that were compared as a whole.
    pub(super) meanings: Meanings,
}

/// An operation and its path item.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) item: &'a Item,
    pub(super) call: &'a calls::Operation,
}

/// Compares two documents in canonical form, each with its shaped API.
pub(super) fn compare(old: (&Canonical, &Api), new: (&Canonical, &Api)) -> (Vec<Change>, Trace) {
    let (old_shaped, new_shaped) = (by_place(old.1), by_place(new.1));
    let mut comparison = Comparison::new(Side::new(old.0, &old_shaped), Side::new(new.0, &new_shaped));
    let labels = comparison.documents();
    comparison.finish(&labels)
}

fn by_place(api: &Api) -> HashMap<&str, &Shaped> {
    api.operations.iter().map(|operation| (operation.pointer.as_str(), operation)).collect()
}

/// The tag that the operations with these labels have in common.
pub(super) fn tag_of(canonical: &Canonical, labels: &[String]) -> Option<String> {
    let operations = Operation::all(&canonical.calls);
    let tags = operations.iter().filter(|operation| labels.contains(&operation.label())).map(Operation::tag);
    common(tags)
}

fn common<'a>(mut tags: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    let first = tags.next()??;
    tags.all(|tag| tag == Some(first)).then(|| first.to_owned())
}

impl<'a> Operation<'a> {
    pub(super) fn all(calls: &'a Calls) -> Vec<Self> {
        calls.operations().map(|(item, call)| Operation { item, call }).collect()
    }

    fn id(&self) -> Option<&'a str> {
        self.call.id.as_deref()
    }

    fn path(&self) -> &'a str {
        &self.item.name
    }

    /// The name in a list of changes.
    pub(super) fn label(&self) -> String {
        self.id().map_or_else(|| self.place(), str::to_owned)
    }

    fn tag(&self) -> Option<&'a str> {
        self.call.tags.first().map(String::as_str)
    }

    fn place(&self) -> String {
        format!("{} {}", grammar::sent_method(&self.call.method), self.path())
    }

    /// The place in the document.
    pub(super) fn at(&self) -> &'a Pointer {
        &self.call.at
    }

    /// The method's name, if the operation alone decides it.
    fn name(&self) -> String {
        let given = self.call.hints.name.as_deref().or(self.call.hints.other_name.as_deref());
        let last = || self.id().and_then(|id| id.rsplit(['.', '/']).next());
        given.or_else(last).map_or_else(|| self.place(), str::to_snake_case)
    }

    /// The path without the names of its parameters, which do not matter to a server.
    fn anonymous(&self) -> (String, &'a str) {
        let parts = self.path().split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
        (parts.collect::<Vec<_>>().join("{}"), &self.call.method)
    }

    /// The names in the path, in order. A name that occurs twice is one argument.
    pub(super) fn placeholders(&self) -> Vec<&'a str> {
        let names = self.path().split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name));
        names.fold(Vec::new(), |mut names, name| {
            if !names.contains(&name) {
                names.push(name);
            }
            names
        })
    }
}

impl<'a> Side<'a> {
    fn new(canonical: &'a Canonical, shaped: &'a HashMap<&'a str, &'a Shaped>) -> Self {
        Self { calls: &canonical.calls, schemas: &canonical.schemas, schemes: &canonical.schemes, shaped }
    }

    /// The name of a component.
    pub(super) fn name(self, component: SchemaId) -> &'a str {
        self.schemas.name(component).unwrap_or_default()
    }

    /// The place of a component.
    pub(super) fn place(self, component: SchemaId) -> Pointer {
        Pointer::root().join("components").join("schemas").join(self.name(component))
    }

    /// The operation in the client; `None` if it was left out.
    pub(super) fn shaped(&self, operation: &Operation<'_>) -> Option<&'a Shaped> {
        self.shaped.get(operation.at().as_str()).copied()
    }
}

/// The name of an operation in a list of changes, and its first tag.
type Label<'a> = (String, Option<&'a str>);

/// A rule and the message of a finding.
type Said<'a> = (&'static str, &'a str);
/// The operations that a finding affects, and its places.
type Places<'a> = (Vec<&'a Label<'a>>, BTreeSet<&'a Pointer>);
/// The operation of each scope.
type Labels<'a> = Vec<(usize, Option<Label<'a>>)>;

impl<'a> Comparison<'a> {
    fn new(old: Side<'a>, new: Side<'a>) -> Self {
        Self {
            old,
            new,
            scope: 0,
            scopes: vec![Scope::default()],
            pairs: HashMap::new(),
            queue: Vec::new(),
            inline: HashSet::new(),
            arrived: HashMap::new(),
            unread: false,
            trace: Trace::default(),
            here: None,
            meanings: Meanings::default(),
        }
    }

    pub(super) fn say(&mut self, rule: &'static str, what: impl Into<String>) {
        let rule = match self.unread && rules::impact(rule) == Impact::Breaking {
            true => "unread-body-changed",
            false => rule,
        };
        self.scopes[self.scope].findings.push(Finding {
            rule,
            what: what.into(),
            property: None,
            at: self.here.clone(),
        });
    }

    /// Like [`Comparison::say`], for a place in the old document. A breaking change there explains the breaking changes
    /// of the client.
    pub(super) fn say_at(&mut self, at: &Pointer, rule: &'static str, what: impl Into<String>) {
        if !self.unread && rules::impact(rule) == Impact::Breaking {
            self.trace.broken.insert(at.clone());
        }
        self.say(rule, what);
        // The place of the compared parameter is kept if it is below `at`, because it is more specific.
        if !self.here.as_ref().is_some_and(|here| here.is_within(at)) {
            self.place(at.clone());
        }
    }

    /// Sets the place of the last finding in the old document.
    pub(super) fn place(&mut self, at: Pointer) {
        if let Some(finding) = self.scopes[self.scope].findings.last_mut() {
            finding.at = Some(at);
        }
    }

    /// Like [`Comparison::say_at`], for a new property at the top level of a request's schema.
    pub(super) fn say_new(&mut self, at: &Pointer, rule: &'static str, what: String, property: &str) {
        self.say_at(at, rule, what);
        if let Some(finding) = self.scopes[self.scope].findings.last_mut() {
            finding.property = Some(property.to_owned());
        }
    }

    /// Queues a pair of components, unless it was queued before, and records that this scope uses it.
    pub(super) fn uses(&mut self, pair: Pair) {
        let next = self.scopes.len();
        let index = *self.pairs.entry(pair).or_insert(next);
        if index == next {
            self.scopes.push(Scope::default());
            self.queue.push((index, pair));
        }
        self.scopes[self.scope].uses.insert(index);
    }

    fn open(&mut self) -> usize {
        self.scopes.push(Scope::default());
        self.scope = self.scopes.len() - 1;
        self.scope
    }

    /// Records that a property of this operation's body was a parameter before.
    pub(super) fn arrives(&mut self, property: String) {
        self.arrived.entry(self.scope).or_default().insert(property);
    }

    /// Compares all operations, then all pairs of components that they reach.
    fn documents(&mut self) -> Labels<'a> {
        let mut labels: Labels<'a> = vec![(0, None)];
        self.servers(None);
        let (before, after) = (Operation::all(self.old.calls), Operation::all(self.new.calls));
        let mut by_id = HashMap::new();
        let mut by_path = HashMap::new();
        for (index, new) in after.iter().enumerate() {
            new.id().map(|id| by_id.entry(id).or_insert(index));
            by_path.entry(new.anonymous()).or_insert(index);
        }
        let mut taken = vec![false; after.len()];
        let mut left = Vec::new();
        for old in before {
            // An equal id means the same operation, at any path.
            match old.id().and_then(|id| by_id.get(id)).filter(|index| !taken[**index]) {
                Some(index) => {
                    taken[*index] = true;
                    labels.push((self.open(), Some((old.label(), old.tag()))));
                    self.operations(old, after[*index]);
                }
                None => left.push(old),
            }
        }
        for old in left {
            labels.push((self.open(), Some((old.label(), old.tag()))));
            match by_path.get(&old.anonymous()).filter(|index| !taken[**index]) {
                Some(index) => {
                    taken[*index] = true;
                    self.operations(old, after[*index]);
                }
                None => self.say_at(old.at(), "operation-removed", format!("the operation is gone: {}", old.place())),
            }
        }
        for new in after.iter().zip(taken).filter_map(|(new, taken)| (!taken).then_some(new)) {
            labels.push((self.open(), Some((new.label(), new.tag()))));
            self.say("operation-added", format!("a new operation: {}", new.place()));
        }
        while let Some((scope, pair)) = self.queue.pop() {
            self.scope = scope;
            self.unread = pair.way == Way::Unread;
            self.here = Some(self.old.place(pair.old));
            self.components(pair);
        }
        labels
    }

    /// Assigns each finding to the operations that reach it.
    fn finish(self, labels: &Labels<'_>) -> (Vec<Change>, Trace) {
        let Self { scopes, trace, arrived, .. } = self;
        let mut said: BTreeMap<Said<'_>, Places<'_>> = BTreeMap::new();
        for (scope, label) in labels {
            let none = BTreeSet::new();
            let arrived = arrived.get(scope).unwrap_or(&none);
            let mut reached = HashSet::from([*scope]);
            let mut queue = vec![*scope];
            while let Some(index) = queue.pop() {
                for finding in &scopes[index].findings {
                    if finding.property.as_ref().is_some_and(|property| arrived.contains(property)) {
                        continue;
                    }
                    let (operations, places) = said.entry((finding.rule, &finding.what)).or_default();
                    places.extend(&finding.at);
                    if let Some(label) = label
                        && operations.last().is_none_or(|last| last.0 != label.0)
                    {
                        operations.push(label);
                    }
                }
                queue.extend(scopes[index].uses.iter().filter(|used| reached.insert(**used)));
            }
        }
        let change = |((rule, what), (operations, places)): (Said<'_>, Places<'_>)| Change {
            impact: rules::impact(rule),
            rule,
            tag: common(operations.iter().map(|(_, tag)| *tag)),
            operations: operations.into_iter().map(|(label, _)| label.clone()).collect(),
            what: what.to_owned(),
            places: places.into_iter().cloned().collect(),
        };
        (said.into_iter().map(change).collect(), trace)
    }

    fn operations(&mut self, old: Operation<'a>, new: Operation<'a>) {
        self.trace.operations.insert(old.at().clone(), new.at().clone());
        let (was, is) = (self.old.shaped(&old), self.new.shaped(&new));
        let group = |shaped: Option<&'a Shaped>| shaped.and_then(|it| it.group.as_deref());
        if old.name() != new.name() {
            let what = format!("it is called `{}` now", new.label());
            self.say_at(&old.at().join("operationId"), "operation-renamed", what);
        } else if was.is_some() && is.is_some() && group(was) != group(is) {
            let told =
                |group: Option<&str>| group.map_or_else(|| "no group".to_owned(), |it| format!("the group `{it}`"));
            let what = format!("its method was in {} and is in {}", told(group(was)), told(group(is)));
            self.say_at(&old.at().join("operationId"), "operation-renamed", what);
        } else if old.id() != new.id() {
            self.say("operation-id-changed", format!("its operationId is `{}` now", new.label()));
        }
        let moved = old.anonymous() != new.anonymous();
        if moved {
            self.say("operation-moved", format!("it moved from {} to {}", old.place(), new.place()));
        }
        match (old.call.deprecated, new.call.deprecated) {
            (false, true) => self.say("operation-deprecated", "it is deprecated now"),
            (true, false) => self.say("operation-reactivated", "it is no longer deprecated"),
            _ => {}
        }
        let (before, after) = (&old.call.hints.sunset, &new.call.hints.sunset);
        if before != after {
            let told = |date: &Option<String>| date.clone().unwrap_or_else(|| "never".to_owned());
            self.say("sunset-changed", format!("its last day was {} and is {}", told(before), told(after)));
        }
        if let (Some(was), Some(is)) = (was, is)
            && was.idempotency != is.idempotency
            && old.call.method == new.call.method
        {
            let what = if is.idempotency != Idempotency::NotIdempotent {
                "it may be retried now"
            } else {
                "it is not retried any more"
            };
            self.say("retry-changed", what);
        }
        if let (Some(was), Some(is)) = (was, is)
            && was.paging != is.paging
        {
            self.say("paging-changed", "its list is paged in another way");
        }
        self.text("summary", &old.call.summary, &new.call.summary, "the operation");
        self.text("description", &old.call.description, &new.call.description, "the operation");
        self.security(old, new);
        self.servers(Some((old, new)));
        // Parameters come first: a parameter that moved into the body is not a new property.
        self.parameters(old, new, moved);
        self.bodies(old, new);
        self.responses(old, new);
    }

    /// Whether the client decodes the error responses of an operation.
    pub(super) fn reads_failures(&self, old: &Operation<'a>, new: &Operation<'a>) -> bool {
        let typed = |shaped: Option<&Shaped>| shaped.is_none_or(|it| !it.errors.is_empty());
        typed(self.old.shaped(old)) || typed(self.new.shaped(new))
    }

    /// Reports a changed description. Both have no space around them.
    pub(super) fn text(&mut self, key: &str, old: &str, new: &str, place: &str) {
        if old != new {
            let what = match (old.is_empty(), new.is_empty()) {
                (true, _) => "is new",
                (_, true) => "is gone",
                _ => "changed",
            };
            self.say("documentation-changed", format!("the {key} of {place} {what}"));
        }
    }

    /// Compares the schemas of two media types or parameters.
    pub(super) fn members(&mut self, old: Option<SchemaId>, new: Option<SchemaId>, spot: &Spot) {
        let rule = spot.way.of("request-type-changed", "response-type-changed");
        match (old, new) {
            (Some(old), Some(new)) => self.schemas(old, new, spot),
            (Some(_), None) => self.say_at(&spot.at, rule, format!("{} has no type any more", spot.place)),
            (None, Some(_)) => self.say_at(&spot.at, rule, format!("{} has a type now", spot.place)),
            (None, None) => {}
        }
    }
}

/// Removes case and separators from a name, because languages spell them differently.
pub(super) fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::canonical;
    use crate::note::Notes;
    use crate::shape;

    /// A document in which each operation reaches every component.
    fn document(operations: usize, schemas: usize, leaf: &str) -> Node {
        let mut text = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n".to_owned();
        for index in 0..operations {
            text.push_str(&format!(
                "  /o{index}: {{get: {{operationId: o{index}, responses: {{'200': {{description: '', content: {{application/json: {{schema: {{$ref: '#/components/schemas/S0'}}}}}}}}}}}}}}\n"
            ));
        }
        text.push_str("components:\n  schemas:\n");
        for index in 0..schemas {
            let (next, other) = ((index + 1) % schemas, (index * 7 + 3) % schemas);
            text.push_str(&format!(
                "    S{index}: {{type: object, properties: {{a: {{$ref: '#/components/schemas/S{next}'}}, b: {{$ref: '#/components/schemas/S{other}'}}, x: {{type: {leaf}}}}}}}\n"
            ));
        }
        Node::parse("t.yaml", &text).unwrap()
    }

    #[test]
    fn each_pair_of_schemas_is_compared_once() {
        let (old, new) = (document(40, 60, "string"), document(40, 60, "boolean"));
        let (old, new) = (canonical::document(&old).unwrap(), canonical::document(&new).unwrap());
        let shaped =
            |it: &Canonical| shape::shape(&it.calls, &it.schemas, &shape::Names::default(), &mut Notes::default()).0;
        let (old_api, new_api) = (shaped(&old), shaped(&new));
        let (old_shaped, new_shaped) = (by_place(&old_api), by_place(&new_api));
        let mut comparison = Comparison::new(Side::new(&old, &old_shaped), Side::new(&new, &new_shaped));
        let labels = comparison.documents();
        // One scope for the document, one for each operation, and one for each pair of components.
        assert_eq!(comparison.scopes.len(), 1 + 40 + 60);
        let findings: usize = comparison.scopes.iter().map(|scope| scope.findings.len()).sum();
        assert_eq!(findings, 60);
        let (changes, _) = comparison.finish(&labels);
        assert_eq!(changes.len(), 60);
        assert!(changes.iter().all(|change| change.operations.len() == 40));
    }
    /// The number of pairs of schemas that are compared as a whole, and the number of changes.
    fn compared(old: &Node, new: &Node) -> (usize, usize) {
        let (old, new) = (canonical::document(old).unwrap(), canonical::document(new).unwrap());
        let none = HashMap::new();
        let mut comparison = Comparison::new(Side::new(&old, &none), Side::new(&new, &none));
        let labels = comparison.documents();
        (comparison.meanings.count(), comparison.finish(&labels).0.len())
    }

    /// A document with `users` properties whose constraints all refer to a chain of components.
    fn chain(users: usize, length: usize, end: &str) -> Node {
        let mut text =
            "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/a: {get: {operationId: a, responses: {'200': \
            {description: '', content: {application/json: {schema: {type: object, properties: {"
                .to_owned();
        for index in 0..users {
            let key = if index % 2 == 0 { "not" } else { "contains" };
            text.push_str(&format!("p{index}: {{{key}: {{$ref: '#/components/schemas/S0'}}}}, "));
        }
        text.push_str("}}}}}}}}}\ncomponents: {schemas: {");
        for index in 0..length {
            let key = if index % 2 == 0 { "not" } else { "if" };
            text.push_str(&format!("S{index}: {{{key}: {{$ref: '#/components/schemas/S{}'}}}}, ", index + 1));
        }
        text.push_str(&format!("S{length}: {{const: {end}}}}}}}\n"));
        Node::parse("t.yaml", &text).unwrap()
    }

    #[test]
    fn constraints_that_share_components_are_compared_once() {
        let (pairs, changes) = compared(&chain(100, 100, "x"), &chain(100, 100, "y"));
        // The chain, and the schema of each `not`.
        assert!(pairs <= 101 + 100, "{pairs}");
        assert_eq!(changes, 100);
        assert_eq!(compared(&chain(100, 100, "x"), &chain(100, 100, "x")).1, 0);
        // A chain that is longer than the stack.
        assert_eq!(compared(&chain(2, 20_000, "x"), &chain(2, 20_000, "y")).1, 2);
    }
}
