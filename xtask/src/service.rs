//! The settings of a service: `spec/<service>/service.toml`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;
use std::{fmt, fs};

use connectors_codegen::cli::files::sha256;
use connectors_codegen::cli::part::{self, Part, names_text};
use connectors_codegen::{Client, Generator, Listing, Names, Node, Selection};
use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, Item};

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

    /// The file with the source of the document and the selection.
    pub(crate) fn settings(&self) -> PathBuf {
        self.folder().join("service.toml")
    }

    /// The snapshot of the public API of the service's client.
    pub(crate) fn api(&self) -> PathBuf {
        self.folder().join("api.txt")
    }

    /// The file with the names of the generated client: see [`Name::kept`].
    pub(crate) fn names(&self) -> PathBuf {
        self.folder().join("names.lock")
    }

    /// The file with the accepted losses of the generated client. The build warns of all others.
    pub(crate) fn losses(&self) -> PathBuf {
        self.folder().join("losses.lock")
    }

    /// The names that the client keeps; empty if there is no file yet.
    pub(crate) fn kept(&self) -> Result<Names> {
        part::kept(&self.names())
    }

    /// The input for the client, from any version of the document.
    pub(crate) fn part(&self) -> Result<Part> {
        Ok(Part {
            called: format!("`{self}`"),
            selection: Service::read(self)?.selection(),
            overlays: self.overlay().exists().then(|| self.overlay()).into_iter().collect(),
            names: self.kept()?,
        })
    }

    /// Returns an error for an unknown service, which lists the known ones.
    pub(crate) fn known(&self) -> Result<()> {
        files::require_root()?;
        if self.folder().is_dir() {
            return Ok(());
        }
        let (known, _) = Self::all()?;
        let names: BTreeSet<&str> = known.iter().map(Self::as_str).collect();
        let near = nearest(&self.0, &names);
        let meant = if near.is_empty() { String::new() } else { format!(": did you mean {near}?") };
        let list = names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let list = if list.is_empty() { "none yet".to_owned() } else { list };
        let help = format!("services are {list}; `cargo xtask new` adds one");
        Err(format!("error: there is no service `{self}`{meant}\n  help: {help}").into())
    }

    /// All services, by name: the folders of `spec/`. Then the folders whose names are not allowed for a service.
    pub(crate) fn all() -> Result<(Vec<Self>, Vec<String>)> {
        let spec = files::root().join("spec");
        let entries = fs::read_dir(&spec).map_err(|error| format!("error: cannot read {}: {error}", spec.display()))?;
        let (mut names, mut others) = (Vec::new(), Vec::new());
        for entry in entries {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                continue;
            }
            let folder = entry.file_name().to_string_lossy().into_owned();
            match folder.parse() {
                Ok(name) => names.push(name),
                Err(_) => others.push(folder),
            }
        }
        names.sort();
        others.sort();
        Ok((names, others))
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
            Err("the name of a service has lower-case letters, digits and `_`".to_owned())
        }
    }
}

/// The source of a vendored document, and the selection.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    /// Where the service publishes the document.
    pub(crate) source: String,
    /// The hash of the document that the selection was made from.
    pub(crate) sha256: String,
    /// The day on which it was published or fetched.
    pub(crate) date: String,
    /// `info.version` of the document.
    pub(crate) version: String,
    /// The document's ETag at `source`, for conditional requests.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) etag: Option<String>,
    /// The hash of everything that `etag` applies to, so that it is not sent for anything else.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) etag_for: Option<String>,
    pub(crate) select: Select,
}

/// The selected part of a document.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Select {
    pub(crate) tags: Vec<String>,
    pub(crate) operations: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) except: Vec<String>,
    /// Whether the document's own descriptions are kept. Only where their author allows it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) keep_descriptions: bool,
}

impl Service {
    pub(crate) fn read(name: &Name) -> Result<Self> {
        let path = name.settings();
        let text = fs::read_to_string(&path).map_err(|error| {
            format!(
                "error: cannot read {}: {error}\n  help: a service is a folder of spec/ with a service.toml",
                path.display()
            )
        })?;
        toml::from_str(&text).map_err(|error| format!("error: {}: {error}", path.display()).into())
    }

    pub(crate) fn selection(&self) -> Selection {
        self.select.selection()
    }

    /// The hash of everything that `etag` applies to: source, hash, version, selection, and the vendored text.
    pub(crate) fn fingerprint(&self, vendored: &str) -> Result<String> {
        let told = Self { date: String::new(), etag_for: None, ..self.clone() };
        Ok(sha256(format!("{}\n{vendored}", toml::to_string(&told)?).as_bytes()))
    }

    /// The text of service.toml: the previous text with its comments, and with the results of vendoring.
    pub(crate) fn text(&self, before: &str) -> Result<String> {
        let mut document: DocumentMut = before.parse()?;
        let table = document.as_table_mut();
        let found = [
            ("sha256", Some(self.sha256.as_str())),
            ("date", Some(self.date.as_str())),
            ("version", Some(self.version.as_str())),
            ("etag", self.etag.as_deref()),
            ("etag_for", self.etag_for.as_deref()),
        ];
        for (key, text) in found {
            let Some(text) = text else {
                table.remove(key);
                continue;
            };
            let mut value = toml_edit::Value::from(text);
            match table.get_mut(key) {
                Some(held) if held.as_str() == Some(text) => {}
                Some(held) => {
                    // A comment after the value is kept.
                    if let Some(held) = held.as_value() {
                        *value.decor_mut() = held.decor().clone();
                    }
                    *held = Item::Value(value);
                }
                None => drop(table.insert(key, Item::Value(value))),
            }
        }
        Ok(document.to_string())
    }
}

impl Select {
    pub(crate) fn selection(&self) -> Selection {
        let Self { tags, operations, except, .. } = self.clone();
        Selection { tags, operations, except, paths: Vec::new() }
    }

    /// The names in the selection that the document does not have: a line each, with similar names.
    pub(crate) fn strangers(&self, document: &Node) -> Vec<String> {
        // With references inlined.
        let Ok(document) = Generator::new(document.clone()).selected() else { return Vec::new() };
        let (mut tags, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for (_, operation) in operations(&document) {
            ids.extend(id(operation));
            let of_it = operation.get("tags").and_then(Node::as_array).into_iter().flatten();
            tags.extend(of_it.filter_map(Node::as_str));
        }
        let wanted = [("tag", &self.tags, &tags), ("operationId", &self.operations, &ids)];
        let wanted = wanted.into_iter().chain([("operationId", &self.except, &ids)]);
        let mut found = Vec::new();
        for (what, names, known) in wanted {
            for name in names.iter().filter(|name| !known.contains(name.as_str())) {
                let near = nearest(name, known);
                let meant = if near.is_empty() { String::new() } else { format!(": did you mean {near}?") };
                found.push(format!("no operation of the document has the {what} `{name}`{meant}"));
            }
        }
        found
    }
}

/// The most similar names, the most likely first.
fn nearest(name: &str, known: &BTreeSet<&str>) -> String {
    let likeness = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    let mut near: Vec<(f64, &str)> = known.iter().map(|other| (likeness(other), *other)).collect();
    near.retain(|(likeness, _)| *likeness > 0.8);
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.iter().take(3).map(|(_, other)| format!("`{other}`")).collect::<Vec<_>>().join(" or ")
}

/// The methods of a path item.
pub(crate) const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// The operations of a document, each by its method and path.
pub(crate) fn operations(document: &Node) -> Vec<(String, &Node)> {
    let mut found = Vec::new();
    for (path, item) in document.get("paths").and_then(Node::as_object).into_iter().flatten() {
        for method in METHODS {
            found.extend(item.get(method).map(|operation| (format!("{} {path}", method.to_uppercase()), operation)));
        }
    }
    found
}

/// The operationId of an operation.
pub(crate) fn id(operation: &Node) -> Option<&str> {
    operation.get("operationId").and_then(Node::as_str)
}

/// The vendored form of a document, or the mistakes in the selection.
pub(crate) fn vendored(document: &Node, select: &Select) -> Result<Node> {
    let vendored = match select.keep_descriptions {
        true => Generator::new(document.clone()).select(select.selection()).selected(),
        false => connectors_codegen::vendor(document, &select.selection()),
    };
    vendored.map_err(|error| {
        let file = document.span.file().unwrap_or_default();
        let strangers = select.strangers(document);
        let told: Vec<String> = strangers.iter().map(|stranger| format!("error: {stranger}\n  --> {file}")).collect();
        if told.is_empty() { error.into() } else { told.join("\n").into() }
    })
}

/// The first line of a service.toml.
pub(crate) const SERVICE_HEADER: &str = "# Written by `cargo xtask vendor`, except [select], which is yours.\n";

const DOCUMENT_HEADER: &str = "\
# The structure of the published document, selected and written by `cargo xtask vendor`; do not edit.
# service.toml has its source and the selection, overlay.yaml our descriptions and corrections.
";

/// The text of openapi.yaml for a document in vendored form.
pub(crate) fn document_text(vendored: &Node) -> Result<String> {
    Ok(format!("{DOCUMENT_HEADER}{}", vendored.to_yaml()?))
}

/// The client that build.rs generates, and its public API.
pub(crate) fn generate(generator: Generator) -> Result<(Client, Listing)> {
    let client = generator.generate()?;
    let listing = Listing::of(&client);
    Ok((client, listing))
}

/// The files about a service's client that are stored beside its document, each with its path and text.
pub(crate) fn records(name: &Name, client: &Client, listing: &Listing) -> Vec<(PathBuf, String)> {
    let losses = format!(
        "\
# The accepted losses: parts of the document that the generated client lacks. The build warns about all others.
# docs/losses.md explains each kind.

{}",
        client.notes.losses()
    );
    vec![(name.api(), api_text(name, listing)), (name.names(), names_text(&client.names)), (name.losses(), losses)]
}

/// The text of the api.txt for a public API.
fn api_text(name: &Name, listing: &Listing) -> String {
    format!(
        "\
# The public API of the generated client: operations, each with its required arguments and below it its optional setters,
# then types. Review each change, but do not edit this file: `cargo xtask api {name}` and `cargo xtask vendor {name}` write it. A
# name in quotes is the name on the wire.

{listing}"
    )
}
