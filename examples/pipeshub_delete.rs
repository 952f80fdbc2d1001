//! Deletes a connector, and waits until it is deleted. `cargo run --features pipeshub --example pipeshub_delete`
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

    let connector = ph.connector("s3-02");
    // The service deletes after its response.
    let deletion = connector.delete().await?;
    println!("begun: {:?}", deletion.data().message);
    deletion.poll_every(Duration::from_millis(10)).deadline(Duration::from_secs(600)).wait().await?;
    match connector.get().await {
        Err(error) if error.is_not_found() => println!("gone"),
        Err(error) => return Err(error.into()),
        Ok(_) => println!("still there"),
    }
    Ok(())
}
