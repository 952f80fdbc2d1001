//! Every operation of the generated client over a socket: method, path, query, headers and body of the request, and
//! reading the response.

use std::collections::BTreeSet;

use connectors::c1::api::OPERATIONS;
use connectors::c1::api::params::*;
use connectors::c1::{Client, Credentials, DOCUMENT, types};
use connectors_fake::c1::{Seed, SyncScript, Tenant};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const APP: &str = "räum 1";
/// The app's id, encoded in a path.
const APP_SENT: &str = "r%C3%A4um%201";
/// An id with characters that would end a path, or be decoded twice.
const ENTITLEMENT: &str = "100% a?b#c+d";
const ENTITLEMENT_SENT: &str = "100%25%20a%3Fb%23c+d";

/// A body of the generated type.
fn typed<T: DeserializeOwned>(body: &Value) -> T {
    serde_json::from_value(body.clone()).unwrap()
}

struct Calls {
    tenant: Tenant,
    seen: BTreeSet<String>,
}

impl Calls {
    /// Checks the last request.
    fn expect(&mut self, method: &str, path: &str, query: &[(&str, &str)], body: Option<Value>) {
        let requests = self.tenant.requests();
        let request = requests.last().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), (method, path));
        let sent: Vec<(&str, &str)> =
            request.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(sent, query, "{path}");
        assert!(request.header("authorization").is_some_and(|value| value.starts_with("Bearer ")), "{path}");
        assert_eq!(request.header("accept"), Some("application/json"), "{path}");
        assert!(request.header("user-agent").is_some_and(|value| value.starts_with("connectors/")), "{path}");
        assert_eq!(request.header("api-version"), None, "{path}");
        assert_eq!(request.header("content-type"), body.as_ref().map(|_| "application/json"), "{path}");
        match &body {
            Some(body) => assert_eq!(request.json().as_ref(), Some(body), "{path}"),
            None => assert!(request.body.is_empty(), "{path}"),
        }
        assert_eq!(request.status, Some(200), "{path}");
        assert!(self.seen.insert(request.operation.clone().unwrap()), "{path} was called twice");
    }
}

#[tokio::test]
async fn all_operations_are_sent_as_documented_and_their_responses_read() {
    let mut seed = Seed::demo()
        .app(json!({"id": APP, "displayName": "Räume"}))
        .connector(APP, json!({"id": "c 1", "catalogId": "catalog-github", "displayName": "One"}));
    // Enough for a second page.
    for _ in 0..10 {
        seed = seed.connector(APP, json!({"catalogId": "catalog-okta"}));
    }
    let tenant = Tenant::builder().seed(seed).start().await.unwrap();
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build().unwrap();
    let api = c1.api();
    let (app_id, id) = (AppId::new(APP), ConnectorId::new("c 1"));
    let ids = || (app_id.clone(), id.clone());
    let mut calls = Calls { tenant, seen: BTreeSet::new() };
    let connectors = format!("/api/v1/apps/{APP_SENT}/connectors");
    let connector = format!("{connectors}/c%201");
    let empty = || Some(json!({}));

    // Apps and lists.
    let page = api.apps().list_apps().page_size(25).await.unwrap();
    calls.expect("GET", "/api/v1/apps", &[("page_size", "25")], None);
    assert!(page.list.unwrap().iter().any(|app| app.id.as_deref() == Some(APP)));
    let app = api.apps().get_app(APP).await.unwrap().app.unwrap();
    calls.expect("GET", &format!("/api/v1/apps/{APP_SENT}"), &[], None);
    assert_eq!(app.display_name.as_deref(), Some("Räume"));
    let token = api.connectors().list(APP).page_size(10).await.unwrap().next_page_token.unwrap();
    assert!(token.contains('+') && token.contains('/'), "{token} has to be percent-encoded");
    let page = api.connectors().list(APP).page_size(10).page_token(&token).await.unwrap();
    calls.expect("GET", &connectors, &[("page_size", "10"), ("page_token", &token)], None);
    assert_eq!(page.list.unwrap().len(), 1);

    // The catalog.
    let body = json!({"appId": APP, "catalogId": "catalog-github"});
    let schema = api.catalog().configuration_schema(&typed(&body)).await.unwrap().schema.unwrap();
    calls.expect("POST", "/api/v1/connectorcatalog", &[], Some(body));
    assert!(schema.fields.unwrap().iter().any(|field| field.name.as_deref() == Some("GITHUB_TOKEN")));
    let body = json!({"text": "base_url: https://example.com"});
    let markers = api.connectors().validate_http_config(&typed(&body)).await.unwrap().markers.unwrap();
    calls.expect("POST", "/api/v1/apps/connectors/validate_config/http", &[], Some(body));
    assert!(markers.is_empty());

    // The lifecycle of a connector.
    let body = json!({
        "catalogId": "catalog-github",
        "config": {"@type": "type.googleapis.com/c1.api.app.v1.EnvConfig", "configuration": {"GITHUB_ORGANIZATION": {"stringValue": "x"}}},
        "description": "d",
        "userIds": ["user-ada"],
        "expandMask": {"paths": ["*"]},
    });
    let created = api.connectors().create(APP, &typed(&body)).await.unwrap();
    calls.expect("POST", &format!("{connectors}/create"), &[], Some(body));
    assert!(created.expanded.is_some_and(|expanded| !expanded.is_empty()));
    let body = json!({"catalogId": "catalog-okta", "displayName": "Two"});
    let delegated = api.connectors().create_delegated(APP, &typed(&body)).await.unwrap();
    calls.expect("POST", &connectors, &[], Some(body));
    let two = delegated.connector_view.unwrap().connector.unwrap().id.unwrap();
    let read = api.connectors().get(ids().0, ids().1).await.unwrap().connector_view.unwrap().connector.unwrap();
    calls.expect("GET", &connector, &[], None);
    assert_eq!(read.id.as_deref(), Some("c 1"));
    let body =
        json!({"connector": {"appId": APP, "id": "c 1", "config": {"@type": "t", "k": 1}}, "updateMask": "config"});
    let view = api.connectors().update(ids().0, ids().1, &typed(&body)).await.unwrap().connector_view.unwrap();
    calls.expect("POST", &connector, &[], Some(body));
    assert_eq!(view.connector.unwrap().config.unwrap().extra["k"], 1);
    let body = json!({"connector": {"displayName": "Uno"}, "updateMask": "displayName"});
    let view = api
        .connectors()
        .update_delegated(ConnectorAppId::new(APP), ids().1, &typed(&body))
        .await
        .unwrap()
        .connector_view
        .unwrap();
    calls.expect("POST", &format!("{connector}/delegated"), &[], Some(body));
    assert_eq!(view.connector.unwrap().display_name.as_deref(), Some("Uno"));

    // Syncs.
    calls.tenant.next_sync(SyncScript::error("it dropped too much"));
    api.connectors().force_sync(ids().0, ids().1, &types::ForceSyncRequest::default()).await.unwrap();
    calls.expect("POST", &format!("{connector}/force_sync"), &[], empty());
    // The fake's syncs advance when the connector is read.
    for _ in 0..5 {
        c1.app(APP).connector("c 1").get().await.unwrap();
    }
    let sync = calls.tenant.sync_ids(APP, "c 1").pop().unwrap();
    let sync_sent = sync.replace(' ', "%20");
    let answer = api.connectors().get_sync_download_url(ids().0, ids().1, SyncId::new(&*sync)).await.unwrap();
    calls.expect("GET", &format!("{connector}/syncs/{sync_sent}/download_url"), &[], None);
    assert!(answer.download_url.is_some_and(|url| !url.is_empty()));
    api.connectors()
        .confirm_sync_valid(ids().0, ids().1, SyncLifecycleId::new(&*sync), &Default::default())
        .await
        .unwrap();
    calls.expect("POST", &format!("{connector}/confirm_sync_valid/{sync_sent}"), &[], empty());
    api.connectors().pause_sync(ids().0, ids().1, &types::PauseSyncRequest::default()).await.unwrap();
    calls.expect("POST", &format!("{connector}/pause"), &[], empty());
    api.connectors().resume_sync(ids().0, ids().1, &types::ResumeSyncRequest::default()).await.unwrap();
    calls.expect("POST", &format!("{connector}/resume"), &[], empty());
    let body = json!({"cron": {"cronSpec": "0 3 * * *", "timezone": "Europe/Berlin"}});
    api.connectors().update_schedule(ids().0, ids().1, &typed(&body)).await.unwrap();
    calls.expect("POST", &format!("{connector}/schedule"), &[], Some(body));

    // Credentials.
    let body = json!({"appId": APP, "connectorId": "c 1"});
    let credential = api.connectors().rotate_credential(&typed(&body)).await.unwrap().credential.unwrap();
    calls.expect("POST", "/api/v1/apps/connectors/credentials", &[], Some(body));
    assert!(credential.client_secret.is_some_and(|secret| secret.starts_with("secret-token:")));
    let credential_id = credential.id.unwrap();
    let key = || CredentialId::new(&*credential_id);
    let read = api.connectors().get_credentials(ids().0, ids().1, key()).await.unwrap().credential.unwrap();
    calls.expect("GET", &format!("{connector}/credentials/{credential_id}"), &[], None);
    assert!(read.client_secret.is_none_or(|secret| secret.is_empty()));
    api.connectors().revoke_credential(ids().0, ids().1, key(), &Default::default()).await.unwrap();
    calls.expect("POST", &format!("{connector}/credentials/{credential_id}"), &[], empty());

    // Owners.
    let (owner, grace) = (|| RoleSlug::new("owner"), || UserRefId::new("user-grace"));
    let (okta, entitled) = (|| AppEntitlementRefAppId::new("app-okta"), || AppEntitlementRefId::new(ENTITLEMENT));
    let owners = format!("/api/v2/apps/{APP_SENT}/connectors/c%201/owners");
    let body = json!({"roleSlug": "owner", "userRefs": [{"id": "user-ada"}]});
    api.owners().set_owners(ids().0, ids().1, &typed(&body)).await.unwrap();
    calls.expect("PUT", &owners, &[], Some(body));
    let page = api.owners().search_user_owners(ids().0, ids().1).page_size(10).role_slug("owner").await.unwrap();
    calls.expect("GET", &format!("{owners}/users"), &[("page_size", "10"), ("role_slug", "owner")], None);
    assert_eq!(page.list.unwrap().len(), 1);
    api.owners().create_user_owner(ids().0, ids().1, owner(), grace(), &Default::default()).await.unwrap();
    calls.expect("POST", &format!("{owners}/users/owner/user-grace"), &[], empty());
    let read_owner =
        api.owners().get_user_owner(ids().0, ids().1, owner(), grace()).await.unwrap().connector_owner_user.unwrap();
    calls.expect("GET", &format!("{owners}/users/owner/user-grace"), &[], None);
    assert_eq!(read_owner.user.unwrap().id.as_deref(), Some("user-grace"));
    api.owners().delete_user_owner(ids().0, ids().1, owner(), grace(), &Default::default()).await.unwrap();
    calls.expect("DELETE", &format!("{owners}/users/owner/user-grace"), &[], empty());
    let entitlement = format!("{owners}/entitlements/owner/app-okta/{ENTITLEMENT_SENT}");
    let body = json!({"appEntitlementRef": {"appId": "app-okta", "id": ENTITLEMENT}});
    api.owners().create_entitlement_owner(ids().0, ids().1, owner(), okta(), entitled(), &typed(&body)).await.unwrap();
    calls.expect("POST", &entitlement, &[], Some(body));
    let read = api.owners().get_entitlement_owner(ids().0, ids().1, owner(), okta(), entitled()).await.unwrap();
    calls.expect("GET", &entitlement, &[], None);
    let read_owner = read.connector_owner_entitlement.unwrap();
    assert_eq!(read_owner.app_entitlement.unwrap().id.as_deref(), Some(ENTITLEMENT));
    let page = api.owners().search_entitlement_owners(ids().0, ids().1).page_token("").await.unwrap();
    calls.expect("GET", &format!("{owners}/entitlements"), &[("page_token", "")], None);
    assert_eq!(page.list.unwrap().len(), 1);
    let request = types::DeleteConnectorEntitlementOwnerRequest::default();
    api.owners().delete_entitlement_owner(ids().0, ids().1, owner(), okta(), entitled(), &request).await.unwrap();
    calls.expect("DELETE", &entitlement, &[], empty());

    api.connectors()
        .delete(ids().0, ConnectorId::new(&*two), &types::ConnectorServiceDeleteRequest::default())
        .await
        .unwrap();
    calls.expect("DELETE", &format!("{connectors}/{two}"), &[], empty());

    let table: BTreeSet<String> = OPERATIONS.iter().map(|operation| operation.id().to_owned()).collect();
    assert_eq!((calls.seen.len(), &calls.seen), (29, &table));
}

/// Each operation is documented with the method to call, and an example.
#[test]
fn the_page_of_the_module_names_each_operation() {
    let page = include_str!("../src/c1/mod.rs");
    for operation in OPERATIONS {
        assert!(
            page.contains(&format!("(api::requests::{}::Api::{})", operation.group(), operation.name())),
            "{}",
            operation.name()
        );
    }
}

#[test]
fn the_table_of_operations_is_the_document_s() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    let nodes = items.flat_map(|item| item.as_object().unwrap().values());
    let documented: BTreeSet<&str> = nodes.filter_map(|node| node["operationId"].as_str()).collect();
    let listed: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.id()).collect();
    assert_eq!((OPERATIONS.len(), listed), (29, documented));
    for operation in OPERATIONS {
        let node = &document["paths"][operation.path()][operation.method().to_lowercase()];
        assert_eq!(node["operationId"], operation.id());
        assert_eq!(
            format!("{:?}", operation.success()) == "Page",
            node.get("x-paging").is_some(),
            "{}",
            operation.name()
        );
        let never_again = ["create", "create_delegated", "rotate_credential", "force_sync", "create_user_owner"];
        assert!(!(operation.is_idempotent() && never_again.contains(&operation.name())));
    }
}

/// A function with many calls contains all their futures, and a thread has 2 MB of stack.
#[tokio::test]
async fn the_future_of_a_call_is_small() {
    let c1 = Client::builder(Credentials::token("t").tenant("acme")).build().unwrap();
    let api = c1.api();
    let get = || api.connectors().get(AppId::new("a"), ConnectorId::new("b"));
    let app = c1.app("a");
    for size in [
        size_of_val(&get()),
        size_of_val(&get().into_future()),
        size_of_val(&api.apps().get_app("a").into_future()),
        size_of_val(&app.create_connector("c").into_future()),
    ] {
        assert!(size < 1024, "{size} bytes");
    }
}

#[tokio::test]
async fn an_operation_is_called_by_its_id_with_json_in_and_out() {
    let tenant = Tenant::start().await.unwrap();
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build().unwrap();
    assert_eq!(c1.server(), tenant.url());
    let ids = |name: &str, id: &str| c1.operation(name).unwrap().parameter("app_id", "app-github").parameter("id", id);
    for name in ["c1.api.app.v1.ConnectorService.Get", "connectors.get"] {
        let response = ids(name, "github-01").send().await.unwrap();
        assert_eq!(response.value()["connectorView"]["connector"]["id"], "github-01");
    }
    // Parameters that are not in the path are sent in the query, with special characters percent-encoded.
    let list = c1.operation("connectors.list").unwrap().parameter("app_id", "app-github").parameter("page_size", "10");
    assert_eq!(list.send().await.unwrap().value()["list"].as_array().unwrap().len(), 10);
    let odd = c1.operation("apps.list_apps").unwrap().parameter("a&b", "c=d e").send().await;
    assert!(odd.is_ok());
    assert_eq!(tenant.requests().last().unwrap().query, [("a&b".to_owned(), "c=d e".to_owned())]);
    let body = json!({"connector": {"displayName": "New"}, "updateMask": "displayName"});
    let rename = c1.operation("connectors.update_delegated").unwrap();
    let rename = rename.parameter("connector_app_id", "app-github").parameter("connector_id", "github-01").body(&body);
    assert_eq!(rename.send().await.unwrap().value()["connectorView"]["connector"]["displayName"], "New");

    // Errors are the same as for every call. A parameter that cannot be sent is an error.
    assert!(ids("connectors.get", "none").send().await.unwrap_err().is_not_found());
    assert!(c1.operation("connectors.nothing").unwrap_err().is_invalid_argument());
    tenant.clear_requests();
    for id in ["", "..", "a/b", "create"] {
        let name = if id == "create" { "connectors.update" } else { "connectors.get" };
        assert!(ids(name, id).send().await.unwrap_err().is_invalid_argument(), "{id:?}");
    }
    assert!(ids("connectors.get", "a\\b").send().await.unwrap_err().is_not_found());
    assert!(tenant.requests().iter().any(|request| request.path.ends_with("/connectors/a%5Cb")));
    tenant.clear_requests();
    let missing = c1.operation("connectors.get").unwrap().parameter("id", "github-01").send().await.unwrap_err();
    assert!(missing.is_invalid_argument() && missing.message().contains("`app_id`"), "{missing}");
    assert_eq!(tenant.requests().len(), 0);
}

#[tokio::test]
async fn the_longest_time_of_a_lost_creation_can_be_set() {
    let tenant = Tenant::start().await.unwrap();
    let credentials = Credentials::client(tenant.client_id(), tenant.client_secret());
    let c1 = Client::builder(credentials).clock(tenant.clock()).build().unwrap();
    let app = c1.app("app-github");
    let before = app.snapshot().await.unwrap();
    for (seconds, lists) in [(0, 1), (12, 4), (30, 7)] {
        tenant.clear_requests();
        let create = app.create_connector("catalog-github").in_flight(std::time::Duration::from_secs(seconds));
        assert!(create.find(&before).await.unwrap().is_none());
        let listed = tenant.requests().iter().filter(|it| it.path.ends_with("/connectors")).count();
        assert_eq!(listed, lists, "{seconds}");
    }
}
