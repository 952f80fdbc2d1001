//! Filters: what a connector brings and what it leaves.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::Error;
use crate::paging::{Page, Pages};

use super::connector::{Connector, accepted, missing};
use super::ids::FilterKey;
use super::registry::number;
use super::types;

/// The most options a page can have.
const PAGE_SIZE: i64 = 100;

impl Connector {
    /// The options of the filters that have a few: a map of a filter's kind to what can be chosen.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn filters(&self) -> Result<types::FilterOptions, Error> {
        let answer = self.client.api.get_filters(self.id.as_str()).await?;
        answer.filter_options.ok_or_else(|| missing("filterOptions"))
    }

    /// Replaces what is chosen; nothing at all is refused (400).
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
        let more = answer.has_more.or(nested.has_more);
        let next = answer.cursor.or(nested.cursor).filter(|cursor| !cursor.is_empty());
        let next = match (more, next) {
            (Some(false), _) => None,
            (_, Some(cursor)) => Some(format!("={cursor}")),
            (Some(true), None) if cursor.is_none() && !items.is_empty() => Some(asked.saturating_add(1).to_string()),
            _ => None,
        };
        Ok(Page { items, next })
    }
}
