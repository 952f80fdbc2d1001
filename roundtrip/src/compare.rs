//! Whether two values are the same JSON, and what the smallest value is that shows they are not.

use serde_json::{Map, Number, Value};

/// The first place where two values differ, if they do: null and absent are the same, and so are 1 and 1.0.
#[must_use]
pub fn difference(before: &Value, after: &Value) -> Option<String> {
    let below = |key: &str, inner: String| format!("/{}{inner}", key.replace('~', "~0").replace('/', "~1"));
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let lost = before.iter().find_map(|(key, value)| {
                difference(value, after.get(key).unwrap_or(&Value::Null)).map(|inner| below(key, inner))
            });
            let gained = || {
                let new = after.iter().filter(|(key, value)| !before.contains_key(*key) && !value.is_null());
                new.map(|(key, value)| below(key, format!(": absent became {value}"))).next()
            };
            lost.or_else(gained)
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let mut pairs = before.iter().zip(after).enumerate();
            pairs.find_map(|(index, (a, b))| difference(a, b).map(|inner| below(&index.to_string(), inner)))
        }
        (Value::Number(a), Value::Number(b)) if same_number(a, b) => None,
        (a, b) if a == b => None,
        (a, b) => Some(format!(": {a} became {b}")),
    }
}

/// Equal by value, with no rounding on the way.
fn same_number(a: &Number, b: &Number) -> bool {
    let whole = |number: &Number| {
        let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        // Doubles this large are whole, and the cast of a whole double below 2^127 is exact.
        let double = number.as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 1e38);
        integer.or_else(|| double.map(|it| it as i128))
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

/// The smallest value, step by step from a given one, that a test still holds of.
pub fn shrink(value: &Value, holds: &mut dyn FnMut(&Value) -> bool) -> Value {
    let mut value = value.clone();
    // Enough for any instance made here, and an end for those whose every step is slow.
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

/// How much there is to read in a value.
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

/// Values one step simpler, the largest steps first.
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
            // A child in place of its parent, for schemas that hold themselves.
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
