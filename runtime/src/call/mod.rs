//! Operations as requests: one call with its options, responses, pages, waits.

#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod core;
mod failure;
mod ids;
mod incoming;
mod pages;
mod path;
mod request;
mod response;
mod untyped;
mod wait;

use std::pin::Pin;

use crate::error::Error;

pub use self::core::{Core, Server};
pub use builder::{Builder, Connect};
pub use failure::failure;
pub use ids::{Id, IntoId};
pub use incoming::{RawBody, received};
pub use pages::{Cursor, Page, Pages, Position, next_link};
pub use progenitor_client::ByteStream;
pub use request::{Call, Outgoing, RequestOptions};
pub use response::{ByStatus, Response, decode, documented};
pub use untyped::UntypedCall;
pub use wait::{Pace, Paced, Polled, WaitState, Watch};

/// The future of a request that is sent by `.await`.
pub type Sending<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;
