//! The face of a service crate: one method for each operation over the crate's own transport and error, and a table of
//! the operations. progenitor's client is private beneath it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Item;

use crate::diagnostic::{Diagnostic, Error};
use crate::shape::model::{Api, BodyContent, Operation, Payload, Place, Type};

use super::parse_items;
use super::types::{doc, ident, tokens};

/// Where generated code finds the hand-written runtime it stands on.
#[derive(Clone, Debug)]
pub struct Facade {
    runtime: String,
}

impl Facade {
    /// `runtime` is the path of a module with `Transport`, `Operation`, `Error`, `check`, `finish` and `finish_stream`, such as
    /// `crate::transport`. The last two take a call's future and give what it comes to.
    #[must_use]
    pub fn new(runtime: impl Into<String>) -> Self {
        Self { runtime: runtime.into() }
    }
}

pub(super) fn items(api: &Api, facade: &Facade, client: Vec<Item>, types: Vec<Item>) -> Result<Vec<Item>, Error> {
    let runtime: syn::Path = syn::parse_str(&facade.runtime)
        .map_err(|error| Diagnostic::new(format!("`{}` is not a path to a module: {error}", facade.runtime)))?;
    // progenitor's own module of types is empty: ours stands beside the private client, public.
    let client = client.into_iter().filter(|item| !matches!(item, Item::Mod(module) if module.ident == "types"));
    let table = api.operations.iter().map(|operation| {
        let Operation { id, name, path, idempotent, .. } = operation;
        let method = operation.method.to_uppercase();
        let streams = operation.success == Payload::Stream;
        let paged = operation.paging.is_some();
        let nullable = operation.success.may_be_absent();
        quote! { #runtime::Operation::new(#id, #name, #method, #path).idempotent(#idempotent).paged(#paged).streamed(#streams).nullable(#nullable) }
    });
    let methods = api.operations.iter().enumerate().map(|(index, operation)| method(operation, index, &runtime));
    let title = if api.title.is_empty() { "the service".to_owned() } else { api.title.clone() };
    let client_doc = format!(" Every operation of {title}, one method each, exactly as the document has it.");
    parse_items(quote! {
        /// The schemas of the document as Rust types.
        pub mod types {
            #(#types)*
        }

        /// Every operation of the document, in its order.
        pub static OPERATIONS: &[#runtime::Operation] = &[#(#table),*];

        #[doc = #client_doc]
        #[derive(Clone, Debug)]
        pub struct Client {
            raw: raw::Client,
        }

        impl Client {
            pub(crate) fn new(transport: #runtime::Transport) -> Self {
                let base_url = transport.base_url().to_owned();
                let http = transport.http().clone();
                Self { raw: raw::Client::new_with_client(&base_url, http, transport) }
            }

            #(#methods)*
        }

        /// What progenitor generates, over the crate's transport.
        #[allow(clippy::all, clippy::pedantic, missing_docs)]
        mod raw {
            use super::types;
            use #runtime::Transport as Inner;
            #(#client)*

            impl ClientHooks<Inner> for Client {
                async fn exec(&self, request: ::reqwest::Request, info: &OperationInfo) -> ::reqwest::Result<::reqwest::Response> {
                    self.inner.exec(request, super::OPERATIONS.iter().find(|operation| operation.name() == info.operation_id)).await
                }
            }
        }
    })
}

fn method(operation: &Operation, index: usize, runtime: &syn::Path) -> TokenStream {
    let name = ident(&operation.name);
    let prefix = quote! { types:: };
    let mut arguments = Vec::new();
    let mut values = Vec::new();
    for param in &operation.params {
        let argument = ident(&param.name);
        let ty = borrowed(&param.ty, &prefix);
        let ty = if param.required {
            ty
        } else {
            quote! { ::std::option::Option<#ty> }
        };
        arguments.push(quote! { #argument: #ty });
        values.push(argument);
    }
    let mut generics = None;
    if let Some(body) = &operation.body {
        let ty = match &body.content {
            BodyContent::Json(ty, _) | BodyContent::Form(ty) => borrowed(ty, &prefix),
            BodyContent::Raw(_) => {
                generics = Some(quote! { <B: Into<::reqwest::Body>> });
                quote! { B }
            }
        };
        let ty = if body.required {
            ty
        } else {
            quote! { ::std::option::Option<#ty> }
        };
        // progenitor puts the body last.
        arguments.push(quote! { body: #ty });
        values.push(ident("body"));
    }
    let (result, finish) = match &operation.success {
        Payload::Empty => (quote! { () }, quote! { finish }),
        Payload::Json(ty) => (tokens(ty, &prefix), quote! { finish }),
        Payload::Stream => (quote! { #runtime::ByteStream }, quote! { finish_stream }),
    };
    let docs = documentation(operation);
    let ids = operation.params.iter().filter(|param| param.place == Place::Path).map(|param| {
        let (wire, argument) = (&param.wire, ident(&param.name));
        quote! { (#wire, &#argument) }
    });
    let ids: Vec<TokenStream> = ids.collect();
    let check = (!ids.is_empty()).then(|| quote! { #runtime::check(OPERATIONS, &OPERATIONS[#index], &[#(#ids),*])?; });
    // On the heap: held in place, the calls of a function with many of them would be more than a thread's stack.
    let call = quote! { ::std::boxed::Box::pin(self.raw.#name(#(#values),*)) };
    quote! {
        #docs
        pub async fn #name #generics (&self, #(#arguments),*) -> ::std::result::Result<#result, #runtime::Error> {
            #check
            #runtime::#finish(&OPERATIONS[#index], #call).await
        }
    }
}

/// A type as an argument: copied if small, else borrowed.
fn borrowed(ty: &Type, prefix: &TokenStream) -> TokenStream {
    match ty {
        Type::String => quote! { &str },
        Type::Bool | Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::F64 => tokens(ty, prefix),
        other => {
            let ty = tokens(other, prefix);
            quote! { &#ty }
        }
    }
}

fn documentation(operation: &Operation) -> TokenStream {
    let mut text = operation.summary.clone().unwrap_or_default();
    if !text.is_empty() && !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    if let Some(description) = &operation.description {
        text.push_str("\n\n");
        text.push_str(description);
    }
    text.push_str(&format!("\n\n`{} {}`", operation.method.to_uppercase(), operation.path));
    if operation.params.iter().any(|param| !param.doc.is_empty()) {
        text.push('\n');
        for param in operation.params.iter().filter(|param| !param.doc.is_empty()) {
            text.push_str(&format!("\n- `{}`: {}", param.name, param.doc.replace('\n', " ")));
        }
    }
    if operation.deprecated {
        text.push_str("\n\n**Deprecated** by the service.");
    }
    text.push_str("\n\n# Errors\nEverything that can go wrong with a call is told by the error's predicates.");
    doc(&text, "")
}
