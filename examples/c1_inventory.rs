//! Lists every connector of every app, four apps at a time. `cargo run --example c1_inventory`

use std::error::Error;
use std::num::NonZeroUsize;

use connectors::c1::{Client, Credentials};
use connectors_fake::c1::Tenant;
use futures::StreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build()?;

    let at_once = NonZeroUsize::new(4).ok_or("four is not zero")?;
    let mut found = c1.inventory(at_once);
    while let Some(listed) = found.next().await {
        match listed {
            Ok(listed) => {
                let status = listed.connector.status.as_ref().and_then(|status| status.status.as_ref());
                println!(
                    "{} / {}: {}",
                    listed.app.display_name.as_deref().unwrap_or("an app without a name"),
                    listed.connector.display_name.as_deref().unwrap_or("a connector without a name"),
                    status.map_or("never synced", |status| status.as_str()),
                );
            }
            // An app that cannot be listed yields one error; the other apps are still listed.
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}
