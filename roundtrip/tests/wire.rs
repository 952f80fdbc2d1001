//! The requests of a generated client, received by a sender in process: methods, paths, styles, media types.

use std::sync::{Arc, Mutex};

use connectors_runtime::MediaType;
use connectors_runtime::auth::Credential;
use connectors_runtime::crates::{http, reqwest, serde_json::json};
use roundtrip::document_wire::{Client, Credentials, params, types};

/// A request: method, URL from the path on, headers, body.
type Sent = (String, String, http::HeaderMap, String);

const SERVER: &str = "https://wire.example/api/";

/// The received requests.
#[derive(Clone, Debug, Default)]
struct Arrived(Arc<Mutex<Vec<Sent>>>);

impl Arrived {
    /// A client whose requests arrive here, with this response.
    fn client(&self, status: u16, body: &'static str) -> Client {
        Client::builder(SERVER, Credentials::new()).sender(self.sender(status, body)).build().unwrap()
    }

    /// A sender that records requests, with this response.
    fn sender(&self, status: u16, body: &'static str) -> impl connectors_runtime::Sender + use<> {
        let log = Arc::clone(&self.0);
        move |request: reqwest::Request| {
            let url = request.url();
            let place = url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()));
            let sent = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
            let sent = String::from_utf8(sent.to_vec()).unwrap();
            assert!(url.fragment().is_none() && request.headers().get("api-version").is_none());
            log.lock().unwrap().push((request.method().to_string(), place, request.headers().clone(), sent));
            let mut response = http::Response::new(body);
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            async move { Ok::<reqwest::Response, connectors_runtime::SendError>(response.into()) }
        }
    }

    fn last(&self) -> Sent {
        self.0.lock().unwrap().last().cloned().unwrap()
    }

    fn line(&self) -> String {
        let (method, place, ..) = self.last();
        format!("{method} {place}")
    }

    fn header(&self, name: &str) -> Option<String> {
        self.last().2.get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn a_path_is_sent_unchanged() {
    let arrived = Arrived::default();
    let client = arrived.client(204, "");
    client.twice("x y").await.unwrap();
    assert_eq!(arrived.line(), "GET /api/a///b//x%20y/of/x%20y");
    client.hash("50%?").await.unwrap();
    assert_eq!(arrived.line(), "GET /api/hash%23part/50%25%3F");
    client.file(params::Id::new("a\\b.c"), params::Ext::new("json")).await.unwrap();
    assert_eq!(arrived.line(), "GET /api/files/a%5Cb.c.json");
    client.archive("x/y").await.unwrap_err();
    client.archive("x:y").await.unwrap();
    assert_eq!(arrived.line(), "GET /api/files/x:y:archive");
    client.styles(params::Matrix::new(7), params::Label::new("l"), &["a".to_owned(), "b".to_owned()]).await.unwrap();
    assert_eq!(arrived.line(), "GET /api/styles/;matrix=7/.l/;list=a;list=b");
}

#[tokio::test]
async fn every_method_of_http_is_sent() {
    let arrived = Arrived::default();
    let client = arrived.client(204, "");
    client.gotten().await.unwrap();
    assert_eq!(arrived.line(), "GET /api/methods");
    client.allowed().await.unwrap();
    assert_eq!(arrived.line(), "OPTIONS /api/methods");
    client.echoed().await.unwrap();
    assert_eq!(arrived.line(), "TRACE /api/methods");
    client.there().await.unwrap();
    assert_eq!(arrived.line(), "HEAD /api/methods");
}

#[tokio::test]
async fn a_body_has_the_media_type_of_the_document_or_of_the_caller() {
    let arrived = Arrived::default();
    let client = arrived.client(200, r#"{"a": "read"}"#);
    let mut body = types::TypedBody::default();
    body.a = Some("x".to_owned());
    assert_eq!(client.typed(&body).await.unwrap().a.as_deref(), Some("read"));
    assert_eq!(
        (arrived.header("content-type").unwrap(), arrived.last().3),
        ("application/json".to_owned(), r#"{"a":"x"}"#.to_owned())
    );
    client.bytes(MediaType::new("image/png"), "PNG").await.unwrap();
    assert_eq!((arrived.header("content-type").unwrap(), arrived.last().3), ("image/png".to_owned(), "PNG".to_owned()));
    client.optional_json().await.unwrap();
    assert_eq!((arrived.header("content-type"), arrived.last().3.as_str()), (None, ""));
    assert_eq!(arrived.header("accept").unwrap(), "application/json; version=3");
    client.optional_json().body(&types::OptionalJsonBody::default()).await.unwrap();
    assert_eq!(
        (arrived.header("content-type").unwrap(), arrived.last().3),
        ("application/json; version=2".to_owned(), "{}".to_owned())
    );
    let client = arrived.client(204, "");
    assert!(client.optional_json().await.unwrap().is_none());
    client.patched(&types::PatchedBody::default()).await.unwrap();
    assert_eq!(arrived.header("content-type").unwrap(), "application/merge-patch+json");
    client.optional_pdf().await.unwrap();
    assert_eq!(arrived.header("content-type"), None);
    client.optional_pdf().body("PDF").await.unwrap();
    assert_eq!(
        (arrived.header("content-type").unwrap(), arrived.last().3),
        ("application/pdf".to_owned(), "PDF".to_owned())
    );
}

#[tokio::test]
async fn arguments_that_could_be_swapped_have_types_of_their_own() {
    let arrived = Arrived::default();
    let client = arrived.client(204, "");
    let name = || params::PairName::new("n");
    client.put_pair(name(), "b").await.unwrap();
    assert_eq!((arrived.line().as_str(), arrived.last().3.as_str()), ("PUT /api/pairs/n", "b"));
    client.post_pair(name(), &"b".to_owned()).await.unwrap();
    assert_eq!((arrived.line().as_str(), arrived.last().3.as_str()), ("POST /api/pairs/n", "\"b\""));
    client.patch_pair(name(), MediaType::new("image/png"), "b").await.unwrap();
    assert_eq!(arrived.header("content-type").unwrap(), "image/png");
    client.trace_pair(name(), params::PairNameHeader::new("h")).await.unwrap();
    assert_eq!((arrived.line().as_str(), arrived.header("pair-name").unwrap().as_str()), ("TRACE /api/pairs/n", "h"));
    // An id beside a body of another type is taken as it is. The method for text has two that are alike.
    client.delete_pair("n", &types::Side::Left).await.unwrap();
    assert_eq!(arrived.last().3, "\"left\"");
    client.delete_pair_plain(name(), "left").await.unwrap();
    assert_eq!(arrived.last().3, "left");
    let list = |item: &str| vec![item.to_owned()];
    client.move_all(params::From::new(list("a")), params::To::new(list("b"))).await.unwrap();
    assert_eq!(arrived.line(), "POST /api/moves?from=a&to=b");
    client.turn(params::After::new("right"), params::Before::new(types::Side::Left)).await.unwrap();
    assert_eq!(arrived.line(), "PUT /api/moves?after=right&before=left");
    client.replace_all(params::Old::new(list("a")), &list("b")).await.unwrap();
    assert_eq!((arrived.line().as_str(), arrived.last().3.as_str()), ("PATCH /api/moves?old=a", "[\"b\"]"));
}

#[tokio::test]
async fn a_certificate_is_of_the_connection_and_what_cannot_be_sent_is_an_error() {
    let arrived = Arrived::default();
    let client = |credentials: Credentials| {
        Client::builder(SERVER, credentials).sender(arrived.sender(204, "")).build().unwrap()
    };
    client(Credentials::new().pass("t")).locked_both().await.unwrap();
    assert_eq!(arrived.header("authorization").as_deref(), Some("Bearer t"));
    client(Credentials::new()).locked_certificate().await.unwrap();
    assert_eq!(arrived.header("authorization"), None);
    for (call, scheme) in [
        (client(Credentials::new()).locked_both().await, "`pass`"),
        (client(Credentials::new().pass("t")).locked_seal().await, "`seal`"),
        (client(Credentials::new().pass("t")).locked_nowhere().await, "`nowhere`"),
    ] {
        let error = call.unwrap_err();
        assert!(error.is_config() && error.to_string().contains(scheme), "{error}");
        assert!(!error.to_string().contains("certificate"), "{error}");
    }
    assert_eq!(arrived.0.lock().unwrap().len(), 2);
    let sealed = Credentials::new().pass("t").with("seal", Credential::header("x-seal", "s"));
    client(sealed).locked_seal().await.unwrap();
    assert_eq!(
        (arrived.header("authorization").as_deref(), arrived.header("x-seal").as_deref()),
        (Some("Bearer t"), Some("s"))
    );
}

#[tokio::test]
async fn a_form_is_written_by_its_encoding() {
    let arrived = Arrived::default();
    let client = arrived.client(204, "");
    let mut form = types::FormBody::default();
    form.ids = Some(vec![1, 2]);
    form.joined = Some(vec!["a".to_owned(), "b c".to_owned()]);
    client.form(&form).await.unwrap();
    assert_eq!(arrived.header("content-type").unwrap(), "application/x-www-form-urlencoded");
    let mut pairs: Vec<&str> = Vec::new();
    let body = arrived.last().3;
    pairs.extend(body.split('&'));
    pairs.sort_unstable();
    assert_eq!(pairs.len(), 4, "{body}");
    assert_eq!(pairs[..3], ["grant_type=client_credentials", "ids=1", "ids=2"]);
    assert!(pairs[3].starts_with("joined=a,b") || pairs[3].starts_with("joined=a%2Cb"), "{body}");
}

#[tokio::test]
async fn parameters_are_typed_and_written_by_their_style() {
    let arrived = Arrived::default();
    let client = arrived.client(204, "");
    let query = |request: roundtrip::document_wire::requests::Parameters| {
        let arrived = arrived.clone();
        async move {
            request.await.unwrap();
            let query = arrived.last().1.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
            // Brackets are not allowed in a query (RFC 3986, section 3.4).
            assert!(!query.contains(['[', ']', '|', '"', ' ']), "{query}");
            query.replace("%5B", "[").replace("%5D", "]").replace("%7C", "|").replace("%2C", ",").replace("%3A", ":")
        }
    };
    let mut filter = types::ParametersFilter::default();
    filter.status = Some("on".to_owned());
    let mut range = types::ParametersFilterRange::default();
    range.gt = Some(1);
    filter.range = Some(range);
    assert_eq!(query(client.parameters().filter(filter)).await, "filter[status]=on&filter[range][gt]=1");
    assert_eq!(query(client.parameters().ids(&[1, 2])).await, "ids[]=1&ids[]=2");
    assert_eq!(query(client.parameters().tags(["a", "b"])).await, "tags=a|b");
    assert_eq!(query(client.parameters().joined(["a", "b"])).await, "joined=a,b");
    let free = json!({"k": "v", "deep": {"x": 1}}).as_object().cloned().unwrap();
    let sent = query(client.parameters().free(&free)).await;
    assert!(sent.contains("k=v") && sent.contains("deep="), "{sent}");
    let condition = json!({"a": 1}).as_object().cloned().unwrap();
    assert_eq!(query(client.parameters().where_(&condition)).await, "where=%7B%22a%22:1%7D");
    assert_eq!(query(client.parameters().path("a/b:c@d")).await, "path=a/b:c@d");
    let either = types::ParametersEither::from(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(query(client.parameters().either(either)).await, "either=a&either=b");
    assert_eq!(query(client.parameters().untyped(&json!("x"))).await, "untyped=x");
    client.parameters().x_list(["a", "b"]).session("s").other(7).await.unwrap();
    assert_eq!(arrived.header("x-list").unwrap(), "a,b");
    assert_eq!(arrived.header("cookie").unwrap(), "session=s; other=7");
}

/// A client of the document with the features of OpenAPI 3.2.
fn latest(arrived: &Arrived, body: &'static str) -> roundtrip::document_latest::Client {
    use roundtrip::document_latest::{Client, Credentials};
    #[allow(deprecated, reason = "the document has nothing else for it")]
    let credentials = Credentials::new().old("k");
    Client::builder(SERVER, credentials).sender(arrived.sender(200, body)).build().unwrap()
}

#[tokio::test]
async fn every_method_of_3_2_is_sent_under_its_name() {
    use roundtrip::document_latest::types;

    let arrived = Arrived::default();
    let client = latest(&arrived, "[]");
    client.search().find_books(&types::Search::new("whale".to_owned())).await.unwrap();
    assert_eq!(arrived.line(), "QUERY /api/books");
    assert_eq!(arrived.last().3, r#"{"text":"whale"}"#);
    client.search().search_books().await.unwrap();
    assert_eq!(arrived.line(), "SEARCH /api/books");
    client.shelves().link_books("emma").await.unwrap();
    assert_eq!(arrived.line(), "LINK /api/books?to=emma");
    // A method that is safe is retried. An unknown method is not.
    let idempotency = |id: &str| {
        let mut operations = roundtrip::document_latest::OPERATIONS.iter();
        operations.find(|operation| operation.id() == id).unwrap().idempotency()
    };
    assert_eq!(idempotency("findBooks"), connectors_runtime::Idempotency::Idempotent);
    assert_eq!(idempotency("searchBooks"), connectors_runtime::Idempotency::Idempotent);
    assert_eq!(idempotency("linkBooks"), connectors_runtime::Idempotency::NotIdempotent);
}

#[tokio::test]
async fn a_parameter_may_be_the_whole_query_string() {
    use roundtrip::document_latest::types;

    let arrived = Arrived::default();
    let client = latest(&arrived, "[]");
    let mut filter = types::Filter::default();
    (filter.words, filter.year) = (Some(vec!["a b".to_owned(), "c&d".to_owned()]), Some(1815));
    client.search().by_form(&filter).await.unwrap();
    assert_eq!(arrived.line(), "GET /api/books/by-form?words=a%20b%7Cc%26d&year=1815");
    let mut whole = types::Whole::default();
    whole.any = Some(vec!["x/y".to_owned()]);
    client.search().by_json().query(whole).await.unwrap();
    assert_eq!(arrived.line(), "GET /api/books/by-json?%7B%22any%22%3A%5B%22x%2Fy%22%5D%7D");
    client.search().by_json().await.unwrap();
    assert_eq!(arrived.line(), "GET /api/books/by-json");
}

#[tokio::test]
async fn a_cookie_and_a_path_keep_their_characters_if_the_document_allows_it() {
    let arrived = Arrived::default();
    let client = latest(&arrived, r#"{"title":"Emma"}"#);
    client.shelves().book_at("a:b@c").reader("50%/x").await.unwrap();
    assert_eq!(arrived.header("cookie").unwrap(), "reader=50%/x");
    assert_eq!(arrived.line(), "GET /api/books/a:b@c");
}

#[test]
fn a_value_without_a_known_tag_is_the_default_of_the_document() {
    use roundtrip::document_latest::types::Item;

    for (text, expected) in [
        (r#"{"kind":"book","title":"Emma"}"#, "Book"),
        (r#"{"kind":"film","title":"Emma","minutes":9}"#, "Film"),
        (r#"{"kind":"map","title":"Emma"}"#, "Thing"),
        (r#"{"title":"Emma","minutes":9}"#, "Thing"),
    ] {
        let item: Item = connectors_runtime::object::from_str(text).unwrap();
        let shown = format!("{item:?}");
        assert!(shown.starts_with(expected), "{text}: {shown}");
        assert_eq!(String::from_utf8(connectors_runtime::object::to_vec(&item).unwrap().to_vec()).unwrap(), text);
    }
}

#[test]
fn webhooks_and_callbacks_are_read_by_name() {
    use roundtrip::document_latest::{callbacks::SubscribeCallback, types, webhooks, webhooks::Webhook};

    let body = br#"{"book":{"kind":"book","title":"Emma"},"due":"2027-01-01"}"#;
    let Webhook::BookLent(loan) = webhooks::parse("bookLent", body).unwrap() else { panic!("it is one") };
    assert_eq!((loan.book.title.as_str(), loan.due.as_str()), ("Emma", "2027-01-01"));
    let joined: types::ReaderJoinedWebhook = match webhooks::parse("readerJoined", br#"{"reader":"ann"}"#).unwrap() {
        Webhook::ReaderJoined(joined) => joined,
        other => panic!("{other:?}"),
    };
    assert_eq!(joined.reader, "ann");
    // An unknown message, or one without its body, is kept unchanged and not printed.
    for (name, body) in [("bookLost", &b"secret"[..]), ("readerJoined", b"")] {
        let webhook = webhooks::parse(name, body).unwrap();
        assert!(matches!(&webhook, Webhook::Unknown { body: raw, .. } if raw.as_bytes() == body), "{webhook:?}");
        assert!(webhook.name() == name && !format!("{webhook:?}").contains("secret"));
    }
    let error = webhooks::parse("bookLent", br#"{"book":1,"due":"secret"}"#).unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("bookLent"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert_eq!(Webhook::NAMES, ["bookLent", "readerJoined"]);
    let callback = SubscribeCallback::parse("lent", br#"{"reader":"ann"}"#).unwrap();
    assert!(matches!(&callback, SubscribeCallback::Lent(it) if it.reader == "ann"), "{callback:?}");
    assert_eq!(SubscribeCallback::parse("closed", b"").unwrap(), SubscribeCallback::Closed);
}

#[test]
fn the_headers_of_a_webhook_are_typed() {
    use roundtrip::document_latest::headers::{X_ATTEMPT, X_SHELVES};

    let mut headers = http::HeaderMap::new();
    headers.insert("x-attempt", "2".parse().unwrap());
    headers.insert("x-shelves", "A1, \"B, 2\"".parse().unwrap());
    assert_eq!(X_ATTEMPT.read(&headers).unwrap(), Some(2));
    assert_eq!(X_SHELVES.read(&headers).unwrap().unwrap(), ["A1", "\"B, 2\""]);
    headers.insert("x-attempt", "second".parse().unwrap());
    let error = X_ATTEMPT.read(&headers).unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("x-attempt"), "{error}");
    assert_eq!(X_SHELVES.read(&http::HeaderMap::new()).unwrap(), None);
}

#[test]
fn a_document_with_the_device_flow_has_a_device_login() {
    use roundtrip::document_latest::Credentials;

    let login = Credentials::oauth_device_login("program", &["read"]);
    assert!(format!("{login:?}").contains("read"), "{login:?}");
    let _ = Credentials::new().oauth("t");
}
