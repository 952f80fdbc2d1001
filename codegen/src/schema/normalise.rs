//! Normalizes the keywords of one schema, in any dialect, before the schema is read into a model.

use std::collections::HashSet;

use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, Object};
use crate::members;
use crate::note::{Kind, Notes, Stage};

/// Normalizes schemas, and writes a note for each correction and loss.
pub(super) struct Normaliser<'a> {
    pub(super) notes: &'a mut Notes,
}

impl Normaliser<'_> {
    pub(super) fn note(&mut self, kind: Kind, at: &Pointer, node: &Node, reason: impl Into<String>) {
        self.notes.push(Stage::Lower, kind, at, node, reason);
    }

    /// Normalizes a schema. Returns the keywords that only constrain values and that no type depends on, by their
    /// names, and removes them from the schema.
    pub(super) fn schema(&mut self, node: &mut Node, at: &Pointer) -> Map {
        match &node.value {
            Value::Object(_) => {}
            Value::Bool(true) => {
                node.value = Map::new().into();
                return Map::new();
            }
            Value::Bool(false) => {
                self.note(Kind::Unchecked, at, node, "`false` allows no value; any value is accepted");
                let never = Map::from_iter([("not".to_owned(), Node::at(Map::new(), &node.span))]);
                node.value = never.into();
                return Map::new();
            }
            _ => {
                self.note(Kind::Correction, at, node, "a schema is expected here; any value is accepted");
                node.value = Map::new().into();
                return Map::new();
            }
        }
        if node.get("$ref").is_some() {
            return self.schema_reference(node, at);
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            if let Some(one) = node.get(key).filter(|it| it.as_object().is_some()).cloned() {
                self.note(
                    Kind::Correction,
                    &at.join(key),
                    &one,
                    "a list of schemas is expected here; the schema was read as a list with one item",
                );
                node.set(key, vec![one]);
            }
        }
        if let Some(Value::String(property)) = node.get("discriminator").map(|it| it.value.clone()) {
            self.note(
                Kind::Correction,
                at,
                node,
                "the discriminator is written as in Swagger 2; it names the property",
            );
            node.set("discriminator", Map::from_iter([("propertyName".to_owned(), Node::made(property))]));
        }
        let mut further = Map::new();
        // This comes first, so that the keywords of a single branch are normalized together with the schema's own. A
        // branch may itself be a union with a single branch, so this is repeated.
        for _ in 0..4 {
            self.null_branches(node, &mut further);
        }
        tuples(node);
        self.content(node, at, &mut further);
        self.further(node, at, &mut further);
        self.never_properties(node, at, &mut further);
        self.pattern_properties(node, at, &mut further);
        self.values(node, &mut further);
        self.texts(node, at);
        self.types(node, at, &mut further);
        self.bounds(node, at, &mut further);
        self.pattern(node, at, &mut further);
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
        self.as_written(node, "required", at, true);
        members::values(Object::Schema, node, at, self.notes);
        members::incomplete(Object::Schema, node, at, self.notes);
        if node.str("type") == Some("array") && node.get("items").is_none() && node.get("prefixItems").is_none() {
            node.set("items", Map::new());
        }
        if let Some(items) = node.get_mut("required").and_then(Node::as_array_mut) {
            *items = distinct(std::mem::take(items));
        }
        distinct_values(node);
        if node.get("required").and_then(Node::as_array).is_some_and(<[Node]>::is_empty) {
            // 3.0 does not allow an empty list.
            node.take("required");
        }
        members::unknown(Object::Schema, node, at, self.notes);
        further
    }

    /// A `$ref` with siblings becomes an `allOf` of the reference, beside the siblings. Returns the sibling that depends
    /// on the properties of the others.
    fn schema_reference(&mut self, node: &mut Node, at: &Pointer) -> Map {
        let span = node.span.clone();
        let mut further = Map::new();
        let Some(map) = node.as_object_mut() else { return further };
        if map.len() == 1 {
            return further;
        }
        let Some(target) = map.shift_remove("$ref") else { return further };
        if let Some(rest) = map.shift_remove("unevaluatedProperties") {
            let at = at.join("unevaluatedProperties");
            self.note(Kind::Unchecked, &at, &rest, "`unevaluatedProperties` is not checked");
            keep(&mut further, "unevaluatedProperties", rest);
        }
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
        members::values(Object::Schema, node, at, self.notes);
        members::incomplete(Object::Schema, node, at, self.notes);
        members::unknown(Object::Schema, node, at, self.notes);
        further
    }

    /// Moves keywords that 3.0 does not have and that only constrain values to others, without descriptions.
    fn further(&mut self, node: &mut Node, at: &Pointer, further: &mut Map) {
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
        const APPLICATORS: [&str; 11] = [
            "allOf",
            "anyOf",
            "oneOf",
            "not",
            "if",
            "then",
            "else",
            "dependentSchemas",
            "dependencies",
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
        // Where no other schema applies to the same object, both keywords mean the same.
        if node.get("additionalProperties").is_none()
            && APPLICATORS.iter().all(|key| node.get(key).is_none())
            && let Some(rest) = node.take("unevaluatedProperties")
        {
            node.as_object_mut().map(|map| map.insert("additionalProperties".to_owned(), rest));
        }
        for key in LOST {
            if let Some(value) = node.take(key) {
                self.note(Kind::Unchecked, &at.join(key), &value, format!("`{key}` is not checked"));
                keep(further, key, value);
            }
        }
    }

    fn never_properties(&mut self, node: &mut Node, at: &Pointer, further: &mut Map) {
        let Some(properties) = node.get_mut("properties").and_then(Node::as_object_mut) else { return };
        let never: Vec<String> =
            properties.iter().filter(|(_, it)| it.as_bool() == Some(false)).map(|(key, _)| key.clone()).collect();
        if !never.is_empty() {
            let names = never.iter().map(|name| (name.clone(), Node::made(false)));
            further.insert("properties".to_owned(), Node::made(names.collect::<Map>()));
        }
        for key in never {
            if let Some(value) = properties.shift_remove(&key) {
                self.notes.push(
                    Stage::Lower,
                    Kind::Unchecked,
                    &at.join("properties").join(&key),
                    &value,
                    "a forbidden property is not rejected",
                );
            }
        }
    }

    fn pattern_properties(&mut self, node: &mut Node, at: &Pointer, further: &mut Map) {
        let Some(patterns) = node.take("patternProperties") else { return };
        if let Some(map) = patterns.as_object().filter(|map| map.len() == 1 && node.get("properties").is_none())
            && let Some((_, schema)) = map.iter().find(|(pattern, _)| matches_any_key(pattern))
        {
            return node.set("additionalProperties", schema.value.clone());
        }
        self.note(
            Kind::Unchecked,
            &at.join("patternProperties"),
            &patterns,
            "the names of properties are not checked by pattern",
        );
        keep(further, "patternProperties", patterns.clone());
        let mut schemas: Vec<Node> = patterns.as_object().into_iter().flat_map(Map::values).cloned().collect();
        match node.get("additionalProperties").map(|it| it.value.clone()) {
            // Only keys that match a pattern were allowed. The schemas of the patterns now apply to all unnamed keys.
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

    /// `const` becomes an enum with one value. A null in an enum makes the schema nullable.
    fn values(&mut self, node: &mut Node, further: &mut Map) {
        if let Some(constant) = node.take("const") {
            match node.get("enum") {
                None => node.set("enum", vec![constant]),
                Some(_) => keep(further, "const", constant),
            }
        }
        let Some(values) = node.get("enum").and_then(Node::as_array) else {
            node.take("enum");
            return;
        };
        if values.is_empty() {
            further.extend(node.take("enum").map(|none| ("enum".to_owned(), none)));
            return;
        }
        if values.iter().any(Node::is_null) {
            node.set("nullable", true);
        }
        integral(node);
    }

    /// Reads the numbers and booleans of an enum of strings as texts: without quotes, they are no strings in YAML.
    fn texts(&mut self, node: &mut Node, at: &Pointer) {
        let is_text = match node.get("type").map(|it| &it.value) {
            Some(Value::String(name)) => name == "string",
            Some(Value::Array(names)) => {
                names.iter().all(|name| matches!(name.as_str(), Some("string" | "null"))) && !names.is_empty()
            }
            _ => false,
        };
        if is_text {
            self.as_written(node, "enum", at, false);
        }
    }

    /// Replaces scalars in a list of texts by the texts that the author wrote.
    fn as_written(&mut self, node: &mut Node, key: &str, at: &Pointer, nulls: bool) {
        let items = node.get_mut(key).and_then(Node::as_array_mut);
        let mut found: Vec<String> = Vec::new();
        for item in items.into_iter().flatten() {
            let text = match &item.value {
                Value::Null if nulls => item.span.written().unwrap_or("null").to_owned(),
                Value::Bool(value) => item.span.written().map_or_else(|| value.to_string(), str::to_owned),
                Value::Number(number) => item.span.written().map_or_else(|| number.to_string(), str::to_owned),
                _ => continue,
            };
            item.value = Value::String(text.clone());
            found.push(text);
        }
        if let Some(first) = found.first()
            && let Some(list) = node.get(key).cloned()
        {
            let more = if found.len() > 1 { format!(" and {} more", found.len() - 1) } else { String::new() };
            let reason = format!("without quotes these are no strings, and were read as the texts: `{first}`{more}");
            self.note(Kind::Correction, &at.join(key), &list, reason);
        }
    }

    /// `anyOf` or `oneOf` with a null branch becomes nullable. A union with one branch becomes that branch.
    fn null_branches(&mut self, node: &mut Node, further: &mut Map) {
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
                    self.fold(node, branch, further);
                }
                _ => node.set(key, rest),
            }
        }
    }

    /// Replaces a union by its only branch.
    fn fold(&mut self, node: &mut Node, branch: Node, further: &mut Map) {
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
                // The branch can bring a `const`, or an enum with null. The caller repeats this for a branch that has
                // one branch.
                self.values(node, further);
            }
            _ => match node.get_mut("allOf").and_then(Node::as_array_mut) {
                Some(all) => all.push(branch),
                None => node.set("allOf", vec![branch]),
            },
        }
    }
}

/// Writes the values of an enum of integers without fractions: `1.0` is an integer.
fn integral(node: &mut Node) {
    let is_integer = match node.get("type").map(|it| &it.value) {
        Some(Value::String(name)) => name == "integer",
        Some(Value::Array(names)) => {
            let has = |wanted: &str| names.iter().any(|name| name.as_str() == Some(wanted));
            has("integer") && !has("number")
        }
        _ => false,
    };
    let values = node.get_mut("enum").and_then(Node::as_array_mut).filter(|_| is_integer);
    for value in values.into_iter().flatten() {
        if let Value::Number(number) = &value.value
            && let Some(float) = number.as_f64().filter(|it| number.is_f64() && it.fract() == 0.0)
            && float.abs() < 9_007_199_254_740_992.0
        {
            // The cast is exact: the value is whole and below 2^53.
            #[allow(clippy::cast_possible_truncation)]
            let whole = float as i64;
            value.value = Value::Number(whole.into());
        }
    }
}

/// Whether a pattern surely matches every key.
pub(crate) fn matches_any_key(pattern: &str) -> bool {
    matches!(pattern, "" | "^" | "$" | ".*" | "^.*" | ".*$" | r"[\s\S]*" | r"^[\s\S]*$")
}

/// Adds a keyword to others, without the descriptions in it.
pub(super) fn keep(further: &mut Map, key: &str, value: Node) {
    let mut around = Node::made(Map::from([(key.to_owned(), value)]));
    Object::Schema.walk_mut(&mut around, &Pointer::root(), &mut |kind, node, _| {
        if let Some(map) = node.as_object_mut().filter(|_| kind == Object::Schema) {
            map.retain(|key, _| !grammar::is_annotation(key));
        }
    });
    further.extend(around.take(key).map(|value| (key.to_owned(), value)));
}

/// Normalizes tuples to `prefixItems`. Older drafts have a list in `items`. For 3.0, `lower` writes tuples as
/// extensions.
fn tuples(node: &mut Node) {
    if node.get("items").is_some_and(|items| items.as_array().is_some()) {
        let items = node.take("items").unwrap_or_else(|| Node::made(Value::Null));
        node.set("prefixItems", items.value);
        if let Some(rest) = node.take("additionalItems") {
            node.set("items", rest.value);
        }
    }
    let (written, rest) = (node.take("x-prefix-items"), node.take("x-other-items"));
    if let Some(written) = written.filter(|written| node.get("prefixItems").is_none() && is_tuple(written)) {
        node.set("prefixItems", written.value);
        node.set("items", rest.map_or(Value::Bool(false), |rest| rest.value));
    }
    // Without positions, it is an array.
    if node.get("prefixItems").is_some_and(|prefix| !is_tuple(prefix)) {
        node.take("prefixItems");
        if node.get("items").is_none_or(|items| items.as_bool() == Some(false)) {
            node.set("items", Map::new());
        }
    }
}

fn is_tuple(prefix: &Node) -> bool {
    prefix.as_array().is_some_and(|items| !items.is_empty())
}

/// Removes repeated nodes.
fn distinct(nodes: Vec<Node>) -> Vec<Node> {
    let mut seen = HashSet::with_capacity(nodes.len());
    nodes.into_iter().filter(|node| seen.insert(node.canonical())).collect()
}

/// Removes repeated values of an enum, with what other lists say about them.
fn distinct_values(node: &mut Node) {
    let mut seen = HashSet::new();
    let values = node.get("enum").and_then(Node::as_array).unwrap_or_default();
    let is_first: Vec<bool> = values.iter().map(|value| seen.insert(value.canonical())).collect();
    for key in ["enum", "x-enum-varnames", "x-enumNames", "x-enum-descriptions", "x-enumDescriptions"] {
        let list = node.get_mut(key).and_then(Node::as_array_mut).filter(|list| list.len() == is_first.len());
        if let Some(list) = list {
            let mut first = is_first.iter();
            list.retain(|_| first.next() == Some(&true));
        }
    }
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
        // `type: null` without quotes is a null in YAML. The author always means the string.
        Some(Value::Null) => true,
        _ => false,
    };
    let null_only = |values: &[Node]| !values.is_empty() && values.iter().all(Node::is_null);
    null_type
        || schema.get("const").is_some_and(Node::is_null)
        || schema.get("enum").and_then(Node::as_array).is_some_and(null_only)
}
