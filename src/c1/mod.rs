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
//!
//! | way in | by |
//! |---|---|
//! | whatever the environment holds | [`Client::from_env`] |
//! | a client id and secret of C1's | [`ClientBuilder::client_credentials`]; [`ClientBuilder::client_secret_post`] without a signature |
//! | a workload's own identity | [`ClientBuilder::workload_identity`] |
//! | a person with a browser | [`ClientBuilder::device_login`] |
//! | a token from elsewhere | [`ClientBuilder::bearer_token`], [`ClientBuilder::token_provider`] |
//!
//! | to | call |
//! |---|---|
//! | see what there is | [`Client::inventory`], [`Client::apps`], [`App::connectors`] |
//! | create a hosted connector | [`App::configuration_schema`], [`App::create_connector`] with a [`CreateConnector::config`], [`Connector::first_sync`] |
//! | run a connector yourself | [`App::create_connector`], [`Connector::rotate_credential`] |
//! | change one | [`Connector::update`]; the configuration it has is read with [`EnvConfig`] |
//! | sync | [`Connector::force_sync`], [`Connector::schedule`], [`Connector::pause`], [`Connector::confirm_sync`] |
//! | rotate its credential | [`Connector::rotate_credential`], [`Connector::credential`], [`Connector::revoke_credential`] |
//! | say who looks after it | [`Connector::owners`] |

mod client;
mod config;
mod connector;
mod credentials;
mod device;
mod expand;
mod ids;
mod inventory;
mod owners;
mod schedule;
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
pub use config::{ConfigValue, EnvConfig};
pub use connector::{App, Connector, CreateConnector};
pub use device::DeviceLogin;
pub use expand::{Expand, Expanded};
pub use ids::{AppId, CatalogId, ConnectorId, CredentialId, EntitlementId, RoleSlug, SyncId, SyncLifecycleId, UserId};
pub use inventory::{Inventory, Listed};
pub use owners::{EntitlementRef, Owners};
pub use schedule::{DownloadUrl, Schedule};
pub use sync::{Progress, SyncOutcome, SyncWait, Watch};
pub use update::Update;
