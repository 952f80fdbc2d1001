//! Authentication: the token endpoint, the consent page before it, and their tokens.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::text::{has_handler, with_query};
use crate::clock::{Clock, micros};
use crate::entropy::Entropy;
use crate::lock;
use crate::oauth::{Form, Refusal, form, granted, present, refuse, refused, require};
use connectors_mock::{Answer, Request};

/// The scopes that the instance's client may request.
pub(super) const SCOPES: [&str; 11] = [
    "openid",
    "profile",
    "email",
    OFFLINE,
    "user:read",
    "kb:read",
    "kb:write",
    "connector:read",
    "connector:write",
    "connector:sync",
    "connector:delete",
];
const OFFLINE: &str = "offline_access";

/// The lifetime of an authorization code, in seconds.
const CODE_LIFE: i64 = 600;

pub(super) struct Auth {
    clock: Arc<Clock>,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    /// A prefix, so that the tokens of two instances differ.
    prefix: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lifetime: Duration,
    issued: u64,
    tokens: HashMap<String, Token>,
    /// Refresh tokens and their scopes.
    refresh_tokens: HashMap<String, Vec<String>>,
    codes: HashMap<String, Code>,
    /// The scopes that the client may request, if not all.
    allowed: Option<Vec<String>>,
}

impl State {
    fn allowed(&self) -> Vec<&str> {
        self.allowed.as_ref().map_or_else(|| SCOPES.to_vec(), |allowed| allowed.iter().map(String::as_str).collect())
    }
}

struct Token {
    /// In microseconds.
    expires: i64,
    scopes: Vec<String>,
}

struct Code {
    /// In seconds.
    expires: i64,
    redirect_uri: String,
    challenge: Option<String>,
    scopes: Vec<String>,
}

impl Auth {
    /// The client's id and secret are optional; by default they are random.
    pub(super) fn new(
        clock: Arc<Clock>,
        entropy: &Entropy,
        chosen: (Option<String>, Option<String>),
    ) -> io::Result<Auth> {
        let state = Mutex::new(State { lifetime: Duration::from_secs(3600), ..State::default() });
        let prefix = BASE64.encode(entropy.bytes("tokens")?);
        let made = (entropy.bytes("client id")?, entropy.bytes("client secret")?);
        let client_id = chosen.0.unwrap_or_else(|| format!("fake-client-{}", BASE64.encode(&made.0[..9])));
        let client_secret = chosen.1.unwrap_or_else(|| BASE64.encode(made.1));
        Ok(Auth { clock, client_id, client_secret, prefix, state })
    }

    /// Issues an access token with these scopes, separated by spaces.
    pub(super) fn issue(&self, scopes: &str) -> String {
        let scopes = scopes.split_whitespace().map(str::to_owned).collect();
        self.issue_from(&mut lock(&self.state), scopes)
    }

    fn issue_from(&self, state: &mut State, scopes: Vec<String>) -> String {
        let token = self.name("fake", state);
        let expires = self.clock.micros().saturating_add(micros(state.lifetime));
        state.tokens.insert(token.clone(), Token { expires, scopes });
        token
    }

    pub(super) fn issue_personal(&self) -> String {
        let state = &mut *lock(&self.state);
        let token = self.name("phpat_fake", state);
        let scopes = Vec::from(SCOPES.map(str::to_owned));
        state.tokens.insert(token.clone(), Token { expires: i64::MAX, scopes });
        token
    }

    fn issue_refresh(&self, state: &mut State, scopes: Vec<String>) -> String {
        let token = self.name("refresh", state);
        state.refresh_tokens.insert(token.clone(), scopes);
        token
    }

    /// A new random secret.
    fn name(&self, kind: &str, state: &mut State) -> String {
        state.issued += 1;
        format!("{kind}-{}-{}", self.prefix, state.issued)
    }

    pub(super) fn revoke_all(&self) {
        lock(&self.state).tokens.clear();
    }

    pub(super) fn revoke_refresh_tokens(&self) {
        lock(&self.state).refresh_tokens.clear();
    }

    pub(super) fn set_lifetime(&self, lifetime: Duration) {
        lock(&self.state).lifetime = lifetime;
    }

    /// Whether a request's token has one of these scopes. Returns all its scopes.
    pub(super) fn check(&self, request: &Request, scopes: &[&str]) -> Result<Vec<String>, Problem> {
        let header = request.header("authorization").unwrap_or_default();
        // The server compares the scheme case-sensitively.
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        if token.is_empty() {
            return Err(Problem::new(401, "a bearer token is required"));
        }
        let state = lock(&self.state);
        let Some(token) = state.tokens.get(token) else {
            return Err(Problem::coded(401, "OAUTH_INVALID_TOKEN", "unknown or revoked token"));
        };
        if token.expires <= self.clock.micros() {
            return Err(Problem::coded(401, "OAUTH_EXPIRED_TOKEN", "expired token"));
        }
        if !scopes.iter().any(|scope| token.scopes.iter().any(|known| known == scope)) {
            return Err(Problem::new(403, format!("the token has none of the scopes {}", scopes.join(", "))));
        }
        Ok(token.scopes.clone())
    }

    pub(super) fn set_app_scopes(&self, scopes: &str) {
        lock(&self.state).allowed = Some(scopes.split_whitespace().map(str::to_owned).collect());
    }

    /// The token endpoint.
    pub(super) fn token(&self, request: &Request) -> Answer {
        let values = request.form();
        if values.iter().any(|(_, value)| has_handler(value) || (value.contains('<') && value.contains('>'))) {
            return Problem::validation("Invalid input").into();
        }
        match form(request).and_then(|form| self.grant(request, &form)) {
            Ok(body) => granted(&body),
            Err(refusal) => refused(&refusal),
        }
    }

    fn grant(&self, request: &Request, form: &Form) -> Result<Value, Refusal> {
        let authenticated = self.authenticate(request, form)?;
        let mut state = lock(&self.state);
        let asked = form.get("scope").map_or("", String::as_str);
        let (scopes, refreshable) = match present(form, "grant_type")? {
            "client_credentials" => {
                require(authenticated, "invalid_client", "the client has to authenticate")?;
                (requested(asked, &state.allowed())?, false)
            }
            "authorization_code" => (self.redeem(&mut state, form, authenticated)?, true),
            "refresh_token" => (refresh(&mut state, form, asked)?, true),
            other => return Err(refuse("unsupported_grant_type", other)),
        };
        let token = self.issue_from(&mut state, scopes.clone());
        let life = state.lifetime.as_secs();
        let scope = scopes.join(" ");
        let mut body = json!({"access_token": token, "token_type": "Bearer", "expires_in": life, "scope": scope});
        // A client that acts for itself gets no refresh token.
        if refreshable && scopes.iter().any(|scope| scope == OFFLINE) {
            body["refresh_token"] = json!(self.issue_refresh(&mut state, scopes));
        }
        Ok(body)
    }

    /// Whether the client has authenticated. A public client cannot.
    fn authenticate(&self, request: &Request, form: &Form) -> Result<bool, Refusal> {
        let basic = request.header("authorization").and_then(|header| header.strip_prefix("Basic "));
        let (id, secret) = match basic {
            Some(pair) => {
                let (id, secret) =
                    basic_pair(pair).ok_or_else(|| refuse("invalid_client", "unreadable credentials"))?;
                (id, Some(secret))
            }
            None => (present(form, "client_id")?.to_owned(), form.get("client_secret").cloned()),
        };
        require(id == self.client_id, "invalid_client", "unknown client")?;
        // The input filter cuts off an unclosed tag.
        let right = secret.as_ref().is_none_or(|secret| secret.split('<').next() == Some(self.client_secret.as_str()));
        require(right, "invalid_client", "wrong client_secret")?;
        Ok(secret.is_some())
    }

    /// A code can be used once.
    fn redeem(&self, state: &mut State, form: &Form, authenticated: bool) -> Result<Vec<String>, Refusal> {
        let code = state.codes.remove(present(form, "code")?);
        let code = code.ok_or_else(|| refuse("invalid_grant", "unknown or used code"))?;
        require(code.expires > self.clock.seconds(), "invalid_grant", "expired code")?;
        let redirect_uri = present(form, "redirect_uri")?;
        require(redirect_uri == code.redirect_uri, "invalid_grant", "another redirect_uri than the code's")?;
        match &code.challenge {
            Some(challenge) => {
                let verifier = present(form, "code_verifier")?;
                require(
                    (43..=128).contains(&verifier.len()),
                    "invalid_request",
                    "code_verifier: 43 to 128 characters",
                )?;
                let derived = BASE64.encode(Sha256::digest(verifier));
                require(derived == *challenge, "invalid_grant", "wrong code_verifier")?;
            }
            None => require(authenticated, "invalid_client", "neither PKCE nor a client_secret")?,
        }
        Ok(code.scopes)
    }

    /// The consent page, which always consents: returns the redirect.
    pub(super) fn authorize(&self, query: &[(String, String)]) -> Result<String, Problem> {
        let get = |name: &str| {
            let found = query.iter().find(|(known, _)| known == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        if get("client_id") != self.client_id {
            return Err(Problem::validation("unknown client_id"));
        }
        let redirect_uri = get("redirect_uri");
        if redirect_uri.is_empty() {
            return Err(Problem::validation("redirect_uri is required"));
        }
        let state = get("state");
        let challenge = get("code_challenge");
        let pkce = challenge.is_empty() || get("code_challenge_method") == "S256";
        let code = require(get("response_type") == "code", "unsupported_response_type", "response_type is not code")
            .and_then(|()| require(pkce, "invalid_request", "code_challenge_method is not S256"))
            .and_then(|()| requested(get("scope"), &lock(&self.state).allowed()))
            .map(|scopes| {
                let challenge = Some(challenge).filter(|challenge| !challenge.is_empty());
                self.issue_code(redirect_uri, challenge, scopes)
            });
        Ok(match code {
            Ok(code) => with_query(redirect_uri, &[("code", code.as_str()), ("state", state)]),
            Err((error, description)) => {
                let pairs = [("error", error.as_str()), ("error_description", description.as_str()), ("state", state)];
                with_query(redirect_uri, &pairs)
            }
        })
    }

    fn issue_code(&self, redirect_uri: &str, challenge: Option<&str>, scopes: Vec<String>) -> String {
        let state = &mut *lock(&self.state);
        let code = self.name("code", state);
        let expires = self.clock.seconds().saturating_add(CODE_LIFE);
        let (redirect_uri, challenge) = (redirect_uri.to_owned(), challenge.map(str::to_owned));
        state.codes.insert(code.clone(), Code { expires, redirect_uri, challenge, scopes });
        code
    }
}

/// A refresh token works once: the response contains the next one.
fn refresh(state: &mut State, form: &Form, asked: &str) -> Result<Vec<String>, Refusal> {
    let token = present(form, "refresh_token")?;
    let known = state.refresh_tokens.get(token);
    let known = known.ok_or_else(|| refuse("invalid_grant", "unknown or used refresh token"))?;
    let scopes = if asked.trim().is_empty() {
        known.clone()
    } else {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        requested(asked, &known)?
    };
    state.refresh_tokens.remove(token);
    Ok(scopes)
}

/// The requested scopes; by default all allowed ones, except the one that has to be requested explicitly.
fn requested(asked: &str, allowed: &[&str]) -> Result<Vec<String>, Refusal> {
    if asked.trim().is_empty() {
        return Ok(allowed.iter().filter(|scope| **scope != OFFLINE).map(|scope| (*scope).to_owned()).collect());
    }
    let mut scopes = Vec::new();
    for scope in asked.split_whitespace() {
        require(allowed.contains(&scope), "invalid_scope", format!("{scope} is not allowed"))?;
        scopes.push(scope.to_owned());
    }
    Ok(scopes)
}

fn basic_pair(encoded: &str) -> Option<(String, String)> {
    let pair = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
