//! Open enums: sets of strings or integers that may grow.

use proc_macro2::TokenStream;
use quote::quote;

use crate::emit::docs;
use crate::shape::model::{Enum, TypeDef};

use super::parts::{doc, ident};

pub(super) fn enumeration(def: &TypeDef, it: &Enum) -> TokenStream {
    open(&def.name, &doc(&def.doc, &format!("The values of `{}`.", def.pointer.last())), it)
}

/// An open enum with a name and documentation.
pub(in crate::emit) fn open(name: &str, text: &TokenStream, it: &Enum) -> TokenStream {
    let name = ident(name);
    let unknown = ident(&it.unknown);
    let variants = it.values.iter().map(|value| {
        let (variant, wire) = (ident(&value.name), &value.wire);
        let own = match wire.is_empty() {
            true => " The empty string.".to_owned(),
            false => format!(" {}", docs::code(wire)),
        };
        let lines = docs::above(&value.doc, vec![own]);
        let docs = quote! { #(#[doc = #lines])* };
        if it.integer {
            let number: TokenStream = wire.parse().unwrap_or_default();
            quote! { #docs #variant = #number, }
        } else {
            quote! { #docs #variant = #wire, }
        }
    });
    let rules = ident(if it.integer { "open_integers" } else { "open_strings" });
    quote! {
        ::connectors_runtime::#rules! {
            #text
            #name { #(#variants)* } #unknown
        }
    }
}
