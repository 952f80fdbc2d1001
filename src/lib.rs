//! Typed clients for ConductorOne (C1) and PipesHub connectors, generated at compile time from the services' own OpenAPI
//! documents, under a thin hand-written layer: authentication, retries, typed errors, streams and waiters.
//!
//! ```no_run
//! use connectors::c1::Client;
//! use futures::TryStreamExt;
//!
//! # async fn example() -> Result<(), connectors::Error> {
//! let c1 = Client::from_env()?;
//! let mut apps = c1.apps();
//! while let Some(app) = apps.try_next().await? {
//!     println!("{}", app.display_name.unwrap_or_default());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Start with [`c1::Client`], or with `pipeshub::Client`. What they do not say in words of their own is in [`c1::api`] and
//! `pipeshub::api`: every operation of the document, one method each, over the same transport and errors.
//!
//! # Features
//! | feature | |
//! |---|---|
//! | `c1` (default) | the C1 client; without it, none of it is compiled |
//! | `pipeshub` | the PipesHub client, `connectors::pipeshub` |
//! | `rustls` (default) | TLS by rustls |
//! | `native-tls` | TLS by the platform's library |

#[cfg(feature = "c1")]
pub mod c1;
#[cfg(feature = "pipeshub")]
pub mod pipeshub;

pub mod auth;
mod error;
#[cfg(any(feature = "c1", feature = "pipeshub"))]
mod ids;
mod paging;
pub mod transport;
#[cfg(any(feature = "c1", feature = "pipeshub"))]
mod waiting;

pub use error::Error;
pub use paging::Pages;
#[cfg(any(feature = "c1", feature = "pipeshub"))]
pub use waiting::Watch;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
