//! Turns schemas into Rust types, with the views that their uses need.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use crate::calls::Calls;
use crate::document::{Map, Node, Pointer, Value};
use crate::note::{Fix, Kind, Notes, Stage};
use crate::schema::{Additional, JsonType, Mark, Model, Schema, SchemaId, Torn, same};
use crate::span::{Placed, Span};

use super::circles::{break_circles, cut_branches, for_each_type, forget_unknown};
use super::context::{Claimed, Origin, Place, Types, View};
use super::facts::{doc, integer, number, only_value, origins};
use super::hidden::hide;
use super::model::{Enum, EnumValue, Field, Item, Struct, Tuple, Type, TypeDef, TypeKind};
use super::preset::preset;
use super::steps::link_far;
use super::views::{differing, marked_by_reference, reach};
use super::{names, nullable};

/// The place of a component. A parent's own keywords, apart from its children, are at its discriminator.
fn place_of(model: &Model, component: SchemaId) -> Pointer {
    let place =
        |id: SchemaId| Pointer::root().join("components").join("schemas").join(model.name(id).unwrap_or_default());
    model.parent_of(component).map_or_else(|| place(component), |parent| place(parent).join("discriminator"))
}

impl<'a> Types<'a> {
    pub(super) fn new(calls: &Calls, model: &'a Model, notes: &'a mut Notes) -> Self {
        let names = names::components(model);
        let (requests, responses) = reach(calls, model);
        let differing = differing(model);
        let twins = requests.intersection(&responses).filter(|id| differing.contains(id)).copied().collect();
        let write_only = requests.difference(&responses).copied().collect();
        let mut taken: BTreeSet<String> = names.values().cloned().collect();
        taken.extend(names::RESERVED.iter().map(|name| (*name).to_owned()));
        let mut types = Self {
            notes,
            nullables: nullable::components(model),
            model,
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
            made: HashMap::new(),
            origins: HashMap::new(),
            open: Vec::new(),
            wide: HashMap::new(),
            within: HashMap::new(),
            widening: 0,
            sent: requests,
            sending: None,
            null_is_absent: calls.null_is_absent,
            hold_objects: RefCell::default(),
            constants: RefCell::default(),
            component_names: RefCell::default(),
            mapped: RefCell::default(),
            secrets: RefCell::default(),
            secret_aliases: BTreeSet::new(),
            fingerprints: RefCell::default(),
            is_3_0: calls.is_3_0,
        };
        // Sorted, so that the order of the document does not change the names of inline schemas.
        let mut all: Vec<(String, SchemaId)> = Vec::new();
        for component in types.model.components() {
            all.extend(types.model.name(component).map(|name| (name.to_owned(), component)));
            if let Some(name) = types.names.get(&component) {
                let origin = Origin { name: name.clone(), at: place_of(types.model, component) };
                origins(types.model, component, &origin, &mut types.origins);
            }
        }
        all.sort();
        for (component, id) in all {
            types.note_rename(&component, id);
            types.enqueue(id, View::Read);
        }
        types
    }

    /// Adds a note if a component's type does not have the component's own name.
    fn note_rename(&mut self, component: &str, id: SchemaId) {
        let schema = self.model.get(id);
        let Some(name) = self.names.get(&id) else { return };
        let dotted = component.rsplit(['.', '/']).next().unwrap_or(component);
        if names::pascal(schema.annotations.given_name().unwrap_or(dotted)) != *name {
            let reason = format!("called `{name}`, because another schema would have the same name");
            let note = self.notes.push(Stage::Shape, Kind::Rename, &place_of(self.model, id), &*schema, reason);
            note.advise("set `x-rust-name` in an overlay to choose");
            let given = Map::from([("x-rust-name".to_owned(), Node::made(name.as_str()))]);
            note.fixed_by(Fix::Update(Node::made(given)));
        }
    }

    /// Defines the remaining types, and breaks cycles of types that contain each other.
    pub(super) fn finish(mut self) -> Vec<TypeDef> {
        self.drain();
        self.note_parents();
        let known: BTreeSet<String> = self.defs.keys().cloned().collect();
        for def in self.defs.values_mut() {
            for_each_type(&mut def.kind, &mut |ty| forget_unknown(ty, &known));
        }
        for (at, branch) in cut_branches(&mut self.defs) {
            let component = Pointer::split(at.as_str()).and_then(|tokens| tokens.into_iter().nth(2));
            let component = component.and_then(|name| self.model.component(&name));
            let span = component.map_or_else(Span::none, |id| self.model.get(id).span.clone());
            let reason = format!("the branch `{branch}` leads back to the union it is of, to which it adds nothing");
            self.note(Kind::Correction, &at, &span, reason);
        }
        break_circles(&mut self.defs);
        link_far(&mut self.defs);
        preset(&mut self.defs);
        hide(&mut self.defs, &self.secret_aliases);
        self.defs.into_values().collect()
    }

    fn drain(&mut self) {
        while let Some((component, view)) = self.queue.pop_front() {
            self.define(component, view);
        }
    }

    fn enqueue(&mut self, component: SchemaId, view: View) {
        let view = if self.twins.contains(&component) {
            view
        } else if self.write_only.contains(&component) {
            View::Write
        } else {
            View::Read
        };
        if self.queued.insert((component, view)) {
            self.queue.push_back((component, view));
        }
    }

    fn rust_name(&self, component: SchemaId, view: View) -> Option<String> {
        let name = self.names.get(&component)?;
        if view == View::Write && self.twins.contains(&component) {
            let mut input = format!("{name}Input");
            while self.given.contains(&input) {
                input.push_str("View");
            }
            return Some(input);
        }
        Some(name.clone())
    }

    /// The type of a reference to a component.
    fn component(&mut self, component: SchemaId, view: View) -> Type {
        let Some(name) = self.rust_name(component, view) else { return Type::Any };
        self.taken.insert(name.clone());
        self.enqueue(component, view);
        if self.nullable(component) { Type::Named(name).nullable() } else { Type::Named(name) }
    }

    /// Whether a schema allows null: by its own keywords, by the component that it refers to, or by one of its
    /// branches.
    pub(super) fn nullable(&self, id: SchemaId) -> bool {
        nullable::allows_null(self.model, id, &self.nullables)
    }

    fn define(&mut self, component: SchemaId, view: View) {
        let Some(name) = self.rust_name(component, view) else { return };
        let at = place_of(self.model, component);
        let place = Place { at: &at, name: &name, exact: true, view };
        let outer = self.sending.replace(self.sent.contains(&component));
        let ty = self.bare(component, &place);
        self.sending = outer;
        if self.defs.contains_key(&name) {
            return;
        }
        let ty = match ty.inner() {
            // An alias of itself has no content, so it accepts any value.
            Type::Named(own) if *own == name => Type::Any,
            _ => ty.inner().clone(),
        };
        self.insert(&name, component, &place, TypeKind::Alias(ty));
    }

    /// The type of a schema that an operation uses. Types within it are named after `hint`.
    pub(super) fn type_of(&mut self, id: SchemaId, at: &Pointer, hint: &str, view: View) -> Type {
        // 64 bits are enough for a value that only the program chooses.
        let sent = |ty: Type| if ty == Type::I128 { Type::I64 } else { ty };
        match self.nested(id, at, hint, view) {
            Type::Array(item) if view == View::Write => Type::Array(Box::new(sent(*item))),
            Type::Nullable(inner) if view == View::Write => Type::Nullable(Box::new(sent(*inner))),
            ty if view == View::Write => sent(ty),
            ty => ty,
        }
    }

    /// The type of a schema inside another schema.
    pub(super) fn nested(&mut self, id: SchemaId, at: &Pointer, hint: &str, view: View) -> Type {
        let ty = self.bare(id, &Place { at, name: hint, exact: false, view });
        if self.model.get(id).is_nullable() { ty.nullable() } else { ty }
    }

    pub(super) fn bare(&mut self, id: SchemaId, place: &Place<'_>) -> Type {
        let schema = self.model.get(id);
        // The pattern lists every keyword, so that a new keyword must be ignored here or used for the type.
        let Schema {
            reference,
            all_of,
            values,
            one_of,
            any_of,
            ty,
            properties,
            additional,
            items,
            // The functions for the types read these.
            format: _,
            required: _,
            prefix: _,
            rest: _,
            content: _,
            discriminator: _,
            limits: _,
            // These apply to the use of the schema. The caller reads them.
            span: _,
            nullable: _,
            read_only: _,
            write_only: _,
            default: _,
            annotations,
            // These do not affect the type.
            not: _,
            further: _,
            also: _,
            xml: _,
        } = &*schema;
        if let Some(target) = reference {
            return self.component(*target, place.view);
        }
        if all_of.is_some() {
            return self.all_of(id, &schema, place);
        }
        if let Some(torn) = annotations.torn {
            self.note_torn(torn, &schema, place.at);
        }
        if values.is_some()
            && let Some(ty) = self.enumeration(id, place)
        {
            return ty;
        }
        if let Some(branches) = one_of.as_ref().or(any_of.as_ref()) {
            return self.union(id, branches, place);
        }
        match ty {
            Some(JsonType::String) => self.text(id, place),
            Some(JsonType::Boolean) => Type::Bool,
            Some(JsonType::Integer) => integer(&schema),
            Some(JsonType::Number) => number(&schema),
            Some(JsonType::Array) => self.array(id, place),
            Some(JsonType::Object) => self.object(id, place),
            None if properties.is_some() || *additional != Additional::Unsaid => self.object(id, place),
            None if items.is_some() => self.array(id, place),
            None => Type::Any,
        }
    }

    /// Adds a note for parts of an `allOf` that allow no common value, unless another view has added it.
    fn note_torn(&mut self, torn: Torn, schema: &Schema, at: &Pointer) {
        let reason = match torn {
            Torn::Types => {
                "parts of the `allOf` cannot be merged, such as types that exclude each other; any value is accepted"
            }
            Torn::Values => "parts of the `allOf` have enums with no value in common; the last enum is used",
        };
        if !self.notes.at(at).any(|note| note.reason == reason) {
            self.note(Kind::Correction, at, schema, reason);
        }
    }

    /// Adds a note for required keys without a schema, unless another view has added it.
    fn note_strangers(&mut self, schema: &Schema, at: &Pointer) {
        let strangers: Vec<&str> =
            schema.required.iter().filter(|name| schema.property(name).is_none()).map(String::as_str).collect();
        let at = at.join("required");
        if strangers.is_empty() || self.notes.at(&at).any(|note| note.kind == Kind::Unchecked) {
            return;
        }
        let names = strangers.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let more = strangers.len().checked_sub(3).filter(|more| *more > 0).map(|more| format!(" and {more} more"));
        let more = more.unwrap_or_default();
        let reason = format!("required but not declared, so among the other keys and not checked: {names}{more}");
        self.note(Kind::Unchecked, &at, schema, reason);
    }

    /// The type of a string, by its content.
    fn text(&mut self, id: SchemaId, place: &Place<'_>) -> Type {
        let schema = self.model.get(id);
        match (schema.format.as_deref(), schema.content) {
            _ if schema.values.is_some() => Type::String,
            (Some("byte"), _) => Type::Base64,
            (Some("base64url"), _) => Type::Base64Url,
            (_, Some(content)) => {
                let (at, hint) = (place.at.join("x-json-text"), format!("{}Content", place.name));
                Type::JsonText(Box::new(self.nested(content, &at, &hint, place.view)))
            }
            _ => Type::String,
        }
    }

    /// The type of a value that is always sent as text, for a schema with a content encoding or type: such a schema may
    /// have no `type`, and then allows values of other types too.
    pub(super) fn or_text(&mut self, ty: Type, id: SchemaId, at: &Pointer, hint: &str) -> Type {
        let schema = self.resolved(id);
        let is_encoded = schema.content.is_some() || matches!(schema.format.as_deref(), Some("byte" | "base64url"));
        if ty != Type::Any || !is_encoded || schema.ty.is_some() || schema.branches().next().is_some() {
            return ty;
        }
        self.text(self.model.resolved(id), &Place { at, name: hint, exact: false, view: View::Write })
    }

    fn all_of(&mut self, id: SchemaId, schema: &Schema, place: &Place<'_>) -> Type {
        if let Some(only) = self.model.only_part(id) {
            let ty = self.bare(only, place);
            let nullable = self.model.get(only).is_nullable() || (!place.exact && self.nullable(id));
            return if nullable { ty.nullable() } else { ty };
        }
        let merged = self.model.flatten(id);
        // A part that refers to the enclosing schema would recurse forever. Its type is the one that is being created.
        let same = |open: SchemaId| same((self.model, open), (self.model, merged));
        if let Some((_, _, name)) = self.open.iter().find(|(open, view, _)| *view == place.view && same(*open)) {
            return Type::Named(name.clone());
        }
        if self.open.len() == DEEPEST {
            let reason = format!("more than {DEEPEST} `allOf` are in each other here; any value is accepted");
            self.note(Kind::Unchecked, place.at, schema, reason);
            return Type::Any;
        }
        let name = if place.exact { place.name.to_owned() } else { self.suggested(merged, place) };
        self.open.push((merged, place.view, name.clone()));
        let ty = self.bare(merged, &Place { name: &name, ..*place });
        self.open.pop();
        if !place.exact && self.nullable(id) { ty.nullable() } else { ty }
    }

    fn array(&mut self, id: SchemaId, place: &Place<'_>) -> Type {
        let schema = self.model.get(id);
        if let Some(items) = &schema.prefix {
            return self.tuple(id, items, place);
        }
        let Some(items) = schema.items else { return Type::Array(Box::new(Type::Any)) };
        let hint = format!("{}Item", place.name);
        Type::Array(Box::new(self.nested(items, &place.at.join("items"), &hint, place.view)))
    }

    fn tuple(&mut self, id: SchemaId, prefix: &[SchemaId], place: &Place<'_>) -> Type {
        const ORDINALS: [&str; 8] = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth"];
        let name = match self.claim(id, place) {
            Claimed::New(name) => name,
            Claimed::Shared(name) => return Type::Named(name),
        };
        let schema = self.model.get(id);
        let size = |count: Option<u64>| count.and_then(|it| usize::try_from(it).ok());
        let (least, most) = (size(schema.limits.min_items).unwrap_or(0), size(schema.limits.max_items));
        let mut items = Vec::new();
        for (index, item) in prefix.iter().enumerate().take(most.unwrap_or(usize::MAX)) {
            let at = place.at.join("prefixItems").join(index);
            let hint = format!("{name}{}", ORDINALS.get(index).unwrap_or(&"Item"));
            let ty = self.nested(*item, &at, &hint, place.view);
            let sensitive = self.is_secret(*item, ty.innermost().is_none());
            items.push(Item { ty, boxed: false, sensitive });
        }
        let is_full = most.is_some_and(|most| most <= prefix.len());
        let rest = schema
            .rest
            .filter(|_| !is_full)
            .map(|rest| self.nested(rest, &place.at.join("items"), &format!("{name}Other"), place.view));
        let required = least.min(items.len());
        // By a keyword such as `contains`, any item can be the secret one.
        let any = schema.annotations.sensitive == Some(true);
        items.iter_mut().for_each(|item| item.sensitive |= any);
        let sensitive = any || rest.as_ref().is_some_and(|ty| self.holds_secret(schema.rest, ty));
        self.insert(&name, id, place, TypeKind::Tuple(Tuple { items, required, rest, sensitive }));
        Type::Named(name)
    }

    fn object(&mut self, id: SchemaId, place: &Place<'_>) -> Type {
        let schema = self.model.get(id);
        if schema.properties.as_ref().is_none_or(|properties| properties.is_empty()) {
            match schema.additional {
                Additional::Schema(values) => {
                    let hint = format!("{}Value", place.name);
                    let value = self.nested(values, &place.at.join("additionalProperties"), &hint, place.view);
                    return Type::Map(Box::new(value));
                }
                Additional::Any => return Type::Map(Box::new(Type::Any)),
                // A component without properties is a message that may get properties later, so it is a struct.
                Additional::Unsaid if !place.exact => return Type::Map(Box::new(Type::Any)),
                Additional::Unsaid | Additional::Closed => {}
            }
        }
        self.structure(id, place)
    }

    pub(super) fn structure(&mut self, id: SchemaId, place: &Place<'_>) -> Type {
        let name = match self.claim(id, place) {
            Claimed::New(name) => name,
            Claimed::Shared(name) => return Type::Named(name),
        };
        let schema = self.model.get(id);
        let visible: Vec<(&String, SchemaId)> = schema
            .properties
            .iter()
            .flatten()
            .map(|(wire, property)| (wire, *property))
            .filter(|(_, property)| !self.marked(*property, place.view.hidden()))
            .collect();
        let all = schema.properties.iter().flatten().map(|(_, property)| *property);
        // The value of a hidden property, if it is present, is among the other keys.
        let hidden: Vec<SchemaId> = all.filter(|property| self.marked(*property, place.view.hidden())).collect();
        let hides = !hidden.is_empty();
        let field_names = names::fields(visible.iter().map(|(wire, _)| wire.as_str()));
        let mut fields = Vec::new();
        let mut named: Vec<_> = visible.into_iter().zip(field_names).enumerate().collect();
        named.sort_by_key(|(_, ((wire, _), _))| *wire);
        let required: BTreeSet<&str> = schema.required.iter().map(String::as_str).collect();
        self.note_strangers(&schema, place.at);
        for (position, ((wire, property), field)) in named {
            let at = place.at.join("properties").join(wire);
            let ty = self.nested(property, &at, &format!("{name}{}", names::pascal(wire)), place.view);
            let sensitive = self.is_secret(property, ty.innermost().is_none());
            let required = required.contains(wire.as_str());
            let tells = !required && matches!(ty, Type::Nullable(_) | Type::Any);
            let sent = self.sending.unwrap_or(place.view == View::Write);
            let only = only_value(&self.model.read_resolved(property));
            let property = self.model.get(property);
            let is_same = |schema: &Schema| schema.annotations.null_is_absent == Some(true);
            let same = self.null_is_absent || is_same(&schema) || is_same(&property);
            let field = Field {
                name: field,
                wire: wire.clone(),
                aliases: property.annotations.aliases.clone(),
                ty,
                required,
                boxed: false,
                sensitive,
                deprecated: property.annotations.deprecated == Some(true),
                doc: doc(&property),
                only,
                preset: None,
                three_states: tells && sent && !same,
            };
            fields.push((position, field));
        }
        fields.sort_by_key(|(position, _)| *position);
        let fields: Vec<Field> = fields.into_iter().map(|(_, field)| field).collect();
        let extra = match schema.additional {
            // The document declares a key that this view hides. If the key is present, its value is kept.
            _ if hides => Some(Type::Any),
            // A closed response may get new keys later. They are kept.
            Additional::Closed if place.view == View::Write => None,
            Additional::Schema(values) => {
                let at = place.at.join("additionalProperties");
                Some(self.nested(values, &at, &format!("{name}Value"), place.view))
            }
            Additional::Unsaid | Additional::Any | Additional::Closed => Some(Type::Any),
        };
        let mut extra_name = "extra".to_owned();
        while fields.iter().any(|field| field.name == extra_name) {
            extra_name.push('_');
        }
        let is_untyped = extra.as_ref().is_some_and(|ty| ty.innermost().is_none());
        let kind = TypeKind::Struct(Struct {
            fields,
            extra: extra.map(|ty| (extra_name, ty)),
            sensitive: schema.annotations.sensitive == Some(true)
                || schema.additional.schema().is_some_and(|rest| self.is_secret(rest, is_untyped))
                || hidden.into_iter().any(|property| self.is_secret(property, true)),
            // If the view hides a property, other keys can be present.
            closed: !hides && (schema.additional == Additional::Closed || leaves_none(&schema)),
        });
        self.insert(&name, id, place, kind);
        Type::Named(name)
    }

    /// The type of an enum; `None` if its values do not decide the type.
    fn enumeration(&mut self, id: SchemaId, place: &Place<'_>) -> Option<Type> {
        let schema = self.model.get(id);
        let present: Vec<&Node> = schema.present_values().collect();
        let all = |test: fn(&Value) -> bool| !present.is_empty() && present.iter().all(|value| test(&value.value));
        let texts = all(|value| matches!(value, Value::String(_)));
        let integers = all(|value| matches!(value, Value::Number(number) if number.is_i64()));
        if !integers && all(|value| matches!(value, Value::Number(_))) {
            let whole = |value: &Value| matches!(value, Value::Number(number) if !number.is_f64());
            match schema.ty {
                None | Some(JsonType::Integer | JsonType::Number) if all(whole) => {
                    self.note(
                        Kind::Unchecked,
                        place.at,
                        &*schema,
                        "an enum with an integer beyond 64 bits is not checked: any integer is accepted",
                    );
                    let unsigned = all(|value| matches!(value, Value::Number(number) if number.is_u64()));
                    return Some(if unsigned { Type::U64 } else { Type::Number });
                }
                None | Some(JsonType::Number) => {
                    self.note(
                        Kind::Unchecked,
                        place.at,
                        &*schema,
                        "an enum of numbers with fractions is not checked: any number is accepted",
                    );
                    return Some(number(&schema));
                }
                _ => {}
            }
        }
        match schema.ty {
            None => {}
            Some(JsonType::String) if texts => {}
            Some(JsonType::Integer | JsonType::Number) if integers => {}
            Some(JsonType::Boolean) if all(|value| matches!(value, Value::Bool(_))) => return Some(Type::Bool),
            Some(JsonType::Number) if all(|value| matches!(value, Value::Number(_))) => return Some(number(&schema)),
            Some(JsonType::Array | JsonType::Object) => {
                self.note(Kind::Unchecked, place.at, &*schema, "an enum of arrays or objects is not checked");
                return None;
            }
            Some(_) if present.is_empty() => return Some(Type::Any),
            Some(_) => {
                let reason = "the enum's values do not have the schema's type; any value is accepted";
                self.note(Kind::Correction, place.at, &*schema, reason);
                return Some(Type::Any);
            }
        }
        if !texts && !integers {
            if all(|value| matches!(value, Value::Bool(_))) {
                return Some(Type::Bool);
            }
            if !present.is_empty() {
                self.note(
                    Kind::Unchecked,
                    place.at,
                    &*schema,
                    "an enum of values of several types is read as any value",
                );
            }
            return Some(Type::Any);
        }
        let name = match self.claim(id, place) {
            Claimed::New(name) => name,
            Claimed::Shared(name) => return Some(Type::Named(name)),
        };
        let (mut wires, mut seen) = (Vec::new(), BTreeSet::new());
        wires.extend(schema.texts().map(|(_, wire)| wire).filter(|wire| seen.insert(wire.clone())));
        let told = |all: &BTreeMap<String, String>, wire: &String| all.get(wire).cloned().unwrap_or_default();
        let given: Vec<String> = wires.iter().map(|wire| told(&schema.annotations.value_names, wire)).collect();
        let negative = |wire: &String| wire.replace('-', "Minus");
        let labels: Vec<String> = if texts { wires.clone() } else { wires.iter().map(negative).collect() };
        let (variants, unknown) = names::variants(&labels, &given);
        let value = |(name, wire)| EnumValue { name, doc: told(&schema.annotations.value_docs, &wire), wire };
        let values = variants.into_iter().zip(wires).map(value).collect();
        self.insert(&name, id, place, TypeKind::Enum(Enum { values, unknown, integer: integers }));
        Some(Type::Named(name))
    }

    /// Whether a property is `readOnly` or `writeOnly`, by its own keyword or by what it refers to.
    pub(super) fn marked(&self, property: SchemaId, mark: Mark) -> bool {
        self.model.get(property).is_marked(mark) || marked_by_reference(self.model, property, mark)
    }

    /// Whether values of a schema are secrets, or lists or maps of secrets. A named type has its own `Debug`. If
    /// `untyped` is true, the branches of unions, and the properties in them, are checked too, because no type was
    /// created for them.
    pub(super) fn is_secret(&self, id: SchemaId, untyped: bool) -> bool {
        let mut known = self.secrets.borrow_mut();
        let root = (id, false);
        let mut queue = vec![root];
        let mut seen = HashSet::new();
        while let Some((id, in_branch)) = queue.pop() {
            // Merged schemas share parts, not only by references.
            if !seen.insert((id, in_branch)) {
                continue;
            }
            let schema = match known.get(&(id, in_branch, untyped)) {
                Some(false) => continue,
                Some(true) => None,
                None => Some(self.model.get(id)),
            };
            let is_own =
                |it: &Schema| it.annotations.sensitive == Some(true) || it.format.as_deref() == Some("password");
            let Some(schema) = schema.filter(|it| !is_own(it)) else {
                known.extend([(id, in_branch), root].map(|(id, in_branch)| ((id, in_branch, untyped), true)));
                return true;
            };
            let single = [schema.reference, schema.items, schema.additional.schema(), schema.rest, schema.content];
            let parts = single.into_iter().flatten();
            let parts = parts.chain(schema.prefix.iter().chain(&schema.all_of).flatten().copied());
            queue.extend(parts.map(|part| (part, in_branch)));
            queue.extend(schema.branches().filter(|_| untyped).map(|branch| (branch, true)));
            queue.extend(schema.properties.iter().flatten().filter(|_| in_branch).map(|(_, part)| (*part, true)));
        }
        // Nothing that was followed is a secret.
        known.extend(seen.into_iter().map(|(id, in_branch)| ((id, in_branch, untyped), false)));
        false
    }

    /// [`Types::is_secret`] for a schema that has this type.
    pub(super) fn holds_secret(&self, schema: Option<SchemaId>, ty: &Type) -> bool {
        schema.is_some_and(|schema| self.is_secret(schema, ty.innermost().is_none()))
    }

    /// A schema with its references and `allOf` resolved, for reading only.
    pub(super) fn resolved(&self, id: SchemaId) -> Rc<Schema> {
        self.model.read_resolved(id)
    }

    /// Whether no value of a schema is a list or an object, so that its text is not JSON.
    pub(super) fn is_scalar(&self, id: SchemaId) -> bool {
        let schema = self.resolved(id);
        let is_scalar = |value: &Node| !matches!(value.value, Value::Array(_) | Value::Object(_));
        match schema.ty {
            Some(ty) => !matches!(ty, JsonType::Array | JsonType::Object),
            None => schema.values.as_ref().is_some_and(|values| values.iter().all(is_scalar)),
        }
    }

    /// Whether values of a schema are text or bytes, or have no declared type. The media type then decides how they are
    /// sent.
    pub(super) fn is_text(&self, id: SchemaId) -> bool {
        let schema = self.resolved(id);
        match schema.ty {
            Some(ty) => ty == JsonType::String,
            None => {
                schema.properties.is_none()
                    && schema.additional == Additional::Unsaid
                    && schema.items.is_none()
                    && schema.union().is_none()
            }
        }
    }

    pub(super) fn note(&mut self, kind: Kind, at: &Pointer, node: &impl Placed, reason: impl Into<String>) {
        self.notes.push(Stage::Shape, kind, at, node, reason);
    }

    /// The type without aliases and nullability.
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

/// Whether `unevaluatedProperties` forbids the keys that neither a schema nor its branches declare.
fn leaves_none(schema: &Schema) -> bool {
    schema.further.get("unevaluatedProperties").and_then(Node::as_bool) == Some(false)
}

/// The maximum number of `allOf` in each other. Two recursive schemas that are merged nest as deep as the product of
/// their sizes.
const DEEPEST: usize = 64;
