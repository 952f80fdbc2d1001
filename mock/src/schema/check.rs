//! Checks whether an instance is valid, by an independent validator.

use std::collections::BTreeSet;
use std::fmt;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::document::{Document, View, local_pointer, references, unescape};

/// The prefix of a string that represents a future value of an enum; a known value follows.
///
/// Enums are open, so such values have to survive, although they are not valid. They are checked like the known value.
pub const UNHEARD_OF: &str = "unheard-of:";

/// A document as JSON Schema 2020-12, once for each view.
#[derive(Debug)]
pub struct Checker {
    read: Value,
    write: Value,
    formats: bool,
}

/// The place and the reason why a value is not an instance of a schema. It never shows the value, which may be a
/// secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// The place in the value, as a JSON Pointer.
    pub at: String,
    /// The place in the document, as a JSON Pointer.
    pub schema: String,
    /// The requirement of the schema there.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "the whole" } else { &self.at };
        write!(f, "at {at}: {} (schema: {})", self.message, self.schema)
    }
}

/// Checks values against one schema.
#[derive(Debug)]
pub struct Check(Validator);

impl Check {
    /// Whether an instance is valid after its future enum values are replaced by known ones.
    #[must_use]
    pub fn is_valid(&self, instance: &Value) -> bool {
        self.0.is_valid(&heard_of(instance))
    }

    /// The first mistake in a value, if it is not an instance. Unlike [`Check::is_valid`], this replaces no texts.
    #[must_use]
    pub fn mistake(&self, value: &Value) -> Option<Mistake> {
        let error = self.0.validate(value).err()?;
        Some(innermost(&error))
    }

    /// Every rule that a value breaks.
    pub fn breaches(&self, value: &Value) -> Vec<Breach> {
        self.0.iter_errors(value).flat_map(|error| breaches(&error)).take(BREACHES).collect()
    }
}

/// One rule of a schema that a value breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The place in the value, as a JSON Pointer.
    pub at: String,
    /// The rule that it breaks.
    pub rule: Rule,
}

/// The kind of rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// `type`, with another type than the allowed ones.
    Type,
    /// `enum` or `const`, with a value that is not listed.
    Enum,
    /// A member with this name is required.
    Required(String),
    /// Any other rule, by its keyword.
    Keyword(String),
}

/// The maximum number of rules that are reported for one value.
const BREACHES: usize = 1000;

/// The rules behind an error. If no branch of a union fits, the rules of the branch that fits best.
fn breaches(error: &ValidationError<'_>) -> Vec<Breach> {
    let at = error.instance_path().to_string();
    let rule = match error.kind() {
        ValidationErrorKind::Type { .. } => Rule::Type,
        ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => Rule::Enum,
        ValidationErrorKind::Required { property } => Rule::Required(property.as_str().unwrap_or_default().to_owned()),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let branches = context.iter().map(|errors| errors.iter().flat_map(breaches).collect::<Vec<_>>());
            // A branch of another type was not meant.
            let own = |it: &Breach| it.at == at && it.rule == Rule::Type;
            let meant = branches.filter(|branch| !branch.iter().any(own));
            let depth = |branch: &Vec<Breach>| branch.iter().map(|it| it.at.matches('/').count()).min();
            let best = meant.max_by_key(|branch| (depth(branch), std::cmp::Reverse(branch.len())));
            return best.unwrap_or_else(|| vec![Breach { at, rule: Rule::Type }]);
        }
        other => Rule::Keyword(other.keyword().to_owned()),
    };
    vec![Breach { at, rule }]
}

/// "Valid under none of the alternatives" hides the useful failure: the deepest, or the first of several.
fn innermost(error: &ValidationError<'_>) -> Mistake {
    let own = Mistake {
        at: error.instance_path().to_string(),
        schema: error.schema_path().to_string(),
        message: error.masked().to_string(),
    };
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) = error.kind() else {
        return own;
    };
    context.iter().flatten().rev().map(innermost).max_by_key(|mistake| mistake.at.len()).unwrap_or(own)
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
            formats: false,
        }
    }

    /// Checks formats as well. `int64` and `uint64` may be texts, as in the JSON of Protobuf, and a duration may be seconds
    /// (`1.5s`).
    #[must_use]
    pub fn with_formats(self) -> Self {
        Self { formats: true, ..self }
    }

    /// The check for the schema at a pointer.
    ///
    /// # Errors
    /// If the validator does not understand the schema.
    pub fn check(&self, pointer: &str, view: View) -> Result<Check, String> {
        let document = match view {
            View::Read => &self.read,
            View::Write => &self.write,
        };
        let mut options = jsonschema::options().with_draft(Draft::Draft202012);
        if self.formats {
            options = options
                .should_validate_formats(true)
                .with_format("int64", |text: &str| text.parse::<i64>().is_ok())
                .with_format("uint64", |text: &str| text.parse::<u64>().is_ok())
                .with_format("duration", is_duration);
        }
        options.build(&reached(document, pointer)).map(Check).map_err(|error| error.to_string())
    }
}

fn is_duration(text: &str) -> bool {
    let seconds = text.strip_suffix('s').is_some_and(|seconds| seconds.parse::<f64>().is_ok());
    let iso = text.strip_prefix('P').is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_uppercase()));
    seconds || iso
}

/// A schema that refers to the one at a pointer, with only the parts of the document that it reaches: a mistake
/// elsewhere must not prevent this check.
fn reached(document: &Value, pointer: &str) -> Value {
    let mut root = Map::new();
    root.insert("$ref".to_owned(), format!("#{}", fragment(pointer)).into());
    let mut queue = vec![pointer.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(pointer) = queue.pop() {
        // For a place in `/components/schemas/X`, the whole of X. For an operation, only the requested place.
        let depth = if seen.is_empty() && !pointer.starts_with("/components/schemas/") { usize::MAX } else { 3 };
        let tokens: Vec<&str> = pointer.split('/').skip(1).take(depth).collect();
        let target = format!("/{}", tokens.join("/"));
        let Some(node) = document.pointer(&target).filter(|_| seen.insert(target.clone())) else { continue };
        queue.extend(references(node).iter().filter_map(|reference| local_pointer(reference)));
        put(&mut root, &tokens, node);
    }
    Value::Object(root)
}

fn put(map: &mut Map<String, Value>, tokens: &[&str], node: &Value) {
    let [first, rest @ ..] = tokens else { return };
    if rest.is_empty() {
        map.insert(unescape(first), node.clone());
        return;
    }
    let member = map.entry(unescape(first)).or_insert_with(|| json!({}));
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

/// A node whose OpenAPI 3.0 and older keywords are converted to 2020-12, and which does not require properties that the
/// view lacks.
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
        // An invalid regular expression would prevent the check of the whole schema.
        ("pattern", Some(pattern)) => regex_syntax::parse(pattern).is_ok(),
        _ => true,
    });
    if map.contains_key("properties") || map.contains_key("allOf") {
        let hidden = document.hidden(node, view, 6);
        do_not_demand(&mut out, &hidden);
        let parts = out.get_mut("allOf").and_then(Value::as_array_mut);
        parts.into_iter().flatten().filter_map(Value::as_object_mut).for_each(|part| do_not_demand(part, &hidden));
    }
    name_aliases(&mut out);
    // Branches may overlap if a discriminator distinguishes them.
    if out.remove("discriminator").is_some()
        && !out.contains_key("anyOf")
        && let Some(branches) = out.remove("oneOf")
    {
        out.insert("anyOf".to_owned(), branches);
    }
    match out.get_mut("required") {
        Some(Value::Bool(_)) => drop(out.remove("required")),
        // A name that is listed twice is required once.
        Some(Value::Array(names)) => {
            let mut seen = BTreeSet::new();
            names.retain(|name| seen.insert(name.to_string()));
        }
        _ => {}
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

/// A property with aliases (`x-aliases`) is checked under each name, and required under none.
fn name_aliases(schema: &mut Map<String, Value>) {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let with_aliases = properties.filter_map(|(name, property)| Some((name, property, property.get("x-aliases")?)));
    let mut named = BTreeSet::new();
    let mut aliases = Vec::new();
    for (name, property, others) in with_aliases {
        named.insert(name.clone());
        let others = others.as_array().into_iter().flatten().filter_map(Value::as_str);
        aliases.extend(others.map(|alias| (alias.to_owned(), property.clone())));
    }
    do_not_demand(schema, &named);
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (alias, property) in aliases {
            properties.entry(alias).or_insert(property);
        }
    }
}

fn do_not_demand(schema: &mut Map<String, Value>, hidden: &BTreeSet<String>) {
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| name.as_str().is_none_or(|name| !hidden.contains(name)));
    }
}
