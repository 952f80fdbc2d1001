//! A sync and the indexing after it: two things to wait for. `cargo run --features pipeshub --example pipeshub_wait`
//!
//! Runs against an instance in this process; for a real one, `Client::from_env()` in place of the first lines.

use std::error::Error;
use std::time::Duration;

use connectors::pipeshub::{Client, IndexingProgress, SyncProgress};
use connectors_fake::pipeshub::Instance;
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let ph = Client::builder()
        .instance(instance.url())
        .client_credentials(instance.client_id(), instance.client_secret())
        .build()?;

    let connector = ph.connector("s3-02");
    connector.set_sync(true).send().await?;

    // Dropping a stream stops the watching, never the sync.
    let wait = connector.wait_for_sync().poll_every(Duration::from_millis(10)).deadline(Duration::from_secs(3600));
    let mut watch = wait.watch();
    while let Some(progress) = watch.try_next().await? {
        match progress {
            SyncProgress::Idle(_) => println!("it has not begun"),
            SyncProgress::Running(now) => {
                println!("{}", now.status.map_or_else(String::new, |status| status.to_string()))
            }
            SyncProgress::Ended(outcome) => println!("{outcome}"),
            _ => println!("something that this version does not know"),
        }
    }

    let wait = connector.wait_for_indexing().poll_every(Duration::from_millis(10)).deadline(Duration::from_secs(3600));
    let mut watch = wait.watch();
    while let Some(progress) = watch.try_next().await? {
        println!("{} records to be indexed", progress.pending());
        if let IndexingProgress::Ended(counts) = progress {
            println!("{} records in all", counts.total.unwrap_or_default());
        }
    }
    Ok(())
}
