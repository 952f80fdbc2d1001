//! Webhooks and callbacks: an enum of the requests that the service sends, read by name.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs;
use super::types::{debug_arms, doc, ident, tokens as type_tokens};
use crate::shape::model::{Api, Incoming, Message, Received};

pub(super) fn tokens(api: &Api) -> TokenStream {
    let webhooks = api.webhooks.as_ref().map(|webhooks| {
        let (name, read) = (ident(&webhooks.name), incoming(webhooks));
        quote! {
            /// Requests that the service sends to a program by itself.
            pub mod webhooks {
                #[allow(unused_imports)]
                use super::types;

                #read

                /// Reads the body of a webhook; see [`parse`](#name::parse).
                ///
                /// # Errors
                /// The body does not match the document.
                pub fn parse(name: &str, body: &[u8]) -> ::std::result::Result<#name, ::connectors_runtime::Error> {
                    #name::parse(name, body)
                }
            }
        }
    });
    let callbacks: Vec<_> = api.operations.iter().filter_map(|operation| operation.callbacks.as_ref()).collect();
    let callbacks = (!callbacks.is_empty()).then(|| {
        let each = callbacks.into_iter().map(incoming);
        quote! {
            /// Requests that the service sends to a URL from a call.
            pub mod callbacks {
                #[allow(unused_imports)]
                use super::types;

                #(#each)*
            }
        }
    });
    quote! { #webhooks #callbacks }
}

fn incoming(it: &Incoming) -> TokenStream {
    let (name, unknown, unknown_text) = (ident(&it.name), ident(&it.unknown), &it.unknown);
    let docs = doc(&it.doc, "");
    let variants = it.messages.iter().map(variant);
    let wires = it.messages.iter().map(|message| &message.wire);
    let names = it.messages.iter().map(|message| {
        let (label, wire) = (ident(&message.name), &message.wire);
        match message.body {
            Received::Nothing => quote! { Self::#label => #wire, },
            Received::Json(_) | Received::Bytes => quote! { Self::#label(_) => #wire, },
        }
    });
    let reads = it.messages.iter().map(|message| {
        let (label, wire) = (ident(&message.name), &message.wire);
        let guard = (!message.required).then(|| quote! { if !body.is_empty() });
        match message.body {
            Received::Nothing => quote! { #wire => Self::#label, },
            Received::Json(_) => quote! { #wire #guard => Self::#label(::connectors_runtime::received(name, body)?), },
            Received::Bytes => quote! { #wire #guard => Self::#label(body.into()), },
        }
    });
    let secret = it.messages.iter().any(|message| message.sensitive);
    let debug = (!secret).then(|| quote! { Debug, });
    let redacted = secret.then(|| {
        let arms = debug_arms(
            it.messages
                .iter()
                .map(|message| (message.name.clone(), !matches!(message.body, Received::Nothing), message.sensitive)),
        );
        quote! {
            impl ::std::fmt::Debug for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    match self {
                        #arms
                        Self::#unknown { name, body } => {
                            f.debug_struct(#unknown_text).field("name", name).field("body", body).finish()
                        }
                    }
                }
            }
        }
    });
    quote! {
        #docs
        #[derive(Clone, #debug PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants)*
            /// A request that this version does not know, or one without its optional body.
            #unknown {
                /// Its name.
                name: ::std::string::String,
                /// Its unchanged body.
                body: ::connectors_runtime::RawBody,
            },
        }
        #redacted

        impl #name {
            /// The names in the document.
            pub const NAMES: &'static [&'static str] = &[#(#wires),*];

            /// Its name in the document.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    #(#names)*
                    Self::#unknown { name, .. } => name,
                }
            }

            #[doc = " Reads the body of a request by its name in the document. An unknown name is"]
            #[doc = concat!(" `", #unknown_text, "`. If the service signs its requests, verify the signature first.")]
            ///
            /// # Errors
            /// [`is_decode`](::connectors_runtime::Error::is_decode): the body does not match the document.
            pub fn parse(name: &str, body: &[u8]) -> ::std::result::Result<Self, ::connectors_runtime::Error> {
                Ok(match name {
                    #(#reads)*
                    _ => Self::#unknown { name: name.to_owned(), body: body.into() },
                })
            }
        }
    }
}

fn variant(message: &Message) -> TokenStream {
    let label = ident(&message.name);
    let docs = doc(&message.doc, &format!("{}.", docs::code(&message.wire)));
    match &message.body {
        Received::Nothing => quote! { #docs #label, },
        Received::Json(ty) => {
            let ty = type_tokens(ty, &quote! { types:: });
            quote! { #docs #label(#ty), }
        }
        Received::Bytes => quote! { #docs #label(::connectors_runtime::RawBody), },
    }
}
