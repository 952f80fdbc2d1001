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
}
