//! Connector instances: list, create, read, switch, delete.

use serde_json::{Value, json};

use super::call::{Answered, Call, ok, page, search};
use super::problem::Problem;
use super::registry::{auth_type, check_scope_of, whole_schema};
use super::state::{Connector, OAUTH_APP, ORG, USER, World, is_oauth};
use connectors_mock::Answer;

fn select(world: &World, keep: impl Fn(&Connector) -> bool) -> Vec<Value> {
    world.connectors.iter().filter(|connector| keep(connector)).map(Connector::summary).collect()
}

pub(super) fn list(world: &World, call: &Call<'_>) -> Answered {
    let scope = call.scope()?;
    let (active, authenticated) = (call.flag("isActive")?, call.flag("isAuthenticated")?);
    let kind = call.query("connectorType");
    if kind == Some("") {
        return Err(Problem::validation("connectorType must not be empty"));
    }
    let items = select(world, |connector| {
        connector.text("scope") == scope
            && active.is_none_or(|wanted| connector.is("isActive") == wanted)
            && authenticated.is_none_or(|wanted| connector.is("isAuthenticated") == wanted)
            && kind.is_none_or(|wanted| connector.text("type") == wanted)
    });
    let (connectors, pagination) = page(call, search(call, items), false)?;
    ok(&json!({"success": true, "connectors": connectors, "pagination": pagination}))
}

/// The active connectors or the inactive ones, of every scope, on one page.
pub(super) fn by_activity(world: &World, active: bool) -> Answered {
    let connectors = select(world, |connector| connector.is("isActive") == active);
    ok(&json!({"success": true, "connectors": connectors}))
}

/// A list that skips items.
pub(super) fn configured(world: &World, call: &Call<'_>) -> Answered {
    let scope = call.scope()?;
    let items = select(world, |connector| connector.text("scope") == scope && connector.is("isConfigured"));
    let (connectors, pagination) = page(call, search(call, items), true)?;
    let connectors = json!({"connectors": connectors, "pagination": pagination});
    ok(&json!({"success": true, "connectors": connectors}))
}

/// Another list that skips items.
pub(super) fn agents(world: &World, call: &Call<'_>) -> Answered {
    let scope = call.scope()?;
    let items = select(world, |connector| connector.text("scope") == scope && connector.is("isAgentActive"));
    let (connectors, pagination) = page(call, search(call, items), true)?;
    ok(&json!({"success": true, "connectors": connectors, "pagination": pagination}))
}

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Answered {
    let (kind_name, name, scope) = (call.text("connectorType")?, call.text("instanceName")?, call.text("scope")?);
    let kind = world.kind(kind_name)?;
    check_scope_of(kind, scope)?;
    let auth_type = auth_type(kind, call.body["authType"].as_str())?;
    let mut config = json!({});
    for section in ["sync", "filters"] {
        if !call.body["config"][section].is_null() {
            config[section] = call.body["config"][section].clone();
        }
    }
    let auth = &call.body["config"]["auth"];
    if call.is_member() && is_oauth(&auth_type) && auth[OAUTH_APP].is_null() {
        return Err(Problem::new(400, "OAuth App selection is required"));
    }
    // The server does not check whether it is flat and has the fields of its type.
    let is_configured = !auth.is_null();
    if is_configured {
        config["auth"] = stored_auth(auth, &auth_type, kind_name, scope);
    }
    world.check_name(name, kind_name, scope)?;
    let mut connector = json!({
        "name": name,
        "type": kind_name,
        "scope": scope,
        "authType": auth_type,
        // The stored value is true, even if the response has another one.
        "isConfigured": true,
        "isAuthenticated": false,
        "config": config,
    });
    if let Some(base_url) = call.body["baseUrl"].as_str() {
        connector["config"]["baseUrl"] = json!(base_url);
    }
    let id = world.add_connector(connector);
    ok(&json!({
        "success": true,
        "connector": {
            "connectorId": id,
            "connectorType": kind_name,
            "instanceName": name,
            "created": true,
            "scope": scope,
            "createdBy": USER,
            // It is false until the connector was enabled.
            "isAuthenticated": false,
            "isConfigured": is_configured,
        },
        "message": "connector created",
    }))
}

/// The request's fields, and those that the server adds.
pub(super) fn stored_auth(auth: &Value, auth_type: &str, kind: &str, scope: &str) -> Value {
    let mut stored = auth.clone();
    stored["authType"] = json!(auth_type);
    stored["connectorType"] = json!(kind);
    stored["connectorScope"] = json!(scope);
    stored
}

/// A poll, and the only response with `config`, which is the schema of its type.
pub(super) fn get(world: &mut World, call: &Call<'_>) -> Answered {
    let connector = world.poll(call.id())?;
    let (mut shown, kind) = (connector.summary(), connector.text("type").to_owned());
    shown["config"] = whole_schema(world.kind(&kind)?);
    ok(&json!({"success": true, "connector": shown}))
}

pub(super) fn delete(world: &mut World, call: &Call<'_>) -> Answered {
    let polls = world.deletion_polls;
    world.free(call.id())?;
    let fails = world.failing_deletions > 0;
    world.failing_deletions = world.failing_deletions.saturating_sub(1);
    let connector = world.free(call.id())?;
    connector.comes_back = fails.then(|| connector.is("isActive"));
    connector.syncs.stop(&mut connector.value);
    connector.value["status"] = json!("DELETING");
    connector.value["isActive"] = json!(false);
    connector.deleting = Some(polls);
    let body = json!({
        "success": true,
        "message": "the connector is being deleted",
        "connectorId": connector.id,
        "status": "DELETING",
    });
    Ok(Answer::json(202, &body))
}

/// A poll of the indexing, which follows the sync.
pub(super) fn stats(world: &mut World, call: &Call<'_>) -> Answered {
    // The server wraps every other failure like this.
    let connector = world.connector_mut(call.id()).map_err(|_| Problem::new(500, "the statistics cannot be read"))?;
    let (total, states) = connector.syncs.stats();
    let files = json!({"recordType": "FILE", "total": total, "indexingStatus": states});
    let by_type = if total == 0 { Vec::new() } else { vec![files] };
    ok(&json!({
        "success": true,
        "data": {
            "orgId": ORG,
            "connectorId": connector.id,
            "origin": "CONNECTOR",
            "stats": {"total": total, "indexingStatus": states},
            "byRecordType": by_type,
        },
    }))
}

/// Failed records, or those in the requested states.
pub(super) fn reindex(world: &mut World, call: &Call<'_>) -> Answered {
    let filters = &call.body["statusFilters"];
    if !filters.is_null() && !filters.is_array() {
        return Err(Problem::validation("statusFilters must be a list"));
    }
    let everything = filters.as_array().into_iter().flatten().any(|filter| filter == "COMPLETED");
    let polls = world.script.polls_while_indexing;
    let connector = world.active(call.id())?;
    connector.syncs.reindex(everything, polls);
    ok(&json!({
        "success": true,
        "message": "reindexing has begun",
        "connectorId": connector.id,
        "connector": app_name(connector.text("type")),
        "eventPublished": true,
    }))
}

/// The name of a type behind the gateway.
fn app_name(kind: &str) -> String {
    kind.to_lowercase().replace(' ', "")
}

pub(super) fn resync(world: &mut World, call: &Call<'_>) -> Answered {
    let name = call.text("connectorName")?;
    let full = boolean(call, "fullSync")?;
    boolean(call, "force")?;
    if !call.has_scope("connector:read") && !call.has_scope("kb:read") && !call.has_scope("kb:write") {
        // The gateway accepts connector:write. The service behind it does not.
        return Err(Problem::new(500, "the resync failed"));
    }
    let known = world.connector(call.id()).is_ok();
    let not_allowed = || Problem::new(400, "not allowed");
    let connector = if known { world.active(call.id())? } else { return Err(not_allowed()) };
    if connector.text("type") == "Local FS" {
        // A client sends the files of this connector.
        return ok(&json!({"resyncConnectorResponse": {"success": true, "dispatch": "client_managed"}}));
    }
    if name != app_name(connector.text("type")) {
        // The server ignores an unknown name, without an error.
        return ok(&json!({"resyncConnectorResponse": {"success": true}}));
    }
    world.start_sync(call.id(), full)?;
    ok(&json!({"resyncConnectorResponse": {"success": true}}))
}

fn boolean(call: &Call<'_>, name: &str) -> Result<bool, Problem> {
    match &call.body[name] {
        Value::Null => Ok(false),
        Value::Bool(value) => Ok(*value),
        _ => Err(Problem::validation(format!("{name} must be true or false"))),
    }
}

pub(super) fn rename(world: &mut World, call: &Call<'_>) -> Answered {
    let name = call.text("instanceName")?;
    let now = world.clock.millis();
    let known = world.connector(call.id())?;
    // Its own name counts as taken.
    world.check_name(name, known.text("type"), known.text("scope"))?;
    let connector = world.unlocked(call.id())?;
    connector.value["name"] = json!(name);
    connector.value["updatedAtTimestamp"] = json!(now);
    ok(&json!({"success": true, "connector": {"_key": connector.id, "name": name}}))
}

/// Toggles the state. The API cannot set it.
pub(super) fn toggle(world: &mut World, call: &Call<'_>) -> Answered {
    let field = match call.text("type")? {
        "sync" => "isActive",
        "agent" => "isAgentActive",
        _ => return Err(Problem::validation("type must be sync or agent")),
    };
    let full = boolean(call, "fullSync")?;
    let now = world.clock.millis();
    let connector = world.unlocked(call.id())?;
    let on = !connector.is(field);
    if on {
        check_ready(connector, field)?;
    }
    connector.value[field] = json!(on);
    if on {
        connector.value["isAuthenticated"] = json!(true);
    }
    connector.value["updatedAtTimestamp"] = json!(now);
    let what = match (field, on) {
        ("isActive", true) => {
            if connector.deleting.is_none() {
                world.start_sync(call.id(), full)?;
            }
            "sync enabled"
        }
        ("isActive", false) => {
            connector.syncs.stop(&mut connector.value);
            "sync disabled"
        }
        (_, true) => "agent enabled",
        (_, false) => "agent disabled",
    };
    ok(&json!({"success": true, "message": what}))
}

fn check_ready(connector: &Connector, field: &str) -> Result<(), Problem> {
    let supported = if field == "isActive" { "supportsSync" } else { "supportsAgent" };
    let why = if !connector.is("isConfigured") {
        "the connector must be configured first"
    } else if connector.uses_oauth() && !connector.is("isAuthenticated") {
        "the connector must be authenticated first"
    } else if !connector.is(supported) {
        "connectors of this type do not support that"
    } else {
        return Ok(());
    };
    Err(Problem::new(400, why))
}
