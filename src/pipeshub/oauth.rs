//! Logging a person in, and what tokens may do.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use secrecy::ExposeSecret;
use url::Url;

use crate::Error;
use crate::auth::{CodeLogin, LoggedIn, OAuthApp, Provider, RefreshingToken};
use crate::error::Kind;

use super::client::{Client, Server};

/// Something that a token is good for.
///
/// ```
/// use connectors::pipeshub::{Client, Scope};
///
/// let reading = [Scope::CONNECTOR_READ, Scope::KB_READ, "org:read".into()];
/// let ph = Client::builder().client_credentials("app", "s3cret").scopes(reading).build();
/// assert!(ph.is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope(Cow<'static, str>);

impl Scope {
    /// Read connectors, their configuration and the registry.
    pub const CONNECTOR_READ: Self = Self(Cow::Borrowed("connector:read"));
    /// Create and configure connectors.
    pub const CONNECTOR_WRITE: Self = Self(Cow::Borrowed("connector:write"));
    /// Switch syncs on and off, and send file events.
    pub const CONNECTOR_SYNC: Self = Self(Cow::Borrowed("connector:sync"));
    /// Delete connectors.
    pub const CONNECTOR_DELETE: Self = Self(Cow::Borrowed("connector:delete"));
    /// Read the statistics of what was synced.
    pub const KB_READ: Self = Self(Cow::Borrowed("kb:read"));
    /// Resync and reindex.
    pub const KB_WRITE: Self = Self(Cow::Borrowed("kb:write"));
    /// Let the service see who calls: without it, an admin is treated as a member.
    pub const USER_READ: Self = Self(Cow::Borrowed("user:read"));
    /// A refresh token, so that a login lasts longer than its first token.
    pub const OFFLINE_ACCESS: Self = Self(Cow::Borrowed("offline_access"));

    /// What everything in this module needs, and no more.
    pub const DEFAULT: [Self; 7] = [
        Self::CONNECTOR_READ,
        Self::CONNECTOR_WRITE,
        Self::CONNECTOR_SYNC,
        Self::CONNECTOR_DELETE,
        Self::KB_READ,
        Self::KB_WRITE,
        Self::USER_READ,
    ];

    /// The scope as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scopes with spaces between (RFC 6749, section 3.3); nothing if there are none.
    pub(super) fn join(scopes: &[Self]) -> Option<String> {
        (!scopes.is_empty()).then(|| scopes.iter().map(Self::as_str).collect::<Vec<_>>().join(" "))
    }
}

impl From<&str> for Scope {
    fn from(scope: &str) -> Self {
        Self(Cow::Owned(scope.to_owned()))
    }
}

impl From<String> for Scope {
    fn from(scope: String) -> Self {
        Self(Cow::Owned(scope))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who is told of new refresh tokens.
#[derive(Clone, Default)]
pub(super) struct OnRotate(Option<Arc<Told>>);

/// What a program does with a new refresh token.
type Told = dyn Fn(&str) + Send + Sync;

impl fmt::Debug for OnRotate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "OnRotate(somebody)" } else { "OnRotate(nobody)" })
    }
}

impl OnRotate {
    pub(super) fn new(told: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    fn tell(&self, token: &str) {
        if let Some(told) = &self.0 {
            told(token);
        }
    }

    pub(super) fn hear(self, tokens: RefreshingToken) -> RefreshingToken {
        tokens.on_rotate(move |token| self.tell(token))
    }
}

/// The login of a person that has begun; see [`ClientBuilder::authorization_code`](super::ClientBuilder::authorization_code).
///
/// It holds what proves that the one who ends the login is the one who began it, so it has to be kept in between, and is
/// good for one login.
///
/// ```no_run
/// use connectors::pipeshub::Client;
///
/// # async fn next_request_to_port_8000() -> String { String::new() }
/// # async fn example() -> Result<Client, connectors::Error> {
/// let login = Client::builder().authorization_code("app-id", "http://127.0.0.1:8000/done")?;
/// println!("open {}", login.url());
/// loop {
///     // Browsers ask for icons as well, and anybody on this machine can ask for anything.
///     let address = next_request_to_port_8000().await;
///     if login.is_answer(&address) {
///         break login.finish(&address).await;
///     }
/// }
/// # }
/// ```
#[must_use = "a login is not over until it is finished"]
pub struct Authorization {
    server: Server,
    app: OAuthApp,
    login: CodeLogin,
    redirect_uri: Url,
    url: Url,
    on_rotate: OnRotate,
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: the state in it is this login's own.
        f.debug_struct("Authorization").field("redirect_uri", &self.redirect_uri.as_str()).finish_non_exhaustive()
    }
}

impl Authorization {
    pub(super) fn new(
        server: Server,
        app: OAuthApp,
        redirect_uri: String,
        scope: Option<String>,
        on_rotate: OnRotate,
    ) -> Result<Self, Error> {
        let parsed = Url::parse(&redirect_uri).map_err(|_| {
            Error::new(Kind::Config, "the redirect URI is not a whole URL, such as `http://127.0.0.1:8000/`")
        })?;
        // Sent as it was given: the server compares it with the app's letter by letter.
        let login = CodeLogin::new(app.clone(), redirect_uri)?;
        let url = login.authorize_url(&server.authorization_endpoint()?, scope.as_deref());
        Ok(Self { server, app, login, redirect_uri: parsed, url, on_rotate })
    }

    /// Where the person's browser has to go.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Whether an address is this login's answer, a code or a refusal: the whole URL, or what follows the host. Anything else
    /// is somebody else's request, to be passed over. Sends nothing.
    #[must_use]
    pub fn is_answer(&self, redirected_to: &str) -> bool {
        is_answer(&self.redirect_uri, redirected_to, self.login.state())
    }

    /// Ends the login with the address that the browser came back to: the whole URL, or what follows the host. A code is good
    /// once, so it is never sent again once it may have arrived.
    ///
    /// An address that is not [from this login](Authorization::is_answer) changes nothing. Ask for that first: the error does
    /// not tell it from a server that refuses the code and says no more.
    ///
    /// # Errors
    /// [`Error::is_auth`] if the address is not from this login, or if the person or the server refused; then the server's
    /// word for it is in [`Error::code`] if it has one, such as `access_denied` or `invalid_grant`. [`Error::is_conflict`] if
    /// a code of this login was sent before; [`Error::may_have_happened`] if no answer came: begin another login then.
    pub async fn finish(&self, redirected_to: &str) -> Result<Client, Error> {
        let code = code_in(&self.redirect_uri, redirected_to, self.login.state())?;
        let endpoint = self.server.token_endpoint()?;
        let granted = self.login.finish(&endpoint, &code).await?;
        let provider = match granted.refresh_token {
            Some(refresh) => {
                let tokens = RefreshingToken::new(endpoint, self.app.clone(), refresh.expose_secret());
                // The token's time runs while somebody is told.
                let tokens = tokens.starting_with(granted.token);
                self.on_rotate.tell(refresh.expose_secret());
                Provider::new(self.on_rotate.clone().hear(tokens))
            }
            None => Provider::new(LoggedIn::new(granted.token, Arc::clone(&self.server.exchange.clock))),
        };
        Ok(self.server.clone().client(provider))
    }
}

/// Whether an address brings back what was begun: a code, or the word of a refusal.
pub(super) fn is_answer(expected: &Url, redirected_to: &str, state: &str) -> bool {
    code_in(expected, redirected_to, state).map_or_else(|error| error.code().is_some(), |_| true)
}

/// The code that a browser brings back from an authorization server (RFC 6749, sections 4.1.2 and 4.1.2.1), in an address
/// relative to the one that was to be come back to. The state is looked at before anything else: without it an address is
/// anybody's, whatever it says.
pub(super) fn code_in(expected: &Url, redirected_to: &str, state: &str) -> Result<String, Error> {
    let wrong = |what: &str| Error::new(Kind::Auth, what);
    let url = expected.join(redirected_to.trim()).map_err(|_| wrong("the browser's address is not a URL"))?;
    let get = |wanted: &str| {
        url.query_pairs().find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value.into_owned())
    };
    match get("state") {
        None => return Err(wrong("the browser's address has no state: it is not where this ends")),
        Some(brought) if brought != state => {
            return Err(wrong("the browser came back from something that was not begun here"));
        }
        Some(_) => {}
    }
    if let Some(error) = get("error") {
        let message = match get("error_description") {
            Some(text) => format!("it was refused: {error}: {text}"),
            None => format!("it was refused: {error}"),
        };
        return Err(wrong(&message).with_code(Some(error)));
    }
    get("code").ok_or_else(|| wrong("the browser's address has neither a code nor an error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_words_with_spaces_between() {
        assert_eq!(
            Scope::join(&Scope::DEFAULT).as_deref(),
            Some("connector:read connector:write connector:sync connector:delete kb:read kb:write user:read")
        );
        assert_eq!(Scope::join(&[]), None);
    }

    #[test]
    fn the_browser_s_address_is_read_whole_or_in_part() {
        let expected = Url::parse("http://127.0.0.1:8000/done").unwrap();
        for address in
            ["http://127.0.0.1:8000/done?code=a%2Bb&state=s", "/done?code=a%2Bb&state=s", "?state=s&code=a%2Bb"]
        {
            assert_eq!(code_in(&expected, address, "s").unwrap(), "a+b", "{address}");
        }
        for address in ["/done", "/done?code=a", "/done?state=s", "/done?code=&state=s", "/favicon.ico", ""] {
            let error = code_in(&expected, address, "s").unwrap_err();
            assert!(error.is_auth() && error.code().is_none(), "{address}: {error:?}");
        }
        let refused = "/done?error=access_denied&error_description=no&state=s";
        let error = code_in(&expected, refused, "s").unwrap_err();
        assert!(
            error.is_auth() && error.code() == Some("access_denied") && error.to_string().contains("no"),
            "{error}"
        );
    }

    #[test]
    fn nothing_is_believed_without_the_state() {
        let expected = Url::parse("http://127.0.0.1:8000/done").unwrap();
        for address in [
            "/done?error=access_denied",
            "/done?error=access_denied&state=another",
            "/done?code=c&state=another",
            "/done?code=c&state=PLANTE",
            "/done?code=c&state=",
        ] {
            let error = code_in(&expected, address, "PLANTED").unwrap_err();
            assert!(error.is_auth() && error.code().is_none(), "{address}: {error:?}");
            assert!(!format!("{error} {error:?}").contains("PLANTED"), "{error:?}");
        }
    }
}
