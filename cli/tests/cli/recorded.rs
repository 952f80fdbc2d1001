//! A recording, replayed through the client without a socket. `connectors cassette test` has written this.

use connectors::c1::{Client, Credentials};
use connectors::{Error, Id, RetryPolicy};
use connectors_fake::recording::Player;
use connectors_fake::schema::difference;
use serde::Serialize;
use serde_json::Value;

const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/recorded.json");

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
                assert_eq!(difference(&response["body"]["json"], &value), None, "exchange {index}");
            }
            Err(error) => {
                // A success that the client cannot read is an error, too.
                assert!(status >= Some(300), "exchange {index}: {error}");
                assert_eq!(error.status().map(u64::from), status, "exchange {index}: {error}");
            }
        }
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
    let credentials = Credentials::token("recorded").tenant("recorded.example");
    let player = Player::open(RECORDING).unwrap();
    let client = Client::builder(credentials).sender(player).retry(once).build().unwrap();

    // c1.api.app.v1.Apps.List
    let received = client.api().apps().list_apps()
        .page_size(10).await;
    replayed.check(1, received);

    // c1.api.app.v1.ConnectorService.Get
    let received = client.api().connectors().get(Id::new("text-1"), Id::new("text-3")).await;
    replayed.check(2, received);

    // c1.api.integration.connector.v1.ConnectorCatalogService.ConfigurationSchema
    let received = client.api().catalog().configuration_schema(&read("{\"appId\":\"text-1\",\"catalogId\":\"text-4\"}")).await;
    replayed.check(3, received);

    // c1.api.app.v1.ConnectorService.GetCredentials
    let received = client.api().connectors().get_credentials(Id::new("text-1"), Id::new("text-3"), Id::new("text-14")).await;
    replayed.check(4, received);

    // c1.api.app.v2.ConnectorOwners.SearchUserOwners
    let received = client.operation("c1.api.app.v2.ConnectorOwners.SearchUserOwners").unwrap()
        .parameter("app_id", "text-1")
        .parameter("connector_id", "text-3")
        .parameter("page_size", "10")
        .parameter("role_slug", "text-16")
        .parameter("role_slug", "text-17")
        .send().await.map(|it| it.into_value());
    replayed.check(5, received);
}
