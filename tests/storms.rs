//! Bad weather: every fault a network or a server is known for, and what reached the server while it lasted. A table says
//! how many requests each fault may cost; the rest are the storms that no table holds.

mod support;

use std::time::{Duration, SystemTime};

use connectors::c1::Client;
use connectors::{Error, transport::Limits};
use connectors_fake::{Fault, Gate};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use support::{APP, CONNECTOR, TestClock, setup, setup_with};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Fine,
    /// An error, and the server did nothing.
    Failed,
    /// An error that says that the server may have done it.
    Doubt,
}
use End::{Doubt, Failed, Fine};

fn end<T>(result: &Result<T, Error>) -> End {
    match result {
        Ok(_) => Fine,
        Err(error) if error.may_have_happened() => Doubt,
        Err(_) => Failed,
    }
}

#[tokio::test]
async fn what_each_fault_costs_is_what_the_table_says() {
    let later = |seconds| httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
    let soon = later(30);
    let late = later(86_400);
    let after = |value: &str| Fault::status(429).header("retry-after", value);
    // The fault, struck once and for ever; then for Get (safe to repeat) and Create (not): how it ends, and how many
    // requests reached the server.
    type Row<'a> = (&'a str, Box<dyn Fn() -> Fault + 'a>, [(End, usize); 2], [(End, usize); 2]);
    let table: Vec<Row<'_>> = vec![
        // name, fault, once: get, create; always: get, create
        ("429", Box::new(|| Fault::status(429)), [(Fine, 2), (Fine, 2)], [(Failed, 4), (Failed, 4)]),
        ("429, Retry-After: 7", Box::new(|| after("7")), [(Fine, 2), (Fine, 2)], [(Failed, 4), (Failed, 4)]),
        ("429, a date soon", Box::new(|| after(&soon)), [(Fine, 2), (Fine, 2)], [(Failed, 4), (Failed, 4)]),
        ("429, a date tomorrow", Box::new(|| after(&late)), [(Failed, 1), (Failed, 1)], [(Failed, 1), (Failed, 1)]),
        (
            "429, absurd",
            Box::new(|| after("99999999999999999999")),
            [(Failed, 1), (Failed, 1)],
            [(Failed, 1), (Failed, 1)],
        ),
        ("429, not a time", Box::new(|| after("soon")), [(Fine, 2), (Fine, 2)], [(Failed, 4), (Failed, 4)]),
        ("400", Box::new(|| Fault::status(400)), [(Failed, 1), (Failed, 1)], [(Failed, 1), (Failed, 1)]),
        ("403", Box::new(|| Fault::status(403)), [(Failed, 1), (Failed, 1)], [(Failed, 1), (Failed, 1)]),
        ("404", Box::new(|| Fault::status(404)), [(Failed, 1), (Failed, 1)], [(Failed, 1), (Failed, 1)]),
        ("409", Box::new(|| Fault::status(409)), [(Failed, 1), (Failed, 1)], [(Failed, 1), (Failed, 1)]),
        ("408", Box::new(|| Fault::status(408)), [(Fine, 2), (Doubt, 1)], [(Failed, 4), (Doubt, 1)]),
        ("499", Box::new(|| Fault::status(499)), [(Failed, 1), (Doubt, 1)], [(Failed, 1), (Doubt, 1)]),
        ("500", Box::new(|| Fault::status(500)), [(Fine, 2), (Doubt, 1)], [(Failed, 4), (Doubt, 1)]),
        ("501", Box::new(|| Fault::status(501)), [(Failed, 1), (Doubt, 1)], [(Failed, 1), (Doubt, 1)]),
        ("502", Box::new(|| Fault::status(502)), [(Fine, 2), (Doubt, 1)], [(Failed, 4), (Doubt, 1)]),
        ("503", Box::new(|| Fault::status(503)), [(Fine, 2), (Doubt, 1)], [(Failed, 4), (Doubt, 1)]),
        ("504", Box::new(|| Fault::status(504)), [(Fine, 2), (Doubt, 1)], [(Failed, 4), (Doubt, 1)]),
        (
            "reset after the request",
            Box::new(Fault::reset_after_request),
            [(Fine, 2), (Doubt, 1)],
            [(Failed, 4), (Doubt, 1)],
        ),
        (
            "the same, carried out",
            Box::new(|| Fault::reset_after_request().applied()),
            [(Fine, 2), (Doubt, 1)],
            [(Failed, 4), (Doubt, 1)],
        ),
        (
            "closed after the request",
            Box::new(Fault::close_after_request),
            [(Fine, 2), (Doubt, 1)],
            [(Failed, 4), (Doubt, 1)],
        ),
        ("reset in mid-body", Box::new(Fault::reset_mid_body), [(Fine, 2), (Doubt, 1)], [(Failed, 4), (Doubt, 1)]),
        (
            "a stale pooled connection",
            Box::new(|| Fault::reset_after_request().on_reused_connection()),
            [(Fine, 2), (Doubt, 1)],
            [(Fine, 2), (Doubt, 1)],
        ),
        ("200 with HTML", Box::new(Fault::html), [(Failed, 1), (Doubt, 1)], [(Failed, 1), (Doubt, 1)]),
        (
            "200 with truncated JSON",
            Box::new(Fault::truncated_json),
            [(Failed, 1), (Doubt, 1)],
            [(Failed, 1), (Doubt, 1)],
        ),
        (
            "200 as text/plain",
            Box::new(|| Fault::content_type("text/plain")),
            [(Failed, 1), (Doubt, 1)],
            [(Failed, 1), (Doubt, 1)],
        ),
        ("204", Box::new(Fault::no_content), [(Failed, 1), (Doubt, 1)], [(Failed, 1), (Doubt, 1)]),
        (
            "a redirect",
            Box::new(|| Fault::status(302).header("location", "/elsewhere")),
            [(Failed, 1), (Failed, 1)],
            [(Failed, 1), (Failed, 1)],
        ),
        ("401", Box::new(|| Fault::status(401)), [(Fine, 2), (Fine, 2)], [(Failed, 2), (Failed, 2)]),
    ];
    println!(
        "{:<26} {:>22} {:>22} {:>22} {:>22}",
        "fault", "get, once", "create, once", "get, always", "create, always"
    );
    let mut wrong = Vec::new();
    for (name, fault, once, always) in &table {
        let mut seen = Vec::new();
        for (expected, forever) in [(once, false), (always, true)] {
            for (expected, operation) in expected.iter().zip(["ConnectorService.Get", "ConnectorService.Create"]) {
                let s = setup().await;
                s.c1.apps().try_next().await.unwrap();
                let fault = fault().on(operation);
                s.tenant.fault(if forever { fault.always() } else { fault });
                let ended = if operation.ends_with("Get") { end(&s.get().await) } else { end(&s.create().await) };
                let got = (ended, s.reached(operation));
                if got != *expected {
                    wrong.push(format!("{name}, {operation}, for ever: {forever}: {got:?}, not {expected:?}"));
                }
                seen.push(format!("{:?} after {}", got.0, got.1));
            }
        }
        println!("{name:<26} {:>22} {:>22} {:>22} {:>22}", seen[0], seen[1], seen[2], seen[3]);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_thousand_tasks_ask_for_one_token_and_for_one_renewal() {
    let s = setup().await;
    s.tenant.set_token_lifetime(Duration::from_secs(1000));
    let crowd = || async {
        let tasks = (0..1000).map(|_| {
            let connector = s.c1.connector(APP, CONNECTOR);
            tokio::spawn(async move { connector.get().await.is_ok() })
        });
        join_all(tasks).await.into_iter().all(|task| task.unwrap())
    };
    assert!(crowd().await);
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Get")), (1, 1000));
    // Past its end: nobody has a token that is good.
    s.clock.advance(Duration::from_secs(1001));
    assert!(crowd().await);
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Get")), (2, 2000));
}

#[tokio::test]
async fn a_token_that_expires_in_mid_list_is_renewed_between_two_pages() {
    let s = setup().await;
    s.tenant.set_token_lifetime(Duration::from_secs(1000));
    (0..150).for_each(|n| drop(s.tenant.seed_connector(APP, json!({"displayName": format!("more {n}")}))));
    let mut connectors = s.c1.app(APP).connectors();
    connectors.try_next().await.unwrap();
    s.clock.advance(Duration::from_secs(2000));
    s.tenant.revoke_tokens();
    let rest: Vec<_> = connectors.try_collect().await.unwrap();
    assert_eq!((rest.len(), s.reached("token"), s.reached("ConnectorService.List")), (162, 2, 2));
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_is_read_to_its_end() {
    let s = setup().await;
    let ids: Vec<String> =
        (0..230).map(|n| s.tenant.seed_connector(APP, json!({"displayName": format!("more {n}")}))).collect();
    let mut connectors = s.c1.app(APP).connectors();
    connectors.try_next().await.unwrap();
    // Between two pages one of the last goes and another comes.
    s.c1.connector(APP, ids[229].as_str()).delete().await.unwrap();
    s.tenant.seed_connector(APP, json!({"displayName": "late"}));
    let rest: Vec<_> = connectors.try_collect().await.unwrap();
    let mut seen: Vec<_> = rest.iter().filter_map(|connector| connector.id.clone()).collect();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "nothing comes twice");
    assert!(!seen.contains(&ids[229]) && rest.iter().any(|it| it.display_name.as_deref() == Some("late")));
}

#[tokio::test]
async fn a_body_that_trickles_is_cut_off_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let clock = TestClock::new();
    let c1 = Client::builder().tenant(address.to_string()).bearer_token("t").clock(clock.clone()).build().unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"app";
        stream.write_all(head).await.unwrap();
        // No more comes, and time passes.
        loop {
            clock.strike();
            tokio::task::yield_now().await;
        }
    };
    let app = c1.app(APP);
    let result = tokio::select! {
        result = app.get() => result,
        () = server => unreachable!("it never ends"),
    };
    assert!(result.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_is_told_from_credentials_that_are_wrong() {
    // The fault, struck once; how the call ends, and how many token requests it took.
    let limits = Limits::default();
    assert!(limits.attempt < limits.call);
    for (name, fault, ended, requests) in [
        ("500", Fault::status(500), Fine, 2),
        ("429", Fault::status(429).header("retry-after", "3"), Fine, 2),
        ("408", Fault::status(408), Fine, 2),
        ("401", Fault::token_error("invalid_client").header("www-authenticate", "Basic"), Failed, 1),
        ("403", Fault::status(403), Failed, 1),
        ("garbage", Fault::status(200).body("not JSON"), Failed, 1),
        ("an empty object", Fault::status(200).json(&json!({})), Failed, 1),
        ("reset", Fault::reset_after_request(), Fine, 2),
        ("HTML", Fault::html(), Failed, 1),
    ] {
        let s = setup().await;
        s.tenant.fault(fault.token_endpoint());
        let result = s.get().await;
        assert_eq!((end(&result), s.reached("token")), (ended, requests), "{name}: {result:?}");
        if let Err(error) = result {
            assert!(error.is_auth(), "{name}: {error:?}");
            assert_eq!(s.reached("ConnectorService.Get"), 0, "{name}");
        }
    }
}

#[tokio::test]
async fn a_slow_token_endpoint_costs_no_more_than_the_call_may_take() {
    let s = setup().await;
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).token_endpoint());
    let strike = async {
        gate.arrived(1).await;
        s.clock.strike();
    };
    let (result, ()) = tokio::join!(s.get(), strike);
    let error = result.unwrap_err();
    assert!(error.is_timeout() && !error.may_have_happened(), "{error:?}");
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Get")), (1, 0));
    gate.open();
}

#[tokio::test]
async fn a_clock_that_is_behind_is_told_as_plainly_as_one_ahead() {
    let s = setup().await;
    s.clock.skew_back(Duration::from_secs(3600));
    let error = s.get().await.unwrap_err();
    assert!(error.is_auth(), "{error:?}");
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Get")), (1, 0));

    // A minute behind is what clocks are, and what an assertion's two minutes are for.
    let s = setup().await;
    s.clock.skew_back(Duration::from_secs(60));
    s.get().await.unwrap();
}

#[tokio::test]
async fn retries_end_when_the_budget_does_and_not_when_callers_do() {
    let s = setup().await;
    s.c1.apps().try_next().await.unwrap();
    s.tenant.fault(Fault::status(503).on("ConnectorService.Get").always());
    let calls = 200;
    for _ in 0..calls {
        s.get().await.unwrap_err();
    }
    // 500 tokens at 5 a retry (and one given back by the call above) are 100 retries, however many calls fail.
    assert_eq!(s.reached("ConnectorService.Get"), calls + 100);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off_and_its_connection_given_up() {
    let s = setup_with(|builder| {
        let mut limits = Limits::default();
        limits.response = 1000;
        builder.limits(limits)
    })
    .await;
    s.tenant.fault(Fault::oversized(5_000_000).on("ConnectorService.List").always());
    let items: Vec<_> = s.c1.app(APP).connectors().collect().await;
    assert!(items.len() == 1 && items[0].as_ref().is_err_and(Error::is_decode), "{items:?}");
    assert_eq!(s.reached("ConnectorService.List"), 1);
}
