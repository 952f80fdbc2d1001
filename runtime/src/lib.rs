//! What every client that `connectors-codegen` generates stands on: authentication, retries, deadlines, typed errors, pages
//! and streams.

#![allow(missing_docs, reason = "under way")]

pub mod auth;
mod call;
mod encode;
mod error;
mod http;
pub mod object;

pub use self::http::*;
pub use call::*;
pub use error::{Detail, Error, FieldViolation, Kind};
/// Whose `ClientBuilder`, `Request` and `Response` this crate takes.
#[doc(no_inline)]
pub use reqwest;
