//! Nothing secret is printed: not by `Debug` or `Display` of anything a program holds, not by an error, not by a span or
//! event of any crate in the process at its most talkative.

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connectors::auth::Token;
use connectors::c1::{Client, EnvConfig};
use connectors_fake::{Fault, c1::Tenant};
use futures::TryStreamExt;
use serde_json::json;
use tracing_subscriber::fmt::format::FmtSpan;

/// What was printed, by whomever.
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
    fn add(&mut self, text: String) {
        self.0.lock().unwrap().extend_from_slice(text.as_bytes());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

#[tokio::test]
async fn nothing_that_is_secret_is_printed() {
    let mut printed = Printed::default();
    let writer = printed.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .init();

    let tenant = Tenant::start().await.unwrap();
    let mut secrets = vec![tenant.client_secret().to_owned(), "PLANTED".to_owned()];
    let config = || EnvConfig::new().text("GITHUB_ORGANIZATION", "x").secret("GITHUB_TOKEN", "PLANTED-config");
    printed.add(format!("{:?}{:?}", config(), Token::new("PLANTED-token")));

    let builder = || {
        Client::builder()
            .client_credentials(tenant.client_id(), tenant.client_secret())
            .header("x-api-key", "PLANTED-header")
            .clock(support::TestClock::new())
    };
    printed.add(format!("{:?}", builder()));
    let in_body = Client::builder().client_secret_post(tenant.client_id(), tenant.client_secret());
    printed.add(format!("{in_body:?}"));
    let proxy = reqwest::Proxy::all("http://user:PLANTED-proxy@127.0.0.1:9").unwrap();
    printed.add(format!("{:?}", builder().http(reqwest::Client::builder().proxy(proxy))));
    let c1 = builder().build().unwrap();
    printed.add(format!("{c1:?}{:?}", c1.api()));

    // Work that carries secrets both ways.
    let create = c1.app("app-github").create_connector("catalog-github").config(config());
    printed.add(format!("{create:?}"));
    let created = create.send().await.unwrap();
    printed.add(format!("{created:?}"));
    let connector = c1.connector("app-github", created.id.unwrap());
    let update = connector.update().config(config());
    printed.add(format!("{update:?}"));
    printed.add(format!("{:?}", update.send().await.unwrap()));
    let rotated = connector.rotate_credential().await.unwrap();
    printed.add(format!("{rotated:?}"));
    secrets.push(rotated.client_secret.unwrap());
    let sync = connector.force_sync().await.unwrap().poll_every(Duration::ZERO);
    printed.add(format!("{:?}{:?}", sync, sync.clone().wait().await.unwrap()));
    let id = tenant.sync_ids("app-github", connector.get().await.unwrap().id.as_deref().unwrap()).pop().unwrap();
    let link = connector.sync_download_url(id.as_str()).await.unwrap();
    printed.add(format!("{link:?}"));
    secrets.push(link.as_str().to_owned());

    // A device login, and a workload's own token.
    tenant.set_device_answers::<&str>([]);
    let login = Client::builder().tenant(tenant.url()).device_login("program").await.unwrap();
    printed.add(format!("{login:?}"));
    printed.add(format!("{:?}", login.wait().await.unwrap()));
    let subject = format!("{0}.{0}.PLANTED-subject", "e30");
    let workload = Client::builder().tenant(tenant.url()).workload_token("w@host/wfe", subject);
    printed.add(format!("{workload:?}"));
    printed.add(format!("{:?}", workload.build().unwrap().apps().try_collect::<Vec<_>>().await));

    // Failures whose answers, addresses or causes hold secrets.
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
        printed.add(format!("{error} {error:?} {error:#?} {:?}", std::error::Error::source(&error)));
        tenant.clear_faults();
    }
    for fault in [
        Fault::status(200).json(&json!({"access_token": "PLANTED\n", "expires_in": 60})),
        Fault::status(200).json(&json!({"access_token": ["PLANTED"]})),
        Fault::status(401).json(&json!({"error": "invalid_client"})),
    ] {
        let fresh = builder().build().unwrap();
        tenant.fault(fault.token_endpoint());
        let error = fresh.app("app-github").get().await.unwrap_err();
        printed.add(format!("{error} {error:?}"));
    }

    // What went over the wire and may not come back in print: tokens, assertions, codes.
    for request in tenant.requests() {
        secrets.extend(request.header("authorization").and_then(|it| it.strip_prefix("Bearer ")).map(str::to_owned));
        let form = url::form_urlencoded::parse(&request.body).into_owned();
        let secret = ["client_assertion", "client_secret", "subject_token", "device_code"];
        secrets.extend(form.filter(|(name, _)| secret.contains(&name.as_str())).map(|(_, value)| value));
    }
    secrets.sort();
    secrets.dedup();
    assert!(secrets.len() > 8, "the requests held few secrets: the test looks for too little");

    let text = printed.text();
    assert!(text.contains("/api/v1/apps/{app_id}/connectors/create"), "spans were not printed");
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        if let Some(at) = text.find(secret.as_str()) {
            let from = text[..at].rfind('\n').map_or(0, |line| line + 1);
            panic!("`{}...` is printed: {}", &secret[..secret.len().min(12)], &text[from..at]);
        }
    }
}
