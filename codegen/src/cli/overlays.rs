//! `overlay`: applies an overlay, writes one from two documents, or checks one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::diagnostic::Error;
use crate::document::{Map, Node};
use crate::inspect_overlay;
use crate::note::Notes;
use crate::overlay::{self, Effect, Strictness};

use super::documents;
use super::lower::Output;
use super::report::{FOUND, Result, progress};

/// The subcommands for overlays.
#[derive(Subcommand)]
pub enum Overlays {
    /// Apply overlays to a document, in the order given.
    ///
    /// An action whose target matches nothing, or that has nothing to do, is an error, because it no longer works or never
    /// did. --lenient allows it, like the specification.
    Apply {
        /// The document, YAML or JSON.
        document: PathBuf,
        /// The overlays (1.0, 1.1 or 1.2).
        #[arg(required = true)]
        overlays: Vec<PathBuf>,
        /// Allow such actions, and print a note for each on standard error.
        #[arg(long)]
        lenient: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Write the Overlay 1.2 that turns one document into another.
    ///
    /// Applied to OLD, the overlay produces a document equal to NEW. The command checks this before it writes the
    /// overlay. The order of keys makes no difference. Nothing is written if the documents are equal.
    Compare {
        /// The document to apply the overlay to.
        old: PathBuf,
        /// The document that results.
        new: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Check overlays by themselves, or against the document that they are for.
    ///
    /// Exits with 3 if it finds a mistake. A valid action that does nothing is a hint. With --document, it also reports
    /// an action that matches nothing as a mistake, and an action that adds what the document already has as needless.
    Lint {
        /// The overlays.
        #[arg(required = true)]
        overlays: Vec<PathBuf>,
        /// The document that the overlays are applied to, in the order given.
        #[arg(long, value_name = "FILE")]
        document: Option<PathBuf>,
    },
}

impl Overlays {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// If a file cannot be used.
    pub fn run(&self) -> Result<ExitCode> {
        match self {
            Self::Apply { document, overlays, lenient, output } => apply(document, overlays, *lenient, output)?,
            Self::Compare { old, new, output } => compare(old, new, output)?,
            Self::Lint { overlays, document } => return lint(overlays, document.as_deref()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn apply(document: &Path, overlays: &[PathBuf], lenient: bool, output: &Output) -> Result<()> {
    let mut document = documents::file(document)?.node;
    for overlay in overlays {
        let (after, notes) = applied(&document, &Node::read(overlay)?, lenient)?;
        notes.iter().for_each(|note| eprintln!("{note}"));
        document = after;
    }
    output.write(&document, "")
}

/// A document with an overlay applied, and the actions that had no effect, if these are allowed.
///
/// # Errors
/// If the overlay does not fit.
pub fn applied(document: &Node, overlay: &Node, lenient: bool) -> std::result::Result<(Node, Notes), Error> {
    let strictness = if lenient { Strictness::Lenient } else { Strictness::Strict };
    let (mut document, mut notes) = (document.clone(), Notes::default());
    overlay::apply(&mut document, overlay, strictness, &mut notes)?;
    Ok((document, notes))
}

fn compare(old: &Path, new: &Path, output: &Output) -> Result<()> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (from, to) = (name(old), name(new));
    let (old, new) = (documents::file(old)?.node, documents::file(new)?.node);
    let Some(overlay) = between(&old, &new, &format!("From {from} to {to}"))? else {
        progress("the documents are equal");
        return Ok(());
    };
    // The written text is checked, not only the overlay in memory.
    if applied(&old, &Node::parse("overlay.yaml", &overlay.to_yaml()?)?, false)?.0 != new {
        return Err(format!("error: the overlay does not lead from {from} to {to}; nothing was written").into());
    }
    let count = overlay.get("actions").and_then(Node::as_array).map_or(0, <[Node]>::len);
    progress(&format!("{count} {}", if count == 1 { "action" } else { "actions" }));
    output.write(&overlay, "# Written by `connectors-codegen overlay compare`.\n")
}

/// The overlay that turns one document into another; `None` if they are equal.
///
/// # Errors
/// If a document is not an object.
pub fn between(old: &Node, new: &Node, title: &str) -> Result<Option<Node>> {
    let actions = overlay::comparison(old, new).ok_or("error: an OpenAPI document is an object")?;
    Ok((!actions.is_empty()).then(|| written(title, actions)))
}

/// An overlay with some actions.
pub(super) fn written(title: &str, actions: Vec<Node>) -> Node {
    let info = [("title", title), ("version", "1.0.0")].map(|(key, text)| (key.to_owned(), Node::made(text)));
    Node::made(Map::from([
        ("overlay".to_owned(), Node::made("1.2.0")),
        ("info".to_owned(), Node::made(Map::from(info))),
        ("actions".to_owned(), Node::made(actions)),
    ]))
}

fn lint(overlays: &[PathBuf], document: Option<&Path>) -> Result<ExitCode> {
    let mut document = document.map(documents::file).transpose()?.map(|document| document.node);
    let mut problems = 0;
    for path in overlays {
        let overlay = Node::read(path)?;
        let linted = overlay::lint(&overlay);
        for (_, hint) in &linted.hints {
            println!("{}", hint.to_string().replacen("error: ", "hint: ", 1));
        }
        let mut found: Vec<String> = linted.mistakes.iter().map(ToString::to_string).collect();
        if found.is_empty()
            && let Some(document) = &mut document
        {
            let (after, actions) = inspect_overlay(document, &overlay)?;
            let is_hint = |number: usize| linted.hints.iter().any(|(hint, _)| *hint == number);
            let wrong = actions.into_iter().filter(|action| action.effect != Effect::Applied);
            for action in wrong.filter(|action| action.effect == Effect::Unmatched || !is_hint(action.number)) {
                let kind = if action.effect == Effect::AlreadySo { "needless" } else { "error" };
                found.push(format!("{kind}: {action}"));
            }
            // Some mistakes are found only by a whole run: descriptions of items that the document does not have.
            if found.is_empty()
                && linted.hints.is_empty()
                && let Err(error) = applied(document, &overlay, false)
            {
                found.push(error.to_string());
            }
            *document = after;
        }
        found.iter().for_each(|problem| println!("{problem}"));
        problems += found.len();
        if found.is_empty() {
            println!("{}: no mistakes", path.display());
        }
    }
    Ok(if problems > 0 { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}
