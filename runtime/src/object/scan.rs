//! JSON text, token by token.

use std::borrow::Cow;

use super::mismatch::Mismatch;

/// Deeper values are errors, because each level needs stack.
const DEEPEST: usize = 256;

/// A position in JSON text.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not white space; 0 at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return *byte;
            }
            self.at += 1;
        }
        0
    }

    /// Skips the peeked byte.
    #[inline]
    pub(super) fn step(&mut self) {
        self.at += 1;
    }

    /// Fails if there is more text.
    pub(super) fn end(mut self) -> Result<(), Mismatch> {
        self.peek();
        if self.at < self.text.len() { Err(self.wrong("the end")) } else { Ok(()) }
    }

    /// The error in the text, with its place.
    #[cold]
    pub(super) fn wrong(&self, expected: &str) -> Mismatch {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Mismatch::no_json(format!("not JSON: expected {expected} at line {line}, column {column}"))
    }

    /// The kind of the next value, for messages.
    pub(super) fn kind(&mut self) -> &'static str {
        match self.peek() {
            b'n' => "null",
            b't' | b'f' => "a boolean",
            b'"' => "a string",
            b'[' => "an array",
            b'{' => "an object",
            _ => "a number",
        }
    }

    #[inline]
    pub(super) fn word(&mut self, word: &str) -> Result<(), Mismatch> {
        if self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.wrong("a value"))
        }
    }

    /// Enters one more level.
    #[inline]
    pub(super) fn deeper(depth: usize) -> Result<usize, Mismatch> {
        if depth < DEEPEST {
            Ok(depth + 1)
        } else {
            Err(Mismatch::no_json(format!("the value nests deeper than {DEEPEST} levels")))
        }
    }

    /// Whether a list continues. Called before its first item, and after each item.
    #[inline]
    pub(super) fn item(&mut self, is_first: bool) -> Result<bool, Mismatch> {
        match (self.peek(), is_first) {
            (b']', _) => {
                self.step();
                Ok(false)
            }
            (_, true) => Ok(true),
            (b',', false) => {
                self.step();
                Ok(true)
            }
            _ => Err(self.wrong("`,` or `]`")),
        }
    }

    /// The next key of an object, if there is one. Called before its first member, and after each member.
    #[inline]
    pub(super) fn key(&mut self, is_first: bool) -> Result<Option<Cow<'t, str>>, Mismatch> {
        match (self.peek(), is_first) {
            (b'}', _) => {
                self.step();
                return Ok(None);
            }
            (_, true) => {}
            (b',', false) => self.step(),
            _ => return Err(self.wrong("`,` or `}`")),
        }
        if self.peek() != b'"' {
            return Err(self.wrong("a key"));
        }
        let key = self.string()?;
        if self.peek() != b':' {
            return Err(self.wrong("`:`"));
        }
        self.step();
        Ok(Some(key))
    }

    /// Skips a key, with its colon, if it is next. Otherwise skips nothing, and `key` reads what is next.
    #[inline]
    pub(super) fn skip_key(&mut self, is_first: bool, json: &[u8]) -> bool {
        let mut ahead = *self;
        match (ahead.peek(), is_first) {
            (_, true) => {}
            (b',', false) => {
                ahead.step();
                ahead.peek();
            }
            _ => return false,
        }
        let is_next = ahead.text.as_bytes().get(ahead.at..).is_some_and(|rest| rest.starts_with(json));
        if is_next {
            self.at = ahead.at + json.len();
        }
        is_next
    }

    /// A string, from its opening quote. It is borrowed unless it has escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'t, str>, Mismatch> {
        let start = self.at + 1;
        self.at = start + plain(self.text.as_bytes().get(start..).unwrap_or_default());
        if self.at(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(self.text.get(start..self.at - 1).unwrap_or_default()));
        }
        self.escaped(start).map(Cow::Owned)
    }

    /// A string with escapes. There are none before `self.at`.
    fn escaped(&mut self, mut start: usize) -> Result<String, Mismatch> {
        let mut text = String::new();
        loop {
            text.push_str(self.text.get(start..self.at).unwrap_or_default());
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    let c = self.escape().ok_or_else(|| self.wrong("a string whose escapes are those of JSON"))?;
                    text.push(c);
                }
                _ => return Err(self.wrong("the end of a string")),
            }
            start = self.at;
            self.at += plain(self.text.as_bytes().get(start..).unwrap_or_default());
        }
    }

    /// The character of an escape (RFC 8259, section 7).
    fn escape(&mut self) -> Option<char> {
        let letter = *self.text.as_bytes().get(self.at + 1)?;
        self.at += 2;
        Some(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first);
                }
                // The first half of a surrogate pair. The other half is an escape too.
                if !self.text.as_bytes().get(self.at..)?.starts_with(b"\\u") {
                    return None;
                }
                self.at += 2;
                let second = self.unit().filter(|unit| (0xdc00..0xe000).contains(unit))?;
                char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))?
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn digits(&mut self) -> Result<(), Mismatch> {
        let start = self.at;
        while matches!(self.text.as_bytes().get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("a digit")) } else { Ok(()) }
    }

    fn at(&self, byte: u8) -> bool {
        self.text.as_bytes().get(self.at) == Some(&byte)
    }

    /// The digits of a number.
    pub(super) fn number(&mut self) -> Result<&'t str, Mismatch> {
        let start = self.at;
        if self.at(b'-') {
            self.at += 1;
        }
        if self.at(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.at(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if self.at(b'e') || self.at(b'E') {
            self.at += 1;
            if self.at(b'+') || self.at(b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Skips a value of any size.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), Mismatch> {
        match self.peek() {
            b'n' => self.word("null"),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number().map(drop),
            b'[' => {
                let depth = Self::deeper(depth)?;
                self.step();
                let mut is_first = true;
                while self.item(is_first)? {
                    self.skip(depth)?;
                    is_first = false;
                }
                Ok(())
            }
            b'{' => {
                let depth = Self::deeper(depth)?;
                self.step();
                let mut is_first = true;
                while self.key(is_first)?.is_some() {
                    self.skip(depth)?;
                    is_first = false;
                }
                Ok(())
            }
            _ => Err(self.wrong("a value")),
        }
    }
}

/// The number of bytes before a quote, a backslash or a control character. Eight bytes are checked in a step.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut length = 0;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        let word = u64::from_le_bytes(word);
        // Each subtraction sets the high bit of a byte that is found, and of no other byte below 128 before the first
        // such byte. All three characters are below 128.
        let quote = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
        let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let found = (quote | backslash | word.wrapping_sub(ONES * 0x20)) & !word & HIGH;
        if found != 0 {
            // The lowest set bit belongs to the first of them.
            return length + found.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let rest = chunks.remainder();
    length + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len())
}
