//! Compares two JSON values.

use serde_json::{Number, Value};

use super::document::escape;

/// The first place where two values differ. Null and absent are equal, and so are 1 and 1.0.
#[must_use]
pub fn difference(before: &Value, after: &Value) -> Option<String> {
    let below = |key: &str, inner: String| format!("/{}{inner}", escape(key));
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

/// Whether two numbers are equal, without rounding.
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
