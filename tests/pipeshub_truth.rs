//! Responses of PipesHub's server where its document differs: one test for each correction, on the server's own bytes.
//! `xtask/tests/pipeshub_overlay.rs` checks that each correction in the overlay is needed for them.

#[path = "support/socket.rs"]
mod socket;

use std::time::Duration;

use connectors::pipeshub::types::{ConnectorAuthType, ConnectorInstanceStatus, RegistryScope};
use connectors::pipeshub::{AuthFields, Client, ConnectorScope, Credentials, DOCUMENT};
use futures::TryStreamExt;
use serde_json::{Value, json};
use socket::Socket;

async fn setup() -> (Socket, Client) {
    let socket = Socket::start().await;
    let ph = Client::builder(Credentials::token("t").instance(socket.url())).build().unwrap();
    (socket, ph)
}

/// An instance in the format of a single GET.
const INSTANCE: &str = r#"{"success": true, "connector": {
    "_key": "c1", "_id": "apps/c1", "name": "Reports", "type": "S3", "appGroup": "Amazon", "appDescription": "Objects of a bucket",
    "appCategories": ["Storage"], "iconPath": "/icons/s3.svg", "supportsRealtime": false, "supportsSync": true,
    "supportsAgent": false, "scope": "personal", "authType": "ACCESS_KEY", "isActive": true, "isAgentActive": false,
    "isConfigured": true, "isAuthenticated": true, "status": null, "isLocked": false, "createdAtTimestamp": 1766275200123,
    "updatedAtTimestamp": 1766275200456, "createdBy": "u1", "updatedBy": "u2",
    "config": {"auth": {"accessKey": "k", "secretKey": "PLANTED"}}}}"#;

#[tokio::test]
async fn an_instance_has_the_server_s_names() {
    let (socket, ph) = setup().await;
    socket.answer(200, INSTANCE);
    let read = ph.connector("c1").get().await.unwrap();
    assert_eq!(read.connector_id.as_deref(), Some("c1"));
    assert_eq!(read.connector_type.as_deref(), Some("S3"));
    assert_eq!(read.instance_name.as_deref(), Some("Reports"));
    assert_eq!((read.agent_enabled, read.is_active, read.is_locked), (Some(false), Some(true), Some(false)));
    assert_eq!(read.scope, Some(ConnectorScope::Personal));
    assert_eq!(read.created_at_timestamp, Some(1_766_275_200_123));
    assert_eq!(read.updated_at_timestamp, Some(1_766_275_200_456));
    assert_eq!((read.created_by.as_deref(), read.updated_by.as_deref()), (Some("u1"), Some("u2")));
    assert_eq!(
        (read.supports_sync, read.supports_agent, read.supports_realtime),
        (Some(true), Some(false), Some(false))
    );
    assert_eq!(read.app_categories.as_deref(), Some(["Storage".to_owned()].as_slice()));
    assert_eq!((read.app_group.as_deref(), read.icon_path.as_deref()), (Some("Amazon"), Some("/icons/s3.svg")));
    assert_eq!(read.config.as_ref().unwrap()["auth"]["accessKey"], "k");
    assert!(read.org_id.is_none() && read.sync_enabled.is_none() && read.last_sync_at.is_none());
    assert!(read.created_at.is_none() && read.updated_at.is_none() && read.status.is_none());
    // Unknown fields are kept, and secrets are not printed.
    assert_eq!(read.extra["_id"], "apps/c1");
    assert!(!format!("{read:?}").contains("PLANTED"));
}

#[tokio::test]
async fn an_instance_with_the_document_s_names_is_read_as_well() {
    let (socket, ph) = setup().await;
    let documented = json!({"connectorId": "c1", "connectorType": "S3", "instanceName": "Reports", "agentEnabled": true, "createdAt": "2026-01-01T00:00:00Z"});
    socket.answer(200, json!({"connector": documented}).to_string());
    let read = ph.connector("c1").get().await.unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), documented);
    // Both at once: the documented name takes precedence, and neither is lost.
    let both = json!({"connectorId": "c1", "_key": "c2", "name": "Reports"});
    socket.answer(200, json!({"connector": both}).to_string());
    let read = ph.connector("c1").get().await.unwrap();
    assert_eq!((read.connector_id.as_deref(), read.instance_name.as_deref()), (Some("c1"), Some("Reports")));
    assert_eq!(read.extra["_key"], "c2");
}

#[tokio::test]
async fn a_status_is_one_of_four_or_null_or_unknown() {
    let (socket, ph) = setup().await;
    for (sent, status) in [
        (Value::Null, None),
        (json!("IDLE"), Some(ConnectorInstanceStatus::Idle)),
        (json!("SYNCING"), Some(ConnectorInstanceStatus::Syncing)),
        (json!("FULL_SYNCING"), Some(ConnectorInstanceStatus::FullSyncing)),
        (json!("DELETING"), Some(ConnectorInstanceStatus::Deleting)),
        (json!("PAUSED"), Some(ConnectorInstanceStatus::Unknown("PAUSED".to_owned()))),
    ] {
        socket.answer(200, json!({"connector": {"_key": "c1", "status": sent}}).to_string());
        assert_eq!(ph.connector("c1").get().await.unwrap().status, status);
    }
}

#[tokio::test]
async fn kinds_of_authentication_are_the_server_s_ten() {
    let (socket, ph) = setup().await;
    for (sent, kind) in [
        ("OAUTH", ConnectorAuthType::Oauth),
        ("OAUTH_ADMIN_CONSENT", ConnectorAuthType::OauthAdminConsent),
        ("API_TOKEN", ConnectorAuthType::ApiToken),
        ("BEARER_TOKEN", ConnectorAuthType::BearerToken),
        ("BASIC_AUTH", ConnectorAuthType::BasicAuth),
        ("ACCESS_KEY", ConnectorAuthType::AccessKey),
        ("ACCOUNT_KEY", ConnectorAuthType::AccountKey),
        ("CONNECTION_STRING", ConnectorAuthType::ConnectionString),
        ("CUSTOM", ConnectorAuthType::Custom),
        ("NONE", ConnectorAuthType::None),
        ("KERBEROS", ConnectorAuthType::Unknown("KERBEROS".to_owned())),
    ] {
        socket.answer(200, json!({"connector": {"_key": "c1", "authType": sent}}).to_string());
        assert_eq!(ph.connector("c1").get().await.unwrap().auth_type, Some(kind));
    }
}

#[tokio::test]
async fn a_creation_returns_200_and_a_summary() {
    let (socket, ph) = setup().await;
    socket.answer(
        200,
        r#"{"success": true, "connector": {"connectorId": "c1", "connectorType": "S3", "instanceName": "Reports", "created": true,
        "scope": "team", "createdBy": "u1", "isAuthenticated": true, "isConfigured": true}, "message": "created"}"#,
    );
    let created = ph.create("S3", "Reports").auth_type(ConnectorAuthType::AccessKey).await.unwrap();
    assert_eq!(created.handle().id().as_str(), "c1");
    assert_eq!(
        (created.created, created.is_authenticated, created.is_configured),
        (Some(true), Some(true), Some(true))
    );
    let body = json!({"connectorType": "S3", "instanceName": "Reports", "scope": "team", "authType": "ACCESS_KEY"});
    assert_eq!(socket.last().json(), body);
}

#[tokio::test]
async fn a_deletion_returns_202_or_409() {
    let (socket, ph) = setup().await;
    socket.answer(202, r#"{"success": true, "message": "being deleted", "connectorId": "c1", "status": "DELETING"}"#);
    let deletion = ph.connector("c1").delete().await.unwrap();
    assert_eq!(deletion.data().connector_id.as_deref(), Some("c1"));
    assert_eq!(deletion.data().status, Some(ConnectorInstanceStatus::Deleting));

    socket.answer(409, r#"{"error": {"code": "HTTP_CONFLICT", "message": "the connector is locked"}}"#);
    let error = ph.connector("c1").delete().await.unwrap_err();
    assert!(error.is_conflict() && error.status() == Some(409) && error.code() == Some("HTTP_CONFLICT"), "{error:?}");
}

#[tokio::test]
async fn configured_connectors_are_a_list_within_a_list() {
    let (socket, ph) = setup().await;
    socket.answer(
        200,
        r#"{"success": true, "connectors": {"connectors": [{"_key": "c1"}], "pagination": {"page": 1, "totalCount": 1}, "scopeCounts": {"team": 1, "personal": 2}}}"#,
    );
    let page = ph.api().connectors().list_configured().await.unwrap().connectors.unwrap();
    assert_eq!(page.connectors.unwrap()[0].connector_id.as_deref(), Some("c1"));
    assert_eq!((page.pagination.unwrap().total_count, page.scope_counts.unwrap().personal), (Some(1), Some(2)));
}

#[tokio::test]
async fn pages_have_the_position_of_the_next_one() {
    let (socket, ph) = setup().await;
    let page = |number: u8, next: Value| {
        json!({
            "success": true,
            "connectors": [{"_key": format!("c{number}")}],
            "pagination": {
                "page": number, "limit": 200, "totalCount": 2, "totalPages": 2, "hasPrev": number > 1,
                "hasNext": !next.is_null(), "prevPage": null, "nextPage": next, "search": null,
            },
            "scopeCounts": {"team": 2, "personal": 0},
        })
        .to_string()
    };
    socket.answer(200, page(1, json!(2)));
    socket.answer(200, page(2, Value::Null));
    let read: Vec<_> = ph.connectors(ConnectorScope::Team).list().try_collect().await.unwrap();
    assert_eq!(read.iter().map(|it| it.handle().id().as_str()).collect::<Vec<_>>(), ["c1", "c2"]);
    let sent: Vec<_> = socket.sent().into_iter().map(|sent| sent.query).collect();
    let query = |page: &str| {
        [("limit", "200"), ("page", page), ("scope", "team")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    };
    assert_eq!(sent, [query("1"), query("2")]);

    // A cursor that leads to its own page is an error, not an endless loop.
    socket.answer(200, page(1, json!(1)));
    socket.answer(200, page(1, json!(1)));
    let error = ph.connectors(ConnectorScope::Team).list().try_collect::<Vec<_>>().await.unwrap_err();
    assert!(error.is_decode(), "{error}");
    assert_eq!(socket.sent().len(), 4);
}

#[tokio::test]
async fn a_toggle_returns_no_instance_and_accepts_a_full_sync() {
    let (socket, ph) = setup().await;
    socket.answer(200, r#"{"connector": {"_key": "c1", "isActive": false}}"#);
    socket.answer(200, r#"{"success": true, "message": "sync enabled"}"#);
    socket.answer(200, r#"{"connector": {"_key": "c1", "isActive": true}}"#);
    let switched = ph.connector("c1").set_sync(true).full_sync(true).await.unwrap();
    assert!(switched.is_flipped() && switched.instance().is_active == Some(true));
    assert_eq!(socket.sent()[1].json(), json!({"type": "sync", "fullSync": true}));

    // The gateway may retry a call by itself, and two toggles cancel out.
    socket.answer(200, r#"{"connector": {"_key": "c1", "isAgentActive": false}}"#);
    socket.answer(200, r#"{"success": true, "message": "agent enabled"}"#);
    socket.answer(200, r#"{"connector": {"_key": "c1", "isAgentActive": false}}"#);
    let error = ph.connector("c1").set_agent(true).await.unwrap_err();
    assert!(error.is_conflict() && error.may_have_happened() && error.operation() == Some("toggle"), "{error}");
    assert_eq!((socket.sent().len(), socket.sent()[4].json()), (6, json!({"type": "agent"})));
}

#[tokio::test]
async fn a_rename_returns_only_the_id() {
    let (socket, ph) = setup().await;
    socket.answer(200, r#"{"success": true, "connector": {"_key": "c1", "name": "Other"}}"#);
    let renamed = ph.connector("c1").rename("Other").await.unwrap();
    assert_eq!((renamed.connector_id.as_deref(), renamed.instance_name.as_deref()), (Some("c1"), Some("Other")));
    assert_eq!(socket.last().json(), json!({"instanceName": "Other"}));
}

#[tokio::test]
async fn a_configuration_has_other_names_and_its_secrets_and_prints_none() {
    let (socket, ph) = setup().await;
    socket.answer(
        200,
        r#"{"success": true, "config": {"connector_id": "c1", "name": "Reports", "type": "S3", "scope": "team", "isActive": true,
        "config": {"auth": {"secretKey": "PLANTED"}, "sync": {"token": "PLANTED"}, "filters": {"sync": {}},
        "credentials": {"access_token": "PLANTED"}, "oauth": {"state": "PLANTED"}, "later": "PLANTED"}}}"#,
    );
    let config = ph.connector("c1").config().await.unwrap();
    assert_eq!(config.connector_id.as_deref(), Some("c1"));
    assert_eq!((config.connector_type.as_deref(), config.instance_name.as_deref()), (Some("S3"), Some("Reports")));
    let settings = config.config.clone().unwrap();
    assert_eq!(settings.auth.as_ref().unwrap()["secretKey"], "PLANTED");
    assert_eq!(settings.credentials.as_ref().unwrap()["access_token"], "PLANTED");
    assert_eq!(settings.extra["later"], "PLANTED");
    assert!(!format!("{config:?} {settings:?}").contains("PLANTED"));
}

#[tokio::test]
async fn changes_of_a_configuration_return_only_the_settings() {
    let (socket, ph) = setup().await;
    let connector = ph.connector("c1");
    let saved = r#"{"success": true, "config": {"auth": {"bucket": "b"}, "credentials": null, "oauth": null}, "message": "saved"}"#;
    socket.answer(200, saved);
    let answer = connector.set_config().sync(object(json!({"selectedStrategy": "MANUAL"}))).await.unwrap();
    assert_eq!(answer.config.unwrap().auth.unwrap()["bucket"], "b");
    assert_eq!(socket.last().json(), json!({"sync": {"selectedStrategy": "MANUAL"}}));
    socket.answer(200, saved);
    let answer = connector.set_auth(AuthFields::new().field("bucket", "b")).await.unwrap();
    assert_eq!((answer.data().message.as_deref(), answer.oauth_app()), (Some("saved"), None));
    socket.answer(200, r#"{"success": true, "config": {}, "message": "saved", "syncFiltersChanged": true}"#);
    let filters = object(json!({"sync": {"buckets": {"operator": "in", "value": ["a"]}}}));
    let answer = connector.set_sync_filters().filters(filters.clone()).await.unwrap();
    assert_eq!(answer.sync_filters_changed, Some(true));
    assert_eq!(socket.last().json(), json!({"filters": filters}));
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test]
async fn the_registry_and_its_schemas_are_read_unchanged() {
    let (socket, ph) = setup().await;
    socket.answer(
        200,
        r#"{"success": true, "connectors": [{"name": "S3", "type": "S3", "appGroup": "Amazon", "appDescription": "Objects",
        "appCategories": ["Storage"], "supportedAuthTypes": ["ACCESS_KEY"], "scope": "team", "config": {"auth": {"a": 1}}},
        {"name": "Drive", "type": "Drive", "scope": ["team", "personal"], "connectorInfo": null}],
        "pagination": {"page": 1, "hasNext": false}, "registryCountsByScope": {"team": 2, "personal": 1}}"#,
    );
    let types: Vec<_> = ph.registry().try_collect().await.unwrap();
    assert_eq!((types[0].connector_type.as_deref(), types[0].display_name.as_deref()), (Some("S3"), Some("S3")));
    assert_eq!(types[0].description.as_deref(), Some("Objects"));
    assert_eq!(types[0].auth_types.as_deref(), Some([ConnectorAuthType::AccessKey].as_slice()));
    assert_eq!(types[0].categories.as_ref().unwrap()[0], "Storage");
    assert_eq!(types[0].config.as_ref().unwrap().auth.as_ref().unwrap()["a"], 1);
    assert!(
        matches!(types[0].scope, Some(RegistryScope::ConnectorScope(ConnectorScope::Team))),
        "{:?}",
        types[0].scope
    );

    let schema = json!({"auth": {"schemas": {"ACCESS_KEY": {"fields": []}}}, "sync": {}, "filters": {"sync": {}}, "iconPath": "/i.svg"});
    socket.answer(200, json!({"success": true, "schema": schema}).to_string());
    let read = ph.connector_schema("S3").await.unwrap();
    assert!(read.auth.as_ref().unwrap()["schemas"]["ACCESS_KEY"]["fields"].is_array());
    assert_eq!(serde_json::to_value(&read).unwrap(), schema);
}

#[tokio::test]
async fn filters_are_a_map_and_the_paging_is_beside_their_options() {
    let (socket, ph) = setup().await;
    socket.answer(
        200,
        r#"{"success": true, "filterOptions": {"folders": [{"id": "f1", "label": "Drafts"}], "later": {}}}"#,
    );
    let filters = ph.connector("c1").filters().await.unwrap();
    assert_eq!((filters["folders"][0]["label"].as_str(), filters.len()), (Some("Drafts"), 2));

    // By cursor, by number, and at the documented place.
    for (first, second) in [
        (json!({"hasMore": true, "cursor": "a+b=="}), ("cursor", "a+b==")),
        (json!({"page": 1, "hasMore": true, "cursor": null}), ("page", "2")),
        (json!({"pagination": {"page": 1, "hasMore": true}}), ("page", "2")),
    ] {
        let mut page = json!({"success": true, "options": [{"id": "f1"}]});
        page.as_object_mut().unwrap().extend(object(first));
        socket.answer(200, page.to_string());
        socket.answer(200, r#"{"success": true, "options": [{"id": "f2"}], "page": 2, "limit": 100, "hasMore": false, "cursor": null}"#);
        let query =
            ph.connector("c1").filter_options("folders").search("x").context_group_path("a").context_group_path("b");
        let read: Vec<_> = query.list().try_collect().await.unwrap();
        assert_eq!(read.iter().map(|it| it.id.as_deref().unwrap()).collect::<Vec<_>>(), ["f1", "f2"]);
        let sent = socket.last().query;
        let has = |name: &str, value: &str| sent.iter().any(|pair| *pair == (name.to_owned(), value.to_owned()));
        assert!(has(second.0, second.1) && has("limit", "100") && has("search", "x"), "{sent:?}");
        assert!(has("contextGroupPath", "a") && has("contextGroupPath", "b"), "{sent:?}");
    }
}

#[tokio::test]
async fn the_callback_of_an_authorization_needs_the_token_and_returns_200() {
    let (socket, ph) = setup().await;
    let connector = ph.connector("c1");
    socket.answer(200, r#"{"success": true, "redirectUrl": "https://x.example/connectors", "error": null}"#);
    let result = connector.finish_oauth("c", "s", Some("https://x.example")).await.unwrap();
    assert_eq!(result.redirect_url.as_deref(), Some("https://x.example/connectors"));
    assert_eq!(socket.last().header("authorization"), Some("Bearer t"));

    socket.answer(200, r#"{"success": false, "redirectUrl": "https://x.example/?e", "error": "invalid_state", "errorMessage": "too late"}"#);
    let error = connector.finish_oauth("c", "s", None).await.unwrap_err();
    assert!(error.code() == Some("invalid_state") && error.to_string().contains("too late"), "{error}");
    // It consumes the code, so it is not retried, although it is a GET.
    socket.hang_up();
    let before = socket.sent().len();
    let error = connector.finish_oauth("c", "s", None).await.unwrap_err();
    assert!(error.may_have_happened() && socket.sent().len() == before + 1, "{error:?}");
}

#[tokio::test]
async fn auth_is_sent_flat() {
    let (socket, ph) = setup().await;
    let fields = || json!({"accessKey": "k", "secretKey": "PLANTED", "bucket": "b", "port": 443, "tls": true});
    socket.answer(200, r#"{"success": true, "connector": {"connectorId": "c1"}}"#);
    let create = ph
        .create("S3", "Reports")
        .scope(ConnectorScope::Personal)
        .auth("accessKey", "k")
        .secret_auth("secretKey", "PLANTED")
        .auth("bucket", "b")
        .auth("port", 443)
        .auth("tls", true)
        .sync(object(json!({"selectedStrategy": "MANUAL"})))
        .base_url("https://x.example");
    assert!(!format!("{create:?}").contains("PLANTED"));
    create.await.unwrap();
    assert_eq!(
        socket.last().json(),
        json!({
            "connectorType": "S3",
            "instanceName": "Reports",
            "scope": "personal",
            "config": {"auth": fields(), "sync": {"selectedStrategy": "MANUAL"}},
            "baseUrl": "https://x.example",
        })
    );
    socket.answer(200, r#"{"success": true}"#);
    let auth = AuthFields::new().field("accessKey", "k").secret("secretKey", "PLANTED").field("bucket", "b");
    ph.connector("c1").set_auth(auth.field("port", 443).field("tls", true)).await.unwrap();
    assert_eq!(socket.last().json(), json!({"auth": fields()}));
}

#[tokio::test]
async fn a_resync_with_status_200_may_report_a_failure() {
    let (socket, ph) = setup().await;
    let active = r#"{"connector": {"_key": "c1", "type": "DRIVE WORKSPACE", "isActive": true}}"#;
    socket.answer(200, active);
    socket.answer(200, r#"{"resyncConnectorResponse": {"success": false, "error": "no listener here"}}"#);
    let error = ph.connector("c1").resync().full_sync(true).await.unwrap_err();
    assert!(error.to_string().contains("no listener here") && error.operation() == Some("resync"), "{error}");
    assert_eq!(socket.last().json(), json!({"connectorName": "driveworkspace", "fullSync": true}));
    socket.answer(200, active);
    socket.answer(200, r#"{"resyncConnectorResponse": {"success": true}}"#);
    ph.connector("c1").resync().await.unwrap();

    // A response without a result does not confirm the sync.
    socket.answer(200, active);
    socket.answer(200, "{}");
    let error = ph.connector("c1").resync().await.unwrap_err();
    assert!(error.may_have_happened() && error.to_string().contains("resyncConnectorResponse"), "{error:?}");

    socket.answer(200, r#"{"connector": {"_key": "c1", "type": "S3", "isActive": false}}"#);
    let before = socket.sent().len();
    let error = ph.connector("c1").resync().await.unwrap_err();
    assert!(error.is_conflict() && error.status().is_none() && !error.may_have_happened(), "{error:?}");
    assert_eq!(socket.sent().len(), before + 1);
}

#[tokio::test]
async fn statistics_are_returned_by_kind_of_record() {
    let (socket, ph) = setup().await;
    socket.answer(
        200,
        r#"{"success": true, "data": {"orgId": "o", "connectorId": "c1", "origin": "CONNECTOR", "stats": {"total": 3,
        "indexingStatus": {"COMPLETED": 2, "QUEUED": 1}}, "byRecordType": [{"recordType": "FILE", "total": 3, "indexingStatus": {"COMPLETED": 2}}]}}"#,
    );
    let stats = ph.connector("c1").stats().await.unwrap();
    assert_eq!(stats.stats.unwrap().indexing_status.unwrap()["QUEUED"], 1);
    assert_eq!(stats.by_record_type.unwrap()[0].indexing_status.as_ref().unwrap()["COMPLETED"], 2);
}

#[tokio::test]
async fn failures_have_two_formats_and_keep_the_server_s_message() {
    let (socket, ph) = setup().await;
    let connector = ph.connector("c1");
    socket.answer_with(
        400,
        "content-type: application/json; charset=utf-8\r\nx-request-id: theirs\r\n",
        r#"{"error": {"code": "VALIDATION_ERROR", "message": "page must be a number", "metadata": {"errors": [{"field": "page"}]}}}"#,
    );
    let error = connector.get().await.unwrap_err();
    assert!(error.is_bad_request() && error.code() == Some("VALIDATION_ERROR"), "{error:?}");
    assert_eq!(error.message(), "page must be a number");
    assert_eq!((error.details().len(), error.request_id()), (1, Some("theirs")));

    for (body, message) in [
        (r#"{"detail": "not a Local FS connector"}"#, "not a Local FS connector"),
        (
            r#"{"detail": [{"type": "missing", "loc": ["body", "batchId"], "msg": "Field required", "input": "PLANTED"}]}"#,
            "body.batchId: Field required",
        ),
        (r#"{"detail": {"message": "Invalid manifest", "errors": []}}"#, "Invalid manifest"),
        (r#"{"message": "from a proxy"}"#, "from a proxy"),
        (r#"{"error": "Not Found"}"#, "Not Found"),
        (r#"[]"#, "no reason"),
        (r#"not JSON"#, "no reason"),
    ] {
        socket.answer(422, body);
        let error = connector.get().await.unwrap_err();
        assert!(error.is_bad_request() && error.message().contains(message), "{body}: {error}");
        assert!(!format!("{error} {error:?}").contains("PLANTED"));
    }

    // They are limited, even if they are long.
    let long = "x".repeat(9000);
    let request_id = format!("content-type: application/json\r\nx-request-id: {long}\r\n");
    socket.answer_with(400, &request_id, json!({"error": {"code": long, "message": long}}).to_string());
    let error = connector.get().await.unwrap_err();
    assert_eq!((error.code().map(str::len), error.request_id().map(str::len)), (Some(200), Some(200)));
    assert_eq!((error.message().len(), error.body().is_some_and(|body| body.len() > 9000)), (2000, true));
    assert!(format!("{error} {error:?}").len() < 2000, "{error:?}");

    socket.answer_with(404, "content-type: text/html\r\n", "<html><body>PLANTED</body></html>");
    let error = connector.get().await.unwrap_err();
    assert!(error.is_not_found() && error.message().contains("web page"), "{error}");
    assert!(!format!("{error} {error:?}").contains("PLANTED"));
}

#[tokio::test]
async fn a_rate_limit_has_the_delay_in_its_body() {
    let (socket, ph) = setup().await;
    let body = r#"{"error": {"code": "HTTP_TOO_MANY_REQUESTS", "message": "slower", "retryAfter": 86400}}"#;
    socket.answer(429, body);
    let error = ph.connector("c1").get().await.unwrap_err();
    assert!(error.is_rate_limited(), "{error:?}");
    assert_eq!((error.retry_after(), socket.sent().len()), (Some(Duration::from_secs(86_400)), 1));
    // A header takes precedence.
    socket.answer_with(429, "content-type: application/json\r\nretry-after: 7200\r\n", body);
    assert_eq!(ph.connector("c1").get().await.unwrap_err().retry_after(), Some(Duration::from_secs(7200)));
}

#[test]
fn the_document_has_the_scopes_and_the_defaults() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let scopes = |path: &str, method: &str| {
        let security = document["paths"][path][method]["security"].as_array().unwrap();
        assert!(security.iter().any(|way| way.get("bearerAuth").is_some()), "{path}");
        let oauth = security.iter().find_map(|way| way.get("oauth2")).unwrap();
        oauth.as_array().unwrap().iter().map(|scope| scope.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(scopes("/connectors/{connectorId}/oauth/authorize", "get"), ["connector:write"]);
    assert_eq!(scopes("/connectors/oauth/callback", "get"), ["connector:write"]);
    assert_eq!(scopes("/connectors/{connectorId}/toggle", "post"), ["connector:sync"]);
    assert_eq!(scopes("/connectors/{connectorId}/filters", "post"), ["connector:write"]);
    assert!(document["paths"]["/connectors/oauth/callback"]["get"]["responses"].get("302").is_none());

    for path in ["/connectors", "/connectors/registry", "/connectors/configured", "/connectors/agents/active"] {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap();
        let scope = parameters.iter().find(|parameter| parameter["name"] == "scope").unwrap();
        assert!(scope["schema"]["default"] == "team" && scope.get("default").is_none(), "{path}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.values().all(|schema| schema["additionalProperties"] != false));
}
