//! One connector.

use connectors_runtime::{Error, IntoId, RequestOptions};

use super::client::Client;
use super::ids::{ConnectorId, kinds};
use super::said::accepted;
use super::types;

impl Client {
    /// Returns the handle of one connector. Sends nothing.
    pub fn connector(&self, id: impl IntoId<kinds::ConnectorId>) -> Connector {
        Connector::new(self.clone(), id.into_id())
    }
}

/// A handle of one connector of an instance; see [`Client::connector`].
///
/// ```no_run
/// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
/// let connector = ph.connector("connector-id");
/// println!("{:?}", connector.get().await?.instance_name);
/// connector.rename("Reports of all teams").await?;
/// println!("{:?} records", connector.stats().await?.stats.and_then(|counts| counts.total));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Connector {
    pub(super) client: Client,
    pub(super) id: ConnectorId,
}

impl PartialEq for Connector {
    /// Equal if they have the same server and the same id.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.client.core.base_url() == other.client.core.base_url()
    }
}

impl Connector {
    pub(super) fn new(client: Client, id: ConnectorId) -> Self {
        Self { client, id }
    }

    /// Its id: the `connectorId` of a create, and the `_key` of every read.
    #[must_use]
    pub fn id(&self) -> &ConnectorId {
        &self.id
    }

    /// The client that the handle belongs to.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Reads the connector.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is no connector with this id.
    pub async fn get(&self) -> Result<types::ConnectorInstance, Error> {
        let (value, rest) = accepted(self.client.api.connectors().get(&self.id).send().await?)?;
        value.connector.ok_or_else(|| rest.incomplete("the response has no connector"))
    }

    /// Changes its display name.
    ///
    /// # Errors
    /// [`Error::is_bad_request`] if the name is blank, in use, or unchanged.
    pub async fn rename(&self, name: impl Into<String>) -> Result<types::RenamedConnector, Error> {
        let request = types::UpdateConnectorNameRequest::new(name.into());
        let (value, rest) = accepted(self.client.api.connectors().rename(&self.id, &request).send().await?)?;
        value.connector.ok_or_else(|| rest.incomplete("the response has no connector"))
    }

    /// Counts its records, by indexing state.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is no connector with this id. The server itself returns 500 in that case, so
    /// after a 500 this method reads the connector.
    pub async fn stats(&self) -> Result<types::ConnectorStatsData, Error> {
        let response = match self.client.api.connectors().stats(&self.id).send().await {
            Err(error) if error.status() == Some(500) => {
                // It is not retried: it only explains the failure.
                return match self.client.api.connectors().get(&self.id).attempts(1).send().await {
                    Err(gone) if gone.is_not_found() => Err(gone),
                    _ => Err(error),
                };
            }
            response => response?,
        };
        let (value, rest) = accepted(response)?;
        value.data.ok_or_else(|| rest.incomplete("the response has no data"))
    }
}
