//! Responses that are a sequence of items.

use std::time::Duration;

use connectors_runtime::crates::{http, reqwest};
use connectors_runtime::{Connection, Error, Items, Limits, RequestOptions, SendError, TestClock};
use futures::{StreamExt, TryStreamExt, stream};
use library::types::{Question, Spoken, Words};
use library::{Client, Credentials};

use super::Server;

const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-trace: t\r\n\r\n";
const LINES: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/jsonl\r\n\r\n";

fn client(server: &Server, connection: Connection) -> Client {
    Client::builder(server.url.as_str(), Credentials::new().key("k")).connection(connection).build().unwrap()
}

/// A client whose server returns this body in these chunks, in process.
fn chunked(content_type: &'static str, chunks: Vec<Vec<u8>>, limits: Limits) -> Client {
    let sender = move |_: reqwest::Request| {
        let body = stream::iter(chunks.clone().into_iter().map(Ok::<_, std::io::Error>));
        let response = http::Response::builder().header("content-type", content_type);
        let response = response.body(reqwest::Body::wrap_stream(body)).unwrap();
        async move { Ok::<reqwest::Response, SendError>(response.into()) }
    };
    let connection = Connection::new().clock(TestClock::new()).limits(limits).sender(sender);
    Client::builder("https://library.example", Credentials::new().key("k")).connection(connection).build().unwrap()
}

fn ask(client: &Client) -> Items<Words> {
    client.answers().create_answer(&Question::new("why?".to_owned())).stream()
}

/// The text of each item, or the message of its error.
async fn texts(items: Items<Words>) -> Vec<String> {
    items.map(|item| item.map_or_else(|error| format!("{error}"), |words| words.text)).collect().await
}

#[tokio::test]
async fn a_response_is_a_value_or_a_stream() {
    let stream = format!(
        "{EVENTS}\u{feff}: keep-alive\r\n\r\ndata: {{\"text\":\r\ndata: \"one\"}}\r\n\r\nid: 7\nevent: more\n\
         data: {{\"text\":\"two\"}}\n\ndata: [DONE]\n\ndata: {{\"text\":\"after the end\"}}\n\n"
    );
    let value = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 16\r\n\r\n{\"text\":\"whole\"}";
    let server = Server::raw(vec![stream, value.to_owned(), value.to_owned()], false).await;
    let library = client(&server, Connection::new().clock(TestClock::new()));
    let mut items = ask(&library);
    let response = items.open().await.unwrap();
    assert_eq!((response.status(), &response.headers()["x-trace"]), (200, &"t".parse().unwrap()));
    assert_eq!(items.next().await.unwrap().unwrap().text, "one");
    assert_eq!((items.last_event(), items.last_event_id()), (Some("message"), None));
    assert_eq!(items.next().await.unwrap().unwrap().text, "two");
    assert_eq!((items.last_event(), items.last_event_id()), (Some("more"), Some("7")));
    assert!(items.next().await.is_none() && items.next().await.is_none());
    let question = Question::new("why?".to_owned());
    assert_eq!(library.answers().create_answer(&question).await.unwrap().text, "whole");
    library.answers().create_answer(&question.stream(true)).await.unwrap();
    let requests = server.arrived();
    let sent = |index: usize| (requests[index].header("accept").unwrap(), requests[index].body.as_str());
    assert_eq!(sent(0), ("text/event-stream", r#"{"text":"why?","stream":true}"#));
    assert_eq!(sent(1), ("application/json", r#"{"text":"why?"}"#));
    assert_eq!(sent(2), ("application/json", r#"{"text":"why?","stream":false}"#));
}

#[test]
fn a_program_without_async_reads_a_stream() {
    use connectors_runtime::blocking::BlockingStream;

    let body = b"data: {\"text\":\"a\"}\n\ndata: {\"text\":\"b\"}\n\ndata: [DONE]\n\n".to_vec();
    let library = chunked("text/event-stream", vec![body], Limits::default());
    let words: Result<Vec<String>, Error> = ask(&library).blocking().map(|item| item.map(|words| words.text)).collect();
    assert_eq!(words.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_a_separate_error_for_any_chunks() {
    let body = "data: {\"text\":\"\u{e9}\"}\r\n\r\ndata: {\"no\": 1}\n\ndata: oops\n\ndata: {\"text\":\"b\"}\n\ndata: [DONE]\n\n";
    let bytes = body.as_bytes();
    let mut splits: Vec<Vec<Vec<u8>>> =
        (0..=bytes.len()).map(|at| vec![bytes[..at].to_vec(), bytes[at..].to_vec()]).collect();
    splits.push(bytes.iter().map(|byte| vec![*byte]).collect());
    for chunks in splits {
        let library = chunked("text/event-stream; charset=utf-8", chunks, Limits::default());
        let items: Vec<Result<Words, Error>> = ask(&library).collect().await;
        let [Ok(first), Err(missing), Err(oops), Ok(last)] = &items[..] else { panic!("{items:?}") };
        assert_eq!((first.text.as_str(), last.text.as_str()), ("\u{e9}", "b"));
        assert!(missing.is_decode() && missing.status() == Some(200));
        assert_eq!((missing.body(), oops.body()), (Some("{\"no\": 1}"), Some("oops")));
        assert!(!format!("{oops:?}").contains("oops"), "{oops:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_off_is_an_error() {
    for (body, expected) in [
        ("data: {\"text\":\"a\"}\n\ndata: {\"text\":\"b\"}\n", "in the middle of an event"),
        ("data: {\"text\":\"a\"}\n\n: keep-alive\n", "without `[DONE]`"),
    ] {
        let library = chunked("text/event-stream", vec![body.into()], Limits::default());
        let [first, error] = texts(ask(&library)).await.try_into().unwrap();
        assert_eq!(first, "a");
        assert!(error.contains(expected) && error.contains("the server may have processed it"), "{error}");
    }
    // The end mark counts without the empty line.
    let library =
        chunked("text/event-stream", vec![b"data: {\"text\":\"a\"}\n\ndata: [DONE]".to_vec()], Limits::default());
    assert_eq!(texts(ask(&library)).await, ["a"]);
    // The connection breaks before the announced length has arrived.
    let broken =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 999\r\n\r\ndata: {\"text\":\"a\"}\n\n";
    let server = Server::raw(vec![broken.to_owned()], false).await;
    let mut items = ask(&client(&server, Connection::new().clock(TestClock::new())));
    assert_eq!(items.next().await.unwrap().unwrap().text, "a");
    let error = items.next().await.unwrap().unwrap_err();
    assert!(error.may_have_happened() && !error.is_decode(), "{error}");
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn an_item_has_a_limit_and_a_page_of_a_gateway_is_not_a_stream() {
    let mut limits = Limits::default();
    limits.response = 64;
    let endless = vec![b"data: {\"text\":\"a\"}\n\ndata: ".to_vec(), vec![b'x'; 100], vec![b'x'; 100]];
    let library = chunked("text/event-stream", endless, limits.clone());
    let [first, error] = texts(ask(&library)).await.try_into().unwrap();
    assert!(first == "a" && error.contains("more than 64 bytes"), "{error}");
    // Many small items do not add up to a large one.
    let many = vec![b"data: {\"text\":\"a\"}\n\n".repeat(100), b"data: [DONE]\n\n".to_vec()];
    assert_eq!(texts(ask(&chunked("text/event-stream", many, limits.clone()))).await.len(), 100);
    let [error] = texts(ask(&chunked("text/html", vec![b"<html>".to_vec()], limits))).await.try_into().unwrap();
    assert!(error.contains("`text/html`"), "{error}");
}

#[tokio::test]
async fn keep_alives_keep_a_stream_open_until_its_idle_timeout_or_deadline() {
    let body = format!("{EVENTS}data: {{\"text\":\"a\"}}\n\n: keep-alive\n\n: keep-alive\n\n");
    for by_deadline in [false, true] {
        let server = Server::raw(vec![body.clone()], true).await;
        let clock = TestClock::new();
        let library = client(&server, Connection::new().clock(clock.clone()));
        let request = library.answers().create_answer(&Question::new("why?".to_owned()));
        let mut items = match by_deadline {
            false => request.stream().idle_timeout(Duration::from_secs(10)),
            true => request.deadline(Duration::from_secs(10)).stream(),
        };
        assert_eq!(items.next().await.unwrap().unwrap().text, "a");
        let next = tokio::spawn(async move { (items.next().await, items.next().await) });
        // The timer starts when the item is requested.
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!next.is_finished());
        clock.advance(Duration::from_secs(2));
        let (error, end) = next.await.unwrap();
        assert!(error.unwrap().unwrap_err().is_timeout() && end.is_none());
    }
}

#[tokio::test]
async fn a_server_that_always_has_more_does_not_exceed_the_deadline() {
    let sender = |_: reqwest::Request| {
        let body = stream::repeat_with(|| Ok::<_, std::io::Error>(b"data: {\"text\":\"a\"}\n\n".to_vec()));
        let response = http::Response::builder().header("content-type", "text/event-stream");
        let response = response.body(reqwest::Body::wrap_stream(body)).unwrap();
        async move { Ok::<reqwest::Response, SendError>(response.into()) }
    };
    let clock = TestClock::new();
    let connection = Connection::new().clock(clock.clone()).sender(sender);
    let library = Client::builder("https://library.example", Credentials::new().key("k"));
    let library = library.connection(connection).build().unwrap();
    let request = library.answers().create_answer(&Question::new("why?".to_owned()));
    let mut items = request.deadline(Duration::from_secs(10)).stream();
    for _ in 0..10 {
        assert_eq!(items.next().await.unwrap().unwrap().text, "a");
        clock.advance(Duration::from_millis(900));
    }
    clock.advance(Duration::from_secs(2));
    assert!(items.next().await.unwrap().unwrap_err().is_timeout() && items.next().await.is_none());
}

#[tokio::test]
async fn the_idle_timeout_begins_when_the_stream_is_open() {
    let clock = TestClock::new();
    let slow = clock.clone();
    let sender = move |_: reqwest::Request| {
        // The head of the response takes longer than the idle timeout, and the first event comes after it.
        slow.advance(Duration::from_secs(5));
        let body = stream::once(async {
            tokio::task::yield_now().await;
            Ok::<_, std::io::Error>(b"event: removed\ndata: 9\n\n".to_vec())
        });
        let response = http::Response::builder().header("content-type", "text/event-stream");
        let response = response.body(reqwest::Body::wrap_stream(body)).unwrap();
        async move { Ok::<reqwest::Response, SendError>(response.into()) }
    };
    let connection = Connection::new().clock(clock).sender(sender);
    let library = Client::builder("https://library.example", Credentials::new().key("k"));
    let library = library.connection(connection).build().unwrap();
    let mut changes = library.books().watch_books().stream().idle_timeout(Duration::from_secs(3));
    assert!(changes.try_next().await.unwrap().is_some());
}

#[tokio::test]
async fn lines_are_items() {
    let body = format!(
        "{LINES}{{\"id\":\"1\",\"title\":\"A\"}}\r\n\n{{\"id\":2}}\n{{\"id\":\"3\",\"title\":\"C\",\"isbn\":1.50}}"
    );
    let server = Server::raw(vec![body], false).await;
    let library = client(&server, Connection::new().clock(TestClock::new()));
    let books: Vec<_> = library.books().read_journal().stream().collect().await;
    let [Ok(first), Err(error), Ok(last)] = &books[..] else { panic!("{books:?}") };
    assert_eq!((first.title.as_str(), last.title.as_str()), ("A", "C"));
    assert!(error.is_decode() && error.body() == Some("{\"id\":2}"));
    assert_eq!(server.arrived()[0].header("accept"), Some("application/jsonl"));
    // A line that was cut off is an error, too.
    let cut = vec![b"{\"id\":\"1\",\"title\":\"A\"}\n{\"id\":\"2\",\"ti".to_vec()];
    let library = chunked("application/jsonl", cut, Limits::default());
    let books: Vec<_> = library.books().read_journal().stream().collect().await;
    assert!(matches!(&books[..], [Ok(_), Err(error)] if error.is_decode()));
    // So is another format than the one that was requested.
    let library = chunked("text/event-stream", vec![b"data: {\"id\":\"1\"}\n\n".to_vec()], Limits::default());
    let books: Vec<_> = library.books().read_journal().stream().collect().await;
    let [Err(error)] = &books[..] else { panic!("{books:?}") };
    assert!(error.to_string().contains("`text/event-stream`"), "{error}");
}

#[tokio::test]
async fn each_documented_format_of_a_stream_has_typed_items() {
    let sequence = LINES.replace("jsonl", "json-seq")
        + "\u{1e}{\"id\":\"1\",\"title\":\"A\"}\n\u{1e}\u{1e}{\"id\":2}\n\u{1e}{\"id\":\"3\",\n\"title\":\"C\"}\n\u{1e}{\"id\":\"4\",\"ti";
    let events = format!(
        "{EVENTS}data: {{\"id\":\"1\",\ndata: \"title\":\"A\"}}\r\rdata: {{\"id\":2}}\n\ndata: {{\"id\":\"3\",\"title\":\"C\"}}\n\n"
    );
    let server = Server::raw(vec![sequence, events], false).await;
    let library = client(&server, Connection::new().clock(TestClock::new()));
    let books: Vec<_> = library.books().read_journal().stream_sequence().collect().await;
    let [Ok(first), Err(error), Ok(third), Err(cut)] = &books[..] else { panic!("{books:?}") };
    assert_eq!((first.title.as_str(), third.title.as_str()), ("A", "C"));
    assert!(error.is_decode() && error.body() == Some("{\"id\":2}") && cut.is_decode(), "{error} {cut}");
    let mut books = library.books().read_journal().stream_events();
    let first = books.next().await.unwrap().unwrap();
    assert_eq!((first.title.as_str(), books.last_event()), ("A", Some("message")));
    let rest: Vec<_> = books.collect().await;
    assert!(matches!(&rest[..], [Err(error), Ok(book)] if error.is_decode() && book.title == "C"), "{rest:?}");
    let accepts: Vec<_> = server.arrived().iter().map(|it| it.header("accept").unwrap().to_owned()).collect();
    assert_eq!(accepts, ["application/json-seq", "text/event-stream"]);
}

#[tokio::test]
async fn a_stream_resumes_after_its_last_event() {
    let first = format!(
        "{}retry: 1500\nid: 1\nevent: added\ndata: {{\"id\":\"7\",\"title\":\"Emma\"}}\n\nid: 2\nevent: removed\ndata: 8\n\n\
         id: 3\nevent: removed\nda",
        EVENTS.replace("x-trace: t", "content-length: 999"),
    );
    let second = format!("{EVENTS}event: removed\ndata: 9\nid: 3\n\n");
    let gone = "HTTP/1.1 204 No Content\r\n\r\n".to_owned();
    let server = Server::raw(vec![first, format!("{second}data: cut"), gone], false).await;
    let clock = TestClock::new();
    let library = client(&server, Connection::new().clock(clock.clone()));
    let mut changes = library.books().watch_books().stream().reconnect();
    let mut seen = Vec::new();
    while let Some(change) = changes.try_next().await.unwrap() {
        seen.push(connectors_runtime::crates::serde_json::to_value(change).unwrap().to_string());
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(seen[0].contains("\"title\":\"Emma\"") && seen[0].contains("\"event\":\"added\""), "{seen:?}");
    // A text that is JSON as well is a text where the document declares a string.
    assert!(seen[1].contains("\"event\":\"removed\"") && seen[2].contains('9'), "{seen:?}");
    let ids: Vec<Option<String>> =
        server.arrived().iter().map(|request| request.header("last-event-id").map(str::to_owned)).collect();
    assert_eq!(ids, [None, Some("2".to_owned()), Some("3".to_owned())]);
    // All of them are one call to the server.
    let arrived = server.arrived();
    let keys: Vec<Option<&str>> = arrived.iter().map(|request| request.header("idempotency-key")).collect();
    assert!(keys[0].is_some() && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    // The delay is the one that the server requested, or later the last requested one.
    assert_eq!(clock.waits(), [Duration::from_millis(1500); 2]);
}

#[tokio::test]
async fn sound_is_bytes_or_a_stream_of_events_with_bytes_in_them() {
    const BODY: &str = "data: {\"type\":\"reading.part\",\"sound\":\"UE5H\"}\n\n\
                data: {\"type\":\"reading.pause\",\"sound\":1.50}\n\n\
                data: {\"type\":\"reading.end\",\"settings\":\"{\\\"shelf\\\": \\\"A1\\\"}\"}\n\n";
    let server = Server::start(&[
        ("200 OK", "content-type: audio/mpeg\r\n", "MP3"),
        ("200 OK", "content-type: text/event-stream\r\n", BODY),
    ])
    .await;
    let library = client(&server, Connection::new().clock(TestClock::new()));
    let read = || library.answers().read_aloud(&Question::new("why?".to_owned()));
    let sound = read().send().await.unwrap();
    assert_eq!(sound.content_type(), Some("audio/mpeg"));
    assert_eq!(sound.collect(10).await.unwrap(), "MP3");
    let items: Vec<Spoken> = read().stream().try_collect().await.unwrap();
    let [Spoken::SpokenPart(part), Spoken::Unknown(pause), Spoken::SpokenEnd(end)] = &items[..] else {
        panic!("{items:?}")
    };
    assert_eq!(part.sound.bytes().as_deref(), Some(&b"PNG"[..]));
    assert_eq!((pause["type"].as_str(), pause["sound"].as_f64()), (Some("reading.pause"), Some(1.5)));
    assert_eq!(end.settings.as_ref().unwrap().value().unwrap().shelf, "A1");
    let accepts: Vec<_> = server.arrived().iter().map(|it| it.header("accept").unwrap().to_owned()).collect();
    assert_eq!(accepts, ["audio/mpeg", "text/event-stream"]);
}

#[tokio::test]
async fn the_end_of_a_response_is_not_the_end_of_a_stream_that_reconnects() {
    let one = |id: u8| format!("{EVENTS}retry: 700\nid: {id}\nevent: removed\ndata: {id}\n\n");
    let gone = "HTTP/1.1 204 No Content\r\n\r\n".to_owned();
    let server = Server::raw(vec![one(1), one(2), gone], false).await;
    let clock = TestClock::new();
    let library = client(&server, Connection::new().clock(clock.clone()));
    let items: Vec<_> = library.books().watch_books().stream().reconnect().collect().await;
    assert!(matches!(&items[..], [Ok(_), Ok(_)]), "{items:?}");
    let ids: Vec<Option<String>> =
        server.arrived().iter().map(|request| request.header("last-event-id").map(str::to_owned)).collect();
    assert_eq!(ids, [None, Some("1".to_owned()), Some("2".to_owned())]);
    assert_eq!(clock.waits(), [Duration::from_millis(700); 2]);
    // Without `reconnect`, it is the end.
    let server = Server::raw(vec![one(1)], false).await;
    let library = client(&server, Connection::new().clock(TestClock::new()));
    let items: Vec<_> = library.books().watch_books().stream().collect().await;
    assert!(matches!(&items[..], [Ok(_)]) && server.arrived().len() == 1, "{items:?}");
}

#[tokio::test]
async fn a_server_that_has_no_more_events_is_asked_a_few_times() {
    let first = format!("{EVENTS}id: 1\nevent: removed\ndata: 1\n\n");
    let empty = format!("{EVENTS}: nothing\n\n");
    let server = Server::raw(vec![first, empty.clone(), empty.clone(), empty.clone(), empty], false).await;
    let clock = TestClock::new();
    let library = client(&server, Connection::new().clock(clock.clone()));
    let items: Vec<_> = library.books().watch_books().stream().reconnect().collect().await;
    assert!(matches!(&items[..], [Ok(_)]), "{items:?}");
    assert_eq!((server.arrived().len(), clock.waits().len()), (4, 3));
}

#[tokio::test]
async fn a_server_that_ignores_the_last_id_is_not_called_without_end() {
    let two = format!("{EVENTS}retry: 0\nid: 1\nevent: removed\ndata: 1\n\nid: 2\nevent: removed\ndata: 2\n\n");
    let server = Server::raw(vec![two.clone(), two.clone(), two.clone()], false).await;
    let clock = TestClock::new();
    let library = client(&server, Connection::new().clock(clock.clone()));
    let items: Vec<_> = library.books().watch_books().stream().reconnect().collect().await;
    assert!(matches!(&items[..], [Ok(_), Ok(_)]), "{items:?}");
    assert_eq!((server.arrived().len(), clock.waits()), (2, vec![Duration::from_millis(500)]));
    // After a break, items may be lost.
    let cut = two.replace("x-trace: t", "content-length: 999");
    let server = Server::raw(vec![cut.clone(), cut], false).await;
    let library = client(&server, Connection::new().clock(TestClock::new()));
    let items: Vec<_> = library.books().watch_books().stream().reconnect().collect().await;
    let [Ok(_), Ok(_), Err(error)] = &items[..] else { panic!("{items:?}") };
    assert!(error.to_string().contains("repeats the stream"), "{error}");
    // An event without an id of its own is a new one.
    let one = format!("{EVENTS}id: 1\nevent: removed\ndata: 1\n\n");
    let next = format!("{EVENTS}event: removed\ndata: 2\n\n");
    let gone = "HTTP/1.1 204 No Content\r\n\r\n".to_owned();
    let server = Server::raw(vec![one, next, gone], false).await;
    let library = client(&server, Connection::new().clock(TestClock::new()));
    let items: Vec<_> = library.books().watch_books().stream().reconnect().collect().await;
    assert!(matches!(&items[..], [Ok(_), Ok(_)]), "{items:?}");
}

#[tokio::test]
async fn a_call_that_is_not_idempotent_is_not_retried() {
    let server = Server::raw(vec![EVENTS.to_owned()], false).await;
    let library = client(&server, Connection::new().clock(TestClock::new()));
    let error = ask(&library).reconnect().next().await.unwrap().unwrap_err();
    assert!(error.is_invalid_argument() && server.arrived().is_empty(), "{error}");
    // Items without ids would be repeated.
    let body = format!("{EVENTS}data: {{\"text\":\"a\"}}\n\n");
    let server = Server::raw(vec![body], false).await;
    let library = client(&server, Connection::new().clock(TestClock::new()));
    let request = library.answers().create_answer(&Question::new("why?".to_owned())).idempotent(true);
    let items: Vec<_> = request.stream().reconnect().collect().await;
    assert!(matches!(&items[..], [Ok(_), Err(error)] if !error.may_have_happened()), "{items:?}");
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn a_failure_is_the_first_item() {
    let server = Server::start(&[("429 Too Many Requests", "", ""), ("401 Unauthorized", "", "{}")]).await;
    let items: Vec<_> = ask(&server.client(Credentials::new().key("k"))).collect().await;
    assert!(matches!(&items[..], [Err(error)] if error.status() == Some(401) && error.attempts() == 2), "{items:?}");
}
