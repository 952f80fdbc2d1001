//! A sync switched on and off, over a service that can only flip. `cargo run --features pipeshub --example pipeshub_sync_switch`
//!
//! Runs against an instance in this process; for a real one, `Client::from_env()` in place of the first lines.

use std::error::Error;

use connectors::pipeshub::{Client, Switched};
use connectors_fake::pipeshub::Instance;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let ph = Client::builder()
        .instance(instance.url())
        .client_credentials(instance.client_id(), instance.client_secret())
        .build()?;

    let connector = ph.connector("s3-02");
    for on in [true, true, false] {
        match connector.set_sync(on).send().await {
            Ok(Switched::Flipped(now)) => println!("flipped: {:?}", now.is_active),
            Ok(Switched::Already(now)) => println!("as it was: {:?}", now.is_active),
            Ok(_) => println!("something that this version does not know"),
            // In doubt, the flip may still be on its way: to ask again before what is read has come to rest may undo it.
            Err(error) => return Err(error.into()),
        }
    }
    let toggles = instance.requests().iter().filter(|request| request.path.ends_with("/toggle")).count();
    println!("{toggles} flips were sent");
    Ok(())
}
