//! `cargo xtask duel`: this generator and others on the same documents and the same probe, by the package
//! `connectors-duel`.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::{Result, files};

/// The options of the command line.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A folder of OpenAPI documents; may be repeated. If absent, the vendored documents and the probe's own document.
    #[arg(long, value_name = "DIR")]
    documents: Vec<PathBuf>,
    /// Only this tool: connectors, openapi-to-rust, oas3-gen, openapi-generator or progenitor; may be repeated.
    #[arg(long, value_name = "TOOL")]
    only: Vec<String>,
    /// Only this document, by its file name without extension, and not the probe; may be repeated.
    #[arg(long, value_name = "NAME")]
    only_document: Vec<String>,
    /// Only the probe.
    #[arg(long, conflicts_with_all = ["documents", "only_document"])]
    probe: bool,
    /// Skip tools and documents that already have a result.
    #[arg(long)]
    resume: bool,
    /// Run nothing, and write the page from earlier results.
    #[arg(long, requires = "write", conflicts_with = "probe")]
    from_results: bool,
    /// The seconds that each step may take: generate, check the dependencies, check the client.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    limit: u64,
    /// Write docs/compared.md.
    #[arg(long)]
    write: bool,
}

/// Runs the duel.
pub(crate) fn run(options: Options) -> Result<ExitCode> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(["run", "--package", "connectors-duel", "--manifest-path"]);
    command.arg(files::root().join("Cargo.toml")).arg("--");
    for folder in options.documents {
        command.arg("--documents").arg(folder);
    }
    for name in options.only {
        command.arg("--only").arg(name);
    }
    for name in options.only_document {
        command.arg("--only-document").arg(name);
    }
    let flags = [
        ("--probe", options.probe),
        ("--resume", options.resume),
        ("--from-results", options.from_results),
        ("--write", options.write),
    ];
    command.args(flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| *flag));
    command.arg("--limit").arg(options.limit.to_string());
    let status = command.status().map_err(|error| format!("error: cannot run cargo: {error}"))?;
    // The child has printed the error.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
