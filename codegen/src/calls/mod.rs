//! Stage `calls`: reads everything but the schemas of a normalized document into a typed model.
//!
//! [`Calls`] has the operations of one document, with one field for each member of OpenAPI that a client needs. A
//! reference to a shared object is resolved, and the object is read once. A schema is the [`SchemaId`] of the model of
//! `schema`. Each object keeps its place, for notes and for names.
//!
//! [`SchemaId`]: crate::schema::SchemaId

mod model;
mod read;
mod status;

#[cfg(feature = "diff")]
pub(crate) use model::Header;
pub(crate) use model::{Calls, Encoding, Item, Media, Operation, Parameter, Place, Response, Style, Used};
pub(crate) use read::read;
pub(crate) use status::Status;
