//! Reading the members of an object one by one, and its other keys at the end.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::json::Json;
use super::layout::{Reader, find};
use super::mismatch::Mismatch;
use super::tree::Tree;

/// An object that is being read as a struct.
#[derive(Debug)]
pub struct Fields<'a, 't> {
    entries: &'a [(Cow<'t, str>, Tree<'t>)],
    taken: Vec<bool>,
    next: usize,
    reader: &'a mut Reader,
}

impl<'a, 't> Fields<'a, 't> {
    /// Begins to read an object.
    ///
    /// # Errors
    /// A value that is none.
    pub fn of(tree: &'a Tree<'t>, reader: &'a mut Reader) -> Result<Self, Mismatch> {
        let Tree::Object(entries) = tree else { return Err(Mismatch::expected("an object", tree.kind())) };
        reader.step(1 + entries.len());
        Ok(Self { entries, taken: vec![false; entries.len()], next: 0, reader })
    }

    fn find(&mut self, names: &[&str]) -> Option<&'a Tree<'t>> {
        let place = find(self.entries, names, &mut self.next, &mut self.taken)?;
        Some(&self.entries[place].1)
    }

    fn value<T: Json>(&mut self, tree: &Tree<'_>, names: &[&str]) -> Result<T, Mismatch> {
        T::read(tree, self.reader).map_err(|error| error.under(names.first().copied().unwrap_or_default()))
    }

    /// A member that is always there.
    ///
    /// # Errors
    /// An object without it, or a value of another type.
    pub fn required<T: Json>(&mut self, names: &[&str]) -> Result<T, Mismatch> {
        match self.find(names) {
            Some(tree) => self.value(tree, names),
            None => Err(Mismatch::new(format!("`{}` is missing", names.first().copied().unwrap_or_default()))),
        }
    }

    /// A member that may be absent or null, which is the same.
    ///
    /// # Errors
    /// A value of another type.
    pub fn optional<T: Json>(&mut self, names: &[&str]) -> Result<Option<T>, Mismatch> {
        match self.find(names) {
            None | Some(Tree::Null) => Ok(None),
            Some(tree) => self.value(tree, names).map(Some),
        }
    }

    /// A member that may be absent; null is a value of its type.
    ///
    /// # Errors
    /// A value of another type.
    pub fn present<T: Json>(&mut self, names: &[&str]) -> Result<Option<T>, Mismatch> {
        match self.find(names) {
            None => Ok(None),
            Some(tree) => self.value(tree, names).map(Some),
        }
    }

    /// All keys that are no members.
    ///
    /// # Errors
    /// A number that no 64 bits hold.
    pub fn extra(self) -> Result<Map<String, Value>, Mismatch> {
        self.rest().collect()
    }

    /// All keys that are no members, with values of a type.
    ///
    /// # Errors
    /// A value of another type.
    pub fn typed<T: Json>(self) -> Result<BTreeMap<String, T>, Mismatch> {
        self.rest().collect()
    }

    fn rest<T: Json>(self) -> impl Iterator<Item = Result<(String, T), Mismatch>> + use<'a, 't, T> {
        let Self { entries, taken, reader, .. } = self;
        entries.iter().zip(taken).filter(|(_, taken)| !taken).map(move |((key, value), _)| {
            let value = T::read(value, reader).map_err(|error| error.under(key))?;
            Ok((key.clone().into_owned(), value))
        })
    }
}

/// An array that is being read position by position.
#[derive(Debug)]
pub struct Positions<'a, 't> {
    items: &'a [Tree<'t>],
    next: usize,
    reader: &'a mut Reader,
}

impl<'a, 't> Positions<'a, 't> {
    /// Begins to read an array.
    ///
    /// # Errors
    /// A value that is none.
    pub fn of(tree: &'a Tree<'t>, reader: &'a mut Reader) -> Result<Self, Mismatch> {
        let Tree::List(items) = tree else { return Err(Mismatch::expected("an array", tree.kind())) };
        reader.step(1 + items.len());
        Ok(Self { items, next: 0, reader })
    }

    /// The next item, which is always there.
    ///
    /// # Errors
    /// An array without it, or a value of another type.
    pub fn required<T: Json>(&mut self) -> Result<T, Mismatch> {
        let missing = || Mismatch::new(format!("there are {} items, and one more is required", self.items.len()));
        let tree = self.items.get(self.next).ok_or_else(missing)?;
        self.next += 1;
        T::read(tree, self.reader).map_err(|error| error.at(self.next - 1))
    }

    /// The next item, if there is one.
    ///
    /// # Errors
    /// A value of another type.
    pub fn optional<T: Json>(&mut self) -> Result<Option<T>, Mismatch> {
        if self.next < self.items.len() { self.required().map(Some) } else { Ok(None) }
    }

    /// All further items.
    ///
    /// # Errors
    /// A value of another type.
    pub fn rest<T: Json>(mut self) -> Result<Vec<T>, Mismatch> {
        let mut rest = Vec::new();
        while let Some(item) = self.optional()? {
            rest.push(item);
        }
        Ok(rest)
    }

    /// The end of the array.
    ///
    /// # Errors
    /// An array that has more items.
    pub fn end(self) -> Result<(), Mismatch> {
        if self.next < self.items.len() {
            return Err(Mismatch::new(format!("expected {} items, found {}", self.next, self.items.len())));
        }
        Ok(())
    }
}
