//! The data of a tenant: apps, connectors, credentials, owners. It is stored in the JSON format of the service's
//! responses, but with secrets.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::auth::Auth;
use super::problem::Problem;
use super::schema::Parameters;
use super::seed::Seed;
use super::sync::{SyncScript, Syncs};
use crate::clock::Clock;

pub(super) struct World {
    pub(super) clock: Arc<Clock>,
    pub(super) auth: Arc<Auth>,
    /// Never shortened, like connectors and owners: a page token is an index in the list.
    pub(super) apps: Vec<Value>,
    pub(super) connectors: Vec<Connector>,
    pub(super) owners: Vec<Owner>,
    pub(super) credentials: Vec<Value>,
    pub(super) catalog: BTreeMap<String, Value>,
    users: BTreeMap<String, Value>,
    /// The scripts of the next syncs, and of all others.
    pub(super) scripts: VecDeque<SyncScript>,
    script: SyncScript,
    /// Whether configurations may have keys that their schema does not have, and connectors an unknown catalog entry.
    lenient: bool,
    pages: HashMap<String, Page>,
    next_id: u64,
}

pub(super) struct Connector {
    pub(super) app_id: String,
    pub(super) id: String,
    pub(super) value: Value,
    pub(super) syncs: Syncs,
}

impl Connector {
    pub(super) fn is_deleted(&self) -> bool {
        !self.value["deletedAt"].is_null()
    }
}

pub(super) struct Owner {
    pub(super) app_id: String,
    pub(super) connector_id: String,
    pub(super) role: String,
    pub(super) subject: Subject,
    pub(super) created_at: String,
    pub(super) removed: bool,
}

/// An owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    User(String),
    Entitlement { app_id: String, id: String },
}

/// The content of a page token.
struct Page {
    /// The list that issued it.
    scope: String,
    start: usize,
}

impl World {
    pub(super) fn new(clock: Arc<Clock>, auth: Arc<Auth>, seed: Seed, script: SyncScript, lenient: bool) -> World {
        let mut world = World {
            clock,
            auth,
            apps: Vec::new(),
            connectors: Vec::new(),
            owners: Vec::new(),
            credentials: Vec::new(),
            catalog: seed.catalog.into_iter().collect(),
            users: BTreeMap::new(),
            scripts: VecDeque::new(),
            script,
            lenient,
            pages: HashMap::new(),
            next_id: 0,
        };
        for app in seed.apps {
            world.add_app(app);
        }
        for user in seed.users {
            world.add_user(user);
        }
        for (app_id, connector) in seed.connectors {
            world.seed_connector(&app_id, connector);
        }
        world
    }

    pub(super) fn add_app(&mut self, mut app: Value) -> String {
        let now = self.clock.stamp();
        let id = self.id_of(&mut app, "app");
        default(&mut app, "createdAt", json!(now));
        default(&mut app, "updatedAt", json!(now));
        self.apps.push(app);
        id
    }

    fn add_user(&mut self, mut user: Value) {
        let id = self.id_of(&mut user, "user");
        self.users.insert(id, user);
    }

    /// A connector that has synced.
    pub(super) fn seed_connector(&mut self, app_id: &str, mut connector: Value) -> String {
        let now = self.clock.stamp();
        let seeded = json!({
            "status": "SYNC_STATUS_DONE", "startedAt": now, "completedAt": now, "updatedAt": now,
        });
        let has_synced = connector["status"].is_null();
        default(&mut connector, "status", seeded);
        default(&mut connector, "configUpdatedAt", json!(now));
        let id = self.add_connector(app_id, connector);
        if has_synced && let Some(connector) = self.connectors.last_mut() {
            connector.syncs.ended.push(format!("{id}-sync-1"));
        }
        id
    }

    /// A new connector, which has never synced.
    pub(super) fn add_connector(&mut self, app_id: &str, mut connector: Value) -> String {
        let now = self.clock.stamp();
        let id = self.id_of(&mut connector, "connector");
        connector["appId"] = json!(app_id);
        default(&mut connector, "createdAt", json!(now));
        default(&mut connector, "updatedAt", json!(now));
        default(&mut connector, "connectorApiVersion", json!(1));
        default(&mut connector, "status", json!({"status": "SYNC_STATUS_UNSPECIFIED"}));
        let (app_id, syncs) = (app_id.to_owned(), Syncs::default());
        self.connectors.push(Connector { app_id, id: id.clone(), value: connector, syncs });
        id
    }

    /// An unused id.
    pub(super) fn new_id(&mut self, kind: &str) -> String {
        self.next_id += 1;
        format!("{kind}-{:04}", self.next_id)
    }

    fn id_of(&mut self, value: &mut Value, kind: &str) -> String {
        if let Some(id) = value["id"].as_str() {
            return id.to_owned();
        }
        let id = self.new_id(kind);
        value["id"] = json!(id);
        id
    }

    pub(super) fn app(&self, id: &str) -> Result<&Value, Problem> {
        let app = self.apps.iter().find(|app| app["id"] == id);
        app.ok_or_else(|| Problem::not_found("app", id))
    }

    /// A connector, deleted or not.
    pub(super) fn connector(&self, app_id: &str, id: &str) -> Option<&Connector> {
        self.connectors.iter().find(|known| known.app_id == app_id && known.id == id)
    }

    pub(super) fn connector_mut(&mut self, app_id: &str, id: &str) -> Option<&mut Connector> {
        self.connectors.iter_mut().find(|known| known.app_id == app_id && known.id == id)
    }

    /// A connector, deleted or not, of an app that exists.
    pub(super) fn dead_or_alive(&mut self, ids: (&str, &str)) -> Result<&mut Connector, Problem> {
        self.app(ids.0)?;
        let connector = self.connector_mut(ids.0, ids.1);
        connector.ok_or_else(|| Problem::not_found("connector", ids.1))
    }

    /// A connector that is not deleted.
    pub(super) fn live(&mut self, ids: (&str, &str)) -> Result<&mut Connector, Problem> {
        let connector = self.dead_or_alive(ids)?;
        if connector.is_deleted() {
            return Err(Problem::not_found("connector", ids.1));
        }
        Ok(connector)
    }

    /// Checks that a catalog entry exists, and that it has every key of a configuration.
    pub(super) fn check_config(&self, catalog_id: &str, config: &Value) -> Result<(), Problem> {
        if self.lenient {
            return Ok(());
        }
        let Some(entry) = self.catalog.get(catalog_id) else {
            return Err(Problem::field("catalog_id", format!("there is no catalog entry {catalog_id:?}")));
        };
        let fields = entry["schema"]["fields"].as_array();
        let known: Vec<&str> = fields.into_iter().flatten().filter_map(|field| field["name"].as_str()).collect();
        let keys = config["configuration"].as_object().into_iter().flatten().map(|(key, _)| key.as_str());
        match keys.into_iter().find(|key| !known.contains(key)) {
            None => Ok(()),
            Some(key) => {
                let message = format!("the schema of {catalog_id:?} has no field {key:?}");
                Err(Problem::field(&format!("config.configuration.{key}"), message))
            }
        }
    }

    /// A connector as reads return it: without the secrets of its configuration.
    pub(super) fn view(&self, connector: &Connector) -> Value {
        let mut shown = connector.value.clone();
        let catalog_id = shown["catalogId"].as_str().unwrap_or_default();
        let fields = self.catalog.get(catalog_id).map(|entry| &entry["schema"]["fields"]);
        let secrets: Vec<&str> = fields
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|field| is_secret(field))
            .filter_map(|field| field["name"].as_str())
            .collect();
        let configuration = shown.pointer_mut("/config/configuration");
        if let Some(configuration) = configuration.and_then(Value::as_object_mut) {
            configuration.retain(|name, _| !secrets.contains(&name.as_str()));
        }
        json!({"connector": shown})
    }

    /// A seeded user, or one with only this id.
    pub(super) fn user(&self, id: &str) -> Value {
        self.users.get(id).cloned().unwrap_or_else(|| json!({"id": id, "displayName": id}))
    }

    /// The script of the sync that is about to be queued.
    pub(super) fn next_script(&mut self) -> SyncScript {
        self.scripts.pop_front().unwrap_or_else(|| self.script.clone())
    }

    /// Records that the client of a connector got a token.
    pub(super) fn credential_used(&mut self, client_id: &str) {
        let now = self.clock.stamp();
        if let Some(credential) = self.credentials.iter_mut().find(|one| one["clientId"] == client_id) {
            credential["lastUsedAt"] = json!(now);
        }
    }

    /// One page of a list. `scope` names the list; items have their index in a list that is never shortened.
    pub(super) fn page(
        &mut self,
        scope: &str,
        query: &Parameters,
        items: Vec<(usize, Value)>,
    ) -> Result<Value, Problem> {
        let asked = query.get("page_size").and_then(|size| size.parse::<i32>().ok());
        let size = match asked.unwrap_or(0) {
            0 => 25,
            size => usize::try_from(size.clamp(10, 100)).unwrap_or(25),
        };
        let start = match query.get("page_token").map_or("", String::as_str) {
            "" => 0,
            token => match self.pages.get(token) {
                Some(page) if page.scope == scope => page.start,
                _ => return Err(Problem::field("page_token", "page_token is not valid")),
            },
        };
        let mut rest = items.into_iter().filter(|(place, _)| *place >= start);
        let list: Vec<Value> = rest.by_ref().take(size).map(|(_, item)| item).collect();
        let next = rest.next().map(|(start, _)| {
            // Opaque, and full of characters that must be percent-encoded in a query: "+//+AAAAAAAAAAE=".
            let mut token = vec![0xfb, 0xff, 0xfe];
            token.extend(self.pages.len().to_be_bytes());
            let token = BASE64_STANDARD.encode(token);
            self.pages.insert(token.clone(), Page { scope: scope.to_owned(), start });
            token
        });
        Ok(json!({"list": list, "nextPageToken": next.unwrap_or_default()}))
    }
}

fn is_secret(field: &Value) -> bool {
    let marked = |kind: &str| field[kind]["secret"] == true;
    field["secret"].is_object() || ["str", "text", "keyValue", "import"].into_iter().any(marked)
}

/// Sets a field unless it is set.
fn default(value: &mut Value, field: &str, to: Value) {
    if value[field].is_null() {
        value[field] = to;
    }
}
