//! The probe for the client that this project generates.

use connectors_runtime::{Error, File};
use futures_util::StreamExt;
use serde_json::{Value, json};
use subject::{Client, Credentials, errors, forms, headers, servers, types};

/// Runs a case against the server on a port.
pub async fn run(case: &str, port: u16) -> Value {
    match attempt(case, port).await {
        Ok(value) => value,
        Err(error) => json!({"error": error.to_string()}),
    }
}

fn client(port: u16, version: &str) -> Result<Client, Error> {
    let credentials = Credentials::new().token("token-1").key("key-1");
    Client::builder(servers::Harbour::default().port(port.to_string()).version(version), credentials).build()
}

async fn attempt(case: &str, port: u16) -> Result<Value, Error> {
    let client = client(port, if case == "servers" { "v2" } else { "v1" })?;
    match case {
        "null-sent" => {
            client.boats().update_boat("1", &types::BoatUpdate::default().owner_null()).await?;
            client.boats().update_boat("1", &types::BoatUpdate::default()).await?;
        }
        "read-only" => {
            client.accounts().get_account().await?;
            client.accounts().replace_account(&types::AccountInput::new("new@b.example".to_owned())).await?;
        }
        "date-type" => {
            let boat = client.boats().get_boat(case).await?;
            return Ok(json!({"type": std::any::type_name_of_val(&boat.arrived)}));
        }
        "error-declared" | "error-unreadable" | "error-undeclared" => {
            return Ok(client.boats().get_boat(case).await.err().map_or(Value::Null, |error| failure(&error)));
        }
        "header" => {
            let response = client.boats().get_boat(case).send().await?;
            return Ok(json!({"header": number(response.header_as(headers::X_BERTHS_LEFT)?)}));
        }
        "events" | "events-bad" => {
            let items = client.logs().watch_log().stream();
            let items: Vec<_> = items.take(3).collect().await;
            let numbers: Vec<_> = items.into_iter().filter_map(Result::ok).map(|entry| entry.number).collect();
            return Ok(json!({"numbers": numbers}));
        }
        "events-broken" | "events-ended" => {
            let items = client.logs().watch_log().stream().reconnect();
            let items: Vec<_> = items.take(3).collect().await;
            let numbers: Vec<_> = items.into_iter().filter_map(Result::ok).map(|entry| entry.number).collect();
            return Ok(json!({"numbers": numbers}));
        }
        "multipart" => {
            let file = File::bytes("FILE").name("log.txt");
            let form = forms::AddFile::new(file, types::About::new("the log".to_owned())).note("a note");
            client.files().add_file(form).await?;
        }
        "lists" => client.boats().find_boats().name(["a b", "c,d"]).flag(["NL", "DE"]).await?,
        "auth" => {
            client.accounts().get_account().await?;
            client.accounts().replace_account(&types::AccountInput::new("new@b.example".to_owned())).await?;
            client.boats().get_boat("plain").await?;
        }
        "debug" => return Ok(json!({"debug": format!("{client:?}")})),
        "null-read" | "servers" | "retry" => drop(client.boats().get_boat(case).await?),
        _ => {
            let boat = client.boats().get_boat(case).await?;
            client.boats().replace_boat(case, &boat).await?;
        }
    }
    Ok(json!({}))
}

fn number(header: Option<i128>) -> Option<i64> {
    header.and_then(|number| number.try_into().ok())
}

fn failure(error: &Error) -> Value {
    let code = match errors::boats::GetBoat::of(error) {
        Some(errors::boats::GetBoat::Status404(failure)) => Some(failure.code),
        _ => None,
    };
    let header = error.header_as(headers::X_BERTHS_LEFT).ok().and_then(number);
    json!({"status": error.status(), "code": code, "header": header, "body": error.body()})
}
