//! Lists that come in pages, as streams.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::error::Error;
use crate::error::Kind;

/// The items of a list, fetched page by page as they are asked for.
///
/// A page is fetched when its first item is asked for, unless [`Pages::read_ahead`] says otherwise; dropping the stream
/// fetches nothing more. After an error it ends.
///
/// ```no_run
/// use futures::TryStreamExt;
///
/// # async fn example(c1: connectors::c1::Client) -> Result<(), connectors::Error> {
/// let mut apps = c1.apps();
/// while let Some(app) = apps.try_next().await? {
///     println!("{}", app.display_name.unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Pages<T> {
    pages: PageStream<T>,
    /// What is left of the page that came last.
    ready: VecDeque<T>,
}

type PageStream<T> = Pin<Box<dyn Stream<Item = Result<Vec<T>, Error>> + Send>>;

// Items are moved, never pinned.
impl<T> Unpin for Pages<T> {}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(this.pages.as_mut().poll_next(cx)) {
                Some(Ok(items)) => this.ready = items.into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// One page: its items, and the token of the next; an empty one ends the list.
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

struct Walk<F> {
    fetch: F,
    next: Next,
    /// Tokens answered so far: a server that answers one of them again would be walked in a circle.
    seen: HashSet<String>,
}

enum Next {
    First,
    Token(String),
    /// The page before can still be read; then this is told.
    Failed(Error),
    End,
}

impl<T: Send + 'static> Pages<T> {
    pub fn new<F, Fut>(fetch: F) -> Self
    where
        F: FnMut(Option<String>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Page<T>, Error>> + Send,
    {
        let walk = Walk { fetch, next: Next::First, seen: HashSet::new() };
        let pages = stream::unfold(walk, |mut walk| async move {
            let token = match std::mem::replace(&mut walk.next, Next::End) {
                Next::First => None,
                Next::Token(token) => Some(token),
                Next::Failed(error) => return Some((Err(error), walk)),
                Next::End => return None,
            };
            match (walk.fetch)(token).await {
                Err(error) => Some((Err(error), walk)),
                Ok(page) => {
                    walk.next = match page.next.filter(|next| !next.is_empty()) {
                        None => Next::End,
                        Some(next) if walk.seen.insert(next.clone()) => Next::Token(next),
                        Some(_) => {
                            Next::Failed(cut_short("the server answers a page token that it has answered before"))
                        }
                    };
                    Some((Ok(page.items), walk))
                }
            }
        });
        Self { pages: Box::pin(pages.fuse()), ready: VecDeque::new() }
    }

    /// Fetches up to this many pages ahead, while the program works on the page before them. Off (0) by default: a program
    /// that stops early would have fetched them for nothing.
    ///
    /// With 1, at most one page is there or under way beyond the one whose items are being given out. Each page is fetched
    /// once, pages and errors come in their order, and nothing is fetched before the first item is asked for. Called again,
    /// the numbers add up.
    ///
    /// The pages are fetched by a task of the tokio runtime in which the first item is asked for; dropping the stream ends
    /// it. On a runtime of one thread it gets on whenever the program awaits something. With `blocking`, which has a thread
    /// of its own, it does at any time.
    ///
    /// ```no_run
    /// use futures::TryStreamExt;
    ///
    /// # async fn work_on(_: connectors::c1::types::Connector) {}
    /// # async fn example(c1: connectors::c1::Client) -> Result<(), connectors::Error> {
    /// let mut connectors = c1.app("my-app").connectors().read_ahead(1);
    /// while let Some(connector) = connectors.try_next().await? {
    ///     work_on(connector).await;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_ahead(self, pages: usize) -> Self {
        let room = pages.min(Semaphore::MAX_PERMITS);
        if room == 0 {
            return self;
        }
        let Self { pages: source, ready } = self;
        let pages = stream::once(async move { fetch_ahead(source, room) }).flatten();
        Self { pages: Box::pin(pages.fuse()), ready }
    }
}

/// Begins to fetch pages in a task of their own, as far as there is room for them.
fn fetch_ahead<T: Send + 'static>(
    mut source: PageStream<T>,
    room: usize,
) -> impl Stream<Item = Result<Vec<T>, Error>> + Send {
    let (sender, receiver) = mpsc::channel(room);
    // Dropped, it ends the task.
    let mut task = JoinSet::new();
    let fetching = async move {
        // A page has its place before it is fetched, so that one under way counts as well.
        while let Ok(place) = sender.reserve().await {
            let Some(page) = source.next().await else { break };
            place.send(page);
        }
    };
    task.spawn(fetching.in_current_span());
    stream::unfold((receiver, task), |(mut receiver, mut task)| async move {
        if let Some(page) = receiver.recv().await {
            return Some((page, (receiver, task)));
        }
        // No page is left: the list has ended, or the task has.
        match task.join_next().await? {
            Ok(()) => None,
            // It is the caller's, as without a task.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => {
                let message = "the runtime ended while pages were read ahead; the list was cut short";
                Some((Err(Error::new(Kind::Broken, message).caused_by(error)), (receiver, task)))
            }
        }
    })
}

/// The server's pages contradict each other or themselves, so that nobody can tell whether anything is missing.
pub fn cut_short(why: &str) -> Error {
    Error::new(Kind::Decode, format!("{why}; the list was cut short"))
}
