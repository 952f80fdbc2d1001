//! Numbers with all their digits.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digits::{decimal, same_decimal, whole};
use super::input::Input;
use super::json::{Json, View};
use super::layout::Layout;
use super::mismatch::Mismatch;
use super::tree::Tree;

/// A JSON number of any width, in its original text.
///
/// It is the type of a `number` without a format: that may be an id with 19 digits, which a double would round.
///
/// ```
/// # use connectors_runtime::object::Number;
/// let id: Number = "9007199254740993".parse().unwrap();
/// assert_eq!(id.to_string(), "9007199254740993");
/// assert_eq!(id.as_i64(), Some(9_007_199_254_740_993));
/// assert_eq!(Number::from(3), 3);
/// assert_eq!(Number::from(2.5).as_f64(), 2.5);
/// ```
#[derive(Clone)]
pub struct Number(Digits);

#[derive(Clone)]
enum Digits {
    Whole(i128),
    Double(f64),
    /// A number that neither of the others represents exactly.
    Text(Box<str>),
}

impl Number {
    /// The nearest double.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            // The loss of precision is intended.
            #[allow(clippy::cast_precision_loss)]
            Digits::Whole(value) => *value as f64,
            Digits::Double(value) => *value,
            Digits::Text(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// The value, if it is whole and in this range. `3.0` is whole.
    #[must_use]
    pub fn as_i128(&self) -> Option<i128> {
        match &self.0 {
            Digits::Whole(value) => Some(*value),
            Digits::Double(value) => whole(&format!("{value:e}")),
            Digits::Text(text) => whole(text),
        }
    }

    /// The value, if it is whole and in this range.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_i128().and_then(|value| value.try_into().ok())
    }

    /// The value, if it is whole and in this range.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.as_i128().and_then(|value| value.try_into().ok())
    }

    /// A number from the digits of a JSON number.
    fn of(text: &str) -> Self {
        if let Some(value) = text.parse::<i128>().ok().filter(|_| !text.starts_with("-0")) {
            return Self(Digits::Whole(value));
        }
        match text.parse::<f64>() {
            // A double would be written as `-0.0`.
            _ if text == "-0" => Self(Digits::Text(text.into())),
            Ok(value) if value.is_finite() && same_decimal(text, &format!("{value:e}")) => Self(Digits::Double(value)),
            _ => Self(Digits::Text(text.into())),
        }
    }
}

impl Json for Number {
    fn blank() -> Self {
        Self(Digits::Whole(0))
    }

    fn layout() -> &'static Layout {
        &Layout::Number
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        *self = Self::of(&input.number("a number")?);
        Ok(())
    }

    fn view(&self) -> View<'_> {
        match &self.0 {
            Digits::Whole(value) => View::Whole(*value),
            Digits::Double(value) => View::Fraction(*value),
            Digits::Text(text) => View::Digits(text),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        super::write::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::formats::deserialize(deserializer)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Digits::Whole(value) => value.fmt(f),
            Digits::Double(value) => match serde_json::Number::from_f64(*value) {
                Some(number) => number.fmt(f),
                None => value.fmt(f),
            },
            Digits::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a JSON number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

impl fmt::Display for NotANumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a JSON number")
    }
}

impl std::error::Error for NotANumber {}

impl FromStr for Number {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        match Tree::parse(text) {
            Ok(Tree::Number(digits)) if digits.len() == text.len() => Ok(Self::of(text)),
            _ => Err(NotANumber),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialEq<i64> for Number {
    fn eq(&self, other: &i64) -> bool {
        self.as_i64() == Some(*other)
    }
}

impl PartialEq<f64> for Number {
    fn eq(&self, other: &f64) -> bool {
        let other = Self::from(*other);
        *self == other
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (&self.0, &other.0) {
            (Digits::Whole(a), Digits::Whole(b)) => Some(a.cmp(b)),
            (Digits::Double(a), Digits::Double(b)) => a.partial_cmp(b),
            (Digits::Double(value), _) | (_, Digits::Double(value)) if !value.is_finite() => {
                self.as_f64().partial_cmp(&other.as_f64())
            }
            _ => compare(&self.to_string(), &other.to_string()),
        }
    }
}

/// Compares numbers by their digits.
fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (decimal(a)?, decimal(b)?);
    let sign = |(negative, digits, _): &(bool, String, i64)| match (digits.is_empty(), negative) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => -1,
    };
    // The power of ten of the first digit. Digits without zeros at the end compare like text.
    let size = |(_, digits, exponent): &(bool, String, i64)| {
        exponent.saturating_add(i64::try_from(digits.len()).unwrap_or(i64::MAX))
    };
    let magnitude = if sign(&a) == 0 { Ordering::Equal } else { size(&a).cmp(&size(&b)).then_with(|| a.1.cmp(&b.1)) };
    let magnitude = if sign(&a) < 0 { magnitude.reverse() } else { magnitude };
    Some(sign(&a).cmp(&sign(&b)).then(magnitude))
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        // Whole and below 2^53, so that the cast is exact.
        #[allow(clippy::cast_possible_truncation)]
        if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
            return Self(Digits::Whole(value as i128));
        }
        Self(Digits::Double(value))
    }
}

impl From<f32> for Number {
    fn from(value: f32) -> Self {
        Self::from(f64::from(value))
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {
        $(impl From<$integer> for Number {
            fn from(value: $integer) -> Self {
                Self(Digits::Whole(value.into()))
            }
        })*
    };
}

from_integers! { i8 i16 i32 i64 i128 u8 u16 u32 u64 }
