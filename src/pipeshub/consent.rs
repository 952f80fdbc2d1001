//! Authorizing a connector of an OAuth type at its source.

use std::fmt;

use connectors_runtime::auth::{code_in_redirect, is_redirect_response};
use connectors_runtime::{Error, Kind};
use url::Url;

use super::connector::Connector;
use super::said::accepted;
use super::types;

impl Connector {
    /// Starts to authorize the connector at the OAuth provider of its source: a person has to consent in a browser.
    /// `base_url` is the public URL of the instance, if it differs from the instance's own setting.
    ///
    /// ```no_run
    /// # async fn example(ph: connectors::pipeshub::Client, came_back_to: &str) -> Result<(), connectors::Error> {
    /// let consent = ph.connector("c1").authorize(None).await?;
    /// println!("open {}", consent.url());
    /// consent.finish(came_back_to).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_bad_request`] if the connector is not of an OAuth type, or has no OAuth app.
    pub async fn authorize(&self, base_url: Option<&str>) -> Result<Consent, Error> {
        let mut request = self.client.api.oauth().get_authorization_url(&self.id);
        if let Some(base_url) = base_url {
            request = request.base_url(base_url);
        }
        let (value, rest) = accepted(request.send().await?)?;
        let url = value.authorization_url.as_deref();
        let url = url.ok_or_else(|| rest.incomplete("the response has no authorizationUrl"))?;
        let url = Url::parse(url).map_err(|_| rest.incomplete("the response's authorizationUrl is not a URL"))?;
        // A provider returns the state unchanged (RFC 6749, section 4.1.2).
        let state = parameter(&url, "state").or_else(|| value.state.clone()).filter(|state| !state.is_empty());
        let state = state.ok_or_else(|| rest.incomplete("the response has no state"))?;
        Ok(Consent { connector: self.clone(), base_url: base_url.map(str::to_owned), url, state, data: value })
    }

    /// Finishes the authorization that [`Connector::authorize`] started, with the code and the state from the redirect,
    /// and the same `base_url`. For programs that no longer have the [`Consent`]. A code works only once, so the call
    /// is never retried once it may have arrived.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// match connector.finish_oauth("the code", "the state", None).await {
    ///     Ok(_) => println!("authorized"),
    ///     Err(error) if error.is_refused() => println!("{}", error.code().unwrap_or("no reason given")),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no response arrived: read the connector's `is_authenticated`.
    /// [`Error::is_refused`] if the server did not authorize the connector; [`Error::code`] has the server's reason,
    /// such as `access_denied` or `invalid_state`.
    pub async fn finish_oauth(
        &self,
        code: &str,
        state: &str,
        base_url: Option<&str>,
    ) -> Result<types::OAuthCallbackResult, Error> {
        let mut request = self.client.api.oauth().handle_oauth_callback().code(code).state(state);
        if let Some(base_url) = base_url {
            request = request.base_url(base_url);
        }
        let (value, rest) = request.send().await?.into_parts();
        let error = value.error.as_deref().filter(|error| !error.is_empty());
        if error.is_some() || value.success == Some(false) {
            let why = value.error_message.as_deref().filter(|text| !text.is_empty()).or(error);
            let message =
                format!("the connector was not authorized: {}", why.unwrap_or("the server returned no reason"));
            return Err(rest.describe(Error::new(Kind::Refused, message)).with_code(error.map(str::to_owned)));
        }
        Ok(value)
    }
}

fn parameter(url: &Url, wanted: &str) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

/// An authorization that waits for a person; see [`Connector::authorize`].
#[must_use = "call `finish` to authorize the connector"]
#[derive(Clone)]
pub struct Consent {
    connector: Connector,
    base_url: Option<String>,
    url: Url,
    state: String,
    data: types::AuthorizationUrl,
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL is not printed: it contains the state.
        f.debug_struct("Consent").field("connector", &self.connector.id).finish_non_exhaustive()
    }
}

impl Consent {
    /// The URL that the person has to open in a browser.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The server's response, with its `state`.
    #[must_use]
    pub fn data(&self) -> &types::AuthorizationUrl {
        &self.data
    }

    /// Whether a URL is the redirect of this authorization, with a code or an error. Takes the whole URL, or the part
    /// after the host. Ignore all other requests. Sends nothing.
    #[must_use]
    pub fn is_response(&self, redirected_to: &str) -> bool {
        is_redirect_response(&self.redirect_uri(), redirected_to, &self.state)
    }

    /// Finishes the authorization with the URL of the redirect: the whole URL, or the part after the host. A URL that
    /// is not [the redirect of this authorization](Consent::is_response) changes nothing.
    ///
    /// # Errors
    /// [`Error::is_auth`] if the URL is not the redirect of this authorization, or if the person or the provider
    /// rejected it; then [`Error::code`] has the reason, such as `access_denied`. Otherwise the errors of
    /// [`Connector::finish_oauth`].
    pub async fn finish(&self, redirected_to: &str) -> Result<types::OAuthCallbackResult, Error> {
        let code = code_in_redirect(&self.redirect_uri(), redirected_to, &self.state)?;
        self.connector.finish_oauth(&code, &self.state, self.base_url.as_deref()).await
    }

    /// The URL that the provider redirects the browser to.
    fn redirect_uri(&self) -> Url {
        let uri = parameter(&self.url, "redirect_uri").and_then(|uri| Url::parse(&uri).ok());
        uri.unwrap_or_else(|| self.url.clone())
    }
}
