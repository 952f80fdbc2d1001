//! The results of a duel. Each tool and document has a file, so that a long duel can be run in parts.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::run::Result;

/// The result of a tool for a document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// The operations of the document.
    pub(crate) of: usize,
    /// The first line of the failure; `None` if the client was generated and compiles.
    pub(crate) failure: Option<String>,
    /// The step that it reached.
    pub(crate) reached: Stage,
    /// The operations that the client has.
    pub(crate) operations: usize,
    /// Lines of Rust that are not empty.
    pub(crate) lines: usize,
    /// Seconds of CPU time, in user mode, to check the client without its dependencies.
    pub(crate) seconds: f64,
    pub(crate) warnings: usize,
    pub(crate) errors: usize,
}

/// The step that a tool reached with a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    #[default]
    NotGenerated,
    NotCompiled,
    Compiled,
}

/// The result of a tool in the probe: the verdict of each case, by its name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Probed {
    pub(crate) version: String,
    /// The grade (0, 1 or 2) and what was observed.
    pub(crate) verdicts: BTreeMap<String, (u8, String)>,
}

/// The folder of results.
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(crate) fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        fs::create_dir_all(&self.folder)?;
        Ok(fs::write(self.file(name), serde_json::to_string_pretty(value)?)?)
    }

    /// Whether there is a result.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.file(name).exists()
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let file = self.file(name);
        if !file.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&file)?;
        Ok(Some(serde_json::from_str(&text).map_err(|error| format!("the results {name}: {error}"))?))
    }

    /// All results whose names begin with a prefix, by the rest of the name.
    pub(crate) fn read_all<T: DeserializeOwned>(&self, start: &str) -> Result<Vec<(String, T)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).into_iter().flatten() {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let Some(name) = name.strip_suffix(".json").filter(|name| name.starts_with(start)) else { continue };
            if let Some(value) = self.read(name)? {
                found.push((name[start.len()..].to_owned(), value));
            }
        }
        Ok(found)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }
}
