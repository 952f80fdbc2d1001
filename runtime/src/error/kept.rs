//! What a response keeps of its request.

use std::fmt;
use std::sync::Arc;

/// The parameters of a request that links in its response need: their names, such as `path.id`, and their values.
#[derive(Clone, Default)]
pub(crate) struct Kept(Option<Arc<[(&'static str, String)]>>);

impl Kept {
    pub(crate) fn new(parameters: Vec<(&'static str, String)>) -> Self {
        Self((!parameters.is_empty()).then(|| parameters.into()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().flat_map(|all| all.iter()).find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// Only the names: a value may be a secret.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().flat_map(|all| all.iter()).map(|(name, _)| name)).finish()
    }
}
