//! Schemas to Rust types, with the views that their uses need.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, component_name};
use crate::note::{Fix, Kind, Notes, Stage};

use super::all_of::flatten;
use super::circles::{break_circles, cut_branches, for_each_type, forget_unknown, preset};
use super::context::{Claimed, Place, Types, View};
use super::facts::{doc, integer, number, only_value, origins, strings};
use super::model::{Enum, EnumValue, Field, Item, Struct, Tuple, Type, TypeDef, TypeKind};
use super::views::{differing, marked_by_reference, reach};
use super::{names, nullable};

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
                let note = types.notes.push(Stage::Shape, Kind::Rename, &at, node, reason);
                note.advise("set `x-rust-name` in an overlay to choose");
                let given = Map::from([("x-rust-name".to_owned(), Node::made(name.as_str()))]);
                note.fixed_by(Fix::Update(Node::made(given)));
            }
        }
        for (component, node) in &types.schemas {
            if let Some(name) = types.names.get(component) {
                origins(node, name, &mut types.origins);
            }
        }
        // Sorted, so that the order of the document does not change the names of inline schemas.
        let mut all: Vec<String> = types.schemas.keys().cloned().collect();
        all.sort();
        for name in all {
            types.enqueue(&name, View::Read);
        }
        types
    }

    /// Defines the remaining types, and breaks circles of types that contain each other.
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
            self.note(Kind::Correction, &at, &node, reason);
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

    /// The type of a reference to a component.
    fn component(&mut self, component: &str, view: View) -> Type {
        let Some(name) = self.rust_name(component, view) else { return Type::Any };
        self.taken.insert(name.clone());
        self.enqueue(component, view);
        let nullable = self.schemas.get(component).is_some_and(|schema| self.nullable(schema));
        if nullable { Type::Named(name).nullable() } else { Type::Named(name) }
    }

    /// Whether a schema allows null: by its own keywords, by the component that it refers to, or by one of its
    /// branches.
    pub(super) fn nullable(&self, schema: &Node) -> bool {
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
            // An alias of itself contains nothing.
            Type::Named(own) if *own == name => Type::Any,
            _ => ty.inner().clone(),
        };
        let doc = doc(&schema);
        let (written, given) = (view == View::Write, schema.get("x-rust-name").is_some());
        self.defs.insert(name.clone(), TypeDef { name, doc, pointer: at, written, given, kind: TypeKind::Alias(ty) });
    }

    /// The type of a schema that an operation uses. Types within it are named after `hint`.
    pub(super) fn type_of(&mut self, schema: &Node, at: &Pointer, hint: &str, view: View) -> Type {
        // For a value that only the program chooses, 64 bits are enough.
        let sent = |ty: Type| if ty == Type::I128 { Type::I64 } else { ty };
        match self.nested(schema, at, hint, view) {
            Type::Array(item) if view == View::Write => Type::Array(Box::new(sent(*item))),
            Type::Nullable(inner) if view == View::Write => Type::Nullable(Box::new(sent(*inner))),
            ty if view == View::Write => sent(ty),
            ty => ty,
        }
    }

    /// The type of a schema within another one.
    pub(super) fn nested(&mut self, schema: &Node, at: &Pointer, hint: &str, view: View) -> Type {
        let ty = self.bare(schema, &Place { at, name: hint, exact: false, view });
        if schema.is_true("nullable") { ty.nullable() } else { ty }
    }

    pub(super) fn bare(&mut self, schema: &Node, place: &Place<'_>) -> Type {
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
            // A part that refers to the schema around it would never end. It is the type that is being made.
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
            Some("string") => self.text(schema, place),
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

    /// The type of a string, by what is in it.
    fn text(&mut self, schema: &Node, place: &Place<'_>) -> Type {
        let one_of_several = schema.get("enum").is_some() || schema.get("const").is_some();
        match (schema.str("format"), schema.get("x-json-text")) {
            _ if one_of_several => Type::String,
            (Some("byte"), _) => Type::Base64,
            (Some("base64url"), _) => Type::Base64Url,
            (_, Some(content)) => {
                let (at, hint) = (place.at.join("x-json-text"), format!("{}Content", place.name));
                Type::JsonText(Box::new(self.nested(content, &at, &hint, place.view)))
            }
            _ => Type::String,
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
                // A component without properties is a message that may get some later, so it is a struct.
                None if !place.exact => return Type::Map(Box::new(Type::Any)),
                _ => {}
            }
        }
        self.structure(schema, place)
    }

    pub(super) fn structure(&mut self, schema: &Node, place: &Place<'_>) -> Type {
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
        let mut named: Vec<_> = visible.into_iter().zip(field_names).enumerate().collect();
        named.sort_by_key(|(_, ((wire, _), _))| *wire);
        for (position, ((wire, property), field)) in named {
            let at = place.at.join("properties").join(wire);
            let ty = self.nested(property, &at, &format!("{name}{}", names::pascal(wire)), place.view);
            let sensitive = self.is_secret(property, ty.innermost().is_none());
            let required = required.contains(wire.as_str());
            let tells = !required && matches!(ty, Type::Nullable(_) | Type::Any);
            let sent = self.sending.unwrap_or(place.view == View::Write);
            let same = self.null_is_absent || schema.is_true(NULL_IS_ABSENT) || property.is_true(NULL_IS_ABSENT);
            let field = Field {
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
            };
            fields.push((position, field));
        }
        fields.sort_by_key(|(position, _)| *position);
        let fields: Vec<Field> = fields.into_iter().map(|(_, field)| field).collect();
        let extra = match schema.get("additionalProperties").map(|it| &it.value) {
            // The document names a key that this view hides. If it is present, its value is kept.
            _ if hides => Some(Type::Any),
            // A closed response may get new keys later. They are kept.
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
            // If a view hides a property, there can be other keys.
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
                    let reason = "an enum with an integer beyond 64 bits is not checked: any integer is accepted";
                    self.note(Kind::Unchecked, place.at, schema, reason);
                    let unsigned = all(|value| matches!(value, Value::Number(number) if number.is_u64()));
                    return Some(if unsigned { Type::U64 } else { Type::Number });
                }
                None | Some("number") => {
                    let reason = "an enum of numbers with fractions is not checked: any number is accepted";
                    self.note(Kind::Unchecked, place.at, schema, reason);
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
                self.note(Kind::Unchecked, place.at, schema, "an enum of arrays or objects is not checked");
                return None;
            }
            Some(_) if present.is_empty() => return Some(Type::Any),
            Some(_) => {
                self.note(
                    Kind::Correction,
                    place.at,
                    schema,
                    "the enum's values do not have the schema's type; any value is accepted",
                );
                return Some(Type::Any);
            }
        }
        if !texts && !integers {
            if all(|value| matches!(value, Value::Bool(_))) {
                return Some(Type::Bool);
            }
            if !present.is_empty() {
                self.note(Kind::Unchecked, place.at, schema, "an enum of values of several types is read as any value");
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

    /// Whether a property is `readOnly` or `writeOnly`, by its own keyword or by what it refers to.
    pub(super) fn marked(&self, property: &Node, mark: &str) -> bool {
        property.is_true(mark) || marked_by_reference(property, mark, &self.schemas)
    }

    /// Whether values of a schema are secrets, or lists or maps of secrets. A type of its own has its own `Debug`.
    /// `branches` means that a union made no type.
    pub(super) fn is_secret(&self, schema: &Node, branches: bool) -> bool {
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
            let inner = ["items", "additionalProperties", "x-other-items", "x-json-text"];
            queue.extend(inner.into_iter().filter_map(|key| schema.get(key)));
            queue.extend(schema.get("x-prefix-items").and_then(Node::as_array).into_iter().flatten());
            let parts = ["allOf", "oneOf", "anyOf"].into_iter().filter(|key| branches || *key == "allOf");
            queue.extend(parts.filter_map(|key| schema.get(key).and_then(Node::as_array)).flatten());
        }
        false
    }

    /// A schema with its references and `allOf` resolved, for reading only.
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

    /// Whether values of a schema are text or bytes, or have no declared type. The media type then decides how they are
    /// sent.
    pub(super) fn is_text(&self, schema: &Node) -> bool {
        let schema = self.resolved(schema);
        let parts = ["properties", "additionalProperties", "items", "oneOf", "anyOf"];
        match schema.str("type") {
            Some(name) => name == "string",
            None => parts.iter().all(|key| schema.get(key).is_none()),
        }
    }

    pub(super) fn note(&mut self, kind: Kind, at: &Pointer, node: &Node, reason: impl Into<String>) {
        self.notes.push(Stage::Shape, kind, at, node, reason);
    }

    /// The type behind aliases and nullability.
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

/// The extension that declares null and absent equal: for a property, for a schema, or in `info` for the whole service.
const NULL_IS_ABSENT: &str = "x-null-is-absent";
