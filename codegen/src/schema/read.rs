//! Reads the schemas of a normalized tree into a model. The tree keeps everything else.

use serde_json::Number;

use super::model::{
    Additional, Annotations, Bound, Discriminator, JsonType, Limits, Model, Properties, Schema, SchemaId,
};
use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, Object};

impl Model {
    /// Moves all schemas of a normalized document into a model. No later stage can read a schema from the tree.
    pub(crate) fn take(document: &mut Node) -> Self {
        let mut model = Self::default();
        let components = document.get_mut("components").and_then(|components| components.take("schemas"));
        let components = match components.map(|schemas| schemas.value) {
            Some(Value::Object(schemas)) => schemas,
            _ => Map::new(),
        };
        // All names first, because a component may refer to a later one.
        for (name, node) in &components {
            let id = model.add(Schema::any(&node.span));
            model.names.push(name.clone());
            model.by_name.insert(name.clone(), id);
        }
        let ids = model.components();
        for (id, node) in ids.zip(components.into_values()) {
            let schema = model.read(node);
            model.set(id, schema);
        }
        Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, node, at| {
            let members: &[&str] = match kind {
                Object::MediaType => &["schema", "itemSchema"],
                Object::Parameter | Object::Header => &["schema"],
                _ => return,
            };
            for member in members {
                if let Some(node) = node.take(member) {
                    let id = model.part(node);
                    model.places.insert(at.join(member), id);
                }
            }
        });
        model
    }

    /// Reads a schema within another object.
    fn part(&mut self, node: Node) -> SchemaId {
        let schema = self.read(node);
        self.add(schema)
    }

    fn parts(&mut self, node: Node) -> Option<Vec<SchemaId>> {
        match node.value {
            Value::Array(items) => Some(items.into_iter().map(|item| self.part(item)).collect()),
            _ => None,
        }
    }

    fn properties(&mut self, node: Node) -> Option<Properties> {
        match node.value {
            Value::Object(map) => Some(map.into_iter().map(|(name, node)| (name, self.part(node))).collect()),
            _ => None,
        }
    }

    fn read(&mut self, node: Node) -> Schema {
        let Node { value, span } = node;
        let mut schema = Schema::any(&span);
        let Value::Object(members) = value else { return schema };
        let mut excluded = (false, false);
        for (key, node) in members {
            let limits = &mut schema.limits;
            match key.as_str() {
                // A component has this name, because `lower` has checked that.
                "$ref" => {
                    let name = node.as_str().and_then(grammar::component_name);
                    schema.reference = name.and_then(|name| self.component(&name));
                }
                "type" => schema.ty = node.as_str().and_then(JsonType::parse),
                "format" => schema.format = text(node),
                "enum" => schema.values = list(node),
                "properties" => schema.properties = self.properties(node),
                "required" => schema.required = texts(node),
                "additionalProperties" => {
                    schema.additional = match node.value {
                        Value::Bool(true) => Additional::Any,
                        Value::Bool(false) => Additional::Closed,
                        _ => Additional::Schema(self.part(node)),
                    }
                }
                "items" => schema.items = Some(self.part(node)),
                "x-prefix-items" => schema.prefix = self.parts(node),
                "x-other-items" => schema.rest = Some(self.part(node)),
                "x-json-text" => schema.content = Some(self.part(node)),
                "allOf" => schema.all_of = self.parts(node),
                "oneOf" => schema.one_of = self.parts(node),
                "anyOf" => schema.any_of = self.parts(node),
                "not" => schema.not = Some(self.part(node)),
                "discriminator" => schema.discriminator = discriminator(&node),
                "nullable" => schema.nullable = node.as_bool(),
                "readOnly" => schema.read_only = node.as_bool(),
                "writeOnly" => schema.write_only = node.as_bool(),
                "default" => schema.default = Some(node),
                "xml" => schema.xml = Some(node),
                "minimum" => limits.minimum = number(&node).map(|value| Bound { value, excluded: false }),
                "maximum" => limits.maximum = number(&node).map(|value| Bound { value, excluded: false }),
                "exclusiveMinimum" => excluded.0 = node.as_bool() == Some(true),
                "exclusiveMaximum" => excluded.1 = node.as_bool() == Some(true),
                "multipleOf" => limits.multiple_of = number(&node),
                "minLength" => limits.min_length = count(&node),
                "maxLength" => limits.max_length = count(&node),
                "pattern" => limits.pattern = text(node),
                "minItems" => limits.min_items = count(&node),
                "maxItems" => limits.max_items = count(&node),
                "uniqueItems" => limits.unique_items = node.as_bool(),
                "minProperties" => limits.min_properties = count(&node),
                "maxProperties" => limits.max_properties = count(&node),
                _ => annotation(&mut schema.annotations, key, node),
            }
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

/// `lower` removes every keyword that is neither known nor an annotation.
fn annotation(annotations: &mut Annotations, key: String, node: Node) {
    match key.as_str() {
        "title" => annotations.title = text(node),
        "description" => annotations.description = text(node),
        "deprecated" => annotations.deprecated = node.as_bool(),
        "x-rust-name" => annotations.rust_name = text(node),
        "x-speakeasy-name-override" => annotations.other_name = text(node),
        "x-enum-varnames" => annotations.value_names = texts(node),
        "x-enumNames" if annotations.value_names.is_empty() => annotations.value_names = texts(node),
        "x-sensitive" => annotations.sensitive = node.as_bool(),
        "x-aliases" => annotations.aliases = texts(node),
        "x-null-is-absent" => annotations.null_is_absent = node.as_bool(),
        _ => drop(annotations.others.insert(key, node)),
    }
}

fn discriminator(node: &Node) -> Option<Discriminator> {
    let mapping = node.get("mapping").and_then(Node::as_object).into_iter().flatten();
    let mapping = mapping.filter_map(|(value, target)| Some((value.clone(), target.as_str()?.to_owned()))).collect();
    let default = node.str("defaultMapping").map(str::to_owned);
    Some(Discriminator { property: node.str("propertyName")?.to_owned(), mapping, default })
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
