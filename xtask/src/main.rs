//! `cargo xtask`: how people live with `connectors`. Arguments in, the pipeline or the fake called, words out.

mod bench;
mod demo;
mod documents;
mod files;
mod serve;
mod service;
mod vendor;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Tasks for people who work on `connectors` or generate clients with it.
///
/// Start with `cargo xtask demo`: it runs the whole job against a fake tenant and needs no account.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed (the reason is on standard error), 2 wrong arguments.";

#[derive(Subcommand)]
enum Command {
    /// Run the main job end to end: authenticate, list, create, configure, sync, rename, rotate, delete.
    Demo {
        /// Read (only read) the real tenant that the CONDUCTORONE_* variables name, instead of the fake one.
        #[arg(long)]
        live: bool,
    },
    /// Serve a fake tenant on loopback, for a client in any language.
    Serve {
        /// The service to pretend to be.
        service: service::Name,
        /// Port on 127.0.0.1; 0 takes a free one.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Select a service's operations from its published document and write `openapi.yaml` in its folder of spec/.
    Vendor {
        /// The service, a folder of spec/.
        service: service::Name,
        /// The published document.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// The day the document was published or fetched; today if it is new and not given.
        #[arg(long, value_name = "YYYY-MM-DD")]
        date: Option<jiff::civil::Date>,
        /// Say what would change, write nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Measure what generation costs, as ratios in one run.
    Bench {
        /// The document to measure on; the vendored C1 document if absent.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Say what changed between two documents, and what of it breaks a caller.
    Diff {
        /// The document before.
        old: PathBuf,
        /// The document after.
        new: PathBuf,
        /// Compare only what this service selects.
        #[arg(long)]
        service: Option<service::Name>,
    },
    /// Bring any OpenAPI 3.0 or 3.1 document to valid 3.0.3, and say what was lost.
    Lower {
        /// The document, YAML or JSON.
        file: PathBuf,
        /// Where to write it; standard output if absent.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// How to tell what was lost, on standard error.
        #[arg(long, value_enum, default_value_t = NoteFormat::Text)]
        notes: NoteFormat,
    },
    /// Write a complete crate with the generated client of any document, or of one of our services.
    Expand {
        /// One of our services, to read what build.rs makes of it.
        #[arg(conflicts_with = "from", required_unless_present = "from")]
        service: Option<service::Name>,
        /// Any OpenAPI 3.0 or 3.1 document.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Folder of the new crate.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Only operations with this tag; may be repeated.
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// Only the operation with this operationId; may be repeated.
        #[arg(long = "operation", value_name = "ID")]
        operations: Vec<String>,
        /// How to tell what was lost, on standard error.
        #[arg(long, value_enum, default_value_t = NoteFormat::Text)]
        notes: NoteFormat,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NoteFormat {
    /// One line each.
    Text,
    /// One JSON array.
    Json,
    /// Nothing.
    None,
}

/// What a task may fail with: words for the person who ran it.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo { live } => demo::run(live),
        Command::Serve { service, port } => serve::run(&service, port),
        Command::Vendor { service, from, date, dry_run } => vendor::run(&service, &from, date, dry_run),
        Command::Bench { from } => bench::run(from.as_deref()),
        Command::Diff { old, new, service } => documents::diff(&old, &new, service.as_ref()),
        Command::Lower { file, output, notes } => documents::lower(&file, output.as_deref(), notes),
        Command::Expand { service, from, out, tags, operations, notes } => {
            documents::expand(service.as_ref(), from.as_deref(), &out, tags, operations, notes)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
