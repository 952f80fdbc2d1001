//! The connectors of the team and one's own. `cargo run --features pipeshub --example pipeshub_list`
//!
//! Runs against an instance in this process; for a real one, `Client::from_env()` instead of the first lines.

use std::error::Error;

use connectors::pipeshub::{Client, ConnectorScope, Credentials};
use connectors_fake::pipeshub::Instance;
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let credentials = Credentials::client(instance.client_id(), instance.client_secret());
    let ph = Client::builder(credentials.instance(instance.url())).build()?;

    let mut connectors = ph.all_connectors().list();
    while let Some(connector) = connectors.try_next().await? {
        let on = if connector.is_active == Some(true) { "on" } else { "off" };
        println!("{}: {:?} ({:?}) is {on}", connector.handle().id(), connector.instance_name, connector.scope);
    }

    // The service filters; without a scope it would list only the team's.
    let active = ph.connectors(ConnectorScope::Personal).of_type("Local FS").active(true).list();
    println!("{} of one's own are on", active.try_collect::<Vec<_>>().await?.len());
    Ok(())
}
