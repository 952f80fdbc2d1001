//! An app.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;

use crate::{Entry, Error, IntoId, Page, Pages};

use super::client::{Client, PAGE_SIZE};
use super::connector::Connector;
use super::create::{CreateConnector, Snapshot};
use super::ids::{AppId, kinds};
use super::owners::EntitlementRef;
use super::types;

/// A handle of one app of a tenant; see [`Client::app`].
#[derive(Clone, Debug)]
pub struct App {
    pub(super) client: Client,
    pub(super) id: AppId,
}

impl App {
    pub(super) fn new(client: Client, id: AppId) -> Self {
        Self { client, id }
    }

    /// The app's id.
    #[must_use]
    pub fn id(&self) -> &AppId {
        &self.id
    }

    /// Reads the app.
    ///
    /// ```no_run
    /// # async fn example(app: connectors::c1::App) -> Result<(), connectors::Error> {
    /// println!("{:?}", app.get().await?.display_name);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is no app with this id.
    pub async fn get(&self) -> Result<types::App, Error> {
        let (value, response) = self.client.api.apps().get_app(&self.id).send().await?.into_parts();
        value.app.ok_or_else(|| response.incomplete("the response has no app"))
    }

    /// Returns the handle of one connector of the app. Sends nothing.
    pub fn connector(&self, id: impl IntoId<kinds::ConnectorId>) -> Connector {
        Connector::new(self.clone(), id.into_id())
    }

    /// Refers to an entitlement of the app, whose holders can own connectors; see [`Connector::owners`]. Sends nothing.
    pub fn entitlement(&self, id: impl IntoId<kinds::EntitlementId>) -> EntitlementRef {
        EntitlementRef::new(self.id.clone(), id)
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

    /// Reads which connectors the app has now, for [`CreateConnector::find_or_create`].
    ///
    /// # Errors
    /// The errors of [`App::connectors`].
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let ids: BTreeSet<String> =
            self.connectors().map_ok(|connector| connector.handle().id().to_string()).try_collect().await?;
        Ok(Snapshot::new(self.id.clone(), ids))
    }

    /// Reads the configuration schema of a catalog entry: its fields, in groups.
    ///
    /// ```no_run
    /// # async fn example(app: connectors::c1::App) -> Result<(), connectors::Error> {
    /// for field in app.configuration_schema("okta-catalog-id").await?.fields.iter().flatten() {
    ///     println!("{}", field.name.as_deref().unwrap_or("unnamed"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn configuration_schema(
        &self,
        catalog: impl IntoId<kinds::CatalogId>,
    ) -> Result<types::ConfigSchema, Error> {
        let request = types::ConnectorCatalogServiceConfigurationSchemaRequest {
            app_id: Some(self.id.to_string()),
            catalog_id: Some(catalog.into_id().into()),
            ..Default::default()
        };
        let sent = self.client.api.catalog().configuration_schema(&request).send().await?;
        let (value, response) = sent.into_parts();
        value.schema.ok_or_else(|| response.incomplete("the response has no schema"))
    }
}
