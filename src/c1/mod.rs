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
//! // It syncs by itself once its configuration works.
//! println!("{}", connector.first_sync().deadline(Duration::from_secs(3600)).wait().await?);
//! # Ok(())
//! # }
//! ```
//!
//! Everything begins at a [`Client`]: [`Client::apps`] lists the apps, [`Client::app`] goes to one of them and
//! [`Client::connector`] to one connector. The usual jobs, most with a whole program, are listed on the
//! [crate's page](crate#conductorone).
//!
//! | to authenticate with | call |
//! |---|---|
//! | whatever the environment holds | [`Client::from_env`] |
//! | a client id and secret of C1's | [`ClientBuilder::client_credentials`], or [`ClientBuilder::client_secret_post`] to send the secret itself instead of a signature |
//! | a workload's own identity | [`ClientBuilder::workload_identity`] |
//! | a person with a browser | [`ClientBuilder::device_login`] |
//! | a token from elsewhere | [`ClientBuilder::bearer_token`], [`ClientBuilder::token_provider`] |
//!
//! # Every operation
//! [`Client::api`] has each operation of the document as one method. All but one have a counterpart here that is
//! easier to use and shows an example:
//!
//! | operation | use |
//! |---|---|
//! | [`list_apps`](api::Client::list_apps), [`get_app`](api::Client::get_app) | [`Client::apps`], [`App::get`] |
//! | [`list`](api::Client::list) | [`App::connectors`], or [`Client::inventory`] for all apps |
//! | [`get`](api::Client::get), [`delete`](api::Client::delete) | [`Connector::get`], [`Connector::delete`] |
//! | [`configuration_schema`](api::Client::configuration_schema) | [`App::configuration_schema`] |
//! | [`create`](api::Client::create), [`create_delegated`](api::Client::create_delegated) | [`App::create_connector`] with and without [`CreateConnector::config`] |
//! | [`update`](api::Client::update), [`update_delegated`](api::Client::update_delegated) | [`Connector::update`], which sends the one that is needed, or both |
//! | [`force_sync`](api::Client::force_sync) | [`Connector::force_sync`]; [`Connector::first_sync`] to wait without asking for one |
//! | [`pause_sync`](api::Client::pause_sync), [`resume_sync`](api::Client::resume_sync), [`update_schedule`](api::Client::update_schedule) | [`Connector::pause`], [`Connector::resume`], [`Connector::schedule`] |
//! | [`confirm_sync_valid`](api::Client::confirm_sync_valid), [`get_sync_download_url`](api::Client::get_sync_download_url) | [`Connector::confirm_sync`], [`Connector::sync_download_url`] |
//! | [`rotate_credential`](api::Client::rotate_credential), [`get_credentials`](api::Client::get_credentials), [`revoke_credential`](api::Client::revoke_credential) | [`Connector::rotate_credential`], [`Connector::credential`], [`Connector::revoke_credential`] |
//! | [`search_user_owners`](api::Client::search_user_owners), [`search_entitlement_owners`](api::Client::search_entitlement_owners) | [`Owners::users`], [`Owners::entitlements`] |
//! | [`get_user_owner`](api::Client::get_user_owner), [`get_entitlement_owner`](api::Client::get_entitlement_owner) | [`Owners::user`], [`Owners::entitlement`] |
//! | [`create_user_owner`](api::Client::create_user_owner), [`create_entitlement_owner`](api::Client::create_entitlement_owner) | [`Owners::add_user`], [`Owners::add_entitlement`] |
//! | [`delete_user_owner`](api::Client::delete_user_owner), [`delete_entitlement_owner`](api::Client::delete_entitlement_owner) | [`Owners::remove_user`], [`Owners::remove_entitlement`] |
//! | [`set_owners`](api::Client::set_owners) | [`Owners::set`] |
//! | [`validate_http_config`](api::Client::validate_http_config) | the call itself: |
//!
//! ```no_run
//! use connectors::c1::types::EditorValidateRequest;
//!
//! # async fn example(c1: connectors::c1::Client) -> Result<(), connectors::Error> {
//! let text = "base_url: https://example.com".to_owned();
//! let request = EditorValidateRequest { text: Some(text), ..Default::default() };
//! for marker in c1.api().validate_http_config(&request).await?.markers.unwrap_or_default() {
//!     println!("line {}: {}", marker.start_line_number.unwrap_or_default(), marker.message.unwrap_or_default());
//! }
//! # Ok(())
//! # }
//! ```

mod app;
mod client;
mod config;
mod connector;
mod create;
mod credentials;
mod device;
mod expand;
mod ids;
mod inventory;
mod owners;
mod schedule;
mod schema;
mod secret;
mod sync;
#[cfg(test)]
mod tests;
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
pub use app::App;
pub use client::Client;
pub use config::{ConfigValue, EnvConfig};
pub use connector::Connector;
pub use create::{CreateConnector, Snapshot};
pub use credentials::Credentials;
pub use device::{DeviceGrant, DeviceLogin};
pub use expand::{Expand, Expanded};
pub use ids::{AppId, CatalogId, ConnectorId, CredentialId, EntitlementId, RoleSlug, SyncId, SyncLifecycleId, UserId};
pub use inventory::{Inventory, Listed};
pub use owners::{EntitlementRef, Owners, RoleOwners};
pub use schedule::{DownloadUrl, Schedule};
pub use sync::{Progress, SyncOutcome, SyncState, SyncWait, SyncWatch};
pub use update::Update;
