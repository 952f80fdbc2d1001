//! Paged lists, as streams.

mod cursor;
mod link;

use std::collections::hash_map::RandomState;
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tracing::Instrument;
use url::Url;

pub use cursor::{Cursor, Position};
pub use link::next_link;

use crate::error::{Error, Kind};

/// The default for the number of empty pages in a row that are skipped.
const EMPTY_PAGES: usize = 100;
/// The number of last cursors that are remembered, at about 30 bytes each.
const SEEN: usize = 10_000;

/// The items of a list, fetched page by page as they are polled.
///
/// A page is fetched when its first item is polled, unless [`Pages::read_ahead`] says otherwise. Dropping the stream fetches
/// nothing more. After an error the stream ends.
///
/// ```
/// use connectors_runtime::{Cursor, Error, Page, Pages};
/// use futures::TryStreamExt;
///
/// # async fn example() -> Result<(), Error> {
/// // Generated code does this part.
/// let mut numbers = Pages::new(None, |cursor: Option<Cursor>| async move {
///     let page = cursor.map_or(Ok(1), |cursor| cursor.as_page())?;
///     Ok(Page::by_number(vec![page * 10, page * 10 + 1], page, Some(page < 3)))
/// });
/// while let Some(number) = numbers.try_next().await? {
///     println!("{number}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Bounds
/// - Time: each page is a call with its own deadline ([`RequestOptions::deadline`](crate::RequestOptions::deadline), else
///   [`Limits::call`](crate::Limits::call)). Nothing bounds the whole list; how long a program works on an item is its own
///   affair.
/// - Empty pages: 100 in a row are passed over, one more is an error ([`Pages::max_empty_pages`]). So the next item, error or
///   end takes at most 101 calls, each within its deadline.
/// - Circles: a server that returns a cursor a second time would be followed endlessly. This is an error
///   ([`Error::is_decode`]): at once if the cursor is among the last 10,000, later (but always) in a longer circle. The
///   memory for this is less than 1 MB.
/// - Memory: the items of one page, and of the pages that are read ahead.
///
/// # Resume after a restart
/// [`Pages::cursor`] is the position of the next unread item. [`Pages::resume`] continues there:
///
/// ```
/// # use connectors_runtime::{Error, Pages, Position};
/// use futures::TryStreamExt;
///
/// # fn list() -> Pages<String> { Pages::new(None, |_| async { Err(Error::auth("example")) }) }
/// # async fn work_on(_: String) {}
/// # async fn example(stored: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
/// let position: Position = stored.map(serde_json::from_str).transpose()?.unwrap_or_default();
/// let mut items = list().resume(position);
/// while let Some(item) = items.try_next().await? {
///     work_on(item).await;
///     std::fs::write("position.json", serde_json::to_string(&items.cursor())?)?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct Pages<T> {
    fetch: Fetch<T>,
    /// The position of the next unread item.
    position: Position,
    /// The cursor of the page after the current one.
    next: Option<Cursor>,
    /// The remaining items of the current page.
    ready: VecDeque<T>,
    ahead: usize,
    max_empty: usize,
    /// `None` until the first item is polled.
    source: Option<Source<T>>,
    /// Set after an error, and at the end.
    is_over: bool,
}

type Fetching<T> = Pin<Box<dyn Future<Output = Result<Page<T>, Error>> + Send>>;
type Fetch<T> = Arc<Mutex<dyn FnMut(Option<Cursor>) -> Fetching<T> + Send>>;
type Source<T> = Pin<Box<dyn Stream<Item = Result<Fetched<T>, Error>> + Send>>;

/// A page: its items, and the position of the next page.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items, in their order.
    pub items: Vec<T>,
    /// The position of the next page. `None` or an empty token is the end of the list.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// A page whose body has the token of the next one. No token, or an empty one, is the end.
    #[must_use]
    pub fn by_token(items: Vec<T>, next: Option<String>) -> Self {
        Self { items, next: next.map(Cursor::token) }
    }

    /// A page that begins after `offset` items. `more` is the response's own statement whether items follow. Without
    /// one, the first empty page is the end.
    #[must_use]
    pub fn by_offset(items: Vec<T>, offset: u64, more: Option<bool>) -> Self {
        // A list in memory is shorter than 2^64.
        let read = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let next = more.unwrap_or(read > 0).then(|| Cursor::offset(offset.saturating_add(read)));
        Self { items, next }
    }

    /// The page with this number. `more` is the response's own statement whether pages follow. Without one, the first
    /// empty page is the end.
    #[must_use]
    pub fn by_number(items: Vec<T>, number: u64, more: Option<bool>) -> Self {
        let next = more.unwrap_or(!items.is_empty()).then(|| Cursor::page(number.saturating_add(1)));
        Self { items, next }
    }

    /// A page whose `Link` header names the next one. `url` is the URL of the request; see [`next_link`].
    ///
    /// # Errors
    /// [`Error::is_decode`] if the link leads to another host, or is not a URL.
    pub fn by_link(items: Vec<T>, headers: &HeaderMap, url: &Url) -> Result<Self, Error> {
        Ok(Self { items, next: next_link(headers, url)?.as_ref().map(Cursor::link) })
    }
}

/// A page, and the cursor that it was fetched with.
struct Fetched<T> {
    cursor: Option<Cursor>,
    page: Page<T>,
}

// Items are moved, never pinned.
impl<T> Unpin for Pages<T> {}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("position", &self.position).finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let item = match ready!(this.poll_ready(cx)) {
            Ok(true) => this.ready.pop_front(),
            Ok(false) => None,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        if item.is_some() {
            this.advance(1);
        }
        Poll::Ready(item.map(Ok))
    }
}

impl<T: Send + 'static> Pages<T> {
    /// A list that begins at `start` (`None`: at the beginning), whose pages `fetch` returns. For generated code, and
    /// for lists that no document describes.
    ///
    /// `fetch` is called with the cursor of a page, `None` for the first one, and for one page after the other.
    pub fn new<F, Fut>(start: Option<Cursor>, mut fetch: F) -> Self
    where
        F: FnMut(Option<Cursor>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Page<T>, Error>> + Send + 'static,
    {
        Self {
            fetch: Arc::new(Mutex::new(move |cursor| -> Fetching<T> { Box::pin(fetch(cursor)) })),
            position: Position::at(start),
            next: None,
            ready: VecDeque::new(),
            ahead: 0,
            max_empty: EMPTY_PAGES,
            source: None,
            is_over: false,
        }
    }

    /// The position of the next unread item: a value with serde, for [`Pages::resume`]. Store it when the work on the item before it
    /// is done: an item whose work was done but not stored is returned again after a restart.
    ///
    /// Pages that were read ahead, and items that were not polled, are unread. After an error this is the page that failed. At
    /// the end it is the end of the last page: resumed there, a list returns what was added to it since, if the service keeps
    /// the order.
    #[must_use]
    pub fn cursor(&self) -> Position {
        self.position.clone()
    }

    /// Resumes at this position, which must come from the same list with the same
    /// filters. Pages that were already fetched are dropped.
    ///
    /// The page is fetched again, and as many of its items as were read before are skipped. An item is returned twice or lost
    /// only if the list itself changed before this position. If the page has fewer items now, the list continues with the next
    /// page. A token that the server no longer accepts fails as it would for any other client.
    #[must_use]
    pub fn resume(mut self, position: Position) -> Self {
        self.source = None;
        self.ready = VecDeque::new();
        self.next = None;
        self.is_over = false;
        self.position = position;
        self
    }

    /// Sets how many empty pages in a row are passed over before the next one is an error ([`Error::is_decode`]); 100 by
    /// default. A list whose last page is empty ends as usual. Has no effect once the first item was polled.
    ///
    /// After this error, a list that is resumed at [`Pages::cursor`] may have as many empty pages again.
    #[must_use]
    pub fn max_empty_pages(mut self, pages: usize) -> Self {
        self.max_empty = pages;
        self
    }

    /// Fetches up to this many pages ahead, while the program works on the page before them. Off (0) by default: a program
    /// that stops early would have fetched them for nothing.
    ///
    /// With 1, at most one page is buffered or in flight beyond the one whose items are being returned. Each page is fetched
    /// once, pages and errors come in their order, and nothing is fetched before the first item is polled. Called again,
    /// the numbers add up.
    ///
    /// The pages are fetched by a task of the tokio runtime in which the first item is polled; dropping the stream ends
    /// it. On a runtime of one thread it proceeds whenever the program awaits something. With `blocking`, which has a thread
    /// of its own, it does at any time.
    ///
    /// ```
    /// # use connectors_runtime::{Error, Pages};
    /// use futures::TryStreamExt;
    ///
    /// # async fn work_on(_: String) {}
    /// # async fn example(list: Pages<String>) -> Result<(), Error> {
    /// let mut items = list.read_ahead(1);
    /// while let Some(item) = items.try_next().await? {
    ///     work_on(item).await;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_ahead(mut self, pages: usize) -> Self {
        self.ahead = self.ahead.saturating_add(pages);
        self.source = self.source.map(|source| with_room(source, pages));
        self
    }

    /// The next whole page; after some items were polled, the rest of theirs. None at the end. Empty pages are passed over.
    ///
    /// For programs that write page by page: [`Pages::cursor`] is then the begin of a page.
    ///
    /// ```
    /// # use connectors_runtime::{Error, Pages};
    /// # async fn example(mut list: Pages<String>) -> Result<(), Error> {
    /// while let Some(page) = list.next_page().await? {
    ///     println!("{} items, then {:?}", page.len(), list.cursor());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What fetching the page fails with; after an error, the list has ended.
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>, Error> {
        if !poll_fn(|cx| self.poll_ready(cx)).await? {
            return Ok(None);
        }
        let items = Vec::from(std::mem::take(&mut self.ready));
        self.advance(items.len());
        Ok(Some(items))
    }

    /// The whole pages as a stream, without empty ones. A program that stores its position calls [`Pages::next_page`]
    /// instead.
    pub fn pages(self) -> impl Stream<Item = Result<Vec<T>, Error>> + Send + Unpin + 'static {
        let pages = stream::unfold(self, |mut list| async move {
            let page = list.next_page().await.transpose()?;
            Some((page, list))
        });
        Box::pin(pages)
    }

    /// All items that are left, if they are no more than `most`.
    ///
    /// For the first so many of a longer list, use `take(most)` and `try_collect()` of `futures`.
    ///
    /// # Errors
    /// [`Error::is_decode`] if the list is longer: it is read no further than one item more. Otherwise what fetching a page
    /// fails with.
    pub async fn collect_limited(mut self, most: usize) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        while let Some(item) = self.next().await.transpose()? {
            if items.len() == most {
                return Err(Error::new(Kind::TooLarge, format!("the list has more than {most} items")));
            }
            items.push(item);
        }
        Ok(items)
    }

    /// Fetches until there is an item. Returns false at the end of the list.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        while self.ready.is_empty() {
            if self.is_over {
                return Poll::Ready(Ok(false));
            }
            let source = self.source.get_or_insert_with(|| {
                let walk = Walk::new(Arc::clone(&self.fetch), self.position.cursor.clone(), self.max_empty);
                with_room(Box::pin(stream::unfold(walk, Walk::next).fuse()), self.ahead)
            });
            match ready!(source.as_mut().poll_next(cx)) {
                Some(Ok(fetched)) => self.begin(fetched),
                end => {
                    self.is_over = true;
                    self.source = None;
                    return Poll::Ready(end.map_or(Ok(false), |it| it.map(|_| false)));
                }
            }
        }
        Poll::Ready(Ok(true))
    }

    /// Starts to read a page.
    fn begin(&mut self, Fetched { cursor, page }: Fetched<T>) {
        // Only the first page can be one that was read in part.
        let read = if self.position.cursor == cursor { self.position.read } else { 0 };
        self.position = Position::at(cursor);
        self.next = page.next;
        self.ready = page.items.into();
        // The page may have fewer items now.
        let read = usize::try_from(read).unwrap_or(usize::MAX).min(self.ready.len());
        self.ready.drain(..read);
        self.advance(read);
    }

    /// Counts this many more items as read.
    fn advance(&mut self, items: usize) {
        // A list in memory is shorter than 2^64.
        self.position.read = self.position.read.saturating_add(u64::try_from(items).unwrap_or(u64::MAX));
        if self.ready.is_empty()
            && let Some(next) = self.next.take()
        {
            self.position = Position::at(Some(next));
        }
    }
}

/// Follows the cursors of a list.
struct Walk<T> {
    fetch: Fetch<T>,
    next: Next,
    empty: usize,
    max_empty: usize,
    seen: Seen,
}

enum Next {
    Page(Option<Cursor>),
    /// The previous page can still be read. Then this error is returned.
    Failed(Error),
    End,
}

impl<T> Walk<T> {
    fn new(fetch: Fetch<T>, start: Option<Cursor>, max_empty: usize) -> Self {
        let mut seen = Seen::default();
        if let Some(start) = &start {
            seen.is_new(start);
        }
        Self { fetch, next: Next::Page(start), empty: 0, max_empty, seen }
    }

    async fn next(mut self) -> Option<(Result<Fetched<T>, Error>, Self)> {
        let cursor = match std::mem::replace(&mut self.next, Next::End) {
            Next::Page(cursor) => cursor,
            Next::Failed(error) => return Some((Err(error), self)),
            Next::End => return None,
        };
        // The lock is not held while the page is fetched. If `fetch` panics, the caller is responsible for its state.
        let fetching = (self.fetch.lock().unwrap_or_else(PoisonError::into_inner))(cursor.clone());
        let mut page = match fetching.await {
            Ok(page) => page,
            Err(error) => return Some((Err(error), self)),
        };
        page.next = page.next.filter(|next| !next.is_end());
        self.empty = if page.items.is_empty() { self.empty.saturating_add(1) } else { 0 };
        if let Some(next) = &page.next {
            if !self.seen.is_new(next) {
                self.next = Next::Failed(cut_short("the server returned a page cursor that it has returned before"));
                // A program can only resume at the end of this page.
                page.next = None;
            } else if self.empty > self.max_empty {
                self.next = Next::Failed(cut_short(&format!("{} empty pages in a row", self.empty)));
            } else {
                self.next = Next::Page(Some(next.clone()));
            }
        }
        Some((Ok(Fetched { cursor, page }), self))
    }
}

/// The cursors so far, in bounded memory.
#[derive(Default)]
struct Seen {
    /// Its keys are random, so a server cannot choose cursors that collide.
    hasher: RandomState,
    /// The hashes of the last [`SEEN`] cursors, in order and as a set. Among a million pages, two collide with a
    /// probability of less than one in a billion.
    order: VecDeque<u64>,
    hashes: HashSet<u64>,
    /// Brent's method, for longer circles: the cursor at a power of two, with which all later ones are compared.
    mark: u64,
    steps: u64,
    power: u64,
}

impl Seen {
    /// Whether the cursor is new, as far as is known. The cursor is remembered.
    fn is_new(&mut self, cursor: &Cursor) -> bool {
        let hash = self.hasher.hash_one(cursor);
        if (self.power > 0 && hash == self.mark) || !self.hashes.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > SEEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.hashes.remove(&oldest);
        }
        if self.steps == self.power {
            self.mark = hash;
            self.power = self.power.saturating_mul(2).max(1);
            self.steps = 0;
        }
        self.steps += 1;
        true
    }
}

/// Fetches pages in a task of their own, as far as there is room for them.
fn with_room<T: Send + 'static>(source: Source<T>, room: usize) -> Source<T> {
    match room.min(Semaphore::MAX_PERMITS) {
        0 => source,
        room => Box::pin(stream::once(async move { fetch_ahead(source, room) }).flatten().fuse()),
    }
}

/// Starts to fetch pages in a task.
fn fetch_ahead<T: Send + 'static>(
    mut source: Source<T>,
    room: usize,
) -> impl Stream<Item = Result<Fetched<T>, Error>> + Send {
    let (sender, receiver) = mpsc::channel(room);
    // Dropping it ends the task.
    let mut task = JoinSet::new();
    let fetching = async move {
        // A page reserves its place before it is fetched, so a page in flight counts too.
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
            // The panic is the caller's, as without a task.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => {
                let message = "the runtime ended while pages were read ahead; the list was cut short";
                Some((Err(Error::new(Kind::Broken, message).caused_by(error)), (receiver, task)))
            }
        }
    })
}

/// The server's pages contradict each other, so it is unknown whether items are missing.
fn cut_short(why: &str) -> Error {
    Error::new(Kind::Decode, format!("{why}; the list was cut short"))
}
