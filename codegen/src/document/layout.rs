//! Lines in brackets and quotes with less indentation than YAML 1.2 requires. Readers that are built on libyaml accept
//! them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// The limit on the bytes that are read again. A text that exceeds it, and so would be slow, is an error.
const MOST: usize = 64 << 20;
/// How far a line moves if its block is unknown: further than blocks nest.
const FAR: usize = 512;
/// A line, counted from 1, and a column in it, counted from 0.
pub(super) type Place = (usize, usize);

/// A text in which lines were indented in places where blanks have no meaning: in brackets, and between the lines of a
/// quoted text.
pub(super) struct Layout<'a> {
    text: Cow<'a, str>,
    /// Moved lines, and how far each was moved.
    moved: HashMap<usize, usize>,
    /// Bytes read so far.
    read: usize,
}

impl<'a> Layout<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), moved: HashMap::new(), read: 0 }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The column in the original for a column in the text.
    pub(super) fn column(&self, line: usize, column: usize) -> usize {
        column.saturating_sub(self.moved.get(&line).copied().unwrap_or_default())
    }

    /// Whether a line was moved at or after this one.
    pub(super) fn reaches(&self, line: usize) -> bool {
        self.moved.keys().any(|moved| moved + 1 >= line)
    }

    /// The opening bracket of a node, after its anchor and its tag.
    pub(super) fn bracket(&self, (line, column): Place) -> Option<Place> {
        for (index, text) in self.text.lines().enumerate().skip(line.checked_sub(1)?) {
            let mut word = false;
            for (at, c) in text.chars().enumerate().skip(if index + 1 == line { column } else { 0 }) {
                match c {
                    '[' | '{' if !word => return Some((index + 1, at)),
                    '&' | '!' => word = true,
                    _ if c.is_whitespace() => word = false,
                    _ if word => {}
                    _ => return None,
                }
            }
        }
        None
    }

    /// Indents the lines after the first one of the brackets that open at a place, or only the line with the error.
    /// Returns false if that cannot help.
    pub(super) fn shift_brackets(&mut self, opens: Option<Place>, fault: usize) -> bool {
        match opens {
            Some(at) => {
                // Each nested bracket needs its lines one column further right.
                let (last, deepest) = self.extent(at);
                self.shift(at.0 + 1..=last.max(fault), at.1 + deepest + 1)
            }
            None => self.shift(fault..=fault, FAR),
        }
    }

    /// The same for quotes. Returns false if a line looks like a key: then the closing quote is missing.
    pub(super) fn shift_quotes(&mut self, opens: Place) -> bool {
        let lines = opens.0 + 1..=self.extent(opens).0;
        let is_key = |line: &str| {
            line.split_once(':').is_some_and(|(key, rest)| {
                let key = key.trim_start().trim_start_matches("- ");
                !key.is_empty() && !key.contains([' ', '\\']) && (rest.is_empty() || rest.starts_with([' ', '\r']))
            })
        };
        let count = lines.end().saturating_sub(opens.0);
        !self.text.lines().skip(opens.0).take(count).any(is_key) && self.shift(lines, opens.1 + 1)
    }

    fn shift(&mut self, lines: RangeInclusive<usize>, columns: usize) -> bool {
        self.read = self.read.saturating_add(self.text.len());
        let added = lines.clone().count().saturating_mul(columns);
        // A lone carriage return ends a line for one of the two readers only.
        let alone = self.text.matches('\r').count() != self.text.matches("\r\n").count();
        if alone || self.read > MOST || added > (1 << 20) + 8 * self.text.len() {
            return false;
        }
        let mut progress = false;
        let mut text = String::with_capacity(self.text.len() + added);
        for (index, line) in self.text.split_inclusive('\n').enumerate() {
            // Empty lines have no indentation, and a separator of documents is not moved.
            let stays = line.trim().is_empty() || line.starts_with("---") || line.starts_with("...");
            if lines.contains(&(index + 1)) && !stays && !self.moved.contains_key(&(index + 1)) {
                progress = true;
                self.moved.insert(index + 1, columns);
                text.extend(std::iter::repeat_n(' ', columns));
            }
            text.push_str(line);
        }
        self.text = Cow::Owned(text);
        progress
    }

    /// The line on which the brackets or quotes that open at a place close, and the depth to which they nest.
    fn extent(&self, (line, column): Place) -> (usize, usize) {
        let (mut depth, mut deepest) = (0_usize, 0);
        let mut quote = None;
        // A quote opens only where a value may start.
        let mut fresh = true;
        // Inside an anchor or a tag.
        let mut word = false;
        for (index, text) in self.text.lines().enumerate().skip(line - 1) {
            let mut chars = text.chars().skip(if index + 1 == line { column } else { 0 }).peekable();
            let mut before = ' ';
            while let Some(c) = chars.next() {
                let blank = before.is_whitespace();
                word &= !c.is_whitespace() && !matches!(c, ',' | '[' | ']' | '{' | '}');
                match (quote, c) {
                    (Some('"'), '\\') => drop(chars.next()),
                    (Some('\''), '\'') if chars.peek() == Some(&'\'') => drop(chars.next()),
                    (Some(open), c) if open == c => quote = None,
                    (Some(_), _) => {}
                    (None, '"' | '\'') if fresh => quote = Some(c),
                    (None, '#') if blank => break,
                    (None, '&' | '!') if fresh => word = true,
                    (None, '[' | '{') => {
                        depth += 1;
                        deepest = deepest.max(depth);
                    }
                    (None, ']' | '}') => depth = depth.saturating_sub(1),
                    (None, _) => {}
                }
                if quote.is_none() && depth == 0 {
                    return (index + 1, deepest);
                }
                let ends_key = c == ':'
                    && (matches!(before, '"' | '\'' | ']' | '}')
                        || chars.peek().is_none_or(|next| next.is_whitespace()));
                fresh = matches!(c, '[' | '{' | ',') || ends_key || (fresh && (c.is_whitespace() || word));
                before = c;
            }
            word = false;
        }
        (self.text.lines().count(), deepest)
    }
}
