//! The generated client against a fake of its own document, like `cargo xtask serve --from`: every operation has a
//! response that the client reads, and a request that breaks a schema is rejected with its place.

use std::collections::BTreeSet;

use connectors_codegen::{Generator, Node};
use connectors_runtime::{File, Multipart, RequestOptions};
use futures::TryStreamExt;
use library::types::{NewBook, Question};
use library::{Client, Credentials, forms, headers, params, responses};
use serde_json::{Value, json};

/// The document with its overlay, as JSON.
fn document() -> String {
    let read = |file: &str| Node::read(format!("{}/{file}", env!("CARGO_MANIFEST_DIR")).as_ref()).unwrap();
    let overlaid = Generator::new(read("openapi.yaml")).overlay(read("overlay.yaml")).overlaid();
    overlaid.unwrap().to_json().to_string()
}

/// `cargo xtask expand` writes this code as well: a test of xtask compares the two.
#[test]
fn the_build_script_writes_what_the_generator_returns() {
    let read = |file: &str| Node::read(format!("{}/{file}", env!("CARGO_MANIFEST_DIR")).as_ref()).unwrap();
    let client = Generator::new(read("openapi.yaml")).overlay(read("overlay.yaml")).generate().unwrap();
    assert!(client.code == include_str!(concat!(env!("OUT_DIR"), "/library.rs")));
    assert_eq!(client.notes.losses(), "");
}

#[tokio::test]
async fn each_operation_has_a_response_that_the_client_reads() {
    let document = document();
    let fake = connectors_mock::document::Server::start(&document).await.unwrap();
    let to = connectors_runtime::Server::from(fake.url());
    let to = to.instead_of("https://covers.library.example", fake.url());
    let credentials =
        Credentials::new().key("k").login("t").staff("Zoe", "p").pass("t").code("c").badge("b").person("t");
    let library = Client::builder(to, credentials).build().unwrap();
    let (books, covers, answers) = (library.books(), library.covers(), library.answers());

    let made = books.create_book(&NewBook::new("Emma".to_owned())).await.unwrap();
    assert_eq!(made.title, "Emma");
    // A written resource can be read.
    assert_eq!(books.get_book(made.id.as_str()).await.unwrap().title, "Emma");
    let listed: Vec<_> = books.list_books().available(true).items().try_collect().await.unwrap();
    assert!(!listed.is_empty());
    books.list_shelves().await.unwrap();
    books.list_authors().await.unwrap();
    let card = || books.get_card("7");
    card().await.unwrap();
    card().as_vnd_library_card_json().await.unwrap();
    assert_eq!(card().accept("text/csv").send().await.unwrap().content_type(), Some("text/csv"));
    books.import_book(&NewBook::new("Emma".to_owned())).await.unwrap();
    books.import_book_form(&NewBook::new("Emma".to_owned())).await.unwrap();
    books.import_book_xml("<book/>").await.unwrap();
    books.add_pages("7", forms::AddPages::new(NewBook::new("Emma".to_owned()))).await.unwrap();
    assert_eq!(books.read_journal().stream().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    assert!(books.watch_books().stream().try_next().await.unwrap().is_some());
    let lent =
        library.loans().lend_book(params::BookId::new("7"), params::LoanId::new("1"), params::Days::new(14)).await;
    assert!(matches!(lent.unwrap(), responses::loans::LendBook::Status200(_)));
    covers.get_cover("7").await.unwrap().into_inner().try_collect::<Vec<_>>().await.unwrap();
    let form = forms::AddCover::new(File::bytes("PNG"), NewBook::new("Emma".to_owned()));
    let added = covers.add_cover("7", form.sizes(vec![1, 2]).note("new")).send().await.unwrap();
    assert!(added.header_as(headers::LOCATION).unwrap().is_some());
    let question = Question::new("why?".to_owned());
    answers.create_answer(&question).await.unwrap();
    answers.create_answer(&question).stream().try_next().await.unwrap().unwrap();
    answers.read_aloud(&question).await.unwrap();

    let desk = library.desk();
    desk.inspect_desk().await.unwrap();
    desk.open_desk().await.unwrap();
    desk.call_desk().await.unwrap();
    desk.assign_desk().await.unwrap();
    desk.close_desk().await.unwrap();

    let root: Value = serde_json::from_str(&document).unwrap();
    let methods = root["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let documented: BTreeSet<&str> = methods.filter_map(|operation| operation["operationId"].as_str()).collect();
    let requests = fake.requests();
    let sent: BTreeSet<&str> = requests.iter().filter_map(|request| request.operation.as_deref()).collect();
    assert_eq!(sent, documented);

    // Forms that break the schema, and a body of JSON that does.
    let form = || Multipart::new().file("file", File::bytes("PNG"));
    let wrong = form().json("about", &json!({"title": 7})).unwrap();
    for (form, at) in [(wrong, "body/about/title"), (form(), "body/about")] {
        let refused = covers.add_cover("7", form).await.unwrap_err();
        assert_eq!(refused.status(), Some(400));
        assert!(
            refused.body().is_some_and(|body| body.contains(&format!("\"{at}\""))),
            "{refused}: {:?}",
            refused.body()
        );
    }
}
