//! `cargo xtask TASK`: builds the features of xtask that the task needs, and runs it. It has no dependencies itself.

mod features;

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(["run", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")]);
    if let Some(features) = features::of(&arguments) {
        command.args(["--no-default-features", "--features", features]);
    }
    // Cargo has set these for this program. Build scripts that read them would run again, with all that depends on them.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    match replaced_by(command.arg("--").args(&arguments)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: cannot run cargo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Replaces this process, so that signals reach the task.
#[cfg(unix)]
fn replaced_by(command: &mut Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn replaced_by(command: &mut Command) -> io::Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
