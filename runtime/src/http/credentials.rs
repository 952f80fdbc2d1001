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
    headers: Vec<HeaderValue>,
    /// A token request's form.
    form: Option<Zeroizing<Vec<u8>>>,
    /// Credentials that only the [`Attempt`](super::exchange::Attempt) knows.
    others: Vec<Zeroizing<String>>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// The credentials of a request that is about to be sent. A request to a token endpoint has them in its form.
    pub(super) fn of(request: &reqwest::Request, to_token_endpoint: bool, others: Vec<Zeroizing<String>>) -> Self {
        let is_secret = |name: &HeaderName, value: &HeaderValue| {
            value.is_sensitive() || [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name)
        };
        let headers = request.headers().iter().filter(|(name, value)| is_secret(name, value));
        let form = to_token_endpoint.then(|| {
            let is_form = request.headers().get(CONTENT_TYPE).is_some_and(|it| it.as_bytes().ends_with(b"urlencoded"));
            let body = request.body().filter(|_| is_form)?.as_bytes()?;
            Some(Zeroizing::new(body.to_vec()))
        });
        Self { headers: headers.map(|(_, value)| value.clone()).collect(), form: form.flatten(), others }
    }

    /// The texts that an error must not contain. `always` are the headers of every request.
    pub(super) fn secrets(&self, always: &[HeaderValue]) -> Secrets {
        let mut secrets = Secrets::default();
        for value in self.headers.iter().chain(always) {
            add_header(&mut secrets, value);
        }
        for (name, value) in url::form_urlencoded::parse(self.form.as_deref().map_or(&[], Vec::as_slice)) {
            if !NO_SECRETS.contains(&name.as_ref()) {
                secrets.add(&value);
            }
        }
        self.others.iter().for_each(|secret| secrets.add(secret));
        secrets
    }
}

/// The whole value, and the credential in it: after the scheme, after a cookie's name, or within `Basic`.
fn add_header(secrets: &mut Secrets, value: &HeaderValue) {
    let Ok(text) = value.to_str() else { return };
    secrets.add(text);
    if let Some((scheme, credential)) = text.split_once(' ') {
        secrets.add(credential);
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(pair) = STANDARD.decode(credential)
            && let Ok(pair) = std::str::from_utf8(&pair)
            && let Some((_, password)) = pair.split_once(':')
        {
            secrets.add(password);
        }
    }
    for cookie in text.split("; ") {
        if let Some((_, value)) = cookie.split_once('=') {
            secrets.add(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(request: &reqwest::Request, to_token_endpoint: bool, text: &str) -> String {
        let secrets = Credentials::of(request, to_token_endpoint, Vec::new()).secrets(&[]);
        secrets.redacted(text).unwrap_or_else(|| text.to_owned())
    }

    fn post() -> reqwest::RequestBuilder {
        reqwest::Client::new().post("http://127.0.0.1/")
    }

    #[test]
    fn credentials_are_found_in_headers_and_in_forms() {
        let bearer = post().bearer_auth("PLANTED-token").build().unwrap();
        assert_eq!(redacted(&bearer, false, "bad PLANTED-token"), "bad [redacted]");
        let basic = post().basic_auth("somebody", Some("PLANTED-word")).build().unwrap();
        assert_eq!(redacted(&basic, false, "a person has no PLANTED-word"), "a person has no [redacted]");
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
