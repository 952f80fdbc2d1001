//! What a connector is to leave out, chosen from what there is. `cargo run --features pipeshub --example pipeshub_filters`
//!
//! Runs against an instance in this process; for a real one, `Client::from_env()` in place of the first lines.

use std::error::Error;

use connectors::pipeshub::Client;
use connectors_fake::pipeshub::Instance;
use futures::TryStreamExt;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let ph = Client::builder()
        .instance(instance.url())
        .client_credentials(instance.client_id(), instance.client_secret())
        .build()?;

    let connector = ph.connector("drive-01");
    let mut chosen = Vec::new();
    let mut folders = connector.filter_options("folders").context_group_path("legal").page_size(2).list();
    while let Some(folder) = folders.try_next().await? {
        println!("{}", folder.label.as_deref().unwrap_or_default());
        chosen.extend(folder.id);
    }

    // Only while the sync is off.
    let filters = json!({"sync": {"folders": {"operator": "in", "value": chosen}}});
    let filters = filters.as_object().cloned().unwrap_or_default();
    let answer = connector.set_sync_filters().filters(filters).send().await?;
    println!("the next sync has to be a full one: {}", answer.sync_filters_changed.unwrap_or_default());
    Ok(())
}
