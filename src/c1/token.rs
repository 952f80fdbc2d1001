//! C1's ways to a token.

use std::sync::Arc;

use crate::Error;
use crate::auth::{Provider, Token, TokenEndpoint, TokenProvider, form};
use crate::transport::Clock;

use super::credentials::{ClientId, ClientSecret};

/// Client credentials proved by a signed assertion (RFC 6749 section 4.4, RFC 7523 section 2.2).
#[derive(Debug)]
pub(super) struct SignedAssertion {
    pub(super) endpoint: TokenEndpoint,
    pub(super) id: ClientId,
    pub(super) secret: ClientSecret,
    pub(super) audience: String,
    pub(super) clock: Arc<dyn Clock>,
}

impl TokenProvider for SignedAssertion {
    async fn token(&self) -> Result<Token, Error> {
        self.endpoint
            .grant(|| {
                let assertion = self.secret.assertion(&self.id, &self.audience, self.clock.time_of_day())?;
                Ok(form(&[
                    ("client_id", self.id.as_str()),
                    ("grant_type", "client_credentials"),
                    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                    ("client_assertion", &assertion),
                ]))
            })
            .await
    }
}

/// A workload's own token exchanged for one of C1's (RFC 8693).
#[derive(Debug)]
pub(super) struct TokenExchange {
    pub(super) endpoint: TokenEndpoint,
    pub(super) id: ClientId,
    /// Where the workload's own token is had from.
    pub(super) subject: Provider,
}

impl TokenProvider for TokenExchange {
    async fn token(&self) -> Result<Token, Error> {
        let subject = self.subject.fetch().await?;
        self.endpoint
            .grant(|| {
                Ok(form(&[
                    ("client_id", self.id.as_str()),
                    ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                    ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
                    ("subject_token", subject.expose()),
                ]))
            })
            .await
    }
}
