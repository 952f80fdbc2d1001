//! Telling a Local FS connector what happened to files, and sending the files.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::stream;
use http::header::HeaderValue;
use http_body::{Frame, SizeHint};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, Take};

use crate::Error;
use crate::error::Kind;

use super::connector::{Connector, accepted, said};
use super::types::{self, LocalFsFileEvent, LocalFsFileEventBatchRequest};

/// How much of a file is read at a time.
const CHUNK: usize = 64 * 1024;
/// How many events an upload can have.
const MOST_EVENTS: usize = 5000;
/// How many bytes a file can have, unless the instance was set to take another number.
const LARGEST_FILE: u64 = 100 * 1024 * 1024;
/// How many bytes all files can have together.
const LARGEST_UPLOAD: u64 = 1024 * 1024 * 1024;

impl Connector {
    /// Tells a Local FS connector what happened to files that the server can read by itself. Never sent again once it
    /// may have been carried out.
    ///
    /// ```no_run
    /// use connectors::pipeshub::types::{LocalFsFileEvent, LocalFsFileEventBatchRequest};
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let now = 1_767_225_600_000; // in milliseconds since 1970
    /// let event = LocalFsFileEvent::new("MODIFIED".to_owned(), "reports/2026.pdf".to_owned(), now, false);
    /// let batch = LocalFsFileEventBatchRequest::new("batch-1".to_owned(), vec![event], now);
    /// println!("{:?}", connector.submit_file_events(&batch).await?.stats);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no answer came.
    pub async fn submit_file_events(
        &self,
        batch: &LocalFsFileEventBatchRequest,
    ) -> Result<types::FileEventsResponse, Error> {
        let answer = self.client.api.submit_file_events(self.id.as_str(), batch).await?;
        accepted(Some(answer.success), said(&answer.extra), "submit_file_events")?;
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
            largest_file: LARGEST_FILE,
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
/// service takes 5000 events, 100 MiB a file ([`Upload::largest_file`]) and 1 GiB in all; what is more is refused before
/// anything is sent. So is what is not a regular file: a pipe, a device, a directory.
#[must_use = "nothing is sent until it is"]
pub struct Upload {
    connector: Connector,
    batch_id: String,
    now: i64,
    items: Vec<(LocalFsFileEvent, Option<Content>)>,
    largest_file: u64,
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

    /// How many bytes a file may have, for an instance that was set to take another number than 100 MiB.
    pub fn largest_file(mut self, bytes: u64) -> Self {
        self.largest_file = bytes;
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
    /// A file that changes after its digest was taken is not sent to its end, for the service would pass over it in silence;
    /// bytes added to its end are left for the next time.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if a file cannot be read or is too large, before anything is sent, or if it has changed
    /// or gone since: then the body was cut off before its end, and the service cannot have taken anything of it.
    /// [`Error::may_have_happened`] if no answer came.
    pub async fn send(self) -> Result<types::FileEventsResponse, Error> {
        if self.items.is_empty() {
            return Err(refuse("the upload holds nothing; nothing was sent"));
        }
        if self.items.len() > MOST_EVENTS {
            let message = format!("an upload can have {MOST_EVENTS} events, and this has {}", self.items.len());
            return Err(refuse(format!("{message}; nothing was sent")));
        }
        let mut form = Form::new()?;
        let mut events = Vec::with_capacity(self.items.len());
        let mut files = Vec::new();
        let mut total: u64 = 0;
        for (mut event, content) in self.items {
            if let Some(content) = content {
                let (length, sha256) = content.measure(self.largest_file).await?;
                total = total.saturating_add(length);
                if total > LARGEST_UPLOAD {
                    let message = "files can have 1 GiB together, and these have more; nothing was sent";
                    return Err(refuse(message));
                }
                let field = format!("file_{}", files.len());
                event.content_field = Some(field.clone());
                event.size = Some(i64::try_from(length).unwrap_or(i64::MAX));
                event.sha256 = Some(sha256.clone());
                let mime = event.mime_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
                if HeaderValue::try_from(&mime).is_err() {
                    return Err(refuse("a file's `mimeType` cannot be sent; nothing was sent"));
                }
                let name = event.path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
                let content = match content {
                    Content::Memory(bytes) => Piece::Bytes(bytes),
                    Content::Disk(path) => Piece::File(Measured { path, length, sha256 }),
                };
                files.push((field, name, mime, content));
            }
            events.push(event);
        }
        let manifest = LocalFsFileEventBatchRequest {
            reset_before_apply: self.reset,
            ..LocalFsFileEventBatchRequest::new(self.batch_id, events, self.now)
        };
        let manifest = serde_json::to_vec(&manifest)
            .map_err(|error| refuse("the events cannot be written as JSON; nothing was sent").caused_by(error))?;
        form.add("manifest", None, Piece::Bytes(manifest.into()));
        for (field, name, mime, content) in files {
            form.add(&field, Some((name.as_str(), mime.as_str())), content);
        }
        let fault = Fault::default();
        let (content_type, body) = form.finish(self.progress, fault.clone());
        let Connector { client, id } = &self.connector;
        let body = reqwest::Body::wrap(body);
        let answer = client.api.upload_file_events(id.as_str(), &content_type, body).await;
        let answer = answer.map_err(|error| match fault.take() {
            // The end of the body was not sent, so no doubt is left. What the server said of the beginning is its word.
            Some(fault) if error.status().is_none() => fault.with_attempts(error.attempts()),
            _ => error,
        })?;
        accepted(Some(answer.success), said(&answer.extra), "upload_file_events")?;
        Ok(answer)
    }
}

fn refuse(message: impl Into<String>) -> Error {
    Error::new(Kind::Argument, message).operation_named("upload_file_events")
}

impl Content {
    /// How long it is, and its SHA-256 in hexadecimal.
    async fn measure(&self, largest: u64) -> Result<(u64, String), Error> {
        let fit = |name: &str, length: u64| {
            if length <= largest {
                return Ok(length);
            }
            Err(refuse(format!("{name} has {length} bytes, and the service takes {largest}; nothing was sent")))
        };
        match self {
            Self::Memory(bytes) => {
                let length = fit("a file", length_of(bytes))?;
                let bytes = bytes.clone();
                let digest = tokio::task::spawn_blocking(move || hexadecimal(&Sha256::digest(&bytes))).await;
                Ok((length, digest.map_err(|_| refuse("the digest was broken off; nothing was sent"))?))
            }
            Self::Disk(path) => {
                let unreadable = |error: io::Error| {
                    refuse(format!("`{}` cannot be read: {error}; nothing was sent", path.display())).caused_by(error)
                };
                let (file, length) = open(path.clone()).await.map_err(unreadable)?;
                let length = fit(&format!("`{}`", path.display()), length)?;
                let read = tokio::task::spawn_blocking(move || digest(file, length)).await;
                let read = read.unwrap_or_else(|_| Err(io::Error::other("reading it was broken off")));
                Ok((length, read.map_err(unreadable)?))
            }
        }
    }
}

/// Opens a file, and says how long it is. Nothing else is opened: a pipe would be waited for, and a device may have no end.
async fn open(path: PathBuf) -> io::Result<(std::fs::File, u64)> {
    let opening = tokio::task::spawn_blocking(move || {
        if !std::fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let file = std::fs::File::open(&path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    });
    opening.await.unwrap_or_else(|_| Err(io::Error::other("opening it was broken off")))
}

/// The SHA-256 of this many bytes, in hexadecimal: of a file that grows, what it had.
fn digest(file: std::fs::File, length: u64) -> io::Result<String> {
    let (mut file, mut digest, mut chunk) = (file.take(length), Sha256::new(), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk) {
            Ok(0) if file.limit() > 0 => return Err(shorter()),
            Ok(0) => return Ok(hexadecimal(&digest.finalize())),
            // A read is never longer than what it reads into.
            Ok(read) => digest.update(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn shorter() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read")
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
    File(Measured),
}

/// A file as it was when it was measured.
struct Measured {
    path: PathBuf,
    length: u64,
    sha256: String,
}

impl Form {
    fn new() -> Result<Self, Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| refuse("the operating system gives no randomness to send with"))?;
        Ok(Self { boundary: hexadecimal(&random), pieces: VecDeque::new(), length: 0 })
    }

    /// Adds a field; with a name and a type it is a file.
    fn add(&mut self, field: &str, file: Option<(&str, &str)>, content: Piece) {
        let mut head = format!("--{}\r\nContent-Disposition: form-data; name=\"{field}\"", self.boundary);
        if let Some((name, mime)) = file {
            // As browsers do (the WHATWG's HTML, section 4.10.21.8).
            let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
            head.push_str(&format!("; filename=\"{name}\"\r\nContent-Type: {mime}"));
        }
        head.push_str("\r\n\r\n");
        self.write(head);
        self.push(content);
        self.write("\r\n");
    }

    fn write(&mut self, bytes: impl Into<Bytes>) {
        self.push(Piece::Bytes(bytes.into()));
    }

    fn push(&mut self, piece: Piece) {
        self.length = self.length.saturating_add(match &piece {
            Piece::Bytes(bytes) => length_of(bytes),
            Piece::File(file) => file.length,
        });
        self.pieces.push_back(piece);
    }

    /// The content type, and the body.
    fn finish(mut self, progress: Option<OnProgress>, fault: Fault) -> (String, FormBody) {
        self.write(format!("--{}--\r\n", self.boundary));
        let content_type = format!("multipart/form-data; boundary={}", self.boundary);
        let stream = Mutex::new(Box::pin(read(self.pieces)) as Chunks);
        (content_type, FormBody { stream, left: self.length, total: self.length, progress, fault })
    }
}

/// Reads piece after piece; each file is opened when its turn comes.
fn read(pieces: VecDeque<Piece>) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    stream::try_unfold((pieces, None), |(mut pieces, mut sending): (VecDeque<Piece>, Option<Sending>)| async move {
        loop {
            if let Some(mut file) = sending.take()
                && let Some(chunk) = file.chunk().await?
            {
                return Ok(Some((chunk, (pieces, Some(file)))));
            }
            match pieces.pop_front() {
                None => return Ok::<_, Error>(None),
                Some(Piece::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Piece::Bytes(bytes)) => return Ok(Some((bytes, (pieces, None)))),
                Some(Piece::File(file)) => sending = Some(Sending::begin(file).await?),
            }
        }
    })
}

/// A file that is being sent.
struct Sending {
    file: Take<tokio::fs::File>,
    measured: Measured,
    digest: Sha256,
}

impl Sending {
    async fn begin(measured: Measured) -> Result<Self, Error> {
        let (file, _) = open(measured.path.clone()).await.map_err(|error| changed(&measured.path, error))?;
        let file = tokio::fs::File::from_std(file).take(measured.length);
        Ok(Self { file, measured, digest: Sha256::new() })
    }

    /// What comes next of it; nothing after its end, if it is what was measured.
    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if self.file.limit() == 0 {
            let sent = self.digest.clone().finalize();
            if hexadecimal(&sent) == self.measured.sha256 {
                return Ok(None);
            }
            return Err(changed(&self.measured.path, io::Error::other("it was changed while it was read")));
        }
        let most = usize::try_from(self.file.limit()).map_or(CHUNK, |left| left.min(CHUNK));
        let mut chunk = BytesMut::with_capacity(most);
        match self.file.read_buf(&mut chunk).await {
            Ok(0) => Err(changed(&self.measured.path, shorter())),
            Ok(_) => {
                self.digest.update(&chunk);
                Ok(Some(chunk.freeze()))
            }
            Err(error) => Err(changed(&self.measured.path, error)),
        }
    }
}

/// A file is no longer what it was when it was measured.
fn changed(path: &Path, error: io::Error) -> Error {
    let path = path.display();
    refuse(format!("`{path}` cannot be sent: {error}; the upload was cut off, and nothing of it taken in"))
        .caused_by(error)
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// What went wrong with a file while it was sent. It is kept here because HTTP/2 tells a caller only that it was broken off.
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

/// A body whose length is known before it is read.
struct FormBody {
    /// Never locked: a mutex only makes it `Sync`, as a body has to be.
    stream: Mutex<Chunks>,
    left: u64,
    total: u64,
    progress: Option<OnProgress>,
    fault: Fault,
}

impl http_body::Body for FormBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        let stream = this.stream.get_mut().unwrap_or_else(PoisonError::into_inner);
        let chunk = match ready!(stream.as_mut().poll_next(cx)) {
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => {
                this.fault.keep(error.clone());
                return Poll::Ready(Some(Err(error)));
            }
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
