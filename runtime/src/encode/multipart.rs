//! Bodies of `multipart/form-data` (RFC 7578).

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use http::header::HeaderValue;
use http_body::{Frame, SizeHint};
use serde::Serialize;

use super::value::Node;
use crate::error::{Error, Kind};

/// How much of a file is read at a time.
const CHUNK: usize = 64 * 1024;
/// Up to how many bytes a body is put together in memory, so that it can be copied for each attempt.
const IN_MEMORY: u64 = 1024 * 1024;

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;
type Failure = Box<dyn std::error::Error + Send + Sync>;
type OnProgress = Arc<dyn Fn(u64, Option<u64>) + Send + Sync>;

/// A file to be sent: what it holds, its name and its media type.
pub struct File {
    content: Content,
    name: Option<String>,
    media_type: String,
}

enum Content {
    Memory(Bytes),
    /// A file on disk, and how long it was when it was opened.
    Disk(PathBuf, u64),
    Stream(Chunks, Option<u64>),
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("name", &self.name)
            .field("media_type", &self.media_type)
            .field("length", &self.content.length())
            .finish_non_exhaustive()
    }
}

impl File {
    fn new(content: Content) -> Self {
        Self { content, name: None, media_type: "application/octet-stream".to_owned() }
    }

    /// A file by what is in it.
    pub fn bytes(content: impl Into<Bytes>) -> Self {
        Self::new(Content::Memory(content.into()))
    }

    /// A file on this machine, with its name. It is read as it is sent, never whole; of one that grows meanwhile, what it had.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if it cannot be read or is no regular file: a pipe would be waited for, and a device may
    /// have no end.
    pub async fn path(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let (_, length) = open(path.clone()).await.map_err(|error| unreadable(&path, error))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Self { name, ..Self::new(Content::Disk(path, length)) })
    }

    /// A file that comes from somewhere else. It can be sent once. With a length, that of the whole body may be known; what
    /// comes has to have it.
    pub fn stream<S, B, E>(content: S, length: Option<u64>) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes>,
        E: Into<Failure>,
    {
        let content = content.map(|chunk| {
            let failed = |error: E| {
                let error = Arc::<dyn std::error::Error + Send + Sync>::from(error.into());
                refuse("the stream of a file failed").caused_by(StreamFailed(error))
            };
            chunk.map(Into::into).map_err(failed)
        });
        Self::new(Content::Stream(Box::pin(content), length))
    }

    /// Sets the name that the server gets to see. Unless set, it is that of the file on this machine, or else that of the
    /// field.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the media type; `application/octet-stream` unless set.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = media_type.into();
        self
    }
}

/// Why a stream of the caller's failed.
#[derive(Debug)]
struct StreamFailed(Arc<dyn std::error::Error + Send + Sync>);

impl fmt::Display for StreamFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for StreamFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Content {
    fn length(&self) -> Option<u64> {
        match self {
            Self::Memory(bytes) => Some(length_of(bytes)),
            Self::Disk(_, length) => Some(*length),
            Self::Stream(_, length) => *length,
        }
    }
}

/// A body of `multipart/form-data`, part by part.
///
/// ```
/// use connectors_runtime::encode::{File, Multipart};
///
/// # fn main() -> Result<(), connectors_runtime::Error> {
/// let notes = File::bytes("hello").name("notes.txt").media_type("text/plain");
/// let form = Multipart::new().text("title", "Notes").json("tags", &["a", "b"])?.file("file", notes);
/// let body = form.finish()?;
/// assert!(body.is_repeatable());
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Multipart {
    parts: Vec<Part>,
    progress: Option<OnProgress>,
}

struct Part {
    field: String,
    file_name: Option<String>,
    media_type: Option<String>,
    content: Content,
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names only: a value may be a secret.
        f.debug_list().entries(self.parts.iter().map(|part| &part.field)).finish()
    }
}

impl Multipart {
    /// A body without parts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn part(mut self, field: &str, media_type: Option<&str>, content: impl Into<Bytes>) -> Self {
        let content = Content::Memory(content.into());
        let media_type = media_type.map(str::to_owned);
        self.parts.push(Part { field: field.to_owned(), file_name: None, media_type, content });
        self
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.part(name, None, value.into())
    }

    /// Adds bytes that are no file, of a media type.
    #[must_use]
    pub fn bytes(self, name: &str, media_type: &str, value: impl Into<Bytes>) -> Self {
        self.part(name, Some(media_type), value)
    }

    /// Adds a value as JSON.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if it cannot be written as JSON.
    pub fn json(self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let json =
            serde_json::to_vec(value).map_err(|error| refuse(format!("`{name}` cannot be sent as JSON: {error}")))?;
        Ok(self.part(name, Some("application/json"), json))
    }

    /// Adds a value as OpenAPI's defaults say: a scalar as text, a list as one part for each item, an object as JSON. Null
    /// is not sent.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if it cannot be written.
    pub fn value(self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let node = Node::of(value).map_err(|fault| refuse(format!("`{name}` cannot be sent: {fault}")))?;
        Ok(match node {
            Node::List(items) => items.into_iter().fold(self, |form, item| form.node(name, item)),
            other => self.node(name, other),
        })
    }

    fn node(self, name: &str, node: Node) -> Self {
        match node {
            Node::Null => self,
            Node::Text(text) | Node::Plain(text) => self.text(name, text),
            compound => self.part(name, Some("application/json"), compound.into_json()),
        }
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, name: &str, file: File) -> Self {
        let File { content, name: file_name, media_type } = file;
        let file_name = Some(file_name.unwrap_or_else(|| name.to_owned()));
        self.parts.push(Part { field: name.to_owned(), file_name, media_type: Some(media_type), content });
        self
    }

    /// Calls back with the bytes sent and the length of the body, if it is known, each time that some of it was handed to the
    /// connection. It is called where the connection is driven, so it should be quick. A retry begins at 0 again.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(u64, Option<u64>) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// The finished body, of which copies can be sent.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if a media type is none, [`Error::is_config`] if the operating system gives no
    /// randomness.
    pub fn finish(self) -> Result<MultipartBody, Error> {
        // 128 random bits for each body: no part holds them, whatever a stream is going to bring.
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|_| Error::new(Kind::Config, "the operating system gives no randomness to separate parts with"))?;
        let mut boundary = String::with_capacity(32);
        for byte in random {
            // Writing to a text cannot fail.
            let _ = write!(boundary, "{byte:02x}");
        }
        let mut pieces = Vec::with_capacity(self.parts.len() * 3 + 1);
        for part in self.parts {
            pieces.push(Piece::Bytes(part.head(&boundary)?.into()));
            pieces.push(match part.content {
                Content::Memory(bytes) => Piece::Bytes(bytes),
                Content::Disk(path, length) => Piece::Disk(path, length),
                Content::Stream(chunks, length) => Piece::Stream(part.field, Mutex::new(Some(chunks)), length),
            });
            pieces.push(Piece::Bytes(Bytes::from_static(b"\r\n")));
        }
        pieces.push(Piece::Bytes(format!("--{boundary}--\r\n").into()));
        let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
            .map_err(|_| Error::new(Kind::Config, "the boundary cannot be a header"))?;
        Ok(MultipartBody { content_type, pieces, progress: self.progress, fault: Fault::default() })
    }

    /// The content type, the body, and whether [`reqwest::Body::try_clone`] copies it: up to 1 MiB, if all of it is in
    /// memory. [`Multipart::finish`] serves retries of larger ones, and of files on disk.
    ///
    /// # Errors
    /// As [`Multipart::finish`].
    pub fn into_body(self) -> Result<(HeaderValue, reqwest::Body, bool), Error> {
        let body = self.finish()?;
        let sent = body.body()?;
        let copied = sent.as_bytes().is_some();
        Ok((body.content_type, sent, copied))
    }
}

impl Part {
    fn head(&self, boundary: &str) -> Result<String, Error> {
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"");
        escape(&mut head, &self.field);
        head.push('"');
        if let Some(name) = &self.file_name {
            head.push_str("; filename=\"");
            escape(&mut head, name);
            head.push('"');
        }
        if let Some(media_type) = &self.media_type {
            if HeaderValue::from_str(media_type).is_err() || !media_type.contains('/') {
                return Err(refuse(format!("the media type of `{}` cannot be sent", self.field)));
            }
            head.push_str("\r\nContent-Type: ");
            head.push_str(media_type);
        }
        head.push_str("\r\n\r\n");
        Ok(head)
    }
}

/// Appends a name as browsers do (HTML, section 4.10.21.8), and no control character.
fn escape(out: &mut String, name: &str) {
    for character in name.chars() {
        if character == '"' || character.is_ascii_control() {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{:02X}", u32::from(character));
        } else {
            out.push(character);
        }
    }
}

/// A body of `multipart/form-data` that can be sent; see [`Multipart::finish`].
pub struct MultipartBody {
    content_type: HeaderValue,
    pieces: Vec<Piece>,
    progress: Option<OnProgress>,
    fault: Fault,
}

impl fmt::Debug for MultipartBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultipartBody")
            .field("length", &self.length())
            .field("is_repeatable", &self.is_repeatable())
            .finish_non_exhaustive()
    }
}

/// What a body is put together of.
enum Piece {
    Bytes(Bytes),
    Disk(PathBuf, u64),
    /// The field, and its content until it is sent. The mutex also makes it `Sync`, as a body has to be.
    Stream(String, Mutex<Option<Chunks>>, Option<u64>),
}

/// A piece whose turn comes.
enum Turn {
    Bytes(Bytes),
    Disk(PathBuf, u64),
    Stream(String, Chunks, Option<u64>),
}

impl MultipartBody {
    /// The value of `Content-Type`, with the boundary.
    #[must_use]
    pub fn content_type(&self) -> &HeaderValue {
        &self.content_type
    }

    /// Its length, if all parts know theirs.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.pieces.iter().try_fold(0_u64, |total, piece| {
            let length = match piece {
                Piece::Bytes(bytes) => length_of(bytes),
                Piece::Disk(_, length) => *length,
                Piece::Stream(.., length) => (*length)?,
            };
            total.checked_add(length)
        })
    }

    /// Whether [`MultipartBody::body`] can be called again: no part is a stream.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        !self.pieces.iter().any(|piece| matches!(piece, Piece::Stream(..)))
    }

    /// The body of one attempt.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if a part is a stream, and was sent before.
    pub fn body(&self) -> Result<reqwest::Body, Error> {
        if let Some(bytes) = self.in_memory() {
            return Ok(bytes.into());
        }
        let mut turns = VecDeque::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            turns.push_back(match piece {
                Piece::Bytes(bytes) => Turn::Bytes(bytes.clone()),
                Piece::Disk(path, length) => Turn::Disk(path.clone(), *length),
                Piece::Stream(field, chunks, length) => {
                    let chunks = chunks.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let spent = || refuse(format!("`{field}` is a stream, which can be sent once"));
                    Turn::Stream(field.clone(), chunks.ok_or_else(spent)?, *length)
                }
            });
        }
        self.fault.take();
        Ok(reqwest::Body::wrap(FormBody {
            chunks: Mutex::new(Box::pin(read(turns))),
            sent: 0,
            total: self.length(),
            progress: self.progress.clone(),
            fault: self.fault.clone(),
        }))
    }

    /// What went wrong with a part while the last body was sent. HTTP/2 says of it only that the request was broken off.
    pub fn take_fault(&self) -> Option<Error> {
        self.fault.take()
    }

    /// The whole of it, if it is small and nobody wants to know how far it is.
    fn in_memory(&self) -> Option<Bytes> {
        let length = self.length().filter(|length| *length <= IN_MEMORY && self.progress.is_none())?;
        let mut whole = Vec::with_capacity(usize::try_from(length).ok()?);
        for piece in &self.pieces {
            let Piece::Bytes(bytes) = piece else { return None };
            whole.extend_from_slice(bytes);
        }
        Some(whole.into())
    }
}

fn refuse(message: impl Into<String>) -> Error {
    Error::new(Kind::Argument, message)
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    refuse(format!("`{}` cannot be read: {error}", path.display())).caused_by(error)
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Opens a regular file, and says how long it is.
async fn open(path: PathBuf) -> io::Result<(std::fs::File, u64)> {
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
    done.unwrap_or_else(|_| Err(io::Error::other("reading it was broken off")))
}

/// What is being sent, and what comes after it.
struct Reading {
    turns: VecDeque<Turn>,
    current: Option<Current>,
}

enum Current {
    Disk { file: std::fs::File, path: PathBuf, left: u64 },
    Stream { field: String, chunks: Chunks, left: Option<u64> },
}

/// Reads piece after piece; a file is opened when its turn comes.
fn read(turns: VecDeque<Turn>) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
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
    /// The next bytes; nothing at the end.
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
                None => Err(refuse(format!("the stream of `{field}` has fewer bytes than it was said to have"))),
                Some(chunk) => {
                    let longer = || refuse(format!("the stream of `{field}` has more bytes than it was said to have"));
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

/// What went wrong with a part while it was sent.
#[derive(Clone, Default)]
struct Fault(Arc<Mutex<Option<Error>>>);

impl Fault {
    fn keep(&self, error: Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A body whose length may be known before it is read.
struct FormBody {
    /// Never locked: the mutex only makes it `Sync`.
    chunks: Mutex<Chunks>,
    sent: u64,
    total: Option<u64>,
    progress: Option<OnProgress>,
    fault: Fault,
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

#[cfg(test)]
mod tests;
