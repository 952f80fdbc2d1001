//! What a connector is configured with.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::Error;

use super::connector::{Connector, accepted, said};
use super::types;

/// The fields by which a connector proves itself to what it reads, by the keys of its type's schema.
///
/// ```
/// use connectors::pipeshub::AuthFields;
///
/// let auth = AuthFields::new().field("bucket", "reports").field("useTls", true).secret("secretKey", "s3cret");
/// assert!(!format!("{auth:?}").contains("s3cret") && !format!("{auth:?}").contains("reports"));
/// ```
///
/// They are sent as one flat map, which is what the service reads, whatever its document says.
#[derive(Clone, Default)]
pub struct AuthFields {
    fields: Vec<(String, Field)>,
}

#[derive(Clone)]
enum Field {
    Plain(Value),
    Secret(SecretString),
}

impl AuthFields {
    /// No fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A field: text, a number, a truth value, or any JSON.
    #[must_use]
    pub fn field(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.push((key.into(), Field::Plain(value.into())));
        self
    }

    /// A text that nothing prints.
    #[must_use]
    pub fn secret(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push((key.into(), Field::Secret(SecretString::from(value.into()))));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl fmt::Debug for AuthFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are not printed at all: what is secret is for the type's schema to say, not for us to guess.
        f.debug_list().entries(self.fields.iter().map(|(key, _)| key)).finish()
    }
}

impl From<AuthFields> for types::ConnectorAuthConfig {
    fn from(auth: AuthFields) -> Self {
        let value = |field: Field| match field {
            Field::Plain(value) => value,
            Field::Secret(secret) => Value::String(secret.expose_secret().to_owned()),
        };
        auth.fields.into_iter().map(|(key, field)| (key, value(field))).collect()
    }
}

/// Puts maps that are sent as they are beside what the document names.
pub(super) fn as_given(sections: [(&str, Option<Map<String, Value>>); 2]) -> types::Extra {
    let given = sections.into_iter().filter_map(|(name, map)| Some((name.to_owned(), Value::Object(map?))));
    given.collect()
}

impl Connector {
    /// Reads the configuration. Its secrets come in clear, unless the server is new enough to mask those that the type's
    /// schema marks; `Debug` of what is answered prints none of them.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let settings = connector.config().await?.config.unwrap_or_default();
    /// println!("{:?}", settings.filters);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn config(&self) -> Result<types::ConnectorConfig, Error> {
        let answer = self.client.api.get_config(self.id.as_str()).await?;
        accepted(answer.success, said(&answer.extra), "get_config")?;
        answer.config.ok_or_else(|| super::connector::missing("config"))
    }

    /// Replaces the configuration, section by section: what is not set here stays. Only while the connector's sync is off: an
    /// active one is refused (400). Other fields of `auth` undo a sign-in: see [`Connector::authorize`].
    ///
    /// ```no_run
    /// use connectors::pipeshub::AuthFields;
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let auth = AuthFields::new().field("bucket", "reports").secret("secretKey", "...");
    /// connector.set_config().auth(auth).base_url("https://pipeshub.example.com").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_config(&self) -> SetConfig {
        SetConfig { connector: self.clone(), auth: None, sync: None, filters: None, base_url: None }
    }

    /// Replaces the fields by which the connector proves itself. Undoes a sign-in: see [`Connector::authorize`].
    ///
    /// ```no_run
    /// use connectors::pipeshub::AuthFields;
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// connector.set_auth(AuthFields::new().field("accessKey", "AKIA...").secret("secretKey", "...")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_bad_request`] if the connector's sync is on, or a field is missing.
    pub async fn set_auth(&self, auth: AuthFields) -> Result<types::ConfigUpdateResponse, Error> {
        let request = types::UpdateConnectorAuthRequest::new(auth.into());
        let answer = self.client.api.update_auth_config(self.id.as_str(), &request).await?;
        accepted(answer.success, answer.message.as_deref(), "update_auth_config")?;
        Ok(answer)
    }

    /// Replaces the schedule and the filters of the sync. Only while the connector's sync is off: an active one is refused
    /// (400).
    ///
    /// ```no_run
    /// use serde_json::{Map, json};
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let buckets = json!({"buckets": {"operator": "in", "value": ["logs"]}});
    /// let filters = Map::from_iter([("sync".to_owned(), buckets)]);
    /// let answer = connector.set_sync_filters().filters(filters).send().await?;
    /// println!("everything anew: {}", answer.sync_filters_changed.unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_sync_filters(&self) -> SetSyncFilters {
        SetSyncFilters { connector: self.clone(), sync: None, filters: None, base_url: None }
    }
}

/// Another configuration; see [`Connector::set_config`].
#[must_use = "nothing is changed until it is sent"]
#[derive(Clone)]
pub struct SetConfig {
    connector: Connector,
    auth: Option<AuthFields>,
    sync: Option<Map<String, Value>>,
    filters: Option<Map<String, Value>>,
    base_url: Option<String>,
}

impl fmt::Debug for SetConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetConfig")
            .field("connector", &self.connector.id)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

impl SetConfig {
    /// The fields by which it proves itself.
    pub fn auth(mut self, auth: AuthFields) -> Self {
        self.auth = Some(auth);
        self
    }

    /// The `sync` section, as the type's schema has it.
    pub fn sync(mut self, sync: Map<String, Value>) -> Self {
        self.sync = Some(sync);
        self
    }

    /// The `filters` section, as the type's schema has it.
    pub fn filters(mut self, filters: Map<String, Value>) -> Self {
        self.filters = Some(filters);
        self
    }

    /// Where people reach the instance, which addresses of OAuth are made from.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sends the change.
    ///
    /// # Errors
    /// [`Error::is_bad_request`] if the connector's sync is on, nothing was set, or a field is missing.
    pub async fn send(self) -> Result<types::ConfigUpdateResponse, Error> {
        let request = types::UpdateConnectorConfigRequest {
            auth: self.auth.map(Into::into),
            base_url: self.base_url,
            extra: as_given([("sync", self.sync), ("filters", self.filters)]),
            ..Default::default()
        };
        let Connector { client, id } = &self.connector;
        let answer = client.api.update_config(id.as_str(), &request).await?;
        accepted(answer.success, answer.message.as_deref(), "update_config")?;
        Ok(answer)
    }
}

/// Another schedule and other filters; see [`Connector::set_sync_filters`].
#[must_use = "nothing is changed until it is sent"]
#[derive(Clone)]
pub struct SetSyncFilters {
    connector: Connector,
    sync: Option<Map<String, Value>>,
    filters: Option<Map<String, Value>>,
    base_url: Option<String>,
}

impl fmt::Debug for SetSyncFilters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetSyncFilters").field("connector", &self.connector.id).finish_non_exhaustive()
    }
}

impl SetSyncFilters {
    /// The `sync` section, as the type's schema has it.
    pub fn sync(mut self, sync: Map<String, Value>) -> Self {
        self.sync = Some(sync);
        self
    }

    /// The `filters` section, as the type's schema has it.
    pub fn filters(mut self, filters: Map<String, Value>) -> Self {
        self.filters = Some(filters);
        self
    }

    /// Where people reach the instance, which addresses of OAuth are made from.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sends the change. The answer's `sync_filters_changed` says whether the next sync has to be a full one.
    ///
    /// # Errors
    /// [`Error::is_bad_request`] if the connector's sync is on, or nothing was set.
    pub async fn send(self) -> Result<types::FiltersSyncResponse, Error> {
        let request = types::UpdateConnectorFiltersSyncRequest {
            base_url: self.base_url,
            extra: as_given([("sync", self.sync), ("filters", self.filters)]),
            ..Default::default()
        };
        let Connector { client, id } = &self.connector;
        let answer = client.api.update_filters_sync_config(id.as_str(), &request).await?;
        accepted(answer.success, answer.message.as_deref(), "update_filters_sync_config")?;
        Ok(answer)
    }
}
