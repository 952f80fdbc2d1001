//! The handles of PipesHub from end to end, against an instance in process that behaves like the server; also after
//! lost responses.

mod support;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connectors::auth::{ExposeSecret, SecretString};
use connectors::pipeshub::types::{ConnectorAuthType, ConnectorInstanceStatus};
use connectors::pipeshub::{
    AuthFields, BrowserLogin, Client, Connector, ConnectorScope, Credentials, DeletionProgress, IndexingProgress,
    Scope, Switched, SyncProgress, types,
};
use connectors::{Connection, Entry, Error, Paced};
use connectors_fake::Fault;
use connectors_fake::pipeshub::{Instance, SyncScript};
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use support::pipeshub::{object, setup};
use support::{Seconds, TestClock};

/// The ids of a list.
fn ids(found: Vec<Entry<Connector, types::ConnectorInstance>>) -> Vec<String> {
    found.into_iter().map(|it| it.handle().id().to_string()).collect()
}

#[tokio::test]
async fn records_are_read_page_by_page_until_the_server_says_that_no_page_follows() {
    let s = setup().await;
    for number in 0..100 {
        s.instance.seed_record(json!({"id": format!("record-{number}"), "name": number.to_string()}));
    }
    let rows: Vec<_> = s.ph.api().records().navigate().limit(50).items().try_collect().await.unwrap();
    let ids: HashSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    // Two records are there from the start.
    assert_eq!((rows.len(), ids.len()), (102, 102));
    assert_eq!(s.reached("navigateKnowledgeGraph"), 3);
    // One page, without a `pagination`.
    let none: Vec<_> = s.ph.api().records().navigate().node_id("nobody").items().try_collect().await.unwrap();
    assert_eq!((none.len(), s.reached("navigateKnowledgeGraph")), (0, 4));
}

#[tokio::test]
async fn a_connector_from_the_registry_to_its_records() {
    let s = setup().await;
    let types: Vec<_> = s.ph.registry().try_collect().await.unwrap();
    assert!(types.iter().any(|it| it.connector_type.as_deref() == Some("S3")));
    let schema = s.ph.connector_schema("S3").await.unwrap();
    let fields = &schema.auth.unwrap()["schemas"]["ACCESS_KEY"]["fields"];
    assert!(fields.as_array().unwrap().iter().any(|field| field["name"] == "secretKey"));
    assert!(s.ph.connector_schema("s3").await.unwrap_err().is_not_found(), "capitals matter");

    let create = s.ph.create("S3", "Reports").auth_type(ConnectorAuthType::AccessKey).auth("bucket", "reports");
    let created = create.auth("accessKey", "k").secret_auth("secretKey", "not-a-real-key").await.unwrap();
    assert_eq!(created.is_configured, Some(true));
    let connector = created.handle();
    let read = connector.get().await.unwrap();
    assert_eq!((read.connector_id.as_deref(), read.is_active), (Some(connector.id().as_str()), Some(false)));
    let config = connector.config().await.unwrap();
    assert_eq!(config.config.unwrap().auth.unwrap()["bucket"], "reports");

    let renamed = connector.rename("Reports, renamed").await.unwrap();
    assert_eq!(renamed.instance_name.as_deref(), Some("Reports, renamed"));
    let auth = AuthFields::new().field("bucket", "other").field("accessKey", "k").secret("secretKey", "x");
    connector.set_auth(auth).await.unwrap();
    connector.set_config().sync(object(json!({"selectedStrategy": "MANUAL"}))).await.unwrap();
    let filters = object(json!({"sync": {"buckets": {"operator": "in", "value": ["logs"]}}}));
    let answer = connector.set_sync_filters().filters(filters).await.unwrap();
    assert_eq!(answer.sync_filters_changed, Some(true));
    let stored = s.instance.connector(connector.id().as_str()).unwrap();
    assert_eq!(stored["config"]["auth"]["bucket"], "other");
    assert_eq!(stored["config"]["filters"]["sync"]["buckets"]["value"], json!(["logs"]));

    connector.set_sync(true).full_sync(true).await.unwrap();
    assert!(connector.set_auth(AuthFields::new()).await.unwrap_err().is_bad_request(), "active");
    let synced = connector.wait_for_sync().wait().await.unwrap();
    assert_eq!(synced.instance().status, Some(ConnectorInstanceStatus::Idle));
    let counts = connector.wait_for_indexing().wait().await.unwrap();
    assert_eq!((counts.total, counts.indexing_status.unwrap()["COMPLETED"]), (Some(12), 12));
}

#[tokio::test]
async fn lists_are_of_one_scope_or_of_both() {
    let s = setup().await;
    let team: Vec<_> = s.ph.connectors(ConnectorScope::Team).list().try_collect().await.unwrap();
    let own: Vec<_> = s.ph.connectors(ConnectorScope::Personal).list().try_collect().await.unwrap();
    assert_eq!((team.len(), ids(own)), (14, vec!["local-01".to_owned()]));
    s.instance.clear_requests();
    let all: Vec<_> = s.ph.all_connectors().list().try_collect().await.unwrap();
    assert_eq!((all.len(), s.reached("listConnectorInstances")), (15, 2));
    let active: Vec<_> = s.ph.all_connectors().active(true).list().try_collect().await.unwrap();
    assert_eq!(ids(active), ["s3-01", "local-01"]);
    let drive = s.ph.connectors(ConnectorScope::Team).of_type("Drive").authenticated(false);
    let drive: Vec<_> = drive.search("company").list().try_collect().await.unwrap();
    assert_eq!(ids(drive), ["drive-01"]);

    // More than a page.
    for number in 0..200 {
        s.instance.seed_connector(json!({"type": "S3", "name": format!("More {number}")}));
    }
    s.instance.clear_requests();
    let all: Vec<_> = s.ph.all_connectors().list().try_collect().await.unwrap();
    assert_eq!((all.len(), s.reached("listConnectorInstances")), (215, 3));
    assert_eq!(all.last().unwrap().handle().id().as_str(), "local-01");
    // A program that was killed resumes where it was: in a page, at its end, between two scopes.
    for read in [1, 199, 200, 201, 214, 215] {
        let mut list = s.ph.all_connectors().list();
        let mut seen = Vec::new();
        for _ in 0..read {
            seen.push(list.try_next().await.unwrap().unwrap());
        }
        let stored = serde_json::to_string(&list.cursor()).unwrap();
        let resumed = s.ph.all_connectors().list().resume(serde_json::from_str(&stored).unwrap());
        seen.extend(resumed.try_collect::<Vec<_>>().await.unwrap());
        assert_eq!(ids(seen), ids(all.clone()), "{read}");
    }
    let types: Vec<_> = s.ph.registry_of(ConnectorScope::Personal).try_collect().await.unwrap();
    assert!(types.iter().all(|it| it.connector_type.as_deref() != Some("Confluence")));
}

#[tokio::test]
async fn a_list_that_contradicts_itself_is_an_error_and_one_that_changes_is_read() {
    let s = setup().await;
    let page = |ids: &[&str], pagination: Value| {
        let connectors: Vec<Value> = ids.iter().map(|id| json!({"_key": id, "type": "S3"})).collect();
        let body = json!({"success": true, "connectors": connectors, "pagination": pagination});
        s.instance.fault(Fault::status(200).json(&body).on("listConnectorInstances"));
    };
    let read = || async {
        let list = s.ph.connectors(ConnectorScope::Team).list();
        let read: Vec<_> = list.map_ok(|it| it.handle().id().to_string()).collect().await;
        assert_eq!(s.instance.pending_faults(), 0, "{read:?}");
        read
    };

    // The server reported a next page, which is missing. The items before it are returned.
    for wrong in [
        json!({"page": 2, "totalCount": 500, "totalPages": 3, "hasNext": true}),
        json!({"page": 2, "totalCount": 500, "totalPages": 3, "hasNext": false}),
        json!({"hasMore": true}),
    ] {
        page(&["c1"], json!({"page": 1, "totalCount": 500, "totalPages": 3, "hasNext": true}));
        page(&[], wrong.clone());
        let read = read().await;
        let error = read[1].as_ref().unwrap_err();
        assert!(read.len() == 2 && read[0].as_deref().is_ok_and(|id| id == "c1"), "{wrong}: {read:?}");
        assert!(error.is_decode() && error.operation() == Some("list"), "{wrong}: {error:?}");
        assert!(error.to_string().contains("ends too early"), "{wrong}: {error}");
    }
    // Another page than the requested one.
    page(&["c1"], json!({"page": 1, "hasNext": true}));
    page(&["c1"], json!({"page": 1, "hasNext": true}));
    let twice = read().await;
    assert!(twice.len() == 2 && twice[1].as_ref().is_err_and(Error::is_decode), "{twice:?}");

    // It became shorter, or longer, while it was read.
    page(&["c1"], json!({"page": 1, "totalCount": 201, "totalPages": 2, "hasNext": true, "nextPage": 2}));
    page(&[], json!({"page": 2, "totalCount": 200, "totalPages": 1, "hasNext": false, "nextPage": null}));
    assert_eq!(read().await.into_iter().collect::<Result<Vec<_>, _>>().unwrap(), ["c1"]);
    page(&["c1"], json!({"page": 1, "totalCount": 201, "totalPages": 2, "hasNext": true}));
    page(&["c2"], json!({"page": 2, "totalCount": 401, "totalPages": 3, "hasNext": true}));
    page(&["c3"], json!({"page": 3, "totalCount": 401, "totalPages": 3, "hasNext": false}));
    assert_eq!(read().await.into_iter().collect::<Result<Vec<_>, _>>().unwrap(), ["c1", "c2", "c3"]);
    // The server's `hasNext` is trusted.
    page(&["c1"], json!({"page": 1, "totalPages": 2, "hasNext": false}));
    page(&["c2"], json!({"page": 2, "totalPages": 2, "hasNext": true}));
    page(&[], json!({"page": 3, "totalPages": 2, "hasNext": true}));
    assert_eq!(read().await.into_iter().collect::<Result<Vec<_>, _>>().unwrap(), ["c1", "c2"]);
}

#[tokio::test]
async fn a_200_that_reports_a_failure_is_refused() {
    let s = setup().await;
    let connector = s.ph.connector("drive-01");
    let refusing = |operation: &str| {
        let body = json!({"success": false, "message": "no room left"});
        s.instance.fault(Fault::status(200).json(&body).on(operation));
    };
    refusing("updateConnectorFiltersSyncConfig");
    let filters = object(json!({"sync": {}}));
    let error = connector.set_sync_filters().filters(filters).await.unwrap_err();
    assert!(error.is_refused() && !error.may_have_happened() && error.message() == "no room left", "{error:?}");
    assert!(error.status() == Some(200) && error.request_id().is_some(), "{error:?}");
    refusing("createConnectorInstance");
    let error = s.ph.create("S3", "New").await.unwrap_err();
    assert!(error.is_refused() && error.created().is_none(), "{error:?}");
    // It is not an empty list.
    refusing("listConnectorInstances");
    let error = s.ph.all_connectors().list().try_next().await.unwrap_err();
    assert!(error.is_refused() && error.message() == "no room left", "{error:?}");
    refusing("getConnectorInstance");
    let error = connector.get().await.unwrap_err();
    assert!(error.is_refused() && error.message() == "no room left", "{error:?}");
    refusing("getConnectorStats");
    assert!(connector.stats().await.unwrap_err().is_refused());
    refusing("getConnectorRegistry");
    assert!(s.ph.registry().try_next().await.unwrap_err().is_refused());
    refusing("getFilterFieldOptions");
    assert!(connector.filter_options("folders").list().try_next().await.unwrap_err().is_refused());
    refusing("getConnectorFilters");
    assert!(connector.filters().await.unwrap_err().is_refused());
    refusing("getConnectorConfig");
    assert!(connector.config().await.unwrap_err().is_refused());
    refusing("getConnectorSchema");
    assert!(s.ph.connector_schema("S3").await.unwrap_err().is_refused());
}

#[tokio::test]
async fn a_switch_is_set_and_never_toggled_twice() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    let switched = connector.set_sync(true).await.unwrap();
    assert!(matches!(&switched, Switched::Flipped(now) if now.is_active == Some(true)), "{switched:?}");
    let switched = connector.set_sync(true).await.unwrap();
    assert!(matches!(switched, Switched::Already(_)));
    assert_eq!(s.reached("toggleConnector"), 1);
    assert!(connector.set_sync(false).await.unwrap().is_flipped());

    // An invalid request is rejected by the server, with a certain outcome.
    let error = connector.set_agent(true).await.unwrap_err();
    assert!(error.is_bad_request() && !error.may_have_happened(), "{error:?}");

    // The state is not in the response: nothing is sent.
    let without = json!({"success": true, "connector": {"_key": "s3-02", "type": "S3"}});
    s.instance.fault(Fault::status(200).json(&without).on("getConnectorInstance"));
    s.instance.clear_requests();
    let error = connector.set_sync(true).await.unwrap_err();
    assert!(error.is_conflict() && error.status().is_none() && !error.may_have_happened(), "{error:?}");
    assert_eq!(s.reached("toggleConnector"), 0);
}

#[tokio::test]
async fn a_toggle_whose_response_is_lost_has_an_unknown_outcome_and_can_be_repeated() {
    for (fault, flips) in [
        (Fault::close_after_request(), true),
        (Fault::close_after_request().applied(), false),
        (Fault::status(502).applied(), false),
    ] {
        let s = setup().await;
        let connector = s.ph.connector("s3-02");
        connector.get().await.unwrap();
        let told = format!("{fault:?}");
        s.instance.fault(fault.on("toggleConnector"));
        let error = connector.set_sync(true).await.unwrap_err();
        assert!(error.may_have_happened() && error.to_string().contains("try again"), "{told}: {error}");
        assert_eq!(s.reached("toggleConnector"), 1, "{told}");
        let switched = connector.set_sync(true).await.unwrap();
        assert_eq!(switched.is_flipped(), flips, "{told}");
        assert_eq!(switched.instance().is_active, Some(true));
    }
}

#[tokio::test]
async fn a_toggle_that_cannot_be_read_afterwards_may_have_happened() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    let unread = || Fault::status(403).on("getConnectorInstance").after(1);
    // The response arrived, but the state cannot be known.
    s.instance.fault(unread());
    let error = connector.set_sync(true).await.unwrap_err();
    assert!(error.is_permission_denied() && error.may_have_happened(), "{error:?}");
    assert!(error.message().contains("was toggled, but could not be read"), "{error}");
    assert_eq!(s.instance.connector("s3-02").unwrap()["isActive"], true);

    // Neither.
    s.instance.fault(unread());
    s.instance.fault(Fault::close_after_request().on("toggleConnector"));
    let error = connector.set_sync(false).await.unwrap_err();
    assert!(error.may_have_happened() && error.message().contains("cannot be read now"), "{error}");
    assert_eq!((s.reached("toggleConnector"), s.instance.pending_faults()), (2, 0));
    assert_eq!(s.instance.connector("s3-02").unwrap()["isActive"], true);
}

#[tokio::test]
async fn a_sync_is_waited_for_though_it_begins_late() {
    let s = setup().await;
    s.instance.next_sync(SyncScript::default().polls(3, 2));
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).await.unwrap();
    let mut watch = connector.wait_for_sync().watch();
    let mut seen = Vec::new();
    while let Some(progress) = watch.try_next().await.unwrap() {
        seen.push(match progress {
            SyncProgress::Idle(_) => "idle",
            SyncProgress::Running(_) => "running",
            SyncProgress::Settling(_) => "settling",
            SyncProgress::Ended(_) => "ended",
            _ => "other",
        });
    }
    assert_eq!(seen, ["idle", "running", "settling", "ended"]);
    let waits = s.clock.waits().seconds();
    assert!(waits.iter().all(|wait| *wait == 5.0), "{waits:?}");

    // Nothing begins: it ends after `begins_within`, or at once.
    s.clock.advance(Duration::from_secs(1));
    let before = s.clock.waits().len();
    assert!(!connector.wait_for_sync().wait().await.unwrap().is_synced());
    assert_eq!(s.clock.waits().len(), before + 3);
    assert!(!connector.wait_for_sync().begins_within(Duration::ZERO).wait().await.unwrap().is_synced());
    assert_eq!(s.clock.waits().len(), before + 3);

    // It never ends, or with an unknown status.
    s.instance.next_sync(SyncScript::status("STUCK"));
    connector.resync().await.unwrap();
    let wait = connector.wait_for_sync().poll_every(Duration::from_secs(60)).deadline(Duration::from_secs(3600));
    let error = wait.wait().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn indexing_is_waited_for_by_its_counts() {
    let s = setup().await;
    s.instance.next_sync(SyncScript::default().indexing(3).records(6, 2));
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).await.unwrap();
    assert!(connector.wait_for_sync().settles_within(Duration::ZERO).wait().await.unwrap().is_synced());
    let pending: Vec<i128> = connector
        .wait_for_indexing()
        .watch()
        .map_ok(|progress| progress.pending().unwrap())
        .try_collect()
        .await
        .unwrap();
    // The wait for the sync has polled the counts six times.
    assert_eq!(pending, [4, 2, 0]);

    // Failed records are indexed again.
    connector.reindex().statuses(["FAILED"]).await.unwrap();
    let mut watch = connector.wait_for_indexing().poll_every(Duration::from_secs(1)).watch();
    let first = watch.try_next().await.unwrap().unwrap();
    assert!(matches!(&first, IndexingProgress::Running(counts) if counts.total == Some(6)), "{first:?}");
    let counts = connector.wait_for_indexing().wait().await.unwrap();
    assert_eq!(counts.indexing_status.unwrap()["COMPLETED"], 6);
}

#[tokio::test]
async fn impossible_resyncs_and_reindexing_fail_before_they_are_sent() {
    let s = setup().await;
    let inactive = s.ph.connector("s3-02");
    let resync = inactive.resync().await.map(drop).unwrap_err();
    let reindex = inactive.reindex().await.map(drop).unwrap_err();
    assert!(resync.is_conflict() && reindex.is_conflict() && resync.status().is_none() && reindex.status().is_none());
    assert_eq!((s.reached("resyncConnector"), s.reached("reindexConnector")), (0, 0));

    let local = s.ph.connector("local-01");
    let resynced = local.resync().full_sync(true).await.unwrap();
    let sent = s.instance.requests().pop().unwrap().json().unwrap();
    assert_eq!(sent, json!({"connectorName": "localfs", "fullSync": true}));
    assert!(resynced.is_client_managed() && !resynced.cancelled_a_sync(), "{resynced:?}");
    let active = s.ph.connector("s3-01");
    assert!(!active.resync().await.unwrap().cancelled_a_sync());
    assert!(active.resync().await.unwrap().cancelled_a_sync(), "it ran");
    assert!(s.instance.set("s3-01", "/isLocked", json!(true)));
    let error = active.resync().await.unwrap_err();
    assert!(error.is_conflict() && error.status() == Some(409), "it is locked: {error:?}");
    assert!(s.instance.set("s3-01", "/isLocked", json!(false)));

    s.instance.fault(Fault::reset_after_request().on("reindexConnector"));
    assert!(active.reindex().await.unwrap_err().may_have_happened());
    assert_eq!(s.reached("reindexConnector"), 1);
}

#[tokio::test]
async fn a_deletion_is_waited_for_until_a_read_returns_404() {
    let s = setup().await;
    let deletion = s.ph.connector("s3-02").delete().await.unwrap();
    assert_eq!(deletion.data().status, Some(ConnectorInstanceStatus::Deleting));
    let seen: Vec<_> = deletion.watch().try_collect().await.unwrap();
    assert!(matches!(seen.as_slice(), [DeletionProgress::Running(_), DeletionProgress::Gone]), "{seen:?}");

    // The response is lost; a retry finds the deletion that the first attempt began.
    s.instance.fault(Fault::close_after_request().applied().on("deleteConnectorInstance"));
    let deletion = s.ph.connector("s3-03").delete().await.unwrap();
    deletion.deadline(Duration::from_secs(60)).wait().await.unwrap();
    assert!(s.ph.connector("s3-03").get().await.unwrap_err().is_not_found());

    assert!(s.instance.set("s3-04", "/isLocked", json!(true)));
    assert!(s.ph.connector("s3-04").delete().await.unwrap_err().is_conflict());

    // The deletion fails, or does not end.
    let deletion = s.ph.connector("s3-05").delete().await.unwrap();
    let mut watch = deletion.watch();
    assert!(matches!(watch.try_next().await, Ok(Some(DeletionProgress::Running(_)))));
    s.instance.set("s3-05", "/status", json!(null));
    assert!(watch.try_next().await.unwrap_err().to_string().contains("failed"));
    s.instance.set_deletion_polls(u32::MAX);
    let deletion = s.ph.connector("s3-06").delete().await.unwrap();
    assert!(deletion.deadline(Duration::from_secs(60)).wait().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn options_of_a_filter_are_read_page_by_page() {
    let s = setup().await;
    let connector = s.ph.connector("drive-01");
    assert!(connector.filters().await.unwrap_err().is_bad_request(), "it is not authorized at its source");
    assert!(s.instance.set("drive-01", "/isAuthenticated", json!(true)));
    assert!(connector.filters().await.unwrap().contains_key("folders"));
    let ids = |found: Vec<connectors::pipeshub::types::FilterOption>| {
        found.into_iter().map(|it| it.id.unwrap()).collect::<Vec<_>>()
    };
    let all: Vec<_> = connector.filter_options("folders").page_size(2).list().try_collect().await.unwrap();
    assert_eq!(ids(all), ["folder-1", "folder-2", "folder-3", "folder-4", "folder-5"]);
    assert_eq!(s.reached("getFilterFieldOptions"), 3);
    let legal = connector.filter_options("folders").context_group_path("legal/contracts").context_group_path("finance");
    let legal: Vec<_> = legal.exclude_context_group_path("finance/plans").list().try_collect().await.unwrap();
    assert_eq!(ids(legal), ["folder-1", "folder-3"]);
    let found: Vec<_> = connector.filter_options("folders").search("draft").list().try_collect().await.unwrap();
    assert_eq!(ids(found), ["folder-2"]);
    let error = connector.filter_options("nothing").list().try_collect::<Vec<_>>().await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");

    // A reported next page has to exist, by number and by cursor.
    let page = |body: Value| s.instance.fault(Fault::status(200).json(&body).on("getFilterFieldOptions"));
    let read = || async {
        let read: Vec<_> = connector.filter_options("folders").list().map_ok(|it| it.id.unwrap()).collect().await;
        assert_eq!(s.instance.pending_faults(), 0, "{read:?}");
        read
    };
    page(json!({"success": true, "options": [{"id": "f1"}], "page": 1, "hasMore": true}));
    page(json!({"success": true, "options": [], "page": 2, "hasMore": true}));
    let cut = read().await;
    assert!(cut.len() == 2 && cut[1].as_ref().is_err_and(Error::is_decode), "{cut:?}");
    page(json!({"success": true, "options": [{"id": "f1"}], "page": 1, "hasMore": true}));
    page(json!({"success": true, "options": [{"id": "f1"}], "page": 1, "hasMore": true}));
    let cut = read().await;
    assert!(cut.len() == 2 && cut[1].as_ref().is_err_and(Error::is_decode), "{cut:?}");
    page(json!({"success": true, "options": [{"id": "f1"}], "hasMore": true, "cursor": "a"}));
    page(json!({"success": true, "options": [{"id": "f2"}], "hasMore": true, "cursor": null}));
    let cut = read().await;
    assert!(cut.len() == 3 && cut[1].as_deref().is_ok_and(|id| id == "f2"), "{cut:?}");
    assert!(cut[2].as_ref().is_err_and(|error| error.to_string().contains("ends too early")), "{cut:?}");
    // A cursor continues even after an empty page.
    page(json!({"success": true, "options": [], "hasMore": true, "cursor": "a"}));
    page(json!({"success": true, "options": [{"id": "f2"}], "hasMore": false, "cursor": null}));
    assert_eq!(read().await.into_iter().collect::<Result<Vec<_>, _>>().unwrap(), ["f2"]);
}

#[tokio::test]
async fn a_person_authorizes_a_connector() {
    let s = setup().await;
    let connector = s.ph.connector("drive-01");
    assert!(connector.set_sync(true).await.unwrap_err().is_bad_request(), "not authorized");
    let consent = connector.authorize(Some("https://pipeshub.example.com")).await.unwrap();
    assert!(!format!("{consent:?}").contains(consent.data().state.as_deref().unwrap()));
    let back = s.instance.authorize(consent.url());
    assert!(back.starts_with("https://pipeshub.example.com/connectors/oauth/callback"), "{back}");
    consent.finish(&back).await.unwrap();
    assert_eq!(connector.get().await.unwrap().is_authenticated, Some(true));

    // Redirects of others, a rejection, and a code that is used again.
    let consent = connector.authorize(None).await.unwrap();
    let state = consent.data().state.clone().unwrap();
    let sent = s.instance.requests().len();
    for stray in ["/favicon.ico", "/?code=c&state=another", "/?error=access_denied", "/?error=access_denied&state=s"] {
        assert!(!consent.is_response(stray), "{stray}");
        let error = consent.finish(stray).await.unwrap_err();
        assert!(error.is_auth() && error.code().is_none(), "{stray}: {error:?}");
        assert!(!format!("{error} {error:?}").contains(&state), "{error:?}");
    }
    let error = consent.finish(&format!("/?error=access_denied&state={state}")).await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("access_denied"), "{error:?}");
    assert_eq!(s.instance.requests().len(), sent);
    let back = s.instance.authorize(consent.url());
    consent.finish(&back).await.unwrap();
    let error = consent.finish(&back).await.unwrap_err();
    assert!(error.is_refused() && error.code() == Some("invalid_state") && !error.may_have_happened(), "{error:?}");
    assert!(s.ph.connector("s3-01").authorize(None).await.unwrap_err().is_bad_request());
}

#[tokio::test]
async fn a_person_logs_in_and_stays_logged_in() {
    support::print_everything();
    let instance = Instance::start().await.unwrap();
    let clock = TestClock::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let begin = |redirect_uri: &str| {
        BrowserLogin::new(instance.client_id(), redirect_uri)
            .instance(instance.url())
            .connection(Connection::new().clock(clock.clone()))
    };
    let refresh = |token: &str| {
        let credentials = Credentials::refresh_token(instance.client_id(), token).instance(instance.url());
        Client::builder(credentials).clock(clock.clone()).build().unwrap()
    };
    let login = begin("http://127.0.0.1:9/done").on_rotate(move |token: SecretString| {
        heard.lock().unwrap().push(token.expose_secret().to_owned());
        std::future::ready(Ok::<_, Error>(()))
    });
    let login = login.begin().unwrap();
    assert!(login.url().contains("code_challenge_method=S256") && login.url().contains("offline_access"));
    assert!(!format!("{login:?}").contains("state="));
    let back = instance.authorize(login.url());
    let ph = login.finish(&back).await.unwrap();
    ph.connector("s3-01").get().await.unwrap();
    assert_eq!(told.lock().unwrap().len(), 1);

    // The token is refreshed before its expiry, and the refresh token is replaced.
    clock.advance(Duration::from_secs(3600 - 59));
    ph.connector("s3-01").get().await.unwrap();
    assert_eq!(told.lock().unwrap().len(), 2);
    let kept = told.lock().unwrap().last().cloned().unwrap();
    assert!(!format!("{ph:?}").contains(&kept));

    // Another program starts with the stored refresh token.
    let later = refresh(&kept);
    later.connector("s3-01").get().await.unwrap();
    let spent = told.lock().unwrap()[0].clone();
    let late = refresh(&spent);
    let error = late.connector("s3-01").get().await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("invalid_grant"), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(&spent));

    // Without offline access the login ends when its token expires.
    let login = begin("http://127.0.0.1:9/x").scopes([Scope::CONNECTOR_READ]).begin().unwrap();
    let back = instance.authorize(login.url());
    let ph = login.finish(&back).await.unwrap();
    ph.connector("s3-01").get().await.unwrap();
    assert!(ph.connector("s3-01").rename("x").await.unwrap_err().is_permission_denied());
    clock.advance(Duration::from_secs(3601));
    assert!(ph.connector("s3-01").get().await.unwrap_err().is_auth());

    // A redirect of another login is rejected before anything is sent.
    let login = begin("http://127.0.0.1:9/done").begin().unwrap();
    let before = instance.requests().len();
    assert!(login.finish("http://127.0.0.1:9/done?code=c&state=s").await.unwrap_err().is_auth());
    assert_eq!(instance.requests().len(), before);
}

#[tokio::test]
async fn a_login_rejects_redirects_without_its_state_and_exchanges_a_code_once() {
    let s = setup().await;
    let begin = || {
        let login = BrowserLogin::new(s.instance.client_id(), "http://127.0.0.1:9/done").instance(s.instance.url());
        login.connection(Connection::new().clock(s.clock.clone())).begin().unwrap()
    };
    let login = begin();
    let back = s.instance.authorize(login.url());
    let state = back.split("state=").nth(1).unwrap();
    for stray in [
        "/favicon.ico",
        "/done?error=access_denied",
        "/done?error=access_denied&state=another",
        "/done?code=c&state=another",
    ] {
        assert!(!login.is_response(stray), "{stray}");
        let error = login.finish(stray).await.unwrap_err();
        assert!(error.is_auth() && error.code().is_none(), "{stray}: {error:?}");
        assert!(!format!("{error} {error:?}").contains(state), "{error:?}");
    }
    let refused = format!("/done?error=access_denied&state={state}");
    assert!(login.is_response(&refused) && login.is_response(&back));
    let error = login.finish(&refused).await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("access_denied"), "{error:?}");
    assert_eq!(s.reached("token"), 0);

    // None of these has changed the login.
    let ph = login.finish(&back).await.unwrap();
    ph.connector("s3-01").get().await.unwrap();
    let error = login.finish(&back).await.unwrap_err();
    assert!(error.is_conflict() && error.status().is_none() && !error.may_have_happened(), "{error:?}");
    assert_eq!(s.reached("token"), 1);

    // A rejection without a reason still ends the login; only the error looks like one of a stray URL.
    s.instance.clear_requests();
    let login = begin();
    let back = s.instance.authorize(login.url());
    s.instance.fault(Fault::status(403).token_endpoint());
    assert!(login.is_response(&back));
    assert!(login.finish(&back).await.is_err());

    // The code may have been used: it is never retried.
    s.instance.clear_requests();
    let login = begin();
    let back = s.instance.authorize(login.url());
    s.instance.fault(Fault::close_after_request().token_endpoint());
    assert!(login.finish(&back).await.unwrap_err().may_have_happened());
    assert!(login.finish(&back).await.unwrap_err().is_conflict());
    assert_eq!(s.reached("token"), 1);
}

#[tokio::test]
async fn the_lifetime_of_a_logins_first_token_begins_when_it_is_issued() {
    let s = setup().await;
    let told = Arc::new(Mutex::new(0));
    let logged_in = async || {
        *told.lock().unwrap() = 0;
        let heard = Arc::clone(&told);
        let login = BrowserLogin::new(s.instance.client_id(), "http://127.0.0.1:9/done").instance(s.instance.url());
        let login = login.connection(Connection::new().clock(s.clock.clone())).on_rotate(move |_| {
            *heard.lock().unwrap() += 1;
            std::future::ready(Ok::<_, Error>(()))
        });
        let login = login.begin().unwrap();
        login.finish(&s.instance.authorize(login.url())).await.unwrap()
    };
    let ph = logged_in().await;
    // It is first used just before it would be refreshed.
    s.clock.advance(Duration::from_secs(3539));
    ph.connector("s3-01").get().await.unwrap();
    assert_eq!(*told.lock().unwrap(), 1);
    s.clock.advance(Duration::from_secs(60));
    ph.connector("s3-01").get().await.unwrap();
    assert_eq!(*told.lock().unwrap(), 2, "the token counted as new when it was first used");

    // It is not used before its expiry.
    let ph = logged_in().await;
    s.clock.advance(Duration::from_secs(3600));
    ph.connector("s3-01").get().await.unwrap();
    assert_eq!(*told.lock().unwrap(), 2);
}

#[tokio::test]
async fn tokens_are_refreshed_a_minute_ahead_and_once_after_a_401() {
    let s = setup().await;
    s.ph.connector("s3-01").get().await.unwrap();
    let form = s.instance.requests()[0].form();
    assert!(form.iter().all(|(name, _)| name != "scope"), "the app's own scopes are requested by an absent parameter");
    s.clock.advance(Duration::from_secs(3539));
    s.ph.connector("s3-01").get().await.unwrap();
    assert_eq!(s.reached("token"), 1);
    s.clock.advance(Duration::from_secs(2));
    s.ph.connector("s3-01").get().await.unwrap();
    assert_eq!(s.reached("token"), 2);
    s.instance.revoke_tokens();
    s.ph.connector("s3-01").get().await.unwrap();
    assert_eq!(s.reached("token"), 3);

    // A personal access token is fixed.
    let token = s.instance.personal_access_token();
    let credentials = Credentials::token(token.clone()).instance(format!("{}/", s.instance.url()));
    let ph = Client::builder(credentials).build().unwrap();
    ph.connector("s3-01").get().await.unwrap();
    s.instance.revoke_tokens();
    let error = ph.connector("s3-01").get().await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("OAUTH_INVALID_TOKEN") && error.attempts() == 1, "{error:?}");
    assert!(!format!("{ph:?} {error:?} {error}").contains(&token));
    assert!(error.request_id().is_some_and(|id| id.len() == 32), "{error:?}");
}

#[tokio::test]
async fn calls_that_create_something_are_never_sent_twice() {
    for fault in [
        || Fault::reset_after_request().applied(),
        Fault::close_after_request,
        Fault::reset_mid_body,
        || Fault::status(503),
    ] {
        let s = setup().await;
        s.ph.connector("s3-01").get().await.unwrap();
        s.instance.fault(fault().on("createConnectorInstance"));
        let create = s.ph.create("Local FS", "New").scope(ConnectorScope::Personal);
        let error: Error = create.await.map(drop).unwrap_err();
        assert!(error.may_have_happened(), "{:?}: {error}", fault());
        assert_eq!(s.reached("createConnectorInstance"), 1, "{:?}", fault());
    }
}

#[tokio::test]
async fn ids_that_would_change_the_path_are_rejected_before_anything_is_sent() {
    let s = setup().await;
    for id in ["", ".", "..", "a/b", "active", "inactive", "configured", "registry"] {
        let error = s.ph.connector(id).get().await.unwrap_err();
        assert!(error.is_invalid_argument(), "{id:?}: {error:?}");
    }
    assert!(s.ph.connector("s3-01").filter_options("a/b").list().try_next().await.unwrap_err().is_invalid_argument());
    assert!(s.instance.requests().is_empty());
}
