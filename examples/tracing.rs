//! The spans of a client: one for each call, by OpenTelemetry's conventions, without secrets.
//! `cargo run --example tracing`

use std::error::Error;

use connectors::c1::{Client, Credentials};
use connectors_fake::{Fault, c1::Tenant};
use tracing_subscriber::fmt::format::FmtSpan;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(std::io::stdout)
        .init();
    let tenant = Tenant::start().await?;
    let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build()?;

    c1.app("app-github").connector("github-01").get().await?;
    tenant.fault(Fault::status(404).on("ConnectorService.Get"));
    let missing = c1.app("app-github").connector("github-02").get().await;
    println!("{}", missing.err().ok_or("the fault did not happen")?);
    Ok(())
}
