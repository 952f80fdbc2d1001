//! The security requirements of operations, and the credentials on their requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use connectors_runtime::auth::{Authenticator, Credential, Credentials, OAuth2, Token, TokenProvider};
use connectors_runtime::{Error, Requirement, reqwest};
use futures::FutureExt;

use crate::support::{SECOND, Server, TestClock, base, request, token};

const fn scheme(scheme: &'static str) -> Requirement {
    Requirement { scheme, scopes: &[] }
}

const OPEN: &[&[Requirement]] = &[];
const KEY: &[&[Requirement]] = &[&[scheme("key")]];
const BEARER: &[&[Requirement]] = &[&[scheme("bearer")]];
const PERHAPS: &[&[Requirement]] = &[&[], &[scheme("key")]];
const BOTH_OR_BEARER: &[&[Requirement]] = &[&[scheme("key"), scheme("app")], &[scheme("bearer")]];

/// Numbers its tokens.
#[derive(Clone, Debug, Default)]
struct Numbered(Arc<AtomicUsize>);

impl TokenProvider for Numbered {
    async fn token(&self) -> Result<Token, Error> {
        Ok(Token::new(format!("t{}", self.0.fetch_add(1, Ordering::Relaxed) + 1)).expires_in(1000 * SECOND))
    }
}

fn connect(credentials: Credentials) -> Result<Authenticator, Error> {
    credentials.connect(&Server::new().exchange(&TestClock::new()), &base())
}

/// A request with credentials that need no token fetch.
fn at_once(authenticator: &Authenticator, security: &'static [&'static [Requirement]], url: &str) -> reqwest::Request {
    let mut sent = request(url);
    let chosen = authenticator.select(security).unwrap();
    chosen.apply_at_once(&mut sent).expect("nothing has to be fetched").unwrap();
    sent
}

#[test]
fn each_scheme_has_its_place_in_the_request() {
    let authorization = "authorization";
    for (credential, name, value) in [
        (Credential::token("PLANTED"), authorization, "Bearer PLANTED"),
        // RFC 7617, sections 2 and 2.1.
        (Credential::basic("Aladdin", "open sesame"), authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        (Credential::basic("test", "123\u{a3}"), authorization, "Basic dGVzdDoxMjPCow=="),
        (Credential::header("X-API-Key", "PLANTED"), "x-api-key", "PLANTED"),
        (Credential::header("Authorization", "Key PLANTED"), authorization, "Key PLANTED"),
        (Credential::cookie("session", "PLANTED"), "cookie", "session=PLANTED"),
    ] {
        assert!(!format!("{credential:?}").contains("PLANTED"), "{credential:?}");
        let authenticator = connect(Credentials::new().with("key", credential)).unwrap();
        let sent = at_once(&authenticator, KEY, "https://api.example.com/v1/pets");
        let header = &sent.headers()[name];
        assert_eq!(header.to_str().unwrap(), value);
        assert!(header.is_sensitive() && sent.headers().len() == 1, "{sent:?}");
        assert!(!format!("{sent:?} {authenticator:?}").contains("PLANTED"));
    }
}

#[test]
fn a_key_in_the_query_is_encoded_and_sent_once() {
    let authenticator = connect(Credentials::new().with("key", Credential::query("api key", "a&b=c"))).unwrap();
    for (url, sent) in [
        ("https://api.example.com/pets", "https://api.example.com/pets?api+key=a%26b%3Dc"),
        ("https://api.example.com/pets?a=%20&b", "https://api.example.com/pets?a=%20&b&api+key=a%26b%3Dc"),
        ("https://api.example.com/pets?api%20key=old", "https://api.example.com/pets?api+key=a%26b%3Dc"),
        ("https://api.example.com/pets?api+key=old&c=%41", "https://api.example.com/pets?c=%41&api+key=a%26b%3Dc"),
    ] {
        assert_eq!(at_once(&authenticator, KEY, url).url().as_str(), sent);
    }
    let twice = authenticator.select(KEY).unwrap();
    let mut request = request("https://api.example.com/");
    for _ in 0..2 {
        assert!(twice.apply_at_once(&mut request).unwrap().is_ok());
    }
    assert_eq!(request.url().query(), Some("api+key=a%26b%3Dc"));
}

#[test]
fn a_cookie_joins_the_others() {
    let authenticator = connect(Credentials::new().with("key", Credential::cookie("sid", "s3cret"))).unwrap();
    let chosen = authenticator.select(KEY).unwrap();
    let mut sent = request("https://api.example.com/");
    sent.headers_mut().append("cookie", "a=1; sid=old".parse().unwrap());
    sent.headers_mut().append("cookie", "b=2".parse().unwrap());
    for _ in 0..2 {
        chosen.apply_at_once(&mut sent).unwrap().unwrap();
        let cookies: Vec<_> = sent.headers().get_all("cookie").iter().collect();
        assert_eq!(cookies, ["a=1; b=2; sid=s3cret"]);
        assert!(cookies[0].is_sensitive());
    }
}

#[test]
fn the_first_alternative_with_all_credentials_is_used() {
    let key = || Credentials::new().with("key", Credential::header("x-key", "k"));
    let all = || key().with("app", Credential::header("x-app", "a")).with("bearer", Credential::token("t"));
    let names = |credentials: Credentials, security| {
        let sent = at_once(&connect(credentials).unwrap(), security, "https://api.example.com/");
        let mut names: Vec<String> = sent.headers().keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names(all(), BOTH_OR_BEARER), "x-app x-key");
    assert_eq!(names(key().with("bearer", Credential::token("t")), BOTH_OR_BEARER), "authorization");
    assert_eq!(names(all(), OPEN), "");
    assert_eq!(names(Credentials::new(), PERHAPS), "");
    assert_eq!(names(key(), PERHAPS), "x-key", "a caller with a credential is not anonymous");

    let error = connect(key()).unwrap().select(BOTH_OR_BEARER).unwrap_err();
    assert!(error.is_config() && error.to_string().contains("`key` and `app`, or `bearer`"), "{error}");
}

#[test]
fn the_credential_of_a_scheme_takes_precedence_over_the_one_for_all() {
    let credentials = Credentials::for_all(Credential::token("t")).with("key", Credential::header("x-key", "k"));
    let authenticator = connect(credentials).unwrap();
    for (security, name) in [(OPEN, "authorization"), (BEARER, "authorization"), (KEY, "x-key"), (PERHAPS, "x-key")] {
        let sent = at_once(&authenticator, security, "https://api.example.com/");
        assert!(sent.headers().contains_key(name) && sent.headers().len() == 1, "{sent:?}");
    }
}

#[test]
fn credentials_that_cannot_be_sent_are_errors_before_anything_is_sent() {
    for credential in [
        Credential::token(""),
        Credential::token("PLANTED\n"),
        Credential::header("x-key", " "),
        Credential::header("x-key", "PLANTED\r\nx-other: 1"),
        Credential::header("x key", "PLANTED"),
        Credential::header("Host", "PLANTED"),
        Credential::header("Content-Length", "7"),
        Credential::basic("a:b", "PLANTED"),
        Credential::basic("a", "PLANTED\n"),
        Credential::cookie("sid", "PLANTED; admin=1"),
        Credential::cookie("s=id", "PLANTED"),
        Credential::query("key", ""),
        Credential::oauth2(OAuth2::client_credentials("http://id.example.com/token", "app", "PLANTED")),
        Credential::oauth2(OAuth2::client_credentials("https://PLANTED@id.example.com/token", "app", "PLANTED")),
        Credential::oauth2(OAuth2::client_credentials("https://id.example.com:PLANTED/", "app", "PLANTED")),
    ] {
        let error = connect(Credentials::new().with("mine", credential)).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(error.is_config() && shown.contains("`mine`") && !shown.contains("PLANTED"), "{shown}");
    }
    const SAME: &[&[Requirement]] = &[&[scheme("a"), scheme("b")]];
    let both = Credentials::new().with("a", Credential::token("t")).with("b", Credential::basic("u", "p"));
    let error = connect(both).unwrap().select(SAME).unwrap_err();
    assert!(error.is_config() && error.to_string().contains("`authorization`"), "{error}");
}

#[tokio::test]
async fn a_token_is_fetched_once_and_again_after_the_server_rejected_it() {
    let (numbered, clock) = (Numbered::default(), TestClock::new());
    let bearer = Credential::bearer(numbered.clone());
    // Two schemes with one credential share one fetch.
    let credentials = Credentials::new().with("bearer", bearer.clone()).with("key", bearer);
    let authenticator = credentials.connect(&Server::new().exchange(&clock), &base()).unwrap();
    let (one, other) = (authenticator.select(BEARER).unwrap(), authenticator.select(KEY).unwrap());
    let mut sent = request("https://api.example.com/");
    assert!(one.apply_at_once(&mut sent).is_none(), "there is no token yet");
    let first = one.apply(&mut sent).await.unwrap();
    assert_eq!(sent.headers()["authorization"], "Bearer t1");
    other.apply_at_once(&mut sent).unwrap().unwrap();
    assert_eq!(sent.headers()["authorization"], "Bearer t1");

    assert!(one.invalidate(&first));
    let second = one.apply(&mut sent).await.unwrap();
    assert_eq!(sent.headers()["authorization"], "Bearer t2");
    // A late 401 for the first token does not concern the second one.
    assert!(other.invalidate(&first));
    one.apply_at_once(&mut sent).unwrap().unwrap();
    assert_eq!(sent.headers()["authorization"], "Bearer t2");
    // A token that follows a rejected one is kept for ten seconds, because the next one would hardly be better.
    assert!(!one.invalidate(&second));
    clock.advance(10 * SECOND);
    assert!(one.invalidate(&second));
    // From 60 s before its expiry, a new one is fetched.
    one.apply(&mut sent).await.unwrap();
    clock.advance(939 * SECOND);
    one.apply_at_once(&mut sent).unwrap().unwrap();
    clock.advance(SECOND);
    assert!(one.apply_at_once(&mut sent).is_none());
    one.apply(&mut sent).await.unwrap();
    assert_eq!(sent.headers()["authorization"], "Bearer t4");

    let fixed = connect(Credentials::new().with("key", Credential::token("t"))).unwrap().select(KEY).unwrap();
    let applied = fixed.apply_at_once(&mut sent).unwrap().unwrap();
    assert!(!fixed.invalidate(&applied), "there is no other");
}

#[tokio::test]
async fn a_failed_fetch_is_the_failure_of_a_call_that_was_not_sent() {
    let (server, clock) = (Server::new(), TestClock::new());
    let flow = OAuth2::client_credentials("/oauth/token", "app", "s3cret");
    let credentials = Credentials::new().with("bearer", Credential::oauth2(flow));
    let chosen = credentials.connect(&server.exchange(&clock), &base()).unwrap().select(BEARER).unwrap();
    let mut sent = request("https://api.example.com/");
    server.will(401, r#"{"error": "invalid_client"}"#);
    let error = chosen.apply(&mut sent).await.unwrap_err();
    assert!(error.is_auth() && !error.may_have_happened() && error.attempts() == 0, "{error:?}");
    server.will(200, token("t1", 100));
    chosen.apply(&mut sent).await.unwrap();
    assert_eq!(sent.headers()["authorization"], "Bearer t1");
    assert_eq!(server.received()[1].url.as_str(), "https://api.example.com/oauth/token", "relative to the server");
    // A tenth of a short lifetime before its expiry.
    clock.advance(89 * SECOND);
    assert!(chosen.apply(&mut sent).now_or_never().unwrap().is_ok());
    clock.advance(SECOND);
    server.will(200, token("t2", 100));
    chosen.apply(&mut sent).await.unwrap();
    assert_eq!(sent.headers()["authorization"], "Bearer t2");
}
