//! Letting a connector of an OAuth type into what it reads.

use std::fmt;

use url::Url;

use crate::Error;
use crate::error::Kind;

use super::connector::{Connector, accepted, missing, said};
use super::oauth::{code_in, is_answer};
use super::types;

impl Connector {
    /// Begins to let the connector into what it reads: a person has to agree in a browser. `base_url` is where people reach
    /// the instance, if that is not what it takes itself for.
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
    /// [`Error::is_bad_request`] if the connector is not of an OAuth type.
    pub async fn authorize(&self, base_url: Option<&str>) -> Result<Consent, Error> {
        let answer = self.client.api.get_authorization_url(self.id.as_str(), base_url).await?;
        accepted(answer.success, said(&answer.extra), "get_authorization_url")?;
        let url = answer.authorization_url.as_deref().ok_or_else(|| missing("authorizationUrl"))?;
        let url =
            Url::parse(url).map_err(|_| Error::new(Kind::Decode, "the answer's authorizationUrl is not a URL"))?;
        Ok(Consent { connector: self.clone(), base_url: base_url.map(str::to_owned), url, answer })
    }

    /// Ends what [`Connector::authorize`] began, with the code and the state that the browser brought back, and the same
    /// `base_url`. For programs that no longer have the [`Consent`]. A code is good once, so it is never sent again
    /// once it may have arrived.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// match connector.finish_oauth("the code", "the state", None).await {
    ///     Ok(_) => println!("let in"),
    ///     Err(error) if error.is_refused() => println!("{}", error.code().unwrap_or("for no reason")),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no answer came: whether it worked is in the connector's `is_authenticated`.
    /// [`Error::is_refused`] if the service answers that it did not let the connector in; [`Error::code`] is its own word
    /// for why, such as `access_denied` or `invalid_state`.
    pub async fn finish_oauth(
        &self,
        code: &str,
        state: &str,
        base_url: Option<&str>,
    ) -> Result<types::OAuthCallbackResult, Error> {
        let answer = self.client.api.handle_oauth_callback(base_url, Some(code), None, Some(state)).await?;
        let error = answer.error.as_deref().filter(|error| !error.is_empty());
        if error.is_some() || answer.success == Some(false) {
            let why = answer.error_message.as_deref().filter(|text| !text.is_empty()).or(error);
            let message = format!("the connector was not let in: {}", why.unwrap_or("the server gives no reason"));
            let error = Error::new(Kind::Refused, message).with_code(error.map(str::to_owned));
            return Err(error.operation_named("handle_oauth_callback"));
        }
        Ok(answer)
    }
}

/// A person's consent to be had; see [`Connector::authorize`].
#[must_use = "a connector is not let in until it is finished"]
#[derive(Clone)]
pub struct Consent {
    connector: Connector,
    base_url: Option<String>,
    url: Url,
    answer: types::AuthorizationUrl,
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: the state in it is this consent's own.
        f.debug_struct("Consent").field("connector", &self.connector.id).finish_non_exhaustive()
    }
}

impl Consent {
    /// Where the person's browser has to go.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// What the service answered, with its `state`.
    #[must_use]
    pub fn answer(&self) -> &types::AuthorizationUrl {
        &self.answer
    }

    /// Whether an address is this consent's answer, a code or a refusal: the whole URL, or what follows the host. Anything
    /// else is somebody else's request, to be passed over. Sends nothing.
    #[must_use]
    pub fn is_answer(&self, redirected_to: &str) -> bool {
        let (expected, state) = self.expected();
        state.is_some_and(|state| is_answer(&expected, redirected_to, &state))
    }

    /// Ends it with the address that the browser came back to: the whole URL, or what follows the host. An address that is
    /// not [from this consent](Consent::is_answer) changes nothing.
    ///
    /// # Errors
    /// [`Error::is_auth`] if the address is not from this consent; and with an [`Error::code`] such as `access_denied`, if
    /// the person or the provider refused. Otherwise as [`Connector::finish_oauth`].
    pub async fn finish(&self, redirected_to: &str) -> Result<types::OAuthCallbackResult, Error> {
        let (expected, state) = self.expected();
        let state = state.ok_or_else(|| missing("state"))?;
        let code = code_in(&expected, redirected_to, &state)?;
        self.connector.finish_oauth(&code, &state, self.base_url.as_deref()).await
    }

    /// Where the browser is to come back to, and the state that it is to bring.
    fn expected(&self) -> (Url, Option<String>) {
        let parameter = |wanted: &str| self.url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value);
        let expected = parameter("redirect_uri").and_then(|uri| Url::parse(&uri).ok());
        // A provider brings back the state it was given (RFC 6749, section 4.1.2).
        let begun = parameter("state").map(std::borrow::Cow::into_owned).or_else(|| self.answer.state.clone());
        (expected.unwrap_or_else(|| self.url.clone()), begun)
    }
}
