//! Lists the connectors of the team and the personal ones. `cargo run --features pipeshub --example pipeshub_list`
//!
//! Runs against a fake instance in this process. For a real one, use `Client::from_env()` instead of the first lines.

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

    // The service filters. Without a scope it would list only the team's connectors.
    let active = ph.connectors(ConnectorScope::Personal).of_type("Local FS").active(true).list();
    println!("{} personal ones are on", active.try_collect::<Vec<_>>().await?.len());
    Ok(())
}
