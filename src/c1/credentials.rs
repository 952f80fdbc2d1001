//! The credentials of a client, and its tenant.

use std::env::{self, VarError};
use std::fmt;
use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Error;
use crate::auth::{
    Assertion, Credential, OAuth2, OAuthClient, Token, TokenExchange, TokenProvider, parse_host, parse_server,
};
use connectors_runtime::Kind;

use super::secret::{ClientId, ClientSecret};

/// The credentials of a [`Client`](super::Client), and its tenant. A client has exactly one method of authentication.
///
/// ```
/// use connectors::c1::{Client, Credentials};
///
/// # fn main() -> Result<(), connectors::Error> {
/// let c1 = Client::builder(Credentials::token("...").tenant("example")).build()?;
/// # Ok(())
/// # }
/// ```
///
/// Nothing is checked until [`Builder::build`](crate::Builder::build), whose error names what is missing or malformed.
#[derive(Clone)]
#[must_use = "pass the credentials to `Client::builder`"]
pub struct Credentials {
    method: Method,
    tenant: Option<String>,
    audience: Option<String>,
}

#[derive(Clone)]
enum Method {
    Signed { id: String, secret: SecretString },
    SecretPost { id: String, secret: SecretString },
    Workload { id: String, subject: TokenExchange },
    Bearer(Credential),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The tenant is not printed: it may be a URL with a password.
        f.debug_tuple("Credentials")
            .field(&match self.method {
                Method::Signed { .. } => "client",
                Method::SecretPost { .. } => "secret_post",
                Method::Workload { .. } => "workload",
                Method::Bearer(_) => "token",
            })
            .finish()
    }
}

impl Credentials {
    /// A client id and secret from C1. The client authenticates with an assertion that it signs; the secret itself is
    /// not sent. The id names the tenant.
    pub fn client(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self::new(Method::Signed { id: id.into(), secret: SecretString::from(secret.into()) })
    }

    /// A client id and secret. The secret is sent in the body of the token request (RFC 6749, section 2.3.1;
    /// `client_secret_post` in RFC 7591): prefer [`Credentials::client`], which does not send it. The id names the tenant.
    pub fn secret_post(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self::new(Method::SecretPost { id: id.into(), secret: SecretString::from(secret.into()) })
    }

    /// A fixed bearer token. It is never refreshed. Needs a [tenant](Credentials::tenant).
    pub fn token(token: impl Into<String>) -> Self {
        Self::new(Method::Bearer(Credential::token(token)))
    }

    /// A workload's JWT, exchanged for a C1 token (RFC 8693). The JWT expires soon, so this is for short programs;
    /// others use [`Credentials::workload`]. The id names the tenant.
    pub fn workload_token(id: impl Into<String>, jwt: impl Into<String>) -> Self {
        Self::workload(id, Fixed(Token::new(jwt)))
    }

    /// A provider of the workload's JWT; each is exchanged for a C1 token (RFC 8693). The id names the tenant.
    pub fn workload(id: impl Into<String>, provider: impl TokenProvider) -> Self {
        Self::new(Method::Workload { id: id.into(), subject: TokenExchange::new(provider) })
    }

    /// Tokens from your own provider. Needs a [tenant](Credentials::tenant).
    pub fn provider(provider: impl TokenProvider) -> Self {
        Self::new(Method::Bearer(Credential::bearer(provider)))
    }

    fn new(method: Method) -> Self {
        Self { method, tenant: None, audience: None }
    }

    /// Sets the tenant: its name (`example` means `https://example.conductor.one`), its host, or its URL. Without it, the
    /// host in the client id is used.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the `aud` of assertions; the host without its port by default. Only for [`Credentials::client`].
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Credentials from the environment. The first of these that is set is used:
    ///
    /// 1. `CONDUCTORONE_ACCESS_TOKEN`: a bearer token.
    /// 2. `CONDUCTORONE_OIDC_TOKEN` with `CONDUCTORONE_CLIENT_ID`: a workload's token, exchanged for a C1 token.
    /// 3. `CONDUCTORONE_CLIENT_ID` with `CONDUCTORONE_CLIENT_SECRET`: a signed assertion.
    ///
    /// The tenant is `CONDUCTORONE_TENANT_DOMAIN`, else `CONDUCTORONE_SERVER_URL`, else the host in the client id. An
    /// empty variable counts as unset.
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
        let read = |name: &'static str| -> Result<Option<String>, Error> {
            let value = read(name)?.map(|value| value.trim().to_owned());
            Ok(value.filter(|value| !value.is_empty()))
        };
        let mut tenant = None;
        for name in ["CONDUCTORONE_TENANT_DOMAIN", "CONDUCTORONE_SERVER_URL"] {
            if let (Some(value), None) = (read(name)?, &tenant) {
                server(&value).map_err(|error| error.in_context(name))?;
                tenant = Some(value);
            }
        }
        // Checked here, where the variable's name is known.
        let checked = |id: String| -> Result<String, Error> {
            let host = id.parse::<ClientId>().map(|id| id.host().to_owned());
            let checked = host.and_then(|host| if tenant.is_some() { Ok(()) } else { server(&host).map(drop) });
            checked.map(|()| id).map_err(|error| error.in_context("CONDUCTORONE_CLIENT_ID"))
        };
        let credentials = match (
            read("CONDUCTORONE_ACCESS_TOKEN")?,
            read("CONDUCTORONE_OIDC_TOKEN")?,
            read("CONDUCTORONE_CLIENT_ID")?,
            read("CONDUCTORONE_CLIENT_SECRET")?,
        ) {
            (Some(token), _, id, _) => {
                Token::new(token.as_str()).header().map_err(|error| {
                    Error::new(Kind::Config, error.message()).in_context("CONDUCTORONE_ACCESS_TOKEN")
                })?;
                let credentials = Self::token(token);
                match (&tenant, id) {
                    (Some(_), _) => credentials,
                    (None, Some(id)) => credentials.tenant(checked(id)?.parse::<ClientId>()?.host()),
                    (None, None) => {
                        let message =
                            "CONDUCTORONE_ACCESS_TOKEN is set, but its tenant is not: set CONDUCTORONE_TENANT_DOMAIN";
                        return Err(Error::new(Kind::Config, message));
                    }
                }
            }
            (None, Some(jwt), Some(id), _) => Self::workload_token(checked(id)?, jwt),
            (None, None, Some(id), Some(secret)) => {
                let parsed = secret.parse::<ClientSecret>().map(drop);
                parsed.map_err(|error| error.in_context("CONDUCTORONE_CLIENT_SECRET"))?;
                Self::client(checked(id)?, secret)
            }
            (None, Some(_), None, _) => {
                let message = "CONDUCTORONE_OIDC_TOKEN is set, but CONDUCTORONE_CLIENT_ID is not";
                return Err(Error::new(Kind::Config, message));
            }
            (None, None, Some(_), None) => {
                let message = "CONDUCTORONE_CLIENT_ID is set, but CONDUCTORONE_CLIENT_SECRET is not";
                return Err(Error::new(Kind::Config, message));
            }
            (None, None, None, _) => {
                let message = "no credentials: set CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET, or CONDUCTORONE_ACCESS_TOKEN";
                return Err(Error::new(Kind::Config, message));
            }
        };
        Ok(match tenant {
            Some(tenant) => credentials.tenant(tenant),
            None => credentials,
        })
    }

    /// The server, and the credential for its requests.
    pub(super) fn resolve(self) -> Result<(Url, Credential), Error> {
        let Self { method, tenant, audience } = self;
        if audience.is_some() && !matches!(method, Method::Signed { .. }) {
            let message = "`audience` is set, but only the assertion of `Credentials::client` has one";
            return Err(Error::new(Kind::Config, message));
        }
        let id = match &method {
            Method::Signed { id, .. } | Method::SecretPost { id, .. } | Method::Workload { id, .. } => {
                Some(id.parse::<ClientId>()?)
            }
            Method::Bearer(_) => None,
        };
        let url = match (&tenant, &id) {
            (Some(tenant), _) => server(tenant)?,
            (None, Some(id)) => server(id.host()).map_err(|error| error.in_context("the host in the client id"))?,
            (None, None) => return Err(Error::new(Kind::Config, "no tenant: set the tenant of the token")),
        };
        let token_url = endpoint(&url, "/auth/v1/token");
        let flow = match (method, id) {
            (Method::Bearer(credential), _) => return Ok((url, credential)),
            (Method::Signed { secret, .. }, Some(id)) => {
                let audience = audience.unwrap_or_else(|| url.host_str().unwrap_or_default().to_owned());
                let secret = secret.expose_secret().parse()?;
                let name = id.as_str().to_owned();
                OAuth2::of_client(token_url, OAuthClient::signing(name, Signer { id, secret, audience }))
            }
            (Method::SecretPost { secret, .. }, Some(id)) => {
                if secret.expose_secret().trim().is_empty() {
                    return Err(Error::new(Kind::Config, "the client secret is empty"));
                }
                OAuth2::client_credentials(token_url, id.as_str(), secret.expose_secret()).secret_in_body()
            }
            (Method::Workload { subject, .. }, Some(id)) => OAuth2::token_exchange(token_url, id.as_str(), subject),
            (_, None) => return Err(Error::new(Kind::Config, "the client id is missing")),
        };
        Ok((url, Credential::oauth2(flow)))
    }
}

/// The URL of an OAuth endpoint of a server.
pub(super) fn endpoint(server: &Url, path: &str) -> String {
    format!("{}{path}", server.as_str().trim_end_matches('/'))
}

/// A tenant's name, host or URL as the URL of its server.
pub(super) fn server(tenant: &str) -> Result<Url, Error> {
    let is_name = !tenant.is_empty()
        && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !tenant.eq_ignore_ascii_case("localhost");
    let server = if tenant.contains("://") {
        parse_server(tenant)
    } else if is_name {
        parse_host(&format!("{}.conductor.one", tenant.to_ascii_lowercase()))
    } else {
        parse_host(tenant)
    };
    server.map_err(|error| error.in_context("the tenant is not a name, a host or a URL"))
}

/// A fixed token.
#[derive(Debug)]
struct Fixed(Token);

impl TokenProvider for Fixed {
    async fn token(&self) -> Result<Token, Error> {
        Ok(self.0.clone())
    }

    fn renews(&self) -> bool {
        false
    }
}

/// Client credentials by a signed assertion (RFC 6749, section 4.4, and RFC 7523, section 2.2).
#[derive(Debug)]
struct Signer {
    id: ClientId,
    secret: ClientSecret,
    audience: String,
}

impl Assertion for Signer {
    async fn assertion(&self, now: SystemTime) -> Result<Token, Error> {
        let signed = self.secret.assertion(&self.id, &self.audience, now)?;
        Ok(Token::new(signed.as_str()))
    }
}
