//! Inspects a schema of one document, with references and the `allOf` around it resolved: its Rust kind, values and
//! keys.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::document::{Node, Value};
use crate::schema::{Additional, JsonType, Schema, SchemaId, Torn};

use super::canonical::whole_bounds;
use super::compare::{Side, Way};

/// A schema with its references and the `allOf` around it resolved.
pub(super) struct Looked {
    /// The component, if it is one.
    pub(super) component: Option<SchemaId>,
    pub(super) schema: Rc<Schema>,
    pub(super) nullable: bool,
    pub(super) read_only: bool,
    pub(super) write_only: bool,
    pub(super) deprecated: bool,
    /// Whether an enum accepts other values too.
    pub(super) open: bool,
    pub(super) default: Option<Node>,
    /// The further constraints at the place of use, which an `allOf` could not merge.
    pub(super) also: BTreeSet<SchemaId>,
    /// The description at the place of use.
    pub(super) description: String,
}

/// The maximum length of a chain of references. A longer chain is treated as a cycle.
const LONGEST_CHAIN: usize = 32;

pub(super) fn look(side: Side<'_>, id: SchemaId) -> Looked {
    walk(side, id, true)
}

/// Like [`look`], but does not flatten `allOf`. Use it for the properties at the place of use.
pub(super) fn glance(side: Side<'_>, id: SchemaId) -> Looked {
    walk(side, id, false)
}

fn walk(side: Side<'_>, id: SchemaId, flat: bool) -> Looked {
    let model = side.schemas;
    let mut current = model.get(id);
    let mut looked = Looked {
        component: None,
        schema: Rc::clone(&current),
        nullable: false,
        read_only: false,
        write_only: false,
        deprecated: false,
        open: false,
        default: None,
        also: BTreeSet::new(),
        description: String::new(),
    };
    let mut id = id;
    for _ in 0..LONGEST_CHAIN {
        looked.mark(&current);
        looked.schema = Rc::clone(&current);
        if looked.component.is_none() {
            looked.also.extend(&current.also);
        }
        let next = match (current.reference, &current.all_of) {
            (Some(target), _) => {
                looked.component = Some(target);
                target
            }
            (None, None) => break,
            (None, Some(parts)) => {
                let (silent, telling): (Vec<SchemaId>, Vec<SchemaId>) =
                    parts.iter().partition(|part| model.get(**part).says_nothing());
                match telling.as_slice() {
                    [only] if current.is_only_all_of() && current.further.is_empty() => {
                        silent.into_iter().for_each(|part| looked.mark(&model.get(part)));
                        *only
                    }
                    _ => {
                        if flat {
                            looked.schema = settled(model.get(model.flatten(id)));
                            fill(&mut looked.default, &looked.schema.default);
                        }
                        break;
                    }
                }
            }
        };
        id = next;
        current = model.get(id);
    }
    looked
}

/// A merged schema in its simplest form, like the schemas of a canonical document. Two unions of several parts are compared
/// as constraints: see [`Schema::also`].
fn settled(schema: Rc<Schema>) -> Rc<Schema> {
    let has_two_unions = schema.one_of.is_some() && schema.any_of.is_some();
    if !has_two_unions && schema.ty != Some(JsonType::Integer) {
        return schema;
    }
    let mut settled = (*schema).clone();
    if has_two_unions {
        (settled.one_of, settled.any_of) = (None, None);
    }
    whole_bounds(&mut settled);
    Rc::new(settled)
}

fn fill(default: &mut Option<Node>, other: &Option<Node>) {
    if default.is_none() {
        default.clone_from(other);
    }
}

impl Looked {
    fn mark(&mut self, schema: &Schema) {
        let annotations = &schema.annotations;
        self.nullable |= schema.is_nullable();
        self.read_only |= schema.read_only == Some(true);
        self.write_only |= schema.write_only == Some(true);
        self.deprecated |= self.component.is_none() && annotations.deprecated == Some(true);
        self.open |= annotations.open == Some(true);
        fill(&mut self.default, &schema.default);
        if self.description.is_empty() && self.component.is_none() {
            self.description = annotations.description.as_deref().map(str::trim).unwrap_or_default().to_owned();
        }
    }

    /// Whether the value is left out in this direction.
    pub(super) fn hidden(&self, way: Way) -> bool {
        match way {
            Way::Request => self.read_only,
            Way::Response | Way::Unread => self.write_only,
        }
    }

    /// The kind of its Rust type.
    pub(super) fn kind(&self) -> &'static str {
        let schema = &*self.schema;
        let named = schema.properties.as_ref().is_some_and(|properties| !properties.is_empty());
        if alternatives(schema).is_some() {
            return "one of several";
        }
        match schema.ty {
            Some(JsonType::Integer) => match schema.format.as_deref() {
                Some("int32" | "int16" | "int8") => "integer (32 bits)",
                Some("uint32" | "uint16" | "uint8") => "integer (32 bits, unsigned)",
                Some("uint64") => "integer (64 bits, unsigned)",
                _ => "integer",
            },
            Some(JsonType::Number) => "number",
            Some(JsonType::String) => "string",
            Some(JsonType::Boolean) => "boolean",
            Some(JsonType::Array) | None if schema.prefix.is_some() => "tuple",
            Some(JsonType::Array) => "array",
            None if schema.items.is_some() => "array",
            None if schema.values.is_some() => "string",
            None if !named && schema.additional == Additional::Unsaid => "anything",
            // A component without properties is an object that may get properties later.
            None | Some(JsonType::Object) => match schema.additional {
                _ if named => "object",
                Additional::Any | Additional::Schema(_) => "map",
                Additional::Unsaid | Additional::Closed if self.component.is_some() => "object",
                Additional::Unsaid | Additional::Closed => "map",
            },
        }
    }

    /// The kind for messages, with the format where it makes a difference.
    pub(super) fn told(&self) -> String {
        match (&self.schema.format, self.kind()) {
            (Some(format), kind) if !matches!(kind, "object" | "map" | "array" | "tuple" | "anything") => {
                format!("{} ({format})", kind.split(" (").next().unwrap_or(kind))
            }
            (_, kind) => kind.to_owned(),
        }
    }
}

/// The branches of a union, and its keyword.
pub(super) fn alternatives(schema: &Schema) -> Option<(&'static str, &[SchemaId])> {
    schema.union().filter(|(_, branches)| !branches.is_empty())
}

/// The last segment of a component's name, or its Rust name in a hint.
pub(super) fn rust_name(side: Side<'_>, component: SchemaId) -> String {
    let schema = side.schemas.get(component);
    schema.annotations.given_name().unwrap_or_else(|| last(side.name(component))).to_owned()
}

pub(super) fn last(component: &str) -> &str {
    component.rsplit('.').next().unwrap_or(component)
}

/// The values of an enum as JSON text.
pub(super) fn values(schema: &Schema) -> BTreeSet<String> {
    schema.present_values().map(|value| value.to_json().to_string()).collect()
}

/// The schema for keys, or for items, that are not named.
#[derive(Clone, Copy)]
pub(super) enum Extra {
    Open,
    Closed,
    Typed(SchemaId),
}

impl Extra {
    /// Reads what a schema allows for the keys that it does not name.
    pub(super) fn of_keys(side: Side<'_>, schema: &Schema) -> Self {
        match schema.additional {
            Additional::Closed => Self::Closed,
            Additional::Schema(id) => Self::typed(side, id),
            Additional::Any | Additional::Unsaid => Self::Open,
        }
    }

    /// Reads what a schema allows for the items after those that it lists.
    pub(super) fn of_items(side: Side<'_>, schema: &Schema) -> Self {
        schema.rest.map_or(Self::Closed, |id| Self::typed(side, id))
    }

    fn typed(side: Side<'_>, id: SchemaId) -> Self {
        if side.schemas.get(id).only_describes() { Self::Open } else { Self::Typed(id) }
    }

    /// Whether both are open, or both are closed.
    pub(super) fn is_like(self, other: Self) -> bool {
        matches!((self, other), (Self::Open, Self::Open) | (Self::Closed, Self::Closed))
    }
}

/// The constraints of a schema that are not numbers: sets of properties of which one is required, the values of a
/// schema that is not an enum in Rust, and required properties without a schema.
pub(super) fn further_limits(looked: &Looked) -> BTreeSet<String> {
    let schema = &*looked.schema;
    let either = schema.annotations.either.as_ref().map(|text| format!("has to have {text}"));
    let torn = schema.annotations.torn == Some(Torn::Values);
    let torn = torn.then(|| "has no value that all parts of its `allOf` allow".to_owned());
    // Such a part does not hide the property in the client.
    let read_only = (schema.read_only == Some(true) && !looked.read_only).then_some("is read-only");
    let write_only = (schema.write_only == Some(true) && !looked.write_only).then_some("is write-only");
    let marked = read_only.into_iter().chain(write_only).map(|what| format!("{what} by a part of its `allOf`"));
    let only_null = schema.values.is_some() && schema.present_values().next().is_none();
    let only_null = only_null.then(|| "is always null".to_owned());
    let exclusive = schema.one_of.as_ref().is_some_and(|branches| branches.len() > 1);
    let exclusive = exclusive.then(|| "has to fit exactly one of its alternatives".to_owned());
    let values = match looked.kind() {
        _ if listed(looked) => None,
        "boolean" if values(schema).len() > 1 => None,
        _ => {
            let values = values(schema);
            (!values.is_empty()).then(|| format!("is one of {}", values.into_iter().collect::<Vec<_>>().join(", ")))
        }
    };
    // Required properties that the schema does not describe.
    let strangers = schema.required.iter().filter(|name| schema.property(name).is_none());
    let strangers = strangers.map(|name| format!("has to have {name}"));
    let told = either.into_iter().chain(torn).chain(exclusive).chain(only_null);
    told.chain(marked).chain(values).chain(strangers).collect()
}

/// Whether a schema with values is an enum in Rust.
pub(super) fn listed(looked: &Looked) -> bool {
    let mut present = looked.schema.present_values().peekable();
    let some = present.peek().is_some();
    let texts = present.clone().all(|value| value.as_str().is_some());
    let integers = present.all(|value| matches!(&value.value, Value::Number(number) if number.is_i64()));
    some && match looked.kind() {
        "string" => texts,
        "number" => integers,
        kind => kind.starts_with("integer") && integers,
    }
}
