//! The program that should still compile after the probe's document has grown, for a client by openapi-generator with
//! builders.

use std::sync::Arc;

use serde_json::{Value, json};
use subject::apis::boats_api::{BoatsApi, BoatsApiClient, FindBoatsParams, UpdateBoatParams};
use subject::apis::configuration::Configuration;
use subject::models::BoatUpdate;

/// Calls the operations that have grown.
pub async fn run(_: &str, port: u16) -> Value {
    let base_path = format!("http://127.0.0.1:{port}/v1");
    let client = BoatsApiClient::new(Arc::new(Configuration { base_path, ..Configuration::default() }));
    let params = FindBoatsParams::builder().name(vec!["a".to_owned()]).flag(vec!["NL".to_owned()]).build();
    let found = client.find_boats(params).await.is_ok();
    let boat_update = BoatUpdate { owner: Some(None), ..BoatUpdate::default() };
    let params = UpdateBoatParams::builder().id("1".to_owned()).boat_update(boat_update).build();
    json!({"found": found, "updated": client.update_boat(params).await.is_ok()})
}
