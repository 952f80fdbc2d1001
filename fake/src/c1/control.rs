//! The tenant's part of the control endpoint, and the state that a reset restores.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::auth::Auth;
use super::seed::Seed;
use super::state::World;
use super::sync::{self, SyncScript};
use crate::clock::Clock;
use connectors_mock::redact;
use connectors_mock::service::Ask;

use crate::{lock, set_field};

pub(super) struct Controls {
    pub(super) clock: Arc<Clock>,
    pub(super) auth: Arc<Auth>,
    pub(super) seed: Seed,
    pub(super) script: SyncScript,
    pub(super) lenient: bool,
}

impl Controls {
    /// The state at the start.
    pub(super) fn world(&self) -> World {
        let (seed, script) = (self.seed.clone(), self.script.clone());
        World::new(Arc::clone(&self.clock), Arc::clone(&self.auth), seed, script, self.lenient)
    }

    pub(super) fn answer(&self, world: &Mutex<World>, ask: &Ask<'_>) -> Option<Result<Value, String>> {
        let done = match (ask.method, ask.path.as_slice()) {
            ("GET", ["state"]) => Ok(state(&lock(world), &self.clock)),
            ("POST", ["reset"]) => {
                *lock(world) = self.world();
                self.auth.set_lifetime(std::time::Duration::from_secs(3600));
                Ok(json!({}))
            }
            ("POST", ["clock"]) => {
                ask.only(&["advance_seconds"]).and_then(|()| ask.seconds("advance_seconds")).map(|by| {
                    self.clock.advance(by);
                    json!({"now_seconds": self.clock.seconds()})
                })
            }
            ("POST", ["tokens"]) => self.issue(ask),
            ("DELETE", ["tokens"]) => {
                self.auth.revoke_all();
                Ok(json!({}))
            }
            ("POST", ["syncs"]) => sync::script(ask.body).map(|script| {
                let scripts = &mut lock(world).scripts;
                scripts.push_back(script);
                json!({"scripted": scripts.len()})
            }),
            ("POST", ["connectors"]) => ask.text("appId").map(|app_id| {
                let id = lock(world).seed_connector(app_id, ask.body.clone());
                json!({"id": id})
            }),
            ("GET", ["connectors", app_id, id]) => match lock(world).connector(app_id, id) {
                Some(connector) => {
                    Ok(json!({"connector": redact::fields(&connector.value), "syncs": connector.syncs.ended}))
                }
                None => Err(format!("there is no connector {id:?} of {app_id:?}")),
            },
            ("PATCH", ["connectors", app_id, id]) => set(&mut lock(world), app_id, id, ask),
            _ => return None,
        };
        Some(done)
    }

    fn issue(&self, ask: &Ask<'_>) -> Result<Value, String> {
        ask.only(&["lifetime_seconds"])?;
        if !ask.body["lifetime_seconds"].is_null() {
            self.auth.set_lifetime(ask.seconds("lifetime_seconds")?);
        }
        Ok(json!({"access_token": self.auth.issue()}))
    }
}

fn state(world: &World, clock: &Clock) -> Value {
    let connectors = world.connectors.iter().map(|one| {
        let status = &one.value["status"]["status"];
        json!({"appId": one.app_id, "id": one.id, "status": status, "deleted": one.is_deleted(), "syncs": one.syncs.ended})
    });
    json!({
        "service": "c1",
        "now_seconds": clock.seconds(),
        "scripted_syncs": world.scripts.len(),
        "apps": world.apps.iter().map(|app| app["id"].clone()).collect::<Vec<_>>(),
        "connectors": connectors.collect::<Vec<_>>(),
    })
}

fn set(world: &mut World, app_id: &str, id: &str, ask: &Ask<'_>) -> Result<Value, String> {
    ask.only(&["pointer", "value"])?;
    let pointer = ask.text("pointer")?;
    let connector =
        world.connector_mut(app_id, id).ok_or_else(|| format!("there is no connector {id:?} of {app_id:?}"))?;
    if set_field(&mut connector.value, pointer, ask.body["value"].clone()) {
        Ok(json!({}))
    } else {
        Err(format!("there is no object to set {pointer:?} in"))
    }
}
