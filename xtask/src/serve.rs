//! `cargo xtask serve`: a fake of a service for a client in any language.

use crate::Result;
use crate::service::Name;

pub(crate) fn run(service: &Name, port: u16) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match service.as_str() {
            "c1" => c1(port).await,
            "pipeshub" => pipeshub(port).await,
            other => {
                Err(format!("error: there is no fake of `{other}`\n  help: `c1` and `pipeshub` can be served").into())
            }
        }
    })
}

async fn c1(port: u16) -> Result<()> {
    let start = connectors_fake::c1::Tenant::builder().port(port).start();
    let tenant = start.await.map_err(|error| taken(port, &error))?;
    println!("A fake C1 tenant listens on {}. Point a client at it:\n", tenant.url());
    println!("export CONDUCTORONE_CLIENT_ID='{}'", tenant.client_id());
    println!("export CONDUCTORONE_CLIENT_SECRET='{}'", tenant.client_secret());
    println!("\nor send requests by hand, with a token valid for an hour:\n");
    println!("curl -H 'Authorization: Bearer {}' '{}/api/v1/apps'", tenant.issue_token(), tenant.url());
    until_stopped().await
}

async fn pipeshub(port: u16) -> Result<()> {
    let start = connectors_fake::pipeshub::Instance::builder().port(port).start();
    let instance = start.await.map_err(|error| taken(port, &error))?;
    println!("A fake PipesHub instance listens on {}. Point a client at it:\n", instance.url());
    println!("export PIPESHUB_INSTANCE_URL='{}'", instance.url());
    println!("export PIPESHUB_CLIENT_ID='{}'", instance.client_id());
    println!("export PIPESHUB_CLIENT_SECRET='{}'", instance.client_secret());
    println!("\nor send requests by hand, with a token valid for an hour:\n");
    println!("curl -H 'Authorization: Bearer {}' '{}/api/v1/connectors'", instance.issue_token(), instance.url());
    until_stopped().await
}

fn taken(port: u16, error: &std::io::Error) -> String {
    format!("error: cannot listen on 127.0.0.1:{port}: {error}\n  help: choose another --port")
}

async fn until_stopped() -> Result<()> {
    println!("\nPress Ctrl-C to stop.");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
