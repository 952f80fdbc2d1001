//! Links: methods that build the next request from a response.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use crate::note::{Kind, Notes, Stage};
use crate::shape::model::{Api, BodyContent, Expression, Link, Operation, Param, Payload, Status, Type};

use super::arguments::{arguments, parameter, request_name};
use super::docs;
use super::features::Features;
use super::types::{doc, ident, tokens as type_tokens};

/// Removes the links to operations that were left out.
pub(super) fn prune(api: &mut Api, notes: &mut Notes) {
    let there: BTreeSet<_> = api.operations.iter().map(|operation| operation.pointer.clone()).collect();
    for operation in &mut api.operations {
        operation.links.retain(|link| {
            let stays = there.contains(&link.target);
            for at in link.pointers.iter().filter(|_| !stays) {
                let reason = "the link has no method: its operation was left out";
                notes.push(Stage::Emit, Kind::Loss, at, &operation.span, reason);
            }
            stays
        });
    }
}

/// The parameters that a response keeps for its links.
pub(super) fn kept(operation: &Operation) -> BTreeSet<&str> {
    let expressions =
        operation.links.iter().flat_map(|link| link.arguments.iter().map(|(_, _, it)| it).chain(&link.body));
    let requests = expressions.filter_map(|it| match it {
        Expression::Request(name, _) => Some(name.as_str()),
        _ => None,
    });
    requests.collect()
}

/// A method for each link of an operation's responses.
pub(super) fn methods(api: &Api, features: &Features, operation: &Operation, index: usize) -> Vec<TokenStream> {
    let target = |link: &Link| api.operations.iter().find(|it| it.pointer == link.target);
    let links = operation.links.iter().filter_map(|link| Some((link, target(link)?)));
    links.map(|(link, target)| method(features, operation, index, link, target)).collect()
}

fn method(features: &Features, operation: &Operation, index: usize, link: &Link, target: &Operation) -> TokenStream {
    let (root, core) = match operation.group {
        Some(_) => (quote! { super::super }, quote! { self.core }),
        None => (quote! { self }, quote! { &self.core }),
    };
    let name = ident(&link.name);
    let group = target.group.as_deref().map(|group| {
        let group = ident(group);
        quote! { #group:: }
    });
    let request = ident(&request_name(target));
    let request = quote! { #root::requests::#group #request };
    let value = |param: &Param| {
        let linked = link.arguments.iter().find(|(place, wire, _)| (*place, wire) == (param.place, &param.wire));
        linked.map(|(_, _, value)| value)
    };
    let links = target.params.iter().filter_map(|param| {
        let (parameter, required, value) = (parameter(param), param.required, expression(value(param)?));
        Some(quote! { (#parameter, #required, #value) })
    });
    let media = target.body.as_ref().and_then(|body| match &body.content {
        BodyContent::Json(_, media) => Some(media),
        // `shape` creates no link to such a body.
        BodyContent::Form(..) | BodyContent::Multipart(..) | BodyContent::Raw(_) => None,
    });
    let body = link.body.as_ref().zip(media).map(|(value, media)| {
        let value = expression(value);
        quote! { request.call.link_body(&origin__, #media, #value); }
    });
    let (open, needed, method) = link.open(target);
    let (arguments, sets) = arguments(&open, needed, method, &root);
    let (from, origin) = origin(operation, index, link, &root);
    let feature = features.group(target.group.as_deref());
    let deprecated = target.deprecated.then(|| quote! { #[deprecated] });
    let docs = documentation(operation, link, target);
    quote! {
        #docs
        #feature
        #deprecated
        pub fn #name(&self, #from, #(#arguments),*) -> #request {
            #origin
            let mut request = #request::begin(#core);
            request.call.link(&origin__, &[#(#links),*]);
            #body
            #(#sets)*
            request
        }
    }
}

/// The response as an argument, and the statement that defines `origin__` from it. No parameter has a name with two
/// underscores.
fn origin(operation: &Operation, index: usize, link: &Link, root: &TokenStream) -> (TokenStream, TokenStream) {
    let row = quote! { &#root::OPERATIONS[#index] };
    let has = has(operation, link);
    if link.failure {
        return (
            quote! { error: &::connectors_runtime::Error },
            quote! { let origin__ = ::connectors_runtime::Origin::failure(#row, error, #has); },
        );
    }
    let of_response = quote! { let origin__ = ::connectors_runtime::Origin::response(#row, response, #has); };
    let mut values = link.arguments.iter().map(|(_, _, value)| value).chain(&link.body);
    if !values.any(|value| matches!(value, Expression::Body(_))) {
        return (quote! { response: &::connectors_runtime::Response<impl ::core::marker::Sized> }, of_response);
    }
    let of = |ty: &Type| type_tokens(ty, &quote! { #root::types:: });
    let (value, body) = match &operation.success {
        Payload::Json(ty) => (of(ty), quote! { let origin__ = origin__.body(response.value()); }),
        Payload::ByStatus(cases) => {
            let group = operation.group.as_deref().map(|group| {
                let group = ident(group);
                quote! { #group:: }
            });
            let name = ident(&request_name(operation));
            let ty = quote! { #root::responses::#group #name };
            let typed = cases.iter().filter(|case| case.ty().is_some() && link.statuses.contains(&case.status));
            let names = typed.map(|case| ident(&case.status.name()));
            let body = quote! {
                #[allow(unreachable_patterns)]
                let origin__ = match response.value() {
                    #(#ty::#names(value) => origin__.body(value),)*
                    _ => origin__,
                };
            };
            (ty, body)
        }
        // `shape` creates no such link.
        Payload::Empty | Payload::Stream => (quote! { () }, TokenStream::new()),
    };
    (quote! { response: &::connectors_runtime::Response<#value> }, quote! { #of_response #body })
}

/// Whether the response with a status has the link. Each status is decided by the most specific response of the document.
/// It is written without a `match`, for which Clippy would have other forms.
fn has(operation: &Operation, link: &Link) -> TokenStream {
    let has = |status: Status| link.statuses.contains(&status);
    let default = has(Status::Default);
    // The responses that differ from the default, and the codes in their ranges that do not.
    let (mut codes, mut exceptions, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for status in &operation.statuses {
        match *status {
            Status::Code(code) if has(*status) != default => codes.push(code),
            Status::Code(code) => {
                let range = Status::Range(code / 100);
                exceptions.extend(Some(code).filter(|_| operation.statuses.contains(&range) && has(range) != default));
            }
            Status::Range(hundreds) if has(*status) != default => {
                let (first, last) = (hundreds * 100, hundreds * 100 + 99);
                parts.push(quote! { (#first..=#last).contains(&status) });
            }
            Status::Range(_) | Status::Default => {}
        }
    }
    if !codes.is_empty() {
        parts.push(quote! { [#(#codes),*].contains(&status) });
    }
    let any = match parts.as_slice() {
        [] => return quote! { |_| #default },
        [one] => quote! { #one },
        several => quote! { (#(#several)||*) },
    };
    match (default, exceptions.is_empty()) {
        (false, true) => quote! { |status| #(#parts)||* },
        (true, true) => quote! { |status| !#any },
        (false, false) => quote! { |status| #any && ![#(#exceptions),*].contains(&status) },
        (true, false) => quote! { |status| !#any || [#(#exceptions),*].contains(&status) },
    }
}

fn expression(value: &Expression) -> TokenStream {
    let variant = match value {
        Expression::Constant(json) => quote! { Constant(#json) },
        Expression::Body(pointer) => quote! { Body(#pointer) },
        Expression::Header(name) => quote! { Header(#name) },
        Expression::Request(name, is_json) => quote! { Request(#name, #is_json) },
        Expression::Status => quote! { Status },
    };
    quote! { ::connectors_runtime::Expression::#variant }
}

fn documentation(operation: &Operation, link: &Link, target: &Operation) -> TokenStream {
    let what = if link.failure { "an error" } else { "a response" };
    let linked: Vec<String> = target
        .params
        .iter()
        .filter(|param| link.arguments.iter().any(|(place, wire, _)| (*place, wire) == (param.place, &param.wire)))
        .map(|param| docs::code(&param.name))
        .chain(link.body.iter().map(|_| "the body".to_owned()))
        .collect();
    let set = if linked.is_empty() { String::new() } else { format!(" It sets {}.", linked.join(", ")) };
    let text = format!(
        "The request of {} to which {what} of {} links.{set} If a required value is missing, sending it fails, and \
         nothing is sent.\n\n{}",
        docs::code(&target.name),
        docs::code(&operation.name),
        link.doc,
    );
    doc(&text, "")
}
