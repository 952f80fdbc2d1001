//! Creates, configures and renames a connector. `cargo run --features pipeshub --example pipeshub_create`
//!
//! Runs against a fake instance in this process. For a real one, use `Client::from_env()` instead of the first lines.

use std::error::Error;

use connectors::pipeshub::types::ConnectorAuthType;
use connectors::pipeshub::{Client, ConnectorScope, Credentials};
use connectors_fake::pipeshub::Instance;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let credentials = Credentials::client(instance.client_id(), instance.client_secret());
    let ph = Client::builder(credentials.instance(instance.url())).build()?;

    // The type's schema has the keys. If the response is lost, or the program runs again, it finds the connector that
    // was created before, by type, scope and name.
    let connector = ph
        .create("S3", "Reports")
        .scope(ConnectorScope::Team)
        .auth_type(ConnectorAuthType::AccessKey)
        .auth("bucket", "reports")
        .auth("accessKey", "not-a-real-key")
        .secret_auth("secretKey", "not-a-real-secret")
        .find_or_create()
        .await?;
    let (connector, data) = connector.into_parts();
    println!("{} is called {:?}", connector.id(), data.instance_name);

    let renamed = connector.rename("Reports of 2026").await?;
    println!("it is called {:?} now", renamed.instance_name);
    // `Debug` prints no secrets.
    println!("{:?}", connector.config().await?.config);
    Ok(())
}
