//! Fetches documents from their publishers, within limits.

use std::error::Error as _;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use connectors_codegen::cli::documents::{
    Document, MOST_BYTES, alone, file, length, page, refuse_page, refuse_references, too_large,
};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url, Version, header};

use crate::{Result, progress};

const MOST_TIME: Duration = Duration::from_secs(60);
const MOST_REDIRECTS: usize = 5;

/// Whether this is a URL rather than the name of a file.
pub(crate) fn is_url(from: &str) -> bool {
    from.starts_with("https://") || from.starts_with("http://")
}

/// Reads a file or fetches a URL; `None` if the published document still has this ETag.
pub(crate) fn read(from: &str, etag: Option<&str>) -> Result<Option<Document>> {
    if is_url(from) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(download(from, etag));
    }
    if let Some((scheme, _)) = from.split_once("://") {
        return Err(format!("error: documents are not fetched over `{scheme}://`\n  help: use https, or a file").into());
    }
    let document = file(Path::new(from))?;
    let help = "a vendored document has to be complete: add the file, or fix the reference";
    refuse_references(&document.node, "leads to a file or member that does not exist", help, |target| {
        !target.contains("://")
    })?;
    Ok(Some(document))
}

async fn download(from: &str, etag: Option<&str>) -> Result<Option<Document>> {
    let url = Url::parse(from).map_err(|error| format!("error: `{from}` is not a URL: {error}"))?;
    if !protected(&url) {
        let help = "use https, or http to this machine: code is generated from the document, so no one may change it in transit";
        return Err(format!("error: `{from}` is not fetched over plain http\n  help: {help}").into());
    }
    let failed = |error: reqwest::Error| format!("error: cannot fetch {from}: {}", chain(&error));
    let policy = Policy::custom(|attempt| {
        if attempt.previous().len() > MOST_REDIRECTS {
            attempt.error("too many redirects")
        } else if protected(attempt.url()) {
            attempt.follow()
        } else {
            attempt.error("it redirects to plain http")
        }
    });
    // reqwest needs a provider of cryptography. This fails only if one is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("connectors-xtask/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .timeout(MOST_TIME)
        .redirect(policy);
    if url.scheme() == "http" {
        // Plain http is allowed to this machine only, so it does not use a proxy.
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
    // A server may end a response by closing the connection. This looks like a broken connection.
    let ended = announced.is_some()
        || response.version() > Version::HTTP_11
        || response.headers().contains_key(header::TRANSFER_ENCODING);
    if announced.is_some_and(|length| length > MOST_BYTES) {
        return Err(too_large(from).into());
    }
    let mut bytes = Vec::new();
    let mut told = start;
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            format!("error: the response of {from} broke off after {} bytes: {}", bytes.len(), chain(&error))
        })?;
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
        return Err(format!("error: the response of {from} broke off after {} bytes", bytes.len()).into());
    }
    progress(&format!("  {} in {:.1} s", size(length(&bytes)), start.elapsed().as_secs_f64()));
    let text = String::from_utf8(bytes).map_err(|_| format!("error: {from} is not text in UTF-8"))?;
    refuse_page(from, &text)?;
    if !ended {
        eprintln!("warning: {from} does not send the length of the document, so its end may be missing");
        // A truncated document almost always ends within a line.
        if !text.ends_with(['\n', '}']) {
            let help = "download it, check its end, and name the file with --from";
            return Err(format!("error: {from} ended in the middle of a line\n  help: {help}").into());
        }
    }
    alone(from, &text, etag).map(Some)
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// Whether no one can change the document in transit.
fn protected(url: &Url) -> bool {
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && local)
}

/// An error with its causes, without the URL, which the message has already.
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
