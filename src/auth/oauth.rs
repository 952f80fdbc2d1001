//! The token endpoint of OAuth 2.0 (RFC 6749, section 3.2).

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use crate::Error;
use crate::error::Kind;
use crate::transport::{Attempt, Exchange, Reply};

use super::Token;

/// Where a client asks for tokens.
#[derive(Debug)]
pub(crate) struct TokenEndpoint {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) url: Url,
}

/// A successful answer (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: Zeroizing<String>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// A refusal (RFC 6749, section 5.2).
#[derive(Deserialize)]
struct Refused {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// Pairs as `application/x-www-form-urlencoded`.
pub(crate) fn form(pairs: &[(&str, &str)]) -> Zeroizing<String> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    Zeroizing::new(form.finish())
}

impl TokenEndpoint {
    /// Asks for a token. `body` is made anew for each attempt: an assertion is good for one.
    pub(crate) async fn grant(
        &self,
        body: impl FnMut() -> Result<Zeroizing<String>, Error> + Send,
    ) -> Result<Token, Error> {
        let mut attempt = Grant { endpoint: self, body };
        // Asking twice gives two tokens, and one is left to expire: no harm.
        let reply = self.exchange.call(&mut attempt, true, refusal).await?;
        let granted: Granted = serde_json::from_slice(&reply.body).map_err(|_| {
            Error::new(Kind::Auth, "the token endpoint answered with something that is no token; is the host right?")
                .with_status(reply.status)
        })?;
        match granted.token_type.as_deref() {
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
        let token = Token::new(granted.access_token.as_str());
        Ok(match granted.expires_in {
            Some(seconds) => token.expires_in(Duration::from_secs(seconds)),
            None => token,
        })
    }
}

struct Grant<'a, F> {
    endpoint: &'a TokenEndpoint,
    body: F,
}

impl<F: FnMut() -> Result<Zeroizing<String>, Error> + Send> Attempt for Grant<'_, F> {
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
}

/// A token endpoint's failure. Busy is not the same as wrong credentials.
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
