//! Calls progenitor like the `build.rs` in its documentation. It runs in its own process, because it panics on some
//! documents.

use std::fs;
use std::path::Path;

use progenitor_impl::{GenerationSettings, Generator, InterfaceStyle};

use crate::run::Result;

/// The version that `Cargo.toml` names.
pub(crate) const VERSION: &str = "0.15.1";

/// The dependencies of a client: the list of `cargo progenitor`, with all optional ones.
const MANIFEST: &str = r#"[package]
name = "subject"
version = "0.0.0"
edition = "2024"

[dependencies]
bytes = "1.9"
chrono = { version = "0.4", default-features = false, features = ["serde"] }
futures-core = "0.3"
progenitor-client = "0.15.1"
regress = "0.10"
reqwest = { version = "0.13", default-features = false, features = ["json", "query", "stream"] }
serde = { version = "1.0", features = ["derive"] }
serde_json = "1.0"
serde_urlencoded = "0.7"
uuid = { version = "1.0", features = ["serde", "v4"] }
"#;

/// Writes a client of an OpenAPI 3.0 document, in builder style or with positional arguments.
pub(crate) fn generate(document: &Path, subject: &Path, has_builders: bool) -> Result<()> {
    let document: openapiv3::OpenAPI = serde_json::from_str(&fs::read_to_string(document)?)?;
    let mut settings = GenerationSettings::new();
    settings.with_interface(if has_builders { InterfaceStyle::Builder } else { InterfaceStyle::Positional });
    let tokens = Generator::new(&settings).generate_tokens(&document)?;
    let code = prettyplease::unparse(&syn::parse2(tokens)?);
    fs::create_dir_all(subject.join("src"))?;
    fs::write(subject.join("Cargo.toml"), MANIFEST)?;
    Ok(fs::write(subject.join("src/lib.rs"), code)?)
}
