//! `semver`: the changes in the public API of a generated client, and the version that they require.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::Generator;
use crate::api::{ApiChange, Bump, Fate, Listing};

use super::part::Part;
use super::report::{Result, progress};
use super::{documents, files};

/// The options for a comparison of two clients.
#[derive(Args)]
// The command that it is flattened into has a group of this name.
#[group(skip)]
pub struct Semver {
    /// The client before: a document, or a listing of its API whose name ends in .txt.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The client after, likewise.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The version before, such as 0.3.1; the next one is printed then.
    #[arg(long, value_name = "VERSION", value_parser = three_numbers)]
    current: Option<String>,
}

/// Checks that a version is three numbers, from which the next one can be computed.
fn three_numbers(version: &str) -> std::result::Result<String, String> {
    match Bump::Breaking.next(version) {
        Some(_) => Ok(version.to_owned()),
        None => Err("a version is three numbers, such as 0.3.1".to_owned()),
    }
}

impl Semver {
    /// Compares the two.
    ///
    /// # Errors
    /// If a file cannot be used.
    pub fn run(&self, part: &Part) -> Result<()> {
        let (old, new) = (listing(&self.old, part)?, listing(&self.new, part)?);
        print(&part.called, &self.old.display().to_string(), (&old, &new), self.current.as_deref());
        Ok(())
    }
}

/// The public API of a document's client, or of a listing.
///
/// # Errors
/// If a file cannot be used.
pub fn listing(path: &Path, part: &Part) -> Result<Listing> {
    if path.extension().is_some_and(|extension| extension == "txt") {
        return Ok(Listing::parse(&path.display().to_string(), &files::read(path)?)?);
    }
    let document = part.overlaid(&documents::file(path)?.node)?;
    let client = Generator::new(document).names(part.names.clone()).generate()?;
    Ok(Listing::of(&client))
}

/// Prints text for CHANGELOG.md, and the verdict as a progress message.
pub fn print(title: &str, since: &str, (old, new): (&Listing, &Listing), version: Option<&str>) {
    let changes = old.compare(new);
    print!("{}", changelog(title, since, &changes, version));
    progress(&format!("compared with {since}"));
    progress(&verdict(&changes, version));
}

/// The effect of the changes on the version, in one line.
#[must_use]
pub fn verdict(changes: &[ApiChange], version: Option<&str>) -> String {
    let bump = Bump::of(changes);
    let next = version.map(|version| {
        let next = bump.next(version).unwrap_or_else(|| "a higher one".to_owned());
        format!(": {version} -> {next}")
    });
    let next = next.unwrap_or_default();
    let breaking = changes.iter().filter(|change| change.breaking).count();
    match (bump, version) {
        (Bump::None, Some(version)) => format!("the public API did not change: {version} may stay"),
        (Bump::None, None) => "the public API did not change".to_owned(),
        (Bump::Breaking, _) => {
            format!("{breaking} of {} changes to the public API are breaking{next}", changes.len())
        }
        _ => format!("{} compatible changes to the public API{next}", changes.len()),
    }
}

/// Text for CHANGELOG.md.
fn changelog(title: &str, since: &str, changes: &[ApiChange], version: Option<&str>) -> String {
    let bump = Bump::of(changes);
    if bump == Bump::None {
        return format!("The public API of {title} did not change since {since}.\n");
    }
    let next = version.and_then(|version| bump.next(version)).unwrap_or_else(|| "Unreleased".to_owned());
    let mut text = format!("## {next}\n\nThe public API of {title}:\n");
    for (fate, heading) in [(Fate::Added, "Added"), (Fate::Changed, "Changed"), (Fate::Removed, "Removed")] {
        let of_it: Vec<&ApiChange> = changes.iter().filter(|change| change.fate == fate).collect();
        if of_it.is_empty() {
            continue;
        }
        text.push_str(&format!("\n### {heading}\n\n"));
        // Breaking changes come first.
        for (breaking, mark) in [(true, "**breaking:** "), (false, "")] {
            for change in of_it.iter().filter(|change| change.breaking == breaking) {
                text.push_str(&format!("- {mark}{}\n", change.what));
            }
        }
    }
    text
}
