//! The tasks that read and write documents and clients: all but `demo` and `serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use connectors_codegen::Node;
use connectors_codegen::cli::changes::Diff;
use connectors_codegen::cli::generate::Generate;
use connectors_codegen::cli::lower::Lower;

#[cfg(feature = "fetch")]
use crate::vendor;
use crate::{Result, bench, check, duel, files, new, semver, service};

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Update our copy of a service's published document: select, compare, check our overlay against it, write all
    /// files or none.
    ///
    /// It prints the changes for a caller, overlay actions that upstream has made needless, places without a
    /// description, and the version that the changes require.
    ///
    /// Nothing is written if an overlay action no longer matches (fix it in spec/SERVICE/overlay.yaml), if
    /// spec/SERVICE/openapi.yaml or api.txt has uncommitted changes (--force), or if the document has less than half of
    /// the vendored operations (--accept-other-document).
    ///
    /// A file may refer to others beside it. A URL is fetched over https, within 60 seconds and 64 MB; with its ETag,
    /// so that an unchanged document is not transferred.
    #[cfg(feature = "fetch")]
    Vendor {
        /// The service, a folder of spec/.
        service: service::Name,
        /// The published document; the `source` in service.toml if absent.
        #[arg(long, value_name = "FILE|URL")]
        from: Option<String>,
        /// The day the document was published or fetched; if absent, today for a new document.
        #[arg(long, value_name = "YYYY-MM-DD")]
        date: Option<jiff::civil::Date>,
        /// Print what would change and whether it would be written; write nothing.
        #[arg(long)]
        dry_run: bool,
        /// Overwrite an openapi.yaml or api.txt that has uncommitted changes.
        #[arg(long)]
        force: bool,
        /// Accept a document that has less than half of the vendored operations.
        #[arg(long)]
        accept_other_document: bool,
        /// List changes of descriptions and summaries too.
        #[arg(long)]
        documentation: bool,
        /// List every note and every place without a description, also if there are more than ten of a kind.
        #[arg(long)]
        all: bool,
    },
    /// Compare two documents: list the changes, and which of them break a caller.
    ///
    /// Each document may be OpenAPI 3.0, 3.1 or 3.2: a different syntax for the same schema is not a change. The
    /// clients that would be generated from them are compared as well. The totals come first, then the changes by tag;
    /// additive changes are only counted, and so are those that do not fit on two screens. Each line ends with the rule
    /// that judged the change; docs/diff-rules.md explains the rules.
    Diff {
        /// Compare only the operations that this service selects, with its overlay.
        #[arg(long)]
        service: Option<service::Name>,
        #[command(flatten)]
        diff: Diff,
    },
    /// List the changes in the public Rust API of a generated client, and the version number that they require.
    ///
    /// spec/SERVICE/api.txt lists the API of the generated code. Without further arguments, the API of the working tree
    /// is compared with the committed one. The output is text for CHANGELOG.md.
    Semver {
        /// The service, a folder of spec/.
        #[arg(required_unless_present = "old")]
        service: Option<service::Name>,
        /// Compare with the client of this document instead.
        #[arg(long, value_name = "OLD_DOCUMENT", conflicts_with = "old")]
        from: Option<PathBuf>,
        /// Compare with the api.txt of this commit, tag or branch.
        #[arg(long, value_name = "REVISION", default_value = "HEAD", conflicts_with = "old")]
        since: String,
        /// Compare any two: a document, or a listing whose name ends in .txt.
        #[arg(long, value_name = "FILE", requires = "new")]
        old: Option<PathBuf>,
        /// The later of the two.
        #[arg(long, value_name = "FILE", requires = "old")]
        new: Option<PathBuf>,
    },
    /// Write the files in spec/SERVICE for the review of a generated client: its public API in api.txt, its names in
    /// names.lock, its losses in losses.lock.
    ///
    /// Run it after a change of the overlay; `vendor` writes the same files. A reviewer reads their differences.
    Api {
        /// The service, a folder of spec/.
        service: service::Name,
    },
    /// Check whether everything that is committed is current and consistent.
    ///
    /// It checks that no file of spec/ has a merge conflict, selections reproduce the vendored documents, overlays
    /// match, api.txt is current, nothing lacks a description, the prose avoids the words that the project has given
    /// up, build.rs, Cargo.toml and src/lib.rs list exactly the services of spec/, the snippets in the READMEs are
    /// compiled, and docs/diff-rules.md has the current table of rules.
    ///
    /// Each problem is printed with the difference and the command or edit that fixes it; the exit code is then 1.
    Check {
        /// List every line of a problem, also if there are more than ten.
        #[arg(long)]
        all: bool,
    },
    /// Scaffold one more service: spec folder, overlay skeleton, feature, module, and a test that calls each operation.
    ///
    /// The new client compiles without further work. Decisions for a person are marked TODO in
    /// spec/SERVICE/overlay.yaml and src/SERVICE/mod.rs. If anything fails, nothing is written.
    New {
        /// The name of the new service: a folder of spec/, a feature and a module.
        service: service::Name,
        /// Its published document, YAML or JSON.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Operations with this tag; may be repeated.
        #[arg(long = "tag", value_name = "TAG", required_unless_present = "operations")]
        tags: Vec<String>,
        /// The operation with this operationId; may be repeated.
        #[arg(long = "operation", value_name = "ID")]
        operations: Vec<String>,
        /// Where the service publishes the document.
        #[arg(long, value_name = "URL")]
        source: Option<String>,
        /// Vendor the descriptions of the document with its structure, now and later. For documents whose author allows it,
        /// such as your own.
        #[arg(long)]
        keep_descriptions: bool,
    },
    /// Measure what it costs to build, to call and to depend on, as ratios in one run.
    ///
    /// Each figure is printed beside a reference that is measured in the same run, and beside its target;
    /// docs/benchmarks.md explains the rows. Most of the time is spent on builds. Exits with 0 also if a figure misses
    /// its target, and with 1 if one could not be measured. Rows that need a tool which is not installed (valgrind) are
    /// left out.
    Bench {
        /// Only these figures: generation, comparing, building, checking, releasing, crates, calling, listing, unions, decoding or concurrency; may be repeated.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Fewer and shorter rounds, and no builds from scratch.
        #[arg(long)]
        quick: bool,
        /// Print an array of objects instead of a table.
        #[arg(long)]
        json: bool,
        /// Write the table into docs/benchmarks.md.
        #[arg(long, conflicts_with_all = ["only", "quick"])]
        write: bool,
        /// The document to generate from; the vendored C1 document if absent. Repeat it to generate and check more clients.
        #[arg(long, value_name = "FILE")]
        from: Vec<PathBuf>,
        /// A revision of this repository: compare builds from scratch with those of its sources.
        #[arg(long, value_name = "REV", conflicts_with = "quick")]
        against: Option<String>,
    },
    /// Compare this generator with others: the same documents, and the same probe over a socket.
    ///
    /// The others are openapi-to-rust, oas3-gen, openapi-generator and progenitor. A tool that is not installed is
    /// skipped, and the command that installs it is printed. Results are kept in the target folder, so that a long duel
    /// can be run in parts (--only, --only-document); --write writes docs/compared.md from all of them. Most of the
    /// time is spent on builds.
    Duel(duel::Options),
    /// Convert any OpenAPI 3.0, 3.1 or 3.2 document to valid 3.0.3, and report each loss.
    ///
    /// The document may refer to other files beside it; the result is one file. Each loss is printed with its place in
    /// the source, also with --quiet. --notes none suppresses them.
    Lower(Lower),
    /// Write a complete crate with the generated client of any document, or of one of our services.
    ///
    /// The crate depends on connectors-runtime and serde. The file names.lock beside it stores the names in the client:
    /// expanding it again from a larger document renames nothing.
    ///
    ///   cargo xtask expand c1 --out /tmp/c1
    ///   cargo xtask expand --from pets.yaml --tag pets --out /tmp/pets
    #[command(verbatim_doc_comment)]
    Expand {
        /// One of our services, without its hand-written code.
        #[arg(conflicts_with = "from", required_unless_present = "from")]
        service: Option<service::Name>,
        /// Any OpenAPI 3.0, 3.1 or 3.2 document.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        #[command(flatten)]
        generate: Generate,
    },
}

/// Rejects a task that needs a workspace, or a service that does not exist.
fn check(task: &Task) -> Result<()> {
    match task {
        #[cfg(feature = "fetch")]
        Task::Vendor { service, .. } => service.known()?,
        Task::Api { service } => service.known()?,
        Task::Diff { service, .. } | Task::Semver { service, .. } | Task::Expand { service, .. } => {
            service.as_ref().map(service::Name::known).transpose()?;
        }
        Task::Check { .. } | Task::New { .. } | Task::Bench { .. } | Task::Duel(_) => files::require_root()?,
        Task::Lower(_) => {}
    }
    Ok(())
}

/// Runs one of these tasks.
pub(crate) fn run(task: Task) -> Result<ExitCode> {
    check(&task)?;
    match task {
        #[cfg(feature = "fetch")]
        Task::Vendor { service, from, date, dry_run, force, accept_other_document, documentation, all } => {
            let words = documentation;
            let options = vendor::Options { from, date, dry_run, force, accept_other_document, words, all };
            vendor::run(&service, &options)?;
        }
        Task::Diff { service, diff } => {
            return diff.run(&service.as_ref().map(service::Name::part).transpose()?.unwrap_or_default());
        }
        Task::Semver { service, from, since, old, new } => match (service, old, new) {
            (service, Some(old), Some(new)) => semver::files(&old, &new, service.as_ref())?,
            (Some(service), ..) => {
                semver::service(&service, &semver::Before { document: from.as_deref(), revision: &since })?;
            }
            // The argument parser asks for one of them.
            (None, ..) => return Err("error: name a service, or two files with --old and --new".into()),
        },
        Task::Api { service } => semver::api(&service)?,
        Task::Check { all } => check::run(all)?,
        Task::New { service, from, tags, operations, source, keep_descriptions } => {
            let select = service::Select { tags, operations, except: Vec::new(), keep_descriptions };
            new::run(&service, &from, select, source)?;
        }
        Task::Bench { only, quick, json, write, from, against } => {
            return bench::run(bench::Options { only, quick, json, write, from, against });
        }
        Task::Lower(lower) => lower.run()?,
        Task::Expand { service, from, generate } => match (service, from) {
            (Some(service), _) => {
                let overlay = Node::read(&service.overlay())?;
                generate.document(Node::read(&service.document())?, &[overlay], service.as_str(), service.kept()?)?;
            }
            (None, Some(file)) => generate.file(&file)?,
            // The argument parser asks for one of them.
            (None, None) => return Err("error: name a service, or a document with --from".into()),
        },
        Task::Duel(options) => return duel::run(options),
    }
    Ok(ExitCode::SUCCESS)
}
