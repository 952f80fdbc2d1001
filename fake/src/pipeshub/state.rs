//! The data of an instance: types, connectors, records. It is stored in the JSON format of the service's responses.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::problem::Problem;
use super::seed::Seed;
use super::sync::{SyncOutcome, SyncScript, Syncs};
use super::upload::Upload;
use crate::clock::Clock;

/// The user in all `createdBy` and similar fields.
pub(super) const USER: &str = "fake-user";
pub(super) const ORG: &str = "fake-org";

pub(super) struct World {
    pub(super) clock: Arc<Clock>,
    /// The registry.
    pub(super) types: Vec<Value>,
    pub(super) connectors: Vec<Connector>,
    pub(super) records: Vec<Value>,
    /// The content of records that are not text: content type and bytes.
    pub(super) contents: HashMap<String, (String, Vec<u8>)>,
    /// The states of authorizations that have begun, and their connectors.
    pub(super) logins: HashMap<String, String>,
    /// The provider's codes, and their states.
    pub(super) codes: HashMap<String, String>,
    /// The scripts of the next syncs, and of all others.
    pub(super) scripts: VecDeque<SyncScript>,
    pub(super) script: SyncScript,
    pub(super) deletion_polls: u32,
    /// How many of the next deletions fail.
    pub(super) failing_deletions: u32,
    /// Whether a test has set values that the document does not list.
    pub(super) open: bool,
    /// The OAuth apps of the instance, by id.
    pub(super) oauth_apps: HashMap<String, Value>,
    next_id: u64,
}

pub(super) struct Connector {
    pub(super) id: String,
    pub(super) value: Value,
    pub(super) syncs: Syncs,
    /// The number of polls that still return it during its deletion.
    pub(super) deleting: Option<u32>,
    /// Set if its deletion fails: whether it is active afterwards.
    pub(super) comes_back: Option<bool>,
    pub(super) uploads: Vec<Upload>,
    /// Its files.
    pub(super) paths: BTreeSet<String>,
}

impl Connector {
    /// The connector as it is in lists.
    pub(super) fn summary(&self) -> Value {
        let mut shown = self.value.clone();
        if let Some(fields) = shown.as_object_mut() {
            fields.remove("config");
        }
        shown
    }

    pub(super) fn is(&self, field: &str) -> bool {
        self.value[field] == true
    }

    pub(super) fn text(&self, field: &str) -> &str {
        self.value[field].as_str().unwrap_or_default()
    }

    /// Whether it uses OAuth.
    pub(super) fn uses_oauth(&self) -> bool {
        is_oauth(self.text("authType"))
    }

    pub(super) fn is_syncing(&self) -> bool {
        matches!(self.text("status"), "SYNCING" | "FULL_SYNCING")
    }
}

/// The field of `auth` that names an OAuth app.
pub(super) const OAUTH_APP: &str = "oauthConfigId";

pub(super) fn is_oauth(auth_type: &str) -> bool {
    auth_type.starts_with("OAUTH")
}

impl World {
    pub(super) fn new(clock: Arc<Clock>, seed: Seed, script: SyncScript, deletion_polls: u32) -> World {
        let mut world = World {
            clock,
            types: seed.types,
            connectors: Vec::new(),
            records: Vec::new(),
            contents: HashMap::new(),
            logins: HashMap::new(),
            codes: HashMap::new(),
            scripts: VecDeque::new(),
            script,
            deletion_polls,
            failing_deletions: 0,
            open: false,
            oauth_apps: HashMap::new(),
            next_id: 0,
        };
        for connector in seed.connectors {
            world.seed_connector(connector);
        }
        for record in seed.records {
            world.seed_record(record);
        }
        world
    }

    /// An unused id.
    pub(super) fn new_id(&mut self, kind: &str) -> String {
        self.next_id += 1;
        format!("{kind}-{:04}", self.next_id)
    }

    /// A connector whose sync can be switched on, unless its fields say otherwise.
    pub(super) fn seed_connector(&mut self, mut connector: Value) -> String {
        let status = if connector["isActive"] == true { json!("IDLE") } else { Value::Null };
        default(&mut connector, "isConfigured", json!(true));
        default(&mut connector, "isAuthenticated", json!(true));
        default(&mut connector, "status", status);
        self.add_connector(connector)
    }

    pub(super) fn add_connector(&mut self, mut connector: Value) -> String {
        let id = match connector["_key"].as_str() {
            Some(id) => id.to_owned(),
            None => self.new_id("connector"),
        };
        let kind = self.kind(connector["type"].as_str().unwrap_or_default()).cloned().unwrap_or_default();
        let now = json!(self.clock.millis());
        connector["_key"] = json!(id);
        let of_its_type =
            ["appGroup", "appDescription", "appCategories", "iconPath", "supportedAuthTypes", "connectorInfo"];
        for field in of_its_type {
            default(&mut connector, field, kind[field].clone());
        }
        default(&mut connector, "documentationLinks", kind["config"]["documentationLinks"].clone());
        default(&mut connector, "isAdminAccessRequired", json!(false));
        default(&mut connector, "personalConnectorType", Value::Null);
        for field in ["supportsRealtime", "supportsSync", "supportsAgent"] {
            default(&mut connector, field, json!(kind[field] == true));
        }
        for field in ["isActive", "isAgentActive", "isConfigured", "isAuthenticated", "isLocked"] {
            default(&mut connector, field, json!(false));
        }
        default(&mut connector, "name", kind["name"].clone());
        default(&mut connector, "scope", json!("team"));
        default(&mut connector, "authType", kind["supportedAuthTypes"][0].clone());
        default(&mut connector, "status", Value::Null);
        default(&mut connector, "createdBy", json!(USER));
        default(&mut connector, "updatedBy", json!(USER));
        default(&mut connector, "createdAtTimestamp", now.clone());
        default(&mut connector, "updatedAtTimestamp", now);
        default(&mut connector, "config", json!({}));
        if is_oauth(connector["authType"].as_str().unwrap_or_default()) {
            self.adopt_oauth_app(&id, &mut connector);
        }
        self.connectors.push(Connector {
            id: id.clone(),
            value: connector,
            syncs: Syncs::default(),
            deleting: None,
            comes_back: None,
            uploads: Vec::new(),
            paths: BTreeSet::new(),
        });
        id
    }

    /// Creates an OAuth app from a new connector's client id and secret. The connector then refers to it by an id.
    fn adopt_oauth_app(&mut self, id: &str, connector: &mut Value) {
        let name = connector["name"].clone();
        let Some(auth) = connector.pointer_mut("/config/auth").and_then(Value::as_object_mut) else { return };
        let Some(secret) = auth.remove("clientSecret") else { return };
        if !auth.contains_key(OAUTH_APP) {
            let app = format!("oauth-{id}");
            auth.insert(OAUTH_APP.to_owned(), json!(app));
            let client_id = auth.get("clientId").cloned().unwrap_or_default();
            self.oauth_apps.insert(app, json!({"clientId": client_id, "clientSecret": secret, "name": name}));
        }
    }

    pub(super) fn seed_record(&mut self, mut record: Value) -> String {
        let id = match record["id"].as_str() {
            Some(id) => id.to_owned(),
            None => self.new_id("record"),
        };
        record["id"] = json!(id);
        default(&mut record, "name", json!(id));
        self.records.push(record);
        id
    }

    /// A type of the registry. Case matters.
    pub(super) fn kind(&self, name: &str) -> Result<&Value, Problem> {
        let kind = self.types.iter().find(|kind| kind["type"] == name);
        kind.ok_or_else(|| Problem::not_found("connector type", name))
    }

    pub(super) fn connector(&self, id: &str) -> Result<&Connector, Problem> {
        let connector = self.connectors.iter().find(|known| known.id == id);
        connector.ok_or_else(|| Problem::not_found("connector", id))
    }

    pub(super) fn connector_mut(&mut self, id: &str) -> Result<&mut Connector, Problem> {
        let connector = self.connectors.iter_mut().find(|known| known.id == id);
        connector.ok_or_else(|| Problem::not_found("connector", id))
    }

    /// Whether a call may see a connector. A member does not see those of others.
    pub(super) fn check_visible(&self, call: &Call<'_>) -> Result<(), Problem> {
        let connector = self.connector(call.id())?;
        if call.is_member() && connector.text("scope") == "team" && connector.text("createdBy") != USER {
            return Err(Problem::not_found("connector", call.id()));
        }
        Ok(())
    }

    /// A connector that is not locked. It may be being deleted.
    pub(super) fn unlocked(&mut self, id: &str) -> Result<&mut Connector, Problem> {
        let connector = self.connector_mut(id)?;
        if connector.is("isLocked") {
            return Err(Problem::new(409, "the connector is locked"));
        }
        Ok(connector)
    }

    /// A connector that may be changed.
    pub(super) fn free(&mut self, id: &str) -> Result<&mut Connector, Problem> {
        let connector = self.connector_mut(id)?;
        if connector.deleting.is_some() || connector.text("status") == "DELETING" {
            return Err(Problem::new(409, "the connector is being deleted"));
        }
        self.unlocked(id)
    }

    /// A connector whose configuration may be changed.
    pub(super) fn resting(&mut self, id: &str) -> Result<&mut Connector, Problem> {
        let connector = self.free(id)?;
        if connector.is("isActive") {
            return Err(Problem::new(400, "the connector is active: disable it first"));
        }
        Ok(connector)
    }

    /// A connector whose sync is on.
    pub(super) fn active(&mut self, id: &str) -> Result<&mut Connector, Problem> {
        let connector = self.free(id)?;
        if !connector.is("isActive") {
            return Err(Problem::new(400, "not allowed"));
        }
        Ok(connector)
    }

    /// Handles a poll of a connector: advances its sync or deletion.
    pub(super) fn poll(&mut self, id: &str) -> Result<&Connector, Problem> {
        let connector = self.connector_mut(id)?;
        if connector.deleting == Some(0) {
            match connector.comes_back.take() {
                None => self.connectors.retain(|known| known.id != id),
                Some(active) => {
                    connector.deleting = None;
                    connector.value["status"] = Value::Null;
                    connector.value["isActive"] = json!(active);
                }
            }
        }
        let connector = self.connector_mut(id)?;
        match connector.deleting {
            Some(polls) => connector.deleting = Some(polls.saturating_sub(1)),
            None => connector.syncs.poll(&mut connector.value),
        }
        Ok(connector)
    }

    /// Starts a sync with the next script. A running sync is cancelled, and the status is then idle during the new one.
    pub(super) fn start_sync(&mut self, id: &str, full: bool) -> Result<(), Problem> {
        let script = self.scripts.pop_front().unwrap_or_else(|| self.script.clone());
        self.open |= matches!(script.outcome, SyncOutcome::Status(_));
        let connector = self.connector_mut(id)?;
        if connector.is_syncing() {
            connector.syncs.replace(&mut connector.value, script);
        } else {
            connector.syncs.start(&mut connector.value, script, full);
        }
        Ok(())
    }

    /// Two connectors of one type and scope must not have the same name.
    pub(super) fn check_name(&self, name: &str, kind: &str, scope: &str) -> Result<(), Problem> {
        let taken = self.connectors.iter().any(|known| {
            known.text("type") == kind && known.text("scope") == scope && known.text("name").eq_ignore_ascii_case(name)
        });
        if taken {
            return Err(Problem::new(400, format!("there is a {kind} connector named {name:?}")));
        }
        Ok(())
    }
}

/// Sets a field unless it is set.
pub(super) fn default(value: &mut Value, field: &str, to: Value) {
    if value[field].is_null() {
        value[field] = to;
    }
}
