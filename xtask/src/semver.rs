//! `cargo xtask api` and `semver`: the public API of a generated client, and what its changes mean for a version.

use std::path::Path;
use std::process::Command;

use connectors_codegen::{ApiChange, Bump, Client, Fate, Generator, Listing, Node};

use crate::files::{self, Mode};
use crate::service::{self, Name, Service};
use crate::{Result, fetch, progress};

/// Writes the snapshot of a service's public API, the names that it keeps, and what it does not have.
pub(crate) fn api(name: &Name) -> Result<()> {
    let (client, listing) = current(name)?;
    let mut same = true;
    for (path, text) in service::records(name, &client, &listing) {
        if files::bring(&path, &text, Mode::Write)?.is_some() {
            println!("wrote {}", files::shown(&path));
            same = false;
        }
    }
    if same {
        println!("nothing changed");
    }
    Ok(())
}

/// A service's client as the working tree makes it, and its public API.
pub(crate) fn current(name: &Name) -> Result<(Client, Listing)> {
    let generator = Generator::new(fetch::file(&name.document())?.node).overlay(fetch::file(&name.overlay())?.node);
    service::generate(generator.names(name.kept()?))
}

/// The model of the client of a document of any day: of a service, what it selects, with its overlay.
pub(crate) fn overlaid(document: &Node, name: Option<&Name>) -> Result<Node> {
    let mut document = document.clone();
    if let Some(name) = name {
        document = connectors_codegen::select_known(&document, &Service::read(name)?.selection())?;
        if document.get("paths").and_then(Node::as_object).is_none_or(connectors_codegen::Map::is_empty) {
            return Err(
                format!("error: the document has nothing of what {name} selects: is it another service's?").into()
            );
        }
        if name.overlay().exists() {
            // What does not fit it was written for another day.
            document = connectors_codegen::inspect_overlay(&document, &fetch::file(&name.overlay())?.node)?.0;
        }
    }
    Ok(document)
}

/// Where the API before is read from.
pub(crate) struct Before<'a> {
    pub(crate) document: Option<&'a Path>,
    pub(crate) revision: &'a str,
}

pub(crate) fn service(name: &Name, before: &Before<'_>) -> Result<()> {
    Service::read(name)?;
    let (since, old) = match before.document {
        Some(path) => (path.display().to_string(), listing(path, Some(name))?),
        None => (before.revision.to_owned(), committed(name, before.revision)?),
    };
    tell(&format!("`connectors::{name}::api`"), &since, &old, &current(name)?.1)
}

/// Compares two listings, documents, or one of each.
pub(crate) fn files(old: &Path, new: &Path, name: Option<&Name>) -> Result<()> {
    let title = name.map_or_else(|| "the generated client".to_owned(), |name| format!("`connectors::{name}::api`"));
    tell(&title, &old.display().to_string(), &listing(old, name)?, &listing(new, name)?)
}

fn listing(path: &Path, name: Option<&Name>) -> Result<Listing> {
    if path.extension().is_some_and(|extension| extension == "txt") {
        return Ok(Listing::parse(&path.display().to_string(), &files::read(path)?)?);
    }
    let names = name.map(Name::kept).transpose()?.unwrap_or_default();
    Ok(service::generate(Generator::new(overlaid(&fetch::file(path)?.node, name)?).names(names))?.1)
}

/// The snapshot as it was committed.
fn committed(name: &Name, revision: &str) -> Result<Listing> {
    let place = format!("{revision}:spec/{name}/api.txt");
    let output = Command::new("git").current_dir(files::root()).args(["show", &place]).output();
    let output =
        output.map_err(|error| format!("error: cannot run git: {error}\n  help: --from OLD_DOCUMENT needs none"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        let help = format!("commit what `cargo xtask api {name}` writes, or compare with --from OLD_DOCUMENT");
        return Err(format!("error: git has no {place}: {}\n  help: {help}", reason.trim()).into());
    }
    Ok(Listing::parse(&place, &String::from_utf8_lossy(&output.stdout))?)
}

/// The version that all crates of the workspace have.
pub(crate) fn version() -> Result<String> {
    let manifest: toml::Table = toml::from_str(&files::read(&files::root().join("Cargo.toml"))?)?;
    let version = manifest.get("workspace").and_then(|it| it.get("package")).and_then(|it| it.get("version"));
    let version = version.and_then(toml::Value::as_str).ok_or("error: Cargo.toml has no workspace.package.version")?;
    Ok(version.to_owned())
}

fn tell(title: &str, since: &str, old: &Listing, new: &Listing) -> Result<()> {
    let changes = old.compare(new);
    let version = version()?;
    print!("{}", changelog(title, since, &changes, &version));
    progress(&format!("compared with {since}"));
    progress(&verdict(&changes, &version));
    Ok(())
}

/// What the changes mean for the version, in one line.
pub(crate) fn verdict(changes: &[ApiChange], version: &str) -> String {
    let bump = Bump::of(changes);
    let next = bump.next(version).unwrap_or_else(|| "a higher one".to_owned());
    let breaking = changes.iter().filter(|change| change.breaking).count();
    match bump {
        Bump::None => format!("the public API did not change: {version} may stay"),
        Bump::Breaking => {
            format!("{breaking} of {} changes to the public API are breaking: {version} -> {next}", changes.len())
        }
        _ => format!("{} compatible changes to the public API: {version} -> {next}", changes.len()),
    }
}

/// Text for CHANGELOG.md.
fn changelog(title: &str, since: &str, changes: &[ApiChange], version: &str) -> String {
    let bump = Bump::of(changes);
    if bump == Bump::None {
        return format!("The public API of {title} did not change since {since}.\n");
    }
    let next = bump.next(version).unwrap_or_else(|| "Unreleased".to_owned());
    let mut text = format!("## {next}\n\nThe public API of {title}:\n");
    for (fate, heading) in [(Fate::Added, "Added"), (Fate::Changed, "Changed"), (Fate::Removed, "Removed")] {
        let of_it: Vec<&ApiChange> = changes.iter().filter(|change| change.fate == fate).collect();
        if of_it.is_empty() {
            continue;
        }
        text.push_str(&format!("\n### {heading}\n\n"));
        // What breaks comes first.
        for (breaking, mark) in [(true, "**breaking:** "), (false, "")] {
            for change in of_it.iter().filter(|change| change.breaking == breaking) {
                text.push_str(&format!("- {mark}{}\n", change.what));
            }
        }
    }
    text
}
