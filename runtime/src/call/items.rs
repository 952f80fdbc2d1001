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
use crate::object::{Json, Mismatch, from_slice};

use super::request::Call;
use super::response::Response;
use reading::{Item, Next, Reading, Running};

/// The items of a streamed response, read as they come: what `stream()` of a generated request returns.
///
/// The request is sent when the first item is polled, or by [`Items::open`]. Dropping the stream closes the response.
///
/// An item that is not what the document describes is an error of that item ([`Error::is_decode`], with the text of the item
/// in [`Error::body`]), and the stream goes on after it. After any other error it ends.
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
/// A stream ends where the response does. Where the document's overlay names what the service sends at the end (`[DONE]`), a
/// response that ends without it is an error; so is one that ends in the middle of an event. Of an event or a record that was
/// cut off nothing is returned as an item.
///
/// # Bounds
/// - Time: opening has the limits of a call. After that, [`Limits::attempt`](crate::Limits::attempt) bounds the silence
///   between two chunks; comments that keep the connection alive count as chunks. [`Items::idle_timeout`] bounds the wait for
///   an item, whatever else comes. A [`deadline`](crate::RequestOptions::deadline) of the request bounds the whole stream.
/// - Memory: one item, of at most [`Limits::response`](crate::Limits::response) bytes (a larger one ends the stream), what
///   decoding it may take, and the chunk that was read last.
///
/// # Going on after a break
/// [`Items::reconnect`] opens the stream again where it broke (HTML, section 9.2.3).
pub struct Items<T> {
    state: State,
    read: fn(&Item, usize) -> Result<T, Mismatch>,
    /// Bytes of memory that decoding an item may take.
    decoded: usize,
    /// What came before it was asked for.
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
        Items::new(self, |item, limit| from_slice(item.text(), limit))
    }

    /// The events of a stream that the document does not describe.
    #[must_use]
    pub fn events(self) -> Items<Event> {
        Items::new(self, |item, _| item.event.clone().ok_or_else(|| Mismatch::new("it is no event")))
    }
}

impl<T> Items<T> {
    fn new(call: Call, read: fn(&Item, usize) -> Result<T, Mismatch>) -> Self {
        let decoded = call.core().exchange().limits.decoded;
        let state = State::Idle(Box::new(Reading::new(call)));
        Self { state, read, decoded, early: VecDeque::new(), response: None, event: None, last_id: None }
    }

    /// Opens the stream again when it breaks: when the connection breaks, no more comes in time, or the response ends without
    /// what ends it. The request then has the header `Last-Event-ID` with the id of the last event. The wait before it is
    /// the one that the server asked for (`retry:`, up to [`RetryPolicy::longest_wait`](crate::RetryPolicy)), else the delay
    /// of a retry. After as many breaks in a row as a call has attempts, without an item between them, the stream fails.
    ///
    /// Only for operations that are idempotent, by the document or by
    /// [`RequestOptions::idempotent`](crate::RequestOptions::idempotent): the stream of any other fails with
    /// [`Error::is_invalid_argument`], and nothing is sent. A stream whose events have no ids is opened again only before its
    /// first item, because items would be repeated.
    #[must_use]
    pub fn reconnect(self) -> Self {
        self.change(|reading| reading.reconnect = true)
    }

    /// Sets how long the stream may be without an item, whatever else comes; [`Error::is_timeout`] after that. The time that
    /// the program works on an item does not count. Without it, a server can keep a stream without items open.
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
    /// Everything that can go wrong with a call until the head of the response is there.
    pub async fn open(&mut self) -> Result<&Response<()>, Error> {
        while self.response.is_none() {
            let next = match poll_fn(|cx| self.poll_step(Reading::begin, cx)).await {
                Some(Some(next)) => next,
                // It is open now.
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

    /// The type of the event that the last item came from, `message` unless the server says otherwise. `None` before the
    /// first item, and for streams without events.
    pub fn last_event(&self) -> Option<&str> {
        self.event.as_deref()
    }

    /// The id that the server gave last with an event. A later request goes on behind it by the header `Last-Event-ID`:
    /// `.header("last-event-id", id)`.
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// One step: what it brought, or `None` after the end.
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
