//! Sync filters: what a connector reads from its source.

use std::sync::Arc;

use connectors_runtime::{Cursor, Error, IntoId, Kind, Page, Pages};

use super::connector::Connector;
use super::filter::explained;
use super::ids::{FilterKey, kinds};
use super::registry::{check_number, cursor_of, cut_short, number};
use super::said::accepted;
use super::types;

/// The maximum number of options on a page.
const PAGE_SIZE: i64 = 100;
/// The cursor of a page that the server announced without a cursor. No server's cursor contains a NUL.
const NOWHERE: &str = "\u{0}nowhere";

impl Connector {
    /// Returns the options of the filters with few options: a map from a filter's kind to its options.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// for (kind, options) in connector.filters().await? {
    ///     println!("{kind}: {options}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_bad_request`] if the connector is not of an OAuth type, or not authorized.
    pub async fn filters(&self) -> Result<types::FilterOptions, Error> {
        let (value, rest) = accepted(self.client.api.filters().get_filters(&self.id).send().await?)?;
        value.filter_options.ok_or_else(|| rest.incomplete("the response has no filterOptions"))
    }

    /// Lists the options of one filter with many options, such as the folders of a drive.
    ///
    /// ```no_run
    /// use futures::TryStreamExt;
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let mut folders = connector.filter_options("folders").search("plans").list();
    /// while let Some(folder) = folders.try_next().await? {
    ///     println!("{:?}", folder.label);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn filter_options(&self, key: impl IntoId<kinds::FilterKey>) -> FilterQuery {
        FilterQuery {
            connector: self.clone(),
            key: key.into_id(),
            page_size: PAGE_SIZE,
            search: None,
            within: Vec::new(),
            without: Vec::new(),
        }
    }
}

/// A list of a filter's options; see [`Connector::filter_options`].
#[must_use = "nothing is sent until the list is read"]
#[derive(Clone, Debug)]
pub struct FilterQuery {
    connector: Connector,
    key: FilterKey,
    page_size: i64,
    search: Option<String>,
    within: Vec<String>,
    without: Vec<String>,
}

impl FilterQuery {
    /// Sets the page size: from 1 to 100, which is the default.
    pub fn page_size(mut self, size: u8) -> Self {
        self.page_size = i64::from(size).clamp(1, PAGE_SIZE);
        self
    }

    /// Only options that match this search text. The server's input filter rejects a text with a `<` or `on...=`.
    pub fn search<'a>(mut self, words: impl Into<Option<&'a str>>) -> Self {
        self.search = words.into().map(str::to_owned);
        self
    }

    /// Only options in a group (`contextGroupPath`). A further call adds another group.
    pub fn context_group_path(mut self, path: impl Into<String>) -> Self {
        self.within.push(path.into());
        self
    }

    /// Only options outside of a group (`excludeContextGroupPath`). A further call adds another group.
    pub fn exclude_context_group_path(mut self, path: impl Into<String>) -> Self {
        self.without.push(path.into());
        self
    }

    /// Lists them. Pages are fetched as items are polled.
    #[must_use]
    pub fn list(self) -> Pages<types::FilterOption> {
        let query = Arc::new(self);
        Pages::new(None, move |cursor| {
            let query = Arc::clone(&query);
            async move { query.page(cursor.as_ref()).await }
        })
    }

    /// One page. Some types return a cursor for the next page. Others only report that there is one: then the cursor is
    /// its number.
    async fn page(&self, cursor: Option<&Cursor>) -> Result<Page<types::FilterOption>, Error> {
        let token = cursor.and_then(|cursor| cursor.as_token().ok());
        if token == Some(NOWHERE) {
            let message = "the list ends too early: the server reports a next page without a cursor";
            return Err(Error::new(Kind::Decode, message).operation_named("get_filter_options"));
        }
        let asked = if token.is_some() { 1 } else { number(cursor)? };
        let Connector { client, id } = &self.connector;
        let mut request = client.api.filters().get_filter_options(id.clone(), self.key.clone()).limit(self.page_size);
        if !self.within.is_empty() {
            request = request.context_group_path(&self.within);
        }
        if !self.without.is_empty() {
            request = request.exclude_context_group_path(&self.without);
        }
        request = match token {
            Some(token) => request.cursor(token),
            None => request.page(asked),
        };
        if let Some(search) = &self.search {
            request = request.search(search);
        }
        let response = request.send().await.map_err(|error| explained(error, self.search.as_deref()))?;
        let (value, rest) = accepted(response)?;
        let items = value.options.unwrap_or_default();
        // The paging is beside the options, or at its place in the document.
        let nested = value.pagination.unwrap_or_default();
        if token.is_none() {
            // A page that was fetched by a cursor has no number.
            check_number(asked, value.page.or(nested.page)).map_err(|why| cut_short(&rest, &why))?;
        }
        let more = value.has_more.or(nested.has_more);
        let next = value.cursor.or(nested.cursor).filter(|cursor| !cursor.is_empty());
        let next = match (more, next) {
            (Some(false), _) | (None, None) => None,
            (_, Some(cursor)) => Some(Cursor::token(cursor)),
            // The items of the page come first.
            (Some(true), None) if token.is_some() => Some(Cursor::token(NOWHERE)),
            (Some(true), None) if items.is_empty() => {
                let why = format!("page {asked} is empty, but the server reports a next page");
                return Err(cut_short(&rest, &why));
            }
            (Some(true), None) => Some(cursor_of(asked.saturating_add(1))),
        };
        Ok(Page { items, next })
    }
}
