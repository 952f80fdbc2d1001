//! Media types, headers of responses, and multipart bodies.

use connectors_runtime::{Connection, File, Multipart, RequestOptions, TestClock};
use library::types::NewBook;
use library::{Client, Credentials, forms, headers};

use super::{JSON, Server};

#[tokio::test]
async fn each_media_type_of_a_response_can_be_requested() {
    let server = Server::start(&[
        ("200 OK", JSON, r#"{"id": "7", "title": "Emma"}"#),
        ("200 OK", "content-type: application/vnd.library.card+json\r\n", r#"{"shelf": "A1"}"#),
        ("200 OK", "content-type: text/csv\r\n", "7,Emma"),
        ("200 OK", "content-type: image/webp\r\n", "WEBP"),
        ("200 OK", "content-type: text/csv\r\n", "7,Emma"),
    ])
    .await;
    let library = server.client(Credentials::new().key("k"));
    let card = || library.books().get_card("7");
    assert_eq!(card().await.unwrap().title, "Emma");
    assert_eq!(card().as_vnd_library_card_json().await.unwrap().shelf, "A1");
    let csv = card().accept("text/csv").request_id("r1").send().await.unwrap();
    assert_eq!((csv.status(), csv.content_type()), (200, Some("text/csv")));
    assert_eq!(csv.collect(100).await.unwrap(), "7,Emma");
    let image = card().accept("image/*").send().await.unwrap();
    assert_eq!(image.content_type(), Some("image/webp"));
    assert_eq!(image.collect(4).await.unwrap(), "WEBP");
    let error = card().accept("text/csv").send().await.unwrap().collect(3).await.unwrap_err();
    assert!(error.is_decode() && error.status() == Some(200), "{error}");
    let accepts: Vec<String> =
        server.arrived().iter().map(|request| request.header("accept").unwrap().to_owned()).collect();
    assert_eq!(accepts[..2], ["application/json", "application/vnd.library.card+json"]);
    assert_eq!(accepts[2..], ["text/csv", "image/*", "text/csv"]);
}

#[tokio::test]
async fn each_media_type_of_a_body_can_be_sent() {
    let server = Server::start(&[("204 No Content", "", ""); 4]).await;
    let library = server.client(Credentials::new().key("k"));
    let book = NewBook::new("Emma".to_owned()).genre("novel");
    library.books().import_book(&book).await.unwrap();
    library.books().import_book_form(&book).await.unwrap();
    library.books().import_book_xml("<book/>").await.unwrap();
    library.books().import_book(&book).header("content-type", "text/json").await.unwrap();
    let requests = server.arrived();
    let sent: Vec<_> =
        requests.iter().map(|request| (request.header("content-type").unwrap(), request.body.as_str())).collect();
    assert_eq!(sent[0], ("application/json", r#"{"title":"Emma","genre":"novel"}"#));
    assert_eq!(sent[1], ("application/x-www-form-urlencoded", "title=Emma&genre=novel"));
    assert_eq!(sent[2], ("application/xml", "<book/>"));
    assert_eq!(sent[3].0, "text/json");
}

#[tokio::test]
async fn a_parameter_is_sent_by_its_media_type_or_without_a_value() {
    let server = Server::start(&[("200 OK", JSON, r#"{"id": "7", "title": "Emma"}"#)]).await;
    let library = server.client(Credentials::new().key("k"));
    let print = NewBook::new("Emma & more".to_owned()).genre("novel");
    library.books().get_card("7").lines(12).x_print(print).short_empty().await.unwrap();
    let request = &server.arrived()[0];
    assert_eq!(request.line, "GET /books/7/card?lines=12&short= HTTP/1.1");
    assert_eq!(request.header("x-print"), Some("title=Emma%20%26%20more&genre=novel"));
}

#[tokio::test]
async fn headers_are_typed_absent_or_malformed() {
    let server = Server::start(&[
        ("201 Created", "location: /covers/7\r\nx-covers-left: 3\r\nx-sizes: 1, 2\r\n", ""),
        ("201 Created", "x-covers-left: many\r\n", ""),
        ("507 Insufficient Storage", "x-covers-left: 0\r\n", ""),
    ])
    .await;
    let library = client(&server);
    let add = || {
        let form = forms::AddCover::new(File::bytes("PNG"), NewBook::new("Emma".to_owned()));
        library.covers().add_cover("7", form)
    };
    let response = add().send().await.unwrap();
    assert_eq!(response.header_as(headers::LOCATION).unwrap().as_deref(), Some("/covers/7"));
    assert_eq!(response.header_as(headers::X_COVERS_LEFT).unwrap(), Some(3));
    assert_eq!(response.header_as(headers::X_SIZES).unwrap(), Some(vec![1, 2]));
    assert_eq!(response.header_as(headers::ETAG).unwrap(), None);
    let response = add().send().await.unwrap();
    assert_eq!(response.header_as(headers::LOCATION).unwrap(), None);
    let malformed = response.header_as(headers::X_COVERS_LEFT).unwrap_err();
    assert!(malformed.is_decode() && malformed.to_string().contains("`x-covers-left`"), "{malformed}");
    assert_eq!((malformed.status(), malformed.operation()), (Some(201), Some("add_cover")));
    let error = add().attempts(1).await.unwrap_err();
    assert_eq!(error.header_as(headers::X_COVERS_LEFT).unwrap(), Some(0));
}

/// A client whose calls all go to one server.
fn client(server: &Server) -> Client {
    client_over(server, Connection::new())
}

fn client_over(server: &Server, connection: Connection) -> Client {
    let here = connectors_runtime::Server::from(server.url.as_str());
    let here = here.instead_of("https://covers.library.example", &server.url);
    let connection = connection.clock(TestClock::new());
    Client::builder(here, Credentials::new().key("k")).connection(connection).build().unwrap()
}

#[tokio::test]
async fn parts_are_written_by_their_encoding_and_retried() {
    let path = std::env::temp_dir().join(format!("connectors-third-{}.png", std::process::id()));
    std::fs::write(&path, "FROM DISK").unwrap();
    let server =
        Server::start(&[("503 Service Unavailable", "", ""), ("201 Created", "", ""), ("201 Created", "", "")]).await;
    let library = client(&server);
    let file = File::path(&path).await.unwrap();
    let form = forms::AddCover::new(file, NewBook::new("Emma".to_owned()))
        .tags(vec!["a".to_owned(), "b".to_owned()])
        .sizes(vec![1, 2])
        .pages(vec![File::bytes("P1").name("1.txt").media_type("text/plain").header("X-Page", "1")])
        .note("*new*");
    library.covers().add_cover("7", Multipart::from(form).text("more", "x")).idempotent(true).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let [first, second] = server.arrived().try_into().unwrap();
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("content-length"), second.header("content-length"));
    let content_type = first.header("content-type").unwrap();
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let parts: Vec<&str> = first.body.split(boundary).map(|part| part.trim_matches(['-', '\r', '\n'])).collect();
    let part = |name: &str, rest: &str| format!("Content-Disposition: form-data; name=\"{name}\"{rest}");
    let name = path.file_name().unwrap().to_str().unwrap();
    let expected = [
        part("file", &format!("; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\nFROM DISK")),
        part("about", "\r\nContent-Type: application/json\r\n\r\n{\"title\":\"Emma\"}"),
        part("tags", "\r\n\r\na"),
        part("tags", "\r\n\r\nb"),
        part("sizes", "\r\n\r\n1,2"),
        part("pages", "; filename=\"1.txt\"\r\nContent-Type: text/plain\r\nX-Page: 1\r\n\r\nP1"),
        part("note", "\r\nContent-Type: text/markdown\r\n\r\n*new*"),
        part("more", "\r\n\r\nx"),
    ];
    assert_eq!(parts[1..parts.len() - 1], expected);
    // Parts without names.
    let manifest = File::path("Cargo.toml").await.unwrap();
    let related = Multipart::new().next(File::bytes("{}").media_type("application/json")).next(manifest);
    library.covers().add_cover_related("7", related).await.unwrap();
    let last = server.arrived().pop().unwrap();
    assert!(
        last.header("content-type").unwrap().starts_with("multipart/related; type=\"application/json\"; boundary=")
    );
    assert!(last.body.contains("Content-Disposition: attachment; filename=\"Cargo.toml\"\r\n"), "{}", last.body);
}

#[tokio::test]
async fn parts_without_names_are_written_and_read_in_their_order() {
    const PARTS: &str = "a preamble\r\n--=b\r\ncontent-type: application/json\r\n\r\n{\"id\":\"7\",\"title\":\"Emma\"}\r\n\
                         --=b \r\n\r\n--=bc\r\n\r\n--=b\r\n--=b--\r\nepilogue";
    let server = Server::start(&[
        ("200 OK", "content-type: multipart/mixed; charset=utf-8; boundary=\"=b\"\r\n", PARTS),
        ("200 OK", "content-type: multipart/mixed; boundary=b\r\n", "--b\r\n\r\ncut"),
    ])
    .await;
    let library = client(&server);
    let form = forms::AddPages::new(NewBook::new("Emma".to_owned()))
        .second("*new*")
        .items(vec![File::bytes("P1"), File::bytes("P2").media_type("image/gif")]);
    let form = Multipart::from(form).header_at(1, "Content-ID", "<new>");
    let response = library.books().add_pages("7", form).send().await.unwrap();
    let parts = response.parts(1000).await.unwrap();
    assert_eq!(parts[0].json::<library::types::Book>().unwrap().title, "Emma");
    assert_eq!((&parts[1].content[..], parts[1].content_type()), (&b"--=bc\r\n"[..], None));
    assert!(parts[2].content.is_empty() && parts.len() == 3, "{parts:?}");
    let related = forms::AddPagesRelated::new(vec![NewBook::new("A".to_owned()), NewBook::new("B".to_owned())]);
    let response = library.books().add_pages_related("7", related).send().await.unwrap();
    let cut = response.parts(1000).await.unwrap_err();
    assert!(cut.is_decode() && cut.status() == Some(200), "{cut}");
    let [mixed, related] = server.arrived().try_into().unwrap();
    let parts = |request: &super::Arrived, kind: &str| -> Vec<String> {
        let boundary = request.header("content-type").unwrap().strip_prefix(kind).unwrap();
        let boundary = boundary.strip_prefix("; boundary=").unwrap();
        let parts = request.body.split(boundary).map(|part| part.trim_matches(['-', '\r', '\n']).to_owned());
        parts.filter(|part| !part.is_empty()).collect()
    };
    let expected = [
        "Content-Type: application/json\r\n\r\n{\"title\":\"Emma\"}",
        "Content-Type: text/markdown\r\nContent-ID: <new>\r\n\r\n*new*",
        "Content-Type: image/png\r\n\r\nP1",
        "Content-Type: image/gif\r\n\r\nP2",
    ];
    assert_eq!(parts(&mixed, "multipart/mixed"), expected);
    let expected = ["A", "B"].map(|title| format!("Content-Type: application/json\r\n\r\n{{\"title\":\"{title}\"}}"));
    assert_eq!(parts(&related, "multipart/related"), expected);
    // A part that is absent has no place for the others.
    let gap = forms::AddPages::new(NewBook::new("Emma".to_owned())).items(vec![File::bytes("P1")]);
    let error = library.books().add_pages("7", gap).send().await.map(drop).unwrap_err();
    assert!(error.is_invalid_argument() && server.arrived().len() == 2, "{error}");
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_named() {
    let path = std::env::temp_dir().join(format!("connectors-third-gone-{}.png", std::process::id()));
    std::fs::write(&path, "FROM DISK").unwrap();
    let file = File::path(&path).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let server = Server::start(&[]).await;
    let form = forms::AddCover::new(file, NewBook::new("Emma".to_owned()));
    let error = client(&server).covers().add_cover("7", form).await.unwrap_err();
    assert!(error.is_invalid_argument() && error.to_string().contains("cannot be read"), "{error}");
}

#[tokio::test]
async fn a_part_that_cannot_be_read_again_does_not_hide_an_attempt_that_may_have_been_processed() {
    let path = std::env::temp_dir().join(format!("connectors-third-once-{}.png", std::process::id()));
    std::fs::write(&path, "FROM DISK").unwrap();
    let file = File::path(&path).await.unwrap();
    // The server reads the first request and closes the connection.
    let server = Server::raw(vec![String::new(); 2], false).await;
    let connection = Connection::new().on_attempt(move |attempt| {
        if attempt.number() == 1 {
            std::fs::remove_file(&path).unwrap();
        }
    });
    let form = forms::AddCover::new(file, NewBook::new("Emma".to_owned()));
    let add = client_over(&server, connection).covers().add_cover("7", form).idempotent(true).attempts(2);
    let error = add.await.unwrap_err();
    assert_eq!(server.arrived().len(), 1);
    assert!(error.is_invalid_argument() && error.to_string().contains("cannot be read"), "{error}");
    assert!(error.follows_doubt() && error.attempts() == 2, "the first request was sent");
}
