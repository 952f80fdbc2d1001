//! Stage `emit`: types, requests and client as tokens, progenitor's part beside them, printed by prettyplease; the same input
//! gives the same bytes.

mod client;
mod docs;
mod forms;
mod paging;
mod progenitor;
mod requests;
mod types;
mod webhooks;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Item;

use crate::diagnostic::{Diagnostic, Error};
use crate::note::{Kind, Notes, Stage};
use crate::shape::model::Api;

/// Writes a shaped API as Rust source.
pub(crate) fn emit(api: &mut Api, notes: &mut Notes) -> Result<String, Error> {
    let schemas = types::items(api)?;
    let raw = progenitor::items(api, notes)?;
    let client = client::tokens(api);
    for operation in &api.operations {
        if let Some(hint) = &operation.paging
            && paging::items(api, operation, hint).is_none()
        {
            let (at, node) = (operation.pointer.join("x-paging"), operation.node.get("x-paging"));
            let reason = "`x-paging` does not fit: the operation has no such list, token or optional parameter";
            notes.push(Stage::Emit, Kind::Skip, &at, node.unwrap_or(&operation.node), reason);
        }
    }
    let requests = requests::tokens(api);
    let forms = forms::tokens(api);
    let webhooks = webhooks::tokens(api);
    let module = |shell: TokenStream, content: Vec<Item>| -> Result<Item, Error> {
        let mut module: syn::ItemMod = syn::parse2(shell).map_err(unparsable)?;
        let (_, items) = module.content.get_or_insert_default();
        items.splice(0..0, content);
        Ok(Item::Mod(module))
    };
    let types = quote! {
        /// The schemas of the document as Rust types.
        pub mod types {}
    };
    let hooks = quote! {
        /// What progenitor generates, over the runtime's requests.
        #[allow(clippy::all, clippy::pedantic, missing_docs, unused)]
        mod raw {
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
        }
    };
    let mut items = vec![module(types, schemas)?];
    items.extend(parse_items(quote! { #client #requests #forms #webhooks })?);
    items.push(module(hooks, raw)?);
    let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items };
    Ok(prettyplease::unparse(&file))
}

/// Parses generated tokens; a failure is a defect of the emitter, returned as an error rather than a panic.
fn parse_items(tokens: TokenStream) -> Result<Vec<Item>, Error> {
    let file: syn::File = syn::parse2(tokens).map_err(unparsable)?;
    Ok(file.items)
}

fn unparsable(error: syn::Error) -> Error {
    Diagnostic::new(format!("the generated code does not parse: {error}"))
        .help("please report the document that led here")
        .into()
}
