//! The probe for a client by oas3-gen.

use futures_util::StreamExt;
use serde_json::{Value, json};
use subject::{
    About, AddFileRequest, ApiResponse, Boat, BoatUpdate, FileRequestBody, FindBoatsRequest, GetAccountRequest,
    GetBoatRequest, HarbourClient, ReplaceAccountRequest, ReplaceBoatRequest, UpdateBoatRequest, WatchLogRequest,
};

type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Runs a case against the server on a port.
pub async fn run(case: &str, port: u16) -> Value {
    match attempt(case, port).await {
        Ok(value) => value,
        Err(error) => json!({"error": format!("{error:#}")}),
    }
}

async fn boat(client: &HarbourClient, id: &str) -> Fallible<Boat> {
    let request = GetBoatRequest::builder().id(id.to_owned()).build()?;
    match client.get_boat(request).await? {
        ApiResponse::Ok(response) => Ok(response.body),
        other => Err(format!("{other:?}").into()),
    }
}

async fn account(client: &HarbourClient) -> Fallible<()> {
    let ApiResponse::Ok(mut account) = client.get_account(GetAccountRequest::default()).await? else {
        return Err("no account".into());
    };
    account.email = "new@b.example".to_owned();
    client.replace_account(ReplaceAccountRequest::builder().body(account).build()?).await?;
    Ok(())
}

async fn attempt(case: &str, port: u16) -> Fallible<Value> {
    let version = if case == "servers" { "v2" } else { "v1" };
    // `HarbourClient::new` panics: the variables of the document's server are not filled in.
    let client = HarbourClient::with_base_url(format!("http://127.0.0.1:{port}/{version}"))?;
    let client = client.with_token("token-1").with_key("key-1");
    match case {
        // There is no null: `owner` is an `Option<String>` that is left out.
        "null-sent" => {
            let update = BoatUpdate::builder().build();
            client.update_boat(UpdateBoatRequest::builder().id("1".to_owned()).body(update).build()?).await?;
        }
        "read-only" => account(&client).await?,
        "date-type" => return Ok(json!({"type": std::any::type_name_of_val(&boat(&client, case).await?.arrived)})),
        "error-declared" | "error-unreadable" | "error-undeclared" => {
            return match client.get_boat(GetBoatRequest::builder().id(case.to_owned()).build()?).await? {
                ApiResponse::NotFound(failure) => {
                    Ok(json!({"status": 404, "code": failure.body.code, "header": failure.headers.x_berths_left}))
                }
                ApiResponse::Other(response) => {
                    let header = response.headers().get("x-berths-left").and_then(|value| value.to_str().ok());
                    let (status, header) = (response.status().as_u16(), header.map(str::to_owned));
                    Ok(json!({"status": status, "header": header, "body": response.text().await?}))
                }
                other => Err(format!("{other:?}").into()),
            };
        }
        "header" => {
            let request = GetBoatRequest::builder().id(case.to_owned()).build()?;
            if let ApiResponse::Ok(response) = client.get_boat(request).await? {
                return Ok(json!({"header": response.headers.x_berths_left}));
            }
        }
        "events" | "events-bad" | "events-broken" | "events-ended" => {
            if let ApiResponse::Ok(frames) = client.watch_log(WatchLogRequest::default()).await? {
                let frames: Vec<_> = frames.take(3).collect().await;
                let numbers: Vec<_> =
                    frames.into_iter().filter_map(Result::ok).map(|frame| frame.data().number).collect();
                return Ok(json!({"numbers": numbers}));
            }
        }
        "multipart" => {
            let about = About::builder().title("the log".to_owned()).build();
            let body = FileRequestBody::builder().file(b"FILE".to_vec()).about(about).note("a note".to_owned()).build();
            client.add_file(AddFileRequest::builder().body(body).build()?).await?;
        }
        "lists" => {
            let names = vec!["a b".to_owned(), "c,d".to_owned()];
            let flags = vec!["NL".to_owned(), "DE".to_owned()];
            client.find_boats(FindBoatsRequest::builder().name(names).flag(flags).build()?).await?;
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
            client.replace_boat(ReplaceBoatRequest::builder().id(case.to_owned()).body(boat).build()?).await?;
        }
    }
    Ok(json!({}))
}
