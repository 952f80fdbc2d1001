//! What happened to somebody's files: batches of events, with the files or without.

use std::convert::Infallible;
use std::fmt;

use futures_util::FutureExt;
use futures_util::stream;
use hyper::body::Bytes;
use multer::Multipart;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::routes::{Answered, Call, ok};
use super::state::{Connector, World};

/// The operation with a shape of errors of its own.
pub(super) const UPLOAD: &str = "submitConnectorFileEventUploads";

/// What an upload may have: beyond it the server fails, and does nothing.
const LARGEST_MANIFEST: usize = 1024 * 1024;
const MOST_FILES: usize = 1000;
const LARGEST_FILE: usize = 30 * 1024 * 1024;

/// A batch of file events that a connector has taken in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Upload {
    /// The id that the client gave it, or `batch-generated`.
    pub batch_id: String,
    /// The events, as they were sent.
    pub events: Vec<Value>,
    /// The files that came with it, in the order of their parts.
    pub files: Vec<UploadedFile>,
}

/// A file that came with a batch.
#[derive(Clone)]
#[non_exhaustive]
pub struct UploadedFile {
    /// The name of its part, `file_0` and so on.
    pub field: String,
    /// The `path` of the event that names it.
    pub path: String,
    /// How many bytes it has.
    pub bytes: usize,
    content: Bytes,
}

impl UploadedFile {
    /// Its bytes.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }
}

impl fmt::Debug for UploadedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its bytes may be many.
        f.debug_struct("UploadedFile")
            .field("field", &self.field)
            .field("path", &self.path)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Events in JSON: a batch, or a bare list of events.
pub(super) fn events(world: &mut World, call: &Call<'_>) -> Answered {
    let connector = local(world, call.id())?;
    let (batch_id, events) = batch(&call.body)?;
    check(events)?;
    take_in(connector, batch_id, events, Vec::new())
}

/// Events with files.
pub(super) fn upload(world: &mut World, call: &Call<'_>) -> Answered {
    taken_in(world, call).map_err(Problem::into_detail)
}

fn taken_in(world: &mut World, call: &Call<'_>) -> Answered {
    let connector = local(world, call.id())?;
    let content_type = call.request.header("content-type").unwrap_or_default();
    let body = Bytes::copy_from_slice(&call.request.body);
    // The whole body is here, so reading it never waits.
    let parts = read(content_type, body).now_or_never();
    let parts = parts.unwrap_or_else(|| Err("it does not end".to_owned()));
    let mut parts = parts.map_err(|why| Problem::new(422, format!("not a multipart form: {why}")))?;
    let manifest = parts.iter().position(|(name, _)| name == "manifest");
    let manifest = manifest.ok_or_else(|| Problem::new(422, "missing part manifest"))?;
    let (_, manifest) = parts.remove(manifest);
    let too_much = manifest.len() > LARGEST_MANIFEST
        || parts.len() > MOST_FILES
        || parts.iter().any(|(_, content)| content.len() > LARGEST_FILE);
    if too_much {
        return Err(Problem::new(500, "the upload failed"));
    }
    let manifest: Value =
        serde_json::from_slice(&manifest).map_err(|error| Problem::new(422, format!("manifest: {error}")))?;
    let (batch_id, events) = batch(&manifest)?;
    check(events)?;
    let mut files = Vec::new();
    for (field, content) in parts {
        let event = events.iter().find(|event| event["contentField"] == field);
        let event = event.ok_or_else(|| Problem::new(422, format!("the manifest does not name {field}")))?;
        check_content(event, &content)?;
        let path = event["path"].as_str().unwrap_or_default().to_owned();
        files.push(UploadedFile { field, path, bytes: content.len(), content });
    }
    for event in events.iter().filter(|event| !is_deletion(event)) {
        let field = event["contentField"].as_str().unwrap_or_default();
        if !files.iter().any(|file| file.field == field) {
            return Err(Problem::new(422, format!("missing file part {field:?} of {}", event["path"])));
        }
    }
    take_in(connector, batch_id, events, files)
}

/// The names and contents of a form's parts, in order.
async fn read(content_type: &str, body: Bytes) -> Result<Vec<(String, Bytes)>, String> {
    let boundary = multer::parse_boundary(content_type).map_err(|error| error.to_string())?;
    let mut form = Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| error.to_string())? {
        let name = field.name().unwrap_or_default().to_owned();
        let content = field.bytes().await.map_err(|error| error.to_string())?;
        parts.push((name, content));
    }
    Ok(parts)
}

/// A connector that takes file events.
fn local<'w>(world: &'w mut World, id: &str) -> Result<&'w mut Connector, Problem> {
    let connector = world.unlocked(id)?;
    if connector.text("type") != "Local FS" {
        return Err(Problem::new(400, "only Local FS connectors take file events"));
    }
    Ok(connector)
}

/// The id and the events of a batch.
fn batch(body: &Value) -> Result<(&str, &[Value]), Problem> {
    if let Some(events) = body.as_array() {
        return Ok(("batch-generated", events.as_slice()));
    }
    let batch_id = body["batchId"].as_str().ok_or_else(|| Problem::new(422, "batchId is required"))?;
    let events = body["events"].as_array().ok_or_else(|| Problem::new(422, "events is required"))?;
    body["timestamp"].as_i64().ok_or_else(|| Problem::new(422, "timestamp is required"))?;
    Ok((batch_id, events.as_slice()))
}

fn check(events: &[Value]) -> Result<(), Problem> {
    for event in events {
        let kind = event["type"].as_str().unwrap_or_default();
        let path = event["path"].as_str().unwrap_or_default();
        if kind.is_empty() || path.is_empty() || !event["timestamp"].is_i64() || !event["isDirectory"].is_boolean() {
            return Err(Problem::new(422, "an event has type, path, timestamp and isDirectory"));
        }
        if !matches!(kind, "CREATED" | "MODIFIED" | "DELETED" | "RENAMED" | "MOVED") {
            return Err(Problem::new(400, format!("unknown type of event {kind:?}")));
        }
        if event["isDirectory"] == true {
            return Err(Problem::new(400, format!("{path:?} is a directory")));
        }
        if path.starts_with('/') || path.split(['/', '\\']).any(|part| matches!(part, "" | "." | "..")) {
            return Err(Problem::new(400, format!("{path:?} is not a path below the root")));
        }
    }
    Ok(())
}

/// Whether a file is the one that its event announces.
fn check_content(event: &Value, content: &[u8]) -> Result<(), Problem> {
    let path = &event["path"];
    if event["size"].as_u64().is_some_and(|size| usize::try_from(size) != Ok(content.len())) {
        return Err(Problem::new(400, format!("{path} has {} bytes, not {}", content.len(), event["size"])));
    }
    if let Some(announced) = event["sha256"].as_str() {
        let digest: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        if !digest.eq_ignore_ascii_case(announced) {
            return Err(Problem::new(400, format!("{path} has another digest than its event")));
        }
    }
    Ok(())
}

fn is_deletion(event: &Value) -> bool {
    event["type"] == "DELETED"
}

fn take_in(connector: &mut Connector, batch_id: &str, events: &[Value], files: Vec<UploadedFile>) -> Answered {
    let deleted = events.iter().filter(|event| is_deletion(event)).count();
    let body = json!({
        "success": true,
        "connectorId": connector.id,
        "batchId": batch_id,
        "stats": {"processed": events.len() - deleted, "deleted": deleted},
    });
    if connector.deleting.is_some() {
        // The deletion goes on all the same.
        connector.value["status"] = json!("IDLE");
    }
    connector.uploads.push(Upload { batch_id: batch_id.to_owned(), events: events.to_vec(), files });
    ok(&body)
}
