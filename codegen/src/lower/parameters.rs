//! Normalizes parameters, headers, bodies and responses to the form of 3.0.

use std::collections::HashSet;

use super::Lowering;
use crate::document::{Map, Node, Pointer};
use crate::grammar::{self, Object};
use crate::members;
use crate::note::{Fix, Kind, Stage};

/// The values of `in` that OpenAPI knows.
const PLACES: [&str; 5] = ["path", "query", "header", "cookie", "querystring"];

impl Lowering<'_> {
    /// Corrects a `content` that has a schema where its media types belong: adds the missing `application/json`.
    pub(super) fn misplaced_schema(&mut self, node: &mut Node, at: &Pointer) {
        let Some(content) = node.get_mut("content").and_then(Node::as_object_mut) else { return };
        if content.len() == 1
            && let Some(schema) = content.shift_remove("schema")
        {
            self.notes.push(
                Stage::Lower,
                Kind::Correction,
                &at.join("content"),
                &schema,
                "a media type is missing; it was read as `application/json`",
            );
            let media = Node::at(Map::from_iter([("schema".to_owned(), schema.clone())]), &schema.span);
            content.insert("application/json".to_owned(), media);
        }
    }

    /// Normalizes status codes to the form of 3.0: strings, with a capital `X` in `2XX`.
    pub(super) fn responses(&mut self, operation: &mut Node, at: &Pointer) {
        let Some(responses) = operation.get_mut("responses").and_then(Node::as_object_mut) else { return };
        let old = std::mem::take(responses);
        for (status, response) in old {
            let upper = status.to_ascii_uppercase();
            let first = matches!(upper.as_bytes().first(), Some(b'1'..=b'5'));
            let range = first && upper.len() == 3 && upper.ends_with("XX");
            let code = first && upper.len() == 3 && upper.bytes().all(|byte| byte.is_ascii_digit());
            if status == "default" || status.starts_with("x-") || code {
                responses.insert(status, response);
            } else if range {
                responses.insert(upper, response);
            } else {
                let here = at.join("responses").join(&status);
                self.notes.push(Stage::Lower, Kind::Loss, &here, &response, format!("`{status}` is not a status code"));
            }
        }
    }

    /// Removes the entries of `parameters` that are not parameters, and repeated ones.
    pub(super) fn parameters(&mut self, node: &mut Node, at: &Pointer) {
        let Some(parameters) = node.get_mut("parameters").and_then(Node::as_array_mut) else { return };
        let mut seen = HashSet::new();
        let mut index = 0;
        parameters.retain(|it| {
            let here = at.join("parameters").join(index);
            index += 1;
            let mut tell = |kind: Kind, reason: &str| {
                let note = self.notes.push(Stage::Lower, kind, &here, it, reason);
                if kind == Kind::Correction {
                    note.fixed_by(Fix::Remove);
                }
            };
            let name = it.get("name").and_then(|name| members::text(&name.value));
            let known = match (grammar::reference(it), name, it.str("in")) {
                (Some(reference), _, _) => reference.to_owned(),
                (None, Some(name), Some(place)) if PLACES.contains(&place) => format!("{name} in {place}"),
                _ => {
                    // An unresolved reference became an empty object, and already has a note.
                    if it.as_object().is_none_or(|map| !map.is_empty()) {
                        tell(Kind::Loss, "not a parameter: it needs a `name`, and an `in` that OpenAPI knows");
                    }
                    return false;
                }
            };
            let fresh = seen.insert(known);
            if !fresh {
                tell(Kind::Correction, "the same parameter is already there");
            }
            fresh
        });
    }

    /// Normalizes a parameter, or a header, which is a parameter without a name.
    pub(super) fn parameter(&mut self, kind: Object, node: &mut Node, at: &Pointer) {
        if kind == Object::Parameter {
            for (key, missing) in [
                ("name", node.str("name").is_none()),
                ("in", node.str("in").is_none_or(|place| !PLACES.contains(&place))),
            ] {
                // Only a component can still lack it. No request can send the parameter, but references to it must
                // resolve.
                if missing {
                    let value = if key == "name" { at.last() } else { "query".to_owned() };
                    self.note(
                        Kind::Correction,
                        at,
                        node,
                        format!("a parameter without a usable `{key}`; `{value}` was used"),
                    );
                    node.set(key, value);
                }
            }
        }
        if node.str("in") == Some("path") && !node.is_true("required") {
            if node.get("required").is_some() {
                let required = Map::from([("required".to_owned(), Node::made(true))]);
                let reason = "a path parameter is always required";
                let note = self.notes.push(Stage::Lower, Kind::Correction, at, node, reason);
                note.fixed_by(Fix::Update(Node::made(required)));
            }
            node.set("required", true);
        }
        if node.get("content").and_then(Node::as_object).is_some_and(Map::is_empty) {
            node.take("content");
        }
        if node.str("in") == Some("querystring")
            && node.get("content").is_none()
            && let Some(schema) = node.take("schema")
        {
            self.note(
                Kind::Correction,
                at,
                node,
                "the parameter for a whole query string needs `content`; it was read as a form",
            );
            let media = Node::at(Map::from_iter([("schema".to_owned(), schema.clone())]), &schema.span);
            node.set("content", Map::from_iter([("application/x-www-form-urlencoded".to_owned(), media)]));
        }
        if node.get("schema").is_some() && node.take("content").is_some() {
            self.note(Kind::Correction, at, node, "a parameter has either `schema` or `content`; the schema was used");
        }
        if node.get("schema").is_none() && node.get("content").is_none() {
            let schema = self.swagger_schema(node, at);
            node.set("schema", schema);
        }
        if let Some(content) = node.get_mut("content").and_then(Node::as_object_mut) {
            for (media, lost) in content.split_off(1) {
                let reason = "the content of a parameter has one media type; the first was used";
                self.note(Kind::Correction, &at.join("content").join(media), &lost, reason);
            }
            for key in ["style", "explode", "allowReserved", "example", "examples"] {
                if let Some(lost) = node.take(key) {
                    let reason = format!("`{key}` has no effect beside `content`, which sets the serialization");
                    self.note(Kind::Correction, &at.join(key), &lost, reason);
                }
            }
        }
        let styles: &[&str] = match node.str("in") {
            Some("query") => &["form", "spaceDelimited", "pipeDelimited", "deepObject"],
            Some("path") => &["matrix", "label", "simple"],
            Some("cookie") => &["form", "cookie"],
            _ => &["simple"],
        };
        self.style(node, at, styles);
        self.examples(node, at);
    }

    /// Moves the type keywords of a parameter, as in Swagger 2, to a schema, and returns the schema.
    fn swagger_schema(&mut self, node: &mut Node, at: &Pointer) -> Map {
        const KEYWORDS: [&str; 17] = [
            "type",
            "format",
            "items",
            "enum",
            "default",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minLength",
            "maxLength",
            "pattern",
            "minItems",
            "maxItems",
            "uniqueItems",
            "nullable",
        ];
        let schema: Map = KEYWORDS.into_iter().filter_map(|key| Some((key.to_owned(), node.take(key)?))).collect();
        if !schema.is_empty() {
            self.note(Kind::Correction, at, node, "the type is written as in Swagger 2; it was moved into `schema`");
        }
        schema
    }

    pub(super) fn style(&mut self, node: &mut Node, at: &Pointer, known: &[&str]) {
        if node.str("style").is_some_and(|style| !known.contains(&style))
            && let Some(style) = node.take("style")
        {
            let reason = format!("not a style for this place, which allows {}; it was left out", known.join(", "));
            self.note(Kind::Correction, &at.join("style"), &style, reason);
        }
    }

    /// Removes `example` beside `examples`, because 3.0 allows only one of them.
    pub(super) fn examples(&mut self, node: &mut Node, at: &Pointer) {
        if node.get("examples").is_some()
            && let Some(example) = node.take("example")
        {
            let reason = "`example` has no effect beside `examples`; it was left out";
            self.note(Kind::Correction, &at.join("example"), &example, reason);
        }
    }
}
