//! Creating a connector, and finding one that may have been created.

use std::fmt;
use std::time::Duration;

use connectors_runtime::{Error, IntoId, Kind, Sending};
use futures_util::TryStreamExt;
use serde_json::{Map, Value};

use crate::Entry;

use super::client::Client;
use super::config::{AuthFields, OAUTH_APP, as_given};
use super::connector::Connector;
use super::ids::{TypeName, kinds};
use super::said::accepted;
use super::types::{self, ConnectorAuthType, ConnectorScope};

/// How long the server may still process a request whose response was lost: the default timeout of an attempt.
const IN_FLIGHT: Duration = Duration::from_secs(30);
/// The time between two lists while a request may be in flight.
const INTERVAL: Duration = Duration::from_secs(5);

impl Client {
    /// Creates a connector of a type (case matters) under a display name. It belongs to the team unless
    /// [`CreateConnector::scope`] sets the other scope.
    ///
    /// ```no_run
    /// use connectors::pipeshub::{Client, types::ConnectorAuthType};
    ///
    /// # async fn example(ph: Client) -> Result<(), connectors::Error> {
    /// let created = ph
    ///     .create("S3", "Reports")
    ///     .auth_type(ConnectorAuthType::AccessKey)
    ///     .auth("bucket", "reports")
    ///     .auth("accessKey", "AKIA...")
    ///     .secret_auth("secretKey", "...")
    ///     .await?;
    /// println!("{} is configured: {:?}", created.handle().id(), created.is_configured);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(
        &self,
        connector_type: impl IntoId<kinds::ConnectorType>,
        name: impl Into<String>,
    ) -> CreateConnector {
        CreateConnector {
            client: self.clone(),
            connector_type: connector_type.into_id(),
            name: name.into(),
            scope: ConnectorScope::Team,
            auth_type: None,
            auth: AuthFields::new(),
            sync: None,
            filters: None,
            base_url: None,
        }
    }
}

/// A create request; see [`Client::create`]. `.await` sends it.
///
/// A create is not retried once the server may have processed it: the service has no idempotency keys.
/// [`CreateConnector::find_or_create`] finds the connector that such a call created.
///
/// # Errors
/// [`Error::may_have_happened`] if the response was lost or cannot be read. [`Error::is_bad_request`] if the name is
/// blank, or a connector of this type and scope already has it.
#[must_use = "nothing is created until it is awaited"]
#[derive(Clone)]
pub struct CreateConnector {
    client: Client,
    connector_type: TypeName,
    name: String,
    scope: ConnectorScope,
    auth_type: Option<ConnectorAuthType>,
    auth: AuthFields,
    sync: Option<Map<String, Value>>,
    filters: Option<Map<String, Value>>,
    base_url: Option<String>,
}

impl fmt::Debug for CreateConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateConnector")
            .field("connector_type", &self.connector_type)
            .field("name", &self.name)
            .field("scope", &self.scope)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

impl CreateConnector {
    /// Sets the scope: the team's, which requires an admin, or personal.
    pub fn scope(mut self, scope: ConnectorScope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets the authentication method, one of those that the connector type supports (default: the type's own).
    pub fn auth_type(mut self, auth_type: impl Into<Option<ConnectorAuthType>>) -> Self {
        self.auth_type = auth_type.into();
        self
    }

    /// Sets a field of its credentials, by its key in the `auth` section of the type's schema.
    pub fn auth(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.auth = self.auth.field(key, value);
        self
    }

    /// Sets a field like [`CreateConnector::auth`], to a text that is never printed.
    pub fn secret_auth(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.auth = self.auth.secret(key, value);
        self
    }

    /// Sets schedule and settings of the sync: the `sync` section of the type's schema.
    pub fn sync(mut self, sync: impl Into<Option<Map<String, Value>>>) -> Self {
        self.sync = sync.into();
        self
    }

    /// Sets the sync filters: the `filters` section of the type's schema.
    pub fn filters(mut self, filters: impl Into<Option<Map<String, Value>>>) -> Self {
        self.filters = filters.into();
        self
    }

    /// Sets the OAuth app of the instance that authorizes it. It is sent as a field of `auth`: the server ignores it at
    /// its place in the document.
    pub fn oauth_config<'a>(mut self, id: impl Into<Option<&'a str>>) -> Self {
        if let Some(id) = id.into() {
            self.auth = self.auth.field(OAUTH_APP, id);
        }
        self
    }

    /// Sets the public URL of the instance, with which OAuth redirect URLs begin.
    pub fn base_url<'a>(mut self, url: impl Into<Option<&'a str>>) -> Self {
        self.base_url = url.into().map(str::to_owned);
        self
    }

    async fn send(self) -> Result<Entry<Connector, types::CreatedConnector>, Error> {
        let extra = as_given([("sync", self.sync), ("filters", self.filters)]);
        let auth = (!self.auth.is_empty()).then(|| self.auth.into());
        let config =
            (auth.is_some() || !extra.is_empty()).then(|| types::InitialConfig { auth, extra, ..Default::default() });
        let request = types::CreateConnectorRequest {
            auth_type: self.auth_type,
            base_url: self.base_url,
            config,
            ..types::CreateConnectorRequest::new(self.connector_type.into(), self.name, self.scope)
        };
        let (value, rest) = accepted(self.client.api.connectors().create(&request).send().await?)?;
        let missing = |what| rest.incomplete(what).perhaps_done();
        let data = value.connector.ok_or_else(|| missing("the response has no connector"))?;
        let id = data.connector_id.as_deref().filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| missing("the response has no id of the new connector"))?;
        Ok(Entry::new(self.client.connector(id), data))
    }

    /// Finds the connector that an earlier attempt of this create made; creates one if there is none. A program that
    /// runs again after a failure does not create a second one.
    ///
    /// ```no_run
    /// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
    /// let connector = ph.create("S3", "Reports").auth("bucket", "reports").find_or_create().await?;
    /// println!("{}", connector.handle().id());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The service does not allow two connectors of one type and scope with the same name, so the name identifies it:
    /// see [`CreateConnector::find`]. If the response to the create is lost, this searches for the connector for up to
    /// 30 s. A connector that is found is returned unchanged: its configuration may differ.
    ///
    /// # Errors
    /// The errors of listing and of creating. [`Error::may_have_happened`] if the response was lost and no such
    /// connector appeared within 30 s.
    pub async fn find_or_create(self) -> Result<Entry<Connector, types::ConnectorInstance>, Error> {
        if let Some(found) = self.find().await? {
            return Ok(found);
        }
        let error = match self.clone().send().await {
            Ok(created) => {
                let connector = created.into_handle();
                let data = connector.get().await.map_err(|error| error.with_created(connector.id().as_str()))?;
                return Ok(Entry::new(connector, data));
            }
            Err(error) if error.may_have_happened() => error,
            Err(error) => {
                // Another program may have created it in between: then the name is in use.
                return match self.find().await {
                    Ok(Some(found)) if error.is_bad_request() => Ok(found),
                    _ => Err(error),
                };
            }
        };
        let clock = self.client.core.clock();
        let until = clock.now().checked_add(IN_FLIGHT);
        loop {
            match self.find().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) if until.is_none_or(|until| clock.now() < until) => clock.sleep(INTERVAL).await,
                Ok(None) => return Err(error.in_context("no such connector was found afterwards")),
                Err(failure) => return Err(error.in_context(&format!("searching for it failed ({failure})"))),
            }
        }
    }

    /// Finds the connector of this type, scope and name (case does not matter). `None` proves that there is none now:
    /// no earlier attempt of this create was processed, unless its request is still in flight.
    ///
    /// # Errors
    /// [`Error::is_conflict`] if there are several, which the service does not allow; the message has their ids.
    /// Otherwise the errors of listing.
    pub async fn find(&self) -> Result<Option<Entry<Connector, types::ConnectorInstance>>, Error> {
        let list = self.client.connectors(self.scope.clone()).of_type(&self.connector_type).list();
        let wanted = self.name.trim().to_lowercase();
        let same = |entry: &Entry<Connector, types::ConnectorInstance>| {
            entry.instance_name.as_deref().is_some_and(|name| name.trim().to_lowercase() == wanted)
        };
        let found: Vec<_> = list.try_filter(|entry| std::future::ready(same(entry))).try_collect().await?;
        if found.len() > 1 {
            let ids: Vec<&str> = found.iter().map(|entry| entry.handle().id().as_str()).collect();
            let message = format!("several connectors have this type, scope and name: {}", ids.join(", "));
            return Err(Error::new(Kind::Conflict, message));
        }
        Ok(found.into_iter().next())
    }
}

impl IntoFuture for CreateConnector {
    type Output = Result<Entry<Connector, types::CreatedConnector>, Error>;
    type IntoFuture = Sending<Entry<Connector, types::CreatedConnector>>;

    fn into_future(self) -> Self::IntoFuture {
        Sending::new(self.send())
    }
}
