//! Connectors of PipesHub: reads them, and changes them to match a file.

use std::collections::{BTreeMap, BTreeSet};

use connectors::Entry as Listed;
use connectors::pipeshub::types::{ConnectorInstance, ConnectorInstanceStatus, ConnectorSchema, ConnectorSettings};
use connectors::pipeshub::{AuthFields, Client, Connector, ConnectorScope};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};

use crate::fail::{Failure, Kind, Result};
use crate::near::nearest;
use crate::pipeshub::{AuthField, auth_fields, auth_ways, check_way};
use crate::redact::is_secret;
use crate::reference::{Reference, Secrets};

use super::diff::Diff;
use super::model::{Fields, Item};

/// The number of calls in flight while connectors are read.
const READERS: usize = 8;

/// Fields that the server adds to those that it received.
const NOTED: [&str; 4] = ["authType", "connectorType", "connectorScope", "oauthConfigId"];

/// An existing connector.
#[derive(Clone, Debug)]
pub struct Found {
    pub handle: Connector,
    pub data: ConnectorInstance,
    pub settings: ConnectorSettings,
}

impl Found {
    pub fn id(&self) -> &str {
        self.handle.id().as_str()
    }
}

/// The connectors of the team and of the caller, with their configuration, in a fixed order.
pub async fn list(ph: &Client) -> Result<Vec<Found>> {
    let all: Vec<_> = ph.all_connectors().list().try_collect().await?;
    // A connector that is being deleted cannot be changed.
    let left = all.into_iter().filter(|entry| entry.status != Some(ConnectorInstanceStatus::Deleting));
    let read = stream::iter(left.map(with_settings));
    let mut found: Vec<Found> = read.buffered(READERS).try_collect().await?;
    found.sort_by(|a, b| a.id().cmp(b.id()));
    Ok(found)
}

/// A connector with its configuration.
async fn with_settings(entry: Listed<Connector, ConnectorInstance>) -> Result<Found> {
    let (handle, data) = entry.into_parts();
    let settings = handle.config().await?.config.unwrap_or_default();
    Ok(Found { handle, data, settings })
}

/// The fields of a connector.
pub fn fields(found: &Found) -> Fields {
    let data = &found.data;
    let mut fields = Fields::default();
    fields.set_text("type", data.connector_type.as_deref());
    fields.set_text("name", data.instance_name.as_deref());
    fields.set_text("scope", data.scope.as_ref().map(ToString::to_string).as_deref());
    fields.set_text("auth_type", data.auth_type.as_ref().map(ToString::to_string).as_deref());
    fields.set("", "sync", json!(data.is_active == Some(true)));
    fields.set("", "agent", json!(data.agent_enabled == Some(true)));
    let settings = &found.settings;
    for (section, values) in [("auth", &settings.auth), ("sync_config", &settings.sync), ("filters", &settings.filters)]
    {
        for (key, value) in values.iter().flatten().filter(|(_, value)| !value.is_null()) {
            if section != "auth" || !NOTED.contains(&key.as_str()) {
                fields.set(section, key, without_null(value));
            }
        }
    }
    fields
}

/// TOML has no null. A null member means the same as an absent one.
fn without_null(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().filter(|(_, it)| !it.is_null()).map(|(key, it)| (key.clone(), without_null(it))).collect()
        }
        Value::Array(items) => items.iter().filter(|it| !it.is_null()).map(without_null).collect(),
        other => other.clone(),
    }
}

/// The schemas of types, each read once.
pub async fn schemas(ph: &Client, types: BTreeSet<String>) -> Result<BTreeMap<String, ConnectorSchema>> {
    let read = stream::iter(types.into_iter().map(|name| async move {
        match ph.connector_schema(name.as_str()).await {
            Ok(schema) => Ok(Some((name, schema))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(Failure::from(error)),
        }
    }));
    let read: Vec<_> = read.buffered(READERS).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// The wanted fields, with the type, the scope and the authentication method of the existing connector where the file
/// does not have them.
pub fn completed(wanted: &Fields, now: &Fields) -> Fields {
    let mut fields = wanted.clone();
    for key in ["type", "scope", "auth_type"] {
        if fields.get("", key).is_none() {
            fields.set_text(key, now.text(key));
        }
    }
    fields
}

/// The fields of each authentication method that a connector may use: of its own, or without one of all.
fn ways(schema: &ConnectorSchema, fields: &Fields) -> Vec<Vec<AuthField>> {
    let own = fields.text("auth_type");
    auth_ways(schema)
        .into_iter()
        .filter(|way| own.is_none_or(|own| own == *way))
        .map(|it| auth_fields(schema, it))
        .collect()
}

/// The keys of `auth` whose values are secrets: those that the schema marks, and those whose names suggest it.
pub fn secret_keys(schema: Option<&ConnectorSchema>, fields: &Fields) -> BTreeSet<String> {
    let called = fields.section("auth").map(|(key, _)| key).filter(|key| is_secret(key)).map(str::to_owned);
    let ways = schema.map(|schema| ways(schema, fields)).unwrap_or_default();
    let marked = ways.into_iter().flatten().filter(|it| it.secret).map(|it| it.name);
    // Without a method, the keys that the connector does not have may belong to another one.
    let has_way = fields.text("auth_type").is_some();
    marked.filter(|key| has_way || fields.get("auth", key).is_some()).chain(called).collect()
}

/// Checks the keys of `auth`, and for a new connector its authentication method.
pub fn check(fields: &Fields, schema: &ConnectorSchema, is_new: bool) -> Result {
    let way = fields.text("auth_type");
    if let Some(way) = way.filter(|_| is_new) {
        check_way(schema, way)?;
    }
    let ways = ways(schema, fields);
    let known: Vec<&AuthField> = ways.iter().flatten().collect();
    let is_marked = |key: &str| known.iter().any(|it| it.name == key && it.secret);
    let is_unmarked = |key: &str| known.iter().any(|it| it.name == key && !it.secret);
    let plain = |(key, item): &(&str, &Item)| {
        matches!(item, Item::Value(_)) && (is_marked(key) || (is_secret(key) && !is_unmarked(key)))
    };
    if let Some((key, _)) = fields.section("auth").find(plain) {
        let message = format!("auth.{key} is a secret: write {{ secret = \"env:NAME\" }}, file: or cmd: instead of it");
        return Err(Failure::usage(message));
    }
    if known.is_empty() {
        return Ok(());
    }
    let names = || known.iter().map(|it| it.name.as_str());
    let mut problems: Vec<String> = Vec::new();
    for (key, _) in fields.section("auth").filter(|(key, _)| !names().any(|known| known == *key)) {
        problems.push(format!("unknown key `auth.{key}`{}", nearest(key, names())));
    }
    // Without a method, the one that needs the fewest other keys is meant. A connector may get its keys later.
    let is_whole = is_new && (way.is_some() || fields.section("auth").next().is_some());
    let missing = |way: &Vec<AuthField>| -> Vec<String> {
        let missing = way.iter().filter(|it| it.required && fields.get("auth", &it.name).is_none());
        missing.map(|it| format!("missing key `auth.{}`", it.name)).collect()
    };
    problems.extend(ways.iter().filter(|_| is_whole).map(missing).min_by_key(Vec::len).unwrap_or_default());
    if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("; "))) }
}

/// A scope by its name.
pub fn scope(fields: &Fields) -> ConnectorScope {
    if fields.text("scope") == Some("personal") { ConnectorScope::Personal } else { ConnectorScope::Team }
}

/// Whether a change sends a section.
fn sends(section: &str, fields: &Fields, diff: &Diff, resend: bool) -> bool {
    let has_secret = section == "auth" && fields.section(section).any(|(_, item)| item.secret().is_some());
    diff.touches(section) || (resend && has_secret)
}

/// The secrets that a change, or without one a creation, sends.
pub fn sent<'a>(fields: &'a Fields, diff: Option<&Diff>, resend: bool) -> Vec<&'a Reference> {
    let sections = ["auth", "sync_config", "filters"];
    let sent = sections.into_iter().filter(|it| diff.is_none_or(|diff| sends(it, fields, diff, resend)));
    sent.flat_map(|section| fields.section(section).filter_map(|(_, item)| item.secret())).collect()
}

/// The changed credentials, with all secrets.
fn auth(fields: &Fields, diff: &Diff, secrets: &Secrets) -> Result<AuthFields> {
    let mut auth = AuthFields::new();
    for (key, item) in fields.section("auth") {
        let is_changed = diff.changes.iter().any(|it| it.name.section == "auth" && it.name.key == key);
        auth = match item {
            Item::Secret(reference) => auth.secret(key, secrets.get(reference)?),
            Item::Value(value) if is_changed => auth.field(key, value.clone()),
            Item::Value(_) => auth,
        };
    }
    Ok(auth)
}

/// A section in the service's form.
fn section(fields: &Fields, name: &str, secrets: &Secrets) -> Result<Option<Map<String, Value>>> {
    let value = |item: &Item| match item {
        Item::Value(value) => Ok(value.clone()),
        Item::Secret(reference) => secrets.get(reference).map(Value::from),
    };
    let members = fields.section(name).map(|(key, item)| Ok((key.to_owned(), value(item)?)));
    let members = members.collect::<Result<Map<String, Value>>>()?;
    Ok((!members.is_empty()).then_some(members))
}

/// Creates a connector once: the service allows only one with the same type, scope and name.
pub async fn create(ph: &Client, fields: &Fields, secrets: &Secrets) -> Result<Found> {
    let (Some(kind), Some(name)) = (fields.text("type"), fields.text("name")) else {
        return Err(Failure::usage("a connector to create needs `type` and `name`"));
    };
    let mut create = ph.create(kind, name).scope(scope(fields));
    // An open enum reads any text.
    create = create.auth_type(fields.text("auth_type").and_then(|it| it.parse().ok()));
    for (key, item) in fields.section("auth") {
        create = match item {
            Item::Secret(reference) => create.secret_auth(key, secrets.get(reference)?),
            Item::Value(value) => create.auth(key, value.clone()),
        };
    }
    let create = create.sync(section(fields, "sync_config", secrets)?).filters(section(fields, "filters", secrets)?);
    let entry = create.find_or_create().await?;
    with_settings(entry).await
}

/// Applies the changes of a comparison.
pub async fn change(found: &Found, fields: &Fields, diff: &Diff, resend: bool, secrets: &Secrets) -> Result {
    let connector = &found.handle;
    if let Some(fixed) = ["type", "scope", "auth_type"].into_iter().find(|key| diff.has(key)) {
        let message = format!("{fixed} cannot be changed: delete the connector and create another");
        return Err(Failure::new(Kind::Conflict, message));
    }
    let [of_auth, of_sync, of_filters] =
        ["auth", "sync_config", "filters"].map(|section| sends(section, fields, diff, resend));
    let wanted = fields.get("", "sync").map(Item::is_true);
    let is_on = found.data.is_active == Some(true);
    let is_switched = (of_auth || of_sync || of_filters) && is_on;
    // If the file does not contain `sync`, a later run would not switch it on again after a kill.
    if is_switched && wanted.is_none() {
        let message = "its sync is on, and must be off for this change: add `sync = true` to the file";
        return Err(Failure::new(Kind::Conflict, message));
    }
    if diff.has("name") {
        connector.rename(fields.text("name").unwrap_or_default()).await?;
    }
    let auth = if of_auth { Some(auth(fields, diff, secrets)?) } else { None };
    if is_switched {
        connector.set_sync(false).await?;
    }
    if of_auth || of_sync {
        let sync = if of_sync { section(fields, "sync_config", secrets)? } else { None };
        connector.set_config().auth(auth).sync(sync).await?;
    }
    if of_filters {
        connector.set_sync_filters().filters(section(fields, "filters", secrets)?).await?;
    }
    if let Some(on) = wanted.filter(|_| is_switched || diff.has("sync")) {
        connector.set_sync(on).await?;
    }
    if diff.has("agent") {
        connector.set_agent(fields.get("", "agent").is_some_and(Item::is_true)).await?;
    }
    Ok(())
}
