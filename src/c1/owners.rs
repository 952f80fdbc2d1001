//! Who looks after a connector.

use std::sync::Arc;

use crate::Error;
use crate::paging::{Page, Pages};

use super::client::PAGE_SIZE;
use super::connector::Connector;
use super::ids::UserId;
use super::types;

/// The role an owner has, by its slug.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleSlug(String);

impl From<&str> for RoleSlug {
    fn from(slug: &str) -> Self {
        Self(slug.to_owned())
    }
}

impl From<String> for RoleSlug {
    fn from(slug: String) -> Self {
        Self(slug)
    }
}

/// The owners of one connector; see [`Connector::owners`].
#[derive(Clone, Debug)]
pub struct Owners {
    connector: Connector,
}

impl Owners {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector }
    }

    /// The users among the owners.
    #[must_use]
    pub fn users(&self) -> Pages<types::ConnectorOwnerUser> {
        let connector = self.connector.clone();
        Pages::new(move |token| {
            let connector = connector.clone();
            async move {
                let api = Arc::clone(&connector.client.api);
                let page = api
                    .search_user_owners(
                        connector.app.as_str(),
                        connector.id.as_str(),
                        Some(PAGE_SIZE),
                        token.as_deref(),
                        None,
                    )
                    .await?;
                Ok(Page { items: page.list.unwrap_or_default(), next: page.next_page_token })
            }
        })
    }

    /// Makes exactly these users the owners in a role.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set_users(
        &self,
        role: impl Into<RoleSlug>,
        users: impl IntoIterator<Item = impl Into<UserId>>,
    ) -> Result<(), Error> {
        let users = users
            .into_iter()
            .map(|user| types::UserRef { id: Some(user.into().to_string()), ..Default::default() })
            .collect();
        let request = types::SetConnectorOwnersV2Request {
            role_slug: Some(role.into().0),
            user_refs: Some(users),
            ..Default::default()
        };
        let Connector { client, app, id } = &self.connector;
        client.api.set_owners(app.as_str(), id.as_str(), &request).await.map(drop)
    }
}
