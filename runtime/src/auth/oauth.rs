//! Endpoints of OAuth 2.0 (RFC 6749, section 3), mainly the token endpoint.

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::{Error, Kind};
use crate::http::{Attempt, CallOptions, CallSpan, Exchange, Reply};
use crate::object::Tree;

use super::client::{AnyAssertion, OAuthClient};
use super::form::Form;
use super::grant::Granted;
use super::server::{check_endpoint, parse_server};
use super::token::Provider;

/// An endpoint that accepts forms: for tokens, or for the codes of a login.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) exchange: Arc<Exchange>,
    pub(super) url: Url,
}

/// The value of a form's field; computed for each attempt.
#[derive(Clone)]
pub(super) enum Value {
    Text(Cow<'static, str>),
    Secret(SecretString),
    /// A token of a provider.
    Token(Provider),
    /// A signed assertion.
    Assertion(AnyAssertion),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// A request to an endpoint.
#[derive(Clone)]
pub(super) struct Ask {
    client: OAuthClient,
    /// Whether the client authenticates; a device authorization endpoint only needs its id.
    authenticated: bool,
    fields: Vec<(Cow<'static, str>, Value)>,
}

impl Ask {
    pub(super) fn new(client: OAuthClient) -> Self {
        Self { client, authenticated: true, fields: Vec::new() }
    }

    pub(super) fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Adds the scopes, if there are any, with spaces between (RFC 6749, section 3.3).
    pub(super) fn with_scopes(self, scopes: &[String]) -> Self {
        if scopes.is_empty() { self } else { self.with("scope", scopes.join(" ")) }
    }

    pub(super) fn with_parameters(mut self, parameters: &[(String, String)]) -> Self {
        for (name, value) in parameters {
            self = self.with(name.clone(), value.clone());
        }
        self
    }
}

impl Endpoint {
    /// An endpoint whose URL may be relative to the client's server.
    pub(super) fn new(exchange: &Arc<Exchange>, base_url: Option<&Url>, url: &str) -> Result<Self, Error> {
        let url = endpoint_url(base_url, url)?;
        Ok(Self { exchange: Arc::clone(exchange), url })
    }

    /// Requests a token. If `repeatable` is true, the request may be retried after its response was lost. A grant that
    /// works only once is not repeatable.
    pub(super) async fn grant(&self, ask: &Ask, repeatable: bool) -> Result<Granted, Error> {
        Ok(Granted::read(&self.post(ask, repeatable).await?))
    }

    /// Requests a token once. The next poll is the retry.
    pub(super) async fn poll(&self, ask: &Ask) -> Result<Granted, Error> {
        Ok(Granted::read(&self.send(ask, false, CallOptions::new().attempts(1)).await?))
    }

    /// Sends a form, and returns a success.
    pub(super) async fn post(&self, ask: &Ask, repeatable: bool) -> Result<Reply, Error> {
        self.send(ask, repeatable, CallOptions::new()).await
    }

    async fn send(&self, ask: &Ask, repeatable: bool, options: CallOptions) -> Result<Reply, Error> {
        let mut attempt = Post { endpoint: self, ask, options, span: CallSpan::of_endpoint(&self.url) };
        self.exchange.call(&mut attempt, repeatable, refusal).await
    }
}

/// The server that a login resolves relative URLs against.
pub(super) fn server_url(server: Option<&str>) -> Result<Option<Url>, Error> {
    server.map(parse_server).transpose()
}

/// The URL of an endpoint, checked. The server is a folder, whether its URL ends with a slash or not: `oauth/token` of
/// `https://example.com/api` is `https://example.com/api/oauth/token` (RFC 3986, section 5.2, with the slash).
pub(super) fn endpoint_url(base_url: Option<&Url>, url: &str) -> Result<Url, Error> {
    let url = match base_url {
        Some(base_url) => {
            let mut folder = base_url.clone();
            if !folder.path().ends_with('/') {
                folder.set_path(&format!("{}/", base_url.path()));
            }
            folder.join(url)
        }
        None => Url::parse(url),
    };
    // Without the parser's message: a URL can contain a password.
    let url = url.map_err(|_| Error::new(Kind::Config, "the URL of an endpoint of OAuth cannot be used"))?;
    check_endpoint(&url)?;
    Ok(url)
}

struct Post<'a> {
    endpoint: &'a Endpoint,
    ask: &'a Ask,
    options: CallOptions,
    span: CallSpan,
}

impl Attempt for Post<'_> {
    async fn request(&mut self) -> Result<reqwest::Request, Error> {
        let Self { endpoint, ask, .. } = self;
        let exchange = &endpoint.exchange;
        let now = exchange.clock.time_of_day();
        let mut form = Form::default();
        for (name, value) in &ask.fields {
            match value {
                Value::Text(text) => form.push(name, text),
                Value::Secret(secret) => form.push(name, secret.expose_secret()),
                Value::Token(provider) => form.push(name, provider.fetch().await?.expose()),
                Value::Assertion(assertion) => form.push(name, assertion.sign(now).await?.expose()),
            }
        }
        let authorization = if ask.authenticated {
            ask.client.authenticate(&mut form, now).await?
        } else {
            ask.client.identify(&mut form);
            None
        };
        let mut request = exchange
            .http
            .post(endpoint.url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(form.into_bytes())
            .build()
            .map_err(|error| {
                Error::new(Kind::Config, "the token request cannot be built").caused_by(error.without_url())
            })?;
        if let Some(authorization) = authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        Ok(request)
    }

    fn span(&self) -> &CallSpan {
        &self.span
    }

    fn server(&self) -> Option<Url> {
        Some(self.endpoint.url.clone())
    }

    fn options(&self) -> Option<&CallOptions> {
        Some(&self.options)
    }
}

/// The failure of an endpoint (RFC 6749, section 5.2). A busy server is not the same as wrong credentials.
fn refusal(reply: &Reply) -> Error {
    let transient = reply.status.is_server_error()
        || matches!(reply.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    let kind = if transient { Kind::Status } else { Kind::Auth };
    let body = Tree::beginning(&reply.body);
    match body.text("error") {
        Some(code) => {
            let message = match body.text("error_description") {
                Some(text) => format!("no token: {code}: {text}"),
                None => format!("no token: {code}"),
            };
            Error::new(kind, message).with_code(Some(code.to_owned()))
        }
        None if transient => Error::new(kind, "the token endpoint is temporarily unavailable"),
        None => Error::new(kind, "the token endpoint rejected the request without a reason; is the host right?"),
    }
}

#[cfg(test)]
mod tests {
    use crate::auth::secret::tests::WIPED;
    use crate::http::{Connection, SendError};

    use super::*;

    #[test]
    fn a_relative_endpoint_is_in_the_folder_of_the_server() {
        for (server, url, right) in [
            ("https://x.example/api/", "oauth/token", "https://x.example/api/oauth/token"),
            ("https://x.example/api", "./oauth/token", "https://x.example/api/oauth/token"),
            ("https://x.example/api/v2", "../token?a=b", "https://x.example/api/token?a=b"),
            ("https://x.example/api/", "/oauth/token", "https://x.example/oauth/token"),
            ("https://x.example", "oauth/token", "https://x.example/oauth/token"),
            ("https://x.example/api", "https://id.example/token", "https://id.example/token"),
        ] {
            let server = server_url(Some(server)).unwrap();
            assert_eq!(endpoint_url(server.as_ref(), url).unwrap().as_str(), right, "{server:?} {url}");
        }
    }

    #[tokio::test]
    async fn a_body_with_a_secret_is_wiped_after_it_was_sent() {
        let connection = Connection::new().sender(|request: reqwest::Request| async move {
            let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
            assert_eq!(body, b"grant_type=client_credentials&client_id=app&client_secret=PLANTED");
            assert!(WIPED.with_borrow(Vec::is_empty), "it is being sent");
            Ok::<_, SendError>(http::Response::new(r#"{"access_token": "t"}"#).into())
        });
        let url = Url::parse("https://id.example.com/token").unwrap();
        let endpoint = Endpoint { exchange: connection.exchange(&url).unwrap(), url };
        let ask =
            Ask::new(OAuthClient::new("app", "PLANTED").secret_in_body()).with("grant_type", "client_credentials");
        let granted = endpoint.grant(&ask, true).await.unwrap();
        assert_eq!(WIPED.take(), [65]);
        assert_eq!(granted.token.unwrap().expose(), "t");
    }
}
