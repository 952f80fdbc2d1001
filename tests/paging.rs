//! Paged lists: which pages are fetched and when, and what happens after errors.

mod support;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use connectors::c1::{Connector, types};
use connectors::{Entry, Pages, Position};
use connectors_fake::{Fault, Gate};
use futures::{FutureExt, StreamExt, TryStreamExt};
use serde_json::json;
use support::{Setup, setup, setup_with};

const LIST: &str = "ConnectorService.List";
/// The number of connectors of the app: three pages and a half.
const ITEMS: usize = 350;
const PAGE: usize = 100;

type Row = Entry<Connector, types::Connector>;

/// The list of an app with more than three pages of connectors.
fn list(s: &Setup) -> Pages<Row> {
    let app = s.tenant.seed_app(json!({"displayName": "Large"}));
    for number in 0..ITEMS {
        s.tenant.seed_connector(&app, json!({"displayName": number.to_string()}));
    }
    s.c1.app(app.as_str()).connectors()
}

fn name(connector: Row) -> String {
    connector.into_data().display_name.unwrap()
}

async fn names(list: Pages<Row>) -> Vec<String> {
    list.map_ok(name).try_collect().await.unwrap()
}

/// Runs all pending tasks, like other calls in between.
async fn settle(s: &Setup) {
    for _ in 0..5 {
        s.get().await.unwrap();
    }
}

#[tokio::test]
async fn reading_ahead_changes_neither_the_items_nor_their_order() {
    let expected: Vec<String> = (0..ITEMS).map(|number| number.to_string()).collect();
    for ahead in [0, 1, 2, 50, usize::MAX] {
        let s = setup().await;
        assert_eq!(names(list(&s).read_ahead(ahead)).await, expected, "{ahead}");
        assert_eq!(s.reached(LIST), 4, "{ahead}");
    }
    // Also in the middle of a page.
    let s = setup().await;
    let mut list = list(&s);
    for _ in 0..50 {
        list.try_next().await.unwrap();
    }
    assert_eq!(names(list.read_ahead(1)).await, expected[50..]);
    assert_eq!(s.reached(LIST), 4);
}

#[tokio::test]
async fn only_requested_pages_are_fetched() {
    let s = setup().await;
    let mut list = list(&s);
    settle(&s).await;
    assert_eq!(s.reached(LIST), 0);
    for _ in 0..PAGE {
        list.try_next().await.unwrap().unwrap();
    }
    settle(&s).await;
    assert_eq!(s.reached(LIST), 1);
    list.try_next().await.unwrap().unwrap();
    drop(list);
    settle(&s).await;
    assert_eq!(s.reached(LIST), 2);
}

#[tokio::test]
async fn only_the_allowed_number_of_pages_is_read_ahead() {
    for ahead in [1, 2] {
        let s = setup().await;
        let gate = Gate::default();
        gate.open();
        s.tenant.fault(Fault::hold(&gate).on(LIST).always());
        let mut list = list(&s).read_ahead(ahead);
        settle(&s).await;
        assert_eq!(s.reached(LIST), 0, "nothing was polled yet");

        // The pages are fetched although the stream is not polled.
        list.try_next().await.unwrap().unwrap();
        gate.arrived(1 + ahead).await;
        settle(&s).await;
        assert_eq!(s.reached(LIST), 1 + ahead);
        for _ in 1..PAGE {
            list.try_next().await.unwrap().unwrap();
        }
        settle(&s).await;
        assert_eq!(s.reached(LIST), 1 + ahead, "the next page has not been begun");

        list.try_next().await.unwrap().unwrap();
        gate.arrived(2 + ahead).await;
        drop(list);
        settle(&s).await;
        assert_eq!(s.reached(LIST), 2 + ahead);
    }
}

#[tokio::test]
async fn a_list_that_is_dropped_leaves_no_fetch_behind() {
    let ended = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&ended);
    let s = setup_with(|builder| {
        builder.on_attempt(move |attempt| {
            if attempt.operation().is_some_and(|operation| operation.name() == "list") {
                seen.fetch_add(1, Ordering::Relaxed);
            }
        })
    })
    .await;
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).on(LIST).after(1));
    let mut list = list(&s).read_ahead(3);
    list.try_next().await.unwrap().unwrap();
    gate.arrived(1).await;
    drop(list);
    settle(&s).await;
    gate.open();
    settle(&s).await;
    // The second page was in flight, and its attempt was aborted; there was no third.
    assert_eq!((s.reached(LIST), ended.load(Ordering::Relaxed)), (2, 1));
}

#[tokio::test]
async fn an_error_comes_after_the_items_before_it_and_ends_the_list() {
    for ahead in [0, 1, 5] {
        let s = setup().await;
        s.tenant.fault(Fault::status(403).on(LIST).after(2));
        let mut list = list(&s).read_ahead(ahead);
        for number in 0..2 * PAGE {
            assert_eq!(list.try_next().await.unwrap().map(name), Some(number.to_string()), "{ahead}");
        }
        assert!(list.try_next().await.is_err_and(|error| error.is_permission_denied()), "{ahead}");
        for _ in 0..2 {
            assert!(list.next().await.is_none(), "{ahead}");
        }
        settle(&s).await;
        assert_eq!(s.reached(LIST), 3, "{ahead}");
    }
}

#[tokio::test]
async fn a_panic_while_a_page_is_fetched_is_the_callers() {
    for ahead in [0, 1, 5] {
        let lists = AtomicUsize::new(0);
        let s = setup_with(|builder| {
            builder.on_attempt(move |attempt| {
                let is_list = attempt.operation().is_some_and(|operation| operation.name() == "list");
                assert!(!is_list || lists.fetch_add(1, Ordering::Relaxed) < 2, "planted");
            })
        })
        .await;
        let mut list = list(&s).read_ahead(ahead);
        for _ in 0..2 * PAGE {
            list.try_next().await.unwrap().unwrap();
        }
        let panic = AssertUnwindSafe(list.try_next()).catch_unwind().await.map(drop).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"planted"), "{ahead}");
    }
}

#[tokio::test]
async fn a_list_resumes_after_a_restart_with_no_item_lost_or_read_twice() {
    let expected: Vec<String> = (0..ITEMS).map(|number| number.to_string()).collect();
    // In the middle of a page, at its end, before the first item and after the last.
    for read in [0, 1, PAGE - 1, PAGE, PAGE + 1, 250, ITEMS] {
        let s = setup().await;
        let mut list = list(&s);
        let mut seen = Vec::new();
        for _ in 0..read {
            seen.push(name(list.try_next().await.unwrap().unwrap()));
        }
        let stored = serde_json::to_string(&list.cursor()).unwrap();
        // The pages that the previous program had fetched are lost with it.
        let app = s.c1.apps().try_collect::<Vec<_>>().await.unwrap().pop().unwrap();
        let resumed = app.handle().connectors().resume(serde_json::from_str(&stored).unwrap());
        seen.extend(names(resumed).await);
        assert_eq!(seen, expected, "{read}");
    }
}

/// The inventory as its documentation resumes it, with the program killed after each item.
#[tokio::test]
async fn the_connectors_of_all_apps_are_read_once_however_often_the_program_is_killed() {
    let s = setup().await;
    for app in 0..3 {
        let id = s.tenant.seed_app(json!({"displayName": format!("app {app}")}));
        // One app has none.
        for number in 0..[PAGE + 1, 0, 2][app] {
            s.tenant.seed_connector(&id, json!({"displayName": format!("{app}-{number}")}));
        }
    }
    let mut expected: Vec<String> = Vec::new();
    let all = s.c1.inventory(std::num::NonZeroUsize::MIN).try_collect::<Vec<_>>().await.unwrap();
    expected.extend(all.into_iter().map(|listed| name(listed.connector)));
    assert!(expected.len() > PAGE + 2, "{}", expected.len());
    let (mut seen, mut stored) = (Vec::new(), None::<String>);
    // Each turn is a run of the program, until it has read one item.
    'runs: loop {
        let read = stored.as_deref().map(|text| serde_json::from_str::<(Position, Position)>(text).unwrap());
        let (app, mut connector) = read.unwrap_or_default();
        let mut apps = s.c1.apps().resume(app);
        loop {
            let place = apps.cursor();
            let Some(app) = apps.try_next().await.unwrap() else { break 'runs };
            let mut connectors = app.handle().connectors().resume(std::mem::take(&mut connector));
            if let Some(connector) = connectors.try_next().await.unwrap() {
                seen.push(name(connector));
                stored = Some(serde_json::to_string(&(&place, connectors.cursor())).unwrap());
                continue 'runs;
            }
        }
    }
    seen.sort_unstable();
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

#[cfg(feature = "blocking")]
#[test]
fn a_blocking_list_is_read_ahead_while_the_program_works() {
    use connectors::blocking::BlockingStream;
    use connectors::c1::{Client, Credentials};
    use connectors_fake::c1::Tenant;

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let tenant = runtime.block_on(Tenant::start()).unwrap();
    let app = tenant.seed_app(json!({"displayName": "Large"}));
    for _ in 0..ITEMS {
        tenant.seed_connector(&app, json!({}));
    }
    let gate = Gate::default();
    gate.open();
    tenant.fault(Fault::hold(&gate).on(LIST).always());
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build().unwrap();
    let mut list = c1.app(app.as_str()).connectors().read_ahead(1).blocking();
    list.next().unwrap().unwrap();
    // The list is not polled here.
    runtime.block_on(gate.arrived(2));
    assert_eq!(list.collect::<Result<Vec<_>, connectors::Error>>().unwrap().len(), ITEMS - 1);
}
