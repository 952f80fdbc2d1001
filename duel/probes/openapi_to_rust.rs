//! The probe for a client by openapi-to-rust.

use futures_util::StreamExt;
use serde_json::{Value, json};
use subject::sse::{SseClient, SseReconnectOptions};
use subject::{About, Account, ApiOpError, BoatUpdate, Entry, GetBoatApiError, HttpClient, MultipartFile, RetryConfig};
use subject::{StreamingClient, WatchLogStreamingClient};

/// Runs a case against the server on a port.
pub async fn run(case: &str, port: u16) -> Value {
    attempt(case, port).await.unwrap_or_else(|error| json!({"error": error}))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn account(client: &HttpClient) -> Result<(), String> {
    let account: Account = client.get_account().await.map_err(text)?;
    client.replace_account(Account { email: "new@b.example".to_owned(), ..account }).await.map_err(text)
}

async fn attempt(case: &str, port: u16) -> Result<Value, String> {
    let version = if case == "servers" { "v2" } else { "v1" };
    let url = format!("http://127.0.0.1:{port}/{version}");
    let client = HttpClient::with_config(Some(RetryConfig::default()), false).with_base_url(&url);
    // There is one token for all operations; the key is a header for all.
    let client = client.with_api_key("token-1").with_header("X-Harbour-Key", "key-1");
    match case {
        "null-sent" => {
            client.update_boat_builder("1").owner_null().send().await.map_err(text)?;
            client.update_boat_builder("1").request(BoatUpdate::default()).send().await.map_err(text)?;
        }
        "read-only" => account(&client).await?,
        "date-type" => {
            let boat = client.get_boat(case).await.map_err(text)?;
            return Ok(json!({"type": std::any::type_name_of_val(&boat.arrived)}));
        }
        "error-declared" | "error-unreadable" | "error-undeclared" => {
            return match client.get_boat(case).await {
                Err(ApiOpError::Api(error)) => {
                    let header = error.headers.get("x-berths-left").and_then(|value| value.to_str().ok());
                    let code = error.typed.as_ref().map(|GetBoatApiError::Status404(failure)| failure.code.clone());
                    Ok(json!({"status": error.status, "header": header, "code": code, "body": error.body}))
                }
                Err(error) => Err(text(error)),
                Ok(_) => Err("a success".to_owned()),
            };
        }
        "header" => return Ok(json!({"cannot": "lost"})),
        "events" | "events-bad" => {
            // The path of the endpoint is joined to the URL, which has to end with a slash.
            let client = StreamingClient::new().with_base_url(format!("{url}/"));
            let items: Vec<_> = client.stream_watch_log().await.map_err(text)?.take(3).collect().await;
            let numbers: Vec<_> = items.into_iter().filter_map(Result::ok).map(|entry| entry.number).collect();
            return Ok(json!({"numbers": numbers}));
        }
        "events-broken" | "events-ended" => {
            let client = SseClient::new().with_reconnect_options(SseReconnectOptions::default());
            let request = client.get(format!("{url}/log"));
            let items = client.stream_json_reconnecting::<Entry>(request).await.map_err(text)?;
            let items: Vec<_> = items.take(3).collect().await;
            let numbers: Vec<_> = items.into_iter().filter_map(Result::ok).map(|event| event.data.number).collect();
            return Ok(json!({"numbers": numbers}));
        }
        "multipart" => {
            let file = MultipartFile::from("FILE").with_file_name("log.txt");
            let about = About { title: "the log".to_owned() };
            // A client with retries fails before it sends: the body cannot be cloned.
            let client = HttpClient::new().with_base_url(&url);
            client.add_file_builder(about, file).note("a note".to_owned()).send().await.map_err(text)?;
            return Ok(json!({"but": "by a client without retries"}));
        }
        "lists" => {
            let names = vec!["a b".to_owned(), "c,d".to_owned()];
            let flags = vec!["NL".to_owned(), "DE".to_owned()];
            client.find_boats_builder().name(names).flag(flags).send().await.map_err(text)?;
        }
        "auth" => {
            account(&client).await?;
            client.get_boat("plain").await.map_err(text)?;
        }
        // The client has no `Debug`.
        "debug" => return Ok(json!({"debug": ""})),
        "servers" => {
            client.get_boat("plain").await.map_err(text)?;
            return Ok(json!({"by_hand": true}));
        }
        "null-read" | "retry" => drop(client.get_boat(case).await.map_err(text)?),
        _ => {
            let boat = client.get_boat(case).await.map_err(text)?;
            client.replace_boat(case, boat).await.map_err(text)?;
        }
    }
    Ok(json!({}))
}
