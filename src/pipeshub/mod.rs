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
//! Everything begins at a [`Client`]: [`Client::registry`] lists the types of connectors there can be,
//! [`Client::connectors`] and [`Client::all_connectors`] the connectors there are; [`Client::create`] makes one, and
//! [`Client::connector`] goes to one. The usual jobs, most with a whole program, are listed on the
//! [crate's page](crate#pipeshub).
//!
//! | to authenticate with | call |
//! |---|---|
//! | whatever the environment holds | [`Client::from_env`] |
//! | the id and secret of an OAuth app | [`ClientBuilder::client_credentials`] |
//! | a person with a browser | [`ClientBuilder::authorization_code`] |
//! | a refresh token from an earlier login | [`ClientBuilder::refresh_token`], [`ClientBuilder::on_rotate`] |
//! | a session's token, a personal access token, or a token from elsewhere | [`ClientBuilder::bearer_token`], [`ClientBuilder::token_provider`] |
//!
//! # What the service does differently
//! - **A list is of one scope.** Without one it is the team's; [`Client::all_connectors`] asks for both.
//! - **A toggle flips.** [`Connector::set_sync`] reads before and after, and never sends it twice.
//! - **Synced is not indexed.** [`Connector::wait_for_sync`] and [`Connector::wait_for_indexing`] are two waits.
//! - **A deletion goes on after its answer.** [`Connector::delete`] gives back what to wait with.
//! - **A 200 may say that it failed.** Where an answer says so, this module makes an error of it:
//!   [`Error::is_refused`](crate::Error::is_refused).
//!
//! # Every operation
//! [`Client::api`] has each operation of the document as one method. Most have a counterpart here that is easier to use
//! and shows an example:
//!
//! | operation | use |
//! |---|---|
//! | [`registry`](api::Client::registry), [`schema`](api::Client::schema) | [`Client::registry`], [`Client::connector_schema`] |
//! | [`list`](api::Client::list) | [`Client::connectors`], [`Client::all_connectors`] |
//! | [`create`](api::Client::create) | [`Client::create`] |
//! | [`get`](api::Client::get), [`rename`](api::Client::rename), [`stats`](api::Client::stats), [`delete`](api::Client::delete) | [`Connector::get`], [`Connector::rename`], [`Connector::stats`], [`Connector::delete`] |
//! | [`get_config`](api::Client::get_config), [`update_config`](api::Client::update_config) | [`Connector::config`], [`Connector::set_config`] |
//! | [`update_auth_config`](api::Client::update_auth_config), [`update_filters_sync_config`](api::Client::update_filters_sync_config) | [`Connector::set_auth`], [`Connector::set_sync_filters`] |
//! | [`get_filters`](api::Client::get_filters), [`get_filter_options`](api::Client::get_filter_options), [`save_filters`](api::Client::save_filters) | [`Connector::filters`], [`Connector::filter_options`], [`Connector::save_filters`] |
//! | [`get_authorization_url`](api::Client::get_authorization_url), [`handle_oauth_callback`](api::Client::handle_oauth_callback) | [`Connector::authorize`], [`Connector::finish_oauth`] |
//! | [`toggle`](api::Client::toggle) | [`Connector::set_sync`], [`Connector::set_agent`] |
//! | [`resync`](api::Client::resync), [`reindex`](api::Client::reindex) | [`Connector::resync`], [`Connector::reindex`] |
//! | [`submit_file_events`](api::Client::submit_file_events), [`upload_file_events`](api::Client::upload_file_events) | [`Connector::submit_file_events`], [`Connector::upload`] |
//! | [`lookup_record`](api::Client::lookup_record), [`record_content`](api::Client::record_content), [`navigate`](api::Client::navigate) | the calls themselves, as below |
//! | [`list_active`](api::Client::list_active), [`list_inactive`](api::Client::list_inactive) | the calls themselves, or [`Connectors::active`] |
//! | [`list_configured`](api::Client::list_configured), [`list_active_agents`](api::Client::list_active_agents) | [`Client::all_connectors`]: from the second page on, the service skips items in these two |
//! | [`get_token_from_code`](api::Client::get_token_from_code) | [`Connector::authorize`]: the service has deprecated it |
//!
//! What the connectors have brought is reached by the calls themselves:
//!
//! ```no_run
//! # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
//! // By a link, an issue key or an id of where it came from; up to ten at a time.
//! let found = ph.api().lookup_record(None, &vec!["PA-1".to_owned()]).await?;
//! for record in found.matches {
//!     println!("{}: {}", record.name, ph.api().record_content(&record.id).await?.content);
//! }
//!
//! // Or level by level, beginning at the top. The last argument is the page, and a page has at least 50 rows.
//! let top = ph.api().navigate(None, None, None, None, None, None, None, None, Some(1)).await?;
//! for row in top.rows {
//!     println!("{} {}", row.node_type, row.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! So are the lists that no other method stands for, and the old way in for Google Workspace:
//!
//! ```no_run
//! use connectors::pipeshub::{ConnectorScope, types::TokenFromCodeRequest};
//!
//! # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
//! let on = ph.api().list_active().await?.connectors.unwrap_or_default();
//! let off = ph.api().list_inactive().await?.connectors.unwrap_or_default();
//! println!("{} are on and {} are off", on.len(), off.len());
//!
//! // Only the first page, of at most 200, can be trusted to be whole.
//! let (limit, page, team) = (Some(200), Some(1), ConnectorScope::Team);
//! let configured = ph.api().list_configured(limit, page, Some(&team), None).await?.connectors.unwrap_or_default();
//! let for_agents = ph.api().list_active_agents(limit, page, Some(&team), None).await?.connectors.unwrap_or_default();
//! println!("{} are configured", configured.connectors.unwrap_or_default().len());
//! println!("{} can be used by agents", for_agents.len());
//!
//! // The code works once, so this is never sent again by itself.
//! ph.api().get_token_from_code(&TokenFromCodeRequest::new("the code".to_owned())).await?;
//! # Ok(())
//! # }
//! ```

mod client;
mod config;
mod connector;
mod consent;
mod create;
mod credentials;
mod filter;
mod filters;
pub mod ids;
mod login;
mod registry;
mod resync;
mod said;
mod scope;
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
pub use client::Client;
pub use config::{AuthChange, AuthFields, SetConfig, SetSyncFilters};
pub use connector::Connector;
pub use consent::Consent;
pub use create::CreateConnector;
pub use credentials::Credentials;
pub use filters::FilterQuery;
pub use ids::{ConnectorId, FilterKey, RecordId, TypeName};
pub use login::{Authorization, BrowserLogin};
pub use registry::Connectors;
pub use resync::{Reindex, Resync, Resynced};
pub use scope::Scope;
pub use switch::{Switch, Switched};
pub use types::ConnectorScope;
pub use upload::{Upload, UploadProgress, Uploaded};
pub use wait::{
    Deletion, DeletionProgress, IndexingProgress, IndexingWait, SyncOutcome, SyncProgress, SyncState, SyncWait, SyncWatch,
};
