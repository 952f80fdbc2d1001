//! Files written all or nothing.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Writes several files, or none: each is first written beside its place, then all are moved there.
///
/// What is there and is no file (`/dev/stdout`, a pipe) is written to as it is: moving a file over it would take the
/// device away from everybody else. A link is followed, not replaced.
pub(crate) fn write_all(files: &[(PathBuf, String)]) -> Result<()> {
    let mut staged = Vec::new();
    for (path, text) in files {
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        let device = fs::metadata(&place).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
        let temporary = if device { place.clone() } else { beside(&place) };
        let folder = place.parent().filter(|_| !device);
        let written = folder.map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&temporary, text));
        if let Err(error) = written {
            staged.iter().for_each(|(temporary, _)| drop(fs::remove_file(temporary)));
            return Err(format!("error: cannot write {}: {error}; nothing was changed", path.display()).into());
        }
        if !device {
            staged.push((temporary, place));
        }
    }
    for (temporary, place) in staged {
        fs::rename(&temporary, &place)
            .map_err(|error| format!("error: cannot replace {}: {error}", place.display()))?;
    }
    Ok(())
}

/// A name beside a file that nothing else has.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".new");
    path.with_file_name(name)
}
