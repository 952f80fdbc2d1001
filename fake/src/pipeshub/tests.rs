//! The instance over a real socket.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::routes::ROUTES;
use super::text::with_query;
use super::{Instance, Seed, SyncScript};
use crate::tests::wire::{Reply, Wire};
use connectors_mock::{Fault, Gate};

mod files;
mod server;

const LIST: &str = "/api/v1/connectors";
const FIRST: &str = "/api/v1/connectors/s3-01";
const SECOND: &str = "/api/v1/connectors/s3-02";
const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}

async fn try_call(instance: &Instance, method: &str, path: &str, body: Value) -> io::Result<Reply> {
    let headers = format!("{}content-type: application/json\r\n", bearer(&instance.issue_token()));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Wire::open(instance.host()).await.send(method, path, &headers, body).await
}

async fn call(instance: &Instance, method: &str, path: &str, body: Value) -> Reply {
    try_call(instance, method, path, body).await.expect("an answer")
}

async fn get(instance: &Instance, path: &str) -> Value {
    call(instance, "GET", path, Value::Null).await.json()
}

async fn ok(instance: &Instance, method: &str, path: &str, body: Value) -> Value {
    let reply = call(instance, method, path, body).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    reply.json()
}

/// The status and the code of an error.
async fn refused(instance: &Instance, method: &str, path: &str, body: Value) -> (u16, String) {
    let reply = call(instance, method, path, body).await;
    let code = reply.json()["error"]["code"].as_str().expect("an error").to_owned();
    (reply.status, code)
}

fn error(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

async fn with_token(instance: &Instance, headers: &str) -> (u16, String) {
    let reply = Wire::open(instance.host()).await.send("GET", FIRST, headers, "").await.expect("an answer");
    let code = reply.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
    (reply.status, code)
}

async fn token_with(instance: &Instance, headers: &str, form: &[(&str, &str)]) -> Reply {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let headers = format!("{headers}content-type: application/x-www-form-urlencoded\r\n");
    let sent = Wire::open(instance.host()).await.send("POST", "/api/v1/oauth2/token", &headers, body).await;
    sent.expect("an answer")
}

async fn token(instance: &Instance, form: &[(&str, &str)]) -> Reply {
    token_with(instance, "", form).await
}

/// A parameter of a URL's query.
fn parameter(address: &str, name: &str) -> String {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).map_or_else(String::new, |(_, value)| value.into_owned())
}

fn keys(items: &Value) -> Vec<String> {
    let items = items.as_array().expect("a list").iter();
    items.map(|item| item["_key"].as_str().expect("a key").to_owned()).collect()
}

#[tokio::test]
async fn tokens_are_checked_exactly() {
    let instance = Instance::start().await.expect("an instance");
    let token = instance.issue_token();
    assert_eq!(with_token(&instance, &bearer(&token)).await.0, 200);
    assert_eq!(with_token(&instance, "").await, error(401, "HTTP_UNAUTHORIZED"));
    let lower = format!("authorization: bearer {token}\r\n");
    assert_eq!(with_token(&instance, &lower).await, error(401, "HTTP_UNAUTHORIZED"));
    assert_eq!(with_token(&instance, &bearer("nobody-s")).await, error(401, "OAUTH_INVALID_TOKEN"));

    instance.set_token_lifetime(Duration::from_secs(60));
    let short = instance.issue_token();
    instance.advance(Duration::from_secs(60));
    assert_eq!(with_token(&instance, &bearer(&short)).await, error(401, "OAUTH_EXPIRED_TOKEN"));
    assert_eq!(with_token(&instance, &bearer(&token)).await.0, 200);
    let personal = instance.personal_access_token();
    assert!(personal.starts_with("phpat_"));
    instance.advance(Duration::from_secs(1_000_000));
    assert_eq!(with_token(&instance, &bearer(&personal)).await.0, 200);
    instance.revoke_tokens();
    assert_eq!(with_token(&instance, &bearer(&personal)).await, error(401, "OAUTH_INVALID_TOKEN"));

    let reader = instance.issue_token_with("connector:read kb:read");
    assert_eq!(with_token(&instance, &bearer(&reader)).await.0, 200);
    let mut wire = Wire::open(instance.host()).await;
    for (method, path) in [("DELETE", FIRST.to_owned()), ("POST", format!("{FIRST}/toggle")), ("POST", LIST.to_owned())]
    {
        let reply = wire.send(method, &path, &bearer(&reader), "").await.unwrap();
        assert_eq!((reply.status, &reply.json()["error"]["code"]), (403, &json!("HTTP_FORBIDDEN")));
    }
}

#[tokio::test]
async fn client_credentials() {
    let instance = Instance::start().await.expect("an instance");
    let (id, secret) = (instance.client_id(), instance.client_secret());
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let granted = token(&instance, &form).await;
    assert_eq!((granted.status, granted.header("cache-control")), (200, Some("no-store")));
    let granted = granted.json();
    assert_eq!((&granted["token_type"], &granted["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert!(granted["scope"].as_str().unwrap().contains("connector:read"));
    assert_eq!(granted.get("refresh_token"), None);
    let access = granted["access_token"].as_str().unwrap();
    assert_eq!(with_token(&instance, &bearer(access)).await.0, 200);

    let mut scoped = form.to_vec();
    scoped.push(("scope", "kb:read offline_access"));
    let scoped = token(&instance, &scoped).await.json();
    assert_eq!((&scoped["scope"], scoped.get("refresh_token")), (&json!("kb:read offline_access"), None));
    let access = scoped["access_token"].as_str().unwrap();
    assert_eq!(with_token(&instance, &bearer(access)).await, error(403, "HTTP_FORBIDDEN"));

    let basic = format!("authorization: Basic {}\r\n", BASE64_STANDARD.encode(format!("{id}:{secret}")));
    assert_eq!(token_with(&instance, &basic, &form[..1]).await.status, 200);
    for (form, status, code) in [
        (vec![form[0], form[1], ("client_secret", "wrong")], 401, "invalid_client"),
        (vec![form[0], ("client_id", "somebody"), form[2]], 401, "invalid_client"),
        (vec![form[0], form[1]], 401, "invalid_client"),
        (vec![form[0], form[1], form[2], ("scope", "org:admin")], 400, "invalid_scope"),
        (vec![("grant_type", "password"), form[1], form[2]], 400, "unsupported_grant_type"),
        (vec![form[1], form[2]], 400, "invalid_request"),
    ] {
        let reply = token(&instance, &form).await;
        let said = reply.json();
        assert_eq!((reply.status, &said["error"]), (status, &json!(code)), "{said}");
        assert!(said["error_description"].is_string());
    }
    instance.fault(Fault::token_error("temporarily_unavailable"));
    assert_eq!(token(&instance, &form).await.json()["error"], "temporarily_unavailable");
    assert_eq!(instance.requests()[0].operation.as_deref(), Some("token"));
}

/// An authorization URL of the instance.
fn authorization_url(instance: &Instance, scope: &str) -> String {
    let challenge = BASE64.encode(Sha256::digest(VERIFIER));
    let pairs = [
        ("response_type", "code"),
        ("client_id", instance.client_id()),
        ("redirect_uri", "http://127.0.0.1:9/callback"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("state", "a state"),
        ("scope", scope),
    ];
    with_query(&format!("{}/api/v1/oauth2/authorize", instance.url()), &pairs)
}

#[tokio::test]
async fn codes_are_redeemed_once_and_refresh_tokens_rotate() {
    let instance = Instance::start().await.expect("an instance");
    let url = authorization_url(&instance, "connector:read offline_access");
    let path = url.strip_prefix(instance.url()).unwrap();
    let page = Wire::open(instance.host()).await.send("GET", path, "", "").await.expect("an answer");
    assert_eq!(page.status, 302);
    let location = page.header("location").unwrap().to_owned();
    assert!(location.starts_with("http://127.0.0.1:9/callback?code="), "{location}");
    assert_eq!(parameter(&location, "state"), "a state");

    let id = instance.client_id();
    let redeem = async |code: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", id),
            ("code", code),
            ("code_verifier", verifier),
            ("redirect_uri", "http://127.0.0.1:9/callback"),
        ];
        token(&instance, &form).await
    };
    let code = parameter(&location, "code");
    let granted = redeem(&code, VERIFIER).await;
    assert_eq!(granted.status, 200);
    let granted = granted.json();
    let access = granted["access_token"].as_str().unwrap();
    assert_eq!(with_token(&instance, &bearer(access)).await.0, 200);
    assert_eq!(redeem(&code, VERIFIER).await.json()["error"], "invalid_grant");
    let other = parameter(&instance.authorize(&url), "code");
    let wrong = "another-verifier-of-forty-three-characters-or-so";
    assert_eq!(redeem(&other, wrong).await.json()["error"], "invalid_grant");

    let refresh = async |token_value: &str| {
        let form = [("grant_type", "refresh_token"), ("client_id", id), ("refresh_token", token_value)];
        token(&instance, &form).await
    };
    let first = granted["refresh_token"].as_str().unwrap();
    let second = refresh(first).await.json();
    assert_eq!(second["scope"], "connector:read offline_access");
    assert_ne!(second["refresh_token"], granted["refresh_token"]);
    assert_eq!(refresh(first).await.json()["error"], "invalid_grant");
    assert_eq!(refresh(second["refresh_token"].as_str().unwrap()).await.status, 200);

    let online = instance.authorize(&authorization_url(&instance, "connector:read"));
    let online = redeem(&parameter(&online, "code"), VERIFIER).await.json();
    assert_eq!(online.get("refresh_token"), None);
    let refused = instance.authorize(&authorization_url(&instance, "everything"));
    assert_eq!(parameter(&refused, "error"), "invalid_scope");
    let stays = format!("{}/api/v1/oauth2/authorize?client_id=somebody", instance.url());
    assert_eq!(instance.authorize(&stays), stays);
}

#[tokio::test]
async fn every_operation_is_served() {
    let instance = Instance::start().await.expect("an instance");
    for route in ROUTES {
        let path = route.path.replace('{', "some-").replace('}', "");
        let reply = call(&instance, route.method, &format!("/api/v1{path}"), json!({})).await;
        // The server returns 500 for the statistics of an unknown connector.
        assert!([200, 400, 404, 422, 500].contains(&reply.status), "{}: {}", route.operation, reply.status);
        let last = instance.requests().pop().expect("a request");
        assert_eq!(last.operation.as_deref(), Some(route.operation));
    }
    assert_eq!(ROUTES.len(), 30);
    // The gateway serves its web application where the API has no route.
    for (method, path, status) in [("GET", "/api/v1/nothing", 200), ("PATCH", FIRST, 404)] {
        let page = call(&instance, method, path, Value::Null).await;
        assert_eq!((page.status, page.head.contains("text/html")), (status, true), "{method} {path}");
    }
    let odd = "/api/v1/connectors/a%2Fb";
    assert_eq!(refused(&instance, "GET", odd, Value::Null).await, error(400, "VALIDATION_ERROR"));
    // Express ignores a trailing slash, so an empty id is a list.
    assert!(get(&instance, &format!("{LIST}/")).await["connectors"].is_array());
    assert!(call(&instance, "GET", "/elsewhere", Value::Null).await.head.contains("text/html"));
}

#[tokio::test]
async fn the_registry_lists_the_fields_to_send() {
    let instance = Instance::start().await.expect("an instance");
    let types = get(&instance, "/api/v1/connectors/registry").await;
    let names: Vec<&str> =
        types["connectors"].as_array().unwrap().iter().filter_map(|one| one["type"].as_str()).collect();
    assert_eq!(names, ["S3", "Confluence"]);
    assert_eq!((&types["pagination"]["totalCount"], types["pagination"].get("search")), (&json!(2), None));
    assert_eq!(types["registryCountsByScope"], json!({"team": 2, "personal": 3}));
    let first = &types["connectors"][0];
    assert_eq!((&first["scope"], first.get("options"), first.get("config")), (&json!("team"), None, None));
    let personal = get(&instance, "/api/v1/connectors/registry?scope=personal&search=google").await;
    assert_eq!(personal["connectors"][0]["type"], "Drive");

    let schema = get(&instance, "/api/v1/connectors/registry/Local%20FS/schema").await;
    assert_eq!(schema["schema"]["auth"]["supportedAuthTypes"], json!(["NONE"]));
    let schema = get(&instance, "/api/v1/connectors/registry/S3/schema").await;
    for part in ["auth", "sync", "filters"] {
        assert!(schema["schema"][part].is_object());
    }
    let lower = "/api/v1/connectors/registry/s3/schema";
    assert_eq!(refused(&instance, "GET", lower, Value::Null).await, error(404, "HTTP_NOT_FOUND"));
}

#[tokio::test]
async fn listings_are_of_one_scope_and_paged_by_number() {
    let instance = Instance::start().await.expect("an instance");
    let first = get(&instance, &format!("{LIST}?limit=10")).await;
    assert_eq!(keys(&first["connectors"]).len(), 10);
    let pagination = &first["pagination"];
    assert_eq!((&pagination["totalCount"], &pagination["totalPages"]), (&json!(14), &json!(2)));
    assert_eq!((&pagination["hasNext"], &pagination["nextPage"]), (&json!(true), &json!(2)));
    assert_eq!((&pagination["hasPrev"], &pagination["prevPage"]), (&json!(false), &Value::Null));
    let second = get(&instance, &format!("{LIST}?limit=10&page=2")).await;
    assert_eq!(keys(&second["connectors"]).len(), 4);
    assert_eq!(second["pagination"]["hasNext"], false);
    assert!(get(&instance, &format!("{LIST}?page=9")).await["connectors"].as_array().unwrap().is_empty());

    let personal = get(&instance, &format!("{LIST}?scope=personal")).await;
    assert_eq!(keys(&personal["connectors"]), ["local-01"]);
    let item = &personal["connectors"][0];
    assert_eq!((item.get("config"), item["createdAtTimestamp"].is_i64()), (None, true));
    assert_eq!((personal.get("scopeCounts"), item["supportedAuthTypes"].is_array()), (None, true));
    let count = async |query: &str| {
        let listed = get(&instance, &format!("{LIST}?{query}")).await;
        listed["pagination"]["totalCount"].as_u64().expect("a count")
    };
    assert_eq!(count("isActive=true").await, 1);
    assert_eq!(count("isAuthenticated=false").await, 1);
    assert_eq!(count("connectorType=S3&isActive=false").await, 12);
    assert_eq!(count("connectorType=s3").await, 0);
    assert_eq!(count("search=company").await, 1);
    for wrong in ["limit=201", "limit=0", "page=0", "scope=everybody", "isActive=1", "connectorType="] {
        let path = format!("{LIST}?{wrong}");
        assert_eq!(refused(&instance, "GET", &path, Value::Null).await, error(400, "VALIDATION_ERROR"), "{wrong}");
    }
    let active = get(&instance, &format!("{LIST}/active")).await;
    assert_eq!(keys(&active["connectors"]), ["s3-01", "local-01"]);
    assert_eq!(active.get("pagination"), None);
    assert_eq!(keys(&get(&instance, &format!("{LIST}/inactive")).await["connectors"]).len(), 13);
}

#[tokio::test]
async fn a_create_accepts_all_fields_and_returns_a_summary() {
    let instance = Instance::builder().seed(Seed::empty()).start().await.expect("an instance");
    let auth = json!({"accessKey": "a", "secretKey": "s", "bucket": "b"});
    let body = |auth: Value| {
        let config = json!({"auth": auth});
        json!({"connectorType": "S3", "instanceName": "Mine", "scope": "team", "config": config})
    };
    let nested =
        json!({"connectorType": "S3", "instanceName": "Nested", "scope": "team", "config": {"auth": {"values": auth}}});
    ok(&instance, "POST", LIST, nested).await;
    for (kind, name, scope) in [("Local FS", "x", "team"), ("Drive", "x", "team"), ("S3", " ", "team")] {
        let wrong = json!({"connectorType": kind, "instanceName": name, "scope": scope});
        assert_eq!(refused(&instance, "POST", LIST, wrong).await.0, 400, "{kind} {name:?}");
    }
    for field in ["connectorType", "instanceName", "scope"] {
        let mut without = body(auth.clone());
        without[field] = Value::Null;
        assert_eq!(refused(&instance, "POST", LIST, without).await, error(400, "VALIDATION_ERROR"));
    }
    let mut lower = body(auth.clone());
    lower["connectorType"] = json!("s3");
    assert_eq!(refused(&instance, "POST", LIST, lower).await, error(404, "HTTP_NOT_FOUND"));

    let created = ok(&instance, "POST", LIST, body(auth.clone())).await;
    let id = created["connector"]["connectorId"].as_str().unwrap();
    let expected = json!({
        "connectorId": id,
        "connectorType": "S3",
        "instanceName": "Mine",
        "created": true,
        "scope": "team",
        "createdBy": "fake-user",
        "isAuthenticated": false,
        "isConfigured": true,
    });
    assert_eq!(created["connector"], expected);
    assert_eq!(instance.connector(id).unwrap()["config"]["auth"]["secretKey"], "s");
    assert_eq!(refused(&instance, "POST", LIST, body(auth)).await, error(400, "HTTP_BAD_REQUEST"));

    let path = format!("{LIST}/{id}");
    let shown = get(&instance, &path).await["connector"].clone();
    assert_eq!((&shown["_key"], &shown["name"], &shown["type"]), (&json!(id), &json!("Mine"), &json!("S3")));
    assert_eq!((&shown["status"], &shown["isLocked"]), (&Value::Null, &json!(false)));
    // The schema of its type, and no secrets.
    assert!(shown["config"]["auth"]["schemas"]["ACCESS_KEY"]["fields"].is_array());
    assert!(!shown["config"].to_string().contains("\"b\""));
    ok(&instance, "POST", &format!("{path}/toggle"), json!({"type": "sync"})).await;
    assert_eq!(get(&instance, &path).await["connector"]["isAuthenticated"], true);
    for absent in ["connectorId", "orgId", "syncEnabled", "lastSyncAt", "createdAt"] {
        assert_eq!(shown.get(absent), None);
    }
    let renamed = ok(&instance, "PUT", &format!("{path}/name"), json!({"instanceName": "Ours"})).await;
    assert_eq!(renamed, json!({"success": true, "connector": {"_key": id, "name": "Ours"}}));
    let again = refused(&instance, "PUT", &format!("{path}/name"), json!({"instanceName": "Ours"})).await;
    assert_eq!(again, error(400, "HTTP_BAD_REQUEST"));
    let missing = format!("{LIST}/nobody");
    assert_eq!(refused(&instance, "GET", &missing, Value::Null).await, error(404, "HTTP_NOT_FOUND"));
}

#[tokio::test]
async fn configurations_change_while_a_connector_is_inactive() {
    let instance = Instance::start().await.expect("an instance");
    let config = get(&instance, &format!("{FIRST}/config")).await["config"].clone();
    assert_eq!((&config["connector_id"], &config["name"]), (&json!("s3-01"), &json!("Archive 1")));
    assert_eq!(config["config"]["auth"]["secretKey"], "fake-secret-key");
    assert_eq!((config.get("_key"), config.get("status")), (None, None));
    let auth = json!({"auth": {"accessKey": "new", "secretKey": "newer"}});
    for (path, body) in [
        ("config", auth.clone()),
        ("config/auth", auth.clone()),
        ("config/filters-sync", json!({"sync": {"selectedStrategy": "MANUAL"}})),
    ] {
        let path = format!("{FIRST}/{path}");
        assert_eq!(refused(&instance, "PUT", &path, body).await, error(400, "HTTP_BAD_REQUEST"));
    }
    let saved = ok(&instance, "PUT", &format!("{SECOND}/config/auth"), auth).await;
    assert_eq!(saved["config"]["auth"]["accessKey"], "new");
    assert_eq!(saved["config"].get("credentials"), Some(&Value::Null));
    let filters =
        json!({"filters": {"sync": {"values": {"buckets": {"operator": "in", "value": ["logs"], "type": "list"}}}}});
    let path = format!("{SECOND}/config/filters-sync");
    assert_eq!(ok(&instance, "PUT", &path, filters.clone()).await["syncFiltersChanged"], true);
    assert_eq!(ok(&instance, "PUT", &path, filters).await["syncFiltersChanged"], false);
    assert_eq!(ok(&instance, "PUT", &path, json!({})).await["syncFiltersChanged"], false);
    ok(&instance, "PUT", &format!("{SECOND}/config"), json!({})).await;
    let stored = instance.connector("s3-02").unwrap();
    assert_eq!(stored["config"]["auth"]["secretKey"], "newer");
    assert_eq!(stored["config"]["auth"]["bucket"], "archive", "other fields stay");
    assert_eq!(stored["config"]["filters"]["sync"]["values"]["buckets"]["operator"], "in");
}

async fn status(instance: &Instance, path: &str) -> Value {
    get(instance, path).await["connector"]["status"].clone()
}

async fn indexed(instance: &Instance, path: &str) -> (Value, Value, Value) {
    let stats = get(instance, &format!("{path}/stats")).await["data"]["stats"].clone();
    let states = &stats["indexingStatus"];
    (stats["total"].clone(), states["COMPLETED"].clone(), states["FAILED"].clone())
}

#[tokio::test]
async fn toggles_flip_and_syncs_move_by_polls() {
    let instance = Instance::start().await.expect("an instance");
    let toggle = format!("{SECOND}/toggle");
    let answer = ok(&instance, "POST", &toggle, json!({"type": "sync"})).await;
    assert_eq!((answer["success"] == true, answer["message"].is_string(), answer.get("connector")), (true, true, None));
    assert_eq!(indexed(&instance, SECOND).await, (json!(0), json!(0), json!(0)));
    for expected in ["SYNCING", "SYNCING", "IDLE", "IDLE"] {
        assert_eq!(status(&instance, SECOND).await, expected);
        get(&instance, LIST).await;
    }
    for completed in [0, 6, 12, 12] {
        assert_eq!(indexed(&instance, SECOND).await, (json!(12), json!(completed), json!(0)));
    }
    // A second toggle switches it off.
    ok(&instance, "POST", &toggle, json!({"type": "sync"})).await;
    assert_eq!(instance.connector("s3-02").unwrap()["isActive"], false);

    instance.next_sync(SyncScript::default().polls(1, 1).indexing(0).records(5, 2));
    ok(&instance, "POST", &toggle, json!({"type": "sync", "fullSync": true})).await;
    for expected in ["IDLE", "FULL_SYNCING", "IDLE"] {
        assert_eq!(status(&instance, SECOND).await, expected);
    }
    assert_eq!(indexed(&instance, SECOND).await, (json!(5), json!(3), json!(2)));
    // A failed sync ends with the same status as a successful one, but without records.
    instance.next_sync(SyncScript::failing().polls(0, 1));
    ok(&instance, "POST", &format!("{SECOND}/resync"), json!({"connectorName": "s3"})).await;
    for expected in ["SYNCING", "IDLE"] {
        assert_eq!(status(&instance, SECOND).await, expected);
    }
    assert_eq!(indexed(&instance, SECOND).await, (json!(5), json!(3), json!(2)));
    let again = ok(&instance, "POST", &format!("{SECOND}/reindex"), json!({})).await;
    assert_eq!((&again["connector"], &again["eventPublished"]), (&json!("s3"), &json!(true)));
    assert_eq!(indexed(&instance, SECOND).await, (json!(5), json!(3), json!(0)));
    assert_eq!(indexed(&instance, SECOND).await.1, 4);
    assert_eq!(indexed(&instance, SECOND).await.1, 5);

    instance.next_sync(SyncScript::status("PAUSED_FOR_A_REASON").polls(0, 0));
    let resync = format!("{SECOND}/resync");
    let started = ok(&instance, "POST", &resync, json!({"connectorName": "s3"})).await;
    assert_eq!(started, json!({"resyncConnectorResponse": {"success": true}}));
    assert_eq!(status(&instance, SECOND).await, "PAUSED_FOR_A_REASON");
}

#[tokio::test]
async fn not_everything_can_be_switched_on_or_synced() {
    let instance = Instance::start().await.expect("an instance");
    let bare = json!({"connectorType": "Confluence", "instanceName": "Wiki", "scope": "team"});
    let bare = ok(&instance, "POST", LIST, bare).await["connector"].clone();
    // Only the response contains this.
    assert_eq!(bare["isConfigured"], false);
    let bare = format!("{LIST}/{}", bare["connectorId"].as_str().unwrap());
    assert_eq!(get(&instance, &bare).await["connector"]["isConfigured"], true);
    ok(&instance, "POST", &format!("{bare}/toggle"), json!({"type": "sync"})).await;
    for (id, kind, code) in [
        ("drive-01", "sync", "HTTP_BAD_REQUEST"),
        ("s3-02", "agent", "HTTP_BAD_REQUEST"),
        ("s3-02", "both", "VALIDATION_ERROR"),
    ] {
        let path = format!("{LIST}/{id}/toggle");
        assert_eq!(refused(&instance, "POST", &path, json!({"type": kind})).await, error(400, code));
    }
    let resync = format!("{SECOND}/resync");
    let bad = error(400, "HTTP_BAD_REQUEST");
    assert_eq!(refused(&instance, "POST", &resync, json!({"connectorName": "s3"})).await, bad);
    assert_eq!(refused(&instance, "POST", &format!("{SECOND}/reindex"), json!({})).await, bad);
    let nobody = format!("{LIST}/nobody/resync");
    assert_eq!(refused(&instance, "POST", &nobody, json!({"connectorName": "s3"})).await, bad);
    let resync = format!("{FIRST}/resync");
    assert_eq!(refused(&instance, "POST", &resync, json!({})).await, error(400, "VALIDATION_ERROR"));
    // The server ignores an unknown name without an error.
    let deaf = ok(&instance, "POST", &resync, json!({"connectorName": "S3"})).await;
    assert_eq!(deaf["resyncConnectorResponse"]["success"], true);
    assert_eq!(status(&instance, FIRST).await, "IDLE");
    let local = ok(&instance, "POST", &format!("{LIST}/local-01/resync"), json!({"connectorName": "localfs"})).await;
    assert_eq!(local["resyncConnectorResponse"]["dispatch"], "client_managed");
    ok(&instance, "POST", &resync, json!({"connectorName": "s3", "fullSync": true})).await;
    assert_eq!(status(&instance, FIRST).await, "FULL_SYNCING");
    // Another one cancels it, and runs while the status is idle.
    ok(&instance, "POST", &resync, json!({"connectorName": "s3"})).await;
    for total in [0, 1, 2, 12] {
        assert_eq!(indexed(&instance, FIRST).await.0, total);
        assert_eq!(status(&instance, FIRST).await, "IDLE");
    }
    assert!(instance.set("s3-01", "/isLocked", json!(true)));
    let locked = refused(&instance, "POST", &resync, json!({"connectorName": "s3"})).await;
    assert_eq!(locked, error(409, "HTTP_CONFLICT"));
}

#[tokio::test]
async fn deleting_takes_a_while() {
    let instance = Instance::start().await.expect("an instance");
    let reply = call(&instance, "DELETE", FIRST, Value::Null).await;
    assert_eq!(reply.status, 202);
    let body = reply.json();
    assert_eq!((&body["connectorId"], &body["status"]), (&json!("s3-01"), &json!("DELETING")));
    let conflict = error(409, "HTTP_CONFLICT");
    assert_eq!(refused(&instance, "DELETE", FIRST, Value::Null).await, conflict);
    ok(&instance, "POST", &format!("{FIRST}/toggle"), json!({"type": "sync"})).await;
    ok(&instance, "PUT", &format!("{FIRST}/name"), json!({"instanceName": "Going"})).await;
    assert_eq!(status(&instance, FIRST).await, "DELETING");
    assert_eq!(status(&instance, FIRST).await, "DELETING");
    assert_eq!(refused(&instance, "GET", FIRST, Value::Null).await, error(404, "HTTP_NOT_FOUND"));
    assert_eq!(instance.connector("s3-01"), None);

    assert!(instance.set("s3-02", "/isLocked", json!(true)));
    assert_eq!(refused(&instance, "DELETE", SECOND, Value::Null).await, conflict);
    // After a failed deletion the connector is as active as before.
    instance.set_deletion_polls(1);
    instance.fail_next_deletion();
    let third = format!("{LIST}/s3-03");
    ok(&instance, "POST", &format!("{third}/toggle"), json!({"type": "sync"})).await;
    assert_eq!(call(&instance, "DELETE", &third, Value::Null).await.status, 202);
    assert_eq!(status(&instance, &third).await, "DELETING");
    let back = get(&instance, &third).await["connector"].clone();
    assert_eq!((&back["status"], &back["isActive"]), (&Value::Null, &json!(true)));
    instance.set_deletion_polls(0);
    let id = instance.seed_connector(json!({"type": "S3", "name": "Short"}));
    let path = format!("{LIST}/{id}");
    assert_eq!(call(&instance, "DELETE", &path, Value::Null).await.status, 202);
    assert_eq!(call(&instance, "GET", &path, Value::Null).await.status, 404);
}

#[tokio::test]
async fn connectors_log_in_through_a_browser() {
    let instance = Instance::start().await.expect("an instance");
    let path = format!("{LIST}/drive-01/oauth/authorize?baseUrl=http://127.0.0.1:9/");
    let start = get(&instance, &path).await;
    let url = start["authorizationUrl"].as_str().unwrap();
    assert!(url.starts_with(instance.url()));
    assert_eq!(parameter(url, "state"), start["state"].as_str().unwrap());
    let location = instance.authorize(url);
    assert!(location.starts_with("http://127.0.0.1:9/connectors/oauth/callback/Drive?code="), "{location}");

    let query = location.split_once('?').unwrap().1;
    let callback = format!("{LIST}/oauth/callback?{query}");
    let without = Wire::open(instance.host()).await.send("GET", &callback, "", "").await.expect("an answer");
    assert_eq!(without.status, 401);
    let done = get(&instance, &callback).await;
    assert_eq!((&done["success"], done["redirectUrl"].is_string()), (&json!(true), true));
    assert_eq!(instance.connector("drive-01").unwrap()["isAuthenticated"], true);
    let again = get(&instance, &callback).await;
    assert_eq!((&again["success"], &again["error"]), (&json!(false), &json!("invalid_state")));
    assert!(again["errorMessage"].is_string());
    assert_eq!(again["redirectUrl"], "/connectors?oauth_error=invalid_state");
    let denied = format!("{LIST}/oauth/callback?error=access_denied&state=x");
    assert_eq!(refused(&instance, "GET", &denied, Value::Null).await, error(400, "VALIDATION_ERROR"));
    let denied = get(&instance, &format!("{denied}&code=c")).await;
    assert_eq!((&denied["error"], denied.get("errorMessage")), (&json!("access_denied"), None));
    let s3 = format!("{FIRST}/oauth/authorize");
    assert_eq!(refused(&instance, "GET", &s3, Value::Null).await, error(400, "HTTP_BAD_REQUEST"));
    // New credentials revoke the authorization.
    let auth = json!({"auth": {"clientId": "c", "clientSecret": "s"}});
    let path = format!("{LIST}/drive-01/config/auth");
    assert_eq!(refused(&instance, "PUT", &path, auth).await, error(409, "HTTP_CONFLICT"));
    let app = get(&instance, &format!("{LIST}/drive-01/config")).await["config"]["config"]["auth"].clone();
    assert_eq!(app.get("clientSecret"), None);
    let app = app["oauthConfigId"].as_str().unwrap().to_owned();
    let auth = json!({"auth": {"clientId": "c", "clientSecret": "s", "oauthConfigId": app}});
    ok(&instance, "PUT", &format!("{LIST}/drive-01/config/auth"), auth).await;
    assert_eq!(instance.connector("drive-01").unwrap()["isAuthenticated"], false);
    let token = ok(&instance, "POST", &format!("{LIST}/getTokenFromCode"), json!({"tempCode": "x"})).await;
    assert_eq!(token["connector"]["isEnabled"], true);
}

#[tokio::test]
async fn filters_and_their_options() {
    let instance = Instance::start().await.expect("an instance");
    let path = format!("{LIST}/drive-01/filters");
    for path in [path.as_str(), &format!("{FIRST}/filters")] {
        assert_eq!(refused(&instance, "GET", path, Value::Null).await, error(400, "HTTP_BAD_REQUEST"), "{path}");
    }
    assert!(instance.set("drive-01", "/isAuthenticated", json!(true)));
    let options = get(&instance, &path).await["filterOptions"]["folders"].clone();
    assert_eq!(options[0], json!({"id": "folder-1", "label": "Contracts"}));
    ok(&instance, "POST", &path, json!({"filters": {"sync": {"values": {}}}})).await;
    assert!(instance.connector("drive-01").unwrap()["config"]["filters"]["values"]["sync"].is_object());
    assert_eq!(refused(&instance, "POST", &path, json!({})).await, error(400, "VALIDATION_ERROR"));

    let labels = async |query: &str| {
        let page = get(&instance, &format!("{path}/folders/options?{query}")).await;
        let options = page["options"].as_array().expect("options").iter();
        let labels: Vec<String> = options.map(|one| one["label"].as_str().expect("a label").to_owned()).collect();
        (labels.join(" "), page["hasMore"].clone(), page["cursor"].as_str().unwrap_or_default().to_owned())
    };
    let (first, more, cursor) = labels("limit=2").await;
    assert_eq!((first.as_str(), &more), ("Contracts Drafts", &json!(true)));
    let (second, _, cursor) = labels(&format!("limit=2&cursor={cursor}")).await;
    assert_eq!(second, "Invoices Letters");
    let (third, more, _) = labels(&format!("limit=2&cursor={cursor}")).await;
    assert_eq!((third.as_str(), &more), ("Plans", &json!(false)));
    assert_eq!(labels("limit=2&page=2").await.0, "Invoices Letters");
    assert_eq!(labels("search=dra").await.0, "Drafts");
    assert_eq!(labels("contextGroupPath=legal/drafts&contextGroupPath=finance").await.0, "Drafts Invoices Plans");
    assert_eq!(labels("contextGroupPath=legal&excludeContextGroupPath=legal/drafts").await.0, "Contracts Letters");
    for (query, code) in [("limit=101", "VALIDATION_ERROR"), ("cursor=x", "HTTP_BAD_REQUEST")] {
        let path = format!("{path}/folders/options?{query}");
        assert_eq!(refused(&instance, "GET", &path, Value::Null).await, error(400, code));
    }
    let unknown = format!("{path}/nothing/options");
    assert_eq!(refused(&instance, "GET", &unknown, Value::Null).await, error(404, "HTTP_NOT_FOUND"));
}

#[tokio::test]
async fn records_are_read_and_found() {
    let instance = Instance::start().await.expect("an instance");
    let content = format!("{LIST}/record/record-plan/content");
    assert!(get(&instance, &content).await["content"].as_str().unwrap().starts_with("Record: Plan"));
    let missing = get(&instance, &format!("{LIST}/record/nobody/content")).await;
    assert_eq!(missing["content"], "No record found");
    instance.set_record_content("record-plan", "application/pdf", b"%PDF".as_slice());
    let pdf = call(&instance, "GET", &content, Value::Null).await;
    assert_eq!((pdf.header("content-type"), pdf.body.as_slice()), (Some("application/pdf"), b"%PDF".as_slice()));

    let navigate = format!("{LIST}/navigate");
    let all = get(&instance, &navigate).await;
    assert_eq!((&all["current"], &all["pagination"]["total"]), (&Value::Null, &json!(2)));
    assert_eq!(all["rows"][0]["has_children"], true);
    let below = get(&instance, &format!("{navigate}?nodeId=PA-1787")).await;
    assert_eq!((&below["current"]["id"], &below["rows"][0]["id"]), (&json!("record-plan"), &json!("record-note")));
    let nothing = get(&instance, &format!("{navigate}?nodeId=nobody")).await;
    assert_eq!((&nothing["current"], &nothing["rows"]), (&Value::Null, &json!([])));
    let few = format!("{navigate}?limit=10");
    assert_eq!(refused(&instance, "GET", &few, Value::Null).await, error(400, "VALIDATION_ERROR"));

    instance.seed_record(json!({"id": "record-twin", "externalId": "PA-1787"}));
    let lookup = format!("{LIST}/record/lookup");
    let found = get(&instance, &format!("{lookup}?identifiers=PA-1787&identifiers=nobody")).await;
    assert_eq!((found["matches"].as_array().unwrap().len(), &found["ambiguous"]), (2, &json!(true)));
    assert_eq!(found["not_found_identifiers"], json!(["nobody"]));
    let eleven = "identifiers=x&".repeat(11);
    for query in ["", "identifiers=", eleven.as_str()] {
        let path = format!("{lookup}?{query}");
        assert_eq!(refused(&instance, "GET", &path, Value::Null).await, error(400, "VALIDATION_ERROR"));
    }
}

#[tokio::test]
async fn faults_have_the_service_s_error_format() {
    let instance = Instance::start().await.expect("an instance");
    instance.fault(Fault::status(429).header("retry-after", "2").on("getConnectorInstance"));
    instance.fault(Fault::status(429));
    let busy = call(&instance, "GET", FIRST, Value::Null).await;
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("2")));
    let busy = busy.json();
    assert_eq!((&busy["error"]["code"], &busy["error"]["retryAfter"]), (&json!("HTTP_TOO_MANY_REQUESTS"), &json!(2)));
    let busy = call(&instance, "GET", FIRST, Value::Null).await.json();
    assert_eq!(busy["error"].get("retryAfter"), Some(&Value::Null));

    instance.fault(Fault::close_after_request().applied().on("toggleConnector"));
    let toggle = format!("{FIRST}/toggle");
    assert!(try_call(&instance, "POST", &toggle, json!({"type": "sync"})).await.is_err());
    assert_eq!(instance.connector("s3-01").unwrap()["isActive"], false);
    assert_eq!(instance.pending_faults(), 0);
}

#[tokio::test]
async fn a_gate_holds_a_response_back() {
    let instance = Instance::start().await.expect("an instance");
    let gate = Gate::default();
    instance.fault(Fault::hold(&gate).on("deleteConnectorInstance"));
    let (reply, ()) = tokio::join!(call(&instance, "DELETE", FIRST, Value::Null), async {
        gate.arrived(1).await;
        assert_eq!(instance.connector("s3-01").unwrap()["status"], "DELETING");
        gate.open();
    });
    assert_eq!(reply.status, 202);
}
