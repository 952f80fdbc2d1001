//! Pauses, resumes and schedules syncs, approves a sync that is held back, and downloads its data.
//! `cargo run --example c1_schedule`

use std::error::Error;
use std::time::Duration;

use connectors::Paced;
use connectors::c1::{Client, Credentials, Schedule};
use connectors_fake::c1::{SyncScript, Tenant};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build()?;
    let connector = c1.app("app-github").connector("github-01");

    // The service pauses a sync that found much less than the one before, until a person approves it.
    tenant.next_sync(SyncScript::error("far fewer users than last time"));
    println!("{}", connector.force_sync().await?.poll_every(Duration::from_millis(10)).wait().await?);
    // No operation of the document returns the id: here it comes from the fake tenant.
    let sync = tenant.sync_ids("app-github", "github-01").pop().ok_or("no sync has ended")?;
    connector.confirm_sync(sync.as_str()).await?;
    println!("confirmed");

    connector.pause().await?;
    println!("paused");
    connector.resume().await?;
    println!("resumed");
    connector.schedule(Schedule::new("0 3 * * *", "Europe/Zurich")).await?;
    println!("every night at three");

    // The link expires soon, and everyone who has it can read the data: `Debug` does not print all of it.
    let link = connector.sync_download_url(sync.as_str()).await?;
    println!("its data: {link:?}");
    Ok(())
}
