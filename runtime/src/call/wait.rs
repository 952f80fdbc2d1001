//! Waiting for what goes on by itself: look, pause, look again.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};

use crate::error::Error;
use crate::error::Kind;
use crate::http::Clock;

/// How many looks in a row may fail in passing.
const FAILURES: usize = 5;
/// The longest pause that a server may ask for; past it the caller decides.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What something comes to, each time that is something else.
///
/// It ends with the last that is to be told, or with an error. Dropping it stops the watching and nothing else.
///
/// Once a look has succeeded, one that fails in passing ends nothing: no connection or a broken one, a timeout, an answer
/// of 408, 429 or 5xx. The next look comes after the usual pause, or after the one that the server asks for
/// ([`Error::retry_after`]) if that is longer. When five looks in a row have failed, or the server asks for more than an
/// hour, the error is told. Past the deadline [`Error::is_timeout`] is told, with what the last look failed with, if it
/// did, as its source. Any other error is told at once, and so is the first look's.
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
pub struct Pace {
    pub interval: Duration,
    pub deadline: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { interval: Duration::from_secs(5), deadline: None }
    }
}

/// What can be polled until it ends: how often, and for how long.
pub trait Paced: Sized {
    /// The pace to change.
    fn pace_mut(&mut self) -> &mut Pace;

    /// Sets the poll interval; 5 s by default.
    #[must_use]
    fn poll_every(mut self, interval: Duration) -> Self {
        self.pace_mut().interval = interval;
        self
    }

    /// Sets how long to poll in all; by default without end. At the deadline only the polling stops.
    #[must_use]
    fn deadline(mut self, deadline: Duration) -> Self {
        self.pace_mut().deadline = Some(deadline);
        self
    }
}

impl<P: Clone + PartialEq + Send + 'static> Watch<P> {
    /// Looks until `is_end`. A look is given what the one before it found. `late` is told at the deadline.
    pub fn new<L, F>(clock: Arc<dyn Clock>, pace: Pace, late: &'static str, is_end: fn(&P) -> bool, look: L) -> Self
    where
        L: FnMut(Option<P>) -> F + Send + 'static,
        F: Future<Output = Result<P, Error>> + Send + 'static,
    {
        // A deadline beyond all time is none.
        let until = pace.deadline.and_then(|deadline| clock.now().checked_add(deadline));
        let interval = pace.interval;
        let state = State { look, is_end, clock, interval, until, late, last: None, failures: Vec::new(), over: false };
        Self { progress: Box::pin(stream::unfold(state, State::next)) }
    }

    /// Waits for the last.
    pub async fn last(mut self) -> Result<P, Error> {
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
    /// What the last look that succeeded found.
    last: Option<P>,
    /// What the looks since then failed with.
    failures: Vec<Error>,
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

    /// How long to wait until the next look.
    fn pause(&self) -> Duration {
        let asked = self.failures.last().and_then(Error::retry_after).unwrap_or_default();
        self.interval.max(asked)
    }

    fn end(mut self, error: Error) -> Option<(Result<P, Error>, Self)> {
        self.over = true;
        Some((Err(error), self))
    }

    fn end_late(mut self) -> Option<(Result<P, Error>, Self)> {
        let late = Error::new(Kind::Timeout, self.late);
        let late = match self.failures.pop() {
            Some(failure) => late.caused_by(failure),
            None => late,
        };
        self.end(late)
    }

    async fn next(mut self) -> Option<(Result<P, Error>, Self)> {
        if self.over {
            return None;
        }
        loop {
            if self.last.is_some() {
                let left = self.left();
                if left.is_zero() {
                    return self.end_late();
                }
                // The last look is at the deadline itself, not a pause before it.
                self.clock.sleep(self.pause().min(left)).await;
            }
            let look = Box::pin((self.look)(self.last.clone()));
            // A look has the time that is left, and never less than a second: one at the deadline would have none.
            let patience = self.left().max(Duration::from_secs(1));
            let progress = match select(look, self.clock.timeout(patience)).await {
                Either::Left((Ok(progress), _)) => progress,
                Either::Left((Err(error), _)) => {
                    let goes_on = self.last.is_some() && passes(&error) && self.failures.len() + 1 < FAILURES;
                    if !goes_on {
                        return self.end(error);
                    }
                    tracing::debug!(failure = ?error.kind(), "a look failed; the wait goes on");
                    self.failures.push(error);
                    continue;
                }
                Either::Right(_) => return self.end_late(),
            };
            self.failures.clear();
            self.over = (self.is_end)(&progress);
            if self.last.as_ref() != Some(&progress) {
                self.last = Some(progress.clone());
                return Some((Ok(progress), self));
            }
        }
    }
}

/// Whether a failure may be over by the next look.
fn passes(error: &Error) -> bool {
    let broke = matches!(error.kind(), Kind::Connect | Kind::Timeout | Kind::Broken);
    let busy = error.is_server() || matches!(error.status(), Some(408 | 429));
    (broke || busy) && error.retry_after().is_none_or(|wait| wait <= LONGEST_PAUSE)
}
