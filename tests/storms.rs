//! All known faults of networks and servers, and how many requests reached the server. A table has the allowed number
//! of requests for each fault; further tests have the faults that do not fit in the table.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use connectors::c1::{Client, Credentials};
use connectors::{Clock, Error, Limits};
use connectors_fake::{Fault, Gate};
use futures::{StreamExt, TryStreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use support::{APP, CONNECTOR, Seconds, Setup, TestClock, settle, setup, setup_with, soon};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Fine,
    /// An error, and the server processed nothing.
    Failed,
    /// An error with `may_have_happened`.
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
async fn each_fault_costs_the_requests_in_the_table() {
    let later = |seconds| httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
    let soon = later(30);
    let late = later(86_400);
    let after = |value: &str| Fault::status(429).header("retry-after", value);
    // The fault, once and forever; then for Get (idempotent) and Create (not): how it ends, and how many requests
    // reached the server.
    type Row<'a> = (&'a str, Box<dyn Fn() -> Fault + 'a>, [(End, usize); 2], [(End, usize); 2]);
    let table: Vec<Row<'_>> = vec![
        // name, fault, once: get, create; always: get, create
        ("429", Box::new(|| Fault::status(429)), [(Fine, 2), (Fine, 2)], [(Failed, 4), (Failed, 4)]),
        ("429, Retry-After: 7", Box::new(|| after("7")), [(Fine, 2), (Fine, 2)], [(Failed, 4), (Failed, 4)]),
        // The third attempt has twenty seconds left, so there is no time for another delay.
        ("429, Retry-After: 50", Box::new(|| after("50")), [(Fine, 2), (Fine, 2)], [(Failed, 3), (Failed, 3)]),
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
            "the same, processed",
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
                    wrong.push(format!("{name}, {operation}, each time: {forever}: {got:?}, not {expected:?}"));
                }
                seen.push(format!("{:?} after {}", got.0, got.1));
            }
        }
        println!("{name:<26} {:>22} {:>22} {:>22} {:>22}", seen[0], seen[1], seen[2], seen[3]);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

type Call = tokio::task::JoinHandle<Result<(), Error>>;

/// A thousand calls, each in its own task, all in flight and waiting: for the server if `gate` holds the token back, or
/// for a token.
async fn crowd(s: &Setup, gate: &Gate) -> Vec<Call> {
    let begun = Arc::new(AtomicUsize::new(0));
    let call = |_| {
        let (connector, begun) = (s.c1.app(APP).connector(CONNECTOR), Arc::clone(&begun));
        tokio::spawn(async move {
            begun.fetch_add(1, Ordering::Relaxed);
            connector.get().await.map(drop)
        })
    };
    let calls = (0..1000).map(call).collect();
    soon(gate.arrived(1)).await;
    // There is one thread: a task that has started has run as far as it can.
    while begun.load(Ordering::Relaxed) < 1000 {
        tokio::task::yield_now().await;
    }
    calls
}

fn ended(calls: &[Call]) -> usize {
    calls.iter().filter(|call| call.is_finished()).count()
}

async fn succeed(calls: Vec<Call>) {
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_thousand_tasks_share_one_token_and_one_refresh() {
    let s = setup().await;
    s.tenant.set_token_lifetime(Duration::from_secs(1000));
    let held = || {
        let gate = Gate::default();
        s.tenant.fault(Fault::hold(&gate).token_endpoint());
        gate
    };
    let reached = || (s.reached("token"), s.reached("ConnectorService.Get"));
    // No token, and an expired one: no call has a valid token.
    for round in 1..=2 {
        let gate = held();
        let calls = crowd(&s, &gate).await;
        assert_eq!((ended(&calls), reached()), (0, (round, (round - 1) * 1000)), "all of them wait");
        gate.open();
        succeed(calls).await;
        assert_eq!(reached(), (round, round * 1000));
        s.clock.advance(Duration::from_secs(1001));
    }

    // Before the expiry one call refreshes it, and the others need not wait.
    s.get().await.unwrap();
    s.clock.advance(Duration::from_secs(950));
    let gate = held();
    let calls = crowd(&s, &gate).await;
    let others = async {
        while ended(&calls) < 999 {
            tokio::task::yield_now().await;
        }
    };
    soon(others).await;
    assert_eq!(reached(), (4, 3000));
    gate.open();
    succeed(calls).await;
    assert_eq!(reached(), (4, 3001));
}

#[tokio::test]
async fn a_token_that_expires_during_a_list_is_refreshed_between_two_pages() {
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
    // Between two pages one of the last calls ends and another begins.
    s.c1.app(APP).connector(ids[229].as_str()).delete().await.unwrap();
    s.tenant.seed_connector(APP, json!({"displayName": "late"}));
    let rest: Vec<_> = connectors.try_collect().await.unwrap();
    let mut seen: Vec<_> = rest.iter().filter_map(|connector| connector.id.clone()).collect();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "no item is returned twice");
    assert!(!seen.contains(&ids[229]) && rest.iter().any(|it| it.display_name.as_deref() == Some("late")));
}

/// Calls a server that begins its response like this and sends no more of it, and lets time pass.
async fn stalled<T>(begin: &str, call: impl AsyncFnOnce(Client) -> Result<T, Error>) -> Result<T, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let clock = TestClock::new();
    let c1 = Client::builder(Credentials::token("t").tenant(address.to_string())).clock(clock.clone()).build().unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        stream.write_all(begin.as_bytes()).await.unwrap();
        loop {
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        result = call(c1) => result,
        () = server => unreachable!("it never ends"),
    }
}

#[tokio::test]
async fn a_slow_body_times_out_at_the_deadline() {
    let begin = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"app";
    let error = stalled(begin, async |c1| c1.app(APP).get().await).await.unwrap_err();
    assert!(error.is_timeout() && error.attempts() == 4, "{error:?}");
}

/// The head of a response decides the outcome of the call. Its body may explain it, and is not read beyond the timeout.
#[tokio::test]
async fn a_failure_whose_body_stalls_keeps_its_status() {
    let begin = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"code";
    let create = async |c1: Client| c1.app(APP).create_connector("catalog").await;
    let error = stalled(begin, create).await.unwrap_err();
    assert!(error.status() == Some(400) && error.attempts() == 1, "{error:?}");
    assert!(!error.is_timeout() && !error.may_have_happened(), "{error:?}");
}

#[tokio::test]
async fn an_attempt_and_a_call_time_out_at_their_limits() {
    let instant = Duration::from_millis(1);
    // The timeouts of an attempt and of a call; then each attempt's timeout, which never exceeds the time left of the
    // call.
    for (attempt, call, expected) in [
        (None, None, vec![30.0, 30.0, 30.0, 26.5]),
        (Some(3), Some(10), vec![3.0, 3.0, 2.5]),
        (Some(40), Some(20), vec![20.0]),
    ] {
        let s = setup_with(|builder| {
            let mut limits = Limits::default();
            limits.attempt = attempt.map_or(limits.attempt, Duration::from_secs);
            limits.call = call.map_or(limits.call, Duration::from_secs);
            builder.limits(limits)
        })
        .await;
        s.get().await.unwrap();
        let gate = Gate::default();
        s.tenant.fault(Fault::hold(&gate).on("ConnectorService.Get").always());
        let before = s.clock.timeouts().len();
        let time = async {
            for number in 1..=expected.len() {
                gate.arrived(number).await;
                let begun = s.clock.timeouts().seconds();
                assert_eq!(begun[before..], expected[..number]);
                s.clock.advance(Duration::from_secs_f64(expected[number - 1]) - instant);
                settle().await;
                assert_eq!(s.clock.timeouts().seconds(), begun, "it timed out too early");
                s.clock.advance(instant);
            }
        };
        let (result, ()) = soon(async { tokio::join!(s.get(), time) }).await;
        let error = result.unwrap_err();
        assert!(error.is_timeout() && usize::try_from(error.attempts()) == Ok(expected.len()), "{error:?}");
        assert!(!error.may_have_happened(), "it only reads");
    }
    // The HTTP client keeps these timeouts, in real time.
    let limits = Limits::default();
    assert_eq!((limits.connect, limits.response), (Duration::from_secs(10), 16 << 20));
}

#[tokio::test]
async fn delays_count_towards_the_calls_deadline() {
    let s = setup().await;
    s.get().await.unwrap();
    let before = s.clock.timeouts().len();
    s.tenant.fault(Fault::status(429).header("retry-after", "50").on("ConnectorService.Get").always());
    let error = s.get().await.unwrap_err();
    assert!(error.is_rate_limited() && error.attempts() == 3, "{error:?}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(50)));
    assert_eq!(s.clock.waits().seconds(), [50.0, 50.0]);
    assert_eq!(s.clock.timeouts().seconds()[before..], [30.0, 30.0, 20.0]);
}

#[tokio::test]
async fn a_failing_token_endpoint_differs_from_wrong_credentials() {
    // The fault, once; how the call ends, and how many token requests it took.
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
async fn a_slow_token_endpoint_cannot_exceed_the_calls_deadline() {
    let s = setup().await;
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).token_endpoint().always());
    let begun = s.clock.now();
    let time = async {
        for number in 1..=4 {
            gate.arrived(number).await;
            let limit = *s.clock.timeouts().seconds().last().unwrap();
            s.clock.advance(Duration::from_secs_f64(limit));
        }
    };
    let (result, ()) = soon(async { tokio::join!(s.get(), time) }).await;
    let error = result.unwrap_err();
    assert!(error.is_timeout() && !error.may_have_happened() && error.attempts() == 0, "{error:?}");
    assert_eq!(s.clock.now() - begun, Duration::from_secs(120));
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Get")), (4, 0));
}

#[tokio::test]
async fn a_refresh_that_hangs_delays_one_call_by_a_quarter_of_its_time_and_no_later_call() {
    let s = setup_with(|builder| {
        let mut limits = Limits::default();
        limits.call = Duration::from_secs(4);
        builder.limits(limits)
    })
    .await;
    let token = || s.tenant.requests().last().and_then(|it| it.header("authorization").map(str::to_owned));
    s.tenant.set_token_lifetime(Duration::from_secs(1000));
    s.get().await.unwrap();
    let old = token();
    assert!(old.is_some());

    // It is valid for 50 s, and due for a refresh.
    s.clock.advance(Duration::from_secs(950));
    let gate = Gate::default();
    s.tenant.fault(Fault::hold(&gate).token_endpoint().always());
    let instant = Duration::from_millis(1);
    let time = async {
        gate.arrived(1).await;
        let begun = s.clock.timeouts().seconds();
        s.clock.advance(Duration::from_secs(1) - instant);
        settle().await;
        assert_eq!(s.clock.timeouts().seconds(), begun, "it timed out too early");
        s.clock.advance(instant);
    };
    let (result, ()) = soon(async { tokio::join!(s.get(), time) }).await;
    result.unwrap();
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Get"), token()), (2, 2, old.clone()));

    // No time passes, and the endpoint is not called for ten seconds.
    for seconds in [0, 1, 7] {
        s.clock.advance(Duration::from_secs(seconds));
        soon(s.get()).await.unwrap();
    }
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Get"), token()), (2, 5, old.clone()));

    // Then the refresh is retried, and there is a new token before the old one expires.
    gate.open();
    for _ in 0..3 {
        s.clock.advance(Duration::from_secs(10));
        soon(s.get()).await.unwrap();
    }
    assert_ne!(token(), old);
}

#[tokio::test]
async fn a_slow_clock_is_reported_like_a_fast_one() {
    let s = setup().await;
    s.clock.set_time_of_day(SystemTime::now() - Duration::from_secs(3600));
    let error = s.get().await.unwrap_err();
    assert!(error.is_auth(), "{error:?}");
    assert_eq!((s.reached("token"), s.reached("ConnectorService.Get")), (1, 0));

    // A clock that is a minute behind is common, and an assertion's two minutes allow for it.
    let s = setup().await;
    s.clock.set_time_of_day(SystemTime::now() - Duration::from_secs(60));
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
    // 500 units at 5 a retry (and one restored by the call above) are 100 retries, however many calls fail.
    assert_eq!(s.reached("ConnectorService.Get"), calls + 100);

    // Five successful calls restore one more retry.
    s.tenant.clear_faults();
    for (successes, attempts) in [(4, 1), (1, 2), (0, 1)] {
        for _ in 0..successes {
            s.c1.app(APP).get().await.unwrap();
        }
        s.tenant.fault(Fault::status(503).on("ConnectorService.Get").times(attempts));
        assert_eq!(s.get().await.unwrap_err().attempts(), u32::try_from(attempts).unwrap());
    }
}

/// The limit applies to the bytes that arrive, not to the announced length: this response has none.
#[tokio::test]
async fn a_chunked_response_is_read_only_up_to_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut limits = Limits::default();
    limits.response = 100_000;
    let builder = Client::builder(Credentials::token("t").tenant(address.to_string())).limits(limits);
    let c1 = builder.clock(TestClock::new()).build().unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // Followed by spaces: still JSON, but large. A client that stops reading closes the connection.
        let piece = format!("3e8\r\n{}\r\n", " ".repeat(1000));
        for _ in 0..1000 {
            if stream.write_all(piece.as_bytes()).await.is_err() {
                return;
            }
        }
        drop(stream.write_all(b"0\r\n\r\n").await);
    };
    let app = c1.app(APP);
    let (result, ()) = soon(async { tokio::join!(app.get(), server) }).await;
    let error = result.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("larger than 100000 bytes"), "{error}");
}

#[tokio::test]
async fn a_response_with_too_large_a_length_is_an_error_and_not_retried() {
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
