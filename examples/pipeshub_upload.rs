//! Uploads files to a connector whose server cannot read them. `cargo run --features pipeshub --example
//! pipeshub_upload`
//!
//! Runs against a fake instance in this process. For a real one, use `Client::from_env()` instead of the first lines.

use std::error::Error;

use connectors::pipeshub::{Client, Credentials};
use connectors_fake::pipeshub::Instance;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let credentials = Credentials::client(instance.client_id(), instance.client_secret());
    let ph = Client::builder(credentials.instance(instance.url())).build()?;

    // A file of several chunks, which is read while it is sent.
    let file = std::env::temp_dir().join(format!("connectors-example-{}.txt", std::process::id()));
    std::fs::write(&file, "a line of many\n".repeat(20_000))?;
    let sent = ph
        .connector("local-01")
        .upload("batch-1")
        .file("reports/2026.txt", &file)
        .bytes("notes.txt", "written just now")
        .deleted("reports/2025.txt")
        .on_progress(|progress| println!("{} of {} bytes", progress.sent, progress.total))
        .await;
    std::fs::remove_file(&file)?;
    let uploaded = sent?;
    println!("{} accepted, {} removed", uploaded.processed(), uploaded.deleted());
    Ok(())
}
