//! Lists: the types of connectors there are, and the connectors there are.

use std::sync::Arc;

use crate::Error;
use crate::paging::{Page, Pages, cut_short};

use super::client::Client;
use super::connector::{accepted, missing, said};
use super::ids::TypeName;
use super::types::{self, ConnectorScope};

/// The most items a page can have.
const PAGE_SIZE: i64 = 200;

impl Client {
    /// The types of connectors that a team can have.
    ///
    /// ```no_run
    /// use futures::TryStreamExt;
    ///
    /// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
    /// let mut types = ph.registry();
    /// while let Some(kind) = types.try_next().await? {
    ///     println!("{}", kind.connector_type.unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn registry(&self) -> Pages<types::ConnectorType> {
        self.registry_of(ConnectorScope::Team)
    }

    /// The types of connectors that a team, or one person, can have.
    ///
    /// ```no_run
    /// use connectors::pipeshub::ConnectorScope;
    /// use futures::TryStreamExt;
    ///
    /// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
    /// let types: Vec<_> = ph.registry_of(ConnectorScope::Personal).try_collect().await?;
    /// println!("{} types", types.len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn registry_of(&self, scope: ConnectorScope) -> Pages<types::ConnectorType> {
        let api = Arc::clone(&self.api);
        Pages::new(move |token| {
            let (api, scope) = (Arc::clone(&api), scope.clone());
            async move {
                let asked = number(token.as_deref());
                let page = api.registry(Some(PAGE_SIZE), Some(asked), Some(&scope), None).await?;
                accepted(page.success, said(&page.extra), "registry")?;
                let items = page.connectors.unwrap_or_default();
                let next = next_page(asked, items.len(), page.pagination);
                let next = next.map_err(|error| error.operation_named("registry"))?;
                Ok(Page { items, next: next.map(|next| next.to_string()) })
            }
        })
    }

    /// What a type of connector wants to know, as the registry has it: the fields of `auth`, `sync` and `filters`.
    ///
    /// ```no_run
    /// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
    /// let schema = ph.connector_schema("S3").await?;
    /// println!("{:?}", schema.auth);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is no such type; capitals matter.
    pub async fn connector_schema(&self, connector_type: impl Into<TypeName>) -> Result<types::ConnectorSchema, Error> {
        let answer = self.api.schema(connector_type.into().as_str()).await?;
        accepted(answer.success, said(&answer.extra), "schema")?;
        answer.schema.ok_or_else(|| missing("schema"))
    }

    /// The connectors of the team, or one's own. The service lists one scope at a time:
    /// [`Client::all_connectors`] has both.
    pub fn connectors(&self, scope: ConnectorScope) -> Connectors {
        Connectors::new(self.clone(), vec![scope])
    }

    /// The connectors of the team and then one's own.
    ///
    /// ```no_run
    /// use futures::TryStreamExt;
    ///
    /// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
    /// let drives: Vec<_> = ph.all_connectors().of_type("Drive").list().try_collect().await?;
    /// println!("{} drives", drives.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn all_connectors(&self) -> Connectors {
        Connectors::new(self.clone(), vec![ConnectorScope::Team, ConnectorScope::Personal])
    }
}

/// Which connectors to list; see [`Client::connectors`].
///
/// ```no_run
/// use connectors::pipeshub::{Client, ConnectorScope};
/// use futures::TryStreamExt;
///
/// # async fn example(ph: Client) -> Result<(), connectors::Error> {
/// let mut active = ph.connectors(ConnectorScope::Team).active(true).list();
/// while let Some(connector) = active.try_next().await? {
///     println!("{}", connector.instance_name.unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked for until it is listed"]
#[derive(Clone, Debug)]
pub struct Connectors {
    client: Client,
    scopes: Vec<ConnectorScope>,
    connector_type: Option<TypeName>,
    active: Option<bool>,
    authenticated: Option<bool>,
    search: Option<String>,
}

impl Connectors {
    fn new(client: Client, scopes: Vec<ConnectorScope>) -> Self {
        Self { client, scopes, connector_type: None, active: None, authenticated: None, search: None }
    }

    /// Only those whose sync is on, or off.
    pub fn active(mut self, active: bool) -> Self {
        self.active = Some(active);
        self
    }

    /// Only those that have proved themselves to what they read, or that have not.
    pub fn authenticated(mut self, authenticated: bool) -> Self {
        self.authenticated = Some(authenticated);
        self
    }

    /// Only those of a type.
    pub fn of_type(mut self, connector_type: impl Into<TypeName>) -> Self {
        self.connector_type = Some(connector_type.into());
        self
    }

    /// Only those that the service finds by these words.
    pub fn search(mut self, words: impl Into<String>) -> Self {
        self.search = Some(words.into());
        self
    }

    /// Lists them, page by page as they are read.
    #[must_use]
    pub fn list(self) -> Pages<types::ConnectorInstance> {
        let list = Arc::new(self);
        Pages::new(move |token| {
            let list = Arc::clone(&list);
            async move { list.page(token.as_deref()).await }
        })
    }

    /// One page. A token is which of the scopes, and the number of its page.
    async fn page(&self, token: Option<&str>) -> Result<Page<types::ConnectorInstance>, Error> {
        let (index, asked) = match token.and_then(|token| token.split_once(':')) {
            Some((index, page)) => (index.parse().unwrap_or_default(), number(Some(page))),
            None => (0, 1),
        };
        let Some(scope) = self.scopes.get(index) else { return Ok(Page { items: Vec::new(), next: None }) };
        let page = self
            .client
            .api
            .list(
                self.connector_type.as_ref().map(TypeName::as_str),
                self.active,
                self.authenticated,
                Some(PAGE_SIZE),
                Some(asked),
                Some(scope),
                self.search.as_deref(),
            )
            .await?;
        accepted(page.success, said(&page.extra), "list")?;
        let items = page.connectors.unwrap_or_default();
        let next = next_page(asked, items.len(), page.pagination);
        let next = match next.map_err(|error| error.operation_named("list"))? {
            Some(next) => Some(format!("{index}:{next}")),
            None => (index + 1 < self.scopes.len()).then(|| format!("{}:1", index + 1)),
        };
        Ok(Page { items, next })
    }
}

/// The number of a page in a token of our own.
pub(super) fn number(token: Option<&str>) -> i64 {
    token.and_then(|token| token.parse().ok()).unwrap_or(1)
}

/// The number of the page after the one that was asked for.
///
/// An answer is held against itself alone: a list may grow or shrink while it is read, so that two pages may well count
/// differently. Whoever says that there is more is believed, and then the next page has to bear it out.
fn next_page(asked: i64, items: usize, pagination: Option<types::ConnectorPagination>) -> Result<Option<i64>, Error> {
    let Some(said) = pagination else { return Ok(None) };
    check_number(asked, said.page)?;
    let more = said.has_next.or(said.has_more) == Some(true) || said.next_page.is_some();
    let counts = |number: i64| said.total_pages.is_some_and(|pages| pages >= number);
    if items > 0 {
        return Ok((more || counts(asked.saturating_add(1))).then(|| asked.saturating_add(1)));
    }
    // An empty list may have one page, which is empty.
    let first_of_none = asked == 1 && said.total_pages == Some(1) && said.total_count.or(said.total).unwrap_or(0) == 0;
    let past_the_end = said.total_pages.is_some_and(|pages| pages < asked);
    if past_the_end || (!more && (first_of_none || !counts(asked))) {
        return Ok(None);
    }
    Err(cut_short(&format!("page {asked} is empty, and the server says that it is not the end")))
}

/// Whether a page is the one that was asked for, as far as the server says.
pub(super) fn check_number(asked: i64, answered: Option<i64>) -> Result<(), Error> {
    match answered {
        Some(answered) if answered != asked => {
            Err(cut_short(&format!("the server answered page {answered} for page {asked}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn next(asked: i64, items: usize, said: Value) -> Result<Option<i64>, Error> {
        next_page(asked, items, serde_json::from_value(said).unwrap())
    }

    #[test]
    fn a_list_goes_on_as_long_as_anything_says_so() {
        for (asked, items, said, expected) in [
            (1, 5, json!({"page": 1, "totalCount": 9, "totalPages": 2, "hasNext": true, "nextPage": 2}), Some(2)),
            (2, 4, json!({"page": 2, "totalCount": 9, "totalPages": 2, "hasNext": false, "nextPage": null}), None),
            (1, 5, json!({"hasMore": true}), Some(2)),
            (1, 5, json!({"nextPage": 2}), Some(2)),
            (1, 5, json!({"totalPages": 3, "hasNext": false}), Some(2)),
            (3, 5, json!({"totalPages": 3, "hasNext": true}), Some(4)),
            (3, 5, json!({"totalPages": 3}), None),
            (1, 5, json!({}), None),
            (1, 5, json!(null), None),
            (1, 0, json!(null), None),
            // Nothing at all, in the ways of saying so.
            (1, 0, json!({"page": 1, "totalCount": 0, "totalPages": 0, "hasNext": false}), None),
            (1, 0, json!({"page": 1, "totalCount": 0, "totalPages": 1, "hasNext": false}), None),
            // It became shorter while it was read, or was counted wrong before.
            (3, 0, json!({"page": 3, "totalCount": 7, "totalPages": 2, "hasNext": false}), None),
            (4, 0, json!({"page": 4, "totalPages": 3, "hasNext": true}), None),
            (2, 0, json!({"page": 2, "hasNext": false}), None),
        ] {
            assert_eq!(next(asked, items, said.clone()).unwrap(), expected, "{said}");
        }
    }

    #[test]
    fn a_page_that_contradicts_itself_does_not_end_a_list_in_silence() {
        for (asked, items, said) in [
            (1, 0, json!({"hasNext": true})),
            (1, 0, json!({"nextPage": 2})),
            (2, 0, json!({"page": 2, "totalPages": 3, "hasNext": false})),
            (2, 0, json!({"page": 2, "totalPages": 2, "hasNext": false})),
            (1, 0, json!({"page": 1, "totalCount": 4, "totalPages": 1, "hasNext": false})),
            (2, 5, json!({"page": 1, "totalPages": 3, "hasNext": true})),
        ] {
            let error = next(asked, items, said.clone()).unwrap_err();
            assert!(error.is_decode() && error.to_string().contains("cut short"), "{said}: {error}");
        }
    }
}
