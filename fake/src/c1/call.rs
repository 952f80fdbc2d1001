//! A call of an operation, with its arguments.

use serde_json::Value;

use super::problem::Problem;
use super::schema::{Document, Parameters};

pub(super) type Answered = Result<Value, Problem>;

/// An authorized call that is valid by the document.
pub(super) struct Call<'c> {
    pub(super) document: &'c Document,
    pub(super) url: &'c str,
    pub(super) operation: &'c str,
    pub(super) path: Parameters,
    pub(super) query: Parameters,
    pub(super) body: Value,
}

impl Call<'_> {
    /// A path parameter. An unknown name returns an id that does not exist.
    pub(super) fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The app and the connector, by the names that most paths use.
    pub(super) fn ids(&self) -> (&str, &str) {
        (self.path("app_id"), self.path("connector_id"))
    }

    /// A required string of the body.
    pub(super) fn required(&self, name: &str, field: &str) -> Result<&str, Problem> {
        match self.body[name].as_str().unwrap_or_default() {
            "" => Err(Problem::required(field)),
            text => Ok(text),
        }
    }
}
