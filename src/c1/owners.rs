//! The owners of a connector.

use crate::{Error, IntoId, Pages};

use super::api::params::{AppEntitlementRefAppId, AppEntitlementRefId, UserRefId};
use super::app::App;
use super::client::PAGE_SIZE;
use super::connector::{Connector, gone};
use super::ids::{AppId, EntitlementId, RoleSlug, UserId, kinds};
use super::types;

impl Connector {
    /// The owners of the connector.
    #[must_use]
    pub fn owners(&self) -> Owners {
        Owners::new(self.clone())
    }
}

impl App {
    /// Refers to an entitlement of the app, whose holders can own connectors; see [`Connector::owners`]. Sends nothing.
    pub fn entitlement(&self, id: impl IntoId<kinds::EntitlementId>) -> EntitlementRef {
        EntitlementRef::new(self.id.clone(), id)
    }
}

/// An entitlement of an app. If it is an owner of a connector, everyone who holds it owns the connector.
///
/// ```
/// use connectors::c1::{AppId, EntitlementRef};
///
/// let admins = EntitlementRef::new(AppId::new("my-app"), "admins");
/// assert_eq!(admins.id(), &"admins");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntitlementRef {
    app: AppId,
    id: EntitlementId,
}

impl EntitlementRef {
    /// Refers to an entitlement by its app and its id. The app need not be the connector's. See also
    /// [`App::entitlement`](super::App::entitlement).
    pub fn new(app: AppId, id: impl IntoId<kinds::EntitlementId>) -> Self {
        Self { app, id: id.into_id() }
    }

    /// The app.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        &self.app
    }

    /// The entitlement's own id.
    #[must_use]
    pub fn id(&self) -> &EntitlementId {
        &self.id
    }

    fn ids(&self) -> (AppEntitlementRefAppId, AppEntitlementRefId) {
        (AppEntitlementRefAppId::new(self.app.as_str()), AppEntitlementRefId::new(self.id.as_str()))
    }
}

/// The owners of one connector in all roles; see [`Connector::owners`].
///
/// An owner is a user, or an entitlement whose holders own the connector, each in a role. The operations are those of
/// `/api/v2/apps/{app_id}/connectors/{connector_id}/owners`, which C1 calls a draft.
///
/// ```no_run
/// # async fn example(c1: connectors::c1::Client, connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
/// use futures::TryStreamExt;
///
/// let admins = c1.app("okta-app-id").entitlement("admins-id");
/// let owners = connector.owners().role("owner");
/// owners.add_user("user-id").await?;
/// owners.add_entitlement(&admins).await?;
/// // Or all of the role at once:
/// owners.set(["user-id"], [&admins]).await?;
///
/// println!("since {:?}", owners.user("user-id").await?.created_at);
/// println!("since {:?}", owners.entitlement(&admins).await?.created_at);
/// owners.remove_user("user-id").await?;
/// owners.remove_entitlement(&admins).await?;
///
/// let users: Vec<_> = connector.owners().users().try_collect().await?;
/// let reviewers: Vec<_> = connector.owners().role("reviewer").users().try_collect().await?;
/// println!("{} users, {} of them review", users.len(), reviewers.len());
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

    /// The owners in one role, to list, add and remove. Sends nothing.
    #[must_use]
    pub fn role(&self, role: impl IntoId<kinds::RoleSlug>) -> RoleOwners {
        RoleOwners { connector: self.connector.clone(), role: role.into_id() }
    }

    /// The users among the owners, in all roles.
    #[must_use]
    pub fn users(&self) -> Pages<types::ConnectorOwnerUser> {
        users(&self.connector, None)
    }

    /// The entitlements among the owners, in all roles.
    #[must_use]
    pub fn entitlements(&self) -> Pages<types::ConnectorOwnerEntitlement> {
        entitlements(&self.connector, None)
    }
}

/// The owners of one connector in one role; see [`Owners::role`].
#[derive(Clone, Debug)]
pub struct RoleOwners {
    connector: Connector,
    role: RoleSlug,
}

impl RoleOwners {
    /// The users among the owners in this role.
    #[must_use]
    pub fn users(&self) -> Pages<types::ConnectorOwnerUser> {
        users(&self.connector, Some(self.role.clone()))
    }

    /// The entitlements among the owners in this role.
    #[must_use]
    pub fn entitlements(&self) -> Pages<types::ConnectorOwnerEntitlement> {
        entitlements(&self.connector, Some(self.role.clone()))
    }

    /// Reads one user among the owners in this role.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if the user is no owner in this role.
    pub async fn user(&self, user: impl IntoId<kinds::UserId>) -> Result<types::ConnectorOwnerUser, Error> {
        let (app, id) = self.connector.ids();
        let owners = self.connector.client().api.owners();
        let sent = owners.get_user_owner(app, id, self.role.clone(), user_ref(user)).send().await?;
        let (value, response) = sent.into_parts();
        value.connector_owner_user.ok_or_else(|| response.incomplete(NO_OWNER))
    }

    /// Adds a user to the owners in this role.
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if the response was lost.
    pub async fn add_user(&self, user: impl IntoId<kinds::UserId>) -> Result<types::ConnectorOwnerUser, Error> {
        let (app, id) = self.connector.ids();
        let request = types::CreateConnectorUserOwnerRequest::default();
        let owners = self.connector.client().api.owners();
        let sent = owners.create_user_owner(app, id, self.role.clone(), user_ref(user), &request).send().await?;
        let (value, response) = sent.into_parts();
        value.connector_owner_user.ok_or_else(|| response.incomplete(NO_OWNER).perhaps_done())
    }

    /// Removes a user from the owners in this role.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if the user is no owner in this role; not if an earlier attempt, whose response was lost, may
    /// have removed it.
    pub async fn remove_user(&self, user: impl IntoId<kinds::UserId>) -> Result<(), Error> {
        let (app, id) = self.connector.ids();
        let request = types::DeleteConnectorUserOwnerRequest::default();
        let owners = self.connector.client().api.owners();
        gone(owners.delete_user_owner(app, id, self.role.clone(), user_ref(user), &request).await)
    }

    /// Reads one entitlement among the owners in this role.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if its holders are no owners in this role.
    pub async fn entitlement(&self, entitlement: &EntitlementRef) -> Result<types::ConnectorOwnerEntitlement, Error> {
        let ((app, id), (of_app, of_id)) = (self.connector.ids(), entitlement.ids());
        let owners = self.connector.client().api.owners();
        let sent = owners.get_entitlement_owner(app, id, self.role.clone(), of_app, of_id).send().await?;
        let (value, response) = sent.into_parts();
        value.connector_owner_entitlement.ok_or_else(|| response.incomplete(NO_OWNER))
    }

    /// Adds the holders of an entitlement to the owners in this role.
    ///
    /// # Errors
    /// [`Error::may_have_happened`] if the response was lost.
    pub async fn add_entitlement(
        &self,
        entitlement: &EntitlementRef,
    ) -> Result<types::ConnectorOwnerEntitlement, Error> {
        let ((app, id), (of_app, of_id)) = (self.connector.ids(), entitlement.ids());
        let request = types::CreateConnectorEntitlementOwnerRequest::default();
        let owners = self.connector.client().api.owners();
        let sent = owners.create_entitlement_owner(app, id, self.role.clone(), of_app, of_id, &request).send().await?;
        let (value, response) = sent.into_parts();
        value.connector_owner_entitlement.ok_or_else(|| response.incomplete(NO_OWNER).perhaps_done())
    }

    /// Removes the holders of an entitlement from the owners in this role.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if they are no owners in this role; not if an earlier attempt, whose response was lost, may
    /// have removed them.
    pub async fn remove_entitlement(&self, entitlement: &EntitlementRef) -> Result<(), Error> {
        let ((app, id), (of_app, of_id)) = (self.connector.ids(), entitlement.ids());
        let request = types::DeleteConnectorEntitlementOwnerRequest::default();
        let owners = self.connector.client().api.owners();
        gone(owners.delete_entitlement_owner(app, id, self.role.clone(), of_app, of_id, &request).await)
    }

    /// Replaces the owners in this role by exactly these users and the holders of these entitlements. Two empty lists
    /// remove all owners in this role. Other roles do not change.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set<'a>(
        &self,
        users: impl IntoIterator<Item = impl IntoId<kinds::UserId>>,
        entitlements: impl IntoIterator<Item = &'a EntitlementRef>,
    ) -> Result<(), Error> {
        let user = |id: UserId| types::UserRef { id: Some(id.into()), ..Default::default() };
        let entitlement = |of: &EntitlementRef| types::AppEntitlementRef {
            app_id: Some(of.app.to_string()),
            id: Some(of.id.to_string()),
            ..Default::default()
        };
        let request = types::SetConnectorOwnersV2Request {
            role_slug: Some(self.role.to_string()),
            user_refs: Some(users.into_iter().map(|it| user(it.into_id())).collect()),
            app_entitlement_refs: Some(entitlements.into_iter().map(entitlement).collect()),
            ..Default::default()
        };
        let (app, id) = self.connector.ids();
        self.connector.client().api.owners().set_owners(app, id, &request).await.map(drop)
    }
}

const NO_OWNER: &str = "the response has no owner";

fn user_ref(user: impl IntoId<kinds::UserId>) -> UserRefId {
    UserRefId::new(user.into_id())
}

fn users(connector: &Connector, role: Option<RoleSlug>) -> Pages<types::ConnectorOwnerUser> {
    let (app, id) = connector.ids();
    let request = connector.client().api.owners().search_user_owners(app, id).page_size(PAGE_SIZE);
    match role {
        Some(role) => request.role_slug(role).items(),
        None => request.items(),
    }
}

fn entitlements(connector: &Connector, role: Option<RoleSlug>) -> Pages<types::ConnectorOwnerEntitlement> {
    let (app, id) = connector.ids();
    let request = connector.client().api.owners().search_entitlement_owners(app, id).page_size(PAGE_SIZE);
    match role {
        Some(role) => request.role_slug(role).items(),
        None => request.items(),
    }
}
