//! `cargo xtask api` and `semver`: the public API of a service's client, and the version that its changes require.

use std::path::Path;
use std::process::Command;

use connectors_codegen::cli::files::read;
use connectors_codegen::cli::{documents, semver};
use connectors_codegen::{Client, Generator, Listing};

use crate::Result;
use crate::files::{self, Mode};
use crate::service::{self, Name, Service};

/// Writes the snapshot of a service's public API, its names, and its losses.
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

/// The client of a service from the working tree, and its public API.
pub(crate) fn current(name: &Name) -> Result<(Client, Listing)> {
    let overlay = documents::file(&name.overlay())?.node;
    let generator = Generator::new(documents::file(&name.document())?.node).overlay(overlay);
    service::generate(generator.names(name.kept()?))
}

/// The source of the older API.
pub(crate) struct Before<'a> {
    pub(crate) document: Option<&'a Path>,
    pub(crate) revision: &'a str,
}

pub(crate) fn service(name: &Name, before: &Before<'_>) -> Result<()> {
    Service::read(name)?;
    let (since, old) = match before.document {
        Some(path) => (path.display().to_string(), semver::listing(path, &name.part()?)?),
        None => (before.revision.to_owned(), committed(name, before.revision)?),
    };
    let title = format!("`connectors::{name}::api`");
    semver::print(&title, &since, (&old, &current(name)?.1), Some(&version()?));
    Ok(())
}

/// Compares two listings, documents, or one of each.
pub(crate) fn files(old: &Path, new: &Path, name: Option<&Name>) -> Result<()> {
    let title = name.map_or_else(|| "the generated client".to_owned(), |name| format!("`connectors::{name}::api`"));
    let part = name.map(Name::part).transpose()?.unwrap_or_default();
    let (before, after) = (semver::listing(old, &part)?, semver::listing(new, &part)?);
    semver::print(&title, &old.display().to_string(), (&before, &after), Some(&version()?));
    Ok(())
}

/// The committed snapshot.
fn committed(name: &Name, revision: &str) -> Result<Listing> {
    let place = format!("{revision}:spec/{name}/api.txt");
    let output = Command::new("git").current_dir(files::root()).args(["show", &place]).output();
    let output = output
        .map_err(|error| format!("error: cannot run git: {error}\n  help: --from OLD_DOCUMENT does not need git"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        let help = format!("commit what `cargo xtask api {name}` writes, or compare with --from OLD_DOCUMENT");
        return Err(format!("error: git has no {place}: {}\n  help: {help}", reason.trim()).into());
    }
    Ok(Listing::parse(&place, &String::from_utf8_lossy(&output.stdout))?)
}

/// The version that all crates of the workspace have.
pub(crate) fn version() -> Result<String> {
    let manifest: toml::Table = toml::from_str(&read(&files::root().join("Cargo.toml"))?)?;
    let version = manifest.get("workspace").and_then(|it| it.get("package")).and_then(|it| it.get("version"));
    let version = version.and_then(toml::Value::as_str).ok_or("error: Cargo.toml has no workspace.package.version")?;
    Ok(version.to_owned())
}
