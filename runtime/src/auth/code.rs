//! Login of a person in a browser, by an authorization code with proof of possession (RFC 6749, section 4.1; RFC 7636),
//! and the refresh tokens that come of it (RFC 6749, section 6).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::Url;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::error::Kind;

use super::oauth::Granted;
use super::{LoggedIn, Token, TokenEndpoint, TokenProvider, form};

/// A secret that only the one who began a login knows (RFC 7636).
pub struct Pkce {
    verifier: Zeroizing<String>,
}

impl fmt::Debug for Pkce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pkce([redacted])")
    }
}

impl Pkce {
    /// A new one, of 32 random bytes.
    pub fn new() -> Result<Self, Error> {
        Ok(Self { verifier: random()? })
    }

    /// What is shown of it at the start: `S256`.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }
}

/// 32 random bytes as base64url.
fn random() -> Result<Zeroizing<String>, Error> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|_| Error::new(Kind::Auth, "the operating system gives no randomness to log in with"))?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// The program that logs somebody in, as the server knows it.
#[derive(Clone, Debug)]
pub struct OAuthApp {
    pub client_id: String,
    /// None for a program that cannot keep one.
    pub client_secret: Option<SecretString>,
}

impl OAuthApp {
    /// A form with these pairs and who the program is.
    fn form(&self, pairs: &[(&str, &str)]) -> Zeroizing<String> {
        let mut all = pairs.to_vec();
        all.push(("client_id", self.client_id.as_str()));
        all.extend(self.client_secret.as_ref().map(|secret| ("client_secret", secret.expose_secret())));
        form(&all)
    }
}

/// A login that has begun.
pub struct CodeLogin {
    app: OAuthApp,
    redirect_uri: String,
    pkce: Pkce,
    /// By which the browser's way back is known to belong to this login.
    state: Zeroizing<String>,
    /// Whether a code has been sent to be exchanged.
    exchanged: AtomicBool,
}

impl fmt::Debug for CodeLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeLogin").field("app", &self.app).finish_non_exhaustive()
    }
}

impl CodeLogin {
    /// Begins a login that ends at `redirect_uri`.
    pub fn new(app: OAuthApp, redirect_uri: impl Into<String>) -> Result<Self, Error> {
        let (pkce, state, exchanged) = (Pkce::new()?, random()?, AtomicBool::new(false));
        Ok(Self { app, redirect_uri: redirect_uri.into(), pkce, state, exchanged })
    }

    /// Where the person's browser has to go. `offline_access` among the scopes asks for a refresh token.
    pub fn authorize_url(&self, endpoint: &Url, scope: Option<&str>) -> Url {
        let mut url = endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.app.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &self.pkce.challenge())
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(scope.map(|scope| ("scope", scope)));
        url
    }

    /// What the browser has to bring back.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Exchanges the code that the browser came back with, whose state was that of this login. A code works once, so this is
    /// not sent again when its answer is lost: the person has to log in again.
    pub async fn finish(&self, endpoint: &TokenEndpoint, code: &str) -> Result<Granted, Error> {
        if self.exchanged.swap(true, Ordering::Relaxed) {
            let message = "a code of this login has been exchanged already; begin another login";
            return Err(Error::new(Kind::Conflict, message));
        }
        let body = || {
            Ok(self.app.form(&[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", self.redirect_uri.as_str()),
                ("code_verifier", self.pkce.verifier.as_str()),
            ]))
        };
        endpoint.granted(body, false).await.inspect_err(|error| {
            if error.is_connect() {
                // It was never sent.
                self.exchanged.store(false, Ordering::Relaxed);
            }
        })
    }
}

/// Told of each new refresh token.
type OnRotate = Arc<dyn Fn(&str) + Send + Sync>;

/// Tokens by a refresh token, which each use may replace by another.
///
/// A refresh whose answer is lost is not sent again by itself: the server may have replaced the token, and take a second use
/// of the old one for theft. The next call that needs a token tries it all the same, since nothing else is left to try.
pub struct RefreshingToken {
    endpoint: Arc<TokenEndpoint>,
    app: OAuthApp,
    held: Arc<Mutex<Held>>,
    on_rotate: OnRotate,
}

struct Held {
    /// An access token that came with the refresh token, until it is given out.
    access: Option<LoggedIn>,
    refresh: SecretString,
}

impl fmt::Debug for RefreshingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshingToken").field("app", &self.app).finish_non_exhaustive()
    }
}

impl RefreshingToken {
    pub fn new(endpoint: TokenEndpoint, app: OAuthApp, refresh: impl Into<String>) -> Self {
        let held = Held { access: None, refresh: SecretString::from(refresh.into()) };
        let (endpoint, held) = (Arc::new(endpoint), Arc::new(Mutex::new(held)));
        Self { endpoint, app, held, on_rotate: Arc::new(|_| {}) }
    }

    /// An access token to begin with, had just now.
    pub fn starting_with(self, access: Token) -> Self {
        let clock = Arc::clone(&self.endpoint.exchange.clock);
        // Nobody else has it yet.
        if let Ok(mut held) = self.held.try_lock() {
            held.access = Some(LoggedIn::new(access, clock));
        }
        self
    }

    /// Tells each new refresh token, so that a program can keep it: the old one may work no longer. Called before the new
    /// access token is used.
    pub fn on_rotate(mut self, told: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_rotate = Arc::new(told);
        self
    }
}

impl TokenProvider for RefreshingToken {
    async fn token(&self) -> Result<Token, Error> {
        // Held to the end: two refreshes at once would use the same token twice.
        let mut held = Arc::clone(&self.held).lock_owned().await;
        // It may have lain here past its end.
        if let Some(access) = held.access.take()
            && let Ok(access) = access.token().await
        {
            return Ok(access);
        }
        let (endpoint, app, on_rotate) = (Arc::clone(&self.endpoint), self.app.clone(), Arc::clone(&self.on_rotate));
        // Once begun it is ended, whoever leaves: the new refresh token is in the answer, and nowhere else.
        let refreshing = tokio::spawn(async move {
            let refresh = held.refresh.clone();
            let body = || Ok(app.form(&[("grant_type", "refresh_token"), ("refresh_token", refresh.expose_secret())]));
            let granted = endpoint.granted(body, false).await?;
            if let Some(next) = granted.refresh_token
                && next.expose_secret() != refresh.expose_secret()
            {
                held.refresh = next;
                on_rotate(held.refresh.expose_secret());
            }
            Ok(granted.token)
        });
        refreshing.await.unwrap_or_else(|_| Err(Error::auth("the refresh was broken off")))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Shared;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use crate::http::Connection;

    use super::*;

    fn app() -> OAuthApp {
        OAuthApp { client_id: "app".to_owned(), client_secret: Some(SecretString::from("PLANTED")) }
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let pkce = Pkce { verifier: Zeroizing::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned()) };
        assert_eq!(pkce.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(Pkce::new().unwrap().verifier.len(), 43);
    }

    #[test]
    fn the_browser_is_sent_with_the_challenge_and_without_secrets() {
        let login = CodeLogin::new(app(), "http://127.0.0.1:8000/done").unwrap();
        let endpoint = Url::parse("https://example.com/api/v1/oauth2/authorize").unwrap();
        let url = login.authorize_url(&endpoint, Some("connector:read offline_access"));
        let get = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        assert_eq!(get("code_challenge"), Some(login.pkce.challenge()));
        assert_eq!(get("code_challenge_method").as_deref(), Some("S256"));
        assert_eq!(get("state").as_deref(), Some(login.state.as_str()));
        assert_eq!(get("scope").as_deref(), Some("connector:read offline_access"));
        assert_eq!(get("redirect_uri").as_deref(), Some("http://127.0.0.1:8000/done"));
        assert!(!url.as_str().contains("PLANTED") && !url.as_str().contains(login.pkce.verifier.as_str()));
        let shown = format!("{login:?}");
        assert!(!shown.contains("PLANTED") && !shown.contains(login.state.as_str()), "{shown}");
    }

    /// Answers one request on each connection, or closes it where there is no answer; gives back the bodies that came.
    async fn serve(listener: TcpListener, answers: [Option<&'static str>; 2]) -> Vec<String> {
        let mut bodies = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::<u8>::new();
            loop {
                assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "the request ends early");
                let text = String::from_utf8(read.clone()).unwrap();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let head = head.to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                if body.len() >= length.parse().unwrap() {
                    bodies.push(body.to_owned());
                    break;
                }
            }
            if let Some(answer) = answer {
                let length = answer.len();
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
                stream.write_all(format!("{head}{answer}").as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        }
        bodies
    }

    #[tokio::test]
    async fn a_refresh_token_is_replaced_and_told_and_is_not_sent_again_after_a_lost_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/token", listener.local_addr().unwrap())).unwrap();
        let endpoint = TokenEndpoint { exchange: Connection::new().exchange(&url).unwrap(), url };
        let told = Arc::new(Shared::new(Vec::new()));
        let seen = Arc::clone(&told);
        let provider = RefreshingToken::new(endpoint, app(), "r1")
            .starting_with(Token::new("a1"))
            .on_rotate(move |token| seen.lock().unwrap().push(token.to_owned()));
        let work = async {
            assert_eq!(provider.token().await.unwrap().expose(), "a1");
            let second = provider.token().await.unwrap();
            assert_eq!((second.expose(), second.lifetime().unwrap().as_secs()), ("a2", 60));
            provider.token().await.unwrap_err()
        };
        let answer = r#"{"access_token": "a2", "token_type": "Bearer", "expires_in": 60, "refresh_token": "r2"}"#;
        let (error, bodies) = futures::join!(work, serve(listener, [Some(answer), None]));
        assert!(error.may_have_happened() && error.attempts() == 1, "{error:?}");
        assert_eq!(*told.lock().unwrap(), ["r2"]);
        assert!(bodies[0].contains("refresh_token=r1") && bodies[1].contains("refresh_token=r2"), "{bodies:?}");
    }

    #[tokio::test]
    async fn a_refresh_that_nobody_waits_for_is_ended_and_its_token_kept() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/token", listener.local_addr().unwrap())).unwrap();
        let endpoint = TokenEndpoint { exchange: Connection::new().exchange(&url).unwrap(), url };
        let told = Arc::new(Shared::new(Vec::new()));
        let seen = Arc::clone(&told);
        let provider = RefreshingToken::new(endpoint, app(), "r1");
        let provider = provider.on_rotate(move |token| seen.lock().unwrap().push(token.to_owned()));
        {
            let given_up = provider.token();
            futures::pin_mut!(given_up);
            assert!(futures::poll!(given_up).is_pending());
        }
        let answers = [
            Some(r#"{"access_token": "a1", "token_type": "Bearer", "refresh_token": "r2"}"#),
            Some(r#"{"access_token": "a2", "token_type": "Bearer", "refresh_token": "r3"}"#),
        ];
        let both = async { futures::join!(provider.token(), serve(listener, answers)) };
        let (token, bodies) = tokio::time::timeout(Duration::from_secs(60), both).await.expect("the first was lost");
        assert_eq!(token.unwrap().expose(), "a2");
        assert_eq!(*told.lock().unwrap(), ["r2", "r3"]);
        assert!(bodies[0].contains("refresh_token=r1") && bodies[1].contains("refresh_token=r2"), "{bodies:?}");
    }

    #[test]
    fn the_program_proves_itself_in_the_body() {
        assert_eq!(app().form(&[("a", "b c")]).as_str(), "a=b+c&client_id=app&client_secret=PLANTED");
    }
}
