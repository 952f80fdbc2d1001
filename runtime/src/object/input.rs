//! The input from which a value is read: JSON text, or a tree.

use std::borrow::Cow;

use super::choice::Reader;
use super::layout::Layout;
use super::mismatch::Mismatch;
use super::scan::Scanner;
use super::tree::{Tree, grow};

/// The position in JSON of the next value.
///
/// After a value of another type, the position is behind that value, so that reading can continue. It cannot continue
/// after invalid JSON, or a value that needs too much memory.
pub struct Input<'t> {
    source: Source<'t>,
    /// The bytes of memory that are left.
    room: usize,
    depth: usize,
    steps: usize,
    reader: Reader,
}

#[derive(Clone, Copy)]
enum Source<'t> {
    Text(Scanner<'t>),
    Tree(&'t Tree<'t>),
}

/// The members of an object, in the text or in a tree.
pub(super) enum Entries<'t> {
    /// [`Input::key`] reads them.
    Text,
    /// These entries.
    Tree(&'t [(Cow<'t, str>, Tree<'t>)]),
}

impl<'t> Input<'t> {
    /// The value in a text.
    #[must_use]
    pub fn text(text: &'t str) -> Self {
        Self::within(text, usize::MAX)
    }

    /// The value in a text, with a limit on its memory in bytes.
    #[must_use]
    pub fn within(text: &'t str, room: usize) -> Self {
        Self::new(Source::Text(Scanner::of(text)), room)
    }

    /// The value in a tree.
    #[must_use]
    pub fn tree(tree: &'t Tree<'t>) -> Self {
        Self::new(Source::Tree(tree), usize::MAX)
    }

    fn new(source: Source<'t>, room: usize) -> Self {
        Self { source, room, depth: 0, steps: 0, reader: Reader::default() }
    }

    /// The number of inspected parts so far, for the property tests.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps + self.reader.steps()
    }

    /// Fails unless the whole text was read.
    ///
    /// # Errors
    /// There is text after the value.
    pub fn end(&self) -> Result<(), Mismatch> {
        match self.source {
            Source::Text(scanner) => scanner.end(),
            Source::Tree(_) => Ok(()),
        }
    }

    /// Subtracts this many bytes from the limit.
    #[inline]
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Mismatch> {
        self.room = self.room.checked_sub(bytes).ok_or_else(Mismatch::too_large)?;
        Ok(())
    }

    /// Subtracts the memory for one more item of a list.
    #[inline]
    pub(super) fn take_item<T>(&mut self, list: &Vec<T>) -> Result<(), Mismatch> {
        grow(list, &mut self.room)
    }

    /// Subtracts the memory for one more entry of a map with this many entries. A node of the map has room for eleven
    /// entries, and all but the first are at least half full.
    pub(super) fn take_entry<T>(&mut self, entries: usize, key: &str) -> Result<(), Mismatch> {
        let entry = size_of::<String>() + size_of::<T>();
        let first = if entries == 0 { 11 * entry + 40 } else { 0 };
        let more = if entries >= 6 { 3 * entry + 40 } else { 0 };
        self.take(first + more + key.len())
    }

    #[inline]
    pub(super) fn step(&mut self, many: usize) {
        self.steps += many;
    }

    fn kind(&mut self) -> &'static str {
        match &mut self.source {
            Source::Text(scanner) => scanner.kind(),
            Source::Tree(tree) => tree.kind(),
        }
    }

    /// Skips a value.
    pub(super) fn skip(&mut self) -> Result<(), Mismatch> {
        match &mut self.source {
            Source::Text(scanner) => scanner.skip(self.depth),
            Source::Tree(_) => Ok(()),
        }
    }

    /// Skips a value of another type.
    #[cold]
    fn other(&mut self, expected: &str) -> Mismatch {
        let kind = self.kind();
        match self.skip() {
            Ok(()) => Mismatch::expected(expected, kind),
            Err(error) => error,
        }
    }

    /// Reads null if it is next. Not inlined, because each optional type has a call of it.
    pub(super) fn null(&mut self) -> Result<bool, Mismatch> {
        match &mut self.source {
            Source::Text(scanner) => {
                let is_null = scanner.peek() == b'n';
                if is_null {
                    scanner.word("null")?;
                }
                Ok(is_null)
            }
            Source::Tree(tree) => Ok(matches!(tree, Tree::Null)),
        }
    }

    /// The first byte of a value; 0 for a number.
    pub(super) fn peek(&mut self) -> Result<u8, Mismatch> {
        Ok(match &mut self.source {
            Source::Text(scanner) => match scanner.peek() {
                b'-' | b'0'..=b'9' => b'0',
                byte @ (b'n' | b't' | b'f' | b'"' | b'[' | b'{') => byte,
                _ => return Err(scanner.wrong("a value")),
            },
            Source::Tree(tree) => match tree {
                Tree::Null => b'n',
                Tree::Bool(_) => b't',
                Tree::Number(_) => b'0',
                Tree::Text(_) => b'"',
                Tree::List(_) => b'[',
                Tree::Object(_) => b'{',
            },
        })
    }

    pub(super) fn boolean(&mut self) -> Result<bool, Mismatch> {
        match &mut self.source {
            Source::Text(scanner) => match scanner.peek() {
                b't' => return scanner.word("true").map(|()| true),
                b'f' => return scanner.word("false").map(|()| false),
                _ => {}
            },
            Source::Tree(Tree::Bool(value)) => return Ok(*value),
            Source::Tree(_) => {}
        }
        Err(self.other("a boolean"))
    }

    /// Reads the digits of a number.
    #[inline]
    pub(super) fn number(&mut self, expected: &str) -> Result<Cow<'t, str>, Mismatch> {
        match &mut self.source {
            Source::Text(scanner) => {
                if matches!(scanner.peek(), b'-' | b'0'..=b'9') {
                    return scanner.number().map(Cow::Borrowed);
                }
            }
            Source::Tree(Tree::Number(digits)) => return Ok(Cow::Borrowed(digits)),
            Source::Tree(_) => {}
        }
        Err(self.other(expected))
    }

    /// Reads a string, and subtracts its memory. Most values of most responses are strings.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Result<Cow<'t, str>, Mismatch> {
        let text = match &mut self.source {
            Source::Text(scanner) => {
                if scanner.peek() != b'"' {
                    return Err(self.other("a string"));
                }
                scanner.string()?
            }
            Source::Tree(Tree::Text(text)) => Cow::Borrowed(text.as_ref()),
            Source::Tree(_) => return Err(self.other("a string")),
        };
        self.take(text.len())?;
        Ok(text)
    }

    /// Reads an array, each item with a function.
    pub(super) fn list(&mut self, read: &mut dyn FnMut(&mut Self) -> Result<(), Mismatch>) -> Result<(), Mismatch> {
        let mut failure = None;
        let mut index = 0;
        match &mut self.source {
            Source::Tree(tree) => {
                let tree = *tree;
                let Tree::List(items) = tree else { return Err(self.other("an array")) };
                for item in items {
                    self.source = Source::Tree(item);
                    let read = read(self).map_err(|error| error.at(index));
                    self.source = Source::Tree(tree);
                    read?;
                    index += 1;
                }
            }
            Source::Text(scanner) => {
                if scanner.peek() != b'[' {
                    return Err(self.other("an array"));
                }
                self.enter()?;
                while self.next_item(index == 0)? {
                    if failure.is_some() {
                        self.skip()?;
                    } else if let Err(error) = read(self) {
                        failure = Some(error.at(index).unless_final()?);
                    }
                    index += 1;
                }
                self.depth -= 1;
            }
        }
        self.steps += 1 + index;
        failure.map_or(Ok(()), Err)
    }

    /// Skips the next bracket.
    fn enter(&mut self) -> Result<(), Mismatch> {
        self.depth = Scanner::deeper(self.depth)?;
        if let Source::Text(scanner) = &mut self.source {
            scanner.step();
        }
        Ok(())
    }

    fn next_item(&mut self, is_first: bool) -> Result<bool, Mismatch> {
        match &mut self.source {
            Source::Text(scanner) => scanner.item(is_first),
            Source::Tree(_) => Ok(false),
        }
    }

    /// Starts an object.
    #[inline]
    pub(super) fn object(&mut self) -> Result<Entries<'t>, Mismatch> {
        match &mut self.source {
            Source::Tree(tree) => match tree {
                Tree::Object(entries) => Ok(Entries::Tree(entries)),
                _ => Err(self.other("an object")),
            },
            Source::Text(scanner) => {
                if scanner.peek() != b'{' {
                    return Err(self.other("an object"));
                }
                self.enter().map(|()| Entries::Text)
            }
        }
    }

    /// The next key of an object in a text; `None` at its end.
    #[inline]
    pub(super) fn key(&mut self, is_first: bool) -> Result<Option<Cow<'t, str>>, Mismatch> {
        let Source::Text(scanner) = &mut self.source else { return Ok(None) };
        let key = scanner.key(is_first)?;
        if key.is_none() {
            self.depth -= 1;
        }
        Ok(key)
    }

    /// Skips a key of an object in a text, with its colon, if it is next.
    #[inline]
    pub(super) fn skip_key(&mut self, is_first: bool, json: &[u8]) -> bool {
        match &mut self.source {
            Source::Text(scanner) => scanner.skip_key(is_first, json),
            Source::Tree(_) => false,
        }
    }

    /// Reads a part of a tree with a function.
    pub(super) fn part(
        &mut self,
        part: &'t Tree<'t>,
        read: impl FnOnce(&mut Self) -> Result<(), Mismatch>,
    ) -> Result<(), Mismatch> {
        let whole = std::mem::replace(&mut self.source, Source::Tree(part));
        let read = read(self);
        self.source = whole;
        read
    }

    /// Whether the value is part of a tree.
    #[inline]
    pub(super) fn is_tree(&self) -> bool {
        matches!(self.source, Source::Tree(_))
    }

    /// Parses the value as a tree, and reads the tree with a function.
    pub(super) fn as_tree(
        &mut self,
        read: &mut dyn FnMut(&mut Input<'_>) -> Result<(), Mismatch>,
    ) -> Result<(), Mismatch> {
        let Source::Text(scanner) = &mut self.source else { return read(self) };
        let before = self.room;
        let tree = Tree::scan(scanner, self.depth, &mut self.room)?;
        let taken = before - self.room;
        let mut input = Input::new(Source::Tree(&tree), self.room);
        let read = read(&mut input);
        self.steps += input.steps();
        // The tree is dropped on return, so its memory is available again.
        self.room = input.room + taken;
        read
    }

    /// Selects the alternative of a union, and passes its index to a function that reads the value. The index is in the
    /// order of the document; `None` is `Unknown`.
    ///
    /// # Errors
    /// Those of the function, or the text is not JSON.
    pub fn choose(
        &mut self,
        layout: &'static Layout,
        mut read: impl FnMut(Option<usize>, &mut Input<'_>) -> Result<(), Mismatch>,
    ) -> Result<(), Mismatch> {
        self.as_tree(&mut |input| {
            let Source::Tree(tree) = input.source else { return Ok(()) };
            let index = input.reader.choose(layout, tree);
            read(index, input)
        })
    }
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("room", &self.room).field("depth", &self.depth).finish_non_exhaustive()
    }
}
