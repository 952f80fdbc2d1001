//! What connectors are told: credentials, when to sync, and what to leave out.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use super::connectors::stored_auth;
use super::problem::Problem;
use super::registry::check_auth;
use super::routes::{Answered, Call, ok};
use super::state::{Connector, World};

/// Everything, secrets included: nothing is redacted.
pub(super) fn get(world: &World, call: &Call<'_>) -> Answered {
    let connector = world.connector(call.id())?;
    let mut shown = connector.value.clone();
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|name, _| !["_key", "isAgentActive", "isLocked", "status"].contains(&name.as_str()));
    }
    shown["connector_id"] = json!(connector.id);
    ok(&json!({"success": true, "config": shown}))
}

pub(super) fn put(world: &mut World, call: &Call<'_>) -> Answered {
    let sections: Vec<&str> =
        ["auth", "sync", "filters"].into_iter().filter(|section| !call.body[*section].is_null()).collect();
    if sections.is_empty() {
        return Err(Problem::new(400, "one of auth, sync and filters is required"));
    }
    world.resting(call.id())?;
    if sections.contains(&"auth") {
        set_auth(world, call)?;
    }
    let connector = set_sections(world, call, &["sync", "filters"])?;
    ok(&json!({"success": true, "config": stored(connector), "message": "configuration saved"}))
}

pub(super) fn put_auth(world: &mut World, call: &Call<'_>) -> Answered {
    if call.body["auth"].is_null() {
        return Err(Problem::validation("auth", "auth is required"));
    }
    set_auth(world, call)?;
    let connector = world.connector(call.id())?;
    ok(&json!({"success": true, "config": stored(connector), "message": "authentication configuration saved"}))
}

pub(super) fn put_filters_sync(world: &mut World, call: &Call<'_>) -> Answered {
    let filters = &call.body["filters"];
    if filters.is_null() && call.body["sync"].is_null() {
        return Err(Problem::new(400, "one of sync and filters is required"));
    }
    let connector = world.resting(call.id())?;
    let changed = !filters.is_null() && connector.value["config"]["filters"]["sync"] != filters["sync"];
    let connector = set_sections(world, call, &["sync", "filters"])?;
    ok(&json!({
        "success": true,
        "config": stored(connector),
        "message": "filters and sync configuration saved",
        "syncFiltersChanged": changed,
    }))
}

/// The configuration as updates answer it.
fn stored(connector: &Connector) -> Value {
    let mut config = connector.value["config"].clone();
    for name in ["credentials", "oauth"] {
        if config[name].is_null() {
            config[name] = Value::Null;
        }
    }
    config
}

/// New credentials. Who logs in at a provider has to do it again.
fn set_auth(world: &mut World, call: &Call<'_>) -> Result<(), Problem> {
    let auth = &call.body["auth"];
    let connector = world.resting(call.id())?;
    let text = |field: &str| connector.text(field).to_owned();
    let (kind, auth_type, scope) = (text("type"), text("authType"), text("scope"));
    check_auth(world.kind(&kind)?, &auth_type, auth)?;
    let now = world.clock.millis();
    let connector = world.resting(call.id())?;
    connector.value["config"]["auth"] = stored_auth(auth, &auth_type, &kind, &scope);
    connector.value["isConfigured"] = json!(true);
    connector.value["isAuthenticated"] = json!(!connector.uses_oauth());
    connector.value["updatedAtTimestamp"] = json!(now);
    Ok(())
}

/// Stores those sections of the body that are there.
fn set_sections<'w>(world: &'w mut World, call: &Call<'_>, sections: &[&str]) -> Result<&'w Connector, Problem> {
    let now = world.clock.millis();
    let connector = world.resting(call.id())?;
    for section in sections {
        if !call.body[*section].is_null() {
            connector.value["config"][*section] = call.body[*section].clone();
        }
    }
    connector.value["updatedAtTimestamp"] = json!(now);
    Ok(connector)
}

/// A map of what can be filtered to the options that there are.
pub(super) fn filters(world: &World, call: &Call<'_>) -> Answered {
    let kind = world.connector(call.id())?.text("type");
    let mut by_filter = json!({});
    for (filter, options) in world.kind(kind)?["options"].as_object().into_iter().flatten() {
        let options: Vec<Value> = options.as_array().into_iter().flatten().map(option).collect();
        by_filter[filter] = json!(options);
    }
    ok(&json!({"success": true, "filterOptions": by_filter}))
}

/// An option as answers show it.
fn option(option: &Value) -> Value {
    json!({"id": option["id"], "label": option["label"]})
}

pub(super) fn save_filters(world: &mut World, call: &Call<'_>) -> Answered {
    let filters = &call.body["filters"];
    if !filters.is_object() {
        return Err(Problem::validation("filters", "filters is required"));
    }
    let connector = world.free(call.id())?;
    connector.value["config"]["filters"] = filters.clone();
    ok(&json!({"success": true, "message": "filters saved"}))
}

/// A page of one filter's options, by number or by the cursor of the page before.
pub(super) fn options(world: &World, call: &Call<'_>) -> Answered {
    let page = call.number("page", 1, 1..=usize::MAX)?;
    let limit = call.number("limit", 20, 1..=100)?;
    let start = match call.query("cursor") {
        None | Some("") => (page - 1).saturating_mul(limit),
        Some(cursor) => place(cursor).ok_or_else(|| Problem::new(400, "the cursor is not valid"))?,
    };
    let kind = world.connector(call.id())?.text("type");
    let known = world.kind(kind)?["options"][call.key()].as_array();
    let known = known.ok_or_else(|| Problem::not_found("filter", call.key()))?;
    let term = call.query("search").unwrap_or_default().to_lowercase();
    let (within, without) = (call.queries("contextGroupPath"), call.queries("excludeContextGroupPath"));
    let mut matching = known.iter().filter(|option| {
        let label = option["label"].as_str().unwrap_or_default().to_lowercase();
        let group = option["group"].as_str().unwrap_or_default();
        let is_in = |path: &&str| group == *path || group.strip_prefix(*path).is_some_and(|rest| rest.starts_with('/'));
        label.contains(&term) && (within.is_empty() || within.iter().any(is_in)) && !without.iter().any(is_in)
    });
    let options: Vec<Value> = matching.by_ref().skip(start).take(limit).map(option).collect();
    let has_more = matching.next().is_some();
    let cursor = has_more.then(|| BASE64.encode(format!("after {}", start + limit)));
    ok(&json!({
        "success": true,
        "options": options,
        "page": page,
        "limit": limit,
        "hasMore": has_more,
        "cursor": cursor,
    }))
}

/// The place that a cursor stands for.
fn place(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64.decode(cursor).ok()?).ok()?;
    text.strip_prefix("after ")?.parse().ok()
}
