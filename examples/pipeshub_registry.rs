//! The types of connectors there are, and what one of them wants to know. `cargo run --features pipeshub --example pipeshub_registry`
//!
//! Runs against an instance in this process; for a real one, `Client::from_env()` in place of the first lines.

use std::error::Error;

use connectors::pipeshub::Client;
use connectors_fake::pipeshub::Instance;
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let ph = Client::builder()
        .instance(instance.url())
        .client_credentials(instance.client_id(), instance.client_secret())
        .build()?;

    let mut types = ph.registry();
    while let Some(kind) = types.try_next().await? {
        let name = kind.connector_type.unwrap_or_default();
        println!("{name}: {}", kind.description.unwrap_or_default());
    }

    // Capitals matter: `s3` is no type.
    let schema = ph.connector_schema("S3").await?;
    let auth = schema.auth.ok_or("the schema has no auth")?;
    for field in auth["schemas"]["ACCESS_KEY"]["fields"].as_array().into_iter().flatten() {
        let needed = if field["required"] == true { "required" } else { "optional" };
        println!("S3 asks for {} ({needed})", field["name"].as_str().unwrap_or_default());
    }
    Ok(())
}
