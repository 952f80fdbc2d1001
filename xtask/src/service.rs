//! What the workspace knows of a service: `spec/<service>/service.toml`.

use std::path::PathBuf;
use std::str::FromStr;
use std::{fmt, fs};

use connectors_codegen::{Client, Facade, Generator, Listing, Node, Selection};
use serde::{Deserialize, Serialize};

use crate::{Result, files};

/// The name of a service: a folder of `spec/`, a feature and a module of `connectors`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The service's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        files::root().join("spec").join(&self.0)
    }

    pub(crate) fn document(&self) -> PathBuf {
        self.folder().join("openapi.yaml")
    }

    pub(crate) fn overlay(&self) -> PathBuf {
        self.folder().join("overlay.yaml")
    }

    /// The snapshot of the public API of the service's client.
    pub(crate) fn api(&self) -> PathBuf {
        self.folder().join("api.txt")
    }

    /// Every service: the folders of `spec/`, by name.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let spec = files::root().join("spec");
        let entries = fs::read_dir(&spec).map_err(|error| format!("error: cannot read {}: {error}", spec.display()))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                names.push(entry.file_name().to_string_lossy().parse::<Self>()?);
            }
        }
        names.sort();
        Ok(names)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
    /// What the server at `source` calls the document, to ask whether there is another.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) etag: Option<String>,
    pub(crate) select: Select,
}

/// What of a document is wanted.
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

/// What stands at the head of a service.toml.
pub(crate) const SERVICE_HEADER: &str = "# Written by `cargo xtask vendor`, save [select], which is yours.\n";

const DOCUMENT_HEADER: &str = "\
# Structure of the published document, selected and re-serialised by `cargo xtask vendor`; do not edit.
# Where it came from and what is selected: service.toml. Our prose and corrections: overlay.yaml.
";

/// The text of the openapi.yaml for the vendored form of a document.
pub(crate) fn document_text(vendored: &Node) -> Result<String> {
    Ok(format!("{DOCUMENT_HEADER}{}", vendored.to_yaml()?))
}

/// The client that build.rs generates, and its public API.
pub(crate) fn generate(generator: Generator) -> Result<(Client, Listing)> {
    let client = generator.facade(Facade::new("crate::transport")).generate()?;
    let listing = Listing::of(&client)?;
    Ok((client, listing))
}

/// The text of the api.txt for a public API.
pub(crate) fn api_text(name: &Name, listing: &Listing) -> String {
    format!(
        "\
# The public API of the generated client, as a program sees it: methods, then types. To be reviewed, not edited:
# written by `cargo xtask api {name}` and by `cargo xtask vendor {name}`. A name in quotes is the one on the wire.

{listing}"
    )
}
