//! Lists: the types of connectors there are, and the connectors there are.

use std::sync::Arc;

use crate::Error;
use crate::paging::{Page, Pages};

use super::client::Client;
use super::connector::missing;
use super::ids::TypeName;
use super::types::{self, ConnectorScope};

/// The most items a page can have.
const PAGE_SIZE: i64 = 200;

impl Client {
    /// The types of connectors that a team can have.
    #[must_use]
    pub fn registry(&self) -> Pages<types::ConnectorType> {
        self.registry_of(ConnectorScope::Team)
    }

    /// The types of connectors that a team, or one person, can have.
    #[must_use]
    pub fn registry_of(&self, scope: ConnectorScope) -> Pages<types::ConnectorType> {
        let api = Arc::clone(&self.api);
        Pages::new(move |token| {
            let (api, scope) = (Arc::clone(&api), scope.clone());
            async move {
                let asked = number(token.as_deref());
                let page = api.registry(Some(PAGE_SIZE), Some(asked), Some(&scope), None).await?;
                let items = page.connectors.unwrap_or_default();
                let next = next_page(asked, items.len(), page.pagination).map(|next| next.to_string());
                Ok(Page { items, next })
            }
        })
    }

    /// What a type of connector wants to know, as the registry has it: the fields of `auth`, `sync` and `filters`.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is no such type; capitals matter.
    pub async fn connector_schema(&self, connector_type: impl Into<TypeName>) -> Result<types::ConnectorSchema, Error> {
        let answer = self.api.schema(connector_type.into().as_str()).await?;
        answer.schema.ok_or_else(|| missing("schema"))
    }

    /// The connectors of the team, or one's own. The service lists one scope at a time:
    /// [`Client::all_connectors`] has both.
    pub fn connectors(&self, scope: ConnectorScope) -> Connectors {
        Connectors::new(self.clone(), vec![scope])
    }

    /// The connectors of the team and then one's own.
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
        let items = page.connectors.unwrap_or_default();
        let next = match next_page(asked, items.len(), page.pagination) {
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

/// The number of the page after the one that was asked for. A page without items is the last, whatever is said of more.
fn next_page(asked: i64, items: usize, pagination: Option<types::ConnectorPagination>) -> Option<i64> {
    let pagination = pagination.filter(|_| items > 0)?;
    let more = pagination.has_next.or(pagination.has_more);
    match (more, pagination.next_page) {
        (Some(false), _) => None,
        (_, Some(next)) => Some(next),
        (Some(true), None) => Some(asked.saturating_add(1)),
        (None, None) => None,
    }
}
