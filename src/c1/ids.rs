//! The ids of C1.

use crate::ids::ids;

ids! {
    /// Id of an app.
    AppId
    /// Id of a connector.
    ConnectorId
    /// Id of an entry of the connector catalog: the kind of system a connector speaks to.
    CatalogId
    /// Id of a connector's credential.
    CredentialId
    /// Id of a user of the tenant.
    UserId
    /// Id of an entitlement of an app.
    EntitlementId
    /// Short name of a role that owners have.
    RoleSlug
    /// Id of a completed sync, whose data can be had. No operation of the document gives it out.
    SyncId
    /// Id of a sync's run, by which a person's word about it is told. No operation of the document gives it out.
    SyncLifecycleId
}
