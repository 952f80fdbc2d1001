//! The command line of `connectors-codegen`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::document::Node;

use super::changes::Diff;
use super::check::Check;
use super::documents;
use super::generate::Generate;
use super::lower::Lower;
use super::overlays::Overlays;
use super::part::{Choice, Part, kept};
use super::report::{self, Result};
use super::semver::Semver;
#[cfg(feature = "cli")]
use super::serve::Serve;

/// Generate a Rust client from any OpenAPI 3.0, 3.1 or 3.2 document, and judge its changes.
#[derive(Parser)]
#[command(name = "connectors-codegen", version, color = clap::ColorChoice::Never, after_help = GUIDE)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Suppress progress messages.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Follow references to files outside of a document's folder (`$ref: ../common.yaml`).
    #[arg(long, global = true)]
    allow_outside: bool,
}

const GUIDE: &str = "\
A new document?
  connectors-codegen check pets.yaml                      what a client lacks, and how to fix it
  connectors-codegen generate pets.yaml --out pets        a crate with the client
  connectors-codegen serve pets.yaml                      a server to test it against
The document changed?
  connectors-codegen diff old.yaml new.yaml               the changes, and which break a caller
  connectors-codegen diff old.yaml new.yaml --used-by .   the changes that touch this crate
  connectors-codegen semver old.yaml new.yaml             the required version, for CHANGELOG.md
The document is wrong?
  connectors-codegen overlay compare wrong.yaml right.yaml -o overlay.yaml

Without --force, files that this command did not write are not replaced. names.lock keeps its names, but not its comments. A document is a file: fetch a published one with curl.

Exit codes:
  0  done
  1  failed; the reason is on standard error, and no file was written in part
  2  wrong arguments
  3  found: a loss by check, a mistake by overlay lint, a change by diff --fail-on";

#[derive(Subcommand)]
enum Command {
    /// Write a complete crate with the generated client of a document.
    ///
    /// The crate depends on connectors-runtime and serde. The file names.lock beside it stores the names in the client:
    /// generating it again from a larger document renames nothing. The lock is read, and then written again. With --tag
    /// or --operation it keeps the names of all other items; its comments are lost. Notes are printed on standard
    /// error.
    #[command(after_long_help = "Example:\n  connectors-codegen generate pets.yaml --tag pets --out pets")]
    Generate {
        /// The document, YAML or JSON.
        document: PathBuf,
        #[command(flatten)]
        generate: Generate,
    },
    /// Convert a document to valid OpenAPI 3.0.3, and report each loss.
    ///
    /// The document may refer to other files beside it; the result is one file. Each loss is printed on standard error,
    /// with its place in the source, also with --quiet. --notes none suppresses them.
    Lower(Lower),
    /// Compare two documents: list the changes, and which of them break a caller.
    ///
    /// Each document may be OpenAPI 3.0, 3.1 or 3.2. The clients that would be generated from them are compared as
    /// well. The totals come first, then the changes by tag; additive changes are only counted, and so are those that do
    /// not fit on two screens. Each line ends with the rule that judged the change; docs/diff-rules.md in the
    /// repository explains the rules.
    Diff {
        #[command(flatten)]
        diff: Diff,
        #[command(flatten)]
        selected: Selected,
    },
    /// List the changes in the public Rust API of a generated client, and the version number that they require.
    ///
    /// The output is text for CHANGELOG.md.
    Semver {
        #[command(flatten)]
        semver: Semver,
        #[command(flatten)]
        selected: Selected,
    },
    /// Apply, write or check OpenAPI Overlays.
    #[command(subcommand)]
    Overlay(Overlays),
    /// Report the parts of a document that a client would lack, with file, line and column, and the overlay that fixes
    /// them.
    ///
    /// The overlay has only certain fixes: each writes into the document how the generator already reads it. Exits with
    /// 3 if a caller would lack something that is not accepted. Everything is printed on standard output; --notes json
    /// prints one object with the counts, the notes and the overlay.
    Check(Check),
    /// Serve a fake of a document, for a client in any language.
    ///
    /// It responds to each operation with an instance of its schema, rejects requests that the document does not allow,
    /// with the place of the mistake, and stores written resources where the paths allow it. It accepts any credential.
    /// A test scripts failures over HTTP. Ctrl-C stops it; its data is lost.
    ///
    ///   connectors-codegen serve pets.yaml --log
    #[command(verbatim_doc_comment)]
    #[cfg(feature = "cli")]
    Serve(Serve),
}

/// The part of two documents that is compared.
#[derive(Args)]
struct Selected {
    #[command(flatten)]
    choice: Choice,
    /// Apply this overlay to both documents, without the actions that do not fit; may be repeated.
    #[arg(long = "overlay", value_name = "FILE")]
    overlays: Vec<PathBuf>,
    /// The names.lock of the older client.
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
}

impl Selected {
    fn part(&self) -> Result<Part> {
        for overlay in &self.overlays {
            Node::read(overlay)?;
        }
        Ok(Part {
            called: "the generated client".to_owned(),
            selection: self.choice.selection(),
            overlays: self.overlays.clone(),
            names: self.names.as_deref().map(kept).transpose()?.unwrap_or_default(),
        })
    }
}

/// Runs the command with the program's arguments.
#[must_use]
pub fn main() -> ExitCode {
    report::end_with_the_reader();
    let cli = Cli::parse();
    report::set_quiet(cli.quiet);
    if cli.allow_outside {
        documents::allow_outside();
    }
    run(cli.command).unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

fn run(command: Option<Command>) -> Result<ExitCode> {
    match command {
        Some(Command::Generate { document, generate }) => generate.file(&document)?,
        Some(Command::Lower(lower)) => lower.run()?,
        Some(Command::Diff { diff, selected }) => return diff.run(&selected.part()?),
        Some(Command::Semver { semver, selected }) => semver.run(&selected.part()?)?,
        Some(Command::Overlay(overlays)) => return overlays.run(),
        Some(Command::Check(check)) => return check.run(),
        #[cfg(feature = "cli")]
        Some(Command::Serve(serve)) => serve.run()?,
        None => Cli::command().print_long_help()?,
    }
    Ok(ExitCode::SUCCESS)
}
