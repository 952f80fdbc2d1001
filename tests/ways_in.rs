//! Every way to a token, and what the token endpoint is told: secrets in the body, and a person with a browser.

mod support;

use std::time::Duration;

use connectors::c1::{Client, DeviceLogin};
use connectors_fake::Fault;
use connectors_fake::c1::Tenant;
use futures::TryStreamExt;
use serde_json::json;

use support::{APP, CONNECTOR, TestClock};

#[tokio::test]
async fn a_client_secret_can_be_sent_in_the_body() {
    let tenant = Tenant::start().await.unwrap();
    let builder = Client::builder().client_secret_post(tenant.client_id(), tenant.client_secret());
    assert!(!format!("{builder:?}").contains(tenant.client_secret()));
    let c1 = builder.build().unwrap();
    c1.apps().try_next().await.unwrap();
    let form = tenant.requests()[0].form();
    let expected = [
        ("client_id", tenant.client_id()),
        ("client_secret", tenant.client_secret()),
        ("grant_type", "client_credentials"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

    let wrong = Client::builder().client_secret_post(tenant.client_id(), "PLANTED").build().unwrap();
    let error = wrong.apps().try_next().await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("invalid_client"), "{error:?}");
    assert!(!format!("{error} {error:?} {wrong:?}").contains("PLANTED"));
    assert!(Client::builder().client_secret_post("no host", "s").build().unwrap_err().is_config());
}

async fn login(tenant: &Tenant, clock: &TestClock) -> DeviceLogin {
    Client::builder().tenant(tenant.url()).clock(clock.clone()).device_login("my-program").await.unwrap()
}

#[tokio::test]
async fn a_person_logs_in_and_the_client_acts_for_them() {
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
    // The fake asks for 1 s; `slow_down` adds 5.
    assert_eq!(clock.waits(), [1.0, 1.0, 6.0, 6.0]);
    let form = tenant.requests()[1].form();
    assert_eq!(form[1], ("grant_type".to_owned(), "urn:ietf:params:oauth:grant-type:device_code".to_owned()));
    tenant.clear_requests();
    c1.connector(APP, CONNECTOR).get().await.unwrap();
    assert_eq!(tenant.requests().len(), 1, "the token is at hand");
}

#[tokio::test]
async fn a_login_without_a_tenant_goes_to_the_host_in_the_client_id() {
    let tenant = Tenant::start().await.unwrap();
    let login = Client::builder().device_login(tenant.client_id()).await.unwrap();
    assert!(login.verification_uri().starts_with(tenant.url()));
    assert!(Client::builder().device_login("my-program").await.unwrap_err().is_config());
}

#[tokio::test]
async fn a_login_that_is_refused_or_too_late_is_told() {
    let (tenant, clock) = (Tenant::start().await.unwrap(), TestClock::new());
    tenant.set_device_answers(["access_denied"]);
    let error = login(&tenant, &clock).await.wait().await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("access_denied"), "{error:?}");

    // The client stops by its own clock, whatever the server says.
    let clock = TestClock::new();
    tenant.fault(Fault::token_error("authorization_pending").always());
    let error = login(&tenant, &clock).await.wait().await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("start again"), "{error}");
    assert_eq!(clock.waits().iter().sum::<f64>(), 600.0);
}

#[tokio::test]
async fn a_poll_that_fails_is_asked_again() {
    let (tenant, clock) = (Tenant::start().await.unwrap(), TestClock::new());
    tenant.set_device_answers(Vec::<String>::new());
    let login = login(&tenant, &clock).await;
    tenant.fault(Fault::status(503).token_endpoint());
    tenant.fault(Fault::close_after_request().token_endpoint());
    tenant.fault(Fault::reset_mid_body().token_endpoint());
    // The third was granted, as far as the server knows: a code works once.
    let error = login.wait().await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_grant"));
    assert_eq!(clock.waits(), [1.0, 1.0, 1.0, 1.0]);
}

#[tokio::test]
async fn a_login_ends_with_its_token() {
    let (tenant, clock) = (Tenant::start().await.unwrap(), TestClock::new());
    tenant.set_token_lifetime(Duration::from_secs(1000));
    let c1 = login(&tenant, &clock).await.wait().await.unwrap();
    let connector = c1.connector(APP, CONNECTOR);
    tenant.clear_requests();
    for _ in 0..3 {
        connector.get().await.unwrap();
        clock.advance(Duration::from_secs(330));
    }
    clock.advance(Duration::from_secs(20));
    let error = connector.get().await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("log in again"), "{error}");
    assert_eq!(tenant.requests().len(), 3, "nothing was asked of the token endpoint");

    let c1 = login(&tenant, &clock).await.wait().await.unwrap();
    tenant.revoke_tokens();
    assert_eq!(c1.connector(APP, CONNECTOR).get().await.unwrap_err().status(), Some(401));
}

#[tokio::test]
async fn what_is_no_device_login_is_refused() {
    let (tenant, clock) = (Tenant::start().await.unwrap(), TestClock::new());
    let begin = || Client::builder().tenant(tenant.url()).clock(clock.clone()).device_login("my-program");
    tenant.fault(Fault::html().on("device_authorization"));
    let error = begin().await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("host"), "{error}");

    // RFC 8628 wants `verification_uri`; a server that has the complete one only is understood.
    let answer = json!({
        "device_code": "PLANTED", "user_code": "U", "verification_uri_complete": "https://example.com/?c=U", "expires_in": 9,
    });
    tenant.fault(Fault::status(200).json(&answer).on("device_authorization"));
    let login = begin().await.unwrap();
    assert_eq!(login.verification_uri(), "https://example.com/?c=U");
    tenant.fault(Fault::token_error("authorization_pending").always());
    login.wait().await.unwrap_err();
    // 5 s apart where the server does not say, and not past the end.
    assert_eq!(clock.waits(), [5.0, 4.0]);
}
