//! Files of the workspace: their paths, and the comparison with their expected content.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use connectors_codegen::cli::files::{difference, write_all};

use crate::{Result, progress};

static ROOT: OnceLock<PathBuf> = OnceLock::new();

/// Works on a copy of the workspace from now on; for tests.
pub(crate) fn set_root(root: PathBuf) {
    // It is set once, before the first use.
    drop(ROOT.set(root));
}

/// The root of the workspace: the nearest folder with it, from the current folder upwards.
pub(crate) fn root() -> &'static Path {
    ROOT.get_or_init(|| {
        let Ok(here) = std::env::current_dir() else { return PathBuf::new() };
        let root = find(&here).unwrap_or_default();
        if root != here && !root.as_os_str().is_empty() {
            progress(&format!("working on {}", root.display()));
        }
        root
    })
}

/// Checks that there is a workspace; the error explains what to do.
pub(crate) fn require_root() -> Result<()> {
    if root().as_os_str().is_empty() {
        let help = "run it in a checkout of `connectors`, or below it; expand, lower, diff and serve work anywhere";
        return Err(format!("error: there is no workspace of `connectors` here\n  help: {help}").into());
    }
    Ok(())
}

/// The nearest folder around one that is a workspace of `connectors`.
fn find(folder: &Path) -> Option<PathBuf> {
    let is_it = |folder: &&Path| {
        folder.join("spec").is_dir() && folder.join("codegen").is_dir() && folder.join("Cargo.toml").is_file()
    };
    folder.ancestors().find(is_it).map(Path::to_owned)
}

/// A path as it is shown: from the root of the workspace, if it is in it.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// Reads a text file. An error names the file.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("error: cannot read {}: {error}", shown(path)).into())
}

/// What to do with a file whose content is not as expected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write it again.
    Write,
    /// Do not change it, and return the difference.
    Compare,
}

/// Writes or checks a derived file; every derived file goes through this function. Returns the difference if the
/// content is not as expected.
pub(crate) fn bring(path: &Path, text: &str, mode: Mode) -> Result<Option<String>> {
    let old = fs::read_to_string(path).unwrap_or_default();
    if old == text {
        return Ok(None);
    }
    if mode == Mode::Write {
        write_all(&[(path.to_owned(), text.to_owned())])?;
    }
    Ok(Some(difference(&old, text)))
}
