//! Forces a sync and watches it. `cargo run --example c1_sync`

use std::error::Error;
use std::time::Duration;

use connectors::Paced;
use connectors::c1::{Client, Credentials, Progress};
use connectors_fake::c1::{SyncScript, Tenant};
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    tenant.next_sync(SyncScript::error("the token was revoked by its owner"));
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build()?;

    let sync = c1.app("app-github").connector("github-01").force_sync().await?;
    // A program that was killed resumes the wait from this state, and forces no second sync.
    let stored = serde_json::to_string(&sync.state())?;
    let sync = c1.resume_wait(serde_json::from_str(&stored)?);

    // Dropping the stream stops the polling, not the sync.
    let mut watch = sync.poll_every(Duration::from_millis(10)).deadline(Duration::from_secs(3600)).watch();
    while let Some(progress) = watch.try_next().await? {
        match progress {
            Progress::Queued => println!("queued"),
            Progress::Running(status) => println!("running since {:?}", status.started_at),
            Progress::Ended(outcome) => println!("{outcome}"),
            _ => println!("a state that this version does not know"),
        }
    }
    Ok(())
}
