//! Waiting for what PipesHub does by itself: how a wait ends, and what does not end it.

mod support;

use std::time::Duration;

use connectors::Error;
use connectors::pipeshub::types::ConnectorInstanceStatus;
use connectors::pipeshub::{Client, DeletionProgress, SyncOutcome, SyncProgress};
use connectors_fake::Fault;
use connectors_fake::pipeshub::{Instance, SyncScript};
use futures::TryStreamExt;
use serde_json::json;
use support::TestClock;

struct Setup {
    instance: Instance,
    clock: TestClock,
    ph: Client,
}

async fn setup() -> Setup {
    support::print_everything();
    let instance = Instance::start().await.unwrap();
    let clock = TestClock::new();
    let builder = Client::builder().instance(instance.url()).clock(clock.clone());
    let ph = builder.client_credentials(instance.client_id(), instance.client_secret()).build().unwrap();
    Setup { instance, clock, ph }
}

impl Setup {
    /// How many requests reached an operation.
    fn reached(&self, operation: &str) -> usize {
        self.instance.requests().iter().filter(|it| it.operation.as_deref() == Some(operation)).count()
    }

    /// How often a wait has paused for its interval.
    fn pauses(&self) -> usize {
        self.clock.waits().into_iter().filter(|wait| *wait == 5.0).count()
    }
}

#[tokio::test]
async fn a_sync_that_was_seen_to_run_is_told_from_one_that_was_not() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).send().await.unwrap();
    let outcome = connector.wait_for_sync().wait().await.unwrap();
    assert!(outcome.is_synced() && outcome.to_string() == "synced", "{outcome:?}");
    assert_eq!(outcome.instance().status, Some(ConnectorInstanceStatus::Idle));

    // None begins in its time: looks at 0, 5, 10 and 15 s.
    let before = s.pauses();
    let seen: Vec<_> = connector.wait_for_sync().watch().try_collect().await.unwrap();
    let [SyncProgress::Idle(idle), SyncProgress::Ended(outcome)] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(matches!(outcome, SyncOutcome::NotSeen(instance) if instance == idle), "{outcome:?}");
    assert!(!outcome.is_synced() && outcome.to_string().contains("no sync"), "{outcome}");
    assert_eq!(s.pauses() - before, 3);

    // One that begins later than that is not seen either, nor is one that is over before the first look.
    s.instance.next_sync(SyncScript::default().polls(4, 1));
    connector.resync().send().await.unwrap();
    assert!(!connector.wait_for_sync().wait().await.unwrap().is_synced());
    assert!(connector.wait_for_sync().wait().await.unwrap().is_synced(), "it has begun since");
    s.instance.next_sync(SyncScript::default().polls(0, 0));
    connector.resync().send().await.unwrap();
    let outcome = connector.wait_for_sync().begins_within(Duration::ZERO).wait().await.unwrap();
    assert!(matches!(outcome, SyncOutcome::NotSeen(_)), "{outcome:?}");
}

#[tokio::test]
async fn what_keeps_a_wait_from_its_end_is_a_conflict() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).send().await.unwrap();
    let wait = connector.wait_for_sync();
    let deletion = connector.delete().await.unwrap();
    let error = wait.wait().await.unwrap_err();
    assert!(error.is_conflict() && error.status().is_none() && error.message().contains("deleted"), "{error:?}");

    s.instance.set_deletion_polls(u32::MAX);
    let mut watch = s.ph.connector("s3-05").delete().await.unwrap().watch();
    assert!(matches!(watch.try_next().await, Ok(Some(DeletionProgress::Running(_)))));
    assert!(s.instance.set("s3-05", "/status", json!("IDLE")));
    let error = watch.try_next().await.unwrap_err();
    assert!(error.is_conflict() && error.status().is_none() && error.message().contains("given up"), "{error:?}");

    // The other one came to its end.
    deletion.wait().await.unwrap();
}

#[tokio::test]
async fn waits_outlive_looks_that_fail_in_passing() {
    for fault in [Fault::status(500), Fault::status(429), Fault::close_after_request()] {
        let name = format!("{fault:?}");
        // After a look that succeeds, four that fail with four attempts each.
        let fault = fault.after(1).times(16);
        let s = setup().await;
        let connector = s.ph.connector("s3-02");
        connector.set_sync(true).send().await.unwrap();
        s.instance.fault(fault.clone().on("getConnectorInstance"));
        let outcome = connector.wait_for_sync().wait().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert!(outcome.is_synced(), "{name}: {outcome:?}");
        s.instance.fault(fault.clone().on("getConnectorStats"));
        connector.wait_for_indexing().wait().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let deletion = connector.delete().await.unwrap();
        s.instance.fault(fault.on("getConnectorInstance"));
        deletion.wait().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(s.instance.pending_faults(), 0, "{name}");
        assert!(connector.get().await.unwrap_err().is_not_found(), "{name}");
    }

    // Five in a row are too many, and a refusal is one too many.
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    connector.set_sync(true).send().await.unwrap();
    s.instance.clear_requests();
    s.instance.fault(Fault::status(503).on("getConnectorInstance").after(1).always());
    let error = connector.wait_for_sync().wait().await.unwrap_err();
    assert!(error.is_server(), "{error:?}");
    assert_eq!((s.reached("getConnectorInstance"), s.pauses()), (1 + 5 * 4, 5));
    s.instance.clear_faults();
    s.instance.clear_requests();
    s.instance.fault(Fault::status(403).on("getConnectorInstance").after(1));
    let error = connector.wait_for_sync().wait().await.unwrap_err();
    assert!(error.is_permission_denied(), "{error:?}");
    assert_eq!(s.reached("getConnectorInstance"), 2);
}

#[tokio::test]
async fn a_deletion_is_believed_to_be_ones_own_only_if_an_answer_was_lost() {
    for fault in [Fault::reset_after_request().applied(), Fault::status(502).applied()] {
        let s = setup().await;
        let name = format!("{fault:?}");
        s.instance.fault(fault.on("deleteConnectorInstance"));
        let deletion = s.ph.connector("s3-03").delete().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(deletion.answer().connector_id.as_deref(), Some("s3-03"), "{name}");
        deletion.wait().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(s.reached("deleteConnectorInstance"), 2, "{name}");
    }

    // Gone by the time that it is sent again.
    let s = setup().await;
    s.instance.fault(Fault::reset_after_request().applied().on("deleteConnectorInstance"));
    s.instance.fault(Fault::status(404).on("deleteConnectorInstance"));
    s.instance.set_deletion_polls(0);
    let deletion = s.ph.connector("s3-03").delete().await.unwrap();
    deletion.wait().await.unwrap();

    // An attempt that was turned away has deleted nothing: what is found is somebody else's doing.
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
}

#[tokio::test]
async fn an_answer_of_200_that_says_no_is_a_refusal() {
    let s = setup().await;
    let connector = s.ph.connector("s3-02");
    let no = |operation: &str| {
        let body = json!({"success": false, "message": "not today"});
        s.instance.fault(Fault::status(200).json(&body).on(operation));
    };
    no("deleteConnectorInstance");
    let error = connector.delete().await.map(drop).unwrap_err();
    assert!(error.is_refused() && !error.is_conflict() && error.message() == "not today", "{error:?}");
    assert_eq!((error.operation(), error.status(), error.may_have_happened()), (Some("delete"), None, false));
    no("toggleConnector");
    let error = connector.set_sync(true).send().await.unwrap_err();
    assert!(error.is_refused() && error.operation() == Some("toggle"), "{error:?}");
    assert_eq!(s.instance.connector("s3-02").unwrap()["isActive"], false);
}
