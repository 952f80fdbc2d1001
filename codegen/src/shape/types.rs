//! Schemas to Rust types, each with the views its use asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, Object};
use serde_json::Number;

use crate::note::{Kind, Notes, Stage};

use super::all_of::flatten;
use super::model::{Constant, Enum, EnumValue, Field, Item, Struct, Tuple, Type, TypeDef, TypeKind, Union, Variant};
use super::unions::{Told, only_value};
use super::{names, nullable};
use crate::grammar::{component_name, resolve, schema_references};

/// Which side of the wire a type is for: it decides whether `readOnly` or `writeOnly` properties are part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum View {
    /// What a response holds.
    Read,
    /// What a request holds.
    Write,
}

pub(super) struct Types<'a> {
    pub(super) notes: &'a mut Notes,
    pub(super) schemas: Map,
    /// Component to Rust name.
    names: BTreeMap<String, String>,
    /// Components that allow null.
    nullables: BTreeSet<String>,
    /// Names of components' types.
    given: BTreeSet<String>,
    /// Every name in use.
    taken: BTreeSet<String>,
    defs: BTreeMap<String, TypeDef>,
    queue: VecDeque<(String, View)>,
    queued: BTreeSet<(String, View)>,
    /// Components with two views.
    twins: BTreeSet<String>,
    /// Components only requests reach.
    write_only: BTreeSet<String>,
    /// Inline schemas that share a name given by `x-rust-name`.
    shared: BTreeMap<(String, View), (Node, String)>,
    /// Inline schemas by the place they were read at: what one component takes over from another is one type.
    inline: HashMap<(Identity, View), (Node, String)>,
    /// What an inline schema's type is named after: the component it stands in, whoever uses it first.
    origins: HashMap<Identity, String>,
    /// Flattened schemas whose types are being made, with their names.
    open: Vec<(Node, View, String)>,
    /// Components that requests reach.
    sent: BTreeSet<String>,
    /// Whether the component that is being made is one of them.
    sending: Option<bool>,
    /// Whether null means the same as absent, to all of the service.
    null_is_absent: bool,
}

impl<'a> Types<'a> {
    pub(super) fn new(document: &'a Node, notes: &'a mut Notes) -> Self {
        let schemas = document
            .get("components")
            .and_then(|it| it.get("schemas"))
            .and_then(Node::as_object)
            .cloned()
            .unwrap_or_default();
        let names = names::components(&schemas);
        let (requests, responses) = reach(document, &schemas);
        let differing = differing(&schemas);
        let twins: BTreeSet<String> =
            requests.intersection(&responses).filter(|name| differing.contains(*name)).cloned().collect();
        let write_only = requests.difference(&responses).cloned().collect();
        let mut taken: BTreeSet<String> = names.values().cloned().collect();
        taken.extend(names::RESERVED.iter().map(|name| (*name).to_owned()));
        let mut types = Self {
            notes,
            nullables: nullable::components(&schemas),
            schemas,
            given: names.values().cloned().collect(),
            names,
            taken,
            defs: BTreeMap::new(),
            queue: VecDeque::new(),
            queued: BTreeSet::new(),
            twins,
            write_only,
            shared: BTreeMap::new(),
            inline: HashMap::new(),
            origins: HashMap::new(),
            open: Vec::new(),
            sent: requests,
            sending: None,
            null_is_absent: document.get("info").unwrap_or(document).is_true(NULL_IS_ABSENT),
        };
        for (component, name) in &types.names {
            let node = &types.schemas[component];
            let dotted = component.rsplit(['.', '/']).next().unwrap_or(component);
            let given = node.str("x-rust-name").or_else(|| node.str("x-speakeasy-name-override")).unwrap_or(dotted);
            if names::pascal(given) != *name {
                let at = Pointer::root().join("components").join("schemas").join(component);
                let reason = format!("called `{name}`, because another schema would have the same name");
                types
                    .notes
                    .push(Stage::Shape, Kind::Rename, &at, node, reason)
                    .advise("set `x-rust-name` in an overlay to choose");
            }
        }
        for (component, node) in &types.schemas {
            if let Some(name) = types.names.get(component) {
                origins(node, name, &mut types.origins);
            }
        }
        let all: Vec<String> = types.schemas.keys().cloned().collect();
        for name in all {
            types.enqueue(&name, View::Read);
        }
        types
    }

    /// Defines what is still waiting, and breaks circles of types that hold each other in place.
    pub(super) fn finish(mut self) -> Vec<TypeDef> {
        self.drain();
        let known: BTreeSet<String> = self.defs.keys().cloned().collect();
        for def in self.defs.values_mut() {
            for_each_type(&mut def.kind, &mut |ty| forget_unknown(ty, &known));
        }
        for (at, branch) in cut_branches(&mut self.defs) {
            let component = Pointer::split(at.as_str()).and_then(|tokens| tokens.into_iter().nth(2));
            let node = component.and_then(|it| self.schemas.get(&it)).cloned();
            let node = node.unwrap_or_else(|| Node::made(Value::Null));
            let reason = format!("the branch `{branch}` leads back to the union it is of, to which it adds nothing");
            self.note(Kind::Mend, &at, &node, reason);
        }
        break_circles(&mut self.defs);
        preset(&mut self.defs);
        self.defs.into_values().collect()
    }

    fn drain(&mut self) {
        while let Some((component, view)) = self.queue.pop_front() {
            self.define(&component, view);
        }
    }

    fn enqueue(&mut self, component: &str, view: View) {
        let view = if self.twins.contains(component) {
            view
        } else if self.write_only.contains(component) {
            View::Write
        } else {
            View::Read
        };
        if self.queued.insert((component.to_owned(), view)) {
            self.queue.push_back((component.to_owned(), view));
        }
    }

    fn rust_name(&self, component: &str, view: View) -> Option<String> {
        let name = self.names.get(component)?;
        if view == View::Write && self.twins.contains(component) {
            let mut input = format!("{name}Input");
            while self.given.contains(&input) {
                input.push_str("View");
            }
            return Some(input);
        }
        Some(name.clone())
    }

    /// The type a component schema is used as.
    fn component(&mut self, component: &str, view: View) -> Type {
        let Some(name) = self.rust_name(component, view) else { return Type::Any };
        self.taken.insert(name.clone());
        self.enqueue(component, view);
        let nullable = self.schemas.get(component).is_some_and(|schema| self.nullable(schema));
        if nullable { Type::Named(name).nullable() } else { Type::Named(name) }
    }

    /// Whether a schema allows null: by its own word, by that of the one it refers to, or by one of its branches.
    fn nullable(&self, schema: &Node) -> bool {
        nullable::allows_null(schema, &self.nullables)
    }

    fn define(&mut self, component: &str, view: View) {
        let Some(name) = self.rust_name(component, view) else { return };
        let Some(schema) = self.schemas.get(component).cloned() else { return };
        let at = Pointer::root().join("components").join("schemas").join(component);
        let place = Place { at: &at, name: &name, exact: true, view };
        let outer = self.sending.replace(self.sent.contains(component));
        let ty = self.bare(&schema, &place);
        self.sending = outer;
        if self.defs.contains_key(&name) {
            return;
        }
        let ty = match ty.inner() {
            // An alias of itself holds nothing.
            Type::Named(own) if *own == name => Type::Any,
            _ => ty.inner().clone(),
        };
        let doc = doc(&schema);
        self.defs.insert(name.clone(), TypeDef { name, doc, pointer: at, kind: TypeKind::Alias(ty) });
    }

    /// The type of a schema that an operation uses; what it is made of is named after `hint`.
    pub(super) fn type_of(&mut self, schema: &Node, at: &Pointer, hint: &str, view: View) -> Type {
        // What a program sends of its own accord, 64 bits are wide enough for.
        let sent = |ty: Type| if ty == Type::I128 { Type::I64 } else { ty };
        match self.nested(schema, at, hint, view) {
            Type::Array(item) if view == View::Write => Type::Array(Box::new(sent(*item))),
            Type::Nullable(inner) if view == View::Write => Type::Nullable(Box::new(sent(*inner))),
            ty if view == View::Write => sent(ty),
            ty => ty,
        }
    }

    /// The type of a schema that stands at a place in another one.
    fn nested(&mut self, schema: &Node, at: &Pointer, hint: &str, view: View) -> Type {
        let ty = self.bare(schema, &Place { at, name: hint, exact: false, view });
        if schema.is_true("nullable") { ty.nullable() } else { ty }
    }

    fn bare(&mut self, schema: &Node, place: &Place<'_>) -> Type {
        if let Some(target) = grammar::reference(schema).and_then(component_name) {
            return self.component(&target, place.view);
        }
        if let Some(parts) = schema.get("allOf").and_then(Node::as_array) {
            let beside = |key: &str| {
                grammar::is_annotation(key)
                    || matches!(key, "allOf" | "nullable" | "readOnly" | "writeOnly" | "default" | "xml")
            };
            let alone = schema.as_object().is_some_and(|map| map.keys().all(|key| beside(key)));
            let says_something = |part: &&Node| part.as_object().is_none_or(|map| !grammar::only_annotations(map));
            let telling: Vec<&Node> = parts.iter().filter(says_something).collect();
            if let [only] = telling.as_slice()
                && alone
            {
                let nullable = only.is_true("nullable");
                let ty = self.bare(only, place);
                return if nullable { ty.nullable() } else { ty };
            }
            let merged = flatten(schema, &self.schemas);
            // A part that refers back to where it stands would go on for ever: it is the type being made.
            if let Some((_, _, name)) = self.open.iter().find(|(open, view, _)| *open == merged && *view == place.view)
            {
                return Type::Named(name.clone());
            }
            let name = if place.exact { place.name.to_owned() } else { self.free(place.name) };
            self.open.push((merged.clone(), place.view, name.clone()));
            let ty = self.bare(&merged, &Place { name: &name, ..*place });
            self.open.pop();
            return if !place.exact && self.nullable(schema) { ty.nullable() } else { ty };
        }
        if let Some(values) = schema.get("enum").and_then(Node::as_array)
            && let Some(ty) = self.enumeration(schema, values, place)
        {
            return ty;
        }
        let branches = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Node::as_array);
        if let Some(branches) = branches {
            let branches = branches.to_vec();
            return self.union(schema, &branches, place);
        }
        match schema.str("type") {
            Some("string") => Type::String,
            Some("boolean") => Type::Bool,
            Some("integer") => integer(schema),
            Some("number") => number(schema),
            Some("array") => self.array(schema, place),
            Some("object") => self.object(schema, place),
            _ if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() => {
                self.object(schema, place)
            }
            _ if schema.get("items").is_some() => self.array(schema, place),
            _ => Type::Any,
        }
    }

    fn array(&mut self, schema: &Node, place: &Place<'_>) -> Type {
        if let Some(items) = schema.get("x-prefix-items").and_then(Node::as_array) {
            return self.tuple(schema, items, place);
        }
        let Some(items) = schema.get("items") else { return Type::Array(Box::new(Type::Any)) };
        let hint = format!("{}Item", place.name);
        Type::Array(Box::new(self.nested(items, &place.at.join("items"), &hint, place.view)))
    }

    fn tuple(&mut self, schema: &Node, prefix: &[Node], place: &Place<'_>) -> Type {
        const ORDINALS: [&str; 8] = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth"];
        let name = match self.claim(schema, place) {
            Claimed::New(name) => name,
            Claimed::Shared(name) => return Type::Named(name),
        };
        let size = |key: &str| match schema.get(key).map(|it| &it.value) {
            Some(Value::Number(number)) => number.as_u64().and_then(|it| usize::try_from(it).ok()),
            _ => None,
        };
        let (least, most) = (size("minItems").unwrap_or(0), size("maxItems"));
        let mut items = Vec::new();
        for (index, item) in prefix.iter().enumerate().take(most.unwrap_or(usize::MAX)) {
            let at = place.at.join("x-prefix-items").join(index);
            let hint = format!("{name}{}", ORDINALS.get(index).unwrap_or(&"Item"));
            let ty = self.nested(item, &at, &hint, place.view);
            let sensitive = self.is_secret(item, ty.innermost().is_none());
            items.push(Item { ty, boxed: false, sensitive });
        }
        let is_full = most.is_some_and(|most| most <= prefix.len());
        let rest = schema
            .get("x-other-items")
            .filter(|_| !is_full)
            .map(|rest| self.nested(rest, &place.at.join("x-other-items"), &format!("{name}Other"), place.view));
        let required = least.min(items.len());
        self.insert(&name, schema, place, TypeKind::Tuple(Tuple { items, required, rest }));
        Type::Named(name)
    }

    fn object(&mut self, schema: &Node, place: &Place<'_>) -> Type {
        let properties = schema.get("properties").and_then(Node::as_object);
        let additional = schema.get("additionalProperties");
        if properties.is_none_or(Map::is_empty) {
            match additional.map(|it| &it.value) {
                Some(Value::Object(_)) => {
                    let hint = format!("{}Value", place.name);
                    let value = additional.map_or(Type::Any, |it| {
                        self.nested(it, &place.at.join("additionalProperties"), &hint, place.view)
                    });
                    return Type::Map(Box::new(value));
                }
                Some(Value::Bool(true)) => return Type::Map(Box::new(Type::Any)),
                // A component without properties is a message that has none yet: a struct that can get some.
                None if !place.exact => return Type::Map(Box::new(Type::Any)),
                _ => {}
            }
        }
        self.structure(schema, place)
    }

    fn structure(&mut self, schema: &Node, place: &Place<'_>) -> Type {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Node::as_object).unwrap_or(&empty);
        let name = match self.claim(schema, place) {
            Claimed::New(name) => name,
            Claimed::Shared(name) => return Type::Named(name),
        };
        let required: BTreeSet<&str> =
            schema.get("required").and_then(Node::as_array).into_iter().flatten().filter_map(Node::as_str).collect();
        let hidden = match place.view {
            View::Read => "writeOnly",
            View::Write => "readOnly",
        };
        let visible: Vec<(&String, &Node)> =
            properties.iter().filter(|(_, property)| !self.marked(property, hidden)).collect();
        let hides = visible.len() < properties.len();
        let field_names = names::fields(visible.iter().map(|(wire, _)| wire.as_str()));
        let mut fields = Vec::new();
        for ((wire, property), field) in visible.into_iter().zip(field_names) {
            let at = place.at.join("properties").join(wire);
            let ty = self.nested(property, &at, &format!("{name}{}", names::pascal(wire)), place.view);
            let sensitive = self.is_secret(property, ty.innermost().is_none());
            let required = required.contains(wire.as_str());
            let tells = !required && matches!(ty, Type::Nullable(_) | Type::Any);
            let sent = self.sending.unwrap_or(place.view == View::Write);
            let same = self.null_is_absent || schema.is_true(NULL_IS_ABSENT) || property.is_true(NULL_IS_ABSENT);
            fields.push(Field {
                name: field,
                wire: wire.clone(),
                aliases: strings(property.get("x-aliases")),
                ty,
                required,
                boxed: false,
                sensitive,
                deprecated: property.is_true("deprecated"),
                doc: doc(property),
                only: only_value(&self.resolved(property)),
                preset: false,
                three_states: tells && sent && !same,
            });
        }
        let extra = match schema.get("additionalProperties").map(|it| &it.value) {
            // What this view hides is a key the document names all the same: if it is there, it is kept as it is.
            _ if hides => Some(Type::Any),
            // What a closed response grows tomorrow is kept all the same.
            Some(Value::Bool(false)) if place.view == View::Write => None,
            Some(Value::Object(_)) => schema
                .get("additionalProperties")
                .map(|it| self.nested(it, &place.at.join("additionalProperties"), &format!("{name}Value"), place.view)),
            _ => Some(Type::Any),
        };
        let mut extra_name = "extra".to_owned();
        while fields.iter().any(|field| field.name == extra_name) {
            extra_name.push('_');
        }
        let kind = TypeKind::Struct(Struct {
            fields,
            extra: extra.map(|ty| (extra_name, ty)),
            sensitive: schema.is_true("x-sensitive")
                || schema.get("additionalProperties").is_some_and(|rest| self.is_secret(rest, true)),
            // A view that hides a property has seen to it that there are other keys.
            closed: !hides && schema.get("additionalProperties").and_then(Node::as_bool) == Some(false),
        });
        self.insert(&name, schema, place, kind);
        Type::Named(name)
    }

    fn enumeration(&mut self, schema: &Node, values: &[Node], place: &Place<'_>) -> Option<Type> {
        let present: Vec<&Node> = values.iter().filter(|value| !value.is_null()).collect();
        let all = |test: fn(&Value) -> bool| !present.is_empty() && present.iter().all(|value| test(&value.value));
        let texts = all(|value| matches!(value, Value::String(_)));
        let integers = all(|value| matches!(value, Value::Number(number) if number.is_i64()));
        if !integers && all(|value| matches!(value, Value::Number(_))) {
            let whole = |value: &Value| matches!(value, Value::Number(number) if !number.is_f64());
            match schema.str("type") {
                None | Some("integer" | "number") if all(whole) => {
                    let reason = "an enum with an integer past 64 bits is not checked: any integer is taken";
                    self.note(Kind::Loss, place.at, schema, reason);
                    let unsigned = all(|value| matches!(value, Value::Number(number) if number.is_u64()));
                    return Some(if unsigned { Type::U64 } else { Type::Number });
                }
                None | Some("number") => {
                    let reason = "an enum of numbers with fractions is not checked: any number is taken";
                    self.note(Kind::Loss, place.at, schema, reason);
                    return Some(number(schema));
                }
                _ => {}
            }
        }
        match schema.str("type") {
            None => {}
            Some("string") if texts => {}
            Some("integer" | "number") if integers => {}
            Some("boolean") if all(|value| matches!(value, Value::Bool(_))) => return Some(Type::Bool),
            Some("number") if all(|value| matches!(value, Value::Number(_))) => return Some(number(schema)),
            Some("array" | "object") => {
                self.note(Kind::Loss, place.at, schema, "an enum of arrays or objects is not checked");
                return None;
            }
            Some(_) if present.is_empty() => return Some(Type::Any),
            Some(_) => {
                self.note(
                    Kind::Mend,
                    place.at,
                    schema,
                    "the enum's values are not of the schema's type; any value is taken",
                );
                return Some(Type::Any);
            }
        }
        if !texts && !integers {
            if all(|value| matches!(value, Value::Bool(_))) {
                return Some(Type::Bool);
            }
            if !present.is_empty() {
                self.note(Kind::Loss, place.at, schema, "an enum of values of several types is read as any value");
            }
            return Some(Type::Any);
        }
        let name = match self.claim(schema, place) {
            Claimed::New(name) => name,
            Claimed::Shared(name) => return Some(Type::Named(name)),
        };
        let (mut wires, mut seen) = (Vec::new(), BTreeSet::new());
        for value in present {
            let wire = match &value.value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            if seen.insert(wire.clone()) {
                wires.push(wire);
            }
        }
        let given = strings(schema.get("x-enum-varnames").or_else(|| schema.get("x-enumNames")));
        let given = if given.len() == values.len() { given } else { Vec::new() };
        let negative = |wire: &String| wire.replace('-', "Minus");
        let labels: Vec<String> = if texts { wires.clone() } else { wires.iter().map(negative).collect() };
        let (variants, unknown) = names::variants(&labels, &given);
        let values = variants.into_iter().zip(wires).map(|(name, wire)| EnumValue { name, wire }).collect();
        self.insert(&name, schema, place, TypeKind::Enum(Enum { values, unknown, integer: integers }));
        Some(Type::Named(name))
    }

    fn union(&mut self, schema: &Node, branches: &[Node], place: &Place<'_>) -> Type {
        if branches.is_empty() || (schema.get("oneOf").is_some() && schema.get("anyOf").is_some()) {
            self.note(Kind::Loss, place.at, schema, "two unions at once are read as any value");
            return Type::Any;
        }
        if schema.get("properties").is_some() {
            let merged = self.wide(schema, branches, place.at);
            return self.structure(&merged, place);
        }
        // Branches that only demand properties constrain a type given elsewhere.
        let constraint = |branch: &Node| {
            branch.as_object().is_some_and(|map| {
                map.keys().all(|key| key == "required" || key == "not" || grammar::is_annotation(key))
            })
        };
        if branches.iter().all(constraint) {
            let mut rest = schema.clone();
            rest.take("oneOf");
            rest.take("anyOf");
            return self.bare(&rest, place);
        }
        // An open enum already takes every string.
        let resolved: Vec<Node> = branches.iter().map(|branch| self.resolved(branch)).collect();
        let some = |kind: &str| resolved.iter().any(|branch| is_enum_of(kind, branch));
        let (some_texts, some_integers) = (some("string"), some("integer"));
        let taken_anyway = |schema: &Node| {
            schema.get("enum").is_none()
                && match schema.str("type") {
                    Some("string") => some_texts,
                    Some("integer") => some_integers && !matches!(integer(schema), Type::U64 | Type::Number),
                    _ => false,
                }
        };
        let dropped_null = resolved.iter().any(|branch| taken_anyway(branch) && branch.is_true("nullable"));
        let kept: Vec<usize> = (0..branches.len()).filter(|index| !taken_anyway(&resolved[*index])).collect();
        if let [only] = kept.as_slice() {
            let ty = self.bare(&branches[*only], place);
            let nullable = dropped_null || branches[*only].is_true("nullable");
            return if nullable && !place.exact { ty.nullable() } else { ty };
        }
        // Several sets of one kind of value are one set.
        if let Some(merged) = one_enum(schema, &kept.iter().map(|index| &resolved[*index]).collect::<Vec<_>>()) {
            let nullable = dropped_null || branches.iter().any(|branch| self.nullable(branch));
            let ty = self.bare(&merged, place);
            return if nullable && !place.exact { ty.nullable() } else { ty };
        }
        // Claimed now, so that no branch takes the name.
        let name = match self.claim(schema, place) {
            Claimed::New(name) => name,
            Claimed::Shared(name) => return Type::Named(name),
        };
        let (tag, told) = self.told_apart(schema, branches, &resolved);
        let mut variants: Vec<Variant> = Vec::new();
        for index in kept {
            let branch = &branches[index];
            let key = if schema.get("oneOf").is_some() { "oneOf" } else { "anyOf" };
            let at = place.at.join(key).join(index);
            let Told { tags, writes } = told.get(index).cloned().unwrap_or_default();
            let label = self.label(branch, &resolved[index], &tags, &variants);
            let ty = self.nested(branch, &at, &format!("{name}{label}"), place.view);
            if ty == Type::Any {
                self.note(Kind::Loss, &at, branch, "one branch of the union takes any value, so all of it does");
                self.release(schema, place, &name);
                return Type::Any;
            }
            if let Some(same) = variants.iter_mut().find(|variant| variant.ty == ty) {
                same.tags.extend(tags);
                continue;
            }
            let mut label = match (&ty, grammar::reference(branch)) {
                (Type::Named(name), Some(_)) => name.clone(),
                _ => label,
            };
            while variants.iter().any(|variant| variant.name == label) {
                label.push_str("Alternative");
            }
            let sensitive = self.is_secret(branch, ty.innermost().is_none());
            variants.push(Variant { name: label, ty, boxed: false, tags, writes, sensitive });
        }
        if variants.len() == 1
            && let Some(only) = variants.pop()
        {
            self.release(schema, place, &name);
            return only.ty;
        }
        let unknown = names::catch_all(|name| variants.iter().any(|variant| variant.name == name));
        self.insert(&name, schema, place, TypeKind::Union(Union { variants, unknown, tag }));
        Type::Named(name)
    }

    /// Properties beside a union: one object with the properties of every branch, those optional.
    fn wide(&mut self, schema: &Node, branches: &[Node], at: &Pointer) -> Node {
        let at = at.join(if schema.get("oneOf").is_some() { "oneOf" } else { "anyOf" });
        let mut wide = schema.clone();
        wide.take("oneOf");
        wide.take("anyOf");
        wide.take("discriminator");
        let mut parts: Vec<(usize, Node)> = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let mut open = vec![(self.resolved(branch), 0)];
            while let Some((part, depth)) = open.pop() {
                let of = |key: &str| part.get(key).and_then(Node::as_array).unwrap_or_default();
                let inner: Vec<&Node> = of("oneOf").iter().chain(of("anyOf")).collect();
                // A union of unions is one union.
                if depth < 8 {
                    open.extend(inner.iter().rev().map(|it| (self.resolved(it), depth + 1)));
                }
                if inner.is_empty() || part.get("properties").is_some() {
                    parts.push((index, part));
                }
            }
        }
        for (index, branch) in parts {
            for (key, property) in branch.get("properties").and_then(Node::as_object).into_iter().flatten() {
                let Some(properties) = wide.get_mut("properties").and_then(Node::as_object_mut) else { continue };
                match properties.get_mut(key) {
                    Some(existing) if existing == property => {}
                    // Two branches that differ: whatever it is, it is kept.
                    Some(existing) if existing.get("enum").is_some() && property.get("enum").is_some() => {
                        let more = property.get("enum").and_then(Node::as_array).unwrap_or_default().to_vec();
                        if let Some(values) = existing.get_mut("enum").and_then(Node::as_array_mut) {
                            let new: Vec<Node> = more.into_iter().filter(|value| !values.contains(value)).collect();
                            values.extend(new);
                        }
                        if property.is_true("nullable") {
                            existing.set("nullable", true);
                        }
                    }
                    Some(existing) => {
                        let mut any = Map::new();
                        any.extend(existing.get("description").map(|it| ("description".to_owned(), it.clone())));
                        if existing.as_object().is_some_and(|map| !map.is_empty())
                            && property.as_object().is_some_and(|map| !map.is_empty())
                        {
                            let either = vec![existing.clone(), property.clone()];
                            any.insert("anyOf".to_owned(), Node::at(either, &existing.span));
                        }
                        existing.value = any.into();
                    }
                    None => drop(properties.insert(key.clone(), property.clone())),
                }
            }
            if branch.get("properties").is_none()
                && branch.get("required").is_none()
                && branch.as_object().is_some_and(|map| !map.is_empty())
            {
                self.note(
                    Kind::Loss,
                    &at.join(index),
                    &branch,
                    "a branch beside properties that is no object is kept only in `extra`",
                );
            }
        }
        wide
    }

    /// Whether a property is `readOnly` or `writeOnly`, itself or by what it refers to.
    fn marked(&self, property: &Node, mark: &str) -> bool {
        property.is_true(mark) || marked_by_reference(property, mark, &self.schemas)
    }

    /// Whether values of a schema are secrets in themselves, or lists or maps of secrets. What is of a type of its own has
    /// a `Debug` of its own; `branches` says that a union made no type.
    fn is_secret(&self, schema: &Node, branches: bool) -> bool {
        let marked = |schema: &Node| schema.is_true("x-sensitive") || schema.str("format") == Some("password");
        let mut queue = vec![schema];
        let mut seen = BTreeSet::new();
        while let Some(schema) = queue.pop() {
            if marked(schema) {
                return true;
            }
            if let Some(name) = grammar::reference(schema).and_then(component_name) {
                let target = self.schemas.get(&name);
                if seen.insert(name) {
                    queue.extend(target);
                }
            }
            let inner = ["items", "additionalProperties", "x-other-items"];
            queue.extend(inner.into_iter().filter_map(|key| schema.get(key)));
            queue.extend(schema.get("x-prefix-items").and_then(Node::as_array).into_iter().flatten());
            let parts = ["allOf", "oneOf", "anyOf"].into_iter().filter(|key| branches || *key == "allOf");
            queue.extend(parts.filter_map(|key| schema.get(key).and_then(Node::as_array)).flatten());
        }
        false
    }

    /// A schema with references and `allOf` resolved, for looking at.
    pub(super) fn resolved(&self, schema: &Node) -> Node {
        let mut schema = schema.clone();
        for _ in 0..16 {
            let Some(target) = grammar::reference(&schema).and_then(component_name) else { break };
            match self.schemas.get(&target) {
                Some(found) => schema = found.clone(),
                None => break,
            }
        }
        if schema.get("allOf").is_some() { flatten(&schema, &self.schemas) } else { schema }
    }

    /// Whether a schema is of text or bytes, or of nothing in particular: its media type says what it is on the wire.
    pub(super) fn is_text(&self, schema: &Node) -> bool {
        let schema = self.resolved(schema);
        let parts = ["properties", "additionalProperties", "items", "oneOf", "anyOf"];
        match schema.str("type") {
            Some(name) => name == "string",
            None => parts.iter().all(|key| schema.get(key).is_none()),
        }
    }

    /// What a branch is called among its siblings.
    fn label(&self, branch: &Node, resolved: &Node, tags: &[Constant], siblings: &[Variant]) -> String {
        let given = branch.str("x-rust-name").or_else(|| branch.str("title"));
        let object = resolved.get("properties").is_some();
        let array = |schema: &Node| {
            schema.get("items").map(|items| self.resolved(items)).and_then(|items| items.str("type").map(names::pascal))
        };
        let label = match (given, tags) {
            (Some(name), _) => names::pascal(name),
            (None, [tag]) if object => names::pascal(&tag.text()),
            _ if resolved.get("enum").is_some() => "Known".to_owned(),
            _ => match resolved.str("type") {
                Some("array") => match array(resolved) {
                    Some(item) if siblings.iter().any(|it| it.name == "Array") => format!("{item}Array"),
                    _ => "Array".to_owned(),
                },
                Some(name) => names::pascal(name),
                None if object => "Object".to_owned(),
                None => "Value".to_owned(),
            },
        };
        let mut distinct = label.clone();
        if siblings.iter().any(|it| it.name == distinct) && object {
            let required =
                resolved.get("required").and_then(Node::as_array).into_iter().flatten().filter_map(Node::as_str);
            let with = required.map(|name| format!("{label}With{}", names::pascal(name)));
            distinct = with.into_iter().find(|name| siblings.iter().all(|it| it.name != *name)).unwrap_or(distinct);
        }
        while siblings.iter().any(|it| it.name == distinct) {
            distinct.push_str("Alternative");
        }
        distinct
    }

    /// A name for the type a schema makes: its own if it is a component or named by a hint, else free.
    fn claim(&mut self, schema: &Node, place: &Place<'_>) -> Claimed {
        if place.exact {
            return Claimed::New(place.name.to_owned());
        }
        let mut structure = schema.clone();
        bare_structure(&mut structure);
        let both = [View::Read, View::Write];
        let views = if self.differs(schema) { [place.view; 2] } else { both };
        let Some(given) = schema.str("x-rust-name") else {
            let identity = schema.span.identity();
            for view in views {
                if let Some((other, name)) = identity.and_then(|identity| self.inline.get(&(identity, view)))
                    && *other == structure
                {
                    return Claimed::Shared(name.clone());
                }
            }
            let origin = identity.and_then(|identity| self.origins.get(&identity));
            let name = self.free(origin.map_or(place.name, String::as_str));
            self.taken.insert(name.clone());
            if let Some(identity) = identity {
                self.inline.insert((identity, place.view), (structure, name.clone()));
            }
            return Claimed::New(name);
        };
        let key = (given.to_owned(), place.view);
        for view in views {
            if let Some((other, name)) = self.shared.get(&(given.to_owned(), view))
                && *other == structure
            {
                return Claimed::Shared(name.clone());
            }
        }
        let name = self.free(&names::pascal(given));
        self.taken.insert(name.clone());
        self.shared.insert(key, (structure, name.clone()));
        Claimed::New(name)
    }

    /// Whether a schema is another type to who reads it than to who writes it: by something below it that only one of
    /// them sees, or that is open to one of them only.
    fn differs(&self, schema: &Node) -> bool {
        let mut differs = false;
        Object::Schema.walk(schema, &Pointer::root(), &mut |_, node, _| {
            let properties = node.get("properties").and_then(Node::as_object);
            differs |= properties.into_iter().flat_map(Map::values).any(|it| {
                ["readOnly", "writeOnly"]
                    .iter()
                    .any(|mark| it.is_true(mark) || marked_by_reference(it, mark, &self.schemas))
            });
            differs |= node.get("additionalProperties").and_then(Node::as_bool) == Some(false);
            differs |= grammar::reference(node)
                .and_then(component_name)
                .is_some_and(|component| self.twins.contains(&component));
        });
        differs
    }

    /// Gives back a claimed name that no type was made for.
    fn release(&mut self, schema: &Node, place: &Place<'_>, name: &str) {
        if place.exact {
            return;
        }
        self.taken.remove(name);
        if let Some(identity) = schema.span.identity() {
            self.inline.remove(&(identity, place.view));
        }
    }

    /// The name, or the nearest one that is not in use.
    fn free(&self, name: &str) -> String {
        let name = names::pascal(name);
        if !self.taken.contains(&name) {
            return name;
        }
        let suffixes = ["Type", "Kind", "Details", "Content"];
        let other = suffixes.iter().map(|suffix| format!("{name}{suffix}")).find(|name| !self.taken.contains(name));
        other.unwrap_or_else(|| {
            let mut longer = format!("{name}Inline");
            while self.taken.contains(&longer) {
                longer.push_str("Type");
            }
            longer
        })
    }

    fn insert(&mut self, name: &str, schema: &Node, place: &Place<'_>, kind: TypeKind) {
        let doc = doc(schema);
        let def = TypeDef { name: name.to_owned(), doc, pointer: place.at.clone(), kind };
        self.defs.insert(name.to_owned(), def);
    }

    pub(super) fn note(&mut self, kind: Kind, at: &Pointer, node: &Node, reason: impl Into<String>) {
        self.notes.push(Stage::Shape, kind, at, node, reason);
    }

    /// What a type is once aliases and nullability are looked through.
    pub(super) fn alias(&mut self, ty: &Type) -> Type {
        self.drain();
        let mut ty = ty.inner().clone();
        for _ in 0..16 {
            let Type::Named(name) = &ty else { break };
            match self.defs.get(name).map(|def| &def.kind) {
                Some(TypeKind::Alias(target)) => ty = target.inner().clone(),
                _ => break,
            }
        }
        ty
    }
}

/// The extension by which a service says that null and absent are the same: of a property, a schema or, in `info`, of all.
const NULL_IS_ABSENT: &str = "x-null-is-absent";

/// Where a schema stands, what to call what it makes, and for which side.
struct Place<'a> {
    at: &'a Pointer,
    name: &'a str,
    /// Whether the name is the schema's own, rather than a suggestion.
    exact: bool,
    view: View,
}

/// The place of a node; see [`crate::document::Span::identity`].
type Identity = (usize, u32, u32);

enum Claimed {
    New(String),
    Shared(String),
}

fn integer(schema: &Node) -> Type {
    let bound = |key: &str| match schema.get(key).map(|it| &it.value) {
        Some(Value::Number(number)) => Some(number),
        _ => None,
    };
    match schema.str("format") {
        // A bound past what the format holds is the one that tells what is sent.
        Some("int32" | "int16" | "int8")
            if bound("maximum").and_then(Number::as_f64).is_none_or(|most| most <= 2_147_483_647.0) =>
        {
            Type::I32
        }
        Some("uint32" | "uint16" | "uint8")
            if bound("maximum").and_then(Number::as_f64).is_none_or(|most| most <= 4_294_967_295.0) =>
        {
            Type::U32
        }
        Some("uint64") => Type::U64,
        Some("int64") if bound("maximum").is_none_or(|most| most.as_i64().is_some()) => Type::I64,
        // Bounds that 64 bits do not hold were cut to these.
        _ if bound("maximum").and_then(Number::as_u64) == Some(u64::MAX)
            || bound("minimum").and_then(Number::as_i64) == Some(i64::MIN) =>
        {
            Type::Number
        }
        // Whoever is given no width must take every one.
        _ => Type::I128,
    }
}

fn number(schema: &Node) -> Type {
    match schema.str("format") {
        Some("int32" | "int64" | "uint32" | "uint64") => integer(schema),
        Some("float" | "double") => Type::F64,
        _ => Type::Number,
    }
}

fn strings(node: Option<&Node>) -> Vec<String> {
    node.and_then(Node::as_array).into_iter().flatten().filter_map(Node::as_str).map(str::to_owned).collect()
}

/// What the document says of a schema in words, and the facts about it that the Rust type does not show.
fn doc(schema: &Node) -> String {
    let text = schema.str("description").or_else(|| schema.str("title")).unwrap_or_default().trim();
    let mut facts = Vec::new();
    let shown = |node: &Node| match &node.value {
        Value::String(text) if text.len() < 60 && !text.contains(['`', '\n']) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    for (key, label) in [
        ("format", "Format"),
        ("default", "Default"),
        ("minimum", "At least"),
        ("maximum", "At most"),
        ("pattern", "Pattern"),
    ] {
        let obvious = key == "format"
            && matches!(schema.str("format"), Some("int32" | "int64" | "uint32" | "uint64" | "float" | "double"));
        if let Some(value) = schema.get(key).filter(|_| !obvious).and_then(shown).filter(|value| !value.is_empty()) {
            facts.push(format!("{label}: `{value}`."));
        }
    }
    match (text.is_empty(), facts.is_empty()) {
        (_, true) => text.to_owned(),
        (true, false) => facts.join(" "),
        (false, false) => format!("{text}\n\n{}", facts.join(" ")),
    }
}

/// A schema without its words, for comparing.
fn bare_structure(schema: &mut Node) {
    Object::Schema.walk_mut(schema, &Pointer::root(), &mut |_, node, _| {
        if let Some(map) = node.as_object_mut() {
            map.retain(|key, _| {
                !grammar::is_annotation(key) && !matches!(key.as_str(), "nullable" | "readOnly" | "writeOnly")
            });
        }
    });
}

/// What the inline schemas of a component are named after: the component and the way to them.
fn origins(schema: &Node, name: &str, found: &mut HashMap<Identity, String>) {
    let mut visit = |node: &Node, name: String| {
        if let Some(identity) = node.span.identity() {
            found.entry(identity).or_insert_with(|| name.clone());
        }
        origins(node, &name, found);
    };
    for (wire, property) in schema.get("properties").and_then(Node::as_object).into_iter().flatten() {
        visit(property, format!("{name}{}", names::pascal(wire)));
    }
    for (key, suffix) in [("items", "Item"), ("additionalProperties", "Value")] {
        if let Some(node) = schema.get(key).filter(|node| node.as_object().is_some()) {
            visit(node, format!("{name}{suffix}"));
        }
    }
    for part in schema.get("allOf").and_then(Node::as_array).into_iter().flatten() {
        origins(part, name, found);
    }
}

/// Whether a schema is an enum of strings, or of integers, and perhaps null.
fn is_enum_of(kind: &str, schema: &Node) -> bool {
    let values = schema.get("enum").and_then(Node::as_array).unwrap_or_default();
    let mut present = values.iter().filter(|value| !value.is_null()).peekable();
    let typed = match schema.str("type") {
        None => true,
        Some("number") => kind == "integer",
        Some(name) => name == kind,
    };
    typed
        && present.peek().is_some()
        && present.all(|value| match &value.value {
            Value::String(_) => kind == "string",
            Value::Number(number) => kind == "integer" && number.is_i64(),
            _ => false,
        })
}

/// One enum of the values of several, in place of the union of them. What has one value only names it by its title.
fn one_enum(union: &Node, enums: &[&Node]) -> Option<Node> {
    let kind = ["string", "integer"].into_iter().find(|kind| enums.iter().all(|it| is_enum_of(kind, it)))?;
    let (mut values, mut names, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for part in enums {
        let present = part.get("enum").and_then(Node::as_array).into_iter().flatten().filter(|value| !value.is_null());
        let own: Vec<&Node> = present.collect();
        let mut given = strings(part.get("x-enum-varnames").or_else(|| part.get("x-enumNames")));
        if given.len() != own.len() {
            let title = part.str("title").filter(|_| own.len() == 1).unwrap_or_default();
            given = vec![title.to_owned(); own.len()];
        }
        for (value, name) in own.into_iter().zip(given) {
            if seen.insert(value.canonical()) {
                values.push(value.clone());
                names.push(Node::made(name));
            }
        }
    }
    let mut merged = union.clone();
    for key in ["oneOf", "anyOf", "discriminator", "x-enumNames"] {
        merged.take(key);
    }
    merged.set("type", kind);
    merged.set("enum", values);
    merged.set("x-enum-varnames", names);
    Some(merged)
}

/// The components that requests and responses reach.
fn reach(document: &Node, schemas: &Map) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut requests = BTreeSet::new();
    let mut responses = BTreeSet::new();
    for (_, _, operation, item) in grammar::operations(document) {
        let parameters =
            [operation, item].into_iter().filter_map(|node| node.get("parameters").and_then(Node::as_array)).flatten();
        for parameter in parameters {
            requests.extend(schema_references(Object::Parameter, resolve(document, parameter)));
        }
        if let Some(body) = operation.get("requestBody") {
            requests.extend(schema_references(Object::RequestBody, resolve(document, body)));
        }
        for response in operation.get("responses").and_then(Node::as_object).into_iter().flat_map(Map::values) {
            responses.extend(schema_references(Object::Response, resolve(document, response)));
        }
    }
    (closure(requests, schemas), closure(responses, schemas))
}

/// Whether what a property is all of has the mark: a component, or the one part of an `allOf`.
fn marked_by_reference(property: &Node, mark: &str, schemas: &Map) -> bool {
    let part = match property.get("allOf").and_then(Node::as_array) {
        Some([only]) => only,
        _ => property,
    };
    let target = grammar::reference(part).and_then(component_name).and_then(|name| schemas.get(&name));
    target.unwrap_or(part).is_true(mark)
}

fn closure(start: BTreeSet<String>, schemas: &Map) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut queue: Vec<String> = start.into_iter().collect();
    while let Some(name) = queue.pop() {
        if let Some(schema) = schemas.get(&name)
            && reached.insert(name)
        {
            queue.extend(schema_references(Object::Schema, schema).into_iter().filter(|name| !reached.contains(name)));
        }
    }
    reached
}

/// The components whose read and write views differ: they, or what they hold, have `readOnly` or `writeOnly` properties.
fn differing(schemas: &Map) -> BTreeSet<String> {
    let mut users: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    let mut differing = BTreeSet::new();
    let mut queue: Vec<&String> = Vec::new();
    for (name, schema) in schemas {
        for target in schema_references(Object::Schema, schema) {
            users.entry(target).or_default().push(name);
        }
        let mut own = false;
        Object::Schema.walk(schema, &Pointer::root(), &mut |_, node, _| {
            let properties = node.get("properties").and_then(Node::as_object);
            own |= properties.into_iter().flat_map(Map::values).any(|it| {
                ["readOnly", "writeOnly"].iter().any(|mark| it.is_true(mark) || marked_by_reference(it, mark, schemas))
            });
        });
        if own {
            queue.push(name);
        }
    }
    while let Some(name) = queue.pop() {
        if differing.insert(name.clone()) {
            queue.extend(users.get(name).into_iter().flatten());
        }
    }
    differing
}

fn for_each_type(kind: &mut TypeKind, visit: &mut impl FnMut(&mut Type)) {
    match kind {
        TypeKind::Struct(it) => {
            it.fields.iter_mut().for_each(|field| visit(&mut field.ty));
            it.extra.iter_mut().for_each(|(_, ty)| visit(ty));
        }
        TypeKind::Union(it) => it.variants.iter_mut().for_each(|variant| visit(&mut variant.ty)),
        TypeKind::Tuple(it) => {
            it.items.iter_mut().for_each(|item| visit(&mut item.ty));
            it.rest.iter_mut().for_each(visit);
        }
        TypeKind::Alias(ty) | TypeKind::Wrapper(ty) => visit(ty),
        TypeKind::Enum(_) => {}
    }
}

/// Marks the fields whose one value is of the field's type: a new value has it from the start.
fn preset(defs: &mut BTreeMap<String, TypeDef>) {
    let is_enum = |ty: &Type, integers: bool| {
        let mut ty = ty;
        for _ in 0..16 {
            let Type::Named(name) = ty else { return false };
            match defs.get(name).map(|def| &def.kind) {
                Some(TypeKind::Alias(target)) => ty = target,
                Some(TypeKind::Enum(it)) => return it.integer == integers,
                _ => return false,
            }
        }
        false
    };
    let mut preset: Vec<(String, usize)> = Vec::new();
    for (name, def) in defs.iter() {
        let TypeKind::Struct(it) = &def.kind else { continue };
        for (index, field) in it.fields.iter().enumerate().filter(|(_, field)| !field.is_option() && !field.boxed) {
            let fits = match &field.only {
                Some(Constant::Text(_)) => is_enum(&field.ty, false),
                Some(Constant::Integer(_)) => is_enum(&field.ty, true),
                Some(Constant::Bool(_)) => field.ty == Type::Bool,
                None => false,
            };
            if fits {
                preset.push((name.clone(), index));
            }
        }
    }
    for (name, index) in preset {
        if let Some(TypeKind::Struct(it)) = defs.get_mut(&name).map(|def| &mut def.kind)
            && let Some(field) = it.fields.get_mut(index)
        {
            field.preset = true;
        }
    }
}

/// A name that nothing defines (a circle that closed on something other than a type of its own) is any value.
fn forget_unknown(ty: &mut Type, known: &BTreeSet<String>) {
    match ty {
        Type::Named(name) if !known.contains(name) => *ty = Type::Any,
        Type::Array(inner) | Type::Map(inner) | Type::Nullable(inner) => forget_unknown(inner, known),
        _ => {}
    }
}

/// Takes from unions the branches that are, by aliases and branches alone, the union again: reading one would not end.
/// Gives back where, and which.
fn cut_branches(defs: &mut BTreeMap<String, TypeDef>) -> Vec<(Pointer, String)> {
    let mut cut = Vec::new();
    let edges = defs.iter().map(|(name, def)| {
        let targets = match &def.kind {
            TypeKind::Alias(ty) => ty.by_value().map(str::to_owned).into_iter().collect(),
            TypeKind::Union(it) => {
                it.variants.iter().filter_map(|variant| variant.ty.by_value()).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        (name.clone(), targets)
    });
    // Only what is in a circle of aliases and branches can lead back; each of those may open the circle.
    for name in circles(&edges.collect()).into_keys() {
        let Some(TypeKind::Union(union)) = defs.get(&name).map(|def| &def.kind) else { continue };
        let circular: BTreeSet<String> = union
            .variants
            .iter()
            .filter(|variant| is_by_branches(&variant.ty, &name, defs))
            .map(|variant| variant.name.clone())
            .collect();
        if let Some(def) = defs.get_mut(&name)
            && let TypeKind::Union(union) = &mut def.kind
        {
            union.variants.retain(|variant| !circular.contains(&variant.name));
            if union.variants.is_empty() {
                def.kind = TypeKind::Alias(Type::Any);
            }
            cut.extend(circular.into_iter().map(|branch| (def.pointer.clone(), branch)));
        }
    }
    cut
}

/// Whether a type may be the one of a name without any part of a value having been read.
fn is_by_branches(ty: &Type, name: &str, defs: &BTreeMap<String, TypeDef>) -> bool {
    let mut queue: Vec<&str> = ty.by_value().into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(next) = queue.pop() {
        if next == name {
            return true;
        }
        if !seen.insert(next) {
            continue;
        }
        match defs.get(next).map(|def| &def.kind) {
            Some(TypeKind::Alias(ty)) => queue.extend(ty.by_value()),
            Some(TypeKind::Union(it)) => queue.extend(it.variants.iter().filter_map(|variant| variant.ty.by_value())),
            _ => {}
        }
    }
    false
}

/// Opens each circle of aliases at one of them. A circle of lists and maps becomes a type there; one of nothing else is any
/// value. Each alias is followed once.
fn cut_aliases(defs: &mut BTreeMap<String, TypeDef>) {
    let next = |name: &str| match defs.get(name).map(|def| &def.kind) {
        Some(TypeKind::Alias(ty)) => {
            let mut ty = ty;
            while let Type::Array(inner) | Type::Map(inner) | Type::Nullable(inner) = ty {
                ty = inner;
            }
            if let Type::Named(next) = ty { Some(next.as_str()) } else { None }
        }
        _ => None,
    };
    let holds_more = |name: &str| match defs.get(name).map(|def| &def.kind) {
        Some(TypeKind::Alias(ty)) => matches!(ty.inner(), Type::Array(_) | Type::Map(_)),
        _ => false,
    };
    let (mut seen, mut cut) = (BTreeMap::new(), BTreeMap::new());
    for (turn, start) in defs.keys().enumerate() {
        let mut at = Some(start.as_str());
        while let Some(name) = at.filter(|name| !seen.contains_key(name)) {
            seen.insert(name, turn);
            at = next(name);
        }
        // A circle, if it closed on this way: the first of its names is the one to go.
        if let Some(name) = at.filter(|name| seen.get(name) == Some(&turn)) {
            let around: Vec<&str> = std::iter::successors(next(name), |at| next(at).filter(|_| *at != name)).collect();
            let more = around.iter().any(|name| holds_more(name));
            cut.extend(around.iter().min().map(|name| ((*name).to_owned(), more)));
        }
    }
    for (name, more) in cut {
        if let Some(def) = defs.get_mut(&name)
            && let TypeKind::Alias(ty) = &mut def.kind
        {
            let ty = std::mem::replace(ty, Type::Any);
            def.kind = if more { TypeKind::Wrapper(ty) } else { TypeKind::Alias(Type::Any) };
        }
    }
}

/// Puts a box wherever a type would otherwise hold itself, and takes apart aliases that are only each other.
fn break_circles(defs: &mut BTreeMap<String, TypeDef>) {
    cut_aliases(defs);
    let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, def) in defs.iter() {
        let targets = match &def.kind {
            TypeKind::Struct(it) => {
                it.fields.iter().filter_map(|field| field.ty.by_value()).map(str::to_owned).collect()
            }
            TypeKind::Union(it) => {
                it.variants.iter().filter_map(|variant| variant.ty.by_value()).map(str::to_owned).collect()
            }
            TypeKind::Tuple(it) => it.items.iter().filter_map(|it| it.ty.by_value()).map(str::to_owned).collect(),
            TypeKind::Alias(ty) | TypeKind::Wrapper(ty) => ty.by_value().map(str::to_owned).into_iter().collect(),
            TypeKind::Enum(_) => Vec::new(),
        };
        edges.insert(name.clone(), targets);
    }
    let circle = circles(&edges);
    let same = |a: &str, b: &str| circle.get(a).is_some_and(|id| circle.get(b) == Some(id));
    for (name, def) in defs.iter_mut() {
        match &mut def.kind {
            TypeKind::Struct(it) => {
                for field in &mut it.fields {
                    field.boxed = field.ty.by_value().is_some_and(|target| same(name, target));
                }
            }
            TypeKind::Union(it) => {
                for variant in &mut it.variants {
                    variant.boxed = variant.ty.by_value().is_some_and(|target| same(name, target));
                }
            }
            TypeKind::Tuple(it) => {
                for item in &mut it.items {
                    item.boxed = item.ty.by_value().is_some_and(|target| same(name, target));
                }
            }
            _ => {}
        }
    }
}

/// The strongly connected components that are circles: each name in one, with the number of its circle.
fn circles(edges: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, usize> {
    // Kosaraju, with its own stacks: documents nest deeper than threads like to recurse.
    let mut order = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for start in edges.keys() {
        let mut stack = vec![(start.as_str(), 0)];
        if !seen.insert(start) {
            continue;
        }
        while let Some((node, next)) = stack.pop() {
            match edges.get(node).and_then(|targets| targets.get(next)) {
                Some(target) => {
                    stack.push((node, next + 1));
                    if seen.insert(target) {
                        stack.push((target, 0));
                    }
                }
                None => order.push(node),
            }
        }
    }
    let mut reverse: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, targets) in edges {
        for to in targets {
            reverse.entry(to).or_default().push(from);
        }
    }
    let mut found = BTreeMap::new();
    let mut assigned: BTreeSet<&str> = BTreeSet::new();
    for (id, start) in order.into_iter().rev().enumerate() {
        let mut members = Vec::new();
        let mut stack = vec![start];
        while let Some(node) = stack.pop() {
            if assigned.insert(node) {
                members.push(node);
                stack.extend(reverse.get(node).into_iter().flatten());
            }
        }
        let own_loop = |node: &str| edges.get(node).is_some_and(|targets| targets.iter().any(|target| target == node));
        if members.len() > 1 || members.first().is_some_and(|node| own_loop(node)) {
            found.extend(members.into_iter().map(|node| (node.to_owned(), id)));
        }
    }
    found
}
