//! Documents: from files, or from where they are published, within limits. Every command reads them here.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use connectors_codegen::{Node, Value};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url, Version, header};
use sha2::{Digest, Sha256};

use crate::{Result, progress};

/// No document is a tenth of this.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
const MOST_TIME: Duration = Duration::from_secs(60);
const MOST_REDIRECTS: usize = 5;

/// A document as it came, with what its references find in files beside it.
pub(crate) struct Document {
    pub(crate) node: Node,
    /// Of the text; of the hashes of all its files, if there are several.
    pub(crate) sha256: String,
    /// The version that the server calls it by.
    pub(crate) etag: Option<String>,
}

/// Whether this is a URL rather than the name of a file.
pub(crate) fn is_url(from: &str) -> bool {
    from.starts_with("https://") || from.starts_with("http://")
}

/// Whether references may lead to files outside of a document's folder.
static OUTSIDE: AtomicBool = AtomicBool::new(false);

/// Follows references to files outside of a document's folder from now on.
pub(crate) fn allow_outside() {
    OUTSIDE.store(true, Ordering::Relaxed);
}

/// Reads a file or fetches a URL; `None` if what is published is still what `etag` names.
pub(crate) fn read(from: &str, etag: Option<&str>) -> Result<Option<Document>> {
    if is_url(from) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(download(from, etag));
    }
    if let Some((scheme, _)) = from.split_once("://") {
        return Err(format!("error: `{scheme}://` is not a way to fetch a document\n  help: https, or a file").into());
    }
    let document = file(Path::new(from))?;
    let help = "what is vendored has to be whole: put the file there, or fix the reference";
    refuse_references(&document.node, "leads to a file that is not there, or lacks what it names", help, |target| {
        !target.contains("://")
    })?;
    Ok(Some(document))
}

/// Reads a file, and those that it refers to.
pub(crate) fn file(path: &Path) -> Result<Document> {
    let name = path.display().to_string();
    let text = text(path)?;
    refuse_page(&name, &text)?;
    if !path.is_file() {
        // A pipe is read once, and nothing is beside it.
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

/// The text of a file: not of a folder, not of a device that never ends.
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
        // Files that are made as they are read (`/proc/kmsg`) say so, and may never end.
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

/// A document that came without anything beside it.
fn alone(name: &str, text: &str, etag: Option<String>) -> Result<Document> {
    let node = Node::parse(name, text)?;
    refuse_parts(&node)?;
    Ok(Document { node, sha256: sha256(text.as_bytes()), etag })
}

/// Refuses a document that refers to others, where there are none.
fn refuse_parts(node: &Node) -> Result<()> {
    let help = "download the document and those it refers to into one folder, and name the file";
    refuse_references(node, "leads to another document, which is not fetched", help, |_| true)
}

/// Refuses a document with a reference that leads out of it and is one of these.
fn refuse_references(node: &Node, what: &str, help: &str, which: impl Fn(&str) -> bool) -> Result<()> {
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
/// What holds values: a `$ref` in it is only an example of one.
const SAMPLES: [&str; 5] = ["example", "examples", "default", "const", "enum"];

/// Every `$id`: what goes by such a name is in the document.
fn own_names<'a>(node: &'a Node, ids: &mut BTreeSet<&'a str>) {
    ids.extend(node.get("$id").and_then(Node::as_str));
    node.as_object().into_iter().flatten().for_each(|(_, child)| own_names(child, ids));
    node.as_array().into_iter().flatten().for_each(|item| own_names(item, ids));
}

/// The first reference that leads away. `keywords`: whether the keys of this object are keywords.
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

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn download(from: &str, etag: Option<&str>) -> Result<Option<Document>> {
    let url = Url::parse(from).map_err(|error| format!("error: `{from}` is not a URL: {error}"))?;
    if !protected(&url) {
        let help =
            "https, or http to this machine: a document that code is generated from must not be changed on the way";
        return Err(format!("error: `{from}` is not fetched over plain http\n  help: {help}").into());
    }
    let failed = |error: reqwest::Error| format!("error: cannot fetch {from}: {}", chain(&error));
    let policy = Policy::custom(|attempt| {
        if attempt.previous().len() > MOST_REDIRECTS {
            attempt.error("it redirects without end")
        } else if protected(attempt.url()) {
            attempt.follow()
        } else {
            attempt.error("it redirects to plain http")
        }
    });
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("connectors-xtask/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .timeout(MOST_TIME)
        .redirect(policy);
    if url.scheme() == "http" {
        // Plain http is for this machine only; a proxy would be another one.
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(failed)?;
    progress(&format!("fetching {from}"));
    let start = Instant::now();
    let mut request = client.get(url).header(header::ACCEPT, "application/yaml, application/json, */*;q=0.5");
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    let mut response = request.send().await.map_err(failed)?;
    if response.status() == StatusCode::NOT_MODIFIED && etag.is_some() {
        return Ok(None);
    }
    if !response.status().is_success() {
        return Err(format!("error: {from} returns {}", response.status()).into());
    }
    let text_of = |name: header::HeaderName| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let (kind, etag) = (text_of(header::CONTENT_TYPE).unwrap_or_default(), text_of(header::ETAG));
    if kind.to_ascii_lowercase().contains("html") {
        return Err(page(from).into());
    }
    let announced = response.content_length();
    // An old way to end a response is to close the connection, which looks like a broken connection.
    let ended = announced.is_some()
        || response.version() > Version::HTTP_11
        || response.headers().contains_key(header::TRANSFER_ENCODING);
    if announced.is_some_and(|length| length > MOST_BYTES) {
        return Err(too_large(from).into());
    }
    let mut bytes = Vec::new();
    let mut told = start;
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|error| format!("error: {from} broke off after {} bytes: {}", bytes.len(), chain(&error)))?;
        let Some(chunk) = chunk else { break };
        bytes.extend_from_slice(&chunk);
        if length(&bytes) > MOST_BYTES {
            return Err(too_large(from).into());
        }
        if told.elapsed() > Duration::from_secs(2) {
            progress(&format!("  {} of {}", size(length(&bytes)), announced.map_or_else(|| "?".to_owned(), size)));
            told = Instant::now();
        }
    }
    if announced.is_some_and(|announced| announced != length(&bytes)) {
        return Err(format!("error: {from} broke off after {} bytes", bytes.len()).into());
    }
    progress(&format!("  {} in {:.1} s", size(length(&bytes)), start.elapsed().as_secs_f64()));
    let text = String::from_utf8(bytes).map_err(|_| format!("error: {from} is not text in UTF-8"))?;
    refuse_page(from, &text)?;
    if !ended {
        eprintln!("warning: {from} does not say how long the document is, so its end may be missing");
        // What is cut off is almost always cut off within a line.
        if !text.ends_with(['\n', '}']) {
            let help = "download it, look at its end, and name the file with --from";
            return Err(format!("error: {from} ended in the middle of a line\n  help: {help}").into());
        }
    }
    alone(from, &text, etag).map(Some)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// Whether the document cannot be changed on the way.
fn protected(url: &Url) -> bool {
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && local)
}

fn refuse_page(from: &str, text: &str) -> Result<()> {
    let start: String = text.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return Err(page(from).into());
    }
    Ok(())
}

fn page(from: &str) -> String {
    format!(
        "error: {from} is a web page, not an OpenAPI document\n  help: perhaps one has to log in, or the document has moved"
    )
}

fn too_large(from: &str) -> String {
    format!("error: {from} is larger than {} MB; no document is", MOST_BYTES / 1024 / 1024)
}

/// An error with what caused it, without the URL that the sentence around it names.
fn chain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it took longer than {} s", MOST_TIME.as_secs());
    }
    let mut text = String::from("the request failed");
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
