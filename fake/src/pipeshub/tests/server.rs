//! Behaviour of the server that its document does not describe.

use super::*;

#[tokio::test]
async fn responses_have_no_request_id_and_errors_no_metadata() {
    let instance = Instance::start().await.expect("an instance");
    let headers = format!("{}x-request-id: mine\r\n", bearer(&instance.issue_token()));
    let mut wire = Wire::open(instance.host()).await;
    assert_eq!(wire.send("GET", FIRST, &headers, "").await.unwrap().header("x-request-id"), None);
    let short = call(&instance, "POST", LIST, json!({})).await.json();
    assert_eq!(short, json!({"error": {"code": "VALIDATION_ERROR", "message": "Required"}}));
}

#[tokio::test]
async fn a_member_does_not_see_team_connectors_of_others() {
    let instance = Instance::start().await.expect("an instance");
    let id = instance.seed_connector(json!({"type": "S3", "name": "Theirs", "createdBy": "another"}));
    let member = instance.issue_token_with("connector:read connector:write connector:sync kb:read");
    let headers = format!("{}content-type: application/json\r\n", bearer(&member));
    let mut wire = Wire::open(instance.host()).await;
    for (method, path, status) in
        [("GET", "", 404), ("GET", "/config", 404), ("POST", "/toggle", 404), ("GET", "/stats", 200)]
    {
        let reply = wire.send(method, &format!("{LIST}/{id}{path}"), &headers, r#"{"type": "sync"}"#).await.unwrap();
        assert_eq!(reply.status, status, "{method} {path}");
    }
    assert_eq!(wire.send("GET", FIRST, &headers, "").await.unwrap().status, 200);
    get(&instance, &format!("{LIST}/{id}")).await;
    // It cannot create its own OAuth app either.
    let drive = json!({"connectorType": "Drive", "instanceName": "Mine", "scope": "personal", "config": {"auth": {}}});
    let refused = wire.send("POST", LIST, &headers, drive.to_string()).await.unwrap();
    assert_eq!((refused.status, &refused.json()["error"]["message"]), (400, &json!("OAuth App selection is required")));
}

#[tokio::test]
async fn a_resync_needs_more_scopes_than_the_gateway_requires() {
    let instance = Instance::start().await.expect("an instance");
    let mut wire = Wire::open(instance.host()).await;
    for (scopes, status) in [("connector:write", 500), ("connector:write connector:read", 200), ("kb:write", 200)] {
        let headers = bearer(&instance.issue_token_with(scopes)) + "content-type: application/json\r\n";
        let body = json!({"connectorName": "s3"}).to_string();
        let reply = wire.send("POST", &format!("{FIRST}/resync"), &headers, body).await.unwrap();
        assert_eq!(reply.status, status, "{scopes}");
    }
}

#[tokio::test]
async fn the_input_filter_treats_some_texts_as_markup() {
    let instance = Instance::start().await.expect("an instance");
    for search in ["onto=1", "a<b"] {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("search", search).finish();
        let path = format!("{LIST}?{query}");
        assert_eq!(refused(&instance, "GET", &path, Value::Null).await, error(400, "VALIDATION_ERROR"), "{search}");
    }
    let secret = instance.client_secret();
    for (secret, status) in [("<x>", 400), ("on1=2", 400), (format!("{secret}<u").as_str(), 200)] {
        let form =
            [("grant_type", "client_credentials"), ("client_id", instance.client_id()), ("client_secret", secret)];
        assert_eq!(token(&instance, &form).await.status, status, "{secret}");
    }
}

#[tokio::test]
async fn two_listings_skip_items_after_the_first_page() {
    let instance = Instance::start().await.expect("an instance");
    let all = keys(&get(&instance, LIST).await["connectors"]);
    let configured = async |page: u32| {
        let listed = get(&instance, &format!("{LIST}/configured?limit=2&page={page}")).await;
        let total = listed["connectors"]["pagination"]["totalCount"].as_u64().unwrap();
        (total, keys(&listed["connectors"]["connectors"]))
    };
    assert_eq!(configured(1).await, (14, all[..2].to_vec()));
    // The items before the page are removed twice, and then once more.
    assert_eq!(configured(2).await, (10, all[6..8].to_vec()));
    for id in &all {
        assert!(instance.set(id, "/isAgentActive", json!(true)));
    }
    let agents = get(&instance, &format!("{LIST}/agents/active?limit=2&page=2")).await;
    assert_eq!(keys(&agents["connectors"]), all[6..8]);
}
