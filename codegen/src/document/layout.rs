//! Lines inside brackets and quotes that stand further left than YAML 1.2 has it, and that every reader built on libyaml
//! takes all the same.

use std::borrow::Cow;
use std::collections::HashMap;

/// How often a text is read again, so that a text made to be slow is refused instead.
const MOST: usize = 1_000;
/// How many columns a line is moved; more than any block nests.
const SHIFT: usize = 512;

/// A text with lines moved to the right where blanks mean nothing: inside brackets, and between the lines of what is quoted.
pub(super) struct Layout<'a> {
    text: Cow<'a, str>,
    /// Lines, from 1, and how far they were moved.
    moved: HashMap<usize, usize>,
    times: usize,
}

impl<'a> Layout<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), moved: HashMap::new(), times: 0 }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The column in the original of a column in the text.
    pub(super) fn column(&self, line: usize, column: usize) -> usize {
        column.saturating_sub(self.moved.get(&line).copied().unwrap_or_default())
    }

    /// Whether a bracket stands at a place of the text.
    pub(super) fn has_bracket(&self, (line, column): (usize, usize)) -> bool {
        let text = self.text.lines().nth(line.saturating_sub(1));
        text.and_then(|text| text.chars().nth(column)).is_some_and(|c| matches!(c, '[' | '{'))
    }

    /// Moves the lines after the first of the brackets or the quotes that open at a place of the text (line from 1, column
    /// from 0), or the line at fault alone. False if all of them were moved before, so that it is no help.
    pub(super) fn mend(&mut self, opens: Option<(usize, usize)>, fault: usize) -> bool {
        let lines = match opens {
            Some((line, column)) => line + 1..=self.last_line(line, column).max(fault),
            None => fault..=fault,
        };
        self.times += 1;
        if self.times > MOST {
            return false;
        }
        let mut progress = false;
        let mut text = String::with_capacity(self.text.len());
        for (index, line) in self.text.split_inclusive('\n').enumerate() {
            if lines.contains(&(index + 1)) && self.moved.insert(index + 1, SHIFT).is_none() {
                progress = true;
                text.extend(std::iter::repeat_n(' ', SHIFT));
            }
            text.push_str(line);
        }
        self.text = Cow::Owned(text);
        progress
    }

    /// The line on which the brackets or quotes close that open at a place.
    fn last_line(&self, line: usize, column: usize) -> usize {
        let mut depth = 0_usize;
        let mut quote = None;
        // A quote or a comment begins only where a value may.
        let mut fresh = true;
        for (index, text) in self.text.lines().enumerate().skip(line - 1) {
            let mut chars = text.chars().skip(if index + 1 == line { column } else { 0 }).peekable();
            let mut blank = true;
            while let Some(c) = chars.next() {
                match (quote, c) {
                    (Some('"'), '\\') => drop(chars.next()),
                    (Some('\''), '\'') if chars.peek() == Some(&'\'') => drop(chars.next()),
                    (Some(open), c) if open == c => quote = None,
                    (Some(_), _) => {}
                    (None, '"' | '\'') if fresh => quote = Some(c),
                    (None, '#') if blank => break,
                    (None, '[' | '{') => depth += 1,
                    (None, ']' | '}') => depth = depth.saturating_sub(1),
                    (None, _) => {}
                }
                if quote.is_none() && depth == 0 {
                    return index + 1;
                }
                blank = c.is_whitespace();
                fresh = matches!(c, '[' | '{' | ',' | ':') || (fresh && blank);
            }
        }
        line
    }
}
