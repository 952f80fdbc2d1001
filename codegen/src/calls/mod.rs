//! Stage `calls`: reads everything but the schemas of a normalized document into a typed model.
//!
//! [`Calls`] has the operations of one document, with one field for each member of OpenAPI that a client needs. A
//! reference to a shared object is resolved, and the object is read once. A schema is the [`SchemaId`] of the model of
//! `schema`. Each object keeps its place, for notes and for names.
//!
//! [`SchemaId`]: crate::schema::SchemaId

mod hints;
mod model;
mod place;
mod read;
mod security;
mod status;

pub(crate) use hints::{Hints, Next, Paging};
pub(crate) use model::{Calls, Encoding, Header, Item, Link, LinkTarget, Media, Operation, Parameter, Response, Used};
pub(crate) use place::{Place, Style};
pub(crate) use read::read;
pub(crate) use security::{Flow, FlowKind, Scheme, SchemeKind, Server, Servers};
pub(crate) use status::Status;
