//! PipesHub: connectors of an instance, their configuration, switches, syncs, filters, sign-ins and uploads.
//!
//! ```no_run
//! use std::time::Duration;
//! use connectors::pipeshub::Client;
//!
//! # async fn example() -> Result<(), connectors::Error> {
//! let ph = Client::from_env()?;
//! let created = ph.create("S3", "Reports").auth("bucket", "reports").secret_auth("secretKey", "...").send().await?;
//! let connector = created.connector();
//!
//! connector.set_sync(true).send().await?;
//! println!("{}", connector.wait_for_sync().deadline(Duration::from_secs(3600)).wait().await?);
//! let counts = connector.wait_for_indexing().deadline(Duration::from_secs(3600)).wait().await?;
//! println!("{} records", counts.total.unwrap_or_default());
//! # Ok(())
//! # }
//! ```
//!
//! [`Client`] leads everywhere: [`Client::registry`] to the types of connectors there can be, [`Client::connectors`] and
//! [`Client::all_connectors`] to the connectors there are, [`Client::create`] to a new one, [`Client::connector`] to one.
//! [`api`] has every operation as the document has it, those for records among them.
//!
//! # What the service does differently
//! - **A list is of one scope.** Without one it is the team's; [`Client::all_connectors`] asks for both.
//! - **A toggle flips.** [`Connector::set_sync`] reads before and after, and never sends it twice.
//! - **Synced is not indexed.** [`Connector::wait_for_sync`] and [`Connector::wait_for_indexing`] are two waits.
//! - **A deletion goes on after its answer.** [`Connector::delete`] gives back what to wait with.
//! - **200 may say that it failed.** Where an answer says so, this module makes an error of it:
//!   [`Error::is_refused`](crate::Error::is_refused).

mod client;
mod config;
mod connector;
mod consent;
mod create;
mod filters;
mod ids;
mod oauth;
mod registry;
mod resync;
mod switch;
mod upload;
mod wait;

/// The client as the document has it: every operation and every schema.
#[allow(clippy::all, clippy::pedantic)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/pipeshub.rs"));
}

/// The vendored OpenAPI document with our overlay applied, as JSON.
///
/// For tests and tools that want to know what this version of the crate was made from.
pub const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/pipeshub.json"));

pub use api::types;
pub use client::{Client, ClientBuilder};
pub use config::{AuthFields, SetConfig, SetSyncFilters};
pub use connector::Connector;
pub use consent::Consent;
pub use create::{CreateConnector, Created};
pub use filters::FilterQuery;
pub use ids::{ConnectorId, FilterKey, TypeName};
pub use oauth::{Authorization, Scope};
pub use registry::Connectors;
pub use resync::{Reindex, Resync};
pub use switch::{Switch, Switched};
pub use types::ConnectorScope;
pub use upload::{Upload, UploadProgress};
pub use wait::{Deletion, DeletionProgress, IndexingProgress, IndexingWait, SyncOutcome, SyncProgress, SyncWait};
