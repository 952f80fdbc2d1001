//! Typed clients for ConductorOne (C1) connectors, generated at compile time from the service's own OpenAPI document,
//! under a thin hand-written layer: authentication, retries, typed errors, streams and waiters.
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
//! Start with [`c1::Client`]. What it does not say in words of its own is in [`c1::api`]: every operation of the
//! document, one method each, over the same transport and errors.
//!
//! # Features
//! | feature | |
//! |---|---|
//! | `c1` (default) | the C1 client; without it, none of it is compiled |
//! | `rustls` (default) | TLS by rustls |
//! | `native-tls` | TLS by the platform's library |

#[cfg(feature = "c1")]
pub mod c1;

pub mod auth;
mod error;
mod paging;
pub mod transport;

pub use error::Error;
pub use paging::Pages;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
