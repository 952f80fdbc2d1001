//! Unions: the enum, and what tells its variants apart as data for the runtime.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

use crate::shape::model::{Type, TypeDef, Union, Variant};

use super::{Known, constant, describe, doc, ident, layout_of, local, object, serde};

pub(super) fn union(def: &TypeDef, it: &Union, known: &Known<'_>) -> TokenStream {
    let (name, object) = (ident(&def.name), object());
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
    let json = json(def, it);
    let serde = serde(&name);
    quote! {
        #docs
        #[derive(Clone, #debug PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants)*
            /// A value this version does not know, as it came.
            #unknown(::connectors_runtime::crates::serde_json::Value),
        }
        #redacted
        #froms

        impl #object::Json for #name {
            #json
        }
        #serde
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

fn json(def: &TypeDef, it: &Union) -> TokenStream {
    let object = object();
    let unknown = ident(&it.unknown);
    let tag = match &it.tag {
        Some(tag) => quote! { ::std::option::Option::Some(#tag) },
        None => quote! { ::std::option::Option::None },
    };
    let branches = it.variants.iter().map(|variant| {
        let of = layout_of(&variant.ty);
        let other = variant.default.then(|| quote! { #object::Constant::Other });
        let tags = variant.tags.iter().map(constant).chain(other);
        quote! { #object::Branch { tags: &[#(#tags),*], of: #of } }
    });
    let labels: Vec<_> = it.variants.iter().map(|variant| ident(&variant.name)).collect();
    let read = labels.iter().enumerate().map(|(index, label)| {
        let index = proc_macro2::Literal::usize_unsuffixed(index);
        quote! { Some(#index) => Self::#label(#object::Json::read(tree, reader)?), }
    });
    let write = it.variants.iter().zip(&labels).map(|(variant, label)| match (&variant.writes, &it.tag) {
        (Some(value), Some(tag)) => {
            quote! { Self::#label(value) => #object::write_tagged(value, #tag, #value, serializer), }
        }
        _ => quote! { Self::#label(value) => #object::Json::write(value, serializer), },
    });
    let members = it.variants.iter().zip(&labels).map(|(variant, label)| match (&variant.writes, &it.tag) {
        (Some(value), Some(tag)) => {
            quote! { Self::#label(value) => #object::write_tagged_members(value, #tag, #value, map), }
        }
        _ => quote! { Self::#label(value) => #object::Json::write_members(value, map), },
    });
    let has = it.variants.iter().zip(&labels).map(|(variant, label)| match (&variant.writes, &it.tag) {
        (Some(_), Some(tag)) => quote! { Self::#label(value) => key == #tag || #object::Json::has(value, key), },
        _ => quote! { Self::#label(value) => #object::Json::has(value, key), },
    });
    let _ = def;
    quote! {
        fn layout() -> &'static #object::Layout {
            static LAYOUT: #object::Layout =
                #object::Layout::Union(#object::Union { tag: #tag, branches: &[#(#branches),*] });
            &LAYOUT
        }

        fn read(tree: &#object::Tree<'_>, reader: &mut #object::Reader) -> ::std::result::Result<Self, #object::Mismatch> {
            Ok(match reader.choose(<Self as #object::Json>::layout(), tree) {
                #(#read)*
                _ => Self::#unknown(#object::Json::read(tree, reader)?),
            })
        }

        fn write<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
            match self {
                #(#write)*
                Self::#unknown(value) => #object::Json::write(value, serializer),
            }
        }

        fn has(&self, key: &str) -> bool {
            match self {
                #(#has)*
                Self::#unknown(value) => #object::Json::has(value, key),
            }
        }

        fn write_members<__M: ::serde::ser::SerializeMap>(&self, map: &mut __M) -> ::std::result::Result<(), __M::Error> {
            match self {
                #(#members)*
                Self::#unknown(value) => #object::Json::write_members(value, map),
            }
        }
    }
}

/// `From` the type of each variant, where no two are the same type once aliases are looked through.
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
        let (label, ty) = (ident(&variant.name), local(&variant.ty));
        let value = if variant.boxed {
            quote! { Box::new(value) }
        } else {
            quote! { value }
        };
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

/// `Debug` that names the variant, and shows none of what is secret or not known.
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
