//! Generates the client of each enabled service from `spec/<service>` into `OUT_DIR`.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use connectors_codegen::{Error, Generator, Names, Node};

/// Services by name: the folder in `spec/`, the feature, and the module in `src/`.
const SERVICES: [&str; 2] = ["c1", "pipeshub"];

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    let enabled = |service: &&&str| env::var_os(format!("CARGO_FEATURE_{}", service.to_uppercase())).is_some();
    for service in SERVICES.iter().filter(enabled) {
        if let Err(error) = generate(service) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn generate(service: &str) -> Result<(), Box<dyn std::error::Error>> {
    let read = |file: &str| -> Result<Node, Error> {
        let path = Path::new("spec").join(service).join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        Node::read(&path)
    };
    let lock = |file: &str| {
        let path = Path::new("spec").join(service).join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        // `cargo xtask check` reports a lock that is missing.
        fs::read_to_string(path).unwrap_or_default()
    };
    let generator = Generator::new(read("openapi.yaml")?)
        .overlay(read("overlay.yaml")?)
        .names(Names::parse("names.lock", &lock("names.lock"))?);
    let document = generator.overlaid()?.to_string();
    let client = generator.generate()?;
    // The losses that are accepted are in the lock. Others are reported to everyone.
    for note in client.notes.not_accepted(&lock("losses.lock")).grouped() {
        println!("cargo::warning={note}");
    }
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: run this through cargo")?;
    fs::write(Path::new(&out).join(format!("{service}.rs")), client.code)?;
    fs::write(Path::new(&out).join(format!("{service}.json")), document)?;
    Ok(())
}
