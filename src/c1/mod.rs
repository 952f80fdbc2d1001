//! C1 (ConductorOne): connectors of a tenant's apps, their configuration, credentials, syncs and owners.
//!
//! ```no_run
//! use std::time::Duration;
//! use connectors::c1::{Client, EnvConfig};
//!
//! # async fn example() -> Result<(), connectors::Error> {
//! let c1 = Client::from_env()?;
//! let config = EnvConfig::new().text("domain", "example.okta.com").secret("api_token", "00a1...");
//! let created = c1.app("my-app").create_connector("okta-catalog-id").config(config).send().await?;
//! let connector = c1.connector("my-app", created.id.unwrap_or_default());
//!
//! let outcome = connector.force_sync().await?.deadline(Duration::from_secs(3600)).wait().await?;
//! println!("{outcome}");
//! # Ok(())
//! # }
//! ```
//!
//! [`Client`] leads everywhere: [`Client::apps`], [`Client::app`] to what belongs to one app, [`Client::connector`] to
//! one connector. [`api`] has every operation as the document has it.

mod client;
mod config;
mod connector;
mod credentials;
mod ids;
mod owners;
mod sync;
mod token;
mod update;

/// The client as the document has it: every operation and every schema.
#[allow(clippy::all, clippy::pedantic)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/c1.rs"));
}

/// The vendored OpenAPI document with our overlay applied, as JSON.
///
/// For tests and tools that want to know what this version of the crate was made from.
pub const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/c1.json"));

pub use api::types;
pub use client::{Client, ClientBuilder};
pub use config::EnvConfig;
pub use connector::{App, Connector, CreateConnector};
pub use ids::{AppId, CatalogId, ConnectorId, CredentialId, UserId};
pub use owners::{Owners, RoleSlug};
pub use sync::{Progress, Sync, SyncOutcome, Watch};
pub use update::Update;
