//! The probe for a client by progenitor, in builder style.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use subject::{Client, Error, types};

/// Runs a case against the server on a port.
pub async fn run(case: &str, port: u16) -> Value {
    match attempt(case, port).await {
        Ok(value) => value,
        Err(error) => json!({"error": error}),
    }
}

/// Credentials are headers of the HTTP client, which it sends with each request.
fn client(port: u16, version: &str) -> Result<Client, String> {
    let mut token = HeaderValue::from_static("Bearer token-1");
    let mut key = HeaderValue::from_static("key-1");
    token.set_sensitive(true);
    key.set_sensitive(true);
    let headers = HeaderMap::from_iter([(AUTHORIZATION, token), ("x-harbour-key".parse().map_err(text)?, key)]);
    let http = reqwest::Client::builder().default_headers(headers).build().map_err(text)?;
    Ok(Client::new_with_client(&format!("http://127.0.0.1:{port}/{version}"), http))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn boat(client: &Client, id: &str) -> Result<types::Boat, String> {
    Ok(client.get_boat().id(id).send().await.map_err(text)?.into_inner())
}

async fn account(client: &Client) -> Result<(), String> {
    let mut account = client.get_account().send().await.map_err(text)?.into_inner();
    account.email = "new@b.example".to_owned();
    client.replace_account().body(account).send().await.map_err(text)?;
    Ok(())
}

fn header(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-berths-left")?.to_str().ok()
}

async fn attempt(case: &str, port: u16) -> Result<Value, String> {
    let client = client(port, if case == "servers" { "v2" } else { "v1" })?;
    match case {
        // There is no null: `owner` is an `Option<String>` that is left out.
        "null-sent" => {
            client.update_boat().id("1").body(types::BoatUpdate::builder()).send().await.map_err(text)?;
        }
        "read-only" => account(&client).await?,
        "date-type" => return Ok(json!({"type": std::any::type_name_of_val(&boat(&client, case).await?.arrived)})),
        "error-declared" | "error-unreadable" | "error-undeclared" => {
            return Ok(match client.get_boat().id(case).send().await {
                Err(Error::ErrorResponse(response)) => {
                    let (status, header) = (response.status().as_u16(), header(response.headers()).map(str::to_owned));
                    json!({"status": status, "header": header, "code": response.into_inner().code})
                }
                Err(Error::InvalidResponsePayload(bytes, _)) => json!({"body": String::from_utf8_lossy(&bytes)}),
                Err(Error::UnexpectedResponse(response)) => {
                    let (status, header) = (response.status().as_u16(), header(response.headers()).map(str::to_owned));
                    json!({"status": status, "header": header, "body": response.text().await.map_err(text)?})
                }
                Err(error) => return Err(text(error)),
                Ok(_) => return Err("a success".to_owned()),
            });
        }
        "header" => {
            let response = client.get_boat().id(case).send().await.map_err(text)?;
            return Ok(json!({"text": header(response.headers())}));
        }
        "events" => {
            client.watch_log().send().await.map_err(text)?;
            return Ok(json!({"bytes": true}));
        }
        "events-bad" | "events-broken" | "events-ended" => return Ok(json!({"cannot": "bytes"})),
        "multipart" => return Ok(json!({"cannot": "refused"})),
        "lists" => {
            let names = vec!["a b".to_owned(), "c,d".to_owned()];
            let flags = vec!["NL".to_owned(), "DE".to_owned()];
            client.find_boats().name(names).flag(flags).send().await.map_err(text)?;
        }
        "auth" => {
            account(&client).await?;
            boat(&client, "plain").await?;
        }
        "debug" => return Ok(json!({"debug": format!("{client:?}")})),
        "servers" => {
            boat(&client, "plain").await?;
            return Ok(json!({"by_hand": true}));
        }
        "null-read" | "retry" => drop(boat(&client, case).await?),
        _ => {
            let boat = boat(&client, case).await?;
            client.replace_boat().id(case).body(boat).send().await.map_err(text)?;
        }
    }
    Ok(json!({}))
}
