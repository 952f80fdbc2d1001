//! What a response keeps of its request.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// The operation that was called, and the parameters of its request that links in the response need: their names, such as
/// `path.id`, and their values.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    operation: Option<&'static (dyn Any + Send + Sync)>,
    parameters: Option<Arc<[(&'static str, String)]>>,
}

impl Kept {
    /// `operation` is a row of the generated table, of a type that this module does not know.
    pub(crate) fn new(operation: &'static (dyn Any + Send + Sync), parameters: Vec<(&'static str, String)>) -> Self {
        Self { operation: Some(operation), parameters: (!parameters.is_empty()).then(|| parameters.into()) }
    }

    /// The operation.
    pub(crate) fn operation<T: Any>(&self) -> Option<&'static T> {
        self.operation?.downcast_ref()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    fn all(&self) -> impl Iterator<Item = &(&'static str, String)> {
        self.parameters.iter().flat_map(|all| all.iter())
    }
}

/// Only the names: a value may be a secret.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().map(|(name, _)| name)).finish()
    }
}
