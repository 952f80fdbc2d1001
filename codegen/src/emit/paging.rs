//! Lists that come in pages: `items()` of a request.

use proc_macro2::TokenStream;
use quote::quote;

use crate::shape::model::{Api, Field, Next, Operation, Paging, Param, Payload, Type, TypeKind};

use super::types::{ident, tokens as type_tokens};

/// The method that returns the items of all pages; `None` if the response or the parameters do not fit the hint.
pub(super) fn items(api: &Api, operation: &Operation, hint: &Paging) -> Option<TokenStream> {
    let Payload::Json(ty) = &operation.success else { return None };
    let value = type_tokens(ty, &quote! { types:: });
    let (item, items) = list(api, ty, &hint.items)?;
    let item = type_tokens(&item, &quote! { types:: });
    let optional = |wire: &str| operation.params.iter().find(|param| param.wire == wire && !param.required);
    let (set, next) = match &hint.next {
        Next::Token { parameter, next } => {
            let token = lead(api, ty, next)?;
            let name = text_setter(optional(parameter)?)?;
            (quote! { request = request.#name(cursor.text()); }, quote! { ::connectors_runtime::Cursor::token(#token) })
        }
        Next::Offset { parameter } => {
            let (name, ty) = number_setter(optional(parameter)?)?;
            let set = quote! { request = request.#name(<#ty>::try_from(cursor.number()).unwrap_or(<#ty>::MAX)); };
            (set, quote! { ::connectors_runtime::Cursor::offset(before, items.len()) })
        }
        Next::Page { parameter, first } => {
            let (name, ty) = number_setter(optional(parameter)?)?;
            let set = quote! { request = request.#name(<#ty>::try_from(cursor.number()).unwrap_or(<#ty>::MAX)); };
            (set, quote! { ::connectors_runtime::Cursor::page(before, #first, items.len()) })
        }
        Next::Link => (
            quote! { request.call.follow(&cursor); },
            quote! { ::connectors_runtime::Cursor::link(&headers, &base) },
        ),
    };
    let link = (hint.next == Next::Link).then(|| {
        quote! {
            let headers = response.headers().clone();
            let base = url;
        }
    });
    let url = (hint.next == Next::Link).then(|| quote! { let url = request.call.url(); });
    Some(quote! {
        /// The items of all pages, fetched page by page as they are asked for.
        pub fn items(self) -> ::connectors_runtime::Pages<#item> {
            ::connectors_runtime::Pages::new(None, move |cursor: ::std::option::Option<::connectors_runtime::Cursor>| {
                #[allow(unused_mut)]
                let mut request = self.clone();
                #[allow(unused_variables)]
                let before = cursor.clone();
                if let Some(cursor) = cursor {
                    #set
                }
                async move {
                    #url
                    let response = request.send().await?;
                    #link
                    let value: #value = response.into_value();
                    let next_of = |value: &#value| -> ::std::option::Option<::std::string::String> { let _ = value; None };
                    let _ = next_of;
                    let (items, token): (::std::vec::Vec<#item>, _) = #items;
                    let _ = &token;
                    let next = #next;
                    Ok(::connectors_runtime::Page { items, next })
                }
            })
        }
    })
}

fn text_setter(param: &Param) -> Option<proc_macro2::Ident> {
    (param.ty == Type::String).then(|| ident(&param.name))
}

fn number_setter(param: &Param) -> Option<(proc_macro2::Ident, TokenStream)> {
    matches!(param.ty, Type::I32 | Type::I64 | Type::U32 | Type::U64)
        .then(|| (ident(&param.name), type_tokens(&param.ty, &quote! {})))
}

fn lead(_: &Api, _: &Type, _: &str) -> Option<TokenStream> {
    None
}

fn list(_: &Api, _: &Type, _: &str) -> Option<(Type, TokenStream)> {
    None
}

#[allow(dead_code)]
fn field<'a>(api: &'a Api, ty: &Type, wire: &str) -> Option<&'a Field> {
    let Type::Named(name) = ty.inner() else { return None };
    let def = api.types.iter().find(|def| def.name == *name)?;
    match &def.kind {
        TypeKind::Struct(it) => it.fields.iter().find(|field| field.wire == wire),
        TypeKind::Alias(ty) => field(api, ty, wire),
        _ => None,
    }
}
