//! A person logs in on another device (RFC 8628), for programs without their own client id.
//! `cargo run --example c1_login`

use std::error::Error;

use connectors::c1::DeviceLogin;
use connectors_fake::c1::Tenant;
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::start().await?;
    // The fake tenant confirms the login at once.
    tenant.set_device_answers::<&str>([]);

    let login = DeviceLogin::new("my-program").tenant(tenant.url()).begin().await?;
    println!("open {} and enter {}", login.verification_uri(), login.user_code());

    let c1 = login.wait().await?;
    println!("logged in: {} apps", c1.apps().try_collect::<Vec<_>>().await?.len());
    Ok(())
}
