//! Creating, configuring, authorizing and deleting connectors.

use clap::builder::NonEmptyStringValueParser;
use connectors::pipeshub::types::ConnectorSchema;
use connectors::pipeshub::{AuthFields, Client, ConnectorScope, CreateConnector};
use futures_util::TryStreamExt;
use serde_json::{Map, Value, json};

use crate::ctx::{Ctx, Waiting, confirmed, host, planned};
use crate::fail::{Failure, Result};
use crate::near::nearest;
use crate::redact::{is_secret, redacted};
use crate::reference::{Reference, Secrets, json_without_secret, pair, plain_secrets, secret_pair, shown};

use super::arg::scope;
use super::read::{AuthField, auth_fields, auth_ways, check_way, row};

/// Fields to authenticate with, on a command line.
#[derive(clap::Args)]
struct Auth {
    /// A field to authenticate with at the source
    #[arg(long = "set", value_parser = pair, value_name = "KEY=VALUE")]
    values: Vec<(String, String)>,
    /// A secret field: KEY=env:NAME, KEY=file:PATH or KEY=cmd:COMMAND
    #[arg(long = "secret", value_parser = secret_pair, value_name = "KEY=WHERE")]
    secrets: Vec<(String, Reference)>,
}

impl Auth {
    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.secrets.is_empty()
    }

    /// The names of the fields.
    fn names(&self) -> Vec<&str> {
        let names = self.values.iter().map(|(key, _)| key).chain(self.secrets.iter().map(|(key, _)| key));
        names.map(String::as_str).collect()
    }

    /// Refuses fields that a type does not have, by any of its ways to authenticate if none is chosen: the server would
    /// store them. Refuses secrets as plain values, too, and for a new connector missing fields.
    fn check(&self, schema: &ConnectorSchema, way: Option<&str>, is_new: bool) -> Result {
        if self.is_empty() {
            return Ok(());
        }
        let ways = auth_ways(schema).into_iter().filter(|known| way.is_none_or(|way| way == *known));
        let ways: Vec<Vec<AuthField>> = ways.map(|way| auth_fields(schema, way)).collect();
        let fields: Vec<&AuthField> = ways.iter().flatten().collect();
        let is_marked = |key: &str| fields.iter().any(|it| it.name == key && it.secret);
        let is_unmarked = |key: &str| fields.iter().any(|it| it.name == key && !it.secret);
        let plain = self.values.iter().map(|(key, _)| key.as_str());
        plain_secrets(plain.filter(|key| is_marked(key) || (is_secret(key) && !is_unmarked(key))))?;
        let known = || fields.iter().map(|it| it.name.as_str());
        let names = self.names();
        let unknown = names.iter().filter(|name| !fields.is_empty() && !known().any(|it| it == **name));
        let mut problems: Vec<String> =
            unknown.map(|name| format!("unknown key `{name}`{}", nearest(name, known()))).collect();
        // Without a chosen way, the one that needs the fewest other fields is meant.
        let missing = |way: &Vec<AuthField>| -> Vec<String> {
            let missing = way.iter().filter(|it| it.required && !names.contains(&it.name.as_str()));
            missing.map(|it| format!("missing key `{}`", it.name)).collect()
        };
        problems.extend(ways.iter().filter(|_| is_new).map(missing).min_by_key(Vec::len).unwrap_or_default());
        if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("; "))) }
    }

    /// Reads the secrets. A dry run reads none.
    fn read(&self, ctx: &Ctx) -> Result<Secrets> {
        Secrets::read(self.secrets.iter().map(|(_, place)| place).filter(|_| !ctx.globals.dry_run))
    }
}

#[derive(clap::Args)]
pub struct CreateArgs {
    /// The type, as `connectors pipeshub registry` prints it
    #[arg(value_name = "TYPE")]
    connector_type: String,
    /// The display name
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: String,
    /// The scope: team or personal
    #[arg(long, value_parser = scope, default_value = "team")]
    scope: ConnectorScope,
    /// The authentication method, such as API_TOKEN
    #[arg(long)]
    auth_type: Option<String>,
    #[command(flatten)]
    auth: Auth,
    /// When and how it syncs, as JSON
    #[arg(long, value_parser = object, value_name = "JSON")]
    sync: Option<Map<String, Value>>,
    /// What it syncs, as JSON
    #[arg(long, value_parser = object, value_name = "JSON")]
    filters: Option<Map<String, Value>>,
}

#[derive(clap::Args)]
pub struct SetArgs {
    /// The connector's id
    connector: String,
    /// The new name
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    #[command(flatten)]
    auth: Auth,
    /// When and how it syncs, as JSON
    #[arg(long, value_parser = object, value_name = "JSON")]
    sync: Option<Map<String, Value>>,
    /// Whether agents may use it: true or false
    #[arg(long)]
    agent: Option<bool>,
}

#[derive(clap::Args)]
pub struct FiltersArgs {
    /// The connector's id
    connector: String,
    /// The filter whose options to list; without it, the filters that are set are shown
    key: Option<String>,
    /// Only options that match this text, as the service searches
    #[arg(long)]
    search: Option<String>,
    /// The filters to set, as JSON
    #[arg(long, value_parser = object, value_name = "JSON", conflicts_with = "key")]
    set: Option<Map<String, Value>>,
    /// Switch the sync off for the change, and on again after it
    #[arg(long, requires = "set")]
    switch: bool,
}

fn object(text: &str) -> std::result::Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The schema of the type of a new connector.
async fn schema_of(ph: &Client, connector_type: &str, scope: ConnectorScope) -> Result<ConnectorSchema> {
    match ph.connector_schema(connector_type).await {
        Ok(schema) => Ok(schema),
        Err(error) if error.is_not_found() => {
            let types: Vec<_> = ph.registry_of(scope).try_collect().await?;
            let near = nearest(connector_type, types.iter().filter_map(|it| it.connector_type.as_deref()));
            let message =
                format!("there is no type `{connector_type}`{near}: `connectors pipeshub registry` lists them");
            Err(Failure::usage(message))
        }
        Err(error) => Err(Failure::from(error)),
    }
}

pub async fn create(ctx: &Ctx, ph: &Client, args: CreateArgs) -> Result {
    json_without_secret("--sync", args.sync.clone())?;
    json_without_secret("--filters", args.filters.clone())?;
    let schema = schema_of(ph, &args.connector_type, args.scope.clone()).await?;
    if let Some(way) = &args.auth_type {
        check_way(&schema, way)?;
    }
    args.auth.check(&schema, args.auth_type.as_deref(), true)?;
    let secrets = args.auth.read(ctx)?;
    let what = format!("create the {} connector `{}` ({})", args.connector_type, args.name, args.scope);
    let change = json!({
        "type": args.connector_type, "name": args.name, "scope": args.scope, "authType": args.auth_type,
        "auth": shown(&args.auth.values, &args.auth.secrets), "sync": redacted(args.sync.clone()),
        "filters": redacted(args.filters.clone()),
    });
    // An open enum reads any text.
    let auth_type = args.auth_type.and_then(|text| text.parse().ok());
    let mut create: CreateConnector = ph.create(args.connector_type, args.name).scope(args.scope).auth_type(auth_type);
    if let Some(found) = create.find().await? {
        let id = found.handle().id();
        if ctx.globals.dry_run {
            let what = format!("change nothing: {id} has this type, scope and name already");
            return ctx.out.would(&[planned(Some(host(ph.server())), &what, Value::Null)]);
        }
        ctx.out.note(&format!(
            "{id} has this type, scope and name already: nothing was changed; `connectors pipeshub set {id}` changes it"
        ));
        return ctx.out.one(&created(row(id.as_str(), &found), false));
    }
    let Some(_under) = ctx.change(ph.server(), what, change)? else { return Ok(()) };
    for (key, value) in args.auth.values {
        create = create.auth(key, value);
    }
    for (key, place) in args.auth.secrets {
        create = create.secret_auth(key, secrets.get(&place)?);
    }
    let made = create.sync(args.sync).filters(args.filters).find_or_create().await?;
    ctx.done(&created(row(made.handle().id().as_str(), &made), true))
}

fn created(mut row: Value, created: bool) -> Value {
    row["created"] = json!(created);
    row
}

pub async fn set(ctx: &Ctx, ph: &Client, args: SetArgs) -> Result {
    let connector = ph.connector(args.connector.as_str());
    let mut changes = Vec::new();
    changes.extend(args.name.as_ref().map(|name| format!("name `{name}`")));
    changes.extend((!args.auth.is_empty()).then(|| args.auth.names().join(", ")));
    changes.extend(args.sync.as_ref().map(|_| "sync".to_owned()));
    changes.extend(args.agent.map(|on| format!("agent {on}")));
    if changes.is_empty() {
        return Err(Failure::usage("nothing to change: use --name, --set, --secret, --sync or --agent"));
    }
    if !args.auth.is_empty() {
        let data = connector.get().await?;
        let way = data.auth_type.as_ref().map(ToString::to_string);
        let schema = ph.connector_schema(data.connector_type.as_deref().unwrap_or_default()).await?;
        args.auth.check(&schema, way.as_deref(), false)?;
    }
    json_without_secret("--sync", args.sync.clone())?;
    let secrets = args.auth.read(ctx)?;
    let what = format!("change {}: {}", args.connector, changes.join(", "));
    let change = json!({
        "name": args.name, "auth": shown(&args.auth.values, &args.auth.secrets), "sync": redacted(args.sync.clone()),
        "agent": args.agent,
    });
    let Some(_under) = ctx.change(ph.server(), what, change)? else { return Ok(()) };
    let mut auth = AuthFields::new();
    let has_auth = !args.auth.is_empty();
    for (key, value) in args.auth.values {
        auth = auth.field(key, value);
    }
    for (key, secret) in args.auth.secrets {
        auth = auth.secret(key, secrets.get(&secret)?);
    }
    if has_auth || args.sync.is_some() {
        connector.set_config().auth(has_auth.then_some(auth)).sync(args.sync).await?;
        ctx.changed();
    }
    if let Some(name) = args.name {
        connector.rename(name).await?;
        ctx.changed();
    }
    if let Some(on) = args.agent {
        connector.set_agent(on).await?;
    }
    ctx.done(&row(&args.connector, &connector.get().await?))
}

pub async fn auth(ctx: &Ctx, ph: &Client, id: &str, base_url: Option<&str>, redirected: Option<String>) -> Result {
    let connector = ph.connector(id);
    let Some(_under) = ctx.write(ph.server(), format!("authorize {id} at its source"))? else { return Ok(()) };
    let Some(redirected) = redirected else {
        let consent = connector.authorize(base_url).await?;
        let todo = format!(
            "after the redirect, pass the URL of the browser: `connectors pipeshub auth {id} --redirected URL`"
        );
        return ctx.done(&json!({"id": id, "open": consent.url(), "todo": todo}));
    };
    let address = redirected.split_once('#').map_or(redirected.as_str(), |(address, _)| address);
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let part =
        |name| form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name).map(|(_, it)| it.into_owned());
    let (Some(code), Some(state)) = (part("code"), part("state")) else {
        let why = part("error").unwrap_or_else(|| "the URL has no code and no state".to_owned());
        return Err(Failure::usage(format!("it was not authorized: {why}")));
    };
    connector.finish_oauth(&code, &state, base_url).await?;
    ctx.done(&row(id, &connector.get().await?))
}

pub async fn filters(ctx: &Ctx, ph: &Client, args: FiltersArgs) -> Result {
    let connector = ph.connector(args.connector.as_str());
    if let Some(key) = args.key {
        let list = connector.filter_options(key).search(args.search.as_deref()).list();
        let rows: Vec<Value> =
            list.map_ok(|it| json!({"id": it.id.or(it.value), "label": it.label})).try_collect().await?;
        return ctx.out.rows(&["id", "label"], &rows);
    }
    let Some(filters) = args.set else {
        let config = connector.config().await?.config.unwrap_or_default();
        return ctx.out.one(&json!({"id": args.connector, "filters": config.filters}));
    };
    json_without_secret("--set", filters.clone())?;
    let what = format!("set the filters of {}", args.connector);
    let shown = json!({"filters": redacted(filters.clone()), "switch": args.switch});
    let Some(_under) = ctx.change(ph.server(), what, shown)? else { return Ok(()) };
    let mut change = connector.set_sync_filters().filters(filters);
    if args.switch {
        change = change.switch_off_and_on();
    }
    let changed = change.await.map_err(|error| {
        let is_on = !args.switch && (error.is_conflict() || error.is_bad_request());
        let failure = Failure::from(error);
        let message = format!("{}; if its sync is on, switch it off first, or use --switch", failure.message);
        if is_on { Failure { message, ..failure } } else { failure }
    })?;
    ctx.done(&json!({"id": args.connector, "nextSyncIsFull": changed.sync_filters_changed}))
}

pub async fn delete(ctx: &Ctx, ph: &Client, id: &str, yes: bool, wait: Option<Waiting>) -> Result {
    confirmed(yes, ctx.globals.dry_run, "deleting a connector and its records")?;
    let Some(under) = ctx.write(ph.server(), format!("delete {id}"))? else { return Ok(()) };
    let deletion = ph.connector(id).delete().await?;
    ctx.changed();
    drop(under);
    let state = match wait {
        Some(waiting) => {
            let _under = ctx.wait(format!("the deletion of {id}"));
            let bar = ctx.out.progress(&format!("deleting {id}"), None);
            waiting.pace(deletion).wait().await?;
            bar.finish_and_clear();
            "deleted"
        }
        None => "deleting",
    };
    ctx.done(&json!({"id": id, "state": state}))
}
