//! The selected part of a document, the format of notes, and the names that a client keeps.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::document::{Map, Node};
use crate::note::Notes;
use crate::select::Selection;
use crate::shape::Names;
use crate::{Generator, inspect_overlay, select_known};

use super::files;
use super::report::{self, Listed, Result};

/// The selected operations.
#[derive(Args, Clone, Default)]
pub struct Choice {
    /// Only operations with this tag; may be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Only the operation with this operationId; may be repeated.
    #[arg(long = "operation", value_name = "ID")]
    pub operations: Vec<String>,
}

impl Choice {
    /// The selection for the pipeline.
    #[must_use]
    pub fn selection(&self) -> Selection {
        let Self { tags, operations } = self.clone();
        Selection { tags, operations, ..Selection::default() }
    }
}

/// The formats of notes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NoteFormat {
    /// As lines.
    Text,
    /// As JSON.
    Json,
    /// Nothing.
    None,
}

/// The options of the pipeline for any document.
#[derive(Args)]
pub struct Pipeline {
    /// Apply this OpenAPI Overlay (1.0, 1.1 or 1.2); may be repeated.
    #[arg(long = "overlay", value_name = "FILE")]
    pub overlays: Vec<PathBuf>,
    /// Allow overlay actions that have no effect, and print a note for each.
    #[arg(long)]
    pub lenient: bool,
    /// How to print the notes.
    #[arg(long, value_enum, default_value_t = NoteFormat::Text)]
    pub notes: NoteFormat,
    /// List each constraint that is not checked.
    #[arg(long)]
    pub unchecked: bool,
    /// List every note, also where there are more than ten of a kind.
    #[arg(long)]
    pub all: bool,
}

impl Pipeline {
    /// The generator with the overlays.
    ///
    /// # Errors
    /// If an overlay cannot be read.
    pub fn applied(&self, mut generator: Generator) -> Result<Generator> {
        for overlay in &self.overlays {
            generator = generator.overlay(Node::read(overlay)?);
        }
        Ok(if self.lenient { generator.lenient() } else { generator })
    }

    /// Prints the notes in the requested format.
    ///
    /// # Errors
    /// If the notes cannot be written as JSON.
    pub fn print(&self, notes: &Notes) -> Result<()> {
        let listed = Listed { unchecked: self.unchecked, all: self.all };
        match self.notes {
            NoteFormat::Text => report::notes(notes, listed).iter().for_each(|line| eprintln!("{line}")),
            NoteFormat::Json => eprintln!("{}", serde_json::to_string_pretty(&notes.iter().collect::<Vec<_>>())?),
            NoteFormat::None => {}
        }
        Ok(())
    }
}

/// The part of a document that is compared, for any version of the document.
#[derive(Clone, Default)]
pub struct Part {
    /// Its name in messages.
    pub called: String,
    /// The operations.
    pub selection: Selection,
    /// Overlay files. Actions that do not fit are skipped.
    pub overlays: Vec<PathBuf>,
    /// The names in the client.
    pub names: Names,
}

impl Part {
    /// The selected part of a document. One version of a document may lack what another one has. This is a change, not
    /// a mistake in the selection.
    ///
    /// # Errors
    /// If the document has none of the selected operations.
    pub fn selected(&self, document: &Node) -> Result<Node> {
        if self.selection == Selection::default() {
            return Ok(document.clone());
        }
        let selected = select_known(document, &self.selection)?;
        if selected.get("paths").and_then(Node::as_object).is_none_or(Map::is_empty) {
            let document = document.span.file().unwrap_or("the document");
            let message = format!("error: {document} has nothing that {} selects", self.called);
            return Err(format!("{message}\n  help: is it the document of another service?").into());
        }
        Ok(selected)
    }

    /// The input for the client: the selection with the overlays. An action that does not fit was written for another
    /// version.
    ///
    /// # Errors
    /// If the document has none of the selected operations, or a file is not an overlay.
    pub fn overlaid(&self, document: &Node) -> Result<Node> {
        let mut document = self.selected(document)?;
        for overlay in &self.overlays {
            document = inspect_overlay(&document, &Node::read(overlay)?)?.0;
        }
        Ok(document)
    }
}

/// The names of a lock; none if there is no such file.
///
/// # Errors
/// If the file cannot be read, or is not a lock of names.
pub fn kept(path: &Path) -> Result<Names> {
    if fs::metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Ok(Names::default());
    }
    Ok(Names::parse(&path.display().to_string(), &files::read(path)?)?)
}

/// The text of a lock of names.
#[must_use]
pub fn names_text(names: &Names) -> String {
    format!(
        "\
# The names in the generated client, each with its place in the document. Additions to the document do not change them.
# Review each change of this file. To rename an item, set `x-rust-name` in the overlay, or delete the item's line.

{names}"
    )
}
