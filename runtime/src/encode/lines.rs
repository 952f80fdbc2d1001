//! Decodes JSON lines and JSON text sequences as they arrive.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;

use crate::error::{Error, Kind};

/// The first byte of a record in a text sequence (RFC 7464).
const RS: u8 = 0x1e;

/// Decodes the records of JSON lines (`application/jsonl`, `application/x-ndjson`) or of a JSON text sequence
/// (`application/json-seq`, RFC 7464), from chunks that are split anywhere. The records are not parsed.
///
/// ```
/// use connectors_runtime::encode::RecordDecoder;
///
/// let mut decoder = RecordDecoder::lines(1024 * 1024);
/// decoder.push(b"{\"a\":1}\n\n{\"a\"");
/// assert_eq!(decoder.pop().unwrap().unwrap(), "{\"a\":1}");
/// decoder.push(b":2}");
/// decoder.finish();
/// assert_eq!(decoder.pop().unwrap().unwrap(), "{\"a\":2}");
/// assert!(decoder.pop().is_none());
/// ```
pub struct RecordDecoder {
    limit: usize,
    /// Whether records begin with RS and may have several lines.
    sequence: bool,
    record: Vec<u8>,
    first: bool,
    nesting: Nesting,
    ready: VecDeque<Result<Bytes, Error>>,
    failed: bool,
}

impl fmt::Debug for RecordDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordDecoder")
            .field("limit", &self.limit)
            .field("sequence", &self.sequence)
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}

/// The nesting of a place within a JSON text.
#[derive(Clone, Copy, Default)]
struct Nesting {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Nesting {
    fn pass(&mut self, byte: u8) {
        if std::mem::take(&mut self.escaped) {
            return;
        }
        match byte {
            b'\\' if self.in_text => self.escaped = true,
            b'"' => self.in_text = !self.in_text,
            b'[' | b'{' if !self.in_text => self.depth += 1,
            b']' | b'}' if !self.in_text => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn is_outside(self) -> bool {
        self.depth == 0 && !self.in_text
    }
}

impl RecordDecoder {
    fn new(limit: usize, sequence: bool) -> Self {
        let (record, ready) = (Vec::new(), VecDeque::new());
        Self { limit, sequence, record, first: true, nesting: Nesting::default(), ready, failed: false }
    }

    /// A decoder of JSON lines, each with at most `limit` bytes. Empty lines are skipped.
    #[must_use]
    pub fn lines(limit: usize) -> Self {
        Self::new(limit, false)
    }

    /// A decoder of a JSON text sequence, whose records have at most `limit` bytes each. An incomplete record is an
    /// error. The records after it are still read.
    #[must_use]
    pub fn sequence(limit: usize) -> Self {
        Self::new(limit, true)
    }

    /// A decoder of the same kind at the beginning of another stream.
    #[must_use]
    pub fn restarted(self) -> Self {
        Self::new(self.limit, self.sequence)
    }

    /// Adds the next bytes of the stream. After a record that is too large they are ignored.
    pub fn push(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while !self.failed && !rest.is_empty() {
            let sequence = self.sequence;
            let end = rest.iter().position(|byte| *byte == b'\n' || (sequence && *byte == RS));
            let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
            if self.record.len() + part.len() > self.limit {
                self.fail();
                return;
            }
            self.record.extend_from_slice(part);
            if sequence {
                part.iter().for_each(|byte| self.nesting.pass(*byte));
            }
            let Some((ending, after)) = after.split_first() else { return };
            rest = after;
            match *ending {
                RS => self.cut_off(),
                // A record of a sequence may have several lines.
                _ if sequence && !self.nesting.is_outside() => self.record.push(b'\n'),
                _ => self.end_record(),
            }
        }
    }

    /// Marks the end of the stream. A last line needs no line feed.
    pub fn finish(&mut self) {
        if self.failed {
            return;
        }
        if self.sequence { self.cut_off() } else { self.end_record() }
    }

    /// The next complete record, without the white space around it.
    pub fn pop(&mut self) -> Option<Result<Bytes, Error>> {
        self.ready.pop_front()
    }

    fn take(&mut self) -> Vec<u8> {
        self.nesting = Nesting::default();
        let record = std::mem::take(&mut self.record);
        let bytes = match std::mem::take(&mut self.first) {
            true => record.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&record),
            false => &record,
        };
        bytes.trim_ascii().to_vec()
    }

    fn end_record(&mut self) {
        let record = self.take();
        if !record.is_empty() {
            self.ready.push_back(Ok(record.into()));
        }
    }

    /// Ends a record without a line feed. A list, an object or a text shows by itself that it is complete. A number may
    /// have lost digits.
    fn cut_off(&mut self) {
        let (whole, spaced) = (self.nesting.is_outside(), self.record.last().is_some_and(u8::is_ascii_whitespace));
        let record = self.take();
        let ends_itself = matches!(record.last(), Some(b'}' | b']' | b'"'));
        if record.is_empty() {
            return;
        }
        self.ready.push_back(if whole && (ends_itself || spaced) {
            Ok(record.into())
        } else {
            Err(Error::new(Kind::Decode, "a record of the stream was cut off"))
        });
    }

    fn fail(&mut self) {
        self.failed = true;
        self.record = Vec::new();
        let message = format!("a record of the stream has more than {} bytes", self.limit);
        self.ready.push_back(Err(Error::new(Kind::TooLarge, message)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(mut decoder: RecordDecoder, chunks: &[&[u8]]) -> Vec<Option<String>> {
        let mut seen = Vec::new();
        for chunk in chunks {
            decoder.push(chunk);
        }
        decoder.finish();
        while let Some(record) = decoder.pop() {
            seen.push(record.ok().map(|record| String::from_utf8(record.to_vec()).unwrap()));
        }
        seen
    }

    fn everywhere(decoder: fn(usize) -> RecordDecoder, text: &str, right: &[&str]) {
        let bytes = text.as_bytes();
        let right: Vec<Option<String>> =
            right.iter().map(|record| Some((*record).to_owned()).filter(|record| record != "CUT OFF")).collect();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let chunks = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(records(decoder(100), &chunks), right, "{text:?} at {first} and {second}");
            }
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(records(decoder(100), &single), right, "{text:?}");
    }

    #[test]
    fn lines_are_records_wherever_they_are_split() {
        for (text, right) in [
            ("{\"a\":1}\n[2]\r\n\n  \n\"x\\ny\"\n", &["{\"a\":1}", "[2]", "\"x\\ny\""] as &[&str]),
            ("\u{feff}1\n2", &["1", "2"]),
            (" {\"é\":\"\u{1F600}\"} \n", &["{\"é\":\"\u{1F600}\"}"]),
            ("", &[]),
            ("\n\r\n", &[]),
        ] {
            everywhere(RecordDecoder::lines, text, right);
        }
    }

    #[test]
    fn sequences_are_records_wherever_they_are_split() {
        for (text, right) in [
            ("\x1e{\"a\":1}\n\x1e[2]\n", &["{\"a\":1}", "[2]"] as &[&str]),
            ("\x1e{\n \"a\": [\n1]}\n\x1e\x1e\n\x1etrue\n", &["{\n \"a\": [\n1]}", "true"]),
            ("\x1e\"a}\\\"[\"\n\x1e{\"b\":\"]\"}\n", &["\"a}\\\"[\"", "{\"b\":\"]\"}"]),
            ("\x1e12\x1e34\n\x1e{\"a\":\x1e{}\x1e56", &["CUT OFF", "34", "CUT OFF", "{}", "CUT OFF"]),
            ("\x1e12 \x1e[1]", &["12", "[1]"]),
        ] {
            everywhere(RecordDecoder::sequence, text, right);
        }
    }

    #[test]
    fn a_record_is_returned_as_soon_as_its_line_ends() {
        for mut decoder in [RecordDecoder::lines(100), RecordDecoder::sequence(100)] {
            decoder.push(b"{}\n");
            assert_eq!(decoder.pop().unwrap().unwrap(), "{}");
        }
    }

    #[test]
    fn a_record_without_end_is_refused() {
        for mut decoder in [RecordDecoder::lines(100), RecordDecoder::sequence(100)] {
            decoder.push(b"1\n");
            (0..20).for_each(|_| decoder.push(b"[[[[[[[[[["));
            decoder.push(b"\n2\n");
            decoder.finish();
            assert_eq!(decoder.pop().unwrap().unwrap(), "1");
            let error = decoder.pop().unwrap().unwrap_err();
            assert!(error.is_decode() && error.to_string().contains("more than 100 bytes"), "{error}");
            assert!(decoder.pop().is_none());
        }
        let mut lines = RecordDecoder::sequence(100);
        (0..200).for_each(|_| lines.push(b"[\n"));
        assert!(lines.pop().unwrap().is_err());
    }
}
