//! C1 (ConductorOne): connectors of a tenant's apps, their configuration, credentials, syncs and owners.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use connectors::Paced;
//! use connectors::c1::{Client, EnvConfig};
//!
//! # async fn example() -> Result<(), connectors::Error> {
//! let c1 = Client::from_env()?;
//! let config = EnvConfig::new().text("domain", "example.okta.com").secret("api_token", "00a1...");
//! let created = c1.app("my-app").create_connector("okta-catalog-id").config(config).await?;
//!
//! // The first sync starts automatically once the configuration works.
//! println!("{}", created.handle().first_sync().deadline(Duration::from_secs(3600)).wait().await?);
//! # Ok(())
//! # }
//! ```
//!
//! Everything begins at a [`Client`]. [`Client::apps`] lists the apps, [`Client::app`] returns the handle of one app,
//! and [`App::connector`] the handle of one connector. A list or a create returns an [`Entry`](crate::Entry): the data,
//! and a handle for further calls. The [crate's page](crate#conductorone) lists the usual jobs, most with a complete
//! program.
//!
//! | to authenticate with | use |
//! |---|---|
//! | the environment | [`Client::from_env`], [`Credentials::from_env`] |
//! | a client id and secret from C1 | [`Credentials::client`], or [`Credentials::secret_post`] to send the secret itself instead of a signature |
//! | a workload's own identity | [`Credentials::workload`] |
//! | a person with a browser | [`DeviceLogin`] |
//! | a token from elsewhere | [`Credentials::token`], [`Credentials::provider`] |
//!
//! # Every operation
//! [`Client::api`] has one method for each operation of the document. It returns a request: `.await` sends it. All but
//! one operation have a counterpart here that is easier to use and shows an example:
//!
//! | operation | use |
//! |---|---|
//! | [`list_apps`](api::requests::apps::Api::list_apps), [`get_app`](api::requests::apps::Api::get_app) | [`Client::apps`], [`App::get`] |
//! | [`list`](api::requests::connectors::Api::list) | [`App::connectors`], or [`Client::inventory`] for all apps |
//! | [`get`](api::requests::connectors::Api::get), [`delete`](api::requests::connectors::Api::delete) | [`Connector::get`], [`Connector::delete`] |
//! | [`configuration_schema`](api::requests::catalog::Api::configuration_schema) | [`App::configuration_schema`] |
//! | [`create`](api::requests::connectors::Api::create), [`create_delegated`](api::requests::connectors::Api::create_delegated) | [`App::create_connector`] with and without [`CreateConnector::config`] |
//! | [`update`](api::requests::connectors::Api::update), [`update_delegated`](api::requests::connectors::Api::update_delegated) | [`Connector::update`], which sends the one that is needed, or both |
//! | [`force_sync`](api::requests::connectors::Api::force_sync) | [`Connector::force_sync`]; [`Connector::first_sync`] and [`Connector::next_sync`] to wait without forcing one |
//! | [`pause_sync`](api::requests::connectors::Api::pause_sync), [`resume_sync`](api::requests::connectors::Api::resume_sync), [`update_schedule`](api::requests::connectors::Api::update_schedule) | [`Connector::pause`], [`Connector::resume`], [`Connector::schedule`] |
//! | [`confirm_sync_valid`](api::requests::connectors::Api::confirm_sync_valid), [`get_sync_download_url`](api::requests::connectors::Api::get_sync_download_url) | [`Connector::confirm_sync`], [`Connector::sync_download_url`] |
//! | [`rotate_credential`](api::requests::connectors::Api::rotate_credential), [`get_credentials`](api::requests::connectors::Api::get_credentials), [`revoke_credential`](api::requests::connectors::Api::revoke_credential) | [`Connector::rotate_credential`], [`Connector::credential`], [`Connector::revoke_credential`] |
//! | [`search_user_owners`](api::requests::owners::Api::search_user_owners), [`search_entitlement_owners`](api::requests::owners::Api::search_entitlement_owners) | [`Owners::users`], [`Owners::entitlements`], [`RoleOwners::users`], [`RoleOwners::entitlements`] |
//! | [`get_user_owner`](api::requests::owners::Api::get_user_owner), [`get_entitlement_owner`](api::requests::owners::Api::get_entitlement_owner) | [`RoleOwners::user`], [`RoleOwners::entitlement`] |
//! | [`create_user_owner`](api::requests::owners::Api::create_user_owner), [`create_entitlement_owner`](api::requests::owners::Api::create_entitlement_owner) | [`RoleOwners::add_user`], [`RoleOwners::add_entitlement`] |
//! | [`delete_user_owner`](api::requests::owners::Api::delete_user_owner), [`delete_entitlement_owner`](api::requests::owners::Api::delete_entitlement_owner) | [`RoleOwners::remove_user`], [`RoleOwners::remove_entitlement`] |
//! | [`set_owners`](api::requests::owners::Api::set_owners) | [`RoleOwners::set`] |
//! | [`validate_http_config`](api::requests::connectors::Api::validate_http_config) | the call itself: |
//!
//! ```no_run
//! use connectors::c1::types::EditorValidateRequest;
//!
//! # async fn example(c1: connectors::c1::Client) -> Result<(), connectors::Error> {
//! let mut request = EditorValidateRequest::default();
//! request.text = Some("base_url: https://example.com".to_owned());
//! for marker in c1.api().connectors().validate_http_config(&request).await?.markers.unwrap_or_default() {
//!     println!("line {:?}: {:?}", marker.start_line_number, marker.message);
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

/// The generated client: every operation and every schema of the document.
#[allow(clippy::all, clippy::pedantic)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/c1.rs"));
}

/// The vendored OpenAPI document with our overlay applied, as JSON.
///
/// For tests and tools: the document that this version of the crate was generated from.
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
