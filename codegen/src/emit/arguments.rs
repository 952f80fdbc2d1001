//! Parameters and bodies as arguments of methods.

use proc_macro2::TokenStream;
use quote::quote;

use crate::shape::model::{BodyContent, Operation, Param, Place, Style, Type, Writing};

use super::types::{ident, tokens as type_tokens};
use crate::shape::names;

/// Required parameters and a body as arguments of a method, and the statements that set them on its `request`. An
/// operation has a method for each media type of its body; `method` is the index of this one. It is `None` if the
/// arguments cannot be confused.
pub(super) fn arguments(
    required: &[&Param],
    body: Option<&BodyContent>,
    method: Option<usize>,
    root: &TokenStream,
) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let mut arguments = Vec::new();
    let mut sets = Vec::new();
    for param in required {
        let (argument, parameter) = (ident(&param.name), parameter(param));
        // `String` is the default of these types.
        let inner = |ty: &Type| (*ty != Type::String).then(|| type_tokens(ty, &quote! { #root::types:: }));
        let value = match (&param.kind, method.and_then(|method| param.own_type(method))) {
            (_, Some((kind, ty))) => {
                let (kind, inner) = (ident(kind), inner(ty).map(|inner| quote! { <#inner> }));
                arguments.push(quote! { #argument: #root::params::#kind #inner });
                quote! { #argument.get() }
            }
            (Some((kind, ty)), None) if ty.is_primitive() => {
                let (kind, inner) = (ident(kind), inner(ty).map(|inner| quote! { , #inner }));
                arguments
                    .push(quote! { #argument: impl ::connectors_runtime::IntoId<#root::params::kinds::#kind #inner> });
                quote! { #argument.into_id().get() }
            }
            _ => {
                let ty = slice(&param.ty, &quote! { #root::types:: });
                arguments.push(quote! { #argument: &#ty });
                quote! { #argument }
            }
        };
        sets.push(quote! { request.call.set(&#parameter, #value); });
    }
    if let Some(content) = body {
        let (argument, set) = body_of(content, root, &quote! { request.call });
        arguments.push(argument);
        sets.push(set);
    }
    (arguments, sets)
}

/// The name of an operation's request, and of its errors and responses.
pub(super) fn request_name(operation: &Operation) -> String {
    names::request(&operation.name)
}

/// A body as an argument, and the statement that sets it.
pub(super) fn body_of(content: &BodyContent, root: &TokenStream, call: &TokenStream) -> (TokenStream, TokenStream) {
    match content {
        BodyContent::Json(ty, media) => {
            let ty = type_tokens(ty, &quote! { #root::types:: });
            (quote! { body: &#ty }, quote! { #call.body_json(#media, body); })
        }
        BodyContent::Form(ty, encoding) => {
            let ty = type_tokens(ty, &quote! { #root::types:: });
            let encoding =
                encoding.iter().map(|(name, writing)| written(quote! { query(#name) }, *writing, Place::Query));
            (quote! { body: &#ty }, quote! { #call.body_form(body, const { &[#(#encoding),*] }); })
        }
        BodyContent::Multipart(media, _) => (
            quote! { body: impl ::core::convert::Into<::connectors_runtime::Multipart> },
            quote! { #call.body_parts(#media, body); },
        ),
        BodyContent::Raw(Some(media)) => (
            quote! { body: impl ::core::convert::Into<::connectors_runtime::crates::reqwest::Body> },
            quote! { #call.body_bytes(#media, body); },
        ),
        BodyContent::Raw(None) => (
            quote! {
                media_type: ::connectors_runtime::MediaType,
                body: impl ::core::convert::Into<::connectors_runtime::crates::reqwest::Body>
            },
            quote! { #call.body_bytes(media_type.as_str(), body); },
        ),
    }
}

/// The type of a borrowed value: for a list, a slice.
pub(super) fn slice(ty: &Type, prefix: &TokenStream) -> TokenStream {
    match ty {
        Type::Array(item) => {
            let item = type_tokens(item, prefix);
            quote! { [#item] }
        }
        other => type_tokens(other, prefix),
    }
}

pub(super) fn parameter(param: &Param) -> TokenStream {
    let wire = &param.wire;
    let constructor = match param.place {
        Place::Path => quote! { path(#wire) },
        Place::Query => quote! { query(#wire) },
        Place::QueryString => {
            let encoding =
                param.encoding.iter().map(|(name, writing)| written(quote! { query(#name) }, *writing, Place::Query));
            quote! { query_string(#wire, const { &[#(#encoding),*] }) }
        }
        Place::Header => {
            // The `http` crate requires header names in lower case.
            let wire = wire.to_ascii_lowercase();
            quote! { header(#wire) }
        }
        Place::Cookie => quote! { cookie(#wire) },
    };
    let sensitive = (param.sensitive && param.place == Place::Header).then(|| quote! { .sensitive() });
    if param.form {
        let encoding =
            param.encoding.iter().map(|(name, writing)| written(quote! { query(#name) }, *writing, Place::Query));
        return quote! { ::connectors_runtime::Parameter::#constructor.form(const { &[#(#encoding),*] }) #sensitive };
    }
    let written = written(constructor, param.writing, param.place);
    quote! { #written #sensitive }
}

pub(super) fn written(constructor: TokenStream, writing: Writing, place: Place) -> TokenStream {
    let mut tokens = quote! { ::connectors_runtime::Parameter::#constructor };
    let default = if matches!(place, Place::Query | Place::Cookie) { Style::Form } else { Style::Simple };
    if writing.json {
        return quote! { #tokens.json() };
    }
    if place == Place::QueryString {
        return tokens;
    }
    if writing.style != default {
        let style = ident(&format!("{:?}", writing.style));
        tokens = quote! { #tokens.style(::connectors_runtime::Style::#style) };
    }
    if writing.explode != writing.style.explodes() {
        let explode = writing.explode;
        tokens = quote! { #tokens.explode(#explode) };
    }
    if writing.reserved {
        tokens = quote! { #tokens.allow_reserved() };
    }
    tokens
}
