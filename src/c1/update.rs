//! Changing a connector: the mask is what was set.

use crate::{Entry, Error, IntoId, Response, Sending};
use connectors_runtime::Kind;

use super::api::params::ConnectorAppId;
use super::config::EnvConfig;
use super::connector::Connector;
use super::expand::{Expand, Expanded, mask};
use super::ids::{UserId, kinds};
use super::types;

/// A change to a connector; see [`Connector::update`]. `.await` sends it.
///
/// The service changes only what a mask names, and splits the fields over two operations: `config` goes to `Update`,
/// the rest to `UpdateDelegated`. Both follow from what is set here.
///
/// ```no_run
/// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
/// use connectors::c1::EnvConfig;
///
/// let config = EnvConfig::new().text("domain", "example.okta.com").secret("api_token", "00a1...");
/// let changed = connector.update().config(config).display_name("Okta").clear_description().await?;
/// println!("{:?}", changed.display_name);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::is_invalid_argument`] if nothing was set. [`Error::is_partial`] if the first of two calls was carried out and the
/// second was not: all is changed but the configuration. Sending the same change again is safe.
#[must_use = "nothing is changed until it is awaited"]
#[derive(Clone, Debug)]
pub struct Update {
    connector: Connector,
    config: Option<EnvConfig>,
    rest: types::ConnectorInput,
    mask: Vec<&'static str>,
    expand: Vec<Expand>,
}

impl Update {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, config: None, rest: types::ConnectorInput::default(), mask: Vec::new(), expand: Vec::new() }
    }

    /// Sets the configuration, in place of all of the old one. None leaves it alone.
    pub fn config(mut self, config: impl Into<Option<EnvConfig>>) -> Self {
        self.config = config.into();
        self
    }

    /// Sets the name for people. None leaves it alone.
    pub fn display_name<'a>(mut self, name: impl Into<Option<&'a str>>) -> Self {
        self.rest.display_name = name.into().map(str::to_owned);
        let is_set = self.rest.display_name.is_some();
        self.masked("displayName", is_set)
    }

    /// Sets the description. None leaves it alone.
    pub fn description<'a>(mut self, description: impl Into<Option<&'a str>>) -> Self {
        self.rest.description = description.into().map(str::to_owned);
        let is_set = self.rest.description.is_some();
        self.masked("description", is_set)
    }

    /// Removes the description.
    pub fn clear_description(self) -> Self {
        self.description("")
    }

    /// Sets the users who look after it. Legacy: [`Connector::owners`] is the current way.
    pub fn users(mut self, users: impl IntoIterator<Item = impl IntoId<kinds::UserId>>) -> Self {
        self.rest.user_ids = Some(users.into_iter().map(|user| user.into_id().into()).collect());
        self.masked("userIds", true)
    }

    /// Removes all users who look after it. Legacy, as [`Update::users`].
    pub fn clear_users(self) -> Self {
        self.users(std::iter::empty::<UserId>())
    }

    /// Asks for more than the connector in the response; see [`Update::send_expanded`].
    pub fn expand(mut self, expand: impl IntoIterator<Item = Expand>) -> Self {
        self.expand.extend(expand);
        self
    }

    fn masked(mut self, path: &'static str, is_set: bool) -> Self {
        self.mask.retain(|known| *known != path);
        if is_set {
            self.mask.push(path);
        }
        self
    }

    /// Sends the change, as `.await` does, and returns what [`Update::expand`] asked for as well. A change of both kinds takes
    /// two calls, the configuration last.
    ///
    /// # Errors
    /// As `.await`.
    pub async fn send_expanded(self) -> Result<Expanded, Error> {
        let connector = &self.connector;
        let (app, id) = connector.ids();
        let api = connector.client().api.connectors();
        let ids = |input: types::ConnectorInput| types::ConnectorInput {
            app_id: Some(app.to_string()),
            id: Some(id.to_string()),
            ..input
        };
        // The response to the last call has what was asked for.
        let mut expand_mask = mask(&self.expand);
        let mut changed = None;
        if !self.mask.is_empty() {
            let request = types::ConnectorServiceUpdateDelegatedRequest {
                connector: Some(ids(self.rest)),
                update_mask: Some(self.mask.join(",")),
                expand_mask: if self.config.is_none() { expand_mask.take() } else { None },
                ..Default::default()
            };
            let app = ConnectorAppId::new(app.as_str());
            let sent = api.update_delegated(app, id.clone(), &request).send().await?;
            changed = Some(sent.map(|value| (value.connector_view, value.expanded)));
        }
        if let Some(config) = self.config {
            let request = types::ConnectorServiceUpdateRequest {
                connector: Some(ids(types::ConnectorInput { config: Some(config.into()), ..Default::default() })),
                update_mask: Some("config".to_owned()),
                expand_mask,
                ..Default::default()
            };
            let half = |error: Error| match changed {
                Some(_) => error.in_context("all but the configuration was changed").partly_done(),
                None => error,
            };
            let sent = api.update(app, id, &request).send().await.map_err(half)?;
            changed = Some(sent.map(|value| (value.connector_view, value.expanded)));
        }
        let Some((value, response)) = changed.map(Response::into_parts) else {
            return Err(Error::new(Kind::Argument, "the update changes nothing; nothing was sent"));
        };
        let (view, expanded) = value;
        let entry = |data| Some(Entry::new(connector.clone(), data));
        Expanded::read(view, expanded, entry).map_err(|missing| response.incomplete(missing))
    }
}

impl IntoFuture for Update {
    type Output = Result<Entry<Connector, types::Connector>, Error>;
    type IntoFuture = Sending<Entry<Connector, types::Connector>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.send_expanded().await?.into_connector()) })
    }
}
