//! Every error of a call has its cause, its place and its attempts, and no credential.

use super::*;

#[tokio::test]
async fn no_connection_names_the_host() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let url = format!("http://{address}/pets");
    let exchange = Connection::new().clock(TestClock::new()).exchange(&Url::parse(&url).unwrap()).unwrap();
    let error = Call::post(&url).send(&exchange).await.unwrap_err();
    assert_eq!(error.to_string(), format!("create: no connection to {address} (after 4 attempts)"));
    assert!(error.is_connect() && !error.may_have_happened() && error.host() == Some(address.as_str()));
}

#[tokio::test]
async fn every_error_has_the_facts_of_the_call() {
    let id = http::HeaderName::from_static("x-call");
    for (response, status) in [
        (Ok(http::Response::builder().status(409).body("{}").unwrap().into()), Some(409)),
        (Err(SendError::broken("x")), None),
        (Err(SendError::timed_out("x")), None),
    ] {
        let (exchange, _) = Scripted::default().then(response).exchange(|it| it.request_id_header(id.clone()));
        let options = CallOptions::new().request_id("mine-7").attempts(1);
        let error = Call::post(URL).options(options).send(&exchange).await.unwrap_err();
        assert_eq!((error.operation(), error.host()), (Some("create"), Some("pets.example.com")));
        assert_eq!((error.request_id(), error.attempts(), error.status()), (Some("mine-7"), 1, status));
    }
    // Another host, and an error about an unusable response.
    let (exchange, _) = Scripted::default().returns(200, "[]").exchange(|it| it);
    let reply = Call::post("https://eu.example.com:8443/pets").send(&exchange).await.unwrap();
    let error = reply.describe(Error::new(Kind::Decode, "no pet"));
    assert_eq!((error.host(), error.operation()), (Some("eu.example.com:8443"), Some("create")));
    assert_eq!((error.status(), error.attempts(), error.body()), (Some(200), 1, Some("[]")));
}

#[tokio::test]
async fn an_error_has_the_headers_and_the_body_of_the_response() {
    let response = http::Response::builder().status(404).header("x-kind", "pet").header("set-cookie", "s=PLANTED");
    let response = response.body(&b"{\"name\": \"\xff\"}"[..]).unwrap();
    let (exchange, _) = Scripted::default().then(Ok(response.into())).exchange(|it| it);
    let error = Call::post(URL).send(&exchange).await.unwrap_err();
    assert_eq!(error.headers().unwrap()["x-kind"], "pet");
    assert!(!format!("{:?}", error.headers()).contains("PLANTED"));
    assert_eq!(error.body_bytes(), Some(b"{\"name\": \"\xff\"}".as_slice()));
    assert_eq!(error.body(), Some("{\"name\": \"\u{fffd}\"}"));
}

/// All texts of an error.
fn everything(error: &Error) -> String {
    let body = String::from_utf8_lossy(error.body_bytes().unwrap_or_default()).into_owned();
    let headers: Vec<_> = error.headers().unwrap().values().map(|value| value.to_str().unwrap().to_owned()).collect();
    let (code, id) = (error.code(), error.request_id());
    format!(
        "{error} {error:?} {} {code:?} {id:?} {:?} {headers:?} {body} {:?}",
        error.message(),
        error.details(),
        error.body()
    )
}

#[tokio::test]
async fn no_error_contains_a_credential_that_the_server_echoes() {
    let body = |secret: &str| {
        let info = format!(r#"{{"@type": "x/google.rpc.ErrorInfo", "reason": "bad {secret}"}}"#);
        format!(
            r#"{{"message": "bad {secret}!", "code": "{secret}", "details": [{info}, {{"{secret}": ["{secret}"]}}]}}"#
        )
    };
    let in_header = Call::post(URL);
    let in_form = Call::token(URL, "grant_type=x&client_secret=PLANTED%2Fsecret");
    let mut in_query = Call::post("https://pets.example.com/pets?key=PLANTED-key");
    in_query.secret = Some("PLANTED-key");
    let own = Call::post(URL);
    for (call, secret) in
        [(in_header, "PLANTED-token"), (in_form, "PLANTED/secret"), (in_query, "PLANTED-key"), (own, "PLANTED-own")]
    {
        let response = http::Response::builder().status(400).header("x-echo", secret).header("x-request-id", secret);
        let response = response.body(body(secret)).unwrap();
        let script = Scripted::default().then(Ok(response.into()));
        let (exchange, _) = script.exchange(|connection| connection.header("x-api-key", "PLANTED-own"));
        let error = call.send(&exchange).await.unwrap_err();
        assert_eq!(error.message(), "bad [redacted]!");
        assert_eq!(error.details().len(), 2);
        assert!(!everything(&error).contains("PLANTED"), "{}", everything(&error));
    }
    // The same for an error about a successful response.
    let (exchange, _) = Scripted::default().returns(200, r#"{"id": "PLANTED-token"}"#).exchange(|it| it);
    let reply = Call::post(URL).send(&exchange).await.unwrap();
    let error = reply.describe(Error::new(Kind::Decode, "invalid type: string \"PLANTED-token\""));
    assert!(!everything(&error).contains("PLANTED"), "{}", everything(&error));
}

#[test]
fn settings_never_print_a_password() {
    let proxy = reqwest::Proxy::all("http://user:PLANTED-1@proxy.example.com").unwrap().basic_auth("user", "PLANTED-2");
    let connection = || Connection::new().proxy(proxy.clone()).header("x-api-key", "PLANTED-3");
    let url = Url::parse("https://user:PLANTED-4@pets.example.com/").unwrap();
    let exchange = connection().exchange(&url).unwrap();
    for shown in [format!("{:#?}", connection()), format!("{exchange:#?}")] {
        assert!(!shown.contains("PLANTED") && shown.contains("limits"), "{shown}");
    }
}
