//! Typed arguments, so that an app's id cannot be passed as a connector's.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The value of a parameter. `K` identifies the parameter, and has no values.
///
/// The value is opaque. A text that is not allowed in a path (empty, `.`, `..`, or with a `/`) is an error when the
/// call is sent.
///
/// ```
/// use connectors_runtime::Id;
///
/// enum App {}
/// enum Connector {}
///
/// fn read(app: Id<App>, connector: Id<Connector>) {}
/// // This would not compile with the arguments swapped.
/// read(Id::new("app-1"), Id::new("connector-7"));
/// ```
pub struct Id<K, T = String> {
    value: T,
    kind: PhantomData<fn() -> K>,
}

impl<K, T> Id<K, T> {
    /// A value for this parameter.
    pub fn new(value: impl Into<T>) -> Self {
        Self { value: value.into(), kind: PhantomData }
    }

    /// The value as it is sent.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// The value, without its type.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<K> Id<K> {
    /// The text as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

// A derived implementation would require the same of `K`.
impl<K, T: Clone> Clone for Id<K, T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), kind: PhantomData }
    }
}

impl<K, T: Copy> Copy for Id<K, T> {}

impl<K, T: fmt::Debug> fmt::Debug for Id<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<K, T: fmt::Display> fmt::Display for Id<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<K, T: PartialEq> PartialEq for Id<K, T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<K, T: Eq> Eq for Id<K, T> {}

impl<K, T: PartialOrd> PartialOrd for Id<K, T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<K, T: Ord> Ord for Id<K, T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl<K, T: Hash> Hash for Id<K, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<K, T: Serialize> Serialize for Id<K, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, K, T: Deserialize<'de>> Deserialize<'de> for Id<K, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|value| Self { value, kind: PhantomData })
    }
}

impl<K> AsRef<str> for Id<K> {
    fn as_ref(&self) -> &str {
        &self.value
    }
}

impl<K> From<Id<K>> for String {
    fn from(id: Id<K>) -> Self {
        id.value
    }
}

impl<K> PartialEq<str> for Id<K> {
    fn eq(&self, other: &str) -> bool {
        self.value == other
    }
}

impl<K> PartialEq<&str> for Id<K> {
    fn eq(&self, other: &&str) -> bool {
        self.value == *other
    }
}

/// An [`Id`] whose value is a secret: `Debug` does not show it, and it has no `Display`.
///
/// ```
/// use connectors_runtime::SecretId;
///
/// enum Code {}
///
/// let code: SecretId<Code> = SecretId::new("7-1-4");
/// assert_eq!(format!("{code:?}"), "[redacted]");
/// ```
pub struct SecretId<K, T = String>(Id<K, T>);

impl<K, T> SecretId<K, T> {
    /// A value for this parameter.
    pub fn new(value: impl Into<T>) -> Self {
        Self(Id::new(value))
    }

    /// The value as it is sent.
    pub fn get(&self) -> &T {
        self.0.get()
    }

    /// The value, without its type.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

// A derived implementation would require the same of `K`.
impl<K, T: Clone> Clone for SecretId<K, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, T> fmt::Debug for SecretId<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<K, T: PartialEq> PartialEq for SecretId<K, T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K, T: Eq> Eq for SecretId<K, T> {}

/// The media type of a body, such as `image/png`, if the caller chooses it. It is checked when the call is sent.
///
/// ```
/// use connectors_runtime::MediaType;
///
/// assert_eq!(MediaType::new("image/png").as_str(), "image/png");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType(String);

impl MediaType {
    /// A media type with its parameters, as in the header `Content-Type`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value that converts to an [`Id`], for an argument that no other argument of the
/// method can be swapped with.
pub trait IntoId<K, T = String> {
    /// The id.
    fn into_id(self) -> Id<K, T>;
}

impl<K, T> IntoId<K, T> for Id<K, T> {
    fn into_id(self) -> Id<K, T> {
        self
    }
}

impl<K, T: Clone> IntoId<K, T> for &Id<K, T> {
    fn into_id(self) -> Id<K, T> {
        self.clone()
    }
}

impl<K, T> IntoId<K, T> for SecretId<K, T> {
    fn into_id(self) -> Id<K, T> {
        self.0
    }
}

impl<K, T: Clone> IntoId<K, T> for &SecretId<K, T> {
    fn into_id(self) -> Id<K, T> {
        self.0.clone()
    }
}

impl<K> IntoId<K> for &str {
    fn into_id(self) -> Id<K> {
        Id::new(self)
    }
}

impl<K> IntoId<K> for String {
    fn into_id(self) -> Id<K> {
        Id::new(self)
    }
}

impl<K> IntoId<K> for &String {
    fn into_id(self) -> Id<K> {
        Id::new(self.as_str())
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl<K> IntoId<K, $number> for $number {
            fn into_id(self) -> Id<K, $number> {
                Id::new(self)
            }
        }
    )*};
}

numbers! { bool i32 i64 i128 u32 u64 f64 }
