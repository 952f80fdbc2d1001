//! Operations as requests: one call with its options, responses, pages, waits.

#[cfg(feature = "blocking")]
pub mod blocking;
mod body;
mod builder;
mod core;
mod failure;
mod header;
mod ids;
mod incoming;
mod items;
mod links;
mod macros;
mod options;
mod outgoing;
mod pages;
mod path;
mod request;
mod response;
mod sending;
mod untyped;
mod wait;

pub use self::core::{Core, Server};
pub use builder::{Builder, Connect};
pub use failure::failure;
pub use header::{Header, HeaderForm};
pub use ids::{Id, IntoId, MediaType, SecretId};
pub use incoming::{RawBody, received};
pub use items::Items;
pub use links::{Expression, LinkedArgument, Origin};
pub use options::{As, RequestOptions};
pub use outgoing::{Built, Outgoing};
pub use pages::{Cursor, Page, Pages, Position, next_link};
pub use progenitor_client::ByteStream;
pub use request::Call;
pub use response::{ByStatus, Response, decode, documented};
pub use sending::{Sending, value};
pub use untyped::UntypedCall;
pub use wait::{Pace, Paced, Polled, WaitState, Watch};
