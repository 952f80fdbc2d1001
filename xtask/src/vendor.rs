//! `cargo xtask vendor`: from what a service publishes to what this repository holds of it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use connectors_codegen::{Effect, Generator, Listing, Map, Node};
use sha2::{Digest, Sha256};

use crate::changes;
use crate::fetch::{self, Fetched};
use crate::files;
use crate::service::{self, Name, SERVICE_HEADER, Service};
use crate::{Result, progress, semver};

/// What a person asks for.
pub(crate) struct Options {
    /// A file or a URL; the service's own URL if absent.
    pub(crate) from: Option<String>,
    pub(crate) date: Option<jiff::civil::Date>,
    pub(crate) dry_run: bool,
    /// Write over what is not committed.
    pub(crate) force: bool,
    /// List changes of words too.
    pub(crate) words: bool,
}

pub(crate) fn run(name: &Name, options: &Options) -> Result<()> {
    let mut service = Service::read(name)?;
    let old = name.document().exists().then(|| Node::read(&name.document())).transpose()?;
    let from = options.from.clone().unwrap_or_else(|| service.source.clone());
    if from.is_empty() {
        let help = "write the URL into `source` of its service.toml, or name a document with --from";
        return Err(format!("error: nobody has said where {name} publishes its document\n  help: {help}").into());
    }
    // The server is asked for news only if all that is selected is there already.
    let etag =
        service.etag.clone().filter(|_| from == service.source && selected_already(old.as_ref(), &service, name));
    let Some(fetched) = fetch::read(&from, etag.as_deref())? else {
        println!("nothing changed: {from} is still what was fetched on {}", service.date);
        return Ok(());
    };
    let Fetched { name: label, text, etag } = fetched;
    let document = Node::parse(&label, &text)?;
    let vendored = connectors_codegen::vendor(&document, &service.selection())?;
    let yaml = service::document_text(&vendored)?;
    let new = Node::parse("openapi.yaml", &yaml)?;

    if let Some(old) = &old {
        warn_of_another_service(old, &document);
        progress("comparing with what is vendored");
        let changes = connectors_codegen::diff(old, &new)?;
        if !changes.is_empty() {
            println!("what changes for a caller: {}", changes::summary(&changes));
            print!("{}", changes::text(&changes, options.words));
            println!();
        }
    }

    // What is about to be written must be what the build can use.
    progress("applying our overlay and generating the client");
    let mut generator = Generator::new(new.clone());
    let overlay = name.overlay().exists().then(|| Node::read(&name.overlay())).transpose()?;
    if let Some(overlay) = &overlay {
        for action in connectors_codegen::inspect_overlay(&new, overlay)?.1 {
            // One that misses is an error below, with its place and its text.
            if action.effect == Effect::AlreadySo {
                println!("{action}");
            }
        }
        generator = generator.overlay(overlay.clone());
    }
    let overlaid = generator.overlaid()?;
    let (client, listing) = service::generate(generator)?;

    let sha256 = hex(&Sha256::digest(text.as_bytes()));
    if service.sha256 != sha256 {
        service.date = options.date.unwrap_or_else(|| jiff::Zoned::now().date()).to_string();
        service.sha256 = sha256;
    } else if let Some(date) = options.date {
        service.date = date.to_string();
    }
    service.version =
        document.get("info").and_then(|info| info.get("version")).and_then(Node::as_str).unwrap_or_default().to_owned();
    if from == service.source {
        service.etag = etag;
    }
    let schemas = vendored.pointer("/components/schemas").and_then(Node::as_object).map_or(0, Map::len);
    println!("{name}: {} operations, {schemas} schemas, {} notes", client.operations, client.notes.iter().count());
    for note in client.notes.iter() {
        println!("  {note}");
    }
    tell_of_words(&connectors_codegen::undocumented(&overlaid));
    tell_of_version(name, &listing)?;
    let mut wanted = vec![
        (name.document(), yaml),
        (name.folder().join("service.toml"), format!("{SERVICE_HEADER}{}", toml::to_string(&service)?)),
    ];
    // A service that has no overlay yet is not built yet, and has no API to speak of.
    if overlay.is_some() {
        wanted.push((name.api(), service::api_text(name, &listing)));
    }
    write(name, &wanted, options)
}

/// Whether the selection, made from what is vendored, gives what is vendored.
fn selected_already(old: Option<&Node>, service: &Service, name: &Name) -> bool {
    let again = old.and_then(|old| connectors_codegen::vendor(old, &service.selection()).ok());
    let text = again.and_then(|again| service::document_text(&again).ok());
    text.is_some_and(|text| fs::read_to_string(name.document()).is_ok_and(|held| held == text))
}

fn warn_of_another_service(old: &Node, new: &Node) {
    let title = |node: &Node| {
        node.get("info").and_then(|info| info.get("title")).and_then(Node::as_str).unwrap_or_default().to_owned()
    };
    let (was, is) = (title(old), title(new));
    if was != is {
        eprintln!("warning: the document is called `{is}` and was called `{was}`: is it the same service's?");
    }
}

/// The most places without words that are named one by one.
const MOST_PLACES: usize = 30;

fn tell_of_words(missing: &[String]) {
    if missing.is_empty() {
        return;
    }
    println!("{} places have no words yet, to be written in the overlay:", missing.len());
    missing.iter().take(MOST_PLACES).for_each(|place| println!("  {place}"));
    if missing.len() > MOST_PLACES {
        println!("  and {} more", missing.len() - MOST_PLACES);
    }
}

/// What the change means for the crate's version, if there is a snapshot to compare with.
fn tell_of_version(name: &Name, new: &Listing) -> Result<()> {
    let Ok(text) = fs::read_to_string(name.api()) else { return Ok(()) };
    let changes = Listing::parse(&files::shown(&name.api()), &text)?.compare(new);
    if !changes.is_empty() {
        println!("{}", semver::verdict(&changes, &semver::version()?));
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
    if !options.dry_run {
        if !options.force {
            refuse_if_uncommitted(name)?;
        }
        files::write_all(&changed)?;
    }
    for (path, _) in &changed {
        println!("{} {}", if options.dry_run { "would write" } else { "wrote" }, files::shown(path));
    }
    Ok(())
}

/// Work that is nowhere but here is not written over, and what a vendoring changes should be seen by itself.
fn refuse_if_uncommitted(name: &Name) -> Result<()> {
    let place = format!("spec/{name}");
    // What is written over. The overlay and the selection are what one has just mended for this very run.
    let written = ["openapi.yaml", "api.txt"].map(|file| format!("{place}/{file}"));
    let output =
        Command::new("git").current_dir(files::root()).args(["status", "--porcelain", "--"]).args(&written).output();
    // Without git, or outside of a repository, there is nothing to ask.
    let Ok(output) = output else { return Ok(()) };
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        if reason.contains("not a git repository") {
            return Ok(());
        }
        let help = "git has to say what is not committed; or --force";
        return Err(format!("error: git cannot tell: {}; nothing was written\n  help: {help}", reason.trim()).into());
    }
    let told = String::from_utf8_lossy(&output.stdout);
    if told.trim().is_empty() {
        return Ok(());
    }
    let help = "commit or stash it first, so that what this changes can be seen by itself; or --force";
    Err(format!(
        "error: {place} has changes that are not committed; nothing was written\n{}\n  help: {help}",
        told.trim_end()
    )
    .into())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
