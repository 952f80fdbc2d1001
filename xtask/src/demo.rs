//! `cargo xtask demo`: runs the main job from end to end, with a line of output for each step.

use std::time::Duration;

use connectors::Paced;
use connectors::c1::{Client, Credentials, EnvConfig, Progress};
use connectors::pipeshub::{self, Switched, SyncProgress};
use connectors_fake::c1::Tenant;
use connectors_fake::pipeshub::{Instance, SyncScript};
use futures_util::TryStreamExt;

use crate::Result;
use crate::service::Name;

pub(crate) fn run(service: &Name, live: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match (service.as_str(), live) {
            ("c1", true) => inventory(&Client::from_env()?).await,
            ("c1", false) => workflow().await,
            ("pipeshub", true) => pipeshub_inventory(&pipeshub::Client::from_env()?).await,
            ("pipeshub", false) => pipeshub_workflow().await,
            (other, _) => {
                Err(format!("error: there is no demo of `{other}`\n  help: the services are `c1` and `pipeshub`")
                    .into())
            }
        }
    })
}

/// The calls that are allowed on a real tenant: only reads.
async fn inventory(c1: &Client) -> Result<()> {
    let mut apps = c1.apps();
    while let Some(app) = apps.try_next().await? {
        println!("{} ({})", app.display_name.as_deref().unwrap_or("no name"), app.handle().id());
        let mut connectors = app.handle().connectors();
        while let Some(connector) = connectors.try_next().await? {
            let status = connector.status.as_ref().and_then(|status| status.status.as_ref());
            let status = status.map_or("never synced", |status| status.as_str());
            let name = connector.display_name.as_deref().unwrap_or("no name");
            println!("  {name} ({}): {status}", connector.handle().id());
        }
    }
    Ok(())
}

async fn workflow() -> Result<()> {
    let tenant = Tenant::start().await?;
    step("A fake C1 tenant", &format!("listens on {}; nothing leaves this machine", tenant.url()));

    let credentials = Credentials::client(tenant.client_id(), tenant.client_secret());
    // By the tenant's clock, no poll interval takes time.
    let c1 = Client::builder(credentials).clock(tenant.clock()).build()?;
    let apps: Vec<_> = c1.apps().try_collect().await?;
    step("Authenticate", "a signed Ed25519 assertion was exchanged for a token");

    let mut found = Vec::new();
    for app in &apps {
        let connectors: Vec<_> = app.handle().connectors().try_collect().await?;
        let name = app.display_name.as_deref().unwrap_or("an app without a name");
        let s = if connectors.len() == 1 { "" } else { "s" };
        found.push(format!("{name} with {} connector{s}", connectors.len()));
    }
    step("Inventory", &format!("{}; {} requests so far", found.join(", "), tenant.requests().len()));

    let app = apps.first().ok_or("error: the tenant has no apps")?.handle();
    let schema = app.configuration_schema("catalog-github").await?;
    let fields: Vec<_> = schema.fields.iter().flatten().filter_map(|field| field.name.as_deref()).collect();
    step("Schema", &format!("the catalog entry is configured with {}", fields.join(", ")));

    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "example").secret("GITHUB_TOKEN", "not-a-real-token");
    let created = app.create_connector("catalog-github").config(config).description("made by the demo").await?;
    let connector = created.handle();
    step("Create", &format!("connector {}", connector.id()));

    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "example-two").secret("GITHUB_TOKEN", "not-a-real-token");
    connector.update().config(config).await?;
    step("Configure", "the update's mask was `config`, computed from what was set");

    let mut watch = connector.force_sync().await?.poll_every(Duration::from_secs(10)).watch();
    let mut seen = Vec::new();
    while let Some(progress) = watch.try_next().await? {
        seen.push(match progress {
            Progress::Queued => "queued".to_owned(),
            Progress::Running(_) => "running".to_owned(),
            Progress::Ended(outcome) => outcome.to_string(),
            _ => "something new".to_owned(),
        });
    }
    step("Sync", &seen.join(" -> "));

    let renamed = connector.update().display_name("GitHub, renamed").await?;
    step("Rename", &format!("now `{}`", renamed.display_name.as_deref().unwrap_or("without a name")));

    let credential = connector.rotate_credential().await?;
    let secret = credential.client_secret.as_deref().ok_or("error: the credential has no secret")?;
    step(
        "Rotate",
        &format!("a credential whose secret of {} characters is shown only here, to the program", secret.len()),
    );

    connector.delete().await?;
    let left: Vec<_> = app.connectors().try_collect().await?;
    let gone = connector.get().await?.deleted_at.is_some_and(|at| !at.is_empty());
    step(
        "Delete",
        &format!(
            "{} connectors are left; the deleted one {}",
            left.len(),
            if gone { "has the time of its deletion" } else { "has no time of deletion" }
        ),
    );

    println!(
        "\n{} requests in all. Read next: README.md for a program of your own, docs/architecture.md for the design,\n\
         `cargo xtask serve c1` for a tenant to play with, `cargo xtask demo --live` to read a real one,\n\
         `cargo xtask demo --service pipeshub` for the other service.",
        tenant.requests().len()
    );
    Ok(())
}

/// The calls that are allowed on a real instance: only reads.
async fn pipeshub_inventory(ph: &pipeshub::Client) -> Result<()> {
    let mut connectors = ph.all_connectors().list();
    while let Some(connector) = connectors.try_next().await? {
        let status = connector.status.as_ref().map_or_else(|| "idle".to_owned(), |status| status.to_string());
        let scope = connector.scope.as_ref().map_or_else(String::new, |scope| scope.to_string());
        println!(
            "{} ({scope} {}, {}): {status}",
            connector.instance_name.as_deref().unwrap_or("without a name"),
            connector.connector_type.as_deref().unwrap_or("of no type"),
            connector.handle().id(),
        );
    }
    Ok(())
}

async fn pipeshub_workflow() -> Result<()> {
    let instance = Instance::start().await?;
    step("A fake PipesHub", &format!("listens on {}; nothing leaves this machine", instance.url()));

    let credentials = pipeshub::Credentials::client(instance.client_id(), instance.client_secret());
    let ph = pipeshub::Client::builder(credentials.instance(instance.url())).build()?;
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

    println!(
        "\n{} requests in all. Read next: `cargo xtask serve pipeshub` for an instance to play with,\n\
         `cargo xtask demo --service pipeshub --live` to read a real one, examples/pipeshub_*.rs for programs.",
        instance.requests().len()
    );
    Ok(())
}

fn step(name: &str, what: &str) {
    println!("{name:>16}  {what}");
}
