//! A connector that runs on your own machines: rotates its credential without downtime. `cargo run --example
//! c1_self_hosted`

use std::error::Error;

use connectors::c1::{Client, Credentials};
use connectors_fake::c1::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build()?;

    // A connector without a configuration runs on your own machines.
    let created = c1.app("app-github").create_connector("catalog-github").display_name("GitHub, ours").await?;
    let connector = created.handle();

    let first = connector.rotate_credential().await?;
    let first_id = first.id.clone().ok_or("the credential has no id")?;
    keep(first.client_id.as_deref(), first.client_secret.as_deref());

    // Later: issue a new credential, deploy it, wait until it is in use, then revoke the old one.
    let second = connector.rotate_credential().await?;
    keep(second.client_id.as_deref(), second.client_secret.as_deref());
    let second_id = second.id.ok_or("the new credential has no id")?;
    let used = connector.credential(second_id).await?.last_used_at.filter(|at| !at.is_empty());
    let Some(used) = used else {
        println!("the new one is not in use yet, so the old one stays");
        return Ok(());
    };
    println!("the new one was last used: {used}");
    match connector.revoke_credential(first_id).await {
        Ok(()) => println!("the old one is revoked"),
        Err(error) if error.is_not_found() => println!("the old one was already revoked"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Your program stores the secret in a vault here: the service returns it only once.
fn keep(id: Option<&str>, secret: Option<&str>) {
    println!("credential {} with a secret of {} characters", id.unwrap_or("?"), secret.map_or(0, str::len));
}
