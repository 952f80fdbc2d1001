//! A pointer that hides from the compiler what it leads to.

use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::formats::deserialize;
use super::input::Input;
use super::json::{Json, View};
use super::layout::{Layout, Of};
use super::mismatch::Mismatch;
use super::write::serialize;

/// A value behind a pointer, like a `Box`, for generated types that lead to each other through many steps.
///
/// Before a value is passed to another task, the compiler follows every pointer in it to see whether all its parts are
/// `Send`, and gives up after 128 steps (E0275). It compiles the functions of a type after those of the types in it, and
/// gives up after 128 of the same name, too. A `Link` ends both: it calls the functions of its content only by address.
pub struct Link<T>(Box<dyn Content<T> + Send + Sync>);

// A generated type has only parts that are unwind safe. To follow them all would take the compiler too many steps.
impl<T> UnwindSafe for Link<T> {}
impl<T> RefUnwindSafe for Link<T> {}

/// A generated type that may be behind a [`Link`].
pub trait Linked: Json + Send + Sync {
    /// All types of the generated module that implement this, and the place of this one.
    fn place() -> (&'static [Kind], usize);
}

/// The functions of a type that need no value.
///
/// Those of all types are in one table. So the compiler meets all types there, one beside the other.
pub struct Kind {
    /// Returns a blank `Link` of the type.
    blank: fn() -> Box<dyn Any>,
    layout: Of,
}

impl Kind {
    /// Keeps the place of a type that is not compiled.
    pub const ABSENT: Self = Self { blank: || Box::new(()), layout: || &Layout::Any };

    /// The functions of a type.
    #[must_use]
    pub const fn of<T: Linked>() -> Self {
        Self { blank: || Box::new(Link::new(T::blank())), layout: T::layout }
    }

    fn here<T: Linked>() -> Option<&'static Self> {
        let (kinds, place) = T::place();
        kinds.get(place)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kind")
    }
}

/// Only `T` itself implements it. Of a `dyn Content<T> + Send` the compiler asks only whether it says `Send`, and does
/// not follow `T`.
trait Content<T> {
    fn value(&self) -> &T;
    fn value_mut(&mut self) -> &mut T;
    fn into_value(self: Box<Self>) -> T;
    fn copy(&self) -> Link<T>;
    fn is(&self, other: &T) -> bool;
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch>;
    fn view(&self) -> View<'_>;
}

impl<T: Linked> Content<T> for T {
    fn value(&self) -> &T {
        self
    }

    fn value_mut(&mut self) -> &mut T {
        self
    }

    fn into_value(self: Box<Self>) -> T {
        *self
    }

    fn copy(&self) -> Link<T> {
        Link::new(self.clone())
    }

    fn is(&self, other: &T) -> bool {
        self == other
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt(f)
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        Json::read(self, input)
    }

    fn view(&self) -> View<'_> {
        Json::view(self)
    }
}

impl<T: Linked> Link<T> {
    /// Moves a value behind a pointer.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Box::new(value))
    }
}

impl<T> Link<T> {
    /// Takes the value out.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0.into_value()
    }
}

impl<T> Deref for Link<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.value()
    }
}

impl<T> DerefMut for Link<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.value_mut()
    }
}

impl<T> AsRef<T> for Link<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T> AsMut<T> for Link<T> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: Linked> From<T> for Link<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Linked + Default> Default for Link<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Clone for Link<T> {
    fn clone(&self) -> Self {
        self.0.copy()
    }
}

impl<T> PartialEq for Link<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.is(other)
    }
}

impl<T> fmt::Debug for Link<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

impl<T: Linked> serde::Serialize for Link<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self, serializer)
    }
}

impl<'de, T: Linked> serde::Deserialize<'de> for Link<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer)
    }
}

impl<T: Linked> Json for Link<T> {
    fn blank() -> Self {
        let blank = Kind::here::<T>().and_then(|kind| (kind.blank)().downcast().ok());
        // The macro `linked` gives each type the place of its own functions, so there always is a blank value.
        blank.map_or_else(|| unreachable!("the place of a type has another type"), |link| *link)
    }

    fn layout() -> &'static Layout {
        Kind::here::<T>().map_or(&Layout::Any, |kind| (kind.layout)())
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        input.take(size_of::<T>())?;
        self.0.read(input)
    }

    fn view(&self) -> View<'_> {
        self.0.view()
    }
}
