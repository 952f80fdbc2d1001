//! The trait of generated types, and the code that structs and tuples share.

use std::any::Any;
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
        fields::<Self>(Fields::None)
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
    #[inline]
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

/// How the next value of the input is read into a [`Field`].
#[derive(Clone, Copy, Debug)]
pub enum How<'a> {
    /// As the value of the field: [`Json::read`].
    Whole,
    /// As the value of a field for which null and absent differ: [`Json::read_present`].
    Present,
    /// As one more item of the field or, with this key, as one more entry: [`Json::read_more`].
    More(&'a str),
}

/// A value of any type that implements [`Json`]. The functions are few, because each is compiled for each type that a
/// program uses.
pub trait Field: Any + Debug {
    /// Reads a value.
    ///
    /// # Errors
    /// A value of another type.
    fn read(&mut self, how: How<'_>, input: &mut Input<'_>) -> Result<(), Mismatch>;

    /// See [`Json::view`].
    fn view(&self) -> View<'_>;

    /// Shows the fields of a struct or a tuple. See [`Json::fields`].
    fn show(&self, see: &mut dyn FnMut(&[&dyn Field]));

    /// Lends the fields of a struct or a tuple, to read into them. See [`Json::fields`].
    fn lend(&mut self, take: &mut dyn FnMut(&mut [&mut dyn Field]));

    /// The function of the type's layout.
    fn of(&self) -> Of;

    /// Makes the value blank.
    fn clear(&mut self);

    /// Whether another value is of the same type and equal.
    fn is(&self, other: &dyn Field) -> bool;
}

impl<T: Json> Field for T {
    fn read(&mut self, how: How<'_>, input: &mut Input<'_>) -> Result<(), Mismatch> {
        match how {
            How::Whole => Json::read(self, input),
            How::Present => Json::read_present(self, input),
            How::More(key) => Json::read_more(self, key, input),
        }
    }

    fn view(&self) -> View<'_> {
        Json::view(self)
    }

    fn show(&self, see: &mut dyn FnMut(&[&dyn Field])) {
        fields(Fields::Show(self, see));
    }

    fn lend(&mut self, take: &mut dyn FnMut(&mut [&mut dyn Field])) {
        fields(Fields::Lend(self, take));
    }

    fn of(&self) -> Of {
        T::layout
    }

    fn clear(&mut self) {
        replace(self, blank());
    }

    fn is(&self, other: &dyn Field) -> bool {
        let other: &dyn Any = other;
        match other.downcast_ref::<T>() {
            Some(other) => self == other,
            None => false,
        }
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

/// [`Json::fields`], which is compiled only here: an inlined function is compiled again wherever it is used.
#[inline(never)]
fn fields<T: Json>(of: Fields<'_, T>) -> &'static Layout {
    T::fields(of)
}

/// A blank value to read into.
#[must_use]
#[inline(never)]
pub fn blank<T: Json>() -> T {
    T::blank()
}

/// Replaces a value. The code that drops the old one is compiled where it is used, so it is used here only.
#[inline(never)]
pub(super) fn replace<T>(value: &mut T, new: T) {
    *value = new;
}

/// Reads a value of a type.
///
/// # Errors
/// A value of another type.
pub fn read<T: Json>(input: &mut Input<'_>) -> Result<T, Mismatch> {
    let mut value = blank::<T>();
    Json::read(&mut value, input)?;
    Ok(value)
}

/// Reads a value from a whole JSON text.
pub(super) fn from_text<T: Json>(text: &str, room: usize) -> Result<T, Mismatch> {
    let mut input = Input::within(text, room);
    let mut value = blank::<T>();
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

/// Reads a string, and passes it to a function.
///
/// # Errors
/// A value of another type.
pub fn read_text(input: &mut Input<'_>, take: &mut dyn FnMut(&str)) -> Result<(), Mismatch> {
    input.string().map(|text| take(&text))
}

/// Keys whose values could not be read so far. If a text has a key twice, the last value is used.
#[derive(Default)]
pub(super) struct Failures(Vec<(String, Mismatch)>);

impl Failures {
    /// Records the result for a key.
    #[inline]
    pub(super) fn note<'a>(&mut self, key: impl Fn() -> &'a str, read: Result<(), Mismatch>) -> Result<(), Mismatch> {
        if !self.0.is_empty() {
            self.0.retain(|(other, _)| other != key());
        }
        match read {
            Ok(()) => Ok(()),
            Err(error) => self.keep(key(), error),
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
    with_types(layout, types_of::<T>)
}

fn with_types(layout: &'static Layout, types: fn() -> Vec<Of>) -> &'static Layout {
    if let Layout::Members(members) = layout {
        members.read(types);
    }
    layout
}

fn types_of<T: Json>() -> Vec<Of> {
    types(&blank::<T>())
}

/// The types of the fields.
fn types(value: &dyn Field) -> Vec<Of> {
    let mut types: Vec<Of> = Vec::new();
    value.show(&mut |fields| types.extend(fields.iter().map(|field| field.of())));
    types
}

fn members(layout: &'static Layout) -> Option<&'static Read> {
    match layout {
        Layout::Members(members) => members.get(),
        _ => None,
    }
}

/// Reads a struct. This and the functions below do not depend on the type, so they are compiled once.
///
/// # Errors
/// A value of another type.
fn read_object(value: &mut dyn Field, input: &mut Input<'_>) -> Result<(), Mismatch> {
    let Some(members) = members(value.of()()) else { return Ok(()) };
    let mut read = Ok(());
    value.lend(&mut |slots| read = members.read_into(slots, input));
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
        // What a new struct starts with was not read, so it is removed.
        for place in &self.presets {
            if let Some(slot) = slots.get_mut(*place) {
                slot.clear();
            }
        }
        match input.object()? {
            Entries::Text => self.read_text(slots, input),
            Entries::Tree(entries) => {
                let places = Places::of(&self.members, entries);
                input.step(1 + entries.len());
                for (index, ((slot, member), place)) in
                    slots.iter_mut().zip(&self.members).zip(&places.of_member).enumerate()
                {
                    match place.and_then(|place| entries.get(place)) {
                        Some((_, value)) => input
                            .part(value, |input| slot.read(self.how(index), input))
                            .map_err(|error| error.under(&member.names[0]))?,
                        None if member.must => return Err(missing(&member.names[0])),
                        None => {}
                    }
                }
                if let (Some(_), Some(extra)) = (self.extra, slots.get_mut(self.members.len())) {
                    for (key, value) in places.strangers().filter_map(|place| entries.get(place)) {
                        input
                            .part(value, |input| extra.read(How::More(key), input))
                            .map_err(|error| error.under(key))?;
                    }
                }
                Ok(())
            }
        }
    }

    fn read_text(&self, slots: &mut [&mut dyn Field], input: &mut Input<'_>) -> Result<(), Mismatch> {
        let mut seen = Seen::of(self.members.len());
        let mut failures = Failures::default();
        let (mut many, mut after) = (0, 0);
        loop {
            let is_first = many == 0;
            let expected = self.expected(after).filter(|(_, key)| input.skip_key(is_first, key));
            if let Some((place, _)) = expected {
                let read = self.read_member(place, slots, &mut seen, input);
                failures.note(|| self.members.get(place).map_or("", |member| &member.names[0]), read)?;
                after = place + 1;
            } else {
                let Some(key) = input.key(is_first)? else { break };
                let read = match self.find(&key) {
                    Some(place) => {
                        self.expect(after, place);
                        after = place + 1;
                        self.read_member(place, slots, &mut seen, input)
                    }
                    None => match slots.get_mut(self.members.len()) {
                        Some(extra) => extra.read(How::More(&key), input),
                        None => input.skip(),
                    },
                };
                failures.note(|| &key, read)?;
            }
            many += 1;
        }
        input.step(1 + many);
        failures.first()?;
        match self.musts.iter().find(|place| !seen.has(**place)) {
            Some(place) => Err(missing(&self.members[*place].names[0])),
            None => Ok(()),
        }
    }

    #[inline]
    fn how(&self, place: usize) -> How<'static> {
        if self.has_three_states(place) { How::Present } else { How::Whole }
    }

    /// Reads the value of a member. If a text has a key twice, the last value counts.
    #[inline]
    fn read_member(
        &self,
        place: usize,
        slots: &mut [&mut dyn Field],
        seen: &mut Seen,
        input: &mut Input<'_>,
    ) -> Result<(), Mismatch> {
        let Some(slot) = slots.get_mut(place) else { return input.skip() };
        if seen.insert(place) {
            slot.clear();
        }
        slot.read(self.how(place), input)
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
pub fn read_items(value: &mut dyn Field, input: &mut Input<'_>) -> Result<(), Mismatch> {
    let Layout::Positions { items, required, rest } = value.of()() else { return Ok(()) };
    let mut many = 0;
    let mut read = Ok(());
    value.lend(&mut |slots| {
        let list = input.list(&mut |input| {
            many += 1;
            match slots.get_mut(many - 1) {
                Some(slot) if many <= *required => slot.read(How::Whole, input),
                Some(slot) if many <= items.len() => slot.read(How::Present, input),
                _ => match slots.get_mut(items.len()) {
                    Some(more) => more.read(How::More(""), input),
                    None => input.skip(),
                },
            }
        });
        read = list;
    });
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
pub fn each_item(value: &dyn Field, see: &mut dyn FnMut(View<'_>)) {
    let Layout::Positions { items, required, .. } = value.of()() else { return };
    value.show(&mut |fields| {
        for (place, field) in fields.iter().enumerate() {
            match field.view() {
                View::None if place >= *required => return,
                View::List(more) if place >= items.len() => more.each(see),
                view => see(view),
            }
        }
    });
}

/// Adds a key that the document does not declare.
pub fn add<M: Extend<(String, V)>, V>(map: &mut M, key: impl Into<String>, value: impl Into<V>) {
    map.extend([(key.into(), value.into())]);
}

/// Whether all fields are equal.
pub fn is_equal(one: &dyn Field, other: &dyn Field) -> bool {
    let mut is_equal = true;
    one.show(&mut |one| {
        other.show(&mut |other| is_equal = one.iter().zip(other).all(|(one, other)| one.is(*other)));
    });
    is_equal
}

/// `Debug` with the names of the fields, without secret values.
///
/// # Errors
/// Those of the formatter.
pub fn debug(name: &str, value: &dyn Field, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut debug = f.debug_struct(name);
    if let Some(read) = members(value.of()()) {
        value.show(&mut |fields| {
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
