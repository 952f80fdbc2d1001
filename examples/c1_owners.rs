//! Who looks after a connector: users and entitlements, each in a role. `cargo run --example c1_owners`

use std::error::Error;

use connectors::c1::{Client, EntitlementRef};
use connectors_fake::c1::Tenant;
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder().client_credentials(tenant.client_id(), tenant.client_secret()).build()?;
    let owners = c1.connector("app-github", "github-01").owners();

    owners.add_user("owner", "user-ada").await?;
    // Whoever holds the entitlement is an owner, for as long as they hold it.
    owners.add_entitlement("owner", &EntitlementRef::new("app-okta", "entitlement-admins")).await?;

    let mut users = owners.users();
    while let Some(user) = users.try_next().await? {
        let user = user.user.unwrap_or_default();
        println!("{}", user.display_name.or(user.id).unwrap_or_default());
    }
    println!("and {} entitlements", owners.entitlements().try_collect::<Vec<_>>().await?.len());

    owners.remove_user("owner", "user-ada").await?;
    println!("{} users are left", owners.users().try_collect::<Vec<_>>().await?.len());
    Ok(())
}
