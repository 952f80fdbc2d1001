//! A recording, replayed through the client without a socket. `connectors cassette test` has written this.

use connectors::pipeshub::{Client, Credentials};
use connectors::{Error, RetryPolicy};
use connectors_fake::recording::Player;
use connectors_fake::schema::difference;
use serde::Serialize;
use serde_json::Value;

const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/recorded_pipeshub.json");

/// What was recorded.
struct Replayed(Vec<Value>);

impl Replayed {
    /// Panics if the client does not read a response as it was recorded.
    fn check<T: Serialize>(&self, index: usize, received: Result<T, Error>) {
        let response = &self.0[index]["response"];
        let status = response["status"].as_u64();
        match received {
            Ok(value) => {
                assert!(status < Some(400), "exchange {index}");
                let value = serde_json::to_value(value).unwrap();
                assert_eq!(difference(&renamed(&response["body"]["json"]), &renamed(&value)), None, "exchange {index}");
            }
            Err(error) => {
                // A success that the client cannot read is an error, too.
                assert!(status >= Some(300), "exchange {index}: {error}");
                assert_eq!(error.status().map(u64::from), status, "exchange {index}: {error}");
            }
        }
    }
}

/// Names that mean the same somewhere in the document, each with one that stands for all of them.
const ALIASES: &[(&str, &str)] = &[
    ("categories", "appCategories"),
    ("connectorId", "_key"),
    ("connector_id", "_key"),
    ("description", "appDescription"),
    ("instanceName", "displayName"),
    ("isAgentActive", "agentEnabled"),
    ("name", "displayName"),
    ("supportedAuthTypes", "authTypes"),
    ("type", "connectorType"),
];

/// A value with one name for all that mean the same: the client reads each of them, and writes its own.
fn renamed(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let own = |name: &str| ALIASES.iter().find(|(other, _)| *other == name).map_or(name, |(_, own)| own).to_owned();
            members.iter().map(|(name, member)| (own(name), renamed(member))).collect()
        }
        Value::Array(items) => items.iter().map(renamed).collect(),
        other => other.clone(),
    }
}

/// A value of the type that a call takes.
fn read<T: serde::de::DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn the_recording_is_read_as_it_was_received() {
    let text = std::fs::read_to_string(RECORDING).unwrap();
    let recorded = serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>();
    let replayed = Replayed(recorded.unwrap());
    let mut once = RetryPolicy::default();
    once.attempts = 1;
    let credentials = Credentials::token("recorded").instance("https://recorded.example");
    let player = Player::open(RECORDING).unwrap();
    let client = Client::builder(credentials).sender(player).retry(once).build().unwrap();

    // listConnectorInstances
    let received = client.api().connectors().list()
        .scope("team")
        .page(1)
        .limit(20).await;
    replayed.check(0, received);

    // getConnectorStats
    let received = client.api().connectors().stats("text-55").await;
    replayed.check(1, received);

    // reindexConnector
    let received = client.api().connectors().reindex("text-55")
        .body(&read("{\"statusFilters\":[\"FAILED\"]}")).await;
    replayed.check(2, received);

    // submitConnectorFileEvents
    let received = client.api().control().submit_file_events("text-55", &read("{\"batchId\":\"text-121\",\"events\":[{\"isDirectory\":false,\"path\":\"text-122\",\"timestamp\":1767225600000,\"type\":\"CREATED\"}],\"timestamp\":1767225600000}")).await;
    replayed.check(3, received);
}
