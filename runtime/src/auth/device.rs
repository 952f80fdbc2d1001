//! Login of a person on another device, by a short code (RFC 8628).

use std::fmt;
use std::time::{Duration, Instant};

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::error::Kind;

use super::{Token, TokenEndpoint, form};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Between two polls, unless the server wants another time; and what `slow_down` adds (RFC 8628, section 3.5).
const INTERVAL: Duration = Duration::from_secs(5);

/// An authorization endpoint's answer (RFC 8628, section 3.2).
#[derive(Deserialize)]
struct Answer {
    device_code: Zeroizing<String>,
    user_code: String,
    #[serde(default)]
    verification_uri: Option<String>,
    #[serde(default)]
    verification_uri_complete: Option<String>,
    expires_in: u64,
    #[serde(default)]
    interval: Option<u64>,
}

/// A login that waits for a person.
pub struct DeviceGrant {
    device_code: Zeroizing<String>,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    pub expires_in: Duration,
    interval: Duration,
    expires_at: Option<Instant>,
}

impl fmt::Debug for DeviceGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither code: whoever has one can finish or hijack the login.
        f.debug_struct("DeviceGrant")
            .field("verification_uri", &self.verification_uri)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl DeviceGrant {
    /// Asks the authorization endpoint for a pair of codes.
    pub async fn start(endpoint: &TokenEndpoint, client_id: &str) -> Result<Self, Error> {
        // Asked twice, it gives two pairs, and one is left to expire: no harm.
        let reply = endpoint.post(|| Ok(form(&[("client_id", client_id)])), true).await?;
        let answer: Option<Answer> = serde_json::from_slice(&reply.body).ok();
        let page = answer.as_ref().and_then(|it| it.verification_uri.clone().or(it.verification_uri_complete.clone()));
        let (Some(answer), Some(verification_uri)) = (answer, page) else {
            let message = "the server did not start a device login; is the host right?";
            return Err(Error::new(Kind::Auth, message).with_status(reply.status));
        };
        let expires_in = Duration::from_secs(answer.expires_in);
        Ok(Self {
            device_code: answer.device_code,
            user_code: answer.user_code,
            verification_uri,
            verification_uri_complete: answer.verification_uri_complete,
            expires_in,
            interval: answer.interval.map_or(INTERVAL, Duration::from_secs).max(Duration::from_secs(1)),
            // An end beyond all time is none.
            expires_at: endpoint.exchange.clock.now().checked_add(expires_in),
        })
    }

    /// Polls until the person has decided, or the code has expired.
    pub async fn wait(self, endpoint: &TokenEndpoint, client_id: &str) -> Result<Token, Error> {
        let clock = &endpoint.exchange.clock;
        let mut interval = self.interval;
        // What a busy server asked for, if it was more.
        let mut asked = Duration::ZERO;
        loop {
            let now = clock.now();
            let left = self.expires_at.map_or(Duration::MAX, |at| at.saturating_duration_since(now));
            if left.is_zero() {
                return Err(Error::new(Kind::Auth, "nobody confirmed the login before its code expired; start again"));
            }
            clock.sleep(interval.max(asked).min(left)).await;
            let body = || {
                Ok(form(&[
                    ("client_id", client_id),
                    ("grant_type", DEVICE_CODE),
                    ("device_code", self.device_code.as_str()),
                ]))
            };
            // The next poll is the retry.
            let error = match endpoint.granted(body, false).await {
                Ok(granted) => return Ok(granted.token),
                Err(error) => error,
            };
            asked = error.retry_after().unwrap_or_default();
            let end = clock.now().checked_add(asked);
            if !asked.is_zero() && end.is_none_or(|end| self.expires_at.is_some_and(|at| at <= end)) {
                // When it would answer again, the code is none any more.
                return Err(error);
            }
            match error.code() {
                Some("authorization_pending") => {}
                Some("slow_down") => interval = interval.saturating_add(INTERVAL),
                // A server that does not answer is asked less often (RFC 8628, section 3.5).
                _ if error.is_timeout() => interval = interval.saturating_mul(2),
                _ if matches!(error.kind(), Kind::Connect | Kind::Broken | Kind::Status) => {}
                _ => return Err(error),
            }
        }
    }
}
