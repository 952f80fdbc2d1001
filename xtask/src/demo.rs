//! `cargo xtask demo`: the main job from end to end, told in a few lines.

use std::time::Duration;

use connectors::c1::{Client, EnvConfig, Progress};
use connectors_fake::c1::Tenant;
use futures_util::TryStreamExt;

use crate::Result;

pub(crate) fn run(live: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async { if live { inventory(&Client::from_env()?).await } else { workflow().await } })
}

/// What a client may do to a real tenant here: read.
async fn inventory(c1: &Client) -> Result<()> {
    let mut apps = c1.apps();
    while let Some(app) = apps.try_next().await? {
        let id = app.id.unwrap_or_default();
        println!("{} ({id})", app.display_name.unwrap_or_default());
        let mut connectors = c1.app(id.as_str()).connectors();
        while let Some(connector) = connectors.try_next().await? {
            let status = connector.status.and_then(|status| status.status);
            let status = status.map_or_else(|| "never synced".to_owned(), |status| status.to_string());
            println!(
                "  {} ({}): {status}",
                connector.display_name.unwrap_or_default(),
                connector.id.unwrap_or_default()
            );
        }
    }
    Ok(())
}

async fn workflow() -> Result<()> {
    let tenant = Tenant::start().await?;
    step("A fake C1 tenant", &format!("listens on {}; nothing leaves this machine", tenant.url()));

    let c1 = Client::builder().client_credentials(tenant.client_id(), tenant.client_secret()).build()?;
    let apps: Vec<_> = c1.apps().try_collect().await?;
    step("Authenticate", "a signed Ed25519 assertion was exchanged for a token");

    let mut found = Vec::new();
    for app in &apps {
        let connectors: Vec<_> = c1.app(app.id.as_deref().unwrap_or_default()).connectors().try_collect().await?;
        found.push(format!("{} with {} connectors", app.display_name.as_deref().unwrap_or_default(), connectors.len()));
    }
    step("Inventory", &format!("{}; {} requests so far", found.join(", "), tenant.requests().len()));

    let app_id = apps.first().and_then(|app| app.id.clone()).ok_or("error: the tenant has no apps")?;
    let app = c1.app(app_id.as_str());
    let schema = app.configuration_schema("catalog-github").await?;
    let fields: Vec<_> = schema.fields.iter().flatten().filter_map(|field| field.name.as_deref()).collect();
    step("Schema", &format!("the catalog entry is configured with {}", fields.join(", ")));

    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "example").secret("GITHUB_TOKEN", "not-a-real-token");
    let created = app.create_connector("catalog-github").config(config).description("made by the demo").send().await?;
    let id = created.id.ok_or("error: the new connector has no id")?;
    let connector = c1.connector(app_id.as_str(), id.as_str());
    step("Create", &format!("connector {id}"));

    let config = EnvConfig::new().text("GITHUB_ORGANIZATION", "example-two").secret("GITHUB_TOKEN", "not-a-real-token");
    connector.update().config(config).send().await?;
    step("Configure", "the update's mask was `config`, computed from what was set");

    let mut watch = connector.force_sync().await?.poll_every(Duration::from_millis(50)).watch();
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

    let renamed = connector.update().display_name("GitHub, renamed").send().await?;
    step("Rename", &format!("now `{}`", renamed.display_name.unwrap_or_default()));

    let credential = connector.rotate_credential().await?;
    let secret = credential.client_secret.as_deref().unwrap_or_default();
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
            if gone { "says so" } else { "does not say so" }
        ),
    );

    println!(
        "\n{} requests in all. Read next: README.md for a program of your own, docs/architecture.md for how it is made,\n\
         `cargo xtask serve c1` for a tenant to play with, `cargo xtask demo --live` to read a real one.",
        tenant.requests().len()
    );
    Ok(())
}

fn step(name: &str, what: &str) {
    println!("{name:>16}  {what}");
}
