//! Documents from files, within limits. Every command reads them here.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::document::{Node, Value};

use super::files::sha256;
use super::report::Result;

/// Real documents have less than a tenth of this.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// A document without changes, and with the files that its references lead to.
pub struct Document {
    pub node: Node,
    /// The hash of the text; if there are several files, the hash of their hashes.
    pub sha256: String,
    /// The ETag with which the server sent it.
    pub etag: Option<String>,
}

/// Whether references may lead to files outside of a document's folder.
static OUTSIDE: AtomicBool = AtomicBool::new(false);

/// Follows references to files outside of a document's folder from now on.
pub fn allow_outside() {
    OUTSIDE.store(true, Ordering::Relaxed);
}

/// Reads a file, and those that it refers to.
///
/// # Errors
/// If a file cannot be read, is not a document, or refers to a missing file or member.
pub fn file(path: &Path) -> Result<Document> {
    let name = path.display().to_string();
    let text = text(path)?;
    refuse_page(&name, &text)?;
    if !path.is_file() {
        // A pipe can be read only once, and has no files beside it.
        return alone(&name, &text, None);
    }
    let bundle =
        if OUTSIDE.load(Ordering::Relaxed) { Node::bundle_allowing_outside(path)? } else { Node::bundle(path)? };
    let mut sums = vec![sha256(text.as_bytes())];
    for other in bundle.files.iter().skip(1) {
        sums.push(sha256(fs::read(other)?.as_slice()));
    }
    let sum = if sums.len() == 1 { sums.swap_remove(0) } else { sha256(sums.join("\n").as_bytes()) };
    Ok(Document { node: bundle.document, sha256: sum, etag: None })
}

/// The text of a file. A folder, or a device that never ends, is an error.
fn text(path: &Path) -> Result<String> {
    let name = path.display().to_string();
    let cannot = |error: io::Error| format!("error: cannot read {name}: {error}");
    let metadata = fs::metadata(path).map_err(cannot)?;
    if metadata.is_dir() {
        let help = "name the document in it";
        return Err(format!("error: {name} is a folder, not a document\n  help: {help}").into());
    }
    if !metadata.is_file() && !is_pipe(&metadata) {
        return Err(format!("error: {name} is a device, not a document\n  help: name a file").into());
    }
    if metadata.len() > MOST_BYTES {
        return Err(too_large(&name).into());
    }
    let mut text = String::new();
    if metadata.is_file() && metadata.len() == 0 {
        // A file that the system writes while it is read (`/proc/kmsg`) has this length, and may never end.
        return Ok(text);
    }
    let file = File::open(path).map_err(cannot)?;
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(cannot)?;
    if length(text.as_bytes()) > MOST_BYTES {
        return Err(too_large(&name).into());
    }
    Ok(text)
}

#[cfg(unix)]
fn is_pipe(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    metadata.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &fs::Metadata) -> bool {
    false
}

/// A document without other files beside it.
///
/// # Errors
/// If the text is not a document, or refers to other documents.
pub fn alone(name: &str, text: &str, etag: Option<String>) -> Result<Document> {
    let node = Node::parse(name, text)?;
    refuse_parts(&node)?;
    Ok(Document { node, sha256: sha256(text.as_bytes()), etag })
}

/// Rejects a document that refers to other documents.
fn refuse_parts(node: &Node) -> Result<()> {
    let help = "download the document and the documents that it refers to into one folder, and name the file";
    refuse_references(node, "leads to another document, which is not fetched", help, |_| true)
}

/// Rejects a document with a reference to another document for which `which` is true.
///
/// # Errors
/// If there is such a reference; the error has its place.
pub fn refuse_references(node: &Node, what: &str, help: &str, which: impl Fn(&str) -> bool) -> Result<()> {
    let mut ids = BTreeSet::new();
    own_names(node, &mut ids);
    let away = |target: &str| leads_away(target, &ids) && which(target);
    let Some(reference) = elsewhere(node, true, &away) else { return Ok(()) };
    let (target, place) = (reference.as_str().unwrap_or_default(), &reference.span);
    Err(format!("error: the reference `{target}` {what}\n  --> {place}\n  help: {help}").into())
}

/// Objects whose keys are names, not keywords.
const NAMED: [&str; 14] = [
    "properties",
    "patternProperties",
    "$defs",
    "definitions",
    "dependentSchemas",
    "schemas",
    "responses",
    "parameters",
    "requestBodies",
    "headers",
    "securitySchemes",
    "links",
    "callbacks",
    "pathItems",
];
/// Keywords whose content is data: a `$ref` in it is not a reference.
const SAMPLES: [&str; 5] = ["example", "examples", "default", "const", "enum"];

/// Every `$id`: a reference to such an id stays in the document.
fn own_names<'a>(node: &'a Node, ids: &mut BTreeSet<&'a str>) {
    ids.extend(node.get("$id").and_then(Node::as_str));
    node.as_object().into_iter().flatten().for_each(|(_, child)| own_names(child, ids));
    node.as_array().into_iter().flatten().for_each(|item| own_names(item, ids));
}

/// The first reference that leads out of the document. `keywords`: whether the keys of this object are keywords.
fn elsewhere<'a>(node: &'a Node, keywords: bool, away: &dyn Fn(&str) -> bool) -> Option<&'a Node> {
    match &node.value {
        Value::Array(items) => items.iter().find_map(|item| elsewhere(item, true, away)),
        Value::Object(map) => map.iter().find_map(|(key, child)| {
            let key = key.as_str();
            if !keywords {
                return elsewhere(child, true, away);
            }
            if key == "$ref" && child.as_str().is_some_and(away) {
                return Some(child);
            }
            if key.starts_with("x-") || SAMPLES.contains(&key) {
                return None;
            }
            elsewhere(child, !NAMED.contains(&key), away)
        }),
        _ => None,
    }
}

fn leads_away(target: &str, ids: &BTreeSet<&str>) -> bool {
    let document = target.split('#').next().unwrap_or_default();
    !document.is_empty() && !ids.contains(target) && !ids.contains(document)
}

/// Rejects a web page, which many servers send if the reader has to log in.
///
/// # Errors
/// If the text begins like HTML.
pub fn refuse_page(from: &str, text: &str) -> Result<()> {
    let start: String = text.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return Err(page(from).into());
    }
    Ok(())
}

/// The error for a web page.
#[must_use]
pub fn page(from: &str) -> String {
    format!(
        "error: {from} is a web page, not an OpenAPI document\n  help: perhaps the page needs a login, or the document has moved"
    )
}

/// The error for a document that is larger than any real one.
#[must_use]
pub fn too_large(from: &str) -> String {
    format!("error: {from} is larger than {} MB, the limit for a document", MOST_BYTES / 1024 / 1024)
}

/// The number of bytes of a stream.
#[must_use]
pub fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
