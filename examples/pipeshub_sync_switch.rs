//! Switches a sync on and off, with a service that can only toggle. `cargo run --features pipeshub --example
//! pipeshub_sync_switch`
//!
//! Runs against a fake instance in this process. For a real one, use `Client::from_env()` instead of the first lines.

use std::error::Error;

use connectors::pipeshub::{Client, Credentials, Switched};
use connectors_fake::pipeshub::Instance;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let credentials = Credentials::client(instance.client_id(), instance.client_secret());
    let ph = Client::builder(credentials.instance(instance.url())).build()?;

    let connector = ph.connector("s3-02");
    for on in [true, true, false] {
        match connector.set_sync(on).await {
            Ok(Switched::Flipped(now)) => println!("toggled: {:?}", now.is_active),
            Ok(Switched::Already(now)) => println!("not changed: {:?}", now.is_active),
            Ok(_) => println!("a state that this version does not know"),
            // The toggle may still be in flight. A second toggle before the state has settled may undo the first.
            Err(error) => return Err(error.into()),
        }
    }
    let toggles = instance.requests().iter().filter(|request| request.path.ends_with("/toggle")).count();
    println!("{toggles} toggles were sent");
    Ok(())
}
