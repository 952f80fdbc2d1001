//! A document for generating instances: original schemas, references, views.

use std::borrow::Cow;
use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The side of the wire that an instance is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The content of a response: no `writeOnly` properties.
    Read,
    /// The content of a request: no `readOnly` properties.
    Write,
}

impl View {
    /// The keyword of properties that are not in this view.
    pub(super) fn hidden(self) -> &'static str {
        match self {
            Self::Read => "writeOnly",
            Self::Write => "readOnly",
        }
    }
}

/// A key as a part of a JSON Pointer.
#[must_use]
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Replaces `$recursiveRef`, a keyword of JSON Schema 2019-09, which no validator of 2020-12 knows: in a component, `#`
/// is the component.
fn resolve_recursive(schema: &mut Value, component: &str) {
    match schema {
        Value::Object(map) => {
            if map.get("$recursiveRef").is_some_and(|it| it == "#") && !map.contains_key("$ref") {
                map.remove("$recursiveRef");
                map.insert("$ref".to_owned(), component.into());
            }
            map.values_mut().for_each(|child| resolve_recursive(child, component));
        }
        Value::Array(items) => items.iter_mut().for_each(|child| resolve_recursive(child, component)),
        _ => {}
    }
}

/// An OpenAPI document that was not lowered.
#[derive(Debug)]
pub struct Document {
    root: Value,
    /// The components that requests and responses reach.
    requests: BTreeSet<String>,
    responses: BTreeSet<String>,
}

impl Document {
    /// Reads a document from JSON.
    #[must_use]
    pub fn new(root: Value) -> Self {
        let mut root = root;
        let components = root.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
        for (name, schema) in components.into_iter().flatten() {
            resolve_recursive(schema, &format!("#/components/schemas/{}", escape(name)));
        }
        let mut document = Self { root, requests: BTreeSet::new(), responses: BTreeSet::new() };
        let items = object(&document.root, "paths").into_iter().flat_map(Map::values);
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        for item in items {
            let reference = item.get("$ref").and_then(Value::as_str);
            let item = reference.and_then(|reference| document.target(reference)).map_or(item, |(item, _)| item);
            for operation in item.as_object().into_iter().flat_map(Map::values) {
                sent.extend([item.get("parameters"), operation.get("parameters"), operation.get("requestBody")]);
                received.push(operation.get("responses"));
            }
        }
        let (requests, responses) = (document.reached(sent), document.reached(received));
        (document.requests, document.responses) = (requests, responses);
        document
    }

    /// The whole document.
    #[must_use]
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// The target of a local reference, and the name of its component schema, if it is one.
    pub(super) fn target(&self, reference: &str) -> Option<(&Value, Option<String>)> {
        let pointer = local_pointer(reference)?;
        Some((self.root.pointer(&pointer)?, component(&pointer)))
    }

    /// The view of a component within another view. A component that only requests reach has one view.
    #[must_use]
    pub fn view(&self, component: &str, around: View) -> View {
        match (self.requests.contains(component), self.responses.contains(component)) {
            (true, true) => around,
            (true, false) => View::Write,
            _ => View::Read,
        }
    }

    /// The properties of a schema that are not in a view, also inherited ones.
    pub(super) fn hidden(&self, schema: &Value, view: View, fuel: usize) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let Some(fuel) = fuel.checked_sub(1) else { return found };
        for (name, property) in object(schema, "properties").into_iter().flatten() {
            if property.get(view.hidden()) == Some(&Value::Bool(true)) {
                found.insert(name.clone());
            }
        }
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| self.target(reference));
        for part in array(schema, "allOf").iter().chain(target.map(|(target, _)| target)) {
            found.extend(self.hidden(part, view, fuel));
        }
        found
    }

    /// The component schemas that nodes refer to.
    fn reached(&self, start: Vec<Option<&Value>>) -> BTreeSet<String> {
        let mut queue: Vec<&Value> = start.into_iter().flatten().collect();
        let mut seen = BTreeSet::new();
        let mut found = BTreeSet::new();
        while let Some(node) = queue.pop() {
            for reference in references(node) {
                if let Some((target, component)) = self.target(&reference)
                    && seen.insert(reference)
                {
                    found.extend(component);
                    queue.push(target);
                }
            }
        }
        found
    }
}

/// The references in a node.
pub(crate) fn references(node: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut queue = vec![node];
    while let Some(node) = queue.pop() {
        match node {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                queue.extend(map.values());
            }
            Value::Array(items) => queue.extend(items),
            _ => {}
        }
    }
    found
}

/// The JSON Pointer of a reference into its own document.
pub fn local_pointer(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    percent_decode_str(fragment).decode_utf8().ok().map(Cow::into_owned)
}

/// The name of the component schema at a pointer.
#[must_use]
pub fn component(pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix("/components/schemas/").filter(|name| !name.contains('/'))?;
    Some(unescape(name))
}

/// A key of a JSON Pointer, without its escapes (RFC 6901, section 4).
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// A member that is an object.
pub(crate) fn object<'a>(node: &'a Value, key: &str) -> Option<&'a Map<String, Value>> {
    node.get(key)?.as_object()
}

/// The items of a member that is an array.
pub(crate) fn array<'a>(node: &'a Value, key: &str) -> &'a [Value] {
    node.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
