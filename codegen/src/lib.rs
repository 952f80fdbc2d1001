//! Generates Rust clients from OpenAPI 3.0, 3.1 and 3.2 documents, which lose nothing of what a service sends.
//!
//! A document goes through a pipeline, one stage after the other: [`Node`] reads it, a [`Selection`] chooses from it,
//! an overlay corrects it, and then it is brought to one form, shaped for Rust, and emitted as code. [`Generator`]
//! is that pipeline. Nothing is lost without a [`Note`] that says where and why; an input that cannot be used is an
//! [`Error`] with file, line and column.
//!
//! Beside it, [`diff()`] and [`diff_clients`] say what a change of a document means for a program, by the table
//! [`RULES`]; a [`Listing`] is the public API of a generated client, to keep and compare; [`undocumented`] finds what
//! has no words.
//!
//! This is what a `build.rs` does with anybody's document. The README has a whole one, what generated code depends on, and
//! how a program calls it.
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
mod diagnostic;
#[cfg(feature = "diff")]
mod diff;
mod document;
mod emit;
mod grammar;
mod lower;
mod note;
mod overlay;
#[cfg(feature = "diff")]
mod reach;
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
pub use note::{Grouped, Kind, Note, Notes, Stage};
pub use overlay::{Action, Effect};
#[cfg(feature = "diff")]
pub use reach::{Declared, Reached, reach};
pub use select::Selection;
pub use shape::Names;
pub use span::Span;
pub use words::undocumented;

use overlay::Strictness;

/// The pipeline with its settings; see the crate's documentation for an example.
#[derive(Clone, Debug)]
pub struct Generator {
    document: Node,
    selection: Selection,
    overlays: Vec<Node>,
    strictness: Strictness,
    names: Names,
    accepted: String,
}

/// A generated client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Client {
    /// Rust source: a `types` module and a `Client`.
    pub code: String,
    /// What the pipeline did that a reader of the document would not expect.
    pub notes: Notes,
    /// How many operations the client has.
    pub operations: usize,
    /// The types of the `types` module, by name.
    pub types: Vec<GeneratedType>,
    /// The names in Rust, to keep and to give to [`Generator::names`] the next time.
    pub names: Names,
    /// The losses that are accepted.
    accepted: String,
    /// What it was made from.
    #[cfg(feature = "diff")]
    pub(crate) api: std::sync::Arc<shape::model::Api>,
}

/// One type of a generated client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneratedType {
    /// Its name in the `types` module.
    pub name: String,
    /// The schema of the document it was made of. A schema with a read and a write view has two types.
    pub pointer: Pointer,
}

impl Client {
    /// What a build script does with a client: writes the code into the folder that cargo has for it (`OUT_DIR`), and
    /// prints a warning for each kind of loss that is not accepted ([`Generator::accept`]).
    ///
    /// # Errors
    /// `OUT_DIR` is not set, or the file cannot be written.
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
    /// A pipeline for all of a document.
    #[must_use]
    pub fn new(document: Node) -> Self {
        Self {
            document,
            selection: Selection::default(),
            overlays: Vec::new(),
            strictness: Strictness::Strict,
            names: Names::default(),
            accepted: String::new(),
        }
    }

    /// Takes only a part of the document.
    #[must_use]
    pub fn select(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// Applies an OpenAPI Overlay (1.0, 1.1 or 1.2) before anything is lowered; several are applied in the order given.
    #[must_use]
    pub fn overlay(mut self, overlay: Node) -> Self {
        self.overlays.push(overlay);
        self
    }

    /// Allows actions of overlays that have no effect: whose target matches nothing, that say nothing to do, or that
    /// describe what the document does not have. They are notes then, and errors otherwise: an overlay of one's own that
    /// has stopped working should be corrected. For overlays by others, which are made for several documents.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.strictness = Strictness::Lenient;
        self
    }

    /// Keeps names that an earlier client has: what is added to the document then renames nothing. `x-rust-name` and
    /// `x-rust-group` win over what is kept, and to change another name, take its line out.
    #[must_use]
    pub fn names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Accepts losses, as [`Notes::losses`] writes them: [`Client::write`] warns of others only. Keep the text in a file
    /// beside the overlay; a change of it is a change of what callers have.
    #[must_use]
    pub fn accept(mut self, losses: impl Into<String>) -> Self {
        self.accepted = losses.into();
        self
    }

    /// The selected part of the document as it was written.
    ///
    /// # Errors
    /// A selection that names what the document does not have.
    pub fn selected(&self) -> Result<Node, Error> {
        lower::version(&self.document)?;
        select::select(&self.document, &self.selection)
    }

    /// The selected part with the overlays applied, in the document's own version of OpenAPI.
    ///
    /// # Errors
    /// As [`Generator::selected`], and an overlay action that does not fit.
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

    /// The document as OpenAPI 3.0.3, with what was lost on the way.
    ///
    /// # Errors
    /// As [`Generator::overlaid`], and a document of another version.
    pub fn lowered(&self) -> Result<(Node, Notes), Error> {
        let (mut document, mut notes) = self.shapeable()?;
        lower::plain(&mut document, &mut notes);
        Ok((document, notes))
    }

    /// The document in the form that is shaped.
    fn shapeable(&self) -> Result<(Node, Notes), Error> {
        let mut notes = Notes::default();
        let overlaid = self.noted(&mut notes)?;
        let document = lower::lower(&overlaid, &mut notes)?;
        Ok((document, notes))
    }

    /// Rust source for the document.
    ///
    /// # Errors
    /// As [`Generator::lowered`].
    pub fn generate(&self) -> Result<Client, Error> {
        let (document, mut notes) = self.shapeable()?;
        let (mut api, names) = shape::shape(&document, &self.names, &mut notes);
        let code = emit::emit(&mut api, &mut notes)?;
        let made = |def: &shape::model::TypeDef| GeneratedType { name: def.name.clone(), pointer: def.pointer.clone() };
        let types = api.types.iter().map(made).collect();
        let operations = api.operations.len();
        Ok(Client {
            code,
            notes,
            operations,
            types,
            names,
            accepted: self.accepted.clone(),
            #[cfg(feature = "diff")]
            api: std::sync::Arc::new(api),
        })
    }
}

/// The part of a document that a selection names, as far as the document has it.
///
/// # Errors
/// A document of another version.
pub fn select_known(document: &Node, selection: &Selection) -> Result<Node, Error> {
    lower::version(document)?;
    Ok(select::cut(document, selection))
}

/// A document with as much of an overlay applied as fits it, and what each action did: for documents of another day than
/// the overlay, and to find actions that are no longer needed.
///
/// # Errors
/// An overlay that is not one.
pub fn inspect_overlay(document: &Node, overlay: &Node) -> Result<(Node, Vec<Action>), Error> {
    let mut document = document.clone();
    let actions = overlay::inspect(&mut document, overlay)?;
    Ok((document, actions))
}

/// The vendored form of a document: the selected part, with no text of its authors.
///
/// # Errors
/// A document of another version, or a selection that names what it does not have.
pub fn vendor(document: &Node, selection: &Selection) -> Result<Node, Error> {
    lower::version(document)?;
    let mut selected = select::select(document, selection)?;
    select::structure_only(&mut selected);
    Ok(selected)
}
