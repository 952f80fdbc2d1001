//! The ids of PipesHub.

use crate::ids::ids;

ids! {
    /// Id of a connector: of an instance, as the service says.
    ConnectorId
    /// Name of a type of connector, such as `S3` or `Drive`. Capitals matter.
    TypeName
    /// Key of a filter of a type of connector.
    FilterKey
}
