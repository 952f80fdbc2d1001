//! Reporting file events to a Local FS connector, and uploading files to it.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use connectors_runtime::encode::{File, Multipart};
use connectors_runtime::{Error, Kind, Sending as Sent};
use futures_core::Stream;
use futures_util::stream;
use http::header::HeaderValue;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, Take};

use super::connector::Connector;
use super::said::accepted;
use super::types::{self, LocalFsFileEvent, LocalFsFileEventBatchRequest};

/// The number of bytes of a file that are read at a time.
const CHUNK: usize = 64 * 1024;
/// The maximum number of events in a request.
const MOST_EVENTS: usize = 5000;
/// The maximum number of files in a request.
const MOST_FILES: usize = 1000;
/// The maximum number of bytes of a file, unless the instance has another limit.
const LARGEST_FILE: u64 = 30 * 1024 * 1024;
/// The maximum number of bytes of all files in a request.
const LARGEST_REQUEST: u64 = 1024 * 1024 * 1024;
/// The maximum number of bytes of a request's manifest, without the part around its events.
const LARGEST_MANIFEST: u64 = 1024 * 1024 - 4096;
/// The maximum number of bytes of a batch id, which is part of the manifest.
const LONGEST_ID: usize = 1024;

impl Connector {
    /// Reports file events to a Local FS connector whose server can read the files itself. Not retried once the server
    /// may have processed it.
    ///
    /// ```no_run
    /// use connectors::pipeshub::types::{LocalFsFileEvent, LocalFsFileEventBatchRequest};
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let now = 1_767_225_600_000; // in milliseconds since 1970
    /// let event = LocalFsFileEvent::new(false, "reports/2026.pdf".to_owned(), now, "MODIFIED".to_owned());
    /// let batch = LocalFsFileEventBatchRequest::new("batch-1".to_owned(), vec![event], now);
    /// println!("{:?}", connector.submit_file_events(&batch).await?.stats);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no response arrived.
    pub async fn submit_file_events(
        &self,
        batch: &LocalFsFileEventBatchRequest,
    ) -> Result<types::FileEventsResponse, Error> {
        Ok(accepted(self.client.api.control().submit_file_events(&self.id, batch).send().await?)?.0)
    }

    /// Reports file events to a Local FS connector, and uploads the files: for a server that cannot read them itself.
    ///
    /// ```no_run
    /// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
    /// let uploaded = ph
    ///     .connector("c1")
    ///     .upload("batch-1")
    ///     .file("reports/2026.pdf", "/home/ada/reports/2026.pdf")
    ///     .bytes("notes.txt", "written just now")
    ///     .deleted("reports/2025.pdf")
    ///     .on_progress(|progress| println!("{} of {} bytes", progress.sent, progress.total))
    ///     .await?;
    /// println!("{} accepted, {} removed", uploaded.processed(), uploaded.deleted());
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
    let now = connector.client.core.clock().time_of_day();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The progress of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadProgress {
    /// Bytes of this request that were passed to the connection so far.
    pub sent: u64,
    /// Total bytes of this request: the files and the parts around them.
    pub total: u64,
    /// The number of this request, from 1.
    pub request: usize,
    /// The number of requests; most uploads have one.
    pub requests: usize,
}

/// The callback for an upload's progress.
type OnProgress = Arc<dyn Fn(UploadProgress) + Send + Sync>;

/// The source of the content of an event's file.
#[derive(Debug)]
enum Content {
    Disk(PathBuf),
    Memory(Bytes),
}

/// An upload; see [`Connector::upload`]. `.await` sends it.
///
/// Files are streamed, never held in memory as a whole. Each file is read once more before that, for the digest that
/// the server checks.
///
/// # Limits
/// A request can have 1,000 files, 5,000 events, 1 MiB of manifest and 1 GiB of files. An upload with more is sent as
/// several requests, one after the other, with the ids `{id}-1`, `{id}-2` and so on; only the first has
/// `reset_before_apply`. A file can have 30 MiB, unless [`Upload::largest_file`] sets another limit. These are rejected
/// before anything is sent: a larger file, anything that is not a regular file (a pipe, a device, a directory), and a
/// path that the server does not accept (absolute, or with an empty segment, `.` or `..`).
///
/// # How it is sent
/// A request is not retried once it may have arrived. For large files, set the client's
/// [`Limits::attempt`](crate::Limits::attempt) and [`Limits::call`](crate::Limits::call) to more than the defaults.
///
/// The transfer is aborted if a file changes after its digest was computed, because the server would skip the file
/// without an error. Bytes that are appended to a file are left for the next upload.
///
/// # Errors
/// [`Error::is_invalid_argument`] if a file cannot be read or is too large, before anything is sent; or if it has
/// changed or was removed since: then the body was aborted, and the server cannot have accepted any of it.
/// [`Error::may_have_happened`] if no response arrived. [`Error::is_partial`] if earlier requests of the upload were
/// accepted.
#[must_use = "nothing is sent until it is awaited"]
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

/// The result of an [`Upload`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Uploaded {
    responses: Vec<types::FileEventsResponse>,
}

impl Uploaded {
    /// The server's responses, one for each request, in order.
    #[must_use]
    pub fn responses(&self) -> &[types::FileEventsResponse] {
        &self.responses
    }

    /// How many events were applied, except deletions. The server skips events that do not fit, without an error.
    #[must_use]
    pub fn processed(&self) -> i128 {
        self.responses.iter().filter_map(|response| response.stats.processed).fold(0, i128::saturating_add)
    }

    /// How many files were deleted on the server.
    #[must_use]
    pub fn deleted(&self) -> i128 {
        self.responses.iter().filter_map(|response| response.stats.deleted).fold(0, i128::saturating_add)
    }
}

impl Upload {
    /// Adds a new or changed file: its path below the connector's root, and its path on this machine.
    pub fn file(self, path: impl Into<String>, on_disk: impl Into<PathBuf>) -> Self {
        let event = self.happened("CREATED", path);
        self.event_with_file(event, on_disk)
    }

    /// Adds a new or changed file: its path below the connector's root, and its content.
    pub fn bytes(self, path: impl Into<String>, content: impl Into<Bytes>) -> Self {
        let event = self.happened("CREATED", path);
        self.event_with_bytes(event, content)
    }

    /// Adds the deletion of a file: its path below the connector's root.
    pub fn deleted(self, path: impl Into<String>) -> Self {
        let event = self.happened("DELETED", path);
        self.event(event)
    }

    /// Adds an event without a file, of any `type` that the service knows: `CREATED`, `MODIFIED`, `DELETED`, `RENAMED`,
    /// `MOVED`.
    pub fn event(mut self, event: LocalFsFileEvent) -> Self {
        self.items.push((event, None));
        self
    }

    /// Adds an event with a file on this machine. This method sets `contentField`, `size` and `sha256`; the `mimeType`
    /// is sent with the file.
    pub fn event_with_file(mut self, event: LocalFsFileEvent, on_disk: impl Into<PathBuf>) -> Self {
        self.items.push((event, Some(Content::Disk(on_disk.into()))));
        self
    }

    /// Adds an event with the content of its file; otherwise as [`Upload::event_with_file`].
    pub fn event_with_bytes(mut self, event: LocalFsFileEvent, content: impl Into<Bytes>) -> Self {
        self.items.push((event, Some(Content::Memory(content.into()))));
        self
    }

    /// Sets whether the server deletes all records of the connector before it applies this upload.
    pub fn reset_before_apply(mut self, reset: impl Into<Option<bool>>) -> Self {
        self.reset = reset.into();
        self
    }

    /// Sets the largest size of a file in bytes, for an instance with a limit other than 30 MiB.
    pub fn largest_file(mut self, bytes: u64) -> Self {
        self.largest_file = bytes;
        self
    }

    /// Sets a callback for the progress. It is called each time that bytes were passed to the connection, on the task
    /// that drives the connection, so it must not block.
    pub fn on_progress(mut self, progress: impl Fn(UploadProgress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    fn happened(&self, what: &str, path: impl Into<String>) -> LocalFsFileEvent {
        LocalFsFileEvent::new(false, path.into(), self.now, what.to_owned())
    }

    async fn send(self) -> Result<Uploaded, Error> {
        let Self { connector, batch_id, now, items, largest_file, reset, progress } = self;
        if items.is_empty() {
            return Err(refuse("the upload is empty; nothing was sent"));
        }
        if batch_id.len() > LONGEST_ID {
            return Err(refuse(format!("the id of a batch can have {LONGEST_ID} bytes; nothing was sent")));
        }
        let mut batches = vec![Batch::default()];
        for (event, content) in items {
            check_path(&event.path)?;
            event.old_path.as_deref().map_or(Ok(()), check_path)?;
            let file = match content {
                Some(content) => Some(content.measure(largest_file).await?),
                None => None,
            };
            let item = Item::new(event, file)?;
            // There is always at least one request.
            let fits = batches.last().is_some_and(|batch| batch.fits(&item));
            if !fits {
                batches.push(Batch::default());
            }
            if let Some(batch) = batches.last_mut() {
                batch.push(item);
            }
        }
        let requests = batches.len();
        let mut responses = Vec::with_capacity(requests);
        for (index, batch) in batches.into_iter().enumerate() {
            let request = index + 1;
            let id = if requests == 1 { batch_id.clone() } else { format!("{batch_id}-{request}") };
            let manifest = LocalFsFileEventBatchRequest {
                reset_before_apply: reset.filter(|_| index == 0),
                ..LocalFsFileEventBatchRequest::new(id, Vec::new(), now)
            };
            let watch = progress.clone().map(|progress| {
                move |sent, total: Option<u64>| {
                    progress(UploadProgress { sent, total: total.unwrap_or(sent), request, requests });
                }
            });
            let sent = batch.send(&connector, manifest, watch).await;
            responses.push(sent.map_err(|error| {
                if index == 0 {
                    return error;
                }
                error
                    .in_context(&format!("request {request} of {requests} failed; earlier ones were accepted"))
                    .partly_done()
            })?);
        }
        Ok(Uploaded { responses })
    }
}

impl IntoFuture for Upload {
    type Output = Result<Uploaded, Error>;
    type IntoFuture = Sent<Uploaded>;

    fn into_future(self) -> Self::IntoFuture {
        Sent::new(self.send())
    }
}

/// An event, and its file with length and digest.
struct Item {
    event: LocalFsFileEvent,
    file: Option<Measured>,
    /// Bytes of the event in the manifest.
    length: u64,
}

impl Item {
    fn new(mut event: LocalFsFileEvent, file: Option<Measured>) -> Result<Self, Error> {
        if let Some(file) = &file {
            // The longest name that the part can get.
            event.content_field = Some(field(MOST_FILES - 1));
            event.size = Some(i64::try_from(file.length).unwrap_or(i64::MAX));
            event.sha256 = Some(file.sha256.clone());
            if HeaderValue::try_from(media_type(&event)).is_err() {
                return Err(refuse("a file's `mimeType` cannot be sent; nothing was sent"));
            }
        }
        let json = serde_json::to_vec(&event)
            .map_err(|error| refuse("an event cannot be written as JSON; nothing was sent").caused_by(error))?;
        let length = length_of(&json).saturating_add(1);
        if length > LARGEST_MANIFEST {
            return Err(refuse("an event is larger than the server's limit of 1 MiB; nothing was sent"));
        }
        Ok(Self { event, file, length })
    }
}

fn field(number: usize) -> String {
    format!("file_{number}")
}

fn media_type(event: &LocalFsFileEvent) -> &str {
    event.mime_type.as_deref().unwrap_or("application/octet-stream")
}

/// The events of one request.
#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    files: usize,
    bytes: u64,
    manifest: u64,
}

impl Batch {
    fn fits(&self, item: &Item) -> bool {
        let files = self.files + usize::from(item.file.is_some());
        let bytes = self.bytes.saturating_add(item.file.as_ref().map_or(0, |file| file.length));
        self.items.is_empty()
            || (self.items.len() < MOST_EVENTS
                && files <= MOST_FILES
                && bytes <= LARGEST_REQUEST
                && self.manifest.saturating_add(item.length) <= LARGEST_MANIFEST)
    }

    fn push(&mut self, item: Item) {
        self.files += usize::from(item.file.is_some());
        self.bytes = self.bytes.saturating_add(item.file.as_ref().map_or(0, |file| file.length));
        self.manifest = self.manifest.saturating_add(item.length);
        self.items.push(item);
    }

    async fn send(
        self,
        connector: &Connector,
        mut manifest: LocalFsFileEventBatchRequest,
        progress: Option<impl Fn(u64, Option<u64>) + Send + Sync + 'static>,
    ) -> Result<types::FileEventsResponse, Error> {
        let fault = Fault::default();
        let mut files = Vec::with_capacity(self.files);
        for Item { mut event, file, .. } in self.items {
            if let Some(file) = file {
                let field = field(files.len());
                event.content_field = Some(field.clone());
                let name = event.path.rsplit(['/', '\\']).next().unwrap_or_default();
                files.push((field, file.part(&fault).name(name).media_type(media_type(&event))));
            }
            manifest.events.push(event);
        }
        let manifest = serde_json::to_string(&manifest)
            .map_err(|error| refuse("the events cannot be written as JSON").caused_by(error))?;
        let mut form = Multipart::new().text("manifest", manifest);
        for (field, file) in files {
            form = form.file(&field, file);
        }
        if let Some(progress) = progress {
            form = form.on_progress(progress);
        }
        let Connector { client, id } = connector;
        let sent = client.api.control().upload_file_events(id, form).send().await;
        let response = sent.map_err(|error| match fault.take() {
            // The end of the body was not sent, so it is certain that nothing was accepted. The server's response to
            // the beginning is kept.
            Some(fault) if error.status().is_none() => fault.with_attempts(error.attempts()),
            _ => error,
        })?;
        Ok(accepted(response)?.0)
    }
}

fn refuse(message: impl Into<String>) -> Error {
    Error::new(Kind::Argument, message).operation_named("upload_file_events")
}

/// Rejects a path that the server would reject.
fn check_path(path: &str) -> Result<(), Error> {
    if path.split(['/', '\\']).any(|segment| matches!(segment, "" | "." | "..")) {
        let message = "a path must be relative to the root that is synced, without empty segments, `.` and `..`";
        return Err(refuse(format!("{message}: {path:?}; nothing was sent")));
    }
    Ok(())
}

impl Content {
    /// Records its length, and its SHA-256 in hexadecimal.
    async fn measure(self, largest: u64) -> Result<Measured, Error> {
        let fit = |name: &str, length: u64| {
            if length <= largest {
                return Ok(length);
            }
            Err(refuse(format!("{name} has {length} bytes, but the service accepts only {largest}; nothing was sent")))
        };
        let (length, sha256) = match &self {
            Self::Memory(bytes) => {
                let length = fit("a file", length_of(bytes))?;
                let bytes = bytes.clone();
                let digest = tokio::task::spawn_blocking(move || hexadecimal(&Sha256::digest(&bytes))).await;
                (length, digest.map_err(|_| refuse("computing the digest was aborted; nothing was sent"))?)
            }
            Self::Disk(path) => {
                let unreadable = |error: io::Error| {
                    refuse(format!("`{}` cannot be read: {error}; nothing was sent", path.display())).caused_by(error)
                };
                let (file, length) = open(path.clone()).await.map_err(unreadable)?;
                let length = fit(&format!("`{}`", path.display()), length)?;
                let read = tokio::task::spawn_blocking(move || digest(file, length)).await;
                let read = read.unwrap_or_else(|_| Err(io::Error::other("reading it was aborted")));
                (length, read.map_err(unreadable)?)
            }
        };
        Ok(Measured { content: self, length, sha256 })
    }
}

/// Opens a regular file, and returns its length. Nothing else is opened: a pipe would block, and a device may have no
/// end.
async fn open(path: PathBuf) -> io::Result<(std::fs::File, u64)> {
    let opening = tokio::task::spawn_blocking(move || {
        if !std::fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let file = std::fs::File::open(&path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    });
    opening.await.unwrap_or_else(|_| Err(io::Error::other("opening it was aborted")))
}

/// The SHA-256 of this many bytes, in hexadecimal. For a file that grows, these are its earlier bytes.
fn digest(file: std::fs::File, length: u64) -> io::Result<String> {
    let (mut file, mut digest, mut chunk) = (file.take(length), Sha256::new(), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk) {
            Ok(0) if file.limit() > 0 => return Err(shorter()),
            Ok(0) => return Ok(hexadecimal(&digest.finalize())),
            // A read never returns more bytes than its buffer has.
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

/// The state of a file when its digest was computed.
struct Measured {
    content: Content,
    length: u64,
    sha256: String,
}

impl Measured {
    /// The part of a body for this file. An error while it is sent is stored in `fault`.
    fn part(self, fault: &Fault) -> File {
        let Self { content, length, sha256 } = self;
        match content {
            Content::Memory(bytes) => File::bytes(bytes),
            Content::Disk(path) => {
                let fault = fault.clone();
                File::stream(read(OnDisk { path, length, sha256 }, fault), Some(length))
            }
        }
    }
}

/// The state of a file on disk when its digest was computed.
struct OnDisk {
    path: PathBuf,
    length: u64,
    sha256: String,
}

/// A file that is opened when its part of the body is sent.
fn read(file: OnDisk, fault: Fault) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    enum State {
        Before(OnDisk),
        Open(Box<Sending>),
    }
    stream::try_unfold(State::Before(file), move |state| {
        let fault = fault.clone();
        async move {
            let read = async {
                let mut sending = match state {
                    State::Before(file) => Box::new(Sending::begin(file).await?),
                    State::Open(sending) => sending,
                };
                let chunk = sending.chunk().await?;
                Ok(chunk.map(|chunk| (chunk, State::Open(sending))))
            };
            read.await.inspect_err(|error: &Error| fault.keep(error.clone()))
        }
    })
}

/// A file that is being sent.
struct Sending {
    file: Take<tokio::fs::File>,
    measured: OnDisk,
    digest: Sha256,
}

impl Sending {
    async fn begin(measured: OnDisk) -> Result<Self, Error> {
        let (file, _) = open(measured.path.clone()).await.map_err(|error| changed(&measured.path, error))?;
        let file = tokio::fs::File::from_std(file).take(measured.length);
        Ok(Self { file, measured, digest: Sha256::new() })
    }

    /// The next bytes of the file; `None` at its end, if the content matches the digest.
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

/// The error for a file that has changed since its digest was computed.
fn changed(path: &Path, error: io::Error) -> Error {
    let path = path.display();
    refuse(format!("`{path}` cannot be sent: {error}; the request was aborted, and no part of it was accepted"))
        .caused_by(error)
}

/// The error of a file while it was sent. It is stored here because HTTP/2 reports only that the request was aborted.
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
