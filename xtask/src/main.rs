//! `cargo xtask`: parses arguments, calls the pipeline, a fake or a tool, and prints the result.
//!
//! `cargo xtask TASK` builds only the features that the task needs: `start/src/features.rs` has them.

#[cfg(feature = "documents")]
mod bench;
#[cfg(feature = "documents")]
mod check;
#[cfg(feature = "demo")]
mod demo;
#[cfg(feature = "documents")]
mod duel;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "documents")]
mod files;
#[cfg(feature = "documents")]
mod new;
#[cfg(feature = "documents")]
mod plain;
#[cfg(feature = "documents")]
mod semver;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "documents")]
#[cfg_attr(not(feature = "fetch"), allow(dead_code, reason = "only `vendor` uses all of it"))]
mod service;
#[cfg(feature = "documents")]
mod tasks;
#[cfg(feature = "fetch")]
mod vendor;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
#[cfg(feature = "documents")]
use connectors_codegen::cli::{
    documents,
    report::{self, Result, progress},
};

/// Tasks for maintainers of `connectors`, and for all who generate clients with it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", color = clap::ColorChoice::Never, after_help = GUIDE)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Suppress progress messages.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Follow references to files outside of a document's folder (`$ref: ../common.yaml`).
    #[arg(long, global = true)]
    allow_outside: bool,
    /// Work on a copy of the workspace; for tests.
    #[arg(long, global = true, hide = true, value_name = "DIR")]
    root: Option<PathBuf>,
}

const GUIDE: &str = "\
New here?
  cargo xtask demo                  the whole job against a fake tenant, no account needed
The service changed its document?
  cargo xtask vendor c1 --dry-run   what changes for a caller, and what is left to do
  cargo xtask vendor c1             the same, then write all files or none
  cargo xtask semver c1             the required version, as text for CHANGELOG.md
Before a commit?
  cargo xtask check                 is everything current? If not: how to fix it
Two documents?
  cargo xtask diff OLD NEW          the changes, and which of them break a caller
One more service?
  cargo xtask new pets --from pets.yaml --tag pets
A client of any document, in a crate of its own?
  cargo xtask expand --from pets.yaml --out /tmp/pets

Each task explains itself: cargo xtask TASK --help.
docs/spec-changes.md describes one real change from end to end.

Exit codes:
  0  done; for check: everything is current
  1  failed, or check found a problem; the reason is on standard error, and no file was written in part
  2  wrong arguments
  3  diff --fail-on found such a change";

#[derive(Subcommand)]
enum Command {
    /// Run the main job end to end: authenticate, list, create, configure, sync, rename, rotate, delete.
    #[cfg(feature = "demo")]
    Demo {
        /// The service to show.
        #[arg(long, default_value = "c1")]
        service: String,
        /// Read from the service that the CONDUCTORONE_* or PIPESHUB_* variables name, instead of a fake; send no
        /// writes.
        #[arg(long)]
        live: bool,
    },
    /// Serve a fake of a service, for a client in any language.
    ///
    /// It prints environment variables for a client, and a request to try with curl. Through the endpoints below
    /// /_control a test scripts faults and syncs, expires tokens, advances the time and reads the requests:
    /// docs/serve.md. Ctrl-C stops the fake; its data is lost.
    ///
    ///   cargo xtask serve c1 --seed here --log
    ///   cargo xtask serve pipeshub --tls ca.pem
    ///   cargo xtask serve --from pets.yaml
    #[command(verbatim_doc_comment)]
    #[cfg(feature = "serve")]
    Serve(serve::Options),
    #[cfg(feature = "documents")]
    #[command(flatten)]
    Task(tasks::Task),
    /// Print completions for a shell, for the built program or an alias called `xtask`.
    ///
    /// In bash: alias xtask='cargo xtask'; source <(cargo xtask completions bash)
    #[cfg(feature = "documents")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    #[cfg(feature = "documents")]
    report::end_with_the_reader();
    let cli = Cli::parse();
    #[cfg(feature = "documents")]
    {
        report::set_quiet(cli.quiet);
        if let Some(root) = cli.root {
            files::set_root(root);
        }
        if cli.allow_outside {
            documents::allow_outside();
        }
    }
    let result = match cli.command {
        Some(command) => run(command),
        None => guide(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> std::result::Result<ExitCode, Box<dyn std::error::Error>> {
    match command {
        #[cfg(feature = "demo")]
        Command::Demo { service, live } => demo::run(&service, live)?,
        #[cfg(feature = "serve")]
        Command::Serve(options) => serve::run(options)?,
        #[cfg(feature = "documents")]
        Command::Task(task) => return tasks::run(task),
        #[cfg(feature = "documents")]
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command().name("xtask"), "xtask", &mut script);
            std::io::Write::write_all(&mut std::io::stdout(), &script)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The text that `cargo xtask` without a task prints.
fn guide() -> std::result::Result<ExitCode, Box<dyn std::error::Error>> {
    Cli::command().print_long_help()?;
    Ok(ExitCode::SUCCESS)
}
