//! Stage `emit`: types, requests and client as tokens, progenitor's part beside them, printed by prettyplease; the same input
//! gives the same bytes.

mod client;
mod docs;
mod forms;
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

/// Writes a shaped API as Rust source, part by part: the tokens of a part are gone when the next one is made.
pub(crate) fn emit(api: &mut Api, notes: &mut Notes) -> Result<String, Error> {
    let raw = raw(api, notes)?;
    for operation in &api.operations {
        if let Some(hint) = &operation.paging
            && paging::items(api, operation, hint).is_none()
        {
            let (at, node) = (operation.pointer.join("x-paging"), operation.node.get("x-paging"));
            let reason = "`x-paging` does not fit: the operation has no such list, token or optional parameter";
            notes.push(Stage::Emit, Kind::Skip, &at, node.unwrap_or(&operation.node), reason);
        }
    }
    let mut out = String::new();
    types::write(api, &mut out)?;
    print::write(client::tokens(api), &mut out)?;
    requests::write(api, &mut out)?;
    print::write(forms::tokens(api), &mut out)?;
    print::write(webhooks::tokens(api), &mut out)?;
    out.push_str(&raw);
    Ok(out)
}

/// Progenitor's part, and what it calls.
fn raw(api: &mut Api, notes: &mut Notes) -> Result<String, Error> {
    let mut out = String::from(
        "/// What progenitor generates, over the runtime's requests.\n\
         #[allow(clippy::all, clippy::pedantic, missing_docs, unused)]\n\
         mod raw {\n",
    );
    progenitor::write(api, notes, &mut out)?;
    let hooks = quote! {
        use ::connectors_runtime::Outgoing;
        use ::connectors_runtime::crates::{progenitor_client, reqwest};

        /// A client for one call.
        pub(super) fn client(outgoing: &Outgoing) -> Client {
            Client::new_with_client(outgoing.base_url(), outgoing.http(), outgoing.clone())
        }

        impl ClientHooks<Outgoing> for Client {
            async fn exec(&self, request: reqwest::Request, _: &OperationInfo) -> reqwest::Result<reqwest::Response> {
                self.inner.exec(request).await
            }
        }
    };
    print::write_indented(hooks, &mut out)?;
    out.push_str("}\n");
    Ok(out)
}
