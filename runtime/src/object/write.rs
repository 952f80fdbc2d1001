//! Writes values: as JSON text, and with any serializer.

use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::json::{Json, View};
use super::layout::Layout;
use super::scan::plain;

/// A value that JSON cannot represent.
#[derive(Debug)]
pub(super) struct Unwritable(&'static str);

const NOT_FINITE: Unwritable = Unwritable("JSON has no infinite number and no NaN");
const NO_MEMBERS: Unwritable = Unwritable("a tag needs a value with members");

impl std::fmt::Display for Unwritable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unwritable {}

/// Serializes a value.
///
/// # Errors
/// The serializer's error, or a value that JSON cannot represent.
pub fn serialize<T: Json, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.view().serialize(serializer)
}

/// Implements `Serialize` for a value.
#[derive(Debug)]
pub struct Written<'a, T>(pub &'a T);

impl<T: Json> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self.0, serializer)
    }
}

/// The integer that is equal to a double; `None` for a fraction, negative zero and 2^53 or more. Doubles represent all
/// integers below 2^53.
fn without_fraction(value: f64) -> Option<i64> {
    // Exact, because it is whole.
    #[allow(clippy::cast_possible_truncation)]
    (value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 && !(value == 0.0 && value.is_sign_negative()))
        .then_some(value as i64)
}

impl View<'_> {
    /// Passes the members of an object to `see`.
    fn members(self, see: &mut dyn FnMut(&str, View<'_>)) -> Result<(), Unwritable> {
        match self {
            View::Map(pairs) => pairs.each(see),
            View::Any(Value::Object(map)) => map.iter().for_each(|(key, value)| see(key, View::Any(value))),
            View::Object(layout, object) => {
                let Layout::Members(members) = layout else { return Err(NO_MEMBERS) };
                let Some(read) = members.get() else { return Err(NO_MEMBERS) };
                object.show(&mut |fields| {
                    for (member, field) in read.members.iter().zip(fields) {
                        match field.view() {
                            View::None if !member.required => {}
                            view => see(&member.names[0], view),
                        }
                    }
                    if let Some(View::Map(pairs)) = fields.get(read.members.len()).map(|field| field.view()) {
                        pairs.each(see);
                    }
                });
            }
            View::Tagged([tag, name], field) => {
                if !field.view().has(tag) {
                    see(tag, View::Text(name));
                }
                field.view().members(see)?;
            }
            _ => return Err(NO_MEMBERS),
        }
        Ok(())
    }

    /// Whether it is an object with a key.
    fn has(self, wanted: &str) -> bool {
        let mut has = false;
        let is_object = self.members(&mut |key, _| has |= key == wanted).is_ok();
        is_object && has
    }

    /// Writes JSON text.
    fn write(self, out: &mut Vec<u8>) -> Result<(), Unwritable> {
        match self {
            View::None | View::Null => out.extend(b"null"),
            View::Bool(value) => out.extend(if value { &b"true"[..] } else { b"false" }),
            View::Whole(value) => write_whole(value, out),
            View::Double(value) => match without_fraction(value) {
                Some(value) => write_whole(value.into(), out),
                None => return View::Fraction(value).write(out),
            },
            View::Fraction(value) if value.is_finite() => write_plain(&value, out),
            View::Fraction(_) => return Err(NOT_FINITE),
            View::Digits(digits) => out.extend(digits.as_bytes()),
            View::Text(text) => write_text(text, out),
            View::Any(value) => write_plain(value, out),
            View::List(items) => {
                let mut written = Ok(());
                let mut next = b'[';
                items.each(&mut |item| {
                    out.push(next);
                    next = b',';
                    if let Err(error) = item.write(out) {
                        written = Err(error);
                    }
                });
                close(next, *b"[]", out);
                return written;
            }
            View::Object(layout, object) => {
                let Layout::Members(members) = layout else { return Err(NO_MEMBERS) };
                let Some(read) = members.get() else { return Err(NO_MEMBERS) };
                let mut written = Ok(());
                let mut next = b'{';
                object.show(&mut |fields| {
                    for (key, field) in read.keys().iter().zip(fields) {
                        let view = field.view();
                        if !key.required && matches!(view, View::None) {
                            continue;
                        }
                        out.push(next);
                        next = b',';
                        out.extend_from_slice(read.text(key));
                        if let Err(error) = view.write(out) {
                            written = Err(error);
                        }
                    }
                    if let Some(View::Map(pairs)) = fields.get(read.members.len()).map(|field| field.view()) {
                        pairs.each(&mut |key, value| {
                            if let Err(error) = write_member(&mut next, key, value, out) {
                                written = Err(error);
                            }
                        });
                    }
                });
                close(next, *b"{}", out);
                return written;
            }
            View::Tagged([tag, _], field) if field.view().has(tag) => return field.view().write(out),
            View::Map(_) | View::Tagged(..) => {
                let mut written = Ok(());
                let mut next = b'{';
                self.members(&mut |key, value| {
                    if let Err(error) = write_member(&mut next, key, value, out) {
                        written = Err(error);
                    }
                })?;
                close(next, *b"{}", out);
                return written;
            }
        }
        Ok(())
    }
}

/// Closes a list or an object. `next` is a comma if it has an item.
fn close(next: u8, brackets: [u8; 2], out: &mut Vec<u8>) {
    if next != b',' {
        out.push(brackets[0]);
    }
    out.push(brackets[1]);
}

fn write_member(next: &mut u8, key: &str, value: View<'_>, out: &mut Vec<u8>) -> Result<(), Unwritable> {
    out.push(*next);
    *next = b',';
    write_text(key, out);
    out.push(b':');
    value.write(out)
}

fn write_whole(value: i128, out: &mut Vec<u8>) {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => write_plain(&value, out),
        (_, Ok(value)) => write_plain(&value, out),
        _ => write_plain(&value, out),
    }
}

/// Writes a value that `serde_json` can always serialize.
fn write_plain(value: &impl Serialize, out: &mut Vec<u8>) {
    let length = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(length);
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let is_plain = plain(bytes) == bytes.len();
    if !is_plain {
        return write_plain(&text, out);
    }
    out.push(b'"');
    out.extend_from_slice(bytes);
    out.push(b'"');
}

/// Writes a value as JSON text.
pub(super) fn to_json(value: &impl Json) -> Result<Vec<u8>, Unwritable> {
    let mut out = Vec::with_capacity(256);
    value.view().write(&mut out)?;
    Ok(out)
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            View::None | View::Null => serializer.serialize_unit(),
            View::Bool(value) => serializer.serialize_bool(value),
            View::Whole(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.serialize_i128(value),
            },
            View::Double(value) => match without_fraction(value) {
                Some(value) => serializer.serialize_i64(value),
                None => View::Fraction(value).serialize(serializer),
            },
            View::Fraction(value) if value.is_finite() => serializer.serialize_f64(value),
            View::Fraction(_) => Err(S::Error::custom(NOT_FINITE)),
            View::Digits(digits) => {
                RawValue::from_string(digits.to_owned()).map_err(S::Error::custom)?.serialize(serializer)
            }
            View::Text(text) => serializer.serialize_str(text),
            View::Any(value) => value.serialize(serializer),
            View::List(items) => {
                let mut sequence = serializer.serialize_seq(None)?;
                let mut written = Ok(());
                items.each(&mut |item| {
                    if written.is_ok() {
                        written = sequence.serialize_element(&item);
                    }
                });
                written?;
                sequence.end()
            }
            View::Tagged([tag, _], field) if field.view().has(tag) => field.view().serialize(serializer),
            View::Map(_) | View::Object(..) | View::Tagged(..) => {
                let mut map = serializer.serialize_map(None)?;
                let mut written = Ok(());
                let members = self.members(&mut |key, value| {
                    if written.is_ok() {
                        written = map.serialize_entry(key, &value);
                    }
                });
                members.map_err(S::Error::custom)?;
                written?;
                map.end()
            }
        }
    }
}
