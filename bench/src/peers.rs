//! Clients of other generators, if those are installed. `cargo xtask duel` compares more than their cost.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::client::Crate;
use crate::machine::finished;
use crate::plan::Result;

/// Another generator.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    program: &'static str,
    generate: fn(&Path, &Crate) -> Result<()>,
}

pub(crate) const PEERS: [Peer; 2] = [
    Peer { name: "openapi-to-rust", program: "openapi-to-rust", generate: openapi_to_rust },
    Peer { name: "openapi-generator", program: "openapi-generator-cli", generate: openapi_generator },
];

impl Peer {
    pub(crate) fn is_installed(&self) -> bool {
        // Its exit code does not matter.
        Command::new(self.program).arg("--help").output().is_ok()
    }

    /// Generates a client, with the default options.
    pub(crate) fn generate(&self, document: &Path, group: &str) -> Result<Crate> {
        let written = Crate::empty(group, self.name, "")?;
        (self.generate)(&fs::canonicalize(document)?, &written)?;
        // The file's own text, and a workspace of its own.
        let manifest = written.folder().join("Cargo.toml");
        let text = fs::read_to_string(&manifest)?;
        if !text.contains("[workspace]") {
            fs::write(&manifest, format!("{text}\n[workspace]\n"))?;
        }
        Ok(written)
    }
}

fn openapi_to_rust(document: &Path, to: &Crate) -> Result<()> {
    let folder = to.folder();
    finished(Command::new("openapi-to-rust").current_dir(folder).arg("generate").arg(document))?;
    let dependencies = fs::read_to_string(folder.join("src/generated/REQUIRED_DEPS.toml"))?;
    let package = "[package]\nname = \"checked\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n";
    let heading = if dependencies.contains("dependencies]") { "" } else { "[dependencies]\n" };
    fs::write(folder.join("Cargo.toml"), format!("{package}{heading}{dependencies}"))?;
    Ok(fs::write(folder.join("src/lib.rs"), "pub mod generated;\npub use generated::*;\n")?)
}

fn openapi_generator(document: &Path, to: &Crate) -> Result<()> {
    let mut command = Command::new("openapi-generator-cli");
    command.args(["generate", "-g", "rust", "--skip-validate-spec", "-i"]).arg(document).arg("-o").arg(to.folder());
    finished(command.arg("--additional-properties=packageName=checked"))?;
    Ok(())
}
