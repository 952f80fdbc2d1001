//! Stage `emit`: writes types, requests and client, and progenitor's part, as tokens that prettyplease prints. The same
//! input results in the same bytes.

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

/// Writes a shaped API as Rust source, part by part, so that only the tokens of one part are in memory. Each group is
/// behind a feature if `by_feature` is set.
pub(crate) fn emit(api: &mut Api, by_feature: bool, notes: &mut Notes) -> Result<String, Error> {
    let mut features = Features::new(by_feature);
    let raw = raw(api, &features, notes)?;
    links::prune(api, notes);
    // Operations that progenitor refuses are removed by now.
    features.read_types(api);
    for operation in &api.operations {
        if let Some(hint) = &operation.paging
            && paging::items(api, operation, hint).is_none()
        {
            let at = operation.pointer.join("x-paging");
            let reason = "`x-paging` does not fit: the operation has no such list, no such optional parameter, no string or number for `next`, or no boolean for `more`";
            notes.push(Stage::Emit, Kind::Skip, &at, operation.paging_span.as_ref().unwrap_or(&operation.span), reason);
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

/// Progenitor's part, and the functions that it calls.
fn raw(api: &mut Api, features: &Features, notes: &mut Notes) -> Result<String, Error> {
    let mut out = String::from(
        "/// The code that progenitor generates, over the runtime's requests.\n\
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
