//! Links: from a response to the request that it leads to.

use connectors_runtime::{Connection, RequestOptions, TestClock};
use library::types::NewBook;
use library::{Client, Credentials, params};

use super::{JSON, Server};

fn client(server: &Server) -> Client {
    let here = connectors_runtime::Server::from(server.url.as_str());
    let here = here.instead_of("https://covers.library.example", &server.url);
    let connection = Connection::new().clock(TestClock::new());
    Client::builder(here, Credentials::new().key("k").login("t")).connection(connection).build().unwrap()
}

fn paths(server: &Server) -> Vec<String> {
    server.arrived().iter().map(|request| request.line.split(' ').nth(1).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_response_leads_to_requests_with_the_linked_arguments_set() {
    const CREATED: &str = "content-type: application/json\r\nx-shelf: A 1\r\n";
    let server = Server::start(&[
        ("201 Created", CREATED, r#"{"id": "a b", "title": "Emma", "pages": 12345678901234567890}"#),
        ("200 OK", JSON, r#"{"id": "a b", "title": "Emma"}"#),
        ("200 OK", "", "PNG"),
        ("204 No Content", "", ""),
    ])
    .await;
    let library = client(&server);
    let response = library.books().create_book(&NewBook::new("Emma".to_owned())).send().await.unwrap();
    let book = library.books().create_book_then_book(&response).request_id("r").await.unwrap();
    assert_eq!(book.title, "Emma");
    library.books().create_book_then_shelf(&response).send().await.unwrap();
    library.books().create_book_then_others(&response).await.unwrap();
    assert_eq!(paths(&server), ["/books", "/books/a%20b", "/covers/A%201", "/books/import"]);
    let body = server.arrived().pop().unwrap().body;
    assert_eq!(body, r#"{"id":"a b","title":"Emma","pages":12345678901234567890}"#);
}

#[tokio::test]
async fn a_failure_leads_to_a_request() {
    let server = Server::start(&[
        ("409 Conflict", JSON, r#"{"existing": "7"}"#),
        ("200 OK", JSON, r#"{"id": "7", "title": "Emma"}"#),
        ("409 Conflict", JSON, r#"{"title": "no"}"#),
        ("422 Unprocessable Content", JSON, r#"{"title": "no", "existing": "8"}"#),
    ])
    .await;
    let library = client(&server);
    let create = || library.books().create_book(&NewBook::new("Emma".to_owned()));
    let error = create().await.unwrap_err();
    assert_eq!(library.books().create_book_then_existing(&error).await.unwrap().id, "7");
    // Nothing is sent without the value, nor from a failure for which the document has no link.
    for reason in ["no value for `id`", "another status than 422"] {
        let other = create().await.unwrap_err();
        let error = library.books().create_book_then_existing(&other).await.unwrap_err();
        assert!(error.is_invalid_argument() && error.to_string().contains(reason), "{error}");
    }
    assert_eq!(paths(&server), ["/books", "/books/7", "/books", "/books"]);
}

#[tokio::test]
async fn the_parameters_of_a_request_lead_to_the_next_one_and_stay_out_of_debug() {
    let server = Server::start(&[
        ("202 Accepted", JSON, r#"{"position": 3}"#),
        ("200 OK", JSON, r#"{"until": "tomorrow"}"#),
        ("200 OK", JSON, "[]"),
        ("200 OK", JSON, "[]"),
        ("204 No Content", "", ""),
        ("200 OK", JSON, r#"{"id": "7", "title": "Emma"}"#),
    ])
    .await;
    let library = client(&server);
    let lend =
        library.loans().lend_book(params::BookId::new("b-1x"), params::LoanId::new("l 1"), params::Days::new(14));
    let queued = lend.send().await.unwrap();
    assert!(!format!("{queued:?}").contains("l 1"), "{queued:?}");
    let lent = library.loans().lend_book_then_renewal(&queued, 7).send().await.unwrap();
    // The value is in the body of one of the two; the parameter is optional.
    library.loans().lend_book_then_page(&queued).await.unwrap();
    library.loans().lend_book_then_page(&lent).available(true).await.unwrap();
    // A number stays a number.
    library.loans().lend_book_then_noted(&lent).await.unwrap();
    assert_eq!(server.arrived().pop().unwrap().body, "7");
    let error = library.loans().lend_book_then_noted(&queued).await.unwrap_err();
    assert!(error.is_invalid_argument() && error.to_string().contains("another status than 202"), "{error}");
    let expected = [
        "/books/b-1x/loans/l%201?days=14",
        "/books/b-1x/loans/l%201?days=7",
        "/books?author=14&page=3",
        "/books?author=7&available=true",
        "/books/import",
    ];
    assert_eq!(paths(&server), expected);
    // A response of another operation leads nowhere.
    let other = library.books().get_book("7").send().await.unwrap();
    let error = library.loans().lend_book_then_renewal(&other, 7).await.unwrap_err();
    assert!(error.is_invalid_argument() && error.to_string().contains("responses of `lend_book`"), "{error}");
}
