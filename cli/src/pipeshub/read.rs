//! Types, lists and one connector.

use connectors::pipeshub::types::{self, ConnectorInstanceStatus};
use connectors::pipeshub::{Client, ConnectorScope};
use futures_util::TryStreamExt;
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::fail::{Failure, Result};
use crate::near::nearest;
use crate::out::number;
use crate::redact::is_secret;

/// A row of a list of connectors.
pub fn row(id: &str, data: &types::ConnectorInstance) -> Value {
    let state = match &data.status {
        Some(ConnectorInstanceStatus::Deleting) => "deleting",
        Some(ConnectorInstanceStatus::Syncing | ConnectorInstanceStatus::FullSyncing) => "running",
        _ if data.is_configured == Some(false) => "not-configured",
        _ if data.is_active == Some(true) => "on",
        _ => "off",
    };
    json!({
        "id": id,
        "name": data.instance_name,
        "type": data.connector_type,
        "scope": data.scope,
        "state": state,
        "agent": data.agent_enabled,
        "configured": data.is_configured,
        "authenticated": data.is_authenticated,
        "locked": data.is_locked,
    })
}

/// The number of records in each state.
pub fn by_state(counts: &types::RecordCounts) -> Value {
    let states = counts.indexing_status.iter().flatten();
    let states: Map<String, Value> = states.map(|(state, records)| (state.clone(), number(*records))).collect();
    counts.indexing_status.as_ref().map_or(Value::Null, |_| states.into())
}

/// A field that a type needs to authenticate.
pub struct AuthField {
    pub name: String,
    pub required: bool,
    pub secret: bool,
    pub kind: String,
}

/// The fields of one authentication method, from the type's schema.
pub fn auth_fields(schema: &types::ConnectorSchema, auth_type: &str) -> Vec<AuthField> {
    let schemas = schema.auth.as_ref().and_then(|auth| auth.get("schemas"));
    let fields = schemas.and_then(|all| all.get(auth_type)?.get("fields")?.as_array());
    let field = |field: &Value| {
        let kind = field["fieldType"].as_str().unwrap_or("TEXT");
        let name = field["name"].as_str()?.to_owned();
        let secret = field["isSecret"] == true || kind == "PASSWORD";
        Some(AuthField { required: field["required"] == true, secret, kind: kind.to_lowercase(), name })
    };
    fields.into_iter().flatten().filter_map(field).collect()
}

/// The authentication methods whose fields the type's schema has.
pub fn auth_ways(schema: &types::ConnectorSchema) -> Vec<&str> {
    let ways = schema.auth.as_ref().and_then(|auth| auth.get("schemas")?.as_object());
    ways.into_iter().flatten().map(|(way, _)| way.as_str()).collect()
}

/// Refuses an authentication method that the type does not have. A schema may have no list of them.
pub fn check_way(schema: &types::ConnectorSchema, way: &str) -> Result {
    let listed = schema.auth.as_ref().and_then(|auth| auth.get("supportedAuthTypes")?.as_array());
    let mut known: Vec<&str> = listed.into_iter().flatten().filter_map(Value::as_str).collect();
    known.extend(auth_ways(schema));
    if known.is_empty() || known.contains(&way) {
        return Ok(());
    }
    let near = nearest(way, known.iter().copied());
    known.sort_unstable();
    known.dedup();
    Err(Failure::usage(format!("there is no authentication method `{way}`{near}: the type has {}", known.join(", "))))
}

pub async fn registry(ctx: &Ctx, ph: &Client, scope: ConnectorScope) -> Result {
    let kind = |it: types::ConnectorType| {
        json!({"type": it.connector_type, "name": it.display_name, "group": it.app_group, "auth": it.auth_types,
            "sync": it.supports_sync, "agent": it.supports_agent, "description": it.description})
    };
    let rows: Vec<Value> = ph.registry_of(scope).map_ok(kind).try_collect().await?;
    ctx.out.rows(&["type", "group", "auth", "sync", "agent", "description"], &rows)
}

pub async fn schema(ctx: &Ctx, ph: &Client, name: &str) -> Result {
    let schema = ph.connector_schema(name).await?;
    let mut rows = Vec::new();
    for way in auth_ways(&schema) {
        for it in auth_fields(&schema, way) {
            rows.push(json!({"section": "auth", "way": way, "key": it.name, "kind": it.kind, "required": it.required, "secret": it.secret}));
        }
    }
    for (group, filters) in schema.filters.iter().flatten() {
        for field in filters.pointer("/schema/fields").and_then(Value::as_array).into_iter().flatten() {
            rows.push(json!({"section": "filters", "way": group, "key": field["name"], "kind": field["filterType"],
                "required": field["required"], "secret": false}));
        }
    }
    ctx.out.rows(&["section", "way", "key", "kind", "required", "secret"], &rows)
}

pub async fn list(
    ctx: &Ctx,
    ph: &Client,
    connector_type: Option<String>,
    active: Option<bool>,
    search: Option<&str>,
) -> Result {
    let mut list = ph.all_connectors().active(active).search(search);
    if let Some(name) = connector_type {
        list = list.of_type(name);
    }
    let rows: Vec<Value> = list.list().map_ok(|entry| row(entry.handle().id().as_str(), &entry)).try_collect().await?;
    ctx.out.rows(&["id", "name", "type", "scope", "state", "authenticated"], &rows)
}

pub async fn show(ctx: &Ctx, ph: &Client, id: &str) -> Result {
    let connector = ph.connector(id);
    let data = connector.get().await?;
    let config = connector.config().await?.config.unwrap_or_default();
    let records = connector.stats().await?.stats.unwrap_or_default();
    let secrets: Vec<String> = match &data.connector_type {
        Some(name) => {
            let way = data.auth_type.as_ref().map(ToString::to_string).unwrap_or_default();
            let fields = auth_fields(&ph.connector_schema(name.as_str()).await?, &way);
            fields.into_iter().filter(|field| field.secret).map(|field| field.name).collect()
        }
        None => Vec::new(),
    };
    let hidden = |section: Option<Map<String, Value>>| -> Value {
        let mut section = section.unwrap_or_default();
        for (key, value) in &mut section {
            if secrets.contains(key) || is_secret(key) {
                *value = json!("[redacted]");
            }
        }
        let mut section = Value::Object(section);
        crate::redact::redact(&mut section);
        section
    };
    let mut shown = row(id, &data);
    shown["auth"] = hidden(config.auth);
    shown["sync"] = hidden(config.sync);
    shown["filters"] = hidden(config.filters);
    shown["records"] = by_state(&records);
    shown["total"] = records.total.map_or(Value::Null, number);
    ctx.out.one(&shown)
}
