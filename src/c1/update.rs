//! Changing a connector: the mask is what was set.

use crate::Error;
use crate::error::Kind;

use super::connector::Connector;
use super::expand::{Expand, Expanded, mask};
use super::ids::UserId;
use super::types;

/// A change to a connector; see [`Connector::update`].
///
/// The service changes only what a mask names, and splits the fields over two operations: `config` goes to `Update`,
/// the rest to `UpdateDelegated`. Both follow from what is set here.
///
/// ```no_run
/// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
/// use connectors::c1::EnvConfig;
///
/// let config = EnvConfig::new().text("domain", "example.okta.com").secret("api_token", "00a1...");
/// let changed = connector.update().config(config).display_name("Okta").clear_description().send().await?;
/// println!("{}", changed.display_name.unwrap_or_default());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is changed until it is sent"]
#[derive(Clone, Debug)]
pub struct Update {
    connector: Connector,
    config: Option<types::AnyMessage>,
    rest: types::ConnectorInput,
    mask: Vec<&'static str>,
    expand: Vec<Expand>,
}

impl Update {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, config: None, rest: types::ConnectorInput::default(), mask: Vec::new(), expand: Vec::new() }
    }

    /// Another configuration, in place of all of the old one.
    pub fn config(mut self, config: impl Into<types::AnyMessage>) -> Self {
        self.config = Some(config.into());
        self
    }

    /// Another name for people.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.rest.display_name = Some(name.into());
        self.masked("displayName")
    }

    /// Another description.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.rest.description = Some(description.into());
        self.masked("description")
    }

    /// No description any more.
    pub fn clear_description(self) -> Self {
        self.description("")
    }

    /// Other users who look after it. Legacy: [`Connector::owners`] is the current way.
    pub fn users(mut self, users: impl IntoIterator<Item = impl Into<UserId>>) -> Self {
        self.rest.user_ids = Some(users.into_iter().map(|user| user.into().to_string()).collect());
        self.masked("userIds")
    }

    /// No users any more who look after it. Legacy, as [`Update::users`].
    pub fn clear_users(self) -> Self {
        self.users(std::iter::empty::<UserId>())
    }

    /// Asks for more than the connector in the answer; see [`Update::send_expanded`].
    pub fn expand(mut self, expand: impl IntoIterator<Item = Expand>) -> Self {
        self.expand.extend(expand);
        self
    }

    fn masked(mut self, path: &'static str) -> Self {
        if !self.mask.contains(&path) {
            self.mask.push(path);
        }
        self
    }

    /// Sends the change, in two calls if it is of both kinds: the configuration last.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if nothing was set; otherwise see [`Error`].
    pub async fn send(self) -> Result<types::Connector, Error> {
        Ok(self.send_expanded().await?.into_connector())
    }

    /// Sends the change, as [`Update::send`] does, and gives back what [`Update::expand`] asked for as well.
    ///
    /// # Errors
    /// As [`Update::send`].
    pub async fn send_expanded(self) -> Result<Expanded, Error> {
        let Connector { client, app, id } = &self.connector;
        let ids = |input: types::ConnectorInput| types::ConnectorInput {
            app_id: Some(app.to_string()),
            id: Some(id.to_string()),
            ..input
        };
        // The last call brings along what was asked for.
        let mut expand_mask = mask(&self.expand);
        let mut changed = None;
        if !self.mask.is_empty() {
            let request = types::ConnectorServiceUpdateDelegatedRequest {
                connector: Some(ids(self.rest)),
                update_mask: Some(self.mask.join(",")),
                expand_mask: if self.config.is_none() { expand_mask.take() } else { None },
                ..Default::default()
            };
            changed = Some(client.api.update_delegated(app.as_str(), id.as_str(), &request).await?);
        }
        if let Some(config) = self.config {
            let request = types::ConnectorServiceUpdateRequest {
                connector: Some(ids(types::ConnectorInput { config: Some(config), ..Default::default() })),
                update_mask: Some("config".to_owned()),
                expand_mask,
                ..Default::default()
            };
            let updated = client.api.update(app.as_str(), id.as_str(), &request).await;
            let half = |error: Error| {
                if changed.is_some() { error.in_context("all but the configuration was changed") } else { error }
            };
            changed = Some(updated.map_err(half)?);
        }
        match changed {
            Some(answer) => Expanded::read(answer.connector_view, answer.expanded),
            None => Err(Error::new(Kind::Argument, "the update changes nothing; nothing was sent")),
        }
    }
}
