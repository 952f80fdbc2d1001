//! `cargo xtask vendor`: from what a service publishes to what this repository holds of it.

use std::fs;
use std::path::Path;

use connectors_codegen::{Generator, Node};
use sha2::{Digest, Sha256};

use crate::service::{Name, Service};
use crate::{Result, files};

const HEADER: &str = "\
# Structure of the published document, selected and re-serialised by `cargo xtask vendor`; do not edit.
# Where it came from and what is selected: service.toml. Our prose and corrections: overlay.yaml.
";
const SERVICE_HEADER: &str = "# Written by `cargo xtask vendor`, save [select], which is yours.\n";

pub(crate) fn run(name: &Name, from: &Path, date: Option<jiff::civil::Date>, dry_run: bool) -> Result<()> {
    let mut service = Service::read(name)?;
    let text = fs::read_to_string(from).map_err(|error| format!("error: cannot read {}: {error}", from.display()))?;
    let document = Node::parse(&from.display().to_string(), &text)?;
    let vendored = connectors_codegen::vendor(&document, &service.selection())?;
    let yaml = format!("{HEADER}{}", vendored.to_yaml()?);

    // What is about to be written must be what the build can use.
    let folder = name.folder();
    let overlay = folder.join("overlay.yaml");
    let mut generator = Generator::new(Node::parse("openapi.yaml", &yaml)?);
    if overlay.exists() {
        generator = generator.overlay(Node::read(&overlay)?);
    }
    let client = generator.generate()?;

    let sha256 = hex(&Sha256::digest(text.as_bytes()));
    if service.sha256 != sha256 {
        service.date = date.unwrap_or_else(|| jiff::Zoned::now().date()).to_string();
        service.sha256 = sha256;
    } else if let Some(date) = date {
        service.date = date.to_string();
    }
    service.version =
        document.get("info").and_then(|info| info.get("version")).and_then(Node::as_str).unwrap_or_default().to_owned();
    let written = [
        (folder.join("openapi.yaml"), yaml),
        (folder.join("service.toml"), format!("{SERVICE_HEADER}{}", toml::to_string(&service)?)),
    ];
    let changed: Vec<_> =
        written.iter().filter(|(path, text)| fs::read_to_string(path).ok().as_ref() != Some(text)).cloned().collect();
    let schemas =
        vendored.pointer("/components/schemas").and_then(Node::as_object).map_or(0, connectors_codegen::Map::len);
    println!(
        "{}: {} operations, {schemas} schemas, {} notes",
        name.as_str(),
        client.operations,
        client.notes.iter().count()
    );
    for note in client.notes.iter() {
        println!("  {note}");
    }
    if changed.is_empty() {
        println!("nothing changed");
        return Ok(());
    }
    if !dry_run {
        files::write_all(&changed)?;
    }
    for (path, _) in &changed {
        let shown = path.strip_prefix(files::root()).unwrap_or(path);
        println!("{} {}", if dry_run { "would write" } else { "wrote" }, shown.display());
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
