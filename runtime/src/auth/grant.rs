//! Reads the response of a token endpoint (RFC 6749, section 5.1). An invalid field does not affect the valid ones.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use zeroize::Zeroizing;

use crate::error::{Error, Kind};
use crate::http::Reply;

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
        let mut fields = Fields::default();
        // Fields before a syntax error are used: a missing comma must not lose a refresh token.
        let _ = fields.deserialize(&mut serde_json::Deserializer::from_slice(&reply.body));
        let token = fields.token().map_err(|error| error.with_status(reply.status));
        let refresh_token = fields.refresh_token.filter(|token| !token.is_empty());
        Self {
            token,
            refresh_token: refresh_token.map(|token| SecretString::from(token.as_str())),
            scope: fields.scope,
        }
    }
}

#[derive(Default)]
struct Fields {
    access_token: Option<Zeroizing<String>>,
    token_type: Option<String>,
    expires_in: Option<Duration>,
    refresh_token: Option<Zeroizing<String>>,
    scope: Option<String>,
}

impl Fields {
    fn token(&self) -> Result<Token, Error> {
        let Some(token) = &self.access_token else {
            let message = "the response of the token endpoint has no token; is the host right?";
            return Err(Error::new(Kind::Auth, message));
        };
        match self.token_type.as_deref() {
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
        let token = Token::new(token.as_str());
        // A token that cannot be sent is an error.
        token.header()?;
        Ok(match self.expires_in {
            Some(lifetime) => token.expires_in(lifetime),
            None => token,
        })
    }
}

impl<'de> DeserializeSeed<'de> for &mut Fields {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Fields {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a token")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "access_token" => self.access_token = map.next_value_seed(Text)?,
                "refresh_token" => self.refresh_token = map.next_value_seed(Text)?,
                "token_type" => self.token_type = map.next_value_seed(Text)?.map(|text| text.to_string()),
                "scope" => self.scope = map.next_value_seed(Text)?.map(|text| text.to_string()),
                "expires_in" => self.expires_in = seconds(&map.next_value::<Json>()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Reads a text, and skips any other value.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<Zeroizing<String>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<Zeroizing<String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A time in seconds: a number, or a number as text. `None` if it is something else, negative, or out of range, which
/// means that there is no end.
pub(super) fn seconds(value: &Json) -> Option<Duration> {
    let seconds = match value {
        Json::Number(number) => number.as_f64()?,
        Json::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}
