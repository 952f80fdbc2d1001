//! The tenant over a real socket.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use super::schema::Document;
use super::{Seed, SyncScript, Tenant};
use crate::tests::wire::{Reply, Wire};
use connectors_mock::{Fault, Gate};

const GITHUB: &str = "/api/v1/apps/app-github/connectors";
const FIRST: &str = "/api/v1/apps/app-github/connectors/github-01";

async fn try_call(tenant: &Tenant, method: &str, path: &str, body: Value) -> io::Result<Reply> {
    let token = tenant.issue_token();
    let headers = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Wire::open(tenant.host()).await.send(method, path, &headers, &body).await
}

async fn call(tenant: &Tenant, method: &str, path: &str, body: Value) -> Reply {
    try_call(tenant, method, path, body).await.expect("an answer")
}

async fn get(tenant: &Tenant, path: &str) -> Value {
    call(tenant, "GET", path, Value::Null).await.json()
}

async fn ok(tenant: &Tenant, method: &str, path: &str, body: Value) -> Value {
    let reply = call(tenant, method, path, body).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    reply.json()
}

async fn post_form(tenant: &Tenant, path: &str, form: &[(&str, &str)]) -> Reply {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let headers = "content-type: application/x-www-form-urlencoded\r\n";
    Wire::open(tenant.host()).await.send("POST", path, headers, &body).await.expect("an answer")
}

async fn token(tenant: &Tenant, form: &[(&str, &str)]) -> Reply {
    post_form(tenant, "/auth/v1/token", form).await
}

/// Requests a token with a valid assertion, after `edit` has changed its header and claims.
async fn assert_with(tenant: &Tenant, edit: impl FnOnce(&mut Value, &mut Value)) -> Reply {
    static NONCE: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let nonce = NONCE.fetch_add(1, Ordering::Relaxed);
    let mut header = json!({"alg": "EdDSA", "nonce": format!("{nonce:032x}")});
    let mut claims = json!({
        "iss": tenant.client_id(), "sub": tenant.client_id(), "aud": ["127.0.0.1"],
        "iat": now, "exp": now + 120, "nbf": now - 120,
    });
    edit(&mut header, &mut claims);
    let part = |value: &Value| BASE64.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let jwk = tenant.client_secret().rsplit(':').next().unwrap_or_default();
    let jwk: Value = serde_json::from_slice(&BASE64.decode(jwk).expect("base64")).expect("a JWK");
    let key = BASE64.decode(jwk["d"].as_str().expect("d")).expect("base64");
    let key = SigningKey::try_from(key.as_slice()).expect("a key");
    let signature = BASE64.encode(key.sign(signed.as_bytes()).to_bytes());
    let assertion = format!("{signed}.{signature}");
    let form = [
        ("client_id", tenant.client_id()),
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
    ];
    token(tenant, &form).await
}

#[tokio::test]
async fn a_right_assertion_gets_a_token_that_works_until_it_expires_or_is_revoked() {
    let tenant = Tenant::start().await.expect("a tenant");
    let reply = assert_with(&tenant, |_, _| {}).await;
    assert_eq!(reply.status, 200);
    let token = reply.json();
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let bearer = format!("authorization: bearer {}\r\n", token["access_token"].as_str().unwrap());
    let mut wire = Wire::open(tenant.host()).await;
    assert_eq!(wire.send("GET", FIRST, &bearer, "").await.unwrap().status, 200);
    tenant.advance(Duration::from_secs(3600));
    let late = wire.send("GET", FIRST, &bearer, "").await.unwrap();
    assert_eq!((late.status, &late.json()["code"]), (401, &json!(16)));

    let bearer = format!("authorization: Bearer {}\r\n", tenant.issue_token());
    tenant.revoke_tokens();
    assert_eq!(wire.send("GET", FIRST, &bearer, "").await.unwrap().status, 401);
    assert_eq!(wire.send("GET", FIRST, "", "").await.unwrap().status, 401);
    let requests = tenant.requests();
    assert_eq!(requests[0].operation.as_deref(), Some("token"));
    assert_eq!(requests[1].operation.as_deref(), Some("c1.api.app.v1.ConnectorService.Get"));
    assert_eq!(requests[1].status, Some(200));
}

#[tokio::test]
async fn wrong_assertions_are_refused() {
    type Edit = fn(&mut Value, &mut Value);
    let tenant = Tenant::start().await.expect("a tenant");
    let wrong: [Edit; 10] = [
        |header, _| header["alg"] = json!("HS256"),
        |header, _| header["nonce"] = json!(""),
        |_, claims| claims["iss"] = json!("somebody else"),
        |_, claims| claims["sub"] = json!("somebody else"),
        |_, claims| claims["aud"] = json!(["example.com"]),
        |_, claims| claims["exp"] = json!(1),
        |_, claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() + 181),
        |_, claims| claims["iat"] = json!(claims["iat"].as_i64().unwrap() + 60),
        |_, claims| claims["nbf"] = json!(claims["iat"].as_i64().unwrap() + 60),
        |_, claims| claims["nbf"] = Value::Null,
    ];
    for edit in wrong {
        let reply = assert_with(&tenant, edit).await;
        let said = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!((reply.status, &reply.json()["error"]), (401, &json!("invalid_client")), "{said}");
    }
    let listless = assert_with(&tenant, |_, claims| claims["aud"] = json!("127.0.0.1")).await;
    assert_eq!(listless.status, 200);
    // The official client for Python does this.
    let claimed = |header: &mut Value, claims: &mut Value| {
        claims["nonce"] = header["nonce"].take();
        claims["aud"] = json!("127.0.0.1");
    };
    assert_eq!(assert_with(&tenant, claimed).await.status, 200);
    let nonce = |header: &mut Value, _: &mut Value| header["nonce"] = json!("once");
    assert_eq!(assert_with(&tenant, nonce).await.status, 200);
    assert_eq!(assert_with(&tenant, nonce).await.status, 401);
    // Signed by another tenant's client with the same name.
    let client_id = tenant.client_id().to_owned();
    let other = Tenant::builder().client_id(client_id).start().await.expect("a tenant");
    let assertion = {
        assert_with(&other, |_, _| {}).await;
        let form = other.requests().remove(0).form();
        form.into_iter().find(|(name, _)| name == "client_assertion").expect("it").1
    };
    let form = [
        ("client_id", tenant.client_id()),
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
    ];
    assert_eq!(token(&tenant, &form).await.status, 401);
}

#[tokio::test]
async fn the_other_grants() {
    let tenant = Tenant::start().await.expect("a tenant");
    let (id, secret) = (tenant.client_id(), tenant.client_secret());
    let secret = [("client_id", id), ("grant_type", "client_credentials"), ("client_secret", secret)];
    assert_eq!(token(&tenant, &secret).await.status, 200);
    assert_eq!(token(&tenant, &secret[..2]).await.json()["error"], "invalid_request");

    let mut exchange = [
        ("client_id", "ci@127.0.0.1/wfe"),
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("subject_token", "a.b.c"),
    ];
    assert_eq!(token(&tenant, &exchange).await.status, 200);
    tenant.accept_subject_token("the-one");
    assert_eq!(token(&tenant, &exchange).await.json()["error"], "invalid_grant");
    exchange[3].1 = "the-one";
    assert_eq!(token(&tenant, &exchange).await.status, 200);

    let start = post_form(&tenant, "/auth/v1/device_authorization", &[("client_id", "cli")]).await;
    let start = start.json();
    let device = [
        ("client_id", "cli"),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", start["device_code"].as_str().unwrap()),
    ];
    tenant.set_device_answers(["authorization_pending", "slow_down"]);
    assert_eq!(token(&tenant, &device).await.json()["error"], "authorization_pending");
    assert_eq!(token(&tenant, &device).await.json()["error"], "slow_down");
    assert_eq!(token(&tenant, &device).await.status, 200);
    assert_eq!(token(&tenant, &device).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn every_operation_of_the_document_is_served() {
    let tenant = Tenant::start().await.expect("a tenant");
    let document = Document::vendored().expect("the document");
    let mut count = 0;
    for operation in document.contract().operations() {
        let segments = operation.segments.iter().map(|segment| segment.as_deref().unwrap_or("something"));
        let path: String = segments.map(|segment| format!("/{segment}")).collect();
        let reply = call(&tenant, &operation.method, &path, json!({})).await;
        assert!([200, 400, 404].contains(&reply.status), "{}: {}", operation.id, reply.status);
        let last = tenant.requests().pop().expect("a request");
        assert_eq!(last.operation.as_ref(), Some(&operation.id));
        count += 1;
    }
    assert_eq!(count, 29);
}

#[tokio::test]
async fn paths_that_are_not_operations() {
    let tenant = Tenant::start().await.expect("a tenant");
    for path in [format!("{GITHUB}/"), format!("{GITHUB}//force_sync")] {
        let reply = call(&tenant, "GET", &path, Value::Null).await;
        assert_eq!(reply.status, 301);
        assert!(reply.head.contains(&format!("location: {GITHUB}\r\n")), "{}", reply.head);
    }
    assert_eq!(call(&tenant, "GET", "/api/v1/nothing", Value::Null).await.json()["code"], 5);
    assert_eq!(call(&tenant, "PATCH", FIRST, Value::Null).await.status, 405);
    let page = call(&tenant, "GET", "/elsewhere", Value::Null).await;
    assert_eq!((page.status, page.head.contains("text/html")), (200, true));
}

#[tokio::test]
async fn pages_follow_each_other_and_unset_fields_are_written() {
    let tenant = Tenant::start().await.expect("a tenant");
    // 3 is below the minimum, so it is 10.
    let first = get(&tenant, &format!("{GITHUB}?page_size=3&unknown=1")).await;
    assert_eq!(first["list"].as_array().unwrap().len(), 10);
    let token = first["nextPageToken"].as_str().unwrap();
    let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    tenant.fault(Fault::repeated_page_token());
    let next = format!("{GITHUB}?page_size=10&page_token={token}");
    assert_eq!(get(&tenant, &next).await["nextPageToken"], first["nextPageToken"]);
    let second = get(&tenant, &next).await;
    assert_eq!(second["list"].as_array().unwrap().len(), 3);
    assert_eq!(second["nextPageToken"], "");
    for wrong in ["page_token=nobody-gave-this", "page_size=many"] {
        let reply = call(&tenant, "GET", &format!("{GITHUB}?{wrong}"), Value::Null).await;
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!(3)));
    }
    let other = format!("/api/v1/apps/app-okta/connectors?page_token={token}");
    assert_eq!(call(&tenant, "GET", &other, Value::Null).await.status, 400);

    let view = &first["list"][0];
    assert_eq!((&view["appPath"], &view["connector"]["downloadUrl"]), (&json!(""), &json!("")));
    assert_eq!(view["connector"]["disableCheckBadSync"], false);
    assert_eq!(view["connector"].get("deletedAt"), Some(&Value::Null));
    assert_eq!(view["connector"]["status"]["lastError"], "");
    let apps = get(&tenant, "/api/v1/apps").await;
    assert_eq!(apps["list"][1]["userCount"], "0");
    // A map is never null.
    assert_eq!(apps["list"][1]["annotations"], json!({}));
    assert_eq!(apps["list"][1]["accessModel"], "APP_ACCESS_MODEL_UNSPECIFIED");
}

#[tokio::test]
async fn configurations_survive_except_secrets_and_deletes_are_soft() {
    let tenant = Tenant::start().await.expect("a tenant");
    let mut config = json!({
        "@type": "type.googleapis.com/c1.api.app.v1.EnvConfig",
        "unknown": {"deep": [1, null]},
        "configuration": {
            "GITHUB_TOKEN": {"stringValue": "secret"},
            "LABELS": {"keyValues": {"items": [{"key": "a", "value": "b", "more": 1}]}},
        },
    });
    let body = json!({"catalogId": "catalog-github", "config": config});
    let created = ok(&tenant, "POST", &format!("{GITHUB}/create"), body).await;
    let created = &created["connectorView"]["connector"];
    let id = created["id"].as_str().unwrap();
    assert_eq!(tenant.connector("app-github", id).unwrap()["config"], config);
    config["configuration"].as_object_mut().unwrap().remove("GITHUB_TOKEN");
    let path = format!("{GITHUB}/{id}");
    assert_eq!(created["config"], config);
    assert_eq!(get(&tenant, &path).await["connectorView"]["connector"]["config"], config);

    ok(&tenant, "DELETE", &path, Value::Null).await;
    let deleted = get(&tenant, &path).await;
    assert!(deleted["connectorView"]["connector"]["deletedAt"].is_string());
    assert_eq!(get(&tenant, GITHUB).await["list"].as_array().unwrap().len(), 13);
    let force = call(&tenant, "POST", &format!("{path}/force_sync"), json!({})).await;
    assert_eq!((force.status, &force.json()["code"]), (404, &json!(5)));
}

async fn status(tenant: &Tenant) -> Value {
    get(tenant, FIRST).await["connectorView"]["connector"]["status"].clone()
}

#[tokio::test]
async fn syncs_move_by_polls() {
    let tenant = Tenant::start().await.expect("a tenant");
    let before = status(&tenant).await;
    ok(&tenant, "POST", &format!("{FIRST}/force_sync"), json!({})).await;
    assert_eq!(status(&tenant).await, before);
    get(&tenant, GITHUB).await;
    assert_eq!(status(&tenant).await["status"], "SYNC_STATUS_RUNNING");
    assert_eq!(status(&tenant).await["status"], "SYNC_STATUS_RUNNING");
    let after = status(&tenant).await;
    assert_eq!(after["status"], "SYNC_STATUS_DONE");
    assert!(after["completedAt"].as_str() > before["completedAt"].as_str());

    tenant.next_sync(SyncScript::error("too much is gone").polls(0, 0));
    tenant.next_sync(SyncScript::status("SYNC_STATUS_REINDEXING").polls(0, 0));
    ok(&tenant, "POST", &format!("{FIRST}/force_sync"), json!({})).await;
    let failed = status(&tenant).await;
    assert_eq!(failed["status"], "SYNC_STATUS_ERROR");
    assert_eq!(failed["lastError"], "too much is gone");
    let sync_id = tenant.sync_ids("app-github", "github-01").pop().unwrap();
    ok(&tenant, "POST", &format!("{FIRST}/confirm_sync_valid/{sync_id}"), json!({})).await;
    assert_eq!(status(&tenant).await["status"], "SYNC_STATUS_REINDEXING");
    let url = get(&tenant, &format!("{FIRST}/syncs/{sync_id}/download_url")).await;
    assert!(url["downloadUrl"].as_str().unwrap().starts_with(tenant.url()));

    ok(&tenant, "POST", &format!("{FIRST}/pause"), json!({})).await;
    ok(&tenant, "POST", &format!("{FIRST}/force_sync"), json!({})).await;
    for _ in 0..5 {
        assert_eq!(status(&tenant).await["status"], "SYNC_STATUS_DISABLED");
    }
    ok(&tenant, "POST", &format!("{FIRST}/resume"), json!({})).await;
    assert_eq!(status(&tenant).await["status"], "SYNC_STATUS_ERROR");
    assert_eq!(status(&tenant).await["status"], "SYNC_STATUS_RUNNING");
}

#[tokio::test]
async fn a_sync_that_is_forced_while_one_runs_follows_it() {
    let tenant = Tenant::start().await.expect("a tenant");
    let path = format!("{FIRST}/force_sync");
    let force = || ok(&tenant, "POST", &path, json!({}));
    tenant.next_sync(SyncScript::error("the first").polls(0, 1));
    tenant.next_sync(SyncScript::default().polls(1, 1));
    force().await;
    let first = status(&tenant).await;
    force().await;
    // At most one sync is queued.
    force().await;
    let ended = status(&tenant).await;
    assert_eq!((&ended["lastError"], &ended["startedAt"]), (&json!("the first"), &first["startedAt"]));
    assert_eq!(status(&tenant).await, ended);
    let second = status(&tenant).await;
    assert_eq!((&second["status"], &second["completedAt"]), (&json!("SYNC_STATUS_RUNNING"), &ended["completedAt"]));
    assert!(second["startedAt"].as_str() > first["startedAt"].as_str());
    let done = status(&tenant).await;
    assert_eq!(done["status"], "SYNC_STATUS_DONE");
    assert_eq!(status(&tenant).await, done);
}

#[tokio::test]
async fn masks_say_what_changes() {
    let tenant = Tenant::start().await.expect("a tenant");
    let connector = json!({"displayName": "New", "description": "New", "config": {"a": 1}});
    let body = |mask: Value| json!({"connector": connector, "updateMask": mask});
    let delegated = format!("{FIRST}/delegated");
    for (path, mask) in [
        (FIRST, json!("")),
        (FIRST, Value::Null),
        (FIRST, json!("displayName")),
        (FIRST, json!("config,status")),
        (delegated.as_str(), json!("config")),
    ] {
        let reply = call(&tenant, "POST", path, body(mask)).await;
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!(3)));
    }
    let missing = call(&tenant, "POST", FIRST, body(json!(""))).await.json();
    assert_eq!(missing["message"], "update_mask is required");
    assert_eq!(missing["details"][0]["fieldViolations"][0]["field"], "update_mask");

    let mut renamed = body(json!("display_name,userIds"));
    renamed["expandMask"] = json!({"paths": ["app_id", "user_ids"]});
    let renamed = ok(&tenant, "POST", &delegated, renamed).await;
    let shown = &renamed["connectorView"]["connector"];
    assert_eq!(shown["displayName"], "New");
    assert_eq!(shown["description"], "An organization on github.com");
    // A field in the mask that the connector does not have is unset.
    assert_eq!(shown["userIds"], Value::Null);
    assert_eq!(renamed["connectorView"]["appPath"], "$.expanded[0]");
    assert_eq!(renamed["connectorView"]["usersPath"], "");
    assert_eq!(renamed["expanded"][0]["@type"], "type.googleapis.com/c1.api.app.v1.App");
    assert_eq!(renamed["expanded"][0]["isManuallyManaged"], false);

    let configured = ok(&tenant, "POST", FIRST, body(json!("config"))).await;
    assert_eq!(configured["connectorView"]["connector"]["config"], json!({"a": 1}));
}

#[tokio::test]
async fn bodies_are_checked_against_the_document() {
    let tenant = Tenant::start().await.expect("a tenant");
    let create = format!("{GITHUB}/create");
    for (path, body, field) in [
        (create.as_str(), json!({"catalogId": 5}), "/catalogId"),
        (create.as_str(), json!({"catalogId": "c", "userIds": [1]}), "/userIds/0"),
        (create.as_str(), json!([]), ""),
        (FIRST, json!({"updateMask": "config", "connector": {"userIds": "x"}}), "/connector/userIds"),
        (FIRST, json!({"connector": {"createdAt": "yesterday"}}), "/connector/createdAt"),
    ] {
        let reply = call(&tenant, "POST", path, body).await;
        assert_eq!(reply.status, 400);
        let problem = reply.json();
        assert_eq!(problem["details"][0]["fieldViolations"][0]["field"], field, "{problem}");
    }
    // Read-only fields are accepted and ignored, and so are unknown values of an open enum.
    let connector = json!({
        "config": null,
        "createdAt": "2020-01-01T00:00:00Z",
        "status": {"status": "SYNC_STATUS_REINDEXING"},
    });
    let body = json!({"connector": connector, "updateMask": "config"});
    let updated = ok(&tenant, "POST", FIRST, body).await;
    assert_ne!(updated["connectorView"]["connector"]["createdAt"], "2020-01-01T00:00:00Z");
    assert_eq!(updated["connectorView"]["connector"]["status"]["status"], "SYNC_STATUS_DONE");
    assert_eq!(call(&tenant, "POST", &create, json!({})).await.status, 400);
}

#[tokio::test]
async fn credentials_show_their_secret_once_and_work_until_revoked() {
    let tenant = Tenant::start().await.expect("a tenant");
    let body = json!({"appId": "app-github", "connectorId": "github-01"});
    let rotated = ok(&tenant, "POST", "/api/v1/apps/connectors/credentials", body).await;
    let credential = &rotated["credential"];
    let text = |name: &str| credential[name].as_str().unwrap_or_default();
    let form = [
        ("client_id", text("clientId")),
        ("grant_type", "client_credentials"),
        ("client_secret", text("clientSecret")),
    ];
    let path = format!("{FIRST}/credentials/{}", text("id"));
    let shown = get(&tenant, &path).await;
    assert_eq!(shown["credential"]["clientSecret"], "");
    assert_eq!(shown["credential"]["lastUsedAt"], Value::Null);
    assert_eq!(token(&tenant, &form).await.status, 200);
    assert!(get(&tenant, &path).await["credential"]["lastUsedAt"].is_string());
    ok(&tenant, "POST", &path, json!({})).await;
    assert_eq!(call(&tenant, "GET", &path, Value::Null).await.status, 404);
    assert_eq!(token(&tenant, &form).await.status, 401);
}

#[tokio::test]
async fn owners_catalog_schedule_and_markers() {
    let tenant = Tenant::start().await.expect("a tenant");
    let owners = "/api/v2/apps/app-github/connectors/github-01/owners";
    let set = json!({
        "roleSlug": "owner",
        "userRefs": [{"id": "user-ada"}, {"id": "user-grace"}],
        "appEntitlementRefs": [{"appId": "app-okta", "id": "admins"}],
    });
    ok(&tenant, "PUT", owners, set).await;
    let users = get(&tenant, &format!("{owners}/users?role_slug=owner")).await;
    assert_eq!(users["list"][1]["user"]["displayName"], "Grace Hopper");
    let ada = format!("{owners}/users/owner/user-ada");
    assert_eq!(call(&tenant, "POST", &ada, json!({})).await.json()["code"], 6);
    ok(&tenant, "DELETE", &ada, Value::Null).await;
    assert_eq!(call(&tenant, "GET", &ada, Value::Null).await.status, 404);
    ok(&tenant, "POST", &ada, json!({"userRef": {"id": "user-ada"}})).await;
    let admins = get(&tenant, &format!("{owners}/entitlements/owner/app-okta/admins")).await;
    assert_eq!(admins["connectorOwnerEntitlement"]["appEntitlement"]["id"], "admins");

    let catalog = json!({"appId": "app-okta", "connectorId": "okta-01"});
    let schema = ok(&tenant, "POST", "/api/v1/connectorcatalog", catalog).await;
    assert_eq!(schema["schema"]["fields"][2]["select"]["items"][1]["value"], "eu");
    let cron = json!({"cron": {"cronSpec": "0 3 * * *", "timezone": "UTC"}});
    ok(&tenant, "POST", &format!("{FIRST}/schedule"), cron).await;
    let connector = tenant.connector("app-github", "github-01").unwrap();
    assert_eq!(connector["connectorSyncCronSchedule"]["cronSpec"], "0 3 * * *");
    let validate = "/api/v1/apps/connectors/validate_config/http";
    let text = json!({"text": "name: x\nnot a pair\n"});
    let markers = ok(&tenant, "POST", validate, text).await;
    assert_eq!(markers["markers"][0]["startLineNumber"], 2);
}

#[tokio::test]
async fn faults_with_a_response() {
    let tenant = Tenant::builder().seed(Seed::demo()).start().await.expect("a tenant");
    tenant.fault(Fault::status(429).header("retry-after", "2").on("ConnectorService.Get").times(2));
    for _ in 0..2 {
        let busy = call(&tenant, "GET", FIRST, Value::Null).await;
        assert_eq!((busy.status, &busy.json()["code"]), (429, &json!(8)));
        assert!(busy.head.contains("retry-after: 2\r\n"));
    }
    let right = get(&tenant, FIRST).await;

    tenant.fault(Fault::token_error("slow_down"));
    assert_eq!(token(&tenant, &[]).await.json()["error"], "slow_down");
    tenant.fault(Fault::oversized(5000));
    let large = call(&tenant, "GET", FIRST, Value::Null).await;
    assert!(large.body.len() > 5000);
    assert_eq!(large.json(), right);
    tenant.fault(Fault::truncated_json());
    let cut = call(&tenant, "GET", FIRST, Value::Null).await;
    assert!(serde_json::from_slice::<Value>(&cut.body).is_err());
    tenant.fault(Fault::html());
    assert!(call(&tenant, "GET", FIRST, Value::Null).await.head.contains("text/html"));
    tenant.fault(Fault::content_type("text/plain").after(1));
    assert!(call(&tenant, "GET", FIRST, Value::Null).await.head.contains("application/json"));
    assert!(call(&tenant, "GET", FIRST, Value::Null).await.head.contains("text/plain"));
    tenant.fault(Fault::no_content());
    let empty = call(&tenant, "DELETE", FIRST, Value::Null).await;
    assert_eq!((empty.status, empty.body.len()), (204, 0));
    assert!(tenant.connector("app-github", "github-01").unwrap()["deletedAt"].is_string());
    assert_eq!(tenant.pending_faults(), 0);
}

#[tokio::test]
async fn faults_of_the_connection() {
    let tenant = Tenant::start().await.expect("a tenant");
    let is_deleted = || {
        let connector = tenant.connector("app-github", "github-01").unwrap();
        connector["deletedAt"].is_string()
    };
    let lost = || async { try_call(&tenant, "DELETE", FIRST, Value::Null).await.err().unwrap().kind() };
    tenant.fault(Fault::close_after_request());
    assert_eq!(lost().await, io::ErrorKind::UnexpectedEof);
    tenant.fault(Fault::reset_after_request());
    assert_eq!(lost().await, io::ErrorKind::ConnectionReset);
    assert!(!is_deleted());
    tenant.fault(Fault::close_after_request().applied());
    assert_eq!(lost().await, io::ErrorKind::UnexpectedEof);
    assert!(is_deleted());
    assert!(tenant.requests().iter().all(|request| request.status.is_none()));
    tenant.fault(Fault::reset_mid_body());
    assert_eq!(lost().await, io::ErrorKind::ConnectionReset);

    tenant.fault(Fault::reset_on_accept());
    tenant.clear_requests();
    assert!(try_call(&tenant, "GET", FIRST, Value::Null).await.is_err());
    assert!(tenant.requests().is_empty());

    let bearer = format!("authorization: Bearer {}\r\n", tenant.issue_token());
    for fault in [Fault::stale_keep_alive(), Fault::close_after_request().on_reused_connection()] {
        tenant.fault(fault);
        let mut wire = Wire::open(tenant.host()).await;
        let first = wire.send("GET", FIRST, &bearer, "").await.unwrap();
        assert_eq!((first.status, first.head.contains("connection: close")), (200, false));
        assert!(wire.send("GET", FIRST, &bearer, "").await.is_err());
        assert_eq!(tenant.pending_faults(), 0);
    }
}

#[tokio::test]
async fn a_gate_holds_a_response_back() {
    let tenant = Tenant::start().await.expect("a tenant");
    let gate = Gate::default();
    tenant.fault(Fault::hold(&gate));
    let (reply, ()) = tokio::join!(call(&tenant, "DELETE", FIRST, Value::Null), async {
        gate.arrived(1).await;
        // It was processed, but the client cannot know that.
        assert!(tenant.connector("app-github", "github-01").unwrap()["deletedAt"].is_string());
        assert_eq!(tenant.requests()[0].status, None);
        gate.open();
    });
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn catalog_entries_and_configuration_keys_that_do_not_exist_are_refused_unless_the_tenant_is_lenient() {
    let config = json!({
        "@type": "type.googleapis.com/c1.api.app.v1.EnvConfig",
        "configuration": {"GITHUB_TOKEN": {"stringValue": "secret"}, "GITHUB_TOKN": {"stringValue": "secret"}},
    });
    let requests = [
        (
            format!("{GITHUB}/create"),
            json!({"catalogId": "catalog-github", "config": config}),
            "config.configuration.GITHUB_TOKN",
        ),
        (format!("{GITHUB}/create"), json!({"catalogId": "catalog-nothing"}), "catalog_id"),
        (GITHUB.to_owned(), json!({"catalogId": "catalog-nothing", "displayName": "x"}), "catalog_id"),
        (
            FIRST.to_owned(),
            json!({"connector": {"config": config}, "updateMask": "config"}),
            "config.configuration.GITHUB_TOKN",
        ),
    ];
    let tenant = Tenant::start().await.expect("a tenant");
    let lenient = Tenant::builder().lenient_config().start().await.expect("a tenant");
    for (path, body, field) in requests {
        let refused = call(&tenant, "POST", &path, body.clone()).await;
        assert_eq!(
            (refused.status, &refused.json()["details"][0]["fieldViolations"][0]["field"]),
            (400, &json!(field))
        );
        ok(&lenient, "POST", &path, body).await;
    }
}

#[tokio::test]
async fn a_sync_that_would_remove_too_much_is_held_back_until_it_is_confirmed() {
    let tenant = Tenant::start().await.expect("a tenant");
    tenant.next_sync(SyncScript::anomalous("412 of 420 accounts would be removed").polls(0, 0));
    ok(&tenant, "POST", &format!("{FIRST}/force_sync"), json!({})).await;
    let held = get(&tenant, FIRST).await["connectorView"]["connector"].clone();
    assert_eq!(held["status"]["status"], "SYNC_STATUS_ERROR");
    assert_eq!(held["status"]["lastError"], "412 of 420 accounts would be removed");
    assert!(held["syncDisabledAt"].is_string() && held["canResumeSync"] == true);
    let sync_id = tenant.sync_ids("app-github", "github-01").pop().unwrap();
    ok(&tenant, "POST", &format!("{FIRST}/confirm_sync_valid/{sync_id}"), json!({})).await;
    let released = get(&tenant, FIRST).await["connectorView"]["connector"].clone();
    assert_eq!(
        (&released["status"]["status"], &released["status"]["lastError"]),
        (&json!("SYNC_STATUS_DONE"), &json!(""))
    );
    assert_eq!(released["syncDisabledAt"], Value::Null);
    // It was released, and is no longer held back.
    let again = call(&tenant, "POST", &format!("{FIRST}/confirm_sync_valid/{sync_id}"), json!({})).await;
    assert_eq!((again.status, &again.json()["code"]), (400, &json!(9)));
}

#[tokio::test]
#[should_panic(expected = "at /connectorView/connector/displayName")]
async fn a_response_that_the_document_does_not_allow_fails_the_test() {
    let tenant = Tenant::start().await.expect("a tenant");
    assert!(tenant.set_connector_field("app-github", "github-01", "/displayName", json!(7)));
    let wrong = call(&tenant, "GET", FIRST, Value::Null).await;
    let told = String::from_utf8_lossy(&wrong.body).into_owned();
    assert_eq!(wrong.status, 500);
    assert!(told.contains("c1.api.app.v1.ConnectorService.Get, status 200") && told.contains("schema"), "{told}");
}

#[tokio::test]
async fn credentials_can_be_chosen_and_are_the_same_after_a_restart() {
    let start = || Tenant::builder().client_id("robot@127.0.0.1/spc").credentials_from("here").start();
    let first = start().await.expect("a tenant");
    let (secret, issued) = (first.client_secret().to_owned(), first.issue_token());
    drop(first);
    let second = start().await.expect("a tenant");
    assert_eq!((second.client_secret(), second.issue_token()), (secret.as_str(), issued));
    let chosen = Tenant::builder().client_secret(&secret).start().await.expect("a tenant");
    assert_eq!(assert_with(&chosen, |_, _| {}).await.status, 200);
    assert_ne!(Tenant::start().await.expect("a tenant").client_secret(), secret);
    for wrong in ["secret", "secret-token:conductorone.com:v1:e30"] {
        let refused = Tenant::builder().client_secret(wrong).start().await.expect_err("no tenant");
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        assert!(!refused.to_string().contains("e30"), "{refused}");
    }
}
