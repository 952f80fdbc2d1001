//! Endpoints of OAuth 2.0 (RFC 6749, section 3), above all the one for tokens.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::error::Kind;
use crate::http::{Attempt, CallSpan, Exchange, Reply};

use super::{Token, TokenProvider};

/// An endpoint that takes forms: where a client asks for tokens, or for a code to get one with.
#[derive(Clone, Debug)]
pub struct TokenEndpoint {
    pub exchange: Arc<Exchange>,
    pub url: Url,
}

/// What a token endpoint gave.
#[derive(Debug)]
#[allow(dead_code, reason = "C1 gives access tokens only; the rest is for services with refresh tokens")]
pub struct Granted {
    pub token: Token,
    /// For the next access token (RFC 6749, section 1.5).
    pub refresh_token: Option<SecretString>,
    /// What the token may do, if the server says.
    pub scope: Option<String>,
}

/// A successful answer (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Answer {
    access_token: Zeroizing<String>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<Zeroizing<String>>,
    #[serde(default)]
    scope: Option<String>,
}

/// A refusal (RFC 6749, section 5.2).
#[derive(Deserialize)]
struct Refused {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// Pairs as `application/x-www-form-urlencoded`.
pub fn form(pairs: &[(&str, &str)]) -> Zeroizing<String> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    Zeroizing::new(form.finish())
}

impl TokenEndpoint {
    /// Asks for a token. `body` is made anew for each attempt: an assertion is good for one.
    pub async fn grant(&self, body: impl FnMut() -> Result<Zeroizing<String>, Error> + Send) -> Result<Token, Error> {
        // Asking twice gives two tokens, and one is left to expire: no harm.
        Ok(self.granted(body, true).await?.token)
    }

    /// Asks for a token and what comes with it. `repeatable` says whether the body can be sent again when an answer was
    /// lost: what is good for one use only cannot.
    pub async fn granted(
        &self,
        body: impl FnMut() -> Result<Zeroizing<String>, Error> + Send,
        repeatable: bool,
    ) -> Result<Granted, Error> {
        let reply = self.post(body, repeatable).await?;
        let answer: Answer = serde_json::from_slice(&reply.body).map_err(|_| {
            Error::new(Kind::Auth, "the token endpoint answered with something that is no token; is the host right?")
                .with_status(reply.status)
        })?;
        match answer.token_type.as_deref() {
            None => {}
            Some(kind) if kind.eq_ignore_ascii_case("bearer") => {}
            Some(kind) if kind.eq_ignore_ascii_case("dpop") => {
                return Err(Error::new(
                    Kind::Auth,
                    "the server issues DPoP tokens (RFC 9449), which are not supported; ask for a credential with bearer tokens",
                ));
            }
            Some(_) => {
                return Err(Error::new(
                    Kind::Auth,
                    "the server issues tokens of a type that is not supported; `Bearer` is",
                ));
            }
        }
        let token = Token::new(answer.access_token.as_str());
        let token = match answer.expires_in {
            Some(seconds) => token.expires_in(Duration::from_secs(seconds)),
            None => token,
        };
        let refresh_token = answer.refresh_token.filter(|it| !it.is_empty()).map(|it| SecretString::from(it.as_str()));
        Ok(Granted { token, refresh_token, scope: answer.scope })
    }

    /// Sends a form, and gives back what a success says.
    pub(super) async fn post(
        &self,
        body: impl FnMut() -> Result<Zeroizing<String>, Error> + Send,
        repeatable: bool,
    ) -> Result<Reply, Error> {
        let mut attempt = Post { endpoint: self, body, span: CallSpan::of_endpoint(&self.url) };
        self.exchange.call(&mut attempt, repeatable, refusal).await
    }
}

struct Post<'a, F> {
    endpoint: &'a TokenEndpoint,
    body: F,
    span: CallSpan,
}

impl<F: FnMut() -> Result<Zeroizing<String>, Error> + Send> Attempt for Post<'_, F> {
    async fn request(&mut self) -> Result<reqwest::Request, Error> {
        let body = (self.body)()?;
        self.endpoint
            .exchange
            .http
            .post(self.endpoint.url.clone())
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(http::header::ACCEPT, "application/json")
            .body(body.as_bytes().to_vec())
            .build()
            .map_err(|error| {
                Error::new(Kind::Config, "the token request cannot be built").caused_by(error.without_url())
            })
    }

    fn span(&self) -> &CallSpan {
        &self.span
    }
}

/// An endpoint's failure. Busy is not the same as wrong credentials.
fn refusal(reply: &Reply) -> Error {
    let transient = reply.status.is_server_error()
        || matches!(reply.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    let kind = if transient { Kind::Status } else { Kind::Auth };
    match serde_json::from_slice::<Refused>(&reply.body) {
        Ok(refused) => {
            let message = match &refused.error_description {
                Some(text) => format!("no token: {}: {text}", refused.error),
                None => format!("no token: {}", refused.error),
            };
            Error::new(kind, message).with_code(Some(refused.error))
        }
        Err(_) if transient => Error::new(kind, "the token endpoint does not work at the moment"),
        Err(_) => Error::new(kind, "the token endpoint refused without a reason; is the host right?"),
    }
}

/// Client credentials with the secret in the body (RFC 6749, sections 2.3.1 and 4.4): `client_secret_post` of RFC 7591.
#[derive(Debug)]
pub struct ClientSecretPost {
    pub endpoint: TokenEndpoint,
    pub id: String,
    pub secret: SecretString,
    /// What the token is to be good for, words with spaces between; the server's choice if none.
    pub scope: Option<String>,
}

impl TokenProvider for ClientSecretPost {
    async fn token(&self) -> Result<Token, Error> {
        let mut pairs = vec![
            ("client_id", self.id.as_str()),
            ("client_secret", self.secret.expose_secret()),
            ("grant_type", "client_credentials"),
        ];
        pairs.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        self.endpoint.grant(|| Ok(form(&pairs))).await
    }
}
