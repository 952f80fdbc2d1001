//! `cargo xtask serve`: a fake tenant for a client in any language.

use crate::Result;
use crate::service::Name;

pub(crate) fn run(service: &Name, port: u16) -> Result<()> {
    if service.as_str() != "c1" {
        return Err(
            format!("error: there is no fake of `{}`\n  help: `c1` is what can be served", service.as_str()).into()
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let tenant = connectors_fake::c1::Tenant::builder().port(port).start().await.map_err(|error| {
            format!("error: cannot listen on 127.0.0.1:{port}: {error}\n  help: choose another --port")
        })?;
        println!("A fake C1 tenant listens on {}. Point a client at it:\n", tenant.url());
        println!("export CONDUCTORONE_CLIENT_ID='{}'", tenant.client_id());
        println!("export CONDUCTORONE_CLIENT_SECRET='{}'", tenant.client_secret());
        println!("\nor send requests by hand, with a token good for an hour:\n");
        println!("curl -H 'Authorization: Bearer {}' '{}/api/v1/apps'", tenant.issue_token(), tenant.url());
        println!("\nPress Ctrl-C to stop.");
        tokio::signal::ctrl_c().await?;
        Ok(())
    })
}
