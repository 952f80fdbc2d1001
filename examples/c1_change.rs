//! Updating a connector: its configuration and its name, and clearing a field. `cargo run --example c1_change`
//!
//! The crate derives the update mask, and the service's operation, from the fields that are set.

use std::error::Error;

use connectors::c1::{Client, Credentials, EnvConfig};
use connectors_fake::c1::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build()?;
    let connector = c1.app("app-github").connector("github-01");

    // An update replaces the whole configuration, and the service does not return secrets: set them again.
    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "example-two").secret("GITHUB_TOKEN", "not-a-real-token");
    connector.update().config(config).await?;

    let renamed = connector.update().display_name("GitHub, production").description("kept by IT").await?;
    println!("now called {:?}", renamed.display_name);

    let cleared = connector.update().clear_description().await?;
    println!("its description is {:?}", cleared.description);

    // An empty update is not sent.
    let nothing = connector.update().await.map(drop);
    println!("{}", nothing.err().ok_or("an empty update was sent")?);
    Ok(())
}
