//! The control endpoint over a real socket, like in a test in another language, and the other serving options.

use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::c1::Tenant;
use crate::lock;
use crate::pipeshub::Instance;
use crate::tests::wire::{Reply, Wire};
use connectors_mock::{Exchange, Serving};

const CONNECTOR: &str = "/api/v1/apps/app-github/connectors/github-01";

async fn tenant() -> Tenant {
    Tenant::builder().serving(Serving::default().control()).start().await.expect("a tenant")
}

async fn send(host: &str, method: &str, path: &str, headers: &str, body: Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Wire::open(host).await.send(method, path, headers, body).await.expect("an answer")
}

async fn control(host: &str, method: &str, path: &str, body: Value) -> Value {
    let reply = send(host, method, &format!("/_control/{path}"), "", body).await;
    assert_eq!(reply.status, 200, "{method} {path}: {}", String::from_utf8_lossy(&reply.body));
    reply.json()
}

async fn get(tenant: &Tenant, token: &str) -> Reply {
    let headers = format!("authorization: Bearer {token}\r\n");
    send(tenant.host(), "GET", CONNECTOR, &headers, Value::Null).await
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn faults_tokens_time_and_syncs_are_scripted_over_the_wire() {
    let tenant = tenant().await;
    let host = tenant.host();
    let token = text(&control(host, "POST", "tokens", json!({"lifetime_seconds": 60})).await["access_token"]);
    let busy = json!({"status": 429, "headers": {"retry-after": "2"}, "on": "ConnectorService.Get", "times": 2});
    assert_eq!(control(host, "POST", "faults", busy).await["pending"], 1);
    for _ in 0..2 {
        let busy = get(&tenant, &token).await;
        assert_eq!((busy.status, busy.header("retry-after")), (429, Some("2")));
    }
    assert_eq!(get(&tenant, &token).await.status, 200);

    control(host, "POST", "clock", json!({"advance_seconds": 60})).await;
    assert_eq!(get(&tenant, &token).await.status, 401);
    let token = text(&control(host, "POST", "tokens", Value::Null).await["access_token"]);
    assert_eq!(get(&tenant, &token).await.status, 200);
    control(host, "DELETE", "tokens", Value::Null).await;
    assert_eq!(get(&tenant, &token).await.status, 401);

    let script = json!({"anomalous": "too much", "polls_before_start": 0, "polls_while_running": 0});
    assert_eq!(control(host, "POST", "syncs", script).await["scripted"], 1);
    let token = text(&control(host, "POST", "tokens", Value::Null).await["access_token"]);
    let headers = format!("authorization: Bearer {token}\r\n");
    assert_eq!(send(host, "POST", &format!("{CONNECTOR}/force_sync"), &headers, Value::Null).await.status, 200);
    let held = get(&tenant, &token).await.json();
    assert_eq!(held["connectorView"]["connector"]["status"]["lastError"], "too much");
    let known = control(host, "GET", "connectors/app-github/github-01", Value::Null).await;
    assert_eq!(known["syncs"].as_array().map(Vec::len), Some(2));
    // Secrets of its configuration are not shown.
    assert_eq!(known["connector"]["config"]["configuration"]["GITHUB_TOKEN"], "[redacted]");

    let name = json!({"pointer": "/displayName", "value": "Renamed"});
    control(host, "PATCH", "connectors/app-github/github-01", name).await;
    assert_eq!(get(&tenant, &token).await.json()["connectorView"]["connector"]["displayName"], "Renamed");
    control(host, "POST", "reset", Value::Null).await;
    assert_eq!(get(&tenant, &token).await.json()["connectorView"]["connector"]["displayName"], "GitHub 1");
    assert_eq!(control(host, "GET", "mistakes", Value::Null).await, json!([]));
    assert!(control(host, "GET", "document", Value::Null).await["paths"]["/api/v1/apps"].is_object());
}

#[tokio::test]
async fn recorded_requests_can_be_read_without_their_secrets() {
    let tenant = tenant().await;
    let host = tenant.host();
    let form = format!("client_id=x&grant_type=client_credentials&client_secret={}", tenant.client_secret());
    let headers = "content-type: application/x-www-form-urlencoded\r\n";
    Wire::open(host).await.send("POST", "/auth/v1/token", headers, form).await.expect("an answer");
    get(&tenant, "planted-token").await;
    let seen = control(host, "GET", "requests", Value::Null).await;
    // The endpoint's own requests are not among them.
    assert_eq!(seen.as_array().map(Vec::len), Some(2));
    assert_eq!((&seen[0]["operation"], &seen[0]["status"]), (&json!("token"), &json!(401)));
    assert_eq!(seen[0]["body"][2], json!(["client_secret", "[redacted]"]));
    assert!(seen[1]["headers"].to_string().contains("Bearer [redacted]"));
    let shown = seen.to_string();
    assert!(!shown.contains("planted-token") && !shown.contains(tenant.client_secret()), "{shown}");
    control(host, "DELETE", "requests", Value::Null).await;
    assert_eq!(control(host, "GET", "requests", Value::Null).await, json!([]));
}

#[tokio::test]
async fn invalid_control_requests_are_rejected() {
    let tenant = tenant().await;
    for (method, path, body, status) in [
        ("POST", "faults", json!({"staus": 429}), 400),
        ("POST", "faults", json!({"status": 42}), 400),
        ("POST", "faults", json!({"effect": "earthquake"}), 400),
        ("POST", "faults", json!({"status": 429, "headers": {"a b": "c"}}), 400),
        ("POST", "faults", json!([]), 400),
        ("POST", "syncs", json!({"error": 5}), 400),
        ("POST", "clock", json!({"advance_seconds": -1}), 400),
        ("PATCH", "connectors/app-github/nobody", json!({"pointer": "/x", "value": 1}), 400),
        ("POST", "everything", Value::Null, 404),
    ] {
        let reply = send(tenant.host(), method, &format!("/_control/{path}"), "", body).await;
        assert_eq!(reply.status, status, "{method} {path}");
        assert!(reply.json()["error"].is_string());
    }
    // Without the setting there is no endpoint.
    let silent = Tenant::start().await.expect("a tenant");
    assert!(send(silent.host(), "GET", "/_control/state", "", Value::Null).await.head.contains("text/html"));
}

#[tokio::test]
async fn pipeshub_has_its_own_syncs_and_deletions() {
    let instance = Instance::builder().serving(Serving::default().control()).start().await.expect("an instance");
    let host = instance.host();
    let token = control(host, "POST", "tokens", json!({"scopes": "connector:read user:read"})).await;
    let headers = format!("authorization: Bearer {}\r\n", text(&token["access_token"]));
    control(host, "POST", "syncs", json!({"failing": true, "polls_while_syncing": 1})).await;
    control(host, "POST", "deletions", json!({"polls": 0, "fail_next": 1})).await;
    assert_eq!(send(host, "GET", "/api/v1/connectors/s3-01", &headers, Value::Null).await.status, 200);
    assert_eq!(send(host, "DELETE", "/api/v1/connectors/s3-01", &headers, Value::Null).await.status, 403);
    control(host, "PATCH", "connectors/s3-01", json!({"pointer": "/isLocked", "value": true})).await;
    assert_eq!(control(host, "GET", "connectors/s3-01", Value::Null).await["connector"]["isLocked"], true);
    let added = control(host, "POST", "connectors", json!({"type": "S3", "name": "Another"})).await;
    assert!(instance.connector(added["id"].as_str().unwrap()).is_some());
    control(host, "POST", "reset", Value::Null).await;
    assert!(instance.connector(added["id"].as_str().unwrap()).is_none());
}

#[tokio::test]
async fn it_listens_on_ipv6_allows_cors_and_reports_each_exchange_once() {
    let told = Arc::new(Mutex::new(Vec::<Exchange>::new()));
    let log = Arc::clone(&told);
    let serving = Serving::default().address(Ipv6Addr::LOCALHOST).cors().log(move |it| lock(&log).push(it.clone()));
    let tenant = Tenant::builder().serving(serving).start().await.expect("a tenant");
    assert!(tenant.url().starts_with("http://[::1]:"), "{}", tenant.url());
    let headers = "origin: https://page.example\r\naccess-control-request-method: POST\r\naccess-control-request-headers: authorization\r\n";
    let preflight = send(tenant.host(), "OPTIONS", CONNECTOR, headers, Value::Null).await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-headers")), (204, Some("authorization")));
    let path = format!("{CONNECTOR}?code=planted&page_size=1");
    let reply = send(tenant.host(), "GET", &path, "origin: https://page.example\r\n", Value::Null).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (401, Some("https://page.example")));
    let told = lock(&told);
    let [exchange] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((exchange.method.as_str(), exchange.status), ("GET", Some(401)));
    for line in [exchange.to_string(), exchange.to_json().to_string()] {
        assert!(line.contains("ConnectorService.Get") && line.contains("page_size=1"), "{line}");
        assert!(!line.contains("planted"), "{line}");
    }
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn only_clients_with_the_authority_trust_https() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    let identity = crate::Identity::new(["localhost", "127.0.0.1"]).expect("a certificate");
    let authority = CertificateDer::from_pem_slice(identity.authority().as_bytes()).expect("PEM");
    let tenant = Tenant::builder().serving(Serving::default().tls(identity)).start().await.expect("a tenant");
    assert!(tenant.url().starts_with("https://127.0.0.1:"));
    let connect = async |trusted: Option<CertificateDer<'static>>, name: &str| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(trusted);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = tokio::net::TcpStream::connect(tenant.host()).await.unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    };
    for name in ["127.0.0.1", "localhost"] {
        let mut stream = connect(Some(authority.clone()), name).await.expect("trust");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: fake\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        // A server that closes the connection without a notice still ends the response.
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert!(connect(None, "127.0.0.1").await.is_err());
    assert!(connect(Some(authority), "elsewhere.example").await.is_err());
}
