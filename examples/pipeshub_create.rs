//! A connector, created, configured and renamed. `cargo run --features pipeshub --example pipeshub_create`
//!
//! Runs against an instance in this process; for a real one, `Client::from_env()` in place of the first lines.

use std::error::Error;

use connectors::pipeshub::types::ConnectorAuthType;
use connectors::pipeshub::{Client, ConnectorScope};
use connectors_fake::pipeshub::Instance;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let ph = Client::builder()
        .instance(instance.url())
        .client_credentials(instance.client_id(), instance.client_secret())
        .build()?;

    // The fields are those of the type's schema, each by its key. A second call would make a second connector, so this is
    // never sent twice.
    let created = ph
        .create("S3", "Reports")
        .scope(ConnectorScope::Team)
        .auth_type(ConnectorAuthType::AccessKey)
        .auth("bucket", "reports")
        .auth("accessKey", "not-a-real-key")
        .secret_auth("secretKey", "not-a-real-secret")
        .send()
        .await;
    let connector = match created {
        Ok(created) => created.into_connector(),
        Err(error) if error.may_have_happened() => return Err(format!("look before trying again: {error}").into()),
        Err(error) => return Err(error.into()),
    };
    println!("created {}", connector.id());

    let renamed = connector.rename("Reports of 2026").await?;
    println!("it is called {} now", renamed.instance_name.unwrap_or_default());
    let config = connector.config().await?;
    // Printing it shows no secret, though it holds them.
    println!("{:?}", config.config);
    Ok(())
}
