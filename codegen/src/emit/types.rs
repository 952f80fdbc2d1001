//! Types: structs that keep unknown keys, open enums, and unions that are read without loss.

mod open;
mod parts;
mod structs;
mod tuples;
mod unions;

pub(super) use open::open;
pub(super) use parts::{debug, debug_arms, doc, ident, tokens};

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use crate::diagnostic::Error;
use crate::shape::model::{Api, Struct, Type, TypeDef, TypeKind};

use super::features::Features;
use super::print;
use parts::{Known, local};

/// Writes the types module, one type after the other. The tokens of one type are in memory at a time.
pub(super) fn write(api: &Api, features: &Features, out: &mut String) -> Result<(), Error> {
    let known = Known::of(&api.types);
    out.push_str("/// The schemas of the document as Rust types.\npub mod types {\n");
    print::write_indented(support(api), out)?;
    for def in &api.types {
        let mut items = match &def.kind {
            TypeKind::Struct(it) => structs::structure(def, it, &known)?,
            TypeKind::Enum(it) => print::items(open::enumeration(def, it))?,
            TypeKind::Union(it) => print::items(unions::union(def, it, &known))?,
            TypeKind::Tuple(it) => print::items(tuples::tuple(def, it))?,
            TypeKind::Wrapper(ty) => print::items(tuples::wrapper(def, ty))?,
            TypeKind::Alias(ty) => {
                let (name, docs) = (ident(&def.name), doc(&def.doc, &format!("The schema `{}`.", def.pointer.last())));
                let ty = local(ty);
                print::items(quote! { #docs pub type #name = #ty; })?
            }
        };
        features.put(&def.name, &mut items);
        print::write_items_indented(items, out)?;
    }
    print::write_indented(linked(api, features), out)?;
    out.push_str("}\n");
    Ok(())
}

/// The table of the types that are behind links.
fn linked(api: &Api, features: &Features) -> TokenStream {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for def in &api.types {
        names.extend(def.parts().into_iter().filter(|ty| ty.has_link()).filter_map(Type::innermost));
    }
    if names.is_empty() {
        return TokenStream::new();
    }
    let entries = names.into_iter().enumerate().map(|(place, name)| {
        let (place, when) = (proc_macro2::Literal::usize_unsuffixed(place), features.of_type(name));
        let (name, when) = (ident(name), when.map(|when| quote! { #[cfg(#when)] #[cfg(not(#when))] }));
        quote! { #place #name #when; }
    });
    quote! { ::connectors_runtime::linked! { #(#entries)* } }
}

/// The code that the types share.
fn support(api: &Api) -> TokenStream {
    let has_extra = |def: &TypeDef| matches!(&def.kind, TypeKind::Struct(Struct { extra: Some((_, Type::Any)), .. }));
    if !api.types.iter().any(has_extra) {
        return TokenStream::new();
    }
    quote! {
        /// Keys of an object that the document does not declare, with their unchanged values.
        pub type Extra = ::connectors_runtime::crates::serde_json::Map<::std::string::String, ::connectors_runtime::crates::serde_json::Value>;
    }
}
