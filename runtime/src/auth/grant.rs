//! Reads the response of a token endpoint (RFC 6749, section 5.1). An invalid field does not affect the valid ones.

use std::time::Duration;

use secrecy::SecretString;

use crate::error::{Error, Kind};
use crate::http::Reply;
use crate::object::Tree;

use super::token::Token;

/// The grant of a token endpoint.
#[derive(Debug)]
pub(super) struct Granted {
    /// The access token, or the reason why it cannot be used. The other fields may still be usable.
    pub(super) token: Result<Token, Error>,
    /// The refresh token (RFC 6749, section 1.5).
    pub(super) refresh_token: Option<SecretString>,
    /// The granted scopes, if the server returns them.
    pub(super) scope: Option<String>,
}

impl Granted {
    pub(super) fn read(reply: &Reply) -> Self {
        // Fields before a syntax error are used: a missing comma must not lose a refresh token.
        let fields = Tree::beginning(&reply.body);
        let refresh_token = fields.text("refresh_token");
        Self {
            token: token(&fields).map_err(|error| error.with_status(reply.status)),
            refresh_token: refresh_token.map(SecretString::from),
            scope: fields.text("scope").map(str::to_owned),
        }
    }
}

fn token(fields: &Tree<'_>) -> Result<Token, Error> {
    let Some(Tree::Text(token)) = fields.get("access_token") else {
        let message = "the response of the token endpoint has no token; is the host right?";
        return Err(Error::new(Kind::Auth, message));
    };
    match fields.text("token_type") {
        None => {}
        Some(kind) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(kind) if kind.eq_ignore_ascii_case("dpop") => {
            let message = "the server issues DPoP tokens (RFC 9449), which are not supported; request a credential with bearer tokens";
            return Err(Error::new(Kind::Auth, message));
        }
        Some(_) => {
            let message = "the server issues tokens of an unsupported type; only `Bearer` is supported";
            return Err(Error::new(Kind::Auth, message));
        }
    }
    let token = Token::new(token.as_ref());
    // A token that cannot be sent is an error.
    token.header()?;
    Ok(match fields.get("expires_in").and_then(seconds) {
        Some(lifetime) => token.expires_in(lifetime),
        None => token,
    })
}

/// A time in seconds: a number, or a number as text. `None` if it is something else, negative, or out of range, which
/// means that there is no end.
pub(super) fn seconds(value: &Tree<'_>) -> Option<Duration> {
    let seconds = match value {
        Tree::Number(text) | Tree::Text(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}
