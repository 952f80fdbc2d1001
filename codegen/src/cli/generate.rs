//! `generate`: a complete crate with the generated client of any document.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::Generator;
use crate::document::Node;
use crate::select::Selection;
use crate::shape::Names;

use super::files::GENERATED;
use super::part::{Choice, Pipeline, kept, names_text};
use super::report::{Result, progress};
use super::{documents, files};

/// The options for a new crate.
#[derive(Args)]
// The command that it is flattened into has a group of this name.
#[group(skip)]
pub struct Generate {
    /// Folder of the new crate: new, empty, or one that this command wrote.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Depend on the connectors-runtime in this folder, not on the published one.
    #[arg(long, value_name = "DIR")]
    runtime: Option<PathBuf>,
    /// Overwrite Cargo.toml, src/lib.rs and names.lock, even if this command did not write them.
    #[arg(long)]
    force: bool,
    /// Put each group of operations behind a feature of the crate, with its types. All are on by default.
    #[arg(long)]
    features_by_tag: bool,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    pipeline: Pipeline,
}

/// The lock of names beside the crate: generating it again keeps its names.
const NAMES: &str = "names.lock";

impl Generate {
    /// Writes the crate of a file's document.
    ///
    /// # Errors
    /// If the document cannot be used, or the folder has files that this command did not write.
    pub fn file(&self, file: &Path) -> Result<()> {
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        self.document(documents::file(file)?.node, &[], &stem, kept(&self.out.join(NAMES))?)
    }

    /// Writes the crate `name` of a document, with additional overlays.
    ///
    /// # Errors
    /// The errors of [`Generate::file`].
    pub fn document(&self, document: Node, overlays: &[Node], name: &str, names: Names) -> Result<()> {
        let runtime = self.runtime.as_deref().map(runtime).transpose()?;
        let generator = Generator::new(document).select(self.choice.selection()).names(names.clone());
        let generator = overlays.iter().cloned().fold(generator, Generator::overlay);
        let generator = if self.features_by_tag { generator.features_by_tag() } else { generator };
        let mut client = self.pipeline.applied(generator)?.generate()?;
        self.pipeline.print(&client.notes)?;
        if self.choice.selection() != Selection::default() {
            // The names of operations that are not selected now are kept for later.
            client.names.keep(&names);
        }
        // The generated names follow the document's names, so these lints do not apply.
        let header = "; do not edit.\n\n\
            #![allow(confusable_idents, mixed_script_confusables, non_camel_case_types, uncommon_codepoints)]\n\n";
        let crate_files = [
            ("Cargo.toml", manifest(&crate_name(name), runtime.as_deref(), &client.features)),
            ("src/lib.rs", format!("{GENERATED}{header}{}", client.code)),
            (NAMES, names_text(&client.names)),
        ];
        files::write_folder(&self.out, &crate_files, self.force)?;
        let lines = client.code.lines().count();
        progress(&format!("{}: {} operations, {lines} lines", self.out.display(), client.operations));
        if runtime.is_none() {
            progress(
                "it needs connectors-runtime, which is not released yet: --runtime DIR names the folder `runtime` of a checkout",
            );
        }
        Ok(())
    }
}

/// The name of the crate of a file with this stem, as Cargo allows it: not empty, and no digit first.
fn crate_name(stem: &str) -> String {
    let lower = stem.to_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let fits = parts.first().is_some_and(|part| part.starts_with(|c: char| c.is_ascii_lowercase()));
    let first = if fits { None } else { Some("api") };
    first.into_iter().chain(parts).chain(["client"]).collect::<Vec<_>>().join("-")
}

/// The absolute path of a folder with connectors-runtime.
fn runtime(folder: &Path) -> Result<PathBuf> {
    let manifest = folder.join("Cargo.toml");
    let is_it = files::read(&manifest).is_ok_and(|text| text.contains("name = \"connectors-runtime\""));
    if !is_it {
        return Err(format!("error: {} is not the manifest of connectors-runtime", manifest.display()).into());
    }
    Ok(fs::canonicalize(folder)?)
}

/// The manifest of a crate with generated code. Its `[workspace]` keeps it out of a workspace around its folder.
fn manifest(name: &str, runtime: Option<&Path>, features: &[String]) -> String {
    // The compatible versions of the runtime.
    let version = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
    let runtime = match runtime {
        Some(folder) => format!("{{ path = {} }}", toml::Value::from(folder.to_string_lossy().into_owned())),
        None => toml::Value::from(version).to_string(),
    };
    let all =
        features.iter().map(|feature| format!("    {},\n", toml::Value::from(feature.as_str()))).collect::<String>();
    let each =
        features.iter().map(|feature| format!("{} = []\n", toml::Value::from(feature.as_str()))).collect::<String>();
    let features =
        if features.is_empty() { String::new() } else { format!("[features]\ndefault = [\n{all}]\n{each}\n") };
    format!(
        r#"[package]
name = "{name}"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
connectors-runtime = {runtime}
serde = {{ version = "1", features = ["derive"] }}

{features}[workspace]
"#
    )
}
