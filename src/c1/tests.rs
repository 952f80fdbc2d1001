//! The client over a socket, and how its credentials are read.

use connectors_fake::Fault;
use connectors_fake::c1::Tenant;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::credentials::server;
use super::{Client, Credentials};
use crate::{Builder, Connection, Error};

/// C1 accepts no request id from its clients, so its builder does not set this header by default.
async fn with_request_ids() -> (Tenant, Builder<Client>) {
    let tenant = Tenant::start().await.unwrap();
    let connection = Connection::new().request_id_header(HeaderName::from_static("x-request-id"));
    let builder = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret()));
    (tenant, builder.connection(connection))
}

#[tokio::test]
async fn a_code_is_a_text_or_a_number() {
    let (tenant, builder) = with_request_ids().await;
    let connector = builder.build().unwrap().app("app-github").connector("github-01");
    let long = "x".repeat(9000);
    for (code, told) in [
        (serde_json::json!(5), Some("5")),
        (serde_json::json!("gone"), Some("gone")),
        (serde_json::json!(null), None),
        (serde_json::json!({"deep": "PLANTED"}), None),
        (serde_json::json!(long), long.get(..200)),
    ] {
        let body = serde_json::json!({"code": code, "message": long});
        tenant.fault(Fault::status(400).json(&body).on("ConnectorService.Get"));
        let error = connector.get().await.unwrap_err();
        assert_eq!((error.code(), error.message().len()), (told, 2000));
    }
}

#[tokio::test]
async fn a_call_has_one_id_for_all_attempts_and_its_errors_have_it() {
    let (tenant, builder) = with_request_ids().await;
    let c1 = builder.build().unwrap();
    let ids = || -> Vec<String> {
        let sent = tenant.requests();
        tenant.clear_requests();
        sent.iter().map(|it| it.header("x-request-id").unwrap_or_default().to_owned()).collect()
    };
    let connector = c1.app("app-github").connector("github-01");
    connector.get().await.unwrap();
    tenant.revoke_tokens();
    ids();
    // Refused, with a new token between.
    connector.get().await.unwrap();
    let sent = ids();
    let [first, token, second] = sent.as_slice() else { panic!("{sent:?}") };
    assert!(first == second && first != token, "{sent:?}");
    assert!(sent.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())), "{sent:?}");

    let nobody = c1.app("app-github").connector("nobody");
    assert_eq!(nobody.get().await.unwrap_err().request_id(), Some(ids()[0].as_str()));
    tenant.fault(Fault::status(404).header("x-request-id", "theirs").on("ConnectorService.Get"));
    assert_eq!(nobody.get().await.unwrap_err().request_id(), Some("theirs"));
    ids();
    tenant.fault(Fault::reset_after_request().on("ConnectorService.RotateCredential"));
    let broken = connector.rotate_credential().await.unwrap_err();
    assert_eq!(broken.request_id(), Some(ids()[0].as_str()));
}

#[tokio::test]
async fn a_programs_own_id_takes_precedence() {
    let (tenant, builder) = with_request_ids().await;
    let mine = |_: &crate::Operation| {
        HeaderMap::from_iter([(HeaderName::from_static("x-request-id"), HeaderValue::from_static("mine"))])
    };
    let c1 = builder.headers_with(mine).build().unwrap();
    let error = c1.app("app-github").connector("nobody").get().await.unwrap_err();
    assert_eq!(error.request_id(), Some("mine"));
    assert_eq!(tenant.requests().last().unwrap().header("x-request-id"), Some("mine"));
}

#[tokio::test]
async fn a_response_that_does_not_fit_is_an_error_with_the_status_and_id_of_its_call() {
    let (tenant, builder) = with_request_ids().await;
    let c1 = builder.build().unwrap();
    let wrong = serde_json::json!({"connectorView": {"connector": {"id": 7}}});
    tenant.fault(Fault::status(200).json(&wrong).on("ConnectorService.Get").times(8));
    let get = |n: usize| {
        let connector = c1.app("app-github").connector(format!("c-{n}"));
        async move { connector.get().await.unwrap_err() }
    };
    let errors = futures::future::join_all((0..8).map(get)).await;
    let sent = tenant.requests();
    for (n, error) in errors.iter().enumerate() {
        let request = sent.iter().find(|it| it.path.ends_with(&format!("/c-{n}"))).unwrap();
        assert!(error.is_decode() && error.request_id().is_some(), "{error:?}");
        assert_eq!(error.request_id(), request.header("x-request-id"));
        assert_eq!((error.status(), error.attempts()), (Some(200), 1));
        // It is kept to report the difference, but no message shows it.
        assert_eq!(error.body(), Some(wrong.to_string().as_str()));
        assert!(!error.to_string().contains("connectorView\":"), "{error}");
    }
}

#[test]
fn tenants_are_names_hosts_or_urls() {
    for (tenant, url) in [
        ("example", "https://example.conductor.one/"),
        ("example.conductor.one", "https://example.conductor.one/"),
        ("acme.c1eu.ai", "https://acme.c1eu.ai/"),
        ("https://acme.c1eu.ai/", "https://acme.c1eu.ai/"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("http://localhost:8080", "http://localhost:8080/"),
    ] {
        assert_eq!(server(tenant).unwrap().as_str(), url);
    }
    for tenant in [
        "",
        " example",
        "ten\u{200b}ant",
        "ten\u{ad}ant",
        "https://ten\u{200b}ant.example.com",
        "http://x.localhost",
        "http://example.com",
        "ftp://example.com",
        "https://user:secret@example.com",
        "a b",
        "https://",
    ] {
        let error = server(tenant).unwrap_err();
        assert!(error.is_config() && !error.to_string().contains("secret@"), "{tenant}: {error}");
    }
}

/// The first one is used, even if others are set.
#[tokio::test]
async fn the_first_of_several_credentials_in_the_environment_is_used() {
    let tenant = Tenant::start().await.unwrap();
    let (token, federated) = (tenant.issue_token(), format!("w@{}/wfe", tenant.host()));
    let all = |id: &str| {
        [
            ("CONDUCTORONE_ACCESS_TOKEN", token.clone()),
            ("CONDUCTORONE_OIDC_TOKEN", "e30.e30.subject".to_owned()),
            ("CONDUCTORONE_CLIENT_ID", id.to_owned()),
            ("CONDUCTORONE_CLIENT_SECRET", tenant.client_secret().to_owned()),
        ]
    };
    for (first, id, grant) in [
        (0, federated.as_str(), None),
        (1, federated.as_str(), Some("urn:ietf:params:oauth:grant-type:token-exchange")),
        (2, tenant.client_id(), Some("client_credentials")),
    ] {
        let set = all(id);
        let read = |name: &str| set[first..].iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let c1 = Client::builder(Credentials::from_variables(|name| Ok(read(name))).unwrap()).build().unwrap();
        tenant.clear_requests();
        c1.app("app-github").get().await.unwrap();
        let form = tenant.requests()[0].form();
        let sent = form.iter().find(|(name, _)| name == "grant_type").map(|(_, grant)| grant.as_str());
        assert_eq!(sent, grant);
    }
}

#[test]
fn the_environment_is_read_in_the_documented_order() {
    let from = |pairs: &[(&str, &str)]| -> Result<Client, Error> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let read = move |name: &str| Ok(pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()));
        Client::builder(Credentials::from_variables(read)?).build()
    };
    let token = ("CONDUCTORONE_ACCESS_TOKEN", "t");
    let id = ("CONDUCTORONE_CLIENT_ID", "bot@ID.example.com/spc");
    let host = |client: Result<Client, Error>| client.unwrap().core.base_url().to_owned();
    assert_eq!(
        host(from(&[token, ("CONDUCTORONE_TENANT_DOMAIN", "one"), ("CONDUCTORONE_SERVER_URL", "https://two.example")])),
        "https://one.conductor.one"
    );
    assert_eq!(host(from(&[token, ("CONDUCTORONE_SERVER_URL", "https://two.example")])), "https://two.example");
    assert_eq!(host(from(&[("CONDUCTORONE_OIDC_TOKEN", "a.b.c"), id])), "https://id.example.com");
    assert_eq!(host(from(&[token, id])), "https://id.example.com");
    for (pairs, named) in [
        (vec![], "CONDUCTORONE_CLIENT_ID"),
        (vec![id], "CONDUCTORONE_CLIENT_SECRET"),
        (vec![("CONDUCTORONE_OIDC_TOKEN", "x")], "CONDUCTORONE_CLIENT_ID"),
        (vec![token], "CONDUCTORONE_TENANT_DOMAIN"),
        (vec![token, ("CONDUCTORONE_CLIENT_ID", "nobody")], "CONDUCTORONE_CLIENT_ID"),
        (vec![token, ("CONDUCTORONE_TENANT_DOMAIN", "a b")], "CONDUCTORONE_TENANT_DOMAIN"),
        (vec![("CONDUCTORONE_ACCESS_TOKEN", "PLANTED\nb"), id], "CONDUCTORONE_ACCESS_TOKEN"),
        (vec![token, ("CONDUCTORONE_SERVER_URL", "http://example.com")], "CONDUCTORONE_SERVER_URL"),
        (vec![id, ("CONDUCTORONE_CLIENT_SECRET", "PLANTED")], "CONDUCTORONE_CLIENT_SECRET"),
    ] {
        let error = from(&pairs).unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains(named) && !error.to_string().contains("PLANTED"),
            "{error}"
        );
    }
}

#[test]
fn a_variable_that_is_not_utf8_is_an_error_and_not_unset() {
    let read = |name: &str| match name {
        "CONDUCTORONE_CLIENT_ID" => Ok(Some("bot@id.example.com/spc".to_owned())),
        "CONDUCTORONE_OIDC_TOKEN" => Err(Error::new(connectors_runtime::Kind::Config, format!("{name} is not UTF-8"))),
        _ => Ok(None),
    };
    let error = Credentials::from_variables(read).unwrap_err();
    assert!(error.is_config() && error.to_string().contains("CONDUCTORONE_OIDC_TOKEN"), "{error}");
}
