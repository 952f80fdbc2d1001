//! The trait of generated types, and the code that structs and tuples share.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::{self, Debug};

use serde_json::Value;

use super::choice::Places;
use super::input::{Entries, Input};
use super::layout::{Layout, Of, Read};
use super::mismatch::Mismatch;

/// A type of a generated client: its layout, and how its values are read and written.
///
/// Generated types implement it, and implement `Serialize` and `Deserialize` with it.
pub trait Json: Clone + Debug + PartialEq + 'static {
    /// A blank value to read into.
    fn blank() -> Self;

    /// The layout of the values.
    #[inline]
    fn layout() -> &'static Layout {
        Self::fields(Fields::None)
    }

    /// Shows or lends the fields of a struct or a tuple, in the order of its layout, and returns the layout. This is
    /// one function because each function costs compile time and memory. Other types have no fields, and implement
    /// `layout`.
    #[inline]
    fn fields(of: Fields<'_, Self>) -> &'static Layout {
        let _ = of;
        Self::layout()
    }

    /// Reads a value into this one, which is blank.
    ///
    /// # Errors
    /// A value of another type.
    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        read_object(self, input)
    }

    /// Reads a value for which null and absent differ.
    ///
    /// # Errors
    /// Those of [`Json::read`].
    fn read_present(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        self.read(input)
    }

    /// Reads one more item of a list or, with a key, one more entry of a map.
    ///
    /// # Errors
    /// A value of another type, or a type that is not a list or a map.
    fn read_more(&mut self, key: &str, input: &mut Input<'_>) -> Result<(), Mismatch> {
        let _ = key;
        input.skip()
    }

    /// The value as a view that can be written.
    fn view(&self) -> View<'_> {
        View::Object(Self::layout(), self)
    }
}

/// What to do with the fields of a value.
pub enum Fields<'a, T> {
    /// Nothing.
    None,
    /// Show them.
    Show(&'a T, &'a mut dyn FnMut(&[&dyn Field])),
    /// Lend them, to read into them.
    Lend(&'a mut T, &'a mut dyn FnMut(&mut [&mut dyn Field])),
}

impl<T> Debug for Fields<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fields")
    }
}

/// A value of any type that implements [`Json`].
pub trait Field: Any + Debug {
    /// [`Json::read`] for a value of any type.
    ///
    /// # Errors
    /// A value of another type.
    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch>;

    /// See [`Json::read_present`].
    ///
    /// # Errors
    /// A value of another type.
    fn read_present(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch>;

    /// See [`Json::read_more`].
    ///
    /// # Errors
    /// A value of another type.
    fn read_more(&mut self, key: &str, input: &mut Input<'_>) -> Result<(), Mismatch>;

    /// See [`Json::view`].
    fn view(&self) -> View<'_>;

    /// See [`Json::fields`].
    fn each_field(&self, see: &mut dyn FnMut(&[&dyn Field]));

    /// The function of the type's layout.
    fn of(&self) -> Of;

    /// Makes the value blank.
    fn clear(&mut self);

    /// Becomes a clone of another value of the same type.
    fn copy(&mut self, from: &dyn Field);

    /// Whether another value is of the same type and equal.
    fn is(&self, other: &dyn Field) -> bool;
}

impl<T: Json> Field for T {
    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        Json::read(self, input)
    }

    fn read_present(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        Json::read_present(self, input)
    }

    fn read_more(&mut self, key: &str, input: &mut Input<'_>) -> Result<(), Mismatch> {
        Json::read_more(self, key, input)
    }

    fn view(&self) -> View<'_> {
        Json::view(self)
    }

    fn each_field(&self, see: &mut dyn FnMut(&[&dyn Field])) {
        T::fields(Fields::Show(self, see));
    }

    fn of(&self) -> Of {
        T::layout
    }

    fn clear(&mut self) {
        *self = T::blank();
    }

    fn copy(&mut self, from: &dyn Field) {
        let from: &dyn Any = from;
        if let Some(from) = from.downcast_ref::<T>() {
            self.clone_from(from);
        }
    }

    fn is(&self, other: &dyn Field) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<T>() == Some(self)
    }
}

/// A value that is being written.
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// No value: absent, or null where a value is required.
    None,
    /// Null, where null and absent differ.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Whole(i128),
    /// A number, written without a fraction if it has none.
    Double(f64),
    /// A number, written with a fraction.
    Fraction(f64),
    /// The digits of a number.
    Digits(&'a str),
    /// A string.
    Text(&'a str),
    /// An array.
    List(&'a dyn Items),
    /// An object with any keys.
    Map(&'a dyn Pairs),
    /// An object with members.
    Object(&'static Layout, &'a dyn Field),
    /// An object, and the key and value of its tag, which are written if the object does not have that key.
    Tagged(&'static [&'static str; 2], &'a dyn Field),
    /// Any value.
    Any(&'a Value),
}

/// The items of an array.
pub trait Items {
    /// Passes each item to `see`.
    fn each(&self, see: &mut dyn FnMut(View<'_>));
}

/// The entries of a map.
pub trait Pairs {
    /// Passes each entry to `see`.
    fn each(&self, see: &mut dyn FnMut(&str, View<'_>));
}

/// A blank value to read into.
#[must_use]
pub fn blank<T: Json>() -> T {
    T::blank()
}

/// Reads a value of a type.
///
/// # Errors
/// A value of another type.
pub fn read<T: Json>(input: &mut Input<'_>) -> Result<T, Mismatch> {
    let mut value = T::blank();
    Json::read(&mut value, input)?;
    Ok(value)
}

/// Reads a value from a whole JSON text.
pub(super) fn from_text<T: Json>(text: &str, room: usize) -> Result<T, Mismatch> {
    let mut input = Input::within(text, room);
    let mut value = T::blank();
    let read = Json::read(&mut value, &mut input);
    // If the text is not JSON, that is the error.
    if let Err(error) = read {
        let error = error.unless_final()?;
        input.end()?;
        return Err(error);
    }
    input.end()?;
    Ok(value)
}

/// Reads a string, borrowed if possible.
///
/// # Errors
/// A value of another type.
pub fn read_text<'t>(input: &mut Input<'t>) -> Result<Cow<'t, str>, Mismatch> {
    input.string()
}

/// Keys whose values could not be read so far. If a text has a key twice, the last value is used.
#[derive(Default)]
pub(super) struct Failures(Vec<(String, Mismatch)>);

impl Failures {
    /// Records the result for a key.
    #[inline]
    pub(super) fn note(&mut self, key: &str, read: Result<(), Mismatch>) -> Result<(), Mismatch> {
        if !self.0.is_empty() {
            self.0.retain(|(other, _)| other != key);
        }
        match read {
            Ok(()) => Ok(()),
            Err(error) => self.keep(key, error),
        }
    }

    #[cold]
    fn keep(&mut self, key: &str, error: Mismatch) -> Result<(), Mismatch> {
        let error = error.under(key).unless_final()?;
        // The first one is reported. Those after it are kept only while they are few.
        if self.0.len() < 64 {
            self.0.push((key.to_owned(), error));
        }
        Ok(())
    }

    pub(super) fn first(self) -> Result<(), Mismatch> {
        self.0.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// The layout of a struct, with the types of its fields.
pub fn layout_with<T: Json>(layout: &'static Layout) -> &'static Layout {
    if let Layout::Members(members) = layout {
        members.read(|| {
            let mut types: Vec<Of> = Vec::new();
            T::blank().each_field(&mut |fields| types.extend(fields.iter().map(|field| field.of())));
            types
        });
    }
    layout
}

fn members(layout: &'static Layout) -> Option<&'static Read> {
    match layout {
        Layout::Members(members) => members.get(),
        _ => None,
    }
}

/// Reads a struct.
///
/// # Errors
/// A value of another type.
fn read_object<T: Json>(value: &mut T, input: &mut Input<'_>) -> Result<(), Mismatch> {
    let Some(members) = members(T::layout()) else { return Ok(()) };
    let mut read = Ok(());
    T::fields(Fields::Lend(value, &mut |slots| read = members.read_into(slots, input)));
    read
}

/// The members that were read so far.
enum Seen {
    Few(u64),
    Many(Vec<bool>),
}

impl Seen {
    fn of(many: usize) -> Self {
        if many <= 64 { Self::Few(0) } else { Self::Many(vec![false; many]) }
    }

    fn has(&self, place: usize) -> bool {
        match self {
            Self::Few(bits) => bits & (1 << place) != 0,
            Self::Many(all) => all.get(place).is_some_and(|it| *it),
        }
    }

    fn insert(&mut self, place: usize) -> bool {
        match self {
            Self::Few(bits) => {
                let before = *bits;
                *bits |= 1 << place;
                before == *bits
            }
            Self::Many(all) => all.get_mut(place).is_none_or(|it| std::mem::replace(it, true)),
        }
    }
}

impl Read {
    fn read_into(&self, slots: &mut [&mut dyn Field], input: &mut Input<'_>) -> Result<(), Mismatch> {
        if self.has_aliases && !input.is_tree() {
            return input.as_tree(&mut |input| self.read_into(slots, input));
        }
        // A default of a new struct was not read, so it is removed.
        for (slot, member) in slots.iter_mut().zip(&self.members) {
            if member.preset && !member.must {
                slot.clear();
            }
        }
        match input.object()? {
            Entries::Text => self.read_text(slots, input),
            Entries::Tree(entries) => {
                let places = Places::of(&self.members, entries);
                input.step(1 + entries.len());
                for ((slot, member), place) in slots.iter_mut().zip(&self.members).zip(&places.of_member) {
                    match place.and_then(|place| entries.get(place)) {
                        Some((_, value)) => {
                            input
                                .part(value, |input| {
                                    if member.three_states { slot.read_present(input) } else { slot.read(input) }
                                })
                                .map_err(|error| error.under(&member.names[0]))?
                        }
                        None if member.must => return Err(missing(&member.names[0])),
                        None => {}
                    }
                }
                if let (Some(_), Some(extra)) = (self.extra, slots.get_mut(self.members.len())) {
                    for (key, value) in places.strangers().filter_map(|place| entries.get(place)) {
                        input.part(value, |input| extra.read_more(key, input)).map_err(|error| error.under(key))?;
                    }
                }
                Ok(())
            }
        }
    }

    fn read_text(&self, slots: &mut [&mut dyn Field], input: &mut Input<'_>) -> Result<(), Mismatch> {
        let mut seen = Seen::of(self.members.len());
        let mut failures = Failures::default();
        let (mut many, mut next) = (0, 0);
        while let Some(key) = input.key(many == 0)? {
            many += 1;
            let read = match self.find(&key, next) {
                Some(place) => {
                    next = place + 1;
                    let (Some(slot), Some(member)) = (slots.get_mut(place), self.members.get(place)) else { continue };
                    if seen.insert(place) {
                        slot.clear();
                    }
                    if member.three_states { slot.read_present(input) } else { slot.read(input) }
                }
                None => match slots.get_mut(self.members.len()) {
                    Some(extra) => extra.read_more(&key, input),
                    None => input.skip(),
                },
            };
            failures.note(&key, read)?;
        }
        input.step(1 + many);
        failures.first()?;
        match self.musts.iter().find(|place| !seen.has(**place)) {
            Some(place) => Err(missing(&self.members[*place].names[0])),
            None => Ok(()),
        }
    }
}

#[cold]
fn missing(key: &str) -> Mismatch {
    Mismatch::new(format!("`{key}` is missing"))
}

/// Reads an array with a type for each position. Further items are passed to the last field, if there is one for them.
///
/// # Errors
/// A value of another type.
pub fn read_items<T: Json>(value: &mut T, input: &mut Input<'_>) -> Result<(), Mismatch> {
    let Layout::Positions { items, required, rest } = T::layout() else { return Ok(()) };
    let mut many = 0;
    let mut read = Ok(());
    T::fields(Fields::Lend(value, &mut |slots| {
        let list = input.list(&mut |input| {
            many += 1;
            match slots.get_mut(many - 1) {
                Some(slot) if many <= *required => slot.read(input),
                Some(slot) if many <= items.len() => slot.read_present(input),
                _ => match slots.get_mut(items.len()) {
                    Some(more) => more.read_more("", input),
                    None => input.skip(),
                },
            }
        });
        read = list;
    }));
    read?;
    if many < *required {
        return Err(Mismatch::new(format!("expected at least {required} items, found {many}")));
    }
    if rest.is_none() && many > items.len() {
        return Err(Mismatch::new(format!("expected {} items, found {many}", items.len())));
    }
    Ok(())
}

/// Passes the items of a tuple to `see`, up to the first optional item that is absent.
pub fn each_item<T: Json>(value: &T, see: &mut dyn FnMut(View<'_>)) {
    let Layout::Positions { items, required, .. } = T::layout() else { return };
    value.each_field(&mut |fields| {
        for (place, field) in fields.iter().enumerate() {
            match field.view() {
                View::None if place >= *required => return,
                View::List(more) if place >= items.len() => more.each(see),
                view => see(view),
            }
        }
    });
}

/// Clones a value field by field.
#[must_use]
pub fn clone<T: Json>(value: &T) -> T {
    let mut new = T::blank();
    value.each_field(&mut |fields| {
        T::fields(Fields::Lend(&mut new, &mut |slots| {
            slots.iter_mut().zip(fields).for_each(|(slot, field)| slot.copy(*field))
        }));
    });
    new
}

/// Adds a key that the document does not declare.
pub fn add<M: Extend<(String, V)>, V>(map: &mut M, key: impl Into<String>, value: impl Into<V>) {
    map.extend([(key.into(), value.into())]);
}

/// Whether all fields are equal.
pub fn is_equal<T: Json>(one: &T, other: &T) -> bool {
    let mut is_equal = true;
    one.each_field(&mut |one| {
        other.each_field(&mut |other| is_equal = one.iter().zip(other).all(|(one, other)| one.is(*other)));
    });
    is_equal
}

/// `Debug` with the names of the fields, without secret values.
///
/// # Errors
/// Those of the formatter.
pub fn debug<T: Json>(name: &str, value: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut debug = f.debug_struct(name);
    if let Some(read) = members(T::layout()) {
        value.each_field(&mut |fields| {
            for (member, field) in read.members.iter().zip(fields) {
                match (member.secret, field.view()) {
                    (false, _) => debug.field(member.field, field),
                    (true, View::None) => debug.field(member.field, &None::<()>),
                    (true, _) if member.required => debug.field(member.field, &format_args!("[redacted]")),
                    (true, _) => debug.field(member.field, &Some(format_args!("[redacted]"))),
                };
            }
            if let (Some(name), Some(extra)) = (read.extra, fields.get(read.members.len())) {
                match extra.view() {
                    View::Map(pairs) if read.is_extra_secret => {
                        let mut keys = Vec::new();
                        pairs.each(&mut |key, _| keys.push(key.to_owned()));
                        debug.field(name, &keys);
                    }
                    _ => {
                        debug.field(name, extra);
                    }
                }
            }
        });
    }
    debug.finish()
}
