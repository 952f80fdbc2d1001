//! Tokens for programs: the requests to the token endpoint, and how its responses are read.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use connectors_runtime::Error;
use connectors_runtime::auth::{
    Assertion, Chosen, Credential, Credentials, ExposeSecret, OAuth2, OAuthClient, Provider, Token, TokenExchange,
    TokenProvider,
};
use futures::FutureExt;

use crate::support::{SECOND, Server, TestClock, base, request, token};

const URL: &str = "https://id.example.com/token?tenant=7";

fn provider(flow: OAuth2, server: &Server) -> Provider {
    flow.connect(&server.exchange(&TestClock::new()), &base()).unwrap()
}

/// A credential for all operations, with its cache.
fn chosen(credential: Credential, server: &Server, clock: &TestClock) -> Chosen {
    Credentials::for_all(credential).connect(&server.exchange(clock), &base()).unwrap().select(&[]).unwrap()
}

/// The `Authorization` header of a client's request.
async fn authorization(chosen: &Chosen) -> Result<String, Error> {
    let mut sent = request("https://api.example.com/");
    chosen.apply(&mut sent).await?;
    Ok(sent.headers()["authorization"].to_str().unwrap().to_owned())
}

#[derive(Debug)]
struct Fixed(&'static str);

impl TokenProvider for Fixed {
    async fn token(&self) -> Result<Token, Error> {
        Ok(Token::new(self.0))
    }
}

/// Numbers its assertions, and includes the time.
#[derive(Debug, Default)]
struct Signer(AtomicUsize);

impl Assertion for Signer {
    async fn assertion(&self, now: SystemTime) -> Result<Token, Error> {
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        Ok(Token::new(format!("jwt-{seconds}-{}", self.0.fetch_add(1, Ordering::Relaxed))))
    }
}

#[tokio::test]
async fn client_credentials_are_sent_in_the_header_or_in_the_form() {
    let server = Server::new();
    server.will(200, token("t1", 60)).will(200, token("t2", 60));
    let flow = || OAuth2::client_credentials(URL, "my app", "a:b&\u{e4}").scopes(["read", "write"]);
    let first = provider(flow(), &server).token().await.unwrap();
    assert_eq!((first.expose(), first.lifetime()), ("t1", Some(60 * SECOND)));
    provider(flow().secret_in_body().parameter("audience", "x"), &server).token().await.unwrap();
    let [by_header, by_form] = server.received().try_into().unwrap();
    assert_eq!(by_header.url.as_str(), URL);
    // RFC 6749, section 2.3.1: `my+app:a%3Ab%26%C3%A4` in base64.
    assert_eq!(by_header.header("authorization"), "Basic bXkrYXBwOmElM0FiJTI2JUMzJUE0");
    assert!(by_header.headers["authorization"].is_sensitive());
    assert_eq!(by_header.header("content-type"), "application/x-www-form-urlencoded");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(by_header.form, [pair("grant_type", "client_credentials"), pair("scope", "read write")]);
    assert_eq!(by_form.header("authorization"), "");
    assert_eq!(
        (by_form.get("client_id"), by_form.get("client_secret"), by_form.get("audience")),
        ("my app", "a:b&\u{e4}", "x")
    );
}

#[tokio::test]
async fn each_attempt_has_its_own_assertion() {
    let server = Server::new();
    server.will(503, "").will(200, token("t1", 60)).will(200, token("t2", 60));
    let client = OAuthClient::signing("my-app", Signer::default());
    provider(OAuth2::of_client(URL, client), &server).token().await.unwrap();
    provider(OAuth2::jwt_bearer(URL, OAuthClient::anonymous(), Signer::default()), &server).token().await.unwrap();
    let [first, second, grant] = server.received().try_into().unwrap();
    assert_eq!(first.get("client_assertion"), "jwt-1000000-0");
    // After the delay of the retry.
    assert!(second.get("client_assertion").starts_with("jwt-10000") && second.get("client_assertion").ends_with("-1"));
    assert_eq!(
        (second.get("client_assertion_type"), second.get("client_id")),
        ("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "my-app")
    );
    assert_eq!(grant.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!((grant.get("assertion"), grant.get("client_id")), ("jwt-1000000-0", ""));
}

#[tokio::test]
async fn a_workload_exchanges_its_token() {
    let server = Server::new();
    server.will(200, token("t1", 60));
    let exchange = TokenExchange::new(Fixed("theirs"))
        .subject_type(TokenExchange::ID_TOKEN)
        .actor(Fixed("acts"), TokenExchange::JWT)
        .requested_type(TokenExchange::ACCESS_TOKEN);
    provider(OAuth2::token_exchange(URL, "workload", exchange), &server).token().await.unwrap();
    let sent = &server.received()[0];
    for (name, value) in [
        ("client_id", "workload"),
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", "theirs"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("actor_token", "acts"),
        ("actor_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
    ] {
        assert_eq!(sent.get(name), value, "{name}");
    }
}

#[tokio::test]
async fn an_invalid_lifetime_does_not_fail_a_login() {
    for (written, lifetime) in [
        ("3600", Some(3600.0)),
        ("\"3600\"", Some(3600.0)),
        ("3600.5", Some(3600.5)),
        ("0", Some(0.0)),
        ("-1", None),
        ("1e308", None),
        ("18446744073709551616", None),
        ("null", None),
        ("\"soon\"", None),
        ("[1]", None),
        ("{\"a\": 1}", None),
    ] {
        let server = Server::new();
        server.will(200, format!(r#"{{"expires_in": {written}, "access_token": "t1", "token_type": "bearer"}}"#));
        let flow = OAuth2::client_credentials(URL, "app", "s3cret");
        let token = provider(flow, &server).token().await.unwrap();
        assert_eq!((token.expose(), token.lifetime()), ("t1", lifetime.map(Duration::from_secs_f64)), "{written}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_not_cached() {
    let (server, clock) = (Server::new(), TestClock::new());
    let flow = OAuth2::client_credentials(URL, "app", "s3cret");
    let chosen = chosen(Credential::oauth2(flow), &server, &clock);
    for wrong in [
        r#"{"access_token": "", "token_type": "Bearer"}"#,
        r#"{"access_token": "a\nb", "token_type": "Bearer"}"#,
        r#"{"access_token": 7, "token_type": "Bearer"}"#,
        r#"{"access_token": "t0", "token_type": "DPoP"}"#,
        r#"{"token_type": "Bearer"}"#,
        "<html>",
        "[]",
        "",
    ] {
        server.will(200, wrong);
        let error = authorization(&chosen).await.unwrap_err();
        assert!(error.is_auth() && !error.to_string().contains("t0"), "{wrong}: {error:?}");
    }
    server.will(200, token("t1", 60));
    assert_eq!(authorization(&chosen).await.unwrap(), "Bearer t1");
}

#[tokio::test]
async fn an_empty_token_of_a_program_s_own_provider_is_not_cached() {
    #[derive(Debug)]
    struct EmptyFirst(AtomicUsize);

    impl TokenProvider for EmptyFirst {
        async fn token(&self) -> Result<Token, Error> {
            Ok(Token::new(["", "a\nb", "good"][self.0.fetch_add(1, Ordering::Relaxed)]))
        }
    }

    let chosen = chosen(Credential::bearer(EmptyFirst(AtomicUsize::new(0))), &Server::new(), &TestClock::new());
    for _ in 0..2 {
        assert!(authorization(&chosen).await.unwrap_err().is_auth());
    }
    assert_eq!(authorization(&chosen).await.unwrap(), "Bearer good");
}

/// A flow with a refresh token, and the refresh tokens that it has stored. Storing fails this many times first.
fn rotating(failures: usize) -> (OAuth2, Arc<Mutex<Vec<String>>>) {
    let (saved, failures) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(failures)));
    let keep = Arc::clone(&saved);
    let flow = OAuth2::refresh_token(URL, "app", "r1").on_rotate(move |token| {
        let (keep, failures) = (Arc::clone(&keep), Arc::clone(&failures));
        async move {
            // Storing may take some time.
            tokio::task::yield_now().await;
            if failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                return Err(io::Error::other("the disk is full"));
            }
            keep.lock().unwrap().push(token.expose_secret().to_owned());
            Ok(())
        }
    });
    (flow, saved)
}

#[tokio::test]
async fn a_new_refresh_token_is_saved_even_if_other_fields_are_invalid() {
    for odd in [
        r#"{"access_token": 7, "refresh_token": "r2"}"#,
        r#"{"refresh_token": "r2", "access_token": "a", "token_type": "DPoP"}"#,
        r#"{"refresh_token": "r2", "scope": "a", "scope": "b"}"#,
        r#"{"token_type": {}, "scope": ["a"], "refresh_token": "r2", "access_token": ""}"#,
        r#"{"refresh_token": "r2", "access_token": "cut o"#,
        r#"{"refresh_token": "r2", "refresh_token_expires_in": "x", "access_token": "a"} and more"#,
    ] {
        let server = Server::new();
        let (flow, saved) = rotating(0);
        let provider = provider(flow, &server);
        server.will(200, odd).will(200, token("a2", 60));
        let _ = provider.token().await;
        assert_eq!(*saved.lock().unwrap(), ["r2"], "{odd}");
        assert_eq!(provider.token().await.unwrap().expose(), "a2");
        let sent: Vec<_> = server.received().iter().map(|it| it.get("refresh_token").to_owned()).collect();
        assert_eq!(sent, ["r1", "r2"]);
    }
}

#[tokio::test]
async fn a_token_is_used_only_after_the_new_refresh_token_was_saved() {
    let server = Server::new();
    let (flow, saved) = rotating(2);
    let provider = provider(flow, &server);
    server.will(200, r#"{"access_token": "a1", "token_type": "Bearer", "expires_in": 60, "refresh_token": "r2"}"#);
    for _ in 0..2 {
        let error = provider.token().await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(error.is_auth() && source == "the disk is full", "{error:?}");
        assert!(!format!("{error} {error:?}").contains("r2"));
    }
    // Stored at the third attempt. The access token that came with it is still used.
    assert_eq!(provider.token().await.unwrap().expose(), "a1");
    assert_eq!((saved.lock().unwrap().as_slice(), server.received().len()), (["r2".to_owned()].as_slice(), 1));
    // A refresh token that stays the same is not new.
    server.will(200, r#"{"access_token": "a2", "refresh_token": "r2"}"#);
    assert_eq!(provider.token().await.unwrap().expose(), "a2");
    assert_eq!(saved.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refresh_whose_response_is_lost_is_not_retried_by_itself() {
    let server = Server::new();
    let (flow, _) = rotating(0);
    let provider = provider(flow.scopes(["read"]), &server);
    server.breaks();
    let error = provider.token().await.unwrap_err();
    assert!(error.may_have_happened() && error.attempts() == 1, "{error:?}");
    server.will(200, token("a1", 60));
    assert_eq!(provider.token().await.unwrap().expose(), "a1");
    let sent = server.received();
    assert_eq!((sent.len(), sent[1].get("refresh_token"), sent[1].get("scope")), (2, "r1", "read"));
}

#[tokio::test]
async fn a_refresh_without_waiting_callers_completes_and_its_token_is_kept() {
    let server = Server::new();
    let (flow, saved) = rotating(0);
    let provider = provider(flow, &server);
    let response = server.later();
    assert!(provider.token().now_or_never().is_none());
    response
        .send((200, r#"{"access_token": "a1", "token_type": "Bearer", "refresh_token": "r2"}"#.to_owned()))
        .unwrap();
    while saved.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(provider.token().await.unwrap().expose(), "a1");
    assert_eq!(server.received().len(), 1);
    server.will(200, token("a2", 60));
    assert_eq!(provider.token().await.unwrap().expose(), "a2");
    assert_eq!(server.received()[1].get("refresh_token"), "r2");
}

#[tokio::test]
async fn a_valid_token_outlives_a_refresh_that_fails() {
    let (server, clock) = (Server::new(), TestClock::new());
    let (flow, _) = rotating(0);
    let chosen = chosen(Credential::oauth2(flow), &server, &clock);
    server.will(200, token("a1", 1000));
    assert_eq!(authorization(&chosen).await.unwrap(), "Bearer a1");
    clock.advance(945 * SECOND);
    server.will(400, r#"{"error": "temporarily_unavailable"}"#);
    assert_eq!(authorization(&chosen).await.unwrap(), "Bearer a1");
    assert_eq!((authorization(&chosen).await.unwrap().as_str(), server.received().len()), ("Bearer a1", 2));
    clock.advance(60 * SECOND);
    server.will(400, r#"{"error": "invalid_grant", "error_description": "expired"}"#);
    let error = authorization(&chosen).await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some("invalid_grant"), "{error:?}");
}
