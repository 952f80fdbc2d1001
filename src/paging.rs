//! Lists that come in pages, as streams.

use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream;

use crate::Error;
use crate::error::Kind;

/// The items of a list, fetched page by page as they are asked for.
///
/// A page is fetched when its first item is; dropping the stream fetches nothing more. After an error it ends.
pub struct Pages<T> {
    items: Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>,
}

impl<T> std::fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.as_mut().poll_next(cx)
    }
}

/// One page: its items, and the token of the next; an empty one ends the list.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

struct Walk<T, F> {
    fetch: F,
    ready: VecDeque<T>,
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
    pub(crate) fn new<F, Fut>(fetch: F) -> Self
    where
        F: FnMut(Option<String>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Page<T>, Error>> + Send,
    {
        let walk = Walk { fetch, ready: VecDeque::new(), next: Next::First, seen: HashSet::new() };
        let items = stream::unfold(walk, |mut walk| async move {
            loop {
                if let Some(item) = walk.ready.pop_front() {
                    return Some((Ok(item), walk));
                }
                let token = match std::mem::replace(&mut walk.next, Next::End) {
                    Next::First => None,
                    Next::Token(token) => Some(token),
                    Next::Failed(error) => return Some((Err(error), walk)),
                    Next::End => return None,
                };
                match (walk.fetch)(token).await {
                    Err(error) => return Some((Err(error), walk)),
                    Ok(page) => {
                        walk.ready = page.items.into();
                        walk.next = match page.next.filter(|next| !next.is_empty()) {
                            None => Next::End,
                            Some(next) if walk.seen.insert(next.clone()) => Next::Token(next),
                            Some(_) => {
                                let message =
                                    "the server answers a page token it has answered before; the list was cut short";
                                Next::Failed(Error::new(Kind::Decode, message))
                            }
                        };
                    }
                }
            }
        });
        Self { items: Box::pin(items) }
    }
}
