//! Changing a connector: the mask is what was set.

use crate::Error;
use crate::error::Kind;

use super::connector::{Connector, connector};
use super::ids::UserId;
use super::types;

/// A change to a connector; see [`Connector::update`].
///
/// The service changes only what a mask names, and splits the fields over two operations: `config` goes to `Update`,
/// the rest to `UpdateDelegated`. Both follow from what is set here.
#[must_use = "nothing is changed until it is sent"]
#[derive(Clone, Debug)]
pub struct Update {
    connector: Connector,
    config: Option<types::AnyMessage>,
    rest: types::ConnectorInput,
    mask: Vec<&'static str>,
}

impl Update {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, config: None, rest: types::ConnectorInput::default(), mask: Vec::new() }
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

    /// Another description; an empty one clears it.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.rest.description = Some(description.into());
        self.masked("description")
    }

    /// Other users who look after it; none clears them. Legacy: [`Connector::owners`] is the current way.
    pub fn users(mut self, users: impl IntoIterator<Item = impl Into<UserId>>) -> Self {
        self.rest.user_ids = Some(users.into_iter().map(|user| user.into().to_string()).collect());
        self.masked("userIds")
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
        let Connector { client, app, id } = &self.connector;
        let ids = |input: types::ConnectorInput| types::ConnectorInput {
            app_id: Some(app.to_string()),
            id: Some(id.to_string()),
            ..input
        };
        let mut changed = None;
        if !self.mask.is_empty() {
            let request = types::ConnectorServiceUpdateDelegatedRequest {
                connector: Some(ids(self.rest)),
                update_mask: Some(self.mask.join(",")),
                ..Default::default()
            };
            changed = Some(client.api.update_delegated(app.as_str(), id.as_str(), &request).await?.connector_view);
        }
        if let Some(config) = self.config {
            let request = types::ConnectorServiceUpdateRequest {
                connector: Some(ids(types::ConnectorInput { config: Some(config), ..Default::default() })),
                update_mask: Some("config".to_owned()),
                ..Default::default()
            };
            let updated = client.api.update(app.as_str(), id.as_str(), &request).await;
            let half = |error: Error| {
                if changed.is_some() { error.in_context("all but the configuration was changed") } else { error }
            };
            changed = Some(updated.map_err(half)?.connector_view);
        }
        match changed {
            Some(view) => connector(view),
            None => Err(Error::new(Kind::Argument, "the update changes nothing; nothing was sent")),
        }
    }
}
