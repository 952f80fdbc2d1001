//! Each credential of the document, as the server receives it.

use connectors_runtime::{Connection, TestClock, reqwest::Url};
use library::Credentials;

use super::Server;

/// The login and the client have connections of their own, and the server reads one after the other.
const JSON: &str = "content-type: application/json\r\nconnection: close\r\n";

#[tokio::test]
async fn each_scheme_is_sent_in_its_place() {
    let server = Server::start(&[("204 No Content", "", ""); 4]).await;
    let library = server.client(Credentials::new().staff("Zoe", "b:c").pass("p4ss").code("c&de").badge("7"));
    let desk = library.desk();
    desk.inspect_desk().await.unwrap();
    desk.open_desk().await.unwrap();
    desk.call_desk().extension(12).await.unwrap();
    desk.close_desk().theme("dark").await.unwrap();
    let requests = server.arrived();
    // The base64 of `Zoe:b:c` (RFC 7617).
    assert_eq!(requests[0].header("authorization"), Some("Basic Wm9lOmI6Yw=="));
    assert_eq!(requests[1].header("authorization"), Some("Bearer p4ss"));
    assert_eq!(requests[2].line, "POST /desk?extension=12&code=c%26de HTTP/1.1");
    assert_eq!((requests[2].header("authorization"), requests[2].header("cookie")), (None, None));
    // An alternative of two schemes: both are sent.
    let both = (requests[3].header("cookie"), requests[3].header("authorization"));
    assert_eq!(both, (Some("theme=dark; badge=7"), Some("Bearer p4ss")));

    let library = server.client(Credentials::new().pass("p4ss"));
    let error = library.desk().close_desk().await.unwrap_err();
    assert!(error.is_config() && error.to_string().contains("`badge` and `pass`"), "{error}");
    assert_eq!(server.arrived().len(), 4);
}

#[tokio::test]
async fn a_person_logs_in_on_another_device() {
    let codes = r#"{"device_code": "d", "user_code": "WDJB", "verification_uri": "https://library.example/activate"}"#;
    let responses = Box::leak(Box::new([
        ("200 OK", JSON, codes),
        ("400 Bad Request", JSON, r#"{"error": "authorization_pending"}"#),
        ("200 OK", JSON, r#"{"access_token": "PLANTED", "token_type": "Bearer"}"#),
        ("204 No Content", "", ""),
    ]));
    let server = Server::start(responses).await;
    // The document has relative URLs: they are resolved against the server.
    let login = Credentials::person_device_login("desk-app", &["desk:assign"]).server(&server.url);
    let grant = login.begin(Connection::new().clock(TestClock::new())).await.unwrap();
    assert_eq!(grant.user_code(), "WDJB");
    let library = server.client(Credentials::new().person_by(grant.wait().await.unwrap()));
    library.desk().assign_desk().await.unwrap();
    let requests = server.arrived();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(lines[..2], ["POST /oauth/device HTTP/1.1", "POST /oauth/token HTTP/1.1"]);
    let asked = &requests[0].body;
    assert!(asked.contains("client_id=desk-app") && asked.contains("scope=desk%3Aassign"), "{asked}");
    assert!(requests[2].body.contains("device_code=d"), "{}", requests[2].body);
    assert_eq!((lines[3], requests[3].header("authorization")), ("PATCH /desk HTTP/1.1", Some("Bearer PLANTED")));
    assert!(!format!("{library:?}").contains("PLANTED"));
}

#[tokio::test]
async fn a_person_logs_in_in_a_browser() {
    let server = Server::start(&[
        (
            "200 OK",
            JSON,
            r#"{"access_token": "a1", "token_type": "Bearer", "refresh_token": "r1", "expires_in": 3600}"#,
        ),
        ("401 Unauthorized", JSON, "{}"),
        ("200 OK", JSON, r#"{"access_token": "a2", "token_type": "Bearer"}"#),
        ("204 No Content", "", ""),
    ])
    .await;
    let redirect = "http://127.0.0.1:8000/done";
    let login = Credentials::person_authorization_code("desk-app", redirect, &["desk:assign"]).server(&server.url);
    let login = login.begin(Connection::new().clock(TestClock::new())).unwrap();
    let url = Url::parse(login.url()).unwrap();
    let parameter = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert!(url.as_str().starts_with(&format!("{}/oauth/authorize?", server.url)), "{url}");
    assert_eq!((parameter("client_id"), parameter("redirect_uri")), ("desk-app".to_owned(), redirect.to_owned()));
    assert_eq!((parameter("scope"), parameter("code_challenge_method")), ("desk:assign".to_owned(), "S256".to_owned()));
    let address = format!("/done?code=c0de&state={}", parameter("state"));
    let library = server.client(Credentials::new().person_by(login.finish(&address).await.unwrap()));
    library.desk().assign_desk().await.unwrap();
    let requests = server.arrived();
    let sent = &requests[0].body;
    assert_eq!(requests[0].line, "POST /oauth/token HTTP/1.1");
    assert!(sent.contains("grant_type=authorization_code") && sent.contains("code=c0de"), "{sent}");
    assert!(sent.contains("code_verifier=") && !sent.contains(&parameter("code_challenge")), "{sent}");
    // A token that the server rejects is refreshed once.
    assert!(requests[2].body.contains("refresh_token=r1"), "{}", requests[2].body);
    let tokens: Vec<_> = requests.iter().filter_map(|request| request.header("authorization")).collect();
    assert_eq!(tokens, ["Bearer a1", "Bearer a2"]);
}
