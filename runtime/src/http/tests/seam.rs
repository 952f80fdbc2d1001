//! A unit test needs no socket: any function is a sender, and the test advances the time.

use std::sync::Mutex;

use futures::{StreamExt, pin_mut, poll};
use http::header::HeaderValue;
use tokio::time::Instant;

use super::*;

#[tokio::test]
async fn a_function_from_a_request_to_a_response_is_a_sender() {
    let connection = Connection::new().header("x-tenant", "acme").user_agent("my-program/1.0").sender(
        |request: reqwest::Request| async move {
            assert_eq!((request.method().as_str(), request.url().as_str()), ("POST", URL));
            assert_eq!(request.body().unwrap().as_bytes(), Some(b"{}".as_slice()));
            assert_eq!(request.headers()["authorization"], "Bearer PLANTED-token");
            assert_eq!(request.headers()["x-tenant"], "acme");
            assert!(request.headers()["user-agent"].to_str().unwrap().starts_with("my-program/1.0 connectors/"));
            Ok(http::Response::new(r#"{"name": "Rex"}"#).into())
        },
    );
    let exchange = connection.exchange(&Url::parse(URL).unwrap()).unwrap();
    let reply = Call::post(URL).send(&exchange).await.unwrap();
    assert_eq!((reply.status, &*reply.body), (StatusCode::OK, br#"{"name": "Rex"}"#.as_slice()));
}

#[tokio::test]
async fn calls_are_retried_over_a_sender_in_process() {
    let script = Scripted::default().returns(429, "").returns(429, "").returns(200, "done");
    let (exchange, clock) = script.exchange(|it| it);
    let reply = Call::post(URL).send(&exchange).await.unwrap();
    assert_eq!((reply.about().attempts, &*reply.body), (3, b"done".as_slice()));
    assert_eq!(clock.waits(), [SECOND / 2, SECOND]);
}

#[tokio::test]
async fn a_sender_that_never_returns_times_out_by_the_clock() {
    let script = Scripted::default();
    let (exchange, clock) = script.exchange(|it| it);
    let call = Call::post(URL).send(&exchange);
    pin_mut!(call);
    assert!(poll!(&mut call).is_pending());
    clock.advance(29 * SECOND);
    assert!(poll!(&mut call).is_pending());
    clock.advance(SECOND);
    let error = call.await.unwrap_err();
    assert!(error.is_timeout() && error.may_have_happened(), "{error}");
    // For the token, and for the attempt.
    assert_eq!((script.sent(), clock.timeouts()), (1, vec![120 * SECOND, 30 * SECOND]));
}

#[tokio::test(start_paused = true)]
async fn a_paused_tokio_clock_drives_timeouts_retries_and_the_deadline() {
    let sent = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&sent);
    let connection = Connection::new().sender(move |_: reqwest::Request| {
        *counted.lock().unwrap() += 1;
        std::future::pending()
    });
    let exchange = connection.exchange(&Url::parse(URL).unwrap()).unwrap();
    let started = Instant::now();
    let error = Call::post(URL).options(CallOptions::new().idempotent(true)).send(&exchange).await.unwrap_err();
    assert!(error.is_timeout() && error.attempts() == 4, "{error}");
    let took = started.elapsed();
    assert!((119 * SECOND..121 * SECOND).contains(&took), "{took:?}");
    assert_eq!(*sent.lock().unwrap(), 4);
}

#[tokio::test]
async fn the_error_of_a_sender_decides_about_the_retry() {
    for (error, sent, doubt) in [
        (SendError::not_connected("x"), 2, false),
        (SendError::not_processed("x"), 2, false),
        (SendError::broken("x"), 1, true),
        (SendError::timed_out("x"), 1, true),
        (SendError::unsendable("x"), 1, false),
    ] {
        let shown = error.to_string();
        let script = Scripted::default().then(Err(error)).returns(404, "");
        let (exchange, _) = script.exchange(|it| it);
        let error = Call::post(URL).send(&exchange).await.unwrap_err();
        assert_eq!((script.sent(), error.may_have_happened()), (sent, doubt), "{shown}");
    }
}

#[tokio::test]
async fn a_streamed_response_times_out_without_further_chunks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let clock = TestClock::new();
    let exchange = Connection::new().clock(clock.clone()).exchange(&Url::parse(&url).unwrap()).unwrap();
    let mut get = Call::post(&url);
    let respond = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
        stream
    };
    let (response, _open) = futures::join!(exchange.open(&mut get, true, failure), respond);
    let response = response.unwrap();
    assert_eq!((response.status(), &response.headers()["x-a"]), (StatusCode::OK, &HeaderValue::from_static("b")));
    assert_eq!(response.extensions().get::<super::super::About>().unwrap().attempts, 1);
    let body = response.bytes_stream();
    pin_mut!(body);
    assert_eq!(body.next().await.unwrap().unwrap(), "half");
    {
        let rest = body.next();
        pin_mut!(rest);
        assert!(poll!(&mut rest).is_pending());
        clock.advance(30 * SECOND);
        assert!(rest.await.unwrap().unwrap_err().is_timeout());
    }
    assert!(body.next().await.is_none());
}
