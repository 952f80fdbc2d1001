//! Decodes `text/event-stream` (server-sent events) as it arrives.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Kind};

/// One event of a stream.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The type; `message` unless the server sets another.
    pub event: String,
    /// The data. Its lines are joined by line feeds.
    pub data: String,
    /// The last id that the server sent, with this event or an earlier one. A new request can continue after it with
    /// the header `Last-Event-ID`.
    pub id: Option<String>,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the data, which is a part of a response's body.
        f.debug_struct("Event")
            .field("event", &self.event)
            .field("data_bytes", &self.data.len())
            .field("id", &self.id)
            .finish()
    }
}

/// Decodes `text/event-stream` as browsers do (HTML, section 9.2), from chunks that are split anywhere.
///
/// Lines end with CR, LF or both. Comments, which keep a connection alive, are ignored, and so are unknown fields. An
/// event that the end of the stream cuts off is dropped.
///
/// ```
/// use connectors_runtime::encode::EventDecoder;
///
/// let mut decoder = EventDecoder::new(1024 * 1024);
/// decoder.push(b": keep-alive\n\nid: 7\ndata: {\"a\":");
/// assert!(decoder.pop().is_none());
/// decoder.push(b"1}\n\n");
/// let event = decoder.pop().unwrap().unwrap();
/// assert_eq!((event.data.as_str(), event.id.as_deref()), ("{\"a\":1}", Some("7")));
/// ```
pub struct EventDecoder {
    limit: usize,
    line: Vec<u8>,
    first_line: bool,
    /// Whether the last byte was a CR. An LF after it belongs to the same line end.
    after_cr: bool,
    event: String,
    /// The data, with a line feed after each line.
    data: String,
    /// The id in the lines so far.
    id: Option<Arc<str>>,
    /// The last id at the end of an event.
    last_id: Option<Arc<str>>,
    /// Whether the stream itself has sent an id.
    has_id: bool,
    /// The first id that the stream itself has sent with a complete event.
    first_id: Option<Arc<str>>,
    retry: Option<Duration>,
    /// The events of a chunk share an id, which may be large.
    ready: VecDeque<Result<Ready, Error>>,
    failed: bool,
}

/// Type, data and id of a complete event.
type Ready = (String, String, Option<Arc<str>>);

impl fmt::Debug for EventDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventDecoder")
            .field("limit", &self.limit)
            .field("id", &self.id)
            .field("retry", &self.retry)
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}

impl EventDecoder {
    /// A decoder at the beginning of a stream. An event and a line may have `limit` bytes each.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            first_line: true,
            after_cr: false,
            event: String::new(),
            data: String::new(),
            id: None,
            last_id: None,
            has_id: false,
            first_id: None,
            retry: None,
            ready: VecDeque::new(),
            failed: false,
        }
    }

    /// A decoder for the stream that continues this one. It keeps the server's last id and reconnect delay.
    #[must_use]
    pub fn restarted(self) -> Self {
        let Self { limit, last_id, retry, .. } = self;
        Self { id: last_id.clone(), last_id, retry, ..Self::new(limit) }
    }

    /// Adds the next bytes of the stream. After an error they are ignored.
    pub fn push(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while !self.failed && !rest.is_empty() {
            if std::mem::take(&mut self.after_cr)
                && let Some(after) = rest.strip_prefix(b"\n")
            {
                rest = after;
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
            if self.line.len() + self.data.len() + part.len() > self.limit {
                self.fail();
                return;
            }
            self.line.extend_from_slice(part);
            let Some((ending, after)) = after.split_first() else { return };
            self.after_cr = *ending == b'\r';
            rest = after;
            self.end_line();
        }
    }

    /// The next complete event. After an error there is none.
    pub fn pop(&mut self) -> Option<Result<Event, Error>> {
        let next = self.ready.pop_front()?;
        Some(next.map(|(event, data, id)| Event { event, data, id: id.as_deref().map(str::to_owned) }))
    }

    /// The last id that the server sent with a complete event, for the header `Last-Event-ID` of a new request.
    #[must_use]
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// The first id that the server sent with a complete event of this stream, not of an earlier one.
    pub(crate) fn first_id(&self) -> Option<&Arc<str>> {
        self.first_id.as_ref()
    }

    /// The data so far of an incomplete event. If the stream ends there, the event is lost.
    #[must_use]
    pub fn unfinished(&self) -> Option<String> {
        let comment_or_none = self.line.first().is_none_or(|first| *first == b':');
        if self.failed || (comment_or_none && self.data.is_empty() && self.event.is_empty()) {
            return None;
        }
        let mut data = self.data.clone();
        match self.line.strip_prefix(b"data:") {
            Some(value) => data.push_str(&String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value))),
            None => drop(data.pop()),
        }
        Some(data)
    }

    /// The delay that the server requested before a new request.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn fail(&mut self) {
        self.failed = true;
        (self.line, self.data) = (Vec::new(), String::new());
        let message = format!("an event of the stream has more than {} bytes", self.limit);
        self.ready.push_back(Err(Error::new(Kind::TooLarge, message)));
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let bytes = match std::mem::take(&mut self.first_line) {
            true => line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&line),
            false => &line,
        };
        // Invalid UTF-8 is replaced, as in browsers.
        self.field(&String::from_utf8_lossy(bytes));
        // The buffer is reused for the next line, unless it is large.
        if line.capacity() <= 16 * 1024 {
            self.line = line;
            self.line.clear();
        }
    }

    fn field(&mut self, line: &str) {
        if line.is_empty() {
            self.dispatch();
            return;
        }
        // A comment is a field without a name.
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            // An empty id means no id.
            "id" if !value.contains('\0') => {
                self.id = Some(Arc::from(value)).filter(|id: &Arc<str>| !id.is_empty());
                self.has_id = true;
            }
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry);
            }
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let event = std::mem::take(&mut self.event);
        self.last_id.clone_from(&self.id);
        if self.has_id && self.first_id.is_none() {
            self.first_id.clone_from(&self.id);
        }
        // Without a line of data there is no event. With an empty line of data there is one.
        if self.data.is_empty() {
            return;
        }
        let mut data = std::mem::take(&mut self.data);
        data.pop();
        let event = if event.is_empty() { "message".to_owned() } else { event };
        self.ready.push_back(Ok((event, data, self.last_id.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected events, as type, data and id.
    type Seen = Vec<(String, String, Option<String>)>;

    fn events(chunks: &[&[u8]]) -> Seen {
        let mut decoder = EventDecoder::new(1000);
        let mut seen = Vec::new();
        for chunk in chunks {
            decoder.push(chunk);
            while let Some(event) = decoder.pop() {
                let Event { event, data, id } = event.unwrap();
                seen.push((event, data, id));
            }
        }
        seen
    }

    fn of(parts: &[(&str, &str, &str)]) -> Seen {
        let id = |id: &str| Some(id.to_owned()).filter(|id| !id.is_empty());
        parts.iter().map(|part| (part.0.to_owned(), part.1.to_owned(), id(part.2))).collect()
    }

    /// A stream, and its events: type, id, data.
    type Case = (&'static str, &'static [(&'static str, &'static str, &'static str)]);
    const CASES: &[Case] = &[
        ("data: a\n\n", &[("message", "a", "")]),
        (
            "\u{feff}data: a\r\rdata:b\r\n\r\ndata\n\n",
            &[("message", "a", ""), ("message", "b", ""), ("message", "", "")],
        ),
        ("\u{feff}\u{feff}data: a\n\ndata: b\n\n", &[("message", "b", "")]),
        ("data: a\ndata:  b\r\ndata: é\u{1F600}\r\n\r\n", &[("message", "a\n b\né\u{1F600}", "")]),
        ("data\ndata\n\n", &[("message", "\n", "")]),
        (": hello\n\n:\n\n: data: x\n\ndata: a\n: between\ndata: b\n\n", &[("message", "a\nb", "")]),
        ("event: add\ndata: 1\n\ndata: 2\n\n", &[("add", "1", ""), ("message", "2", "")]),
        ("event: lost\n\ndata: 2\n\n", &[("message", "2", "")]),
        (
            "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            &[("message", "a", "1"), ("message", "b", "1"), ("message", "c", "")],
        ),
        ("id: 1\n\nid: x\0y\ndata: a\n\n", &[("message", "a", "1")]),
        ("data: cut off\n", &[]),
        ("data: a\n\ndata: cut off", &[("message", "a", "")]),
        ("unknown: x\nDATA: x\n data: x\ndata: a\n\n", &[("message", "a", "")]),
        ("data: a:b: c\n\n\n\n", &[("message", "a:b: c", "")]),
    ];

    #[test]
    fn streams_are_read_as_browsers_do_wherever_they_are_split() {
        for (text, right) in CASES {
            let (bytes, right) = (text.as_bytes(), of(right));
            assert_eq!(events(&[bytes]), right, "{text:?}");
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let chunks = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    assert_eq!(events(&chunks), right, "{text:?} at {first} and {second}");
                }
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(events(&single), right, "{text:?}");
        }
    }

    #[test]
    fn an_event_is_there_as_soon_as_its_empty_line_ends() {
        assert_eq!(events(&[b"data: a\r\n\r"]).len(), 1);
        // The LF belongs to the CR before it and does not end a second line.
        assert_eq!(events(&[b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"]), of(&[("message", "a\nb", "")]));
    }

    #[test]
    fn the_server_sets_the_reconnect_delay() {
        let mut decoder = EventDecoder::new(1000);
        assert_eq!((decoder.retry(), decoder.last_id()), (None, None));
        decoder.push(b"retry: 1500\nid: 9\n\n");
        assert_eq!((decoder.retry(), decoder.last_id()), (Some(Duration::from_millis(1500)), Some("9")));
        decoder.push(b"retry: soon\nretry: -1\nretry:\nretry: 99999999999999999999999\n");
        assert_eq!(decoder.retry(), Some(Duration::from_millis(1500)));
        assert!(decoder.pop().is_none());
    }

    #[test]
    fn an_event_that_was_cut_off_is_known_and_its_id_is_not_used() {
        let mut decoder = EventDecoder::new(1000);
        decoder.push(b"id: 1\ndata: a\n\n: keep-alive");
        assert_eq!((decoder.unfinished(), decoder.last_id()), (None, Some("1")));
        decoder.push(b"\nretry: 5\nid: 2\ndata: b\n");
        assert_eq!((decoder.unfinished().as_deref(), decoder.last_id()), (Some("b"), Some("1")));
        decoder.push(b"data: c");
        assert_eq!(decoder.unfinished().as_deref(), Some("b\nc"));
        // The next stream starts with an empty state, and knows the last id.
        let mut decoder = decoder.restarted();
        assert_eq!((decoder.last_id(), decoder.retry()), (Some("1"), Some(Duration::from_millis(5))));
        decoder.push(b"\xef\xbb\xbfdata: d\n\n");
        assert_eq!(decoder.pop().unwrap().unwrap().id.as_deref(), Some("1"));
    }

    #[test]
    fn invalid_utf_8_is_replaced() {
        assert_eq!(events(&[b"data: a\xffb\n\n"]), of(&[("message", "a\u{fffd}b", "")]));
    }

    #[test]
    fn an_event_without_end_is_refused() {
        for endless in ["data: xxxxxxxx\n", "data: xxxxxxxx", ": xxxxxxxx"] {
            let mut decoder = EventDecoder::new(100);
            decoder.push(b"data: before\n\n");
            for _ in 0..20 {
                decoder.push(endless.as_bytes());
            }
            decoder.push(b"\n\ndata: after\n\n");
            assert_eq!(decoder.pop().unwrap().unwrap().data, "before");
            let error = decoder.pop().unwrap().unwrap_err();
            assert!(error.is_decode() && error.to_string().contains("more than 100 bytes"), "{error}");
            assert!(decoder.pop().is_none());
            assert!(decoder.line.capacity() + decoder.data.capacity() == 0);
        }
        // Many small ones do not add up to a large one.
        let mut decoder = EventDecoder::new(100);
        (0..1000).for_each(|_| decoder.push(b": ping\n\ndata: 12345\n\n"));
        assert_eq!(std::iter::from_fn(|| decoder.pop()).filter(Result::is_ok).count(), 1000);
    }

    #[test]
    fn debug_shows_no_data() {
        let mut decoder = EventDecoder::new(100);
        decoder.push(b"data: hunter2\n\ndata: hunter2");
        assert!(!format!("{decoder:?}").contains("hunter2"));
        assert!(!format!("{:?}", decoder.pop()).contains("hunter2"));
    }

    #[test]
    fn events_of_a_chunk_share_their_id() {
        let mut decoder = EventDecoder::new(100_000);
        decoder.push(format!("id: {}\n\n", "x".repeat(90_000)).as_bytes());
        decoder.push("data\n\n".repeat(10).as_bytes());
        let ids = decoder.ready.iter().map(|event| event.as_ref().unwrap().2.clone().unwrap());
        assert!(ids.clone().all(|id| Arc::ptr_eq(&id, decoder.last_id.as_ref().unwrap())) && ids.count() == 10);
        assert_eq!(decoder.pop().unwrap().unwrap().id.unwrap().len(), 90_000);
    }
}
