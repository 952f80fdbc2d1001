//! Stage `lower`: OpenAPI 3.1 (or a 3.0 that is not) to honest 3.0.3, by schema position; every loss is a note.
//!
//! Documents rarely keep to the dialect they name, so each rule looks at what is written, not at the version line:
//! `nullable` inside 3.1 and `type: 'null'` inside 3.0 are both understood. Constraints that only narrow what is valid
//! (`if`, `contains`, ...) go, with a note; nothing that changes which data a value may hold is dropped silently.

mod members;
mod refs;
mod resources;

use std::collections::HashSet;

use self::members::Reading;
use crate::diagnostic::{Diagnostic, Error};
use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, METHODS, Object};
use crate::note::{Kind, Notes, Stage};

/// Lowers a whole document to OpenAPI 3.0.3.
///
/// # Errors
/// A document that is not OpenAPI 3.0 or 3.1.
pub(crate) fn lower(document: &Node, notes: &mut Notes) -> Result<Node, Error> {
    version(document)?;
    document.repeats(&mut |node, key, first, at| {
        let reason = format!("`{key}` stands twice in one object; the last counts, and not the one at {first}");
        notes.push(Stage::Lower, Kind::Mend, at, node, reason);
    });
    let mut result = document.clone();
    refs::normalise(&mut result, notes);
    lost_operations(&mut result, notes);
    let mut lowering = Lowering { notes };
    Object::OpenApi.walk_mut(&mut result, &Pointer::root(), &mut |kind, node, at| lowering.object(kind, node, at));
    result.set("openapi", "3.0.3");
    Ok(result)
}

/// Checks that a tree is an OpenAPI document of a version this pipeline reads.
pub(crate) fn version(document: &Node) -> Result<(), Error> {
    let refuse =
        |message: String, node: &Node, help: &str| Err(Diagnostic::new(message).at(&node.span).help(help).into());
    if let Some(swagger) = document.get("swagger") {
        return refuse(
            "this is Swagger 2.0, which is not read here".to_owned(),
            swagger,
            "convert it to OpenAPI 3 first, for example with swagger2openapi",
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
        ["3", "0" | "1"] => Ok(()),
        _ => refuse(format!("OpenAPI version `{version}` is not read here"), node, "3.0.x and 3.1.x are"),
    }
}

/// What [`crate::select`] could not put in the place of a reference to a path item or an operation. Nothing refers to
/// shared path items any more.
fn lost_operations(document: &mut Node, notes: &mut Notes) {
    if let Some(components) = document.get_mut("components") {
        components.take("pathItems");
    }
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, item, at| {
        if kind != Object::PathItem {
            return;
        }
        if let Some(reference) = item.take("$ref") {
            let reason = format!("the path item was left out: {}", refs::nowhere(&reference));
            notes.push(Stage::Lower, Kind::Loss, at, &reference, reason);
        }
        for method in METHODS {
            if let Some(reference) = item.get(method).and_then(|operation| operation.get("$ref")) {
                let reason = format!("the operation was left out: {}", refs::nowhere(reference));
                notes.push(Stage::Lower, Kind::Skip, &at.join(method), reference, reason);
                item.take(method);
            }
        }
    });
}

struct Lowering<'a> {
    notes: &'a mut Notes,
}

impl Lowering<'_> {
    fn note(&mut self, kind: Kind, at: &Pointer, node: &Node, reason: impl Into<String>) {
        self.notes.push(Stage::Lower, kind, at, node, reason);
    }

    fn object(&mut self, kind: Object, node: &mut Node, at: &Pointer) {
        if kind == Object::Schema {
            return self.schema(node, at);
        }
        if node.as_object().is_none() {
            // `responses: {200: }` and the like: an entry somebody has not filled in.
            self.note(Kind::Mend, at, node, "an object belongs here; an empty one was put in its place");
            *node = Node::at(Map::new(), &node.span);
        }
        if grammar::reference(node).is_some() && may_be_reference(kind) {
            return self.reference(node);
        }
        self.values_of_members(kind, node, at);
        self.incomplete(kind, node, at);
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
                self.misplaced_schema(node, at);
            }
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
                    let reason = "a link names its operation once; the `operationId` was taken";
                    self.note(Kind::Mend, &at.join("operationRef"), &other, reason);
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
        self.unknown(kind, node, at);
    }

    /// Values that are not what belongs in a member: one that is empty is not written, one that says the same in
    /// another way is read as it was meant, and any other is left out.
    fn values_of_members(&mut self, kind: Object, node: &mut Node, at: &Pointer) {
        let Some(known) = members::of(kind, node, at) else { return };
        let Some(map) = node.as_object_mut() else { return };
        for (key, is) in known {
            let Some(child) = map.get_mut(*key) else { continue };
            let reading = is.read(&child.value);
            if child.is_null() && !matches!(reading, Reading::Itself) {
                map.shift_remove(*key);
                continue;
            }
            match reading {
                Reading::Itself => {}
                Reading::As(value) => {
                    let reason = format!("{} belongs here; it was read as one", is.name());
                    self.notes.push(Stage::Lower, Kind::Mend, &at.join(key), child, reason);
                    child.value = value;
                }
                Reading::Nothing => {
                    let reason = format!("{} belongs here; what is written was left out", is.name());
                    self.notes.push(Stage::Lower, Kind::Mend, &at.join(key), child, reason);
                    map.shift_remove(*key);
                }
            }
        }
    }

    /// Takes out the objects below a node that lack what 3.0 does not let them be without.
    fn incomplete(&mut self, kind: Object, node: &mut Node, at: &Pointer) {
        let Some(map) = node.as_object_mut() else { return };
        let mut tell = |kind: Kind, at: &Pointer, node: &Node, reason: String| {
            self.notes.push(Stage::Lower, kind, at, node, reason);
        };
        for (key, child_kind) in [("externalDocs", Object::ExternalDocs), ("discriminator", Object::Discriminator)] {
            if let Some(child) = map.get(key)
                && members::of(kind, child, at).is_some_and(|known| known.iter().any(|(known, _)| *known == key))
                && let Some(lacking) = members::lacks(child_kind, child, key)
            {
                tell(Kind::Mend, &at.join(key), child, format!("`{key}` without `{lacking}` was left out"));
                map.shift_remove(key);
            }
        }
        let lists = [("servers", Object::Server), ("tags", Object::Tag)];
        // The tags of an operation are names.
        for (key, child_kind) in lists.into_iter().filter(|(key, _)| *key == "servers" || kind == Object::OpenApi) {
            let Some(items) = map.get_mut(key).and_then(Node::as_array_mut) else { continue };
            let mut seen = HashSet::new();
            let mut index = 0;
            items.retain(|item| {
                let here = at.join(key).join(index);
                index += 1;
                if let Some(lacking) = members::lacks(child_kind, item, key) {
                    tell(Kind::Mend, &here, item, format!("one of the `{key}` without `{lacking}` was left out"));
                    return false;
                }
                let name = item.get("name").and_then(|name| members::text(&name.value));
                let fresh = child_kind != Object::Tag || seen.insert(name);
                if !fresh {
                    tell(Kind::Mend, &here, item, "a tag of this name is already there".to_owned());
                }
                fresh
            });
        }
        let (entries, child_kind) = match kind {
            Object::Components => {
                (map.get_mut("securitySchemes").and_then(Node::as_object_mut), Object::SecurityScheme)
            }
            Object::Flows => (Some(map), Object::Flow),
            _ => return,
        };
        let Some(entries) = entries else { return };
        let here = if kind == Object::Components { at.join("securitySchemes") } else { at.clone() };
        entries.retain(|name, entry| {
            // What is no flow is for `unknown` to tell.
            let flows = ["implicit", "password", "clientCredentials", "authorizationCode"];
            let known = kind == Object::Components || flows.contains(&name.as_str());
            let lacking = if known && grammar::reference(entry).is_none() {
                members::lacks(child_kind, entry, name)
            } else {
                None
            };
            if entry.str("type") == Some("mutualTLS") {
                let reason = "mutual TLS is not in 3.0; configure the HTTP client for it".to_owned();
                tell(Kind::Loss, &here.join(name), entry, reason);
            } else if let Some(lacking) = lacking {
                tell(Kind::Loss, &here.join(name), entry, format!("left out, because it has no usable `{lacking}`"));
            }
            lacking.is_none()
        });
    }

    /// Beside a `$ref`, 3.1 allows `summary` and `description`; 3.0 ignores both.
    fn reference(&mut self, node: &mut Node) {
        if let Some(map) = node.as_object_mut() {
            map.retain(|key, _| key == "$ref");
        }
    }

    fn root(&mut self, node: &mut Node, at: &Pointer) {
        if let Some(webhooks) = node.take("webhooks") {
            self.note(
                Kind::Loss,
                &at.join("webhooks"),
                &webhooks,
                "webhooks are calls to the client, which 3.0 cannot describe",
            );
        }
        node.take("jsonSchemaDialect");
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

    /// Paths as 3.0 writes them; two that become one are joined.
    fn templates(&mut self, paths: &mut Map, at: &Pointer) {
        let template = |(path, item): (&String, &Node)| {
            let (plain, changed) =
                if path.starts_with("x-") { (path.clone(), Vec::new()) } else { plain_template(path, item) };
            let plain = if plain.starts_with('/') || path.starts_with("x-") { plain } else { format!("/{plain}") };
            (plain, changed)
        };
        let templates: Vec<(String, Vec<String>)> = paths.iter().map(template).collect();
        if paths.keys().zip(&templates).all(|(path, (plain, _))| path == plain) {
            return;
        }
        let unchanged = paths.keys().zip(&templates).filter(|(path, (plain, _))| *path == plain);
        let unchanged: HashSet<String> = unchanged.map(|(path, _)| path.clone()).collect();
        let mut result = Map::with_capacity(paths.len());
        let mut joined = Vec::new();
        for ((path, item), (plain, changed)) in std::mem::take(paths).into_iter().zip(templates) {
            if plain == path {
                result.insert(path, item);
                continue;
            }
            let here = at.join(&path);
            if !path.starts_with('/') {
                let reason = "a path begins with `/`; one was put in front";
                self.notes.push(Stage::Lower, Kind::Mend, &here, &item, reason);
            }
            for expression in changed {
                let reason = if expression.starts_with(['?', '&']) {
                    "what the operation itself declares of it in the query is sent"
                } else {
                    "it was read as a plain name, and a `/` in its value is sent encoded"
                };
                let reason = format!("3.0 has no `{{{expression}}}` in a path; {reason}");
                self.notes.push(Stage::Lower, Kind::Loss, &here, &item, reason);
            }
            if unchanged.contains(&plain) || result.contains_key(&plain) {
                joined.push((plain, item, here));
            } else {
                result.insert(plain, item);
            }
        }
        for (plain, item, here) in joined {
            if let Some(there) = result.get_mut(&plain) {
                self.join_items(item, there, &here, &plain);
            }
        }
        *paths = result;
    }

    /// Puts the operations of one path item beside those of another, where there is room.
    fn join_items(&mut self, item: Node, there: &mut Node, at: &Pointer, path: &str) {
        let shared = item.get("parameters").and_then(Node::as_array).unwrap_or_default().to_vec();
        let Value::Object(members) = item.value else { return };
        for (method, mut operation) in members.into_iter().filter(|(key, _)| METHODS.contains(&key.as_str())) {
            if there.get(&method).is_some() {
                let reason = format!("the operation was left out: `{path}` has one of this method too");
                self.note(Kind::Skip, &at.join(&method), &operation, reason);
                continue;
            }
            if !shared.is_empty() {
                let own = operation.get("parameters").and_then(Node::as_array).unwrap_or_default();
                let parameters: Vec<Node> = own.iter().chain(&shared).cloned().collect();
                operation.set("parameters", parameters);
            }
            if there.as_object().is_none() {
                there.value = Map::new().into();
            }
            if let Some(map) = there.as_object_mut() {
                map.insert(method, operation);
            }
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
                    self.note(Kind::Mend, at, node, format!("`info.{key}` is missing"));
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

    /// `content` that holds a schema where media types belong: somebody left out `application/json`.
    fn misplaced_schema(&mut self, node: &mut Node, at: &Pointer) {
        let Some(content) = node.get_mut("content").and_then(Node::as_object_mut) else { return };
        if content.len() == 1
            && let Some(schema) = content.shift_remove("schema")
        {
            self.notes.push(
                Stage::Lower,
                Kind::Mend,
                &at.join("content"),
                &schema,
                "a media type is missing; it was read as `application/json`",
            );
            let media = Node::at(Map::from_iter([("schema".to_owned(), schema.clone())]), &schema.span);
            content.insert("application/json".to_owned(), media);
        }
    }

    /// Status codes as 3.0 writes them: strings, `2XX` in capitals.
    fn responses(&mut self, operation: &mut Node, at: &Pointer) {
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

    /// The parameters of an operation or path item: what is none, or is there twice, goes.
    fn parameters(&mut self, node: &mut Node, at: &Pointer) {
        let Some(parameters) = node.get_mut("parameters").and_then(Node::as_array_mut) else { return };
        let mut seen = HashSet::new();
        let mut index = 0;
        parameters.retain(|it| {
            let here = at.join("parameters").join(index);
            index += 1;
            let mut tell = |kind: Kind, reason: &str| {
                self.notes.push(Stage::Lower, kind, &here, it, reason);
            };
            let name = it.get("name").and_then(|name| members::text(&name.value));
            let known = match (grammar::reference(it), name, it.str("in")) {
                (Some(reference), _, _) => reference.to_owned(),
                (None, Some(name), Some(place)) if PLACES.contains(&place) => format!("{name} in {place}"),
                _ => {
                    // What a reference that leads nowhere leaves behind is told with the reference.
                    if it.as_object().is_none_or(|map| !map.is_empty()) {
                        tell(Kind::Loss, "no parameter: it needs a `name`, and `in` with a place that 3.0 knows");
                    }
                    return false;
                }
            };
            let fresh = seen.insert(known);
            if !fresh {
                tell(Kind::Mend, "the same parameter is already there");
            }
            fresh
        });
    }

    /// A parameter, or a header, which is one without a name.
    fn parameter(&mut self, kind: Object, node: &mut Node, at: &Pointer) {
        if kind == Object::Parameter {
            for (key, missing) in [
                ("name", node.str("name").is_none()),
                ("in", node.str("in").is_none_or(|place| !PLACES.contains(&place))),
            ] {
                // Only a component can come here without: nobody can send it, but who refers to it must find it.
                if missing {
                    let value = if key == "name" { at.last() } else { "query".to_owned() };
                    self.note(
                        Kind::Mend,
                        at,
                        node,
                        format!("a parameter without a usable `{key}`; `{value}` was taken"),
                    );
                    node.set(key, value);
                }
            }
        }
        if node.str("in") == Some("path") && !node.is_true("required") {
            if node.get("required").is_some() {
                self.note(Kind::Mend, at, node, "a path parameter is always required");
            }
            node.set("required", true);
        }
        if node.get("content").and_then(Node::as_object).is_some_and(Map::is_empty) {
            node.take("content");
        }
        if node.get("schema").is_some() && node.take("content").is_some() {
            self.note(Kind::Mend, at, node, "a parameter has either `schema` or `content`; the schema was taken");
        }
        if node.get("schema").is_none() && node.get("content").is_none() {
            let schema = self.swagger_schema(node, at);
            node.set("schema", schema);
        }
        if let Some(content) = node.get_mut("content").and_then(Node::as_object_mut) {
            for (media, lost) in content.split_off(1) {
                let reason = "the content of a parameter is of one media type; the first was taken";
                self.note(Kind::Mend, &at.join("content").join(media), &lost, reason);
            }
            for key in ["style", "explode", "allowReserved", "example", "examples"] {
                if let Some(lost) = node.take(key) {
                    let reason = format!("`{key}` does not go with `content`, which says how the value is written");
                    self.note(Kind::Mend, &at.join(key), &lost, reason);
                }
            }
        }
        let styles: &[&str] = match node.str("in") {
            Some("query") => &["form", "spaceDelimited", "pipeDelimited", "deepObject"],
            Some("path") => &["matrix", "label", "simple"],
            Some("cookie") => &["form"],
            _ => &["simple"],
        };
        self.style(node, at, styles);
        self.examples(node, at);
    }

    /// The schema of a parameter that says its type itself, as in Swagger 2.
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
            self.note(Kind::Mend, at, node, "the type is written as in Swagger 2; it was made the `schema`");
        }
        schema
    }

    fn style(&mut self, node: &mut Node, at: &Pointer, known: &[&str]) {
        if node.str("style").is_some_and(|style| !known.contains(&style))
            && let Some(style) = node.take("style")
        {
            let reason = format!("no style for this place, where it is one of {}; it was left out", known.join(", "));
            self.note(Kind::Mend, &at.join("style"), &style, reason);
        }
    }

    /// 3.0 has either one example or several.
    fn examples(&mut self, node: &mut Node, at: &Pointer) {
        if node.get("examples").is_some()
            && let Some(example) = node.take("example")
        {
            let reason = "`example` does not go with `examples`, which were taken";
            self.note(Kind::Mend, &at.join("example"), &example, reason);
        }
    }

    /// Members that OpenAPI 3.0 does not know at this place.
    fn unknown(&mut self, kind: Object, node: &mut Node, at: &Pointer) {
        let Some(known) = members::of(kind, node, at) else { return };
        let Some(map) = node.as_object_mut() else { return };
        let is_known = |key: &String| key.starts_with("x-") || known.iter().any(|(known, _)| known == key);
        let strange: Vec<String> = map.keys().filter(|key| !is_known(key)).cloned().collect();
        for key in strange {
            if let Some(value) = map.shift_remove(&key) {
                let reason = format!("OpenAPI 3.0 has no `{key}` here");
                self.notes.push(Stage::Lower, Kind::Mend, &at.join(&key), &value, reason);
            }
        }
    }

    fn schema(&mut self, node: &mut Node, at: &Pointer) {
        match &node.value {
            Value::Object(_) => {}
            Value::Bool(true) => return node.value = Map::new().into(),
            Value::Bool(false) => {
                self.note(Kind::Loss, at, node, "`false` allows no value; 3.0 can only say `not: {}`");
                let never = Map::from_iter([("not".to_owned(), Node::at(Map::new(), &node.span))]);
                return node.value = never.into();
            }
            _ => {
                self.note(Kind::Mend, at, node, "a schema belongs here; any value is taken instead");
                return node.value = Map::new().into();
            }
        }
        if node.get("$ref").is_some() {
            return self.schema_reference(node, at);
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            if let Some(one) = node.get(key).filter(|it| it.as_object().is_some()).cloned() {
                self.note(
                    Kind::Mend,
                    &at.join(key),
                    &one,
                    "a list of schemas belongs here; it was read as a list of one",
                );
                node.set(key, vec![one]);
            }
        }
        if let Some(Value::String(property)) = node.get("discriminator").map(|it| it.value.clone()) {
            self.note(Kind::Mend, at, node, "the discriminator is written as in Swagger 2; it names the property");
            node.set("discriminator", Map::from_iter([("propertyName".to_owned(), Node::made(property))]));
        }
        // First, because what a single branch brings is lowered like the schema's own; a branch may itself be of one branch.
        for _ in 0..4 {
            self.null_branches(node, at);
        }
        self.tuples(node, at);
        self.drop_keywords(node, at);
        self.never_properties(node, at);
        self.pattern_properties(node, at);
        self.values(node);
        self.types(node, at);
        self.bounds(node, at);
        self.content(node, at);
        self.pattern(node, at);
        if let Some(examples) = node.take("examples")
            && let Some(first) = examples.as_array().and_then(<[Node]>::first)
            && node.get("example").is_none()
        {
            node.set("example", first.value.clone());
        }
        if node.get("required").is_some_and(|it| it.as_array().is_none()) {
            // `required: true` on a property is draft 3.
            node.take("required");
        }
        self.values_of_members(Object::Schema, node, at);
        self.incomplete(Object::Schema, node, at);
        if node.str("type") == Some("array") && node.get("items").is_none() {
            node.set("items", Map::new());
        }
        for key in ["required", "enum"] {
            if let Some(items) = node.get_mut(key).and_then(Node::as_array_mut) {
                *items = distinct(std::mem::take(items));
            }
        }
        if node.get("required").and_then(Node::as_array).is_some_and(<[Node]>::is_empty) {
            // An empty list is refused by 3.0.
            node.take("required");
        }
        self.unknown(Object::Schema, node, at);
    }

    /// A `$ref` with siblings becomes `allOf` with the siblings around it.
    fn schema_reference(&mut self, node: &mut Node, at: &Pointer) {
        let span = node.span.clone();
        let Some(map) = node.as_object_mut() else { return };
        if map.len() == 1 {
            return;
        }
        let Some(target) = map.shift_remove("$ref") else { return };
        map.retain(|key, _| !matches!(key.as_str(), "$comment" | "$schema" | "$id" | "$anchor"));
        let alone = Node::at(Map::from_iter([("$ref".to_owned(), target)]), &span);
        let siblings = std::mem::take(map);
        let beside = |key: &str| {
            grammar::is_annotation(key) || matches!(key, "nullable" | "readOnly" | "writeOnly" | "default" | "xml")
        };
        let (outer, inner): (Map, Map) = siblings.into_iter().partition(|(key, _)| beside(key));
        let mut all = vec![alone];
        if !inner.is_empty() {
            all.push(Node::at(inner, &span));
        }
        map.insert("allOf".to_owned(), Node::at(all, &span));
        map.extend(outer);
        self.values_of_members(Object::Schema, node, at);
        self.incomplete(Object::Schema, node, at);
        self.unknown(Object::Schema, node, at);
    }

    /// Keywords that only narrow or structure a schema, and have no 3.0 spelling.
    fn drop_keywords(&mut self, node: &mut Node, at: &Pointer) {
        const LOST: [&str; 16] = [
            "contains",
            "minContains",
            "maxContains",
            "if",
            "then",
            "else",
            "dependentRequired",
            "dependentSchemas",
            "dependencies",
            "propertyNames",
            "unevaluatedItems",
            "unevaluatedProperties",
            "additionalItems",
            "contentSchema",
            "$dynamicRef",
            "$recursiveRef",
        ];
        const SILENT: [&str; 9] = [
            "$defs",
            "definitions",
            "$schema",
            "$id",
            "$anchor",
            "$dynamicAnchor",
            "$recursiveAnchor",
            "$comment",
            "$vocabulary",
        ];
        for key in SILENT {
            node.take(key);
        }
        for key in LOST {
            if let Some(value) = node.take(key) {
                self.note(
                    Kind::Loss,
                    &at.join(key),
                    &value,
                    format!("`{key}` has no counterpart in 3.0; the constraint is not checked"),
                );
            }
        }
    }

    fn never_properties(&mut self, node: &mut Node, at: &Pointer) {
        let Some(properties) = node.get_mut("properties").and_then(Node::as_object_mut) else { return };
        let never: Vec<String> =
            properties.iter().filter(|(_, it)| it.as_bool() == Some(false)).map(|(key, _)| key.clone()).collect();
        for key in never {
            if let Some(value) = properties.shift_remove(&key) {
                self.notes.push(
                    Stage::Lower,
                    Kind::Loss,
                    &at.join("properties").join(&key),
                    &value,
                    "a property that may not be there is not in the result",
                );
            }
        }
    }

    fn pattern_properties(&mut self, node: &mut Node, at: &Pointer) {
        let Some(patterns) = node.take("patternProperties") else { return };
        self.note(
            Kind::Loss,
            &at.join("patternProperties"),
            &patterns,
            "3.0 cannot tell properties by pattern; any name is taken",
        );
        let mut schemas: Vec<Node> = patterns.as_object().into_iter().flat_map(Map::values).cloned().collect();
        match node.get("additionalProperties").map(|it| it.value.clone()) {
            // The patterns were all there could be: what they allow is what any further key may hold.
            Some(Value::Bool(false)) => {
                let schema = if schemas.len() == 1 { schemas.remove(0) } else { any_of(schemas, node) };
                node.set("additionalProperties", schema.value);
            }
            Some(Value::Object(map)) => {
                schemas.push(Node::at(map, &node.span));
                let schema = any_of(schemas, node);
                node.set("additionalProperties", schema.value);
            }
            _ => node.set("additionalProperties", true),
        }
    }

    /// Tuples: `prefixItems`, or `items` as a list in older drafts. 3.0 can only say which types there are; which stands
    /// where is kept beside that, as `x-prefix-items` and `x-other-items`.
    fn tuples(&mut self, node: &mut Node, at: &Pointer) {
        if node.get("items").is_some_and(|items| items.as_array().is_some()) {
            let items = node.take("items").unwrap_or_else(|| Node::made(Value::Null));
            node.set("prefixItems", items.value);
            if let Some(rest) = node.take("additionalItems") {
                node.set("items", rest.value);
            }
        }
        let Some(prefix) = node.take("prefixItems") else { return };
        self.note(
            Kind::Loss,
            &at.join("prefixItems"),
            &prefix,
            "3.0 has no tuples: each item may be of any of the types, in any order",
        );
        let mut schemas = prefix.as_array().unwrap_or_default().to_vec();
        let rest = node.take("items");
        let is_closed = rest.as_ref().is_some_and(|rest| rest.as_bool() == Some(false));
        match rest.clone() {
            Some(_) if is_closed => {}
            Some(rest) => schemas.push(rest),
            None => schemas.push(Node::at(Map::new(), &node.span)),
        }
        let items = any_of(schemas, node);
        node.set("items", items.value);
        if prefix.as_array().is_some_and(|items| !items.is_empty()) {
            node.set("x-prefix-items", prefix.value);
            if !is_closed {
                node.set("x-other-items", rest.map_or_else(|| Map::new().into(), |rest| rest.value));
            }
        }
    }

    /// `const` is an enum of one; a null among the values makes the schema nullable.
    fn values(&mut self, node: &mut Node) {
        if let Some(constant) = node.take("const")
            && node.get("enum").is_none()
        {
            node.set("enum", vec![constant]);
        }
        let Some(values) = node.get("enum").and_then(Node::as_array) else {
            node.take("enum");
            return;
        };
        if values.is_empty() {
            node.take("enum");
        } else if values.iter().any(Node::is_null) {
            node.set("nullable", true);
        }
    }

    /// `anyOf`/`oneOf` with a null branch is nullable; of one branch it is that branch.
    fn null_branches(&mut self, node: &mut Node, at: &Pointer) {
        for key in ["oneOf", "anyOf"] {
            let Some(branches) = node.get_mut(key).and_then(Node::as_array_mut) else {
                node.take(key);
                continue;
            };
            let before = branches.len();
            branches.retain(|branch| !is_null_schema(branch));
            let nullable = branches.len() < before;
            let mut rest = std::mem::take(branches);
            if nullable {
                node.set("nullable", true);
            }
            match rest.len() {
                0 => {
                    node.take(key);
                    if nullable && node.get("enum").is_none() {
                        node.set("enum", vec![Node::made(Value::Null)]);
                    }
                }
                1 => {
                    node.take(key);
                    let branch = rest.remove(0);
                    self.fold(node, branch, at);
                }
                _ => node.set(key, rest),
            }
        }
    }

    /// Puts the only branch of a union in the union's place.
    fn fold(&mut self, node: &mut Node, branch: Node, _at: &Pointer) {
        let clashes = |node: &Node, branch: &Map| {
            branch.keys().any(|key| node.get(key).is_some() && !grammar::is_annotation(key))
        };
        match branch.as_object() {
            Some(map) if map.get("$ref").is_none() && !clashes(node, map) => {
                for (key, value) in map {
                    if node.get(key).is_none()
                        && let Some(own) = node.as_object_mut()
                    {
                        own.insert(key.clone(), value.clone());
                    }
                }
                // What came in may itself be of one branch, or name a null.
                self.values(node);
            }
            _ => match node.get_mut("allOf").and_then(Node::as_array_mut) {
                Some(all) => all.push(branch),
                None => node.set("allOf", vec![branch]),
            },
        }
    }

    fn types(&mut self, node: &mut Node, at: &Pointer) {
        let Some(written) = node.get("type") else { return };
        let mut types: Vec<String> = match &written.value {
            Value::String(one) => vec![one.clone()],
            Value::Array(many) => many.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        };
        let known = |name: &String| {
            matches!(name.as_str(), "null" | "boolean" | "object" | "array" | "number" | "string" | "integer")
        };
        if !types.iter().all(known) || types.is_empty() {
            let written = written.clone();
            self.note(Kind::Mend, &at.join("type"), &written, "not a type of JSON Schema; any value is taken");
            types.retain(known);
        }
        let mut seen = Vec::new();
        types.retain(|name| {
            !seen.contains(name) && {
                seen.push(name.clone());
                true
            }
        });
        if types.iter().any(|name| name == "null") {
            types.retain(|name| name != "null");
            node.set("nullable", true);
            if types.is_empty() && node.get("enum").is_none() {
                node.set("enum", vec![Node::made(Value::Null)]);
            }
        }
        if types.iter().any(|name| name == "number") {
            types.retain(|name| name != "integer");
        }
        match types.as_slice() {
            [] => drop(node.take("type")),
            [one] => {
                let one = one.clone();
                node.set("type", one);
            }
            // Every type there is: no constraint at all, unless a keyword beside it is about some of them only.
            many if many.len() == 5 && node.as_object().is_none_or(|map| !tells_apart(map, many)) => {
                ["type", "items", "additionalProperties"].iter().for_each(|key| drop(node.take(key)));
            }
            many => self.one_of_types(node, many, at),
        }
    }

    /// `type: [A, B]` is one of A and B, each with the keywords that speak about it.
    fn one_of_types(&mut self, node: &mut Node, types: &[String], at: &Pointer) {
        if node.get("oneOf").is_some() || node.get("anyOf").is_some() || node.get("allOf").is_some() {
            let written = node.take("type").unwrap_or_else(|| Node::made(Value::Null));
            self.note(
                Kind::Loss,
                &at.join("type"),
                &written,
                "a list of types beside a union or `allOf`; the branches decide",
            );
            return;
        }
        let span = node.span.clone();
        let Some(map) = node.as_object_mut() else { return };
        map.shift_remove("type");
        let keywords = std::mem::take(map);
        let mut branches: Vec<Map> =
            types.iter().map(|name| Map::from_iter([("type".to_owned(), Node::at(name.clone(), &span))])).collect();
        for (key, value) in keywords {
            if grammar::is_annotation(&key)
                || matches!(key.as_str(), "nullable" | "readOnly" | "writeOnly" | "default" | "xml")
            {
                map.insert(key, value);
                continue;
            }
            for (name, branch) in types.iter().zip(&mut branches) {
                if key == "enum" {
                    let fits = |it: &Node| has_type(it, name);
                    let values: Vec<Node> =
                        value.as_array().unwrap_or_default().iter().filter(|it| fits(it)).cloned().collect();
                    branch.insert(key.clone(), Node::at(values, &value.span));
                } else if speaks_about(&key, &value, name) {
                    branch.insert(key.clone(), value.clone());
                }
            }
        }
        // A type for which the enum has no value is not possible.
        branches.retain(|branch| branch.get("enum").and_then(Node::as_array).is_none_or(|values| !values.is_empty()));
        let branches = branches.into_iter().map(|branch| Node::at(branch, &span)).collect::<Vec<_>>();
        map.insert("oneOf".to_owned(), Node::at(branches, &span));
    }

    /// Exclusive bounds as numbers become a bound and a flag; what no 64-bit integer can hold goes.
    fn bounds(&mut self, node: &mut Node, at: &Pointer) {
        for (bound, exclusive, lower) in [("minimum", "exclusiveMinimum", true), ("maximum", "exclusiveMaximum", false)]
        {
            if let Some(Value::Number(strict)) = node.get(exclusive).map(|it| it.value.clone()) {
                let other = node.get(bound).and_then(|it| match &it.value {
                    Value::Number(number) => number.as_f64(),
                    _ => None,
                });
                let decides = match (other, strict.as_f64()) {
                    (Some(other), Some(strict)) => {
                        if lower {
                            strict >= other
                        } else {
                            strict <= other
                        }
                    }
                    _ => true,
                };
                if decides {
                    node.set(bound, strict);
                    node.set(exclusive, true);
                } else {
                    node.take(exclusive);
                }
            }
            if node.get(exclusive).is_some_and(|it| it.as_bool().is_none()) {
                node.take(exclusive);
            }
            let too_wide = |number: &serde_json::Number| number.as_i64().is_none() && number.as_u64().is_none();
            if node.str("type") == Some("integer")
                && let Some(Value::Number(number)) = node.get(bound).map(|it| it.value.clone())
                && too_wide(&number)
            {
                let whole = number.as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 9_007_199_254_740_992.0);
                match whole {
                    // The cast is exact: the value is whole and below 2^53.
                    #[allow(clippy::cast_possible_truncation)]
                    Some(value) => node.set(bound, serde_json::Number::from(value as i64)),
                    None => {
                        // The widest there is says that the range is wide; dropping it would say nothing.
                        let written = node.get(bound).cloned().unwrap_or_else(|| Node::made(Value::Null));
                        let negative = number.as_f64().is_some_and(|it| it < 0.0);
                        let widest: serde_json::Number = if negative { i64::MIN.into() } else { u64::MAX.into() };
                        node.set(bound, widest);
                        node.take(exclusive);
                        self.note(
                            Kind::Loss,
                            &at.join(bound),
                            &written,
                            "the bound is no 64-bit integer; the widest was put in its place",
                        );
                    }
                }
            }
            if node.get(bound).is_some_and(|it| !matches!(it.value, Value::Number(_))) {
                let written = node.take(bound).unwrap_or_else(|| Node::made(Value::Null));
                self.note(Kind::Mend, &at.join(bound), &written, "a bound is a number; this one was left out");
            }
        }
    }

    /// A pattern is a regular expression of ECMA-262; what is none constrains nothing.
    fn pattern(&mut self, node: &mut Node, at: &Pointer) {
        let Some(pattern) = node.get("pattern") else { return };
        let valid = |text: &str| regress::Regex::new(text).is_ok() || regress::Regex::with_flags(text, "u").is_ok();
        if !pattern.as_str().is_some_and(valid) {
            let written = pattern.clone();
            node.take("pattern");
            self.note(
                Kind::Loss,
                &at.join("pattern"),
                &written,
                "the pattern is no regular expression of ECMA-262; it is not checked",
            );
        }
    }

    fn content(&mut self, node: &mut Node, at: &Pointer) {
        let encoding = node.take("contentEncoding");
        let media = node.take("contentMediaType");
        let format = match (encoding.as_ref().and_then(Node::as_str), media.as_ref().and_then(Node::as_str)) {
            (Some("base64" | "base64url"), _) => Some("byte"),
            (None, Some("application/octet-stream")) => Some("binary"),
            _ => None,
        };
        match format {
            Some(format) if node.get("format").is_none() => node.set("format", format),
            Some(_) => {}
            None => {
                if let Some(lost) = encoding.or(media) {
                    self.note(
                        Kind::Loss,
                        at,
                        &lost,
                        "the string's content type or encoding is not in 3.0; it stays a string",
                    );
                }
            }
        }
    }
}

/// Where a parameter may be, in 3.0.
const PLACES: [&str; 4] = ["path", "query", "header", "cookie"];

/// Where OpenAPI 3.0 allows a Reference Object.
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

/// A path with the expressions of RFC 6570 (`{+path}`, `{path*}`, `{?a,b}`) and of gRPC's mapping to HTTP
/// (`{path=**}`) as plain names, and which were changed. What the operations declare by just this name stays.
fn plain_template(path: &str, item: &Node) -> (String, Vec<String>) {
    let owners = METHODS.iter().filter_map(|method| item.get(method)).chain([item]);
    let parameters = owners.filter_map(|owner| owner.get("parameters").and_then(Node::as_array)).flatten();
    let declared: Vec<&str> = parameters.filter_map(|parameter| parameter.str("name")).collect();
    let (mut plain, mut changed, mut rest) = (String::new(), Vec::new(), path);
    while let Some((before, tail)) = rest.split_once('{')
        && let Some((expression, after)) = tail.split_once('}')
    {
        plain.push_str(before);
        let name = expression.trim_start_matches(['+', '#']);
        let name = name.split_once('=').map_or(name, |(name, _)| name).trim_end_matches('*');
        let in_query = expression.starts_with(['?', '&']);
        if name.is_empty() || declared.contains(&expression) || (name == expression && !in_query) {
            plain.push_str(&format!("{{{expression}}}"));
        } else {
            changed.push(expression.to_owned());
            if !in_query {
                plain.push_str(&format!("{{{name}}}"));
            }
        }
        rest = after;
    }
    plain.push_str(rest);
    (plain, changed)
}

/// The nodes without those that are equal to one before.
fn distinct(nodes: Vec<Node>) -> Vec<Node> {
    let mut seen = HashSet::with_capacity(nodes.len());
    nodes.into_iter().filter(|node| seen.insert(node.canonical())).collect()
}

fn any_of(schemas: Vec<Node>, around: &Node) -> Node {
    let mut distinct = distinct(schemas);
    let anything = |schema: &Node| schema.as_bool() == Some(true) || schema.as_object().is_some_and(Map::is_empty);
    if distinct.iter().any(anything) || distinct.is_empty() {
        return Node::at(Map::new(), &around.span);
    }
    if distinct.len() == 1 {
        return distinct.remove(0);
    }
    Node::at(Map::from_iter([("anyOf".to_owned(), Node::at(distinct, &around.span))]), &around.span)
}

/// Whether a schema allows `null` and nothing else.
fn is_null_schema(schema: &Node) -> bool {
    let null_type = match schema.get("type").map(|it| &it.value) {
        Some(Value::String(name)) => name == "null",
        Some(Value::Array(names)) => names.len() == 1 && names[0].as_str() == Some("null"),
        // `type: null` without quotes is YAML's null; it is always meant as the string.
        Some(Value::Null) => true,
        _ => false,
    };
    let null_only = |values: &[Node]| !values.is_empty() && values.iter().all(Node::is_null);
    null_type
        || schema.get("const").is_some_and(Node::is_null)
        || schema.get("enum").and_then(Node::as_array).is_some_and(null_only)
}

fn has_type(value: &Node, name: &str) -> bool {
    match &value.value {
        Value::Null => false,
        Value::Bool(_) => name == "boolean",
        Value::Number(number) => {
            name == "number" || (name == "integer" && number.as_f64().is_some_and(|it| it.fract() == 0.0))
        }
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    }
}

/// Whether a keyword constrains values of one type.
fn speaks_about(key: &str, value: &Node, name: &str) -> bool {
    match key {
        "properties" | "required" | "additionalProperties" | "minProperties" | "maxProperties" | "discriminator" => {
            name == "object"
        }
        "items" | "minItems" | "maxItems" | "uniqueItems" | "x-prefix-items" | "x-other-items" => name == "array",
        "pattern" | "minLength" | "maxLength" | "contentEncoding" | "contentMediaType" => name == "string",
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            matches!(name, "number" | "integer")
        }
        "format" => {
            let numeric = matches!(
                value.as_str(),
                Some(
                    "int32"
                        | "int64"
                        | "uint32"
                        | "uint64"
                        | "float"
                        | "double"
                        | "int8"
                        | "int16"
                        | "uint8"
                        | "uint16"
                )
            );
            numeric == matches!(name, "number" | "integer") && matches!(name, "number" | "integer" | "string")
        }
        _ => true,
    }
}

/// Whether a schema asks of values of some types what it does not ask of others.
fn tells_apart(schema: &Map, types: &[String]) -> bool {
    schema.iter().any(|(key, value)| {
        let anything = value.as_bool() == Some(true) || value.as_object().is_some_and(Map::is_empty);
        let asks_nothing = anything && matches!(key.as_str(), "items" | "additionalProperties");
        !asks_nothing && !types.iter().all(|name| speaks_about(key, value, name))
    })
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
        let lowered = lower(&Node::parse("t.yaml", &document).unwrap(), &mut notes).unwrap();
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
            ("{type: array, prefixItems: [{type: string}, {type: integer}]}", "tuples"),
            ("{type: array, items: {type: string}, contains: {const: a}}", "`contains`"),
            ("{type: object, patternProperties: {'^a': {type: string}}}", "pattern"),
            ("{type: object, properties: {a: false}}", "may not be there"),
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
            ("openapi: 3.2.0", "`3.2.0`"),
            ("openapi: 4", "`4`"),
            ("info: {}", "not an OpenAPI document"),
        ] {
            let error = lower(&Node::parse("t.yaml", text).unwrap(), &mut Notes::default()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("t.yaml:1:"), "{text}: {error}");
        }
    }
}
