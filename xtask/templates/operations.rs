//! Every operation of the generated client against a server made of the document's own schemas: it is sent to where the
//! document says, and the answer is read. Written by `cargo xtask new`, yours to go on with.

#![cfg(feature = "__SERVICE__")]

use std::collections::BTreeSet;

use connectors::__SERVICE__::api::OPERATIONS;
use connectors::__SERVICE__::{Client, DOCUMENT};
use connectors_fake::document::Server;
use serde::de::DeserializeOwned;

/// An argument that the document allows, as the generated type has it.
#[allow(dead_code, reason = "not every service has arguments of types of its own")]
fn given<T: DeserializeOwned>(server: &Server, method: &str, argument: &str) -> T {
    let operation = OPERATIONS.iter().find(|operation| operation.name() == method).unwrap();
    let value = server.argument(operation.id(), argument);
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{method}, {argument}: {error}: {value}"))
}

#[tokio::test]
async fn each_operation_is_sent_and_its_answer_read() {
    let server = Server::start(DOCUMENT).await.unwrap();
    let client = Client::builder().base_url(server.url()).bearer_token("a-token").build().unwrap();
    let api = client.api();

__CALLS__
    let requests = server.requests();
    let failed: Vec<_> = requests.iter().filter(|request| request.status.is_none_or(|status| status >= 300)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let sent: BTreeSet<String> = requests.into_iter().filter_map(|request| request.operation).collect();
    let documented: BTreeSet<String> = OPERATIONS.iter().map(|operation| operation.id().to_owned()).collect();
    assert_eq!(sent, documented);
}
