//! File events: batches of events, with files or without.

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::call::{Answered, Call, ok};
use super::problem::Problem;
use super::state::{Connector, World};
use super::upload::{Upload, UploadedFile};
use connectors_mock::forms;

/// The limits of an upload. Beyond them the server fails and changes nothing.
const LARGEST_MANIFEST: usize = 1024 * 1024;
const MOST_FILES: usize = 1000;
const LARGEST_FILE: usize = 30 * 1024 * 1024;

/// Events in JSON: a batch, or a bare list of events. If the service behind the gateway rejects a request, the client
/// gets a 400 with the service's JSON in the message.
pub(super) fn events(world: &mut World, call: &Call<'_>) -> Answered {
    let connector = local(world, call.id())?;
    let places = ["sync", "sync/values", "sync/customValues"];
    let root = places.iter().find_map(|place| connector.value.pointer(&format!("/config/{place}/sync_root_path")));
    if root.and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(Problem::new(400, "sync_root_path is not configured"));
    }
    let unprocessable = |field: &str| {
        let message = json!([{"type": "missing", "loc": ["body", field], "msg": "Field required"}]).to_string();
        Problem::new(400, message)
    };
    if !call.body.is_array() {
        for field in ["batchId", "events", "timestamp"] {
            if call.body[field].is_null() {
                return Err(unprocessable(field));
            }
        }
    }
    let batch = Batch::of(&call.body).ok_or_else(|| unprocessable("events"))?;
    for event in batch.events {
        for field in ["type", "path", "timestamp", "isDirectory"] {
            if event[field].is_null() {
                return Err(unprocessable(field));
            }
        }
        check_path(event)?;
        if !is_known(event) {
            return Err(Problem::new(400, format!("unknown type of event {}", event["type"])));
        }
    }
    take_in(connector, &batch, batch.events.iter().collect(), Vec::new())
}

/// Events with files.
pub(super) fn upload(world: &mut World, call: &Call<'_>) -> Answered {
    taken_in(world, call).map_err(Problem::into_detail)
}

fn taken_in(world: &mut World, call: &Call<'_>) -> Answered {
    let connector = local(world, call.id())?;
    let content_type = call.request.header("content-type").unwrap_or_default();
    let body = Bytes::copy_from_slice(&call.request.body);
    let not_a_form = |why: String| Problem::new(422, format!("not a multipart form: {why}"));
    let parts = match forms::is_multipart(content_type) {
        true => forms::parts(content_type, body).map_err(not_a_form)?,
        false => return Err(not_a_form("it has another media type".to_owned())),
    };
    let mut parts: Vec<(String, Bytes)> = parts.into_iter().map(|part| (part.name, part.content)).collect();
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
    let batch = Batch::of(&manifest).ok_or_else(|| Problem::new(422, "the manifest has no events"))?;
    for event in batch.events {
        check_path(event)?;
    }
    let mut files = Vec::new();
    let mut fitting = Vec::new();
    for event in batch.events.iter().filter(|event| is_known(event) && event["isDirectory"] != true) {
        if is_deletion(event) {
            fitting.push(event);
            continue;
        }
        let field = event["contentField"].as_str().unwrap_or_default();
        let content = parts.iter().find(|(name, _)| name == field).map(|(_, content)| content);
        let renamed = event["oldPath"].is_string() && field.is_empty();
        if let Some(content) = content.filter(|content| is_content_of(event, content)) {
            let path = event["path"].as_str().unwrap_or_default().to_owned();
            let file = UploadedFile { field: field.to_owned(), path, bytes: content.len(), content: content.clone() };
            files.push(file);
            fitting.push(event);
        } else if renamed {
            fitting.push(event);
        }
    }
    // Files that do not fit are skipped without an error.
    take_in(connector, &batch, fitting, files)
}

/// A connector that accepts file events.
fn local<'w>(world: &'w mut World, id: &str) -> Result<&'w mut Connector, Problem> {
    let connector = world.unlocked(id)?;
    if connector.text("type") != "Local FS" {
        return Err(Problem::new(400, "only Local FS connectors take file events"));
    }
    Ok(connector)
}

struct Batch<'b> {
    id: &'b str,
    events: &'b [Value],
    /// Whether the earlier files are removed first.
    reset: bool,
}

impl<'b> Batch<'b> {
    /// A batch, a bare list of events, or either within an object.
    fn of(body: &'b Value) -> Option<Batch<'b>> {
        if let Some(events) = body.as_array() {
            return Some(Batch { id: UNNAMED, events, reset: false });
        }
        if let Some(events) = body["events"].as_array() {
            let id = body["batchId"].as_str().unwrap_or(UNNAMED);
            return Some(Batch { id, events, reset: body["resetBeforeApply"] == true });
        }
        let members = body.as_object()?.values();
        members.filter(|member| member["events"].is_array()).find_map(Batch::of)
    }
}

/// The id of a batch that has none.
const UNNAMED: &str = "batch-generated";

fn is_known(event: &Value) -> bool {
    matches!(event["type"].as_str(), Some("CREATED" | "MODIFIED" | "DELETED" | "RENAMED" | "MOVED"))
}

fn check_path(event: &Value) -> Result<(), Problem> {
    let path = event["path"].as_str().unwrap_or_default();
    if path.is_empty() || path.split(['/', '\\']).any(|part| matches!(part, "" | "." | "..")) {
        return Err(Problem::new(400, format!("{path:?} is not a path below the root")));
    }
    Ok(())
}

/// Whether a file matches its event.
fn is_content_of(event: &Value, content: &[u8]) -> bool {
    let size = event["size"].as_u64().is_none_or(|size| usize::try_from(size) == Ok(content.len()));
    let digest = || -> String { Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect() };
    size && event["sha256"].as_str().is_none_or(|announced| digest().eq_ignore_ascii_case(announced))
}

fn is_deletion(event: &Value) -> bool {
    event["type"] == "DELETED"
}

fn take_in(connector: &mut Connector, batch: &Batch<'_>, events: Vec<&Value>, files: Vec<UploadedFile>) -> Answered {
    let mut deleted = if batch.reset { std::mem::take(&mut connector.paths).len() } else { 0 };
    let mut processed = 0;
    for event in events {
        let path = event["path"].as_str().unwrap_or_default();
        if is_deletion(event) {
            connector.paths.remove(path);
            deleted += 1;
            continue;
        }
        if let Some(old) = event["oldPath"].as_str().filter(|_| event["type"] == "RENAMED") {
            connector.paths.remove(old);
            deleted += 1;
        }
        connector.paths.insert(path.to_owned());
        processed += 1;
    }
    let body = json!({
        "success": true,
        "connectorId": connector.id,
        "batchId": batch.id,
        "stats": {"processed": processed, "deleted": deleted},
    });
    if connector.deleting.is_some() {
        // The deletion still continues.
        connector.value["status"] = json!("IDLE");
    }
    connector.uploads.push(Upload { batch_id: batch.id.to_owned(), events: batch.events.to_vec(), files });
    ok(&body)
}
