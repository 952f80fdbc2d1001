//! Filters: what a connector brings and what it leaves.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::Error;
use crate::paging::{Page, Pages, cut_short};

use super::connector::{Connector, accepted, missing, said};
use super::ids::FilterKey;
use super::registry::{check_number, number};
use super::types;

/// The most options a page can have.
const PAGE_SIZE: i64 = 100;
/// The token of a page that was promised without a way to it. No number, and no cursor.
const NOWHERE: &str = "?";

impl Connector {
    /// The options of the filters that have a few: a map of a filter's kind to what can be chosen.
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
    /// See [`Error`].
    pub async fn filters(&self) -> Result<types::FilterOptions, Error> {
        let answer = self.client.api.get_filters(self.id.as_str()).await?;
        accepted(answer.success, said(&answer.extra), "get_filters")?;
        answer.filter_options.ok_or_else(|| missing("filterOptions"))
    }

    /// Replaces what is chosen; nothing at all is refused (400).
    ///
    /// ```no_run
    /// use serde_json::{Map, json};
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let folders = json!({"operator": "in", "value": ["folder-1"]});
    /// connector.save_filters(Map::from_iter([("folders".to_owned(), folders)])).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn save_filters(&self, filters: Map<String, Value>) -> Result<types::Acknowledgement, Error> {
        let request = types::SaveConnectorFiltersRequest::new(filters);
        let answer = self.client.api.save_filters(self.id.as_str(), &request).await?;
        accepted(answer.success, answer.message.as_deref(), "save_filters")?;
        Ok(answer)
    }

    /// What can be chosen for one filter that has many options, such as the folders of a drive.
    ///
    /// ```no_run
    /// use futures::TryStreamExt;
    ///
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let mut folders = connector.filter_options("folders").search("plans").list();
    /// while let Some(folder) = folders.try_next().await? {
    ///     println!("{}", folder.label.unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn filter_options(&self, key: impl Into<FilterKey>) -> FilterQuery {
        FilterQuery {
            connector: self.clone(),
            key: key.into(),
            page_size: PAGE_SIZE,
            search: None,
            within: Vec::new(),
            without: Vec::new(),
        }
    }
}

/// Which options of a filter to list; see [`Connector::filter_options`].
#[must_use = "nothing is asked for until it is listed"]
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
    /// How many to fetch at a time: from 1 to 100, which is the default.
    pub fn page_size(mut self, size: u8) -> Self {
        self.page_size = i64::from(size).clamp(1, PAGE_SIZE);
        self
    }

    /// Only those that the service finds by these words.
    pub fn search(mut self, words: impl Into<String>) -> Self {
        self.search = Some(words.into());
        self
    }

    /// Only those in a group (`contextGroupPath`). Called again, in that one as well.
    pub fn context_group_path(mut self, path: impl Into<String>) -> Self {
        self.within.push(path.into());
        self
    }

    /// Not those in a group (`excludeContextGroupPath`). Called again, not in that one either.
    pub fn exclude_context_group_path(mut self, path: impl Into<String>) -> Self {
        self.without.push(path.into());
        self
    }

    /// Lists them, page by page as they are read.
    #[must_use]
    pub fn list(self) -> Pages<types::FilterOption> {
        let query = Arc::new(self);
        Pages::new(move |token| {
            let query = Arc::clone(&query);
            async move { query.page(token.as_deref()).await }
        })
    }

    /// One page. Some types answer a cursor for the next and some only that there is more: a token of ours is the one
    /// after `=`, or the number of a page.
    async fn page(&self, token: Option<&str>) -> Result<Page<types::FilterOption>, Error> {
        let lost = |why: &str| Err(cut_short(why).operation_named("get_filter_options"));
        if token == Some(NOWHERE) {
            return lost("the server says that there is more, and not where");
        }
        let cursor = token.and_then(|token| token.strip_prefix('='));
        let asked = number(token);
        let Connector { client, id } = &self.connector;
        let answer = client
            .api
            .get_filter_options(
                id.as_str(),
                self.key.as_str(),
                (!self.within.is_empty()).then_some(&self.within),
                cursor,
                (!self.without.is_empty()).then_some(&self.without),
                Some(self.page_size),
                cursor.is_none().then_some(asked),
                self.search.as_deref(),
            )
            .await?;
        accepted(answer.success, answer.message.as_deref(), "get_filter_options")?;
        let items = answer.options.unwrap_or_default();
        // Beside the options, or where the document has it.
        let nested = answer.pagination.unwrap_or_default();
        if cursor.is_none() {
            // What comes by a cursor has no number.
            check_number(asked, answer.page.or(nested.page))
                .map_err(|error| error.operation_named("get_filter_options"))?;
        }
        let more = answer.has_more.or(nested.has_more);
        let next = answer.cursor.or(nested.cursor).filter(|cursor| !cursor.is_empty());
        let next = match (more, next) {
            (Some(false), _) | (None, None) => None,
            (_, Some(cursor)) => Some(format!("={cursor}")),
            (Some(true), None) if cursor.is_some() => Some(NOWHERE.to_owned()),
            (Some(true), None) if items.is_empty() => {
                return lost(&format!("page {asked} is empty, and the server says that it is not the end"));
            }
            (Some(true), None) => Some(asked.saturating_add(1).to_string()),
        };
        Ok(Page { items, next })
    }
}
