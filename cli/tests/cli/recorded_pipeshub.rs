//! A recording, replayed through the client without a socket. Written by `connectors cassette test`.

use connectors::pipeshub::{Client, Credentials, DOCUMENT};
use connectors::{Id, RetryPolicy};
use connectors_fake::recording::Replay;

#[tokio::test]
async fn the_recording_is_read_as_it_was_received() {
    let replay = Replay::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/recorded_pipeshub.json"), DOCUMENT).unwrap();
    let mut once = RetryPolicy::default();
    once.attempts = 1;
    let credentials = Credentials::token("recorded").instance("https://recorded.example");
    let client = Client::builder(credentials).sender(replay.player()).retry(once).build().unwrap();

    // listConnectorInstances
    let received = client.api().connectors().list()
        .scope("team")
        .page(1)
        .limit(20).await;
    replay.check(0, received);

    // getConnectorStats
    let received = client.api().connectors().stats("text-55").await;
    replay.check(1, received);

    // reindexConnector
    let received = client.api().connectors().reindex("text-55")
        .body(&serde_json::from_str("{\"statusFilters\":[\"FAILED\"]}").unwrap()).await;
    replay.check(2, received);

    // submitConnectorFileEvents
    let received = client.api().control().submit_file_events("text-55", &serde_json::from_str("{\"batchId\":\"text-121\",\"events\":[{\"isDirectory\":false,\"path\":\"text-122\",\"timestamp\":1767225600000,\"type\":\"CREATED\"}],\"timestamp\":1767225600000}").unwrap()).await;
    replay.check(3, received);

    // getFilterFieldOptions
    let received = client.api().filters().get_filter_options(Id::new("text-55"), Id::new("text-123"))
        .context_group_path(["text-124", "text-125"])
        .limit(20).await;
    replay.check(4, received);
}
