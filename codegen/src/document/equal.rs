//! Equality of JSON values, where a number has no spelling: `1` and `1.0` are the same (JSON Schema 2020-12, section
//! 4.2.2).

use std::cmp::Ordering;

use serde_json::Number;

use super::{Node, Value};

impl Node {
    /// Whether two nodes are the same JSON value.
    pub(crate) fn is_same_value(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Number(one), Value::Number(other)) => order(one, other) == Ordering::Equal,
            (Value::Array(one), Value::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is_same_value(other))
            }
            (Value::Object(one), Value::Object(other)) => {
                let same = |(key, one): (&String, &Self)| other.get(key).is_some_and(|other| one.is_same_value(other));
                one.len() == other.len() && one.iter().all(same)
            }
            (one, other) => one == other,
        }
    }
}

/// The order of two numbers. Integers are compared exactly, because a double does not represent all of them.
pub(crate) fn order(one: &Number, other: &Number) -> Ordering {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// The value of a number without a fraction.
fn whole(number: &Number) -> Option<i128> {
    let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    // A double in this range is exact as an integer.
    let double = || number.as_f64().filter(|double| double.fract() == 0.0 && double.abs() < 1e30);
    #[allow(clippy::cast_possible_truncation)]
    integer.or_else(|| double().map(|double| double as i128))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        Node::parse("value.json", text).unwrap()
    }

    #[test]
    fn a_number_has_no_spelling() {
        for (one, other, same) in [
            ("[1]", "[1.0]", true),
            ("[0]", "[-0.0]", true),
            ("[1e2]", "[100]", true),
            ("[1]", "[1.5]", false),
            ("[1]", "[\"1\"]", false),
            ("[9007199254740993]", "[9007199254740992]", false),
            ("[9007199254740993]", "[9007199254740992.0]", false),
            ("[18446744073709551615]", "[18446744073709551614]", false),
            ("{\"a\": [1, {\"b\": 2.0}]}", "{\"a\": [1.0, {\"b\": 2}]}", true),
            ("{\"a\": 1}", "{\"b\": 1}", false),
            ("{\"a\": 1}", "{\"a\": 1, \"b\": 1}", false),
        ] {
            assert_eq!(node(one).is_same_value(&node(other)), same, "{one} {other}");
            assert_eq!(node(other).is_same_value(&node(one)), same, "{other} {one}");
        }
    }
}
