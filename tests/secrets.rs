//! No secret is printed: not by `Debug` or `Display` of any value that a program holds, not by an error, not by a span
//! or event of any crate in the process at the most verbose level.

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use connectors::Paced;
use connectors::auth::Token;
use connectors::c1::{Client, Credentials, DeviceLogin, EnvConfig};
use connectors_fake::{Fault, Request, c1::Tenant};
use futures::TryStreamExt;
use serde_json::json;
use tracing_subscriber::fmt::format::FmtSpan;

/// Everything that was printed.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Printed {
    /// Records everything that any crate traces or logs from now on, in any test.
    fn everything() -> Self {
        static PRINTED: OnceLock<Printed> = OnceLock::new();
        let begin = || {
            let printed = Self::default();
            let (traced, logged) = (printed.clone(), printed.clone());
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_span_events(FmtSpan::FULL)
                .with_writer(move || traced.clone())
                .init();
            support::hear_log(move |line| logged.add(line));
            printed
        };
        PRINTED.get_or_init(begin).clone()
    }

    fn add(&self, text: String) {
        self.0.lock().unwrap().extend_from_slice(text.as_bytes());
    }

    /// An error in every form in which a program may print it.
    fn add_error(&self, error: &connectors::Error) {
        self.add(format!("{error} {error:?} {error:#?} {:?}", std::error::Error::source(error)));
    }

    /// Checks that every crate has printed something, and no secret.
    fn holds_none_of(&self, mut secrets: Vec<String>, template: &str) {
        secrets.sort();
        secrets.dedup();
        let text = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        assert!(text.contains(template), "spans were not printed");
        assert!(text.contains("starting new connection"), "the log of the HTTP client was not printed");
        for secret in secrets {
            assert!(secret.len() > 4, "`{secret}` could be found anywhere");
            if let Some(at) = text.find(&secret) {
                let from = text[..at].rfind('\n').map_or(0, |line| line + 1);
                panic!("`{}...` is printed: {}", &secret[..secret.len().min(12)], &text[from..at]);
            }
        }
    }
}

/// Secrets that were sent over the wire: tokens, assertions, codes. The test sets the kinds.
fn sent(requests: &[Request], kinds: &[&str]) -> Vec<String> {
    let mut secrets = Vec::new();
    let mut found = vec![false; kinds.len()];
    for request in requests {
        let token = request.header("authorization").and_then(|it| it.strip_prefix("Bearer ")).map(str::to_owned);
        let pairs = request.form().into_iter().chain(request.query.clone());
        let named = token.map(|token| ("bearer".to_owned(), token)).into_iter().chain(pairs);
        for (name, value) in named {
            if let Some(kind) = kinds.iter().position(|kind| *kind == name) {
                found[kind] = true;
                secrets.push(value);
            }
        }
    }
    assert!(found.iter().all(|found| *found), "not all of {kinds:?} were sent: the test searches for too little");
    secrets
}

#[tokio::test]
async fn no_secret_of_c1_is_printed() {
    let printed = Printed::everything();
    let tenant = Tenant::start().await.unwrap();
    let mut secrets = vec![tenant.client_secret().to_owned(), "PLANTED".to_owned()];
    let config = || EnvConfig::new().text("GITHUB_ORGANIZATION", "x").secret("GITHUB_TOKEN", "PLANTED-config");
    printed.add(format!("{:?}{:?}", config(), Token::new("PLANTED-token")));

    let builder = || {
        Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret()))
            .header("x-api-key", "PLANTED-header")
            .clock(support::TestClock::new())
    };
    printed.add(format!("{:?}", builder()));
    printed.add(format!("{:?}", Credentials::client(tenant.client_id(), tenant.client_secret())));
    printed.add(format!("{:?}", Credentials::token("PLANTED").tenant("https://user:PLANTED@example.com")));
    let in_body = Client::builder(Credentials::secret_post(tenant.client_id(), tenant.client_secret()));
    printed.add(format!("{in_body:?}"));
    let proxy = connectors::reqwest::Proxy::all("http://user:PLANTED-proxy@127.0.0.1:9").unwrap();
    printed.add(format!("{:?}", builder().http(connectors::reqwest::Client::builder().proxy(proxy))));
    let c1 = builder().build().unwrap();
    printed.add(format!("{c1:?}{:?}", c1.api()));

    // Calls with secrets in both directions.
    let create = c1.app("app-github").create_connector("catalog-github").config(config());
    printed.add(format!("{create:?}"));
    let created = create.await.unwrap();
    printed.add(format!("{created:?}"));
    let connector = created.handle().clone();
    let update = connector.update().config(config());
    printed.add(format!("{update:?}"));
    printed.add(format!("{:?}", update.await.unwrap()));
    let rotated = connector.rotate_credential().await.unwrap();
    printed.add(format!("{rotated:?}"));
    secrets.push(rotated.client_secret.unwrap());
    let sync = connector.force_sync().await.unwrap().poll_every(Duration::ZERO);
    printed.add(format!("{sync:?}{:?}{:?}", sync.state(), sync.clone().wait().await.unwrap()));
    let id = tenant.sync_ids("app-github", connector.get().await.unwrap().id.as_deref().unwrap()).pop().unwrap();
    let link = connector.sync_download_url(id.as_str()).await.unwrap();
    printed.add(format!("{link:?}"));
    secrets.push(link.as_str().to_owned());

    // A device login, and a workload's own token.
    tenant.set_device_answers::<&str>([]);
    let login = DeviceLogin::new("program").tenant(tenant.url());
    printed.add(format!("{login:?}"));
    let login = login.begin().await.unwrap();
    printed.add(format!("{login:?}"));
    printed.add(format!("{:?}", login.wait().await.unwrap()));
    let subject = format!("{0}.{0}.PLANTED-subject", "e30");
    let workload = Credentials::workload_token("w@host/wfe", subject).tenant(tenant.url());
    printed.add(format!("{workload:?}"));
    let workload = Client::builder(workload);
    printed.add(format!("{workload:?}"));
    printed.add(format!("{:?}", workload.build().unwrap().apps().try_collect::<Vec<_>>().await));

    // Failures whose responses, URLs or sources contain secrets.
    let body = json!({"message": "no", "PLANTED-key": "PLANTED-value", "details": []});
    for fault in [
        Fault::status(400).json(&body),
        Fault::status(200).body("{\"app\": {\"id\": \"PLANTED"),
        Fault::status(200).json(&json!({"app": {"id": {"PLANTED": true}}})),
        Fault::status(200).json(&json!({"app": "PLANTED-string"})),
        Fault::html().body("<p>PLANTED</p>"),
        Fault::status(302).header("location", "https://example.com/?token=PLANTED"),
        Fault::reset_after_request().times(4),
    ] {
        tenant.fault(fault.on("Apps.Get"));
        let error = c1.app("app-github").get().await.unwrap_err();
        printed.add_error(&error);
        assert_eq!(tenant.pending_faults(), 0);
    }
    for fault in [
        Fault::status(200).json(&json!({"access_token": "PLANTED\n", "expires_in": 60})),
        Fault::status(200).json(&json!({"access_token": ["PLANTED"]})),
        Fault::status(401).json(&json!({"error": "invalid_client"})),
    ] {
        let fresh = builder().build().unwrap();
        tenant.fault(fault.token_endpoint());
        let error = fresh.app("app-github").get().await.unwrap_err();
        printed.add_error(&error);
        assert_eq!(tenant.pending_faults(), 0);
    }

    let kinds = ["bearer", "client_assertion", "subject_token", "device_code"];
    secrets.extend(sent(&tenant.requests(), &kinds));
    printed.holds_none_of(secrets, "/api/v1/apps/{app_id}/connectors/create");
}

#[cfg(feature = "pipeshub")]
#[tokio::test]
async fn no_secret_of_pipeshub_is_printed() {
    use connectors::auth::{ExposeSecret, SecretString};
    use connectors::pipeshub::types::ConnectorAuthType;
    use connectors::pipeshub::{AuthFields, BrowserLogin, Client, Credentials};
    use connectors::{Connect, Connection};
    use connectors_fake::pipeshub::Instance;

    let printed = Printed::everything();
    let instance = Instance::start().await.unwrap();
    let mut secrets = vec![instance.client_secret().to_owned(), "PLANTED".to_owned()];
    let clock = support::TestClock::new();
    let connection = || Connection::new().header("x-api-key", "PLANTED-header").clock(clock.clone());
    let credentials = || Credentials::client(instance.client_id(), instance.client_secret()).instance(instance.url());
    let with_secret = || Client::builder(credentials()).connection(connection());
    printed.add(format!("{:?}{:?}{:?}", with_secret(), credentials(), Credentials::token("PLANTED-token")));
    let with_password = Credentials::token("t").instance("https://user:PLANTED@example.com");
    printed.add(format!("{with_password:?}"));
    printed.add_error(&Client::connect(with_password, connection()).unwrap_err());
    let ph = with_secret().build().unwrap();
    printed.add(format!("{ph:?}{:?}", ph.api()));

    // Credentials of a connector, in both directions.
    let fields = AuthFields::new().field("bucket", "PLANTED-bucket").field("accessKey", "k");
    let fields = fields.secret("secretKey", "PLANTED-key");
    let create = ph.create("S3", "Reports").auth_type(ConnectorAuthType::AccessKey).auth("bucket", "PLANTED-bucket");
    let create = create.auth("accessKey", "k").secret_auth("secretKey", "PLANTED-key");
    printed.add(format!("{fields:?}{create:?}"));
    let created = create.await.unwrap();
    printed.add(format!("{created:?}"));
    let connector = created.handle();
    let change = connector.set_config().auth(fields.clone());
    printed.add(format!("{change:?}{:?}", change.clone().await.unwrap()));
    printed.add(format!("{:?}", connector.set_auth(fields).await.unwrap()));
    let config = connector.config().await.unwrap();
    assert!(serde_json::to_string(&config).unwrap().contains("PLANTED-key"), "it arrives in clear text");
    printed.add(format!("{config:?}{:?}", connector.get().await.unwrap()));

    // A person authorizes a connector, and logs in.
    let consent = ph.connector("drive-01").authorize(None).await.unwrap();
    printed.add(format!("{consent:?}{:?}", consent.data()));
    let back = instance.authorize(consent.url());
    printed.add(format!("{:?}", consent.finish(&back).await.unwrap()));

    let rotated = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&rotated);
    let app = BrowserLogin::new(instance.client_id(), "http://127.0.0.1:9/done").instance(instance.url());
    let app = app.client_secret(instance.client_secret()).connection(connection());
    let app = app.on_rotate(move |token: SecretString| {
        heard.lock().unwrap().push(token.expose_secret().to_owned());
        std::future::ready(Ok::<_, std::io::Error>(()))
    });
    printed.add(format!("{app:?}"));
    let login = app.begin().unwrap();
    printed.add(format!("{login:?}"));
    let begun = url::Url::parse(login.url()).unwrap();
    secrets.extend(begun.query_pairs().filter(|(name, _)| name == "state").map(|(_, state)| state.into_owned()));
    let back = instance.authorize(login.url());
    let person = login.finish(&back).await.unwrap();
    printed.add(format!("{person:?}{login:?}"));
    person.connector("s3-01").get().await.unwrap();
    clock.advance(Duration::from_secs(3600));
    person.connector("s3-01").get().await.unwrap();
    let kept = rotated.lock().unwrap().clone();
    assert_eq!(kept.len(), 2, "the refresh token was not replaced");
    printed.add(format!("{:?}", Credentials::refresh_token(instance.client_id(), kept[1].as_str())));
    secrets.extend(kept);

    // Files.
    let upload = ph.connector("local-01").upload("batch").bytes("a.txt", "PLANTED-content");
    printed.add(format!("{upload:?}"));
    printed.add(format!("{:?}", upload.await.unwrap()));

    // Failures whose responses, URLs or sources contain secrets, of a call that reads and of one that writes.
    let gateway = json!({"error": {"code": "NO", "message": "no", "metadata": {"sent": "PLANTED-key"}}, "PLANTED": 1});
    let behind = json!({"detail": [{"loc": ["body", "auth"], "msg": "no", "input": {"secretKey": "PLANTED-key"}}]});
    let wrong = json!({"success": true, "connector": {"_key": {"PLANTED": 1}, "connectorId": {"PLANTED": 1}}});
    for (name, fault, resent) in [
        ("401", Fault::status(401).json(&gateway), 2),
        ("422", Fault::status(422).json(&behind), 1),
        ("500", Fault::status(500).json(&gateway), 4),
        ("a body that is cut off", Fault::status(200).body("{\"connector\": {\"_key\": \"PLANTED"), 1),
        ("another type", Fault::status(200).json(&wrong), 1),
        ("HTML", Fault::html().body("<p>PLANTED</p>"), 1),
        ("a redirect", Fault::status(302).header("location", "https://example.com/?token=PLANTED"), 1),
        ("a reset", Fault::reset_after_request(), 4),
    ] {
        // A new token that the server rejects, too, is kept for ten seconds.
        clock.advance(Duration::from_secs(10));
        instance.fault(fault.clone().on("getConnectorInstance").times(resent));
        let error = connector.get().await.unwrap_err();
        assert_eq!(instance.pending_faults(), 0, "{name}: {error:?}");
        printed.add_error(&error);

        // This is retried only after a 401.
        clock.advance(Duration::from_secs(10));
        instance.fault(fault.on("createConnectorInstance").times(if name == "401" { 2 } else { 1 }));
        let create = ph.create("S3", "Again").auth_type(ConnectorAuthType::AccessKey).auth("bucket", "b");
        let create = create.auth("accessKey", "k").secret_auth("secretKey", "PLANTED-key");
        let error = create.await.unwrap_err();
        assert_eq!(instance.pending_faults(), 0, "{name}: {error:?}");
        printed.add_error(&error);
    }
    for fault in [
        Fault::status(200).json(&json!({"access_token": "PLANTED\n", "expires_in": 60})),
        Fault::status(200).json(&json!({"access_token": ["PLANTED"]})),
        Fault::status(400).json(&json!({"error": "invalid_grant", "PLANTED": "PLANTED"})),
        Fault::status(401).json(&json!({"error": "invalid_client"})),
    ] {
        instance.fault(fault.token_endpoint());
        let error = with_secret().build().unwrap().connector("s3-01").get().await.unwrap_err();
        assert_eq!(instance.pending_faults(), 0, "{error:?}");
        printed.add_error(&error);
    }

    let kinds = ["bearer", "client_secret", "code", "code_verifier", "refresh_token", "state"];
    secrets.extend(sent(&instance.requests(), &kinds));
    printed.holds_none_of(secrets, "/connectors/{connectorId}");
}
