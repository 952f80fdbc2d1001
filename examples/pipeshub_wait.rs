//! Waits for a sync, and for the indexing after it. `cargo run --features pipeshub --example pipeshub_wait`
//!
//! Runs against a fake instance in this process. For a real one, use `Client::from_env()` instead of the first lines.

use std::error::Error;
use std::time::Duration;

use connectors::Paced;
use connectors::pipeshub::{Client, Credentials, IndexingProgress, SyncProgress};
use connectors_fake::pipeshub::Instance;
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let credentials = Credentials::client(instance.client_id(), instance.client_secret());
    let ph = Client::builder(credentials.instance(instance.url())).build()?;

    let connector = ph.connector("s3-02");
    connector.set_sync(true).await?;

    // `watch.state()` can be stored: after a restart a program resumes the wait with `ph.resume_wait(state)`. Dropping
    // a stream stops the polling, never the sync.
    let wait = connector.wait_for_sync().poll_every(Duration::from_millis(100)).deadline(Duration::from_secs(3600));
    let mut watch = wait.settles_within(Duration::from_millis(200)).watch();
    while let Some(progress) = watch.try_next().await? {
        match progress {
            SyncProgress::Idle(_) => println!("it has not begun"),
            SyncProgress::Running(now) => println!("{:?}", now.status),
            SyncProgress::Settling(_) => println!("idle, unless a resync runs"),
            SyncProgress::Resyncing(_) => println!("a resync runs instead"),
            SyncProgress::Ended(outcome) => println!("{outcome}"),
            _ => println!("a state that this version does not know"),
        }
    }

    let wait = connector.wait_for_indexing().poll_every(Duration::from_millis(100)).deadline(Duration::from_secs(3600));
    let mut watch = wait.watch();
    while let Some(progress) = watch.try_next().await? {
        println!("{:?} records to be indexed", progress.pending());
        if let IndexingProgress::Ended(counts) = progress {
            println!("{:?} records in all", counts.total);
        }
    }
    Ok(())
}
