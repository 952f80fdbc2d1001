//! `cargo xtask vendor`: updates this repository's copy of a service's document.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use connectors_codegen::cli::files::write_all;
use connectors_codegen::cli::report::{self, Listed, sampled};
use connectors_codegen::cli::{changes, semver as versions};
use connectors_codegen::{Change, Effect, Generator, Impact, Listing, Map, Node};

use crate::fetch;
use crate::files;
use crate::service::{self, Name, Service};
use crate::{Result, progress, semver};

/// The options of the command line.
pub(crate) struct Options {
    /// A file or a URL; the service's own URL if absent.
    pub(crate) from: Option<String>,
    pub(crate) date: Option<jiff::civil::Date>,
    pub(crate) dry_run: bool,
    /// Overwrite uncommitted files.
    pub(crate) force: bool,
    /// Accept a document that has less than half of the vendored operations.
    pub(crate) accept_other_document: bool,
    /// List changes of descriptions too.
    pub(crate) words: bool,
    /// List every note and every place without a description.
    pub(crate) all: bool,
}

pub(crate) fn run(name: &Name, options: &Options) -> Result<()> {
    let mut service = Service::read(name)?;
    let held = name.document().exists().then(|| files::read(&name.document())).transpose()?;
    let old = held.as_deref().and_then(|text| readable(name, text));
    let from = options.from.clone().unwrap_or_else(|| service.source.clone());
    if from.is_empty() {
        let help = "write the URL into `source` of its service.toml, or name a document with --from";
        return Err(format!("error: the URL of {name}'s document is not known\n  help: {help}").into());
    }
    // The ETag is sent only if nothing here changed since the server sent it.
    let known = service.etag_for.is_some()
        && service.etag_for == held.as_deref().map(|text| service.fingerprint(text)).transpose()?;
    let etag = service.etag.clone().filter(|_| known && from == service.source && options.date.is_none());
    let Some(fetched) = fetch::read(&from, etag.as_deref())? else {
        println!("nothing changed: {from} still has the document that was fetched on {}", service.date);
        return Ok(());
    };
    let document = fetched.node;
    let vendored = service::vendored(&document, &service.select)?;
    let yaml = service::document_text(&vendored)?;
    let new = Node::parse("openapi.yaml", &yaml)?;

    if let Some(old) = &old {
        if !options.accept_other_document {
            refuse_another_service(old, &document, &service, &from)?;
        }
        warn_of_another_service(old, &document);
        progress("comparing with the vendored document");
        let judgement = changes::judge(old, &new, &name.part()?)?;
        if let Some(reason) = judgement.documents_only() {
            eprintln!("warning: only the documents were compared: {reason}");
        }
        let changes = judgement.changes;
        warn_of_an_older_document(&service, &document, options.date, &changes);
        if !changes.is_empty() {
            println!("changes for a caller: {}", changes::summary(&changes));
            print!("{}", changes::text(&changes, changes::Shown { additive: true, documentation: options.words }));
            if !options.words && changes.iter().all(|change| change.impact == Impact::Documentation) {
                println!("(of documentation alone: --documentation lists it)");
            }
            println!();
        } else if service.sha256 != fetched.sha256 {
            println!("changes for a caller: none; only descriptions changed, or parts that are not selected");
        }
    }

    // The build must be able to use the new files.
    progress("applying our overlay and generating the client");
    let mut generator = Generator::new(new.clone());
    let overlay = name.overlay().exists().then(|| Node::read(&name.overlay())).transpose()?;
    if let Some(overlay) = &overlay {
        for action in connectors_codegen::inspect_overlay(&new, overlay)?.1 {
            // An action that does not match is an error below, with its place and its text.
            if action.effect == Effect::AlreadySo {
                println!("{action}");
            }
        }
        generator = generator.overlay(overlay.clone());
    }
    let overlaid = generator.overlaid()?;
    let (client, listing) = service::generate(generator.names(name.kept()?))?;

    let same = service.sha256 == fetched.sha256;
    if !same {
        service.date = options.date.unwrap_or_else(|| jiff::Zoned::now().date()).to_string();
        service.sha256 = fetched.sha256;
    } else if let Some(date) = options.date {
        service.date = date.to_string();
    }
    service.version =
        document.get("info").and_then(|info| info.get("version")).and_then(Node::as_str).unwrap_or_default().to_owned();
    if from == service.source {
        service.etag = fetched.etag;
    } else if !same {
        // The document did not come from that server.
        service.etag = None;
    }
    service.etag_for = service.etag.is_some().then(|| service.fingerprint(&yaml)).transpose()?;
    let schemas = vendored.pointer("/components/schemas").and_then(Node::as_object).map_or(0, Map::len);
    println!("{name}: {} operations, {schemas} schemas, {} notes", client.operations, client.notes.iter().count());
    let listed = Listed { all: options.all, ..Listed::default() };
    report::notes(&client.notes, listed).iter().for_each(|line| println!("  {line}"));
    tell_of_words(connectors_codegen::undocumented(&overlaid), options.all);
    tell_of_version(name, &listing)?;
    let mut wanted = vec![(name.document(), yaml), (name.settings(), service.text(&files::read(&name.settings())?)?)];
    // A service without an overlay is not built yet, and has no API.
    if overlay.is_some() {
        wanted.extend(service::records(name, &client, &listing));
    }
    write(name, &wanted, options)
}

/// The vendored document, if it can be read. If not, vendoring fixes it.
fn readable(name: &Name, text: &str) -> Option<Node> {
    let place = files::shown(&name.document());
    let read = Node::parse(&place, text);
    if let Err(error) = &read {
        eprintln!("warning: the vendored document cannot be read, so nothing is compared with it\n{error}");
    }
    read.ok()
}

/// Rejects a document that has less than half of the vendored operations that are still selected. Services share tags,
/// and a truncated document can be valid.
fn refuse_another_service(old: &Node, document: &Node, service: &Service, from: &str) -> Result<()> {
    let old = connectors_codegen::select_known(old, &service.selection())?;
    let before = service::operations(&old);
    // With references inlined.
    let document = Generator::new(document.clone()).selected()?;
    let (mut places, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for (place, operation) in service::operations(&document) {
        places.insert(place);
        ids.extend(service::id(operation));
    }
    let there = |(place, operation): &&(String, &Node)| {
        places.contains(place) || service::id(operation).is_some_and(|id| ids.contains(id))
    };
    let left = before.iter().filter(there).count();
    if left * 2 >= before.len() {
        return Ok(());
    }
    let help =
        "is it the document of another service, or truncated? If it is the right one, use --accept-other-document";
    Err(format!(
        "error: {from} has {left} of the {} operations that are vendored and selected; nothing was written\n  help: {help}",
        before.len()
    )
    .into())
}

fn warn_of_another_service(old: &Node, new: &Node) {
    let title = |node: &Node| {
        node.get("info").and_then(|info| info.get("title")).and_then(Node::as_str).unwrap_or_default().to_owned()
    };
    let (was, is) = (title(old), title(new));
    if was != is {
        eprintln!("warning: the title of the document is `{is}`, and was `{was}`: is it for the same service?");
    }
}

/// Warns about a document that is older than the vendored one: by its date, by its version, or because it has nothing
/// new and lacks something.
fn warn_of_an_older_document(service: &Service, document: &Node, date: Option<jiff::civil::Date>, changes: &[Change]) {
    let version = document.get("info").and_then(|info| info.get("version")).and_then(Node::as_str).unwrap_or_default();
    let vendored: Option<jiff::civil::Date> = service.date.parse().ok();
    let gone = changes.iter().filter(|change| change.rule.ends_with("-removed") && change.impact == Impact::Breaking);
    let gone = gone.count();
    let reason = if let (Some(date), Some(vendored)) = (date, vendored.filter(|vendored| date < Some(*vendored))) {
        format!("it is of {date}, and the vendored document is of {vendored}")
    } else if is_before(version, &service.version) {
        format!("its version is {version}, and the vendored document is {}", service.version)
    } else if gone > 0 && !changes.iter().any(|change| change.impact == Impact::Additive) {
        format!("it has nothing new, and lacks {gone} items of the vendored document")
    } else {
        return;
    };
    eprintln!("warning: this may be an older document: {reason}");
}

/// Whether a version is before another: by the numbers in it, one after the other.
fn is_before(one: &str, other: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
    };
    let (one, other) = (numbers(one), numbers(other));
    !one.is_empty() && one < other
}

fn tell_of_words(missing: Vec<String>, all: bool) {
    if missing.is_empty() {
        return;
    }
    println!("{} places have no description yet, to be written in the overlay:", missing.len());
    sampled(missing, all).iter().for_each(|place| println!("  {place}"));
}

/// Prints the version of the crate that the change requires, if there is a snapshot to compare with.
fn tell_of_version(name: &Name, new: &Listing) -> Result<()> {
    let Ok(text) = fs::read_to_string(name.api()) else { return Ok(()) };
    match Listing::parse(&files::shown(&name.api()), &text) {
        Ok(old) => {
            let changes = old.compare(new);
            if !changes.is_empty() {
                println!("{}", versions::verdict(&changes, Some(&semver::version()?)));
            }
        }
        // The snapshot is written again.
        Err(error) => eprintln!("warning: the previous public API cannot be read, so no version is printed\n{error}"),
    }
    Ok(())
}

fn write(name: &Name, wanted: &[(PathBuf, String)], options: &Options) -> Result<()> {
    let stale = |(path, text): &&(PathBuf, String)| fs::read_to_string(path).ok().as_ref() != Some(text);
    let changed: Vec<_> = wanted.iter().filter(stale).cloned().collect();
    if changed.is_empty() {
        println!("nothing changed");
        return Ok(());
    }
    let refusal = if options.force { None } else { uncommitted(name) };
    if options.dry_run {
        changed.iter().for_each(|(path, _)| println!("would write {}", files::shown(path)));
        if let Some(refusal) = refusal {
            eprintln!("warning: a real run would write nothing: {refusal}");
        }
        return Ok(());
    }
    if let Some(refusal) = refusal {
        return Err(format!("error: nothing was written: {refusal}").into());
    }
    write_all(&changed)?;
    changed.iter().for_each(|(path, _)| println!("wrote {}", files::shown(path)));
    Ok(())
}

/// The reason why nothing should be written: uncommitted work is not overwritten, and the changes of vendoring should
/// be reviewable by themselves.
fn uncommitted(name: &Name) -> Option<String> {
    let place = format!("spec/{name}");
    // The files that are overwritten. The overlay and the selection are not among them: the user has often just edited
    // them.
    let written = ["openapi.yaml", "api.txt", "names.lock", "losses.lock"].map(|file| format!("{place}/{file}"));
    let output =
        Command::new("git").current_dir(files::root()).args(["status", "--porcelain", "--"]).args(&written).output();
    // Without git, or outside of a repository, nothing can be checked.
    let output = output.ok()?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        let help = "fix git, which lists uncommitted changes; or use --force";
        let told = format!("git cannot list uncommitted changes: {}\n  help: {help}", reason.trim());
        return (!reason.contains("not a git repository")).then_some(told);
    }
    let told = String::from_utf8_lossy(&output.stdout);
    let help = "commit or stash them first, so that the new changes can be reviewed alone; or use --force";
    let refusal = format!("{place} has uncommitted changes\n{}\n  help: {help}", told.trim_end());
    (!told.trim().is_empty()).then_some(refusal)
}
