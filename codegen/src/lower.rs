//! Stage `lower`: normalizes OpenAPI of any 3.x version. The grammar decides the kind of each object by its position.
//! Schemas are moved into a [`Model`], and the members that later versions add around them are kept. Every loss is a
//! note. `lower/plain.rs` and the schemas that the model exports turn the result into valid OpenAPI 3.0.3.
//!
//! Documents often mix versions, so each rule applies to what the document contains, whatever version it declares:
//! `nullable` in 3.1 and `type: 'null'` in 3.0 are both read. Keywords that only constrain values (`if`, `contains`,
//! ...) are removed with a note. A keyword that changes which data a value can have is never removed without a note.

mod dynamic;
mod fits;
mod parameters;
mod paths;
mod plain;
mod refs;
mod resources;
mod secrets;

use crate::diagnostic::{Diagnostic, Error};
use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, METHODS, OTHER_METHODS, Object};
use crate::members;
use crate::note::{Kind, Notes, Stage};
use crate::schema::Model;
use crate::uri;

pub(crate) use plain::plain;

/// Normalizes a whole document. Moves the schemas into a model. The returned tree no longer has them.
///
/// # Errors
/// If the document is not OpenAPI 3.0, 3.1 or 3.2.
pub(crate) fn lower(document: Node, notes: &mut Notes) -> Result<(Node, Model), Error> {
    version(&document)?;
    document.repeats(&mut |node, key, first, at| {
        let reason = format!("an object has `{key}` twice; the last value is used, not the one at {first}");
        notes.push(Stage::Lower, Kind::Correction, at, node, reason);
    });
    let mut document = document;
    uri::localise(&mut document);
    if grammar::is_3_0(&document) {
        beside_references(&mut document, notes);
    }
    other_methods(&mut document, notes);
    refs::normalise(&mut document, notes);
    secrets::mark(&mut document, notes);
    lost_operations(&mut document, notes);
    let mut schemas = Model::of(&document);
    let mut lowering = Lowering { schemas: &mut schemas, notes };
    Object::OpenApi.walk_mut(&mut document, &Pointer::root(), &mut |kind, node, at| lowering.object(kind, node, at));
    Ok((document, schemas))
}

/// Checks that a tree is an OpenAPI document of a version this pipeline reads.
pub(crate) fn version(document: &Node) -> Result<(), Error> {
    let refuse =
        |message: String, node: &Node, help: &str| Err(Diagnostic::new(message).at(&node.span).help(help).into());
    if let Some(swagger) = document.get("swagger") {
        return refuse(
            "this is Swagger 2.0, which is not supported".to_owned(),
            swagger,
            "convert it to OpenAPI 3 first: `npx swagger2openapi --patch FILE`, or `Convert to OpenAPI 3` of the Swagger Editor",
        );
    }
    let Some(node) = document.get("openapi") else {
        return refuse(
            "this is not an OpenAPI document: it has no `openapi` member".to_owned(),
            document,
            "an OpenAPI document begins with `openapi: 3.1.0`",
        );
    };
    let version = match &node.value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    match version.split('.').take(2).collect::<Vec<_>>().as_slice() {
        ["3", "0" | "1" | "2"] => Ok(()),
        _ => refuse(format!("OpenAPI version `{version}` is not supported"), node, "3.0.x, 3.1.x and 3.2.x are"),
    }
}

/// Removes the constraints beside the references of schemas. OpenAPI 3.0 ignores everything there; what describes a use
/// of the schema is kept, because authors mean it.
fn beside_references(document: &mut Node, notes: &mut Notes) {
    const CONSTRAINTS: [&str; 43] = [
        "type",
        "format",
        "enum",
        "const",
        "properties",
        "patternProperties",
        "additionalProperties",
        "required",
        "items",
        "prefixItems",
        "additionalItems",
        "contains",
        "minContains",
        "maxContains",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
        "discriminator",
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
        "minProperties",
        "maxProperties",
        "contentEncoding",
        "contentMediaType",
    ];
    let secrets = secrets::Secrets::of(document);
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, node, at| {
        if kind != Object::Schema || grammar::reference(node).is_none() {
            return;
        }
        let Some(map) = node.as_object_mut() else { return };
        let ignored: Vec<String> = map.keys().filter(|key| CONSTRAINTS.contains(&key.as_str())).cloned().collect();
        if !ignored.is_empty() {
            let removed = ignored.iter().filter_map(|key| map.shift_remove_entry(key));
            // The author says that the values are secret, wherever OpenAPI allows to write it.
            if secrets.within(&Node::made(Map::from_iter(removed))) {
                node.set("x-sensitive", true);
            }
            let names = ignored.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            let reason = format!("OpenAPI 3.0 ignores what is beside a `$ref`: {names}");
            let note = notes.push(Stage::Lower, Kind::Correction, at, node, reason);
            note.advise("write an `allOf` with the reference and the rest");
        }
    });
}

/// Removes the references to path items and operations that [`crate::select`] could not resolve. After that, nothing
/// refers to a shared path item.
fn lost_operations(document: &mut Node, notes: &mut Notes) {
    if let Some(components) = document.get_mut("components") {
        components.take("pathItems");
        components.take("mediaTypes");
    }
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, item, at| {
        if kind != Object::PathItem {
            return;
        }
        if let Some(reference) = item.take("$ref") {
            let reason = format!("the path item was left out: {}", refs::nowhere(&reference));
            notes.push(Stage::Lower, Kind::Loss, at, &reference, reason);
        }
        let lost: Vec<(String, Node)> = grammar::methods(item)
            .into_iter()
            .filter_map(|(method, operation)| Some((method.to_owned(), operation.get("$ref")?.clone())))
            .collect();
        for (method, reference) in lost {
            let reason = format!("the operation was left out: {}", refs::nowhere(&reference));
            notes.push(Stage::Lower, Kind::Skip, &grammar::method_at(at, &method), &reference, reason);
            item.take(&method);
            item.get_mut(OTHER_METHODS).map(|others| others.take(&method));
        }
    });
}

/// Moves methods from `additionalOperations` to the members that path items have for them, as OpenAPI 3.2 requires.
fn other_methods(document: &mut Node, notes: &mut Notes) {
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, item, at| {
        if kind != Object::PathItem {
            return;
        }
        let Some(others) = item.get(OTHER_METHODS).and_then(Node::as_object) else { return };
        let known = |method: &str| METHODS.iter().find(|known| known.eq_ignore_ascii_case(method));
        let misplaced: Vec<(String, &str)> =
            others.keys().filter_map(|method| Some((method.clone(), *known(method)?))).collect();
        for (method, known) in misplaced {
            let Some(operation) = item.get_mut(OTHER_METHODS).and_then(|others| others.take(&method)) else { continue };
            let here = at.join(OTHER_METHODS).join(&method);
            if item.get(known).is_some() {
                let reason = format!("the operation was left out: the path item has `{known}` too");
                notes.push(Stage::Lower, Kind::Skip, &here, &operation, reason);
            } else {
                let reason = format!("`{method}` has a member of its own, `{known}`, and was read as that");
                notes.push(Stage::Lower, Kind::Correction, &here, &operation, reason);
                if let Some(map) = item.as_object_mut() {
                    map.insert(known.to_owned(), operation);
                }
            }
        }
    });
}

struct Lowering<'a> {
    schemas: &'a mut Model,
    notes: &'a mut Notes,
}

impl Lowering<'_> {
    fn note(&mut self, kind: Kind, at: &Pointer, node: &Node, reason: impl Into<String>) {
        self.notes.push(Stage::Lower, kind, at, node, reason);
    }

    fn object(&mut self, kind: Object, node: &mut Node, at: &Pointer) {
        if kind == Object::Schema {
            return self.schemas.take(node, at, self.notes);
        }
        if node.as_object().is_none() {
            // An empty entry, such as `responses: {200: }`.
            self.note(Kind::Correction, at, node, "an object is expected here; an empty one was used instead");
            *node = Node::at(Map::new(), &node.span);
        }
        if grammar::reference(node).is_some() && may_be_reference(kind) {
            return self.reference(node);
        }
        members::values(kind, node, at, self.notes);
        members::incomplete(kind, node, at, self.notes);
        match kind {
            Object::OpenApi => self.root(node, at),
            Object::Info => self.info(node, at),
            Object::ServerVariable if node.get("default").is_none() => {
                let first = node.get("enum").and_then(Node::as_array).and_then(<[Node]>::first);
                let default = first.and_then(Node::as_str).unwrap_or_default().to_owned();
                node.set("default", default);
            }
            Object::PathItem => self.parameters(node, at),
            Object::Operation => {
                self.parameters(node, at);
                self.responses(node, at);
                if node.get("responses").and_then(Node::as_object).is_none_or(Map::is_empty) {
                    let mut default = Node::made(Map::new());
                    default.set("description", "");
                    node.set("responses", Map::from_iter([("default".to_owned(), default)]));
                }
            }
            Object::Response => {
                if node.str("description").is_none() {
                    node.set("description", "");
                }
                if node.str("description").is_none_or(str::is_empty)
                    && let Some(summary) = node.str("summary").map(str::to_owned)
                {
                    node.set("description", summary);
                }
                node.take("summary");
                self.misplaced_schema(node, at);
            }
            Object::Example => example(node),
            Object::Parameter | Object::Header => self.parameter(kind, node, at),
            Object::MediaType => self.examples(node, at),
            Object::Encoding => self.style(node, at, &["form", "spaceDelimited", "pipeDelimited", "deepObject"]),
            Object::RequestBody => {
                if node.get("content").is_none() {
                    node.set("content", Map::new());
                }
                self.misplaced_schema(node, at);
            }
            Object::Link => {
                if node.get("operationId").is_some()
                    && let Some(other) = node.take("operationRef")
                {
                    let reason = "a link has only one operation; the `operationId` was used";
                    self.note(Kind::Correction, &at.join("operationRef"), &other, reason);
                }
            }
            Object::Flow => {
                let scopes = node.take("scopes");
                let texts = scopes.as_ref().and_then(Node::as_object).into_iter().flatten().map(|(name, text)| {
                    (name.clone(), Node::at(members::text(&text.value).unwrap_or_default(), &text.span))
                });
                let texts: Map = texts.collect();
                node.set("scopes", texts);
            }
            _ => {}
        }
        members::unknown(kind, node, at, self.notes);
    }

    /// 3.1 allows `summary` and `description` beside a `$ref`. 3.0 ignores both.
    fn reference(&mut self, node: &mut Node) {
        if let Some(map) = node.as_object_mut() {
            map.retain(|key, _| key == "$ref");
        }
    }

    fn root(&mut self, node: &mut Node, at: &Pointer) {
        node.take("jsonSchemaDialect");
        node.take("$self");
        if node.get("paths").is_none() {
            node.set("paths", Map::new());
        }
        if node.get("info").is_none() {
            node.set("info", Map::new());
        }
        if let Some(paths) = node.get_mut("paths").and_then(Node::as_object_mut) {
            self.templates(paths, &at.join("paths"));
        }
    }

    fn info(&mut self, node: &mut Node, at: &Pointer) {
        node.take("summary");
        for key in ["title", "version"] {
            match node.get(key).map(|it| &it.value) {
                Some(Value::String(_)) => {}
                Some(Value::Number(number)) => {
                    let text = number.to_string();
                    node.set(key, text);
                }
                _ => {
                    self.note(Kind::Correction, at, node, format!("`info.{key}` is missing"));
                    node.set(key, "");
                }
            }
        }
        if let Some(license) = node.get_mut("license") {
            license.take("identifier");
            if license.str("name").is_none() {
                license.set("name", "");
            }
        }
    }
}

/// Whether OpenAPI 3.0 allows a Reference Object here.
fn may_be_reference(kind: Object) -> bool {
    matches!(
        kind,
        Object::Parameter
            | Object::RequestBody
            | Object::Response
            | Object::Header
            | Object::Example
            | Object::Link
            | Object::Callback
            | Object::SecurityScheme
    )
}

/// Turns an example of 3.2 into the older form: its data, or else its serialized text.
fn example(node: &mut Node) {
    let written = [node.take("dataValue"), node.take("serializedValue")];
    if let Some(value) = written.into_iter().flatten().next()
        && node.get("value").is_none()
        && let Some(map) = node.as_object_mut()
    {
        map.insert("value".to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Lowers one schema inside a minimal document.
    fn schema(text: &str) -> (serde_json::Value, Vec<String>) {
        let document = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents:\n  schemas:\n    B: {{type: object}}\n    A: {text}\n"
        );
        let mut notes = Notes::default();
        let (mut lowered, schemas) = lower(Node::parse("t.yaml", &document).unwrap(), &mut notes).unwrap();
        schemas.export(&mut lowered);
        let schema = lowered.pointer("/components/schemas/A").unwrap().to_json();
        (schema, notes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_dialect_of_null_is_nullable() {
        for (from, to) in [
            ("{type: [string, 'null']}", json!({"type": "string", "nullable": true})),
            ("{type: string, nullable: true}", json!({"type": "string", "nullable": true})),
            ("{anyOf: [{type: string}, {type: 'null'}]}", json!({"type": "string", "nullable": true})),
            (
                "{oneOf: [{$ref: '#/components/schemas/B'}, {type: 'null'}]}",
                json!({"nullable": true, "allOf": [{"$ref": "#/components/schemas/B"}]}),
            ),
            (
                "{allOf: [{$ref: '#/components/schemas/B'}], nullable: true}",
                json!({"nullable": true, "allOf": [{"$ref": "#/components/schemas/B"}]}),
            ),
            ("{enum: [a, null]}", json!({"enum": ["a", null], "nullable": true})),
            ("{type: 'null'}", json!({"enum": [null], "nullable": true})),
            ("{const: null}", json!({"enum": [null], "nullable": true})),
        ] {
            let (lowered, notes) = schema(from);
            assert_eq!(lowered, to, "{from}");
            assert!(notes.is_empty(), "{from}: {notes:?}");
        }
    }

    #[test]
    fn lists_of_types_become_one_of_with_their_own_keywords() {
        let (lowered, _) = schema("{type: [string, integer], minLength: 2, minimum: 3, description: d, enum: [ab, 4]}");
        assert_eq!(
            lowered,
            json!({"description": "d", "oneOf": [
                {"type": "string", "minLength": 2, "enum": ["ab"]},
                {"type": "integer", "minimum": 3, "enum": [4]},
            ]})
        );
        let (anything, _) = schema("{type: [string, number, integer, boolean, object, array, 'null']}");
        assert_eq!(anything, json!({"nullable": true}));
    }

    #[test]
    fn properties_named_like_keywords_are_left_alone() {
        let text = "{type: object, properties: {const: {type: string}, if: {type: string}, $defs: {type: string}, nullable: {type: string}, type: {type: string}, enum: {type: integer}}}";
        let (lowered, notes) = schema(text);
        assert_eq!(lowered.pointer("/properties").unwrap().as_object().unwrap().len(), 6);
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[test]
    fn what_is_lost_is_noted_with_its_place() {
        for (from, expected) in [
            ("{type: array, items: {type: string}, contains: {const: a}}", "`contains`"),
            ("{type: object, patternProperties: {'^a': {type: string}}}", "pattern"),
            ("{type: object, properties: {a: false}}", "forbidden property"),
            ("{type: string, contentEncoding: quoted-printable}", "content type or encoding"),
            ("{type: integer, maximum: 1e30}", "64-bit"),
            ("{if: {type: string}}", "`if`"),
            ("{type: string, frobnicate: 1}", "`frobnicate`"),
            ("{type: text}", "not a type"),
            ("{type: string, pattern: '(['}", "regular expression"),
        ] {
            let (_, notes) = schema(from);
            assert!(
                notes.iter().any(|note| note.contains(expected) && note.contains("t.yaml:7:")),
                "{from}: {notes:?}"
            );
        }
    }

    #[test]
    fn a_note_about_one_item_of_a_tuple_is_written_once_at_its_place() {
        let (lowered, notes) = schema(
            "{type: array, prefixItems: [{type: string, contentEncoding: quoted-printable}, {type: integer}], items: false}",
        );
        assert!(
            matches!(notes.as_slice(), [only] if only.contains("/components/schemas/A/prefixItems/0")),
            "{notes:?}"
        );
        let places = json!([{"type": "string"}, {"type": "integer"}]);
        assert_eq!(lowered, json!({"type": "array", "items": {"anyOf": places}, "x-prefix-items": places}));
    }

    #[test]
    fn references_keep_what_stands_beside_them() {
        let (lowered, _) = schema("{$ref: '#/components/schemas/B', description: d, readOnly: true, required: [x]}");
        assert_eq!(
            lowered,
            json!({"allOf": [{"$ref": "#/components/schemas/B"}, {"required": ["x"]}], "description": "d", "readOnly": true})
        );
    }

    #[test]
    fn numeric_exclusive_bounds_become_flags() {
        let (lowered, _) = schema("{type: number, exclusiveMinimum: 0, maximum: 5, exclusiveMaximum: 9}");
        assert_eq!(lowered, json!({"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 5}));
    }

    #[test]
    fn other_versions_are_refused_with_the_reason() {
        for (text, expected) in [
            ("swagger: '2.0'", "Swagger 2.0"),
            ("openapi: 3.3.0", "`3.3.0`"),
            ("openapi: 4", "`4`"),
            ("info: {}", "not an OpenAPI document"),
        ] {
            let error = lower(Node::parse("t.yaml", text).unwrap(), &mut Notes::default()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("t.yaml:1:"), "{text}: {error}");
        }
    }
}
