//! Every way to get a token, and what the token endpoint receives: secrets in the body, and a person with a browser.

#[path = "support/spans.rs"]
mod spans;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use connectors::auth::{Token, TokenProvider};
use connectors::c1::{Client, Credentials, DeviceGrant, DeviceLogin};
use connectors::{Connection, Error};
use connectors_fake::c1::Tenant;
use connectors_fake::{Fault, Identity, Serving};
use futures::TryStreamExt;
use serde_json::json;

use spans::Spans;
use support::{APP, CONNECTOR, Seconds, TestClock};

#[tokio::test]
async fn a_client_secret_can_be_sent_in_the_body() {
    support::print_everything();
    let tenant = Tenant::start().await.unwrap();
    let builder = Client::builder(Credentials::secret_post(tenant.client_id(), tenant.client_secret()));
    assert!(!format!("{builder:?}").contains(tenant.client_secret()));
    let c1 = builder.build().unwrap();
    c1.apps().try_next().await.unwrap();
    let form = tenant.requests()[0].form();
    let expected = [
        ("grant_type", "client_credentials"),
        ("client_id", tenant.client_id()),
        ("client_secret", tenant.client_secret()),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

    let wrong = Client::builder(Credentials::secret_post(tenant.client_id(), "PLANTED")).build().unwrap();
    let error = wrong.apps().try_next().await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("invalid_client"), "{error:?}");
    assert!(!format!("{error} {error:?} {wrong:?}").contains("PLANTED"));
    assert!(Client::builder(Credentials::secret_post("no host", "s")).build().unwrap_err().is_config());
}

#[tokio::test]
async fn a_long_failure_is_truncated_and_an_invalid_token_is_not_sent() {
    support::print_everything();
    let tenant = Tenant::start().await.unwrap();
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build().unwrap();
    let long = "x".repeat(9000);
    tenant.fault(Fault::status(400).json(&json!({"error": long, "error_description": long})).token_endpoint());
    let error = c1.apps().try_next().await.unwrap_err();
    assert_eq!((error.code().map(str::len), error.message().len()), (Some(200), 2000));
    assert!(format!("{error} {error:?}").len() < 2000, "{error:?}");

    tenant.clear_requests();
    tenant.fault(Fault::status(200).json(&json!({"access_token": "", "expires_in": 60})).token_endpoint());
    let error = c1.apps().try_next().await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("empty"), "{error}");
    // A client id of another tenant is rejected when the client is built.
    for token in [" ", "", "PLANTED\n"] {
        let error = Client::builder(Credentials::token(token).tenant(tenant.url())).build().unwrap_err();
        assert!(error.is_config() && !error.to_string().contains("PLANTED"), "{error}");
    }
    assert!(tenant.requests().iter().all(|request| request.operation.as_deref() == Some("token")));
}

async fn login(tenant: &Tenant, clock: &TestClock) -> DeviceGrant {
    begin(tenant, clock).await.unwrap()
}

async fn begin(tenant: &Tenant, clock: &TestClock) -> Result<DeviceGrant, Error> {
    let connection = Connection::new().clock(clock.clone());
    DeviceLogin::new("my-program").tenant(tenant.url()).connection(connection).begin().await
}

#[tokio::test]
async fn a_person_logs_in_and_the_client_acts_for_them() {
    support::print_everything();
    let (tenant, clock) = (Tenant::start().await.unwrap(), TestClock::new());
    tenant.set_device_answers(["authorization_pending", "slow_down", "authorization_pending"]);
    let login = login(&tenant, &clock).await;
    let asked = &tenant.requests()[0];
    assert_eq!(asked.path, "/auth/v1/device_authorization");
    assert_eq!(asked.form(), [("client_id".to_owned(), "my-program".to_owned())]);
    assert!(login.user_code().starts_with("FAKE-"));
    assert_eq!(login.verification_uri(), format!("{}/device", tenant.url()));
    assert!(login.verification_uri_complete().unwrap().ends_with(login.user_code()));
    assert_eq!(login.expires_in(), Duration::from_secs(600));
    let code = login.user_code().to_owned();
    let shown = format!("{login:?}");
    assert!(!shown.contains("device-") && !shown.contains(&code), "{shown}");

    let c1 = login.wait().await.unwrap();
    // The fake sets an interval of 1 s; `slow_down` adds 5.
    assert_eq!(clock.waits().seconds(), [1.0, 1.0, 6.0, 6.0]);
    let form = tenant.requests()[1].form();
    assert_eq!(form[0], ("grant_type".to_owned(), "urn:ietf:params:oauth:grant-type:device_code".to_owned()));
    tenant.clear_requests();
    c1.app(APP).connector(CONNECTOR).get().await.unwrap();
    assert_eq!(tenant.requests().len(), 1, "the token is cached");
}

#[tokio::test]
async fn a_login_without_a_tenant_goes_to_the_host_in_the_client_id() {
    support::print_everything();
    let tenant = Tenant::start().await.unwrap();
    let login = DeviceLogin::new(tenant.client_id()).begin().await.unwrap();
    assert!(login.verification_uri().starts_with(tenant.url()));
    let error = DeviceLogin::new("my-program").begin().await.unwrap_err();
    assert!(error.is_config() && error.to_string().contains("no tenant"), "{error}");
}

#[tokio::test]
async fn a_login_that_is_rejected_or_expired_is_an_error() {
    support::print_everything();
    let (tenant, clock) = (Tenant::start().await.unwrap(), TestClock::new());
    for told in ["access_denied", "expired_token"] {
        tenant.set_device_answers([told]);
        let error = login(&tenant, &clock).await.wait().await.unwrap_err();
        assert!(error.is_auth() && error.code() == Some(told), "{error:?}");
    }

    // The client stops by its own clock, independent of the server.
    let clock = TestClock::new();
    tenant.fault(Fault::token_error("authorization_pending").always());
    let error = login(&tenant, &clock).await.wait().await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("start again"), "{error}");
    assert_eq!(clock.waits().seconds().iter().sum::<f64>(), 600.0);
}

#[tokio::test]
async fn a_busy_server_is_polled_after_the_delay_that_it_requests() {
    support::print_everything();
    let (tenant, clock) = (Tenant::start().await.unwrap(), TestClock::new());
    tenant.set_device_answers(["authorization_pending"]);
    let login = login(&tenant, &clock).await;
    // The delay is longer than a call's own limit, so the poll has to wait.
    tenant.fault(Fault::status(429).header("retry-after", "90").token_endpoint());
    login.wait().await.unwrap();
    assert_eq!(clock.waits().seconds(), [1.0, 90.0, 1.0]);

    // It does not wait beyond the expiry of the code: the error is returned at once.
    let clock = TestClock::new();
    tenant.fault(Fault::status(429).header("retry-after", "86400").token_endpoint().always());
    let login = begin(&tenant, &clock).await.unwrap();
    let error = login.wait().await.unwrap_err();
    assert_eq!((error.status(), error.retry_after()), (Some(429), Some(Duration::from_secs(86_400))), "{error}");
    assert_eq!(clock.waits().seconds(), [1.0]);
}

#[tokio::test]
async fn a_failed_poll_is_retried() {
    support::print_everything();
    let (tenant, clock) = (Tenant::start().await.unwrap(), TestClock::new());
    tenant.set_device_answers(Vec::<String>::new());
    let login = login(&tenant, &clock).await;
    tenant.fault(Fault::status(503).token_endpoint());
    tenant.fault(Fault::close_after_request().token_endpoint());
    tenant.fault(Fault::reset_mid_body().token_endpoint());
    // The server has granted the third request: a code works once.
    let error = login.wait().await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_grant"));
    assert_eq!(clock.waits().seconds(), [1.0, 1.0, 1.0, 1.0]);
}

#[tokio::test]
async fn a_login_ends_with_its_token() {
    support::print_everything();
    let (tenant, clock) = (Tenant::start().await.unwrap(), TestClock::new());
    tenant.set_token_lifetime(Duration::from_secs(1000));
    let c1 = login(&tenant, &clock).await.wait().await.unwrap();
    let connector = c1.app(APP).connector(CONNECTOR);
    tenant.clear_requests();
    for _ in 0..3 {
        connector.get().await.unwrap();
        clock.advance(Duration::from_secs(330));
    }
    clock.advance(Duration::from_secs(20));
    let error = connector.get().await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("log in again"), "{error}");
    assert_eq!(tenant.requests().len(), 3, "the token endpoint was not called");

    let c1 = login(&tenant, &clock).await.wait().await.unwrap();
    tenant.revoke_tokens();
    assert_eq!(c1.app(APP).connector(CONNECTOR).get().await.unwrap_err().status(), Some(401));
}

#[tokio::test]
async fn a_response_that_is_not_a_device_login_is_an_error() {
    support::print_everything();
    let (tenant, clock) = (Tenant::start().await.unwrap(), TestClock::new());
    let begin = || begin(&tenant, &clock);
    tenant.fault(Fault::html().on("device_authorization"));
    let error = begin().await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("host"), "{error}");

    // RFC 8628 requires `verification_uri`; a server with only the complete one is supported, too.
    let answer = json!({
        "device_code": "PLANTED", "user_code": "U", "verification_uri_complete": "https://example.com/?c=U", "expires_in": 9,
    });
    tenant.fault(Fault::status(200).json(&answer).on("device_authorization"));
    let login = begin().await.unwrap();
    assert_eq!(login.verification_uri(), "https://example.com/?c=U");
    tenant.fault(Fault::token_error("authorization_pending").always());
    login.wait().await.unwrap_err();
    // 5 s apart if the server sets no interval, and not beyond the expiry.
    assert_eq!(clock.waits().seconds(), [5.0, 4.0]);
}

/// A workload's platform: another token for each request.
#[derive(Clone, Debug, Default)]
struct Platform(Arc<AtomicU32>);

impl TokenProvider for Platform {
    async fn token(&self) -> Result<Token, Error> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Token::new(format!("e30.e30.subject-{number}")))
    }
}

#[tokio::test]
async fn a_workload_exchanges_a_fresh_token_each_time() {
    support::print_everything();
    let tenant = Tenant::start().await.unwrap();
    tenant.set_token_lifetime(Duration::from_secs(1000));
    let (clock, platform) = (TestClock::new(), Platform::default());
    let id = format!("w@{}/wfe", tenant.host());
    let c1 = Client::builder(Credentials::workload(id, platform.clone())).clock(clock.clone()).build().unwrap();
    tenant.accept_subject_token("e30.e30.subject-1");
    c1.apps().try_next().await.unwrap();
    clock.advance(Duration::from_secs(1001));
    tenant.accept_subject_token("e30.e30.subject-2");
    c1.apps().try_next().await.unwrap();
    assert_eq!(platform.0.load(Ordering::Relaxed), 2);
    let form = tenant.requests().into_iter().find(|it| it.path == "/auth/v1/token").unwrap();
    let form = String::from_utf8(form.body).unwrap();
    assert!(form.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"), "{form}");
    assert!(form.contains("subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"), "{form}");
}

#[tokio::test]
async fn the_audience_can_be_another_than_the_host() {
    support::print_everything();
    let tenant = Tenant::builder().audience("acme.conductor.one").start().await.unwrap();
    let credentials = || Credentials::client(tenant.client_id(), tenant.client_secret());
    assert!(Client::builder(credentials()).build().unwrap().apps().try_next().await.unwrap_err().is_auth());
    let c1 = Client::builder(credentials().audience("acme.conductor.one")).build().unwrap();
    assert!(c1.apps().try_next().await.is_ok());
}

#[tokio::test]
async fn a_program_sets_its_user_agent_and_headers() {
    support::print_everything();
    let tenant = Tenant::start().await.unwrap();
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret()))
        .user_agent("my-tool/2")
        .header("x-team", "identity")
        .build()
        .unwrap();
    c1.apps().try_next().await.unwrap();
    for request in tenant.requests() {
        let agent = request.header("user-agent").unwrap();
        assert!(agent.starts_with("my-tool/2 connectors/"), "{agent}");
        assert_eq!(request.header("x-team"), Some("identity"));
        assert_eq!(request.header("api-version"), None, "only its own servers know progenitor's header");
    }
}

#[tokio::test]
async fn the_programs_own_http_client_is_used_with_its_proxy() {
    support::print_everything();
    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = proxy.local_addr().unwrap();
    let http = connectors::reqwest::Client::builder()
        .proxy(connectors::reqwest::Proxy::all(format!("http://{address}")).unwrap());
    let c1 = Client::builder(Credentials::token("PLANTED").tenant("acme.c1eu.ai")).http(http);
    let c1 = c1.clock(TestClock::new()).build().unwrap();
    let asked = async {
        let (mut stream, _) = proxy.accept().await.unwrap();
        let mut request = vec![0; 1024];
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut request).await.unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    };
    let asked = tokio::select! {
        asked = asked => asked,
        _ = async { c1.app("a").get().await } => panic!("the proxy was not used"),
    };
    assert!(asked.starts_with("CONNECT acme.c1eu.ai:443 HTTP/1.1"), "{asked}");
    assert!(!asked.contains("PLANTED"), "the token is for the server, behind the proxy");
}

#[tokio::test]
async fn https_trusts_the_authorities_of_the_programs_client() {
    support::print_everything();
    let identity = Identity::new(["127.0.0.1"]).unwrap();
    let authority = connectors::reqwest::Certificate::from_pem(identity.authority().as_bytes()).unwrap();
    let tenant = Tenant::builder().serving(Serving::default().tls(identity)).start().await.unwrap();
    let credentials = Credentials::token(tenant.issue_token()).tenant(tenant.url());
    let http = connectors::reqwest::Client::builder().tls_certs_merge([authority.clone()]);
    let c1 = Client::builder(credentials).clock(tenant.clock()).http(http).build().unwrap();
    assert!(c1.app(APP).connector(CONNECTOR).get().await.is_ok());

    connectors::provide_tls();
    let own = connectors::reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
    assert_eq!(own.get(tenant.url()).send().await.unwrap().status(), 200);
}

#[test]
fn a_header_that_belongs_to_the_client_is_rejected_by_name() {
    for name in ["Authorization", "host", "Content-Length", "TRANSFER-ENCODING"] {
        // The first error is returned, and nothing after it changes that.
        let builder =
            Client::builder(Credentials::token("t").tenant("example")).header(name, "PLANTED").header("x-team", "a");
        let error = builder.build().unwrap_err();
        assert!(error.is_config() && error.to_string().contains(&name.to_lowercase()), "{name}: {error}");
        assert!(!format!("{error} {error:?}").contains("PLANTED"));
    }
}

#[cfg(feature = "pipeshub")]
#[test]
fn the_request_id_header_cannot_be_set_for_all_calls() {
    let credentials = connectors::pipeshub::Credentials::token("t").instance("https://ph.example.com");
    let builder = connectors::pipeshub::Client::builder(credentials);
    let error = builder.header("x-request-id", "mine").build().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("`x-request-id`"), "{error}");
    // C1 has no header for it, and accepts any.
    assert!(Client::builder(Credentials::token("t").tenant("acme")).header("x-request-id", "mine").build().is_ok());
}

/// A client has exactly one credential by its types; other conflicts are errors that name the setting.
#[test]
fn a_setting_that_does_not_apply_to_the_credentials_is_rejected_by_name() {
    let id = "w@example.com/wfe";
    for credentials in [
        Credentials::token("PLANTED").tenant("example"),
        Credentials::secret_post(id, "PLANTED"),
        Credentials::workload_token(id, "PLANTED"),
        Credentials::provider(Platform::default()).tenant("example"),
    ] {
        assert!(Client::builder(credentials.clone()).build().is_ok());
        let error = Client::builder(credentials.audience("a")).build().unwrap_err();
        assert!(error.is_config() && error.to_string().contains("`audience`"), "{error}");
        assert!(!format!("{error:?}").contains("PLANTED"));
    }
    for (credentials, named) in [
        (Credentials::token("t"), "no tenant"),
        (Credentials::provider(Platform::default()), "no tenant"),
        (Credentials::client(id, "PLANTED"), "client secret"),
        (Credentials::secret_post(id, ""), "client secret"),
        (Credentials::client("nobody", "PLANTED"), "client id"),
        (Credentials::token("t").tenant("a b"), "tenant"),
    ] {
        let error = Client::builder(credentials).build().unwrap_err();
        assert!(error.is_config() && error.to_string().contains(named), "{error}");
        assert!(!error.to_string().contains("PLANTED"));
    }
}

#[cfg(feature = "pipeshub")]
#[test]
fn a_setting_that_does_not_apply_to_pipeshub_credentials_is_rejected_by_name() {
    use connectors::pipeshub::{Client, Credentials, Scope};

    let kept = |_| std::future::ready(Ok::<_, std::io::Error>(()));
    let scopes = || [Scope::from("connector:read")];
    for (credentials, named) in [
        (Credentials::token("PLANTED").client_secret("PLANTED"), "`client_secret`"),
        (Credentials::client("app", "PLANTED").client_secret("PLANTED"), "`client_secret`"),
        (Credentials::provider(Platform::default()).scopes(scopes()), "`scopes`"),
        (Credentials::refresh_token("app", "PLANTED").scopes(scopes()), "`scopes`"),
        (Credentials::client("app", "PLANTED").on_rotate(kept), "`on_rotate`"),
    ] {
        let error = Client::builder(credentials).build().unwrap_err();
        let line = error.to_string();
        assert!(error.is_config() && line.contains(named), "{line}");
        assert!(!format!("{error:?}").contains("PLANTED"));
    }
    let refreshed = Credentials::refresh_token("app", "PLANTED").client_secret("PLANTED").on_rotate(kept);
    assert!(Client::builder(refreshed).build().is_ok());
}

#[tokio::test]
async fn a_rejected_token_has_its_own_span() {
    support::print_everything();
    let tenant = Tenant::start().await.unwrap();
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build().unwrap();
    tenant.fault(Fault::status(403).token_endpoint());
    let (spans, _guard) = Spans::hear();
    c1.app(APP).connector(CONNECTOR).get().await.unwrap_err();
    let (token, call) = (spans.of("POST"), spans.of("GET"));
    assert_eq!((token.len(), call.len()), (1, 1));
    assert_eq!(token[0]["url.template"], "/auth/v1/token");
    assert_eq!((token[0]["http.response.status_code"].as_str(), token[0]["error.type"].as_str()), ("403", "403"));
    // It was never sent, so there is no response.
    assert_eq!(call[0]["error.type"], "auth");
    assert!(!call[0].contains_key("http.response.status_code"), "{call:?}");
}

// ANCHOR: sender
/// A unit test of a program with this crate has no socket and no server.
#[tokio::test]
async fn a_function_replaces_the_network() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use connectors::c1::{Client, Credentials};
    use connectors::{SendError, TestClock, http, reqwest};

    let clock = TestClock::new();
    let sent = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&sent);
    let network = move |request: reqwest::Request| {
        let number = seen.fetch_add(1, Ordering::Relaxed);
        async move {
            assert_eq!(request.url().host_str(), Some("example.conductor.one"));
            match (number, request.url().path()) {
                (0, _) => Err(SendError::not_connected("no network yet")),
                (_, "/api/v1/apps/a") => Ok(http::Response::new(r#"{"app": {"id": "a", "displayName": "A"}}"#).into()),
                (_, path) => panic!("{path} is not expected"),
            }
        }
    };
    let builder = Client::builder(Credentials::token("t").tenant("example")).clock(clock.clone());
    let c1 = builder.sender(network).build().unwrap();
    assert_eq!(c1.app("a").get().await.unwrap().display_name.as_deref(), Some("A"));
    // The first attempt failed, and the second one was sent after a delay that took no time.
    assert_eq!((sent.load(Ordering::Relaxed), clock.waits()), (2, vec![Duration::from_millis(500)]));
}
// ANCHOR_END: sender
