//! Creating, changing and deleting connectors.

use clap::builder::NonEmptyStringValueParser;
use connectors::c1::{Client, EnvConfig, types};
use serde_json::{Value, json};

use crate::ctx::{Ctx, confirmed};
use crate::fail::{Failure, Result};
use crate::near::nearest;
use crate::redact::is_secret;
use crate::reference::{Secrets, plain_secrets, shown};

use super::arg::{Config, Ref};
use super::read::row;

#[derive(clap::Args)]
pub struct CreateArgs {
    /// The app
    app: String,
    /// The id of the catalog entry
    catalog: String,
    /// The display name
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
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

/// A configuration with the command line's values, and with a placeholder for each secret: to check its keys.
fn outline(config: EnvConfig, given: &Config) -> EnvConfig {
    let config = given.values.iter().fold(config, |config, (key, value)| config.text(key, value));
    given.secrets.iter().fold(config, |config, (key, _)| config.text(key, "unread"))
}

/// A configuration with the command line's values. Secrets are not in the result's `Debug`.
fn with(config: EnvConfig, given: &Config, secrets: &Secrets) -> Result<EnvConfig> {
    let mut config = given.values.iter().fold(config, |config, (key, value)| config.text(key, value));
    for (key, place) in &given.secrets {
        config = config.secret(key, secrets.get(place)?);
    }
    Ok(config)
}

/// Reads the secrets of a command line. A dry run reads none.
fn read(ctx: &Ctx, given: &Config) -> Result<Secrets> {
    let places = given.secrets.iter().map(|(_, place)| place).filter(|_| !ctx.globals.dry_run);
    Secrets::read(places)
}

/// Refuses secrets as plain values: those that the schema marks, or without a schema those whose names suggest it.
fn refuse_plain(given: &Config, schema: Option<&types::ConfigSchema>) -> Result {
    let is_marked = |key: &str| schema.map_or_else(|| is_secret(key), |schema| secrets(schema).any(|it| it == key));
    plain_secrets(given.values.iter().map(|(key, _)| key.as_str()).filter(|key| is_marked(key)))
}

pub async fn create(ctx: &Ctx, c1: &Client, args: CreateArgs) -> Result {
    let app = c1.app(args.app.as_str());
    let kind = if args.self_hosted { "self-hosted" } else { "hosted" };
    if !args.self_hosted {
        let schema = app.configuration_schema(args.catalog.as_str()).await?;
        refuse_plain(&args.config, Some(&schema))?;
        outline(EnvConfig::new(), &args.config).validate(&schema)?;
    }
    let secrets = read(ctx, &args.config)?;
    let before = app.snapshot().await?;
    let what = format!("create a {kind} connector of {} in {}", args.catalog, args.app);
    let change = json!({
        "app": args.app, "catalog": args.catalog, "name": args.name, "description": args.description,
        "config": (!args.self_hosted).then(|| shown(&args.config.values, &args.config.secrets)),
    });
    let Some(_under) = ctx.change(c1.server(), what, change)? else { return Ok(()) };
    let config = if args.self_hosted { None } else { Some(with(EnvConfig::new(), &args.config, &secrets)?) };
    let create = app.create_connector(args.catalog.as_str()).config(config).display_name(args.name.as_deref());
    let created = create.description(args.description.as_deref()).find_or_create(&before).await?;
    ctx.done(&row(&args.app, &created))
}

pub async fn set(ctx: &Ctx, c1: &Client, args: SetArgs) -> Result {
    let connector = args.connector.handle(c1);
    let data = connector.get().await?;
    let stored = data.config.as_ref().map(EnvConfig::from).unwrap_or_default();
    let schema = match data.catalog_id.as_deref().filter(|id| !id.is_empty()) {
        Some(catalog) => Some(connector.app().configuration_schema(catalog).await?),
        None => None,
    };
    refuse_plain(&args.config, schema.as_ref())?;
    known(&args.unset, &stored, schema.as_ref())?;
    let kept = without(stored, &args.unset);
    let outline = outline(kept.clone(), &args.config);
    if let Some(schema) = &schema {
        outline.validate(schema)?;
        let missing: Vec<&str> = secrets(schema).filter(|key| outline.get(key).is_none()).collect();
        if !missing.is_empty() && !args.without_secrets {
            let message = format!(
                "C1 returns no secrets and replaces the whole configuration: pass {} with --secret, or use --without-secrets",
                missing.join(", ")
            );
            return Err(Failure::usage(message));
        }
    }
    let read = read(ctx, &args.config)?;
    let keys: Vec<&str> = outline.keys().collect();
    let what = format!("set the configuration of {} ({})", args.connector, keys.join(", "));
    let change = json!({"set": shown(&args.config.values, &args.config.secrets), "unset": args.unset});
    let Some(_under) = ctx.change(c1.server(), what, change)? else { return Ok(()) };
    let config = with(kept, &args.config, &read)?;
    let changed = connector.update().config(config).await?;
    ctx.done(&row(&args.connector.app, &changed))
}

/// The keys that a schema marks as secrets.
fn secrets(schema: &types::ConfigSchema) -> impl Iterator<Item = &str> {
    schema.fields.iter().flatten().filter(|field| field.is_secret()).filter_map(|field| field.name.as_deref())
}

/// Refuses keys that are neither stored nor in the schema.
fn known(keys: &[String], stored: &EnvConfig, schema: Option<&types::ConfigSchema>) -> Result {
    let fields = schema.iter().flat_map(|schema| schema.fields.iter().flatten());
    let known: Vec<&str> = stored.keys().chain(fields.filter_map(|field| field.name.as_deref())).collect();
    let unknown = keys.iter().filter(|key| !known.contains(&key.as_str()));
    let problems: Vec<String> =
        unknown.map(|key| format!("unknown key `{key}`{}", nearest(key, known.iter().copied()))).collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("; "))) }
}

/// A configuration without some of its keys.
fn without(config: EnvConfig, keys: &[String]) -> EnvConfig {
    keys.iter().fold(config, |config, key| config.unset(key))
}

pub async fn rename(ctx: &Ctx, c1: &Client, connector: &Ref, name: &str, description: Option<&str>) -> Result {
    let what = format!("rename {connector} to `{name}`");
    let change = json!({"name": name, "description": description});
    let Some(_under) = ctx.change(c1.server(), what, change)? else { return Ok(()) };
    let changed = connector.handle(c1).update().display_name(name).description(description).await?;
    ctx.done(&row(&connector.app, &changed))
}

pub async fn delete(ctx: &Ctx, c1: &Client, connectors: &[Ref], yes: bool) -> Result {
    confirmed(yes, ctx.globals.dry_run, "deleting a connector")?;
    let delete = async |connector: &Ref| -> Result<Value> {
        connector.handle(c1).delete().await?;
        Ok(json!({"id": connector.to_string(), "state": "deleted"}))
    };
    ctx.each(c1.server(), "delete", connectors, delete).await
}
