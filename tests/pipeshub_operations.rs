//! Every operation of the generated client over a socket: method, path, query, headers and body of the request, and
//! reading the server's known responses.

#[path = "support/socket.rs"]
mod socket;

use std::collections::BTreeSet;

use connectors::pipeshub::api::OPERATIONS;
use connectors::pipeshub::types::{self, ConnectorAuthType, ConnectorName, ConnectorScope, IndexingStatus};
use connectors::pipeshub::{Client, ConnectorId, Credentials, DOCUMENT, FilterKey};
use connectors::{Error, Multipart, Sending};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use socket::Socket;

/// An id with characters that would end a path, or be decoded twice.
const ID: &str = "räum 1 100% a?b#c+d";
/// The id, encoded in a path.
const ID_SENT: &str = "r%C3%A4um%201%20100%25%20a%3Fb%23c+d";

/// A body of the generated type.
fn typed<T: DeserializeOwned>(body: &Value) -> T {
    serde_json::from_value(body.clone()).unwrap()
}

struct Calls {
    socket: Socket,
    seen: BTreeSet<&'static str>,
}

impl Calls {
    /// Serves the one request of a call, and returns what the call returned.
    async fn answered<T>(
        &self,
        status: u16,
        answer: Value,
        call: impl IntoFuture<Output = Result<T, Error>, IntoFuture = Sending<T>>,
    ) -> T {
        self.socket.answer(status, answer.to_string());
        call.await.unwrap()
    }

    /// Checks the last request.
    fn expect(&mut self, name: &str, path: &str, query: &[(&str, &str)], body: Option<Value>) {
        let operation = OPERATIONS.iter().find(|operation| operation.name() == name).unwrap();
        let sent = self.socket.last();
        assert_eq!((sent.method.as_str(), sent.path.as_str()), (operation.method(), path), "{name}");
        let (template, segments) = (format!("/api/v1{}", operation.path()), sent.path.split('/'));
        assert_eq!(segments.clone().count(), template.split('/').count(), "{name}");
        assert!(segments.zip(template.split('/')).all(|(ours, theirs)| ours == theirs || theirs.starts_with('{')));
        let pairs: Vec<(&str, &str)> = sent.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, query, "{name}");
        assert_eq!(sent.header("authorization"), Some("Bearer phpat_x"), "{name}");
        assert_eq!(sent.header("accept"), Some("application/json"), "{name}");
        assert!(sent.header("user-agent").is_some_and(|value| value.starts_with("connectors/")), "{name}");
        let id = sent.header("x-request-id").unwrap();
        assert!((1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}: {id}");
        if name != "upload_file_events" {
            assert_eq!(sent.header("content-type"), body.as_ref().map(|_| "application/json"), "{name}");
            match &body {
                Some(body) => assert_eq!(&sent.json(), body, "{name}"),
                None => assert!(sent.body.is_empty(), "{name}"),
            }
        }
        assert!(self.seen.insert(operation.id()), "{name} was called twice");
    }
}

/// An instance in the format of every read.
fn instance() -> Value {
    json!({"_key": ID, "type": "S3", "name": "Reports", "scope": "team", "isActive": true, "status": "IDLE"})
}

fn page() -> Value {
    json!({"page": 2, "limit": 5, "totalCount": 6, "totalPages": 2, "hasPrev": true, "hasNext": false, "prevPage": 1, "nextPage": null})
}

#[tokio::test]
#[allow(deprecated, reason = "each operation is called, also deprecated ones")]
async fn all_operations_are_sent_as_documented_and_their_responses_read() {
    let socket = Socket::start().await;
    let ph = Client::builder(Credentials::token("phpat_x").instance(socket.url())).build().unwrap();
    let api = ph.api();
    let mut calls = Calls { socket, seen: BTreeSet::new() };
    let connector = format!("/api/v1/connectors/{ID_SENT}");
    let (team, personal) = (ConnectorScope::Team, ConnectorScope::Personal);

    // The registry.
    let answer = json!({"success": true, "connectors": [{"type": "S3", "name": "S3"}], "pagination": page()});
    let read = calls
        .answered(200, answer, api.registry().registry().limit(5).page(2).scope(team.clone()).search("a b&c"))
        .await;
    let query = [("limit", "5"), ("page", "2"), ("scope", "team"), ("search", "a b&c")];
    calls.expect("registry", "/api/v1/connectors/registry", &query, None);
    assert_eq!(read.connectors.unwrap()[0].connector_type.as_deref(), Some("S3"));
    let answer =
        json!({"success": true, "schema": {"auth": {"supportedAuthTypes": ["ACCESS_KEY"]}, "sync": {}, "filters": {}}});
    let read = calls.answered(200, answer, api.registry().schema("Local FS")).await;
    calls.expect("schema", "/api/v1/connectors/registry/Local%20FS/schema", &[], None);
    assert!(read.schema.unwrap().auth.unwrap().contains_key("supportedAuthTypes"));

    // Lists.
    let answer = json!({"success": true, "connectors": [instance()], "pagination": page()});
    let call = api
        .connectors()
        .list()
        .connector_type("S3")
        .is_active(true)
        .is_authenticated(false)
        .limit(200)
        .page(3)
        .scope(personal)
        .search("x");
    let read = calls.answered(200, answer, call).await;
    let query = [
        ("connectorType", "S3"),
        ("isActive", "true"),
        ("isAuthenticated", "false"),
        ("limit", "200"),
        ("page", "3"),
        ("scope", "personal"),
        ("search", "x"),
    ];
    calls.expect("list", "/api/v1/connectors", &query, None);
    assert_eq!(read.pagination.unwrap().total_count, Some(6));
    for (name, path) in [("list_active", "active"), ("list_inactive", "inactive")] {
        let answer = json!({"success": true, "connectors": [instance()]});
        let read = if name == "list_active" {
            calls.answered(200, answer, api.connectors().list_active()).await
        } else {
            calls.answered(200, answer, api.connectors().list_inactive()).await
        };
        calls.expect(name, &format!("/api/v1/connectors/{path}"), &[], None);
        assert_eq!(read.connectors.unwrap()[0].connector_id.as_deref(), Some(ID));
    }
    let answer = json!({"success": true, "connectors": {"connectors": [instance()], "pagination": page()}});
    let read = calls.answered(200, answer, api.connectors().list_configured().page(2)).await;
    calls.expect("list_configured", "/api/v1/connectors/configured", &[("page", "2")], None);
    assert_eq!(read.connectors.unwrap().connectors.unwrap().len(), 1);
    let answer = json!({"success": true, "connectors": [], "pagination": page()});
    let read = calls.answered(200, answer, api.connectors().list_active_agents().limit(1).scope(team)).await;
    let query = [("limit", "1"), ("scope", "team")];
    calls.expect("list_active_agents", "/api/v1/connectors/agents/active", &query, None);
    assert!(read.connectors.unwrap().is_empty());

    // The lifecycle of a connector.
    let body = json!({
        "connectorType": "S3",
        "instanceName": "Reports",
        "scope": "team",
        "authType": "ACCESS_KEY",
        "oauthConfigId": "o",
        "config": {"auth": {"bucket": "b", "deep": [{}]}, "sync": {"selectedStrategy": "MANUAL"}, "filters": {"sync": {"values": {}}}},
        "baseUrl": "https://x.example",
        "later": 1,
    });
    let answer = json!({"success": true, "connector": {"connectorId": ID, "created": true}, "message": "m"});
    let read = calls.answered(200, answer, api.connectors().create(&typed(&body))).await;
    calls.expect("create", "/api/v1/connectors", &[], Some(body));
    assert_eq!(read.connector.unwrap().connector_id.as_deref(), Some(ID));
    let answer = json!({"success": true, "connector": instance()});
    let read = calls.answered(200, answer, api.connectors().get(ID)).await;
    calls.expect("get", &connector, &[], None);
    assert_eq!(read.connector.unwrap().instance_name.as_deref(), Some("Reports"));
    let answer = json!({"success": true, "data": {"connectorId": ID, "stats": {"total": 3, "indexingStatus": {"COMPLETED": 3}}}});
    let read = calls.answered(200, answer, api.connectors().stats(ID)).await;
    calls.expect("stats", &format!("{connector}/stats"), &[], None);
    assert_eq!(read.data.unwrap().stats.unwrap().total, Some(3));
    let body = json!({"instanceName": "Other"});
    let answer = json!({"success": true, "connector": {"_key": ID, "name": "Other"}});
    let read = calls.answered(200, answer, api.connectors().rename(ID, &typed(&body))).await;
    calls.expect("rename", &format!("{connector}/name"), &[], Some(body));
    assert_eq!(read.connector.unwrap().instance_name.as_deref(), Some("Other"));
    let answer = json!({"success": true, "message": "m", "connectorId": ID, "status": "DELETING"});
    let read = calls.answered(202, answer, api.connectors().delete(ID)).await;
    calls.expect("delete", &connector, &[], None);
    assert_eq!(read.status, Some(types::ConnectorInstanceStatus::Deleting));

    // Resync and reindex.
    let body = json!({"statusFilters": ["FAILED", "LATER"]});
    let answer = json!({"success": true, "connector": "s3", "eventPublished": true});
    let read = calls.answered(200, answer, api.connectors().reindex(ID).body(&typed(&body))).await;
    calls.expect("reindex", &format!("{connector}/reindex"), &[], Some(body));
    assert_eq!(read.event_published, Some(true));
    let body = json!({"connectorName": "s3", "fullSync": true});
    let answer = json!({"resyncConnectorResponse": {"success": true}});
    let read = calls.answered(200, answer, api.connectors().resync(ID, &typed(&body))).await;
    calls.expect("resync", &format!("{connector}/resync"), &[], Some(body));
    assert_eq!(read.resync_connector_response.unwrap().success, Some(true));

    // Configuration.
    let answer = json!({"success": true, "config": {"connector_id": ID, "config": {"auth": {"secretKey": "PLANTED"}}}});
    let read = calls.answered(200, answer, api.config().get_config(ID)).await;
    calls.expect("get_config", &format!("{connector}/config"), &[], None);
    assert_eq!(read.config.unwrap().connector_id.as_deref(), Some(ID));
    let saved = || json!({"success": true, "config": {"auth": {"a": 1}, "credentials": null}, "message": "m"});
    let body =
        json!({"auth": {"a": 1}, "sync": {"customValues": {"x": []}}, "filters": {"indexing": {"values": {"y": 2}}}});
    let read = calls.answered(200, saved(), api.config().update_config(ID, &typed(&body))).await;
    calls.expect("update_config", &format!("{connector}/config"), &[], Some(body));
    assert_eq!(read.config.unwrap().auth.unwrap()["a"], 1);
    let body = json!({"auth": {"accessKey": "k", "nested": {"kept": true}}, "baseUrl": "https://x.example"});
    let read = calls.answered(200, saved(), api.config().update_auth_config(ID, &typed(&body))).await;
    calls.expect("update_auth_config", &format!("{connector}/config/auth"), &[], Some(body));
    assert_eq!(read.message.as_deref(), Some("m"));
    let body = json!({"sync": {"scheduledConfig": {"intervalMinutes": 5}}});
    let answer = json!({"success": true, "config": {}, "message": "m", "syncFiltersChanged": true});
    let read = calls.answered(200, answer, api.config().update_filters_sync_config(ID, &typed(&body))).await;
    calls.expect("update_filters_sync_config", &format!("{connector}/config/filters-sync"), &[], Some(body));
    assert_eq!(read.sync_filters_changed, Some(true));

    // Control.
    let body = json!({"type": "sync", "fullSync": true});
    let done = || json!({"success": true, "message": "m"});
    let read = calls.answered(200, done(), api.control().toggle(ID, &typed(&body))).await;
    calls.expect("toggle", &format!("{connector}/toggle"), &[], Some(body));
    assert_eq!(read.success, Some(true));
    let batch = || json!({"success": true, "connectorId": ID, "batchId": "b", "stats": {"processed": 1, "deleted": 0}});
    let body = json!({
        "batchId": "b",
        "events": [{"type": "CREATED", "path": "a/b.txt", "timestamp": 1, "isDirectory": false, "size": 2}],
        "timestamp": 3,
        "resetBeforeApply": true,
    });
    let read = calls.answered(200, batch(), api.control().submit_file_events(ID, &typed(&body))).await;
    calls.expect("submit_file_events", &format!("{connector}/file-events"), &[], Some(body));
    assert_eq!(read.stats.processed, Some(1));
    let call = api.control().upload_file_events(ID, Multipart::new().text("manifest", "{}"));
    let read = calls.answered(200, batch(), call).await;
    calls.expect("upload_file_events", &format!("{connector}/file-events/upload"), &[], None);
    let sent = calls.socket.last();
    let boundary = sent.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    let form =
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"manifest\"\r\n\r\n{{}}\r\n--{boundary}--\r\n");
    assert_eq!((sent.body.as_slice(), read.batch_id.as_str()), (form.as_bytes(), "b"));

    // OAuth.
    let answer = json!({"success": true, "authorizationUrl": "https://provider.example/?state=s", "state": "s"});
    let read =
        calls.answered(200, answer, api.oauth().get_authorization_url(ID).base_url("https://x.example/a?b")).await;
    let query = [("baseUrl", "https://x.example/a?b")];
    calls.expect("get_authorization_url", &format!("{connector}/oauth/authorize"), &query, None);
    assert_eq!(read.state.as_deref(), Some("s"));
    let answer = json!({"success": true, "redirectUrl": "https://x.example/connectors"});
    let call = api.oauth().handle_oauth_callback().code("c/+=").error("e").state("s");
    let read = calls.answered(200, answer, call).await;
    let query = [("code", "c/+="), ("error", "e"), ("state", "s")];
    calls.expect("handle_oauth_callback", "/api/v1/connectors/oauth/callback", &query, None);
    assert_eq!(read.redirect_url.as_deref(), Some("https://x.example/connectors"));
    let body = json!({"tempCode": "c"});
    let answer = json!({"message": "m", "connector": {"_id": "g", "isEnabled": true}});
    let read = calls.answered(201, answer, api.oauth().get_token_from_code(&typed(&body))).await;
    calls.expect("get_token_from_code", "/api/v1/connectors/getTokenFromCode", &[], Some(body));
    assert_eq!(read.connector.unwrap().id.as_deref(), Some("g"));

    // Filters.
    let answer = json!({"success": true, "filterOptions": {"folders": [{"id": "f"}]}});
    let read = calls.answered(200, answer, api.filters().get_filters(ID)).await;
    calls.expect("get_filters", &format!("{connector}/filters"), &[], None);
    assert_eq!(read.filter_options.unwrap()["folders"][0]["id"], "f");
    let body = json!({"filters": {"folders": {"operator": "in", "value": ["f"]}}});
    let read = calls.answered(200, done(), api.filters().save_filters(ID, &typed(&body))).await;
    calls.expect("save_filters", &format!("{connector}/filters"), &[], Some(body));
    assert_eq!(read.message.as_deref(), Some("m"));
    let answer = json!({"success": true, "options": [{"id": "f", "label": "F"}], "page": 1, "limit": 100, "hasMore": true, "cursor": "c=="});
    let (within, without) = (vec!["a/b".to_owned(), "c d".to_owned()], vec!["e".to_owned()]);
    let call = api
        .filters()
        .get_filter_options(ConnectorId::new(ID), FilterKey::new("folders"))
        .context_group_path(within)
        .cursor("c==")
        .exclude_context_group_path(without)
        .limit(100)
        .page(1)
        .search("x");
    let read = calls.answered(200, answer, call).await;
    let query = [
        ("contextGroupPath", "a/b"),
        ("contextGroupPath", "c d"),
        ("cursor", "c=="),
        ("excludeContextGroupPath", "e"),
        ("limit", "100"),
        ("page", "1"),
        ("search", "x"),
    ];
    calls.expect("get_filter_options", &format!("{connector}/filters/folders/options"), &query, None);
    assert_eq!((read.has_more, read.cursor.as_deref()), (Some(true), Some("c==")));

    // Records.
    let read = calls.answered(200, json!({"content": "text"}), api.records().record_content(ID)).await;
    calls.expect("record_content", &format!("/api/v1/connectors/record/{ID_SENT}/content"), &[], None);
    assert_eq!(read.content, "text");
    let answer = json!({
        "current": null, "breadcrumbs": [], "rows": [], "related": [], "pagination": null, "web_url": null,
        "indexing_status": null, "connector": null, "text": "nothing",
    });
    let kinds = vec!["FILE".to_owned(), "MAIL".to_owned()];
    let call = api
        .records()
        .navigate()
        .created_after("2026-01-01")
        .created_before("2026-02-01")
        .depth(2)
        .limit(50)
        .modified_after("2026-03-01")
        .modified_before("2026-04-01")
        .node_id("n/1")
        .node_types(kinds)
        .page(1);
    let read = calls.answered(200, answer, call).await;
    let query = [
        ("createdAfter", "2026-01-01"),
        ("createdBefore", "2026-02-01"),
        ("depth", "2"),
        ("limit", "50"),
        ("modifiedAfter", "2026-03-01"),
        ("modifiedBefore", "2026-04-01"),
        ("nodeId", "n/1"),
        ("nodeTypes", "FILE"),
        ("nodeTypes", "MAIL"),
        ("page", "1"),
    ];
    calls.expect("navigate", "/api/v1/connectors/navigate", &query, None);
    assert_eq!(read.text, "nothing");
    let answer = json!({"matches": [], "ambiguous": false, "not_found_identifiers": ["PA-1"], "text": "none"});
    let identifiers = vec!["PA-1".to_owned(), "https://x.example/?a=b".to_owned()];
    let read = calls
        .answered(200, answer, api.records().lookup_record(&identifiers).connector_name(ConnectorName::Jira))
        .await;
    let query = [("identifiers", "PA-1"), ("identifiers", "https://x.example/?a=b"), ("connectorName", "JIRA")];
    calls.expect("lookup_record", "/api/v1/connectors/record/lookup", &query, None);
    assert_eq!(read.not_found_identifiers, ["PA-1"]);

    let table: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.id()).collect();
    assert_eq!((calls.seen.len(), &calls.seen), (30, &table));
}

/// Each operation is documented with the method to call, and an example.
#[test]
fn the_page_of_the_module_names_each_operation() {
    let page = include_str!("../src/pipeshub/mod.rs");
    for operation in OPERATIONS {
        let method = format!("(api::requests::{}::Api::{})", operation.group(), operation.name());
        assert!(page.contains(&method), "{}", operation.name());
    }
}

#[test]
fn the_table_of_operations_is_the_document_s() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    let nodes = items.flat_map(|item| item.as_object().unwrap().values());
    let documented: BTreeSet<&str> = nodes.filter_map(|node| node["operationId"].as_str()).collect();
    let listed: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.id()).collect();
    assert_eq!((OPERATIONS.len(), listed), (30, documented));
    for operation in OPERATIONS {
        let node = &document["paths"][operation.path()][operation.method().to_lowercase()];
        assert_eq!(node["operationId"], operation.id());
        assert_eq!(operation.is_paged(), node.get("x-paging").is_some(), "{}", operation.name());
        let never_again = [
            "create",
            "toggle",
            "resync",
            "reindex",
            "handle_oauth_callback",
            "get_token_from_code",
            "submit_file_events",
            "upload_file_events",
        ];
        assert_eq!(operation.is_idempotent(), !never_again.contains(&operation.name()), "{}", operation.name());
    }
}

#[test]
fn values_of_enums_are_those_of_the_service() {
    assert_eq!(ConnectorAuthType::from("CONNECTION_STRING"), ConnectorAuthType::ConnectionString);
    assert_eq!(IndexingStatus::AutoIndexOff.as_str(), "AUTO_INDEX_OFF");
    assert_eq!(ConnectorName::from("UNKNOWN"), ConnectorName::Unknown);
    assert_eq!(ConnectorName::from("later"), ConnectorName::Other("later".to_owned()));
}
