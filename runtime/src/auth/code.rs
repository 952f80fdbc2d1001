//! Login of a person in a browser, by authorization code (RFC 6749, section 4.1) with PKCE (RFC 7636).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use url::Url;
use zeroize::Zeroizing;

use crate::error::{Error, Kind};
use crate::http::{Connection, Exchange};

use super::client::OAuthClient;
use super::oauth::{Ask, Endpoint, Value, endpoint_url, server_url};
use super::refresh::{Keeper, Login};

/// The code verifier of a login (RFC 7636).
struct Pkce {
    verifier: Zeroizing<String>,
}

impl Pkce {
    /// A new verifier of 32 random bytes.
    fn new() -> Result<Self, Error> {
        Ok(Self { verifier: random()? })
    }

    /// The code challenge: `S256` of the verifier.
    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }
}

/// 32 random bytes as base64url.
fn random() -> Result<Zeroizing<String>, Error> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|_| Error::new(Kind::Auth, "the operating system returned no random bytes for the login"))?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// The login of a person in a browser: authorization code with PKCE (RFC 6749, section 4.1; RFC 7636).
///
/// ```no_run
/// use connectors_runtime::auth::{AuthorizationCode, Credential};
/// use connectors_runtime::{Connection, Error};
///
/// # async fn next_request_to_port_8000() -> String { String::new() }
/// # async fn example() -> Result<Credential, Error> {
/// let login = AuthorizationCode::new(
///     "https://id.example.com/authorize",
///     "https://id.example.com/token",
///     "my-app",
///     "http://127.0.0.1:8000/done",
/// )
/// .scopes(["pets:read", "offline_access"])
/// .begin(Connection::new())?;
/// println!("open {}", login.url());
/// loop {
///     // Browsers ask for icons as well, and any program on this machine can send a request to the port.
///     let address = next_request_to_port_8000().await;
///     if login.is_response(&address) {
///         break Ok(Credential::bearer(login.finish(&address).await?));
///     }
/// }
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a login starts with `begin`"]
pub struct AuthorizationCode {
    authorize_url: String,
    token_url: String,
    client: OAuthClient,
    redirect_uri: String,
    server: Option<String>,
    scopes: Vec<String>,
    parameters: Vec<(String, String)>,
    keeper: Option<Keeper>,
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationCode")
            .field("client", &self.client)
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl AuthorizationCode {
    /// A login at these endpoints of the server. `client` is an [`OAuthClient`], or the id of a public client as text.
    /// The server redirects the browser to `redirect_uri`, exactly as it is registered for the client.
    pub fn new(
        authorize_url: impl Into<String>,
        token_url: impl Into<String>,
        client: impl Into<OAuthClient>,
        redirect_uri: impl Into<String>,
    ) -> Self {
        Self {
            authorize_url: authorize_url.into(),
            token_url: token_url.into(),
            client: client.into(),
            redirect_uri: redirect_uri.into(),
            server: None,
            scopes: Vec::new(),
            parameters: Vec::new(),
            keeper: None,
        }
    }

    /// Sets the server that relative URLs of endpoints are resolved against. Methods that are generated from a document
    /// need it if the document has relative ones. The server is a folder, with and without a slash at its end.
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Some(url.into());
        self
    }

    /// Sets the scopes to request. Many servers issue a refresh token only for `offline_access`.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a parameter to the URL that the person opens, such as `prompt` or `audience`. It is not treated as a
    /// secret.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Calls `keep` with each new refresh token, also with the first; see
    /// [`OAuth2::on_rotate`](super::OAuth2::on_rotate).
    pub fn on_rotate<F, E>(mut self, keep: impl Fn(SecretString) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.keeper = Some(Keeper::new(keep));
        self
    }

    /// Starts the login. Sends nothing: the person has to open [`CodeLogin::url`].
    ///
    /// # Errors
    /// [`Error::is_config`] if a URL cannot be used or is not safe, or a setting of the connection cannot work;
    /// [`Error::is_auth`] if the operating system returns no random bytes.
    pub fn begin(self, connection: Connection) -> Result<CodeLogin, Error> {
        let exchange =
            connection.exchange(&endpoint_url(server_url(self.server.as_deref())?.as_ref(), &self.token_url)?)?;
        self.begin_over(&exchange)
    }

    /// Like [`AuthorizationCode::begin`], over existing connections.
    ///
    /// # Errors
    /// The errors of [`AuthorizationCode::begin`].
    pub fn begin_over(self, exchange: &Arc<Exchange>) -> Result<CodeLogin, Error> {
        let server = server_url(self.server.as_deref())?;
        let endpoint = Endpoint::new(exchange, server.as_ref(), &self.token_url)?;
        let redirect_uri = Url::parse(&self.redirect_uri).map_err(|_| {
            let message = "the redirect URI is not a whole URL, such as `http://127.0.0.1:8000/done`";
            Error::new(Kind::Config, message)
        })?;
        let (pkce, state) = (Pkce::new()?, random()?);
        let mut url = endpoint_url(server.as_ref(), &self.authorize_url)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client.id().unwrap_or_default())
            // Unchanged, because the server compares the text.
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", &state)
            .append_pair("code_challenge", &pkce.challenge())
            .append_pair("code_challenge_method", "S256")
            .extend_pairs((!self.scopes.is_empty()).then(|| ("scope", self.scopes.join(" "))))
            .extend_pairs(&self.parameters);
        let exchanged = AtomicBool::new(false);
        Ok(CodeLogin { setup: self, endpoint, redirect_uri, pkce, state, url, exchanged })
    }
}

/// A login that waits for a person; see [`AuthorizationCode`].
///
/// It holds the state and the PKCE verifier of this login, so keep it until the redirect. It is for one login.
#[must_use = "call `finish` to complete the login"]
pub struct CodeLogin {
    setup: AuthorizationCode,
    endpoint: Endpoint,
    redirect_uri: Url,
    pkce: Pkce,
    /// The state, which proves that a redirect belongs to this login.
    state: Zeroizing<String>,
    url: Url,
    /// Whether a code was sent to the token endpoint.
    exchanged: AtomicBool,
}

impl fmt::Debug for CodeLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL, because the state in it is a secret of this login.
        f.debug_struct("CodeLogin").field("setup", &self.setup).finish_non_exhaustive()
    }
}

impl CodeLogin {
    /// The URL that the person has to open in a browser.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Whether a URL is the redirect of this login, with a code or an error. Takes the whole URL, or the part after the
    /// host. Ignore all other requests. Sends nothing.
    #[must_use]
    pub fn is_response(&self, redirected_to: &str) -> bool {
        is_redirect_response(&self.redirect_uri, redirected_to, &self.state)
    }

    /// Finishes the login with the URL of the redirect: the whole URL, or the part after the host. A code works only
    /// once, so the request is never retried once it may have arrived.
    ///
    /// A URL that is not [the redirect of this login](CodeLogin::is_response) changes nothing. Check that first: the
    /// error is the same if the server rejects the code without a reason.
    ///
    /// # Errors
    /// [`Error::is_auth`] if the URL is not the redirect of this login, or if the person or the server rejected it;
    /// then [`Error::code`] has the server's reason if there is one, such as `access_denied` or `invalid_grant`.
    /// [`Error::is_conflict`] if a code of this login was sent before. [`Error::may_have_happened`] if no response
    /// arrived: start another login.
    pub async fn finish(&self, redirected_to: &str) -> Result<Login, Error> {
        let code = code_in_redirect(&self.redirect_uri, redirected_to, &self.state)?;
        if self.exchanged.swap(true, Ordering::Relaxed) {
            let message = "a code of this login has been exchanged already; start another login";
            return Err(Error::new(Kind::Conflict, message));
        }
        let ask = Ask::new(self.setup.client.clone())
            .with("grant_type", "authorization_code")
            .with("code", Value::Secret(SecretString::from(code)))
            .with("redirect_uri", self.setup.redirect_uri.clone())
            .with("code_verifier", Value::Secret(SecretString::from(self.pkce.verifier.as_str())));
        let granted = self.endpoint.grant(&ask, false).await.inspect_err(|error| {
            if error.is_connect() {
                // It was never sent.
                self.exchanged.store(false, Ordering::Relaxed);
            }
        })?;
        Login::new(granted, self.endpoint.clone(), self.setup.client.clone(), self.setup.keeper.clone()).await
    }
}

/// Whether a URL is the redirect for `state`, with a code or an error. See [`code_in_redirect`].
#[must_use]
pub fn is_redirect_response(expected: &Url, redirected_to: &str, state: &str) -> bool {
    code_in_redirect(expected, redirected_to, state).map_or_else(|error| error.code().is_some(), |_| true)
}

/// The code in the redirect of an authorization server (RFC 6749, sections 4.1.2 and 4.1.2.1). `redirected_to` is the
/// whole URL, or relative to `expected`, the redirect URI. For services with their own consent page; a [`CodeLogin`]
/// does it by itself.
///
/// The state is checked first: without it, a URL can come from anyone.
///
/// ```
/// use connectors_runtime::auth::code_in_redirect;
/// use url::Url;
///
/// let expected = Url::parse("http://127.0.0.1:8000/done").unwrap();
/// assert_eq!(code_in_redirect(&expected, "/done?code=c0de&state=mine", "mine").unwrap(), "c0de");
/// assert!(code_in_redirect(&expected, "/done?code=c0de&state=other", "mine").is_err());
/// ```
///
/// # Errors
/// [`Error::is_auth`] if the URL has no code or another state. With [`Error::code`] if the login was rejected.
pub fn code_in_redirect(expected: &Url, redirected_to: &str, state: &str) -> Result<String, Error> {
    let wrong = |what: &str| Error::new(Kind::Auth, what);
    let url = expected.join(redirected_to.trim()).map_err(|_| wrong("the redirect is not a URL"))?;
    let get = |wanted: &str| {
        url.query_pairs().find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value.into_owned())
    };
    match get("state") {
        None => return Err(wrong("the URL has no state: it is not the redirect of a login")),
        Some(brought) if brought != state => {
            return Err(wrong("the redirect belongs to another login"));
        }
        Some(_) => {}
    }
    if let Some(error) = get("error") {
        let message = match get("error_description") {
            Some(text) => format!("the login was rejected: {error}: {text}"),
            None => format!("the login was rejected: {error}"),
        };
        return Err(wrong(&message).with_code(Some(error)));
    }
    get("code").ok_or_else(|| wrong("the redirect has neither a code nor an error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let pkce = Pkce { verifier: Zeroizing::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned()) };
        assert_eq!(pkce.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(Pkce::new().unwrap().verifier.len(), 43);
    }

    #[test]
    fn the_redirect_is_read_as_a_whole_url_or_a_part_of_it() {
        let expected = Url::parse("http://127.0.0.1:8000/done").unwrap();
        for address in
            ["http://127.0.0.1:8000/done?code=a%2Bb&state=s", "/done?code=a%2Bb&state=s", "?state=s&code=a%2Bb"]
        {
            assert_eq!(code_in_redirect(&expected, address, "s").unwrap(), "a+b", "{address}");
        }
        for address in ["/done", "/done?code=a", "/done?state=s", "/done?code=&state=s", "/favicon.ico", ""] {
            let error = code_in_redirect(&expected, address, "s").unwrap_err();
            assert!(error.is_auth() && error.code().is_none(), "{address}: {error:?}");
        }
        let refused = "/done?error=access_denied&error_description=no&state=s";
        let error = code_in_redirect(&expected, refused, "s").unwrap_err();
        assert!(
            error.is_auth() && error.code() == Some("access_denied") && error.to_string().contains("no"),
            "{error}"
        );
    }

    #[test]
    fn a_redirect_without_the_state_is_rejected() {
        let expected = Url::parse("http://127.0.0.1:8000/done").unwrap();
        for address in [
            "/done?error=access_denied",
            "/done?error=access_denied&state=another",
            "/done?code=c&state=another",
            "/done?code=c&state=PLANTE",
            "/done?code=c&state=",
        ] {
            let error = code_in_redirect(&expected, address, "PLANTED").unwrap_err();
            assert!(error.is_auth() && error.code().is_none(), "{address}: {error:?}");
            assert!(!format!("{error} {error:?}").contains("PLANTED"), "{error:?}");
        }
    }
}
