//! The demo of PipesHub.

use std::time::Duration;

use connectors::Paced;
use connectors::pipeshub::{Client, Credentials, Switched, SyncProgress};
use connectors_fake::pipeshub::{Instance, SyncScript};
use futures_util::TryStreamExt;

use super::output::{Result, say, step};

/// Runs the demo against a fake, or lists what a real service has.
pub(super) async fn run(live: bool) -> Result<()> {
    if live { inventory(&Client::from_env()?).await } else { workflow().await }
}

/// The calls that are allowed on a real instance: only reads.
async fn inventory(ph: &Client) -> Result<()> {
    let mut connectors = ph.all_connectors().list();
    while let Some(connector) = connectors.try_next().await? {
        let status = connector.status.as_ref().map_or_else(|| "idle".to_owned(), |status| status.to_string());
        let scope = connector.scope.as_ref().map_or_else(String::new, |scope| scope.to_string());
        say(&format!(
            "{} ({scope} {}, {}): {status}",
            connector.instance_name.as_deref().unwrap_or("without a name"),
            connector.connector_type.as_deref().unwrap_or("of no type"),
            connector.handle().id(),
        ));
    }
    Ok(())
}

async fn workflow() -> Result<()> {
    let instance = Instance::start().await?;
    step("A fake PipesHub", &format!("listens on {}; nothing leaves this machine", instance.url()));

    let credentials = Credentials::client(instance.client_id(), instance.client_secret());
    let ph = Client::builder(credentials.instance(instance.url())).build()?;
    let types: Vec<_> = ph.registry().try_collect().await?;
    let names: Vec<_> = types.iter().filter_map(|kind| kind.connector_type.as_deref()).collect();
    step("Registry", &format!("the connector types are {}", names.join(", ")));

    let found: Vec<_> = ph.all_connectors().list().try_collect().await?;
    let requests = instance.requests().len();
    step("Inventory", &format!("{} connectors, the team's and your own; {requests} requests so far", found.len()));

    let schema = ph.connector_schema("S3").await?;
    let auth = serde_json::Value::Object(schema.auth.unwrap_or_default());
    let fields = auth["schemas"]["ACCESS_KEY"]["fields"].as_array().cloned().unwrap_or_default();
    let fields: Vec<_> = fields.iter().filter_map(|field| field["name"].as_str()).collect();
    step("Schema", &format!("S3 authenticates with {}", fields.join(", ")));

    let create = ph.create("S3", "Made by the demo").auth("bucket", "example").auth("accessKey", "not-a-real-key");
    let connector = create.secret_auth("secretKey", "not-a-real-secret").find_or_create().await?.into_handle();
    step("Create", &format!("connector {}, with a flat `auth`", connector.id()));

    let renamed = connector.rename("Renamed by the demo").await?;
    step("Rename", &format!("now `{}`", renamed.instance_name.as_deref().unwrap_or("without a name")));

    // Each read advances the sync. The sync should still run when the demo waits for it.
    instance.next_sync(SyncScript::default().polls(0, 4));
    for on in ["on", "on again"] {
        let what = match connector.set_sync(true).await? {
            Switched::Flipped(_) => "it was read, toggled once, and read again",
            Switched::Already(_) => "it was read, and nothing was sent",
            _ => "something new",
        };
        step("Switch", &format!("{on}: {what}"));
    }

    let soon = Duration::from_millis(100);
    let mut watch = connector.wait_for_sync().settles_within(soon).poll_every(soon).watch();
    let mut seen = Vec::new();
    while let Some(progress) = watch.try_next().await? {
        seen.push(match progress {
            SyncProgress::Idle(_) => "idle".to_owned(),
            SyncProgress::Running(now) => now.status.map_or_else(String::new, |status| status.to_string()),
            SyncProgress::Settling(_) => "settling".to_owned(),
            SyncProgress::Resyncing(_) => "resyncing".to_owned(),
            SyncProgress::Ended(outcome) => outcome.to_string(),
            _ => "something new".to_owned(),
        });
    }
    step("Sync", &seen.join(" -> "));

    let mut watch = connector.wait_for_indexing().poll_every(soon).watch();
    let mut pending = Vec::new();
    while let Some(progress) = watch.try_next().await? {
        pending.push(progress.pending().map_or_else(|| "some".to_owned(), |pending| pending.to_string()));
    }
    step("Index", &format!("{} records left", pending.join(", ")));

    connector.resync().await?;
    // It can end before the first poll: the connector is then idle, as if no sync had started.
    let wait = connector.wait_for_sync().begins_within(soon).settles_within(soon);
    step("Resync", &format!("records are fetched again: {}", wait.poll_every(soon).wait().await?));

    connector.resync().await?;
    let mut watch = connector.wait_for_sync().settles_within(soon).poll_every(soon).watch();
    watch.try_next().await?;
    let cancelled = connector.resync().await?.cancelled_a_sync();
    step(
        "Cancel",
        &format!("a resync during a sync cancels it ({cancelled}); the wait returned: {}", watch.last().await?),
    );

    let filters = serde_json::json!({"sync": {"buckets": {"operator": "in", "value": ["logs"]}}});
    let change = connector.set_sync_filters().filters(filters.as_object().cloned()).switch_off_and_on();
    let full = change.await?.sync_filters_changed == Some(true);
    step("Filter", &format!("changed while syncing was off; the next sync reads everything: {full}"));

    let drive = ph.connector("drive-01");
    let consent = drive.authorize(None).await?;
    let came_back_to = instance.authorize(consent.url());
    consent.finish(&came_back_to).await?;
    let mut folders = drive.filter_options("folders").page_size(2).list();
    let mut count = 0;
    while folders.try_next().await?.is_some() {
        count += 1;
    }
    step("Authorize", &format!("a drive was authorized by its provider; it has {count} folders to choose from"));

    let upload = ph.connector("local-01").upload("demo").bytes("notes.txt", "written by the demo").deleted("old.txt");
    let uploaded = upload.await?;
    step("Upload", &format!("{} file accepted, {} removed", uploaded.processed(), uploaded.deleted()));

    let deletion = connector.delete().await?;
    let status = deletion.data().status.clone().map_or_else(String::new, |status| status.to_string());
    deletion.poll_every(soon).wait().await?;
    step("Delete", &format!("{status}, and then gone"));

    say(&format!(
        "\n{} requests in all. Read next: `cargo xtask serve pipeshub` for an instance to play with,\n\
         `cargo xtask demo --service pipeshub --live` to read a real one, examples/pipeshub_*.rs for programs.",
        instance.requests().len()
    ));
    Ok(())
}
