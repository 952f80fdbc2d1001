//! A recording, replayed through the client without a socket. Written by `connectors cassette test`.

use connectors::c1::{Client, Credentials, DOCUMENT};
use connectors::{Id, RetryPolicy};
use connectors_fake::recording::Replay;

#[tokio::test]
async fn the_recording_is_read_as_it_was_received() {
    let replay = Replay::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/recorded.json"), DOCUMENT).unwrap();
    let mut once = RetryPolicy::default();
    once.attempts = 1;
    let credentials = Credentials::token("recorded").tenant("recorded.example");
    let client = Client::builder(credentials).sender(replay.player()).retry(once).build().unwrap();

    // c1.api.app.v1.Apps.List
    let received = client.api().apps().list_apps()
        .page_size(10).await;
    replay.check(1, received);

    // c1.api.app.v1.ConnectorService.Get
    let received = client.api().connectors().get(Id::new("text-1"), Id::new("text-3")).await;
    replay.check(2, received);

    // c1.api.integration.connector.v1.ConnectorCatalogService.ConfigurationSchema
    let received = client.api().catalog().configuration_schema(&serde_json::from_str("{\"appId\":\"text-1\",\"catalogId\":\"text-4\"}").unwrap()).await;
    replay.check(3, received);

    // c1.api.app.v1.ConnectorService.GetCredentials
    let received = client.api().connectors().get_credentials(Id::new("text-1"), Id::new("text-3"), Id::new("text-14")).await;
    replay.check(4, received);
}
