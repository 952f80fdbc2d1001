//! PipesHub: connectors of an instance, their configuration, switches, syncs, filters, authorization and uploads.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use connectors::Paced;
//! use connectors::pipeshub::Client;
//!
//! # async fn example() -> Result<(), connectors::Error> {
//! let ph = Client::from_env()?;
//! let created = ph.create("S3", "Reports").auth("bucket", "reports").secret_auth("secretKey", "...").await?;
//! let connector = created.handle();
//!
//! connector.set_sync(true).await?;
//! println!("{}", connector.wait_for_sync().deadline(Duration::from_secs(3600)).wait().await?);
//! let counts = connector.wait_for_indexing().deadline(Duration::from_secs(3600)).wait().await?;
//! println!("{:?} records", counts.total);
//! # Ok(())
//! # }
//! ```
//!
//! Everything begins at a [`Client`]. [`Client::registry`] lists the types of connectors, [`Client::connectors`] and
//! [`Client::all_connectors`] list the existing connectors, [`Client::create`] creates one, and [`Client::connector`]
//! returns the handle of one. A list or a create returns an [`Entry`](crate::Entry): the data, and a handle for further
//! calls. The [crate's page](crate#pipeshub) lists the usual jobs, most with a complete program.
//!
//! | to authenticate with | call |
//! |---|---|
//! | the environment | [`Client::from_env`] |
//! | the id and secret of an OAuth app | [`Credentials::client`] |
//! | a person with a browser | [`BrowserLogin`] |
//! | a refresh token from an earlier login | [`Credentials::refresh_token`], [`Credentials::on_rotate`] |
//! | a session's token, a personal access token, or tokens of your own provider | [`Credentials::token`], [`Credentials::provider`] |
//!
//! # Where the service differs from its document
//! - **A list has one scope.** The default is the team's; [`Client::all_connectors`] lists both scopes.
//! - **Switches can only be toggled.** [`Connector::set_sync`] reads the state before and after, and never retries the
//!   toggle.
//! - **Idle is not synced, and synced is not indexed.** [`Connector::wait_for_sync`] also watches the number of records, and
//!   [`Connector::wait_for_indexing`] is a second wait.
//! - **A resync cancels a running sync.** [`Resynced::cancelled_a_sync`] reports it, and so does a wait for that sync:
//!   [`SyncOutcome::Resynced`].
//! - **Filters are changed while the sync is off.** [`SetSyncFilters::switch_off_and_on`] switches it off and on around the
//!   change, and [`SetSyncFilters::switch_off_and_on_from`] also after the program was interrupted.
//! - **The secret of an OAuth connector belongs to an OAuth app**, which other connectors may share.
//!   [`Connector::set_auth`] changes it and returns the app's id.
//! - **A deletion continues after its response.** [`Connector::delete`] returns a [`Deletion`] to wait for.
//! - **A 200 may report a failure.** This module makes it an error: [`Error::is_refused`](crate::Error::is_refused).
//! - **An upload beyond the limits fails as a whole.** [`Upload`] rejects files that are too large before it sends
//!   anything, and splits an upload with more files than one request can have.
//! - **An input filter treats some texts as markup.** It rejects a client secret or a search that contains a `<` or
//!   `on...=`; the error explains it.
//!
//! # Every operation
//! [`Client::api`] has each operation of the document as one method of a group. Most have a counterpart here that is easier to use
//! and shows an example:
//!
//! | operation | use |
//! |---|---|
//! | [`registry`](api::requests::registry::Api::registry), [`schema`](api::requests::registry::Api::schema) | [`Client::registry`], [`Client::connector_schema`] |
//! | [`list`](api::requests::connectors::Api::list) | [`Client::connectors`], [`Client::all_connectors`] |
//! | [`create`](api::requests::connectors::Api::create) | [`Client::create`] |
//! | [`get`](api::requests::connectors::Api::get), [`rename`](api::requests::connectors::Api::rename), [`stats`](api::requests::connectors::Api::stats), [`delete`](api::requests::connectors::Api::delete) | [`Connector::get`], [`Connector::rename`], [`Connector::stats`], [`Connector::delete`] |
//! | [`get_config`](api::requests::config::Api::get_config), [`update_config`](api::requests::config::Api::update_config) | [`Connector::config`], [`Connector::set_config`] |
//! | [`update_auth_config`](api::requests::config::Api::update_auth_config), [`update_filters_sync_config`](api::requests::config::Api::update_filters_sync_config) | [`Connector::set_auth`], [`Connector::set_sync_filters`] |
//! | [`get_filters`](api::requests::filters::Api::get_filters), [`get_filter_options`](api::requests::filters::Api::get_filter_options) | [`Connector::filters`], [`Connector::filter_options`] |
//! | [`save_filters`](api::requests::filters::Api::save_filters) | [`Connector::set_sync_filters`]: a sync does not read the filters that this one saves |
//! | [`get_authorization_url`](api::requests::oauth::Api::get_authorization_url), [`handle_oauth_callback`](api::requests::oauth::Api::handle_oauth_callback) | [`Connector::authorize`], [`Connector::finish_oauth`] |
//! | [`toggle`](api::requests::control::Api::toggle) | [`Connector::set_sync`], [`Connector::set_agent`] |
//! | [`resync`](api::requests::connectors::Api::resync), [`reindex`](api::requests::connectors::Api::reindex) | [`Connector::resync`], [`Connector::reindex`] |
//! | [`submit_file_events`](api::requests::control::Api::submit_file_events), [`upload_file_events`](api::requests::control::Api::upload_file_events) | [`Connector::submit_file_events`], [`Connector::upload`] |
//! | [`lookup_record`](api::requests::records::Api::lookup_record), [`record_content`](api::requests::records::Api::record_content), [`navigate`](api::requests::records::Api::navigate) | the requests themselves, as below |
//! | [`list_active`](api::requests::connectors::Api::list_active), [`list_inactive`](api::requests::connectors::Api::list_inactive) | the requests themselves, or [`Connectors::active`] |
//! | [`list_configured`](api::requests::connectors::Api::list_configured), [`list_active_agents`](api::requests::connectors::Api::list_active_agents) | [`Client::all_connectors`]: from the second page on, the server skips items in these two lists |
//! | [`get_token_from_code`](api::requests::oauth::Api::get_token_from_code) | [`Connector::authorize`]: the service has deprecated it |
//!
//! Use the requests themselves to find and read records:
//!
//! ```no_run
//! use futures::TryStreamExt;
//!
//! # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
//! // By link, issue key or id in the source; up to ten at a time.
//! let found = ph.api().records().lookup_record(&["PA-1".to_owned()]).await?;
//! for record in found.matches {
//!     println!("{}: {}", record.name, ph.api().records().record_content(&record.id).await?.content);
//! }
//!
//! // Or level by level, beginning at the top; a page has at least 50 rows.
//! let mut rows = ph.api().records().navigate().limit(50).items();
//! while let Some(row) = rows.try_next().await? {
//!     println!("{} {}", row.node_type, row.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! And for the lists without another method, and for the deprecated login with Google Workspace:
//!
//! ```no_run
//! use connectors::pipeshub::types::TokenFromCodeRequest;
//!
//! # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
//! let connectors = ph.api().connectors();
//! let (on, off) = (connectors.list_active().await?.connectors, connectors.list_inactive().await?.connectors);
//! println!("{:?} are on and {:?} are off", on.map(|on| on.len()), off.map(|off| off.len()));
//!
//! // Only the first page, of at most 200, is reliable.
//! println!("{:?}", connectors.list_configured().limit(200).page(1).await?.connectors);
//! println!("{:?}", connectors.list_active_agents().limit(200).page(1).await?.connectors);
//!
//! // The code works once, so this is never retried.
//! ph.api().oauth().get_token_from_code(&TokenFromCodeRequest::new("the code".to_owned())).await?;
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

/// The generated client: every operation and every schema of the document.
#[allow(clippy::all, clippy::pedantic)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/pipeshub.rs"));
}

/// The vendored OpenAPI document with our overlay applied, as JSON.
///
/// For tests and tools: the document that this version of the crate was generated from.
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
    Deletion, DeletionProgress, IndexingProgress, IndexingWait, SyncOutcome, SyncProgress, SyncState, SyncWait,
    SyncWatch,
};
