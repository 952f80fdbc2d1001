//! Calls through the public API, over a sender in process: the contents of a client's errors, and what they never
//! contain.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use connectors_runtime::auth::{Credential, Credentials};
use connectors_runtime::object::{Input, Json, Layout, Mismatch};
use connectors_runtime::{
    Clock, Connection, Core, Detail, Error, Operation, Outgoing, Requirement, Response, SendError, Server, TestClock,
    reqwest,
};
use http::Method;
use serde_json::Value;

const PETS: &[Operation] = &[GET];
const GET: Operation = Operation::new("Pets.Get", "pets", "get", "GET", "/pets")
    .with_security(&[&[Requirement { scheme: "key", scopes: &[] }]]);

fn build(outgoing: &Outgoing) -> Result<reqwest::Request, Error> {
    let url = format!("{}/pets", outgoing.base_url()).parse().unwrap();
    Ok(reqwest::Request::new(Method::GET, url))
}

/// Sends a call like generated code.
async fn get(core: &Core) -> Result<Response<Value>, Error> {
    core.call(&GET, build).json().await
}

/// A client with this credential, whose server returns 400 and repeats the secret.
fn client(credential: Credential, secret: &'static str) -> Core {
    let connection = Connection::new().clock(TestClock::new()).sender(move |_: reqwest::Request| async move {
        let body =
            format!(r#"{{"message": "{secret} is wrong", "code": "{secret}", "details": [{{"sent": "{secret}"}}]}}"#);
        Ok(http::Response::builder().status(400).header("x-sent", secret).body(body).unwrap().into())
    });
    let credentials = Credentials::new().with("key", credential);
    Core::connect(Server::from("https://pets.example.com"), credentials, connection, PETS).unwrap()
}

#[tokio::test]
async fn no_error_contains_a_credential_of_any_kind() {
    let secret = "PLANTED/and+long";
    for credential in [
        Credential::token(secret),
        Credential::basic("me", secret),
        Credential::header("x-api-key", secret),
        Credential::query("key", secret),
        Credential::cookie("session", secret),
    ] {
        let shown = format!("{credential:?}");
        let error = get(&client(credential, secret)).await.unwrap_err();
        assert_eq!((error.message(), error.code()), ("[redacted] is wrong", Some("[redacted]")), "{shown}");
        assert_eq!(error.to_string(), "get: 400 Bad Request: [redacted] is wrong");
        let [Detail::Unknown(detail)] = error.details() else { panic!("{:?}", error.details()) };
        assert_eq!(detail["sent"], "[redacted]");
        assert!(!error.body().unwrap().contains("PLANTED"), "{:?}", error.body());
        assert_eq!(error.headers().unwrap()["x-sent"], "[redacted]");
    }
}

#[tokio::test]
async fn a_failure_that_is_cut_off_at_the_limit_keeps_its_reason() {
    let retry = r#"{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "70s"}"#;
    let more =
        r#"{"@type": "type.googleapis.com/google.rpc.DebugInfo", "detail": "a frame of the stack"}, "#.repeat(4000);
    for body in [
        format!(r#"{{"code": 8, "message": "no more quota", "details": [{retry}, {more}]}}"#),
        format!(r#"{{"error": {{"code": 8, "message": "no more quota", "details": [{retry}, {more}]}}}}"#),
        // The server or a proxy has cut it already, within a character.
        format!(r#"{{"code": 8, "message": "no more quota", "details": [{retry}, "ä"#),
    ] {
        let mut bytes = body.into_bytes();
        if bytes.len() < 256 * 1024 {
            bytes.pop();
        }
        let connection = Connection::new().clock(TestClock::new()).sender(move |_: reqwest::Request| {
            let response = http::Response::builder().status(429).body(bytes.clone()).unwrap();
            async move { Ok(response.into()) }
        });
        let credentials = Credentials::for_all(Credential::token("t"));
        let core = Core::connect(Server::from("https://pets.example.com"), credentials, connection, PETS).unwrap();
        let error = get(&core).await.unwrap_err();
        assert_eq!((error.message(), error.code(), error.attempts()), ("no more quota", Some("8"), 1));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(70)));
    }
}

#[tokio::test]
async fn a_session_that_the_server_creates_is_not_printed() {
    let connection = Connection::new().clock(TestClock::new()).sender(|_: reqwest::Request| async {
        let response = http::Response::builder().header("set-cookie", "session=PLANTED").header("etag", "7");
        Ok(response.body("true").unwrap().into())
    });
    let credentials = Credentials::for_all(Credential::token("t"));
    let core = Core::connect(Server::from("https://pets.example.com"), credentials, connection, PETS).unwrap();
    let response = get(&core).await.unwrap();
    let stream = core.call(&GET, build).bytes().await.unwrap();
    for headers in [response.headers(), stream.headers()] {
        assert!(headers["set-cookie"] == "session=PLANTED" && headers["etag"] == "7");
        assert!(!format!("{headers:?}").contains("PLANTED"));
    }
    assert!(!format!("{response:?}").contains("PLANTED"));
    // An error about the value has the headers, too.
    let error = response.incomplete("there is no name");
    assert_eq!(error.headers().unwrap()["etag"], "7");
    assert!(!format!("{:?}", error.headers()).contains("PLANTED"));
}

static CLOCK: OnceLock<TestClock> = OnceLock::new();

/// A value that takes an hour to read.
#[derive(Clone, Debug, PartialEq)]
struct Slow(bool);

impl Json for Slow {
    fn blank() -> Self {
        Self(false)
    }

    fn layout() -> &'static Layout {
        bool::layout()
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        CLOCK.get().unwrap().advance(Duration::from_secs(3600));
        Json::read(&mut self.0, input)
    }
}

#[tokio::test]
async fn a_deadline_that_passes_while_a_response_is_decoded_is_no_timeout() {
    let clock = CLOCK.get_or_init(TestClock::new);
    let connection = Connection::new()
        .clock(clock.clone())
        .sender(|_: reqwest::Request| async { Ok(http::Response::new("true").into()) });
    let credentials = Credentials::for_all(Credential::token("t"));
    let core = Core::connect(Server::from("https://pets.example.com"), credentials, connection, PETS).unwrap();
    let call = core.call(&GET, build);
    let begun = clock.now();
    let response: Response<Slow> = call.json().await.unwrap();
    assert_eq!((response.value(), response.attempts()), (&Slow(true), 1));
    assert!(clock.now().duration_since(begun) >= Duration::from_secs(3600));
}

#[tokio::test]
async fn an_error_of_main_is_one_line() {
    let connection = Connection::new().clock(TestClock::new()).sender(|_: reqwest::Request| async {
        Err::<reqwest::Response, _>(SendError::not_connected("the cable is out"))
    });
    let credentials = Credentials::new().with("key", Credential::token("PLANTED-token"));
    let core = Core::connect(Server::from("https://pets.example.com"), credentials, connection, PETS).unwrap();
    let error = get(&core).await.unwrap_err();
    // `main` prints it like this.
    assert_eq!(format!("{error:?}"), "get: no connection to pets.example.com (after 4 attempts)");
    let source: Arc<dyn std::error::Error> = Arc::new(error);
    let cause = source.source().and_then(std::error::Error::source).unwrap();
    assert_eq!(cause.to_string(), "the cable is out");
}
