//! Rolls a new configuration out to every connector of an app, and stops at the first one that fails to sync.
//! `cargo run --example c1_rollout`

use std::error::Error;
use std::time::Duration;

use connectors::Paced;
use connectors::c1::{Client, Credentials, EnvConfig};
use connectors_fake::c1::{SyncScript, Tenant};
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    for script in [SyncScript::default(), SyncScript::error("the new token lacks a permission")] {
        tenant.next_sync(script);
    }
    let credentials = Credentials::client(tenant.client_id(), tenant.client_secret());
    let c1 = Client::builder(credentials).clock(tenant.clock()).build()?;

    let app = c1.app("app-github");
    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "example").secret("GITHUB_TOKEN", "not-a-real-token");
    config.validate(&app.configuration_schema("catalog-github").await?)?;

    // One connector after the other: if the first sync fails, the others keep the old configuration.
    let mut connectors = app.connectors();
    while let Some(connector) = connectors.try_next().await? {
        let connector = connector.into_parts().0;
        connector.update().config(config.clone()).await?;
        let sync = connector.force_sync().await?.deadline(Duration::from_secs(3600));
        let outcome = sync.wait().await?;
        println!("{}: {outcome}", connector.id());
        if !outcome.is_done() {
            println!("stopped: the other connectors are unchanged");
            break;
        }
    }
    Ok(())
}
