//! The client and how it is set up.

use std::env;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Error;
use crate::auth::{Cache, ClientSecretPost, Fixed, Provider, Token, TokenEndpoint, TokenProvider};
use crate::error::Kind;
use crate::paging::{Page, Pages};
use crate::transport::{Exchange, Reply, Settings, Transport, check_base_url, connection_methods, contradiction};

use super::api;
use super::connector::{App, Connector};
use super::credentials::{ClientId, ClientSecret};
use super::device::DeviceLogin;
use super::ids::{AppId, ConnectorId};
use super::inventory::Inventory;
use super::token::{SignedAssertion, TokenExchange};
use super::types;

/// How long before it expires a token is renewed, at most.
const RENEW_AHEAD: Duration = Duration::from_secs(60);
/// The most items a page can have.
pub(super) const PAGE_SIZE: i32 = 100;

/// A C1 tenant. Cheap to clone; clones share connections, token and retry budget.
///
/// Calls run on tokio: on a runtime with its timers and its IO, as `#[tokio::main]` makes it. See the
/// [crate](crate#the-runtime).
#[derive(Clone)]
pub struct Client {
    pub(super) api: Arc<api::Client>,
    pub(super) transport: Transport,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("c1::Client").field("server", &self.transport.base_url()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client from the environment. In this order:
    ///
    /// 1. `CONDUCTORONE_ACCESS_TOKEN`: a bearer token.
    /// 2. `CONDUCTORONE_OIDC_TOKEN` with `CONDUCTORONE_CLIENT_ID`: a workload's token, exchanged for one of C1's.
    /// 3. `CONDUCTORONE_CLIENT_ID` with `CONDUCTORONE_CLIENT_SECRET`: a signed assertion.
    ///
    /// The server is `CONDUCTORONE_TENANT_DOMAIN`, else `CONDUCTORONE_SERVER_URL`, else the host in the client id.
    ///
    /// # Errors
    /// [`Error::is_config`] if variables are missing or malformed; the message names them.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let read = |name: &str| read(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let named = |name: &'static str| Some((name, read(name)?));
        let mut builder = Self::builder();
        if let Some((name, domain)) = named("CONDUCTORONE_TENANT_DOMAIN").or_else(|| named("CONDUCTORONE_SERVER_URL")) {
            server(&domain).map_err(|error| error.in_context(name))?;
            builder = builder.tenant(domain);
        }
        let elsewhere = builder.tenant.is_some();
        // Looked at here, where it is known what it is called.
        let check = |id: &str| {
            let host = id.parse::<ClientId>().map(|id| id.host().to_owned());
            let host = host.and_then(|host| if elsewhere { Ok(host) } else { server(&host).map(|_| host) });
            host.map_err(|error| error.in_context("CONDUCTORONE_CLIENT_ID"))
        };
        builder = match (
            read("CONDUCTORONE_ACCESS_TOKEN"),
            read("CONDUCTORONE_OIDC_TOKEN"),
            read("CONDUCTORONE_CLIENT_ID"),
            read("CONDUCTORONE_CLIENT_SECRET"),
        ) {
            (Some(token), ..) if elsewhere => builder.bearer_token(token),
            (Some(token), _, Some(id), _) => builder.tenant(check(&id)?).bearer_token(token),
            (Some(_), _, None, _) => {
                let message = "CONDUCTORONE_ACCESS_TOKEN is set, and the tenant that it is for is not: set CONDUCTORONE_TENANT_DOMAIN";
                return Err(Error::new(Kind::Config, message));
            }
            (None, Some(subject), Some(id), _) => {
                check(&id)?;
                builder.workload_token(id, subject)
            }
            (None, None, Some(id), Some(secret)) => {
                check(&id)?;
                let parsed = secret.parse::<ClientSecret>().map(drop);
                parsed.map_err(|error| error.in_context("CONDUCTORONE_CLIENT_SECRET"))?;
                builder.client_credentials(id, secret)
            }
            (None, Some(_), None, _) => {
                return Err(Error::new(
                    Kind::Config,
                    "CONDUCTORONE_OIDC_TOKEN is set, and CONDUCTORONE_CLIENT_ID is not",
                ));
            }
            (None, None, Some(_), None) => {
                return Err(Error::new(
                    Kind::Config,
                    "CONDUCTORONE_CLIENT_ID is set, and CONDUCTORONE_CLIENT_SECRET is not",
                ));
            }
            (None, None, None, _) => {
                let message = "no credentials: set CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET, or CONDUCTORONE_ACCESS_TOKEN";
                return Err(Error::new(Kind::Config, message));
            }
        };
        builder.build()
    }

    /// A client set up step by step.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client with tokens of its own for a server.
    pub(super) fn over(exchange: Arc<Exchange>, base_url: &Url, provider: Provider) -> Self {
        let tokens = Cache::new(provider, Arc::clone(&exchange.clock), exchange.limits.call, RENEW_AHEAD);
        let transport = Transport::new(exchange, base_url, tokens, failure);
        Self { api: Arc::new(api::Client::new(transport.clone())), transport }
    }

    /// Every operation as the document has it, over this client's transport.
    #[must_use]
    pub fn api(&self) -> &api::Client {
        &self.api
    }

    /// The apps of the tenant.
    #[must_use]
    pub fn apps(&self) -> Pages<types::App> {
        let api = Arc::clone(&self.api);
        Pages::new(move |token| {
            let api = Arc::clone(&api);
            async move {
                let page = api.list_apps(Some(PAGE_SIZE), token.as_deref()).await?;
                Ok(Page { items: page.list.unwrap_or_default(), next: page.next_page_token })
            }
        })
    }

    /// The connectors of all apps, each with its app, in no order. At most `concurrency` apps are listed at a time.
    ///
    /// ```no_run
    /// # async fn example(c1: connectors::c1::Client) -> Result<(), connectors::Error> {
    /// use std::num::NonZeroUsize;
    ///
    /// use futures::StreamExt;
    ///
    /// let mut all = c1.inventory(NonZeroUsize::new(8).unwrap());
    /// while let Some(listed) = all.next().await {
    ///     match listed {
    ///         Ok(listed) => println!("{:?} in {:?}", listed.connector.display_name, listed.app.display_name),
    ///         // The other apps go on.
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn inventory(&self, concurrency: NonZeroUsize) -> Inventory {
        Inventory::new(self.clone(), concurrency)
    }

    /// One app, and the connectors that belong to it. Sends nothing yet.
    pub fn app(&self, id: impl Into<AppId>) -> App {
        App::new(self.clone(), id.into())
    }

    /// One connector of an app. Sends nothing yet.
    pub fn connector(&self, app: impl Into<AppId>, connector: impl Into<ConnectorId>) -> Connector {
        Connector::new(self.clone(), app.into(), connector.into())
    }
}

/// Sets up a [`Client`].
///
/// ```
/// use connectors::c1::Client;
///
/// # fn main() -> Result<(), connectors::Error> {
/// let c1 = Client::builder().tenant("example").bearer_token("...").build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ClientBuilder {
    tenant: Option<String>,
    audience: Option<String>,
    /// With the method that gave them.
    credentials: Option<(&'static str, Credentials)>,
    settings: Settings,
    wrong: Option<Error>,
}

#[derive(Debug)]
enum Credentials {
    Provider(Provider),
    Assertion { id: String, secret: SecretString },
    SecretPost { id: String, secret: SecretString },
    Workload { id: String, subject: Provider },
}

impl ClientBuilder {
    /// The tenant: its name (`example` means `https://example.conductor.one`), its host, or its URL. Wins over the host in
    /// a client id.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// A client id and secret as C1 issues them, proved by a signed assertion. The host is in the id.
    #[must_use]
    pub fn client_credentials(self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        let credentials = Credentials::Assertion { id: id.into(), secret: secret.into().into() };
        self.authenticate("client_credentials", credentials)
    }

    /// A client id and secret of which the secret itself is sent, in the body of the token request (RFC 6749, section 2.3.1;
    /// `client_secret_post` in RFC 7591). C1 takes it as well; [`ClientBuilder::client_credentials`] keeps the secret here.
    /// The host is in the id.
    #[must_use]
    pub fn client_secret_post(self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        let credentials = Credentials::SecretPost { id: id.into(), secret: secret.into().into() };
        self.authenticate("client_secret_post", credentials)
    }

    /// A bearer token that somebody else looks after. It is never renewed.
    #[must_use]
    pub fn bearer_token(self, token: impl Into<String>) -> Self {
        self.authenticate("bearer_token", Credentials::Provider(Provider::new(Fixed(Token::new(token)))))
    }

    /// A workload's own token (a JWT), exchanged for one of C1's by RFC 8693. Such a token expires soon: this is for
    /// programs that end before it does, [`ClientBuilder::workload_identity`] for the others.
    #[must_use]
    pub fn workload_token(self, id: impl Into<String>, subject: impl Into<String>) -> Self {
        let subject = Provider::new(Fixed(Token::new(subject)));
        self.authenticate("workload_token", Credentials::Workload { id: id.into(), subject })
    }

    /// Where a workload's own token (a JWT) is had from each time one of C1's is needed, to be exchanged for it by
    /// RFC 8693.
    #[must_use]
    pub fn workload_identity(self, id: impl Into<String>, subject: impl TokenProvider) -> Self {
        let credentials = Credentials::Workload { id: id.into(), subject: Provider::new(subject) };
        self.authenticate("workload_identity", credentials)
    }

    /// Tokens from somewhere else altogether.
    #[must_use]
    pub fn token_provider(self, provider: impl TokenProvider) -> Self {
        self.authenticate("token_provider", Credentials::Provider(Provider::new(provider)))
    }

    /// Notes by what the client is to prove itself. The same method again replaces it; another contradicts it.
    fn authenticate(mut self, method: &'static str, credentials: Credentials) -> Self {
        match &self.credentials {
            Some((first, _)) if *first != method => {
                self.wrong.get_or_insert(contradiction(first, method, "a client has one way to authenticate"));
            }
            _ => self.credentials = Some((method, credentials)),
        }
        self
    }

    /// The `aud` of assertions; the host without port by default. Only for [`ClientBuilder::client_credentials`].
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    connection_methods! {}

    /// Begins the login of a person in whatever browser they have (RFC 8628): show them the code and the page, and wait. It is
    /// instead of other credentials. The server is the tenant's, or else the one in the client id.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), connectors::Error> {
    /// use connectors::c1::Client;
    ///
    /// let login = Client::builder().tenant("example").device_login("my-program").await?;
    /// println!("open {} and enter {}", login.verification_uri(), login.user_code());
    /// let c1 = login.wait().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_config`] if something is missing or malformed, [`Error::is_auth`] if the server does not know the client.
    pub async fn device_login(self, client_id: impl Into<String>) -> Result<DeviceLogin, Error> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        if let Some((first, _)) = self.credentials {
            return Err(contradiction(first, "device_login", "a login is instead of other credentials"));
        }
        if self.audience.is_some() {
            return Err(contradiction("device_login", "audience", "only an assertion has one"));
        }
        let client_id = client_id.into();
        let base_url = match &self.tenant {
            Some(tenant) => server(tenant)?,
            None => {
                let id = client_id.parse::<ClientId>();
                server(id.map_err(|error| error.in_context("no tenant, and none in the client id"))?.host())?
            }
        };
        let exchange = self.settings.exchange(&base_url)?;
        DeviceLogin::start(exchange, base_url, client_id).await
    }

    /// The client. Sends nothing yet: a wrong secret shows when the first call is made.
    ///
    /// # Errors
    /// [`Error::is_config`] if something is missing, malformed, or not safe to send a token to, and if two methods contradict
    /// each other, such as two ways to authenticate.
    pub fn build(self) -> Result<Client, Error> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let (method, credentials) = self
            .credentials
            .ok_or_else(|| Error::new(Kind::Config, "no credentials: give a client id and secret, or a token"))?;
        if self.audience.is_some() && !matches!(credentials, Credentials::Assertion { .. }) {
            return Err(contradiction(method, "audience", "only an assertion has one"));
        }
        let id = match &credentials {
            Credentials::Assertion { id, .. }
            | Credentials::SecretPost { id, .. }
            | Credentials::Workload { id, .. } => Some(id.parse::<ClientId>()?),
            Credentials::Provider(_) => None,
        };
        let base_url = match (&self.tenant, &id) {
            (Some(tenant), _) => server(tenant)?,
            (None, Some(id)) => server(id.host())?,
            (None, None) => return Err(Error::new(Kind::Config, "no tenant: say which one the token is for")),
        };
        let exchange = self.settings.exchange(&base_url)?;
        let audience = self.audience.unwrap_or_else(|| base_url.host_str().unwrap_or_default().to_owned());
        let provider = provider(credentials, id, &exchange, &base_url, audience)?;
        Ok(Client::over(exchange, &base_url, provider))
    }
}

fn provider(
    credentials: Credentials,
    id: Option<ClientId>,
    exchange: &Arc<Exchange>,
    base_url: &Url,
    audience: String,
) -> Result<Provider, Error> {
    let endpoint = endpoint(exchange, base_url, "/auth/v1/token")?;
    Ok(match (credentials, id) {
        (Credentials::Assertion { secret, .. }, Some(id)) => {
            let secret = secret.expose_secret().parse()?;
            Provider::new(SignedAssertion { endpoint, id, secret, audience, clock: Arc::clone(&exchange.clock) })
        }
        (Credentials::SecretPost { secret, .. }, Some(id)) => {
            Provider::new(ClientSecretPost { endpoint, id: id.as_str().to_owned(), secret, scope: None })
        }
        (Credentials::Workload { subject, .. }, Some(id)) => Provider::new(TokenExchange { endpoint, id, subject }),
        (Credentials::Provider(provider), _) => provider,
        (_, None) => return Err(Error::new(Kind::Config, "the client id is missing")),
    })
}

/// An endpoint of OAuth on a server.
pub(super) fn endpoint(exchange: &Arc<Exchange>, base_url: &Url, path: &str) -> Result<TokenEndpoint, Error> {
    let url = Url::parse(&format!("{}{path}", base_url.as_str().trim_end_matches('/')))
        .map_err(|error| Error::new(Kind::Config, "the server's URL cannot be used").caused_by(error))?;
    Ok(TokenEndpoint { exchange: Arc::clone(exchange), url })
}

/// A tenant's name, host or URL as the URL of its server.
fn server(tenant: &str) -> Result<Url, Error> {
    let tenant = tenant.trim();
    let bare = !tenant.is_empty()
        && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && tenant != "localhost";
    let text = if tenant.contains("://") {
        tenant.trim_end_matches('/').to_owned()
    } else if bare {
        format!("https://{}.conductor.one", tenant.to_lowercase())
    } else {
        let host = tenant.rsplit_once(':').map_or(tenant, |(host, _)| host);
        let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        format!("{}://{tenant}", if local { "http" } else { "https" })
    };
    let url = Url::parse(&text).map_err(|_| Error::new(Kind::Config, "the tenant is not a name, a host or a URL"))?;
    check_base_url(&url)?;
    Ok(url)
}

/// A failed answer: the shape of `google.rpc.Status`, when it has one.
fn failure(reply: &Reply) -> Error {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    // Read leniently: a message is worth having even beside something odd.
    let message = body.get("message").and_then(serde_json::Value::as_str).filter(|message| !message.is_empty());
    let message = message.unwrap_or_else(|| {
        if reply.content_type().is_some_and(|kind| kind.contains("html")) {
            "the server answered with a web page; is the host a C1 tenant?"
        } else {
            "the server gave no reason"
        }
    });
    let code = match body.get("code") {
        Some(serde_json::Value::String(code)) => Some(code.clone()),
        Some(serde_json::Value::Number(code)) => Some(code.to_string()),
        _ => None,
    };
    let details = body.get("details").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    Error::new(Kind::Status, message).with_code(code).with_details(details)
}

#[cfg(test)]
mod tests {
    use connectors_fake::Fault;
    use connectors_fake::c1::Tenant;
    use http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    /// C1 takes no name for a call from its clients, so its builder does not set this.
    async fn with_request_ids() -> (Tenant, ClientBuilder) {
        let tenant = Tenant::start().await.unwrap();
        let mut builder = Client::builder().client_credentials(tenant.client_id(), tenant.client_secret());
        builder.settings.request_id_header = Some(HeaderName::from_static("x-request-id"));
        (tenant, builder)
    }

    #[tokio::test]
    async fn a_code_is_a_word_or_a_number_and_no_more_than_that() {
        let (tenant, builder) = with_request_ids().await;
        let connector = builder.build().unwrap().connector("app-github", "github-01");
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
    async fn a_call_has_one_id_for_all_attempts_and_errors_tell_it() {
        let (tenant, builder) = with_request_ids().await;
        let c1 = builder.build().unwrap();
        let ids = || -> Vec<String> {
            let sent = tenant.requests();
            tenant.clear_requests();
            sent.iter().map(|it| it.header("x-request-id").unwrap_or_default().to_owned()).collect()
        };
        let connector = c1.connector("app-github", "github-01");
        connector.get().await.unwrap();
        tenant.revoke_tokens();
        ids();
        // Refused, with a new token between.
        connector.get().await.unwrap();
        let sent = ids();
        let [first, token, second] = sent.as_slice() else { panic!("{sent:?}") };
        assert!(first == second && first != token, "{sent:?}");
        assert!(sent.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())), "{sent:?}");

        let nobody = c1.connector("app-github", "nobody");
        assert_eq!(nobody.get().await.unwrap_err().request_id(), Some(ids()[0].as_str()));
        tenant.fault(Fault::status(404).header("x-request-id", "theirs").on("ConnectorService.Get"));
        assert_eq!(nobody.get().await.unwrap_err().request_id(), Some("theirs"));
        ids();
        tenant.fault(Fault::reset_after_request().on("ConnectorService.RotateCredential"));
        let broken = connector.rotate_credential().await.unwrap_err();
        assert_eq!(broken.request_id(), Some(ids()[0].as_str()));
    }

    #[tokio::test]
    async fn a_programs_own_id_wins() {
        let (tenant, builder) = with_request_ids().await;
        let mine = |_: &crate::transport::Operation| {
            HeaderMap::from_iter([(HeaderName::from_static("x-request-id"), HeaderValue::from_static("mine"))])
        };
        let c1 = builder.headers_with(mine).build().unwrap();
        let error = c1.connector("app-github", "nobody").get().await.unwrap_err();
        assert_eq!(error.request_id(), Some("mine"));
        assert_eq!(tenant.requests().last().unwrap().header("x-request-id"), Some("mine"));
    }

    #[tokio::test]
    async fn an_answer_that_does_not_fit_is_told_with_the_status_and_id_of_its_own_call() {
        let (tenant, builder) = with_request_ids().await;
        let c1 = builder.build().unwrap();
        let wrong = serde_json::json!({"connectorView": {"connector": {"id": 7}}});
        tenant.fault(Fault::status(200).json(&wrong).on("ConnectorService.Get").times(8));
        let get = |n: usize| {
            let connector = c1.connector("app-github", format!("c-{n}"));
            async move { connector.get().await.unwrap_err() }
        };
        let errors = futures::future::join_all((0..8).map(get)).await;
        let sent = tenant.requests();
        for (n, error) in errors.iter().enumerate() {
            let request = sent.iter().find(|it| it.path.ends_with(&format!("/c-{n}"))).unwrap();
            assert!(error.is_decode() && error.request_id().is_some(), "{error:?}");
            assert_eq!(error.request_id(), request.header("x-request-id"));
            assert_eq!((error.status(), error.attempts(), error.body()), (Some(200), 1, None));
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
        for tenant in
            ["", "http://example.com", "ftp://example.com", "https://user:secret@example.com", "a b", "https://"]
        {
            let error = server(tenant).unwrap_err();
            assert!(error.is_config() && !error.to_string().contains("secret@"), "{tenant}: {error}");
        }
    }

    /// What is first is used, whatever else is set.
    #[tokio::test]
    async fn of_several_credentials_in_the_environment_the_first_is_used() {
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
            let read =
                |name: &str| set[first..].iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
            let c1 = Client::from_variables(read).unwrap();
            tenant.clear_requests();
            c1.app("app-github").get().await.unwrap();
            let form = tenant.requests()[0].form();
            let sent = form.iter().find(|(name, _)| name == "grant_type").map(|(_, grant)| grant.as_str());
            assert_eq!(sent, grant);
        }
    }

    #[test]
    fn the_environment_is_read_in_the_documented_order() {
        let from = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Client::from_variables(move |name| {
                pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            })
        };
        let token = ("CONDUCTORONE_ACCESS_TOKEN", "t");
        let id = ("CONDUCTORONE_CLIENT_ID", "bot@ID.example.com/spc");
        let host = |client: Result<Client, Error>| client.unwrap().transport.base_url().to_owned();
        assert_eq!(
            host(from(&[
                token,
                ("CONDUCTORONE_TENANT_DOMAIN", "one"),
                ("CONDUCTORONE_SERVER_URL", "https://two.example")
            ])),
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
}
