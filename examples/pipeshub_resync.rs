//! Fetches records again, and indexes them again. `cargo run --features pipeshub --example pipeshub_resync`
//!
//! Runs against a fake instance in this process. For a real one, use `Client::from_env()` instead of the first lines.

use std::error::Error;
use std::time::Duration;

use connectors::Paced;
use connectors::pipeshub::{Client, Credentials};
use connectors_fake::pipeshub::Instance;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let credentials = Credentials::client(instance.client_id(), instance.client_secret());
    let ph = Client::builder(credentials.instance(instance.url())).build()?;

    // Fails before anything is sent: its sync is off.
    if let Err(error) = ph.connector("s3-02").resync().await {
        println!("conflict: {}", error.is_conflict());
    }

    let connector = ph.connector("s3-01");
    let resynced = connector.resync().full_sync(true).await?;
    println!("it cancelled another sync: {}", resynced.cancelled_a_sync());
    let wait = connector.wait_for_sync().poll_every(Duration::from_millis(100));
    println!("{}", wait.settles_within(Duration::from_millis(200)).wait().await?);

    connector.reindex().statuses(["FAILED", "COMPLETED"]).await?;
    let counts = connector.wait_for_indexing().poll_every(Duration::from_millis(100)).wait().await?;
    println!("{:?} records indexed again", counts.total);
    Ok(())
}
