//! Generates Rust clients from OpenAPI 3.0, 3.1 and 3.2 documents. The clients lose no data that a service sends.
//!
//! A document goes through a pipeline: [`Node`] reads it, a [`Selection`] selects a part, an overlay corrects it, and
//! then it is normalized, shaped for Rust, and emitted as code. [`Generator`] runs that pipeline. It reports each loss
//! as a [`Note`] with the place and the reason. It fails with an [`Error`] that has the file, line and column if it
//! cannot use an input.
//!
//! [`diff()`] and [`diff_clients`] return the changes between two documents with their impact on a program, by the
//! table [`RULES`]. A [`Listing`] is the public API of a generated client, to keep and to compare. [`undocumented`]
//! finds the parts without a description.
//!
//! A `build.rs` runs code like the following. The README has a complete `build.rs`, the dependencies of the generated
//! code, and a program that calls it.
//!
//! ```
//! use connectors_codegen::{Generator, Node};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let document = Node::parse("pets.yaml", "
//! openapi: 3.1.0
//! info: {title: Pets, version: '1'}
//! paths:
//!   /pets/{id}:
//!     get:
//!       operationId: getPet
//!       parameters: [{name: id, in: path, required: true, schema: {type: string}}]
//!       responses: {'200': {description: a pet, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
//! components:
//!   schemas:
//!     Pet: {type: object, required: [name], properties: {name: {type: string}, tag: {type: [string, 'null']}}}
//! ")?;
//! let client = Generator::new(document).generate()?;
//! assert!(client.code.contains("pub fn get_pet("));
//! assert!(client.code.contains("id: impl ::connectors_runtime::IntoId<self::params::kinds::PetId>"));
//! for note in client.notes.iter() {
//!     println!("cargo::warning={note}");
//! }
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "diff")]
mod api;
mod bundle;
mod calls;
mod children;
// Code that the command and the project's own tasks share. It may change with every version.
#[cfg(feature = "commands")]
#[doc(hidden)]
pub mod cli;
mod diagnostic;
#[cfg(feature = "diff")]
mod diff;
mod document;
mod emit;
mod grammar;
mod lower;
mod members;
mod mistakes;
mod note;
mod overlay;
mod plain;
#[cfg(feature = "diff")]
mod reach;
mod schema;
mod select;
mod shape;
mod span;
mod uri;
mod words;

#[cfg(feature = "diff")]
pub use api::{ApiChange, Bump, Fate, Listing};
pub use bundle::Bundle;
pub use diagnostic::{Diagnostic, Error};
#[cfg(feature = "diff")]
pub use diff::{Change, Impact, RULES, Rule, diff, diff_clients};
pub use document::{Map, Node, Pointer, Value};
pub use note::{Fix, Grouped, Kind, Note, Notes, Stage};
pub use overlay::{Action, Effect};
#[cfg(feature = "diff")]
pub use reach::{Declared, Reached, reach};
pub use select::Selection;
pub use shape::Names;
pub use span::Span;
pub use words::undocumented;

use std::collections::BTreeSet;

use overlay::Strictness;
use schema::Model;

/// The pipeline and its settings. See the crate's documentation for an example.
#[derive(Clone, Debug)]
pub struct Generator {
    document: Node,
    selection: Selection,
    overlays: Vec<Node>,
    strictness: Strictness,
    names: Names,
    accepted: String,
    features_by_tag: bool,
}

/// A generated client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Client {
    /// The Rust source: a module `types` and a `Client`.
    pub code: String,
    /// The notes of the pipeline: losses, corrections and other differences from the document.
    pub notes: Notes,
    /// The number of operations in the client.
    pub operations: usize,
    /// The cargo features that the code needs ([`Generator::features_by_tag`]).
    pub features: Vec<String>,
    /// The types of the `types` module, by name.
    pub types: Vec<GeneratedType>,
    /// The names in Rust. Store them, and pass them to [`Generator::names`] the next time.
    pub names: Names,
    /// The accepted losses.
    accepted: String,
    /// The model that the code was generated from.
    #[cfg(feature = "diff")]
    pub(crate) api: std::sync::Arc<shape::model::Api>,
}

/// One type of a generated client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneratedType {
    /// The name in the `types` module.
    pub name: String,
    /// The schema that the type was generated from. A schema with a read view and a write view has two types.
    pub pointer: Pointer,
}

impl Client {
    /// Writes the code to `file` in a build script's output folder (`OUT_DIR`). Prints a warning for each kind of loss
    /// that is not accepted ([`Generator::accept`]).
    ///
    /// # Errors
    /// If `OUT_DIR` is not set, or the file cannot be written.
    pub fn write(&self, file: &str) -> Result<(), Error> {
        for note in self.notes.not_accepted(&self.accepted).grouped() {
            println!("cargo::warning={note}");
        }
        let out = std::env::var_os("OUT_DIR").ok_or_else(|| {
            Diagnostic::new("OUT_DIR is not set").help("call this from a build script, or write `code` yourself")
        })?;
        let path = std::path::Path::new(&out).join(file);
        std::fs::write(&path, &self.code)
            .map_err(|error| Diagnostic::new(format!("{}: {error}", path.display())).into())
    }
}

impl Generator {
    /// A pipeline for the whole document.
    #[must_use]
    pub fn new(document: Node) -> Self {
        Self {
            document,
            selection: Selection::default(),
            overlays: Vec::new(),
            strictness: Strictness::Strict,
            names: Names::default(),
            accepted: String::new(),
            features_by_tag: false,
        }
    }

    /// Selects a part of the document.
    #[must_use]
    pub fn select(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// Applies an OpenAPI Overlay (1.0, 1.1 or 1.2) before lowering. Several overlays are applied in the order of the
    /// calls.
    #[must_use]
    pub fn overlay(mut self, overlay: Node) -> Self {
        self.overlays.push(overlay);
        self
    }

    /// Allows actions of overlays that have no effect: the target matches nothing, the action does nothing, or it
    /// describes something that the document does not have. These actions become notes. By default they are errors,
    /// because you should correct your own overlay when it stops working. Use this for overlays by others that are
    /// written for several documents.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.strictness = Strictness::Lenient;
        self
    }

    /// Keeps the names of an earlier client, so that additions to the document rename nothing. `x-rust-name` and
    /// `x-rust-group` take precedence over these names. To change another name, remove its line.
    #[must_use]
    pub fn names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Accepts losses, in the form of [`Notes::losses`]. [`Client::write`] warns only about other losses. Store the
    /// text in a file beside the overlay, so that a review shows its changes.
    #[must_use]
    pub fn accept(mut self, losses: impl Into<String>) -> Self {
        self.accepted = losses.into();
        self
    }

    /// Puts each group of operations behind a cargo feature with its name ([`Client::features`]), with the types that
    /// only a few groups use. A program then does not compile the groups that it does not use. The table of operations
    /// always has all operations. Use this for a crate of generated code. Its manifest must have the features.
    #[must_use]
    pub fn features_by_tag(mut self) -> Self {
        self.features_by_tag = true;
        self
    }

    /// Returns the selected part of the document, otherwise unchanged.
    ///
    /// # Errors
    /// If the selection names something that the document does not have.
    pub fn selected(&self) -> Result<Node, Error> {
        lower::version(&self.document)?;
        select::select(&self.document, &self.selection)
    }

    /// Returns the selected part with the overlays applied, in the document's own version of OpenAPI.
    ///
    /// # Errors
    /// If [`Generator::selected`] fails, or an action of an overlay cannot be applied.
    pub fn overlaid(&self) -> Result<Node, Error> {
        self.noted(&mut Notes::default())
    }

    fn noted(&self, notes: &mut Notes) -> Result<Node, Error> {
        let mut document = self.selected()?;
        for overlay in &self.overlays {
            overlay::apply(&mut document, overlay, self.strictness, notes)?;
        }
        Ok(document)
    }

    /// Returns the document as OpenAPI 3.0.3, and the notes with the losses.
    ///
    /// # Errors
    /// If [`Generator::overlaid`] fails, or the document has an unsupported version of OpenAPI.
    pub fn lowered(&self) -> Result<(Node, Notes), Error> {
        let (_, mut document, schemas, mut notes) = self.shapeable()?;
        schemas.export(&mut document);
        lower::plain(&mut document, &mut notes);
        Ok((document, notes))
    }

    /// The document with its overlays, and the normalized one with its schemas, for `shape`.
    fn shapeable(&self) -> Result<(Node, Node, Model, Notes), Error> {
        let mut notes = Notes::default();
        let overlaid = self.noted(&mut notes)?;
        let (document, schemas) = lower::lower(overlaid.clone(), &mut notes)?;
        mistakes::note(&self.document, &overlaid, &mut notes);
        Ok((overlaid, document, schemas, notes))
    }

    /// Generates the Rust source.
    ///
    /// # Errors
    /// If [`Generator::lowered`] fails.
    pub fn generate(&self) -> Result<Client, Error> {
        let (overlaid, document, mut schemas, mut notes) = self.shapeable()?;
        schemas.unite_children();
        mistakes::note_unchecked(&overlaid, &mut notes);
        drop(overlaid);
        let calls = calls::read(&document, &schemas, &mut notes);
        drop(document);
        let (mut api, names) = shape::shape(&calls, &schemas, &self.names, &mut notes);
        // These are no longer needed. The code is larger, so they are dropped first.
        drop((calls, schemas));
        let code = emit::emit(&mut api, self.features_by_tag, &mut notes)?;
        let made = |def: &shape::model::TypeDef| GeneratedType { name: def.name.clone(), pointer: def.pointer.clone() };
        let types = api.types.iter().map(made).collect();
        let operations = api.operations.len();
        let groups: BTreeSet<&str> = api.operations.iter().filter_map(|operation| operation.group.as_deref()).collect();
        let features = if self.features_by_tag { groups.into_iter().map(emit::feature).collect() } else { Vec::new() };
        Ok(Client {
            code,
            notes,
            operations,
            features,
            types,
            names,
            accepted: self.accepted.clone(),
            #[cfg(feature = "diff")]
            api: std::sync::Arc::new(api),
        })
    }
}

/// Returns the part of a document that a selection names. Ignores names that the document does not have.
///
/// # Errors
/// If the document has an unsupported version of OpenAPI.
pub fn select_known(document: &Node, selection: &Selection) -> Result<Node, Error> {
    lower::version(document)?;
    Ok(select::cut(document, selection))
}

/// Applies the actions of an overlay that fit a document, and returns the effect of each action. Use it for an older or
/// newer document than the one that the overlay was written for, and to find actions that are no longer needed.
///
/// # Errors
/// If the second document is not an overlay.
pub fn inspect_overlay(document: &Node, overlay: &Node) -> Result<(Node, Vec<Action>), Error> {
    let mut document = document.clone();
    let actions = overlay::inspect(&mut document, overlay)?;
    Ok((document, actions))
}

/// Returns the vendored form of a document: the selected part, without the texts of its authors.
///
/// # Errors
/// If the document has an unsupported version of OpenAPI, or the selection names something that it does not have.
pub fn vendor(document: &Node, selection: &Selection) -> Result<Node, Error> {
    lower::version(document)?;
    let mut selected = select::select(document, selection)?;
    select::structure_only(&mut selected);
    Ok(selected)
}
