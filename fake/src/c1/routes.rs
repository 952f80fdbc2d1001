//! The operations.

use serde_json::{Value, json};

use super::call::{Answered, Call};
use super::owners;
use super::problem::Problem;
use super::state::{Connector, World};
use super::sync;

/// Processes a call. The response contains only fields that are set.
pub(super) fn handle(world: &mut World, call: &Call<'_>) -> Answered {
    let mut words = call.operation.rsplit('.');
    let (operation, service) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match (service, operation) {
        ("Apps", "List") => list_apps(world, call),
        ("Apps", "Get") => Ok(json!({"app": world.app(call.path("id"))?})),
        ("ConnectorService", "List") => list(world, call),
        ("ConnectorService", "Get") => get(world, call),
        ("ConnectorService", "Create") => create(world, call),
        ("ConnectorService", "CreateDelegated") => create_delegated(world, call),
        ("ConnectorService", "Update") => {
            let ids = (call.path("app_id"), call.path("id"));
            update(world, call, ids, &["config"])
        }
        ("ConnectorService", "UpdateDelegated") => {
            let ids = (call.path("connector_app_id"), call.path("connector_id"));
            update(world, call, ids, &["displayName", "description", "userIds"])
        }
        ("ConnectorService", "Delete") => delete(world, call),
        ("ConnectorService", "ForceSync") => queue_sync(world, call.ids()),
        ("ConnectorService", "PauseSync") => pause_sync(world, call),
        ("ConnectorService", "ResumeSync") => resume_sync(world, call),
        ("ConnectorService", "UpdateConnectorSchedule") => schedule(world, call),
        ("ConnectorService", "ConfirmSyncValid") => confirm_sync_valid(world, call),
        ("ConnectorService", "GetConnectorSyncDownloadURL") => download_url(world, call),
        ("ConnectorService", "RotateCredential") => rotate_credential(world, call),
        ("ConnectorService", "GetCredentials") => Ok(json!({"credential": credential(world, call)?})),
        ("ConnectorService", "RevokeCredential") => revoke_credential(world, call),
        ("ConnectorService", "ValidateHTTPConnectorConfig") => Ok(validate_config(call)),
        ("ConnectorCatalogService", "ConfigurationSchema") => configuration_schema(world, call),
        ("ConnectorOwners", "Set") => owners::set(world, call),
        ("ConnectorOwners", name) if name.starts_with("Search") => owners::search(world, call),
        ("ConnectorOwners", name) if name.starts_with("Get") => owners::get(world, call),
        ("ConnectorOwners", name) if name.starts_with("Create") => owners::create(world, call),
        ("ConnectorOwners", name) if name.starts_with("Delete") => owners::delete(world, call),
        _ => Err(Problem::new(501, format!("this fake does not support {}", call.operation))),
    }
}

fn list_apps(world: &mut World, call: &Call<'_>) -> Answered {
    let apps = world.apps.iter().cloned().enumerate().collect();
    world.page("apps", &call.query, apps)
}

fn list(world: &mut World, call: &Call<'_>) -> Answered {
    let app_id = call.path("app_id");
    world.app(app_id)?;
    let mut views = Vec::new();
    for (place, connector) in world.connectors.iter().enumerate() {
        if connector.app_id == app_id && !connector.is_deleted() {
            views.push((place, world.view(connector)));
        }
    }
    let mut page = world.page(&format!("connectors of {app_id}"), &call.query, views)?;
    page["expanded"] = json!([]);
    Ok(page)
}

fn get(world: &mut World, call: &Call<'_>) -> Answered {
    let ids = (call.path("app_id"), call.path("id"));
    let clock = world.clock.clone();
    let connector = world.dead_or_alive(ids)?;
    connector.syncs.poll(&mut connector.value, &clock);
    view(world, call, ids)
}

/// A connector as a response shows it, with the objects that the request's `expandMask` requests.
fn view(world: &mut World, call: &Call<'_>, ids: (&str, &str)) -> Answered {
    let paths = expand_paths(call)?;
    let asked = |path: &str| paths.iter().any(|known| known == path || known == "*");
    let user_ids = world.dead_or_alive(ids)?.value["userIds"].clone();
    let mut view = world.connector(ids.0, ids.1).map(|one| world.view(one)).unwrap_or_default();
    let mut expanded = Vec::new();
    // A path names the first item; further items follow it.
    let mut expand = |path: &str, items: Vec<Value>| {
        if !items.is_empty() {
            view[path] = json!(format!("$.expanded[{}]", expanded.len()));
            expanded.extend(items);
        }
    };
    if asked("appId") {
        let app = world.app(ids.0)?.clone();
        expand("appPath", vec![call.document.typed("c1.api.app.v1.App", app)]);
    }
    if asked("userIds") {
        let users = user_ids.as_array().into_iter().flatten().filter_map(Value::as_str);
        let typed = |id| call.document.typed("c1.api.user.v1.User", world.user(id));
        expand("usersPath", users.map(typed).collect());
    }
    if asked("capabilities") {
        let capabilities = json!({
            "@type": "type.googleapis.com/c1.connector.v2.ConnectorCapabilities",
            "connectorCapabilities": ["CAPABILITY_PROVISION", "CAPABILITY_SYNC"],
        });
        expand("capabilitiesPath", vec![capabilities]);
    }
    Ok(json!({"connectorView": view, "expanded": expanded}))
}

/// The paths of the request's `expandMask`, in camelCase.
fn expand_paths(call: &Call<'_>) -> Result<Vec<String>, Problem> {
    let mut names = Vec::new();
    for path in call.body["expandMask"]["paths"].as_array().into_iter().flatten() {
        let name = camel_case(path.as_str().unwrap_or_default());
        if !["appId", "userIds", "capabilities", "*"].contains(&name.as_str()) {
            return Err(Problem::field("expand_mask", format!("there is no path {path}")));
        }
        names.push(name);
    }
    Ok(names)
}

fn camel_case(path: &str) -> String {
    let mut name = String::new();
    let mut capital = false;
    for letter in path.trim().chars() {
        match letter {
            '_' => capital = true,
            _ if std::mem::take(&mut capital) => name.push(letter.to_ascii_uppercase()),
            _ => name.push(letter),
        }
    }
    name
}

fn create(world: &mut World, call: &Call<'_>) -> Answered {
    let catalog_id = call.required("catalogId", "catalog_id")?;
    world.check_config(catalog_id, &call.body["config"])?;
    let name = match world.catalog.get(catalog_id) {
        Some(entry) => entry["schema"]["displayName"].clone(),
        None => json!(catalog_id),
    };
    let now = world.clock.stamp();
    let mut connector = json!({"displayName": name, "configUpdatedAt": now});
    let fields = ["catalogId", "config", "description", "userIds"];
    copy(&call.body, &mut connector, &fields);
    let id = add(world, call, connector)?;
    let ids = (call.path("app_id"), id.as_str());
    queue_sync(world, ids)?;
    view(world, call, ids)
}

fn create_delegated(world: &mut World, call: &Call<'_>) -> Answered {
    if let Some(catalog_id) = call.body["catalogId"].as_str().filter(|id| !id.is_empty()) {
        world.check_config(catalog_id, &Value::Null)?;
    }
    let mut connector = json!({});
    let fields = ["catalogId", "displayName", "description", "userIds"];
    copy(&call.body, &mut connector, &fields);
    let id = add(world, call, connector)?;
    view(world, call, (call.path("app_id"), id.as_str()))
}

/// Adds a connector, unless the request has an error that would only show in its response.
fn add(world: &mut World, call: &Call<'_>, connector: Value) -> Result<String, Problem> {
    expand_paths(call)?;
    let app_id = call.path("app_id");
    world.app(app_id)?;
    Ok(world.add_connector(app_id, connector))
}

/// Copies the fields that are set.
fn copy(from: &Value, to: &mut Value, fields: &[&str]) {
    for field in fields {
        if !from[field].is_null() {
            to[field] = from[field].clone();
        }
    }
}

/// Unsets fields.
fn unset(value: &mut Value, fields: &[&str]) {
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| !fields.contains(&name.as_str()));
    }
}

fn update(world: &mut World, call: &Call<'_>, ids: (&str, &str), allowed: &[&str]) -> Answered {
    let mask = call.required("updateMask", "update_mask")?;
    let paths: Vec<String> = mask.split(',').map(camel_case).collect();
    if let Some(path) = paths.iter().find(|path| !allowed.contains(&path.as_str())) {
        let message = format!("update_mask has {path:?}, which this call cannot set");
        return Err(Problem::field("update_mask", message));
    }
    let new = &call.body["connector"];
    if new.is_null() {
        return Err(Problem::required("connector"));
    }
    expand_paths(call)?;
    let now = world.clock.stamp();
    let catalog_id = world.live(ids)?.value["catalogId"].clone();
    if let Some(catalog_id) = catalog_id.as_str().filter(|id| !id.is_empty()) {
        world.check_config(catalog_id, &new["config"])?;
    }
    let connector = &mut world.live(ids)?.value;
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    unset(connector, &paths);
    copy(new, connector, &paths);
    connector["updatedAt"] = json!(now);
    if paths.contains(&"config") {
        connector["configUpdatedAt"] = json!(now);
    }
    view(world, call, ids)
}

/// Deleting it again changes nothing.
fn delete(world: &mut World, call: &Call<'_>) -> Answered {
    let now = world.clock.stamp();
    let connector = world.dead_or_alive((call.path("app_id"), call.path("id")))?;
    if !connector.is_deleted() {
        connector.syncs.abandon();
        connector.value["deletedAt"] = json!(now);
        connector.value["updatedAt"] = json!(now);
    }
    Ok(json!({}))
}

/// Queues a sync, unless one is queued. The old status stays until the sync starts.
fn queue_sync(world: &mut World, ids: (&str, &str)) -> Answered {
    if world.live(ids)?.syncs.takes_another() {
        let script = world.next_script();
        world.live(ids)?.syncs.queue(script);
    }
    Ok(json!({}))
}

fn is_paused(connector: &Connector) -> bool {
    !connector.value["syncDisabledAt"].is_null()
}

fn pause_sync(world: &mut World, call: &Call<'_>) -> Answered {
    let now = world.clock.stamp();
    let connector = world.live(call.ids())?;
    if !is_paused(connector) {
        connector.syncs.abandon();
        let connector = &mut connector.value;
        sync::disable(connector, &now, "user", "paused by a user");
        connector["status"]["status"] = json!("SYNC_STATUS_DISABLED");
        connector["status"]["updatedAt"] = json!(now);
    }
    Ok(json!({}))
}

/// Ends the pause and queues a sync. Until it starts, the status is that of the last sync.
fn resume_sync(world: &mut World, call: &Call<'_>) -> Answered {
    let connector = world.live(call.ids())?;
    if !is_paused(connector) {
        return Ok(json!({}));
    }
    let connector = &mut connector.value;
    sync::enable(connector);
    let status = &mut connector["status"];
    let never = status["completedAt"].is_null();
    let failed = status["lastError"].as_str().is_some_and(|error| !error.is_empty());
    status["status"] = json!(match (never, failed) {
        (true, _) => "SYNC_STATUS_UNSPECIFIED",
        (false, true) => "SYNC_STATUS_ERROR",
        (false, false) => "SYNC_STATUS_DONE",
    });
    queue_sync(world, call.ids())
}

fn schedule(world: &mut World, call: &Call<'_>) -> Answered {
    let cron = &call.body["cron"];
    let spec = cron["cronSpec"].as_str().unwrap_or_default();
    if spec.split_whitespace().count() != 5 {
        let message = format!("{spec:?} is not a cron expression of five fields");
        return Err(Problem::field("cron.cron_spec", message));
    }
    let now = world.clock.stamp();
    let mut schedule = json!({"start": now});
    copy(cron, &mut schedule, &["cronSpec", "timezone"]);
    let connector = &mut world.live(call.ids())?.value;
    connector["connectorSyncCronSchedule"] = schedule;
    connector["updatedAt"] = json!(now);
    Ok(json!({}))
}

fn confirm_sync_valid(world: &mut World, call: &Call<'_>) -> Answered {
    let sync_id = call.path("sync_lifecycle_id");
    let clock = world.clock.clone();
    let connector = world.live(call.ids())?;
    if connector.syncs.ended.last().is_none_or(|last| last != sync_id) {
        return Err(Problem::not_found("most recent sync", sync_id));
    }
    if connector.syncs.release(&mut connector.value, &clock) {
        return Ok(json!({}));
    }
    if connector.value["status"]["status"] != "SYNC_STATUS_ERROR" {
        return Err(Problem::precondition("the most recent sync did not fail"));
    }
    queue_sync(world, call.ids())
}

fn download_url(world: &mut World, call: &Call<'_>) -> Answered {
    let sync_id = call.path("sync_id");
    let ended = &world.live(call.ids())?.syncs.ended;
    if !ended.iter().any(|ended| ended == sync_id) {
        return Err(Problem::not_found("sync", sync_id));
    }
    let expires = world.clock.seconds().saturating_add(300);
    let url = format!("{}/download/{sync_id}.c1z?expires={expires}", call.url);
    Ok(json!({"downloadUrl": url}))
}

/// The only response that contains the secret.
fn rotate_credential(world: &mut World, call: &Call<'_>) -> Answered {
    let app_id = call.required("appId", "app_id")?;
    let connector_id = call.required("connectorId", "connector_id")?;
    let connector = world.live((app_id, connector_id))?;
    let name = connector.value["displayName"].clone();
    if connector.syncs.is_idle() && connector.syncs.ended.is_empty() {
        // No connector runs with this credential: a poll then returns it as just used.
        queue_sync(world, (app_id, connector_id))?;
    }
    let now = world.clock.stamp();
    let id = world.new_id("credential");
    let client_id = format!("{id}@{}/ccc", call.url.trim_start_matches("http://"));
    let secret = world.auth.register(&client_id);
    let secret = secret.map_err(|error| Problem::new(500, error.to_string()))?;
    let mut credential = json!({
        "id": id,
        "appId": app_id,
        "connectorId": connector_id,
        "displayName": name,
        "clientId": client_id,
        "createdAt": now,
        "updatedAt": now,
    });
    world.credentials.push(credential.clone());
    credential["clientSecret"] = json!(secret);
    Ok(json!({"credential": credential}))
}

fn credential(world: &mut World, call: &Call<'_>) -> Answered {
    let (app_id, connector_id) = call.ids();
    world.live(call.ids())?;
    let id = call.path("id");
    let mut credentials = world.credentials.iter();
    let found = credentials.find(|one| one["id"] == id && one["appId"] == app_id && one["connectorId"] == connector_id);
    found.cloned().ok_or_else(|| Problem::not_found("credential", id))
}

fn revoke_credential(world: &mut World, call: &Call<'_>) -> Answered {
    let revoked = credential(world, call)?;
    let client_id = revoked["clientId"].as_str().unwrap_or_default();
    world.auth.forget(client_id);
    world.credentials.retain(|credential| *credential != revoked);
    Ok(json!({}))
}

/// This is not a YAML parser: it only decides between responses with and without markers.
fn validate_config(call: &Call<'_>) -> Value {
    let text = call.body["text"].as_str().unwrap_or_default();
    let mut markers = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.trim();
        let fine = content.is_empty() || content.starts_with(['#', '-']) || content.contains(':');
        if !fine || line.starts_with('\t') {
            markers.push(json!({
                "severity": "ERROR",
                "message": "expected `key: value`, indented by spaces",
                "startLineNumber": number,
                "endLineNumber": number,
                "startColumn": 1,
                "endColumn": line.chars().count() + 1,
            }));
        }
    }
    json!({"markers": markers})
}

fn configuration_schema(world: &mut World, call: &Call<'_>) -> Answered {
    let catalog_id = match call.required("connectorId", "connector_id") {
        Err(_) => json!(call.required("catalogId", "catalog_id")?),
        Ok(id) => {
            let app_id = call.required("appId", "app_id")?;
            world.live((app_id, id))?.value["catalogId"].clone()
        }
    };
    let id = catalog_id.as_str().unwrap_or_default();
    let entry = world.catalog.get(id);
    let entry = entry.ok_or_else(|| Problem::not_found("catalog entry", id))?;
    Ok(json!({"schema": entry["schema"], "formSchema": entry["formSchema"]}))
}
