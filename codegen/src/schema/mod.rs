//! Stage `schema`: reads the schemas of a document, in any dialect, into a typed model, and writes them as OpenAPI
//! 3.0.3.
//!
//! A [`Model`] owns all schemas of one document. Other stages refer to a schema by its [`SchemaId`], so a schema that
//! is used in several places is never copied. A [`Schema`] has one field for each keyword, and references are resolved
//! to ids. A stage that must handle every keyword destructures the schema without `..`, so that it stops compiling when
//! a keyword is added.

mod all_of;
mod branches;
mod constraints;
mod equal;
mod export;
mod model;
mod normalise;
mod parents;
mod read;
mod values;

#[cfg(feature = "diff")]
pub(crate) use equal::Meanings;
pub(crate) use equal::{same, same_structure};
pub(crate) use model::{Additional, Annotations, Bound, JsonType, Mark, Model, Schema, SchemaId, Torn};
#[cfg(feature = "diff")]
pub(crate) use model::{Limits, Properties};
pub(crate) use normalise::matches_any_key;
