//! Connectors of C1: reads them, and changes them to match a file.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::time::Duration;

use connectors::Entry as Listed;
use connectors::c1::{
    Client, ConfigValue, Connector, CreateConnector, EntitlementRef, EnvConfig, Schedule, Snapshot, types,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};

use crate::c1::entitlement;
use crate::fail::{Failure, Kind, Result};
use crate::redact::{holds_secret, is_secret};
use crate::reference::{Reference, Secrets};

use super::diff::Diff;
use super::journal::Journal;
use super::model::{Fields, Item};

/// The number of calls in flight while connectors are read.
const READERS: usize = 8;

/// The number of times that a creation is sent if its request is lost each time.
const ATTEMPTS: usize = 3;

/// An existing connector.
#[derive(Clone, Debug)]
pub struct Found {
    pub handle: Connector,
    pub data: types::Connector,
}

impl Found {
    pub fn id(&self) -> &str {
        self.handle.id().as_str()
    }

    pub fn app(&self) -> &str {
        self.handle.app_id().as_str()
    }
}

impl From<Listed<Connector, types::Connector>> for Found {
    fn from(entry: Listed<Connector, types::Connector>) -> Self {
        let (handle, data) = entry.into_parts();
        Self { handle, data }
    }
}

/// The connectors of some apps, or of all of them, in a fixed order.
pub async fn list(c1: &Client, apps: Option<&BTreeSet<String>>) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = match apps {
        Some(apps) => {
            let lists = stream::iter(apps.iter().map(|app| c1.app(app.as_str()).connectors().try_collect::<Vec<_>>()));
            let lists: Vec<Vec<_>> = lists.buffered(READERS).try_collect().await?;
            lists.into_iter().flatten().map(Found::from).collect()
        }
        None => {
            let all = c1.inventory(NonZeroUsize::MIN.saturating_add(READERS - 1));
            all.map_ok(|it| it.connector.into()).try_collect().await?
        }
    };
    found.sort_by(|a, b| (a.app(), a.id()).cmp(&(b.app(), b.id())));
    Ok(found)
}

/// The description of a connector until its creation is complete.
pub fn marker(key: &str) -> String {
    format!("being created by `connectors apply` as {key}")
}

/// The fields of a connector, without its owners.
pub fn fields(found: &Found) -> Fields {
    let data = &found.data;
    let mut fields = Fields::default();
    fields.set("", "app", json!(found.app()));
    fields.set_text("catalog", data.catalog_id.as_deref());
    fields.set_text("name", data.display_name.as_deref());
    fields.set_text("description", data.description.as_deref());
    if let Some(users) = data.user_ids.as_ref().filter(|users| !users.is_empty()) {
        fields.set("", "users", sorted(users.iter().map(String::as_str)));
    }
    fields.set("", "paused", json!(is_paused(data)));
    if let Some(schedule) = &data.connector_sync_cron_schedule {
        for (key, text) in [("cron", &schedule.cron_spec), ("timezone", &schedule.timezone)] {
            if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
                fields.set("schedule", key, json!(text));
            }
        }
    }
    if let Some(message) = &data.config {
        let config = EnvConfig::from(message);
        fields.set("", "config", json!({}));
        for key in config.keys() {
            if let Some(value) = sayable(&config, key) {
                fields.set("config", key, value);
            }
        }
    }
    fields
}

/// A configuration value that a file can express: a text, or a map without secrets.
fn sayable(config: &EnvConfig, key: &str) -> Option<Value> {
    match config.get(key)? {
        ConfigValue::Text(text) => Some(json!(text)),
        ConfigValue::Map(pairs) => {
            let count = pairs.len();
            let map: Map<String, Value> = pairs.into_iter().map(|(key, value)| (key, json!(value))).collect();
            // A map with a repeated key would lose a value.
            let is_whole = map.len() == count;
            Some(Value::Object(map)).filter(|map| is_whole && !holds_secret(map))
        }
        _ => None,
    }
}

/// The configuration keys that a file cannot express. They are not changed.
pub fn unsayable(data: &types::Connector) -> Vec<String> {
    let config = data.config.as_ref().map(EnvConfig::from).unwrap_or_default();
    config.keys().filter(|key| sayable(&config, key).is_none()).map(str::to_owned).collect()
}

fn is_paused(data: &types::Connector) -> bool {
    data.sync_disabled_at.as_deref().is_some_and(|at| !at.is_empty()) || crate::c1::state(data) == "paused"
}

fn sorted<'a>(words: impl Iterator<Item = &'a str>) -> Value {
    json!(words.collect::<BTreeSet<_>>())
}

/// A file's fields in the service's form.
pub fn normal(fields: &Fields) -> Fields {
    let mut normal = fields.clone();
    for (name, item) in &mut normal.0 {
        let Item::Value(value) = item else { continue };
        match (name.section.as_str(), name.key.as_str(), &value) {
            ("config", _, Value::Object(members)) => {
                *value = members.iter().map(|(key, it)| (key.clone(), json!(text(it)))).collect();
            }
            ("config", ..) => *value = json!(text(value)),
            ("", "users", Value::Array(items)) | ("owners", _, Value::Array(items)) => {
                *value = sorted(items.iter().filter_map(Value::as_str));
            }
            _ => {}
        }
    }
    normal
}

/// A value in C1's form: everything is text, and lists are joined by commas.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Adds the owners to a connector's fields, in the section `owners` by role.
pub async fn owners(connector: &Connector, fields: &mut Fields) -> Result {
    let mut roles: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let users: Vec<_> = connector.owners().users().try_collect().await?;
    for it in users {
        if let (Some(role), Some(id)) = (it.role_slug, it.user.and_then(|user| user.id)) {
            roles.entry(role).or_default().insert(id);
        }
    }
    let entitlements: Vec<_> = connector.owners().entitlements().try_collect().await?;
    for it in entitlements {
        if let (Some(role), Some(of)) = (it.role_slug, it.app_entitlement) {
            let owner = format!("{}/{}", of.app_id.unwrap_or_default(), of.id.unwrap_or_default());
            roles.entry(role).or_default().insert(owner);
        }
    }
    for (role, owners) in roles {
        fields.set("owners", &role, json!(owners));
    }
    Ok(())
}

/// The schemas of catalog entries, each read once.
pub async fn schemas(c1: &Client, wanted: BTreeSet<(String, String)>) -> Result<BTreeMap<String, types::ConfigSchema>> {
    // One app is enough for each catalog entry.
    let by_catalog: BTreeMap<String, String> = wanted.into_iter().map(|(app, catalog)| (catalog, app)).collect();
    let read = stream::iter(by_catalog.into_iter().map(|(catalog, app)| async move {
        match c1.app(app.as_str()).configuration_schema(catalog.as_str()).await {
            Ok(schema) => Ok(Some((catalog, schema))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(Failure::from(error)),
        }
    }));
    let read: Vec<_> = read.buffered(READERS).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// The keys that a schema marks as secrets.
fn marked(schema: &types::ConfigSchema) -> BTreeSet<String> {
    schema.fields.iter().flatten().filter(|it| it.is_secret()).filter_map(|it| it.name.clone()).collect()
}

/// The keys whose values are secrets: those that the schema marks, and those whose names suggest it.
pub fn secret_keys(schema: Option<&types::ConfigSchema>, fields: &Fields) -> BTreeSet<String> {
    let called = fields.section("config").map(|(key, _)| key).filter(|key| is_secret(key)).map(str::to_owned);
    schema.map(marked).unwrap_or_default().into_iter().chain(called).collect()
}

/// Checks the form of the owners.
pub fn check_owners(fields: &Fields) -> Result {
    let is_list =
        |item: &Item| matches!(item, Item::Value(Value::Array(owners)) if owners.iter().all(Value::is_string));
    match fields.section("owners").find(|(_, item)| !is_list(item)) {
        Some((role, _)) => Err(Failure::usage(format!("owners.{role} is not a list of texts"))),
        None => Ok(()),
    }
}

/// The secrets that a change, or without one a creation, sends.
pub fn sent<'a>(fields: &'a Fields, diff: Option<&Diff>, resend: bool) -> Vec<&'a Reference> {
    let is_sent = diff.is_none_or(|diff| sends_config(fields, diff, resend));
    let secrets = fields.section("config").filter_map(|(_, item)| item.secret());
    secrets.filter(|_| is_sent).collect()
}

/// Whether a change sends the configuration, which it then replaces as a whole.
fn sends_config(fields: &Fields, diff: &Diff, resend: bool) -> bool {
    diff.touches("config") || diff.has("config") || (resend && fields.section("config").next().is_some())
}

/// Checks the keys of a configuration.
pub fn check(fields: &Fields, schema: &types::ConfigSchema) -> Result {
    let secrets = marked(schema);
    let mut config = EnvConfig::new();
    for (key, item) in fields.section("config") {
        match item {
            Item::Value(_) if secrets.contains(key) => {
                let message =
                    format!("config.{key} is a secret: write {{ secret = \"env:NAME\" }}, file: or cmd: instead of it");
                return Err(Failure::usage(message));
            }
            // It is set, whatever its value is.
            Item::Secret(_) => config = config.text(key, "set"),
            Item::Value(value) => config = config.text(key, text(value)),
        }
    }
    Ok(config.validate(schema)?)
}

/// A configuration with a file's values, on top of the stored values that a file cannot express.
fn config(fields: &Fields, stored: Option<&types::AnyMessage>, secrets: &Secrets) -> Result<EnvConfig> {
    let stored = stored.map(EnvConfig::from).unwrap_or_default();
    let known: Vec<String> = stored.keys().map(str::to_owned).collect();
    let gone: Vec<&String> = known.iter().filter(|key| sayable(&stored, key).is_some()).collect();
    let mut config = gone.into_iter().fold(stored.clone(), |config, key| config.unset(key));
    for (key, item) in fields.section("config") {
        config = match item {
            Item::Secret(reference) => config.secret(key, secrets.get(reference)?),
            Item::Value(Value::Object(members)) => config.map(key, members.iter().map(|(key, it)| (key, text(it)))),
            Item::Value(value) => config.text(key, text(value)),
        };
    }
    Ok(config)
}

/// The state that creations share.
pub struct Making<'a> {
    pub c1: &'a Client,
    pub journal: &'a Journal,
    pub secrets: &'a Secrets,
    /// The connectors of each app before the run.
    pub before: &'a BTreeMap<String, Snapshot>,
    pub in_flight: Duration,
}

impl Making<'_> {
    /// Creates a connector once, under its marker. The changes after it set the name.
    pub async fn create(&self, key: &str, fields: &Fields) -> Result<Found> {
        let (Some(app), Some(catalog)) = (fields.text("app"), fields.text("catalog")) else {
            return Err(Failure::usage("a connector to create needs `app` and `catalog`"));
        };
        let hosted = fields.get("", "config").is_some() || fields.section("config").next().is_some();
        let config = if hosted { Some(config(fields, None, self.secrets)?) } else { None };
        let marker = marker(key);
        let create = self.c1.app(app).create_connector(catalog).config(config).description(marker.as_str());
        let create = create.in_flight(self.in_flight);
        let before = self.before.get(app).ok_or_else(|| Failure::usage(format!("the app {app} was not read")))?;
        self.journal.begin(key)?;
        let created = self.once(&create, before).await;
        // After any other failure no request is in flight.
        if !created.as_ref().is_err_and(|failure| failure.kind == Kind::Unknown) {
            self.journal.end(key)?;
        }
        created
    }

    /// Creates it. If the response is lost, finds the created connector, or makes sure that there is none and creates
    /// it again.
    async fn once(&self, create: &CreateConnector, before: &Snapshot) -> Result<Found> {
        for _ in 0..ATTEMPTS {
            match create.clone().await {
                Err(error) if error.may_have_happened() => {
                    // Until the search is complete, the connector may exist.
                    let found = create.find(before).await.map_err(|failure| {
                        let lost = Failure::from(error).message;
                        Failure::new(Kind::Unknown, format!("{lost}; the search for it failed: {failure}"))
                    })?;
                    if let Some(found) = found {
                        return Ok(found.into());
                    }
                }
                other => return Ok(other?.into()),
            }
        }
        Err(Failure::new(Kind::Timeout, format!("it could not be created: {ATTEMPTS} requests were lost")))
    }
}

/// Applies the changes of a comparison.
pub async fn change(found: &Found, fields: &Fields, diff: &Diff, resend: bool, secrets: &Secrets) -> Result {
    let connector = &found.handle;
    if diff.has("catalog") || diff.has("app") {
        return Err(Failure::new(
            Kind::Conflict,
            "app and catalog cannot be changed: delete the connector and create another",
        ));
    }
    let mut update = connector.update();
    let mut is_update = false;
    if diff.has("name") {
        (update, is_update) = (update.display_name(fields.text("name")), true);
    }
    if diff.has("description") {
        (update, is_update) = (update.description(fields.text("description").unwrap_or_default()), true);
    }
    if diff.has("users") {
        let users = match fields.get("", "users") {
            Some(Item::Value(Value::Array(users))) => {
                users.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        (update, is_update) = (update.users(users), true);
    }
    if sends_config(fields, diff, resend) {
        (update, is_update) = (update.config(config(fields, found.data.config.as_ref(), secrets)?), true);
    }
    if is_update {
        update.await?;
    }
    if diff.touches("schedule") {
        let part = |key: &str| fields.get("schedule", key).and_then(Item::text).unwrap_or_default().to_owned();
        let timezone = Some(part("timezone")).filter(|it| !it.is_empty()).unwrap_or_else(|| "UTC".to_owned());
        connector.schedule(Schedule::new(part("cron"), timezone)).await?;
    }
    for (role, item) in fields
        .section("owners")
        .filter(|(role, _)| diff.changes.iter().any(|it| it.name.section == "owners" && it.name.key == *role))
    {
        let Item::Value(Value::Array(owners)) = item else {
            return Err(Failure::usage(format!("owners.{role} is not a list")));
        };
        let owners: Vec<&str> = owners.iter().filter_map(Value::as_str).collect();
        let entitlements: Vec<EntitlementRef> = owners.iter().filter_map(|it| entitlement(it)).collect();
        connector.owners().role(role).set(owners.into_iter().filter(|it| !it.contains('/')), &entitlements).await?;
    }
    if diff.has("paused") {
        if fields.get("", "paused").is_some_and(Item::is_true) {
            connector.pause().await?;
        } else if by_c1(&found.data) {
            let message = "C1 itself has paused it, and only a person may resume it: see `connectors c1 sync`";
            return Err(Failure::new(Kind::Findings, message));
        } else {
            connector.resume().await?;
        }
    }
    Ok(())
}

/// Whether C1 itself has paused it, and not a person.
fn by_c1(data: &types::Connector) -> bool {
    data.sync_disabled_category.as_deref().is_some_and(|it| !it.is_empty() && !it.eq_ignore_ascii_case("user"))
}
