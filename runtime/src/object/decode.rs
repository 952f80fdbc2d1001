//! Reading the body of a response: once, in bounded memory, with the place of a fault.
//!
//! # What is counted
//! A short text can become a large value: `{}` may be a struct of 2 KB, and a list of them grows by doubling. What decoding
//! allocates is counted before it is kept, from above:
//!
//! | part | counts for |
//! |---|---|
//! | list | the size of an item, times the capacity that a `Vec` of so many has: 4 at least, up to twice their number |
//! | map | the size of key and value: 11 times for the first entry, as in a `BTreeMap`, and 3 times for each past the sixth |
//! | struct, enum, value of any kind | its size once more, for one that is in a `Box` |
//! | text, bytes | its length |
//!
//! For most documents that is 2 to 10 times the length of the text. What is skipped counts nothing.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Visitor};

use crate::error::{Error, Kind};

/// How much of a key is shown, in characters.
const KEY_LIMIT: usize = 64;
/// By this name `serde_json` is asked for the text of a value, which it does not copy.
const RAW: &str = "$serde_json::private::RawValue";

/// Why a body was not decoded: where and what, without the value.
pub struct DecodeError {
    path: String,
    message: String,
    too_large: bool,
}

impl DecodeError {
    /// The JSON path of the fault, such as `list[3].status`; empty if it is the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there. It names what was expected, and never what was found.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether decoding would have taken more memory than it may.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.too_large
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for DecodeError {}

/// Reads a value from JSON. What that allocates may be at most `limit` bytes, as the [module](self) counts them.
///
/// # Errors
/// What is no JSON, has something after its end, is of another type, or would take more than the limit.
pub fn from_slice<T: DeserializeOwned>(body: &[u8], limit: usize) -> Result<T, DecodeError> {
    let scope = Scope::enter(limit);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    match T::deserialize(Counted(&mut deserializer)) {
        Ok(value) => match deserializer.end() {
            Ok(()) => Ok(value),
            Err(error) => Err(scope.trailing(&error)),
        },
        Err(error) => Err(scope.fault(&error)),
    }
}

/// Writes a value as JSON.
///
/// # Errors
/// [`Error::is_invalid_argument`] if JSON has no such value, such as an object whose keys are no texts.
pub fn to_vec(value: &(impl Serialize + ?Sized)) -> Result<Bytes, Error> {
    let written = serde_json::to_vec(value)
        .map_err(|error| Error::new(Kind::Argument, format!("the body cannot be written as JSON: {error}")))?;
    Ok(written.into())
}

thread_local! {
    /// How many bytes the value that is being decoded on this thread may still take.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    /// What has gone wrong with it.
    static FAULT: RefCell<Fault> = const { RefCell::new(Fault { steps: Vec::new(), place: None, too_large: false }) };
}

/// Why decoding fails, noted on the way out.
struct Fault {
    /// The way to it, from the inside out.
    steps: Vec<Step>,
    /// Path and message of what was read by other means than serde's.
    place: Option<(String, String)>,
    too_large: bool,
}

enum Step {
    Key(Option<String>),
    Index(usize),
}

/// Counts memory that the value being decoded takes. Reading that does not go through serde's traits counts what it
/// allocates by this.
///
/// # Errors
/// The value would take more than the limit of the [`from_slice`] that runs on this thread. Without one there is no limit.
pub(crate) fn charge(bytes: usize) -> Result<(), TooMuch> {
    LEFT.with(|left| match left.get().checked_sub(bytes) {
        Some(rest) => {
            left.set(rest);
            Ok(())
        }
        None => Err(too_much()),
    })
}

#[cold]
fn too_much() -> TooMuch {
    FAULT.with_borrow_mut(|fault| fault.too_large = true);
    TooMuch
}

/// A value takes more memory than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("decoding it would take too much memory")
    }
}

/// Notes where and why reading by other means failed: what serde's error says of it later is not shown, since it may hold
/// a value.
#[cfg_attr(not(test), allow(dead_code, reason = "for what reads generated types"))]
#[cold]
pub(crate) fn note(path: impl Into<String>, message: impl Into<String>) {
    FAULT.with_borrow_mut(|fault| fault.place = Some((path.into(), message.into())));
}

/// Tries to read a value: what failed is forgotten, its steps and what it took.
///
/// # Errors
/// As what it tries.
#[cfg_attr(not(test), allow(dead_code, reason = "for what reads generated types"))]
pub(crate) fn attempt<T, E>(read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let left = LEFT.get();
    let steps = FAULT.with_borrow(|fault| fault.steps.len());
    let result = read();
    // Past the limit nothing else is tried.
    if result.is_err() && !FAULT.with_borrow(|fault| fault.too_large) {
        LEFT.set(left);
        FAULT.with_borrow_mut(|fault| {
            fault.steps.truncate(steps);
            fault.place = None;
        });
    }
    result
}

#[cold]
fn step(step: Step) {
    FAULT.with_borrow_mut(|fault| fault.steps.push(step));
}

/// The limit of one decoding, and that of the one around it, if there is one.
struct Scope {
    limit: usize,
    outer_left: usize,
}

impl Scope {
    fn enter(limit: usize) -> Self {
        FAULT.with_borrow_mut(Fault::clear);
        Self { limit, outer_left: LEFT.replace(limit) }
    }

    #[cold]
    fn trailing(&self, error: &serde_json::Error) -> DecodeError {
        let message = format!("there is something after its end ({})", place(error));
        DecodeError { path: String::new(), message, too_large: false }
    }

    #[cold]
    fn fault(&self, error: &serde_json::Error) -> DecodeError {
        FAULT.with_borrow_mut(|fault| {
            let mut path = String::new();
            for step in fault.steps.iter().rev() {
                step.write(&mut path);
            }
            let noted = fault.place.take();
            if let Some((inner, _)) = noted.as_ref().filter(|(inner, _)| !inner.is_empty()) {
                if !path.is_empty() && !inner.starts_with('[') {
                    path.push('.');
                }
                path.push_str(inner);
            }
            let message = match noted {
                _ if fault.too_large => format!("decoding it would take more than {} bytes", self.limit),
                Some((_, message)) => message,
                None => plain(error),
            };
            let too_large = fault.too_large;
            fault.clear();
            DecodeError { path, message, too_large }
        })
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        LEFT.set(self.outer_left);
    }
}

impl Fault {
    fn clear(&mut self) {
        self.steps.clear();
        self.place = None;
        self.too_large = false;
    }
}

impl Step {
    fn write(&self, path: &mut String) {
        match self {
            Self::Index(index) => path.push_str(&format!("[{index}]")),
            Self::Key(None) => path.push_str("[?]"),
            Self::Key(Some(key)) => {
                let simple = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@');
                let short: String = key.chars().take(KEY_LIMIT).collect();
                if key.is_empty() || short.len() < key.len() || !key.chars().all(simple) {
                    path.push_str(&format!("[{short:?}]"));
                } else {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(key);
                }
            }
        }
    }
}

fn place(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

/// What serde says, without the value it quotes: that may be a secret.
fn plain(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let (text, place) = (error.to_string(), place(error));
    let of_document = ["missing field `", "duplicate field `"].iter().any(|words| text.starts_with(words));
    match (error.classify(), text.rsplit_once(", expected ")) {
        (Category::Data, None) if of_document => match text.split_once(" at line ") {
            Some((words, _)) => format!("{words} ({place})"),
            None => text,
        },
        (Category::Data, Some((_, expected))) => {
            let expected = expected.split(" at line ").next().unwrap_or(expected);
            format!("expected {expected} ({place})")
        }
        (Category::Data, None) => format!("a value of the wrong kind ({place})"),
        (Category::Eof, _) => format!("it ends too early ({place})"),
        _ if text.starts_with("recursion limit") => format!("it nests too deep ({place})"),
        _ => format!("it is not JSON ({place})"),
    }
}

/// [`charge`], with an error of serde's.
#[inline]
fn take<E: de::Error>(bytes: usize) -> Result<(), E> {
    charge(bytes).map_err(E::custom)
}

/// A deserializer whose values are counted, and whose errors leave their way behind.
struct Counted<D>(D);

/// As [`Counted`], before there is one.
struct Seed<S>(S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Counted(deserializer))
    }
}

/// Hands on to the deserializer within.
macro_rules! plainly {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(visitor)
        }
    )*};
}

/// The same, and watches what it visits. What it holds is counted or not.
macro_rules! watched {
    ($($method:ident $counted:literal ($($argument:ident: $type:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($argument,)* Watch { visitor, counted: $counted })
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Counted<D> {
    type Error = D::Error;

    plainly! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_unit
        deserialize_identifier deserialize_ignored_any
    }

    watched! {
        deserialize_str true ()
        deserialize_string true ()
        deserialize_bytes true ()
        deserialize_byte_buf true ()
        deserialize_option true ()
        deserialize_seq true ()
        deserialize_map true ()
        // What has a known number of parts holds them in itself.
        deserialize_tuple false (length: usize)
        deserialize_tuple_struct false (name: &'static str, length: usize)
    }

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        take(size_of::<V::Value>())?;
        self.0.deserialize_any(Watch { visitor, counted: true })
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        if name == RAW {
            return self.0.deserialize_newtype_struct(name, visitor);
        }
        self.0.deserialize_newtype_struct(name, Watch { visitor, counted: true })
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        take(size_of::<V::Value>())?;
        self.0.deserialize_struct(name, fields, Watch { visitor, counted: false })
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        take(size_of::<V::Value>())?;
        self.0.deserialize_enum(name, variants, Watch { visitor, counted: false })
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// A visitor whose lists and maps are counted, or only watched.
struct Watch<V> {
    visitor: V,
    counted: bool,
}

macro_rules! visits {
    ($($method:ident: $type:ty,)*) => {$(
        #[inline]
        fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value)
        }
    )*};
}

macro_rules! lengths {
    ($($method:ident: $type:ty,)*) => {$(
        #[inline]
        fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            take(value.len())?;
            self.visitor.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Watch<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visits! {
        visit_bool: bool,
        visit_i8: i8,
        visit_i16: i16,
        visit_i32: i32,
        visit_i64: i64,
        visit_i128: i128,
        visit_u8: u8,
        visit_u16: u16,
        visit_u32: u32,
        visit_u64: u64,
        visit_u128: u128,
        visit_f32: f32,
        visit_f64: f64,
        visit_char: char,
    }

    lengths! {
        visit_str: &str,
        visit_borrowed_str: &'de str,
        visit_string: String,
        visit_bytes: &[u8],
        visit_borrowed_bytes: &'de [u8],
        visit_byte_buf: Vec<u8>,
    }

    #[inline]
    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    #[inline]
    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Counted(deserializer))
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Counted(deserializer))
    }

    #[inline]
    fn visit_seq<A: de::SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        // No list is as long as this.
        let capacity = if self.counted { 0 } else { usize::MAX };
        self.visitor.visit_seq(Items { access, count: 0, capacity })
    }

    #[inline]
    fn visit_map<A: de::MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Entries { access, key: None, key_size: 0, count: 0, counted: self.counted })
    }

    #[inline]
    fn visit_enum<A: de::EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Alternatives(access))
    }
}

struct Items<A> {
    access: A,
    count: usize,
    /// How many the list has room for, as counted so far.
    capacity: usize,
}

impl<'de, A: de::SeqAccess<'de>> de::SeqAccess<'de> for Items<A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        match self.access.next_element_seed(Seed(seed)) {
            Ok(Some(item)) => {
                if self.count == self.capacity {
                    let grown = self.capacity.saturating_mul(2).max(4);
                    take(size_of::<T::Value>().saturating_mul(grown - self.capacity))?;
                    self.capacity = grown;
                }
                self.count += 1;
                Ok(Some(item))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                step(Step::Index(self.count));
                Err(error)
            }
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.access.size_hint()
    }
}

struct Entries<'de, A> {
    access: A,
    key: Option<Cow<'de, str>>,
    key_size: usize,
    count: usize,
    counted: bool,
}

impl<'de, A: de::MapAccess<'de>> de::MapAccess<'de> for Entries<'de, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.key_size = size_of::<K::Value>();
        self.access.next_key_seed(KeySeed { seed, key: &mut self.key, counted: self.counted })
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        match self.access.next_value_seed(Seed(seed)) {
            Ok(value) => {
                if self.counted {
                    let times = match self.count {
                        0 => 11,
                        1..6 => 0,
                        _ => 3,
                    };
                    take((self.key_size + size_of::<T::Value>()).saturating_mul(times))?;
                    self.count += 1;
                }
                Ok(value)
            }
            Err(error) => {
                step(Step::Key(self.key.take().map(Cow::into_owned)));
                Err(error)
            }
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.access.size_hint()
    }
}

/// An enum whose variants are watched.
struct Alternatives<A>(A);

struct Alternative<'de, A> {
    access: A,
    key: Option<Cow<'de, str>>,
}

impl<'de, A: de::EnumAccess<'de>> de::EnumAccess<'de> for Alternatives<A> {
    type Error = A::Error;
    type Variant = Alternative<'de, A::Variant>;

    #[inline]
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self::Variant), A::Error> {
        let mut key = None;
        let (value, access) = self.0.variant_seed(KeySeed { seed, key: &mut key, counted: false })?;
        Ok((value, Alternative { access, key }))
    }
}

impl<'de, A: de::VariantAccess<'de>> de::VariantAccess<'de> for Alternative<'de, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.access.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        let result = self.access.newtype_variant_seed(Seed(seed));
        result.inspect_err(|_| step(Step::Key(self.key.map(Cow::into_owned))))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        let result = self.access.tuple_variant(length, Watch { visitor, counted: false });
        result.inspect_err(|_| step(Step::Key(self.key.map(Cow::into_owned))))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let result = self.access.struct_variant(fields, Watch { visitor, counted: false });
        result.inspect_err(|_| step(Step::Key(self.key.map(Cow::into_owned))))
    }
}

/// A key that is kept for the path of what is under it.
struct KeySeed<'k, 'de, S> {
    seed: S,
    key: &'k mut Option<Cow<'de, str>>,
    counted: bool,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, 'de, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        *self.key = None;
        self.seed.deserialize(Key { deserializer, key: self.key, counted: self.counted })
    }
}

struct Key<'k, 'de, D> {
    deserializer: D,
    key: &'k mut Option<Cow<'de, str>>,
    counted: bool,
}

macro_rules! keys {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.deserializer.$method(KeyVisitor { visitor, key: self.key, counted: self.counted })
        }
    )*};
}

macro_rules! other_keys {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.deserializer.$method($($argument,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Key<'_, 'de, D> {
    type Error = D::Error;

    keys! {
        deserialize_any deserialize_identifier deserialize_str deserialize_string
    }

    other_keys! {
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_unit() deserialize_option()
        deserialize_bytes() deserialize_byte_buf() deserialize_seq() deserialize_map() deserialize_ignored_any()
        deserialize_unit_struct(name: &'static str)
        deserialize_tuple(length: usize)
        deserialize_tuple_struct(name: &'static str, length: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        if name == RAW {
            return self.deserializer.deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn is_human_readable(&self) -> bool {
        self.deserializer.is_human_readable()
    }
}

struct KeyVisitor<'k, 'de, V> {
    visitor: V,
    key: &'k mut Option<Cow<'de, str>>,
    counted: bool,
}

impl<'de, V> KeyVisitor<'_, 'de, V> {
    #[inline]
    fn keep<E: de::Error>(&mut self, key: Cow<'de, str>) -> Result<(), E> {
        if self.counted {
            take(key.len())?;
        }
        *self.key = Some(key);
        Ok(())
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for KeyVisitor<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visits! {
        visit_bool: bool,
        visit_i64: i64,
        visit_i128: i128,
        visit_u64: u64,
        visit_u128: u128,
        visit_f64: f64,
        visit_char: char,
        visit_bytes: &[u8],
        visit_borrowed_bytes: &'de [u8],
        visit_byte_buf: Vec<u8>,
    }

    #[inline]
    fn visit_borrowed_str<E: de::Error>(mut self, key: &'de str) -> Result<V::Value, E> {
        self.keep(Cow::Borrowed(key))?;
        self.visitor.visit_borrowed_str(key)
    }

    #[inline]
    fn visit_str<E: de::Error>(mut self, key: &str) -> Result<V::Value, E> {
        self.keep(Cow::Owned(key.to_owned()))?;
        self.visitor.visit_str(key)
    }

    #[inline]
    fn visit_string<E: de::Error>(mut self, key: String) -> Result<V::Value, E> {
        self.keep(Cow::Owned(key.clone()))?;
        self.visitor.visit_string(key)
    }
}

#[cfg(test)]
mod tests;
