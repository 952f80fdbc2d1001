//! The instance's part of the control endpoint, and the state that a reset restores.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::auth::{Auth, SCOPES};
use super::seed::Seed;
use super::state::World;
use super::sync::{self, SyncScript};
use crate::clock::Clock;
use connectors_mock::redact;
use connectors_mock::service::{Ask, count};

use crate::{lock, set_field};

pub(super) struct Controls {
    pub(super) clock: Arc<Clock>,
    pub(super) auth: Arc<Auth>,
    pub(super) seed: Seed,
    pub(super) script: SyncScript,
    pub(super) deletion_polls: u32,
}

impl Controls {
    /// The state at the start.
    pub(super) fn world(&self) -> World {
        World::new(Arc::clone(&self.clock), self.seed.clone(), self.script.clone(), self.deletion_polls)
    }

    pub(super) fn answer(&self, world: &Mutex<World>, ask: &Ask<'_>) -> Option<Result<Value, String>> {
        let done = match (ask.method, ask.path.as_slice()) {
            ("GET", ["state"]) => Ok(state(&lock(world), &self.clock)),
            ("POST", ["reset"]) => {
                *lock(world) = self.world();
                self.auth.set_lifetime(Duration::from_secs(3600));
                self.auth.set_app_scopes(&SCOPES.join(" "));
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
            ("DELETE", ["refresh_tokens"]) => {
                self.auth.revoke_refresh_tokens();
                Ok(json!({}))
            }
            ("POST", ["app_scopes"]) => ask.only(&["scopes"]).and_then(|()| ask.text("scopes")).map(|scopes| {
                self.auth.set_app_scopes(scopes);
                json!({})
            }),
            ("POST", ["syncs"]) => sync::script(ask.body).map(|script| {
                let scripts = &mut lock(world).scripts;
                scripts.push_back(script);
                json!({"scripted": scripts.len()})
            }),
            ("POST", ["deletions"]) => deletions(&mut lock(world), ask),
            ("POST", ["connectors"]) => ask.text("type").and_then(|kind| {
                let mut world = lock(world);
                world.kind(kind).map_err(|_| format!("there is no type {kind:?}"))?;
                Ok(json!({"id": world.seed_connector(ask.body.clone())}))
            }),
            ("POST", ["records"]) => Ok(json!({"id": lock(world).seed_record(ask.body.clone())})),
            ("GET", ["connectors", id]) => {
                let world = lock(world);
                let known = world.connector(id).map_err(|_| format!("there is no connector {id:?}"));
                known.map(|known| json!({"connector": redact::fields(&known.value), "uploads": known.uploads.len()}))
            }
            ("PATCH", ["connectors", id]) => set(&mut lock(world), id, ask),
            _ => return None,
        };
        Some(done)
    }

    fn issue(&self, ask: &Ask<'_>) -> Result<Value, String> {
        ask.only(&["lifetime_seconds", "scopes"])?;
        if !ask.body["lifetime_seconds"].is_null() {
            self.auth.set_lifetime(ask.seconds("lifetime_seconds")?);
        }
        let scopes = if ask.body["scopes"].is_null() { SCOPES.join(" ") } else { ask.text("scopes")?.to_owned() };
        Ok(json!({"access_token": self.auth.issue(&scopes)}))
    }
}

fn state(world: &World, clock: &Clock) -> Value {
    let connectors = world.connectors.iter().map(|one| {
        let value = &one.value;
        json!({"id": one.id, "type": value["type"], "status": value["status"], "isActive": value["isActive"]})
    });
    json!({
        "service": "pipeshub",
        "now_seconds": clock.seconds(),
        "scripted_syncs": world.scripts.len(),
        "connectors": connectors.collect::<Vec<_>>(),
    })
}

fn deletions(world: &mut World, ask: &Ask<'_>) -> Result<Value, String> {
    ask.only(&["polls", "fail_next"])?;
    world.deletion_polls = count(ask.body, "polls", world.deletion_polls)?;
    world.failing_deletions = count(ask.body, "fail_next", world.failing_deletions)?;
    Ok(json!({"polls": world.deletion_polls, "fail_next": world.failing_deletions}))
}

fn set(world: &mut World, id: &str, ask: &Ask<'_>) -> Result<Value, String> {
    ask.only(&["pointer", "value"])?;
    let pointer = ask.text("pointer")?;
    world.open = true;
    let connector = world.connector_mut(id).map_err(|_| format!("there is no connector {id:?}"))?;
    if set_field(&mut connector.value, pointer, ask.body["value"].clone()) {
        Ok(json!({}))
    } else {
        Err(format!("there is no object to set {pointer:?} in"))
    }
}
