//! Lists that come in pages, as streams.

use std::collections::VecDeque;
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
}

enum Next {
    First,
    Token(String),
    End,
}

impl<T: Send + 'static> Pages<T> {
    pub(crate) fn new<F, Fut>(fetch: F) -> Self
    where
        F: FnMut(Option<String>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Page<T>, Error>> + Send,
    {
        let walk = Walk { fetch, ready: VecDeque::new(), next: Next::First };
        let items = stream::unfold(walk, |mut walk| async move {
            loop {
                if let Some(item) = walk.ready.pop_front() {
                    return Some((Ok(item), walk));
                }
                let token = match std::mem::replace(&mut walk.next, Next::End) {
                    Next::First => None,
                    Next::Token(token) => Some(token),
                    Next::End => return None,
                };
                match (walk.fetch)(token.clone()).await {
                    Err(error) => return Some((Err(error), walk)),
                    Ok(page) => {
                        walk.ready = page.items.into();
                        let next = page.next.filter(|next| !next.is_empty());
                        if next.is_some() && next == token {
                            let error = Error::new(
                                Kind::Decode,
                                "the server answers the same page token again and again; the list was cut short",
                            );
                            return Some((Err(error), walk));
                        }
                        walk.next = next.map_or(Next::End, Next::Token);
                    }
                }
            }
        });
        Self { items: Box::pin(items) }
    }
}
