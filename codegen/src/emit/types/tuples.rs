//! Arrays by position, and lists and maps that hold themselves.

use proc_macro2::TokenStream;
use quote::quote;

use crate::shape::model::{Tuple, Type, TypeDef};

use super::{doc, ident, layout_of, local, object, serde};

pub(super) fn tuple(def: &TypeDef, it: &Tuple) -> TokenStream {
    let (name, object, label) = (ident(&def.name), object(), &def.name);
    let docs = doc(&def.doc, &format!("The items of `{}`, each at its place.", def.pointer.last()));
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
    let docs_of = |index: usize| if index < it.required { " An item." } else { " An item that may be absent." };
    let fields = types.iter().enumerate().map(|(index, ty)| {
        let docs = docs_of(index);
        quote! { #[doc = #docs] pub #ty, }
    });
    let rest_field = rest.iter().map(|ty| quote! { #[doc = " The items that follow."] pub #ty, });
    let reads = (0..types.len()).map(|index| {
        if index < it.required {
            quote! { items.required()?, }
        } else {
            quote! { items.optional()?, }
        }
    });
    let end = match &rest {
        Some(_) => quote! { Ok(Self(#(#reads)* items.rest()?)) },
        None => quote! {
            let tuple = Self(#(#reads)*);
            items.end()?;
            Ok(tuple)
        },
    };
    let places: Vec<syn::Index> = (0..=types.len()).map(syn::Index::from).collect();
    let writes = (0..types.len()).map(|index| {
        let place = &places[index];
        if index < it.required {
            return quote! { sequence.serialize_element(&#object::Written(&self.#place))?; };
        }
        // What is absent ends the array.
        quote! {
            let Some(item) = &self.#place else { return ::serde::ser::SerializeSeq::end(sequence) };
            sequence.serialize_element(&#object::Written(item))?;
        }
    });
    let write_rest = rest.iter().map(|_| {
        let place = &places[types.len()];
        quote! {
            for item in &self.#place {
                sequence.serialize_element(&#object::Written(item))?;
            }
        }
    });
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
    let sensitive = it.items.iter().any(|item| item.sensitive);
    let debug = (!sensitive).then(|| quote! { Debug, });
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
    let serde = serde(&name);
    quote! {
        #docs
        #[derive(Clone, #debug #default PartialEq)]
        pub struct #name(#(#fields)* #(#rest_field)*);
        #froms
        #redacted

        impl #object::Json for #name {
            fn layout() -> &'static #object::Layout {
                static LAYOUT: #object::Layout =
                    #object::Layout::Positions { items: &[#(#of),*], required: #required, rest: #rest_of };
                &LAYOUT
            }

            fn read(tree: &#object::Tree<'_>, reader: &mut #object::Reader) -> ::std::result::Result<Self, #object::Mismatch> {
                let mut items = #object::Positions::of(tree, reader)?;
                #end
            }

            fn write<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
                use ::serde::ser::SerializeSeq as _;
                let mut sequence = serializer.serialize_seq(::std::option::Option::None)?;
                #(#writes)*
                #(#write_rest)*
                sequence.end()
            }
        }
        #serde
    }
}

pub(super) fn wrapper(def: &TypeDef, ty: &Type) -> TokenStream {
    let (name, object, inner) = (ident(&def.name), object(), local(ty));
    let docs = doc(&def.doc, &format!("The schema `{}`, which holds itself.", def.pointer.last()));
    let of = layout_of(ty);
    let default = matches!(ty, Type::Array(_) | Type::Map(_) | Type::Nullable(_)).then(|| quote! { Default, });
    let serde = serde(&name);
    quote! {
        #docs
        #[derive(Clone, Debug, #default PartialEq)]
        pub struct #name(
            /// What it holds.
            pub #inner,
        );

        impl ::std::convert::From<#inner> for #name {
            fn from(inner: #inner) -> Self {
                Self(inner)
            }
        }

        impl ::std::ops::Deref for #name {
            type Target = #inner;

            fn deref(&self) -> &#inner {
                &self.0
            }
        }

        impl #object::Json for #name {
            fn layout() -> &'static #object::Layout {
                static LAYOUT: #object::Layout = #object::Layout::Same(#of);
                &LAYOUT
            }

            fn read(tree: &#object::Tree<'_>, reader: &mut #object::Reader) -> ::std::result::Result<Self, #object::Mismatch> {
                #object::Json::read(tree, reader).map(Self)
            }

            fn write<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
                #object::Json::write(&self.0, serializer)
            }

            fn has(&self, key: &str) -> bool {
                #object::Json::has(&self.0, key)
            }

            fn write_members<__M: ::serde::ser::SerializeMap>(&self, map: &mut __M) -> ::std::result::Result<(), __M::Error> {
                #object::Json::write_members(&self.0, map)
            }
        }
        #serde
    }
}
