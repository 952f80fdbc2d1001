//! Logins of people.

use std::sync::{Arc, Mutex};

use connectors_runtime::auth::{AuthorizationCode, CodeLogin, DeviceLogin, ExposeSecret, OAuthClient, TokenProvider};
use url::Url;

use crate::support::{SECOND, Server, TestClock, token};

const TOKEN_URL: &str = "https://id.example.com/token";
const DONE: &str = "http://127.0.0.1:8000/done";

fn login(server: &Server, client: impl Into<OAuthClient>) -> CodeLogin {
    let setup = AuthorizationCode::new("https://id.example.com/authorize?tenant=7", TOKEN_URL, client, DONE);
    let setup = setup.scopes(["read", "offline_access"]).parameter("prompt", "login");
    setup.begin(server.connection(&TestClock::new())).unwrap()
}

fn parameter(url: &str, name: &str) -> String {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[test]
fn the_browsers_url_has_the_challenge_and_no_secrets() {
    let login = login(&Server::new(), OAuthClient::new("app", "PLANTED"));
    for (name, value) in [
        ("tenant", "7"),
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", DONE),
        ("scope", "read offline_access"),
        ("code_challenge_method", "S256"),
        ("prompt", "login"),
    ] {
        assert_eq!(parameter(login.url(), name), value, "{name}");
    }
    assert_eq!(parameter(login.url(), "code_challenge").len(), 43);
    let state = parameter(login.url(), "state");
    let shown = format!("{login:?}");
    assert!(!login.url().contains("PLANTED") && !shown.contains("PLANTED") && !shown.contains(&state), "{shown}");
    assert!(!login.is_response("/done?code=c&state=other") && !login.is_response("/favicon.ico"));
    assert!(login.is_response(&format!("/done?code=c&state={state}")));
    assert!(login.is_response(&format!("/done?error=access_denied&state={state}")));
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_the_login_refreshes() {
    let server = Server::new();
    let saved = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&saved);
    let setup = AuthorizationCode::new("https://id.example.com/authorize", TOKEN_URL, "app", DONE);
    let setup = setup.on_rotate(move |token| {
        keep.lock().unwrap().push(token.expose_secret().to_owned());
        async { Ok::<_, std::io::Error>(()) }
    });
    let login = setup.begin(server.connection(&TestClock::new())).unwrap();
    let address = format!("/done?code=c0de&state={}", parameter(login.url(), "state"));
    server.will(200, r#"{"access_token": "a1", "token_type": "Bearer", "refresh_token": "r1", "scope": "read"}"#);
    let granted = login.finish(&address).await.unwrap();
    assert_eq!((granted.scope(), granted.refresh_token().unwrap().expose_secret()), (Some("read"), "r1"));
    assert!(granted.renews() && !format!("{granted:?}").contains("r1"));
    assert_eq!(*saved.lock().unwrap(), ["r1"]);
    let sent = &server.received()[0];
    for (name, value) in
        [("grant_type", "authorization_code"), ("code", "c0de"), ("redirect_uri", DONE), ("client_id", "app")]
    {
        assert_eq!(sent.get(name), value, "{name}");
    }
    assert_eq!(sent.get("code_verifier").len(), 43);

    assert!(login.finish(&address).await.unwrap_err().is_conflict());
    assert_eq!(granted.token().await.unwrap().expose(), "a1");
    server.will(200, r#"{"access_token": "a2", "refresh_token": "r2"}"#);
    assert_eq!(granted.token().await.unwrap().expose(), "a2");
    assert_eq!(server.received()[1].get("refresh_token"), "r1");
    assert_eq!(*saved.lock().unwrap(), ["r1", "r2"]);
}

#[tokio::test]
async fn a_first_refresh_token_that_could_not_be_saved_is_saved_before_the_first_call() {
    let (server, saved) = (Server::new(), Arc::new(Mutex::new(0)));
    let keep = Arc::clone(&saved);
    let setup = AuthorizationCode::new("https://id.example.com/authorize", TOKEN_URL, "app", DONE);
    let setup = setup.on_rotate(move |_| {
        let mut tried = keep.lock().unwrap();
        *tried += 1;
        let result = if *tried < 3 { Err(std::io::Error::other("not now")) } else { Ok(()) };
        async { result }
    });
    let login = setup.begin(server.connection(&TestClock::new())).unwrap();
    server.will(200, r#"{"access_token": "a1", "refresh_token": "r1"}"#);
    let address = format!("/done?code=c&state={}", parameter(login.url(), "state"));
    let granted = login.finish(&address).await.unwrap();
    assert!(granted.token().await.unwrap_err().is_auth());
    assert_eq!((granted.token().await.unwrap().expose(), *saved.lock().unwrap()), ("a1", 3));
}

#[tokio::test]
async fn a_code_whose_response_was_lost_is_not_retried() {
    let server = Server::new();
    let login = login(&server, OAuthClient::new("app", "s3cret"));
    let address = format!("{DONE}?code=c&state={}", parameter(login.url(), "state"));
    server.breaks();
    let error = login.finish(&address).await.unwrap_err();
    assert!(error.may_have_happened() && server.received().len() == 1, "{error:?}");
    assert!(server.received()[0].header("authorization").starts_with("Basic "));
    assert!(login.finish(&address).await.unwrap_err().is_conflict());
}

#[tokio::test]
async fn a_login_without_a_refresh_token_lasts_as_long_as_its_token() {
    let (server, clock) = (Server::new(), TestClock::new());
    let setup = AuthorizationCode::new("https://id.example.com/authorize", TOKEN_URL, "app", DONE);
    let login = setup.begin(server.connection(&clock)).unwrap();
    server.will(200, token("a1", 100));
    let granted = login.finish(&format!("?code=c&state={}", parameter(login.url(), "state"))).await.unwrap();
    clock.advance(40 * SECOND);
    let left = granted.token().await.unwrap();
    assert_eq!((left.expose(), left.lifetime(), granted.renews()), ("a1", Some(60 * SECOND), false));
    clock.advance(60 * SECOND);
    assert!(granted.token().await.unwrap_err().is_auth());
}

#[test]
fn a_login_over_plain_http_does_not_begin() {
    for (authorize, tokens, done) in [
        ("http://id.example.com/authorize", TOKEN_URL, DONE),
        ("https://id.example.com/authorize", "http://x.localhost/token", DONE),
        ("https://id.example.com/authorize", TOKEN_URL, "/done"),
    ] {
        let setup = AuthorizationCode::new(authorize, tokens, "app", done);
        assert!(setup.begin(Server::new().connection(&TestClock::new())).unwrap_err().is_config());
    }
}

#[tokio::test]
async fn a_device_login_polls_at_the_server_s_pace() {
    let (server, clock) = (Server::new(), TestClock::new());
    // Lifetimes in the form of some servers.
    server.will(
        200,
        r#"{"device_code": "PLANTED", "user_code": "ABCD", "verification_uri": "https://id.example.com/go", "expires_in": "600", "interval": 2.0}"#,
    );
    let setup = DeviceLogin::new("https://id.example.com/device", TOKEN_URL, "app").scopes(["read"]);
    let grant = setup.begin(server.connection(&clock)).await.unwrap();
    assert_eq!((grant.user_code(), grant.verification_uri()), ("ABCD", "https://id.example.com/go"));
    assert_eq!(grant.expires_in(), 600 * SECOND);
    assert!(!format!("{grant:?}").contains("PLANTED") && !format!("{grant:?}").contains("ABCD"));
    server
        .will(400, r#"{"error": "authorization_pending"}"#)
        // Some servers return it with the status of a rate limit, which is no reason to poll earlier.
        .will(429, r#"{"error": "slow_down"}"#)
        .will(503, "")
        .will(200, token("a1", 60));
    let granted = grant.wait().await.unwrap();
    assert_eq!(granted.token().await.unwrap().expose(), "a1");
    assert_eq!(clock.passed(), (2 + 2 + 7 + 7) * SECOND);
    let sent = server.received();
    assert_eq!((sent[0].get("client_id"), sent[0].get("scope"), sent.len()), ("app", "read", 5));
    assert_eq!(
        (sent[1].get("grant_type"), sent[1].get("device_code"), sent[1].get("client_id")),
        ("urn:ietf:params:oauth:grant-type:device_code", "PLANTED", "app")
    );
}

#[tokio::test]
async fn a_device_login_ends_when_it_is_rejected_or_expires() {
    let codes =
        r#"{"device_code": "d", "user_code": "u", "verification_uri": "https://id.example.com", "expires_in": 12}"#;
    let (server, clock) = (Server::new(), TestClock::new());
    let begin = || DeviceLogin::new("https://id.example.com/device", TOKEN_URL, "app").begin(server.connection(&clock));
    server.will(200, codes).will(400, r#"{"error": "access_denied"}"#);
    let error = begin().await.unwrap().wait().await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("access_denied"), "{error:?}");
    server.will(200, codes);
    for _ in 0..3 {
        server.will(400, r#"{"error": "authorization_pending"}"#);
    }
    let error = begin().await.unwrap().wait().await.unwrap_err();
    assert!(error.is_auth() && error.code().is_none(), "{error:?}");
    assert_eq!(clock.passed(), 17 * SECOND);
    server.will(200, r#"{"user_code": "u"}"#);
    assert!(begin().await.unwrap_err().is_auth());
}
