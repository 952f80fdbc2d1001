//! Cases in which the server differs from its document.

mod support;

use std::time::Duration;

use connectors::auth::SecretString;
use connectors::pipeshub::types::ConnectorAuthType;
use connectors::pipeshub::{AuthFields, Client, ConnectorScope, Credentials, Scope};
use connectors::{Entry, Error};
use connectors_fake::{Fault, Gate};
use futures::TryStreamExt;
use serde_json::json;
use support::pipeshub::{builder, credentials, object, setup};

#[tokio::test]
async fn an_oauth_app_is_stored_where_the_server_reads_it_and_its_secret_can_be_changed() {
    let s = setup().await;
    s.instance.seed_oauth_app("app-1", json!({"clientId": "c", "clientSecret": "old", "name": "Shared"}));
    let create = s.ph.create("Drive", "My drive").scope(ConnectorScope::Personal);
    let create = create.auth_type(ConnectorAuthType::Oauth).oauth_config("app-1");
    let created = create.auth("clientId", "c").secret_auth("clientSecret", "old").await.unwrap();
    let connector = created.handle();
    let stored = s.instance.connector(connector.id().as_str()).unwrap();
    assert_eq!(stored["config"]["auth"]["oauthConfigId"], "app-1");
    assert!(connector.authorize(None).await.is_ok());

    // The server requires the app's id with the secret; without it, it would create another app with the same name.
    let changed = connector.set_auth(AuthFields::new().secret("clientSecret", "new")).await.unwrap();
    assert_eq!(changed.oauth_app(), Some("app-1"));
    assert_eq!(s.instance.oauth_app("app-1").unwrap()["clientSecret"], "new");
    let sync = object(json!({"selectedStrategy": "MANUAL"}));
    let auth = AuthFields::new().secret("clientSecret", "newer");
    connector.set_config().auth(auth.clone()).sync(sync.clone()).await.unwrap();
    assert_eq!(s.instance.oauth_app("app-1").unwrap()["clientSecret"], "newer");
    let stored = s.instance.connector(connector.id().as_str()).unwrap();
    assert_eq!(stored["config"]["sync"]["selectedStrategy"], "MANUAL");
    assert_eq!(stored["config"]["auth"]["clientId"], "c", "fields that are not named stay");

    s.instance.fault(Fault::status(403).on("updateConnectorConfig"));
    let error = connector.set_config().auth(auth).sync(sync).await.unwrap_err();
    assert!(error.is_partial() && error.message().contains("were changed"), "{error:?}");

    // Other types have no OAuth app.
    s.instance.clear_requests();
    let changed = s.ph.connector("s3-02").set_auth(AuthFields::new().secret("secretKey", "x")).await.unwrap();
    assert_eq!((changed.oauth_app(), s.instance.requests().len()), (None, 1));
}

#[tokio::test]
async fn filters_are_changed_while_a_sync_is_on_by_switching_it_off_and_on() {
    let s = setup().await;
    let connector = s.ph.connector("s3-01");
    let filters = || object(json!({"sync": {"buckets": {"operator": "in", "value": ["logs"]}}}));
    assert!(connector.set_sync_filters().filters(filters()).await.unwrap_err().is_bad_request(), "it is on");
    let changed = connector.set_sync_filters().filters(filters()).switch_off_and_on().await.unwrap();
    assert_eq!(changed.sync_filters_changed, Some(true));
    let stored = s.instance.connector("s3-01").unwrap();
    assert_eq!((&stored["isActive"], s.reached("toggleConnector")), (&json!(true), 2));
    assert_eq!(stored["config"]["filters"]["sync"]["buckets"]["value"], json!(["logs"]));
    let toggles: Vec<_> = s.instance.requests().into_iter().filter(|it| it.path.ends_with("/toggle")).collect();
    assert_eq!(toggles[1].json().unwrap(), json!({"type": "sync", "fullSync": true}), "the filters have changed");

    // A sync that is off stays off.
    s.instance.clear_requests();
    s.ph.connector("s3-02").set_sync_filters().filters(filters()).switch_off_and_on().await.unwrap();
    assert_eq!((s.reached("toggleConnector"), s.reached("updateConnectorFiltersSyncConfig")), (0, 1));
    assert_eq!(s.instance.connector("s3-02").unwrap()["isActive"], false);

    // If the update fails, the sync is on again; if that fails, too, the error says that it is off.
    s.instance.fault(Fault::status(403).on("updateConnectorFiltersSyncConfig"));
    let error = connector.set_sync_filters().filters(filters()).switch_off_and_on().await.unwrap_err();
    assert!(error.is_permission_denied() && !error.is_partial(), "{error:?}");
    assert_eq!(s.instance.connector("s3-01").unwrap()["isActive"], true);
    s.instance.fault(Fault::status(403).on("toggleConnector").after(1));
    let error = connector.set_sync_filters().filters(filters()).switch_off_and_on().await.unwrap_err();
    assert!(error.is_partial() && error.message().contains("filters were changed"), "{error:?}");
    assert_eq!(s.instance.connector("s3-01").unwrap()["isActive"], false);

    // An empty update is not sent.
    s.instance.clear_requests();
    assert!(connector.set_sync_filters().await.unwrap_err().is_invalid_argument());
    assert!(connector.set_sync_filters().switch_off_and_on().await.unwrap_err().is_invalid_argument());
    assert!(connector.set_config().await.unwrap_err().is_invalid_argument());
    assert!(s.instance.requests().is_empty());
}

#[tokio::test]
async fn a_change_of_filters_that_was_interrupted_switches_the_sync_on_when_it_runs_again() {
    let s = setup().await;
    let connector = s.ph.connector("s3-01");
    let is_on = || s.instance.connector("s3-01").unwrap()["isActive"] == true;
    // As a program would store it.
    let was_on = connector.get().await.unwrap().is_active == Some(true);
    let change = |bucket: &str| {
        let filters = object(json!({"sync": {"buckets": {"operator": "in", "value": [bucket]}}}));
        connector.set_sync_filters().filters(filters).switch_off_and_on_from(was_on).into_future()
    };
    let last_toggle = || {
        let mut toggles = s.instance.requests().into_iter().filter(|it| it.path.ends_with("/toggle"));
        toggles.next_back().unwrap().json().unwrap()
    };
    // It ends after the first toggle, and after the update.
    for (bucket, operation) in [("a", "toggleConnector"), ("b", "updateConnectorFiltersSyncConfig")] {
        let gate = Gate::default();
        s.instance.fault(Fault::hold(&gate).on(operation));
        tokio::select! {
            biased;
            () = gate.arrived(1) => {}
            _ = change(bucket) => panic!("it ended without {operation}"),
        }
        assert!(!is_on(), "{operation}");
        change(bucket).await.unwrap();
        assert!(is_on(), "{operation}");
        assert_eq!(last_toggle(), json!({"type": "sync", "fullSync": true}), "{operation}");
    }
    // The response to the first toggle is lost.
    s.instance.fault(Fault::reset_after_request().applied().on("toggleConnector"));
    let error = change("c").await.unwrap_err();
    assert!(error.may_have_happened() && error.message().contains("switch_off_and_on_from(true)"), "{error:?}");
    assert!(!is_on());
    change("c").await.unwrap();
    assert!(is_on());
    let stored = s.instance.connector("s3-01").unwrap();
    assert_eq!(stored["config"]["filters"]["sync"]["buckets"]["value"], json!(["c"]));

    // What was off stays off.
    let other = s.ph.connector("s3-02");
    let filters = object(json!({"sync": {"buckets": {"operator": "in", "value": ["a"]}}}));
    other.set_sync_filters().filters(filters).switch_off_and_on_from(false).await.unwrap();
    assert_eq!(s.instance.connector("s3-02").unwrap()["isActive"], false);
}

#[tokio::test]
async fn a_create_whose_response_was_lost_is_found_and_not_repeated() {
    let s = setup().await;
    let create =
        || s.ph.create("S3", "Reports").auth("bucket", "b").auth("accessKey", "k").secret_auth("secretKey", "s");
    for fault in [Fault::reset_after_request().applied(), Fault::status(502).applied()] {
        s.instance.fault(fault.on("createConnectorInstance"));
        let found = create().find_or_create().await.unwrap();
        assert_eq!(found.instance_name.as_deref(), Some("Reports"));
        let again = create().find_or_create().await.unwrap();
        assert_eq!(again.handle(), found.handle(), "a second run finds it");
        assert_eq!(s.reached("createConnectorInstance"), 1);
        drop(found.handle().delete().await.unwrap().wait().await);
        s.instance.clear_requests();
    }
    // A request that was not processed has no effect.
    s.instance.fault(Fault::reset_after_request().on("createConnectorInstance"));
    let error = create().find_or_create().await.unwrap_err();
    assert!(error.may_have_happened() && error.message().contains("no such connector"), "{error:?}");
    assert!(s.clock.waits().iter().sum::<Duration>() >= Duration::from_secs(30), "it may have been in flight");
    assert!(create().find().await.unwrap().is_none());
    // The next run creates it.
    let created = create().find_or_create().await.unwrap();
    assert_eq!(create().find().await.unwrap().map(Entry::into_handle).as_ref(), Some(created.handle()));
}

#[tokio::test]
async fn scopes_are_the_app_s_and_the_missing_one_is_named() {
    let s = setup().await;
    s.instance.set_app_scopes("connector:read");
    // An app with few scopes works for what they allow.
    let ph = builder(&s.instance).clock(s.clock.clone()).build().unwrap();
    ph.connector("s3-02").get().await.unwrap();
    let error = ph.connector("s3-02").set_sync(true).await.unwrap_err();
    assert!(error.is_permission_denied() && error.message().contains("`connector:sync`"), "{error}");
    assert!(!error.may_have_happened(), "{error:?}");
    // A request for more scopes than the app has is rejected as a whole.
    let credentials = credentials(&s.instance).scopes([Scope::CONNECTOR_READ, Scope::CONNECTOR_SYNC]);
    let ph = Client::builder(credentials).clock(s.clock.clone()).build().unwrap();
    let error = ph.connector("s3-02").get().await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("invalid_scope"), "{error:?}");
    assert!(error.message().contains("connector:sync"), "{error}");
}

#[tokio::test]
async fn texts_that_the_server_treats_as_markup_are_explained_and_not_retried() {
    let s = setup().await;
    for secret in ["a<x>b", "on1=2", "s&t<u"] {
        let credentials = Credentials::client(s.instance.client_id(), secret).instance(s.instance.url());
        let ph = Client::builder(credentials).clock(s.clock.clone()).build().unwrap();
        s.instance.clear_requests();
        let error = ph.connector("s3-01").get().await.unwrap_err();
        assert!(error.is_auth() && error.message().contains("input filter"), "{secret}: {error:?}");
        assert!(!error.may_have_happened() && !error.to_string().contains(secret), "{secret}: {error:?}");
        assert_eq!(s.instance.requests().len(), 1, "{secret}");
    }
    s.instance.clear_requests();
    for words in ["onto=1", "a<b"] {
        let error = s.ph.all_connectors().search(words).list().try_next().await.unwrap_err();
        assert!(error.is_bad_request() && error.message().contains("input filter"), "{words}: {error:?}");
        let options = s.ph.connector("drive-01").filter_options("folders").search(words);
        let error = options.list().try_next().await.unwrap_err();
        assert!(error.is_bad_request() && error.message().contains("input filter"), "{words}: {error:?}");
    }
    assert_eq!((s.reached("listConnectorInstances"), s.reached("getFilterFieldOptions")), (2, 2));
}

#[tokio::test]
async fn a_web_page_with_status_200_is_a_wrong_url() {
    let s = setup().await;
    // The instance serves its web application there.
    let token = s.instance.personal_access_token();
    let elsewhere = Credentials::token(token).instance(format!("{}/elsewhere", s.instance.url()));
    let ph = Client::builder(elsewhere).clock(s.clock.clone()).build().unwrap();
    let error = ph.connector("s3-01").get().await.unwrap_err();
    assert!(error.is_decode() && error.status() == Some(200), "{error:?}");
    assert!(error.message().contains("text/html") && error.message().contains("right server"), "{error}");
    assert_eq!(error.attempts(), 1, "{error:?}");
    // The token endpoint, too.
    let credentials = Credentials::client("app", "secret").instance(format!("{}/elsewhere", s.instance.url()));
    let ph = Client::builder(credentials).clock(s.clock.clone()).build().unwrap();
    let error = ph.connector("s3-01").get().await.unwrap_err();
    assert!(!error.may_have_happened() && error.status() == Some(200), "{error:?}");
}

#[test]
fn settings_that_would_have_no_effect_are_errors() {
    let kept = |_: SecretString| std::future::ready(Ok::<_, Error>(()));
    for (credentials, named) in [
        (Credentials::token("t").scopes([Scope::KB_READ]), "scopes"),
        (Credentials::refresh_token("app", "t").scopes([Scope::KB_READ]), "scopes"),
        (Credentials::token("t").on_rotate(kept), "on_rotate"),
        (Credentials::client("app", "s").client_secret("s"), "client_secret"),
        (Credentials::client("app", ""), "client secret is empty"),
        (Credentials::client(" ", "s"), "client id is empty"),
        (Credentials::refresh_token("app", ""), "refresh token is empty"),
        (Credentials::token("t").instance("app.pipeshub.com"), "instance"),
    ] {
        let error = Client::builder(credentials).build().unwrap_err();
        assert!(error.is_config() && error.to_string().contains(named), "{named}: {error}");
    }
    assert!(Client::builder(Credentials::refresh_token("app", "t").on_rotate(kept)).build().is_ok());
    assert!(Client::builder(Credentials::token("a\nb")).build().is_err());
}
