//! The kinds of JSON values, and the limits of numbers, in any version of JSON Schema.

use serde_json::{Number, Value};

pub(super) const NULL: u8 = 1;
pub(super) const BOOLEAN: u8 = 2;
pub(super) const STRING: u8 = 4;
pub(super) const INTEGER: u8 = 8;
pub(super) const FRACTION: u8 = 16;
pub(super) const ARRAY: u8 = 32;
pub(super) const OBJECT: u8 = 64;
pub(super) const ANY: u8 = 127;

pub(super) fn types_of(schema: &Value) -> u8 {
    let bit = |name: &str| match name {
        "null" => NULL,
        "boolean" => BOOLEAN,
        "string" => STRING,
        "integer" => INTEGER,
        "number" => INTEGER | FRACTION,
        "array" => ARRAY,
        "object" => OBJECT,
        // Not a type of JSON. Its meaning is unknown.
        _ => ANY,
    };
    let listed = match schema.get("type") {
        Some(Value::String(name)) => bit(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).fold(0, |types, name| types | bit(name)),
        // YAML's null, where the string was meant.
        Some(Value::Null) => NULL,
        _ => ANY,
    };
    if is_true(schema, "nullable") { listed | NULL } else { listed }
}

/// Whether the schema's own `type` allows neither objects nor lists.
pub(crate) fn is_scalar(schema: &Value) -> bool {
    types_of(schema) & (OBJECT | ARRAY) == 0
}

/// The same without strings: a text of such a value has no separator in it.
pub(crate) fn is_word(schema: &Value) -> bool {
    is_scalar(schema) && types_of(schema) & STRING == 0
}

/// Whether the schema's own `type` allows lists, and no objects.
pub(crate) fn is_list(schema: &Value) -> bool {
    types_of(schema) & (OBJECT | ARRAY) == ARRAY
}

pub(super) fn type_of(value: &Value) -> u8 {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::String(_) => STRING,
        Value::Number(number) if number.is_f64() => FRACTION,
        Value::Number(_) => INTEGER,
        Value::Array(_) => ARRAY,
        Value::Object(_) => OBJECT,
    }
}

pub(super) fn is_true(schema: &Value, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

pub(super) fn integer_range(format: &str) -> Option<(i128, i128)> {
    Some(match format {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "uint8" => (0, u8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "int64" => (i64::MIN.into(), i64::MAX.into()),
        "uint64" => (0, u64::MAX.into()),
        _ => return None,
    })
}

pub(super) fn fits(value: &Value, types: u8) -> bool {
    // JSON Schema treats 1.0 as an integer.
    let whole = value.as_f64().is_some_and(|it| it.fract() == 0.0) && types & INTEGER != 0;
    whole || type_of(value) & types != 0
}

pub(super) type Bound<'a> = Option<&'a Number>;

/// Least, strictly above, most, strictly below, by the keywords of 3.1 and of 3.0.
pub(super) fn bounds(schema: &Value) -> (Bound<'_>, Bound<'_>, Bound<'_>, Bound<'_>) {
    let side = |bound: &str, exclusive: &str| {
        let limit = schema.get(bound).and_then(Value::as_number);
        match schema.get(exclusive) {
            Some(Value::Bool(true)) => (None, limit),
            other => (limit, other.and_then(Value::as_number)),
        }
    };
    let ((least, above), (most, below)) = (side("minimum", "exclusiveMinimum"), side("maximum", "exclusiveMaximum"));
    (least, above, most, below)
}

pub(super) fn floor(number: &Number) -> Option<i128> {
    whole(number, f64::floor)
}

pub(super) fn ceiling(number: &Number) -> Option<i128> {
    whole(number, f64::ceil)
}

/// A number as an integer. A number out of range becomes the largest integer.
pub(super) fn whole(number: &Number, round: fn(f64) -> f64) -> Option<i128> {
    let exact = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    exact.or_else(|| number.as_f64().map(|it| round(it).clamp(-1e30, 1e30) as i128))
}
