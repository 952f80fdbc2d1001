//! Compares two generated clients: which breaks of the Rust API no reported change of the documents explains. The
//! documents alone do not show what the generator decides from a whole document, such as a name that becomes longer
//! because of another name, or the single type of several responses.
//!
//! A break belongs to a method or a type, and this to a place in the old document: an operation, a component, or an
//! inline schema. It is explained if a break was reported at that place, or below it where that is visible.
//! Descriptions are not compared. In doubt a break is reported twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::Client;
use crate::api::{self, Fate, Listing, Signature, renamed};
use crate::document::Pointer;
use crate::grammar;
use crate::schema::{Model, SchemaId};

use super::canonical::Canonical;
use super::compare::Operation;
use super::trace::Trace;

/// A change of the Rust API that no reported change of the documents explains.
pub(super) struct Unaccounted {
    /// Whether a program may stop compiling.
    pub(super) breaking: bool,
    /// The operations of the old document that it affects.
    pub(super) operations: Vec<String>,
    /// The type or the member of one, where it is in the old document.
    pub(super) places: Vec<Pointer>,
    /// A sentence.
    pub(super) what: String,
}

/// The breaks without an explanation, and additions to types that no operation uses, because those are not compared as
/// documents.
pub(super) fn unaccounted(
    trace: &Trace,
    (document, later): (&Canonical, &Canonical),
    old: &Client,
    new: &Client,
) -> Vec<Unaccounted> {
    let mut found: Vec<_> = breaks(trace, document, old, new)
        .into_iter()
        .map(|(operations, places, what)| Unaccounted { breaking: true, operations, places, what })
        .collect();
    let added = growth(document, later, old, new);
    found.extend(added.into_iter().map(|what| {
        let (operations, places) = (Vec::new(), Vec::new());
        Unaccounted { breaking: false, operations, places, what }
    }));
    found
}

/// The types that no operation uses and that are new or have new members.
fn growth(document: &Canonical, later: &Canonical, old: &Client, new: &Client) -> Vec<String> {
    let (before, after) = (Listing::of(old), Listing::of(new));
    let aliases = (&before.aliases(), &after.aliases());
    let (mut was, mut is) = (Users::new(document), Users::new(later));
    let mut found = Vec::new();
    for ty in &new.types {
        let name = &ty.name;
        if !is.of(&ty.pointer).is_empty() {
            continue;
        }
        let Some(at) = old.types.iter().find(|it| it.name == *name).map(|it| &it.pointer) else {
            found.push(format!("the Rust type `{name}` is new"));
            continue;
        };
        if was.of(at).is_empty() {
            let changes = before.type_changes(name, &after, &BTreeMap::new(), aliases).unwrap_or_default();
            let more = changes.into_iter().filter(|change| !change.breaking);
            found.extend(more.map(|change| format!("the Rust type `{name}`: {}", change.what)));
        }
    }
    found
}

/// A break: the operations of the old document that it affects, the places of types there, and a sentence.
type Break = (Vec<String>, Vec<Pointer>, String);

/// The breaks without an explanation.
fn breaks(trace: &Trace, document: &Canonical, old: &Client, new: &Client) -> Vec<Break> {
    let (before, after) = (Listing::of(old), Listing::of(new));
    let names = trace.names(old, new, &after);
    let resolved = (before.aliases(), after.aliases());
    // The aliases, with the later names of types.
    let old_aliases =
        resolved.0.iter().map(|(name, target)| (names.get(name).unwrap_or(name).clone(), renamed(target, &names)));
    let old_aliases: BTreeMap<String, String> = old_aliases.collect();
    let aliases = (&old_aliases, &resolved.1);
    let mut found = Vec::new();
    let operations = Operation::all(&document.calls);
    let labels: HashMap<Pointer, String> =
        operations.iter().map(|operation| (operation.at().clone(), operation.label())).collect();
    let later: HashMap<&Pointer, String> =
        new.api.operations.iter().map(|it| (&it.pointer, api::operation_name(it))).collect();
    for operation in &old.api.operations {
        let (name, at) = (api::operation_name(operation), &operation.pointer);
        // The removal of an operation is reported already.
        let Some(there) = trace.operations.get(at) else { continue };
        let label = || -> Vec<String> { labels.get(at).cloned().into_iter().collect() };
        let Some(now) = later.get(there) else {
            found.push((label(), Vec::new(), format!("the method `{name}` was removed in Rust")));
            continue;
        };
        if *now != name && !trace.broken.contains(&at.join("operationId")) {
            found.push((label(), Vec::new(), format!("the method `{name}` is called `{now}` in Rust now")));
        }
        let (Some(was), Some(is)) = (before.method(&name), after.method(now)) else { continue };
        let unresolved = renamed(was, &names);
        let expected = api::resolved_head(&unresolved, aliases.0);
        let given = api::resolved_head(is, aliases.1);
        let (expected, given) = (Signature::of(&expected), Signature::of(&given));
        let arguments = !expected.takes_the_same(&given) && !trace.signs(at, &["parameters", "requestBody"]);
        let response = expected.response != given.response && !trace.signs(at, &["responses"]);
        // If only the target of an alias differs, that is a change of the alias.
        if (arguments || response) && unresolved != *is {
            found.push((label(), Vec::new(), format!("`{was}` is `{is}` in Rust")));
        }
        let setters = before.setter_breaks((&name, now), &after, &names, aliases);
        if !setters.is_empty() && !trace.signs(at, &["parameters", "requestBody", "responses"]) {
            found.push((label(), Vec::new(), format!("`{name}` in Rust: {}", setters.join(", "))));
        }
    }
    let mut users = Users::new(document);
    // A component that a broken place refers to may be removed with it.
    let reached = document.schemas.reached(trace.broken.iter().flat_map(|at| schemas_at(document, at)));
    for ty in &old.types {
        let (name, at) = (&ty.name, &ty.pointer);
        let now = names.get(name).unwrap_or(name);
        if now != name && !trace.renamed.contains(at) {
            found.push((users.of(at), vec![at.clone()], format!("the Rust type `{name}` is called `{now}` now")));
        }
        let Some(changes) = before.type_changes(name, &after, &names, aliases) else {
            if !trace.takes_away(at) && !component(&document.schemas, at).is_some_and(|id| reached.contains(&id)) {
                found.push((users.of(at), vec![at.clone()], format!("the Rust type `{name}` was removed")));
            }
            continue;
        };
        let breaks = changes.iter().filter(|one| one.breaking);
        for one in breaks.filter(|one| !trace.shapes(at, one.wire.as_deref())) {
            let what = match one.fate {
                Fate::Removed => format!("the Rust type `{name}` no longer has {}", one.what),
                _ => format!("the Rust type `{name}`: {}", one.what),
            };
            let place = one.wire.as_deref().map_or_else(|| at.clone(), |wire| at.join("properties").join(wire));
            found.push((users.of(at), vec![place], what));
        }
    }
    // Requests from the service are compared as Rust alone.
    let webhooks = old.api.webhooks.iter().map(|it| ("webhooks", Pointer::from("/webhooks"), Vec::new(), it));
    let callbacks = old.api.operations.iter().filter(|operation| trace.operations.contains_key(&operation.pointer));
    let callbacks = callbacks.filter_map(|operation| {
        let users = labels.get(&operation.pointer).cloned().into_iter().collect();
        Some(("callbacks", operation.pointer.join("callbacks"), users, operation.callbacks.as_ref()?))
    });
    for (module, at, users, it) in webhooks.chain(callbacks) {
        let name = format!("{module}::{}", it.name);
        let Some(changes) = before.type_changes(&name, &after, &names, aliases) else {
            found.push((users, vec![at], format!("the Rust type `{name}` was removed")));
            continue;
        };
        for one in changes.into_iter().filter(|one| one.breaking) {
            let place = one.wire.as_deref().map_or_else(|| at.clone(), |wire| at.join(wire));
            let gone = if one.fate == Fate::Removed { " was removed" } else { "" };
            found.push((users.clone(), vec![place], format!("the Rust type `{name}`: {}{gone}", one.what)));
        }
    }
    found
}

impl Trace {
    /// The types whose names changed, by their old names. Only types of compared schemas are included.
    fn names(&self, old: &Client, new: &Client, after: &Listing) -> BTreeMap<String, String> {
        let (before, later) = (by_place(old), by_place(new));
        let mut candidates: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (at, there) in &self.schemas {
            let (Some(was), Some(is)) = (before.get(at), later.get(there)) else { continue };
            for name in was.iter().filter(|name| is.contains(*name)) {
                candidates.entry(*name).or_default().insert(*name);
            }
            let left = was.iter().filter(|name| !is.contains(*name));
            for (name, now) in left.zip(is.iter().filter(|name| !was.contains(*name))) {
                // A type whose old name still exists was not renamed, unless a rename is reported.
                if !after.has_type(name) || self.renamed.contains(at) {
                    candidates.entry(*name).or_default().insert(*now);
                }
            }
        }
        let only = |(name, others): (&str, BTreeSet<&str>)| match others.first() {
            Some(now) if others.len() == 1 && *now != name => Some((name.to_owned(), (*now).to_owned())),
            _ => None,
        };
        candidates.into_iter().filter_map(only).collect()
    }

    /// The broken places at a place or below it.
    fn below<'t>(&'t self, place: &'t Pointer) -> impl Iterator<Item = &'t Pointer> {
        // In the order of the set, the places between a place and the last one below it begin with its text.
        self.broken
            .range(place..)
            .take_while(|at| at.as_str().starts_with(place.as_str()))
            .filter(|at| under(at, place))
    }

    /// Whether a place is broken or is within something broken.
    fn above(&self, place: &Pointer) -> bool {
        let mut text = place.as_str();
        loop {
            if self.broken.contains(&Pointer::from(text)) {
                return true;
            }
            let Some((above, _)) = text.rsplit_once('/') else { return false };
            text = above;
        }
    }

    /// Whether a place below these members is broken and visible in the signature of an operation's method.
    fn signs(&self, operation: &Pointer, members: &[&str]) -> bool {
        // The parameters of the path item count too.
        let item = Pointer::from(operation.as_str().rsplit_once('/').map_or("", |(item, _)| item));
        let mut places = members.iter().flat_map(|member| [operation.join(member), item.join(member)]);
        // A property is inside a type, of which the signature has only the name.
        let shows = |at: &Pointer| !at.as_str().contains("/properties/");
        places.any(|place| self.below(&place).any(shows))
    }

    /// Whether the source of a type is within something that was removed or replaced.
    fn takes_away(&self, at: &Pointer) -> bool {
        // The type of several responses comes from the operation.
        let responses = at.join("responses");
        self.above(at) || self.below(&responses).next().is_some()
    }

    /// Whether a broken place is visible in a type itself or in one of its members.
    fn shapes(&self, at: &Pointer, wire: Option<&str>) -> bool {
        let Some(wire) = wire else { return self.below(at).next().is_some() };
        let others = ["additionalProperties", "anyOf", "items", "oneOf", "prefixItems"].map(|key| at.join(key));
        let places = others.into_iter().chain([at.join("properties").join(wire)]);
        self.broken.contains(at) || places.into_iter().any(|place| self.below(&place).next().is_some())
    }
}

/// The names of a client's types by place, the shorter first. Of two views, that is the one for reading.
fn by_place(client: &Client) -> BTreeMap<&Pointer, Vec<&str>> {
    let mut places: BTreeMap<&Pointer, Vec<&str>> = BTreeMap::new();
    for ty in &client.types {
        places.entry(&ty.pointer).or_default().push(&ty.name);
    }
    places.values_mut().for_each(|names| names.sort_by_key(|name| name.len()));
    places
}

/// Whether a place is equal to another or below it.
fn under(at: &Pointer, other: &Pointer) -> bool {
    at.as_str().strip_prefix(other.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The component that contains a place.
fn component(model: &Model, at: &Pointer) -> Option<SchemaId> {
    model.component(&grammar::component_name(&format!("#{at}"))?)
}

/// The outermost schemas at a place and below it. References to shared responses and the like are followed.
fn schemas_at(canonical: &Canonical, at: &Pointer) -> Vec<SchemaId> {
    let Canonical { calls, schemas, schemes: _ } = canonical;
    let mut found: Vec<SchemaId> = schema_at(schemas, at).into_iter().collect();
    let mut queue = vec![at];
    let mut followed = BTreeSet::new();
    while let Some(at) = queue.pop() {
        found.extend(schemas.within(at));
        queue.extend(calls.referred(at).filter(|target| followed.insert(*target)));
    }
    found
}

/// The schema at a place in a component, or in a schema of an operation.
fn schema_at(model: &Model, at: &Pointer) -> Option<SchemaId> {
    let tokens = Pointer::split(at.as_str())?;
    let mut tokens = tokens.iter().map(String::as_str);
    let mut id = if at.as_str().starts_with("/components/schemas/") {
        model.component(tokens.by_ref().nth(2)?)?
    } else {
        let mut place = Pointer::root();
        loop {
            place = place.join(tokens.next()?);
            if let Some(id) = model.at(&place) {
                break id;
            }
        }
    };
    while let Some(token) = tokens.next() {
        let schema = model.get(id);
        let mut branch = |list: &Option<Vec<SchemaId>>| {
            let index: usize = tokens.next()?.parse().ok()?;
            list.as_ref()?.get(index).copied()
        };
        id = match token {
            "allOf" => branch(&schema.all_of),
            "oneOf" => branch(&schema.one_of),
            "anyOf" => branch(&schema.any_of),
            "prefixItems" => branch(&schema.prefix),
            // A tuple has `items` for those after its places.
            "items" => schema.items.or(schema.rest),
            "x-json-text" => schema.content,
            "not" => schema.not,
            "additionalProperties" => schema.additional.schema(),
            "properties" => schema.property(tokens.next()?),
            _ => None,
        }?;
    }
    Some(id)
}

/// The operations that use each component, computed on first use.
struct Users<'a> {
    canonical: &'a Canonical,
    operations: Vec<Operation<'a>>,
    reach: Option<Vec<BTreeSet<SchemaId>>>,
}

impl<'a> Users<'a> {
    fn new(canonical: &'a Canonical) -> Self {
        Self { canonical, operations: Operation::all(&canonical.calls), reach: None }
    }

    /// The operations that a place of the document affects.
    fn of(&mut self, at: &Pointer) -> Vec<String> {
        let (canonical, operations) = (self.canonical, &self.operations);
        let reach = self.reach.get_or_insert_with(|| {
            let reached = |operation: &Operation<'_>| canonical.schemas.reached(schemas_at(canonical, operation.at()));
            operations.iter().map(reached).collect()
        });
        let component = component(&canonical.schemas, at);
        let shows = |(operation, reach): &(&Operation<'_>, &BTreeSet<SchemaId>)| {
            under(at, operation.at()) || component.as_ref().is_some_and(|id| reach.contains(id))
        };
        operations.iter().zip(reach.iter()).filter(shows).map(|(operation, _)| operation.label()).collect()
    }
}
