//! The connectors of the team and one's own. `cargo run --features pipeshub --example pipeshub_list`
//!
//! Runs against an instance in this process; for a real one, `Client::from_env()` in place of the first lines.

use std::error::Error;

use connectors::pipeshub::{Client, ConnectorScope};
use connectors_fake::pipeshub::Instance;
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let ph = Client::builder()
        .instance(instance.url())
        .client_credentials(instance.client_id(), instance.client_secret())
        .build()?;

    let mut connectors = ph.all_connectors().list();
    while let Some(connector) = connectors.try_next().await? {
        let scope = connector.scope.map_or_else(String::new, |scope| scope.to_string());
        let on = if connector.is_active == Some(true) { "on" } else { "off" };
        println!("{} ({scope}): {on}", connector.instance_name.unwrap_or_default());
    }

    // Filters are the service's; without a scope it would list the team's alone.
    let active = ph.connectors(ConnectorScope::Personal).of_type("Local FS").active(true).list();
    println!("{} of one's own are on", active.try_collect::<Vec<_>>().await?.len());
    Ok(())
}
