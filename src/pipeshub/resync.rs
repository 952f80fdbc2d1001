//! Resyncs, which fetch records again, and reindexing, which indexes existing records again.

use connectors_runtime::{Error, Kind, Sending};

use super::connector::Connector;
use super::said::{accepted, refused};
use super::types::{self, ConnectorInstance, IndexingStatus};
use super::wait::is_syncing;

impl Connector {
    /// Fetches the records from the source again. Only for a connector whose sync is on: [`Connector::set_sync`]. Wait
    /// for it with [`Connector::wait_for_sync`].
    ///
    /// A resync cancels a running sync: [`Resynced::cancelled_a_sync`] reports it. The connector's `status` is then
    /// `IDLE` during the whole second sync.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// connector.resync().full_sync(true).await?;
    /// println!("{}", connector.wait_for_sync().wait().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resync(&self) -> Resync {
        Resync { connector: self.clone(), full_sync: None }
    }

    /// Indexes existing records again: by default, those that failed ([`Reindex::statuses`]). Only for a connector
    /// whose sync is on. Wait for it with [`Connector::wait_for_indexing`].
    ///
    /// ```no_run
    /// use connectors::pipeshub::types::IndexingStatus;
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// connector.reindex().statuses([IndexingStatus::Failed, IndexingStatus::Empty]).await?;
    /// connector.wait_for_indexing().wait().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reindex(&self) -> Reindex {
        Reindex { connector: self.clone(), statuses: None }
    }

    /// Reads the connector, and fails if its sync is off.
    async fn active(&self, operation: &'static str) -> Result<ConnectorInstance, Error> {
        let instance = self.get().await?;
        if instance.is_active == Some(true) {
            return Ok(instance);
        }
        let message = "the connector's sync is off, but must be on for this call; nothing was sent";
        Err(Error::new(Kind::Conflict, message).operation_named(operation))
    }
}

/// A resync request; see [`Connector::resync`]. `.await` reads the connector and sends it. It is not retried once the
/// server may have processed it.
///
/// # Errors
/// [`Error::is_conflict`] if the connector's sync is off, before anything is sent, or if the connector is locked.
/// [`Error::may_have_happened`] if no response arrived, or it does not contain a result. [`Error::is_refused`] if the
/// response reports that no sync was queued.
#[must_use = "nothing is sent until it is awaited"]
#[derive(Clone, Debug)]
pub struct Resync {
    connector: Connector,
    full_sync: Option<bool>,
}

/// The result of a [`Resync`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Resynced {
    data: types::ResyncOutcome,
    cancelled: bool,
    client_managed: bool,
}

impl Resynced {
    /// The server's response.
    #[must_use]
    pub fn data(&self) -> &types::ResyncOutcome {
        &self.data
    }

    /// Whether the resync cancelled a running sync.
    #[must_use]
    pub fn cancelled_a_sync(&self) -> bool {
        self.cancelled
    }

    /// Whether no sync begins on the server: for a Local FS connector, a client sends the files
    /// ([`Connector::upload`]).
    #[must_use]
    pub fn is_client_managed(&self) -> bool {
        self.client_managed
    }
}

impl Resync {
    /// Sets whether to read everything, instead of only the changes.
    pub fn full_sync(mut self, full: impl Into<Option<bool>>) -> Self {
        self.full_sync = full.into();
        self
    }

    async fn send(self) -> Result<Resynced, Error> {
        let instance = self.connector.active("resync").await?;
        let name = instance.connector_type.as_deref().map(resync_name).filter(|name| !name.is_empty());
        let Some(name) = name else {
            let message = "the response has no connector type; nothing was sent";
            return Err(Error::new(Kind::Conflict, message).operation_named("resync"));
        };
        let request = types::ResyncRequest { full_sync: self.full_sync, ..types::ResyncRequest::new(name) };
        let Connector { client, id } = &self.connector;
        let response = client.api.connectors().resync(id, &request).send().await.map_err(|error| {
            if error.status() == Some(500) {
                error.in_context("a token without the scope `connector:read` or `kb:write` may be the reason")
            } else {
                error
            }
        })?;
        let (value, rest) = response.into_parts();
        let data = value.resync_connector_response;
        let missing = || rest.incomplete("the response has no resyncConnectorResponse").perhaps_done();
        let data = data.ok_or_else(missing)?;
        if data.success == Some(false) {
            return Err(refused(&rest, data.error.as_deref()));
        }
        let dispatch = |extra: &types::Extra| extra.get("dispatch").is_some_and(|by| by == "client_managed");
        let client_managed = dispatch(&data.extra) || dispatch(&value.extra);
        Ok(Resynced { cancelled: is_syncing(&instance) && !client_managed, client_managed, data })
    }
}

impl IntoFuture for Resync {
    type Output = Result<Resynced, Error>;
    type IntoFuture = Sending<Resynced>;

    fn into_future(self) -> Self::IntoFuture {
        Sending::new(self.send())
    }
}

/// The type's name in the form that a resync needs: lower case, without spaces.
fn resync_name(connector_type: &str) -> String {
    connector_type.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
}

/// A reindex request; see [`Connector::reindex`]. `.await` reads the connector and sends it. It is not retried once the
/// server may have processed it.
///
/// # Errors
/// [`Error::is_conflict`] if the connector's sync is off, before anything is sent, or if the connector is locked.
/// [`Error::may_have_happened`] if no response arrived.
#[must_use = "nothing is sent until it is awaited"]
#[derive(Clone, Debug)]
pub struct Reindex {
    connector: Connector,
    statuses: Option<Vec<IndexingStatus>>,
}

impl Reindex {
    /// Only records in one of these states.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = impl Into<IndexingStatus>>) -> Self {
        self.statuses = Some(statuses.into_iter().map(Into::into).collect());
        self
    }

    async fn send(self) -> Result<types::ReindexResponse, Error> {
        self.connector.active("reindex").await?;
        let Connector { client, id } = &self.connector;
        let mut request = client.api.connectors().reindex(id);
        if let Some(statuses) = self.statuses {
            request = request.body(&types::ReindexRequest { status_filters: Some(statuses), ..Default::default() });
        }
        Ok(accepted(request.send().await?)?.0)
    }
}

impl IntoFuture for Reindex {
    type Output = Result<types::ReindexResponse, Error>;
    type IntoFuture = Sending<types::ReindexResponse>;

    fn into_future(self) -> Self::IntoFuture {
        Sending::new(self.send())
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
