//! An app.

use crate::{Entry, Error, IntoId, Page, Pages};

use super::client::{Client, PAGE_SIZE};
use super::ids::{AppId, kinds};
use super::types;

impl Client {
    /// Lists the apps of the tenant, each with its handle.
    #[must_use]
    pub fn apps(&self) -> Pages<Entry<App, types::App>> {
        let client = self.clone();
        Pages::new(None, move |cursor| {
            let client = client.clone();
            async move {
                let mut request = client.api.apps().list_apps().page_size(PAGE_SIZE);
                if let Some(cursor) = &cursor {
                    request = request.page_token(cursor.as_token()?);
                }
                let (page, response) = request.send().await?.into_parts();
                let entry = |app: types::App| {
                    let id = app.id.as_deref().filter(|id| !id.is_empty());
                    let handle = id.map(|id| client.app(id));
                    let handle = handle.ok_or_else(|| response.incomplete("an app of the list has no id"))?;
                    Ok(Entry::new(handle, app))
                };
                let apps = page.list.unwrap_or_default().into_iter().map(entry).collect::<Result<_, Error>>()?;
                Ok(Page::by_token(apps, page.next_page_token))
            }
        })
    }

    /// Returns the handle of one app, and through it of its connectors: `c1.app("my-app").connector("my-connector")`.
    /// Sends nothing.
    pub fn app(&self, id: impl IntoId<kinds::AppId>) -> App {
        App::new(self.clone(), id.into_id())
    }
}

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
