//! Arrays with a type for each position, and lists and maps that contain themselves.

use proc_macro2::TokenStream;
use quote::quote;

use crate::shape::model::{Tuple, Type, TypeDef};

use super::parts::{doc, ident, layout_of, local, object};

pub(super) fn tuple(def: &TypeDef, it: &Tuple) -> TokenStream {
    let (name, object, label) = (ident(&def.name), object(), &def.name);
    let docs = doc(&def.doc, &format!("The items of `{}`, by position.", def.pointer.last()));
    let types: Vec<TokenStream> = it
        .items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let ty = local(&item.ty);
            let ty = if item.boxed {
                quote! { Box<#ty> }
            } else {
                ty
            };
            if index < it.required {
                ty
            } else {
                quote! { Option<#ty> }
            }
        })
        .collect();
    let rest = it.rest.as_ref().map(|ty| {
        let ty = local(ty);
        quote! { Vec<#ty> }
    });
    let docs_of = |index: usize| if index < it.required { " An item." } else { " An optional item." };
    let fields = types.iter().enumerate().map(|(index, ty)| {
        let docs = docs_of(index);
        quote! { #[doc = #docs] pub #ty, }
    });
    let rest_field = rest.iter().map(|ty| quote! { #[doc = " The further items."] pub #ty, });
    let places: Vec<syn::Index> = (0..=types.len()).map(syn::Index::from).collect();
    let blanks = places[..types.len() + usize::from(rest.is_some())].iter().map(|_| quote! { #object::blank() });
    let of = it.items.iter().map(|item| layout_of(&item.ty));
    let required = proc_macro2::Literal::usize_unsuffixed(it.required);
    let rest_of = match &it.rest {
        Some(ty) => {
            let of = layout_of(ty);
            quote! { ::std::option::Option::Some(#of) }
        }
        None => quote! { ::std::option::Option::None },
    };
    let froms = (rest.is_none() && it.required == types.len() && types.len() > 1).then(|| {
        let places = &places[..types.len()];
        quote! {
            impl ::std::convert::From<(#(#types),*)> for #name {
                fn from(tuple: (#(#types),*)) -> Self {
                    Self(#(tuple.#places),*)
                }
            }
        }
    });
    let sensitive = it.sensitive || it.items.iter().any(|item| item.sensitive);
    let default = (it.required == 0).then(|| quote! { Default, });
    let redacted = sensitive.then(|| {
        let shown = it.items.iter().zip(&places).map(|(item, place)| {
            if item.sensitive {
                quote! { .field(&::std::format_args!("[redacted]")) }
            } else {
                quote! { .field(&self.#place) }
            }
        });
        quote! {
            impl ::std::fmt::Debug for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.debug_tuple(#label) #(#shown)* .finish()
                }
            }
        }
    });
    let slots = &places[..types.len() + usize::from(rest.is_some())];
    let derives = if sensitive {
        quote! { #default }
    } else {
        quote! { Debug, #default }
    };
    quote! {
        #docs
        #[derive(#derives)]
        pub struct #name(#(#fields)* #(#rest_field)*);
        #froms
        #redacted

        ::connectors_runtime::tuple! { #name (#(#blanks),*) [#(#of),*] #required #rest_of; #(#slots)* }
    }
}

pub(super) fn wrapper(def: &TypeDef, ty: &Type) -> TokenStream {
    let (name, inner) = (ident(&def.name), local(ty));
    let docs = doc(&def.doc, &format!("The schema `{}`, which contains itself.", def.pointer.last()));
    let default = matches!(ty, Type::Array(_) | Type::Map(_) | Type::Nullable(_)).then(|| quote! { Default, });
    quote! {
        #docs
        #[derive(Clone, Debug, #default PartialEq)]
        pub struct #name(
            /// Its content.
            pub #inner,
        );
        ::connectors_runtime::wrapper! { #name #inner }
    }
}
