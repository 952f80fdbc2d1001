//! Writes the schemas of a model as OpenAPI 3.0.3.

use super::model::{Additional, Annotations, Bound, Discriminator, Limits, Model, Schema, SchemaId};
use crate::document::{Map, Node, Pointer, Value};
use crate::members;
use crate::span::Span;

/// What is written of a tuple.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tuples {
    /// `items`, and the extensions that keep the order of its parts.
    Whole,
    /// Only `items`.
    Items,
}

impl Model {
    /// Puts every schema back at its place in the document that it was taken from.
    pub(crate) fn export(&self, document: &mut Node) {
        let component = |id: SchemaId| Pointer::root().join("components").join("schemas").join(self.text(id));
        let components = self.components().map(|id| (component(id), id));
        for (at, id) in components.chain(self.places.iter().map(|(at, id)| (at.clone(), *id))) {
            if let Some(node) = document.pointer_mut(at.as_str()) {
                *node = self.node(id, Tuples::Whole);
            }
        }
    }

    fn text(&self, component: SchemaId) -> &str {
        self.name(component).unwrap_or_default()
    }

    fn nodes(&self, ids: &[SchemaId], tuples: Tuples, span: &Span) -> Node {
        Node::at(ids.iter().map(|id| self.node(*id, tuples)).collect::<Vec<_>>(), span)
    }

    /// Writes one schema. A keyword that 3.0.3 does not have becomes an extension, or was already normalized to other
    /// keywords.
    pub(super) fn node(&self, id: SchemaId, tuples: Tuples) -> Node {
        let schema = self.get(id);
        let Schema {
            span,
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
            // 3.0 does not have these. `normalise` has added a note for each.
            further: _,
            // Only derived schemas have these.
            also: _,
            annotations,
        } = &*schema;
        let mut written = Members { map: Map::new(), span };
        if let Some(target) = reference {
            written.put(
                "$ref",
                format!("#{}", Pointer::root().join("components").join("schemas").join(self.text(*target))),
            );
        }
        written.annotations(annotations, values.as_deref().unwrap_or_default());
        written.maybe("type", ty.map(|ty| ty.name()));
        written.maybe("format", format.clone());
        written.maybe("nullable", *nullable);
        written.maybe("enum", values.clone());
        written.node("default", default);
        for (key, branches) in [("allOf", all_of), ("oneOf", one_of), ("anyOf", any_of)] {
            if let Some(branches) = branches {
                written.put(key, self.nodes(branches, tuples, span).value);
            }
        }
        written.maybe("not", not.map(|not| self.node(not, tuples).value));
        written.maybe("discriminator", discriminator.as_ref().map(|it| discriminated(it, span)));
        let nodes = |all: &super::model::Properties| -> Map {
            all.iter().map(|(name, property)| (name.clone(), self.node(*property, tuples))).collect()
        };
        written.maybe("properties", properties.as_ref().map(nodes));
        written.texts("required", required);
        match additional {
            Additional::Unsaid => {}
            Additional::Any => written.put("additionalProperties", true),
            Additional::Closed => written.put("additionalProperties", false),
            Additional::Schema(values) => written.put("additionalProperties", self.node(*values, tuples).value),
        }
        // `items` of a tuple repeats its parts for readers of 3.0.3, and needs no extensions: with them, each level of
        // nested tuples would double the text.
        let of_items = if prefix.is_some() { Tuples::Items } else { tuples };
        written.maybe("items", items.map(|items| self.node(items, of_items).value));
        // The extension keeps the order of a tuple's items. `normalise` reads it.
        if tuples == Tuples::Whole
            && let Some(prefix) = prefix
            && let [first, ..] = prefix.as_slice()
        {
            let nodes = self.nodes(prefix, tuples, &self.get(*first).span);
            written.map.insert("x-prefix-items".to_owned(), nodes);
        }
        written
            .maybe("x-other-items", rest.filter(|_| tuples == Tuples::Whole).map(|rest| self.node(rest, tuples).value));
        written.maybe("x-json-text", content.map(|content| self.node(content, tuples).value));
        written.limits(limits);
        written.maybe("readOnly", *read_only);
        written.maybe("writeOnly", *write_only);
        written.node("xml", xml);
        Node::at(written.map, span)
    }
}

fn discriminated(discriminator: &Discriminator, span: &Span) -> Map {
    let Discriminator { property, mapping, default, others } = discriminator;
    let mut written = Members { map: Map::new(), span };
    written.put("propertyName", property.as_str());
    if !mapping.is_empty() {
        let targets: Map = mapping.iter().map(|(value, target)| (value.clone(), target.clone())).collect();
        written.put("mapping", targets);
    }
    written.node("defaultMapping", default);
    written.map.extend(others.iter().map(|(key, node)| (key.clone(), node.clone())));
    written.map
}

/// The members of an object that is being written. Each member gets the span of the schema.
struct Members<'a> {
    map: Map,
    span: &'a Span,
}

impl Members<'_> {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.map.insert(key.to_owned(), Node::at(value, self.span));
    }

    fn maybe(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn node(&mut self, key: &str, node: &Option<Node>) {
        self.map.extend(node.iter().map(|node| (key.to_owned(), node.clone())));
    }

    fn texts(&mut self, key: &str, texts: &[String]) {
        if !texts.is_empty() {
            self.put(key, texts.iter().map(|text| Node::at(text.as_str(), self.span)).collect::<Vec<_>>());
        }
    }

    fn limits(&mut self, limits: &Limits) {
        let Limits {
            minimum,
            maximum,
            multiple_of,
            min_length,
            max_length,
            pattern,
            min_items,
            max_items,
            unique_items,
            min_properties,
            max_properties,
        } = limits;
        for (key, flag, bound) in [("minimum", "exclusiveMinimum", minimum), ("maximum", "exclusiveMaximum", maximum)] {
            if let Some(Bound { value, excluded }) = bound {
                self.put(key, value.clone());
                self.maybe(flag, excluded.then_some(true));
            }
        }
        // Only derived schemas have several of these.
        self.maybe("multipleOf", multiple_of.first().cloned());
        for (key, count) in [
            ("minLength", min_length),
            ("maxLength", max_length),
            ("minItems", min_items),
            ("maxItems", max_items),
            ("minProperties", min_properties),
            ("maxProperties", max_properties),
        ] {
            self.maybe(key, count.map(serde_json::Number::from));
        }
        self.maybe("pattern", pattern.first().cloned());
        self.maybe("uniqueItems", *unique_items);
    }

    fn annotations(&mut self, annotations: &Annotations, values: &[Node]) {
        let Annotations {
            title,
            description,
            deprecated,
            rust_name,
            other_name,
            value_names,
            value_docs,
            sensitive,
            aliases,
            null_is_absent,
            // Only derived schemas have these.
            open: _,
            either: _,
            torn: _,
            others,
        } = annotations;
        self.maybe("title", title.clone());
        self.maybe("description", description.clone());
        self.maybe("deprecated", *deprecated);
        self.maybe("x-rust-name", rust_name.clone());
        self.maybe("x-speakeasy-name-override", other_name.clone());
        for (key, told) in [("x-enum-varnames", value_names), ("x-enum-descriptions", value_docs)] {
            let of = |value: &Node| {
                members::text(&value.value).and_then(|text| told.get(&text).cloned()).unwrap_or_default()
            };
            let texts: Vec<String> = values.iter().map(of).collect();
            if texts.iter().any(|text| !text.is_empty()) {
                self.texts(key, &texts);
            }
        }
        self.maybe("x-sensitive", *sensitive);
        self.texts("x-aliases", aliases);
        self.maybe("x-null-is-absent", *null_is_absent);
        self.map.extend(others.iter().map(|(key, node)| (key.clone(), node.clone())));
    }
}
