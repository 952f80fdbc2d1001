//! Files: read, written all or nothing, and never over what another hand wrote.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::report::Result;

/// Reads a text file, or says which one cannot be read.
///
/// # Errors
/// A file that cannot be read as text.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("error: cannot read {}: {error}", path.display()).into())
}

/// The SHA-256 of some bytes, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a text where a person asked for it, or to standard output. A file that is there is not replaced, unless that is
/// `forced` or it holds that text already.
///
/// # Errors
/// A file that is there, or cannot be written.
pub fn write_out(output: Option<&Path>, text: &str, forced: bool) -> Result<()> {
    let Some(path) = output else {
        print!("{text}");
        return Ok(());
    };
    let held = path.is_file().then(|| fs::read(path).unwrap_or_default());
    if !forced && held.is_some_and(|held| !held.is_empty() && held != text.as_bytes()) {
        let help = "name another file; --force writes over it";
        return Err(format!("error: {} is there already; nothing was changed\n  help: {help}", path.display()).into());
    }
    write_all(&[(path.to_owned(), text.to_owned())])
}

/// The most lines of a difference that are shown.
const MOST_LINES: usize = 40;
/// Beyond this two texts are not compared line by line.
const MOST_CELLS: usize = 4_000_000;

/// What is different between two texts, a line each: `-` is gone, `+` is new.
#[must_use]
pub fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[start..], &new[start..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (gone, came) = (&old[..old.len() - end], &new[..new.len() - end]);
    let mut lines = Vec::new();
    if gone.len().saturating_mul(came.len()) > MOST_CELLS {
        lines.extend(gone.iter().map(|line| format!("- {line}")));
        lines.extend(came.iter().map(|line| format!("+ {line}")));
    } else {
        // How long the longest common sequence is from each pair of lines on.
        let mut common = vec![vec![0_u32; came.len() + 1]; gone.len() + 1];
        for i in (0..gone.len()).rev() {
            for j in (0..came.len()).rev() {
                common[i][j] =
                    if gone[i] == came[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < gone.len() || j < came.len() {
            if i < gone.len() && j < came.len() && gone[i] == came[j] {
                (i, j) = (i + 1, j + 1);
            } else if j == came.len() || (i < gone.len() && common[i + 1][j] >= common[i][j + 1]) {
                lines.push(format!("- {}", gone[i]));
                i += 1;
            } else {
                lines.push(format!("+ {}", came[j]));
                j += 1;
            }
        }
    }
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(format!("... and {more} more lines"));
    }
    if lines.is_empty() { "(the ends of lines)".to_owned() } else { lines.join("\n") }
}

/// Writes several files, or none: each is first written beside its place, then all are moved there. Folders that were made
/// for them go again if they are not.
///
/// What is there and is no file (`/dev/stdout`, a pipe) is written to as it is: moving a file over it would take the
/// device away from all others. A link is followed, not replaced.
///
/// # Errors
/// A place that cannot be written; then nothing is.
pub fn write_all(files: &[(PathBuf, String)]) -> Result<()> {
    Stage::of(files)?.commit()
}

/// Files that stand beside their places. Dropped before they were moved, nothing is left of them.
#[derive(Default)]
struct Stage<'a> {
    moves: Vec<Move>,
    /// What is written to as it is.
    streams: Vec<(&'a Path, &'a str)>,
    /// Folders that were made, the outermost first.
    folders: Vec<PathBuf>,
}

struct Move {
    temporary: PathBuf,
    place: PathBuf,
    /// What the place held.
    before: Option<Vec<u8>>,
}

impl<'a> Stage<'a> {
    fn of(files: &'a [(PathBuf, String)]) -> Result<Self> {
        let mut stage = Self::default();
        for (path, text) in files {
            let place = fs::canonicalize(path).or_else(|_| fs::read_link(path)).unwrap_or_else(|_| path.clone());
            if place.is_dir() {
                return Err(format!("error: {} is a folder; nothing was changed", path.display()).into());
            }
            // Standard output may be a file that others append to: what is below these is a stream, whatever it is.
            let stream = ["/dev", "/proc"].iter().any(|root| path.starts_with(root));
            if stream || fs::metadata(&place).is_ok_and(|metadata| !metadata.is_file()) {
                stage.streams.push((path.as_path(), text.as_str()));
                continue;
            }
            stage.add(place, text).map_err(|error| unwritten(path, &error))?;
        }
        Ok(stage)
    }

    fn add(&mut self, place: PathBuf, text: &str) -> io::Result<()> {
        let before = match fs::read(&place) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(folder) = place.parent() {
            let missing = folder.ancestors().take_while(|it| !it.as_os_str().is_empty() && !it.exists());
            let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
            self.folders.extend(missing.into_iter().rev());
            fs::create_dir_all(folder)?;
        }
        let temporary = beside(&place);
        self.moves.push(Move { temporary: temporary.clone(), place, before });
        fs::write(&temporary, text)
    }

    fn commit(mut self) -> Result<()> {
        for (path, text) in &self.streams {
            let mut stream = fs::OpenOptions::new().append(true).open(path).map_err(|error| unwritten(path, &error))?;
            stream.write_all(text.as_bytes()).map_err(|error| unwritten(path, &error))?;
        }
        for (index, Move { temporary, place, .. }) in self.moves.iter().enumerate() {
            let Err(error) = fs::rename(temporary, place) else { continue };
            // Those that were moved go back to what they were.
            for Move { place, before, .. } in &self.moves[..index] {
                drop(before.as_ref().map_or_else(|| fs::remove_file(place), |before| fs::write(place, before)));
            }
            return Err(unwritten(place, &error).into());
        }
        self.moves.clear();
        self.folders.clear();
        Ok(())
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        self.moves.iter().for_each(|it| drop(fs::remove_file(&it.temporary)));
        // A folder that holds something else stays.
        self.folders.iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
    }
}

fn unwritten(path: &Path, error: &io::Error) -> String {
    format!("error: cannot write {}: {error}; nothing was changed", path.display())
}

/// The file that says what in a folder a command wrote: a hash and a name in each line.
const MARKER: &str = ".connectors-generated";

/// Writes files into a folder of their own: into one that is empty or not there, or over what was written here before and
/// is still as it was written. What else is there is left as it is, and nothing is written, unless it is `forced`.
///
/// # Errors
/// A folder with files of others, or a file that cannot be written.
pub fn write_folder(folder: &Path, files: &[(&str, String)], forced: bool) -> Result<()> {
    let marker = folder.join(MARKER);
    let before = fs::read_to_string(&marker).unwrap_or_default();
    let ours: BTreeMap<&str, &str> =
        before.lines().filter_map(|line| line.split_once("  ")).map(|(hash, name)| (name, hash)).collect();
    let refuse = |what: String, help: &str| -> Result<()> {
        Err(format!("error: {what}; nothing was changed\n  help: {help}").into())
    };
    if !forced {
        if ours.is_empty() && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
            let what = format!("{} is not empty, and this command did not write it", folder.display());
            return refuse(what, "name an empty folder or a new one; --force writes over files of the same names");
        }
        // A lock is there to be edited as well.
        for (name, text) in files.iter().filter(|(name, _)| !name.ends_with(".lock")) {
            let place = folder.join(name);
            if place.symlink_metadata().is_err() {
                continue;
            }
            let held = fs::read(&place).unwrap_or_default();
            let same = ours.get(name).is_some_and(|hash| *hash == sha256(&held));
            if !same && held != text.as_bytes() {
                let what = format!("{} is not as this command wrote it", place.display());
                return refuse(what, "move it away, or --force to write over it");
            }
        }
    }
    let mut listed =
        String::from("# What connectors-codegen wrote here and may write over, as long as it is unchanged.\n");
    for (name, text) in files {
        listed.push_str(&format!("{}  {name}\n", sha256(text.as_bytes())));
    }
    let place = |(name, text): &(&str, String)| (folder.join(name), text.clone());
    let wanted: Vec<(PathBuf, String)> = files.iter().map(place).chain([(marker, listed)]).collect();
    write_all(&wanted)
}

/// What a file is called while it is written; one that is left over was interrupted.
pub const UNFINISHED: &str = ".new";

/// A name beside a file that nothing else has.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map_or_else(OsString::new, OsString::from);
    let numbered = |number: u32| {
        let mut name = name.clone();
        if number > 0 {
            name.push(format!(".{number}"));
        }
        name.push(UNFINISHED);
        path.with_file_name(name)
    };
    (0..1000).map(numbered).find(|place| !place.exists()).unwrap_or_else(|| numbered(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_lines_that_are_different() {
        assert_eq!(difference("a\nb\nc\nd\n", "a\nx\nc\ny\nd\n"), "- b\n+ x\n+ y");
        assert_eq!(difference("", "a\n"), "+ a");
        assert_eq!(difference("a\n", "a"), "(the ends of lines)");
        let long: String = (0..100).map(|line| format!("{line}\n")).collect();
        assert!(difference(&long, "").ends_with("... and 60 more lines"));
    }

    /// Interrupted between the first file and the second: by a target that became a folder after everything was staged.
    #[test]
    fn a_move_that_fails_takes_back_those_before_it() {
        let root = std::env::temp_dir().join(format!("xtask-files-{}", std::process::id()));
        drop(fs::remove_dir_all(&root));
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("old.txt"), "before").unwrap();
        let text = |name: &str| (root.join(name), "after".to_owned());
        let files = [text("old.txt"), text("made/new.txt"), text("late.txt"), text("never.txt")];
        let stage = Stage::of(&files).unwrap();
        fs::create_dir(root.join("late.txt")).unwrap();
        let error = stage.commit().unwrap_err().to_string();
        assert!(error.contains("late.txt") && error.contains("nothing was changed"), "{error}");
        assert_eq!(fs::read_to_string(root.join("old.txt")).unwrap(), "before");
        let mut left: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["late.txt", "old.txt"]);

        fs::remove_dir(root.join("late.txt")).unwrap();
        write_all(&files).unwrap();
        assert_eq!(fs::read_to_string(root.join("made/new.txt")).unwrap(), "after");
        assert_eq!(fs::read_to_string(root.join("old.txt")).unwrap(), "after");
        fs::remove_dir_all(&root).unwrap();
    }
}
