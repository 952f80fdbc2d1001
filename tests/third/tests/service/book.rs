//! The code of the book's chapters about a generated client. Each function is compiled and run here.

use std::time::Duration;

use connectors_runtime::{Error, Limits, Position, RequestOptions, RetryPolicy, reqwest};
use futures::TryStreamExt;
use library::types::{Book, NewBook};
use library::{Client, Credentials, errors, servers};

use super::{JSON, Server};

// ANCHOR: client
fn client(token_secret: &str) -> Result<Client, Error> {
    // One method for each security scheme of the document, such as `key` and `login`.
    let credentials =
        Credentials::new().key("my-key").login_client_credentials("my-id", token_secret, &["loans:write"]);
    Client::builder(servers::Production::default().region("us"), credentials).build()
}
// ANCHOR_END: client

// ANCHOR: first_call
async fn first_call(library: &Client) -> Result<String, Error> {
    let book = library.books().get_book("7").await?;
    Ok(book.title)
}
// ANCHOR_END: first_call

// ANCHOR: retry_post
async fn import(library: &Client, title: &str) -> Result<(), Error> {
    // A second import of the same book changes nothing, so this POST is safe to retry.
    library.books().import_book(&NewBook::new(title.to_owned())).idempotent(true).await
}
// ANCHOR_END: retry_post

// ANCHOR: own_key
async fn order(library: &Client, title: &str, order: &str) -> Result<Book, Error> {
    // The same key in the next run of the program: the service returns the first run's response.
    library.books().create_book(&NewBook::new(title.to_owned())).idempotency_key(order).await
}
// ANCHOR_END: own_key

// ANCHOR: options
async fn quick(library: &Client) -> Result<Book, Error> {
    // At most 5 s with all attempts, and no retry.
    library.books().get_book("7").deadline(Duration::from_secs(5)).attempts(1).await
}
// ANCHOR_END: options

// ANCHOR: errors
async fn create(library: &Client, title: &str) -> String {
    let error = match library.books().create_book(&NewBook::new(title.to_owned())).await {
        Ok(book) => return format!("created {}", book.id),
        Err(error) => error,
    };
    // The documented bodies of this operation's failures, by status.
    match errors::books::CreateBook::of(&error) {
        Some(errors::books::CreateBook::Status409(duplicate)) => format!("exists as {}", duplicate.existing),
        // The server may have processed it: check before you send it again.
        _ if error.may_have_happened() => "unknown".to_owned(),
        _ if error.is_rate_limited() => format!("retry after {:?}", error.retry_after()),
        _ => error.to_string(),
    }
}
// ANCHOR_END: errors

// ANCHOR: paging
async fn titles(library: &Client, stored: Option<&str>) -> Result<(Vec<String>, String), Box<dyn std::error::Error>> {
    let position: Position = stored.map(serde_json::from_str).transpose()?.unwrap_or_default();
    let mut books = library.books().list_books().available(true).items().resume(position);
    let mut titles = Vec::new();
    while let Some(book) = books.try_next().await? {
        titles.push(book.title);
    }
    // Store the cursor after the work on an item is done. The next run resumes at the next unread item.
    Ok((titles, serde_json::to_string(&books.cursor())?))
}
// ANCHOR_END: paging

// ANCHOR: stream
async fn cover(library: &Client, mut file: impl std::io::Write) -> Result<u64, Box<dyn std::error::Error>> {
    let mut body = library.covers().get_cover("7").await?.into_inner();
    let mut length = 0;
    while let Some(bytes) = body.try_next().await? {
        file.write_all(&bytes)?;
        length += bytes.len() as u64;
    }
    Ok(length)
}
// ANCHOR_END: stream

// ANCHOR: watch
async fn watch(library: &Client) -> Result<usize, Error> {
    // Opened again at the last event when it breaks or ends, until the server has no more: it returns 204.
    let mut changes = library.books().watch_books().stream().reconnect();
    let mut seen = 0;
    while let Some(change) = changes.try_next().await? {
        println!("{change:?}");
        seen += 1;
    }
    Ok(seen)
}
// ANCHOR_END: watch

// ANCHOR: link
async fn create_and_read(library: &Client, title: &str) -> Result<Book, Error> {
    let created = library.books().create_book(&NewBook::new(title.to_owned())).send().await?;
    // The document links the response to `getBook`, with the id of the new book.
    library.books().create_book_then_book(&created).await
}
// ANCHOR_END: link

// ANCHOR: settings
fn with_settings() -> Result<Client, Box<dyn std::error::Error>> {
    let mut limits = Limits::default();
    limits.call = Duration::from_secs(20);
    let mut retry = RetryPolicy::default();
    retry.attempts = 2;
    let library = Client::builder("https://library.example.com/v1", Credentials::new().key("my-key"))
        .limits(limits)
        .retry(retry)
        .proxy(reqwest::Proxy::all("http://proxy.example.com:3128")?)
        .user_agent("my-program/1.0")
        .on_attempt(|attempt| eprintln!("{:?} after {:?}", attempt.status(), attempt.elapsed()))
        .build()?;
    Ok(library)
}
// ANCHOR_END: settings

#[tokio::test]
async fn the_code_of_the_book_behaves_as_described() {
    assert!(client("PLANTED").is_ok() && with_settings().is_ok());
    let server = Server::start(&[
        ("200 OK", JSON, r#"{"id": "7", "title": "Emma"}"#),
        ("503 Service Unavailable", JSON, "{}"),
        ("204 No Content", "", ""),
        ("201 Created", JSON, r#"{"id": "9", "title": "Evelina"}"#),
        ("503 Service Unavailable", JSON, "{}"),
        ("409 Conflict", JSON, r#"{"existing": "7"}"#),
        ("200 OK", JSON, r#"[{"id": "1", "title": "A"}, {"id": "2", "title": "B"}]"#),
    ])
    .await;
    let library = server.client(Credentials::new().key("k"));
    assert_eq!(first_call(&library).await.unwrap(), "Emma");
    import(&library, "Persuasion").await.unwrap();
    assert!(
        server.arrived()[1..3].iter().all(|it| it.line.starts_with("POST ") && it.header("idempotency-key").is_none())
    );
    assert_eq!(order(&library, "Evelina", "order-1").await.unwrap().id, "9");
    assert_eq!(server.arrived()[3].header("idempotency-key"), Some("order-1"));
    assert_eq!(quick(&library).await.unwrap_err().attempts(), 1);
    assert_eq!(create(&library, "Emma").await, "exists as 7");
    let (read, stored) = titles(&library, None).await.unwrap();
    assert_eq!(read, ["A", "B"]);
    assert!(serde_json::from_str::<Position>(&stored).is_ok());
    assert_eq!(server.arrived().len(), 7);

    let server = Server::start(&[
        ("200 OK", "content-type: text/event-stream\r\n", "id: 1\nevent: removed\ndata: 7\n\n"),
        ("204 No Content", "", ""),
        ("201 Created", JSON, r#"{"id": "9", "title": "Evelina"}"#),
        ("200 OK", JSON, r#"{"id": "9", "title": "Evelina, or"}"#),
    ])
    .await;
    let library = server.client(Credentials::new().key("k"));
    assert_eq!(watch(&library).await.unwrap(), 1);
    assert_eq!(server.arrived()[1].header("last-event-id"), Some("1"));
    assert_eq!(create_and_read(&library, "Evelina").await.unwrap().title, "Evelina, or");
    assert!(server.arrived()[3].line.starts_with("GET /books/9 "));

    let covers = Server::start(&[("200 OK", "content-type: image/png\r\n", "PNG")]).await;
    let to = connectors_runtime::Server::from("http://127.0.0.1:1");
    let library = Client::builder(to.instead_of("https://covers.library.example", &covers.url), Credentials::new());
    let mut file = Vec::new();
    assert_eq!(cover(&library.build().unwrap(), &mut file).await.unwrap(), 3);
    assert_eq!(file, b"PNG");
}
