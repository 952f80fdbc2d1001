//! Streams of items: server-sent events, JSON lines, JSON text sequences.

mod reading;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use crate::encode::Event;
use crate::error::{Error, Kind};
use crate::http::Streaming;
use crate::object::{Json, Mismatch, from_slice};

use super::request::Call;
use super::response::Response;
use reading::{Item, Next, Reading, Running};

/// The items of a streamed response, read as they arrive: the result of a generated request's `stream()`.
///
/// The request is sent when the first item is polled, or by [`Items::open`]. Dropping the stream closes the response.
///
/// An item that does not match the document is an error of that item ([`Error::is_decode`], with the text of the item
/// in [`Error::body`]), and the stream continues after it. After any other error it ends.
///
/// ```
/// use connectors_runtime::{Error, Items};
/// use futures::StreamExt;
///
/// async fn print(mut words: Items<String>) -> Result<(), Error> {
///     while let Some(word) = words.next().await {
///         match word {
///             Ok(word) => print!("{word} "),
///             Err(error) if error.is_decode() => println!("not a word: {:?}", error.body()),
///             Err(error) => return Err(error),
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// # The end
/// A stream ends when the response ends, unless it [reconnects](Items::reconnect). If the document's overlay sets the
/// data that ends the stream (`[DONE]`), a response that ends without it is an error. A response that ends within an
/// event is an error too. An incomplete event or record is never returned as an item.
///
/// # Bounds
/// - Time: opening has the limits of a call. After that, [`Limits::attempt`](crate::Limits::attempt) limits the time
///   between two chunks. Comments that keep the connection alive count as chunks. [`Items::idle_timeout`] limits the
///   wait for an item, whatever else arrives. A [`deadline`](crate::RequestOptions::deadline) of the request limits the
///   whole stream.
/// - Memory: one item, of at most [`Limits::response`](crate::Limits::response) bytes (a larger one ends the stream),
///   the memory for decoding it, and the last chunk.
///
/// # Reconnect
/// [`Items::reconnect`] reopens a stream at the last event (HTML, section 9.2.3).
pub struct Items<T> {
    state: State,
    read: fn(&Item, usize) -> Result<T, Mismatch>,
    /// The limit on the memory for decoding an item, in bytes.
    decoded: usize,
    /// Items that arrived before they were requested.
    early: VecDeque<Next>,
    response: Option<Response<()>>,
    event: Option<String>,
    last_id: Option<String>,
}

enum State {
    Idle(Box<Reading>),
    Running(Running),
    Over,
}

impl<T> Unpin for Items<T> {}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Items");
        if let State::Idle(reading) = &self.state {
            shown.field("operation", &reading.call.operation().name());
        }
        shown.field("last_event_id", &self.last_id).finish_non_exhaustive()
    }
}

impl Call {
    /// The items of a stream, as the document describes them.
    #[must_use]
    pub fn items<T: Json>(self) -> Items<T> {
        let streaming = self.operation().streaming();
        Items::new(self, streaming, |item, limit| from_slice(item.text(), limit))
    }

    /// The events of a stream that the document does not describe.
    #[must_use]
    pub fn events(self) -> Items<Event> {
        let streaming = self.operation().streaming();
        Items::new(self, streaming, event)
    }

    /// The items of another stream of the operation.
    #[must_use]
    pub fn items_of<T: Json>(self, streaming: &'static Streaming) -> Items<T> {
        Items::new(self, Some(streaming), |item, limit| from_slice(item.text(), limit))
    }

    /// The events of another stream of the operation, which the document does not describe.
    #[must_use]
    pub fn events_of(self, streaming: &'static Streaming) -> Items<Event> {
        Items::new(self, Some(streaming), event)
    }
}

fn event(item: &Item, _: usize) -> Result<Event, Mismatch> {
    item.event.clone().ok_or_else(|| Mismatch::new("it is not an event"))
}

impl<T> Items<T> {
    fn new(call: Call, streaming: Option<&'static Streaming>, read: fn(&Item, usize) -> Result<T, Mismatch>) -> Self {
        let decoded = call.core().exchange().limits.decoded;
        let state = State::Idle(Box::new(Reading::new(call, streaming)));
        Self { state, read, decoded, early: VecDeque::new(), response: None, event: None, last_id: None }
    }

    /// Reopens the stream when it breaks: the connection breaks, no chunk arrives in time, or the response ends without
    /// the data that ends the stream. A stream of events is also reopened when its response ends, until the server
    /// returns 204 or sends the data that ends the stream. The new request has the header `Last-Event-ID` with the id
    /// of the last event. It is sent after the delay that the server requested (`retry:`), or else the delay of a
    /// retry: at least 0.5 s, and at most [`RetryPolicy::longest_wait`](crate::RetryPolicy).
    ///
    /// The stream has as many responses in a row as a call has attempts, counted from the last response with an item.
    /// After them it ends if the last one was whole, and fails if it was not. A response that begins with the same id
    /// as the one before it repeats the stream, because the server ignores `Last-Event-ID`. Its items are dropped, and
    /// the stream ends if the response before was whole, and fails if it was not.
    ///
    /// Only for operations that are idempotent, by the document or by
    /// [`RequestOptions::idempotent`](crate::RequestOptions::idempotent). The stream of any other operation fails with
    /// [`Error::is_invalid_argument`], and nothing is sent. If the events have no ids, the stream is reopened only
    /// before its first item, because items would be repeated.
    #[must_use]
    pub fn reconnect(self) -> Self {
        self.change(|reading| reading.reconnect = true)
    }

    /// Sets how long the stream may have no item, whatever else arrives. After that it fails with
    /// [`Error::is_timeout`]. The time in which the program processes an item does not count. Without this timeout, a
    /// server can keep a stream without items open.
    #[must_use]
    pub fn idle_timeout(self, longest: Duration) -> Self {
        self.change(|reading| reading.idle = Some(longest))
    }

    fn change(mut self, change: impl FnOnce(&mut Reading)) -> Self {
        if let State::Idle(reading) = &mut self.state {
            change(reading);
        }
        self
    }

    /// Sends the request, unless it was sent, and returns the response without its body.
    ///
    /// # Errors
    /// Every error of a call before the head of the response has arrived.
    pub async fn open(&mut self) -> Result<&Response<()>, Error> {
        while self.response.is_none() {
            let next = match poll_fn(|cx| self.poll_step(Reading::begin, cx)).await {
                Some(Some(next)) => next,
                // The stream is open now.
                Some(None) => continue,
                None => return Err(Error::new(Kind::Argument, "the stream is over")),
            };
            match next {
                Some(Err(error)) => return Err(error),
                other => self.early.push_back(other),
            }
        }
        self.response.as_ref().ok_or_else(|| Error::new(Kind::Argument, "the stream is over"))
    }

    /// The response without its body: status, headers, attempts. `None` until the stream is open.
    pub fn response(&self) -> Option<&Response<()>> {
        self.response.as_ref()
    }

    /// The type of the last item's event, `message` unless the server sets another. `None` before the first item, and
    /// for streams without events.
    pub fn last_event(&self) -> Option<&str> {
        self.event.as_deref()
    }

    /// The last id that the server sent with an event. A later request can continue after that event with the header
    /// `Last-Event-ID`: `.header("last-event-id", id)`.
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// Runs one step, and returns its item, or `None` after the end.
    fn poll_step(&mut self, step: fn(Box<Reading>) -> Running, cx: &mut Context<'_>) -> Poll<Option<Option<Next>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Poll::Ready(None),
                State::Idle(reading) => self.state = State::Running(step(reading)),
                State::Running(mut running) => {
                    let Poll::Ready((reading, next)) = running.as_mut().poll(cx) else {
                        self.state = State::Running(running);
                        return Poll::Pending;
                    };
                    if self.response.is_none() {
                        self.response.clone_from(&reading.response);
                    }
                    if !reading.over {
                        self.state = State::Idle(reading);
                    }
                    return Poll::Ready(Some(next));
                }
            }
        }
    }

    fn decode(&mut self, item: &Item) -> Result<T, Error> {
        if let Some(Event { event, id, .. }) = &item.event {
            self.event = Some(event.clone());
            self.last_id.clone_from(id);
        }
        (self.read)(item, self.decoded).map_err(|mismatch| {
            let kind = if mismatch.is_too_large() { Kind::TooLarge } else { Kind::Decode };
            let error = Error::new(kind, format!("an item of the stream: {mismatch}")).with_body(item.text());
            match &self.response {
                Some(response) => response.describe(error),
                None => error,
            }
        })
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = match self.early.pop_front() {
            Some(next) => next,
            None => loop {
                match ready!(self.poll_step(Reading::next, cx)) {
                    Some(Some(next)) => break next,
                    Some(None) => {}
                    None => return Poll::Ready(None),
                }
            },
        };
        Poll::Ready(match next {
            Some(Ok(item)) => Some(self.decode(&item)),
            Some(Err(error)) => Some(Err(error)),
            None => None,
        })
    }
}
