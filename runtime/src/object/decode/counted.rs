//! A deserializer around another: it counts what it reads, and its errors leave their way behind.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::fault::{Step, charge, step};

/// By this name `serde_json` is asked for the text of a value, which it does not copy.
const RAW: &str = "$serde_json::private::RawValue";

/// [`charge`], with an error of serde's.
#[inline]
fn take<E: de::Error>(bytes: usize) -> Result<(), E> {
    charge(bytes).map_err(E::custom)
}

/// A deserializer whose values are counted, and whose errors leave their way behind.
pub(super) struct Counted<D>(pub(super) D);

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
        self.visitor.visit_map(Entries {
            access,
            key: LastKey::default(),
            key_size: 0,
            count: 0,
            counted: self.counted,
        })
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
                    let least = match size_of::<T::Value>() {
                        1 => 8,
                        ..=1024 => 4,
                        _ => 1,
                    };
                    let grown = self.capacity.saturating_mul(2).max(least);
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
    key: LastKey<'de>,
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
                    let entry = self.key_size.saturating_add(size_of::<T::Value>());
                    // A node of a `BTreeMap` has room for 11 and half of that in use; 40 bytes are for what ties them.
                    match self.count {
                        0 => take(entry.saturating_mul(11).saturating_add(40))?,
                        1..6 => {}
                        _ => take(entry.saturating_mul(3).saturating_add(40))?,
                    }
                    self.count += 1;
                }
                Ok(value)
            }
            Err(error) => {
                step(self.key.step());
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
    key: LastKey<'de>,
}

impl<'de, A: de::EnumAccess<'de>> de::EnumAccess<'de> for Alternatives<A> {
    type Error = A::Error;
    type Variant = Alternative<'de, A::Variant>;

    #[inline]
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self::Variant), A::Error> {
        let mut key = LastKey::default();
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
        let Self { access, mut key } = self;
        let result = access.newtype_variant_seed(Seed(seed));
        result.inspect_err(|_| step(key.step()))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        let Self { access, mut key } = self;
        let result = access.tuple_variant(length, Watch { visitor, counted: false });
        result.inspect_err(|_| step(key.step()))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let Self { access, mut key } = self;
        let result = access.struct_variant(fields, Watch { visitor, counted: false });
        result.inspect_err(|_| step(key.step()))
    }
}

/// The key that was read last, for the path of what is under it.
#[derive(Default)]
struct LastKey<'de> {
    /// Most keys have no escapes: keeping them copies nothing.
    borrowed: Option<&'de str>,
    owned: Option<String>,
}

impl LastKey<'_> {
    #[cold]
    fn keep(&mut self, key: &str) {
        self.borrowed = None;
        self.owned = Some(key.to_owned());
    }

    #[cold]
    fn step(&mut self) -> Step {
        Step::Key(self.borrowed.map(str::to_owned).or_else(|| self.owned.take()))
    }
}

/// A key that is remembered.
struct KeySeed<'k, 'de, S> {
    seed: S,
    key: &'k mut LastKey<'de>,
    counted: bool,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, 'de, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Key { deserializer, key: self.key, counted: self.counted })
    }
}

struct Key<'k, 'de, D> {
    deserializer: D,
    key: &'k mut LastKey<'de>,
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
    key: &'k mut LastKey<'de>,
    counted: bool,
}

impl<'de, V> KeyVisitor<'_, 'de, V> {
    #[inline]
    fn count<E: de::Error>(&self, key: &str) -> Result<(), E> {
        if self.counted { take(key.len()) } else { Ok(()) }
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
    fn visit_borrowed_str<E: de::Error>(self, key: &'de str) -> Result<V::Value, E> {
        self.count(key)?;
        self.key.borrowed = Some(key);
        self.visitor.visit_borrowed_str(key)
    }

    #[inline]
    fn visit_str<E: de::Error>(self, key: &str) -> Result<V::Value, E> {
        self.count(key)?;
        self.key.keep(key);
        self.visitor.visit_str(key)
    }

    #[inline]
    fn visit_string<E: de::Error>(self, key: String) -> Result<V::Value, E> {
        self.count(&key)?;
        self.key.keep(&key);
        self.visitor.visit_string(key)
    }
}
