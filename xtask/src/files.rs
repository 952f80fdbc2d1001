//! Files written all or nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Writes several files, or none: each is first written beside its place, then all are moved there.
pub(crate) fn write_all(files: &[(PathBuf, String)]) -> Result<()> {
    let mut staged = Vec::new();
    for (path, text) in files {
        let temporary = path.with_extension("new");
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&temporary, text));
        if let Err(error) = written {
            staged.iter().for_each(|(temporary, _)| drop(fs::remove_file(temporary)));
            return Err(format!("error: cannot write {}: {error}; nothing was changed", path.display()).into());
        }
        staged.push((temporary, path));
    }
    for (temporary, path) in staged {
        fs::rename(&temporary, path).map_err(|error| format!("error: cannot replace {}: {error}", path.display()))?;
    }
    Ok(())
}
