//! The handles of C1 from end to end against the fake, and the requests that they send.

mod support;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connectors::Error;
use connectors::c1::{
    AppId, ConfigValue, ConnectorId, EntitlementRef, EnvConfig, Expand, Schedule, Snapshot, UserId, types,
};
use connectors_fake::{Fault, Gate};
use futures::{StreamExt, TryStreamExt};
use http::HeaderMap;
use http::header::HeaderValue;
use serde_json::{Value, json};

use support::{APP, CONNECTOR, Seconds, Setup, lenient_setup, setup, setup_with, soon};

/// The body of the last request.
fn sent(s: &Setup) -> Value {
    s.tenant.requests().last().unwrap().json().unwrap()
}

#[tokio::test]
async fn related_objects_are_returned_on_request() {
    let s = setup().await;
    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "x");
    let app = s.c1.app(APP);
    let create = || app.create_connector("catalog-github").users(["user-ada", "user-grace"]);
    let all = [Expand::App, Expand::Users, Expand::Capabilities];

    let created = create().config(config.clone()).expand(all).send_expanded().await.unwrap();
    assert_eq!(sent(&s)["expandMask"]["paths"], json!(["app_id", "user_ids", "capabilities"]));
    assert_eq!(created.app().unwrap().id.as_deref(), Some(APP));
    let users: Vec<_> = created.users().iter().filter_map(|user| user.id.as_deref()).collect();
    assert_eq!(users, ["user-ada", "user-grace"]);
    assert!(created.capabilities().unwrap().extra.contains_key("connectorCapabilities"));
    assert!(created.others().is_empty());
    let id = created.into_connector().into_data().id.unwrap();

    // A hosted connector with a name takes two calls: the last one requests the expanded objects.
    let named =
        create().config(config.clone()).display_name("Two").expand([Expand::App]).send_expanded().await.unwrap();
    assert!(named.app().is_some() && named.users().is_empty());
    let requests = s.tenant.requests();
    assert!(requests[requests.len() - 2].json().unwrap().get("expandMask").is_none());
    let delegated = create().display_name("Three").expand([Expand::Capabilities]).send_expanded().await.unwrap();
    assert!(delegated.capabilities().is_some() && delegated.app().is_none());

    let update =
        s.c1.app(APP).connector(id.as_str()).update().display_name("new").config(config).expand([Expand::Users]);
    let updated = update.send_expanded().await.unwrap();
    assert_eq!(updated.users().len(), 2);
    assert_eq!(updated.connector().display_name.as_deref(), Some("new"));
    let requests = s.tenant.requests();
    assert!(requests[requests.len() - 2].json().unwrap().get("expandMask").is_none());

    // Nothing was requested, so nothing is expanded.
    let plain = s.c1.app(APP).connector(id.as_str()).update().display_name("x").send_expanded().await.unwrap();
    assert!(plain.app().is_none() && plain.users().is_empty() && plain.others().is_empty());
    assert!(sent(&s).get("expandMask").is_none());
}

#[tokio::test]
async fn a_cleared_field_is_sent_empty_and_named_in_the_mask() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    connector.update().description("d").users(["user-ada"]).await.unwrap();
    connector.update().clear_description().clear_users().await.unwrap();
    let body = sent(&s);
    assert_eq!(body["updateMask"], "description,userIds");
    assert_eq!((&body["connector"]["description"], &body["connector"]["userIds"]), (&json!(""), &json!([])));
    let stored = s.tenant.connector(APP, CONNECTOR).unwrap();
    assert!(stored["description"] == "" && stored["userIds"] == json!([]), "{stored}");
}

#[tokio::test]
async fn a_change_of_both_kinds_that_fails_halfway_is_partial() {
    let s = setup().await;
    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "y");
    s.tenant.fault(Fault::status(403).on("ConnectorService.Update"));
    let error = s.c1.app(APP).connector(CONNECTOR).update().display_name("new").config(config).await.unwrap_err();
    assert!(error.is_permission_denied() && error.message().contains("all except the configuration"), "{error}");
    assert!(error.is_partial() && !error.may_have_happened(), "{error}");
    assert_eq!((s.reached("UpdateDelegated"), s.reached("ConnectorService.Update")), (1, 1));
    assert_eq!(s.tenant.connector(APP, CONNECTOR).unwrap()["displayName"], "new");
}

#[tokio::test]
async fn a_schedule_is_replaced_and_cannot_be_empty() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    connector.schedule(Schedule::new("0 3 * * *", "Europe/Berlin")).await.unwrap();
    assert_eq!(sent(&s), json!({"cron": {"cronSpec": "0 3 * * *", "timezone": "Europe/Berlin"}}));
    let read = connector.get().await.unwrap().connector_sync_cron_schedule.unwrap();
    assert_eq!(read.timezone.as_deref(), Some("Europe/Berlin"));

    let before = s.tenant.requests().len();
    assert!(connector.schedule(Schedule::new("", "UTC")).await.unwrap_err().is_invalid_argument());
    assert_eq!(s.tenant.requests().len(), before);
    assert!(connector.schedule(Schedule::new("nightly", "UTC")).await.unwrap_err().is_bad_request());
}

#[tokio::test]
async fn a_404_after_a_lost_response_is_not_an_error() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    let owners = connector.owners().role("owner");
    let admins = s.c1.app("app-okta").entitlement("admins");
    owners.add_user("user-ada").await.unwrap();
    owners.add_entitlement(&admins).await.unwrap();
    let lost = |operation: &str| s.tenant.fault(Fault::reset_after_request().applied().on(operation));
    lost("ConnectorOwners.DeleteUserOwner");
    owners.remove_user("user-ada").await.unwrap();
    lost("ConnectorOwners.DeleteEntitlementOwner");
    owners.remove_entitlement(&admins).await.unwrap();
    assert_eq!((s.reached("DeleteUserOwner"), s.reached("DeleteEntitlementOwner")), (2, 2));
    assert_eq!(owners.users().count().await + owners.entitlements().count().await, 0);
    let credential = connector.rotate_credential().await.unwrap().id.unwrap();
    lost("ConnectorService.RevokeCredential");
    connector.revoke_credential(credential.clone()).await.unwrap();
    assert_eq!(s.reached("RevokeCredential"), 2);
    assert!(connector.credential(credential.clone()).await.unwrap_err().is_not_found());
    assert!(connector.revoke_credential(credential).await.unwrap_err().is_not_found());

    // A service that no longer finds a deleted connector.
    lost("ConnectorService.Delete");
    s.tenant.fault(Fault::status(404).on("ConnectorService.Delete"));
    connector.delete().await.unwrap();
    assert_eq!((s.reached("ConnectorService.Delete"), s.tenant.pending_faults()), (2, 0));
    assert!(s.tenant.connector(APP, CONNECTOR).unwrap()["deletedAt"].is_string());

    // A rejected attempt has deleted nothing.
    s.tenant.fault(Fault::status(429).on("ConnectorService.Delete"));
    let error = s.c1.app(APP).connector("nobody").delete().await.unwrap_err();
    assert!(error.is_not_found() && error.attempts() == 2, "{error:?}");
    s.tenant.revoke_tokens();
    let error = s.c1.app(APP).connector("github-02").owners().role("owner").remove_user("user-ada").await.unwrap_err();
    assert!(error.is_not_found() && error.attempts() == 2, "{error:?}");
}

#[tokio::test]
async fn an_error_has_the_id_of_a_connector_that_could_not_be_named() {
    let s = setup().await;
    let create = || {
        let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "x");
        s.c1.app(APP).create_connector("catalog-github").config(config).display_name("Mine").into_future()
    };
    s.tenant.fault(Fault::status(403).on("ConnectorService.UpdateDelegated"));
    let error = create().await.unwrap_err();
    assert!(error.is_permission_denied() && error.may_have_happened(), "{error:?}");
    assert!(error.is_partial(), "{error:?}");
    let id = error.created().unwrap();
    assert!(error.message().contains(id), "{error}");
    // With the requested name, it matches.
    s.c1.app(APP).connector(id).update().display_name("Mine").await.unwrap();
    assert_eq!(s.tenant.connector(APP, id).unwrap()["displayName"], "Mine");

    // Without an id it cannot be named.
    s.tenant.clear_requests();
    for id in [json!(""), Value::Null] {
        let answer = json!({"connectorView": {"connector": {"id": id, "displayName": "GitHub"}}});
        s.tenant.fault(Fault::status(200).json(&answer).on("ConnectorService.Create"));
        let error = create().await.unwrap_err();
        assert!(error.is_decode() && error.may_have_happened() && error.created().is_none(), "{error:?}");
    }
    assert_eq!(s.reached("ConnectorService.UpdateDelegated"), 0);
}

#[tokio::test]
async fn owners_are_added_read_listed_removed_and_set() {
    let s = setup().await;
    let all = s.c1.app(APP).connector(CONNECTOR).owners();
    let (owners, reviewers) = (all.role("owner"), all.role("reviewer"));
    let ada = UserId::new("user-ada");
    let admins = EntitlementRef::new(AppId::new("app-okta"), "admins");
    assert_eq!(admins, s.c1.app("app-okta").entitlement("admins"));

    let added = owners.add_user(&ada).await.unwrap();
    assert_eq!(added.user.unwrap().id.as_deref(), Some("user-ada"));
    reviewers.add_user("user-grace").await.unwrap();
    let added = owners.add_entitlement(&admins).await.unwrap();
    assert_eq!(added.app_entitlement.unwrap().id.as_deref(), Some("admins"));
    assert!(owners.add_user("user-ada").await.unwrap_err().is_conflict());
    assert!(owners.user("user-ada").await.unwrap().created_at.is_some());
    assert_eq!(owners.entitlement(&admins).await.unwrap().role_slug.as_deref(), Some("owner"));

    let ids = |users: Vec<types::ConnectorOwnerUser>| -> Vec<String> {
        users.into_iter().filter_map(|owner| owner.user?.id).collect()
    };
    assert_eq!(ids(all.users().try_collect().await.unwrap()), ["user-ada", "user-grace"]);
    assert_eq!(ids(reviewers.users().try_collect().await.unwrap()), ["user-grace"]);
    assert_eq!(all.entitlements().count().await, 1);
    assert_eq!(reviewers.entitlements().count().await, 0);

    reviewers.remove_user("user-grace").await.unwrap();
    owners.remove_entitlement(&admins).await.unwrap();
    assert!(reviewers.user("user-grace").await.unwrap_err().is_not_found());
    assert!(owners.entitlement(&admins).await.unwrap_err().is_not_found());

    owners.set(["user-grace"], [&admins]).await.unwrap();
    assert_eq!(
        sent(&s),
        json!({"roleSlug": "owner", "userRefs": [{"id": "user-grace"}], "appEntitlementRefs": [{"appId": "app-okta", "id": "admins"}]})
    );
    assert_eq!(ids(all.users().try_collect().await.unwrap()), ["user-grace"]);
    assert_eq!(all.entitlements().count().await, 1);
    owners.set(Vec::<UserId>::new(), []).await.unwrap();
    assert_eq!(all.users().count().await + all.entitlements().count().await, 0);
    assert!(all.role("").add_user("user-ada").await.unwrap_err().is_invalid_argument());
}

#[tokio::test]
async fn an_inventory_has_every_connector_and_outlives_the_failure_of_one_app() {
    let s = setup().await;
    for n in 0..20 {
        let app = s.tenant.seed_app(json!({"displayName": format!("App {n}")}));
        s.tenant.seed_connector(&app, json!({"displayName": "only"}));
    }
    for concurrency in [1, 3, 100] {
        let all: Vec<_> = s.c1.inventory(NonZeroUsize::new(concurrency).unwrap()).try_collect().await.unwrap();
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for listed in &all {
            assert_eq!(listed.connector.app_id, listed.app.id);
            assert_eq!(listed.connector.handle().app_id(), listed.app.handle().id());
            *count.entry(listed.app.id.clone().unwrap()).or_default() += 1;
        }
        assert_eq!((all.len(), count.len(), count[APP]), (13 + 1 + 20, 22, 13));
    }

    // It lists at most as many apps at a time as its concurrency allows.
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).on("ConnectorService.List").always());
    s.tenant.clear_requests();
    let mut all = s.c1.inventory(NonZeroUsize::new(3).unwrap());
    {
        let mut next = all.next();
        let arrived = gate.arrived(3);
        futures::pin_mut!(arrived);
        soon(futures::future::select(&mut next, arrived)).await;
        // Other calls run in between, and it requests no more.
        for _ in 0..5 {
            assert!(futures::poll!(&mut next).is_pending());
            s.get().await.unwrap();
        }
    }
    assert_eq!(s.reached("ConnectorService.List"), 3);
    gate.open();
    assert_eq!(all.try_collect::<Vec<_>>().await.unwrap().len(), 13 + 1 + 20);
    s.tenant.clear_faults();

    // A 404 is not retried. It affects a random app, unless one app is listed at a time.
    s.tenant.fault(Fault::status(404).on("ConnectorService.List"));
    let results: Vec<_> = s.c1.inventory(NonZeroUsize::MIN).collect().await;
    let errors: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert!(errors.len() == 1 && errors[0].is_not_found() && errors[0].to_string().contains("app app-"), "{errors:?}");
    assert_eq!(results.len(), 1 + 1 + 20);

    s.tenant.fault(Fault::status(403).on("Apps.List"));
    let results: Vec<_> = s.c1.inventory(NonZeroUsize::MIN).collect().await;
    assert!(results.len() == 1 && results[0].as_ref().unwrap_err().is_permission_denied());
}

#[tokio::test]
async fn a_configuration_is_read_changed_and_written_back_without_loss() {
    let s = lenient_setup().await;
    let id = ConnectorId::new(s.tenant.seed_connector(
        APP,
        json!({"catalogId": "catalog-github", "config": {
            "@type": "type.googleapis.com/c1.api.app.v1.EnvConfig",
            "configuration": {"GITHUB_ORGANIZATION": {"stringValue": "old"}, "new": {"numberValue": 7}},
            "beside": [1],
        }}),
    ));
    let connector = s.c1.app(APP).connector(&id);
    let config = EnvConfig::from(&connector.get().await.unwrap().config.unwrap());
    assert_eq!(config.get("GITHUB_ORGANIZATION"), Some(ConfigValue::Text("old".to_owned())));
    connector.update().config(config.text("GITHUB_ORGANIZATION", "new")).await.unwrap();
    assert_eq!(
        s.tenant.connector(APP, id.as_str()).unwrap()["config"],
        json!({
            "@type": "type.googleapis.com/c1.api.app.v1.EnvConfig",
            "configuration": {"GITHUB_ORGANIZATION": {"stringValue": "new"}, "new": {"numberValue": 7}},
            "beside": [1],
        })
    );
}

#[tokio::test]
async fn an_attempt_is_reported_with_its_duration() {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&reported);
    let s = setup_with(|builder| builder.on_attempt(move |attempt| seen.lock().unwrap().push(attempt.elapsed()))).await;
    // The token is cached.
    s.get().await.unwrap();
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).on("ConnectorService.Get"));
    let time = async {
        gate.arrived(1).await;
        s.clock.advance(Duration::from_secs(7));
        gate.open();
    };
    let (read, ()) = soon(async { tokio::join!(s.get(), time) }).await;
    read.unwrap();
    assert_eq!(reported.lock().unwrap().last(), Some(&Duration::from_secs(7)));
}

#[tokio::test]
async fn every_attempt_is_reported_and_has_the_programs_headers() {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&reported);
    let s = setup_with(|builder| {
        builder
            .on_attempt(move |attempt| {
                let operation = attempt.operation().map_or("token", |operation| operation.name());
                let failed = attempt.error().is_some();
                seen.lock().unwrap().push((operation, attempt.number(), attempt.status(), failed, attempt.wait()));
            })
            .headers_with(|operation| {
                let mut headers = HeaderMap::new();
                headers.insert("x-operation", HeaderValue::from_static(operation.name()));
                headers.insert("authorization", HeaderValue::from_static("Bearer PLANTED"));
                headers
            })
    })
    .await;
    s.tenant.fault(Fault::status(503).on("ConnectorService.Get"));
    s.tenant.fault(Fault::close_after_request().on("ConnectorService.Get"));
    s.get().await.unwrap();
    s.tenant.revoke_tokens();
    s.get().await.unwrap();
    let half = Duration::from_millis(500);
    let expected = [
        ("token", 1, Some(200), false, None),
        ("get", 1, Some(503), true, Some(half)),
        ("get", 2, None, true, Some(half * 2)),
        ("get", 3, Some(200), false, None),
        ("get", 1, Some(401), true, Some(Duration::ZERO)),
        ("token", 1, Some(200), false, None),
        ("get", 2, Some(200), false, None),
    ];
    assert_eq!(*reported.lock().unwrap(), expected);
    for request in s.tenant.requests() {
        let is_call = request.path != "/auth/v1/token";
        assert_eq!(request.header("x-operation"), is_call.then_some("get"));
        assert!(request.header("authorization").is_none_or(|value| !value.contains("PLANTED")));
    }
}

/// The ids of the app's connectors.
async fn connector_ids(s: &Setup) -> Vec<String> {
    let ids = s.c1.app(APP).connectors().map_ok(|connector| connector.handle().id().to_string());
    ids.try_collect().await.unwrap()
}

#[tokio::test]
async fn a_create_whose_response_was_lost_is_found_and_not_repeated() {
    let s = setup().await;
    let app = s.c1.app(APP);
    let create = || {
        let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "x");
        app.create_connector("catalog-github").config(config).description("mine").display_name("Mine")
    };
    let stored = serde_json::to_string(&app.snapshot().await.unwrap()).unwrap();
    let before: Snapshot = serde_json::from_str(&stored).unwrap();
    let count = connector_ids(&s).await.len();
    // A connector of another program is not mistaken for it.
    s.tenant.seed_connector(APP, json!({"catalogId": "catalog-okta", "description": "mine"}));
    s.tenant.seed_connector(APP, json!({"catalogId": "catalog-github", "description": "theirs"}));
    assert!(create().find(&before).await.unwrap().is_none());

    s.tenant.fault(Fault::reset_after_request().applied().on("ConnectorService.Create"));
    // The first list after the create does not contain it yet.
    s.tenant.fault(Fault::status(200).json(&json!({"list": []})).on("ConnectorService.List").after(7));
    s.tenant.clear_requests();
    let made = create().find_or_create(&before).await.unwrap();
    assert_eq!((made.display_name.as_deref(), s.reached("ConnectorService.Create")), (Some("Mine"), 1));
    assert_eq!((s.reached("ConnectorService.List"), s.tenant.pending_faults()), (9, 0));
    // The program's next run finds it, and so does one without the stored snapshot.
    for before in [&before, &serde_json::from_str(&stored).unwrap()] {
        let found = create().find_or_create(before).await.unwrap();
        assert_eq!(found.handle().id(), made.handle().id());
        assert_eq!(create().find(before).await.unwrap().unwrap().handle().id(), made.handle().id());
    }
    assert_eq!((s.reached("ConnectorService.Create"), connector_ids(&s).await.len()), (1, count + 3));

    // Two that match: nothing is created.
    let other = create().await.unwrap().into_handle();
    let error = create().find_or_create(&before).await.unwrap_err();
    let ids = [made.handle().id().as_str(), other.id().as_str()];
    assert!(error.is_conflict() && ids.iter().all(|id| error.message().contains(id)), "{error}");
    assert_eq!(s.reached("ConnectorService.Create"), 2);
    // Deleted ones do not match.
    other.delete().await.unwrap();
    assert_eq!(create().find_or_create(&before).await.unwrap().handle().id(), made.handle().id());

    let elsewhere = s.c1.app("app-okta").create_connector("catalog-okta");
    assert!(elsewhere.find_or_create(&before).await.unwrap_err().is_invalid_argument());
}

#[tokio::test]
async fn a_create_that_was_not_processed_is_proved_and_can_be_repeated() {
    let s = setup().await;
    let app = s.c1.app(APP);
    let create = || app.create_connector("catalog-github").display_name("Ours");
    let before = app.snapshot().await.unwrap();
    let count = connector_ids(&s).await.len();
    s.tenant.fault(Fault::close_after_request().on("ConnectorService.CreateDelegated"));
    let error = create().find_or_create(&before).await.unwrap_err();
    assert!(error.may_have_happened() && error.message().contains("no new connector"), "{error}");
    // It lists once before, with a snapshot of this run; then as long as the request may be in flight.
    assert_eq!(s.clock.waits().seconds(), [5.0; 6]);
    assert!(create().find(&before).await.unwrap().is_none());
    assert_eq!(connector_ids(&s).await.len(), count);
    assert!(create().find_or_create(&before).await.is_ok());
    assert_eq!((s.reached("ConnectorService.CreateDelegated"), connector_ids(&s).await.len()), (2, count + 1));

    // If the search fails, the outcome stays unknown.
    let before = app.snapshot().await.unwrap();
    s.tenant.fault(Fault::close_after_request().on("ConnectorService.CreateDelegated"));
    s.tenant.fault(Fault::status(403).on("ConnectorService.List").after(1));
    let error = create().find_or_create(&before).await.unwrap_err();
    assert!(error.may_have_happened() && error.message().contains("searching for it failed"), "{error}");
    // A rejection is certain, and nothing is searched.
    s.tenant.fault(Fault::status(400).on("ConnectorService.CreateDelegated"));
    let error = create().find_or_create(&before).await.unwrap_err();
    assert!(error.is_bad_request() && !error.may_have_happened(), "{error}");
}

#[tokio::test]
async fn a_connector_that_was_not_named_is_named_by_the_next_run() {
    let s = setup().await;
    let app = s.c1.app(APP);
    let create = || {
        let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "x");
        app.create_connector("catalog-github").config(config).display_name("Mine")
    };
    let before = app.snapshot().await.unwrap();
    s.tenant.fault(Fault::status(403).on("ConnectorService.UpdateDelegated"));
    let error = create().find_or_create(&before).await.unwrap_err();
    let id = error.created().unwrap().to_owned();
    assert!(error.is_partial() && error.is_permission_denied(), "{error}");
    let found = create().find_or_create(&before).await.unwrap();
    assert_eq!((found.handle().id().as_str(), found.display_name.as_deref()), (id.as_str(), Some("Mine")));
    assert_eq!((s.reached("ConnectorService.Create"), s.reached("UpdateDelegated")), (1, 2));
}

#[tokio::test]
async fn a_response_without_its_object_is_an_error_with_the_facts_of_the_call() {
    let s = setup().await;
    s.get().await.unwrap();
    let connector = s.c1.app(APP).connector(CONNECTOR);
    let owners = connector.owners().role("owner");
    let nothing = |operation: &str| {
        let fault = Fault::status(200).json(&json!({})).header("x-request-id", "theirs");
        s.tenant.fault(fault.on(operation));
    };
    let check = |error: Error, operation: &str, in_doubt: bool| {
        let facts = (error.status(), error.attempts(), error.request_id(), error.operation());
        assert_eq!(facts, (Some(200), 1, Some("theirs"), Some(operation)), "{error}");
        assert!(error.is_decode() && error.host() == Some(s.tenant.host()), "{error}");
        assert_eq!(error.may_have_happened(), in_doubt, "{error}");
    };
    nothing("ConnectorService.Get");
    check(connector.get().await.unwrap_err(), "get", false);
    nothing("Apps.Get");
    check(s.c1.app(APP).get().await.unwrap_err(), "get_app", false);
    nothing("ConfigurationSchema");
    check(s.c1.app(APP).configuration_schema("catalog-github").await.unwrap_err(), "configuration_schema", false);
    nothing("ConnectorService.Create");
    check(s.create().await.unwrap_err(), "create", true);
    nothing("ConnectorService.UpdateDelegated");
    check(connector.update().display_name("x").await.unwrap_err(), "update_delegated", false);
    nothing("RotateCredential");
    check(connector.rotate_credential().await.unwrap_err(), "rotate_credential", true);
    nothing("CreateUserOwner");
    check(owners.add_user("user-ada").await.unwrap_err(), "create_user_owner", true);
    nothing("GetUserOwner");
    check(owners.user("user-ada").await.unwrap_err(), "get_user_owner", false);
    let row = Fault::status(200).json(&json!({"list": [{"connector": {"displayName": "no id"}}]}));
    s.tenant.fault(row.header("x-request-id", "theirs").on("ConnectorService.List"));
    check(s.c1.app(APP).connectors().try_next().await.unwrap_err(), "list", false);
}

#[tokio::test]
async fn entries_of_lists_and_creates_have_handles() {
    let s = setup().await;
    let app = s.c1.apps().try_next().await.unwrap().unwrap();
    assert_eq!(app.handle().id(), &app.id.as_deref().unwrap());
    let row = app.handle().connectors().try_next().await.unwrap().unwrap();
    assert_eq!(row.handle().get().await.unwrap().id, row.id);
    assert_eq!((row.handle().app_id(), row.handle().app().id()), (app.handle().id(), app.handle().id()));
    // A setter takes a text or an `Option`.
    let (none, name): (Option<&str>, Option<String>) = (None, Some("named".to_owned()));
    let created = app.handle().create_connector("catalog-github").description(none).display_name(name.as_deref());
    let created = created.config(None).await.unwrap();
    assert!(!sent(&s).as_object().unwrap().contains_key("description"));
    let changed = created.handle().update().display_name(none).description("d").await.unwrap();
    assert_eq!(sent(&s)["updateMask"], "description");
    assert_eq!(changed.handle().id(), created.handle().id());
    assert!(created.handle().update().display_name("x").display_name(none).await.unwrap_err().is_invalid_argument());
}

#[tokio::test]
async fn a_configuration_is_checked_before_it_is_sent() {
    let s = setup().await;
    let schema = s.c1.app(APP).configuration_schema("catalog-github").await.unwrap();
    let config = EnvConfig::new().text("GITHUB_ORGANISATION", "x").secret("GITHUB_TOKEN", "PLANTED");
    let error = config.validate(&schema).unwrap_err();
    assert!(error.is_invalid_argument() && !error.to_string().contains("PLANTED"), "{error}");
    assert!(error.message().contains("`GITHUB_ORGANISATION` (did you mean `GITHUB_ORGANIZATION`?)"), "{error}");
    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "x").secret("GITHUB_TOKEN", "PLANTED");
    config.validate(&schema).unwrap();
    // Text that the service would split is not sent.
    let error = config.list("GITHUB_ORGANIZATION", ["a", "b,c"]).unwrap_err();
    assert!(error.is_invalid_argument() && error.to_string().contains("GITHUB_ORGANIZATION"), "{error}");
}
