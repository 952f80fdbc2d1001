//! Stage `shape`: turns the operations and schemas of a document into types and operations for Rust. It chooses names, and creates types
//! for inline schemas. It creates read and write views. It keeps enums open, keeps unknown keys, and omits what no
//! method can send.

mod circles;
mod claims;
mod context;
mod derived;
mod facts;
mod hidden;
mod lock;
pub(crate) mod model;
pub(crate) mod names;
mod nullable;
mod operations;
mod preset;
mod steps;
mod types;
mod unions;
mod views;
mod wide;

use std::collections::BTreeSet;

use crate::calls::Calls;
use crate::document::Pointer;
use crate::note::{Kind, Notes};
use crate::schema::Model;
use model::Api;

pub use lock::Names;

/// Shapes the operations and the schemas of a document with the names from a lock. Returns the API and all its names.
pub(crate) fn shape(calls: &Calls, schemas: &Model, names: &Names, notes: &mut Notes) -> (Api, Names) {
    let mut types = context::Types::new(calls, schemas, notes);
    let (operations, mut headers) = operations::shape(calls, &mut types);
    let webhooks = operations::webhooks(calls, &mut types, &mut headers);
    for (index, server) in calls.servers.iter().flat_map(|servers| &servers.list).enumerate() {
        if !server.url.contains("://") {
            let at = Pointer::root().join("servers").join(index);
            let reason = "the URL of the server is relative: the caller gives the whole URL to the builder";
            types.note(Kind::Rename, &at, &server.span, reason);
        }
    }
    let finished = types.finish();
    let mut api = Api {
        title: calls.title.clone(),
        version: calls.version.clone(),
        operations,
        headers: headers.into_values().collect(),
        schemes: operations::schemes(calls, notes),
        servers: operations::servers(calls),
        webhooks,
        groups: operations::groups(calls),
        types: finished,
    };
    let names = lock::lock(&mut api, names, notes);
    derived::name(&mut api);
    hide_parameters(&mut api);
    (api, names)
}

/// A type of parameters hides its values if one of the parameters is a secret.
fn hide_parameters(api: &mut Api) {
    let mut all: Vec<&mut model::Param> = api.operations.iter_mut().flat_map(|it| &mut it.params).collect();
    let named = |param: &model::Param| param.kind.as_ref().map(|(name, _)| name.clone());
    let secrets: BTreeSet<String> =
        all.iter().filter(|param| param.sensitive).filter_map(|param| named(param)).collect();
    for param in &mut all {
        param.sensitive |= named(param).is_some_and(|name| secrets.contains(&name));
    }
}
