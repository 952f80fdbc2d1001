//! Lists that come in pages: `items()` of a request.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::shape::model::{Api, Field, Next, Operation, Paging, Param, Payload, Type, TypeKind};

use super::types::{ident, tokens as type_tokens};

/// The method that returns the items of all pages; `None` if the response or the parameters do not fit the hint.
pub(super) fn items(api: &Api, operation: &Operation, hint: &Paging) -> Option<TokenStream> {
    let Payload::Json(ty) = &operation.success else { return None };
    let value = type_tokens(ty, &quote! { types:: });
    let (list, items) = lead(api, ty, &hint.items, false)?;
    let Type::Array(item) = list.inner() else { return None };
    let item = type_tokens(item, &quote! { types:: });
    let items_of = quote! {
        fn items_of(value: #value) -> ::std::option::Option<::std::vec::Vec<#item>> {
            Some(#items)
        }
    };
    let items = quote! { items_of(value).unwrap_or_default() };
    let optional = |wire: &str| operation.params.iter().find(|param| param.wire == wire && !param.required);
    let (set, page) = match &hint.next {
        Next::Token { parameter, next } => {
            let (token, next) = lead(api, ty, next, true)?;
            let next = match token.inner() {
                Type::String => quote! { #next.clone() },
                _ => quote! { #next.to_string() },
            };
            let (name, text) = token_setter(optional(parameter)?)?;
            let next_of = quote! {
                fn next_of(value: &#value) -> ::std::option::Option<::std::string::String> {
                    Some(#next)
                }
            };
            (
                quote! { let token = cursor.as_token()?; request = request.#name(#text); },
                quote! { #next_of let next = next_of(&value); Ok(::connectors_runtime::Page::by_token(#items, next)) },
            )
        }
        Next::Offset { parameter } => {
            let (name, ty) = number_setter(optional(parameter)?)?;
            (
                quote! { offset = cursor.as_offset()?; request = request.#name(<#ty>::try_from(offset).unwrap_or(<#ty>::MAX)); },
                quote! { Ok(::connectors_runtime::Page::by_offset(#items, offset, None)) },
            )
        }
        Next::Page { parameter, .. } => {
            let (name, ty) = number_setter(optional(parameter)?)?;
            (
                quote! { number = cursor.as_page()?; request = request.#name(<#ty>::try_from(number).unwrap_or(<#ty>::MAX)); },
                quote! { Ok(::connectors_runtime::Page::by_number(#items, number, None)) },
            )
        }
        Next::Link => (quote! { request.call.follow(&cursor); }, quote! { call.linked_page(#items, &headers) }),
    };
    let (start, headers) = match &hint.next {
        Next::Token { .. } => (quote! {}, quote! {}),
        Next::Offset { .. } => (quote! { let mut offset = 0; }, quote! {}),
        Next::Page { first, .. } => {
            let first = u64::try_from(*first).unwrap_or_default();
            (quote! { let mut number = #first; }, quote! {})
        }
        Next::Link => (quote! {}, quote! { let headers = response.headers().clone(); }),
    };
    let call = (hint.next == Next::Link).then(|| quote! { let call = request.call.clone(); });
    Some(quote! {
        /// The items of all pages, fetched page by page as they are asked for.
        pub fn items(self) -> ::connectors_runtime::Pages<#item> {
            ::connectors_runtime::Pages::new(None, move |cursor: ::std::option::Option<::connectors_runtime::Cursor>| {
                let mut request = self.clone();
                async move {
                    #items_of
                    #start
                    if let Some(cursor) = cursor {
                        #set
                    }
                    #call
                    let response = request.send().await?;
                    #headers
                    let value = response.into_value();
                    #page
                }
            })
        }
    })
}

/// The setter that takes a token, and the token as it takes it.
fn token_setter(param: &Param) -> Option<(Ident, TokenStream)> {
    if param.ty == Type::String {
        return Some((ident(&param.name), quote! { token }));
    }
    let (name, ty) = number_setter(param)?;
    Some((name, quote! { token.parse::<#ty>().unwrap_or(<#ty>::MAX) }))
}

fn number_setter(param: &Param) -> Option<(Ident, TokenStream)> {
    matches!(param.ty, Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128)
        .then(|| (ident(&param.name), type_tokens(&param.ty, &quote! {})))
}

/// The type at a path of properties, and the expression that leads there from `value`, with `?` where one may be absent.
fn lead(api: &Api, ty: &Type, path: &str, borrowed: bool) -> Option<(Type, TokenStream)> {
    let mut ty = resolved(api, ty.clone());
    let mut expression = quote! { value };
    if matches!(ty, Type::Nullable(_)) {
        expression = if borrowed {
            quote! { #expression.as_ref()? }
        } else {
            quote! { #expression? }
        };
    }
    for wire in path.split('.').filter(|wire| !wire.is_empty()) {
        let field = field(api, &ty, wire)?;
        let name = ident(&field.name);
        expression = quote! { #expression.#name };
        if !field.required || matches!(field.ty, Type::Nullable(_)) {
            expression = if borrowed {
                quote! { #expression.as_ref()? }
            } else {
                quote! { #expression? }
            };
        }
        ty = resolved(api, field.ty.inner().clone());
    }
    Some((ty, expression))
}

/// What a type is once aliases are resolved.
fn resolved(api: &Api, mut ty: Type) -> Type {
    for _ in 0..16 {
        let Type::Named(name) = &ty else { break };
        match api.types.iter().find(|def| def.name == *name).map(|def| &def.kind) {
            Some(TypeKind::Alias(target)) => ty = target.clone(),
            _ => break,
        }
    }
    ty
}

fn field<'a>(api: &'a Api, ty: &Type, wire: &str) -> Option<&'a Field> {
    let Type::Named(name) = ty.inner() else { return None };
    match &api.types.iter().find(|def| def.name == *name)?.kind {
        TypeKind::Struct(it) => it.fields.iter().find(|field| field.wire == wire),
        _ => None,
    }
}
