//! The client against a server on a socket, with no further code than the credentials.

mod book;

mod bodies;
mod credentials;
mod fake;
mod links;
mod streams;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use connectors_runtime::{Clock, Connection, File, RequestOptions, RetryPolicy, TestClock, reqwest};
use futures::TryStreamExt;
use library::types::NewBook;
use library::{Client, Credentials, errors, forms, params, responses, servers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A received request.
#[derive(Clone, Debug)]
struct Arrived {
    line: String,
    head: String,
    body: String,
}

impl Arrived {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// A server that sends scripted responses, one for each request, and records the requests.
struct Server {
    url: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Server {
    /// Each response has a status and reason, headers, and a body. `{url}` in them is replaced by the server's own URL.
    async fn start(responses: &'static [(&'static str, &'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let arrived: Arc<Mutex<Vec<Arrived>>> = Arc::default();
        let (log, own) = (Arc::clone(&arrived), url.clone());
        tokio::spawn(async move {
            let mut responses = responses.iter();
            loop {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                while let Some(request) = read(&mut stream).await {
                    log.lock().unwrap().push(request);
                    let Some((status, headers, body)) = responses.next() else { return };
                    let headers = headers.replace("{url}", &own);
                    let response =
                        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
                    if stream.write_all(response.as_bytes()).await.is_err() {
                        break;
                    }
                }
            }
        });
        Self { url, arrived }
    }

    /// Each response is sent unchanged, byte by byte. The connection is closed after it, or stays open after the last
    /// one.
    async fn raw(responses: Vec<String>, stays_open: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let arrived: Arc<Mutex<Vec<Arrived>>> = Arc::default();
        let log = Arc::clone(&arrived);
        tokio::spawn(async move {
            for (index, response) in responses.iter().enumerate() {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                stream.set_nodelay(true).unwrap();
                let Some(request) = read(&mut stream).await else { return };
                log.lock().unwrap().push(request);
                for byte in response.as_bytes() {
                    if stream.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                }
                if stays_open && index + 1 == responses.len() {
                    std::future::pending::<()>().await;
                }
            }
        });
        Self { url, arrived }
    }

    fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    fn client(&self, credentials: Credentials) -> Client {
        let connection = Connection::new().clock(TestClock::new());
        Client::builder(self.url.as_str(), credentials).connection(connection).build().unwrap()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Arrived> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut request = Arrived { line: head.lines().next()?.to_owned(), head, body: String::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    request.body = String::from_utf8(bytes[end..end + length].to_vec()).unwrap();
    Some(request)
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn a_first_program_needs_a_server_and_a_key() {
    let server = Server::start(&[(
        "200 OK",
        "content-type: application/json\r\netag: \"v1\"\r\n",
        r#"{"id": "7", "title": "Emma", "isbn": "1"}"#,
    )])
    .await;
    let library = server.client(Credentials::new().key("PLANTED"));
    let response = library.books().get_book("7").send().await.unwrap();
    assert_eq!((response.status(), response.attempts()), (200, 1));
    assert_eq!(response.headers()["etag"], "\"v1\"");
    let book = response.into_value();
    assert_eq!((book.title.as_str(), &book.extra["isbn"]), ("Emma", &serde_json::json!("1")));
    let [request] = server.arrived().try_into().unwrap();
    assert_eq!(request.line, "GET /books/7 HTTP/1.1");
    assert_eq!(request.header("x-library-key"), Some("PLANTED"));
    assert_eq!(request.header("authorization"), None);
    assert!(!format!("{library:?}").contains("PLANTED"));
}

#[tokio::test]
async fn a_list_follows_links_and_writes_its_filters() {
    let server = Server::start(&[
        (
            "200 OK",
            "content-type: application/json\r\nlink: <{url}/books?page=2&author=a>; rel=\"next\"\r\n",
            r#"[{"id": "1", "title": "A"}]"#,
        ),
        (
            "429 Too Many Requests",
            "content-type: application/json\r\nretry-after: 2\r\n",
            r#"{"message": "slow down"}"#,
        ),
        ("200 OK", JSON, r#"[{"id": "2", "title": "B"}, {"id": "3", "title": "C"}]"#),
    ])
    .await;
    let library = server.client(Credentials::new().key("k"));
    let books = library.books().list_books().author(["Jane Austen", "b"]).available(true).items();
    let titles: Vec<String> = books.map_ok(|book| book.title).try_collect().await.unwrap();
    assert_eq!(titles, ["A", "B", "C"]);
    let lines: Vec<String> = server.arrived().into_iter().map(|request| request.line).collect();
    assert_eq!(lines[0], "GET /books?author=Jane%20Austen&author=b&available=true HTTP/1.1");
    assert_eq!(lines[1..], ["GET /books?page=2&author=a HTTP/1.1"; 2]);
}

#[tokio::test]
async fn a_list_begins_where_the_caller_sets_it_and_continues_from_there() {
    let server = Server::start(&[
        ("200 OK", JSON, r#"["c"]"#),
        ("200 OK", JSON, r#"["d"]"#),
        ("200 OK", JSON, "[]"),
        ("200 OK", JSON, r#"["a", "b"]"#),
        ("200 OK", JSON, "[]"),
        ("200 OK", JSON, r#"["x", "y"]"#),
        ("200 OK", JSON, "[]"),
    ])
    .await;
    let library = server.client(Credentials::new().key("k"));
    let books = library.books();
    assert_eq!(books.list_shelves().page(3).items().try_collect::<Vec<_>>().await.unwrap(), ["c", "d"]);
    assert_eq!(books.list_shelves().items().try_collect::<Vec<_>>().await.unwrap(), ["a", "b"]);
    assert_eq!(books.list_authors().x_offset(100).items().try_collect::<Vec<_>>().await.unwrap(), ["x", "y"]);
    let requests = server.arrived();
    let sent: Vec<&str> = requests.iter().map(|it| it.line.split(' ').nth(1).unwrap()).collect();
    let pages = ["/shelves?page=3", "/shelves?page=4", "/shelves?page=5", "/shelves", "/shelves?page=2"];
    assert_eq!(sent, [&pages[..], &["/authors"; 2]].concat());
    assert_eq!([5, 6].map(|index: usize| requests[index].header("x-offset")), [Some("100"), Some("102")]);
}

/// A list of empty pages without an end, each of which takes this long.
fn empty_pages(clock: &TestClock, each: Duration) -> Client {
    let (time, sent) = (clock.clone(), Mutex::new(0));
    let sender = move |_: reqwest::Request| {
        let number = {
            let mut sent = sent.lock().unwrap();
            *sent += 1;
            *sent
        };
        let (begun, clock) = (time.now(), time.clone());
        time.advance(each);
        async move {
            if clock.now().duration_since(begun) > Duration::from_secs(30) {
                std::future::pending::<()>().await;
            }
            let link = format!("<https://library.example/books?page={number}>; rel=\"next\"");
            let response = connectors_runtime::crates::http::Response::builder().header("link", link).body("[]");
            Ok(response.unwrap().into())
        }
    };
    let library = Client::builder("https://library.example", Credentials::new().key("k"));
    library.clock(clock.clone()).sender(sender).build().unwrap()
}

#[tokio::test]
async fn empty_pages_in_a_row_are_bounded_in_number_and_each_in_time() {
    let clock = TestClock::new();
    let list = |each| empty_pages(&clock, each).books().list_books().deadline(Duration::from_secs(30)).items();
    let begun = clock.now();
    let error = list(Duration::from_secs(20)).try_next().await.unwrap_err();
    assert!(error.is_decode() && error.message().contains("101 empty pages in a row"), "{error}");
    // The deadline is that of each page.
    assert_eq!(clock.now().duration_since(begun), 101 * Duration::from_secs(20));
    let mut slow = list(Duration::from_secs(40));
    let error = slow.try_next().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(slow.try_next().await.unwrap().is_none());
    assert_eq!(clock.now().duration_since(begun), 101 * Duration::from_secs(20) + Duration::from_secs(40));
}

#[tokio::test]
async fn a_create_is_retried_under_one_key() {
    let server = Server::start(&[
        ("503 Service Unavailable", JSON, r#"{"message": "restarting"}"#),
        ("201 Created", JSON, r#"{"id": "8", "title": "Emma", "genre": "saga"}"#),
    ])
    .await;
    let library = server.client(Credentials::new().key("k"));
    let book = library.books().create_book(&NewBook::new("Emma".to_owned())).await.unwrap();
    assert_eq!(book.genre.unwrap().as_str(), "saga");
    let requests = server.arrived();
    assert_eq!(requests.len(), 2);
    let key = requests[0].header("idempotency-key").unwrap();
    assert!(key.len() >= 32);
    assert_eq!(requests[1].header("idempotency-key"), Some(key));
    assert_eq!(requests[0].body, r#"{"title":"Emma"}"#);
}

#[tokio::test]
async fn a_caller_can_set_its_own_key() {
    let server = Server::start(&[("201 Created", JSON, r#"{"id": "8", "title": "Emma"}"#)]).await;
    let library = server.client(Credentials::new().key("k"));
    library.books().create_book(&NewBook::new("Emma".to_owned())).idempotency_key("mine").await.unwrap();
    assert_eq!(server.arrived()[0].header("idempotency-key"), Some("mine"));
}

#[tokio::test]
async fn each_failure_has_its_type_its_status_and_its_headers() {
    let server = Server::start(&[
        ("409 Conflict", "content-type: application/json\r\nx-trace: t\r\n", r#"{"existing": "7"}"#),
        (
            "422 Unprocessable Content",
            "content-type: application/problem+json\r\n",
            r#"{"title": "bad", "fields": ["title"]}"#,
        ),
        ("418 I'm a teapot", JSON, r#"{"message": "short"}"#),
        ("404 Not Found", "content-type: text/html\r\n", "<html>gateway</html>"),
    ])
    .await;
    let library = server.client(Credentials::new().key("k"));
    let create = || library.books().create_book(&NewBook::new("Emma".to_owned())).attempts(1).into_future();
    let error = create().await.unwrap_err();
    assert!(error.is_conflict() && !error.may_have_happened());
    assert_eq!(error.headers().unwrap()["x-trace"], "t");
    match errors::books::CreateBook::of(&error) {
        Some(errors::books::CreateBook::Status409(duplicate)) => assert_eq!(duplicate.existing, "7"),
        other => panic!("{other:?}"),
    }
    let error = create().await.unwrap_err();
    assert!(
        matches!(errors::books::CreateBook::of(&error), Some(errors::books::CreateBook::Status422(problem)) if problem.fields == Some(vec!["title".to_owned()]))
    );
    let error = create().await.unwrap_err();
    assert!(
        matches!(errors::books::CreateBook::of(&error), Some(errors::books::CreateBook::Default(failure)) if failure.message.as_deref() == Some("short"))
    );
    // A gateway's page does not match the document, but the error has status, headers and text.
    let error = library.books().get_book("9").await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!((errors::books::GetBook::of(&error), error.body()), (None, Some("<html>gateway</html>")));
}

#[tokio::test]
async fn an_operation_uses_the_credential_that_it_requires() {
    let server = Server::start(&[
        ("200 OK", JSON, r#"{"access_token": "one", "token_type": "Bearer", "expires_in": "3600"}"#),
        ("202 Accepted", JSON, r#"{"position": 3}"#),
        ("204 No Content", "", ""),
        ("401 Unauthorized", JSON, r#"{"message": "expired"}"#),
        ("200 OK", JSON, r#"{"access_token": "two", "token_type": "Bearer"}"#),
        ("200 OK", JSON, r#"{"until": "2026-12-24"}"#),
    ])
    .await;
    let credentials = Credentials::new().key("k").login_client_credentials("id", "PLANTED", &["loans:write"]);
    let library = server.client(credentials);
    let lend =
        || library.loans().lend_book(params::BookId::new("7"), params::LoanId::new("a b"), params::Days::new(14));
    match lend().session("s1").await.unwrap() {
        responses::loans::LendBook::Status202(queued) => assert_eq!(queued.position, 3),
        other => panic!("{other:?}"),
    }
    assert!(matches!(lend().await.unwrap(), responses::loans::LendBook::Status204));
    assert!(matches!(lend().await.unwrap(), responses::loans::LendBook::Status200(_)));
    let requests = server.arrived();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(lines[0], "POST /oauth/token HTTP/1.1");
    assert_eq!(lines[1], "PUT /books/7/loans/a%20b?days=14 HTTP/1.1");
    assert_eq!(requests[1].header("cookie"), Some("session=s1"));
    let tokens: Vec<_> = requests.iter().map(|request| request.header("authorization").unwrap_or_default()).collect();
    assert_eq!(tokens[1..4], ["Bearer one"; 3]);
    assert_eq!((lines[4], tokens[5]), ("POST /oauth/token HTTP/1.1", "Bearer two"));
    assert!(requests.iter().all(|request| request.header("x-library-key").is_none()));
    // Without a required credential, nothing is sent.
    let library = server.client(Credentials::new().key("k"));
    let error = library
        .loans()
        .lend_book(params::BookId::new("7"), params::LoanId::new("1"), params::Days::new(1))
        .await
        .unwrap_err();
    assert!(error.is_config() && error.to_string().contains("`login`"), "{error}");
    assert_eq!(server.arrived().len(), 6);
}

#[tokio::test]
async fn an_operation_with_its_own_server_is_sent_there() {
    let main = Server::start(&[]).await;
    let covers = Server::start(&[("200 OK", "content-type: image/png\r\n", "PNG")]).await;
    let server =
        connectors_runtime::Server::from(main.url.as_str()).instead_of("https://covers.library.example", &covers.url);
    let library = Client::builder(server, Credentials::new().key("PLANTED")).build().unwrap();
    let bytes: Vec<u8> = library
        .covers()
        .get_cover("7")
        .await
        .unwrap()
        .into_inner()
        .map_ok(|it| it.to_vec())
        .try_concat()
        .await
        .unwrap();
    assert_eq!(bytes, b"PNG");
    let [request] = covers.arrived().try_into().unwrap();
    assert_eq!((request.line.as_str(), request.header("x-library-key")), ("GET /covers/7 HTTP/1.1", None));
    assert!(main.arrived().is_empty());
}

#[tokio::test]
async fn a_credential_is_sent_to_another_server_only_if_the_program_chose_the_documents() {
    let client = |server: connectors_runtime::Server| {
        let library = Client::builder(server, Credentials::new().key("PLANTED"));
        let library = library.sender(|request: reqwest::Request| async move {
            assert_eq!(request.headers()["x-library-key"], "PLANTED");
            assert_eq!(request.url().host_str(), Some("covers.library.example"));
            Ok(http_response(""))
        });
        library.build().unwrap()
    };
    let form = || forms::AddCover::new(File::bytes("PNG"), NewBook::new("Emma".to_owned()));
    // A test that calls its own server must not send the key to the document's.
    let error = client("http://127.0.0.1:1".into()).covers().add_cover("7", form()).await.unwrap_err();
    assert!(error.is_config() && error.attempts() == 0, "{error}");
    assert!(error.to_string().contains("instead_of(\"https://covers.library.example\""), "{error}");
    client(servers::Sandbox::default().into()).covers().add_cover("7", form()).await.unwrap();
}

#[tokio::test]
async fn a_value_that_is_not_a_segment_is_rejected_before_anything_is_sent() {
    let server = Server::start(&[]).await;
    let library = server.client(Credentials::new().key("k"));
    for id in ["", ".", "..", "a/b", "..\\b"] {
        let error = library.books().get_book(id).await.unwrap_err();
        assert!(error.is_invalid_argument(), "{id:?}: {error}");
    }
    assert!(server.arrived().is_empty());
}

#[tokio::test]
async fn a_unit_test_needs_no_socket() {
    let mut never = RetryPolicy::default();
    never.attempts = 1;
    let library = Client::builder(servers::Production::default().region("us"), Credentials::new().key("k"))
        .retry(never)
        .sender(|request: reqwest::Request| async move {
            assert_eq!(request.url().as_str(), "https://us.library.example/v1/books/7");
            Ok(http_response(r#"{"id": "7", "title": "Emma"}"#))
        })
        .build()
        .unwrap();
    assert_eq!(library.books().get_book("7").await.unwrap().title, "Emma");
}

#[test]
fn a_variable_of_a_server_cannot_lead_to_another_host() {
    let build = |server: servers::Production| Client::builder(server, Credentials::new()).build();
    for region in
        ["evil.example/", "evil.example?", "evil.example#", "eu@evil.example\\", "me@", "e u", "eu\t", "eu\u{7}"]
    {
        let error = build(servers::Production::default().region(region)).unwrap_err();
        assert!(error.is_config() && error.to_string().contains("`region`"), "{region:?}: {error}");
    }
    // The values of the document are those of an open enum.
    assert_eq!(servers::ProductionRegion::from("us"), servers::ProductionRegion::Us);
    assert!(build(servers::Production::default().region(servers::ProductionRegion::Us)).is_ok());
    assert!(build(servers::Production::default().region("ap-2")).is_ok());
}

fn http_response(body: &'static str) -> reqwest::Response {
    connectors_runtime::crates::http::Response::new(body).into()
}
