//! Operations as requests: one call with its options, responses, pages, waits.

#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod ids;
mod pages;
mod wait;

pub use builder::{Builder, Connect};
pub use ids::{Id, IntoId};
pub use pages::{Cursor, Page, Pages, Position, next_link};
pub use wait::{Pace, Paced, Polled, WaitState, Watch};
