//! Stage `shape`: turns a normalized document into types and operations for Rust. It chooses names, and creates types
//! for inline schemas. It creates read and write views. It keeps enums open, keeps unknown keys, and omits what no
//! method can send.

mod circles;
mod claims;
mod context;
mod facts;
mod lock;
pub(crate) mod model;
pub(crate) mod names;
mod nullable;
mod operations;
pub(crate) mod paging;
pub(crate) mod status;
mod types;
mod unions;
mod views;

use crate::document::{Node, Pointer};
use crate::note::{Kind, Notes};
use crate::schema::Model;
use model::Api;

pub use lock::Names;

/// Shapes a normalized document and its schemas with the names from a lock. Returns the API and all its names.
pub(crate) fn shape(document: &Node, schemas: &Model, names: &Names, notes: &mut Notes) -> (Api, Names) {
    let mut types = context::Types::new(document, schemas, notes);
    let (operations, mut headers) = operations::shape(document, &mut types);
    let info = |key: &str| document.get("info").and_then(|info| info.str(key)).unwrap_or_default().to_owned();
    let webhooks = operations::webhooks(document, &mut types, &mut headers);
    for (index, server) in document.get("servers").and_then(Node::as_array).into_iter().flatten().enumerate() {
        if server.str("url").is_some_and(|url| !url.contains("://")) {
            let at = Pointer::root().join("servers").join(index);
            let reason = "the URL of the server is relative: the caller gives the whole URL to the builder";
            types.note(Kind::Rename, &at, server, reason);
        }
    }
    let finished = types.finish();
    let mut api = Api {
        title: info("title"),
        version: info("version"),
        operations,
        headers: headers.into_values().collect(),
        schemes: operations::schemes(document, notes),
        servers: operations::servers(document),
        webhooks,
        groups: operations::groups(document),
        types: finished,
    };
    let names = lock::lock(&mut api, names, notes);
    (api, names)
}
