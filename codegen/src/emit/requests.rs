//! Requests: a method for each operation, and a type with its optional parameters, which is sent by `.await`.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;

use crate::diagnostic::Error;
use crate::shape::model::{Api, BodyContent, Case, Content, Operation, Param, Payload, Place, Status, Streamed, Type};
use crate::shape::names;

use super::arguments::{arguments, body_of, parameter, request_name, slice};
use super::docs;
use super::features::Features;
use super::links;
use super::paging;
use super::print::{self, write_indented};
use super::progenitor;
use super::types::{debug, doc, ident, tokens as type_tokens};

/// Writes all requests, in a module for each group. The tokens of one group are in memory at a time.
pub(super) fn write(api: &Api, features: &Features, out: &mut String) -> Result<(), Error> {
    let mut groups: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (index, operation) in api.operations.iter().enumerate() {
        groups.entry(operation.group.as_deref()).or_default().push(index);
    }
    out.push_str(
        "/// Requests, which the methods of the client return. `.await` sends one and returns the value; `send` returns the\n\
         /// whole response.\n\
         pub mod requests {\n",
    );
    let mut errors = Vec::new();
    let mut responses = Vec::new();
    for (group, indexes) in groups {
        let root = if group.is_some() {
            quote! { super::super }
        } else {
            quote! { super }
        };
        let of_group = || indexes.iter().map(|index| (*index, &api.operations[*index]));
        let types = of_group().map(|(index, operation)| request(api, operation, index));
        let failures: Vec<_> = of_group().filter(|(_, it)| !it.errors.is_empty()).map(|(_, it)| failure(it)).collect();
        let successes: Vec<_> = of_group().filter_map(|(_, operation)| success(operation)).collect();
        let uses = quote! {
            #[allow(unused_imports)]
            use #root::{raw, types};
        };
        match group {
            None => {
                write_indented(quote! { #[allow(unused_imports)] use super::{raw, types}; #(#types)* }, out)?;
                errors.push(quote! { #[allow(unused_imports)] use super::types; #(#failures)* });
                responses.push(quote! { #[allow(unused_imports)] use super::types; #(#successes)* });
            }
            Some(group) => {
                let name = ident(group);
                let (text, feature) = (group_docs(api, group), features.group(Some(group)));
                let methods = of_group().map(|(index, operation)| methods(api, features, operation, index));
                let new = constructor(api, group);
                let module = quote! {
                    #text
                    #feature
                    pub mod #name {
                        #uses

                        #text
                        #[derive(Clone, Copy, Debug)]
                        pub struct Api<'a> {
                            core: &'a ::connectors_runtime::Core,
                        }

                        impl<'a> Api<'a> {
                            pub(crate) fn #new(core: &'a ::connectors_runtime::Core) -> Self {
                                Self { core }
                            }

                            #(#methods)*
                        }

                        #(#types)*
                    }
                };
                write_indented(module, out)?;
                let uses = quote! { #[allow(unused_imports)] use super::super::types; };
                if !failures.is_empty() {
                    errors.push(quote! { #text #feature pub mod #name { #uses #(#failures)* } });
                }
                if !successes.is_empty() {
                    responses.push(quote! { #text #feature pub mod #name { #uses #(#successes)* } });
                }
            }
        }
    }
    out.push_str("}\n");
    let rest = quote! {
        /// The documented failures of each operation that has any.
        pub mod errors {
            #(#errors)*
        }

        /// Successes that differ by their status.
        pub mod responses {
            #(#responses)*
        }
    };
    print::write(rest, out)
}

/// The name of a group's constructor. No method of the group has it.
pub(super) fn constructor(api: &Api, group: &str) -> proc_macro2::Ident {
    let mut of_group = api.operations.iter().filter(|operation| operation.group.as_deref() == Some(group));
    ident(if of_group.any(|operation| operation.name == "new") { "new_" } else { "new" })
}

/// The documentation of a group: its name, and the document's description of the tag.
pub(super) fn group_docs(api: &Api, group: &str) -> TokenStream {
    let said = api.groups.get(group).map(String::as_str).unwrap_or_default();
    doc(&format!("The operations of the group {}.\n\n{said}", docs::code(group)), "")
}

/// The methods outside of the groups.
pub(super) fn ungrouped(api: &Api, features: &Features) -> TokenStream {
    let all = api.operations.iter().enumerate().filter(|(_, operation)| operation.group.is_none());
    let methods = all.map(|(index, operation)| methods(api, features, operation, index));
    quote! { #(#methods)* }
}

/// The method of an operation, one for each other media type of a required body, and one for each link of its
/// responses.
fn methods(api: &Api, features: &Features, operation: &Operation, index: usize) -> TokenStream {
    let body = operation.body.as_ref().filter(|body| body.required);
    let own = method(operation, &operation.name, body.map(|body| &body.content), 0);
    let others = body.into_iter().flat_map(|body| &body.others).enumerate().map(|(index, (suffix, content))| {
        let name = names::for_media(&operation.name, suffix);
        method(operation, &name, Some(content), index + 1)
    });
    let links = links::methods(api, features, operation, index);
    quote! { #own #(#others)* #(#links)* }
}

fn method(operation: &Operation, name: &str, body: Option<&BodyContent>, index: usize) -> TokenStream {
    let name = ident(name);
    let request = ident(&request_name(operation));
    let (request, root, core) = match operation.group {
        Some(_) => (quote! { #request }, quote! { super::super }, quote! { self.core }),
        // `self::` leads from the root to itself.
        None => (quote! { requests::#request }, quote! { self }, quote! { &self.core }),
    };
    let required: Vec<&Param> = operation.params.iter().filter(|param| param.required).collect();
    let (arguments, sets) = arguments(&required, body, Some(index), &root);
    let docs = documentation(operation);
    let deprecated = operation.deprecated.then(|| quote! { #[deprecated] });
    let made = if sets.is_empty() {
        quote! { #request::begin(#core) }
    } else {
        quote! {
            let mut request = #request::begin(#core);
            #(#sets)*
            request
        }
    };
    quote! {
        #docs
        #deprecated
        pub fn #name(&self, #(#arguments),*) -> #request {
            #made
        }
    }
}

fn request(api: &Api, operation: &Operation, index: usize) -> TokenStream {
    let name = ident(&request_name(operation));
    let root = if operation.group.is_some() {
        quote! { super::super }
    } else {
        quote! { super }
    };
    let method = ident(&progenitor::method(operation));
    let values = progenitor::arguments(operation).map(|(_, wire)| quote! { outgoing.path(#wire) });
    let body = operation.body.as_ref().map(|_| quote! { outgoing.body() });
    let arguments = values.chain(body);
    let (value, read) = match &operation.success {
        Payload::Empty => (quote! { () }, quote! { empty() }),
        Payload::Json(ty) => (type_tokens(ty, &quote! { types:: }), quote! { json() }),
        Payload::Stream => (quote! { ::connectors_runtime::ByteStream }, quote! { bytes() }),
        Payload::ByStatus(_) => {
            let group = operation.group.as_deref().map(|group| {
                let group = ident(group);
                quote! { #group:: }
            });
            let ty = quote! { #root::responses::#group #name };
            (ty.clone(), quote! { by_status(#ty::read) })
        }
    };
    let setters = operation.params.iter().filter(|param| !param.required).map(setter);
    let empties = operation.params.iter().filter_map(|param| {
        let (name, parameter) = (ident(&operation.empty_setter(param)?), parameter(param));
        let docs = doc("", &format!("Sends the parameter {} without a value.", docs::code(&param.wire)));
        Some(quote! {
            #docs
            pub fn #name(mut self) -> Self {
                self.call.set(&#parameter, "");
                self
            }
        })
    });
    let bodies = operation.body.as_ref().filter(|body| !body.required).map(|body| {
        let others = body.others.iter().map(|(suffix, content)| (format!("body_{suffix}"), content));
        let setters = std::iter::once(("body".to_owned(), &body.content)).chain(others).map(|(name, content)| {
            let name = ident(&name);
            let (argument, set) = body_of(content, &root, &quote! { self.call });
            let docs = doc(&body.doc, "Sets the body.");
            quote! {
                #docs
                pub fn #name(mut self, #argument) -> Self {
                    #set
                    self
                }
            }
        });
        quote! { #(#setters)* }
    });
    let items = operation.paging.as_ref().and_then(|hint| paging::items(api, operation, hint));
    let streams = operation.streams.iter().enumerate().map(|(index, stream)| {
        let name = ident(&stream.name);
        let (item, read) = match &stream.item {
            Some(ty) => (type_tokens(ty, &quote! { types:: }), "items"),
            None => (quote! { ::connectors_runtime::encode::Event }, "events"),
        };
        // The table of operations has the first stream.
        let (text, read) = if index == 0 {
            let read = ident(read);
            (
                " The response as a stream of items, which is opened when it is first polled.".to_owned(),
                quote! { #read() },
            )
        } else {
            let (read, streaming) = (ident(&format!("{read}_of")), streaming(stream));
            (
                format!(" Requests {} instead, as a stream of items.", docs::code(&stream.accept)),
                quote! { #read(#streaming) },
            )
        };
        quote! {
            #[doc = #text]
            pub fn #name(self) -> ::connectors_runtime::Items<#item> {
                self.call.#read
            }
        }
    });
    let readings = operation.readings.iter().map(|reading| {
        let (name, media, ty) = (ident(&reading.name), &reading.media, type_tokens(&reading.ty, &quote! { types:: }));
        let text = format!(" Requests {} instead.", docs::code(media));
        quote! {
            #[doc = #text]
            pub fn #name(self) -> ::connectors_runtime::As<#ty> {
                self.call.json_as(#media)
            }
        }
    });
    let setters = quote! { #(#setters)* #(#empties)* #bodies #items #(#streams)* #(#readings)* };
    let setters = (!setters.is_empty()).then(|| quote! { impl #name { #setters } });
    let docs = request_docs(operation);
    quote! {
        #docs
        #[derive(Clone, Debug)]
        #[must_use = "nothing is sent until it is awaited"]
        pub struct #name {
            pub(crate) call: ::connectors_runtime::Call,
        }

        #setters

        ::connectors_runtime::request! {
            #name -> #value, #read;
            #root::OPERATIONS[#index], |outgoing| raw::#method(#(#arguments),*)
        }
    }
}

/// How a stream is requested and read.
pub(super) fn streaming(stream: &Streamed) -> TokenStream {
    let Streamed { accept, format, property, end, name: _, item: _ } = stream;
    let format = ident(&format!("{format:?}"));
    let property = property.iter().map(|property| quote! { .with_property(#property) });
    let end = end.iter().map(|end| quote! { .with_end(#end) });
    quote! {
        const {
            &::connectors_runtime::Streaming::new(::connectors_runtime::StreamFormat::#format, #accept)
                #(#property)* #(#end)*
        }
    }
}

/// The documentation of a request: its operation, and what its response has besides the value.
fn request_docs(operation: &Operation) -> TokenStream {
    let mut text = format!("A request of `{}`: `.await` sends it and returns the value.", operation.name);
    let listed = |names: &[String]| names.iter().map(|name| docs::code(name)).collect::<Vec<_>>().join(", ");
    if !operation.media.is_empty() {
        text.push_str(&format!("\n\nMedia types for `accept`: {}.", listed(&operation.media)));
    }
    if !operation.headers.is_empty() {
        text.push_str(&format!("\n\nHeaders of the response, in `headers`: {}.", listed(&operation.headers)));
    }
    doc(&text, "")
}

fn setter(param: &Param) -> TokenStream {
    let (name, parameter) = (ident(&param.name), parameter(param));
    // Names of headers have no case (RFC 9110, section 5.1), so their spelling does not change the code.
    let wire = if param.place == Place::Header { param.wire.to_ascii_lowercase() } else { param.wire.clone() };
    let docs = doc(&param.doc, &format!("Sets the parameter {}.", docs::code(&wire)));
    let (ty, value) = match &param.ty {
        Type::String => (quote! { impl ::core::convert::AsRef<str> }, quote! { value.as_ref() }),
        Type::Bool | Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128 | Type::F64 => {
            (type_tokens(&param.ty, &quote! {}), quote! { &value })
        }
        Type::Array(item) if **item == Type::String => (
            quote! { impl ::core::iter::IntoIterator<Item = impl ::core::convert::Into<::std::string::String>> },
            quote! { &value.into_iter().map(::core::convert::Into::into).collect::<::std::vec::Vec<::std::string::String>>() },
        ),
        Type::Named(_) => {
            let ty = type_tokens(&param.ty, &quote! { types:: });
            (quote! { impl ::core::convert::Into<#ty> }, quote! { &value.into() })
        }
        other => {
            let ty = slice(other, &quote! { types:: });
            (quote! { &#ty }, quote! { value })
        }
    };
    quote! {
        #docs
        pub fn #name(mut self, value: #ty) -> Self {
            self.call.set(&#parameter, #value);
            self
        }
    }
}

/// The documented failures of an operation.
fn failure(operation: &Operation) -> TokenStream {
    let name = ident(&request_name(operation));
    let text = format!("The documented failures of `{}`, by status.", operation.name);
    let docs = doc(&text, "");
    let (variants, arms) = cases(&operation.errors, |case| case.ty().is_some());
    let (debug, redacted) = debug_of_cases(&request_name(operation), &operation.errors, |case| case.ty().is_some());
    quote! {
        #docs
        #[derive(Clone, #debug PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants)*
        }
        #redacted

        impl #name {
            /// The decoded body of a failure of this operation. `None` if its status has no documented JSON, if there was no
            /// response, or if the body does not match the document:
            /// [`body`](::connectors_runtime::Error::body) has it unchanged.
            #[must_use]
            pub fn of(error: &::connectors_runtime::Error) -> ::std::option::Option<Self> {
                ::connectors_runtime::documented(error, Self::read)
            }

            fn read(
                status: u16,
                body: &[u8],
                limit: usize,
            ) -> ::std::option::Option<::std::result::Result<Self, ::connectors_runtime::object::Mismatch>> {
                match status {
                    #(#arms)*
                    #[allow(unreachable_patterns)]
                    _ => None,
                }
            }
        }
    }
}

/// One type for successes that differ by status.
fn success(operation: &Operation) -> Option<TokenStream> {
    let Payload::ByStatus(by_status) = &operation.success else { return None };
    let name = ident(&request_name(operation));
    let docs = doc(&format!("The successes of `{}`, by status.", operation.name), "");
    let (variants, arms) = cases(by_status, |_| true);
    let (debug, redacted) = debug_of_cases(&request_name(operation), by_status, |_| true);
    Some(quote! {
        #docs
        #[derive(Clone, #debug PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants)*
        }
        #redacted

        impl #name {
            pub(crate) fn read(
                status: u16,
                body: &[u8],
                limit: usize,
            ) -> ::std::option::Option<::std::result::Result<Self, ::connectors_runtime::object::Mismatch>> {
                match status {
                    #(#arms)*
                    #[allow(unreachable_patterns)]
                    _ => None,
                }
            }
        }
    })
}

/// `Debug` of an enum by status: to derive, or if a value is secret, an implementation that omits it.
fn debug_of_cases(name: &str, cases: &[Case], has_variant: fn(&Case) -> bool) -> (Option<TokenStream>, TokenStream) {
    let mut seen = BTreeSet::new();
    let cases = cases.iter().filter(|case| seen.insert(case.status.name())).filter(|case| has_variant(case));
    let variants = cases.map(|case| (case.status.name(), case.content != Content::Nothing, case.sensitive));
    debug(name, variants.collect())
}

/// The variants and the arms that read them. A status without a variant is not read.
fn cases(cases: &[Case], has_variant: fn(&Case) -> bool) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let mut variants = Vec::new();
    let mut arms = Vec::new();
    let mut seen = BTreeSet::new();
    for case in cases {
        if !seen.insert(case.status.name()) {
            continue;
        }
        let name = ident(&case.status.name());
        let (text, pattern) = match case.status {
            Status::Code(code) => (format!(" Status {code}."), quote! { #code }),
            Status::Range(hundreds) => {
                let (from, to) = (hundreds * 100, hundreds * 100 + 99);
                (format!(" Statuses {from} to {to}."), quote! { #from..=#to })
            }
            Status::Default => (" Any other status.".to_owned(), quote! { _ }),
        };
        if !has_variant(case) {
            arms.push(quote! { #pattern => None, });
            continue;
        }
        match &case.content {
            Content::Json(ty) => {
                let ty = type_tokens(ty, &quote! { types:: });
                variants.push(quote! { #[doc = #text] #name(#ty), });
                arms.push(quote! { #pattern => Some(::connectors_runtime::decode(body, limit).map(Self::#name)), });
            }
            Content::Bytes => {
                let ty = quote! { ::std::vec::Vec<u8> };
                variants.push(quote! { #[doc = #text] #name(#ty), });
                arms.push(quote! { #pattern => Some(Ok(Self::#name(body.to_vec()))), });
            }
            Content::Nothing => {
                variants.push(quote! { #[doc = #text] #name, });
                arms.push(quote! { #pattern => Some(Ok(Self::#name)), });
            }
        }
    }
    (variants, arms)
}

fn documentation(operation: &Operation) -> TokenStream {
    let mut text = operation.summary.clone().unwrap_or_default();
    if !text.is_empty() && !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    if let Some(description) = &operation.description {
        text.push_str("\n\n");
        text.push_str(description);
    }
    let mut own = vec![format!(" {}", docs::code(&format!("{} {}", operation.method, operation.path)))];
    let documented: Vec<&Param> =
        operation.params.iter().filter(|param| param.required && !param.doc.is_empty()).collect();
    if !documented.is_empty() {
        own.push(String::new());
    }
    own.extend(documented.iter().map(|param| format!(" - `{}`: {}", param.name, docs::inline(&param.doc))));
    let lines = docs::above(&text, own);
    quote! { #(#[doc = #lines])* }
}
