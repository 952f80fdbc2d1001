//! Creating, changing and deleting connectors.

use connectors::c1::{Client, EnvConfig, types};
use serde_json::json;

use crate::ctx::{Ctx, confirmed};
use crate::fail::{Failure, Result};
use crate::reference::Reference;

use super::arg::{Config, Ref};
use super::read::row;

#[derive(clap::Args)]
pub struct CreateArgs {
    /// The app
    app: String,
    /// The id of the catalog entry
    catalog: String,
    /// The display name
    #[arg(long)]
    name: Option<String>,
    /// Its description
    #[arg(long)]
    description: Option<String>,
    /// Create a self-hosted connector, without a configuration
    #[arg(long, conflicts_with_all = ["values", "secrets"])]
    self_hosted: bool,
    #[command(flatten)]
    config: Config,
}

#[derive(clap::Args)]
pub struct SetArgs {
    /// The connector, as `connectors c1 list` prints it
    #[arg(value_name = "APP/CONNECTOR")]
    connector: Ref,
    #[command(flatten)]
    config: Config,
    /// A key to remove
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,
    /// Send the configuration without its secrets if they are not set: C1 replaces the whole configuration
    #[arg(long)]
    without_secrets: bool,
}

/// A configuration with the command line's values. Secrets are not in the result's `Debug`.
fn with(mut config: EnvConfig, given: &Config, resolve: bool) -> Result<EnvConfig> {
    for (key, value) in &given.values {
        config = config.text(key, value);
    }
    for (key, secret) in &given.secrets {
        config = config.secret(key, value_of(secret, resolve)?);
    }
    Ok(config)
}

/// A dry run reads no secrets.
fn value_of(secret: &Reference, resolve: bool) -> Result<String> {
    if resolve { secret.resolve() } else { Ok("unread".to_owned()) }
}

pub async fn create(ctx: &Ctx, c1: &Client, args: CreateArgs) -> Result {
    let app = c1.app(args.app.as_str());
    let config = match args.self_hosted {
        true => None,
        false => Some(with(EnvConfig::new(), &args.config, !ctx.globals.dry_run)?),
    };
    if let Some(config) = &config {
        config.validate(&app.configuration_schema(args.catalog.as_str()).await?)?;
    }
    let kind = if config.is_some() { "hosted" } else { "self-hosted" };
    let what = format!("create a {kind} connector of {} in {}", args.catalog, args.app);
    let before = app.snapshot().await?;
    let Some(_under) = ctx.write(c1.server(), what)? else { return Ok(()) };
    let create = app.create_connector(args.catalog.as_str()).config(config).display_name(args.name.as_deref());
    let created = create.description(args.description.as_deref()).find_or_create(&before).await?;
    ctx.done(&row(&args.app, &created))
}

pub async fn set(ctx: &Ctx, c1: &Client, args: SetArgs) -> Result {
    let connector = args.connector.handle(c1);
    let data = connector.get().await?;
    let stored = data.config.as_ref().map(EnvConfig::from).unwrap_or_default();
    let config = with(without(stored, &args.unset), &args.config, !ctx.globals.dry_run)?;
    if let Some(catalog) = data.catalog_id.as_deref().filter(|id| !id.is_empty()) {
        let schema = connector.app().configuration_schema(catalog).await?;
        config.validate(&schema)?;
        let missing: Vec<&str> = secrets(&schema).filter(|key| config.get(key).is_none()).collect();
        if !missing.is_empty() && !args.without_secrets {
            let message = format!(
                "C1 returns no secrets and replaces the whole configuration: pass {} with --secret, or use --without-secrets",
                missing.join(", ")
            );
            return Err(Failure::usage(message));
        }
    }
    let keys: Vec<&str> = config.keys().collect();
    let what = format!("set the configuration of {} ({})", args.connector, keys.join(", "));
    let Some(_under) = ctx.write(c1.server(), what)? else { return Ok(()) };
    let changed = connector.update().config(config).await?;
    ctx.done(&row(&args.connector.app, &changed))
}

/// The keys that a schema marks as secrets.
fn secrets(schema: &types::ConfigSchema) -> impl Iterator<Item = &str> {
    schema.fields.iter().flatten().filter(|field| field.is_secret()).filter_map(|field| field.name.as_deref())
}

/// A configuration without some of its keys.
fn without(config: EnvConfig, keys: &[String]) -> EnvConfig {
    keys.iter().fold(config, |config, key| config.unset(key))
}

pub async fn rename(ctx: &Ctx, c1: &Client, connector: &Ref, name: &str, description: Option<&str>) -> Result {
    let Some(_under) = ctx.write(c1.server(), format!("rename {connector} to `{name}`"))? else { return Ok(()) };
    let changed = connector.handle(c1).update().display_name(name).description(description).await?;
    ctx.done(&row(&connector.app, &changed))
}

pub async fn delete(ctx: &Ctx, c1: &Client, connectors: &[Ref], yes: bool) -> Result {
    confirmed(yes, ctx.globals.dry_run, "deleting a connector")?;
    for connector in connectors {
        let Some(_under) = ctx.write(c1.server(), format!("delete {connector}"))? else { continue };
        connector.handle(c1).delete().await?;
        ctx.done(&json!({"id": connector.to_string(), "state": "deleted"}))?;
    }
    Ok(())
}
