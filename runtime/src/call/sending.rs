//! The future of a call.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::error::Error;

use super::outgoing::{Outgoing, Whole};
use super::response::Response;

/// The future of a request that is sent by `.await`.
///
/// ```
/// use connectors_runtime::{Error, Sending};
///
/// // A request of a program's own, in the form of the generated ones.
/// fn ready() -> Sending<u32> {
///     Sending::new(async { Ok(1) })
/// }
/// # fn is_send<T: Send>(_: T) {}
/// # is_send(ready());
/// ```
#[must_use = "nothing is sent until it is awaited"]
pub struct Sending<T>(State<T>);

/// A whole response and its call.
pub(super) type Done = (Outgoing, Whole);
/// The part that is the same for all types of values, and is compiled once.
pub(super) type Exchanging = Pin<Box<dyn Future<Output = Result<Done, Error>> + Send>>;

enum State<T> {
    /// Reads the response of a call when it is complete. No value is kept while the call is waited for.
    Response(Exchanging, fn(Done) -> Result<T, Error>),
    /// The same, without the rest of the response.
    Value(Exchanging, fn(Done) -> Result<Response<T>, Error>),
    Other(Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>),
}

impl<T> Sending<T> {
    /// Any other future.
    pub fn new(future: impl Future<Output = Result<T, Error>> + Send + 'static) -> Self {
        Self(State::Other(Box::pin(future)))
    }

    pub(super) fn response(call: Exchanging, read: fn(Done) -> Result<T, Error>) -> Self {
        Self(State::Response(call, read))
    }
}

/// The value of a response, without the rest: what `.await` returns.
pub fn value<T: 'static>(response: Sending<Response<T>>) -> Sending<T> {
    match response.0 {
        State::Response(call, read) => Sending(State::Value(call, read)),
        State::Value(..) | State::Other(_) => Sending::new(async { Ok(response.await?.into_value()) }),
    }
}

impl<T> Future for Sending<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Response(call, read) => Poll::Ready(ready!(call.as_mut().poll(context)).and_then(*read)),
            State::Value(call, read) => {
                Poll::Ready(ready!(call.as_mut().poll(context)).and_then(*read).map(Response::into_value))
            }
            State::Other(future) => future.as_mut().poll(context),
        }
    }
}

impl<T> fmt::Debug for Sending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sending")
    }
}
