//! Reads a stream: opens it, reads its chunks and its end, and reopens it.

use std::fmt::Write;
use std::future::pending;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use progenitor_client::ByteStream;

use crate::call::request::Call;
use crate::call::response::{Response, broken};
use crate::encode::{Event, EventDecoder, RecordDecoder};
use crate::error::{Error, Kind};
use crate::http::{Sleep, StreamFormat, Streaming};

/// The data of one item.
pub(super) struct Item {
    /// The event of the item.
    pub(super) event: Option<Event>,
    /// The JSON of the item, unless that is the event's data.
    json: Bytes,
}

impl Item {
    pub(super) fn text(&self) -> &[u8] {
        match &self.event {
            Some(event) if self.json.is_empty() => event.data.as_bytes(),
            _ => &self.json,
        }
    }
}

/// An item; `None` at the end.
pub(super) type Next = Option<Result<Item, Error>>;

/// A step of reading. Opening returns no item.
pub(super) type Running = Pin<Box<dyn Future<Output = (Box<Reading>, Option<Next>)> + Send>>;

/// A stream that is being read, or that is not open yet.
pub(super) struct Reading {
    pub(super) call: Call,
    streaming: Option<&'static Streaming>,
    pub(super) reconnect: bool,
    pub(super) idle: Option<Duration>,
    pub(super) response: Option<Response<()>>,
    pub(super) over: bool,
    /// Starts at the first request.
    deadline: Option<Sleep>,
    body: Option<ByteStream>,
    decoder: Decoder,
    /// Whether the response has ended. There may still be items of it.
    ended: bool,
    /// Whether there was an item.
    any: bool,
    /// The number of breaks since the last item.
    broken: u32,
    /// The first id of the response before this one.
    first_id: Option<Arc<str>>,
    /// Whether the response before this one broke.
    was_broken: bool,
}

enum Decoder {
    Events(EventDecoder),
    Records(RecordDecoder),
}

impl Reading {
    pub(super) fn new(call: Call, streaming: Option<&'static Streaming>) -> Self {
        let limit = call.core().exchange().limits.response;
        let decoder = match streaming.map(|streaming| streaming.format) {
            Some(StreamFormat::Lines) => Decoder::Records(RecordDecoder::lines(limit)),
            Some(StreamFormat::Sequence) => Decoder::Records(RecordDecoder::sequence(limit)),
            _ => Decoder::Events(EventDecoder::new(limit)),
        };
        Self {
            call,
            streaming,
            reconnect: false,
            idle: None,
            response: None,
            over: false,
            deadline: None,
            body: None,
            decoder,
            ended: false,
            any: false,
            broken: 0,
            first_id: None,
            was_broken: false,
        }
    }

    /// Sends the request, unless it was sent.
    pub(super) fn begin(mut reading: Box<Self>) -> Running {
        Box::pin(async move {
            reading.start();
            let failed = match reading.response {
                Some(_) => None,
                None => reading.open().await.err(),
            };
            reading.over |= failed.is_some();
            (reading, failed.map(|error| Some(Err(error))))
        })
    }

    /// Reads until the next item.
    pub(super) fn next(mut reading: Box<Self>) -> Running {
        Box::pin(async move {
            reading.start();
            let mut deadline = reading.deadline.take();
            // The deadline is checked first: a server that always has more data must not exceed it.
            let next = match select(pin!(over(&mut deadline)), pin!(reading.advance())).await {
                Either::Left(_) => None,
                Either::Right((next, _)) => Some(next),
            };
            let next = next.unwrap_or_else(|| {
                let error = Error::new(Kind::Timeout, "the stream did not end within its deadline");
                reading.fail(error)
            });
            reading.over |= next.is_none();
            if reading.over {
                reading.body = None;
            }
            reading.deadline = deadline;
            (reading, Some(next))
        })
    }

    /// Starts the timer for the whole stream.
    fn start(&mut self) {
        if self.response.is_none() && self.deadline.is_none() {
            let clock = &self.call.core().exchange().clock;
            self.deadline =
                self.call.options().and_then(|options| options.deadline).map(|deadline| clock.timeout(deadline));
        }
    }

    /// Ends the stream with an error.
    fn fail(&mut self, error: Error) -> Next {
        self.over = true;
        Some(Err(self.describe(error)))
    }

    async fn advance(&mut self) -> Next {
        let mut idle = self.idle_timer();
        loop {
            match self.pop() {
                Some(Ok(item)) if self.is_end(&item) => return None,
                Some(Ok(_)) if self.repeats() => {
                    let message = "the server repeats the stream instead of continuing it after the last event";
                    return self.was_broken.then(|| Error::new(Kind::Broken, message)).and_then(|it| self.fail(it));
                }
                Some(Ok(item)) => {
                    (self.any, self.broken) = (true, 0);
                    return Some(Ok(item));
                }
                // An incomplete record is an error of its own. The response continues after it.
                Some(Err(error)) if error.kind() == Kind::Decode => return Some(Err(self.describe(error))),
                Some(Err(error)) => return self.fail(error),
                None => {}
            }
            let failed = if self.ended {
                match self.unfinished() {
                    None if !self.continues() => return None,
                    ended => ended,
                }
            } else {
                let Some(body) = &mut self.body else {
                    if let Err(error) = self.open().await {
                        self.over = true;
                        return Some(Err(error));
                    }
                    // The limits of a call apply to opening.
                    idle = self.idle_timer();
                    continue;
                };
                match select(pin!(over(&mut idle)), pin!(body.next())).await {
                    Either::Right((Some(Ok(chunk)), _)) => {
                        self.decoder.push(&chunk);
                        continue;
                    }
                    Either::Right((None, _)) => {
                        self.end();
                        continue;
                    }
                    Either::Right((Some(Err(error)), _)) => Some(broken(error)),
                    Either::Left(_) => Some(Error::new(Kind::Timeout, "no item of the stream came in time")),
                }
            };
            if !self.reopens().await {
                return failed.and_then(|error| self.fail(error));
            }
            self.was_broken = failed.is_some();
            idle = self.idle_timer();
        }
    }

    /// Whether the response begins with the same id as the one before it: the server ignores `Last-Event-ID`.
    fn repeats(&self) -> bool {
        match &self.decoder {
            Decoder::Events(events) => self.first_id.is_some() && events.first_id() == self.first_id.as_ref(),
            Decoder::Records(_) => false,
        }
    }

    fn idle_timer(&self) -> Option<Sleep> {
        self.idle.map(|longest| self.call.core().exchange().clock.timeout(longest))
    }

    fn streaming(&self) -> Result<&'static Streaming, Error> {
        let named =
            || Error::new(Kind::Config, "the operation does not stream").operation_named(self.call.operation().name());
        self.streaming.ok_or_else(named)
    }

    async fn open(&mut self) -> Result<(), Error> {
        let streaming = self.streaming()?;
        // Every reconnect repeats the same request, with the same idempotency key.
        self.call.fix_key()?;
        let mut call = self.call.clone();
        if self.reconnect && !self.call.is_idempotent() {
            let message = "a stream of an operation that is not idempotent cannot be reconnected; nothing was sent";
            return Err(Error::new(Kind::Argument, message).operation_named(call.operation().name()));
        }
        if let Some(id) = self.last_id() {
            let id = HeaderValue::from_bytes(id.as_bytes())
                .map_err(|_| Error::new(Kind::Decode, "the id of the last event cannot be sent"))?;
            call.options_mut().headers.insert(HeaderName::from_static("last-event-id"), id);
        }
        call.ask_for(streaming.accept);
        if let Some(property) = streaming.property {
            call.set_flag(property, true);
        }
        let (body, response) = call.open().await?.into_parts();
        let other =
            response.content_type().map(str::to_ascii_lowercase).filter(|it| match streaming.format.is_events() {
                true => !it.contains("event-stream") && !it.contains('*'),
                false => it.contains("html") || it.contains("event-stream"),
            });
        // 204 ends the stream: do not reconnect (HTML, section 9.2.3).
        if response.status() == StatusCode::NO_CONTENT {
            self.ended = true;
        } else if let Some(other) = other {
            let message = format!("the server returned `{other}` instead of a stream of items");
            return Err(response.describe(Error::new(Kind::Decode, message)));
        } else {
            self.body = Some(body);
        }
        self.response = Some(response);
        Ok(())
    }

    fn last_id(&self) -> Option<&str> {
        match &self.decoder {
            Decoder::Events(events) => events.last_id(),
            Decoder::Records(_) => None,
        }
    }

    fn pop(&mut self) -> Next {
        let format = self.streaming.map(|streaming| streaming.format);
        match &mut self.decoder {
            Decoder::Records(records) => records.pop().map(|json| json.map(|json| Item { event: None, json })),
            Decoder::Events(events) => events.pop().map(|event| {
                event.map(|event| {
                    let json = match format {
                        Some(StreamFormat::Events) => object(&event, false),
                        Some(StreamFormat::TextEvents) => object(&event, true),
                        _ => Bytes::new(),
                    };
                    Item { event: Some(event), json }
                })
            }),
        }
    }

    fn end_text(&self) -> Option<&'static str> {
        self.streaming?.end
    }

    fn is_end(&self, item: &Item) -> bool {
        let text = item.event.as_ref().map_or(item.text(), |event| event.data.as_bytes());
        self.end_text().is_some_and(|end| text.trim_ascii() == end.as_bytes())
    }

    /// Handles the end of the response.
    fn end(&mut self) {
        self.body = None;
        self.ended = true;
        if let Decoder::Records(records) = &mut self.decoder {
            records.finish();
        }
    }

    /// Whether the end of a response is not the end of its stream: a stream of events continues until the server
    /// returns 204 (HTML, section 9.2.3), or sends the data that ends it.
    fn continues(&self) -> bool {
        let is_gone = self.response.as_ref().is_some_and(|it| it.status() == StatusCode::NO_CONTENT);
        self.reconnect && matches!(self.decoder, Decoder::Events(_)) && self.end_text().is_none() && !is_gone
    }

    /// The error for a response that ended too early.
    fn unfinished(&self) -> Option<Error> {
        let left = match &self.decoder {
            Decoder::Events(events) => events.unfinished(),
            Decoder::Records(_) => None,
        };
        match (self.end_text(), left) {
            // The end mark counts without the empty line after it.
            (Some(end), Some(left)) if left.trim() == end => None,
            (_, Some(left)) => {
                let error = Error::new(Kind::Broken, "the stream ended in the middle of an event");
                Some(error.with_body(left.as_bytes()))
            }
            (Some(end), None) if self.response.as_ref().is_none_or(|it| it.status() != StatusCode::NO_CONTENT) => {
                Some(Error::new(Kind::Broken, format!("the stream ended without `{end}`")))
            }
            _ => None,
        }
    }

    /// Prepares to reopen the stream, and waits. Returns false if reconnecting is off or not allowed here.
    async fn reopens(&mut self) -> bool {
        self.body = None;
        self.broken = self.broken.saturating_add(1);
        let exchange = self.call.core().exchange();
        let tries_left = self.broken < exchange.most_attempts(self.call.options());
        let repeats_nothing = !self.any || self.last_id().is_some();
        if !(self.reconnect && tries_left && repeats_nothing && self.call.is_repeatable()) {
            return false;
        }
        let asked = match &self.decoder {
            Decoder::Events(events) => events.retry(),
            Decoder::Records(_) => None,
        };
        exchange.wait_to_reopen(self.broken, asked).await;
        self.ended = false;
        self.decoder = match std::mem::replace(&mut self.decoder, Decoder::Events(EventDecoder::new(0))) {
            Decoder::Events(events) => {
                self.first_id = events.first_id().cloned().or(self.first_id.take());
                Decoder::Events(events.restarted())
            }
            Decoder::Records(records) => Decoder::Records(records.restarted()),
        };
        true
    }

    /// Adds the facts of the response to an error of the stream.
    fn describe(&self, error: Error) -> Error {
        let broke = matches!(error.kind(), Kind::Broken | Kind::Timeout);
        let error = match &self.response {
            Some(response) => response.describe(error),
            None => error.operation_named(self.call.operation().name()),
        };
        if broke && !self.call.is_idempotent() { error.perhaps_done() } else { error }
    }
}

impl Decoder {
    fn push(&mut self, chunk: &[u8]) {
        match self {
            Self::Events(events) => events.push(chunk),
            Self::Records(records) => records.push(chunk),
        }
    }
}

/// Completes when the timer does, and never without a timer.
async fn over(timer: &mut Option<Sleep>) {
    match timer {
        Some(timer) => timer.await,
        None => pending().await,
    }
}

/// An event as JSON. Its data is JSON where possible.
fn object(event: &Event, as_text: bool) -> Bytes {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let is_json = !as_text && serde_json::from_str::<serde::de::IgnoredAny>(&event.data).is_ok();
    let data = if is_json { event.data.clone() } else { quoted(&event.data) };
    let mut json = format!("{{\"event\":{},\"data\":{data}", quoted(&event.event));
    if let Some(id) = &event.id {
        // Writing to a `String` cannot fail.
        let _ = write!(json, ",\"id\":{}", quoted(id));
    }
    json.push('}');
    json.into()
}
