//! The credentials of a client, and its instance.

use std::env::{self, VarError};
use std::fmt;
use std::sync::Arc;

use connectors_runtime::auth::{
    Credential, ExposeSecret, OAuth2, OAuthClient, Provider, SecretString, Token, TokenProvider, parse_server,
};
use connectors_runtime::{Error, Exchange, Kind};
use http::HeaderValue;
use url::Url;

use super::filter::looks_like_markup;
use super::scope::Scope;

/// The public instance.
const CLOUD: &str = "https://app.pipeshub.com";
/// The path prefix of every operation.
const BASE_PATH: &str = "api/v1";

/// The credentials of a [`Client`](super::Client), and its instance. A client has exactly one method of authentication.
///
/// ```
/// use connectors::pipeshub::{Client, Credentials};
///
/// # fn main() -> Result<(), connectors::Error> {
/// let ph = Client::builder(Credentials::token("phpat_...").instance("https://pipeshub.example.com")).build()?;
/// # Ok(())
/// # }
/// ```
///
/// Nothing is checked until [`Builder::build`](crate::Builder::build), whose error names what is missing or malformed.
/// For the login of a person in a browser use [`BrowserLogin`](super::BrowserLogin).
#[derive(Clone)]
#[must_use = "pass the credentials to `Client::builder`"]
pub struct Credentials {
    method: Method,
    instance: Option<String>,
    scopes: Vec<Scope>,
    client_secret: Option<SecretString>,
    keeper: Option<Keeper>,
}

#[derive(Clone)]
enum Method {
    Client { id: String, secret: SecretString },
    Refresh { id: String, token: SecretString },
    Bearer(Credential),
}

/// Adds the callback that stores new refresh tokens.
type Keeper = Arc<dyn Fn(OAuth2) -> OAuth2 + Send + Sync>;

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The instance is not printed: its URL may contain a password.
        f.debug_tuple("Credentials")
            .field(&match self.method {
                Method::Client { .. } => "client",
                Method::Refresh { .. } => "refresh_token",
                Method::Bearer(_) => "token",
            })
            .finish()
    }
}

impl Credentials {
    /// The id and secret of an OAuth app, exchanged for tokens (client credentials, RFC 6749, section 4.4).
    pub fn client(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self::new(Method::Client { id: id.into(), secret: SecretString::from(secret.into()) })
    }

    /// A fixed bearer token: of a session, or a personal access token (`phpat_...`). It is never refreshed.
    pub fn token(token: impl Into<String>) -> Self {
        Self::new(Method::Bearer(Credential::token(token)))
    }

    /// A refresh token from an earlier login with an OAuth app. Each use may replace it: see [`Credentials::on_rotate`].
    pub fn refresh_token(client_id: impl Into<String>, token: impl Into<String>) -> Self {
        Self::new(Method::Refresh { id: client_id.into(), token: SecretString::from(token.into()) })
    }

    /// Tokens from your own provider.
    pub fn provider(provider: impl TokenProvider) -> Self {
        Self::new(Method::Bearer(Credential::bearer(provider)))
    }

    fn new(method: Method) -> Self {
        Self { method, instance: None, scopes: Vec::new(), client_secret: None, keeper: None }
    }

    /// Sets the URL of the instance, `https://app.pipeshub.com` by default. It may have a path, as behind a reverse proxy;
    /// `/api/v1` is added to it.
    pub fn instance(mut self, url: impl Into<String>) -> Self {
        self.instance = Some(url.into());
        self
    }

    /// Sets the OAuth scopes to request. By default none are requested, and the token has the scopes of the OAuth app.
    /// The server rejects the whole request if the app lacks one of them. Only for [`Credentials::client`]: other
    /// tokens keep the scopes that they were issued with.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<Scope>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the secret of the OAuth app, if it has one. Only for [`Credentials::refresh_token`].
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(SecretString::from(secret.into()));
        self
    }

    /// Calls `keep` with each new refresh token, so that a program can store it: the previous one may no longer work.
    /// Only for [`Credentials::refresh_token`]. See [`OAuth2::on_rotate`] for what happens if `keep` fails.
    pub fn on_rotate<F, E>(mut self, keep: impl Fn(SecretString) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let keep = Arc::new(keep);
        self.keeper = Some(Arc::new(move |flow: OAuth2| {
            let keep = Arc::clone(&keep);
            flow.on_rotate(move |token| keep(token))
        }));
        self
    }

    /// Credentials from the environment. The first of these that is set is used:
    ///
    /// 1. `PIPESHUB_BEARER_AUTH`: a bearer token of a session, or a personal access token (`phpat_...`).
    /// 2. `PIPESHUB_CLIENT_ID` with `PIPESHUB_CLIENT_SECRET`: client credentials of OAuth 2.0.
    ///
    /// The instance is the URL in `PIPESHUB_INSTANCE_URL`, else `https://app.pipeshub.com`. An empty variable counts as
    /// unset.
    ///
    /// # Errors
    /// [`Error::is_config`] if variables are missing, malformed or not UTF-8; the message names them.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| match env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(Error::new(Kind::Config, format!("{name} is not UTF-8"))),
        })
    }

    pub(super) fn from_variables(read: impl Fn(&str) -> Result<Option<String>, Error>) -> Result<Self, Error> {
        let read = |name: &str| -> Result<Option<String>, Error> {
            let value = read(name)?.map(|value| value.trim().to_owned());
            Ok(value.filter(|value| !value.is_empty()))
        };
        let instance = read("PIPESHUB_INSTANCE_URL")?;
        if let Some(instance) = &instance {
            // Checked here, where the variable's name is known.
            base_url(instance).map_err(|error| error.in_context("PIPESHUB_INSTANCE_URL"))?;
        }
        let token = read("PIPESHUB_BEARER_AUTH")?;
        let (id, secret) = (read("PIPESHUB_CLIENT_ID")?, read("PIPESHUB_CLIENT_SECRET")?);
        let missing =
            |set: &str, unset: &str| Err(Error::new(Kind::Config, format!("{set} is set, but {unset} is not")));
        let credentials = match (token, id, secret) {
            (Some(token), _, _) => {
                if HeaderValue::try_from(token.as_str()).is_err() {
                    let message = "PIPESHUB_BEARER_AUTH: the token has characters that a header cannot have";
                    return Err(Error::new(Kind::Config, message));
                }
                Self::token(token)
            }
            (None, Some(id), Some(secret)) => Self::client(id, secret),
            (None, Some(_), None) => return missing("PIPESHUB_CLIENT_ID", "PIPESHUB_CLIENT_SECRET"),
            (None, None, Some(_)) => return missing("PIPESHUB_CLIENT_SECRET", "PIPESHUB_CLIENT_ID"),
            (None, None, None) => {
                let message =
                    "no credentials: set PIPESHUB_BEARER_AUTH, or PIPESHUB_CLIENT_ID and PIPESHUB_CLIENT_SECRET";
                return Err(Error::new(Kind::Config, message));
            }
        };
        Ok(match instance {
            Some(instance) => credentials.instance(instance),
            None => credentials,
        })
    }

    /// The base URL of all operations.
    pub(super) fn server(&self) -> Result<Url, Error> {
        base_url(self.instance.as_deref().unwrap_or(CLOUD))
    }

    /// The credential for requests.
    pub(super) fn credential(self, exchange: &Arc<Exchange>, url: &Url) -> Result<Credential, Error> {
        let Self { method, scopes, client_secret, keeper, .. } = self;
        let misplaced = |setting: &str, only: &str| {
            Err(Error::new(Kind::Config, format!("`{setting}` is set, but it is only for `Credentials::{only}`")))
        };
        if !scopes.is_empty() && !matches!(method, Method::Client { .. }) {
            return misplaced("scopes", "client");
        }
        if client_secret.is_some() && !matches!(method, Method::Refresh { .. }) {
            return misplaced("client_secret", "refresh_token");
        }
        if keeper.is_some() && !matches!(method, Method::Refresh { .. }) {
            return misplaced("on_rotate", "refresh_token");
        }
        let token_url = below(url, "oauth2/token");
        let (flow, secret) = match method {
            Method::Bearer(credential) => return Ok(credential),
            Method::Client { id, secret } => {
                filled("the client id", &id)?;
                filled("the client secret", secret.expose_secret())?;
                let flow = OAuth2::client_credentials(token_url, id, secret.expose_secret()).secret_in_body();
                (flow.scopes(scopes.iter().map(Scope::as_str)), Some(secret))
            }
            Method::Refresh { id, token } => {
                filled("the client id", &id)?;
                filled("the refresh token", token.expose_secret())?;
                let app = app(id, client_secret.as_ref());
                let flow = OAuth2::refresh_token(token_url, app, token.expose_secret());
                (keeper.map_or_else(|| flow.clone(), |keeper| keeper(flow.clone())), client_secret)
            }
        };
        match secret {
            Some(secret) if looks_like_markup(secret.expose_secret()) => {
                Ok(Credential::bearer(Explained(flow.connect(exchange, url)?)))
            }
            _ => Ok(Credential::oauth2(flow)),
        }
    }
}

fn filled(what: &str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::new(Kind::Config, format!("{what} is empty")));
    }
    Ok(())
}

/// An OAuth app, with or without its secret.
pub(super) fn app(id: String, secret: Option<&SecretString>) -> OAuthClient {
    match secret {
        Some(secret) => OAuthClient::new(id, secret.expose_secret()).secret_in_body(),
        None => OAuthClient::public(id),
    }
}

/// A token provider for a secret that the server's input filter treats as markup: the server rejects it, or truncates
/// it without an error.
#[derive(Debug)]
struct Explained(Provider);

impl TokenProvider for Explained {
    async fn token(&self) -> Result<Token, Error> {
        self.0.token().await.map_err(|error| {
            if error.is_auth() || error.is_bad_request() {
                error.in_context(
                    "the client secret has a `<` or `on...=`, which the server's input filter rejects or truncates; issue \
                     another secret",
                )
            } else {
                error
            }
        })
    }
}

/// The base URL of all operations.
pub(super) fn base_url(instance: &str) -> Result<Url, Error> {
    let text = instance.trim().trim_end_matches('/');
    // Many people copy the URL of a request.
    let text = text.strip_suffix(BASE_PATH).and_then(|rest| rest.strip_suffix('/')).unwrap_or(text);
    let url = parse_server(text).map_err(|error| {
        let message = format!("the instance must be a URL, such as `https://app.pipeshub.com`: {}", error.message());
        Error::new(Kind::Config, message)
    })?;
    Url::parse(&below(&url, BASE_PATH))
        .map_err(|error| Error::new(Kind::Config, "the instance's URL cannot be used").caused_by(error))
}

/// The URL of an endpoint.
pub(super) fn below(url: &Url, path: &str) -> String {
    format!("{}/{path}", url.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
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
            "http://x.localhost",
            "ftp://example.com",
            "https://user:secret@example.com",
            "https://example.com/?a=b",
            "https://",
            "https://app\u{200b}.pipeshub.com",
        ] {
            let error = base_url(instance).unwrap_err();
            assert!(error.is_config() && !error.to_string().contains("secret@"), "{instance}: {error}");
        }
    }

    fn from(pairs: &[(&str, &str)]) -> Result<Credentials, Error> {
        Credentials::from_variables(|name| {
            Ok(pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        })
    }

    #[test]
    fn the_environment_is_read_in_the_documented_order() {
        let token = ("PIPESHUB_BEARER_AUTH", "t");
        let id = ("PIPESHUB_CLIENT_ID", "app");
        let secret = ("PIPESHUB_CLIENT_SECRET", "PLANTED");
        let elsewhere = ("PIPESHUB_INSTANCE_URL", "https://pipeshub.example.com/");
        for (pairs, url, method) in [
            (vec![token], "https://app.pipeshub.com/api/v1", "token"),
            (vec![id, secret], "https://app.pipeshub.com/api/v1", "client"),
            (vec![id, secret, elsewhere], "https://pipeshub.example.com/api/v1", "client"),
            (vec![id, secret, token], "https://app.pipeshub.com/api/v1", "token"),
            (vec![("PIPESHUB_BEARER_AUTH", " "), id, secret], "https://app.pipeshub.com/api/v1", "client"),
        ] {
            let credentials = from(&pairs).unwrap();
            assert_eq!(credentials.server().unwrap().as_str(), url);
            assert_eq!(format!("{credentials:?}"), format!("Credentials({method:?})"));
        }
        for (pairs, named) in [
            (vec![], "PIPESHUB_BEARER_AUTH"),
            (vec![id], "PIPESHUB_CLIENT_SECRET is not"),
            (vec![secret], "PIPESHUB_CLIENT_ID is not"),
            (vec![token, ("PIPESHUB_INSTANCE_URL", "pipeshub.example.com")], "PIPESHUB_INSTANCE_URL: the instance"),
            (vec![id, secret, ("PIPESHUB_INSTANCE_URL", "http://pipeshub.example.com")], "PIPESHUB_INSTANCE_URL: "),
            (vec![("PIPESHUB_BEARER_AUTH", "a\nb")], "PIPESHUB_BEARER_AUTH: "),
        ] {
            let error = from(&pairs).unwrap_err();
            assert!(
                error.is_config() && error.to_string().contains(named) && !error.to_string().contains("PLANTED"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_variable_that_cannot_be_read_is_not_unset() {
        let error = Credentials::from_variables(|name| match name {
            "PIPESHUB_BEARER_AUTH" => Err(Error::new(Kind::Config, format!("{name} is not UTF-8"))),
            _ => Ok(Some("x".to_owned()).filter(|_| name != "PIPESHUB_INSTANCE_URL")),
        });
        assert!(error.is_err_and(|error| error.is_config() && error.message().contains("PIPESHUB_BEARER_AUTH")));
    }
}
