//! An app and its connectors.

use std::sync::Arc;

use crate::Error;
use crate::error::Kind;
use crate::paging::{Page, Pages};

use super::client::{Client, PAGE_SIZE};
use super::expand::{Expand, Expanded, mask};
use super::ids::{AppId, CatalogId, ConnectorId, CredentialId, SyncId, SyncLifecycleId, UserId};
use super::owners::Owners;
use super::schedule::{DownloadUrl, Schedule};
use super::sync::SyncWait;
use super::types;
use super::update::Update;

/// One app of a tenant; see [`Client::app`].
#[derive(Clone, Debug)]
pub struct App {
    client: Client,
    id: AppId,
}

impl App {
    pub(super) fn new(client: Client, id: AppId) -> Self {
        Self { client, id }
    }

    /// Reads the app.
    ///
    /// ```no_run
    /// # async fn example(app: connectors::c1::App) -> Result<(), connectors::Error> {
    /// println!("{}", app.get().await?.display_name.unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none with this id.
    pub async fn get(&self) -> Result<types::App, Error> {
        let answer = self.client.api.get_app(self.id.as_str()).await?;
        answer.app.ok_or_else(|| missing("app"))
    }

    /// The app's connectors. Deleted ones are not among them.
    ///
    /// ```no_run
    /// # async fn example(app: connectors::c1::App) -> Result<(), connectors::Error> {
    /// use futures::TryStreamExt;
    ///
    /// let mut connectors = app.connectors();
    /// while let Some(connector) = connectors.try_next().await? {
    ///     println!("{}", connector.display_name.unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn connectors(&self) -> Pages<types::Connector> {
        let api = Arc::clone(&self.client.api);
        let app = self.id.clone();
        Pages::new(move |token| {
            let (api, app) = (Arc::clone(&api), app.clone());
            async move {
                let page = api.list(app.as_str(), Some(PAGE_SIZE), token.as_deref()).await?;
                let views = page.list.unwrap_or_default();
                let items = views.into_iter().map(|view| connector(Some(view))).collect::<Result<_, Error>>()?;
                Ok(Page { items, next: page.next_page_token })
            }
        })
    }

    /// Creates a connector of the catalog. With a configuration it is hosted by C1; without, it is one that runs on your
    /// own machines (see [`Connector::rotate_credential`]).
    ///
    /// ```no_run
    /// # async fn example(app: connectors::c1::App) -> Result<(), connectors::Error> {
    /// use connectors::c1::EnvConfig;
    ///
    /// let config = EnvConfig::new().text("domain", "example.okta.com").secret("api_token", "00a1...");
    /// let hosted = app.create_connector("okta-catalog-id").config(config).send().await?;
    /// let own = app.create_connector("catalog-id").display_name("On our machines").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_connector(&self, catalog: impl Into<CatalogId>) -> CreateConnector {
        CreateConnector {
            client: self.client.clone(),
            app: self.id.clone(),
            catalog: catalog.into(),
            config: None,
            display_name: None,
            description: None,
            users: None,
            expand: Vec::new(),
        }
    }

    /// What a connector of the catalog is configured with: its fields, in groups.
    ///
    /// ```no_run
    /// # async fn example(app: connectors::c1::App) -> Result<(), connectors::Error> {
    /// for field in app.configuration_schema("okta-catalog-id").await?.fields.iter().flatten() {
    ///     println!("{}", field.name.as_deref().unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn configuration_schema(&self, catalog: impl Into<CatalogId>) -> Result<types::ConfigSchema, Error> {
        let request = types::ConnectorCatalogServiceConfigurationSchemaRequest {
            app_id: Some(self.id.to_string()),
            catalog_id: Some(catalog.into().to_string()),
            ..Default::default()
        };
        let answer = self.client.api.configuration_schema(&request).await?;
        answer.schema.ok_or_else(|| missing("schema"))
    }
}

/// A connector about to be created; see [`App::create_connector`].
#[must_use = "nothing is created until it is sent"]
#[derive(Clone, Debug)]
pub struct CreateConnector {
    client: Client,
    app: AppId,
    catalog: CatalogId,
    config: Option<types::AnyMessage>,
    display_name: Option<String>,
    description: Option<String>,
    users: Option<Vec<String>>,
    expand: Vec<Expand>,
}

impl CreateConnector {
    /// What it is configured with, such as an [`EnvConfig`](super::EnvConfig). Makes it a hosted connector.
    pub fn config(mut self, config: impl Into<types::AnyMessage>) -> Self {
        self.config = Some(config.into());
        self
    }

    /// What people call it. A hosted connector gets its name from the catalog; this changes it in a second call.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// What it is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Who looks after it. Legacy: [`Connector::owners`] is the current way.
    pub fn users(mut self, users: impl IntoIterator<Item = impl Into<UserId>>) -> Self {
        self.users = Some(users.into_iter().map(|user| user.into().to_string()).collect());
        self
    }

    /// Asks for more than the connector in the answer; see [`CreateConnector::send_expanded`].
    pub fn expand(mut self, expand: impl IntoIterator<Item = Expand>) -> Self {
        self.expand.extend(expand);
        self
    }

    /// Creates it. Never sent again once it may have been carried out: the service has no idempotency keys, and a second call makes
    /// a second connector.
    ///
    /// ```no_run
    /// # async fn example(app: connectors::c1::App, config: connectors::c1::EnvConfig) -> Result<(), connectors::Error> {
    /// match app.create_connector("okta-catalog-id").config(config).display_name("Okta").send().await {
    ///     Ok(created) => println!("{}", created.id.unwrap_or_default()),
    ///     // It is there, and only its name is not.
    ///     Err(error) if error.created().is_some() => eprintln!("{}: {error}", error.created().unwrap_or_default()),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no answer came, or one that cannot be used: look before trying again.
    /// [`Error::created`] has the id as well if a hosted connector was created and could not be named: do not create it
    /// again, name it with [`Connector::update`].
    pub async fn send(self) -> Result<types::Connector, Error> {
        Ok(self.send_expanded().await?.into_connector())
    }

    /// Creates it, as [`CreateConnector::send`] does, and gives back what [`CreateConnector::expand`] asked for as well.
    ///
    /// # Errors
    /// As [`CreateConnector::send`].
    pub async fn send_expanded(self) -> Result<Expanded, Error> {
        let app = self.app.as_str();
        // A hosted connector is named in a second call, which then brings along what was asked for.
        let named_later = self.config.is_some() && self.display_name.is_some();
        let expand_mask = if named_later { None } else { mask(&self.expand) };
        let answer = match self.config {
            Some(config) => {
                let request = types::ConnectorServiceCreateRequest {
                    catalog_id: Some(self.catalog.to_string()),
                    config: Some(config),
                    description: self.description,
                    user_ids: self.users,
                    expand_mask,
                    ..Default::default()
                };
                self.client.api.create(app, &request).await?
            }
            None => {
                let request = types::ConnectorServiceCreateDelegatedRequest {
                    catalog_id: Some(self.catalog.to_string()),
                    display_name: self.display_name.clone(),
                    description: self.description,
                    user_ids: self.users,
                    expand_mask,
                    ..Default::default()
                };
                self.client.api.create_delegated(app, &request).await?
            }
        };
        let created = Expanded::read(answer.connector_view, answer.expanded).map_err(Error::perhaps_done)?;
        let Some(name) = self.display_name.filter(|_| named_later) else { return Ok(created) };
        let id = created.into_connector().id.filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| missing("id of the new connector, which was not named").perhaps_done())?;
        let update = self.client.connector(&self.app, id.as_str()).update().display_name(name);
        update.expand(self.expand).send_expanded().await.map_err(|error| {
            error.in_context(&format!("connector {id} was created, but not named")).perhaps_done().with_created(id)
        })
    }
}

/// One connector of an app; see [`Client::connector`].
#[derive(Clone, Debug)]
pub struct Connector {
    pub(super) client: Client,
    pub(super) app: AppId,
    pub(super) id: ConnectorId,
}

impl Connector {
    pub(super) fn new(client: Client, app: AppId, id: ConnectorId) -> Self {
        Self { client, app, id }
    }

    /// Reads the connector. A deleted one can still be read: `deleted_at` says so.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// println!("{}", connector.get().await?.display_name.unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none with this id.
    pub async fn get(&self) -> Result<types::Connector, Error> {
        connector(self.client.api.get(self.app.as_str(), self.id.as_str()).await?.connector_view)
    }

    /// Changes some fields and leaves the others alone.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// connector.update().display_name("Okta, production").description("of the whole company").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(&self) -> Update {
        Update::new(self.clone())
    }

    /// Deletes the connector. Soft: it can still be read, and is no longer listed.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// connector.delete().await?;
    /// assert!(connector.get().await?.deleted_at.is_some_and(|at| !at.is_empty()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none with this id; not if an attempt before, whose answer was lost, may have
    /// deleted it.
    pub async fn delete(&self) -> Result<(), Error> {
        let request = types::ConnectorServiceDeleteRequest::default();
        gone(self.client.api.delete(self.app.as_str(), self.id.as_str(), &request).await)
    }

    /// Asks for a sync now, and gives back what to wait for it with. If one runs already, the one to wait for is the one
    /// after it: what began before the call may not have seen what the call is for.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// use std::time::Duration;
    ///
    /// println!("{}", connector.force_sync().await?.deadline(Duration::from_secs(3600)).wait().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no answer came.
    pub async fn force_sync(&self) -> Result<SyncWait, Error> {
        // The old outcome stays visible until the new sync starts: only a change tells that it is over.
        let before = self.get().await?.status;
        self.client.api.force_sync(self.app.as_str(), self.id.as_str(), &types::ForceSyncRequest::default()).await?;
        Ok(SyncWait::new(self.clone(), before))
    }

    /// The first sync of a connector just created, which begins by itself once its configuration works. On a connector
    /// that has synced before, that is the sync it had last. Sends nothing yet.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// println!("{}", connector.first_sync().wait().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn first_sync(&self) -> SyncWait {
        SyncWait::new(self.clone(), None)
    }

    /// Syncs by a timetable from now on.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// use connectors::c1::Schedule;
    ///
    /// connector.schedule(Schedule::new("0 3 * * *", "Europe/Berlin")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if the timetable is empty; [`Error::is_bad_request`] if the service does not understand
    /// it.
    pub async fn schedule(&self, schedule: Schedule) -> Result<(), Error> {
        let request = schedule.into_request()?;
        self.client.api.update_schedule(self.app.as_str(), self.id.as_str(), &request).await.map(drop)
    }

    /// Says that a sync was right which the service holds back because it found far less than the one before
    /// ([`SyncOutcome::HeldBack`](super::SyncOutcome::HeldBack)), and lets another begin. Look at the data first: a broken sync
    /// that is accepted can remove records of access.
    ///
    /// `lifecycle` is that of the latest sync. The document has no operation that gives it out: where it is not at hand, a
    /// person confirms the sync in C1's web application.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// connector.confirm_sync("lifecycle-id").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no answer came.
    pub async fn confirm_sync(&self, lifecycle: impl Into<SyncLifecycleId>) -> Result<(), Error> {
        let lifecycle = lifecycle.into();
        let request = types::ConfirmSyncValidRequest::default();
        let (app, id) = (self.app.as_str(), self.id.as_str());
        self.client.api.confirm_sync_valid(app, id, lifecycle.as_str(), &request).await.map(drop)
    }

    /// A link to the data of a completed sync, good for a short time: ask again instead of keeping it. As for
    /// [`Connector::confirm_sync`], the document has no operation that gives out the id.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// let link = connector.sync_download_url("sync-id").await?;
    /// println!("{} characters, to be fetched now and not to be shown", link.as_str().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is no such sync.
    pub async fn sync_download_url(&self, sync: impl Into<SyncId>) -> Result<DownloadUrl, Error> {
        let sync = sync.into();
        let answer = self.client.api.get_sync_download_url(self.app.as_str(), self.id.as_str(), sync.as_str()).await?;
        answer.download_url.filter(|url| !url.is_empty()).map(DownloadUrl::new).ok_or_else(|| missing("link"))
    }

    /// Stops scheduled syncs.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// connector.pause().await?;
    /// // Nothing syncs meanwhile.
    /// connector.resume().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn pause(&self) -> Result<(), Error> {
        self.client
            .api
            .pause_sync(self.app.as_str(), self.id.as_str(), &types::PauseSyncRequest::default())
            .await
            .map(drop)
    }

    /// Lets scheduled syncs run again; see [`Connector::pause`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn resume(&self) -> Result<(), Error> {
        self.client
            .api
            .resume_sync(self.app.as_str(), self.id.as_str(), &types::ResumeSyncRequest::default())
            .await
            .map(drop)
    }

    /// Issues a credential for a connector that runs on your own machines. Its `client_secret` is answered this once:
    /// keep it. Never sent again once it may have been carried out.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// let new = connector.rotate_credential().await?;
    /// let (id, secret) = (new.id.unwrap_or_default(), new.client_secret.unwrap_or_default());
    /// // Once the connector has been given the secret and signs in with it, the old one can go.
    /// if connector.credential(id).await?.last_used_at.is_some_and(|at| !at.is_empty()) {
    ///     connector.revoke_credential("old-credential-id").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no answer came: a credential may exist whose secret nobody knows.
    pub async fn rotate_credential(&self) -> Result<types::ConnectorCredential, Error> {
        let request = types::ConnectorServiceRotateCredentialRequest {
            app_id: Some(self.app.to_string()),
            connector_id: Some(self.id.to_string()),
            ..Default::default()
        };
        let answer = self.client.api.rotate_credential(&request).await?;
        answer.credential.ok_or_else(|| missing("credential").perhaps_done())
    }

    /// Reads a credential, without its secret; `last_used_at` tells whether a connector has begun to use it, as in
    /// [`Connector::rotate_credential`].
    ///
    /// # Errors
    /// [`Error::is_not_found`] if it was revoked.
    pub async fn credential(&self, id: impl Into<CredentialId>) -> Result<types::ConnectorCredential, Error> {
        let answer = self.client.api.get_credentials(self.app.as_str(), self.id.as_str(), id.into().as_str()).await?;
        answer.credential.ok_or_else(|| missing("credential"))
    }

    /// Revokes a credential: whatever still uses it is locked out. See [`Connector::rotate_credential`] for when to.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if it is gone already; not if an attempt before, whose answer was lost, may have revoked it.
    pub async fn revoke_credential(&self, id: impl Into<CredentialId>) -> Result<(), Error> {
        let request = types::ConnectorServiceRevokeCredentialRequest::default();
        let id = id.into();
        let (app, connector) = (self.app.as_str(), self.id.as_str());
        gone(self.client.api.revoke_credential(app, connector, id.as_str(), &request).await)
    }

    /// Who looks after the connector.
    #[must_use]
    pub fn owners(&self) -> Owners {
        Owners::new(self.clone())
    }
}

/// The connector in a view.
pub(super) fn connector(view: Option<types::ConnectorView>) -> Result<types::Connector, Error> {
    view.and_then(|view| view.connector).ok_or_else(|| missing("connector"))
}

/// The answer to a call that makes something be gone. Sent again after an answer was lost, it finds nothing left to do.
pub(super) fn gone<T>(answer: Result<T, Error>) -> Result<(), Error> {
    match answer {
        Err(error) if error.is_not_found() && error.follows_doubt() => Ok(()),
        other => other.map(drop),
    }
}

pub(super) fn missing(what: &str) -> Error {
    Error::new(Kind::Decode, format!("the answer has no {what}"))
}
