//! Creates a hosted connector from its catalog entry, and waits for its first sync. `cargo run --example c1_hosted`
//!
//! Runs against a fake tenant in this process. For a real one, use `Client::from_env()` instead of the first two lines.

use std::error::Error;
use std::time::Duration;

use connectors::Paced;
use connectors::c1::{Client, Credentials, EnvConfig};
use connectors_fake::c1::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build()?;
    let app = c1.app("app-github");

    // Which settings does the catalog entry have?
    let schema = app.configuration_schema("catalog-github").await?;
    for field in schema.fields.iter().flatten() {
        println!("has the setting {}", field.name.as_deref().unwrap_or("without a name"));
    }
    let misspelt = EnvConfig::new().text("GITHUB_ORGANISATION", "example");
    if let Err(error) = misspelt.validate(&schema) {
        println!("{}", error.message());
    }

    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "example").secret("GITHUB_TOKEN", "not-a-real-token");
    config.validate(&schema)?;
    let created = app.create_connector("catalog-github").config(config).await?;
    let connector = created.handle();
    println!("created {}", connector.id());

    // The service starts the first sync once the configuration works.
    let sync = connector.first_sync();
    let outcome = sync.poll_every(Duration::from_millis(10)).deadline(Duration::from_secs(3600)).wait().await?;
    println!("its first sync: {outcome}");
    Ok(())
}
