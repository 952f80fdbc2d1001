//! A hand-written client for the measured calls: reqwest, and structs with the fields of the document.
//!
//! It has what such a client usually has: a timeout, a check of the status, typed fields. It has no retries, refreshes
//! no token, drops unknown keys, and its errors do not name the field that is wrong.

#![allow(dead_code, reason = "fields are decoded, and never read")]

use std::time::Duration;

use reqwest::header::ACCEPT;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::result::Result;

pub(crate) struct Client {
    http: reqwest::Client,
    server: String,
    token: String,
}

impl Client {
    pub(crate) fn new(server: &str, token: &str) -> Result<Self> {
        connectors_runtime::provide_tls();
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

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct ListAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    expanded: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) list: Option<Vec<ConnectorView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct ConnectorView {
    #[serde(skip_serializing_if = "Option::is_none")]
    app_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connector: Option<Connector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    users_path: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Connector {
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_resume_sync: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connector_api_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connector_sync_cron_schedule: Option<CronSchedule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_check_bad_sync: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    download_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oauth_authorized_as: Option<AuthorizedAs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_sync_worker_count: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_allow_list: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_ignore_list: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync_config: Option<SyncConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync_disabled_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync_disabled_category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync_disabled_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_ids: Option<Vec<String>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
struct CronSchedule {
    #[serde(skip_serializing_if = "Option::is_none")]
    cron_spec: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
struct AuthorizedAs {
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorized_at: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
struct Status {
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<SyncStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}

/// It accepts unknown values, because services grow, but does not keep them.
#[derive(Deserialize, Serialize)]
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

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, serde(deny_unknown_fields))]
struct SyncConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    sync_resource_type_ids: Option<Vec<String>>,
}
