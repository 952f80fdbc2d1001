//! Creating a connector, and finding one that may have been created.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::{Entry, Error, IntoId, Response, Sending};
use connectors_runtime::Kind;

use super::app::App;
use super::config::EnvConfig;
use super::connector::Connector;
use super::expand::{Expand, Expanded, mask};
use super::ids::{AppId, CatalogId, kinds};
use super::types;

impl App {
    /// Creates a connector from a catalog entry. With a configuration it is hosted by C1. Without one it runs on your
    /// own machines (see [`Connector::rotate_credential`]).
    ///
    /// ```no_run
    /// # async fn example(app: connectors::c1::App) -> Result<(), connectors::Error> {
    /// use connectors::c1::EnvConfig;
    ///
    /// let config = EnvConfig::new().text("domain", "example.okta.com").secret("api_token", "00a1...");
    /// let hosted = app.create_connector("okta-catalog-id").config(config).await?;
    /// let own = app.create_connector("catalog-id").display_name("On our machines").await?;
    /// println!("{} and {}", hosted.handle().id(), own.handle().id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_connector(&self, catalog: impl IntoId<kinds::CatalogId>) -> CreateConnector {
        CreateConnector::new(self.clone(), catalog.into_id())
    }

    /// Reads the current connectors of the app, for [`CreateConnector::find_or_create`].
    ///
    /// # Errors
    /// The errors of [`App::connectors`].
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let ids: BTreeSet<String> =
            self.connectors().map_ok(|connector| connector.handle().id().to_string()).try_collect().await?;
        Ok(Snapshot::new(self.id.clone(), ids))
    }
}

/// How long the server may still process a request whose response was lost: the default timeout of an attempt.
const IN_FLIGHT: Duration = Duration::from_secs(30);
/// The time between two lists while a request may be in flight.
const INTERVAL: Duration = Duration::from_secs(5);

/// A create request; see [`App::create_connector`]. `.await` sends it.
///
/// ```no_run
/// # async fn example(app: connectors::c1::App, config: connectors::c1::EnvConfig) -> Result<(), connectors::Error> {
/// match app.create_connector("okta-catalog-id").config(config).display_name("Okta").await {
///     Ok(created) => println!("{}", created.handle().id()),
///     // It was created; only setting its name failed.
///     Err(error) if error.is_partial() => eprintln!("{error}: {:?}", error.created()),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
///
/// A create is not retried once the server may have processed it: the service has no idempotency keys, and a second call creates a
/// second connector. [`CreateConnector::find_or_create`] finds the connector that such a call created.
///
/// # Errors
/// [`Error::may_have_happened`] if the response was lost or cannot be read. [`Error::is_partial`] and [`Error::created`] if a
/// hosted connector was created, but setting its name failed: set it with [`Connector::update`].
#[must_use = "nothing is created until it is awaited"]
#[derive(Clone, Debug)]
pub struct CreateConnector {
    app: App,
    catalog: CatalogId,
    config: Option<EnvConfig>,
    display_name: Option<String>,
    description: Option<String>,
    users: Option<Vec<String>>,
    expand: Vec<Expand>,
    in_flight: Duration,
}

impl CreateConnector {
    pub(super) fn new(app: App, catalog: CatalogId) -> Self {
        Self {
            app,
            catalog,
            config: None,
            display_name: None,
            description: None,
            users: None,
            expand: Vec::new(),
            in_flight: IN_FLIGHT,
        }
    }

    /// Sets its configuration. A connector with a configuration is hosted by C1.
    pub fn config(mut self, config: impl Into<Option<EnvConfig>>) -> Self {
        self.config = config.into();
        self
    }

    /// Sets its display name. A hosted connector gets its name from the catalog; this changes it in a second call.
    pub fn display_name<'a>(mut self, name: impl Into<Option<&'a str>>) -> Self {
        self.display_name = name.into().map(str::to_owned);
        self
    }

    /// Sets its description.
    pub fn description<'a>(mut self, description: impl Into<Option<&'a str>>) -> Self {
        self.description = description.into().map(str::to_owned);
        self
    }

    /// Sets its owners. Legacy: use [`Connector::owners`].
    pub fn users(mut self, users: impl IntoIterator<Item = impl IntoId<kinds::UserId>>) -> Self {
        self.users = Some(users.into_iter().map(|user| user.into_id().into()).collect());
        self
    }

    /// Requests related objects in the response; see [`CreateConnector::send_expanded`].
    pub fn expand(mut self, expand: impl IntoIterator<Item = Expand>) -> Self {
        self.expand.extend(expand);
        self
    }

    /// Sets how long a request whose response was lost may still be in flight, for [`CreateConnector::find`] and
    /// [`CreateConnector::find_or_create`]; 30 s by default. A value below the timeout of an attempt
    /// ([`Limits::attempt`](crate::Limits::attempt)) is only safe if no other program creates the same connector.
    pub fn in_flight(mut self, time: Duration) -> Self {
        self.in_flight = time;
        self
    }

    /// Creates it, like `.await`, and also returns the objects that [`CreateConnector::expand`] requested.
    ///
    /// # Errors
    /// The errors of `.await`.
    pub async fn send_expanded(self) -> Result<Expanded, Error> {
        let api = self.app.client.api.connectors();
        // A hosted connector is named in a second call, whose response then has the requested objects.
        let named_later = self.config.is_some() && self.display_name.is_some();
        let expand_mask = if named_later { None } else { mask(&self.expand) };
        let catalog_id = Some(self.catalog.into());
        let created = match self.config {
            Some(config) => {
                let request = types::ConnectorServiceCreateRequest {
                    catalog_id,
                    config: Some(config.into()),
                    description: self.description,
                    user_ids: self.users,
                    expand_mask,
                    ..Default::default()
                };
                let sent = api.create(&self.app.id, &request).send().await?;
                read(&self.app, sent, |value| (value.connector_view, value.expanded))?
            }
            None => {
                let request = types::ConnectorServiceCreateDelegatedRequest {
                    catalog_id,
                    display_name: self.display_name.clone(),
                    description: self.description,
                    user_ids: self.users,
                    expand_mask,
                    ..Default::default()
                };
                let sent = api.create_delegated(&self.app.id, &request).send().await?;
                read(&self.app, sent, |value| (value.connector_view, value.expanded))?
            }
        };
        match self.display_name.filter(|_| named_later) {
            Some(name) => named(created.connector().handle(), &name, self.expand).await,
            None => Ok(created),
        }
    }

    /// Finds the connector that an earlier attempt of this create made after `before`; creates one if there is none. A
    /// program that runs again after a failure does not create a second one.
    ///
    /// ```no_run
    /// use connectors::c1::{App, EnvConfig, Snapshot};
    ///
    /// async fn create(app: App, config: EnvConfig) -> Result<(), Box<dyn std::error::Error>> {
    ///     // Stored before the first attempt, and read again by the next run.
    ///     let before: Snapshot = match std::fs::read("snapshot.json") {
    ///         Ok(stored) => serde_json::from_slice(&stored)?,
    ///         Err(_) => app.snapshot().await?,
    ///     };
    ///     std::fs::write("snapshot.json", serde_json::to_vec(&before)?)?;
    ///     let connector = app.create_connector("okta-catalog-id").config(config).find_or_create(&before).await?;
    ///     println!("{}", connector.handle().id());
    ///     Ok(())
    /// }
    /// ```
    ///
    /// It lists the app's connectors, like [`CreateConnector::find`]. If there is none, it creates one. If that
    /// response is lost, it lists them again. If the connector that it found has another display name, it sets the
    /// requested one.
    ///
    /// # Errors
    /// The errors of [`CreateConnector::find`] and of creating. [`Error::may_have_happened`] if the response was lost and no new
    /// connector was found within 30 s.
    pub async fn find_or_create(self, before: &Snapshot) -> Result<Entry<Connector, types::Connector>, Error> {
        // A stored snapshot may come from a program that was killed just now, with its request still in flight.
        let patience = if before.is_of_this_run { Duration::ZERO } else { self.in_flight };
        if let Some(found) = self.find_within(before, patience).await? {
            return self.complete(found).await;
        }
        match self.clone().await {
            Err(error) if error.may_have_happened() && error.created().is_none() => {
                match self.find_within(before, self.in_flight).await {
                    Ok(Some(found)) => self.complete(found).await,
                    Ok(None) => Err(error.in_context("no new connector was found afterwards")),
                    Err(failure) => Err(error.in_context(&format!("and searching for it failed ({failure})"))),
                }
            }
            other => other,
        }
    }

    /// Finds the connector that an earlier attempt of this create made after `before`. `None` proves that no such
    /// attempt was processed, unless another program sent it less than 30 s ago.
    ///
    /// It lists the app's connectors for up to 30 s, until there is a new one: the server may process a request late, after
    /// its response was lost. A connector matches if it is not in the snapshot and has the requested catalog entry, description and
    /// users; and the requested name, unless it is hosted: the service names hosted connectors after the catalog.
    ///
    /// # Errors
    /// [`Error::is_conflict`] if several connectors match, for example because two programs create the same one at the
    /// same time; the message has their ids. [`Error::is_invalid_argument`] if the snapshot is another app's. Otherwise
    /// the errors of [`App::connectors`].
    pub async fn find(&self, before: &Snapshot) -> Result<Option<Entry<Connector, types::Connector>>, Error> {
        self.find_within(before, self.in_flight).await
    }

    async fn find_within(
        &self,
        before: &Snapshot,
        patience: Duration,
    ) -> Result<Option<Entry<Connector, types::Connector>>, Error> {
        if before.app_id != self.app.id {
            return Err(Error::new(Kind::Argument, "the snapshot is another app's; nothing was sent"));
        }
        let clock = self.app.client.core.clock();
        let until = clock.now().checked_add(patience);
        loop {
            let counts = |entry: &Entry<Connector, types::Connector>| {
                !before.connectors.contains(entry.handle().id().as_str()) && self.matches(entry)
            };
            let listed = self.app.connectors().try_filter(|entry| std::future::ready(counts(entry)));
            let mut found: Vec<_> = listed.try_collect().await?;
            match found.len() {
                0 if until.is_some_and(|until| clock.now() < until) => clock.sleep(INTERVAL.min(self.in_flight)).await,
                0 | 1 => return Ok(found.pop()),
                _ => {
                    let ids: Vec<&str> = found.iter().map(|entry| entry.handle().id().as_str()).collect();
                    let message =
                        format!("several new connectors could be the one that was created: {}", ids.join(", "));
                    return Err(Error::new(Kind::Conflict, message));
                }
            }
        }
    }

    /// Whether a connector can be the one that this create made.
    fn matches(&self, data: &types::Connector) -> bool {
        let same = |asked: Option<&str>, has: Option<&str>| asked.is_none_or(|asked| has.unwrap_or_default() == asked);
        let users = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
        let same_users = match (&self.users, &data.user_ids) {
            (Some(asked), Some(has)) => users(asked) == users(has),
            (Some(asked), None) => asked.is_empty(),
            (None, _) => true,
        };
        // A response without a catalog entry may be the right connector.
        let same_catalog = data.catalog_id.as_deref().is_none_or(|id| id.is_empty() || self.catalog == id);
        let same_name = self.config.is_some() || same(self.display_name.as_deref(), data.display_name.as_deref());
        same_catalog && same_name && same_users && same(self.description.as_deref(), data.description.as_deref())
    }

    /// Names a connector that was found, if it does not have the requested name yet.
    async fn complete(
        self,
        found: Entry<Connector, types::Connector>,
    ) -> Result<Entry<Connector, types::Connector>, Error> {
        match self.display_name {
            Some(name) if found.display_name.as_deref() != Some(&name) => {
                Ok(named(found.handle(), &name, self.expand).await?.into_connector())
            }
            _ => Ok(found),
        }
    }
}

impl IntoFuture for CreateConnector {
    type Output = Result<Entry<Connector, types::Connector>, Error>;
    type IntoFuture = Sending<Entry<Connector, types::Connector>>;

    fn into_future(self) -> Self::IntoFuture {
        Sending::new(async move { Ok(self.send_expanded().await?.into_connector()) })
    }
}

/// The connector of a create's response, and the expanded objects.
type Parts = (Option<types::ConnectorView>, Option<Vec<types::AnyMessage>>);

/// Reads the response to a create. The create was processed, even if its response cannot be read.
fn read<T>(app: &App, sent: Response<T>, parts: fn(T) -> Parts) -> Result<Expanded, Error> {
    let (value, response) = sent.into_parts();
    let (view, expanded) = parts(value);
    let read = Expanded::read(view, expanded, |connector| app.entry(connector));
    read.map_err(|missing| response.incomplete(missing).perhaps_done())
}

/// Names a hosted connector that was created.
async fn named(connector: &Connector, name: &str, expand: Vec<Expand>) -> Result<Expanded, Error> {
    connector.update().display_name(name).expand(expand).send_expanded().await.map_err(|error| {
        let id = connector.id();
        let error = error.in_context(&format!("connector {id} was created, but not named"));
        error.perhaps_done().partly_done().with_created(id.as_str())
    })
}

/// The connectors of an app before one was created; see [`App::snapshot`] and [`CreateConnector::find_or_create`]. A
/// value that a program can store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    app_id: AppId,
    connectors: BTreeSet<String>,
    /// Whether it was taken in this run of the program, and not read from storage.
    #[serde(skip)]
    is_of_this_run: bool,
}

impl Snapshot {
    pub(super) fn new(app_id: AppId, connectors: BTreeSet<String>) -> Self {
        Self { app_id, connectors, is_of_this_run: true }
    }
}
