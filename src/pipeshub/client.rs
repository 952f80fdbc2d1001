//! The client and how it is set up.

use std::env;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::Error;
use crate::auth::{
    Cache, ClientSecretPost, Fixed, OAuthApp, Provider, RefreshingToken, Token, TokenEndpoint, TokenProvider,
};
use crate::error::Kind;
use crate::transport::{Exchange, Reply, Settings, Transport, check_base_url, connection_methods, contradiction};

use super::api;
use super::connector::Connector;
use super::ids::ConnectorId;
use super::oauth::{Authorization, OnRotate, Scope};

/// Where PipesHub runs for everybody.
const CLOUD: &str = "https://app.pipeshub.com";
/// What stands between the instance and every path.
const BASE_PATH: &str = "api/v1";
/// How long before it expires a token is renewed, at most.
const RENEW_AHEAD: Duration = Duration::from_secs(120);

/// A PipesHub instance. Cheap to clone; clones share connections, token and retry budget.
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
        f.debug_struct("pipeshub::Client").field("server", &self.transport.base_url()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client from the environment. In this order:
    ///
    /// 1. `PIPESHUB_BEARER_AUTH`: a bearer token: of a session, or a personal access token (`phpat_...`).
    /// 2. `PIPESHUB_CLIENT_ID` with `PIPESHUB_CLIENT_SECRET`: client credentials of OAuth 2.0.
    ///
    /// The instance is the URL in `PIPESHUB_INSTANCE_URL`, else `https://app.pipeshub.com`.
    ///
    /// # Errors
    /// [`Error::is_config`] if variables are missing or malformed; the message names them.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let read = |name: &str| read(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let missing = |set: &str, not: &str| Error::new(Kind::Config, format!("{set} is set, and {not} is not"));
        let mut builder = Self::builder();
        if let Some(instance) = read("PIPESHUB_INSTANCE_URL") {
            // Looked at here, where it is known what it is called.
            base_url(&instance).map_err(|error| error.in_context("PIPESHUB_INSTANCE_URL"))?;
            builder = builder.instance(instance);
        }
        builder = match (read("PIPESHUB_BEARER_AUTH"), read("PIPESHUB_CLIENT_ID"), read("PIPESHUB_CLIENT_SECRET")) {
            (Some(token), _, _) => builder.bearer_token(token),
            (None, Some(id), Some(secret)) => builder.client_credentials(id, secret),
            (None, Some(_), None) => return Err(missing("PIPESHUB_CLIENT_ID", "PIPESHUB_CLIENT_SECRET")),
            (None, None, Some(_)) => return Err(missing("PIPESHUB_CLIENT_SECRET", "PIPESHUB_CLIENT_ID")),
            (None, None, None) => {
                let message =
                    "no credentials: set PIPESHUB_BEARER_AUTH, or PIPESHUB_CLIENT_ID and PIPESHUB_CLIENT_SECRET";
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

    /// Every operation as the document has it, over this client's transport.
    #[must_use]
    pub fn api(&self) -> &api::Client {
        &self.api
    }

    /// One connector. Sends nothing yet.
    pub fn connector(&self, id: impl Into<ConnectorId>) -> Connector {
        Connector::new(self.clone(), id.into())
    }
}

/// Sets up a [`Client`].
///
/// ```
/// use connectors::pipeshub::Client;
///
/// # fn main() -> Result<(), connectors::Error> {
/// let ph = Client::builder().instance("https://pipeshub.example.com").bearer_token("phpat_...").build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ClientBuilder {
    instance: Option<String>,
    scopes: Option<Vec<Scope>>,
    /// With the method that gave them.
    credentials: Option<(&'static str, Credentials)>,
    client_secret: Option<SecretString>,
    on_rotate: OnRotate,
    settings: Settings,
    wrong: Option<Error>,
}

#[derive(Debug)]
enum Credentials {
    Provider(Provider),
    Secret { id: String, secret: SecretString },
    Refresh { id: String, token: SecretString },
}

impl ClientBuilder {
    /// The URL of the instance, `https://app.pipeshub.com` by default. It may have a path, as behind a reverse proxy;
    /// `/api/v1` is added to it.
    #[must_use]
    pub fn instance(mut self, url: impl Into<String>) -> Self {
        self.instance = Some(url.into());
        self
    }

    /// A bearer token that somebody else looks after: of a session, or a personal access token (`phpat_...`). It is never
    /// renewed.
    #[must_use]
    pub fn bearer_token(self, token: impl Into<String>) -> Self {
        self.authenticate("bearer_token", Credentials::Provider(Provider::new(Fixed(Token::new(token)))))
    }

    /// An id and secret of an OAuth app, exchanged for tokens as they are needed. See [`ClientBuilder::scopes`].
    #[must_use]
    pub fn client_credentials(self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.authenticate("client_credentials", Credentials::Secret { id: id.into(), secret: secret.into().into() })
    }

    /// A refresh token kept from an earlier login of an OAuth app. Each use may replace it by another: see
    /// [`ClientBuilder::on_rotate`].
    #[must_use]
    pub fn refresh_token(self, client_id: impl Into<String>, token: impl Into<String>) -> Self {
        self.authenticate("refresh_token", Credentials::Refresh { id: client_id.into(), token: token.into().into() })
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

    /// What tokens are to be good for; [`Scope::DEFAULT`] otherwise, and for a person's login
    /// [`Scope::OFFLINE_ACCESS`] besides. None at all leaves it to the server. Tokens that are
    /// there already, a refresh token among them, are good for what they are.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<Scope>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// The secret of an OAuth app that logs people in and can keep one; for [`ClientBuilder::authorization_code`] and
    /// [`ClientBuilder::refresh_token`].
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(secret.into().into());
        self
    }

    /// Tells each new refresh token, that of a login included, so that a program can keep it: the one before may work no
    /// longer. Called before the access token that came with it is used.
    #[must_use]
    pub fn on_rotate(mut self, told: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_rotate = OnRotate::new(told);
        self
    }

    connection_methods!();

    /// Begins the login of a person in a browser: an authorization code of an OAuth app, with PKCE (RFC 7636). The browser
    /// ends at `redirect_uri`, which the app has to be registered with.
    ///
    /// ```
    /// use connectors::pipeshub::Client;
    ///
    /// # async fn example(came_back_to: &str) -> Result<(), connectors::Error> {
    /// let login = Client::builder().authorization_code("app-id", "http://127.0.0.1:8000/done")?;
    /// println!("open {}", login.url());
    /// let ph = login.finish(came_back_to).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_config`] as [`ClientBuilder::build`].
    pub fn authorization_code(
        self,
        client_id: impl Into<String>,
        redirect_uri: impl Into<String>,
    ) -> Result<Authorization, Error> {
        if let Some((first, _)) = self.credentials {
            return Err(contradiction(first, "authorization_code", "a login is instead of other credentials"));
        }
        let server = Server::new(self.instance, self.settings, self.wrong)?;
        let app = OAuthApp { client_id: client_id.into(), client_secret: self.client_secret };
        let scopes = self.scopes.unwrap_or_else(|| {
            let mut scopes = Scope::DEFAULT.to_vec();
            scopes.push(Scope::OFFLINE_ACCESS);
            scopes
        });
        Authorization::new(server, app, redirect_uri.into(), Scope::join(&scopes), self.on_rotate)
    }

    /// The client. Sends nothing yet: a wrong secret shows when the first call is made.
    ///
    /// # Errors
    /// [`Error::is_config`] if something is missing, malformed, or not safe to send a token to, and if two methods contradict
    /// each other, such as two ways to authenticate.
    pub fn build(self) -> Result<Client, Error> {
        let (method, credentials) = self
            .credentials
            .ok_or_else(|| Error::new(Kind::Config, "no credentials: give a token, or a client id and secret"))?;
        if self.client_secret.is_some() && !matches!(credentials, Credentials::Refresh { .. }) {
            return Err(contradiction(method, "client_secret", "that secret is for logins and refresh tokens"));
        }
        if self.scopes.is_some() && !matches!(credentials, Credentials::Secret { .. }) {
            return Err(contradiction(method, "scopes", "tokens that are there already are good for what they are"));
        }
        if self.on_rotate.is_set() && !matches!(credentials, Credentials::Refresh { .. }) {
            return Err(contradiction(method, "on_rotate", "only logins and refresh tokens are replaced"));
        }
        let server = Server::new(self.instance, self.settings, self.wrong)?;
        let provider = match credentials {
            Credentials::Provider(provider) => provider,
            Credentials::Secret { id, secret } => {
                let endpoint = server.token_endpoint()?;
                let scope = self.scopes.map_or_else(|| Scope::join(&Scope::DEFAULT), |scopes| Scope::join(&scopes));
                Provider::new(ClientSecretPost { endpoint, id, secret, scope })
            }
            Credentials::Refresh { id, token } => {
                let app = OAuthApp { client_id: id, client_secret: self.client_secret };
                let tokens = RefreshingToken::new(server.token_endpoint()?, app, token.expose_secret());
                Provider::new(self.on_rotate.hear(tokens))
            }
        };
        Ok(server.client(provider))
    }
}

/// The instance, before anybody is known to it.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) exchange: Arc<Exchange>,
    base_url: Url,
}

impl Server {
    fn new(instance: Option<String>, mut settings: Settings, wrong: Option<Error>) -> Result<Self, Error> {
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let base_url = base_url(instance.as_deref().unwrap_or(CLOUD))?;
        settings.request_id_header = Some(HeaderName::from_static("x-request-id"));
        Ok(Self { exchange: settings.exchange(&base_url)?, base_url })
    }

    pub(super) fn token_endpoint(&self) -> Result<TokenEndpoint, Error> {
        Ok(TokenEndpoint { exchange: Arc::clone(&self.exchange), url: below(&self.base_url, "oauth2/token")? })
    }

    pub(super) fn authorization_endpoint(&self) -> Result<Url, Error> {
        below(&self.base_url, "oauth2/authorize")
    }

    pub(super) fn client(self, provider: Provider) -> Client {
        let tokens = Cache::new(provider, Arc::clone(&self.exchange.clock), self.exchange.limits.call, RENEW_AHEAD);
        let transport = Transport::new(self.exchange, &self.base_url, tokens, failure);
        Client { api: Arc::new(api::Client::new(transport.clone())), transport }
    }
}

/// The URL that all paths are below.
fn base_url(instance: &str) -> Result<Url, Error> {
    let text = instance.trim().trim_end_matches('/');
    // Many have it from a request they saw.
    let text = text.strip_suffix(BASE_PATH).and_then(|rest| rest.strip_suffix('/')).unwrap_or(text);
    let url = Url::parse(text)
        .map_err(|_| Error::new(Kind::Config, "the instance is not a whole URL, such as `https://app.pipeshub.com`"))?;
    check_base_url(&url)?;
    below(&url, BASE_PATH)
}

fn below(url: &Url, path: &str) -> Result<Url, Error> {
    Url::parse(&format!("{}/{path}", url.as_str().trim_end_matches('/')))
        .map_err(|error| Error::new(Kind::Config, "the instance's URL cannot be used").caused_by(error))
}

/// A failed answer: `{error: {code, message, metadata, retryAfter}}` from the gateway, `{detail}` from what is behind it.
fn failure(reply: &Reply) -> Error {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    // Read leniently: a message is worth having even beside something odd.
    let (error, detail) = (&body["error"], &body["detail"]);
    let said = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let message = said(&error["message"])
        .or_else(|| described(detail))
        .or_else(|| said(&body["message"]))
        .or_else(|| said(error))
        .unwrap_or_else(|| {
            let page = reply.content_type().is_some_and(|kind| kind.contains("html"));
            let message = if page {
                "the server answered with a web page; is the URL that of a PipesHub instance?"
            } else {
                "the server gave no reason"
            };
            message.to_owned()
        });
    let mut details = Vec::new();
    details.extend(Some(error["metadata"].clone()).filter(Value::is_object));
    match detail {
        Value::Array(items) => details.extend(items.iter().cloned()),
        Value::Object(_) => details.push(detail.clone()),
        _ => {}
    }
    let wait = error["retryAfter"].as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Error::new(Kind::Status, message).with_code(said(&error["code"])).with_details(details).with_retry_after(wait)
}

/// The words in a `detail`: text, an object with a message, or a list of complaints, each about a place.
fn described(detail: &Value) -> Option<String> {
    match detail {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().filter_map(described).collect();
            (!items.is_empty()).then(|| items.join("; "))
        }
        Value::Object(_) => {
            let text = detail["msg"].as_str().or_else(|| detail["message"].as_str())?;
            let steps = detail["loc"].as_array().into_iter().flatten();
            let place: Vec<String> =
                steps.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
            Some(if place.is_empty() { text.to_owned() } else { format!("{}: {text}", place.join(".")) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use connectors_fake::pipeshub::Instance;

    use super::*;

    #[test]
    fn an_instance_is_a_whole_url_with_or_without_a_path() {
        for (instance, url) in [
            ("https://app.pipeshub.com", "https://app.pipeshub.com/api/v1"),
            (" https://app.pipeshub.com/ ", "https://app.pipeshub.com/api/v1"),
            ("https://app.pipeshub.com/api/v1/", "https://app.pipeshub.com/api/v1"),
            ("https://example.com/ourapi/v1", "https://example.com/ourapi/v1/api/v1"),
            ("https://example.com/tools/pipeshub/", "https://example.com/tools/pipeshub/api/v1"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/api/v1"),
            ("http://localhost:3000/x", "http://localhost:3000/x/api/v1"),
        ] {
            assert_eq!(base_url(instance).unwrap().as_str(), url);
        }
        for instance in [
            "",
            "app.pipeshub.com",
            "localhost:3000",
            "http://example.com",
            "ftp://example.com",
            "https://user:secret@example.com",
            "https://example.com/?a=b",
            "https://",
        ] {
            let error = base_url(instance).unwrap_err();
            assert!(error.is_config() && !error.to_string().contains("secret@"), "{instance}: {error}");
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
        let token = ("PIPESHUB_BEARER_AUTH", "t");
        let id = ("PIPESHUB_CLIENT_ID", "app");
        let secret = ("PIPESHUB_CLIENT_SECRET", "PLANTED");
        let host = |client: Result<Client, Error>| client.unwrap().transport.base_url().to_owned();
        assert_eq!(host(from(&[token])), "https://app.pipeshub.com/api/v1");
        assert_eq!(host(from(&[id, secret])), "https://app.pipeshub.com/api/v1");
        let elsewhere = ("PIPESHUB_INSTANCE_URL", "https://pipeshub.example.com/");
        assert_eq!(host(from(&[id, secret, elsewhere])), "https://pipeshub.example.com/api/v1");
        for (pairs, named) in [
            (vec![], "PIPESHUB_BEARER_AUTH"),
            (vec![id], "PIPESHUB_CLIENT_SECRET is not"),
            (vec![secret], "PIPESHUB_CLIENT_ID is not"),
            (vec![token, ("PIPESHUB_INSTANCE_URL", "pipeshub.example.com")], "PIPESHUB_INSTANCE_URL: the instance"),
            (
                vec![id, secret, ("PIPESHUB_INSTANCE_URL", "http://pipeshub.example.com")],
                "PIPESHUB_INSTANCE_URL: `http",
            ),
        ] {
            let error = from(&pairs).unwrap_err();
            assert!(
                error.is_config() && error.to_string().contains(named) && !error.to_string().contains("PLANTED"),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn a_bearer_token_in_the_environment_is_used_before_an_id_and_secret() {
        let instance = Instance::start().await.unwrap();
        let set = [
            ("PIPESHUB_BEARER_AUTH", instance.personal_access_token()),
            ("PIPESHUB_CLIENT_ID", instance.client_id().to_owned()),
            ("PIPESHUB_CLIENT_SECRET", instance.client_secret().to_owned()),
            ("PIPESHUB_INSTANCE_URL", instance.url().to_owned()),
        ];
        // How many of them are not set, and how many tokens are asked for.
        for (first, tokens) in [(0, 0), (1, 1)] {
            let read =
                |name: &str| set[first..].iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
            let ph = Client::from_variables(read).unwrap();
            instance.clear_requests();
            ph.connector("s3-01").get().await.unwrap();
            assert_eq!(instance.requests().len(), tokens + 1);
        }
    }

    #[test]
    fn what_would_be_passed_over_is_a_contradiction() {
        let begin = Client::builder;
        for (builder, named) in [
            (begin().bearer_token("t").scopes([Scope::KB_READ]), "scopes"),
            (begin().refresh_token("app", "t").scopes([Scope::KB_READ]), "scopes"),
            (begin().bearer_token("t").on_rotate(|_| {}), "on_rotate"),
        ] {
            let error = builder.build().unwrap_err();
            assert!(error.is_config() && error.to_string().contains(named), "{error}");
        }
        assert!(begin().refresh_token("app", "t").on_rotate(|_| {}).build().is_ok());
    }

    #[test]
    fn a_detail_is_told_in_words() {
        for (detail, words) in [
            (serde_json::json!("not a Local FS connector"), Some("not a Local FS connector")),
            (
                serde_json::json!([
                    {"loc": ["body", "events", 0, "path"], "msg": "Field required", "type": "missing", "input": "PLANTED"},
                    {"msg": "and more"},
                ]),
                Some("body.events.0.path: Field required; and more"),
            ),
            (serde_json::json!({"message": "invalid manifest", "errors": []}), Some("invalid manifest")),
            (serde_json::json!([]), None),
            (serde_json::json!(""), None),
            (serde_json::json!(null), None),
            (serde_json::json!(7), None),
        ] {
            assert_eq!(described(&detail).as_deref(), words, "{detail}");
        }
    }
}
