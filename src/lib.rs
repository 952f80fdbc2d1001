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
//! | to | look at |
//! |---|---|
//! | get in: from the environment, with a secret, as a workload, as a person | [`c1::Client::from_env`], [`c1::ClientBuilder`], [`auth::TokenProvider`]; `pipeshub::Client`, `pipeshub::ClientBuilder` |
//! | do what an operator does | the maps in [`c1`] and `pipeshub` |
//! | call any operation of the document, over the same transport and errors | [`c1::api`], `pipeshub::api` |
//! | know what went wrong and what to do about it | [`Error`], [`Detail`] |
//! | know what is sent again, and when | [`transport`] |
//! | measure calls, add headers to them | [`transport::Attempted`], [`c1::ClientBuilder::headers_with`] |
//! | do without async | `blocking` |
//!
//! # Features
//! | feature | |
//! |---|---|
//! | `c1` (default) | the C1 client; without it, none of it is compiled |
//! | `pipeshub` | the PipesHub client, `connectors::pipeshub` |
//! | `blocking` | `blocking`: calls and streams for programs without async |
//! | `rustls` (default) | TLS by rustls |
//! | `native-tls` | TLS by the platform's library |

// Without a service there is nobody to use the rest.
#![cfg_attr(not(any(feature = "c1", feature = "pipeshub")), allow(dead_code, unused_imports, unused_macros))]

#[cfg(feature = "c1")]
pub mod c1;
#[cfg(feature = "pipeshub")]
pub mod pipeshub;

pub mod auth;
#[cfg(feature = "blocking")]
pub mod blocking;
mod details;
mod error;
#[cfg(any(feature = "c1", feature = "pipeshub"))]
mod ids;
mod paging;
pub mod transport;
#[cfg(any(feature = "c1", feature = "pipeshub"))]
mod waiting;

pub use details::{Detail, FieldViolation};
pub use error::Error;
pub use paging::Pages;
#[cfg(any(feature = "c1", feature = "pipeshub"))]
pub use waiting::Watch;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
