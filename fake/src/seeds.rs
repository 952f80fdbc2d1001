//! Seeds in files: JSON that a person has written, so errors name the place.

use std::io;

use serde_json::Value;

/// Reads an object of lists of objects. Each list comes with the field that its entries must have, if there is one.
pub(crate) fn read(text: &str, lists: &[(&str, &str)]) -> io::Result<Value> {
    let refuse = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
    let value: Value = serde_json::from_str(text).map_err(|error| refuse(format!("the seed is not JSON: {error}")))?;
    let members = value.as_object().ok_or_else(|| refuse("the seed is not an object".to_owned()))?;
    for (name, entries) in members {
        let Some((_, field)) = lists.iter().find(|(known, _)| known == name) else {
            let known: Vec<&str> = lists.iter().map(|(known, _)| *known).collect();
            return Err(refuse(format!("the seed has no list {name:?}, only {}", known.join(", "))));
        };
        let entries = entries.as_array().ok_or_else(|| refuse(format!("{name} is not a list")))?;
        for (index, entry) in entries.iter().enumerate() {
            if !entry.is_object() {
                return Err(refuse(format!("{name}[{index}] is not an object")));
            }
            if !field.is_empty() && entry[*field].as_str().is_none_or(str::is_empty) {
                return Err(refuse(format!("{name}[{index}] has no {field}")));
            }
        }
    }
    Ok(value)
}
