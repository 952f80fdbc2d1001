//! Telling a Local FS connector what happened to files, and sending the files.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::stream;
use http::header::HeaderValue;
use http_body::{Frame, SizeHint};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, Take};

use crate::Error;
use crate::error::Kind;

use super::connector::{Connector, accepted};
use super::types::{self, LocalFsFileEvent, LocalFsFileEventBatchRequest};

/// How much of a file is read at a time.
const CHUNK: usize = 64 * 1024;

impl Connector {
    /// Tells a Local FS connector what happened to files that the server can read by itself. Never sent twice.
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no answer came.
    pub async fn submit_file_events(
        &self,
        batch: &LocalFsFileEventBatchRequest,
    ) -> Result<types::FileEventsResponse, Error> {
        let answer = self.client.api.submit_file_events(self.id.as_str(), batch).await?;
        accepted(Some(answer.success), None, "submit_file_events")?;
        Ok(answer)
    }

    /// Tells a Local FS connector what happened to files, and sends the files: for a server that cannot read them.
    ///
    /// ```no_run
    /// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
    /// let answer = ph
    ///     .connector("c1")
    ///     .upload("batch-1")
    ///     .file("reports/2026.pdf", "/home/ada/reports/2026.pdf")
    ///     .bytes("notes.txt", "written just now")
    ///     .deleted("reports/2025.pdf")
    ///     .on_progress(|progress| println!("{} of {} bytes", progress.sent, progress.total))
    ///     .send()
    ///     .await?;
    /// println!("{:?}", answer.stats);
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload(&self, batch_id: impl Into<String>) -> Upload {
        let now = now(self);
        Upload {
            connector: self.clone(),
            batch_id: batch_id.into(),
            now,
            items: Vec::new(),
            reset: None,
            progress: None,
        }
    }
}

/// Milliseconds since 1970.
fn now(connector: &Connector) -> i64 {
    let now = connector.client.transport.clock().time_of_day();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// How far an upload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadProgress {
    /// Bytes handed to the connection so far.
    pub sent: u64,
    /// Bytes in all: the files, and what stands between them.
    pub total: u64,
}

/// Told how far an upload has come.
type OnProgress = Box<dyn Fn(UploadProgress) + Send + Sync>;

/// What an event's file holds.
#[derive(Debug)]
enum Content {
    Disk(PathBuf),
    Memory(Bytes),
}

/// Files about to be sent; see [`Connector::upload`].
///
/// Files are read as they are sent, never whole, and once before that for their digest, by which the server checks them. The
/// service takes 5000 events, 100 MiB a file and 1 GiB in all.
#[must_use = "nothing is sent until it is"]
pub struct Upload {
    connector: Connector,
    batch_id: String,
    now: i64,
    items: Vec<(LocalFsFileEvent, Option<Content>)>,
    reset: Option<bool>,
    progress: Option<OnProgress>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("connector", &self.connector.id)
            .field("batch_id", &self.batch_id)
            .field("events", &self.items.len())
            .finish_non_exhaustive()
    }
}

impl Upload {
    /// A file that is new or has changed: its path below the root that is synced, and where it is on this machine.
    pub fn file(self, path: impl Into<String>, on_disk: impl Into<PathBuf>) -> Self {
        let event = self.happened("CREATED", path);
        self.event_with_file(event, on_disk)
    }

    /// A file that is new or has changed: its path below the root that is synced, and what is in it.
    pub fn bytes(self, path: impl Into<String>, content: impl Into<Bytes>) -> Self {
        let event = self.happened("CREATED", path);
        self.event_with_bytes(event, content)
    }

    /// A file that is no more: its path below the root that is synced.
    pub fn deleted(self, path: impl Into<String>) -> Self {
        let event = self.happened("DELETED", path);
        self.event(event)
    }

    /// An event that has no file to send, of any `type` that the service knows: `CREATED`, `MODIFIED`, `DELETED`,
    /// `RENAMED`, `MOVED`.
    pub fn event(mut self, event: LocalFsFileEvent) -> Self {
        self.items.push((event, None));
        self
    }

    /// An event with a file on this machine. Its `contentField`, `size` and `sha256` are set here; its `mimeType` is sent
    /// with the file.
    pub fn event_with_file(mut self, event: LocalFsFileEvent, on_disk: impl Into<PathBuf>) -> Self {
        self.items.push((event, Some(Content::Disk(on_disk.into()))));
        self
    }

    /// An event with what is in the file; otherwise as [`Upload::event_with_file`].
    pub fn event_with_bytes(mut self, event: LocalFsFileEvent, content: impl Into<Bytes>) -> Self {
        self.items.push((event, Some(Content::Memory(content.into()))));
        self
    }

    /// Has everything that the connector holds cleared before this is applied.
    pub fn reset_before_apply(mut self, reset: bool) -> Self {
        self.reset = Some(reset);
        self
    }

    /// Tells how far it has come, each time that some of it was handed to the connection. Called where the connection is
    /// driven, so it should be quick.
    pub fn on_progress(mut self, told: impl Fn(UploadProgress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Box::new(told));
        self
    }

    fn happened(&self, what: &str, path: impl Into<String>) -> LocalFsFileEvent {
        LocalFsFileEvent::new(what.to_owned(), path.into(), self.now, false)
    }

    /// Sends it: once, whatever happens. It is one attempt of a call, so that for large files the client's
    /// [`Limits::attempt`](crate::transport::Limits::attempt) and [`Limits::call`](crate::transport::Limits::call) have to
    /// be longer than the defaults.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if a file cannot be read, before anything is sent;
    /// [`Error::may_have_happened`] if no answer came.
    pub async fn send(self) -> Result<types::FileEventsResponse, Error> {
        if self.items.is_empty() {
            return Err(refuse("the upload holds nothing; nothing was sent"));
        }
        let mut form = Form::new()?;
        let mut events = Vec::with_capacity(self.items.len());
        let mut files = Vec::new();
        for (mut event, content) in self.items {
            if let Some(content) = content {
                let (length, sha256) = content.measure().await?;
                let field = format!("file_{}", files.len());
                event.content_field = Some(field.clone());
                event.size = Some(i64::try_from(length).unwrap_or(i64::MAX));
                event.sha256 = Some(sha256);
                let mime = event.mime_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
                if HeaderValue::try_from(&mime).is_err() {
                    return Err(refuse("a file's `mimeType` cannot be sent; nothing was sent"));
                }
                let name = event.path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
                files.push((field, name, mime, content, length));
            }
            events.push(event);
        }
        let manifest = LocalFsFileEventBatchRequest {
            reset_before_apply: self.reset,
            ..LocalFsFileEventBatchRequest::new(self.batch_id, events, self.now)
        };
        let manifest = serde_json::to_vec(&manifest)
            .map_err(|error| refuse("the events cannot be written as JSON; nothing was sent").caused_by(error))?;
        form.add("manifest", None, Content::Memory(manifest.into()), None);
        for (field, name, mime, content, length) in files {
            form.add(&field, Some((name.as_str(), mime.as_str())), content, Some(length));
        }
        let (content_type, body) = form.finish(self.progress);
        let Connector { client, id } = &self.connector;
        let body = reqwest::Body::wrap(body);
        let answer = client.api.upload_file_events(id.as_str(), &content_type, body).await?;
        accepted(Some(answer.success), None, "upload_file_events")?;
        Ok(answer)
    }
}

fn refuse(message: impl Into<String>) -> Error {
    Error::new(Kind::Argument, message).operation_named("upload_file_events")
}

impl Content {
    /// How long it is, and its SHA-256 in hexadecimal.
    async fn measure(&self) -> Result<(u64, String), Error> {
        match self {
            Self::Memory(bytes) => Ok((length_of(bytes), hexadecimal(&Sha256::digest(bytes)))),
            Self::Disk(path) => {
                let on_disk = path.clone();
                let read = tokio::task::spawn_blocking(move || measure(&on_disk)).await;
                let read = read.unwrap_or_else(|_| Err(io::Error::other("reading it was broken off")));
                read.map_err(|error| {
                    refuse(format!("`{}` cannot be read; nothing was sent", path.display())).caused_by(error)
                })
            }
        }
    }
}

fn measure(path: &Path) -> io::Result<(u64, String)> {
    let mut file = std::fs::File::open(path)?;
    let (mut length, mut digest, mut chunk) = (0, Sha256::new(), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok((length, hexadecimal(&digest.finalize()))),
            Ok(read) => {
                // A read is never longer than what it reads into.
                let read = chunk.get(..read).unwrap_or_default();
                digest.update(read);
                length += length_of(read);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A body of `multipart/form-data` (RFC 7578) that has not been read yet.
struct Form {
    boundary: String,
    pieces: VecDeque<Piece>,
    length: u64,
}

/// A part of a body.
enum Piece {
    Bytes(Bytes),
    /// As many bytes of a file as it had when it was measured.
    File(PathBuf, u64),
}

impl Form {
    fn new() -> Result<Self, Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| refuse("the operating system gives no randomness to send with"))?;
        Ok(Self { boundary: hexadecimal(&random), pieces: VecDeque::new(), length: 0 })
    }

    /// Adds a field; with a name and a type it is a file. What is on disk comes with its length.
    fn add(&mut self, field: &str, file: Option<(&str, &str)>, content: Content, length: Option<u64>) {
        let mut head = format!("--{}\r\nContent-Disposition: form-data; name=\"{field}\"", self.boundary);
        if let Some((name, mime)) = file {
            // As browsers do (the WHATWG's HTML, section 4.10.21.8).
            let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
            head.push_str(&format!("; filename=\"{name}\"\r\nContent-Type: {mime}"));
        }
        head.push_str("\r\n\r\n");
        self.push(head);
        match content {
            Content::Memory(bytes) => self.push(bytes),
            Content::Disk(path) => {
                let length = length.unwrap_or_default();
                self.length = self.length.saturating_add(length);
                self.pieces.push_back(Piece::File(path, length));
            }
        }
        self.push("\r\n");
    }

    fn push(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        self.length = self.length.saturating_add(length_of(&bytes));
        self.pieces.push_back(Piece::Bytes(bytes));
    }

    /// The content type, and the body.
    fn finish(mut self, progress: Option<OnProgress>) -> (String, FormBody) {
        self.push(format!("--{}--\r\n", self.boundary));
        let content_type = format!("multipart/form-data; boundary={}", self.boundary);
        let stream = Mutex::new(Box::pin(read(self.pieces)) as Chunks);
        (content_type, FormBody { stream, left: self.length, total: self.length, progress })
    }
}

/// Reads piece after piece; each file is opened when its turn comes.
fn read(pieces: VecDeque<Piece>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold((pieces, None), |(mut pieces, mut open): (VecDeque<Piece>, Option<Take<File>>)| async move {
        loop {
            if let Some(mut file) = open.take() {
                if file.limit() == 0 {
                    continue;
                }
                let most = usize::try_from(file.limit()).map_or(CHUNK, |left| left.min(CHUNK));
                let mut chunk = BytesMut::with_capacity(most);
                if file.read_buf(&mut chunk).await? == 0 {
                    let message = "a file became shorter while it was sent";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
                }
                return Ok(Some((chunk.freeze(), (pieces, Some(file)))));
            }
            match pieces.pop_front() {
                None => return Ok(None),
                Some(Piece::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Piece::Bytes(bytes)) => return Ok(Some((bytes, (pieces, None)))),
                Some(Piece::File(path, length)) => open = Some(File::open(path).await?.take(length)),
            }
        }
    })
}

type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// A body whose length is known before it is read.
struct FormBody {
    /// Never locked: a mutex only makes it `Sync`, as a body has to be.
    stream: Mutex<Chunks>,
    left: u64,
    total: u64,
    progress: Option<OnProgress>,
}

impl http_body::Body for FormBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        let stream = this.stream.get_mut().unwrap_or_else(PoisonError::into_inner);
        let chunk = match ready!(stream.as_mut().poll_next(cx)) {
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => return Poll::Ready(None),
        };
        this.left = this.left.saturating_sub(length_of(&chunk));
        if let Some(told) = &this.progress {
            told(UploadProgress { sent: this.total - this.left, total: this.total });
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
