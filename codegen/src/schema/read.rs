//! Reads the schemas of a document into a model.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Number;

use super::equal::same;
use super::model::{
    Additional, Annotations, Bound, Discriminator, JsonType, Limits, Model, Properties, Schema, SchemaId,
};
use super::normalise::Normaliser;
use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, Object};
use crate::members;
use crate::note::Notes;
use crate::span::Span;

impl Model {
    /// Creates a model for the schemas of a document. The names of all components are registered first, because a
    /// component may refer to a later one.
    pub(crate) fn of(document: &Node) -> Self {
        let mut model = Self::default();
        let components = document.pointer("/components/schemas").and_then(Node::as_object);
        for (name, node) in components.into_iter().flatten() {
            let id = model.add(Schema::any(&node.span));
            model.names.push(name.clone());
            model.by_name.insert(name.clone(), id);
        }
        model.add_parents(document);
        model
    }

    /// Moves a schema from the document into the model, and normalizes it. A null with the schema's span stays in the
    /// tree.
    pub(crate) fn take(&mut self, node: &mut Node, at: &Pointer, notes: &mut Notes) {
        let place = Node::at(Value::Null, &node.span);
        let schema = Reader { model: self, notes }.schema(std::mem::replace(node, place), at);
        match Pointer::split(at.as_str()).unwrap_or_default().as_slice() {
            [components, schemas, name] if components == "components" && schemas == "schemas" => {
                if let Some(id) = self.component(name) {
                    self.set(id, schema);
                }
            }
            _ => {
                let id = self.add(schema);
                self.places.insert(at.clone(), id);
            }
        }
    }
}

struct Reader<'a> {
    model: &'a mut Model,
    notes: &'a mut Notes,
}

impl Reader<'_> {
    /// Reads a subschema.
    fn part(&mut self, node: Node, at: &Pointer) -> SchemaId {
        let schema = self.schema(node, at);
        self.model.add(schema)
    }

    fn parts(&mut self, node: Node, at: &Pointer) -> Option<Vec<SchemaId>> {
        let items = list(node)?.into_iter().enumerate();
        Some(items.map(|(index, item)| self.part(item, &at.join(index))).collect())
    }

    fn properties(&mut self, node: Node, at: &Pointer) -> Option<Properties> {
        match node.value {
            Value::Object(map) => {
                let read = |(name, node): (String, Node)| {
                    let id = self.part(node, &at.join(&name));
                    (name, id)
                };
                Some(map.into_iter().map(read).collect())
            }
            _ => None,
        }
    }

    /// The schema that accepts every item of a tuple.
    fn any_item(&self, span: &Span, prefix: &[SchemaId], rest: Option<SchemaId>) -> SchemaId {
        let model = &*self.model;
        let mut distinct: Vec<SchemaId> = Vec::new();
        for id in prefix.iter().copied().chain(rest) {
            if !distinct.iter().any(|known| same((model, *known), (model, id))) {
                distinct.push(id);
            }
        }
        let any = distinct.iter().copied().find(|id| model.get(*id).is_empty());
        let only = if let [only] = distinct[..] { Some(only) } else { None };
        any.or(only).unwrap_or_else(|| model.add(Schema { any_of: Some(distinct), ..Schema::any(span) }))
    }

    /// Normalizes an object inside a schema that is not a schema itself.
    fn object(&mut self, kind: Object, mut node: Node, at: &Pointer) -> Node {
        members::values(kind, &mut node, at, self.notes);
        if kind == Object::Xml
            && let Some(kind) = node.take("nodeType")
            // 3.2 has `nodeType: attribute` in place of `attribute: true`, and adds kinds of nodes.
            && kind.as_str() == Some("attribute")
        {
            node.set("attribute", true);
        }
        members::unknown(kind, &mut node, at, self.notes);
        node
    }

    fn schema(&mut self, mut node: Node, at: &Pointer) -> Schema {
        let further = Normaliser { notes: self.notes }.schema(&mut node, at);
        let value_names = of_values(&mut node, ["x-enum-varnames", "x-enumNames"]);
        let value_docs = of_values(&mut node, ["x-enum-descriptions", "x-enumDescriptions"]);
        let Node { value, span } = node;
        let mut schema = Schema { further, ..Schema::any(&span) };
        (schema.annotations.value_names, schema.annotations.value_docs) = (value_names, value_docs);
        let Value::Object(members) = value else { return schema };
        let closed_tuple = members.contains_key("prefixItems");
        let (mut excluded, mut closed) = ((false, false), false);
        for (key, node) in members {
            let at = &at.join(&key);
            let limits = &mut schema.limits;
            match key.as_str() {
                // `lower` has resolved every reference, so a component has this name.
                "$ref" => {
                    let name = node.as_str().and_then(grammar::component_name);
                    schema.reference = name.and_then(|name| self.model.component(&name));
                }
                "type" => schema.ty = node.as_str().and_then(JsonType::parse),
                "format" => schema.format = text(node),
                "enum" => schema.values = list(node),
                "properties" => schema.properties = self.properties(node, at),
                "required" => schema.required = texts(node),
                "additionalProperties" => {
                    schema.additional = match node.value {
                        Value::Bool(true) => Additional::Any,
                        Value::Bool(false) => Additional::Closed,
                        _ => Additional::Schema(self.part(node, at)),
                    }
                }
                // Beside `prefixItems`, `items: false` means that there are no further items.
                "items" if closed_tuple && node.as_bool() == Some(false) => closed = true,
                "items" => schema.items = Some(self.part(node, at)),
                "prefixItems" => schema.prefix = self.parts(node, at),
                "x-json-text" => schema.content = Some(self.part(node, at)),
                "allOf" => schema.all_of = self.parts(node, at),
                "oneOf" => schema.one_of = self.parts(node, at),
                "anyOf" => schema.any_of = self.parts(node, at),
                "not" => schema.not = Some(self.part(node, at)),
                "discriminator" => {
                    schema.discriminator = discriminator(self.object(Object::Discriminator, node, at));
                }
                "nullable" => schema.nullable = node.as_bool(),
                "readOnly" => schema.read_only = node.as_bool(),
                "writeOnly" => schema.write_only = node.as_bool(),
                "default" => schema.default = Some(node),
                "xml" => schema.xml = Some(self.object(Object::Xml, node, at)),
                "externalDocs" => {
                    let node = self.object(Object::ExternalDocs, node, at);
                    schema.annotations.others.insert(key, node);
                }
                "minimum" => limits.minimum = number(&node).map(|value| Bound { value, excluded: false }),
                "maximum" => limits.maximum = number(&node).map(|value| Bound { value, excluded: false }),
                "exclusiveMinimum" => excluded.0 = node.as_bool() == Some(true),
                "exclusiveMaximum" => excluded.1 = node.as_bool() == Some(true),
                "multipleOf" => limits.multiple_of.extend(number(&node)),
                "minLength" => limits.min_length = count(&node),
                "maxLength" => limits.max_length = count(&node),
                "pattern" => limits.pattern.extend(text(node)),
                "minItems" => limits.min_items = count(&node),
                "maxItems" => limits.max_items = count(&node),
                "uniqueItems" => limits.unique_items = node.as_bool(),
                "minProperties" => limits.min_properties = count(&node),
                "maxProperties" => limits.max_properties = count(&node),
                _ => annotation(&mut schema.annotations, key, node),
            }
        }
        if let Some(prefix) = &schema.prefix {
            if !closed {
                let rest = schema.items.take();
                schema.rest = Some(rest.unwrap_or_else(|| self.model.add(Schema::any(&span))));
            }
            schema.items = Some(self.any_item(&span, prefix, schema.rest));
        }
        let Limits { minimum, maximum, .. } = &mut schema.limits;
        for (bound, excluded) in [(minimum, excluded.0), (maximum, excluded.1)] {
            if let Some(bound) = bound {
                bound.excluded = excluded;
            }
        }
        schema
    }
}

/// Reads an annotation. `normalise` has removed every keyword that is neither known nor an annotation.
fn annotation(annotations: &mut Annotations, key: String, node: Node) {
    match key.as_str() {
        "title" => annotations.title = text(node),
        "description" => annotations.description = text(node),
        "deprecated" => annotations.deprecated = node.as_bool(),
        "x-rust-name" => annotations.rust_name = text(node),
        "x-speakeasy-name-override" => annotations.other_name = text(node),
        "x-sensitive" => annotations.sensitive = node.as_bool(),
        "x-aliases" => annotations.aliases = texts(node),
        "x-null-is-absent" => annotations.null_is_absent = node.as_bool(),
        _ => drop(annotations.others.insert(key, node)),
    }
}

fn discriminator(mut node: Node) -> Option<Discriminator> {
    let property = text(node.take("propertyName")?)?;
    let mapping = match node.take("mapping").map(|mapping| mapping.value) {
        Some(Value::Object(map)) => map.into_iter().filter(|(_, to)| to.as_str().is_some()).collect(),
        _ => IndexMap::new(),
    };
    let default = node.take("defaultMapping").filter(|to| to.as_str().is_some());
    let others = match node.value {
        Value::Object(others) => others,
        _ => Map::new(),
    };
    Some(Discriminator { property, mapping, default, others })
}

/// What a schema says about each value of its enum: a list in the order of the values, or an object by the values. Of two
/// keys, the first one counts. A list of another length says nothing.
fn of_values(node: &mut Node, keys: [&str; 2]) -> BTreeMap<String, String> {
    let [first, second] = keys.map(|key| node.take(key));
    let Some(told) = first.or(second) else { return BTreeMap::new() };
    let told: Vec<(Option<String>, Node)> = match told.value {
        Value::Object(map) => map.into_iter().map(|(key, node)| (Some(key), node)).collect(),
        Value::Array(items) => {
            let values = node.get("enum").and_then(Node::as_array).unwrap_or_default();
            let fits = values.len() == items.len();
            values.iter().map(|value| members::text(&value.value)).zip(items).filter(|_| fits).collect()
        }
        _ => Vec::new(),
    };
    told.into_iter().filter_map(|(value, node)| Some((value?, text(node).filter(|text| !text.is_empty())?))).collect()
}

fn text(node: Node) -> Option<String> {
    match node.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn texts(node: Node) -> Vec<String> {
    list(node).into_iter().flatten().filter_map(text).collect()
}

fn list(node: Node) -> Option<Vec<Node>> {
    match node.value {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

fn number(node: &Node) -> Option<Number> {
    match &node.value {
        Value::Number(number) => Some(number.clone()),
        _ => None,
    }
}

fn count(node: &Node) -> Option<u64> {
    number(node).as_ref().and_then(Number::as_u64)
}
