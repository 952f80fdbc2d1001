//! Every operation of the generated client, against responses that are built from the document's own schemas, in
//! process: it sends what the document describes, and reads the response. Written by `cargo xtask new`; change it as
//! you need.

#![cfg(feature = "__SERVICE__")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use connectors::__SERVICE__::api::OPERATIONS;
use connectors::__SERVICE__::{Client, Credentials, DOCUMENT};
use connectors::{Error, SendError, http, reqwest};
use connectors_mock::document::Document;
use serde::de::DeserializeOwned;

/// An argument that the document allows, as the generated type.
# [allow(dead_code, reason = "not every service has arguments of its own types")]
fn given<T: DeserializeOwned>(document: &Document, method: &str, argument: &str) -> T {
    let (group, name) = method.split_once('.').unwrap_or(("", method));
    let is_it = |it: &&connectors::Operation| it.group() == group && it.name().trim_start_matches("r#") == name;
    let operation = OPERATIONS.iter().find(is_it).unwrap();
    let value = document.argument(operation.id(), argument);
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{method}, {argument}: {error}: {value}"))
}

fn read<T>(method: &str, result: Result<T, Error>) {
    result.map(drop).unwrap_or_else(|error| panic!("{method}: {error}"));
}

/// A client whose requests are recorded, and whose responses come from the document.
fn client(document: &Document, sent: &Arc<Mutex<BTreeSet<String>>>) -> Client {
    let (document, sent) = (document.clone(), Arc::clone(sent));
    let sender = move |request: reqwest::Request| {
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
        let request: http::Request<reqwest::Body> = request.try_into().unwrap();
        sent.lock().unwrap().extend(document.operation(request.method().as_str(), request.uri().path()));
        let response = document.respond(&request.map(|_| body));
        async move { Ok::<reqwest::Response, SendError>(response.into()) }
    };
    let credentials = Credentials::new()__CREDENTIALS__;
    Client::builder("https://api.example.com", credentials).sender(sender).build().unwrap()
}

#[test]
fn a_client_is_made_of_a_server_and_credentials() {
    Client::builder("__SERVER__", Credentials::new()).build().unwrap();
}

#[tokio::test]
async fn each_operation_is_sent_and_its_response_read() {
    let document = Document::parse(DOCUMENT).unwrap();
    let sent = Arc::default();
    let client = client(&document, &sent);
    let api = client.api();

__CALLS__
    let documented: BTreeSet<String> = OPERATIONS.iter().map(|operation| operation.id().to_owned()).collect();
    assert_eq!(*sent.lock().unwrap(), documented);
}
