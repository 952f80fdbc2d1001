//! When syncs run: pause, resume, a schedule, a sync that waits for a person, and what a sync found.
//! `cargo run --example c1_schedule`

use std::error::Error;

use connectors::c1::{Client, Schedule};
use connectors_fake::c1::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder().client_credentials(tenant.client_id(), tenant.client_secret()).build()?;
    let connector = c1.connector("app-github", "github-01");

    connector.pause().await?;
    println!("paused");
    connector.resume().await?;
    println!("resumed");
    connector.schedule(Schedule::new("0 3 * * *", "Europe/Zurich")).await?;
    println!("every night at three");

    // A sync that would drop too much waits for a word. Its id is in the notice that C1 sends, and in its console.
    connector.confirm_sync("sync-lifecycle-id").await?;
    println!("confirmed");

    // The link is short-lived, and enough by itself to read what was found: it is not printed whole.
    let link = connector.sync_download_url("sync-1").await?;
    println!("what it found: {link:?}");
    Ok(())
}
