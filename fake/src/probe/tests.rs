//! Each kind of difference, and the action that allows it.

use std::sync::Arc;

use connectors::{SendError, Sender, reqwest};
use serde_json::{Value, json};

use super::Probe;

/// The differences of one response, with the targets of their actions.
async fn differences(version: &str, schema: Value, status: u16, body: &Value) -> Vec<(String, Vec<String>)> {
    let document = json!({
        "openapi": version,
        "servers": [{"url": "{instance}/api/v1"}],
        "paths": {"/things/{id}": {"get": {
            "operationId": "getThing",
            "responses": {"200": {
                "headers": {"X-Total": {"required": true, "schema": {"type": "integer"}}},
                "content": {"application/json": {"schema": schema}},
            }},
        }}},
        "components": {"schemas": {"Named": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}},
    });
    let probe = Arc::new(Probe::new(&document.to_string()).unwrap());
    let text = body.to_string();
    let live = move |_: reqwest::Request| {
        let response = http::Response::builder().status(status).header("content-type", "application/json");
        let response = response.header("x-total", "many").body(text.clone()).unwrap();
        async move { Ok::<_, SendError>(response.into()) }
    };
    let sender = probe.watch(&["getThing"], live);
    let request = reqwest::Request::new(reqwest::Method::GET, "https://a.example/api/v1/things/7".parse().unwrap());
    let received = sender.send(request).await.unwrap();
    assert_eq!(received.bytes().await.unwrap(), body.to_string());
    let report = probe.report(&Probe::new(&document.to_string()).unwrap());
    let overlay = report.overlay("things");
    assert!(!overlay.contains("PLANTED"), "{overlay}");
    let targets = |actions: Vec<Value>| actions.iter().map(|it| it["target"].as_str().unwrap().to_owned()).collect();
    report.differences().iter().map(|it| (it.what().to_owned(), targets(it.actions()))).collect()
}

const SCHEMA: &str = "$.paths['/things/{id}'].get.responses['200'].content['application/json'].schema";

#[tokio::test]
async fn each_rule_that_is_broken_has_an_action_at_its_place() {
    let schema = json!({
        "type": "object",
        "properties": {
            "it's": {"$ref": "#/components/schemas/Named"},
            "either": {"oneOf": [{"$ref": "#/components/schemas/Named"}, {"type": "null"}]},
            "list": {"type": "array", "items": {"type": "string", "enum": ["a"]}},
            "map": {"type": "object", "additionalProperties": {"type": "integer"}},
            "free": {"type": "object"},
        },
    });
    let body = json!({
        "it's": null,
        "either": {"name": 7},
        "list": ["a", "PLANTED", "PLANTED too"],
        "map": {"PLANTED": "PLANTED"},
        "free": {"PLANTED": "PLANTED"},
        "PLANTED 1": 1,
    });
    let found = differences("3.1.0", schema.clone(), 200, &body).await;
    let expected = [
        (
            "null is not allowed".to_owned(),
            vec![format!("{SCHEMA}.properties['it\\'s']['$ref']"), format!("{SCHEMA}.properties['it\\'s']")],
        ),
        (
            "integer is not an allowed type".to_owned(),
            vec![
                "$.components.schemas.Named.properties.name.type".to_owned(),
                "$.components.schemas.Named.properties.name".to_owned(),
            ],
        ),
        (
            "string is not an allowed type".to_owned(),
            vec![
                format!("{SCHEMA}.properties.map.additionalProperties.type"),
                format!("{SCHEMA}.properties.map.additionalProperties"),
            ],
        ),
        ("an unknown value: 2 x string of length 7 to 11".to_owned(), vec![format!("{SCHEMA}.properties.list.items")]),
        ("a member with a name of length 9 is not documented: 1 x integer".to_owned(), vec![SCHEMA.to_owned()]),
        (
            "the header X-Total breaks the rule `type`: 1 x string of length 4".to_owned(),
            vec!["$.paths['/things/{id}'].get.responses['200'].headers['X-Total'].schema.type".to_owned()],
        ),
    ];
    assert_eq!(found, expected);
    // OpenAPI 3.0 has no type null.
    let found = differences("3.0.3", schema, 200, &json!({"it's": {"name": null}})).await;
    assert_eq!(found[0].1, ["$.components.schemas.Named.properties.name"]);
}

#[tokio::test]
async fn a_member_whose_name_is_a_number_is_a_member() {
    let schema = json!({"allOf": [{"type": "object", "properties": {"0": {"type": "string"}}}]});
    let found = differences("3.1.0", schema, 200, &json!({"0": 7})).await;
    let at = format!("{SCHEMA}.allOf[0].properties['0']");
    assert_eq!(found[0].1, [format!("{at}.type"), at]);
}

#[tokio::test]
async fn statuses_that_depend_on_the_caller_are_skipped() {
    assert!(differences("3.1.0", json!({}), 403, &json!({"message": "PLANTED"})).await.is_empty());
    let found = differences("3.1.0", json!({}), 404, &json!({"message": "PLANTED"})).await;
    assert_eq!(
        found,
        [("the status 404 is not documented".to_owned(), vec!["$.paths['/things/{id}'].get.responses".to_owned()])]
    );
}

#[tokio::test]
async fn only_allowed_requests_are_sent() {
    let document =
        r#"{"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "a"}, "post": {"operationId": "b"}}}}"#;
    let probe = Arc::new(Probe::new(document).unwrap());
    let live = |_: reqwest::Request| async { Ok::<_, SendError>(http::Response::new("").into()) };
    let sender = probe.watch(&["a"], live);
    let (json, form) = ("application/json", "application/x-www-form-urlencoded; charset=utf-8");
    for (method, path, media, body, is_sent) in [
        ("GET", "/a", "", "", true),
        ("POST", "/a", "", "", false),
        ("PUT", "/a", "", "", false),
        ("POST", "/b", "", "", false),
        ("POST", "/oauth/token", form, "grant_type=client_credentials", true),
        ("POST", "/oauth/tokens", form, "grant_type=client_credentials", false),
        ("PUT", "/oauth/token", form, "grant_type=client_credentials", false),
        ("DELETE", "/oauth/token", form, "grant_type=client_credentials", false),
        ("DELETE", "/users/1/token", "", "", false),
        ("POST", "/users/1/token", json, "{}", false),
        ("POST", "/users/1/token", form, "name=mine", false),
    ] {
        let url = format!("https://a.example{path}").parse().unwrap();
        let mut request = reqwest::Request::new(method.parse().unwrap(), url);
        request.headers_mut().insert("content-type", media.parse().unwrap());
        *request.body_mut() = Some(body.into());
        assert_eq!(sender.send(request).await.is_ok(), is_sent, "{method} {path} {body}");
    }
}
