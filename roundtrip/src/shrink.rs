//! Finds the smallest value with the same property as a larger one.

use serde_json::{Map, Value};

/// The smallest value, step by step from a given one, for which a test still holds.
pub fn shrink(value: &Value, holds: &mut dyn FnMut(&Value) -> bool) -> Value {
    let mut value = value.clone();
    // Enough for every instance here, and a limit for those whose steps are slow.
    let mut tries = 4_000_usize;
    'smaller: loop {
        let size = weight(&value);
        for candidate in simpler(&value) {
            if weight(&candidate) >= size {
                continue;
            }
            let Some(left) = tries.checked_sub(1) else { return value };
            tries = left;
            if holds(&candidate) {
                value = candidate;
                continue 'smaller;
            }
        }
        return value;
    }
}

/// The size of a value for a reader.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Bool(value) => 1 + usize::from(*value),
        Value::Number(number) => 1 + number.to_string().len(),
        Value::String(text) => 1 + text.len() + text.chars().filter(|c| !c.is_ascii_alphanumeric()).count(),
        Value::Array(items) => 2 + items.iter().map(|item| 1 + weight(item)).sum::<usize>(),
        Value::Object(map) => 2 + map.iter().map(|(key, value)| 2 + key.len() + weight(value)).sum::<usize>(),
    }
}

/// Values that are one step simpler, the largest steps first.
fn simpler(value: &Value) -> Vec<Value> {
    let mut found = vec![Value::Null];
    match value {
        Value::Null => found.clear(),
        Value::Bool(_) => found.push(false.into()),
        Value::Number(number) => {
            found.extend([Value::from(0), Value::from(1), Value::from(0.5)]);
            found.extend(number.as_f64().map(|it| Value::from(it.trunc())));
        }
        Value::String(text) => {
            let half = text.chars().count() / 2;
            found.extend(["", "a"].map(Value::from));
            found.push(text.chars().take(half).collect::<String>().into());
            found.push(text.chars().skip(half.max(1)).collect::<String>().into());
        }
        Value::Array(items) => {
            found.push(Value::Array(Vec::new()));
            // A child instead of its parent, for schemas that contain themselves.
            found.extend(items.iter().cloned());
            let without =
                |index| items.iter().enumerate().filter(move |(at, _)| *at != index).map(|(_, it)| it.clone());
            found.extend((0..items.len()).map(|index| Value::Array(without(index).collect())));
            for (index, item) in items.iter().enumerate() {
                let with = |item| {
                    let mut items = items.clone();
                    items[index] = item;
                    Value::Array(items)
                };
                found.extend(simpler(item).into_iter().map(with));
            }
        }
        Value::Object(map) => {
            found.push(Value::Object(Map::new()));
            found.extend(map.values().cloned());
            let without = |key| map.iter().filter(move |(it, _)| *it != key).map(|(k, v)| (k.clone(), v.clone()));
            found.extend(map.keys().map(|key| Value::Object(without(key).collect())));
            for (key, value) in map {
                let with = |value| {
                    let mut map = map.clone();
                    map.insert(key.clone(), value);
                    Value::Object(map)
                };
                found.extend(simpler(value).into_iter().map(with));
            }
        }
    }
    found
}
