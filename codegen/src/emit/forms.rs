//! Multipart bodies as structs, and the headers of responses as constants.

use proc_macro2::TokenStream;
use quote::quote;

use crate::shape::model::{Api, Form, Part, PartHolds, Place, ResponseHeader, Type};

use super::arguments::written;
use super::docs;
use super::types::{doc, ident, tokens as type_tokens};

pub(super) fn tokens(api: &Api) -> TokenStream {
    let forms: Vec<_> = api.forms().map(form).collect();
    let forms = (!forms.is_empty()).then(|| {
        quote! {
            /// Multipart bodies, such as `multipart/form-data`. Each converts to a
            /// [`Multipart`](::connectors_runtime::Multipart), to which further parts can be added.
            pub mod forms {
                #[allow(unused_imports)]
                use super::types;
                #(#forms)*
            }
        }
    });
    let headers = api.headers.iter().map(header);
    let headers = (!api.headers.is_empty()).then(|| {
        quote! {
            /// Headers that the document describes: of responses, for
            /// [`header_as`](::connectors_runtime::Response::header_as) of a response or an error, and of the requests
            /// that the service sends, for [`read`](::connectors_runtime::Header::read).
            pub mod headers {
                #[allow(unused_imports)]
                use super::types;
                #(#headers)*
            }
        }
    });
    quote! { #forms #headers }
}

fn header(header: &ResponseHeader) -> TokenStream {
    let ResponseHeader { name, wire, ty, form, doc: text } = header;
    let docs = doc(text, &format!("The header {}.", docs::code(wire)));
    let (name, ty, form) = (ident(name), type_tokens(ty, &quote! { types:: }), ident(&format!("{form:?}")));
    quote! {
        #docs
        pub const #name: ::connectors_runtime::Header<#ty> =
            ::connectors_runtime::Header::new(#wire, ::connectors_runtime::HeaderForm::#form);
    }
}

fn form(form: &Form) -> TokenStream {
    let name = ident(&form.name);
    let docs = doc(&form.doc, "A multipart body.");
    let required: Vec<&Part> = form.parts.iter().filter(|part| part.required).collect();
    let optional = form.parts.iter().filter(|part| !part.required);
    let fields = form.parts.iter().map(|part| {
        let (field, ty) = (ident(&part.name), of(part));
        let mut text = if part.doc.is_empty() { format!("The {}.", shown(part)) } else { part.doc.clone() };
        if !part.headers.is_empty() {
            let names: Vec<String> = part.headers.iter().map(|name| docs::code(name)).collect();
            let method = match (&part.holds, part.wire.is_empty()) {
                (PartHolds::File { .. }, _) => "File::header",
                (_, false) => "Multipart::header",
                (_, true) => "Multipart::header_at",
            };
            text.push_str(&format!("\n\nIts headers, which `{method}` adds: {}.", names.join(", ")));
        }
        let docs = doc(&text, "");
        let ty = if part.required {
            ty
        } else {
            quote! { ::std::option::Option<#ty> }
        };
        quote! { #docs pub #field: #ty, }
    });
    let default = required.is_empty().then(|| quote! { #[derive(Default)] });
    let new = (!required.is_empty()).then(|| {
        let arguments = required.iter().map(|part| {
            let (field, ty) = (ident(&part.name), of(part));
            quote! { #field: #ty }
        });
        let values = form.parts.iter().map(|part| {
            let field = ident(&part.name);
            let value = if part.required {
                quote! { #field }
            } else {
                quote! { #field: None }
            };
            quote! { #value, }
        });
        quote! {
            /// A body with the required parts.
            #[must_use]
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#values)* }
            }
        }
    });
    // A part whose setter would hide `new` or a method of a trait is set by its field.
    let setters =
        optional.filter(|part| !matches!(part.name.as_str(), "new" | "default" | "from" | "into")).map(|part| {
            let (field, ty) = (ident(&part.name), of(part));
            let docs = doc(&part.doc, &format!("Sets the {}.", shown(part)));
            quote! {
                #docs
                #[must_use]
                pub fn #field(mut self, value: impl ::core::convert::Into<#ty>) -> Self {
                    self.#field = Some(value.into());
                    self
                }
            }
        });
    let writes = form.parts.iter().map(|part| {
        let (wire, field) = (&part.wire, ident(&part.name));
        match &part.holds {
            PartHolds::File { media, several } => {
                let files = match (part.required, several) {
                    (true, false) => quote! { [form.#field] },
                    (false, true) => quote! { form.#field.into_iter().flatten() },
                    (true, true) | (false, false) => quote! { form.#field },
                };
                if wire.is_empty() {
                    quote! { .next_files(#media, #files) }
                } else {
                    quote! { .files(#wire, #media, #files) }
                }
            }
            PartHolds::Value(_) => quote! { .add(#wire, &form.#field) },
            PartHolds::Each(_, media) if part.required => quote! { .next_values(#media, &form.#field) },
            PartHolds::Each(_, media) => quote! { .next_values(#media, form.#field.iter().flatten()) },
            PartHolds::Typed(_, media) if wire.is_empty() && part.required => {
                quote! { .next_values(#media, [&form.#field]) }
            }
            PartHolds::Typed(_, media) if wire.is_empty() => quote! { .next_values(#media, &form.#field) },
            PartHolds::Typed(_, media) => quote! { .add_as(#wire, #media, &form.#field) },
            PartHolds::Styled(_, writing) => {
                let rules = written(quote! { query(#wire) }, *writing, Place::Query);
                quote! { .add_styled(const { &#rules }, &form.#field) }
            }
        }
    });
    let shown = &form.name;
    quote! {
        #docs
        #default
        #[non_exhaustive]
        pub struct #name {
            #(#fields)*
        }

        impl #name {
            #new
            #(#setters)*
        }

        impl ::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(#shown).finish_non_exhaustive()
            }
        }

        impl ::core::convert::From<#name> for ::connectors_runtime::Multipart {
            fn from(form: #name) -> Self {
                Self::new() #(#writes)*
            }
        }
    }
}

/// The name of a part, for a part without a description.
fn shown(part: &Part) -> String {
    match part.wire.as_str() {
        "" => "next part".to_owned(),
        wire => format!("part {}", docs::code(wire)),
    }
}

fn of(part: &Part) -> TokenStream {
    let file = quote! { ::connectors_runtime::File };
    match &part.holds {
        PartHolds::File { several: false, .. } => file,
        PartHolds::File { several: true, .. } => quote! { ::std::vec::Vec<#file> },
        PartHolds::Value(ty) | PartHolds::Typed(ty, _) | PartHolds::Styled(ty, _) => {
            let ty: &Type = ty;
            type_tokens(ty, &quote! { types:: })
        }
        PartHolds::Each(ty, _) => {
            let ty = type_tokens(ty, &quote! { types:: });
            quote! { ::std::vec::Vec<#ty> }
        }
    }
}
