//! Bringing records anew, and indexing them anew: two different things.

use crate::Error;
use crate::error::Kind;

use super::connector::{Connector, accepted, missing};
use super::types::{self, ConnectorInstance, IndexingStatus};

impl Connector {
    /// Has the records brought again from where they are. Only for a connector whose sync is on:
    /// [`Connector::set_sync`]. Wait for it with [`Connector::wait_for_sync`].
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// connector.resync().full_sync(true).send().await?;
    /// println!("{}", connector.wait_for_sync().wait().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resync(&self) -> Resync {
        Resync { connector: self.clone(), full_sync: None }
    }

    /// Has records that are here already indexed again; those that failed, unless [`Reindex::statuses`] says otherwise.
    /// Only for a connector whose sync is on. Wait for it with [`Connector::wait_for_indexing`].
    ///
    /// ```no_run
    /// use connectors::pipeshub::types::IndexingStatus;
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// connector.reindex().statuses([IndexingStatus::Failed, IndexingStatus::Empty]).send().await?;
    /// connector.wait_for_indexing().wait().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reindex(&self) -> Reindex {
        Reindex { connector: self.clone(), statuses: None }
    }

    /// Reads the connector, and refuses if its sync is off.
    async fn active(&self, operation: &'static str) -> Result<ConnectorInstance, Error> {
        let instance = self.get().await?;
        if instance.is_active == Some(true) {
            return Ok(instance);
        }
        let message = "only for a connector whose sync is on, and this one's is not; nothing was sent";
        Err(Error::new(Kind::Conflict, message).operation_named(operation))
    }
}

/// A resync about to be asked for; see [`Connector::resync`].
#[must_use = "nothing is asked for until it is sent"]
#[derive(Clone, Debug)]
pub struct Resync {
    connector: Connector,
    full_sync: Option<bool>,
}

impl Resync {
    /// Whether to read everything anew, rather than what has changed.
    pub fn full_sync(mut self, full: bool) -> Self {
        self.full_sync = Some(full);
        self
    }

    /// Reads the connector and asks for the resync. Never sent again once it may have been carried out.
    ///
    /// # Errors
    /// [`Error::is_conflict`] if its sync is off, before anything is sent, or if one runs already;
    /// [`Error::may_have_happened`] if no answer came, or one that does not say; [`Error::is_refused`] if the answer says that
    /// no sync was queued.
    pub async fn send(self) -> Result<types::ResyncOutcome, Error> {
        let instance = self.connector.active("resync").await?;
        let name = instance.connector_type.as_deref().map(resync_name).filter(|name| !name.is_empty());
        let Some(name) = name else {
            let message = "the connector does not say of which type it is; nothing was sent";
            return Err(Error::new(Kind::Conflict, message).operation_named("resync"));
        };
        let request = types::ResyncRequest { full_sync: self.full_sync, ..types::ResyncRequest::new(name) };
        let Connector { client, id } = &self.connector;
        let outcome = client.api.resync(id.as_str(), &request).await?.resync_connector_response;
        let outcome = outcome.ok_or_else(|| missing("resyncConnectorResponse").perhaps_done())?;
        accepted(outcome.success, outcome.error.as_deref(), "resync")?;
        Ok(outcome)
    }
}

/// The type's name as a resync wants it: lower case, without spaces.
fn resync_name(connector_type: &str) -> String {
    connector_type.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
}

/// A reindexing about to be asked for; see [`Connector::reindex`].
#[must_use = "nothing is asked for until it is sent"]
#[derive(Clone, Debug)]
pub struct Reindex {
    connector: Connector,
    statuses: Option<Vec<IndexingStatus>>,
}

impl Reindex {
    /// Only records whose indexing has come to one of these.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = impl Into<IndexingStatus>>) -> Self {
        self.statuses = Some(statuses.into_iter().map(Into::into).collect());
        self
    }

    /// Reads the connector and asks for the reindexing. Never sent again once it may have been carried out.
    ///
    /// # Errors
    /// [`Error::is_conflict`] if its sync is off, before anything is sent, or if it is locked;
    /// [`Error::may_have_happened`] if no answer came.
    pub async fn send(self) -> Result<types::ReindexResponse, Error> {
        self.connector.active("reindex").await?;
        let request = self
            .statuses
            .map(|statuses| types::ReindexRequest { status_filters: Some(statuses), ..Default::default() });
        let Connector { client, id } = &self.connector;
        let answer = client.api.reindex(id.as_str(), request.as_ref()).await?;
        accepted(answer.success, answer.message.as_deref(), "reindex")?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resync_names_the_type_in_lower_case_without_spaces() {
        assert_eq!(resync_name("DRIVE WORKSPACE"), "driveworkspace");
        assert_eq!(resync_name("S3"), "s3");
    }
}
