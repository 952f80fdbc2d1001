//! The configuration of a connector.

use std::fmt;

use connectors_runtime::auth::{ExposeSecret, SecretString};
use connectors_runtime::{Error, Kind, Sending};
use serde_json::{Map, Value};

use super::connector::Connector;
use super::said::accepted;
use super::types::{self, ConfigUpdateResponse, FiltersSyncResponse};

/// The field of `auth` that names an OAuth app of the instance.
pub(super) const OAUTH_APP: &str = "oauthConfigId";

/// The credentials of a connector at its source: fields by the keys of its type's schema.
///
/// ```
/// use connectors::pipeshub::AuthFields;
///
/// let auth = AuthFields::new().field("bucket", "reports").field("useTls", true).secret("secretKey", "s3cret");
/// assert!(!format!("{auth:?}").contains("s3cret") && !format!("{auth:?}").contains("reports"));
/// ```
///
/// They are sent as one flat map, which the server requires; its document describes another format.
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
    /// Starts without fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field: a text, a number, a boolean, or any other JSON.
    #[must_use]
    pub fn field(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.push((key.into(), Field::Plain(value.into())));
        self
    }

    /// Adds a text that is never printed.
    #[must_use]
    pub fn secret(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push((key.into(), Field::Secret(SecretString::from(value.into()))));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn has(&self, key: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == key)
    }
}

impl fmt::Debug for AuthFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No value is printed: which values are secret is known only to the type's schema.
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

/// Builds the members that the document does not have.
pub(super) fn as_given(sections: [(&str, Option<Map<String, Value>>); 2]) -> types::Extra {
    let given = sections.into_iter().filter_map(|(name, map)| Some((name.to_owned(), Value::Object(map?))));
    given.collect()
}

impl Connector {
    /// Reads the configuration. The server returns secrets in clear text, unless it is new enough to mask the fields
    /// that the type's schema marks as secret. `Debug` of the result prints no secret.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// println!("{:?}", connector.config().await?.config);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is no connector with this id.
    pub async fn config(&self) -> Result<types::ConnectorConfig, Error> {
        let (value, rest) = accepted(self.client.api.config().get_config(&self.id).send().await?)?;
        value.config.ok_or_else(|| rest.incomplete("the response has no config"))
    }

    /// Changes credentials and schedule. Only while the connector's sync is off: otherwise the server rejects it (400).
    /// For filters use [`Connector::set_sync_filters`].
    ///
    /// Sections that are not set here do not change. The server merges each section: fields that are not named do not
    /// change either, and a nested object is replaced as a whole.
    ///
    /// ```no_run
    /// use connectors::pipeshub::AuthFields;
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let auth = AuthFields::new().field("bucket", "reports").secret("secretKey", "...");
    /// connector.set_config().auth(auth).base_url("https://pipeshub.example.com").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_config(&self) -> SetConfig {
        SetConfig { connector: self.clone(), auth: None, sync: None, base_url: None }
    }

    /// Changes the connector's credentials at its source. Only while its sync is off. It revokes the connector's
    /// authorization: see [`Connector::authorize`].
    ///
    /// The server merges: fields that are not named do not change, and a nested object is replaced as a whole.
    ///
    /// A connector of an OAuth type uses an OAuth app, which the instance stores under its own id. The server requires
    /// that id to change the app's client id or secret. This method reads the id from the configuration, unless the
    /// fields contain `oauthConfigId`. [`AuthChange::oauth_app`] returns it: **other connectors may use the same app**.
    ///
    /// ```no_run
    /// use connectors::pipeshub::AuthFields;
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let changed = connector.set_auth(AuthFields::new().secret("clientSecret", "...")).await?;
    /// if let Some(app) = changed.oauth_app() {
    ///     println!("the secret of the OAuth app {app} was changed");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_bad_request`] if the connector's sync is on, or a field is missing.
    pub async fn set_auth(&self, auth: AuthFields) -> Result<AuthChange, Error> {
        let auth = self.with_oauth_app(auth).await?;
        self.put_auth(auth, None).await
    }

    /// Adds the id of the connector's OAuth app, if the fields change that app and do not name it.
    async fn with_oauth_app(&self, auth: AuthFields) -> Result<AuthFields, Error> {
        if auth.has(OAUTH_APP) || !is_of_oauth_app(&auth) {
            return Ok(auth);
        }
        let settings = self.config().await?.config;
        let app = settings.as_ref().and_then(|settings| settings.auth.as_ref()?.get(OAUTH_APP)?.as_str());
        Ok(match app.filter(|app| !app.is_empty()) {
            Some(app) => auth.field(OAUTH_APP, app),
            None => auth,
        })
    }

    async fn put_auth(&self, auth: AuthFields, base_url: Option<String>) -> Result<AuthChange, Error> {
        let auth = types::ConnectorAuthConfig::from(auth);
        let changes_app = CLIENT_FIELDS.iter().any(|field| auth.contains_key(*field));
        let oauth_app = auth.get(OAUTH_APP).and_then(Value::as_str).filter(|_| changes_app).map(str::to_owned);
        let request = types::UpdateConnectorAuthRequest { base_url, ..types::UpdateConnectorAuthRequest::new(auth) };
        let (data, _) = accepted(self.client.api.config().update_auth_config(&self.id, &request).send().await?)?;
        Ok(AuthChange { data, oauth_app })
    }

    /// Changes the filters and the schedule of the sync: **the way to change filters**. Only while the connector's sync
    /// is off: otherwise the server rejects it (400), unless [`SetSyncFilters::switch_off_and_on`] is set.
    ///
    /// The server merges each section: fields that are not named do not change, and a nested object is replaced as a
    /// whole.
    ///
    /// ```no_run
    /// use serde_json::{Map, json};
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let buckets = json!({"buckets": {"operator": "in", "value": ["logs"]}});
    /// let filters = Map::from_iter([("sync".to_owned(), buckets)]);
    /// let changed = connector.set_sync_filters().filters(filters).switch_off_and_on().await?;
    /// println!("the next sync reads everything: {:?}", changed.sync_filters_changed);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_sync_filters(&self) -> SetSyncFilters {
        SetSyncFilters { connector: self.clone(), sync: None, filters: None, switches: Switches::No }
    }
}

/// The fields that belong to an OAuth app, not to a connector.
const CLIENT_FIELDS: [&str; 2] = ["clientId", "clientSecret"];

fn is_of_oauth_app(auth: &AuthFields) -> bool {
    CLIENT_FIELDS.iter().any(|field| auth.has(field))
}

/// The result of [`Connector::set_auth`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthChange {
    data: ConfigUpdateResponse,
    oauth_app: Option<String>,
}

impl AuthChange {
    /// The server's response.
    #[must_use]
    pub fn data(&self) -> &ConfigUpdateResponse {
        &self.data
    }

    /// The id of the OAuth app whose client id or secret was changed. Other connectors may use it, too.
    #[must_use]
    pub fn oauth_app(&self) -> Option<&str> {
        self.oauth_app.as_deref()
    }
}

/// An update of the configuration; see [`Connector::set_config`]. `.await` sends it.
///
/// # Errors
/// [`Error::is_bad_request`] if the connector's sync is on, or a field is missing. [`Error::is_partial`] if the
/// credentials were changed and the rest failed: the credentials of an OAuth app need a separate request.
#[must_use = "nothing is sent until it is awaited"]
#[derive(Clone)]
pub struct SetConfig {
    connector: Connector,
    auth: Option<AuthFields>,
    sync: Option<Map<String, Value>>,
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
    /// Sets the credentials at the source; for an OAuth app see [`Connector::set_auth`].
    pub fn auth(mut self, auth: impl Into<Option<AuthFields>>) -> Self {
        self.auth = auth.into();
        self
    }

    /// Sets schedule and settings of the sync: the `sync` section of the type's schema.
    pub fn sync(mut self, sync: impl Into<Option<Map<String, Value>>>) -> Self {
        self.sync = sync.into();
        self
    }

    /// Sets the public URL of the instance, with which OAuth redirect URLs begin.
    pub fn base_url<'a>(mut self, url: impl Into<Option<&'a str>>) -> Self {
        self.base_url = url.into().map(str::to_owned);
        self
    }

    async fn send(self) -> Result<ConfigUpdateResponse, Error> {
        let Self { connector, mut auth, sync, base_url } = self;
        if auth.is_none() && sync.is_none() && base_url.is_none() {
            return Err(Error::new(Kind::Argument, "the update is empty; nothing was sent"));
        }
        let mut changed = None;
        if let Some(fields) = auth.take_if(|auth| is_of_oauth_app(auth)) {
            // If it were part of a whole configuration, the server would keep the app's old secret.
            let fields = connector.with_oauth_app(fields).await?;
            changed = Some(connector.put_auth(fields, base_url.clone()).await?.data);
        }
        if let (Some(changed), None) = (&changed, &sync) {
            return Ok(changed.clone());
        }
        let request = types::UpdateConnectorConfigRequest {
            auth: auth.map(Into::into),
            base_url,
            extra: as_given([("sync", sync), ("filters", None)]),
            ..Default::default()
        };
        let sent = connector.client.api.config().update_config(&connector.id, &request).send().await;
        match sent.and_then(accepted) {
            Ok((data, _)) => Ok(data),
            Err(error) if changed.is_some() => {
                Err(error.in_context("the credentials were changed, but the rest was not").partly_done())
            }
            Err(error) => Err(error),
        }
    }
}

impl IntoFuture for SetConfig {
    type Output = Result<ConfigUpdateResponse, Error>;
    type IntoFuture = Sending<ConfigUpdateResponse>;

    fn into_future(self) -> Self::IntoFuture {
        Sending::new(self.send())
    }
}

/// An update of filters and schedule; see [`Connector::set_sync_filters`]. `.await` sends it.
///
/// `sync_filters_changed` of the result is true if the next sync reads everything.
///
/// # Errors
/// [`Error::is_bad_request`] if the connector's sync is on. With [`SetSyncFilters::switch_off_and_on`],
/// [`Error::is_partial`] if the sync was switched off and could not be switched on again; the message says whether the
/// filters were changed. [`Error::may_have_happened`] if it is unknown whether a switch was toggled. After both, the sync
/// may be off: wait until its state no longer changes, and send the update again with
/// [`SetSyncFilters::switch_off_and_on_from`] and `true`.
#[must_use = "nothing is sent until it is awaited"]
#[derive(Clone)]
pub struct SetSyncFilters {
    connector: Connector,
    sync: Option<Map<String, Value>>,
    filters: Option<Map<String, Value>>,
    switches: Switches,
}

/// Whether an update of filters switches the sync off and on.
#[derive(Clone, Copy)]
enum Switches {
    No,
    /// If it is on.
    IfOn,
    /// It was on or off before the first attempt of the caller.
    From(bool),
}

impl fmt::Debug for SetSyncFilters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetSyncFilters").field("connector", &self.connector.id).finish_non_exhaustive()
    }
}

impl SetSyncFilters {
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

    /// If the sync is on, switches it off before the update and on again after it: a running sync is stopped, and
    /// another begins. A connector whose sync is off stays off. If the update fails, the sync is still switched on
    /// again.
    ///
    /// If the program ends in between, the sync stays off, and a second run leaves it off. For a program that runs
    /// again until it succeeds, use [`SetSyncFilters::switch_off_and_on_from`].
    pub fn switch_off_and_on(mut self) -> Self {
        self.switches = Switches::IfOn;
        self
    }

    /// Like [`SetSyncFilters::switch_off_and_on`], for a program that may be interrupted: after the update, the sync is on
    /// if `was_on`, else off, whatever it was when this run began. Read the state once, store it before the first run, and
    /// pass the same value in each run:
    ///
    /// ```
    /// # use connectors::pipeshub::{Client, Credentials};
    /// # use connectors_fake::pipeshub::Instance;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let instance = Instance::start().await?;
    /// # let credentials = Credentials::client(instance.client_id(), instance.client_secret()).instance(instance.url());
    /// # let client = Client::builder(credentials).clock(instance.clock()).build()?;
    /// # let connector = client.connector("s3-01");
    /// # let file = std::env::temp_dir().join(format!("was-on-{}.json", std::process::id()));
    /// # let filters = serde_json::json!({"sync": {"buckets": {"operator": "in", "value": ["a"]}}});
    /// # let filters = filters.as_object().cloned();
    /// let was_on: bool = match std::fs::read(&file) {
    ///     Ok(stored) => serde_json::from_slice(&stored)?,
    ///     Err(_) => {
    ///         let was_on = connector.get().await?.is_active == Some(true);
    ///         std::fs::write(&file, serde_json::to_vec(&was_on)?)?;
    ///         was_on
    ///     }
    /// };
    /// connector.set_sync_filters().filters(filters).switch_off_and_on_from(was_on).await?;
    /// std::fs::remove_file(&file)?;
    /// # assert!(was_on && connector.get().await?.is_active == Some(true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A run that finds the sync off although it was on requests a full sync: an earlier run may have changed the filters,
    /// and the server reports a change only once.
    pub fn switch_off_and_on_from(mut self, was_on: bool) -> Self {
        self.switches = Switches::From(was_on);
        self
    }

    async fn send(self) -> Result<FiltersSyncResponse, Error> {
        // It is refused, if it is empty, before the sync is switched off.
        let request = self.request()?;
        let given = match self.switches {
            Switches::No => return self.put(&request).await,
            Switches::IfOn => None,
            Switches::From(was_on) => Some(was_on),
        };
        let connector = self.connector.clone();
        let switched = connector.set_sync(false).await.map_err(|error| match error.may_have_happened() {
            true if given == Some(false) => error.in_context("the sync may be on or off now"),
            true => {
                error.in_context("the sync may be off now; to switch it on again, use `switch_off_and_on_from(true)`")
            }
            false => error,
        })?;
        let was_on = given.unwrap_or(switched.is_flipped());
        let changed = self.put(&request).await;
        if !was_on {
            return changed;
        }
        let has_changed = changed.as_ref().is_ok_and(|changed| changed.sync_filters_changed == Some(true));
        let full = (has_changed || !switched.is_flipped()).then_some(true);
        match (changed, connector.set_sync(true).full_sync(full).await) {
            (changed, Ok(_)) => changed,
            (Ok(_), Err(error)) => {
                let words = "the filters were changed, but the sync, which was on, could not be switched on again";
                Err(error.in_context(words).partly_done())
            }
            (Err(error), Err(off)) => {
                let words = format!("the sync was switched off and could not be switched on again ({off})");
                Err(error.in_context(&words).partly_done())
            }
        }
    }

    fn request(&self) -> Result<types::UpdateConnectorFiltersSyncRequest, Error> {
        let request = types::UpdateConnectorFiltersSyncRequest {
            extra: as_given([("sync", self.sync.clone()), ("filters", self.filters.clone())]),
            ..Default::default()
        };
        if request.extra.is_empty() {
            return Err(Error::new(Kind::Argument, "the update is empty; nothing was sent"));
        }
        Ok(request)
    }

    async fn put(&self, request: &types::UpdateConnectorFiltersSyncRequest) -> Result<FiltersSyncResponse, Error> {
        let Connector { client, id } = &self.connector;
        let sent = client.api.config().update_filters_sync_config(id, request).send().await?;
        Ok(accepted(sent)?.0)
    }
}

impl IntoFuture for SetSyncFilters {
    type Output = Result<FiltersSyncResponse, Error>;
    type IntoFuture = Sending<FiltersSyncResponse>;

    fn into_future(self) -> Self::IntoFuture {
        Sending::new(self.send())
    }
}
