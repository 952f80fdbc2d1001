//! The probe for a client by openapi-generator.

use serde_json::{Value, json};
use subject::apis::accounts_api::{self, GetAccountSuccess, ReplaceAccountParams};
use subject::apis::boats_api::UpdateBoatParams;
use subject::apis::boats_api::{self, FindBoatsParams, GetBoatError, GetBoatParams, GetBoatSuccess, ReplaceBoatParams};
use subject::apis::configuration::{ApiKey, Configuration};
use subject::apis::files_api::{self, AddFileParams};
use subject::apis::{Error, logs_api};
use subject::models::{Boat, BoatUpdate};

/// Runs a case against the server on a port.
pub async fn run(case: &str, port: u16) -> Value {
    attempt(case, port).await.unwrap_or_else(|failed| failed)
}

fn failed(error: impl std::fmt::Display) -> Value {
    json!({"error": error.to_string()})
}

async fn boat(configuration: &Configuration, id: &str) -> Result<Boat, Value> {
    let params = GetBoatParams { id: id.to_owned() };
    match boats_api::get_boat(configuration, params).await.map_err(failed)?.entity {
        Some(GetBoatSuccess::Status200(boat)) => Ok(boat),
        // A value that does not fit its type is untyped JSON.
        Some(GetBoatSuccess::UnknownValue(_)) => Err(json!({"untyped": true})),
        None => Err(failed("no value")),
    }
}

async fn account(configuration: &Configuration) -> Result<(), Value> {
    let response = accounts_api::get_account(configuration).await.map_err(failed)?;
    let Some(GetAccountSuccess::Status200(mut account)) = response.entity else { return Err(failed("no account")) };
    account.email = "new@b.example".to_owned();
    accounts_api::replace_account(configuration, ReplaceAccountParams { account }).await.map_err(failed)?;
    Ok(())
}

async fn attempt(case: &str, port: u16) -> Result<Value, Value> {
    let version = if case == "servers" { "v2" } else { "v1" };
    let configuration = Configuration {
        base_path: format!("http://127.0.0.1:{port}/{version}"),
        bearer_access_token: Some("token-1".to_owned()),
        api_key: Some(ApiKey { prefix: None, key: "key-1".to_owned() }),
        ..Configuration::default()
    };
    let configuration = &configuration;
    match case {
        "null-sent" => {
            for owner in [Some(None), None] {
                let boat_update = BoatUpdate { owner, ..BoatUpdate::default() };
                let params = UpdateBoatParams { id: "1".to_owned(), boat_update };
                boats_api::update_boat(configuration, params).await.map_err(failed)?;
            }
        }
        "read-only" => account(configuration).await?,
        "date-type" => {
            return Ok(json!({"type": std::any::type_name_of_val(&boat(configuration, case).await?.arrived)}));
        }
        "error-declared" | "error-unreadable" | "error-undeclared" => {
            let params = GetBoatParams { id: case.to_owned() };
            return match boats_api::get_boat(configuration, params).await {
                Err(Error::ResponseError(response)) => {
                    let code = match response.entity {
                        Some(GetBoatError::Status404(failure)) => Some(failure.code),
                        _ => None,
                    };
                    Ok(json!({"status": response.status.as_u16(), "code": code, "body": response.content}))
                }
                other => Err(failed(format!("{other:?}"))),
            };
        }
        "header" => return Err(json!({"cannot": "lost"})),
        "events" | "events-bad" | "events-broken" | "events-ended" => {
            logs_api::watch_log(configuration).await.map_err(failed)?;
            return Ok(json!({"cannot": "one text, after the end"}));
        }
        "multipart" => {
            std::fs::write("log.txt", "FILE").map_err(failed)?;
            let about = r#"{"title": "the log"}"#.to_owned();
            let params = AddFileParams { file: "log.txt".into(), about, note: Some("a note".to_owned()) };
            files_api::add_file(configuration, params).await.map_err(failed)?;
        }
        "lists" => {
            let name = Some(vec!["a b".to_owned(), "c,d".to_owned()]);
            let flag = Some(vec!["NL".to_owned(), "DE".to_owned()]);
            boats_api::find_boats(configuration, FindBoatsParams { name, flag }).await.map_err(failed)?;
        }
        "auth" => {
            account(configuration).await?;
            boat(configuration, "plain").await?;
        }
        "debug" => return Ok(json!({"debug": format!("{configuration:?}")})),
        "servers" => {
            boat(configuration, "plain").await?;
            return Ok(json!({"by_hand": true}));
        }
        "null-read" | "retry" => drop(boat(configuration, case).await?),
        _ => {
            let boat = boat(configuration, case).await?;
            let params = ReplaceBoatParams { id: case.to_owned(), boat };
            boats_api::replace_boat(configuration, params).await.map_err(failed)?;
        }
    }
    Ok(json!({}))
}
