//! The ids of PipesHub: the ids of the document's parameters, under the names of this module.

pub use super::api::params::{ConnectorId, FilterKey, RecordId};

/// The name of a connector type, such as `S3` or `Drive`. Case matters.
pub type TypeName = super::api::params::ConnectorType;

/// Marker types that distinguish ids; none has values.
pub mod kinds {
    pub use super::super::api::params::kinds::{ConnectorId, ConnectorType, FilterKey, RecordId};
}
