//! The limit of a response depends on its kind, and an error keeps only a part of it.

use bytes::Bytes;
use futures::stream;

use super::super::Limits;
use super::*;

const MIB: usize = 1024 * 1024;

/// A response whose body arrives in chunks of 64 KiB, and the number of chunks that were read.
fn large(status: u16, size: usize) -> (reqwest::Response, Arc<Mutex<usize>>) {
    let read = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&read);
    let pieces = (0..size / 65_536).map(move |_| {
        *counted.lock().unwrap() += 65_536;
        Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 65_536]))
    });
    let body = reqwest::Body::wrap_stream(stream::iter(pieces));
    let response = http::Response::builder().status(status).header("x-request-id", "server-7").body(body);
    (response.unwrap().into(), read)
}

#[tokio::test]
async fn a_failure_that_is_too_large_keeps_status_headers_and_beginning() {
    let (response, read) = large(400, 62 * MIB);
    let (exchange, _) = Scripted::default().then(Ok(response)).exchange(|it| it);
    let error = Call::post(URL).send(&exchange).await.unwrap_err();
    assert!(error.is_bad_request() && !error.may_have_happened(), "{error}");
    assert_eq!((error.status(), error.request_id()), (Some(400), Some("server-7")));
    assert_eq!(error.headers().unwrap()["x-request-id"], "server-7");
    assert_eq!((error.body_bytes().unwrap().len(), error.body().unwrap().len()), (256 * 1024, 16 * 1024));
    assert!(*read.lock().unwrap() <= 512 * 1024, "more was read than is kept");
}

#[tokio::test]
async fn a_failure_that_announces_its_size_is_read_up_to_the_limit() {
    let start = "x".repeat(300_000);
    let head = "HTTP/1.1 422 X\r\nx-kind: huge\r\ncontent-length: 65011712\r\n\r\n";
    let address = serve(vec![format!("{head}{start}").into_bytes()]).await;
    let url = format!("http://{address}/pets");
    let exchange = Connection::new().clock(TestClock::new()).exchange(&Url::parse(&url).unwrap()).unwrap();
    let error = Call::post(&url).send(&exchange).await.unwrap_err();
    assert_eq!((error.status(), error.body_bytes().unwrap().len()), (Some(422), 256 * 1024));
    assert_eq!(error.headers().unwrap()["x-kind"], "huge");
}

#[tokio::test]
async fn a_failure_whose_body_breaks_off_keeps_the_received_part() {
    let address = serve(vec![b"HTTP/1.1 404 X\r\ncontent-length: 100\r\n\r\nno such".to_vec()]).await;
    let url = format!("http://{address}/pets");
    let exchange = Connection::new().clock(TestClock::new()).exchange(&Url::parse(&url).unwrap()).unwrap();
    let error = Call::post(&url).send(&exchange).await.unwrap_err();
    assert!(error.is_not_found() && error.body() == Some("no such"), "{error}");
}

#[tokio::test]
async fn details_are_bounded_whatever_the_limit_of_failures() {
    // Each `{}` is 3 bytes here, and some 70 in memory.
    let body = format!(r#"{{"message": "no", "details": [{}{{}}]}}"#, "{},".repeat(MIB));
    let response = http::Response::builder().status(400).body(body).unwrap();
    let (exchange, _) = Scripted::default()
        .then(Ok(response.into()))
        .exchange(|connection| connection.limits(Limits { failure: 64 * MIB, ..Default::default() }));
    let error = Call::post(URL).send(&exchange).await.unwrap_err();
    assert_eq!((error.message(), error.details().len()), ("no", 100));
    assert_eq!(error.body_bytes().unwrap().len(), 256 * 1024);
}

#[tokio::test]
async fn responses_of_token_endpoints_and_successes_have_separate_limits() {
    for (call, size, limit) in
        [(Call::token(URL, "grant_type=x"), 128 * 1024, 65_536), (Call::post(URL), 17 * MIB, 16 * MIB)]
    {
        let (response, read) = large(200, size);
        let (exchange, _) = Scripted::default().then(Ok(response)).exchange(|it| it);
        let error = call.send(&exchange).await.unwrap_err();
        assert!(error.is_decode() && error.may_have_happened(), "{error}");
        assert!(error.to_string().contains(&format!("larger than {limit} bytes")), "{error}");
        assert_eq!((error.status(), error.request_id(), error.attempts()), (Some(200), Some("server-7"), 1));
        assert!(*read.lock().unwrap() <= limit + 65_536);
    }
    let (response, _) = large(200, 65_536);
    let (exchange, _) = Scripted::default().then(Ok(response)).exchange(|it| it);
    assert_eq!(Call::token(URL, "grant_type=x").send(&exchange).await.unwrap().body.len(), 65_536);
}
