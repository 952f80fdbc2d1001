//! `cargo xtask bench`: the costs of building, calls and dependencies, measured by the package `connectors-bench`.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::{Result, files};

/// The options of the command line.
pub(crate) struct Options {
    pub(crate) only: Vec<String>,
    pub(crate) quick: bool,
    pub(crate) json: bool,
    pub(crate) write: bool,
    pub(crate) from: Vec<PathBuf>,
    pub(crate) against: Option<String>,
}

/// Runs the benchmark in a release build.
pub(crate) fn run(options: Options) -> Result<ExitCode> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(["run", "--release", "--package", "connectors-bench", "--manifest-path"]);
    command.arg(files::root().join("Cargo.toml")).arg("--");
    for name in options.only {
        command.arg("--only").arg(name);
    }
    for (flag, is_set) in [("--quick", options.quick), ("--json", options.json), ("--write", options.write)] {
        if is_set {
            command.arg(flag);
        }
    }
    for from in options.from {
        command.arg("--from").arg(from);
    }
    if let Some(revision) = options.against {
        command.arg("--against").arg(revision);
    }
    let status = command.status().map_err(|error| format!("error: cannot run cargo: {error}"))?;
    // The child has printed the error.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
