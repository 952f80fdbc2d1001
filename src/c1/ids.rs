//! The ids of C1. The ids of parameters are generated.

use crate::Id;

pub use super::api::params::{AppId, ConnectorId, CredentialId, RoleSlug, SyncId, SyncLifecycleId};

/// Marker types that distinguish ids; none has values.
pub mod kinds {
    pub use super::super::api::params::kinds::{AppId, ConnectorId, CredentialId, RoleSlug, SyncId, SyncLifecycleId};

    /// See [`CatalogId`](super::super::CatalogId).
    #[derive(Debug)]
    pub enum CatalogId {}
    /// See [`UserId`](super::super::UserId).
    #[derive(Debug)]
    pub enum UserId {}
    /// See [`EntitlementId`](super::super::EntitlementId).
    #[derive(Debug)]
    pub enum EntitlementId {}
}

/// Id of an entry of the connector catalog, that is, of the kind of system that a connector reads.
pub type CatalogId = Id<kinds::CatalogId>;
/// Id of a user of the tenant.
pub type UserId = Id<kinds::UserId>;
/// Id of an entitlement of an app.
pub type EntitlementId = Id<kinds::EntitlementId>;
