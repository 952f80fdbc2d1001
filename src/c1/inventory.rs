//! Everything at once: the connectors of all apps.

use std::fmt;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::{StreamExt, stream};

use crate::Error;

use super::client::Client;
use super::connector::missing;
use super::types;

/// A connector and the app it belongs to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Listed {
    /// The app, shared by all of its connectors.
    pub app: Arc<types::App>,
    /// The connector.
    pub connector: types::Connector,
}

/// The connectors of all apps, in no order; see [`Client::inventory`].
///
/// Pages are fetched as items are asked for. An app that cannot be listed gives one error, which names it, and the others go
/// on; an error of the list of apps ends that list only.
pub struct Inventory {
    listed: Pin<Box<dyn Stream<Item = Result<Listed, Error>> + Send>>,
}

impl Inventory {
    pub(super) fn new(client: Client, concurrency: NonZeroUsize) -> Self {
        let apps = client.apps();
        let listed = apps.flat_map_unordered(concurrency.get(), move |app| connectors(&client, app));
        Self { listed: Box::pin(listed) }
    }
}

/// The connectors of one app.
fn connectors(
    client: &Client,
    app: Result<types::App, Error>,
) -> Pin<Box<dyn Stream<Item = Result<Listed, Error>> + Send>> {
    let app = app.and_then(|app| match app.id.clone() {
        Some(id) => Ok((id, Arc::new(app))),
        None => Err(missing("id of an app")),
    });
    match app {
        Err(error) => Box::pin(stream::iter([Err::<Listed, _>(error)])),
        Ok((id, app)) => Box::pin(client.app(id.as_str()).connectors().map(move |connector| match connector {
            Ok(connector) => Ok(Listed { app: Arc::clone(&app), connector }),
            Err(error) => Err(error.in_context(&format!("app {id}"))),
        })),
    }
}

impl fmt::Debug for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inventory").finish_non_exhaustive()
    }
}

impl Stream for Inventory {
    type Item = Result<Listed, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.listed.as_mut().poll_next(cx)
    }
}
