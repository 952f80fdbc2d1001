//! Reads the pieces of a body while they are sent.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use http_body::{Frame, SizeHint};

use crate::error::{Error, Kind};

/// The number of bytes of a file that are read at a time.
const CHUNK: usize = 64 * 1024;

pub(super) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;
pub(super) type OnProgress = Arc<dyn Fn(u64, Option<u64>) + Send + Sync>;

/// A piece that is about to be sent.
pub(super) enum Turn {
    Bytes(Bytes),
    Disk(PathBuf, u64),
    Stream(String, Chunks, Option<u64>),
}

pub(super) fn refuse(message: impl Into<String>) -> Error {
    Error::new(Kind::Argument, message)
}

pub(super) fn unreadable(path: &Path, error: io::Error) -> Error {
    refuse(format!("`{}` cannot be read: {error}", path.display())).caused_by(error)
}

pub(super) fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Opens a regular file, and returns its length.
pub(super) async fn open(path: PathBuf) -> io::Result<(std::fs::File, u64)> {
    blocking(move || {
        if !std::fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let file = std::fs::File::open(&path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(io::Error::other("reading it was aborted")))
}

/// The piece that is being sent, and those after it.
struct Reading {
    turns: VecDeque<Turn>,
    current: Option<Current>,
}

enum Current {
    Disk { file: std::fs::File, path: PathBuf, left: u64 },
    Stream { field: String, chunks: Chunks, left: Option<u64> },
}

/// Reads the pieces in order. A file is opened when it is the next piece.
pub(super) fn read(turns: VecDeque<Turn>) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    stream::try_unfold(Reading { turns, current: None }, |mut reading| async move {
        loop {
            if let Some(current) = reading.current.take()
                && let Some((chunk, current)) = current.next().await?
            {
                reading.current = Some(current);
                if chunk.is_empty() {
                    continue;
                }
                return Ok(Some((chunk, reading)));
            }
            match reading.turns.pop_front() {
                None => return Ok(None),
                Some(Turn::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Turn::Bytes(bytes)) => return Ok(Some((bytes, reading))),
                Some(Turn::Disk(path, left)) => {
                    let (file, _) = open(path.clone()).await.map_err(|error| unreadable(&path, error))?;
                    reading.current = Some(Current::Disk { file, path, left });
                }
                Some(Turn::Stream(field, chunks, left)) => {
                    reading.current = Some(Current::Stream { field, chunks, left });
                }
            }
        }
    })
}

impl Current {
    /// The next bytes; `None` at the end.
    async fn next(self) -> Result<Option<(Bytes, Self)>, Error> {
        match self {
            Self::Disk { left: 0, .. } => Ok(None),
            Self::Disk { mut file, path, left } => {
                let most = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
                let read = blocking(move || {
                    let mut chunk = vec![0; most];
                    let length = loop {
                        match file.read(&mut chunk) {
                            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                            other => break other?,
                        }
                    };
                    chunk.truncate(length);
                    Ok((chunk, file))
                });
                let (chunk, file) = read.await.map_err(|error| unreadable(&path, error))?;
                if chunk.is_empty() {
                    let shorter = "it became shorter while it was read";
                    return Err(unreadable(&path, io::Error::new(io::ErrorKind::UnexpectedEof, shorter)));
                }
                let left = left.saturating_sub(length_of(&chunk));
                Ok(Some((chunk.into(), Self::Disk { file, path, left })))
            }
            Self::Stream { field, mut chunks, left } => match chunks.next().await.transpose()? {
                None if left.is_none_or(|left| left == 0) => Ok(None),
                None => Err(refuse(format!("the stream of `{field}` has fewer bytes than its declared length"))),
                Some(chunk) => {
                    let longer = || refuse(format!("the stream of `{field}` has more bytes than its declared length"));
                    let left = match left {
                        Some(left) => Some(left.checked_sub(length_of(&chunk)).ok_or_else(longer)?),
                        None => None,
                    };
                    Ok(Some((chunk, Self::Stream { field, chunks, left })))
                }
            },
        }
    }
}

/// The error of a part while it was sent.
#[derive(Clone, Default)]
pub(super) struct Fault(Arc<Mutex<Option<Error>>>);

impl Fault {
    fn keep(&self, error: Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(super) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A body whose length may be known before it is read.
pub(super) struct FormBody {
    /// Never locked: the mutex only makes it `Sync`.
    pub(super) chunks: Mutex<Chunks>,
    pub(super) sent: u64,
    pub(super) total: Option<u64>,
    pub(super) progress: Option<OnProgress>,
    pub(super) fault: Fault,
}

impl http_body::Body for FormBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let chunks = this.chunks.get_mut().unwrap_or_else(PoisonError::into_inner);
        let chunk = match ready!(chunks.as_mut().poll_next(cx)) {
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => {
                this.fault.keep(error.clone());
                return Poll::Ready(Some(Err(error)));
            }
            None => return Poll::Ready(None),
        };
        this.sent = this.sent.saturating_add(length_of(&chunk));
        if let Some(progress) = &this.progress {
            progress(this.sent, this.total);
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.total == Some(self.sent)
    }

    fn size_hint(&self) -> SizeHint {
        self.total.map_or_else(SizeHint::default, |total| SizeHint::with_exact(total.saturating_sub(self.sent)))
    }
}
