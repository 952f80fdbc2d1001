//! A call of an operation, and what it has to go by.

use serde_json::Value;

use super::problem::Problem;
use super::schema::{Document, Parameters};

pub(super) type Answered = Result<Value, Problem>;

/// A call that is authorised and valid by the document.
pub(super) struct Call<'c> {
    pub(super) document: &'c Document,
    pub(super) url: &'c str,
    pub(super) operation: &'c str,
    pub(super) path: Parameters,
    pub(super) query: Parameters,
    pub(super) body: Value,
}

impl Call<'_> {
    /// A path parameter; a name that the document does not have is an id that nothing has.
    pub(super) fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The app and the connector, by the names that most paths use.
    pub(super) fn ids(&self) -> (&str, &str) {
        (self.path("app_id"), self.path("connector_id"))
    }

    /// A string of the body that has to be there.
    pub(super) fn required(&self, name: &str, field: &str) -> Result<&str, Problem> {
        match self.body[name].as_str().unwrap_or_default() {
            "" => Err(Problem::required(field)),
            text => Ok(text),
        }
    }
}
