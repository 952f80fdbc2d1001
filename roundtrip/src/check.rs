//! Whether an instance is valid, by a validator that knows nothing of this project.

use std::collections::BTreeSet;

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use crate::document::{Document, View, local_pointer, references, unescape};

/// What a string begins with that stands for an enum's value of tomorrow; a known value follows.
///
/// Enums are open, so such values have to survive, although they are not valid: they are checked as the known value.
pub const UNHEARD_OF: &str = "unheard-of:";

/// A document in the words of JSON Schema 2020-12, once for each view.
#[derive(Debug)]
pub struct Checker {
    read: Value,
    write: Value,
}

/// Tells valid instances of one schema.
#[derive(Debug)]
pub struct Check(Validator);

impl Check {
    /// Whether an instance is valid once its unheard-of values are the known ones they stand for.
    #[must_use]
    pub fn is_valid(&self, instance: &Value) -> bool {
        self.0.is_valid(&heard_of(instance))
    }
}

fn heard_of(instance: &Value) -> Value {
    let known = |text: &String| text.strip_prefix(UNHEARD_OF).unwrap_or(text).to_owned();
    match instance {
        Value::String(text) => known(text).into(),
        Value::Array(items) => items.iter().map(heard_of).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (known(key), heard_of(value))).collect(),
        other => other.clone(),
    }
}

impl Checker {
    /// Translates a document of any dialect.
    #[must_use]
    pub fn new(document: &Document) -> Self {
        Self {
            read: modern(document.root(), document, View::Read),
            write: modern(document.root(), document, View::Write),
        }
    }

    /// The check for the schema at a pointer.
    ///
    /// # Errors
    /// A schema that the validator does not understand.
    pub fn check(&self, pointer: &str, view: View) -> Result<Check, String> {
        let document = match view {
            View::Read => &self.read,
            View::Write => &self.write,
        };
        let built = jsonschema::options().with_draft(Draft::Draft202012).build(&reached(document, pointer));
        built.map(Check).map_err(|error| error.to_string())
    }
}

/// A schema that refers to the one at a pointer, with those parts of the document that it leads to and no others: a
/// mistake elsewhere is no reason not to check this one.
fn reached(document: &Value, pointer: &str) -> Value {
    let mut root = Map::new();
    root.insert("$ref".to_owned(), format!("#{}", fragment(pointer)).into());
    let mut queue = vec![pointer.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(pointer) = queue.pop() {
        // `/components/schemas/X`, whatever of X is meant; and `/paths/~1x/get` does as well.
        let tokens: Vec<&str> = pointer.split('/').skip(1).take(3).collect();
        let target = format!("/{}", tokens.join("/"));
        let Some(node) = document.pointer(&target).filter(|_| seen.insert(target.clone())) else { continue };
        queue.extend(references(node).iter().filter_map(|reference| local_pointer(reference)));
        put(&mut root, &tokens, node);
    }
    Value::Object(root)
}

fn put(map: &mut Map<String, Value>, tokens: &[&str], node: &Value) {
    let [first, rest @ ..] = tokens else { return };
    let member = map.entry(unescape(first)).or_insert_with(|| if rest.is_empty() { node.clone() } else { json!({}) });
    if let Some(map) = member.as_object_mut() {
        put(map, rest, node);
    }
}

/// A pointer as the fragment of a URI.
fn fragment(pointer: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte);
    pointer
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A node with the words of OpenAPI 3.0 and of older drafts said in 2020-12, and nothing demanded that a view has not.
fn modern(node: &Value, document: &Document, view: View) -> Value {
    let map = match node {
        Value::Object(map) => map,
        Value::Array(items) => return items.iter().map(|item| modern(item, document, view)).collect(),
        other => return other.clone(),
    };
    let mut out: Map<String, Value> =
        map.iter().map(|(key, value)| (key.clone(), modern(value, document, view))).collect();
    out.retain(|key, value| match (key.as_str(), value.as_str()) {
        // The base of references is the document, and its draft is ours.
        ("$id" | "$schema", Some(_)) => false,
        // One that is no regular expression would keep the whole schema from being checked.
        ("pattern", Some(pattern)) => regex_syntax::parse(pattern).is_ok(),
        _ => true,
    });
    if map.contains_key("properties") || map.contains_key("allOf") {
        let hidden = document.hidden(node, view, 6);
        do_not_demand(&mut out, &hidden);
        let parts = out.get_mut("allOf").and_then(Value::as_array_mut);
        parts.into_iter().flatten().filter_map(Value::as_object_mut).for_each(|part| do_not_demand(part, &hidden));
    }
    // Branches may overlap where a discriminator tells them apart.
    if out.remove("discriminator").is_some()
        && !out.contains_key("anyOf")
        && let Some(branches) = out.remove("oneOf")
    {
        out.insert("anyOf".to_owned(), branches);
    }
    if out.get("required").is_some_and(Value::is_boolean) {
        out.remove("required");
    }
    if out.get("type").is_some_and(Value::is_null) {
        out.insert("type".to_owned(), "null".into());
    }
    if out.get("items").is_some_and(Value::is_array)
        && let Some(items) = out.remove("items")
    {
        out.insert("prefixItems".to_owned(), items);
        let rest = out.remove("additionalItems");
        out.extend(rest.map(|rest| ("items".to_owned(), rest)));
    }
    for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        let Some(Value::Bool(strict)) = out.get(exclusive) else { continue };
        let limit = if *strict { out.remove(bound) } else { None };
        out.remove(exclusive);
        out.extend(limit.map(|limit| (exclusive.to_owned(), limit)));
    }
    if out.get("nullable") == Some(&Value::Bool(true)) {
        out.remove("nullable");
        if ["$ref", "allOf", "oneOf", "anyOf", "const"].iter().any(|key| out.contains_key(*key)) {
            return json!({"anyOf": [{"type": "null"}, out]});
        }
        match out.get_mut("type") {
            Some(Value::String(name)) => {
                let types = json!([name, "null"]);
                out.insert("type".to_owned(), types);
            }
            Some(Value::Array(names)) => names.push("null".into()),
            _ => {}
        }
        if let Some(Value::Array(values)) = out.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    Value::Object(out)
}

fn do_not_demand(schema: &mut Map<String, Value>, hidden: &BTreeSet<String>) {
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| name.as_str().is_none_or(|name| !hidden.contains(name)));
    }
}
