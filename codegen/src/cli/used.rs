//! Finds the changes that touch a crate: it compares the changes of two clients with the names in the crate's sources.

use std::collections::{BTreeMap, BTreeSet};

use crate::Client;
use crate::api;
use crate::diff::{Change, Impact};
use crate::document::Pointer;
use crate::shape::model::{Incoming, Operation, TypeDef, TypeKind};
use crate::shape::names::pascal;

use super::usage::Usage;

/// Whether a change touches a crate; the most certain first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// The crate names what changed.
    Yes,
    /// The crate has a name that may be the changed item, or calls the operation without naming the member.
    Maybe,
    /// The crate does not name it.
    No,
}

impl Touch {
    fn shown(self) -> &'static str {
        match self {
            Self::Yes => "touched",
            Self::Maybe => "may be touched",
            Self::No => "not touched",
        }
    }
}

/// A change, whether it touches the crate, and the evidence.
pub struct Touched<'c> {
    pub(super) change: &'c Change,
    pub(super) touch: Touch,
    why: String,
}

/// A degree of certainty, and the reason.
type Finding = (Touch, String);

const NOTHING: Finding = (Touch::No, String::new());

/// Judges each change of the two clients.
#[must_use]
pub fn judged<'c>(changes: &'c [Change], (old, _): &(Client, Client), usage: &Usage) -> Vec<Touched<'c>> {
    let judge = Judge::new(old, usage);
    let judged = changes.iter().map(|change| {
        let (touch, why) = judge.change(change);
        Touched { change, touch, why }
    });
    judged.collect()
}

/// The older client, indexed by the names in changes, and the crate.
struct Judge<'a> {
    old: &'a Client,
    usage: &'a Usage,
    /// The operations, by operationId, and by method and path.
    operations: BTreeMap<String, &'a Operation>,
    /// The number of groups with a method of a name.
    methods: BTreeMap<&'a str, usize>,
    /// The methods of links, by the operation that has them and the one that they lead to: the group of each, and its
    /// name.
    links: BTreeMap<&'a Pointer, Vec<(Option<&'a str>, &'a str)>>,
    /// The types with a field of a name.
    fields: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The types, by name.
    types: BTreeMap<&'a str, &'a TypeDef>,
    /// The types with a field, a variant or an item of a type.
    holders: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The names after a `::`.
    ends: BTreeMap<&'a str, &'a str>,
    /// The fields in literals and patterns of types that neither the client nor the crate defines.
    loose: BTreeMap<&'a str, &'a str>,
}

impl<'a> Judge<'a> {
    fn new(old: &'a Client, usage: &'a Usage) -> Self {
        let mut judge = Self {
            old,
            usage,
            operations: BTreeMap::new(),
            methods: BTreeMap::new(),
            links: BTreeMap::new(),
            fields: BTreeMap::new(),
            types: old.api.types.iter().map(|def| (def.name.as_str(), def)).collect(),
            holders: BTreeMap::new(),
            ends: usage.members.iter().map(|((_, end), file)| (end.as_str(), file.as_str())).collect(),
            loose: BTreeMap::new(),
        };
        for operation in &old.api.operations {
            judge.operations.insert(format!("{} {}", operation.method, operation.path), operation);
            judge.operations.insert(operation.id.clone(), operation);
            *judge.methods.entry(plain(&operation.name)).or_default() += 1;
            for link in &operation.links {
                let (group, name) = (operation.group.as_deref(), plain(&link.name));
                judge.links.entry(&link.target).or_default().push((group, name));
                judge.links.entry(&operation.pointer).or_default().push((group, name));
                *judge.methods.entry(name).or_default() += 1;
            }
        }
        for ty in &old.api.types {
            for (_, name) in members(ty) {
                judge.fields.entry(name).or_default().insert(ty.name.as_str());
            }
            for held in ty.parts().into_iter().filter_map(|part| part.innermost()) {
                judge.holders.entry(held).or_default().insert(ty.name.as_str());
            }
        }
        let known: BTreeSet<&str> = judge.types.keys().flat_map(|name| usage.spellings(name)).collect();
        let strange =
            usage.literals.iter().filter(|((of, _), _)| !known.contains(of.as_str()) && !usage.own.contains(of));
        judge.loose = strange.map(|((_, field), file)| (field.as_str(), file.as_str())).collect();
        judge
    }

    fn change(&self, change: &Change) -> Finding {
        // No program uses new items yet.
        if change.rule == "client-grown" || change.rule.ends_with("-added") && change.impact == Impact::Additive {
            return NOTHING;
        }
        let called = if change.operations.is_empty() && change.places.is_empty() {
            // The change concerns the whole document.
            best(self.old.api.operations.iter().map(|operation| self.operation(operation)))
        } else {
            let known = change.operations.iter().filter_map(|label| self.operations.get(label));
            best(known.map(|operation| self.operation(operation)))
        };
        let found = if change.places.is_empty() {
            called
        } else {
            best(change.places.iter().map(|place| self.place(change, place, &called)))
        };
        let outside = (change.operations.is_empty() && change.places.is_empty())
            || ["security-", "server-"].iter().any(|of| change.rule.starts_with(of));
        match found.0 {
            Touch::No if outside => self.either(&["Client", "Credentials", "servers"]),
            // The types of ids are named after their parameters.
            Touch::No if change.rule == "parameter-type-renamed" => {
                let known = change.operations.iter().filter_map(|label| self.operations.get(label));
                let params = known.flat_map(|operation| &operation.params);
                let kinds: Vec<&str> = params.filter_map(|param| Some(param.kind.as_ref()?.0.as_str())).collect();
                self.either(&kinds)
            }
            Touch::No if change.rule.starts_with("response-header-") => {
                let known = change.operations.iter().filter_map(|label| self.operations.get(label));
                let headers: Vec<&str> = known.flat_map(|it| it.headers.iter().map(String::as_str)).collect();
                self.either(&headers)
            }
            _ => found,
        }
    }

    /// Whether the crate has one of these names, which may belong to something else.
    fn either(&self, names: &[&str]) -> Finding {
        let file = names.iter().find_map(|name| {
            let mut spellings = self.usage.spellings(name).into_iter();
            Some((name, spellings.find_map(|it| self.usage.names.get(it).or_else(|| self.usage.words.get(it)))?))
        });
        file.map_or(NOTHING, |(name, file)| (Touch::Maybe, format!("a `{name}` in {file} may be the client's")))
    }

    /// Whether an operation's method is called.
    fn operation(&self, operation: &Operation) -> Finding {
        let name = plain(&operation.name);
        // A body of another media type has a method of its own.
        let suffixes = operation.body.iter().flat_map(|body| &body.others).map(|(suffix, _)| suffix);
        let others = suffixes.map(|suffix| format!("{}_{suffix}", operation.name.trim_end_matches('_')));
        let (group, shown) = (operation.group.as_deref(), api::operation_name(operation));
        let own = std::iter::once(name.to_owned()).chain(others).map(|method| self.method(group, &method, &shown));
        // A link's method reads a response of one operation, and begins the request of another.
        let links = self.links.get(&operation.pointer).map(Vec::as_slice).unwrap_or_default();
        let found = best(own.chain(links.iter().map(|(group, name)| self.method(*group, name, name))));
        if found.0 == Touch::Yes {
            return found;
        }
        // The types of its request and of its failures.
        let (usage, made) = (self.usage, pascal(&operation.name));
        let group = group.map(plain).unwrap_or("requests");
        let pair = usage.members.get(&(group.to_owned(), made.clone()));
        let named = usage.spellings(&made).into_iter().find_map(|it| usage.names.get(it));
        let named = named.filter(|_| !self.types.contains_key(made.as_str()));
        let request = match (pair, named) {
            (Some(file), _) => (Touch::Yes, format!("`{group}::{made}` is named in {file}")),
            (None, Some(file)) => (Touch::Maybe, format!("a `{made}` in {file} may be that of `{shown}`")),
            (None, None) => NOTHING,
        };
        let found = best([found, request]);
        if found.0 != Touch::No {
            return found;
        }
        let ends = operation.id.match_indices('.').map(|(at, _)| &operation.id[at + 1..]);
        let links = links.iter().map(|(_, name)| *name);
        let mut all = [name, operation.id.as_str()].into_iter().chain(ends).chain(links);
        let word = all.find_map(|word| Some((word, usage.words.get(word)?)));
        word.map_or(NOTHING, |(word, file)| (Touch::Maybe, format!("`{word}` is in a macro or a text in {file}")))
    }

    /// Whether one method of a group is called, which a finding names as `shown`.
    fn method(&self, group: Option<&str>, name: &str, shown: &str) -> Finding {
        let usage = self.usage;
        if let Some(group) = group
            && let Some(file) = usage.chains.get(&(plain(group).to_owned(), name.to_owned()))
        {
            return (Touch::Yes, format!("`{}().{name}()` is called in {file}", plain(group)));
        }
        if let Some(file) = usage.methods.get(name) {
            let alone =
                group.is_none() && self.methods.get(name).is_none_or(|count| *count == 1) && !usage.own.contains(name);
            let what = if alone { "is called" } else { "may be what is called" };
            return (if alone { Touch::Yes } else { Touch::Maybe }, format!("`{shown}` {what} in {file}"));
        }
        let file = self.ends.get(name);
        file.map_or(NOTHING, |file| (Touch::Maybe, format!("`::{name}` in {file} may be `{shown}`")))
    }

    /// Whether a place in the old document is used: a parameter, a type, or a member of one.
    fn place(&self, change: &Change, place: &Pointer, called: &Finding) -> Finding {
        let tokens = Pointer::split(place.as_str()).unwrap_or_default();
        if let [paths, .., parameters, name] = tokens.as_slice()
            && paths == "paths"
            && parameters == "parameters"
        {
            return self.parameter(change, place, name, called);
        }
        if let [webhooks, wire @ ..] = tokens.as_slice()
            && webhooks == "webhooks"
            && let Some(incoming) = &self.old.api.webhooks
        {
            return self.message(incoming, wire.first().map_or("", String::as_str));
        }
        // A changed property belongs to the type that has it, not to the type of its value.
        let property = matches!(tokens.as_slice(), [.., properties, _] if properties == "properties");
        let holds = |def: &&TypeDef| place.is_within(&def.pointer) && !(property && def.pointer == *place);
        let Some(longest) = self.old.api.types.iter().filter(holds).map(|def| def.pointer.as_str().len()).max() else {
            return called.clone();
        };
        let types = self.old.api.types.iter().filter(holds).filter(|def| def.pointer.as_str().len() == longest);
        let below = Pointer::split(&place.as_str()[longest..]).unwrap_or_default();
        let member = match below.as_slice() {
            [kind, wire, ..] if kind == "properties" || kind == "enum" => Some(wire.as_str()),
            _ => None,
        };
        // A value that a program does not send yet has no name in it.
        let demanded = matches!(change.rule, "request-property-required" | "request-property-added-required");
        match member.filter(|_| !demanded) {
            None => {
                let types: Vec<&TypeDef> = types.collect();
                let named = best(types.iter().map(|def| self.named(&def.name)));
                if change.rule == "type-renamed" {
                    return named;
                }
                let held = best(types.iter().map(|def| self.held(&def.name)));
                best([named, called.clone(), held])
            }
            Some(wire) => {
                let found = best(types.map(|def| best([self.member(def, wire, called), self.made(change, def, wire)])));
                let read = change.rule.starts_with("response-") && change.impact == Impact::Breaking;
                match (&found, called) {
                    ((Touch::No, _), (Touch::Yes | Touch::Maybe, why)) if read => (
                        Touch::Maybe,
                        format!("{why}, and `{wire}` is not named: only an older build may fail to read it"),
                    ),
                    _ => found,
                }
            }
        }
    }

    /// Whether an optional parameter's setter is called. Each call has the required ones.
    fn parameter(&self, change: &Change, place: &Pointer, wire: &str, called: &Finding) -> Finding {
        let of = self.old.api.operations.iter().filter(|operation| place.is_within(&operation.pointer));
        let setters = of.flat_map(|operation| {
            let own = operation.params.iter().filter(move |param| param.wire == wire && !param.required);
            own.map(move |param| (plain(&operation.name), plain(&param.name)))
        });
        let setters: Vec<(&str, &str)> = setters.collect();
        if setters.is_empty() || change.rule == "parameter-required" {
            let of = self.old.api.operations.iter().filter(|operation| place.is_within(&operation.pointer));
            let kinds = of.flat_map(|operation| operation.params.iter().filter(|param| param.wire == wire));
            let kinds: Vec<&str> = kinds.filter_map(|param| Some(param.kind.as_ref()?.0.as_str())).collect();
            return best([called.clone(), self.either(&kinds)]);
        }
        best(setters.into_iter().map(|(method, setter)| {
            if let Some(file) = self.usage.chains.get(&(method.to_owned(), setter.to_owned())) {
                return (Touch::Yes, format!("`{method}().{setter}()` is called in {file}"));
            }
            let (usage, ends) = (self.usage, &self.ends);
            let file = usage.methods.get(setter).or_else(|| usage.words.get(setter)).or_else(|| usage.words.get(wire));
            match file.map(String::as_str).or_else(|| ends.get(setter).copied()) {
                Some(file) if called.0 != Touch::No => {
                    (Touch::Maybe, format!("{}, and a `{setter}` in {file}", called.1))
                }
                _ => NOTHING,
            }
        }))
    }

    /// Whether a type is named.
    fn named(&self, name: &str) -> Finding {
        let usage = self.usage;
        let spellings = usage.spellings(name);
        if let Some((spelt, file)) = spellings.iter().find_map(|it| Some((*it, usage.names.get(*it)?))) {
            let own = usage.own.contains(spelt);
            let of = if own { "is named, and also defined," } else { "is named" };
            let of = if spelt == name { of.to_owned() } else { format!("{of} as `{spelt}`") };
            return (if own { Touch::Maybe } else { Touch::Yes }, format!("`{name}` {of} in {file}"));
        }
        let file = spellings.iter().find_map(|it| usage.words.get(*it));
        file.map_or(NOTHING, |file| (Touch::Maybe, format!("`{name}` is in a macro or a text in {file}")))
    }

    /// Whether the crate names a field of a type. It can use the value without naming the type.
    fn held(&self, name: &str) -> Finding {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![name]);
        while let Some(name) = waiting.pop() {
            for holder in self.holders.get(name).into_iter().flatten().filter_map(|it| self.types.get(it)) {
                let TypeKind::Struct(it) = &holder.kind else {
                    // A list or a union of it: what holds that, holds it.
                    waiting.extend(seen.insert(holder.name.as_str()).then_some(holder.name.as_str()));
                    continue;
                };
                for field in it.fields.iter().filter(|field| field.ty.innermost() == Some(name)) {
                    let (touch, why) = self.member(holder, &field.wire, &NOTHING);
                    if touch != Touch::No {
                        return (Touch::Maybe, why);
                    }
                }
            }
        }
        NOTHING
    }

    /// Whether the crate calls `new` of a struct, if a change of a property changes its arguments.
    fn made(&self, change: &Change, def: &TypeDef, wire: &str) -> Finding {
        let TypeKind::Struct(it) = &def.kind else { return NOTHING };
        let is_argument = it.fields.iter().any(|field| field.wire == wire && field.is_argument());
        if change.impact != Impact::Breaking || !(is_argument || change.rule.ends_with("-required")) {
            return NOTHING;
        }
        let spellings = self.usage.spellings(&def.name).into_iter();
        let file = spellings.map(|it| (it.to_owned(), "new".to_owned())).find_map(|it| self.usage.members.get(&it));
        file.map_or(NOTHING, |file| (Touch::Yes, format!("`{}::new()` is called in {file}", def.name)))
    }

    /// Whether a message of a webhook is named.
    fn message(&self, incoming: &Incoming, wire: &str) -> Finding {
        let name = incoming.messages.iter().find(|message| message.wire == wire).map(|message| message.name.as_str());
        let name = name.unwrap_or(incoming.name.as_str());
        let mut spellings = self.usage.spellings(&incoming.name).into_iter();
        match spellings.find_map(|it| self.usage.members.get(&(it.to_owned(), name.to_owned()))) {
            Some(file) => (Touch::Yes, format!("`{name}` of `{}` is named in {file}", incoming.name)),
            None => self.either(&[name, wire]),
        }
    }

    /// Whether a field or variant is named, by its name on the wire.
    fn member(&self, def: &TypeDef, wire: &str, called: &Finding) -> Finding {
        let Some((_, name)) = members(def).into_iter().find(|(other, _)| *other == wire) else { return NOTHING };
        let usage = self.usage;
        let mut spellings = usage.spellings(&def.name).into_iter();
        if let Some(file) = spellings.find_map(|it| usage.members.get(&(it.to_owned(), name.to_owned()))) {
            return (Touch::Yes, format!("`{}` of `{}` is named in {file}", name, def.name));
        }
        if let Some(file) = usage.fields.get(name).or_else(|| usage.methods.get(name)) {
            let known = called.0 == Touch::Yes || self.named(&def.name).0 == Touch::Yes;
            let only = self.fields.get(name).is_none_or(|types| types.len() == 1) && !usage.own.contains(name);
            let (touch, may) = if known && only { (Touch::Yes, "is") } else { (Touch::Maybe, "may be") };
            return (touch, format!("a `.{name}` in {file} {may} that of `{}`", def.name));
        }
        let file = usage.words.get(name).or_else(|| usage.words.get(wire)).or_else(|| usage.names.get(name));
        let file = file.map(String::as_str).or_else(|| self.loose.get(name).copied());
        file.map_or(NOTHING, |file| (Touch::Maybe, format!("a `{name}` in {file} may be that of `{}`", def.name)))
    }
}

/// The most certain of several findings.
fn best(findings: impl IntoIterator<Item = Finding>) -> Finding {
    findings.into_iter().min_by_key(|(touch, _)| *touch).unwrap_or(NOTHING)
}

/// A name without `r#`.
fn plain(name: &str) -> &str {
    name.trim_start_matches("r#")
}

/// The fields or variants of a type: the name on the wire, and in Rust.
fn members(def: &TypeDef) -> Vec<(&str, &str)> {
    match &def.kind {
        TypeKind::Struct(it) => it.fields.iter().map(|field| (field.wire.as_str(), plain(&field.name))).collect(),
        TypeKind::Enum(it) => it.values.iter().map(|value| (value.wire.as_str(), plain(&value.name))).collect(),
        TypeKind::Union(it) => {
            it.variants.iter().map(|variant| (variant.name.as_str(), plain(&variant.name))).collect()
        }
        TypeKind::Tuple(_) | TypeKind::Wrapper(_) | TypeKind::Alias(_) => Vec::new(),
    }
}

const TOUCHES: [Touch; 3] = [Touch::Yes, Touch::Maybe, Touch::No];

/// The listed changes of a kind; changes of descriptions only on request.
fn of<'t, 'c>(touched: &'t [Touched<'c>], touch: Touch, documentation: bool) -> Vec<&'t Touched<'c>> {
    let listed = |it: &&Touched<'_>| it.touch == touch && (documentation || it.change.impact != Impact::Documentation);
    touched.iter().filter(listed).collect()
}

/// The counts of changes that are touched, may be touched, and are not touched.
fn summary(touched: &[Touched<'_>], usage: &Usage, documentation: bool) -> String {
    let counts = TOUCHES.map(|touch| {
        let of = of(touched, touch, documentation);
        let breaking = of.iter().filter(|it| it.change.impact == Impact::Breaking).count();
        format!("{} {} ({breaking} breaking)", of.len(), touch.shown())
    });
    let files = if usage.files == 1 { "1 file".to_owned() } else { format!("{} files", usage.files) };
    format!("{}, by the syntax of {files}", counts.join(", "))
}

/// The files that were not parsed.
fn unread(usage: &Usage) -> impl Iterator<Item = String> {
    usage.unread.iter().map(|file| format!("{file} was not parsed: its names may belong to anything"))
}

/// The changes as lines: those that touch the crate, then those that may.
#[must_use]
pub fn text(touched: &[Touched<'_>], usage: &Usage, documentation: bool) -> String {
    let mut text = format!("{}\n", summary(touched, usage, documentation));
    unread(usage).for_each(|line| text.push_str(&format!("{line}\n")));
    for touch in [Touch::Yes, Touch::Maybe] {
        let of = of(touched, touch, documentation);
        if of.is_empty() {
            continue;
        }
        text.push_str(&format!("{}:\n", touch.shown()));
        for Touched { change, why, .. } in of {
            text.push_str(&format!("  {change} [{}]\n    {why}\n", change.rule));
        }
    }
    text
}

/// The changes for a pull request.
#[must_use]
pub fn markdown(touched: &[Touched<'_>], usage: &Usage, documentation: bool) -> String {
    let mut text = format!("{}\n", summary(touched, usage, documentation));
    unread(usage).for_each(|line| text.push_str(&format!("\n{line}\n")));
    for (touch, title) in [(Touch::Yes, "Touched"), (Touch::Maybe, "May be touched")] {
        let of = of(touched, touch, documentation);
        if of.is_empty() {
            continue;
        }
        text.push_str(&format!("\n### {title}\n\n"));
        for Touched { change, why, .. } in of {
            text.push_str(&format!("- {}: {} ({}): {why}\n", change.impact, change.what, change.rule));
        }
    }
    text
}

/// All changes as one object, each with `touch` and `why`.
#[must_use]
pub fn json(touched: &[Touched<'_>], usage: &Usage) -> serde_json::Value {
    let counts: serde_json::Map<String, serde_json::Value> =
        TOUCHES.iter().map(|touch| (touch.shown().to_owned(), of(touched, *touch, true).len().into())).collect();
    let changes = touched.iter().map(|Touched { change, touch, why }| {
        let mut value = serde_json::json!(change);
        value["touch"] = touch.shown().into();
        value["why"] = why.as_str().into();
        value
    });
    serde_json::json!({"counts": counts, "changes": changes.collect::<Vec<_>>(), "unread": usage.unread})
}
