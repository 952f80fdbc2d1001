//! Waiting for what goes on by itself: look, pause, look again.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};

use crate::Error;
use crate::error::Kind;
use crate::transport::Clock;

/// What something comes to, each time that is something else.
///
/// It ends with the last that is to be told, or with an error. Dropping it stops the watching and nothing else.
pub struct Watch<P> {
    progress: Pin<Box<dyn Stream<Item = Result<P, Error>> + Send>>,
}

impl<P> fmt::Debug for Watch<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl<P> Stream for Watch<P> {
    type Item = Result<P, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.progress.as_mut().poll_next(cx)
    }
}

/// How often to look, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) interval: Duration,
    pub(crate) deadline: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { interval: Duration::from_secs(5), deadline: None }
    }
}

/// The methods that everything has that can be waited for. It stands in an `impl` of a type with the field `pace: Pace`.
macro_rules! pace_methods {
    () => {
        /// How long to wait between two looks; 5 s by default.
        pub fn poll_every(mut self, interval: ::std::time::Duration) -> Self {
            self.pace.interval = interval;
            self
        }

        /// How long to wait in all; without one, for as long as it takes. What is waited for goes on by itself.
        pub fn deadline(mut self, deadline: ::std::time::Duration) -> Self {
            self.pace.deadline = Some(deadline);
            self
        }
    };
}

pub(crate) use pace_methods;

impl<P: Clone + PartialEq + Send + 'static> Watch<P> {
    /// Looks until `is_end`. A look is given what the one before it found. `late` is told at the deadline.
    pub(crate) fn new<L, F>(
        clock: Arc<dyn Clock>,
        pace: Pace,
        late: &'static str,
        is_end: fn(&P) -> bool,
        look: L,
    ) -> Self
    where
        L: FnMut(Option<P>) -> F + Send + 'static,
        F: Future<Output = Result<P, Error>> + Send + 'static,
    {
        // A deadline beyond all time is none.
        let until = pace.deadline.and_then(|deadline| clock.now().checked_add(deadline));
        let interval = pace.interval;
        let state = State { look, is_end, clock, interval, until, late, last: None, looked: false, over: false };
        Self { progress: Box::pin(stream::unfold(state, State::next)) }
    }

    /// Waits for the last.
    pub(crate) async fn last(mut self) -> Result<P, Error> {
        let mut last = None;
        while let Some(progress) = self.next().await {
            last = Some(progress?);
        }
        last.ok_or_else(|| Error::new(Kind::Decode, "what was waited for has no end"))
    }
}

struct State<P, L> {
    look: L,
    is_end: fn(&P) -> bool,
    clock: Arc<dyn Clock>,
    interval: Duration,
    until: Option<Instant>,
    late: &'static str,
    last: Option<P>,
    looked: bool,
    over: bool,
}

impl<P, L, F> State<P, L>
where
    P: Clone + PartialEq,
    L: FnMut(Option<P>) -> F,
    F: Future<Output = Result<P, Error>>,
{
    /// The time left until the deadline.
    fn left(&self) -> Duration {
        self.until.map_or(Duration::MAX, |until| until.saturating_duration_since(self.clock.now()))
    }

    fn end(mut self, error: Error) -> Option<(Result<P, Error>, Self)> {
        self.over = true;
        Some((Err(error), self))
    }

    async fn next(mut self) -> Option<(Result<P, Error>, Self)> {
        if self.over {
            return None;
        }
        let late = Error::new(Kind::Timeout, self.late);
        loop {
            let left = self.left();
            if self.looked {
                if left.is_zero() {
                    return self.end(late);
                }
                // The last look is at the deadline itself, not an interval before it.
                self.clock.sleep(self.interval.min(left)).await;
            }
            self.looked = true;
            let look = Box::pin((self.look)(self.last.clone()));
            // A first look is always had; a later one may not outlast the deadline by more than a second.
            let patience = self.left().max(Duration::from_secs(1));
            let progress = match select(look, self.clock.timeout(patience)).await {
                Either::Left((Ok(progress), _)) => progress,
                Either::Left((Err(error), _)) => return self.end(error),
                Either::Right(_) => return self.end(late),
            };
            self.over = (self.is_end)(&progress);
            if self.last.as_ref() != Some(&progress) {
                self.last = Some(progress.clone());
                return Some((Ok(progress), self));
            }
        }
    }
}
