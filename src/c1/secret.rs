//! A client id and secret from C1, and the assertion that is signed with the secret.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::Error;
use connectors_runtime::Kind;

/// The prefix of a client secret.
const SECRET_PREFIX: &str = "secret-token:conductorone.com:v1:";
/// How long an assertion is valid. The server rejects assertions that are valid for more than five minutes.
const LIFETIME: Duration = Duration::from_secs(120);

/// `<name>@<host>/<use>`: the client, and its tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientId {
    text: String,
    host: String,
}

impl ClientId {
    /// Host and port in lower case: the server of the tokens and of the API.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for ClientId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let parts = text
            .split_once('@')
            .and_then(|(name, rest)| rest.split_once('/').map(|(host, purpose)| (name, host, purpose)));
        match parts {
            Some((name, host, purpose)) if !name.is_empty() && !host.is_empty() && !purpose.is_empty() => {
                Ok(Self { text: text.to_owned(), host: host.to_lowercase() })
            }
            _ => Err(Error::new(
                Kind::Config,
                "the client id is not of the form name@host/use, as in `bot@example.conductor.one/spc`",
            )),
        }
    }
}

/// The key inside a client secret.
pub(crate) struct ClientSecret {
    key: SigningKey,
    key_id: Option<String>,
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret([redacted])")
    }
}

/// A JSON Web Key of RFC 8037: an Ed25519 key pair.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    d: Zeroizing<String>,
    #[serde(default)]
    kid: Option<String>,
}

impl FromStr for ClientSecret {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // None of these messages may quote the secret.
        let wrong = |what: &str| Error::new(Kind::Config, format!("a C1 client secret {what}"));
        let encoded = text
            .trim()
            .strip_prefix(SECRET_PREFIX)
            .ok_or_else(|| wrong("must begin with `secret-token:conductorone.com:v1:`"))?;
        let json = Zeroizing::new(
            URL_SAFE_NO_PAD.decode(encoded).map_err(|_| wrong("must be base64url without padding after its prefix"))?,
        );
        let jwk: Jwk = serde_json::from_slice(&json).map_err(|_| wrong("must hold a JSON Web Key"))?;
        if jwk.kty != "OKP" || jwk.crv != "Ed25519" {
            return Err(wrong("must hold a key of type OKP on the curve Ed25519"));
        }
        let part = |text: &str| -> Result<Zeroizing<[u8; 32]>, Error> {
            let bytes = Zeroizing::new(
                URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong("must hold a key in base64url without padding"))?,
            );
            <[u8; 32]>::try_from(bytes.as_slice())
                .map(Zeroizing::new)
                .map_err(|_| wrong("must hold a key with halves of 32 bytes"))
        };
        let key = SigningKey::from_bytes(&*part(&jwk.d)?);
        if key.verifying_key().as_bytes() != &*part(&jwk.x)? {
            return Err(wrong("must hold a key whose halves belong together"));
        }
        Ok(Self { key, key_id: jwk.kid })
    }
}

impl ClientSecret {
    /// A client assertion (RFC 7523) for the token endpoint of `audience`, a host without port.
    pub(crate) fn assertion(&self, id: &ClientId, audience: &str, now: SystemTime) -> Result<Zeroizing<String>, Error> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)
            .map_err(|_| Error::new(Kind::Auth, "the operating system has no randomness to sign with"))?;
        let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut header = serde_json::json!({"alg": "EdDSA", "typ": "JWT", "nonce": nonce});
        if let Some(key_id) = &self.key_id {
            header["kid"] = key_id.clone().into();
        }
        let seconds = |time: Option<SystemTime>| {
            time.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok()).map_or(0, |it| it.as_secs())
        };
        let claims = serde_json::json!({
            "iss": id.as_str(),
            "sub": id.as_str(),
            "aud": [audience],
            "iat": seconds(Some(now)),
            "exp": seconds(now.checked_add(LIFETIME)),
            "nbf": seconds(now.checked_sub(LIFETIME)),
        });
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.key.sign(signed.as_bytes());
        Ok(Zeroizing::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(json: &str) -> Result<ClientSecret, Error> {
        format!("{SECRET_PREFIX}{}", URL_SAFE_NO_PAD.encode(json)).parse()
    }

    #[test]
    fn client_ids_are_split_at_the_first_at_and_the_first_slash() {
        let id: ClientId = "my-bot@Example.Conductor.one:8443/spc".parse().unwrap();
        assert_eq!(id.host(), "example.conductor.one:8443");
        for wrong in ["", "no-host", "a@/spc", "@host/spc", "a@host", "a@host/"] {
            assert!(wrong.parse::<ClientId>().unwrap_err().is_config(), "{wrong}");
        }
    }

    #[test]
    fn an_assertion_has_issuer_audience_and_expiry() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (x, d) = (encode(key.verifying_key().as_bytes()), encode(key.as_bytes()));
        let id: ClientId = "bot@Example.com:8443/spc".parse().unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for key_id in [None, Some("k1")] {
            let jwk = serde_json::json!({"kty": "OKP", "crv": "Ed25519", "x": x, "d": d, "kid": key_id});
            let assertion = secret(&jwk.to_string()).unwrap().assertion(&id, "example.com", now).unwrap();
            let part = |index: usize| -> serde_json::Value {
                let part = assertion.split('.').nth(index).unwrap();
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
            };
            let (header, claims) = (part(0), part(1));
            let nonce = header["nonce"].as_str().unwrap();
            assert!(nonce.len() == 32 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit()), "{nonce}");
            assert_eq!((header["alg"].as_str(), header["kid"].as_str()), (Some("EdDSA"), key_id));
            assert_eq!(header.get("kid").is_some(), key_id.is_some());
            let expected = serde_json::json!({
                "iss": id.as_str(), "sub": id.as_str(), "aud": ["example.com"],
                "iat": 1_000_000, "exp": 1_000_120, "nbf": 999_880,
            });
            assert_eq!(claims, expected);
        }
    }

    #[test]
    fn malformed_secrets_are_rejected_and_not_quoted() {
        let key = URL_SAFE_NO_PAD.encode([7; 32]);
        for json in [
            "not json PLANTED".to_owned(),
            r#"{"kty":"RSA","crv":"Ed25519","x":"PLANTED","d":"PLANTED"}"#.to_owned(),
            r#"{"kty":"OKP","crv":"Ed25519","x":"PLANTED","d":"PLANTED"}"#.to_owned(),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{key}","d":"{key}"}}"#),
        ] {
            let error = secret(&json).unwrap_err();
            assert!(error.is_config());
            assert!(!format!("{error} {error:?}").contains("PLANTED") && !format!("{error}").contains(&key));
        }
        assert!("PLANTED".parse::<ClientSecret>().unwrap_err().is_config());
        assert!(format!("{SECRET_PREFIX}%%%").parse::<ClientSecret>().unwrap_err().is_config());
    }
}
