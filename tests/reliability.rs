//! Failures of the network, the server and the clock: over real sockets, with scripted faults and virtual time. Each
//! test counts the requests that reached the server.

#[path = "support/spans.rs"]
mod spans;
mod support;

use std::time::{Duration, SystemTime};

use connectors::c1::{Client, Credentials, EnvConfig, Progress, SyncOutcome};
use connectors::{Detail, Error, Limits, Paced};
use connectors_fake::c1::{SyncScript, Tenant};
use connectors_fake::{Fault, Gate, Identity, Serving};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use serde_json::json;

use spans::{Fields, Spans};
use support::{APP, CONNECTOR, Seconds, TestClock, setup, setup_with};

/// Nothing in this file installs a provider of cryptography for TLS.
#[tokio::test]
async fn https_trusts_the_platforms_authorities() {
    let serving = Serving::default().tls(Identity::new(["127.0.0.1"]).unwrap());
    let tenant = Tenant::builder().serving(serving).start().await.unwrap();
    let credentials = Credentials::token(tenant.issue_token()).tenant(tenant.url());
    let c1 = Client::builder(credentials).clock(tenant.clock()).build().unwrap();
    let error = c1.app(APP).connector(CONNECTOR).get().await.unwrap_err();
    assert!(error.is_connect(), "{error}");
    let causes = std::iter::successors(std::error::Error::source(&error), |it| it.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    assert!(causes.iter().any(|cause| cause.contains("UnknownIssuer")), "{causes:?}");
    assert!(tenant.requests().is_empty());
}

#[tokio::test]
async fn all_calls_that_wait_for_a_failing_token_endpoint_share_the_failure() {
    let s = setup().await;
    s.tenant.fault(Fault::token_error("invalid_client").token_endpoint().always());
    let results = join_all((0..50).map(|_| s.get())).await;
    assert!(results.iter().all(|result| result.as_ref().is_err_and(Error::is_auth)));
    assert_eq!(s.reached("token"), 1);
}

#[tokio::test]
async fn a_token_is_refreshed_once_before_it_expires() {
    let s = setup().await;
    s.tenant.set_token_lifetime(Duration::from_secs(1000));
    s.get().await.unwrap();
    s.clock.advance(Duration::from_secs(939));
    s.get().await.unwrap();
    assert_eq!(s.reached("token"), 1);
    s.clock.advance(Duration::from_secs(2));
    assert!(join_all((0..50).map(|_| s.get())).await.iter().all(Result::is_ok));
    assert_eq!(s.reached("token"), 2);
}

#[tokio::test]
async fn a_short_lived_token_is_refreshed_in_the_last_tenth_of_its_lifetime() {
    let s = setup().await;
    s.tenant.set_token_lifetime(Duration::from_secs(100));
    s.get().await.unwrap();
    s.clock.advance(Duration::from_secs(89));
    s.get().await.unwrap();
    assert_eq!(s.reached("token"), 1);
    s.clock.advance(Duration::from_secs(2));
    s.get().await.unwrap();
    assert_eq!(s.reached("token"), 2);
}

#[tokio::test]
async fn a_valid_token_stays_in_use_after_a_failed_refresh() {
    let s = setup().await;
    s.tenant.set_token_lifetime(Duration::from_secs(1000));
    s.get().await.unwrap();
    s.clock.advance(Duration::from_secs(950));
    s.tenant.fault(Fault::token_error("invalid_client").token_endpoint().always());
    s.get().await.unwrap();
    assert_eq!(s.reached("token"), 2);

    // After a rejection the token endpoint is not called for ten seconds.
    s.clock.advance(Duration::from_secs(9));
    s.get().await.unwrap();
    assert_eq!(s.reached("token"), 2);
    s.clock.advance(Duration::from_secs(2));
    s.get().await.unwrap();
    assert_eq!(s.reached("token"), 3);

    s.clock.advance(Duration::from_secs(60));
    assert!(s.get().await.unwrap_err().is_auth());
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Get")), (4, 4));
}

#[tokio::test]
async fn after_a_401_the_token_is_refreshed_once_and_the_call_retried_once() {
    let s = setup().await;
    s.get().await.unwrap();
    s.tenant.revoke_tokens();
    s.tenant.clear_requests();
    s.create().await.unwrap();
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Create")), (1, 2));

    s.tenant.clear_requests();
    s.tenant.fault(Fault::status(401).on("ConnectorService.Get").always());
    // Shortly after the refresh another token would hardly be better, and all other calls would wait for it.
    for (seconds, tokens, calls) in [(9, 0, 1), (1, 1, 3), (9, 1, 4)] {
        s.clock.advance(Duration::from_secs(seconds));
        let error = s.get().await.unwrap_err();
        assert!(error.is_auth() && !error.may_have_happened(), "{error}");
        assert_eq!((s.reached("token"), s.reached("ConnectorService.Get")), (tokens, calls));
    }
}

#[tokio::test]
async fn a_call_with_a_rejected_fixed_token_is_not_retried() {
    let tenant = Tenant::start().await.unwrap();
    let c1 = Client::builder(Credentials::token("PLANTED-expired").tenant(tenant.url())).build().unwrap();
    let error = c1.app(APP).connector(CONNECTOR).get().await.unwrap_err();
    assert!(error.is_auth() && error.status() == Some(401));
    assert!(!format!("{error} {error:?}").contains("PLANTED"));
    assert_eq!(tenant.requests().len(), 1);
}

#[tokio::test]
async fn another_tenants_key_and_a_wrong_clock_are_rejected_and_reported_plainly() {
    let tenant = Tenant::start().await.unwrap();
    let other = Tenant::start().await.unwrap();
    let c1 = Client::builder(Credentials::client(tenant.client_id(), other.client_secret())).build().unwrap();
    let error = c1.app(APP).connector(CONNECTOR).get().await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("invalid_client"), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(other.client_secret()));

    let s = setup().await;
    s.clock.set_time_of_day(SystemTime::now() + Duration::from_secs(3600));
    let error = s.get().await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("invalid_client"), "{error:?}");
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Get")), (1, 0));
}

#[tokio::test]
async fn a_busy_token_endpoint_is_retried_and_a_broken_one_is_named() {
    let s = setup().await;
    s.tenant.fault(Fault::status(503).token_endpoint().times(2));
    s.get().await.unwrap();
    assert_eq!(s.reached("token"), 3);
    assert_eq!(s.clock.waits().seconds(), [0.5, 1.0]);

    let s = setup().await;
    s.tenant.fault(Fault::html().token_endpoint().always());
    let error = s.get().await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("host"), "{error}");

    let s = setup().await;
    let dpop = json!({"access_token": "PLANTED", "token_type": "DPoP", "expires_in": 60});
    s.tenant.fault(Fault::status(200).json(&dpop).token_endpoint());
    let error = s.get().await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("DPoP") && !format!("{error:?}").contains("PLANTED"));
}

#[tokio::test]
async fn an_idempotent_call_is_retried_after_every_transient_failure() {
    // The fault, and how many requests reach the server in all.
    let broken: [(fn() -> Fault, usize); 7] = [
        (|| Fault::status(503), 2),
        (|| Fault::status(500), 2),
        (|| Fault::status(429), 2),
        // It happens before there is a request.
        (Fault::reset_on_accept, 1),
        (Fault::reset_after_request, 2),
        (Fault::close_after_request, 2),
        (Fault::reset_mid_body, 2),
    ];
    for (fault, requests) in broken {
        let s = setup().await;
        // A client without a connection that needs no token: its first connection is the call's.
        let builder = Client::builder(Credentials::token(s.tenant.issue_token()).tenant(s.tenant.url()));
        let fresh = builder.clock(s.clock.clone()).build().unwrap();
        s.tenant.fault(fault().on("ConnectorService.Get"));
        fresh.app(APP).connector(CONNECTOR).get().await.unwrap_or_else(|error| panic!("{:?}: {error:?}", fault()));
        assert_eq!((s.tenant.requests().len(), s.clock.waits().seconds()), (requests, vec![0.5]), "{:?}", fault());
    }
}

#[tokio::test]
async fn waits_double_and_end_after_four_attempts() {
    let s = setup().await;
    s.tenant.fault(Fault::status(503).on("ConnectorService.Get").always());
    let error = s.get().await.unwrap_err();
    assert!(error.is_server() && error.attempts() == 4 && !error.may_have_happened());
    assert_eq!(s.reached("ConnectorService.Get"), 4);
    assert_eq!(s.clock.waits().seconds(), [0.5, 1.0, 2.0]);
}

#[tokio::test]
async fn retry_after_is_obeyed_up_to_a_minute_and_returned_beyond() {
    let s = setup().await;
    s.tenant.fault(Fault::status(429).header("retry-after", "7").on("ConnectorService.Create"));
    s.create().await.unwrap();
    assert_eq!(s.clock.waits().seconds(), [7.0]);
    assert_eq!(s.reached("ConnectorService.Create"), 2);

    let s = setup().await;
    s.tenant.fault(Fault::status(429).header("retry-after", "60").on("ConnectorService.Get"));
    s.get().await.unwrap();
    assert_eq!(s.clock.waits().seconds(), [60.0]);

    for seconds in [61, 86_400] {
        let s = setup().await;
        let after = u64::to_string(&seconds);
        s.tenant.fault(Fault::status(429).header("retry-after", &after).on("ConnectorService.Get"));
        let error = s.get().await.unwrap_err();
        assert!(error.is_rate_limited());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)));
        assert_eq!((s.reached("ConnectorService.Get"), s.clock.waits().len()), (1, 0));
    }

    // Without a `Retry-After`, the delay is the usual one, up to a second.
    for now in ["0", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let s = setup().await;
        s.tenant.fault(Fault::status(503).header("retry-after", now).on("ConnectorService.Get").times(3));
        s.get().await.unwrap();
        assert_eq!(s.clock.waits().seconds(), [0.5, 1.0, 1.0]);
    }
}

#[tokio::test]
async fn calls_that_create_something_are_never_sent_twice_and_may_have_happened() {
    for fault in [
        || Fault::reset_after_request().applied(),
        Fault::close_after_request,
        Fault::reset_mid_body,
        || Fault::status(503),
    ] {
        let s = setup().await;
        s.c1.apps().try_next().await.unwrap();
        s.tenant.fault(fault().on("ConnectorService.Create"));
        let error = s.create().await.unwrap_err();
        assert!(error.may_have_happened(), "{:?}: {error}", fault());
        assert_eq!(s.reached("ConnectorService.Create"), 1, "{:?}", fault());

        s.tenant.fault(fault().on("ConnectorService.RotateCredential"));
        let error = s.c1.app(APP).connector(CONNECTOR).rotate_credential().await.unwrap_err();
        assert!(error.may_have_happened(), "{:?}: {error}", fault());
        assert_eq!(s.reached("ConnectorService.RotateCredential"), 1, "{:?}", fault());
    }
}

#[tokio::test]
async fn a_call_without_a_connection_cannot_have_happened() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let clock = TestClock::new();
    let c1 = Client::builder(Credentials::token("t").tenant(address.to_string())).clock(clock.clone()).build().unwrap();
    let error = c1.app(APP).create_connector("catalog").await.unwrap_err();
    assert!(error.is_connect() && !error.may_have_happened() && error.attempts() == 4, "{error:?}");
    assert_eq!(clock.waits().len(), 3);
}

#[tokio::test]
async fn a_missing_response_times_out() {
    let s = setup().await;
    s.get().await.unwrap();
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).on("ConnectorService.Create"));
    let strike = async {
        gate.arrived(1).await;
        s.clock.expire();
    };
    let (result, ()) = futures::join!(s.create(), strike);
    let error = result.unwrap_err();
    assert!(error.is_timeout() && error.may_have_happened(), "{error:?}");
    gate.open();
    s.get().await.unwrap();
}

#[tokio::test]
async fn responses_that_differ_from_the_document_are_errors_with_their_location() {
    let s = setup().await;
    s.tenant.fault(Fault::html().on("ConnectorService.Get"));
    let error = s.get().await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("right server"), "{error}");

    s.tenant.fault(Fault::truncated_json().on("ConnectorService.Get"));
    let error = s.get().await.unwrap_err();
    assert!(error.is_decode() && error.operation() == Some("get"), "{error}");

    let wrong = json!({"connectorView": {"connector": {"id": 7, "displayName": "PLANTED"}}});
    s.tenant.fault(Fault::status(200).json(&wrong).on("ConnectorService.Get"));
    let error = s.get().await.unwrap_err();
    assert!(error.to_string().contains("connectorView.connector.id"), "{error}");
    assert!(!format!("{error} {error:?}").contains("PLANTED"));
}

#[tokio::test]
async fn a_response_is_read_only_up_to_the_limit() {
    let mut limits = Limits::default();
    limits.response = 100_000;
    let s = setup_with(|builder| builder.limits(limits)).await;
    s.get().await.unwrap();
    s.tenant.fault(Fault::oversized(1_000_000).on("ConnectorService.Get"));
    let error = s.get().await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("100000 bytes"), "{error}");
    assert_eq!(s.reached("ConnectorService.Get"), 2);
}

#[tokio::test]
async fn an_empty_response_is_a_response() {
    let s = setup().await;
    s.tenant.fault(Fault::no_content().on("ConnectorService.Delete"));
    s.c1.app(APP).connector(CONNECTOR).delete().await.unwrap();

    // For a list it is an error: it would look like the end of the list.
    s.tenant.fault(Fault::no_content().on("ConnectorService.List"));
    let items: Vec<_> = s.c1.app(APP).connectors().collect().await;
    let [Err(error)] = items.as_slice() else { panic!("{items:?}") };
    assert!(error.is_decode() && error.status() == Some(204), "{error:?}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let s = setup().await;
    s.get().await.unwrap();
    let elsewhere = Tenant::start().await.unwrap();
    s.tenant.fault(Fault::status(302).header("location", elsewhere.url()).on("ConnectorService.Get"));
    assert_eq!(s.get().await.unwrap_err().status(), Some(302));
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn ids_that_would_change_the_path_are_rejected_before_anything_is_sent() {
    let s = setup().await;
    for id in ["", ".", "..", "a/b", "../apps", "a/../b"] {
        for result in [
            s.c1.app(APP).connector(id).get().await.map(drop),
            s.c1.app(id).connector(CONNECTOR).delete().await,
            s.c1.app(id).get().await.map(drop),
            s.c1.app(APP).connector(CONNECTOR).revoke_credential(id).await,
        ] {
            assert!(result.unwrap_err().is_invalid_argument(), "{id:?}");
        }
    }
    assert!(s.tenant.requests().is_empty());
    // A backslash stays in its segment.
    for id in ["a\\b", "\\", "%5C\\"] {
        assert!(s.c1.app(APP).connector(id).get().await.unwrap_err().is_not_found(), "{id:?}");
    }
    let paths: Vec<String> = s.tenant.requests().into_iter().map(|request| request.path).collect();
    let ids = paths.iter().filter_map(|path| path.rsplit_once("/connectors/")).map(|(_, id)| id);
    assert_eq!(ids.collect::<Vec<_>>(), ["a%5Cb", "%5C", "%255C%5C"], "{paths:?}");
}

#[tokio::test]
async fn a_list_is_fetched_as_it_is_read_and_ends_on_a_token_that_repeats() {
    let s = setup().await;
    for n in 0..150 {
        s.tenant.seed_connector(APP, json!({"displayName": format!("more {n}")}));
    }
    let first: Vec<_> = s.c1.app(APP).connectors().take(100).try_collect().await.unwrap();
    assert_eq!((first.len(), s.reached("ConnectorService.List")), (100, 1));
    let all: Vec<_> = s.c1.app(APP).connectors().try_collect().await.unwrap();
    assert_eq!((all.len(), s.reached("ConnectorService.List")), (163, 3));

    s.tenant.clear_requests();
    s.tenant.fault(Fault::repeated_page_token().on("ConnectorService.List").always());
    // Both pages are read, and then the error is returned.
    let mut items: Vec<_> = s.c1.app(APP).connectors().collect().await;
    let error = items.pop().unwrap().unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("page cursor"), "{error:?}");
    assert!(items.len() == 163 && items.iter().all(Result::is_ok));
    assert_eq!(s.reached("ConnectorService.List"), 2);
}

#[tokio::test]
async fn a_sync_is_waited_for_until_it_has_ended() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    s.tenant.next_sync(SyncScript::default().polls(3, 4));
    let mut seen = Vec::new();
    let mut watch = connector.force_sync().await.unwrap().watch();
    while let Some(progress) = watch.try_next().await.unwrap() {
        seen.push(match progress {
            Progress::Queued => "queued",
            Progress::Running(_) => "running",
            Progress::Ended(SyncOutcome::Done(_)) => "done",
            _ => "other",
        });
    }
    assert_eq!(seen, ["queued", "running", "done"]);

    s.tenant.next_sync(SyncScript::error("the upstream refused"));
    let outcome = connector.force_sync().await.unwrap().wait().await.unwrap();
    assert_eq!(outcome.to_string(), "failed: the upstream refused");

    s.tenant.next_sync(SyncScript::default().polls(0, 1_000_000));
    let error = connector.force_sync().await.unwrap().deadline(Duration::from_secs(600)).wait().await.unwrap_err();
    assert!(error.is_timeout());
}

#[tokio::test]
async fn an_update_has_a_mask_of_the_set_fields_and_uses_the_right_operation() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    let changed = connector.update().display_name("new").description("").await.unwrap();
    assert_eq!(changed.display_name.as_deref(), Some("new"));
    let sent = s.tenant.requests().last().unwrap().json().unwrap();
    assert_eq!(sent["updateMask"], "displayName,description");
    assert_eq!(sent["connector"]["description"], "");
    assert!(s.tenant.requests().last().unwrap().path.ends_with("/delegated"));

    connector.update().config(EnvConfig::new().text("GITHUB_ORGANIZATION", "y")).await.unwrap();
    let sent = s.tenant.requests().last().unwrap().json().unwrap();
    assert_eq!(sent["updateMask"], "config");
    assert!(sent["connector"].get("displayName").is_none());

    let before = s.tenant.requests().len();
    assert!(connector.update().await.unwrap_err().is_invalid_argument());
    assert_eq!(s.tenant.requests().len(), before);
}

#[tokio::test]
async fn a_failure_has_the_servers_message_and_predicates() {
    let s = setup().await;
    let error = s.c1.app(APP).connector("nobody").get().await.unwrap_err();
    assert!(error.is_not_found() && error.code() == Some("5") && error.attempts() == 1);
    assert_eq!(error.operation(), Some("get"));
    let line = error.to_string();
    assert!(line.starts_with("get: 404 Not Found: ") && !line.contains('\n'), "{line}");
    assert!(error.body().is_some_and(|body| body.contains("\"code\"")));

    let status = json!({"code": 3, "message": "two\nlines", "details": [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "name", "description": "too long"}]}]});
    s.tenant.fault(Fault::status(400).json(&status).header("x-request-id", "req-1").on("ConnectorService.Get"));
    let error = s.get().await.unwrap_err();
    assert!(error.is_bad_request() && !error.to_string().contains('\n'));
    let [Detail::BadRequest(violations)] = error.details() else { panic!("{:?}", error.details()) };
    assert_eq!((violations[0].field(), violations[0].description()), ("name", "too long"));
    assert_eq!(error.request_id(), Some("req-1"));
}

#[tokio::test]
async fn calls_can_be_spawned_and_dropped() {
    let s = setup().await;
    let c1 = s.c1.clone();
    let spawned = tokio::spawn(async move { c1.app(APP).connector(CONNECTOR).get().await });
    spawned.await.unwrap().unwrap();

    // If calls are dropped while they wait for the token, the next one continues the fetch: nothing is requested twice,
    // and callers with short timeouts get their token from a slow endpoint in the end.
    let s = setup().await;
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).token_endpoint());
    for _ in 0..3 {
        let call = s.get();
        futures::pin_mut!(call);
        let arrived = gate.arrived(1);
        futures::pin_mut!(arrived);
        futures::future::select(call, arrived).await;
    }
    gate.open();
    s.get().await.unwrap();
    assert_eq!(s.reached("token"), 1);
}

#[tokio::test]
async fn a_token_fetch_without_waiting_callers_is_restarted_after_its_limit() {
    let s = setup().await;
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).token_endpoint());
    {
        let call = s.get();
        futures::pin_mut!(call);
        let arrived = gate.arrived(1);
        futures::pin_mut!(arrived);
        futures::future::select(call, arrived).await;
    }
    s.clock.advance(Duration::from_secs(61));
    // The first response is still delayed.
    s.get().await.unwrap();
    assert_eq!(s.reached("token"), 2);
    gate.open();
}

#[tokio::test]
async fn a_failure_without_waiting_callers_is_not_returned_to_the_next_call() {
    let s = setup().await;
    let gate = Gate::default();
    let refused = json!({"error": "invalid_client"});
    s.tenant.fault(Fault::hold(&gate).json(&refused).token_endpoint());
    {
        let call = s.get();
        futures::pin_mut!(call);
        let arrived = gate.arrived(1);
        futures::pin_mut!(arrived);
        futures::future::select(call, arrived).await;
    }
    gate.open();
    s.get().await.unwrap();
    assert_eq!(s.reached("token"), 2);
}

#[tokio::test]
async fn the_delay_in_a_detail_is_obeyed_like_a_header() {
    let detail = |delay: &str| {
        let retry = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay});
        json!({"code": 14, "message": "busy", "details": [retry]})
    };
    let s = setup().await;
    s.tenant.fault(Fault::status(503).json(&detail("7.5s")).on("ConnectorService.Get"));
    s.get().await.unwrap();
    assert_eq!(s.clock.waits().seconds(), [7.5]);

    let s = setup().await;
    s.tenant.fault(Fault::status(503).json(&detail("300s")).on("ConnectorService.Get"));
    assert_eq!(s.get().await.unwrap_err().retry_after(), Some(Duration::from_secs(300)));

    // The header takes precedence.
    let s = setup().await;
    s.tenant.fault(Fault::status(503).json(&detail("30s")).header("retry-after", "2").on("ConnectorService.Get"));
    s.get().await.unwrap();
    assert_eq!(s.clock.waits().seconds(), [2.0]);
}

#[tokio::test]
async fn a_span_records_its_own_call() {
    let s = setup().await;
    let (spans, _guard) = Spans::hear();
    let all = || spans.of("GET");
    let told = |fields: &Fields| {
        ["http.response.status_code", "http.request.resend_count", "error.type"].map(|name| fields.get(name).cloned())
    };
    let expected = |status: &str, resent: Option<&str>, error: Option<&str>| {
        [Some(status), resent, error].map(|value| value.map(str::to_owned))
    };

    // The token request is retried, not the call.
    s.tenant.fault(Fault::status(503).token_endpoint());
    s.get().await.unwrap();
    assert_eq!(told(&all()[0]), expected("200", None, None));
    assert_eq!(all()[0]["url.template"], "/api/v1/apps/{app_id}/connectors/{id}");

    s.tenant.revoke_tokens();
    s.get().await.unwrap();
    s.tenant.fault(Fault::status(503).on("ConnectorService.Get").times(2));
    s.get().await.unwrap();
    s.tenant.fault(Fault::status(503).on("ConnectorService.Get").times(4));
    s.get().await.unwrap_err();
    s.c1.app(APP).connector("nobody").get().await.unwrap_err();
    let seen: Vec<_> = all()[1..].iter().map(told).collect();
    let expected = [
        expected("200", Some("1"), None),
        expected("200", Some("2"), None),
        expected("503", Some("3"), Some("503")),
        expected("404", None, Some("404")),
    ];
    assert_eq!(seen, expected);

    // A response without a content type.
    s.tenant.fault(Fault::close_after_request().on("ConnectorService.Get").times(4));
    s.get().await.unwrap_err();
    let last = all().pop().unwrap();
    assert!(!last.contains_key("http.response.status_code") && !last["error.type"].is_empty(), "{last:?}");
}
