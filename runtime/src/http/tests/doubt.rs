//! A call reports that the server may have processed it only if a part of it was sent.

use futures::{pin_mut, poll};
use tokio::net::TcpStream;

use super::*;

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const HEADERS: u8 = 1;

/// Reads frames until a request's headers. Returns its stream.
async fn request(stream: &mut TcpStream) -> u32 {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        stream.read_exact(&mut vec![0; usize::try_from(length).unwrap()]).await.unwrap();
        if head[3] == HEADERS {
            return u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        }
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    stream.write_all(&frame(4, 0, 0, &[])).await.unwrap();
    stream
}

/// A listener for HTTP/2, and an exchange that calls it.
async fn h2() -> (TcpListener, Arc<Exchange>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connection = Connection::new().clock(TestClock::new());
    let connection = connection.http(reqwest::Client::builder().http2_prior_knowledge());
    let exchange = connection.exchange(&Url::parse(&url).unwrap()).unwrap();
    (listener, exchange, url)
}

/// `:status: 200`, from the static table (RFC 7541, appendix A), and the end of the stream.
fn success(stream: u32) -> Vec<u8> {
    frame(HEADERS, 0x5, stream, &[0x88])
}

#[tokio::test]
async fn a_refused_stream_was_not_processed_and_any_call_is_retried() {
    let (listener, exchange, url) = h2().await;
    let server = async {
        let mut stream = accept(&listener).await;
        let first = request(&mut stream).await;
        stream.write_all(&frame(3, 0, first, &7_u32.to_be_bytes())).await.unwrap();
        let second = request(&mut stream).await;
        assert!(second > first);
        stream.write_all(&success(second)).await.unwrap();
        stream
    };
    let (reply, _open) = futures::join!(Call::post(&url).send(&exchange), server);
    let reply = reply.unwrap();
    assert_eq!((reply.status, reply.about().attempts), (StatusCode::OK, 2));
}

#[tokio::test]
async fn a_stream_beyond_the_last_of_a_goaway_was_not_processed() {
    let (listener, exchange, url) = h2().await;
    let server = async {
        let mut stream = accept(&listener).await;
        request(&mut stream).await;
        stream.write_all(&frame(7, 0, 0, &[0; 8])).await.unwrap();
        stream
    };
    let call = Call::post(&url).options(CallOptions::new().attempts(1));
    let (reply, _open) = futures::join!(call.send(&exchange), server);
    let error = reply.unwrap_err();
    assert!(error.is_connect() && !error.may_have_happened(), "{error}");
}

#[tokio::test]
async fn a_stream_before_the_end_of_a_goaway_may_have_been_processed() {
    let (listener, exchange, url) = h2().await;
    let server = async {
        let mut stream = accept(&listener).await;
        let id = request(&mut stream).await;
        let last = [id.to_be_bytes(), 0_u32.to_be_bytes()].concat();
        stream.write_all(&frame(7, 0, 0, &last)).await.unwrap();
        stream.shutdown().await.unwrap();
        stream
    };
    let (reply, _open) = futures::join!(Call::post(&url).send(&exchange), server);
    let error = reply.unwrap_err();
    assert!(!error.is_connect() && error.may_have_happened() && error.attempts() == 1, "{error}");
}

/// A call to a server that accepts the connection and sends nothing. The attempt's timeout ends it after the first
/// bytes.
async fn cut_off(scheme: &str) -> Error {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("{scheme}://{}/", listener.local_addr().unwrap());
    let clock = TestClock::new();
    let limits = super::super::Limits { attempt: 2 * SECOND, ..Default::default() };
    let connection = Connection::new().clock(clock.clone()).limits(limits);
    let exchange = connection.exchange(&Url::parse(&url).unwrap()).unwrap();
    let call = Call::post(&url).options(CallOptions::new().attempts(1)).send(&exchange);
    pin_mut!(call);
    let arrived = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::<u8>::with_capacity(1024);
        stream.read_buf(&mut read).await.unwrap();
        (stream, String::from_utf8_lossy(&read).into_owned())
    };
    let (_open, read) = tokio::select! {
        _ = &mut call => panic!("it ended before its timeout"),
        arrived = arrived => arrived,
    };
    assert!(!read.is_empty() && (scheme == "https" || read.contains("content-length: 2\r\n")), "{read}");
    assert!(poll!(&mut call).is_pending());
    clock.advance(2 * SECOND);
    call.await.unwrap_err()
}

#[tokio::test]
async fn a_tls_handshake_that_stalls_under_a_short_limit_has_sent_nothing() {
    let error = cut_off("https").await;
    assert!(error.is_connect() && !error.may_have_happened(), "{error}");
    assert!(error.to_string().contains("no connection to 127.0.0.1:"), "{error}");
    assert!(error.to_string().ends_with(" within 2s"), "{error}");
}

#[tokio::test]
async fn a_request_that_was_sent_and_has_no_response_may_have_been_processed() {
    let error = cut_off("http").await;
    assert!(error.is_timeout() && error.may_have_happened(), "{error}");
}

#[tokio::test]
async fn nothing_is_sent_when_no_time_is_left() {
    let script = Scripted::default().returns(429, "").returns(200, "");
    let (exchange, clock) = script.exchange(|it| it);
    let mut call = Call::post(URL);
    call.waits = Some((clock.clone(), 120 * SECOND));
    let error = call.send(&exchange).await.unwrap_err();
    assert!(error.is_timeout() && !error.may_have_happened(), "{error}");
    assert_eq!((script.sent(), error.attempts()), (0, 0));

    // The second request is ready too late, so the first one's error is returned.
    let mut call = Call::post(URL);
    call.waits = Some((clock, 60 * SECOND));
    let error = call.send(&exchange).await.unwrap_err();
    assert!(error.is_timeout() && !error.may_have_happened(), "{error}");
    assert_eq!((script.sent(), error.attempts()), (1, 1));
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("429"));
}

#[tokio::test]
async fn a_url_that_is_too_long_is_an_argument_that_cannot_be_sent() {
    let address = serve(Vec::new()).await;
    let connection = Connection::new().clock(TestClock::new());
    let base = format!("http://{address}/pets/");
    let network = connection.exchange(&Url::parse(&base).unwrap()).unwrap();
    let script = Scripted::default().returns(200, "");
    let (in_process, _) = script.exchange(|it| it);
    for exchange in [network, in_process] {
        let url = format!("{base}{}", "x".repeat(70_000));
        let options = CallOptions::new().idempotent(true).request_id("my-id");
        let error = Call::post(&url).options(options).send(&exchange).await.unwrap_err();
        assert!(error.is_invalid_argument() && !error.may_have_happened(), "{error}");
        assert_eq!((error.attempts(), error.operation()), (0, Some("create")));
        assert_eq!((error.host(), error.request_id()), (Some(&*address.to_string()), Some("my-id")));
        assert!(error.to_string().len() < 200, "{error}");
    }
    assert_eq!(script.sent(), 0);
}
