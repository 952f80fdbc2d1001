//! Syncs of C1 against the fake: how one is forced, how a wait follows it, and how it ends.

mod support;

use std::time::Duration;

use connectors::c1::{Progress, SyncOutcome, SyncState, SyncWait, types};
use connectors::{Error, Paced};
use connectors_fake::c1::SyncScript;
use connectors_fake::{Fault, Gate};
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use support::{APP, CONNECTOR, Seconds, Setup, setup, soon};

#[tokio::test]
async fn a_sync_that_removed_too_much_is_reported_and_confirmed() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    s.tenant.next_sync(SyncScript::error("it dropped too much"));
    let outcome = connector.force_sync().await.unwrap().wait().await.unwrap();
    assert!(matches!(outcome, SyncOutcome::Failed(_)));
    let sync = s.tenant.sync_ids(APP, CONNECTOR).pop().unwrap();
    connector.confirm_sync(sync.as_str()).await.unwrap();
    assert!(s.tenant.requests().last().unwrap().path.ends_with(&format!("/confirm_sync_valid/{sync}")));
    assert!(connector.confirm_sync("").await.unwrap_err().is_invalid_argument());

    // A state that the document mentions but does not list.
    s.tenant.next_sync(SyncScript::status("SYNC_STATUS_ERRORED_NO_DATA"));
    let other = s.c1.app(APP).connector("github-02");
    let sync = other.force_sync().await.unwrap();
    for _ in 0..4 {
        other.get().await.unwrap();
    }
    assert!(s.tenant.set_connector_field(APP, "github-02", "/status/completedAt", json!("2999-01-01T00:00:00Z")));
    let outcome = sync.wait().await.unwrap();
    assert!(matches!(outcome, SyncOutcome::HeldBack(_)) && outcome.to_string().contains("held back"), "{outcome}");
}

/// All progress of a sync, as text.
async fn progress_of(sync: connectors::c1::SyncWait) -> Vec<String> {
    let word = |progress: Progress| match progress {
        Progress::Queued => "queued".to_owned(),
        Progress::Running(_) => "running".to_owned(),
        Progress::Ended(outcome) => outcome.to_string(),
        _ => "other".to_owned(),
    };
    sync.watch().map_ok(word).try_collect().await.unwrap()
}

#[tokio::test]
async fn an_earlier_sync_is_not_mistaken_for_the_forced_one() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    s.tenant.next_sync(SyncScript::error("the older one").polls(0, 4));
    s.tenant.next_sync(SyncScript::default().polls(1, 1));
    let older = connector.force_sync().await.unwrap();
    let running = connector.get().await.unwrap().status.unwrap();
    assert_eq!(running.status, Some(types::SyncStatus::Running));
    assert_eq!(progress_of(connector.force_sync().await.unwrap()).await, ["queued", "running", "done"]);
    // A late wait for the older sync reports the latest one.
    assert!(older.wait().await.unwrap().is_done());

    // The forced sync fails, the other one does not.
    s.tenant.next_sync(SyncScript::default().polls(0, 3));
    s.tenant.next_sync(SyncScript::error("the forced one"));
    connector.force_sync().await.map(drop).unwrap();
    connector.get().await.unwrap();
    let outcome = connector.force_sync().await.unwrap().wait().await.unwrap();
    assert_eq!(outcome.to_string(), "failed: the forced one");
}

#[tokio::test]
async fn disabled_syncs_are_reported_unless_they_were_disabled_before() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);

    // Disabled during the wait.
    let mut watch = connector.force_sync().await.unwrap().watch();
    assert_eq!(watch.try_next().await.unwrap(), Some(Progress::Queued));
    connector.pause().await.unwrap();
    let progress = watch.try_next().await.unwrap();
    assert!(matches!(progress, Some(Progress::Ended(SyncOutcome::Disabled(_)))), "{progress:?}");

    // Already disabled: no sync will begin.
    s.tenant.next_sync(SyncScript::default().polls(3, 1));
    let outcome = connector.force_sync().await.unwrap().deadline(Duration::from_secs(60)).wait().await.unwrap();
    assert!(matches!(outcome, SyncOutcome::Disabled(_)), "{outcome}");

    // Enabled again, but the status stays until the next sync starts.
    connector.resume().await.unwrap();
    assert!(s.tenant.set_connector_field(APP, CONNECTOR, "/status/status", json!("SYNC_STATUS_DISABLED")));
    assert_eq!(progress_of(connector.force_sync().await.unwrap()).await, ["queued", "running", "done"]);
}

#[tokio::test]
async fn a_sync_of_a_deleted_connector_is_a_conflict() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    let sync = connector.force_sync().await.unwrap();
    connector.delete().await.unwrap();
    let error = sync.wait().await.unwrap_err();
    assert!(error.is_conflict() && error.status().is_none() && error.message().contains("deleted"), "{error:?}");
}

#[tokio::test]
async fn a_dropped_poll_is_resumed_and_not_sent_twice() {
    let s = setup().await;
    let mut watch = s.c1.app(APP).connector(CONNECTOR).force_sync().await.unwrap().watch();
    s.tenant.clear_requests();
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).on("ConnectorService.Get"));
    {
        let arrived = gate.arrived(1);
        futures::pin_mut!(arrived);
        soon(futures::future::select(watch.next(), arrived)).await;
    }
    gate.open();
    assert_eq!(watch.try_next().await.unwrap(), Some(Progress::Queued));
    assert_eq!(s.reached("ConnectorService.Get"), 1);
}

/// The number of poll intervals of a wait.
fn pauses(s: &Setup) -> usize {
    s.clock.waits().seconds().into_iter().filter(|wait| *wait == 5.0).count()
}

#[tokio::test]
async fn a_wait_continues_after_transient_failures() {
    for fault in [
        Fault::status(408),
        Fault::status(429),
        Fault::status(500),
        Fault::status(503),
        Fault::close_after_request(),
        Fault::reset_after_request(),
    ] {
        let s = setup().await;
        let name = format!("{fault:?}");
        let sync = s.c1.app(APP).connector(CONNECTOR).force_sync().await.unwrap();
        // After a poll that succeeds, four that fail with four attempts each; after another success, four more.
        let fault = fault.on("ConnectorService.Get").times(16);
        s.tenant.fault(fault.clone().after(1));
        s.tenant.fault(fault.after(2));
        let outcome = sync.wait().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert!(outcome.is_done(), "{name}");
        assert_eq!((s.tenant.pending_faults(), pauses(&s)), (0, 11), "{name}");
    }

    // Five failures in a row end the wait.
    let s = setup().await;
    let sync = s.c1.app(APP).connector(CONNECTOR).force_sync().await.unwrap();
    s.tenant.clear_requests();
    s.tenant.fault(Fault::status(503).on("ConnectorService.Get").after(1).always());
    let error = sync.deadline(Duration::from_secs(3600)).wait().await.unwrap_err();
    assert!(error.is_server() && error.attempts() == 4, "{error:?}");
    assert_eq!((s.reached("ConnectorService.Get"), pauses(&s)), (1 + 5 * 4, 5));

    // The deadline's error has the last failure as its source.
    let s = setup().await;
    let sync = s.c1.app(APP).connector(CONNECTOR).force_sync().await.unwrap();
    s.tenant.fault(Fault::status(503).on("ConnectorService.Get").after(1).always());
    let error = sync.deadline(Duration::from_secs(10)).wait().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Error>());
    assert!(source.is_some_and(Error::is_server), "{source:?}");
}

#[tokio::test]
async fn a_wait_ends_at_once_after_a_permanent_failure() {
    type IsIt = fn(&Error) -> bool;
    let refused: [(Fault, IsIt); 4] = [
        (Fault::status(401).times(2), Error::is_auth),
        (Fault::status(403), Error::is_permission_denied),
        (Fault::status(404), Error::is_not_found),
        (Fault::html(), Error::is_decode),
    ];
    for (fault, is_it) in refused {
        let s = setup().await;
        let name = format!("{fault:?}");
        let sync = s.c1.app(APP).connector(CONNECTOR).force_sync().await.unwrap();
        s.tenant.fault(fault.on("ConnectorService.Get").after(1));
        let error = sync.wait().await.unwrap_err();
        assert!(is_it(&error), "{name}: {error:?}");
        assert_eq!((s.tenant.pending_faults(), pauses(&s)), (0, 1), "{name}");
    }

    // Every failure of the first poll is returned.
    let s = setup().await;
    let sync = s.c1.app(APP).connector(CONNECTOR).force_sync().await.unwrap();
    s.tenant.fault(Fault::status(503).on("ConnectorService.Get").times(4));
    let error = sync.wait().await.unwrap_err();
    assert!(error.is_server(), "{error:?}");
    assert_eq!((s.tenant.pending_faults(), pauses(&s)), (0, 0));
}

#[tokio::test]
async fn a_wait_obeys_retry_after_but_not_past_its_deadline() {
    let busy = |seconds: &str| Fault::status(429).header("retry-after", seconds).on("ConnectorService.Get").after(1);
    let s = setup().await;
    let sync = s.c1.app(APP).connector(CONNECTOR).force_sync().await.unwrap();
    s.tenant.fault(busy("120"));
    assert!(sync.wait().await.unwrap().is_done());
    assert_eq!(s.clock.waits().seconds(), [5.0, 120.0, 5.0, 5.0]);

    let s = setup().await;
    s.tenant.next_sync(SyncScript::default().polls(0, 100));
    let sync = s.c1.app(APP).connector(CONNECTOR).force_sync().await.unwrap();
    s.tenant.fault(busy("120"));
    let error = sync.deadline(Duration::from_secs(60)).wait().await.unwrap_err();
    assert!(error.is_timeout() && std::error::Error::source(&error).is_none(), "{error:?}");
    assert_eq!(s.clock.waits().seconds(), [5.0, 55.0]);

    // The program decides about a delay of more than an hour.
    let s = setup().await;
    let sync = s.c1.app(APP).connector(CONNECTOR).force_sync().await.unwrap();
    s.tenant.fault(busy("7200"));
    let error = sync.wait().await.unwrap_err();
    assert!(error.is_rate_limited() && error.retry_after() == Some(Duration::from_secs(7200)), "{error:?}");
    assert_eq!(s.clock.waits().seconds(), [5.0]);
}

#[tokio::test]
async fn a_link_to_a_syncs_data_is_returned_and_not_printed() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    let sync = s.tenant.sync_ids(APP, CONNECTOR).pop().unwrap();
    let url = connector.sync_download_url(sync.as_str()).await.unwrap();
    assert!(url.as_str().starts_with(s.tenant.url()) && url.as_str().contains("expires="));
    assert!(!format!("{url:?}").contains("expires"));
    assert!(connector.sync_download_url("nothing").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_sync_that_began_just_before_the_call_is_not_mistaken_for_the_forced_one() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    s.tenant.next_sync(SyncScript::error("the older one").polls(0, 3));
    s.tenant.next_sync(SyncScript::default().polls(1, 1));
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).on("ConnectorService.Get"));
    let meanwhile = async {
        // The status was read, and the sync is not forced yet.
        gate.arrived(1).await;
        let (app, id) = (connector.app_id().clone(), connector.id().clone());
        s.c1.api().connectors().force_sync(app, id, &types::ForceSyncRequest::default()).await.unwrap();
        let status = connector.get().await.unwrap().status.unwrap();
        assert_eq!(status.status, Some(types::SyncStatus::Running));
        gate.open();
    };
    let (sync, ()) = soon(async { tokio::join!(connector.force_sync(), meanwhile) }).await;
    assert_eq!(progress_of(sync.unwrap()).await, ["running", "running", "done"]);

    // A server that starts it at once: no other sync follows, so this is the forced one.
    s.tenant.next_sync(SyncScript::error("at once").polls(0, 1));
    let sync = connector.force_sync().await.unwrap();
    assert_eq!(sync.wait().await.unwrap().to_string(), "failed: at once");
}

#[tokio::test]
async fn a_wait_resumes_after_a_restart_and_forces_no_second_sync() {
    let s = setup().await;
    let connector = s.c1.app(APP).connector(CONNECTOR);
    let again = |state: &SyncState| -> SyncWait {
        let stored = serde_json::to_string(state).unwrap();
        s.c1.resume_wait(serde_json::from_str(&stored).unwrap())
    };
    // Killed before the first poll.
    let sync = connector.force_sync().await.unwrap();
    assert_eq!(progress_of(again(&sync.state())).await, ["queued", "running", "done"]);

    // Killed during the sync: reported progress is not reported again.
    let mut watch = connector.force_sync().await.unwrap().watch();
    watch.try_next().await.unwrap().unwrap();
    assert!(matches!(watch.try_next().await.unwrap(), Some(Progress::Running(_))));
    let resumed = again(&watch.state());
    assert_eq!(resumed.connector().id(), connector.id());
    let mut rest = resumed.watch();
    let last = rest.try_next().await.unwrap();
    assert!(matches!(last, Some(Progress::Ended(SyncOutcome::Done(_)))), "{last:?}");
    // Killed after its end: nothing is polled.
    s.tenant.clear_requests();
    assert!(again(&rest.state()).wait().await.unwrap().is_done());
    assert!(s.tenant.requests().is_empty());
    assert_eq!(s.reached("ConnectorService.ForceSync"), 0);

    // The deadline counts from the first start.
    s.tenant.next_sync(SyncScript::default().polls(0, 1_000_000));
    let mut watch = connector.force_sync().await.unwrap().watch();
    watch.try_next().await.unwrap().unwrap();
    s.clock.advance(Duration::from_secs(50));
    let waits = s.clock.waits().len();
    let error = again(&watch.state()).deadline(Duration::from_secs(60)).wait().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    let seconds: Vec<f64> = s.clock.waits()[waits..].to_vec().seconds().into_iter().map(f64::round).collect();
    assert_eq!(seconds, [5.0, 5.0]);
}

#[tokio::test]
async fn a_sync_has_not_ended_while_the_status_is_absent_or_unknown() {
    let s = setup().await;
    let sync = s.c1.app(APP).connector(CONNECTOR).force_sync().await.unwrap();
    let status = |status: Value| {
        let view = json!({"connectorView": {"connector": {"id": CONNECTOR, "status": status}}});
        s.tenant.fault(Fault::status(200).json(&view).on("ConnectorService.Get"));
    };
    status(Value::Null);
    status(
        json!({"status": "SYNC_STATUS_REINDEXING", "startedAt": "2999-01-01T00:00:00Z", "completedAt": "2999-01-01T00:00:01Z"}),
    );
    status(json!({"status": null, "startedAt": "2999-01-01T00:00:00Z", "completedAt": "2999-01-01T00:00:01Z"}));
    let words = progress_of(sync.deadline(Duration::from_secs(600))).await;
    assert_eq!(words.last().map(String::as_str), Some("done"), "{words:?}");
    assert_eq!(s.tenant.pending_faults(), 0, "all of them were polled");
}
