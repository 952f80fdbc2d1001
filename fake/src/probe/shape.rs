//! A description of values without the values: the number of each type, and their lengths.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

/// The types of some values, and the lengths of texts, lists and objects.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape(BTreeMap<&'static str, Lengths>);

#[derive(Debug, Clone)]
struct Lengths {
    count: usize,
    least: usize,
    most: usize,
}

/// The name of a value's type.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::String(_) => "string",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl Shape {
    pub(super) fn add(&mut self, value: &Value) {
        let length = match value {
            Value::String(text) => text.chars().count(),
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        let lengths = self.0.entry(kind(value)).or_insert(Lengths { count: 0, least: length, most: length });
        lengths.count += 1;
        lengths.least = lengths.least.min(length);
        lengths.most = lengths.most.max(length);
    }

    pub(super) fn merge(&mut self, other: &Shape) {
        for (kind, more) in &other.0 {
            let known = self.0.entry(kind).or_insert(Lengths { count: 0, ..more.clone() });
            known.count += more.count;
            known.least = known.least.min(more.least);
            known.most = known.most.max(more.most);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.0.values().map(|lengths| lengths.count).sum()
    }

    /// The number of values of a type.
    pub(super) fn count_of(&self, kind: &str) -> usize {
        self.0.get(kind).map_or(0, |lengths| lengths.count)
    }

    /// Whether one of the lists had an item.
    pub(super) fn has_items(&self) -> bool {
        self.0.get("array").is_some_and(|lengths| lengths.most > 0)
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }

    /// A schema for such values, in OpenAPI 3.0 or later.
    pub(super) fn schema(&self, is_3_0: bool) -> Value {
        let mut kinds: Vec<&str> = self.kinds().filter(|kind| *kind != "null").collect();
        if kinds.contains(&"number") {
            kinds.retain(|kind| *kind != "integer");
        }
        let has_null = self.count_of("null") > 0;
        let mut schema = match (kinds.as_slice(), has_null) {
            // No type is known, or too many.
            ([], _) => json!({}),
            ([one], true) if !is_3_0 => json!({"type": [one, "null"]}),
            ([one], true) => json!({"type": one, "nullable": true}),
            ([one], false) => json!({"type": one}),
            (_, _) if is_3_0 => json!({}),
            (several, true) => json!({"type": several.iter().copied().chain(["null"]).collect::<Vec<_>>()}),
            (several, false) => json!({"type": several}),
        };
        if kinds.contains(&"array") {
            schema["items"] = json!({});
        }
        if kinds.contains(&"object") {
            schema["additionalProperties"] = json!(true);
        }
        schema
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (kind, Lengths { count, least, most })) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{count} x {kind}")?;
            match *kind {
                "string" | "array" | "object" if least == most => write!(f, " of length {least}")?,
                "string" | "array" | "object" => write!(f, " of length {least} to {most}")?,
                _ => {}
            }
        }
        Ok(())
    }
}
