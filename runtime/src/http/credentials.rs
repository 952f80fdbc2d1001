//! The credentials of a request, kept while it is in flight, so that they can be removed from errors about its
//! response.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use zeroize::Zeroizing;

use crate::error::Secrets;

/// The fields of a token request's form that are not secret. All others are.
const NO_SECRETS: [&str; 14] = [
    "grant_type",
    "client_id",
    "scope",
    "redirect_uri",
    "client_assertion_type",
    "subject_token_type",
    "actor_token_type",
    "requested_token_type",
    "audience",
    "resource",
    "response_type",
    "code_challenge",
    "code_challenge_method",
    "username",
];

/// The known credentials of one request.
#[derive(Clone, Default)]
pub(super) struct Credentials {
    /// Sensitive headers.
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What few requests have.
    others: Option<Box<Others>>,
}

#[derive(Clone)]
struct Others {
    /// A token request's form.
    form: Option<Zeroizing<Vec<u8>>>,
    /// Credentials that only the [`Attempt`](super::exchange::Attempt) knows.
    known: Vec<Zeroizing<String>>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// The credentials of a request that is about to be sent. A request to a token endpoint has them in its form.
    pub(super) fn of(request: &reqwest::Request, to_token_endpoint: bool, known: Vec<Zeroizing<String>>) -> Self {
        let is_secret = |name: &HeaderName, value: &HeaderValue| {
            value.is_sensitive() || [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name)
        };
        let mut headers = Vec::new();
        for (name, value) in request.headers().iter().filter(|(name, value)| is_secret(name, value)) {
            // Most requests have one, and keep it until the response.
            headers.reserve_exact(1);
            headers.push((name.clone(), value.clone()));
        }
        let form = to_token_endpoint.then(|| {
            let is_form = request.headers().get(CONTENT_TYPE).is_some_and(|it| it.as_bytes().ends_with(b"urlencoded"));
            let body = request.body().filter(|_| is_form)?.as_bytes()?;
            Some(Zeroizing::new(body.to_vec()))
        });
        let form = form.flatten();
        let others = (form.is_some() || !known.is_empty()).then(|| Box::new(Others { form, known }));
        Self { headers, others }
    }

    /// The texts that an error must not contain. `always` are the headers of every request.
    pub(super) fn secrets(&self, always: &[HeaderValue]) -> Secrets {
        let mut secrets = Secrets::default();
        for (name, value) in &self.headers {
            add_header(&mut secrets, value, [AUTHORIZATION, PROXY_AUTHORIZATION].contains(name));
        }
        always.iter().for_each(|value| add_header(&mut secrets, value, false));
        let Some(Others { form, known }) = self.others.as_deref() else { return secrets };
        for pair in form.as_deref().map_or(&[][..], Vec::as_slice).split(|byte| *byte == b'&') {
            let (name, value) = pair.split_at(pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len()));
            if !NO_SECRETS.iter().any(|known| known.as_bytes() == name) {
                secrets.add(&form_decoded(value.get(1..).unwrap_or_default()));
            }
        }
        known.iter().for_each(|secret| secrets.add(secret));
        secrets
    }
}

/// The credential in a header: after the scheme, after a cookie's name, or within `Basic`. `has_scheme` is false for a
/// header whose whole value may be the credential.
fn add_header(secrets: &mut Secrets, value: &HeaderValue, has_scheme: bool) {
    let Ok(text) = value.to_str() else { return };
    let scheme = text.split_once(' ');
    if scheme.is_none() || !has_scheme {
        secrets.add(text);
    }
    if let Some((scheme, credential)) = scheme {
        secrets.add(credential);
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(pair) = STANDARD.decode(credential).map(Zeroizing::new)
            && let Ok(pair) = std::str::from_utf8(&pair)
            && let Some((_, password)) = pair.split_once(':')
        {
            secrets.add(password);
            // A client secret is encoded like a form (RFC 6749, section 2.3.1).
            secrets.add(&form_decoded(password.as_bytes()));
        }
    }
    for cookie in text.split("; ") {
        if let Some((_, value)) = cookie.split_once('=') {
            secrets.add(value);
        }
    }
}

/// The value of a form's field, decoded without a copy that stays in memory.
fn form_decoded(encoded: &[u8]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(encoded.len()));
    let mut rest = encoded;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let byte = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
        bytes.push(byte.unwrap_or(if *first == b'+' { b' ' } else { *first }));
    }
    let text = String::from_utf8(std::mem::take(&mut *bytes));
    // What is no text cannot be in the text of an error.
    Zeroizing::new(text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(request: &reqwest::Request, to_token_endpoint: bool, text: &str) -> String {
        let secrets = Credentials::of(request, to_token_endpoint, Vec::new()).secrets(&[]);
        secrets.redacted(text).unwrap_or_else(|| text.to_owned())
    }

    fn post() -> reqwest::RequestBuilder {
        let url = url::Url::parse("http://127.0.0.1/").unwrap();
        crate::http::tls::http(&url, true).unwrap().build().unwrap().post(url)
    }

    #[test]
    fn credentials_are_found_in_headers_and_in_forms() {
        let bearer = post().bearer_auth("PLANTED-token").build().unwrap();
        assert_eq!(redacted(&bearer, false, "bad PLANTED-token"), "bad [redacted]");
        assert_eq!(redacted(&bearer, false, "the scheme must be Bearer"), "the scheme must be Bearer");
        let basic = post().basic_auth("somebody", Some("PLANTED-word")).build().unwrap();
        assert_eq!(redacted(&basic, false, "a person has no PLANTED-word"), "a person has no [redacted]");
        // RFC 6749, section 2.3.1: the secret is encoded in the header, and the server knows it as it is.
        for (sent, secret) in [("abc8Q%7Ex", "abc8Q~x"), ("a%2Bb+%2F%3D+c", "a+b /= c"), ("100%+sure", "100% sure")] {
            let basic = post().basic_auth("client", Some(sent)).build().unwrap();
            let text = format!("`{secret}` and `{sent}` are wrong");
            assert_eq!(redacted(&basic, true, &text), "`[redacted]` and `[redacted]` are wrong");
        }
        let cookie = post().header(COOKIE, "a=b; session=PLANTED-session").build().unwrap();
        assert_eq!(redacted(&cookie, false, "bad PLANTED-session"), "bad [redacted]");
        let plain = post().header("x-kind", "something").build().unwrap();
        assert_eq!(redacted(&plain, false, "bad something"), "bad something");

        let form = [("client_id", "the-client"), ("client_secret", "PLANTED/secret")];
        let form = post().form(&form).build().unwrap();
        let text = "the-client: PLANTED/secret PLANTED%2Fsecret";
        assert_eq!(redacted(&form, true, text), "the-client: [redacted] [redacted]");
        assert_eq!(redacted(&form, false, text), text, "an operation's form is data");
    }
}
