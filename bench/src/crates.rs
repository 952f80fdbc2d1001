//! The dependency tree: the number of crates, their features, and whether docs/dependencies.md explains each.

use std::collections::BTreeSet;
use std::fs;

use crate::figure::{Figure, Table};
use crate::machine::{cargo_in, finished};
use crate::plan::{Result, progress, root};

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    progress("counting crates");
    let whole = tree(&[])?;
    let count = |crates: &BTreeSet<Package>| crates.len() as f64;
    let all = count(&whole);
    table.add(Figure::new("crates: default features (c1, rustls), to build and to run", all, "crates"));
    let running = count(&tree(&["--edges", "normal,no-proc-macro"])?);
    table.add(Figure::new("crates: of these in the program", running, "crates"));

    let bare = tree(&["--no-default-features", "--features", "c1"])?;
    let what = "crates: c1 without TLS, against default features";
    table.add(Figure::new(what, count(&bare), "crates").against(all).ratio_at_most(0.9));
    let other = tree(&["--no-default-features", "--features", "pipeshub,rustls"])?;
    table.add(Figure::new("crates: pipeshub alone, against default features", count(&other), "crates").against(all));
    let both = tree(&["--features", "pipeshub,blocking"])?;
    let what = "crates: pipeshub and blocking beside them, against default features";
    table.add(Figure::new(what, count(&both), "crates").against(all));

    let path = root().join("docs").join("dependencies.md");
    let page = fs::read_to_string(&path).map_err(|error| format!("error: cannot read {}: {error}", path.display()))?;
    let unexplained: BTreeSet<&str> = whole
        .iter()
        .chain(&other)
        .chain(&both)
        .map(|package| package.name.as_str())
        .filter(|it| !explained(&page, it))
        .collect();
    for name in &unexplained {
        eprintln!("docs/dependencies.md does not explain {name}");
    }
    let what = "crates: not explained in docs/dependencies.md";
    table.add(Figure::new(what, unexplained.len() as f64, "crates").at_most(0.0));
    Ok(())
}

/// One version of a crate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
}

/// The dependencies of `connectors` on this machine, as cargo resolves them for these arguments.
fn tree(arguments: &[&str]) -> Result<BTreeSet<Package>> {
    let mut command = cargo_in(root(), &["tree", "--package", "connectors", "--prefix", "none", "--format", "{p}"]);
    if !arguments.contains(&"--edges") {
        command.args(["--edges", "normal,build"]);
    }
    let output = finished(command.args(arguments))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(package).filter(|package| package.name != "connectors").collect())
}

/// The package of a line such as `serde v1.0.0 (*)`.
fn package(line: &str) -> Option<Package> {
    let mut words = line.split_whitespace();
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    Some(Package { name: name.to_owned(), version: version.to_owned() })
}

/// Whether the first cell of a table row contains the name, alone or among others.
fn explained(page: &str, name: &str) -> bool {
    let quoted = format!("`{name}`");
    page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).any(|cell| cell.contains(&quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_tree_are_packages_once_each() {
        let read = |line: &str| package(line).map(|package| (package.name, package.version));
        let serde = Some(("serde".to_owned(), "1.0.229".to_owned()));
        assert_eq!(read("serde v1.0.229"), serde);
        assert_eq!(read("serde v1.0.229 (*)"), serde);
        assert_eq!(read("serde_derive v1.0.229 (proc-macro)").map(|(name, _)| name).as_deref(), Some("serde_derive"));
        assert_eq!(read("[build-dependencies]"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_crate_is_explained_by_a_row_and_not_by_a_mention() {
        let page = "The crate `url` is here.\n\n| crate | why |\n|---|---|\n| `h2`, `hyper` | HTTP, for `reqwest` |\n";
        assert!(explained(page, "h2") && explained(page, "hyper"));
        assert!(!explained(page, "url") && !explained(page, "reqwest") && !explained(page, "hype"));
    }
}
