//! Waits for PipesHub's background work: how they end, and what does not end them.

mod support;

use std::time::Duration;

use connectors::pipeshub::types::ConnectorInstanceStatus;
use connectors::pipeshub::{
    Client, Credentials, DeletionProgress, IndexingProgress, IndexingWait, SyncOutcome, SyncProgress,
};
use connectors::{Error, Paced};
use connectors_fake::Fault;
use connectors_fake::pipeshub::SyncScript;
use futures::TryStreamExt;
use serde_json::{Value, json};
use support::pipeshub::setup;

#[tokio::test]
async fn a_sync_that_was_seen_running_differs_from_one_that_was_not() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).await.unwrap();
    let outcome = connector.wait_for_sync().wait().await.unwrap();
    assert!(outcome.is_synced() && outcome.to_string() == "synced", "{outcome:?}");
    assert_eq!(outcome.instance().status, Some(ConnectorInstanceStatus::Idle));

    // None begins in time: polls at 0, 5, 10 and 15 s.
    let before = s.pauses();
    let seen: Vec<_> = connector.wait_for_sync().watch().try_collect().await.unwrap();
    let [SyncProgress::Idle(idle), SyncProgress::Ended(outcome)] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(matches!(outcome, SyncOutcome::NotSeen(instance) if instance == idle), "{outcome:?}");
    assert!(!outcome.is_synced() && outcome.to_string().contains("no sync"), "{outcome}");
    assert_eq!(s.pauses() - before, 3);

    // A sync that begins later is not seen, nor one that ends before the first poll.
    s.instance.next_sync(SyncScript::default().polls(4, 1));
    connector.resync().await.unwrap();
    assert!(!connector.wait_for_sync().wait().await.unwrap().is_synced());
    assert!(connector.wait_for_sync().wait().await.unwrap().is_synced(), "it has begun since");
    s.instance.next_sync(SyncScript::default().polls(0, 0));
    connector.resync().await.unwrap();
    let outcome = connector.wait_for_sync().begins_within(Duration::ZERO).wait().await.unwrap();
    assert!(matches!(outcome, SyncOutcome::NotSeen(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_wait_that_cannot_end_is_a_conflict() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).await.unwrap();
    let wait = connector.wait_for_sync();
    let deletion = connector.delete().await.unwrap();
    let error = wait.wait().await.unwrap_err();
    assert!(error.is_conflict() && error.status().is_none() && error.message().contains("deleted"), "{error:?}");

    s.instance.set_deletion_polls(u32::MAX);
    let mut watch = s.ph.connector("s3-05").delete().await.unwrap().watch();
    assert!(matches!(watch.try_next().await, Ok(Some(DeletionProgress::Running(_)))));
    // An upload in between does this, and the deletion continues.
    assert!(s.instance.set("s3-05", "/status", json!("IDLE")));
    let next = watch.try_next().await.unwrap();
    assert!(matches!(next, Some(DeletionProgress::Running(_))), "{next:?}");
    // A failed deletion leaves the connector without a status.
    assert!(s.instance.set("s3-05", "/status", json!(null)));
    let error = watch.try_next().await.unwrap_err();
    assert!(error.is_conflict() && error.status().is_none() && error.message().contains("failed"), "{error:?}");

    // The other deletion has ended.
    deletion.wait().await.unwrap();
}

#[tokio::test]
async fn waits_continue_after_transient_failures() {
    for fault in [Fault::status(500), Fault::status(429), Fault::close_after_request()] {
        let name = format!("{fault:?}");
        // After a poll that succeeds, four that fail with four attempts each.
        let fault = fault.after(1).times(16);
        let s = setup().await;
        let connector = s.ph.connector("s3-02");
        connector.set_sync(true).await.unwrap();
        s.instance.fault(fault.clone().on("getConnectorInstance"));
        let outcome = connector
            .wait_for_sync()
            .settles_within(Duration::ZERO)
            .wait()
            .await
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert!(outcome.is_synced(), "{name}: {outcome:?}");
        s.instance.fault(fault.clone().on("getConnectorStats"));
        connector.wait_for_indexing().wait().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let deletion = connector.delete().await.unwrap();
        s.instance.fault(fault.on("getConnectorInstance"));
        deletion.wait().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(s.instance.pending_faults(), 0, "{name}");
        assert!(connector.get().await.unwrap_err().is_not_found(), "{name}");
    }

    // Five failures in a row end the wait, and so does one rejection.
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).await.unwrap();
    s.instance.clear_requests();
    s.instance.fault(Fault::status(503).on("getConnectorInstance").after(1).always());
    let error = connector.wait_for_sync().settles_within(Duration::ZERO).wait().await.unwrap_err();
    assert!(error.is_server(), "{error:?}");
    assert_eq!((s.reached("getConnectorInstance"), s.pauses()), (1 + 5 * 4, 5));
    s.instance.clear_faults();
    s.instance.clear_requests();
    s.instance.fault(Fault::status(403).on("getConnectorInstance").after(1));
    let error = connector.wait_for_sync().settles_within(Duration::ZERO).wait().await.unwrap_err();
    assert!(error.is_permission_denied(), "{error:?}");
    assert_eq!(s.reached("getConnectorInstance"), 2);
}

#[tokio::test]
async fn a_404_counts_as_the_callers_deletion_only_after_a_lost_response() {
    for fault in [Fault::reset_after_request().applied(), Fault::status(502).applied()] {
        let s = setup().await;
        let name = format!("{fault:?}");
        s.instance.fault(fault.on("deleteConnectorInstance"));
        let deletion = s.ph.connector("s3-03").delete().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(deletion.data().connector_id.as_deref(), Some("s3-03"), "{name}");
        deletion.wait().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(s.reached("deleteConnectorInstance"), 2, "{name}");
    }

    // Deleted before the retry.
    let s = setup().await;
    s.instance.fault(Fault::reset_after_request().applied().on("deleteConnectorInstance"));
    s.instance.fault(Fault::status(404).on("deleteConnectorInstance"));
    s.instance.set_deletion_polls(0);
    let deletion = s.ph.connector("s3-03").delete().await.unwrap();
    deletion.wait().await.unwrap();

    // A rejected attempt has deleted nothing: a 404 is another caller's deletion.
    let error = |result: Result<connectors::pipeshub::Deletion, Error>| result.map(drop).unwrap_err();
    s.instance.fault(Fault::status(429).on("deleteConnectorInstance"));
    let nobody = error(s.ph.connector("nobody").delete().await);
    assert!(nobody.is_not_found() && nobody.attempts() == 2, "{nobody:?}");
    s.instance.revoke_tokens();
    let nobody = error(s.ph.connector("nobody").delete().await);
    assert!(nobody.is_not_found() && nobody.attempts() == 2, "{nobody:?}");
    s.instance.set_deletion_polls(u32::MAX);
    drop(s.ph.connector("s3-04").delete().await.unwrap());
    s.instance.fault(Fault::status(429).on("deleteConnectorInstance"));
    let theirs = error(s.ph.connector("s3-04").delete().await);
    assert!(theirs.is_conflict() && theirs.attempts() == 2, "{theirs:?}");

    // The next run of a killed program waits for the deletion that the previous run began.
    s.instance.set_deletion_polls(2);
    drop(s.ph.connector("s3-05").delete().await.unwrap());
    let before = s.reached("deleteConnectorInstance");
    s.ph.connector("s3-05").wait_for_deletion().wait().await.unwrap();
    assert!(s.ph.connector("s3-05").get().await.unwrap_err().is_not_found());
    assert_eq!(s.reached("deleteConnectorInstance"), before);
}

#[tokio::test]
async fn a_200_that_reports_a_failure_is_refused() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    let no = |operation: &str| {
        let body = json!({"success": false, "message": "not today"});
        s.instance.fault(Fault::status(200).json(&body).on(operation));
    };
    no("deleteConnectorInstance");
    let error = connector.delete().await.map(drop).unwrap_err();
    assert!(error.is_refused() && !error.is_conflict() && error.message() == "not today", "{error:?}");
    assert_eq!((error.operation(), error.status(), error.may_have_happened()), (Some("delete"), Some(200), false));
    assert!(error.attempts() == 1 && error.request_id().is_some(), "{error:?}");
    no("toggleConnector");
    let error = connector.set_sync(true).await.unwrap_err();
    assert!(error.is_refused() && error.operation() == Some("toggle"), "{error:?}");
    assert_eq!(s.instance.connector("s3-02").unwrap()["isActive"], false);

    // The server's reason may repeat a credential of the request.
    let token = s.instance.issue_token();
    let credentials = Credentials::token(token.clone()).instance(s.instance.url());
    let with_token = Client::builder(credentials).build().unwrap();
    let body = json!({"success": false, "message": format!("no such session: {token}")});
    s.instance.fault(Fault::status(200).json(&body).on("toggleConnector"));
    let error = with_token.connector("s3-02").set_sync(true).await.unwrap_err();
    assert!(error.is_refused() && error.message() == "no such session: [redacted]", "{error:?}");
}

#[tokio::test]
async fn idle_alone_does_not_end_a_sync() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    s.instance.next_sync(SyncScript::default().polls(0, 10));
    connector.set_sync(true).await.unwrap();
    let mut watch = connector.wait_for_sync().watch();
    assert!(matches!(watch.try_next().await, Ok(Some(SyncProgress::Running(_)))));
    // Another caller resyncs: the server cancels the sync, and its status is idle while the resync adds records.
    s.instance.next_sync(SyncScript::default().polls(0, 3));
    let resynced = s.ph.connector("s3-02").resync().await.unwrap();
    assert!(resynced.cancelled_a_sync() && !resynced.is_client_managed(), "{resynced:?}");
    let seen: Vec<_> = watch.try_collect().await.unwrap();
    let [SyncProgress::Settling(_), SyncProgress::Resyncing(_), .., SyncProgress::Ended(outcome)] = seen.as_slice()
    else {
        panic!("{seen:?}")
    };
    assert!(matches!(outcome, SyncOutcome::Resynced(_)) && outcome.is_synced(), "{outcome:?}");
    assert!(outcome.to_string().contains("cancelled"), "{outcome}");
    assert_eq!(connector.stats().await.unwrap().stats.unwrap().total, Some(12), "the wait includes all records");

    // A sync that was not cancelled.
    connector.set_sync(false).await.unwrap();
    connector.set_sync(true).await.unwrap();
    let seen: Vec<_> = connector.wait_for_sync().watch().try_collect().await.unwrap();
    let names: Vec<&str> = seen.iter().map(name).collect();
    assert!(names.starts_with(&["running"]) && names.ends_with(&["synced"]), "{names:?}");
}

fn name(progress: &SyncProgress) -> &'static str {
    match progress {
        SyncProgress::Idle(_) => "idle",
        SyncProgress::Running(_) => "running",
        SyncProgress::Settling(_) => "settling",
        SyncProgress::Resyncing(_) => "resyncing",
        SyncProgress::Ended(SyncOutcome::Synced(_)) => "synced",
        SyncProgress::Ended(_) => "ended otherwise",
        _ => "something new",
    }
}

#[tokio::test]
async fn an_absent_or_unknown_status_ends_no_wait() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).await.unwrap();
    let instance = |status: Value| {
        let body = json!({"success": true, "connector": {"_key": "s3-02", "isActive": true, "status": status}});
        Fault::status(200).json(&body).on("getConnectorInstance")
    };
    for status in [json!(null), json!("RESTING")] {
        let mut watch = connector.wait_for_sync().deadline(Duration::from_secs(600)).watch();
        s.instance.fault(instance(json!("SYNCING")));
        assert!(matches!(watch.try_next().await, Ok(Some(SyncProgress::Running(_)))));
        s.instance.fault(instance(status.clone()).always());
        let error = watch.last().await.unwrap_err();
        assert!(error.is_timeout(), "{status}: {error:?}");
        s.instance.clear_faults();
    }

    // Counts without a total, or with an unknown state, do not end it.
    for stats in [
        json!({"total": 3}),
        json!({"total": 3, "indexingStatus": {"COMPLETED": 2, "THINKING": 1}}),
        json!({"total": 3, "indexingStatus": {"COMPLETED": 2}}),
        json!({}),
    ] {
        let body = json!({"success": true, "data": {"connectorId": "s3-02", "stats": stats}});
        s.instance.fault(Fault::status(200).json(&body).on("getConnectorStats").always());
        let wait = connector.wait_for_indexing().deadline(Duration::from_secs(60));
        let error = wait.wait().await.unwrap_err();
        assert!(error.is_timeout(), "{stats}: {error:?}");
        s.instance.clear_faults();
    }
}

#[tokio::test]
async fn a_wait_resumes_after_a_restart() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).await.unwrap();
    let mut watch = connector.wait_for_sync().watch();
    assert!(matches!(watch.try_next().await, Ok(Some(SyncProgress::Running(_)))));
    let stored = serde_json::to_string(&watch.state()).unwrap();
    drop(watch);
    // It ends before the program runs again, and still counts as seen.
    for _ in 0..3 {
        connector.get().await.unwrap();
    }
    s.instance.clear_requests();
    let wait = s.ph.resume_wait(serde_json::from_str(&stored).unwrap());
    let outcome = wait.wait().await.unwrap();
    assert!(matches!(outcome, SyncOutcome::Synced(_)), "{outcome:?}");
    assert_eq!((s.reached("toggleConnector"), s.reached("resyncConnector")), (0, 0));
}

#[tokio::test]
async fn a_wait_for_indexing_goes_on_after_each_restart() {
    let s = setup().await;
    s.instance.next_sync(SyncScript::default().indexing(3).records(6, 0));
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).await.unwrap();
    assert!(connector.wait_for_sync().settles_within(Duration::ZERO).wait().await.unwrap().is_synced());
    let (mut seen, mut stored) = (Vec::new(), None::<String>);
    let resumed = |stored: &Option<String>, wait: IndexingWait| match stored {
        Some(stored) => wait.watch().resume(serde_json::from_str(stored).unwrap()),
        None => wait.watch(),
    };
    // The program is killed after each state.
    loop {
        let mut watch = resumed(&stored, connector.wait_for_indexing());
        let Some(progress) = watch.try_next().await.unwrap() else { break };
        seen.push(progress.pending().unwrap());
        stored = Some(serde_json::to_string(&watch.state()).unwrap());
    }
    assert_eq!(seen, [4, 2, 0]);
    // The end is known without another poll.
    s.instance.clear_requests();
    let last = resumed(&stored, connector.wait_for_indexing()).last().await.unwrap();
    assert!(matches!(last, IndexingProgress::Ended(_)) && s.reached("getConnectorStats") == 0, "{last:?}");

    // The deadline counts from the first beginning.
    let stats = json!({"total": 3, "indexingStatus": {"COMPLETED": 2, "QUEUED": 1}});
    let body = json!({"success": true, "data": {"connectorId": "s3-02", "stats": stats}});
    s.instance.fault(Fault::status(200).json(&body).on("getConnectorStats").always());
    let wait = || connector.wait_for_indexing().deadline(Duration::from_secs(60));
    let mut watch = wait().watch();
    assert_eq!(watch.try_next().await.unwrap().unwrap().pending(), Some(1));
    let stored = Some(serde_json::to_string(&watch.state()).unwrap());
    drop(watch);
    s.clock.advance(Duration::from_secs(3600));
    s.instance.clear_requests();
    let error = resumed(&stored, wait()).last().await.unwrap_err();
    assert!(error.is_timeout() && s.reached("getConnectorStats") == 1, "{error}");
}

#[tokio::test]
async fn statistics_and_waits_of_a_deleted_connector_are_not_found() {
    let s = setup().await;
    // The server returns 500.
    let error = s.ph.connector("nobody").stats().await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    let error = s.ph.connector("nobody").wait_for_indexing().wait().await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    // A connector that exists and fails is not deleted.
    s.instance.fault(Fault::status(500).on("getConnectorStats").times(4));
    let error = s.ph.connector("s3-02").stats().await.unwrap_err();
    assert!(error.is_server() && error.operation() == Some("stats"), "{error:?}");
}

#[tokio::test]
async fn an_upload_does_not_end_a_deletion() {
    let s = setup().await;
    s.instance.set_deletion_polls(3);
    let deletion = s.ph.connector("local-01").delete().await.unwrap();
    let mut watch = deletion.watch();
    assert!(matches!(watch.try_next().await, Ok(Some(DeletionProgress::Running(_)))));
    s.ph.connector("local-01").upload("b").bytes("a.txt", "a").await.unwrap();
    assert_eq!(s.instance.connector("local-01").unwrap()["status"], "IDLE");
    let end: Vec<_> = watch.try_collect().await.unwrap();
    assert_eq!(end.last(), Some(&DeletionProgress::Gone), "{end:?}");
}
