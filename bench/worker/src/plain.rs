//! A client by hand for the calls that are measured: reqwest, and structs with the fields that the document has.
//!
//! As careful as people are: a timeout, a check of the status, typed fields. It has no retries, refreshes no token,
//! keeps no unknown keys, and its errors do not say which field was wrong.

#![allow(dead_code, reason = "fields are decoded, and never read")]

use std::time::Duration;

use reqwest::header::ACCEPT;
use serde::Deserialize;
use serde_json::Value;

use crate::Result;

pub(crate) struct Client {
    http: reqwest::Client,
    server: String,
    token: String,
}

impl Client {
    pub(crate) fn new(server: &str, token: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .build()?;
        Ok(Self { http, server: server.to_owned(), token: token.to_owned() })
    }

    pub(crate) async fn connector(&self, app: &str, id: &str) -> Result<Connector> {
        let url = format!("{}/api/v1/apps/{app}/connectors/{id}", self.server);
        let request = self.http.get(url).bearer_auth(&self.token).header(ACCEPT, "application/json");
        let answer: GetAnswer = request.send().await?.error_for_status()?.json().await?;
        answer.connector_view.and_then(|view| view.connector).ok_or_else(|| "no connector".into())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
struct GetAnswer {
    connector_view: Option<ConnectorView>,
    expanded: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct ListAnswer {
    expanded: Option<Vec<Value>>,
    pub(crate) list: Option<Vec<ConnectorView>>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct ConnectorView {
    app_path: Option<String>,
    capabilities_path: Option<String>,
    connector: Option<Connector>,
    users_path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Connector {
    app_id: Option<String>,
    can_resume_sync: Option<bool>,
    catalog_id: Option<String>,
    config: Option<Value>,
    config_updated_at: Option<String>,
    connector_api_version: Option<u32>,
    connector_sync_cron_schedule: Option<CronSchedule>,
    created_at: Option<String>,
    deleted_at: Option<String>,
    description: Option<String>,
    disable_check_bad_sync: Option<bool>,
    display_name: Option<String>,
    download_url: Option<String>,
    id: Option<String>,
    oauth_authorized_as: Option<AuthorizedAs>,
    parallel_sync_worker_count: Option<i32>,
    profile_allow_list: Option<Vec<String>>,
    profile_ignore_list: Option<Vec<String>>,
    status: Option<Status>,
    sync_config: Option<SyncConfig>,
    sync_disabled_at: Option<String>,
    sync_disabled_category: Option<String>,
    sync_disabled_reason: Option<String>,
    updated_at: Option<String>,
    user_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
struct CronSchedule {
    cron_spec: Option<String>,
    start: Option<String>,
    timezone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
struct AuthorizedAs {
    auth_email: Option<String>,
    authorized_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
struct Status {
    completed_at: Option<String>,
    last_error: Option<String>,
    started_at: Option<String>,
    status: Option<SyncStatus>,
    updated_at: Option<String>,
}

/// Open, because services grow; but what is unknown is forgotten.
#[derive(Deserialize)]
enum SyncStatus {
    #[serde(rename = "SYNC_STATUS_UNSPECIFIED")]
    Unspecified,
    #[serde(rename = "SYNC_STATUS_RUNNING")]
    Running,
    #[serde(rename = "SYNC_STATUS_DONE")]
    Done,
    #[serde(rename = "SYNC_STATUS_ERROR")]
    Error,
    #[serde(rename = "SYNC_STATUS_DISABLED")]
    Disabled,
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
struct SyncConfig {
    sync_resource_type_ids: Option<Vec<String>>,
}
