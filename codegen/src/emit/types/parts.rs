//! The parts from which the types are written.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::emit::docs;
use crate::shape::model::{Constant, Type, TypeDef, TypeKind};

/// The runtime's layer of types.
pub(super) fn object() -> TokenStream {
    quote! { ::connectors_runtime::object }
}

/// All types, by name.
pub(super) struct Known<'a> {
    pub(super) defs: BTreeMap<&'a str, &'a TypeDef>,
    /// The types whose values can contain a secret.
    pub(super) secret: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    pub(super) fn of(types: &'a [TypeDef]) -> Self {
        let defs: BTreeMap<&str, &TypeDef> = types.iter().map(|def| (def.name.as_str(), def)).collect();
        let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut queue = Vec::new();
        for def in types {
            let own = match &def.kind {
                TypeKind::Struct(it) => it.sensitive || it.fields.iter().any(|it| it.sensitive),
                TypeKind::Union(it) => it.variants.iter().any(|it| it.sensitive),
                TypeKind::Tuple(it) => it.sensitive || it.items.iter().any(|it| it.sensitive),
                TypeKind::Alias(_) | TypeKind::Wrapper(_) | TypeKind::Enum(_) => false,
            };
            for part in def.parts() {
                if let Some(name) = part.innermost() {
                    users.entry(name).or_default().push(def.name.as_str());
                }
            }
            if own {
                queue.push(def.name.as_str());
            }
        }
        let mut secret = BTreeSet::new();
        while let Some(name) = queue.pop() {
            if secret.insert(name) {
                queue.extend(users.get(name).into_iter().flatten());
            }
        }
        Self { defs, secret }
    }

    /// The type after resolving all aliases in it, without links.
    pub(super) fn plain(&self, ty: &Type) -> Type {
        match ty {
            Type::Named(name) => match self.defs.get(name.as_str()).map(|def| &def.kind) {
                Some(TypeKind::Alias(target)) => self.plain(target),
                _ => ty.clone(),
            },
            Type::Array(item) => Type::Array(Box::new(self.plain(item))),
            Type::Map(value) => Type::Map(Box::new(self.plain(value))),
            Type::Nullable(inner) => Type::Nullable(Box::new(self.plain(inner))),
            Type::Link(inner) => self.plain(inner),
            other => other.clone(),
        }
    }
}

pub(in crate::emit) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

pub(in crate::emit) fn doc(text: &str, fallback: &str) -> TokenStream {
    let lines = docs::lines(text, fallback);
    quote! { #(#[doc = #lines])* }
}

/// `Debug` of an enum whose variants have a name, whether a value is in them, and whether that is a secret: what to
/// derive, or if there is a secret, an implementation that omits it.
pub(in crate::emit) fn debug(name: &str, variants: Vec<(String, bool, bool)>) -> (Option<TokenStream>, TokenStream) {
    if variants.iter().all(|(_, _, sensitive)| !sensitive) {
        return (Some(quote! { Debug, }), TokenStream::new());
    }
    let (name, arms) = (ident(name), debug_arms(variants.into_iter()));
    let redacted = quote! {
        impl ::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    #arms
                }
            }
        }
    };
    (None, redacted)
}

/// The arms of such an implementation.
pub(in crate::emit) fn debug_arms(variants: impl Iterator<Item = (String, bool, bool)>) -> TokenStream {
    let arms = variants.map(|(text, holds, sensitive)| {
        let label = ident(&text);
        match (holds, sensitive) {
            (false, _) => quote! { Self::#label => f.write_str(#text), },
            (true, true) => {
                quote! { Self::#label(_) => f.debug_tuple(#text).field(&::std::format_args!("[redacted]")).finish(), }
            }
            (true, false) => quote! { Self::#label(value) => f.debug_tuple(#text).field(value).finish(), },
        }
    });
    quote! { #(#arms)* }
}

/// The tokens of a type inside the types module.
pub(super) fn local(ty: &Type) -> TokenStream {
    tokens(ty, &quote! {})
}

/// The tokens of a type at a place where `prefix` is the path of the types module.
pub(in crate::emit) fn tokens(ty: &Type, prefix: &TokenStream) -> TokenStream {
    match ty {
        Type::Named(name) => {
            let name = ident(name);
            quote! { #prefix #name }
        }
        Type::String => quote! { String },
        Type::Bool => quote! { bool },
        Type::I32 => quote! { i32 },
        Type::I64 => quote! { i64 },
        Type::U32 => quote! { u32 },
        Type::U64 => quote! { u64 },
        Type::I128 => quote! { i128 },
        Type::F64 => quote! { f64 },
        Type::Number => {
            let object = object();
            quote! { #object::Number }
        }
        Type::Base64 | Type::Base64Url => {
            let (object, name) = (object(), ident(&format!("{ty:?}")));
            quote! { #object::#name }
        }
        Type::JsonText(content) => {
            let (object, content) = (object(), tokens(content, prefix));
            quote! { #object::JsonText<#content> }
        }
        Type::Link(inner) => {
            let (object, inner) = (object(), tokens(inner, prefix));
            quote! { #object::Link<#inner> }
        }
        Type::Array(item) => {
            let item = tokens(item, prefix);
            quote! { Vec<#item> }
        }
        Type::Map(value) if **value == Type::Any => {
            quote! { ::connectors_runtime::crates::serde_json::Map<String, ::connectors_runtime::crates::serde_json::Value> }
        }
        Type::Map(value) => {
            let value = tokens(value, prefix);
            quote! { ::std::collections::BTreeMap<String, #value> }
        }
        Type::Any => quote! { ::connectors_runtime::crates::serde_json::Value },
        Type::Nullable(inner) => {
            let inner = tokens(inner, prefix);
            quote! { Option<#inner> }
        }
    }
}

/// A value of a type for a part that is that type, or a pointer to it.
pub(super) fn held(value: TokenStream, ty: &Type, boxed: bool) -> TokenStream {
    match (ty, boxed) {
        (Type::Link(_), _) => {
            let object = object();
            quote! { #object::Link::new(#value) }
        }
        (_, true) => quote! { Box::new(#value) },
        (_, false) => value,
    }
}

/// The function that returns the layout of a type's values.
pub(super) fn layout_of(ty: &Type) -> TokenStream {
    let (object, ty) = (object(), local(ty));
    quote! { <#ty as #object::Json>::layout }
}

pub(super) fn constant(value: &Constant) -> TokenStream {
    let object = object();
    match value {
        Constant::Text(text) => quote! { #object::Constant::text(#text) },
        Constant::Integer(number) => {
            let number = integer(*number);
            quote! { #object::Constant::Integer(#number) }
        }
        Constant::Bool(value) => quote! { #object::Constant::Bool(#value) },
    }
}

/// A number without the suffix that quote adds.
pub(super) fn integer(number: i64) -> TokenStream {
    number.to_string().parse().unwrap_or_default()
}

pub(super) fn describe(ty: &Type) -> String {
    match ty {
        Type::Named(name) => format!("`{name}`."),
        Type::String => "Text.".to_owned(),
        Type::Bool => "True or false.".to_owned(),
        Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128 => "A whole number.".to_owned(),
        Type::F64 | Type::Number => "A number.".to_owned(),
        Type::Base64 | Type::Base64Url => "Bytes.".to_owned(),
        Type::JsonText(content) => format!("As JSON in a string: {}", describe(content)),
        Type::Array(item) => format!("A list: {}", describe(item)),
        Type::Map(_) => "Values by key.".to_owned(),
        Type::Any => "Any value.".to_owned(),
        Type::Nullable(inner) => format!("Nothing, or: {}", describe(inner)),
        Type::Link(inner) => describe(inner),
    }
}
