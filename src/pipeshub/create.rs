//! Creating a connector.

use std::fmt;

use serde_json::{Map, Value};

use crate::Error;

use super::client::Client;
use super::config::{AuthFields, as_given};
use super::connector::{Connector, accepted, missing};
use super::ids::TypeName;
use super::types::{self, ConnectorAuthType, ConnectorScope};

impl Client {
    /// Creates a connector of a type (capitals matter) under a name for people, for the team unless
    /// [`CreateConnector::scope`] says otherwise.
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
    ///     .send()
    ///     .await?;
    /// println!("{}", created.connector().id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, connector_type: impl Into<TypeName>, name: impl Into<String>) -> CreateConnector {
        CreateConnector {
            client: self.clone(),
            connector_type: connector_type.into(),
            name: name.into(),
            scope: ConnectorScope::Team,
            auth_type: None,
            auth: AuthFields::new(),
            sync: None,
            filters: None,
            oauth_config: None,
            base_url: None,
        }
    }
}

/// A connector about to be created; see [`Client::create`].
#[must_use = "nothing is created until it is sent"]
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
    oauth_config: Option<String>,
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
    /// Whose it is: the team's, which takes an admin, or one's own.
    pub fn scope(mut self, scope: ConnectorScope) -> Self {
        self.scope = scope;
        self
    }

    /// By which of the ways of its type it proves itself; the type's own choice otherwise.
    pub fn auth_type(mut self, auth_type: ConnectorAuthType) -> Self {
        self.auth_type = Some(auth_type);
        self
    }

    /// A field by which it proves itself, by its key in the `auth` of the type's schema.
    pub fn auth(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.auth = self.auth.field(key, value);
        self
    }

    /// As [`CreateConnector::auth`], for a text that nothing prints.
    pub fn secret_auth(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.auth = self.auth.secret(key, value);
        self
    }

    /// When and how it syncs: the `sync` section, as the type's schema has it.
    pub fn sync(mut self, sync: Map<String, Value>) -> Self {
        self.sync = Some(sync);
        self
    }

    /// What it syncs: the `filters` section, as the type's schema has it.
    pub fn filters(mut self, filters: Map<String, Value>) -> Self {
        self.filters = Some(filters);
        self
    }

    /// The OAuth app, kept with the instance, that its login goes through.
    pub fn oauth_config(mut self, id: impl Into<String>) -> Self {
        self.oauth_config = Some(id.into());
        self
    }

    /// Where people reach the instance, which addresses of OAuth are made from.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Creates it. Never sent again once it may have been carried out: the service has no idempotency keys, and a second call makes
    /// a second connector.
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no answer came: look before trying again.
    pub async fn send(self) -> Result<Created, Error> {
        let extra = as_given([("sync", self.sync), ("filters", self.filters)]);
        let auth = (!self.auth.is_empty()).then(|| self.auth.into());
        let config =
            (auth.is_some() || !extra.is_empty()).then(|| types::InitialConfig { auth, extra, ..Default::default() });
        let request = types::CreateConnectorRequest {
            auth_type: self.auth_type,
            base_url: self.base_url,
            config,
            oauth_config_id: self.oauth_config,
            ..types::CreateConnectorRequest::new(self.connector_type.to_string(), self.name, self.scope)
        };
        let answer = self.client.api.create(&request).await?;
        accepted(answer.success, answer.message.as_deref(), "create")?;
        let missing = |what| missing(what).operation_named("create").perhaps_done();
        let connector = answer.connector.ok_or_else(|| missing("connector"))?;
        let id = connector.connector_id.clone().ok_or_else(|| missing("id of the new connector"))?;
        Ok(Created { connector: self.client.connector(id), answer: connector })
    }
}

/// A connector just created; see [`CreateConnector::send`].
#[derive(Clone, Debug)]
pub struct Created {
    connector: Connector,
    answer: types::CreatedConnector,
}

impl Created {
    /// The connector.
    #[must_use]
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// The connector, to keep.
    pub fn into_connector(self) -> Connector {
        self.connector
    }

    /// What the service says of it: whether it is configured, and whether it has proved itself. One of an OAuth type has
    /// not until [`Connector::authorize`].
    #[must_use]
    pub fn answer(&self) -> &types::CreatedConnector {
        &self.answer
    }
}
