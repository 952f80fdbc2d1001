//! Updating a connector: the update mask is derived from the fields that were set.

use crate::{Entry, Error, IntoId, Response, Sending};
use connectors_runtime::Kind;

use super::api::params::ConnectorAppId;
use super::config::EnvConfig;
use super::connector::Connector;
use super::expand::{Expand, Expanded, mask};
use super::ids::{UserId, kinds};
use super::types;

impl Connector {
    /// Changes some fields. The other fields keep their values.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// connector.update().display_name("Okta, production").description("of the whole company").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(&self) -> Update {
        Update::new(self.clone())
    }
}

/// An update of a connector; see [`Connector::update`]. `.await` sends it.
///
/// The service changes only the fields in an update mask, and has two operations: `Update` for `config`,
/// `UpdateDelegated` for the other fields. This request derives the mask and the operations from the fields that you
/// set.
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
/// [`Error::is_invalid_argument`] if nothing was set. [`Error::is_partial`] if the first of two calls succeeded and the
/// second failed: everything except the configuration was changed. It is safe to repeat the same update.
#[must_use = "nothing is sent until it is awaited"]
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

    /// Replaces the whole configuration. `None` does not change it.
    pub fn config(mut self, config: impl Into<Option<EnvConfig>>) -> Self {
        self.config = config.into();
        self
    }

    /// Sets the display name. `None` does not change it.
    pub fn display_name<'a>(mut self, name: impl Into<Option<&'a str>>) -> Self {
        self.rest.display_name = name.into().map(str::to_owned);
        let is_set = self.rest.display_name.is_some();
        self.masked("displayName", is_set)
    }

    /// Sets the description. `None` does not change it.
    pub fn description<'a>(mut self, description: impl Into<Option<&'a str>>) -> Self {
        self.rest.description = description.into().map(str::to_owned);
        let is_set = self.rest.description.is_some();
        self.masked("description", is_set)
    }

    /// Removes the description.
    pub fn clear_description(self) -> Self {
        self.description("")
    }

    /// Sets the users who own it. Legacy: use [`Connector::owners`].
    pub fn users(mut self, users: impl IntoIterator<Item = impl IntoId<kinds::UserId>>) -> Self {
        self.rest.user_ids = Some(users.into_iter().map(|user| user.into_id().into()).collect());
        self.masked("userIds", true)
    }

    /// Removes all users who own it. Legacy, like [`Update::users`].
    pub fn clear_users(self) -> Self {
        self.users(std::iter::empty::<UserId>())
    }

    /// Requests related objects in the response; see [`Update::send_expanded`].
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

    /// Sends the update, like `.await`, and also returns the objects that [`Update::expand`] requested. An update of
    /// both kinds needs two calls, the configuration last.
    ///
    /// # Errors
    /// The errors of `.await`.
    pub async fn send_expanded(self) -> Result<Expanded, Error> {
        let connector = &self.connector;
        let (app, id) = connector.ids();
        let api = connector.client().api.connectors();
        let ids = |input: types::ConnectorInput| types::ConnectorInput {
            app_id: Some(app.to_string()),
            id: Some(id.to_string()),
            ..input
        };
        // The response to the last call has the requested objects.
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
                Some(_) => error.in_context("all except the configuration was changed").partly_done(),
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
        Sending::new(async move { Ok(self.send_expanded().await?.into_connector()) })
    }
}
