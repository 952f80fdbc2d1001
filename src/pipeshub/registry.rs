//! Lists: the registry of connector types, and the existing connectors.

use std::sync::Arc;

use connectors_runtime::{Cursor, Error, IntoId, Kind, Page, Pages, Response};

use crate::Entry;

use super::client::Client;
use super::connector::Connector;
use super::filter::explained;
use super::ids::{TypeName, kinds};
use super::said::accepted;
use super::types::{self, ConnectorScope};

/// The maximum number of items on a page.
const PAGE_SIZE: i64 = 200;

impl Client {
    /// Lists the types of connectors that a team can have.
    ///
    /// ```no_run
    /// use futures::TryStreamExt;
    ///
    /// # async fn example(ph: connectors::pipeshub::Client) -> Result<(), connectors::Error> {
    /// let mut types = ph.registry();
    /// while let Some(kind) = types.try_next().await? {
    ///     println!("{:?}", kind.connector_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn registry(&self) -> Pages<types::ConnectorType> {
        self.registry_of(ConnectorScope::Team)
    }

    /// Lists the types of connectors that a team, or one person, can have.
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
        let client = self.clone();
        Pages::new(None, move |cursor| {
            let (client, scope) = (client.clone(), scope.clone());
            async move {
                let asked = number(cursor.as_ref())?;
                let request = client.api.registry().registry().limit(PAGE_SIZE).page(asked).scope(scope);
                let (page, rest) = accepted(request.send().await?)?;
                let items = page.connectors.unwrap_or_default();
                let next = next_page(asked, items.len(), page.pagination).map_err(|why| cut_short(&rest, &why))?;
                Ok(Page { items, next: next.map(cursor_of) })
            }
        })
    }

    /// Reads the configuration schema of a connector type: the fields of `auth`, `sync` and `filters`.
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
    /// [`Error::is_not_found`] if there is no such type. Case matters.
    pub async fn connector_schema(
        &self,
        connector_type: impl IntoId<kinds::ConnectorType>,
    ) -> Result<types::ConnectorSchema, Error> {
        let request = self.api.registry().schema(connector_type);
        let (value, rest) = accepted(request.send().await?)?;
        value.schema.ok_or_else(|| rest.incomplete("the response has no schema"))
    }

    /// Lists the connectors of one scope: the team's, or personal ones. [`Client::all_connectors`] lists both scopes.
    pub fn connectors(&self, scope: ConnectorScope) -> Connectors {
        Connectors::new(self.clone(), vec![scope])
    }

    /// Lists the connectors of the team, then the personal ones.
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

/// A list of connectors, with filters; see [`Client::connectors`].
///
/// ```no_run
/// use connectors::pipeshub::{Client, ConnectorScope};
/// use futures::TryStreamExt;
///
/// # async fn example(ph: Client) -> Result<(), connectors::Error> {
/// let mut active = ph.connectors(ConnectorScope::Team).active(true).list();
/// while let Some(connector) = active.try_next().await? {
///     // The data is read through the entry; its handle sends further calls.
///     println!("{:?}: {:?}", connector.instance_name, connector.handle().stats().await?.stats);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent until the list is read"]
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

    /// Only connectors whose sync is on, or only those whose sync is off.
    pub fn active(mut self, active: impl Into<Option<bool>>) -> Self {
        self.active = active.into();
        self
    }

    /// Only connectors that are authorized at their source, or only those that are not.
    pub fn authenticated(mut self, authenticated: impl Into<Option<bool>>) -> Self {
        self.authenticated = authenticated.into();
        self
    }

    /// Only connectors of one type.
    pub fn of_type(mut self, connector_type: impl IntoId<kinds::ConnectorType>) -> Self {
        self.connector_type = Some(connector_type.into_id());
        self
    }

    /// Only connectors that match this search text. The server's input filter rejects a text with a `<` or `on...=`.
    pub fn search<'a>(mut self, words: impl Into<Option<&'a str>>) -> Self {
        self.search = words.into().map(str::to_owned);
        self
    }

    /// Lists them, each with its handle. Pages are fetched as items are polled.
    #[must_use]
    pub fn list(self) -> Pages<Entry<Connector, types::ConnectorInstance>> {
        let list = Arc::new(self);
        Pages::new(None, move |cursor| {
            let list = Arc::clone(&list);
            async move { list.page(cursor.as_ref()).await }
        })
    }

    /// One page. A cursor consists of the index of a scope and a page number.
    async fn page(&self, cursor: Option<&Cursor>) -> Result<Page<Entry<Connector, types::ConnectorInstance>>, Error> {
        let (index, asked) = match cursor {
            None => (0, 1),
            Some(cursor) => {
                let place = cursor.as_token()?.split_once(':');
                let place = place.and_then(|(index, page)| Some((index.parse().ok()?, page.parse().ok()?)));
                place.ok_or_else(foreign)?
            }
        };
        let Some(scope) = self.scopes.get(index) else { return Err(foreign()) };
        let mut request = self.client.api.connectors().list().limit(PAGE_SIZE).page(asked).scope(scope.clone());
        if let Some(connector_type) = &self.connector_type {
            request = request.connector_type(connector_type);
        }
        if let Some(active) = self.active {
            request = request.is_active(active);
        }
        if let Some(authenticated) = self.authenticated {
            request = request.is_authenticated(authenticated);
        }
        if let Some(search) = &self.search {
            request = request.search(search);
        }
        let response = request.send().await.map_err(|error| explained(error, self.search.as_deref()))?;
        let (page, rest) = accepted(response)?;
        let items = page.connectors.unwrap_or_default();
        let next = match next_page(asked, items.len(), page.pagination).map_err(|why| cut_short(&rest, &why))? {
            Some(next) => Some(format!("{index}:{next}")),
            None => (index + 1 < self.scopes.len()).then(|| format!("{}:1", index + 1)),
        };
        let entry = |data: types::ConnectorInstance| {
            let id = data.connector_id.as_deref().filter(|id| !id.is_empty());
            let id = id.ok_or_else(|| rest.incomplete("a connector of the list has no id"))?;
            Ok(Entry::new(self.client.connector(id), data))
        };
        let items = items.into_iter().map(entry).collect::<Result<_, Error>>()?;
        Ok(Page::by_token(items, next))
    }
}

/// The cursor of a page by number.
pub(super) fn cursor_of(number: i64) -> Cursor {
    Cursor::page(u64::try_from(number).unwrap_or(u64::MAX))
}

/// The page number of a cursor.
pub(super) fn number(cursor: Option<&Cursor>) -> Result<i64, Error> {
    let Some(cursor) = cursor else { return Ok(1) };
    Ok(i64::try_from(cursor.as_page()?).unwrap_or(i64::MAX))
}

fn foreign() -> Error {
    Error::new(Kind::Argument, "the cursor comes from another list")
}

/// The error of a list that ends too early.
pub(super) fn cut_short(rest: &Response<()>, why: &str) -> Error {
    rest.incomplete(format!("the list ends too early: {why}"))
}

/// The number of the next page.
///
/// A page is checked only against itself: a list may grow or shrink while it is read, so two pages may have different
/// totals. If a page reports a next page, the next page has to confirm it.
fn next_page(asked: i64, items: usize, pagination: Option<types::ConnectorPagination>) -> Result<Option<i64>, String> {
    let Some(said) = pagination else { return Ok(None) };
    check_number(asked, said.page)?;
    let number = i128::from(asked);
    let more = said.has_next.or(said.has_more) == Some(true) || said.next_page.is_some();
    let counts = |number: i128| said.total_pages.is_some_and(|pages| pages >= number);
    if items > 0 {
        return Ok((more || counts(number.saturating_add(1))).then(|| asked.saturating_add(1)));
    }
    // An empty list may have one page, which is empty.
    let first_of_none = asked == 1 && said.total_pages == Some(1) && said.total_count.or(said.total).unwrap_or(0) == 0;
    let past_the_end = said.total_pages.is_some_and(|pages| pages < number);
    if past_the_end || (!more && (first_of_none || !counts(number))) {
        return Ok(None);
    }
    Err(format!("page {asked} is empty, but the server reports a next page"))
}

/// Whether a page is the requested one, as far as the server reports it.
pub(super) fn check_number(asked: i64, returned: Option<i128>) -> Result<(), String> {
    match returned {
        Some(returned) if returned != i128::from(asked) => {
            Err(format!("the server returned page {returned} for page {asked}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn next(asked: i64, items: usize, said: Value) -> Result<Option<i64>, String> {
        next_page(asked, items, serde_json::from_value(said).unwrap())
    }

    #[test]
    fn a_list_continues_as_long_as_any_field_reports_a_next_page() {
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
            // An empty list, in each form in which a server reports it.
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
    fn a_page_that_contradicts_itself_is_an_error() {
        for (asked, items, said) in [
            (1, 0, json!({"hasNext": true})),
            (1, 0, json!({"nextPage": 2})),
            (2, 0, json!({"page": 2, "totalPages": 3, "hasNext": false})),
            (2, 0, json!({"page": 2, "totalPages": 2, "hasNext": false})),
            (1, 0, json!({"page": 1, "totalCount": 4, "totalPages": 1, "hasNext": false})),
            (2, 5, json!({"page": 1, "totalPages": 3, "hasNext": true})),
        ] {
            let why = next(asked, items, said.clone()).unwrap_err();
            assert!(why.contains("page"), "{said}: {why}");
        }
    }
}
