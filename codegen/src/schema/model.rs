//! The typed schemas of one document, and the arena that owns them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::Number;

use crate::document::{Map, Node, Pointer, Value};
use crate::members;
use crate::span::{Placed, Span};

/// The index of a schema in its [`Model`]. The components come first, in the order of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SchemaId(pub(super) usize);

/// Properties in the order of the document.
pub(crate) type Properties = IndexMap<String, SchemaId>;

/// A JSON type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonType {
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl JsonType {
    /// The name of the type in a document.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    pub(super) fn is_scalar(self) -> bool {
        !matches!(self, Self::Array | Self::Object)
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let all = [Self::Boolean, Self::Integer, Self::Number, Self::String, Self::Array, Self::Object];
        all.into_iter().find(|known| known.name() == name)
    }
}

/// A schema. Its subschemas (in `allOf`, `oneOf`, `properties` and others) are other schemas of the same model.
///
/// An `Option` or an empty list means that the document does not have the keyword.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) span: Span,
    /// The component that it refers to. A reference has no other keywords: the siblings of `$ref` become parts of an
    /// `allOf`.
    pub(crate) reference: Option<SchemaId>,
    /// The type of its values, apart from null. Several types become the branches of a union.
    pub(crate) ty: Option<JsonType>,
    pub(crate) format: Option<String>,
    /// The values of `enum`, or the single value of `const`.
    pub(crate) values: Option<Vec<Node>>,
    pub(crate) properties: Option<Properties>,
    pub(crate) required: Vec<String>,
    pub(crate) additional: Additional,
    pub(crate) items: Option<SchemaId>,
    /// The schemas of the first items, by position.
    pub(crate) prefix: Option<Vec<SchemaId>>,
    /// The schema of the items after `prefix`. A closed tuple has none.
    pub(crate) rest: Option<SchemaId>,
    /// The schema of the JSON that a string contains.
    pub(crate) content: Option<SchemaId>,
    pub(crate) all_of: Option<Vec<SchemaId>>,
    pub(crate) one_of: Option<Vec<SchemaId>>,
    pub(crate) any_of: Option<Vec<SchemaId>>,
    pub(crate) not: Option<SchemaId>,
    pub(crate) discriminator: Option<Discriminator>,
    pub(crate) nullable: Option<bool>,
    pub(crate) read_only: Option<bool>,
    pub(crate) write_only: Option<bool>,
    pub(crate) default: Option<Node>,
    pub(crate) xml: Option<Node>,
    pub(crate) limits: Limits,
    /// The keywords that only constrain values and that no type depends on (`if`, `contains`, ...), without their
    /// descriptions.
    pub(crate) further: Map,
    /// Set by `allOf`: the constraints of its parts that its other keywords cannot express. A value has to fit all of
    /// these too. No type depends on them.
    pub(crate) also: BTreeSet<SchemaId>,
    /// The keywords that describe values and do not constrain them.
    pub(crate) annotations: Annotations,
}

/// The value of `additionalProperties`, which applies to the keys that are not named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Additional {
    #[default]
    Unsaid,
    /// `true`
    Any,
    /// `false`
    Closed,
    Schema(SchemaId),
}

impl Additional {
    pub(crate) fn schema(self) -> Option<SchemaId> {
        match self {
            Self::Schema(id) => Some(id),
            Self::Unsaid | Self::Any | Self::Closed => None,
        }
    }
}

/// How the branches of a union are distinguished.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Discriminator {
    pub(crate) property: String,
    /// The values of the property, each with its target as the document has it: a reference or a name.
    pub(crate) mapping: IndexMap<String, Node>,
    /// The target for other values.
    pub(crate) default: Option<Node>,
    /// Its extensions.
    pub(super) others: Map,
}

/// The limits on values. The server checks them, and the client does not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    pub(crate) minimum: Option<Bound>,
    pub(crate) maximum: Option<Bound>,
    /// The numbers that a value has to be a multiple of. One schema has at most one; an `allOf` has those of its parts.
    pub(crate) multiple_of: Vec<Number>,
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    /// The patterns that a text has to match. One schema has at most one; an `allOf` has those of its parts.
    pub(crate) pattern: Vec<String>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    pub(crate) unique_items: Option<bool>,
    pub(crate) min_properties: Option<u64>,
    pub(crate) max_properties: Option<u64>,
}

/// A minimum or a maximum.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bound {
    pub(crate) value: Number,
    /// Whether the value itself is excluded.
    pub(crate) excluded: bool,
}

#[cfg(feature = "diff")]
impl Bound {
    /// The inclusive bound on a length.
    pub(crate) fn of_count(count: Option<u64>) -> Option<Self> {
        count.map(|count| Self { value: count.into(), excluded: false })
    }
}

/// Keywords that describe values and do not constrain them, and the hints for the generator.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Annotations {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) deprecated: Option<bool>,
    /// `x-rust-name`
    pub(crate) rust_name: Option<String>,
    /// `x-speakeasy-name-override`
    pub(crate) other_name: Option<String>,
    /// `x-enum-varnames` or `x-enumNames`: the names of the values of an enum, by the text of each value.
    pub(crate) value_names: BTreeMap<String, String>,
    /// `x-enum-descriptions` or `x-enumDescriptions`: the descriptions of the values, by the text of each value.
    pub(crate) value_docs: BTreeMap<String, String>,
    /// `x-sensitive`
    pub(crate) sensitive: Option<bool>,
    /// `x-aliases`: other keys that the property is read from.
    pub(crate) aliases: Vec<String>,
    /// `x-null-is-absent`
    pub(crate) null_is_absent: Option<bool>,
    /// Set by `diff`: whether the enum allows other values of its type too.
    pub(crate) open: Option<bool>,
    /// Set by `diff`: the sets of properties of which one is required, as text for messages.
    pub(crate) either: Option<String>,
    /// Set by `allOf` of parts that contradict each other.
    pub(crate) torn: Option<Torn>,
    /// Examples, links to documentation, and extensions that no stage reads.
    pub(super) others: Map,
}

/// What the parts of an `allOf` contradict each other in, so that they allow no common value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Torn {
    /// The types, or too many schemas to merge. Any value is accepted.
    Types,
    /// The values of enums. Those of the later part are known.
    Values,
}

impl Annotations {
    /// The type name that a hint sets.
    pub(crate) fn given_name(&self) -> Option<&str> {
        self.rust_name.as_deref().or(self.other_name.as_deref())
    }
}

/// A keyword that hides a property from one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    ReadOnly,
    WriteOnly,
}

impl Schema {
    /// A schema without keywords, which allows any value.
    pub(crate) fn any(span: &Span) -> Self {
        Self {
            span: span.clone(),
            reference: None,
            ty: None,
            format: None,
            values: None,
            properties: None,
            required: Vec::new(),
            additional: Additional::Unsaid,
            items: None,
            prefix: None,
            rest: None,
            content: None,
            all_of: None,
            one_of: None,
            any_of: None,
            not: None,
            discriminator: None,
            nullable: None,
            read_only: None,
            write_only: None,
            default: None,
            xml: None,
            limits: Limits::default(),
            further: Map::new(),
            also: BTreeSet::new(),
            annotations: Annotations::default(),
        }
    }

    /// The keyword and the branches of its union, if it has one.
    pub(crate) fn union(&self) -> Option<(&'static str, &[SchemaId])> {
        let one_of = self.one_of.as_deref().map(|branches| ("oneOf", branches));
        one_of.or_else(|| self.any_of.as_deref().map(|branches| ("anyOf", branches)))
    }

    /// Removes the union that [`Schema::union`] returns.
    #[cfg(feature = "diff")]
    pub(crate) fn take_union(&mut self) {
        match self.one_of {
            Some(_) => self.one_of = None,
            None => self.any_of = None,
        }
    }

    /// The branches of `oneOf` and of `anyOf`.
    pub(crate) fn branches(&self) -> impl Iterator<Item = SchemaId> {
        self.one_of.iter().chain(&self.any_of).flatten().copied()
    }

    pub(crate) fn is_nullable(&self) -> bool {
        self.nullable == Some(true)
    }

    pub(crate) fn is_marked(&self, mark: Mark) -> bool {
        let said = match mark {
            Mark::ReadOnly => self.read_only,
            Mark::WriteOnly => self.write_only,
        };
        said == Some(true)
    }

    /// The property with a name.
    pub(crate) fn property(&self, name: &str) -> Option<SchemaId> {
        self.properties.as_ref()?.get(name).copied()
    }

    /// The values of an enum with their texts, apart from null, lists and objects.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&Node, String)> {
        self.values.iter().flatten().filter_map(|value| Some((value, members::text(&value.value)?)))
    }

    /// The values of an enum, apart from null.
    pub(crate) fn present_values(&self) -> impl Iterator<Item = &Node> + Clone {
        self.values.iter().flatten().filter(|value| !value.is_null())
    }

    /// Whether it is an enum of this type, apart from null. All values must be strings, or all must be 64-bit integers.
    pub(crate) fn is_enum_of(&self, kind: JsonType) -> bool {
        let typed = match self.ty {
            None => true,
            Some(JsonType::Number) => kind == JsonType::Integer,
            Some(own) => own == kind,
        };
        let mut present = self.present_values().peekable();
        typed
            && present.peek().is_some()
            && present.all(|value| match &value.value {
                Value::String(_) => kind == JsonType::String,
                Value::Number(number) => kind == JsonType::Integer && number.is_i64(),
                _ => false,
            })
    }

    /// Whether it constrains nothing, not even by keywords that no Rust type depends on.
    pub(crate) fn says_nothing(&self) -> bool {
        self.only_describes() && self.further.is_empty() && self.also.is_empty()
    }

    /// Whether it has no keyword that constrains values.
    pub(crate) fn only_describes(&self) -> bool {
        self.requires_nothing_but(&[])
    }

    /// Whether `allOf` and the keywords of `Constraint::Use` are its only constraints.
    pub(crate) fn is_only_all_of(&self) -> bool {
        self.requires_nothing_but(&[Constraint::AllOf, Constraint::Use])
    }

    /// Whether `allOf` is its only constraint.
    pub(crate) fn describes_all_of(&self) -> bool {
        self.requires_nothing_but(&[Constraint::AllOf])
    }

    /// Whether `required` and `not` are its only constraints.
    pub(crate) fn only_requires(&self) -> bool {
        self.requires_nothing_but(&[Constraint::Required, Constraint::Not])
    }

    /// Whether a type is its only constraint.
    pub(crate) fn is_only_a_type(&self) -> bool {
        self.requires_nothing_but(&[Constraint::Type, Constraint::Nullable])
    }

    /// Whether unions are its only constraints.
    pub(crate) fn is_only_a_union(&self) -> bool {
        self.requires_nothing_but(&[Constraint::Union])
    }

    /// Whether it has no keywords.
    pub(crate) fn is_empty(&self) -> bool {
        self.only_describes() && self.annotations == Annotations::default()
    }

    /// Whether it has no constraints other than the ignored ones.
    fn requires_nothing_but(&self, ignored: &[Constraint]) -> bool {
        let Self {
            span: _,
            annotations: _,
            reference,
            ty,
            format,
            values,
            properties,
            required,
            additional,
            items,
            prefix,
            rest,
            content,
            all_of,
            one_of,
            any_of,
            not,
            discriminator,
            nullable,
            read_only,
            write_only,
            default,
            xml,
            limits,
            // No type depends on these.
            further: _,
            also: _,
        } = self;
        let ignores = |constraint: Constraint| ignored.contains(&constraint);
        reference.is_none()
            && (ty.is_none() || ignores(Constraint::Type))
            && format.is_none()
            && values.is_none()
            && properties.is_none()
            && (required.is_empty() || ignores(Constraint::Required))
            && *additional == Additional::Unsaid
            && items.is_none()
            && prefix.is_none()
            && rest.is_none()
            && content.is_none()
            && (all_of.is_none() || ignores(Constraint::AllOf))
            && ((one_of.is_none() && any_of.is_none()) || ignores(Constraint::Union))
            && (not.is_none() || ignores(Constraint::Not))
            && discriminator.is_none()
            && (nullable.is_none() || ignores(Constraint::Use) || ignores(Constraint::Nullable))
            && ((read_only.is_none() && write_only.is_none() && default.is_none() && xml.is_none())
                || ignores(Constraint::Use))
            && *limits == Limits::default()
    }

    /// The direct subschemas, properties first. A reference has none. The `items` of a tuple are not included, because they are built
    /// from its other parts.
    pub(crate) fn parts(&self) -> Vec<SchemaId> {
        let Self {
            properties,
            additional,
            items,
            prefix,
            rest,
            content,
            all_of,
            one_of,
            any_of,
            not,
            span: _,
            reference: _,
            ty: _,
            format: _,
            values: _,
            required: _,
            discriminator: _,
            nullable: _,
            read_only: _,
            write_only: _,
            default: _,
            xml: _,
            limits: _,
            further: _,
            // These are not in the document, and are compared by `diff` alone.
            also: _,
            annotations: _,
        } = self;
        let lists = [prefix, all_of, one_of, any_of].into_iter().flatten().flatten().copied();
        let items = items.filter(|_| prefix.is_none());
        let single = [additional.schema(), items, *rest, *content, *not].into_iter().flatten();
        properties.iter().flat_map(Properties::values).copied().chain(lists).chain(single).collect()
    }
}

/// Groups of keywords that a caller may ignore when it asks whether a schema constrains values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Constraint {
    Type,
    Required,
    AllOf,
    Union,
    Not,
    Nullable,
    /// The keywords that belong to the place of use: `nullable`, `readOnly`, `writeOnly`, `default`, `xml`.
    Use,
}

/// A schema that others extend, and these.
#[derive(Clone, Debug)]
pub(super) struct Family {
    /// The schema for the parent's own keywords. `None` if there are too many children for a union.
    pub(super) own: Option<SchemaId>,
    pub(super) children: Vec<SchemaId>,
}

impl Placed for Schema {
    fn span(&self) -> &Span {
        &self.span
    }
}

/// The schemas of one document. Stages add schemas that they derive from others. Schemas are not changed or removed, so
/// an id is valid as long as its model.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// Each schema is in an [`Rc`], so that it can be read while others are added.
    schemas: RefCell<Vec<Rc<Schema>>>,
    /// The names of the components. The id of each is its index.
    pub(super) names: Vec<String>,
    pub(super) by_name: HashMap<String, SchemaId>,
    /// The schemas that others extend, and their children.
    pub(super) families: BTreeMap<SchemaId, Family>,
    /// The parents, by the schemas for their own keywords.
    pub(super) owners: HashMap<SchemaId, SchemaId>,
    /// The schemas of parameters, media types and headers, by place.
    pub(super) places: BTreeMap<Pointer, SchemaId>,
    /// The results of [`Model::resolved`] for schemas with `allOf`.
    pub(super) flat: RefCell<HashMap<SchemaId, SchemaId>>,
    /// The merged schemas for properties that two parts of an `allOf` describe, by the ids of both schemas.
    pub(super) both: RefCell<HashMap<(SchemaId, SchemaId), SchemaId>>,
    /// The number of those that are an `allOf` of both schemas.
    pub(super) united: Cell<usize>,
    /// The number of parts and properties in those.
    pub(super) members: Cell<usize>,
    /// The number of schemas that were followed to find what others extend.
    pub(super) followed: Cell<usize>,
}

impl Model {
    pub(crate) fn get(&self, id: SchemaId) -> Rc<Schema> {
        // Ids come from `add`, and schemas are never removed, so the index exists.
        Rc::clone(&self.schemas.borrow()[id.0])
    }

    pub(crate) fn add(&self, schema: Schema) -> SchemaId {
        let mut schemas = self.schemas.borrow_mut();
        schemas.push(Rc::new(schema));
        SchemaId(schemas.len() - 1)
    }

    /// Replaces a schema. Call this only before any stage has used the model.
    pub(crate) fn set(&mut self, id: SchemaId, schema: Schema) {
        self.schemas.get_mut()[id.0] = Rc::new(schema);
    }

    /// The ids of all schemas so far: first the components, then the other schemas, each before its subschemas.
    #[cfg(feature = "diff")]
    pub(crate) fn outermost_first(&self) -> impl Iterator<Item = SchemaId> + use<> {
        let all = self.schemas.borrow().len();
        // A schema is added after its subschemas.
        (0..self.names.len()).chain((self.names.len()..all).rev()).map(SchemaId)
    }

    /// The schema at the end of a chain of references. A longer chain is treated as a cycle.
    pub(crate) fn target(&self, id: SchemaId) -> SchemaId {
        let mut id = id;
        for _ in 0..16 {
            let Some(target) = self.get(id).reference else { break };
            id = target;
        }
        id
    }

    /// The components in the order of the document.
    pub(crate) fn components(&self) -> impl Iterator<Item = SchemaId> + use<> {
        (0..self.names.len()).map(SchemaId)
    }

    pub(crate) fn component(&self, name: &str) -> Option<SchemaId> {
        self.by_name.get(name).copied()
    }

    /// The name of a component; `None` for a schema that is not one.
    pub(crate) fn name(&self, id: SchemaId) -> Option<&str> {
        self.names.get(id.0).map(String::as_str)
    }

    /// The schema of a parameter, a media type or a header. `place` points to the `schema` or `itemSchema` member
    /// itself.
    pub(crate) fn at(&self, place: &Pointer) -> Option<SchemaId> {
        self.places.get(place).copied()
    }

    /// The schemas of the parameters, media types and headers at a place and below it.
    pub(crate) fn within<'a>(&'a self, place: &'a Pointer) -> impl Iterator<Item = SchemaId> + 'a {
        // The map sorts places as text. So the places below `place` are in one range, and all begin with its text.
        let below = self.places.range(place..).take_while(|(at, _)| at.as_str().starts_with(place.as_str()));
        below.filter(|(at, _)| at.is_within(place)).map(|(_, id)| *id)
    }

    /// Calls `visit` for a schema and all its subschemas, outermost first. References are not followed.
    pub(crate) fn walk(&self, id: SchemaId, visit: &mut impl FnMut(&Schema)) {
        let schema = self.get(id);
        visit(&schema);
        schema.parts().into_iter().for_each(|part| self.walk(part, visit));
    }

    /// The components that a schema refers to directly.
    pub(crate) fn references(&self, id: SchemaId) -> Vec<SchemaId> {
        let mut found = Vec::new();
        self.walk(id, &mut |schema| found.extend(schema.reference));
        found
    }

    /// The components that can be reached from some schemas, by any chain of references.
    pub(crate) fn reached(&self, from: impl IntoIterator<Item = SchemaId>) -> BTreeSet<SchemaId> {
        let mut reached = BTreeSet::new();
        let mut queue: Vec<SchemaId> = from.into_iter().flat_map(|id| self.references(id)).collect();
        while let Some(id) = queue.pop() {
            if reached.insert(id) {
                queue.extend(self.references(id));
            }
        }
        reached
    }
}
