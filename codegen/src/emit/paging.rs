//! Paged lists: `items()` of a request.

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
                ty if is_number(ty) || *ty == Type::Number => quote! { #next.to_string() },
                _ => return None,
            };
            let (name, token_of) = token_setter(optional(parameter)?)?;
            let next_of = quote! {
                fn next_of(value: &#value) -> ::std::option::Option<::std::string::String> {
                    Some(#next)
                }
            };
            (
                quote! { request = request.#name(#token_of); },
                quote! { #next_of let next = next_of(&value); Ok(::connectors_runtime::Page::by_token(#items, next)) },
            )
        }
        Next::Offset { parameter, more } => {
            let (name, number) = number_setter(optional(parameter)?)?;
            let more = more_of(api, ty, &value, more.as_deref())?;
            (
                quote! { offset = cursor.as_offset()?; request = request.#name(cursor.number::<#number>()?); },
                quote! { #more Ok(::connectors_runtime::Page::by_offset(#items, offset, more)) },
            )
        }
        Next::Page { parameter, more, .. } => {
            let (name, number) = number_setter(optional(parameter)?)?;
            let more = more_of(api, ty, &value, more.as_deref())?;
            (
                quote! { number = cursor.as_page()?; request = request.#name(cursor.number::<#number>()?); },
                quote! { #more Ok(::connectors_runtime::Page::by_number(#items, number, more)) },
            )
        }
        Next::Link => (quote! { request.call.follow(&cursor); }, quote! { call.linked_page(#items, &headers) }),
    };
    // The caller may have set where the first page is.
    let sent = |wire: &str| {
        let place = optional(wire)?.place.key();
        let name = format!("{place}.{wire}");
        Some(quote! { request.call.sent_number(#name) })
    };
    let (start, headers) = match &hint.next {
        Next::Token { .. } => (quote! {}, quote! {}),
        Next::Offset { parameter, .. } => {
            let sent = sent(parameter)?;
            (quote! { let mut offset = #sent.unwrap_or_default(); }, quote! {})
        }
        Next::Page { parameter, first, .. } => {
            let sent = sent(parameter)?;
            (quote! { let mut number = #sent.unwrap_or(#first); }, quote! {})
        }
        Next::Link => (quote! {}, quote! { let headers = response.headers().clone(); }),
    };
    let call = (hint.next == Next::Link).then(|| quote! { let call = request.call.clone(); });
    Some(quote! {
        /// The items of all pages, fetched page by page as they are polled. The list begins at the page, offset or token that
        /// is set before.
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

/// The statement that reads from `value` whether there are further items, as `more`.
fn more_of(api: &Api, ty: &Type, value: &TokenStream, path: Option<&str>) -> Option<TokenStream> {
    let Some(path) = path else { return Some(quote! { let more = None; }) };
    let (more, read) = lead(api, ty, path, true)?;
    (*more.inner() == Type::Bool).then(|| {
        quote! {
            fn more_of(value: &#value) -> ::std::option::Option<bool> {
                Some(bool::clone(&#read))
            }
            // An absent value is false.
            let more = Some(more_of(&value).unwrap_or(false));
        }
    })
}

/// The setter of a token's parameter, and its argument.
fn token_setter(param: &Param) -> Option<(Ident, TokenStream)> {
    if param.ty == Type::String {
        return Some((ident(&param.name), quote! { cursor.as_token()? }));
    }
    let (name, number) = number_setter(param)?;
    Some((name, quote! { cursor.number::<#number>()? }))
}

fn number_setter(param: &Param) -> Option<(Ident, TokenStream)> {
    (is_number(&param.ty) && param.ty != Type::F64).then(|| (ident(&param.name), type_tokens(&param.ty, &quote! {})))
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128 | Type::F64)
}

/// The type at a path of properties, and the expression that reads it from `value`, with `?` after each property that
/// may be absent.
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
        if let Type::Link(inner) = ty {
            // A value is read through a link, but not moved out.
            if !borrowed {
                expression = quote! { #expression.into_inner() };
            }
            ty = *inner;
        }
    }
    Some((ty, expression))
}

/// The type after resolving its aliases.
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
