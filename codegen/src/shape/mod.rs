//! Stage `shape`: a 3.0.3 document to what makes good Rust: names, hoisted inline schemas, read and write views, open
//! enums, kept extras, one error type, and only operations that progenitor can express.

mod all_of;
mod circles;
mod claims;
pub(crate) mod model;
pub(crate) mod names;
mod nullable;
mod operations;
mod types;
mod unions;
mod views;

use crate::document::Node;
use crate::note::Notes;
use model::Api;

#[cfg(feature = "diff")]
pub(crate) use all_of::flatten;
/// Shapes a lowered document.
pub(crate) fn shape(document: &Node, notes: &mut Notes) -> Api {
    let mut types = types::Types::new(document, notes);
    let (operations, headers) = operations::shape(document, &mut types);
    let info = |key: &str| document.get("info").and_then(|info| info.str(key)).unwrap_or_default().to_owned();
    Api {
        title: info("title"),
        version: info("version"),
        operations,
        headers,
        schemes: operations::schemes(document),
        servers: operations::servers(document),
        types: types.finish(),
    }
}
