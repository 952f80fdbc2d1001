//! What the workspace knows of a service: `spec/<service>/service.toml`.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use connectors_codegen::Selection;
use serde::{Deserialize, Serialize};

use crate::{Result, files};

/// The name of a service: a folder of `spec/`, a feature and a module of `connectors`.
#[derive(Clone, Debug)]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The service's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        files::root().join("spec").join(&self.0)
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let plain = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if plain {
            Ok(Self(text.to_owned()))
        } else {
            Err("a service is named by lower-case letters, digits and `_`".to_owned())
        }
    }
}

/// Where a vendored document came from, and what of it is selected.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    /// Where the service publishes the document.
    pub(crate) source: String,
    /// Of the document the selection was made from.
    pub(crate) sha256: String,
    /// The day it was published or fetched.
    pub(crate) date: String,
    /// `info.version` of the document.
    pub(crate) version: String,
    pub(crate) select: Select,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Select {
    pub(crate) tags: Vec<String>,
    pub(crate) operations: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) except: Vec<String>,
}

impl Service {
    pub(crate) fn read(name: &Name) -> Result<Self> {
        let path = name.folder().join("service.toml");
        let text = fs::read_to_string(&path).map_err(|error| {
            format!(
                "error: cannot read {}: {error}\n  help: a service is a folder of spec/ with a service.toml",
                path.display()
            )
        })?;
        toml::from_str(&text).map_err(|error| format!("error: {}: {error}", path.display()).into())
    }

    pub(crate) fn selection(&self) -> Selection {
        let Select { tags, operations, except } = self.select.clone();
        Selection { tags, operations, except, paths: Vec::new() }
    }
}
