//! Who looks after a connector.

use crate::Error;
use crate::paging::{Page, Pages};

use super::client::PAGE_SIZE;
use super::connector::{Connector, gone, missing};
use super::ids::{AppId, EntitlementId, RoleSlug, UserId};
use super::types;

/// An entitlement of an app: whoever holds it owns what it is an owner of.
///
/// ```
/// use connectors::c1::EntitlementRef;
///
/// assert_eq!(EntitlementRef::from(("my-app", "admins")), EntitlementRef::new("my-app", "admins"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntitlementRef {
    app: AppId,
    id: EntitlementId,
}

impl EntitlementRef {
    /// An entitlement by its app and its own id. The app need not be the connector's.
    pub fn new(app: impl Into<AppId>, id: impl Into<EntitlementId>) -> Self {
        Self { app: app.into(), id: id.into() }
    }

    /// The app.
    #[must_use]
    pub fn app(&self) -> &AppId {
        &self.app
    }

    /// The entitlement's own id.
    #[must_use]
    pub fn id(&self) -> &EntitlementId {
        &self.id
    }
}

impl<A: Into<AppId>, I: Into<EntitlementId>> From<(A, I)> for EntitlementRef {
    fn from((app, id): (A, I)) -> Self {
        Self::new(app, id)
    }
}

impl From<&EntitlementRef> for EntitlementRef {
    fn from(entitlement: &EntitlementRef) -> Self {
        entitlement.clone()
    }
}

/// The owners of one connector; see [`Connector::owners`].
///
/// An owner is a user, or an entitlement whose holders own the connector, each in a role. The operations are those of
/// `/api/v2/apps/{app_id}/connectors/{connector_id}/owners`, which C1 calls a draft.
///
/// ```no_run
/// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
/// use connectors::c1::EntitlementRef;
///
/// let owners = connector.owners();
/// owners.add_user("owner", "user-id").await?;
/// owners.add_entitlement("owner", ("okta-app-id", "admins-id")).await?;
/// // Or all of a role at once:
/// owners.set("owner", ["user-id"], [EntitlementRef::new("okta-app-id", "admins-id")]).await?;
///
/// println!("since {:?}", owners.user("owner", "user-id").await?.created_at);
/// println!("since {:?}", owners.entitlement("owner", ("okta-app-id", "admins-id")).await?.created_at);
/// owners.remove_user("owner", "user-id").await?;
/// owners.remove_entitlement("owner", ("okta-app-id", "admins-id")).await?;
/// # Ok(())
/// # }
/// ```
///
/// They are listed page by page, in all roles or in one:
///
/// ```no_run
/// # async fn example(owners: connectors::c1::Owners) -> Result<(), connectors::Error> {
/// use futures::TryStreamExt;
///
/// let users: Vec<_> = owners.users().try_collect().await?;
/// let entitlements: Vec<_> = owners.entitlements_in("reviewer").try_collect().await?;
/// println!("{} users in all; {} entitlements that review", users.len(), entitlements.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Owners {
    connector: Connector,
}

impl Owners {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector }
    }

    /// The users among the owners, in all roles.
    #[must_use]
    pub fn users(&self) -> Pages<types::ConnectorOwnerUser> {
        self.search_users(None)
    }

    /// The users among the owners in one role.
    #[must_use]
    pub fn users_in(&self, role: impl Into<RoleSlug>) -> Pages<types::ConnectorOwnerUser> {
        self.search_users(Some(role.into()))
    }

    fn search_users(&self, role: Option<RoleSlug>) -> Pages<types::ConnectorOwnerUser> {
        let connector = self.connector.clone();
        Pages::new(move |token| {
            let (connector, role) = (connector.clone(), role.clone());
            async move {
                let Connector { client, app, id } = &connector;
                let (token, role) = (token.as_deref(), role.as_ref().map(RoleSlug::as_str));
                let page =
                    client.api.search_user_owners(app.as_str(), id.as_str(), Some(PAGE_SIZE), token, role).await?;
                Ok(Page { items: page.list.unwrap_or_default(), next: page.next_page_token })
            }
        })
    }

    /// The entitlements among the owners, in all roles.
    #[must_use]
    pub fn entitlements(&self) -> Pages<types::ConnectorOwnerEntitlement> {
        self.search_entitlements(None)
    }

    /// The entitlements among the owners in one role.
    #[must_use]
    pub fn entitlements_in(&self, role: impl Into<RoleSlug>) -> Pages<types::ConnectorOwnerEntitlement> {
        self.search_entitlements(Some(role.into()))
    }

    fn search_entitlements(&self, role: Option<RoleSlug>) -> Pages<types::ConnectorOwnerEntitlement> {
        let connector = self.connector.clone();
        Pages::new(move |token| {
            let (connector, role) = (connector.clone(), role.clone());
            async move {
                let Connector { client, app, id } = &connector;
                let (token, role) = (token.as_deref(), role.as_ref().map(RoleSlug::as_str));
                let page = client
                    .api
                    .search_entitlement_owners(app.as_str(), id.as_str(), Some(PAGE_SIZE), token, role)
                    .await?;
                Ok(Page { items: page.list.unwrap_or_default(), next: page.next_page_token })
            }
        })
    }

    /// One user among the owners.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if the user is no owner in this role.
    pub async fn user(
        &self,
        role: impl Into<RoleSlug>,
        user: impl Into<UserId>,
    ) -> Result<types::ConnectorOwnerUser, Error> {
        let Connector { client, app, id } = &self.connector;
        let (role, user) = (role.into(), user.into());
        let answer = client.api.get_user_owner(app.as_str(), id.as_str(), role.as_str(), user.as_str()).await?;
        answer.connector_owner_user.ok_or_else(|| missing("owner"))
    }

    /// Makes a user an owner.
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no answer came.
    pub async fn add_user(
        &self,
        role: impl Into<RoleSlug>,
        user: impl Into<UserId>,
    ) -> Result<types::ConnectorOwnerUser, Error> {
        let Connector { client, app, id } = &self.connector;
        let (role, user) = (role.into(), user.into());
        let request = types::CreateConnectorUserOwnerRequest::default();
        let created = client.api.create_user_owner(app.as_str(), id.as_str(), role.as_str(), user.as_str(), &request);
        created.await?.connector_owner_user.ok_or_else(|| missing("owner").perhaps_done())
    }

    /// Takes a role from a user.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if the user is no owner in this role; not if an attempt before, whose answer was lost, may
    /// have taken it.
    pub async fn remove_user(&self, role: impl Into<RoleSlug>, user: impl Into<UserId>) -> Result<(), Error> {
        let Connector { client, app, id } = &self.connector;
        let (role, user) = (role.into(), user.into());
        let request = types::DeleteConnectorUserOwnerRequest::default();
        let deleted = client.api.delete_user_owner(app.as_str(), id.as_str(), role.as_str(), user.as_str(), &request);
        gone(deleted.await)
    }

    /// One entitlement among the owners.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if its holders are no owners in this role.
    pub async fn entitlement(
        &self,
        role: impl Into<RoleSlug>,
        entitlement: impl Into<EntitlementRef>,
    ) -> Result<types::ConnectorOwnerEntitlement, Error> {
        let Connector { client, app, id } = &self.connector;
        let (role, of) = (role.into(), entitlement.into());
        let (of_app, of_id) = (of.app.as_str(), of.id.as_str());
        let got = client.api.get_entitlement_owner(app.as_str(), id.as_str(), role.as_str(), of_app, of_id);
        got.await?.connector_owner_entitlement.ok_or_else(|| missing("owner"))
    }

    /// Makes the holders of an entitlement owners.
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if no answer came.
    pub async fn add_entitlement(
        &self,
        role: impl Into<RoleSlug>,
        entitlement: impl Into<EntitlementRef>,
    ) -> Result<types::ConnectorOwnerEntitlement, Error> {
        let Connector { client, app, id } = &self.connector;
        let (role, of) = (role.into(), entitlement.into());
        let (of_app, of_id) = (of.app.as_str(), of.id.as_str());
        let request = types::CreateConnectorEntitlementOwnerRequest::default();
        let created =
            client.api.create_entitlement_owner(app.as_str(), id.as_str(), role.as_str(), of_app, of_id, &request);
        created.await?.connector_owner_entitlement.ok_or_else(|| missing("owner").perhaps_done())
    }

    /// Takes a role from the holders of an entitlement.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if they are no owners in this role; not if an attempt before, whose answer was lost, may
    /// have taken it.
    pub async fn remove_entitlement(
        &self,
        role: impl Into<RoleSlug>,
        entitlement: impl Into<EntitlementRef>,
    ) -> Result<(), Error> {
        let Connector { client, app, id } = &self.connector;
        let (role, of) = (role.into(), entitlement.into());
        let (of_app, of_id) = (of.app.as_str(), of.id.as_str());
        let request = types::DeleteConnectorEntitlementOwnerRequest::default();
        let deleted =
            client.api.delete_entitlement_owner(app.as_str(), id.as_str(), role.as_str(), of_app, of_id, &request);
        gone(deleted.await)
    }

    /// Makes exactly these users, and the holders of exactly these entitlements, the owners in a role. Two empty lists
    /// leave the role to nobody; other roles stay as they are.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set(
        &self,
        role: impl Into<RoleSlug>,
        users: impl IntoIterator<Item = impl Into<UserId>>,
        entitlements: impl IntoIterator<Item = impl Into<EntitlementRef>>,
    ) -> Result<(), Error> {
        let user = |id: UserId| types::UserRef { id: Some(id.to_string()), ..Default::default() };
        let entitlement = |of: EntitlementRef| types::AppEntitlementRef {
            app_id: Some(of.app.to_string()),
            id: Some(of.id.to_string()),
            ..Default::default()
        };
        let request = types::SetConnectorOwnersV2Request {
            role_slug: Some(role.into().to_string()),
            user_refs: Some(users.into_iter().map(|it| user(it.into())).collect()),
            app_entitlement_refs: Some(entitlements.into_iter().map(|it| entitlement(it.into())).collect()),
            ..Default::default()
        };
        let Connector { client, app, id } = &self.connector;
        client.api.set_owners(app.as_str(), id.as_str(), &request).await.map(drop)
    }
}
