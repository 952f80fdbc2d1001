//! Records brought anew, and indexed anew. `cargo run --features pipeshub --example pipeshub_resync`
//!
//! Runs against an instance in this process; for a real one, `Client::from_env()` in place of the first lines.

use std::error::Error;
use std::time::Duration;

use connectors::pipeshub::Client;
use connectors_fake::pipeshub::Instance;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let ph = Client::builder()
        .instance(instance.url())
        .client_credentials(instance.client_id(), instance.client_secret())
        .build()?;

    // Refused before anything is sent: its sync is off.
    if let Err(error) = ph.connector("s3-02").resync().send().await {
        println!("conflict: {}", error.is_conflict());
    }

    let connector = ph.connector("s3-01");
    connector.resync().full_sync(true).send().await?;
    // Whether it was seen to run: one that is over sooner than that looks like one that has not begun.
    println!("{}", connector.wait_for_sync().poll_every(Duration::from_millis(10)).wait().await?);

    connector.reindex().statuses(["FAILED", "COMPLETED"]).send().await?;
    let counts = connector.wait_for_indexing().poll_every(Duration::from_millis(10)).wait().await?;
    println!("{} records indexed anew", counts.total.unwrap_or_default());
    Ok(())
}
