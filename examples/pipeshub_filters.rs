//! Lists the options of a sync filter, and sets it. `cargo run --features pipeshub --example pipeshub_filters`
//!
//! Runs against a fake instance in this process. For a real one, use `Client::from_env()` instead of the first lines.

use std::error::Error;

use connectors::pipeshub::{Client, Credentials};
use connectors_fake::pipeshub::Instance;
use futures::TryStreamExt;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::start().await?;
    let credentials = Credentials::client(instance.client_id(), instance.client_secret());
    let ph = Client::builder(credentials.instance(instance.url())).build()?;

    let connector = ph.connector("drive-01");
    let mut chosen = Vec::new();
    let mut folders = connector.filter_options("folders").context_group_path("legal").page_size(2).list();
    while let Some(folder) = folders.try_next().await? {
        println!("{:?}", folder.label);
        chosen.extend(folder.id);
    }

    // Filters can be changed only while the sync is off: if it is on, this switches it off first, and on again
    // afterwards.
    let filters = json!({"sync": {"folders": {"operator": "in", "value": chosen}}});
    let filters = filters.as_object().cloned().unwrap_or_default();
    let changed = connector.set_sync_filters().filters(filters).switch_off_and_on().await?;
    println!("the next sync reads everything: {:?}", changed.sync_filters_changed);
    Ok(())
}
