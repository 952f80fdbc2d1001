//! The demo of C1.

use std::time::Duration;

use connectors::Paced;
use connectors::c1::{Client, Credentials, EnvConfig, Progress};
use connectors_fake::c1::Tenant;
use futures_util::TryStreamExt;

use super::output::{Result, say, step};

/// Runs the demo against a fake, or lists what a real service has.
pub(super) async fn run(live: bool) -> Result<()> {
    if live { inventory(&Client::from_env()?).await } else { workflow().await }
}

/// The calls that are allowed on a real tenant: only reads.
async fn inventory(c1: &Client) -> Result<()> {
    let mut apps = c1.apps();
    while let Some(app) = apps.try_next().await? {
        say(&format!("{} ({})", app.display_name.as_deref().unwrap_or("no name"), app.handle().id()));
        let mut connectors = app.handle().connectors();
        while let Some(connector) = connectors.try_next().await? {
            let status = connector.status.as_ref().and_then(|status| status.status.as_ref());
            let status = status.map_or("never synced", |status| status.as_str());
            let name = connector.display_name.as_deref().unwrap_or("no name");
            say(&format!("  {name} ({}): {status}", connector.handle().id()));
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

    say(&format!(
        "\n{} requests in all. Read next: README.md for a program of your own, docs/architecture.md for the design,\n\
         `cargo xtask serve c1` for a tenant to play with, `cargo xtask demo --live` to read a real one,\n\
         `cargo xtask demo --service pipeshub` for the other service.",
        tenant.requests().len()
    ));
    Ok(())
}
