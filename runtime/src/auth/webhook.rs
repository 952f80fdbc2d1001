//! Verifies signatures of webhooks (Standard Webhooks 1.0), for the program that receives them.
//!
//! It is in `auth`, not in `encode`, because it needs secrets, which are wiped and never printed, and the injected
//! clock.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Kind};
use crate::http::{Clock, SystemClock};

/// The longest difference between the time of a webhook and the present, as in the specification's libraries.
const TOLERANCE: Duration = Duration::from_secs(300);
/// The prefixes of the headers: the specification's, and that of its first author.
const PREFIXES: [&str; 2] = ["webhook", "svix"];

/// The secret with which a service signs its webhooks. It is never printed, and it is wiped when it is dropped.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

impl WebhookSecret {
    /// A secret in the form in which services show it: `whsec_` and base64, or only the base64.
    ///
    /// # Errors
    /// [`Error::is_config`] if it is not base64, or empty.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = Zeroizing::new(text.into());
        let base64 = text.trim().strip_prefix("whsec_").unwrap_or(text.trim());
        let key = STANDARD.decode(base64).ok().filter(|key| !key.is_empty());
        let message = "a webhook secret is `whsec_` and base64, or base64 alone";
        key.map(|key| Self(Zeroizing::new(key))).ok_or_else(|| Error::new(Kind::Config, message))
    }

    /// A secret with these bytes. With an empty secret, no signature is accepted.
    #[must_use]
    pub fn from_bytes(key: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(key.into()))
    }

    /// The signature of a webhook for the header `webhook-signature`, for tests of a receiver. `at` is the value of the
    /// header `webhook-timestamp`, in seconds since 1970.
    ///
    /// ```
    /// use connectors_runtime::auth::WebhookSecret;
    ///
    /// # fn main() -> Result<(), connectors_runtime::Error> {
    /// let secret = WebhookSecret::new("whsec_c2VjcmV0")?;
    /// assert!(secret.sign("msg_1", 1_700_000_000, b"{}").starts_with("v1,"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sign(&self, id: &str, at: u64, body: &[u8]) -> String {
        let signature = self.mac(id, &at.to_string(), body).map(|mac| STANDARD.encode(mac.finalize().into_bytes()));
        format!("v1,{}", signature.unwrap_or_default())
    }

    /// The HMAC of a webhook; `None` for an empty key, with which anyone could sign.
    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        if self.0.is_empty() {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac)
    }
}

/// Verifies that webhooks come from the service and are recent, by the symmetric scheme of Standard Webhooks 1.0
/// (HMAC-SHA256, `v1`). Needs the feature `webhooks`.
///
/// ```
/// use connectors_runtime::auth::{WebhookSecret, WebhookVerifier};
/// use connectors_runtime::crates::http::HeaderMap;
///
/// # fn main() -> Result<(), connectors_runtime::Error> {
/// // While the service changes its secret, both secrets are accepted.
/// let verifier = WebhookVerifier::new([WebhookSecret::new("whsec_bmV3")?, WebhookSecret::new("whsec_b2xk")?]);
///
/// let (headers, body) = (HeaderMap::new(), b"{}");
/// match verifier.verify(&headers, body) {
///     // The id is the same if the service sends this webhook again.
///     Ok(id) => println!("webhook {id}"),
///     Err(error) => assert!(error.is_auth()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WebhookVerifier {
    secrets: Vec<WebhookSecret>,
    tolerance: Duration,
    clock: Arc<dyn Clock>,
}

impl WebhookVerifier {
    /// A verifier that accepts a signature by one of these secrets, up to 5 minutes from the present.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = WebhookSecret>) -> Self {
        Self { secrets: secrets.into_iter().collect(), tolerance: TOLERANCE, clock: Arc::new(SystemClock) }
    }

    /// Sets the longest difference between the time of a webhook and the present, in either direction.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets the clock; for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Verifies the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` (or `svix-...`) against the
    /// unchanged bytes of the body. Returns the id. If a program has seen the id before, it has processed the webhook
    /// already.
    ///
    /// Signatures are compared in constant time.
    ///
    /// # Errors
    /// [`Error::is_auth`], with the [`Error::code`] `missing_header`, `timestamp` or `signature`. Return 401 to the
    /// service.
    pub fn verify<'h>(&self, headers: &'h HeaderMap, body: &[u8]) -> Result<&'h str, Error> {
        let refuse = |code: &str, message: &str| Error::new(Kind::Auth, message).with_code(Some(code.to_owned()));
        let read = |name: &str| {
            let values = PREFIXES.iter().filter_map(|prefix| headers.get(format!("{prefix}-{name}")));
            let text = values.filter_map(|value| value.to_str().ok()).find(|text| !text.is_empty());
            text.ok_or_else(|| refuse("missing_header", &format!("the webhook has no header `webhook-{name}`")))
        };
        let (id, timestamp, signatures) = (read("id")?, read("timestamp")?, read("signature")?);
        // Timestamps are whole seconds, so the present time is rounded down: half a second never exceeds a tolerance.
        let now = self.clock.time_of_day().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let apart = timestamp.parse().ok().map(|sent: u64| Duration::from_secs(now.abs_diff(sent)));
        if apart.is_none_or(|apart| apart > self.tolerance) {
            return Err(refuse("timestamp", "the webhook was not sent just now: it may be a replay"));
        }
        let signatures = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
        let signatures: Vec<Vec<u8>> = signatures.filter_map(|base64| STANDARD.decode(base64).ok()).collect();
        // All are compared, even after a match.
        let fits = self.secrets.iter().filter_map(|secret| secret.mac(id, timestamp, body)).fold(false, |fits, mac| {
            signatures.iter().fold(fits, |fits, signature| mac.clone().verify_slice(signature).is_ok() | fits)
        });
        if fits { Ok(id) } else { Err(refuse("signature", "no signature of the webhook is valid")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::TestClock;

    /// A webhook at a clock's present time, signed by these secrets.
    fn signed(clock: &TestClock, secrets: &[&WebhookSecret], body: &[u8]) -> HeaderMap {
        let at = clock.time_of_day().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let all: Vec<String> = secrets.iter().map(|secret| secret.sign("msg_1", at, body)).collect();
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "msg_1".parse().unwrap());
        headers.insert("webhook-timestamp", at.to_string().parse().unwrap());
        headers.insert("webhook-signature", format!("v1a,AAAA {} v2,x", all.join(" ")).parse().unwrap());
        headers
    }

    #[test]
    fn the_code_is_that_of_the_specification() {
        // RFC 4231, test case 2, split into the parts of a webhook: the key `Jefe`, and a text of ours.
        let secret = WebhookSecret::new("whsec_SmVmZQ==").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        mac.update(b"id.7.what do ya want for nothing?");
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(secret.sign("id", 7, b"what do ya want for nothing?"), expected);
        assert_eq!(WebhookSecret::from_bytes(*b"Jefe").sign("id", 7, b"what do ya want for nothing?"), expected);
    }

    #[test]
    fn only_webhooks_signed_by_a_secret_within_the_tolerance_are_accepted() {
        let clock = TestClock::new();
        let (old, new) = (WebhookSecret::new("whsec_b2xk").unwrap(), WebhookSecret::new("bmV3").unwrap());
        let other = WebhookSecret::from_bytes(*b"other");
        let verifier = WebhookVerifier::new([new.clone(), old.clone()]).clock(clock.clone());
        let code = |headers: &HeaderMap, body: &[u8]| {
            verifier.verify(headers, body).map(str::to_owned).map_err(|error| {
                assert!(error.is_auth() && !format!("{error:?}").contains("b2xk"));
                error.code().unwrap().to_owned()
            })
        };
        for secrets in [&[&old][..], &[&new], &[&other, &old], &[&old, &new]] {
            assert_eq!(code(&signed(&clock, secrets, b"{}"), b"{}"), Ok("msg_1".to_owned()));
        }
        let good = signed(&clock, &[&new], b"{}");
        assert_eq!(code(&good, b"{} "), Err("signature".to_owned()));
        assert_eq!(code(&signed(&clock, &[&other], b"{}"), b"{}"), Err("signature".to_owned()));
        for (name, value, expected) in [
            ("webhook-id", "msg_2", "signature"),
            ("webhook-timestamp", "now", "timestamp"),
            ("webhook-timestamp", "-1", "timestamp"),
            ("webhook-timestamp", "18446744073709551615", "timestamp"),
            ("webhook-signature", "v1,*", "signature"),
            ("webhook-signature", "", "missing_header"),
        ] {
            let mut headers = good.clone();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(code(&headers, b"{}"), Err(expected.to_owned()), "{name}: {value}");
        }
        let mut renamed = HeaderMap::new();
        for name in ["id", "timestamp", "signature"] {
            let name: http::HeaderName = format!("svix-{name}").parse().unwrap();
            renamed.insert(name.clone(), good[format!("webhook-{}", &name.as_str()[5..])].clone());
        }
        assert!(verifier.verify(&renamed, b"{}").is_ok());
        // Five minutes in either direction, or the set tolerance.
        clock.advance(Duration::from_secs(300));
        assert!(code(&good, b"{}").is_ok());
        clock.advance(Duration::from_secs(2));
        assert_eq!(code(&good, b"{}"), Err("timestamp".to_owned()));
        assert!(verifier.clone().tolerance(Duration::from_secs(600)).verify(&good, b"{}").is_ok());
        assert!(verifier.clone().tolerance(Duration::ZERO).verify(&good, b"{}").is_err());
        let empty = WebhookSecret::from_bytes([]);
        let anybody = WebhookVerifier::new([empty.clone()]).clock(clock.clone());
        assert!(anybody.verify(&signed(&clock, &[&empty], b"{}"), b"{}").is_err());
        let none = WebhookVerifier::new([]).clock(clock.clone()).tolerance(Duration::MAX);
        assert!(none.verify(&good, b"{}").is_err());
    }

    #[test]
    fn a_secret_is_not_printed_and_has_to_be_one() {
        let secret = WebhookSecret::new(" whsec_cGxhbnRlZA== ").unwrap();
        assert_eq!(format!("{:?}", WebhookVerifier::new([secret])).matches("planted").count(), 0);
        for text in ["", "whsec_", "whsec_not base64", "planted!"] {
            let error = WebhookSecret::new(text).unwrap_err();
            assert!(error.is_config() && (text.is_empty() || !error.to_string().contains("planted!")), "{error}");
        }
    }
}
