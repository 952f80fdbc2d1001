//! A tree from a text or a file.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use super::{MAX_BYTES, Node, json, yaml};
use crate::diagnostic::{Diagnostic, Error};
use crate::span::Source;

impl Node {
    /// Reads YAML or JSON text. Diagnostics use `name` as the file's name. A name that ends in `.json` means JSON.
    ///
    /// If a JSON object has a key twice, the last value wins, as in nearly all readers, and lowering writes a note. In
    /// YAML this is an error.
    ///
    /// # Errors
    /// If the text is neither YAML nor JSON, a YAML mapping has a key twice, or the document is too deep or too large.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let source = Source::new(name.to_owned(), text.to_owned());
        if Path::new(name).extension().is_some_and(|ext| ext.eq_ignore_ascii_case("json")) {
            return json::parse(&source);
        }
        // JSON under another name is recognized by its brace. YAML can begin with a brace too.
        match text.trim_start().starts_with('{').then(|| json::parse(&source)) {
            Some(Ok(node)) => Ok(node),
            _ => yaml::parse(&source),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If the file cannot be read, is not UTF-8, or [`Node::parse`] fails.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(&path.display().to_string(), &contents(path, MAX_BYTES)?)
    }
}

/// The text of a file with at most this many bytes.
pub(crate) fn contents(path: &Path, most: usize) -> Result<String, Error> {
    let cannot = |error: io::Error| {
        Diagnostic::new(format!("cannot read {}: {error}", path.display()))
            .help("check the path, and that the file is text in UTF-8")
    };
    let metadata = fs::metadata(path).map_err(cannot)?;
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    let mut text = String::new();
    // A file of length 0 is not opened: files that are generated as they are read (`/proc/kmsg`) may never end.
    if !metadata.is_file() || metadata.len() > 0 {
        let file = fs::File::open(path).map_err(cannot)?;
        file.take(most.saturating_add(1)).read_to_string(&mut text).map_err(cannot)?;
    }
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > most {
        let message = format!(
            "{} is too large: a document has at most {} MB, all files together",
            path.display(),
            MAX_BYTES >> 20
        );
        return Err(Diagnostic::new(message).into());
    }
    Ok(text)
}
