//! What the service sends and what a program sends survives the client: keys nobody named, values nobody knew, every way
//! to say nothing.

use connectors::c1::types::{self, ConnectorInput, OAuth2AuthorizedAsInput, SyncStatus};
use connectors::c1::{Client, DOCUMENT, EnvConfig};
use connectors_fake::Fault;
use connectors_fake::c1::Tenant;
use futures::TryStreamExt;
use serde_json::{Map, Value, json};

const APP: &str = "app-github";
const CONNECTOR: &str = "github-01";

async fn setup() -> (Tenant, Client) {
    let tenant = Tenant::start().await.unwrap();
    let c1 = Client::builder().client_credentials(tenant.client_id(), tenant.client_secret()).build().unwrap();
    (tenant, c1)
}

/// A configuration with keys that no document names, at every depth.
fn strange_config(type_url: &str) -> Value {
    json!({
        "@type": type_url,
        "configuration": {"GITHUB_ORGANIZATION": {"stringValue": "x"}, "new": {"deeper": [1, 2.5, null, {"a": [[]]}]}},
        "topLevel": null,
        "large": 9_007_199_254_740_993_u64,
        "": {"empty key": true},
    })
}

#[tokio::test]
async fn a_config_with_keys_nobody_named_survives_create_get_and_update() {
    for type_url in ["type.googleapis.com/c1.api.app.v1.EnvConfig", "type.googleapis.com/c1.api.app.v9.Unheard"] {
        let (tenant, c1) = setup().await;
        let config = strange_config(type_url);
        let message: types::AnyMessage = serde_json::from_value(config.clone()).unwrap();

        let created = c1.app(APP).create_connector("catalog-github").config(message.clone()).send().await.unwrap();
        let id = created.id.clone().unwrap();
        assert_eq!(tenant.requests().last().unwrap().json().unwrap()["config"], config);
        assert_eq!(serde_json::to_value(created.config.unwrap()).unwrap(), config);

        let read = c1.connector(APP, id.as_str()).get().await.unwrap();
        assert_eq!(serde_json::to_value(read.config.as_ref().unwrap()).unwrap(), config);

        let mut changed = read.config.unwrap();
        changed.extra.insert("added".to_owned(), json!([1]));
        c1.connector(APP, id.as_str()).update().config(changed).send().await.unwrap();
        let mut expected = config.clone();
        expected["added"] = json!([1]);
        assert_eq!(tenant.requests().last().unwrap().json().unwrap()["connector"]["config"], expected);
        assert_eq!(tenant.connector(APP, &id).unwrap()["config"], expected);
    }
}

#[tokio::test]
async fn a_sync_status_nobody_knows_is_read_printed_and_written_back() {
    let (tenant, c1) = setup().await;
    assert!(tenant.set_connector_field(APP, CONNECTOR, "/status/status", json!("SYNC_STATUS_REINDEXING")));
    let connector = c1.connector(APP, CONNECTOR).get().await.unwrap();
    let status = connector.status.clone().unwrap().status.unwrap();
    assert_eq!(status, SyncStatus::Unknown("SYNC_STATUS_REINDEXING".to_owned()));
    assert_eq!(status.to_string(), "SYNC_STATUS_REINDEXING");
    assert_eq!("SYNC_STATUS_DONE".parse(), Ok(SyncStatus::Done));

    let request = types::ConnectorServiceUpdateDelegatedRequest {
        connector: Some(ConnectorInput {
            status: connector.status,
            display_name: Some("x".to_owned()),
            ..Default::default()
        }),
        update_mask: Some("displayName".to_owned()),
        ..Default::default()
    };
    c1.api().update_delegated(APP, CONNECTOR, &request).await.unwrap();
    let sent = tenant.requests().last().unwrap().json().unwrap();
    assert_eq!(sent["connector"]["status"]["status"], "SYNC_STATUS_REINDEXING");
}

#[test]
fn read_only_fields_are_read_and_not_written() {
    // Without `..`: this stops compiling when a field appears or goes.
    let ConnectorInput {
        status: _,
        oauth_authorized_as,
        app_id: _,
        config: _,
        description: _,
        display_name: _,
        id: _,
        user_ids: _,
        can_resume_sync: _,
        catalog_id: _,
        connector_sync_cron_schedule: _,
        disable_check_bad_sync: _,
        parallel_sync_worker_count: _,
        profile_allow_list: _,
        profile_ignore_list: _,
        sync_config: _,
        sync_disabled_category: _,
        sync_disabled_reason: _,
        extra: _,
    } = ConnectorInput::default();
    // Both of its fields are read-only: what is left to write is nothing.
    let OAuth2AuthorizedAsInput { extra: _ } = oauth_authorized_as.unwrap_or_default();

    let connector = types::Connector::default();
    let read_only = [
        connector.config_updated_at,
        connector.created_at,
        connector.updated_at,
        connector.deleted_at,
        connector.sync_disabled_at,
        connector.download_url,
    ];
    assert!(read_only.iter().all(Option::is_none) && connector.connector_api_version.is_none());
    let read = types::OAuth2AuthorizedAs::default();
    assert!(read.auth_email.is_none() && read.authorized_at.is_none());
}

/// A value with which a property says nothing, or one for it to say.
fn sample(document: &Value, schema: &Value, nothing: Nothing) -> Value {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = document.pointer(reference.trim_start_matches('#')).unwrap();
        return sample(document, target, nothing);
    }
    if let Some(branches) = schema.get("oneOf").and_then(Value::as_array) {
        return sample(document, &branches[0], nothing);
    }
    let kind = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds[0].as_str().unwrap().to_owned(),
        _ => return Value::Null,
    };
    match kind.as_str() {
        "object" => {
            let empty = Map::new();
            let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
            let said = properties.iter().filter_map(|(name, property)| match nothing {
                Nothing::Absent => None,
                Nothing::Null => Some((name.clone(), Value::Null)),
                Nothing::Zero => Some((name.clone(), sample(document, property, nothing))),
            });
            Value::Object(said.collect())
        }
        "array" => json!([]),
        "string" => json!(""),
        "boolean" => json!(false),
        _ => json!(0),
    }
}

#[derive(Clone, Copy)]
enum Nothing {
    Absent,
    Null,
    /// `""`, `false`, `0`, as the live server writes what is unset.
    Zero,
}

#[test]
fn null_absent_and_empty_are_all_read() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let view = &document["components"]["schemas"]["c1.api.app.v1.ConnectorView"];
    let connector = &document["components"]["schemas"]["c1.api.app.v1.Connector"];
    for nothing in [Nothing::Absent, Nothing::Null, Nothing::Zero] {
        let mut sent = sample(&document, view, nothing);
        sent["connector"] = sample(&document, connector, nothing);
        let read: types::ConnectorView = serde_json::from_value(sent.clone()).unwrap();
        let mut written = serde_json::to_value(&read).unwrap();
        for value in [&mut sent, &mut written] {
            without_nulls(value);
        }
        assert_eq!(written, sent);
    }
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

#[tokio::test]
async fn keys_the_document_does_not_name_are_kept_wherever_they_stand() {
    let (tenant, c1) = setup().await;
    let page = json!({
        "list": [{"connector": {"id": "a", "new": 1, "status": {"new": [2]}}, "new": {"deep": 3}}],
        "nextPageToken": "",
        "newTotal": 1,
    });
    tenant.fault(Fault::status(200).json(&page).on("ConnectorService.List"));
    let read = c1.api().list(APP, None, None).await.unwrap();
    assert_eq!(read.extra["newTotal"], 1);
    assert_eq!(serde_json::to_value(&read).unwrap(), page);

    tenant.fault(Fault::status(200).json(&page).on("ConnectorService.List"));
    let listed: Vec<_> = c1.app(APP).connectors().try_collect().await.unwrap();
    assert_eq!(listed[0].extra["new"], 1);
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let (_, c1) = setup().await;
    let config = || EnvConfig::new().text("GITHUB_ORGANIZATION", "x").secret("GITHUB_TOKEN", "PLANTED-secret");
    let message = types::AnyMessage::from(config());
    assert!(serde_json::to_string(&message).unwrap().contains("PLANTED"), "it is sent");
    let request = types::ConnectorServiceCreateRequest { config: Some(message.clone()), ..Default::default() };
    let connector = types::Connector {
        config: Some(message.clone()),
        download_url: Some("https://PLANTED".to_owned()),
        ..Default::default()
    };
    let credential = types::ConnectorCredential { client_secret: Some("PLANTED".to_owned()), ..Default::default() };
    let printed = [
        format!("{:?}", config()),
        format!("{message:?}"),
        format!("{request:?}"),
        format!("{connector:?}"),
        format!("{credential:?}"),
        format!("{:?}", c1.app(APP).create_connector("c").config(config())),
        format!("{:?}", c1.connector(APP, CONNECTOR).update().config(config())),
        format!("{:?}", Client::builder().client_credentials("a@h/spc", "PLANTED").header("x-key", "PLANTED")),
        format!("{:?}", Client::builder().bearer_token("PLANTED")),
        format!("{:?} {:?}", c1, c1.api()),
    ];
    for text in printed {
        assert!(!text.contains("PLANTED"), "{text}");
    }
    // What is not secret is still there to be read.
    assert!(format!("{connector:?}").contains("redacted"));
}
