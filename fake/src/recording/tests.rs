//! A recording has no secrets, keeps the relations between calls, and can be replayed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use connectors::{SendError, Sender, reqwest};
use serde_json::{Value, json};

use super::{Player, Recorder, Replay};
use connectors_mock::schema::Random;

fn file(name: &str) -> PathBuf {
    let file = std::env::temp_dir().join(format!("connectors-fake-{name}-{}.json", std::process::id()));
    drop(std::fs::remove_file(&file));
    file
}

fn request(method: &str, path: &str, body: &Value) -> reqwest::Request {
    let url = format!("https://tenant.example{path}").parse().unwrap();
    let mut request = reqwest::Request::new(method.parse().unwrap(), url);
    request.headers_mut().insert("authorization", "Bearer PLANTED-in-a-header".parse().unwrap());
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    *request.body_mut() = Some(body.to_string().into());
    request
}

fn response(status: u16, body: &Value) -> reqwest::Response {
    let response = http::Response::builder().status(status).header("content-type", "application/json");
    response.header("set-cookie", "PLANTED-in-a-cookie").body(body.to_string()).unwrap().into()
}

/// A value with secrets in all places that can have them. There are only a few different secrets, so that they repeat.
fn planted(random: &mut Random, depth: usize) -> Value {
    let kinds =
        ["PLANTED", "planted@PLANTED.example", "https://PLANTED.example/?key=PLANTED", "eyJPLANTED.a.b", "ÄPLANTED"];
    let secret = |random: &mut Random| {
        let kind = kinds[random.below(kinds.len())];
        format!("{kind}{}", random.below(40))
    };
    match random.below(if depth == 0 { 3 } else { 6 }) {
        0 | 1 => secret(random).into(),
        2 => json!("SYNC_STATUS_DONE"),
        3 => (0..random.below(4)).map(|_| planted(random, depth - 1)).collect(),
        _ => {
            let names = ["displayName", "id", "config", "userIds"];
            let mut object = serde_json::Map::new();
            for _ in 0..random.below(4) {
                let name = if random.once_in(4) { secret(random) } else { names[random.below(names.len())].to_owned() };
                object.insert(name, planted(random, depth - 1));
            }
            object.into()
        }
    }
}

/// Every text of a value, names included, in order.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            found.push(name.clone());
            texts(value, found);
        }),
        _ => {}
    }
}

#[tokio::test]
async fn secrets_are_not_recorded_relations_are_kept_and_it_can_be_replayed() {
    let file = file("planted");
    let mut random = Random::new(7);
    let exchanges: Vec<(String, Value, Value)> = (0..1000)
        .map(|_| {
            let path =
                format!("/api/v1/apps/PLANTED{}/connectors?page_token=PLANTED{}", random.below(40), random.below(40));
            (path, planted(&mut random, 3), planted(&mut random, 3))
        })
        .collect();
    let answers = Arc::new(std::sync::Mutex::new(
        exchanges.iter().map(|(_, _, body)| body.clone()).collect::<Vec<_>>().into_iter(),
    ));
    let network = move |_: reqwest::Request| {
        let body = answers.lock().unwrap().next().unwrap();
        async move { Ok::<_, SendError>(response(200, &body)) }
    };
    let recorder = Recorder::create(&file, connectors::c1::DOCUMENT, network).unwrap();
    for (path, sent, received) in &exchanges {
        let response = recorder.send(request("POST", path, sent)).await.unwrap();
        // The client gets what the server sent.
        assert_eq!(serde_json::from_slice::<Value>(&response.bytes().await.unwrap()).unwrap(), *received);
    }
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(!written.contains("PLANTED") && !written.contains("eyJ"), "a secret is in the file");
    assert!(written.contains("SYNC_STATUS_DONE") && written.contains("displayName"));

    // Equal texts have equal replacements and different texts different ones, so relations between calls are kept.
    let recorded: Vec<Value> =
        serde_json::Deserializer::from_str(&written).into_iter().collect::<Result<_, _>>().unwrap();
    assert_eq!(recorded.len(), exchanges.len());
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for ((_, sent, received), recorded) in exchanges.iter().zip(&recorded) {
        for (before, after) in
            [(sent, &recorded["request"]["body"]["json"]), (received, &recorded["response"]["body"]["json"])]
        {
            let (mut real, mut written) = (Vec::new(), Vec::new());
            // The order of an object's names may change when they are replaced.
            if before.is_string() || before.is_array() && before.as_array().unwrap().iter().all(Value::is_string) {
                texts(before, &mut real);
                texts(after, &mut written);
            }
            assert_eq!(real.len(), written.len());
            for (real, written) in real.into_iter().zip(written) {
                assert_eq!(*names.entry(real).or_insert_with(|| written.clone()), written);
            }
        }
    }
    let distinct: std::collections::BTreeSet<&String> = names.values().collect();
    assert!(names.len() > 50 && distinct.len() == names.len());

    let player = Player::open(&file).unwrap();
    for recorded in &recorded {
        let sent = &recorded["request"];
        let query: Vec<String> = sent["query"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| format!("{}={}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .collect();
        let path = format!("{}?{}", sent["path"].as_str().unwrap(), query.join("&"));
        let played = player.send(request("POST", &path, &sent["body"]["json"])).await.unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&played.bytes().await.unwrap()).unwrap(),
            recorded["response"]["body"]["json"]
        );
    }
    assert!(player.send(request("GET", "/api/v1/apps", &Value::Null)).await.is_err());
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn a_recording_is_never_overwritten() {
    let file = file("once");
    let network = |_: reqwest::Request| async { Err::<reqwest::Response, _>(SendError::unsendable("no")) };
    // A request without a response leaves no file, so the next run can use the same name.
    let recorder = Recorder::create(&file, connectors::c1::DOCUMENT, network).unwrap();
    assert!(recorder.send(request("GET", "/api/v1/apps", &Value::Null)).await.is_err());
    assert!(!file.exists());
    assert!(Recorder::create(file.join("in"), connectors::c1::DOCUMENT, network).is_err());
    std::fs::write(&file, "kept").unwrap();
    assert!(Recorder::create(&file, connectors::c1::DOCUMENT, network).is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    std::fs::remove_file(&file).unwrap();
}

/// The recorded response to a POST.
async fn recorded(name: &str, body: &Value) -> Value {
    let file = file(name);
    let text = body.clone();
    let network = move |_: reqwest::Request| {
        let response = response(200, &text);
        async move { Ok::<_, SendError>(response) }
    };
    let document = r##"{"paths": {}, "components": {"schemas": {
        "Day": {"type": "string", "format": "date"},
        "Pet": {"properties": {
            "since": {"type": "string", "format": "date-time"},
            "day": {"$ref": "#/components/schemas/Day"},
            "seen": {"additionalProperties": {"type": "string", "format": "date-time"}},
            "id": {"type": "integer"}, "phone": {"type": "string"}, "weight": {"type": "number"}
        }}
    }}}"##;
    let recorder = Recorder::create(&file, document, network).unwrap();
    recorder.send(request("POST", "/pets", &Value::Null)).await.unwrap();
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    std::fs::remove_file(&file).unwrap();
    written["response"]["body"]["json"].clone()
}

#[tokio::test]
async fn times_are_kept_only_in_places_of_times_and_other_large_numbers_nowhere() {
    let kept = json!({
        "since": "2026-01-02T03:04:05Z",
        "day": "2026-01-02",
        "seen": {"text-2": "2026-01-02T03:04:05Z"},
        "weight": 1_234_567.5,
        "id": 7,
    });
    let mut sent = kept.clone();
    sent["seen"] = json!({"Ada": "2026-01-02T03:04:05Z"});
    assert_eq!(recorded("kept", &sent).await, kept);
    for name in ["createdAtTimestamp", "updated_at", "lastSyncTime"] {
        let kept = recorded(name, &json!({name: 1_767_225_600_000_u64})).await;
        assert_eq!(kept, json!({"text-2": 1_767_225_600_000_u64}), "{name}");
    }
    for (index, value) in [
        json!(3_125_551_234_u64),
        json!("3125551234"),
        json!("+13125551234"),
        json!(1_767_225_600_000_u64),
        json!(u64::MAX),
        json!(1e30),
        json!("1815-12-10"),
        json!("18446744073709551615"),
    ]
    .into_iter()
    .enumerate()
    {
        for name in ["id", "phone", "dateOfBirth", "birthdate"] {
            let shown = recorded(&format!("replaced-{index}"), &json!({name: [value]})).await.to_string();
            let is_replaced = shown.contains("1000000]") || shown.contains("1000000\"]") || shown.contains(":[\"text-");
            assert!(is_replaced, "{name}: {value}: {shown}");
        }
    }
}

#[test]
fn a_replay_fails_if_the_client_reads_other_values() {
    let file = file("replay");
    let exchange = |status: u16| {
        let body = json!({"json": {"name": "text-1", "list": [{"name": null}]}});
        json!({"request": {}, "response": {"status": status, "body": body}}).to_string()
    };
    std::fs::write(&file, exchange(200) + &exchange(404)).unwrap();
    let document = r#"{"components": {"schemas": {"Thing": {"properties": {"title": {"x-aliases": ["name"]}}}}}}"#;
    let replay = Replay::open(&file, document).unwrap();
    let without = Replay::open(&file, "{}").unwrap();
    std::fs::remove_file(&file).unwrap();
    let accepts = |replay: &Replay, index: usize, value: &Value| {
        let check = || replay.check(index, Ok(value));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_ok()
    };
    let read = json!({"title": "text-1", "list": [{}]});
    assert!(accepts(&replay, 0, &read) && accepts(&replay, 0, &json!({"name": "text-1", "list": [{}]})));
    // The names are equal only if the document declares them as aliases.
    assert!(!accepts(&without, 0, &read));
    for value in [json!({"title": "text-2", "list": [{}]}), json!({"title": "text-1", "list": []}), Value::Null] {
        assert!(!accepts(&replay, 0, &value), "{value}");
    }
    assert!(!accepts(&replay, 1, &read), "a failure was recorded");
    assert!(!accepts(&replay, 2, &read), "nothing was recorded");
    for text in ["{", "{} no"] {
        std::fs::write(&file, text).unwrap();
        assert!(Replay::open(&file, "{}").is_err() && Player::open(&file).is_err());
    }
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn a_response_without_an_end_is_not_recorded() {
    let file = file("endless");
    let network = |_: reqwest::Request| async {
        let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
        Ok::<reqwest::Response, SendError>(http::Response::new(reqwest::Body::wrap_stream(chunks)).into())
    };
    let recorder = Recorder::create(&file, connectors::c1::DOCUMENT, network).unwrap();
    assert!(recorder.send(request("GET", "/api/v1/apps", &Value::Null)).await.is_err());
    assert!(!file.exists());
}
