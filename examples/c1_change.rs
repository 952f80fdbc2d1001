//! Changing a connector: its configuration, its name, and taking a field back. `cargo run --example c1_change`
//!
//! Which mask is sent, and to which of the service's two operations, follows from what is set.

use std::error::Error;

use connectors::c1::{Client, Credentials, EnvConfig};
use connectors_fake::c1::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build()?;
    let connector = c1.app("app-github").connector("github-01");

    // Secrets do not come back on reads: a configuration is replaced whole, secrets included.
    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "example-two").secret("GITHUB_TOKEN", "not-a-real-token");
    connector.update().config(config).await?;

    let renamed = connector.update().display_name("GitHub, production").description("kept by IT").await?;
    println!("now called {:?}", renamed.display_name);

    let cleared = connector.update().clear_description().await?;
    println!("its description is {:?}", cleared.description);

    // An update that would change nothing is not sent.
    let nothing = connector.update().await.map(drop);
    println!("{}", nothing.err().ok_or("an empty update was sent")?);
    Ok(())
}
