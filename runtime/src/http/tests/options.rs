//! Options of one call take precedence over the client's, and a retry policy is applied.

use http::header::HeaderMap;

use super::super::RetryPolicy;
use super::*;

#[tokio::test]
async fn a_call_can_have_its_own_deadline() {
    let script = Scripted::default().returns(429, "").returns(429, "").returns(200, "");
    let (exchange, clock) = script.exchange(|it| it);
    let error = Call::post(URL).options(CallOptions::new().deadline(SECOND)).send(&exchange).await.unwrap_err();
    // It is retried after half a second; another second would be too long.
    assert!(error.is_rate_limited() && error.attempts() == 2, "{error}");
    assert_eq!(clock.waits(), [SECOND / 2]);
    assert_eq!(clock.timeouts(), [SECOND, SECOND, SECOND / 2, SECOND / 2], "for each token and each attempt");
}

#[tokio::test]
async fn a_call_can_have_its_own_timeout_of_an_attempt() {
    // A slow upload: each attempt may take as long as the whole call.
    let (exchange, clock) = Scripted::default().returns(200, "").exchange(|it| it);
    let slow = CallOptions::new().deadline(600 * SECOND).attempt_timeout(500 * SECOND);
    Call::post(URL).options(slow).send(&exchange).await.unwrap();
    assert_eq!(clock.timeouts(), [600 * SECOND, 500 * SECOND], "for the token and the attempt");
    // Never longer than what is left of the call.
    let (exchange, clock) = Scripted::default().returns(200, "").exchange(|it| it);
    let slow = CallOptions::new().deadline(5 * SECOND).attempt_timeout(500 * SECOND);
    Call::post(URL).options(slow).send(&exchange).await.unwrap();
    assert_eq!(clock.timeouts(), [5 * SECOND; 2]);
    // For a stream, between two parts of the body.
    let mut stream =
        http::Response::new(reqwest::Body::wrap_stream(futures::stream::pending::<Result<&str, SendError>>()));
    *stream.status_mut() = StatusCode::OK;
    let (exchange, clock) = Scripted::default().then(Ok(stream.into())).exchange(|it| it);
    let mut call = Call::post(URL).options(CallOptions::new().attempt_timeout(7 * SECOND));
    let mut opened = exchange.open(&mut call, false, failure).await.unwrap();
    let chunk = opened.chunk();
    futures::pin_mut!(chunk);
    assert!(futures::poll!(&mut chunk).is_pending());
    clock.advance(7 * SECOND);
    assert!(chunk.await.is_err());
}

#[tokio::test]
async fn a_call_can_have_its_own_number_of_attempts() {
    for (attempts, sent) in [(0, 1), (1, 1), (2, 2), (6, 6)] {
        let script = (0..7).fold(Scripted::default(), |script, _| script.returns(429, ""));
        let (exchange, _) = script.exchange(|it| it);
        let error = Call::post(URL).options(CallOptions::new().attempts(attempts)).send(&exchange).await.unwrap_err();
        assert_eq!((script.sent(), error.attempts()), (sent, u32::try_from(sent).unwrap()));
    }
}

#[tokio::test]
async fn the_caller_can_set_whether_a_call_is_idempotent() {
    for (options, sent) in
        [(CallOptions::new(), 1), (CallOptions::new().idempotent(true), 2), (CallOptions::new().idempotent(false), 1)]
    {
        let script = Scripted::default().then(Err(SendError::broken("x"))).returns(200, "");
        let (exchange, _) = script.exchange(|it| it);
        let result = Call::post(URL).options(options).send(&exchange).await;
        assert_eq!((script.sent(), result.is_ok()), (sent, sent == 2));
        assert!(result.is_ok_and(|_| true) || sent == 1);
    }
}

#[tokio::test]
async fn a_call_can_have_its_own_headers() {
    let script = Scripted::default().returns(429, "").returns(200, "");
    let (exchange, _) = script.exchange(|connection| connection.header("x-a", "client").header("x-b", "client"));
    let options = CallOptions::new().header("x-a", "call").headers([("x-c", "1")].map(pair).into_iter().collect());
    let shown = format!("{options:?}");
    assert!(shown.contains("x-c") && !shown.contains("call") && !shown.contains('1'), "values are not shown: {shown}");
    Call::post(URL).options(options).send(&exchange).await.unwrap();
    for request in [0, 1] {
        let all = ["x-a", "x-b", "x-c"].map(|name| script.header(request, name));
        assert_eq!(all, ["call", "client", "1"].map(|value| Some(value.to_owned())));
    }
}

fn pair((name, value): (&'static str, &'static str)) -> (http::HeaderName, http::HeaderValue) {
    (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
}

#[tokio::test]
async fn options_that_cannot_be_sent_fail_the_call_before_it_is_sent() {
    let ours: HeaderMap = [pair(("host", "elsewhere"))].into_iter().collect();
    for options in [
        CallOptions::new().header("a b", "x"),
        CallOptions::new().header("a", "x\ny"),
        CallOptions::new().header("Authorization", "x"),
        CallOptions::new().headers(ours),
        CallOptions::new().request_id("x\ny"),
        CallOptions::new().request_id(""),
    ] {
        let script = Scripted::default();
        let (exchange, _) = script.exchange(|it| it);
        let error = Call::post(URL).options(options).send(&exchange).await.unwrap_err();
        assert!(error.is_invalid_argument(), "{error}");
        assert_eq!((error.operation(), error.host()), (Some("create"), Some("pets.example.com")));
        assert_eq!((script.sent(), error.attempts()), (0, 0));
    }
}

#[tokio::test]
async fn a_call_has_the_same_id_for_all_attempts() {
    for name in [None, Some("x-trace")] {
        let script = Scripted::default().returns(429, "").returns(404, "");
        let (exchange, _) = script.exchange(|connection| match name {
            None => connection,
            Some(name) => connection.request_id_header(http::HeaderName::from_static(name)),
        });
        let error = Call::post(URL).options(CallOptions::new().request_id("mine-7")).send(&exchange).await.unwrap_err();
        assert_eq!(error.request_id(), Some("mine-7"));
        for request in [0, 1] {
            assert_eq!(script.header(request, name.unwrap_or("x-request-id")).as_deref(), Some("mine-7"));
        }
    }
}

#[tokio::test]
async fn a_policy_sets_attempts_and_delays() {
    let script = (0..9).fold(Scripted::default(), |script, _| script.returns(429, ""));
    let (exchange, clock) = script.exchange(|connection| {
        let (first_delay, longest_delay) = (SECOND, 3 * SECOND);
        connection.retry(RetryPolicy { attempts: 5, first_delay, longest_delay, ..Default::default() })
    });
    let error = Call::post(URL).send(&exchange).await.unwrap_err();
    assert_eq!(error.attempts(), 5);
    assert_eq!(clock.waits(), [SECOND, 2 * SECOND, 3 * SECOND, 3 * SECOND]);
}

#[tokio::test]
async fn a_server_may_request_a_delay_up_to_the_limit_of_the_policy() {
    let busy = |seconds: u64| {
        let response = http::Response::builder().status(429).header("retry-after", seconds);
        Scripted::default().then(Ok(response.body("").unwrap().into())).returns(200, "")
    };
    let (exchange, clock) = busy(10).exchange(|it| it);
    Call::post(URL).send(&exchange).await.unwrap();
    assert_eq!(clock.waits(), [10 * SECOND]);

    let (exchange, clock) = busy(10)
        .exchange(|connection| connection.retry(RetryPolicy { longest_wait: 9 * SECOND, ..Default::default() }));
    let error = Call::post(URL).send(&exchange).await.unwrap_err();
    assert_eq!((error.retry_after(), clock.waits().len()), (Some(10 * SECOND), 0));
}

#[tokio::test]
async fn all_calls_of_a_client_share_a_retry_budget_that_can_be_turned_off() {
    for (budget, sent) in [(true, 300), (false, 400)] {
        let script = (0..400).fold(Scripted::default(), |script, _| script.returns(429, ""));
        let (exchange, _) =
            script.exchange(|connection| connection.retry(RetryPolicy { attempts: 2, budget, ..Default::default() }));
        for _ in 0..200 {
            Call::post(URL).send(&exchange).await.unwrap_err();
        }
        assert_eq!(script.sent(), sent);
    }
}
