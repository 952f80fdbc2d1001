//! Stable names: a generated name does not change when the document gets new things.
//!
//! A name belongs to a place in the document. A place that is in the lock keeps its name. A new place gets the name
//! that it would have without a lock, or a longer name if the lock uses that name for another place.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use super::circles::for_each_type;
use super::model::{
    Api, BodyContent, Case, Content, Field, Incoming, Operation, Param, PartHolds, Payload, Received, Type, TypeDef,
    TypeKind,
};
use super::names;
use crate::diagnostic::{Diagnostic, Error};
use crate::document::Pointer;
use crate::note::{Kind, Notes};

/// The Rust names of the things in a document. Save them beside the document: see
/// [`Generator::names`](crate::Generator::names).
///
/// The text has one line for each name: the kind of thing, its place, and its name.
///
/// ```
/// use connectors_codegen::{Generator, Names, Node};
///
/// # fn main() -> Result<(), connectors_codegen::Error> {
/// let pets = |schemas: &str| Node::parse("pets.yaml", &format!("
/// openapi: 3.1.0
/// info: {{title: Pets, version: '1'}}
/// paths: {{}}
/// components: {{schemas: {{v1.shop.Pet: {{type: object}}{schemas}}}}}
/// "));
/// let first = Generator::new(pets("")?).generate()?;
/// assert_eq!(first.types[0].name, "Pet");
/// let kept = Names::parse("names.lock", &first.names.to_string())?;
///
/// // Alone, both would be named after their packages.
/// let second = Generator::new(pets(", v1.zoo.Pet: {type: object}")?).names(kept).generate()?;
/// assert_eq!((second.types[0].name.as_str(), second.types[1].name.as_str()), ("Pet", "ZooPet"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<(What, Vec<String>), String>);

/// The kind of thing that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// Its key is the place of its schema.
    Type,
    Field,
    /// A value of an enum, a variant of a union, a webhook.
    Variant,
    /// Its key is its `operationId`.
    Operation,
    Group,
    Parameter,
    Server,
    Scheme,
}

const WHATS: [(What, &str); 8] = [
    (What::Type, "type"),
    (What::Field, "field"),
    (What::Variant, "variant"),
    (What::Operation, "operation"),
    (What::Group, "group"),
    (What::Parameter, "parameter"),
    (What::Server, "server"),
    (What::Scheme, "scheme"),
];

/// The key of the variant for all other values of an enum or a union, and of the field for all other keys of a struct.
const OTHERS: &str = "*";

/// The key of a value or a property. It is never [`OTHERS`], which a document may have as a value.
fn member_key(wire: &str) -> String {
    let backslash = if wire.trim_start_matches('\\') == OTHERS { "\\" } else { "" };
    format!("{backslash}{wire}")
}

impl Names {
    /// Reads the text that `Display` writes. Lines that begin with `#` are comments.
    ///
    /// # Errors
    /// A line is not one that `Display` writes.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let mut names = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let read = || {
                let (place, name) = line.rsplit_once(" = ")?;
                let (what, keys) = place.split_once(' ')?;
                let what = WHATS.iter().find(|(_, word)| *word == what)?.0;
                let keys = serde_json::Deserializer::from_str(keys).into_iter::<String>();
                let keys: Vec<String> = keys.collect::<Result<_, _>>().ok()?;
                let is_name = syn::parse_str::<syn::Ident>(name).is_ok();
                (is_name && !keys.is_empty()).then(|| ((what, keys), name.to_owned()))
            };
            let (key, name) = read().ok_or_else(|| {
                Diagnostic::new(format!("{file}:{}: `{line}` is not a line of a lock of names", index + 1))
                    .help("restore the file, or delete it: it is then written again")
            })?;
            names.insert(key, name);
        }
        Ok(Self(names))
    }

    /// Whether it has no names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the names of another lock that are not in this one.
    #[cfg(feature = "commands")]
    pub(crate) fn keep(&mut self, other: &Self) {
        for ((what, keys), name) in &other.0 {
            // A method that no longer has a group does not get its old group again.
            let left = *what == What::Group && self.0.contains_key(&(What::Operation, keys.clone()));
            if !left {
                self.0.entry((*what, keys.clone())).or_insert_with(|| name.clone());
            }
        }
    }

    fn get(&self, what: What, key: &[&str]) -> Option<&str> {
        let key = (what, key.iter().map(|part| (*part).to_owned()).collect());
        self.0.get(&key).map(String::as_str)
    }

    /// Records the name of a thing. Of several things with the same key, such as two servers with one URL, the first
    /// one has the name; each other gets its name as if there were no lock, which is always the same.
    fn set(&mut self, what: What, key: &[&str], name: &str) {
        let key = (what, key.iter().map(|part| (*part).to_owned()).collect());
        self.0.entry(key).or_insert_with(|| name.to_owned());
    }

    /// Chooses the names of the things in one scope. A name comes from the document's hint, else from the lock, else it
    /// is the thing's own name. An own name that is in use gets a suffix.
    fn settle(&self, what: What, scope: &str, things: &[Thing], suffix: &str, mut taken: Taken) -> Vec<String> {
        let fixed = |thing: &Thing| match thing.given {
            true => Some(thing.own.clone()),
            false => self.get(what, &scoped(scope, &thing.key)).map(str::to_owned),
        };
        let fixed: Vec<Option<String>> = things.iter().map(fixed).collect();
        // Two hints in the document may set the same name.
        let kept: Vec<bool> =
            fixed.iter().map(|name| name.as_deref().is_some_and(|name| taken.insert(what, name))).collect();
        let settled = things.iter().zip(fixed).zip(kept).map(|((thing, fixed), kept)| match fixed {
            Some(name) if kept => name,
            _ => {
                let mut name = thing.own.clone();
                while !taken.insert(what, &name) {
                    name = format!("{}{suffix}", plain(&name));
                }
                name
            }
        });
        settled.collect()
    }

    /// Calls [`Names::settle`] and records the names that it returns.
    fn settle_into(&self, what: What, scope: &str, things: &[Thing], suffix: &str, found: &mut Self) -> Vec<String> {
        let settled = self.settle(what, scope, things, suffix, Taken::default());
        for (thing, name) in things.iter().zip(&settled) {
            found.set(what, &scoped(scope, &thing.key), name);
        }
        settled
    }
}

/// The names in a scope that are in use, without the `_` that turns a keyword into an identifier.
#[derive(Default)]
struct Taken {
    names: BTreeSet<String>,
    /// The types of the methods' requests, which may be equal although the names of the methods differ.
    requests: BTreeSet<String>,
}

impl Taken {
    /// Adds a name, unless it is in use.
    fn insert(&mut self, what: What, name: &str) -> bool {
        let request = (what == What::Operation).then(|| names::request(name));
        if self.names.contains(&plain(name)) || request.as_ref().is_some_and(|it| self.requests.contains(it)) {
            return false;
        }
        self.names.insert(plain(name));
        self.requests.extend(request);
        true
    }
}

/// Something with a name.
struct Thing {
    /// The place in the document.
    key: String,
    /// The name without a lock.
    own: String,
    /// Whether the document itself sets that name.
    given: bool,
}

impl Thing {
    fn new(key: impl Into<String>, own: &str) -> Self {
        Self { key: key.into(), own: own.to_owned(), given: false }
    }

    fn given(mut self, given: bool) -> Self {
        self.given = given;
        self
    }
}

fn scoped<'a>(scope: &'a str, key: &'a str) -> Vec<&'a str> {
    if scope.is_empty() { vec![key] } else { vec![scope, key] }
}

/// A name without the `_` that turns a keyword into an identifier.
fn plain(name: &str) -> String {
    let trimmed = name.trim_end_matches('_');
    if trimmed.is_empty() { name.to_owned() } else { trimmed.to_owned() }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((what, keys), name) in &self.0 {
            let word = WHATS.iter().find(|(known, _)| known == what).map_or("", |(_, word)| word);
            f.write_str(word)?;
            for key in keys {
                write!(f, " {}", serde_json::Value::from(key.as_str()))?;
            }
            writeln!(f, " = {name}")?;
        }
        Ok(())
    }
}

/// The keys of types: the place of the schema of each, and the view. A schema that several `allOf` combine with other
/// schemas may have several types: each but the first has a number too.
fn type_keys(types: &[TypeDef]) -> Vec<String> {
    let mut count: HashMap<String, usize> = HashMap::new();
    let key = |def: &TypeDef| {
        let view = if def.written { " (written)" } else { "" };
        let key = format!("{}{view}", def.pointer);
        let many = count.entry(key.clone()).or_default();
        *many += 1;
        if *many == 1 { key } else { format!("{key} ({many})") }
    };
    types.iter().map(key).collect()
}

/// The keys of operations: the `operationId` of each, or its method and path if it has no unique `operationId`.
fn operation_keys(operations: &[Operation]) -> Vec<String> {
    let mut count: HashMap<&str, usize> = HashMap::new();
    let ids: Vec<Option<&str>> = operations.iter().map(|operation| operation.own_id.as_deref()).collect();
    ids.iter().flatten().for_each(|id| *count.entry(*id).or_default() += 1);
    let key = |(operation, id): (&Operation, &Option<&str>)| match id {
        Some(id) if count.get(*id) == Some(&1) => (*id).to_owned(),
        _ => format!("{} {}", operation.method, operation.path),
    };
    operations.iter().zip(&ids).map(key).collect()
}

/// The key of a variant. It identifies the variant's type, and does not change when that type is renamed.
fn variant_key(ty: &Type, keys: &HashMap<String, String>) -> String {
    match ty {
        Type::Named(name) => keys.get(name).cloned().unwrap_or_else(|| name.clone()),
        Type::Array(item) => format!("[{}]", variant_key(item, keys)),
        Type::Map(value) => format!("{{{}}}", variant_key(value, keys)),
        Type::Nullable(inner) => format!("{}?", variant_key(inner, keys)),
        Type::JsonText(inner) => format!("\"{}\"", variant_key(inner, keys)),
        Type::Link(inner) => variant_key(inner, keys),
        plain => format!("{plain:?}"),
    }
}

/// Renames everything in an API to its name in the lock. Returns the resulting names.
pub(super) fn lock(api: &mut Api, names: &Names, notes: &mut Notes) -> Names {
    let mut found = Names::default();
    let keys = types(api, names, notes, &mut found);
    members(api, &keys, names, &mut found);
    operations(api, names, &mut found);
    let urls: Vec<Thing> = api.servers.iter().map(|it| Thing::new(&it.url, &it.name)).collect();
    let settled = names.settle_into(What::Server, "", &urls, "Other", &mut found);
    api.servers.iter_mut().zip(settled).for_each(|(server, name)| server.name = name);
    let wires: Vec<Thing> = api.schemes.iter().map(|it| Thing::new(&it.wire, &it.name)).collect();
    let settled = names.settle_into(What::Scheme, "", &wires, "_scheme", &mut found);
    api.schemes.iter_mut().zip(settled).for_each(|(scheme, name)| scheme.name = name);
    found
}

/// Names types. Returns their keys by their new names.
fn types(api: &mut Api, names: &Names, notes: &mut Notes, found: &mut Names) -> HashMap<String, String> {
    let thing = |(def, key): (&TypeDef, String)| Thing::new(key, &def.name).given(def.given);
    let things: Vec<Thing> = api.types.iter().zip(type_keys(&api.types)).map(thing).collect();
    let settled = names.settle_into(What::Type, "", &things, "Type", found);
    let keys = settled.iter().cloned().zip(things.iter().map(|thing| thing.key.clone())).collect();
    let renamed: HashMap<String, String> =
        things.into_iter().map(|thing| thing.own).zip(settled).filter(|(own, name)| own != name).collect();
    if renamed.is_empty() {
        return keys;
    }
    // The notes about the names before the lock was applied no longer apply.
    let places: HashSet<Pointer> =
        api.types.iter().filter(|def| renamed.contains_key(&def.name)).map(|def| def.pointer.clone()).collect();
    notes.forget(Kind::Rename, &places);
    let call = |name: &mut String| {
        if let Some(other) = renamed.get(name.as_str()) {
            name.clone_from(other);
        }
    };
    for def in &mut api.types {
        // A variant that has the name of its type is renamed with the type.
        if let TypeKind::Union(union) = &mut def.kind {
            for variant in &mut union.variants {
                if variant.ty.innermost() == Some(variant.name.as_str()) {
                    call(&mut variant.name);
                }
            }
        }
        call(&mut def.name);
        for_each_type(&mut def.kind, &mut |ty| rename(ty, &renamed));
    }
    api.types.sort_by(|a, b| a.name.cmp(&b.name));
    for operation in &mut api.operations {
        for_each_used(operation, &mut |ty| rename(ty, &renamed));
    }
    api.headers.iter_mut().for_each(|header| rename(&mut header.ty, &renamed));
    api.webhooks.iter_mut().for_each(|it| for_each_received(it, &mut |ty| rename(ty, &renamed)));
    keys
}

fn rename(ty: &mut Type, renamed: &HashMap<String, String>) {
    match ty {
        Type::Named(name) => {
            if let Some(other) = renamed.get(name.as_str()) {
                name.clone_from(other);
            }
        }
        Type::Array(inner) | Type::Map(inner) | Type::Nullable(inner) => rename(inner, renamed),
        Type::Link(inner) | Type::JsonText(inner) => rename(inner, renamed),
        _ => {}
    }
}

/// Visits every type that an operation uses.
fn for_each_used(operation: &mut Operation, visit: &mut impl FnMut(&mut Type)) {
    for param in &mut operation.params {
        visit(&mut param.ty);
        param.kind.iter_mut().for_each(|(_, ty)| visit(ty));
    }
    if let Some(body) = &mut operation.body {
        for_each_sent(&mut body.content, visit);
        body.others.iter_mut().for_each(|(_, content)| for_each_sent(content, visit));
    }
    let mut cases = |cases: &mut Vec<Case>| {
        for case in cases {
            match &mut case.content {
                Content::Json(ty) => visit(ty),
                Content::Nothing | Content::Bytes => {}
            }
        }
    };
    cases(&mut operation.errors);
    match &mut operation.success {
        Payload::Json(ty) => visit(ty),
        Payload::ByStatus(by_status) => cases(by_status),
        Payload::Empty | Payload::Stream => {}
    }
    operation.readings.iter_mut().for_each(|reading| visit(&mut reading.ty));
    operation.streams.iter_mut().filter_map(|stream| stream.item.as_mut()).for_each(&mut *visit);
    operation.callbacks.iter_mut().for_each(|it| for_each_received(it, visit));
}

/// Visits every type that a body uses.
fn for_each_sent(content: &mut BodyContent, visit: &mut impl FnMut(&mut Type)) {
    match content {
        BodyContent::Json(ty, _) | BodyContent::Form(ty, _) => visit(ty),
        BodyContent::Multipart(_, form) => {
            for part in form.iter_mut().flat_map(|form| &mut form.parts) {
                match &mut part.holds {
                    PartHolds::Value(ty)
                    | PartHolds::Typed(ty, _)
                    | PartHolds::Styled(ty, _)
                    | PartHolds::Each(ty, _) => visit(ty),
                    PartHolds::File { .. } => {}
                }
            }
        }
        BodyContent::Raw(_) => {}
    }
}

fn for_each_received(it: &mut Incoming, visit: &mut impl FnMut(&mut Type)) {
    for message in &mut it.messages {
        match &mut message.body {
            Received::Json(ty) => visit(ty),
            Received::Nothing | Received::Bytes => {}
        }
    }
}

/// Names fields, values and variants. `keys` are the keys of types by name.
fn members(api: &mut Api, keys: &HashMap<String, String>, names: &Names, found: &mut Names) {
    for def in &mut api.types {
        let Some(scope) = keys.get(&def.name) else { continue };
        match &mut def.kind {
            TypeKind::Struct(it) => {
                // A field whose name equals its wire name is never renamed.
                let thing = |it: &Field| Thing::new(member_key(&it.wire), &it.name).given(it.name == it.wire);
                let things: Vec<Thing> = it.fields.iter().map(thing).collect();
                let settled = names.settle(What::Field, scope, &things, "_field", Taken::default());
                for (field, name) in it.fields.iter_mut().zip(settled) {
                    if name != field.wire {
                        found.set(What::Field, &[scope, &member_key(&field.wire)], &name);
                    }
                    field.name = name;
                }
                if let Some((extra, _)) = &mut it.extra {
                    if let Some(name) = names.get(What::Field, &[scope, OTHERS]) {
                        name.clone_into(extra);
                    }
                    while it.fields.iter().any(|field| field.name == *extra) {
                        extra.push('_');
                    }
                    if extra != "extra" {
                        found.set(What::Field, &[scope, OTHERS], extra);
                    }
                }
            }
            TypeKind::Enum(it) => {
                let things = it.values.iter().map(|it| Thing::new(member_key(&it.wire), &it.name));
                let (values, unknown) = variants(names, scope, things, &it.unknown, found);
                it.values.iter_mut().zip(values).for_each(|(value, name)| value.name = name);
                it.unknown = unknown;
            }
            TypeKind::Union(it) => {
                let things = it.variants.iter().map(|it| Thing::new(variant_key(&it.ty, keys), &it.name));
                let (labels, unknown) = variants(names, scope, things, &it.unknown, found);
                it.variants.iter_mut().zip(labels).for_each(|(variant, name)| variant.name = name);
                it.unknown = unknown;
            }
            TypeKind::Tuple(_) | TypeKind::Wrapper(_) | TypeKind::Alias(_) => {}
        }
    }
    if let Some(webhooks) = &mut api.webhooks {
        messages(webhooks, "webhooks", names, found);
    }
}

/// The names of variants, and the name of the variant for all other values.
fn variants(
    names: &Names,
    scope: &str,
    things: impl Iterator<Item = Thing>,
    unknown: &str,
    found: &mut Names,
) -> (Vec<String>, String) {
    let things: Vec<Thing> = things.chain([Thing::new(OTHERS, unknown)]).collect();
    let mut settled = names.settle_into(What::Variant, scope, &things, "Value", found);
    let unknown = settled.pop().unwrap_or_else(|| unknown.to_owned());
    (settled, unknown)
}

fn messages(it: &mut Incoming, scope: &str, names: &Names, found: &mut Names) {
    let things = it.messages.iter().map(|message| Thing::new(member_key(&message.wire), &message.name));
    let (labels, unknown) = variants(names, scope, things, &it.unknown, found);
    it.messages.iter_mut().zip(labels).for_each(|(message, name)| message.name = name);
    it.unknown = unknown;
}

/// Names groups, methods, parameters and callbacks.
fn operations(api: &mut Api, names: &Names, found: &mut Names) {
    let keys = operation_keys(&api.operations);
    for (operation, key) in api.operations.iter_mut().zip(&keys) {
        let group = names.get(What::Group, &[key]);
        // An operation that is in the lock without a group gets no group.
        let is_known = group.is_some() || names.get(What::Operation, &[key]).is_some();
        if is_known && !operation.group_given {
            operation.group = group.map(str::to_owned);
        }
    }
    // The requests without a group use these modules.
    let alone = api.operations.iter().any(|operation| operation.group.is_none());
    for (operation, key) in api.operations.iter_mut().zip(&keys) {
        if let Some(group) = &mut operation.group {
            if alone && matches!(group.as_str(), "raw" | "types") {
                group.push_str("_group");
            }
            found.set(What::Group, &[key], group);
        }
    }
    let groups: BTreeSet<Option<String>> = api.operations.iter().map(|operation| operation.group.clone()).collect();
    for group in &groups {
        let of_group: Vec<usize> = (0..keys.len()).filter(|index| api.operations[*index].group == *group).collect();
        let thing = |index: &usize| {
            let operation = &api.operations[*index];
            Thing::new(&keys[*index], &operation.name).given(operation.name_given)
        };
        let mut taken = Taken::default();
        // The methods of the client itself and the accessors of groups must have different names. A word without cases
        // is the name of a module and of a request.
        if group.is_none() {
            let accessors = || groups.iter().flatten();
            taken.names.extend(accessors().map(|group| plain(group)));
            taken.requests.extend(accessors().cloned());
        }
        // A new operation does not get the name of a method that follows from the name of a known operation.
        let known = |index: &usize| names.get(What::Operation, &[&keys[*index]]);
        let kept: BTreeSet<&str> = of_group.iter().filter_map(known).collect();
        for index in &of_group {
            let Some(name) = known(index) else { continue };
            for (suffix, _) in api.operations[*index].body.iter().flat_map(|body| &body.others) {
                let derived = names::for_media(name, suffix);
                if !kept.contains(derived.as_str()) {
                    taken.names.insert(derived);
                }
            }
        }
        let things: Vec<Thing> = of_group.iter().map(thing).collect();
        let settled = names.settle(What::Operation, "", &things, "_again", taken);
        for (index, name) in of_group.into_iter().zip(settled) {
            found.set(What::Operation, &[&keys[index]], &name);
            api.operations[index].name = name;
        }
    }
    let mut callbacks = Vec::new();
    for (index, (operation, key)) in api.operations.iter_mut().zip(&keys).enumerate() {
        let thing = |param: &Param| Thing::new(format!("{:?} {}", param.place, param.wire), &param.name);
        let things: Vec<Thing> = operation.params.iter().map(thing).collect();
        let settled = names.settle_into(What::Parameter, key, &things, "_value", found);
        operation.params.iter_mut().zip(settled).for_each(|(param, name)| param.name = name);
        if let Some(it) = &mut operation.callbacks {
            messages(it, &format!("callbacks of {key}"), names, found);
            callbacks.push((index, Thing::new(format!("callbacks of {key}"), &it.name)));
        }
    }
    let (indexes, things): (Vec<usize>, Vec<Thing>) = callbacks.into_iter().unzip();
    let settled = names.settle_into(What::Type, "", &things, "Again", found);
    for (index, name) in indexes.into_iter().zip(settled) {
        if let Some(it) = &mut api.operations[index].callbacks {
            it.name = name;
        }
    }
}
