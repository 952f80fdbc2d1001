//! Ids that cannot be mistaken for one another.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        ///
        /// Opaque text. An id that could not stand in a path (empty, `.`, `..`, or with a `/`) is refused when it is sent.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The id as it is sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

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
