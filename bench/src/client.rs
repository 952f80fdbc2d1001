//! Crates of generated code: written to a folder, and compiled alone, after their dependencies.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::machine::{self, Measured, cargo_in, cost, finished};
use crate::plan::{Result, root};

/// The version of progenitor's client library, and of the one that its types need.
pub(crate) const PROGENITOR: &str = "progenitor-client = \"=0.15.1\"\nregress = \"0.12\"\n";

/// The dependency on our runtime, without TLS, as the client of progenitor has none here.
pub(crate) fn runtime() -> String {
    let runtime = toml::Value::from(root().join("runtime").display().to_string());
    format!("connectors-runtime = {{ path = {runtime}, default-features = false }}\n")
}

/// A crate of generated code.
pub(crate) struct Crate(PathBuf);

impl Crate {
    /// Writes a crate with this code, in a folder of its own among those of `group`.
    pub(crate) fn new(group: &str, name: &str, code: &str, dependencies: &str) -> Result<Self> {
        let written = Self::empty(group, name, &format!("{MANIFEST}{dependencies}"))?;
        fs::write(written.source(), format!("#![allow(warnings)]\n{code}"))?;
        Ok(written)
    }

    /// Writes a crate without code.
    pub(crate) fn empty(group: &str, name: &str, manifest: &str) -> Result<Self> {
        let folder = machine::folder()?.join(group).join(name);
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("src").join("lib.rs"), "")?;
        fs::write(folder.join("Cargo.toml"), format!("{manifest}\n[workspace]\n"))?;
        // The same versions as here.
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self(folder))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    fn source(&self) -> PathBuf {
        self.0.join("src").join("lib.rs")
    }

    /// Compiles it once, with all its dependencies.
    pub(crate) fn prepare(&self, arguments: &[&str]) -> Result<()> {
        let mut command = cargo_in(&self.0, arguments);
        finished(command.args(["--quiet", "--target-dir", "../target"]).env("CARGO_INCREMENTAL", "0"))?;
        Ok(())
    }

    /// Compiles a file of it, and what depends on the file: the rest is compiled already.
    pub(crate) fn again(&self, file: &str, arguments: &[&str]) -> Result<Measured> {
        File::options().append(true).open(self.0.join(file))?.set_modified(SystemTime::now())?;
        cost(machine::cargo().as_os_str(), |command| {
            command.args(arguments).args(["--quiet", "--offline", "--target-dir", "../target"]);
            command.current_dir(&self.0).env("CARGO_INCREMENTAL", "0");
            machine::plainly(command);
        })
    }

    /// Checks the crate alone.
    pub(crate) fn check(&self) -> Result<Measured> {
        self.again("src/lib.rs", &["check", "--lib"])
    }

    /// The crate, after it was checked with its dependencies.
    pub(crate) fn checked(self) -> Result<Self> {
        self.prepare(&["check", "--lib"])?;
        Ok(self)
    }
}

/// Each client has the features of reqwest that our runtime has, so that both use the same transport.
const MANIFEST: &str = r#"[package]
name = "checked"
version = "0.1.0"
edition = "2024"
publish = false

[profile.release]
strip = true

[dependencies]
bytes = "1"
futures-core = "0.3"
reqwest = { version = "0.13", default-features = false, features = ["json", "query", "form", "stream", "http2", "system-proxy"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
tokio = { version = "1", features = ["rt", "net", "time"] }
"#;
