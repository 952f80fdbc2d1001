//! A hosted connector, from its catalog entry to its first sync. `cargo run --example c1_hosted`
//!
//! Runs against a tenant in this process; for a real one, `Client::from_env()` in place of the first three lines.

use std::error::Error;
use std::time::Duration;

use connectors::c1::{Client, EnvConfig};
use connectors_fake::c1::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder().client_credentials(tenant.client_id(), tenant.client_secret()).build()?;
    let app = c1.app("app-github");

    // What does the catalog want to know?
    let schema = app.configuration_schema("catalog-github").await?;
    for field in schema.fields.iter().flatten() {
        println!("asks for {}", field.name.as_deref().unwrap_or_default());
    }

    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "example").secret("GITHUB_TOKEN", "not-a-real-token");
    let created = app.create_connector("catalog-github").config(config).send().await?;
    let id = created.id.ok_or("the new connector has no id")?;
    println!("created {id}");

    // It syncs by itself once its configuration works.
    let sync = c1.connector("app-github", id.as_str()).first_sync();
    let outcome = sync.poll_every(Duration::from_millis(10)).deadline(Duration::from_secs(3600)).wait().await?;
    println!("its first sync: {outcome}");
    Ok(())
}
