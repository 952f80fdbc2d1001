//! Authentication: the token endpoint, the device login, and their tokens.
//!
//! Assertions are really verified, by an implementation other than the client's.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::clock::{Clock, micros};
use crate::entropy::Entropy;
use crate::lock;
use crate::oauth::{Form, Refusal, form, granted, present, refuse, refused, require};
use connectors_mock::{Answer, Request};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// The prefix of every client secret.
const SECRET: &str = "secret-token:conductorone.com:v1:";

/// The longest accepted lifetime of an assertion, in seconds.
const ASSERTION_LIFE: i64 = 300;
/// The lifetime of a device code, in seconds.
const DEVICE_LIFE: i64 = 600;

pub(super) struct Auth {
    clock: Arc<Clock>,
    url: String,
    audience: String,
    /// A prefix, so that the tokens of two tenants differ.
    prefix: String,
    entropy: Entropy,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    clients: HashMap<String, Client>,
    /// Tokens and their expiry, in microseconds.
    tokens: HashMap<String, i64>,
    lifetime: Duration,
    issued: u64,
    nonces: HashSet<String>,
    subjects: HashSet<String>,
    /// Device codes and their expiry, in seconds.
    devices: HashMap<String, i64>,
    device_answers: VecDeque<String>,
}

struct Client {
    key: VerifyingKey,
    secret: String,
}

impl Auth {
    pub(super) fn new(clock: Arc<Clock>, url: String, audience: String, entropy: Entropy) -> io::Result<Auth> {
        let prefix = BASE64.encode(entropy.bytes("tokens")?);
        let state = Mutex::new(State {
            lifetime: Duration::from_secs(3600),
            // As if a person needed some time to confirm.
            device_answers: VecDeque::from(["authorization_pending".to_owned()]),
            ..State::default()
        });
        Ok(Auth { clock, url, audience, prefix, entropy, state })
    }

    /// A new client with its own key. Returns its secret, which contains the private key.
    pub(super) fn register(&self, client_id: &str) -> io::Result<String> {
        let private = SigningKey::from_bytes(&self.entropy.bytes(client_id)?);
        let (x, d) = (BASE64.encode(private.verifying_key().as_bytes()), BASE64.encode(private.as_bytes()));
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "d": d}).to_string();
        let secret = format!("{SECRET}{}", BASE64.encode(jwk));
        self.insert(client_id, private.verifying_key(), secret.clone());
        Ok(secret)
    }

    /// A client with a chosen secret.
    pub(super) fn register_with(&self, client_id: &str, secret: &str) -> io::Result<()> {
        let refuse = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("the client secret {why}"));
        let encoded = secret.strip_prefix(SECRET).ok_or_else(|| refuse(&format!("does not begin with {SECRET}")))?;
        let jwk = json_part(encoded).map_err(|_| refuse("is not the base64url of a JSON Web Key"))?;
        let d = decode(jwk["d"].as_str().unwrap_or_default()).ok().and_then(|d| <[u8; 32]>::try_from(d).ok());
        let d = d.filter(|_| jwk["crv"] == "Ed25519").ok_or_else(|| refuse("has no private key for Ed25519"))?;
        self.insert(client_id, SigningKey::from_bytes(&d).verifying_key(), secret.to_owned());
        Ok(())
    }

    fn insert(&self, client_id: &str, key: VerifyingKey, secret: String) {
        lock(&self.state).clients.insert(client_id.to_owned(), Client { key, secret });
    }

    pub(super) fn forget(&self, client_id: &str) {
        lock(&self.state).clients.remove(client_id);
    }

    pub(super) fn issue(&self) -> String {
        self.issue_from(&mut lock(&self.state))
    }

    fn issue_from(&self, state: &mut State) -> String {
        state.issued += 1;
        let token = format!("fake-{}-{}", self.prefix, state.issued);
        let expires = self.clock.micros().saturating_add(micros(state.lifetime));
        state.tokens.insert(token.clone(), expires);
        token
    }

    pub(super) fn revoke_all(&self) {
        lock(&self.state).tokens.clear();
    }

    pub(super) fn set_lifetime(&self, lifetime: Duration) {
        lock(&self.state).lifetime = lifetime;
    }

    pub(super) fn accept_subject(&self, token: String) {
        lock(&self.state).subjects.insert(token);
    }

    pub(super) fn set_device_answers(&self, answers: VecDeque<String>) {
        lock(&self.state).device_answers = answers;
    }

    /// The reason to reject a request to the API, if any.
    pub(super) fn check_bearer(&self, request: &Request) -> Result<(), &'static str> {
        let header = request.header("authorization").unwrap_or_default();
        let token = match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token,
            _ => return Err("a bearer token is required"),
        };
        match lock(&self.state).tokens.get(token) {
            None => Err("unknown or revoked token"),
            Some(expires) if *expires <= self.clock.micros() => Err("expired token"),
            Some(_) => Ok(()),
        }
    }

    /// The token endpoint. Also returns the client that got a token.
    pub(super) fn token(&self, request: &Request) -> (Answer, Option<String>) {
        match form(request).and_then(|form| self.grant(&form)) {
            Ok((client_id, body)) => (granted(&body), Some(client_id)),
            Err(refusal) => (refused(&refusal), None),
        }
    }

    /// The start of a device login.
    pub(super) fn device_authorization(&self, request: &Request) -> Answer {
        let started = form(request).and_then(|form| self.start_device(&form));
        match started {
            Ok(body) => Answer::json(200, &body),
            Err(refusal) => refused(&refusal),
        }
    }

    fn start_device(&self, form: &Form) -> Result<Value, Refusal> {
        present(form, "client_id")?;
        let mut state = lock(&self.state);
        state.issued += 1;
        let device_code = format!("device-{}-{}", self.prefix, state.issued);
        let user_code = format!("FAKE-{:04}", state.issued);
        let page = format!("{}/device", self.url);
        let expires = self.clock.seconds().saturating_add(DEVICE_LIFE);
        state.devices.insert(device_code.clone(), expires);
        Ok(json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "expires_in": DEVICE_LIFE,
            "interval": 1,
        }))
    }

    fn grant(&self, form: &Form) -> Result<(String, Value), Refusal> {
        let client_id = present(form, "client_id")?;
        let mut state = lock(&self.state);
        match present(form, "grant_type")? {
            "client_credentials" => self.client_credentials(&mut state, client_id, form)?,
            TOKEN_EXCHANGE => exchange(&state, client_id, form)?,
            DEVICE_CODE => self.finish_device(&mut state, form)?,
            other => return Err(refuse("unsupported_grant_type", other)),
        }
        let token = self.issue_from(&mut state);
        let life = state.lifetime.as_secs();
        let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": life});
        Ok((client_id.to_owned(), body))
    }

    fn client_credentials(&self, state: &mut State, client_id: &str, form: &Form) -> Result<(), Refusal> {
        let client = state.clients.get(client_id);
        let client = client.ok_or_else(|| refuse("invalid_client", "unknown client"))?;
        if let Some(secret) = form.get("client_secret") {
            return require(*secret == client.secret, "invalid_client", "wrong client_secret");
        }
        let kind = present(form, "client_assertion_type")?;
        require(kind == JWT_BEARER, "invalid_request", "unknown client_assertion_type")?;
        let nonce = self
            .verify(client, client_id, present(form, "client_assertion")?)
            .map_err(|why| refuse("invalid_client", format!("client_assertion: {why}")))?;
        require(state.nonces.insert(nonce), "invalid_client", "the nonce was used before")
    }

    /// Returns the nonce of a valid assertion.
    fn verify(&self, client: &Client, client_id: &str, assertion: &str) -> Result<String, String> {
        let require = |right: bool, why: &str| if right { Ok(()) } else { Err(why.to_owned()) };
        let parts: Vec<&str> = assertion.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err("not a compact JWS".to_owned());
        };
        let signature = Signature::from_slice(&decode(signature)?).map_err(|e| e.to_string())?;
        let signed = format!("{header}.{claims}");
        let verified = client.key.verify_strict(signed.as_bytes(), &signature);
        require(verified.is_ok(), "the signature is not the client's")?;

        let (header, claims) = (json_part(header)?, json_part(claims)?);
        require(header["alg"] == "EdDSA", "alg is not EdDSA")?;
        // The official clients disagree: in Go and TypeScript it is in the header, in Python among the claims.
        let nonce = header["nonce"].as_str().or_else(|| claims["nonce"].as_str()).unwrap_or_default();
        require(!nonce.is_empty(), "there is no nonce")?;
        require(claims["iss"] == client_id, "iss is not the client_id")?;
        require(claims["sub"] == client_id, "sub is not the client_id")?;
        let ours = |value: &Value| *value == self.audience;
        let (audience, mut listed) = (&claims["aud"], claims["aud"].as_array().into_iter().flatten());
        let why = format!("aud is {audience}, not {:?}", self.audience);
        require(ours(audience) || listed.any(ours), &why)?;

        let time = |claim: &str| claims[claim].as_i64().ok_or(format!("no {claim}"));
        let (issued, expires, not_before) = (time("iat")?, time("exp")?, time("nbf")?);
        let (start, now) = (issued.min(not_before), self.clock.seconds());
        require(expires > now, "expired")?;
        require(issued <= now && not_before <= now, "not valid yet")?;
        require(expires.saturating_sub(start) <= ASSERTION_LIFE, "its lifetime is too long")?;
        Ok(nonce.to_owned())
    }

    fn finish_device(&self, state: &mut State, form: &Form) -> Result<(), Refusal> {
        let code = present(form, "device_code")?;
        let expires = state.devices.get(code);
        let expires = *expires.ok_or_else(|| refuse("invalid_grant", "unknown device_code"))?;
        require(expires > self.clock.seconds(), "expired_token", "too late")?;
        if let Some(error) = state.device_answers.pop_front() {
            return Err(refuse(&error, "scripted"));
        }
        state.devices.remove(code);
        Ok(())
    }
}

fn exchange(state: &State, client_id: &str, form: &Form) -> Result<(), Refusal> {
    let federated = client_id.ends_with("/wfe");
    require(federated, "invalid_client", "not a client for federation")?;
    let kind = present(form, "subject_token_type")?;
    require(kind == JWT, "invalid_request", "unknown subject_token_type")?;
    let subject = present(form, "subject_token")?;
    let accepted = if state.subjects.is_empty() {
        let parts: Vec<&str> = subject.split('.').collect();
        parts.len() == 3 && !parts.contains(&"")
    } else {
        state.subjects.contains(subject)
    };
    require(accepted, "invalid_grant", "the subject token is not accepted")
}

fn decode(part: &str) -> Result<Vec<u8>, String> {
    BASE64.decode(part).map_err(|error| error.to_string())
}

fn json_part(part: &str) -> Result<Value, String> {
    serde_json::from_slice(&decode(part)?).map_err(|error| error.to_string())
}
