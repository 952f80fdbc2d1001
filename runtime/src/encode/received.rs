//! The parts of a multipart response (RFC 2046, section 5.1).

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, Kind};
use crate::object::{Json, from_slice, room};

/// The most parts in a body.
const MOST_PARTS: usize = 10_000;
/// The most headers of a part.
const MOST_HEADERS: usize = 100;

/// One part of a multipart response.
#[derive(Clone)]
#[non_exhaustive]
pub struct ReceivedPart {
    /// The headers of the part.
    pub headers: HeaderMap,
    /// The content, without the line break before the boundary.
    pub content: Bytes,
}

/// Without the content, which is a part of a response's body.
impl std::fmt::Debug for ReceivedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceivedPart")
            .field("content_type", &self.content_type())
            .field("bytes", &self.content.len())
            .finish_non_exhaustive()
    }
}

impl ReceivedPart {
    /// The `Content-Type` header, if it is text.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The name of the part in its `Content-Disposition` header.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.disposition("name")
    }

    /// The name of the file in its `Content-Disposition` header: `filename*` (RFC 8187), or else `filename`.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        let extended = self.disposition("filename*").and_then(|value| extended(&value));
        extended.or_else(|| self.disposition("filename"))
    }

    fn disposition(&self, wanted: &str) -> Option<String> {
        let value = std::str::from_utf8(self.headers.get(CONTENT_DISPOSITION)?.as_bytes()).ok()?;
        // The escapes are those of HTML (section 4.10.21.8).
        let unescaped = |text: String| text.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n");
        parameter(value, wanted).map(unescaped)
    }

    /// Reads the content as JSON.
    ///
    /// # Errors
    /// [`Error::is_decode`] if it is not JSON, a value of another type, or needs more memory than the default of
    /// [`Limits::decoded`](crate::Limits).
    pub fn json<T: Json>(&self) -> Result<T, Error> {
        from_slice(&self.content, room(&self.content))
            .map_err(|mismatch| Error::new(Kind::Decode, format!("a part of the response: {mismatch}")))
    }
}

/// Splits a multipart body into its parts, by its media type with the boundary.
///
/// ```
/// use connectors_runtime::encode::split_parts;
///
/// let body = "--b\r\nContent-Type: application/json\r\n\r\n[1]\r\n--b\r\n\r\ntext\r\n--b--";
/// let parts = split_parts("multipart/mixed; boundary=b", body.into())?;
/// assert_eq!(parts[0].json::<Vec<i64>>()?, [1]);
/// assert_eq!((parts[1].content_type(), &parts[1].content[..]), (None, &b"text"[..]));
/// # Ok::<(), connectors_runtime::Error>(())
/// ```
///
/// # Errors
/// [`Error::is_decode`] if the media type has no boundary, the body ends without it, a header cannot be read, or there
/// are more than 10,000 parts or 100 headers of a part.
pub fn split_parts(content_type: &str, body: Bytes) -> Result<Vec<ReceivedPart>, Error> {
    let boundary = parameter(content_type, "boundary").filter(|it| !it.is_empty() && it.len() <= 200);
    let boundary = boundary.ok_or_else(|| malformed("its media type has no boundary"))?;
    let mut parts = Vec::new();
    let mut at = next(&body, 0, &boundary).ok_or_else(|| malformed("it does not have its boundary"))?;
    while !at.is_last {
        let end = next(&body, at.after, &boundary).ok_or_else(|| malformed("it ends within a part"))?;
        if parts.len() == MOST_PARTS {
            return Err(malformed("it has too many parts"));
        }
        parts.push(part(&body.slice(at.after..end.before))?);
        at = end;
    }
    Ok(parts)
}

/// A line with the boundary.
struct Line {
    /// Where the content before it ends.
    before: usize,
    /// Where the content after it begins.
    after: usize,
    is_last: bool,
}

/// The next line with the boundary. It may be the first line.
fn next(body: &[u8], from: usize, boundary: &str) -> Option<Line> {
    let mut at = from;
    loop {
        let rest = body.get(at..)?;
        let found = rest.windows(2).position(|pair| pair == b"--")?;
        let start = at + found;
        at = start + 1;
        // A line begins there.
        let before = match body.get(from..start) {
            Some([]) => from,
            Some([.., b'\r', b'\n']) => start - 2,
            Some([.., b'\n']) => start - 1,
            _ => continue,
        };
        let Some(tail) = body.get(start + 2..).and_then(|tail| tail.strip_prefix(boundary.as_bytes())) else {
            continue;
        };
        let (tail, is_last) = tail.strip_prefix(b"--").map_or((tail, false), |tail| (tail, true));
        let padding = tail.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let skipped = body.len() - tail.len() + padding;
        let after = match tail.get(padding..) {
            Some([b'\r', b'\n', ..]) => skipped + 2,
            Some([b'\n', ..]) => skipped + 1,
            Some([]) if is_last => skipped,
            // The boundary is only the start of this line, which is content.
            _ => continue,
        };
        return Some(Line { before, after, is_last });
    }
}

/// A part from its head and its content.
fn part(text: &Bytes) -> Result<ReceivedPart, Error> {
    let mut headers = HeaderMap::new();
    let mut field = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let line = rest.iter().position(|byte| *byte == b'\n');
        let (line, next) = match line {
            Some(end) => (rest.get(..end).unwrap_or_default(), at + end + 1),
            // A head without an empty line after it: there is no content.
            None => (rest, text.len()),
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at = next;
        // A line that begins with a space continues the one before it (RFC 5322, section 2.2.3).
        if matches!(line, [b' ' | b'\t', ..]) && !field.is_empty() {
            field.push(b' ');
            field.extend_from_slice(line.trim_ascii());
            continue;
        }
        if !field.is_empty() {
            add(&mut headers, &field)?;
            field.clear();
        }
        if line.is_empty() {
            break;
        }
        field.extend_from_slice(line);
    }
    Ok(ReceivedPart { headers, content: text.slice(at..) })
}

/// Adds a header by its line.
fn add(headers: &mut HeaderMap, line: &[u8]) -> Result<(), Error> {
    let colon = line.iter().position(|byte| *byte == b':').ok_or_else(|| malformed("a header has no colon"))?;
    let (name, value) = line.split_at(colon);
    let name = HeaderName::from_bytes(name.trim_ascii());
    let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii());
    let (Ok(name), Ok(value)) = (name, value) else { return Err(malformed("a header cannot be read")) };
    if headers.len() == MOST_HEADERS {
        return Err(malformed("a part has too many headers"));
    }
    headers.append(name, value);
    Ok(())
}

/// A parameter of a header's value, such as `boundary="b"`.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (name, tail) = rest.split_once('=')?;
        let (read, tail) = match tail.trim_start().strip_prefix('"') {
            None => {
                tail.split_once(';').map_or((tail.trim().to_owned(), ""), |(it, tail)| (it.trim().to_owned(), tail))
            }
            Some(quoted) => {
                // Only a quote is escaped, as browsers have it: a name may be a path with backslashes, also at its end.
                let (mut read, mut end) = (String::new(), quoted.len());
                for (index, c) in quoted.char_indices() {
                    match c {
                        '"' if read.ends_with('\\') && !ends(quoted.get(index + 1..).unwrap_or_default()) => {
                            read.pop();
                            read.push('"');
                        }
                        '"' => {
                            end = index + 1;
                            break;
                        }
                        _ => read.push(c),
                    }
                }
                let tail = quoted.get(end..).unwrap_or_default();
                (read, tail.split_once(';').map_or("", |(_, tail)| tail))
            }
        };
        if name.rsplit(';').next().unwrap_or(name).trim().eq_ignore_ascii_case(wanted) {
            return Some(read);
        }
        rest = tail;
    }
}

/// Whether a value ends before this text: nothing follows, or the next parameter.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_start();
    let name = rest.strip_prefix(';').map(str::trim_start);
    let after = name.map(|name| name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_*".contains(c)));
    rest.is_empty() || (name != after && after.is_some_and(|after| after.starts_with('=')))
}

/// The text of a value such as `UTF-8'en'a%20b` (RFC 8187, section 3.2), if it is UTF-8.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let mut rest = rest.split_once('\'')?.1.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(rest.len());
    loop {
        let (byte, tail) = match rest {
            [b'%', high, low, tail @ ..] => (digit(*high)? * 16 + digit(*low)?, tail),
            [byte, tail @ ..] => (*byte, tail),
            [] => break,
        };
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8(bytes).ok().filter(|_| charset.eq_ignore_ascii_case("utf-8"))
}

fn malformed(what: &str) -> Error {
    Error::new(Kind::Decode, format!("the multipart response is not one: {what}"))
}
