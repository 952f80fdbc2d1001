//! The connectors of all apps, in one stream.

use std::fmt;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::{StreamExt, stream};

use crate::{Entry, Error};

use super::app::App;
use super::client::Client;
use super::connector::Connector;
use super::types;

impl Client {
    /// Lists the connectors of all apps, each with its app, in no order. At most `concurrency` apps are listed at a
    /// time.
    ///
    /// ```no_run
    /// # async fn example(c1: connectors::c1::Client) -> Result<(), connectors::Error> {
    /// use std::num::NonZeroUsize;
    ///
    /// use futures::StreamExt;
    ///
    /// let mut all = c1.inventory(NonZeroUsize::new(8).unwrap());
    /// while let Some(listed) = all.next().await {
    ///     match listed {
    ///         Ok(listed) => println!("{:?} in {:?}", listed.connector.display_name, listed.app.display_name),
    ///         // The other apps are still listed.
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn inventory(&self, concurrency: NonZeroUsize) -> Inventory {
        Inventory::new(self, concurrency)
    }
}

/// A connector and the app it belongs to, with their handles.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// The app, shared by all of its connectors.
    pub app: Arc<Entry<App, types::App>>,
    /// The connector.
    pub connector: Entry<Connector, types::Connector>,
}

/// The connectors of all apps, in no order; see [`Client::inventory`].
///
/// Pages are fetched as items are polled. If an app cannot be listed, the stream yields one error that names it, and
/// continues with the other apps. An error of the list of apps ends only that list.
///
/// The stream has no order, so it has no cursor. A program that must resume uses [`Client::apps`] and
/// [`App::connectors`], whose [cursors](crate::Pages::cursor) are values with serde:
///
/// ```no_run
/// use connectors::Position;
/// use connectors::c1::Client;
/// use futures::TryStreamExt;
///
/// async fn inventory(c1: Client) -> Result<(), Box<dyn std::error::Error>> {
///     // The app whose connectors are being read, and the next of them.
///     let stored = std::fs::read("inventory.json").ok();
///     let stored: Option<(Position, Position)> = stored.map(|text| serde_json::from_slice(&text)).transpose()?;
///     let (app, mut connector) = stored.unwrap_or_default();
///     let mut apps = c1.apps().resume(app);
///     loop {
///         let place = apps.cursor();
///         let Some(app) = apps.try_next().await? else { return Ok(()) };
///         let mut connectors = app.handle().connectors().resume(std::mem::take(&mut connector));
///         while let Some(connector) = connectors.try_next().await? {
///             println!("{:?} in {:?}", connector.display_name, app.display_name);
///             std::fs::write("inventory.json", serde_json::to_vec(&(&place, connectors.cursor()))?)?;
///         }
///     }
/// }
/// ```
pub struct Inventory {
    listed: Rows,
}

type Rows = Pin<Box<dyn Stream<Item = Result<Listed, Error>> + Send>>;

impl Inventory {
    pub(super) fn new(client: &Client, concurrency: NonZeroUsize) -> Self {
        let listed = client.apps().flat_map_unordered(concurrency.get(), connectors);
        Self { listed: Box::pin(listed) }
    }
}

/// The connectors of one app.
fn connectors(app: Result<Entry<App, types::App>, Error>) -> Rows {
    let app = match app {
        Ok(app) => Arc::new(app),
        Err(error) => return Box::pin(stream::iter([Err(error)])),
    };
    Box::pin(app.handle().connectors().map(move |connector| match connector {
        Ok(connector) => Ok(Listed { app: Arc::clone(&app), connector }),
        Err(error) => Err(error.in_context(&format!("app {}", app.handle().id()))),
    }))
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
