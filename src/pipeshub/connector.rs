//! One connector.

use crate::Error;
use crate::error::Kind;

use super::client::Client;
use super::ids::ConnectorId;
use super::types;
use super::wait::Deletion;

/// One connector of an instance; see [`Client::connector`].
///
/// ```no_run
/// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
/// let connector = ph.connector("connector-id");
/// println!("{}", connector.get().await?.instance_name.unwrap_or_default());
/// connector.rename("Reports of all teams").await?;
/// let records = connector.stats().await?.stats.and_then(|counts| counts.total);
/// println!("{} records", records.unwrap_or_default());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Connector {
    pub(super) client: Client,
    pub(super) id: ConnectorId,
}

impl Connector {
    pub(super) fn new(client: Client, id: ConnectorId) -> Self {
        Self { client, id }
    }

    /// Its id: the `connectorId` that creating it answered, and the `_key` of every read.
    #[must_use]
    pub fn id(&self) -> &ConnectorId {
        &self.id
    }

    /// Reads the connector.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none with this id.
    pub async fn get(&self) -> Result<types::ConnectorInstance, Error> {
        let answer = self.client.api.get(self.id.as_str()).await?;
        accepted(answer.success, said(&answer.extra), "get")?;
        answer.connector.ok_or_else(|| missing("connector"))
    }

    /// Gives it another name for people.
    ///
    /// # Errors
    /// [`Error::is_refused`] if the service answers that it did not; otherwise see [`Error`].
    pub async fn rename(&self, name: impl Into<String>) -> Result<types::RenamedConnector, Error> {
        let request = types::UpdateConnectorNameRequest::new(name.into());
        let answer = self.client.api.rename(self.id.as_str(), &request).await?;
        accepted(answer.success, said(&answer.extra), "rename")?;
        answer.connector.ok_or_else(|| missing("connector"))
    }

    /// How many records it has brought, by how far their indexing has come.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn stats(&self) -> Result<types::ConnectorStatsData, Error> {
        let answer = self.client.api.stats(self.id.as_str()).await?;
        accepted(answer.success, said(&answer.extra), "stats")?;
        answer.data.ok_or_else(|| missing("data"))
    }

    /// Begins to delete the connector and what it brought, and gives back what to wait for the end with: the service
    /// deletes after it has answered.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// connector.delete().await?.wait().await?;
    /// assert!(connector.get().await.is_err_and(|error| error.is_not_found()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_conflict`] if it is locked or in use; [`Error::is_not_found`] if there is none with this id. Neither if
    /// an attempt before, whose answer was lost, may have begun to delete it and the connector reads so.
    pub async fn delete(&self) -> Result<Deletion, Error> {
        let answer = match self.client.api.delete(self.id.as_str()).await {
            Ok(answer) => {
                accepted(answer.success, answer.message.as_deref(), "delete")?;
                answer
            }
            // Sent again after an answer was lost, it finds what the first one began.
            Err(error) if error.follows_doubt() && (error.is_conflict() || error.is_not_found()) => {
                match self.get().await {
                    Err(gone) if gone.is_not_found() => {}
                    Ok(left) if left.status == Some(types::ConnectorInstanceStatus::Deleting) => {}
                    _ => return Err(error),
                }
                types::DeletedConnector { connector_id: Some(self.id.to_string()), ..Default::default() }
            }
            Err(error) => return Err(error),
        };
        Ok(Deletion::new(self.clone(), answer))
    }
}

pub(super) fn missing(what: &str) -> Error {
    Error::new(Kind::Decode, format!("the answer has no {what}"))
}

/// The server's reason, in an answer for which the document has none.
pub(super) fn said(extra: &types::Extra) -> Option<&str> {
    extra.get("message")?.as_str()
}

/// An answer of 200 can say that nothing was done.
pub(super) fn accepted(success: Option<bool>, message: Option<&str>, operation: &'static str) -> Result<(), Error> {
    if success != Some(false) {
        return Ok(());
    }
    let message =
        message.filter(|text| !text.is_empty()).unwrap_or("the server says, without a reason, that it failed");
    Err(Error::new(Kind::Refused, message).operation_named(operation))
}
