//! Real documents: whether a tool generates a client, whether it compiles, and its cost.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use connectors_codegen::Node;
use serde_json::Value;

use crate::results::{Attempt, Stage};
use crate::run::{Ran, Result, cargo, run};
use crate::tools::{self, Job, Purpose, Tool};

/// A document, and its name on the page.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// The documents of some folders, or those of this workspace.
pub(crate) fn find(folders: &[PathBuf], root: &Path) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let path = fs::canonicalize(entry?.path())?;
            let is_one = ["yaml", "yml", "json"].iter().any(|end| path.extension().is_some_and(|it| it == *end));
            // A folder may hold other files: a document names its version of OpenAPI.
            if is_one && fs::read_to_string(&path)?.contains("openapi") {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                documents.push(Document { name: stem.trim_end_matches(".openapi").to_owned(), path });
            }
        }
    }
    if folders.is_empty() {
        for entry in fs::read_dir(root.join("spec"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                documents.push(Document { name, path: path.join("openapi.yaml") });
            }
        }
        documents.push(Document { name: "probe".to_owned(), path: root.join("duel/probe/openapi.yaml") });
    }
    // Small documents come first, so that an interrupted duel has as many rows as possible.
    documents
        .sort_by_cached_key(|document| (fs::metadata(&document.path).map_or(0, |it| it.len()), document.name.clone()));
    Ok(documents)
}

/// The folders in which a tool processes a document.
pub(crate) struct Place<'a> {
    /// A folder of its own for this tool and document.
    pub(crate) work: &'a Path,
    /// Where everything is built.
    pub(crate) target: &'a Path,
    pub(crate) root: &'a Path,
    /// The time that each step may take.
    pub(crate) limit: Duration,
}

/// Generates a client of a document, and checks it.
pub(crate) fn attempt(tool: &Tool, document: &Document, place: &Place<'_>) -> Result<Attempt> {
    let of = tools::operation_ids(&Node::bundle(&document.path)?.document).len();
    let mut attempt = Attempt { of, ..Attempt::default() };
    let subject = place.work.join("subject");
    let job = Job {
        document: &document.path,
        subject: &subject,
        purpose: Purpose::Document,
        limit: place.limit,
        root: place.root,
    };
    if let Err(reason) = tool.generate(&job)? {
        return Ok(Attempt { failure: Some(reason), ..attempt });
    }
    attempt.reached = Stage::NotCompiled;
    let files = tools::rust_files(&subject.join("src"))?;
    for file in files {
        attempt.lines += fs::read_to_string(file)?.lines().filter(|line| !line.trim().is_empty()).count();
    }
    attempt.operations = tool.operations(&subject)?;
    fs::write(place.work.join("Cargo.toml"), "[workspace]\nmembers = [\"subject\"]\nresolver = \"3\"\n")?;
    // The dependencies are checked first, with an empty client: only the client counts.
    let (source, kept) = (subject.join("src"), subject.join("generated"));
    fs::rename(&source, &kept)?;
    fs::create_dir(&source)?;
    fs::write(source.join("lib.rs"), "")?;
    let dependencies = check(place)?;
    fs::remove_dir_all(&source)?;
    fs::rename(&kept, &source)?;
    if !dependencies.succeeded() {
        return Ok(Attempt { failure: Some(tools::reason(&dependencies.stderr)), ..attempt });
    }
    fs::File::options().append(true).open(source.join("lib.rs"))?.set_modified(SystemTime::now())?;
    let ran = check(place)?;
    attempt.seconds = ran.cpu_seconds;
    let (warnings, errors) = diagnostics(&ran.stdout);
    (attempt.warnings, attempt.errors) = (warnings, errors.len());
    if ran.succeeded() {
        return Ok(Attempt { reached: Stage::Compiled, ..attempt });
    }
    let reason = if ran.timed_out() { Some("stopped at the time limit".to_owned()) } else { errors.into_iter().next() };
    Ok(Attempt { failure: Some(reason.unwrap_or_else(|| tools::reason(&ran.stderr))), ..attempt })
}

fn check(place: &Place<'_>) -> Result<Ran> {
    let mut command = cargo(place.work, place.target);
    command.args(["check", "--package", "subject", "--lib", "--message-format", "json"]);
    run(&mut command, &place.work.join("logs"), place.limit)
}

/// The number of warnings in the compiler's messages, and the errors.
fn diagnostics(messages: &str) -> (usize, Vec<String>) {
    let (mut warnings, mut errors) = (0, Vec::new());
    for line in messages.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        let name = message["target"]["name"].as_str().unwrap_or_default();
        let diagnostic = &message["message"];
        // The last messages only count the others, and have no place.
        if name != "subject" || diagnostic["spans"].as_array().is_none_or(Vec::is_empty) {
            continue;
        }
        match diagnostic["level"].as_str() {
            Some("warning") => warnings += 1,
            Some("error") => errors.push(diagnostic["message"].as_str().unwrap_or_default().to_owned()),
            _ => {}
        }
    }
    (warnings, errors)
}
