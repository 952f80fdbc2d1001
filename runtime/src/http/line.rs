//! The transport of a client: the network or a program's own sender. It knows when writing a request starts.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::Either;
use http::header::{Entry, HeaderMap};
use http_body::{Frame, SizeHint};

use super::send::{DynSender, Reason, SendError};

/// The progress of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicU8>);

const WAITING: u8 = 0;
const STARTED: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Progress {
    /// Marks that a connection writes the request. Returns false if it was cancelled before: then it must not be sent.
    fn start(&self) -> bool {
        self.set(STARTED) == STARTED
    }

    /// Cancels the request. Returns true if no part of it was sent or will be sent.
    pub(super) fn give_up(&self) -> bool {
        self.set(GIVEN_UP) == GIVEN_UP
    }

    /// Sets the state. Only the first call has an effect.
    fn set(&self, state: u8) -> u8 {
        self.0
            .compare_exchange(WAITING, state, Ordering::AcqRel, Ordering::Acquire)
            .map_or_else(|first| first, |_| state)
    }
}

/// A request's body. A connection asks for its length when it starts to write the request, and not earlier.
struct Watched {
    body: reqwest::Body,
    progress: Progress,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if !self.progress.start() {
            // The connection fails here, before it has sent the head.
            return Poll::Ready(Some(Err("the request was cancelled".into())));
        }
        Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        // A cancelled body has no known length, so that the connection polls it, and fails.
        self.progress.start() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let given_up = self.progress.0.load(Ordering::Acquire) == GIVEN_UP;
        if given_up { SizeHint::default() } else { self.body.size_hint() }
    }
}

/// The transport of a client.
pub(super) enum Line {
    Network(reqwest::Client),
    Own {
        sender: Arc<dyn DynSender>,
        /// The headers of every request. Over the network the HTTP client adds them.
        headers: HeaderMap,
    },
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network(_) => "Network",
            Self::Own { .. } => "Sender",
        })
    }
}

impl Line {
    /// Sends a request. The future is small: it does not contain the request.
    pub(super) fn send<'a>(
        &'a self,
        mut request: reqwest::Request,
        progress: &'a Progress,
    ) -> impl Future<Output = Result<reqwest::Response, SendError>> + Send + 'a {
        let sending = match self {
            Self::Network(client) => {
                let body = request.body_mut().take().unwrap_or_default();
                let watched = Watched { body, progress: progress.clone() };
                *request.body_mut() = Some(reqwest::Body::wrap(watched));
                Either::Left(client.execute(request))
            }
            Self::Own { sender, headers } => {
                // From here on it is unknown what the sender does.
                progress.start();
                for (name, value) in headers {
                    if let Entry::Vacant(entry) = request.headers_mut().entry(name) {
                        entry.insert(value.clone());
                    }
                }
                Either::Right(sender.send_dyn(request))
            }
        };
        async move {
            match sending {
                Either::Left(sending) => sending.await.map_err(|error| {
                    let mut error = SendError::from(error);
                    if matches!(error.reason, Reason::Broken | Reason::TimedOut) && progress.give_up() {
                        error.reason = Reason::NotConnected;
                    }
                    error
                }),
                Either::Right(sending) => sending.await,
            }
        }
    }
}
