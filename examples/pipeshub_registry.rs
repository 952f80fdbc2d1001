//! Lists the connector types, and reads the configuration schema of one. `cargo run --features pipeshub --example
//! pipeshub_registry`
//!
//! Runs against a fake instance in this process. For a real one, use `Client::from_env()` instead of the first lines.

use std::error::Error;

use connectors::pipeshub::{Client, Credentials};
use connectors_fake::pipeshub::Instance;
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let credentials = Credentials::client(instance.client_id(), instance.client_secret());
    let ph = Client::builder(credentials.instance(instance.url())).build()?;

    let mut types = ph.registry();
    while let Some(kind) = types.try_next().await? {
        println!("{:?}: {:?}", kind.connector_type, kind.description);
    }

    // Case matters: `s3` is not a type.
    let schema = ph.connector_schema("S3").await?;
    let auth = schema.auth.ok_or("the schema has no auth")?;
    for field in auth["schemas"]["ACCESS_KEY"]["fields"].as_array().into_iter().flatten() {
        let needed = if field["required"] == true { "required" } else { "optional" };
        println!("S3 takes {} ({needed})", field["name"]);
    }
    Ok(())
}
