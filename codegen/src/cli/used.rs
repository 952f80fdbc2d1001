//! Finds the changes that touch a crate: it compares the changes of two clients with the names in the crate's sources.

use std::collections::{BTreeMap, BTreeSet};

use crate::Client;
use crate::api;
use crate::diff::{Change, Impact};
use crate::document::Pointer;
use crate::shape::model::{Operation, TypeDef, TypeKind};

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
            Self::No => "not used",
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
    /// The types with a field of a name.
    fields: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Judge<'a> {
    fn new(old: &'a Client, usage: &'a Usage) -> Self {
        let mut judge =
            Self { old, usage, operations: BTreeMap::new(), methods: BTreeMap::new(), fields: BTreeMap::new() };
        for operation in &old.api.operations {
            judge.operations.insert(format!("{} {}", operation.method, operation.path), operation);
            judge.operations.insert(operation.id.clone(), operation);
            *judge.methods.entry(plain(&operation.name)).or_default() += 1;
        }
        for ty in &old.api.types {
            for (_, name) in members(ty) {
                judge.fields.entry(name).or_default().insert(ty.name.as_str());
            }
        }
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
        if change.places.is_empty() {
            return called;
        }
        best(change.places.iter().map(|place| self.place(change, place, &called)))
    }

    /// Whether an operation's method is called.
    fn operation(&self, operation: &Operation) -> Finding {
        let (usage, name) = (self.usage, plain(&operation.name));
        let shown = api::operation_name(operation);
        if let Some(group) = &operation.group
            && let Some(file) = usage.chains.get(&(plain(group).to_owned(), name.to_owned()))
        {
            return (Touch::Yes, format!("`{}().{name}()` is called in {file}", plain(group)));
        }
        if let Some(file) = usage.methods.get(name) {
            let alone = operation.group.is_none()
                && self.methods.get(name).is_none_or(|count| *count == 1)
                && !usage.own.contains(name);
            let what = if alone { "is called" } else { "may be what is called" };
            return (if alone { Touch::Yes } else { Touch::Maybe }, format!("`{shown}` {what} in {file}"));
        }
        let words = [name, operation.id.as_str()].into_iter().find_map(|word| Some((word, usage.words.get(word)?)));
        words.map_or(NOTHING, |(word, file)| (Touch::Maybe, format!("`{word}` is in a macro or a text in {file}")))
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
                let named = best(types.map(|def| self.named(&def.name)));
                if change.rule == "type-renamed" { named } else { best([named, called.clone()]) }
            }
            Some(wire) => {
                let found = best(types.map(|def| self.member(def, wire, called)));
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
            return called.clone();
        }
        best(setters.into_iter().map(|(method, setter)| {
            if let Some(file) = self.usage.chains.get(&(method.to_owned(), setter.to_owned())) {
                return (Touch::Yes, format!("`{method}().{setter}()` is called in {file}"));
            }
            let file = self.usage.methods.get(setter).or_else(|| self.usage.words.get(setter));
            match file {
                Some(file) if called.0 != Touch::No => {
                    (Touch::Maybe, format!("{}, and a `{setter}` in {file}", called.1))
                }
                _ => NOTHING,
            }
        }))
    }

    /// Whether a type is named.
    fn named(&self, name: &str) -> Finding {
        if let Some(file) = self.usage.names.get(name) {
            let own = self.usage.own.contains(name);
            let of = if own { "is named, and also defined," } else { "is named" };
            return (if own { Touch::Maybe } else { Touch::Yes }, format!("`{name}` {of} in {file}"));
        }
        let file = self.usage.words.get(name);
        file.map_or(NOTHING, |file| (Touch::Maybe, format!("`{name}` is in a macro or a text in {file}")))
    }

    /// Whether a field or variant is named, by its name on the wire.
    fn member(&self, def: &TypeDef, wire: &str, called: &Finding) -> Finding {
        let Some((_, name)) = members(def).into_iter().find(|(other, _)| *other == wire) else { return NOTHING };
        let usage = self.usage;
        if let Some(file) = usage.members.get(&(def.name.clone(), name.to_owned())) {
            return (Touch::Yes, format!("`{}` of `{}` is named in {file}", name, def.name));
        }
        if let Some(file) = usage.fields.get(name).or_else(|| usage.methods.get(name)) {
            let known = called.0 == Touch::Yes || self.named(&def.name).0 == Touch::Yes;
            let only = self.fields.get(name).is_none_or(|types| types.len() == 1) && !usage.own.contains(name);
            let (touch, may) = if known && only { (Touch::Yes, "is") } else { (Touch::Maybe, "may be") };
            return (touch, format!("a `.{name}` in {file} {may} that of `{}`", def.name));
        }
        let file = usage.words.get(name).or_else(|| usage.words.get(wire)).or_else(|| usage.names.get(name));
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

/// The counts of changes that are touched, may be touched, and are not used.
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
