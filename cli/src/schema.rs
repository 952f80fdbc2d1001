//! The schema of `--json`: the fields that each command prints.

use serde_json::Value;

use crate::fail::{Failure, Result};
use crate::near::nearest;

/// The schema, which the documentation links.
const SCHEMA: &str = include_str!("../cli.schema.json");

/// Refuses fields that a command does not print, before it changes anything.
pub fn check(command: &str, fields: &[String]) -> Result {
    if fields.is_empty() {
        return Ok(());
    }
    let schema: Value = serde_json::from_str(SCHEMA).unwrap_or_default();
    let definition = &schema["$defs"][command.replace(' ', "-")];
    // The response of an operation has any fields.
    if definition["additionalProperties"] == true {
        return Ok(());
    }
    let Some(known) = definition["properties"].as_object().filter(|known| !known.is_empty()) else {
        return Err(Failure::usage(format!("`{command}` prints a text without fields: omit --fields")));
    };
    let is_known = |field: &str| {
        // Objects have members of their own, written with dots.
        let first = field.split('.').next().unwrap_or(field);
        known.contains_key(field) || known.contains_key(first)
    };
    let names = || known.keys().map(String::as_str);
    let unknown = fields.iter().filter(|field| !is_known(field));
    let problems: Vec<String> =
        unknown.map(|field| format!("`{command}` has no field `{field}`{}", nearest(field, names()))).collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("; "))) }
}
