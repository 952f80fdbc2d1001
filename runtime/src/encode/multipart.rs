//! Multipart bodies: `multipart/form-data` (RFC 7578), and `multipart/mixed`, `multipart/related` (RFC 2046, RFC 2387).

mod sending;

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use http::header::{HeaderName, HeaderValue};
use serde::Serialize;

use self::sending::{Chunks, Fault, FormBody, OnProgress, Turn, length_of, open, read, refuse, unreadable};
use super::pairs::write as write_pairs;
use super::parameter::Parameter;
use super::value::{Fault as Unwritable, Node};
use crate::error::{Error, Kind};

const FORM_DATA: &str = "multipart/form-data";
const OCTETS: &str = "application/octet-stream";
/// The largest body in bytes that is built in memory, so that it can be copied for each attempt.
const IN_MEMORY: u64 = 1024 * 1024;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A file to send: its content, name and media type.
pub struct File {
    content: Content,
    name: Option<String>,
    media_type: Option<String>,
    headers: Vec<(String, String)>,
}

enum Content {
    Memory(Bytes),
    /// A file on disk, and its length when it was opened.
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
        Self { content, name: None, media_type: None, headers: Vec::new() }
    }

    /// A file with this content.
    pub fn bytes(content: impl Into<Bytes>) -> Self {
        Self::new(Content::Memory(content.into()))
    }

    /// A file on this machine, with its name. It is read while it is sent, never as a whole. If it grows meanwhile,
    /// only its original length is sent.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if it cannot be read or is not a regular file: a pipe could block, and a device
    /// may have no end.
    pub async fn path(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let (_, length) = open(path.clone()).await.map_err(|error| unreadable(&path, error))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Self { name, ..Self::new(Content::Disk(path, length)) })
    }

    /// A file from a stream. It can be sent once. The length of the body is known only if all lengths are. The stream
    /// has to have exactly this length.
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

    /// Sets the name for the server. By default it is the file's name on this machine, or else the field's name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the media type. By default it is the one in the document, or else `application/octet-stream`.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Adds a header to the file's part, such as `Content-ID`, or one that the document's `encoding` describes.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// The error of a caller's stream.
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

/// A multipart body: `multipart/form-data`, or another kind of `multipart`, part by part.
///
/// A generated client has a struct for each form that its document describes, which converts to this type. Add other
/// parts here: `Multipart::from(form).text("more", "...")`.
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
    /// The first invalid part.
    wrong: Option<Error>,
    /// Whether a part without a name is absent, after which there can be no other.
    gap: bool,
}

struct Part {
    /// The field's name; empty for a part without a name.
    field: String,
    file_name: Option<String>,
    media_type: Option<String>,
    headers: Vec<(String, String)>,
    content: Content,
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only the names: a value may be a secret.
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
        let (field, headers) = (field.to_owned(), Vec::new());
        self.parts.push(Part { field, file_name: None, media_type, headers, content });
        self
    }

    /// Adds a text part.
    #[must_use]
    pub fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.part(name, None, value.into())
    }

    /// Adds bytes with a media type that are not a file.
    #[must_use]
    pub fn bytes(self, name: &str, media_type: &str, value: impl Into<Bytes>) -> Self {
        self.part(name, Some(media_type), value)
    }

    /// Adds a value as JSON.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if it cannot be serialized as JSON.
    pub fn json(self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let json =
            serde_json::to_vec(value).map_err(|error| refuse(format!("`{name}` cannot be sent as JSON: {error}")))?;
        Ok(self.part(name, Some("application/json"), json))
    }

    /// Adds a value by OpenAPI's defaults: a scalar as text, a list as one part for each item, an object as JSON. Null
    /// is not sent.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if it cannot be serialized.
    pub fn value(self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let node = Node::of(value).map_err(|fault| refuse(format!("`{name}` cannot be sent: {fault}")))?;
        Ok(match node {
            Node::List(items) => items.into_iter().fold(self, |form, item| form.node(name, item)),
            other => self.node(name, other),
        })
    }

    /// Adds a value like [`Multipart::value`]. If it cannot be serialized, [`Multipart::finish`] fails.
    #[must_use]
    pub fn add(self, name: &str, value: &(impl Serialize + ?Sized)) -> Self {
        match Node::of(value) {
            Ok(Node::List(items)) => items.into_iter().fold(self, |form, item| form.node(name, item)),
            Ok(node) => self.node(name, node),
            Err(fault) => self.refused(name, &fault),
        }
    }

    /// Adds a value as a part with a media type: as JSON, or as text for any other media type. A list is one part for
    /// each item. If the value cannot be serialized, [`Multipart::finish`] fails.
    #[must_use]
    pub fn add_as(self, name: &str, media_type: &str, value: &(impl Serialize + ?Sized)) -> Self {
        let json = media_type.contains("json");
        let part = |form: Self, node: Node| match node {
            Node::Null => form,
            node if json => form.part(name, Some(media_type), node.into_json()),
            node => form.part(name, Some(media_type), node.into_text()),
        };
        match Node::of(value) {
            Ok(Node::List(items)) => items.into_iter().fold(self, part),
            Ok(node) => part(self, node),
            Err(fault) => self.refused(name, &fault),
        }
    }

    /// Adds a value as text, by the style of a query parameter, without percent-encoding. If it cannot be serialized,
    /// [`Multipart::finish`] fails.
    #[must_use]
    pub fn add_styled(self, rules: &Parameter, value: &(impl Serialize + ?Sized)) -> Self {
        let mut pairs = String::new();
        match write_pairs(&mut pairs, rules, rules.name(), value) {
            Ok(()) => {
                let pairs = url::form_urlencoded::parse(pairs.as_bytes());
                pairs.fold(self, |form, (name, text)| form.text(&name, text))
            }
            Err(fault) => self.refused(rules.name(), &fault),
        }
    }

    fn refused(mut self, name: &str, fault: &Unwritable) -> Self {
        self.wrong.get_or_insert_with(|| refuse(format!("`{name}` cannot be sent: {fault}")));
        self
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
    pub fn file(self, name: &str, file: File) -> Self {
        self.files(name, OCTETS, [file])
    }

    /// Adds files under one name. A file without a media type has this one.
    #[must_use]
    pub fn files(mut self, name: &str, media_type: &str, files: impl IntoIterator<Item = File>) -> Self {
        self.parts.extend(files.into_iter().map(|file| {
            let file_name = file.name.or_else(|| Some(name.to_owned()).filter(|name| !name.is_empty()));
            let media_type = Some(file.media_type.unwrap_or_else(|| media_type.to_owned()));
            Part { field: name.to_owned(), file_name, media_type, headers: file.headers, content: file.content }
        }));
        self
    }

    /// Adds a part without a name, for `multipart/mixed` and `multipart/related`, where the order of the parts matters.
    /// After an absent part, see [`Multipart::next_files`], [`Multipart::finish`] fails.
    ///
    /// ```
    /// use connectors_runtime::encode::{File, Multipart};
    ///
    /// let about = File::bytes(r#"{"title": "Notes"}"#).media_type("application/json");
    /// let notes = File::bytes("hello").media_type("text/plain").header("Content-ID", "<notes>");
    /// let body = Multipart::new().next(about).next(notes).finish_as("multipart/related")?;
    /// assert!(body.content_type().to_str().unwrap().starts_with("multipart/related; boundary="));
    /// # Ok::<(), connectors_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn next(self, part: File) -> Self {
        self.next_files(OCTETS, [part])
    }

    /// Adds parts without names. A file without a media type has this one. Without a file, the parts after it must be
    /// absent too, or [`Multipart::finish`] fails: the server knows them by their places.
    #[must_use]
    pub fn next_files(self, media_type: &str, files: impl IntoIterator<Item = File>) -> Self {
        let before = self.parts.len();
        let form = self.files("", media_type, files);
        form.in_order(before)
    }

    /// Adds a part without a name for each value: as JSON, or as text for any other media type. For no values, see
    /// [`Multipart::next_files`]. If a value cannot be serialized, [`Multipart::finish`] fails.
    ///
    /// ```
    /// use connectors_runtime::encode::Multipart;
    ///
    /// let form = Multipart::new().next_values("application/json", [&[1, 2]]).next_values("text/plain", &["a", "b"]);
    /// assert!(form.finish_as("multipart/mixed").is_ok());
    /// ```
    #[must_use]
    pub fn next_values<'v, T>(self, media_type: &str, values: impl IntoIterator<Item = &'v T>) -> Self
    where
        T: Serialize + ?Sized + 'v,
    {
        let before = self.parts.len();
        let json = media_type.contains("json");
        let form = values.into_iter().fold(self, |form, value| match Node::of(value) {
            Ok(node) => {
                let text = if json { node.into_json() } else { node.into_text() };
                form.part("", Some(media_type), text)
            }
            Err(fault) => form.refused("a part", &fault),
        });
        form.in_order(before)
    }

    /// Checks that no part was added after an absent one. `before` is the number of parts before the addition.
    fn in_order(mut self, before: usize) -> Self {
        let added = self.parts.len() > before;
        if added && self.gap {
            self.wrong.get_or_insert_with(|| {
                refuse("a part follows an absent part, and the server would read it as that part")
            });
        }
        self.gap |= !added;
        self
    }

    /// Adds a header to each part with this name, such as one that the document's `encoding` describes. Without such a
    /// part, [`Multipart::finish`] fails. For a part without a name there is [`Multipart::header_at`], and for a file
    /// [`File::header`].
    ///
    /// ```
    /// use connectors_runtime::encode::Multipart;
    ///
    /// let form = Multipart::new().text("title", "Notes").header("title", "Content-Language", "en");
    /// assert!(form.finish().is_ok());
    /// assert!(Multipart::new().header("title", "Content-Language", "en").finish().is_err());
    /// ```
    #[must_use]
    pub fn header(mut self, part: &str, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (header, mut found) = ((name.into(), value.into()), false);
        for part in self.parts.iter_mut().filter(|it| it.field == part) {
            part.headers.push(header.clone());
            found = true;
        }
        if !found {
            self.wrong
                .get_or_insert_with(|| refuse(format!("there is no part `{part}` for the header `{}`", header.0)));
        }
        self
    }

    /// Adds a header to the part at a position, counted from 0. Without such a part, [`Multipart::finish`] fails.
    ///
    /// ```
    /// use connectors_runtime::encode::Multipart;
    ///
    /// let form = Multipart::new().next_values("text/plain", &["a", "b"]).header_at(1, "Content-ID", "<b>");
    /// assert!(form.finish_as("multipart/related").is_ok());
    /// ```
    #[must_use]
    pub fn header_at(mut self, position: usize, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        match self.parts.get_mut(position) {
            Some(part) => part.headers.push((name, value.into())),
            None => {
                let wrong = || refuse(format!("there is no part at {position} for the header `{name}`"));
                self.wrong.get_or_insert_with(wrong);
            }
        }
        self
    }

    /// Calls `progress` with the number of sent bytes, and the length of the body if it is known, whenever a chunk was
    /// passed to the connection. It runs on the task of the connection, so it must not block. A retry starts at 0
    /// again.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(u64, Option<u64>) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// The finished body of `multipart/form-data`, which can be sent several times.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if a part, a media type or a header is invalid, [`Error::is_config`] if the
    /// operating system has no randomness.
    pub fn finish(self) -> Result<MultipartBody, Error> {
        self.finish_as(FORM_DATA)
    }

    /// The finished body of another media type, such as `multipart/mixed`.
    ///
    /// # Errors
    /// The errors of [`Multipart::finish`].
    pub fn finish_as(self, media_type: &str) -> Result<MultipartBody, Error> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        // 128 random bits for each body: no part contains them, whatever a stream sends later.
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|_| Error::new(Kind::Config, "the operating system returned no random bytes for the boundary"))?;
        let mut boundary = String::with_capacity(32);
        for byte in random {
            // Writing to a `String` cannot fail.
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
        let content_type = HeaderValue::try_from(format!("{media_type}; boundary={boundary}"))
            .map_err(|_| refuse("the media type of the body is not a header value"))?;
        Ok(MultipartBody { content_type, pieces, progress: self.progress, fault: Fault::default() })
    }
}

impl Part {
    fn head(&self, boundary: &str) -> Result<String, Error> {
        let mut head = format!("--{boundary}");
        if !self.field.is_empty() {
            head.push_str("\r\nContent-Disposition: form-data; name=\"");
            escape(&mut head, &self.field);
            head.push('"');
        } else if self.file_name.is_some() {
            head.push_str("\r\nContent-Disposition: attachment");
        }
        if let Some(name) = &self.file_name {
            head.push_str("; filename=\"");
            escape(&mut head, name);
            head.push('"');
        }
        if let Some(media_type) = &self.media_type {
            if HeaderValue::from_str(media_type).is_err() || !media_type.contains('/') {
                return Err(refuse(format!("the media type of `{}` cannot be sent", self.field)));
            }
            let lower = media_type.to_ascii_lowercase();
            if lower.trim_start().starts_with("multipart/") && !lower.contains("boundary=") {
                let field = &self.field;
                let message = format!("`{field}` has parts of its own: set its media type with their boundary");
                return Err(refuse(message));
            }
            head.push_str("\r\nContent-Type: ");
            head.push_str(media_type);
        }
        for (name, value) in &self.headers {
            if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(value).is_err() {
                return Err(refuse(format!("a header of `{}` cannot be sent", self.field)));
            }
            // Writing to a `String` cannot fail.
            let _ = write!(head, "\r\n{name}: {value}");
        }
        head.push_str("\r\n\r\n");
        Ok(head)
    }
}

/// Appends a name as browsers do (HTML, section 4.10.21.8), and escapes all control characters.
fn escape(out: &mut String, name: &str) {
    for character in name.chars() {
        if character == '"' || character.is_ascii_control() {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{:02X}", u32::from(character));
        } else {
            out.push(character);
        }
    }
}

/// A multipart body that can be sent; see [`Multipart::finish`].
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

/// A piece of a body.
enum Piece {
    Bytes(Bytes),
    Disk(PathBuf, u64),
    /// The field, and its content until it is sent. The mutex also makes it `Sync`, which a body has to be.
    Stream(String, Mutex<Option<Chunks>>, Option<u64>),
}

impl MultipartBody {
    /// The value of `Content-Type`, with the boundary.
    #[must_use]
    pub fn content_type(&self) -> &HeaderValue {
        &self.content_type
    }

    /// The length, if the lengths of all parts are known.
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
    /// [`Error::is_invalid_argument`] if a part is a stream that was sent before.
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

    /// The error of a part while the last body was sent. HTTP/2 reports only that the request was cancelled.
    pub fn take_fault(&self) -> Option<Error> {
        self.fault.take()
    }

    /// The whole body, if it is small and there is no `on_progress`.
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

#[cfg(test)]
mod tests;
