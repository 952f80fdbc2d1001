//! When syncs run: pause, resume, a schedule, a sync that waits for a person, and what a sync found.
//! `cargo run --example c1_schedule`

use std::error::Error;
use std::time::Duration;

use connectors::c1::{Client, Schedule};
use connectors_fake::c1::{SyncScript, Tenant};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder().client_credentials(tenant.client_id(), tenant.client_secret()).build()?;
    let connector = c1.connector("app-github", "github-01");

    // A sync that found far less than the one before is held back until somebody says that it is right.
    tenant.next_sync(SyncScript::error("far fewer users than last time"));
    println!("{}", connector.force_sync().await?.poll_every(Duration::from_millis(10)).wait().await?);
    // The service's document has no operation that gives out the id: here the tenant tells.
    let sync = tenant.sync_ids("app-github", "github-01").pop().ok_or("no sync has ended")?;
    connector.confirm_sync(sync.as_str()).await?;
    println!("confirmed");

    connector.pause().await?;
    println!("paused");
    connector.resume().await?;
    println!("resumed");
    connector.schedule(Schedule::new("0 3 * * *", "Europe/Zurich")).await?;
    println!("every night at three");

    // The link is short-lived, and enough by itself to read what was found: it is not printed whole.
    let link = connector.sync_download_url(sync.as_str()).await?;
    println!("what it found: {link:?}");
    Ok(())
}
