//! Creates a connector only once, although a response is lost and the program runs twice. `cargo run --example c1_once`

use std::error::Error;

use connectors::c1::{App, Client, Credentials, EnvConfig, Snapshot};
use connectors_fake::{Fault, c1::Tenant};
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let credentials = Credentials::client(tenant.client_id(), tenant.client_secret());
    // With the tenant's clock no wait takes time.
    let c1 = Client::builder(credentials).clock(tenant.clock()).build()?;
    let app = c1.app("app-github");

    // A program stores this before its first attempt, and its next run reads it.
    let stored = serde_json::to_string(&app.snapshot().await?)?;
    let before = app.connectors().try_collect::<Vec<_>>().await?.len();

    // The service creates the connector, but its response is lost.
    tenant.fault(Fault::reset_after_request().applied().on("ConnectorService.Create"));
    for run in ["the first run", "the second run"] {
        let id = create(&app, &serde_json::from_str(&stored)?).await?;
        println!("{run}: {id}");
    }
    let created = app.connectors().try_collect::<Vec<_>>().await?.len() - before;
    println!("{created} connector was created");
    Ok(())
}

async fn create(app: &App, before: &Snapshot) -> Result<String, connectors::Error> {
    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "example").secret("GITHUB_TOKEN", "not-a-real-token");
    let create = app.create_connector("catalog-github").config(config).display_name("GitHub, created once");
    Ok(create.find_or_create(before).await?.handle().id().to_string())
}
