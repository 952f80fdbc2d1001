//! What every client that `connectors-codegen` generates stands on: authentication, retries, deadlines, typed errors, pages
//! and streams.

#![allow(missing_docs, reason = "under way")]

pub mod auth;
mod call;
pub mod encode;
mod error;
mod http;
mod object;

pub use self::http::*;
pub use call::*;
pub use encode::{Parameter, Style};
pub use object::DecodeError;
pub use error::{Detail, Error, FieldViolation, Kind};
/// Whose `ClientBuilder`, `Request` and `Response` this crate takes.
#[doc(no_inline)]
pub use reqwest;

/// The crates that generated code names, so that a client has one dependency.
#[doc(hidden)]
pub mod crates {
    pub use {::http, progenitor_client, reqwest, serde_json};
}
