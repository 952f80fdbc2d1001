//! The configuration of connectors: credentials, schedule and filters.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use super::call::{Answered, Call, ok};
use super::problem::Problem;
use super::state::{Connector, OAUTH_APP, World};

/// The whole configuration, with secrets. The secret of an OAuth app is not here but with the app.
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
    world.resting(call.id())?;
    if !call.body["auth"].is_null() {
        // An OAuth app keeps its secret.
        set_auth(world, call)?;
    }
    let connector = set_sections(world, call, &["sync", "filters"])?;
    ok(&json!({"success": true, "config": stored(connector), "message": "configuration saved"}))
}

pub(super) fn put_auth(world: &mut World, call: &Call<'_>) -> Answered {
    if call.body["auth"].is_null() {
        return Err(Problem::validation("auth is required"));
    }
    world.resting(call.id())?;
    change_oauth_app(world, call)?;
    set_auth(world, call)?;
    let connector = world.connector(call.id())?;
    ok(&json!({"success": true, "config": stored(connector), "message": "authentication configuration saved"}))
}

pub(super) fn put_filters_sync(world: &mut World, call: &Call<'_>) -> Answered {
    let filters = &call.body["filters"];
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

/// The configuration as responses to updates contain it.
fn stored(connector: &Connector) -> Value {
    let mut config = connector.value["config"].clone();
    for name in ["credentials", "oauth"] {
        if config[name].is_null() {
            config[name] = Value::Null;
        }
    }
    config
}

/// The client id and secret of an OAuth connector belong to its OAuth app. A request without the app's id would create
/// another app with the same name.
fn change_oauth_app(world: &mut World, call: &Call<'_>) -> Result<(), Problem> {
    let auth = &call.body["auth"];
    if !world.connector(call.id())?.uses_oauth() || (auth["clientId"].is_null() && auth["clientSecret"].is_null()) {
        return Ok(());
    }
    let Some(id) = auth[OAUTH_APP].as_str() else {
        return Err(Problem::new(409, "an OAuth app of this name exists already"));
    };
    let app = world.oauth_apps.get_mut(id).ok_or_else(|| Problem::not_found("OAuth app", id))?;
    for field in ["clientId", "clientSecret"] {
        if !auth[field].is_null() {
            app[field] = auth[field].clone();
        }
    }
    Ok(())
}

/// Merges credentials. An OAuth connector must be authorized again.
fn set_auth(world: &mut World, call: &Call<'_>) -> Result<(), Problem> {
    let mut auth = call.body["auth"].clone();
    let now = world.clock.millis();
    let connector = world.resting(call.id())?;
    if connector.uses_oauth()
        && let Some(fields) = auth.as_object_mut()
    {
        fields.remove("clientSecret");
    }
    merge(&mut connector.value["config"]["auth"], &auth);
    connector.value["isConfigured"] = json!(true);
    connector.value["isAuthenticated"] = json!(false);
    connector.value["updatedAtTimestamp"] = json!(now);
    Ok(())
}

/// Merges objects at the top level: nested objects are replaced.
fn merge(known: &mut Value, new: &Value) {
    if !known.is_object() {
        *known = json!({});
    }
    for (name, value) in new.as_object().into_iter().flatten() {
        known[name] = value.clone();
    }
}

/// Merges the sections of the body.
fn set_sections<'w>(world: &'w mut World, call: &Call<'_>, sections: &[&str]) -> Result<&'w Connector, Problem> {
    let now = world.clock.millis();
    let connector = world.resting(call.id())?;
    for section in sections {
        if !call.body[*section].is_null() {
            merge(&mut connector.value["config"][*section], &call.body[*section]);
        }
    }
    connector.value["updatedAtTimestamp"] = json!(now);
    Ok(connector)
}

/// A map of filters to the options that the source currently has.
pub(super) fn filters(world: &World, call: &Call<'_>) -> Answered {
    let connector = world.connector(call.id())?;
    let kind = connector.text("type");
    let may_ask =
        connector.text("authType") == "API_TOKEN" || connector.uses_oauth() && connector.is("isAuthenticated");
    if !may_ask {
        return Err(Problem::new(400, "the source cannot be asked with these credentials"));
    }
    let mut by_filter = json!({});
    for (filter, options) in world.kind(kind)?["options"].as_object().into_iter().flatten() {
        let options: Vec<Value> = options.as_array().into_iter().flatten().map(option).collect();
        by_filter[filter] = json!(options);
    }
    ok(&json!({"success": true, "filterOptions": by_filter}))
}

/// An option as responses contain it.
fn option(option: &Value) -> Value {
    json!({"id": option["id"], "label": option["label"]})
}

pub(super) fn save_filters(world: &mut World, call: &Call<'_>) -> Answered {
    let filters = &call.body["filters"];
    if !filters.is_object() {
        return Err(Problem::validation("filters is required"));
    }
    let connector = world.free(call.id())?;
    // The server stores them at a place where no sync reads them.
    connector.value["config"]["filters"]["values"] = filters.clone();
    ok(&json!({"success": true, "message": "filters saved"}))
}

/// A page of one filter's options, by number or by the previous page's cursor.
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

/// The index of a cursor.
fn place(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64.decode(cursor).ok()?).ok()?;
    text.strip_prefix("after ")?.parse().ok()
}
