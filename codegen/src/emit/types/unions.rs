//! Unions: the enum, and the data with which the runtime distinguishes its variants.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

use crate::shape::model::{Type, TypeDef, Union, Variant};

use super::parts::{self, Known, constant, describe, doc, ident, local, object};

pub(super) fn union(def: &TypeDef, it: &Union, known: &Known<'_>) -> TokenStream {
    let name = ident(&def.name);
    let docs = doc(&def.doc, &format!("One of the alternatives of `{}`.", def.pointer.last()));
    let unknown = ident(&it.unknown);
    let variants = it.variants.iter().map(|variant| {
        let (label, ty) = (ident(&variant.name), held(variant));
        let text = format!(" {}", describe(&variant.ty));
        quote! { #[doc = #text] #label(#ty), }
    });
    let secret = known.secret.contains(def.name.as_str());
    let debug = (!secret).then(|| quote! { Debug, });
    let redacted = secret.then(|| redacted_debug(def, it));
    let froms = froms(def, it, known);
    let rules = rules(def, it);
    quote! {
        #docs
        #[derive(Clone, #debug PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants)*
            /// A value that this version does not know, unchanged.
            #unknown(::connectors_runtime::crates::serde_json::Value),
        }
        #redacted
        #froms
        #rules
    }
}

fn held(variant: &Variant) -> TokenStream {
    let inner = local(&variant.ty);
    if variant.boxed {
        quote! { Box<#inner> }
    } else {
        inner
    }
}

fn rules(def: &TypeDef, it: &Union) -> TokenStream {
    let (name, unknown) = (ident(&def.name), ident(&it.unknown));
    let tag = match &it.tag {
        Some(tag) => quote! { ::std::option::Option::Some(#tag) },
        None => quote! { ::std::option::Option::None },
    };
    let variants = it.variants.iter().enumerate().map(|(place, variant)| {
        let place = proc_macro2::Literal::usize_unsuffixed(place);
        let (label, of) = (ident(&variant.name), local(&variant.ty));
        let other = variant.default.then(|| {
            let object = object();
            quote! { #object::Constant::Other }
        });
        let tags = variant.tags.iter().map(constant).chain(other);
        let writes = variant.writes.as_ref().zip(it.tag.as_ref()).map(|(value, tag)| quote! { &[#tag, #value] });
        let keys = (!variant.keys.is_empty()).then_some(&variant.keys).map(|keys| quote! { where [#(#keys),*] });
        quote! { #place #label #of, [#(#tags),*] #keys #writes; }
    });
    quote! { ::connectors_runtime::union! { #name #unknown #tag; #(#variants)* } }
}

/// `From` the type of each variant, if no two variants have the same type after resolving aliases.
fn froms(def: &TypeDef, it: &Union, known: &Known<'_>) -> TokenStream {
    let name = ident(&def.name);
    let mut by_type: BTreeMap<String, Vec<(&Variant, Type)>> = BTreeMap::new();
    for variant in &it.variants {
        let plain = known.plain(&variant.ty);
        by_type.entry(local(&plain).to_string()).or_default().push((variant, plain));
    }
    let mut froms = TokenStream::new();
    // In the order of the document.
    for variant in &it.variants {
        let plain = known.plain(&variant.ty);
        let only = by_type.get(&local(&plain).to_string()).is_some_and(|same| same.len() == 1);
        if !only || plain == Type::Named(def.name.clone()) {
            continue;
        }
        let (label, ty) = (ident(&variant.name), local(variant.ty.unlinked()));
        let value = parts::held(quote! { value }, &variant.ty, variant.boxed);
        froms.extend(quote! {
            impl ::std::convert::From<#ty> for #name {
                fn from(value: #ty) -> Self {
                    Self::#label(#value)
                }
            }
        });
        if plain == Type::String {
            froms.extend(quote! {
                impl ::std::convert::From<&str> for #name {
                    fn from(value: &str) -> Self {
                        Self::#label(value.to_owned())
                    }
                }
            });
        }
    }
    froms
}

/// `Debug` that names the variant, and omits secret and unknown values.
fn redacted_debug(def: &TypeDef, it: &Union) -> TokenStream {
    let (name, unknown, other) = (ident(&def.name), ident(&it.unknown), &it.unknown);
    let arms = it.variants.iter().map(|variant| {
        let (label, text) = (ident(&variant.name), &variant.name);
        if variant.sensitive {
            quote! { Self::#label(_) => f.debug_tuple(#text).field(&::std::format_args!("[redacted]")).finish(), }
        } else {
            quote! { Self::#label(value) => f.debug_tuple(#text).field(value).finish(), }
        }
    });
    quote! {
        impl ::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    #(#arms)*
                    Self::#unknown(_) => f.debug_tuple(#other).field(&::std::format_args!("[redacted]")).finish(),
                }
            }
        }
    }
}
