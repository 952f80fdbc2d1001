//! The authorization of connectors at a provider: a URL for a browser, and the redirect back.

use serde_json::json;

use super::call::{Answered, Call, ok};
use super::problem::Problem;
use super::state::{OAUTH_APP, ORG, USER, World};
use super::text::with_query;

/// The provider's page for the authorization of connectors.
pub(super) const PROVIDER: &str = "/provider/authorize";

pub(super) fn authorization_url(world: &mut World, call: &Call<'_>) -> Answered {
    let connector = world.free(call.id())?;
    if !connector.uses_oauth() {
        return Err(Problem::new(400, "connectors of this type do not use OAuth"));
    }
    if !connector.is("isConfigured") {
        return Err(Problem::new(400, "the connector must be configured first"));
    }
    let callback = format!("connectors/oauth/callback/{}", connector.text("type"));
    let app = connector.value["config"]["auth"][OAUTH_APP].as_str().unwrap_or_default().to_owned();
    let app = world.oauth_apps.get(&app).ok_or_else(|| Problem::new(400, "the connector has no OAuth app"))?;
    let client_id = app["clientId"].as_str().unwrap_or_default().to_owned();
    let base = call.query("baseUrl").unwrap_or(call.url).trim_end_matches('/');
    let redirect_uri = format!("{base}/{callback}");
    let state = world.new_id("login");
    world.logins.insert(state.clone(), call.id().to_owned());
    let pairs = [
        ("response_type", "code"),
        ("client_id", client_id.as_str()),
        ("redirect_uri", redirect_uri.as_str()),
        ("state", state.as_str()),
    ];
    let url = with_query(&format!("{}{PROVIDER}", call.url), &pairs);
    ok(&json!({"success": true, "authorizationUrl": url, "state": state}))
}

/// The provider's page, which always consents: returns the redirect.
pub(super) fn provider(world: &mut World, query: &[(String, String)]) -> Result<String, Problem> {
    let get = |name: &str| {
        let found = query.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let (redirect_uri, state) = (get("redirect_uri"), get("state"));
    if redirect_uri.is_empty() {
        return Err(Problem::new(400, "redirect_uri is required"));
    }
    let code = world.new_id("provider-code");
    world.codes.insert(code.clone(), state.to_owned());
    Ok(with_query(redirect_uri, &[("code", code.as_str()), ("state", state)]))
}

/// Always responds with 200: the body has the result. Without a base, the URL is relative.
pub(super) fn callback(world: &mut World, call: &Call<'_>) -> Answered {
    if call.query("code").is_none_or(str::is_empty) {
        return Err(Problem::validation("Required"));
    }
    let base = call.query("baseUrl").unwrap_or_default().trim_end_matches('/');
    let Err((error, message)) = log_in(world, call) else {
        return ok(&json!({"success": true, "redirectUrl": format!("{base}/connectors?oauth=success")}));
    };
    let redirect_url = with_query(&format!("{base}/connectors"), &[("oauth_error", error.as_str())]);
    let mut body = json!({"success": false, "redirectUrl": redirect_url, "error": error});
    if let Some(message) = message {
        body["errorMessage"] = json!(message);
    }
    ok(&body)
}

fn log_in(world: &mut World, call: &Call<'_>) -> Result<(), (String, Option<&'static str>)> {
    if let Some(error) = call.query("error") {
        return Err((error.to_owned(), None));
    }
    let state = call.query("state").unwrap_or_default();
    let wrong_state = || ("invalid_state".to_owned(), Some("no login with this state has begun"));
    let id = world.logins.remove(state).ok_or_else(wrong_state)?;
    let code = world.codes.remove(call.query("code").unwrap_or_default());
    if code.as_deref() != Some(state) {
        return Err(("invalid_code".to_owned(), Some("the provider did not issue this code")));
    }
    let connector = world.connector_mut(&id).map_err(|_| wrong_state())?;
    connector.value["isAuthenticated"] = json!(true);
    Ok(())
}

/// Deprecated: one connector for everyone, with few fields.
pub(super) fn token_from_code(world: &World, call: &Call<'_>) -> Answered {
    call.text("tempCode")?;
    let now = world.clock.stamp();
    ok(&json!({
        "message": "Connector is now enabled",
        "connector": {
            "_id": "fake-google-workspace",
            "orgId": ORG,
            "name": "Google Workspace",
            "isEnabled": true,
            "lastUpdatedBy": USER,
            "createdAt": now,
            "updatedAt": now,
        },
    }))
}
