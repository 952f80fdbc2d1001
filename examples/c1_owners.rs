//! Lists and changes the owners of a connector: users and entitlements, each in a role. `cargo run --example c1_owners`

use std::error::Error;

use connectors::c1::{Client, Credentials};
use connectors_fake::c1::Tenant;
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build()?;
    let owners = c1.app("app-github").connector("github-01").owners();

    let role = owners.role("owner");
    role.add_user("user-ada").await?;
    // Everyone who holds the entitlement is an owner.
    role.add_entitlement(&c1.app("app-okta").entitlement("entitlement-admins")).await?;

    let mut users = owners.users();
    while let Some(user) = users.try_next().await? {
        if let Some(user) = user.user {
            println!("{:?}", user.display_name.or(user.id));
        }
    }
    println!("and {} entitlements", owners.entitlements().try_collect::<Vec<_>>().await?.len());

    role.remove_user("user-ada").await?;
    println!("{} users are left", owners.users().try_collect::<Vec<_>>().await?.len());
    Ok(())
}
