//! Stage `emit`: types, requests and client as tokens, progenitor's part beside them, printed by prettyplease; the same input
//! gives the same bytes.

mod arguments;
mod client;
mod docs;
mod features;
mod forms;
mod links;
mod paging;
mod print;
mod progenitor;
mod requests;
mod types;
mod webhooks;

use quote::quote;

use crate::diagnostic::Error;
use crate::note::{Kind, Notes, Stage};
use crate::shape::model::Api;

use features::Features;
pub(crate) use features::feature;

/// Writes a shaped API as Rust source, part by part: the tokens of a part are gone when the next one is made. Each group is
/// behind a feature if `by_feature` is set.
pub(crate) fn emit(api: &mut Api, by_feature: bool, notes: &mut Notes) -> Result<String, Error> {
    let mut features = Features::new(by_feature);
    let raw = raw(api, &features, notes)?;
    links::prune(api, notes);
    // Operations that progenitor refuses are gone now.
    features.read_types(api);
    for operation in &api.operations {
        if let Some(hint) = &operation.paging
            && paging::items(api, operation, hint).is_none()
        {
            let (at, node) = (operation.pointer.join("x-paging"), operation.node.get("x-paging"));
            let reason = "`x-paging` does not fit: the operation has no such list, no such optional parameter, no such text or number as `next`, or no such boolean as `more`";
            notes.push(Stage::Emit, Kind::Skip, &at, node.unwrap_or(&operation.node), reason);
        }
    }
    let mut out = String::new();
    types::write(api, &features, &mut out)?;
    print::write(client::tokens(api, &features), &mut out)?;
    requests::write(api, &features, &mut out)?;
    print::write(forms::tokens(api), &mut out)?;
    print::write(webhooks::tokens(api), &mut out)?;
    out.push_str(&raw);
    Ok(out)
}

/// Progenitor's part, and what it calls.
fn raw(api: &mut Api, features: &Features, notes: &mut Notes) -> Result<String, Error> {
    let mut out = String::from(
        "/// What progenitor generates, over the runtime's requests.\n\
         #[allow(clippy::all, clippy::pedantic, missing_docs, unused)]\n\
         mod raw {\n",
    );
    progenitor::write(api, features, notes, &mut out)?;
    let client = quote! {
        use ::connectors_runtime::{Built, Outgoing};
        use ::connectors_runtime::crates::{progenitor_client, reqwest};

        /// A client for one call.
        pub(super) fn client(outgoing: &Outgoing) -> Client {
            Client::new_with_client(outgoing.base_url(), outgoing.http(), Built::default())
        }
    };
    print::write_indented(client, &mut out)?;
    out.push_str("}\n");
    Ok(out)
}
