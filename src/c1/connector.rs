//! A connector.

use crate::{Entry, Error, IntoId, Page, Pages, Response};

use super::app::App;
use super::client::{Client, PAGE_SIZE};
use super::ids::{AppId, ConnectorId, kinds};
use super::schedule::{DownloadUrl, Schedule};
use super::types;

impl App {
    /// Returns the handle of one connector of the app. Sends nothing.
    pub fn connector(&self, id: impl IntoId<kinds::ConnectorId>) -> Connector {
        Connector::new(self.clone(), id.into_id())
    }

    /// Lists the app's connectors, each with its handle. Deleted connectors are not listed.
    ///
    /// ```no_run
    /// # async fn example(app: connectors::c1::App) -> Result<(), connectors::Error> {
    /// use futures::TryStreamExt;
    ///
    /// let mut connectors = app.connectors();
    /// while let Some(connector) = connectors.try_next().await? {
    ///     println!("{}", connector.display_name.as_deref().unwrap_or("unnamed"));
    ///     connector.handle().pause().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn connectors(&self) -> Pages<Entry<Connector, types::Connector>> {
        let app = self.clone();
        Pages::new(None, move |cursor| {
            let app = app.clone();
            async move {
                let mut request = app.client.api.connectors().list(&app.id).page_size(PAGE_SIZE);
                if let Some(cursor) = &cursor {
                    request = request.page_token(cursor.as_token()?);
                }
                let (page, response) = request.send().await?.into_parts();
                let entry = |view: types::ConnectorView| {
                    let entry = view.connector.and_then(|connector| app.entry(connector));
                    entry.ok_or_else(|| response.incomplete("a row of the list has no connector with an id"))
                };
                let rows = page.list.unwrap_or_default().into_iter().map(entry).collect::<Result<_, Error>>()?;
                Ok(Page::by_token(rows, page.next_page_token))
            }
        })
    }

    /// A connector with its handle; `None` if it has no id.
    pub(super) fn entry(&self, connector: types::Connector) -> Option<Entry<Connector, types::Connector>> {
        let id = connector.id.as_deref().filter(|id| !id.is_empty())?;
        Some(Entry::new(self.connector(id), connector))
    }
}

/// A handle of one connector of an app; see [`App::connector`].
#[derive(Clone, Debug)]
pub struct Connector {
    pub(super) app: App,
    pub(super) id: ConnectorId,
}

impl Connector {
    pub(super) fn new(app: App, id: ConnectorId) -> Self {
        Self { app, id }
    }

    pub(super) fn client(&self) -> &Client {
        &self.app.client
    }

    /// Copies of the app's id and the connector's id, as arguments of calls.
    pub(super) fn ids(&self) -> (AppId, ConnectorId) {
        (self.app.id.clone(), self.id.clone())
    }

    /// The connector's id.
    #[must_use]
    pub fn id(&self) -> &ConnectorId {
        &self.id
    }

    /// The id of its app.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        &self.app.id
    }

    /// Its app.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Reads the connector. A deleted connector can still be read; its `deleted_at` is then set.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// println!("{:?}", connector.get().await?.display_name);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is no connector with this id.
    pub async fn get(&self) -> Result<types::Connector, Error> {
        let (app, id) = self.ids();
        let (value, response) = self.client().api.connectors().get(app, id).send().await?.into_parts();
        let connector = value.connector_view.and_then(|view| view.connector);
        connector.ok_or_else(|| response.incomplete("the response has no connector"))
    }

    /// Deletes the connector. It is a soft delete: the connector can still be read, but is no longer listed.
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
    /// [`Error::is_not_found`] if there is none with this id; not if an earlier attempt, whose response was lost, may have
    /// deleted it.
    pub async fn delete(&self) -> Result<(), Error> {
        let (app, id) = self.ids();
        gone(self.client().api.connectors().delete(app, id, &types::ConnectorServiceDeleteRequest::default()).await)
    }

    /// Sets the schedule of the connector's syncs.
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
    /// [`Error::is_invalid_argument`] if the schedule is empty; [`Error::is_bad_request`] if the service rejects it.
    pub async fn schedule(&self, schedule: Schedule) -> Result<(), Error> {
        let request = schedule.into_request()?;
        let (app, id) = self.ids();
        self.client().api.connectors().update_schedule(app, id, &request).await.map(drop)
    }

    /// Approves a sync that the service paused because it would remove too much
    /// ([`SyncOutcome::HeldBack`](super::SyncOutcome::HeldBack)). Another sync then starts. Check the data first:
    /// approving a broken sync can remove access records.
    ///
    /// `lifecycle` is the id of the latest sync's run. No operation of the document returns it: without it, approve the sync
    /// in C1's web application.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// connector.confirm_sync("lifecycle-id").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if the response was lost.
    pub async fn confirm_sync(&self, lifecycle: impl IntoId<kinds::SyncLifecycleId>) -> Result<(), Error> {
        let request = types::ConfirmSyncValidRequest::default();
        let (app, id) = self.ids();
        let connectors = self.client().api.connectors();
        connectors.confirm_sync_valid(app, id, lifecycle.into_id(), &request).await.map(drop)
    }

    /// Returns a link to the data of a completed sync. It is valid for a short time: request a new one instead of
    /// storing it. No operation of the document returns the id; see [`Connector::confirm_sync`].
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// let link = connector.sync_download_url("sync-id").await?;
    /// println!("{} characters, which must not be printed", link.as_str().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is no such sync.
    pub async fn sync_download_url(&self, sync: impl IntoId<kinds::SyncId>) -> Result<DownloadUrl, Error> {
        let (app, id) = self.ids();
        let sent = self.client().api.connectors().get_sync_download_url(app, id, sync.into_id()).send().await?;
        let (value, response) = sent.into_parts();
        let url = value.download_url.filter(|url| !url.is_empty());
        url.map(DownloadUrl::new).ok_or_else(|| response.incomplete("the response has no link"))
    }

    /// Pauses syncs and provisioning.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// connector.pause().await?;
    /// // No sync runs until then.
    /// connector.resume().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn pause(&self) -> Result<(), Error> {
        let (app, id) = self.ids();
        self.client().api.connectors().pause_sync(app, id, &types::PauseSyncRequest::default()).await.map(drop)
    }

    /// Ends a pause, which starts a sync; see [`Connector::pause`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn resume(&self) -> Result<(), Error> {
        let (app, id) = self.ids();
        self.client().api.connectors().resume_sync(app, id, &types::ResumeSyncRequest::default()).await.map(drop)
    }

    /// Issues a credential for a connector that runs on your own machines. Its `client_secret` is returned only once: store
    /// it. The call is not retried once the service may have processed it.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
    /// let new = connector.rotate_credential().await?;
    /// // Once the connector has the new secret and authenticates with it, revoke the old credential.
    /// if let Some(id) = new.id.as_deref()
    ///     && connector.credential(id).await?.last_used_at.is_some_and(|at| !at.is_empty())
    /// {
    ///     connector.revoke_credential("old-credential-id").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if the response was lost: a credential whose secret is lost may exist.
    pub async fn rotate_credential(&self) -> Result<types::ConnectorCredential, Error> {
        let request = types::ConnectorServiceRotateCredentialRequest {
            app_id: Some(self.app.id.to_string()),
            connector_id: Some(self.id.to_string()),
            ..Default::default()
        };
        let sent = self.client().api.connectors().rotate_credential(&request).send().await?;
        credential(sent, |value| value.credential).map_err(Error::perhaps_done)
    }

    /// Reads a credential, without its secret. `last_used_at` is set once a connector has used it, as in
    /// [`Connector::rotate_credential`].
    ///
    /// # Errors
    /// [`Error::is_not_found`] if it was revoked.
    pub async fn credential(&self, id: impl IntoId<kinds::CredentialId>) -> Result<types::ConnectorCredential, Error> {
        let (app, connector) = self.ids();
        let sent = self.client().api.connectors().get_credentials(app, connector, id.into_id()).send().await?;
        credential(sent, |value| value.credential)
    }

    /// Revokes a credential: a connector that still uses it can no longer authenticate.
    /// [`Connector::rotate_credential`] describes when to call it.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if it was already revoked; not if the response to an earlier attempt was lost, which may have revoked
    /// it.
    pub async fn revoke_credential(&self, id: impl IntoId<kinds::CredentialId>) -> Result<(), Error> {
        let request = types::ConnectorServiceRevokeCredentialRequest::default();
        let (app, connector) = self.ids();
        gone(self.client().api.connectors().revoke_credential(app, connector, id.into_id(), &request).await)
    }
}

/// The credential in a response.
fn credential<T>(
    sent: Response<T>,
    credential: fn(T) -> Option<types::ConnectorCredential>,
) -> Result<types::ConnectorCredential, Error> {
    let (value, response) = sent.into_parts();
    credential(value).ok_or_else(|| response.incomplete("the response has no credential"))
}

/// The result of a call that removes something. Retried after a response was lost, it finds nothing left to do.
pub(super) fn gone<T>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.is_not_found() && error.follows_doubt() => Ok(()),
        other => other.map(drop),
    }
}
