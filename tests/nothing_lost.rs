//! Unknown keys, unknown values and every form of an absent value survive the client, in both directions.

mod support;

use connectors::c1::api::params::ConnectorAppId;
use connectors::c1::types::{self, ConnectorInput, OAuth2AuthorizedAsInput, SyncStatus};
use connectors::c1::{Client, ConnectorId, Credentials, DOCUMENT, EnvConfig};
use connectors_fake::Fault;
use futures::TryStreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use support::{APP, CONNECTOR, lenient_setup, setup};

/// A configuration with unknown keys, at every depth.
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
async fn a_config_with_unknown_keys_survives_create_get_and_update() {
    for type_url in ["type.googleapis.com/c1.api.app.v1.EnvConfig", "type.googleapis.com/c1.api.app.v9.Unheard"] {
        let s = lenient_setup().await;
        let config = strange_config(type_url);
        let message: types::AnyMessage = serde_json::from_value(config.clone()).unwrap();

        let created = s.c1.app(APP).create_connector("catalog-github").config(message.clone()).await.unwrap();
        let id = created.id.clone().unwrap();
        assert_eq!(s.tenant.requests().last().unwrap().json().unwrap()["config"], config);
        assert_eq!(serde_json::to_value(created.into_data().config.unwrap()).unwrap(), config);

        let read = s.c1.app(APP).connector(id.as_str()).get().await.unwrap();
        assert_eq!(serde_json::to_value(read.config.as_ref().unwrap()).unwrap(), config);

        let mut changed = read.config.unwrap();
        changed.extra.insert("added".to_owned(), json!([1]));
        let updated = s.c1.app(APP).connector(id.as_str()).update().config(changed).await.unwrap();
        let mut expected = config.clone();
        expected["added"] = json!([1]);
        assert_eq!(s.tenant.requests().last().unwrap().json().unwrap()["connector"]["config"], expected);
        assert_eq!(s.tenant.connector(APP, &id).unwrap()["config"], expected);
        assert_eq!(serde_json::to_value(updated.into_data().config.unwrap()).unwrap(), expected);
    }
}

#[tokio::test]
async fn an_unknown_sync_status_is_read_printed_and_written_back() {
    let s = setup().await;
    assert!(s.tenant.set_connector_field(APP, CONNECTOR, "/status/status", json!("SYNC_STATUS_REINDEXING")));
    let connector = s.c1.app(APP).connector(CONNECTOR).get().await.unwrap();
    let status = connector.status.clone().unwrap().status.unwrap();
    assert_eq!(status, SyncStatus::Unknown("SYNC_STATUS_REINDEXING".to_owned()));
    assert_eq!(status.to_string(), "SYNC_STATUS_REINDEXING");
    assert_eq!("SYNC_STATUS_DONE".parse(), Ok(SyncStatus::Done));

    let mut input = ConnectorInput::default();
    input.status = connector.status;
    input.display_name = Some("x".to_owned());
    let mut request = types::ConnectorServiceUpdateDelegatedRequest::default();
    request.connector = Some(input);
    request.update_mask = Some("displayName".to_owned());
    let (app, id) = (ConnectorAppId::new(APP), ConnectorId::new(CONNECTOR));
    s.c1.api().connectors().update_delegated(app, id, &request).await.unwrap();
    let sent = s.tenant.requests().last().unwrap().json().unwrap();
    assert_eq!(sent["connector"]["status"]["status"], "SYNC_STATUS_REINDEXING");
}

/// Whether a type has a field for a key, and does not keep it in `extra`.
fn has_field<T: DeserializeOwned>(key: &str, extra: impl Fn(&T) -> &serde_json::Map<String, Value>) -> bool {
    let read: T = serde_json::from_value(Value::Object([(key.to_owned(), Value::Null)].into_iter().collect())).unwrap();
    !extra(&read).contains_key(key)
}

#[test]
fn read_only_fields_are_read_and_not_written() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let schema = |name: &str| document["components"]["schemas"][name]["properties"].as_object().unwrap().clone();
    let mut counts = [0, 0];
    for (key, property) in schema("c1.api.app.v1.Connector") {
        let is_read_only = property["readOnly"] == true;
        counts[usize::from(is_read_only)] += 1;
        assert!(has_field::<types::Connector>(&key, |it| &it.extra), "{key}");
        assert_eq!(has_field::<ConnectorInput>(&key, |it| &it.extra), !is_read_only, "{key}");
    }
    assert_eq!(counts, [18, 7]);
    // Both of its fields are read-only: nothing is left to send.
    let properties = schema("c1.api.app.v1.OAuth2AuthorizedAs");
    assert_eq!(properties.len(), 2);
    for key in properties.keys() {
        assert!(has_field::<types::OAuth2AuthorizedAs>(key, |it| &it.extra), "{key}");
        assert!(!has_field::<OAuth2AuthorizedAsInput>(key, |it| &it.extra), "{key}");
    }

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

/// The schema of a property without properties of its own, if it has one, by nullability and zero value.
type Leaf = fn(bool, Value) -> Option<Value>;

/// A value of the schema with all its properties, at every depth.
fn sample(document: &Value, schema: &Value, leaf: Leaf) -> Option<Value> {
    if let Some(reference) = schema["$ref"].as_str() {
        return sample(document, document.pointer(reference.trim_start_matches('#')).unwrap(), leaf);
    }
    if let Some(branches) = schema["oneOf"].as_array() {
        return sample(document, branches.iter().find(|branch| branch["type"] != "null").unwrap(), leaf);
    }
    let kinds = schema["type"].as_array().map_or_else(|| vec![schema["type"].clone()], Clone::clone);
    let kind = kinds.iter().find(|kind| **kind != "null").and_then(Value::as_str);
    let zero = match kind {
        Some("object") => {
            let properties = schema["properties"].as_object().unwrap().iter();
            let said =
                properties.filter_map(|(name, property)| Some((name.clone(), sample(document, property, leaf)?)));
            return Some(Value::Object(said.collect()));
        }
        Some("array") => json!([]),
        Some("string") => json!(""),
        Some("boolean") => json!(false),
        Some("integer" | "number") => json!(0),
        _ => panic!("no sample of {schema}"),
    };
    leaf(kinds.iter().any(|kind| *kind == "null"), zero)
}

/// Checks that it is read and written without a change, except null, which equals absent.
fn survives<T: Serialize + DeserializeOwned>(sent: &Value) {
    let read: T = serde_json::from_value(sent.clone()).unwrap_or_else(|error| panic!("{error}: {sent}"));
    let (mut sent, mut written) = (sent.clone(), serde_json::to_value(&read).unwrap());
    for value in [&mut sent, &mut written] {
        without_nulls(value);
    }
    assert_eq!(written, sent);
}

#[test]
fn null_absent_and_empty_are_all_read() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let schemas = &document["components"]["schemas"];
    let ways: [Leaf; 4] = [
        |_, _| None,
        |_, _| Some(Value::Null),
        |_, zero| Some(zero),
        // Unset fields as the live server writes them.
        |nullable, zero| Some(if nullable { Value::Null } else { zero }),
    ];
    for leaf in ways {
        let mut sent = sample(&document, &schemas["c1.api.app.v1.ConnectorView"], leaf).unwrap();
        survives::<types::ConnectorView>(&sent);
        // The same for whole messages.
        let properties = sent["connector"].as_object_mut().unwrap().values_mut();
        properties.filter(|value| value.is_object()).for_each(|message| *message = Value::Null);
        survives::<types::ConnectorView>(&sent);
        sent["connector"] = Value::Null;
        survives::<types::ConnectorView>(&sent);
    }
    survives::<types::ConnectorView>(&json!({}));

    let all = sample(&document, &schemas["c1.api.app.v1.Connector"], |_, zero| Some(zero)).unwrap();
    let named = schemas["c1.api.app.v1.Connector"]["properties"].as_object().unwrap();
    assert_eq!(all.as_object().unwrap().len(), named.len());
    assert_eq!(all["status"].as_object().unwrap().len(), 5, "{all}");
}

/// Adds an unknown key to every object.
fn add_strangers(value: &mut Value) {
    if let Value::Object(map) = value {
        map.values_mut().for_each(add_strangers);
        map.insert("stranger".to_owned(), json!({"deep": [1, null, {}]}));
    }
}

#[test]
fn every_object_of_a_connector_keeps_keys_the_document_does_not_name() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let view = &document["components"]["schemas"]["c1.api.app.v1.ConnectorView"];
    let mut sent = sample(&document, view, |_, zero| Some(zero)).unwrap();
    add_strangers(&mut sent);
    survives::<types::ConnectorView>(&sent);
    // And back, in an update.
    survives::<ConnectorInput>(&sent["connector"]);
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
async fn keys_the_document_does_not_name_are_kept_in_every_place() {
    let s = setup().await;
    let page = json!({
        "list": [{"connector": {"id": "a", "new": 1, "status": {"new": [2]}}, "new": {"deep": 3}}],
        "nextPageToken": "",
        "newTotal": 1,
    });
    s.tenant.fault(Fault::status(200).json(&page).on("ConnectorService.List"));
    let read = s.c1.api().connectors().list(APP).await.unwrap();
    assert_eq!(read.extra["newTotal"], 1);
    assert_eq!(serde_json::to_value(&read).unwrap(), page);

    s.tenant.fault(Fault::status(200).json(&page).on("ConnectorService.List"));
    let listed: Vec<_> = s.c1.app(APP).connectors().try_collect().await.unwrap();
    assert_eq!(listed[0].extra["new"], 1);
}

#[tokio::test]
async fn a_row_without_a_connector_is_an_error() {
    let s = setup().await;
    let page = json!({"list": [{"connector": {"id": "a"}}, {"oauthUrl": "https://x.example.com"}]});
    s.tenant.fault(Fault::status(200).json(&page).on("ConnectorService.List"));
    let error = s.c1.app(APP).connectors().try_collect::<Vec<_>>().await.unwrap_err();
    assert!(error.to_string().contains("no connector"), "{error}");
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let s = setup().await;
    let config = || EnvConfig::new().text("GITHUB_ORGANIZATION", "x").secret("GITHUB_TOKEN", "PLANTED-secret");
    let message = types::AnyMessage::from(config());
    assert!(serde_json::to_string(&message).unwrap().contains("PLANTED"), "it is sent");
    let mut request = types::ConnectorServiceCreateRequest::default();
    request.config = Some(message.clone());
    let mut connector = types::Connector::default();
    connector.config = Some(message.clone());
    connector.download_url = Some("https://PLANTED".to_owned());
    connector.extra.insert("stranger".to_owned(), json!("PLANTED"));
    let mut download = types::GetConnectorSyncDownloadUrlResponse::default();
    download.download_url = Some("https://PLANTED".to_owned());
    let mut credential = types::ConnectorCredential::default();
    credential.client_secret = Some("PLANTED".to_owned());
    let printed = [
        format!("{:?}", config()),
        format!("{message:?}"),
        format!("{request:?}"),
        format!("{connector:?}"),
        format!("{credential:?}"),
        format!("{download:?}"),
        format!("{:?}", s.c1.app(APP).create_connector("c").config(config())),
        format!("{:?}", s.c1.app(APP).connector(CONNECTOR).update().config(config())),
        format!("{:?}", Client::builder(Credentials::client("a@h/spc", "PLANTED")).header("x-key", "PLANTED")),
        format!("{:?}", Credentials::token("PLANTED")),
        format!("{:?} {:?}", s.c1, s.c1.api()),
    ];
    for text in printed {
        assert!(!text.contains("PLANTED"), "{text}");
    }
    // Non-secret values can still be read.
    assert!(format!("{connector:?}").contains("redacted"));
}
