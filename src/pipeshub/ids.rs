//! The ids of PipesHub: those of the document's parameters, by the names that this module uses.

pub use super::api::params::{ConnectorId, FilterKey, RecordId};

/// The name of a connector type, such as `S3` or `Drive`. Case matters.
pub type TypeName = super::api::params::ConnectorType;

/// Marker types that tell ids apart; none has values.
pub mod kinds {
    pub use super::super::api::params::kinds::{ConnectorId, ConnectorType, FilterKey, RecordId};
}
