//! Apps, lists, one connector, and the keys of the catalog.

use std::num::NonZeroUsize;

use connectors::c1::types::{self, SyncStatus};
use connectors::c1::{Client, ConfigValue, EnvConfig};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::fail::Result;
use crate::redact::redact;

use super::arg::Ref;

/// The text, unless the service wrote an unset field.
fn set(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// The state of a connector.
pub fn state(connector: &types::Connector) -> String {
    let status = connector.status.as_ref();
    let paused = set(connector.sync_disabled_at.as_deref()).is_some();
    match status.and_then(|status| status.status.as_ref()) {
        _ if set(connector.deleted_at.as_deref()).is_some() => "deleted".to_owned(),
        Some(SyncStatus::Unknown(name)) if name.ends_with("ERRORED_NO_DATA") => "held-back".to_owned(),
        Some(SyncStatus::Disabled) => "paused".to_owned(),
        _ if paused => "paused".to_owned(),
        Some(SyncStatus::Running) => "running".to_owned(),
        Some(SyncStatus::Error) => "failed".to_owned(),
        Some(SyncStatus::Done) => "done".to_owned(),
        Some(SyncStatus::Unknown(name)) => name.clone(),
        _ => "never-synced".to_owned(),
    }
}

/// A row of a list of connectors.
pub fn row(app: &str, connector: &types::Connector) -> Value {
    let status = connector.status.as_ref();
    let last = |of: fn(&types::ConnectorStatus) -> Option<&str>| status.and_then(|status| set(of(status)));
    json!({
        "id": format!("{app}/{}", connector.id.as_deref().unwrap_or_default()),
        "name": set(connector.display_name.as_deref()),
        "catalog": set(connector.catalog_id.as_deref()),
        "state": state(connector),
        "completedAt": last(|it| it.completed_at.as_deref()),
        "error": last(|it| it.last_error.as_deref()),
    })
}

pub async fn apps(ctx: &Ctx, c1: &Client) -> Result {
    let app = |app: &types::App| {
        json!({
            "id": app.id,
            "name": set(app.display_name.as_deref()),
            "description": set(app.description.as_deref()),
            "users": app.user_count.as_deref().and_then(|count| count.parse::<u64>().ok()),
        })
    };
    let rows: Vec<Value> = c1.apps().map_ok(|entry| app(&entry)).try_collect().await?;
    ctx.out.rows(&["id", "name", "users", "description"], &rows)
}

pub async fn list(ctx: &Ctx, c1: &Client, app: Option<String>) -> Result {
    let mut rows: Vec<Value> = match &app {
        Some(app) => c1.app(app.as_str()).connectors().map_ok(|entry| row(app, &entry)).try_collect().await?,
        None => {
            let all = c1.inventory(NonZeroUsize::MIN.saturating_add(7));
            all.map_ok(|it| row(it.app.handle().id().as_str(), &it.connector)).try_collect().await?
        }
    };
    rows.sort_by_key(|row| row["id"].to_string());
    ctx.out.rows(&["id", "name", "state", "completedAt", "error"], &rows)
}

pub async fn show(ctx: &Ctx, c1: &Client, connector: &Ref) -> Result {
    let handle = connector.handle(c1);
    let data = handle.get().await?;
    let users: Vec<_> = handle.owners().users().try_collect().await?;
    let entitlements: Vec<_> = handle.owners().entitlements().try_collect().await?;
    let mut shown = row(&connector.app, &data);
    let owner = |role: Option<&str>, subject: String| format!("{subject} ({})", role.unwrap_or_default());
    let mut owners: Vec<String> = users
        .iter()
        .map(|it| owner(it.role_slug.as_deref(), it.user.as_ref().and_then(|user| user.id.clone()).unwrap_or_default()))
        .collect();
    owners.extend(entitlements.iter().filter_map(|it| {
        let of = it.app_entitlement.as_ref()?;
        let ids = (of.app_id.as_deref().unwrap_or_default(), of.id.as_deref().unwrap_or_default());
        Some(owner(it.role_slug.as_deref(), format!("{}/{}", ids.0, ids.1)))
    }));
    let schedule = data.connector_sync_cron_schedule.as_ref();
    let cron = schedule.and_then(|it| set(it.cron_spec.as_deref()));
    let fields =
        [
            ("description", json!(set(data.description.as_deref()))),
            ("config", data.config.as_ref().map_or(Value::Null, config)),
            ("owners", json!(owners)),
            ("users", json!(data.user_ids)),
            (
                "schedule",
                json!(cron.map(|cron| format!(
                    "{cron} {}",
                    schedule.and_then(|it| it.timezone.as_deref()).unwrap_or_default()
                ))),
            ),
            ("createdAt", json!(set(data.created_at.as_deref()))),
            ("pausedBecause", json!(set(data.sync_disabled_reason.as_deref()))),
        ];
    for (name, value) in fields {
        shown[name] = value;
    }
    ctx.out.one(&shown)
}

/// The values in a configuration that was read. Secrets are not returned.
fn config(message: &types::AnyMessage) -> Value {
    let config = EnvConfig::from(message);
    let value = |key: &str| match config.get(key) {
        Some(ConfigValue::Text(text)) => json!(text),
        Some(ConfigValue::Map(pairs)) => {
            pairs.into_iter().collect::<std::collections::BTreeMap<_, _>>().into_iter().collect()
        }
        Some(ConfigValue::Unknown(value)) => value,
        _ => Value::Null,
    };
    let mut shown: Value = config.keys().map(|key| (key.to_owned(), value(key))).collect();
    redact(&mut shown);
    shown
}

pub async fn schema(ctx: &Ctx, c1: &Client, app: &str, catalog: &str) -> Result {
    let schema = c1.app(app).configuration_schema(catalog).await?;
    let group = |name: &str| {
        let has = |group: &&types::FieldGroup| group.field_names.iter().flatten().any(|it| it == name);
        schema.field_groups.iter().flatten().find(has).and_then(|group| group.name.clone())
    };
    let field = |field: &types::Field| {
        let name = field.name.as_deref().unwrap_or_default();
        json!({
            "key": name,
            "name": set(field.display_name.as_deref()),
            "kind": kind(field),
            "secret": field.is_secret(),
            "required": field.is_required(),
            "group": group(name),
        })
    };
    let rows: Vec<Value> = schema.fields.iter().flatten().map(field).collect();
    ctx.out.rows(&["key", "kind", "required", "secret", "group", "name"], &rows)
}

fn kind(field: &types::Field) -> &'static str {
    match field {
        it if it.checkbox.is_some() => "boolean",
        it if it.str_list.is_some() => "list",
        it if it.key_value.is_some() || it.string_map.is_some() => "map",
        it if it.select.is_some() || it.options.is_some() => "choice",
        it if it.oauth2.is_some() => "oauth2",
        _ => "text",
    }
}
